//! Captures that are made to cost time or memory, each in two sizes.
//!
//! Prints for each the bytes that went in, the time, the time for each byte,
//! and how much the process grew: what should grow with the bytes is the time,
//! and nothing else. `cargo run --release --example strain [NAME]`.

use std::fs;
use std::io;
use std::process::Command;
use std::time::{Duration, Instant};

use flate2::{Compress, Compression};
use wsdump::analyzer::{Analyzer, Options};
use wsdump::output::{Json, PayloadForm, Spool, Table, Text, TextOptions, View, Zone};
use wsdump::types::{Event, LinkType, Packet, Sink};
use wsdump_fuzz::{Random, compressed, datagram, origin};

/// Makes packets until there are so many bytes of them.
type Make = fn(&mut Feed);

const STRAINS: &[(&str, Make)] = &[
    ("in order, large segments", in_order),
    ("out of order, 1 byte each", out_of_order),
    ("out of order, many conversations", out_of_order_everywhere),
    ("a hole in each direction everywhere", holes),
    ("SYN from ever another port", syns),
    ("head without end, 1 byte each", endless_head),
    ("head without line end, 1 byte each", endless_line),
    ("upgrade held, 1 byte each", held),
    ("pipelined requests of many headers", pipelined),
    ("one such on each connection", pipelined_everywhere),
    ("handshakes of one connection, refused", refused),
    ("connections, ever new", connections),
    ("message of 1-byte frames", fragments_of_message),
    ("empty frames", empty_frames),
    ("interleaved messages", interleaved),
    ("JSON, deep", deep_json),
    ("JSON of brackets in strings", brackets),
    ("JSON of many short messages", short_json),
    ("binary, large messages", binary),
    ("text of control characters", controls),
    ("text of combining characters", combining),
    ("retransmissions that differ", conflicts),
    ("the same, over small segments", small_conflicts),
    ("segments that overlap chunks", overlapping_chunks),
    ("message of many conversations", unfinished_messages),
    ("IP fragments of 8 bytes", ip_fragments),
    ("IP fragments, ever new datagrams", ip_datagrams),
    ("ACKs only", acks),
    ("window far ahead", far),
    ("compressed, 1 byte each", compressed_bytes),
    ("compressed, nothing each", compressed_nothing),
    ("compressed, 1 MiB of zeros each", bombs),
    ("compressed, one message without end", endless_bomb),
    ("compressed, the context unknown", context_lost),
    ("compressed, a hole everywhere", compressed_holes),
    ("lost: any bytes", lost_in_noise),
    ("lost: bytes of headers", lost_in_headers),
    ("lost: 81 00", lost_in_empty_text),
    ("lost: 01 01", lost_in_fragments),
    ("lost: 81 7e", lost_in_medium),
    ("lost: tags and lengths", lost_in_tags),
    ("lost: masked, 81 80", lost_in_masked),
    ("lost: masked, tags and lengths", lost_in_masked_tags),
    ("lost: found and lost again", found_and_lost),
    ("mid-stream noise", noise_everywhere),
    ("mid-stream bytes of headers", headers_everywhere),
    ("mid-stream frames, ever new", frames_everywhere),
    ("Close frames", closes),
    ("frames that break many rules", violations),
];

const SIZES: [usize; 2] = [1 << 20, 10 << 20];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [name, size] = &arguments[..] {
        let size = size.parse().expect("a size in bytes");
        let (_, make) = STRAINS.iter().find(|(known, _)| known == name).expect("a known name");
        return measure(*make, size);
    }
    println!(
        "{:38} {:>10} {:>9} {:>9} {:>9} {:>9}",
        "", "bytes", "packets", "ms", "ns/byte", "KiB"
    );
    for (name, _) in
        STRAINS.iter().filter(|(name, _)| arguments.iter().all(|word| name.contains(word.as_str())))
    {
        for size in SIZES {
            // In a process of its own, so that memory can be told.
            let program = std::env::current_exe().expect("the program's own path");
            let size = size.to_string();
            let output = Command::new(program).args([name, size.as_str()]).output().expect("runs");
            print!("{name:38} {}", String::from_utf8_lossy(&output.stdout));
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

fn measure(make: Make, size: usize) {
    let mut feed = Feed::new(size);
    let before = resident();
    make(&mut feed);
    let now = resident();
    let peak = now.max(feed.peak);
    let start = Instant::now();
    feed.analyzer.finish(&[], &mut feed.views);
    feed.views.finish();
    feed.time += start.elapsed();
    let peak = peak.max(resident());
    println!(
        "{:>10} {:>9} {:>9} {:>9.1} {:>9}",
        feed.bytes,
        feed.packet,
        feed.time.as_millis(),
        feed.time.as_nanos() as f64 / feed.bytes as f64,
        peak.saturating_sub(before),
    );
}

/// KiB of memory that the process has.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Gives packets to an analyzer and measures.
struct Feed {
    analyzer: Analyzer,
    views: Views,
    size: usize,
    bytes: usize,
    packet: u64,
    time: Duration,
    peak: u64,
}

struct Views {
    views: Vec<Box<dyn View>>,
    out: Spool,
}

impl Sink for Views {
    fn event(&mut self, event: &Event<'_>) {
        for view in &mut self.views {
            view.show(event, &mut self.out);
        }
        self.out.relieve();
    }
}

impl Views {
    fn finish(&mut self) {
        for view in &mut self.views {
            view.finish(&mut self.out);
        }
    }
}

impl Feed {
    fn new(size: usize) -> Self {
        let text = TextOptions { zone: Zone::Utc, width: Some(80), ..TextOptions::default() };
        let mut views: Vec<Box<dyn View>> = Vec::new();
        let chosen = std::env::var("VIEWS").unwrap_or_else(|_| "json text".into());
        for view in chosen.split(' ') {
            views.push(match view {
                "json" => Box::new(Json::new(PayloadForm::Auto)),
                "text" => Box::new(Text::new(text.clone())),
                _ => Box::new(Table::new(Some(80))),
            });
        }
        Self {
            analyzer: Analyzer::new(Options::default()),
            views: Views { views, out: Spool::new(io::sink()) },
            size,
            bytes: 0,
            packet: 0,
            time: Duration::ZERO,
            peak: 0,
        }
    }

    fn goes_on(&self) -> bool {
        self.bytes < self.size
    }

    /// Sends a segment; the packet's 40 bytes of headers count too.
    fn send(&mut self, segment: Segment<'_>) {
        let ports = [segment.port, 80];
        let (from, to) = (usize::from(segment.backward), usize::from(!segment.backward));
        let ack = segment.ack.unwrap_or(0).to_be_bytes();
        let flags = segment.flags | if segment.ack.is_some() { 16 } else { 0 };
        let tcp = [
            &ports[from].to_be_bytes()[..],
            &ports[to].to_be_bytes(),
            &segment.seq.to_be_bytes(),
            &ack,
            &[5 << 4, flags, 0xff, 0xff, 0, 0, 0, 0],
            segment.payload,
        ]
        .concat();
        let hosts = [segment.host, 200];
        self.give(&datagram(hosts[from], hosts[to], 6, [0, 0], &tcp));
    }

    fn give(&mut self, data: &[u8]) {
        self.packet += 1;
        self.bytes += data.len();
        let packet = Packet {
            origin: origin(self.packet, self.packet / 100),
            link_type: LinkType::RAW,
            data,
            original_length: data.len() as u32,
        };
        let start = Instant::now();
        self.analyzer.packet(&packet, &[], &mut self.views);
        self.time += start.elapsed();
        if self.packet.is_multiple_of(4096) {
            self.peak = self.peak.max(resident());
        }
    }

    fn open(&mut self, talk: Talk) {
        self.send(Segment { seq: 999, flags: 2, ..talk.client() });
        self.send(Segment { seq: 4999, ack: Some(1000), flags: 2, ..talk.server() });
    }

    /// Opens a WebSocket connection; the next numbers of client and server.
    fn upgrade(&mut self, talk: Talk) -> (u32, u32) {
        self.upgrade_with(talk, ACCEPTED)
    }

    fn upgrade_with(&mut self, talk: Talk, accepted: &[u8]) -> (u32, u32) {
        self.open(talk);
        let (client, server) = (1000 + UPGRADE.len() as u32, 5000 + accepted.len() as u32);
        self.send(Segment { seq: 1000, ack: Some(5000), payload: UPGRADE, ..talk.client() });
        self.send(Segment { seq: 5000, ack: Some(client), payload: accepted, ..talk.server() });
        (client, server)
    }

    /// Sends what `next` makes from the server in segments of up to 1,400
    /// bytes. `is_lost` tells which of them are not in the capture.
    fn stream(
        &mut self,
        accepted: &[u8],
        is_lost: impl Fn(u64) -> bool,
        mut next: impl FnMut(&mut Vec<u8>),
    ) {
        let talk = Talk::first();
        let (client, mut server) = self.upgrade_with(talk, accepted);
        let mut turn = 0;
        let mut bytes = Vec::new();
        while self.goes_on() {
            while bytes.len() < 1_400 {
                next(&mut bytes);
            }
            for payload in bytes.chunks(1_400) {
                if !is_lost(turn) {
                    let ack = Some(client);
                    self.send(Segment { seq: server, ack, payload, ..talk.server() });
                }
                turn += 1;
                server = server.wrapping_add(payload.len() as u32);
                let ack = Some(server);
                self.send(Segment { seq: client, ack, ..talk.client() });
            }
            bytes.clear();
        }
    }

    /// Loses the place of frames on both sides of ever new connections, and
    /// then sends 4 MiB that `next` makes, from the client if `masked`.
    fn lost_in(&mut self, masked: bool, mut next: impl FnMut(&mut Vec<u8>)) {
        let mut number = 0;
        while self.goes_on() {
            let talk = Talk::number(number);
            number += 1;
            let (client, server) = self.upgrade(talk);
            let (segment, mut seq, ack) = match masked {
                true => (talk.client(), client, server),
                false => (talk.server(), server, client),
            };
            // A length that cannot be.
            let mut bytes = vec![0x82, if masked { 0xff } else { 0x7f }];
            bytes.extend([0xff; 12]);
            for _ in 0..3_000 {
                while bytes.len() < 1_400 {
                    next(&mut bytes);
                }
                self.send(Segment { seq, ack: Some(ack), payload: &bytes, ..segment });
                seq = seq.wrapping_add(bytes.len() as u32);
                bytes.clear();
                if !self.goes_on() {
                    return;
                }
            }
        }
    }

    /// Sends segments that `next` makes on many connections by turns, of which
    /// the beginning is not in the capture.
    fn mid_stream(&mut self, connections: u64, mut next: impl FnMut(&mut Vec<u8>)) {
        let mut number = 0;
        let mut bytes = Vec::new();
        while self.goes_on() {
            let talk = Talk::number(number % connections);
            let seq = 1000 + (number / connections) as u32 * 1_400;
            number += 1;
            bytes.clear();
            while bytes.len() < 1_400 {
                next(&mut bytes);
            }
            bytes.truncate(1_400);
            self.send(Segment { seq, ack: Some(5000), payload: &bytes, ..talk.server() });
        }
    }

    /// Sends `bytes` from the server over and over in segments of `length`.
    fn repeat(&mut self, bytes: &[u8], length: usize) {
        let talk = Talk::first();
        let (client, mut server) = self.upgrade(talk);
        let stream = bytes.repeat(2 + length / bytes.len());
        let mut at = 0;
        while self.goes_on() {
            let payload = &stream[at..at + length];
            self.send(Segment { seq: server, ack: Some(client), payload, ..talk.server() });
            server = server.wrapping_add(length as u32);
            at = (at + length) % bytes.len();
        }
    }

    /// Sends one message after another from the server.
    fn messages(&mut self, payload: &[u8]) {
        let header = [&[0x81, 127][..], &(payload.len() as u64).to_be_bytes()].concat();
        self.repeat(&[&header, payload].concat(), 1400);
    }
}

const UPGRADE: &[u8] = b"GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const ACCEPTED: &[u8] = b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const COMPRESSING: &[u8] = b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
const REFUSED: &[u8] = b"HTTP/1.1 400 x\r\nContent-Length: 0\r\n\r\n";

#[derive(Clone, Copy)]
struct Talk {
    host: u8,
    port: u16,
}

impl Talk {
    fn first() -> Self {
        Self { host: 1, port: 50_000 }
    }

    fn number(number: u64) -> Self {
        Self { host: (number / 60_000) as u8 + 1, port: (number % 60_000) as u16 + 1000 }
    }

    fn client(self) -> Segment<'static> {
        let Self { host, port } = self;
        Segment { host, port, backward: false, seq: 0, ack: None, flags: 0, payload: &[] }
    }

    fn server(self) -> Segment<'static> {
        Segment { backward: true, ..self.client() }
    }
}

struct Segment<'a> {
    host: u8,
    port: u16,
    backward: bool,
    seq: u32,
    ack: Option<u32>,
    flags: u8,
    payload: &'a [u8],
}

fn in_order(feed: &mut Feed) {
    feed.repeat(&[&[0x82, 126, 5, 116][..], &[b'a'; 1396]].concat(), 1400);
}

fn out_of_order(feed: &mut Feed) {
    let talk = Talk::first();
    let (_, server) = feed.upgrade(talk);
    let mut offset = 1;
    while feed.goes_on() {
        feed.send(Segment { seq: server + offset, payload: b"x", ..talk.server() });
        offset += 2;
    }
}

fn out_of_order_everywhere(feed: &mut Feed) {
    let mut number = 0;
    while feed.goes_on() {
        let talk = Talk::number(number % 60_000);
        if number < 60_000 {
            feed.send(Segment { seq: 999, flags: 2, ..talk.client() });
        }
        let seq = 1001 + 2 * (number / 60_000) as u32;
        feed.send(Segment { seq, payload: b"x", ..talk.client() });
        number += 1;
    }
}

fn holes(feed: &mut Feed) {
    let mut number = 0;
    while feed.goes_on() {
        let talk = Talk::number(number);
        feed.open(talk);
        feed.send(Segment { seq: 1001, payload: b"x", ..talk.client() });
        feed.send(Segment { seq: 5001, payload: b"x", ..talk.server() });
        number += 1;
    }
}

fn syns(feed: &mut Feed) {
    let mut number = 0;
    while feed.goes_on() {
        feed.send(Segment { flags: 2, ..Talk::number(number).client() });
        number += 1;
    }
}

fn endless_head(feed: &mut Feed) {
    drip(feed, b"GET / HTTP/1.1\r\n", b"a: b\r\n");
}

fn endless_line(feed: &mut Feed) {
    drip(feed, b"GET /", b"a");
}

/// Sends `begin`, then `rest` over and over byte by byte, on ever new
/// connections of 64 KiB.
fn drip(feed: &mut Feed, begin: &[u8], rest: &[u8]) {
    let mut number = 0;
    while feed.goes_on() {
        let talk = Talk::number(number);
        number += 1;
        feed.open(talk);
        let bytes = begin.iter().chain(rest.iter().cycle()).take(64 << 10);
        for (byte, seq) in bytes.zip(1000..) {
            feed.send(Segment { seq, ack: Some(5000), payload: &[*byte], ..talk.client() });
            if !feed.goes_on() {
                return;
            }
        }
    }
}

fn held(feed: &mut Feed) {
    let mut number = 0;
    while feed.goes_on() {
        let talk = Talk::number(number);
        number += 1;
        feed.open(talk);
        feed.send(Segment { seq: 1000, ack: Some(5000), payload: UPGRADE, ..talk.client() });
        for seq in (1000 + UPGRADE.len() as u32..).take(1_000_000) {
            feed.send(Segment { seq, ack: Some(5000), payload: b"x", ..talk.client() });
            if !feed.goes_on() {
                return;
            }
        }
    }
}

fn pipelined(feed: &mut Feed) {
    let request = [b"GET / HTTP/1.1\r\n", &b"a:\n".repeat(21_000)[..], b"\r\n"].concat();
    let talk = Talk::first();
    feed.open(talk);
    let mut seq = 1000;
    while feed.goes_on() {
        for payload in request.chunks(32_000) {
            feed.send(Segment { seq, ack: Some(5000), payload, ..talk.client() });
            seq += payload.len() as u32;
        }
    }
}

fn pipelined_everywhere(feed: &mut Feed) {
    let request = [b"GET / HTTP/1.1\r\n", &b"a:\n".repeat(21_000)[..], b"\r\n"].concat();
    let mut number = 0;
    while feed.goes_on() {
        let talk = Talk::number(number);
        number += 1;
        feed.open(talk);
        let mut seq = 1000;
        for payload in request.chunks(32_000) {
            feed.send(Segment { seq, ack: Some(5000), payload, ..talk.client() });
            seq += payload.len() as u32;
        }
    }
}

fn refused(feed: &mut Feed) {
    let talk = Talk::first();
    feed.open(talk);
    let (mut client, mut server) = (1000, 5000);
    while feed.goes_on() {
        feed.send(Segment { seq: client, ack: Some(server), payload: UPGRADE, ..talk.client() });
        client += UPGRADE.len() as u32;
        feed.send(Segment { seq: server, ack: Some(client), payload: REFUSED, ..talk.server() });
        server += REFUSED.len() as u32;
    }
}

fn connections(feed: &mut Feed) {
    let mut number = 0;
    while feed.goes_on() {
        feed.upgrade(Talk::number(number));
        number += 1;
    }
}

fn fragments_of_message(feed: &mut Feed) {
    let talk = Talk::first();
    let (client, mut server) = feed.upgrade(talk);
    feed.send(Segment { seq: server, ack: Some(client), payload: &[1, 0], ..talk.server() });
    server += 2;
    let payload = [0, 1, b'x'].repeat(400);
    while feed.goes_on() {
        feed.send(Segment { seq: server, ack: Some(client), payload: &payload, ..talk.server() });
        server += payload.len() as u32;
    }
}

fn empty_frames(feed: &mut Feed) {
    feed.repeat(&[0x81, 0], 1400);
}

fn interleaved(feed: &mut Feed) {
    feed.repeat(&[0x01, 0], 1400);
}

fn deep_json(feed: &mut Feed) {
    let payload = [b"[".repeat(500_000), b"]".repeat(500_000)].concat();
    feed.messages(&payload);
}

fn brackets(feed: &mut Feed) {
    let payload = ["[\"", &"[".repeat(300_000), &"\\\"".repeat(100_000), "\"]"].concat();
    feed.messages(payload.as_bytes());
}

fn short_json(feed: &mut Feed) {
    feed.repeat(b"\x81\x02[]", 1400);
}

fn binary(feed: &mut Feed) {
    feed.messages(&b"\xff\x00".repeat(300_000));
}

fn controls(feed: &mut Feed) {
    feed.messages(&b"\x1b\x07\x01".repeat(200_000));
}

fn combining(feed: &mut Feed) {
    feed.messages("e\u{301}\u{302}\u{303}\u{200d}".repeat(50_000).as_bytes());
}

fn conflicts(feed: &mut Feed) {
    retransmit(feed, 60_000, 60_000);
}

fn small_conflicts(feed: &mut Feed) {
    retransmit(feed, 900, 60_000);
}

/// Delivers 60,000 bytes in segments of `first`, then others in their place.
fn retransmit(feed: &mut Feed, first: usize, second: usize) {
    let talk = Talk::first();
    let (client, server) = feed.upgrade(talk);
    for offset in (0..60_000).step_by(first) {
        let payload = vec![0x82; first.min(60_000 - offset)];
        feed.send(Segment {
            seq: server + offset as u32,
            ack: Some(client),
            payload: &payload,
            ..talk.server()
        });
    }
    let payload: Vec<u8> = (0..second).map(|index| if index % 2 == 0 { 0 } else { 0x82 }).collect();
    while feed.goes_on() {
        feed.send(Segment { seq: server, ack: Some(client), payload: &payload, ..talk.server() });
    }
}

fn overlapping_chunks(feed: &mut Feed) {
    let talk = Talk::first();
    let (_, server) = feed.upgrade(talk);
    for offset in (1..60_000).step_by(2) {
        feed.send(Segment { seq: server + offset, payload: b"x", ..talk.server() });
    }
    feed.bytes = 0;
    feed.time = Duration::ZERO;
    let payload = b"y".repeat(60_000);
    while feed.goes_on() {
        feed.send(Segment { seq: server + 1, payload: &payload, ..talk.server() });
    }
}

fn unfinished_messages(feed: &mut Feed) {
    let mut number = 0;
    let mut payload = vec![0x82, 127, 0, 0, 0, 0, 0x10, 0, 0, 0];
    payload.resize(10_000, 1);
    while feed.goes_on() {
        let talk = Talk::number(number);
        number += 1;
        let (client, server) = feed.upgrade(talk);
        feed.send(Segment { seq: server, ack: Some(client), payload: &payload, ..talk.server() });
    }
}

fn ip_fragments(feed: &mut Feed) {
    let mut host = 0;
    while feed.goes_on() {
        host = host % 199 + 1;
        for place in (1..8000_u16).rev() {
            feed.give(&datagram(host, 200, 6, (place | 0x2000).to_be_bytes(), &[0; 8]));
        }
    }
}

fn ip_datagrams(feed: &mut Feed) {
    let mut number = 0_u32;
    while feed.goes_on() {
        let mut packet = datagram(1, 2, 6, [0x20, 1], &[0; 8]);
        packet[12..16].copy_from_slice(&number.to_be_bytes());
        feed.give(&packet);
        number += 1;
    }
}

fn acks(feed: &mut Feed) {
    let talk = Talk::first();
    let (client, mut server) = feed.upgrade(talk);
    while feed.goes_on() {
        server = server.wrapping_add(1);
        feed.send(Segment { seq: client, ack: Some(server), ..talk.client() });
    }
}

fn far(feed: &mut Feed) {
    let talk = Talk::first();
    let (client, server) = feed.upgrade(talk);
    let mut turn = 0_u32;
    while feed.goes_on() {
        turn = turn.wrapping_add(1);
        let seq = server.wrapping_add((turn % 2) << 30).wrapping_add(turn * 3);
        feed.send(Segment {
            seq,
            ack: Some(client.wrapping_add(turn << 20)),
            payload: b"\x81\x01x",
            ..talk.server()
        });
    }
}

/// A frame of the server.
fn frame(first: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(first);
    match payload.len() {
        length @ 0..=125 => out.push(length as u8),
        length @ 126..=0xffff => {
            out.push(126);
            out.extend((length as u16).to_be_bytes());
        }
        length => {
            out.push(127);
            out.extend((length as u64).to_be_bytes());
        }
    }
    out.extend(payload);
}

fn deflater() -> Compress {
    Compress::new(Compression::new(6), false)
}

const NONE: fn(u64) -> bool = |_| false;

fn compressed_bytes(feed: &mut Feed) {
    let mut deflate = deflater();
    feed.stream(COMPRESSING, NONE, |out| frame(0xc1, &compressed(&mut deflate, b"7"), out));
}

fn compressed_nothing(feed: &mut Feed) {
    feed.stream(COMPRESSING, NONE, |out| frame(0xc2, b"\0", out));
}

/// They grow a thousandfold: fewer of them are enough.
fn bombs(feed: &mut Feed) {
    feed.size /= 16;
    let mut deflate = deflater();
    let zeros = vec![0; 1 << 20];
    let bombs = [(); 2].map(|()| compressed(&mut deflate, &zeros));
    feed.stream(COMPRESSING, NONE, |out| frame(0xc2, &bombs[1], out));
}

fn endless_bomb(feed: &mut Feed) {
    let mut deflate = deflater();
    let zeros = vec![0; 1 << 20];
    let bomb = [compressed(&mut deflate, &zeros), b"\0\0\xff\xff".to_vec()].concat();
    let mut first = 0x42;
    feed.stream(COMPRESSING, NONE, |out| frame(std::mem::take(&mut first), &bomb, out));
}

/// Each message refers to the first, which is not there.
fn context_lost(feed: &mut Feed) {
    let mut deflate = deflater();
    let mut random = Random(1);
    let lost: Vec<u8> = (0..10_000).map(|_| random.next() as u8).collect();
    // The first 8 segments are missing.
    feed.stream(
        COMPRESSING,
        |turn| turn < 8,
        |out| {
            frame(0xc2, &compressed(&mut deflate, &lost), out);
        },
    );
}

fn compressed_holes(feed: &mut Feed) {
    let mut deflate = deflater();
    let mut random = Random(1);
    feed.stream(
        COMPRESSING,
        |turn| turn % 3 == 2,
        |out| {
            let text = format!("{{\"id\":{},\"name\":\"{}\"}}", random.next(), random.next());
            frame(0xc1, &compressed(&mut deflate, text.as_bytes()), out);
        },
    );
}

/// Random bytes out of some.
fn any_of(choice: &'static [u8]) -> impl FnMut(&mut Vec<u8>) {
    let mut random = Random(1);
    move |out| out.push(choice[random.next() as usize % choice.len()])
}

/// What begins frames, and what may be their lengths.
const HEADERS: &[u8] = &[0x81, 0x82, 0x01, 0x00, 0x05, 0x7e, 0x7f, 0x89, 0x88, 0x80, 0x02, 0xc1];

/// As in certificates: tags, short lengths, small numbers, text.
const TAGS: &[u8] = &[0x30, 0x82, 0x02, 0x01, 0x81, 0x03, 0x06, 0x13, b'D', b'E', 0x0c, 0x55];

fn lost_in_noise(feed: &mut Feed) {
    let mut random = Random(1);
    feed.lost_in(false, |out| out.push(random.next() as u8));
}

fn lost_in_headers(feed: &mut Feed) {
    feed.lost_in(false, any_of(HEADERS));
}

/// Frames that lead to what is none, over and over.
fn lost_in_empty_text(feed: &mut Feed) {
    feed.lost_in(false, |out| {
        out.extend(b"\x81\x00".repeat(690));
        out.extend([0x83; 20]);
    });
}

fn lost_in_fragments(feed: &mut Feed) {
    feed.lost_in(false, |out| {
        out.extend(b"\x01\x01".repeat(690));
        out.extend([0x83; 20]);
    });
}

fn lost_in_medium(feed: &mut Feed) {
    feed.lost_in(false, |out| out.extend(b"\x81\x7e"));
}

fn lost_in_tags(feed: &mut Feed) {
    feed.lost_in(false, any_of(TAGS));
}

fn lost_in_masked(feed: &mut Feed) {
    feed.lost_in(true, |out| {
        out.extend(b"\x81\x80".repeat(690));
        out.extend([0x83; 20]);
    });
}

fn lost_in_masked_tags(feed: &mut Feed) {
    feed.lost_in(true, any_of(&[0x30, 0x82, 0x81, 0x80, 0x84, 0x90, 0xfe, 0x00, 0x01, b'D']));
}

/// Text that is found, and then what is no frame.
fn found_and_lost(feed: &mut Feed) {
    feed.lost_in(false, |out| {
        for text in [r#"{"id":1,"name":"one"}"#, r#"{"id":2,"name":"two"}"#] {
            frame(0x81, text.as_bytes(), out);
        }
        out.extend([0x83, 0xff, 0x83]);
    });
}

fn noise_everywhere(feed: &mut Feed) {
    let mut random = Random(1);
    feed.mid_stream(2_000, |out| out.extend(random.next().to_be_bytes()));
}

fn headers_everywhere(feed: &mut Feed) {
    feed.mid_stream(2_000, any_of(HEADERS));
}

fn frames_everywhere(feed: &mut Feed) {
    let mut number = 0;
    while feed.goes_on() {
        let talk = Talk::number(number);
        number += 1;
        for turn in 0..4 {
            let mut payload = Vec::new();
            frame(0x81, format!("{{\"id\":{turn},\"name\":\"tea\"}}").as_bytes(), &mut payload);
            let seq = 5000 + turn * payload.len() as u32;
            feed.send(Segment { seq, ack: Some(1000), payload: &payload, ..talk.server() });
        }
    }
}

fn closes(feed: &mut Feed) {
    feed.repeat(b"\x88\x02\x03\xe8", 1400);
}

/// Masked by the server, with bits that mean nothing, an opcode that is none
/// and a length that is too long.
fn violations(feed: &mut Feed) {
    feed.repeat(b"\x7b\xfe\x00\x01abcdx", 1400);
}

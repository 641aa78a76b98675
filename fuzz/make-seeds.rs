//! Writes `corpus/TARGET/seed-*`, made from the recordings in `../captures`.
//!
//! Run it in this folder: `cargo run --example make-seeds`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use wsdump::analyzer::{Analyzer, Options};
use wsdump::capture::{Capture, Step};
use wsdump::net::Decoder;
use wsdump::types::{
    Direction, Event, Handshake, Kind, Limits, Message, Opcode, Packet, Side, TcpFlags,
};
use wsdump_fuzz::{APP_TARGETS, Piece, Random, datagram};

fn main() -> io::Result<()> {
    let mut captures: Vec<PathBuf> = fs::read_dir("../captures")?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    captures.retain(|path| path.extension().is_some_and(|end| end == "pcap" || end == "pcapng"));
    captures.sort();
    for path in &captures {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        seeds_of_capture(&name, path)?;
    }
    seeds_of_filters()?;
    seeds_of_expectations()?;
    seeds_by_hand()
}

/// Larger recordings only make fuzzing slow.
const MAX_FILE: usize = 11_000;
const MAX_CONVERSATION: usize = 2_500;
const MAX_TALKS: usize = 3;

fn seeds_of_capture(name: &str, path: &Path) -> io::Result<()> {
    let file = fs::read(path)?;
    if file.len() <= MAX_FILE {
        seed("analyzer", name, &file)?;
    }
    if file.len() <= MAX_FILE / 2 {
        seed("capture_file", name, &file)?;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&file)?;
        seed("capture_file", &format!("{name}-gzip"), &gzip.finish()?)?;
        seed("capture_file", &format!("{name}-zstd"), &zstd::encode_all(&file[..], 19)?)?;
    }
    seeds_of_protocols(name, &file)?;
    // The WebSocket connections are those that ask for an upgrade.
    let asks = |talk: &Talk| {
        talk.said.iter().any(|(_, bytes)| find(bytes, b"pgrade: ") || find(bytes, b"pgrade:w"))
    };
    let asking = talks(&file).into_iter().filter(|(_, talk)| asks(talk));
    for (stream, talk) in asking.take(MAX_TALKS) {
        let name = format!("{name}-{stream}");
        let mut pieces = Vec::new();
        for (backward, bytes) in &talk.said {
            Piece::write(*backward, bytes, &mut pieces);
        }
        pieces.truncate(MAX_CONVERSATION);
        seed("conversation", &name, &pieces)?;
        seed("http_exchange", &name, pieces.get(..1_500).unwrap_or(&pieces))?;
        seed("tcp_stream", &name, &talk.steps)?;
        seed("websocket_decoder", &name, &[&[talk.settings(), 0][..], &talk.frames()].concat())?;
        seed("recogniser", &name, &[&[0][..], &talk.frames()].concat())?;
        for (index, payload) in talk.texts().into_iter().take(3).enumerate() {
            seed("payload", &format!("{name}-{index}"), &payload)?;
        }
    }
    Ok(())
}

/// The messages of connections whose protocol is known, as `fuzz_targets/app.rs`
/// reads them.
fn seeds_of_protocols(name: &str, file: &[u8]) -> io::Result<()> {
    let mut handshakes: BTreeMap<u64, Handshake> = BTreeMap::new();
    let mut seeds: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    let mut sink = |event: &Event<'_>| {
        let stream = event.connection.stream;
        match &event.kind {
            Kind::Handshake(handshake) => drop(handshakes.insert(stream, (*handshake).clone())),
            Kind::Message(message) => {
                let protocol = message.app.and_then(|app| app.protocol);
                if let Some(protocol) = protocol {
                    let form = form(protocol.name(), handshakes.get(&stream));
                    seeds.entry(stream).or_insert_with(|| vec![form]);
                }
                if let Some(seed) = seeds.get_mut(&stream) {
                    write_message(message, seed);
                }
            }
            _ => {}
        }
    };
    let mut capture = Capture::from_reader("seed", io::Cursor::new(file.to_vec()));
    let mut analyzer = Analyzer::new(Options::default());
    loop {
        match capture.next() {
            Step::Packet(packet, _) => analyzer.packet(&packet, &[], &mut sink),
            Step::End => break,
            Step::Starved | Step::Secrets(_) | Step::Idle(_) | Step::Problem(_) => {}
        }
    }
    analyzer.finish(&[], &mut sink);
    for (stream, messages) in seeds.into_iter().take(MAX_TALKS) {
        seed("app", &format!("{name}-{stream}"), &messages)?;
    }
    Ok(())
}

/// Which of the forms the handshake is like; where it does not tell, one past them.
fn form(protocol: &str, handshake: Option<&Handshake>) -> u8 {
    let subprotocol = handshake.and_then(|handshake| handshake.subprotocol.as_deref());
    let target = handshake.and_then(|handshake| handshake.target.as_deref()).unwrap_or_default();
    let is_like = |form: &str| match subprotocol {
        Some(subprotocol) => form == subprotocol,
        None => {
            let sign = match protocol {
                "jupyter" => "/channels",
                "terminado" => "/terminals/",
                "engine.io" | "socket.io" if target.contains("EIO=3") => "EIO=3",
                "engine.io" | "socket.io" => "EIO=4",
                "sockjs" => "/042/",
                "cdp" => "/devtools/",
                "phoenix" => "vsn=2",
                _ => return false,
            };
            form.contains(sign) && form.contains("/socket.io/") == (protocol == "socket.io")
        }
    };
    APP_TARGETS.iter().position(|form| is_like(form)).unwrap_or(APP_TARGETS.len()) as u8
}

fn write_message(message: &Message<'_>, seed: &mut Vec<u8>) {
    let opcode = match message.opcode {
        Opcode::Text => 0,
        Opcode::Binary => 3,
        Opcode::Ping => 6,
        Opcode::Pong => 7,
        _ => return,
    };
    if seed.len() + message.payload.len() > MAX_CONVERSATION {
        return;
    }
    // The upper bits ask for nothing more.
    seed.push(0xf0 | opcode << 1 | u8::from(message.from == Side::Server));
    seed.extend((message.payload.len() as u16).to_le_bytes());
    seed.extend(message.payload);
}

fn find(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

/// What was said in one TCP conversation.
#[derive(Default)]
struct Talk {
    said: Vec<(bool, Vec<u8>)>,
    /// As `fuzz_targets/tcp_stream.rs` reads it.
    steps: Vec<u8>,
    first: Option<Direction>,
}

fn talks(file: &[u8]) -> BTreeMap<u64, Talk> {
    let mut capture = Capture::from_reader("seed", io::Cursor::new(file.to_vec()));
    let mut decoder = Decoder::new(&Limits::default());
    let mut table = wsdump::tcp::Table::<()>::new(1_000);
    let mut talks: BTreeMap<u64, Talk> = BTreeMap::new();
    loop {
        match capture.next() {
            Step::Packet(packet, _) => take(&packet, &mut decoder, &mut table, &mut talks),
            Step::End => return talks,
            Step::Starved | Step::Secrets(_) | Step::Idle(_) | Step::Problem(_) => {}
        }
    }
}

fn take(
    packet: &Packet<'_>,
    decoder: &mut Decoder,
    table: &mut wsdump::tcp::Table<()>,
    talks: &mut BTreeMap<u64, Talk>,
) {
    let Ok(segment) = decoder.decode(packet) else {
        return;
    };
    let found = table.find(&segment);
    let talk = talks.entry(found.entry.stream).or_default();
    let backward = found.direction != *talk.first.get_or_insert(found.direction);
    if talk.steps.is_empty() {
        // Two first numbers, limits.
        talk.steps.extend([0, 0, 0, 0, 0xf0, 0xff, 0xff, 0xff, 0, 0x40, 0x30]);
    }
    let length = (segment.payload.len() % 2_000) as u16;
    talk.steps.push(1);
    talk.steps.extend([u8::from(backward), segment.flags.0, 0, 0, 0, 0]);
    talk.steps.extend(segment.window.to_le_bytes());
    talk.steps.extend(length.to_le_bytes());
    talk.steps.extend([0, 1]);
    if !segment.payload.is_empty() && !segment.flags.contains(TcpFlags::SYN) {
        talk.said.push((backward, segment.payload.to_vec()));
    }
}

impl Talk {
    /// What came after the upgrade, as `fuzz_targets/websocket_decoder.rs` and
    /// `fuzz_targets/recogniser.rs` read it.
    fn frames(&self) -> Vec<u8> {
        let mut frames = Vec::new();
        for (backward, bytes) in self.after_upgrade() {
            Piece::write(*backward, bytes, &mut frames);
        }
        frames.truncate(MAX_CONVERSATION);
        frames
    }

    /// How `fuzz_targets/websocket_decoder.rs` is to read the frames.
    fn settings(&self) -> u8 {
        let answer =
            |what: &[u8]| self.said.iter().any(|(backward, bytes)| *backward && find(bytes, what));
        let compresses = if answer(b"permessage-deflate") { 2 } else { 0 };
        compresses | if answer(b"no_context_takeover") { 4 } else { 0 }
    }

    /// Payloads of frames that the server sent, one in each segment.
    fn texts(&self) -> Vec<Vec<u8>> {
        self.after_upgrade()
            .filter(|(backward, _)| *backward)
            .filter_map(|(_, bytes)| match *bytes.as_slice() {
                [0x81, length, ref rest @ ..] if length < 126 => Some(rest.to_vec()),
                [0x81, 126, _, _, ref rest @ ..] => Some(rest.to_vec()),
                _ => None,
            })
            .filter(|payload| payload.len() < 1_000)
            .collect()
    }

    fn after_upgrade(&self) -> impl Iterator<Item = &(bool, Vec<u8>)> {
        let answer = self.said.iter().position(|(_, bytes)| bytes.starts_with(b"HTTP/1.1 101"));
        self.said.iter().skip(answer.map_or(usize::MAX, |answer| answer + 1))
    }
}

/// The filters of the tests' table, for each a payload.
fn seeds_of_filters() -> io::Result<()> {
    let table = fs::read_to_string("../tests/filters.txt")?;
    let rows = table.lines().filter(|line| !line.starts_with(['#', '=']));
    let filters = rows.filter_map(|row| row.splitn(3, '|').nth(2)).map(str::trim);
    let payloads = ["", r#"{"id":7,"a":[1,{"b":"x"}]}"#, "hello", "[[1,2],[2,1]]"];
    // One of five, or the fuzzer begins with more than it needs.
    for ((index, filter), payload) in filters.enumerate().step_by(5).zip(payloads.iter().cycle()) {
        seed("filter", &format!("row-{index}"), format!("{filter}\0{payload}").as_bytes())?;
    }
    Ok(())
}

/// An expectations file of each kind, and one of all.
fn seeds_of_expectations() -> io::Result<()> {
    let kinds = [
        (
            "expect",
            "[[expect]]\nname = \"a\"\nwhere = 'json.type == \"login\"'\ncount = \"1..5\"\n",
        ),
        (
            "after",
            "[[expect]]\nwhere = \"json\"\ncount = 3\nwithin = \"2s\"\nafter = 'ws.event == handshake'\nper = \"connection\"\n",
        ),
        ("forbid", "[[forbid]]\nwhere = \"\"\"\njson.error ||\n  json.fault\"\"\"\n"),
        (
            "sequence",
            "[[sequence]]\nsteps = ['json.a', { where = 'json.b', within = \"1s\" }]\nstrict = true\n",
        ),
        (
            "reply",
            "[[reply]]\nrequest = 'ws.from == client'\nresponse = 'json'\nkey = { request = \"json.id\", response = \"json.to\" }\n",
        ),
        ("schema", "[[schema]]\nwhere = 'json'\nschema = \"schema.json\"\n"),
        (
            "limits",
            "[limits]\nmessage_size = \"64KiB\"\nlatency = { p95 = \"200ms\" }\ncompression_ratio = 0.5\nclose_codes = [1000]\n",
        ),
    ];
    for (name, text) in kinds {
        seed("expectations", name, text.as_bytes())?;
    }
    let mut all: String = kinds.map(|(_, text)| text).concat();
    all.push_str("\0{\"type\": \"object\", \"properties\": {\"a\": {\"$ref\": \"#\"}}}");
    seed("expectations", "all", all.as_bytes())
}

/// What the recordings do not have.
fn seeds_by_hand() -> io::Result<()> {
    let syn = [0xc8, 0, 0, 80, 0, 0, 1, 0, 0, 0, 0, 0, 0x80, 2, 0xff, 0xff, 0, 0, 0, 0];
    let options = [2, 4, 5, 0xb4, 1, 3, 3, 7, 1, 1, 1, 0];
    let tcp = [&syn[..], &options, b"GET /chat HTTP/1.1\r\n"].concat();
    let ipv4 = datagram(1, 2, 6, [0, 0], &tcp);
    let length = (tcp.len() as u16).to_be_bytes();
    let ipv6_header = |next: u8, extra: u8| {
        [&[0x60, 0, 0, 0, length[0], length[1] + extra, next, 64][..], &[0x20; 32]].concat()
    };
    let ipv6 = [&ipv6_header(6, 0)[..], &tcp].concat();
    let options = [&ipv6_header(0, 8)[..], &[60, 0, 1, 4, 0, 0, 0, 0], &tcp].concat();
    let ethernet = |kind: u16, rest: &[u8]| [&[2; 12][..], &kind.to_be_bytes(), rest].concat();
    let vlans = ethernet(0x8100, &[&[0, 1, 0x88, 0xa8, 0, 2, 8, 0][..], &ipv4].concat());
    let pppoe = ethernet(0x8864, &[&[0x11, 0, 0, 1, 0, 90, 0, 0x21][..], &ipv4].concat());
    let llc = [&[2; 12][..], &[0, 90, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &ipv4].concat();
    let cooked = [&[0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0, 8, 0][..], &ipv4].concat();
    let cooked2 =
        [&[8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0][..], &ipv4].concat();
    let loopback = [&[2, 0, 0, 0][..], &ipv4].concat();
    let (first, second) = tcp.split_at(24);
    let fragments = [datagram(1, 2, 6, [0x20, 0], first), datagram(1, 2, 6, [0, 3], second)];
    let ipv6_fragments = [
        [&ipv6_header(44, 0)[..], &[6, 0, 0, 1, 0, 0, 0, 9], first].concat(),
        [&ipv6_header(44, 0)[..], &[6, 0, 0, 24, 0, 0, 0, 9], second].concat(),
    ];
    for (name, link_type, packets) in [
        ("ethernet", 1, &[ethernet(0x800, &ipv4), ethernet(0x86dd, &ipv6), vlans, pppoe, llc][..]),
        ("raw", 101, &[ipv4, ipv6, options]),
        ("cooked", 113, &[cooked]),
        ("cooked2", 276, &[cooked2]),
        ("loopback", 0, &[loopback]),
        ("fragments", 101, &fragments),
        ("ipv6-fragments", 101, &ipv6_fragments),
    ] {
        seed("packet", name, &packets_of(link_type, packets))?;
    }

    for (name, json) in [
        ("numbers", "[0, -1.5e400, 12345678901234567890, 1E+2]"),
        ("strings", r#"{"a": "\u00e9\ud83d\ude00\"\\", "a": ["[", {}]}"#),
        ("words", "\t[true,false,null]\n"),
        ("emoji", "😀 é €"),
    ] {
        seed("payload", name, json.as_bytes())?;
    }
    seed("payload", "deep", &[vec![b'['; 128], vec![b']'; 128]].concat())?;
    seed("payload", "deeper", &[vec![b'['; 129], vec![b']'; 129]].concat())?;

    let frames = b"\x01\x03Hel\x89\x02hi\x80\x02lo\xc1\x01x\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x88\x02\x03\xe8";
    let long =
        [b"\x82\x7e\x01\x00", &[7; 256][..], b"\x82\x7f\0\0\0\0\0\0\x01\x01", &[8; 257]].concat();
    for (name, settings, frames) in [("kinds", [2, 0], &frames[..]), ("long", [1, 0x12], &long)] {
        let mut input = settings.to_vec();
        for bytes in frames.chunks(9) {
            Piece::write(false, bytes, &mut input);
        }
        seed("websocket_decoder", name, &input)?;
    }

    // Choices of any kind: these targets make what they read of them.
    for (name, length) in [("short", 100), ("medium", 300), ("long", 1_000)] {
        let mut random = Random(length);
        let choices: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        seed("inflated_messages", name, &choices)?;
        seed("recogniser", name, &[&[1][..], &choices].concat())?;
    }

    let request =
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nWiki\r\n0\r\nT: x\r\n\r\n";
    let answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let connect = b"CONNECT a:80 HTTP/1.1\r\n\r\n";
    let through = b"HTTP/1.1 200 OK\r\n\r\n";
    let upgrade = b"GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let refusal = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n";
    let accepted = b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Extensions: permessage-deflate; a=\"b\"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let mut input = Vec::new();
    for (backward, bytes) in [
        (false, &request[..]),
        (true, answer),
        (false, connect),
        (true, through),
        (false, upgrade),
        (true, refusal),
        (false, upgrade),
        (true, accepted),
        (false, frames),
        (true, frames),
    ] {
        Piece::write(backward, bytes, &mut input);
    }
    seed("http_exchange", "kinds", &input)?;
    seed("conversation", "kinds", &input)
}

/// As `fuzz_targets/packet.rs` reads it.
fn packets_of(link_type: u16, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut input = [&link_type.to_le_bytes()[..], &[0]].concat();
    for packet in packets {
        input.extend((packet.len() as u16).to_le_bytes());
        input.extend([0, 1]);
        input.extend(packet);
    }
    input
}

fn seed(target: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    let folder = Path::new("corpus").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("seed-{name}")), bytes)
}

//! Whole conversations, packet by packet, through all layers.

mod first;
mod loss;
mod memory;
mod mid_stream;
mod owed;
mod standing;
mod time;

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::types::{Body, Event, Kind, LinkType, Origin, SourceId, TcpFlags};
use crate::websocket::{expected_accept, unmask};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const CLIENT: bool = true;
const SERVER: bool = false;
const SYN: u8 = TcpFlags::SYN.0;
const FIN: u8 = TcpFlags::FIN.0;
const RST: u8 = TcpFlags::RST.0;
const ACK: u8 = TcpFlags::ACK.0;

/// One segment of the conversation 127.0.0.1:50000 ↔ 127.0.0.1:80.
#[derive(Clone, Debug)]
struct Tcp {
    from_client: bool,
    port: u16,
    flags: u8,
    seq: u32,
    ack: u32,
    payload: Vec<u8>,
}

impl Tcp {
    /// An IPv4 packet, for `LINKTYPE_RAW`.
    fn packet(&self) -> Vec<u8> {
        let mut bytes = vec![0x45, 0];
        bytes.extend((40 + self.payload.len() as u16).to_be_bytes());
        bytes.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
        let (source, destination) =
            if self.from_client { (self.port, 80) } else { (80, self.port) };
        bytes.extend(source.to_be_bytes());
        bytes.extend(u16::to_be_bytes(destination));
        bytes.extend(self.seq.to_be_bytes());
        bytes.extend(self.ack.to_be_bytes());
        bytes.extend([0x50, self.flags, 0xff, 0xff, 0, 0, 0, 0]);
        bytes.extend(&self.payload);
        bytes
    }
}

/// Both ends of a conversation, which count what they send.
struct Ends {
    port: u16,
    client_seq: u32,
    server_seq: u32,
    sent: Vec<Tcp>,
}

impl Ends {
    fn new() -> Self {
        Self { port: 50000, client_seq: 1000, server_seq: u32::MAX - 100, sent: Vec::new() }
    }

    /// Begun with SYN, SYN-ACK and ACK.
    fn connected() -> Self {
        let mut ends = Self::new();
        ends.send(CLIENT, SYN, b"");
        ends.send(SERVER, SYN | ACK, b"");
        ends.send(CLIENT, ACK, b"");
        ends
    }

    /// And upgraded.
    fn upgraded() -> Self {
        let mut ends = Self::connected();
        ends.say(CLIENT, request().as_bytes());
        ends.say(SERVER, response().as_bytes());
        ends
    }

    fn send(&mut self, from_client: bool, flags: u8, payload: &[u8]) {
        let (seq, ack) = if from_client {
            (self.client_seq, self.server_seq)
        } else {
            (self.server_seq, self.client_seq)
        };
        let ack = if flags & ACK == 0 { 0 } else { ack };
        let payload = payload.to_vec();
        let numbers = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        self.sent.push(Tcp { from_client, port: self.port, flags, seq, ack, payload });
        let counter = if from_client { &mut self.client_seq } else { &mut self.server_seq };
        *counter = counter.wrapping_add(numbers);
    }

    fn say(&mut self, from_client: bool, payload: &[u8]) {
        self.send(from_client, ACK, payload);
    }

    /// A masked frame from the client, an unmasked one from the server.
    fn frame(&mut self, from_client: bool, first: u8, payload: &[u8]) {
        self.say(from_client, &frame(from_client, first, payload));
    }

    fn close(&mut self) {
        self.send(CLIENT, FIN | ACK, b"");
        self.send(SERVER, FIN | ACK, b"");
        self.send(CLIENT, ACK, b"");
    }
}

fn request() -> String {
    format!(
        "GET /chat HTTP/1.1\r\nHost: example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
    )
}

fn response() -> String {
    let accept = expected_accept(KEY);
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

thread_local! {
    /// The next masking key: each frame has another.
    static KEYS: std::cell::Cell<u32> = const { std::cell::Cell::new(0x0102_0304) };
}

fn frame(masked: bool, first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(mask | short as u8),
        long => {
            bytes.push(mask | 126);
            bytes.extend((long as u16).to_be_bytes());
        }
    }
    if masked {
        let key =
            KEYS.with(|keys| keys.replace(keys.get().wrapping_add(0x1f2e_3d4c))).to_be_bytes();
        bytes.extend(key);
        let mut payload = payload.to_vec();
        unmask(&mut payload, key, 0);
        bytes.extend(payload);
    } else {
        bytes.extend(payload);
    }
    bytes
}

/// What is told of these packets, one a millisecond: a line an event.
fn tell(packets: &[Tcp]) -> Vec<String> {
    tell_with(Options::default(), packets)
}

fn tell_with(options: Options, packets: &[Tcp]) -> Vec<String> {
    let mut analyzer = Analyzer::new(options);
    let mut lines = Vec::new();
    feed(&mut analyzer, packets, &mut |event: &Event<'_>| lines.push(line(event)));
    lines
}

/// Gives it these packets, one a millisecond, and the end.
fn feed(analyzer: &mut Analyzer, packets: &[Tcp], sink: &mut dyn Sink) {
    for (index, packet) in packets.iter().enumerate() {
        analyzer.packet(&captured(index, &packet.packet()), &[], sink);
    }
    analyzer.finish(&[], sink);
}

/// The packet of this index, so many milliseconds after the first.
fn captured(index: usize, data: &[u8]) -> Packet<'_> {
    let time = Timestamp::from_nanoseconds(index as i64 * 1_000_000);
    Packet {
        origin: Origin {
            packet: index as u64 + 1,
            time: Some(time),
            source: SourceId(0),
            tcp_length: 0,
        },
        link_type: LinkType::RAW,
        data,
        original_length: data.len() as u32,
    }
}

fn line(event: &Event<'_>) -> String {
    let mut line = format!("{} #{} ", event.origin.packet, event.connection);
    let _ = match event.kind {
        Kind::Handshake(handshake) => {
            let status = handshake.status.map_or("-".into(), |status| status.to_string());
            let target = handshake.target.as_deref().unwrap_or("?");
            let accept = handshake.accept_status.map_or("-".into(), |status| status.to_string());
            write!(line, "handshake {target} {status} {accept} {}", event.connection.client)
        }
        Kind::Message(message) => {
            let body = match message.body {
                Body::Json(json) => format!("json {}", json.text()),
                Body::Text(text) => format!("{text:?}"),
                Body::Binary(bytes) => format!("{bytes:02x?}"),
            };
            let _ = write!(line, "{} {} {body}", message.from, message.opcode);
            if !message.complete {
                let _ = write!(line, " missing {:?}", message.missing);
            }
            if message.compressed {
                let _ = write!(line, " compressed {:?}", message.length);
            }
            Ok(())
        }
        Kind::Frame(frame) => {
            write!(line, "{} frame {} at {}", frame.from, frame.opcode, frame.offset)
        }
        Kind::Violation(violation) => write!(line, "violation {}", violation.rule.name()),
        Kind::Gap(gap) => write!(line, "{} gap {:?}", gap.from, gap.bytes),
        Kind::End(end) => {
            write!(line, "end {} {}+{}", end.state, end.client.messages, end.server.messages)
        }
    };
    line
}

/// Lines without the packet numbers.
fn without_packets(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| line.split_once(' ').unwrap().1).collect()
}

#[test]
fn a_conversation_from_syn_to_fin() {
    let mut ends = Ends::upgraded();
    ends.frame(CLIENT, 0x81, b"{\"a\":1}");
    ends.frame(SERVER, 0x01, b"frag");
    ends.frame(SERVER, 0x89, b"ping");
    ends.frame(SERVER, 0x80, b"ment");
    ends.frame(CLIENT, 0x8a, b"ping");
    ends.frame(CLIENT, 0x88, b"\x03\xe8");
    ends.frame(SERVER, 0x88, b"\x03\xe8");
    ends.close();
    assert_eq!(
        tell(&ends.sent),
        [
            "5 #0 handshake /chat 101 valid 127.0.0.1:50000",
            "6 #0 client text json {\"a\":1}",
            "8 #0 server ping \"ping\"",
            "9 #0 server text \"fragment\"",
            "10 #0 client pong \"ping\"",
            "11 #0 client close [03, e8]",
            "12 #0 server close [03, e8]",
            "14 #0 end closed 3+3",
        ]
    );
}

#[test]
fn frames_have_offsets_in_their_direction() {
    let mut ends = Ends::upgraded();
    ends.frame(SERVER, 0x81, b"one");
    ends.frame(SERVER, 0x81, b"two");
    let options = Options { frames: true, ..Options::default() };
    let start = response().len();
    assert_eq!(
        tell_with(options, &ends.sent)[1..5],
        [
            format!("6 #0 server frame text at {start}"),
            "6 #0 server text \"one\"".into(),
            format!("7 #0 server frame text at {}", start + 5),
            "7 #0 server text \"two\"".into(),
        ]
    );
}

#[test]
fn what_the_capture_ends_in_is_told_last_by_stream() {
    let mut packets = Vec::new();
    for port in [50002, 50001] {
        let mut ends = Ends { port, ..Ends::upgraded() };
        ends.frame(CLIENT, 0x81, b"hello");
        ends.say(SERVER, b"\x81\x05he");
        for packet in &mut ends.sent {
            packet.port = port;
        }
        packets.extend(ends.sent);
    }
    assert_eq!(
        without_packets(&tell(&packets))[4..],
        [
            "#0 server text \"he\" missing Some(3)",
            "#1 server text \"he\" missing Some(3)",
            "#0 end open 1+1",
            "#1 end open 1+1",
        ]
    );
}

#[test]
fn a_reset_and_a_fin_alone() {
    let mut ends = Ends::upgraded();
    ends.frame(CLIENT, 0x81, b"hello");
    ends.send(SERVER, RST | ACK, b"");
    assert_eq!(tell(&ends.sent).last().unwrap(), "7 #0 end tcp-closed 1+0");
    let mut ends = Ends::upgraded();
    ends.frame(CLIENT, 0x88, b"");
    ends.frame(SERVER, 0x88, b"");
    ends.send(SERVER, FIN | ACK, b"");
    assert_eq!(tell(&ends.sent).last().unwrap(), "8 #0 end closed 1+1");
}

#[test]
fn a_port_used_again_ends_what_was_there() {
    let mut packets = Ends::upgraded().sent;
    let mut again = Ends { client_seq: 5_000_000, server_seq: 77, ..Ends::new() };
    again.send(CLIENT, SYN, b"");
    again.send(SERVER, SYN | ACK, b"");
    again.say(CLIENT, request().as_bytes());
    again.say(SERVER, response().as_bytes());
    packets.extend(again.sent);
    assert_eq!(
        without_packets(&tell(&packets)),
        [
            "#0 handshake /chat 101 valid 127.0.0.1:50000",
            "#0 end tcp-closed 0+0",
            "#1 handshake /chat 101 valid 127.0.0.1:50000",
            "#1 end open 0+0",
        ]
    );
}

#[test]
fn forged_segments_change_nothing() {
    let mut ends = Ends::upgraded();
    ends.frame(CLIENT, 0x81, b"one");
    let forged = |flags, distance: u32| Tcp {
        from_client: true,
        port: 50000,
        flags,
        seq: ends.client_seq.wrapping_add(distance),
        ack: 0,
        payload: Vec::new(),
    };
    let far = [
        forged(SYN, 1 << 30),
        forged(RST, 1 << 30),
        forged(FIN, 1 << 30),
        forged(RST, 0u32.wrapping_sub(1 << 20)),
    ];
    ends.sent.extend(far);
    ends.frame(CLIENT, 0x81, b"two");
    ends.frame(SERVER, 0x81, b"three");
    assert_eq!(
        without_packets(&tell(&ends.sent))[1..],
        [
            "#0 client text \"one\"",
            "#0 client text \"two\"",
            "#0 server text \"three\"",
            "#0 end open 2+1"
        ]
    );
}

#[test]
fn the_client_alone() {
    let mut ends = Ends::upgraded();
    for text in ["one", "two"] {
        ends.frame(CLIENT, 0x81, text.as_bytes());
        ends.frame(SERVER, 0x81, text.as_bytes());
    }
    ends.close();
    let client: Vec<Tcp> = ends.sent.iter().filter(|sent| sent.from_client).cloned().collect();
    assert_eq!(
        tell(&client),
        [
            "3 #0 handshake /chat - - 127.0.0.1:50000",
            "4 #0 client text \"one\"",
            "5 #0 client text \"two\"",
            "7 #0 end tcp-closed 2+0",
        ]
    );
    let server: Vec<Tcp> = ends.sent.iter().filter(|sent| !sent.from_client).cloned().collect();
    assert_eq!(
        without_packets(&tell(&server)),
        [
            "#0 handshake ? 101 - 127.0.0.1:50000",
            "#0 server text \"one\"",
            "#0 server text \"two\"",
            "#0 end tcp-closed 0+2",
        ]
    );
}

#[test]
fn begun_between_request_and_response() {
    let mut ends = Ends::upgraded();
    ends.frame(CLIENT, 0x81, b"one");
    ends.frame(SERVER, 0x81, b"two");
    assert_eq!(
        without_packets(&tell(&ends.sent[4..])),
        [
            "#0 handshake ? 101 - 127.0.0.1:50000",
            "#0 server text \"two\"",
            "#0 client text \"one\"",
            "#0 end open 1+1",
        ]
    );
}

#[test]
fn a_lost_response_and_a_lost_frame() {
    let mut ends = Ends::upgraded();
    ends.frame(CLIENT, 0x81, b"one");
    ends.frame(CLIENT, 0x81, b"two");
    ends.frame(SERVER, 0x81, b"{\"three\": 3}");
    // The response is missing: what the server sends then cannot be read.
    let mut lost = ends.sent.clone();
    lost.remove(4);
    let told = tell(&lost);
    assert_eq!(
        without_packets(&told),
        [
            "#0 handshake /chat - - 127.0.0.1:50000",
            "#0 client text \"one\"",
            "#0 client text \"two\"",
            "#0 server gap Some(129)",
            "#0 server text json {\"three\": 3}",
            "#0 end open 2+1",
        ]
    );
    let mut lost = ends.sent.clone();
    lost.remove(5);
    assert_eq!(
        without_packets(&tell(&lost))[1..3],
        ["#0 server text json {\"three\": 3}", "#0 client gap Some(9)"]
    );
}

#[test]
fn what_follows_missing_bytes_begins_no_frame() {
    // Only acknowledgments tell of the first 50 bytes of the client's, so that
    // its first captured byte lies inside a frame. The grace is over.
    let mut ends = Ends::new();
    ends.say(SERVER, response().as_bytes());
    for _ in 0..10 {
        ends.frame(SERVER, 0x81, b"x");
    }
    ends.client_seq += 50;
    for _ in 0..1100 {
        ends.frame(SERVER, 0x81, b"x");
    }
    ends.say(CLIENT, b"\x81\x03abcdef");
    let told = tell(&ends.sent);
    assert!(!told.iter().any(|line| line.contains("client text")), "{told:?}");
    // Missing bytes between the request and the answer: the same.
    let mut ends = Ends::connected();
    ends.say(CLIENT, request().as_bytes());
    ends.client_seq += 2;
    ends.say(CLIENT, b"ab");
    for _ in 0..1100 {
        ends.send(SERVER, ACK, b"");
    }
    ends.say(SERVER, response().as_bytes());
    ends.say(CLIENT, b"\x81\x06faked!");
    let told = tell(&ends.sent);
    assert_eq!(
        without_packets(&told),
        [
            "#0 handshake /chat 101 valid 127.0.0.1:50000",
            "#0 client gap Some(2)",
            "#0 end open 0+0"
        ]
    );
}

#[test]
fn what_came_before_the_upgrade_was_known_is_read() {
    let mut ends = Ends::connected();
    ends.say(CLIENT, request().as_bytes());
    ends.say(SERVER, response().as_bytes());
    let sent: Vec<u8> = (0..40)
        .flat_map(|id| frame(SERVER, 0x81, format!("{{\"id\":{id},\"name\":\"tea\"}}").as_bytes()))
        .collect();
    for segment in sent.chunks(100) {
        ends.say(SERVER, segment);
    }
    // The response is missing, and only then the client tells what it was.
    ends.sent.remove(4);
    for _ in 0..1100 {
        ends.send(SERVER, ACK, b"");
    }
    ends.frame(CLIENT, 0x81, b"one");
    ends.send(SERVER, ACK, b"");
    ends.frame(SERVER, 0x81, b"{\"id\":40}");
    let told = tell(&ends.sent);
    let count = told.iter().filter(|line| line.contains("server text json")).count();
    assert_eq!(count, 41, "{told:?}");
}

#[test]
fn a_request_after_an_answer_that_is_none_is_no_frame() {
    let mut ends = Ends::connected();
    ends.say(CLIENT, request().as_bytes());
    ends.say(SERVER, b"HTTP\t\0\0\0\0 No\r\n\r\n");
    ends.say(CLIENT, request().as_bytes());
    ends.say(SERVER, response().as_bytes());
    ends.frame(CLIENT, 0x81, b"one");
    let told = tell(&ends.sent);
    assert!(!told.iter().any(|line| line.contains("reserved")), "{told:?}");
}

#[test]
fn a_request_after_a_lost_response_is_no_frame() {
    let mut ends = Ends::connected();
    ends.say(CLIENT, request().as_bytes());
    ends.say(SERVER, b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n");
    ends.say(CLIENT, request().as_bytes());
    ends.say(SERVER, response().as_bytes());
    ends.frame(CLIENT, 0x81, b"one");
    ends.frame(SERVER, 0x81, b"two");
    // The SYN-ACK and the refusal are missing, and the second request comes late.
    ends.sent.swap(5, 6);
    ends.sent.remove(4);
    ends.sent.remove(1);
    let told = tell(&ends.sent);
    assert_eq!(without_packets(&told)[0], "#0 handshake /chat 101 valid 127.0.0.1:50000");
    assert!(!told.iter().any(|line| line.contains("reserved")), "{told:?}");

    // A plain request whose response is missing did not ask for the upgrade.
    let mut ends = Ends::connected();
    ends.say(CLIENT, b"GET /page HTTP/1.1\r\nHost: example\r\n\r\n");
    ends.say(SERVER, b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n");
    ends.say(CLIENT, b"GET /other HTTP/1.1\r\nHost: example\r\n\r\n");
    ends.say(SERVER, b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n");
    ends.say(CLIENT, request().as_bytes());
    ends.say(SERVER, response().as_bytes());
    ends.frame(CLIENT, 0x81, b"one");
    ends.sent.drain(4..6);
    let told = tell(&ends.sent);
    assert!(!told.iter().any(|line| line.contains("reserved")), "{told:?}");
}

#[test]
fn a_retransmission_that_differs_is_told() {
    let mut ends = Ends::upgraded();
    ends.frame(SERVER, 0x81, b"one");
    let mut forged = ends.sent.last().unwrap().clone();
    *forged.payload.last_mut().unwrap() = b'X';
    ends.sent.push(forged);
    ends.frame(SERVER, 0x81, b"two");
    assert_eq!(
        without_packets(&tell(&ends.sent))[1..],
        [
            "#0 server text \"one\"",
            "#0 violation tcp-overlap-conflict",
            "#0 server text \"two\"",
            "#0 end open 0+2",
        ]
    );
    // In the head of the handshake it is told once the handshake is known.
    let mut ends = Ends::connected();
    ends.say(CLIENT, request().as_bytes());
    let mut forged = ends.sent.last().unwrap().clone();
    forged.payload[5] = b'X';
    ends.sent.push(forged);
    ends.say(SERVER, response().as_bytes());
    assert_eq!(
        tell(&ends.sent)[..2],
        ["6 #0 handshake /chat 101 valid 127.0.0.1:50000", "5 #0 violation tcp-overlap-conflict"]
    );
}

#[test]
fn a_conflict_in_half_a_head_is_told() {
    let mut ends = Ends::connected();
    ends.say(CLIENT, request().as_bytes());
    let response = response();
    let (first, second) = response.as_bytes().split_at(40);
    ends.say(SERVER, first);
    let mut forged = ends.sent.last().unwrap().clone();
    forged.payload[20] = b'X';
    ends.sent.push(forged);
    ends.say(SERVER, second);
    assert_eq!(
        tell(&ends.sent)[..2],
        ["7 #0 handshake /chat 101 valid 127.0.0.1:50000", "6 #0 violation tcp-overlap-conflict"]
    );
}

/// Upgraded with the extension that the response names.
fn compressing(extension: &str) -> Ends {
    let with = |head: String, extension: &str| {
        head.replacen("\r\n\r\n", &format!("\r\nSec-WebSocket-Extensions: {extension}\r\n\r\n"), 1)
    };
    let mut ends = Ends::connected();
    let offer = "permessage-deflate; client_max_window_bits";
    ends.say(CLIENT, with(request(), offer).as_bytes());
    ends.say(SERVER, with(response(), extension).as_bytes());
    ends
}

/// "Hello" of RFC 7692 §7.2.3.1, and once more, referring to the first.
const HELLO: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
const HELLO_AGAIN: &[u8] = b"\xf2\x00\x11\x00\x00";

#[test]
fn compressed_messages_are_inflated() {
    let mut ends = compressing("permessage-deflate");
    ends.frame(CLIENT, 0xc1, HELLO);
    ends.frame(CLIENT, 0x81, b"plain");
    ends.frame(CLIENT, 0xc1, HELLO_AGAIN);
    assert_eq!(
        without_packets(&tell(&ends.sent))[1..4],
        [
            "#0 client text \"Hello\" compressed Some(5)",
            "#0 client text \"plain\"",
            "#0 client text \"Hello\" compressed Some(5)"
        ]
    );
}

#[test]
fn no_context_takeover_is_of_the_side_that_sends() {
    for (extension, alone) in [
        ("permessage-deflate; server_no_context_takeover", SERVER),
        ("permessage-deflate; client_no_context_takeover", CLIENT),
    ] {
        let mut ends = compressing(extension);
        for side in [CLIENT, SERVER] {
            ends.frame(side, 0xc1, HELLO);
            ends.frame(side, 0xc1, HELLO_AGAIN);
        }
        let told = tell(&ends.sent);
        let broken: Vec<&String> =
            told.iter().filter(|line| line.contains("corrupt-deflate")).collect();
        assert_eq!(broken.len(), 1, "{told:?}");
        let packet = if alone == CLIENT { "7" } else { "9" };
        assert!(broken[0].starts_with(packet), "{told:?}");
    }
}

#[test]
fn text_is_judged_over_the_whole_message() {
    let mut ends = Ends::upgraded();
    ends.frame(CLIENT, 0x01, b"caf\xc3");
    ends.frame(CLIENT, 0x80, b"\xa9");
    ends.frame(CLIENT, 0x81, b"caf\xc3");
    assert_eq!(
        without_packets(&tell(&ends.sent))[1..4],
        ["#0 client text \"café\"", "#0 violation invalid-utf8", "#0 client text [63, 61, 66, c3]"]
    );
}

#[test]
fn an_evicted_connection_is_told() {
    let mut packets = Ends::upgraded().sent;
    let mut other = Ends::connected().sent;
    for packet in &mut other {
        packet.port = 60000;
    }
    packets.extend(other);
    let options =
        Options { limits: Limits { conversations: 1, ..Limits::default() }, ..Options::default() };
    assert_eq!(tell_with(options, &packets)[1], "5 #0 end evicted 0+0");
}

#[test]
fn too_much_before_the_response_is_not_kept() {
    let mut ends = Ends::connected();
    ends.say(CLIENT, request().as_bytes());
    for _ in 0..40 {
        let early = frame(true, 0x82, &[7; 1000]);
        let seq = ends.client_seq;
        ends.sent.push(Tcp {
            from_client: true,
            port: 50000,
            flags: ACK,
            seq,
            ack: ends.server_seq,
            payload: early.clone(),
        });
        ends.client_seq += early.len() as u32;
    }
    let options =
        Options { limits: Limits { pending: 10_000, ..Limits::default() }, ..Options::default() };
    let told = tell_with(options, &ends.sent);
    assert_eq!(told.len(), 1 + 40 + 1);
}

/// A session of many messages, and the messages of each side.
fn session(messages: &[(bool, Vec<u8>)]) -> (Vec<Tcp>, Vec<String>, Vec<String>) {
    let mut ends = Ends::upgraded();
    let (mut client, mut server) = (Vec::new(), Vec::new());
    for (from_client, payload) in messages {
        ends.frame(*from_client, 0x82, payload);
        let told = format!("{payload:02x?}");
        if *from_client { client.push(told) } else { server.push(told) }
    }
    ends.close();
    (ends.sent, client, server)
}

/// The binary messages that were told, by side, and whether all were complete.
fn told_messages(packets: &[Tcp]) -> (Vec<String>, Vec<String>, bool) {
    let mut analyzer = Analyzer::new(Options::default());
    let (mut client, mut server, mut complete) = (Vec::new(), Vec::new(), true);
    let mut sink = |event: &Event<'_>| {
        if let Kind::Message(message) = event.kind {
            complete &= message.complete;
            if message.complete {
                let told = format!("{:02x?}", message.payload);
                match message.from {
                    crate::types::Side::Client => client.push(told),
                    crate::types::Side::Server => server.push(told),
                }
            }
        }
    };
    for (index, packet) in packets.iter().enumerate() {
        let data = packet.packet();
        let mut packet = captured(index, &data);
        packet.origin.time = None;
        analyzer.packet(&packet, &[], &mut sink);
    }
    analyzer.finish(&[], &mut sink);
    (client, server, complete)
}

fn any_messages() -> impl Strategy<Value = Vec<(bool, Vec<u8>)>> {
    prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..300)), 1..20)
}

proptest! {
    /// Any segmentation, reordering within the grace, duplication and overlap
    /// of the same bytes gives the same messages.
    #[test]
    fn any_way_to_send_the_same(
        messages in any_messages(),
        cuts in prop::collection::vec(1_usize..80, 1..50),
        extra in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..50, 1_usize..200), 0..10),
        swaps in prop::collection::vec((any::<prop::sample::Index>(), 1_usize..12), 0..60),
    ) {
        let (packets, client, server) = session(&messages);
        // Cut every payload, each piece with what came before it in the stream.
        let mut pieces = Vec::new();
        let mut lengths = cuts.iter().cycle();
        for packet in &packets {
            let mut start = 0;
            while packet.payload.len() - start > 0 {
                let end = (start + lengths.next().unwrap()).min(packet.payload.len());
                let mut piece = packet.clone();
                piece.seq = packet.seq.wrapping_add(start as u32);
                piece.payload = packet.payload[start..end].to_vec();
                pieces.push(piece);
                start = end;
            }
            if packet.payload.is_empty() {
                pieces.push(packet.clone());
            }
        }
        // Send some bytes again, with other boundaries.
        for (index, start, length) in extra {
            let original = index.get(&packets).clone();
            let start = start.min(original.payload.len());
            let end = (start + length).min(original.payload.len());
            let mut again = original.clone();
            again.seq = original.seq.wrapping_add(start as u32);
            again.payload = original.payload[start..end].to_vec();
            if !again.payload.is_empty() {
                let at = pieces.iter().position(|piece| piece.from_client == original.from_client && piece.seq == original.seq).unwrap();
                pieces.insert(at + 1, again);
            }
        }
        // Put some out of order, the SYNs too.
        for (index, distance) in swaps {
            let from = index.index(pieces.len());
            let to = (from + distance).min(pieces.len() - 1);
            pieces.swap(from, to);
        }
        prop_assert_eq!(told_messages(&pieces), (client, server, true));
    }

    /// Whatever packets are lost, what is told as complete was sent.
    #[test]
    fn lost_packets_never_make_up_messages(
        messages in any_messages(),
        lost in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
    ) {
        let (mut packets, client, server) = session(&messages);
        for index in lost {
            if packets.len() > 1 {
                packets.remove(index.index(packets.len()));
            }
        }
        let (told_client, told_server, _) = told_messages(&packets);
        for (told, sent) in [(told_client, client), (told_server, server)] {
            let mut rest = sent.iter();
            for message in &told {
                prop_assert!(rest.any(|sent| sent == message), "{message} was not sent");
            }
        }
    }
}

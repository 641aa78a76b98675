//! Events built by hand, for tests.

use std::cell::RefCell;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;
use unicode_width::UnicodeWidthChar as _;

use super::escape::is_hazardous;
use super::{Spool, View};
use crate::types::{
    AcceptStatus, App, AppPlaces, AppProtocol, Body, Close, Connection, Counts, End, EndState,
    Endpoint, Event, Extension, Frame, Gap, Handshake, Header, JsonText, Kind, Message, NextFrame,
    Opcode, Origin, Rule, Side, Source, SourceId, Timestamp, Violation,
};

/// 2018-12-26T06:54:46.729250Z
pub(super) const START: i64 = 1_545_807_286_729_250_000;

/// Where the samples' packets come from.
pub(super) const SOURCE: Source = Source { file: None, interface: None };

/// What `view` makes of `events`, the end included.
pub(super) fn rendered(mut view: impl View, events: &[Event<'_>]) -> String {
    let mut out = Spool::default();
    for event in events {
        view.show(event, &mut out);
    }
    view.finish(&mut out);
    String::from_utf8(out.into_bytes()).expect("views write UTF-8")
}

/// A writer that keeps what is written, and can be looked into meanwhile.
#[derive(Clone, Default)]
pub(super) struct Shared(Rc<RefCell<Vec<u8>>>);

impl Shared {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).expect("views write UTF-8")
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An event of `connection` in packet `packet`, so many milliseconds after the
/// start; the first of its connection if it is a handshake.
pub(super) fn event<'a>(connection: &'a Connection, packet: u64, kind: Kind<'a>) -> Event<'a> {
    let time = Some(Timestamp::from_nanoseconds(START + packet as i64 * 1_000_100));
    Event {
        origin: Origin { packet, time, source: SourceId(0), tcp_length: 0 },
        source: &SOURCE,
        connection,
        is_first: matches!(kind, Kind::Handshake(_)),
        kind,
    }
}

/// A connection on TCP stream `stream`.
pub(super) fn connection(stream: u64) -> Connection {
    let endpoint = |port| Endpoint { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port };
    Connection {
        stream,
        h2_stream: None,
        client: endpoint(51_230_u16.wrapping_add(stream as u16)),
        server: endpoint(8_888),
        inferred: false,
    }
}

/// A handshake as it should be.
pub(super) fn handshake() -> Handshake {
    let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
    Handshake {
        method: Some("GET".into()),
        target: Some("/api/kernels/f4d1/channels?session_id=0b1e".into()),
        host: Some("localhost:8888".into()),
        origin: Some("http://localhost:8888".into()),
        request_headers: Some(vec![
            header("Host", "localhost:8888"),
            header("Upgrade", "websocket"),
            header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]),
        response_headers: Some(vec![header(
            "Sec-WebSocket-Accept",
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        )]),
        status: Some(101),
        reason: Some("Switching Protocols".into()),
        key: Some("dGhlIHNhbXBsZSBub25jZQ==".into()),
        accept: Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".into()),
        accept_expected: Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".into()),
        accept_status: Some(AcceptStatus::Valid),
        subprotocols: vec!["v1.kernel.websocket.jupyter.org".into()],
        subprotocol: Some("v1.kernel.websocket.jupyter.org".into()),
        extensions: vec![Extension {
            name: "permessage-deflate".into(),
            params: vec![
                ("server_no_context_takeover".into(), None),
                ("server_max_window_bits".into(), Some("12".into())),
            ],
        }],
        ..Handshake::default()
    }
}

/// A close frame with a code and a reason.
pub(super) const CLOSE: Message<'static> = Message {
    close: Some(Close { code: Some(1000), code_name: Some("Normal Closure"), reason: Some("bye") }),
    ..Message::new(Side::Server, Opcode::Close, Body::Binary(b"\x03\xe8bye"))
};

/// One event of each kind, and each kind of message, on `connection`.
pub(super) fn conversation<'a>(
    connection: &'a Connection,
    handshake: &'a Handshake,
) -> Vec<Event<'a>> {
    let json = r#"{"header": {"msg_id": "5a7d31fc", "msg_type": "execute_request"}, "content": {"code": "print('hello, world') # and so on, a line that is long", "silent": false, "count": 1.50}, "buffers": []}"#;
    let fragmented = Message {
        frames: 3,
        first_time: Some(Timestamp::from_nanoseconds(START)),
        ..Message::new(
            Side::Server,
            Opcode::Text,
            Body::Text(
                "Two lines,\nthe second of which is rather long, so that it has to be folded.\n",
            ),
        )
    };
    let incomplete = Message {
        length: Some(2_048),
        wire_length: 2_048,
        masked: false,
        complete: false,
        missing: Some(1_460),
        truncated: true,
        not_inflated: None,
        sha256: None,
        ..Message::new(
            Side::Client,
            Opcode::Binary,
            Body::Binary(b"\x00\x01\x02\xffbinary bytes, more than a row\x1b"),
        )
    };
    let compressed = Message {
        wire_length: 9,
        compressed: true,
        ..Message::new(Side::Server, Opcode::Text, Body::Text("compressible text"))
    };
    let frame = Frame {
        from: Side::Client,
        fin: true,
        rsv: 4,
        opcode: Opcode::Text,
        masking_key: Some([0x0a, 0x1b, 0x2c, 0xff]),
        length: 201,
        offset: 517,
    };
    let violation = Violation {
        from: Some(Side::Client),
        rule: Rule::ReservedBits,
        detail: "RSV1 is set on a text frame, but no extension was negotiated.",
    };
    let counts = Counts { messages: 2, bytes: 2_249, frames: 2, pings: 0 };
    let end = End {
        state: EndState::Closed,
        client: counts,
        server: Counts { messages: 4, bytes: 100, frames: 6, pings: 1 },
        duration: Some(Duration::from_nanos(1_234_567_890)),
    };
    let gap = Gap {
        from: Side::Client,
        bytes: Some(1_460),
        next_frame: NextFrame::Inferred,
        undecoded: 318,
    };
    let unknown =
        Gap { from: Side::Server, bytes: None, next_frame: NextFrame::Lost, undecoded: 0 };
    [
        Kind::Handshake(handshake),
        Kind::Frame(frame),
        Kind::Message(Message::new(Side::Client, Opcode::Text, Body::Json(JsonText::new(json)))),
        Kind::Message(fragmented),
        Kind::Message(compressed),
        Kind::Message(Message::new(Side::Server, Opcode::Ping, Body::Text(""))),
        Kind::Gap(gap),
        Kind::Gap(unknown),
        Kind::Message(incomplete),
        Kind::Violation(violation),
        Kind::Message(CLOSE),
        Kind::End(end),
    ]
    .into_iter()
    .zip(4..)
    .map(|(kind, packet)| event(connection, packet, kind))
    .collect()
}

/// What a protocol inside says of a message.
pub(super) struct Said {
    protocol: Option<AppProtocol>,
    packets: Vec<AppPlaces>,
    words: String,
    body: Option<Body<'static>>,
    malformed: Option<&'static str>,
}

impl Said {
    pub(super) fn nothing(protocol: AppProtocol) -> Self {
        let protocol = Some(protocol);
        Self { protocol, packets: vec![], words: String::new(), body: None, malformed: None }
    }

    /// Of one packet.
    pub(super) fn new(protocol: AppProtocol, channel: &str, kind: &str, summary: &str) -> Self {
        Self::nothing(protocol).and(channel, kind, summary)
    }

    /// Of a pong.
    pub(super) fn pong(to: u64, microseconds: u64) -> Self {
        let said = Self { protocol: None, ..Self::nothing(AppProtocol::Jupyter) };
        said.and("", "", "").answers(to, "", microseconds)
    }

    pub(super) fn and(mut self, channel: &str, kind: &str, summary: &str) -> Self {
        let [channel, kind, summary] = [channel, kind, summary].map(|text| self.word(text));
        self.packets.push(AppPlaces { channel, kind, summary, ..AppPlaces::default() });
        self
    }

    pub(super) fn answers(mut self, to: u64, kind: &str, microseconds: u64) -> Self {
        let kind = self.word(kind);
        let packet = self.packets.last_mut().expect("there is a packet");
        packet.reply = Some((to, Some(Duration::from_micros(microseconds))));
        packet.reply_kind = kind;
        self
    }

    pub(super) fn heartbeat(mut self) -> Self {
        self.packets.last_mut().expect("there is a packet").is_heartbeat = true;
        self
    }

    pub(super) fn body(self, body: Body<'static>) -> Self {
        Self { body: Some(body), ..self }
    }

    pub(super) fn malformed(self, malformed: &'static str) -> Self {
        Self { malformed: Some(malformed), ..self }
    }

    /// It stays in memory, which a test can spare.
    pub(super) fn app(&self) -> &App<'_> {
        Box::leak(Box::new(App {
            protocol: self.protocol,
            json: JsonText::new("{}"),
            body: self.body,
            malformed: self.malformed,
            has_other_packets: false,
            packets: &self.packets,
            words: &self.words,
        }))
    }

    fn word(&mut self, text: &str) -> Range<usize> {
        let start = self.words.len();
        self.words.push_str(text);
        start..self.words.len()
    }
}

/// Messages of several protocols, and what these say.
pub(super) fn protocols() -> Vec<(Message<'static>, Said)> {
    use AppProtocol::{EngineIo, JsonRpc, Jupyter, Mqtt, Terminado};
    let client = |opcode, body| Message::new(Side::Client, opcode, body);
    let server = |opcode, body| Message::new(Side::Server, opcode, body);
    let binary = |bytes| Body::Binary(bytes);
    let json = |text| Body::Json(JsonText::new(text));
    let code = r#"{"code":"for i in range(2):\n    print(i)","silent":false}"#;
    vec![
        (
            client(Opcode::Binary, binary(b"\x06\0\0\0 and so on, not told here")),
            Said::new(
                Jupyter,
                "shell",
                "execute_request",
                "for i in range(2):\n    print(i, 'a comment that makes it a long line')\n",
            )
            .body(json(code)),
        ),
        (
            server(Opcode::Binary, binary(b"\x06\0\0\0 neither")),
            Said::new(Jupyter, "iopub", "status", "busy").answers(7, "execute_request", 2_900),
        ),
        (
            server(Opcode::Binary, binary(b"\x06\0\0\0 nor this")),
            Said::new(Jupyter, "iopub", "stream", "stdout  \x1b[1m0\x1b[0m\n1\n")
                .answers(7, "execute_request", 12_300)
                .body(Body::Text("\x1b[1m0\x1b[0m\n1\n")),
        ),
        (
            server(Opcode::Binary, binary(b"\x06\0\0\0 nor that")),
            Said::new(Jupyter, "iopub", "error", "NameError: name 'x' is not defined")
                .answers(7, "execute_request", 15_000)
                .body(json(r#"{"ename":"NameError","evalue":"name 'x' is not defined"}"#)),
        ),
        (
            client(Opcode::Text, json(r#"{"jsonrpc":"2.0","method":"add","params":[1,2],"id":1}"#)),
            Said::new(JsonRpc, "", "request", "add").body(json("[1,2]")),
        ),
        (
            server(Opcode::Text, json(r#"{"jsonrpc":"2.0","result":3,"id":1}"#)),
            Said::new(JsonRpc, "", "response", "").answers(11, "add", 250).body(json("3")),
        ),
        (
            server(Opcode::Binary, binary(b"\x30\x09\0\x03a/b2150\x07\0\x03a/c71\xd0\0")),
            Said::new(Mqtt, "a/b", "PUBLISH", "21")
                .and("a/c", "PUBLISH", "7")
                .and("", "PINGRESP", "")
                .heartbeat()
                .answers(9, "PINGREQ", 31_400),
        ),
        (server(Opcode::Text, Body::Text("2")), Said::new(EngineIo, "", "ping", "").heartbeat()),
        (
            server(Opcode::Text, Body::Text("[\"stdout\"")),
            Said::nothing(Terminado).malformed("It is not JSON."),
        ),
        (client(Opcode::Ping, Body::Text("beat")), Said::nothing(Jupyter)),
        (server(Opcode::Pong, Body::Text("beat")), Said::pong(16, 90)),
    ]
}

/// The same as events of a connection, the handshake before them.
pub(super) fn protocol_events<'a>(
    connection: &'a Connection,
    handshake: &'a Handshake,
    told: &'a [(Message<'static>, Said)],
) -> Vec<Event<'a>> {
    let message = |(message, said): &'a (Message<'static>, Said)| {
        // A ping says nothing.
        let app = Some(said.app()).filter(|_| message.opcode != Opcode::Ping);
        Kind::Message(Message { app, ..*message })
    };
    let kinds = std::iter::once(Kind::Handshake(handshake)).chain(told.iter().map(message));
    kinds.zip(6..).map(|(kind, packet)| event(connection, packet, kind)).collect()
}

/// Text without the escape sequences that colour it.
pub(super) fn without_colors(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// Columns that a line takes on a terminal.
pub(super) fn columns(line: &str) -> usize {
    line.chars().map(|c| c.width().unwrap_or(1)).sum()
}

/// Whether every character of what a view wrote is harmless on a terminal.
pub(super) fn is_harmless(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || !is_hazardous(c))
}

/// Text as an attacker may send it.
pub(super) fn hostile_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -~]{0,12}",
        "[\0-\x1f\x7f-\u{9f}]{1,3}",
        "[\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2060}-\u{2069}\u{feff}\u{61c}\u{ad}\u{e0000}-\u{e007f}]{1,3}",
        "[a-zé日本語🎉ب\u{301}\u{fe0f}]{0,12}",
        Just("\x1b]0;title\x07\x1b[2J".to_owned()),
        Just("\"\\\n\r\t ".to_owned()),
        ".{0,4}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// A JSON document with white space wherever it may stand, and the same
/// without.
pub(super) fn json_document() -> impl Strategy<Value = (String, String)> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        json_string(),
    ]
    .prop_map(|text| (text.clone(), text));
    let tree = leaf.prop_recursive(5, 60, 8, |inner| {
        let member = ("[ \t\r\n]{0,2}", json_string(), "[ \n]{0,1}", inner.clone()).prop_map(
            |(white, key, more, (spaced, plain))| {
                (format!("{white}{key}{more}:{white}{spaced}{more}"), format!("{key}:{plain}"))
            },
        );
        let element = ("[ \t\r\n]{0,2}", inner)
            .prop_map(|(white, (spaced, plain))| (format!("{white}{spaced}{white}"), plain));
        let joined = |items: Vec<(String, String)>, open: &str, close: &str| {
            let (spaced, plain): (Vec<_>, Vec<_>) = items.into_iter().unzip();
            (
                format!("{open}{}{close}", spaced.join(",")),
                format!("{open}{}{close}", plain.join(",")),
            )
        };
        prop_oneof![
            prop::collection::vec(member, 0..6).prop_map(move |members| joined(members, "{", "}")),
            prop::collection::vec(element, 0..12)
                .prop_map(move |elements| joined(elements, "[", "]")),
        ]
    });
    ("[ \t\r\n]{0,3}", tree)
        .prop_map(|(white, (spaced, plain))| (format!("{white}{spaced}{white}"), plain))
}

/// A JSON string that holds nothing that a view would escape.
fn json_string() -> impl Strategy<Value = String> {
    "\"([ !#-\\[\\]-~é日本🎉]|\\\\[\"\\\\/bfnrt]|\\\\u[0-9a-f]{4}){0,30}\""
}

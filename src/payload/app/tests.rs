use super::*;
use crate::payload::classify;
use crate::types::{AppProtocol, Body, Limits, SourceId, Timestamp};

/// A connection that carries one protocol, for tests of its decoder. The first
/// message ends in packet 1, each next one in the next packet, a millisecond later.
pub(super) struct Talk {
    apps: Apps,
    story: Story,
    packet: u64,
    summary: String,
    channel: String,
    body: Option<Vec<u8>>,
    is_heartbeat: bool,
}

impl Talk {
    pub(super) fn new(protocol: AppProtocol) -> Self {
        Self::in_dialect(protocol, carried::Dialect::Usual)
    }

    pub(super) fn in_dialect(protocol: AppProtocol, dialect: carried::Dialect) -> Self {
        Self {
            apps: Apps { carried: Some(Carried { protocol, dialect }), ..Apps::default() },
            ..Self::unknown()
        }
    }

    /// One with this handshake.
    pub(super) fn after(handshake: &Handshake) -> Self {
        Self { apps: Apps::new(handshake), ..Self::unknown() }
    }

    /// One whose messages have to show it.
    pub(super) fn unknown() -> Self {
        Self {
            apps: Apps::default(),
            story: Story::new(&Limits::default()),
            packet: 0,
            summary: String::new(),
            channel: String::new(),
            body: None,
            is_heartbeat: false,
        }
    }

    /// What is said of a text message; empty where it is nothing.
    pub(super) fn text(&mut self, from: Side, text: &str) -> String {
        self.message(from, Opcode::Text, text.as_bytes())
    }

    /// What is said of a binary message.
    pub(super) fn binary(&mut self, from: Side, bytes: &[u8]) -> String {
        self.message(from, Opcode::Binary, bytes)
    }

    pub(super) fn message(&mut self, from: Side, opcode: Opcode, payload: &[u8]) -> String {
        self.packet += 1;
        let time = Timestamp::from_nanoseconds(self.packet as i64 * 1_000_000);
        let origin =
            Origin { packet: self.packet, time: Some(time), source: SourceId(0), tcp_length: 0 };
        let message = Message::new(from, opcode, classify(payload, true));
        let app = self.apps.read(&message, origin, &mut self.story);
        let packets = || app.iter().flat_map(|app| app.packets());
        let summaries: Vec<&str> = packets().map(|packet| packet.summary).collect();
        self.summary = summaries.join(" | ");
        self.channel = packets().next().map_or("", |packet| packet.channel).to_owned();
        self.is_heartbeat = app.is_some_and(|app| app.is_heartbeat());
        self.body = app.and_then(|app| app.body).map(|body| body.bytes().to_vec());
        let json = app.map_or("", |app| app.json.text());
        assert!(
            json.is_empty() || matches!(classify(json.as_bytes(), true), Body::Json(_)),
            "{json}"
        );
        json.to_owned()
    }

    /// Something of this side is missing.
    pub(super) fn gap(&mut self, side: Side) {
        self.apps.gap(side);
    }

    /// Bytes of memory that it keeps.
    pub(super) fn cost(&self) -> usize {
        self.apps.cost()
    }

    /// It gives them up.
    pub(super) fn shed(&mut self) {
        self.apps.shed();
    }

    /// What was said of the last message for people.
    pub(super) fn summary(&self) -> &str {
        &self.summary
    }

    /// Where the first packet of the last message belongs.
    pub(super) fn channel(&self) -> &str {
        &self.channel
    }

    /// What the last message carries, if it is told apart from its payload.
    pub(super) fn body(&self) -> Option<&str> {
        self.body.as_ref().and_then(|body| str::from_utf8(body).ok())
    }
}

#[test]
fn a_pong_answers_the_ping_of_the_same_payload() {
    let mut talk = Talk::unknown();
    for payload in [b"one", b"two"] {
        assert_eq!(talk.message(Side::Server, Opcode::Ping, payload), "");
    }
    assert_eq!(talk.message(Side::Server, Opcode::Pong, b"one"), "", "its own");
    assert_eq!(
        talk.message(Side::Client, Opcode::Pong, b"one"),
        r#"{"reply_to":1,"latency":0.003000000}"#
    );
    assert_eq!(talk.message(Side::Client, Opcode::Pong, b"one"), "", "answered");
    talk.gap(Side::Server);
    assert_eq!(talk.message(Side::Client, Opcode::Pong, b"two"), "", "there may be a later one");
}

#[test]
fn a_protocol_shows_itself_in_the_first_messages_or_not_at_all() {
    let mut talk = Talk::unknown();
    let shows = r#"{"jsonrpc":"2.0","method":"hello"}"#;
    for _ in 1..MOST_TRIES {
        assert_eq!(talk.text(Side::Client, "{}"), "");
    }
    assert!(talk.text(Side::Client, shows).contains("jsonrpc"));
    let mut talk = Talk::unknown();
    for _ in 0..MOST_TRIES {
        assert_eq!(talk.text(Side::Client, "{}"), "");
    }
    assert_eq!(talk.text(Side::Client, shows), "");
}

#[test]
fn requests_are_bounded() {
    let limits = Limits { requests: 2, ..Limits::default() };
    let mut talk = Talk { story: Story::new(&limits), ..Talk::new(AppProtocol::JsonRpc) };
    for id in 0..4 {
        talk.text(Side::Client, &format!(r#"{{"jsonrpc":"2.0","method":"m","id":{id}}}"#));
    }
    assert_eq!(talk.story.take_forgotten(), 2);
    let cost = talk.apps.cost();
    assert!(!talk.text(Side::Server, r#"{"result":0,"id":1}"#).contains("reply_to"));
    assert!(talk.text(Side::Server, r#"{"result":0,"id":3}"#).contains(r#""reply_to":4"#));
    assert!(talk.apps.cost() < cost);
    talk.apps.shed();
    assert!(!talk.text(Side::Server, r#"{"result":0,"id":2}"#).contains("reply_to"));
}

#[test]
fn many_packets_in_a_message() {
    let mut talk = Talk::new(AppProtocol::JsonRpc);
    let one = r#"{"jsonrpc":"2.0","method":"m"}"#;
    assert_eq!(
        talk.text(Side::Client, &format!("[{one},{one}]")),
        r#"{"protocol":"jsonrpc","type":"notification","parts":[{"type":"notification","method":"m"},{"type":"notification","method":"m"}]}"#
    );
    assert_eq!(talk.summary(), "m | m");
    let many = [one; 300].join(",");
    let told = talk.text(Side::Client, &format!("[{many}]"));
    assert!(told.ends_with(r#"],"more_parts":44}"#), "{told}");
}

#[test]
fn what_was_read_of_bytes_is_shown_in_their_place() {
    let mut talk = Talk::new(AppProtocol::Mqtt);
    talk.binary(Side::Client, b"\x10\x0e\0\x04MQTT\x04\x02\0\x3c\0\x02c1");
    let facts = r#"{"version":"3.1.1","client_id":"c1","keep_alive":60,"clean_start":true}"#;
    assert_eq!(talk.body(), Some(facts));
    talk.binary(Side::Client, b"\xc0\0");
    assert_eq!(talk.body(), Some(""), "nothing but what kind it is");
    talk.binary(Side::Client, b"\xc0\0\xc0\0");
    let parts = r#"[{"type":"PINGREQ","heartbeat":true},{"type":"PINGREQ","heartbeat":true}]"#;
    assert_eq!(talk.body(), Some(parts));
    talk.binary(Side::Client, b"\x10");
    assert_eq!(talk.body(), None, "not all of it");

    let mut talk = Talk::new(AppProtocol::JsonRpc);
    let one = r#"{"jsonrpc":"2.0","method":"m","params":[1]}"#;
    talk.text(Side::Client, one);
    assert_eq!(talk.body(), Some("[1]"), "what it says itself");
    talk.text(Side::Client, &format!("[{one},{one}]"));
    assert_eq!(talk.body(), None, "JSON is readable");
    talk.text(Side::Client, "[");
    assert_eq!(talk.body(), None, "as it was sent");
}

#[test]
fn what_is_only_counted_may_be_no_heartbeat() {
    let mut talk = Talk::new(AppProtocol::Mqtt);
    let mut pings = b"\xc0\0".repeat(300);
    let told = talk.binary(Side::Client, &pings);
    assert!(told.starts_with(r#"{"protocol":"mqtt","type":"PINGREQ","heartbeat":true,"#));
    assert!(talk.is_heartbeat);
    pings.extend_from_slice(b"\x30\x04\0\x01tx");
    let told = talk.binary(Side::Client, &pings);
    assert!(told.starts_with(r#"{"protocol":"mqtt","type":"PINGREQ","parts":"#));
    assert!(!talk.is_heartbeat);
}

#[test]
fn what_cannot_be_read_may_be_no_heartbeat() {
    let mut talk = Talk::new(AppProtocol::Mqtt);
    let told = talk.binary(Side::Client, b"\xc0\0\0 is no packet");
    assert!(told.contains("PINGREQ") && told.contains("malformed"), "{told}");
    assert!(!talk.is_heartbeat);
}

#[test]
fn nothing_takes_less_than_no_time() {
    let mut talk = Talk::new(AppProtocol::JsonRpc);
    talk.text(Side::Client, r#"{"jsonrpc":"2.0","method":"m","id":1}"#);
    let time = Some(Timestamp::from_nanoseconds(0));
    let origin = Origin { packet: 2, time, source: SourceId(0), tcp_length: 0 };
    let payload = br#"{"jsonrpc":"2.0","result":1,"id":1}"#;
    let message = Message::new(Side::Server, Opcode::Text, classify(payload, true));
    let app = talk.apps.read(&message, origin, &mut talk.story).unwrap();
    assert!(app.json.text().ends_with(r#""reply_to":1,"reply_to_type":"m"}"#));
}

#[test]
fn the_room_of_requests_that_were_answered_counts() {
    let mut talk = Talk::new(AppProtocol::JsonRpc);
    for id in 0..1000 {
        talk.text(Side::Client, &format!(r#"{{"method":"m","id":{id}}}"#));
    }
    for id in 0..1000 {
        talk.text(Side::Server, &format!(r#"{{"result":1,"id":{id}}}"#));
    }
    assert!(talk.cost() > 1000 * size_of::<usize>());
    talk.shed();
    assert!(talk.cost() < 1000);
}

#[test]
fn json_that_is_too_deep_is_not_called_something_else() {
    let mut talk = Talk::new(AppProtocol::JsonRpc);
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let told = talk.text(Side::Client, &deep);
    assert!(told.contains("It is JSON of more levels than are read."), "{told}");
}

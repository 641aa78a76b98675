//! Any text as a filter, asked about messages, one of them of any payload, and about
//! everything else that is told.
//!
//! What is printed of it means the same, and is printed the same again; a fault lies in
//! the text. What a conversation or a handshake rules out is never selected. Nothing
//! takes long, for which libFuzzer's `-timeout` has to be set.

#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libfuzzer_sys::fuzz_target;
use wsdump::filter::{Filter, Scratch, Selection, bpf};
use wsdump::payload::classify;
use wsdump::types::{
    AcceptStatus, App, AppProtocol, Body, Close, Connection, Endpoint, Event, Flow, Gap, Handshake,
    Header, JsonText, Kind, Message, NextFrame, Opcode, Rule, Side, Source, Violation,
};
use wsdump_fuzz::origin;

fuzz_target!(|input: &[u8]| {
    // What follows the filter behind a NUL is a payload.
    let end = input.iter().position(|byte| *byte == 0).unwrap_or(input.len());
    let (text, payload) = input.split_at(end);
    let Ok(text) = std::str::from_utf8(text) else { return };
    let filter = match Filter::parse(text) {
        Ok(filter) => filter,
        Err(error) => {
            assert!(text.get(error.span.clone()).is_some(), "{error:?}");
            assert!(!error.message.is_empty() && error.message.lines().count() == 1, "{error:?}");
            return;
        }
    };
    let printed = filter.to_string();
    let again = Filter::parse(&printed).expect("what is printed is a filter");
    assert_eq!(again.to_string(), printed);
    let _ = bpf(&Selection::default(), Some(&filter));

    let payload = payload.get(1..).unwrap_or_default();
    let other = classify(payload, true);
    let bodies = [JSON, OTHER_JSON].map(|text| Body::Json(JsonText::new(text)));
    let bodies = [bodies[0], bodies[1], Body::Text("hello, hello"), Body::Binary(b"\xff\0"), other];
    for (stream, address) in
        [IpAddr::V4(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()].into_iter().enumerate()
    {
        let end = |port| Endpoint { address, port };
        let connection = Connection {
            stream: stream as u64,
            h2_stream: None,
            client: end(50_000),
            server: end(80),
            inferred: stream == 1,
        };
        let handshake = handshake();
        for handshake in [None, Some(&handshake)] {
            let about = About { filter: &filter, again: &again, connection: &connection };
            about.ask(handshake, &bodies);
        }
    }
});

const JSON: &str = r#"{"a":[1,-2.5e3,{"b":"\u00e9\"x"},[]],"type":"event","a":null,"c d":true}"#;
const OTHER_JSON: &str = "[0, 12345678901234567890, \"text\", {\"id\": 7, \"ids\": [7, 8]}]";

/// Who is asked about what.
struct About<'a> {
    filter: &'a Filter,
    /// The same, as it was printed.
    again: &'a Filter,
    connection: &'a Connection,
}

impl About<'_> {
    fn ask(&self, handshake: Option<&Handshake>, bodies: &[Body<'_>]) {
        let marks = self.filter.remember(handshake);
        assert_eq!(marks, self.again.remember(handshake));
        let Connection { client, server, stream, .. } = *self.connection;
        let (conversation, _) = Flow { source: client, destination: server }.conversation();
        let may_be = self.filter.may_select(&conversation, stream);
        let may_be_here = self.filter.may_select_of(self.connection, &marks);
        assert!(may_be || !may_be_here, "more is known with the handshake");
        let scratch = Scratch::default();
        for kind in kinds(handshake, bodies) {
            let event = Event {
                origin: origin(7, 1_000),
                source: &Source { file: None, interface: None },
                connection: self.connection,
                is_first: false,
                kind,
            };
            let given = handshake.map(|_| &marks);
            let is_selected = self.filter.selects(&event, given, &scratch);
            assert_eq!(is_selected, self.again.selects(&event, given, &scratch), "{event:?}");
            assert!(!is_selected || may_be && may_be_here, "ruled out, and selected: {event:?}");
        }
    }
}

/// Something of each kind that is told.
fn kinds<'a>(handshake: Option<&'a Handshake>, bodies: &[Body<'a>]) -> Vec<Kind<'a>> {
    let mut kinds: Vec<Kind<'a>> = handshake.map(Kind::Handshake).into_iter().collect();
    for (index, body) in bodies.iter().enumerate() {
        let side = if index % 2 == 0 { Side::Client } else { Side::Server };
        const APP: &App<'_> = &App::new(AppProtocol::Jupyter, JsonText::new(r#"{"type":"event"}"#));
        let opcode = if matches!(body, Body::Binary(_)) { Opcode::Binary } else { Opcode::Text };
        let mut message = Message::new(side, opcode, *body);
        message.app = (index == 1).then_some(APP);
        message.frames = 1 + index as u64 % 2;
        message.masking_key = (side == Side::Client).then_some([0x37, 0xfa, 0x21, 0x3d]);
        kinds.push(Kind::Message(message));
    }
    let close = Close { code: Some(1000), code_name: None, reason: Some("done") };
    let body = Body::Binary(b"\x03\xe8done");
    let close = Some(close);
    kinds.push(Kind::Message(Message { close, ..Message::new(Side::Server, Opcode::Close, body) }));
    kinds.push(Kind::Violation(Violation { from: None, rule: Rule::ALL[0], detail: "" }));
    kinds.push(Kind::Gap(Gap {
        from: Side::Client,
        bytes: Some(9),
        next_frame: NextFrame::Known,
        undecoded: 0,
    }));
    kinds
}

fn handshake() -> Handshake {
    let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
    Handshake {
        method: Some("GET".into()),
        target: Some("/chat?room=7".into()),
        request_headers: Some(vec![header("Host", "example.com"), header("Upgrade", "websocket")]),
        response_headers: Some(vec![header("upgrade", "WebSocket"), header("Server", "x/1")]),
        status: Some(101),
        reason: Some("Switching Protocols".into()),
        accept_status: Some(AcceptStatus::Valid),
        ..Handshake::default()
    }
}

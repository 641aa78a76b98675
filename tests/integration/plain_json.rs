//! What `payload` says of JSON, against what `output` does to it.

use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;
use wsdump::output::{Json, PayloadForm, Spool, View};
use wsdump::payload::classify;
use wsdump::types::{
    Body, Connection, Endpoint, Event, JsonText, Kind, Message, Opcode, Origin, Side, Source,
    SourceId,
};

/// The payload in the line that a message of it makes.
fn shown(json: JsonText<'_>) -> String {
    let endpoint = |port| Endpoint { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port };
    let connection = Connection {
        stream: 0,
        h2_stream: None,
        client: endpoint(50_000),
        server: endpoint(80),
        inferred: false,
    };
    let message = Message::new(Side::Server, Opcode::Text, Body::Json(json));
    let event = Event {
        origin: Origin { packet: 1, time: None, source: SourceId(0), tcp_length: 0 },
        source: &Source { file: None, interface: None },
        connection: &connection,
        is_first: true,
        kind: Kind::Message(message),
    };
    let mut out = Spool::default();
    Json::new(PayloadForm::Auto).event(&event, &mut out);
    let line = String::from_utf8(out.into_bytes()).unwrap();
    let (_, payload) = line.split_once(r#","json":"#).unwrap();
    payload.strip_suffix("}\n").unwrap().to_owned()
}

/// `text` is shown the same whether it is called plain or not, and as it is
/// where it is called so.
fn check(text: &str) {
    let Body::Json(json) = classify(text.as_bytes(), true) else {
        panic!("{text:?} is JSON");
    };
    let compacted = shown(JsonText::new(text));
    assert_eq!(shown(json), compacted, "{text:?}");
    if json.is_plain() {
        assert_eq!(compacted, text);
    }
}

#[test]
fn every_character_in_a_string() {
    let is_itself = |c: &char| !matches!(c, '\0'..='\u{1f}' | '"' | '\\');
    for c in (0..=0x10_ffff).filter_map(char::from_u32).filter(is_itself) {
        check(&format!("[\"{c}\"]"));
    }
}

proptest! {
    /// White space, and what could steer a terminal or looks like it, anywhere.
    #[test]
    fn what_is_plain_is_shown_as_it_is(
        strings in prop::collection::vec(
            prop_oneof![
                "[ -!#-\\[\\]-~é日本🎉ب]{0,40}",
                "[\x7f-\u{a0}\u{61b}-\u{61d}\u{1fff}-\u{2080}“”…]{0,3}",
                "(\\\\[\"\\\\/bfnrt]|\\\\u[0-9a-f]{4}){0,3}",
            ],
            1..8,
        ),
        white in prop::collection::vec(prop::sample::select(vec!["", "", "", " ", "\t\r\n"]), 8),
    ) {
        let elements: Vec<String> =
            strings.iter().zip(&white).map(|(text, white)| format!("{white}\"{text}\"")).collect();
        check(&format!("[{}]", elements.join(",")));
        check(&format!("{{{}:1{}}}", elements[0], white[7]));
    }
}

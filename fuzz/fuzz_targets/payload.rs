//! Any bytes as a payload.
//!
//! It is JSON exactly when serde_json says so and it lies at most 128 levels
//! deep, text exactly when it is other UTF-8; the part of a message is shown
//! up to a code point that was cut. JSON that is called plain is shown as it is,
//! and the same without being called so.

#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use wsdump::output::{Json, PayloadForm, Spool, View};
use wsdump::payload::classify;
use wsdump::types::{
    Body, Connection, Endpoint, Event, JsonText, Kind, Message, Opcode, Side, Source,
};
use wsdump_fuzz::origin;

fuzz_target!(|payload: &[u8]| {
    let expected = match std::str::from_utf8(payload) {
        Err(_) => Body::Binary(payload),
        Ok(text) if serde_json::from_str::<IgnoredAny>(text).is_ok() && depth(text) <= 128 => {
            Body::Json(JsonText::new(text))
        }
        Ok(text) => Body::Text(text),
    };
    let found = match classify(payload, true) {
        Body::Json(json) => {
            check_plain(json);
            Body::Json(JsonText::new(json.text()))
        }
        other => other,
    };
    assert_eq!(found, expected);

    match classify(payload, false) {
        Body::Json(_) => panic!("a part is never taken for JSON"),
        Body::Binary(bytes) => {
            assert_eq!(bytes, payload);
            let error = std::str::from_utf8(payload).expect_err("not UTF-8");
            assert!(error.error_len().is_some(), "only cut");
        }
        Body::Text(text) => {
            assert!(payload.starts_with(text.as_bytes()) && payload.len() - text.len() < 4);
            assert!(payload.len() == text.len() || std::str::from_utf8(payload).is_err());
        }
    }
});

/// Nothing has to be done to plain JSON before it is shown.
fn check_plain(json: JsonText<'_>) {
    let shown = shown(json);
    if json.is_plain() {
        let steers = |c| {
            matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!json.text().contains(steers), "not to be shown");
        assert!(!outside_strings(json.text()).any(|c| c.is_ascii_whitespace()), "white space");
        assert!(shown.contains(&format!(r#","json":{}}}"#, json.text())), "not as it is");
    }
    assert_eq!(shown, self::shown(JsonText::new(json.text())));
}

/// A message of it as a line of JSON.
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
        origin: origin(1, 0),
        source: &Source { file: None, interface: None },
        connection: &connection,
        is_first: true,
        kind: Kind::Message(message),
    };
    let mut out = Spool::default();
    Json::new(PayloadForm::Auto).event(&event, &mut out);
    String::from_utf8(out.into_bytes()).expect("output is UTF-8")
}

/// Levels of arrays and objects in valid JSON.
fn depth(json: &str) -> usize {
    let (mut level, mut deepest) = (0_usize, 0);
    for c in outside_strings(json) {
        match c {
            '[' | '{' => {
                level += 1;
                deepest = deepest.max(level);
            }
            ']' | '}' => level -= 1,
            _ => {}
        }
    }
    deepest
}

/// The characters of valid JSON that are in no string.
fn outside_strings(json: &str) -> impl Iterator<Item = char> {
    let (mut quoted, mut escaped) = (false, false);
    json.chars().filter(move |c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return !quoted,
        }
        false
    })
}

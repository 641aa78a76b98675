//! What binary messages hold, with the whole program, on traffic made by hand.

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::command::{run, scratch};
use crate::made::{Capture, Connection, Header, Side, frame};

/// `{"celsius":20.5}` as `gzip` makes it.
const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xabVJN\xcd)\xce,-V\xb222\xd03\xad\x05\0\x8d\x0e\xfb=\x10\0\0\0";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0";
/// `{"celsius": 20.5}` in MessagePack, and `{1: h'ff'}` in CBOR.
const MSGPACK: &[u8] = b"\x81\xa7celsius\xcb\x40\x34\x80\0\0\0\0\0";
const CBOR: &[u8] = b"\xa1\x01\x41\xff";

fn recorded(name: &str, messages: &[&[u8]]) -> PathBuf {
    let path = scratch(name).join("made.pcap");
    let mut capture = Capture::create(&path).unwrap();
    let mut connection = Connection::on_ethernet(7, 80);
    connection.dial(&mut capture).unwrap();
    connection.upgrade(&mut capture, false).unwrap();
    for message in messages {
        let bytes = frame(Header::BINARY, Side::Server, message);
        connection.send(&mut capture, Side::Server, &bytes).unwrap();
    }
    capture.finish().unwrap();
    path
}

/// What is inside each message, or null.
fn inside(path: &Path, arguments: &[&str]) -> Vec<Value> {
    let schema = include_str!("../../docs/events.schema.json");
    let schema: Validator =
        jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let arguments = ["-q", "-T", "json"].into_iter().chain(arguments.iter().copied());
    let mut events = run(arguments.chain(path.to_str())).events();
    events.retain(|event| event["event"] == "message");
    for event in &events {
        schema.validate(event).unwrap_or_else(|error| panic!("{error}: {event}"));
    }
    events.into_iter().map(|event| event["inside"].clone()).collect()
}

#[test]
fn payloads_are_opened_named_and_read() {
    let path = recorded("inside", &[GZIP, PNG, MSGPACK, CBOR, b"\xff\0\xff"]);
    let gzip = json!({"format": "gzip", "length": 16, "json": {"celsius": 20.5}});
    let png = json!({"format": "png", "media_type": "image/png"});
    let msgpack = json!({"format": "msgpack", "json": {"celsius": 20.5}});
    let cbor = json!({"format": "cbor", "json": {"1": {"base64": "/w=="}}});
    let none = Value::Null;
    assert_eq!(inside(&path, &[]), [&gzip, &png, &none, &none, &none].map(Value::clone));
    assert_eq!(
        inside(&path, &["--decode", "msgpack", "--decode", "cbor"]),
        [&gzip, &png, &msgpack, &cbor, &none].map(Value::clone)
    );
    assert_eq!(
        inside(&path, &["--decode", "cbor"]),
        [&gzip, &png, &none, &cbor, &none].map(Value::clone)
    );
}

#[test]
fn what_opens_to_more_than_the_limit_is_cut() {
    let path = recorded("bomb", &[GZIP]);
    let cut = json!({"format": "gzip", "length": 4, "text": "{\"ce", "truncated": true});
    assert_eq!(inside(&path, &["--limit", "opened=4"]), [cut]);
    let cut = json!({"format": "gzip", "length": 4, "truncated": true});
    assert_eq!(inside(&path, &["--limit", "opened=4", "--payload", "none"]), [cut]);
}

#[test]
fn there_are_no_other_formats_to_ask_for() {
    let ran = run(["--decode", "protobuf", "captures/handwritten.pcap"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("msgpack, cbor"), "{}", ran.stderr);
}

//! Every recording, against what its applications logged as sent and received.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::command::{captures, run};

/// One message, as far as it was logged.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Message {
    opcode: String,
    length: Option<u64>,
    sha256: Option<String>,
    code: Option<u64>,
    reason: Option<String>,
}

impl Message {
    fn is_data(&self) -> bool {
        matches!(self.opcode.as_str(), "text" | "binary")
    }

    /// Whether it may be `logged`, which may know less of it.
    fn is(&self, logged: &Self) -> bool {
        fn agrees<T: PartialEq>(found: Option<&T>, logged: Option<&T>) -> bool {
            logged.is_none() || found == logged
        }
        self.opcode == logged.opcode
            && agrees(self.length.as_ref(), logged.length.as_ref())
            && agrees(self.sha256.as_ref(), logged.sha256.as_ref())
            && agrees(self.code.as_ref(), logged.code.as_ref())
            && agrees(self.reason.as_ref(), logged.reason.as_ref())
    }
}

/// Client address, and who sent.
type Side = (String, String);

fn text(value: &Value, field: &str) -> Option<String> {
    value.get(field)?.as_str().map(str::to_owned)
}

fn logged_message(line: &Value) -> Message {
    Message {
        opcode: text(line, "opcode").unwrap(),
        length: line.get("length").and_then(Value::as_u64),
        sha256: text(line, "sha256"),
        code: line.get("code").and_then(Value::as_u64),
        reason: text(line, "reason").filter(|reason| !reason.is_empty()),
    }
}

fn found_message(event: &Value) -> Message {
    let payload = STANDARD.decode(text(event, "base64").unwrap()).unwrap();
    assert_eq!(event["length"], payload.len());
    let hex: String = Sha256::digest(&payload).iter().map(|byte| format!("{byte:02x}")).collect();
    Message { sha256: Some(hex), ..logged_message(event) }
}

/// Whether `logged` are among `found`, in the same order.
fn is_subsequence(logged: &[Message], found: &[Message]) -> bool {
    let mut rest = found.iter();
    logged.iter().all(|logged| rest.any(|found| found.is(logged)))
}

fn compare(path: &Path) {
    let name = path.file_name().unwrap().to_str().unwrap();
    let log = std::fs::read_to_string(path.with_extension("jsonl")).unwrap();
    let mut lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let header = lines.next().unwrap();

    let ran = run(["-T", "json", "--payload", "base64", path.to_str().unwrap()]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{name}");
    let events = ran.events();

    compare_connections(name, &header, &events);

    let mut found: BTreeMap<Side, Vec<Message>> = BTreeMap::new();
    for event in events.iter().filter(|event| event["event"] == "message") {
        assert_eq!(event["complete"], true, "{name}: {event}");
        let side = (text(event, "client").unwrap(), text(event, "from").unwrap());
        found.entry(side).or_default().push(found_message(event));
    }
    let mut logs: BTreeMap<(Side, String), Vec<Message>> = BTreeMap::new();
    for line in lines {
        let side = (text(&line, "client").unwrap(), text(&line, "from").unwrap());
        let by = text(&line, "by").unwrap();
        logs.entry((side, by)).or_default().push(logged_message(&line));
    }

    for ((side, by), logged) in &logs {
        let found = found.get(side).unwrap_or_else(|| panic!("{name}: nothing from {side:?}"));
        let data = |messages: &[Message]| -> Vec<Message> {
            messages.iter().filter(|message| message.is_data()).cloned().collect()
        };
        let (found_data, logged_data) = (data(found), data(logged));
        assert_eq!(found_data.len(), logged_data.len(), "{name}: {side:?} as the {by} logged");
        for (found, logged) in found_data.iter().zip(&logged_data) {
            assert!(found.is(logged), "{name}: {side:?}: {found:?} is not {logged:?}");
        }
        assert!(is_subsequence(logged, found), "{name}: {side:?}: order, as the {by} logged");
    }
    for (side, found) in &found {
        let logs: Vec<_> = logs.iter().filter(|((of, _), _)| of == side).collect();
        assert!(!logs.is_empty(), "{name}: nobody logged {side:?}");
        if header["control"] == "complete" {
            for opcode in ["ping", "pong", "close"] {
                let count = |messages: &[Message]| {
                    messages.iter().filter(|message| message.opcode == opcode).count()
                };
                let logged = logs.iter().map(|(_, messages)| count(messages)).max().unwrap();
                assert_eq!(count(found), logged, "{name}: {opcode} from {side:?}");
            }
        }
    }
}

fn compare_connections(name: &str, header: &Value, events: &[Value]) {
    let handshakes: Vec<&Value> =
        events.iter().filter(|event| event["event"] == "handshake").collect();
    let connections = header["connections"].as_array().unwrap();
    assert_eq!(handshakes.len(), connections.len(), "{name}");
    for (handshake, connection) in handshakes.iter().zip(connections) {
        for (found, logged) in [
            ("client", "client"),
            ("server", "server"),
            ("target", "path"),
            ("subprotocol", "subprotocol"),
            ("accept_status", "accept"),
        ] {
            assert_eq!(handshake.get(found), connection.get(logged), "{name}: {found}");
        }
        assert_eq!(handshake["status"], 101);
    }
    let ends: BTreeSet<&str> = events
        .iter()
        .filter(|event| event["event"] == "end")
        .map(|event| {
            assert!(matches!(event["state"].as_str(), Some("closed" | "tcp-closed")), "{event}");
            event["client"].as_str().unwrap()
        })
        .collect();
    assert_eq!(ends.len(), connections.len(), "{name}: one end each");
    for event in events {
        assert!(
            matches!(event["event"].as_str(), Some("handshake" | "message" | "end")),
            "{name}: nothing is wrong with these: {event}"
        );
    }
}

#[test]
fn every_message_that_was_logged_and_nothing_else() {
    for path in captures() {
        compare(&path);
    }
}

/// The counts at the end are those of the messages before it.
#[test]
fn ends_count_what_was_told() {
    for path in captures() {
        let ran = run(["-T", "json", "--frames", path.to_str().unwrap()]);
        let events = ran.events();
        for end in events.iter().filter(|event| event["event"] == "end") {
            for from in ["client", "server"] {
                let of = |kind: &str| {
                    events
                        .iter()
                        .filter(|event| {
                            event["event"] == kind
                                && event["connection"] == end["connection"]
                                && event["from"] == from
                        })
                        .collect::<Vec<_>>()
                };
                let messages = of("message");
                let bytes: u64 =
                    messages.iter().map(|event| event["length"].as_u64().unwrap()).sum();
                let counts = &end["counts"][from];
                assert_eq!(counts["messages"], messages.len(), "{}", path.display());
                assert_eq!(counts["bytes"], bytes);
                assert_eq!(counts["frames"], of("frame").len());
            }
        }
    }
}

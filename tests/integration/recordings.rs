//! Every recording, against what its applications logged as sent and received.

use std::collections::BTreeMap;
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

/// Of an incomplete message, its beginning as far as the capture has it.
fn found_message(event: &Value) -> Message {
    let payload = STANDARD.decode(text(event, "base64").unwrap()).unwrap();
    if event["complete"] == true {
        assert_eq!(event["length"], payload.len());
    }
    let hex: String = Sha256::digest(&payload).iter().map(|byte| format!("{byte:02x}")).collect();
    let length = Some(payload.len() as u64);
    Message { length, sha256: Some(hex), ..logged_message(event) }
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
    compare_messages(name, &header, &events, &lines.collect::<Vec<_>>());
    for event in &events {
        assert!(
            matches!(event["event"].as_str(), Some("handshake" | "message" | "end")),
            "{name}: nothing is wrong with these: {event}"
        );
    }
}

fn compare_connections(name: &str, header: &Value, events: &[Value]) {
    let logged = by_addresses(list(header, "connections"));
    let handshakes = by_addresses(of_kind(events, "handshake"));
    assert_eq!(handshakes.len(), logged.len(), "{name}");
    for (handshake, connection) in handshakes.iter().zip(&logged) {
        for (found, logged) in [
            ("client", "client"),
            ("server", "server"),
            ("target", "path"),
            ("subprotocol", "subprotocol"),
            ("accept_status", "accept"),
        ] {
            assert_eq!(handshake.get(found), connection.get(logged), "{name}: {found}");
        }
        let status = connection.get("status").and_then(Value::as_u64).unwrap_or(101);
        assert_eq!(handshake["status"], status, "{name}");
    }

    let upgraded: Vec<&Value> =
        logged.into_iter().filter(|connection| connection.get("status").is_none()).collect();
    let ends = by_addresses(of_kind(events, "end"));
    assert_eq!(ends.len(), upgraded.len(), "{name}: one end each");
    for (end, connection) in ends.iter().zip(&upgraded) {
        assert_eq!(addresses(end), addresses(connection), "{name}");
        match connection.get("end") {
            Some(state) => assert_eq!(end["state"], *state, "{name}: {end}"),
            None => assert!(matches!(end["state"].as_str(), Some("closed" | "tcp-closed"))),
        }
    }

    for other in list(header, "other_upgrades") {
        let told = events.iter().find(|event| addresses(event) == addresses(other));
        assert_eq!(told, None, "{name}: this is {}", other["upgrade"]);
    }
}

fn compare_messages(name: &str, header: &Value, events: &[Value], lines: &[Value]) {
    let mut found: BTreeMap<Side, Vec<Message>> = BTreeMap::new();
    let mut found_cut: BTreeMap<Side, Message> = BTreeMap::new();
    for event in of_kind(events, "message") {
        let side = side(event);
        assert!(!found_cut.contains_key(&side), "{name}: after a message that was cut: {event}");
        if event["complete"] == true {
            found.entry(side).or_default().push(found_message(event));
        } else {
            found_cut.insert(side, found_message(event));
        }
    }
    let mut logs: BTreeMap<(Side, String), Vec<Message>> = BTreeMap::new();
    let mut logged_cut: BTreeMap<Side, Message> = BTreeMap::new();
    for line in lines {
        if line["logged"] == "partly sent" {
            logged_cut.insert(side(line), logged_message(line));
        } else {
            let by = text(line, "by").unwrap();
            logs.entry((side(line), by)).or_default().push(logged_message(line));
        }
    }

    assert_eq!(found_cut, logged_cut, "{name}: cut by RST");
    let expected: Vec<Side> = by_addresses(list(header, "connections"))
        .into_iter()
        .flat_map(|connection| {
            let client = text(connection, "client").unwrap();
            list(connection, "cut").map(move |cut| (client.clone(), text(cut, "from").unwrap()))
        })
        .collect();
    assert!(found_cut.keys().eq(&expected), "{name}: {expected:?} are cut");

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

fn of_kind<'a>(events: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |event| event["event"] == kind)
}

/// What a field lists: nothing when it is absent.
fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value.get(field).into_iter().flat_map(|list| list.as_array().unwrap())
}

fn side(value: &Value) -> Side {
    (text(value, "client").unwrap(), text(value, "from").unwrap())
}

fn addresses(value: &Value) -> (Option<String>, Option<String>) {
    (text(value, "client"), text(value, "server"))
}

/// Connections that overlap may be logged in another order than the capture's;
/// what passes over one TCP connection keeps its order.
fn by_addresses<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<&'a Value> {
    let mut values: Vec<&Value> = values.collect();
    values.sort_by_key(|value| addresses(value));
    values
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
        for end in of_kind(&events, "end") {
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
                let bytes: u64 = messages
                    .iter()
                    .map(|message| {
                        // Of a message that was cut, the length may not be known.
                        let length = message.get("length").unwrap_or(&message["wire_length"]);
                        let missing = message.get("missing").map_or(0, |n| n.as_u64().unwrap());
                        length.as_u64().unwrap() - missing
                    })
                    .sum();
                let counts = &end["counts"][from];
                assert_eq!(counts["messages"], messages.len(), "{}", path.display());
                assert_eq!(counts["bytes"], bytes);
                assert_eq!(counts["frames"], of("frame").len());
            }
        }
    }
}

//! Every recording, against what its applications logged as sent and received.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::command::{captures, head_of_log, run};

/// One message, as far as it was logged.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Message {
    opcode: String,
    length: Option<u64>,
    sha256: Option<String>,
    code: Option<u64>,
    reason: Option<String>,
    compressed: Option<bool>,
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
            && agrees(self.compressed.as_ref(), logged.compressed.as_ref())
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
        compressed: line.get("compressed").and_then(Value::as_bool),
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
    let header = head_of_log(path);
    let ran = run(["-T", "json", "--payload", "base64", path.to_str().unwrap()]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{name}");
    let events = ran.events();

    compare_connections(name, &header, &events);
    compare_messages(name, &header, &events, &log(path));
    for event in &events {
        // What breaks a rule is looked at in `rules_on_the_wire`.
        assert!(
            matches!(event["event"].as_str(), Some("handshake" | "message" | "end" | "violation")),
            "{name}: nothing is wrong with these: {event}"
        );
    }
}

/// The lines after the first that are about WebSocket's messages.
fn log(path: &Path) -> Vec<Value> {
    let log = std::fs::read_to_string(path.with_extension("jsonl")).unwrap();
    log.lines()
        .skip(1)
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line.get("app").is_none())
        .collect()
}

fn compare_connections(name: &str, header: &Value, events: &[Value]) {
    let logged = by_addresses(list(header, "connections"));
    let handshakes = by_addresses(of_kind(events, "handshake"));
    let seen: Vec<&Value> =
        logged.iter().copied().filter(|connection| !is_inferred(connection)).collect();
    assert_eq!(handshakes.len(), seen.len(), "{name}");
    for (handshake, connection) in handshakes.iter().zip(&seen) {
        assert_eq!(addresses(handshake), addresses(connection), "{name}");
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
        assert_eq!(chosen_extensions(handshake), text(connection, "extensions"), "{name}");
    }
    for event in events {
        let connection = logged.iter().find(|logged| addresses(logged) == addresses(event));
        let inferred = connection.is_some_and(|connection| is_inferred(connection));
        assert_eq!(event["inferred"] == true, inferred, "{name}: {event}");
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

    assert!(found_cut.keys().eq(logged_cut.keys()), "{name}: {found_cut:?} cut by RST");
    for (side, found) in &found_cut {
        assert!(found.is(&logged_cut[side]), "{name}: {side:?}: {found:?} cut by RST");
    }
    let expected: Vec<Side> = by_addresses(list(header, "connections"))
        .into_iter()
        .flat_map(|connection| {
            let client = text(connection, "client").unwrap();
            list(connection, "cut").map(move |cut| (client.clone(), text(cut, "from").unwrap()))
        })
        .collect();
    assert!(found_cut.keys().eq(&expected), "{name}: {expected:?} are cut");

    let compresses = list(header, "connections").any(|connection| {
        text(connection, "extensions").is_some_and(|named| named.contains("permessage-deflate"))
    });
    let is_compressed = |message: &Message| message.compressed == Some(true);
    assert_eq!(found.values().flatten().any(is_compressed), compresses, "{name}");

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

/// What the response says of extensions, as it was sent.
fn chosen_extensions(handshake: &Value) -> Option<String> {
    let values: Vec<&str> = list(handshake, "response_headers")
        .map(|header| (header[0].as_str().unwrap(), header[1].as_str().unwrap()))
        .filter(|(name, _)| name.eq_ignore_ascii_case("Sec-WebSocket-Extensions"))
        .map(|(_, value)| value)
        .collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// Whether the capture begins after the connection's handshake.
fn is_inferred(connection: &Value) -> bool {
    connection["inferred"] == true
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

/// What of a recording is to be found in it.
enum Recorded {
    /// All messages, and nothing else.
    Whole,
    /// Connections, without their messages: those that break rules often have none.
    Connections,
    /// What the packets that are not left out let one know.
    Lossy { lost: usize },
    /// Messages that refer to others before the capture began.
    ContextLost,
}

impl Recorded {
    fn new(header: &Value) -> Self {
        let mut connections = list(header, "connections");
        if header["messages"] == "not logged" {
            Self::Connections
        } else if header.get("lost_packets").is_some() {
            Self::Lossy { lost: list(header, "lost_packets").count() }
        } else if connections.any(|one| is_inferred(one) && one.get("extensions").is_some()) {
            Self::ContextLost
        } else {
            Self::Whole
        }
    }
}

#[test]
fn every_message_that_was_logged_and_nothing_else() {
    for path in captures() {
        if matches!(Recorded::new(&head_of_log(&path)), Recorded::Whole) {
            compare(&path);
        }
    }
}

#[test]
fn every_connection_that_breaks_a_rule() {
    for path in captures() {
        let header = head_of_log(&path);
        if matches!(Recorded::new(&header), Recorded::Connections) {
            let ran = run(["-T", "json", path.to_str().unwrap()]);
            assert_eq!(ran.code, Some(0));
            compare_connections(path.to_str().unwrap(), &header, &ran.events());
        }
    }
}

/// A packet that is lost takes the messages in it with it, and hardly another.
#[test]
fn nothing_comes_of_lost_packets_that_was_not_sent() {
    for path in captures() {
        let Recorded::Lossy { lost } = Recorded::new(&head_of_log(&path)) else {
            continue;
        };
        let ran = run(["-T", "json", "--payload", "base64", path.to_str().unwrap()]);
        assert_eq!(ran.code, Some(0));
        let events = ran.events();
        let mut logs: BTreeMap<Side, Vec<Message>> = BTreeMap::new();
        for line in log(&path).iter().filter(|line| line["logged"] == "sent") {
            logs.entry(side(line)).or_default().push(logged_message(line));
        }
        let mut missing = 0;
        for (of, logged) in &logs {
            let data = |message: &&Message| message.is_data();
            let logged: Vec<&Message> = logged.iter().filter(data).collect();
            let found: Vec<Message> = of_kind(&events, "message")
                .filter(|event| side(event) == *of && event["complete"] == true)
                .map(found_message)
                .filter(Message::is_data)
                .collect();
            let mut rest = logged.iter();
            for found in &found {
                assert!(rest.any(|logged| found.is(logged)), "{of:?}: {found:?} was not sent");
            }
            missing += logged.len() - found.len();
        }
        assert!(missing <= 2 * lost, "{missing} messages for {lost} packets");
        let told = of_kind(&events, "violation").find(|event| event["severity"] == "error");
        assert_eq!(told, None);
    }
}

/// Messages that refer to those before the capture are told with their length
/// and as far as is certain.
#[test]
fn nothing_comes_of_a_missing_context_that_was_not_sent() {
    for path in captures() {
        let header = head_of_log(&path);
        let Some(connection) = list(&header, "connections")
            .find(|connection| is_inferred(connection) && connection.get("extensions").is_some())
        else {
            continue;
        };
        let name = path.file_name().unwrap().to_str().unwrap();
        let events = run(["-T", "json", "--payload", "base64", path.to_str().unwrap()]).events();
        for from in ["client", "server"] {
            let is_here =
                |value: &&Value| value["client"] == connection["client"] && value["from"] == from;
            let lines = log(&path);
            let logged: Vec<Message> = lines
                .iter()
                .filter(is_here)
                .filter(|line| line["by"] == from)
                .map(logged_message)
                .filter(Message::is_data)
                .collect();
            let found: Vec<&Value> = of_kind(&events, "message")
                .filter(is_here)
                .filter(|event| found_message(event).is_data())
                .collect();
            // It may take one to be sure where they begin.
            let before = logged.len() - found.len();
            assert!(before <= 1, "{name}: {before} of the {from} are not found");
            for (found, logged) in found.into_iter().zip(&logged[before..]) {
                assert_eq!(found["length"].as_u64(), logged.length, "{name}: {found}");
                if found["complete"] == true {
                    assert!(found_message(found).is(logged), "{name}: {found}");
                } else {
                    assert_eq!(found["not_inflated"], "context lost", "{name}: {found}");
                    assert!(found_message(found).length < logged.length, "{name}: {found}");
                }
            }
        }
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

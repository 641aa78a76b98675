//! What is said of the protocols inside, against what the applications logged of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::command::{captures, head_of_log, run};

/// Client address, who sent, and who logged it.
type Voice = (String, String, String);

/// One packet of a protocol: what `app` says of it.
struct Packet {
    event: usize,
    app: Map<String, Value>,
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no {field}: {value}")).to_owned()
}

/// The lines about protocols inside, in their order for each voice.
fn logged(path: &Path) -> BTreeMap<Voice, Vec<Value>> {
    let log = std::fs::read_to_string(path.with_extension("jsonl")).unwrap();
    let mut voices: BTreeMap<Voice, Vec<Value>> = BTreeMap::new();
    for line in log.lines().skip(1) {
        let line: Value = serde_json::from_str(line).unwrap();
        let Some(app) = line.get("app") else {
            continue;
        };
        let voice = (text(&line, "client"), text(&line, "from"), text(&line, "by"));
        let lines = voices.entry(voice).or_default();
        match app.get("parts").and_then(Value::as_array) {
            None => lines.push(line),
            Some(parts) => lines.extend(parts.iter().map(|part| json!({ "app": part }))),
        }
    }
    voices
}

/// What the events say of one side of a connection.
fn packets(events: &[Value], client: &str, from: &str) -> Vec<Packet> {
    let mut packets = Vec::new();
    for (index, event) in events.iter().enumerate() {
        if event["client"] != client || event["from"] != from {
            continue;
        }
        let Some(app) = event.get("app").and_then(Value::as_object) else {
            continue;
        };
        match app.get("parts").and_then(Value::as_array) {
            None => packets.push(Packet { event: index, app: app.clone() }),
            Some(parts) => packets.extend(
                parts
                    .iter()
                    .map(|part| Packet { event: index, app: part.as_object().unwrap().clone() }),
            ),
        }
    }
    packets
}

/// Whether everything that an application knew is so: numbers by their values.
fn agrees(found: &Map<String, Value>, logged: &Value) -> bool {
    let logged = logged.as_object().unwrap();
    logged.iter().all(|(name, value)| found.get(name).is_some_and(|found| is_equal(found, value)))
}

fn is_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| is_equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, one)| other.get(name).is_some_and(|other| is_equal(one, other)))
        }
        _ => one == other,
    }
}

#[track_caller]
fn check_answer(name: &str, events: &[Value], packet: &Packet, request: &Value) {
    let answer = &packet.app;
    let to = answer.get("reply_to").unwrap_or_else(|| panic!("{name}: no answer: {answer:?}"));
    let asked = events.iter().filter(|event| event["packet"] == *to);
    let client = &events[packet.event]["client"];
    let is_request = |event: &Value| {
        let parts = event["app"]["parts"].as_array().cloned();
        let parts = parts.unwrap_or_else(|| vec![event["app"].clone()]);
        parts.iter().any(|part| part.as_object().is_some_and(|part| agrees(part, request)))
    };
    let mut asked = asked.filter(|event| event["client"] == *client);
    assert!(asked.any(is_request), "{name}: {answer:?} does not answer {request}");
    assert!(answer["latency"].as_f64().is_some_and(|latency| latency > 0.0), "{name}: {answer:?}");
}

fn compare(path: &Path, protocols: &mut BTreeSet<String>) {
    let name = path.file_name().unwrap().to_str().unwrap();
    let voices = logged(path);
    if voices.is_empty() {
        return;
    }
    let is_complete = head_of_log(path)["app"] == "complete";
    let events = run(["-q", "-T", "json", path.to_str().unwrap()]).events();
    for ((client, from, by), lines) in &voices {
        let packets = packets(&events, client, from);
        let mut rest = packets.iter();
        let mut logged_in = BTreeSet::new();
        for line in lines {
            let found = rest.find(|packet| agrees(&packet.app, &line["app"]));
            let found = found.unwrap_or_else(|| {
                let said: Vec<_> =
                    packets.iter().map(|packet| Value::from(packet.app.clone())).collect();
                panic!("{name}: {by} logged {line}, which is not in its place among {said:#?}")
            });
            if let Some(request) = line.get("answers") {
                check_answer(name, &events, found, request);
            }
            logged_in.insert(found.event);
            let protocol = &events[found.event]["app"]["protocol"];
            protocols.insert(protocol.as_str().unwrap().to_owned());
        }
        let types: BTreeSet<&str> =
            lines.iter().filter_map(|line| line["app"]["type"].as_str()).collect();
        // Of a batch of answers an application may know no more than that there was one.
        for packet in packets.iter().filter(|packet| !logged_in.contains(&packet.event)) {
            let kind = packet.app.get("type").and_then(Value::as_str).unwrap_or_default();
            let is_logged = is_complete && types.contains(kind);
            assert!(!is_logged, "{name}: {by} did not log {:?}, to {client}", packet.app);
        }
    }
}

#[test]
fn every_recording_says_what_its_applications_logged() {
    let mut protocols = BTreeSet::new();
    for path in captures() {
        compare(&path, &mut protocols);
    }
    // Elsewhere there may be other recordings.
    if std::env::var_os("WSDUMP_CAPTURES").is_none() {
        let all: BTreeSet<String> =
            wsdump::types::AppProtocol::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(protocols, all, "a recording for each protocol");
    }
}

/// What is malformed in traffic of real software is our mistake, but for what it sends
/// to see how it is taken: JSON that is none.
#[test]
fn no_recording_is_malformed() {
    for path in captures() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let mut events = run(["-q", "-T", "json", path.to_str().unwrap()]).events();
        events.retain(|event| event["app"].get("malformed").is_some());
        let on_purpose = match name {
            "cdp" => 1,
            // And a form of notifications that only one library has.
            "json-rpc" => 2,
            _ => 0,
        };
        assert_eq!(events.len(), on_purpose, "{name}: {events:#?}");
    }
}

//! Which protocol messages carry, as far as handshakes tell.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::command::{Ran, captures, run};

/// What the data messages of a recording carry, on connections with this
/// subprotocol.
fn protocol<'a>(recording: &str, subprotocol: Option<&'a str>) -> Option<&'a str> {
    match recording {
        "autobahn-wamp" => Some("wamp"),
        // Both of them, named like their subprotocols.
        "graphql" => subprotocol,
        "jupyter-kernel" | "jupyter-kernel-v1" => Some("jupyter"),
        "jupyter-terminal" => Some("terminado"),
        "mosquitto" => Some("mqtt"),
        "socket-io" => Some("socket.io"),
        "stomp" => Some("stomp"),
        _ => None,
    }
}

fn name(recording: &Path) -> &str {
    recording.file_stem().unwrap().to_str().unwrap()
}

fn is_data(event: &Value) -> bool {
    event["event"] == "message" && (event["opcode"] == "text" || event["opcode"] == "binary")
}

fn run_json(path: &Path, arguments: &[&str]) -> Ran {
    run(["-q", "-T", "json"].into_iter().chain(arguments.iter().copied()).chain(path.to_str()))
}

#[test]
fn every_data_message_of_a_protocol_and_no_other() {
    let mut seen = BTreeSet::new();
    for path in captures() {
        let name = name(&path);
        let mut subprotocols = BTreeMap::new();
        for event in run_json(&path, &["--frames"]).events() {
            let connection = event["connection"].as_str().unwrap().to_owned();
            if let Some(subprotocol) = event["subprotocol"].as_str() {
                subprotocols.insert(connection, subprotocol.to_owned());
                continue;
            }
            let subprotocol = subprotocols.get(&connection).map(String::as_str);
            let protocol = protocol(name, subprotocol).filter(|_| is_data(&event));
            let found = event.get("app").and_then(|app| app["protocol"].as_str());
            assert_eq!(found, protocol, "{name}: {event}");
            seen.extend(protocol.map(|protocol| (name.to_owned(), protocol.to_owned())));
        }
    }
    // Elsewhere there may be other recordings.
    if std::env::var_os("WSDUMP_CAPTURES").is_none() {
        let seen: Vec<(&str, &str)> =
            seen.iter().map(|(name, protocol)| (name.as_str(), protocol.as_str())).collect();
        let expected = [
            ("autobahn-wamp", "wamp"),
            ("graphql", "graphql-transport-ws"),
            ("graphql", "graphql-ws"),
            ("jupyter-kernel", "jupyter"),
            ("jupyter-kernel-v1", "jupyter"),
            ("jupyter-terminal", "terminado"),
            ("mosquitto", "mqtt"),
            ("socket-io", "socket.io"),
            ("stomp", "stomp"),
        ];
        assert_eq!(seen, expected);
    }
}

#[test]
fn a_filter_selects_the_messages_of_a_protocol() {
    for path in captures() {
        let ran = run_json(&path, &["-Y", "app.protocol == mqtt"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let is_mqtt = name(&path) == "mosquitto";
        let mut expected = run_json(&path, &[]).events();
        expected.retain(|event| is_mqtt && is_data(event));
        assert_eq!(ran.events(), expected, "{}", path.display());
        assert_eq!(expected.is_empty(), !is_mqtt);
    }
}

#[test]
fn a_filter_for_a_protocol_that_there_is_not_is_an_error() {
    let ran = run(["-Y", "app.protocol == \"mqqt\"", "captures/mosquitto.pcap"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    for said in ["app.protocol == \"mqqt\"", "mqtt"] {
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
}

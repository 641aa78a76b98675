//! Which protocol messages carry.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::command::{Ran, captures, run};

/// What the data messages of a recording carry, on connections with this
/// subprotocol and target.
fn protocol<'a>(recording: &str, subprotocol: Option<&'a str>, target: &str) -> Option<&'a str> {
    match recording {
        "autobahn-wamp" | "wamp" => Some("wamp"),
        "cdp" => Some("cdp"),
        "engine-io" => Some("engine.io"),
        // Both of them, named like their subprotocols.
        "graphql" | "graphql-ops" => subprotocol,
        "json-rpc" => Some("jsonrpc"),
        "jupyter-kernel" | "jupyter-kernel-v1" | "jupyter-comms" => Some("jupyter"),
        "kernel-a" | "kernel-b" => Some("jupyter"),
        "jupyter-terminal" | "terminals" => Some("terminado"),
        "kubernetes-exec" => Some("kubernetes"),
        "mosquitto" | "mqtt-5" => Some("mqtt"),
        "ocpp-charging" => Some("ocpp"),
        "phoenix" => Some("phoenix"),
        // What goes to the printer is bytes.
        "session-a" | "session-b" | "session-c" => (target != "/printer").then_some("jsonrpc"),
        "signalr" => Some("signalr"),
        "socket-io" | "socket-io-2" | "socket-io-binary" => Some("socket.io"),
        // The raw endpoint carries what the application sends.
        "sockjs" => (target != "/harbour/websocket").then_some("sockjs"),
        "stomp" | "stomp-orders" => Some("stomp"),
        "web-terminals" if subprotocol == Some("tty") => Some("ttyd"),
        "web-terminals" => Some("gotty"),
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
        let mut handshakes = BTreeMap::new();
        for event in run_json(&path, &["--frames"]).events() {
            let connection = event["connection"].as_str().unwrap().to_owned();
            if event["event"] == "handshake" {
                handshakes.insert(connection, event);
                continue;
            }
            let handshake = handshakes.get(&connection).unwrap_or(&Value::Null);
            let subprotocol = handshake["subprotocol"].as_str();
            let target = handshake["target"].as_str().unwrap_or_default();
            let protocol = protocol(name, subprotocol, target).filter(|_| is_data(&event));
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
            ("cdp", "cdp"),
            ("engine-io", "engine.io"),
            ("graphql", "graphql-transport-ws"),
            ("graphql", "graphql-ws"),
            ("graphql-ops", "graphql-transport-ws"),
            ("graphql-ops", "graphql-ws"),
            ("json-rpc", "jsonrpc"),
            ("jupyter-comms", "jupyter"),
            ("jupyter-kernel", "jupyter"),
            ("jupyter-kernel-v1", "jupyter"),
            ("jupyter-terminal", "terminado"),
            ("kernel-a", "jupyter"),
            ("kernel-b", "jupyter"),
            ("kubernetes-exec", "kubernetes"),
            ("mosquitto", "mqtt"),
            ("mqtt-5", "mqtt"),
            ("ocpp-charging", "ocpp"),
            ("phoenix", "phoenix"),
            ("session-a", "jsonrpc"),
            ("session-b", "jsonrpc"),
            ("session-c", "jsonrpc"),
            ("signalr", "signalr"),
            ("socket-io", "socket.io"),
            ("socket-io-2", "socket.io"),
            ("socket-io-binary", "socket.io"),
            ("sockjs", "sockjs"),
            ("stomp", "stomp"),
            ("stomp-orders", "stomp"),
            ("terminals", "terminado"),
            ("wamp", "wamp"),
            ("web-terminals", "gotty"),
            ("web-terminals", "ttyd"),
        ];
        assert_eq!(seen, expected);
    }
}

#[test]
fn a_filter_selects_the_messages_of_a_protocol() {
    for path in captures() {
        let ran = run_json(&path, &["-Y", "app.protocol == mqtt"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let is_mqtt = matches!(name(&path), "mosquitto" | "mqtt-5");
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

use std::io;
use std::path::Path;

use proptest::prelude::*;

use super::Proposer;
use crate::check::Expectations;
use crate::filter::{Filter, FilterSet, Scratch};
use crate::output::{Spool, View};
use crate::types::{
    self, App, AppProtocol, Body, Connection, Endpoint, Event, Handshake, JsonText, Kind, Message,
    Opcode, Origin, Side, Source, SourceId, Timestamp,
};

/// Whether a filter selects a message that is this text as a string of JSON.
pub(super) fn selects(filter: &Filter, text: &str) -> bool {
    let json = serde_json::to_string(text).unwrap();
    let body = Body::Json(JsonText::new(&json));
    with_event(Kind::Message(Message::new(Client, Opcode::Text, body)), |event| {
        filter.selects(event, None, &Scratch::default())
    })
}

fn with_event<T>(kind: Kind<'_>, then: impl FnOnce(&Event<'_>) -> T) -> T {
    let endpoint = |port| Endpoint { address: "192.0.2.1".parse().unwrap(), port };
    let connection = Connection {
        stream: 3,
        h2_stream: None,
        client: endpoint(50_000),
        server: endpoint(80),
        inferred: false,
    };
    then(&Event {
        origin: Origin {
            packet: 9,
            time: Some(Timestamp::from_nanoseconds(1_500_000_000)),
            source: SourceId(0),
            tcp_length: 20,
        },
        source: &Source { file: None, interface: None },
        connection: &connection,
        is_first: false,
        kind,
    })
}

/// One message of a session: who sends it, what, and how many milliseconds after the
/// one before it.
struct Said<'t>(Side, Sent<'t>, i64);

enum Sent<'t> {
    Json(&'t str),
    Text(&'t str),
    Binary(&'t [u8]),
    /// JSON of a protocol inside, and what that says.
    App(&'t str, AppProtocol, &'t str),
    Close(u16),
}

use Sent::{App as InApp, Binary, Close, Json, Text};
use Side::{Client, Server};

/// What is proposed for connections that ask for these targets, one after the other.
fn proposed(sessions: &[(Option<&str>, &[Said<'_>])]) -> String {
    let mut proposer = Proposer::new(vec!["traffic.pcap".to_owned()], 100);
    let mut out = Spool::default();
    let mut time = 1_000_000_000;
    for (stream, (target, said)) in sessions.iter().enumerate() {
        let handshake = Handshake {
            target: target.map(str::to_owned),
            status: Some(101),
            ..Handshake::default()
        };
        let mut show = |kind: Kind<'_>, milliseconds: i64, is_first| {
            time += milliseconds * 1_000_000;
            with_event(kind, |event| {
                let connection = Connection { stream: stream as u64, ..event.connection.clone() };
                let origin =
                    Origin { time: Some(Timestamp::from_nanoseconds(time)), ..event.origin };
                let event = Event { connection: &connection, origin, is_first, ..*event };
                proposer.show(&event, &mut out);
            });
        };
        show(Kind::Handshake(&handshake), 0, true);
        for Said(from, sent, milliseconds) in *said {
            with_message(*from, sent, |message| {
                show(Kind::Message(message), *milliseconds, false);
            });
        }
    }
    proposer.finish(&mut out);
    String::from_utf8(out.into_bytes()).unwrap()
}

fn with_message(from: Side, sent: &Sent<'_>, then: impl FnOnce(Message<'_>)) {
    let json = |text| Message::new(from, Opcode::Text, Body::Json(JsonText::new(text)));
    match *sent {
        Json(text) => then(json(text)),
        Text(text) => then(Message::new(from, Opcode::Text, Body::Text(text))),
        Binary(bytes) => then(Message::new(from, Opcode::Binary, Body::Binary(bytes))),
        InApp(text, protocol, says) => {
            let app = App::new(protocol, JsonText::new(says));
            then(Message { app: Some(&app), ..json(text) });
        }
        Close(code) => {
            let close = types::Close { code: Some(code), code_name: None, reason: None };
            let message = Message::new(from, Opcode::Close, Body::Binary(&[]));
            then(Message { close: Some(close), ..message });
        }
    }
}

/// The tables of a kind, after making sure that the file is one of expectations.
fn tables(document: &str, kind: &str) -> Vec<toml::Table> {
    let no_files = |_: &Path| Err(io::ErrorKind::NotFound.into());
    Expectations::default()
        .add(document, "proposed.toml", &mut FilterSet::default(), &no_files)
        .unwrap_or_else(|error| panic!("{error:?}\n{document}"));
    let table: toml::Table = document.parse().unwrap();
    let tables = table.get(kind).and_then(|tables| tables.as_array());
    tables.into_iter().flatten().map(|table| table.as_table().unwrap().clone()).collect()
}

/// What stands in a value, on one line.
fn shown(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Table(table) => table.values().map(shown).collect::<Vec<_>>().join(" "),
        other => panic!("{other:?}"),
    }
}

/// What is expected: filters behind the path, and counts.
fn expected(document: &str) -> Vec<String> {
    tables(document, "expect")
        .iter()
        .map(|table| {
            let filter = table["where"].as_str().unwrap();
            let per = table.get("per").and_then(|per| per.as_str()).unwrap_or("capture");
            let count = shown(&table["count"]);
            format!("{} {} {per}", filter.split_once(" && ").unwrap().1, count)
        })
        .collect()
}

const ORDERS: &[Said<'_>] = &[
    Said(Client, Json(r#"{"type":"login","id":1}"#), 1),
    Said(Server, Json(r#"{"type":"welcome","re":1}"#), 1),
    Said(Client, Json(r#"{"type":"order","id":2}"#), 1),
    Said(Server, Json(r#"{"type":"accepted","reply_to":2}"#), 40),
    Said(Client, Json(r#"{"type":"order","id":3}"#), 1),
    Said(Server, Json(r#"{"type":"accepted","reply_to":3}"#), 30),
    Said(Server, Text("bye"), 1),
    Said(Server, Close(1000), 1),
];

#[test]
fn a_session_is_told_in_the_files_own_words() {
    let document = proposed(&[(Some("/orders"), ORDERS)]);
    insta::assert_snapshot!(document);
    let _ = tables(&document, "expect");
}

#[test]
fn nothing_is_proposed_of_nothing() {
    assert_eq!(proposed(&[]), "");
}

#[test]
fn counts_are_those_that_hold_on_every_connection() {
    let a = Said(Client, Json(r#"{"op":"a"}"#), 1);
    let again = Said(Client, Json(r#"{"op":"a"}"#), 1);
    let b = Said(Client, Json(r#"{"op":"b"}"#), 1);
    let bytes = Said(Server, Binary(b"\xff"), 1);
    let document = proposed(&[
        (Some("/7?x"), &[a, again, b]),
        (Some("/8"), &[bytes, Said(Client, Json(r#"{"op":"a"}"#), 1)]),
    ]);
    assert_eq!(
        expected(&document),
        [
            r#"ws.from == client && json.op == "a" 1..2 connection"#,
            r#"ws.from == client && json.op == "b" >= 1 capture"#,
            "ws.from == server && websocket.opcode == binary && !json >= 1 capture",
        ]
    );
    assert!(document.contains("1 message on 1 of 2 connections"), "{document}");
    let many: Vec<Said<'_>> = (0..21).map(|_| Said(Client, Text("x"), 1)).collect();
    let document = proposed(&[(None, &many)]);
    assert_eq!(
        expected(&document),
        ["ws.from == client && websocket.opcode == text && !json >= 1 connection"]
    );
    assert!(document.contains("'!http.request.uri && ws.from"), "{document}");
}

#[test]
fn the_member_that_tells_the_type_is_found() {
    let keyed = |texts: &[&str]| {
        let said: Vec<Said<'_>> = texts.iter().map(|text| Said(Client, Json(text), 1)).collect();
        expected(&proposed(&[(Some("/"), &said)]))
    };
    // The one of more texts.
    assert_eq!(
        keyed(&[r#"{"type":"event","event":"a"}"#, r#"{"type":"event","event":"b"}"#]),
        [
            r#"ws.from == client && json.event == "a" 1 connection"#,
            r#"ws.from == client && json.event == "b" 1 connection"#,
        ]
    );
    let json = |count: &str| [format!("ws.from == client && json {count} connection")];
    // Not one that most lack, has too many texts, or stands there twice.
    assert_eq!(keyed(&[r#"{"type":"a"}"#, "{}", "[1]"]), json("3"));
    let texts: Vec<String> = (0..25).map(|number| format!(r#"{{"type":"{number}"}}"#)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    assert_eq!(keyed(&texts), json(">= 1"));
    assert_eq!(keyed(&[r#"{"type":"a","type":"b"}"#, r#"{"type":"a"}"#]), json("2"));
}

#[test]
fn protocols_inside_tell_types_and_details() {
    let call = r#"{"protocol":"ocpp","type":"CALL","id":"1","action":"Boot"}"#;
    let bare = r#"{"protocol":"ocpp","type":"CALL","id":"2"}"#;
    let other = r#"{"protocol":"jsonrpc","type":"CALL","id":"2"}"#;
    let ocpp = |text| Said(Client, InApp("[2]", AppProtocol::Ocpp, text), 1);
    let rpc = Said(Client, InApp("{}", AppProtocol::JsonRpc, other), 1);
    let plain = Said(Client, Json(r#"{"type":"x"}"#), 1);
    assert_eq!(
        expected(&proposed(&[(Some("/"), &[ocpp(call), ocpp(call)])])),
        [r#"ws.from == client && app.type == "CALL" && app.action == "Boot" 2 connection"#]
    );
    assert_eq!(
        expected(&proposed(&[(Some("/"), &[ocpp(call), ocpp(bare), rpc, plain])])),
        [
            r#"ws.from == client && app.protocol == ocpp && app.type == "CALL" && app.action == "Boot" 1 connection"#,
            r#"ws.from == client && app.protocol == ocpp && app.type == "CALL" 2 connection"#,
            r#"ws.from == client && app.protocol == jsonrpc && app.type == "CALL" 1 connection"#,
            r#"ws.from == client && json.type == "x" && !app 1 connection"#,
        ]
    );
}

#[test]
fn replies_are_proposed_where_every_request_has_one() {
    let replies = |said: &[Said<'_>]| -> Vec<String> {
        tables(&proposed(&[(Some("/"), said)]), "reply")
            .iter()
            .map(|table| format!("{} {}", table["name"].as_str().unwrap(), shown(&table["key"])))
            .collect()
    };
    assert_eq!(
        replies(ORDERS),
        [r#"/: client's order is answered by accepted json.id json.reply_to"#]
    );
    let ask = |id| Said(Client, Json(id), 1);
    let tell = |id| Said(Server, Json(id), 1);
    // An answer to nothing, or before the question, or to somebody else, is none.
    assert_eq!(replies(&[ask(r#"{"id":1}"#), tell(r#"{"id":"1"}"#)]), [""; 0]);
    assert_eq!(
        replies(&[
            tell(r#"{"id":1}"#),
            ask(r#"{"id":1}"#),
            ask(r#"{"id":2}"#),
            tell(r#"{"id":2}"#)
        ]),
        [""; 0]
    );
    assert_eq!(replies(&[ask(r#"{"id":1}"#), ask(r#"{}"#), tell(r#"{"id":1}"#)]), [""; 0]);
    // Of two with one id each has its own.
    let twice =
        [ask(r#"{"id":1}"#), ask(r#"{"id":1}"#), tell(r#"{"id":1.0}"#), tell(r#"{"id":1}"#)];
    assert_eq!(replies(&twice), [r#"/: client's JSON is answered by JSON json.id"#]);
    assert_eq!(replies(&twice[..3]), [""; 0]);
}

#[test]
fn a_protocol_knows_what_answers_what() {
    let ask = r#"{"type":"ask","id":1}"#;
    let unknown = r#"{"type":"tell","id":1}"#;
    let document = proposed(&[(
        Some("/"),
        &[
            Said(Client, InApp("{}", AppProtocol::JsonRpc, ask), 1),
            Said(Server, InApp("{}", AppProtocol::JsonRpc, unknown), 1),
        ],
    )]);
    assert!(tables(&document, "reply").is_empty());
}

#[test]
fn groups_that_close_otherwise_say_so() {
    let document = proposed(&[
        (Some("/a"), &[Said(Server, Close(1000), 1)]),
        (Some("/b"), &[Said(Client, Close(4000), 1)]),
    ]);
    let forbidden: Vec<String> = tables(&document, "forbid")
        .iter()
        .map(|table| table["where"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        forbidden,
        [
            r#"http.request.uri == "/a" && any websocket.payload.close.status_code not in {1000}"#,
            r#"http.request.uri == "/b" && any websocket.payload.close.status_code not in {4000}"#,
            "ws.complete == false",
        ]
    );
    assert!(document.contains("\nclose_codes = [1000, 4000]\n"), "{document}");
}

#[test]
fn what_is_kept_and_written_is_bounded() {
    let texts: Vec<String> =
        (0..300).map(|number| format!(r#"{{"type":"t","id":{number}}}"#)).collect();
    let apps: Vec<String> =
        (0..600).map(|number| format!(r#"{{"type":"t{number}","id":{number}}}"#)).collect();
    let mut said: Vec<Said<'_>> = texts.iter().map(|text| Said(Client, Json(text), 1)).collect();
    said.extend(apps.iter().map(|app| Said(Server, InApp("{}", AppProtocol::Ocpp, app), 1)));
    let targets: Vec<String> = (0..18).map(|number| format!("/t{number}")).collect();
    let sessions: Vec<(Option<&str>, &[Said<'_>])> =
        targets.iter().map(|target| (Some(target.as_str()), said.as_slice())).collect();
    let document = proposed(&sessions);
    assert_eq!(tables(&document, "expect").len(), 16 * 40);
    assert_eq!(tables(&document, "sequence").len(), 16);
    assert!(document.contains("Nothing is said of 2 other connections"), "{document}");
    assert!(document.contains("more types of messages than are told here"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_was_sent_gives_a_file_that_is_one(
        target in "(/|\\PC|[\"'\\\\\\x00-\\x1f\u{202e}\u{e0041}*?#]){0,20}",
        types in proptest::collection::vec(any::<String>(), 1..6),
        kind in any::<String>(),
    ) {
        let texts: Vec<String> = types
            .iter()
            .map(|kind| serde_json::json!({"type": kind, "id": kind}).to_string())
            .collect();
        let app = serde_json::json!({"type": kind, "method": types[0]}).to_string();
        let mut said: Vec<Said<'_>> = Vec::new();
        for text in &texts {
            said.push(Said(Client, Json(text), 1));
            said.push(Said(Server, Json(text), 1));
        }
        said.push(Said(Client, InApp("{}", AppProtocol::SocketIo, &app), 1));
        let document = proposed(&[(Some(&format!("/{target}")), &said), (Some("/x"), &said)]);
        prop_assert!(document.chars().all(|letter| letter == '\n' || !letter.is_control()));
        prop_assert!(!tables(&document, "expect").is_empty());
    }
}

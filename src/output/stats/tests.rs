//! The tables as they look, and what is counted.

use std::time::Duration;

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use super::name::shortened;
use super::*;
use crate::output::json_string::is_escaped;
use crate::output::samples::{
    connection, conversation, event, handshake, hostile_text, is_harmless, rendered,
};
use crate::types::{
    App, AppPlaces, AppProtocol, Body, Connection, Handshake, JsonText, Kind, Message, Opcode, Side,
};

fn view(by: Option<By>, form: StatsForm) -> Stats {
    Stats::new(StatsOptions { by, form })
}

fn text(by: Option<By>, width: Option<usize>, events: &[Event<'_>]) -> String {
    rendered(view(by, StatsForm::Text { color: false, width }), events)
}

fn json(by: Option<By>, events: &[Event<'_>]) -> Value {
    serde_json::from_str(&rendered(view(by, StatsForm::Json), events)).unwrap()
}

fn validator() -> jsonschema::Validator {
    let schema = include_str!("../../../docs/stats.schema.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
}

/// A packet of a protocol, whose words stand where `WORDS` has them.
fn packet(kind: std::ops::Range<usize>, milliseconds: Option<u64>) -> AppPlaces {
    AppPlaces {
        kind,
        reply: milliseconds.map(|milliseconds| (1, Some(Duration::from_millis(milliseconds)))),
        reply_kind: 0..7,
        ..AppPlaces::default()
    }
}

const WORDS: &str = "requestresponse";
const REQUEST: std::ops::Range<usize> = 0..7;
const RESPONSE: std::ops::Range<usize> = 7..15;

fn app(packets: &[AppPlaces]) -> App<'_> {
    App { packets, words: WORDS, ..App::only(AppProtocol::JsonRpc) }
}

fn message<'a>(from: Side, app: &'a App<'a>) -> Kind<'a> {
    let body = Body::Json(JsonText::new("{}"));
    Kind::Message(Message { app: Some(app), ..Message::new(from, Opcode::Text, body) })
}

/// Every kind of event on one connection, requests and answers on another, and a
/// refused handshake that is followed by one that is not on a third.
fn with_events<T>(look: impl FnOnce(&[Event<'_>]) -> T) -> T {
    let connections = [connection(12), connection(3), connection(4)];
    let refused = Handshake {
        status: Some(403),
        target: Some("/".into()),
        host: Some("other".into()),
        ..Handshake::default()
    };
    let accepted = Handshake { subprotocol: None, extensions: Vec::new(), ..handshake() };
    let packets = [
        vec![packet(REQUEST, None), packet(REQUEST, None)],
        vec![packet(RESPONSE, Some(20)), packet(RESPONSE, Some(3))],
        vec![packet(RESPONSE, Some(500))],
    ];
    let apps = [app(&packets[0]), app(&packets[1]), app(&packets[2])];
    let first = handshake();
    let mut events = conversation(&connections[0], &first);
    let second = &connections[1];
    events.push(event(second, 20, Kind::Handshake(&accepted)));
    events.push(event(second, 21, message(Side::Client, &apps[0])));
    events.push(event(second, 22, message(Side::Server, &apps[1])));
    events.push(event(second, 23, message(Side::Server, &apps[2])));
    events.push(event(&connections[2], 30, Kind::Handshake(&refused)));
    events.push(event(&connections[2], 31, Kind::Handshake(&accepted)));
    look(&events)
}

#[test]
fn tables_of_several_widths() {
    for (name, width) in [("wide", None), ("80", Some(80)), ("40", Some(40))] {
        assert_snapshot!(format!("text_{name}"), with_events(|events| text(None, width, events)));
    }
}

#[test]
fn groups() {
    for by in [By::Host, By::Url, By::Protocol, By::Connection] {
        let shown = with_events(|events| text(Some(by), Some(100), events));
        assert_snapshot!(format!("by_{}", by.name()), shown);
    }
}

#[test]
fn a_document() {
    assert_snapshot!(with_events(|events| rendered(view(None, StatsForm::Json), events)));
    assert_snapshot!(with_events(|events| rendered(view(Some(By::Host), StatsForm::Json), events)));
}

#[test]
fn packets_are_counted_one_by_one_and_bytes_once() {
    let types = with_events(|events| json(None, events))["types"].clone();
    let of = |kind: &str| {
        let row = types.as_array().unwrap().iter().find(|row| row["type"] == kind).unwrap();
        (row["from_client"].to_string(), row["from_server"].to_string())
    };
    let sent = |messages, bytes| format!(r#"{{"bytes":{bytes},"messages":{messages}}}"#);
    assert_eq!(of("request"), (sent(2, 2), sent(0, 0)));
    assert_eq!(of("response"), (sent(0, 0), sent(3, 4)));
}

/// Whichever way they are grouped, all of it is somewhere.
#[test]
fn groups_have_everything() {
    let whole = with_events(|events| json(None, events))["total"].clone();
    for by in [By::Host, By::Url, By::Protocol, By::Connection] {
        let document = with_events(|events| json(Some(by), events));
        assert_eq!(document["total"], whole);
        for side in ["from_client", "from_server"] {
            for what in ["messages", "bytes"] {
                let sum: u64 = document["groups"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|group| group[side][what].as_u64().unwrap())
                    .sum();
                assert_eq!(whole[side][what], sum, "{by:?} {side} {what}");
            }
        }
    }
}

/// A protocol that shows itself late has what comes after that.
#[test]
fn a_connection_belongs_to_the_protocol_that_it_turned_out_to_have() {
    let connection = connection(3);
    let handshake = Handshake { subprotocol: None, ..handshake() };
    let packets = [packet(REQUEST, None)];
    let app = app(&packets);
    let plain = Message::new(Side::Client, Opcode::Text, Body::Text("?"));
    let document = json(
        Some(By::Protocol),
        &[
            event(&connection, 1, Kind::Handshake(&handshake)),
            event(&connection, 2, Kind::Message(plain)),
            event(&connection, 3, message(Side::Client, &app)),
        ],
    );
    let groups = document["groups"].as_array().unwrap();
    let told: Vec<_> = groups
        .iter()
        .map(|group| (&group["group"], &group["connections"], &group["from_client"]["messages"]))
        .collect();
    assert_eq!(
        told,
        [(&Value::Null, &0.into(), &1.into()), (&"jsonrpc".into(), &1.into(), &1.into())]
    );
}

#[test]
fn nothing_for_nothing() {
    assert_eq!(text(None, None, &[]), "");
    let document = json(None, &[]);
    assert_eq!(document["total"]["connections"], 0);
    for table in ["groups", "types", "latencies", "findings"] {
        assert_eq!(document[table].as_array().unwrap().len(), 0);
    }
}

#[test]
fn beyond_many_rows_the_others_count_together() {
    const MOST: u64 = 10_000;
    let handshake = Handshake { status: Some(101), ..Handshake::default() };
    let connections: Vec<Connection> = (0..MOST + 5).map(connection).collect();
    let body = Message::new(Side::Client, Opcode::Text, Body::Text("four"));
    let events: Vec<Event<'_>> = connections
        .iter()
        .flat_map(|connection| {
            [
                event(connection, 1, Kind::Handshake(&handshake)),
                event(connection, 2, Kind::Message(body)),
            ]
        })
        .collect();
    let document = json(None, &events);
    let groups = document["groups"].as_array().unwrap();
    assert_eq!(groups.len() as u64, MOST + 1);
    let others = groups.last().unwrap();
    assert!(validator().is_valid(&document));
    assert_eq!((&others["others"], &others["connections"]), (&true.into(), &5.into()));
    assert_eq!(others["from_client"]["bytes"], 20);
    assert_eq!(document["total"]["from_client"]["messages"], MOST + 5);
    let told = text(None, None, &events);
    assert!(told.contains("the others  5 connections"), "{}", &told[told.len() - 2_000..]);
}

proptest! {
    #[test]
    fn harmless_and_within_the_width(
        target in hostile_text(),
        host in hostile_text(),
        kind in hostile_text(),
        width in prop::option::of(20_usize..250),
        by in prop::option::of(prop::sample::select(vec![By::Host, By::Url, By::Protocol, By::Connection])),
    ) {
        let handshake = Handshake {
            subprotocol: Some(target.clone()),
            target: Some(target),
            host: Some(host),
            ..Handshake::default()
        };
        let connection = connection(3);
        let packets = [AppPlaces {
            kind: 0..kind.len(),
            reply: Some((1, Some(Duration::from_millis(7)))),
            reply_kind: 0..kind.len(),
            ..AppPlaces::default()
        }];
        let app = App { packets: &packets, words: &kind, ..App::only(AppProtocol::Mqtt) };
        let said = Message::new(Side::Client, Opcode::Binary, Body::Binary(b"\xff"));
        let events = [
            event(&connection, 1, Kind::Handshake(&handshake)),
            event(&connection, 2, Kind::Message(Message { app: Some(&app), ..said })),
        ];
        let table = text(by, width, &events);
        prop_assert!(is_harmless(&table), "{:?}", table);
        for line in table.lines() {
            prop_assert!(width.is_none_or(|width| line.width() <= width), "{}", line);
        }
        let document = rendered(view(by, StatsForm::Json), &events);
        prop_assert!(document.chars().all(|c| c == '\n' || !is_escaped(c)), "{:?}", document);
        let document: Value = serde_json::from_str(&document).unwrap();
        prop_assert!(validator().is_valid(&document), "{}", document);
        let told = document["latencies"][0]["request"].as_str();
        prop_assert_eq!(told.map(str::to_owned), Some(shortened(&kind)));
    }
}

#[test]
fn connections_outlive_many_refused_handshakes_and_count_once() {
    let refused = Handshake { status: Some(403), ..handshake() };
    let accepted = handshake();
    let long = connection(0);
    let said = || Kind::Message(Message::new(Side::Server, Opcode::Text, Body::Text("news")));
    let told = |count: u64, first: &Handshake| {
        let mut view = view(Some(By::Host), StatsForm::Json);
        let mut out = Spool::default();
        view.event(&event(&long, 1, Kind::Handshake(&accepted)), &mut out);
        for stream in 1..=count {
            let connection = connection(stream);
            view.event(&event(&connection, 2, Kind::Handshake(first)), &mut out);
            if stream % 50_001 == 0 {
                view.event(&event(&long, 3, said()), &mut out);
            }
        }
        view.event(&event(&long, 4, said()), &mut out);
        view.finish(&mut out);
        serde_json::from_slice::<Value>(&out.into_bytes()).unwrap()["total"].clone()
    };
    let total = told(100_005, &refused);
    assert_eq!((&total["connections"], &total["refused"]), (&100_006.into(), &100_005.into()));
    assert_eq!(total["from_server"]["messages"], 3);
    let total = told(100_005, &accepted);
    assert_eq!((&total["connections"], &total["refused"]), (&100_006.into(), &0.into()));
    assert_eq!(total["from_server"]["messages"], 3);
}

#[test]
fn what_was_sent_is_one_cell() {
    let connection = connection(3);
    let sent = || Some("a  101  ✓ valid".to_owned());
    let first = Handshake { host: sent(), subprotocol: sent(), ..handshake() };
    let events = [event(&connection, 1, Kind::Handshake(&first))];
    for by in [None, Some(By::Host), Some(By::Url), Some(By::Protocol)] {
        let told = text(by, None, &events);
        assert!(told.contains(r"a \x20101 \x20✓ valid") && !told.contains("a  101"), "{told}");
    }
}

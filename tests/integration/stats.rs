//! `wsdump stats` over the recordings.

use jsonschema::Validator;
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;
use wsdump::analyzer::{Analyzer, Options};
use wsdump::capture::{Capture, Input, Step};
use wsdump::output::{By, Spool, Stats, StatsForm, StatsOptions, View};
use wsdump::types::Event;

use crate::command::{capture, captures, run, run_with_input};

const BY: [&str; 4] = ["host", "url", "protocol", "connection"];

/// Gives each event of a capture to `sink`.
pub(crate) fn read(path: &std::path::Path, mut sink: impl FnMut(&Event<'_>)) {
    let mut capture = Capture::open(vec![Input::File(path.into())]);
    let mut analyzer = Analyzer::new(Options::default());
    loop {
        match capture.next() {
            Step::Packet(packet, sources) => analyzer.packet(&packet, sources, &mut sink),
            Step::Problem(error) => panic!("{error}"),
            Step::End => break,
            Step::Starved | Step::Idle(_) | Step::Secrets(_) => {}
        }
    }
    analyzer.finish(capture.sources(), &mut sink);
}

/// The tables on a terminal of so many columns.
fn shown(path: &std::path::Path, by: Option<By>, width: usize) -> String {
    let form = StatsForm::Text { color: false, width: Some(width) };
    let mut view = Stats::new(StatsOptions { by, form });
    let mut out = Spool::default();
    read(path, |event| view.show(event, &mut out));
    view.finish(&mut out);
    String::from_utf8(out.into_bytes()).unwrap()
}

macro_rules! snapshots {
    ($($name:ident, $file:literal;)+) => {
        $(
            #[test]
            fn $name() {
                let name = stringify!($name);
                for width in [80, 200] {
                    insta::assert_snapshot!(format!("{name}_{width}"), shown(&capture($file), None, width));
                }
                let path = concat!("captures/", $file);
                insta::assert_snapshot!(format!("{name}_json"), run(["stats", "-q", "-T", "json", path]).clean());
            }
        )+
    };
}

snapshots! {
    jupyter_kernel_v1, "jupyter-kernel-v1.pcap";
    json_session, "json-session.pcap";
    broken_frames, "broken-frames.pcap";
    socket_io, "socket-io.pcapng";
}

/// Two hundred connections to one host.
#[test]
fn short_connections_by_host() {
    for width in [80, 200] {
        let told = shown(&capture("short-connections.pcap"), Some(By::Host), width);
        insta::assert_snapshot!(format!("short_connections_{width}"), told);
    }
    let path = "captures/short-connections.pcap";
    let told = run(["stats", "--by", "host", "-T", "json", path]).clean();
    insta::assert_snapshot!("short_connections_json", told);
}

fn validator() -> Validator {
    let schema = include_str!("../../docs/stats.schema.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
}

fn stats(path: &str, arguments: &[&str]) -> Value {
    let ran = run(["stats", "-q", "-T", "json", path].iter().chain(arguments));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{path}");
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Every document of every recording keeps to the schema and counts what the events
/// tell.
#[test]
fn every_recording() {
    let validator = validator();
    for path in captures() {
        let path = path.to_str().unwrap();
        let events = run(["-q", "-T", "json", "--payload", "none", path]).events();
        let count = |kind: &str, from: &str| {
            events.iter().filter(|event| event["event"] == kind && event["from"] == from).count()
        };
        let plain = stats(path, &[]);
        let mut documents = vec![plain.clone()];
        documents.extend(BY.map(|by| stats(path, &["--by", by])));
        for document in &documents {
            if let Err(error) = validator.validate(document) {
                panic!("{path}: {error}");
            }
            assert_eq!(document["total"], plain["total"], "{path}");
            for (side, from) in [("from_client", "client"), ("from_server", "server")] {
                let messages = count("message", from);
                assert_eq!(document["total"][side]["messages"], messages, "{path}");
                let groups = document["groups"].as_array().unwrap();
                let sum: u64 =
                    groups.iter().map(|group| group[side]["messages"].as_u64().unwrap()).sum();
                assert_eq!(sum, messages as u64, "{path}");
            }
            let found = |kind: &str| -> u64 {
                let findings = document["findings"].as_array().unwrap();
                let findings = findings.iter().filter(|finding| finding["finding"] == kind);
                findings.map(|finding| finding["count"].as_u64().unwrap()).sum()
            };
            for kind in ["violation", "gap"] {
                let told = events.iter().filter(|event| event["event"] == kind).count();
                assert_eq!(found(kind), told as u64, "{path}: {kind}");
            }
        }
    }
}

#[test]
fn the_schema_is_not_lenient() {
    let validator = validator();
    let document = stats("captures/ws-deflate.pcapng", &[]);
    assert!(validator.is_valid(&document));
    for place in
        ["", "/total", "/groups/0", "/groups/0/compression", "/types/0", "/sizes/0", "/latencies/0"]
    {
        let mut document = document.clone();
        document.pointer_mut(place).unwrap()["surprise"] = true.into();
        assert!(!validator.is_valid(&document), "{place}");
    }
}

/// No line of any recording's tables is longer than the terminal is wide.
#[test]
fn every_width_is_kept() {
    for path in captures() {
        for width in [40, 80, 200] {
            for by in [None, Some(By::Url), Some(By::Connection)] {
                let told = shown(&path, by, width);
                let longest = told.lines().map(|line| line.width()).max().unwrap_or(0);
                assert!(longest <= width, "{}: {longest} of {width}", path.display());
            }
        }
    }
}

#[test]
fn the_same_with_any_number_of_threads_and_from_standard_input() {
    let path = "captures/tornado-chat.pcapng";
    let alone = run(["stats", path]).clean();
    assert_eq!(run(["stats", "--threads", "4", "-r", path]).clean(), alone);
    let bytes = std::fs::read(capture("tornado-chat.pcapng")).unwrap();
    assert_eq!(run_with_input(["stats", "-"], &bytes).clean(), alone);
}

/// The clients of three connections.
#[test]
fn what_selects_works_as_without_a_command() {
    let path = "captures/tornado-chat.pcapng";
    let clients = |document: &Value| -> Vec<String> {
        let groups = document["groups"].as_array().unwrap();
        groups.iter().map(|group| group["client"].as_str().unwrap().to_owned()).collect()
    };
    let all = stats(path, &[]);
    let all = clients(&all);
    assert_eq!(all.len(), 3);
    let port = all[1].rsplit_once(':').unwrap().1;
    assert_eq!(clients(&stats(path, &["--port", port])), [all[1].clone()]);
    assert_eq!(clients(&stats(path, &["-Y", &format!("tcp.port == {port}")])), [all[1].clone()]);
    let filtered = stats(path, &["-Y", "ws.from == client && websocket.opcode == 2"]);
    let types: Vec<_> =
        filtered["types"].as_array().unwrap().iter().map(|row| &row["type"]).collect();
    assert_eq!(types, ["binary"]);
}

#[test]
fn exit_codes_and_messages_are_those_of_the_program() {
    let none = run(["stats", "--port", "1", "captures/tornado-chat.pcapng"]);
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), ""));
    assert!(none.stderr.contains("no WebSocket traffic: 106 packets"), "{}", none.stderr);
    let document = stats("captures/tornado-chat.pcapng", &["--port", "1"]);
    assert_eq!(document["groups"].as_array().unwrap().len(), 0);
    for (arguments, because) in [
        (&["stats"][..], "name a capture file, or '-' for standard input"),
        (&["stats", "no-such-file"], "no-such-file"),
        (&["stats", "--by", "colour", "x"], "possible values: host, url, protocol, connection"),
        (&["stats", "-T", "table", "x"], "possible values: text, json"),
        (&["stats", "-Y", "tcp.prt == 1", "captures/tornado-chat.pcapng"], "tcp.port"),
        (&["stats", "-", "-"], "standard input can be read only once"),
    ] {
        let ran = run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}");
        assert!(ran.stderr.contains(because), "{arguments:?}: {}", ran.stderr);
    }
    assert!(run(["stats", "--limit", "help"]).clean().contains("reorder=16MiB"));
    assert!(!run(["stats", "captures/handwritten.pcap"]).clean().contains('\x1b'));
    let coloured = run(["stats", "--color", "always", "captures/handwritten.pcap"]).clean();
    assert!(coloured.starts_with("\x1b[1mConnections\x1b[0m\n"), "{coloured}");
}

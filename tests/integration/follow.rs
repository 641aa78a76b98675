//! `wsdump follow`: the dialogue of one connection, and what a side sent.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};
use wsdump::output::{ConnectionName, Raw, Spool, View};
use wsdump::types::{Kind, Side};

use crate::command::{capture, captures, head_of_log, run, scratch, wsdump};
use crate::stats::read;

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What one side of one connection sent.
struct Sent {
    client: String,
    view: Raw,
    bytes: Spool,
    /// Where each message ends, and whether all of it is there.
    ends: Vec<(usize, bool)>,
}

/// What `--raw` writes of each side of each connection.
fn sent(path: &Path) -> BTreeMap<(u64, &'static str), Sent> {
    let mut sent: BTreeMap<(u64, &'static str), Sent> = BTreeMap::new();
    read(path, |event| {
        let name = ConnectionName::from(event.connection);
        for (side, said) in [(Side::Client, "client"), (Side::Server, "server")] {
            let sent = sent.entry((name.stream, said)).or_insert_with(|| Sent {
                client: event.connection.client.to_string(),
                view: Raw::new(name, side),
                bytes: Spool::default(),
                ends: Vec::new(),
            });
            sent.view.show(event, &mut sent.bytes);
            if let Kind::Message(message) = event.kind
                && message.from == side
                && !message.opcode.is_control()
            {
                sent.ends.push((sent.bytes.len(), message.complete));
            }
        }
    });
    sent
}

/// The SHA-256 of each data message of that client's connection, as its sender
/// or else its receiver logged it.
fn logged(path: &Path, client: &str, from: &str) -> Vec<String> {
    let log = std::fs::read_to_string(path.with_extension("jsonl")).unwrap();
    let lines: Vec<Value> =
        log.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    let by = |who: &str| -> Vec<String> {
        let is_asked = |line: &&Value| {
            line["client"] == client
                && line["from"] == from
                && line["by"] == who
                && line["logged"] != "partly sent"
                && matches!(line["opcode"].as_str(), Some("text" | "binary"))
        };
        lines
            .iter()
            .filter(is_asked)
            .map(|line| line["sha256"].as_str().unwrap().to_owned())
            .collect()
    };
    [by("client"), by("server")].into_iter().max_by_key(Vec::len).unwrap()
}

/// Every whole data message of every recording comes out byte for byte.
#[test]
fn raw_payloads_are_what_the_applications_logged() {
    let mut compared = 0;
    for path in captures() {
        let header = head_of_log(&path);
        if header["messages"] == "not logged" {
            continue;
        }
        let is_whole = header.get("lost_packets").is_none()
            && !header["connections"].as_array().unwrap().iter().any(|one| one["inferred"] == true);
        let mut found: BTreeMap<(String, &str), Vec<String>> = BTreeMap::new();
        for ((_, from), sent) in sent(&path) {
            assert_eq!(sent.view.absence(), None);
            let hashes = found.entry((sent.client.clone(), from)).or_default();
            let mut start = 0;
            for (end, is_complete) in sent.ends {
                if is_complete {
                    hashes.push(sha256(&sent.bytes[start..end]));
                }
                start = end;
            }
            assert_eq!(start, sent.bytes.len(), "nothing else is written");
        }
        for ((client, from), hashes) in &found {
            let logged = logged(&path, client, from);
            compared += hashes.len();
            if is_whole {
                assert_eq!(*hashes, logged, "{}: {client} {from}", path.display());
            } else {
                let mut rest = logged.iter();
                let is_logged = |hash: &String| rest.any(|logged| logged == hash);
                assert!(hashes.iter().all(is_logged), "{}: {client} {from}", path.display());
            }
        }
    }
    assert!(compared > 1_000, "{compared}");
}

/// The program writes the same to a file, to standard output and to `-`.
#[test]
fn the_program_writes_them() {
    let folder = scratch("follow");
    for name in ["json-session.pcap", "ws-deflate.pcapng", "tornado-chat.pcapng"] {
        let path = capture(name);
        for ((stream, from), sent) in sent(&path) {
            let stream = stream.to_string();
            let file = folder.join(format!("{name}-{stream}-{from}"));
            let arguments = ["follow", &stream, path.to_str().unwrap(), "--raw", from];
            let to_file = run(arguments.iter().copied().chain(["-o", file.to_str().unwrap()]));
            assert_eq!(to_file.clean(), "");
            assert_eq!(std::fs::read(&file).unwrap(), *sent.bytes, "{name} {stream} {from}");
            let output = wsdump(arguments).output().unwrap();
            assert_eq!(output.stdout, *sent.bytes);
            let forced = wsdump(arguments.iter().chain(&["-o", "-"])).output().unwrap();
            assert_eq!(forced.stdout, *sent.bytes);
        }
    }
}

#[test]
fn what_is_missing_is_told_and_is_no_failure() {
    let ran = run(["follow", "0", "captures/lossy.pcap", "--raw", "client"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr.contains(" in what the client sent: "), "{}", ran.stderr);
    let ran = run(["follow", "-q", "0", "captures/lossy.pcap", "--raw", "client"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let ran = run(["follow", "0", "captures/mid-stream-deflate.pcapng", "--raw", "server"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr.contains("not inflated to the end, as they refer"), "{}", ran.stderr);
    let limit = ["--limit", "message=10"];
    let ran =
        run(["follow", "0", "captures/json-session.pcap", "--raw", "client"].iter().chain(&limit));
    assert!(ran.stderr.contains("longer than is kept, written in part"), "{}", ran.stderr);
}

#[test]
fn a_connection_that_is_not_there_is_an_error() {
    let folder = scratch("follow-nothing");
    let file = folder.join("kept");
    std::fs::write(&file, "as it was").unwrap();
    for more in [&[][..], &["--raw", "client"], &["--raw", "client", "-o", file.to_str().unwrap()]]
    {
        let ran = run(["follow", "7", "captures/json-session.pcap"].iter().chain(more));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{more:?}");
        assert_eq!(
            ran.stderr,
            "wsdump: there is no connection 7, but 0 (ws://127.0.0.1:35649/weather), 1 (ws://127.0.0.1:35649/traffic)\n"
        );
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "as it was");
    let filtered = ["follow", "0", "captures/json-session.pcap", "-Y", "websocket.opcode == 7"];
    let ran = run(filtered);
    let absence = "wsdump: there is no connection 0, nor any other, in what -Y";
    assert!(ran.stderr.ends_with(&format!("{absence} leaves\n")), "{}", ran.stderr);
    let more = ["--port", "1", "--no-heartbeats", "--raw", "client"];
    let ran = run(filtered.iter().chain(&more));
    let both = format!("{absence}, --port and --no-heartbeats leave\n");
    assert!(ran.stderr.ends_with(&both), "{}", ran.stderr);
    let h2 = run(["follow", "0.5", "captures/json-session.pcap"]);
    assert_eq!(h2.code, Some(2));
}

#[test]
fn wrong_usage_is_refused() {
    let path = "captures/json-session.pcap";
    for (arguments, because) in [
        (&["follow"][..], "<CONNECTION>"),
        (&["follow", "x", path], "the number of a connection such as 3"),
        (&["follow", "3"], "name a capture file, or '-' for standard input"),
        (&["follow", "0", path, "--raw", "both"], "possible values: client, server"),
        (&["follow", "0", path, "-o", "x"], "--raw"),
        (
            &["follow", "0", path, "--raw", "client", "-o", path],
            "is to be read: write to another file",
        ),
        (&["follow", "0", path, "--raw", "client", "-o", "no-such-folder/x"], "cannot be written"),
        (&["follow", "0", path, "--raw", "client", "--payload", "none"], "cannot be used with"),
        (&["follow", "0", path, "--raw", "client", "--compact"], "cannot be used with"),
        (&["follow", "0", path, "--raw", "client", "--no-control"], "cannot be used with"),
        (&["follow", "0", path, "--raw", "client", "--decode", "cbor"], "cannot be used with"),
        (&["follow", "0", path, "--compact", "--body", "none"], "--compact has nothing below"),
    ] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ran.stderr.contains(because), "{arguments:?}: {}", ran.stderr);
    }
}

#[cfg(unix)]
#[test]
fn what_is_read_is_never_written_whatever_its_name() {
    let folder = scratch("follow-onto-input");
    let [capture, link] = ["capture.pcap", "link.pcap"].map(|name| folder.join(name));
    std::fs::copy("captures/json-session.pcap", &capture).unwrap();
    let before = std::fs::read(&capture).unwrap();
    std::fs::hard_link(&capture, &link).unwrap();
    let raw = ["follow", "0", "--raw", "client", "-o"];
    let by_link =
        run(raw.iter().copied().chain([&link, &capture].map(|path| path.to_str().unwrap())));
    let input = std::fs::File::open(&capture).unwrap();
    let by_standard_input =
        wsdump(raw.iter().copied().chain([capture.to_str().unwrap(), "-"])).stdin(input).output();
    assert_eq!((by_link.code, by_standard_input.unwrap().status.code()), (Some(2), Some(2)));
    assert!(std::fs::read(&capture).unwrap() == before);
}

/// What is told of a connection is what is told of it among the others.
#[test]
fn a_dialogue_is_the_text_of_its_connection() {
    let path = "captures/json-session.pcap";
    let follow = run(["follow", "1", path]).clean();
    let own: Vec<&str> = follow
        .lines()
        .map(|line| line.trim_start_matches(' '))
        .map(|line| line.trim_start_matches(['>', '<']).trim_start())
        .filter(|line| line.contains(" #1 "))
        .collect();
    let all = run([path]).clean();
    let expected: Vec<&str> =
        all.lines().filter(|line| line.contains(" #1 ")).map(str::trim_start).collect();
    assert!(!own.is_empty());
    let times = |lines: &[&str]| {
        lines.iter().map(|line| line.split_once(" #").unwrap().1.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(times(&own), times(&expected));
}

#[test]
fn what_is_left_out_is_left_out() {
    let shown = |options: &[&str]| {
        run(["follow", "0", "captures/json-session.pcap"].iter().chain(options)).clean()
    };
    assert!(shown(&[]).contains(" ping") && shown(&[]).contains(" text"));
    let without = shown(&["--no-control", "--compact"]);
    assert!(!without.contains(" ping ") && without.contains(" text"), "{without}");
}

macro_rules! snapshot {
    ($name:ident, $($argument:expr),+) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), run(["follow", $($argument),+]).clean());
        }
    };
}

snapshot!(follow_short_connections, "7", "captures/short-connections.pcap");
snapshot!(follow_broken_frames, "2", "captures/broken-frames.pcap");
snapshot!(follow_jupyter, "1", "--payload", "none", "captures/jupyter-kernel-v1.pcap");

//! What makes a check fail, and what may be said against that.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{capture, head_of_log, run, scratch, write};
use crate::judged::{Judged, judge};

const WRONG_ACCEPT: &str = "captures/wrong-accept.pcap";
const REFUSED: &str = "captures/refused.pcap";
const LOSSY: &str = "captures/lossy.pcap";

fn judge_file(path: &Path, options: &[&str]) -> Judged {
    judge(&[&[path.to_str().unwrap()], options].concat())
}

/// Port of the client that asked for a path, or that became another protocol.
fn port(name: &str, list: &str, path: &str) -> String {
    let head = head_of_log(&capture(name));
    let connections = head[list].as_array().unwrap();
    let connection = connections.iter().find(|connection| connection["path"] == path).unwrap();
    connection["client"].as_str().unwrap().rsplit_once(':').unwrap().1.to_owned()
}

/// Bytes of a pcap file before its first record, and of a record before its packet.
const HEADER: usize = 24;
const RECORD: usize = 16;

/// The records of a pcap file, whose numbers are little-endian.
fn records(file: &[u8]) -> Vec<&[u8]> {
    let mut rest = &file[HEADER..];
    let mut records = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        let (record, after) = rest.split_at(RECORD + length);
        records.push(record);
        rest = after;
    }
    records
}

/// A recording, changed.
fn changed(test: &str, name: &str, change: impl Fn(&[u8]) -> Vec<u8>) -> PathBuf {
    write(&scratch(test), "changed.pcap", &change(&fs::read(capture(name)).unwrap()))
}

#[test]
fn a_wrong_accept_fails() {
    let judged = judge(&[WRONG_ACCEPT]);
    assert_eq!(judged.findings, ["error accept-mismatch #0 packet 6 server"]);
    assert_eq!(judged.code, Some(1));
}

#[test]
fn unmasked_frames_fail() {
    let port = port("broken-frames.pcap", "connections", "/unmasked-client-frame/text");
    let judged = judge(&["captures/broken-frames.pcap", "--port", &port]);
    assert_eq!(judged.rules(), ["unmasked-client-frame"]);
    assert_eq!(judged.code, Some(1));
}

#[test]
fn lost_packets_fail() {
    let judged = judge(&[LOSSY]);
    assert!(judged.rules().contains(&"lost-packets"));
    assert_eq!(judged.code, Some(1));
    assert_eq!(judged.stderr, "", "what is missing is found, and not said beside it");
}

/// What -Y leaves out may have been in what is missing.
#[test]
fn lost_packets_fail_whatever_is_selected() {
    for filter in ["ws.event == message", "ws.event == handshake", "json"] {
        let judged = judge(&[LOSSY, "-Y", filter]);
        assert!(judged.findings.contains(&"error lost-packets".to_owned()), "{judged:?}");
        assert_eq!(judged.code, Some(1));
    }
    let judged = judge(&[LOSSY]);
    assert!(!judged.findings.contains(&"error lost-packets".to_owned()), "told twice");
}

#[test]
fn a_file_without_a_byte_is_broken() {
    let path = write(&scratch("check-nothing"), "nothing.pcap", b"");
    let judged = judge_file(&path, &[]);
    assert_eq!(judged.findings, ["error no-connection", "error broken-file"]);
    assert_eq!(judged.code, Some(2));
    assert_eq!(judge_file(&path, &["--allow-empty"]).findings, ["error broken-file"]);
}

#[test]
fn a_capture_without_packets_fails_unless_it_may_be_empty() {
    let path = changed("check-empty", "wrong-accept.pcap", |file| file[..HEADER].to_vec());
    let judged = judge_file(&path, &[]);
    assert_eq!(judged.findings, ["error no-connection"]);
    assert_eq!(judged.code, Some(1));
    let judged = judge_file(&path, &["--allow-empty"]);
    assert!(judged.findings.is_empty());
    assert_eq!(judged.code, Some(0));
}

#[test]
fn a_capture_without_websocket_fails_unless_it_may_be_empty() {
    let port = port("other-upgrades.pcapng", "other_upgrades", "/");
    let arguments = ["captures/other-upgrades.pcapng", "--port", &port];
    let judged = judge(&arguments);
    assert_eq!(judged.findings, ["error no-connection"]);
    assert_eq!(judged.code, Some(1));
    assert_eq!(judge(&[&arguments[..], &["--allow-empty"]].concat()).code, Some(0));
    assert_eq!(judge(&[&arguments[..], &["--allow", "no-connection"]].concat()).code, Some(0));
}

/// A request of which nobody knows whether it was answered is no connection.
#[test]
fn a_request_alone_is_no_connection() {
    let path = changed("check-request", "wrong-accept.pcap", |file| {
        [&file[..HEADER], &records(file)[..4].concat()].concat()
    });
    let judged = judge_file(&path, &[]);
    assert_eq!(judged.rules(), ["missing-handshake", "no-connection"]);
    assert_eq!(judged.code, Some(1));
}

#[test]
fn tls_without_keys_fails_even_if_it_may_be_empty() {
    let path = changed("check-tls", "wrong-accept.pcap", |file| {
        // The request and the response begin as TLS does.
        let mut file = [&file[..HEADER], &records(file)[..6].concat()].concat();
        for (head, hello) in [("GET /", [22, 3, 1, 2, 0]), ("HTTP/1.1 101", [22, 3, 3, 0, 80])] {
            let mut places = file.windows(head.len());
            let at = places.position(|bytes| bytes == head.as_bytes()).unwrap();
            file[at..at + hello.len()].copy_from_slice(&hello);
        }
        file
    });
    let judged = judge_file(&path, &[]);
    assert_eq!(judged.rules(), ["no-connection", "undecryptable"]);
    assert_eq!(judged.code, Some(1));
    assert_eq!(judge_file(&path, &["--allow-empty"]).rules(), ["undecryptable"]);
    let judged = judge_file(&path, &["--allow-empty", "--allow", "undecryptable"]);
    assert_eq!(judged.code, Some(0));
}

#[test]
fn a_snap_length_fails() {
    let path = changed("check-cut", "wrong-accept.pcap", |file| {
        let cut = |record: &&[u8]| {
            let kept = (record.len() - RECORD).min(96);
            let length = u32::try_from(kept).unwrap().to_le_bytes();
            [&record[..8], &length, &record[12..RECORD + kept]].concat()
        };
        [file[..HEADER].to_vec(), records(file).iter().map(cut).collect::<Vec<_>>().concat()]
            .concat()
    });
    let judged = judge_file(&path, &[]);
    assert!(judged.rules().contains(&"cut-packets"), "{judged:?}");
    assert_eq!(judged.code, Some(1));
    let judged = judge_file(&path, &["--allow", "cut-packets"]);
    assert!(!judged.rules().contains(&"cut-packets"), "{judged:?}");
}

/// What can be read is judged, and 2 wins over 1.
#[test]
fn a_file_that_is_cut_off_is_broken() {
    let path = changed("check-broken", "wrong-accept.pcap", |file| {
        let ten: usize = records(file)[..10].iter().map(|record| record.len()).sum();
        file[..HEADER + ten + 20].to_vec()
    });
    let judged = judge_file(&path, &[]);
    assert_eq!(judged.rules(), ["accept-mismatch", "open-connection", "broken-file"]);
    assert_eq!(judged.code, Some(2));
    let judged = judge_file(&path, &["--allow", "accept-mismatch"]);
    assert_eq!(judged.rules(), ["open-connection", "broken-file"]);
    assert_eq!(judged.code, Some(2));
    // So that no report says that it passes, it cannot be allowed.
    let judged = judge_file(&path, &["--allow", "broken-file"]);
    assert_eq!(judged.code, Some(2));
    assert!(judged.stderr.contains("whatever is allowed"), "{}", judged.stderr);
}

#[test]
fn a_check_fails_on_what_it_is_told_to() {
    let judged = judge(&[REFUSED]);
    assert_eq!(judged.rules().len(), 8);
    assert_eq!(judged.code, Some(0));
    assert_eq!(judge(&[REFUSED, "--fail-on", "warning"]).code, Some(1));
    let allowed = ["--fail-on", "warning", "--allow", "request-other-version"];
    assert_eq!(judge(&[&[REFUSED], &allowed[..]].concat()).code, Some(0));
    assert_eq!(judge(&[REFUSED, "--fail-on", "note"]).code, Some(1));
}

#[test]
fn what_is_denied_is_an_error() {
    let judged = judge(&[REFUSED, "--deny", "refused-handshake"]);
    let errors = judged.findings.iter().filter(|finding| finding.starts_with("error "));
    assert_eq!(errors.count(), 7);
    assert_eq!(judged.code, Some(1));
    let where_allowed = "refused-handshake:http.response.code != 503";
    let judged = judge(&[REFUSED, "--deny", "refused-handshake", "--allow", where_allowed]);
    assert_eq!(judged.rules(), ["request-other-version", "refused-handshake"]);
    assert_eq!(judged.code, Some(1));
}

#[test]
fn what_is_allowed_may_be() {
    for (allowed, code) in [
        ("accept-mismatch", 0),
        ("accept-mismatch:tcp.stream == 0", 0),
        ("accept-mismatch:tcp.stream == 1", 1),
        ("accept-missing", 1),
    ] {
        assert_eq!(judge(&[WRONG_ACCEPT, "--allow", allowed]).code, Some(code), "{allowed}");
    }
    let both = ["--allow", "accept-mismatch:tcp.stream == 1", "--allow", "accept-mismatch"];
    assert_eq!(judge(&[&[WRONG_ACCEPT], &both[..]].concat()).code, Some(0));
}

/// That a message breaks off is certain only when its connection ends, and allowed
/// where the message is selected.
#[test]
fn a_message_that_breaks_off_is_allowed_where_it_is() {
    let options =
        ["captures/cut-by-rst.pcapng", "--allow", "incomplete-message:websocket.opcode == 1"];
    let judged = judge(&options);
    assert_eq!(judged.rules(), ["incomplete-message"; 2]);
}

#[test]
fn wrong_options_are_told() {
    for (options, told) in [
        (&["--allow", "accept-mismach"][..], "did you mean `accept-mismatch`?"),
        (&["--deny", "nothing-like-it"], "`wsdump check --explain` lists all"),
        (&["--allow", "accept-mismatch:tcp.strem == 1"], "did you mean tcp.stream?"),
        (&["--allow", "accept-mismatch:"], "this expression is empty"),
        (&["--allow", "cut-packets:tcp.stream == 1"], "concerns the capture as a whole"),
        (&["--allow", "close-code", "--deny", "close-code"], "contradict each other"),
    ] {
        let judged = judge(&[&[WRONG_ACCEPT], options].concat());
        assert_eq!((judged.code, judged.findings.len()), (Some(2), 0), "{options:?}");
        assert!(judged.stderr.contains(told), "{options:?}: {}", judged.stderr);
    }
    let caret = judge(&[WRONG_ACCEPT, "--allow", "accept-mismatch:ip.addr == x"]).stderr;
    assert!(caret.contains("1 | ip.addr == x\n  |            ^"), "{caret}");
}

#[test]
fn a_baseline_knows_what_was_there() {
    let folder = scratch("check-baseline");
    let path = folder.join("baseline.json");
    let baseline = path.to_str().unwrap();
    let ran = run(["check", LOSSY, "--write-baseline", baseline]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let written = fs::read_to_string(&path).unwrap();
    run(["check", LOSSY, "--write-baseline", baseline]);
    assert_eq!(fs::read_to_string(&path).unwrap(), written, "byte for byte");

    let judged = judge(&[LOSSY, "--baseline", baseline]);
    assert_eq!((judged.code, judged.findings.len()), (Some(0), 0), "{judged:?}");
    // What was there fewer times than now is new as often as that.
    let fewer = written.replace("\"count\":6", "\"count\":5");
    assert_ne!(fewer, written);
    fs::write(&path, &fewer).unwrap();
    let judged = judge(&[LOSSY, "--baseline", baseline]);
    assert_eq!((judged.code, judged.rules()), (Some(1), vec!["lost-packets"; 2]), "{judged:?}");
    // Another recording has nothing of it.
    let judged = judge(&[WRONG_ACCEPT, "--baseline", baseline]);
    assert_eq!((judged.code, judged.rules()), (Some(1), vec!["accept-mismatch"]));

    fs::write(&path, written.replace("lost-packets", "lost-packet")).unwrap();
    let judged = judge(&[LOSSY, "--baseline", baseline]);
    assert_eq!(judged.code, Some(2));
    let told = "baseline.json:4:25: no rule is called `lost-packet`: did you mean `lost-packets`?";
    assert!(judged.stderr.contains(told), "{}", judged.stderr);
    let judged = judge(&[LOSSY, "--baseline", "captures/nothing.json"]);
    assert_eq!(judged.code, Some(2));
}

#[test]
fn what_is_allowed_is_not_noted() {
    let folder = scratch("check-baseline-allowed");
    let path = folder.join("baseline.json");
    let options = ["--allow", "lost-packets", "--write-baseline", path.to_str().unwrap()];
    assert_eq!(judge(&[&[LOSSY], &options[..]].concat()).code, Some(0));
    let written = fs::read_to_string(&path).unwrap();
    assert!(written.contains("undecodable") && !written.contains("lost-packets"), "{written}");
}

#[test]
fn a_baseline_overwrites_nothing_that_is_read() {
    let capture = changed("check-baseline-over", "wrong-accept.pcap", <[u8]>::to_vec);
    let expected = write(capture.parent().unwrap(), "expected.toml", b"");
    for path in [&capture, &expected] {
        let before = fs::read(path).unwrap();
        let path = path.to_str().unwrap();
        let options = ["--expect", expected.to_str().unwrap(), "--write-baseline", path];
        let judged = judge_file(&capture, &options);
        assert_eq!(judged.code, Some(2));
        assert!(judged.stderr.contains("would overwrite"), "{}", judged.stderr);
        assert_eq!(fs::read(path).unwrap(), before);
    }
}

#[test]
fn a_baseline_lets_no_empty_capture_pass() {
    let empty =
        changed("check-baseline-empty", "wrong-accept.pcap", |file| file[..HEADER].to_vec());
    let path = empty.with_file_name("baseline.json");
    let options = ["--write-baseline", path.to_str().unwrap()];
    assert_eq!(judge_file(&empty, &options).findings, ["error no-connection"]);
    assert!(!fs::read_to_string(&path).unwrap().contains("no-connection"));
    // Nor does one that a person wrote.
    let line = r#"{"rule":"no-connection","count":9}"#;
    fs::write(&path, format!(r#"{{"wsdump_baseline":1,"findings":[{line}]}}"#)).unwrap();
    let judged = judge_file(&empty, &["--baseline", path.to_str().unwrap()]);
    assert_eq!((judged.code, judged.rules()), (Some(1), vec!["no-connection"]));
}

/// What is found in a broken capture is noted, and it stays broken.
#[test]
fn a_baseline_mends_no_capture() {
    let broken = changed("check-baseline-broken", "wrong-accept.pcap", |file| {
        file[..file.len() - 1].to_vec()
    });
    let path = broken.with_file_name("baseline.json");
    let baseline = path.to_str().unwrap();
    assert_eq!(judge_file(&broken, &["--write-baseline", baseline]).code, Some(2));
    let judged = judge_file(&broken, &["--baseline", baseline]);
    assert_eq!((judged.code, judged.rules()), (Some(2), vec!["broken-file"]), "{judged:?}");
    let folder = broken.parent().unwrap().to_str().unwrap();
    let judged = judge(&[WRONG_ACCEPT, "--write-baseline", folder]);
    assert_eq!(judged.code, Some(2));
    assert!(judged.stderr.contains("cannot be written"), "{}", judged.stderr);
}

//! `wsdump diff`, as a user runs it.

use std::path::{Path, PathBuf};

use crate::command::{Ran, captures, run, scratch};
use crate::made::{Capture, Connection, Header, Side, frame};

/// A session that differs from run to run in its ids and times.
const SESSION: &[(Side, &str)] = &[
    (Side::Client, r#"{"type":"login","user":"zoe","nonce":"LxgJVzEC3_Twb9m8AAAA"}"#),
    (Side::Server, r#"{"type":"welcome","session":"LxgJVzEC3_Twb9m8AAAA","time":1795748362}"#),
    (Side::Client, r#"{"type":"order","item":"tea","pieces":2}"#),
    (Side::Client, r#"{"type":"order","item":"bread","pieces":1}"#),
    (Side::Server, r#"{"type":"accepted","order":1,"price":{"total":7.5,"currency":"EUR"}}"#),
    (Side::Server, r#"{"type":"accepted","order":2,"price":{"total":3,"currency":"EUR"}}"#),
];

/// The capture of a session, with a Close that gives this code.
fn recorded(folder: &Path, name: &str, session: &[(Side, &str)], code: u16) -> PathBuf {
    let path = folder.join(name);
    let mut capture = Capture::create(&path).unwrap();
    let mut connection = Connection::on_ethernet(7, 80);
    connection.dial(&mut capture).unwrap();
    connection.upgrade(&mut capture, false).unwrap();
    for (from, text) in session {
        let bytes = frame(Header::TEXT, *from, text.as_bytes());
        connection.send(&mut capture, *from, &bytes).unwrap();
    }
    for from in [Side::Client, Side::Server] {
        let bytes = frame(Header::CLOSE, from, &code.to_be_bytes());
        connection.send(&mut capture, from, &bytes).unwrap();
    }
    connection.close(&mut capture, Side::Server).unwrap();
    capture.finish().unwrap();
    path
}

/// What is told of a session and another, run in their folder so that no other path is
/// told.
fn told(name: &str, old: &[(Side, &str)], new: &[(Side, &str)], arguments: &[&str]) -> Ran {
    let folder = scratch(name);
    recorded(&folder, "old.pcap", old, 1000);
    recorded(&folder, "new.pcap", new, 1000);
    in_folder(&folder, arguments)
}

fn in_folder(folder: &Path, arguments: &[&str]) -> Ran {
    let words = ["diff", "old.pcap", "new.pcap"].into_iter().chain(arguments.iter().copied());
    crate::command::wsdump(words).current_dir(folder).output().unwrap().into()
}

fn changed(from: &'static str, to: &str, then: impl FnOnce(&[(Side, &str)])) {
    let texts: Vec<String> = SESSION.iter().map(|(_, text)| text.replace(from, to)).collect();
    assert!(texts.iter().zip(SESSION).any(|(text, (_, before))| text != before));
    let session: Vec<(Side, &str)> =
        SESSION.iter().zip(&texts).map(|((from, _), text)| (*from, text.as_str())).collect();
    then(&session);
}

#[test]
fn a_recording_does_not_differ_from_itself() {
    for path in captures() {
        let ran = run(["diff".as_ref(), path.as_os_str(), path.as_os_str()]);
        assert_eq!(ran.code, Some(0), "{}: {}{}", path.display(), ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("\nno difference: "), "{}", path.display());
        assert_eq!(ran.stdout.lines().count(), 2, "{}", path.display());
    }
}

/// The same session, recorded twice.
#[test]
fn two_recordings_of_a_session_do_not_differ() {
    let pair = ["captures/session-a.pcapng", "captures/session-b.pcapng"];
    let ran = run(["diff"].into_iter().chain(pair));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
    assert!(ran.stdout.contains("\nno difference: 4 connections"), "{}", ran.stdout);
    let ran = run(["diff", "--no-default-ignores"].into_iter().chain(pair));
    assert_eq!(ran.code, Some(1));
}

#[test]
fn what_varies_from_run_to_run_is_no_difference() {
    changed("LxgJVzEC3_Twb9m8AAAA", "q6XTvSQXbZy42ya1AAAA", |ids| {
        let ran = told("diff-ids", SESSION, ids, &[]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        insta::assert_snapshot!("no_difference", ran.stdout);
        let ran = told("diff-ids", SESSION, ids, &["--no-default-ignores"]);
        assert_eq!(ran.code, Some(1));
        insta::assert_snapshot!("ids_compared", ran.stdout);
        let ignoring = ["--no-default-ignores", "--ignore", "json.session", "--ignore", "**.nonce"];
        assert_eq!(told("diff-ids", SESSION, ids, &ignoring).code, Some(0));
    });
}

#[test]
fn a_changed_field_is_told_in_one_hunk() {
    changed("7.5", "8.25", |session| {
        let ran = told("diff-changed", SESSION, session, &[]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
        insta::assert_snapshot!("changed_field", ran.stdout);
        // The path that is told is one to ignore.
        let ran = told("diff-changed", SESSION, session, &["--ignore", "json.price.total"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    });
}

#[test]
fn a_missing_message_is_told_in_one_hunk() {
    let mut session = SESSION.to_vec();
    session.remove(3);
    let ran = told("diff-missing", SESSION, &session, &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!("missing_message", ran.stdout);
    let ran = told("diff-missing", &session, SESSION, &["-q"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!("added_message_quiet", ran.stdout);
}

#[test]
fn a_reordered_message_is_told_in_one_hunk() {
    let mut session = SESSION.to_vec();
    session.swap(2, 3);
    let ran = told("diff-moved", SESSION, &session, &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!("moved_message", ran.stdout);
    // Of different senders the order is an accident.
    let mut session = SESSION.to_vec();
    session.swap(3, 4);
    assert_eq!(told("diff-moved", SESSION, &session, &[]).code, Some(0));
}

#[test]
fn a_wrong_reference_is_a_difference() {
    let mut session = SESSION.to_vec();
    let other = SESSION[1].1.replace("LxgJVzEC3_Twb9m8AAAA", "q6XTvSQXbZy42ya1AAAA");
    session[1].1 = &other;
    let ran = told("diff-reference", SESSION, &session, &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!("wrong_reference", ran.stdout);
}

#[test]
fn another_close_code_is_a_difference() {
    let folder = scratch("diff-close");
    recorded(&folder, "old.pcap", SESSION, 1000);
    recorded(&folder, "new.pcap", SESSION, 1001);
    let ran = in_folder(&folder, &["--color", "always"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    insta::assert_snapshot!("close_codes_in_colour", ran.stdout.replace('\u{1b}', "␛"));
}

#[test]
fn refused_handshakes_and_other_connections_are_told() {
    let ran = run(["diff", "captures/refused.pcap", "captures/wrong-accept.pcap"]);
    assert_eq!(ran.code, Some(1));
    insta::assert_snapshot!("other_connections", ran.stdout);
}

#[test]
fn a_filter_chooses_what_is_compared() {
    changed("7.5", "8.25", |session| {
        let of = |filter| told("diff-filter", SESSION, session, &["-Y", filter]);
        assert_eq!(of("json.price.total > 5").code, Some(1));
        let ran = of("json.type == order");
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        assert!(ran.stdout.ends_with("no difference: 1 connection and 2 messages compared\n"));
        assert_eq!(of("json.type == nothing").code, Some(2));
        assert_eq!(of("json.type ==").code, Some(2));
        // Pings, violations and ends are not compared.
        let ran = of("ws.event == end");
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    });
    // It is known of messages alone which connection they belong to.
    let pair = ["captures/session-a.pcapng", "captures/session-b.pcapng"];
    let ran = run(["diff", "-Y", "json.method == \"order.create\""].into_iter().chain(pair));
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(!ran.stdout.contains("0 messages"), "{}", ran.stdout);
}

#[test]
fn nothing_compared_is_no_success() {
    let folder = scratch("diff-nothing");
    Capture::create(&folder.join("new.pcap")).unwrap().finish().unwrap();
    Capture::create(&folder.join("old.pcap")).unwrap().finish().unwrap();
    let ran = in_folder(&folder, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("neither capture shows a WebSocket connection"), "{}", ran.stderr);
    recorded(&folder, "old.pcap", SESSION, 1000);
    let ran = in_folder(&folder, &["-q"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stdout.contains("- connection, 101 Switching Protocols, 8 messages"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_broken_capture_is_a_failure() {
    let folder = scratch("diff-broken");
    let path = recorded(&folder, "old.pcap", SESSION, 1000);
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(folder.join("new.pcap"), &bytes[..bytes.len() - 7]).unwrap();
    let ran = in_folder(&folder, &[]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("new.pcap"), "{}", ran.stderr);
    // What could be read is compared.
    assert!(ran.stdout.contains("1 connection"), "{}", ran.stdout);
    std::fs::remove_file(folder.join("new.pcap")).unwrap();
    let ran = in_folder(&folder, &[]);
    assert_eq!(ran.code, Some(2));
}

#[test]
fn messages_that_are_not_compared_are_a_failure() {
    let folder = scratch("diff-many");
    recorded(&folder, "old.pcap", SESSION, 1000);
    recorded(&folder, "new.pcap", SESSION, 1000);
    let ran = in_folder(&folder, &["-q", "--limit", "compared=128"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stdout.contains("messages not compared"), "{}", ran.stdout);
}

#[test]
fn help_tells_what_is_not_compared() {
    let help = run(["diff", "--help"]).clean();
    for word in ["RFC 3339", "UUIDs", "heartbeats", "--no-default-ignores", "Exit codes: 0"] {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn an_ignore_of_nothing_is_told() {
    let arguments = ["--ignore", "json.prize.total", "--ignore", "json.price.total"];
    let ran = told("diff-unmet", SESSION, SESSION, &arguments);
    assert_eq!(ran.code, Some(0));
    assert_eq!(ran.stderr, "wsdump: --ignore json.prize.total: nothing stood there\n");
    let quiet = told("diff-unmet", SESSION, SESSION, &[&arguments[..], &["-q"]].concat());
    assert_eq!(quiet.stderr, "");
}

#[test]
fn wrong_usage_is_refused() {
    for (arguments, reason) in [
        (&["diff", "-", "-"][..], "standard input can be read only once"),
        (&["diff", "a.pcap"], "required"),
        (&["diff", "a.pcap", "b.pcap", "--ignore", "json..x"], "a key has to stand after"),
        (&["diff", "a.pcap", "b.pcap", "--ignore", "**"], "nothing would be compared"),
        (&["diff", "a.pcap", "b.pcap", "--ignore", "/item/price"], "did you mean json.item.price?"),
    ] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ran.stderr.contains(reason), "{}", ran.stderr);
    }
}

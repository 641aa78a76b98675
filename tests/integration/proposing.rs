//! `wsdump check --init`: what is proposed holds on the capture that it comes from, and
//! not on one that differs.

use std::path::{Path, PathBuf};

use crate::command::{Ran, capture, captures, run, scratch, write};
use crate::made::{Capture, Connection, Header, Side, frame};

#[test]
fn what_is_proposed_holds_where_it_comes_from() {
    let folder = scratch("proposing-recordings");
    let mut good = 0;
    for path in captures() {
        if run(["check".as_ref(), path.as_os_str()]).code != Some(0) {
            continue;
        }
        good += 1;
        let proposed = run(["check".as_ref(), "--init".as_ref(), path.as_os_str()]).clean();
        let ran = check(&write(&folder, "proposed.toml", proposed.as_bytes()), &path);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{path:?}: {}", ran.stdout);
        assert!(!ran.stdout.contains("unused-expectation"), "{path:?}: {}", ran.stdout);
    }
    assert!(good > 20, "{good} good recordings");
}

/// A shop's session, in which everything is as it should be.
const SESSION: &[(Side, u8, &str)] = &[
    (Side::Client, Header::TEXT, r#"{"type":"login","id":1}"#),
    (Side::Server, Header::TEXT, r#"{"type":"welcome","reply_to":1}"#),
    (Side::Client, Header::TEXT, r#"{"type":"order","id":2}"#),
    (Side::Server, Header::TEXT, r#"{"type":"accepted","reply_to":2}"#),
    (Side::Client, Header::TEXT, r#"{"type":"order","id":3}"#),
    (Side::Server, Header::TEXT, r#"{"type":"accepted","reply_to":3}"#),
    (Side::Client, Header::CLOSE, "\x0f\x20"),
    (Side::Server, Header::CLOSE, "\x0f\x20"),
];

fn made(name: &str, session: &[(Side, u8, &str)]) -> PathBuf {
    let path = scratch(&format!("proposing-{name}")).join("made.pcap");
    let mut capture = Capture::create(&path).unwrap();
    let mut connection = Connection::on_ethernet(7, 80);
    connection.dial(&mut capture).unwrap();
    connection.upgrade(&mut capture, false).unwrap();
    for (from, opcode, payload) in session {
        let bytes = frame(*opcode, *from, payload.as_bytes());
        connection.send(&mut capture, *from, &bytes).unwrap();
    }
    capture.finish().unwrap();
    path
}

fn check(expected: &Path, capture: &Path) -> Ran {
    run(["check".as_ref(), "--expect".as_ref(), expected.as_os_str(), capture.as_os_str()])
}

#[test]
fn what_is_proposed_does_not_hold_of_other_traffic() {
    let good = made("good", SESSION);
    let proposed = run(["check".as_ref(), "--init".as_ref(), good.as_os_str()]).clean();
    let expected = write(&scratch("proposing-expected"), "expected.toml", proposed.as_bytes());
    let ran = check(&expected, &good);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);

    let changed = |name: &str, at: usize, text: &'static str, rule: &str| {
        let mut session = SESSION.to_vec();
        session[at].2 = text;
        fails(&expected, &made(name, &session), rule);
    };
    changed("other-type", 5, r#"{"type":"refused","reply_to":3}"#, "expect");
    changed("other-id", 5, r#"{"type":"accepted","reply_to":4}"#, "reply");
    changed("no-id", 4, r#"{"type":"order"}"#, "reply");
    changed("other-code", 6, "\x0f\x21", "limits");
    let long = format!(r#"{{"type":"login","id":1,"name":"{}"}}"#, "x".repeat(2000));
    changed("larger", 0, long.leak(), "limits");

    for at in 0..6 {
        let mut session = SESSION.to_vec();
        session.remove(at);
        fails(&expected, &made(&format!("without-{at}"), &session), "expect");
    }
    let mut session = SESSION.to_vec();
    session.swap(0, 2);
    fails(&expected, &made("swapped", &session), "sequence");
}

#[track_caller]
fn fails(expected: &Path, capture: &Path, rule: &str) {
    let ran = check(expected, capture);
    let is_found = ran.stdout.lines().any(|line| line.starts_with(&format!("✗ {rule} ")));
    assert!(ran.code == Some(1) && is_found, "no {rule} in {}{}", ran.stdout, ran.stderr);
}

#[test]
fn hostile_names_are_names() {
    for (number, name) in [
        r#"\"; drop"#,
        "it's",
        r"\\ \\x41 \u0027 ''' \u0000",
        r"\n[[forbid]]\nwhere = 'json'\n",
        r"\u001b[2J \u0085 \u202e \udb40\udc41 \u2028",
        "# {1} && ! ^ $ é € 😀",
        r"\ud800",
    ]
    .into_iter()
    .enumerate()
    {
        let ask = format!(r#"{{"type":"{name}","id":"{name}"}}"#);
        let tell = format!(r#"{{"event":"x{name}","id":"{name}"}}"#);
        let path = made(
            &format!("hostile-{number}"),
            &[(Side::Client, Header::TEXT, &ask), (Side::Server, Header::TEXT, &tell)],
        );
        let proposed = run(["check".as_ref(), "--init".as_ref(), path.as_os_str()]).clean();
        assert!(
            proposed.chars().all(|letter| letter == '\n' || !letter.is_control()),
            "{proposed}"
        );
        let expected = write(&scratch("proposing-hostile"), "expected.toml", proposed.as_bytes());
        let ran = check(&expected, &path);
        assert_eq!(ran.code, Some(0), "{proposed}{}{}", ran.stdout, ran.stderr);
        assert!(!ran.stdout.contains("unused-expectation"), "{}", ran.stdout);
    }
}

#[test]
fn a_capture_that_is_not_good_is_proposed_with_a_warning() {
    let ran = run(["check".as_ref(), "--init".as_ref(), capture("wrong-accept.pcap").as_os_str()]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains("[[expect]]"), "{}", ran.stdout);
    let warning = "wsdump: the capture is not good: 1 finding, which wsdump check without --init \
                   tells\n";
    assert_eq!(ran.stderr, warning);
}

#[test]
fn without_connections_there_is_nothing_to_propose() {
    let path = scratch("proposing-nothing").join("made.pcap");
    Capture::create(&path).unwrap().finish().unwrap();
    let ran = run(["check".as_ref(), "--init".as_ref(), path.as_os_str()]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("nothing to propose"), "{}", ran.stderr);
}

#[test]
fn a_file_to_write_is_no_capture() {
    let ran = run(["check", "--init", "wsdump-check.toml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(
        ran.stderr.contains("wsdump check --init traffic.pcap > wsdump-check.toml"),
        "{}",
        ran.stderr
    );
}

/// Options by which a check is judged do nothing here.
#[test]
fn what_is_proposed_is_not_judged() {
    for options in [
        &["--fail-on", "note"][..],
        &["--allow", "expect"],
        &["--deny", "expect"],
        &["--allow-empty"],
        &["--report", "json"],
    ] {
        let ran = run([&["check", "--init", "captures/handwritten.pcap"], options].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{options:?}");
        assert!(ran.stderr.contains("'--init' cannot be used with"), "{}", ran.stderr);
    }
}

//! Expectations files: what is wrong with them, where they are found, and what they
//! find in the recordings.

use std::path::{Path, PathBuf};

use crate::command::{Ran, capture, run, run_with_input, scratch, write};
use crate::judged::details;

const JSON: &str = "captures/json-session.pcap";

/// Judges a recording by what a file says.
fn check(folder: &Path, text: &str, capture: &str) -> Ran {
    let file = write(folder, "expected.toml", text.as_bytes());
    run(["check".as_ref(), "--expect".as_ref(), file.as_os_str(), capture.as_ref()])
}

/// The same, with a report in JSON.
fn report(folder: &Path, text: &str, capture: &str) -> Ran {
    let file = write(folder, "expected.toml", text.as_bytes());
    let check = ["check", "--report", "json", "--expect"].map(AsRef::as_ref);
    run(check.into_iter().chain([file.as_os_str(), capture.as_ref()]))
}

/// What is wrong with these files is told with its line, its column and these words.
#[track_caller]
fn is_wrong(test: &str, files: &[(&str, (usize, usize), &str)]) {
    let folder = scratch(test);
    write(&folder, "not.json", b"{\"type\": ");
    write(&folder, "no-schema.json", b"{\"type\": 3}");
    for (text, (line, column), words) in files {
        let ran = check(&folder, text, JSON);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{text}: {}", ran.stderr);
        let place = format!("expected.toml:{line}:{column}\n");
        assert!(ran.stderr.contains(&place), "{text}: not at {place}{}", ran.stderr);
        assert!(ran.stderr.contains(words), "{text}: no {words:?} in {}", ran.stderr);
    }
}

#[test]
fn what_is_no_toml_is_shown() {
    is_wrong(
        "expectations-toml",
        &[
            ("[[forbid]]\nwhere = \"json\n", (2, 14), "expected `\"`"),
            ("[[forbid]\nwhere = 'json'\n", (1, 10), "expected `]`"),
            ("\n[[forbid]]\nwhere = 'json' json\n", (3, 16), "unexpected key or value"),
            ("[[forbid]]\nwhere = '\\q'\nname = \"\\q\"\n", (3, 10), "missing escaped value"),
            ("[[forbid]]\nwhere = 'json'\nwhere = 'json'\n", (3, 1), "duplicate key"),
            ("[[forbid]]\nwhere", (2, 6), "key with no value"),
        ],
    );
}

#[test]
fn what_there_is_not_is_shown() {
    is_wrong(
        "expectations-keys",
        &[
            ("[[expect]]\nwhere = 'json'\ncuont = 3\n", (3, 1), "help: did you mean count?"),
            ("[[forbid]]\nwhere = 'json'\ncount = 3\n", (3, 1), "there is no count here"),
            ("[[expcet]]\nwhere = 'json'\n", (1, 3), "help: did you mean expect?"),
            ("[other]\n", (1, 2), "known: expect, forbid, sequence, reply, schema, limits"),
            ("name = 'all'\n", (1, 1), "there is no name here"),
            ("\n[[expect]]\ncount = 3\n", (2, 1), "where is missing"),
            ("[[forbid]]\n", (1, 1), "where is missing"),
            ("[[sequence]]\nsteps = ['json', { within = '1s' }]\n", (2, 18), "where is missing"),
            ("[[reply]]\nrequest = 'json'\n", (1, 1), "response is missing"),
            ("[[schema]]\nwhere = 'json'\n", (1, 1), "schema is missing"),
            (
                "[[reply]]\nrequest = 'json'\nresponse = 'json'\nkey = { request = 'json.id' }\n",
                (4, 7),
                "response is missing",
            ),
            ("[limits]\nlatency = { p59 = '1s' }\n", (2, 13), "known: p50, p95, p99, max"),
            ("[limits]\nsize = 3\n", (2, 1), "there is no size here"),
        ],
    );
}

#[test]
fn what_is_of_another_type_is_shown() {
    is_wrong(
        "expectations-types",
        &[
            ("[[forbid]]\nwhere = 3\n", (2, 9), "expected a string, found integer `3`"),
            ("[[expect]]\nwhere = 'json'\ncount = 1.5\n", (3, 9), "a whole number or a string"),
            ("[[expect]]\nwhere = 'json'\nwithin = 2\n", (3, 10), "expected a string"),
            ("[[sequence]]\nsteps = 'json'\n", (2, 9), "expected an array"),
            ("[[sequence]]\nsteps = [\n  'json',\n  true]\n", (4, 3), "a string or a table"),
            ("[[sequence]]\nsteps = ['json']\nstrict = 1\n", (3, 10), "expected a boolean"),
            ("[expect]\nwhere = 'json'\n", (1, 1), "help: write [[expect]]"),
            ("[[limits]]\nmessage_size = 3\n", (1, 1), "help: write [limits]"),
            ("forbid = [['a', 'json']]\n", (1, 11), "expected a table, found an array"),
            ("[limits]\nclose_codes = [1000, '1001']\n", (2, 22), "found string \"1001\""),
            ("[limits]\nlatency = '1s'\n", (2, 11), "expected a table"),
            ("[[expect]]\nwhere = 'json'\nwithin = 5\n", (3, 10), "times are \"200ms\""),
            ("[limits]\nlatency = { max = 1 }\n", (2, 19), "times are \"200ms\""),
            ("[limits]\nclose_codes = ['normal']\n", (2, 16), "a number from 1000 to 4999"),
            ("[limits]\nmessages_per_second = '9'\n", (2, 23), "expected a whole number"),
            ("[limits]\ncompression_ratio = '50%'\n", (2, 21), "a number such as 0.5"),
        ],
    );
}

#[test]
fn a_fault_in_a_filter_is_shown_within_its_string() {
    is_wrong(
        "expectations-filters",
        &[
            ("[[forbid]]\nwhere = \"json.a == == 3\"\n", (2, 20), "error: "),
            ("[[forbid]]\nwhere = 'json && jsn'\n", (2, 18), "there is no field jsn"),
            ("[[forbid]]\nwhere = 'json &&'\n", (2, 17), "something is missing at the end"),
            ("[[forbid]]\nwhere = ''\n", (2, 10), "error: "),
            // Columns are characters.
            ("forbid = [{ name = 'é€', where = 'jsn' }]\n", (1, 35), "no field jsn"),
            // In several lines.
            ("[[forbid]]\nwhere = '''\njson &&\n  jsn\n'''\n", (4, 3), "no field jsn"),
            ("[[forbid]]\nwhere = \"\"\"json &&\n  jsn\"\"\"\n", (3, 3), "no field jsn"),
            ("[[forbid]]\r\nwhere = '''\r\njson && jsn'''\r\n", (3, 9), "no field jsn"),
            // Escapes are what they stand for.
            ("[[forbid]]\nwhere = \"json == \\\"a\"\n", (2, 18), "this quote is never closed"),
            ("[[forbid]]\nwhere = \"\"\"\n\\u006a &&\"\"\"\n", (3, 10), "missing at the end"),
            ("[[expect]]\nwhere = 'json'\nwithin = '1s'\nafter = 'jsn'\n", (4, 10), "jsn"),
            ("[[sequence]]\nsteps = ['json', 'jsn']\n", (2, 19), "jsn"),
            ("[[sequence]]\nsteps = ['json', { where = 'jsn' }]\n", (2, 29), "jsn"),
            ("[[sequence]]\nsteps = ['json']\nwhere = 'jsn'\n", (3, 10), "jsn"),
            ("[[reply]]\nrequest = 'jsn'\nresponse = 'json'\n", (2, 12), "jsn"),
            ("[[reply]]\nrequest = 'json'\nresponse = 'jsn'\n", (3, 13), "jsn"),
            ("[[schema]]\nwhere = 'jsn'\nschema = 'a.json'\n", (2, 10), "jsn"),
        ],
    );
}

#[test]
fn a_value_that_cannot_be_is_shown() {
    let count = |count: &str| format!("[[expect]]\nwhere = 'json'\ncount = {count}\n");
    let key = |key: &str| format!("[[reply]]\nrequest = 'json'\nresponse = 'json'\nkey = {key}\n");
    let limit = |limit: &str| format!("[limits]\n{limit}\n");
    is_wrong(
        "expectations-values",
        &[
            (&count("'5..1'"), (3, 9), "this count ends before it begins"),
            (&count("-1"), (3, 9), "a count is not below 0"),
            (&count("'>= x'"), (3, 9), "this is no count"),
            (&count("''"), (3, 9), "counts are 3, "),
            ("[[expect]]\nwhere = 'json'\nwithin = 'soon'\n", (3, 10), "this is no time"),
            ("[[expect]]\nwhere = 'json'\nwithin = '-1s'\n", (3, 10), "times are \"200ms\""),
            ("[[expect]]\nwhere = 'json'\nafter = 'json'\n", (3, 9), "without within"),
            (
                "[[expect]]\nwhere = 'json'\nper = 'message'\n",
                (3, 7),
                "\"connection\" or \"capture\"",
            ),
            ("[[sequence]]\nsteps = []\n", (2, 9), "a sequence without steps"),
            ("[[sequence]]\nsteps = [{ where = 'json', within = 'x' }]\n", (2, 37), "no time"),
            (&key("'json.id >'"), (4, 17), "something is missing"),
            (&key("'json.id > 3'"), (4, 8), "error: "),
            (&key("'jsn.id'"), (4, 8), "no field jsn.id"),
            (&key("'json..id'"), (4, 12), "help: in JSON: json.id"),
            (&key("'$.id'"), (4, 8), "help: in JSON: json.id"),
            (&key("'/order/id'"), (4, 8), "help: in JSON: json.order.id"),
            (&key("'id'"), (4, 8), "help: in JSON: json.id"),
            (&key("{ request = 'json.id', response = 'jsn.id' }"), (4, 42), "no field jsn.id"),
            (&limit("message_size = 'big'"), (2, 16), "sizes are 65536"),
            (&limit("message_size = -1"), (2, 16), "this is no size"),
            (&limit("messages_per_second = 0"), (2, 23), "no number of messages"),
            (&limit("connection_duration = '1y'"), (2, 23), "this is no time"),
            (&limit("latency = { p95 = '1' , max = 'x' }"), (2, 31), "this is no time"),
            (&limit("compression_ratio = 0"), (2, 21), "no compression ratio"),
            (&limit("compression_ratio = nan"), (2, 21), "no compression ratio"),
            (&limit("close_codes = [1000, 999]"), (2, 22), "expected 1000 to 4999"),
            (&limit("close_codes = [5000]"), (2, 16), "no close code"),
        ],
    );
}

#[test]
fn a_schema_that_cannot_be_used_is_shown() {
    let schema = |file: &str| format!("[[schema]]\nwhere = 'json'\nschema = '{file}'\n");
    is_wrong(
        "expectations-schemas",
        &[
            (&schema("missing.json"), (3, 10), "missing.json cannot be read"),
            (&schema("not.json"), (3, 10), "not.json is no JSON"),
            (&schema("no-schema.json"), (3, 10), "no-schema.json is no JSON Schema at /type"),
        ],
    );
}

#[test]
fn two_of_one_name_are_shown() {
    let forbid = |name: &str| format!("[[forbid]]\nname = '{name}'\nwhere = 'json.none'\n");
    let unnamed = "[[forbid]]\nwhere = 'json.none'\n";
    is_wrong(
        "expectations-names",
        &[
            (&forbid("a").repeat(2), (5, 8), "another expectation has this name"),
            // Also one that is given by itself.
            (&format!("{}{unnamed}", forbid("forbid 2")), (2, 8), "another expectation"),
            (&forbid(""), (2, 8), "an empty name"),
        ],
    );
    let folder = scratch("expectations-unnamed");
    let text = format!("{}{unnamed}", forbid("forbid 1"));
    passes(&folder, &text, JSON);
}

#[test]
fn what_is_shown_of_a_file_does_not_steer_the_terminal() {
    let folder = scratch("expectations-hostile");
    for text in [
        "[[forbid]]\nwhere = 'jsn' # \u{202e}\n",
        "[[forbid]]\nwhere = 'json' \u{1b}[31m\n",
        "[[forbid]]\n\"\u{202e}\" = 'json'\n",
        "[[forbid]]\n\"\\u001b[31m\" = 'json'\n",
        "[[forbid]]\nwhere = \"\\u001b[31m\"\n",
        "[limits]\nclose_codes = [\"\\u001b\u{202e}\"]\n",
    ] {
        let ran = check(&folder, text, JSON);
        assert_eq!(ran.code, Some(2));
        assert!(ran.stderr.contains("expected.toml:2:"), "{}", ran.stderr);
        assert!(!ran.stderr.contains(['\u{1b}', '\u{202e}']), "{text}: {}", ran.stderr);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let folder = scratch("expectations-unreadable");
    let large = write(&folder, "large.toml", &vec![b'\n'; (16 << 20) + 1]);
    let binary = write(&folder, "binary.toml", b"\xff");
    let missing = folder.join("missing.toml");
    let whys = [(&large, "larger than 16 MiB"), (&binary, "UTF-8"), (&missing, ""), (&folder, "")];
    for (path, why) in whys {
        let ran = run(["check".as_ref(), "--expect".as_ref(), path.as_os_str(), JSON.as_ref()]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
        assert!(ran.stderr.contains("cannot be read"), "{}", ran.stderr);
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
    }
}

/// A recording in a folder of its own, beside it what is expected.
fn beside(folder: &Path, name: &str, text: &str) -> PathBuf {
    let folder = folder.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    write(&folder, "wsdump-check.toml", text.as_bytes());
    let path = folder.join("session.pcap");
    std::fs::copy(capture("json-session.pcap"), &path).unwrap();
    path
}

const FORBIDDEN: &str = "[[forbid]]\nname = 'no traffic'\nwhere = 'json.id == 0'\n";
const DETAIL: &str = "forbidden: json.id == 0";

#[test]
fn the_file_beside_a_capture_is_found() {
    let folder = scratch("expectations-beside");
    let one = beside(&folder, "one", FORBIDDEN);
    let ran = run(["check".as_ref(), one.as_os_str()]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.contains(DETAIL));
    let found = one.with_file_name("wsdump-check.toml");
    assert_eq!(ran.stderr, format!("wsdump: expectations from {}\n", found.display()));
    // The same folder twice, in two spellings; and quietly.
    let again = folder.join("one/../one/session.pcap");
    let ran = run(["check".as_ref(), "-q".as_ref(), one.as_os_str(), again.as_os_str()]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    // What is named counts alone.
    let none = write(&folder, "none.toml", b"# nothing yet\n");
    let expect = ["check".as_ref(), "--expect".as_ref(), none.as_os_str(), one.as_os_str()];
    let ran = run(expect);
    assert!(ran.stdout.starts_with("passed: "));
    assert_eq!(ran.stderr, format!("wsdump: {} expects nothing\n", none.display()));
    let ran = run(expect.into_iter().chain(["-q".as_ref()]));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    // Standard input is beside nothing.
    let ran = run_with_input(["check", "-"], &std::fs::read(&one).unwrap());
    assert!(ran.clean().starts_with("passed: "));
}

#[test]
fn of_two_files_beside_captures_one_has_to_be_chosen() {
    let folder = scratch("expectations-two");
    let [one, two] = ["one", "two"].map(|name| beside(&folder, name, FORBIDDEN));
    let ran = run(["check".as_ref(), one.as_os_str(), two.as_os_str()]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("choose with --expect"), "{}", ran.stderr);
    let chosen = one.with_file_name("wsdump-check.toml");
    let ran = run([
        "check".as_ref(),
        "--expect".as_ref(),
        chosen.as_os_str(),
        one.as_os_str(),
        two.as_os_str(),
    ]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
}

#[test]
fn several_files_are_one() {
    let folder = scratch("expectations-several");
    let schema = "[[schema]]\nwhere = 'json.none'\nschema = 'no-schema.json'\n";
    let first = write(&folder, "first.toml", FORBIDDEN.as_bytes());
    let second = write(&folder, "second.toml", FORBIDDEN.replace("== 0", "== 1").as_bytes());
    let arguments = |second: &Path| {
        let expect = |path: &Path| ["--expect".into(), path.as_os_str().to_owned()];
        [vec!["check".into(), JSON.into()], expect(&first).into(), expect(second).into()].concat()
    };
    let ran = run(arguments(&second));
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains(DETAIL) && ran.stdout.contains("forbidden: json.id == 1"));
    // Each is told by its own name.
    let third = write(&folder, "third.toml", schema.as_bytes());
    let ran = run(arguments(&third));
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("third.toml:3:10"), "{}", ran.stderr);
}

#[test]
fn the_same_file_twice_is_refused() {
    let folder = scratch("expectations-twice");
    let one = write(&folder, "one.toml", FORBIDDEN.as_bytes());
    let again = folder.join("../expectations-twice/one.toml");
    let expect = |path: &Path| ["--expect".into(), path.as_os_str().to_owned()];
    let arguments = [vec!["check".into(), JSON.into()], expect(&one).into(), expect(&again).into()];
    let ran = run(arguments.concat());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("one.toml is given twice"), "{}", ran.stderr);
}

#[test]
fn another_percentile_is_no_slip_of_the_pen() {
    let folder = scratch("expectations-percentile");
    let ran = check(&folder, "[limits]\nlatency = { p90 = '1s' }\n", JSON);
    assert!(ran.stderr.contains("known: p50, p95, p99, max"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("did you mean"), "{}", ran.stderr);
}

#[test]
fn how_rules_are_denied_and_allowed_is_told() {
    for (arguments, words) in [
        (["--deny", "open-connection:tcp"], "--deny takes no filter: write --deny open-connection"),
        (["--allow", "open-connection,expect"], "--allow takes one rule: repeat it for each"),
    ] {
        let ran = run(["check", JSON].into_iter().chain(arguments));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
}

/// Judges a recording by what is expected, and makes sure that it passes.
#[track_caller]
fn passes(folder: &Path, text: &str, capture: &str) {
    let ran = check(folder, text, capture);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{text}: {}", ran.stdout);
}

/// The same, and that it fails, so many times with these words.
#[track_caller]
fn fails(folder: &Path, text: &str, capture: &str, times: usize, words: &str) {
    let ran = report(folder, text, capture);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{text}");
    let found = details(&ran);
    let count = found.iter().filter(|found| found.contains(words)).count();
    assert_eq!(count, times, "{text}: {words:?} in {found:?}");
}

#[test]
fn what_is_forbidden() {
    let folder = scratch("expectations-forbid");
    passes(&folder, "[[forbid]]\nwhere = 'json.id == 1000'\n", JSON);
    // Of two connections each has one request and one answer.
    fails(&folder, FORBIDDEN, JSON, 4, DETAIL);
    // Every event that -Y would show: seven handshakes, and what is wrong with one.
    let refused = "[[forbid]]\nwhere = 'http.response.code != 101'\n";
    fails(&folder, refused, "captures/refused.pcap", 8, "forbidden: http.response.code != 101");
}

/// Of the handshakes that were refused in this recording, one breaks a rule.
#[test]
fn a_refused_handshake_that_breaks_a_rule_is_no_connection() {
    let folder = scratch("expectations-refused");
    let each = "where = 'ws.event == \"message\"'\nper = 'connection'\ncount = 4";
    passes(&folder, &expect(each), "captures/refused.pcap");
    let sequence = "[[sequence]]\nsteps = ['ws.event == \"message\"']\n";
    passes(&folder, sequence, "captures/refused.pcap");
    let ran = run(["check", "captures/refused.pcap"]);
    assert!(ran.stdout.contains("! request-other-version  #1  ws://"), "{}", ran.stdout);
}

/// `[[expect]]` with these lines.
fn expect(lines: &str) -> String {
    format!("[[expect]]\n{lines}\n")
}

/// Where `-Y` leaves a handshake out, what is in it still counts for what is selected.
#[test]
fn what_is_selected_has_its_handshake() {
    let folder = scratch("expectations-selected");
    let judged = |text: &str, filter: &str| {
        let file = write(&folder, "expected.toml", text.as_bytes());
        run(["check", "--expect", file.to_str().unwrap(), "-Y", filter, JSON])
    };
    let uri = "[[forbid]]\nwhere = 'http.request.uri == \"/weather\" && json.id == 0'\n";
    for filter in ["json", "ws.event == message", "ws.from == client", "json.id == 0"] {
        let ran = judged(uri, filter);
        assert_eq!(ran.code, Some(1), "{filter}: {}", ran.stdout);
        assert!(ran.stdout.contains("  ws://127.0.0.1:"), "{filter}: {}", ran.stdout);
    }
    // What is left out is not judged, the handshake included.
    let handshakes = "[[forbid]]\nwhere = 'ws.event == handshake'\n";
    assert_eq!(judged(handshakes, "json").code, Some(0));
    let one = format!("{}per = 'connection'\n", expect("where = 'json.id == 0'"));
    assert_eq!(judged(&one, "json && http.request.uri == \"/weather\"").code, Some(0));
    // A connection begins with its handshake, not with what is selected first.
    let start = expect("where = 'json'\nwithin = '0.001ms'");
    assert_eq!(judged(&start, "json").code, Some(1));
    assert_eq!(judged("", "ws.event == end").code, Some(0));
    let none = judged("", "tcp.port == 1");
    assert!(none.stdout.contains("✗ no-connection"), "{}", none.stdout);
}

/// What is found at the end of a connection is allowed where a filter selects the
/// connection, and what is missing after a message where it selects that.
#[test]
fn what_does_not_come_is_allowed_where_it_should() {
    let folder = scratch("expectations-allowed");
    let count = |text: &str, allowed: &str| {
        let file = write(&folder, "expected.toml", text.as_bytes());
        let ran = run(["check", "--expect", file.to_str().unwrap(), "--allow", allowed, JSON]);
        ran.stdout.matches("✗ ").count()
    };
    let never = "where = 'json.never'";
    let each = expect(&format!("{never}\nper = 'connection'"));
    let steps = "[[sequence]]\nsteps = ['json.never']\n";
    let ratio = "[limits]\nclose_codes = [4999]\n";
    for (text, rule) in [(each.as_str(), "expect"), (steps, "sequence"), (ratio, "limits")] {
        let here = format!("{rule}:http.request.uri == \"/weather\"");
        assert!(count(text, &here) > 0, "{text}");
        assert_eq!(
            count(text, &here) * 2,
            count(text, &format!("{rule}:tcp.stream == 9")),
            "{text}"
        );
        assert_eq!(count(text, &format!("{rule}:tcp.stream < 9")), 0, "{text}");
        assert_eq!(count(text, &format!("{rule}:json.never")), 2 * count(text, &here), "{text}");
    }
    let reply =
        "[[reply]]\nrequest = 'json.id == 0 && ws.from == client'\nresponse = 'json.never'\n";
    let after = expect(&format!("{never}\nafter = 'json.id == 0'\nwithin = '1s'"));
    for (text, rule) in [(reply, "reply"), (after.as_str(), "expect")] {
        assert!(count(text, &format!("{rule}:json.id == 1")) > 0, "{text}");
        assert_eq!(count(text, &format!("{rule}:json.id == 0")), 0, "{text}");
    }
}

#[test]
fn counts_in_the_capture() {
    let folder = scratch("expectations-count");
    for count in ["4", "'4'", "'== 4'", "'>= 4'", "'> 3'", "'<= 4'", "'< 5'", "'1..4'", "'..4'"] {
        passes(&folder, &expect(&format!("where = 'json.id == 0'\ncount = {count}")), JSON);
    }
    passes(&folder, &expect("where = 'json.id == 0'"), JSON);
    for (count, words) in [
        ("3", "4 events came, expected exactly 3"),
        ("'>= 5'", "4 events came, expected at least 5"),
        ("'5..9'", "4 events came, expected 5 to 9"),
        // Too many are told once, at the first.
        ("'..2'", "3 events came, expected at most 2"),
        ("0", "1 event came, expected none"),
    ] {
        let text = expect(&format!("where = 'json.id == 0'\ncount = {count}"));
        fails(&folder, &text, JSON, 1, words);
    }
    fails(&folder, &expect("where = 'json.none'"), JSON, 1, "0 events came, expected at least 1");
}

#[test]
fn counts_in_each_connection() {
    let folder = scratch("expectations-per-connection");
    let per = |rest: &str| expect(&format!("per = 'connection'\nwhere = 'json.id == 0'\n{rest}"));
    passes(&folder, &per("count = 2"), JSON);
    let few = "2 events came in this connection, expected at least 3";
    fails(&folder, &per("count = '>= 3'"), JSON, 2, few);
    let many = "2 events came in this connection, expected at most 1";
    fails(&folder, &per("count = '<= 1'"), JSON, 2, many);
    // Only of connections that may have it.
    let one = expect(
        "per = 'connection'\nwhere = 'http.request.uri == \"/weather\" && json.id == 0'\ncount = 3",
    );
    let words = "2 events came in this connection, expected exactly 3";
    fails(&folder, &one, JSON, 1, words);
}

#[test]
fn what_has_to_come_soon_after_the_start() {
    let folder = scratch("expectations-within");
    passes(&folder, &expect("where = 'json.id == 0'\nwithin = '1s'\ncount = 4"), JSON);
    let text = expect("where = 'json.id == 0'\nwithin = '1ms'\nper = 'connection'");
    let words = "0 events came in this connection within 1ms of the start, expected at least 1";
    fails(&folder, &text, JSON, 1, words);
}

#[test]
fn what_has_to_come_soon_after_another() {
    let folder = scratch("expectations-after");
    let after = |within: &str, rest: &str| {
        let filters = "where = 'ws.from == server && json.id == 1'\nafter = 'ws.from == client && json.id == 1'";
        expect(&format!("{filters}\nwithin = '{within}'\nper = 'connection'\n{rest}"))
    };
    passes(&folder, &after("1s", "count = 1"), JSON);
    let few = "0 events came in this connection within 100ns after this, expected at least 1";
    fails(&folder, &after("0.0001ms", ""), JSON, 2, few);
    let many = "1 event came in this connection within 1s after packet ";
    fails(&folder, &after("1s", "count = 0"), JSON, 2, many);
}

#[test]
fn what_judged_nothing_is_told() {
    let folder = scratch("expectations-unused");
    let after = expect("where = 'json.id == 0'\nafter = 'json.none'\nwithin = '1s'");
    let elsewhere = expect("where = 'http.request.uri == \"/none\"'\nper = 'connection'");
    for text in [after, elsewhere] {
        let ran = check(&folder, &text, JSON);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{text}");
        assert!(ran.stdout.contains("unused-expectation"), "{text}: {}", ran.stdout);
    }
}

#[test]
fn steps_that_follow_one_another() {
    let folder = scratch("expectations-sequence");
    let steps = |steps: &str| format!("[[sequence]]\nsteps = [{steps}]\n");
    let asked = "'json.id == 0 && ws.from == client'";
    let answered = |within: &str| {
        format!("{{ where = 'json.id == 0 && ws.from == server', within = '{within}' }}")
    };
    let soon = steps(&format!("'ws.event == handshake', {asked}, {}", answered("1s")));
    passes(&folder, &soon, JSON);
    let sooner = steps(&format!("{asked}, {}", answered("0.0001ms")));
    fails(&folder, &sooner, JSON, 2, "error sequence");
    // In the one connection an answer has 5, in neither comes 0 after it.
    fails(&folder, &steps("'json.id == 5', 'json.id == 0'"), JSON, 2, "error sequence");
    let one =
        steps("'json.id == 5', 'json.id == 0'") + "where = 'http.request.uri == \"/weather\"'\n";
    fails(&folder, &one, JSON, 1, "error sequence");
    let strict = steps("'json.id == 0', 'json.id == 5'") + "strict = true\n";
    fails(&folder, &strict, JSON, 2, "error sequence");
}

#[test]
fn requests_that_are_answered() {
    let folder = scratch("expectations-reply");
    let reply = |rest: &str| {
        format!(
            "[[reply]]\nrequest = 'json.id < 2 && ws.from == client'\nresponse = 'json && ws.from == server'\n{rest}\n"
        )
    };
    passes(&folder, &reply("key = 'json.id'\nwithin = '5s'"), JSON);
    let both = "key = { request = 'json.id', response = 'json.id' }";
    passes(&folder, &reply(both), JSON);
    let requests =
        run(["-T", "json", "-Y", "json.id < 2 && ws.from == client", JSON]).events().len();
    assert_eq!(requests, 4);
    let late = "key = 'json.id'\nwithin = '0.0001ms'";
    fails(&folder, &reply(late), JSON, requests, "error reply");
    let unanswered = "key = { request = 'json.id', response = 'json.city' }";
    fails(&folder, &reply(unanswered), JSON, requests, "error reply");
}

#[test]
fn messages_that_are_as_a_schema_says() {
    let folder = scratch("expectations-schema");
    let schemas = folder.join("schemas");
    std::fs::create_dir(&schemas).unwrap();
    write(&schemas, "good.json", br#"{"required": ["id", "city"]}"#);
    write(&schemas, "bad.json", br#"{"properties": {"city": {"maxLength": 6}}}"#);
    // Schemas are looked for beside the expectations file.
    let schema = |name: &str| {
        format!(
            "[[schema]]\nwhere = 'json.city == \"Reykjavík\" && json.id < 9'\nschema = 'schemas/{name}'\n"
        )
    };
    passes(&folder, &schema("good.json"), JSON);
    let cities =
        run(["-T", "json", "-Y", "json.city == \"Reykjavík\" && json.id < 9", JSON]).events().len();
    assert!(cities > 0);
    fails(&folder, &schema("bad.json"), JSON, cities, "longer than 6 characters");
}

#[test]
fn limits_of_traffic() {
    let folder = scratch("expectations-limits");
    let limit = |limit: &str| format!("[limits]\n{limit}\n");
    let (rpc, deflate) = ("captures/json-rpc.pcapng", "captures/websockets-deflate.pcap");
    for (capture, good, bad) in [
        (JSON, "message_size = '1MiB'", "message_size = 10"),
        (JSON, "messages_per_second = 100_000", "messages_per_second = 1"),
        (JSON, "connection_duration = '1h'", "connection_duration = '1ms'"),
        (rpc, "latency = { p50 = '5s', p95 = '5s', max = '5s' }", "latency = { p50 = '0.001ms' }"),
        (rpc, "latency = { p99 = '5s' }", "latency = { max = '0.001ms' }"),
        (deflate, "compression_ratio = 100", "compression_ratio = 0.001"),
        (JSON, "close_codes = [1000, 1001, 1005]", "close_codes = [4999]"),
    ] {
        passes(&folder, &limit(good), capture);
        let ran = report(&folder, &limit(bad), capture);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{bad}");
        let found = details(&ran);
        assert!(found.iter().any(|found| found.starts_with("error limits")), "{bad}: {found:?}");
    }
}

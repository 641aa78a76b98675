use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event as Xml;
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use super::samples::{accept_mismatch, forbidden, hostile, mixed, of_capture, verdict};
use super::{Form, HumanOptions, render};
use crate::check::finding::{Finding, Outcome, Place};
use crate::check::rule::{CaptureRule, CheckRule};
use crate::check::verdict::Verdict;
use crate::output::Zone;

fn text(form: Form, verdict: &Verdict) -> String {
    let options = HumanOptions { zone: Zone::Utc, ..HumanOptions::default() };
    String::from_utf8(render(form, verdict, &options)).unwrap()
}

fn human(verdict: &Verdict, width: usize, quiet: bool) -> String {
    let options =
        HumanOptions { width: Some(width), zone: Zone::Utc, quiet, ..HumanOptions::default() };
    String::from_utf8(render(Form::Human, verdict, &options)).unwrap()
}

fn sarif(verdict: &Verdict) -> Value {
    let log: Value = serde_json::from_str(&text(Form::Sarif, verdict)).unwrap();
    log["runs"][0].clone()
}

/// Rules that every capture is judged by.
fn rules() -> usize {
    CheckRule::all().filter(|rule| !matches!(rule, CheckRule::Expectation(_))).count()
}

#[test]
fn people_read_findings_and_a_summary() {
    let rules = format!("{} rules", rules());
    let shown = human(&mixed(), 80, false).replace(&rules, "66 rules");
    // Where a line is broken after a space.
    let shown = shown.replace(" \n", "\n");
    insta::assert_snapshot!(shown, @r#"
    ✗ accept-mismatch  #3  ws://localhost:8888/chat  packet 6  06:54:46.729250
        server
        The response has Sec-WebSocket-Accept "a"; the key demands "b".
        RFC 6455 §4.2.2
    ! missing-handshake
        It is so.
    · open-connection
        It is so.
    ✗ forbid  no errors  #3  ws://localhost:8888/chat  packet 9  06:54:46.729250
        client
        A message is here that must not be.
        at /type
        │ {"type":"error"}
        wsdump-check.toml:14:3

    wsdump check --explain RULE tells more: accept-mismatch, forbid,
        missing-handshake, open-connection

    failed: 2 errors, 1 warning, 1 note, 1 allowed, 1 known; 2 connections and
        1,234 messages judged by 66 rules, 1 of 2 expectations met
    "#);
}

#[test]
fn quiet_is_nothing_but_findings() {
    assert_eq!(human(&verdict(vec![], vec![]), 80, true), "");
    let quiet = human(&mixed(), 80, true);
    assert!(human(&mixed(), 80, false).starts_with(&quiet));
    assert!(!quiet.contains("failed:") && !quiet.contains("--explain"), "{quiet}");
}

#[test]
fn a_pass_is_one_line() {
    let rules = rules();
    assert_eq!(
        human(&verdict(vec![], super::samples::expectations()), 120, false),
        format!(
            "passed: 2 connections and 1,234 messages judged by {rules} rules, 2 of 2 expectations met\n"
        )
    );
}

#[test]
fn what_is_repeated_is_summed_up() {
    let findings = std::iter::repeat_with(accept_mismatch).take(1_030);
    let findings = findings.chain(std::iter::repeat_with(forbidden).take(21)).collect();
    let shown = human(&verdict(findings, super::samples::expectations()), 120, false);
    assert_eq!(shown.matches("✗ accept-mismatch  #3").count(), 20);
    assert_eq!(shown.matches("✗ forbid  no errors").count(), 20);
    assert!(shown.contains("\n… and 1,010 more accept-mismatch\n"), "{shown}");
    assert!(shown.contains("\n… and 1 more forbid no errors\n"), "{shown}");
    assert!(shown.contains("\n    --report json has all that are kept\n"), "{shown}");
}

/// Nothing was kept, and still it failed.
#[test]
fn what_is_not_kept_is_counted() {
    let mut verdict = verdict(vec![accept_mismatch(), accept_mismatch()], vec![]);
    verdict.findings.clear();
    assert!(human(&verdict, 80, false).contains("… and 2 more accept-mismatch\n"));
    assert!(text(Form::Junit, &verdict).contains("message=\"2 findings, none of which was kept\""));
    assert!(text(Form::Tap, &verdict).contains("message: \"2 findings, none of which was kept\""));
}

#[test]
fn json_has_everything() {
    let report: Value = serde_json::from_str(&text(Form::Json, &mixed())).unwrap();
    assert_eq!(report["verdict"], "failed");
    assert_eq!(report["baseline"], true);
    assert_eq!(report["begin"], "2018-12-26T06:54:46.729250000Z");
    let counts = serde_json::json!({"fails": 2, "told": 2, "allowed": 1, "known": 1});
    assert_eq!(report["counts"], counts);
    assert_eq!(report["severities"], serde_json::json!({"error": 2, "warning": 1, "note": 1}));
    assert_eq!(report["rules"].as_array().unwrap().len(), 6);
    let met: Vec<_> =
        report["expectations"].as_array().unwrap().iter().map(|e| &e["met"]).collect();
    assert_eq!(met, [true, false]);
    let findings = report["findings"].as_array().unwrap();
    let outcomes: Vec<_> = findings.iter().map(|finding| &finding["outcome"]).collect();
    assert_eq!(outcomes, ["fails", "told", "told", "allowed", "known", "fails"]);
    let finding = &findings[5];
    for (name, value) in [
        ("rule", "forbid"),
        ("connection", "3"),
        ("client", "127.0.0.1:51234"),
        ("server", "127.0.0.1:8888"),
        ("url", "ws://localhost:8888/chat"),
        ("time", "2018-12-26T06:54:46.729250000Z"),
        ("from", "client"),
        ("head", "{\"type\":\"error\"}"),
        ("path", "/type"),
    ] {
        assert_eq!(finding[name], value, "{name}");
    }
    assert_eq!(finding["packet"], 9);
    let expectation = serde_json::json!({
        "name": "no errors", "file": "wsdump-check.toml", "line": 14, "column": 3
    });
    assert_eq!(finding["expectation"], expectation);
    assert_eq!(findings[0]["reference"], "RFC 6455 §4.2.2");
}

#[test]
fn sarif_field_by_field() {
    let log: Value = serde_json::from_str(&text(Form::Sarif, &mixed())).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = sarif(&mixed());
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "wsdump");
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    assert_eq!(run["artifacts"][0]["location"]["uri"], "captures/traffic.pcapng");
    let results = run["results"].as_array().unwrap();
    for result in results {
        let index = result["ruleIndex"].as_u64().unwrap();
        let rule = &driver["rules"][usize::try_from(index).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(rule["shortDescription"]["text"].is_string());
        assert!(rule["fullDescription"]["text"].is_string());
        assert!(rule["help"]["text"].is_string());
        assert!(result["message"]["text"].is_string());
        assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string());
    }
    let levels: Vec<_> = results.iter().map(|result| &result["level"]).collect();
    assert_eq!(levels, ["error", "warning", "note", "error", "error"]);
    let states: Vec<_> = results.iter().map(|result| &result["baselineState"]).collect();
    assert_eq!(states, ["new", "new", "new", "unchanged", "new"]);
}

/// GitHub makes an alert of each result, suppressed or not.
#[test]
fn sarif_leaves_out_what_is_allowed() {
    let run = sarif(&mixed());
    let results = run["results"].as_array().unwrap();
    let outcomes: Vec<_> = results.iter().map(|result| &result["properties"]["outcome"]).collect();
    assert_eq!(outcomes, ["fails", "told", "told", "known", "fails"]);
}

#[test]
fn sarif_tells_results_apart() {
    let run = sarif(&verdict(
        vec![accept_mismatch(), forbidden(), accept_mismatch()],
        super::samples::expectations(),
    ));
    let fingerprint = |index: usize, name: &str| {
        run["results"][index]["partialFingerprints"][name].as_str().unwrap().to_owned()
    };
    let [first, other, second] = [0, 1, 2].map(|index| fingerprint(index, "wsdumpFinding/v1"));
    assert_eq!(first, second);
    assert_ne!(first, other);
    let numbered = [0, 1, 2].map(|index| fingerprint(index, "primaryLocationLineHash"));
    assert_eq!(numbered, [format!("{first}:1"), format!("{other}:1"), format!("{first}:2")]);
}

#[test]
fn sarif_says_where() {
    let run = sarif(&mixed());
    let wrong = &run["results"][0];
    let location = &wrong["locations"][0];
    let physical = &location["physicalLocation"];
    assert_eq!(physical["artifactLocation"]["uri"], "captures/traffic.pcapng");
    assert_eq!(physical["region"], serde_json::json!({"startLine": 1}));
    assert_eq!(location["logicalLocations"][0]["name"], "#3");
    assert_eq!(wrong["properties"]["packet"], 6);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let rule = rules.iter().find(|rule| rule["id"] == "accept-mismatch").unwrap();
    assert_eq!(rule["helpUri"], "https://www.rfc-editor.org/rfc/rfc6455.html#section-4.2.2");
    assert_eq!(rule["defaultConfiguration"]["level"], "error");
    let related = &run["results"][4]["relatedLocations"][0]["physicalLocation"];
    assert_eq!(related["artifactLocation"]["uri"], "wsdump-check.toml");
    assert_eq!(related["region"], serde_json::json!({"startLine": 14, "startColumn": 3}));
    assert_eq!(run["columnKind"], "unicodeCodePoints");
}

/// Code scanning shows nothing else of a result.
#[test]
fn sarif_says_where_and_when_in_its_text() {
    let run = sarif(&mixed());
    let told = |index: usize| run["results"][index]["message"]["text"].as_str().unwrap();
    assert_eq!(
        told(0),
        "The response has Sec-WebSocket-Accept \"a\"; the key demands \"b\". \
         Seen in connection #3 to ws://localhost:8888/chat, in packet 6, \
         at 2018-12-26T06:54:46.729250000Z."
    );
    assert_eq!(told(1), "It is so.");
}

#[test]
fn failures_have_their_time_and_reference() {
    for form in [Form::Junit, Form::Tap] {
        let report = text(form, &mixed());
        for reference in ["RFC 6455 §4.2.2", "wsdump-check.toml:14:3"] {
            let time = "2018-12-26T06:54:46.729250000Z";
            let break_ = if form == Form::Tap { "\\n" } else { "\n" };
            let told = format!("{break_}    {time}{break_}    {reference}");
            assert!(report.contains(&told), "{report}");
        }
    }
}

/// More GitHub does not show, nor say that there are more.
#[test]
fn github_gets_as_many_annotations_as_it_shows() {
    let warning = || of_capture(CaptureRule::MissingHandshake, Outcome::Told);
    let note = || of_capture(CaptureRule::OpenConnection, Outcome::Told);
    let failing = Finding { outcome: Outcome::Fails, ..warning() };
    let told = Finding { outcome: Outcome::Told, ..accept_mismatch() };
    let mut findings: Vec<Finding> = std::iter::repeat_n(told, 12).collect();
    findings.extend(std::iter::repeat_with(warning).take(1_500));
    findings.extend(std::iter::repeat_with(note).take(11));
    findings.push(failing);
    let report = text(Form::Github, &verdict(findings, vec![]));
    let lines: Vec<&str> = report.lines().collect();
    let count = |level: &str| lines.iter().filter(|line| line.starts_with(level)).count();
    assert_eq!([count("::error "), count("::warning "), count("::notice ")], [10, 10, 10]);
    assert!(lines[0].contains("title=missing-handshake"), "{report}");
    assert_eq!(
        lines.last(),
        Some(
            &"::notice title=wsdump check::1,495 more findings are not annotated; the other reports have them"
        )
    );
    // Ten are all.
    let ten = std::iter::repeat_with(note).take(10).collect();
    assert_eq!(text(Form::Github, &verdict(ten, vec![])).matches("open-connection").count(), 10);
}

#[test]
fn people_do_not_scroll_past_what_is_long() {
    let long = "wss://localhost/".to_owned() + &"a/语".repeat(5_000);
    let long_finding = Finding {
        detail: long.clone(),
        head: Some(long.clone()),
        path: Some(long.clone()),
        connection: hostile(&long)
            .findings
            .remove(0)
            .connection
            .map(|place| Place { file: None, ..place }),
        ..forbidden()
    };
    let verdict = verdict(vec![long_finding], super::samples::expectations());
    for width in [20, 40, 80, 120] {
        let shown = human(&verdict, width, false);
        for line in shown.lines() {
            assert!(line.trim_end().width() <= width, "{width}: {line}");
        }
        assert!(shown.contains('…') && shown.lines().count() < 50, "{width}: {shown}");
    }
    // A log has all of it.
    assert!(text(Form::Human, &verdict).contains(&long));
}

#[test]
fn names_that_say_the_rule_stand_alone() {
    let mut finding = forbidden();
    if let Some(expectation) = &mut finding.expectation {
        expectation.name = "forbid 2".into();
    }
    let shown = human(&verdict(vec![finding], super::samples::expectations()), 80, false);
    assert!(shown.starts_with("✗ forbid 2  #3  ws://"), "{shown}");
}

#[test]
fn sarif_names_files_by_uris() {
    for (file, uri) in [
        ("captures/a b.pcap", "captures/a%20b.pcap"),
        ("./a.pcap", "a.pcap"),
        ("/tmp/ü#?.pcap", "file:///tmp/%C3%BC%23%3F.pcap"),
        ("c:a.pcap", "c%3Aa.pcap"),
        ("-", "-"),
    ] {
        let verdict = Verdict { files: vec![file.into()], ..mixed() };
        let run = sarif(&verdict);
        assert_eq!(run["artifacts"][0]["location"]["uri"], uri);
    }
}

#[test]
fn a_broken_file_is_no_success() {
    let broken = verdict(vec![of_capture(CaptureRule::BrokenFile, Outcome::Fails)], vec![]);
    assert_eq!(sarif(&broken)["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn sarif_has_no_links_from_the_wire() {
    let run = sarif(&hostile("[look](https://example.com/)"));
    let told = run["results"][0]["message"]["text"].as_str().unwrap();
    assert!(told.starts_with("[look] (https://example.com/). Seen in"), "{told}");
    assert!(!told.contains("]("), "{told}");
}

/// An element's name and attributes.
type Element = (String, Vec<(String, String)>);

/// Elements of a document in order.
fn xml(document: &str) -> Vec<Element> {
    let mut reader = Reader::from_str(document);
    let mut elements = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Xml::Start(element) | Xml::Empty(element) => {
                let name = element.name().as_ref().to_owned();
                let attributes = element.attributes().map(|attribute| {
                    let attribute = attribute.unwrap();
                    let value = quick_xml::escape::unescape(&attribute.value).unwrap();
                    (attribute.key.as_ref().to_owned(), value.into_owned())
                });
                elements.push((name, attributes.collect()));
            }
            Xml::Eof => return elements,
            _ => {}
        }
    }
}

fn attribute<'x>(element: &'x Element, name: &str) -> &'x str {
    &element.1.iter().find(|(key, _)| key == name).unwrap().1
}

#[test]
fn junit_has_a_case_for_each_rule_and_expectation() {
    let elements = xml(&text(Form::Junit, &mixed()));
    let suites: Vec<_> = elements.iter().filter(|(name, _)| name == "testsuite").collect();
    let names: Vec<_> = suites.iter().map(|suite| attribute(suite, "name")).collect();
    assert_eq!(names, ["protocol", "capture", "expectations"]);
    let failures: Vec<_> = suites.iter().map(|suite| attribute(suite, "failures")).collect();
    assert_eq!(failures, ["1", "0", "1"]);
    for suite in &suites {
        assert_eq!(attribute(suite, "timestamp"), "2018-12-26T06:54:46");
        assert_eq!(attribute(suite, "hostname"), "localhost");
    }
    let cases = elements.iter().filter(|(name, _)| name == "testcase");
    let cases: Vec<_> =
        cases.map(|case| (attribute(case, "classname"), attribute(case, "name"))).collect();
    for rule in CheckRule::all() {
        let suite = match rule {
            CheckRule::Protocol(_) => "wsdump.protocol",
            CheckRule::Capture(_) => "wsdump.capture",
            CheckRule::Expectation(_) => continue,
        };
        assert_eq!(cases.iter().filter(|case| **case == (suite, rule.name())).count(), 1);
    }
    assert!(cases.ends_with(&[
        ("wsdump.expectations", "every client logs in"),
        ("wsdump.expectations", "no errors")
    ]));
    let tests: usize =
        suites.iter().map(|suite| attribute(suite, "tests").parse::<usize>().unwrap()).sum();
    assert_eq!(tests, cases.len());
}

#[test]
fn junit_tells_failures_and_what_does_not_fail() {
    let report = text(Form::Junit, &mixed());
    let elements = xml(&report);
    let failures: Vec<_> = elements.iter().filter(|(name, _)| name == "failure").collect();
    let types: Vec<_> = failures.iter().map(|failure| attribute(failure, "type")).collect();
    assert_eq!(types, ["accept-mismatch", "forbid"]);
    assert!(
        attribute(failures[0], "message")
            .starts_with("#3 ws://localhost:8888/chat packet 6 server: ")
    );
    let output = report.split("<system-out>").nth(1).unwrap();
    assert!(output.starts_with(
        "warning missing-handshake: It is so.\nnote open-connection: It is so.</system-out>"
    ));
    let unmet = Finding { outcome: Outcome::Told, ..forbidden() };
    let report = text(Form::Junit, &verdict(vec![unmet], super::samples::expectations()));
    assert!(report.contains("<system-out>error forbid no errors: #3 "), "{report}");
    let several = verdict(vec![accept_mismatch(), accept_mismatch(), accept_mismatch()], vec![]);
    assert!(text(Form::Junit, &several).contains(" (and 2 more)\""));
}

#[test]
fn github_annotates_the_capture_and_the_expectation() {
    let report = text(Form::Github, &mixed());
    let commands: Vec<&str> = report.lines().collect();
    assert_eq!(
        commands,
        [
            "::error file=captures/traffic.pcapng,title=accept-mismatch::#3 ws://localhost:8888/chat packet 6 server: The response has Sec-WebSocket-Accept \"a\"; the key demands \"b\".%0ARFC 6455 §4.2.2",
            "::error file=wsdump-check.toml,line=14,col=3,title=forbid%3A no errors::#3 ws://localhost:8888/chat packet 9 client: A message is here that must not be. at /type%0A{\"type\":\"error\"}",
            "::warning file=captures/traffic.pcapng,title=missing-handshake::It is so.",
            "::notice file=captures/traffic.pcapng,title=open-connection::It is so.",
        ]
    );
    let told = text(Form::Github, &hostile("100% a,b:c\r\n::error::x"));
    assert!(told.contains("file=100%25 a%2Cb%3Ac\\r\\n%3A%3Aerror%3A%3Ax,title="), "{told}");
}

#[test]
fn tap_numbers_its_points() {
    let report = text(Form::Tap, &mixed());
    let mut lines = report.lines();
    assert_eq!(lines.next(), Some("TAP version 14"));
    let points: Vec<&str> = report
        .lines()
        .filter(|line| line.starts_with("ok ") || line.starts_with("not ok "))
        .collect();
    assert_eq!(lines.next(), Some(format!("1..{}", points.len()).as_str()));
    for (index, point) in points.iter().enumerate() {
        let number = point.trim_start_matches("not ").split(' ').nth(1).unwrap();
        assert_eq!(number, (index + 1).to_string());
    }
    let failed: Vec<_> = points.iter().filter(|point| point.starts_with("not")).collect();
    assert!(failed[0].ends_with(" - protocol: accept-mismatch"), "{failed:?}");
    assert!(failed[1].ends_with(" - expectations: no errors"), "{failed:?}");
    assert_eq!(failed.len(), 2);
}

#[test]
fn tap_has_no_directives_from_names() {
    let report = text(Form::Tap, &hostile("a # TODO \\# SKIP\nBail out!"));
    assert!(
        report.contains(" - expectations: a \\# TODO \\\\\\# SKIP\\\\nBail out!\n"),
        "{report}"
    );
}

/// The commands that GitHub's runner finds in a log: `::name …::` where a line begins,
/// white space aside, and `##[name …]` anywhere; and what others find there.
fn commands(log: &str) -> Vec<&str> {
    let is_command = |line: &&str| {
        line.trim_start().starts_with("::")
            || line.contains("##[")
            || line.contains("##vso[")
            || line.contains("##teamcity[")
    };
    log.lines().filter(is_command).collect()
}

fn must_be_text(hostile_text: &str) {
    let verdict = hostile(hostile_text);
    // Each may go to standard output, and so into a log.
    for form in Form::ALL.into_iter().filter(|form| *form != Form::Github) {
        assert_eq!(commands(&text(form, &verdict)), Vec::<&str>::new());
    }
    let github = text(Form::Github, &verdict);
    assert_eq!(github.lines().count(), 3, "{github}");
    for (line, name) in github.lines().zip(["error", "error", "warning"]) {
        let rest = line.strip_prefix("::").unwrap();
        // The runner takes what stands before the next `::` for name and properties.
        let (command, data) = rest.split_once("::").unwrap();
        let (found, properties) = command.split_once(' ').unwrap();
        assert_eq!(found, name);
        for property in properties.split(',') {
            let key = property.split_once('=').unwrap().0;
            assert!(["file", "line", "col", "title"].contains(&key), "{line}");
        }
        assert!(data.starts_with("#3 "), "{line}");
    }
    for form in [Form::Json, Form::Sarif] {
        let report = text(form, &verdict);
        let value: Value = serde_json::from_str(&report).unwrap();
        let fields = ["/findings/0/head", "/runs/0/results/0/properties/head"];
        let head = fields.iter().find_map(|field| value.pointer(field)).unwrap();
        assert_eq!(head, hostile_text);
        assert_eq!(report.chars().find(|c| c.is_control() && *c != '\n'), None);
    }
    let junit = text(Form::Junit, &verdict);
    assert!(
        junit.chars().all(
            |c| matches!(c, '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        )
    );
    let elements = xml(&junit);
    assert_eq!(elements.iter().filter(|(name, _)| name == "failure").count(), 2);
    let known = [
        "testsuites",
        "testsuite",
        "properties",
        "property",
        "testcase",
        "failure",
        "system-out",
        "system-err",
    ];
    assert!(elements.iter().all(|(name, _)| known.contains(&name.as_str())), "{junit}");
    let tap = text(Form::Tap, &verdict);
    for line in tap.lines().skip(2) {
        let is_point = line.starts_with("ok ") || line.starts_with("not ok ");
        assert!(is_point || line.starts_with("  "), "{line}");
        if let Some((key @ ("      text" | "  message"), value)) = line.split_once(": ") {
            assert!(serde_json::from_str::<String>(value).is_ok(), "{key}: {value}");
        }
    }
    let ends = tap.lines().filter(|line| *line == "  ...").count();
    assert_eq!(ends, tap.lines().filter(|line| *line == "  ---").count());
    for width in [20, 80] {
        let folded = human(&verdict, width, false);
        assert!(folded.lines().all(|line| line.width() <= width), "{folded}");
        assert_eq!(folded.chars().find(|c| c.is_control() && *c != '\n'), None);
    }
}

#[test]
fn nothing_sent_is_more_than_text() {
    for text in [
        "",
        "::error::x",
        "  ::add-mask::x",
        "\u{a0}::stop-commands::x",
        "\n::error::x\r\n::error::y",
        "%0A::error::x",
        "a##[error]b",
        "##[",
        "##vso[task.complete]",
        "</failure><failure/>",
        "]]>&amp;\"'",
        "\0\x01\x1b[31m\u{9b}\u{fffe}\u{ffff}\u{feff}\u{2028}\u{202e}",
        "...\n---\nnot ok 1\nBail out!\n1..0 # SKIP",
        "\" # \\\" \\",
        ",title=x::y",
        "🎉\u{10ffff}",
    ] {
        must_be_text(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_is_more_than_text(text in "(::|##|\\[|\\]|[a-z]{0,4}|[\\PC\\x00-\\x20\"'<>&%,:=\\\\#]{0,6}|error|\\.\\.\\.|[\u{fff0}-\u{ffff}\u{80}-\u{9f}\u{2028}-\u{202e}])*") {
        must_be_text(&text);
    }

    #[test]
    fn the_same_verdict_gives_the_same_bytes(detail in "\\PC*") {
        for form in Form::ALL {
            prop_assert_eq!(text(form, &hostile(&detail)), text(form, &hostile(&detail)));
        }
    }
}

//! Beside each recording stands what `wsdump check` finds in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use wsdump::types::Rule;

use crate::command::{captures, head_of_log, run};
use crate::judged::{Judged, judge};
use crate::rules_on_the_wire::{BrokenByConnection, logged};

/// Writes the lists instead of comparing with them, where it is set.
const UPDATE: &str = "WSDUMP_UPDATE_CHECKS";

fn list(path: &Path) -> PathBuf {
    path.with_extension("check")
}

/// `pass` or `fail`, and the findings.
fn found(path: &Path) -> (String, Judged) {
    let judged = judge(&[path.to_str().unwrap()]);
    let verdict = match judged.code {
        Some(0) => "pass",
        Some(1) => "fail",
        code => panic!("{}: exit code {code:?}, {}", path.display(), judged.stderr),
    };
    let lines = [&[verdict.to_owned()], judged.findings.as_slice()].concat();
    (lines.join("\n") + "\n", judged)
}

#[test]
fn each_recording_is_judged_as_its_list_says() {
    let is_update = std::env::var_os(UPDATE).is_some();
    let mut wrong = Vec::new();
    for path in captures() {
        let (found, _) = found(&path);
        if is_update {
            fs::write(list(&path), &found).unwrap();
        }
        let listed = fs::read_to_string(list(&path)).unwrap_or_default();
        if listed != found {
            wrong.push(format!("{}:\n{found}not what is listed:\n{listed}", path.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\n(captures/README.md says how lists are written)",
        wrong.join("\n")
    );
}

#[test]
fn a_check_fails_by_errors_alone() {
    for path in captures() {
        let (found, judged) = found(&path);
        let has_errors = judged.findings.iter().any(|finding| finding.starts_with("error "));
        assert_eq!(found.starts_with("fail\n"), has_errors, "{}", path.display());
    }
}

/// The client of each connection, by the connection's name.
fn clients(path: &Path) -> BTreeMap<String, String> {
    let events = run(["-T", "json", path.to_str().unwrap()]).events();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    events.iter().map(|event| (text(&event["connection"]), text(&event["client"]))).collect()
}

/// What a list says of the rules of the protocol, by client.
fn listed(path: &Path) -> BrokenByConnection {
    let clients = clients(path);
    let mut listed = BrokenByConnection::new();
    for line in fs::read_to_string(list(path)).unwrap().lines().skip(1) {
        let words: Vec<&str> = line.split(' ').collect();
        let &[_, rule, ref place @ ..] = words.as_slice() else { panic!("{line}") };
        if Rule::ALL.iter().any(|known| known.name() == rule) {
            let connection = place[0].strip_prefix('#').unwrap();
            let from = place.get(3).copied().unwrap_or_default();
            let broken = listed.entry(clients[connection].clone()).or_default();
            broken.insert((rule.to_owned(), from.to_owned()));
        }
    }
    listed
}

/// The lists are not only what wsdump says: of the protocol's rules they say what
/// the recorded programs were made to do.
#[test]
fn lists_have_the_rules_that_the_logs_say_are_broken() {
    for path in captures() {
        let mut logged = logged(&head_of_log(&path));
        logged.retain(|_, broken: &mut BTreeSet<_>| !broken.is_empty());
        assert_eq!(listed(&path), logged, "{}", path.display());
    }
}

/// What is not of the protocol is where the recordings were made so.
#[test]
fn lists_have_what_is_missing_where_something_is() {
    for path in captures() {
        let head = head_of_log(&path);
        let lines = fs::read_to_string(list(&path)).unwrap();
        let count =
            |rule: &str| lines.lines().filter(|line| line.split(' ').nth(1) == Some(rule)).count();
        let connections = || head["connections"].as_array().unwrap().iter();
        let name = path.display();
        assert_eq!(count("lost-packets") > 0, head.get("lost_packets").is_some(), "{name}");
        let inferred = connections().filter(|connection| connection["inferred"] == true).count();
        assert_eq!(count("missing-handshake"), inferred, "{name}");
        let refused = connections().filter(|connection| connection.get("status").is_some()).count();
        assert_eq!(count("refused-handshake"), refused, "{name}");
        if head["messages"] != "not logged" {
            let cut = connections().filter_map(|connection| connection["cut"].as_array());
            assert_eq!(count("incomplete-message"), cut.map(Vec::len).sum::<usize>(), "{name}");
        }
        assert_eq!(count("no-connection") + count("open-connection"), 0, "{name}");
    }
}

#[test]
fn every_list_is_of_a_recording() {
    if std::env::var_os("WSDUMP_CAPTURES").is_some() {
        return; // other files may be there
    }
    let lists: BTreeSet<PathBuf> = captures().iter().map(|path| list(path)).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_list = path.extension().is_some_and(|extension| extension == "check");
        assert!(!is_list || lists.contains(&path), "{}", path.display());
    }
}

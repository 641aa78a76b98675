//! Violations in the recordings are those that their logs say were committed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use wsdump::types::Rule;

use crate::command::{captures, head_of_log, run};

/// A rule, and the side that breaks it.
pub(crate) type Broken = (String, String);

/// By the client's address.
pub(crate) type BrokenByConnection = BTreeMap<String, BTreeSet<Broken>>;

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

fn broken(value: &Value) -> Broken {
    (text(value, "rule"), text(value, "from"))
}

fn connections(head: &Value) -> &[Value] {
    head["connections"].as_array().unwrap()
}

pub(crate) fn logged(head: &Value) -> BrokenByConnection {
    let mut logged = BrokenByConnection::new();
    for connection in connections(head) {
        let breaks = connection["breaks"].as_array().map_or([].as_slice(), Vec::as_slice);
        let client = text(connection, "client");
        logged.entry(client).or_default().extend(breaks.iter().map(broken));
    }
    logged
}

/// Violations of every connection that is in the log, and of each other that
/// has any.
fn found(path: &Path, head: &Value, counts: impl Fn(&Value) -> bool) -> BrokenByConnection {
    let clients = connections(head).iter().map(|connection| text(connection, "client"));
    let mut found: BrokenByConnection = clients.map(|client| (client, BTreeSet::new())).collect();
    for event in run(["-T", "json", path.to_str().unwrap()]).events() {
        if event["event"] == "violation" && counts(&event) {
            found.entry(text(&event, "client")).or_default().insert(broken(&event));
        }
    }
    found
}

/// Recordings that were made to break rules, one a connection.
fn made_to_break() -> impl Iterator<Item = (PathBuf, Value)> {
    captures()
        .into_iter()
        .map(|path| (path.clone(), head_of_log(&path)))
        .filter(|(_, head)| head["messages"] == "not logged")
}

#[test]
fn each_connection_breaks_what_its_log_says() {
    let mut wrong = Vec::new();
    for (path, head) in made_to_break() {
        let found = found(&path, &head, |_| true);
        let logged = logged(&head);
        for connection in connections(&head) {
            let client = text(connection, "client");
            if found[&client] != logged[&client] {
                let (found, logged) = (&found[&client], &logged[&client]);
                wrong.push(format!("{}: found {found:?}, not {logged:?}", connection["path"]));
            }
        }
        assert!(found.keys().eq(logged.keys()), "{}: other connections", path.display());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_is_broken_somewhere() {
    if std::env::var_os("WSDUMP_CAPTURES").is_some() {
        return; // not all recordings need be there
    }
    let broken: BTreeSet<String> = made_to_break()
        .flat_map(|(_, head)| logged(&head).into_values())
        .flatten()
        .map(|(rule, _)| rule)
        .collect();
    let unbroken: Vec<&str> =
        Rule::ALL.iter().map(|rule| rule.name()).filter(|name| !broken.contains(*name)).collect();
    assert!(unbroken.is_empty(), "no recording breaks {unbroken:?}");
}

/// Real programs keep to the rules, but for what their logs say.
#[test]
fn nothing_else_is_wrong() {
    let mut wrong = Vec::new();
    for path in captures() {
        let head = head_of_log(&path);
        if head["messages"] != "not logged" {
            let (found, logged) = (found(&path, &head, |_| true), logged(&head));
            if found != logged {
                wrong.push(format!("{}: found {found:?}, not {logged:?}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

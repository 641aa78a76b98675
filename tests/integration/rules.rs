//! docs/rules.md lists the rules as the code has them.

use wsdump::check::CheckRule;
use wsdump::types::Rule;

use crate::command::run;

const LIST: &str = include_str!("../../docs/rules.md");
const CODE: &str = include_str!("../../src/types/rule.rs");

/// The cells of each row that is about a rule.
fn cells() -> impl Iterator<Item = Vec<String>> {
    LIST.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
}

/// Of a rule of the protocol: its name, severity, the side at fault, reference, meaning
/// and what comes of it.
fn rows() -> Vec<[String; 6]> {
    cells().filter_map(|cells| cells.try_into().ok()).collect()
}

/// Of a rule of captures or expectations: its name, severity, what it concerns, and its
/// meaning.
fn other_rows() -> Vec<[String; 4]> {
    cells().filter_map(|cells| cells.try_into().ok()).collect()
}

#[test]
fn every_rule_is_listed_once_and_nothing_else() {
    let mut listed: Vec<String> = rows()
        .into_iter()
        .map(|[name, severity, _, reference, ..]| format!("{name} {severity} {reference}"))
        .collect();
    let mut rules: Vec<String> = Rule::ALL
        .iter()
        .map(|rule| format!("`{}` {} {}", rule.name(), rule.severity(), rule.reference()))
        .collect();
    listed.sort();
    rules.sort();
    assert_eq!(listed, rules);
}

#[test]
fn a_rule_means_what_its_documentation_says() {
    let rows = rows();
    let mut meaning = Vec::new();
    let mut count = 0;
    for line in CODE.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            meaning.push(text.trim());
            continue;
        }
        let name = line.split('"').nth(1).map(|name| format!("`{name}`"));
        if let Some([_, _, _, _, listed, _]) =
            rows.iter().find(|row| Some(&row[0]) == name.as_ref())
        {
            assert_eq!(*listed, meaning.join(" "));
            count += 1;
        }
        meaning.clear();
    }
    assert_eq!(count, Rule::ALL.len());
}

#[test]
fn rules_of_captures_and_expectations_are_listed_in_order() {
    let rules: Vec<[String; 4]> = CheckRule::all()
        .filter(|rule| !matches!(rule, CheckRule::Protocol(_)))
        .map(|rule| {
            let concerns = if rule.is_of_events() { "event" } else { "capture" };
            let name = format!("`{rule}`");
            [name, rule.severity().to_string(), concerns.to_owned(), rule.meaning().to_owned()]
        })
        .collect();
    assert_eq!(other_rows(), rules);
    assert_eq!(cells().count(), rows().len() + rules.len());
}

#[test]
fn every_rule_is_explained() {
    let list = run(["check", "--explain"]).clean();
    assert_eq!(list.lines().count(), CheckRule::all().count());
    for rule in CheckRule::all() {
        assert!(list.lines().any(|line| line.split(' ').next() == Some(rule.name())), "{rule}");
    }
    let explained = run(["check", "--explain", "accept-mismatch"]).clean();
    assert!(explained.starts_with("accept-mismatch (error, RFC 6455 §4.2.2)\n"), "{explained}");
    assert!(explained.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{explained}");
    let unknown = run(["check", "--explain", "acept-mismatch"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (Some(2), ""));
    assert_eq!(
        unknown.stderr,
        "wsdump: --explain: no rule is called `acept-mismatch`: did you mean `accept-mismatch`?\n"
    );
}

#[test]
fn a_side_is_at_fault() {
    for [name, _, side, ..] in rows() {
        assert!(matches!(side.as_str(), "client" | "server" | "either"), "{name}");
    }
}

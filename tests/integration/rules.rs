//! docs/rules.md lists the rules as the code has them.

use wsdump::types::Rule;

const LIST: &str = include_str!("../../docs/rules.md");
const CODE: &str = include_str!("../../src/types/rule.rs");

/// The cells of each row that is about a rule: its name, severity, the side at
/// fault, reference, meaning and what comes of it.
fn rows() -> Vec<[String; 6]> {
    LIST.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned());
            <[String; 6]>::try_from(cells.collect::<Vec<_>>()).expect(line)
        })
        .collect()
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
fn a_side_is_at_fault() {
    for [name, _, side, ..] in rows() {
        assert!(matches!(side.as_str(), "client" | "server" | "either"), "{name}");
    }
}

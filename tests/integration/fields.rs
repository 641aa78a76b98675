//! docs/filters.md and `wsdump fields` list the fields as the code has them.

use wsdump::filter::{FIELDS, Field, FieldKind, Filter};

use crate::command::run;

const PAGE: &str = include_str!("../../docs/filters.md");

/// A row of the page.
fn row(field: &Field) -> String {
    let about = match field.kind {
        FieldKind::Choice(choices) if choices.len() < 8 => {
            format!("{}: {}", field.about, choices.join(", "))
        }
        _ => field.about.to_owned(),
    };
    format!("| `{}` | {} | {about} | `{}` |", field.name, field.kind, field.example)
}

#[test]
fn every_field_is_listed_and_nothing_else() {
    let list = PAGE.split_once("## Fields").unwrap().1;
    let listed: Vec<&str> = list.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<String> = FIELDS.iter().map(row).collect();
    assert_eq!(listed, expected, "\n{}", expected.join("\n"));
}

#[test]
fn every_example_is_a_filter_about_its_field() {
    for field in FIELDS {
        if let Err(error) = Filter::parse(field.example) {
            panic!("{}: {error}", field.example);
        }
        assert!(field.example.contains(field.name), "{}", field.example);
    }
}

#[test]
fn expressions_on_the_page_are_filters() {
    let inside = PAGE.split_once("## Into the JSON").unwrap().1;
    let block = inside.split("```").nth(1).unwrap().trim();
    assert_eq!(block.lines().count(), 5);
    for line in block.lines() {
        if let Err(error) = Filter::parse(line) {
            panic!("{line}: {error}");
        }
    }
    for cell in
        PAGE.lines().filter(|line| line.starts_with("| `tcp") || line.starts_with("| `http"))
    {
        let expression = cell.split('`').nth(1).unwrap();
        if let Err(error) = Filter::parse(&expression.replace("\\|", "|")) {
            panic!("{expression}: {error}");
        }
    }
}

#[test]
fn the_command_lists_them() {
    let all = run(["fields"]);
    assert_eq!(all.code, Some(0));
    for field in FIELDS {
        let line = all.stdout.lines().find(|line| line.split(' ').next() == Some(field.name));
        let line = line.unwrap_or_else(|| panic!("{} is not listed", field.name));
        assert!(line.contains(field.example) && line.contains(&field.kind.to_string()), "{line}");
    }
    let some = run(["fields", "SEC_websocket"]);
    assert_eq!(some.stdout.lines().count(), 1 + 5, "{}", some.stdout);
    let none = run(["fields", "nowhere"]);
    assert_eq!(none.code, Some(2));
    assert!(none.stderr.contains("no field has nowhere in its name"), "{}", none.stderr);
}

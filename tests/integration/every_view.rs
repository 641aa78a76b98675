//! How every recording looks in every view, reviewed: the first lines of each.

use std::path::Path;

use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;
use wsdump::output::{Spool, Text, TextOptions, View, Zone};

use crate::command::{captures, run};
use crate::stats::read;

/// Lines of each view that are kept here.
const LINES: usize = 16;

/// The text on a terminal of so many columns.
fn text(path: &Path, width: usize, compact: bool) -> String {
    let options =
        TextOptions { width: Some(width), zone: Zone::Utc, compact, ..TextOptions::default() };
    let (mut view, mut out) = (Text::new(options), Spool::default());
    read(path, |event| view.show(event, &mut out));
    view.finish(&mut out);
    String::from_utf8(out.into_bytes()).unwrap()
}

/// The connection of which most is told.
fn main_connection(path: &str) -> String {
    let events = run(["-q", "-T", "json", path]).events();
    let connection = |event: &Value| event["connection"].as_str().unwrap().to_owned();
    let count = |name: &String| events.iter().filter(|event| connection(event) == *name).count();
    let mut names: Vec<String> = events.iter().map(connection).collect();
    names.sort();
    names.dedup();
    // Of several the first.
    names.into_iter().rev().max_by_key(count).unwrap()
}

fn head(view: &str) -> String {
    let lines: Vec<&str> = view.lines().collect();
    let more = lines.len().saturating_sub(LINES);
    let mut head = lines[..lines.len() - more].join("\n");
    if more > 0 {
        head.push_str(&format!("\n({more} more lines)"));
    }
    head
}

/// Nothing of what was sent steers a terminal or is wider than the page.
fn check(name: &str, view: &str, width: Option<usize>) {
    for line in view.lines() {
        assert!(!line.contains(|c: char| c.is_control() && c != '\t'), "{name}: {line:?}");
        assert!(width.is_none_or(|width| line.width() <= width), "{name}: {line}");
    }
}

#[test]
fn every_view_of_every_recording() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/views");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    // Elsewhere there may be other recordings.
    let are_ours = std::env::var_os("WSDUMP_CAPTURES").is_none();
    for capture in captures() {
        let name = capture.file_stem().unwrap().to_str().unwrap();
        let path = capture.to_str().unwrap();
        let connection = main_connection(path);
        let mut views = vec![
            ("text, 80 columns", text(&capture, 80, false), Some(80)),
            ("text, 200 columns", text(&capture, 200, false), Some(200)),
            ("compact, 80 columns", text(&capture, 80, true), Some(80)),
            ("compact, 200 columns", text(&capture, 200, true), Some(200)),
        ];
        for (view, arguments) in [
            ("text, piped", vec!["-q", path]),
            ("JSON", vec!["-q", "-T", "json", "--payload", "none", path]),
            ("table", vec!["-q", "-T", "table", path]),
            ("stats", vec!["stats", "-q", path]),
            ("stats, JSON", vec!["stats", "-q", "-T", "json", path]),
            ("follow", vec!["follow", "-q", &connection, path]),
        ] {
            let ran = run(arguments);
            assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{name}: {view}");
            views.push((view, ran.stdout, None));
        }
        for (view, shown, width) in &views {
            assert!(!shown.is_empty(), "{name}: {view}");
            check(&format!("{name}: {view}"), shown, *width);
        }
        let pictures: Vec<String> = views
            .iter()
            // These have every fact, and snapshots elsewhere.
            .filter(|(view, ..)| !view.contains("JSON"))
            .map(|(view, shown, _)| format!("──── {view}\n{}", head(shown)))
            .collect();
        if are_ours {
            settings.bind(|| insta::assert_snapshot!(name, pictures.join("\n\n")));
        }
    }
}

//! The rooms look only in the direction that docs/architecture.md draws.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What each room may use besides `types`.
const ARROWS: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("capture", &[]),
    ("net", &[]),
    ("tcp", &[]),
    ("tls", &[]),
    ("http", &[]),
    ("websocket", &[]),
    ("payload", &[]),
    ("filter", &[]),
    ("output", &[]),
    ("analyzer", &["net", "tcp", "tls", "http", "websocket", "payload", "filter"]),
    ("check", &["filter", "output"]),
    ("diff", &["filter", "output"]),
    ("engine", &["capture", "analyzer", "output"]),
    ("cli", &["capture", "analyzer", "engine", "filter", "output", "check", "diff"]),
];

fn sources(path: &Path, found: &mut Vec<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            sources(&entry.unwrap().path(), found);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        found.push(fs::read_to_string(path).unwrap());
    }
}

/// The rooms that a text names after `crate::`, comments and tests included.
fn named(text: &str) -> BTreeSet<String> {
    let word = |rest: &str| {
        rest.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '_').collect()
    };
    let mut names: BTreeSet<String> = text.split("crate::").skip(1).map(word).collect();
    // `use crate::{net, tcp::Table}` names several at once.
    for group in text.split("crate::{").skip(1) {
        let group = group.split_once(';').map_or(group, |(group, _)| group);
        names.extend(group.split([',', '{']).map(|part| word(part.trim())));
    }
    names.retain(|name| ARROWS.iter().any(|(room, _)| room == name));
    names
}

#[test]
fn arrows_point_one_way() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (room, allowed) in ARROWS {
        let mut texts = Vec::new();
        for path in [src.join(room), src.join(format!("{room}.rs"))] {
            if path.exists() {
                sources(&path, &mut texts);
            }
        }
        assert!(!texts.is_empty(), "no such room: {room}");
        for text in &texts {
            for name in named(text) {
                assert!(
                    name == *room
                        || name == "types" && *room != "types"
                        || allowed.contains(&name.as_str()),
                    "{room} uses {name}, which docs/architecture.md does not draw"
                );
            }
        }
    }
}

#[test]
fn every_room_is_in_the_drawing() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(src).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(
            ARROWS.iter().any(|(room, _)| *room == name) || matches!(name.as_str(), "lib" | "main"),
            "{name} has no place in the drawing"
        );
    }
}

/// Only these rooms may do I/O, use threads or look at a clock.
#[test]
fn the_core_is_sans_io() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for room in ["types", "net", "tcp", "tls", "http", "websocket", "payload", "filter", "analyzer"]
    {
        let mut texts = Vec::new();
        sources(&src.join(room), &mut texts);
        for text in texts {
            for forbidden in [
                "std::fs",
                "std::io",
                "std::thread",
                "std::env",
                "Instant",
                "SystemTime",
                "println!",
            ] {
                assert!(!text.contains(forbidden), "{room} uses {forbidden}");
            }
        }
    }
}

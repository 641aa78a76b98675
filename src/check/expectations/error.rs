//! What is wrong with an expectations file, and where.

use std::ops::Range;

use thiserror::Error;

use crate::filter::{FilterError, nearest_of};

/// How times are written.
pub(super) const TIMES: &str = "times are \"200ms\", \"2s\", \"1.5m\", \"1h\"";

/// What is wrong with an expectations file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("byte {}: {message}", span.start)]
pub struct ExpectationError {
    /// What is wrong, in a few words, on one line.
    pub message: String,
    /// The bytes of the file that are at fault; empty at its end when something is
    /// missing there.
    pub span: Range<usize>,
    /// What is expected there.
    pub label: String,
    /// What may have been meant.
    pub help: Option<String>,
}

impl ExpectationError {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), span, label: String::new(), help: None }
    }

    /// Says what is expected there.
    #[must_use]
    pub(super) fn label(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    /// Says what may have been meant.
    #[must_use]
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// The same fault of a filter, at these bytes of the file.
    pub(super) fn of_filter(error: FilterError, span: Range<usize>) -> Self {
        Self { message: error.message, span, label: error.label, help: error.help }
    }

    /// What is no TOML, or has another shape than an expectations file.
    pub(super) fn of_toml(text: &str, error: &toml::de::Error) -> Self {
        let span = error.span().unwrap_or(text.len()..text.len());
        let message = error.message();
        if let Some((name, known)) = unknown_key(message) {
            return unknown(name, &known, span);
        }
        if let Some(name) = between(message, "missing field `", "`") {
            let span = first_line(text, span);
            return Self::new(span, format!("{name} is missing"))
                .label(format!("this needs {name}"));
        }
        if let Some((found, expected)) = wrong_type(message) {
            let span = first_line(text, span);
            return of_type(text, span, found, expected);
        }
        // What is told is on one line.
        Self::new(span, message.lines().collect::<Vec<&str>>().join(", "))
    }
}

/// What there is, and what there has to be, where serde says so; in words of TOML.
fn wrong_type(message: &str) -> Option<(&str, &str)> {
    let in_toml = |name| match name {
        "map" => "a table",
        "sequence" | "a sequence" => "an array",
        name => name,
    };
    let (found, expected) = message.strip_prefix("invalid type: ")?.rsplit_once(", expected ")?;
    Some((in_toml(found), in_toml(expected)))
}

fn of_type(text: &str, span: Range<usize>, found: &str, expected: &str) -> ExpectationError {
    let header = text.get(span.clone()).unwrap_or_default();
    let before = text.get(..span.start).unwrap_or_default();
    let expected = match expected {
        // There are whole numbers in two places.
        "i64" if before.rfind("close_codes") > before.rfind("messages_per_second") => {
            "a number from 1000 to 4999"
        }
        "i64" => "a whole number",
        "f64" => "a number such as 0.5",
        expected => expected,
    };
    let meant = match (header.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')), expected) {
        (Some(name), "an array") => Some(format!("[[{name}]]")),
        (Some(name), "a table") => name
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .map(|name| format!("[{name}]")),
        _ => None,
    };
    let error = ExpectationError::new(span, format!("expected {expected}, found {found}"));
    match meant {
        Some(meant) => error.help(format!("write {meant}")),
        None if expected == "a string" && is_time(before) => error.help(TIMES),
        None => error,
    }
}

/// What stands behind this is a time.
fn is_time(before: &str) -> bool {
    let key = before.trim_end().strip_suffix('=').unwrap_or_default().trim_end();
    ["within", "connection_duration", "p50", "p95", "p99", "max"]
        .iter()
        .any(|time| key.ends_with(time))
}

/// The key that there is not, and those that there are, where serde says so.
fn unknown_key(message: &str) -> Option<(&str, Vec<&str>)> {
    let rest = message.strip_prefix("unknown field `")?;
    // The key may be anything; what is known has no such marks.
    let (name, known) = rest.rsplit_once("`, expected ")?;
    Some((name, known.split('`').skip(1).step_by(2).collect()))
}

fn unknown(name: &str, known: &[&str], span: Range<usize>) -> ExpectationError {
    let name: String = name.lines().collect();
    let error = ExpectationError::new(span, format!("there is no {name} here"));
    let error = error.label(format!("known: {}", known.join(", ")));
    // Another percentile is no slip of the pen.
    let is_percentile = known.contains(&"p50")
        && name.strip_prefix('p').is_some_and(|number| number.parse::<f64>().is_ok());
    match nearest_of(&name, known.iter().copied()).filter(|_| !is_percentile) {
        Some(nearest) => error.help(format!("did you mean {nearest}?")),
        None => error,
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.strip_prefix(before)?.strip_suffix(after)
}

/// As much of `span` as is on its first line.
fn first_line(text: &str, span: Range<usize>) -> Range<usize> {
    let line = text.get(span.clone()).and_then(|part| part.lines().next());
    span.start..span.start + line.map_or(0, str::len)
}

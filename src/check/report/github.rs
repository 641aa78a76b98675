//! Workflow commands of GitHub Actions, which make annotations.
//!
//! ```text
//! ::error file=traffic.pcapng,title=accept-mismatch::#0 ws://localhost:8888/chat …
//! ```
//!
//! One of an expectation stands where the expectation does.

use super::cases::line;
use crate::check::finding::{Finding, Outcome};
use crate::check::verdict::Verdict;
use crate::output::escaped;
use crate::types::Severity;

pub(super) fn render(verdict: &Verdict) -> Vec<u8> {
    let only = match verdict.files.as_slice() {
        // Standard input has no place in a repository.
        [only] if only != "-" => Some(only.as_str()),
        _ => None,
    };
    let commands: String = verdict.shown().map(|finding| command(finding, only)).collect();
    commands.into_bytes()
}

fn command(finding: &Finding, only: Option<&str>) -> String {
    let name = match (finding.outcome, finding.severity) {
        (Outcome::Fails, _) | (_, Severity::Error) => "error",
        (_, Severity::Warning) => "warning",
        (_, Severity::Note) => "notice",
    };
    let properties: Vec<String> = properties(finding, only)
        .iter()
        .map(|(name, value)| format!("{name}={}", escape_property(value)))
        .collect();
    format!("::{name} {}::{}\n", properties.join(","), escape_data(&message(finding)))
}

fn properties(finding: &Finding, only: Option<&str>) -> Vec<(&'static str, String)> {
    let rule = finding.rule.name();
    let Some(expectation) = &finding.expectation else {
        let file = finding.connection.as_ref().and_then(|place| place.file.as_deref()).or(only);
        let file = file.map(|file| ("file", file.to_owned()));
        return file.into_iter().chain([("title", rule.to_owned())]).collect();
    };
    vec![
        ("file", expectation.file.to_string()),
        ("line", expectation.line.to_string()),
        ("col", expectation.column.to_string()),
        ("title", format!("{rule}: {}", expectation.name)),
    ]
}

fn message(finding: &Finding) -> String {
    let head = finding.head.as_deref().filter(|head| !head.is_empty());
    let reference = finding.rule.reference();
    let mut message = line(finding);
    message.extend(head.map(|head| format!("\n{}", escaped(head))));
    message.extend(reference.map(|reference| format!("\n{reference}")));
    message
}

/// What stands after a command, as its reader takes it apart.
fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value of a property.
fn escape_property(text: &str) -> String {
    escape_data(&escaped(text)).replace(':', "%3A").replace(',', "%2C")
}

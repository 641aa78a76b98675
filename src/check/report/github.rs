//! Workflow commands of GitHub Actions, which make annotations.
//!
//! ```text
//! ::error file=traffic.pcapng,title=accept-mismatch::#0 ws://localhost:8888/chat …
//! ```
//!
//! One of an expectation stands where the expectation does. There are no more than
//! GitHub shows, what fails before the rest.

use super::cases::line;
use crate::check::finding::{Finding, Outcome};
use crate::check::verdict::Verdict;
use crate::output::{escaped, grouped};
use crate::types::Severity;

pub(super) fn render(verdict: &Verdict) -> Vec<u8> {
    let only = match verdict.files.as_slice() {
        // Standard input has no place in a repository.
        [only] if only != "-" => Some(only.as_str()),
        _ => None,
    };
    let of = |level, most: usize| -> Vec<&Finding> {
        let all = || verdict.shown().filter(move |finding| Level::of(finding) == level);
        let fails = |finding: &&Finding| finding.outcome == Outcome::Fails;
        let (failing, told) = (all().filter(fails), all().filter(move |one| !fails(one)));
        failing.chain(told).take(most).collect()
    };
    let errors = of(Level::Error, MOST);
    let warnings = of(Level::Warning, MOST);
    let mut notices = of(Level::Notice, MOST);
    let shown = verdict.totals().shown();
    let rest = |notices: &[&Finding]| {
        let written = errors.len() + warnings.len() + notices.len();
        shown.saturating_sub(u64::try_from(written).unwrap_or(u64::MAX))
    };
    if rest(&notices) > 0 {
        // That there are more is a notice, too.
        notices.truncate(MOST - 1);
    }
    let rest = rest(&notices);
    let findings = errors.iter().chain(&warnings).chain(&notices);
    let mut commands: String = findings.map(|finding| command(finding, only)).collect();
    if rest > 0 {
        let rest = grouped(rest);
        commands += &format!(
            "::notice title=wsdump check::{rest} more findings are not annotated; the other reports have them\n"
        );
    }
    commands.into_bytes()
}

/// Annotations of one level that GitHub shows of a step; of more it shows nothing, nor
/// says that there are some.
const MOST: usize = 10;

/// What GitHub tells annotations apart by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
    Notice,
}

impl Level {
    const fn of(finding: &Finding) -> Self {
        match (finding.outcome, finding.severity) {
            (Outcome::Fails, _) | (_, Severity::Error) => Self::Error,
            (_, Severity::Warning) => Self::Warning,
            (_, Severity::Note) => Self::Notice,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

fn command(finding: &Finding, only: Option<&str>) -> String {
    let name = Level::of(finding).name();
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

//! TAP 14, the Test Anything Protocol, with YAML diagnostics.
//!
//! ```text
//! TAP version 14
//! 1..80
//! ok 1 - protocol: request-method
//! not ok 2 - protocol: accept-mismatch
//!   ---
//!   message: "#0 ws://localhost:8888/chat packet 5 server: The response has …"
//!   severity: fail
//!   findings: 1
//!   …
//!   ...
//! ```

use super::cases::{Case, lines, suites};
use crate::check::finding::Finding;
use crate::check::verdict::Verdict;
use crate::output::{escaped, json_escaped};

pub(super) fn render(verdict: &Verdict) -> Vec<u8> {
    let suites = suites(verdict);
    let count: usize = suites.iter().map(|suite| suite.cases.len()).sum();
    let mut out = format!("TAP version 14\n1..{count}\n");
    let cases =
        suites.iter().flat_map(|suite| suite.cases.iter().map(move |case| (suite.name, case)));
    for (number, (suite, case)) in (1..).zip(cases) {
        let result = if case.has_failed() { "not ok" } else { "ok" };
        out += &format!("{result} {number} - {suite}: {}\n", description(case.name));
        if case.counts.shown() > 0 {
            diagnostics(case, &mut out);
        }
    }
    out.into_bytes()
}

/// A name, in which nothing is a directive.
fn description(name: &str) -> String {
    escaped(name).replace('\\', "\\\\").replace('#', "\\#")
}

fn diagnostics(case: &Case<'_>, out: &mut String) {
    let (message, severity) = if case.has_failed() {
        (case.message(), "fail")
    } else {
        (format!("{} told, by which nothing fails", case.counts.told), "comment")
    };
    *out += "  ---\n";
    *out += &format!("  message: {}\n", quoted(&message));
    *out += &format!("  severity: {severity}\n");
    *out += &format!("  findings: {}\n", case.counts.shown());
    let found = || case.failing.iter().chain(&case.told);
    if found().next().is_some() {
        *out += "  data:\n";
    }
    found().for_each(|finding| data(finding, out));
    *out += "  ...\n";
}

fn data(finding: &Finding, out: &mut String) {
    *out += &format!("    - rule: {}\n", finding.rule);
    *out += &format!("      severity: {}\n", finding.severity);
    *out += &format!("      outcome: {}\n", finding.outcome.name());
    let text = lines(finding).join("\n");
    *out += &format!("      text: {}\n", quoted(&text));
    if let Some(place) = &finding.connection {
        *out += &format!("      connection: \"{}\"\n", place.connection);
    }
    if let Some(packet) = finding.packet {
        *out += &format!("      packet: {packet}\n");
    }
}

/// A double-quoted scalar of YAML: JSON's strings are some, if characters are written
/// by their number that readers of YAML refuse.
fn quoted(text: &str) -> String {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    quoted.push(b'"');
    json_escaped(&mut quoted, text);
    quoted.push(b'"');
    let quoted = String::from_utf8(quoted).unwrap_or_default();
    let refused = [('\u{feff}', "\\ufeff"), ('\u{fffe}', "\\ufffe"), ('\u{ffff}', "\\uffff")];
    refused.iter().fold(quoted, |text, (c, escape)| text.replace(*c, escape))
}

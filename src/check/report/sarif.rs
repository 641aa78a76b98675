//! SARIF 2.1.0, which code scanning reads.
//!
//! The objects have the names of the standard, and of their properties those that
//! there is something to say about. A capture has no lines: results stand at its
//! first, as those who show them want one.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::json_writer::document;
use super::reference;
use crate::check::finding::{ExpectationName, Finding, Outcome, Place};
use crate::check::rule::{CaptureRule, CheckRule};
use crate::check::verdict::Verdict;
use crate::output::rfc3339;
use crate::types::Severity;

pub(super) fn render(verdict: &Verdict) -> Vec<u8> {
    document(&Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run::of(verdict)],
    })
}

#[derive(Serialize)]
struct Log<'v> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'v>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'v> {
    tool: Tool,
    invocations: [Invocation; 1],
    artifacts: Vec<Artifact>,
    column_kind: &'static str,
    results: Vec<SarifResult<'v>>,
}

impl<'v> Run<'v> {
    fn of(verdict: &'v Verdict) -> Self {
        let rules: Vec<CheckRule> =
            verdict.counts.keys().filter_map(|name| CheckRule::named(name)).collect();
        let places: BTreeMap<&str, usize> =
            rules.iter().enumerate().map(|(index, rule)| (rule.name(), index)).collect();
        let is_broken = verdict.counts.contains_key(CaptureRule::BrokenFile.name());
        let mut fingerprints = Fingerprints::default();
        let results = told(verdict).map(|finding| {
            let index = places.get(finding.rule.name()).copied();
            SarifResult::of(finding, index, fingerprints.of(finding), verdict)
        });
        Self {
            tool: Tool {
                driver: Driver {
                    name: "wsdump",
                    version: env!("CARGO_PKG_VERSION"),
                    rules: rules.into_iter().map(Descriptor::of).collect(),
                },
            },
            invocations: [Invocation { execution_successful: !is_broken }],
            artifacts: verdict.files.iter().map(|file| Artifact::of(file)).collect(),
            column_kind: "unicodeCodePoints",
            results: results.collect(),
        }
    }
}

/// Results of a run, beyond which GitHub refuses it.
const MOST_RESULTS: usize = 25_000;

/// What is told. What is allowed is not, as code scanning makes an alert also of what is
/// suppressed; and of what was there before only what there is room for beside the rest.
fn told(verdict: &Verdict) -> impl Iterator<Item = &Finding> {
    let mut room = MOST_RESULTS.saturating_sub(verdict.shown().count());
    let is_told = move |finding: &&Finding| match finding.outcome {
        Outcome::Fails | Outcome::Told => true,
        Outcome::Allowed => false,
        Outcome::Known => {
            let is_told = room > 0;
            room = room.saturating_sub(1);
            is_told
        }
    };
    verdict.findings.iter().filter(is_told).take(MOST_RESULTS)
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
}

#[derive(Serialize)]
struct Artifact {
    location: ArtifactLocation,
}

impl Artifact {
    fn of(file: &str) -> Self {
        Self { location: ArtifactLocation { uri: uri(file) } }
    }
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

/// A rule (`reportingDescriptor`).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    short_description: Text,
    full_description: Text,
    help: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<String>,
    default_configuration: Configuration,
}

impl Descriptor {
    fn of(rule: CheckRule) -> Self {
        let (name, meaning, reference) = (rule.name(), rule.meaning(), rule.reference());
        let stands = reference.map(|reference| format!(" ({reference})")).unwrap_or_default();
        Self {
            id: name,
            short_description: Text::of(meaning),
            full_description: Text { text: format!("{meaning}{stands}") },
            help: Text { text: format!("wsdump check --explain {name} tells more.") },
            help_uri: reference.and_then(reference::url),
            default_configuration: Configuration { level: level(rule.severity()) },
        }
    }
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

/// A `message`, or a `multiformatMessageString`.
#[derive(Serialize)]
struct Text {
    text: String,
}

impl Text {
    fn of(text: &str) -> Self {
        Self { text: text.to_owned() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'v> {
    rule_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Text,
    locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    properties: Properties<'v>,
}

impl<'v> SarifResult<'v> {
    fn of(
        finding: &'v Finding,
        rule_index: Option<usize>,
        partial_fingerprints: BTreeMap<&'static str, String>,
        verdict: &'v Verdict,
    ) -> Self {
        Self {
            rule_id: finding.rule.name(),
            rule_index,
            level: level(finding.severity),
            message: message(finding),
            locations: locations(finding, verdict),
            related_locations: finding.expectation.iter().map(Location::of_expectation).collect(),
            partial_fingerprints,
            baseline_state: verdict.has_baseline.then_some(match finding.outcome {
                Outcome::Known => "unchanged",
                _ => "new",
            }),
            properties: Properties::of(finding),
        }
    }
}

/// How often there was each fingerprint.
#[derive(Default)]
struct Fingerprints(HashMap<String, u64>);

impl Fingerprints {
    /// By what a result is known in the next run. GitHub looks only at the first, and
    /// takes those that have the same for one: of several the number is told.
    fn of(&mut self, finding: &Finding) -> BTreeMap<&'static str, String> {
        let fingerprint = finding.fingerprint();
        let count = self.0.entry(fingerprint.clone()).or_default();
        *count += 1;
        [
            ("primaryLocationLineHash", format!("{fingerprint}:{count}")),
            ("wsdumpFinding/v1", fingerprint),
        ]
        .into()
    }
}

/// What was found, and in a second sentence where: of all that a result has, code
/// scanning shows this text.
fn message(finding: &Finding) -> Text {
    let mut text = match &finding.expectation {
        Some(expectation) => format!("{}: {}", expectation.name, finding.detail),
        None => finding.detail.clone(),
    };
    let seen = seen(finding);
    if !seen.is_empty() {
        let end = if text.ends_with('.') { "" } else { "." };
        text.push_str(&format!("{end} Seen {}.", seen.join(", ")));
    }
    // `[text](target)` is a link in plain text, too (§3.11.6).
    Text { text: text.replace("](", "] (") }
}

/// Where and when something was found, as far as it is known.
fn seen(finding: &Finding) -> Vec<String> {
    let mut seen = Vec::new();
    if let Some(place) = &finding.connection {
        let url = place.url.as_deref().map(|url| format!(" to {url}")).unwrap_or_default();
        seen.push(format!("in connection #{}{url}", place.connection));
    }
    seen.extend(finding.packet.map(|packet| format!("in packet {packet}")));
    seen.extend(finding.time.map(|time| format!("at {}", rfc3339(time))));
    seen
}

/// In the capture; where that is several files, and the finding is of no single one,
/// in all of them.
fn locations(finding: &Finding, verdict: &Verdict) -> Vec<Location> {
    let place = finding.connection.as_ref();
    let logical = place.map(LogicalLocation::of);
    match place.and_then(|place| place.file.as_deref()) {
        Some(file) => vec![Location::of(file, logical)],
        None => {
            let files = verdict.files.iter().take(MOST_LOCATIONS);
            files.map(|file| Location::of(file, logical.clone())).collect()
        }
    }
}

/// Files of a capture that a result names, where it is of no single one.
const MOST_LOCATIONS: usize = 10;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    logical_locations: Option<[LogicalLocation; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text>,
}

impl Location {
    fn of(file: &str, logical: Option<LogicalLocation>) -> Self {
        Self {
            physical_location: PhysicalLocation::of(file, 1, None),
            logical_locations: logical.map(|logical| [logical]),
            message: None,
        }
    }

    fn of_expectation(name: &ExpectationName) -> Self {
        Self {
            physical_location: PhysicalLocation::of(&name.file, name.line, Some(name.column)),
            logical_locations: None,
            message: Some(Text { text: format!("what is expected: {}", name.name) }),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

impl PhysicalLocation {
    fn of(file: &str, start_line: usize, start_column: Option<usize>) -> Self {
        Self {
            artifact_location: ArtifactLocation { uri: uri(file) },
            region: Region { start_line, start_column },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<usize>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

impl LogicalLocation {
    fn of(place: &Place) -> Self {
        let name = format!("#{}", place.connection);
        let url = place.url.as_deref().map(|url| format!(" {url}")).unwrap_or_default();
        Self { fully_qualified_name: format!("{name}{url}"), name, kind: "connection" }
    }
}

/// What SARIF has no place for, by the names that events have.
#[derive(Serialize)]
struct Properties<'v> {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'v str>,
}

impl<'v> Properties<'v> {
    fn of(finding: &'v Finding) -> Self {
        let place = finding.connection.as_ref();
        let connection = place.map(|place| &place.connection);
        Self {
            outcome: finding.outcome.name(),
            packet: finding.packet,
            time: finding.time.map(rfc3339),
            connection: connection.map(|connection| connection.to_string()),
            client: connection.map(|connection| connection.client.to_string()),
            server: connection.map(|connection| connection.server.to_string()),
            url: place.and_then(|place| place.url.as_deref()),
            from: finding.from.map(|from| from.to_string()),
            head: finding.head.as_deref(),
            path: finding.path.as_deref(),
        }
    }
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// A file as a URI (RFC 3986): relative, or of the scheme `file` where its path is
/// absolute.
fn uri(file: &str) -> String {
    let file = file.strip_prefix("./").unwrap_or(file);
    let mut uri = String::with_capacity(file.len());
    if file.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in file.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte.into());
            }
            b'\\' if cfg!(windows) => uri.push('/'),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::super::samples::{accept_mismatch, of_capture, verdict};
    use super::*;

    #[test]
    fn no_more_results_than_are_taken() {
        let known = of_capture(CaptureRule::CutPackets, Outcome::Known);
        let mut findings = vec![known; MOST_RESULTS];
        findings.extend([accept_mismatch(), accept_mismatch()]);
        let many_known = verdict(findings, vec![]);
        let outcomes: Vec<_> = told(&many_known).map(|finding| finding.outcome).collect();
        assert_eq!(outcomes.len(), MOST_RESULTS);
        assert!(outcomes.ends_with(&[Outcome::Known, Outcome::Fails, Outcome::Fails]));
        let failing = verdict(vec![accept_mismatch(); MOST_RESULTS + 1], vec![]);
        assert_eq!(told(&failing).count(), MOST_RESULTS);
    }
}

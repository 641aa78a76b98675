//! Everything, as one JSON document: docs/check.md and docs/check.schema.json.

use serde::Serialize;

use super::json_writer::document;
use crate::check::finding::{ExpectationName, Finding, Place};
use crate::check::findings::Counts;
use crate::check::rule::CheckRule;
use crate::check::verdict::{Expectation, Verdict};
use crate::output::rfc3339;

pub(super) fn render(verdict: &Verdict) -> Vec<u8> {
    document(&Document::of(verdict))
}

/// What a check came to.
#[derive(Serialize)]
struct Document<'v> {
    verdict: &'static str,
    files: &'v [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    begin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
    connections: u64,
    messages: u64,
    baseline: bool,
    gone: u64,
    counts: CountsObject,
    severities: SeveritiesObject,
    rules: Vec<RuleObject>,
    expectations: Vec<ExpectationObject<'v>>,
    findings: Vec<FindingObject<'v>>,
}

impl<'v> Document<'v> {
    fn of(verdict: &'v Verdict) -> Self {
        let severities = verdict.severities;
        Self {
            verdict: if verdict.has_failed() { "failed" } else { "passed" },
            files: &verdict.files,
            begin: verdict.begin.map(rfc3339),
            end: verdict.end.map(rfc3339),
            connections: verdict.connections,
            messages: verdict.messages,
            baseline: verdict.has_baseline,
            gone: verdict.gone,
            counts: CountsObject::of(verdict.totals()),
            severities: SeveritiesObject {
                error: severities.errors,
                warning: severities.warnings,
                note: severities.notes,
            },
            rules: verdict.counts.iter().filter_map(RuleObject::of).collect(),
            expectations: verdict.expectations.iter().map(ExpectationObject::of).collect(),
            findings: verdict.findings.iter().map(FindingObject::of).collect(),
        }
    }
}

/// How many findings there are, by what becomes of them.
#[derive(Serialize)]
struct CountsObject {
    fails: u64,
    told: u64,
    allowed: u64,
    known: u64,
}

impl CountsObject {
    fn of(counts: Counts) -> Self {
        let Counts { fails, told, allowed, known } = counts;
        Self { fails, told, allowed, known }
    }
}

/// How many findings fail or are told, by how bad they are.
#[derive(Serialize)]
struct SeveritiesObject {
    error: u64,
    warning: u64,
    note: u64,
}

/// A rule of which there are findings.
#[derive(Serialize)]
struct RuleObject {
    rule: &'static str,
    severity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'static str>,
    meaning: &'static str,
    counts: CountsObject,
}

impl RuleObject {
    fn of((name, counts): (&&'static str, &Counts)) -> Option<Self> {
        let rule = CheckRule::named(name)?;
        Some(Self {
            rule: rule.name(),
            severity: rule.severity().to_string(),
            reference: rule.reference(),
            meaning: rule.meaning(),
            counts: CountsObject::of(*counts),
        })
    }
}

/// What was expected.
#[derive(Serialize)]
struct ExpectationObject<'v> {
    #[serde(flatten)]
    name: NameObject<'v>,
    kind: &'static str,
    met: bool,
    counts: CountsObject,
}

impl<'v> ExpectationObject<'v> {
    fn of(expectation: &'v Expectation) -> Self {
        Self {
            name: NameObject::of(&expectation.name),
            kind: expectation.rule.name(),
            met: expectation.is_met(),
            counts: CountsObject::of(expectation.findings),
        }
    }
}

/// Which expectation it is, and where it stands.
#[derive(Serialize)]
struct NameObject<'v> {
    name: &'v str,
    file: &'v str,
    line: usize,
    column: usize,
}

impl<'v> NameObject<'v> {
    fn of(name: &'v ExpectationName) -> Self {
        Self { name: &name.name, file: &name.file, line: name.line, column: name.column }
    }
}

/// What was found.
#[derive(Serialize)]
struct FindingObject<'v> {
    rule: &'static str,
    severity: String,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expectation: Option<NameObject<'v>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(flatten)]
    place: Option<PlaceObject<'v>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    detail: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'v str>,
    fingerprint: String,
}

impl<'v> FindingObject<'v> {
    fn of(finding: &'v Finding) -> Self {
        Self {
            rule: finding.rule.name(),
            severity: finding.severity.to_string(),
            outcome: finding.outcome.name(),
            reference: finding.rule.reference(),
            expectation: finding.expectation.as_ref().map(NameObject::of),
            packet: finding.packet,
            time: finding.time.map(rfc3339),
            place: finding.connection.as_ref().map(PlaceObject::of),
            from: finding.from.map(|from| from.to_string()),
            detail: &finding.detail,
            head: finding.head.as_deref(),
            path: finding.path.as_deref(),
            fingerprint: finding.fingerprint(),
        }
    }
}

/// Where it was found.
#[derive(Serialize)]
struct PlaceObject<'v> {
    stream: u64,
    connection: String,
    client: String,
    server: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    h2_stream: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    inferred: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'v str>,
}

impl<'v> PlaceObject<'v> {
    fn of(place: &'v Place) -> Self {
        let connection = &place.connection;
        Self {
            stream: connection.stream,
            connection: connection.to_string(),
            client: connection.client.to_string(),
            server: connection.server.to_string(),
            h2_stream: connection.h2_stream,
            inferred: connection.inferred,
            file: place.file.as_deref(),
            url: place.url.as_deref(),
        }
    }
}

//! Verdicts for tests.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use crate::check::finding::{ExpectationName, Finding, Outcome, Place};
use crate::check::rule::{CaptureRule, CheckRule, ExpectationRule};
use crate::check::verdict::{Expectation, Verdict};
use crate::types::{Connection, Endpoint, Rule, Severity, Side, Timestamp};

/// When the capture of samples begins.
pub(super) const BEGIN: Timestamp = Timestamp::from_nanoseconds(1_545_807_286_729_250_000);

/// A verdict on `findings`, counted as the checker counts them.
pub(super) fn verdict(findings: Vec<Finding>, expectations: Vec<Expectation>) -> Verdict {
    let mut verdict = Verdict {
        findings,
        expectations,
        connections: 2,
        messages: 1_234,
        files: vec!["captures/traffic.pcapng".into()],
        begin: Some(BEGIN),
        end: Some(BEGIN),
        ..Verdict::default()
    };
    for finding in &verdict.findings {
        verdict.counts.entry(finding.rule.name()).or_default().add(finding.outcome);
        if let Some(name) = &finding.expectation {
            verdict.expectations[name.number].findings.add(finding.outcome);
        }
        if finding.outcome.is_shown() {
            *match finding.severity {
                Severity::Error => &mut verdict.severities.errors,
                Severity::Warning => &mut verdict.severities.warnings,
                Severity::Note => &mut verdict.severities.notes,
            } += 1;
        }
    }
    verdict
}

/// A wrong Accept of connection 3.
pub(super) fn accept_mismatch() -> Finding {
    let rule = CheckRule::Protocol(Rule::AcceptMismatch);
    Finding {
        connection: Some(place("ws://localhost:8888/chat")),
        packet: Some(6),
        time: Some(BEGIN),
        from: Some(Side::Server),
        outcome: Outcome::Fails,
        ..Finding::of_capture(
            rule,
            "The response has Sec-WebSocket-Accept \"a\"; the key demands \"b\".",
        )
    }
}

/// A forbidden message of the same connection, of the second expectation.
pub(super) fn forbidden() -> Finding {
    Finding {
        connection: Some(place("ws://localhost:8888/chat")),
        packet: Some(9),
        time: Some(BEGIN),
        from: Some(Side::Client),
        head: Some("{\"type\":\"error\"}".into()),
        path: Some("/type".into()),
        outcome: Outcome::Fails,
        ..Finding::of_capture(
            CheckRule::Expectation(ExpectationRule::Forbid),
            "A message is here that must not be.",
        )
    }
    .expected(&name(1, "no errors"))
}

/// Of the whole capture, told and allowed.
pub(super) fn of_capture(rule: CaptureRule, outcome: Outcome) -> Finding {
    let finding = Finding::of_capture(CheckRule::Capture(rule), "It is so.");
    Finding { outcome, ..finding }
}

/// The expectations that `forbidden` is one of.
pub(super) fn expectations() -> Vec<Expectation> {
    let of = |name, rule| Expectation { name, rule, findings: Default::default() };
    vec![
        of(name(0, "every client logs in"), ExpectationRule::Expect),
        of(name(1, "no errors"), ExpectationRule::Forbid),
    ]
}

/// Everything that can become of findings.
pub(super) fn mixed() -> Verdict {
    let findings = vec![
        accept_mismatch(),
        of_capture(CaptureRule::MissingHandshake, Outcome::Told),
        of_capture(CaptureRule::OpenConnection, Outcome::Told),
        of_capture(CaptureRule::LostPackets, Outcome::Allowed),
        of_capture(CaptureRule::CutPackets, Outcome::Known),
        forbidden(),
    ];
    Verdict { has_baseline: true, ..verdict(findings, expectations()) }
}

/// A verdict in which `text` stands wherever others decide what stands there.
pub(super) fn hostile(text: &str) -> Verdict {
    let texts = |finding: Finding| Finding {
        detail: text.into(),
        head: Some(text.into()),
        path: Some(text.into()),
        connection: Some(Place { file: Some(text.into()), ..place(text) }),
        ..finding
    };
    let name = ExpectationName { file: text.into(), ..name(0, text) };
    let expectation = Expectation {
        name: name.clone(),
        rule: ExpectationRule::Forbid,
        findings: Default::default(),
    };
    let findings = vec![
        texts(accept_mismatch()),
        texts(of_capture(CaptureRule::MissingHandshake, Outcome::Told)),
        texts(of_capture(CaptureRule::OpenConnection, Outcome::Allowed)),
        texts(Finding { expectation: Some(name), ..forbidden() }),
    ];
    Verdict { files: vec![text.into()], ..verdict(findings, vec![expectation]) }
}

fn name(number: usize, name: &str) -> ExpectationName {
    ExpectationName {
        number,
        name: name.into(),
        file: "wsdump-check.toml".into(),
        line: 7 * (number + 1),
        column: 3,
    }
}

fn place(url: &str) -> Place {
    let endpoint = |port| Endpoint { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port };
    let connection = Connection {
        stream: 3,
        h2_stream: None,
        client: endpoint(51_234),
        server: endpoint(8888),
        inferred: false,
    };
    Place { connection, url: Some(Arc::from(url)), file: None }
}

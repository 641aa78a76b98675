//! A verdict as test cases: one for each rule, and one for each expectation.

use std::collections::HashMap;

use super::harmless::harmless;
use super::reference;
use crate::check::finding::{Finding, Outcome};
use crate::check::findings::Counts;
use crate::check::rule::CheckRule;
use crate::check::verdict::Verdict;
use crate::output::rfc3339;

/// Test cases of one kind.
pub(super) struct Suite<'v> {
    pub(super) name: &'static str,
    pub(super) cases: Vec<Case<'v>>,
}

/// What one rule, or one expectation, came to.
pub(super) struct Case<'v> {
    /// The rule's or the expectation's name.
    pub(super) name: &'v str,
    /// The rule's name, or the expectation's kind.
    pub(super) rule: &'static str,
    pub(super) counts: Counts,
    /// What it fails by, as far as that was kept.
    pub(super) failing: Vec<&'v Finding>,
    /// What is told besides, as far as that was kept.
    pub(super) told: Vec<&'v Finding>,
}

impl Case<'_> {
    pub(super) const fn has_failed(&self) -> bool {
        self.counts.fails > 0
    }

    /// In one line: the first thing found, and how many more there are.
    pub(super) fn message(&self) -> String {
        let Some(first) = self.failing.first() else {
            return format!("{} findings, none of which was kept", self.counts.fails);
        };
        match self.counts.fails {
            ..=1 => line(first),
            more => format!("{} (and {} more)", line(first), more - 1),
        }
    }

    /// How many there are that were not kept.
    pub(super) fn dropped(&self) -> u64 {
        let kept = self.failing.len() + self.told.len();
        self.counts.shown().saturating_sub(u64::try_from(kept).unwrap_or(u64::MAX))
    }
}

/// Rules of the protocol, those of captures, and expectations.
pub(super) fn suites(verdict: &Verdict) -> [Suite<'_>; 3] {
    let mut protocol = Vec::new();
    let mut capture = Vec::new();
    let mut places = HashMap::new();
    for rule in CheckRule::all() {
        let cases = match rule {
            CheckRule::Protocol(_) => &mut protocol,
            CheckRule::Capture(_) => &mut capture,
            CheckRule::Expectation(_) => continue,
        };
        places.insert(rule, cases.len());
        let counts = verdict.counts.get(rule.name()).copied().unwrap_or_default();
        cases.push(Case::new(rule.name(), rule.name(), counts));
    }
    let mut expectations: Vec<Case<'_>> = verdict
        .expectations
        .iter()
        .map(|expectation| {
            let kind = CheckRule::Expectation(expectation.rule).name();
            Case::new(&expectation.name.name, kind, expectation.findings)
        })
        .collect();
    for finding in verdict.shown() {
        let place = places.get(&finding.rule).copied();
        let case = match (finding.rule, place) {
            (CheckRule::Protocol(_), Some(place)) => protocol.get_mut(place),
            (CheckRule::Capture(_), Some(place)) => capture.get_mut(place),
            _ => None,
        };
        let number = finding.expectation.as_ref().map(|expectation| expectation.number);
        let expected = number.and_then(|number| expectations.get_mut(number));
        case.into_iter().chain(expected).for_each(|case| case.add(finding));
    }
    [
        Suite { name: "protocol", cases: protocol },
        Suite { name: "capture", cases: capture },
        Suite { name: "expectations", cases: expectations },
    ]
}

impl<'v> Case<'v> {
    fn new(name: &'v str, rule: &'static str, counts: Counts) -> Self {
        Self { name, rule, counts, failing: Vec::new(), told: Vec::new() }
    }

    fn add(&mut self, finding: &'v Finding) {
        match finding.outcome {
            Outcome::Fails => self.failing.push(finding),
            _ => self.told.push(finding),
        }
    }
}

/// A finding in one line: `#3 ws://h/chat packet 6 server: The response has …`.
pub(super) fn line(finding: &Finding) -> String {
    let mut place = Vec::new();
    if let Some(at) = &finding.connection {
        place.push(format!("#{}", at.connection));
        place.extend(at.url.as_deref().map(harmless));
    }
    place.extend(finding.packet.map(|packet| format!("packet {packet}")));
    place.extend(finding.from.map(|from| from.to_string()));
    let detail = harmless(&finding.detail);
    let path = finding
        .path
        .as_deref()
        .filter(|path| !path.is_empty())
        .map(|path| format!(" at {}", harmless(path)));
    let what = detail + &path.unwrap_or_default();
    if place.is_empty() { what } else { format!("{}: {what}", place.join(" ")) }
}

/// The same, with what the message says, when it came, and where it stands that it
/// must not be.
pub(super) fn lines(finding: &Finding) -> Vec<String> {
    let head = finding.head.as_deref().filter(|head| !head.is_empty()).map(harmless);
    let more = [head, finding.time.map(rfc3339), reference::of(finding)];
    let more = more.into_iter().flatten().map(|text| format!("    {text}"));
    [line(finding)].into_iter().chain(more).collect()
}

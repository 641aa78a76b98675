//! What a check came to.

use std::collections::BTreeMap;

use super::baseline::Baseline;
use super::finding::{ExpectationName, Finding};
use super::findings::{Counts, Severities};
use super::rule::ExpectationRule;
use crate::types::Timestamp;

/// What a check came to: what every report tells.
#[derive(Debug, Default)]
pub struct Verdict {
    /// What was found, in the order in which it was; of each outcome no more than the
    /// limit says.
    pub findings: Vec<Finding>,
    /// How much was found of each rule, by its name; the rest were kept.
    pub counts: BTreeMap<&'static str, Counts>,
    /// How bad what is shown is.
    pub severities: Severities,
    /// It was compared with what was there before.
    pub has_baseline: bool,
    /// How many findings that were there before are gone: what is left of the
    /// baseline, where there is one.
    pub gone: u64,
    /// What was noted, where that was asked for.
    pub noted: Option<Baseline>,
    /// What was expected, in the order of the file.
    pub expectations: Vec<Expectation>,
    /// WebSocket connections.
    pub connections: u64,
    /// Messages.
    pub messages: u64,
    /// The capture files, as they were named.
    pub files: Vec<String>,
    /// The time of the first packet that has one.
    pub begin: Option<Timestamp>,
    /// The time of the last event that has one.
    pub end: Option<Timestamp>,
}

/// One expectation, and whether it was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Its name, and where it stands.
    pub name: ExpectationName,
    /// What kind it is.
    pub rule: ExpectationRule,
    /// How often it was not met.
    pub findings: Counts,
}

impl Expectation {
    /// Whether nothing was found that it does not ask for, allowed or not.
    pub const fn is_met(&self) -> bool {
        self.findings.all() == 0
    }
}

impl Verdict {
    /// Whether the check fails.
    pub fn has_failed(&self) -> bool {
        self.counts.values().any(|counts| counts.fails > 0)
    }

    /// How much was found, by what becomes of it.
    pub fn totals(&self) -> Counts {
        let mut totals = Counts::default();
        for counts in self.counts.values() {
            totals.fails += counts.fails;
            totals.told += counts.told;
            totals.allowed += counts.allowed;
            totals.known += counts.known;
        }
        totals
    }

    /// What is shown to people: what fails, and what is told.
    pub fn shown(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.outcome.is_shown())
    }
}

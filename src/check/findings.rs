//! What was found, and what becomes of it.

use std::collections::BTreeMap;

use super::baseline::Baseline;
use super::finding::{Finding, Outcome};
use super::judge::Seen;
use super::policy::Policy;

/// Findings in the order in which they were found, and how many there are.
#[derive(Debug)]
pub(super) struct Findings {
    policy: Policy,
    kept: Vec<Finding>,
    /// How many of each outcome there is still room for.
    room: [usize; Outcome::COUNT],
    /// How many there are, kept or not.
    counts: BTreeMap<&'static str, Counts>,
    /// The same for each expectation, by its number.
    by_expectation: Vec<u64>,
}

/// A finding in an event, kept until it is certain that it is one.
#[derive(Debug)]
pub(super) struct Held {
    finding: Finding,
    is_allowed: bool,
}

/// How many findings there are of one rule, by what becomes of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The check fails by them.
    pub fails: u64,
    /// They are told.
    pub told: u64,
    /// They were allowed.
    pub allowed: u64,
    /// They were there before.
    pub known: u64,
}

impl Counts {
    /// Counts one.
    pub(super) fn add(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Fails => &mut self.fails,
            Outcome::Told => &mut self.told,
            Outcome::Allowed => &mut self.allowed,
            Outcome::Known => &mut self.known,
        } += 1;
    }
}

impl Findings {
    /// None yet; of each outcome at the most `most` are kept.
    pub(super) fn new(policy: Policy, most: usize) -> Self {
        Self {
            policy,
            kept: Vec::new(),
            room: [most; Outcome::COUNT],
            counts: BTreeMap::new(),
            by_expectation: Vec::new(),
        }
    }

    /// Takes a finding in an event, or with `None` in what is no event.
    pub(super) fn add(&mut self, finding: Finding, seen: Option<&Seen<'_>>) {
        let is_allowed = self.policy.allows(finding.rule, seen);
        self.add_held(Held { finding, is_allowed });
    }

    /// What is needed to take a finding later: whether it is allowed where it is.
    pub(super) fn hold(&self, finding: Finding, seen: &Seen<'_>) -> Held {
        let is_allowed = self.policy.allows(finding.rule, Some(seen));
        Held { finding, is_allowed }
    }

    /// Takes a finding that was held.
    pub(super) fn add_held(&mut self, held: Held) {
        let Held { mut finding, is_allowed } = held;
        self.policy.judge(&mut finding, is_allowed);
        let counts = self.counts.entry(finding.rule.name()).or_default();
        counts.add(finding.outcome);
        if let Some(expectation) = &finding.expectation {
            let number = expectation.number;
            if self.by_expectation.len() <= number {
                self.by_expectation.resize(number + 1, 0);
            }
            if let Some(count) = self.by_expectation.get_mut(number) {
                *count += 1;
            }
        }
        if let Some(room) = self.room.get_mut(finding.outcome as usize)
            && *room > 0
        {
            *room -= 1;
            self.kept.push(finding);
        }
    }

    /// Takes away what was there before, as far as it is not there any more.
    pub(super) fn take_baseline(&mut self) -> Option<Baseline> {
        self.policy.baseline.take()
    }

    /// All that is kept; how many there are of each rule that has some, by name; and
    /// of each expectation, by number.
    pub(super) fn into_parts(self) -> (Vec<Finding>, BTreeMap<&'static str, Counts>, Vec<u64>) {
        (self.kept, self.counts, self.by_expectation)
    }
}

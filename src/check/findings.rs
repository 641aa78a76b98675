//! What was found, and what becomes of it.

use std::collections::{BTreeMap, HashMap};

use super::baseline::Baseline;
use super::connections::Opened;
use super::finding::{Finding, Outcome};
use super::judge::Seen;
use super::policy::Policy;
use super::rule::CheckRule;
use crate::filter::FilterSet;
use crate::types::Severity;

/// Findings in the order in which they were found, and how many there are.
#[derive(Debug)]
pub(super) struct Findings {
    policy: Policy,
    /// Rules that may be broken in a connection whatever is in it, by its number; only
    /// of connections that have some.
    allowed: HashMap<u64, Vec<CheckRule>>,
    kept: Vec<Finding>,
    /// How many of each outcome there is still room for.
    room: [usize; Outcome::COUNT],
    /// How many there are, kept or not.
    counts: BTreeMap<&'static str, Counts>,
    /// The same for each expectation, by its number.
    by_expectation: Vec<Counts>,
    severities: Severities,
}

/// How many findings there are that are shown, by how bad they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Severities {
    /// Errors.
    pub errors: u64,
    /// Warnings.
    pub warnings: u64,
    /// Notes.
    pub notes: u64,
}

impl Severities {
    /// Counts one.
    fn add(&mut self, severity: Severity) {
        *match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
            Severity::Note => &mut self.notes,
        } += 1;
    }
}

/// A finding in an event, kept until it is certain that it is one.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) finding: Finding,
    /// Where it is, that is allowed.
    pub(super) is_allowed: bool,
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

    /// Those that are shown to people: what fails, and what is told.
    pub const fn shown(&self) -> u64 {
        self.fails + self.told
    }

    /// All of them.
    pub const fn all(&self) -> u64 {
        self.shown() + self.allowed + self.known
    }
}

/// What [`Findings`] come to.
pub(super) struct Found {
    /// All that is kept.
    pub(super) kept: Vec<Finding>,
    /// How many there are of each rule that has some, by name.
    pub(super) counts: BTreeMap<&'static str, Counts>,
    /// How many there are of each expectation, by number.
    pub(super) by_expectation: Vec<Counts>,
    /// How bad those are that are shown.
    pub(super) severities: Severities,
}

impl Findings {
    /// None yet; of each outcome at the most `most` are kept.
    pub(super) fn new(policy: Policy, most: usize) -> Self {
        Self {
            policy,
            allowed: HashMap::new(),
            kept: Vec::new(),
            room: [most; Outcome::COUNT],
            counts: BTreeMap::new(),
            by_expectation: Vec::new(),
            severities: Severities::default(),
        }
    }

    /// A connection begins.
    pub(super) fn opened(&mut self, connection: &Opened, filters: &FilterSet) {
        let allowed = self.policy.allowed_throughout(connection, filters);
        if !allowed.is_empty() {
            self.allowed.insert(connection.id, allowed);
        }
    }

    /// Nothing more comes of a connection.
    pub(super) fn ended(&mut self, connection: &Opened) {
        self.allowed.remove(&connection.id);
    }

    /// Takes a finding in an event, or with `None` in what is no event.
    pub(super) fn add(&mut self, finding: Finding, seen: Option<&Seen<'_>>) {
        let is_allowed = self.policy.allows(finding.rule, seen);
        self.add_held(Held { finding, is_allowed });
    }

    /// Takes a finding in a connection as a whole.
    pub(super) fn add_of_connection(&mut self, finding: Finding, connection: &Opened) {
        let is_allowed = self.policy.allows(finding.rule, None)
            || self.allowed.get(&connection.id).is_some_and(|all| all.contains(&finding.rule));
        self.add_held(Held { finding, is_allowed });
    }

    /// What is needed to take a finding later: whether it is allowed where it is.
    pub(super) fn hold(&self, finding: Finding, seen: &Seen<'_>) -> Held {
        let is_allowed = self.policy.allows(finding.rule, Some(seen));
        Held { finding, is_allowed }
    }

    /// Whether a rule may be broken in an event.
    pub(super) fn allows(&self, rule: CheckRule, seen: &Seen<'_>) -> bool {
        self.policy.allows(rule, Some(seen))
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
                self.by_expectation.resize(number + 1, Counts::default());
            }
            if let Some(counts) = self.by_expectation.get_mut(number) {
                counts.add(finding.outcome);
            }
        }
        if finding.outcome.is_shown() {
            self.severities.add(finding.severity);
        }
        if let Some(room) = self.room.get_mut(finding.outcome as usize)
            && *room > 0
        {
            *room -= 1;
            self.kept.push(finding);
        }
    }

    /// What they come to.
    pub(super) fn into_found(self) -> Found {
        let Self { kept, counts, by_expectation, severities, .. } = self;
        Found { kept, counts, by_expectation, severities }
    }

    /// Takes away what was there before, as far as it is not there any more.
    pub(super) fn take_baseline(&mut self) -> Option<Baseline> {
        self.policy.baseline.take()
    }
}

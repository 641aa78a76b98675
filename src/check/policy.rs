//! What becomes of findings: `--fail-on`, `--allow`, `--deny`.

use std::collections::HashMap;

use super::baseline::Baseline;
use super::connections::Opened;
use super::finding::{Finding, Outcome};
use super::judge::Seen;
use super::rule::{CaptureRule, CheckRule};
use crate::filter::{FilterId, FilterSet};
use crate::types::Severity;

/// Decides what becomes of a finding.
#[derive(Debug)]
pub struct Policy {
    /// The least severity by which a check fails.
    pub fail_on: Severity,
    /// Rules by which it does not fail: everywhere, or where one of these filters of
    /// the check's set selects the event.
    pub allowed: HashMap<CheckRule, Allowed>,
    /// Rules by which it fails, however severe they are.
    pub denied: Vec<CheckRule>,
    /// What was there before.
    pub baseline: Option<Baseline>,
}

/// Where a rule is allowed to be broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Everywhere.
    Everywhere,
    /// Where one of these filters selects the event.
    Where(Vec<FilterId>),
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            fail_on: Severity::Error,
            allowed: HashMap::new(),
            denied: Vec::new(),
            baseline: None,
        }
    }
}

impl Policy {
    /// Allows a rule to be broken, beside where it is allowed already.
    pub fn allow(&mut self, rule: CheckRule, allowed: Allowed) {
        let known = self.allowed.entry(rule).or_insert_with(|| Allowed::Where(Vec::new()));
        match (&mut *known, allowed) {
            (Allowed::Where(all), Allowed::Where(more)) => all.extend(more),
            (_, Allowed::Everywhere) => *known = Allowed::Everywhere,
            (Allowed::Everywhere, Allowed::Where(_)) => {}
        }
    }

    /// A rule that is denied, and allowed everywhere.
    pub fn contradiction(&self) -> Option<CheckRule> {
        let is_allowed = |rule: &CheckRule| self.allowed.get(rule) == Some(&Allowed::Everywhere);
        self.denied.iter().copied().find(is_allowed)
    }

    /// Decides about a finding, of which is known whether it is allowed. That there is
    /// no connection, or that the file is broken, is new each time: a baseline is no way
    /// for such a recording to pass for good.
    pub(super) fn judge(&mut self, finding: &mut Finding, is_allowed: bool) {
        if self.denied.contains(&finding.rule) {
            finding.severity = Severity::Error;
        }
        finding.outcome = if is_allowed {
            Outcome::Allowed
        } else if !is_new_each_time(finding.rule)
            && self.baseline.as_mut().is_some_and(|baseline| baseline.takes(finding))
        {
            Outcome::Known
        } else if finding.severity >= self.fail_on || self.denied.contains(&finding.rule) {
            Outcome::Fails
        } else {
            Outcome::Told
        };
    }

    /// Whether a rule may be broken in an event, or with `None` in what is no event.
    pub(super) fn allows(&self, rule: CheckRule, seen: Option<&Seen<'_>>) -> bool {
        match (self.allowed.get(&rule), seen) {
            (None, _) => false,
            (Some(Allowed::Everywhere), _) => true,
            (Some(Allowed::Where(filters)), Some(seen)) => {
                filters.iter().any(|filter| seen.look.selects(*filter))
            }
            (Some(Allowed::Where(_)), None) => false,
        }
    }

    /// The rules that may be broken in a connection whatever is in it: a filter selects
    /// all of it, going by its addresses and its handshake.
    pub(super) fn allowed_throughout(
        &self,
        connection: &Opened,
        filters: &FilterSet,
    ) -> Vec<CheckRule> {
        let Opened { connection, marks, .. } = connection;
        let selects = |filter: &FilterId| filters.selects_all_of(*filter, connection, marks);
        let allowed = self.allowed.iter().filter(|(_, allowed)| match allowed {
            Allowed::Everywhere => false,
            Allowed::Where(some) => some.iter().any(selects),
        });
        allowed.map(|(rule, _)| *rule).collect()
    }
}

fn is_new_each_time(rule: CheckRule) -> bool {
    matches!(rule, CheckRule::Capture(CaptureRule::NoConnection | CaptureRule::BrokenFile))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::FilterSet;

    const LOST: CheckRule = CheckRule::Capture(CaptureRule::LostPackets);
    const OPEN: CheckRule = CheckRule::Capture(CaptureRule::OpenConnection);

    fn judged(policy: &mut Policy, rule: CheckRule) -> (Severity, Outcome) {
        let mut finding = Finding::of_capture(rule, "It was found.");
        let is_allowed = policy.allows(rule, None);
        policy.judge(&mut finding, is_allowed);
        (finding.severity, finding.outcome)
    }

    #[test]
    fn a_finding_fails_by_its_severity() {
        let mut policy = Policy::default();
        assert_eq!(judged(&mut policy, LOST), (Severity::Error, Outcome::Fails));
        assert_eq!(judged(&mut policy, OPEN), (Severity::Note, Outcome::Told));
        policy.fail_on = Severity::Note;
        assert_eq!(judged(&mut policy, OPEN), (Severity::Note, Outcome::Fails));
    }

    #[test]
    fn what_is_denied_fails_as_an_error() {
        let mut policy = Policy { denied: vec![OPEN], ..Policy::default() };
        assert_eq!(judged(&mut policy, OPEN), (Severity::Error, Outcome::Fails));
    }

    #[test]
    fn what_is_allowed_is_not_asked_of_a_baseline() {
        let mut policy = Policy { baseline: Some(Baseline::noting()), ..Policy::default() };
        policy.allow(LOST, Allowed::Everywhere);
        assert_eq!(judged(&mut policy, LOST).1, Outcome::Allowed);
        assert_eq!(judged(&mut policy, OPEN).1, Outcome::Known);
        assert_eq!(policy.baseline.map(|baseline| baseline.count()), Some(1));
    }

    #[test]
    fn everywhere_is_more_than_somewhere() {
        let mut filters = FilterSet::default();
        let mut place = |filter| Allowed::Where(vec![filters.filter(filter).unwrap()]);
        let (first, second) = (place("tcp.stream == 0"), place("tcp.stream == 1"));
        let mut policy = Policy { denied: vec![LOST], ..Policy::default() };
        policy.allow(LOST, first.clone());
        policy.allow(LOST, second);
        assert!(matches!(policy.allowed.get(&LOST), Some(Allowed::Where(all)) if all.len() == 2));
        assert_eq!(policy.contradiction(), None);
        // What is no event is nowhere.
        assert_eq!(judged(&mut policy, LOST).1, Outcome::Fails);
        policy.allow(LOST, Allowed::Everywhere);
        policy.allow(LOST, first);
        assert_eq!(policy.allowed.get(&LOST), Some(&Allowed::Everywhere));
        assert_eq!(policy.contradiction(), Some(LOST));
    }
}

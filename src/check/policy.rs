//! What becomes of findings: `--fail-on`, `--allow`, `--deny`.

use std::collections::HashMap;

use super::baseline::Baseline;
use super::finding::{Finding, Outcome};
use super::judge::Seen;
use super::rule::CheckRule;
use crate::filter::FilterId;
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

    /// Decides about a finding, of which is known whether it is allowed.
    pub(super) fn judge(&mut self, finding: &mut Finding, is_allowed: bool) {
        if self.denied.contains(&finding.rule) {
            finding.severity = Severity::Error;
        }
        finding.outcome = if is_allowed {
            Outcome::Allowed
        } else if self.baseline.as_mut().is_some_and(|baseline| baseline.takes(finding)) {
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
}

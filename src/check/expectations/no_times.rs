//! Captures without times, where something has to be in time.

use std::time::Duration;

use crate::check::finding::{ExpectationName, Finding};
use crate::check::findings::Findings;
use crate::check::judge::Seen;
use crate::check::rule::{CheckRule, ExpectationRule};
use crate::types::Timestamp;

/// Tells once for an expectation that it cannot be judged without times: what cannot
/// be judged is not good.
#[derive(Debug, Default)]
pub(super) struct NoTimes {
    is_told: bool,
}

impl NoTimes {
    /// Tells so at this event, if it was not told before.
    pub(super) fn tell(
        &mut self,
        rule: ExpectationRule,
        name: &ExpectationName,
        seen: &Seen<'_>,
        findings: &mut Findings,
    ) {
        if std::mem::replace(&mut self.is_told, true) {
            return;
        }
        let detail = "the capture has no time here, so that nobody knows how long it took";
        let finding = Finding::of_event(CheckRule::Expectation(rule), seen, detail);
        findings.add(finding.expected(name), Some(seen));
    }
}

/// The time between two events: zero where the clock was set back between them,
/// `None` where the capture has not both times.
pub(super) fn between(earlier: Option<Timestamp>, later: Option<Timestamp>) -> Option<Duration> {
    Some(later?.since(earlier?))
}

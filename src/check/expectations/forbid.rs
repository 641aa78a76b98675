//! `[[forbid]]`: what must not come.

use std::sync::Arc;

use crate::check::finding::{ExpectationName, Finding};
use crate::check::findings::Findings;
use crate::check::judge::{Judge, Seen};
use crate::check::rule::{CheckRule, ExpectationRule};
use crate::filter::FilterId;

/// Finds every event that a filter selects.
#[derive(Debug)]
pub(super) struct ForbidJudge {
    name: ExpectationName,
    forbidden: FilterId,
    /// The filter as the file has it.
    text: Arc<str>,
}

impl ForbidJudge {
    /// A judge of what `forbidden`, written as `text`, selects.
    pub(super) fn new(name: ExpectationName, forbidden: FilterId, text: &str) -> Self {
        Self { name, forbidden, text: text.trim().into() }
    }
}

impl Judge for ForbidJudge {
    fn event(&mut self, seen: &Seen<'_>, findings: &mut Findings) {
        if !seen.look.selects(self.forbidden) {
            return;
        }
        let rule = CheckRule::Expectation(ExpectationRule::Forbid);
        let finding = Finding::of_event(rule, seen, format!("forbidden: {}", self.text));
        findings.add(finding.expected(&self.name), Some(seen));
    }
}

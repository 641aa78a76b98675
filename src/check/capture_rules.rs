//! What is told by the events themselves: violations, and what is missing.

use super::finding::Finding;
use super::findings::Findings;
use super::judge::{Judge, Seen};
use super::rule::{CaptureRule, CheckRule};
use crate::types::{EndState, Kind};

/// Judges what the events themselves say.
#[derive(Debug, Default)]
pub(super) struct CaptureJudge {}

impl Judge for CaptureJudge {
    fn event(&mut self, seen: &Seen<'_>, findings: &mut Findings) {
        let mut found = |rule, detail: String| {
            findings.add(Finding::of_event(rule, seen, detail), Some(seen));
        };
        match &seen.event.kind {
            Kind::Violation(violation) => {
                found(CheckRule::Protocol(violation.rule), violation.detail.to_owned());
            }
            Kind::End(end) if end.state == EndState::Open => {
                found(
                    CheckRule::Capture(CaptureRule::OpenConnection),
                    "the capture ended before the connection did".to_owned(),
                );
            }
            _ => {}
        }
    }
}

//! Takes events, and gives a verdict.

use std::sync::Arc;

use super::capture_rules::CaptureJudge;
use super::connections::{Connections, Entry, Opened};
use super::expectations::Expectations;
use super::finding::Finding;
use super::findings::Findings;
use super::judge::{Judge, Seen};
use super::policy::Policy;
use super::rule::{CaptureRule, CheckRule};
use super::verdict::Verdict;
use crate::filter::{FilterSet, Scratch};
use crate::output::{Spool, View};
use crate::types::{Event, Kind, Timestamp};

/// What a capture is judged by.
#[derive(Default)]
pub struct CheckOptions {
    /// The filters of `policy` and `expectations`.
    pub filters: FilterSet,
    /// What becomes of findings.
    pub policy: Policy,
    /// What is expected.
    pub expectations: Expectations,
    /// A capture without connections is as good as any.
    pub allow_empty: bool,
    /// Findings of each outcome that are kept; others are only counted.
    pub findings: usize,
}

/// Judges the events of a capture. It shows nothing itself: [`Checker::verdict`] has
/// what was found.
pub struct Checker {
    filters: FilterSet,
    judges: Vec<Box<dyn Judge>>,
    expectations: Vec<super::verdict::Expectation>,
    findings: Findings,
    connections: Connections,
    scratch: Scratch,
    allow_empty: bool,
    count: u64,
    messages: u64,
    begin: Option<Timestamp>,
    end: Option<Timestamp>,
}

impl Checker {
    /// A judge of one capture.
    pub fn new(options: CheckOptions) -> Self {
        let CheckOptions { filters, policy, expectations, allow_empty, findings } = options;
        let Expectations { judges: expected, list } = expectations;
        let mut judges: Vec<Box<dyn Judge>> = vec![Box::new(CaptureJudge::default())];
        judges.extend(expected);
        Self {
            filters,
            judges,
            expectations: list,
            findings: Findings::new(policy, findings),
            connections: Connections::default(),
            scratch: Scratch::default(),
            allow_empty,
            count: 0,
            messages: 0,
            begin: None,
            end: None,
        }
    }

    /// What the capture came to, after its last event. `flaws` are what the events do
    /// not show: what is wrong with the capture as a whole, in a sentence each.
    pub fn verdict(mut self, files: Vec<String>, flaws: Vec<(CaptureRule, String)>) -> Verdict {
        for connection in self.connections.rest() {
            end(&mut self.judges, &connection, &mut self.findings);
        }
        for judge in &mut self.judges {
            judge.finish(self.end, &mut self.findings);
        }
        let mut flaw = |rule, detail| {
            self.findings.add(Finding::of_capture(CheckRule::Capture(rule), detail), None);
        };
        if self.count == 0 && !self.allow_empty {
            flaw(CaptureRule::NoConnection, "the capture shows no WebSocket connection".to_owned());
        }
        flaws.into_iter().for_each(|(rule, detail)| flaw(rule, detail));
        let (findings, counts, by_expectation) = self.findings.into_parts();
        let mut expectations = self.expectations;
        for (expectation, found) in expectations.iter_mut().zip(by_expectation) {
            expectation.findings = found;
        }
        Verdict {
            findings,
            counts,
            expectations,
            connections: self.count,
            messages: self.messages,
            files,
            begin: self.begin,
            end: self.end,
        }
    }
}

impl View for Checker {
    fn begin(&mut self, time: Timestamp) {
        self.begin = Some(time);
    }

    fn event(&mut self, event: &Event<'_>, _out: &mut Spool) {
        let Self { filters, judges, findings, connections, scratch, .. } = self;
        let Entry { connection, is_new, before } = connections.entry(event, filters);
        if let Some(before) = before {
            end(judges, &before, findings);
        }
        let look = filters.look(event, &connection.marks, scratch);
        let seen = Seen { event, look, connection: &connection };
        let is_opened = is_new && !connection.is_refused;
        if is_opened {
            judges.iter_mut().for_each(|judge| judge.opened(&connection, look));
        }
        judges.iter_mut().for_each(|judge| judge.event(&seen, findings));
        self.count += u64::from(is_opened);
        self.end = self.end.max(event.origin.time);
        match event.kind {
            Kind::Message(_) => self.messages += 1,
            Kind::End(_) => {
                self.connections.end(event);
                end(&mut self.judges, &connection, &mut self.findings);
            }
            _ => {}
        }
    }
}

fn end(judges: &mut [Box<dyn Judge>], connection: &Arc<Opened>, findings: &mut Findings) {
    judges.iter_mut().for_each(|judge| judge.ended(connection, findings));
}

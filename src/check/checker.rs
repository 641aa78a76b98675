//! Takes events, and gives a verdict.

use std::collections::HashSet;
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
use crate::filter::{FilterId, FilterSet, Scratch};
use crate::output::{Spool, View};
use crate::types::{Event, Kind, NotInflated, Rule, Timestamp, Violation};

/// What a capture is judged by.
#[derive(Default)]
pub struct CheckOptions {
    /// The filters of `policy` and `expectations`.
    pub filters: FilterSet,
    /// Judge only what this one selects. Of other events the handshakes and ends have
    /// to be shown all the same: filters ask for what the handshake says.
    pub selected: Option<FilterId>,
    /// What becomes of findings.
    pub policy: Policy,
    /// What is expected.
    pub expectations: Expectations,
    /// A capture without connections is as good as any.
    pub allow_empty: bool,
    /// Findings of each outcome that are kept; others are only counted.
    pub findings: usize,
}

/// What events told of that the analyzer counts too, so that it is not found twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Gaps.
    pub gaps: u64,
    /// Bytes that are missing there.
    pub missing_bytes: u64,
    /// Bytes of no known frame, after gaps.
    pub undecoded_bytes: u64,
    /// Frames whose length cannot be.
    pub impossible_frames: u64,
    /// Messages that are longer than is kept.
    pub truncated: u64,
    /// Messages that grow beyond the limit when they are inflated.
    pub inflated_too_large: u64,
    /// Messages that have more values than a filter compares with one another.
    pub half_compared: u64,
}

/// Judges the events of a capture. It shows nothing itself: [`Checker::verdict`] has
/// what was found.
pub struct Checker {
    filters: FilterSet,
    selected: Option<FilterId>,
    judges: Vec<Box<dyn Judge>>,
    expectations: Vec<super::verdict::Expectation>,
    findings: Findings,
    connections: Connections,
    scratch: Scratch,
    allow_empty: bool,
    /// Connections of which it is not known whether the server consented.
    unproven: HashSet<u64>,
    told: Told,
    count: u64,
    messages: u64,
    begin: Option<Timestamp>,
    end: Option<Timestamp>,
}

impl Checker {
    /// A judge of one capture.
    pub fn new(options: CheckOptions) -> Self {
        let CheckOptions { filters, selected, policy, expectations, allow_empty, findings } =
            options;
        let (expected, list) = expectations.into_parts();
        let mut judges: Vec<Box<dyn Judge>> = vec![Box::new(CaptureJudge::default())];
        judges.extend(expected);
        Self {
            filters,
            selected,
            judges,
            expectations: list,
            findings: Findings::new(policy, findings),
            connections: Connections::default(),
            scratch: Scratch::default(),
            allow_empty,
            unproven: HashSet::new(),
            told: Told::default(),
            count: 0,
            messages: 0,
            begin: None,
            end: None,
        }
    }

    /// What events told so far that is counted elsewhere, too.
    pub fn told(&self) -> Told {
        self.told
    }

    /// What the capture came to, after its last event. `flaws` are what the events do
    /// not show: what is wrong with the capture as a whole, in a sentence each. That of
    /// [`CaptureRule::NoConnection`] says why there is no connection, if there is none.
    pub fn verdict(mut self, files: Vec<String>, flaws: Vec<(CaptureRule, String)>) -> Verdict {
        for connection in self.connections.rest() {
            end(&mut self.judges, &connection, &mut self.findings);
        }
        for judge in &mut self.judges {
            judge.finish(self.end, &mut self.findings);
        }
        let is_empty = self.count == 0 && !self.allow_empty;
        let (why, flaws): (Vec<_>, Vec<_>) =
            flaws.into_iter().partition(|(rule, _)| *rule == CaptureRule::NoConnection);
        let mut flaw = |rule, detail| {
            self.findings.add(Finding::of_capture(CheckRule::Capture(rule), detail), None);
        };
        if is_empty {
            let why = why.into_iter().map(|(_, detail)| detail).next();
            let detail = why.unwrap_or_else(|| NO_CONNECTION.to_owned());
            flaw(CaptureRule::NoConnection, detail);
        }
        flaws.into_iter().for_each(|(rule, detail)| flaw(rule, detail));
        let (noted, before) = match self.findings.take_baseline() {
            Some(baseline) if baseline.is_noting() => (Some(baseline), None),
            before => (None, before),
        };
        let found = self.findings.into_found();
        let mut expectations = self.expectations;
        for (expectation, counts) in expectations.iter_mut().zip(found.by_expectation) {
            expectation.findings = counts;
        }
        Verdict {
            findings: found.kept,
            counts: found.counts,
            severities: found.severities,
            has_baseline: before.is_some(),
            gone: before.map_or(0, |before| before.count()),
            noted,
            expectations,
            connections: self.count,
            messages: self.messages,
            files,
            begin: self.begin,
            end: self.end,
        }
    }
}

/// What is said where nothing says why.
const NO_CONNECTION: &str = "The capture shows no WebSocket connection.";

impl View for Checker {
    fn begin(&mut self, time: Timestamp) {
        self.begin = Some(time);
    }

    fn event(&mut self, event: &Event<'_>, _out: &mut Spool) {
        let Self { filters, judges, findings, connections, scratch, .. } = self;
        let Entry { connection, before, .. } = connections.entry(event, filters);
        if let Some(before) = before {
            self.unproven.remove(&before.id);
            end(judges, &before, findings);
        }
        let look = filters.look(event, &connection.marks, scratch);
        if self.selected.is_none_or(|selected| look.selects(selected)) {
            if connections.is_first_selected(&connection) {
                findings.opened(&connection, filters);
                judges.iter_mut().for_each(|judge| judge.opened(&connection, look));
                if connection.is_proven {
                    self.count += 1;
                } else {
                    self.unproven.insert(connection.id);
                }
            }
            let seen = Seen { event, look, connection: &connection };
            judges.iter_mut().for_each(|judge| judge.event(&seen, findings));
            if scratch.is_beyond() {
                self.told.half_compared += 1;
                let rule = CheckRule::Capture(CaptureRule::LimitReached);
                findings.add(Finding::of_event(rule, &seen, HALF_COMPARED), Some(&seen));
            }
            self.note(event, &connection);
        }
        if matches!(event.kind, Kind::End(_)) {
            self.unproven.remove(&connection.id);
            self.connections.end(event);
            end(&mut self.judges, &connection, &mut self.findings);
        }
    }
}

/// What is said of a message of which filters could not look at all.
const HALF_COMPARED: &str =
    "The message has more values than filters compare with one another: the first ones counted.";

impl Checker {
    /// Counts an event that is judged.
    fn note(&mut self, event: &Event<'_>, connection: &Opened) {
        self.end = self.end.max(event.origin.time);
        match event.kind {
            Kind::Message(message) => {
                let is_too_large = message.not_inflated == Some(NotInflated::Limit);
                self.told.inflated_too_large += u64::from(is_too_large);
                self.told.truncated += u64::from(message.truncated);
                self.messages += 1;
                self.count += u64::from(self.unproven.remove(&connection.id));
            }
            Kind::Violation(Violation { rule: Rule::FrameLengthOverflow, .. }) => {
                self.told.impossible_frames += 1;
            }
            Kind::Gap(gap) => {
                self.told.gaps += 1;
                self.told.missing_bytes += gap.bytes.unwrap_or(0);
                self.told.undecoded_bytes += gap.undecoded;
            }
            _ => {}
        }
    }
}

fn end(judges: &mut [Box<dyn Judge>], connection: &Arc<Opened>, findings: &mut Findings) {
    judges.iter_mut().for_each(|judge| judge.ended(connection, findings));
    findings.ended(connection);
}

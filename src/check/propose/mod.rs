//! Proposes an expectations file: `wsdump check --init`.
//!
//! ```text
//!                ┌─ Group of a path ─┬─ MessageType  how many, on how many connections
//! Event ─► Ledger┤                   ├─ Order        which came first everywhere
//!                │                   └─ Exchanges    which answered which, by which key
//!                └─ Traffic          sizes, rates, latencies, close codes
//! ```
//!
//! Everything is counted as it comes, and written at the end. What is proposed holds
//! for the capture that it comes from: each number is counted just as the filter that
//! stands beside it selects. What is kept is bounded: so many groups, types, keys and
//! requests; of the others nothing is proposed.

mod document;
mod exchanges;
mod group;
mod ledger;
mod members;
mod message_type;
mod order;
mod place;
mod quoted;
mod rate;
mod round;
#[cfg(test)]
mod tests;
mod traffic;

use super::checker::{CheckOptions, Checker, Told};
use super::connections::{Connections, Entry};
use super::rule::CaptureRule;
use super::verdict::Verdict;
use crate::filter::{FilterSet, Scratch, ValueId};
use crate::output::{Spool, View};
use crate::types::{Event, Kind, Timestamp};

use exchanges::PATHS;
use ledger::Ledger;

/// Watches a capture that is good, and writes at its end what may be expected of
/// others of the same traffic: a file of [`Expectations`](super::Expectations), with
/// comments. Nothing is written of a capture without connections.
pub struct Proposer {
    files: Vec<String>,
    checker: Checker,
    filters: FilterSet,
    /// Of [`PATHS`], with their numbers there.
    values: Vec<(usize, ValueId)>,
    scratch: Scratch,
    connections: Connections,
    ledger: Ledger,
}

impl Proposer {
    /// For a capture of these files. At the most `findings` of what is wrong with it
    /// are kept.
    pub fn new(files: Vec<String>, findings: usize) -> Self {
        let mut filters = FilterSet::default();
        let values = PATHS.iter().enumerate();
        let values =
            values.filter_map(|(path, text)| Some((path, filters.value(text).ok()?))).collect();
        Self {
            files,
            checker: Checker::new(CheckOptions { findings, ..CheckOptions::default() }),
            filters,
            values,
            scratch: Scratch::default(),
            connections: Connections::default(),
            ledger: Ledger::default(),
        }
    }

    /// What the events told of it, as [`Checker::told`].
    pub fn told(&self) -> Told {
        self.checker.told()
    }

    /// How good the capture is, after its last event, by the rules alone; `flaws` as
    /// [`Checker::verdict`] has them.
    pub fn verdict(self, flaws: Vec<(CaptureRule, String)>) -> Verdict {
        self.checker.verdict(self.files, flaws)
    }
}

impl View for Proposer {
    fn begin(&mut self, time: Timestamp) {
        self.checker.begin(time);
    }

    fn event(&mut self, event: &Event<'_>, out: &mut Spool) {
        self.checker.event(event, out);
        let Entry { connection, is_new, before } = self.connections.entry(event, &self.filters);
        if let Some(before) = before {
            self.ledger.ended(before.id);
        }
        if connection.is_refused {
            return;
        }
        if is_new {
            self.ledger.opened(connection.id, event);
        }
        match &event.kind {
            Kind::Message(message) => {
                let look = self.filters.look(event, &connection.marks, &self.scratch);
                let values = self.values.iter();
                let values = values.filter_map(|(path, id)| Some((*path, look.key(*id)?)));
                self.ledger.message(connection.id, event, message, &mut { values });
            }
            Kind::End(end) => {
                self.connections.end(event);
                self.ledger.traffic.end(end);
                self.ledger.ended(connection.id);
            }
            _ => {}
        }
    }

    fn finish(&mut self, out: &mut Spool) {
        for connection in self.connections.rest() {
            self.ledger.ended(connection.id);
        }
        out.put(document::document(&self.ledger, &self.files).as_bytes());
    }
}

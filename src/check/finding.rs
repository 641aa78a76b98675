//! What was found, kept after the event that showed it is gone.

use std::sync::Arc;

use super::connections::Opened;
use super::judge::Seen;
use super::rule::CheckRule;
use crate::output::gist;
use crate::types::{Connection, Kind, Severity, Side, Timestamp};

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: CheckRule,
    /// How bad it is: the rule's own severity, or `Error` where it was denied.
    pub severity: Severity,
    /// The expectation, when it is one that was not met.
    pub expectation: Option<ExpectationName>,
    /// The connection; `None` of what concerns the whole capture.
    pub connection: Option<Place>,
    /// Number of the packet; `None` of what concerns no single one.
    pub packet: Option<u64>,
    /// That packet's time.
    pub time: Option<Timestamp>,
    /// The side at fault, or that sent it.
    pub from: Option<Side>,
    /// One sentence with the values seen. As it was sent, hazardous characters
    /// included.
    pub detail: String,
    /// The head of the message, on one line, without hazardous characters.
    pub head: Option<String>,
    /// A JSON Pointer to what is wrong in the message (RFC 6901).
    pub path: Option<String>,
    /// What becomes of it.
    pub outcome: Outcome,
}

/// What becomes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The check fails.
    Fails,
    /// It is told, and the check does not fail by it.
    Told,
    /// It was allowed: `--allow`.
    Allowed,
    /// It was there before: `--baseline`.
    Known,
}

impl Outcome {
    /// How many there are.
    pub(super) const COUNT: usize = 4;

    /// Whether it is shown to people.
    pub const fn is_shown(self) -> bool {
        matches!(self, Self::Fails | Self::Told)
    }

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fails => "fails",
            Self::Told => "told",
            Self::Allowed => "allowed",
            Self::Known => "known",
        }
    }
}

/// The name of an expectation, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectationName {
    /// Its number among all of the run, from 0.
    pub number: usize,
    /// As the file calls it; where it has no name of its own, its kind and its
    /// number: `forbid 2`. What an earlier file has already is followed by the file's
    /// name.
    pub name: Arc<str>,
    /// The expectations file.
    pub file: Arc<str>,
    /// Its line there, from 1.
    pub line: usize,
    /// Its column there, in characters, from 1.
    pub column: usize,
}

/// Where something was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The connection.
    pub connection: Connection,
    /// What the client asked for; `None` when the capture does not have it.
    pub url: Option<Arc<str>>,
    /// The capture file, where there are several.
    pub file: Option<String>,
}

impl Finding {
    /// Something found in the whole capture.
    pub(super) fn of_capture(rule: CheckRule, detail: impl Into<String>) -> Self {
        Self {
            rule,
            severity: rule.severity(),
            expectation: None,
            connection: None,
            packet: None,
            time: None,
            from: None,
            detail: detail.into(),
            head: None,
            path: None,
            outcome: Outcome::Told,
        }
    }

    /// Something found in an event.
    pub(super) fn of_event(rule: CheckRule, seen: &Seen<'_>, detail: impl Into<String>) -> Self {
        let event = seen.event;
        Self {
            connection: Some(Place {
                file: event.source.file.clone(),
                ..Place::of(seen.connection)
            }),
            ..Self::of_capture(rule, detail)
        }
        .at(&Mark::of(seen))
    }

    /// Something found in a connection as a whole.
    pub(super) fn of_connection(
        rule: CheckRule,
        connection: &Opened,
        detail: impl Into<String>,
    ) -> Self {
        Self { connection: Some(Place::of(connection)), ..Self::of_capture(rule, detail) }
    }

    /// The same, as an expectation that was not met.
    #[must_use]
    pub(super) fn expected(self, expectation: &ExpectationName) -> Self {
        Self { expectation: Some(expectation.clone()), ..self }
    }

    /// The same, said of an earlier message of that connection: its packet, time,
    /// sender and head.
    #[must_use]
    pub(super) fn at(self, mark: &Mark) -> Self {
        Self {
            packet: Some(mark.packet),
            time: mark.time,
            from: mark.from,
            head: mark.head.clone(),
            ..self
        }
    }
}

/// What is kept of an event, to be told later.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) packet: u64,
    pub(super) time: Option<Timestamp>,
    pub(super) from: Option<Side>,
    pub(super) head: Option<String>,
}

impl Mark {
    /// Of the event at hand.
    pub(super) fn of(seen: &Seen<'_>) -> Self {
        let event = seen.event;
        let (from, head) = match &event.kind {
            Kind::Message(message) => (Some(message.from), Some(gist(message))),
            Kind::Violation(violation) => (violation.from, None),
            Kind::Gap(gap) => (Some(gap.from), None),
            Kind::Frame(frame) => (Some(frame.from), None),
            Kind::Handshake(_) | Kind::End(_) => (None, None),
        };
        Self { packet: event.origin.packet, time: event.origin.time, from, head }
    }
}

impl Place {
    fn of(connection: &Opened) -> Self {
        Self { connection: connection.connection.clone(), url: connection.url.clone(), file: None }
    }
}

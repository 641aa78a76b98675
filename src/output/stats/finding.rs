//! What is wrong, or missing.

use crate::types::{Connection, Event, NotInflated, Rule, Severity};

/// What can be found to be wrong, or missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// A rule was broken.
    Violation(Rule),
    /// The server did not consent to a handshake.
    Refused,
    /// The protocol inside could not be read.
    Malformed,
    /// Bytes are missing from the capture.
    Gap,
    /// A part of a message is missing from the capture, or was never sent.
    Incomplete,
    /// A message was longer than is kept.
    Truncated,
    /// A message was not inflated to its end.
    NotInflated(NotInflated),
}

impl Finding {
    /// Its name in JSON.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Violation(_) => "violation",
            Self::Refused => "refused-handshake",
            Self::Malformed => "malformed-app",
            Self::Gap => "gap",
            Self::Incomplete => "incomplete-message",
            Self::Truncated => "truncated-message",
            Self::NotInflated(_) => "not-inflated",
        }
    }

    /// What it is, for people.
    pub(super) fn text(self) -> String {
        match self {
            Self::Violation(rule) => rule.name().to_owned(),
            Self::Refused => "refused handshake".to_owned(),
            Self::Malformed => "malformed packet of the protocol inside".to_owned(),
            Self::Gap => "gap".to_owned(),
            Self::Incomplete => "incomplete message".to_owned(),
            Self::Truncated => "message longer than is kept".to_owned(),
            Self::NotInflated(reason) => format!("message not inflated: {reason}"),
        }
    }

    /// How bad it is, where that is a rule's matter.
    pub(super) const fn severity(self) -> Option<Severity> {
        match self {
            Self::Violation(rule) => Some(rule.severity()),
            _ => None,
        }
    }

    /// Where the rule stands.
    pub(super) const fn reference(self) -> Option<&'static str> {
        match self {
            Self::Violation(rule) => Some(rule.reference()),
            _ => None,
        }
    }

    /// Errors come first, then warnings, notes, and what is missing; each by
    /// name.
    pub(super) const fn rank(self) -> (u8, &'static str) {
        match self {
            Self::Violation(rule) => match rule.severity() {
                Severity::Error => (0, rule.name()),
                Severity::Warning => (1, rule.name()),
                Severity::Note => (2, rule.name()),
            },
            Self::NotInflated(NotInflated::ContextLost) => (4, "context lost"),
            Self::NotInflated(NotInflated::Corrupt) => (4, "corrupt"),
            Self::NotInflated(NotInflated::Limit) => (4, "limit"),
            other => (3, other.name()),
        }
    }
}

/// How often something was found, and where first.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// What was found first, of several that have no row of their own.
    pub(super) finding: Option<Finding>,
    pub(super) count: u64,
    /// Bytes that are missing, as far as that is known.
    pub(super) missing_bytes: u64,
    /// Bytes that are there and of no known frame.
    pub(super) undecoded_bytes: u64,
    /// The lowest number of a packet, and the connection there.
    first: Option<(u64, Connection)>,
}

impl Found {
    /// Counts one, found in `event`.
    pub(super) fn add(&mut self, event: &Event<'_>, finding: Finding) {
        self.finding.get_or_insert(finding);
        self.count += 1;
        let packet = event.origin.packet;
        if self.first.as_ref().is_none_or(|(first, _)| packet < *first) {
            self.first = Some((packet, event.connection.clone()));
        }
    }

    /// Counts bytes of gaps.
    pub(super) fn bytes(&mut self, missing: u64, undecoded: u64) {
        self.missing_bytes = self.missing_bytes.saturating_add(missing);
        self.undecoded_bytes = self.undecoded_bytes.saturating_add(undecoded);
    }

    /// The packet where it was found first.
    pub(super) fn packet(&self) -> u64 {
        self.first.as_ref().map_or(0, |(packet, _)| *packet)
    }

    /// The name of the connection where it was found first.
    pub(super) fn connection(&self) -> String {
        self.first.as_ref().map_or_else(String::new, |(_, connection)| connection.to_string())
    }
}

//! Everything that a check can find.

use std::fmt;

use crate::filter::nearest_of;
use crate::types::text::head;
use crate::types::{Rule, Severity};

/// Bytes of a name that are looked at, and told: far more than any rule's has.
const LONGEST_NAME: usize = 80;

/// A rule that a capture is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckRule {
    /// A rule of TCP, HTTP or WebSocket that traffic can break.
    Protocol(Rule),
    /// What can be wrong with a capture, or with what it shows.
    Capture(CaptureRule),
    /// What an expectations file asks for.
    Expectation(ExpectationRule),
}

impl CheckRule {
    /// Every rule: of the protocol, of captures, of expectations.
    pub fn all() -> impl Iterator<Item = Self> {
        let protocol = Rule::ALL.iter().copied().map(Self::Protocol);
        let capture = CaptureRule::ALL.iter().copied().map(Self::Capture);
        let expectation = ExpectationRule::ALL.iter().copied().map(Self::Expectation);
        protocol.chain(capture).chain(expectation)
    }

    /// The rule of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|rule| rule.name() == name)
    }

    /// That no rule has a name, and which one is nearest to it: a sentence.
    pub fn unknown(name: &str) -> String {
        let name = head(name, LONGEST_NAME);
        let help = match nearest_of(name, Self::all().map(Self::name)) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "`wsdump check --explain` lists all".to_owned(),
        };
        format!("no rule is called `{name}`: {help}")
    }

    /// Whether it can be found in an event, of which a filter can be asked; others
    /// concern the capture as a whole.
    pub const fn is_of_events(self) -> bool {
        match self {
            Self::Protocol(_) => true,
            Self::Capture(rule) => !matches!(
                rule,
                CaptureRule::NoConnection
                    | CaptureRule::BrokenFile
                    | CaptureRule::Undecryptable
                    | CaptureRule::CutPackets
                    | CaptureRule::UnreadablePackets
            ),
            Self::Expectation(rule) => !matches!(rule, ExpectationRule::UnusedExpectation),
        }
    }

    /// The stable name, in kebab case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Protocol(rule) => rule.name(),
            Self::Capture(rule) => rule.name(),
            Self::Expectation(rule) => rule.name(),
        }
    }

    /// How bad it is to break it.
    pub const fn severity(self) -> Severity {
        match self {
            Self::Protocol(rule) => rule.severity(),
            Self::Capture(rule) => rule.severity(),
            Self::Expectation(rule) => rule.severity(),
        }
    }

    /// Where it stands; `None` of what no RFC says.
    pub const fn reference(self) -> Option<&'static str> {
        match self {
            Self::Protocol(rule) => Some(rule.reference()),
            Self::Capture(_) | Self::Expectation(_) => None,
        }
    }

    /// What it is, in a sentence.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Protocol(rule) => rule.meaning(),
            Self::Capture(rule) => rule.meaning(),
            Self::Expectation(rule) => rule.meaning(),
        }
    }
}

impl fmt::Display for CheckRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! rules {
    ($(#[doc = $about:literal])+ $type:ident; $($(#[doc = $doc:literal])+ $variant:ident, $name:literal, $severity:ident;)+) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $type { $($(#[doc = $doc])+ $variant,)+ }

        impl $type {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The stable name, in kebab case.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// How bad it is.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }

            /// What it is, in a sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii()),+ }
            }
        }
    };
}

rules! {
    /// What can be wrong with a capture, or with what it shows.
    CaptureRule;
    /// The capture shows no WebSocket connection.
    NoConnection, "no-connection", Error;
    /// A capture file is broken, or could not be read to its end.
    BrokenFile, "broken-file", Error;
    /// Bytes of a connection are missing from the capture.
    LostPackets, "lost-packets", Error;
    /// Bytes of a connection are there, but of no known frame.
    Undecodable, "undecodable", Error;
    /// TCP conversations carry TLS, to which there are no keys.
    Undecryptable, "undecryptable", Error;
    /// The snap length cut packets.
    CutPackets, "cut-packets", Error;
    /// Packets are of a link type that wsdump does not know, or no packets that can
    /// be read.
    UnreadablePackets, "unreadable-packets", Error;
    /// A bound on memory was reached, so that not everything was looked at.
    LimitReached, "limit-reached", Error;
    /// A compressed message could not be inflated, though nothing of it is missing.
    NotInflated, "not-inflated", Error;
    /// The payload of a message was longer than is kept.
    TruncatedMessage, "truncated-message", Error;
    /// A message breaks off: its sender, or TCP, ended before it did.
    IncompleteMessage, "incomplete-message", Warning;
    /// A message cannot be read as the protocol inside, or not to its end.
    MalformedApp, "malformed-app", Warning;
    /// The handshake of a connection, or a half of it, is not in the capture.
    MissingHandshake, "missing-handshake", Warning;
    /// An upgrade was refused.
    RefusedHandshake, "refused-handshake", Note;
    /// The capture ended before a connection did.
    OpenConnection, "open-connection", Note;
}

rules! {
    /// What an expectations file asks for.
    ExpectationRule;
    /// What was expected came too rarely, too often or too late.
    Expect, "expect", Error;
    /// What was forbidden came.
    Forbid, "forbid", Error;
    /// The steps of a sequence did not follow one another.
    Sequence, "sequence", Error;
    /// A request was not answered, or too late.
    Reply, "reply", Error;
    /// A message is not as its JSON Schema says.
    Schema, "schema", Error;
    /// A limit was exceeded.
    Limits, "limits", Error;
    /// Nothing in the capture was judged by an expectation.
    UnusedExpectation, "unused-expectation", Warning;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_is_told_the_nearest() {
        for (name, told) in [
            ("acept-mismatch", "did you mean `accept-mismatch`?"),
            ("lost-packet", "did you mean `lost-packets`?"),
            ("Close-Code", "did you mean `close-code`?"),
            ("nothing-like-it", "`wsdump check --explain` lists all"),
            ("", "`wsdump check --explain` lists all"),
        ] {
            let expected = format!("no rule is called `{name}`: {told}");
            assert_eq!(CheckRule::unknown(name), expected);
        }
        assert!(CheckRule::unknown(&"é".repeat(1 << 20)).len() < 200);
    }

    #[test]
    fn names_are_unique_and_kebab_case() {
        let rules: Vec<CheckRule> = CheckRule::all().collect();
        for (index, rule) in rules.iter().enumerate() {
            let name = rule.name();
            assert!(name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')));
            assert!(rules[..index].iter().all(|other| other.name() != name));
            assert_eq!(CheckRule::named(name), Some(*rule));
            assert!(rule.meaning().ends_with('.') && !rule.meaning().contains("  "), "{name}");
        }
    }
}

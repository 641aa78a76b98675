//! The rules that traffic can break.

use std::fmt;

/// How bad a violation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Invites trouble, or is a matter of reading the RFC.
    Warning,
    /// The RFC forbids it.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $variant:ident, $name:literal, $severity:ident, $reference:literal;)+) => {
        /// A rule of TCP, HTTP or WebSocket that a passive observer can judge.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Rule { $($(#[doc = $doc])+ $variant,)+ }

        impl Rule {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The stable name, in kebab case.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// How bad it is to break it.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }

            /// Where it stands.
            pub const fn reference(self) -> &'static str {
                match self { $(Self::$variant => $reference),+ }
            }
        }
    };
}

rules! {
    /// A retransmission carries other bytes than the first copy.
    OverlapConflict, "tcp-overlap-conflict", Warning, "RFC 9293 §3.4";
    /// A frame's opcode is one that the RFC reserves.
    ReservedOpcode, "reserved-opcode", Error, "RFC 6455 §5.2";
    /// A reserved bit is set that no negotiated extension gives a meaning.
    ReservedBits, "reserved-bits", Error, "RFC 6455 §5.2";
    /// A 64-bit frame length has its top bit set.
    FrameLengthOverflow, "frame-length-overflow", Error, "RFC 6455 §5.2";
    /// A control frame is longer than 125 bytes.
    ControlFrameTooLong, "control-frame-too-long", Error, "RFC 6455 §5.5";
    /// A control frame lacks FIN.
    FragmentedControlFrame, "fragmented-control-frame", Error, "RFC 6455 §5.5";
    /// A continuation frame with no message to continue.
    UnexpectedContinuation, "unexpected-continuation", Error, "RFC 6455 §5.4";
    /// A message begins before the fragmented one before it has ended.
    InterleavedMessage, "interleaved-message", Error, "RFC 6455 §5.4";
    /// A text message is not UTF-8.
    InvalidUtf8, "invalid-utf8", Error, "RFC 6455 §8.1";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_kebab_case() {
        for (index, rule) in Rule::ALL.iter().enumerate() {
            let name = rule.name();
            assert!(name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')));
            assert!(Rule::ALL[..index].iter().all(|other| other.name() != name));
        }
    }
}

//! What has to be known to tell whether a part of a filter holds.

use std::ops::BitOr;

/// What has to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Needs(u8);

impl Needs {
    pub(super) const NOTHING: Self = Self(0);
    /// The two ends of the conversation and its number.
    pub(super) const CONVERSATION: Self = Self(1);
    /// Which of them sent something.
    pub(super) const SENDER: Self = Self(2);
    /// The handshake.
    pub(super) const HANDSHAKE: Self = Self(4);
    /// The event.
    pub(super) const EVENT: Self = Self(8);
    /// The conversation, and who sent something there.
    pub(super) const FLOW: Self = Self(Self::CONVERSATION.0 | Self::SENDER.0);

    /// Whether `known` is all that is needed.
    pub(super) const fn are_met_by(self, known: Self) -> bool {
        self.0 & !known.0 == 0
    }

    /// Whether the handshake is needed.
    pub(super) const fn has_handshake(self) -> bool {
        self.0 & Self::HANDSHAKE.0 != 0
    }

    /// Whether more than the handshake is needed.
    pub(super) const fn has_more_than_handshake(self) -> bool {
        self.0 & !Self::HANDSHAKE.0 != 0
    }
}

impl BitOr for Needs {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

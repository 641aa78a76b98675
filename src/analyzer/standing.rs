//! Whose a packet is, for who wants to keep those of some conversations.

/// Whose a packet is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The datagram that it is a fragment of, or the last one that was missing:
    /// a number that no other datagram has.
    pub datagram: Option<u64>,
    /// What it carries, or completes.
    pub part: Part,
}

/// What a packet is a part of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// Of nothing that could be WebSocket.
    #[default]
    Nothing,
    /// Of a datagram that is not whole yet, or that was before it came.
    Datagram,
    /// Of this conversation.
    Conversation(Known),
}

/// A conversation, as it is known to the analyzer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its number.
    pub stream: u64,
    pub(super) place: Place,
}

#[cfg(test)]
impl Known {
    /// A conversation that no analyzer knows, for tests.
    pub(crate) fn numbered(stream: u64) -> Self {
        Self { stream, place: Place::None }
    }
}

/// What a conversation is known to be by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// It may still become WebSocket: it is new, or HTTP is being read.
    Undecided,
    /// Something was told of it. It stays so to its end.
    WebSocket,
    /// It is not selected, or known to be something else. An HTTP head that
    /// begins on it, or what looks like frames, makes it undecided again.
    Other,
}

/// Where the content of a conversation goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// None has come yet.
    #[default]
    None,
    /// It is not to be looked into.
    Unselected,
    /// To this slot of this shard.
    At { shard: u8, slot: u32 },
}

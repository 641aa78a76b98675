//! What was sent: messages and bytes.

use crate::types::{Message, Side};

/// Messages and the bytes of their payloads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    pub(super) messages: u64,
    pub(super) bytes: u64,
}

impl Traffic {
    pub(super) fn add(&mut self, messages: u64, bytes: u64) {
        self.messages += messages;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// The same of each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ways<T> {
    pub(super) client: T,
    pub(super) server: T,
}

impl<T> Ways<T> {
    pub(super) fn of(&mut self, side: Side) -> &mut T {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

/// Payload bytes that the capture has of a message, as the connection's end
/// counts them.
pub(super) fn bytes(message: &Message<'_>) -> u64 {
    let announced = message.length.unwrap_or(message.wire_length);
    announced.saturating_sub(message.missing.unwrap_or(0))
}

/// Messages that were compressed and could be inflated to their end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Compression {
    pub(super) messages: u64,
    /// Bytes on the wire.
    pub(super) wire_bytes: u64,
    /// Bytes after inflating.
    pub(super) bytes: u64,
}

impl Compression {
    pub(super) fn message(&mut self, message: &Message<'_>) {
        let is_whole = message.complete && message.not_inflated.is_none();
        if let Some(length) = message.length.filter(|_| message.compressed && is_whole) {
            self.messages += 1;
            self.wire_bytes = self.wire_bytes.saturating_add(message.wire_length);
            self.bytes = self.bytes.saturating_add(length);
        }
    }

    /// What both have.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            messages: self.messages + other.messages,
            wire_bytes: self.wire_bytes.saturating_add(other.wire_bytes),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    /// Bytes on the wire for each byte inflated, in thousandths; `None` where
    /// nothing was inflated.
    pub(super) fn thousandths(&self) -> Option<u64> {
        let wire_bytes = u128::from(self.wire_bytes) * 1_000;
        let ratio = wire_bytes.checked_div(u128::from(self.bytes))?;
        Some(u64::try_from(ratio).unwrap_or(u64::MAX))
    }
}

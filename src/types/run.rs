//! Bytes of a TCP stream as `tcp` gives them, and those it cannot give.

use super::Origin;

/// A run of bytes in stream order, borrowed from the packet where possible.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The bytes; never empty.
    pub bytes: &'a [u8],
    /// Position of the first byte in its direction of the stream. Positions
    /// have no fixed zero; they compare with one another and with `ack`s of
    /// the other direction.
    pub position: u64,
    /// The latest packet that was needed to have these bytes and all before
    /// them.
    pub origin: Origin,
    /// Position in the other direction up to which the sender had everything
    /// when it sent this, if the segment said so.
    pub ack: Option<u64>,
}

/// Bytes of a stream that are not in the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Position of the first missing byte.
    pub position: u64,
    /// How many are missing.
    pub bytes: u64,
    /// The packet that carries the bytes after the hole, or, when there are
    /// none, the latest that was seen of the conversation.
    pub origin: Origin,
    /// Whether it is worth telling: not where the capture has no segment of
    /// that direction at all, or where it may be nothing but a FIN.
    pub is_visible: bool,
}

impl Run<'_> {
    /// Takes away the first `count` bytes.
    pub fn pass(&mut self, count: usize) {
        self.bytes = self.bytes.get(count..).unwrap_or_default();
        self.position += count as u64;
    }

    /// The run without its first `count` bytes.
    #[must_use]
    pub fn skip(mut self, count: usize) -> Self {
        self.pass(count);
        self
    }
}

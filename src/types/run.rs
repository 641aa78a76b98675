//! Bytes of a TCP stream as `tcp` gives them.

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

impl Run<'_> {
    /// The run without its first `count` bytes.
    #[must_use]
    pub fn skip(self, count: usize) -> Self {
        Self {
            bytes: self.bytes.get(count..).unwrap_or_default(),
            position: self.position + count as u64,
            ..self
        }
    }
}

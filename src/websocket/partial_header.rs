//! A frame header that was split between segments.

use super::frame::{FrameHeader, HeaderError, MAX_HEADER};
use crate::types::{Origin, Run};

/// The bytes of a header that was split between segments.
pub(super) struct PartialHeader {
    bytes: [u8; MAX_HEADER],
    filled: u8,
    /// Position and packet of its first byte.
    pub(super) start: (u64, Origin),
}

impl PartialHeader {
    /// The beginning of a header that goes on beyond `run`.
    pub(super) fn new(run: &Run<'_>) -> Self {
        let start = (run.position, run.origin);
        let mut partial = Self { bytes: [0; MAX_HEADER], filled: 0, start };
        partial.filled = partial.fill(run);
        partial
    }

    /// Bytes that it has.
    pub(super) fn len(&self) -> usize {
        usize::from(self.filled)
    }

    /// Reads the header that goes on with `run`, and keeps what there is of one
    /// that goes on beyond it.
    pub(super) fn take(&mut self, run: &Run<'_>) -> Result<FrameHeader, HeaderError> {
        let filled = self.fill(run);
        let bytes = self.bytes.get(..usize::from(filled)).unwrap_or_default();
        let parsed = FrameHeader::parse(bytes);
        if parsed == Err(HeaderError::Incomplete) {
            self.filled = filled;
        }
        parsed
    }

    /// Adds bytes behind those it has; how many there are then.
    fn fill(&mut self, run: &Run<'_>) -> u8 {
        let space = self.bytes.get_mut(usize::from(self.filled)..).unwrap_or_default();
        for (to, from) in space.iter_mut().zip(run.bytes) {
            *to = *from;
        }
        self.filled + space.len().min(run.bytes.len()) as u8
    }
}

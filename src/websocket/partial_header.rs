//! A frame header that was split between segments.

use super::frame::{FrameHeader, HeaderError, MAX_HEADER};
use crate::types::{Origin, Run};

/// The bytes of a header that was split between segments.
#[derive(Clone, Copy, Default)]
pub(super) struct PartialHeader {
    bytes: [u8; MAX_HEADER],
    pub(super) filled: usize,
    /// Position and packet of its first byte.
    pub(super) start: Option<(u64, Origin)>,
}

impl PartialHeader {
    /// Reads the header that goes on with `run`, and keeps what there is of one
    /// that goes on beyond it. Where it began is told, too.
    pub(super) fn take(
        &mut self,
        run: &Run<'_>,
    ) -> ((u64, Origin), Result<FrameHeader, HeaderError>) {
        let start = self.start.unwrap_or((run.position, run.origin));
        if self.filled == 0 {
            let parsed = FrameHeader::parse(run.bytes);
            if parsed != Err(HeaderError::Incomplete) {
                return (start, parsed);
            }
        }
        let before = self.filled;
        let space = self.bytes.get_mut(before..).unwrap_or_default();
        for (to, from) in space.iter_mut().zip(run.bytes) {
            *to = *from;
        }
        let filled = before + space.len().min(run.bytes.len());
        let parsed = FrameHeader::parse(self.bytes.get(..filled).unwrap_or_default());
        if parsed == Err(HeaderError::Incomplete) {
            *self = Self { bytes: self.bytes, filled, start: Some(start) };
        }
        (start, parsed)
    }
}

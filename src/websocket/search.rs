//! Placeholder until the search is joined.

use super::frame::FrameHeader;
use crate::types::{Opcode, Origin, Run};

/// What is known of the frames that are searched for.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Whether they are masked; `None` when that is not known.
    pub masked: Option<bool>,
    /// Reserved bits that may be set on the first frame of a data message.
    pub reserved_bits: u8,
    /// Payload bytes that a frame has at most.
    pub max_frame: u64,
}

impl Expected {
    /// Whether a header is that of a frame as expected.
    pub(super) fn allows(&self, header: &FrameHeader) -> bool {
        let rsv1 = if matches!(header.opcode, Opcode::Text | Opcode::Binary) { 7 } else { 3 };
        header.rsv & !(self.reserved_bits & rsv1) == 0
            && !matches!(header.opcode, Opcode::Reserved(_))
            && self.masked.is_none_or(|masked| masked == header.masking_key.is_some())
            && header.length <= self.max_frame
            && (!header.opcode.is_control() || header.fin && header.length <= 125)
    }
}

/// Bytes of one direction in which the next frame is searched for.
#[derive(Debug)]
pub struct Search {
    limit: usize,
    bytes: Vec<u8>,
    position: u64,
    segments: Vec<(usize, Origin, Option<u64>)>,
    dropped: u64,
}

/// Where frames begin.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Index of the first byte of a frame.
    pub offset: usize,
    /// Whether frames are masked.
    pub masked: bool,
}

impl Search {
    /// Keeps at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, bytes: Vec::new(), position: 0, segments: Vec::new(), dropped: 0 }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, run: &Run<'_>) {
        if self.bytes.is_empty() {
            self.position = run.position;
        }
        if self.bytes.len() + run.bytes.len() > self.limit {
            self.dropped += (self.bytes.len() + run.bytes.len()) as u64;
            self.bytes.clear();
            self.segments.clear();
            return;
        }
        self.segments.push((self.bytes.len(), run.origin, run.ack));
        self.bytes.extend_from_slice(run.bytes);
    }

    /// Where frames begin.
    pub fn find(&mut self, _: Expected, _: bool) -> Option<Found> {
        None
    }

    /// Bytes held.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes that gave way to the limit.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Bytes of memory that it takes.
    pub fn cost(&self) -> usize {
        self.bytes.capacity()
    }

    /// The bytes from `offset` on.
    pub fn runs_from(&self, offset: usize) -> impl Iterator<Item = Run<'_>> {
        self.segments.iter().enumerate().filter_map(move |(index, &(start, origin, ack))| {
            let end = self.segments.get(index + 1).map_or(self.bytes.len(), |next| next.0);
            let start = start.max(offset);
            let bytes = self.bytes.get(start..end).filter(|bytes| !bytes.is_empty())?;
            Some(Run { bytes, position: self.position + start as u64, origin, ack })
        })
    }
}

//! Finding where a frame begins, after bytes were lost or in mid-stream.

use super::candidate::Kind;
use super::chain::{Evidence, Held, Outcome, Question, search};
use crate::types::{Origin, Run};

/// What the memory of one more run costs beside its bytes.
const PIECE_COST: usize = size_of::<Piece>() + size_of::<usize>();

/// All bytes are looked at again when so many have come, and at least a
/// quarter of them are new.
const NEW_BYTES: usize = 32;

/// What is known of the frames that are searched for.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Whether they are masked; `None`: either, but all alike.
    pub masked: Option<bool>,
    /// Reserved bits that the first frame of a data message may have, as in
    /// [`FrameHeader::rsv`](super::FrameHeader::rsv).
    pub reserved_bits: u8,
    /// Payload bytes of the largest frame.
    pub max_frame: u64,
    /// A payload may hold whole frames, as that of a tunnel does: binary
    /// messages were seen in this direction, or nothing yet. Then unmasked
    /// frames are found from the first on that a segment begins with.
    pub may_nest: bool,
    /// The user knows that there are frames: less shows where they begin.
    pub is_believed: bool,
}

/// Where a frame begins, for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Of its first byte, in the bytes held. It holds until the next
    /// [`Search::push`].
    pub offset: usize,
    /// Whether it is masked.
    pub masked: bool,
    /// What speaks for it, and for the frames after it.
    pub evidence: Evidence,
}

/// Bytes of one direction, without a hole, in which the next frame is searched
/// for.
pub struct Search {
    /// Bytes of memory.
    limit: usize,
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
    starts: Vec<usize>,
    dropped: u64,
    /// Bytes that came since all were looked at.
    unseen: usize,
    is_possible: bool,
}

/// A run, but for its bytes.
#[derive(Clone, Copy)]
struct Piece {
    position: u64,
    origin: Origin,
    ack: Option<u64>,
}

impl Search {
    /// A search that keeps about `limit` bytes. When more come the oldest give
    /// way.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            bytes: Vec::new(),
            pieces: Vec::new(),
            starts: Vec::new(),
            dropped: 0,
            unseen: 0,
            is_possible: true,
        }
    }

    /// Takes the next bytes. A run is the payload of a segment, or a piece of
    /// it.
    pub fn push(&mut self, run: &Run<'_>) {
        let excess = run.bytes.len().saturating_sub(self.limit);
        let run_kept = run.skip(excess);
        self.make_room(run_kept.bytes.len());
        self.dropped += excess as u64;
        if run_kept.bytes.is_empty() {
            return;
        }
        // The rest of a run that was cut does not begin a segment, but there
        // is nothing before it that a frame could begin in.
        self.starts.push(self.bytes.len());
        self.pieces.push(Piece { position: run_kept.position, origin: run.origin, ack: run.ack });
        self.bytes.extend_from_slice(run_kept.bytes);
        self.unseen += run_kept.bytes.len();
    }

    /// Drops the oldest runs if `more` bytes do not fit. It makes more room
    /// than is needed, so that bytes are seldom moved.
    fn make_room(&mut self, more: usize) {
        if self.cost() + more + PIECE_COST <= self.limit {
            return;
        }
        let target = (self.limit / 4 * 3).saturating_sub(more);
        let mut pieces = 0;
        let mut offset = 0;
        while self.cost() - offset - pieces * PIECE_COST > target {
            pieces += 1;
            offset = self.starts.get(pieces).copied().unwrap_or(self.bytes.len());
            if pieces >= self.starts.len() {
                break;
            }
        }
        self.bytes.drain(..offset);
        self.pieces.drain(..pieces);
        self.starts.drain(..pieces);
        for start in &mut self.starts {
            *start -= offset;
        }
        self.dropped += offset as u64;
        self.unseen = self.unseen.min(self.bytes.len());
    }

    /// Where frames begin for certain; `None` while that is not known. Most
    /// calls cost nothing, as it is looked for only when many new bytes came,
    /// or when it `is_end`: no more will come before a gap.
    pub fn find(&mut self, expected: Expected, is_end: bool) -> Option<Found> {
        if !self.is_due(is_end) {
            return None;
        }
        self.looked();
        let [masked, unmasked] = [true, false].map(|masked| {
            let is_asked = expected.masked.is_none_or(|expected| expected == masked);
            is_asked.then(|| self.look(expected, masked)).flatten()
        });
        match (masked, unmasked) {
            (Some(_), Some(_)) => None,
            (found, None) | (None, found) => found,
        }
    }

    pub(super) fn is_due(&self, is_end: bool) -> bool {
        let enough = (self.bytes.len() / 4).max(NEW_BYTES.min(self.bytes.len()));
        self.unseen > 0 && (is_end || self.unseen >= enough)
    }

    /// Forgets that the bytes held were looked at, as something else is
    /// expected of them now.
    pub(super) fn look_again(&mut self) {
        self.unseen = self.bytes.len();
    }

    pub(super) fn looked(&mut self) {
        self.unseen = 0;
        self.is_possible = false;
    }

    pub(super) fn look(&mut self, expected: Expected, masked: bool) -> Option<Found> {
        let Expected { reserved_bits, max_frame, may_nest, is_believed, .. } = expected;
        let kind = Kind { masked, reserved_bits, max_frame };
        let held = Held { bytes: &self.bytes, starts: &self.starts };
        let Outcome { answer, is_possible } =
            search(held, Question { kind, may_nest, is_believed });
        self.is_possible |= is_possible;
        answer.map(|answer| Found { offset: answer.offset, masked, evidence: answer.evidence })
    }

    /// Whether some segment may have begun with a frame when it was last
    /// looked.
    pub(super) fn is_possible(&self) -> bool {
        self.is_possible
    }

    /// The bytes held from `offset` on, as they came.
    pub fn runs_from(&self, offset: usize) -> impl Iterator<Item = Run<'_>> {
        let ends = self.starts.iter().copied().skip(1).chain([self.bytes.len()]);
        self.starts.iter().zip(ends).zip(&self.pieces).filter_map(move |((&start, end), piece)| {
            let run = Run {
                bytes: self.bytes.get(start..end)?,
                position: piece.position,
                origin: piece.origin,
                ack: piece.ack,
            };
            let run = run.skip(offset.saturating_sub(start).min(run.bytes.len()));
            (!run.bytes.is_empty()).then_some(run)
        })
    }

    /// The packet of the last bytes held.
    pub(super) fn last_origin(&self) -> Option<Origin> {
        self.pieces.last().map(|piece| piece.origin)
    }

    /// Forgets what is held, as bytes are missing after it.
    pub fn clear(&mut self) {
        let dropped = self.dropped + self.bytes.len() as u64;
        *self = Self { dropped, ..Self::new(self.limit) };
    }

    /// Bytes held.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether none are.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes that gave way to others.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Runs held.
    pub(super) fn segments(&self) -> usize {
        self.starts.len()
    }

    /// Bytes of memory that are allocated.
    pub fn memory(&self) -> usize {
        self.bytes.capacity()
            + self.pieces.capacity() * size_of::<Piece>()
            + self.starts.capacity() * size_of::<usize>()
    }

    /// Bytes of memory in use.
    fn cost(&self) -> usize {
        self.bytes.len() + self.pieces.len() * PIECE_COST
    }
}

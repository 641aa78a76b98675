//! A window over an input, moved forward and filled.

use std::io;

use super::compression::{Compression, Failure, Stream};
use super::record::MAX_PACKET;
use super::{ErrorKind, Place};

/// Bytes that are read at once.
const BLOCK: usize = 256 << 10;

/// Bytes that the window grows to at the most: a packet of the greatest length
/// with what its record has around it.
pub(super) const LARGEST: usize = MAX_PACKET as usize + (128 << 10);

/// The part of an input that is at hand.
///
/// ```text
///            offset           received
/// ── gone ─────┬──── bytes() ────┬──── to come ──
/// ```
pub(super) struct Buffer {
    stream: Stream,
    storage: Vec<u8>,
    /// The bytes at hand are those of `storage` from `start` to `end`.
    start: usize,
    end: usize,
    /// Bytes to be dropped as they come; only when none are at hand.
    passing: u64,
    received: u64,
    ended: bool,
    failure: Option<ErrorKind>,
}

impl Buffer {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            storage: Vec::new(),
            start: 0,
            end: 0,
            passing: 0,
            received: 0,
            ended: false,
            failure: None,
        }
    }

    /// The bytes at hand.
    pub(super) fn bytes(&self) -> &[u8] {
        self.storage.get(self.start..self.end).unwrap_or_default()
    }

    /// Where in the input the bytes at hand begin, or are to begin.
    pub(super) fn offset(&self) -> u64 {
        self.received - (self.end - self.start) as u64 + self.passing
    }

    /// Bytes that the input has given so far.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// A position in this input.
    pub(super) fn place(&self, offset: u64) -> Place {
        Place { offset, compression: self.stream.compression() }
    }

    /// Whether the bytes at hand are the last.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.storage.len()
    }

    /// Why the input ended before its time, if it did. Told once.
    pub(super) fn take_failure(&mut self) -> Option<ErrorKind> {
        self.failure.take()
    }

    /// Goes past `count` bytes, be they at hand or not.
    pub(super) fn pass(&mut self, count: u64) {
        let at_hand = (self.end - self.start) as u64;
        if count < at_hand {
            self.start += count as usize;
        } else {
            (self.start, self.end) = (0, 0);
            self.passing += count - at_hand;
        }
    }

    /// Reads once, on the way to `needed` bytes at hand. May block. Whether it is
    /// any further.
    pub(super) fn fill(&mut self, needed: usize) -> bool {
        if self.ended {
            return true;
        }
        self.make_room(needed);
        let room = self.storage.get_mut(self.end..).unwrap_or_default();
        match self.stream.read(room) {
            Ok(0) => self.ended = true,
            Ok(count) => {
                self.received += count as u64;
                self.end += count;
                let passing = std::mem::take(&mut self.passing);
                self.pass(passing);
            }
            Err(failure) if failure.is_nothing_yet() => return false,
            Err(failure) => self.fail(failure),
        }
        true
    }

    /// Takes the input from the first byte at hand on as compressed data, and
    /// begins to count anew in what comes out of it.
    pub(super) fn decompress(&mut self, compression: Compression) {
        let first = self.bytes().to_vec();
        let raw = std::mem::replace(&mut self.stream, Stream::plain(Box::new(io::empty())));
        (self.start, self.end, self.received, self.ended) = (0, 0, 0, false);
        match raw.decompress(compression, first) {
            Ok(stream) => self.stream = stream,
            Err(failure) => self.fail(failure),
        }
    }

    fn fail(&mut self, failure: Failure) {
        let had = self.received;
        self.ended = true;
        self.failure = Some(match failure {
            Failure::Io(error) if error.kind() == io::ErrorKind::IsADirectory => ErrorKind::Folder,
            Failure::Io(cause) => ErrorKind::Read { place: self.place(had), cause },
            Failure::Cut(compression) => ErrorKind::CompressionCut { compression, had },
            Failure::Broken(compression, cause) => {
                ErrorKind::CompressionBroken { compression, had, cause }
            }
        });
    }

    /// Moves what is at hand to the front when the room behind it gets small,
    /// which happens once a record at the most. Grows only when full: a length
    /// that a record merely states costs no memory.
    fn make_room(&mut self, needed: usize) {
        debug_assert!(needed > self.end - self.start && needed <= LARGEST);
        let room = self.storage.len() - self.end;
        if self.start > 0 && room < self.storage.len() / 2 {
            self.storage.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.storage.len() {
            let size = (self.storage.len() * 2).clamp(BLOCK, LARGEST);
            self.storage.resize(size, 0);
        }
    }
}

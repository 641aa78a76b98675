//! Puts what workers have rendered into the order of the capture.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::ops::Range;

use crossbeam_channel::{Receiver, Sender, TryRecvError};

use super::batch::Chunk;
use crate::output::{Spool, View};
use crate::types::Timestamp;

/// Parts that are worth a write: about as many as the system takes at once.
const MOST_PARTS: usize = 1000;

/// Writes what workers render, in order.
pub(super) struct Merger<'a> {
    view: &'a mut dyn View,
    out: Spool,
    /// Messages written.
    pub(super) messages: u64,
    lanes: Vec<Lane>,
    /// What is to be written next, and what of it is no lane's.
    parts: Vec<Part>,
    seams: Spool,
}

/// Bytes to be written.
struct Part {
    /// Whose chunk they lie in, if it is not the seams.
    lane: Option<usize>,
    range: Range<usize>,
}

/// What comes from one worker.
pub(super) struct Lane {
    chunks: Receiver<Chunk>,
    done_chunks: Sender<Chunk>,
    /// The chunk that is being written, and what was written of it.
    chunk: Chunk,
    pieces: usize,
    bytes: usize,
    /// Everything up to this order was received.
    done_to: u64,
}

impl Lane {
    pub(super) fn new(chunks: Receiver<Chunk>, done_chunks: Sender<Chunk>, order: u64) -> Self {
        let chunk = Chunk::default();
        let (pieces, bytes) = (0, 0);
        Self { chunks, done_chunks, chunk, pieces, bytes, done_to: order }
    }

    /// The lowest order of which something may come.
    fn next(&self) -> u64 {
        match self.chunk.pieces.get(self.pieces) {
            Some(piece) => piece.order,
            None => self.done_to + 1,
        }
    }

    fn is_empty(&self) -> bool {
        self.pieces >= self.chunk.pieces.len()
    }

    fn take(&mut self, chunk: Chunk) -> u64 {
        self.done_to = chunk.done_to;
        let messages = chunk.messages;
        let old = std::mem::replace(&mut self.chunk, chunk);
        (self.pieces, self.bytes) = (0, 0);
        if old.bytes.capacity() > 0 {
            // When it is not wanted back, its memory is given up.
            let _ = self.done_chunks.try_send(old);
        }
        messages
    }
}

impl<'a> Merger<'a> {
    pub(super) fn new(view: &'a mut dyn View, out: Spool, lanes: Vec<Lane>) -> Self {
        Self { view, out, messages: 0, lanes, parts: Vec::new(), seams: Spool::default() }
    }

    /// Lets the view and its forks know when the capture begins.
    pub(super) fn begin(&mut self, time: Timestamp) {
        self.view.begin(time);
    }

    /// Writes what comes after the last event.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.view.finish(&mut self.out);
        self.out.flush()
    }

    /// Hands over everything that may be written.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.put();
        self.out.flush()
    }

    /// Writes the parts.
    fn put(&mut self) {
        if self.parts.is_empty() {
            return;
        }
        let bytes = |part: &Part| {
            let lane = part.lane.and_then(|lane| self.lanes.get(lane));
            let bytes = lane.map_or(&*self.seams, |lane| &lane.chunk.bytes);
            IoSlice::new(bytes.get(part.range.clone()).unwrap_or_default())
        };
        let mut slices: Vec<_> = self.parts.iter().map(bytes).collect();
        self.out.put_slices(&mut slices);
        self.parts.clear();
        self.seams.clear();
    }

    /// Everything up to this order was written, or is about to be.
    pub(super) fn done_to(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.next() - 1).min().unwrap_or(u64::MAX)
    }

    /// Writes until everything up to `order` is.
    pub(super) fn write_to(&mut self, order: u64) -> io::Result<()> {
        while self.done_to() < order {
            self.step(true)?;
            self.out.check()?;
        }
        Ok(())
    }

    /// Writes what is there.
    pub(super) fn write_ready(&mut self) -> io::Result<()> {
        while self.step(false)? {
            self.out.check()?;
        }
        Ok(())
    }

    /// Goes on where the lowest order is; whether there was anything. Waits for
    /// it, if it may.
    fn step(&mut self, may_wait: bool) -> io::Result<bool> {
        let mut lowest = u64::MAX;
        let mut limit = u64::MAX;
        let mut index = 0;
        let mut is_empty = true;
        for (at, lane) in self.lanes.iter().enumerate() {
            let next = lane.next();
            // An order is of one worker: what is there is all of it.
            if next < lowest || next == lowest && is_empty && !lane.is_empty() {
                is_empty = lane.is_empty();
                (limit, lowest, index) = (lowest, next, at);
            } else if next < limit {
                limit = next;
            }
        }
        let Some(lane) = self.lanes.get_mut(index) else {
            return Ok(false);
        };
        if lane.is_empty() {
            let chunk = match may_wait {
                true => lane.chunks.recv().map_err(|_| TryRecvError::Disconnected),
                false => lane.chunks.try_recv(),
            };
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(TryRecvError::Empty) => return Ok(false),
                // It would have waited for more; what follows has a hole.
                Err(TryRecvError::Disconnected) => {
                    return Err(io::Error::other("a thread has failed"));
                }
            };
            self.put();
            if let Some(lane) = self.lanes.get_mut(index) {
                self.messages += lane.take(chunk);
            }
            return Ok(true);
        }
        while let Some(piece) = lane.chunk.pieces.get(lane.pieces)
            && piece.order <= limit
        {
            if let Some(mark) = piece.mark {
                let start = self.seams.len();
                self.view.seam(mark, &mut self.seams);
                if self.seams.len() > start {
                    self.parts.push(Part { lane: None, range: start..self.seams.len() });
                }
            }
            let end = lane.bytes + piece.length;
            if piece.length > 0 {
                self.parts.push(Part { lane: Some(index), range: lane.bytes..end });
            }
            lane.bytes = end;
            lane.pieces += 1;
        }
        if self.parts.len() >= MOST_PARTS {
            self.put();
        }
        Ok(true)
    }
}

/// Batches that are under way.
#[derive(Default)]
pub(super) struct UnderWay(VecDeque<u64>);

impl UnderWay {
    /// A batch was sent that goes up to `order`. Which order must be done before
    /// the next.
    pub(super) fn sent(&mut self, order: u64, most: usize) -> Option<u64> {
        self.0.push_back(order);
        if self.0.len() > most { self.0.pop_front() } else { None }
    }
}

//! Puts what workers have rendered into the order of the capture.

use std::collections::VecDeque;
use std::io;

use crossbeam_channel::{Receiver, Sender};

use super::batch::Chunk;
use crate::output::{Spool, View};

/// Writes what workers render, in order.
pub(super) struct Merger<'a> {
    pub(super) view: &'a mut dyn View,
    pub(super) out: Spool,
    /// Messages written.
    pub(super) messages: u64,
    lanes: Vec<Lane>,
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
    /// The worker has gone.
    has_gone: bool,
}

impl Lane {
    pub(super) fn new(chunks: Receiver<Chunk>, done_chunks: Sender<Chunk>, order: u64) -> Self {
        let chunk = Chunk::default();
        let (pieces, bytes) = (0, 0);
        Self { chunks, done_chunks, chunk, pieces, bytes, done_to: order, has_gone: false }
    }

    /// The lowest order of which something may come.
    fn next(&self) -> u64 {
        match self.chunk.pieces.get(self.pieces) {
            Some(piece) => piece.order,
            None if self.has_gone => u64::MAX,
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
        Self { view, out, messages: 0, lanes }
    }

    /// Everything up to this order was written, or is about to be.
    pub(super) fn done_to(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.next() - 1).min().unwrap_or(u64::MAX)
    }

    /// Writes until everything up to `order` is.
    pub(super) fn write_to(&mut self, order: u64) -> io::Result<()> {
        while self.done_to() < order {
            self.step(true);
            self.out.check()?;
        }
        Ok(())
    }

    /// Writes what is there.
    pub(super) fn write_ready(&mut self) -> io::Result<()> {
        while self.step(false) {
            self.out.check()?;
        }
        Ok(())
    }

    /// Goes on where the lowest order is; whether there was anything. Waits for
    /// it, if it may.
    fn step(&mut self, may_wait: bool) -> bool {
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
            return false;
        };
        if lane.is_empty() {
            let chunk = match may_wait {
                true => lane.chunks.recv().ok(),
                false => lane.chunks.try_recv().ok(),
            };
            let Some(chunk) = chunk else {
                lane.has_gone |= may_wait;
                return false;
            };
            self.messages += lane.take(chunk);
            return true;
        }
        while let Some(piece) = lane.chunk.pieces.get(lane.pieces)
            && piece.order <= limit
        {
            let end = lane.bytes + piece.length;
            if let Some(mark) = piece.mark {
                self.view.seam(mark, &mut self.out);
            }
            self.out.put(lane.chunk.bytes.get(lane.bytes..end).unwrap_or_default());
            lane.bytes = end;
            lane.pieces += 1;
        }
        true
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

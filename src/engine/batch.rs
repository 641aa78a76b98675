//! What passes between threads.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};

use crate::analyzer::{Shard, Task};
use crate::output::Mark;
use crate::types::Source;

/// Tasks for one worker, with copies of their bytes, in order.
#[derive(Default)]
pub(super) struct Batch<'a> {
    /// Shards that the worker gives away before the tasks, and then those that
    /// it gets, by their numbers.
    pub(super) given: Vec<(usize, Sender<&'a mut Shard>)>,
    pub(super) taken: Vec<(usize, Receiver<&'a mut Shard>)>,
    tasks: Vec<(Task<'static>, usize)>,
    /// The bytes of all tasks, one after the other.
    bytes: Vec<u8>,
    /// The worker has all its tasks up to this order.
    pub(super) until: u64,
    /// The sources known by now, when there are more than before.
    pub(super) sources: Option<Arc<[Source]>>,
    /// How long the worker had to do with it.
    pub(super) time: Duration,
}

impl Batch<'_> {
    pub(super) fn push(&mut self, task: &Task<'_>) {
        let payload = task.payload();
        self.bytes.extend_from_slice(payload);
        self.tasks.push((task.with_payload(&[]), payload.len()));
    }

    /// Its tasks.
    pub(super) fn tasks(&self) -> impl Iterator<Item = Task<'_>> {
        let mut rest = self.bytes.as_slice();
        self.tasks.iter().map(move |(task, length)| {
            let (payload, others) = rest.split_at_checked(*length).unwrap_or_default();
            rest = others;
            task.with_payload(payload)
        })
    }

    /// An empty one in the memory of this one, which took `time`.
    pub(super) fn emptied(mut self, time: Duration) -> Self {
        self.tasks.clear();
        self.bytes.clear();
        Self { tasks: self.tasks, bytes: self.bytes, time, ..Self::default() }
    }
}

/// What a worker has rendered.
#[derive(Default)]
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    /// Where it belongs; the lengths add up to that of the bytes.
    pub(super) pieces: Vec<Piece>,
    /// Everything of the tasks up to this order is in this chunk and those
    /// before it.
    pub(super) done_to: u64,
    /// Messages in it.
    pub(super) messages: u64,
}

/// What came of one task, or a part of that.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub(super) order: u64,
    /// What stands before it depends on; `None` where it goes on with an event.
    pub(super) mark: Option<Mark>,
    pub(super) length: usize,
}

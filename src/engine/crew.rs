//! Several workers, and who gives them their tasks.
//!
//! ```text
//!               ┌─ batches of tasks ─► worker ─ chunks ─┐
//! dispatcher ───┤                                       ├───► merger ───► output
//!               └─ batches of tasks ─► worker ─ chunks ─┘
//! └── this thread ──┘               └─ its own ─┘       └─ this thread ─┘
//! ```
//!
//! All workers get a batch at the same time, be it an empty one, and are never
//! more than a period of tasks apart. Batches wait in queues without an end, of
//! which few are under way; chunks in bounded ones, so that who renders much
//! waits until it is written.
//!
//! Between two batches shards may go from one worker to another: who has one
//! gives it away at the beginning of the second batch, and who gets it waits for
//! that. Nobody waits in a circle: the merger takes from the worker that is
//! behind all others, and that one waits for nobody else.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::batch::Batch;
use super::line::Line;
use super::merger::{Lane, Merger, UnderWay};
use super::roster::{Move, Roster};
use super::sharing::Sharing;
use super::worker::{Ports, Worker};
use crate::analyzer::{Analyzer, Dispatcher, Options, PERIOD, Parts, Taker, Task};
use crate::output::{Spool, View};
use crate::types::{Packet, Source, Timestamp};

/// What makes a batch, of all workers together.
const BATCH_BYTES: usize = 256 << 10;
const BATCH_TASKS: usize = 1024;

/// Batches under way.
const MOST_BATCHES: usize = 6;

/// Chunks that wait to be written, of all workers together.
const CHUNKS: usize = 64;

// Between the first task that is not done and the last that was sent lies less
// than a period, which the reserves' answers rest on.
const _: () = assert!(2 * BATCH_TASKS as u64 <= PERIOD);

/// Gives packets to workers.
pub(super) struct Crew<'a> {
    dispatcher: &'a mut Dispatcher,
    options: &'a Options,
    floor: Floor<'a>,
}

/// The workers, as the dispatcher sees them.
struct Floor<'a> {
    desks: Vec<Desk<'a>>,
    roster: Roster,
    /// What the batches at hand hold.
    bytes: usize,
    tasks: usize,
    /// The last order in them, and the last that was sent.
    order: u64,
    sent: u64,
    sources: usize,
    under_way: UnderWay,
    merger: Merger<'a>,
    /// Since when the batches at hand are being filled.
    begin: Instant,
    /// Why nothing more can be written.
    error: Option<io::Error>,
}

/// One worker.
struct Desk<'a> {
    batch: Batch<'a>,
    batches: Sender<Batch<'a>>,
    done_batches: Receiver<Batch<'a>>,
}

/// Lets `work` use a crew of these views, one for each worker.
pub(super) fn with_crew<R>(
    analyzer: &mut Analyzer,
    views: Vec<Box<dyn View>>,
    view: &mut dyn View,
    out: Spool,
    work: impl FnOnce(&mut Crew<'_>) -> R,
) -> R {
    let Parts { options, dispatcher, shards, reserves } = analyzer.parts();
    let order = dispatcher.order();
    let workers = views.len();
    let most_chunks = (CHUNKS / workers.max(1)).max(2);
    let sharing = Sharing::new(reserves, workers, order);
    let (mut desks, mut lanes) = (Vec::new(), Vec::new());
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let roster = Roster::new(workers, processors);
    let mut all_shards: Vec<_> = shards.iter_mut().map(Some).collect();
    thread::scope(|scope| {
        for (number, view) in views.into_iter().enumerate() {
            let (batch_sender, batches) = unbounded();
            let (done_batches, batch_returns) = unbounded();
            let (chunks, chunk_receiver) = bounded(most_chunks);
            let (chunk_returns, done_chunks) = bounded(most_chunks);
            let ports = Ports { batches, chunks, done_batches, done_chunks };
            let shards = all_shards.iter_mut().zip(roster.workers());
            let shards = shards.map(|(shard, worker)| shard.take_if(|_| worker == number));
            let (shards, sharing) = (shards.collect(), &sharing);
            let worker = Worker { number, shards, options, sharing, view, ports };
            scope.spawn(|| worker.run());
            let batch = Batch::default();
            desks.push(Desk { batch, batches: batch_sender, done_batches: batch_returns });
            lanes.push(Lane::new(chunk_receiver, chunk_returns, order));
        }
        let floor = Floor {
            desks,
            roster,
            bytes: 0,
            tasks: 0,
            order,
            sent: order,
            sources: 0,
            under_way: UnderWay::default(),
            merger: Merger::new(view, out, lanes),
            begin: Instant::now(),
            error: None,
        };
        // Workers end when there is no crew any more.
        work(&mut Crew { dispatcher, options, floor })
    })
}

impl Line for Crew<'_> {
    fn begin(&mut self, time: Timestamp) {
        self.floor.merger.begin(time);
    }

    fn packet(&mut self, packet: &Packet<'_>, sources: &[Source]) -> io::Result<()> {
        self.floor.know(sources);
        self.dispatcher.packet(packet, self.options, &mut self.floor);
        self.floor.check()
    }

    fn pass_over(&mut self, packet: &Packet<'_>, sources: &[Source]) -> io::Result<()> {
        self.floor.know(sources);
        self.dispatcher.pass_over(packet, &self.options.limits, &mut self.floor);
        self.floor.check()
    }

    fn advance(&mut self, time: Timestamp, sources: &[Source]) -> io::Result<()> {
        self.floor.know(sources);
        self.dispatcher.advance(time, &self.options.limits, &mut self.floor);
        self.floor.check()
    }

    fn finish(&mut self, sources: &[Source]) -> io::Result<()> {
        self.floor.know(sources);
        self.dispatcher.finish(&mut self.floor);
        self.floor.check()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.floor.send();
        self.floor.check()?;
        self.floor.merger.write_to(self.floor.sent)?;
        self.floor.merger.flush()
    }

    fn end(&mut self) -> io::Result<()> {
        self.flush()?;
        self.floor.merger.finish()
    }

    fn is_full(&self) -> bool {
        false
    }

    fn packets(&self) -> u64 {
        self.dispatcher.packets()
    }

    fn messages(&self) -> u64 {
        self.floor.merger.messages
    }
}

impl Taker for Floor<'_> {
    fn task(&mut self, task: &Task<'_>) {
        self.order = task.order;
        if self.error.is_some() {
            return;
        }
        let bytes = task.payload().len();
        let worker = self.roster.assign(task.shard, bytes);
        if let Some(desk) = worker.and_then(|worker| self.desks.get_mut(worker)) {
            desk.batch.push(task);
        }
        self.bytes += bytes;
        self.tasks += 1;
        if self.bytes >= BATCH_BYTES || self.tasks >= BATCH_TASKS {
            self.roster.worked(self.begin.elapsed());
            self.send();
            let write = self.write();
            self.begin = Instant::now();
            self.error = self.error.take().or(write.err());
        }
    }
}

impl Floor<'_> {
    /// Lets the workers know new sources with the next batch.
    #[inline]
    fn know(&mut self, sources: &[Source]) {
        if sources.len() > self.sources {
            self.sources = sources.len();
            let sources: Arc<[Source]> = sources.into();
            for desk in &mut self.desks {
                desk.batch.sources = Some(Arc::clone(&sources));
            }
        }
    }

    /// Sends what is at hand, and lets shards move before what follows.
    fn send(&mut self) {
        if self.order == self.sent {
            return;
        }
        for desk in &mut self.desks {
            let mut fresh = desk.done_batches.try_recv().unwrap_or_default();
            self.roster.has_worked(std::mem::take(&mut fresh.time));
            let mut batch = std::mem::replace(&mut desk.batch, fresh);
            batch.until = self.order;
            // A worker that has gone could not write.
            let _ = desk.batches.send(batch);
        }
        (self.sent, self.bytes, self.tasks) = (self.order, 0, 0);
        for Move { shard, from, to } in self.roster.moves() {
            let (giver, taker) = bounded(1);
            if let Some(desk) = self.desks.get_mut(from) {
                desk.batch.given.push((shard, giver));
            }
            if let Some(desk) = self.desks.get_mut(to) {
                desk.batch.taken.push((shard, taker));
            }
        }
    }

    /// Writes what is there, and waits for what must be done before there may
    /// be more tasks.
    fn write(&mut self) -> io::Result<()> {
        self.merger.write_ready()?;
        let far = (self.sent + BATCH_TASKS as u64).saturating_sub(PERIOD);
        let next = self.under_way.sent(self.sent, MOST_BATCHES).unwrap_or(0);
        self.merger.write_to(far.max(next))
    }

    fn check(&mut self) -> io::Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }
}

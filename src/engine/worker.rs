//! A thread that does the tasks of some shards and renders what they tell.

use std::cell::RefCell;
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvError, Sender};

use super::batch::{Batch, Chunk, Piece};
use super::sharing::Sharing;
use crate::analyzer::{Options, Reserve, Resource, Shard, Surroundings};
use crate::output::{Mark, Spool, View};
use crate::types::{Event, Kind, Sink, Source};

/// Rendered bytes that are worth being sent before the end of a batch.
const CHUNK: usize = 128 << 10;

/// What a worker is given.
pub(super) struct Worker<'a> {
    pub(super) number: usize,
    /// Its shards, each in the place of its number.
    pub(super) shards: Vec<Option<&'a mut Shard>>,
    pub(super) options: &'a Options,
    pub(super) sharing: &'a Sharing<'a>,
    pub(super) view: Box<dyn View>,
    pub(super) ports: Ports<'a>,
}

/// Where a worker is reached.
pub(super) struct Ports<'a> {
    pub(super) batches: Receiver<Batch<'a>>,
    pub(super) chunks: Sender<Chunk>,
    /// Buffers on their way back, both ways.
    pub(super) done_batches: Sender<Batch<'a>>,
    pub(super) done_chunks: Receiver<Chunk>,
}

impl Worker<'_> {
    /// Works until there is nothing more to do, or nobody wants it.
    pub(super) fn run(self) {
        let Self { number, mut shards, options, sharing, view, ports } = self;
        let Ports { batches, chunks, done_batches, done_chunks } = ports;
        let _presence = Presence { sharing, number };
        let mut workspace = options.workspace();
        let mut sources: Arc<[Source]> = Arc::new([]);
        let mut scribe = Scribe::new(number, view, sharing, chunks, done_chunks);
        for mut batch in &batches {
            if hand_over(&mut shards, &mut batch).is_err() {
                break;
            }
            let begin = Instant::now();
            if let Some(more) = &batch.sources {
                sources = Arc::clone(more);
            }
            for task in batch.tasks() {
                sharing.has_done(number, task.order);
                scribe.order = task.order;
                let mut around = Surroundings {
                    options,
                    workspace: &mut workspace,
                    sources: &sources,
                    host: &mut scribe,
                };
                let shard = shards.get_mut(task.shard).and_then(Option::as_mut);
                debug_assert!(shard.is_some(), "shard {} is somewhere else", task.shard);
                if let Some(shard) = shard {
                    shard.work(&task, &mut around);
                }
                if scribe.spool.len() >= CHUNK {
                    scribe.send(task.order);
                }
            }
            sharing.has_done(number, batch.until + 1);
            scribe.send(batch.until);
            if !scribe.is_wanted() {
                break;
            }
            // When nobody takes it, it was the last.
            let _ = done_batches.send(batch.emptied(begin.elapsed()));
        }
    }
}

/// Gives shards away and waits for others, which come when their workers begin
/// with the batch of the same time. It fails when one of those has gone.
fn hand_over<'a>(
    shards: &mut [Option<&'a mut Shard>],
    batch: &mut Batch<'a>,
) -> Result<(), RecvError> {
    for (number, taker) in batch.given.drain(..) {
        if let Some(shard) = shards.get_mut(number).and_then(Option::take) {
            // Who has gone needs none.
            let _ = taker.send(shard);
        }
    }
    for (number, giver) in batch.taken.drain(..) {
        if let Some(place) = shards.get_mut(number) {
            *place = Some(giver.recv()?);
        }
    }
    Ok(())
}

/// While it is there others may wait for the worker, be it that it panics.
struct Presence<'a> {
    sharing: &'a Sharing<'a>,
    number: usize,
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        self.sharing.has_gone(self.number);
    }
}

/// Renders events and sends them off.
struct Scribe<'a> {
    worker: usize,
    view: Box<dyn View>,
    spool: Spool,
    sheet: Rc<RefCell<Sheet>>,
    sharing: &'a Sharing<'a>,
    /// The task at hand.
    order: u64,
}

/// What belongs to the bytes in the spool.
struct Sheet {
    pieces: Vec<Piece>,
    /// The sum of their lengths.
    length: usize,
    /// The event at hand; no mark where a part of it was sent.
    order: u64,
    mark: Option<Mark>,
    messages: u64,
    chunks: Sender<Chunk>,
    done_chunks: Receiver<Chunk>,
    is_wanted: bool,
}

impl<'a> Scribe<'a> {
    fn new(
        worker: usize,
        view: Box<dyn View>,
        sharing: &'a Sharing<'a>,
        chunks: Sender<Chunk>,
        done_chunks: Receiver<Chunk>,
    ) -> Self {
        let sheet = Rc::new(RefCell::new(Sheet {
            pieces: Vec::new(),
            length: 0,
            order: 0,
            mark: None,
            messages: 0,
            chunks,
            done_chunks,
            is_wanted: true,
        }));
        let spool = Spool::new(Outlet(Rc::clone(&sheet)));
        Self { worker, view, spool, sheet, sharing, order: 0 }
    }

    /// Sends everything of the tasks up to `done_to`.
    fn send(&mut self, done_to: u64) {
        let mut sheet = self.sheet.borrow_mut();
        let Chunk { bytes, pieces, .. } = sheet.spare();
        let bytes = std::mem::replace(&mut *self.spool, bytes);
        sheet.send(bytes, pieces, done_to);
    }

    fn is_wanted(&self) -> bool {
        self.sheet.borrow().is_wanted
    }
}

impl Sink for Scribe<'_> {
    fn event(&mut self, event: &Event<'_>) {
        let mark = self.view.mark(event);
        {
            let mut sheet = self.sheet.borrow_mut();
            (sheet.order, sheet.mark) = (self.order, Some(mark));
            sheet.messages += u64::from(matches!(event.kind, Kind::Message(_)));
        }
        self.view.event(event, &mut self.spool);
        self.sheet.borrow_mut().close(self.spool.len());
    }
}

impl Reserve for Scribe<'_> {
    fn ask(&mut self, resource: Resource, order: u64, bytes: usize) -> bool {
        // Others may have to be read before they can come so far, and are not
        // while there could be something of this worker that goes before.
        self.send(order - 1);
        self.sharing.at(self.worker, order).ask(resource, order, bytes)
    }

    fn release(&mut self, resource: Resource, order: u64, bytes: usize) {
        self.sharing.now().release(resource, order, bytes);
    }

    fn is_short(&mut self, checkpoints: RangeInclusive<u64>) -> bool {
        self.sharing.now().is_short(checkpoints)
    }
}

impl Sheet {
    /// Adds to the piece at hand what there is by now.
    fn close(&mut self, length: usize) {
        let more = length - self.length;
        self.length = length;
        let (order, mark) = (self.order, self.mark);
        let joins = |last: &Piece| match (mark, last.mark) {
            (Some(mark), Some(last)) => mark.joins(last),
            (None, _) => true,
            (Some(_), None) => false,
        };
        match self.pieces.last_mut() {
            Some(last) if last.order == order && joins(last) => last.length += more,
            _ => self.pieces.push(Piece { order, mark, length: more }),
        }
    }

    /// Sends bytes and the pieces that they are made of, to go on with others.
    fn send(&mut self, bytes: Vec<u8>, others: Vec<Piece>, done_to: u64) {
        self.length = 0;
        let pieces = std::mem::replace(&mut self.pieces, others);
        let messages = std::mem::take(&mut self.messages);
        let sent = self.chunks.send(Chunk { bytes, pieces, done_to, messages });
        self.is_wanted = sent.is_ok();
    }

    /// Sends the first bytes of the spool: all of the events before, as a view
    /// holds back nothing but what is its event's, and a part of that.
    fn send_a_part(&mut self, part: &[u8]) {
        self.close(self.length.max(part.len()));
        let Chunk { mut bytes, pieces, .. } = self.spare();
        bytes.extend_from_slice(part);
        self.send(bytes, pieces, self.order - 1);
        self.mark = None;
    }

    /// An empty one, with memory of one that was written.
    fn spare(&mut self) -> Chunk {
        let mut chunk = self.done_chunks.try_recv().unwrap_or_default();
        chunk.pieces.clear();
        chunk.bytes.clear();
        chunk
    }
}

/// Sends what comes in the middle of an event.
struct Outlet(Rc<RefCell<Sheet>>);

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut sheet = self.0.borrow_mut();
        sheet.send_a_part(bytes);
        if sheet.is_wanted { Ok(bytes.len()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

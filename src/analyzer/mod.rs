//! Packets in, events out: the only place that joins the layers.
//!
//! For each conversation there is a [`Stream`](crate::tcp::Stream) and, on top of it, what
//! its bytes turned out to be:
//!
//! ```text
//!              ┌─────────► WebSocket ────────┐
//!   Http ──────┤  101, or frames in          ├──► ended
//!     ▲        │  mid-stream                 │
//!     │        └─────────► (other) ──────────┘
//!     │ a head begins,        │ nothing is kept but the conversation's
//!     └───────────────────────┘ place in the table
//!       or, in mid-stream,
//!       what looks like frames
//! ```

mod connection;
mod context;
mod conversation;
mod dispatcher;
mod half;
mod pool;
mod shard;
mod standing;
mod statistics;
mod task;
mod teller;
#[cfg(test)]
mod tests;

pub(crate) use dispatcher::{Dispatcher, Taker};
pub(crate) use pool::{Reserve, Reserves, Resource};
pub(crate) use shard::{Shard, Surroundings};
pub use standing::{Interest, Known, Part, Standing};
pub use statistics::Statistics;
pub(crate) use task::Task;

use std::ops::RangeInclusive;

use standing::Place;

use crate::filter::{Filter, LeftOut, Scratch};
use crate::payload::{Insides, Story};
use crate::types::{
    BinaryFormat, Conversation, Direction, Event, Limits, Packet, Sink, Source, Timestamp,
};
use crate::websocket;

/// Which conversations are looked into, by their two ends.
pub type Select = Box<dyn Fn(&Conversation) -> bool + Send + Sync>;

/// Which conversations are WebSocket though nothing shows it, and in which
/// direction their client sends.
pub type Clients = Box<dyn Fn(&Conversation) -> Option<Direction> + Send + Sync>;

/// What an [`Analyzer`] is to do.
#[derive(Default)]
pub struct Options {
    /// Bounds on memory.
    pub limits: Limits,
    /// Tell each frame.
    pub frames: bool,
    /// Tell the SHA-256 of each message.
    pub sha256: bool,
    /// Leave out what protocols inside say in words: summaries and readable bodies,
    /// which only people need.
    pub without_words: bool,
    /// Look only into these conversations; the others keep their numbers.
    pub select: Option<Select>,
    /// Tell only these events, and look only into conversations that can have
    /// any.
    pub filter: Option<Filter>,
    /// Tell the handshake and the end of each connection of which the filter may select
    /// something, even if it does not select these: to a view that has to know the
    /// connection of what it is told, and asks the filter itself.
    pub whole_connections: bool,
    /// Leave these out of what is told.
    pub left_out: LeftOut,
    /// Take these for WebSocket where there is no handshake, without proof by
    /// their bytes.
    pub websocket: Option<Clients>,
    /// Read binary messages as the first of these that fits, where no protocol and
    /// no signature shows what they are.
    pub decode: Vec<BinaryFormat>,
}

impl Options {
    fn selects(&self, conversation: &Conversation, stream: u64) -> bool {
        self.select.as_ref().is_none_or(|select| select(conversation))
            && self.filter.as_ref().is_none_or(|filter| filter.may_select(conversation, stream))
    }

    /// Room for shards to work with these options, one for each thread.
    pub(crate) fn workspace(&self) -> Workspace {
        let websocket = websocket::Workspace::new(&self.limits, self.sha256);
        let story = Story::new(&self.limits).with_words(!self.without_words);
        let insides = Insides::new(&self.limits, self.decode.clone());
        Workspace { websocket, story, insides, filter: Scratch::default(), recognised: Vec::new() }
    }
}

/// Room to work.
pub(crate) struct Workspace {
    /// For decoders.
    websocket: websocket::Workspace,
    /// For what protocols inside say.
    story: Story,
    /// For what binary messages hold.
    insides: Insides,
    /// For the filter.
    filter: Scratch,
    /// Conversations that became WebSocket lately, by their numbers.
    recognised: Vec<u64>,
}

/// Parts into which conversations are divided, however many threads there are.
pub(crate) const SHARDS: usize = 64;

/// Tasks between two checkpoints. No thread may be as far ahead of another.
pub(crate) const PERIOD: u64 = 8192;

/// Finds the WebSocket traffic in packets.
///
/// Give it each packet in order with [`Analyzer::packet`], then call
/// [`Analyzer::finish`]. In a live capture, call [`Analyzer::advance`] while
/// time passes.
///
/// To use several threads, the engine takes it apart.
pub struct Analyzer {
    options: Options,
    dispatcher: Dispatcher,
    shards: Vec<Shard>,
    reserves: Reserves,
    workspace: Workspace,
}

/// What an [`Analyzer`] consists of: the dispatcher makes tasks of packets, and
/// each shard does its own.
pub(crate) struct Parts<'a> {
    /// What is to be done.
    pub options: &'a Options,
    /// Makes tasks of packets.
    pub dispatcher: &'a mut Dispatcher,
    /// Do them.
    pub shards: &'a mut [Shard],
    /// What the shards share.
    pub reserves: &'a mut Reserves,
}

impl Analyzer {
    /// An analyzer that has seen nothing yet.
    pub fn new(options: Options) -> Self {
        Self {
            dispatcher: Dispatcher::new(&options.limits),
            shards: (0..SHARDS).map(|_| Shard::new(&options)).collect(),
            reserves: Reserves::new(&options.limits),
            workspace: options.workspace(),
            options,
        }
    }

    /// Takes one packet. `sources` are the capture's, by
    /// [`SourceId`](crate::types::SourceId).
    pub fn packet(&mut self, packet: &Packet<'_>, sources: &[Source], sink: &mut dyn Sink) {
        self.dispatch(sources, sink, |dispatcher, options, taker| {
            dispatcher.packet(packet, options, taker);
        });
    }

    /// Takes one packet that is not to be looked into, so that the numbers of
    /// conversations are the same as if it were.
    pub fn pass_over(&mut self, packet: &Packet<'_>, sources: &[Source], sink: &mut dyn Sink) {
        self.dispatch(sources, sink, |dispatcher, options, taker| {
            dispatcher.pass_over(packet, &options.limits, taker);
        });
    }

    /// Takes note that it is `time`, and every packet up to then was given:
    /// what was waited for in vain is told, and conversations that were silent
    /// for too long are forgotten. It looks at them twice a second at the most.
    ///
    /// Without it the times of packets serve; only what waits in a
    /// conversation of which no more packets come then waits for the end.
    pub fn advance(&mut self, time: Timestamp, sources: &[Source], sink: &mut dyn Sink) {
        self.dispatch(sources, sink, |dispatcher, options, taker| {
            dispatcher.advance(time, &options.limits, taker);
        });
    }

    /// Tells what is left, as no more packets will come.
    pub fn finish(&mut self, sources: &[Source], sink: &mut dyn Sink) {
        self.dispatch(sources, sink, |dispatcher, _, taker| dispatcher.finish(taker));
    }

    /// Its parts, for several threads.
    pub(crate) fn parts(&mut self) -> Parts<'_> {
        let Self { options, dispatcher, shards, reserves, .. } = self;
        Parts { options, dispatcher, shards, reserves }
    }

    /// Packets taken so far.
    pub fn packets(&self) -> u64 {
        self.dispatcher.packets()
    }

    /// Whose the packet taken last was.
    pub fn standing(&self) -> Standing {
        self.dispatcher.standing()
    }

    /// What a conversation is known to be by now. One that was forgotten long
    /// ago is [`Interest::Other`].
    pub fn interest(&self, conversation: &Known) -> Interest {
        match conversation.place {
            Place::None => Interest::Undecided,
            Place::Unselected => Interest::Other,
            Place::At { shard, slot } => {
                let shard = self.shards.get(usize::from(shard));
                shard.map_or(Interest::Other, |shard| {
                    shard.interest(slot as usize, conversation.stream)
                })
            }
        }
    }

    /// Conversations that the last call found to be WebSocket. Some have ended by
    /// it, and are nothing that [`Analyzer::interest`] knows any more.
    pub(crate) fn recognised(&self) -> &[u64] {
        &self.workspace.recognised
    }

    /// What was counted so far.
    pub fn statistics(&self) -> Statistics {
        let mut statistics = self.dispatcher.statistics();
        for shard in &self.shards {
            statistics.add(&shard.statistics());
        }
        statistics
    }

    /// Lets the shards do what the dispatcher makes of something.
    #[inline]
    fn dispatch(
        &mut self,
        sources: &[Source],
        sink: &mut dyn Sink,
        work: impl FnOnce(&mut Dispatcher, &Options, &mut Hand<'_>),
    ) {
        let Self { options, dispatcher, shards, reserves, workspace } = self;
        workspace.recognised.clear();
        let mut host = OneThread { sink, reserves };
        let around = Surroundings { options, workspace, sources, host: &mut host };
        work(dispatcher, options, &mut Hand { shards, around });
    }

    /// Bytes that conversations keep.
    #[cfg(test)]
    fn memory(&self) -> usize {
        self.shards.iter().map(Shard::memory).sum()
    }
}

/// Takes the events of all shards, which are on one thread.
struct OneThread<'a> {
    sink: &'a mut dyn Sink,
    reserves: &'a mut Reserves,
}

impl Sink for OneThread<'_> {
    #[inline]
    fn event(&mut self, event: &Event<'_>) {
        self.sink.event(event);
    }
}

impl Reserve for OneThread<'_> {
    fn ask(&mut self, resource: Resource, order: u64, bytes: usize) -> bool {
        self.reserves.ask(resource, order, bytes)
    }

    fn release(&mut self, resource: Resource, order: u64, bytes: usize) {
        self.reserves.release(resource, order, bytes);
    }

    fn is_short(&mut self, checkpoints: RangeInclusive<u64>) -> bool {
        self.reserves.is_short(checkpoints)
    }
}

/// Does each task at once.
struct Hand<'a> {
    shards: &'a mut [Shard],
    around: Surroundings<'a>,
}

impl Taker for Hand<'_> {
    #[inline]
    fn task(&mut self, task: &Task<'_>) {
        if let Some(shard) = self.shards.get_mut(task.shard) {
            shard.work(task, &mut self.around);
        }
    }
}

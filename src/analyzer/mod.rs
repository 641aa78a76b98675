//! Packets in, events out: the only place that joins the layers.
//!
//! For each conversation there is a [`tcp::Stream`] and, on top of it, what
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
mod conversation;
mod half;
mod statistics;
mod teller;
#[cfg(test)]
mod tests;

pub use statistics::Statistics;

use std::time::Duration;

use conversation::{Live, State};

use crate::http::{Probe, probe};
use crate::net::Decoder;
use crate::tcp::{self, Entry, Found, History, Table};
use crate::types::{
    Connection, Conversation, Direction, EndState, Event, Kind, Limits, Origin, Packet, Segment,
    Sink, Source, Timestamp,
};
use crate::websocket::{Workspace, looks_like_frames};

/// Bytes of delivered data that retransmissions are compared with.
const HISTORY: usize = 1 << 20;

/// How often silent conversations are looked at.
const ADVANCE_INTERVAL: Duration = Duration::from_millis(500);

/// Which conversations are looked into.
pub type Select = Box<dyn Fn(&Conversation) -> bool + Send>;

/// Which conversations are WebSocket though nothing shows it, and in which
/// direction their client sends.
pub type Clients = Box<dyn Fn(&Conversation) -> Option<Direction> + Send>;

/// What an [`Analyzer`] is to do.
#[derive(Default)]
pub struct Options {
    /// Bounds on memory.
    pub limits: Limits,
    /// Tell each frame.
    pub frames: bool,
    /// Tell the SHA-256 of each message.
    pub sha256: bool,
    /// Look only into these conversations; the others keep their numbers.
    pub select: Option<Select>,
    /// Take these for WebSocket where there is no handshake, without proof by
    /// their bytes.
    pub websocket: Option<Clients>,
}

impl Options {
    fn selects(&self, conversation: &Conversation) -> bool {
        self.select.as_ref().is_none_or(|select| select(conversation))
    }
}

/// Finds the WebSocket traffic in packets.
///
/// Give it each packet in order with [`Analyzer::packet`], then call
/// [`Analyzer::finish`]. In a live capture, call [`Analyzer::advance`] while
/// time passes.
pub struct Analyzer {
    options: Options,
    net: Decoder,
    table: Table<State>,
    shared: Shared,
    advanced: Option<Timestamp>,
}

/// What the conversations share.
struct Shared {
    history: History,
    buffered: usize,
    /// Bytes that the layers above TCP keep.
    memory: usize,
    overflows: u64,
    workspace: Workspace,
    statistics: Statistics,
}

/// What the layers of one conversation need from outside while they work.
struct Context<'a> {
    report: Report<'a>,
    workspace: &'a mut Workspace,
    memory: &'a mut usize,
}

/// Where events and counts go.
struct Report<'a> {
    options: &'a Options,
    statistics: &'a mut Statistics,
    sources: &'a [Source],
    sink: &'a mut dyn Sink,
    conversation: Conversation,
    stream: u64,
}

impl Analyzer {
    /// An analyzer that has seen nothing yet.
    pub fn new(options: Options) -> Self {
        Self {
            net: Decoder::new(&options.limits),
            table: Table::new(options.limits.conversations),
            shared: Shared {
                history: History::new(HISTORY),
                buffered: 0,
                memory: 0,
                overflows: 0,
                workspace: Workspace::new(&options.limits, options.sha256),
                statistics: Statistics::default(),
            },
            advanced: None,
            options,
        }
    }

    /// Takes one packet. `sources` are the capture's, by
    /// [`SourceId`](crate::types::SourceId).
    pub fn packet(&mut self, packet: &Packet<'_>, sources: &[Source], sink: &mut dyn Sink) {
        if (packet.data.len() as u64) < u64::from(packet.original_length) {
            self.shared.statistics.cut_packets += 1;
        }
        self.take(packet, sources, sink, Interest::Content);
    }

    /// Takes one packet that is not to be looked into, so that the numbers of
    /// conversations are the same as if it were.
    pub fn pass_over(&mut self, packet: &Packet<'_>, sources: &[Source], sink: &mut dyn Sink) {
        self.shared.statistics.passed_over += 1;
        self.take(packet, sources, sink, Interest::Numbers);
    }

    /// Takes note that it is `time`, and every packet up to then was given:
    /// what was waited for in vain is told, and conversations that were silent
    /// for too long are forgotten. It looks at them twice a second at the most.
    ///
    /// Without it the times of packets serve; only what waits in a
    /// conversation of which no more packets come then waits for the end.
    pub fn advance(&mut self, time: Timestamp, sources: &[Source], sink: &mut dyn Sink) {
        let since = |last: Timestamp| time.since(last).max(last.since(time));
        if self.advanced.is_some_and(|last| since(last) < ADVANCE_INTERVAL) {
            return;
        }
        self.advanced = Some(time);
        let limits = &self.options.limits;
        let expired = self.table.expire_at(time, |entry| lifetime(entry, limits));
        Worker { options: &self.options, shared: &mut self.shared, sources, sink }.expire(expired);
        for (conversation, entry) in self.table.iter_mut() {
            let State::Live(live) = &mut entry.state else {
                continue;
            };
            let (mut context, mut shared) =
                self.shared.split(&self.options, sources, sink, conversation, entry.stream);
            if let Some(state) = live.advance(time, &mut shared, &mut context).next_state() {
                entry.state = state;
            }
        }
        self.shed(sources, sink);
    }

    fn take(
        &mut self,
        packet: &Packet<'_>,
        sources: &[Source],
        sink: &mut dyn Sink,
        interest: Interest,
    ) {
        // Why there is none is counted where it is found.
        let Ok(segment) = self.net.decode(packet) else {
            return;
        };
        let limits = &self.options.limits;
        let expired = self.table.expire(segment.origin.time, |entry| lifetime(entry, limits));
        let Found { conversation, direction, entry, replaced, evicted } = self.table.find(&segment);
        let mut gone = Worker { options: &self.options, shared: &mut self.shared, sources, sink };
        gone.expire(expired);
        if let Some(entry) = replaced {
            // Its ports are free again: it was closed, seen or not.
            gone.finish(conversation, entry, Some(EndState::TcpClosed));
        }
        for (conversation, entry) in evicted {
            let matters = matches!(entry.state, State::Live(_));
            gone.shared.statistics.evicted += u64::from(matters);
            gone.finish(conversation, entry, Some(EndState::Evicted));
        }
        if interest == Interest::Numbers {
            return;
        }
        if matches!(entry.state, State::New) && !self.options.selects(&conversation) {
            self.shared.statistics.unselected += 1;
            entry.state = State::Unselected;
        }
        let (mut context, mut shared) =
            self.shared.split(&self.options, sources, sink, conversation, entry.stream);
        match entry.state {
            // Before the first byte there is nothing to keep but the SYNs.
            State::New if !segment.payload.is_empty() => {
                let syns = Direction::BOTH.map(|direction| (direction, entry.syn(direction)));
                let is_begun_before = syns.iter().all(|(_, syn)| syn.is_none());
                context.report.statistics.begun_before += u64::from(is_begun_before);
                let live = Live::new(segment.origin, syns, &mut shared, &mut context);
                entry.state = State::Live(Box::new(live));
            }
            State::Watching { may_be_websocket } if may_begin(&segment, may_be_websocket) => {
                let live = Live::new(segment.origin, [], &mut shared, &mut context);
                entry.state = State::Live(Box::new(live));
            }
            _ => {}
        }
        let State::Live(live) = &mut entry.state else {
            return;
        };
        let fate = live.segment(&segment, direction, &mut shared, &mut context);
        if let Some(state) = fate.next_state() {
            entry.state = state;
        }
        self.shed(sources, sink);
    }

    /// Lets the least recently active conversations give up what they keep
    /// where it is more than the limit. Less than that is left, so that not
    /// each packet has to look for them.
    fn shed(&mut self, sources: &[Source], sink: &mut dyn Sink) {
        let limit = self.options.limits.memory;
        if self.shared.memory <= limit {
            return;
        }
        for (conversation, entry) in self.table.iter_mut() {
            if self.shared.memory <= limit / 4 * 3 {
                return;
            }
            if let State::Live(live) = &mut entry.state {
                let (mut context, _) =
                    self.shared.split(&self.options, sources, sink, conversation, entry.stream);
                live.shed(&mut context);
            }
        }
    }

    /// Tells what is left, as no more packets will come.
    pub fn finish(&mut self, sources: &[Source], sink: &mut dyn Sink) {
        let mut open = Vec::new();
        for (conversation, entry) in self.table.drain() {
            let stream = entry.stream;
            let mut worker =
                Worker { options: &self.options, shared: &mut self.shared, sources, sink };
            if let Some(live) = worker.finish(conversation, entry, None) {
                open.push((conversation, stream, live));
            }
        }
        for (conversation, stream, mut live) in open {
            let (mut context, _) =
                self.shared.split(&self.options, sources, sink, conversation, stream);
            live.end(EndState::Open, &mut context);
        }
    }

    /// Packets taken so far.
    pub fn packets(&self) -> u64 {
        self.net.packets()
    }

    /// What was counted so far.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            net: self.net.counters(),
            conversations: self.table.count(),
            overflows: self.shared.overflows,
            ..self.shared.statistics.clone()
        }
    }
}

/// What is wanted of a packet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Interest {
    Content,
    Numbers,
}

/// For how long a conversation may be silent.
fn lifetime(entry: &Entry<State>, limits: &Limits) -> Duration {
    let is_over = match entry.state {
        // Its end is judged by what lies on top.
        State::Live(_) => false,
        State::Ended => true,
        State::New | State::Watching { .. } | State::Unselected => entry.looks_over(),
    };
    if is_over { limits.closed_time.min(limits.idle_time) } else { limits.idle_time }
}

/// Ends conversations that have left the table.
struct Worker<'a> {
    options: &'a Options,
    shared: &'a mut Shared,
    sources: &'a [Source],
    sink: &'a mut dyn Sink,
}

impl Worker<'_> {
    /// Ends conversations that were silent for too long.
    fn expire(&mut self, expired: Vec<(Conversation, Entry<State>)>) {
        for (conversation, entry) in expired {
            let stream = entry.stream;
            let Some(mut live) = self.finish(conversation, entry, None) else {
                continue;
            };
            self.shared.statistics.expired += 1;
            let (mut context, _) =
                self.shared.split(self.options, self.sources, self.sink, conversation, stream);
            live.end(EndState::Evicted, &mut context);
        }
    }

    /// Tells what is left of a conversation and ends it as `state`. Without
    /// one it ends only if it was seen closing; otherwise it comes back.
    fn finish(
        &mut self,
        conversation: Conversation,
        entry: Entry<State>,
        state: Option<EndState>,
    ) -> Option<Box<Live>> {
        let State::Live(mut live) = entry.state else {
            return None;
        };
        let (mut context, mut shared) =
            self.shared.split(self.options, self.sources, self.sink, conversation, entry.stream);
        live.finish(&mut shared, &mut context);
        match state.or_else(|| live.is_closing().then_some(EndState::TcpClosed)) {
            Some(state) => {
                live.end(state, &mut context);
                None
            }
            None => Some(live),
        }
    }
}

impl Shared {
    fn split<'a>(
        &'a mut self,
        options: &'a Options,
        sources: &'a [Source],
        sink: &'a mut dyn Sink,
        conversation: Conversation,
        stream: u64,
    ) -> (Context<'a>, tcp::Shared<'a>) {
        let report = Report {
            options,
            statistics: &mut self.statistics,
            sources,
            sink,
            conversation,
            stream,
        };
        let context = Context { report, workspace: &mut self.workspace, memory: &mut self.memory };
        let shared = tcp::Shared {
            limits: &options.limits,
            history: &mut self.history,
            buffered: &mut self.buffered,
            overflows: &mut self.overflows,
        };
        (context, shared)
    }
}

impl Report<'_> {
    /// Tells an event.
    fn tell(&mut self, connection: &Connection, origin: Origin, kind: Kind<'_>) {
        let source = self.sources.get(origin.source.0 as usize).unwrap_or(&ONLY_SOURCE);
        self.sink.event(&Event { origin, source, connection, kind });
    }
}

/// The source of packets where it goes without saying.
const ONLY_SOURCE: Source = Source { file: None, interface: None };

/// Whether a conversation that is only watched may become HTTP here, or
/// WebSocket.
fn may_begin(segment: &Segment<'_>, may_be_websocket: bool) -> bool {
    let payload = segment.payload;
    !payload.is_empty()
        && (probe(payload) != Probe::NotForUs || may_be_websocket && looks_like_frames(payload))
}

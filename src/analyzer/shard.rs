//! A part of the conversations, and all that they share.

use super::context::{Context, Report};
use super::conversation::{Live, State};
use super::pool::{Budget, Reserve, Resource};
use super::standing::Interest;
use super::task::{Leaving, Opening, Task, Work};
use super::{Options, Statistics, Workspace};
use crate::http::{Probe, probe};
use crate::tcp::{self, History};
use crate::types::{Conversation, Direction, EndState, Segment, Sink, Source, Timestamp};
use crate::websocket::looks_like_frames;

/// Bytes of delivered data that retransmissions are compared with: as many as
/// stay in the cache, of all shards.
const HISTORY: usize = 32 << 10;

/// What a chunk out of order may cost beside its bytes.
const REORDER_MARGIN: usize = 4 << 10;

/// One of the [`SHARDS`](super::SHARDS) parts into which conversations are
/// divided by their ends. What becomes of one does not depend on the others.
///
/// Its neighbours in memory may be another thread's, with which it shares no
/// cache line. Processors fetch lines in pairs.
#[repr(align(128))]
pub(crate) struct Shard {
    slots: Vec<Slot>,
    /// A bit for each slot: whether something was told of its conversation. In the
    /// slot it would take eight bytes.
    are_websocket: Vec<u64>,
    history: History,
    reorder: Budget,
    memory: Budget,
    overflows: u64,
    statistics: Statistics,
    checkpoint: u64,
    /// Its latest packet, and the latest before the last checkpoint.
    packet: u64,
    packet_before: u64,
}

/// A conversation.
struct Slot {
    conversation: Conversation,
    stream: u64,
    state: State,
}

/// What shards need of the thread that they are on.
pub(crate) struct Surroundings<'a> {
    /// What is to be done.
    pub options: &'a Options,
    /// Room to work.
    pub workspace: &'a mut Workspace,
    /// The capture's sources, by [`SourceId`](crate::types::SourceId).
    pub sources: &'a [Source],
    /// What takes the events, and where more memory comes from.
    pub host: &'a mut dyn Host,
}

/// Takes the events of shards and knows what is left for all of them. It is
/// never asked for more while it takes an event.
pub(crate) trait Host: Sink + Reserve {}

impl<T: Sink + Reserve> Host for T {}

impl Shard {
    /// A shard without conversations.
    pub(crate) fn new(options: &Options) -> Self {
        let limits = &options.limits;
        Self {
            slots: Vec::new(),
            are_websocket: Vec::new(),
            history: History::new(HISTORY),
            reorder: Budget::new(Resource::Reorder, limits.reorder_total),
            memory: Budget::new(Resource::Memory, limits.memory),
            overflows: 0,
            statistics: Statistics::default(),
            checkpoint: 0,
            packet: 0,
            packet_before: 0,
        }
    }

    /// Does one task.
    pub(crate) fn work(&mut self, task: &Task<'_>, around: &mut Surroundings<'_>) {
        let (slot, order) = (task.slot, task.order);
        match &task.work {
            Work::Segment(segment, direction) => {
                self.segment(slot, segment, *direction, order, around);
            }
            Work::Open(opening) => self.open(slot, opening),
            Work::Leave(leaving) => self.leave(slot, *leaving, around),
            Work::Finish => self.finish(slot, None, around),
            Work::End => self.end(slot, EndState::Open, around),
            Work::Advance(time) => self.advance(*time, around),
            Work::Checkpoint(number) => self.check(*number, order, around),
        }
        if !self.memory.has_room(0, order, around.host) {
            // Less is left, so that not each packet has to look for more.
            let enough = self.memory.allowed() / 16 * 15;
            self.shed(|shard, _| shard.memory.used > enough, around);
            self.memory.forget_peak();
            self.memory.checkpoint(order, around.host);
        }
    }

    /// What was counted so far, without what the dispatcher counts.
    pub(crate) fn statistics(&self) -> Statistics {
        Statistics { overflows: self.overflows, ..self.statistics.clone() }
    }

    /// What the conversation in this slot is known to be by now, if it is still
    /// the one of this number.
    pub(super) fn interest(&self, slot: usize, stream: u64) -> Interest {
        let word = self.are_websocket.get(slot / 64);
        let is_websocket = word.is_some_and(|word| word >> (slot % 64) & 1 == 1);
        match self.slots.get(slot).filter(|slot| slot.stream == stream).map(|slot| &slot.state) {
            None => Interest::Other,
            Some(_) if is_websocket => Interest::WebSocket,
            Some(State::Watching { .. } | State::Ended) => Interest::Other,
            Some(State::New(_) | State::Live(_)) => Interest::Undecided,
        }
    }

    /// Bytes that conversations keep.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.memory.used
    }

    fn open(&mut self, slot: usize, opening: &Opening) {
        let Opening { conversation, stream, syns } = *opening;
        if syns.iter().all(Option::is_none) {
            self.statistics.begun_before += 1;
        }
        let fresh = Slot { conversation, stream, state: State::New(syns) };
        match self.slots.get_mut(slot) {
            Some(place) => *place = fresh,
            None => {
                // Not by as much again: there may be very many.
                if self.slots.len() == self.slots.capacity() {
                    self.slots.reserve_exact(self.slots.len() / 8 + 16);
                }
                self.slots.push(fresh);
            }
        }
        self.mark(slot, false);
    }

    fn segment(
        &mut self,
        slot: usize,
        segment: &Segment<'_>,
        direction: Direction,
        order: u64,
        around: &mut Surroundings<'_>,
    ) {
        let room = segment.payload.len() + REORDER_MARGIN;
        self.packet = segment.origin.packet;
        // Where it cannot be had, holes are given up earlier.
        let _ = self.reorder.has_room(room, order, around.host);
        self.with(slot, around, |state, shared, context| {
            match state {
                State::New(syns) => {
                    let syns = Direction::BOTH.into_iter().zip(*syns);
                    let live = Live::new(segment.origin, syns, shared, context);
                    *state = State::Live(Box::new(live));
                }
                State::Watching { may_be_websocket } if may_begin(segment, *may_be_websocket) => {
                    let live = Live::new(segment.origin, [], shared, context);
                    *state = State::Live(Box::new(live));
                }
                _ => {}
            }
            let State::Live(live) = state else {
                return;
            };
            if let Some(next) = live.segment(segment, direction, shared, context).next_state() {
                *state = next;
            }
        });
    }

    fn leave(&mut self, slot: usize, leaving: Leaving, around: &mut Surroundings<'_>) {
        let is_live = matches!(self.slots.get(slot), Some(Slot { state: State::Live(_), .. }));
        match leaving {
            Leaving::Replaced | Leaving::Expired => {}
            Leaving::Evicted => self.statistics.evicted += u64::from(is_live),
        }
        let state = match leaving {
            Leaving::Expired => None,
            // Its ports are free again: it was closed, seen or not.
            Leaving::Replaced => Some(EndState::TcpClosed),
            Leaving::Evicted => Some(EndState::Evicted),
        };
        self.finish(slot, state, around);
        if let Some(Slot { state: State::Live(_), .. }) = self.slots.get(slot) {
            self.statistics.expired += 1;
            self.end(slot, EndState::Evicted, around);
        }
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.state = State::Ended;
        }
    }

    /// Tells what is left of a conversation and ends it as `state`. Without
    /// one it ends only if it was seen closing.
    fn finish(&mut self, slot: usize, end: Option<EndState>, around: &mut Surroundings<'_>) {
        self.with(slot, around, |state, shared, context| {
            let State::Live(live) = state else {
                return;
            };
            live.finish(shared, context);
            if let Some(end) = end.or_else(|| live.is_closing().then_some(EndState::TcpClosed)) {
                live.end(end, context);
                *state = State::Ended;
            }
        });
    }

    fn end(&mut self, slot: usize, end: EndState, around: &mut Surroundings<'_>) {
        self.with(slot, around, |state, _, context| {
            if let State::Live(live) = state {
                live.end(end, context);
                *state = State::Ended;
            }
        });
    }

    /// Gives up what was waited for in vain.
    fn advance(&mut self, time: Timestamp, around: &mut Surroundings<'_>) {
        for slot in self.by_activity(|_| true) {
            self.with(slot, around, |state, shared, context| {
                let State::Live(live) = state else {
                    return;
                };
                if let Some(next) = live.advance(time, shared, context).next_state() {
                    *state = next;
                }
            });
        }
    }

    /// Gives back what was not needed since the last checkpoint, and where
    /// there is not enough for all, what is kept for conversations that were
    /// silent since then.
    fn check(&mut self, number: u64, order: u64, around: &mut Surroundings<'_>) {
        // A thread that nobody asks for them.
        around.workspace.recognised.clear();
        let passed = self.checkpoint + 1..=number;
        self.checkpoint = number;
        let silent_since = std::mem::replace(&mut self.packet_before, self.packet);
        if around.host.is_short(passed) {
            self.shed(|_, live| live.latest_packet() <= silent_since, around);
            self.memory.forget_peak();
        }
        self.memory.checkpoint(order, around.host);
        self.reorder.checkpoint(order, around.host);
    }

    /// Lets conversations give up what they keep, the least recently active
    /// first, as long as they are to.
    fn shed(&mut self, is_to: impl Fn(&Self, &Live) -> bool, around: &mut Surroundings<'_>) {
        for slot in self.by_activity(Live::keeps_anything) {
            match self.slots.get(slot) {
                Some(Slot { state: State::Live(live), .. }) if is_to(self, live) => {}
                _ => return,
            }
            self.with(slot, around, |state, _, context| {
                if let State::Live(live) = state {
                    live.shed(context);
                }
            });
        }
    }

    /// The live conversations, the least recently active first.
    fn by_activity(&self, select: impl Fn(&Live) -> bool) -> Vec<usize> {
        let live = self.slots.iter().enumerate().filter_map(|(index, slot)| match &slot.state {
            State::Live(live) if select(live) => Some((live.latest_packet(), slot.stream, index)),
            _ => None,
        });
        let mut all: Vec<(u64, u64, usize)> = live.collect();
        all.sort_unstable();
        all.into_iter().map(|(.., index)| index).collect()
    }

    /// Lets a conversation work.
    fn with(
        &mut self,
        number: usize,
        around: &mut Surroundings<'_>,
        work: impl FnOnce(&mut State, &mut tcp::Shared<'_>, &mut Context<'_>),
    ) {
        let Some(slot) = self.slots.get_mut(number) else {
            return;
        };
        let stream = slot.stream;
        let Workspace { websocket: workspace, story, insides, filter: scratch, recognised } =
            &mut *around.workspace;
        let report = Report {
            options: around.options,
            statistics: &mut self.statistics,
            sources: around.sources,
            sink: &mut *around.host,
            scratch,
            conversation: slot.conversation,
            stream,
        };
        let mut context =
            Context { report, workspace, story, insides, memory: &mut self.memory.used };
        let allowed = self.reorder.allowed();
        let wanted = context.report.statistics.wanted;
        let mut shared = tcp::Shared {
            limits: &around.options.limits,
            history: &mut self.history,
            buffered: &mut self.reorder.used,
            allowed,
            overflows: &mut self.overflows,
        };
        work(&mut slot.state, &mut shared, &mut context);
        if context.report.statistics.wanted > wanted {
            recognised.push(stream);
            self.mark(number, true);
        }
    }

    /// Takes note whether something was told of the conversation in a slot.
    fn mark(&mut self, slot: usize, is_websocket: bool) {
        if self.are_websocket.len() <= slot / 64 {
            self.are_websocket.resize(slot / 64 + 1, 0);
        }
        if let Some(word) = self.are_websocket.get_mut(slot / 64) {
            *word = *word & !(1 << (slot % 64)) | u64::from(is_websocket) << (slot % 64);
        }
    }
}

/// Whether a conversation that is only watched may become HTTP here, or
/// WebSocket.
fn may_begin(segment: &Segment<'_>, may_be_websocket: bool) -> bool {
    let payload = segment.payload;
    !payload.is_empty()
        && (probe(payload) != Probe::NotForUs || may_be_websocket && looks_like_frames(payload))
}

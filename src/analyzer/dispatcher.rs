//! Which conversation packets belong to, and what is to be done with them.

use std::time::Duration;

use super::standing::{Known, Part, Place, Standing};
use super::task::{Leaving, Opening, Task, Work, shard_of};
use super::{Options, PERIOD, SHARDS, Statistics};
use crate::net::{Decoder, NoSegment};
use crate::tcp::{Entry, Found, Table};
use crate::types::{Direction, Limits, Packet, Segment, Timestamp};

/// How often silent conversations are looked at.
const ADVANCE_INTERVAL: Duration = Duration::from_millis(500);

/// Takes the tasks that come of a packet.
pub(crate) trait Taker {
    /// Takes one.
    fn task(&mut self, task: &Task<'_>);
}

/// Packets in, tasks for the shards out.
///
/// It alone numbers conversations and decides which are remembered. That
/// depends on nothing that a shard finds out, so that shards can lag behind.
pub(crate) struct Dispatcher {
    net: Decoder,
    table: Table<Place>,
    desk: Desk,
    advanced: Option<Timestamp>,
    /// Whose the last packet was.
    standing: Standing,
    statistics: Statistics,
}

/// Numbers tasks and slots.
struct Desk {
    order: u64,
    /// The last checkpoint.
    checkpoint: u64,
    slots: Vec<Slots>,
}

/// The slots of one shard.
#[derive(Clone, Default)]
struct Slots {
    used: u32,
    free: Vec<u32>,
}

impl Dispatcher {
    /// A dispatcher that has seen nothing yet.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            net: Decoder::new(limits),
            table: Table::new(limits.conversations),
            desk: Desk { order: 0, checkpoint: 0, slots: vec![Slots::default(); SHARDS] },
            advanced: None,
            standing: Standing::default(),
            statistics: Statistics::default(),
        }
    }

    /// Takes one packet.
    pub(crate) fn packet(
        &mut self,
        packet: &Packet<'_>,
        options: &Options,
        taker: &mut impl Taker,
    ) {
        if (packet.data.len() as u64) < u64::from(packet.original_length) {
            self.statistics.cut_packets += 1;
        }
        self.standing = Standing::default();
        // Why there is no segment is counted where it is found.
        let decoded = self.net.decode(packet);
        let segment = match &decoded {
            Ok(segment) => segment,
            Err(reason) => {
                if *reason == NoSegment::Fragment {
                    self.standing.part = Part::Datagram;
                }
                self.standing.datagram = self.net.datagram();
                return;
            }
        };
        let limits = &options.limits;
        let Self { table, desk, statistics, .. } = self;
        let (entry, direction) = find(segment, table, limits, desk, taker);
        if let Place::None = entry.state {
            let conversation = segment.flow.conversation().0;
            if !options.selects(&conversation, entry.stream) {
                statistics.unselected += 1;
                entry.state = Place::Unselected;
            } else if !segment.payload.is_empty() {
                // Before the first byte there is nothing to keep but the SYNs.
                let syns = Direction::BOTH.map(|direction| entry.syn(direction));
                let opening = Opening { conversation, stream: entry.stream, syns };
                entry.state = desk.open(opening, taker);
            }
        }
        let known = Known { stream: entry.stream, place: entry.state };
        desk.tell(entry.state, Work::Segment(*segment, direction), taker);
        self.standing.part = Part::Conversation(known);
        self.standing.datagram = self.net.datagram();
    }

    /// Whose the packet taken last was.
    pub(crate) fn standing(&self) -> Standing {
        self.standing
    }

    /// Takes one packet that is not to be looked into, so that the numbers of
    /// conversations are the same as if it were.
    pub(crate) fn pass_over(
        &mut self,
        packet: &Packet<'_>,
        limits: &Limits,
        taker: &mut impl Taker,
    ) {
        self.statistics.passed_over += 1;
        self.standing = Standing::default();
        if let Ok(segment) = self.net.decode(packet) {
            find(&segment, &mut self.table, limits, &mut self.desk, taker);
        }
    }

    /// Takes note that it is `time`, and every packet up to then was given.
    pub(crate) fn advance(&mut self, time: Timestamp, limits: &Limits, taker: &mut impl Taker) {
        let since = |last: Timestamp| time.since(last).max(last.since(time));
        if self.advanced.is_some_and(|last| since(last) < ADVANCE_INTERVAL) {
            return;
        }
        self.advanced = Some(time);
        let expired = self.table.expire_at(time, |entry| lifetime(entry, limits));
        self.desk.leave(&expired, Leaving::Expired, taker);
        for shard in 0..SHARDS {
            self.desk.tell_shard(shard, Work::Advance(time), taker);
        }
    }

    /// Tells what is left, as no more packets will come.
    pub(crate) fn finish(&mut self, taker: &mut impl Taker) {
        // Not the entries, which are larger: there may be very many.
        let mut all: Vec<(u64, Place)> = Vec::with_capacity(self.table.remembered());
        all.extend(self.table.entries().map(|entry| (entry.stream, entry.state)));
        all.sort_unstable_by_key(|(stream, _)| *stream);
        for work in [Work::Finish, Work::End] {
            for (_, place) in &all {
                self.desk.tell(*place, work, taker);
            }
        }
    }

    /// The order of the last task.
    pub(crate) fn order(&self) -> u64 {
        self.desk.order
    }

    /// Packets taken so far.
    pub(crate) fn packets(&self) -> u64 {
        self.net.packets()
    }

    /// What was counted so far, without what the shards count.
    pub(crate) fn statistics(&self) -> Statistics {
        let (net, conversations) = (self.net.counters(), self.table.count());
        Statistics { net, conversations, ..self.statistics.clone() }
    }

    /// Conversations that are remembered.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.table.remembered()
    }
}

/// Finds the conversation of a segment, and lets those go that are over.
fn find<'t>(
    segment: &Segment<'_>,
    table: &'t mut Table<Place>,
    limits: &Limits,
    desk: &mut Desk,
    taker: &mut impl Taker,
) -> (&'t mut Entry<Place>, Direction) {
    desk.check(taker);
    let expired = table.expire(segment.origin.time, |entry| lifetime(entry, limits));
    desk.leave(&expired, Leaving::Expired, taker);
    let Found { direction, entry, replaced, evicted } = table.find(segment);
    if let Some(replaced) = replaced {
        desk.let_go(replaced.state, Leaving::Replaced, taker);
    }
    desk.leave(&evicted, Leaving::Evicted, taker);
    (entry, direction)
}

/// For how long a conversation may be silent.
fn lifetime(entry: &Entry<Place>, limits: &Limits) -> Duration {
    if entry.looks_over() { limits.closed_time.min(limits.idle_time) } else { limits.idle_time }
}

impl Desk {
    /// Finds a slot for a conversation.
    fn open(&mut self, opening: Opening, taker: &mut impl Taker) -> Place {
        let shard = shard_of(&opening.conversation);
        let Some(slots) = self.slots.get_mut(shard) else {
            return Place::Unselected;
        };
        let slot = slots.free.pop().unwrap_or_else(|| {
            slots.used += 1;
            slots.used - 1
        });
        let place = Place::At { shard: shard as u8, slot };
        self.tell(place, Work::Open(opening), taker);
        place
    }

    fn leave(&mut self, gone: &[Entry<Place>], leaving: Leaving, taker: &mut impl Taker) {
        for entry in gone {
            self.let_go(entry.state, leaving, taker);
        }
    }

    fn let_go(&mut self, place: Place, leaving: Leaving, taker: &mut impl Taker) {
        self.tell(place, Work::Leave(leaving), taker);
        if let Place::At { shard, slot } = place
            && let Some(slots) = self.slots.get_mut(usize::from(shard))
        {
            slots.free.push(slot);
        }
    }

    #[inline]
    fn tell(&mut self, place: Place, work: Work<'_>, taker: &mut impl Taker) {
        if let Place::At { shard, slot } = place {
            self.order += 1;
            let (shard, slot) = (usize::from(shard), slot as usize);
            taker.task(&Task { order: self.order, shard, slot, work });
        }
    }

    fn tell_shard(&mut self, shard: usize, work: Work<'_>, taker: &mut impl Taker) {
        self.order += 1;
        taker.task(&Task { order: self.order, shard, slot: 0, work });
    }

    /// Lets all shards come to a checkpoint once in a period.
    #[inline]
    fn check(&mut self, taker: &mut impl Taker) {
        let checkpoint = self.order / PERIOD;
        if checkpoint > self.checkpoint {
            self.checkpoint = checkpoint;
            for shard in 0..SHARDS {
                self.tell_shard(shard, Work::Checkpoint(checkpoint), taker);
            }
        }
    }
}

//! Which packets are written, and until that is known, holds them back.
//!
//! ```text
//!              ┌──────── queue, in the capture's order ───────┐
//!  packet ────►│ decided, undecided, decided, decided, first  ├───► written, or dropped
//!              └──────────────────────────────────────────┬───┘          ▲
//!                      undecided for too long, or too many│              │ decided
//!                                                         └──► set aside ┘
//! ```
//!
//! A packet is undecided while its conversation may become WebSocket. The first of
//! the queue keeps those after it waiting, for a bounded time. What is set aside is
//! written at once when its conversation becomes WebSocket: later in the file than
//! in the capture, which readers of TCP streams cope with, as they go by sequence
//! numbers.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use foldhash::fast::RandomState;
use hashlink::LinkedHashMap;

use crate::analyzer::{Interest, Known, Part, Standing};
use crate::types::{Limits, LinkType, Origin, Packet, Timestamp};

/// What keeping a packet costs beside its bytes.
const PACKET_COST: usize = size_of::<Held>() + 32;

/// One conversation may have this part of what is set aside.
const SHARE: usize = 16;

/// Conversations of which packets were dropped that are remembered, to tell
/// whether they became WebSocket after all.
const MAX_ROBBED: usize = 4096;

/// Holds packets back until it is known whether they are to be written.
pub(super) struct Keeper {
    queue: VecDeque<Held>,
    queued_bytes: usize,
    /// Those that packets in the queue, or set aside, are of.
    groups: HashMap<Key, Group, RandomState>,
    /// Packets set aside, of whom began to wait first before those of others.
    aside: LinkedHashMap<Key, Aside, RandomState>,
    aside_bytes: usize,
    /// From whom packets were dropped.
    robbed: LinkedHashMap<Key, Robbed, RandomState>,
    /// Whose the datagrams were that were whole lately: copies of their fragments
    /// may come.
    whole: LinkedHashMap<u64, Known, RandomState>,
    /// Time of the latest packet, or told.
    now: Option<Timestamp>,
    limits: Bounds,
    drops: Dropped,
}

/// What becomes of packets together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Stream(u64),
    /// Those of an IP datagram that is not whole.
    Datagram(u64),
}

/// Packets that were dropped before it was known whether they are to be written,
/// as a limit was reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// All of them.
    pub packets: u64,
    /// Those of conversations that became WebSocket later.
    pub missing: u64,
}

/// What is known of a group of packets.
struct Group {
    fate: Fate,
    /// Its packets in the queue.
    queued: usize,
    /// Some of them were set aside.
    is_aside: bool,
}

#[derive(Clone, Copy)]
enum Fate {
    Written,
    Dropped,
    /// So long as the conversation is undecided; of a datagram it is not known.
    Undecided(Option<Known>),
    /// What that of this conversation is.
    As(Known),
}

/// Packets set aside.
#[derive(Default)]
struct Aside {
    packets: VecDeque<Held>,
    bytes: usize,
}

/// A group of which packets were dropped while it was undecided.
#[derive(Default)]
struct Robbed {
    packets: u64,
    /// Whom to ask for, as the group may be forgotten.
    known: Option<Known>,
}

/// A packet with bytes of its own.
struct Held {
    key: Key,
    /// How late it was when it came.
    since: Option<Timestamp>,
    origin: Origin,
    link_type: LinkType,
    data: Box<[u8]>,
    original_length: u32,
}

#[derive(Clone, Copy)]
struct Bounds {
    time: Duration,
    packets: usize,
    bytes: usize,
    aside: usize,
    datagrams: usize,
}

/// What a keeper works with: who knows conversations, and what writes packets.
pub(super) trait Desk {
    /// Why a packet cannot be written.
    type Error;

    /// What a conversation is by now.
    fn interest(&self, conversation: &Known) -> Interest;

    /// Writes a packet.
    fn write(&mut self, packet: &Packet<'_>) -> Result<(), Self::Error>;
}

impl Keeper {
    /// A keeper that keeps no more than the limits allow.
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            queue: VecDeque::new(),
            queued_bytes: 0,
            groups: HashMap::default(),
            aside: LinkedHashMap::with_hasher(RandomState::default()),
            aside_bytes: 0,
            robbed: LinkedHashMap::with_hasher(RandomState::default()),
            whole: LinkedHashMap::with_hasher(RandomState::default()),
            now: None,
            limits: Bounds {
                time: limits.held_time,
                packets: limits.held_packets,
                bytes: limits.held,
                aside: limits.set_aside,
                datagrams: limits.datagrams,
            },
            drops: Dropped::default(),
        }
    }

    /// Packets that were dropped as there were too many.
    pub(super) fn dropped(&self) -> Dropped {
        self.drops
    }

    /// Takes a packet that the analyzer has taken.
    pub(super) fn packet<D: Desk>(
        &mut self,
        packet: &Packet<'_>,
        standing: Standing,
        desk: &mut D,
    ) -> Result<(), D::Error> {
        self.now = packet.origin.time.or(self.now);
        match (standing.part, standing.datagram) {
            (Part::Nothing, None) => {}
            (Part::Nothing, Some(datagram)) => self.decide(Key::Datagram(datagram), Fate::Dropped),
            (Part::Datagram, datagram) => {
                let datagram = datagram.unwrap_or_default();
                match self.carried(datagram) {
                    Some(known) => self.segment(packet, known, desk)?,
                    None => self.hold(packet, Key::Datagram(datagram), Fate::Undecided(None)),
                }
            }
            (Part::Conversation(known), datagram) => {
                if let Some(datagram) = datagram {
                    self.join(datagram, known);
                }
                self.segment(packet, known, desk)?;
            }
        }
        self.drain(desk)
    }

    /// Takes note that a conversation became WebSocket, be it by its end, after
    /// which nobody knows it any more.
    pub(super) fn recognise<D: Desk>(&mut self, stream: u64, desk: &mut D) -> Result<(), D::Error> {
        let key = Key::Stream(stream);
        self.decide(key, Fate::Written);
        self.write_aside(key, desk)
    }

    /// Takes note that it is `time`.
    pub(super) fn advance<D: Desk>(
        &mut self,
        time: Timestamp,
        desk: &mut D,
    ) -> Result<(), D::Error> {
        self.now = Some(time);
        self.drain(desk)
    }

    /// Writes what is to be written, and drops what is not known to be.
    pub(super) fn finish<D: Desk>(&mut self, desk: &mut D) -> Result<(), D::Error> {
        let keys: Vec<Key> = self.aside.keys().copied().collect();
        for key in keys {
            if matches!(self.ask(key, desk), Fate::Written) {
                self.write_aside(key, desk)?;
            }
        }
        while let Some(held) = self.queue.pop_front() {
            if matches!(self.ask(held.key, desk), Fate::Written) {
                desk.write(&held.packet())?;
            }
        }
        for (_, Robbed { packets, known }) in self.robbed.drain() {
            if known.is_some_and(|known| matches!(desk.interest(&known), Interest::WebSocket)) {
                self.drops.missing += packets;
            }
        }
        self.queued_bytes = 0;
        self.groups.clear();
        self.aside.clear();
        self.aside_bytes = 0;
        Ok(())
    }

    /// Takes a packet of a conversation.
    fn segment<D: Desk>(
        &mut self,
        packet: &Packet<'_>,
        known: Known,
        desk: &mut D,
    ) -> Result<(), D::Error> {
        let key = Key::Stream(known.stream);
        match desk.interest(&known) {
            Interest::Other => self.decide(key, Fate::Dropped),
            Interest::Undecided => self.hold(packet, key, Fate::Undecided(Some(known))),
            Interest::WebSocket => {
                self.write_aside(key, desk)?;
                if self.queue.is_empty() {
                    return desk.write(packet);
                }
                self.hold(packet, key, Fate::Written);
            }
        }
        Ok(())
    }

    /// What a group is known to be has changed.
    fn decide(&mut self, key: Key, fate: Fate) {
        if let Some(group) = self.groups.get_mut(&key) {
            group.fate = fate;
            if group.queued == 0 {
                self.groups.remove(&key);
            }
        }
        if matches!(fate, Fate::Dropped) {
            self.take_aside(key);
        }
    }

    /// Whose a datagram is that was whole lately, or of which fragments wait.
    fn carried(&self, datagram: u64) -> Option<Known> {
        match self.groups.get(&Key::Datagram(datagram)) {
            Some(Group { fate: Fate::As(known), .. }) => Some(*known),
            _ => self.whole.get(&datagram).copied(),
        }
    }

    /// What a datagram turned out to carry decides on its fragments.
    fn join(&mut self, datagram: u64, known: Known) {
        let (key, stream) = (Key::Datagram(datagram), Key::Stream(known.stream));
        if self.whole.len() >= self.limits.datagrams {
            self.whole.pop_front();
        }
        self.whole.insert(datagram, known);
        let Some(group) = self.groups.get_mut(&key) else {
            return;
        };
        group.fate = Fate::As(known);
        let (queued, is_aside) = (group.queued, group.is_aside);
        if queued == 0 {
            self.groups.remove(&key);
        }
        let group = self.group(stream, Fate::Undecided(Some(known)));
        group.queued += queued;
        group.is_aside |= is_aside;
        for held in self.take_aside(key) {
            self.set_aside(Held { key: stream, ..held });
        }
    }

    fn group(&mut self, key: Key, fate: Fate) -> &mut Group {
        let fresh = Group { fate, queued: 0, is_aside: false };
        self.groups.entry(key).or_insert(fresh)
    }

    /// Takes a packet into the queue, or to those of its conversation that were
    /// set aside.
    fn hold(&mut self, packet: &Packet<'_>, key: Key, fate: Fate) {
        let held = Held::new(packet, key, self.now);
        let group = self.group(key, fate);
        group.fate = fate;
        if group.is_aside && group.queued == 0 && matches!(fate, Fate::Undecided(_)) {
            return self.set_aside(held);
        }
        group.queued += 1;
        self.queued_bytes += held.cost();
        self.queue.push_back(held);
    }

    /// Lets go the packets at the head of the queue that need not wait.
    fn drain<D: Desk>(&mut self, desk: &mut D) -> Result<(), D::Error> {
        while let Some(first) = self.queue.front() {
            let (key, since) = (first.key, first.since);
            match self.ask(key, desk) {
                Fate::Undecided(_) if !self.must_go(key, since) => return Ok(()),
                fate => {
                    let Some(held) = self.pop() else {
                        return Ok(());
                    };
                    match fate {
                        Fate::Written => {
                            self.write_aside(held.key, desk)?;
                            desk.write(&held.packet())?;
                        }
                        Fate::Undecided(_) => self.set_aside(held),
                        Fate::Dropped | Fate::As(_) => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether an undecided packet must no longer keep others waiting.
    fn must_go(&self, key: Key, since: Option<Timestamp>) -> bool {
        let is_aside = |key: &Key| self.groups.get(key).is_some_and(|group| group.is_aside);
        let passed = self.now.zip(since).map(|(now, since)| now.since(since).max(since.since(now)));
        is_aside(&key)
            || passed.is_some_and(|passed| passed >= self.limits.time)
            || self.queue.len() > self.limits.packets
            || self.queued_bytes > self.limits.bytes
    }

    /// What becomes of a group, as far as it is known now.
    fn ask<D: Desk>(&mut self, key: Key, desk: &D) -> Fate {
        let mut key = key;
        if let Some(Group { fate: Fate::As(known), .. }) = self.groups.get(&key) {
            key = Key::Stream(known.stream);
        }
        let Some(group) = self.groups.get_mut(&key) else {
            return Fate::Dropped;
        };
        if let Fate::Undecided(Some(known)) = &group.fate {
            match desk.interest(known) {
                Interest::Undecided => {}
                Interest::WebSocket => group.fate = Fate::Written,
                Interest::Other => group.fate = Fate::Dropped,
            }
        }
        group.fate
    }

    /// Takes the first packet out of the queue, as one of its conversation where
    /// that is known.
    fn pop(&mut self) -> Option<Held> {
        let mut held = self.queue.pop_front()?;
        self.queued_bytes -= held.cost().min(self.queued_bytes);
        let group = self.groups.get(&held.key).map(|group| group.fate);
        self.leave(held.key);
        if let Some(Fate::As(known)) = group {
            held.key = Key::Stream(known.stream);
            self.leave(held.key);
        }
        Some(held)
    }

    /// A packet of a group is no longer in the queue.
    fn leave(&mut self, key: Key) {
        if let Some(group) = self.groups.get_mut(&key) {
            group.queued = group.queued.saturating_sub(1);
            if group.queued == 0 && !matches!(group.fate, Fate::Undecided(_)) {
                self.groups.remove(&key);
            }
        }
    }

    fn set_aside(&mut self, held: Held) {
        let (key, cost) = (held.key, held.cost());
        self.group(key, Fate::Undecided(None)).is_aside = true;
        let aside = self.aside.entry(key).or_insert_with(Aside::default);
        aside.bytes += cost;
        aside.packets.push_back(held);
        self.aside_bytes += cost;
        while self.aside.get(&key).is_some_and(|aside| aside.bytes > self.limits.aside / SHARE) {
            self.rob(key);
        }
        while self.aside_bytes > self.limits.aside
            && let Some((&first, _)) = self.aside.front()
        {
            self.rob(first);
        }
    }

    /// Drops the oldest packet of those set aside of a group.
    fn rob(&mut self, key: Key) {
        let known = match self.groups.get(&key) {
            Some(Group { fate: Fate::Undecided(known), .. }) => *known,
            _ => None,
        };
        let Some(aside) = self.aside.get_mut(&key) else {
            return;
        };
        if let Some(held) = aside.packets.pop_front() {
            aside.bytes -= held.cost();
            self.aside_bytes -= held.cost();
            self.drops.packets += 1;
            let robbed = self.robbed.entry(key).or_insert_with(Robbed::default);
            robbed.packets += 1;
            robbed.known = known.or(robbed.known);
            if self.robbed.len() > MAX_ROBBED {
                self.robbed.pop_front();
            }
        }
        if self.aside.get(&key).is_some_and(|aside| aside.packets.is_empty()) {
            self.aside.remove(&key);
            self.forget(key);
        }
    }

    /// Takes out what was set aside of a group.
    fn take_aside(&mut self, key: Key) -> VecDeque<Held> {
        let aside = self.aside.remove(&key).unwrap_or_default();
        self.aside_bytes -= aside.bytes;
        self.forget(key);
        aside.packets
    }

    /// Nothing of a group is set aside any more.
    fn forget(&mut self, key: Key) {
        if let Some(group) = self.groups.get_mut(&key) {
            group.is_aside = false;
            if group.queued == 0 {
                self.groups.remove(&key);
            }
        }
    }

    /// Writes what was set aside of a conversation.
    fn write_aside<D: Desk>(&mut self, key: Key, desk: &mut D) -> Result<(), D::Error> {
        if !self.robbed.is_empty() {
            self.drops.missing += self.robbed.remove(&key).unwrap_or_default().packets;
        }
        if self.aside.is_empty() {
            return Ok(());
        }
        for held in self.take_aside(key) {
            desk.write(&held.packet())?;
        }
        Ok(())
    }
}

impl Held {
    fn new(packet: &Packet<'_>, key: Key, since: Option<Timestamp>) -> Self {
        let &Packet { origin, link_type, data, original_length } = packet;
        Self { key, since, origin, link_type, data: data.into(), original_length }
    }

    fn packet(&self) -> Packet<'_> {
        let &Self { origin, link_type, original_length, .. } = self;
        Packet { origin, link_type, data: &self.data, original_length }
    }

    fn cost(&self) -> usize {
        self.data.len() + PACKET_COST
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::types::SourceId;

    /// What packets are of.
    #[derive(Clone, Copy)]
    enum Of {
        Nothing,
        Stream(u64),
        Piece(u64),
        /// What makes a datagram whole.
        Last(u64, Option<u64>),
    }
    use Of::{Last, Nothing, Piece, Stream};

    /// A keeper, and what it is told.
    struct Scene {
        keeper: Keeper,
        desk: Notes,
        packets: u64,
    }

    /// What conversations are, and the packets that were written.
    #[derive(Default)]
    struct Notes {
        interests: HashMap<u64, Interest>,
        written: Vec<u64>,
    }

    impl Desk for Notes {
        type Error = Infallible;

        fn interest(&self, conversation: &Known) -> Interest {
            self.interests.get(&conversation.stream).copied().unwrap_or(Undecided)
        }

        fn write(&mut self, packet: &Packet<'_>) -> Result<(), Infallible> {
            assert_eq!(packet.data, packet.origin.packet.to_le_bytes());
            self.written.push(packet.origin.packet);
            Ok(())
        }
    }

    impl Scene {
        fn new(limits: &Limits) -> Self {
            Self { keeper: Keeper::new(limits), desk: Notes::default(), packets: 0 }
        }

        fn is(&mut self, stream: u64, interest: Interest) {
            self.desk.interests.insert(stream, interest);
        }

        /// A packet at this millisecond.
        fn packet(&mut self, of: Of, millisecond: i64) {
            self.packets += 1;
            let number = self.packets;
            let time = Some(Timestamp::from_nanoseconds(millisecond * 1_000_000));
            let packet = Packet {
                origin: Origin { packet: number, time, source: SourceId(0), tcp_length: 0 },
                link_type: LinkType::ETHERNET,
                data: &number.to_le_bytes(),
                original_length: 8,
            };
            let of_stream = |stream| Part::Conversation(Known::numbered(stream));
            let (part, datagram) = match of {
                Nothing => (Part::Nothing, None),
                Stream(stream) => (of_stream(stream), None),
                Piece(datagram) => (Part::Datagram, Some(datagram)),
                Last(datagram, stream) => (stream.map_or(Part::Nothing, of_stream), Some(datagram)),
            };
            let Ok(()) = self.keeper.packet(&packet, Standing { datagram, part }, &mut self.desk);
        }

        fn finish(&mut self) {
            let Ok(()) = self.keeper.finish(&mut self.desk);
            self.is_empty();
        }

        /// Nothing is kept, nor remembered of it.
        fn is_empty(&self) {
            assert!(self.keeper.queue.is_empty() && self.keeper.aside.is_empty());
            assert!(self.keeper.groups.is_empty());
            assert_eq!((self.keeper.queued_bytes, self.keeper.aside_bytes), (0, 0));
        }

        fn written(&mut self) -> Vec<u64> {
            std::mem::take(&mut self.desk.written)
        }
    }

    use Interest::{Other, Undecided, WebSocket};

    #[test]
    fn decided_packets_wait_for_undecided_ones_before_them() {
        let mut scene = Scene::new(&Limits::default());
        scene.is(2, WebSocket);
        scene.packet(Stream(2), 0);
        scene.packet(Nothing, 0);
        assert_eq!(scene.written(), [1]);
        scene.packet(Stream(1), 1);
        scene.packet(Stream(2), 2);
        assert!(scene.written().is_empty());
        scene.is(1, WebSocket);
        scene.packet(Stream(1), 3);
        assert_eq!(scene.written(), [3, 4, 5]);
        scene.is_empty();
    }

    #[test]
    fn what_is_something_else_is_dropped() {
        let mut scene = Scene::new(&Limits::default());
        scene.is(2, WebSocket);
        scene.packet(Stream(1), 1);
        scene.packet(Stream(2), 2);
        scene.is(1, Other);
        scene.packet(Stream(1), 3);
        assert_eq!(scene.written(), [2]);
        scene.is_empty();
        // A head begins on it.
        scene.is(1, Undecided);
        scene.packet(Stream(1), 4);
        scene.is(1, WebSocket);
        scene.packet(Stream(1), 5);
        assert_eq!(scene.written(), [4, 5]);
        scene.is_empty();
    }

    #[test]
    fn what_waits_for_too_long_is_set_aside_and_written_later() {
        let mut scene = Scene::new(&Limits::default());
        scene.is(2, WebSocket);
        scene.packet(Stream(1), 0);
        scene.packet(Stream(2), 999);
        assert!(scene.written().is_empty());
        scene.packet(Stream(2), 1000);
        assert_eq!(scene.written(), [2, 3]);
        // It keeps nobody waiting any more.
        scene.packet(Stream(1), 1001);
        scene.packet(Stream(2), 1002);
        assert_eq!(scene.written(), [5]);
        scene.is(1, WebSocket);
        scene.packet(Stream(1), 9000);
        assert_eq!(scene.written(), [1, 4, 6]);
        scene.is_empty();
    }

    #[test]
    fn time_that_is_told_counts_and_so_does_one_that_is_wrong() {
        let mut scene = Scene::new(&Limits::default());
        scene.is(2, WebSocket);
        scene.packet(Stream(1), 5000);
        scene.packet(Stream(2), 5001);
        let later = Timestamp::from_nanoseconds(6_000_000_000);
        let Ok(()) = scene.keeper.advance(later, &mut scene.desk);
        assert_eq!(scene.written(), [2]);
        scene.packet(Stream(3), 5000);
        scene.packet(Stream(2), 0);
        assert_eq!(scene.written(), [4]);
        scene.finish();
        assert_eq!((scene.written(), scene.keeper.dropped()), (Vec::new(), Dropped::default()));
    }

    #[test]
    fn what_is_decided_without_a_packet_is_found_out() {
        let mut scene = Scene::new(&Limits::default());
        scene.packet(Stream(1), 0);
        scene.packet(Stream(2), 0);
        scene.packet(Stream(3), 0);
        scene.is(1, WebSocket);
        let Ok(()) = scene.keeper.advance(Timestamp::from_nanoseconds(0), &mut scene.desk);
        assert_eq!(scene.written(), [1]);
        scene.is(3, WebSocket);
        scene.finish();
        assert_eq!(scene.written(), [3]);
        // Set aside, as well.
        scene.packet(Stream(4), 0);
        scene.packet(Nothing, 2000);
        scene.is(4, WebSocket);
        scene.finish();
        assert_eq!(scene.written(), [4]);
    }

    #[test]
    fn the_queue_is_bounded_by_packets_and_by_bytes() {
        let cost = 8 + PACKET_COST;
        for limits in [
            Limits { held_packets: 3, ..Limits::default() },
            Limits { held: 3 * cost, ..Limits::default() },
        ] {
            let mut scene = Scene::new(&limits);
            scene.is(9, WebSocket);
            scene.packet(Stream(1), 0);
            scene.packet(Stream(9), 0);
            scene.packet(Stream(2), 0);
            assert_eq!((scene.keeper.queue.len(), scene.written()), (3, Vec::new()));
            scene.packet(Stream(3), 0);
            assert_eq!((scene.keeper.queue.len(), scene.written()), (2, [2].into()));
            scene.finish();
        }
    }

    #[test]
    fn of_what_is_set_aside_the_first_goes_first() {
        let cost = 8 + PACKET_COST;
        let limits = Limits { set_aside: 32 * cost, held_packets: 0, ..Limits::default() };
        let mut scene = Scene::new(&limits);
        for stream in 0..40 {
            scene.packet(Stream(stream), 0);
            assert!(scene.keeper.aside_bytes <= 32 * cost);
        }
        assert_eq!(scene.keeper.dropped(), Dropped { packets: 8, missing: 0 });
        scene.is(7, WebSocket);
        scene.packet(Stream(7), 0);
        scene.is(8, WebSocket);
        scene.packet(Stream(8), 0);
        assert_eq!(scene.written(), [41, 9, 42]);
        assert_eq!(scene.keeper.dropped(), Dropped { packets: 8, missing: 1 });
        scene.finish();
    }

    #[test]
    fn one_conversation_does_not_displace_all_others() {
        let cost = 8 + PACKET_COST;
        let limits = Limits { set_aside: 32 * cost, held_packets: 0, ..Limits::default() };
        let mut scene = Scene::new(&limits);
        scene.packet(Stream(1), 0);
        for _ in 0..100 {
            scene.packet(Stream(2), 0);
        }
        assert_eq!(scene.keeper.dropped().packets, 98);
        for stream in [1, 2] {
            scene.is(stream, WebSocket);
            scene.packet(Stream(stream), 0);
        }
        assert_eq!(scene.written(), [1, 102, 100, 101, 103]);
        assert_eq!(scene.keeper.dropped().missing, 98);
    }

    #[test]
    fn what_has_lost_all_its_packets_is_missing_too() {
        let cost = 8 + PACKET_COST;
        let limits = Limits { set_aside: cost, held_packets: 0, ..Limits::default() };
        let mut scene = Scene::new(&limits);
        for stream in [1, 2, 1] {
            scene.packet(Stream(stream), 0);
        }
        assert_eq!(scene.keeper.dropped(), Dropped { packets: 3, missing: 0 });
        scene.is_empty();
        scene.is(1, WebSocket);
        scene.finish();
        assert_eq!(scene.keeper.dropped(), Dropped { packets: 3, missing: 2 });
    }

    #[test]
    fn fragments_that_wait_remember_what_they_make() {
        let mut scene = Scene::new(&Limits { datagrams: 1, ..Limits::default() });
        scene.packet(Stream(9), 0);
        scene.packet(Piece(1), 0);
        scene.packet(Last(1, Some(1)), 0);
        scene.packet(Last(2, Some(2)), 0);
        // A copy of a fragment, when the last datagram that was whole is another.
        scene.packet(Piece(1), 0);
        scene.is(1, WebSocket);
        scene.is(2, Other);
        scene.is(9, Other);
        scene.packet(Nothing, 0);
        assert_eq!(scene.written(), [2, 3, 5]);
        scene.is_empty();
    }

    #[test]
    fn fragments_go_the_way_of_what_they_make() {
        let mut scene = Scene::new(&Limits::default());
        scene.is(1, WebSocket);
        scene.packet(Piece(1), 0);
        scene.packet(Stream(1), 1);
        scene.packet(Piece(2), 2);
        scene.packet(Last(2, None), 3);
        assert!(scene.written().is_empty());
        scene.packet(Last(1, Some(1)), 4);
        assert_eq!(scene.written(), [1, 2, 5]);
        // A copy of a fragment.
        scene.packet(Piece(1), 5);
        assert_eq!(scene.written(), [6]);
        scene.is_empty();

        // One that was set aside, of a conversation that is not known yet.
        scene.packet(Piece(3), 0);
        scene.packet(Nothing, 2000);
        scene.packet(Piece(3), 2000);
        scene.packet(Last(3, Some(2)), 2001);
        assert!(scene.written().is_empty());
        scene.is(2, WebSocket);
        scene.packet(Stream(2), 2002);
        assert_eq!(scene.written(), [7, 9, 10, 11]);
        scene.is_empty();

        // What was in the queue is of the conversation, too.
        scene.packet(Stream(3), 3000);
        scene.packet(Piece(4), 3000);
        scene.packet(Last(4, Some(3)), 3000);
        scene.is(3, Other);
        scene.packet(Stream(3), 3000);
        assert!(scene.written().is_empty());
        scene.is_empty();
    }
    proptest! {
        /// Where nothing has to be dropped, every packet is written once or not at
        /// all, as its conversation is known to be in the end; those of one
        /// conversation in their order, and all in theirs where nothing waits long.
        #[test]
        fn nothing_is_lost_or_written_twice(
            steps in vec((0_u64..6, 0_u8..8, 0_i64..700), 0..120),
            is_slow in any::<bool>(),
        ) {
            let mut scene = Scene::new(&Limits::default());
            let (mut packets, mut time) = (Vec::new(), 0);
            for (stream, chance, pause) in steps {
                match (chance, scene.desk.interests.get(&stream)) {
                    (0, None) => scene.is(stream, WebSocket),
                    // It may turn out otherwise, but not after that.
                    (1, None) if stream > 3 => scene.is(stream, Other),
                    _ => {}
                }
                time += if is_slow { pause } else { 0 };
                scene.packet(Stream(stream), time);
                packets.push((scene.packets, stream));
            }
            scene.finish();
            let written = scene.written();
            let is_websocket =
                |stream: &u64| scene.desk.interests.get(stream) == Some(&WebSocket);
            let wanted: Vec<u64> = packets
                .iter()
                .filter(|(_, stream)| is_websocket(stream))
                .map(|(packet, _)| *packet)
                .collect();
            let mut sorted = written.clone();
            sorted.sort_unstable();
            prop_assert_eq!(&sorted, &wanted);
            if !is_slow {
                prop_assert_eq!(&written, &wanted);
            }
            for stream in 0..6 {
                let of = |packet: &&u64| packets[**packet as usize - 1].1 == stream;
                let ones: Vec<&u64> = written.iter().filter(of).collect();
                prop_assert!(ones.is_sorted());
            }
            prop_assert_eq!(scene.keeper.dropped(), Dropped::default());
        }
    }
}

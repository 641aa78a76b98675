//! Fragments of IP datagrams (RFC 791 §3.2, RFC 8200 §4.5).

use std::time::Duration;

use etherparse::IpNumber;
use foldhash::fast::RandomState;
use hashlink::LinkedHashMap;

use crate::types::{Limits, Timestamp};

use super::bytes::{Bytes, saturate};
use super::counters::DatagramCounters;
use super::datagram::Datagram;
use super::layers::Addresses;
use super::no_segment::{Fault, Layer, NoSegment};

/// The largest payload of a datagram, in bytes.
const MAX_PAYLOAD: usize = 65_535;

/// What the headers of a fragment say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment {
    pub(super) addresses: Addresses,
    /// What the datagram's payload begins with, according to this fragment.
    pub(super) protocol: IpNumber,
    pub(super) identification: u32,
    /// Bytes of the datagram's payload before this fragment's.
    pub(super) offset: u16,
    /// It is not the last one.
    pub(super) more: bool,
}

/// The datagrams whose fragments are being collected.
///
/// A datagram is given up after [`Limits::fragment_time`], and before that, the
/// oldest first, when there are more than [`Limits::datagrams`] or they hold
/// more than [`Limits::fragments`] bytes, which one packet may exceed for a
/// moment. One that is complete stays until then too, so that more copies of its
/// fragments are known as such.
///
/// Where fragments overlap, IPv4's first come stay, as TCP's do here; RFC 791
/// would let the last one win, hosts differ. IPv6 forbids overlaps altogether (RFC 5722):
/// there a datagram is dropped, and what still comes of it, when the bytes
/// differ. Copies of the same bytes, however cut, are harmless in both.
#[derive(Debug)]
pub(super) struct Fragments {
    collections: LinkedHashMap<Key, Collection, RandomState>,
    /// Datagrams so far.
    count: u64,
    /// Bytes of memory that all of them hold.
    size: usize,
    /// The payload that was completed last.
    payload: Vec<u8>,
    counters: DatagramCounters,
    max_collections: usize,
    max_size: usize,
    max_age: Duration,
}

/// What the fragments of one datagram have in common. The protocol belongs to
/// it in IPv4 only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    addresses: Addresses,
    protocol: Option<IpNumber>,
    identification: u32,
}

/// A datagram being collected.
#[derive(Debug)]
struct Collection {
    /// Its number, from 1.
    number: u64,
    /// When its first fragment came.
    since: Option<Timestamp>,
    /// What its payload begins with. In IPv6 the fragment at offset 0 decides.
    protocol: IpNumber,
    state: State,
}

/// How far a collection has come.
///
/// ```text
///             all bytes are there
///   Waiting ──────────────────────► Complete
///      │   IPv6: bytes that differ
///      └──────────────────────────► Contradictory
/// ```
#[derive(Debug)]
enum State {
    Waiting(Datagram),
    Complete(Datagram),
    /// Kept, though empty, so that the rest of the datagram is dropped too.
    Contradictory,
}

impl Fragments {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            collections: LinkedHashMap::with_hasher(RandomState::default()),
            count: 0,
            size: 0,
            payload: Vec::new(),
            counters: DatagramCounters::default(),
            max_collections: limits.datagrams,
            max_size: limits.fragments,
            max_age: limits.fragment_time,
        }
    }

    /// What has become of the datagrams so far.
    pub(super) fn counters(&self) -> DatagramCounters {
        let waiting = self.collections.values().filter(|collection| collection.is_waiting());
        DatagramCounters { waiting: waiting.count() as u64, ..self.counters }
    }

    /// Takes a fragment; gives the payload that it completes, and what that
    /// begins with. The number of its datagram comes to stand in `datagram`, unless
    /// the fragment is refused, which decides nothing on the others.
    pub(super) fn add(
        &mut self,
        fragment: Fragment,
        bytes: Bytes<'_>,
        time: Option<Timestamp>,
        datagram: &mut Option<u64>,
    ) -> Result<(IpNumber, &[u8]), NoSegment> {
        check(fragment, bytes)?;
        let key = fragment.key();
        self.give_up_old(time);
        let over = |collection: &Collection| {
            collection.is_older(self.max_age, time)
                || collection.is_of_another(fragment, bytes.captured())
        };
        if self.collections.get(&key).is_some_and(over)
            && let Some(collection) = self.collections.remove(&key)
        {
            self.give_up(&collection, |counters| &mut counters.timed_out);
        }

        let count = &mut self.count;
        let collection = self.collections.entry(key).or_insert_with(|| {
            *count += 1;
            Collection {
                number: *count,
                since: time,
                protocol: fragment.protocol,
                state: State::Waiting(Datagram::default()),
            }
        });
        let size = collection.size();
        let change = collection.add(fragment, bytes.captured());
        *datagram = (!matches!(change, Change::Refused)).then_some(collection.number);
        let protocol = collection.protocol;
        self.size = self.size - size + collection.size();
        if let (Change::Completed, State::Complete(datagram)) = (change, &collection.state) {
            datagram.write_to(&mut self.payload);
        }
        self.evict();

        match change {
            Change::Completed => {
                self.counters.complete += 1;
                Ok((protocol, &self.payload))
            }
            Change::Contradicted => {
                self.counters.contradictory += 1;
                Err(NoSegment::FragmentContradicts)
            }
            Change::Kept => Err(NoSegment::Fragment),
            Change::Refused => Err(NoSegment::FragmentContradicts),
        }
    }

    /// How many collections there are, and the bytes that they hold, counted
    /// anew.
    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, usize) {
        let size = self.collections.values().map(Collection::size).sum();
        assert_eq!(self.size, size);
        (self.collections.len(), size)
    }

    /// Gives up what has waited too long. Collections stand in the order in
    /// which they began.
    fn give_up_old(&mut self, now: Option<Timestamp>) {
        while self
            .collections
            .front()
            .is_some_and(|(_, collection)| collection.is_older(self.max_age, now))
            && let Some((_, collection)) = self.collections.pop_front()
        {
            self.give_up(&collection, |counters| &mut counters.timed_out);
        }
    }

    /// Gives up the oldest until the limits are kept.
    fn evict(&mut self) {
        while (self.collections.len() > self.max_collections || self.size > self.max_size)
            && let Some((_, collection)) = self.collections.pop_front()
        {
            self.give_up(&collection, |counters| &mut counters.evicted);
        }
    }

    /// Accounts for a collection that was taken out.
    fn give_up(
        &mut self,
        collection: &Collection,
        counter: impl Fn(&mut DatagramCounters) -> &mut u64,
    ) {
        self.size -= collection.size();
        if collection.is_waiting() {
            *counter(&mut self.counters) += 1;
        }
    }
}

/// What a fragment did to its datagram.
#[derive(Clone, Copy, Debug)]
enum Change {
    /// It was taken, or brought nothing new.
    Kept,
    /// Now all bytes are there.
    Completed,
    /// Now the datagram is contradictory.
    Contradicted,
    /// It was dropped.
    Refused,
}

impl Collection {
    fn add(&mut self, fragment: Fragment, bytes: &[u8]) -> Change {
        let datagram = match &mut self.state {
            State::Waiting(datagram) => datagram,
            State::Complete(_) => return Change::Kept,
            State::Contradictory => return Change::Refused,
        };
        let start = usize::from(fragment.offset);
        if fragment.is_ipv6() && !datagram.agrees(start, bytes, !fragment.more) {
            self.state = State::Contradictory;
            return Change::Contradicted;
        }
        if !datagram.end_agrees(start + bytes.len(), !fragment.more) {
            return Change::Refused;
        }
        datagram.fill(start, bytes, !fragment.more);
        if fragment.offset == 0 {
            self.protocol = fragment.protocol;
        }
        if !datagram.is_complete() {
            return Change::Kept;
        }
        self.state = State::Complete(std::mem::take(datagram));
        Change::Completed
    }

    fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting(_))
    }

    /// Whether it began more than `age` ago. Without times nothing ages.
    fn is_older(&self, age: Duration, now: Option<Timestamp>) -> bool {
        self.since.zip(now).is_some_and(|(since, now)| now.since(since) > age)
    }

    /// Whether the fragment is of another datagram, since it says other things
    /// than the one that is complete: identifications are used again (RFC 4963).
    fn is_of_another(&self, fragment: Fragment, bytes: &[u8]) -> bool {
        match &self.state {
            State::Complete(datagram) => {
                !datagram.agrees(fragment.offset.into(), bytes, !fragment.more)
            }
            State::Waiting(_) | State::Contradictory => false,
        }
    }

    /// Bytes of memory held beside the collection itself.
    fn size(&self) -> usize {
        match &self.state {
            State::Waiting(datagram) | State::Complete(datagram) => datagram.size(),
            State::Contradictory => 0,
        }
    }
}

impl Fragment {
    fn is_ipv6(&self) -> bool {
        self.addresses.source.is_ipv6()
    }

    fn key(&self) -> Key {
        Key {
            addresses: self.addresses,
            protocol: (!self.is_ipv6()).then_some(self.protocol),
            identification: self.identification,
        }
    }
}

/// Whether the fragment is one that its receiver would take, and all there.
///
/// One that the snap length cut is not kept: a copy from another capture may
/// still complete the datagram, its own bytes cannot.
fn check(fragment: Fragment, bytes: Bytes<'_>) -> Result<(), NoSegment> {
    let length = bytes.length();
    let end = usize::from(fragment.offset) + length;
    if length == 0 || (fragment.more && !length.is_multiple_of(8)) {
        Err(bytes.malformed(Layer::Fragment, Fault::FragmentLength(saturate(length))))
    } else if end > MAX_PAYLOAD {
        Err(bytes.malformed(Layer::Fragment, Fault::FragmentEnd(saturate(end))))
    } else if bytes.cut() > 0 {
        Err(bytes.too_short(Layer::Fragment, length))
    } else {
        Ok(())
    }
}

//! Which conversation a segment belongs to.

use std::time::Duration;

use foldhash::fast::RandomState;
use hashlink::LinkedHashMap;
use hashlink::linked_hash_map::RawEntryMut as Slot;

use super::clock::Clock;
use super::seen::{NEAR, Seen, Syn};
use super::stream::MAX_WINDOW_SCALE;
use crate::types::{Conversation, Direction, Segment, Seq, TcpFlags, Timestamp};

/// The conversations seen, numbered from 0 in order of their first packet,
/// each with a state `T` of the caller's.
pub struct Table<T> {
    /// The least recently active first.
    conversations: LinkedHashMap<Conversation, Place<T>, RandomState>,
    capacity: usize,
    next_stream: u64,
    clock: Clock,
    swept: Option<Timestamp>,
    /// Segments since then.
    segments: usize,
}

/// A conversation in the table.
pub struct Entry<T> {
    /// Its number.
    pub stream: u64,
    /// What the caller knows of it.
    pub state: T,
    forward: Seen,
    backward: Seen,
    /// Time of its last segment.
    last: Option<Timestamp>,
}

/// The conversations between two ends.
struct Place<T> {
    latest: Entry<T>,
    /// The one whose ports the latest's SYN asks for. Until the SYN is
    /// answered, it may go on: a SYN inside a connection changes nothing
    /// (RFC 9293 §3.10.7.4), and anybody can forge one.
    previous: Option<Box<Entry<T>>>,
}

/// Capture time between two looks for silent conversations.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// Conversations that may be looked at for each segment that came.
const SWEEP_SHARE: usize = 8;

/// The conversation of a segment.
pub struct Found<'a, T> {
    /// The segment's direction in it.
    pub direction: Direction,
    /// The conversation.
    pub entry: &'a mut Entry<T>,
    /// The conversation whose ports it took over.
    pub replaced: Option<Entry<T>>,
    /// Conversations that had to give way to it.
    pub evicted: Vec<Entry<T>>,
}

impl<T: Default> Table<T> {
    /// An empty table for at most `capacity` conversations.
    pub fn new(capacity: usize) -> Self {
        Self {
            conversations: LinkedHashMap::with_hasher(RandomState::default()),
            capacity: capacity.max(1),
            next_stream: 0,
            clock: Clock::default(),
            swept: None,
            segments: 0,
        }
    }

    /// Finds the conversation of a segment, or begins it.
    pub fn find(&mut self, segment: &Segment<'_>) -> Found<'_, T> {
        let (conversation, direction) = segment.flow.conversation();
        let evicted = self.make_room(&conversation);
        let next_stream = &mut self.next_stream;
        let Place { latest, previous } =
            match self.conversations.raw_entry_mut().from_key(&conversation) {
                Slot::Occupied(mut slot) => {
                    slot.to_back();
                    slot.into_mut()
                }
                Slot::Vacant(slot) => {
                    let place = Place { latest: Entry::new(next_stream), previous: None };
                    slot.insert(conversation, place).1
                }
            };
        let mut replaced = None;
        if latest.is_replaced_by(segment, direction) {
            let older = std::mem::replace(latest, Entry::new(next_stream));
            if previous.is_some() {
                // Of two SYNs that nobody has answered, the older is forgotten.
                replaced = Some(older);
            } else {
                *previous = Some(Box::new(older));
            }
        } else if previous.is_some() && latest.is_answered_by(segment, direction) {
            replaced = previous.take().map(|previous| *previous);
        }
        let is_syn = latest.is_syn(segment, direction);
        let entry = match previous {
            Some(previous) if !is_syn => previous,
            _ => latest,
        };
        entry.see(segment, direction);
        Found { direction, entry, replaced, evicted }
    }

    /// Takes out the least recently active conversation where there is no room
    /// for this one.
    fn make_room(&mut self, conversation: &Conversation) -> Vec<Entry<T>> {
        let is_full = self.conversations.len() >= self.capacity;
        if !is_full || self.conversations.contains_key(conversation) {
            return Vec::new();
        }
        let front = self.conversations.pop_front();
        front.into_iter().flat_map(|(_, place)| place.into_entries()).collect()
    }

    /// Takes out the conversations that were silent for longer than
    /// `lifetime` says, the longest silent first. To be asked with the time of
    /// each segment; it looks at all of them once in a while only.
    pub fn expire(
        &mut self,
        time: Option<Timestamp>,
        lifetime: impl Fn(&Entry<T>) -> Duration,
    ) -> Vec<Entry<T>> {
        self.segments += 1;
        match self.clock.packet(time) {
            Some(now) if self.is_time_to_sweep(now) => self.sweep(now, lifetime),
            _ => Vec::new(),
        }
    }

    /// The same when the capture time is known to be `now`.
    pub fn expire_at(
        &mut self,
        now: Timestamp,
        lifetime: impl Fn(&Entry<T>) -> Duration,
    ) -> Vec<Entry<T>> {
        self.clock.set(now);
        if self.is_due(now) { self.sweep(now, lifetime) } else { Vec::new() }
    }

    fn is_time_to_sweep(&self, now: Timestamp) -> bool {
        // However fast the time goes, the work stays in proportion.
        self.is_due(now) && self.segments.saturating_mul(SWEEP_SHARE) >= self.conversations.len()
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.swept.is_none_or(|swept| now < swept || now.since(swept) >= SWEEP_INTERVAL)
    }

    fn sweep(&mut self, now: Timestamp, lifetime: impl Fn(&Entry<T>) -> Duration) -> Vec<Entry<T>> {
        self.swept = Some(now);
        self.segments = 0;
        let is_expired =
            |entry: &Entry<T>| entry.last.is_some_and(|last| now.since(last) >= lifetime(entry));
        let expired: Vec<Conversation> = self
            .conversations
            .iter()
            .filter(|(_, place)| place.entries().all(is_expired))
            .map(|(conversation, _)| *conversation)
            .collect();
        expired
            .into_iter()
            .filter_map(|conversation| self.conversations.remove(&conversation))
            .flat_map(Place::into_entries)
            .collect()
    }

    /// All conversations, the least recently active first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry<T>> {
        self.conversations.values().flat_map(Place::entries)
    }

    /// How many conversations were seen.
    pub fn count(&self) -> u64 {
        self.next_stream
    }

    /// How many conversations are remembered.
    pub fn remembered(&self) -> usize {
        self.conversations.len()
    }
}

impl<T> Place<T> {
    fn entries(&self) -> impl Iterator<Item = &Entry<T>> {
        self.previous.as_deref().into_iter().chain([&self.latest])
    }

    fn into_entries(self) -> impl Iterator<Item = Entry<T>> {
        let previous = self.previous.map(|previous| *previous);
        previous.into_iter().chain([self.latest])
    }
}

impl<T> Entry<T> {
    /// Whether both sides were seen closing, one of them breaking off, or
    /// nothing but SYNs. A stray segment far from those before it shows
    /// nothing, nor does an end after which the same side goes on.
    pub fn looks_over(&self) -> bool {
        let Self { forward, backward, .. } = self;
        let is_half_open = forward.first_seq().is_none() && backward.first_seq().is_none();
        let is_reset = forward.has(Seen::RESET) || backward.has(Seen::RESET);
        is_half_open || is_reset || (forward.has(Seen::FIN) && backward.has(Seen::FIN))
    }

    /// What the SYN of a direction said, if it was seen, or what the answer to
    /// it says of it.
    pub fn syn(&self, direction: Direction) -> Option<Syn> {
        self.seen(direction).syn()
    }

    fn seen(&self, direction: Direction) -> &Seen {
        match direction {
            Direction::Forward => &self.forward,
            Direction::Backward => &self.backward,
        }
    }

    fn see(&mut self, segment: &Segment<'_>, direction: Direction) {
        self.last = segment.origin.time.or(self.last);
        let (sender, peer) = match direction {
            Direction::Forward => (&mut self.forward, &mut self.backward),
            Direction::Backward => (&mut self.backward, &mut self.forward),
        };
        sender.see_end(segment);
        if !segment.flags.contains(TcpFlags::SYN) {
            sender.see_first(segment);
            return;
        }
        sender.set_syn(Syn {
            seq: segment.seq,
            window_scale: segment.window_scale,
            is_inferred: false,
        });
        if let (Some(ack), None) = (segment.ack, peer.syn()) {
            let seq = Seq(ack.0.wrapping_sub(1));
            let window_scale = Some(MAX_WINDOW_SCALE);
            peer.set_syn(Syn { seq, window_scale, is_inferred: true });
        }
    }

    /// Whether a segment is the SYN, or the SYN-ACK, of another conversation
    /// on the same ports (RFC 9293 §3.6.1).
    fn is_replaced_by(&self, segment: &Segment<'_>, direction: Direction) -> bool {
        if !segment.flags.contains(TcpFlags::SYN) || segment.flags.contains(TcpFlags::RST) {
            return false;
        }
        let (sender, peer) = (self.seen(direction), self.seen(direction.opposite()));
        let answers_peer =
            segment.ack.is_some() && segment.ack == peer.syn().map(|syn| syn.seq.plus(1));
        match (sender.syn(), sender.first_seq()) {
            (Some(syn), _) => syn.seq != segment.seq && !answers_peer,
            // The capture began in an older conversation, unless this is the
            // SYN of the segment seen, captured out of order.
            (None, Some(first)) => {
                let distance = first.distance_from(segment.seq);
                !answers_peer && !(1..=NEAR).contains(&distance)
            }
            // Only the other side was seen. What it acknowledges, and what is
            // acknowledged to it, tell whether it knows this SYN.
            (None, None) => {
                let near = |later: Option<Seq>, earlier: Option<Seq>| {
                    later.zip(earlier).is_some_and(|(later, earlier)| {
                        (0..=NEAR).contains(&later.distance_from(earlier))
                    })
                };
                let is_known = near(peer.first_ack(), Some(segment.seq.plus(1)))
                    || near(peer.first_seq(), segment.ack);
                peer.first_seq().is_some() && peer.syn().is_none() && !is_known
            }
        }
    }

    fn is_syn(&self, segment: &Segment<'_>, direction: Direction) -> bool {
        segment.flags.contains(TcpFlags::SYN)
            && self.seen(direction).syn().is_none_or(|syn| syn.seq == segment.seq)
    }

    /// Whether a segment shows that this one's SYN was answered: it acknowledges it,
    /// or follows it.
    fn is_answered_by(&self, segment: &Segment<'_>, direction: Direction) -> bool {
        let sender = self.seen(direction);
        let follows = sender.syn().is_some_and(|syn| {
            !syn.is_inferred
                && !segment.flags.contains(TcpFlags::SYN)
                && segment.seq == syn.seq.plus(1)
        });
        let peer = self.seen(direction.opposite());
        let acknowledges =
            peer.syn().is_some_and(|syn| !syn.is_inferred && segment.ack == Some(syn.seq.plus(1)));
        follows || acknowledges
    }
}

impl<T: Default> Entry<T> {
    fn new(next_stream: &mut u64) -> Self {
        let stream = *next_stream;
        *next_stream += 1;
        Self {
            stream,
            state: T::default(),
            forward: Seen::default(),
            backward: Seen::default(),
            last: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Endpoint, Flow, Origin, SourceId};
    use std::net::Ipv4Addr;

    const SYN: TcpFlags = TcpFlags::SYN;
    const ACK: TcpFlags = TcpFlags::ACK;

    /// The numbers of the conversations that segments belong to, each given as
    /// ports, flags, seq and ack.
    fn streams(segments: &[(u16, u16, TcpFlags, u32, u32)]) -> Vec<u64> {
        let mut table = Table::<()>::new(100);
        let end = |port| Endpoint { address: Ipv4Addr::LOCALHOST.into(), port };
        segments
            .iter()
            .map(|&(from, to, flags, seq, ack)| {
                let segment = Segment {
                    origin: Origin { packet: 1, time: None, source: SourceId(0), tcp_length: 0 },
                    flow: Flow { source: end(from), destination: end(to) },
                    seq: Seq(seq),
                    ack: flags.contains(ACK).then_some(Seq(ack)),
                    flags,
                    window: 0,
                    window_scale: None,
                    payload: b"",
                    cut: 0,
                };
                table.find(&segment).entry.stream
            })
            .collect()
    }

    #[test]
    fn conversations_are_numbered_in_order_of_their_first_packet() {
        let found = streams(&[
            (1, 2, SYN, 0, 0),
            (3, 4, ACK, 0, 0),
            (2, 1, SYN | ACK, 0, 1),
            (4, 3, ACK, 0, 0),
        ]);
        assert_eq!(found, [0, 1, 0, 1]);
    }

    #[test]
    fn a_port_used_again_is_a_new_conversation() {
        let found = streams(&[
            (1, 2, SYN, 100, 0),
            (1, 2, SYN, 100, 0), // sent again
            (2, 1, SYN | ACK, 500, 101),
            (1, 2, SYN, 90_000, 0),
            (2, 1, SYN | ACK, 700, 90_001),
            (1, 2, ACK, 90_001, 701),
            (1, 2, SYN, 200_000, 0),
            (1, 2, ACK, 200_001, 0), // the SYN-ACK was not captured
        ]);
        assert_eq!(found, [0, 0, 0, 1, 1, 1, 2, 2]);
    }

    #[test]
    fn a_syn_that_nobody_answers_changes_nothing() {
        let found = streams(&[
            (1, 2, SYN, 100, 0),
            (2, 1, SYN | ACK, 500, 101),
            (1, 2, ACK, 101, 501),
            (1, 2, SYN, 3_000_000_000, 0),
            (2, 1, ACK, 501, 101), // a challenge ACK (RFC 5961 §4)
            (1, 2, ACK, 200, 501),
        ]);
        assert_eq!(found, [0, 0, 0, 1, 0, 0]);
        let found = streams(&[
            (1, 2, SYN, 100, 0),
            (2, 1, SYN | ACK, 500, 101),
            (1, 2, ACK, 101, 501),
            (2, 1, SYN | ACK, 2_000_000_000, 200),
            (1, 2, ACK, 200, 501),
            (2, 1, ACK, 501, 200),
        ]);
        assert_eq!(found, [0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn a_syn_captured_late_is_of_the_same_conversation() {
        assert_eq!(streams(&[(1, 2, ACK, 101, 0), (1, 2, SYN, 100, 0)]), [0, 0]);
        assert_eq!(streams(&[(2, 1, SYN | ACK, 500, 101), (1, 2, SYN, 100, 0)]), [0, 0]);
        let request_first = [
            (1, 2, ACK, 101, 501),
            (2, 1, SYN | ACK, 500, 101),
            (1, 2, ACK, 101, 501),
            (1, 2, SYN, 100, 0),
        ];
        assert_eq!(streams(&request_first), [0; 4]);
        // After a capture that began in the middle of an older one.
        assert_eq!(streams(&[(1, 2, ACK, 101, 0), (1, 2, SYN, 900_000, 0)]), [0, 1]);
        assert_eq!(streams(&[(2, 1, ACK, 101, 0), (1, 2, SYN, 900_000, 0)]), [0, 1]);
    }

    #[test]
    fn a_conversation_takes_little_memory() {
        // With the two links of the list; the hash table adds 9 to 18 bytes.
        let node = size_of::<(Conversation, Place<[u64; 2]>)>() + 2 * size_of::<usize>();
        assert!(node <= 136, "{node} bytes");
    }

    #[test]
    fn the_least_recently_active_gives_way() {
        let mut table = Table::<()>::new(2);
        let end = |port| Endpoint { address: Ipv4Addr::LOCALHOST.into(), port };
        let mut evicted = Vec::new();
        for port in [1, 2, 1, 3, 2] {
            let segment = Segment {
                origin: Origin { packet: 1, time: None, source: SourceId(0), tcp_length: 0 },
                flow: Flow { source: end(port), destination: end(80) },
                seq: Seq(0),
                ack: None,
                flags: ACK,
                window: 0,
                window_scale: None,
                payload: b"",
                cut: 0,
            };
            let gone = table.find(&segment).evicted;
            evicted.extend(gone.iter().map(|entry| entry.stream));
        }
        assert_eq!(evicted, [1, 0]);
        assert_eq!(table.count(), 4);
    }
}

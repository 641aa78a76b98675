//! Which conversation a segment belongs to.

use foldhash::fast::RandomState;
use hashlink::LinkedHashMap;

use crate::types::{Conversation, Direction, Segment, Seq, TcpFlags};

/// The conversations seen, numbered from 0 in order of their first packet,
/// each with a state `T` of the caller's.
pub struct Table<T> {
    /// The least recently active first.
    conversations: LinkedHashMap<Conversation, Entry<T>, RandomState>,
    capacity: usize,
    next_stream: u64,
}

/// A conversation in the table.
pub struct Entry<T> {
    /// Its number.
    pub stream: u64,
    /// What the caller knows of it.
    pub state: T,
    forward: Seen,
    backward: Seen,
}

/// What was seen of one direction.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// Sequence number of the SYN.
    initial_seq: Option<Seq>,
    /// Sequence number of the first segment without SYN.
    first_seq: Option<Seq>,
}

/// How far after its SYN a segment may lie that was captured before it.
const REORDERED: i32 = 1 << 16;

/// The conversation of a segment.
pub struct Found<'a, T> {
    /// Its two ends.
    pub conversation: Conversation,
    /// The segment's direction in it.
    pub direction: Direction,
    /// The conversation.
    pub entry: &'a mut Entry<T>,
    /// The conversation whose ports it took over.
    pub replaced: Option<(Conversation, Entry<T>)>,
    /// The conversation that had to give way to it.
    pub evicted: Option<(Conversation, Entry<T>)>,
}

impl<T: Default> Table<T> {
    /// An empty table for at most `capacity` conversations.
    pub fn new(capacity: usize) -> Self {
        Self {
            conversations: LinkedHashMap::with_hasher(RandomState::default()),
            capacity: capacity.max(1),
            next_stream: 0,
        }
    }

    /// Finds the conversation of a segment, or begins it.
    pub fn find(&mut self, segment: &Segment<'_>) -> Found<'_, T> {
        let (conversation, direction) = segment.flow.conversation();
        let mut replaced = None;
        let mut evicted = None;
        let known = match self.conversations.get(&conversation) {
            Some(entry) if entry.is_replaced_by(segment, direction) => {
                replaced = self.conversations.remove_entry(&conversation);
                false
            }
            Some(_) => true,
            None => false,
        };
        if known {
            self.conversations.to_back(&conversation);
        } else if self.conversations.len() >= self.capacity {
            evicted = self.conversations.pop_front();
        }
        let next_stream = &mut self.next_stream;
        let entry = self.conversations.entry(conversation).or_insert_with(|| {
            let stream = *next_stream;
            *next_stream += 1;
            Entry {
                stream,
                state: T::default(),
                forward: Seen::default(),
                backward: Seen::default(),
            }
        });
        entry.see(segment, direction);
        Found { conversation, direction, entry, replaced, evicted }
    }

    /// How many conversations were seen.
    pub fn count(&self) -> u64 {
        self.next_stream
    }

    /// Takes out all conversations, in order of their numbers.
    pub fn drain(&mut self) -> Vec<(Conversation, Entry<T>)> {
        let mut all: Vec<_> = self.conversations.drain().collect();
        all.sort_unstable_by_key(|(_, entry)| entry.stream);
        all
    }
}

impl<T> Entry<T> {
    fn see(&mut self, segment: &Segment<'_>, direction: Direction) {
        let seen = match direction {
            Direction::Forward => &mut self.forward,
            Direction::Backward => &mut self.backward,
        };
        if segment.flags.contains(TcpFlags::SYN) {
            seen.initial_seq = Some(segment.seq);
        } else if seen.first_seq.is_none() {
            seen.first_seq = Some(segment.seq);
        }
    }

    /// Whether a segment is the SYN, or the SYN-ACK, of another conversation
    /// on the same ports (RFC 9293 §3.6.1).
    fn is_replaced_by(&self, segment: &Segment<'_>, direction: Direction) -> bool {
        if !segment.flags.contains(TcpFlags::SYN) || segment.flags.contains(TcpFlags::RST) {
            return false;
        }
        let (sender, peer) = match direction {
            Direction::Forward => (self.forward, self.backward),
            Direction::Backward => (self.backward, self.forward),
        };
        let answers_peer =
            segment.ack.is_some() && segment.ack == peer.initial_seq.map(|initial| initial.plus(1));
        match (sender.initial_seq, sender.first_seq) {
            (Some(initial), _) => initial != segment.seq && !answers_peer,
            // The capture began in an older conversation, unless this is the
            // SYN of the segment seen, captured out of order.
            (None, Some(first)) => {
                let distance = first.distance_from(segment.seq);
                !answers_peer && !(1..=REORDERED).contains(&distance)
            }
            (None, None) => peer.first_seq.is_some() && peer.initial_seq.is_none(),
        }
    }
}

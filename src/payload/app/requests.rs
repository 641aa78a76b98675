//! Requests that wait for their answers.

use foldhash::fast::RandomState;
use hashlink::LinkedHashMap;
use std::time::Duration;

use crate::types::text::head;
use crate::types::{Origin, Side, Timestamp};

/// Longer keys are not waited for.
const LONGEST_KEY: usize = 256;

/// Of the kind of a request no more is kept.
const LONGEST_KIND: usize = 100;

/// What the table takes for one of them, beside key and kind.
const ENTRY: usize = size_of::<(Box<[u8]>, Request)>() + 4 * size_of::<usize>();

/// The requests of one connection, the oldest first. Their number is bounded.
#[derive(Default)]
pub(super) struct Requests {
    open: LinkedHashMap<Box<[u8]>, Request, RandomState>,
    /// Bytes of keys and kinds.
    bytes: usize,
    /// Room for a key.
    key: Vec<u8>,
}

struct Request {
    packet: u64,
    time: Option<Timestamp>,
    kind: Box<str>,
    is_answered: bool,
}

/// The request that something answers.
pub(super) struct Reply<'a> {
    pub(super) to: u64,
    pub(super) kind: &'a str,
    pub(super) latency: Option<Duration>,
}

/// What becomes of a request that is answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// There may be more answers.
    Wait,
    /// That was all.
    Done,
}

/// Who asks, and by which of the protocols.
#[derive(Clone, Copy)]
enum Asker {
    App(Side),
    WebSocket(Side),
}

impl Asker {
    fn tag(self) -> u8 {
        match self {
            Self::App(Side::Client) => b'c',
            Self::App(Side::Server) => b's',
            Self::WebSocket(Side::Client) => b'C',
            Self::WebSocket(Side::Server) => b'S',
        }
    }
}

impl Requests {
    /// Takes note of a request of this side. One before with the same key is
    /// replaced. Returns how many that were never answered had to be forgotten for
    /// it, as `most` wait already.
    pub(super) fn ask(
        &mut self,
        by: Side,
        origin: Origin,
        key: &[u8],
        kind: &str,
        most: usize,
    ) -> u64 {
        self.insert(Asker::App(by), origin, key, kind, most)
    }

    /// The request that this side answers, if it is known.
    pub(super) fn answer(
        &mut self,
        by: Side,
        origin: Origin,
        key: &[u8],
        then: Then,
        told: impl FnOnce(Reply<'_>),
    ) {
        self.find(Asker::App(by.opposite()), origin, key, then, told);
    }

    /// Takes note of a ping (RFC 6455 §5.5.2).
    pub(super) fn ping(&mut self, by: Side, origin: Origin, payload: &[u8], most: usize) -> u64 {
        self.insert(Asker::WebSocket(by), origin, payload, "", most)
    }

    /// Packet number of the ping that a pong answers, and the time since.
    pub(super) fn pong(
        &mut self,
        by: Side,
        origin: Origin,
        payload: &[u8],
    ) -> Option<(u64, Option<Duration>)> {
        let mut found = None;
        self.find(Asker::WebSocket(by.opposite()), origin, payload, Then::Done, |reply| {
            found = Some((reply.to, reply.latency));
        });
        found
    }

    /// Something that this side sent is not there: its pings are not waited for
    /// any more, and with `all` nothing else.
    pub(super) fn forget(&mut self, by: Side, all: bool) {
        let tags = [Asker::WebSocket(by).tag(), Asker::App(by).tag()];
        let (tags, bytes) = (if all { &tags[..] } else { &tags[..1] }, &mut self.bytes);
        self.open.retain(|key, request| {
            let stays = !key.first().is_some_and(|tag| tags.contains(tag));
            if !stays {
                *bytes -= key.len() + request.kind.len();
            }
            stays
        });
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Bytes of memory that they take.
    pub(super) fn cost(&self) -> usize {
        // The table keeps the room of those that were answered.
        self.open.capacity() * ENTRY + self.bytes
    }

    fn insert(&mut self, by: Asker, origin: Origin, key: &[u8], kind: &str, most: usize) -> u64 {
        if key.len() > LONGEST_KEY {
            return 0;
        }
        let key: Box<[u8]> = [&[by.tag()], key].concat().into();
        let kind: Box<str> = head(kind, LONGEST_KIND).into();
        self.bytes += key.len() + kind.len();
        let length = key.len();
        let request =
            Request { packet: origin.packet, time: origin.time, kind, is_answered: false };
        if let Some(before) = self.open.insert(key, request) {
            self.bytes -= length + before.kind.len();
        }
        let mut forgotten = 0;
        while self.open.len() > most
            && let Some((key, request)) = self.open.pop_front()
        {
            self.bytes -= key.len() + request.kind.len();
            forgotten += u64::from(!request.is_answered);
        }
        forgotten
    }

    fn find(
        &mut self,
        by: Asker,
        origin: Origin,
        key: &[u8],
        then: Then,
        told: impl FnOnce(Reply<'_>),
    ) {
        if self.open.is_empty() || key.len() > LONGEST_KEY {
            return;
        }
        self.key.clear();
        self.key.push(by.tag());
        self.key.extend_from_slice(key);
        let Some(request) = self.open.get_mut(self.key.as_slice()) else {
            return;
        };
        // After a gap an answer may be told late, when the same is asked again.
        if request.packet > origin.packet {
            return;
        }
        // Clocks may be set back in between.
        let times = origin.time.zip(request.time).filter(|(answered, asked)| answered >= asked);
        let latency = times.map(|(answered, asked)| answered.since(asked));
        told(Reply { to: request.packet, kind: &request.kind, latency });
        request.is_answered = true;
        if then == Then::Done
            && let Some(request) = self.open.remove(self.key.as_slice())
        {
            self.bytes -= self.key.len() + request.kind.len();
        }
    }
}

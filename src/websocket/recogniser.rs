//! Whether a TCP conversation is WebSocket, of which the handshake was not
//! seen.
//!
//! Only the client masks (RFC 6455 §5.1), so what is found tells the sides
//! apart. One direction is enough if its frames hold text: masked text is
//! hardly ever there by chance, and unmasked JSON that fills segments with the
//! header before it seldom. Binary and compressed messages take many frames,
//! masked ones of one side and unmasked ones of the other.

use super::candidate::may_begin;
use super::chain::Evidence;
use super::frame::FrameHeader;
use super::search::{Expected, Found, Search};
use crate::types::{Direction, Run};

/// Segments without anything like a frame, after which it is given up.
const MAX_UNLIKE: u64 = 128;

/// Segments that are unlike frames and so short that they are no part of a
/// large message; they speak against what the other direction looks like.
const VETO: u64 = 3;

/// Bytes of such a segment, on average.
const SHORT: u64 = 600;

/// What the bytes of both directions tell.
#[derive(Clone, Copy, Debug)]
pub enum Verdict {
    /// It is WebSocket.
    WebSocket {
        /// The direction that the client sends in.
        client: Direction,
        /// Where a frame begins in the bytes held of [`Direction::Forward`],
        /// if that is known.
        forward: Option<Found>,
        /// The same of [`Direction::Backward`].
        backward: Option<Found>,
    },
    /// More bytes may tell.
    Unsure,
    /// It is not, or cannot be told from other things.
    NotForUs,
}

/// Judges by the bytes of both directions.
pub struct Recogniser {
    max_frame: u64,
    /// Bytes of either direction after which it is given up.
    patience: u64,
    forward: Half,
    backward: Half,
}

struct Half {
    search: Search,
    /// All that came.
    runs: u64,
    bytes: u64,
    /// Those that begin with no frame.
    foreign: u64,
    /// Runs held, if none of them may begin with a frame.
    unlike: u64,
    /// What had given way in the search when it was last looked at.
    dropped: u64,
    masked: Hypothesis,
    unmasked: Hypothesis,
}

/// What speaks for frames that are all masked, or all not.
#[derive(Clone, Copy, Default)]
struct Hypothesis {
    found: Option<Found>,
    /// From before the last hole.
    before: Evidence,
}

impl Recogniser {
    /// One that has seen nothing yet. It keeps about `limit` bytes of each
    /// direction; frames have payloads of up to `max_frame` bytes.
    pub fn new(limit: usize, max_frame: u64) -> Self {
        Self {
            max_frame,
            patience: limit as u64 * 2,
            forward: Half::new(limit),
            backward: Half::new(limit),
        }
    }

    /// Takes the next bytes of a direction.
    pub fn push(&mut self, direction: Direction, run: &Run<'_>) {
        let half = self.half(direction);
        half.search.push(run);
        half.runs += 1;
        half.foreign += u64::from(!may_begin(run.bytes));
        half.bytes += run.bytes.len() as u64;
    }

    /// Passes over bytes that are missing in a direction. What was held of it
    /// is forgotten, but not what it told.
    pub fn miss(&mut self, direction: Direction) {
        let max_frame = self.max_frame;
        let half = self.half(direction);
        half.look(max_frame, true);
        for hypothesis in [&mut half.masked, &mut half.unmasked] {
            if let Some(found) = hypothesis.found.take() {
                hypothesis.before = hypothesis.before.plus(found.evidence);
            }
        }
        half.search.clear();
    }

    /// What is known by now. `is_end`: no more bytes will come.
    pub fn judge(&mut self, is_end: bool) -> Verdict {
        self.forward.look(self.max_frame, is_end);
        self.backward.look(self.max_frame, is_end);
        let sides = [Direction::Forward, Direction::Backward].map(|client| self.is_client(client));
        match sides {
            [true, false] => self.websocket(Direction::Forward),
            [false, true] => self.websocket(Direction::Backward),
            [true, true] => Verdict::NotForUs,
            [false, false] if is_end || self.is_hopeless() => Verdict::NotForUs,
            [false, false] => Verdict::Unsure,
        }
    }

    /// The bytes held of a direction.
    pub fn search(&self, direction: Direction) -> &Search {
        match direction {
            Direction::Forward => &self.forward.search,
            Direction::Backward => &self.backward.search,
        }
    }

    /// The same of [`Direction::Forward`] and [`Direction::Backward`], to go on
    /// with when the sides are known.
    pub fn into_searches(self) -> (Search, Search) {
        let [mut forward, mut backward] = [self.forward.search, self.backward.search];
        forward.look_again();
        backward.look_again();
        (forward, backward)
    }

    /// Bytes of memory that are allocated.
    pub fn memory(&self) -> usize {
        self.forward.search.memory() + self.backward.search.memory()
    }

    fn half(&mut self, direction: Direction) -> &mut Half {
        match direction {
            Direction::Forward => &mut self.forward,
            Direction::Backward => &mut self.backward,
        }
    }

    fn is_client(&self, client: Direction) -> bool {
        let (client, server) = match client {
            Direction::Forward => (&self.forward, &self.backward),
            Direction::Backward => (&self.backward, &self.forward),
        };
        let (masked, unmasked) = (client.masked.evidence(), server.unmasked.evidence());
        // Both sides mask, or neither: not as the RFC has it.
        let is_alike = client.unmasked.evidence().is_fair_unmasked()
            || server.masked.evidence().is_fair_masked();
        if is_alike {
            return false;
        }
        masked.is_strong_masked() && !server.is_unlike_frames()
            || unmasked.is_strong_unmasked() && !client.is_unlike_frames()
            || masked.is_fair_masked() && unmasked.is_fair_unmasked()
    }

    fn websocket(&self, client: Direction) -> Verdict {
        Verdict::WebSocket {
            client,
            forward: self.forward.found(client == Direction::Forward),
            backward: self.backward.found(client == Direction::Backward),
        }
    }

    fn is_hopeless(&self) -> bool {
        let halves = [&self.forward, &self.backward];
        let is_unlike = |half: &&Half| half.unlike >= MAX_UNLIKE;
        halves.iter().any(is_unlike) && halves.iter().all(|half| is_unlike(half) || half.runs == 0)
            || halves.iter().map(|half| half.unlike).sum::<u64>() >= MAX_UNLIKE * 4
            || halves.iter().any(|half| half.bytes > self.patience)
    }
}

impl Half {
    fn new(limit: usize) -> Self {
        Self {
            search: Search::new(limit),
            runs: 0,
            bytes: 0,
            foreign: 0,
            unlike: 0,
            dropped: 0,
            masked: Hypothesis::default(),
            unmasked: Hypothesis::default(),
        }
    }

    /// Whether what came is neither frames nor a part of a large one.
    fn is_unlike_frames(&self) -> bool {
        self.foreign >= VETO && self.foreign * 2 >= self.runs && self.bytes <= self.runs * SHORT
    }

    /// Where frames begin, if that is still held.
    fn found(&self, masked: bool) -> Option<Found> {
        let found = if masked { self.masked.found } else { self.unmasked.found }?;
        let dropped = usize::try_from(self.search.dropped() - self.dropped).ok()?;
        Some(Found { offset: found.offset.checked_sub(dropped)?, ..found })
    }

    fn look(&mut self, max_frame: u64, is_end: bool) {
        if !self.search.is_due(is_end) {
            return;
        }
        self.search.looked();
        self.dropped = self.search.dropped();
        let expected = Expected {
            masked: None,
            reserved_bits: FrameHeader::RSV1,
            max_frame,
            may_nest: true,
            is_believed: false,
        };
        self.masked.found = self.search.look(expected, true);
        self.unmasked.found = self.search.look(expected, false);
        self.unlike = match self.search.is_possible() {
            true => 0,
            false => self.search.segments() as u64,
        };
    }
}

impl Hypothesis {
    fn evidence(&self) -> Evidence {
        let held = self.found.map(|found| found.evidence).unwrap_or_default();
        self.before.plus(held)
    }
}

impl Evidence {
    fn plus(self, other: Self) -> Self {
        Self {
            bits: self.bits.saturating_add(other.bits),
            content: self.content.saturating_add(other.content),
            frames: self.frames.saturating_add(other.frames),
            json: self.json.saturating_add(other.json),
            exact: self.exact.saturating_add(other.exact),
            landings: self.landings.saturating_add(other.landings),
            fresh_keys: self.fresh_keys.saturating_add(other.fresh_keys),
        }
    }

    /// Masked frames that are enough alone.
    fn is_strong_masked(&self) -> bool {
        let has_text = self.bits >= 36 && self.content >= 24;
        has_text || self.fresh_keys >= 8 && self.exact >= 8 && self.bits >= 100
    }

    /// Masked frames that are enough with those of the server.
    fn is_fair_masked(&self) -> bool {
        let has_text = self.bits >= 26 && self.content >= 12;
        has_text || self.fresh_keys >= 3 && self.exact >= 3 && self.bits >= 40
    }

    /// Unmasked frames that are enough alone: all that can be told without
    /// masking keys is text.
    fn is_strong_unmasked(&self) -> bool {
        let has_json = self.json >= 2 && self.exact >= 2 && self.bits >= 60;
        let has_much_json = self.json >= 6 && self.landings >= 2 && self.bits >= 90;
        has_json || has_much_json || self.exact >= 4 && self.content >= 32 && self.bits >= 90
    }

    /// Unmasked frames that are enough with those of the client.
    fn is_fair_unmasked(&self) -> bool {
        self.exact >= 1 && self.content >= 5 && self.bits >= 20
            || self.exact >= 3 && self.bits >= 40
    }
}

//! What the two sides of a connection say, in turns.

use super::connection::Side;
use super::deflater::Deflater;
use super::frame::Header;
use super::messages;
use super::random::Random;

/// Made once, and played by many connections. It can be played again from its
/// beginning: what it compresses refers to nothing before that.
pub(crate) struct Script {
    pub(super) turns: Vec<Turn>,
}

/// What one side sends in one go.
pub(crate) struct Turn {
    pub(super) from: Side,
    pub(super) bytes: Vec<u8>,
    /// Messages in it, control frames among them.
    pub(super) messages: u64,
}

impl Script {
    /// Turns of about `size` bytes together.
    fn of(size: usize, mut add: impl FnMut(&mut Vec<Turn>)) -> Self {
        let mut turns = Vec::new();
        let mut counted = 0;
        let mut bytes = 0;
        while bytes < size {
            add(&mut turns);
            bytes += turns[counted..].iter().map(|turn| turn.bytes.len()).sum::<usize>();
            counted = turns.len();
        }
        Self { turns }
    }

    /// Texts of JSON, about 1 KB each, some in fragments, and now and then a
    /// Ping.
    pub(crate) fn json(random: &mut Random, size: usize) -> Self {
        Self::of(size, |turns| {
            let mut turn = Turn::new(either(random));
            for _ in 0..at_once(random) {
                let length = random.between(200, 1_900);
                let text = messages::json(random, length);
                turn.message(random, Header::TEXT, text.as_bytes(), 50);
            }
            turns.push(turn);
            if random.one_in(60) {
                ping_pong(random, turns);
            }
        })
    }

    /// Prices, several frames in a segment.
    pub(crate) fn ticks(random: &mut Random, size: usize) -> Self {
        Self::of(size, |turns| {
            let from = if random.one_in(8) { Side::Client } else { Side::Server };
            let mut turn = Turn::new(from);
            for _ in 0..random.between(1, 36) {
                let text = messages::tick(random);
                turn.message(random, Header::TEXT, text.as_bytes(), usize::MAX);
            }
            turns.push(turn);
            if random.one_in(150) {
                ping_pong(random, turns);
            }
        })
    }

    /// Binary messages of 64 KiB to 1 MiB.
    pub(crate) fn bulk(random: &mut Random, size: usize) -> Self {
        Self::of(size, |turns| {
            // As many from 64 to 128 KiB as from 512 KiB to 1 MiB.
            let least = 1 << random.between(16, 19);
            let length = least + random.below(least);
            let mut turn = Turn::new(either(random));
            let bytes = random.bytes(length);
            turn.message(random, Header::BINARY, &bytes, 20);
            turns.push(turn);
        })
    }

    /// Compressed texts of JSON, about 2.4 KB each when inflated. None is in
    /// fragments: TShark 4.0 can lose what follows such a one.
    pub(crate) fn deflate(random: &mut Random, size: usize) -> Self {
        let mut deflaters = [Deflater::usual(), Deflater::usual()];
        Self::of(size, |turns| {
            let from = either(random);
            let mut turn = Turn::new(from);
            for _ in 0..at_once(random) {
                let length = random.between(400, 4_400);
                let text = messages::json(random, length);
                let payload = deflaters[from as usize].message([text.as_bytes()]);
                turn.message(random, Header::TEXT | Header::RSV1, &payload, usize::MAX);
            }
            turns.push(turn);
            if random.one_in(60) {
                ping_pong(random, turns);
            }
        })
    }

    /// What is not WebSocket.
    pub(super) fn other(turns: Vec<(Side, Vec<u8>)>) -> Self {
        let turns = turns.into_iter().map(|(from, bytes)| Turn { from, bytes, messages: 0 });
        Self { turns: turns.collect() }
    }
}

impl Turn {
    pub(super) fn new(from: Side) -> Self {
        Self { from, bytes: Vec::new(), messages: 0 }
    }

    /// Adds a message; one in `fragmented` is sent in two or three frames.
    fn message(&mut self, random: &mut Random, first: u8, payload: &[u8], fragmented: usize) {
        self.messages += 1;
        if fragmented == usize::MAX || !random.one_in(fragmented) {
            return self.frame(random, Header::new(first, payload.len()), payload);
        }
        let mut pieces = payload.chunks(payload.len().div_ceil(random.between(2, 3)).max(1));
        let mut first = first;
        let mut next = pieces.next();
        while let Some(piece) = next {
            next = pieces.next();
            let header = Header::new(first, piece.len());
            let header = if next.is_some() { header.unfinished() } else { header };
            self.frame(random, header, piece);
            first = Header::CONTINUATION;
        }
    }

    /// Adds a control frame, which is a message of its own.
    pub(super) fn control(&mut self, random: &mut Random, opcode: u8, payload: &[u8]) {
        self.message(random, opcode, payload, usize::MAX);
    }

    fn frame(&mut self, random: &mut Random, header: Header, payload: &[u8]) {
        let header = header.keyed(random.masking_key());
        self.bytes.extend(header.frame(self.from, payload));
    }
}

fn either(random: &mut Random) -> Side {
    if random.one_in(2) { Side::Client } else { Side::Server }
}

/// How many messages are sent in one go: commonly one, whose last segment then
/// is short.
fn at_once(random: &mut Random) -> usize {
    if random.one_in(4) { random.between(2, 4) } else { 1 }
}

fn ping_pong(random: &mut Random, turns: &mut Vec<Turn>) {
    let payload = random.bytes(8);
    for (from, opcode) in [(Side::Server, Header::PING), (Side::Client, Header::PONG)] {
        let mut turn = Turn::new(from);
        turn.control(random, opcode, &payload);
        turns.push(turn);
    }
}

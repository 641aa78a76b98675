//! Connections that play a script, one a few segments at a time.

use std::io::Result;
use std::sync::Arc;

use super::capture::Capture;
use super::connection::{Connection, Side};
use super::frame::Header;
use super::random::Random;
use super::script::{Script, Turn};

/// A connection on its way through a script.
pub(super) struct Player {
    pub(super) connection: Connection,
    script: Arc<Script>,
    turn: usize,
    /// Bytes of the turn that were sent.
    sent: usize,
    /// Messages that were sent.
    pub(super) messages: u64,
}

impl Player {
    pub(super) fn new(connection: Connection, script: Arc<Script>) -> Self {
        Self { connection, script, turn: 0, sent: 0, messages: 0 }
    }

    /// Sends a segment or a few, no further than to the end of the turn. Tells
    /// whether the script has ended; the next step begins it anew.
    pub(super) fn step(&mut self, capture: &mut Capture, random: &mut Random) -> Result<bool> {
        for _ in 0..random.between(1, 4) {
            if self.segment(capture, 0)? {
                break;
            }
        }
        Ok(self.turn == 0 && self.sent == 0)
    }

    /// Sends one segment that begins with up to `repeated` bytes of those that
    /// were sent. Tells whether that ends the turn.
    pub(super) fn segment(&mut self, capture: &mut Capture, repeated: usize) -> Result<bool> {
        let Turn { from, bytes, messages } = &self.script.turns[self.turn];
        let start = self.sent.saturating_sub(repeated);
        let end = bytes.len().min(start + self.connection.room()).max(self.sent);
        let repeated = (self.sent - start) as u32;
        self.connection.send_segment(capture, *from, repeated, &bytes[start..end])?;
        self.sent = end;
        let is_over = end == bytes.len();
        if is_over {
            self.sent = 0;
            self.turn = (self.turn + 1) % self.script.turns.len();
            self.messages += messages;
        }
        Ok(is_over)
    }

    /// Begins another script.
    pub(super) fn play(&mut self, script: Arc<Script>) {
        (self.script, self.turn, self.sent) = (script, 0, 0);
    }

    /// Ends the turn that has begun.
    pub(super) fn end_turn(&mut self, capture: &mut Capture) -> Result<()> {
        while self.sent > 0 {
            self.segment(capture, 0)?;
        }
        Ok(())
    }

    /// Close frames both ways, then the end of TCP.
    pub(super) fn close(&mut self, capture: &mut Capture, random: &mut Random) -> Result<()> {
        self.end_turn(capture)?;
        for from in [Side::Client, Side::Server] {
            let mut turn = Turn::new(from);
            turn.control(random, Header::CLOSE, b"\x03\xe8done");
            self.connection.send(capture, from, &turn.bytes)?;
            self.messages += turn.messages;
        }
        self.connection.close(capture, Side::Server)
    }
}

//! One side of a WebSocket connection.

use std::num::NonZeroU64;

use crate::types::{Counts, Opcode};

/// A position, if there is one: none is zero.
pub(super) type Position = Option<NonZeroU64>;

/// What one side sends, and what its peer owes it.
#[derive(Default)]
pub(super) struct Half {
    /// Position of the direction's first byte. Until it has begun, where frames
    /// are expected to begin, or zero.
    pub(super) begin: u64,
    pub(super) counts: Counts,
    /// Position after its Close frame.
    pub(super) close: Position,
    /// The peer has received that.
    pub(super) is_close_received: bool,
    /// Its last ping that was not answered.
    pub(super) ping: Option<Box<Ping>>,
    /// Something that it sent is not in the capture.
    pub(super) has_hole: bool,
    /// Up to where its peer had its bytes when that sent its last pong.
    pub(super) pong_ack: Position,
    /// Up to where it has its peer's bytes.
    pub(super) has: Position,
    /// Position after the frame that is being read.
    pub(super) frame_end: u64,
}

/// A ping that waits for its pong.
#[derive(Default)]
pub(super) struct Ping {
    /// Position after it.
    end: u64,
    /// The peer has received it.
    is_received: bool,
    /// Data messages that the peer sent since.
    messages: u64,
}

impl Half {
    /// Takes note of a message that it sent.
    pub(super) fn sent(&mut self, opcode: Opcode) {
        match opcode {
            Opcode::Close => {
                self.close = self.close.or(NonZeroU64::new(self.frame_end));
            }
            // Captures put directions out of order: the pong may have come first.
            Opcode::Ping if self.pong_ack >= NonZeroU64::new(self.frame_end) => {}
            Opcode::Ping => {
                let ping = Ping { end: self.frame_end, ..Ping::default() };
                self.ping = Some(Box::new(ping));
            }
            _ => {}
        }
    }

    /// Takes note of a message that its peer sent, having had everything before
    /// `ack`.
    pub(super) fn received(&mut self, opcode: Opcode, ack: Position) {
        match (opcode, &mut self.ping) {
            (Opcode::Pong, ping) => {
                *ping = None;
                self.pong_ack = self.pong_ack.max(ack);
            }
            // After a Close frame no pong is due (RFC 6455 §5.5.2).
            (Opcode::Text | Opcode::Binary, Some(ping))
                if ping.is_received && !self.is_close_received =>
            {
                ping.messages += 1;
            }
            _ => {}
        }
    }

    /// Takes note that its peer has everything before `position`.
    pub(super) fn acknowledged(&mut self, position: u64) {
        if let Some(ping) = &mut self.ping {
            ping.is_received |= position >= ping.end;
        }
        self.is_close_received |= self.close.is_some_and(|close| position >= close.get());
    }

    /// Data messages that its peer sent instead of a pong.
    pub(super) fn unanswered_ping(&self) -> Option<u64> {
        self.ping.as_ref().map(|ping| ping.messages).filter(|&messages| messages > 0)
    }
}

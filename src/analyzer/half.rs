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
    /// Its pings and their pongs, once there was one.
    pub(super) pings: Option<Box<Pings>>,
    /// Something that it sent is not in the capture.
    pub(super) has_hole: bool,
    /// Up to where it has its peer's bytes.
    pub(super) has: Position,
    /// Position after the frame that is being read.
    pub(super) frame_end: u64,
}

/// What became of the pings of one side. Few connections have any.
#[derive(Default)]
pub(super) struct Pings {
    /// The last one, if it was not answered.
    waiting: Option<Ping>,
    /// Up to where the peer had this side's bytes when it sent its last pong.
    pong_ack: Position,
}

/// A ping that waits for its pong.
#[derive(Default)]
struct Ping {
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
            Opcode::Ping => {
                let end = self.frame_end;
                let pings = self.pings.get_or_insert_default();
                // Captures put directions out of order: the pong may have come first.
                if pings.pong_ack < NonZeroU64::new(end) {
                    pings.waiting = Some(Ping { end, ..Ping::default() });
                }
            }
            _ => {}
        }
    }

    /// Takes note of a message that its peer sent, having had everything before
    /// `ack`.
    pub(super) fn received(&mut self, opcode: Opcode, ack: Position) {
        match opcode {
            Opcode::Pong => {
                let pings = self.pings.get_or_insert_default();
                pings.waiting = None;
                pings.pong_ack = pings.pong_ack.max(ack);
            }
            // After a Close frame no pong is due (RFC 6455 §5.5.2).
            Opcode::Text | Opcode::Binary if !self.is_close_received => {
                if let Some(ping) = self.waiting_ping().filter(|ping| ping.is_received) {
                    ping.messages += 1;
                }
            }
            _ => {}
        }
    }

    /// Takes note that its peer has everything before `position`.
    pub(super) fn acknowledged(&mut self, position: u64) {
        if let Some(ping) = self.waiting_ping() {
            ping.is_received |= position >= ping.end;
        }
        self.is_close_received |= self.close.is_some_and(|close| position >= close.get());
    }

    /// Its ping is not waited for any more.
    pub(super) fn forget_ping(&mut self) {
        if let Some(pings) = &mut self.pings {
            pings.waiting = None;
        }
    }

    /// Data messages that its peer sent instead of a pong.
    pub(super) fn unanswered_ping(&self) -> Option<u64> {
        let ping = self.pings.as_ref()?.waiting.as_ref()?;
        (ping.messages > 0).then_some(ping.messages)
    }

    fn waiting_ping(&mut self) -> Option<&mut Ping> {
        self.pings.as_mut()?.waiting.as_mut()
    }
}

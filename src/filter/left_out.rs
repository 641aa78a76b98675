//! What only keeps connections alive, and can be left out: `--no-control`,
//! `--no-heartbeats`.

use crate::types::{App, Event, Kind, Opcode};

/// What is left out of what is told. What is counted is counted all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeftOut {
    /// Nothing.
    #[default]
    Nothing,
    /// Pings and pongs, and their frames. Close frames are told.
    Pings,
    /// These, and messages in which the protocol inside does nothing but keep the
    /// connection alive. Their frames are told, as it is not known yet what is in
    /// them.
    Heartbeats,
}

impl LeftOut {
    /// Whether it has this event.
    #[inline]
    pub fn has(self, event: &Event<'_>) -> bool {
        self != Self::Nothing && self.is(event)
    }

    fn is(self, event: &Event<'_>) -> bool {
        let is_ping = |opcode| matches!(opcode, Opcode::Ping | Opcode::Pong);
        match &event.kind {
            Kind::Frame(frame) => is_ping(frame.opcode),
            Kind::Message(message) => {
                is_ping(message.opcode)
                    || self == Self::Heartbeats && message.app.is_some_and(App::is_heartbeat)
            }
            Kind::Handshake(_) | Kind::Violation(_) | Kind::Gap(_) | Kind::End(_) => false,
        }
    }
}

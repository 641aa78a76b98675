//! A connection of which there may be more to come.

use std::time::Duration;

use super::group::{By, CloseKey, GroupKey};
use super::name::shortened;
use crate::output::text::url;
use crate::types::{
    AcceptStatus, AppProtocol, Connection, End, EndState, Event, Handshake, Kind, Message, Opcode,
    Side, Timestamp,
};

/// A connection of which there may be more to come, without what passed over
/// it.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) connection: Connection,
    /// Which of the handshakes on its stream it began with, from 0.
    pub(super) number: u64,
    /// It was counted before, when there were too many.
    pub(super) is_continued: bool,
    pub(super) url: Option<String>,
    host: Option<String>,
    pub(super) subprotocol: Option<String>,
    pub(super) protocol: Option<AppProtocol>,
    pub(super) status: Option<u16>,
    pub(super) accept: Option<AcceptStatus>,
    pub(super) is_refused: bool,
    /// What the first Close frame says.
    pub(super) close: Option<CloseKey>,
    pub(super) state: Option<EndState>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    /// From the connection's end, which knows better.
    duration: Option<Duration>,
}

impl Open {
    /// The connection that `event` is told first of.
    pub(super) fn new(event: &Event<'_>, number: u64) -> Self {
        let mut open = Self {
            connection: event.connection.clone(),
            number,
            is_continued: !event.is_first,
            url: None,
            host: None,
            subprotocol: None,
            protocol: None,
            status: None,
            accept: None,
            is_refused: false,
            close: None,
            state: None,
            first: event.origin.time,
            last: None,
            duration: None,
        };
        if let Kind::Handshake(handshake) = event.kind {
            open.handshake(handshake);
        }
        open
    }

    fn handshake(&mut self, handshake: &Handshake) {
        self.url = url(handshake, &self.connection).as_deref().map(shortened);
        self.host = handshake.host.as_deref().map(shortened);
        self.subprotocol = handshake.subprotocol.as_deref().map(shortened);
        self.status = handshake.status;
        self.accept = handshake.accept_status;
        self.is_refused = handshake.is_refused();
    }

    /// Takes note of what there was after it was counted.
    pub(super) fn go_on(&mut self, later: Self) {
        self.protocol = later.protocol.or(self.protocol);
        self.close = self.close.or(later.close);
        self.state = later.state.or(self.state);
        self.last = self.last.max(later.first).max(later.last);
        self.duration = later.duration.or(self.duration);
    }

    /// Takes note of an event's time.
    pub(super) fn touch(&mut self, time: Option<Timestamp>) {
        self.last = self.last.max(time);
    }

    /// Takes note of what a message says of the connection.
    pub(super) fn message(&mut self, message: &Message<'_>) {
        if let Some(protocol) = message.app.and_then(|app| app.protocol) {
            self.protocol = Some(protocol);
        }
        if message.opcode == Opcode::Close && self.close.is_none() {
            let close = message.close;
            self.close = Some(CloseKey {
                code: close.and_then(|close| close.code),
                by_server: Some(message.from == Side::Server),
                code_name: close.and_then(|close| close.code_name),
            });
        }
    }

    /// Takes note of its end.
    pub(super) fn end(&mut self, end: &End) {
        self.state = Some(end.state);
        self.duration = end.duration;
    }

    /// From its first event to the last, as far as the capture has times.
    pub(super) fn duration(&self) -> Option<Duration> {
        let seen = || Some(self.last?.since(self.first?)).filter(|seen| !seen.is_zero());
        self.duration.or_else(seen)
    }

    /// The group that it belongs to now.
    pub(super) fn key(&self, by: By) -> GroupKey {
        let server = || self.connection.server.to_string();
        match by {
            By::Host => GroupKey::Named(Some(self.host.clone().unwrap_or_else(server))),
            By::Url => {
                let url = self.url.as_deref().map(|url| match url.split_once('?') {
                    Some((bare, _)) => bare.to_owned(),
                    None => url.to_owned(),
                });
                GroupKey::Named(Some(url.unwrap_or_else(server)))
            }
            By::Protocol => {
                let protocol = self.protocol.map(|protocol| protocol.name().to_owned());
                GroupKey::Named(protocol.or_else(|| self.subprotocol.clone()))
            }
            By::Connection => {
                GroupKey::Connection(self.connection.stream, self.connection.h2_stream, self.number)
            }
        }
    }
}

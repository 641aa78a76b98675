//! What the numbers are told for: connections, or several of them together.

use std::collections::BTreeMap;
use std::time::Duration;

use super::open::Open;
use super::traffic::{Compression, Traffic, Ways};
use crate::types::{AcceptStatus, Side};

/// What the numbers are told for: `--by`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The host that requests name, or else the server's address.
    Host,
    /// Host and target without the query, or else the server's address.
    Url,
    /// The protocol inside, or else the subprotocol, or none.
    Protocol,
    /// Each connection.
    Connection,
}

impl By {
    /// Its name in JSON.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Url => "url",
            Self::Protocol => "protocol",
            Self::Connection => "connection",
        }
    }
}

/// What tells a group from others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum GroupKey {
    /// A connection: its TCP stream, its stream inside HTTP/2, and which of the
    /// handshakes there it began with.
    Connection(u64, Option<u32>, u64),
    /// A name; none where there is nothing to name.
    Named(Option<String>),
}

/// More ways to close than anybody reads.
const MOST_CLOSES: usize = 32;

/// Connections, and what passed over them.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Handshakes, refused ones too, and connections without one.
    pub(super) connections: u64,
    pub(super) refused: u64,
    /// How many with which verdict on the server's Accept.
    pub(super) accepts: BTreeMap<&'static str, u64>,
    pub(super) traffic: Ways<Traffic>,
    pub(super) compression: Ways<Compression>,
    /// How many were closed how; none for ways that have no room here.
    pub(super) closes: BTreeMap<Option<CloseKey>, u64>,
    pub(super) longest: Option<Duration>,
    /// The connection, where it is only one.
    pub(super) only: Option<Box<Open>>,
}

/// Who sent the first Close frame, and the code there; of neither where there
/// was none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CloseKey {
    pub(super) code: Option<u16>,
    pub(super) by_server: Option<bool>,
    pub(super) code_name: Option<&'static str>,
}

impl CloseKey {
    /// Who sent it.
    pub(super) fn by(&self) -> Option<Side> {
        self.by_server.map(|by_server| if by_server { Side::Server } else { Side::Client })
    }
}

impl Group {
    /// Counts a connection that has ended, or is not looked at any longer.
    pub(super) fn settle(&mut self, open: &Open) {
        self.longest = self.longest.max(open.duration());
        if open.is_continued {
            return;
        }
        self.connections += 1;
        self.refused += u64::from(open.is_refused);
        if let Some(accept) = open.accept {
            *self.accepts.entry(accept_name(accept)).or_default() += 1;
        }
        if open.is_refused {
            return;
        }
        let close = Some(open.close.unwrap_or(NOT_CLOSED));
        let has_room = self.closes.len() < MOST_CLOSES || self.closes.contains_key(&close);
        *self.closes.entry(close.filter(|_| has_room)).or_default() += 1;
    }
}

/// There was no Close frame.
const NOT_CLOSED: CloseKey = CloseKey { code: None, by_server: None, code_name: None };

/// The name of a verdict in events.
pub(super) const fn accept_name(accept: AcceptStatus) -> &'static str {
    match accept {
        AcceptStatus::Valid => "valid",
        AcceptStatus::Mismatch => "mismatch",
        AcceptStatus::Missing => "missing",
        AcceptStatus::InvalidKey => "invalid-key",
    }
}

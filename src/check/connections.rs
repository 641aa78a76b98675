//! The connections of which there may be more to come.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::filter::{FilterSet, Marks};
use crate::output::url;
use crate::types::text::head;
use crate::types::{Connection, Event, Kind, Timestamp};

/// A connection, or a handshake that was refused.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    /// In order of first event, from 0; never used twice.
    pub(super) id: u64,
    pub(super) connection: Connection,
    /// What the client asked for; `None` when the capture does not have it.
    pub(super) url: Option<Arc<str>>,
    /// When it was told first.
    pub(super) start: Option<Timestamp>,
    /// What its handshake decides of the filters.
    pub(super) marks: Marks,
    /// The server did not consent.
    pub(super) is_refused: bool,
    /// It is one of WebSocket: the server consented, or its frames were recognised.
    pub(super) is_proven: bool,
}

/// Bytes of a URL that are kept.
const LONGEST_URL: usize = 2048;

impl Opened {
    fn new(id: u64, event: &Event<'_>, filters: &FilterSet) -> Self {
        let handshake = match event.kind {
            Kind::Handshake(handshake) => Some(handshake),
            _ => None,
        };
        let url = handshake.and_then(|handshake| url(handshake, event.connection));
        Self {
            id,
            connection: event.connection.clone(),
            url: url.map(|url| head(&url, LONGEST_URL).into()),
            start: event.origin.time,
            marks: filters.remember(handshake),
            is_refused: handshake.is_some_and(|handshake| handshake.is_refused()),
            is_proven: match handshake {
                Some(handshake) => handshake.status.is_some() && !handshake.is_refused(),
                None => event.connection.inferred,
            },
        }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Connections {
    open: BTreeMap<Key, Arc<Opened>>,
    /// The last handshake that was refused: what is wrong with it is told right after
    /// it, and no end of it.
    refused: Option<(Key, Arc<Opened>)>,
    /// Those of which something was selected.
    selected: HashSet<u64>,
    next: u64,
}

/// The stream of a connection, and inside HTTP/2 its stream there.
type Key = (u64, Option<u32>);

fn key(event: &Event<'_>) -> Key {
    (event.connection.stream, event.connection.h2_stream)
}

/// The connection of an event.
pub(super) struct Entry {
    pub(super) connection: Arc<Opened>,
    /// It is told for the first time.
    pub(super) is_new: bool,
    /// The one before it on the same stream, of which nothing more comes.
    pub(super) before: Option<Arc<Opened>>,
}

impl Connections {
    /// The connection of an event.
    pub(super) fn entry(&mut self, event: &Event<'_>, filters: &FilterSet) -> Entry {
        let key = key(event);
        let before = if event.is_first { self.open.remove(&key) } else { None };
        if let Some(before) = &before {
            self.selected.remove(&before.id);
        }
        if let Some(connection) = self.open.get(&key) {
            return Entry { connection: Arc::clone(connection), is_new: false, before };
        }
        if let Some((_, connection)) =
            self.refused.as_ref().filter(|(refused, _)| *refused == key && !event.is_first)
        {
            return Entry { connection: Arc::clone(connection), is_new: false, before };
        }
        let connection = Arc::new(Opened::new(self.next, event, filters));
        self.next += 1;
        if connection.is_refused {
            self.refused = Some((key, Arc::clone(&connection)));
        } else {
            self.open.insert(key, Arc::clone(&connection));
        }
        Entry { connection, is_new: true, before }
    }

    /// Whether the event at hand is the first one of its connection that is selected.
    pub(super) fn is_first_selected(&mut self, connection: &Opened) -> bool {
        !connection.is_refused && self.selected.insert(connection.id)
    }

    /// Forgets the connection of an event.
    pub(super) fn end(&mut self, event: &Event<'_>) {
        if let Some(connection) = self.open.remove(&key(event)) {
            self.selected.remove(&connection.id);
        }
    }

    /// Those that are left, by stream.
    pub(super) fn rest(&mut self) -> impl Iterator<Item = Arc<Opened>> + use<> {
        std::mem::take(&mut self.open).into_values()
    }
}

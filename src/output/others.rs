//! Connections that were not asked for, to be told where the one that was is
//! not there.

use std::collections::BTreeMap;

use super::connection_name::ConnectionName;
use super::escape::one_line;
use super::text::url;
use crate::types::{Event, Kind};

/// The first connections that there are.
#[derive(Debug, Default)]
pub(super) struct Others {
    connections: BTreeMap<(u64, Option<u32>), String>,
    /// Whether there are more.
    is_cut: bool,
}

/// More than anybody wants to choose from.
const MOST: usize = 10;

/// Characters of a URL that are told.
const LONGEST: usize = 100;

impl Others {
    /// Takes note of the connection of an event.
    pub(super) fn event(&mut self, event: &Event<'_>) {
        let connection = event.connection;
        let key = (connection.stream, connection.h2_stream);
        if self.connections.contains_key(&key) {
            return;
        }
        if self.connections.len() >= MOST {
            self.is_cut = true;
            return;
        }
        let asked = match event.kind {
            Kind::Handshake(handshake) => url(handshake, connection),
            _ => None,
        };
        let asked = asked.unwrap_or_else(|| format!("to {}", connection.server));
        let mut told: String = asked.chars().take(LONGEST).collect();
        if told.len() < asked.len() {
            told.push('…');
        }
        self.connections.insert(key, one_line(&told));
    }

    /// A sentence that says that `name` is not there, and what is.
    pub(super) fn tell(&self, name: ConnectionName) -> String {
        if self.connections.is_empty() {
            return format!("there is no connection {name}, nor any other");
        }
        let known = self.connections.iter().map(|((stream, h2_stream), asked)| {
            let name = ConnectionName { stream: *stream, h2_stream: *h2_stream };
            format!("{name} ({asked})")
        });
        let known = known.collect::<Vec<_>>().join(", ");
        let more = if self.is_cut { " and more" } else { "" };
        format!("there is no connection {name}, but {known}{more}")
    }
}

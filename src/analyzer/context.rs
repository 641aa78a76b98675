//! What the layers of one conversation need from outside while they work.

use super::{Options, Statistics};
use crate::types::{Connection, Conversation, Direction, Event, Kind, Origin, Sink, Source};
use crate::websocket::Workspace;

/// What the layers of one conversation need from outside while they work.
pub(super) struct Context<'a> {
    pub(super) report: Report<'a>,
    pub(super) workspace: &'a mut Workspace,
    /// Bytes that the layers of all conversations of the shard keep.
    pub(super) memory: &'a mut usize,
}

/// Where events and counts go.
pub(super) struct Report<'a> {
    pub(super) options: &'a Options,
    pub(super) statistics: &'a mut Statistics,
    pub(super) sources: &'a [Source],
    pub(super) sink: &'a mut dyn Sink,
    pub(super) conversation: Conversation,
    pub(super) stream: u64,
}

impl Report<'_> {
    /// The connection between these ends. It is made when it is needed, as there
    /// may be very many.
    pub(super) fn connection(&self, client: Direction, inferred: bool) -> Connection {
        Connection {
            stream: self.stream,
            h2_stream: None,
            client: self.conversation.sender(client),
            server: self.conversation.sender(client.opposite()),
            inferred,
        }
    }

    /// Tells an event. Whether anything was told of the connection before is in
    /// `is_told`, and from now on it was.
    pub(super) fn tell(
        &mut self,
        connection: &Connection,
        is_told: &mut bool,
        origin: Origin,
        kind: Kind<'_>,
    ) {
        let is_first = !std::mem::replace(is_told, true);
        let source = self.sources.get(origin.source.0 as usize).unwrap_or(&ONLY_SOURCE);
        self.sink.event(&Event { origin, source, connection, is_first, kind });
    }
}

/// The source of packets where it goes without saying.
const ONLY_SOURCE: Source = Source { file: None, interface: None };

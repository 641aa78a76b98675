//! What the layers of one conversation need from outside while they work.

use super::{Options, Statistics};
use crate::filter::{Filter, Marks, Scratch};
use crate::payload::{Insides, Story};
use crate::types::{
    Connection, Conversation, Direction, Event, Handshake, Kind, Origin, Sink, Source,
};
use crate::websocket::Workspace;

/// What the layers of one conversation need from outside while they work.
pub(super) struct Context<'a> {
    pub(super) report: Report<'a>,
    pub(super) workspace: &'a mut Workspace,
    /// Room for what protocols inside say.
    pub(super) story: &'a mut Story,
    /// Room for what binary messages hold.
    pub(super) insides: &'a mut Insides,
    /// Bytes that the layers of all conversations of the shard keep.
    pub(super) memory: &'a mut usize,
}

/// Where events and counts go.
pub(super) struct Report<'a> {
    pub(super) options: &'a Options,
    pub(super) statistics: &'a mut Statistics,
    pub(super) sources: &'a [Source],
    pub(super) sink: &'a mut dyn Sink,
    /// Room for the filter.
    pub(super) scratch: &'a Scratch,
    pub(super) conversation: Conversation,
    pub(super) stream: u64,
}

/// What became of a connection's events so far.
pub(super) struct Account {
    /// The filter may show something of it.
    pub(super) is_wanted: bool,
    /// Something was told of it.
    pub(super) is_told: bool,
    /// What its handshake decided of the filter, if both are there.
    pub(super) marks: Option<Box<Marks>>,
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

    /// The account of a connection with this handshake, or without one.
    pub(super) fn account(
        &mut self,
        connection: &Connection,
        handshake: Option<&Handshake>,
    ) -> Account {
        let filter = self.options.filter.as_ref();
        let marks = filter.map(|filter| filter.remember(handshake));
        let may_be_selected =
            |(filter, marks): (&Filter, _)| filter.may_select_of(connection, marks);
        let is_wanted = filter.zip(marks.as_ref()).is_none_or(may_be_selected);
        self.statistics.wanted += u64::from(is_wanted);
        Account { is_wanted, is_told: false, marks: marks.map(Box::new) }
    }

    /// Tells an event, unless it is filtered away.
    pub(super) fn tell(
        &mut self,
        connection: &Connection,
        account: &mut Account,
        origin: Origin,
        kind: Kind<'_>,
    ) {
        let source = self.sources.get(origin.source.0 as usize).unwrap_or(&ONLY_SOURCE);
        let is_first = !account.is_told;
        let event = Event { origin, source, connection, is_first, kind };
        if self.options.left_out.has(&event) {
            self.statistics.filtered += 1;
            return;
        }
        if let Some(filter) = &self.options.filter {
            let is_selected = filter.selects(&event, account.marks.as_deref(), self.scratch);
            self.statistics.half_compared += u64::from(self.scratch.is_beyond());
            if !is_selected {
                self.statistics.filtered += 1;
                let is_bound = matches!(event.kind, Kind::Handshake(_) | Kind::End(_));
                if is_bound && self.options.whole_connections && account.is_wanted {
                    account.is_told = true;
                    self.sink.event(&event);
                }
                return;
            }
        }
        account.is_told = true;
        self.statistics.told += 1;
        self.sink.event(&event);
    }
}

/// The source of packets where it goes without saying.
const ONLY_SOURCE: Source = Source { file: None, interface: None };

//! Shows events: one file for each form of output.
//!
//! A [`View`] takes events one by one and renders them at the end of a
//! [`Spool`], which belongs to the caller and keeps what is rendered, or hands
//! it to a writer, also while a long payload is being rendered. Views hold no
//! more than they need to render the next event ([`Table`] and [`Stats`], which
//! print at the end, hold rows, of which there are no more than so many), and
//! never fail.
//!
//! ```text
//!            ┌─ Json    one object a line, as docs/events.md says
//! Event ─────┼─ Text    for people: header lines, readable payloads below
//!            ├─ Follow  the text of one connection, the sides set apart
//!            ├─ Raw     the payloads of one side of one connection
//!            ├─ Table   connections and their totals, at the end
//!            └─ Stats   connections, types, sizes, latencies in numbers, at the end
//! ```
//!
//! Everything in an event may come from an attacker. [`Text`] and [`Table`]
//! show every character that could steer a terminal, reorder or hide text by
//! its number (`\x1b`, `\u{202e}`); [`Json`] writes those that could steer a
//! terminal as JSON escapes, which stand for the same value.
//!
//! ```
//! use wsdump::output::{Json, PayloadForm, Spool, View};
//! # use std::net::{IpAddr, Ipv4Addr};
//! # use wsdump::types::{
//! #     Connection, Endpoint, Event, Gap, Kind, NextFrame, Origin, Side, Source, SourceId,
//! # };
//! # let endpoint = |port| Endpoint { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port };
//! # let source = Source { file: None, interface: None };
//! # let connection = Connection {
//! #     stream: 3, h2_stream: None, client: endpoint(51234), server: endpoint(80), inferred: false,
//! # };
//! # let event = Event {
//! #     origin: Origin { packet: 7, time: None, source: SourceId(0), tcp_length: 0 },
//! #     source: &source,
//! #     connection: &connection,
//! #     is_first: true,
//! #     kind: Kind::Gap(Gap {
//! #         from: Side::Client, bytes: Some(1460), next_frame: NextFrame::Known, undecoded: 0,
//! #     }),
//! # };
//! let mut view = Json::new(PayloadForm::Auto);
//! let mut out = Spool::default();
//! view.show(&event, &mut out);
//! view.finish(&mut out);
//! let line = String::from_utf8(out.into_bytes()).unwrap();
//! assert!(line.starts_with(r#"{"event":"gap","packet":7,"#));
//! assert!(line.ends_with("\"bytes\":1460,\"next_frame\":\"known\"}\n"));
//! ```

mod compact;
mod connection_name;
mod escape;
mod follow;
mod gist;
mod hex_dump;
mod json;
mod json_string;
mod others;
mod pretty;
mod raw;
#[cfg(test)]
mod samples;
mod spool;
mod stamp;
mod stats;
pub(crate) mod style;
mod table;
mod text;
mod time;
mod wrap;
mod write;

use crate::types::{Event, Timestamp};

pub use connection_name::{ConnectionName, NoConnectionName};
pub use escape::one_line as escaped;
pub use follow::Follow;
pub(crate) use gist::gist;
pub use json::Json;
pub(crate) use json_string::escaped as json_escaped;
pub use raw::Raw;
pub use spool::Spool;
pub(crate) use stamp::Stamps;
pub use stamp::TimeForm;
pub use stats::{By, Stats, StatsForm, StatsOptions};
pub use table::Table;
pub(crate) use text::url;
pub use text::{BodyForm, Text, TextOptions};
pub use time::Zone;
pub(crate) use time::rfc3339;
pub(crate) use wrap::Page;
pub(crate) use write::grouped;

/// One form of output.
///
/// Whoever has all events one by one calls [`View::show`]. To render on several
/// threads, each of them has a [`View::fork`] and all events of some
/// connections: it asks for an event's mark, then renders the event. Who puts
/// that together asks one view for the seams, in order.
pub trait View: Send {
    /// Takes note of the time of the capture's first packet that has one: before
    /// any event, and where there are forks once for all of them.
    fn begin(&mut self, _time: Timestamp) {}

    /// Renders one event at the end of `out`, and what stands before it.
    fn show(&mut self, event: &Event<'_>, out: &mut Spool) {
        let mark = self.mark(event);
        self.seam(mark, out);
        self.event(event, out);
    }

    /// What the event that is rendered next decides about what stands between
    /// it and its neighbours.
    fn mark(&mut self, _event: &Event<'_>) -> Mark {
        Mark::default()
    }

    /// Renders what stands before an event of this mark, after those of the
    /// marks given before.
    fn seam(&mut self, _mark: Mark, _out: &mut Spool) {}

    /// Renders one event at the end of `out`: the same, whatever came before of
    /// other connections. Of what stood in `out` before, nothing is held back.
    fn event(&mut self, event: &Event<'_>, out: &mut Spool);

    /// Another view of the same kind, for events of other connections; `None`
    /// where only one can have all of them.
    fn fork(&self) -> Option<Box<dyn View>> {
        None
    }

    /// Renders at the end of `out` what could not be known before the last
    /// event. Nothing may be given to the view afterwards.
    fn finish(&mut self, _out: &mut Spool) {}
}

/// What an event decides about what stands between it and its neighbours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The date that the event has.
    date: Option<[u8; 10]>,
    /// It begins with a line that introduces a connection, which tells the date
    /// itself.
    introduces: bool,
}

impl Mark {
    /// Whether nothing stands between an event of mark `last` and one of this
    /// mark right after it: the seam need not be asked for.
    #[must_use]
    pub fn joins(self, last: Self) -> bool {
        !self.introduces && (self.date.is_none() || self.date == last.date)
    }
}

/// How payloads are shown: `--payload`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PayloadForm {
    /// As what they are: JSON, text or binary.
    #[default]
    Auto,
    /// Every payload in base64, that of close frames too.
    Base64,
    /// Not at all. What a close frame says is still told.
    None,
}

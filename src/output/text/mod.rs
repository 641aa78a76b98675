//! For people: `--format text`.
//!
//! ```text
//! 2018-12-26 06:54:46.729250 #3   127.0.0.1:51234 → 127.0.0.1:8888  ws://localhost:8888/chat
//!     101 Switching Protocols  ✓ Accept valid
//! 06:54:46.730100 #3   client → text         23 bytes
//!     {"op": "join", "id": 1}
//! 06:54:46.731500 #3   ← server response        ↩ join 1.4 ms  38 bytes
//!     {"members": 2}
//! ```
//!
//! and with `--compact`
//!
//! ```text
//! 06:54:46.729 #3     open    ws://localhost:8888/chat  101 Switching Protocols
//! 06:54:46.730 #3   → text    {"op": "join", "id": 1}
//! 06:54:46.731 #3   ← response        {"members": 2}  ↩ join 1.4 ms
//! ```
//!
//! What was sent stands behind an indentation, or as an item of a line that
//! says what it is, so that nothing sent can pass for what wsdump says.

mod body;
mod compact;
mod events;
mod gist;
mod handshake;
mod line;
mod message;
mod options;
mod packet;
#[cfg(test)]
mod tests;

pub(crate) use handshake::url;
pub use options::{BodyForm, TextOptions};

use super::spool::Spool;
use super::stamp::Stamps;
use super::style::DIM;
use super::{Mark, View};
use crate::types::{Event, Kind, Timestamp};

/// A line for each event, and readable payloads below: `--format text`.
#[derive(Debug)]
pub struct Text {
    options: TextOptions,
    stamps: Stamps,
    /// Whether a seam was asked for.
    begun: bool,
    /// The date that the seams last told, or saw told.
    date: Option<[u8; 10]>,
}

/// Columns before a payload, and before the continuation of a line.
const INDENT: usize = 4;

impl Text {
    /// A view with these options.
    pub fn new(options: TextOptions) -> Self {
        let stamps = Stamps::new(options.time, &options.zone);
        Self::with(options, stamps)
    }

    fn with(options: TextOptions, stamps: Stamps) -> Self {
        Self { options, stamps, begun: false, date: None }
    }
}

impl View for Text {
    fn begin(&mut self, time: Timestamp) {
        self.stamps.begin(time);
    }

    fn mark(&mut self, event: &Event<'_>) -> Mark {
        let introduces = event.is_first && !self.options.compact;
        Mark { date: self.stamps.date(event.origin.time), introduces }
    }

    /// An empty line before one that introduces a connection, and a date that
    /// no such line tells.
    fn seam(&mut self, mark: Mark, out: &mut Spool) {
        let is_new = mark.date.is_some() && mark.date != self.date;
        if mark.introduces && self.begun {
            out.push(b'\n');
        } else if is_new && !mark.introduces {
            let mut page = self.page(out);
            page.begin(0, 0);
            page.put(DIM, date_text(mark.date.as_ref()));
            page.end();
        }
        self.begun = true;
        self.date = mark.date.or(self.date);
    }

    fn event(&mut self, event: &Event<'_>, out: &mut Spool) {
        if event.is_first && !matches!(event.kind, Kind::Handshake(_)) {
            self.introduce(event, out);
        }
        match &event.kind {
            Kind::Handshake(handshake) => self.handshake(event, handshake, out),
            Kind::Message(message) if self.options.compact => self.row(event, message, out),
            Kind::Message(message) => self.message(event, message, out),
            Kind::Frame(frame) => self.frame(event, frame, out),
            Kind::Violation(violation) => self.violation(event, violation, out),
            Kind::Gap(gap) => self.gap(event, gap, out),
            Kind::End(end) => self.end(event, end, out),
        }
        self.stamps.shown(event.origin.time);
    }

    fn fork(&self) -> Option<Box<dyn View>> {
        let stamps = self.stamps.fork(&self.options.zone)?;
        Some(Box::new(Self::with(self.options.clone(), stamps)))
    }
}

fn date_text(date: Option<&[u8; 10]>) -> &str {
    date.and_then(|date| str::from_utf8(date).ok()).unwrap_or_default()
}

//! How lines begin, and what they are made of.

use anstyle::Style;

use super::{INDENT, Text};
use crate::output::spool::Spool;
use crate::output::style::{self, BOLD, DIM, PLAIN};
use crate::output::wrap::Page;
use crate::types::{Connection, Event, Side};

/// A line that is cut, but does not go to a terminal, ends here.
const LONGEST_ROW: usize = 1_000;

impl Text {
    /// Begins the line that introduces a connection: date and time, number, who
    /// → who.
    pub(super) fn header_line<'o>(
        &mut self,
        event: &Event<'_>,
        name: &str,
        out: &'o mut Spool,
    ) -> Page<'o> {
        if self.options.compact {
            let mut page = self.event_line(event, None, out);
            put_name(&mut page, BOLD, name);
            return page;
        }
        let connection = event.connection;
        let number = self.packet_number(event);
        let time = self.stamps.text(event.origin.time);
        let date = self.stamps.date(event.origin.time);
        let color = style::connection(connection);
        let mut page = self.page(out);
        page.begin(0, INDENT);
        if let Some(number) = number {
            page.put(DIM, &number);
        }
        if date.is_some() {
            page.put(DIM, super::date_text(date.as_ref()));
            page.put(PLAIN, " ");
        }
        page.put(DIM, &time);
        page.put(PLAIN, " ");
        put_tag(&mut page, color.bold(), connection);
        page.part_by(1);
        put_ends(&mut page, connection);
        page
    }

    /// Begins the line of an event: time, connection, who.
    pub(super) fn event_line<'o>(
        &mut self,
        event: &Event<'_>,
        from: Option<Side>,
        out: &'o mut Spool,
    ) -> Page<'o> {
        let time = self.stamps.text(event.origin.time);
        let number = self.packet_number(event);
        let mut page = self.page(out);
        page.begin(0, INDENT);
        if self.cuts_rows() {
            page.fence(page.width().unwrap_or(LONGEST_ROW));
        }
        if let Some(number) = number {
            page.put(DIM, &number);
        }
        let is_brief = self.options.compact;
        page.put(DIM, if is_brief { milliseconds(&time) } else { &time });
        page.put(PLAIN, " ");
        put_tag(&mut page, style::connection(event.connection), event.connection);
        page.part_by(1);
        let direction = match (from, is_brief) {
            (Some(Side::Client), false) => "client →",
            (Some(Side::Server), false) => "← server",
            (None, false) => "        ",
            (Some(Side::Client), true) => "→",
            (Some(Side::Server), true) => "←",
            (None, true) => " ",
        };
        page.put(style::side(from), direction);
        page.put(PLAIN, " ");
        page
    }

    /// Whether lines end where the terminal does, and [`Page::end_row`] ends them.
    pub(super) fn cuts_rows(&self) -> bool {
        self.options.compact && !self.options.full
    }

    /// The number of the event's packet, as Wireshark's first column.
    fn packet_number(&self, event: &Event<'_>) -> Option<String> {
        self.options.packets.then(|| format!("{:>6} ", event.origin.packet))
    }

    pub(super) fn page<'o>(&self, out: &'o mut Spool) -> Page<'o> {
        Page::new(out, self.options.width, self.options.color)
    }
}

/// A time without the last three of its six decimals.
fn milliseconds(time: &str) -> &str {
    const LEFT_OUT: usize = 3;
    time.get(..time.len().saturating_sub(LEFT_OUT)).unwrap_or(time)
}

/// Writes `#3`, padded so that what follows small numbers stands in a column.
fn put_tag(page: &mut Page<'_>, style: Style, connection: &Connection) {
    const COLUMNS: usize = 4;
    let tag = format!("#{connection}");
    page.put(style, &tag);
    page.pad(COLUMNS.saturating_sub(tag.len()));
}

/// Writes who is connected with whom.
pub(super) fn put_ends(page: &mut Page<'_>, connection: &Connection) {
    let color = style::connection(connection);
    page.put(color, &connection.client.to_string());
    page.part_by(1);
    page.put(DIM, "→ ");
    page.put(color, &connection.server.to_string());
}

/// Writes an item of a line, set off from the one before by two spaces. Two
/// spaces inside it are told apart from those, lest what was sent looks like
/// several items, some of them ours.
pub(super) fn put_item(page: &mut Page<'_>, style: Style, text: &str) {
    page.part();
    put_within_item(page, style, text);
}

pub(super) fn put_within_item(page: &mut Page<'_>, style: Style, text: &str) {
    for (index, piece) in text.split("  ").enumerate() {
        if index > 0 {
            page.put(style, " \\x20");
        }
        page.put(style, piece);
    }
}

/// Writes the name of what a line tells, padded so that what follows stands in
/// a column.
pub(super) fn put_name(page: &mut Page<'_>, style: Style, name: &str) {
    const COLUMNS: usize = 6;
    page.put(style, name);
    page.pad(COLUMNS.saturating_sub(name.len()));
}

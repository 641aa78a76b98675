//! Connections and their totals: `--format table`.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::mem;
use std::time::Duration;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, TableStyle};
use unicode_width::UnicodeWidthStr as _;

use super::View;
use super::escape::one_line;
use super::spool::Spool;
use super::style::PLAIN;
use super::time::span;
use super::wrap::Page;
use super::write::{counted, grouped};
use crate::types::{
    Connection, Event, Handshake, Kind, Message, Origin, Severity, Side, Timestamp,
};

/// A row for each handshake, and for each connection without one, in order of
/// their numbers; then the totals. Everything is written by `finish`.
///
/// Messages are counted as they come, so that a run which is stopped early
/// shows what there was until then. Beyond 20,000 rows only the totals count.
#[derive(Debug)]
pub struct Table {
    width: Option<usize>,
    connections: BTreeMap<(u64, Option<u32>), Rows>,
    /// How many rows there are.
    rows: usize,
    /// What has no row of its own: how many handshakes, and what they led to.
    unlisted: u64,
    rest: Option<Box<Rows>>,
    violations: u64,
    gaps: u64,
}

/// More rows than anybody reads.
const MOST_ROWS: usize = 20_000;

/// A connection's rows: one for each handshake, since a refused one can be
/// followed by another.
#[derive(Debug)]
struct Rows {
    earlier: Vec<Row>,
    current: Row,
}

#[derive(Debug)]
struct Row {
    connection: Connection,
    handshake: bool,
    target: Option<String>,
    status: Option<u16>,
    accept: Option<String>,
    subprotocol: Option<String>,
    client: Total,
    server: Total,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    /// From the connection's end, which knows better.
    duration: Option<Duration>,
    state: Option<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Total {
    messages: u64,
    bytes: u64,
}

impl Table {
    /// A table for a terminal of `width` columns, or of any width.
    pub fn new(width: Option<usize>) -> Self {
        Self {
            width,
            connections: BTreeMap::new(),
            rows: 0,
            unlisted: 0,
            rest: None,
            violations: 0,
            gaps: 0,
        }
    }
}

impl View for Table {
    fn event(&mut self, event: &Event<'_>, _out: &mut Spool) {
        match &event.kind {
            Kind::Handshake(handshake) => self.handshake(event, handshake),
            Kind::Message(message) => self.row(event).message(message),
            Kind::Violation(violation) => {
                self.row(event);
                self.violations += u64::from(violation.rule.severity() != Severity::Note);
            }
            Kind::Gap(_) => {
                self.row(event);
                self.gaps += 1;
            }
            Kind::Frame(_) => {
                self.row(event);
            }
            Kind::End(end) => {
                let row = self.row(event);
                row.state = Some(end.state.to_string());
                row.duration = end.duration;
            }
        }
    }

    fn finish(&mut self, out: &mut Spool) {
        if self.connections.is_empty() {
            return;
        }
        let rows: Vec<&Row> = self.rows().collect();
        let table = [Layout::Wide, Layout::Narrow]
            .into_iter()
            .map(|layout| arranged(&rows, layout, self.width))
            .find(|table| self.fits(table));
        match table {
            Some(table) => out.extend_from_slice(table.as_bytes()),
            None => self.list(&rows, out),
        }
        out.push(b'\n');
        let rest = self.rest.as_ref().map(|rest| &rest.current);
        let total =
            |side: fn(&Row) -> Total| Total::sum(rows.iter().copied().chain(rest).map(side));
        let mut parts = vec![counted(self.connections.len() as u64, "connection")];
        if self.unlisted > 0 {
            parts.push(format!("{} not listed", counted(self.unlisted, "more handshake")));
        }
        parts.extend([
            format!("client → {}", total(|row| row.client).text()),
            format!("← server {}", total(|row| row.server).text()),
        ]);
        if self.violations > 0 {
            parts.push(counted(self.violations, "violation"));
        }
        if self.gaps > 0 {
            parts.push(counted(self.gaps, "gap"));
        }
        self.items(out, &parts);
    }
}

impl Table {
    fn handshake(&mut self, event: &Event<'_>, handshake: &Handshake) {
        let is_full = self.rows >= MOST_ROWS;
        let rows = self.rows_of(event);
        if rows.current.handshake {
            if is_full {
                self.unlisted += 1;
                return;
            }
            let row = Row::new(event.connection);
            rows.earlier.push(mem::replace(&mut rows.current, row));
            self.rows += 1;
        }
        let row = &mut self.rows_of(event).current;
        row.handshake = true;
        row.touch(event.origin);
        row.target.clone_from(&handshake.target);
        row.status = handshake.status;
        row.accept = handshake.accept_status.map(|status| status.to_string());
        row.subprotocol.clone_from(&handshake.subprotocol);
        row.state = handshake.is_refused().then(|| "refused".to_owned());
    }

    /// The row that `event` belongs to: that of the last handshake.
    fn row(&mut self, event: &Event<'_>) -> &mut Row {
        let row = &mut self.rows_of(event).current;
        row.touch(event.origin);
        row
    }

    fn rows_of(&mut self, event: &Event<'_>) -> &mut Rows {
        let connection = event.connection;
        let rows = || Rows { earlier: Vec::new(), current: Row::new(connection) };
        match self.connections.entry((connection.stream, connection.h2_stream)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) if self.rows < MOST_ROWS => {
                self.rows += 1;
                place.insert(rows())
            }
            Entry::Vacant(_) => {
                let rest = self.rest.get_or_insert_with(|| Box::new(rows()));
                // So that every handshake there counts as one more.
                rest.current.handshake = true;
                rest
            }
        }
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.connections.values().flat_map(|rows| rows.earlier.iter().chain([&rows.current]))
    }

    fn fits(&self, table: &str) -> bool {
        self.width.is_none_or(|width| table.lines().all(|line| line.width() <= width))
    }

    /// For terminals on which no table fits: the same, item by item.
    fn list(&self, rows: &[&Row], out: &mut Spool) {
        for row in rows {
            let mut parts = vec![format!("#{}", row.connection)];
            parts.push(row.connection.client.to_string());
            parts.push(format!("→ {}", row.connection.server));
            parts.extend(row.target.clone());
            parts.extend(row.status.map(|status| status.to_string()));
            parts.extend(row.accept.as_ref().map(|accept| format!("Accept {accept}")));
            parts.extend(row.subprotocol.clone());
            parts.push(format!("client → {}", row.client.text()));
            parts.push(format!("← server {}", row.server.text()));
            parts.extend(row.duration().map(span));
            parts.extend(row.state.clone());
            self.items(out, &parts);
        }
    }

    /// One line, folded between its items.
    fn items(&self, out: &mut Spool, parts: &[String]) {
        let mut page = Page::new(out, self.width, false);
        page.begin(0, 4);
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                page.part();
            }
            page.put(PLAIN, part);
        }
        page.end();
    }
}

/// What stands in the columns.
#[derive(Clone, Copy)]
enum Layout {
    /// One line a row.
    Wide,
    /// Two lines a row, and what does not fit is broken.
    Narrow,
}

/// The table, with a line feed after every line.
fn arranged(rows: &[&Row], layout: Layout, width: Option<usize>) -> String {
    let mut table = comfy_table::Table::new();
    table.set_header(match layout {
        Layout::Wide => WIDE_HEADER.as_slice(),
        Layout::Narrow => NARROW_HEADER.as_slice(),
    });
    for row in rows {
        table.add_row(match layout {
            Layout::Wide => wide_cells(row),
            Layout::Narrow => narrow_cells(row),
        });
    }
    let (elastic, numbers): (&[usize], &[usize]) = match layout {
        Layout::Wide => (&[], &[7, 8, 9, 10, 11]),
        Layout::Narrow => {
            table.load_style(STYLE.row_separator(RULE));
            (&[1, 2], &[4, 5, 6])
        }
    };
    if matches!(layout, Layout::Wide) {
        table.load_style(STYLE);
    } else if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    }
    let last = table.column_count().saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if index == last { 0 } else { 2 }));
        if !elastic.contains(&index) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
        if numbers.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt() + "\n"
}

/// Only lines below the header, and between rows of several lines.
const STYLE: TableStyle = TableStyle::new().header_separator(RULE);
const RULE: LineStyle = LineStyle::none().fill('─');

const WIDE_HEADER: [&str; 13] = [
    "#",
    "Client",
    "Server",
    "Target",
    "Status",
    "Accept",
    "Subprotocol",
    "client →\nmessages",
    "\nbytes",
    "← server\nmessages",
    "\nbytes",
    "Duration",
    "State",
];

fn wide_cells(row: &Row) -> Vec<String> {
    vec![
        row.connection.to_string(),
        row.connection.client.to_string(),
        row.connection.server.to_string(),
        text_cell(row.target.as_deref()),
        text_cell(row.status.map(|status| status.to_string()).as_deref()),
        text_cell(row.accept.as_deref()),
        text_cell(row.subprotocol.as_deref()),
        grouped(row.client.messages),
        grouped(row.client.bytes),
        grouped(row.server.messages),
        grouped(row.server.bytes),
        text_cell(row.duration().map(span).as_deref()),
        text_cell(row.state.as_deref()),
    ]
}

const NARROW_HEADER: [&str; 7] = [
    "#",
    "Client\nServer",
    "Target\nSubprotocol",
    "Status\nAccept",
    "client →\nmessages\nbytes",
    "← server\nmessages\nbytes",
    "Duration\nState",
];

fn narrow_cells(row: &Row) -> Vec<String> {
    let status = row.status.map(|status| status.to_string());
    let mut target = text_cell(row.target.as_deref());
    if let Some(subprotocol) = &row.subprotocol {
        target.push('\n');
        target.push_str(&one_line(subprotocol));
    }
    let total = |total: Total| format!("{}\n{}", grouped(total.messages), grouped(total.bytes));
    vec![
        row.connection.to_string(),
        format!("{}\n{}", row.connection.client, row.connection.server),
        target,
        format!("{}\n{}", text_cell(status.as_deref()), text_cell(row.accept.as_deref())),
        total(row.client),
        total(row.server),
        format!(
            "{}\n{}",
            text_cell(row.duration().map(span).as_deref()),
            text_cell(row.state.as_deref())
        ),
    ]
}

/// What came from the wire, or a sign that there is nothing.
fn text_cell(text: Option<&str>) -> String {
    match text {
        None | Some("") => "–".to_owned(),
        Some(text) => one_line(text),
    }
}

impl Row {
    fn new(connection: &Connection) -> Self {
        Self {
            connection: connection.clone(),
            handshake: false,
            target: None,
            status: None,
            accept: None,
            subprotocol: None,
            client: Total::default(),
            server: Total::default(),
            first: None,
            last: None,
            duration: None,
            state: None,
        }
    }

    fn touch(&mut self, origin: Origin) {
        self.first = self.first.or(origin.time);
        self.last = self.last.max(origin.time);
    }

    fn message(&mut self, message: &Message<'_>) {
        let total = match message.from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        total.messages += 1;
        // As the connection's end counts: what the capture has of it.
        let announced = message.length.unwrap_or(message.wire_length);
        let bytes = announced.saturating_sub(message.missing.unwrap_or(0));
        total.bytes = total.bytes.saturating_add(bytes);
    }

    fn duration(&self) -> Option<Duration> {
        let seen = || Some(self.last?.since(self.first?)).filter(|seen| !seen.is_zero());
        self.duration.or_else(seen)
    }
}

impl Total {
    fn sum(totals: impl Iterator<Item = Self>) -> Self {
        totals.fold(Self::default(), |sum, total| Self {
            messages: sum.messages + total.messages,
            bytes: sum.bytes.saturating_add(total.bytes),
        })
    }

    fn text(self) -> String {
        format!("{}, {}", counted(self.messages, "message"), counted(self.bytes, "byte"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples::{
        connection, conversation, event, handshake, hostile_text, is_harmless, rendered,
    };
    use crate::types::{Body, Opcode};
    use insta::assert_snapshot;
    use proptest::prelude::*;

    fn shown(width: Option<usize>) -> String {
        let handshakes = [
            handshake(),
            Handshake { status: Some(403), target: Some("/".into()), ..Handshake::default() },
        ];
        let connections = [connection(12), connection(3), connection(4)];
        let mut events = conversation(&connections[0], &handshakes[0]);
        events.push(event(&connections[2], 30, Kind::Handshake(&handshakes[1])));
        events.push(event(&connections[2], 31, Kind::Handshake(&handshakes[0])));
        let text = Message::new(Side::Client, Opcode::Text, Body::Text("hello"));
        events.push(event(&connections[1], 40, Kind::Message(text)));
        events.push(event(&connections[1], 1_040, Kind::Message(text)));
        rendered(Table::new(width), &events)
    }

    #[test]
    fn beyond_many_rows_only_the_totals_count() {
        let mut table = Table::new(None);
        let mut out = Spool::default();
        let handshake = Handshake { status: Some(101), ..Handshake::default() };
        let count = MOST_ROWS as u64 + 5;
        for stream in 0..count {
            let connection = connection(stream);
            table.event(&event(&connection, 1, Kind::Handshake(&handshake)), &mut out);
            let message = Message::new(Side::Client, Opcode::Text, Body::Text("four"));
            table.event(&event(&connection, 2, Kind::Message(message)), &mut out);
        }
        table.finish(&mut out);
        let text = String::from_utf8(out.into_bytes()).unwrap();
        let totals = text.lines().last().unwrap();
        assert!(totals.starts_with("20,000 connections  5 more handshakes not listed"), "{totals}");
        assert!(totals.contains("client → 20,005 messages, 80,020 bytes"), "{totals}");
    }

    #[test]
    fn tables_of_several_widths() {
        assert_snapshot!(shown(None), @r#"
        #   Client           Server          Target                                      Status  Accept  Subprotocol                      client →         ← server         Duration  State
                                                                                                                                          messages  bytes  messages  bytes
        ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
        3   127.0.0.1:51233  127.0.0.1:8888  –                                           –       –       –                                       2     10         0      0   1.000 s  –
        4   127.0.0.1:51234  127.0.0.1:8888  /                                           403     –       –                                       0      0         0      0         –  refused
        4   127.0.0.1:51234  127.0.0.1:8888  /api/kernels/f4d1/channels?session_id=0b1e  101     valid   v1.kernel.websocket.jupyter.org         0      0         0      0         –  –
        12  127.0.0.1:51242  127.0.0.1:8888  /api/kernels/f4d1/channels?session_id=0b1e  101     valid   v1.kernel.websocket.jupyter.org         2    779         4     98   1.234 s  closed

        3 connections  client → 4 messages, 789 bytes  ← server 4 messages, 98 bytes  1 violation  2 gaps
        "#);
        assert_snapshot!(shown(Some(100)), @r#"
        #   Client           Target                                     Status  client →  ← server  Duration
            Server           Subprotocol                                Accept  messages  messages     State
                                                                                   bytes     bytes
        ────────────────────────────────────────────────────────────────────────────────────────────────────
        3   127.0.0.1:51233  –                                          –              2         0   1.000 s
            127.0.0.1:8888                                              –             10         0         –
        ────────────────────────────────────────────────────────────────────────────────────────────────────
        4   127.0.0.1:51234  /                                          403            0         0         –
            127.0.0.1:8888                                              –              0         0   refused
        ────────────────────────────────────────────────────────────────────────────────────────────────────
        4   127.0.0.1:51234  /api/kernels/f4d1/channels?session_id=0b1  101            0         0         –
            127.0.0.1:8888   e                                          valid          0         0         –
                             v1.kernel.websocket.jupyter.org
        ────────────────────────────────────────────────────────────────────────────────────────────────────
        12  127.0.0.1:51242  /api/kernels/f4d1/channels?session_id=0b1  101            2         4   1.234 s
            127.0.0.1:8888   e                                          valid        779        98    closed
                             v1.kernel.websocket.jupyter.org

        3 connections  client → 4 messages, 789 bytes  ← server 4 messages, 98 bytes  1 violation  2 gaps
        "#);
        assert_snapshot!(shown(Some(80)), @r#"
        #   Client           Target                 Status  client →  ← server  Duration
            Server           Subprotocol            Accept  messages  messages     State
                                                               bytes     bytes
        ────────────────────────────────────────────────────────────────────────────────
        3   127.0.0.1:51233  –                      –              2         0   1.000 s
            127.0.0.1:8888                          –             10         0         –
        ────────────────────────────────────────────────────────────────────────────────
        4   127.0.0.1:51234  /                      403            0         0         –
            127.0.0.1:8888                          –              0         0   refused
        ────────────────────────────────────────────────────────────────────────────────
        4   127.0.0.1:51234  /api/kernels/f4d1/cha  101            0         0         –
            127.0.0.1:8888   nnels?session_id=0b1e  valid          0         0         –
                             v1.kernel.websocket.j
                             upyter.org
        ────────────────────────────────────────────────────────────────────────────────
        12  127.0.0.1:51242  /api/kernels/f4d1/cha  101            2         4   1.234 s
            127.0.0.1:8888   nnels?session_id=0b1e  valid        779        98    closed
                             v1.kernel.websocket.j
                             upyter.org

        3 connections  client → 4 messages, 789 bytes  ← server 4 messages, 98 bytes
            1 violation  2 gaps
        "#);
        assert_snapshot!(shown(Some(40)), @r#"
        #3  127.0.0.1:51233  → 127.0.0.1:8888
            client → 2 messages, 10 bytes
            ← server 0 messages, 0 bytes
            1.000 s
        #4  127.0.0.1:51234  → 127.0.0.1:8888  /
            403  client → 0 messages, 0 bytes
            ← server 0 messages, 0 bytes
            refused
        #4  127.0.0.1:51234  → 127.0.0.1:8888
            /api/kernels/f4d1/channels?session_i
            d=0b1e  101  Accept valid
            v1.kernel.websocket.jupyter.org
            client → 0 messages, 0 bytes
            ← server 0 messages, 0 bytes
        #12  127.0.0.1:51242  → 127.0.0.1:8888
            /api/kernels/f4d1/channels?session_i
            d=0b1e  101  Accept valid
            v1.kernel.websocket.jupyter.org
            client → 2 messages, 779 bytes
            ← server 4 messages, 98 bytes
            1.234 s  closed

        3 connections
            client → 4 messages, 789 bytes
            ← server 4 messages, 98 bytes
            1 violation  2 gaps
        "#);
    }

    #[test]
    fn nothing_for_nothing() {
        assert_eq!(rendered(Table::new(None), &[]), "");
    }

    proptest! {
        #[test]
        fn harmless_and_within_the_width(target in hostile_text(), subprotocol in hostile_text(), width in prop::option::of(20_usize..250)) {
            let handshake = Handshake { target: Some(target), subprotocol: Some(subprotocol), ..Handshake::default() };
            let connection = connection(3);
            let table = rendered(Table::new(width), &[event(&connection, 1, Kind::Handshake(&handshake))]);
            prop_assert!(is_harmless(&table), "{:?}", table);
            for line in table.lines() {
                prop_assert!(width.is_none_or(|width| line.width() <= width), "{}", line);
            }
        }
    }
}

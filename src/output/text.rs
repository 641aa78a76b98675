//! For people: `--format text`.
//!
//! ```text
//! 2018-12-26 06:54:46.729250 #3   127.0.0.1:51234 → 127.0.0.1:8888  ws://localhost:8888/chat
//!     101 Switching Protocols  ✓ Accept valid
//! 06:54:46.730100 #3   client → text         23 bytes
//!     {"op": "join", "id": 1}
//! 06:54:46.731500 #3   ← server ping          0 bytes
//! ```
//!
//! What was sent stands behind an indentation, or as an item of a line that
//! says what it is, so that nothing sent can pass for what wsdump says.

use super::hex_dump::hex_dump;
use super::json::says_all;
use super::pretty::pretty;
use super::spool::Spool;
use super::stamp::{Stamps, TimeForm};
use super::style::{self, ALARM, BOLD, DIM, ERROR, GOOD, PLAIN, WARNING};
use super::time::{Zone, span};
use super::wrap::Page;
use super::write::{counted, grouped};
use super::{Mark, PayloadForm, View};
use crate::types::{
    AcceptStatus, Body, Close, Connection, Counts, End, EndState, Event, Extension, Frame, Gap,
    Handshake, Header, HttpVersion, Kind, Message, NextFrame, NotInflated, Opcode, Side, Source,
    Timestamp, Violation,
};

/// How [`Text`] shows things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextOptions {
    /// Colour, with escape sequences that every terminal knows.
    pub color: bool,
    /// Columns of the terminal; lines are folded there. `None`: it is not a
    /// terminal, and lines may be of any length.
    pub width: Option<usize>,
    /// Whose time is shown, where that is the time of day.
    pub zone: Zone,
    /// What the time before each event tells.
    pub time: TimeForm,
    /// How payloads are shown.
    pub payload: PayloadForm,
    /// Rows of a hex dump; `None` for all that there are.
    pub binary_rows: Option<usize>,
    /// The headers of requests and responses too.
    pub headers: bool,
    /// The number of its packet before each event.
    pub packets: bool,
}

/// No colour, no folding, the time of day in the system's zone, eight rows of binary payloads,
/// no headers, no packet numbers.
impl Default for TextOptions {
    fn default() -> Self {
        Self {
            color: false,
            width: None,
            zone: Zone::System,
            time: TimeForm::TimeOfDay,
            payload: PayloadForm::Auto,
            binary_rows: Some(8),
            headers: false,
            packets: false,
        }
    }
}

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
        Mark { date: self.stamps.date(event.origin.time), introduces: event.is_first }
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

/// One method for each kind of event.
impl Text {
    fn handshake(&mut self, event: &Event<'_>, handshake: &Handshake, out: &mut Spool) {
        let mut page = self.header_line(event, out);
        match url(handshake, event.connection) {
            Some(url) => item(&mut page, BOLD, &url),
            None => item(&mut page, WARNING, "request not in the capture"),
        }
        let usual_method = match handshake.http {
            HttpVersion::Http2 => "CONNECT",
            HttpVersion::Http10 | HttpVersion::Http11 => "GET",
        };
        if let Some(method) = handshake.method.as_deref().filter(|method| *method != usual_method) {
            item(&mut page, WARNING, &format!("method {method}"));
        }
        if handshake.http != HttpVersion::Http11 {
            item(&mut page, PLAIN, &format!("HTTP/{}", handshake.http));
        }
        status(&mut page, handshake);
        accept(&mut page, handshake);
        if let Some(subprotocol) = &handshake.subprotocol {
            item(&mut page, PLAIN, &format!("subprotocol {subprotocol}"));
        } else if !handshake.subprotocols.is_empty() && is_accepted(handshake) {
            let offered = handshake.subprotocols.join(", ");
            item(&mut page, PLAIN, &format!("no subprotocol of {offered}"));
        }
        for extension in &handshake.extensions {
            extension_items(&mut page, extension);
        }
        if let Some(version) = &handshake.tls {
            item(&mut page, DIM, &format!("TLS {version}"));
        }
        source_items(&mut page, event.source);
        page.end();
        if self.options.headers {
            headers(&mut page, "> ", handshake.request_headers.as_deref());
            headers(&mut page, "< ", handshake.response_headers.as_deref());
        }
    }

    fn message(&mut self, event: &Event<'_>, message: &Message<'_>, out: &mut Spool) {
        let mut page = self.event_line(event, Some(message.from), out);
        let name_style = if message.opcode.is_control() { PLAIN } else { BOLD };
        match message.opcode {
            Opcode::Text => name(&mut page, name_style, "text"),
            Opcode::Binary => name(&mut page, name_style, "binary"),
            other => name(&mut page, name_style, &other.to_string()),
        }
        let close = message.close.unwrap_or(NOTHING_SAID);
        if let Some(code) = close.code {
            item(&mut page, PLAIN, &code.to_string());
            if let Some(code_name) = close.code_name {
                page.put(PLAIN, " ");
                page.put(PLAIN, code_name);
            }
        } else {
            page.put(PLAIN, &size(message));
        }
        flags(&mut page, event.origin.time, message);
        if let Some(reason) = close.reason.filter(|reason| !reason.is_empty()) {
            // The last item, since it alone can be long.
            item(&mut page, PLAIN, &format!("\"{reason}\""));
        }
        page.end();

        let told = message.opcode == Opcode::Close && says_all(&close, message.payload);
        if !message.payload.is_empty() {
            match self.options.payload {
                PayloadForm::Auto if told => {}
                PayloadForm::Auto if message.opcode == Opcode::Close => {
                    hex_dump(&mut page, message.payload, INDENT, self.options.binary_rows);
                }
                PayloadForm::Auto => body(&mut page, message, self.options.binary_rows),
                PayloadForm::Base64 => {
                    page.begin(INDENT, INDENT);
                    page.base64(message.payload);
                    page.end();
                }
                PayloadForm::None => {}
            }
        }
    }

    fn frame(&mut self, event: &Event<'_>, frame: &Frame, out: &mut Spool) {
        let mut page = self.event_line(event, Some(frame.from), out);
        name(&mut page, DIM, "frame");
        item(&mut page, DIM, &frame.opcode.to_string());
        item(&mut page, DIM, &counted(frame.length, "byte"));
        item(&mut page, DIM, if frame.fin { "fin" } else { "no fin" });
        if frame.rsv != 0 {
            item(&mut page, DIM, &format!("rsv {:03b}", frame.rsv));
        }
        if let Some(masking_key) = frame.masking_key {
            item(&mut page, DIM, &format!("mask {:08x}", u32::from_be_bytes(masking_key)));
        }
        item(&mut page, DIM, &format!("at {}", grouped(frame.offset)));
        page.end();
    }

    fn violation(&mut self, event: &Event<'_>, violation: &Violation<'_>, out: &mut Spool) {
        let rule = violation.rule;
        let (sign, color) = style::severity(rule.severity());
        let mut page = self.event_line(event, violation.from, out);
        page.put(color, &format!("{sign} {}", rule.severity()));
        item(&mut page, color, rule.name());
        item(&mut page, DIM, rule.reference());
        page.part();
        page.break_between_words();
        page.put(PLAIN, violation.detail);
        page.end();
    }

    fn gap(&mut self, event: &Event<'_>, gap: &Gap, out: &mut Spool) {
        let mut page = self.event_line(event, Some(gap.from), out);
        name(&mut page, WARNING, "gap");
        let lost = match gap.bytes {
            Some(bytes) => format!("{} missing from the capture", counted(bytes, "byte")),
            None => "an unknown number of bytes missing from the capture".to_owned(),
        };
        item(&mut page, WARNING, &lost);
        match gap.next_frame {
            NextFrame::Known => {}
            NextFrame::Inferred => item(&mut page, WARNING, "next frame found by its bytes"),
            NextFrame::Lost => item(&mut page, WARNING, "next frame not found"),
        }
        if gap.undecoded > 0 {
            let undecoded = counted(gap.undecoded, "byte");
            item(&mut page, WARNING, &format!("{undecoded} after it not decoded"));
        }
        page.end();
    }

    fn end(&mut self, event: &Event<'_>, end: &End, out: &mut Spool) {
        let mut page = self.event_line(event, None, out);
        name(&mut page, BOLD, "end");
        let (state, color) = match end.state {
            EndState::Closed => ("closed", PLAIN),
            EndState::TcpClosed => ("TCP closed without both Close frames", PLAIN),
            EndState::Evicted => ("given up: a limit was reached", WARNING),
            EndState::Open => ("still open", PLAIN),
        };
        item(&mut page, color, state);
        if let Some(duration) = end.duration {
            item(&mut page, PLAIN, &span(duration));
        }
        item(&mut page, PLAIN, &format!("client → {}", sent(&end.client)));
        item(&mut page, PLAIN, &format!("← server {}", sent(&end.server)));
        page.end();
    }
}

/// How lines begin.
impl Text {
    /// What stands in for a handshake, where none was seen.
    fn introduce(&mut self, event: &Event<'_>, out: &mut Spool) {
        let mut page = self.header_line(event, out);
        if event.connection.inferred {
            item(&mut page, PLAIN, "handshake not in the capture");
        }
        source_items(&mut page, event.source);
        page.end();
    }

    /// Begins the line that introduces a connection: date and time, number, who
    /// → who.
    fn header_line<'o>(&mut self, event: &Event<'_>, out: &'o mut Spool) -> Page<'o> {
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
            page.put(DIM, date_text(date.as_ref()));
            page.put(PLAIN, " ");
        }
        page.put(DIM, &time);
        page.put(PLAIN, " ");
        tag(&mut page, color.bold(), connection);
        page.part_by(1);
        page.put(color, &connection.client.to_string());
        page.part_by(1);
        page.put(DIM, "→ ");
        page.put(color, &connection.server.to_string());
        page
    }

    /// Begins the line of an event: time, connection, who.
    fn event_line<'o>(
        &mut self,
        event: &Event<'_>,
        from: Option<Side>,
        out: &'o mut Spool,
    ) -> Page<'o> {
        let time = self.stamps.text(event.origin.time);
        let color = style::connection(event.connection);
        let number = self.packet_number(event);
        let mut page = self.page(out);
        page.begin(0, INDENT);
        if let Some(number) = number {
            page.put(DIM, &number);
        }
        page.put(DIM, &time);
        page.put(PLAIN, " ");
        tag(&mut page, color, event.connection);
        page.part_by(1);
        let direction = match from {
            Some(Side::Client) => "client →",
            Some(Side::Server) => "← server",
            None => "        ",
        };
        page.put(color, direction);
        page.put(PLAIN, " ");
        page
    }

    /// The number of the event's packet, as Wireshark's first column.
    fn packet_number(&self, event: &Event<'_>) -> Option<String> {
        self.options.packets.then(|| format!("{:>6} ", event.origin.packet))
    }

    fn page<'o>(&self, out: &'o mut Spool) -> Page<'o> {
        Page::new(out, self.options.width, self.options.color)
    }
}

/// What a close frame without a payload says.
const NOTHING_SAID: Close<'static> = Close { code: None, code_name: None, reason: None };

/// Writes `#3`, padded so that what follows small numbers stands in a column.
fn tag(page: &mut Page<'_>, style: anstyle::Style, connection: &Connection) {
    const COLUMNS: usize = 4;
    let tag = format!("#{connection}");
    page.put(style, &tag);
    page.pad(COLUMNS.saturating_sub(tag.len()));
}

fn date_text(date: Option<&[u8; 10]>) -> &str {
    date.and_then(|date| str::from_utf8(date).ok()).unwrap_or_default()
}

/// Writes an item of a line, set off from the one before by two spaces. Two
/// spaces inside it are told apart from those, lest what was sent looks like
/// several items, some of them ours.
fn item(page: &mut Page<'_>, style: anstyle::Style, text: &str) {
    page.part();
    within_item(page, style, text);
}

fn within_item(page: &mut Page<'_>, style: anstyle::Style, text: &str) {
    for (index, piece) in text.split("  ").enumerate() {
        if index > 0 {
            page.put(style, " \\x20");
        }
        page.put(style, piece);
    }
}

/// Writes the name of what a line tells, padded so that what follows stands in
/// a column.
fn name(page: &mut Page<'_>, style: anstyle::Style, name: &str) {
    const COLUMNS: usize = 6;
    page.put(style, name);
    page.pad(COLUMNS.saturating_sub(name.len()));
}

/// What the client asked for; `None` when the capture does not have it.
fn url(handshake: &Handshake, connection: &Connection) -> Option<String> {
    let target = handshake.target.as_deref()?;
    if target.contains("://") && !target.starts_with('/') {
        return Some(target.to_owned());
    }
    let scheme = if handshake.tls.is_some() { "wss" } else { "ws" };
    let host = handshake.host.clone().unwrap_or_else(|| connection.server.to_string());
    let slash = if target.starts_with('/') { "" } else { "/" };
    Some(format!("{scheme}://{host}{slash}{target}"))
}

fn is_accepted(handshake: &Handshake) -> bool {
    handshake.status.is_some() && !handshake.is_refused()
}

fn status(page: &mut Page<'_>, handshake: &Handshake) {
    let Some(status) = handshake.status else {
        item(page, WARNING, "response not in the capture");
        return;
    };
    let mut text = status.to_string();
    if let Some(reason) = handshake.reason.as_deref().filter(|reason| !reason.is_empty()) {
        text.push(' ');
        text.push_str(reason);
    }
    item(page, if is_accepted(handshake) { PLAIN } else { ERROR }, &text);
}

fn accept(page: &mut Page<'_>, handshake: &Handshake) {
    let quoted = |value: &Option<String>| match value {
        Some(value) => format!("\"{value}\""),
        None => "none".to_owned(),
    };
    match handshake.accept_status {
        None => {}
        Some(AcceptStatus::Valid) => item(page, GOOD, "✓ Accept valid"),
        Some(AcceptStatus::Mismatch) => {
            item(page, ALARM, "✗ Accept mismatch");
            item(page, ERROR, &format!("sent {}", quoted(&handshake.accept)));
            item(page, ERROR, &format!("expected {}", quoted(&handshake.accept_expected)));
        }
        Some(AcceptStatus::Missing) => {
            item(page, ALARM, "✗ Accept missing");
            item(page, ERROR, &format!("expected {}", quoted(&handshake.accept_expected)));
        }
        Some(AcceptStatus::InvalidKey) => {
            item(page, ALARM, "✗ Key invalid");
            item(page, ERROR, &format!("sent {}", quoted(&handshake.key)));
        }
    }
}

/// `extension permessage-deflate; server_max_window_bits=12`, as in the header;
/// a long line may also be folded between parameters.
fn extension_items(page: &mut Page<'_>, extension: &Extension) {
    item(page, PLAIN, &format!("extension {}", extension.name));
    for (name, value) in &extension.params {
        page.put(PLAIN, ";");
        page.part_by(1);
        within_item(page, PLAIN, name);
        if let Some(value) = value {
            page.put(PLAIN, "=");
            within_item(page, PLAIN, value);
        }
    }
}

fn source_items(page: &mut Page<'_>, source: &Source) {
    if let Some(file) = &source.file {
        item(page, DIM, &format!("file {file}"));
    }
    if let Some(interface) = &source.interface {
        item(page, DIM, &format!("interface {interface}"));
    }
}

fn headers(page: &mut Page<'_>, sign: &str, headers: Option<&[Header]>) {
    for header in headers.unwrap_or_default() {
        page.begin(INDENT, INDENT + sign.len());
        page.put(DIM, sign);
        page.put(style::KEY, &header.name);
        page.put(PLAIN, ": ");
        page.put(PLAIN, &header.value);
        page.end();
    }
}

/// The payload's size, right-aligned so that sizes can be compared at a glance.
fn size(message: &Message<'_>) -> String {
    let bytes = message.length.unwrap_or(message.wire_length);
    let noun = if bytes == 1 { "byte" } else { "bytes" };
    let number = grouped(bytes);
    let mut text = String::with_capacity(32);
    text.extend(std::iter::repeat_n(' ', 1 + 8_usize.saturating_sub(number.len())));
    text.push_str(&number);
    text.push(' ');
    text.push_str(noun);
    text
}

/// What is out of the ordinary about a message.
fn flags(page: &mut Page<'_>, time: Option<Timestamp>, message: &Message<'_>) {
    if message.frames > 1 {
        item(page, DIM, &counted(message.frames, "frame"));
    }
    if message.compressed {
        let text = match message.length {
            Some(_) => format!("compressed to {}", counted(message.wire_length, "byte")),
            None => format!("compressed, {} on the wire", counted(message.wire_length, "byte")),
        };
        item(page, DIM, &text);
    }
    if let (Some(first), Some(last)) = (message.first_time, time) {
        item(page, DIM, &format!("took {}", span(last.since(first))));
    }
    match (message.from, message.masked) {
        (Side::Client, false) => item(page, WARNING, "not masked"),
        (Side::Server, true) => item(page, WARNING, "masked"),
        (Side::Client, true) | (Side::Server, false) => {}
    }
    if !message.complete {
        let text = match message.missing {
            Some(missing) => format!("incomplete: {} missing", counted(missing, "byte")),
            None => "incomplete".to_owned(),
        };
        item(page, WARNING, &text);
    }
    match message.not_inflated {
        None => {}
        Some(NotInflated::ContextLost) => item(page, WARNING, "compression context lost"),
        Some(NotInflated::Corrupt) => item(page, WARNING, "not DEFLATE"),
        Some(NotInflated::Limit) => item(page, WARNING, "inflating given up: a limit was reached"),
    }
    if message.truncated {
        let kept = counted(message.payload.len() as u64, "byte");
        item(page, WARNING, &format!("truncated: {kept} kept"));
    }
}

fn body(page: &mut Page<'_>, message: &Message<'_>, binary_rows: Option<usize>) {
    match message.body {
        Body::Json(json) => pretty(page, json.text(), INDENT),
        // Bytes that happen to be UTF-8.
        Body::Text(text) if message.opcode != Opcode::Text && has_controls(text) => {
            hex_dump(page, text.as_bytes(), INDENT, binary_rows);
        }
        Body::Text(text) => lines(page, text),
        Body::Binary(bytes) => hex_dump(page, bytes, INDENT, binary_rows),
    }
}

/// Whether text has control characters other than tabs and line ends.
fn has_controls(text: &str) -> bool {
    text.bytes().any(|byte| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r'))
}

/// Text as it is, with its own lines.
fn lines(page: &mut Page<'_>, text: &str) {
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        if !line.is_empty() {
            page.begin(INDENT, INDENT);
            page.break_between_words();
            for (index, column) in line.split('\t').enumerate() {
                if index > 0 {
                    page.tab(INDENT);
                }
                page.put(PLAIN, column);
            }
        }
        page.end();
    }
}

/// `3 messages, 1,234 bytes`
fn sent(counts: &Counts) -> String {
    format!("{}, {}", counted(counts.messages, "message"), counted(counts.bytes, "byte"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples::{
        CLOSE, columns, connection, conversation, event, handshake, hostile_text, is_harmless,
        json_document, rendered, without_colors,
    };
    use crate::types::{JsonText, Rule};
    use insta::assert_snapshot;
    use proptest::prelude::*;

    fn options(width: Option<usize>, color: bool) -> TextOptions {
        TextOptions { width, color, zone: Zone::Utc, ..TextOptions::default() }
    }

    fn shown(events: &[Event<'_>], options: TextOptions) -> String {
        rendered(Text::new(options), events)
    }

    #[test]
    fn a_conversation_on_pages_of_several_widths() {
        let (connection, handshake) = (connection(3), handshake());
        let events = conversation(&connection, &handshake);
        assert_snapshot!(shown(&events, options(None, false)), @r#"
        2018-12-26 06:54:46.733250 #3   127.0.0.1:51233 → 127.0.0.1:8888  ws://localhost:8888/api/kernels/f4d1/channels?session_id=0b1e  101 Switching Protocols  ✓ Accept valid  subprotocol v1.kernel.websocket.jupyter.org  extension permessage-deflate; server_no_context_takeover; server_max_window_bits=12
        06:54:46.734250 #3   client → frame   text  201 bytes  fin  rsv 100  mask 0a1b2cff  at 517
        06:54:46.735250 #3   client → text        191 bytes
            {
              "header": {"msg_id": "5a7d31fc", "msg_type": "execute_request"},
              "content": {
                "code": "print('hello, world') # and so on, a line that is long",
                "silent": false,
                "count": 1.50
              },
              "buffers": []
            }
        06:54:46.736250 #3   ← server text         76 bytes  3 frames  took 7.000 ms
            Two lines,
            the second of which is rather long, so that it has to be folded.
        06:54:46.737250 #3   ← server text         17 bytes  compressed to 9 bytes
            compressible text
        06:54:46.738250 #3   ← server ping          0 bytes
        06:54:46.739251 #3   client → gap     1,460 bytes missing from the capture  next frame found by its bytes  318 bytes after it not decoded
        06:54:46.740251 #3   ← server gap     an unknown number of bytes missing from the capture  next frame not found
        06:54:46.741251 #3   client → binary    2,048 bytes  not masked  incomplete: 1,460 bytes missing  truncated: 34 bytes kept
            0000  00 01 02 ff 62 69 6e 61  72 79 20 62 79 74 65 73  ....binary bytes
            0010  2c 20 6d 6f 72 65 20 74  68 61 6e 20 61 20 72 6f  , more than a ro
            0020  77 1b                                             w.
        06:54:46.742251 #3   client → ✗ error  reserved-bits  RFC 6455 §5.2  RSV1 is set on a text frame, but no extension was negotiated.
        06:54:46.743251 #3   ← server close   1000 Normal Closure  "bye"
        06:54:46.744251 #3            end     closed  1.234 s  client → 2 messages, 2,249 bytes  ← server 4 messages, 100 bytes
        "#);
        assert_snapshot!(shown(&events, options(Some(80), false)), @r#"
        2018-12-26 06:54:46.733250 #3   127.0.0.1:51233 → 127.0.0.1:8888
            ws://localhost:8888/api/kernels/f4d1/channels?session_id=0b1e
            101 Switching Protocols  ✓ Accept valid
            subprotocol v1.kernel.websocket.jupyter.org  extension permessage-deflate;
            server_no_context_takeover; server_max_window_bits=12
        06:54:46.734250 #3   client → frame   text  201 bytes  fin  rsv 100
            mask 0a1b2cff  at 517
        06:54:46.735250 #3   client → text        191 bytes
            {
              "header": {"msg_id": "5a7d31fc", "msg_type": "execute_request"},
              "content": {
                "code": "print('hello, world') # and so on, a line that is long",
                "silent": false,
                "count": 1.50
              },
              "buffers": []
            }
        06:54:46.736250 #3   ← server text         76 bytes  3 frames  took 7.000 ms
            Two lines,
            the second of which is rather long, so that it has to be folded.
        06:54:46.737250 #3   ← server text         17 bytes  compressed to 9 bytes
            compressible text
        06:54:46.738250 #3   ← server ping          0 bytes
        06:54:46.739251 #3   client → gap     1,460 bytes missing from the capture
            next frame found by its bytes  318 bytes after it not decoded
        06:54:46.740251 #3   ← server gap
            an unknown number of bytes missing from the capture  next frame not found
        06:54:46.741251 #3   client → binary    2,048 bytes  not masked
            incomplete: 1,460 bytes missing  truncated: 34 bytes kept
            0000  00 01 02 ff 62 69 6e 61  72 79 20 62 79 74 65 73  ....binary bytes
            0010  2c 20 6d 6f 72 65 20 74  68 61 6e 20 61 20 72 6f  , more than a ro
            0020  77 1b                                             w.
        06:54:46.742251 #3   client → ✗ error  reserved-bits  RFC 6455 §5.2  RSV1 is 
            set on a text frame, but no extension was negotiated.
        06:54:46.743251 #3   ← server close   1000 Normal Closure  "bye"
        06:54:46.744251 #3            end     closed  1.234 s
            client → 2 messages, 2,249 bytes  ← server 4 messages, 100 bytes
        "#);
        assert_snapshot!(shown(&events, options(Some(60), false)), @r#"
        2018-12-26 06:54:46.733250 #3   127.0.0.1:51233
            → 127.0.0.1:8888
            ws://localhost:8888/api/kernels/f4d1/channels?session_id
            =0b1e  101 Switching Protocols  ✓ Accept valid
            subprotocol v1.kernel.websocket.jupyter.org
            extension permessage-deflate;
            server_no_context_takeover; server_max_window_bits=12
        06:54:46.734250 #3   client → frame   text  201 bytes  fin
            rsv 100  mask 0a1b2cff  at 517
        06:54:46.735250 #3   client → text        191 bytes
            {
              "header": {
                "msg_id": "5a7d31fc",
                "msg_type": "execute_request"
              },
              "content": {
                "code": "print('hello, world') # and so on, a line 
                  that is long",
                "silent": false,
                "count": 1.50
              },
              "buffers": []
            }
        06:54:46.736250 #3   ← server text         76 bytes
            3 frames  took 7.000 ms
            Two lines,
            the second of which is rather long, so that it has to 
            be folded.
        06:54:46.737250 #3   ← server text         17 bytes
            compressed to 9 bytes
            compressible text
        06:54:46.738250 #3   ← server ping          0 bytes
        06:54:46.739251 #3   client → gap
            1,460 bytes missing from the capture
            next frame found by its bytes
            318 bytes after it not decoded
        06:54:46.740251 #3   ← server gap
            an unknown number of bytes missing from the capture
            next frame not found
        06:54:46.741251 #3   client → binary    2,048 bytes
            not masked  incomplete: 1,460 bytes missing
            truncated: 34 bytes kept
            0000  00 01 02 ff 62 69 6e 61  ....bina
            0008  72 79 20 62 79 74 65 73  ry bytes
            0010  2c 20 6d 6f 72 65 20 74  , more t
            0018  68 61 6e 20 61 20 72 6f  han a ro
            0020  77 1b                    w.
        06:54:46.742251 #3   client → ✗ error  reserved-bits
            RFC 6455 §5.2  RSV1 is set on a text frame, but no 
            extension was negotiated.
        06:54:46.743251 #3   ← server close   1000 Normal Closure
            "bye"
        06:54:46.744251 #3            end     closed  1.234 s
            client → 2 messages, 2,249 bytes
            ← server 4 messages, 100 bytes
        "#);
    }

    #[test]
    fn colors_change_nothing_but_colors() {
        let (connection, handshake) = (connection(3), handshake());
        let events = conversation(&connection, &handshake);
        for width in [None, Some(80), Some(60), Some(1)] {
            let colored = shown(&events, options(width, true));
            assert_eq!(without_colors(&colored), shown(&events, options(width, false)));
        }
        let events = events.get(..3).unwrap();
        assert_snapshot!(shown(events, options(Some(60), true)).replace('\x1b', "␛"), @r#"
        ␛[2m2018-12-26␛[0m ␛[2m06:54:46.733250␛[0m ␛[1m␛[38;5;168m#3␛[0m   ␛[38;5;168m127.0.0.1:51233␛[0m
            ␛[2m→ ␛[0m␛[38;5;168m127.0.0.1:8888␛[0m
            ␛[1mws://localhost:8888/api/kernels/f4d1/channels?session_id␛[0m
            ␛[1m=0b1e␛[0m  101 Switching Protocols  ␛[32m✓ Accept valid␛[0m
            subprotocol v1.kernel.websocket.jupyter.org
            extension permessage-deflate;
            server_no_context_takeover; server_max_window_bits=12
        ␛[2m06:54:46.734250␛[0m ␛[38;5;168m#3␛[0m   ␛[38;5;168mclient →␛[0m ␛[2mframe␛[0m   ␛[2mtext␛[0m  ␛[2m201 bytes␛[0m  ␛[2mfin␛[0m
            ␛[2mrsv 100␛[0m  ␛[2mmask 0a1b2cff␛[0m  ␛[2mat 517␛[0m
        ␛[2m06:54:46.735250␛[0m ␛[38;5;168m#3␛[0m   ␛[38;5;168mclient →␛[0m ␛[1mtext␛[0m        191 bytes
            {
              ␛[36m"header"␛[0m: {
                ␛[36m"msg_id"␛[0m: ␛[32m"5a7d31fc"␛[0m,
                ␛[36m"msg_type"␛[0m: ␛[32m"execute_request"␛[0m
              },
              ␛[36m"content"␛[0m: {
                ␛[36m"code"␛[0m: ␛[32m"print('hello, world') # and so on, a line ␛[0m
                  ␛[32mthat is long"␛[0m,
                ␛[36m"silent"␛[0m: ␛[35mfalse␛[0m,
                ␛[36m"count"␛[0m: ␛[33m1.50␛[0m
              },
              ␛[36m"buffers"␛[0m: []
            }
        "#);
    }

    #[test]
    fn an_accept_that_proves_nothing_is_loud() {
        let connection = connection(0);
        let wrong = Handshake {
            accept: Some("K7D\x1b JLdL".into()),
            accept_status: Some(AcceptStatus::Mismatch),
            ..handshake()
        };
        let missing =
            Handshake { accept: None, accept_status: Some(AcceptStatus::Missing), ..handshake() };
        let key =
            Handshake { key: None, accept_status: Some(AcceptStatus::InvalidKey), ..handshake() };
        let events = [&wrong, &missing, &key]
            .map(|handshake| event(&connection, 1, Kind::Handshake(handshake)));
        assert_snapshot!(shown(&events, options(Some(80), false)), @r#"
        2018-12-26 06:54:46.730250 #0   127.0.0.1:51230 → 127.0.0.1:8888
            ws://localhost:8888/api/kernels/f4d1/channels?session_id=0b1e
            101 Switching Protocols  ✗ Accept mismatch  sent "K7D\x1b JLdL"
            expected "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
            subprotocol v1.kernel.websocket.jupyter.org  extension permessage-deflate;
            server_no_context_takeover; server_max_window_bits=12

        2018-12-26 06:54:46.730250 #0   127.0.0.1:51230 → 127.0.0.1:8888
            ws://localhost:8888/api/kernels/f4d1/channels?session_id=0b1e
            101 Switching Protocols  ✗ Accept missing
            expected "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
            subprotocol v1.kernel.websocket.jupyter.org  extension permessage-deflate;
            server_no_context_takeover; server_max_window_bits=12

        2018-12-26 06:54:46.730250 #0   127.0.0.1:51230 → 127.0.0.1:8888
            ws://localhost:8888/api/kernels/f4d1/channels?session_id=0b1e
            101 Switching Protocols  ✗ Key invalid  sent none
            subprotocol v1.kernel.websocket.jupyter.org  extension permessage-deflate;
            server_no_context_takeover; server_max_window_bits=12
        "#);
    }

    #[test]
    fn handshakes_that_differ() {
        let connection = Connection { h2_stream: Some(5), ..connection(0) };
        let h2 = Handshake {
            http: HttpVersion::Http2,
            method: Some("CONNECT".into()),
            host: Some("example.com".into()),
            target: Some("/chat".into()),
            status: Some(200),
            subprotocols: vec!["a".into(), "b".into()],
            tls: Some("1.3".into()),
            ..Handshake::default()
        };
        let refused = Handshake {
            status: Some(403),
            reason: Some("No  ✓ Accept valid".into()),
            target: Some("/".into()),
            ..Handshake::default()
        };
        let request_only = Handshake {
            target: Some("ws://proxied.example/x".into()),
            method: Some("POST".into()),
            ..Handshake::default()
        };
        let response_only = Handshake { status: Some(101), ..Handshake::default() };
        let events = [&h2, &refused, &request_only, &response_only]
            .map(|handshake| event(&connection, 1, Kind::Handshake(handshake)));
        assert_snapshot!(shown(&events, options(None, false)), @r#"
        2018-12-26 06:54:46.730250 #0.5 127.0.0.1:51230 → 127.0.0.1:8888  wss://example.com/chat  HTTP/2  200  no subprotocol of a, b  TLS 1.3

        2018-12-26 06:54:46.730250 #0.5 127.0.0.1:51230 → 127.0.0.1:8888  ws://127.0.0.1:8888/  403 No \x20✓ Accept valid

        2018-12-26 06:54:46.730250 #0.5 127.0.0.1:51230 → 127.0.0.1:8888  ws://proxied.example/x  method POST  response not in the capture

        2018-12-26 06:54:46.730250 #0.5 127.0.0.1:51230 → 127.0.0.1:8888  request not in the capture  101
        "#);
    }

    #[test]
    fn headers_when_asked_for() {
        let (connection, handshake) = (connection(0), handshake());
        let events = [event(&connection, 1, Kind::Handshake(&handshake))];
        let options = TextOptions { headers: true, ..options(Some(60), false) };
        assert_snapshot!(shown(&events, options), @r#"
        2018-12-26 06:54:46.730250 #0   127.0.0.1:51230
            → 127.0.0.1:8888
            ws://localhost:8888/api/kernels/f4d1/channels?session_id
            =0b1e  101 Switching Protocols  ✓ Accept valid
            subprotocol v1.kernel.websocket.jupyter.org
            extension permessage-deflate;
            server_no_context_takeover; server_max_window_bits=12
            > Host: localhost:8888
            > Upgrade: websocket
            > Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
            < Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
        "#);
    }

    #[test]
    fn connections_without_a_handshake_are_introduced_once() {
        let (one, mut other) = (connection(1), connection(12));
        other.inferred = true;
        let source = Source { file: Some("b\x1b.pcap".into()), interface: None };
        let text = Kind::Message(Message::new(Side::Client, Opcode::Text, Body::Text("hi")));
        let mut events =
            [(&one, 1), (&other, 2), (&one, 3), (&other, 4)].map(|(c, n)| event(c, n, text));
        events[1].source = &source;
        (events[0].is_first, events[1].is_first) = (true, true);
        assert_snapshot!(shown(&events, options(None, false)), @r#"
        2018-12-26 06:54:46.730250 #1   127.0.0.1:51231 → 127.0.0.1:8888
        06:54:46.730250 #1   client → text          2 bytes
            hi

        2018-12-26 06:54:46.731250 #12  127.0.0.1:51242 → 127.0.0.1:8888  handshake not in the capture  file b\x1b.pcap
        06:54:46.731250 #12  client → text          2 bytes
            hi
        06:54:46.732250 #1   client → text          2 bytes
            hi
        06:54:46.733250 #12  client → text          2 bytes
            hi
        "#);
    }

    #[test]
    fn frames_after_a_refusal_are_introduced() {
        let refused = connection(1);
        let inferred = Connection { inferred: true, ..refused.clone() };
        let forbidden =
            Handshake { status: Some(403), target: Some("/".into()), ..Handshake::default() };
        let detail = "The request has no version.";
        let violation =
            Violation { from: Some(Side::Client), rule: Rule::RequestWebSocketVersion, detail };
        let text = Kind::Message(Message::new(Side::Client, Opcode::Text, Body::Text("hi")));
        let mut events = [
            event(&refused, 1, Kind::Handshake(&forbidden)),
            event(&refused, 1, Kind::Violation(violation)),
            event(&inferred, 2, text),
            event(&inferred, 3, text),
        ];
        events[2].is_first = true;
        assert_snapshot!(shown(&events, options(None, false)), @r#"
        2018-12-26 06:54:46.730250 #1   127.0.0.1:51231 → 127.0.0.1:8888  ws://127.0.0.1:8888/  403
        06:54:46.730250 #1   client → ✗ error  request-websocket-version  RFC 6455 §4.1  The request has no version.

        2018-12-26 06:54:46.731250 #1   127.0.0.1:51231 → 127.0.0.1:8888  handshake not in the capture
        06:54:46.731250 #1   client → text          2 bytes
            hi
        06:54:46.732250 #1   client → text          2 bytes
            hi
        "#);
    }

    #[test]
    fn a_new_date_is_told() {
        let connection = connection(1);
        let ping = Kind::Message(Message::new(Side::Client, Opcode::Ping, Body::Text("")));
        let mut events = [1, 2, 3].map(|packet| event(&connection, packet, ping));
        let day = 86_400_000_000_000;
        events[1].origin.time =
            events[1].origin.time.map(|t| Timestamp::from_nanoseconds(t.nanoseconds() + day));
        events[2].origin.time = None;
        events[0].is_first = true;
        assert_snapshot!(shown(&events, options(None, false)), @r#"
        2018-12-26 06:54:46.730250 #1   127.0.0.1:51231 → 127.0.0.1:8888
        06:54:46.730250 #1   client → ping          0 bytes
        2018-12-27
        06:54:46.731250 #1   client → ping          0 bytes
        --:--:--.------ #1   client → ping          0 bytes
        "#);
    }

    /// Dates and the wrong time of the fourth included.
    fn timed(time: TimeForm, began: i64) -> String {
        let connection = connection(1);
        let ping = Kind::Message(Message::new(Side::Client, Opcode::Ping, Body::Text("")));
        let mut events = [1, 2, 3, 4, 5].map(|packet| event(&connection, packet, ping));
        let first = events[0].origin.time.unwrap().nanoseconds();
        let after = [Some(0), Some(86_400_000_000_000), None, Some(-10_000), Some(1_999)];
        for (event, after) in events.iter_mut().zip(after) {
            event.origin.time = after.map(|after| Timestamp::from_nanoseconds(first + after));
        }
        events[0].is_first = true;
        let mut view = Text::new(TextOptions { time, ..options(None, false) });
        view.begin(Timestamp::from_nanoseconds(first + began));
        rendered(view, &events)
    }

    #[test]
    fn seconds_since_1970() {
        assert_snapshot!(timed(TimeForm::Epoch, 0), @r"
        1545807286.730250 #1   127.0.0.1:51231 → 127.0.0.1:8888
        1545807286.730250 #1   client → ping          0 bytes
        1545893686.730250 #1   client → ping          0 bytes
                 -.------ #1   client → ping          0 bytes
        1545807286.730240 #1   client → ping          0 bytes
        1545807286.730252 #1   client → ping          0 bytes
        ");
    }

    #[test]
    fn seconds_since_the_first_packet() {
        assert_snapshot!(timed(TimeForm::Relative, -1_500_000_000), @r"
            1.500000 #1   127.0.0.1:51231 → 127.0.0.1:8888
            1.500000 #1   client → ping          0 bytes
        86401.500000 #1   client → ping          0 bytes
            -.------ #1   client → ping          0 bytes
            1.499990 #1   client → ping          0 bytes
            1.500001 #1   client → ping          0 bytes
        ");
    }

    #[test]
    fn seconds_since_the_event_before() {
        assert_snapshot!(timed(TimeForm::Delta, -1_500_000_000), @r"
            0.000000 #1   127.0.0.1:51231 → 127.0.0.1:8888
            0.000000 #1   client → ping          0 bytes
        86400.000000 #1   client → ping          0 bytes
            -.------ #1   client → ping          0 bytes
        -86400.000010 #1   client → ping          0 bytes
            0.000011 #1   client → ping          0 bytes
        ");
    }

    #[test]
    fn close_frames() {
        let connection = connection(1);
        let close = |close, payload| {
            Kind::Message(Message {
                close,
                payload,
                body: Body::Binary(payload),
                length: Some(payload.len() as u64),
                ..CLOSE
            })
        };
        let said = |code, reason| Some(Close { code, code_name: None, reason });
        let mut events = [
            Kind::Message(CLOSE),
            close(said(None, None), b""),
            close(said(None, None), b"\x03"),
            close(said(Some(3000), Some("")), b"\x0b\xb8"),
            close(said(Some(3000), None), b"\x0b\xb8\xff"),
            close(said(Some(3000), Some("a\n\u{202e}b")), b"\x0b\xb8a\n\xe2\x80\xaeb"),
        ]
        .map(|kind| event(&connection, 1, kind));
        events[0].is_first = true;
        assert_snapshot!(shown(&events, options(None, false)), @r#"
        2018-12-26 06:54:46.730250 #1   127.0.0.1:51231 → 127.0.0.1:8888
        06:54:46.730250 #1   ← server close   1000 Normal Closure  "bye"
        06:54:46.730250 #1   ← server close         0 bytes
        06:54:46.730250 #1   ← server close         1 byte
            0000  03                                                .
        06:54:46.730250 #1   ← server close   3000
        06:54:46.730250 #1   ← server close   3000
            0000  0b b8 ff                                          ...
        06:54:46.730250 #1   ← server close   3000  "a\n\u{202e}b"
        "#);
    }

    #[test]
    fn what_was_sent_cannot_pass_for_what_is_said() {
        let connection = connection(1);
        let text = "a\tb\r\n06:54:46.734250 #1   ← server close   1000\x1b[2K\u{202e}\u{feff}\n\n";
        let mut events = [event(
            &connection,
            1,
            Kind::Message(Message::new(Side::Client, Opcode::Text, Body::Text(text))),
        )];
        events[0].is_first = true;
        assert_snapshot!(shown(&events, options(Some(60), false)), @r#"
        2018-12-26 06:54:46.730250 #1   127.0.0.1:51231
            → 127.0.0.1:8888
        06:54:46.730250 #1   client → text         61 bytes
            a       b\r
            06:54:46.734250 #1   ← server close   
            1000\x1b[2K\u{202e}\u{feff}
        "#);
        assert!(shown(&events, options(None, false)).contains("    a\tb\\r\n"));
    }

    #[test]
    fn payload_forms() {
        let connection = connection(1);
        let body = "a text of some length that base64 makes longer still";
        let events = [event(
            &connection,
            1,
            Kind::Message(Message::new(Side::Client, Opcode::Text, Body::Text(body))),
        )];
        for (payload, lines) in
            [(PayloadForm::None, 0), (PayloadForm::Auto, 1), (PayloadForm::Base64, 2)]
        {
            let options = TextOptions { payload, ..options(Some(60), false) };
            let shown = shown(&events, options);
            let below = shown.lines().skip_while(|line| !line.contains(" text ")).count() - 1;
            assert_eq!(below, lines, "{shown}");
        }
    }

    proptest! {
        #[test]
        fn harmless_and_within_the_width(
            texts in prop::collection::vec(hostile_text(), 4),
            (document, _) in json_document(),
            bytes in prop::collection::vec(any::<u8>(), 0..80),
            width in prop::option::of(0_usize..120),
        ) {
            let source = Source { file: Some(texts[0].clone()), interface: Some(texts[1].clone()) };
            let handshake = Handshake {
                method: Some(texts[0].clone()),
                target: Some(texts[1].clone()),
                host: Some(texts[2].clone()),
                reason: Some(texts[3].clone()),
                status: Some(101),
                accept: Some(texts[0].clone()),
                accept_status: Some(AcceptStatus::Mismatch),
                subprotocol: Some(texts[1].clone()),
                extensions: vec![Extension { name: texts[2].clone(), params: vec![(texts[3].clone(), Some(texts[0].clone()))] }],
                request_headers: Some(vec![Header { name: texts[0].clone(), value: texts[1].clone() }]),
                tls: Some(texts[2].clone()),
                ..Handshake::default()
            };
            let json = serde_json::to_string(&texts).unwrap();
            let close = Close { code: Some(1000), code_name: None, reason: Some(&texts[0]) };
            let violation = Violation { from: None, rule: Rule::InvalidUtf8, detail: &texts[1] };
            let connection = connection(3);
            let mut events: Vec<_> = [
                Kind::Handshake(&handshake),
                Kind::Message(Message::new(Side::Client, Opcode::Text, Body::Text(&texts[2]))),
                Kind::Message(Message::new(Side::Client, Opcode::Text, Body::Json(JsonText::new(&json)))),
                Kind::Message(Message::new(Side::Server, Opcode::Binary, Body::Json(JsonText::new(&document)))),
                Kind::Message(Message::new(Side::Server, Opcode::Reserved(11), Body::Binary(&bytes))),
                Kind::Message(Message { close: Some(close), payload: &bytes, ..CLOSE }),
                Kind::Violation(violation),
            ]
            .into_iter()
            .map(|kind| event(&connection, 1, kind))
            .collect();
            for event in &mut events {
                event.source = &source;
                event.is_first = true;
            }
            for payload in [PayloadForm::Auto, PayloadForm::Base64] {
                let options = TextOptions { payload, headers: true, ..options(width, false) };
                let plain = shown(&events, options.clone());
                // Where the width is not bounded, tabs in texts stay.
                let judged = if width.is_none() { plain.replace('\t', "") } else { plain.clone() };
                prop_assert!(is_harmless(&judged), "{:?}", plain);
                if let Some(width) = width {
                    for line in plain.lines() {
                        prop_assert!(columns(line) <= width.max(Page::NARROWEST), "{}", line);
                    }
                }
                let colored = shown(&events, TextOptions { color: true, ..options });
                prop_assert_eq!(without_colors(&colored).replace('\t', ""), plain.replace('\t', ""));
            }
        }
    }
}

//! The lines of messages, with payloads below.

use super::body::put_body;
use super::gist::put_gist;
use super::line::{put_item, put_name, put_within_item};
use super::packet::{Columns, REPLY, put_kind, reply_text};
use super::{INDENT, Text};
use crate::output::PayloadForm;
use crate::output::hex_dump::hex_dump;
use crate::output::json::says_all;
use crate::output::spool::Spool;
use crate::output::style::{BOLD, DIM, PLAIN, WARNING};
use crate::output::time::span;
use crate::output::wrap::Page;
use crate::output::write::{counted, grouped};
use crate::types::{
    App, AppPacket, Body, Close, Event, Message, NotInflated, Opcode, Side, Timestamp,
};
use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

/// Columns of what a packet says that are shown where lines may be of any
/// length: the payload below says it all.
const LONGEST_SUMMARY: usize = 80;

/// Columns that it has at least, if the line is folded for that.
const SHORTEST_SUMMARY: usize = 12;

/// Columns of a page that has room for kinds in a column of their own.
const WIDE_PAGE: usize = 100;

/// One packet of those that a message carries.
#[derive(Clone, Copy)]
struct Part<'a> {
    packet: AppPacket<'a>,
    number: usize,
    of: usize,
}

impl Text {
    pub(super) fn message(&mut self, event: &Event<'_>, message: &Message<'_>, out: &mut Spool) {
        let packets = message.app.into_iter().flat_map(App::packets);
        let of = message.app.map_or(0, |app| app.packets().len());
        let mut has_kind = false;
        for (packet, number) in packets.zip(1..).filter(|(packet, _)| !packet.kind.is_empty()) {
            self.packet_line(event, message, Part { packet, number, of }, out);
            has_kind = true;
        }
        if !has_kind {
            self.message_line(event, message, out);
        }
        if let Some(malformed) = message.app.and_then(|app| app.malformed) {
            self.malformed_line(event, message, malformed, out);
        }
        let mut page = self.page(out);
        match message.opcode {
            Opcode::Close => self.close_payload(&mut page, message),
            _ => put_body(&mut page, message, &self.options),
        }
    }

    /// The line of a message of which nothing more is known.
    fn message_line(&mut self, event: &Event<'_>, message: &Message<'_>, out: &mut Spool) {
        let mut page = self.event_line(event, Some(message.from), out);
        put_opcode(&mut page, message.opcode);
        let close = message.close.unwrap_or(NOTHING_SAID);
        if close.code.is_none() {
            page.put(PLAIN, &size(message));
        }
        put_code(&mut page, &close);
        if let Some(packet) = message.app.and_then(|app| app.packets().next())
            && let Some(reply) = reply_text(&packet, self.options.packets)
        {
            put_item(&mut page, REPLY, &reply);
        }
        if let Some(protocol) = message.app.and_then(App::unfinished) {
            put_item(&mut page, DIM, &format!("part of {protocol}"));
        }
        put_notes(&mut page, event.origin.time, message);
        // The last item, since it alone can be long.
        put_reason(&mut page, &close);
        page.end();
    }

    /// The line of a packet of the protocol inside.
    fn packet_line(
        &mut self,
        event: &Event<'_>,
        message: &Message<'_>,
        part: Part<'_>,
        out: &mut Spool,
    ) {
        let Part { packet, number, of } = part;
        let mut page = self.event_line(event, Some(message.from), out);
        let is_wide = page.width().is_none_or(|width| width >= WIDE_PAGE);
        let columns = if is_wide { Columns::WIDE } else { Columns::NARROW };
        let protocol = message.app.and_then(|app| app.protocol);
        put_kind(&mut page, message.from, protocol, &packet, columns);
        let reply = reply_text(&packet, self.options.packets);
        let size = (number == 1).then(|| counted(length(message), "byte"));
        let place = (of > 1).then(|| format!("{number} of {of}"));
        if !packet.summary.is_empty() {
            let after = [&reply, &size, &place].into_iter().flatten();
            let columns = after.map(|item| 2 + item.width()).sum();
            self.put_summary(&mut page, &packet, columns);
        }
        if let Some(reply) = reply {
            put_item(&mut page, REPLY, &reply);
        }
        for item in [size, place].iter().flatten() {
            put_item(&mut page, DIM, item);
        }
        if number == 1 {
            put_notes(&mut page, event.origin.time, message);
        }
        page.end();
    }

    /// Writes what a packet says, and leaves room for so many columns.
    fn put_summary(&self, page: &mut Page<'_>, packet: &AppPacket<'_>, after: usize) {
        page.part();
        let style = if packet.is_heartbeat { DIM } else { PLAIN };
        if self.options.full {
            page.break_between_words();
            put_gist(page, style, packet.summary);
            return;
        }
        page.need(SHORTEST_SUMMARY);
        let columns = match page.width() {
            Some(_) => page.room().saturating_sub(after).max(SHORTEST_SUMMARY.min(page.room())),
            None => LONGEST_SUMMARY,
        };
        let bounds = page.fence(page.column() + columns);
        put_gist(page, style, packet.summary);
        page.unfence(bounds);
    }

    fn malformed_line(
        &mut self,
        event: &Event<'_>,
        message: &Message<'_>,
        malformed: &str,
        out: &mut Spool,
    ) {
        let mut page = self.event_line(event, Some(message.from), out);
        page.put(WARNING, "! malformed");
        if let Some(protocol) = message.app.and_then(|app| app.protocol) {
            put_item(&mut page, WARNING, protocol.name());
        }
        page.part();
        page.break_between_words();
        put_within_item(&mut page, PLAIN, malformed);
        page.end();
    }

    /// What a close frame has beside code and reason.
    fn close_payload(&self, page: &mut Page<'_>, message: &Message<'_>) {
        let told = says_all(&message.close.unwrap_or(NOTHING_SAID), message.payload);
        match self.options.payload {
            PayloadForm::Auto if told => {}
            PayloadForm::Auto => hex_dump(page, message.payload, INDENT, None),
            PayloadForm::Base64 | PayloadForm::None => put_body(page, message, &self.options),
        }
    }
}

/// What a close frame without a payload says.
pub(super) const NOTHING_SAID: Close<'static> = Close { code: None, code_name: None, reason: None };

/// Writes what kind of message it is. What only keeps the connection alive may be
/// passed over.
pub(super) fn put_opcode(page: &mut Page<'_>, opcode: Opcode) {
    match opcode {
        Opcode::Text => put_name(page, BOLD, "text"),
        Opcode::Binary => put_name(page, BOLD, "binary"),
        Opcode::Close => put_name(page, PLAIN, "close"),
        Opcode::Ping => put_name(page, DIM, "ping"),
        Opcode::Pong => put_name(page, DIM, "pong"),
        Opcode::Continuation => put_name(page, BOLD, "continuation"),
        Opcode::Reserved(_) => put_name(page, PLAIN, &opcode.to_string()),
    }
}

/// Writes the status code of a close frame and its name.
pub(super) fn put_code(page: &mut Page<'_>, close: &Close<'_>) {
    if let Some(code) = close.code {
        put_item(page, PLAIN, &code.to_string());
        if let Some(name) = close.code_name {
            page.put(PLAIN, " ");
            page.put(PLAIN, name);
        }
    }
}

/// Writes the reason that a close frame gives.
pub(super) fn put_reason(page: &mut Page<'_>, close: &Close<'_>) {
    if let Some(reason) = close.reason.filter(|reason| !reason.is_empty()) {
        put_item(page, PLAIN, &format!("\"{reason}\""));
    }
}

/// Bytes of the payload, or of what is known of it.
pub(super) fn length(message: &Message<'_>) -> u64 {
    message.length.unwrap_or(message.wire_length)
}

/// The payload's size, right-aligned so that sizes can be compared at a glance.
fn size(message: &Message<'_>) -> String {
    let bytes = length(message);
    let noun = if bytes == 1 { "byte" } else { "bytes" };
    let number = grouped(bytes);
    let mut text = String::with_capacity(32);
    text.extend(std::iter::repeat_n(' ', 1 + 8_usize.saturating_sub(number.len())));
    text.push_str(&number);
    text.push(' ');
    text.push_str(noun);
    text
}

/// Writes what is out of the ordinary about a message.
fn put_notes(page: &mut Page<'_>, time: Option<Timestamp>, message: &Message<'_>) {
    if message.frames > 1 {
        put_item(page, DIM, &counted(message.frames, "frame"));
    }
    formats(message, |style, format| put_item(page, style, format));
    if message.compressed {
        let text = match message.length {
            Some(_) => format!("compressed to {}", counted(message.wire_length, "byte")),
            None => format!("compressed, {} on the wire", counted(message.wire_length, "byte")),
        };
        put_item(page, DIM, &text);
    }
    if let (Some(first), Some(last)) = (message.first_time, time) {
        put_item(page, DIM, &format!("took {}", span(last.since(first))));
    }
    warnings(message, |warning| put_item(page, WARNING, warning));
}

/// Tells what is wrong with a message, or was lost of it.
pub(super) fn warnings(message: &Message<'_>, mut tell: impl FnMut(&str)) {
    match (message.from, message.masked) {
        (Side::Client, false) => tell("not masked"),
        (Side::Server, true) => tell("masked"),
        (Side::Client, true) | (Side::Server, false) => {}
    }
    if !message.complete {
        match message.missing {
            Some(missing) => tell(&format!("incomplete: {} missing", counted(missing, "byte"))),
            None => tell("incomplete"),
        }
    }
    match message.not_inflated {
        None => {}
        Some(NotInflated::ContextLost) => tell("compression context lost"),
        Some(NotInflated::Corrupt) => tell("not DEFLATE"),
        Some(NotInflated::Limit) => tell("inflating given up: a limit was reached"),
    }
    if message.truncated {
        let kept = counted(message.payload.len() as u64, "byte");
        tell(&format!("truncated: {kept} kept"));
    }
}

/// What a message carries, readable.
pub(super) fn carried<'a>(message: &Message<'a>) -> (Body<'a>, bool) {
    let app = message.app.filter(|app| app.malformed.is_none());
    if let Some(body) = app.and_then(|app| app.body) {
        return (body, true);
    }
    match opened(message) {
        Some(body) => (body, false),
        None => (message.body, message.opcode == Opcode::Text),
    }
}

/// What was opened last of what a binary message holds. What a signature shows lies
/// in that.
fn opened<'a>(message: &Message<'a>) -> Option<Body<'a>> {
    let layers = message.inside?.layers;
    layers.iter().rev().find_map(|layer| layer.content).map(|content| content.body)
}

/// Tells what a binary message holds: `gzip of 1,234 bytes`, `image/png`.
pub(super) fn formats(message: &Message<'_>, mut tell: impl FnMut(Style, &str)) {
    for layer in message.inside.iter().flat_map(|inside| inside.layers) {
        let name = layer.media_type.unwrap_or(layer.format);
        match layer.content.and_then(|content| content.length) {
            Some(length) => {
                tell(DIM, &format!("{name} of {}", counted(length, "byte")));
            }
            None => tell(DIM, name),
        }
        if layer.content.is_some_and(|content| content.truncated) {
            tell(WARNING, "opened in part");
        }
    }
}

//! One line a message: `--compact`.

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use super::Text;
use super::body::{put_on_line, readable};
use super::gist::put_gist;
use super::line::put_item;
use super::message::{NOTHING_SAID, formats, length, put_code, put_opcode, put_reason, warnings};
use super::packet::{Columns, REPLY, put_kind, reply_text};
use crate::output::PayloadForm;
use crate::output::spool::Spool;
use crate::output::style::{DIM, PLAIN, WARNING};
use crate::output::wrap::Page;
use crate::output::write::{self, counted};
use crate::types::{App, AppPacket, Body, Event, Message, Opcode};

/// Columns that a payload has at least before what follows it is cut.
const SHORTEST: usize = 16;

/// Bytes of a payload that are shown in hex.
const HEX_BYTES: usize = 16;

impl Text {
    pub(super) fn row(&mut self, event: &Event<'_>, message: &Message<'_>, out: &mut Spool) {
        let with_number = self.options.packets;
        let tail = tail(message, with_number);
        let mut page = self.event_line(event, Some(message.from), out);
        let after: usize = tail.iter().map(|(_, item)| 2 + item.width()).sum();
        let inner = self.cuts_rows().then(|| {
            let room = page.room();
            let columns = room.saturating_sub(after).max(SHORTEST.min(room));
            page.fence(page.column() + columns)
        });
        self.put_gist_of(&mut page, message);
        if let Some(inner) = inner {
            page.unfence(inner);
        }
        for (style, item) in &tail {
            put_item(&mut page, *style, item);
        }
        page.end_row();
    }

    /// What it is and what it says.
    fn put_gist_of(&self, page: &mut Page<'_>, message: &Message<'_>) {
        let is_alone = message.app.is_some_and(|app| app.packets().len() == 1);
        let columns = if is_alone { Columns::WIDE } else { Columns::NONE };
        let mut has_kind = false;
        let mut says_much = false;
        for packet in message.app.into_iter().flat_map(App::packets) {
            if !packet.kind.is_empty() {
                if has_kind {
                    page.part();
                    page.put(DIM, "+ ");
                }
                put_packet(page, message, &packet, columns);
                has_kind = true;
                says_much |= packet.is_heartbeat || !packet.summary.is_empty();
            }
        }
        if has_kind {
            if !says_much && is_worth_a_look(message) {
                self.put_payload(page, message);
            }
            return;
        }
        put_opcode(page, message.opcode);
        if message.opcode == Opcode::Close {
            let close = message.close.unwrap_or(NOTHING_SAID);
            put_code(page, &close);
            put_reason(page, &close);
        } else {
            self.put_payload(page, message);
        }
    }

    fn put_payload(&self, page: &mut Page<'_>, message: &Message<'_>) {
        let body = readable(message);
        if message.payload.is_empty() && body.bytes().is_empty() {
            return;
        }
        page.part();
        formats(message, |style, format| {
            page.put(style, format);
            page.part();
        });
        match (self.options.payload, body) {
            (PayloadForm::None, _) => put_size(page, message),
            (PayloadForm::Base64, _) => self.put_base64(page, message.payload),
            (PayloadForm::Auto, Body::Binary(bytes)) => {
                put_size(page, message);
                page.part();
                let shown = if self.options.full { bytes.len() } else { HEX_BYTES };
                let shown = bytes.get(..shown).unwrap_or(bytes);
                put_on_line(page, Body::Binary(shown));
                if shown.len() < bytes.len() {
                    page.put(DIM, " …");
                }
            }
            (PayloadForm::Auto, body) => {
                put_on_line(page, body);
            }
        }
    }

    fn put_base64(&self, page: &mut Page<'_>, bytes: &[u8]) {
        if self.options.full {
            return page.base64(bytes);
        }
        // Four columns hold three bytes; more than fits shows where it is cut.
        let most = (page.room() / 4 + 1) * 3;
        let mut text = Vec::new();
        write::base64(&mut text, bytes.get(..most).unwrap_or(bytes));
        page.put(PLAIN, str::from_utf8(&text).unwrap_or_default());
    }
}

/// Whether what a message carries says more than what kind it is: raw, most
/// protocols are hard to read.
fn is_worth_a_look(message: &Message<'_>) -> bool {
    let has_body = message.app.is_some_and(|app| app.body.is_some() || app.malformed.is_some());
    has_body || matches!(message.body, Body::Json(_))
}

fn put_packet(
    page: &mut Page<'_>,
    message: &Message<'_>,
    packet: &AppPacket<'_>,
    columns: Columns,
) {
    let protocol = message.app.and_then(|app| app.protocol);
    put_kind(page, message.from, protocol, packet, columns);
    if !packet.summary.is_empty() {
        page.part();
        put_gist(page, if packet.is_heartbeat { DIM } else { PLAIN }, packet.summary);
    }
}

fn put_size(page: &mut Page<'_>, message: &Message<'_>) {
    page.put(DIM, &counted(length(message), "byte"));
}

/// What stands at the end, whatever is cut before it: how long the answer took, and
/// what is wrong.
fn tail(message: &Message<'_>, with_number: bool) -> Vec<(Style, String)> {
    let mut tail = Vec::new();
    let mut packets = message.app.into_iter().flat_map(App::packets);
    tail.extend(
        packets.find_map(|packet| reply_text(&packet, with_number)).map(|reply| (REPLY, reply)),
    );
    if let Some(protocol) = message.app.and_then(App::unfinished) {
        tail.push((DIM, format!("part of {protocol}")));
    }
    warnings(message, |warning| tail.push((WARNING, warning.to_owned())));
    if let Some(malformed) = message.app.and_then(|app| app.malformed) {
        tail.push((WARNING, format!("! malformed: {malformed}")));
    }
    tail
}

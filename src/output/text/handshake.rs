//! Handshakes, and what stands in for them where none was seen.

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use super::line::{put_ends, put_item, put_within_item};
use super::{INDENT, Text};
use crate::output::spool::Spool;
use crate::output::style::{self, ALARM, BOLD, DIM, ERROR, GOOD, PLAIN, WARNING};
use crate::output::wrap::Page;
use crate::types::{
    AcceptStatus, Connection, Event, Extension, Handshake, Header, HttpVersion, Source,
};

impl Text {
    pub(super) fn handshake(&mut self, event: &Event<'_>, handshake: &Handshake, out: &mut Spool) {
        let name = if handshake.is_refused() { "refused" } else { "open" };
        let mut page = self.header_line(event, name, out);
        let answer = self.answer(handshake);
        let room = answer.first().map_or(0, |(_, item)| 2 + item.width());
        let url = url(handshake, event.connection);
        put_url(&mut page, url.as_deref(), self.cuts_rows().then_some(room));
        let usual_method = match handshake.http {
            HttpVersion::Http2 => "CONNECT",
            HttpVersion::Http10 | HttpVersion::Http11 => "GET",
        };
        if let Some(method) = handshake.method.as_deref().filter(|method| *method != usual_method) {
            put_item(&mut page, WARNING, &format!("method {method}"));
        }
        if handshake.http != HttpVersion::Http11 {
            put_item(&mut page, PLAIN, &format!("HTTP/{}", handshake.http));
        }
        for (style, item) in &answer {
            put_item(&mut page, *style, item);
        }
        if let Some(subprotocol) = &handshake.subprotocol {
            put_item(&mut page, PLAIN, &format!("subprotocol {subprotocol}"));
        } else if !handshake.subprotocols.is_empty() && is_accepted(handshake) {
            let offered = handshake.subprotocols.join(", ");
            put_item(&mut page, PLAIN, &format!("no subprotocol of {offered}"));
        }
        for extension in &handshake.extensions {
            extension_items(&mut page, extension);
        }
        if let Some(version) = &handshake.tls {
            put_item(&mut page, DIM, &format!("TLS {version}"));
        }
        source_items(&mut page, event.source);
        if self.options.compact {
            page.part();
            put_ends(&mut page, event.connection);
        }
        page.end_row();
        if self.options.headers && !self.options.compact {
            headers(&mut page, "> ", handshake.request_headers.as_deref());
            headers(&mut page, "< ", handshake.response_headers.as_deref());
        }
    }

    /// What stands in for a handshake, where none was seen.
    pub(super) fn introduce(&mut self, event: &Event<'_>, out: &mut Spool) {
        let mut page = self.header_line(event, "open", out);
        if self.options.compact {
            page.part();
            put_ends(&mut page, event.connection);
        }
        if event.connection.inferred {
            put_item(&mut page, PLAIN, "handshake not in the capture");
        }
        source_items(&mut page, event.source);
        page.end_row();
    }
}

/// An item of a line.
type Item = (Style, String);

/// Columns that a URL has at least before what follows it is cut.
const SHORTEST_URL: usize = 16;

/// Writes what the client asked for, and in a line that is cut leaves room for so
/// many columns.
fn put_url(page: &mut Page<'_>, url: Option<&str>, room: Option<usize>) {
    let Some(url) = url else {
        return put_item(page, WARNING, "request not in the capture");
    };
    page.part();
    let fence = room.map(|after| {
        let columns = page.room().saturating_sub(after).max(SHORTEST_URL);
        page.fence(page.column() + columns)
    });
    put_within_item(page, BOLD, url);
    if let Some(fence) = fence {
        page.unfence(fence);
    }
}

/// What the client asked for; `None` when the capture does not have it.
pub(crate) fn url(handshake: &Handshake, connection: &Connection) -> Option<String> {
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

impl Text {
    /// What the server answered, and what is to be thought of it. In a compact line
    /// an Accept that is valid says enough.
    fn answer(&self, handshake: &Handshake) -> Vec<Item> {
        let mut items = accept(handshake);
        let is_said = self.options.compact
            && is_accepted(handshake)
            && handshake.accept_status == Some(AcceptStatus::Valid);
        if !is_said {
            items.insert(0, status(handshake));
        }
        items
    }
}

fn status(handshake: &Handshake) -> Item {
    let Some(status) = handshake.status else {
        return (WARNING, "response not in the capture".to_owned());
    };
    let mut text = status.to_string();
    if let Some(reason) = handshake.reason.as_deref().filter(|reason| !reason.is_empty()) {
        text.push(' ');
        text.push_str(reason);
    }
    (if is_accepted(handshake) { PLAIN } else { ERROR }, text)
}

fn accept(handshake: &Handshake) -> Vec<Item> {
    let quoted = |value: &Option<String>| match value {
        Some(value) => format!("\"{value}\""),
        None => "none".to_owned(),
    };
    let sent = |value| (ERROR, format!("sent {}", quoted(value)));
    let expected = (ERROR, format!("expected {}", quoted(&handshake.accept_expected)));
    let verdict = |style, text: &str| (style, text.to_owned());
    match handshake.accept_status {
        None => vec![],
        Some(AcceptStatus::Valid) => vec![verdict(GOOD, "✓ Accept valid")],
        Some(AcceptStatus::Mismatch) => {
            vec![verdict(ALARM, "✗ Accept mismatch"), sent(&handshake.accept), expected]
        }
        Some(AcceptStatus::Missing) => vec![verdict(ALARM, "✗ Accept missing"), expected],
        Some(AcceptStatus::InvalidKey) => {
            vec![verdict(ALARM, "✗ Key invalid"), sent(&handshake.key)]
        }
    }
}

/// `extension permessage-deflate; server_max_window_bits=12`, as in the header;
/// a long line may also be folded between parameters.
fn extension_items(page: &mut Page<'_>, extension: &Extension) {
    put_item(page, PLAIN, &format!("extension {}", extension.name));
    for (name, value) in &extension.params {
        page.put(PLAIN, ";");
        page.part_by(1);
        put_within_item(page, PLAIN, name);
        if let Some(value) = value {
            page.put(PLAIN, "=");
            put_within_item(page, PLAIN, value);
        }
    }
}

fn source_items(page: &mut Page<'_>, source: &Source) {
    if let Some(file) = &source.file {
        put_item(page, DIM, &format!("file {file}"));
    }
    if let Some(interface) = &source.interface {
        put_item(page, DIM, &format!("interface {interface}"));
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

//! What is told of a packet of the protocol inside.

use std::borrow::Cow;

use anstyle::Style;

use super::gist::put_gist;
use crate::output::style::{DIM, ERROR, GOOD, PLAIN, side};
use crate::output::time::latency;
use crate::output::wrap::Page;
use crate::types::{AppPacket, AppProtocol, AppReply, Side};

/// Columns of a channel, a kind and the kind of a request; more is cut.
const LONGEST_CHANNEL: usize = 32;
const LONGEST_KIND: usize = 40;
const LONGEST_REQUEST: usize = 24;

/// Columns that channels and kinds take at least, so that what follows stands in a
/// column.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    channel: usize,
    kind: usize,
}

impl Columns {
    /// Most have room.
    pub(super) const WIDE: Self = Self { channel: 7, kind: 15 };
    /// Some have.
    pub(super) const NARROW: Self = Self { channel: 7, kind: 8 };
    /// What follows stands where it comes.
    pub(super) const NONE: Self = Self { channel: 0, kind: 0 };
}

/// Writes where a packet belongs and what it is. Where that could pass for what
/// wsdump says of WebSocket itself, the protocol is named before.
pub(super) fn put_kind(
    page: &mut Page<'_>,
    from: Side,
    protocol: Option<AppProtocol>,
    packet: &AppPacket<'_>,
    columns: Columns,
) {
    let channel = packet.channel;
    let first = if channel.is_empty() { packet.kind } else { channel };
    if let Some(protocol) = protocol.filter(|_| is_ours(first)) {
        page.put(DIM, protocol.name());
        page.put(PLAIN, " ");
    }
    if !channel.is_empty() {
        put_word(page, PLAIN, channel, LONGEST_CHANNEL, columns.channel);
        page.part_by(1);
    }
    put_word(page, kind_style(from, packet), packet.kind, LONGEST_KIND, columns.kind);
}

/// The words that lines of wsdump's own begin with, and the signs.
fn is_ours(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    first.starts_with(['✗', '!', '·', '…'])
        || first.starts_with("reserved-")
        || matches!(
            first,
            "text"
                | "binary"
                | "continuation"
                | "close"
                | "ping"
                | "pong"
                | "frame"
                | "gap"
                | "open"
                | "refused"
                | "end"
        )
}

fn kind_style(from: Side, packet: &AppPacket<'_>) -> Style {
    if packet.is_heartbeat {
        DIM
    } else if is_error(packet.kind) {
        ERROR
    } else {
        side(Some(from)).bold()
    }
}

/// Whether a kind says that something went wrong, as protocols call it.
fn is_error(kind: &str) -> bool {
    const ERROR: &[u8] = b"error";
    kind == "ABORT"
        || kind.as_bytes().windows(ERROR.len()).any(|part| part.eq_ignore_ascii_case(ERROR))
}

fn put_word(page: &mut Page<'_>, style: Style, word: &str, longest: usize, columns: usize) {
    page.need(word.len().min(longest));
    let start = page.column();
    let bounds = page.fence(start + longest);
    put_gist(page, style, word);
    page.unfence(bounds);
    page.pad((start + columns).saturating_sub(page.column()));
}

/// `↩ 3.2 ms`: how long it took to answer. What was asked is told where the
/// packet itself says little.
pub(super) fn reply_text(packet: &AppPacket<'_>, with_number: bool) -> Option<String> {
    let AppReply { to, kind, latency: time } = packet.reply?;
    let kind = Some(kind).filter(|kind| packet.summary.is_empty() && !kind.is_empty());
    let items = [
        kind.map(short),
        with_number.then(|| format!("packet {to}").into()),
        time.map(|time| latency(time).into()),
    ];
    let mut text = "↩".to_owned();
    for (index, item) in items.iter().flatten().enumerate() {
        text.push_str(if index == 0 { " " } else { ", " });
        text.push_str(item);
    }
    Some(text)
}

/// The look of [`reply_text`].
pub(super) const REPLY: Style = GOOD;

/// A name on one line, cut where it is long.
fn short(name: &str) -> Cow<'_, str> {
    if name.len() <= LONGEST_REQUEST && !name.contains(char::is_whitespace) {
        return name.into();
    }
    let mut text = String::new();
    for c in name.chars().take(LONGEST_REQUEST) {
        text.push(if c.is_whitespace() { '_' } else { c });
    }
    if text.len() < name.len() {
        text.push('…');
    }
    text.into()
}

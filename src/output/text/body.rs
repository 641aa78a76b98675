//! Payloads, below the lines of their messages.

use super::gist::put_gist;
use super::message::carried;
use super::{BodyForm, INDENT, TextOptions};
use crate::output::PayloadForm;
use crate::output::hex_dump::{hex_dump, put_hex};
use crate::output::pretty::{folded, pretty};
use crate::output::style::{DIM, PLAIN};
use crate::output::wrap::Page;
use crate::output::write::counted;
use crate::types::{Body, Message};

/// Rows that are shown of JSON and of text, of bytes, and of what is on one line.
const ROWS: usize = 40;
const BINARY_ROWS: usize = 8;
const FOLDED_ROWS: usize = 8;

/// Writes what a message carries, in the form that the options want.
pub(super) fn put_body(page: &mut Page<'_>, message: &Message<'_>, options: &TextOptions) {
    let rows = |rows| (!options.full).then_some(rows);
    match options.payload {
        PayloadForm::None => {}
        PayloadForm::Base64 if message.payload.is_empty() => {}
        PayloadForm::Base64 => {
            page.begin(INDENT, INDENT);
            page.base64(message.payload);
            page.end();
        }
        PayloadForm::Auto => match (options.body, readable(message)) {
            (BodyForm::None, _) => {}
            (_, Body::Text("")) | (_, Body::Binary(b"")) => {}
            (BodyForm::Pretty, Body::Json(json)) => {
                let left = limited(page, rows(ROWS), |page| pretty(page, json.text(), INDENT));
                put_rest(page, 0, left);
            }
            (BodyForm::Pretty, Body::Text(text)) => put_lines(page, text, rows(ROWS)),
            (BodyForm::Pretty, Body::Binary(bytes)) => {
                hex_dump(page, bytes, INDENT, rows(BINARY_ROWS));
            }
            (BodyForm::Compact, body) => put_folded(page, body, rows(FOLDED_ROWS)),
        },
    }
}

/// What a message carries: bytes that happen to be UTF-8 are bytes where they do
/// not look like text.
pub(super) fn readable<'a>(message: &Message<'a>) -> Body<'a> {
    match carried(message) {
        (Body::Text(text), false) if has_controls(text) => Body::Binary(text.as_bytes()),
        (body, _) => body,
    }
}

/// Whether text has control characters other than tabs and line ends.
fn has_controls(text: &str) -> bool {
    text.bytes().any(|byte| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r'))
}

/// Writes on no more than so many rows. How many bytes that leaves.
fn limited(
    page: &mut Page<'_>,
    rows: Option<usize>,
    write: impl FnOnce(&mut Page<'_>) -> usize,
) -> usize {
    page.limit(rows);
    let left = write(page);
    page.limit(None);
    left
}

/// Text as it is, with its own lines.
fn put_lines(page: &mut Page<'_>, text: &str, rows: Option<usize>) {
    let whole = text.len();
    let text = text.strip_suffix('\n').unwrap_or(text);
    let last_end = whole - text.len();
    let left = limited(page, rows, |page| {
        let mut left = text.len();
        for line in text.split('\n') {
            let taken = put_line(page, line);
            left = left.saturating_sub(taken);
            if taken == line.len() {
                // The line's end.
                left = left.saturating_sub(1);
            }
            page.end();
            if page.is_full() {
                break;
            }
        }
        left
    });
    let shown = text.len().saturating_sub(left);
    let (before, after) = text.split_at_checked(shown).unwrap_or((text, ""));
    // A line that was begun is none of those that are left.
    let begun = !before.is_empty() && !before.ends_with('\n');
    let ends = memchr::memchr_iter(b'\n', after.as_bytes()).count() as u64;
    let bytes = if left > 0 { left + last_end } else { 0 };
    put_rest(page, if begun { ends } else { ends + 1 }, bytes);
}

/// Writes a line. How many bytes of it were written before the page was full.
fn put_line(page: &mut Page<'_>, line: &str) -> usize {
    if line.is_empty() {
        return 0;
    }
    page.begin(INDENT, INDENT);
    page.break_between_words();
    let mut taken = 0;
    for (index, column) in line.split('\t').enumerate() {
        if index > 0 {
            page.tab(INDENT);
            if page.is_full() {
                return taken;
            }
            taken += 1;
        }
        let put = page.put(PLAIN, column);
        taken += put;
        if put < column.len() {
            return taken;
        }
    }
    taken
}

/// A payload on one line, which is folded.
fn put_folded(page: &mut Page<'_>, body: Body<'_>, rows: Option<usize>) {
    let left = limited(page, rows, |page| {
        page.begin(INDENT, INDENT);
        page.break_between_words();
        let left = put_on_line(page, body);
        page.end();
        left
    });
    put_rest(page, 0, left);
}

/// Writes a payload on the line at hand. How many bytes were left when the page
/// was full.
pub(super) fn put_on_line(page: &mut Page<'_>, body: Body<'_>) -> usize {
    match body {
        Body::Json(json) => folded(page, json.text()),
        Body::Text(text) => put_gist(page, PLAIN, text),
        Body::Binary(bytes) => put_hex(page, bytes),
    }
}

/// Says what is not shown, if anything is.
fn put_rest(page: &mut Page<'_>, lines: u64, bytes: usize) {
    if bytes == 0 {
        return;
    }
    let bytes = bytes as u64;
    let rest = match lines {
        0 => counted_more(bytes, "byte"),
        _ => format!("{}, {}", counted_more(lines, "line"), counted(bytes, "byte")),
    };
    page.begin(INDENT, INDENT);
    page.put(DIM, &format!("… {rest} (--full shows all)"));
    page.end();
}

/// `1 more byte`, `1,234 more bytes`
fn counted_more(count: u64, noun: &str) -> String {
    counted(count, &format!("more {noun}"))
}

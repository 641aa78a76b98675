//! Bytes as `hexdump -C` and `hexyl` show them.

use anstyle::Style;

use super::style::{self, DIM, PLAIN};
use super::wrap::Page;
use super::write::counted;

/// Writes the first `rows` rows (all, where that is `None`) of `bytes` behind
/// `indent` spaces: offset, 16 bytes (as many as fit on a narrow page) in two
/// halves, and the same as ASCII. Then how many bytes there are more.
pub(super) fn hex_dump(page: &mut Page<'_>, bytes: &[u8], indent: usize, rows: Option<usize>) {
    let digits = offset_digits(bytes.len(), rows);
    let per_row = bytes_per_row(page.width(), indent + digits);
    let shown = rows.map_or(bytes.len(), |rows| rows.saturating_mul(per_row).min(bytes.len()));
    let (head, tail) = bytes.split_at_checked(shown).unwrap_or((bytes, &[]));

    let mut text = String::new();
    for (row, chunk) in head.chunks(per_row).enumerate() {
        page.begin(indent, indent);
        page.put(DIM, &format!("{:0digits$x}", row * per_row));
        page.put(PLAIN, "  ");
        put_bytes(page, chunk, &mut text);
        let missing = chunk.len()..per_row;
        // What is not there takes as much room, the divider included.
        let is_divided = missing.contains(&HALF) && chunk.len() <= HALF;
        page.pad(BYTE_COLUMNS * missing.len() + if is_divided { DIVIDER_COLUMNS } else { 0 });
        page.put(DIM, "│ ");
        put_characters(page, chunk, &mut text);
        page.end();
    }
    if !tail.is_empty() {
        page.begin(indent, indent);
        let more = counted(tail.len() as u64, "more byte");
        page.put(DIM, &format!("… {more} (--full shows all)"));
        page.end();
    }
}

/// Writes bytes in hex on the line at hand. How many were left when the page was
/// full.
pub(super) fn put_hex(page: &mut Page<'_>, bytes: &[u8]) -> usize {
    let mut text = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        text.clear();
        if index > 0 {
            page.put(PLAIN, " ");
        }
        push_hex(&mut text, *byte);
        if page.put(style::byte(*byte), &text) < text.len() {
            return bytes.len() - index;
        }
        page.relieve();
    }
    0
}

/// A divider stands between the two halves of a full row.
const HALF: usize = 8;

/// Columns of a byte and the space after it.
const BYTE_COLUMNS: usize = 3;

/// Columns of the divider and the space after it.
const DIVIDER_COLUMNS: usize = 2;

fn put_bytes(page: &mut Page<'_>, chunk: &[u8], text: &mut String) {
    for (half, bytes) in chunk.chunks(HALF).enumerate() {
        if half > 0 {
            page.put(DIM, "┊ ");
        }
        for run in bytes.chunk_by(|one, next| style::byte(*one) == style::byte(*next)) {
            text.clear();
            for byte in run {
                push_hex(text, *byte);
                text.push(' ');
            }
            page.put(run.first().map_or(PLAIN, |byte| style::byte(*byte)), text);
        }
    }
}

fn put_characters(page: &mut Page<'_>, chunk: &[u8], text: &mut String) {
    for run in chunk.chunk_by(|one, next| style::byte(*one) == style::byte(*next)) {
        text.clear();
        text.extend(run.iter().map(|byte| match byte {
            b' '..=b'~' => char::from(*byte),
            _ => '.',
        }));
        let style: Style = run.first().map_or(PLAIN, |byte| style::byte(*byte));
        page.put(style, text);
    }
}

/// Digits of the last offset that is shown, of which a full row of 16 bytes
/// still fits into 80 columns up to 16 MiB.
fn offset_digits(length: usize, rows: Option<usize>) -> usize {
    let shown = rows.map_or(length, |rows| length.min(rows.saturating_mul(16)));
    match shown {
        ..=0x1_0000 => 4,
        0x1_0001..=0x100_0000 => 6,
        _ => 8,
    }
}

/// How many bytes fit on a row whose offset ends at column `start`.
fn bytes_per_row(width: Option<usize>, start: usize) -> usize {
    let columns = |count: usize| {
        let dividers = DIVIDER_COLUMNS * (1 + usize::from(count > HALF));
        start + 2 + BYTE_COLUMNS * count + dividers + count
    };
    [16, 8, 4, 2]
        .into_iter()
        .find(|count| width.is_none_or(|width| columns(*count) <= width))
        .unwrap_or(2)
}

fn push_hex(text: &mut String, byte: u8) {
    for nibble in [byte >> 4, byte & 0xf] {
        text.extend(char::from_digit(u32::from(nibble), 16));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Spool;
    use insta::assert_snapshot;

    fn dumped(bytes: &[u8], width: Option<usize>, rows: Option<usize>) -> String {
        let mut out = Spool::default();
        hex_dump(&mut Page::new(&mut out, width, false), bytes, 4, rows);
        String::from_utf8(out.into_bytes()).unwrap()
    }

    #[test]
    fn sixteen_bytes_a_row() {
        let bytes: Vec<u8> = (0x1c..0x32).collect();
        assert_snapshot!(dumped(&bytes, None, None), @r##"
        0000  1c 1d 1e 1f 20 21 22 23 ┊ 24 25 26 27 28 29 2a 2b │ .... !"#$%&'()*+
        0010  2c 2d 2e 2f 30 31                                 │ ,-./01
        "##);
        assert_eq!(dumped(&bytes, None, None), dumped(&bytes, Some(78), None));
    }

    #[test]
    fn fewer_on_a_narrow_page() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_snapshot!(dumped(&bytes, Some(60), Some(2)), @r#"
        0000  00 01 02 03 04 05 06 07 │ ........
        0008  08 09 0a 0b 0c 0d 0e 0f │ ........
        … 240 more bytes (--full shows all)
        "#);
        assert_snapshot!(dumped(&bytes, Some(20), Some(2)), @r#"
        0000  00 01 │ ..
        0002  02 03 │ ..
        … 252 more bytes
         (--full shows a
        ll)
        "#);
    }

    #[test]
    fn nothing_for_nothing() {
        assert_eq!(dumped(&[], None, None), "");
    }
}

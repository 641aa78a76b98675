//! Bytes as `hexdump -C` shows them.

use super::style::{DIM, PLAIN};
use super::wrap::Page;
use super::write::counted;

/// Writes the first `rows` rows (all, where that is `None`) of `bytes` behind
/// `indent` spaces: offset, 16 bytes (as many as fit on a narrow page), and
/// the same as ASCII. Then how many bytes there are more.
pub(super) fn hex_dump(page: &mut Page<'_>, bytes: &[u8], indent: usize, rows: Option<usize>) {
    let offset_digits = if bytes.len() > 0x1_0000 { 8 } else { 4 };
    let per_row = bytes_per_row(page.width(), indent + offset_digits);
    let shown = rows.map_or(bytes.len(), |rows| rows.saturating_mul(per_row).min(bytes.len()));
    let (head, tail) = bytes.split_at_checked(shown).unwrap_or((bytes, &[]));

    let mut text = String::new();
    for (row, chunk) in head.chunks(per_row).enumerate() {
        page.begin(indent, indent);
        page.put(DIM, &format!("{:0offset_digits$x}", row * per_row));
        text.clear();
        for index in 0..per_row {
            text.push_str(if index == HALF { "  " } else { " " });
            match chunk.get(index) {
                Some(byte) => push_hex(&mut text, *byte),
                None => text.push_str("  "),
            }
        }
        page.put(PLAIN, " ");
        page.put(PLAIN, &text);
        text.clear();
        text.push_str("  ");
        text.extend(chunk.iter().map(|byte| match byte {
            b' '..=b'~' => char::from(*byte),
            _ => '.',
        }));
        page.put(PLAIN, &text);
        page.end();
    }
    if !tail.is_empty() {
        page.begin(indent, indent);
        page.put(DIM, &format!("… {} more", counted(tail.len() as u64, "byte")));
        page.end();
    }
}

/// A wider gap stands between the two halves of a full row.
const HALF: usize = 8;

/// How many bytes fit on a row whose offset ends at column `start`.
fn bytes_per_row(width: Option<usize>, start: usize) -> usize {
    let columns = |count: usize| start + 1 + 3 * count + usize::from(count > HALF) + 2 + count;
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
        0000  1c 1d 1e 1f 20 21 22 23  24 25 26 27 28 29 2a 2b  .... !"#$%&'()*+
        0010  2c 2d 2e 2f 30 31                                 ,-./01
        "##);
        assert_eq!(dumped(&bytes, None, None), dumped(&bytes, Some(76), None));
    }

    #[test]
    fn fewer_on_a_narrow_page() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_snapshot!(dumped(&bytes, Some(60), Some(2)), @r#"
        0000  00 01 02 03 04 05 06 07  ........
        0008  08 09 0a 0b 0c 0d 0e 0f  ........
        … 240 bytes more
        "#);
        assert_snapshot!(dumped(&bytes, Some(20), Some(2)), @r#"
        0000  00 01  ..
        0002  02 03  ..
        … 252 bytes more
        "#);
    }

    #[test]
    fn nothing_for_nothing() {
        assert_eq!(dumped(&[], None, None), "");
    }
}

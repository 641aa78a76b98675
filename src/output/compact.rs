//! JSON on one line.

use std::ops::Range;

use wide::u8x64;

use super::escape::Escape;
use super::json_string::is_escaped;
use super::spool::{PIECE, Spool};

/// Bytes that are looked at together, one for each bit of a mask.
const BLOCK: usize = u64::BITS as usize;

/// Bytes that are copied together, wanted or not.
const STEP: usize = 16;

/// Writes `json`, which is valid, without the white space between its tokens.
///
/// The tokens stay as they were sent, byte for byte, but for characters in
/// strings that could steer a terminal, which become escapes of the same
/// value.
pub(super) fn compact(out: &mut Spool, json: &str) {
    let bytes = json.as_bytes();
    let mut place = Place::default();
    let mut at = 0;
    let mut longest = PIECE;
    while at < bytes.len() {
        let piece = bytes.get(at..bytes.len().min(at + longest)).unwrap_or_default();
        let start = out.len();
        // Whole blocks and steps are copied, of which only the beginning stays.
        out.resize(start + piece.len() + BLOCK + STEP, 0);
        let (read, written) = squeeze(piece, out.get_mut(start..).unwrap_or_default(), &mut place);
        out.truncate(start + written);
        at += read;
        // Room is made for as much as is likely to be used.
        longest = if read < piece.len() { 4 * BLOCK } else { PIECE };
        if read < piece.len() {
            let Some(c) = json.get(at..).and_then(|rest| rest.chars().next()) else {
                return;
            };
            if is_escaped(c) {
                out.extend_from_slice(Escape::json(c).as_str().as_bytes());
            } else {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            at += c.len_utf8();
        }
        out.relieve();
    }
}

/// Copies `from` without its white space, to the end or to a character that
/// [`is_escaped`] may name. How many bytes were read and written.
fn squeeze(from: &[u8], to: &mut [u8], place: &mut Place) -> (usize, usize) {
    let mut read = 0;
    let mut written = 0;
    while let Some(rest) = from.get(read..).filter(|rest| !rest.is_empty()) {
        let window = rest.first_chunk().copied().unwrap_or_else(|| padded(rest));
        let Some(to) = to.get_mut(written..) else {
            break;
        };
        let marks = Marks::of(&window);
        let count = rest.len().min(marks.first_escaped(&window));
        let white = place.pass(&marks, count);
        written += put(&window, count, white, to);
        read += count;
        if count < BLOCK {
            break;
        }
    }
    (read, written)
}

/// A block, and what may be copied with its last bytes.
type Window = [u8; BLOCK + STEP];

/// The last bytes of a piece.
#[cold]
fn padded(bytes: &[u8]) -> Window {
    let mut window = [0; BLOCK + STEP];
    for (to, from) in window.iter_mut().zip(bytes) {
        *to = *from;
    }
    window
}

/// Bytes of a block that mean something, the first in the lowest bit.
struct Marks {
    quotes: u64,
    backslashes: u64,
    white: u64,
    /// Where a character that [`is_escaped`] may name begins, but for the
    /// control characters that JSON has escaped already.
    suspicious: u64,
}

impl Marks {
    #[inline]
    fn of(window: &Window) -> Self {
        let block = u8x64::new(*window.first_chunk().unwrap_or(&[0; BLOCK]));
        let equal = |byte| block.simd_eq(u8x64::splat(byte));
        let suspicious = equal(0x7f) | equal(0xc2) | equal(0xd8) | equal(0xe2);
        Self {
            quotes: equal(b'"').to_bitmask(),
            backslashes: equal(b'\\').to_bitmask(),
            white: block.min(u8x64::splat(b' ')).simd_eq(block).to_bitmask(),
            suspicious: suspicious.to_bitmask(),
        }
    }

    /// Where the first of the suspicious characters is that is escaped, or is
    /// not all there; else the block's end.
    #[inline]
    fn first_escaped(&self, window: &Window) -> usize {
        let mut rest = self.suspicious;
        while rest != 0 {
            let at = rest.trailing_zeros() as usize;
            if may_be_escaped(window.get(at..).unwrap_or_default()) {
                return at;
            }
            rest &= rest - 1;
        }
        BLOCK
    }
}

/// Zeros stand for bytes that are not there.
fn may_be_escaped(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0x7f, ..]
            | [0xc2, ..0xa0, ..]
            | [0xd8, 0 | 0x9c, ..]
            | [0xe2, 0, ..]
            | [0xe2, 0x80, 0 | 0x8e | 0x8f | 0xa8..=0xae, ..]
            | [0xe2, 0x81, 0 | 0xa6..=0xa9, ..]
    )
}

/// Where in the JSON something begins.
#[derive(Clone, Copy, Default)]
struct Place {
    is_in_string: bool,
    is_after_backslash: bool,
}

impl Place {
    /// Goes on by `count` bytes, at most a block. Marks the white space between
    /// tokens among them.
    #[inline]
    fn pass(&mut self, marks: &Marks, count: usize) -> u64 {
        let passed = ones_below(count);
        let quotes = marks.quotes & passed & !self.escaped(marks.backslashes & passed, count);
        // Set from each opening quote to before the closing one.
        let in_string = parity(quotes) ^ if self.is_in_string { u64::MAX } else { 0 };
        if let Some(last) = count.checked_sub(1) {
            self.is_in_string = in_string >> last & 1 == 1;
        }
        marks.white & passed & !in_string
    }

    /// Marks the bytes that follow a backslash which is none such itself.
    #[inline]
    fn escaped(&mut self, backslashes: u64, count: usize) -> u64 {
        if backslashes == 0 && !self.is_after_backslash {
            return 0;
        }
        let mut escaped = u128::from(self.is_after_backslash);
        let mut rest = u128::from(backslashes) & !escaped;
        while rest != 0 {
            let next = 2 << rest.trailing_zeros();
            escaped |= next;
            rest &= !(next | next >> 1);
        }
        self.is_after_backslash = escaped >> count & 1 == 1;
        escaped as u64
    }
}

/// Copies `count` bytes of the window but for those marked. How many stay.
#[inline]
fn put(window: &Window, count: usize, mut white: u64, to: &mut [u8]) -> usize {
    let mut written = 0;
    let mut at = 0;
    while white != 0 {
        let end = white.trailing_zeros() as usize;
        copy(window, at..end, to, written);
        written += end - at;
        at = end + 1;
        white &= white - 1;
    }
    copy(window, at..count, to, written);
    written + count.saturating_sub(at)
}

/// Copies that range of the window to `to[written..]`, and up to a step more:
/// most are short, and to count their bytes would take longer.
#[inline]
fn copy(window: &Window, range: Range<usize>, to: &mut [u8], written: usize) {
    let mut step = 0;
    loop {
        let from = window.get(range.start + step..).and_then(|from| from.first_chunk::<STEP>());
        let to = to.get_mut(written + step..).and_then(|to| to.first_chunk_mut());
        if let (Some(from), Some(to)) = (from, to) {
            *to = *from;
        }
        step += STEP;
        if range.start + step >= range.end {
            break;
        }
    }
}

/// The lowest `count` bits, at most 64.
#[inline]
fn ones_below(count: usize) -> u64 {
    u64::MAX.checked_shr((BLOCK - count) as u32).unwrap_or(0)
}

/// Each bit tells whether an odd number is set up to it.
#[inline]
fn parity(mut bits: u64) -> u64 {
    for distance in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << distance;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples::json_document;
    use proptest::prelude::*;

    fn compacted(json: &str) -> String {
        let mut out = Spool::default();
        compact(&mut out, json);
        String::from_utf8(out.into_bytes()).unwrap()
    }

    #[test]
    fn only_white_space_between_tokens_goes() {
        assert_eq!(
            compacted(" { \"a b\" :\r\n[ 1.0e+400 , -0,\tnull ] } "),
            r#"{"a b":[1.0e+400,-0,null]}"#
        );
        assert_eq!(compacted(r#"{"a":1,"a":2}"#), r#"{"a":1,"a":2}"#);
        assert_eq!(compacted(r#" "\\" "#), r#""\\""#);
        assert_eq!(compacted(r#"["\" ", " \\\" " ]"#), r#"["\" "," \\\" "]"#);
    }

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(compacted("[\"\x7f\u{9b}é\u{202e}\"]"), r#"["\u007f\u009bé\u202e"]"#);
    }

    #[test]
    fn every_escaped_character_is() {
        for c in (0x20..=0x10_ffff).filter_map(char::from_u32).filter(|c| is_escaped(*c)) {
            assert!(!compacted(&format!("\"{c}\"")).contains(c), "{c:?}");
        }
    }

    #[test]
    fn what_is_not_json_ends_too() {
        for text in ["", "\"", "\"\\", "\\", "\u{202e}", "\"\u{2028}"] {
            compacted(text);
        }
    }

    #[test]
    fn wherever_a_block_ends() {
        // Strings, escapes and white space, across each of two ends of blocks.
        let document = r#"{ "a\\" : "\\\" ,", "é\u00e9" :[ 1 ,-2.5e3 ] }"#;
        let plain = r#"{"a\\":"\\\" ,","é\u00e9":[1,-2.5e3]}"#;
        for shift in 0..2 * BLOCK {
            let filler = "x ".repeat(shift / 2) + &"y".repeat(shift % 2);
            let json = format!("[\"{filler}\", {document} ,{document}]");
            assert_eq!(compacted(&json), format!("[\"{filler}\",{plain},{plain}]"));
        }
    }

    #[test]
    fn pieces_of_a_document_are_as_the_whole() {
        for length in PIECE - 9..PIECE + 9 {
            let filler = "a".repeat(length);
            for (json, expected) in [
                (format!("[\"{filler}\\\" \", 1]"), format!("[\"{filler}\\\" \",1]")),
                (format!("[\"{filler}é日\u{9b}é \" ]"), format!("[\"{filler}é日\\u009bé \"]")),
                (format!("[{}1 ,\"\"]", " ".repeat(length)), "[1,\"\"]".to_owned()),
            ] {
                assert_eq!(compacted(&json), expected);
            }
        }
    }

    proptest! {
        #[test]
        fn tokens_are_preserved((pretty, plain) in json_document()) {
            let json = compacted(&pretty);
            prop_assert_eq!(&json, &plain);
            prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok());
        }
    }
}

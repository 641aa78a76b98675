//! JSON on one line.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m512i, _mm512_maskz_compress_epi8};
use std::ops::Range;

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};

use super::escape::Escape;
use super::json_string::is_escaped;
use super::spool::{PIECE, Spool};
use crate::types::JsonText;
use crate::types::json_block::{BLOCK, Place, SUSPICIOUS, ones_below, places};

/// The longest encoding of a character.
const MAX_ENCODED: usize = 4;

/// Bytes that are copied together, wanted or not.
const STEP: usize = 16;

/// Writes `json`, which is valid, without the white space between its tokens.
///
/// The tokens stay as they were sent, byte for byte, but for characters in
/// strings that could steer a terminal, which become escapes of the same
/// value.
pub(super) fn compact(out: &mut Spool, json: JsonText<'_>) {
    compact_with(Level::new(), out, json);
}

/// The same with what processors of `level` can do.
fn compact_with(level: Level, out: &mut Spool, json: JsonText<'_>) {
    let bytes = json.bytes();
    let mut place = Place::default();
    let mut at = 0;
    let mut longest = PIECE;
    while at < bytes.len() {
        let piece = bytes.get(at..bytes.len().min(at + longest)).unwrap_or_default();
        let start = out.len();
        // Whole blocks and steps are copied, of which only the beginning stays.
        out.resize(start + piece.len() + BLOCK + STEP, 0);
        let to = out.get_mut(start..).unwrap_or_default();
        let (read, written) = dispatch!(level, simd => squeeze(simd, piece, to, &mut place));
        out.truncate(start + written);
        at += read;
        // Room is made for as much as is likely to be used.
        longest = if read < piece.len() { 4 * BLOCK } else { PIECE };
        if read < piece.len() {
            let Some(c) = bytes.get(at..).and_then(first_char) else {
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

/// The character that `bytes` begin with.
fn first_char(bytes: &[u8]) -> Option<char> {
    let head = bytes.get(..bytes.len().min(MAX_ENCODED))?;
    head.utf8_chunks().next()?.valid().chars().next()
}

/// Copies `from` without its white space, to the end or to a character that
/// [`is_escaped`] may name. How many bytes were read and written.
#[inline(always)]
fn squeeze<S: Simd>(simd: S, from: &[u8], to: &mut [u8], place: &mut Place) -> (usize, usize) {
    let mut read = 0;
    let mut written = 0;
    while let Some(rest) = from.get(read..).filter(|rest| !rest.is_empty()) {
        let padding;
        let window = match rest.first_chunk() {
            Some(window) => window,
            None => {
                padding = padded(rest);
                &padding
            }
        };
        let Some(to) = to.get_mut(written..) else {
            break;
        };
        let marks = Marks::of(simd, window);
        let count = rest.len().min(marks.first_escaped(window));
        let strings = place.pass(marks.quotes, marks.backslashes, count);
        let white = marks.white & ones_below(count) & !strings.inside;
        written += put(simd, window, count, white, to);
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
    #[inline(always)]
    fn of<S: Simd>(simd: S, window: &Window) -> Self {
        let block = u8x64::simd_from(simd, *window.first_chunk().unwrap_or(&[0; BLOCK]));
        let equal = |byte: u8| block.simd_eq(byte).to_bitmask();
        Self {
            quotes: equal(b'"'),
            backslashes: equal(b'\\'),
            white: block.simd_le(b' ').to_bitmask(),
            suspicious: SUSPICIOUS.iter().fold(0, |bits, byte| bits | equal(*byte)),
        }
    }

    /// Where the first of the suspicious characters is that is escaped, or is
    /// not all there; else the block's end.
    #[inline]
    fn first_escaped(&self, window: &Window) -> usize {
        let is_escaped = |at: &usize| may_be_escaped(window.get(*at..).unwrap_or_default());
        places(self.suspicious).find(is_escaped).unwrap_or(BLOCK)
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

/// Copies `count` bytes of the window but for those marked. How many stay.
#[inline(always)]
fn put<S: Simd>(simd: S, window: &Window, count: usize, white: u64, to: &mut [u8]) -> usize {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = simd.level().as_avx512()
        && let (Some(window), Some(to)) = (window.first_chunk(), to.first_chunk_mut())
    {
        let block = u8x64::simd_from(avx512, *window);
        let kept = ones_below(count) & !white;
        *to = u8x64::simd_from(avx512, compress(avx512, block.into(), kept)).into();
        return kept.count_ones() as usize;
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = simd;
    let mut written = 0;
    let mut at = 0;
    for end in places(white) {
        copy(window, at..end, to, written);
        written += end - at;
        at = end + 1;
    }
    copy(window, at..count, to, written);
    written + count.saturating_sub(at)
}

#[cfg(target_arch = "x86_64")]
fearless_simd::kernel!(
    /// The bytes whose bits are set in `kept`, side by side.
    #[inline]
    fn compress(avx512: Avx512, bytes: __m512i, kept: u64) -> __m512i {
        _mm512_maskz_compress_epi8(kept, bytes)
    }
);

/// Copies that range of the window to `to[written..]`, and up to a step more:
/// most are short, and to count their bytes would take longer.
#[inline(always)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples::json_document;
    use crate::types::json_block::levels;
    use proptest::prelude::*;

    fn compacted(json: &str) -> String {
        let mut found = levels().map(|level| {
            let mut out = Spool::default();
            compact_with(level, &mut out, JsonText::new(json));
            String::from_utf8(out.into_bytes()).unwrap()
        });
        let best = found.next().unwrap();
        assert!(found.all(|other| other == best), "{json:?}");
        best
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

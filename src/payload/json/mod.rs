//! Telling JSON from other text (RFC 8259).
//!
//! Own code, because one look at each byte tells all that is asked: whether it
//! is JSON, how deep, and whether it can be shown as it is. What is JSON is
//! what serde_json says, which the tests ask.

mod block;
mod grammar;
mod scalar;

use std::ops::Range;

use fearless_simd::{Level, Simd, dispatch};

use crate::types::JsonText;
use crate::types::json_block::{BLOCK, Place, SUSPICIOUS, Strings, ones_below, places};
use block::Block;
use grammar::Grammar;
use scalar::Scalars;

/// `payload` as JSON, if it is that, of at most 128 levels. It is validated, not
/// built: numbers of any size and repeated keys are fine.
pub(super) fn as_json(payload: &[u8]) -> Option<JsonText<'_>> {
    as_json_with(Level::new(), payload)
}

/// The same with what processors of `level` can do.
fn as_json_with(level: Level, payload: &[u8]) -> Option<JsonText<'_>> {
    let mut reader = Reader {
        payload,
        place: Place::default(),
        grammar: Grammar::new(),
        is_plain: true,
        beyond_ascii: payload.len()..0,
    };
    dispatch!(level, simd => reader.document(simd))?;
    // Most is ASCII, which need not be looked at twice.
    let beyond_ascii = payload.get(reader.beyond_ascii).unwrap_or_default();
    if !beyond_ascii.is_empty() && simdutf8::basic::from_utf8(beyond_ascii).is_err() {
        return None;
    }
    Some(JsonText { bytes: payload, is_plain: reader.is_plain })
}

/// Reads JSON. Its methods give `None` where it is none.
struct Reader<'a> {
    payload: &'a [u8],
    /// Where the next block begins.
    place: Place,
    grammar: Grammar,
    /// [`JsonText::is_plain()`] so far.
    is_plain: bool,
    /// Where all lies so far that is not ASCII.
    beyond_ascii: Range<usize>,
}

impl Reader<'_> {
    #[inline(always)]
    fn document<S: Simd>(&mut self, simd: S) -> Option<()> {
        let mut start = 0;
        loop {
            let rest = self.payload.get(start..)?;
            let Some(block) = rest.first_chunk() else {
                if !rest.is_empty() {
                    let block = Block::last(simd, self.payload, rest);
                    self.block(start, block, rest.len())?;
                }
                break;
            };
            start += self.block(start, Block::new(simd, block), BLOCK)?;
        }
        (self.place.is_outside() && self.grammar.is_complete()).then_some(())
    }

    /// Takes the `count` bytes at `start`, but for a number or literal that may
    /// go on behind them. How many were taken, which is at least one.
    #[inline(always)]
    fn block<S: Simd>(&mut self, start: usize, block: Block<S>, count: usize) -> Option<usize> {
        let quotes = block.equal(b'"');
        let backslashes = block.equal(b'\\');
        let unprintable = block.outside(b' ', b'~');
        // Much JSON is long strings.
        if self.place.is_in_string() && quotes | backslashes | unprintable == 0 {
            return Some(count);
        }
        let strings = self.place.pass(quotes, backslashes, count);
        if unprintable != 0 {
            let found = Unprintable::new(self.payload, start, block, unprintable, strings)?;
            self.is_plain &= found.is_plain;
            if !found.is_ascii {
                let beyond_ascii = &mut self.beyond_ascii;
                *beyond_ascii = beyond_ascii.start.min(start)..start + count;
            }
        }
        if strings.escaped != 0 && !are_escapes(self.payload, start, strings) {
            return None;
        }

        let structural = block.structural() & !strings.inside;
        // What is not printable there is white space as well.
        let white = (block.equal(b' ') | unprintable) & !strings.inside;
        let scalars = ones_below(count) & !(strings.inside | strings.quotes | structural | white);

        // The last one may go on behind the block. It is left to the next one,
        // and one that fills the block is measured as a whole, so that each
        // byte is looked at twice at the most.
        let taken = BLOCK - scalars.leading_ones() as usize;
        if taken == 0 {
            let rest = self.payload.get(start..)?;
            self.grammar.tokens(rest, 1)?;
            return scalar::length(rest);
        }
        let taken = taken.min(count);
        let whole = ones_below(taken);
        self.is_plain &= white & whole == 0;
        let scalars = scalars & whole;
        let begins = scalars & !(scalars << 1);
        if scalars != 0 {
            let scalars = Scalars {
                bytes: scalars,
                begins,
                others: block.outside(b'0', b'9'),
                zeros: block.equal(b'0'),
                points: block.equal(b'.'),
                minuses: block.equal(b'-'),
            };
            if !scalars.are_right(self.payload, start) {
                return None;
            }
        }
        let tokens = (structural | strings.quotes & strings.inside) & whole | begins;
        self.grammar.tokens(self.payload.get(start..)?, tokens)?;
        Some(taken)
    }
}

/// What is known of bytes that are no printable ASCII.
struct Unprintable {
    is_plain: bool,
    is_ascii: bool,
}

impl Unprintable {
    /// `None` where they make it no JSON.
    #[inline(always)]
    fn new<S: Simd>(
        payload: &[u8],
        start: usize,
        block: Block<S>,
        unprintable: u64,
        strings: Strings,
    ) -> Option<Self> {
        let white = block.equal(b'\t') | block.equal(b'\r') | block.equal(b'\n');
        let controls = block.outside(0x20, 0xff);
        let wrong = strings.inside & controls | !(strings.inside | white);
        if unprintable & wrong != 0 {
            return None;
        }
        let suspicious = SUSPICIOUS.iter().fold(0, |bits, byte| bits | block.equal(*byte));
        let is_plain = places(suspicious).all(|place| {
            !matches!(
                payload.get(start + place..).unwrap_or_default(),
                [0x7f, ..]
                    | [0xc2, ..0xa0, ..] // U+0080 to U+009F
                    | [0xd8, 0x9c, ..] // U+061C
                    | [0xe2, 0x80 | 0x81, ..] // U+2000 to U+207F
            )
        });
        let is_ascii = unprintable & block.outside(0x00, 0x7f) == 0;
        Some(Self { is_plain, is_ascii })
    }
}

/// Whether what follows backslashes in strings may.
#[inline(never)]
fn are_escapes(payload: &[u8], start: usize, strings: Strings) -> bool {
    places(strings.escaped & strings.inside).all(|place| {
        match payload.get(start + place..).unwrap_or_default() {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => true,
            [b'u', a, b, c, d, ..] => [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::json_block::levels;
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    /// What all levels agree about.
    fn judged(payload: &[u8]) -> Option<JsonText<'_>> {
        let json = as_json(payload);
        for level in levels() {
            assert_eq!(as_json_with(level, payload), json, "{level:?}: {}", payload.escape_ascii());
        }
        json
    }

    fn is_json(text: &str) -> bool {
        judged(text.as_bytes()).is_some()
    }

    proptest! {
        #[test]
        fn it_is_what_serde_json_says(
            pieces in prop::collection::vec(
                prop_oneof![
                    "[\\[\\]{},:\" \t\r\n\\\\0-9eE.+-]",
                    prop::sample::select(vec![
                        "\"a\":", "\"\"", "\"\\u00", "\\ud800", "true", "false", "null", "nul", "1.5",
                        "-0", "1e9", "é", "\u{feff}", "\u{1f}", "\u{7f}", "\u{2028}", "日本", "🎉", "[1,",
                        "{\"k\":", "longer than a word of eight",
                    ])
                    .prop_map(str::to_owned),
                ],
                0..12,
            ),
        ) {
            let text = pieces.concat();
            for text in [text.clone(), format!("[{text}]"), format!("\"{text}\""), format!("{{\"a\":{text}}}")] {
                let said = serde_json::from_str::<IgnoredAny>(&text).is_ok();
                prop_assert_eq!(is_json(&text), said, "{:?}", text);
            }
        }

        #[test]
        fn long_ones_too(
            shift in 0..2 * BLOCK,
            values in prop::collection::vec(
                prop_oneof![
                    "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
                    "[0-9.eE+-]{1,4}",
                    "\"([ -!#-\\[\\]-~]|\\\\[\"\\\\/bfnrtu]|é|\u{2028}){0,90}\"",
                    "true|false|null|\\[\\]|\\{\\}|\\{\"a\" ?: ?1\\}|[a-z]{1,6}",
                ],
                1..12,
            ),
            between in ", {0,2}|\n|",
        ) {
            let text = format!("[{}{}]", " ".repeat(shift), values.join(&between));
            let said = serde_json::from_str::<IgnoredAny>(&text).is_ok();
            prop_assert_eq!(is_json(&text), said, "{:?}", text);
        }
    }

    /// Wherever blocks begin, and whatever byte stands where.
    #[test]
    fn a_document_changed_in_one_place() {
        const DOCUMENT: &str = "{\"a\":[1,-2.5e+10, 0.0,\"x\\u00e9\\\"y\",{}],\"é\":{\"b\":null,\"c\":[[],true,false ]}}";
        for shift in [0, 20, 40, 60, 3 * BLOCK] {
            let document = format!("[\"{}\",{DOCUMENT},1.5]", "s".repeat(shift)).into_bytes();
            for place in 0..document.len() {
                for byte in 0..=u8::MAX {
                    let mut changed = document.clone();
                    changed[place] = byte;
                    assert_judged(&changed);
                }
                assert_judged(&[&document[..place], &document[place + 1..]].concat());
                assert_judged(&document[..place]);
                assert_judged(&document[place..]);
            }
        }
    }

    fn assert_judged(payload: &[u8]) {
        let said = str::from_utf8(payload)
            .is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok());
        assert_eq!(judged(payload).is_some(), said, "{}", payload.escape_ascii());
    }

    #[test]
    fn plain_is_what_needs_no_change() {
        let is_plain = |text: &str| judged(text.as_bytes()).unwrap().is_plain;
        for plain in ["{\"a b\":[1,true,\"é \\n日本🎉\"]}", "\"\u{a0}\u{2080}\u{61d}\"", "0"] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in ["[1, 2]", " 1", "1\n", "{\"a\" :1}", "[ ]"] {
            assert!(!is_plain(other), "{other}");
        }
        for character in
            ['\u{7f}', '\u{80}', '\u{9f}', '\u{61c}', '\u{2000}', '\u{202e}', '\u{2069}']
        {
            // Wherever in a block, also over the end of one.
            for shift in 0..=BLOCK {
                let text = format!("[\"{}{character}{}\"]", "s".repeat(shift), "s".repeat(BLOCK));
                assert!(!is_plain(&text), "{character:?} after {shift}");
            }
        }
    }

    #[test]
    fn escapes_over_the_end_of_a_block() {
        for shift in 0..=BLOCK {
            for (escape, is_one) in
                [("\\n", true), ("\\x", false), ("\\u00e9", true), ("\\\\", true)]
            {
                let text = format!("[\"{}{escape}{}\"]", "s".repeat(shift), "s".repeat(2 * BLOCK));
                assert_eq!(is_json(&text), is_one, "{text}");
            }
        }
    }

    #[test]
    fn json_and_what_resembles_it() {
        for json in [
            "{}",
            " [1, 2]\n",
            "\"x\"",
            "-0.5e400",
            "null",
            "{\"a\":1,\"a\":2}",
            "123456789012345678901234567890",
            r#""\ud800""#,
        ] {
            assert!(is_json(json), "{json}");
        }
        for other in [
            "",
            " ",
            "{",
            "[1,]",
            "01",
            "NaN",
            "{a:1}",
            "[1] x",
            "'x'",
            "\u{feff}{}",
            "\"a\nb\"",
            "nul",
        ] {
            assert!(!is_json(other), "{other}");
        }
    }

    #[test]
    fn as_deep_as_allowed_and_one_deeper() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(is_json(&nested(128)));
        assert!(!is_json(&nested(129)));
        assert!(!is_json(&nested(1_000_000)));
        let objects = |levels: usize| "{\"a\":".repeat(levels) + "1" + &"}".repeat(levels);
        assert!(is_json(&objects(128)));
        assert!(!is_json(&objects(129)));
        let mixed = |last| "[{\"\":".repeat(64) + "0" + &"}]".repeat(63) + last;
        assert!(is_json(&mixed("}]")));
        assert!(!is_json(&mixed("]]")) && !is_json(&mixed("}}")));
        assert!(is_json(&("{\"a\":".to_owned() + &nested(127) + ",\"b\":1}")));
        // Brackets in strings and side by side are not levels.
        assert!(is_json(&format!("[\"{}\\\"{}\"]", "[".repeat(500), "{".repeat(500))));
        assert!(is_json(&format!("[{}[]]", "[],".repeat(500))));
    }
}

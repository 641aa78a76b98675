//! Telling JSON from other text (RFC 8259).
//!
//! Own code, because one look at each byte tells all that is asked: whether it
//! is JSON, how deep, and whether it can be shown as it is. What is JSON is
//! what serde_json says, which the tests ask.

use crate::types::JsonText;
use crate::types::ascii;

/// How deep arrays and objects may lie in one another. Readers of the output
/// commonly give up at a depth like this.
const MAX_DEPTH: u32 = 128;

/// `text` as JSON, if it is that, of at most 128 levels. It is validated, not
/// built: numbers of any size and repeated keys are fine.
pub(super) fn as_json(text: &str) -> Option<JsonText<'_>> {
    let mut reader = Reader { bytes: text.as_bytes(), at: 0, is_plain: true };
    reader.document()?;
    Some(JsonText { text, is_plain: reader.is_plain })
}

/// Reads JSON. Its methods give `None` where it is none.
struct Reader<'a> {
    bytes: &'a [u8],
    /// Index of the next byte.
    at: usize,
    /// [`JsonText::is_plain()`] so far.
    is_plain: bool,
}

impl Reader<'_> {
    fn document(&mut self) -> Option<()> {
        let mut levels = Levels::default();
        let mut first = self.token()?;
        loop {
            match first {
                b'"' => self.string()?,
                b'-' | b'0'..=b'9' => self.number(first)?,
                b'{' => {
                    levels.open(Level::Object)?;
                    match self.token()? {
                        b'}' => levels.close(),
                        quote => {
                            self.key(quote)?;
                            first = self.token()?;
                            continue;
                        }
                    }
                }
                b'[' => {
                    levels.open(Level::Array)?;
                    match self.token()? {
                        b']' => levels.close(),
                        element => {
                            first = element;
                            continue;
                        }
                    }
                }
                b't' => self.rest_of_literal(b"rue")?,
                b'f' => self.rest_of_literal(b"alse")?,
                b'n' => self.rest_of_literal(b"ull")?,
                _ => return None,
            }
            // What may follow a value.
            loop {
                let Some(level) = levels.innermost() else {
                    return self.end();
                };
                match (self.token()?, level) {
                    (b',', Level::Object) => {
                        let quote = self.token()?;
                        self.key(quote)?;
                        break;
                    }
                    (b',', Level::Array) => break,
                    (b'}', Level::Object) | (b']', Level::Array) => levels.close(),
                    _ => return None,
                }
            }
            first = self.token()?;
        }
    }

    /// Takes the first byte of the next token.
    #[inline]
    fn token(&mut self) -> Option<u8> {
        let byte = self.byte()?;
        if byte > b' ' { Some(byte) } else { self.token_after(byte) }
    }

    fn token_after(&mut self, mut byte: u8) -> Option<u8> {
        while matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            self.is_plain = false;
            byte = self.byte()?;
        }
        Some(byte)
    }

    /// Takes the next byte.
    #[inline]
    fn byte(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// The name of a member, whose first byte was taken, and the colon.
    #[inline]
    fn key(&mut self, first: u8) -> Option<()> {
        if first != b'"' {
            return None;
        }
        self.string()?;
        (self.token()? == b':').then_some(())
    }

    /// A string whose first quote was taken.
    #[inline]
    fn string(&mut self) -> Option<()> {
        match ascii::short_string(self.bytes, self.at) {
            Some(length) => {
                self.at += length;
                Some(())
            }
            None => self.any_string(),
        }
    }

    fn any_string(&mut self) -> Option<()> {
        loop {
            self.at += ascii::unquoted(self.bytes, self.at);
            match self.byte()? {
                b'"' => return Some(()),
                b'\\' => self.rest_of_escape()?,
                b'\x7f' => self.is_plain = false,
                lead @ 0x80.. => {
                    self.rest_of_character(lead);
                    // Text that is not ASCII is seldom so for a character only.
                    while let Some(lead @ 0x80..) = self.peek() {
                        self.at += 1;
                        self.rest_of_character(lead);
                    }
                }
                _ => return None,
            }
        }
    }

    fn rest_of_escape(&mut self) -> Option<()> {
        match self.byte()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let digits: [u8; 4] = *self.rest().first_chunk()?;
                self.at += digits.len();
                digits.iter().all(u8::is_ascii_hexdigit).then_some(())
            }
            _ => None,
        }
    }

    /// A character that is not ASCII, whose first byte was taken.
    fn rest_of_character(&mut self, lead: u8) {
        let is_plain = !matches!(
            (lead, self.peek()),
            (0xc2, Some(..0xa0)) // U+0080 to U+009F
                | (0xd8, Some(0x9c)) // U+061C
                | (0xe2, Some(0x80 | 0x81)) // U+2000 to U+207F
        );
        self.is_plain &= is_plain;
        self.at += match lead {
            0xf0.. => 3,
            0xe0.. => 2,
            _ => 1,
        };
    }

    /// A number whose first byte was taken.
    #[inline]
    fn number(&mut self, first: u8) -> Option<()> {
        match if first == b'-' { self.byte()? } else { first } {
            b'0' => {}
            b'1'..=b'9' => self.at += ascii::digits(self.bytes, self.at),
            _ => return None,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    /// At least one digit.
    fn digits(&mut self) -> Option<()> {
        let count = ascii::digits(self.bytes, self.at);
        self.at += count;
        (count > 0).then_some(())
    }

    fn rest_of_literal(&mut self, rest: &[u8]) -> Option<()> {
        let is_there = self.rest().starts_with(rest);
        self.at += rest.len();
        is_there.then_some(())
    }

    /// White space alone.
    fn end(&mut self) -> Option<()> {
        if self.at < self.bytes.len() {
            self.is_plain = false;
        }
        let white = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        self.rest().iter().all(white).then_some(())
    }
}

#[derive(Clone, Copy)]
enum Level {
    Array,
    Object,
}

/// The arrays and objects that are open.
#[derive(Default)]
struct Levels {
    depth: u32,
    /// A bit for each, the innermost lowest: whether it is an object.
    objects: u128,
}

impl Levels {
    #[inline]
    fn open(&mut self, level: Level) -> Option<()> {
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(matches!(level, Level::Object));
        (self.depth <= MAX_DEPTH).then_some(())
    }

    #[inline]
    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.objects >>= 1;
    }

    #[inline]
    fn innermost(&self) -> Option<Level> {
        let level = if self.objects & 1 == 1 { Level::Object } else { Level::Array };
        (self.depth > 0).then_some(level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    fn is_json(text: &str) -> bool {
        as_json(text).is_some()
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
        fn a_document_changed_in_one_place(
            place in 0_usize..200,
            with in "[\\[\\]{},:\" \n\\\\0-9e.u+-]{0,2}",
        ) {
            const DOCUMENT: &str = "{\"a\":[1,-2.5e+10,\"x\\u00e9\\\"y\",{}],\"some longer name of one\":{\"b\":null,\"c\":[[],true,false]}}";
            let place = place % DOCUMENT.len();
            let (head, tail) = DOCUMENT.split_at(place);
            for tail in [tail, &tail[1..]] {
                let text = format!("{head}{with}{tail}");
                let said = serde_json::from_str::<IgnoredAny>(&text).is_ok();
                prop_assert_eq!(is_json(&text), said, "{:?}", text);
            }
        }
    }

    #[test]
    fn plain_is_what_needs_no_change() {
        let is_plain = |text| as_json(text).unwrap().is_plain;
        for plain in ["{\"a b\":[1,true,\"é \\n日本🎉\"]}", "\"\u{a0}\u{2080}\u{61d}\"", "0"] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in ["[1, 2]", " 1", "1\n", "{\"a\" :1}", "[ ]"] {
            assert!(!is_plain(other), "{other}");
        }
        for character in
            ['\u{7f}', '\u{80}', '\u{9f}', '\u{61c}', '\u{2000}', '\u{202e}', '\u{2069}']
        {
            let text = format!("[\"{character}\"]");
            assert!(!as_json(&text).unwrap().is_plain, "{character:?}");
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
        // Brackets in strings and side by side are not levels.
        assert!(is_json(&format!("[\"{}\\\"{}\"]", "[".repeat(500), "{".repeat(500))));
        assert!(is_json(&format!("[{}[]]", "[],".repeat(500))));
    }
}

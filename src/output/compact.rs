//! JSON on one line.

use super::escape::Escape;
use super::json_string::is_escaped;
use super::spool::{PIECE, Spool};
use crate::types::ascii;

/// Writes `json`, which is valid, without the white space between its tokens.
///
/// The tokens stay as they were sent, byte for byte, but for characters in
/// strings that could steer a terminal, which become escapes of the same
/// value.
pub(super) fn compact(out: &mut Spool, json: &str) {
    let bytes = json.as_bytes();
    let mut place = Place::BetweenStrings;
    let mut at = 0;
    while at < bytes.len() {
        let piece = bytes.get(at..bytes.len().min(at + PIECE)).unwrap_or_default();
        let start = out.len();
        out.resize(start + piece.len() + ascii::WORD, 0);
        let mut squeeze = Squeeze {
            from: piece,
            read: 0,
            to: out.get_mut(start..).unwrap_or_default(),
            written: 0,
            place,
        };
        squeeze.run();
        let Squeeze { read, written, .. } = squeeze;
        place = squeeze.place;
        out.truncate(start + written);
        at += read;
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    BetweenStrings,
    InString,
    AfterBackslash,
}

/// Copies a piece of JSON without its white space.
struct Squeeze<'a> {
    from: &'a [u8],
    read: usize,
    /// A word longer than `from`, so that whole words can be copied of which
    /// only the beginning stays.
    to: &'a mut [u8],
    written: usize,
    place: Place,
}

impl Squeeze<'_> {
    /// Goes on to the end, or to a character that [`is_escaped`] may name.
    fn run(&mut self) {
        while let Some(byte) = self.run_to_special() {
            match (self.place, byte) {
                (Place::BetweenStrings, b' ' | b'\t' | b'\r' | b'\n') => self.read += 1,
                (Place::BetweenStrings, b'"') => self.take(byte, Place::InString),
                (Place::InString, b'"') => self.take(byte, Place::BetweenStrings),
                // What follows is part of the escape, were it a quote.
                (Place::InString, b'\\') => self.take(byte, Place::AfterBackslash),
                (Place::InString, ..=b'\x1f' | b'\x7f' | 0xc2 | 0xd8 | 0xe2) => return,
                (Place::AfterBackslash, _) => self.take(byte, Place::InString),
                (place, _) => self.take(byte, place),
            }
        }
    }

    /// Copies up to a byte that may be special where it stands.
    #[inline]
    fn run_to_special(&mut self) -> Option<u8> {
        loop {
            let rest = self.from.get(self.read..)?;
            let Some(word) = rest.first_chunk() else {
                return rest.first().copied();
            };
            let number = u64::from_le_bytes(*word);
            let special = match self.place {
                Place::BetweenStrings => ascii::white_or_quote(number),
                Place::InString => ascii::quoted(number),
                Place::AfterBackslash => return rest.first().copied(),
            };
            *self.to.get_mut(self.written..)?.first_chunk_mut()? = *word;
            let count = ascii::before_first(special);
            self.read += count;
            self.written += count;
            if special != 0 {
                return rest.get(count).copied();
            }
            if self.place == Place::InString {
                self.copy_long_run();
            }
        }
    }

    fn copy_long_run(&mut self) {
        let rest = self.from.get(self.read..).unwrap_or_default();
        let run = rest.get(..ascii::unquoted(rest)).unwrap_or_default();
        if let Some(to) = self.to.get_mut(self.written..self.written + run.len()) {
            to.copy_from_slice(run);
            self.read += run.len();
            self.written += run.len();
        }
    }

    #[inline]
    fn take(&mut self, byte: u8, next: Place) {
        if let Some(to) = self.to.get_mut(self.written) {
            *to = byte;
        }
        self.read += 1;
        self.written += 1;
        self.place = next;
    }
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

//! JSON strings that cannot harm the terminal they may be printed on.

use super::escape::Escape;
use super::spool::{Spool, pieces};
use crate::types::ascii;

/// Writes `text` as a JSON string, quotes included.
///
/// Beyond what JSON demands, characters that steer a terminal or reorder text
/// are escaped: the value is the same, and reading the raw line is safe. All
/// others stay as they are, in UTF-8.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escaped(out, text);
    out.push(b'"');
}

/// The same for a text that may be very long.
pub(super) fn long_string(out: &mut Spool, text: &str) {
    out.push(b'"');
    for piece in pieces(text) {
        escaped(out, piece);
        out.relieve();
    }
    out.push(b'"');
}

/// Writes what stands between the quotes.
pub(crate) fn escaped(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    let mut at = 0;
    loop {
        at += ascii::unquoted(bytes, at);
        let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else {
            break;
        };
        let after = at + c.len_utf8();
        let escape: Option<&[u8]> = match c {
            '"' => Some(b"\\\""),
            '\\' => Some(b"\\\\"),
            '\n' => Some(b"\\n"),
            '\r' => Some(b"\\r"),
            '\t' => Some(b"\\t"),
            _ => None,
        };
        if let Some(escape) = escape {
            out.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
            out.extend_from_slice(escape);
            copied = after;
        } else if is_escaped(c) {
            out.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
            out.extend_from_slice(Escape::json(c).as_str().as_bytes());
            copied = after;
        }
        at = after;
    }
    out.extend_from_slice(bytes.get(copied..).unwrap_or_default());
}

/// Whether `c` is written by its number.
///
/// Narrower than [`super::escape::is_hazardous`]: JSON is read by programs, and
/// an invisible joiner harms nobody there.
pub(super) const fn is_escaped(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        string(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn escapes_what_json_demands_and_what_steers_a_terminal() {
        assert_eq!(written("a\"\\\n\r\t\x08\x1b"), r#""a\"\\\n\r\t\u0008\u001b""#);
        assert_eq!(written("\x7f\u{9b}\u{202e}\u{2029}"), r#""\u007f\u009b\u202e\u2029""#);
        assert_eq!(written("é“日本”ب🎉\u{200d}"), "\"é“日本”ب🎉\u{200d}\"");
    }

    proptest! {
        #[test]
        fn stands_for_the_same_value(text in ".*", hostile in "[\0-\x1f\x7f-\u{9f}\u{2028}-\u{202e}\"\\\\é“]*") {
            let text = text + &hostile;
            let json = written(&text);
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
            prop_assert!(!json.chars().any(is_escaped));
        }
    }
}

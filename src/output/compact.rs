//! JSON on one line.

use super::escape::Escape;
use super::json_string::{ByteSet, SUSPECT, byte_set, is_escaped, next};
use super::spool::Spool;

/// Writes `json`, which is valid, without the white space between its tokens.
///
/// The tokens stay as they were sent, byte for byte, but for characters in
/// strings that could steer a terminal, which become escapes of the same
/// value.
pub(super) fn compact(out: &mut Spool, json: &str) {
    let bytes = json.as_bytes();
    let mut copied = 0;
    let mut at = 0;
    let mut in_string = false;
    loop {
        let set = if in_string { &SUSPECT } else { &BETWEEN_STRINGS };
        let Some(stop) = next(bytes, at, set) else {
            break;
        };
        at = stop;
        match bytes.get(at) {
            Some(b'"') => {
                in_string = !in_string;
                at += 1;
            }
            // What follows is part of the escape, were it a quote.
            Some(b'\\') => at += 2,
            Some(_) if in_string => {
                let Some(c) = json.get(at..).and_then(|rest| rest.chars().next()) else {
                    break;
                };
                let after = at + c.len_utf8();
                if is_escaped(c) {
                    out.put(bytes.get(copied..at).unwrap_or_default());
                    out.extend_from_slice(Escape::json(c).as_str().as_bytes());
                    copied = after;
                }
                at = after;
            }
            _ => {
                out.put(bytes.get(copied..at).unwrap_or_default());
                at += 1;
                copied = at;
            }
        }
    }
    out.put(bytes.get(copied..).unwrap_or_default());
}

const BETWEEN_STRINGS: ByteSet = byte_set(b"\" \t\r\n");

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
    fn what_is_not_json_ends_too() {
        for text in ["", "\"", "\"\\", "\\", "\u{202e}", "\"\u{2028}"] {
            compacted(text);
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

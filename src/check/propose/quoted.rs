//! Texts between quotes: in filters, and in TOML.

use std::fmt::Write;

use crate::output::escaped;

/// A text as the filter language has it, between double quotes; of what could steer a
/// terminal or reorder text nothing stands there as it is.
pub(super) fn string(text: &str) -> String {
    quoted(text, |quoted, letter| {
        let code = u32::from(letter);
        let _ = match code {
            // Of a byte beyond ASCII two digits would stand for the byte alone.
            0..=0x7f => write!(quoted, "\\x{code:02x}"),
            0x80..=0xffff => write!(quoted, "\\u{code:04x}"),
            _ => write!(quoted, "\\U{code:08x}"),
        };
    })
}

/// A regular expression as the filter language has it: without escapes, if possible.
pub(super) fn raw(text: &str) -> String {
    if text.contains('"') || !is_plain(text) { string(text) } else { format!("r\"{text}\"") }
}

/// A string of TOML on one line: literal, if possible.
pub(super) fn toml(text: &str) -> String {
    if !text.contains('\'') && is_plain(text) {
        return format!("'{text}'");
    }
    basic(text)
}

/// A basic string of TOML, on one line.
pub(super) fn basic(text: &str) -> String {
    quoted(text, |quoted, letter| {
        let code = u32::from(letter);
        let _ = match code {
            0..=0xffff => write!(quoted, "\\u{code:04x}"),
            _ => write!(quoted, "\\U{code:08x}"),
        };
    })
}

fn quoted(text: &str, escape: impl Fn(&mut String, char)) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            _ if is_plain(letter.encode_utf8(&mut [0; 4])) => quoted.push(letter),
            _ => escape(&mut quoted, letter),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a text is shown as it is.
fn is_plain(text: &str) -> bool {
    *escaped(text) == *text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotes_hold_what_they_must() {
        assert_eq!(string(r#"say "hi" \o/"#), r#""say \"hi\" \\o/""#);
        assert_eq!(string("\u{1b}\n\u{202e}é\u{e0041}"), r#""\x1b\x0a\u202eé\U000e0041""#);
        assert_eq!(raw(r"^/a\.b$"), r#"r"^/a\.b$""#);
        assert_eq!(raw(r#"^"\.$"#), r#""^\"\\.$""#);
        assert_eq!(toml(r#"json.type == "x\\y""#), r#"'json.type == "x\\y"'"#);
        assert_eq!(toml("it's \\ \"\n"), r#""it's \\ \"\u000a""#);
        assert_eq!(basic("/chat"), "\"/chat\"");
    }

    proptest! {
        #[test]
        fn toml_reads_what_was_meant(text in any::<String>()) {
            for quoted in [toml(&text), basic(&text)] {
                prop_assert!(!quoted.contains('\n'));
                let table: toml::Table = format!("a = {quoted}").parse().unwrap();
                prop_assert_eq!(table["a"].as_str(), Some(text.as_str()));
            }
        }

        #[test]
        fn filters_mean_what_was_meant(text in any::<String>()) {
            let filter = format!("json == {}", string(&text)).parse().unwrap();
            prop_assert!(super::super::tests::selects(&filter, &text));
            let longer = format!("{text}x");
            prop_assert!(!super::super::tests::selects(&filter, &longer));
        }
    }
}

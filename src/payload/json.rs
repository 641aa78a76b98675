//! Telling JSON from other text (RFC 8259).

use serde::de::IgnoredAny;

/// How deep arrays and objects may lie in one another. Readers of the output
/// commonly give up at a depth like this.
const MAX_DEPTH: usize = 128;

/// Whether `text` is JSON of at most 128 levels. It is validated, not built:
/// numbers of any size and repeated keys are fine.
pub fn is_json(text: &str) -> bool {
    let begins = text.trim_ascii_start().bytes().next();
    let plausible =
        matches!(begins, Some(b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n'));
    // A validator remembers every level that is open.
    plausible && is_shallow(text) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Whether text, as far as it is JSON, is nested no deeper than [`MAX_DEPTH`].
fn is_shallow(text: &str) -> bool {
    let openings = memchr::memchr2_iter(b'{', b'[', text.as_bytes());
    // Most texts have too few brackets to be deep, those in strings included.
    openings.take(MAX_DEPTH + 1).count() <= MAX_DEPTH || !is_deep(text)
}

fn is_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' if depth == MAX_DEPTH => return true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    false
}

fn skip_string(bytes: &mut impl Iterator<Item = u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

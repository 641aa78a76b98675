//! Text as it is compared: line by line, in each line words that vary set apart.

use super::digest::{Digest, Digester};
use super::rules::Rules;
use super::varying::Varying;

/// A line of text, its end included.
pub(super) struct Line<'a> {
    /// Equal for lines that are equal but for what varies.
    pub(super) digest: Digest,
    pub(super) raw: &'a [u8],
    /// There are ids in it that may differ.
    pub(super) has_ids: bool,
}

/// Lines of one text; one with more is compared as bytes. Each takes 48 bytes.
const MOST_LINES: usize = 1 << 18;

/// The lines of a text; `None` when there are too many.
pub(super) fn lines<'a>(text: &'a [u8], rules: &Rules) -> Option<Vec<Line<'a>>> {
    let mut lines = Vec::new();
    for raw in text.split_inclusive(|byte| *byte == b'\n') {
        if lines.len() == MOST_LINES {
            return None;
        }
        let words = words(raw, rules);
        let has_ids = words.iter().any(Word::is_id);
        lines.push(Line { digest: digest("line", &words), raw, has_ids });
    }
    Some(lines)
}

/// Equal for words that are equal but for what varies.
pub(super) fn digest(kind: &str, words: &[Word<'_>]) -> Digest {
    let mut digester = Digester::of(kind);
    for word in words {
        match word.varying {
            None => digester.part(word.bytes),
            Some(varying) => {
                digester.part(b"varying");
                digester.part(varying.name().as_bytes());
            }
        }
    }
    digester.end()
}

/// A part of a line.
pub(super) struct Word<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) varying: Option<Varying>,
}

impl Word<'_> {
    /// Whether it may be another one in the other capture, if it is the same everywhere.
    pub(super) fn is_id(&self) -> bool {
        self.varying.is_some_and(Varying::is_id)
    }
}

/// The parts of a text that stands under this key: of an id the end that is random, or
/// else those of a line.
pub(super) fn words_under<'a>(key: &[u8], text: &'a [u8], rules: &Rules) -> Vec<Word<'a>> {
    if let Some(at) = rules.suffix(key, text) {
        let suffix =
            Word { bytes: text.get(at..).unwrap_or_default(), varying: Some(Varying::Token) };
        return vec![plain(text.get(..at)), suffix];
    }
    if text.len() < SHORTEST { Vec::new() } else { words(text, rules) }
}

/// The parts of a line: what varies, and what stands between. In `name: value` and
/// `name=value` the name is the value's key; anywhere else values are known by their
/// shape alone.
pub(super) fn words<'a>(line: &'a [u8], rules: &Rules) -> Vec<Word<'a>> {
    if let Some(words) = named(line, rules) {
        return words;
    }
    let mut words = Vec::new();
    let mut start = 0;
    let mut at = 0;
    for word in line.split(|byte| is_between(*byte)) {
        let next = at + word.len() + 1;
        // A colon stands within times, but also before a UUID: `urn:uuid:` (RFC 9562 §4).
        let colon = word.iter().rposition(|byte| *byte == b':').map_or(0, |colon| colon + 1);
        for from in [0, colon] {
            let word = word.get(from..).unwrap_or_default();
            if word.len() >= SHORTEST
                && let Some(varying) = rules.word(word)
            {
                words.push(plain(line.get(start..at + from)));
                words.push(Word { bytes: word, varying: Some(varying) });
                start = at + from + word.len();
                break;
            }
        }
        at = next;
    }
    words.push(plain(line.get(start..)));
    words
}

/// Bytes of the shortest word that is known by its shape: a time without its zone.
const SHORTEST: usize = 19;

fn plain(bytes: Option<&[u8]>) -> Word<'_> {
    Word { bytes: bytes.unwrap_or_default(), varying: None }
}

fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace()
        || matches!(byte, b'"' | b'\'' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'<' | b'>')
        || matches!(byte, b',' | b';' | b'|' | b'=' | b'&' | b'?' | b'/' | b'\0' | 0x1e)
}

/// The parts of `name: value`, where the value varies.
fn named<'a>(line: &'a [u8], rules: &Rules) -> Option<Vec<Word<'a>>> {
    let end = line.iter().position(|byte| matches!(byte, b':' | b'='))?;
    let (name, rest) = line.split_at_checked(end)?;
    if !name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
        return None;
    }
    let value = rest.get(1..)?.trim_ascii();
    let varying = rules.text(name, value)?;
    let at = line.len() - rest.get(1..)?.trim_ascii_start().len();
    let after = line.get(at + value.len()..);
    let value = Word { bytes: value, varying: Some(varying) };
    Some(vec![plain(line.get(..at)), value, plain(after)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_equal(one: &str, two: &str) -> bool {
        let rules = Rules::new(Vec::new(), true);
        let of = |text: &str| -> Vec<Digest> {
            lines(text.as_bytes(), &rules).unwrap().iter().map(|line| line.digest).collect()
        };
        of(one) == of(two)
    }

    #[test]
    fn words_that_vary_are_set_apart() {
        for (one, two) in [
            ("at 2026-11-27T02:59:22Z it rained", "at 2026-11-28T03:00:00Z it rained"),
            ("session:LxgJVzEC3_Twb9m8AAAA\n", "session:q6XTvSQXbZy42ya1AAAA\n"),
            ("timestamp: 1795748362", "timestamp: 1795748399"),
            ("(f81d4fae-7dec-11d0-a765-00a0c91e6bf6)", "(00000000-7dec-11d0-a765-00a0c91e6bf6)"),
            (
                "see urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
                "see urn:uuid:00000000-7dec-11d0-a765-00a0c91e6bf6",
            ),
        ] {
            assert!(is_equal(one, two), "{one} and {two}");
        }
        for (one, two) in [
            ("hello", "hello\n"),
            ("a\nb", "b\na"),
            ("rain at 2026-11-27T02:59:22Z", "snow at 2026-11-28T03:00:00Z"),
            ("timestamp: 1795748362", "timestamp: 17"),
            ("price: 1795748362", "price: 1795748399"),
        ] {
            assert!(!is_equal(one, two), "{one} and {two}");
        }
    }

    #[test]
    fn words_are_the_line() {
        let rules = Rules::new(Vec::new(), true);
        for line in [
            "",
            "hello",
            " 2026-11-27T02:59:22Z,2026-11-27T02:59:22Z ",
            "2026-11-27T02:59:22Z",
            "session =  LxgJVzEC3_Twb9m8AAAA \r\n",
            ":",
            "=2026-11-27T02:59:22Z",
        ] {
            let joined: Vec<u8> = words(line.as_bytes(), &rules)
                .iter()
                .flat_map(|word| word.bytes)
                .copied()
                .collect();
            assert_eq!(String::from_utf8(joined).unwrap(), line);
        }
    }

    #[test]
    fn lines_are_bounded() {
        let rules = Rules::new(Vec::new(), true);
        assert!(lines(&vec![b'\n'; MOST_LINES], &rules).is_some());
        assert!(lines(&vec![b'\n'; MOST_LINES + 1], &rules).is_none());
    }
}

//! Where in a file the characters of a TOML string stand.

use std::ops::Range;

/// The bytes of the file that `part` of a string's value stands at; the whole string
/// where that cannot be told.
///
/// `string` is where it stands in the file, quotation marks included.
pub(super) fn written(
    file: &str,
    string: Range<usize>,
    value: &str,
    part: Range<usize>,
) -> Range<usize> {
    let within = file.get(string.clone()).and_then(|written| {
        let start = opening(written);
        let is_verbatim = written.get(start..)?.starts_with(value);
        if is_verbatim {
            return Some(string.start + start + part.start..string.start + start + part.end);
        }
        let (decoded, places) = decoded(written, start)?;
        let place = |byte: usize| places.get(byte).map(|place| string.start + place);
        (decoded == value).then_some(place(part.start)?..place(part.end)?)
    });
    within.unwrap_or(string)
}

/// Bytes in front of a string's value: its quotation marks, and a line's end right
/// behind three of them.
fn opening(written: &str) -> usize {
    for marks in ["'''", "\"\"\""] {
        if let Some(rest) = written.strip_prefix(marks) {
            let line_end = ["\r\n", "\n"].into_iter().find(|end| rest.starts_with(end));
            return marks.len() + line_end.map_or(0, str::len);
        }
    }
    1
}

/// The value of a string with escapes that begins at `start`, and where each of its bytes
/// is written, and its end.
fn decoded(written: &str, start: usize) -> Option<(String, Vec<usize>)> {
    let marks = if written.starts_with("\"\"\"") { 3 } else { 1 };
    let end = written.strip_prefix('"').and(written.len().checked_sub(marks))?;
    let mut rest = written.get(start..end)?;
    let (mut value, mut places) = (String::new(), Vec::new());
    while let Some(first) = rest.chars().next() {
        let place = end - rest.len();
        let (letter, length) = match first {
            '\\' => escape(rest)?,
            letter => (Some(letter), letter.len_utf8()),
        };
        value.extend(letter);
        places.resize(value.len(), place);
        rest = rest.get(length..)?;
    }
    places.push(end);
    Some((value, places))
}

/// What the escape at the start of a text stands for, and how long it is. A backslash at
/// a line's end stands for nothing, with all space behind it.
fn escape(text: &str) -> Option<(Option<char>, usize)> {
    let escaped = text.strip_prefix('\\')?;
    let letter = |letter| Some((Some(letter), 2));
    let digits = match escaped.chars().next()? {
        mark @ ('"' | '\\') => return letter(mark),
        'b' => return letter('\u{8}'),
        't' => return letter('\t'),
        'n' => return letter('\n'),
        'f' => return letter('\u{c}'),
        'r' => return letter('\r'),
        'e' => return letter('\u{1b}'),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => {
            let next = escaped.trim_start_matches([' ', '\t', '\r', '\n']);
            return (next.len() < escaped.len()).then_some((None, text.len() - next.len()));
        }
    };
    let number = u32::from_str_radix(escaped.get(1..=digits)?, 16).ok()?;
    Some((Some(char::from_u32(number)?), 2 + digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `part` of the value `value` shows in a file that has the string `written`.
    fn shown(written_string: &str, value: &str, part: Range<usize>) -> String {
        let file = format!("where = {written_string} # é");
        let string = 8..8 + written_string.len();
        file[written(&file, string, value, part)].to_owned()
    }

    #[test]
    fn characters_stand_where_they_are_written() {
        assert_eq!(shown("\"a == b\"", "a == b", 5..6), "b");
        assert_eq!(shown("'a == \"b\"'", "a == \"b\"", 5..8), "\"b\"");
        assert_eq!(shown("'''\na ==\n  b'''", "a ==\n  b", 7..8), "b");
        assert_eq!(shown("\"\"\"\r\na b\"\"\"", "a b", 2..3), "b");
        assert_eq!(shown("'''a b'''", "a b", 2..3), "b");
    }

    #[test]
    fn what_is_missing_is_missing_at_the_closing_mark() {
        let file = "x = 'a =='";
        assert_eq!(written(file, 4..10, "a ==", 4..4), 9..9);
    }

    #[test]
    fn escapes_stand_for_what_they_mean() {
        let string = "\"a == \\\"b\\\"\"";
        assert_eq!(shown(string, "a == \"b\"", 5..8), "\\\"b\\\"");
        assert_eq!(shown("\"\\t\\u00e9 b\"", "\té b", 4..5), "b");
        assert_eq!(shown("\"\"\"\na \\\n  b\"\"\"", "a b", 2..3), "b");
    }

    #[test]
    fn where_it_cannot_be_told_it_is_the_whole() {
        let string = "\"a \\q\"";
        assert_eq!(shown(string, "a q", 2..3), string);
        // Nor does a place that the file does not have do harm.
        assert_eq!(written("", 3..5, "x", 0..1), 3..5);
    }
}

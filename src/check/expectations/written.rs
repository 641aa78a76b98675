//! Where in a file the characters of a TOML string stand.

use std::ops::Range;

/// The bytes of the file that `part` of a string's value stands at; the whole string
/// where it has escapes, so that its value is not what is written.
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
        is_verbatim.then_some(string.start + start + part.start..string.start + start + part.end)
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
    fn of_a_string_with_escapes_it_is_the_whole() {
        let string = "\"a == \\\"b\\\"\"";
        assert_eq!(shown(string, "a == \"b\"", 5..8), string);
        // Nor does a place that the file does not have do harm.
        assert_eq!(written("", 3..5, "x", 0..1), 3..5);
    }
}

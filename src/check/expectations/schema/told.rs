//! What is told of a fault: no more than is read.

use std::fmt::{self, Display, Write};

use jsonschema::ValidationError;

/// Bytes of a detail.
const LONGEST_DETAIL: usize = 300;

/// Bytes of a value of the message in a detail.
const LONGEST_VALUE: usize = 80;

/// Bytes of a JSON Pointer into a message.
const LONGEST_PATH: usize = 1024;

/// What the schema wants and what is there instead, in a sentence without a full
/// stop.
pub(super) fn detail(error: &ValidationError<'_>) -> String {
    let value = cut(error.instance(), LONGEST_VALUE);
    cut(&error.masked_with(value), LONGEST_DETAIL)
}

/// The JSON Pointer to what is wrong.
pub(super) fn path(error: &ValidationError<'_>) -> String {
    cut(&error.instance_path().as_str(), LONGEST_PATH)
}

/// Something as text, of which so many bytes at the most, and then an ellipsis. What
/// is longer is not written to its end first.
pub(super) fn cut(shown: &impl Display, most: usize) -> String {
    let mut cut = Cut { text: String::new(), room: most };
    if write!(cut, "{shown}").is_err() {
        cut.text.push('…');
    }
    cut.text
}

struct Cut {
    text: String,
    room: usize,
}

impl Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let written = crate::types::text::head(text, self.room);
        self.text.push_str(written);
        self.room -= written.len();
        match written.len() == text.len() {
            true => Ok(()),
            false => Err(fmt::Error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_is_cut_between_characters() {
        assert_eq!(cut(&"abc", 3), "abc");
        assert_eq!(cut(&"abcd", 3), "abc…");
        assert_eq!(cut(&"aää", 4), "aä…");
        assert_eq!(cut(&serde_json::json!([1, 2, 3]), 4), "[1,2…");
        assert_eq!(cut(&"", 0), "");
    }
}

//! Binary formats that hold the same kinds of values as JSON, as JSON.
//!
//! ```text
//! bytes ──► msgpack │ cbor ──► Tree ──► JSON
//!           one item after the other
//! ```
//!
//! Nothing is built in between, and nothing calls itself: what is kept beside the
//! JSON is the containers that are open, of which there are at most
//! [`MOST_LEVELS`]. What both formats have in common:
//!
//! - integers stand exactly; floating-point numbers in the shortest form that reads
//!   back as the same number of their width, and those that JSON does not have as
//!   `"NaN"`, `"Infinity"` and `"-Infinity"`;
//! - bytes are `{"base64":"…"}`;
//! - a key that is no string is its JSON text in a string; keys that come twice both
//!   stand.

pub(super) mod cbor;
pub(super) mod msgpack;
mod tree;

/// Levels that JSON may have here, each tag and each object that stands for bytes
/// included: as many as [`crate::types::JsonText`].
const MOST_LEVELS: usize = 128;

/// How many times as long as what was read the JSON may be, so that a long message
/// does not take many times its memory. A byte that is `false` takes as much with the
/// comma behind it, and messages as they are sent much less.
const MOST_GROWTH: usize = 6;

/// Bytes that the JSON may have beyond that, which is enough for short values of any
/// kind, such as empty bytes.
const MOST_BEYOND: usize = 64 << 10;

/// Why bytes are not a value of a format. Where it is told, `at` counts bytes from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FormatError {
    /// They end first.
    #[error("It ends within a value that began at byte {at}.")]
    Ended { at: usize },
    /// The format has no item that begins so.
    #[error("No value begins as byte {at} does.")]
    Unknown { at: usize },
    /// CBOR: text has to be UTF-8 (RFC 8949 §3.1).
    #[error("The text at byte {at} is not UTF-8.")]
    NotUtf8 { at: usize },
    /// CBOR: something of indefinite length ends, but not here (RFC 8949 §3.2).
    #[error("The break at byte {at} ends nothing.")]
    Break { at: usize },
    /// It has more than [`MOST_LEVELS`].
    #[error("The value at byte {at} lies deeper than {MOST_LEVELS} levels.")]
    Deep { at: usize },
    /// Its JSON would be too long.
    #[error("As JSON it would be more than {MOST_GROWTH} times as long, from byte {at} on.")]
    Long { at: usize },
    /// A whole value ends before the bytes do.
    #[error("Something follows the value, at byte {at}.")]
    Trailing { at: usize },
}

/// The JSON of a value that is all of `bytes`.
fn all_of(
    bytes: &[u8],
    first: impl FnOnce(&[u8]) -> Result<(String, usize), FormatError>,
) -> Result<String, FormatError> {
    let (json, length) = first(bytes)?;
    if length < bytes.len() { Err(FormatError::Trailing { at: length }) } else { Ok(json) }
}

/// What a value becomes, for tests of the formats: `hex` may have white space.
#[cfg(test)]
fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

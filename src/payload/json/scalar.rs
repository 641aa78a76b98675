//! Numbers and literals (RFC 8259 §3, §6).

use crate::types::ascii;
use crate::types::json_block::places;

/// What a block has of them, a bit for each byte.
#[derive(Clone, Copy)]
pub(super) struct Scalars {
    /// All bytes of scalars.
    pub(super) bytes: u64,
    /// Where they begin.
    pub(super) begins: u64,
    /// All that is no digit.
    pub(super) others: u64,
    pub(super) zeros: u64,
    pub(super) points: u64,
    pub(super) minuses: u64,
}

impl Scalars {
    /// Whether all are right, in the block at `start` of `text`.
    #[inline(always)]
    pub(super) fn are_right(&self, text: &[u8], start: usize) -> bool {
        let odd = self.bytes & self.others & !(self.points | self.minuses);
        let numbers = self.bytes & !self.runs(self.begins & odd);
        // Exponents are seldom.
        let numbers = if odd & numbers == 0 { numbers } else { 0 };
        self.are_numbers(numbers)
            && places(self.begins & !numbers)
                .all(|place| length(text.get(start + place..).unwrap_or_default()).is_some())
    }

    /// The bytes of those that begin at `begins`.
    #[inline(always)]
    fn runs(&self, begins: u64) -> u64 {
        // The sum carries from where one begins to behind its end.
        self.bytes & !self.bytes.wrapping_add(begins)
    }

    /// Whether the bytes `numbers`, digits, points and minus signs, are numbers.
    #[inline(always)]
    fn are_numbers(&self, numbers: u64) -> bool {
        let begins = self.begins & numbers;
        let digits = numbers & !self.others;
        let points = self.points & numbers;
        let minuses = self.minuses & numbers;
        let integers = (begins & !minuses) | minuses << 1;
        let fractions = points << 1;
        // What follows the digits that begin where a fraction does.
        let ends = fractions.wrapping_add(digits) & !digits;
        let wrong = minuses & !begins
            | (integers | fractions) & !digits
            | points & !(digits << 1)
            | points & ends
            | (integers & self.zeros) << 1 & digits;
        wrong == 0
    }
}

/// Bytes of the number or literal that `text` begins with, if it ends where one
/// may.
#[inline(never)]
pub(super) fn length(text: &[u8]) -> Option<usize> {
    let rest = match text {
        [b't', b'r', b'u', b'e', rest @ ..] | [b'n', b'u', b'l', b'l', rest @ ..] => rest,
        [b'f', b'a', b'l', b's', b'e', rest @ ..] => rest,
        _ => after_number(text)?,
    };
    let is_over = matches!(
        rest,
        [] | [b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"' | b' ' | b'\t' | b'\r' | b'\n', ..]
    );
    is_over.then_some(text.len() - rest.len())
}

/// What follows the number that `text` begins with.
fn after_number(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let text = text.strip_prefix(b"0").or_else(|| after_digits(text))?;
    let text = match text.strip_prefix(b".") {
        Some(text) => after_digits(text)?,
        None => text,
    };
    match text {
        [b'e' | b'E', b'+' | b'-', text @ ..] | [b'e' | b'E', text @ ..] => after_digits(text),
        _ => Some(text),
    }
}

/// What follows one digit or more.
fn after_digits(text: &[u8]) -> Option<&[u8]> {
    let count = ascii::digits(text, 0);
    if count == 0 { None } else { text.get(count..) }
}

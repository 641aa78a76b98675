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
    /// Whether all that begin in the block at `start` of `text` are right.
    #[inline(always)]
    pub(super) fn are_right(&self, text: &[u8], start: usize) -> bool {
        // Of a scalar that ends or begins outside the block not all is known
        // here: it was looked at where it began.
        let whole = self.bytes & !highest_ones(self.bytes) & !self.rest_of_first();
        let odd = whole & self.others & !(self.points | self.minuses);
        let literals = self.runs(self.begins & odd);
        let numbers = whole & !literals;
        // Exponents are seldom.
        let numbers = if odd & numbers == 0 { numbers } else { 0 };
        self.are_numbers(numbers)
            && places(self.begins & !numbers)
                .all(|place| is_scalar(text.get(start + place..).unwrap_or_default()))
    }

    /// What belongs to a scalar that began before the block.
    #[inline(always)]
    fn rest_of_first(&self) -> u64 {
        if self.begins & 1 == 1 { 0 } else { lowest_ones(self.bytes) }
    }

    /// The bytes of those that begin at `begins`.
    #[inline(always)]
    fn runs(&self, begins: u64) -> u64 {
        // The sum carries from where one begins to behind its end.
        self.bytes & !self.bytes.wrapping_add(begins)
    }

    /// Whether the scalars `whole`, of digits, points and minus signs alone, are
    /// numbers.
    #[inline(always)]
    fn are_numbers(&self, whole: u64) -> bool {
        let begins = self.begins & whole;
        let digits = whole & !self.others;
        let points = self.points & whole;
        let minuses = self.minuses & whole;
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

/// The highest bits as long as they are set.
#[inline(always)]
fn highest_ones(bits: u64) -> u64 {
    !u64::MAX.checked_shr(bits.leading_ones()).unwrap_or(0)
}

/// The lowest bits as long as they are set.
#[inline(always)]
fn lowest_ones(bits: u64) -> u64 {
    bits & !bits.wrapping_add(1)
}

/// Whether `text` begins with a number or literal that ends where one may.
#[inline(never)]
fn is_scalar(text: &[u8]) -> bool {
    let rest = match text {
        [b't', b'r', b'u', b'e', rest @ ..] | [b'n', b'u', b'l', b'l', rest @ ..] => Some(rest),
        [b'f', b'a', b'l', b's', b'e', rest @ ..] => Some(rest),
        _ => after_number(text),
    };
    matches!(
        rest,
        Some(
            [] | [
                b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"' | b' ' | b'\t' | b'\r' | b'\n',
                ..
            ]
        )
    )
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

//! Comparing numbers of any size as they are written in JSON (RFC 8259 §6):
//! exactly, without making a binary number of them.

use std::cmp::Ordering;

/// A number as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decimal<'a> {
    is_negative: bool,
    /// The digits before and behind the point, without zeros that mean nothing.
    /// Both are empty of zero.
    whole: &'a [u8],
    fraction: &'a [u8],
    /// The power of ten of the first digit and of the exponent together.
    magnitude: i128,
}

impl<'a> Decimal<'a> {
    /// What `text` says; `None` when it is no number. A point may have digits on
    /// one side only.
    pub(crate) fn new(text: &'a [u8]) -> Option<Self> {
        let (is_negative, text) = match text.strip_prefix(b"-") {
            Some(text) => (true, text),
            None => (false, text),
        };
        let mark = text.iter().position(|byte| matches!(byte, b'e' | b'E'));
        let (digits, exponent) = match mark.and_then(|mark| text.split_at_checked(mark)) {
            Some((digits, exponent)) => (digits, exponent_of(exponent.get(1..)?)?),
            None => (text, 0),
        };
        let point = digits.iter().position(|byte| *byte == b'.').unwrap_or(digits.len());
        let (whole, fraction) = digits.split_at_checked(point)?;
        let fraction = fraction.get(1..).unwrap_or_default();
        let is_number = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
        if whole.len() + fraction.len() == 0 || !is_number(whole) || !is_number(fraction) {
            return None;
        }
        Some(Self::normal(is_negative, whole, fraction, exponent))
    }

    /// Leaves out zeros that mean nothing.
    fn normal(is_negative: bool, whole: &'a [u8], fraction: &'a [u8], exponent: i128) -> Self {
        let whole = trim_start(whole);
        let fraction = trim_end(fraction);
        let (whole, fraction, magnitude) = if whole.is_empty() {
            let digits = trim_start(fraction);
            (whole, digits, -((fraction.len() - digits.len()) as i128))
        } else if fraction.is_empty() {
            (trim_end(whole), fraction, whole.len() as i128)
        } else {
            (whole, fraction, whole.len() as i128)
        };
        let is_zero = whole.is_empty() && fraction.is_empty();
        Self {
            is_negative: is_negative && !is_zero,
            whole,
            fraction,
            magnitude: if is_zero { 0 } else { magnitude + exponent },
        }
    }

    /// Writes bytes that equal numbers share, and they alone.
    pub(crate) fn write_canonical(&self, out: &mut Vec<u8>) {
        out.push(if self.is_negative { b'-' } else { b'+' });
        out.extend_from_slice(&self.magnitude.to_be_bytes());
        out.extend(self.digits());
    }

    fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }

    fn digits(&self) -> impl Iterator<Item = u8> + use<'a> {
        self.whole.iter().chain(self.fraction).copied()
    }

    /// How the sizes compare, both being other than zero.
    fn cmp_size(&self, other: &Self) -> Ordering {
        // Neither ends with a zero, so the shorter of two that begin alike is
        // less.
        self.magnitude.cmp(&other.magnitude).then_with(|| self.digits().cmp(other.digits()))
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => Ordering::Equal,
            (true, false) if other.is_negative => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, true) if self.is_negative => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => match (self.is_negative, other.is_negative) {
                (false, true) => Ordering::Greater,
                (true, false) => Ordering::Less,
                (false, false) => self.cmp_size(other),
                (true, true) => other.cmp_size(self),
            },
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal<'_> {}

/// An exponent beyond any that digits could make up for counts as that.
fn exponent_of(text: &[u8]) -> Option<i128> {
    const FARTHEST: i128 = 1 << 100;
    let (sign, digits) = match text {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] | digits => (1, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |value: i128, digit: &u8| (value * 10 + i128::from(digit - b'0')).min(FARTHEST);
    Some(sign * digits.iter().fold(0, add))
}

fn trim_start(digits: &[u8]) -> &[u8] {
    let start = digits.iter().position(|digit| *digit != b'0').unwrap_or(digits.len());
    digits.get(start..).unwrap_or_default()
}

fn trim_end(digits: &[u8]) -> &[u8] {
    let end = digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
    digits.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cmp(one: &str, two: &str) -> Ordering {
        let decimal = |text: &'static str| Decimal::new(text.as_bytes()).unwrap();
        decimal(one.to_owned().leak()).cmp(&decimal(two.to_owned().leak()))
    }

    #[test]
    fn numbers_are_compared_exactly() {
        let rising = [
            "-1e999999999999999999999",
            "-1e400",
            "-100",
            "-99.5",
            "-1",
            "-0.5",
            "-1e-400",
            "0",
            "1e-400",
            "0.00099",
            "0.001",
            "0.5",
            "1",
            "1.0000000000000000001",
            "9",
            "10",
            "10.5",
            "99",
            "100",
            "9007199254740992",
            "9007199254740993",
            "1e400",
            "1.5e400",
            "1e1000000000000",
        ];
        for (index, one) in rising.iter().enumerate() {
            for (other, two) in rising.iter().enumerate() {
                assert_eq!(cmp(one, two), index.cmp(&other), "{one} and {two}");
            }
        }
        for group in [
            &["0", "-0", "0.0", "0e99", "-0.000e-3"][..],
            &["1", "1.0", "1e0", "10e-1", "0.1e1", "0.01E+2", "100000e-5"],
            &["120", "1.2e2", "12e1", "0.12e3"],
        ] {
            for one in group {
                for two in group {
                    assert_eq!(cmp(one, two), Ordering::Equal, "{one} and {two}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_number() {
        for text in ["", "-", ".", "e5", "1e", "1e+", "1x", "0x10", "--1", "1.2.3", "1e5.5", "+1"] {
            assert!(Decimal::new(text.as_bytes()).is_none(), "{text}");
        }
        for text in [".5", "5.", "-.5"] {
            assert!(Decimal::new(text.as_bytes()).is_some(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whole_numbers_compare_as_those_of_the_machine(one: i64, two: i64) {
            prop_assert_eq!(cmp(&one.to_string(), &two.to_string()), one.cmp(&two));
        }

        #[test]
        fn a_point_moves_with_the_exponent(digits in "[0-9]{1,8}", at in 0_usize..9, other: i32) {
            let at = at.min(digits.len());
            let (whole, fraction) = digits.split_at(at);
            let moved = format!("{whole}.{fraction}e{}", fraction.len());
            prop_assert_eq!(cmp(&moved, &digits), Ordering::Equal);
            let value: i64 = digits.parse().unwrap();
            prop_assert_eq!(cmp(&moved, &other.to_string()), value.cmp(&i64::from(other)));
        }
    }
}

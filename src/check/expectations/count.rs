//! How often something is expected.

use std::fmt;

use thiserror::Error;

/// How often something is expected: both bounds are included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    least: u64,
    most: Option<u64>,
}

/// Why a text is no count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum NoCount {
    #[error("this is no count")]
    Form,
    #[error("a count is not below 0")]
    Negative,
    #[error("this count is too large")]
    TooLarge,
    #[error("this count ends before it begins")]
    Order,
}

impl Count {
    /// At least once.
    pub(super) const SOME: Self = Self { least: 1, most: None };

    /// Reads `3`, `== 3`, `>= 1`, `> 0`, `<= 5`, `< 5`, `1..5` (both included),
    /// `1..`, `..5`.
    pub(super) fn parse(text: &str) -> Result<Self, NoCount> {
        let text = text.trim();
        let least = |least| Self { least, most: None };
        let most = |most| Self { least: 0, most: Some(most) };
        let exactly = |count| Self { least: count, most: Some(count) };
        if let Some(rest) = text.strip_prefix(">=") {
            number(rest).map(least)
        } else if let Some(rest) = text.strip_prefix('>') {
            number(rest)?.checked_add(1).map(least).ok_or(NoCount::TooLarge)
        } else if let Some(rest) = text.strip_prefix("<=") {
            number(rest).map(most)
        } else if let Some(rest) = text.strip_prefix('<') {
            number(rest)?.checked_sub(1).map(most).ok_or(NoCount::Negative)
        } else if let Some(rest) = text.strip_prefix("==") {
            number(rest).map(exactly)
        } else if let Some((first, last)) = text.split_once("..") {
            Self::range(first, last)
        } else {
            number(text).map(exactly)
        }
    }

    fn range(first: &str, last: &str) -> Result<Self, NoCount> {
        let bound = |text: &str| match text.trim() {
            "" => Ok(None),
            text => number(text).map(Some),
        };
        match (bound(first)?, bound(last)?) {
            (None, None) => Err(NoCount::Form),
            (Some(least), Some(most)) if least > most => Err(NoCount::Order),
            (least, most) => Ok(Self { least: least.unwrap_or(0), most }),
        }
    }

    /// Whether so many are fewer than expected.
    pub(super) fn lacks(self, count: u64) -> bool {
        count < self.least
    }

    /// Whether so many are more than expected.
    pub(super) fn is_exceeded_by(self, count: u64) -> bool {
        self.most.is_some_and(|most| count > most)
    }

    /// Whether so many are as expected, however many come after.
    pub(super) fn is_settled(self, count: u64) -> bool {
        self.most.is_none() && count >= self.least
    }
}

/// Digits, and white space around them.
fn number(text: &str) -> Result<u64, NoCount> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NoCount::Form);
    }
    if digits.len() < text.len() {
        return Err(NoCount::Negative);
    }
    digits.parse().map_err(|_| NoCount::TooLarge)
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (least, None) => write!(f, "at least {least}"),
            (0, Some(0)) => f.write_str("none"),
            (least, Some(most)) if least == most => write!(f, "exactly {least}"),
            (0, Some(most)) => write!(f, "at most {most}"),
            (least, Some(most)) => write!(f, "{least} to {most}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        for (text, meant) in [
            ("3", "exactly 3"),
            ("== 3", "exactly 3"),
            (">= 1", "at least 1"),
            ("> 0", "at least 1"),
            ("<= 5", "at most 5"),
            ("<5", "at most 4"),
            ("< 1", "none"),
            ("0", "none"),
            ("1..5", "1 to 5"),
            ("5..5", "exactly 5"),
            ("1..", "at least 1"),
            ("..5", "at most 5"),
            (" 0 .. 2 ", "at most 2"),
        ] {
            assert_eq!(Count::parse(text).unwrap().to_string(), meant, "{text}");
        }
    }

    #[test]
    fn what_is_no_count() {
        for (text, why) in [
            ("", NoCount::Form),
            ("..", NoCount::Form),
            (">= x", NoCount::Form),
            ("= 3", NoCount::Form),
            ("+3", NoCount::Form),
            ("1...5", NoCount::Form),
            ("1.5", NoCount::Form),
            ("-", NoCount::Form),
            ("> > 1", NoCount::Form),
            ("٣", NoCount::Form),
            ("-1", NoCount::Negative),
            (">= -1", NoCount::Negative),
            ("< 0", NoCount::Negative),
            ("5..1", NoCount::Order),
            ("18446744073709551616", NoCount::TooLarge),
            ("> 18446744073709551615", NoCount::TooLarge),
        ] {
            assert_eq!(Count::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn bounds_are_included() {
        let count = Count::parse("2..3").unwrap();
        let judged = |number| (count.lacks(number), count.is_exceeded_by(number));
        assert_eq!(
            [1, 2, 3, 4].map(judged),
            [(true, false), (false, false), (false, false), (false, true)]
        );
        assert!(!count.is_settled(2));
        assert!(Count::SOME.is_settled(1) && !Count::SOME.is_settled(0));
    }
}

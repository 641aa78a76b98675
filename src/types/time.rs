//! Capture time.

use std::time::Duration;

/// A moment in capture time: nanoseconds since 1970-01-01T00:00:00Z, leap
/// seconds not counted, as capture files keep it.
///
/// ```
/// use wsdump::types::Timestamp;
/// let time = Timestamp::from_nanoseconds(1_500_000_000);
/// assert_eq!(time.seconds(), 1);
/// assert_eq!(time.subsecond_nanoseconds(), 500_000_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment `nanoseconds` after (before, if negative) the epoch.
    pub const fn from_nanoseconds(nanoseconds: i64) -> Self {
        Self(nanoseconds)
    }

    /// Whole seconds and nanoseconds since the epoch; `None` beyond the years
    /// 1677 to 2262, which no capture file in good order holds.
    pub fn from_parts(seconds: i64, nanoseconds: u32) -> Option<Self> {
        seconds.checked_mul(1_000_000_000)?.checked_add(i64::from(nanoseconds)).map(Self)
    }

    /// Nanoseconds since the epoch.
    pub const fn nanoseconds(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// Nanoseconds within the second: 0 to 999,999,999.
    pub const fn subsecond_nanoseconds(self) -> u32 {
        self.0.rem_euclid(1_000_000_000) as u32
    }

    /// Time passed since `earlier`; zero when `earlier` is later, as clocks
    /// that are set back make it.
    pub fn since(self, earlier: Self) -> Duration {
        let nanoseconds = i128::from(self.0) - i128::from(earlier.0);
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_the_epoch_round_down() {
        let time = Timestamp::from_nanoseconds(-1);
        assert_eq!(time.seconds(), -1);
        assert_eq!(time.subsecond_nanoseconds(), 999_999_999);
    }

    #[test]
    fn the_widest_span_is_no_overflow() {
        let (first, last) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
        assert_eq!(last.since(first), Duration::from_nanos(u64::MAX));
        assert_eq!(first.since(last), Duration::ZERO);
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        assert_eq!(Timestamp::from_parts(i64::MAX, 0), None);
        assert_eq!(Timestamp::from_parts(1, 2), Some(Timestamp::from_nanoseconds(1_000_000_002)));
    }
}

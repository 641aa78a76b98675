//! Capture time.

use std::fmt;
use std::num::NonZeroU64;
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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// The nanoseconds with their sign bit turned over, which keeps their
    /// order. Never zero, so that an `Option` of it takes no more memory: there
    /// are several in each conversation.
    biased: NonZeroU64,
}

/// Turns over the sign bit.
const BIAS: u64 = 1 << 63;

impl Timestamp {
    /// The moment `nanoseconds` after (before, if negative) the epoch. The
    /// very first that there is, `i64::MIN`, counts as the one after it.
    pub const fn from_nanoseconds(nanoseconds: i64) -> Self {
        match NonZeroU64::new(nanoseconds as u64 ^ BIAS) {
            Some(biased) => Self { biased },
            None => Self { biased: NonZeroU64::MIN },
        }
    }

    /// Whole seconds and nanoseconds since the epoch; `None` beyond the years
    /// 1677 to 2262, which no capture file in good order holds.
    pub fn from_parts(seconds: i64, nanoseconds: u32) -> Option<Self> {
        seconds
            .checked_mul(1_000_000_000)?
            .checked_add(i64::from(nanoseconds))
            .map(Self::from_nanoseconds)
    }

    /// Nanoseconds since the epoch.
    pub const fn nanoseconds(self) -> i64 {
        (self.biased.get() ^ BIAS) as i64
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.nanoseconds().div_euclid(1_000_000_000)
    }

    /// Nanoseconds within the second: 0 to 999,999,999.
    pub const fn subsecond_nanoseconds(self) -> u32 {
        self.nanoseconds().rem_euclid(1_000_000_000) as u32
    }

    /// Time passed since `earlier`; zero when `earlier` is later, as clocks
    /// that are set back make it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.biased.get().saturating_sub(earlier.biased.get()))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timestamp").field(&self.nanoseconds()).finish()
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
        let [first, last] = [i64::MIN, i64::MAX].map(Timestamp::from_nanoseconds);
        assert_eq!(last.since(first), Duration::from_nanos(u64::MAX - 1));
        assert_eq!(first.since(last), Duration::ZERO);
    }

    #[test]
    fn order_and_value_are_those_of_the_nanoseconds() {
        let nanoseconds = [i64::MIN + 1, -1, 0, 1, i64::MAX];
        let times = nanoseconds.map(Timestamp::from_nanoseconds);
        assert!(times.is_sorted());
        assert_eq!(times.map(Timestamp::nanoseconds), nanoseconds);
        assert_eq!(format!("{:?}", times[1]), "Timestamp(-1)");
        assert_eq!(size_of::<Option<Timestamp>>(), 8);
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        assert_eq!(Timestamp::from_parts(i64::MAX, 0), None);
        assert_eq!(Timestamp::from_parts(1, 2), Some(Timestamp::from_nanoseconds(1_000_000_002)));
    }
}

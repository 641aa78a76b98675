//! The clock of a pcapng interface.

use crate::types::Timestamp;

/// Nanoseconds of a second, as a power of ten.
const NANOSECONDS: u8 = 9;

/// Turns an interface's ticks into capture time.
///
/// The options `if_tsresol` and `if_tsoffset` (draft-ietf-opsawg-pcapng,
/// Interface Description Block) describe it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    tick: Tick,
    /// Nanoseconds to add.
    offset: i128,
}

/// The length of a tick.
#[derive(Clone, Copy, Debug)]
enum Tick {
    /// This many nanoseconds.
    Nanoseconds(u64),
    /// A nanosecond has this many ticks.
    PerNanosecond(u128),
    /// A second has two to this power.
    PowerOfTwo(u8),
}

impl Clock {
    /// The clock with this `if_tsresol` (the top bit chooses between powers of
    /// two and of ten) and this `if_tsoffset` in seconds.
    pub(super) fn new(resolution: u8, offset_seconds: i64) -> Self {
        let exponent = resolution & 0x7f;
        let tick = if resolution & 0x80 != 0 {
            Tick::PowerOfTwo(exponent)
        } else if let Some(fewer) = NANOSECONDS.checked_sub(exponent) {
            Tick::Nanoseconds(10_u64.pow(u32::from(fewer)))
        } else {
            // Beyond 38 digits every count of ticks is less than a nanosecond.
            let more = u32::from(exponent - NANOSECONDS);
            Tick::PerNanosecond(10_u128.checked_pow(more).unwrap_or(u128::MAX))
        };
        Self { tick, offset: i128::from(offset_seconds) * 1_000_000_000 }
    }

    /// The time at a count of ticks, rounded down to nanoseconds; `None` where
    /// [`Timestamp`] does not reach.
    pub(super) fn time(self, ticks: u64) -> Option<Timestamp> {
        let nanoseconds = match self.tick {
            Tick::Nanoseconds(each) => u128::from(ticks) * u128::from(each),
            Tick::PerNanosecond(count) => u128::from(ticks) / count,
            Tick::PowerOfTwo(exponent) => (u128::from(ticks) * 1_000_000_000) >> exponent,
        };
        let since_epoch = i128::try_from(nanoseconds).ok()? + self.offset;
        i64::try_from(since_epoch).ok().map(Timestamp::from_nanoseconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanoseconds(resolution: u8, offset: i64, ticks: u64) -> Option<i64> {
        Clock::new(resolution, offset).time(ticks).map(Timestamp::nanoseconds)
    }

    #[test]
    fn decimal_ticks_are_exact() {
        assert_eq!(nanoseconds(6, 0, 1_545_807_286_729_250), Some(1_545_807_286_729_250_000));
        assert_eq!(nanoseconds(9, 0, 1_545_807_286_729_250_001), Some(1_545_807_286_729_250_001));
        assert_eq!(nanoseconds(3, 0, 1_545_807_286_729), Some(1_545_807_286_729_000_000));
        assert_eq!(nanoseconds(0, 0, 1_545_807_286), Some(1_545_807_286_000_000_000));
        assert_eq!(nanoseconds(12, 0, 1_999), Some(1));
        assert_eq!(nanoseconds(127, 0, u64::MAX), Some(0));
    }

    #[test]
    fn binary_ticks_are_exact() {
        assert_eq!(nanoseconds(0x80, 0, 5), Some(5_000_000_000));
        assert_eq!(nanoseconds(0x80 | 10, 0, 1536), Some(1_500_000_000));
        assert_eq!(nanoseconds(0x80 | 32, 0, (7 << 32) | (1 << 31)), Some(7_500_000_000));
        assert_eq!(nanoseconds(0xff, 0, u64::MAX), Some(0));
    }

    #[test]
    fn the_offset_is_added_in_seconds() {
        assert_eq!(nanoseconds(6, 10, 1), Some(10_000_001_000));
        assert_eq!(nanoseconds(6, -10, 1), Some(-9_999_999_000));
    }

    #[test]
    fn what_does_not_fit_is_no_time() {
        assert_eq!(nanoseconds(0, 0, u64::MAX), None);
        assert_eq!(nanoseconds(9, i64::MAX, 0), None);
        assert_eq!(nanoseconds(9, i64::MIN, 0), None);
        assert_eq!(nanoseconds(9, 0, u64::MAX), None);
    }
}

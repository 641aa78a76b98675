//! How long a hole is waited for.

use std::time::Duration;

use crate::types::{Limits, Timestamp};

/// How many times either grace is enough alone.
const ALONE: u32 = 16;

/// A moment in the life of one conversation.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moment {
    /// Packets of the conversation so far.
    pub(super) packets: u64,
    /// Capture time, where the capture has one.
    pub(super) time: Option<Timestamp>,
}

impl Moment {
    /// Whether `factor` times the grace lies between `self` and `now`: both
    /// the packets and the time, or sixteen times one of them. Where there are
    /// no times the packets decide.
    pub(super) fn has_passed(self, now: Self, limits: &Limits, factor: u32) -> bool {
        let packets = now.packets.saturating_sub(self.packets);
        let enough_packets = limits.grace_packets.saturating_mul(factor.into());
        let (time, enough_time) = match (self.time, now.time) {
            (Some(then), Some(now)) => (now.since(then), limits.grace_time.saturating_mul(factor)),
            _ => (Duration::ZERO, Duration::ZERO),
        };
        packets >= enough_packets.saturating_mul(ALONE.into())
            || !enough_time.is_zero() && time >= enough_time.saturating_mul(ALONE)
            || packets >= enough_packets && time >= enough_time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(packets: u64, milliseconds: i64) -> Moment {
        Moment { packets, time: Some(Timestamp::from_nanoseconds(milliseconds * 1_000_000)) }
    }

    #[test]
    fn both_graces_or_much_of_one() {
        let limits = Limits::default();
        let passed = |now: Moment| moment(0, 0).has_passed(now, &limits, 1);
        assert!(!passed(moment(64, 99)));
        assert!(!passed(moment(63, 100)));
        assert!(passed(moment(64, 100)));
        assert!(passed(moment(1024, 0)));
        assert!(passed(moment(1, 1600)));
    }

    #[test]
    fn packets_decide_where_there_is_no_time() {
        let limits = Limits::default();
        let start = Moment { packets: 0, time: None };
        assert!(!start.has_passed(moment(63, 9999), &limits, 1));
        assert!(start.has_passed(moment(64, 0), &limits, 1));
    }

    #[test]
    fn a_factor_stretches_both() {
        let limits = Limits::default();
        assert!(!moment(0, 0).has_passed(moment(1023, 1600), &limits, 16));
        assert!(moment(0, 0).has_passed(moment(1024, 1600), &limits, 16));
    }
}

//! What time it is in a stream while nothing comes.

use std::time::{Duration, Instant};

use super::stop::now;
use crate::types::Timestamp;

/// A stream is captured at this very moment when its newest packet is no older
/// than this when it comes, nor this far in the future: what the clocks of two
/// machines differ by, and what it took to come here.
const LIVE_TIME: Duration = Duration::from_secs(5);

/// How long a packet may be on its way. The kernel hands over to tcpdump what it
/// has captured once a second (unless with `--immediate-mode`); then it lies in
/// the buffers of `ssh`, and of a network that may have lost a piece of it, which
/// TCP takes some hundred milliseconds to send again.
const MARGIN: Duration = Duration::from_secs(2);

/// When bytes came last, which tells a live stream from a recorded one. Of what
/// was recorded nothing may depend on when it is read.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    last: Option<Beat>,
}

#[derive(Debug)]
struct Beat {
    /// By the clock of the system.
    time: Option<Timestamp>,
    /// By one that nobody sets.
    instant: Instant,
}

impl Pulse {
    /// Bytes have come.
    pub(super) fn beat(&mut self) {
        self.last = Some(Beat { time: now(), instant: Instant::now() });
    }

    /// The time up to which all packets have come, those until `newest` among
    /// them; `None` where that is not known, or not later than `newest`.
    pub(super) fn time(&self, newest: Option<Timestamp>) -> Option<Timestamp> {
        let last = self.last.as_ref()?;
        time(newest?, last.time?, last.instant.elapsed())
    }
}

/// The time after so long a silence, which began with `newest` at `clock`.
fn time(newest: Timestamp, clock: Timestamp, silence: Duration) -> Option<Timestamp> {
    let is_live = clock.since(newest).max(newest.since(clock)) <= LIVE_TIME;
    let passed = silence.checked_sub(MARGIN).filter(|passed| is_live && !passed.is_zero())?;
    let time = newest.nanoseconds().checked_add(i64::try_from(passed.as_nanos()).ok()?)?;
    Some(Timestamp::from_nanoseconds(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Milliseconds after `newest` at which it is after such a silence, where
    /// the clock was `ahead` when `newest` came.
    fn passed(ahead: i64, silence: u64) -> Option<i64> {
        const NEWEST: i64 = 1_545_807_286_729;
        let at = |milliseconds: i64| Timestamp::from_nanoseconds(milliseconds * 1_000_000);
        let time = time(at(NEWEST), at(NEWEST + ahead), Duration::from_millis(silence))?;
        Some(time.nanoseconds() / 1_000_000 - NEWEST)
    }

    #[test]
    fn time_passes_in_a_live_stream_after_a_margin() {
        assert_eq!(passed(10, 1999), None);
        assert_eq!(passed(10, 2000), None);
        assert_eq!(passed(10, 2001), Some(1));
        assert_eq!(passed(10, 62_000), Some(60_000));
        // Who captures has a clock of his own, which counts.
        assert_eq!(passed(5000, 4000), Some(2000));
        assert_eq!(passed(-5000, 4000), Some(2000));
    }

    #[test]
    fn time_stands_still_in_what_was_recorded() {
        for ahead in [5001, -5001, 1_000_000_000, -1_000_000_000] {
            assert_eq!(passed(ahead, 62_000), None);
        }
        let mut pulse = Pulse::default();
        assert_eq!(pulse.time(now()), None);
        pulse.beat();
        assert_eq!(pulse.time(None), None);
    }

    #[test]
    fn the_ends_of_time_are_no_overflow() {
        let last = Timestamp::from_nanoseconds(i64::MAX);
        assert_eq!(time(last, last, Duration::MAX), None);
        assert_eq!(time(last, last, Duration::from_secs(3)), None);
    }
}

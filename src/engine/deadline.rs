//! `--duration`.

use std::time::{Duration, Instant};

use crate::types::Timestamp;

/// Packets in a row that must come too late for a run over files to end: a
/// single one has a wrong time.
const LATE_PACKETS: u32 = 64;

/// Two times as far apart are not of one capture; one of them is wrong.
const ABSURD: Duration = Duration::from_secs(365 * 24 * 3600);

/// When a run has lasted long enough.
pub(super) enum Deadline {
    Never,
    Clock { begin: Instant, duration: Duration },
    Packets(Begin, Duration, u32),
}

/// The earliest time of the packets, though not that of a wrong one.
#[derive(Default)]
pub(super) struct Begin {
    time: Option<Timestamp>,
    /// An absurd other time, until a third packet tells which of the two is
    /// wrong.
    doubt: Option<Timestamp>,
    /// Packets that agree with the time.
    agreeing: u64,
}

/// What the time of a packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timing {
    InTime,
    /// It comes too late, or has a wrong time.
    Late,
    /// So many came too late that the time is over.
    Over,
}

impl Deadline {
    pub(super) fn new(duration: Option<Duration>, is_endless: bool) -> Self {
        match duration {
            None => Self::Never,
            Some(duration) if is_endless => Self::Clock { begin: Instant::now(), duration },
            Some(duration) => Self::Packets(Begin::default(), duration, 0),
        }
    }

    pub(super) fn judge(&mut self, time: Option<Timestamp>) -> Timing {
        let (Self::Packets(begin, duration, late), Some(time)) = (self, time) else {
            return Timing::InTime;
        };
        let Some(begin) = begin.with(time) else {
            return Timing::InTime;
        };
        if time.since(begin) < *duration {
            *late = 0;
            return Timing::InTime;
        }
        *late += 1;
        if *late >= LATE_PACKETS { Timing::Over } else { Timing::Late }
    }

    /// Whether it is why the capture has ended.
    pub(super) fn is_past(&self) -> bool {
        matches!(self, Self::Packets(_, _, 1..)) || self.has_come()
    }

    pub(super) fn has_come(&self) -> bool {
        matches!(self, Self::Clock { begin, duration } if begin.elapsed() >= *duration)
    }
}

impl Begin {
    /// The begin, now that there is a packet of this time; `None` when that is
    /// absurd.
    fn with(&mut self, time: Timestamp) -> Option<Timestamp> {
        let is_absurd = |other: Timestamp| time.since(other).max(other.since(time)) > ABSURD;
        let known = *self.time.get_or_insert(time);
        let known = match self.doubt {
            _ if !is_absurd(known) => known,
            Some(doubt) if self.agreeing < 2 && !is_absurd(doubt) => doubt,
            _ => {
                self.doubt = Some(time);
                return None;
            }
        };
        self.agreeing += 1;
        let earliest = known.min(time);
        self.time = Some(earliest);
        Some(earliest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What packets at these seconds are judged to be, ten seconds being asked
    /// for: in time (`.`), late (`l`), or that the time is over (`!`).
    fn judged(seconds: impl IntoIterator<Item = i64>) -> String {
        let mut deadline = Deadline::new(Some(Duration::from_secs(10)), false);
        let judge = |second| match deadline.judge(Timestamp::from_parts(second, 0)) {
            Timing::InTime => '.',
            Timing::Late => 'l',
            Timing::Over => '!',
        };
        seconds.into_iter().map(judge).collect()
    }

    const YEAR: i64 = 366 * 24 * 3600;

    #[test]
    fn it_counts_from_the_earliest_packet() {
        assert_eq!(judged([5, 14, 15]), "..l");
        assert_eq!(judged([5, 3, 12, 13]), "...l");
        assert_eq!(judged([]), "");
    }

    #[test]
    fn many_late_packets_end_it_and_single_ones_do_not() {
        assert_eq!(judged((0..12).chain([3])), format!("{}ll.", ".".repeat(10)));
        assert_eq!(judged([0].into_iter().chain(100..164)), format!(".{}!", "l".repeat(63)));
    }

    #[test]
    fn an_absurd_time_counts_for_nothing() {
        for odd in [-YEAR, YEAR] {
            assert_eq!(judged([odd, 0, 9, 10]), "...l");
            assert_eq!(judged([0, odd, 9, 10]), "...l");
            assert_eq!(judged([0, 1, odd, 10]), "...l");
            assert_eq!(judged([0, 1, odd, odd, odd, 10]), ".....l");
        }
    }

    #[test]
    fn packets_without_time_are_in_time() {
        let mut deadline = Deadline::new(Some(Duration::from_secs(10)), false);
        assert_eq!(deadline.judge(None), Timing::InTime);
        assert!(!deadline.is_past() && !deadline.has_come());
    }
}

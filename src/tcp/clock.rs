//! Capture time, for what is judged over all conversations.

use crate::types::Timestamp;

/// Packets in a row whose times are believed together.
const CONFIRMING: u32 = 64;

/// The capture time now.
///
/// Files hold packets with times from damage or from another clock. One of
/// them must not make every conversation look old, so `now` is the earliest
/// time of 64 packets in a row; and it steps back when those after them are
/// earlier.
#[derive(Debug, Default)]
pub(super) struct Clock {
    now: Option<Timestamp>,
    earliest: Option<Timestamp>,
    packets: u32,
}

impl Clock {
    /// Takes the time of a packet. The new time now, when there is one.
    pub(super) fn packet(&mut self, time: Option<Timestamp>) -> Option<Timestamp> {
        self.earliest = match (self.earliest, time) {
            (Some(earliest), Some(time)) => Some(earliest.min(time)),
            (earliest, time) => earliest.or(time),
        };
        self.packets += 1;
        if self.packets < CONFIRMING {
            return None;
        }
        self.packets = 0;
        self.now = self.earliest.take().or(self.now);
        self.now
    }

    /// Takes a time that is known.
    pub(super) fn set(&mut self, now: Timestamp) {
        *self = Self { now: Some(now), ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times after each of these packets, where one is told.
    fn told(seconds: impl IntoIterator<Item = Option<i64>>) -> Vec<i64> {
        let mut clock = Clock::default();
        let time = |seconds: i64| Timestamp::from_parts(seconds, 0).unwrap();
        seconds
            .into_iter()
            .filter_map(|seconds| clock.packet(seconds.map(time)))
            .map(Timestamp::seconds)
            .collect()
    }

    #[test]
    fn the_earliest_of_64_packets_counts() {
        assert_eq!(told((0..200).map(Some)), [0, 64, 128]);
        assert_eq!(told((0..63).map(Some)), Vec::<i64>::new());
    }

    #[test]
    fn single_packets_from_the_future_or_past_change_little() {
        let odd = |n: i64| if n % 10 == 5 { i64::from(i32::MAX) } else { 100 };
        assert_eq!(told((0..128).map(odd).map(Some)), [100, 100]);
        let wrong_then_right = (0..128).map(|n| Some(if n < 64 { 9_000_000 } else { 7 }));
        assert_eq!(told(wrong_then_right), [9_000_000, 7]);
    }

    #[test]
    fn packets_without_time_leave_it_as_it_was() {
        assert_eq!(told((0..128).map(|_| None)), Vec::<i64>::new());
        assert_eq!(told((0..192).map(|n| (n < 64).then_some(5))), [5, 5, 5]);
    }
}

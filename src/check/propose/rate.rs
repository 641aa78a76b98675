//! How many messages a connection has in a second.

use std::collections::VecDeque;

use crate::types::Timestamp;

/// Parts of a second that are counted apart.
const PARTS: i64 = 10;

/// Nanoseconds of one.
const PART: i64 = 1_000_000_000 / PARTS;

/// Counts messages, and knows how many there were in a second at the most: that or a
/// few more, since only parts of a second are told apart.
#[derive(Debug, Default)]
pub(super) struct Rate {
    /// Parts of the last second and of the one in which it began: their numbers, and
    /// how many messages came then.
    parts: VecDeque<(i64, u64)>,
    pub(super) most: u64,
}

impl Rate {
    /// Counts a message.
    pub(super) fn add(&mut self, time: Timestamp) {
        let latest = self.parts.back().map_or(i64::MIN, |(part, _)| *part);
        // Clocks are set back at times.
        let part = time.nanoseconds().div_euclid(PART).max(latest);
        match self.parts.back_mut() {
            Some((last, count)) if *last == part => *count += 1,
            _ => self.parts.push_back((part, 1)),
        }
        while self.parts.front().is_some_and(|(first, _)| *first < part - PARTS) {
            self.parts.pop_front();
        }
        self.most = self.most.max(self.parts.iter().map(|(_, count)| count).sum());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn most(milliseconds: &[i64]) -> u64 {
        let mut rate = Rate::default();
        for time in milliseconds {
            rate.add(Timestamp::from_nanoseconds(time * 1_000_000));
        }
        rate.most
    }

    #[test]
    fn the_busiest_second_counts() {
        assert_eq!(most(&[]), 0);
        assert_eq!(most(&[0, 500, 999, 1999, 2500]), 3);
        assert_eq!(most(&[0, 1200, 2400, 3600]), 1);
        assert_eq!(most(&[5000, 100, 200]), 3);
        assert_eq!(most(&[-1500, -600, 50]), 2);
    }
}

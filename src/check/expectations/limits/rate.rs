//! How fast messages come.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::types::Timestamp;

/// Messages in the last second.
#[derive(Debug, Default)]
pub(super) struct Rate {
    /// When they came, in order; no more of them than there may be.
    times: VecDeque<Timestamp>,
    /// There were too many, and that was told.
    is_over: bool,
}

const SECOND: Duration = Duration::from_secs(1);

impl Rate {
    /// Whether with one more message there are, for the first time, more than `most`
    /// in a second.
    pub(super) fn exceeds(&mut self, time: Timestamp, most: NonZeroU32) -> bool {
        let time = self.in_order(time);
        while self.times.front().is_some_and(|first| time.since(*first) >= SECOND) {
            self.times.pop_front();
        }
        self.times.push_back(time);
        let is_over = self.times.len() > most.get() as usize;
        if is_over {
            self.times.pop_front();
        }
        let was_over = std::mem::replace(&mut self.is_over, is_over);
        is_over && !was_over
    }

    /// A time that is no earlier than the last one. Where the clock was set back by a
    /// second or more, it is counted from there anew.
    fn in_order(&mut self, time: Timestamp) -> Timestamp {
        match self.times.back() {
            Some(last) if last.since(time) >= SECOND => {
                *self = Self::default();
                time
            }
            Some(last) => time.max(*last),
            None => time,
        }
    }
}

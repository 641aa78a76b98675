//! What limits are about: sizes, rates, latencies, close codes.

use std::collections::BTreeSet;
use std::time::Duration;

use super::round;
use crate::types::{End, Message, Opcode};

/// Close codes that are told apart.
pub(super) const MOST_CODES: usize = 32;

/// What a Close frame without a code counts as (RFC 6455 §7.1.5).
const NO_CODE: u16 = 1005;

/// What all connections have of it together.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// Bytes of the largest payload, after inflating.
    pub(super) largest: u64,
    /// Messages of one connection in a second, at the most.
    pub(super) busiest: u64,
    /// From the start of a connection to its end, at the most.
    pub(super) longest: Option<Duration>,
    pub(super) codes: Codes,
    /// Of answers of protocols inside.
    pub(super) latencies: Latencies,
    /// The same, and of pongs.
    pub(super) all_latencies: Latencies,
    /// Messages that break off, or are longer than is kept.
    pub(super) has_incomplete: bool,
    /// Messages that cannot be read as the protocol inside.
    pub(super) has_malformed: bool,
    /// Messages of a protocol inside.
    pub(super) has_app: bool,
}

impl Traffic {
    /// Takes note of a message.
    pub(super) fn message(&mut self, message: &Message<'_>) {
        self.largest = self.largest.max(message.length.unwrap_or(message.wire_length));
        self.has_incomplete |= !message.complete;
        if let Some(code) = close_code(message) {
            self.codes.add(code);
        }
        let Some(app) = message.app else {
            return;
        };
        self.has_app |= app.protocol.is_some();
        self.has_malformed |= app.malformed.is_some();
        for latency in app.packets().filter_map(|packet| packet.reply?.latency) {
            self.all_latencies.add(latency);
            if app.protocol.is_some() {
                self.latencies.add(latency);
            }
        }
    }

    /// Takes note of the end of a connection.
    pub(super) fn end(&mut self, end: &End) {
        self.longest = self.longest.max(end.duration);
    }
}

/// What a Close frame says, if there is such a code (RFC 6455 §7.4.2).
pub(super) fn close_code(message: &Message<'_>) -> Option<u16> {
    let is_close = message.opcode == Opcode::Close;
    let code = is_close.then(|| message.close.and_then(|close| close.code).unwrap_or(NO_CODE));
    code.filter(|code| (1000..5000).contains(code))
}

/// Close codes that were seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Codes {
    codes: BTreeSet<u16>,
    /// There are more than are told apart.
    has_more: bool,
}

impl Codes {
    pub(super) fn add(&mut self, code: u16) {
        if self.codes.len() < MOST_CODES || self.codes.contains(&code) {
            self.codes.insert(code);
        } else {
            self.has_more = true;
        }
    }

    /// All of them, 1005 for none; `None` where there are too many.
    pub(super) fn all(&self) -> Option<String> {
        (!self.has_more).then(|| list(self.codes.iter()))
    }

    /// Those that stand in Close frames.
    pub(super) fn sent(&self) -> Option<String> {
        (!self.has_more).then(|| list(self.codes.iter().filter(|code| **code != NO_CODE)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }
}

fn list<'c>(codes: impl Iterator<Item = &'c u16>) -> String {
    codes.map(u16::to_string).collect::<Vec<_>>().join(", ")
}

/// How many answers took how long, with headroom.
#[derive(Debug, Default)]
pub(super) struct Latencies {
    counts: [u64; round::COUNT],
    /// Answers that took longer than any time that is written.
    longer: u64,
}

impl Latencies {
    fn add(&mut self, latency: Duration) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        match round::time(nanoseconds).and_then(|time| self.counts.get_mut(time)) {
            Some(count) => *count += 1,
            None => self.longer += 1,
        }
    }

    fn total(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.longer
    }

    /// The number of the time that so many of a hundred answers keep within; `None`
    /// without answers, or where it is longer than any.
    pub(super) fn percentile(&self, percent: u64) -> Option<usize> {
        let total = self.total();
        let wanted = total.saturating_mul(percent).div_ceil(100);
        let mut passed = 0;
        self.counts.iter().position(|count| {
            passed += count;
            total > 0 && passed >= wanted
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_have_headroom() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile(100), None);
        for milliseconds in (1..=100).rev() {
            latencies.add(Duration::from_millis(milliseconds));
        }
        let times = [50, 95, 99, 100].map(|percent| latencies.percentile(percent));
        assert_eq!(
            times.map(|time| time.map(round::written)),
            ["200ms", "500ms", "500ms", "500ms"].map(Some)
        );
        latencies.add(Duration::MAX);
        assert_eq!(latencies.percentile(50).map(round::written), Some("200ms"));
        assert_eq!(latencies.percentile(100), None);
    }

    #[test]
    fn codes_are_bounded() {
        let mut codes = Codes::default();
        assert!(codes.is_empty());
        [1005, 1001, 1000, 1001].into_iter().for_each(|code| codes.add(code));
        assert_eq!(codes.all().as_deref(), Some("1000, 1001, 1005"));
        assert_eq!(codes.sent().as_deref(), Some("1000, 1001"));
        (4000..4100).for_each(|code| codes.add(code));
        assert_eq!((codes.all(), codes.sent()), (None, None));
    }
}

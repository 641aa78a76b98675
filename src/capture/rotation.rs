//! When a file that is written gives way to the next, and the names of both.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::types::Timestamp;

/// Digits of a file's number, as long as they are enough.
const DIGITS: usize = 5;

/// When to go on in another file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// Before a packet that would make the file longer than so many bytes. A
    /// file has one packet at least.
    pub size: Option<u64>,
    /// Before a packet that was captured so long after the file's earliest.
    pub time: Option<Duration>,
    /// How many files to keep; earlier ones are removed. `None`: all.
    pub keep: Option<usize>,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    /// Time of its earliest packet.
    earliest: Option<Timestamp>,
    /// Time of its latest packet.
    latest: Option<Timestamp>,
    packets: u64,
}

impl Rotation {
    /// Whether there is more than one file.
    pub(super) fn is_wanted(self) -> bool {
        self.size.is_some() || self.time.is_some()
    }

    /// Whether a packet of this time, which would make the file so long, goes
    /// into the next.
    ///
    /// Files without times are put into order by their names, those with times by
    /// their first packets'. Where there are times, a file begins with one.
    pub(super) fn is_due(self, span: Span, size: u64, time: Option<Timestamp>) -> bool {
        if span.packets == 0 || span.earliest.is_some() && time.is_none() {
            return false;
        }
        let is_full = self.size.is_some_and(|limit| size > limit);
        let passed = time.zip(span.earliest).map(|(time, earliest)| time.since(earliest));
        is_full || self.time.zip(passed).is_some_and(|(limit, passed)| passed >= limit)
    }

    /// The name of the file with this number, from 1.
    pub(super) fn name(self, path: &Path, number: u64) -> PathBuf {
        if !self.is_wanted() {
            return path.to_path_buf();
        }
        let mut name = OsString::from(path.file_stem().unwrap_or_default());
        name.push(format!("-{number:0DIGITS$}"));
        if let Some(extension) = path.extension() {
            name.push(".");
            name.push(extension);
        }
        path.with_file_name(name)
    }
}

impl Span {
    /// Takes note of a packet.
    pub(super) fn add(&mut self, time: Option<Timestamp>) {
        self.packets += 1;
        self.earliest = match (self.earliest, time) {
            (Some(earliest), Some(time)) => Some(earliest.min(time)),
            (earliest, time) => earliest.or(time),
        };
        self.latest = self.latest.max(time);
    }

    /// Time of its latest packet, where packets have times.
    pub(super) fn latest(&self) -> Option<Timestamp> {
        self.latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Option<Timestamp> {
        Timestamp::from_parts(seconds, 0)
    }

    #[test]
    fn the_number_stands_before_the_extension() {
        let rotation = Rotation { size: Some(1), ..Rotation::default() };
        let name = |path: &str, number| rotation.name(Path::new(path), number);
        assert_eq!(name("traffic.pcapng", 1), Path::new("traffic-00001.pcapng"));
        assert_eq!(name("a/b.c/traffic", 42), Path::new("a/b.c/traffic-00042"));
        assert_eq!(name(".hidden", 7), Path::new(".hidden-00007"));
        assert_eq!(name("x.y.pcapng", 123_456), Path::new("x.y-123456.pcapng"));
        let once = Rotation::default().name(Path::new("traffic.pcapng"), 1);
        assert_eq!(once, Path::new("traffic.pcapng"));
    }

    #[test]
    fn size_and_time_decide() {
        let by_size = Rotation { size: Some(1000), ..Rotation::default() };
        let by_time = Rotation { time: Some(Duration::from_secs(10)), ..Rotation::default() };
        let mut span = Span::default();
        assert!(!by_size.is_due(span, 5000, at(0)), "it would be empty");
        span.add(at(100));
        assert!(!by_size.is_due(span, 1000, at(100)));
        assert!(by_size.is_due(span, 1001, at(100)));
        assert!(!by_time.is_due(span, 1 << 40, at(109)));
        assert!(by_time.is_due(span, 0, at(110)));
        // A packet that was held back.
        assert!(!by_time.is_due(span, 0, at(50)));
        span.add(at(95));
        assert!(by_time.is_due(span, 0, at(105)));
    }

    #[test]
    fn a_file_does_not_begin_without_a_time_where_there_are_times() {
        let by_size = Rotation { size: Some(1), ..Rotation::default() };
        let mut span = Span::default();
        span.add(None);
        assert!(by_size.is_due(span, 100, None));
        span.add(at(1));
        assert!(!by_size.is_due(span, 100, None));
        assert!(by_size.is_due(span, 100, at(1)));
    }
}

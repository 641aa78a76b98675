//! Capture times as they are shown.

use std::time::Duration;

use jiff::tz;

use super::write;
use crate::types::Timestamp;

/// Whose time is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Zone {
    /// The one that the system is set to.
    #[default]
    System,
    /// UTC.
    Utc,
    /// A zone of the IANA database, such as `Europe/Berlin`; UTC where the
    /// system does not know it.
    Named(String),
}

/// Tells date and time of day. Events of one second follow one another, so
/// that what the calendar says about the last second is kept.
#[derive(Debug)]
pub(super) struct Clock {
    zone: tz::TimeZone,
    second: Option<i64>,
    date: [u8; 10],
    time: [u8; 8],
    /// The last in RFC 3339: messages of one packet share theirs.
    last: Option<(Timestamp, [u8; 30])>,
}

impl Clock {
    pub(super) fn new(zone: &Zone) -> Self {
        let zone = match zone {
            Zone::System => tz::TimeZone::system(),
            Zone::Utc => tz::TimeZone::UTC,
            Zone::Named(name) => tz::TimeZone::get(name).unwrap_or(tz::TimeZone::UTC),
        };
        Self { zone, second: None, date: *b"0000-00-00", time: *b"00:00:00", last: None }
    }

    /// `2018-12-26` of `timestamp`.
    pub(super) fn date(&mut self, timestamp: Timestamp) -> [u8; 10] {
        self.set(timestamp);
        self.date
    }

    /// Writes `06:54:46.729250`.
    pub(super) fn microseconds(&mut self, out: &mut Vec<u8>, timestamp: Timestamp) {
        self.set(timestamp);
        out.extend_from_slice(&self.time);
        out.push(b'.');
        let microseconds = timestamp.subsecond_nanoseconds() / 1_000;
        out.extend_from_slice(&write::digits::<6>(microseconds));
    }

    /// Writes RFC 3339 with nanoseconds; right only where the zone is UTC.
    pub(super) fn rfc3339(&mut self, out: &mut Vec<u8>, timestamp: Timestamp) {
        if let Some((last, text)) = &self.last
            && *last == timestamp
        {
            out.extend_from_slice(text);
            return;
        }
        self.set(timestamp);
        let mut text = *b"0000-00-00T00:00:00.000000000Z";
        let nanoseconds = write::digits::<9>(timestamp.subsecond_nanoseconds());
        if let Some((date, rest)) = text.split_first_chunk_mut()
            && let Some(([_, time @ .., _], rest)) = rest.split_first_chunk_mut::<10>()
            && let Some((fraction, _)) = rest.split_first_chunk_mut()
        {
            *date = self.date;
            *time = self.time;
            *fraction = nanoseconds;
        }
        self.last = Some((timestamp, text));
        out.extend_from_slice(&text);
    }

    fn set(&mut self, timestamp: Timestamp) {
        let second = timestamp.seconds();
        if self.second == Some(second) {
            return;
        }
        self.second = Some(second);
        // A `Timestamp` lies between 1677 and 2262, which jiff always takes.
        let moment = jiff::Timestamp::from_second(second).unwrap_or_default();
        let civil = self.zone.to_datetime(moment);
        let two = |number: i8| {
            let number = number.unsigned_abs();
            [b'0' + number / 10, b'0' + number % 10]
        };
        let year = civil.year().unsigned_abs();
        let [y1, y2] = two((year / 100) as i8);
        let [y3, y4] = two((year % 100) as i8);
        let [month1, month2] = two(civil.month());
        let [day1, day2] = two(civil.day());
        let [hour1, hour2] = two(civil.hour());
        let [minute1, minute2] = two(civil.minute());
        let [second1, second2] = two(civil.second());
        self.date = [y1, y2, y3, y4, b'-', month1, month2, b'-', day1, day2];
        self.time = [hour1, hour2, b':', minute1, minute2, b':', second1, second2];
    }
}

/// A time as events in JSON tell it: RFC 3339, UTC, nanoseconds.
pub(crate) fn rfc3339(timestamp: Timestamp) -> String {
    let mut text = Vec::new();
    Clock::new(&Zone::Utc).rfc3339(&mut text, timestamp);
    String::from_utf8(text).unwrap_or_default()
}

/// A duration as people say it: `0.250 ms`, `12.345 s`, `2 min 03.5 s`,
/// `1 h 02 min 03 s`.
pub(super) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    if seconds == 0 {
        let nanoseconds = duration.subsec_nanos();
        format!("{}.{:03} ms", nanoseconds / 1_000_000, nanoseconds / 1_000 % 1_000)
    } else if seconds < 60 {
        format!("{seconds}.{:03} s", duration.subsec_millis())
    } else if hours == 0 {
        format!("{minutes} min {:02}.{} s", seconds % 60, duration.subsec_millis() / 100)
    } else {
        format!("{hours} h {minutes:02} min {:02} s", seconds % 60)
    }
}

/// A time between a question and its answer, rounded to what people want to know:
/// `250 µs`, `3.2 ms`, `320 ms`, `3.2 s`; longer ones as [`span`].
pub(super) fn latency(duration: Duration) -> String {
    let microseconds = duration.as_micros();
    let tenths = (microseconds + 50) / 100;
    let milliseconds = (microseconds + 500) / 1_000;
    let tenths_of_seconds = (milliseconds + 50) / 100;
    match microseconds {
        ..1_000 => format!("{microseconds} µs"),
        _ if tenths < 100 => format!("{}.{} ms", tenths / 10, tenths % 10),
        _ if milliseconds < 1_000 => format!("{milliseconds} ms"),
        _ if tenths_of_seconds < 600 => {
            format!("{}.{} s", tenths_of_seconds / 10, tenths_of_seconds % 10)
        }
        _ => span(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc3339(nanoseconds: i64) -> String {
        let mut out = Vec::new();
        Clock::new(&Zone::Utc).rfc3339(&mut out, Timestamp::from_nanoseconds(nanoseconds));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_over_the_whole_range() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(rfc3339(1_545_807_286_729_250_000), "2018-12-26T06:54:46.729250000Z");
        assert_eq!(rfc3339(i64::MAX), "2262-04-11T23:47:16.854775807Z");
        assert_eq!(rfc3339(i64::MIN), "1677-09-21T00:12:43.145224193Z");
    }

    #[test]
    fn a_zone_moves_the_date_too() {
        let mut clock = Clock::new(&Zone::Utc);
        clock.zone = tz::TimeZone::fixed(tz::offset(-7));
        let mut out = Vec::new();
        let timestamp = Timestamp::from_nanoseconds(1_545_807_286_729_250_000);
        clock.microseconds(&mut out, timestamp);
        assert_eq!(out, b"23:54:46.729250");
        assert_eq!(&clock.date(timestamp), b"2018-12-25");
    }

    #[test]
    fn spans() {
        assert_eq!(span(Duration::ZERO), "0.000 ms");
        assert_eq!(span(Duration::from_micros(12_345)), "12.345 ms");
        assert_eq!(span(Duration::from_millis(12_345)), "12.345 s");
        assert_eq!(span(Duration::from_millis(123_456)), "2 min 03.4 s");
        assert_eq!(span(Duration::from_secs(93_784)), "26 h 03 min 04 s");
    }

    #[test]
    fn latencies() {
        let shown = |microseconds| latency(Duration::from_micros(microseconds));
        assert_eq!([0, 250, 999, 1_000].map(shown), ["0 µs", "250 µs", "999 µs", "1.0 ms"]);
        assert_eq!([3_249, 9_949, 9_950].map(shown), ["3.2 ms", "9.9 ms", "10 ms"]);
        assert_eq!([999_499, 999_500].map(shown), ["999 ms", "1.0 s"]);
        assert_eq!([12_345_000, 59_949_000].map(shown), ["12.3 s", "59.9 s"]);
        assert_eq!(shown(59_960_000), "59.960 s");
        assert_eq!(shown(60_000_000), "1 min 00.0 s");
    }
}

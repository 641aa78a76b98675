//! The times that lines of text begin with: `--time`.

use std::sync::{Arc, OnceLock};

use super::time::{Clock, Zone};
use crate::types::Timestamp;

/// What the time before an event tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeForm {
    /// The time of day; where a connection is introduced, and where it changes,
    /// also the date.
    #[default]
    TimeOfDay,
    /// Seconds since 1970-01-01T00:00:00Z.
    Epoch,
    /// Seconds since the first packet of the capture, which
    /// [`View::begin`](super::View::begin) tells; without that, since the first
    /// event.
    Relative,
    /// Seconds since the event shown before. Only one view can know it, which
    /// has all events.
    Delta,
}

/// Writes the times of events, all with microseconds: what is less is left out.
#[derive(Debug)]
pub(crate) struct Stamps {
    form: TimeForm,
    clock: Clock,
    /// The time that others are relative to, which all forks share.
    first: Arc<OnceLock<Timestamp>>,
    /// The time of the event shown before, or of the last before it that had
    /// one.
    before: Option<Timestamp>,
}

/// Columns of seconds, their sign and microseconds: those of a day, and those
/// since 1970.
const SECONDS: usize = 12;
const EPOCH_SECONDS: usize = 17;

impl Stamps {
    pub(crate) fn new(form: TimeForm, zone: &Zone) -> Self {
        Self { form, clock: Clock::new(zone), first: Arc::default(), before: None }
    }

    /// Others that are relative to the same time; `None` where one has to have
    /// all events.
    pub(super) fn fork(&self, zone: &Zone) -> Option<Self> {
        let first = Arc::clone(&self.first);
        let is_alone = self.form == TimeForm::Delta;
        (!is_alone).then(|| Self { first, ..Self::new(self.form, zone) })
    }

    /// Takes note of the time of the capture's first packet.
    pub(super) fn begin(&self, time: Timestamp) {
        self.first.get_or_init(|| time);
    }

    /// The date of an event, where dates are told.
    pub(super) fn date(&mut self, time: Option<Timestamp>) -> Option<[u8; 10]> {
        time.filter(|_| self.form == TimeForm::TimeOfDay).map(|time| self.clock.date(time))
    }

    /// The time of an event, as wide as most of this form.
    pub(crate) fn text(&mut self, time: Option<Timestamp>) -> String {
        let width = match self.form {
            TimeForm::TimeOfDay => return self.time_of_day(time),
            TimeForm::Epoch => EPOCH_SECONDS,
            TimeForm::Relative | TimeForm::Delta => SECONDS,
        };
        let Some(time) = time else {
            return format!("{UNKNOWN_SECONDS:>width$}");
        };
        let since = match self.form {
            TimeForm::TimeOfDay | TimeForm::Epoch => 0,
            TimeForm::Relative => self.first.get_or_init(|| time).nanoseconds(),
            TimeForm::Delta => self.before.unwrap_or(time).nanoseconds(),
        };
        format!("{:>width$}", seconds(i128::from(time.nanoseconds()) - i128::from(since)))
    }

    /// Takes note that an event of this time was shown.
    pub(super) fn shown(&mut self, time: Option<Timestamp>) {
        self.before = time.or(self.before);
    }

    fn time_of_day(&mut self, time: Option<Timestamp>) -> String {
        let mut text = Vec::with_capacity(UNKNOWN_TIME.len());
        match time {
            Some(time) => self.clock.microseconds(&mut text, time),
            None => text.extend_from_slice(UNKNOWN_TIME.as_bytes()),
        }
        String::from_utf8(text).unwrap_or_default()
    }
}

const UNKNOWN_TIME: &str = "--:--:--.------";
const UNKNOWN_SECONDS: &str = "-.------";

/// `-0.000010`: the seconds that these nanoseconds are.
fn seconds(nanoseconds: i128) -> String {
    let microseconds = nanoseconds / 1_000;
    let sign = if microseconds < 0 { "-" } else { "" };
    let microseconds = microseconds.unsigned_abs();
    format!("{sign}{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_of_either_sign() {
        assert_eq!(seconds(0), "0.000000");
        assert_eq!(seconds(-10_000), "-0.000010");
        assert_eq!(seconds(-999), "0.000000");
        assert_eq!(seconds(1_545_807_286_729_250_999), "1545807286.729250");
        let widest = i128::from(i64::MIN) - i128::from(i64::MAX);
        assert_eq!(seconds(widest), "-18446744073.709551");
    }

    #[test]
    fn forks_are_relative_to_the_same_time() {
        let mut stamps = Stamps::new(TimeForm::Relative, &Zone::Utc);
        let mut fork = stamps.fork(&Zone::Utc).unwrap();
        stamps.begin(Timestamp::from_nanoseconds(5_000_000_000));
        let time = Some(Timestamp::from_nanoseconds(4_999_000_000));
        assert_eq!(fork.text(time), "   -0.001000");
        assert_eq!(stamps.text(time), fork.text(time));
    }
}

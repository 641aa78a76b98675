//! The line that tells how far a run is.

use std::io::{self, IoSlice, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::standard_output::can_say;
use super::units;
use crate::engine::Progress;
use crate::output::grouped;

/// Draws per second, after a few.
const RATE: u8 = 4;

/// A run on files that takes no longer needs no line.
const SHORT_TIME: Duration = Duration::from_millis(500);

/// A line at the bottom of the terminal. Nothing is drawn where standard error
/// is no terminal.
#[derive(Clone)]
pub(super) struct Status {
    bar: ProgressBar,
    run: Run,
}

/// What the line is about.
#[derive(Clone, Copy)]
enum Run {
    Live,
    Files {
        start: Instant,
        /// Bytes of all files, where that is known.
        size: Option<u64>,
    },
}

impl Status {
    /// A line that is never shown.
    pub(super) fn none() -> Self {
        Self::new(Run::Live, false)
    }

    /// A line about a live capture.
    pub(super) fn live() -> Self {
        Self::new(Run::Live, true)
    }

    /// A line about reading files of `size` bytes, from now on.
    pub(super) fn files(size: Option<u64>) -> Self {
        Self::new(Run::Files { start: Instant::now(), size }, true)
    }

    fn new(run: Run, is_shown: bool) -> Self {
        let target = if is_shown {
            ProgressDrawTarget::stderr_with_hz(RATE)
        } else {
            ProgressDrawTarget::hidden()
        };
        let style = ProgressStyle::with_template("{wide_msg}");
        let bar = ProgressBar::with_draw_target(None, target);
        Self { bar: style.map_or(bar.clone(), |style| bar.with_style(style)), run }
    }

    /// Whether anybody would see it.
    pub(super) fn is_shown(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// Shows how far the run is.
    pub(super) fn tell(&self, progress: Progress) {
        let line = match self.run {
            Run::Live => live_line(progress),
            Run::Files { start, size } => {
                let passed = start.elapsed();
                if passed < SHORT_TIME {
                    return;
                }
                files_line(progress, size, passed)
            }
        };
        if can_say(Duration::ZERO) {
            self.bar.set_message(line);
        }
    }

    /// Whether there is something to take away.
    fn is_there(&self) -> bool {
        self.is_shown() && !self.bar.message().is_empty()
    }

    /// Takes the line away while something else is written.
    pub(super) fn suspend<R>(&self, write: impl FnOnce() -> R) -> R {
        // A terminal that is held would hold the run, too.
        if self.is_there() && can_say(Duration::ZERO) { self.bar.suspend(write) } else { write() }
    }

    /// Takes the line away for good.
    pub(super) fn clear(&self) {
        if self.is_there() && can_say(Duration::ZERO) {
            self.bar.finish_and_clear();
        }
    }
}

fn live_line(progress: Progress) -> String {
    let Progress { packets, messages, drops, .. } = progress;
    format!(
        "{} packets, {} messages, dropped: {} by the kernel, {} by the interface",
        grouped(packets),
        grouped(messages),
        grouped(drops.kernel),
        grouped(drops.interface)
    )
}

/// Without what is not known: the size of a pipe, or of a file that has grown,
/// and the time that is left of it.
fn files_line(progress: Progress, size: Option<u64>, passed: Duration) -> String {
    let Progress { bytes, messages, .. } = progress;
    let milliseconds = passed.as_millis().max(1);
    // In 128 bits, as the files may have any size.
    let rate = u64::try_from(u128::from(bytes) * 1000 / milliseconds).unwrap_or(u64::MAX);
    let size = size.filter(|&size| size >= bytes);
    let left = size.filter(|_| rate > 0).map(|size| (size - bytes).div_ceil(rate));
    let of = size.map_or_else(String::new, |size| format!(" of {}", units::size(size)));
    let left = left.map_or_else(String::new, |left| format!(", {} left", units::time(left)));
    let (bytes, rate) = (units::size(bytes), units::size(rate));
    let plural = if messages == 1 { "" } else { "s" };
    format!("{bytes}{of}, {rate}/s{left}, {} message{plural}", grouped(messages))
}

/// An output that shares the terminal with the line.
pub(super) struct Beside<W> {
    pub(super) status: Status,
    pub(super) output: W,
}

impl<W: Write> Write for Beside<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.status.suspend(|| self.output.write(bytes))
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.status.suspend(|| self.output.write_all(bytes))
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.status.suspend(|| self.output.write_vectored(slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Drops;

    #[test]
    fn numbers_are_readable() {
        let drops = Drops { kernel: 0, interface: 7 };
        assert_eq!(
            live_line(Progress { packets: 1_234_567, messages: 89, drops, ..Progress::default() }),
            "1,234,567 packets, 89 messages, dropped: 0 by the kernel, 7 by the interface"
        );
    }

    #[test]
    fn of_files_it_tells_what_is_known() {
        let line = |bytes, messages, size, milliseconds| {
            let progress = Progress { bytes, messages, ..Progress::default() };
            files_line(progress, size, Duration::from_millis(milliseconds))
        };
        assert_eq!(
            line(120 << 20, 1_234_567, Some(256 << 20), 500),
            "120 MiB of 256 MiB, 240 MiB/s, 1 s left, 1,234,567 messages"
        );
        assert_eq!(
            line(3 << 29, 1, Some(1 << 40), 6000),
            "1.5 GiB of 1.0 TiB, 256 MiB/s, 1 h 8 min left, 1 message"
        );
        assert_eq!(line(5000, 0, None, 2000), "4.8 KiB, 2.4 KiB/s, 0 messages");
        // It has grown.
        assert_eq!(line(5000, 2, Some(4999), 1000), "4.8 KiB, 4.8 KiB/s, 2 messages");
        assert_eq!(line(0, 0, Some(9), 1000), "0 B of 9 B, 0 B/s, 0 messages");
        assert!(line(u64::MAX, u64::MAX, Some(u64::MAX), 0).contains("0 s left"));
    }
}

//! The line that tells how far a live capture is.

use std::io::{self, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::standard_output::can_say;
use crate::engine::Progress;
use crate::output::grouped;

/// Draws per second, at the most.
const RATE: u8 = 4;

/// A line at the bottom of the terminal. Nothing is drawn where standard error
/// is no terminal.
#[derive(Clone)]
pub(super) struct Status(ProgressBar);

impl Status {
    /// A line that is shown, or one that never is.
    pub(super) fn new(is_shown: bool) -> Self {
        let target = if is_shown {
            ProgressDrawTarget::stderr_with_hz(RATE)
        } else {
            ProgressDrawTarget::hidden()
        };
        let style = ProgressStyle::with_template("{wide_msg}");
        let bar = ProgressBar::with_draw_target(None, target);
        Self(style.map_or(bar.clone(), |style| bar.with_style(style)))
    }

    /// Whether anybody sees it.
    pub(super) fn is_shown(&self) -> bool {
        !self.0.is_hidden()
    }

    /// Shows how far the capture is.
    pub(super) fn tell(&self, progress: Progress) {
        if can_say(Duration::ZERO) {
            self.0.set_message(line(progress));
        }
    }

    /// Takes the line away while something else is written.
    pub(super) fn suspend<R>(&self, write: impl FnOnce() -> R) -> R {
        // A terminal that is held would hold the run, too.
        if self.is_shown() && can_say(Duration::ZERO) { self.0.suspend(write) } else { write() }
    }

    /// Takes the line away for good.
    pub(super) fn clear(&self) {
        if self.is_shown() && can_say(Duration::ZERO) {
            self.0.finish_and_clear();
        }
    }
}

fn line(progress: Progress) -> String {
    let Progress { packets, messages, drops } = progress;
    format!(
        "{} packets, {} messages, dropped: {} by the kernel, {} by the interface",
        grouped(packets),
        grouped(messages),
        grouped(drops.kernel),
        grouped(drops.interface)
    )
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
            line(Progress { packets: 1_234_567, messages: 89, drops }),
            "1,234,567 packets, 89 messages, dropped: 0 by the kernel, 7 by the interface"
        );
    }
}

//! What ends a run from outside: Ctrl-C, SIGTERM, and readers that go away; and
//! what must not.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::capture::Stop;

/// Ends captures for reasons outside of them.
#[derive(Clone)]
pub(super) struct Ends {
    /// What ends the capture.
    pub(super) stop: Stop,
    signalled: Arc<AtomicBool>,
}

/// From now on a limit of file sizes (`ulimit -f`) is an error of writing, after
/// which the file is cut to what is whole, and does not kill the process.
///
/// # Errors
/// When the system refuses that.
pub(super) fn survive_file_limits() -> io::Result<()> {
    #[cfg(unix)]
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default())?;
    Ok(())
}

impl Ends {
    /// Ends by SIGINT and SIGTERM from now on, where there are such.
    ///
    /// # Errors
    /// When the system refuses a thread or a file descriptor.
    pub(super) fn by_signals() -> io::Result<Self> {
        let ends = Self { stop: Stop::new()?, signalled: Arc::default() };
        #[cfg(unix)]
        unix::watch_signals(ends.clone())?;
        Ok(ends)
    }

    /// Ends also when nobody reads standard output any more, which writing
    /// would show only when there is something to write.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub(super) fn by_output(&self) -> io::Result<()> {
        #[cfg(unix)]
        unix::watch_output(self.stop.clone())?;
        Ok(())
    }

    /// Whether a signal came.
    pub(super) fn is_signalled(&self) -> bool {
        self.signalled.load(Ordering::Acquire)
    }
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::sync::atomic::Ordering;
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::event::{PollFd, PollFlags, poll};
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    use super::Ends;
    use crate::capture::Stop;

    /// How long the first signal has to take effect. Some programs send one to
    /// a process and to its group.
    const PATIENCE: Duration = Duration::from_secs(1);

    /// A second signal ends the process as if it were not caught, should the
    /// first have no effect.
    pub(super) fn watch_signals(ends: Ends) -> io::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let watch = move || {
            let mut first: Option<Instant> = None;
            for signal in &mut signals {
                if first.is_some_and(|first| first.elapsed() >= PATIENCE) {
                    let _ = emulate_default_handler(signal);
                }
                first.get_or_insert_with(Instant::now);
                ends.signalled.store(true, Ordering::Release);
                ends.stop.stop();
            }
        };
        thread::Builder::new().name("signals".into()).spawn(watch)?;
        Ok(())
    }

    pub(super) fn watch_output(stop: Stop) -> io::Result<()> {
        let watch = move || {
            let output = io::stdout();
            // Asked for nothing, it tells only what is always told: that the
            // other end is gone.
            let mut files = [PollFd::new(&output, PollFlags::empty())];
            while matches!(poll(&mut files, None), Ok(0) | Err(rustix::io::Errno::INTR)) {}
            stop.stop();
        };
        thread::Builder::new().name("output".into()).spawn(watch)?;
        Ok(())
    }
}

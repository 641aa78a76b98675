//! Standard output, which must not keep a run from ending.

use std::io::{self, Write};

use crate::capture::Stop;

/// Where results go. A reader that takes nothing, such as a pager, is waited for
/// until the run is told to end, and a second longer.
#[cfg(unix)]
pub(super) struct StandardOutput {
    file: std::fs::File,
    may_block: bool,
    stop: Stop,
    /// When it was first seen that the run is to end.
    ending: Option<std::time::Instant>,
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::IsTerminal;
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileTypeExt;
    use std::time::{Duration, Instant};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;

    use super::{StandardOutput, Stop, Write, io};

    /// How long a reader may take nothing when the run is to end.
    const PATIENCE: Duration = Duration::from_secs(1);

    /// As much as can be written at once when anything can (`PIPE_BUF` of
    /// Linux).
    const PIECE: usize = 4096;

    impl StandardOutput {
        pub(in super::super) fn new(stop: Stop) -> io::Result<Self> {
            // The one of the standard library writes whatever it takes.
            let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
            let kind = file.metadata()?.file_type();
            let may_block = kind.is_fifo() || kind.is_socket() || file.is_terminal();
            Ok(Self { file, may_block, stop, ending: None })
        }

        /// Waits until something can be written, or it must be given up.
        fn wait(&mut self) -> io::Result<()> {
            loop {
                let is_ending = self.stop.is_stopped();
                let patience = is_ending.then(|| {
                    let began = self.ending.get_or_insert_with(Instant::now);
                    PATIENCE.saturating_sub(began.elapsed())
                });
                let mut files = vec![PollFd::new(&self.file, PollFlags::OUT)];
                if !is_ending {
                    files.push(PollFd::new(&self.stop, PollFlags::IN));
                }
                let timeout = patience.and_then(|patience| Timespec::try_from(patience).ok());
                match poll(&mut files, timeout.as_ref()) {
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
                if files.first().is_some_and(|file| !file.revents().is_empty()) {
                    return Ok(());
                }
                if patience.is_some_and(|patience| patience.is_zero()) {
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
        }
    }

    impl Write for StandardOutput {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if !self.may_block {
                return self.file.write(bytes);
            }
            self.wait()?;
            self.file.write(bytes.get(..PIECE).unwrap_or(bytes))
        }

        fn flush(&mut self) -> io::Result<()> {
            self.file.flush()
        }
    }
}

/// Where results go.
#[cfg(not(unix))]
pub(super) struct StandardOutput(io::Stdout);

#[cfg(not(unix))]
impl StandardOutput {
    pub(super) fn new(_: Stop) -> io::Result<Self> {
        Ok(Self(io::stdout()))
    }
}

#[cfg(not(unix))]
impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

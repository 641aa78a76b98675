//! Standard output, which must not keep a run from ending.

use std::io::{self, IoSlice, Write};
use std::time::Duration;

use crate::capture::Stop;

/// How long a reader, or a terminal, may take nothing when the run is to end.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// Where results go. A reader that takes nothing, such as a pager, is waited for
/// as long as it wants, and for a second once the run is to end.
#[cfg(unix)]
pub(super) struct StandardOutput {
    file: std::fs::File,
    may_block: bool,
    stop: Stop,
    /// When something was taken last.
    taken: std::time::Instant,
    /// When it was first seen that the run is to end.
    ending: Option<std::time::Instant>,
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::IsTerminal;
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileTypeExt;
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;

    use super::{IoSlice, PATIENCE, StandardOutput, Stop, Write, io};

    /// How long to wait where the system cannot tell.
    const RETRY_TIME: Duration = Duration::from_millis(5);

    /// As much as can be written to a pipe at once when anything can
    /// (`PIPE_BUF` of Linux).
    const PIECE: usize = 4096;

    /// Standard output opened anew, as a terminal may take less than a piece.
    /// To make the file non-blocking that others write to would be theirs to
    /// bear.
    fn non_blocking() -> Option<File> {
        use std::fs::OpenOptions;
        use std::os::unix::fs::OpenOptionsExt;

        use rustix::fs::OFlags;

        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
        let mut options = OpenOptions::new();
        options.write(true).custom_flags(i32::try_from(flags).ok()?);
        ["/proc/self/fd/1", "/dev/fd/1"].iter().find_map(|path| options.open(path).ok())
    }

    impl StandardOutput {
        pub(in super::super) fn new(stop: Stop) -> io::Result<Self> {
            // The one of the standard library writes whatever it takes.
            let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
            let kind = file.metadata()?.file_type();
            let may_block = kind.is_fifo() || kind.is_socket() || file.is_terminal();
            let file = if file.is_terminal() { non_blocking().unwrap_or(file) } else { file };
            Ok(Self { file, may_block, stop, taken: Instant::now(), ending: None })
        }

        /// How much longer is waited for a reader that takes nothing; `None` while the
        /// run is not to end.
        fn patience(&mut self) -> Option<Duration> {
            if !self.stop.is_stopped() {
                return None;
            }
            let ending = *self.ending.get_or_insert_with(Instant::now);
            Some(PATIENCE.saturating_sub(self.taken.max(ending).elapsed()))
        }

        /// Waits until something can be written, or it must be given up.
        fn wait(&mut self) -> io::Result<()> {
            loop {
                let patience = self.patience();
                let timeout = patience.and_then(|patience| Timespec::try_from(patience).ok());
                let mut files = vec![PollFd::new(&self.file, PollFlags::OUT)];
                if patience.is_none() {
                    files.push(PollFd::new(&self.stop, PollFlags::IN));
                }
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
            loop {
                self.wait()?;
                match self.file.write(bytes.get(..PIECE).unwrap_or(bytes)) {
                    // A terminal with room for less than a line's end.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        if self.patience().is_some_and(|patience| patience.is_zero()) {
                            return Err(io::ErrorKind::TimedOut.into());
                        }
                        thread::sleep(RETRY_TIME);
                    }
                    result => {
                        self.taken = Instant::now();
                        return result;
                    }
                }
            }
        }

        fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
            if !self.may_block {
                return self.file.write_vectored(slices);
            }
            let mut piece = Vec::with_capacity(PIECE);
            for slice in slices {
                let room = PIECE - piece.len();
                if room == 0 {
                    break;
                }
                piece.extend_from_slice(slice.get(..room).unwrap_or(slice));
            }
            self.write(&piece)
        }

        fn flush(&mut self) -> io::Result<()> {
            self.file.flush()
        }
    }

    #[cfg(test)]
    mod tests {
        use std::os::fd::OwnedFd;

        use super::*;

        #[test]
        fn patience_begins_with_the_end_of_the_run() {
            let (_unread, writer) = io::pipe().unwrap();
            let stop = Stop::new().unwrap();
            let mut output = StandardOutput {
                file: File::from(OwnedFd::from(writer)),
                may_block: true,
                stop: stop.clone(),
                taken: Instant::now().checked_sub(3 * PATIENCE).unwrap(),
                ending: None,
            };
            assert_eq!(output.patience(), None);
            stop.stop();
            assert!(output.patience().is_some_and(|patience| !patience.is_zero()));
            // As much as the pipe takes is written, and then no more.
            let error = output.write_all(&vec![b'x'; 1 << 20]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            assert_eq!(output.patience(), Some(Duration::ZERO));
        }
    }
}

/// Whether standard error takes anything within this time.
#[cfg(unix)]
pub(super) fn can_say(timeout: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let errors = io::stderr();
    let mut files = [PollFd::new(&errors, PollFlags::OUT)];
    let timeout = Timespec::try_from(timeout).ok();
    !matches!(poll(&mut files, timeout.as_ref()), Ok(0))
}

/// Whether standard error takes anything within this time.
#[cfg(not(unix))]
pub(super) fn can_say(_: Duration) -> bool {
    true
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

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

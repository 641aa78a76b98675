//! Ending a capture from outside.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::types::Timestamp;

#[cfg(unix)]
pub(super) use wake::Stoppable;
#[cfg(libpcap)]
pub(super) use wake::wait;

/// Ends the captures that were given a clone of it, even while they wait for
/// packets. Made for signal handlers' threads.
///
/// ```
/// use wsdump::capture::{Capture, Input, Step, Stop};
/// let stop = Stop::new()?;
/// let mut capture = Capture::open(vec![Input::Stdin]).stopped_by(stop.clone());
/// std::thread::spawn(move || stop.stop());
/// while !matches!(capture.next(), Step::End) {}
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug)]
pub struct Stop(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    stopped: OnceLock<Option<Timestamp>>,
    #[cfg(unix)]
    wake: wake::Wake,
}

impl Stop {
    /// One that has not been used.
    ///
    /// # Errors
    /// When the process has no file descriptors left.
    pub fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(Inner {
            stopped: OnceLock::new(),
            #[cfg(unix)]
            wake: wake::Wake::new()?,
        })))
    }

    /// Ends the captures.
    pub fn stop(&self) {
        self.0.stopped.get_or_init(now);
        #[cfg(unix)]
        self.0.wake.wake();
    }

    /// Whether they are to end.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.get().is_some()
    }

    /// When they were first told to end, by the clock of the system.
    pub fn time(&self) -> Option<Timestamp> {
        self.0.stopped.get().copied().flatten()
    }
}

/// The time by the clock of the system.
pub(super) fn now() -> Option<Timestamp> {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(passed.as_nanos()).ok().map(Timestamp::from_nanoseconds)
}

/// Waits for so long, or until the captures are to end, which is an error.
pub(super) fn pause(stop: Option<&Stop>, time: Duration) -> io::Result<()> {
    match stop {
        #[cfg(unix)]
        Some(stop) => stop.wait(std::iter::empty(), Some(time)).map(|_| ())?,
        _ => std::thread::sleep(time),
    }
    match stop {
        Some(stop) if stop.is_stopped() => Err(stopped()),
        _ => Ok(()),
    }
}

/// What readers say that are to wait no more.
fn stopped() -> io::Error {
    io::Error::other("stopped")
}

/// Can be read once it is used.
#[cfg(unix)]
impl std::os::fd::AsFd for Stop {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.wake.as_fd()
    }
}

#[cfg(unix)]
mod wake {
    use std::fs::File;
    use std::io::{self, Read, Write};
    use std::iter;
    use std::os::fd::{AsFd, BorrowedFd};
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    use super::super::nothing_yet::NothingYet;
    use super::{Stop, stopped};

    /// A pair of sockets: one byte in the first makes the second readable for
    /// good.
    #[derive(Debug)]
    pub(super) struct Wake {
        writer: UnixStream,
        reader: UnixStream,
    }

    impl Wake {
        pub(super) fn new() -> io::Result<Self> {
            let (writer, reader) = UnixStream::pair()?;
            // When it is full, it has been used more than enough.
            writer.set_nonblocking(true)?;
            Ok(Self { writer, reader })
        }

        pub(super) fn wake(&self) {
            let _ = (&self.writer).write(&[1]);
        }
    }

    impl AsFd for Wake {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.reader.as_fd()
        }
    }

    impl Stop {
        /// Waits until one of `files` can be read, the captures are to end, or
        /// `timeout` has passed. Whether one can be read.
        pub(in super::super) fn wait<'a>(
            &'a self,
            files: impl Iterator<Item = BorrowedFd<'a>>,
            timeout: Option<Duration>,
        ) -> io::Result<bool> {
            let readable = wait(iter::once(self.as_fd()).chain(files), timeout)?;
            Ok(readable.iter().skip(1).any(|&readable| readable))
        }
    }

    /// Waits until one of `files` can be read, or `timeout` has passed. For each
    /// whether it can be.
    pub(in super::super) fn wait<'a>(
        files: impl Iterator<Item = BorrowedFd<'a>>,
        timeout: Option<Duration>,
    ) -> io::Result<Vec<bool>> {
        let mut waiting: Vec<PollFd<'_>> =
            files.map(|file| PollFd::from_borrowed_fd(file, PollFlags::IN)).collect();
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match poll(&mut waiting, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(waiting.iter().map(|file| !file.revents().is_empty()).collect())
    }

    /// How long a reader waits before it says so.
    const WAIT_TIME: Duration = Duration::from_millis(50);

    /// A file whose reader waits no longer than until it is stopped, and says
    /// [`NothingYet`] now and then.
    pub(in super::super) struct Stoppable {
        file: File,
        stop: Stop,
    }

    impl Stoppable {
        pub(in super::super) fn new(file: File, stop: Stop) -> Self {
            Self { file, stop }
        }
    }

    impl Read for Stoppable {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let can_read = self.stop.wait([self.file.as_fd()].into_iter(), Some(WAIT_TIME))?;
            if self.stop.is_stopped() {
                return Err(stopped());
            }
            if !can_read {
                return Err(NothingYet::error());
            }
            match self.file.read(out) {
                // Somebody else has taken it.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(NothingYet::error()),
                result => result,
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::fd::OwnedFd;

    use super::super::nothing_yet::NothingYet;
    use super::super::testing::{Builder, Folder};
    use super::super::{Capture, Input, Step};
    use super::*;

    #[test]
    fn a_reader_that_waits_is_stopped() {
        let (reader, mut writer) = io::pipe().unwrap();
        let stop = Stop::new().unwrap();
        let file = File::from(OwnedFd::from(reader));
        let mut stoppable = Stoppable::new(file, stop.clone());
        let mut bytes = [0; 2];
        writer.write_all(b"ab").unwrap();
        assert_eq!(stoppable.read(&mut bytes).unwrap(), 2);
        let says_nothing = |result: io::Result<usize>| NothingYet::is(&result.unwrap_err());
        assert!(says_nothing(stoppable.read(&mut bytes)));
        let waiting = std::thread::spawn(move || while says_nothing(stoppable.read(&mut bytes)) {});
        stop.stop();
        stop.stop();
        waiting.join().unwrap();
    }

    #[test]
    fn a_stopped_capture_ends_and_stays_so() {
        let folder = Folder::new();
        let path = folder.write("a", &Builder::usual_pcap().record(1, 2, b"one").bytes);
        let stop = Stop::new().unwrap();
        let mut capture = Capture::open(vec![Input::File(path)]).stopped_by(stop.clone());
        assert!(matches!(capture.next(), Step::Starved));
        stop.stop();
        assert!(matches!(capture.next(), Step::End));
        assert!(matches!(capture.next(), Step::End));
    }
}

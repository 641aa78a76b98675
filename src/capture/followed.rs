//! A file that grows.

use std::fs::File;
use std::io::{self, Read};
use std::time::Duration;

use super::nothing_yet::NothingYet;
use super::stop::{Stop, pause};

/// How often it is looked whether there is more. What tells of changes at once
/// does not on every file system, and misses writing through a mapping.
const LOOK_TIME: Duration = Duration::from_millis(20);

/// Reads a regular file that others write to, and has no end: at the end of
/// what is there it says [`NothingYet`].
///
/// The file stays the same one, also where it is removed or renamed. A file
/// that becomes shorter than what was read of it is another capture, and an
/// error.
pub(super) struct Followed {
    file: File,
    /// Bytes read so far.
    read: u64,
    stop: Option<Stop>,
}

impl Followed {
    pub(super) fn new(file: File, stop: Option<Stop>) -> Self {
        Self { file, read: 0, stop }
    }

    /// What is there, be it nothing.
    fn take(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(out)?;
        self.read += count as u64;
        if count == 0 && self.file.metadata()?.len() < self.read {
            return Err(io::Error::other(
                "the file has become shorter: it was cut, or another capture is written there",
            ));
        }
        Ok(count)
    }
}

impl Read for Followed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut count = self.take(out)?;
        if count == 0 {
            pause(self.stop.as_ref(), LOOK_TIME)?;
            count = self.take(out)?;
        }
        if count == 0 { Err(NothingYet::error()) } else { Ok(count) }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write;
    use std::path::Path;

    use super::super::testing::{Builder, Folder};
    use super::super::{Capture, Input, Step};

    /// What comes until there is nothing more: `.` is a packet, `!` a problem.
    fn seen(capture: &mut Capture) -> String {
        let mut seen = String::new();
        let mut waits = 0;
        // One to open it, and some that take it further, though to no packet.
        while waits < 5 {
            match capture.next() {
                Step::Packet(..) => seen.push('.'),
                Step::Problem(error) => seen += &format!("! {}", error.kind),
                Step::Starved => {
                    waits += 1;
                    continue;
                }
                Step::Idle(_) | Step::Secrets(_) => {}
                Step::End => return seen + "$",
            }
            waits = 0;
        }
        seen
    }

    fn append(path: &Path, bytes: &[u8]) {
        OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
    }

    #[test]
    fn what_is_written_comes_byte_by_byte_too() {
        let folder = Folder::new();
        let path = folder.write("growing", b"");
        let bytes = Builder::usual_pcap().record(1, 0, b"one").record(2, 0, b"two").bytes;
        let mut capture = Capture::open(vec![Input::Followed(path.clone())]);
        assert_eq!(seen(&mut capture), "");
        assert!(capture.is_endless() && capture.may_wait() && capture.size().is_none());
        for &byte in &bytes[..bytes.len() - 1] {
            append(&path, &[byte]);
        }
        assert_eq!(seen(&mut capture), ".");
        append(&path, &bytes[bytes.len() - 1..]);
        assert_eq!(seen(&mut capture), ".");
        capture.end();
        assert_eq!(seen(&mut capture), "$");
    }

    #[test]
    fn a_file_that_is_removed_is_followed_on() {
        let folder = Folder::new();
        let path = folder.write("growing", &Builder::usual_pcap().record(1, 0, b"one").bytes);
        let mut writer = OpenOptions::new().append(true).open(&path).unwrap();
        let mut capture = Capture::open(vec![Input::Followed(path.clone())]);
        assert_eq!(seen(&mut capture), ".");
        fs::remove_file(path).unwrap();
        writer.write_all(&Builder::usual_pcap().record(2, 0, b"two").bytes[24..]).unwrap();
        assert_eq!(seen(&mut capture), ".");
    }

    #[test]
    fn a_file_that_becomes_shorter_ends_it() {
        let folder = Folder::new();
        let bytes = Builder::usual_pcap().record(1, 0, b"one").bytes;
        let path = folder.write("growing", &bytes);
        let mut capture = Capture::open(vec![Input::Followed(path.clone())]);
        assert_eq!(seen(&mut capture), ".");
        OpenOptions::new().write(true).open(&path).unwrap().set_len(30).unwrap();
        let told = seen(&mut capture);
        assert!(
            told.starts_with("! cannot be read at byte 43: the file has become shorter"),
            "{told}"
        );
        assert!(told.ends_with('$') && told.matches('!').count() == 1, "{told}");
    }

    #[test]
    fn what_is_no_regular_file_is_not_followed() {
        let folder = Folder::new();
        for (path, words) in [
            (folder.path().to_owned(), "! is a folder"),
            (folder.path().join("missing"), "! there is no such file"),
            #[cfg(unix)]
            ("/dev/null".into(), "! is no regular file"),
        ] {
            let told = seen(&mut Capture::open(vec![Input::Followed(path)]));
            assert!(told.starts_with(words) && told.ends_with('$'), "{told}");
        }
    }

    /// A member at a time, and what its bytes decide.
    #[test]
    fn compressed_files_grow_too() {
        let packet = |number| Builder::usual_pcap().record(number, 0, &[7; 5000]).bytes;
        let parts = [packet(1), packet(2)[24..].to_vec()];
        let gzip = |bytes: &[u8]| {
            let level = flate2::Compression::default();
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 3).unwrap();
        let folder = Folder::new();
        for parts in
            [parts.each_ref().map(|part| gzip(part)), parts.each_ref().map(|part| zstd(part))]
        {
            let path = folder.write("growing", &parts[0]);
            let mut capture = Capture::open(vec![Input::Followed(path.clone())]);
            assert_eq!(seen(&mut capture), ".");
            append(&path, &parts[1][..20]);
            assert_eq!(seen(&mut capture), "");
            append(&path, &parts[1][20..]);
            assert_eq!(seen(&mut capture), ".");
        }
    }
}

//! Where captures come from.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::ErrorKind;
use super::compression::Raw;
use super::followed::Followed;
use super::stop::Stop;
#[cfg(unix)]
use super::stop::Stoppable;

/// One input of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file, or anything else that a path opens: a FIFO, `/dev/fd/63`.
    File(PathBuf),
    /// A regular file that is still written to. It has no end: where there is no
    /// more, or no whole record, that is waited for.
    Followed(PathBuf),
    /// Standard input.
    Stdin,
}

impl Input {
    /// The input's name in what is found there: the path, or `-`.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) | Self::Followed(path) => path.display().to_string(),
            Self::Stdin => "-".into(),
        }
    }

    /// The input's name in a sentence.
    pub(super) fn title(&self) -> String {
        match self {
            Self::File(path) | Self::Followed(path) => path.display().to_string(),
            Self::Stdin => "standard input".into(),
        }
    }

    /// Bytes that there are to read; `None` where only reading tells. Nothing
    /// will come of what cannot be read.
    pub(super) fn size(&self) -> Option<u64> {
        let Self::File(path) = self else {
            return None;
        };
        match path.metadata() {
            Ok(metadata) if metadata.is_file() => Some(metadata.len()),
            Ok(metadata) if !metadata.is_dir() => None,
            Ok(_) | Err(_) => Some(0),
        }
    }

    /// Opens it; for a FIFO this waits until someone writes there. What may
    /// keep a reader waiting ends when `stop` says so.
    pub(super) fn open(&self, stop: Option<&Stop>) -> Result<Opened, ErrorKind> {
        match self {
            Self::File(path) => open_file(path, stop),
            Self::Followed(path) => open_followed(path, stop),
            Self::Stdin => Ok(Opened { raw: open_stdin(stop), size: None }),
        }
    }
}

/// A command-line argument: `-` is standard input.
impl From<&OsStr> for Input {
    fn from(argument: &OsStr) -> Self {
        if argument == "-" { Self::Stdin } else { Self::File(argument.into()) }
    }
}

/// An input that can be read.
pub(super) struct Opened {
    /// Its bytes.
    pub(super) raw: Raw,
    /// The size of a regular file, which can be closed, opened again and read
    /// from its beginning.
    pub(super) size: Option<u64>,
}

#[cfg(unix)]
fn open_stdin(stop: Option<&Stop>) -> Raw {
    use std::os::fd::AsFd;

    // The one of the standard library reads ahead, which waiting cannot see.
    match io::stdin().as_fd().try_clone_to_owned() {
        Ok(stdin) => stoppable(File::from(stdin), stop),
        Err(_) => Box::new(io::stdin()),
    }
}

#[cfg(not(unix))]
fn open_stdin(_: Option<&Stop>) -> Raw {
    Box::new(io::stdin())
}

/// A FIFO is opened before somebody writes there, so that waiting for it can be
/// stopped. Elsewhere than on Linux one that nobody has opened looks as if it
/// had ended.
#[cfg(target_os = "linux")]
fn open_without_waiting(path: &Path, stop: Option<&Stop>) -> io::Result<File> {
    use std::fs::OpenOptions;
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::fs::OFlags;

    let mut options = OpenOptions::new();
    if stop.is_some() {
        options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    }
    options.read(true).open(path)
}

#[cfg(not(target_os = "linux"))]
fn open_without_waiting(path: &Path, _: Option<&Stop>) -> io::Result<File> {
    File::open(path)
}

/// Reads `file`, which may keep its reader waiting.
fn stoppable(file: File, stop: Option<&Stop>) -> Raw {
    match stop {
        #[cfg(unix)]
        Some(stop) => Box::new(Stoppable::new(file, stop.clone())),
        _ => Box::new(file),
    }
}

fn open_file(path: &Path, stop: Option<&Stop>) -> Result<Opened, ErrorKind> {
    let opened = open_without_waiting(path, stop).and_then(|file| Ok((file.metadata()?, file)));
    match opened {
        Ok((metadata, _)) if metadata.is_dir() => Err(ErrorKind::Folder),
        Ok((metadata, file)) if metadata.is_file() => {
            Ok(Opened { raw: Box::new(file), size: Some(metadata.len()) })
        }
        Ok((_, file)) => Ok(Opened { raw: stoppable(file, stop), size: None }),
        Err(error) => Err(refused(path, error)),
    }
}

fn open_followed(path: &Path, stop: Option<&Stop>) -> Result<Opened, ErrorKind> {
    let metadata = path.metadata().map_err(|error| refused(path, error))?;
    if metadata.is_dir() {
        return Err(ErrorKind::Folder);
    }
    // To open a FIFO may take for ever.
    if !metadata.is_file() {
        return Err(ErrorKind::NotToBeFollowed);
    }
    let file = File::open(path).map_err(|error| refused(path, error))?;
    Ok(Opened { raw: Box::new(Followed::new(file, stop.cloned())), size: None })
}

fn refused(path: &Path, error: io::Error) -> ErrorKind {
    match error.kind() {
        // Some systems refuse to open a folder, as a lack of permission.
        _ if path.is_dir() => ErrorKind::Folder,
        io::ErrorKind::NotFound => ErrorKind::Missing,
        io::ErrorKind::PermissionDenied => ErrorKind::Permission,
        _ => ErrorKind::Open(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dash_is_standard_input() {
        assert_eq!(Input::from(OsStr::new("-")), Input::Stdin);
        assert_eq!(Input::from(OsStr::new("./-")), Input::File("./-".into()));
    }
}

//! Which files are read.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::error::ErrorKind;

use super::Refusal;
use crate::capture::{Capture, Input};

/// The files of a capture.
#[derive(Debug, Args)]
pub(in crate::cli) struct Inputs {
    /// Capture files; `-` is standard input. Several are one capture, merged
    /// by packet time
    #[arg(value_name = "FILE")]
    pub(in crate::cli) files: Vec<PathBuf>,

    /// Read FILE, as tcpdump and tshark say it
    #[arg(short = 'r', long, value_name = "FILE")]
    pub(in crate::cli) read: Vec<PathBuf>,
}

impl Inputs {
    /// The capture that they are.
    pub(in crate::cli) fn open(&self) -> Capture {
        Capture::open(self.paths().map(|path| Input::from(path.as_os_str())).collect())
    }

    /// All of them, in the order of the command line.
    pub(in crate::cli) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.read.iter().chain(&self.files)
    }

    /// Why they cannot be read, if that is certain.
    pub(super) fn refused(&self) -> Option<Refusal> {
        let is_repeated = self.paths().filter(|path| *path == Path::new("-")).count() > 1;
        is_repeated.then_some((ErrorKind::ArgumentConflict, "standard input can be read only once"))
    }

    /// The same where there must be some.
    pub(super) fn missing(&self) -> Option<Refusal> {
        let is_missing = self.paths().next().is_none();
        let missing = is_missing.then_some((
            ErrorKind::MissingRequiredArgument,
            "name a capture file, or '-' for standard input",
        ));
        missing.or_else(|| self.refused())
    }
}

//! Captures that are made once and kept.

use std::fs::{self, File};
use std::io::{Error, Read, Result, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::captures::{Capture, VERSION, Workload};

/// What this program is told to have it make a capture.
pub(crate) const MAKE: &str = "make";

/// A capture.
pub(crate) struct Made {
    pub(crate) workload: Workload,
    pub(crate) path: PathBuf,
    /// Messages in it.
    pub(crate) messages: u64,
}

impl Made {
    /// A capture of about that size, made if there is none.
    pub(crate) fn new(workload: Workload, mib: u64) -> Result<Self> {
        let path = folder()?.join(format!("{}-{mib}.pcap", workload.name()));
        // Says what was made, so that a part of it is not taken for the whole.
        let stamp = path.with_extension("stamp");
        let known = fs::read_to_string(&stamp).ok().and_then(|stamp| messages(&stamp, &path));
        let messages = match known {
            Some(messages) => messages,
            None => {
                let messages = make_apart(workload, mib, &path)?;
                let length = fs::metadata(&path)?.len();
                fs::write(stamp, format!("{VERSION} {length} {messages}"))?;
                messages
            }
        };
        Ok(Self { workload, path, messages })
    }

    /// Writes it anew, so that it is in memory for whoever is measured next, in
    /// the large pieces of what was just written. Systems take back what nobody
    /// has read for some seconds, and what they read again lies in small ones,
    /// from which to copy takes up to twice as long.
    pub(crate) fn refresh(&self) -> Result<()> {
        let fresh = self.path.with_extension("fresh");
        let (mut from, mut to) = (File::open(&self.path)?, File::create(&fresh)?);
        // By hand, as `io::copy` may only have the file system refer to it.
        let mut block = vec![0; 1 << 20];
        loop {
            let length = from.read(&mut block)?;
            if length == 0 {
                break;
            }
            to.write_all(&block[..length])?;
        }
        // Nor is it written to disk while something is measured.
        to.sync_all()?;
        fs::rename(fresh, &self.path)
    }
}

/// Where all that is made is kept.
pub(crate) fn folder() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The number of messages, if the stamp is that of the capture.
fn messages(stamp: &str, path: &Path) -> Option<u64> {
    let mut numbers = stamp.split(' ').map(|number| number.parse::<u64>().ok());
    let mut next = || numbers.next().flatten();
    let (version, length, messages) = (next()?, next()?, next()?);
    let is_it = version == u64::from(VERSION) && length == fs::metadata(path).ok()?.len();
    is_it.then_some(messages)
}

/// Makes it in another process, since the memory of this one would be counted
/// as that of its later children.
fn make_apart(workload: Workload, mib: u64, path: &Path) -> Result<u64> {
    let size = (mib << 20).to_string();
    let output = Command::new(std::env::current_exe()?)
        .args([MAKE, workload.name(), &size])
        .arg(path)
        .stderr(Stdio::inherit())
        .output()?;
    let messages = String::from_utf8_lossy(&output.stdout).trim().parse::<u64>();
    messages.map_err(|_| Error::other(format!("{} could not be made", path.display())))
}

/// Makes a capture, and prints how many messages it has.
pub(crate) fn make(name: &str, size: &str, path: &Path) -> Result<()> {
    let workload = Workload::ALL.into_iter().find(|workload| workload.name() == name);
    let workload = workload.ok_or_else(|| Error::other(format!("what is {name}?")))?;
    let mut capture = Capture::create(path)?;
    let size = size.parse::<u64>().map_err(Error::other)?;
    let messages = workload.write(&mut capture, size)?;
    capture.finish()?;
    println!("{messages}");
    Ok(())
}

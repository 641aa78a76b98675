//! Processes, measured from outside.

use std::io::{BufRead, BufReader, Error, Read, Result};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4;

/// What a process took.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// Time of all its threads, and of the kernel for them.
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
    /// The most memory that it had, in bytes. What starts it must have less, as
    /// a child begins with the memory of its parent.
    pub(crate) peak: u64,
}

impl Cost {
    /// Runs a command to its end.
    pub(crate) fn of(command: &mut Command) -> Result<Self> {
        let begin = Instant::now();
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let used = child.wait4()?;
        let wall = begin.elapsed();
        if !used.status.success() {
            return Err(Error::other(format!("{command:?} failed: {}", used.status)));
        }
        let rusage = used.rusage;
        Ok(Self { cpu: rusage.utime + rusage.stime, wall, peak: rusage.maxrss })
    }
}

/// The median of each figure.
pub(crate) fn median(costs: &[Cost]) -> Cost {
    Cost {
        cpu: middle(costs.iter().map(|cost| cost.cpu)),
        wall: middle(costs.iter().map(|cost| cost.wall)),
        peak: middle(costs.iter().map(|cost| cost.peak)),
    }
}

/// The middle one in order of size.
pub(crate) fn middle<T: Ord + Default + Copy>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

pub(crate) fn wsdump() -> Command {
    Command::new(env!("CARGO_BIN_EXE_wsdump"))
}

/// The messages that wsdump shows, or, where they are not one a line, that it
/// says to have seen.
pub(crate) fn messages(arguments: &[&str], path: &Path) -> Result<u64> {
    const MESSAGE: &[u8] = b"{\"event\":\"message\"";
    let mut child = wsdump()
        .args(arguments)
        .arg("-v")
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut shown = 0;
    if let Some(output) = child.stdout.take() {
        let mut output = BufReader::with_capacity(1 << 20, output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line)? > 0 {
            shown += u64::from(line.starts_with(MESSAGE));
            line.clear();
        }
    }
    let mut notes = String::new();
    if let Some(mut errors) = child.stderr.take() {
        errors.read_to_string(&mut notes)?;
    }
    child.wait()?;
    let said = notes.split(", ").find_map(|part| {
        let number = part.strip_suffix(" messages")?;
        number.replace(',', "").parse::<u64>().ok()
    });
    Ok(if arguments.contains(&"json") { shown } else { said.unwrap_or(0) })
}

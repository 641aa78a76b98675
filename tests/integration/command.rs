//! Running the built program.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// What a run printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

/// The program with these arguments, in an environment that is the same
/// everywhere.
pub(crate) fn wsdump(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wsdump"));
    command
        .args(arguments)
        .env("TZ", "UTC")
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("SUDO_UID")
        .env_remove("SUDO_GID")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs it to its end.
pub(crate) fn run(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
    Ran::from(wsdump(arguments).output().unwrap())
}

/// Runs it with these bytes on standard input.
pub(crate) fn run_with_input(
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    input: &[u8],
) -> Ran {
    let mut child = wsdump(arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // It may stop reading before the end.
            let _ = stdin.write_all(input);
        });
        Ran::from(child.wait_with_output().unwrap())
    })
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code(),
        }
    }
}

impl Ran {
    /// What it printed, after making sure that nothing went wrong.
    #[track_caller]
    pub(crate) fn clean(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""));
        self.stdout
    }

    /// The events it printed.
    #[track_caller]
    pub(crate) fn events(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Sends a signal.
#[cfg(unix)]
pub(crate) fn kill(child: &Child, signal: &str) {
    // With the shell's own command, so that none need be installed.
    let kill = format!("kill -{signal} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// The recording of that name.
pub(crate) fn capture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(name)
}

/// How many recordings this project has made.
const RECORDINGS: usize = 38;

/// All recordings: the project's, or those in the folder that `WSDUMP_CAPTURES`
/// names, as `record-all` does for new ones.
pub(crate) fn captures() -> Vec<PathBuf> {
    let named = std::env::var_os("WSDUMP_CAPTURES");
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let folder = named.as_ref().map_or(own, PathBuf::from);
    let mut captures: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| matches!(path.extension().and_then(OsStr::to_str), Some("pcap" | "pcapng")))
        .collect();
    captures.sort();
    assert!(captures.len() >= if named.is_some() { 1 } else { RECORDINGS });
    captures
}

/// Those that give wsdump no cause to complain: no packet is missing, and no frame
/// broken.
pub(crate) fn faultless_captures() -> Vec<PathBuf> {
    let mut captures = captures();
    captures.retain(|path| {
        let head = head_of_log(path);
        head.get("lost_packets").is_none() && head["messages"] != "not logged"
    });
    captures
}

/// The first line of a recording's log, which is about the whole.
pub(crate) fn head_of_log(capture: &Path) -> Value {
    let log = std::fs::read_to_string(capture.with_extension("jsonl")).unwrap();
    serde_json::from_str(log.lines().next().unwrap()).unwrap()
}

/// A folder of this test's own, empty.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A file in such a folder.
pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Says that a test, or a part of it, is skipped for want of `feature`, and
/// why; fails instead where `WSDUMP_TEST_REQUIRE` names the feature.
#[track_caller]
pub(crate) fn skip(feature: &str, reason: &str) {
    let required = std::env::var("WSDUMP_TEST_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name == feature), "{feature} is required: {reason}");
    // Past the test harness, which keeps back what tests that pass print.
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let _ = writeln!(io::stderr(), "{test} is skipped, no {feature}: {reason}");
}

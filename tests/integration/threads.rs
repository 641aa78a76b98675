//! The output is the same with any number of threads.

use std::path::Path;

use crate::command::{captures, run, scratch};
use crate::made::{Capture, impaired};

/// What a run with so many threads prints, on both outputs, and its exit code.
fn ran(threads: &str, arguments: &[&str], path: &Path) -> (String, String, Option<i32>) {
    let path = path.to_str().unwrap();
    let ran = run([&["--threads", threads], arguments, &[path]].concat());
    (ran.stdout, ran.stderr, ran.code)
}

const THREADS: &[&str] = &["2", "3", "8"];

/// Nine are not all given shards, as 64 have no nine equal parts.
const MANY: &[&str] = &["9", "64"];

#[track_caller]
fn assert_same(threads: &[&str], arguments: &[&str], path: &Path) {
    let alone = ran("1", arguments, path);
    for threads in threads {
        let together = ran(threads, arguments, path);
        // Too much to be shown.
        assert!(alone == together, "{threads} threads, {arguments:?}, {}", path.display());
    }
}

const FORMS: &[&[&str]] = &[
    &["-T", "json", "--frames", "--sha256", "-v"],
    &["-T", "text", "-v"],
    &["-T", "table"],
    &["-T", "json", "-c", "5", "-v"],
];

#[test]
fn on_recordings() {
    for path in captures() {
        for arguments in FORMS {
            assert_same(THREADS, arguments, &path);
        }
    }
}

/// A capture in which much goes wrong, whatever the limits.
#[test]
fn on_what_is_impaired() {
    let path = scratch("threads").join("impaired.pcap");
    let mut capture = Capture::create(&path).unwrap();
    impaired(&mut capture).unwrap();
    capture.finish().unwrap();
    for arguments in FORMS {
        assert_same(THREADS, arguments, &path);
    }
    for limits in [
        ["--limit=memory=100KiB", "--limit=reorder-total=20KiB"],
        ["--limit=memory=2MiB", "--limit=conversations=7"],
        ["--limit=memory=0", "--limit=reorder-total=0"],
    ] {
        let arguments = [&["-T", "json", "-v"], &limits[..]].concat();
        assert_same(THREADS, &arguments, &path);
        assert_same(MANY, &arguments, &path);
    }
    let (_, told, _) = ran(
        "1",
        &["-T", "json", "-v", "--limit=memory=100KiB", "--limit=reorder-total=20KiB"],
        &path,
    );
    assert!(told.contains("limit"), "{told}");
}

/// Text has a line for each day, whoever says something first on it.
#[test]
fn on_a_new_day() {
    // Two recordings as one capture, made on different days or not.
    let paths = captures();
    let mut arguments = vec!["-T", "text"];
    arguments.extend(paths.iter().skip(1).step_by(5).map(|path| path.to_str().unwrap()));
    assert_same(THREADS, &arguments, &paths[0]);
}

//! The output is the same with any number of threads.

use std::path::Path;

use crate::command::{captures, run, scratch};
use crate::made::{Capture, Connection, Side, frame, impaired};

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

/// Events larger than what is handed over at once, and more tasks than three
/// periods, at the ends of which is decided who has to give up memory.
#[test]
fn on_what_is_large() {
    let path = scratch("threads").join("large.pcap");
    let mut capture = Capture::create(&path).unwrap();
    let mut connections: Vec<Connection> = Vec::new();
    for number in 0..6 {
        let mut connection = Connection::open(&mut capture, number).unwrap();
        connection.upgrade(&mut capture, false).unwrap();
        connections.push(connection);
    }
    let small = frame(0x81, Side::Server, b"[1, 2]");
    for round in 0..3 {
        let text = format!("[{}{round}]", "1, ".repeat(600_000));
        let large = frame(0x81, Side::Server, text.as_bytes());
        for piece in large.chunks(1400) {
            for connection in &mut connections[2 * round..2 * round + 2] {
                connection.send(&mut capture, Side::Server, piece).unwrap();
            }
        }
        for number in 0..6000 {
            // Some are silent for longer than others.
            let connection = &mut connections[(2 * round + number % 5) % 6];
            connection.send(&mut capture, Side::Server, &small).unwrap();
        }
    }
    capture.finish().unwrap();
    let (shown, ..) = ran("1", &["-T", "json"], &path);
    assert!(shown.lines().any(|line| line.len() > 1 << 20));
    for limit in ["memory=96MiB", "memory=5MiB"] {
        let arguments = ["-T", "json", "-v", "--limit", limit];
        assert_same(&["2", "9"], &arguments, &path);
    }
    let (_, told, _) = ran("1", &["-T", "json", "--limit=memory=5MiB"], &path);
    assert!(told.contains("gave up"), "{told}");
}

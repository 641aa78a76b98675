//! The output is the same with any number of threads.

use std::path::Path;
use std::time::Duration;

use crate::command::{captures, run, scratch};
use crate::made::{Capture, Connection, Deflater, Header, Random, Side, frame, impaired, json};

/// What a run with so many threads prints, on both outputs, and its exit code.
fn ran(threads: &str, arguments: &[&str], path: &Path) -> (String, String, Option<i32>) {
    let path = path.to_str().unwrap();
    let ran = run([&["--threads", threads], arguments, &[path]].concat());
    (ran.stdout, ran.stderr, ran.code)
}

const THREADS: &[&str] = &["2", "3", "8"];

/// Nine are not given equally many shards, as 64 have no nine equal parts.
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
    for time in ["epoch", "relative", "delta"] {
        assert_same(THREADS, &["--time", time], &path);
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

/// Conversations enough for every worker to have some.
fn some(capture: &mut Capture) -> Vec<Connection> {
    let mut connections: Vec<_> =
        (0..24).map(|number| Connection::on_ethernet(number, 80)).collect();
    for connection in &mut connections {
        connection.dial(capture).unwrap();
    }
    connections
}

/// Text tells who a connection is between where it begins, also where others
/// begin in the meantime, and where nothing ends it.
#[test]
fn where_handshakes_are_refused() {
    let path = scratch("refused").join("refused.pcap");
    let mut capture = Capture::create(&path).unwrap();
    let mut connections = some(&mut capture);
    for _ in 0..2 {
        for connection in &mut connections {
            connection.be_refused(&mut capture).unwrap();
        }
    }
    for number in 0..3 {
        for connection in &mut connections {
            for side in [Side::Client, Side::Server] {
                let text = format!("{{\"number\": {number}, \"text\": \"as if it were not\"}}");
                let bytes = frame(Header::TEXT, side, text.as_bytes());
                connection.send(&mut capture, side, &bytes).unwrap();
            }
        }
    }
    capture.finish().unwrap();
    let (text, _, _) = ran("1", &["-T", "text"], &path);
    let count = |what: &str| text.matches(what).count();
    assert_eq!(count("  403 Forbidden"), 2 * connections.len());
    assert_eq!(count("  handshake not in the capture"), connections.len(), "{text}");
    assert_eq!(count(" → 10.0.0.1:80"), 3 * connections.len());
    for arguments in [&["-T", "text"][..], &["-T", "text", "--frames", "--limit=memory=0"]] {
        assert_same(THREADS, arguments, &path);
        assert_same(MANY, arguments, &path);
    }
}

/// Text has a line for each day, whoever says something first on it.
#[test]
fn on_a_new_day() {
    let path = scratch("days").join("days.pcap");
    let mut capture = Capture::create(&path).unwrap();
    let mut connections = some(&mut capture);
    for connection in &mut connections {
        connection.upgrade(&mut capture, false).unwrap();
    }
    for _ in 0..6 {
        for (number, connection) in connections.iter_mut().enumerate() {
            // Nobody is silent for a day.
            capture.wait(Duration::from_secs(50 * 60));
            let side = [Side::Client, Side::Server][number % 2];
            let bytes = frame(Header::TEXT, side, b"still here");
            connection.send(&mut capture, side, &bytes).unwrap();
        }
    }
    capture.finish().unwrap();
    let (text, _, _) = ran("1", &["-T", "text"], &path);
    let days: Vec<_> = text.lines().filter(|line| line.starts_with("2023-11-")).collect();
    let (introductions, days) = days.split_at(connections.len());
    assert!(introductions.iter().all(|line| line.starts_with("2023-11-14 22:13:20.")), "{text}");
    let expected = ["2023-11-15", "2023-11-16", "2023-11-17", "2023-11-18", "2023-11-19"];
    assert_eq!(days, expected);
    assert_same(THREADS, &["-T", "text"], &path);
    assert_same(MANY, &["-T", "text"], &path);
}

/// Events larger than what is handed over at once, and more tasks than three
/// periods, at the ends of which is decided who has to give up memory.
#[test]
fn on_what_is_large() {
    let path = scratch("large").join("large.pcap");
    let mut capture = Capture::create(&path).unwrap();
    let mut connections: Vec<Connection> = Vec::new();
    for number in 0..6 {
        let mut connection = Connection::open(&mut capture, number).unwrap();
        connection.upgrade(&mut capture, false).unwrap();
        connections.push(connection);
    }
    let small = frame(Header::TEXT, Side::Server, b"[1, 2]");
    for round in 0..3 {
        let text = format!("[{}{round}]", "1, ".repeat(600_000));
        let large = frame(Header::TEXT, Side::Server, text.as_bytes());
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

/// Few connections have nearly all of the work, others in each round, so that
/// shards move between workers: in the middle of compressed messages, which
/// refer to earlier ones.
#[test]
fn where_the_work_moves() {
    let path = scratch("moves").join("moves.pcap");
    let mut capture = Capture::create(&path).unwrap();
    let mut random = Random::new(7);
    let mut connections: Vec<_> = (0..16)
        .map(|number| {
            let connection = Connection::open(&mut capture, number).unwrap();
            (connection, Deflater::usual(), Vec::new())
        })
        .collect();
    let large = frame(Header::BINARY, Side::Server, &random.bytes(60_000));
    for round in 0..4 {
        for number in 0..32 {
            let busy = if number % 10 == 0 { 0..16 } else { 4 * round..4 * round + 4 };
            for (connection, deflater, rest) in &mut connections[busy] {
                let text = json(&mut random, 1000);
                let payload = deflater.message([text.as_bytes()]);
                let mut begun = frame(Header::TEXT | Header::RSV1, Side::Server, &payload);
                let next_rest = begun.split_off(begun.len() / 2);
                let bytes = [std::mem::replace(rest, next_rest), large.clone(), begun].concat();
                connection.send(&mut capture, Side::Server, &bytes).unwrap();
            }
        }
    }
    capture.finish().unwrap();
    for limit in ["memory=96MiB", "memory=300KiB"] {
        assert_same(&["2", "8"], &["-T", "json", "-v", "--limit", limit], &path);
    }
    let (shown, told, _) = ran("1", &["-T", "json", "--limit=memory=300KiB"], &path);
    assert!(shown.contains("\"not_inflated\":\"context lost\""));
    assert!(told.contains("gave up"), "{told}");
}

//! Forms of the text, and what is left out of it.

use std::path::Path;

use serde_json::Value;

use crate::command::{captures, run};

const CHAT: &str = "captures/tornado-chat.pcapng";

fn path(capture: &Path) -> String {
    capture.display().to_string()
}

/// The lines of a text that tell of an event, of which payloads are none.
fn told(text: &str) -> usize {
    text.lines().filter(|line| line.contains(" #")).filter(|line| !line.starts_with("    ")).count()
}

#[test]
fn compact_has_one_line_for_each_event() {
    for capture in captures() {
        let events = run(["-q", "-T", "json", &path(&capture)]).events();
        let compact = run(["-q", "--compact", "--time", "epoch", &path(&capture)]).stdout;
        let introduced = compact.lines().count() - events.len();
        let connections: std::collections::BTreeSet<_> =
            events.iter().map(|event| event["connection"].to_string()).collect();
        assert!(introduced <= connections.len(), "{}", path(&capture));
        assert!(compact.lines().all(|line| line.chars().count() <= 1_000), "{}", path(&capture));
    }
}

#[test]
fn a_line_is_cut_unless_it_is_to_be_full() {
    let [cut, full] = [&[][..], &["--full"]].map(|more| run([&["--compact", CHAT], more].concat()));
    let [cut, full] = [cut.clean(), full.clean()];
    assert!(cut.contains('…') && !full.contains('…'), "{cut}");
    let lines = cut.lines().zip(full.lines());
    assert!(lines.into_iter().all(|(cut, full)| cut.len() <= full.len() + '…'.len_utf8()));
    assert_eq!(cut.lines().count(), full.lines().count());
}

#[test]
fn long_payloads_are_shortened_and_full_shows_all() {
    let shortened = run([CHAT]).clean();
    let full = run(["--full", CHAT]).clean();
    assert!(shortened.contains(" (--full shows all)"), "{shortened}");
    assert!(!full.contains(" (--full shows all)"));
    assert!(full.lines().count() > shortened.lines().count());
    assert_eq!(told(&full), told(&shortened));
}

#[test]
fn bodies_are_below_the_same_lines() {
    let lines = |body: &str| run(["--body", body, CHAT]).clean();
    assert_eq!(lines("pretty"), run([CHAT]).clean());
    let none = lines("none");
    assert_eq!(none, run(["--payload", "none", CHAT]).clean());
    assert!(!none.lines().any(|line| line.starts_with("    ")), "{none}");
    let compact = lines("compact");
    let bodies = compact.lines().filter(|line| line.starts_with("    ")).count();
    let shown = run(["-T", "json", CHAT]).events();
    let has_body = |event: &&Value| {
        let is_told = event["opcode"] == "close";
        event["event"] == "message" && event["length"] != 0 && !is_told
    };
    // And a line for each that is shortened.
    let shortened = compact.matches(" (--full shows all)").count();
    assert_eq!(bodies - shortened, shown.iter().filter(has_body).count());
    assert_eq!(told(&compact), told(&none));
}

/// What is left out is told nowhere else, and nothing else is.
#[test]
fn pings_and_heartbeats_are_left_out() {
    let is_ping = |event: &Value| event["opcode"] == "ping" || event["opcode"] == "pong";
    let is_heartbeat = |event: &Value| is_ping(event) || event["app"]["heartbeat"] == true;
    let mut pings = 0;
    for capture in captures() {
        let json =
            |option: &str| run(["-q", "--frames", "-T", "json", option, &path(&capture)]).events();
        let all = run(["-q", "--frames", "-T", "json", &path(&capture)]).events();
        let without = |left_out: &dyn Fn(&Value) -> bool| -> Vec<Value> {
            all.iter().filter(|event| !left_out(event)).cloned().collect()
        };
        assert_eq!(json("--no-control"), without(&is_ping), "{}", path(&capture));
        let heartbeats = json("--no-heartbeats");
        assert_eq!(heartbeats, without(&is_heartbeat), "{}", path(&capture));
        pings += all.len() - json("--no-control").len();
    }
    assert!(pings > 0);
    let [one, four] = ["1", "4"]
        .map(|threads| run(["--no-heartbeats", "--compact", "--threads", threads, CHAT]).clean());
    assert_eq!(one, four);
}

/// The connection is introduced by what is shown of it first, and messages that are
/// not shown are not counted.
#[test]
fn what_is_left_out_counts_for_nothing() {
    let mid_stream = "captures/mid-stream.pcap";
    let [all, some] =
        [&[][..], &["--no-control"]].map(|more| run([&[mid_stream], more].concat()).clean());
    let introduced = |text: &str| text.matches("handshake not in the capture").count();
    assert_eq!(introduced(&some), introduced(&all));
    assert!(introduced(&some) > 0 && !some.contains(" pong "), "{some}");
    let counted = run(["-T", "json", "--no-control", "-c", "20", CHAT]).events();
    let messages: Vec<_> = counted.iter().filter(|event| event["event"] == "message").collect();
    assert_eq!(messages.len(), 20);
    assert!(messages.iter().all(|event| event["opcode"] != "ping" && event["opcode"] != "pong"));
    let ends = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.contains("  end ")).map(str::to_owned).collect()
    };
    assert_eq!(ends(&some), ends(&all));
}

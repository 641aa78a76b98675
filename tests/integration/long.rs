//! Payloads that are shown in pieces.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::{run, scratch, wsdump};
use crate::made::{Capture, Connection, Deflater, Header, Side, frame};

const LENGTH: usize = 3 << 20;

/// A capture of three messages: a long binary one, a long compressed text and
/// a short one that refers to it.
fn long(folder: &Path) -> PathBuf {
    let path = folder.join("long.pcap");
    let mut capture = Capture::create(&path).unwrap();
    let mut connection = Connection::open(&mut capture, 0).unwrap();
    let mut send = |from, bytes: &[u8]| connection.send(&mut capture, from, bytes).unwrap();
    send(Side::Client, &Header::new(Header::BINARY, LENGTH).bytes(Side::Client));
    send(Side::Client, &[0x37; LENGTH]);
    let mut deflater = Deflater::new();
    for text in [text(), "a text".into()] {
        let payload = deflater.message([text.as_bytes()]);
        send(Side::Server, &frame(Header::TEXT | Header::RSV1, Side::Server, &payload));
    }
    capture.finish().unwrap();
    path
}

fn text() -> String {
    "a text \u{1b} \"é\" ".repeat(LENGTH / 16)
}

fn messages(output: &str) -> Vec<Value> {
    let events = output.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["event"] == "message").collect()
}

#[test]
fn a_long_payload_is_on_one_line() {
    let path = long(&scratch("long"));
    let path = path.to_str().unwrap();
    let output = run(["-T", "json", path]).clean();
    assert_eq!(output.lines().count(), 5, "the handshake, three messages and the end");
    let shown = messages(&output);
    let base64 = shown[0]["base64"].as_str().unwrap();
    assert_eq!((base64.len(), &base64[..4]), (LENGTH.div_ceil(3) * 4, "AM0W"));
    assert!(shown[1]["text"] == text());
    assert_eq!(shown[2]["text"], "a text");

    let readable = run(["-T", "text", "--full", path]).clean();
    let line = readable.lines().find(|line| line.starts_with("    a text \\x1b")).unwrap();
    assert_eq!(line.trim_start(), text().replace('\x1b', "\\x1b"));
}

#[test]
fn it_is_whole_where_a_run_stops_after_it() {
    let path = long(&scratch("long-and-no-more"));
    let path = path.to_str().unwrap();
    let all = run(["-T", "json", path]).clean();
    for count in [1, 2] {
        let some = run(["-T", "json", "-c", &count.to_string(), path]).clean();
        assert_eq!(messages(&some).len(), count);
        assert!(all.starts_with(&some));
    }
}

#[test]
fn nobody_need_read_it_to_its_end() {
    let path = long(&scratch("long-unread"));
    let mut child = wsdump(["-T", "json"]).arg(&path).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut String::new()).unwrap();
    output.read_exact(&mut [0; 100_000]).unwrap();
    drop(output);
    let mut complaints = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
    assert_eq!((child.wait().unwrap().code(), complaints.as_str()), (Some(0), ""));
}

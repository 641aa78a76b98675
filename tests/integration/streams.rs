//! What arrives while it is read: pipes, and files that grow.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::command::{capture, run, scratch, wsdump};
use crate::live::Watch;
use crate::made::{Capture, Connection, Header, Side, frame};

/// A classic pcap file, as it is written: its header, then its records.
fn pieces(path: &Path) -> Vec<Vec<u8>> {
    let file = fs::read(path).unwrap();
    let (header, mut rest) = file.split_at(24);
    let mut pieces = vec![header.to_vec()];
    while !rest.is_empty() {
        let captured = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        let (record, after) = rest.split_at(16 + captured);
        pieces.push(record.to_vec());
        rest = after;
    }
    pieces
}

/// The lines that a run over the whole file prints, and the packet that makes
/// each known; those of the end not.
fn lines(path: &Path) -> BTreeMap<u64, Vec<String>> {
    let mut lines: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for line in run(["-T", "json", path.to_str().unwrap()]).clean().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let packet = event["packet"].as_u64().unwrap();
        lines.entry(packet).or_default().push(line.to_owned());
    }
    lines
}

/// Writes a recording piece by piece, each with the first half of the next
/// record, and waits for what its packets make known before it writes more:
/// what is told late would never come.
fn trickle(path: &Path, watch: &Watch, mut write: impl FnMut(&[u8])) {
    let expected = lines(path);
    let pieces = pieces(path);
    for (number, piece) in pieces.iter().enumerate() {
        let written = if number == 0 { 0 } else { piece.len() / 2 };
        let next = pieces.get(number + 1).map_or(&[][..], |next| &next[..next.len() / 2]);
        write(&[&piece[written..], next].concat());
        for line in expected.get(&(number as u64)).into_iter().flatten() {
            assert_eq!(&watch.line().1, line, "after packet {number}");
        }
    }
}

/// Recordings in which nothing waits for what comes later.
const RECORDINGS: [&str; 3] = ["handwritten.pcap", "websocketd.pcap", "jupyter-kernel-v1.pcap"];

#[test]
fn messages_come_out_of_a_pipe_at_once() {
    for name in RECORDINGS {
        let path = capture(name);
        let (reader, mut writer) = io::pipe().unwrap();
        let mut command = wsdump(["-T", "json", "-"]);
        let watch = Watch::spawn(command.stdin(reader));
        // It has a copy of the pipe's other end.
        drop(command);
        trickle(&path, &watch, |bytes| writer.write_all(bytes).unwrap());
        drop(writer);
        let (rest, said, code) = watch.finish();
        assert_eq!((rest, said.as_str(), code), (Vec::new(), "", Some(0)));
    }
}

/// A capture that ends behind a hole, with a message that waits for its bytes.
fn with_a_hole(folder: &Path) -> Vec<Vec<u8>> {
    let path = folder.join("hole.pcap");
    let mut capture = Capture::create(&path).unwrap();
    let mut connection = Connection::on_ethernet(0, 80);
    connection.dial(&mut capture).unwrap();
    connection.upgrade(&mut capture, false).unwrap();
    let say = |text: &str| frame(Header::TEXT, Side::Server, text.as_bytes());
    connection.send(&mut capture, Side::Server, &say("one")).unwrap();
    let two = say("two, whose end is not in the capture");
    let (begin, end) = two.split_at(12);
    connection.send(&mut capture, Side::Server, begin).unwrap();
    capture.unseen(|capture| connection.send(capture, Side::Server, end)).unwrap();
    connection.send(&mut capture, Side::Server, &say("three")).unwrap();
    // Which acknowledges them all.
    let yes = frame(Header::TEXT, Side::Client, b"yes");
    connection.send(&mut capture, Side::Client, &yes).unwrap();
    capture.finish().unwrap();
    pieces(&path)
}

/// The same as if it was captured at this moment.
fn now(pieces: &[Vec<u8>]) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let mut pieces = pieces.to_vec();
    for record in &mut pieces[1..] {
        record[..4].copy_from_slice(&(now.as_secs() as u32).to_le_bytes());
        record[4..8].copy_from_slice(&now.subsec_micros().to_le_bytes());
    }
    pieces.concat()
}

/// What is told of it in this turn, the end not.
const AFTER_A_HOLE: [&str; 6] =
    ["\"handshake\"", "\"one\"", "\"yes\"", "\"gap\"", "two, ", "\"three\""];

fn is_told_after_a_hole(watch: &Watch) {
    for words in AFTER_A_HOLE {
        let line = watch.line().1;
        assert!(line.contains(words), "{line}");
    }
}

/// What is lost is given up although nothing more comes; in what was recorded
/// time does not pass.
#[test]
fn a_hole_is_given_up_in_a_live_stream_only() {
    let folder = scratch("live-streams");
    let pieces = with_a_hole(&folder);
    let (_, mut file, follower) = follow("live-file", &[]);
    file.write_all(&now(&pieces)).unwrap();
    let [(live, mut live_writer), (recorded, mut recorded_writer)] = [(); 2].map(|()| {
        let (reader, writer) = io::pipe().unwrap();
        (Watch::spawn(wsdump(["-T", "json", "-"]).stdin(reader)), writer)
    });
    recorded_writer.write_all(&pieces.concat()).unwrap();
    for words in &AFTER_A_HOLE[..3] {
        assert!(recorded.line().1.contains(words));
    }
    live_writer.write_all(&now(&pieces)).unwrap();
    is_told_after_a_hole(&live);
    // The other has had more time to do so.
    recorded.signal("INT");
    let (rest, _, _) = recorded.finish();
    assert!(rest[0].contains("\"gap\"") && rest.len() == 4, "{rest:?}");
    drop(live_writer);
    assert_eq!(live.finish().0.len(), 1);

    is_told_after_a_hole(&follower);
    follower.signal("INT");
    assert_eq!(follower.finish().2, Some(0));
}

/// A file that something has just created, and the program following it.
fn follow(name: &str, arguments: &[&str]) -> (PathBuf, File, Watch) {
    let path = scratch(name).join("growing.pcap");
    let file = File::create(&path).unwrap();
    let arguments = [&["--follow-file", path.to_str().unwrap(), "-T", "json"], arguments].concat();
    let watch = Watch::spawn(&mut wsdump(arguments));
    (path, file, watch)
}

#[test]
fn messages_come_out_of_a_growing_file_at_once() {
    for (name, threads) in RECORDINGS.into_iter().zip(["1", "1", "3"]) {
        let path = capture(name);
        let (_, mut file, watch) = follow("growing", &["--threads", threads]);
        trickle(&path, &watch, |bytes| file.write_all(bytes).unwrap());
        watch.signal("INT");
        let (rest, said, code) = watch.finish();
        assert_eq!((rest, code), (Vec::new(), Some(0)), "{said}");
        assert!(said.starts_with("wsdump: ") && said.contains(" packets, "), "{said}");
        assert!(!said.contains("before the end of the input"), "{said}");
    }
}

/// In the middle of a conversation, and of a record.
#[test]
fn a_signal_ends_following_with_what_is_open() {
    for signal in ["INT", "TERM"] {
        let bytes = fs::read(capture("websocketd.pcap")).unwrap();
        let (_, mut file, watch) = follow("following", &[]);
        file.write_all(&bytes[..2000]).unwrap();
        assert!(watch.line().1.starts_with(r#"{"event":"handshake""#));
        watch.signal(signal);
        let (rest, said, code) = watch.finish();
        assert_eq!(code, Some(0), "{said}");
        assert!(rest.last().unwrap().contains(r#""state":"open""#), "{rest:?}");
        assert!(said.contains("1 WebSocket connection"), "{said}");
    }
}

#[test]
fn a_number_of_messages_ends_following() {
    let bytes = fs::read(capture("websocketd.pcap")).unwrap();
    let (_, mut file, watch) = follow("following-a-few", &["-c", "2"]);
    file.write_all(&bytes).unwrap();
    let (lines, said, code) = watch.finish();
    assert_eq!((lines.len(), code), (3, Some(0)), "{said}");
    assert!(said.contains(" 2 messages"), "{said}");
}

#[test]
fn a_duration_ends_following_even_when_nothing_comes() {
    let (_, _file, watch) = follow("following-for-long", &["--duration", "300ms"]);
    let (lines, said, code) = watch.finish();
    assert_eq!((lines.len(), code), (0, Some(0)), "{said}");
    assert!(said.contains("no WebSocket traffic: 0 packets"), "{said}");
}

#[test]
fn a_file_that_is_written_anew_is_told_and_ends_following() {
    let bytes = fs::read(capture("websocketd.pcap")).unwrap();
    let (path, mut file, watch) = follow("written-anew", &[]);
    file.write_all(&bytes[..2000]).unwrap();
    assert!(watch.line().1.starts_with(r#"{"event":"handshake""#));
    drop(File::create(path).unwrap());
    let (rest, said, code) = watch.finish();
    assert_eq!(code, Some(2), "{said}");
    assert!(rest.last().unwrap().contains(r#""state":"open""#), "{rest:?}");
    assert_eq!(said.matches("the file has become shorter").count(), 1, "{said}");
}

#[test]
fn a_file_that_is_renamed_or_removed_is_followed_on() {
    let bytes = fs::read(capture("websocketd.pcap")).unwrap();
    let (path, mut file, watch) = follow("removed", &[]);
    file.write_all(&bytes[..2000]).unwrap();
    assert!(watch.line().1.starts_with(r#"{"event":"handshake""#));
    let other = path.with_extension("old");
    fs::rename(&path, &other).unwrap();
    File::create(path).unwrap().write_all(b"another").unwrap();
    fs::remove_file(other).unwrap();
    file.write_all(&bytes[2000..]).unwrap();
    while !watch.line().1.contains(r#""event":"end""#) {}
    watch.signal("INT");
    assert_eq!(watch.finish().2, Some(0));
}

/// As `| head` does.
#[test]
fn following_ends_when_nobody_reads_any_more() {
    let path = scratch("unread").join("growing.pcap");
    let mut file = File::create(&path).unwrap();
    let (reader, writer) = io::pipe().unwrap();
    let mut command = wsdump(["--follow-file", path.to_str().unwrap()]);
    let mut child = command.stdout(writer).spawn().unwrap();
    drop(command);
    file.write_all(&fs::read(capture("handwritten.pcap")).unwrap()).unwrap();
    drop(reader);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let folder = scratch("not-followed");
    let fifo = folder.join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let (fifo, missing) = (fifo.to_str().unwrap(), folder.join("missing"));
    for (files, words) in [
        (vec!["-"], "what comes from standard input is shown as it comes"),
        (vec!["a", "b"], "follows one file: name that alone"),
        (vec![fifo], "is no regular file: what comes from there is shown as it comes"),
        (vec![folder.to_str().unwrap()], "is a folder"),
        (vec![missing.to_str().unwrap()], "there is no such file"),
        (vec!["-i", "lo"], "cannot be used with"),
    ] {
        let ran = run([&["--follow-file"], &files[..]].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{files:?}");
        assert!(ran.stderr.contains(words), "{files:?}: {}", ran.stderr);
    }
}

//! How far a run on files is, on a terminal made by `script`.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::command::{capture, scratch, skip};
use crate::made::{Capture, Connection, Header, Side, frame};

/// Longer than anything takes on a machine that works.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program on a terminal.
struct Shown {
    script: Child,
    pieces: Receiver<Vec<u8>>,
    text: String,
}

impl Shown {
    /// Runs a shell's command on a terminal. `None` where there is none.
    fn start(command: &str) -> Option<Self> {
        let script = Command::new("script")
            .args(["-qec", command, "/dev/null"])
            .env("TERM", "xterm")
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut script) = script else {
            skip("terminal", "there is no `script`");
            return None;
        };
        let mut terminal = script.stdout.take().unwrap();
        let (sender, pieces) = channel();
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = terminal.read(&mut piece) {
                if sender.send(piece[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Some(Self { script, pieces, text: String::new() })
    }

    /// Whether it has shown this, waiting so long for more.
    fn has_shown(&mut self, words: &str, wait: Duration) -> bool {
        match self.pieces.recv_timeout(wait) {
            Ok(piece) => self.text += &String::from_utf8_lossy(&piece),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => panic!("only this was shown: {:?}", self.text),
        }
        self.text.contains(words)
    }

    /// All that it shows to its end.
    fn finish(mut self) -> String {
        while let Ok(piece) = self.pieces.recv_timeout(PATIENCE) {
            self.text += &String::from_utf8_lossy(&piece);
        }
        assert!(self.script.wait().unwrap().success(), "{}", self.text);
        self.text
    }
}

const WSDUMP: &str = env!("CARGO_BIN_EXE_wsdump");

fn fifo(path: &Path) -> PathBuf {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    path.to_owned()
}

/// The header of a pcap file, and its records.
fn parts() -> (Vec<u8>, Vec<u8>) {
    let mut header = fs::read(capture("websocketd.pcap")).unwrap();
    let records = header.split_off(24);
    (header, records)
}

/// What the line is when it has been taken away: the terminal's order to erase
/// a line, and nothing behind it.
#[track_caller]
fn is_cleared(shown: &str) {
    let last = shown.rsplit_once("\x1b[2K").map(|(_, last)| last);
    assert_eq!(last, Some(""), "{shown:?}");
}

#[test]
fn a_pipe_that_is_read_for_long_shows_how_much_was_read() {
    let path = fifo(&scratch("progress-of-a-pipe").join("fifo"));
    let (header, records) = parts();
    let run = format!("{WSDUMP} {} >/dev/null", path.display());
    let Some(mut shown) = Shown::start(&run) else { return };
    let mut input = OpenOptions::new().write(true).open(&path).unwrap();
    input.write_all(&header).unwrap();
    while !shown.has_shown("/s, ", Duration::from_millis(1)) {
        input.write_all(&records).unwrap();
    }
    drop(input);
    let text = shown.finish();
    assert!(text.contains("iB, ") && text.contains(" messages"), "{text:?}");
    assert!(!text.contains(" left"), "{text:?}");
    is_cleared(&text);
}

#[test]
fn a_signal_takes_the_line_away() {
    let path = fifo(&scratch("progress-until-a-signal").join("fifo"));
    let (header, records) = parts();
    let run = format!("echo $$ >{0}.pid; exec {WSDUMP} {0} >/dev/null", path.display());
    let Some(mut shown) = Shown::start(&run) else { return };
    let mut input = OpenOptions::new().write(true).open(&path).unwrap();
    input.write_all(&header).unwrap();
    while !shown.has_shown("/s, ", Duration::from_millis(1)) {
        input.write_all(&records).unwrap();
    }
    let process = fs::read_to_string(path.with_extension("pid")).unwrap();
    let kill = format!("kill -INT {process}");
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    let text = shown.finish();
    let (line, said) = text.split_once("wsdump: stopped by a signal").expect(&text);
    is_cleared(line);
    assert!(!said.contains("/s, "), "{text:?}");
}

/// Reads results so slowly that it takes as long as is needed.
#[test]
fn files_show_the_time_that_is_left() {
    let path = scratch("progress-of-a-file").join("long.pcap");
    let mut file = Capture::create(&path).unwrap();
    let mut connection = Connection::open(&mut file, 0).unwrap();
    let message = frame(Header::BINARY, Side::Server, &[0xff; 32 << 10]);
    for _ in 0..512 {
        connection.send(&mut file, Side::Server, &message).unwrap();
    }
    file.finish().unwrap();
    // Through a pipe there would be no line.
    let results = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = results.local_addr().unwrap().port();
    let run = format!("{WSDUMP} -T json {} >/dev/tcp/127.0.0.1/{port}", path.display());
    let Some(mut shown) = Shown::start(&format!("bash -c '{run}'")) else { return };
    let (mut results, _) = results.accept().unwrap();
    let mut some = vec![0; 64 << 10];
    while !shown.has_shown(" s left, ", Duration::from_millis(10)) {
        assert!(results.read(&mut some).unwrap() > 0, "too short: {:?}", shown.text);
    }
    while results.read(&mut some).unwrap() > 0 {}
    let text = shown.finish();
    assert!(text.contains(" of 16 MiB, "), "{text:?}");
    is_cleared(text.split_once("wsdump: ").map_or(&*text, |(line, _)| line));
}

/// Feeds a run for longer than the line takes to come where it does.
fn feed_for_long(path: &Path) {
    let (header, records) = parts();
    let mut input = OpenOptions::new().write(true).open(path).unwrap();
    input.write_all(&header).unwrap();
    let start = std::time::Instant::now();
    while start.elapsed() < Duration::from_millis(1200) {
        input.write_all(&records).unwrap();
    }
}

#[test]
fn it_is_not_shown_where_nobody_wants_it() {
    let folder = scratch("no-progress");
    let path = fifo(&folder.join("fifo"));
    let errors = folder.join("errors");
    let file = path.display();
    let Some(quiet) = Shown::start(&format!("{WSDUMP} -q {file} >/dev/null")) else { return };
    feed_for_long(&path);
    assert_eq!(quiet.finish(), "");

    let command = format!("{WSDUMP} {file} >/dev/null 2>{}", errors.display());
    let elsewhere = Shown::start(&command).unwrap();
    feed_for_long(&path);
    assert_eq!(elsewhere.finish(), "");
    assert!(!fs::read_to_string(&errors).unwrap().contains("/s, "));

    // Results show how far it is.
    let results = Shown::start(&format!("{WSDUMP} -T table {file}")).unwrap();
    feed_for_long(&path);
    assert!(!results.finish().contains("/s, "));

    // A pager may be at the end of a pipe.
    let piped = Shown::start(&format!("{WSDUMP} -T table {file} | cat >/dev/null")).unwrap();
    feed_for_long(&path);
    assert!(!piped.finish().contains("/s, "));

    // A short run.
    let short = capture("tornado-chat.pcapng");
    let short = Shown::start(&format!("{WSDUMP} {} >/dev/null", short.display())).unwrap();
    assert_eq!(short.finish(), "");
}

//! Whether wsdump keeps up with a sender on loopback: `cargo bench --bench
//! live`, optionally with words of the names. Wants Linux, and root.
//!
//! It fails where packets are lost at a rate that must be borne, where losses
//! are not told, or where memory grows.

#![expect(clippy::print_stdout, reason = "this is what it is for")]

use std::fs;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Command, ExitCode, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use wait4::Wait4;

/// The memory promised, and the kernel's ring, which counts as the program's.
const PROMISED: u64 = (96 + 64) << 20;

/// How long each sender sends.
const TIME: Duration = Duration::from_secs(10);

/// Frames between two looks at the rate.
const BURST: usize = 20;

struct Subject {
    name: &'static str,
    /// Bytes of a message's payload.
    length: usize,
    /// Packets a second on loopback, acknowledgments included; as many as the
    /// sender makes where there is no such number.
    rate: Option<u64>,
    arguments: &'static [&'static str],
}

const SUBJECTS: &[Subject] = &[
    Subject { name: "small", length: 70, rate: Some(100_000), arguments: &["-T", "json"] },
    Subject { name: "small, as text", length: 70, rate: Some(100_000), arguments: &["-T", "text"] },
    Subject { name: "1 KB", length: 1000, rate: Some(100_000), arguments: &["-T", "json"] },
    Subject { name: "small, full speed", length: 70, rate: None, arguments: &["-T", "json"] },
    Subject {
        name: "large, full speed",
        length: 1 << 20,
        rate: None,
        arguments: &["-T", "json", "--payload", "none"],
    },
    Subject {
        name: "large, full speed, shown",
        length: 1 << 20,
        rate: None,
        arguments: &["-T", "json"],
    },
];

fn main() -> ExitCode {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    match measure(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("live: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(words: &[String]) -> Result<bool> {
    println!(
        "{:26} {:>9} {:>10} {:>10} {:>10} {:>9} {:>8} {:>9}",
        "sender", "packets/s", "MiB/s", "messages", "told", "dropped", "CPU s", "peak MiB"
    );
    let mut is_well = true;
    for subject in SUBJECTS {
        if words.is_empty() || words.iter().any(|word| subject.name.contains(word.as_str())) {
            is_well &= subject.measure()?;
        }
    }
    Ok(is_well)
}

impl Subject {
    fn measure(&self) -> Result<bool> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let watch = Watch::start(port, self.arguments)?;
        let server = serve(listener);
        let sent = self.send(port)?;
        server.join().map_err(|_| Error::other("the server failed"))??;
        let told = watch.finish()?;
        let rate = (sent.packets as f64 / sent.time.as_secs_f64()) as u64;
        let mib = (sent.messages * self.length as u64) as f64
            / sent.time.as_secs_f64()
            / f64::from(1 << 20);
        // At the rate that is borne, nothing may be missing. Beyond, what is
        // missing must be told.
        let is_complete = told.messages == sent.messages && told.dropped == 0;
        let is_told = told.messages == sent.messages || told.dropped > 0;
        let is_well = if self.rate.is_some() { is_complete } else { is_told };
        let is_flat = told.peak <= PROMISED;
        println!(
            "{:26} {rate:>9} {mib:>10.1} {:>10} {:>10} {:>9} {:>8.2} {:>9.1}{}{}",
            self.name,
            sent.messages,
            told.messages,
            told.dropped,
            told.cpu.as_secs_f64(),
            told.peak as f64 / f64::from(1 << 20),
            if is_well { "" } else { "  LOST" },
            if is_flat { "" } else { "  TOO MUCH" },
        );
        Ok(is_well && is_flat)
    }

    /// Connects and sends.
    fn send(&self, port: u16) -> Result<Sent> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        let (mut socket, _) = tungstenite::client(format!("ws://127.0.0.1:{port}/"), stream)
            .map_err(|error| Error::other(error.to_string()))?;
        let stream = socket.get_mut();
        let frame = frame(self.length);
        let (begin, before) = (Instant::now(), packets()?);
        let mut messages = 0;
        while begin.elapsed() < TIME {
            for _ in 0..if self.rate.is_some() { BURST } else { 1 } {
                stream.write_all(&frame)?;
                messages += 1;
            }
            if let Some(rate) = self.rate {
                let due = Duration::from_secs_f64((packets()? - before) as f64 / rate as f64);
                thread::sleep(due.saturating_sub(begin.elapsed()));
            }
        }
        let (time, packets) = (begin.elapsed(), packets()? - before);
        stream.shutdown(Shutdown::Write)?;
        Ok(Sent { messages, packets, time })
    }
}

struct Sent {
    messages: u64,
    packets: u64,
    time: Duration,
}

/// A masked frame with a text of digits.
fn frame(length: usize) -> Vec<u8> {
    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![0x81];
    match length {
        ..126 => frame.push(0x80 | length as u8),
        126..65536 => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&KEY);
    frame.extend((0..length).map(|at| (b'0' + (at % 10) as u8) ^ KEY[at % 4]));
    frame
}

/// Takes one connection and everything that comes.
fn serve(listener: TcpListener) -> JoinHandle<Result<()>> {
    thread::spawn(move || {
        let (stream, _) = listener.accept()?;
        let mut socket =
            tungstenite::accept(stream).map_err(|error| Error::other(error.to_string()))?;
        let mut buffer = vec![0; 1 << 20];
        let stream = socket.get_mut();
        while let 1.. = stream.read(&mut buffer)? {}
        Ok(())
    })
}

/// Packets that loopback has carried.
fn packets() -> Result<u64> {
    let text = fs::read_to_string("/sys/class/net/lo/statistics/rx_packets")?;
    text.trim().parse().map_err(|_| Error::from(ErrorKind::InvalidData))
}

/// The program while it watches.
struct Watch {
    child: Child,
    notes: BufReader<ChildStderr>,
}

/// What it told.
struct Told {
    messages: u64,
    dropped: u64,
    cpu: Duration,
    /// In bytes.
    peak: u64,
}

impl Watch {
    /// Starts it and waits until it captures.
    fn start(port: u16, arguments: &[&str]) -> Result<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wsdump"))
            .args(["-i", "lo", "-v", "--port", &port.to_string()])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let stderr = child.stderr.take().ok_or(ErrorKind::BrokenPipe)?;
        let mut watch = Self { child, notes: BufReader::new(stderr) };
        let mut said = String::new();
        while !said.contains("capturing on") {
            if watch.notes.read_line(&mut said)? == 0 {
                return Err(Error::other(said));
            }
        }
        Ok(watch)
    }

    /// Ends it.
    fn finish(mut self) -> Result<Told> {
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status()?;
        let mut said = String::new();
        self.notes.read_to_string(&mut said)?;
        let used = self.child.wait4()?;
        let number = |words: &str| {
            let before = said.split_once(words).map(|(before, _)| before);
            let number = before.and_then(|before| before.rsplit([' ', '\n']).next());
            number.and_then(|number| number.replace(',', "").parse().ok())
        };
        match (number(" messages"), number(" packets dropped by the kernel")) {
            (Some(messages), Some(dropped)) => Ok(Told {
                messages,
                dropped,
                cpu: used.rusage.utime + used.rusage.stime,
                peak: used.rusage.maxrss,
            }),
            _ => Err(Error::other(said)),
        }
    }
}

//! How much memory wsdump takes at its peak for captures that ask for much of
//! it: `cargo bench --bench memory`, optionally with words of their names.
//!
//! It fails where that is more than is promised, or where something of the
//! capture is not shown. Captures of 1 GiB are only made when one of the words
//! is `large`.

#![expect(clippy::print_stdout, reason = "this is what it is for")]

mod captures;

use std::fs::{self, File};
use std::io::{Read, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use captures::{Capture, Connection, Deflater, Header, Side, Workload, connections, frame};
use memchr::memmem;

/// Bytes of memory that a run with the default limits takes at the most.
const PROMISED: u64 = 128 << 20;

/// The same for traffic as it usually is, however much there is of it.
const PROMISED_USUALLY: u64 = 96 << 20;

const fn usual(arguments: &'static str) -> Run {
    Run { most: Some(PROMISED_USUALLY), ..promised(arguments) }
}

struct Subject {
    name: &'static str,
    /// Writes the capture; how many messages it holds.
    write: fn(&mut Capture) -> Result<u64>,
    runs: &'static [Run],
}

struct Run {
    arguments: &'static str,
    /// What is promised of its memory.
    most: Option<u64>,
    /// Some messages may be given up, which must be told.
    gives_up: bool,
}

const fn promised(arguments: &'static str) -> Run {
    Run { arguments, most: Some(PROMISED), gives_up: false }
}

const IDLE: &[Run] = &[usual("-T json")];

const USUAL: &[Run] =
    &[usual("-T json"), usual("-T json --threads 2"), promised("-T json --threads 8")];

const FORMATS: &[Run] = &[
    promised("-T json"),
    promised("-T json --payload base64"),
    promised("-T json --payload none"),
    promised("-T text"),
    promised("-T text --payload base64"),
    promised("-T table"),
    promised("-T json --threads 2"),
    promised("-T json --threads 8"),
];

const SUBJECTS: &[Subject] = &[
    Subject { name: "bomb", write: bomb, runs: FORMATS },
    Subject { name: "long message", write: long_message, runs: FORMATS },
    Subject {
        name: "many compressed connections",
        write: many_connections,
        runs: &[
            Run { arguments: "-T json", most: None, gives_up: true },
            Run { arguments: "-T text", most: None, gives_up: true },
            Run { arguments: "-T table", most: None, gives_up: true },
            Run { gives_up: true, ..promised("-T json --limit memory=8MiB") },
            Run { arguments: "-T json --limit memory=4GiB", most: None, gives_up: false },
        ],
    },
    Subject { name: "json", write: |to| Workload::Json.write(to, USUAL_SIZE), runs: USUAL },
    Subject { name: "ticks", write: |to| Workload::Ticks.write(to, USUAL_SIZE), runs: USUAL },
    Subject { name: "bulk", write: |to| Workload::Bulk.write(to, USUAL_SIZE), runs: USUAL },
    Subject { name: "deflate", write: |to| Workload::Deflate.write(to, USUAL_SIZE), runs: USUAL },
    Subject {
        name: "mixed-noise",
        write: |to| Workload::MixedNoise.write(to, USUAL_SIZE),
        runs: USUAL,
    },
    Subject { name: "large json", write: |to| Workload::Json.write(to, LARGE), runs: USUAL },
    Subject { name: "large ticks", write: |to| Workload::Ticks.write(to, LARGE), runs: USUAL },
    Subject { name: "large bulk", write: |to| Workload::Bulk.write(to, LARGE), runs: USUAL },
    Subject { name: "large deflate", write: |to| Workload::Deflate.write(to, LARGE), runs: USUAL },
    Subject {
        name: "large mixed-noise",
        write: |to| Workload::MixedNoise.write(to, LARGE),
        runs: USUAL,
    },
    Subject { name: FEW_IDLE, write: |to| connections(to, FEW), runs: IDLE },
    Subject { name: MANY_IDLE, write: |to| connections(to, MANY), runs: IDLE },
];

/// Bytes of a capture of usual traffic.
const USUAL_SIZE: u64 = 64 << 20;
const LARGE: u64 = 1 << 30;

/// Connections that are open at once and idle.
const FEW: u32 = 1_000;
const MANY: u32 = 100_000;
const FEW_IDLE: &str = "1,000 idle connections";
const MANY_IDLE: &str = "100,000 idle connections";

fn main() -> Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("memory");
    fs::create_dir_all(&folder)?;
    let mut code = ExitCode::SUCCESS;
    let (mut of_few, mut of_many) = (None, None);
    println!("{:60} {:>9} {:>17} {:>8}", "", "peak MiB", "messages", "seconds");
    for Subject { name, write, runs } in SUBJECTS {
        let is_asked = |name: &str| words.iter().any(|word| word == name);
        if !words.iter().all(|word| name.contains(word.as_str()))
            || name.starts_with("large") && !is_asked("large")
        {
            continue;
        }
        let path = folder.join("capture.pcap");
        let mut capture = Capture::create(&path)?;
        let messages = write(&mut capture)?;
        capture.finish()?;
        let mut noted = Vec::new();
        for run in *runs {
            let ran = Ran::of(run.arguments, &path, &folder.join("output"))?;
            let fault = ran.fault(run, messages);
            if fault.is_some() {
                code = ExitCode::FAILURE;
            }
            println!(
                "{name:28} {:31} {:>9} {:>17} {:>8.2}{}",
                run.arguments,
                ran.peak.map_or("?".to_owned(), |peak| format!("{:.1}", peak as f64 / MIB)),
                ran.complete.map_or("?".to_owned(), |count| format!("{count} of {messages}")),
                ran.time.as_secs_f64(),
                fault.map_or(String::new(), |fault| format!("  {fault}")),
            );
            match *name {
                FEW_IDLE => of_few = ran.peak,
                MANY_IDLE => of_many = ran.peak,
                _ => {}
            }
            if ran.notes != noted {
                ran.notes.iter().for_each(|note| println!("    {note}"));
                noted = ran.notes;
            }
        }
    }
    if let (Some(few), Some(many)) = (of_few, of_many) {
        let each = many.saturating_sub(few) / u64::from(MANY - FEW);
        println!("{each} bytes for an idle connection");
    }
    fs::remove_dir_all(folder)?;
    Ok(code)
}

const MIB: f64 = (1 << 20) as f64;

/// A message that is inflated from 200 KB to 200 MB, then some that refer to
/// it.
fn bomb(capture: &mut Capture) -> Result<u64> {
    const PIECE: &[u8] = &[b'a'; 1 << 20];
    const PIECES: usize = 200;
    const AFTER: u64 = 10;
    let mut connection = Connection::open(capture, 0)?;
    let mut deflater = Deflater::new();
    let payload = deflater.message([PIECE; PIECES]);
    connection.send(capture, Side::Server, &compressed(Side::Server, &payload))?;
    for number in 0..AFTER {
        let text = format!("aaaaaaaaaaaaaaaa, said for the {number}th time");
        let payload = deflater.message([text.as_bytes()]);
        connection.send(capture, Side::Server, &compressed(Side::Server, &payload))?;
    }
    Ok(1 + AFTER)
}

/// A binary message of 1 GiB, and a text after it.
fn long_message(capture: &mut Capture) -> Result<u64> {
    const LENGTH: usize = 1 << 30;
    let block: Vec<u8> = (0..1_u32 << 18).map(|index| (index % 251) as u8).collect();
    let mut connection = Connection::open(capture, 0)?;
    let header = Header::new(Header::BINARY, LENGTH).bytes(Side::Server);
    connection.send(capture, Side::Server, &header)?;
    for _ in 0..LENGTH / block.len() {
        connection.send(capture, Side::Server, &block)?;
    }
    let text = frame(Header::TEXT, Side::Server, b"that was long");
    connection.send(capture, Side::Server, &text)?;
    Ok(2)
}

/// Connections that are open at once and take turns.
fn many_connections(capture: &mut Capture) -> Result<u64> {
    const CONNECTIONS: u32 = 20_000;
    const ROUNDS: usize = 3;
    let mut connections = Vec::new();
    for number in 0..CONNECTIONS {
        connections.push(Connection::open(capture, number)?);
    }
    let mut deflaters = [Deflater::new(), Deflater::new()];
    for round in 0..ROUNDS {
        for (side, deflater) in [Side::Client, Side::Server].into_iter().zip(&mut deflaters) {
            let items: Vec<usize> = (0..500).map(|item| item * (round + 1) * 7919 % 9973).collect();
            let text = format!("{{\"round\":{round},\"items\":{items:?}}}");
            let frame = compressed(side, &deflater.message([text.as_bytes()]));
            for connection in &mut connections {
                connection.send(capture, side, &frame)?;
            }
        }
    }
    Ok(u64::from(CONNECTIONS) * 2 * ROUNDS as u64)
}

fn compressed(from: Side, payload: &[u8]) -> Vec<u8> {
    frame(Header::TEXT | Header::RSV1, from, payload)
}

/// A run of wsdump.
struct Ran {
    /// The most memory that it had; only Linux tells.
    peak: Option<u64>,
    /// Messages that are whole, as far as the form of output tells.
    complete: Option<u64>,
    /// What was said on standard error.
    notes: Vec<String>,
    is_success: bool,
    time: Duration,
}

impl Ran {
    fn of(arguments: &str, capture: &Path, output: &Path) -> Result<Self> {
        let errors = output.with_extension("errors");
        let begin = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_wsdump"))
            .args(arguments.split(' '))
            .arg("-v")
            .arg(capture)
            .stdin(Stdio::null())
            .stdout(File::create(output)?)
            .stderr(File::create(&errors)?)
            .spawn()?;
        let status = PathBuf::from(format!("/proc/{}/status", child.id()));
        let mut peak = None;
        // Once it has ended, nobody can tell any more.
        let is_success = loop {
            if let Some(status) = child.try_wait()? {
                break status.success();
            }
            peak = peak.max(high_water(&status));
            thread::sleep(Duration::from_millis(1));
        };
        let time = begin.elapsed();
        let notes: Vec<String> = fs::read_to_string(errors)?.lines().map(str::to_owned).collect();
        let complete = complete(output, &notes)?;
        Ok(Self { peak, complete, notes, is_success, time })
    }

    /// What was not as it should be.
    fn fault(&self, run: &Run, messages: u64) -> Option<&'static str> {
        let is_told = self.notes.iter().any(|note| note.ends_with("(--limit memory)"));
        if !self.is_success {
            Some("FAILED")
        } else if run.most.zip(self.peak).is_some_and(|(most, peak)| peak > most) {
            Some("TOO MUCH MEMORY")
        } else if run.gives_up && !is_told {
            Some("GIVES UP SILENTLY")
        } else if !run.gives_up && self.complete != Some(messages) {
            Some("NOT ALL IS SHOWN")
        } else {
            None
        }
    }
}

/// The most memory that a process had so far, in bytes.
fn high_water(status: &Path) -> Option<u64> {
    let status = fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib << 10)
}

/// The number of messages that the summary tells, without those that are told
/// to be incomplete.
fn complete(output: &Path, notes: &[String]) -> Result<Option<u64>> {
    let messages = notes.iter().flat_map(|note| note.split(", ")).find_map(|part| {
        let number = part.strip_suffix(" messages")?;
        number.replace(',', "").parse::<u64>().ok()
    });
    let mut incomplete = 0;
    for mark in [&b"\"complete\":false"[..], b"  incomplete"] {
        incomplete += occurrences(mark, output)?;
    }
    Ok(messages.map(|messages| messages - incomplete))
}

/// How often `mark` is in a file, which may be larger than memory.
fn occurrences(mark: &[u8], path: &Path) -> Result<u64> {
    const BLOCK: u64 = 1 << 20;
    let mut file = File::open(path)?;
    let mut block = Vec::new();
    let mut count = 0;
    while (&mut file).take(BLOCK).read_to_end(&mut block)? > 0 {
        count += memmem::find_iter(&block, mark).count() as u64;
        // The beginning of one may be at the end.
        block.drain(..(block.len() + 1).saturating_sub(mark.len()));
    }
    Ok(count)
}

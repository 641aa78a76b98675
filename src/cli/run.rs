//! One run of a capture through a view, and what is said about it.

use std::io::{self, IsTerminal, Write};
#[cfg(unix)]
use std::os::fd::AsFd;
use std::time::Duration;

use anyhow::Result;

use super::args::{Decoding, Selecting, Telling};
use super::filter::filter;
use super::packet_filter::PacketFilter;
use super::signals::{Ends, survive_file_limits};
use super::standard_output::{PATIENCE, StandardOutput, can_say};
use super::status::{Beside, Status};
use super::summary::Found;
use super::{FAILURE, SUCCESS, say, summary, write};
use crate::analyzer::{Analyzer, Clients, Options, Select, Statistics};
use crate::capture::{self, Capture, Drops};
use crate::engine::{Engine, Progress, Recorder};
use crate::filter::{Filter, Selection};
use crate::output::View;
use crate::types::Packet;

/// A capture that is ready to be read, and what is to be done with it.
pub(super) struct Run<'a> {
    pub(super) capture: Capture,
    pub(super) options: Options,
    pub(super) packet_filter: Option<PacketFilter>,
    pub(super) recorder: Option<Recorder>,
    /// Where results go that do not go to standard output.
    pub(super) output: Option<Output>,
    pub(super) threads: u8,
    /// Stop after so many messages, or so long.
    pub(super) messages: Option<u64>,
    pub(super) duration: Option<Duration>,
    pub(super) telling: &'a Telling,
    /// Tell at the end what was seen, whatever it is.
    pub(super) is_summed_up: bool,
    /// Tell at the end what is missing, and which limits were reached.
    pub(super) has_notes: bool,
    /// Whether `-f` was given.
    pub(super) has_packet_filter: bool,
}

/// What has become of a run.
pub(super) struct Ended {
    /// The exit code.
    pub(super) code: u8,
    /// What was seen.
    pub(super) statistics: Statistics,
    /// Why inputs could not be read, or not to their end: a sentence each.
    pub(super) problems: Vec<String>,
    /// Packets that were lost when the inputs were captured, as they say.
    pub(super) lost: u64,
    /// Everything was read and written, to the end.
    pub(super) is_whole: bool,
    /// A signal ended it.
    pub(super) is_stopped: bool,
}

/// Where results go, and its name in messages.
pub(super) struct Output {
    pub(super) writer: Box<dyn Write>,
    pub(super) name: String,
}

impl<'a> Run<'a> {
    /// A run through files, from their first packet to their last.
    pub(super) fn of_files(
        capture: Capture,
        selecting: &Selecting,
        decoding: &Decoding,
        telling: &'a Telling,
    ) -> Result<Self> {
        let display_filter = filter(selecting)?;
        let packet_filter = PacketFilter::new(selecting)?;
        survive_file_limits()?;
        Ok(Self {
            capture,
            options: options(selecting, decoding, display_filter),
            packet_filter,
            recorder: None,
            output: None,
            threads: decoding.threads,
            messages: None,
            duration: None,
            telling,
            is_summed_up: telling.verbose,
            has_notes: true,
            has_packet_filter: selecting.capture_filter.is_some(),
        })
    }

    /// Reads to the end, or until there was enough, and tells what must not go
    /// unsaid.
    pub(super) fn through(self, view: &mut dyn View) -> Result<Ended> {
        let Self { capture, options, mut packet_filter, mut recorder, telling, .. } = self;
        let ends = Ends::by_signals()?;
        let mut capture = capture.stopped_by(ends.stop.clone());
        let is_live = capture.is_live();
        let is_endless = capture.is_endless();
        if is_endless {
            ends.by_output()?;
        }
        if is_live && !telling.quiet {
            say(&format!("capturing on {}", capture.interfaces().join(", ")));
        }
        let mut analyzer = Analyzer::new(options);
        let status = status(telling, &capture);
        let say_beside = |message: &str| status.suspend(|| say(message));
        let mut wants = packet_filter
            .as_mut()
            .map(|filter| |packet: &Packet<'_>| filter.wants(packet, say_beside));
        let Output { writer, name } = match self.output {
            Some(output) => output,
            None => standard_output(&ends, is_live.then_some(&status))?,
        };
        let mut progress = |progress| status.tell(progress);
        let mut problems = Vec::new();
        let mut problem = |error: &capture::Error| {
            let problem = error.to_string();
            say_beside(&problem);
            problems.push(problem);
        };
        let engine = Engine {
            capture: &mut capture,
            analyzer: &mut analyzer,
            view,
            output: writer,
            wanted: wants.as_mut().map(|wants| wants as &mut dyn FnMut(&Packet<'_>) -> bool),
            threads: self.threads.into(),
            recorder: recorder.as_mut(),
            messages: self.messages,
            duration: self.duration,
            problem: &mut problem,
            progress: status.is_shown().then_some(&mut progress as &mut dyn FnMut(Progress)),
        };
        let result = engine.run();
        status.clear();
        // A terminal that is held would keep the process.
        let can_say = !ends.is_signalled() || can_say(PATIENCE);
        let say = |message: &str| {
            if can_say {
                say(message);
            }
        };
        let is_written = match result {
            Ok(_) => true,
            Err(error) => match (error.kind(), ends.is_signalled()) {
                // Ctrl-C ends the reader of a pipe, too.
                (io::ErrorKind::BrokenPipe, true) => true,
                (io::ErrorKind::BrokenPipe, false) => {
                    let statistics = analyzer.statistics();
                    return Ok(Ended {
                        code: SUCCESS,
                        statistics,
                        problems,
                        lost: capture.lost(),
                        is_whole: false,
                        is_stopped: false,
                    });
                }
                (io::ErrorKind::TimedOut, true) => {
                    say("what was left to print is lost: nobody reads standard output");
                    true
                }
                _ => {
                    let of_packets = write::explain(&error);
                    say(&of_packets.unwrap_or_else(|| format!("{name} cannot be written: {error}")));
                    false
                }
            },
        };
        let statistics = analyzer.statistics();
        if can_say && !telling.quiet {
            if ends.is_signalled() && !is_endless {
                say("stopped by a signal before the end of the input");
            }
            let report = Report {
                is_summed_up: self.is_summed_up,
                has_notes: self.has_notes,
                has_packet_filter: self.has_packet_filter,
                has_duration: self.duration.is_some(),
                messages: self.messages,
                has_problems: !problems.is_empty() || !is_written,
            };
            report.say(&statistics, capture.drops());
            if self.has_notes && capture.lost() > 0 {
                say(&summary::lost(capture.lost()));
            }
            if let Some(recorder) = &recorder {
                let is_counted = telling.verbose || is_live;
                report_packets(recorder, is_counted, capture.secrets_left_out());
            }
        }
        let is_filtered = packet_filter.is_none_or(|filter| !filter.has_failed());
        let is_success = problems.is_empty() && is_written && is_filtered;
        let code = if is_success { SUCCESS } else { FAILURE };
        let (lost, is_stopped) = (capture.lost(), ends.is_signalled());
        let is_whole = is_success && !is_stopped;
        Ok(Ended { code, statistics, problems, lost, is_whole, is_stopped })
    }
}

/// Standard output, beside a status line if there is one.
fn standard_output(ends: &Ends, status: Option<&Status>) -> Result<Output> {
    let output = StandardOutput::new(ends.stop.clone())?;
    let writer: Box<dyn Write> = match status {
        Some(status) => Box::new(Beside { status: status.clone(), output }),
        None => Box::new(output),
    };
    Ok(Output { writer, name: "standard output".into() })
}

/// What decides about what is said at the end.
struct Report {
    is_summed_up: bool,
    has_notes: bool,
    has_packet_filter: bool,
    has_duration: bool,
    messages: Option<u64>,
    has_problems: bool,
}

impl Report {
    /// Says what was seen and what must not go unsaid.
    fn say(&self, statistics: &Statistics, drops: Option<Drops>) {
        let found = if statistics.told == 0 { Found::Nothing } else { Found::Something };
        if self.has_notes {
            for note in summary::notes(statistics, found, drops.is_some()) {
                say(&note.text);
            }
        }
        // An input that could not be read has said so already.
        let is_told = self.has_problems && statistics.net.packets == 0;
        let verbose = self.is_summed_up || drops.is_some();
        let passed_over_by = match (self.has_packet_filter, self.has_duration) {
            (true, true) => "-f or --duration",
            (true, false) => "-f",
            (false, _) => "--duration",
        };
        // What came in the same packet as the last message is not shown.
        let messages = statistics.messages.min(self.messages.unwrap_or(u64::MAX));
        let statistics = &Statistics { messages, ..statistics.clone() };
        if let Some(line) =
            summary::line(statistics, found, verbose, passed_over_by).filter(|_| !is_told)
        {
            say(&line);
        }
        if let Some(drops) = drops {
            say(&summary::dropped(drops));
        }
    }
}

/// Says what was written, and what was not.
fn report_packets(recorder: &Recorder, is_counted: bool, unread: u64) {
    for note in write::notes(recorder, unread) {
        say(&note);
    }
    if is_counted {
        say(&write::line(recorder));
    }
}

/// What the analyzer is to do.
pub(super) fn options(
    selecting: &Selecting,
    decoding: &Decoding,
    filter: Option<Filter>,
) -> Options {
    let selection = selecting.selection();
    let select = (selection != Selection::default())
        .then(|| -> Select { Box::new(move |conversation| selection.matches(conversation)) });
    let servers = selecting.websocket.clone();
    let websocket = (!servers.is_empty()).then(|| -> Clients {
        Box::new(move |conversation| servers.iter().find_map(|server| server.client(conversation)))
    });
    let (limits, decode) = (decoding.limits(), decoding.formats());
    Options { limits, select, filter, websocket, decode, ..Options::default() }
}

/// The line that tells how far the run is. Results of files that scroll by on the
/// same terminal show that well enough, and would have to wait for the line; at
/// the end of a pipe may be a pager, which has the terminal.
fn status(telling: &Telling, capture: &Capture) -> Status {
    let is_wanted = if capture.is_live() {
        telling.verbose
    } else {
        !telling.quiet && io::stderr().is_terminal() && !is_watched(&io::stdout())
    };
    match (is_wanted, capture.is_live()) {
        (false, _) => Status::none(),
        (true, true) => Status::live(),
        (true, false) => Status::files(capture.size()),
    }
}

/// Whether an output is a terminal or a pipe.
#[cfg(unix)]
fn is_watched(output: &(impl AsFd + IsTerminal)) -> bool {
    let status = rustix::fs::fstat(output);
    let kind = status.map(|status| rustix::fs::FileType::from_raw_mode(status.st_mode));
    output.is_terminal() || kind == Ok(rustix::fs::FileType::Fifo)
}

/// Whether an output is a terminal.
#[cfg(not(unix))]
fn is_watched(output: &impl IsTerminal) -> bool {
    output.is_terminal()
}

/// Columns of the terminal; `None` when the output is none.
pub(super) fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(width, _)| width.0.into())
}

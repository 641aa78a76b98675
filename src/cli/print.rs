//! `wsdump FILE...`: prints the traffic.

use std::io::{self, IsTerminal, Write};
#[cfg(unix)]
use std::os::fd::AsFd;
use std::path::PathBuf;

use anstream::{AutoStream, ColorChoice};
use anyhow::Result;

use super::args::{Arguments, Body, Color, Decode, Format, Payload, Time};
use super::filter::filter;
use super::limits::LimitArgument;
use super::packet_filter::PacketFilter;
use super::signals::{Ends, survive_file_limits};
use super::standard_output::{PATIENCE, StandardOutput, can_say};
use super::status::{Beside, Status};
use super::summary::Found;
use super::{FAILURE, SUCCESS, live, say, summary, write};
use crate::analyzer::{Analyzer, Clients, Options, Select, Statistics};
use crate::capture::{Capture, Drops, Input};
use crate::engine::{Engine, Progress, Recorder};
use crate::filter::{Filter, LeftOut, Selection};
use crate::output::{BodyForm, Json, PayloadForm, Table, Text, TextOptions, TimeForm, View, Zone};
use crate::types::{Limits, Packet};

/// Prints the traffic in the capture that the arguments name.
pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let display_filter = filter(arguments)?;
    let mut filter = PacketFilter::new(arguments)?;
    let capture = open(arguments, display_filter.as_ref())?;
    let options = options(arguments, display_filter);
    survive_file_limits()?;
    let mut recorder = write::open(arguments, &options.limits)?;
    let ends = Ends::by_signals()?;
    let mut capture = capture.stopped_by(ends.stop.clone());
    let is_live = capture.is_live();
    let is_endless = capture.is_endless();
    if is_endless {
        ends.by_output()?;
    }
    if is_live && !arguments.quiet {
        say(&format!("capturing on {}", capture.interfaces().join(", ")));
    }
    let mut analyzer = Analyzer::new(options);
    let mut view = view(arguments);
    let status = status(arguments, &capture);
    let say_beside = |message: &str| status.suspend(|| say(message));
    let mut wants =
        filter.as_mut().map(|filter| |packet: &Packet<'_>| filter.wants(packet, say_beside));
    let output = StandardOutput::new(ends.stop.clone())?;
    let output: Box<dyn Write> = if is_live {
        Box::new(Beside { status: status.clone(), output })
    } else {
        Box::new(output)
    };
    let mut progress = |progress| status.tell(progress);
    let engine = Engine {
        capture: &mut capture,
        analyzer: &mut analyzer,
        view: view.as_mut(),
        output,
        wanted: wants.as_mut().map(|wants| wants as &mut dyn FnMut(&Packet<'_>) -> bool),
        threads: arguments.threads.into(),
        recorder: recorder.as_mut(),
        messages: arguments.count,
        duration: arguments.duration,
        problem: &mut |error| say_beside(&error.to_string()),
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
    let problems = match result {
        Ok(problems) => problems,
        Err(error) => match (error.kind(), ends.is_signalled()) {
            // Ctrl-C ends the reader of a pipe, too.
            (io::ErrorKind::BrokenPipe, true) => 0,
            (io::ErrorKind::BrokenPipe, false) => return Ok(SUCCESS),
            (io::ErrorKind::TimedOut, true) => {
                say("what was left to print is lost: nobody reads standard output");
                0
            }
            _ => {
                let of_packets = write::explain(&error);
                say(&of_packets
                    .unwrap_or_else(|| format!("standard output cannot be written: {error}")));
                1
            }
        },
    };
    if can_say && !arguments.quiet {
        if ends.is_signalled() && !is_endless {
            say("stopped by a signal before the end of the input");
        }
        report(arguments, &analyzer.statistics(), problems, capture.drops());
        if let Some(recorder) = &recorder {
            report_packets(arguments, recorder, is_live, capture.secrets_left_out());
        }
    }
    let has_failed = problems > 0 || filter.is_some_and(|filter| filter.has_failed());
    Ok(if has_failed { FAILURE } else { SUCCESS })
}

/// Says what was seen and what must not go unsaid.
fn report(arguments: &Arguments, statistics: &Statistics, problems: u64, drops: Option<Drops>) {
    let found = if statistics.told == 0 { Found::Nothing } else { Found::Something };
    for note in summary::notes(statistics, found, drops.is_some()) {
        say(&note);
    }
    // An input that could not be read has said so already.
    let is_told = problems > 0 && statistics.net.packets == 0;
    let verbose = arguments.verbose || arguments.follow_file || drops.is_some();
    let passed_over_by = match (&arguments.capture_filter, arguments.duration) {
        (Some(_), Some(_)) => "-f or --duration",
        (Some(_), None) => "-f",
        (None, _) => "--duration",
    };
    // What came in the same packet as the last message is not shown.
    let messages = statistics.messages.min(arguments.count.unwrap_or(u64::MAX));
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

/// Says what was written, and what was not.
fn report_packets(arguments: &Arguments, recorder: &Recorder, is_live: bool, unread: u64) {
    for note in write::notes(recorder, unread) {
        say(&note);
    }
    if arguments.verbose || is_live {
        say(&write::line(recorder));
    }
}

/// The line that tells how far the run is. Results of files that scroll by on the
/// same terminal show that well enough, and would have to wait for the line; at
/// the end of a pipe may be a pager, which has the terminal.
fn status(arguments: &Arguments, capture: &Capture) -> Status {
    let is_wanted = if capture.is_live() {
        arguments.verbose
    } else {
        !arguments.quiet && io::stderr().is_terminal() && !is_watched(&io::stdout())
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

fn open(arguments: &Arguments, filter: Option<&Filter>) -> Result<Capture> {
    if arguments.interface.is_empty() {
        let input = |path: &PathBuf| match arguments.follow_file {
            true => Input::Followed(path.clone()),
            false => Input::from(path.as_os_str()),
        };
        let inputs = arguments.inputs().map(input).collect();
        Ok(Capture::open(inputs))
    } else {
        live::open(arguments, filter)
    }
}

/// What `--ip` and `--port` select.
pub(super) fn selection(arguments: &Arguments) -> Selection {
    Selection { networks: arguments.ip.clone(), ports: arguments.port.clone() }
}

fn options(arguments: &Arguments, filter: Option<Filter>) -> Options {
    let mut limits = Limits::default();
    for limit in &arguments.limit {
        if let LimitArgument::Change(limit) = limit {
            limit.apply(&mut limits);
        }
    }
    let selection = selection(arguments);
    let select = (selection != Selection::default())
        .then(|| -> Select { Box::new(move |conversation| selection.matches(conversation)) });
    let servers = arguments.websocket.clone();
    let websocket = (!servers.is_empty()).then(|| -> Clients {
        Box::new(move |conversation| servers.iter().find_map(|server| server.client(conversation)))
    });
    let (frames, sha256) = (arguments.frames, arguments.sha256);
    let left_out = match (arguments.no_heartbeats, arguments.no_control) {
        (true, _) => LeftOut::Heartbeats,
        (false, true) => LeftOut::Pings,
        (false, false) => LeftOut::Nothing,
    };
    let decode = arguments.decode.iter().copied().map(Decode::format).collect();
    Options { limits, frames, sha256, select, filter, left_out, websocket, decode }
}

fn view(arguments: &Arguments) -> Box<dyn View> {
    let payload = match arguments.payload {
        Payload::Auto => PayloadForm::Auto,
        Payload::Base64 => PayloadForm::Base64,
        Payload::None => PayloadForm::None,
    };
    let body = match arguments.body {
        None | Some(Body::Pretty) => BodyForm::Pretty,
        Some(Body::Compact) => BodyForm::Compact,
        Some(Body::None) => BodyForm::None,
    };
    let options = TextOptions {
        color: is_coloured(arguments.color),
        width: width(),
        zone: if arguments.time == Time::Utc { Zone::Utc } else { Zone::System },
        time: time(arguments.time),
        compact: arguments.compact,
        payload,
        body,
        full: arguments.full,
        headers: arguments.verbose,
        packets: arguments.verbose,
    };
    match arguments.format {
        Format::Text => Box::new(Text::new(options)),
        Format::Json => Box::new(Json::new(payload)),
        Format::Table => Box::new(Table::new(options.width)),
    }
}

fn time(time: Time) -> TimeForm {
    match time {
        Time::Local | Time::Utc => TimeForm::TimeOfDay,
        Time::Epoch => TimeForm::Epoch,
        Time::Relative => TimeForm::Relative,
        Time::Delta => TimeForm::Delta,
    }
}

fn is_coloured(color: Color) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
    }
}

/// Columns of the terminal; `None` when the output is none.
fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(width, _)| width.0.into())
}

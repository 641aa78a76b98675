//! `wsdump FILE...`: prints the traffic.

use std::io::{self, IsTerminal};

use anstream::{AutoStream, ColorChoice};
use anyhow::Result;

use super::args::{Arguments, Color, Format, Payload};
use super::limits::LimitArgument;
use super::summary::Found;
use super::{FAILURE, SUCCESS, say, summary};
use crate::analyzer::{Analyzer, Options, Select};
use crate::capture::{Capture, Input};
use crate::engine::Engine;
use crate::filter::Selection;
use crate::output::{Json, PayloadForm, Table, Text, TextOptions, View, Zone};
use crate::types::Limits;

/// Prints the traffic in the capture that the arguments name.
pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let mut capture = Capture::open(inputs(arguments));
    let mut analyzer = Analyzer::new(options(arguments));
    let mut view = view(arguments);
    let engine = Engine {
        capture: &mut capture,
        analyzer: &mut analyzer,
        view: view.as_mut(),
        output: &mut io::stdout().lock(),
        messages: arguments.count,
        problem: &mut |error| say(&error.to_string()),
    };
    let result = engine.run()?;
    if !arguments.quiet {
        let statistics = analyzer.statistics();
        let found = if result.shown == 0 { Found::Nothing } else { Found::Something };
        for note in summary::notes(&statistics, found) {
            say(&note);
        }
        // An input that could not be read has said so already.
        let is_told = result.problems > 0 && statistics.net.packets == 0;
        if let Some(line) =
            summary::line(&statistics, found, arguments.verbose).filter(|_| !is_told)
        {
            say(&line);
        }
    }
    Ok(if result.problems > 0 { FAILURE } else { SUCCESS })
}

fn inputs(arguments: &Arguments) -> Vec<Input> {
    arguments.inputs().map(|path| Input::from(path.as_os_str())).collect()
}

fn options(arguments: &Arguments) -> Options {
    let mut limits = Limits::default();
    for limit in &arguments.limit {
        if let LimitArgument::Change(limit) = limit {
            limit.apply(&mut limits);
        }
    }
    let selection = Selection { networks: arguments.ip.clone(), ports: arguments.port.clone() };
    let select = (selection != Selection::default())
        .then(|| -> Select { Box::new(move |conversation| selection.matches(conversation)) });
    Options { limits, frames: arguments.frames, select }
}

fn view(arguments: &Arguments) -> Box<dyn View> {
    let payload = match arguments.payload {
        Payload::Auto => PayloadForm::Auto,
        Payload::Base64 => PayloadForm::Base64,
        Payload::None => PayloadForm::None,
    };
    let options = TextOptions {
        color: is_coloured(arguments.color),
        width: width(),
        zone: Zone::System,
        payload,
        headers: arguments.verbose,
        packets: arguments.verbose,
        ..TextOptions::default()
    };
    match arguments.format {
        Format::Text => Box::new(Text::new(options)),
        Format::Json => Box::new(Json::new(payload)),
        Format::Table => Box::new(Table::new(options.width)),
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

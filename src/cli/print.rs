//! `wsdump FILE...`: prints the traffic.

use std::path::PathBuf;

use anyhow::Result;

use super::args::{Arguments, Format};
use super::filter::filter;
use super::packet_filter::PacketFilter;
use super::run::{self, Run};
use super::signals::survive_file_limits;
use super::{live, write};
use crate::analyzer::Options;
use crate::capture::{Capture, Input};
use crate::filter::Filter;
use crate::output::{Json, Table, Text, View};

/// Prints the traffic in the capture that the arguments name.
pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let Arguments { selecting, decoding, telling, .. } = arguments;
    let display_filter = filter(selecting)?;
    let is_live = !arguments.interface.is_empty();
    // On a live capture the kernel applies it.
    let packet_filter = if is_live { None } else { PacketFilter::new(selecting)? };
    let capture = open(arguments, display_filter.as_ref())?;
    let options = Options {
        frames: arguments.frames,
        sha256: arguments.sha256,
        left_out: arguments.showing.left_out(),
        without_words: arguments.format != Format::Text,
        ..run::options(selecting, decoding, display_filter)
    };
    survive_file_limits()?;
    let recorder = write::open(arguments, &options.limits)?;
    let run = Run {
        capture,
        options,
        packet_filter,
        recorder,
        output: None,
        threads: decoding.threads,
        messages: arguments.count,
        duration: arguments.duration,
        telling,
        is_summed_up: telling.verbose || arguments.follow_file,
        has_notes: true,
        has_packet_filter: selecting.capture_filter.is_some(),
    };
    Ok(run.through(view(arguments).as_mut())?.code)
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

fn view(arguments: &Arguments) -> Box<dyn View> {
    let Arguments { showing, telling, .. } = arguments;
    match arguments.format {
        Format::Text => Box::new(Text::new(showing.text_options(telling, run::width()))),
        Format::Json => Box::new(Json::new(showing.payload_form())),
        Format::Table => Box::new(Table::new(run::width())),
    }
}

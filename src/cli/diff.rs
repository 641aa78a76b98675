//! `wsdump diff A B`: compares two captures.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};

use super::args::Diff;
use super::run::{Ended, Run};
use super::standard_output::StandardOutput;
use super::{FAILURE, FOUND, SUCCESS, say};
use crate::analyzer::Options;
use crate::capture::{Capture, Input, Stop};
use crate::diff::{Collector, Recording, ReportOptions, Rules, compare, write};
use crate::filter::FilterSet;
use crate::output::Spool;

/// Compares the captures that the arguments name.
pub(super) fn run(arguments: &Diff) -> Result<u8> {
    let limits = arguments.decoding.limits();
    let rules = Arc::new(Rules::new(arguments.ignore.clone(), !arguments.no_default_ignores));
    // Each capture has its half of the room, so that one decides nothing of the other.
    let room = limits.compared / 2;
    let (old, old_ended) = recorded(&arguments.old, arguments, &rules, room)?;
    let (new, new_ended) = recorded(&arguments.new, arguments, &rules, room)?;
    let comparison = compare(&old, &new, &rules, limits.findings);
    if comparison.is_empty() {
        let selecting = arguments.selecting.options().join(" and ");
        let selected = if selecting.is_empty() { "" } else { " that is selected by " };
        bail!(
            "neither capture shows a WebSocket connection{selected}{selecting}: nothing was compared"
        );
    }
    let options = ReportOptions {
        names: [&arguments.old, &arguments.new].map(|path| path.display().to_string()),
        color: arguments.telling.is_coloured(),
        quiet: arguments.telling.quiet,
    };
    let mut out = Spool::new(StandardOutput::new(Stop::new()?)?);
    write(&comparison, &rules, &options, &mut out);
    out.flush()?;
    if !arguments.telling.quiet {
        for path in rules.unmet() {
            say(&format!("--ignore {path}: nothing stood there"));
        }
    }
    let is_whole = old_ended.is_whole && new_ended.is_whole && comparison.counts().uncompared == 0;
    Ok(match (is_whole, comparison.has_differences()) {
        (false, _) => FAILURE,
        (true, true) => FOUND,
        (true, false) => SUCCESS,
    })
}

/// What is compared of a capture.
fn recorded(
    path: &Path,
    arguments: &Diff,
    rules: &Arc<Rules>,
    room: usize,
) -> Result<(Recording, Ended)> {
    let Diff { selecting, decoding, telling, .. } = arguments;
    let capture = Capture::open(vec![Input::from(path.as_os_str())]);
    let run = Run::of_files(capture, selecting, decoding, telling)?;
    // The whole of a connection is read, so that it is known which it is.
    let options = Options { filter: None, ..run.options };
    let run = Run { options, ..run };
    let mut collector = Collector::new(Arc::clone(rules), room);
    if let Some(text) = &selecting.filter {
        let mut filters = FilterSet::default();
        let filter = filters.filter(text)?;
        collector = collector.selecting(filters, filter);
    }
    let ended = run.through(&mut collector)?;
    if !ended.is_whole && ended.problems.is_empty() {
        bail!("{} was not read to its end: nothing is compared", path.display());
    }
    Ok((collector.recording(), ended))
}

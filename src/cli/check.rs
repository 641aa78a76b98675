//! `wsdump check FILE...`: judges a capture.

use anyhow::Result;

use super::args::{Check, Selecting};
use super::expectations::expectations;
use super::filter;
use super::flaws::flaws;
use super::policy::{policy, write_baseline};
use super::report::Reports;
use super::run::Run;
use super::summary::count;
use super::{FAILURE, FOUND, SUCCESS, explain, say};
use crate::check::{CheckOptions, Checker};
use crate::filter::{FilterId, FilterSet};

/// Judges the capture that the arguments name.
pub(super) fn run(arguments: &Check) -> Result<u8> {
    if let Some(rule) = &arguments.explain {
        return explain::print(rule.as_deref());
    }
    if arguments.init {
        return super::propose::run(arguments);
    }
    let Check { inputs, selecting, decoding, telling, .. } = arguments;
    let run = Run::of_files(inputs.open(), selecting, decoding, telling)?;
    // What is missing is found as such.
    let mut run = Run { has_notes: false, ..run };
    run.options.whole_connections = true;
    let mut filters = FilterSet::default();
    let selected = selected(selecting, &mut filters)?;
    let policy = policy(arguments, &mut filters)?;
    let (expectations, expected) = expectations(arguments, &run.options.limits, &mut filters)?;
    let mut checker = Checker::new(CheckOptions {
        filters,
        selected,
        policy,
        expectations,
        allow_empty: arguments.allow_empty,
        findings: run.options.limits.findings,
    });
    let reports = Reports::open(arguments, &expected)?;
    let ended = run.through(&mut checker)?;
    let files = inputs.paths().map(|path| path.display().to_string()).collect();
    if ended.is_stopped {
        say("what was read so far is not judged");
        return Ok(FAILURE);
    }
    let flaws = flaws(&ended, checker.told());
    let verdict = checker.verdict(files, flaws);
    let is_written = reports.write(&verdict);
    if let (Some(path), Some(noted)) = (&arguments.write_baseline, &verdict.noted) {
        write_baseline(path, noted)?;
        if !telling.quiet {
            say(&format!("{} noted in {}", count(noted.count(), "finding"), path.display()));
        }
    }
    Ok(match (ended.is_whole && is_written, verdict.has_failed()) {
        (false, _) => FAILURE,
        (true, true) => FOUND,
        (true, false) => SUCCESS,
    })
}

/// The filter that the arguments ask for, among those of the check.
fn selected(selecting: &Selecting, filters: &mut FilterSet) -> Result<Option<FilterId>> {
    let text = filter::text(selecting);
    let id = |text| filters.filter(text).map_err(|error| filter::wrong(text, &error));
    text.map(id).transpose()
}

//! `wsdump check FILE...`: judges a capture.

use std::io::{self, Write};

use anyhow::Result;

use super::args::Check;
use super::flaws::flaws;
use super::run::Run;
use super::{FAILURE, FOUND, SUCCESS};
use crate::check::{CheckOptions, Checker, Expectations, Policy};
use crate::filter::FilterSet;

/// Judges the capture that the arguments name.
pub(super) fn run(arguments: &Check) -> Result<u8> {
    let Check { inputs, selecting, decoding, telling, .. } = arguments;
    let run = Run::of_files(inputs.open(), selecting, decoding, telling)?;
    // What is missing is found as such.
    let run = Run { has_notes: false, ..run };
    let mut checker = Checker::new(CheckOptions {
        filters: FilterSet::default(),
        policy: Policy { fail_on: arguments.fail_on.into(), ..Policy::default() },
        expectations: Expectations::default(),
        allow_empty: arguments.allow_empty,
        findings: run.options.limits.findings,
    });
    let ended = run.through(&mut checker)?;
    let files = inputs.paths().map(|path| path.display().to_string()).collect();
    let flaws = flaws(&ended, checker.told());
    let verdict = checker.verdict(files, flaws);
    for finding in verdict.shown() {
        let line = format!("{} {}: {}\n", finding.severity, finding.rule, finding.detail);
        io::stdout().write_all(line.as_bytes())?;
    }
    Ok(match (ended.is_whole, verdict.has_failed()) {
        (false, _) => FAILURE,
        (true, true) => FOUND,
        (true, false) => SUCCESS,
    })
}

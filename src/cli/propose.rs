//! `wsdump check --init FILE...`: proposes an expectations file.

use anyhow::Result;

use super::args::Check;
use super::flaws::flaws;
use super::run::Run;
use super::summary::count;
use super::{FAILURE, SUCCESS, say};
use crate::check::Proposer;

/// Writes what the capture that the arguments name has, as expectations of others.
pub(super) fn run(arguments: &Check) -> Result<u8> {
    let Check { inputs, selecting, decoding, telling, .. } = arguments;
    let run = Run::of_files(inputs.open(), selecting, decoding, telling)?;
    // What is missing is counted below.
    let run = Run { has_notes: false, ..run };
    let files = inputs.paths().map(|path| path.display().to_string()).collect();
    let mut proposer = Proposer::new(files, run.options.limits.findings);
    let ended = run.through(&mut proposer)?;
    let flaws = flaws(&ended, proposer.told());
    let verdict = proposer.verdict(flaws);
    if verdict.connections == 0 {
        say("no WebSocket connection was found, so there is nothing to propose");
        return Ok(FAILURE);
    }
    let wrong = verdict.totals().fails;
    if wrong > 0 && !telling.quiet {
        say(&format!(
            "the capture is not good: {}, which wsdump check without --init tells",
            count(wrong, "finding")
        ));
    }
    Ok(if ended.is_whole { SUCCESS } else { FAILURE })
}

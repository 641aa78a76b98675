//! `wsdump stats FILE...`: tells the traffic in numbers.

use anyhow::Result;

use super::args::{Stats, StatsFormat};
use super::run::{self, Run};
use crate::output::{self, StatsForm, StatsOptions};

/// Tells the traffic of the files that the arguments name in numbers.
pub(super) fn run(arguments: &Stats) -> Result<u8> {
    let Stats { inputs, selecting, decoding, telling, .. } = arguments;
    let run = Run::of_files(inputs.open(), selecting, decoding, telling)?;
    let form = match arguments.format {
        StatsFormat::Text => StatsForm::Text { color: telling.is_coloured(), width: run::width() },
        StatsFormat::Json => StatsForm::Json,
    };
    let by = arguments.by.map(Into::into);
    Ok(run.through(&mut output::Stats::new(StatsOptions { by, form }))?.code)
}

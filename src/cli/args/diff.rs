//! The arguments of `wsdump diff`.

use std::path::PathBuf;

use clap::Args;

use super::{Decoding, Selecting, Telling};

/// Compare two captures: connections by URL and order, messages one by one, JSON by
/// its structure.
///
/// Exit codes: 0 no difference; 1 differences; 2 wrong usage, or a capture that
/// cannot be read to its end.
#[derive(Debug, Args)]
#[command(mut_arg("threads", |threads| threads.hide(true)))]
pub(in crate::cli) struct Diff {
    /// The capture that is compared with; `-` is standard input
    #[arg(value_name = "A")]
    pub(in crate::cli) old: PathBuf,

    /// The capture that is compared
    #[arg(value_name = "B")]
    pub(in crate::cli) new: PathBuf,

    #[command(flatten)]
    pub(in crate::cli) selecting: Selecting,

    #[command(flatten)]
    pub(in crate::cli) decoding: Decoding,

    #[command(flatten)]
    pub(in crate::cli) telling: Telling,
}

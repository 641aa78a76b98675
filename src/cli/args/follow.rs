//! The arguments of `wsdump follow`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Decoding, Inputs, Selecting, Showing, Telling};
use crate::output::ConnectionName;

/// Show one connection as a dialogue, or write what one side sent.
#[derive(Debug, Args)]
#[command(mut_arg("threads", |threads| threads.hide(true)))]
pub(in crate::cli) struct Follow {
    /// The connection, as events name it: `3`, and `3.5` inside HTTP/2
    #[arg(value_name = "CONNECTION")]
    pub(in crate::cli) connection: ConnectionName,

    #[command(flatten)]
    pub(in crate::cli) inputs: Inputs,

    /// Write the payloads of this side's text and binary messages instead,
    /// unmasked and inflated, one after the other, and nothing else
    #[arg(long, value_name = "SIDE", conflicts_with_all = ["time", "payload", "compact", "body", "full", "no_control", "decode"])]
    pub(in crate::cli) raw: Option<RawSide>,

    /// Write that to a file; `-` is standard output, also where that is a
    /// terminal
    #[arg(short, long, value_name = "FILE", requires = "raw")]
    pub(in crate::cli) output: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) showing: Showing,

    #[command(flatten)]
    pub(in crate::cli) selecting: Selecting,

    #[command(flatten)]
    pub(in crate::cli) decoding: Decoding,

    #[command(flatten)]
    pub(in crate::cli) telling: Telling,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum RawSide {
    /// Who asked for the upgrade
    Client,
    /// Who was asked
    Server,
}

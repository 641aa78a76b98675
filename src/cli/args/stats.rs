//! The arguments of `wsdump stats`.

use clap::{Args, ValueEnum};

use super::{Decoding, Inputs, Selecting, Telling};
use crate::output::By;

/// Tell connections, types, sizes, latencies and errors in numbers.
#[derive(Debug, Args)]
#[command(
    mut_arg("verbose", |verbose| verbose.help("Tell at the end what was seen")),
    mut_arg("threads", |threads| threads.hide(true)),
    // Numbers are about messages as they were sent.
    mut_arg("decode", |decode| decode.hide(true)),
)]
pub(in crate::cli) struct Stats {
    #[command(flatten)]
    pub(in crate::cli) inputs: Inputs,

    /// Tell the numbers for each of these; without it, for each connection and
    /// for all that there is
    #[arg(long, value_name = "WHAT")]
    pub(in crate::cli) by: Option<StatsBy>,

    /// Form of the output
    #[arg(short = 'T', long, value_name = "FORM", default_value = "text")]
    pub(in crate::cli) format: StatsFormat,

    #[command(flatten)]
    pub(in crate::cli) selecting: Selecting,

    #[command(flatten)]
    pub(in crate::cli) decoding: Decoding,

    #[command(flatten)]
    pub(in crate::cli) telling: Telling,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum StatsFormat {
    /// Tables for people
    Text,
    /// One JSON document, for programs
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum StatsBy {
    /// What the request names as its Host, or else the server's address
    Host,
    /// Host and target without the query
    Url,
    /// The protocol inside, or else the subprotocol
    Protocol,
    /// Each connection
    Connection,
}

impl From<StatsBy> for By {
    fn from(by: StatsBy) -> Self {
        match by {
            StatsBy::Host => Self::Host,
            StatsBy::Url => Self::Url,
            StatsBy::Protocol => Self::Protocol,
            StatsBy::Connection => Self::Connection,
        }
    }
}

//! The arguments of `wsdump diff`.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::error::ErrorKind;

use super::{Decoding, Refusal, Selecting, Telling};
use crate::diff::IgnorePath;

const AFTER_HELP: &str = "\
Not compared are pings and pongs, and unless --no-default-ignores is given
  times       RFC 3339 and HTTP; a date, or since 1970, under keys such as ts,
              date, expires, created_at; all from 2000 to 2099
  durations   under keys such as elapsed, duration, latency, took
  heartbeats  of protocols inside
  ids         UUIDs; hex or base64 of 16 characters and more under keys such as id,
              msg_id, session, token, hash. Where one stands for another once, it
              has to everywhere on that connection

Exit codes: 0 no difference; 1 differences; 2 wrong usage, a capture that cannot be
read to its end or has more messages than --limit compared allows, or no WebSocket
connection in either.

Examples:
  wsdump diff good.pcap today.pcap
  wsdump diff --ignore '**.price' --ignore 'json.items[*].rank' good.pcap today.pcap";

/// Compare two captures: connections by URL and order, messages one by one, JSON by
/// its structure.
#[derive(Debug, Args)]
#[command(
    after_help = AFTER_HELP,
    mut_arg("filter", |filter| filter.help(
        "Compare only what matches, in Wireshark's display-filter language"
    )),
    mut_arg("verbose", |verbose| verbose.help("Tell at the end of each capture what was seen")),
    mut_arg("quiet", |quiet| quiet.help("Tell nothing but differences, and errors")),
    mut_arg("threads", |threads| threads.hide(true)),
)]
pub(in crate::cli) struct Diff {
    /// The capture that is compared with; `-` is standard input, of one of them
    #[arg(value_name = "A")]
    pub(in crate::cli) old: PathBuf,

    /// The capture that is compared
    #[arg(value_name = "B")]
    pub(in crate::cli) new: PathBuf,

    /// What is not compared.
    #[arg(
        long,
        value_name = "PATH",
        help = "Do not compare what stands there: json.header.date, json.items[*].id, \
                json[\"some key\"], app.messageId; * is any key, ** any number of levels, \
                as in **.date. Repeat for several"
    )]
    pub(in crate::cli) ignore: Vec<IgnorePath>,

    /// Compare ids, times, durations and heartbeats, too
    #[arg(long)]
    pub(in crate::cli) no_default_ignores: bool,

    #[command(flatten)]
    pub(in crate::cli) selecting: Selecting,

    #[command(flatten)]
    pub(in crate::cli) decoding: Decoding,

    #[command(flatten)]
    pub(in crate::cli) telling: Telling,
}

impl Diff {
    /// Why the captures cannot be read, if that is certain.
    pub(super) fn refused(&self) -> Option<Refusal> {
        let is_input = |path: &PathBuf| path == Path::new("-");
        (is_input(&self.old) && is_input(&self.new))
            .then_some((ErrorKind::ArgumentConflict, "standard input can be read only once"))
    }
}

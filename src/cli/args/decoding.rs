//! How a capture is decoded.

use clap::{ArgAction, Args, ValueEnum};

use super::super::limits::LimitArgument;
use crate::types::{BinaryFormat, Limits};

/// Formats, threads and bounds.
#[derive(Debug, Args)]
pub(in crate::cli) struct Decoding {
    /// Read binary messages as this where neither a protocol nor a signature
    /// shows what they are, and show them as JSON; repeat for several, of which
    /// the first counts that fits
    #[arg(long, value_name = "FORMAT")]
    decode: Vec<Decode>,

    /// Threads that decode and render, 1 to 64; the output is the same with any
    /// number. With -c, -w, --time delta and tables it is always one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(in crate::cli) threads: u8,

    /// Change a bound on memory; `--limit help` lists them
    #[arg(long, value_name = "NAME=VALUE", action = ArgAction::Append)]
    pub(in crate::cli) limit: Vec<LimitArgument>,
}

impl Decoding {
    /// Whether the limits are to be listed: `--limit help`.
    pub(in crate::cli) fn asks_for_limits(&self) -> bool {
        self.limit.iter().any(|limit| matches!(limit, LimitArgument::Help))
    }

    /// What binary messages are tried as.
    pub(in crate::cli) fn formats(&self) -> Vec<BinaryFormat> {
        let format = |decode: &Decode| match decode {
            Decode::Msgpack => BinaryFormat::MessagePack,
            Decode::Cbor => BinaryFormat::Cbor,
        };
        self.decode.iter().map(format).collect()
    }

    /// The bounds on memory, with what was changed of them.
    pub(in crate::cli) fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        for limit in &self.limit {
            if let LimitArgument::Change(limit) = limit {
                limit.apply(&mut limits);
            }
        }
        limits
    }
}

/// Formats that do not show themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Decode {
    /// MessagePack
    Msgpack,
    /// CBOR
    Cbor,
}

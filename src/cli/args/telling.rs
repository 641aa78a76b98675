//! What is said beside the results, and in which colours.

use std::io;

use anstream::{AutoStream, ColorChoice};
use clap::{Args, ValueEnum};

/// How much is said.
#[derive(Debug, Args)]
pub(in crate::cli) struct Telling {
    /// Colour the text
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(in crate::cli) color: Color,

    /// Say nothing but errors on standard error, nor show there how far it is
    #[arg(short, long, conflicts_with = "verbose")]
    pub(in crate::cli) quiet: bool,

    /// Show the headers of handshakes and the numbers of packets, and tell at
    /// the end what was seen; while capturing live, on a terminal, also how far
    /// it is
    #[arg(short, long)]
    pub(in crate::cli) verbose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Telling {
    /// Whether results are coloured.
    pub(in crate::cli) fn is_coloured(&self) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
        }
    }
}

//! `wsdump completions`: generated from the arguments.

use std::io::{self, Write};

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

use super::SUCCESS;
use super::args::Arguments;

/// Prints the completions for a shell.
pub(super) fn print(shell: Shell) -> Result<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "wsdump", &mut text);
    io::stdout().write_all(&text)?;
    Ok(SUCCESS)
}

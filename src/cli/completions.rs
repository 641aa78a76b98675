//! `wsdump completions` and `wsdump man`: generated from the arguments.

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

/// Prints the manual page.
pub(super) fn print_man() -> Result<u8> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut text)?;
    io::stdout().write_all(&text)?;
    Ok(SUCCESS)
}

//! `wsdump man`: one page for the program and its commands, generated from the
//! arguments.

use std::io::{self, Write};

use anyhow::Result;
use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::SUCCESS;
use super::args::Arguments;

/// Prints the manual page.
pub(super) fn print() -> Result<u8> {
    io::stdout().write_all(page()?.as_bytes())?;
    Ok(SUCCESS)
}

/// Defines the apostrophe, and stands before each part that is rendered.
const PREAMBLE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

fn page() -> Result<String> {
    let mut program = Arguments::command();
    // So that the commands know what they are called with.
    program.build();
    let man = Man::new(program.clone());
    let mut page = PREAMBLE.to_owned();
    page.push_str(&rendered(|out| {
        man.render_title(out)?;
        man.render_name_section(out)?;
        man.render_synopsis_section(out)?;
        man.render_description_section(out)?;
        man.render_options_section(out)
    })?);
    for command in program.get_subcommands().filter(|command| !command.is_hide_set()) {
        page.push_str(&section(command)?);
    }
    page.push_str(&rendered(|out| {
        man.render_extra_section(out)?;
        man.render_version_section(out)
    })?);
    Ok(page)
}

/// The section about a command: what would be a page of its own, a level lower.
fn section(command: &Command) -> Result<String> {
    let man = Man::new(command.clone());
    let parts = rendered(|out| {
        man.render_synopsis_section(out)?;
        man.render_description_section(out)?;
        man.render_options_section(out)
    })?;
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_uppercase();
    let section = format!(".SH \"{name}\"{}", format!("\n{parts}").replace("\n.SH ", "\n.SS "));
    Ok(section)
}

fn rendered(render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<String> {
    let mut text = Vec::new();
    render(&mut text)?;
    Ok(String::from_utf8(text)?.replace(PREAMBLE, ""))
}

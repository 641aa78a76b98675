//! The command line: arguments, one file for each command. The only room that
//! prints to the terminal.

mod args;
mod check;
mod completions;
mod diff;
mod expectations;
mod explain;
mod fault;
mod fields;
mod filter;
mod flaws;
mod follow;
mod interfaces;
mod limits;
mod live;
mod man;
mod packet_filter;
mod policy;
mod print;
#[cfg(libpcap)]
mod privileges;
mod propose;
mod report;
mod run;
mod signals;
mod standard_output;
mod stats;
mod status;
mod summary;
mod units;
mod write;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Error;
use clap::{CommandFactory, FromArgMatches};

use args::{Arguments, Command};

/// Everything went as asked.
const SUCCESS: u8 = 0;

/// `check` or `diff` found something.
const FOUND: u8 = 1;

/// Wrong usage, unreadable input, a capture that is itself broken, or output
/// that cannot be written.
const FAILURE: u8 = 2;

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    run(std::env::args_os()).into()
}

fn run(words: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments = Arguments::command()
        .try_get_matches_from(words)
        .and_then(|matches| Arguments::from_arg_matches(&matches))
        .and_then(Arguments::check);
    let arguments = match arguments {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no failures, and go to stdout.
            let code = if error.use_stderr() { FAILURE } else { SUCCESS };
            let _ = error.print();
            return code;
        }
    };
    let result = match &arguments.command {
        Some(Command::Completions { shell }) => completions::print(*shell),
        Some(Command::Fields { part }) => fields::print(part),
        Some(Command::Man) => man::print(),
        Some(command) if command.asks_for_limits() => limits::print(),
        Some(Command::Stats(stats)) => stats::run(stats),
        Some(Command::Follow(follow)) => follow::run(follow),
        Some(Command::Check(check)) => check::run(check),
        Some(Command::Diff(diff)) => diff::run(diff),
        None if arguments.list_interfaces => interfaces::print(),
        None if arguments.decoding.asks_for_limits() => limits::print(),
        None => print::run(&arguments),
    };
    match result {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => SUCCESS,
        Err(error) => {
            match error.downcast_ref::<fault::Report>() {
                Some(report) => say_lines(&report.0),
                None => say(&format!("{error:#}")),
            }
            FAILURE
        }
    }
}

/// Prints a message of the tool itself. Names in it may be anybody's, so it
/// is escaped like what comes from the wire.
fn say(message: &str) {
    let line = format!("wsdump: {}\n", crate::output::escaped(message));
    // Nobody is left to tell when stderr is gone.
    let _ = io::stderr().write_all(line.as_bytes());
}

/// Prints lines that are already fit for a terminal.
fn say_lines(lines: &str) {
    let _ = io::stderr().write_all(format!("{lines}\n").as_bytes());
}

/// Whether output was closed early, as `head` does.
fn is_broken_pipe(error: &Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

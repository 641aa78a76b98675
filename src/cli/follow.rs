//! `wsdump follow CONNECTION FILE...`: one connection as a dialogue, or what
//! one side sent.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::args::{Follow, RawSide};
use super::run::{self, Output, Run};
use super::{FAILURE, say};
use crate::capture::is_same_file;
use crate::output::{self, Raw};
use crate::types::Side;

/// Shows the connection that the arguments name.
pub(super) fn run(arguments: &Follow) -> Result<u8> {
    match arguments.raw {
        None => dialogue(arguments),
        Some(side) => raw(arguments, side),
    }
}

fn dialogue(arguments: &Follow) -> Result<u8> {
    let options = arguments.showing.text_options(&arguments.telling, run::width());
    let mut view = output::Follow::new(arguments.connection, options);
    let code = prepared(arguments)?.through(&mut view)?.code;
    match view.absence() {
        Some(absence) => fail(arguments, &absence),
        None => Ok(code),
    }
}

fn raw(arguments: &Follow, side: RawSide) -> Result<u8> {
    if arguments.output.is_none() && io::stdout().is_terminal() {
        bail!(
            "payloads can be anything and may harm a terminal: name a file with -o, or force it with `-o -`"
        );
    }
    let side = match side {
        RawSide::Client => Side::Client,
        RawSide::Server => Side::Server,
    };
    let mut view = Raw::new(arguments.connection, side);
    let mut run = prepared(arguments)?;
    let file = arguments.output.as_deref().filter(|path| *path != Path::new("-"));
    if let Some(path) = file {
        refuse_inputs(arguments, path)?;
        let writer = Box::new(LaterFile { path: path.to_owned(), file: None });
        run.output = Some(Output { writer, name: path.display().to_string() });
    }
    let code = run.through(&mut view)?.code;
    if let Some(absence) = view.absence() {
        return fail(arguments, &absence);
    }
    if let Some(path) = file.filter(|_| view.is_empty()) {
        File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    if !arguments.telling.quiet {
        for note in view.notes() {
            say(&note);
        }
    }
    Ok(code)
}

fn prepared(arguments: &Follow) -> Result<Run<'_>> {
    let Follow { inputs, selecting, decoding, telling, .. } = arguments;
    let mut run = Run::of_files(inputs.open(), selecting, decoding, telling)?;
    run.options.left_out = arguments.showing.left_out();
    // What is missing of other connections need not be told.
    Ok(Run { has_notes: telling.verbose, ..run })
}

/// Says that the connection is not there, and where that may be why.
fn fail(arguments: &Follow, absence: &str) -> Result<u8> {
    let mut options = arguments.selecting.options();
    options.extend(arguments.showing.leaving_out());
    match options.as_slice() {
        [] => say(absence),
        [option] => say(&format!("{absence}, in what {option} leaves")),
        [options @ .., last] => {
            say(&format!("{absence}, in what {} and {last} leave", options.join(", ")));
        }
    }
    Ok(FAILURE)
}

/// Writing to a file that is being read would destroy it.
fn refuse_inputs(arguments: &Follow, path: &Path) -> Result<()> {
    let is_file = path.metadata().is_ok_and(|metadata| metadata.is_file());
    let named = |input: &Path| match input == Path::new("-") {
        true => PathBuf::from("/dev/stdin"),
        false => input.to_owned(),
    };
    if is_file && arguments.inputs.paths().any(|input| is_same_file(path, &named(input))) {
        bail!("{} is to be read: write to another file", path.display());
    }
    Ok(())
}

/// A file that is created, or emptied, when there is something to write.
struct LaterFile {
    path: PathBuf,
    file: Option<File>,
}

impl Write for LaterFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(File::create(&self.path)?),
        };
        file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

//! Writing the reports of a check.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Error, Result, bail};

use super::args::{Check, Report, Target};
use super::run;
use super::say;
use crate::capture::is_same_file;
use crate::check::Verdict;
use crate::check::report::{Form, HumanOptions, render};
use crate::output::Zone;

/// Reports that are to be written, their files opened: what cannot be written is told
/// before a long capture is read.
pub(super) struct Reports {
    /// In the order in which they stand there.
    on_output: Vec<Form>,
    in_files: Vec<(Form, PathBuf, File)>,
    human: HumanOptions,
}

impl Reports {
    /// Opens the files that the arguments name, unless one of them is read; `expected` are
    /// those that expectations were read from.
    pub(super) fn open(arguments: &Check, expected: &[PathBuf]) -> Result<Self> {
        let Check { report, telling, .. } = arguments;
        let on_output = report.iter().filter(|report| report.target == Target::StandardOutput);
        let mut on_output: Vec<Form> = on_output.map(|report| report.form).collect();
        if on_output.is_empty() {
            on_output.push(Form::Human);
        }
        on_output.sort_by_key(|form| *form != Form::Human);
        refuse_files_in_use(arguments, expected)?;
        let in_files: Vec<(Form, PathBuf, File)> = report
            .iter()
            .filter_map(file)
            .map(|(form, path)| match create(path) {
                Ok(file) => Ok((form, path.to_owned(), file)),
                Err(error) => bail!("{}", unwritable(path, &error)),
            })
            .collect::<Result<_>>()?;
        // Only of files that are there is known which names they have.
        refuse_files_in_use(arguments, expected)?;
        for (_, path, file) in &in_files {
            empty(file).map_err(|error| Error::msg(unwritable(path, &error)))?;
        }
        let human = HumanOptions {
            color: telling.is_coloured(),
            width: run::width(),
            zone: Zone::System,
            quiet: telling.quiet,
        };
        Ok(Self { on_output, in_files, human })
    }

    /// Writes them. Whether all could be written: what could not be is told.
    pub(super) fn write(self, verdict: &Verdict) -> bool {
        let Self { on_output, in_files, human } = self;
        let mut is_written = true;
        let plain = HumanOptions { color: false, width: None, ..human.clone() };
        for (form, path, mut file) in in_files {
            if let Err(error) = file.write_all(&render(form, verdict, &plain)) {
                say(&unwritable(&path, &error));
                is_written = false;
            }
        }
        let on_output: Vec<u8> =
            on_output.into_iter().flat_map(|form| render(form, verdict, &human)).collect();
        let mut output = io::stdout().lock();
        match output.write_all(&on_output).and_then(|()| output.flush()) {
            Ok(()) => is_written,
            // The verdict stands, whoever reads it.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => is_written,
            Err(error) => {
                say(&format!("standard output cannot be written: {error}"));
                false
            }
        }
    }
}

fn file(report: &Report) -> Option<(Form, &Path)> {
    match &report.target {
        Target::File(path) => Some((report.form, path)),
        Target::StandardOutput => None,
    }
}

fn unwritable(path: &Path, error: &io::Error) -> String {
    format!("{} cannot be written: {error}", path.display())
}

/// Opens a file as it is, so that what is in it can still be kept.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).open(path)
}

/// Takes out what was in it; a pipe or a device has nothing.
fn empty(file: &File) -> io::Result<()> {
    if file.metadata()?.is_file() { file.set_len(0) } else { Ok(()) }
}

/// A file that is written.
struct Written<'a> {
    path: &'a Path,
    /// The argument that names it.
    argument: String,
}

/// Refuses to overwrite what is read, or what else is written.
fn refuse_files_in_use(arguments: &Check, expected: &[PathBuf]) -> Result<()> {
    let Check { inputs, expect, baseline, write_baseline, report, .. } = arguments;
    let reports = report.iter().filter_map(file).map(|(form, path)| {
        let argument = format!("--report {}={}", form.name(), path.display());
        Written { path, argument }
    });
    let baselines = write_baseline
        .iter()
        .map(|path| Written { path, argument: format!("--write-baseline {}", path.display()) });
    let mut taken: Vec<&Path> = inputs
        .paths()
        .chain(expect)
        .chain(expected)
        .chain(baseline)
        .map(PathBuf::as_path)
        .collect();
    for Written { path, argument } in reports.chain(baselines) {
        let is = |other: &&&Path| **other == path || is_same_file(path, other);
        if let Some(other) = taken.iter().find(is) {
            bail!("{argument} would overwrite {}: name another file", other.display());
        }
        taken.push(path);
    }
    Ok(())
}

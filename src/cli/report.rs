//! Writing the reports of a check.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

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
    /// Opens the files that the arguments name, unless one of them is read.
    pub(super) fn open(arguments: &Check) -> Result<Self> {
        let Check { report, telling, .. } = arguments;
        let on_output = report.iter().filter(|report| report.target == Target::StandardOutput);
        let mut on_output: Vec<Form> = on_output.map(|report| report.form).collect();
        if on_output.is_empty() {
            on_output.push(Form::Human);
        }
        on_output.sort_by_key(|form| *form != Form::Human);
        let files: Vec<(Form, &Path)> = report.iter().filter_map(file).collect();
        refuse_files_in_use(arguments, &files)?;
        let in_files = files
            .into_iter()
            .map(|(form, path)| match create(path) {
                Ok(file) => Ok((form, path.to_owned(), file)),
                Err(error) => bail!("{}", unwritable(path, &error)),
            })
            .collect::<Result<_>>()?;
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

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).open(path)
}

/// Refuses reports that would overwrite what is read, or one another.
fn refuse_files_in_use(arguments: &Check, files: &[(Form, &Path)]) -> Result<()> {
    let Check { inputs, expect, baseline, write_baseline, .. } = arguments;
    let read = || inputs.paths().chain(expect).chain(baseline).chain(write_baseline);
    for (index, (form, path)) in files.iter().enumerate() {
        let is = |other: &Path| other == *path || is_same_file(path, other);
        if let Some(other) = read().find(|other| is(other)) {
            bail!(
                "--report {}={} would overwrite {}: name another file",
                form.name(),
                path.display(),
                other.display()
            );
        }
        if files.iter().take(index).any(|(_, other)| is(other)) {
            bail!("{} takes one report: name another file for each", path.display());
        }
    }
    Ok(())
}

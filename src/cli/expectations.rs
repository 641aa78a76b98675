//! `--expect`, and the file that is found beside a capture.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, bail};

use super::args::Check;
use super::fault::Fault;
use super::say;
use crate::check::{ExpectationError, Expectations};
use crate::filter::FilterSet;
use crate::types::Limits;

/// What an expectations file is called that is found by itself.
const FILE_NAME: &str = "wsdump-check.toml";

/// Bytes of an expectations file, and of each JSON Schema that it names.
const LARGEST_FILE: u64 = 16 << 20;

/// What the arguments expect, and the files that were read for it; filters are added to
/// `filters`.
pub(super) fn expectations(
    arguments: &Check,
    limits: &Limits,
    filters: &mut FilterSet,
) -> Result<(Expectations, Vec<PathBuf>)> {
    let files = RefCell::new(Vec::new());
    refuse_twice(&arguments.expect)?;
    let is_quiet = arguments.telling.quiet;
    let mut expectations = Expectations::new(limits);
    if arguments.expect.is_empty()
        && let Some(path) = beside(arguments.inputs.paths())?
    {
        if !is_quiet {
            say(&format!("expectations from {}", path.display()));
        }
        add(&mut expectations, &path, filters, &files, is_quiet)?;
    }
    for path in &arguments.expect {
        add(&mut expectations, path, filters, &files, is_quiet)?;
    }
    Ok((expectations, files.into_inner()))
}

/// The same expectations twice would be told twice.
fn refuse_twice(paths: &[PathBuf]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for path in paths {
        // The same file may be named in several ways.
        if !seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone())) {
            bail!("--expect {} is given twice", path.display());
        }
    }
    Ok(())
}

/// The expectations file beside captures; standard input has none.
fn beside<'a>(captures: impl Iterator<Item = &'a PathBuf>) -> Result<Option<PathBuf>> {
    // The same folder may be named in several ways.
    let mut found = BTreeMap::new();
    for capture in captures.filter(|capture| *capture != Path::new("-")) {
        let path = capture.with_file_name(FILE_NAME);
        if path.is_file() {
            found.entry(fs::canonicalize(&path).unwrap_or(path.clone())).or_insert(path);
        }
    }
    let mut found = found.into_values();
    match (found.next(), found.next()) {
        (Some(one), Some(other)) => bail!(
            "{} and {} are both beside a capture: choose with --expect",
            one.display(),
            other.display()
        ),
        (found, _) => Ok(found),
    }
}

/// Adds what a file expects, and to `files` its path and those of its schemas.
fn add(
    expectations: &mut Expectations,
    path: &Path,
    filters: &mut FilterSet,
    files: &RefCell<Vec<PathBuf>>,
    is_quiet: bool,
) -> Result<()> {
    let read = |path: &Path| {
        files.borrow_mut().push(path.to_owned());
        read(path)
    };
    let text = read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let name = path.display().to_string();
    let before = expectations.number();
    expectations
        .add(&text, &name, filters, &|schema| read(&folder.join(schema)))
        .map_err(|error| Error::new(fault(&name, &text, &error).report()))?;
    if expectations.number() == before && !is_quiet {
        say(&format!("{name} expects nothing"));
    }
    Ok(())
}

/// What is wrong with a file.
fn fault<'a>(path: &'a str, text: &'a str, error: &'a ExpectationError) -> Fault<'a> {
    let ExpectationError { message, span, label, help } = error;
    Fault { path, text, span, message, label, help: help.as_deref() }
}

/// The text of a file.
fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LARGEST_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(io::Error::other("it is larger than 16 MiB"));
    }
    Ok(text)
}

//! `--fail-on`, `--allow`, `--deny` and the baseline: what becomes of findings.

use std::fs;
use std::path::Path;

use anyhow::{Context, Error, Result, bail};

use super::args::Check;
use super::filter::wrong;
use crate::check::{Allowed, Baseline, BaselineError, CaptureRule, CheckRule, Policy};
use crate::filter::FilterSet;

/// What the arguments want to become of findings; filters are added to `filters`.
pub(super) fn policy(arguments: &Check, filters: &mut FilterSet) -> Result<Policy> {
    let mut policy = Policy {
        fail_on: arguments.fail_on.into(),
        baseline: baseline(arguments)?,
        ..Policy::default()
    };
    for text in &arguments.allow {
        let (rule, allowed) = allow(text, filters)?;
        policy.allow(rule, allowed);
    }
    for name in &arguments.deny {
        if let Some((denied, _)) = name.split_once(':') {
            let denied = rule("--deny", denied)?;
            bail!("--deny takes no filter: write --deny {denied}; --allow takes one");
        }
        policy.denied.push(rule("--deny", name)?);
    }
    if let Some(both) = policy.contradiction() {
        bail!(
            "--deny {both} and --allow {both} contradict each other: say where it is allowed, with --allow {both}:WHERE"
        );
    }
    Ok(policy)
}

/// `RULE`, or `RULE:WHERE`.
fn allow(text: &str, filters: &mut FilterSet) -> Result<(CheckRule, Allowed)> {
    let (name, filter) = match text.split_once(':') {
        Some((name, filter)) => (name, Some(filter)),
        None => (text, None),
    };
    let rule = rule("--allow", name)?;
    if rule == CheckRule::Capture(CaptureRule::BrokenFile) {
        bail!(
            "--allow {rule} does not help: a capture that cannot be read to its end gives exit code 2 whatever is allowed"
        );
    }
    let Some(filter) = filter else {
        return Ok((rule, Allowed::Everywhere));
    };
    if !rule.is_of_events() {
        bail!(
            "--allow {rule}:WHERE never allows anything: {rule} concerns the capture as a whole, and no event; leave out the filter"
        );
    }
    let filter = filters.filter(filter).map_err(|error| wrong(filter, &error))?;
    Ok((rule, Allowed::Where(vec![filter])))
}

fn rule(option: &str, name: &str) -> Result<CheckRule> {
    if name.contains(',') {
        bail!("{option} takes one rule: repeat it for each of {name}");
    }
    CheckRule::named(name)
        .ok_or_else(|| Error::msg(format!("{option}: {}", CheckRule::unknown(name))))
}

/// What was there before, or what is to note it.
fn baseline(arguments: &Check) -> Result<Option<Baseline>> {
    match (&arguments.baseline, &arguments.write_baseline) {
        (Some(path), _) => read(path).map(Some),
        (None, Some(_)) => Ok(Some(Baseline::noting())),
        (None, None) => Ok(None),
    }
}

fn read(path: &Path) -> Result<Baseline> {
    let name = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
    Baseline::parse(&text).map_err(|error| {
        let space = if matches!(error, BaselineError::Wrong { .. }) { ":" } else { " " };
        Error::msg(format!("{name}{space}{error}"))
    })
}

/// Writes what was noted.
pub(super) fn write_baseline(path: &Path, noted: &Baseline) -> Result<()> {
    fs::write(path, noted.render()).with_context(|| format!("{} cannot be written", path.display()))
}

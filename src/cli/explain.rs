//! `wsdump check --explain RULE`: what a rule is about.

use std::io::{self, Write};

use anyhow::{Result, bail};

use super::SUCCESS;
use crate::check::CheckRule;

/// Prints what is said of a rule, or the list of all.
pub(super) fn print(name: Option<&str>) -> Result<u8> {
    let text = match name {
        None => CheckRule::list(),
        Some(name) => match CheckRule::named(name) {
            Some(rule) => rule.explained(),
            None => bail!("--explain: {}", CheckRule::unknown(name)),
        },
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(SUCCESS)
}

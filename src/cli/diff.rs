//! `wsdump diff A B`: compares two captures.

use anyhow::{Result, bail};

use super::args::Diff;

/// Compares the captures that the arguments name.
pub(super) fn run(_arguments: &Diff) -> Result<u8> {
    bail!("not there yet")
}

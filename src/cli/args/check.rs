//! The arguments of `wsdump check`.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgAction, Args, ValueEnum};

use super::report::{Report, refused};
use super::{Decoding, Inputs, Refusal, Selecting, Telling};
use crate::types::Severity;

/// Judge captures by the rules of the protocol and by what is expected of them.
///
/// Exit codes: 0 the check passes; 1 it fails; 2 wrong usage, an expectations file
/// that is wrong, or a capture that cannot be read to its end.
#[derive(Debug, Args)]
#[command(
    mut_arg("verbose", |verbose| verbose.help("Tell at the end what was seen")),
    mut_arg("quiet", |quiet| quiet.help("Tell nothing but findings, and errors")),
    mut_arg("filter", |filter| filter.help(
        "Judge only what matches, in Wireshark's display-filter language: `ip.addr == 10.0.0.0/8 && json.type == \"error\"`. `wsdump fields` lists the fields",
    )),
    mut_arg("ip", |ip| ip.help(
        "Judge only connections with an end at this address or in this network; repeat for any of several",
    )),
    mut_arg("port", |port| port.help(
        "Judge only connections with an end at this port; repeat for any of several",
    )),
    mut_arg("threads", |threads| threads.hide(true)),
)]
pub(in crate::cli) struct Check {
    #[command(flatten)]
    pub(in crate::cli) inputs: Inputs,

    /// Check what this TOML file expects; repeat for several. Without it that is
    /// wsdump-check.toml beside the capture, where there is one
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) expect: Vec<PathBuf>,

    /// Fail on findings that are at least so severe
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    pub(in crate::cli) fail_on: FailOn,

    /// Do not fail on this rule; with a filter behind a colon, where that selects
    /// the event. Repeat for several
    #[arg(long, value_name = "RULE[:WHERE]", action = ArgAction::Append)]
    pub(in crate::cli) allow: Vec<String>,

    /// Fail on this rule, however severe it is; repeat for several
    #[arg(long, value_name = "RULE", action = ArgAction::Append)]
    pub(in crate::cli) deny: Vec<String>,

    /// Pass also where there is no WebSocket connection
    #[arg(long)]
    pub(in crate::cli) allow_empty: bool,

    /// Fail only on findings that this file does not have
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) baseline: Option<PathBuf>,

    /// Note what is found in this file, for --baseline, and pass
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    pub(in crate::cli) write_baseline: Option<PathBuf>,

    /// Report as human, which is the default, json, junit, sarif, github or tap, on
    /// standard output or in FILE; repeat for several
    #[arg(long, value_name = "FORM[=FILE]", action = ArgAction::Append)]
    pub(in crate::cli) report: Vec<Report>,

    /// Tell what a rule means, why it matters and how it is fixed; without a rule,
    /// list all of them
    #[arg(long, value_name = "RULE", conflicts_with_all = ["files", "read"])]
    pub(in crate::cli) explain: Option<Option<String>>,

    /// Propose an expectations file from a good capture, on standard output
    #[arg(long, conflicts_with_all = [
        "expect", "fail_on", "allow", "deny", "allow_empty", "baseline", "write_baseline", "report",
    ])]
    pub(in crate::cli) init: bool,

    #[command(flatten)]
    pub(in crate::cli) selecting: Selecting,

    #[command(flatten)]
    pub(in crate::cli) decoding: Decoding,

    #[command(flatten)]
    pub(in crate::cli) telling: Telling,
}

impl Check {
    /// Why the options cannot work, if so.
    pub(super) fn refused(&self) -> Option<Refusal> {
        if self.explain.is_some() {
            return None;
        }
        let missing = self.inputs.missing().or_else(|| self.names_no_capture());
        missing.or_else(|| refused(&self.report))
    }

    /// `--init` has no file of its own to write.
    fn names_no_capture(&self) -> Option<Refusal> {
        let is_toml = |path: &&PathBuf| path.extension().is_some_and(|name| name == "toml");
        let is_wrong = self.init && self.inputs.paths().any(|path| is_toml(&path));
        is_wrong.then_some((
            ErrorKind::ValueValidation,
            "--init reads captures and writes to standard output: \
             wsdump check --init traffic.pcap > wsdump-check.toml",
        ))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FailOn {
    /// What the RFC forbids, what is not as expected, what is missing
    Error,
    /// Also what invites trouble
    Warning,
    /// Everything
    Note,
}

impl From<FailOn> for Severity {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Error => Self::Error,
            FailOn::Warning => Self::Warning,
            FailOn::Note => Self::Note,
        }
    }
}

//! What a verdict looks like, a file for each form.
//!
//! ```text
//!             ┌─ human   for people
//!             ├─ json    everything, as docs/check.md says
//! Verdict ────┼─ junit   a test case for each rule and expectation ─┐
//!             ├─ tap     the same, line by line ────────────────────┴─ cases
//!             ├─ sarif   for code scanning
//!             └─ github  workflow commands, which make annotations
//! ```
//!
//! What was sent may come from an attacker, and where a report goes it is read by
//! programs: in every form it can be nothing but text. The same verdict gives the
//! same bytes.

mod cases;
mod github;
mod harmless;
mod human;
mod json;
mod json_writer;
mod junit;
mod reference;
#[cfg(test)]
mod samples;
mod sarif;
mod tap;
#[cfg(test)]
mod tests;

use crate::check::verdict::Verdict;
use crate::output::Zone;

/// Forms of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// For people.
    Human,
    /// One JSON document, which has everything.
    Json,
    /// JUnit's XML, which CI systems read.
    Junit,
    /// SARIF 2.1.0, which code scanning reads.
    Sarif,
    /// Workflow commands of GitHub Actions, which make annotations.
    Github,
    /// TAP 14, the Test Anything Protocol.
    Tap,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Human, Self::Json, Self::Junit, Self::Sarif, Self::Github, Self::Tap];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Tap => "tap",
        }
    }

    /// The form of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }
}

/// How the report for people looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HumanOptions {
    /// Colour, with escape sequences that every terminal knows.
    pub color: bool,
    /// Columns of the terminal; lines are folded there. `None`: it is not a
    /// terminal, and lines may be of any length.
    pub width: Option<usize>,
    /// Whose time is shown.
    pub zone: Zone,
    /// Only findings, and no summary.
    pub quiet: bool,
}

/// The report in a form; `options` are for that for people.
pub fn render(form: Form, verdict: &Verdict, options: &HumanOptions) -> Vec<u8> {
    match form {
        Form::Human => human::render(verdict, options),
        Form::Json => json::render(verdict),
        Form::Junit => junit::render(verdict),
        Form::Sarif => sarif::render(verdict),
        Form::Github => github::render(verdict),
        Form::Tap => tap::render(verdict),
    }
}

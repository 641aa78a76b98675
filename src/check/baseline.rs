//! Findings that were there before: `--baseline`, `--write-baseline`.
//!
//! The file is JSON for people too, with a finding in a line, sorted, so that
//! differences are readable:
//!
//! ```json
//! {
//!   "wsdump_baseline": 1,
//!   "findings": [
//!     {"rule":"accept-mismatch","target":"/chat","count":1},
//!     {"rule":"close-code","from":"server","target":"/rooms/*","count":12}
//!   ]
//! }
//! ```

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use serde::{Deserialize, Deserializer, Serialize, de};
use thiserror::Error;

use super::finding::Finding;
use super::fingerprint::Fingerprint;
use super::rule::CheckRule;
use crate::types::Side;

/// The version of the file that is read and written.
const VERSION: u64 = 1;

/// Different findings that are noted; those beyond it are not, and fail as ever.
const MOST_NOTED: usize = 100_000;

/// Findings that were there before, or that are noted as such.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// How many there are of each.
    counts: BTreeMap<Fingerprint, u64>,
    /// Those that come are noted.
    is_noting: bool,
}

/// Why a file is no baseline.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BaselineError {
    /// It is no JSON, or has what a baseline has not.
    #[error("{line}:{column}: {message}")]
    Wrong {
        /// From 1.
        line: usize,
        /// In bytes, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// It is JSON, and something else.
    #[error(
        "is no baseline: it has no \"wsdump_baseline\"; `wsdump check --write-baseline` writes one"
    )]
    Other,
    /// Another version of wsdump wrote it.
    #[error("is a baseline of version {0}, where this wsdump knows {VERSION}: write it again")]
    Version(u64),
}

impl Baseline {
    /// One that notes all that is found, as if it had been there before.
    pub fn noting() -> Self {
        Self { is_noting: true, ..Self::default() }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// When it is none, or of another version.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let head: Head = serde_json::from_str(text)?;
        match head.wsdump_baseline {
            None => return Err(BaselineError::Other),
            Some(VERSION) => {}
            Some(version) => return Err(BaselineError::Version(version)),
        }
        let file: File = serde_json::from_str(text)?;
        let mut counts = BTreeMap::new();
        for Line { rule, expectation, from, target, pointer, count } in file.findings {
            let (rule, from) = (rule.0, from.map(Side::from));
            let fingerprint = Fingerprint { rule, expectation, from, target, pointer };
            let all: &mut u64 = counts.entry(fingerprint).or_default();
            *all = all.saturating_add(count.get());
        }
        Ok(Self { counts, is_noting: false })
    }

    /// The file, which [`Baseline::parse`] reads. The same findings give the same
    /// bytes.
    pub fn render(&self) -> String {
        let lines = self.counts.iter().filter_map(|(fingerprint, &count)| {
            let line = Line {
                rule: RuleName(fingerprint.rule),
                expectation: fingerprint.expectation.clone(),
                from: fingerprint.from.map(SideName::from),
                target: fingerprint.target.clone(),
                pointer: fingerprint.pointer.clone(),
                count: NonZeroU64::new(count)?,
            };
            serde_json::to_string(&line).ok()
        });
        let lines: Vec<String> = lines.map(|line| format!("\n    {line}")).collect();
        let end = if lines.is_empty() { "" } else { "\n  " };
        let lines = lines.join(",");
        format!("{{\n  \"wsdump_baseline\": {VERSION},\n  \"findings\": [{lines}{end}]\n}}\n")
    }

    /// How many findings there are, or are left.
    pub fn count(&self) -> u64 {
        self.counts.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Whether it notes what is found.
    pub(super) fn is_noting(&self) -> bool {
        self.is_noting
    }

    /// Whether a finding was there before, and not yet as often as then; or is noted.
    pub(super) fn takes(&mut self, finding: &Finding) -> bool {
        let fingerprint = Fingerprint::of(finding);
        if !self.is_noting {
            let Some(count) = self.counts.get_mut(&fingerprint) else {
                return false;
            };
            let is_known = *count > 0;
            *count = count.saturating_sub(1);
            return is_known;
        }
        if self.counts.len() >= MOST_NOTED && !self.counts.contains_key(&fingerprint) {
            return false;
        }
        *self.counts.entry(fingerprint).or_default() += 1;
        true
    }
}

/// What tells a baseline from other JSON.
#[derive(Deserialize)]
struct Head {
    wsdump_baseline: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "wsdump_baseline")]
    _version: u64,
    findings: Vec<Line>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line {
    rule: RuleName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expectation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<SideName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    count: NonZeroU64,
}

/// The name of a rule that there is.
#[derive(Serialize)]
struct RuleName(&'static str);

impl<'de> Deserialize<'de> for RuleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let rule = CheckRule::named(&name);
        let rule = rule.ok_or_else(|| de::Error::custom(CheckRule::unknown(&name)))?;
        Ok(Self(rule.name()))
    }
}

/// A side.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum SideName {
    Client,
    Server,
}

impl From<Side> for SideName {
    fn from(side: Side) -> Self {
        match side {
            Side::Client => Self::Client,
            Side::Server => Self::Server,
        }
    }
}

impl From<SideName> for Side {
    fn from(name: SideName) -> Self {
        match name {
            SideName::Client => Self::Client,
            SideName::Server => Self::Server,
        }
    }
}

impl From<serde_json::Error> for BaselineError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        // serde_json says the place once more, behind the message.
        let message = error.to_string();
        let place = format!(" at line {line} column {column}");
        let message = message.strip_suffix(&place).unwrap_or(&message).to_owned();
        Self::Wrong { line, column, message }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::check::finding::{ExpectationName, Place};
    use crate::check::rule::{CaptureRule, ExpectationRule};
    use crate::types::{Connection, Endpoint, Rule};

    fn found(rule: CheckRule) -> Finding {
        Finding::of_capture(rule, "Something was found.")
    }

    fn at(url: &str, port: u16) -> Finding {
        let address = |port| Endpoint { address: [127, 0, 0, 1].into(), port };
        let connection = Connection {
            stream: port.into(),
            h2_stream: None,
            client: address(port),
            server: address(80),
            inferred: false,
        };
        Finding {
            connection: Some(Place { connection, url: Some(url.into()), file: None }),
            from: Some(Side::Client),
            packet: Some(port.into()),
            ..found(CheckRule::Protocol(Rule::CloseCode))
        }
    }

    fn schema(pointer: &str) -> Finding {
        let (name, file): (Arc<str>, Arc<str>) = ("orders are \"whole\"".into(), "x.toml".into());
        let expected = ExpectationName { number: 0, name, file, line: 1, column: 1 };
        let rule = CheckRule::Expectation(ExpectationRule::Schema);
        Finding { path: Some(pointer.to_owned()), ..found(rule).expected(&expected) }
    }

    fn noted(findings: &[Finding]) -> Baseline {
        let mut baseline = Baseline::noting();
        assert!(findings.iter().all(|finding| baseline.takes(finding)));
        baseline
    }

    fn samples() -> Vec<Finding> {
        vec![
            found(CheckRule::Capture(CaptureRule::LostPackets)),
            at("ws://127.0.0.1:4000/rooms/1?token=x", 1),
            at("ws://127.0.0.1:5000/rooms/2", 2),
            schema("/orders/3/id"),
            at("ws://127.0.0.1:5000/", 3),
        ]
    }

    #[test]
    fn a_file_is_sorted_with_a_finding_in_a_line() {
        let expected = r#"{
  "wsdump_baseline": 1,
  "findings": [
    {"rule":"close-code","from":"client","target":"/","count":1},
    {"rule":"close-code","from":"client","target":"/rooms/*","count":2},
    {"rule":"lost-packets","count":1},
    {"rule":"schema","expectation":"orders are \"whole\"","pointer":"/orders/*/id","count":1}
  ]
}
"#;
        assert_eq!(noted(&samples()).render(), expected);
        let mut other = samples();
        other.reverse();
        assert_eq!(noted(&other).render(), expected);
        assert_eq!(noted(&[]).render(), "{\n  \"wsdump_baseline\": 1,\n  \"findings\": []\n}\n");
    }

    #[test]
    fn what_was_written_is_known() {
        let written = noted(&samples());
        let mut read = Baseline::parse(&written.render()).unwrap();
        assert_eq!(read.render(), written.render());
        assert_eq!(read.count(), 5);
        assert!(samples().iter().all(|finding| read.takes(finding)));
        assert_eq!(read.count(), 0);
        // More of them than there were are new.
        assert!(!samples().iter().any(|finding| read.takes(finding)));
    }

    #[test]
    fn what_differs_between_runs_does_not_count() {
        let mut read = noted(&[at("ws://127.0.0.1:4000/rooms/1?token=x", 1)]);
        read.is_noting = false;
        let mut other_side = at("/rooms/7", 1);
        other_side.from = Some(Side::Server);
        assert!(!read.takes(&other_side));
        assert!(!read.takes(&at("ws://127.0.0.1:4000/lobby", 1)));
        assert!(read.takes(&at("ws://localhost:5000/rooms/99?token=y", 7)));
    }

    #[test]
    fn there_is_no_more_noted_than_the_bound() {
        let mut full = Baseline::noting();
        for number in 0..MOST_NOTED {
            full.counts.insert(Fingerprint::of(&schema(&format!("/x{number}"))), 1);
        }
        assert!(!full.takes(&schema("/y")));
        assert!(full.takes(&schema("/x1")));
    }

    #[test]
    fn a_file_that_is_none_is_refused_with_the_place() {
        for (text, error) in [
            ("", "1:0: EOF while parsing a value"),
            ("{", "1:1: EOF while parsing an object"),
            ("[]", "1:2: "),
            ("{}", "is no baseline"),
            (r#"{"findings": []}"#, "is no baseline"),
            (r#"{"wsdump_baseline": 2, "new": 1}"#, "is a baseline of version 2"),
            (r#"{"wsdump_baseline": "1"}"#, "1:23: invalid type"),
            (r#"{"wsdump_baseline": 1}"#, "1:22: missing field `findings`"),
            ("{\"wsdump_baseline\": 1,\n \"finding\": []}", "2:10: unknown field `finding`"),
            (
                "{\"wsdump_baseline\": 1, \"findings\": [\n{\"rule\":\"accept-mismach\",\"count\":1}]}",
                "2:24: no rule is called `accept-mismach`: did you mean `accept-mismatch`?",
            ),
            (
                "{\"wsdump_baseline\": 1, \"findings\": [\n{\"rule\":\"expect\",\"from\":\"me\",\"count\":1}]}",
                "2:28: unknown variant `me`",
            ),
            (
                "{\"wsdump_baseline\": 1, \"findings\": [\n{\"rule\":\"expect\",\"count\":0}]}",
                "2:26: invalid value: integer `0`",
            ),
        ] {
            let found = Baseline::parse(text).unwrap_err().to_string();
            assert!(found.starts_with(error), "{text}: {found}, not {error}");
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        let text = noted(&samples()).render();
        for end in 0..text.trim_end().len() {
            assert!(Baseline::parse(&text[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn the_same_finding_in_two_lines_counts_twice() {
        let line = r#"{"rule":"expect","count":2}"#;
        let text = format!(r#"{{"wsdump_baseline": 1, "findings": [{line}, {line}]}}"#);
        assert_eq!(Baseline::parse(&text).unwrap().count(), 4);
    }
}

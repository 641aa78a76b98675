//! What two runs have in common of the same finding.

use std::fmt;

use super::finding::Finding;
use crate::types::{Side, stable_path, stable_pointer};

/// What a finding is, without what differs from one run to the next: packet numbers,
/// times, addresses, ids and values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fingerprint {
    pub(super) rule: &'static str,
    /// The expectation's name.
    pub(super) expectation: Option<String>,
    /// Whose fault it is, or who sent it.
    pub(super) from: Option<Side>,
    /// The path that the client asked for, without ids.
    pub(super) target: Option<String>,
    /// The JSON Pointer to what is wrong, without indices and ids.
    pub(super) pointer: Option<String>,
}

impl Fingerprint {
    pub(super) fn of(finding: &Finding) -> Self {
        let url = finding.connection.as_ref().and_then(|place| place.url.as_deref());
        Self {
            rule: finding.rule.name(),
            expectation: finding.expectation.as_ref().map(|expected| expected.name.to_string()),
            from: finding.from,
            target: url.map(stable_path),
            pointer: finding.path.as_deref().map(stable_pointer),
        }
    }
}

/// Its parts, with a space between them, and `-` for one that is not there: none of
/// them but the expectation's name, which stands last, may have a space.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |part: Option<&str>| part.unwrap_or("-").replace(' ', "%20");
        let (target, pointer) = (part(self.target.as_deref()), part(self.pointer.as_deref()));
        let from = self.from.map(|from| from.to_string());
        write!(f, "{} {} {target} {pointer}", self.rule, part(from.as_deref()))?;
        match &self.expectation {
            Some(name) => write!(f, " {name}"),
            None => Ok(()),
        }
    }
}

impl Finding {
    /// What it is, in a line, without what differs from one run to the next: packet
    /// numbers, times, addresses, ids and values. Several findings may have the same.
    pub fn fingerprint(&self) -> String {
        Fingerprint::of(self).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::rule::{CaptureRule, CheckRule};

    #[test]
    fn a_fingerprint_has_all_that_stays() {
        let plain = Finding::of_capture(CheckRule::Capture(CaptureRule::LostPackets), "");
        assert_eq!(plain.fingerprint(), "lost-packets - - -");
        let full = Fingerprint {
            rule: "schema",
            expectation: Some("orders are whole".to_owned()),
            from: Some(Side::Client),
            target: Some("/a b".to_owned()),
            pointer: Some("/orders/*/id".to_owned()),
        };
        assert_eq!(full.to_string(), "schema client /a%20b /orders/*/id orders are whole");
    }
}

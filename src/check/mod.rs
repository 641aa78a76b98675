//! Judges a capture: `wsdump check`.
//!
//! ```text
//!              ┌─ violations, and what is missing ─┐
//! Event ──► Checker ─┬─ expectations ──────────────┴─► Findings ──► Verdict ──► reports
//!              │     └─ which of them an event matters to: FilterSet   ▲
//!              └─ connections that are open                            │
//!                                          Policy: allow, deny, baseline
//! ```
//!
//! Events are judged as they come. Of a connection no more is kept than its
//! expectations need, and it is forgotten when the connection ends; of findings the
//! first ones are kept, and all are counted. The same events give the same verdict,
//! and the same verdict the same reports, byte for byte.

mod baseline;
mod capture_rules;
mod checker;
mod connections;
mod expectations;
mod explain;
mod finding;
mod findings;
mod fingerprint;
mod incomplete;
mod judge;
mod policy;
mod propose;
pub mod report;
mod rule;
#[cfg(test)]
mod testing;
mod verdict;

pub use baseline::{Baseline, BaselineError};
pub use checker::{CheckOptions, Checker, Told};
pub use expectations::{ExpectationError, Expectations};
pub use explain::Explanation;
pub use finding::{ExpectationName, Finding, Outcome, Place};
pub use findings::{Counts, Severities};
pub use policy::{Allowed, Policy};
pub use propose::Proposer;
pub use rule::{CaptureRule, CheckRule, ExpectationRule};
pub use verdict::{Expectation, Verdict};

//! Compares two captures: `wsdump diff`.
//!
//! ```text
//! Event ──► Collector ──► Recording ─┐   connections     messages of         fields of
//!           as Rules say             ├─► paired by  ──►  a pair aligned, ──► a message ──► Comparison ──► text
//! Event ──► Collector ──► Recording ─┘   URL and order   each side by itself   compared
//! ```
//!
//! Of each message a digest is kept of what is compared, and its payload as long as
//! there is room: two messages with equal digests are equal but for what varies from
//! run to run. What that is, [`Rules`] say. Ids among it are not ignored altogether:
//! where one stands for another once, it has to everywhere on that connection.
//!
//! What the two sides of a connection say to one another passes each other on the
//! way, so that the order of messages of different senders is an accident. It is
//! compared for each sender by itself.
//!
//! Work is near-linear in the length of the captures: where sequences are long and
//! have little in common, an alignment may be found that is not the shortest.

mod align;
mod collector;
mod compare;
mod content;
mod digest;
mod fields;
mod gap;
mod ignore_path;
mod pairing;
mod recording;
mod renames;
mod report;
mod rules;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod text;
mod tree;
mod varying;

pub use collector::Collector;
pub use compare::{Comparison, Counts, compare};
pub use ignore_path::{IgnorePath, NoIgnorePath};
pub use recording::Recording;
pub use report::{ReportOptions, write};
pub use rules::Rules;

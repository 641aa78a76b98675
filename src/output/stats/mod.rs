//! The traffic in numbers: `wsdump stats`.
//!
//! Everything is counted from events as they come, and written at the end. What
//! is kept does not grow with the input but to bounds: so many groups, types,
//! latencies and findings have rows, and what has no row counts with the
//! others.
//!
//! ```text
//! Event ──► Ledger ─┬─ Group         connections and what passed over them
//!                   ├─ Distribution  sizes, latencies
//!                   ├─ Found         what is wrong, or missing
//!                   └──────────────► text or json
//! ```

mod finding;
mod grid;
mod group;
mod histogram;
mod json;
mod ledger;
mod name;
mod open;
mod rows;
#[cfg(test)]
mod tests;
mod text;
mod traffic;

use super::View;
use super::spool::Spool;
use crate::types::Event;

pub use group::By;

use ledger::Ledger;

/// How [`Stats`] tells its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatsOptions {
    /// What they are told for; `None` for each connection where that makes a
    /// table, and otherwise for all together.
    pub by: Option<By>,
    /// In which form.
    pub form: StatsForm,
}

/// Forms of the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatsForm {
    /// Tables, for people.
    Text {
        /// Colour, with escape sequences that every terminal knows.
        color: bool,
        /// Columns of the terminal; `None` where lines may be of any length.
        width: Option<usize>,
    },
    /// One JSON document, as docs/stats.md says.
    Json,
}

/// Connections, types, sizes, latencies and findings in numbers, all written by
/// `finish`.
#[derive(Debug)]
pub struct Stats {
    options: StatsOptions,
    ledger: Ledger,
}

impl Stats {
    /// A view with these options.
    pub fn new(options: StatsOptions) -> Self {
        Self { options, ledger: Ledger::new(options.by) }
    }
}

impl View for Stats {
    fn event(&mut self, event: &Event<'_>, _out: &mut Spool) {
        self.ledger.event(event);
    }

    fn finish(&mut self, out: &mut Spool) {
        self.ledger.finish();
        match self.options.form {
            StatsForm::Text { color, width } => {
                text::write(&self.ledger, self.options.by, color, width, out);
            }
            StatsForm::Json => json::write(&self.ledger, self.options.by, out),
        }
    }
}

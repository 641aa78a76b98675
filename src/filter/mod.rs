//! What is shown: the filter language, and which conversations can matter.
//!
//! ```text
//! text ──► language ──► Expression ──► check ──► program ──┬──► events: yes or no
//!          (syntax)                    (meaning)           ├──► conversations: may be, or no
//!                                                          └──► pushdown: libpcap's filter
//! ```
//!
//! A program is evaluated with as much as is known: of a conversation only its
//! ends, later the handshake, at last each event. What is not known yet is neither
//! true nor false, so that the same program tells early which conversations
//! cannot matter.

mod check;
mod decimal;
mod field;
mod json;
mod key;
mod language;
mod left_out;
mod literal;
mod members;
mod needs;
mod others;
mod program;
mod pushdown;
mod ranges;
mod render;
mod selection;
mod server;
mod set;
mod subject;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::str::FromStr;

pub(crate) use decimal::Decimal;
pub(crate) use field::nearest_of;
pub use field::{FIELDS, Field, FieldKind};
pub use language::FilterError;
pub use left_out::LeftOut;
pub use pushdown::bpf;
pub use selection::Selection;
pub use server::{NoServer, Server};
pub use set::{FilterId, FilterSet, Look, ValueId};

use check::{Checked, check};
use json::Found;
use language::parse;
use language::syntax::Expression;
use program::{set_mark, words};
use subject::Subject;

use crate::types::{Connection, Conversation, Event, Handshake, Side};

/// A filter in Wireshark's display-filter language, checked and ready to be
/// evaluated. docs/filters.md teaches the language.
///
/// ```
/// use wsdump::filter::Filter;
/// let filter: Filter = "ip.src==127.0.0.1 and websocket.opcode eq 1".parse()?;
/// assert_eq!(filter.to_string(), "ip.src == 127.0.0.1 && websocket.opcode == 1");
/// # Ok::<(), wsdump::filter::FilterError>(())
/// ```
pub struct Filter {
    expression: Expression,
    checked: Checked,
    /// What is remembered of a connection without a handshake.
    without_handshake: Marks,
}

/// What a handshake decided of a filter for its connection: a bit for each part
/// that only the handshake matters to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks(Box<[u64]>);

/// Room to look into events, one for each thread.
#[derive(Default)]
pub struct Scratch {
    /// What was found in the event's JSON.
    json: Found,
    /// What was found in what the protocol inside says.
    app: Found,
    /// A bit for each filter of a set that selects the event.
    selected: RefCell<Vec<u64>>,
    /// Whether these are known.
    is_selected_known: Cell<bool>,
}

impl Scratch {
    /// Whether the event that was looked into last had more values of JSON than
    /// others are compared with, so that the first ones counted: 65,536, and of
    /// those that `contains` looks for 16.
    pub fn is_beyond(&self) -> bool {
        self.json.is_beyond()
    }

    /// Forgets what was found, as another event comes.
    fn clear(&self) {
        self.json.clear();
        self.app.clear();
        self.is_selected_known.set(false);
    }

    /// What `ask` says of which filters select the event, which `select` finds out if it
    /// is not known yet.
    fn with_selected<T>(
        &self,
        select: impl FnOnce(&mut Vec<u64>),
        ask: impl FnOnce(&[u64]) -> T,
    ) -> T {
        if !self.is_selected_known.replace(true) {
            let mut selected = self.selected.borrow_mut();
            selected.clear();
            select(&mut selected);
        }
        ask(&self.selected.borrow())
    }
}

impl Filter {
    /// Reads and checks an expression.
    ///
    /// # Errors
    /// When it is no expression, names what there is not, or compares what can
    /// never be equal.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let expression = parse(text)?;
        let checked = check(&expression)?;
        let mut filter = Self { expression, checked, without_handshake: Marks::default() };
        filter.without_handshake = filter.remember(None);
        Ok(filter)
    }

    /// What the handshake of a connection decides; of one without a handshake,
    /// `None`, the same as nothing being in it.
    pub fn remember(&self, handshake: Option<&Handshake>) -> Marks {
        let mut marks = Marks(vec![0; words(self.checked.slots)].into());
        let subject = Subject::handshake(handshake);
        self.checked.root.each_remembered(&mut |slot, node| {
            if node.judge(&subject, &self.checked.paths) == Some(true) {
                set_mark(&mut marks.0, slot);
            }
        });
        marks
    }

    /// Whether an event is to be shown, of a connection whose handshake decided
    /// `marks`; `None` where no handshake was seen.
    pub fn selects(&self, event: &Event<'_>, marks: Option<&Marks>, scratch: &Scratch) -> bool {
        scratch.clear();
        let marks = marks.unwrap_or(&self.without_handshake);
        let subject = Subject::event(event, &marks.0, scratch);
        self.checked.root.judge(&subject, &self.checked.paths) == Some(true)
    }

    /// Whether any event of a conversation can be selected, as far as its two
    /// ends and its number tell: `false` is certain.
    pub fn may_select(&self, conversation: &Conversation, stream: u64) -> bool {
        SENDERS.into_iter().any(|sender| {
            let subject = Subject::conversation(conversation, stream, sender);
            self.checked.root.judge(&subject, &self.checked.paths) != Some(false)
        })
    }

    /// Whether any event of a connection can be selected whose handshake decided
    /// `marks`: `false` is certain.
    pub fn may_select_of(&self, connection: &Connection, marks: &Marks) -> bool {
        SENDERS.into_iter().any(|sender| {
            let subject = Subject::connection(connection, &marks.0, sender);
            self.checked.root.judge(&subject, &self.checked.paths) != Some(false)
        })
    }
}

/// Who can have sent what an event tells: one side, or both.
const SENDERS: [Option<Side>; 3] = [Some(Side::Client), Some(Side::Server), None];

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}

/// The expression in the spelling that docs/filters.md uses; it means the same.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filter({self})")
    }
}

#[cfg(test)]
mod tests;

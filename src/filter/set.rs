//! Several filters that look into an event together.

use std::collections::HashMap;

use super::check::Checker;
use super::key::Key;
use super::language::parse;
use super::program::{Node, Operand, set_mark, words};
use super::subject::Subject;
use super::{FilterError, Marks, SENDERS, Scratch};
use crate::types::{Connection, Event, Handshake};

/// Filters, and fields whose values are asked for, that look into an event
/// together: its JSON is gone through once for all of them.
///
/// ```
/// use wsdump::filter::FilterSet;
/// let mut filters = FilterSet::default();
/// let orders = filters.filter("json.type == \"order\"")?;
/// assert_eq!(filters.filter("json.type == \"order\"")?, orders);
/// assert!(filters.filter("json.type ==").is_err());
/// assert!(filters.value("json.id").is_ok() && filters.value("json.id > 3").is_err());
/// # Ok::<(), wsdump::filter::FilterError>(())
/// ```
#[derive(Default)]
pub struct FilterSet {
    checker: Checker,
    roots: Vec<Node>,
    operands: Vec<Operand>,
    known: HashMap<String, FilterId>,
}

/// One filter of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FilterId(usize);

/// One field of a set whose values are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ValueId(usize);

/// An event that the filters of a set look into.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    set: &'a FilterSet,
    event: &'a Event<'a>,
    marks: &'a Marks,
    subject: Subject<'a>,
}

impl FilterSet {
    /// Adds a filter, unless it is there already.
    ///
    /// # Errors
    /// As [`Filter::parse`](super::Filter::parse).
    pub fn filter(&mut self, text: &str) -> Result<FilterId, FilterError> {
        if let Some(&known) = self.known.get(text) {
            return Ok(known);
        }
        let root = self.checker.root(&parse(text)?)?;
        let id = FilterId(self.roots.len());
        self.roots.push(root);
        self.known.insert(text.to_owned(), id);
        Ok(id)
    }

    /// Adds a field whose values are asked for, such as `json.header.msg_id`.
    ///
    /// # Errors
    /// When it is no field, or more than one.
    pub fn value(&mut self, text: &str) -> Result<ValueId, FilterError> {
        let operand = self.checker.value(&parse(text)?, text.len())?;
        self.operands.push(operand);
        Ok(ValueId(self.operands.len() - 1))
    }

    /// What the handshake of a connection decides of all filters; of one without a
    /// handshake, `None`, the same as nothing being in it.
    pub fn remember(&self, handshake: Option<&Handshake>) -> Marks {
        let mut marks = Marks(vec![0; words(self.checker.slots())].into());
        let subject = Subject::handshake(handshake);
        for root in &self.roots {
            root.each_remembered(&mut |slot, node| {
                if node.judge(&subject, self.checker.paths()) == Some(true) {
                    set_mark(&mut marks.0, slot);
                }
            });
        }
        marks
    }

    /// Whether any event of a connection can be selected whose handshake decided
    /// `marks`: `false` is certain.
    pub fn may_select_of(&self, filter: FilterId, connection: &Connection, marks: &Marks) -> bool {
        let Some(root) = self.roots.get(filter.0) else {
            return false;
        };
        SENDERS.into_iter().any(|sender| {
            let subject = Subject::connection(connection, &marks.0, sender);
            root.judge(&subject, self.checker.paths()) != Some(false)
        })
    }

    /// Whether every event of a connection is selected whose handshake decided `marks`:
    /// `true` is certain.
    pub fn selects_all_of(&self, filter: FilterId, connection: &Connection, marks: &Marks) -> bool {
        let Some(root) = self.roots.get(filter.0) else {
            return false;
        };
        SENDERS.into_iter().all(|sender| {
            let subject = Subject::connection(connection, &marks.0, sender);
            root.judge(&subject, self.checker.paths()) == Some(true)
        })
    }

    /// Looks into an event of a connection whose handshake decided `marks`.
    pub fn look<'a>(
        &'a self,
        event: &'a Event<'a>,
        marks: &'a Marks,
        scratch: &'a Scratch,
    ) -> Look<'a> {
        scratch.clear();
        Look { set: self, event, marks, subject: Subject::event(event, &marks.0, scratch) }
    }
}

impl Look<'_> {
    /// Whether a filter selects the event.
    pub fn selects(&self, filter: FilterId) -> bool {
        let Some(root) = self.set.roots.get(filter.0) else {
            return false;
        };
        root.judge(&self.subject, self.set.checker.paths()) == Some(true)
    }

    /// The first value of a field, so that equal values, and they alone, give equal
    /// bytes: `1` and `1.0` are equal, `1` and `"1"` are not. `None` where there is
    /// none.
    pub fn key(&self, value: ValueId) -> Option<Vec<u8>> {
        let mut key = None;
        if let Some(operand) = self.set.operands.get(value.0) {
            operand.each(&self.subject, self.set.checker.paths(), &mut |value| {
                key = Some(Key::from(value).canonical());
                false
            });
        }
        key
    }

    /// Whether a filter can select any event of the event's connection: `false` is
    /// certain.
    pub fn may_select_of_connection(&self, filter: FilterId) -> bool {
        self.set.may_select_of(filter, self.event.connection, self.marks)
    }

    /// The event.
    pub fn event(&self) -> &Event<'_> {
        self.event
    }
}

//! Several filters that look into an event together.

use std::collections::HashMap;

use super::check::Checker;
use super::key::Key;
use super::language::parse;
use super::language::syntax::Root;
use super::program::{Node, Operand, mark, set_mark, words};
use super::subject::Subject;
use super::{FilterError, Marks, SENDERS, Scratch};
use crate::types::{Connection, Event, Handshake};

/// Filters, and fields whose values are asked for, that look into an event
/// together: its JSON is gone through once for all of them, and filters that want a
/// value of their own are looked at only where there is that value.
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
    /// For each literal of JSON, and then of what the protocol inside says, the filters
    /// that cannot hold without it.
    needing: [Vec<Vec<usize>>; 2],
    /// The other filters.
    others: Vec<usize>,
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
    scratch: &'a Scratch,
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
        self.index(&root, id.0);
        self.roots.push(root);
        self.known.insert(text.to_owned(), id);
        Ok(id)
    }

    /// Takes note of what a filter cannot hold without.
    fn index(&mut self, root: &Node, filter: usize) {
        let [of_json, of_app] = &mut self.needing;
        let (needing, literal) = match root.needed() {
            Some((Root::Json, literal)) => (of_json, literal),
            Some((Root::App, literal)) => (of_app, literal),
            None => return self.others.push(filter),
        };
        if needing.len() <= literal {
            needing.resize(literal + 1, Vec::new());
        }
        if let Some(needing) = needing.get_mut(literal) {
            needing.push(filter);
        }
    }

    /// Adds a field whose values are asked for, such as `json.header.msg_id`.
    ///
    /// # Errors
    /// When it is no field, more than one, or one of the handshake.
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
        Look { set: self, event, marks, scratch, subject: Subject::event(event, &marks.0, scratch) }
    }
}

impl Look<'_> {
    /// Whether a filter selects the event.
    pub fn selects(&self, filter: FilterId) -> bool {
        let select = |selected: &mut Vec<u64>| self.select(selected);
        self.scratch.with_selected(select, |selected| mark(selected, filter.0))
    }

    /// Marks each filter that selects the event.
    fn select(&self, selected: &mut Vec<u64>) {
        let FilterSet { checker, roots, needing, others, .. } = self.set;
        selected.resize(words(roots.len()), 0);
        let mut judge = |filter: &usize| {
            let root = roots.get(*filter);
            if root.and_then(|root| root.judge(&self.subject, checker.paths())) == Some(true) {
                set_mark(selected, *filter);
            }
        };
        others.iter().for_each(&mut judge);
        for (root, needing) in [Root::Json, Root::App].into_iter().zip(needing) {
            if !needing.is_empty() {
                self.subject.each_literal(checker.paths(), root, &mut |literal| {
                    needing.get(literal).into_iter().flatten().for_each(&mut judge);
                });
            }
        }
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

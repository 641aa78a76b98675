//! Looking into JSON: the values at some paths.
//!
//! ```text
//! json.header.msg_type ─┐
//! json.items[*].price ──┼──► Paths ──► Walk, once over the text ──► Found
//! json[0] ──────────────┘    (a tree)
//! ```
//!
//! A message is looked into once for all paths of a filter, and only when one of
//! them is asked for. What is passed over is looked at 64 bytes at a time.

mod paths;
mod text;
mod walk;

use std::cell::{Cell, RefCell};
use std::ops::Range;

pub(super) use paths::Paths;
pub(super) use text::{compare_text, entries};

use super::program::{mark, marks, set_mark, words};
use super::subject::{Take, Value};

/// What was found in one text.
#[derive(Debug, Default)]
pub(super) struct Found {
    state: Cell<State>,
    /// For each path, where its values stand.
    values: RefCell<Vec<Vec<Range<usize>>>>,
    /// A bit for each literal of the paths that a value there is equal to.
    equal: RefCell<Vec<u64>>,
    /// A field had more values than another can be compared with.
    is_beyond: Cell<bool>,
}

/// Whether the text was looked into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Untouched,
    /// All values are kept.
    Kept,
    /// They are too many, and looked for again each time.
    Many,
}

/// Values of all paths that are kept of one text.
const MOST_KEPT: usize = 1 << 14;

/// Values of a path that there is room for from one text to the next.
const ROOM: usize = 64;

impl Found {
    /// Forgets what was found, as another text comes.
    pub(super) fn clear(&self) {
        self.state.set(State::Untouched);
        self.is_beyond.set(false);
    }

    /// Takes note that a field had more values than another can be compared with.
    pub(super) fn note_beyond(&self) {
        self.is_beyond.set(true);
    }

    /// Whether that was so since [`Found::clear`].
    pub(super) fn is_beyond(&self) -> bool {
        self.is_beyond.get()
    }

    /// The values of `text` at a path of `paths`. It is the same text until
    /// [`Found::clear`].
    pub(super) fn each(&self, paths: &Paths, path: usize, text: &[u8], take: Take<'_>) {
        if self.state.get() == State::Untouched {
            self.state.set(self.keep(paths, text));
        }
        if self.state.get() == State::Many {
            return walk::walk(paths, text, &mut |found, range| {
                found != path || take(Value::Json(text.get(range).unwrap_or_default()))
            });
        }
        let values = self.values.borrow();
        for range in values.get(path).into_iter().flatten() {
            if !take(Value::Json(text.get(range.clone()).unwrap_or_default())) {
                return;
            }
        }
    }

    /// Whether a value of `text` at the literal's path is equal to it. It is the same
    /// text until [`Found::clear`].
    pub(super) fn is_equal(&self, paths: &Paths, literal: usize, text: &[u8]) -> bool {
        if self.state.get() == State::Untouched {
            self.state.set(self.keep(paths, text));
        }
        mark(&self.equal.borrow(), literal)
    }

    /// Each literal that a value of `text` at its path is equal to, under the same
    /// condition.
    pub(super) fn each_equal(&self, paths: &Paths, text: &[u8], take: &mut dyn FnMut(usize)) {
        if self.state.get() == State::Untouched {
            self.state.set(self.keep(paths, text));
        }
        marks(&self.equal.borrow()).for_each(take);
    }

    /// Notes where all values stand, unless they are very many, and what they are
    /// equal to.
    fn keep(&self, paths: &Paths, text: &[u8]) -> State {
        let mut values = self.values.borrow_mut();
        values.resize(paths.len(), Vec::new());
        for values in &mut *values {
            values.clear();
            values.shrink_to(ROOM);
        }
        let mut equal = self.equal.borrow_mut();
        equal.clear();
        equal.resize(words(paths.literal_count()), 0);
        let mut count = 0;
        walk::walk(paths, text, &mut |path, range| {
            count += 1;
            let value = text.get(range.clone()).unwrap_or_default();
            if let Some(literal) = paths.literal(path, value) {
                set_mark(&mut equal, literal);
            }
            if let Some(values) = values.get_mut(path).filter(|_| count <= MOST_KEPT) {
                values.push(range);
            }
            count <= MOST_KEPT || paths.literal_count() > 0
        });
        if count <= MOST_KEPT { State::Kept } else { State::Many }
    }
}

#[cfg(test)]
mod tests;

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
mod skip;
mod text;
mod walk;

use std::cell::{Cell, RefCell};
use std::ops::Range;

pub(super) use paths::Paths;
pub(super) use text::{compare_text, entries, unescaped};

use super::subject::{Take, Value};

/// What was found in one text.
#[derive(Debug, Default)]
pub(super) struct Found {
    is_complete: Cell<bool>,
    /// For each path, where its values stand.
    values: RefCell<Vec<Vec<Range<usize>>>>,
}

impl Found {
    /// Forgets what was found, as another text comes.
    pub(super) fn clear(&self) {
        self.is_complete.set(false);
    }

    /// The values of `text` at a path of `paths`. It is the same text until
    /// [`Found::clear`].
    pub(super) fn each(&self, paths: &Paths, path: usize, text: &[u8], take: Take<'_>) {
        if !self.is_complete.replace(true) {
            let mut values = self.values.borrow_mut();
            values.iter_mut().for_each(Vec::clear);
            values.resize(paths.len(), Vec::new());
            walk::walk(paths, text, &mut values);
        }
        let values = self.values.borrow();
        for range in values.get(path).into_iter().flatten() {
            if !take(Value::Json(text.get(range.clone()).unwrap_or_default())) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;

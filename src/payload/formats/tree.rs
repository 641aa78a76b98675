//! JSON that is written as the items of a value come.

use std::ops::Range;

use super::{FormatError, MOST_BEYOND, MOST_GROWTH, MOST_LEVELS};
use crate::payload::literal::{write_base64, write_number, write_string};

/// One value that is being written, with the containers that are open in it.
///
/// Of each item it is told first where it was read.
#[derive(Default)]
pub(super) struct Tree {
    out: Vec<u8>,
    open: Vec<Open>,
    /// Bytes that were written, those that were written again included.
    written: usize,
    /// Where the item was read that is being written.
    item: Range<usize>,
    is_done: bool,
}

/// A container that is open.
struct Open {
    kind: Kind,
    /// Items that it still waits for; `None` where a break ends it.
    left: Option<u64>,
    is_empty: bool,
    /// Where the key begins that is being written.
    key: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Array,
    /// Whether its next item is a key.
    Map {
        key: bool,
    },
    Tag,
}

impl Tree {
    /// Whether a whole value was written.
    pub(super) fn is_done(&self) -> bool {
        self.is_done
    }

    /// The next item was read from there.
    pub(super) fn item(&mut self, place: Range<usize>) -> &mut Self {
        self.item = place;
        self
    }

    /// The value.
    pub(super) fn into_json(self) -> String {
        String::from_utf8(self.out).unwrap_or_default()
    }

    pub(super) fn null(&mut self) -> Result<(), FormatError> {
        self.scalar(|out| out.extend_from_slice(b"null"))
    }

    pub(super) fn boolean(&mut self, value: bool) -> Result<(), FormatError> {
        self.scalar(|out| out.extend_from_slice(if value { b"true" } else { b"false" }))
    }

    pub(super) fn integer(&mut self, number: impl itoa::Integer) -> Result<(), FormatError> {
        self.scalar(|out| write_number(out, number))
    }

    /// An integer in decimal digits.
    pub(super) fn digits(&mut self, digits: &str) -> Result<(), FormatError> {
        self.scalar(|out| out.extend_from_slice(digits.as_bytes()))
    }

    /// A floating-point number of 32 bits.
    pub(super) fn single(&mut self, number: f32) -> Result<(), FormatError> {
        self.scalar(|out| match not_finite(number.into()) {
            Some(word) => write_string(out, word),
            // A vector cannot fail.
            None => drop(serde_json::to_writer(out, &number)),
        })
    }

    /// A floating-point number of 64 bits.
    pub(super) fn double(&mut self, number: f64) -> Result<(), FormatError> {
        self.scalar(|out| match not_finite(number) {
            Some(word) => write_string(out, word),
            None => drop(serde_json::to_writer(out, &number)),
        })
    }

    pub(super) fn text(&mut self, text: &str) -> Result<(), FormatError> {
        self.scalar(|out| write_string(out, text))
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        self.object(|out| {
            out.extend_from_slice(br#""base64":"#);
            write_base64(out, bytes);
        })
    }

    /// An object that has a level of its own; its members are what is written.
    pub(super) fn object(&mut self, members: impl FnOnce(&mut Vec<u8>)) -> Result<(), FormatError> {
        self.needs_level()?;
        self.scalar(|out| {
            out.push(b'{');
            members(out);
            out.push(b'}');
        })
    }

    /// The beginning of an array of so many elements, or of one that a break ends.
    pub(super) fn array(&mut self, length: Option<u64>) -> Result<(), FormatError> {
        self.container(Kind::Array, length)
    }

    /// The beginning of a map of so many pairs, or of one that a break ends.
    pub(super) fn map(&mut self, length: Option<u64>) -> Result<(), FormatError> {
        let items = length.map(|pairs| pairs.saturating_mul(2));
        self.container(Kind::Map { key: true }, items)
    }

    /// A tag; the next item is what it is about.
    pub(super) fn tag(&mut self, tag: u64) -> Result<(), FormatError> {
        self.container(Kind::Tag, Some(1))?;
        self.write(|out| {
            out.extend_from_slice(br#""tag":"#);
            write_number(out, tag);
            out.extend_from_slice(br#","value":"#);
        });
        Ok(())
    }

    /// The end of a container that did not tell its length.
    pub(super) fn end(&mut self) -> Result<(), FormatError> {
        let may_end = self.open.last().is_some_and(|open| {
            open.left.is_none() && matches!(open.kind, Kind::Array | Kind::Map { key: true })
        });
        if !may_end {
            return Err(FormatError::Break { at: self.item.start });
        }
        self.close();
        self.item_ends()
    }

    fn scalar(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), FormatError> {
        self.item_begins();
        self.write(write);
        self.item_ends()
    }

    fn container(&mut self, kind: Kind, left: Option<u64>) -> Result<(), FormatError> {
        self.needs_level()?;
        self.item_begins();
        self.write(|out| out.push(if kind == Kind::Array { b'[' } else { b'{' }));
        self.open.push(Open { kind, left, is_empty: true, key: None });
        if left != Some(0) {
            return self.is_short_enough();
        }
        self.close();
        self.item_ends()
    }

    /// Writes what stands before an item.
    fn item_begins(&mut self) {
        let Some(open) = self.open.last_mut() else {
            return;
        };
        let is_first = std::mem::take(&mut open.is_empty);
        if !is_first && matches!(open.kind, Kind::Array | Kind::Map { key: true }) {
            self.out.push(b',');
            self.written += 1;
        }
        if open.kind == (Kind::Map { key: true }) {
            open.key = Some(self.out.len());
        }
    }

    /// Writes what stands behind an item, the ends of all containers included whose
    /// last item it is.
    fn item_ends(&mut self) -> Result<(), FormatError> {
        loop {
            self.is_short_enough()?;
            let Some(open) = self.open.last_mut() else {
                self.is_done = true;
                return Ok(());
            };
            if let Kind::Map { key } = &mut open.kind {
                *key = !*key;
            }
            open.left = open.left.map(|left| left.saturating_sub(1));
            let is_last = open.left == Some(0);
            if let Some(key) = open.key.take() {
                self.key_ends(key);
            }
            if !is_last {
                return Ok(());
            }
            self.close();
        }
    }

    /// What was written from `start` on is a key.
    fn key_ends(&mut self, start: usize) {
        if self.out.get(start) != Some(&b'"')
            && let Ok(key) = String::from_utf8(self.out.split_off(start))
        {
            self.write(|out| write_string(out, &key));
        }
        self.write(|out| out.push(b':'));
    }

    fn close(&mut self) {
        if let Some(open) = self.open.pop() {
            self.write(|out| out.push(if open.kind == Kind::Array { b']' } else { b'}' }));
        }
    }

    fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.out.len();
        write(&mut self.out);
        self.written += self.out.len() - before;
    }

    fn needs_level(&self) -> Result<(), FormatError> {
        if self.open.len() < MOST_LEVELS {
            Ok(())
        } else {
            Err(FormatError::Deep { at: self.item.start })
        }
    }

    /// Keys within keys are written once for each, and longer each time.
    fn is_short_enough(&self) -> Result<(), FormatError> {
        let allowed = self.item.end.saturating_mul(MOST_GROWTH).saturating_add(MOST_BEYOND);
        if self.written <= allowed {
            Ok(())
        } else {
            Err(FormatError::Long { at: self.item.start })
        }
    }
}

fn not_finite(number: f64) -> Option<&'static str> {
    match number {
        _ if number.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

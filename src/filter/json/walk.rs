//! One way through a text, past everything that no path leads to.

use std::ops::Range;

use super::paths::{Paths, ROOT};
use crate::types::json_skip as skip;
use crate::types::json_string::unescaped;

/// Levels that JSON has at the most, and with it the stack that this takes.
const DEEPEST: usize = 128;

/// Takes the path of a value and where it stands, as long as it answers that it
/// wants more.
pub(super) type Take<'t> = &'t mut dyn FnMut(usize, Range<usize>) -> bool;

/// Finds the values at all paths. `text` is JSON; of anything else it finds
/// something or nothing.
pub(super) fn walk(paths: &Paths, text: &[u8], take: Take<'_>) {
    let mut walk = Walk { paths, text, take, has_ended: false };
    let start = skip::white(text, 0);
    walk.value(start, &[ROOT], 0);
}

struct Walk<'a> {
    paths: &'a Paths,
    text: &'a [u8],
    take: Take<'a>,
    /// Nobody wants more.
    has_ended: bool,
}

impl Walk<'_> {
    /// Goes over the value at `start`, to which these places belong; where it
    /// ends.
    fn value(&mut self, start: usize, places: &[usize], depth: usize) -> usize {
        let nodes = || places.iter().filter_map(|&place| self.paths.node(place));
        let end = match self.text.get(start) {
            Some(b'{') if depth < DEEPEST && nodes().any(|node| node.has_keys()) => {
                self.object(start + 1, places, depth)
            }
            Some(b'[') if depth < DEEPEST && nodes().any(|node| node.has_elements()) => {
                self.array(start + 1, places, depth)
            }
            _ => skip::value(self.text, start),
        };
        for &place in places {
            if let Some(path) = self.paths.node(place).and_then(|node| node.path)
                && !self.has_ended
            {
                self.has_ended = !(self.take)(path, start..end);
            }
        }
        if self.has_ended { self.text.len() } else { end }
    }

    /// Goes over what follows the opening brace.
    fn object(&mut self, mut at: usize, places: &[usize], depth: usize) -> usize {
        let mut inner = Places::default();
        loop {
            at = skip::white(self.text, at);
            if self.text.get(at) != Some(&b'"') {
                // The closing brace.
                return (at + 1).min(self.text.len());
            }
            let key_end = skip::value(self.text, at);
            let key = self.text.get(at..key_end).unwrap_or_default();
            let key = unescaped(key);
            let start = skip::white(self.text, skip::white(self.text, key_end) + 1);
            inner.clear();
            for &place in places {
                if let Some(child) = self.paths.node(place).and_then(|node| node.key(&key)) {
                    inner.push(child);
                }
            }
            at = self.part(start, &inner, depth);
            at = skip::white(self.text, at);
            if self.text.get(at) != Some(&b',') {
                return (at + 1).min(self.text.len());
            }
            at += 1;
        }
    }

    /// Goes over what follows the opening bracket.
    fn array(&mut self, mut at: usize, places: &[usize], depth: usize) -> usize {
        let mut inner = Places::default();
        let mut index = 0;
        loop {
            at = skip::white(self.text, at);
            if matches!(self.text.get(at), None | Some(b']')) {
                return (at + 1).min(self.text.len());
            }
            inner.clear();
            for &place in places {
                if let Some(node) = self.paths.node(place) {
                    node.element(index).for_each(|child| inner.push(child));
                }
            }
            at = self.part(at, &inner, depth);
            at = skip::white(self.text, at);
            if self.text.get(at) != Some(&b',') {
                return (at + 1).min(self.text.len());
            }
            at += 1;
            index += 1;
        }
    }

    fn part(&mut self, start: usize, places: &Places, depth: usize) -> usize {
        match places.as_slice() {
            [] => skip::value(self.text, start),
            places => self.value(start, places, depth + 1),
        }
    }
}

/// Some places, mostly one or none.
#[derive(Default)]
struct Places {
    first: [usize; 2],
    count: usize,
    /// All of them, if they are more.
    many: Vec<usize>,
}

impl Places {
    fn clear(&mut self) {
        self.count = 0;
        self.many.clear();
    }

    fn push(&mut self, place: usize) {
        match self.first.get_mut(self.count) {
            Some(first) => *first = place,
            None => {
                if self.many.is_empty() {
                    self.many.extend(self.first);
                }
                self.many.push(place);
            }
        }
        self.count += 1;
    }

    fn as_slice(&self) -> &[usize] {
        match self.first.get(..self.count) {
            Some(first) => first,
            None => &self.many,
        }
    }
}

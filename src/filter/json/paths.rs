//! The paths that a filter asks for, as a tree.

use std::collections::HashMap;

use crate::filter::language::syntax::Step;

/// Paths into JSON, each with a number in the order in which they were added.
#[derive(Debug)]
pub(in crate::filter) struct Paths {
    nodes: Vec<Node>,
    known: HashMap<Vec<Step>, usize>,
}

/// A place in the JSON.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// The path that ends here.
    pub(super) path: Option<usize>,
    /// Where keys lead to, in their order.
    keys: Vec<(Vec<u8>, usize)>,
    /// Where elements lead to, in their order.
    indices: Vec<(usize, usize)>,
    /// Where every element leads to.
    each: Option<usize>,
}

/// The place of the whole.
pub(super) const ROOT: usize = 0;

impl Default for Paths {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], known: HashMap::new() }
    }
}

impl Paths {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// The number of a path, which is added if it is new.
    pub(in crate::filter) fn add(&mut self, steps: &[Step]) -> usize {
        if let Some(&known) = self.known.get(steps) {
            return known;
        }
        let path = self.known.len();
        self.known.insert(steps.to_vec(), path);
        let mut at = ROOT;
        for step in steps {
            at = self.child(at, step);
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.path = Some(path);
        }
        path
    }

    pub(super) fn node(&self, at: usize) -> Option<&Node> {
        self.nodes.get(at)
    }

    fn child(&mut self, at: usize, step: &Step) -> usize {
        let fresh = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else {
            return ROOT;
        };
        let child = match step {
            Step::Key(key) => {
                match node.keys.binary_search_by(|(other, _)| other.as_slice().cmp(key.as_bytes()))
                {
                    Ok(found) => node.keys.get(found).map(|(_, child)| *child),
                    Err(place) => {
                        node.keys.insert(place, (key.as_bytes().to_vec(), fresh));
                        None
                    }
                }
            }
            Step::Index(index) => {
                match node.indices.binary_search_by_key(index, |(other, _)| *other) {
                    Ok(found) => node.indices.get(found).map(|(_, child)| *child),
                    Err(place) => {
                        node.indices.insert(place, (*index, fresh));
                        None
                    }
                }
            }
            Step::Each => {
                let child = node.each;
                node.each = child.or(Some(fresh));
                child
            }
        };
        child.unwrap_or_else(|| {
            self.nodes.push(Node::default());
            fresh
        })
    }
}

impl Node {
    pub(super) fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    pub(super) fn has_elements(&self) -> bool {
        !self.indices.is_empty() || self.each.is_some()
    }

    /// Where a key leads to.
    pub(super) fn key(&self, key: &[u8]) -> Option<usize> {
        match &*self.keys {
            [(only, child)] => (only == key).then_some(*child),
            keys => {
                let found = keys.binary_search_by(|(other, _)| other.as_slice().cmp(key)).ok()?;
                keys.get(found).map(|(_, child)| *child)
            }
        }
    }

    /// Where an element leads to, by its number and as one of all.
    pub(super) fn element(&self, index: usize) -> impl Iterator<Item = usize> {
        let found = self.indices.binary_search_by_key(&index, |(other, _)| *other).ok();
        let child = found.and_then(|found| self.indices.get(found)).map(|(_, child)| *child);
        child.into_iter().chain(self.each)
    }
}

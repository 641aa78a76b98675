//! The paths that a filter asks for, as a tree.

use std::collections::{BTreeMap, HashMap};

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
    /// Where keys lead to.
    keys: BTreeMap<Vec<u8>, usize>,
    /// Where elements lead to.
    indices: BTreeMap<usize, usize>,
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
            Step::Key(key) => *node.keys.entry(key.as_bytes().to_vec()).or_insert(fresh),
            Step::Index(index) => *node.indices.entry(*index).or_insert(fresh),
            Step::Each => *node.each.get_or_insert(fresh),
        };
        if child == fresh {
            self.nodes.push(Node::default());
        }
        child
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
        self.keys.get(key).copied()
    }

    /// Where an element leads to, by its number and as one of all.
    pub(super) fn element(&self, index: usize) -> impl Iterator<Item = usize> {
        let child = self.indices.get(&index).copied();
        child.into_iter().chain(self.each)
    }
}

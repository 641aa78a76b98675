//! The paths that a filter asks for, as a tree.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;

use crate::filter::key::{Class, Key};
use crate::filter::language::syntax::Step;
use crate::filter::subject::Value;

/// Paths into JSON, each with a number in the order in which they were added.
#[derive(Debug)]
pub(in crate::filter) struct Paths {
    nodes: Vec<Node>,
    known: HashMap<Vec<Step>, usize>,
    /// For each path, what its values are held against.
    literals: Vec<Literals>,
    /// How many literals there are of all paths.
    literal_count: usize,
}

/// What the values at a path are held against: so that a value is looked up once,
/// however many filters ask for it.
#[derive(Debug, Default)]
struct Literals {
    /// The number of each.
    numbers: HashMap<Vec<u8>, usize, RandomState>,
    /// Bytes of the longest text among them.
    longest: usize,
}

/// Bytes that a character of a string takes at the most, for each that it is in
/// UTF-8: `\u0061`.
const LONGEST_ESCAPE: usize = 6;

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
        Self {
            nodes: vec![Node::default()],
            known: HashMap::new(),
            literals: Vec::new(),
            literal_count: 0,
        }
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
        self.literals.push(Literals::default());
        let mut at = ROOT;
        for step in steps {
            at = self.child(at, step);
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.path = Some(path);
        }
        path
    }

    /// The number of something that values at a path are held against, which is added
    /// if it is new.
    pub(in crate::filter) fn add_literal(&mut self, path: usize, literal: &Key<'_>) -> usize {
        let fresh = self.literal_count;
        let Some(literals) = self.literals.get_mut(path) else {
            return fresh;
        };
        if literal.class == Class::Text {
            literals.longest = literals.longest.max(literal.bytes.len());
        }
        let number = *literals.numbers.entry(literal.canonical()).or_insert(fresh);
        self.literal_count += usize::from(number == fresh);
        number
    }

    /// How many literals there are.
    pub(super) fn literal_count(&self) -> usize {
        self.literal_count
    }

    /// The number of the literal that a value at a path is equal to.
    pub(super) fn literal(&self, path: usize, json: &[u8]) -> Option<usize> {
        let literals = self.literals.get(path).filter(|literals| !literals.numbers.is_empty())?;
        let can_be_equal = match json.first()? {
            b'{' | b'[' => false,
            b'"' => json.len() <= literals.longest * LONGEST_ESCAPE + 2,
            _ => true,
        };
        if !can_be_equal {
            return None;
        }
        literals.numbers.get(&Key::from(Value::Json(json)).canonical()).copied()
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

//! What differs between two messages.

use std::borrow::Cow;

use super::align::{Region, align_within, gaps};
use super::content::{Tree, TreeBody, Trees};
use super::digest::Digest;
use super::ignore_path::{push_index, push_key};
use super::renames::Renames;
use super::rules::Rules;
use super::text::{Line, words};
use super::tree::{Node, Value};
use crate::output::escaped;
use crate::types::json_string::unescaped;
use crate::types::text::head;

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Where it stands, as `--ignore` takes it unless it is long.
    pub(super) path: String,
    /// Line of a text, from 1.
    pub(super) line: Option<usize>,
    /// What stood there and what stands there, fit for a terminal; `None` of what is
    /// not there.
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
    /// It is an id that stands for another elsewhere.
    pub(super) is_wrong_id: bool,
}

/// Fields that are told of a message; others are counted.
const MOST_FIELDS: usize = 64;

/// Bytes of a value that are told.
const LONGEST: usize = 160;

/// Bytes of them that are told before the first difference.
const BEFORE: usize = 40;

/// Bytes of a path that are told before those that are left out, and behind them.
const LONGEST_PATH: [usize; 2] = [160, 80];

/// Bytes of binary data that are told.
const LONGEST_BYTES: usize = 16;

/// The fields of a message that differ.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) fields: Vec<Field>,
    /// How many more there are.
    pub(super) more: usize,
}

impl Fields {
    /// What differs, where ids have to stand for one another as they did before.
    pub(super) fn new(
        old: &Trees<'_>,
        new: &Trees<'_>,
        rules: &Rules,
        renames: &mut Renames,
    ) -> Self {
        let mut walk = Walk { rules, renames, found: Self::default(), path: String::new() };
        let mut others = new.trees.as_slice();
        for tree in &old.trees {
            // What the bytes say that encode the fields before has been told by these.
            let is_told = tree.is_encoded && !walk.found.is_empty();
            let partner = others.iter().position(|other| other.field == tree.field);
            let Some((before, [other, after @ ..])) =
                partner.and_then(|partner| others.split_at_checked(partner))
            else {
                walk.alone(tree, true);
                continue;
            };
            before.iter().for_each(|tree| walk.alone(tree, false));
            if !is_told {
                walk.trees(tree, other);
            }
            others = after;
        }
        others.iter().for_each(|tree| walk.alone(tree, false));
        walk.found
    }

    /// Whether nothing differs.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.more == 0
    }
}

struct Walk<'r> {
    rules: &'r Rules,
    renames: &'r mut Renames,
    found: Fields,
    path: String,
}

impl Walk<'_> {
    fn trees(&mut self, old: &Tree<'_>, new: &Tree<'_>) {
        self.path = old.field.to_owned();
        match (&old.body, &new.body) {
            (TreeBody::Json(old), TreeBody::Json(new)) => self.nodes(old, new),
            (TreeBody::Lines(old), TreeBody::Lines(new)) => self.lines(old, new),
            (TreeBody::Bytes(old), TreeBody::Bytes(new)) if old == new => {}
            (TreeBody::Bytes(old), TreeBody::Bytes(new)) => {
                let at = common(old, new);
                self.add(Some(bytes_from(old, at)), Some(bytes_from(new, at)));
            }
            _ => self.add(Some(beginning(old)), Some(beginning(new))),
        }
    }

    fn alone(&mut self, tree: &Tree<'_>, is_old: bool) {
        self.path = tree.field.to_owned();
        let told = Some(beginning(tree));
        if is_old { self.add(told, None) } else { self.add(None, told) }
    }

    fn nodes(&mut self, old: &Node<'_>, new: &Node<'_>) {
        if old.digest == new.digest && !old.has_ids {
            return;
        }
        match (&old.value, &new.value) {
            (Value::Object(old), Value::Object(new)) => self.members(old, new),
            (Value::Array(old), Value::Array(new)) => self.elements(old, new),
            (Value::Varying(one), Value::Varying(two)) if one == two && one.is_id() => {
                self.ids(old.raw, new.raw);
            }
            (Value::Mixed(one), Value::Mixed(two)) if old.digest == new.digest => {
                let mut is_same = true;
                for (one, two) in one.iter().zip(two) {
                    is_same &= self.renames.agree(one, two);
                }
                if !is_same {
                    self.add_pair(old.raw, new.raw, None, true);
                }
            }
            _ if old.digest != new.digest => self.add_pair(old.raw, new.raw, None, false),
            _ => {}
        }
    }

    fn ids(&mut self, old: &[u8], new: &[u8]) {
        if !self.renames.agree(&unescaped(old), &unescaped(new)) {
            self.add_pair(old, new, None, true);
        }
    }

    /// Members of two objects, in order of their names; of those of the same name the
    /// first with the first, and so on.
    fn members(&mut self, old: &[Member<'_>], new: &[Member<'_>]) {
        let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
        loop {
            let is_old_next = match (old.peek(), new.peek()) {
                (Some((one, _)), Some((two, _))) if one == two => None,
                (Some((one, _)), Some((two, _))) => Some(one < two),
                (Some(_), None) => Some(true),
                (None, Some(_)) => Some(false),
                (None, None) => return,
            };
            match is_old_next {
                None => {
                    if let (Some((key, one)), Some((_, two))) = (old.next(), new.next()) {
                        self.within(key, |walk| walk.nodes(one, two));
                    }
                }
                Some(true) => {
                    if let Some((key, node)) = old.next() {
                        self.within(key, |walk| walk.add(Some(shown(node.raw)), None));
                    }
                }
                Some(false) => {
                    if let Some((key, node)) = new.next() {
                        self.within(key, |walk| walk.add(None, Some(shown(node.raw))));
                    }
                }
            }
        }
    }

    fn within(&mut self, key: &[u8], then: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        push_key(&mut self.path, &String::from_utf8_lossy(key));
        then(self);
        self.path.truncate(length);
    }

    /// Elements of two arrays: those that are equal pair up, and what lies between in
    /// order.
    fn elements(&mut self, old: &[Element<'_>], new: &[Element<'_>]) {
        let digests = |all: &[Element<'_>]| -> Vec<Digest> {
            all.iter().map(|(_, node)| node.digest).collect()
        };
        for step in steps(&digests(old), &digests(new)) {
            let (one, two) = (step.0.and_then(|at| old.get(at)), step.1.and_then(|at| new.get(at)));
            let index = one.or(two).map_or(0, |(index, _)| *index);
            let length = self.path.len();
            push_index(&mut self.path, index);
            match (one, two) {
                (Some((_, one)), Some((_, two))) => self.nodes(one, two),
                (one, two) => {
                    let told =
                        |element: Option<&Element<'_>>| element.map(|(_, node)| shown(node.raw));
                    self.add(told(one), told(two));
                }
            }
            self.path.truncate(length);
        }
    }

    fn lines(&mut self, old: &[Line<'_>], new: &[Line<'_>]) {
        let digests =
            |all: &[Line<'_>]| -> Vec<Digest> { all.iter().map(|line| line.digest).collect() };
        for step in steps(&digests(old), &digests(new)) {
            let (one, two) = (step.0.and_then(|at| old.get(at)), step.1.and_then(|at| new.get(at)));
            let number = step.0.or(step.1).map(|at| at + 1);
            match (one, two) {
                (Some(one), Some(two)) if one.digest == two.digest => {
                    if one.has_ids && !self.same_ids(one, two) {
                        self.add_pair(one.raw, two.raw, number, true);
                    }
                }
                (Some(one), Some(two)) => self.add_pair(one.raw, two.raw, number, false),
                (one, two) => {
                    let told = |line: Option<&Line<'_>>| line.map(|line| shown(line.raw));
                    self.add_line(told(one), told(two), number, false);
                }
            }
        }
    }

    fn same_ids(&mut self, old: &Line<'_>, new: &Line<'_>) -> bool {
        let (old, new) = (words(old.raw, self.rules), words(new.raw, self.rules));
        let mut is_same = true;
        for (one, two) in old.iter().zip(&new) {
            if one.is_id() {
                is_same &= self.renames.agree(one.bytes, two.bytes);
            }
        }
        is_same
    }

    fn add_pair(&mut self, old: &[u8], new: &[u8], line: Option<usize>, is_wrong_id: bool) {
        let at = common(old, new);
        self.add_line(Some(shown_at(old, at)), Some(shown_at(new, at)), line, is_wrong_id);
    }

    fn add(&mut self, old: Option<String>, new: Option<String>) {
        self.add_line(old, new, None, false);
    }

    fn add_line(
        &mut self,
        old: Option<String>,
        new: Option<String>,
        line: Option<usize>,
        is_wrong_id: bool,
    ) {
        if self.found.fields.len() < MOST_FIELDS {
            let path = short(&self.path);
            let field = Field { path, line, old, new, is_wrong_id };
            // A protocol tells JSON that it carries with its own fields, too.
            if !self.found.fields.contains(&field) {
                self.found.fields.push(field);
            }
        } else {
            self.found.more += 1;
        }
    }
}

type Member<'a> = (Cow<'a, [u8]>, Node<'a>);
type Element<'a> = (usize, Node<'a>);

/// Places in two sequences that belong together, and those that have no partner.
fn steps(old: &[Digest], new: &[Digest]) -> Vec<(Option<usize>, Option<usize>)> {
    let pairs = align_within(old, new);
    let mut steps = Vec::with_capacity(old.len().max(new.len()));
    let both = |(old, new)| (Some(old), Some(new));
    let mut rest = pairs.iter().copied().peekable();
    for Region { old, new } in gaps(&pairs, old.len(), new.len()) {
        while let Some(pair) = rest.next_if(|pair| pair.0 < old.start || pair.1 < new.start) {
            steps.push(both(pair));
        }
        let both_have = old.len().min(new.len());
        steps.extend(old.clone().zip(new.clone()).map(both));
        steps.extend(old.skip(both_have).map(|at| (Some(at), None)));
        steps.extend(new.skip(both_have).map(|at| (None, Some(at))));
    }
    steps.extend(rest.map(both));
    steps
}

/// A path, which a message with long keys would tell once for each field.
fn short(path: &str) -> String {
    let [before, behind] = LONGEST_PATH;
    let left_out = path.len().saturating_sub(behind);
    if left_out <= before {
        return path.to_owned();
    }
    let from = boundary(path.as_bytes(), left_out);
    format!("{}…{}", head(path, before), path.get(from..).unwrap_or_default())
}

/// How many bytes two texts begin with alike.
fn common(old: &[u8], new: &[u8]) -> usize {
    old.iter().zip(new).take_while(|(one, two)| one == two).count()
}

/// The beginning of a value, fit for a terminal.
fn shown(raw: &[u8]) -> String {
    shown_at(raw, 0)
}

/// A value, fit for a terminal; of a long one what stands around its byte `at`.
fn shown_at(raw: &[u8], at: usize) -> String {
    let from = if raw.len() <= LONGEST { 0 } else { boundary(raw, at.saturating_sub(BEFORE)) };
    let to = boundary(raw, from.saturating_add(LONGEST));
    let part = String::from_utf8_lossy(raw.get(from..to).unwrap_or_default());
    let before = if from > 0 { "…" } else { "" };
    let after = if to < raw.len() { "…" } else { "" };
    format!("{before}{}{after}", escaped(&part))
}

/// The next place at which no character of UTF-8 is cut.
fn boundary(text: &[u8], at: usize) -> usize {
    let is_inside = |byte: &&u8| **byte & 0xc0 == 0x80;
    let rest = text.get(at..).unwrap_or_default();
    (at + rest.iter().take(3).take_while(is_inside).count()).min(text.len())
}

/// Bytes in hex from the first that differs.
fn bytes_from(bytes: &[u8], at: usize) -> String {
    let part = bytes.get(at..).unwrap_or_default();
    let hex: Vec<String> =
        part.iter().take(LONGEST_BYTES).map(|byte| format!("{byte:02x}")).collect();
    let more = if part.len() > LONGEST_BYTES { " …" } else { "" };
    let plural = if bytes.len() == 1 { "" } else { "s" };
    if hex.is_empty() {
        return format!("{} byte{plural}, nothing at offset {at}", bytes.len());
    }
    format!("{} byte{plural}, at offset {at}: {}{more}", bytes.len(), hex.join(" "))
}

/// The beginning of a part.
fn beginning(tree: &Tree<'_>) -> String {
    match &tree.body {
        TreeBody::Json(node) => shown(node.raw),
        TreeBody::Lines(lines) => lines.first().map_or_else(String::new, |line| shown(line.raw)),
        TreeBody::Bytes(bytes) => bytes_from(bytes, 0),
    }
}

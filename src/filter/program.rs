//! A filter that was checked, and how it is evaluated.

use std::cell::OnceCell;
use std::cmp::Ordering;

use memchr::memmem::Finder;
use regex::bytes::Regex;

use super::decimal::Decimal;
use super::field::{FieldKind, Source};
use super::json::{Paths, compare_text, entries};
use super::language::syntax::{Part, Root};
use super::members::Members;
use super::needs::Needs;
use super::others::Others;
use super::ranges::Ranges;
use super::render::render;
use super::subject::{Subject, Take, Value};
use crate::types::json_string::unescaped;

/// What can be true, false, or not known yet.
#[derive(Debug)]
pub(super) enum Node {
    Or(Vec<Node>),
    Xor(Vec<Node>),
    And(Vec<Node>),
    Not(Box<Node>),
    Leaf(Leaf),
    /// What the handshake decides for the whole connection, kept in a slot.
    Remembered(usize, Box<Node>),
}

/// What some values have to be.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) needs: Needs,
    /// All values have to be so, not only any.
    pub(super) is_for_all: bool,
    /// They have to be otherwise.
    pub(super) is_negated: bool,
    pub(super) operand: Operand,
    pub(super) test: Test,
}

/// What has values.
#[derive(Debug)]
pub(super) enum Operand {
    Field(Source),
    /// The values at a path.
    Path(Root, usize),
    Slice(Box<Operand>, FieldKind, Vec<Part>),
    /// In lower case, or in upper case.
    Lower(Box<Operand>),
    Upper(Box<Operand>),
    Len(Box<Operand>),
    Count(Box<Operand>),
    /// As text, from values of that kind.
    String(Box<Operand>, FieldKind),
}

/// What a value is held against.
#[derive(Debug)]
pub(super) enum Test {
    Exists,
    /// Numbers.
    Within(Ranges),
    /// Text and bytes.
    Compare(Order, Vec<u8>),
    Contains(Box<Finder<'static>>),
    Matches(Box<Regex>),
    /// Text, bytes and JSON.
    Among(Members),
    /// JSON.
    Json(JsonTest),
    /// JSON that is equal to a literal of its path.
    Literal(usize),
    /// Values of the same kind, or JSON.
    Pair(Relation, Operand),
}

/// How two values that are ordered can lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    pub(super) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// What two fields have to do with one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Order(Order),
    Contains,
}

/// What JSON is held against.
#[derive(Debug)]
pub(super) enum JsonTest {
    Compare(Order, JsonValue),
    Contains(Box<Finder<'static>>),
    Matches(Box<Regex>),
}

/// A value to compare JSON with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum JsonValue {
    Null,
    True,
    False,
    /// A number as it is written in JSON.
    Number(Vec<u8>),
    Text(Vec<u8>),
}

/// What paths were asked for.
#[derive(Debug, Default)]
pub(super) struct AllPaths {
    json: Paths,
    app: Paths,
}

impl AllPaths {
    /// Those from one root.
    pub(super) fn of(&self, root: Root) -> &Paths {
        match root {
            Root::Json => &self.json,
            Root::App => &self.app,
        }
    }

    /// The same, to add some.
    pub(super) fn of_mut(&mut self, root: Root) -> &mut Paths {
        match root {
            Root::Json => &mut self.json,
            Root::App => &mut self.app,
        }
    }
}

impl Node {
    /// Whether it holds; `None` when too little is known.
    pub(super) fn judge(&self, subject: &Subject<'_>, paths: &AllPaths) -> Option<bool> {
        match self {
            Self::Or(parts) => among(parts, true, subject, paths),
            Self::And(parts) => among(parts, false, subject, paths),
            Self::Xor(parts) => {
                let judge = |part: &Self| part.judge(subject, paths);
                parts.iter().try_fold(false, |holds, part| Some(holds ^ judge(part)?))
            }
            Self::Not(negated) => negated.judge(subject, paths).map(|holds| !holds),
            Self::Leaf(leaf) if leaf.needs.are_met_by(subject.known) => {
                Some(leaf.holds(subject, paths))
            }
            Self::Leaf(_) => None,
            Self::Remembered(slot, node) => match subject.marks {
                Some(marks) => Some(mark(marks, *slot)),
                None => node.judge(subject, paths),
            },
        }
    }

    /// A literal without which it cannot hold, if there is one, and where that is from.
    pub(super) fn needed(&self) -> Option<(Root, usize)> {
        match self {
            Self::And(parts) => parts.iter().find_map(Self::needed),
            Self::Leaf(leaf) => match (&leaf.operand, &leaf.test) {
                (Operand::Path(root, _), Test::Literal(literal)) => Some((*root, *literal)),
                _ => None,
            },
            Self::Or(_) | Self::Xor(_) | Self::Not(_) | Self::Remembered(..) => None,
        }
    }

    /// Does something with each remembered part.
    pub(super) fn each_remembered(&self, work: &mut dyn FnMut(usize, &Self)) {
        match self {
            Self::Or(parts) | Self::Xor(parts) | Self::And(parts) => {
                parts.iter().for_each(|part| part.each_remembered(work));
            }
            Self::Not(negated) => negated.each_remembered(work),
            Self::Leaf(_) => {}
            Self::Remembered(slot, node) => work(*slot, node),
        }
    }
}

/// Bits of a word of marks.
const WORD: usize = u64::BITS as usize;

/// What stands in a slot.
pub(super) fn mark(marks: &[u64], slot: usize) -> bool {
    marks.get(slot / WORD).is_some_and(|word| word >> (slot % WORD) & 1 == 1)
}

/// The slots in which something stands.
pub(super) fn marks(words: &[u64]) -> impl Iterator<Item = usize> {
    words.iter().enumerate().flat_map(|(index, &word)| {
        let rest = std::iter::successors(Some(word), |rest| Some(rest & rest.wrapping_sub(1)));
        let bits = rest.take_while(|rest| *rest != 0).map(u64::trailing_zeros);
        bits.map(move |bit| index * WORD + bit as usize)
    })
}

/// Notes that what is in a slot holds.
pub(super) fn set_mark(marks: &mut [u64], slot: usize) {
    if let Some(word) = marks.get_mut(slot / WORD) {
        *word |= 1 << (slot % WORD);
    }
}

/// Words for so many slots.
pub(super) fn words(slots: usize) -> usize {
    slots.div_ceil(WORD)
}

/// Whether any part is `decisive`, which decides all.
fn among(parts: &[Node], decisive: bool, subject: &Subject<'_>, paths: &AllPaths) -> Option<bool> {
    let mut is_known = true;
    for part in parts {
        match part.judge(subject, paths) {
            Some(holds) if holds == decisive => return Some(decisive),
            Some(_) => {}
            None => is_known = false,
        }
    }
    is_known.then_some(!decisive)
}

impl Leaf {
    fn holds(&self, subject: &Subject<'_>, paths: &AllPaths) -> bool {
        if let (Test::Literal(literal), Operand::Path(root, _)) = (&self.test, &self.operand) {
            return subject.has_literal(paths, *root, *literal);
        }
        let mut is_there = false;
        // What one value decides for all.
        let mut decision = None;
        // Otherwise than all is otherwise than any, and the other way round.
        let is_for_all_right = self.is_for_all != self.is_negated;
        let others = OnceCell::new();
        let mut take = |value: Value<'_>| {
            is_there = true;
            let holds = match &self.test {
                Test::Pair(relation, right) => others
                    .get_or_init(|| Others::new(*relation, right, subject, paths))
                    .hold(*relation, value, is_for_all_right),
                test => Some(test.holds(value)),
            };
            decision = match holds {
                None => Some(false),
                Some(holds) => {
                    let holds = holds != self.is_negated;
                    (holds != self.is_for_all).then_some(holds)
                }
            };
            decision.is_none()
        };
        self.operand.each(subject, paths, &mut take);
        decision.unwrap_or(is_there && self.is_for_all)
    }
}

impl Operand {
    /// The values, one by one.
    pub(super) fn each(&self, subject: &Subject<'_>, paths: &AllPaths, take: Take<'_>) {
        match self {
            Self::Field(source) => subject.each(*source, take),
            Self::Path(root, path) => subject.each_at(paths, *root, *path, take),
            Self::Slice(of, kind, parts) => of.each(subject, paths, &mut |value| {
                let octets = octets(value, *kind);
                let whole = match &octets {
                    Some(octets) => octets.as_slice(),
                    None => bytes(value),
                };
                match parts.as_slice() {
                    [part] => slice(whole, *part).is_none_or(|part| take(Value::Bytes(part))),
                    parts => {
                        let parts = parts.iter().map(|part| slice(whole, *part));
                        let joined: Option<Vec<_>> = parts.collect();
                        joined.is_none_or(|joined| take(Value::Bytes(&joined.concat())))
                    }
                }
            }),
            Self::Lower(of) => of.each(subject, paths, &mut |value| {
                text(value).is_none_or(|text| take(Value::Bytes(&text.to_ascii_lowercase())))
            }),
            Self::Upper(of) => of.each(subject, paths, &mut |value| {
                text(value).is_none_or(|text| take(Value::Bytes(&text.to_ascii_uppercase())))
            }),
            Self::Len(of) => of.each(subject, paths, &mut |value| {
                let length = text(value).map(|text| text.len() as u64);
                let length = length.or_else(|| match value {
                    Value::Json(json) => entries(json),
                    _ => None,
                });
                length.is_none_or(|length| take(Value::Number(length.into())))
            }),
            Self::Count(of) => {
                let mut count = 0;
                of.each(subject, paths, &mut |_| {
                    count += 1;
                    true
                });
                // What is not there has no number either.
                if count > 0 {
                    take(Value::Number(count));
                }
            }
            Self::String(of, kind) => of.each(subject, paths, &mut |value| match value {
                Value::Number(number) => take(Value::Bytes(render(number, *kind).as_bytes())),
                Value::Json(json) if json.first() != Some(&b'"') => take(Value::Bytes(json)),
                value => text(value).is_none_or(|text| take(Value::Bytes(&text))),
            }),
        }
    }
}

/// What text or a string says.
fn text(value: Value<'_>) -> Option<std::borrow::Cow<'_, [u8]>> {
    match value {
        Value::Bytes(bytes) => Some(bytes.into()),
        Value::Json(json) if json.first() == Some(&b'"') => Some(unescaped(json)),
        Value::Json(_) | Value::Number(_) => None,
    }
}

fn bytes(value: Value<'_>) -> &[u8] {
    match value {
        Value::Bytes(bytes) => bytes,
        Value::Json(_) | Value::Number(_) => &[],
    }
}

/// The bytes of an address.
fn octets(value: Value<'_>, kind: FieldKind) -> Option<Vec<u8>> {
    let Value::Number(number) = value else {
        return None;
    };
    let all = number.to_be_bytes();
    let count = if kind == FieldKind::Ipv4 { 4 } else { all.len() };
    all.get(all.len() - count..).map(<[u8]>::to_vec)
}

/// A part of bytes; `None` where it begins behind them or before them. It may
/// end earlier than it should.
fn slice(whole: &[u8], part: Part) -> Option<&[u8]> {
    let place = |at: i64| match usize::try_from(at) {
        Ok(at) => Some(at),
        Err(_) => whole.len().checked_sub(usize::try_from(at.unsigned_abs()).ok()?),
    };
    let (first, end) = match part {
        Part::At(at) => {
            let first = place(at)?;
            (first, first.checked_add(1)?)
        }
        Part::From(at, count) => {
            let first = place(at)?;
            (first, first.saturating_add(usize::try_from(count).unwrap_or(usize::MAX)))
        }
        Part::To(first, last) => (place(first)?, place(last)?.checked_add(1)?),
        Part::Rest(at) => (place(at)?, whole.len()),
    };
    let slice = whole.get(first..end.min(whole.len()))?;
    (!slice.is_empty()).then_some(slice)
}

impl Test {
    /// Whether it holds of a value.
    fn holds(&self, value: Value<'_>) -> bool {
        match (self, value) {
            (Self::Exists, _) => true,
            (Self::Within(ranges), Value::Number(number)) => ranges.contains(number),
            (Self::Compare(order, other), Value::Bytes(bytes)) => order.holds(bytes.cmp(other)),
            (Self::Contains(finder), Value::Bytes(bytes)) => finder.find(bytes).is_some(),
            (Self::Matches(regex), Value::Bytes(bytes)) => regex.is_match(bytes),
            (Self::Among(members), value) => members.contain(value),
            (Self::Json(test), Value::Json(json)) => test.holds(json),
            _ => false,
        }
    }
}

impl JsonTest {
    fn holds(&self, json: &[u8]) -> bool {
        match self {
            Self::Compare(order, value) => value.compare(json).is_some_and(|o| order.holds(o)),
            Self::Contains(finder) => is_string(json) && finder.find(&unescaped(json)).is_some(),
            Self::Matches(regex) => is_string(json) && regex.is_match(&unescaped(json)),
        }
    }
}

fn is_string(json: &[u8]) -> bool {
    json.first() == Some(&b'"')
}

impl JsonValue {
    /// How `json` compares with it; `None` when it is of another type.
    fn compare(&self, json: &[u8]) -> Option<Ordering> {
        let equal = |literal: &[u8]| (json == literal).then_some(Ordering::Equal);
        match self {
            Self::Null => equal(b"null"),
            Self::True => equal(b"true"),
            Self::False => equal(b"false"),
            Self::Number(number) => Some(Decimal::new(json)?.cmp(&Decimal::new(number)?)),
            Self::Text(text) => is_string(json).then(|| compare_text(json, text)),
        }
    }
}

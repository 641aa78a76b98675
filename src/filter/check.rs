//! From an expression to a program: what its words mean, and whether that can be.

use std::ops::Range;

use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};

use super::field::{Field, FieldKind, Source, field, nearest};
use super::key::{self, Key};
use super::language::FilterError;
use super::language::syntax::{
    Comparison, Expression, Function, Literal, Member, Operand as Written, Path, Quantifier,
    Relation as WrittenRelation, Root, Spanned, Step, Test as WrittenTest,
};
use super::literal;
use super::members::Members;
use super::needs::Needs;
use super::program::{AllPaths, JsonTest, JsonValue, Leaf, Node, Operand, Order, Relation, Test};
use super::ranges::Ranges;

type Result<T> = std::result::Result<T, FilterError>;

/// Bytes that a compiled regular expression may take, and one that is small.
const LARGEST_REGEX: usize = 4 << 20;
const SMALL_REGEX: usize = 128 << 10;

/// Bytes that all of them together may take.
const ALL_REGEXES: usize = 64 << 20;

/// A checked filter.
pub(super) struct Checked {
    pub(super) root: Node,
    pub(super) paths: AllPaths,
    /// How many parts are remembered.
    pub(super) slots: usize,
    /// It asks for numbers that count what was captured.
    pub(super) has_counts: bool,
}

/// Checks an expression.
pub(super) fn check(expression: &Expression) -> Result<Checked> {
    let mut checker = Checker::default();
    let root = checker.root(expression)?;
    let Checker { paths, slots, has_counts, .. } = checker;
    Ok(Checked { root, paths, slots, has_counts })
}

/// Checks expressions that are evaluated together.
pub(super) struct Checker {
    paths: AllPaths,
    slots: usize,
    has_counts: bool,
    /// Bytes that regular expressions may still take.
    regexes: usize,
}

/// What has values, and of which kind.
struct Typed {
    operand: Operand,
    kind: FieldKind,
    needs: Needs,
    /// As it is called in errors.
    name: String,
    span: Range<usize>,
    /// Bytes of what is text otherwise.
    is_text: bool,
}

impl Default for Checker {
    fn default() -> Self {
        Self { paths: AllPaths::default(), slots: 0, has_counts: false, regexes: ALL_REGEXES }
    }
}

impl Checker {
    /// Checks an expression.
    pub(super) fn root(&mut self, expression: &Expression) -> Result<Node> {
        let (root, needs) = self.node(expression)?;
        Ok(self.remember(root, needs))
    }

    /// Checks that an expression of `length` bytes names one field and nothing else.
    pub(super) fn value(&mut self, expression: &Expression, length: usize) -> Result<Operand> {
        match expression {
            Expression::Test(test) if matches!(test.relation.node, WrittenRelation::Exists) => {
                let Typed { operand, needs, .. } = self.operand(&test.left)?;
                if needs.has_handshake() {
                    return Err(FilterError::new(0..length, "a message has no such value")
                        .label("expected a field of messages, not of the handshake"));
                }
                Ok(operand)
            }
            _ => Err(FilterError::new(0..length, "this is a condition, not a field")
                .label("expected one field, such as json.id")),
        }
    }

    /// What paths the expressions ask for.
    pub(super) fn paths(&self) -> &AllPaths {
        &self.paths
    }

    /// How many parts of them are remembered.
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    fn node(&mut self, expression: &Expression) -> Result<(Node, Needs)> {
        Ok(match expression {
            Expression::Or(parts) => self.parts(parts, Node::Or)?,
            Expression::Xor(parts) => self.parts(parts, Node::Xor)?,
            Expression::And(parts) => self.parts(parts, Node::And)?,
            Expression::Not(negated) => {
                let (node, needs) = self.node(negated)?;
                (Node::Not(Box::new(node)), needs)
            }
            Expression::Test(test) => self.test(test)?,
        })
    }

    /// Parts of which those that only the handshake decides are remembered
    /// together.
    fn parts(
        &mut self,
        parts: &[Expression],
        join: fn(Vec<Node>) -> Node,
    ) -> Result<(Node, Needs)> {
        let (mut remembered, mut others) = (Vec::new(), Vec::new());
        let mut needs = Needs::NOTHING;
        for part in parts {
            let (node, own) = self.node(part)?;
            needs = needs | own;
            if is_decided_by_handshake(own) {
                remembered.push(node);
            } else {
                others.push(node);
            }
        }
        if others.is_empty() {
            return Ok((join(remembered), needs));
        }
        if !remembered.is_empty() {
            let together = match remembered.len() {
                1 => remembered.swap_remove(0),
                _ => join(remembered),
            };
            others.insert(0, self.remember(together, Needs::HANDSHAKE));
        }
        Ok((join(others), needs))
    }

    fn remember(&mut self, node: Node, needs: Needs) -> Node {
        if !is_decided_by_handshake(needs) {
            return node;
        }
        self.slots += 1;
        Node::Remembered(self.slots - 1, Box::new(node))
    }

    fn test(&mut self, test: &WrittenTest) -> Result<(Node, Needs)> {
        let left = self.operand(&test.left)?;
        let (mut is_for_all, mut is_negated) = (false, false);
        let (mut is_denied, mut is_denied_each) = (false, false);
        let mut needs = left.needs;
        let span = &test.relation.span;
        let checked = match &test.relation.node {
            WrittenRelation::Exists => match &left.operand {
                Operand::Field(_) | Operand::Path(..) | Operand::Slice(..) => Test::Exists,
                _ => {
                    return Err(FilterError::new(
                        left.span,
                        format!("{} is always there", left.name),
                    )
                    .label("expected a comparison behind it, such as > 1"));
                }
            },
            WrittenRelation::Compare(comparison, right) => {
                let order;
                (order, is_for_all, is_negated) = meaning(*comparison);
                let (test, own) = self.compare(&left, order, comparison.sign(), span, right)?;
                needs = needs | own;
                test
            }
            WrittenRelation::Contains(right) => {
                let (test, own) = self.contains(&left, span, right)?;
                needs = needs | own;
                test
            }
            WrittenRelation::Matches(right) => self.matches(&left, span, right)?,
            WrittenRelation::In { is_negated, members } => {
                // Alone it denies the whole; of any or of all values, each.
                is_denied = *is_negated && test.quantifier.is_none();
                is_denied_each = *is_negated && test.quantifier.is_some();
                among(&left, span, members)?
            }
        };
        match test.quantifier {
            Some(Quantifier::Any) => is_for_all = false,
            Some(Quantifier::All) => is_for_all = true,
            None => {}
        }
        is_negated |= is_denied_each;
        if needs.has_handshake() && needs.has_more_than_handshake() {
            let span = literal::both(&test.left.span, &test.end());
            return Err(FilterError::new(
                span,
                "what the handshake says is known before there are messages",
            )
            .label("expected fields of the handshake on both sides, or on neither"));
        }
        let is_for_any = !is_for_all && !is_negated;
        let test = match (&left.operand, checked) {
            (Operand::Path(root, path), Test::Json(JsonTest::Compare(Order::Equal, value)))
                if is_for_any =>
            {
                Test::Literal(self.paths.of_mut(*root).add_literal(*path, &value.into()))
            }
            (_, test) => test,
        };
        let leaf = Node::Leaf(Leaf { needs, is_for_all, is_negated, operand: left.operand, test });
        Ok((if is_denied { Node::Not(Box::new(leaf)) } else { leaf }, needs))
    }

    /// What has values: never a value itself.
    fn operand(&mut self, written: &Spanned<Written>) -> Result<Typed> {
        let span = written.span.clone();
        match &written.node {
            Written::Word(name) => match field(name) {
                Some(field) => {
                    self.has_counts |= matches!(
                        field.source,
                        Source::Number | Source::Stream | Source::Connection
                    );
                    Ok(typed(field, span))
                }
                None if name.starts_with(|first: char| first.is_ascii_digit()) => {
                    Err(value_in_front(name, span))
                }
                None => Err(unknown_field(name, span)),
            },
            Written::Path(path) if is_app_protocol(path) => match field("app.protocol") {
                Some(field) => Ok(typed(field, span)),
                None => Err(unknown_field("app.protocol", span)),
            },
            Written::Path(path) => {
                let paths = self.paths.of_mut(path.root);
                let operand = Operand::Path(path.root, paths.add(&path.steps));
                let (name, needs) = (path.to_string(), Needs::EVENT);
                Ok(Typed { operand, kind: FieldKind::Json, needs, name, span, is_text: false })
            }
            Written::Quoted(literal) => Err(value_in_front(&literal.to_string(), span)),
            Written::Slice(of, parts) => {
                let of = self.operand(of)?;
                let is_text =
                    of.is_text || matches!(of.kind, FieldKind::Text | FieldKind::Choice(_));
                if !is_text
                    && !matches!(of.kind, FieldKind::Bytes | FieldKind::Ipv4 | FieldKind::Ipv6)
                {
                    let error = FilterError::new(
                        span,
                        format!("{} has no bytes to take a part of: {}", of.name, kind_of(of.kind)),
                    );
                    return Err(match of.kind {
                        FieldKind::Json => {
                            error.help(format!("a part of its text: string({})[…]", of.name))
                        }
                        _ => error,
                    });
                }
                let operand = Operand::Slice(Box::new(of.operand), of.kind, parts.clone());
                Ok(Typed {
                    operand,
                    kind: FieldKind::Bytes,
                    span,
                    is_text,
                    ..of_name(of.name, of.needs)
                })
            }
            Written::Call(function, of) => {
                let of = self.operand(of)?;
                call(function.node, of, span)
            }
        }
    }

    /// The right side of a comparison: a field, or a value, which is `None`.
    fn right(&mut self, left: &Typed, written: &Spanned<Written>) -> Result<Option<Typed>> {
        match &written.node {
            Written::Quoted(_) => Ok(None),
            // Rather a name such as `app.log`.
            Written::Path(path)
                if class(left.kind) == Class::Bytes
                    && !left.needs.has_handshake()
                    && matches!(left.operand, Operand::Field(_)) =>
            {
                let message = format!("{path} leads into JSON, {} is text", left.name);
                Err(FilterError::new(written.span.clone(), message)
                    .label("expected text in quotes")
                    .help(format!("what is in JSON stands on the left: {path} == {}", left.name)))
            }
            // What has no value, such as `websocket`, is meant as a word.
            Written::Word(name)
                if field(name).is_none_or(|field| field.kind == FieldKind::Label) =>
            {
                Ok(None)
            }
            _ => self.operand(written).map(Some),
        }
    }

    fn compare(
        &mut self,
        left: &Typed,
        order: Order,
        sign: &str,
        span: &Range<usize>,
        right: &Spanned<Written>,
    ) -> Result<(Test, Needs)> {
        refuse_label(left, span)?;
        if order != Order::Equal
            && let FieldKind::Choice(choices) = left.kind
        {
            return Err(FilterError::new(span.clone(), format!("{} has no order", left.name))
                .label(format!("expected == or != and {}", literal::one_of(choices))));
        }
        if let Some(right) = self.right(left, right)? {
            refuse_label(&right, &right.span)?;
            if !are_comparable(left.kind, right.kind) {
                let message = format!(
                    "{} is {}, {} is {}: they are never equal",
                    left.name,
                    kind_of(left.kind),
                    right.name,
                    kind_of(right.kind)
                );
                return Err(FilterError::new(literal::both(&left.span, &right.span), message)
                    .label(format!("expected the same kind on both sides of {sign}")));
            }
            return Ok((Test::Pair(Relation::Order(order), right.operand), right.needs));
        }
        let value = value(right)?;
        let test = match class(left.kind) {
            Class::Number => {
                let (first, last) = literal::numbers(left.kind, &left.name, &value)?;
                Test::Within(within(order, first, last))
            }
            Class::Bytes => Test::Compare(order, bytes(left, &value)?),
            Class::Json => Test::Json(JsonTest::Compare(order, json(left, &value)?)),
        };
        Ok((test, Needs::NOTHING))
    }

    fn contains(
        &mut self,
        left: &Typed,
        span: &Range<usize>,
        right: &Spanned<Written>,
    ) -> Result<(Test, Needs)> {
        refuse_number(left, span, "contains")?;
        let written = right;
        if let Some(right) = self.right(left, right)? {
            refuse_number(&right, &right.span, "contains")?;
            refuse_many(&right, &written.node)?;
            return Ok((Test::Pair(Relation::Contains, right.operand), right.needs));
        }
        let value = value(right)?;
        let finder = |bytes: &[u8]| Box::new(Finder::new(bytes).into_owned());
        let test = match left.kind {
            FieldKind::Json => Test::Json(JsonTest::Contains(finder(literal::raw(&value.node)))),
            FieldKind::Choice(_) => Test::Contains(finder(literal::raw(&value.node))),
            _ => Test::Contains(finder(&bytes(left, &value)?)),
        };
        Ok((test, Needs::NOTHING))
    }

    fn matches(
        &mut self,
        left: &Typed,
        span: &Range<usize>,
        right: &Spanned<Written>,
    ) -> Result<Test> {
        refuse_number(left, span, "matches")?;
        let error = |message: &str| FilterError::new(right.span.clone(), message);
        let pattern = match &right.node {
            Written::Quoted(literal) => literal::raw(literal),
            Written::Word(word) => word.as_bytes(),
            _ => {
                return Err(
                    error("matches takes a regular expression").label("expected it in quotes")
                );
            }
        };
        let Ok(pattern) = str::from_utf8(pattern) else {
            return Err(error("this regular expression is not UTF-8"));
        };
        let is_text = left.kind != FieldKind::Bytes || left.is_text;
        // How much one takes is not told, but whether it takes less than this.
        let (size, regex) = match regex(pattern, is_text, SMALL_REGEX) {
            Err(regex::Error::CompiledTooBig(_)) => {
                (LARGEST_REGEX, regex(pattern, is_text, LARGEST_REGEX))
            }
            small => (SMALL_REGEX, small),
        };
        let regex = Box::new(regex.map_err(|cause| error(&reason(&cause)))?);
        let Some(rest) = self.regexes.checked_sub(size) else {
            return Err(error("all regular expressions together take too much")
                .label(format!("expected no more than take {} MiB", ALL_REGEXES >> 20)));
        };
        self.regexes = rest;
        Ok(match left.kind {
            FieldKind::Json => Test::Json(JsonTest::Matches(regex)),
            _ => Test::Matches(regex),
        })
    }
}

/// What `of` is called, for what is made of it.
fn of_name(name: String, needs: Needs) -> Typed {
    Typed {
        operand: Operand::Field(Source::Frame),
        kind: FieldKind::Bytes,
        needs,
        name,
        span: 0..0,
        is_text: false,
    }
}

fn typed(field: &Field, span: Range<usize>) -> Typed {
    Typed {
        operand: Operand::Field(field.source),
        kind: field.kind,
        needs: field.source.needs(),
        name: field.name.to_owned(),
        span,
        is_text: false,
    }
}

fn is_app_protocol(path: &Path) -> bool {
    path.root == Root::App && matches!(&*path.steps, [Step::Key(key)] if key == "protocol")
}

fn is_decided_by_handshake(needs: Needs) -> bool {
    needs.has_handshake() && !needs.has_more_than_handshake()
}

fn unknown_field(name: &str, span: Range<usize>) -> FilterError {
    let error = FilterError::new(span, format!("there is no field {name}"));
    match nearest(name) {
        Some(nearest) => error.help(format!("did you mean {nearest}?")),
        None => error.label("expected a field").help("`wsdump fields` lists them"),
    }
}

fn value_in_front(value: &str, span: Range<usize>) -> FilterError {
    FilterError::new(span, "a comparison begins with a field")
        .label("expected a field")
        .help(format!("write it the other way round: FIELD == {value}"))
}

fn call(function: Function, of: Typed, span: Range<usize>) -> Result<Typed> {
    let is_text =
        matches!(of.kind, FieldKind::Text | FieldKind::Choice(_) | FieldKind::Json) || of.is_text;
    let name = format!("{}({})", function.name(), of.name);
    let refuse = |expected: &str| {
        let message =
            format!("{} takes {expected}, {} is {}", function.name(), of.name, kind_of(of.kind));
        Err(FilterError::new(of.span.clone(), message))
    };
    let (kind, make): (_, fn(Box<Operand>) -> Operand) = match function {
        _ if of.kind == FieldKind::Label && function != Function::Count => {
            return refuse("a field that has a value");
        }
        Function::Lower | Function::Upper if !is_text => return refuse("text"),
        Function::Len if !is_text && of.kind != FieldKind::Bytes => return refuse("text or bytes"),
        Function::String if of.kind == FieldKind::Bytes && !of.is_text => {
            return refuse("a number, a time, an address, text or JSON");
        }
        Function::String => {
            let operand = Operand::String(Box::new(of.operand), of.kind);
            return Ok(Typed {
                operand,
                kind: FieldKind::Text,
                needs: of.needs,
                name,
                span,
                is_text: false,
            });
        }
        Function::Lower => (FieldKind::Text, Operand::Lower),
        Function::Upper => (FieldKind::Text, Operand::Upper),
        Function::Len => (FieldKind::Unsigned(u64::BITS), Operand::Len),
        Function::Count => (FieldKind::Unsigned(u64::BITS), Operand::Count),
    };
    let operand = make(Box::new(of.operand));
    Ok(Typed { operand, kind, needs: of.needs, name, span, is_text: false })
}

/// What a comparison demands: of all values or of any, and the contrary.
fn meaning(comparison: Comparison) -> (Order, bool, bool) {
    match comparison {
        Comparison::Equal => (Order::Equal, false, false),
        Comparison::NotEqual => (Order::Equal, true, true),
        Comparison::AllEqual => (Order::Equal, true, false),
        Comparison::AnyNotEqual => (Order::Equal, false, true),
        Comparison::Greater => (Order::Greater, false, false),
        Comparison::Less => (Order::Less, false, false),
        Comparison::GreaterOrEqual => (Order::GreaterOrEqual, false, false),
        Comparison::LessOrEqual => (Order::LessOrEqual, false, false),
    }
}

/// What can be compared with one another.
#[derive(PartialEq, Eq)]
enum Class {
    Number,
    Bytes,
    Json,
}

fn class(kind: FieldKind) -> Class {
    match kind {
        FieldKind::Text | FieldKind::Choice(_) | FieldKind::Bytes => Class::Bytes,
        FieldKind::Json => Class::Json,
        _ => Class::Number,
    }
}

fn are_comparable(left: FieldKind, right: FieldKind) -> bool {
    let is_number =
        |kind| matches!(kind, FieldKind::Boolean | FieldKind::Unsigned(_) | FieldKind::Named(..));
    match (class(left), class(right)) {
        (Class::Json, Class::Json | Class::Bytes) | (Class::Bytes, Class::Json | Class::Bytes) => {
            true
        }
        (Class::Json, Class::Number) => is_number(right),
        (Class::Number, Class::Json) => is_number(left),
        (Class::Number, Class::Number) => left == right || is_number(left) && is_number(right),
        _ => false,
    }
}

/// A kind with its article.
fn kind_of(kind: FieldKind) -> String {
    match kind {
        FieldKind::Label | FieldKind::Boolean => format!("a {kind}"),
        FieldKind::Unsigned(_) | FieldKind::Named(..) => "a number".to_owned(),
        FieldKind::Ipv4 | FieldKind::Ipv6 => format!("an {kind}"),
        FieldKind::Time => "a time".to_owned(),
        FieldKind::Choice(_) => "text".to_owned(),
        FieldKind::Seconds | FieldKind::Text | FieldKind::Bytes | FieldKind::Json => {
            kind.to_string()
        }
    }
}

fn refuse_label(operand: &Typed, span: &Range<usize>) -> Result<()> {
    match operand.kind {
        FieldKind::Label => {
            Err(FilterError::new(span.clone(), format!("{} has no value to compare", operand.name))
                .help(format!("{} alone tells whether it is there", operand.name)))
        }
        _ => Ok(()),
    }
}

fn refuse_number(operand: &Typed, span: &Range<usize>, what: &str) -> Result<()> {
    // In Wireshark a protocol has the bytes of its part of the packet.
    refuse_label(operand, span)
        .map_err(|error| error.help(format!("of a payload: websocket.payload {what} …")))?;
    match class(operand.kind) {
        Class::Number => Err(FilterError::new(
            span.clone(),
            format!("{what} is for text and bytes, {} is {}", operand.name, kind_of(operand.kind)),
        )
        .help(format!("string({}) makes text of it", operand.name))),
        Class::Bytes | Class::Json => Ok(()),
    }
}

/// To look for each of many values would take too long.
fn refuse_many(operand: &Typed, written: &Written) -> Result<()> {
    let mut inside = written;
    while let Written::Slice(of, _) | Written::Call(_, of) = inside {
        inside = &of.node;
    }
    match inside {
        Written::Path(path) if path.steps.contains(&Step::Each) => {
            let message = format!("contains looks for one value, {} has many", operand.name);
            Err(FilterError::new(operand.span.clone(), message)
                .label("expected the number of an element in place of *"))
        }
        _ => Ok(()),
    }
}

/// What stands on the right of a comparison if that is no field.
fn value(written: &Spanned<Written>) -> Result<Spanned<Literal>> {
    let span = written.span.clone();
    match &written.node {
        Written::Word(word) => Ok(Spanned { node: Literal::Word(word.clone()), span }),
        Written::Quoted(literal) => Ok(Spanned { node: literal.clone(), span }),
        _ => Err(FilterError::new(span, "a value is expected here")),
    }
}

/// Text or bytes to compare with. A part of text may be given as bytes too.
fn bytes(left: &Typed, value: &Spanned<Literal>) -> Result<Vec<u8>> {
    literal::bytes(left.kind, &left.name, value).or_else(|error| match left.is_text {
        true => Ok(literal::raw(&value.node).to_vec()),
        false => Err(error),
    })
}

/// JSON to compare with. What protocols inside say is of any type, but the time that an
/// answer took is always a number.
fn json(left: &Typed, value: &Spanned<Literal>) -> Result<JsonValue> {
    let json = literal::json(&value.node);
    if left.name == "app.latency" && !matches!(json, JsonValue::Number(_)) {
        return Err(FilterError::new(value.span.clone(), "app.latency is compared with seconds")
            .label("expected a number")
            .help("seconds, as a number: app.latency > 0.25"));
    }
    Ok(json)
}

/// The numbers that lie so to those from `first` to `last`.
fn within(order: Order, first: u128, last: u128) -> Ranges {
    let below = |end: u128| end.checked_sub(1).map(|end| (0, end));
    let above = |start: u128| start.checked_add(1).map(|start| (start, u128::MAX));
    Ranges::new(match order {
        Order::Equal => Some((first, last)),
        Order::Less => below(first),
        Order::LessOrEqual => Some((0, last)),
        Order::Greater => above(last),
        Order::GreaterOrEqual => Some((first, u128::MAX)),
    })
}

/// A regular expression of at most `size` bytes for which case means nothing, as in
/// Wireshark. On bytes its escapes mean bytes.
fn regex(pattern: &str, is_text: bool, size: usize) -> std::result::Result<Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .case_insensitive(true)
        .unicode(is_text)
        .size_limit(size)
        .dfa_size_limit(size)
        .build()
}

/// What is wrong with a regular expression, in one line.
fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => {
            format!("this regular expression takes more than {} MiB", LARGEST_REGEX >> 20)
        }
        error => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            format!("in this regular expression: {}", last.trim_start_matches("error: "))
        }
    }
}

fn among(left: &Typed, span: &Range<usize>, members: &[Member]) -> Result<Test> {
    refuse_label(left, span)?;
    match class(left.kind) {
        Class::Number => {
            let mut ranges = Vec::with_capacity(members.len());
            for member in members {
                let (first, mut last) = literal::numbers(left.kind, &left.name, &member.first)?;
                if let Some(end) = &member.last {
                    last = literal::numbers(left.kind, &left.name, end)?.1;
                    refuse_empty(first > last, member)?;
                }
                ranges.push((first, last));
            }
            Ok(Test::Within(Ranges::new(ranges)))
        }
        Class::Bytes | Class::Json => {
            let key = |literal: &Spanned<Literal>| match class(left.kind) {
                Class::Json => json(left, literal).map(Key::from),
                _ => bytes(left, literal).map(Key::from),
            };
            let mut ranges = Vec::with_capacity(members.len());
            for member in members {
                let first = key(&member.first)?;
                let last = match &member.last {
                    Some(last) => key(last)?,
                    None => first.clone(),
                };
                refuse_mixed(&first, &last, member)?;
                refuse_empty(first.class.compare(&first.bytes, &last.bytes).is_gt(), member)?;
                ranges.push((first, last));
            }
            Ok(Test::Among(Members::new(ranges)))
        }
    }
}

/// A range has numbers or text at both ends.
fn refuse_mixed(first: &Key<'_>, last: &Key<'_>, member: &Member) -> Result<()> {
    match &member.last {
        Some(end) if first.class != last.class || first.class == key::Class::Other => {
            let span = literal::both(&member.first.span, &end.span);
            Err(FilterError::new(span, "nothing lies between these")
                .label("expected numbers at both ends, or text"))
        }
        _ => Ok(()),
    }
}

/// A range from more to less has nothing in it.
fn refuse_empty(is_empty: bool, member: &Member) -> Result<()> {
    match (&member.last, is_empty) {
        (Some(last), true) => {
            let span = literal::both(&member.first.span, &last.span);
            Err(FilterError::new(span, "nothing is in this range")
                .label("expected the lower end first"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Filter;

    #[test]
    fn the_time_of_an_answer_is_a_number() {
        for value in ["> 0ms", "> \"0.2\"", "== true", "in {1s .. 2s}", "in {0.1, 2s}"] {
            let error = Filter::parse(&format!("app.latency {value}")).unwrap_err();
            let help = Some("seconds, as a number: app.latency > 0.25");
            assert_eq!(error.help.as_deref(), help, "{value}");
        }
        for filter in
            ["app.latency", "app.latency > 0.25", "app.latency in {1 .. 2}", "app.latency.x > 0ms"]
        {
            assert!(Filter::parse(filter).is_ok(), "{filter}");
        }
    }

    #[test]
    fn parts_of_text_are_text_however_they_are_taken() {
        for filter in [
            "websocket.payload.text[0:5] == hello",
            "websocket.payload.text[0:5][0:2] == he",
            "lower(http.host[0:5][0:2]) == he",
            "string(http.host[0:5][0:2]) == he",
        ] {
            assert!(Filter::parse(filter).is_ok(), "{filter}");
        }
        assert!(Filter::parse("websocket.payload[0:5][0:2] == he").is_err());
    }
}

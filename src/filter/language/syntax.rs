//! An expression as it was written, and how it is written.

use std::fmt;
use std::ops::Range;

/// Something, and where it stands. Two are equal if what stands there is.
#[derive(Clone, Debug)]
pub(in crate::filter) struct Spanned<T> {
    pub(in crate::filter) node: T,
    pub(in crate::filter) span: Range<usize>,
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

/// What can be true or false. Those of several parts have at least two, none of
/// which is of the same kind.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::filter) enum Expression {
    Or(Vec<Expression>),
    Xor(Vec<Expression>),
    And(Vec<Expression>),
    Not(Box<Expression>),
    Test(Box<Test>),
}

/// What a field has to be.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::filter) struct Test {
    pub(in crate::filter) quantifier: Option<Quantifier>,
    pub(in crate::filter) left: Spanned<Operand>,
    pub(in crate::filter) relation: Spanned<Relation>,
}

impl Test {
    /// Where its last part stands.
    pub(in crate::filter) fn end(&self) -> Range<usize> {
        match &self.relation.node {
            Relation::Exists => self.left.span.clone(),
            Relation::Compare(_, right) | Relation::Contains(right) | Relation::Matches(right) => {
                right.span.clone()
            }
            Relation::In { members, .. } => members.last().map_or_else(
                || self.relation.span.clone(),
                |member| member.last.as_ref().unwrap_or(&member.first).span.clone(),
            ),
        }
    }
}

/// Of which values it has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::filter) enum Quantifier {
    Any,
    All,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::filter) enum Relation {
    /// There is a value.
    Exists,
    Compare(Comparison, Spanned<Operand>),
    Contains(Spanned<Operand>),
    Matches(Spanned<Operand>),
    In {
        is_negated: bool,
        members: Vec<Member>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::filter) enum Comparison {
    /// `==`: any is equal.
    Equal,
    /// `!=`: all are different.
    NotEqual,
    /// `===`: all are equal.
    AllEqual,
    /// `!==`: any is different.
    AnyNotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
}

/// A member of a set: a value, or all from one to another.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::filter) struct Member {
    pub(in crate::filter) first: Spanned<Literal>,
    pub(in crate::filter) last: Option<Spanned<Literal>>,
}

/// What has values.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::filter) enum Operand {
    /// A word: a field, or a value that is not quoted.
    Word(String),
    Path(Path),
    /// A quoted value.
    Quoted(Literal),
    Slice(Box<Spanned<Operand>>, Vec<Part>),
    Call(Spanned<Function>, Box<Spanned<Operand>>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::filter) enum Literal {
    /// Not quoted.
    Word(String),
    /// Between double quotes, escapes taken as what they stand for.
    Text(Vec<u8>),
    /// `r"…"`: without escapes.
    Raw(String),
    /// `'a'`
    Character(u8),
}

/// A path into JSON.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::filter) struct Path {
    pub(in crate::filter) root: Root,
    pub(in crate::filter) steps: Vec<Step>,
}

/// Which JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::filter) enum Root {
    /// A payload.
    Json,
    /// What the protocol inside says.
    App,
}

impl Root {
    pub(in crate::filter) const ALL: [Self; 2] = [Self::Json, Self::App];

    pub(in crate::filter) const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::App => "app",
        }
    }
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::filter) enum Step {
    /// The members of that name.
    Key(String),
    /// The element with that number, from 0.
    Index(usize),
    /// Every element.
    Each,
}

/// A part of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::filter) enum Part {
    /// `[3]`; counted from the end if negative.
    At(i64),
    /// `[3:2]`: so many from there.
    From(i64, u64),
    /// `[3-5]`: from the first to the last.
    To(i64, i64),
    /// `[3:]`
    Rest(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::filter) enum Function {
    Lower,
    Upper,
    Len,
    Count,
    String,
}

impl Function {
    pub(in crate::filter) const ALL: [Self; 5] =
        [Self::Lower, Self::Upper, Self::Len, Self::Count, Self::String];

    pub(in crate::filter) const fn name(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::Len => "len",
            Self::Count => "count",
            Self::String => "string",
        }
    }
}

impl Comparison {
    pub(in crate::filter) const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::AllEqual => "===",
            Self::AnyNotEqual => "!==",
            Self::Greater => ">",
            Self::Less => "<",
            Self::GreaterOrEqual => ">=",
            Self::LessOrEqual => "<=",
        }
    }
}

/// How strongly the parts of an expression hold together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    Or,
    Xor,
    And,
    One,
}

impl Expression {
    fn strength(&self) -> Strength {
        match self {
            Self::Or(_) => Strength::Or,
            Self::Xor(_) => Strength::Xor,
            Self::And(_) => Strength::And,
            Self::Not(_) | Self::Test(_) => Strength::One,
        }
    }

    fn join(&self, f: &mut fmt::Formatter<'_>, parts: &[Self], sign: &str) -> fmt::Result {
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                write!(f, " {sign} ")?;
            }
            if part.strength() > self.strength() {
                write!(f, "{part}")?;
            } else {
                write!(f, "({part})")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Or(parts) => self.join(f, parts, "||"),
            Self::Xor(parts) => self.join(f, parts, "^^"),
            Self::And(parts) => self.join(f, parts, "&&"),
            Self::Not(negated) => write!(f, "!({negated})"),
            Self::Test(test) => test.fmt(f),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.quantifier {
            Some(Quantifier::Any) => f.write_str("any ")?,
            Some(Quantifier::All) => f.write_str("all ")?,
            None => {}
        }
        self.left.node.fmt(f)?;
        match &self.relation.node {
            Relation::Exists => Ok(()),
            Relation::Compare(comparison, right) => {
                write!(f, " {} {}", comparison.sign(), right.node)
            }
            Relation::Contains(right) => write!(f, " contains {}", right.node),
            Relation::Matches(right) => write!(f, " matches {}", right.node),
            Relation::In { is_negated, members } => {
                f.write_str(if *is_negated { " not in {" } else { " in {" })?;
                for (index, member) in members.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{member}")?;
                }
                f.write_str("}")
            }
        }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.node.fmt(f)?;
        self.last.as_ref().map_or(Ok(()), |last| write!(f, "..{}", last.node))
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Path(path) => path.fmt(f),
            Self::Quoted(literal) => literal.fmt(f),
            Self::Slice(of, parts) => {
                write!(f, "{}[", of.node)?;
                for (index, part) in parts.iter().enumerate() {
                    let comma = if index > 0 { "," } else { "" };
                    write!(f, "{comma}{part}")?;
                }
                f.write_str("]")
            }
            Self::Call(function, of) => write!(f, "{}({})", function.node.name(), of.node),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at) => write!(f, "{at}"),
            Self::From(first, count) => write!(f, "{first}:{count}"),
            Self::To(first, last) => write!(f, "{first}-{last}"),
            Self::Rest(first) => write!(f, "{first}:"),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Text(bytes) => write_text(f, bytes),
            Self::Raw(text) => write!(f, "r\"{text}\""),
            Self::Character(byte) => match byte {
                b'\'' | b'\\' => write!(f, "'\\{}'", char::from(*byte)),
                b' '..=b'~' => write!(f, "'{}'", char::from(*byte)),
                _ => write!(f, "'\\x{byte:02x}'"),
            },
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.root.name())?;
        for step in &self.steps {
            match step {
                Step::Key(key) if is_plain_key(key) => write!(f, ".{key}")?,
                Step::Key(key) => {
                    f.write_str("[")?;
                    write_text(f, key.as_bytes())?;
                    f.write_str("]")?;
                }
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Each => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

/// Whether a key can stand behind a point.
fn is_plain_key(key: &str) -> bool {
    !key.is_empty() && key.chars().all(is_key_character)
}

/// What a key behind a point consists of.
pub(in crate::filter) fn is_key_character(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '-' | '$' | '@')
}

fn write_text(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_str("\"")?;
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '"' | '\\' => write!(f, "\\{letter}")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                letter if letter.is_control() => write!(f, "\\U{:08x}", u32::from(letter))?,
                letter => write!(f, "{letter}")?,
            }
        }
        for byte in chunk.invalid() {
            write!(f, "\\x{byte:02x}")?;
        }
    }
    f.write_str("\"")
}

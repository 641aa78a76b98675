//! From characters to words and signs.

use std::ops::Range;

use super::error::FilterError;
use super::syntax::{Literal, Part, Path, Root, Spanned, Step, is_key_character};

/// A word or a sign.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name, a number, an address: what is not quoted.
    Word(String),
    /// A path into JSON.
    Path(Path),
    /// What is quoted.
    Quoted(Literal),
    /// What stands between brackets behind an operand.
    Slice(Vec<Part>),
    Sign(&'static str),
    End,
}

/// Signs, the longer ones first where one begins with another.
const SIGNS: [&str; 20] = [
    "===", "!==", "==", "!=", "~=", ">=", "<=", "&&", "||", "^^", "..", "!", "~", ">", "<", "(",
    ")", "{", "}", ",",
];

/// Parts of one slice: each is copied of every value.
const MOST_PARTS: usize = 16;

/// Reads an expression from its start to its end.
pub(super) struct Lexer<'a> {
    text: &'a str,
    position: usize,
}

type Result<T> = std::result::Result<T, FilterError>;

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, position: 0 }
    }

    /// The next word or sign; at the end always [`Token::End`].
    pub(super) fn next(&mut self) -> Result<Spanned<Token>> {
        self.position = self.text.len() - self.rest().trim_start().len();
        let start = self.position;
        let node = self.token()?;
        Ok(Spanned { node, span: start..self.position })
    }

    fn token(&mut self) -> Result<Token> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(Token::End);
        };
        if first == '"' {
            return self.quoted().map(|text| Token::Quoted(Literal::Text(text)));
        }
        if rest.starts_with("r\"") || rest.starts_with("R\"") {
            return self.raw().map(|text| Token::Quoted(Literal::Raw(text)));
        }
        if first == '\'' {
            return self.character().map(|byte| Token::Quoted(Literal::Character(byte)));
        }
        if first == '[' {
            return self.slice().map(Token::Slice);
        }
        if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            self.position += sign.len();
            return Ok(Token::Sign(sign));
        }
        let word = word(rest);
        if word.is_empty() {
            return Err(self.unknown(first));
        }
        let is_path = |root: &Root| {
            let behind = rest.strip_prefix(root.name());
            word.strip_prefix(root.name())
                .is_some_and(|path| path.is_empty() || path.starts_with('.'))
                && behind.is_some_and(|behind| !behind.starts_with('('))
        };
        if let Some(root) = Root::ALL.into_iter().find(is_path) {
            self.position += root.name().len();
            return self.path(root).map(Token::Path);
        }
        self.position += word.len();
        Ok(Token::Word(word.to_owned()))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn here(&self, length: usize) -> Range<usize> {
        self.position..self.position + length
    }

    fn unknown(&self, first: char) -> FilterError {
        let error =
            FilterError::new(self.here(first.len_utf8()), format!("{first:?} means nothing here"));
        match first {
            '=' => error.help("did you mean ==?"),
            '&' => error.help("did you mean &&? There is no arithmetic."),
            '|' => error.help("did you mean ||?"),
            '^' => error.help("did you mean ^^?"),
            ']' => error.help("a bracket opens right behind a field: websocket.payload[0:2]"),
            _ => error.help("text with other characters than letters, digits, _ . : / + and - stands between quotes"),
        }
    }

    /// Text between double quotes.
    fn quoted(&mut self) -> Result<Vec<u8>> {
        let start = self.position;
        self.position += 1;
        let mut text = Vec::new();
        loop {
            let rest = self.rest();
            let plain = rest.find(['"', '\\']).unwrap_or(rest.len());
            text.extend_from_slice(rest.get(..plain).unwrap_or_default().as_bytes());
            self.position += plain;
            match self.rest().chars().next() {
                None => return Err(self.unclosed(start, '"')),
                Some('"') => {
                    self.position += 1;
                    return Ok(text);
                }
                Some(_) => self.escape(&mut text)?,
            }
        }
    }

    fn unclosed(&self, start: usize, quote: char) -> FilterError {
        FilterError::new(start..start + 1, "this quote is never closed")
            .label(format!("expected {quote} before the end"))
    }

    /// What a backslash and what follows it stand for.
    fn escape(&mut self, text: &mut Vec<u8>) -> Result<()> {
        let rest = self.rest().strip_prefix('\\').unwrap_or_default();
        let Some(letter) = rest.chars().next() else {
            return Err(FilterError::new(self.here(1), "this backslash escapes nothing"));
        };
        let digits = |skipped: usize, most: usize, radix: u32| {
            let digits = rest.get(skipped..).unwrap_or_default();
            let count = digits.chars().take(most).take_while(|digit| digit.is_digit(radix)).count();
            u32::from_str_radix(digits.get(..count)?, radix)
                .ok()
                .map(|value| (value, skipped + count))
        };
        let (value, length) = match letter {
            'x' => match digits(1, 2, 16) {
                Some((value, length)) => (Escaped::Byte(value), length),
                None => {
                    return Err(self.bad_escape("\\x is followed by one or two hexadecimal digits"));
                }
            },
            'u' | 'U' => {
                let most = if letter == 'u' { 4 } else { 8 };
                match digits(1, most, 16).filter(|(_, length)| *length == most + 1) {
                    Some((value, length)) => (Escaped::Character(value), length),
                    None => {
                        return Err(self.bad_escape(
                            "\\u is followed by four hexadecimal digits, \\U by eight",
                        ));
                    }
                }
            }
            '0'..='7' => match digits(0, 3, 8) {
                Some((value, length)) => (Escaped::Byte(value), length),
                None => return Err(self.bad_escape("an octal number has up to three digits")),
            },
            'a' => (Escaped::Byte(0x07), 1),
            'b' => (Escaped::Byte(0x08), 1),
            'f' => (Escaped::Byte(0x0c), 1),
            'n' => (Escaped::Byte(0x0a), 1),
            'r' => (Escaped::Byte(0x0d), 1),
            't' => (Escaped::Byte(0x09), 1),
            'v' => (Escaped::Byte(0x0b), 1),
            '"' | '\'' | '\\' | '?' => (Escaped::Byte(u32::from(letter)), 1),
            _ => {
                return Err(self.bad_escape(
                    "a backslash stands before \" \\ n r t a b f v x, u, U or an octal number",
                ));
            }
        };
        match value {
            Escaped::Byte(value) => match u8::try_from(value) {
                Ok(byte) => text.push(byte),
                Err(_) => return Err(self.bad_escape("that is no byte: up to \\377")),
            },
            Escaped::Character(value) => match char::from_u32(value) {
                Some(letter) => text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
                None => return Err(self.bad_escape("that is no character of Unicode")),
            },
        }
        self.position += 1 + length;
        Ok(())
    }

    fn bad_escape(&self, expected: &str) -> FilterError {
        let letter = self.rest().chars().nth(1).map_or(0, char::len_utf8);
        FilterError::new(self.here(1 + letter), "this escape means nothing")
            .label(expected)
            .help("in regular expressions write r\"…\", where a backslash stands for itself")
    }

    /// `r"…"`.
    fn raw(&mut self) -> Result<String> {
        let start = self.position;
        let text = self.rest().get(2..).unwrap_or_default();
        let Some(length) = text.find('"') else {
            return Err(self.unclosed(start + 1, '"'));
        };
        self.position += 2 + length + 1;
        Ok(text.get(..length).unwrap_or_default().to_owned())
    }

    /// `'a'`.
    fn character(&mut self) -> Result<u8> {
        let start = self.position;
        self.position += 1;
        let mut text = Vec::new();
        match self.rest().chars().next() {
            Some('\\') => self.escape(&mut text)?,
            Some(letter) => {
                text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                self.position += letter.len_utf8();
            }
            None => return Err(self.unclosed(start, '\'')),
        }
        let [byte] = *text else {
            return Err(FilterError::new(start..self.position, "that is more than one byte")
                .help("text stands between double quotes"));
        };
        if !self.rest().starts_with('\'') {
            return Err(FilterError::new(
                start..self.position,
                "a single quote holds one character",
            )
            .help("text stands between double quotes"));
        }
        self.position += 1;
        Ok(byte)
    }

    /// The steps that follow a root.
    fn path(&mut self, root: Root) -> Result<Path> {
        let mut steps = Vec::new();
        loop {
            let rest = self.rest();
            if let Some(bracket) = rest.strip_prefix('[') {
                self.position += 1;
                steps.push(self.bracket(bracket)?);
            } else if let Some(key) = rest.strip_prefix('.').filter(|key| !key.starts_with('.')) {
                let end = key.find(|letter| !is_key_character(letter)).unwrap_or(key.len());
                if end == 0 {
                    return Err(FilterError::new(
                        self.here(1),
                        "a key is missing behind this point",
                    )
                    .label("expected a key, such as json.header")
                    .help("a key with other characters stands in brackets: json[\"some key\"]"));
                }
                steps.push(Step::Key(key.get(..end).unwrap_or_default().to_owned()));
                self.position += 1 + end;
            } else {
                return Ok(Path { root, steps });
            }
        }
    }

    /// What stands in the brackets of a path.
    fn bracket(&mut self, inside: &str) -> Result<Step> {
        let expected = "expected the number of an element from 0, [*], or a key in quotes";
        let step = if inside.starts_with('"') {
            let start = self.position;
            let key = self.quoted()?;
            match String::from_utf8(key) {
                Ok(key) => Step::Key(key),
                Err(_) => {
                    return Err(FilterError::new(
                        start..self.position,
                        "no key of JSON is that: it is not UTF-8",
                    ));
                }
            }
        } else if inside.starts_with('*') {
            self.position += 1;
            Step::Each
        } else {
            let end = inside.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(inside.len());
            let Ok(index) = inside.get(..end).unwrap_or_default().parse() else {
                let length = inside.chars().next().map_or(0, char::len_utf8);
                return Err(FilterError::new(
                    self.here(end.max(length)),
                    "this is no step into JSON",
                )
                .label(expected));
            };
            self.position += end;
            Step::Index(index)
        };
        if !self.rest().starts_with(']') {
            let length = self.rest().chars().next().map_or(0, char::len_utf8);
            let error = FilterError::new(self.here(length), "this bracket is not closed here")
                .label("expected ]");
            return Err(error.help("a part of text in JSON: string(json.key)[0:2]"));
        }
        self.position += 1;
        Ok(step)
    }

    /// `[0:2]`.
    fn slice(&mut self) -> Result<Vec<Part>> {
        let start = self.position;
        let rest = self.rest();
        let Some(end) = rest.find(']') else {
            return Err(FilterError::new(start..start + 1, "this bracket is never closed")
                .label("expected ]"));
        };
        let mut at = start + 1;
        let mut parts = Vec::new();
        for text in rest.get(1..end).unwrap_or_default().split(',') {
            let part = part(text.trim()).ok_or_else(|| {
                FilterError::new(at..at + text.len(), "this is no part of bytes")
                    .label("expected [3], [3:2] (two from there), [3-5] (from, to), [:2] or [3:]")
            })?;
            at += text.len() + 1;
            if parts.len() == MOST_PARTS {
                return Err(FilterError::new(start..start + end + 1, "these are too many parts")
                    .label(format!("expected at most {MOST_PARTS}")));
            }
            parts.push(part);
        }
        self.position = start + end + 1;
        Ok(parts)
    }
}

/// What an escape stands for.
enum Escaped {
    Byte(u32),
    Character(u32),
}

/// The word that `text` begins with.
fn word(text: &str) -> &str {
    let is_part = |letter: char| letter.is_alphanumeric() || "_.:/+-".contains(letter);
    let end = text.find(|letter| !is_part(letter)).unwrap_or(text.len());
    let word = text.get(..end).unwrap_or_default();
    // Two points are a sign.
    word.split_once("..").map_or(word, |(word, _)| word)
}

fn part(text: &str) -> Option<Part> {
    if let Some((first, count)) = text.split_once(':') {
        let first = match first.trim() {
            "" => 0,
            first => first.parse().ok()?,
        };
        return match count.trim() {
            "" => Some(Part::Rest(first)),
            count => {
                count.parse().ok().filter(|&count| count > 0).map(|count| Part::From(first, count))
            }
        };
    }
    if let Ok(at) = text.parse() {
        return Some(Part::At(at));
    }
    // The first may be negative itself.
    let dash = text.char_indices().skip(1).find(|(_, letter)| *letter == '-')?.0;
    let (first, last) = text.split_at_checked(dash)?;
    let last = last.strip_prefix('-')?;
    Some(Part::To(first.trim().parse().ok()?, last.trim().parse().ok()?))
}

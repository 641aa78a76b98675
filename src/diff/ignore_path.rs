//! Paths that are not compared: `--ignore`.

use std::fmt;
use std::str::FromStr;

/// Where something stands that is not compared, with all that is in it.
///
/// It is written as in filters: `json.header.date`, `json.items[0]`,
/// `json["some key"]`. `[*]` is any element, `*` any member, and `**` any number of
/// levels, none included: `**.date` is a `date` anywhere.
///
/// ```
/// use wsdump::diff::IgnorePath;
/// for path in ["json.header.date", "json.items[*].id", "**.date", "json[\"a.b\"]"] {
///     assert_eq!(path.parse::<IgnorePath>().map(|read| read.to_string()).as_deref(), Ok(path));
/// }
/// assert!("json..date".parse::<IgnorePath>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnorePath {
    pub(super) steps: Vec<Step>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A member, or a word of a field's name.
    Key(String),
    /// Any member.
    AnyKey,
    /// An element, from 0.
    Index(usize),
    /// Any element.
    AnyIndex,
    /// Any number of levels.
    AnyDepth,
}

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoIgnorePath {
    /// There is nothing.
    #[error("a path such as json.header.date, json.items[*].id or **.date")]
    Empty,
    /// A key is missing.
    #[error("a key has to stand after {0:?}, as in json.header.date")]
    NoKey(String),
    /// What stands in brackets is nothing that may.
    #[error("in brackets stands an index, * or a key in quotes, not {0:?}")]
    Bracket(String),
    /// A bracket stays open.
    #[error("a bracket is not closed in {0:?}")]
    Open(String),
    /// Nothing that is compared begins so.
    #[error("a path begins with json, websocket, app, inside, http, ws, * or **; {0}")]
    Root(String),
    /// All of everything would be ignored.
    #[error("{0:?} is everything, and nothing would be compared")]
    Everything(String),
}

/// The first words of the names of fields that are compared.
const ROOTS: [&str; 6] = ["json", "websocket", "app", "inside", "http", "ws"];

/// What somebody who wrote a path of another language most likely meant: `$.item.price`
/// is one of JSONPath (RFC 9535), `/item/0` a JSON Pointer (RFC 6901).
fn meant(path: &str) -> String {
    let pointer = path.strip_prefix('/').map(|pointer| {
        pointer.split('/').fold(String::new(), |mut path, key| {
            match key.parse() {
                Ok(index) => push_index(&mut path, index),
                Err(_) => push_key(&mut path, &key.replace("~1", "/").replace("~0", "~")),
            }
            path
        })
    });
    let rest = pointer.as_deref().or_else(|| path.strip_prefix('$')).unwrap_or(path);
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    let joint = if rest.is_empty() || rest.starts_with('[') { "" } else { "." };
    let anywhere = match rest.find(['.', '[']) {
        None if !rest.is_empty() => format!(" or **.{rest}"),
        _ => String::new(),
    };
    format!("did you mean json{joint}{rest}{anywhere}?")
}

impl Step {
    /// Whether it leads to this member.
    pub(super) fn is_key(&self, key: &[u8]) -> bool {
        match self {
            Self::Key(own) => own.as_bytes() == key,
            Self::AnyKey => true,
            Self::Index(_) | Self::AnyIndex | Self::AnyDepth => false,
        }
    }

    /// Whether it leads to this element.
    pub(super) fn is_index(&self, index: usize) -> bool {
        match self {
            Self::Index(own) => *own == index,
            Self::AnyIndex => true,
            Self::Key(_) | Self::AnyKey | Self::AnyDepth => false,
        }
    }
}

impl FromStr for IgnorePath {
    type Err = NoIgnorePath;

    fn from_str(text: &str) -> Result<Self, NoIgnorePath> {
        let mut steps = Vec::new();
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(NoIgnorePath::Empty);
        }
        let (step, after) = key(rest, "")?;
        if let Step::Key(root) = &step
            && !ROOTS.contains(&root.as_str())
        {
            return Err(NoIgnorePath::Root(meant(rest)));
        }
        steps.push(step);
        rest = after;
        while !rest.is_empty() {
            let (step, after) = match rest.strip_prefix('[') {
                Some(inside) => bracket(inside)?,
                None => key(rest.strip_prefix('.').unwrap_or(rest), text)?,
            };
            steps.push(step);
            rest = after;
        }
        if steps.iter().all(|step| matches!(step, Step::AnyDepth | Step::AnyKey)) {
            return Err(NoIgnorePath::Everything(text.to_owned()));
        }
        Ok(Self { steps })
    }
}

/// The key at the beginning of `text`, and what follows it.
fn key<'a>(text: &'a str, whole: &str) -> Result<(Step, &'a str), NoIgnorePath> {
    let end = text.find(['.', '[', ']', '"']).unwrap_or(text.len());
    let (key, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    if key.is_empty() {
        let before = whole.strip_suffix(text).unwrap_or(whole);
        return Err(NoIgnorePath::NoKey(before.to_owned()));
    }
    if !(rest.is_empty() || rest.starts_with(['.', '['])) {
        return Err(NoIgnorePath::NoKey(key.to_owned()));
    }
    Ok((word(key), rest))
}

fn word(key: &str) -> Step {
    match key {
        "**" => Step::AnyDepth,
        "*" => Step::AnyKey,
        key => Step::Key(key.to_owned()),
    }
}

/// What stands before the bracket that closes, and what follows it.
fn bracket(text: &str) -> Result<(Step, &str), NoIgnorePath> {
    let open = || NoIgnorePath::Open(text.to_owned());
    if text.starts_with('"') {
        let mut keys = serde_json::Deserializer::from_str(text).into_iter::<String>();
        let key = keys.next().and_then(Result::ok).ok_or_else(open)?;
        let rest = text.get(keys.byte_offset()..).unwrap_or_default();
        return Ok((Step::Key(key), rest.strip_prefix(']').ok_or_else(open)?));
    }
    let (inside, rest) = text.split_once(']').ok_or_else(open)?;
    let step = match inside {
        "*" => Step::AnyIndex,
        number => match number.parse() {
            Ok(index) if number.bytes().all(|byte| byte.is_ascii_digit()) => Step::Index(index),
            _ => return Err(NoIgnorePath::Bracket(inside.to_owned())),
        },
    };
    Ok((step, rest))
}

impl fmt::Display for IgnorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut path = String::new();
        for step in &self.steps {
            match step {
                Step::Key(key) => push_key(&mut path, key),
                Step::AnyKey => push_word(&mut path, "*"),
                Step::AnyDepth => push_word(&mut path, "**"),
                Step::Index(index) => push_index(&mut path, *index),
                Step::AnyIndex => path.push_str("[*]"),
            }
        }
        f.write_str(&path)
    }
}

/// Goes on in a member.
pub(super) fn push_key(path: &mut String, key: &str) {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '@');
    if !key.is_empty() && key.chars().all(is_plain) {
        return push_word(path, key);
    }
    let quoted = serde_json::to_string(key).unwrap_or_default();
    path.push('[');
    path.push_str(&quoted);
    path.push(']');
}

fn push_word(path: &mut String, word: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(word);
}

/// Goes on in an element.
pub(super) fn push_index(path: &mut String, index: usize) {
    path.push('[');
    path.push_str(itoa::Buffer::new().format(index));
    path.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_they_are_written() {
        for path in [
            "json",
            "json.header.date",
            "json.items[*].id",
            "json.items[0][12]",
            "json.*.id",
            "json.**.id",
            "**.date",
            "json[\"a.b\"][\"\"].c",
            "json[\"]\"]",
            "http.response.code",
        ] {
            assert_eq!(path.parse::<IgnorePath>().unwrap().to_string(), path);
        }
        assert_eq!("json[\"plain\"]".parse::<IgnorePath>(), "json.plain".parse());
    }

    #[test]
    fn what_is_no_path_is_refused_with_a_reason() {
        for (wrong, reason) in [
            ("", "a path such as json.header.date"),
            ("json..date", "a key has to stand after \"json.\""),
            ("json.", "a key has to stand after \"json.\""),
            (".date", "a key has to stand after"),
            ("json[x]", "not \"x\""),
            ("json[-1]", "not \"-1\""),
            ("json[1", "not closed"),
            ("json[\"a]", "not closed"),
            ("json[\"a\"", "not closed"),
            ("json]", "a key has to stand after"),
            ("**", "everything"),
            ("*.**", "everything"),
            ("price", "begins with json, websocket, app, inside, http, ws, * or **"),
            ("price", "did you mean json.price or **.price?"),
            ("$.item.price", "did you mean json.item.price?"),
            ("$[0].price", "did you mean json[0].price?"),
            ("/item/price", "did you mean json.item.price?"),
            ("/items/0/a.b", "did you mean json.items[0][\"a.b\"]?"),
            ("item.price", "did you mean json.item.price?"),
        ] {
            let error = wrong.parse::<IgnorePath>().unwrap_err().to_string();
            assert!(error.contains(reason), "{wrong}: {error}");
        }
    }
}

//! JSON as it is compared: members in order of their names, what is ignored left out,
//! and a digest for everything that stands in it.

use std::borrow::Cow;

use super::digest::{Digest, Digester, digest};
use super::rules::{Ignored, Place, Rules};
use super::text::{self, words_under};
use super::varying::Varying;
use crate::filter::Decimal;
use crate::types::json_skip;
use crate::types::json_string::unescaped;

/// A value, and what is in it.
pub(super) struct Node<'a> {
    /// Equal for values that are equal but for what varies.
    pub(super) digest: Digest,
    /// As it was sent.
    pub(super) raw: &'a [u8],
    pub(super) value: Value<'a>,
    /// There are ids in it that may differ.
    pub(super) has_ids: bool,
}

pub(super) enum Value<'a> {
    /// `null`, `true`, `false`, a number, a string; and what lies too deep to be looked
    /// into.
    Literal,
    /// A string of which parts vary, with the ids among them.
    Mixed(Vec<Box<[u8]>>),
    /// A value that varies.
    Varying(Varying),
    /// Elements, each with its index.
    Array(Vec<(usize, Node<'a>)>),
    /// Members by name, those of the same name in order.
    Object(Vec<(Cow<'a, [u8]>, Node<'a>)>),
}

/// Values that are looked into of one text; one with more is compared as text. Each
/// takes about a hundred bytes.
pub(super) const MOST_VALUES: usize = 1 << 18;

/// Levels that are looked into; what lies deeper is compared as it stands. More than a
/// payload may have.
const DEEPEST: usize = 160;

/// A text of JSON, read.
pub(super) struct Read<'a> {
    pub(super) root: Node<'a>,
    /// Something in it is not compared as it was sent.
    pub(super) has_ignored: bool,
}

impl<'a> Read<'a> {
    /// Reads what stands at `place`, which is valid JSON; `None` when it has too many
    /// values.
    pub(super) fn new(text: &'a [u8], place: &Place, rules: &Rules) -> Option<Self> {
        let is_query = place.is_query;
        let mut reader =
            Reader { text, at: 0, rules, is_query, room: MOST_VALUES, has_ignored: false };
        let root = reader.value(b"", place, 0)?;
        Some(Self { root, has_ignored: reader.has_ignored })
    }
}

struct Reader<'a, 'r> {
    text: &'a [u8],
    at: usize,
    rules: &'r Rules,
    is_query: bool,
    /// How many more values there may be.
    room: usize,
    has_ignored: bool,
}

impl<'a> Reader<'a, '_> {
    /// The next value, which stands under this key.
    fn value(&mut self, key: &[u8], place: &Place, depth: usize) -> Option<Node<'a>> {
        self.room = self.room.checked_sub(1)?;
        match self.next() {
            Some(b'{') if depth < DEEPEST => self.object(place, depth),
            Some(b'[') if depth < DEEPEST => self.array(key, place, depth),
            Some(b'"') => Some(self.string(key)),
            _ => Some(self.literal(key)),
        }
    }

    fn object(&mut self, place: &Place, depth: usize) -> Option<Node<'a>> {
        let start = self.at;
        self.at += 1;
        let mut members = Vec::new();
        while let Some(b'"' | b',') = self.next() {
            if self.next() == Some(b',') {
                self.at += 1;
                continue;
            }
            let key = unescaped(self.skip());
            if self.next() == Some(b':') {
                self.at += 1;
            }
            let place = self.rules.key(place, &key);
            if !self.is_ignored(&place) {
                let node = self.value(&key, &place, depth + 1)?;
                members.push((key, node));
            }
        }
        self.at += 1;
        members.sort_by(|(one, _), (two, _)| one.cmp(two));
        let mut digester = Digester::of("object");
        for (key, node) in &members {
            digester.part(key);
            digester.digest(node.digest);
        }
        let has_ids = members.iter().any(|(_, node)| node.has_ids);
        let raw = self.since(start);
        Some(Node { digest: digester.end(), raw, value: Value::Object(members), has_ids })
    }

    fn array(&mut self, key: &[u8], place: &Place, depth: usize) -> Option<Node<'a>> {
        let start = self.at;
        self.at += 1;
        let mut elements = Vec::new();
        let mut index = 0;
        while let Some(byte) = self.next() {
            match byte {
                b']' => break,
                b',' => self.at += 1,
                _ => {
                    let place = self.rules.index(place, index);
                    if !self.is_ignored(&place) {
                        elements.push((index, self.value(key, &place, depth + 1)?));
                    }
                    index += 1;
                }
            }
        }
        self.at += 1;
        let mut digester = Digester::of("array");
        elements.iter().for_each(|(_, node)| digester.digest(node.digest));
        let has_ids = elements.iter().any(|(_, node)| node.has_ids);
        let raw = self.since(start);
        Some(Node { digest: digester.end(), raw, value: Value::Array(elements), has_ids })
    }

    fn string(&mut self, key: &[u8]) -> Node<'a> {
        let raw = self.skip();
        let text = unescaped(raw);
        let varying = if self.is_query {
            self.rules.parameter(key, &text)
        } else {
            self.rules.text(key, &text)
        };
        if let Some(varying) = varying {
            return self.varying(varying, raw, "text");
        }
        // As in a text that is no JSON.
        let words = if self.is_query { Vec::new() } else { words_under(key, &text, self.rules) };
        if words.iter().all(|word| word.varying.is_none()) {
            let digest = digest("text", &text);
            return Node { digest, raw, value: Value::Literal, has_ids: false };
        }
        self.has_ignored = true;
        let ids: Vec<Box<[u8]>> =
            words.iter().filter(|word| word.is_id()).map(|word| word.bytes.into()).collect();
        let has_ids = !ids.is_empty();
        Node { digest: text::digest("words", &words), raw, value: Value::Mixed(ids), has_ids }
    }

    fn literal(&mut self, key: &[u8]) -> Node<'a> {
        let raw = self.skip();
        let Some(number) = Decimal::new(raw) else {
            let digest = digest("literal", raw);
            return Node { digest, raw, value: Value::Literal, has_ids: false };
        };
        if let Some(varying) = self.rules.number(key, raw) {
            return self.varying(varying, raw, "number");
        }
        let mut canonical = Vec::new();
        number.write_canonical(&mut canonical);
        let digest = digest("number", &canonical);
        Node { digest, raw, value: Value::Literal, has_ids: false }
    }

    fn varying(&mut self, varying: Varying, raw: &'a [u8], kind: &str) -> Node<'a> {
        self.has_ignored = true;
        let mut digester = Digester::of("varying");
        digester.part(kind.as_bytes());
        digester.part(varying.name().as_bytes());
        let has_ids = varying.is_id();
        Node { digest: digester.end(), raw, value: Value::Varying(varying), has_ids }
    }

    /// Passes the next value if it is ignored.
    fn is_ignored(&mut self, place: &Place) -> bool {
        let Some(ignored) = place.ignored else {
            return false;
        };
        self.has_ignored |= ignored == Ignored::Asked;
        self.next();
        self.skip();
        true
    }

    /// The next byte that is no white space.
    fn next(&mut self) -> Option<u8> {
        self.at = json_skip::white(self.text, self.at);
        self.text.get(self.at).copied()
    }

    /// Passes the value that begins here.
    fn skip(&mut self) -> &'a [u8] {
        let start = self.at;
        self.at = json_skip::value(self.text, start);
        self.since(start)
    }

    fn since(&self, start: usize) -> &'a [u8] {
        self.text.get(start..self.at.min(self.text.len())).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str, rules: &Rules) -> Digest {
        Read::new(text.as_bytes(), &rules.field("json"), rules).unwrap().root.digest
    }

    fn is_equal(one: &str, two: &str) -> bool {
        let rules = Rules::new(Vec::new(), true);
        of(one, &rules) == of(two, &rules)
    }

    #[test]
    fn structure_is_compared_and_not_how_it_is_written() {
        for (one, two) in [
            (r#"{"a":1,"b":[true,null]}"#, " { \"b\" : [ true , null ] , \"a\" : 1.0 } "),
            (r#""\u0061""#, r#""a""#),
            ("1e2", "100"),
            ("[]", "[ ]"),
            (r#"{"\u0061":1}"#, r#"{"a":1}"#),
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"b":2,"a":1,"a":3}"#),
        ] {
            assert!(is_equal(one, two), "{one} and {two}");
        }
        for (one, two) in [
            ("1", "2"),
            ("1", r#""1""#),
            ("null", "false"),
            ("[1,2]", "[2,1]"),
            ("[[1],2]", "[1,[2]]"),
            ("[]", "{}"),
            (r#"{"a":1,"a":3}"#, r#"{"a":3,"a":1}"#),
            (r#"{"a":1,"a":1}"#, r#"{"a":1}"#),
            (r#"{"a":null}"#, "{}"),
            ("9007199254740992", "9007199254740993"),
        ] {
            assert!(!is_equal(one, two), "{one} and {two}");
        }
    }

    #[test]
    fn what_varies_is_equal_if_it_is_of_the_same_kind() {
        assert!(is_equal(r#"{"ts":1795748362}"#, r#"{"ts":1795748399}"#));
        assert!(!is_equal(r#"{"ts":1795748362}"#, r#"{"ts":1795748362000}"#));
        assert!(!is_equal(r#"{"ts":1795748362}"#, r#"{"ts":"1795748362"}"#));
        assert!(!is_equal(r#"{"ts":1795748362}"#, r#"{"ts":17}"#));
        assert!(is_equal(
            r#"{"ids":["f81d4fae-7dec-11d0-a765-00a0c91e6bf6"]}"#,
            r#"{"ids":["00000000-7dec-11d0-a765-00a0c91e6bf6"]}"#
        ));
        let rules = Rules::new(Vec::new(), false);
        assert_ne!(of(r#"{"ts":1795748362}"#, &rules), of(r#"{"ts":1795748399}"#, &rules));
    }

    #[test]
    fn what_is_ignored_need_not_be_there() {
        let rules = Rules::new(vec!["json.items[*].n".parse().unwrap()], true);
        let of = |text| of(text, &rules);
        assert_eq!(of(r#"{"items":[{"n":1,"m":2}]}"#), of(r#"{"items":[{"m":2}]}"#));
        assert_ne!(of(r#"{"items":[{"n":1,"m":2}]}"#), of(r#"{"items":[{"n":1,"m":3}]}"#));
        assert_ne!(of(r#"{"n":1}"#), of(r#"{"n":2}"#));
    }

    #[test]
    fn deep_and_long_texts_are_bounded() {
        let rules = Rules::new(Vec::new(), true);
        let deep = |inside: &str| format!("{}{inside}{}", "[".repeat(5_000), "]".repeat(5_000));
        assert_eq!(of(&deep("1"), &rules), of(&deep("1"), &rules));
        assert_ne!(of(&deep("1"), &rules), of(&deep("2"), &rules));
        let long = format!("[{}1]", "1,".repeat(MOST_VALUES));
        assert!(Read::new(long.as_bytes(), &rules.field("json"), &rules).is_none());
    }

    proptest! {
        #[test]
        fn what_is_no_json_is_passed(text in "[\\[\\]{}\",:a0 ]{0,40}") {
            let rules = Rules::new(vec!["**.a".parse().unwrap()], true);
            let read = Read::new(text.as_bytes(), &rules.field("json"), &rules);
            prop_assert!(read.is_some());
        }
    }
}

//! Looking into JSON, without building it.
//!
//! Own code, as what nobody asks for is most of a message, and is passed 64 bytes at a
//! time here.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::payload::classify;
use crate::types::Body;
use crate::types::json_skip as skip;
use crate::types::json_string::unescaped;

/// A JSON value, as it was sent. Nothing of it is built: what is asked for is
/// looked up each time, in time that grows with its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value<'a>(&'a str);

impl<'a> Value<'a> {
    /// The value that `text` is, white space around it aside. It is JSON, but for a
    /// scalar; in anything else something is found or nothing.
    pub(super) fn new(text: &'a str) -> Self {
        Self(text.trim_matches([' ', '\t', '\r', '\n']))
    }

    /// The value that all of `bytes` are, if they are JSON.
    pub(super) fn of_bytes(bytes: &'a [u8]) -> Option<Self> {
        match classify(bytes, true) {
            Body::Json(json) => Some(Self::new(json.text())),
            Body::Text(_) | Body::Binary(_) => None,
        }
    }

    /// As it stands.
    pub(super) fn text(self) -> &'a str {
        self.0
    }

    /// Whether it is JSON, of any depth.
    pub(super) fn is_json(self) -> bool {
        serde_json::from_str::<&RawValue>(self.0).is_ok()
    }

    /// The members of these names, if it is an object; of a name that comes twice
    /// the last, as most readers have it.
    pub(super) fn members<const N: usize>(self, names: [&str; N]) -> Option<[Option<Self>; N]> {
        let mut found = [None; N];
        self.each_member(|name, value| {
            let places = names.iter().zip(&mut found);
            for (_, place) in places.filter(|(wanted, _)| **wanted == name) {
                *place = Some(value);
            }
        })?;
        Some(found)
    }

    /// The first members of these names, if it is an object. What follows the last of
    /// them is not looked at.
    pub(super) fn first_members<const N: usize>(
        self,
        names: [&str; N],
    ) -> Option<[Option<Self>; N]> {
        let (mut found, mut missing) = ([None; N], N);
        self.walk(|name, value| {
            for (_, place) in names.iter().zip(&mut found).filter(|(wanted, _)| **wanted == name) {
                missing -= usize::from(place.is_none());
                place.get_or_insert(value);
            }
            missing > 0
        })?;
        Some(found)
    }

    /// Gives every member to `take`, if it is an object.
    pub(super) fn each_member(self, mut take: impl FnMut(&str, Self)) -> Option<()> {
        self.walk(|name, value| {
            take(name, value);
            true
        })
    }

    /// Gives the members of an object to `take`, as long as that wants more.
    fn walk(self, mut take: impl FnMut(&str, Self) -> bool) -> Option<()> {
        let text = self.0.as_bytes();
        let mut at = skip::white(text, 1);
        while self.is_object() && text.get(at) == Some(&b'"') {
            let rest = text.get(at + 1..)?;
            let length = memchr::memchr2(b'"', b'\\', rest)?;
            let is_plain = rest.get(length) == Some(&b'"');
            let name_end = if is_plain { at + length + 2 } else { skip::value(text, at) };
            let start = past(text, name_end);
            let end = skip::value(text, start);
            let value = Self(self.0.get(start..end)?);
            let wants_more = if is_plain {
                take(self.0.get(at + 1..name_end - 1)?, value)
            } else {
                let name = unescaped(text.get(at..name_end)?);
                take(&String::from_utf8_lossy(&name), value)
            };
            if !wants_more {
                break;
            }
            at = past(text, end);
        }
        self.is_object().then_some(())
    }

    /// The first elements and how many there are in all, if it is an array.
    pub(super) fn elements<const N: usize>(self) -> Option<([Option<Self>; N], usize)> {
        let (mut found, mut count) = ([None; N], 0);
        self.each_element(|value| {
            if let Some(place) = found.get_mut(count) {
                *place = Some(value);
            }
            count += 1;
        })?;
        Some((found, count))
    }

    /// Gives every element to `take`, if it is an array.
    pub(super) fn each_element(self, mut take: impl FnMut(Self)) -> Option<()> {
        let text = self.0.as_bytes();
        let mut at = skip::white(text, 1);
        while self.is_array() && text.get(at).is_some_and(|byte| *byte != b']') {
            let end = skip::value(text, at);
            take(Self(self.0.get(at..end)?));
            at = skip::white(text, end);
            if text.get(at) != Some(&b',') {
                break;
            }
            at = skip::white(text, at + 1);
        }
        self.is_array().then_some(())
    }

    /// Its text, if it is a string. Half a surrogate pair, which is no character,
    /// becomes U+FFFD.
    pub(super) fn string(self) -> Option<Cow<'a, str>> {
        let inside = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
            return Some(Cow::Borrowed(inside));
        }
        let bytes = unescaped(self.0.as_bytes());
        Some(Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// It as a whole number that is not negative, if it is that.
    pub(super) fn number(self) -> Option<u64> {
        self.0.parse().ok().filter(|_| self.0.starts_with(|first: char| first.is_ascii_digit()))
    }

    pub(super) fn boolean(self) -> Option<bool> {
        match self.0 {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    pub(super) fn is_null(self) -> bool {
        self.0 == "null"
    }

    pub(super) fn is_string(self) -> bool {
        self.0.starts_with('"')
    }

    pub(super) fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    pub(super) fn is_array(self) -> bool {
        self.0.starts_with('[')
    }

    /// Its text if it is a string, and else as it stands: for people.
    pub(super) fn plain(self) -> Cow<'a, str> {
        self.string().unwrap_or(Cow::Borrowed(self.0))
    }
}

/// Where what follows the sign at `at` begins, white space before and after that
/// aside.
fn past(text: &[u8], at: usize) -> usize {
    match text.get(at..) {
        Some([b':' | b',', b'"' | b'{' | b'[' | b'0'..=b'9', ..]) => at + 1,
        _ => skip::white(text, skip::white(text, at) + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn members_by_name() {
        let value = Value::new(r#" {"a": 1, "b" : [2, {}], "a":"x", "\u0063":null} "#);
        let [a, b, c, d] = value.members(["a", "b", "c", "d"]).unwrap();
        assert_eq!(a.and_then(Value::string).as_deref(), Some("x"));
        assert_eq!(b.map(Value::text), Some("[2, {}]"));
        assert!(c.is_some_and(Value::is_null) && d.is_none());
        assert_eq!(Value::new("[1]").members(["a"]), None);
        assert_eq!(Value::new("{ }").members(["a"]), Some([None]));
        let [a, b] = value.first_members(["a", "b"]).unwrap();
        assert_eq!([a, b].map(|value| value.unwrap().text()), ["1", "[2, {}]"]);
        assert_eq!(value.first_members(["a", "d"]).unwrap()[1], None);
    }

    #[test]
    fn elements_in_order() {
        let (found, count) = Value::new(r#"[48, "x", {"y": 1.50}]"#).elements::<2>().unwrap();
        assert_eq!(found.map(|value| value.unwrap().text()), ["48", "\"x\""]);
        assert_eq!(count, 3);
        assert_eq!(Value::new("{}").elements::<1>(), None);
        assert_eq!(Value::new("[ ]").elements::<1>(), Some(([None], 0)));
    }

    #[test]
    fn scalars() {
        assert_eq!(Value::new("18446744073709551615").number(), Some(u64::MAX));
        for other in ["-1", "+1", "1.0", "1e3", "\"1\"", "18446744073709551616", "null"] {
            assert_eq!(Value::new(other).number(), None, "{other}");
        }
        assert_eq!(Value::new("true").boolean(), Some(true));
        assert_eq!(Value::new(r#""a\nb""#).string().as_deref(), Some("a\nb"));
        assert_eq!(Value::new("[1,2]").string(), None);
        assert_eq!(Value::new("[1, 2]").plain(), "[1, 2]");
    }

    #[test]
    fn half_a_surrogate_pair_is_no_reason_to_see_nothing() {
        let value = Value::new(r#"{"\ud800": 1, "a": "x\udc00y", "b": 2}"#);
        let [a, b] = value.members(["a", "b"]).unwrap();
        assert_eq!(a.and_then(Value::string).as_deref(), Some("x\u{fffd}\u{fffd}\u{fffd}y"));
        assert_eq!(b.and_then(Value::number), Some(2));
    }

    #[test]
    fn numbers_of_any_size_and_any_depth() {
        let deep = format!("{}1e999{}", "[".repeat(127), "]".repeat(127));
        let json = format!(r#"{{"a":{deep},"b":1e400}}"#);
        let [a, b] = Value::new(&json).members(["a", "b"]).unwrap();
        assert_eq!((a.unwrap().text(), b.unwrap().text()), (deep.as_str(), "1e400"));
    }

    #[test]
    fn what_is_no_json_ends_too() {
        for text in [
            "", "\"", "{", "[", "{\"", "{\"a", "{\"a\"", "{\"a\":", "[1", "[,", "[\"é", "{\"é\\",
            "\"\\",
        ] {
            let value = Value::new(text);
            let _ = (value.members(["a"]), value.elements::<1>(), value.string(), value.plain());
        }
    }

    proptest! {
        #[test]
        fn it_is_what_serde_json_says(members in prop::collection::vec((".{0,6}", json()), 0..6)) {
            let text: Vec<String> = members
                .iter()
                .map(|(name, json)| format!("{} :\n{json}", serde_json::Value::from(name.as_str())))
                .collect();
            let text = format!("{{ {} }}", text.join(" , "));
            let mut found = Vec::new();
            Value::new(&text).each_member(|name, value| found.push((name.to_owned(), value.text().to_owned())));
            prop_assert_eq!(&found, &members);
            let text = format!("[{}]", members.iter().map(|(_, json)| json.as_str()).collect::<Vec<_>>().join(" ,"));
            let mut elements = Vec::new();
            Value::new(&text).each_element(|value| elements.push(value.text().to_owned()));
            prop_assert_eq!(elements, members.into_iter().map(|(_, json)| json).collect::<Vec<_>>());
        }
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "-?[1-9][0-9]{0,5}",
            ".{0,80}".prop_map(|text| serde_json::Value::from(text).to_string()),
            Just("null".to_owned()),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|all| format!("[{}]", all.join(", "))),
                prop::collection::vec(inner, 0..4).prop_map(|all| {
                    let members = all.iter().map(|json| format!("\"a\\\"\":{json}"));
                    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
                }),
            ]
        })
    }
}

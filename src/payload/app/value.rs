//! Looking into JSON, without building it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON value, as it was sent. Nothing of it is built: what is asked for is
/// looked up each time, in time that grows with its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value<'a>(&'a str);

impl<'a> Value<'a> {
    /// The value that `text` is, white space around it aside. Of what is no JSON
    /// nothing is found.
    pub(super) fn new(text: &'a str) -> Self {
        Self(text.trim_matches([' ', '\t', '\r', '\n']))
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

    /// Gives every member to `take`, if it is an object.
    pub(super) fn each_member(self, take: impl FnMut(&str, Self)) -> Option<()> {
        serde_json::Deserializer::from_str(self.0).deserialize_map(Members(take)).ok()
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
    pub(super) fn each_element(self, take: impl FnMut(Self)) -> Option<()> {
        serde_json::Deserializer::from_str(self.0).deserialize_seq(Elements(take)).ok()
    }

    /// Its text, if it is a string. Half a surrogate pair, which is no character,
    /// becomes U+FFFD.
    pub(super) fn string(self) -> Option<Cow<'a, str>> {
        let mut json = serde_json::Deserializer::from_str(self.0);
        let bytes = json.deserialize_bytes(Bytes).ok().filter(|_| self.is_string())?;
        Some(match bytes {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        })
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

struct Members<F>(F);

impl<'de, F: FnMut(&str, Value<'de>)> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(Name)? {
            let value: &RawValue = map.next_value()?;
            (self.0)(&String::from_utf8_lossy(&name), Value(value.get()));
        }
        Ok(())
    }
}

struct Elements<F>(F);

impl<'de, F: FnMut(Value<'de>)> Visitor<'de> for Elements<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        while let Some(value) = elements.next_element::<&RawValue>()? {
            (self.0)(Value(value.get()));
        }
        Ok(())
    }
}

/// A member's name. As bytes, because as text half a surrogate pair would be an
/// error.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, [u8]>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_bytes(Bytes)
    }
}

struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Cow<'de, [u8]>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(bytes))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(Cow::Owned(bytes.to_vec()))
    }

    // Where a string is asked for, serde_json also reads an array of numbers.
    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cow::Borrowed(&[]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_by_name() {
        let value = Value::new(r#" {"a": 1, "b" : [2, {}], "a":"x", "\u0063":null} "#);
        let [a, b, c, d] = value.members(["a", "b", "c", "d"]).unwrap();
        assert_eq!(a.and_then(Value::string).as_deref(), Some("x"));
        assert_eq!(b.map(Value::text), Some("[2, {}]"));
        assert!(c.is_some_and(Value::is_null) && d.is_none());
        assert_eq!(Value::new("[1]").members(["a"]), None);
        assert_eq!(Value::new(r#"{"a":1,"#).members(["a"]), None);
    }

    #[test]
    fn elements_in_order() {
        let (found, count) = Value::new(r#"[48, "x", {"y": 1.50}]"#).elements::<2>().unwrap();
        assert_eq!(found.map(|value| value.unwrap().text()), ["48", "\"x\""]);
        assert_eq!(count, 3);
        assert_eq!(Value::new("{}").elements::<1>(), None);
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
}

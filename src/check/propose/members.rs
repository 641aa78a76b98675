//! What stands at the top of a JSON object.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

/// Bytes of a text that may be a type; longer ones are content.
pub(super) const LONGEST: usize = 64;

/// What a member was found to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Member {
    /// Not there, or no short text.
    #[default]
    Other,
    /// A short text, as it is after escapes.
    Short(String),
    /// The object has several of that name.
    Repeated,
}

/// The members of these names; each is `Other` of what is no object.
pub(super) fn members<const COUNT: usize>(
    json: &[u8],
    names: &[&'static str; COUNT],
) -> [Member; COUNT] {
    let mut found = Found { names, members: [const { None }; COUNT] };
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    if json.trim_ascii_start().first() == Some(&b'{') {
        // Of JSON that is wrong in its middle what stood before counts.
        let _ = deserializer.deserialize_map(&mut found);
    }
    found.members.map(Option::unwrap_or_default)
}

struct Found<'n, const COUNT: usize> {
    names: &'n [&'static str; COUNT],
    members: [Option<Member>; COUNT],
}

impl<'de, const COUNT: usize> Visitor<'de> for &mut Found<'_, COUNT> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            let value = map.next_value::<&'de RawValue>()?;
            let places = self.names.iter().zip(&mut self.members);
            if let Some((_, place)) = places.into_iter().find(|(known, _)| **known == name) {
                *place = Some(match place {
                    None => short(value.get()),
                    Some(_) => Member::Repeated,
                });
            }
        }
        Ok(())
    }
}

/// Each byte takes up to six in a string of JSON, and there are two quotes.
const LONGEST_WRITTEN: usize = 6 * LONGEST + 2;

fn short(value: &str) -> Member {
    if !value.starts_with('"') || value.len() > LONGEST_WRITTEN {
        return Member::Other;
    }
    match serde_json::from_str::<String>(value) {
        Ok(text) if text.len() <= LONGEST && !text.is_empty() => Member::Short(text),
        _ => Member::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> [Member; 2] {
        members(json.as_bytes(), &["type", "op"])
    }

    fn short(text: &str) -> Member {
        Member::Short(text.to_owned())
    }

    #[test]
    fn short_texts_at_the_top_are_found() {
        assert_eq!(
            of(r#" {"a":[{"type":"x"}],"type" : "a\"\u00e9"}"#),
            [short("a\"é"), Member::Other]
        );
        assert_eq!(of(r#"{"\u0074ype":"x","op":"y"}"#), [short("x"), short("y")]);
    }

    #[test]
    fn all_else_is_not() {
        let long = format!(r#"{{"type":"{}"}}"#, "x".repeat(LONGEST + 1));
        for json in [r#"{"type":3}"#, r#"{"type":""}"#, r#"["type","x"]"#, "3", "", "{", &long] {
            assert_eq!(of(json), [Member::Other, Member::Other], "{json}");
        }
        assert_eq!(of(r#"{"type":"a","op":"b","type":3}"#), [Member::Repeated, short("b")]);
        let deep = format!(r#"{{"a":{}{},"op":"b"}}"#, "[".repeat(100), "]".repeat(100));
        assert_eq!(of(&deep), [Member::Other, short("b")]);
    }
}

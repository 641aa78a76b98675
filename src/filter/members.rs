//! Sets of text and of JSON: what stands between `{` and `}`.

use super::key::{Class, Key};
use super::subject::Value;

/// A set of values, of each class as ranges that are in order and apart. To look
/// something up takes hardly longer in a large one.
#[derive(Debug, Default)]
pub(super) struct Members([Vec<Range>; Class::COUNT]);

/// The first and the last.
type Range = (Vec<u8>, Vec<u8>);

impl Members {
    /// All that lie in any of these ranges, both ends included, which are of the
    /// same class.
    pub(super) fn new<'a>(ranges: impl IntoIterator<Item = (Key<'a>, Key<'a>)>) -> Self {
        let mut members = Self::default();
        for (first, last) in ranges {
            if let Some(all) = members.0.get_mut(first.class as usize) {
                all.push((first.bytes.into_owned(), last.bytes.into_owned()));
            }
        }
        for class in [Class::Number, Class::Text, Class::Other] {
            if let Some(all) = members.0.get_mut(class as usize) {
                *all = joined(class, std::mem::take(all));
            }
        }
        members
    }

    /// Whether a value is one of them.
    pub(super) fn contain(&self, value: Value<'_>) -> bool {
        let Key { class, bytes } = Key::from(value);
        let Some(ranges) = self.0.get(class as usize) else {
            return false;
        };
        let after = ranges.partition_point(|(first, _)| class.compare(first, &bytes).is_le());
        let before = after.checked_sub(1).and_then(|at| ranges.get(at));
        before.is_some_and(|(_, last)| class.compare(&bytes, last).is_le())
    }
}

/// Ranges in their order, those that overlap as one.
fn joined(class: Class, mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.sort_by(|(one, _), (two, _)| class.compare(one, two));
    let mut joined: Vec<Range> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match joined.last_mut() {
            Some((_, end)) if class.compare(&first, end).is_le() => {
                if class.compare(&last, end).is_gt() {
                    *end = last;
                }
            }
            _ => joined.push((first, last)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::super::program::JsonValue;
    use super::*;

    fn number(text: &str) -> Key<'static> {
        JsonValue::Number(text.into()).into()
    }

    fn text(text: &str) -> Key<'static> {
        Key::from(text.as_bytes().to_vec())
    }

    #[test]
    fn values_are_members_of_their_own_class() {
        let members = Members::new([
            (number("20"), number("30")),
            (number("1.0"), number("1")),
            (number("25"), number("4e1")),
            (text("b"), text("d")),
            (text("x"), text("x")),
            (JsonValue::Null.into(), JsonValue::Null.into()),
        ]);
        for json in ["1", "10e-1", "20", "33.5", "40", "\"b\"", "\"\\u0063z\"", "\"x\"", "null"] {
            assert!(members.contain(Value::Json(json.as_bytes())), "{json}");
        }
        for json in ["1.1", "19", "41", "\"a\"", "\"xx\"", "\"20\"", "true", "[1]", "{}", "-1"] {
            assert!(!members.contain(Value::Json(json.as_bytes())), "{json}");
        }
        assert!(members.contain(Value::Bytes(b"c")) && !members.contain(Value::Bytes(b"null")));
        assert!(!Members::default().contain(Value::Bytes(b"")));
    }
}

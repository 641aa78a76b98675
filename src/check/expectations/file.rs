//! The shape of an expectations file, before what it says is checked.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

/// A string, and where it stands.
pub(super) type Text = Spanned<String>;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) expect: Vec<Spanned<Table<Expect>>>,
    #[serde(default)]
    pub(super) forbid: Vec<Spanned<Table<Forbid>>>,
    #[serde(default)]
    pub(super) sequence: Vec<Spanned<Table<Sequence>>>,
    #[serde(default)]
    pub(super) reply: Vec<Spanned<Table<Reply>>>,
    #[serde(default)]
    pub(super) schema: Vec<Spanned<Table<Schema>>>,
    pub(super) limits: Option<Spanned<Table<Limits>>>,
}

/// `[[expect]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) name: Option<Text>,
    pub(super) r#where: Text,
    pub(super) count: Option<Spanned<NumberOrText>>,
    pub(super) within: Option<Text>,
    pub(super) after: Option<Text>,
    pub(super) per: Option<Text>,
}

/// `[[forbid]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forbid {
    pub(super) name: Option<Text>,
    pub(super) r#where: Text,
}

/// `[[sequence]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sequence {
    pub(super) name: Option<Text>,
    pub(super) steps: Spanned<Vec<Spanned<TextOr<Step>>>>,
    #[serde(default)]
    pub(super) strict: bool,
    pub(super) r#where: Option<Text>,
}

/// A step of `[[sequence]]` that is more than a filter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) r#where: Text,
    pub(super) within: Option<Text>,
}

/// `[[reply]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reply {
    pub(super) name: Option<Text>,
    pub(super) request: Text,
    pub(super) response: Text,
    pub(super) key: Option<Spanned<TextOr<Key>>>,
    pub(super) within: Option<Text>,
}

/// The key of `[[reply]]` where the sides have different ones.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    pub(super) request: Text,
    pub(super) response: Text,
}

/// `[[schema]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Schema {
    pub(super) name: Option<Text>,
    pub(super) r#where: Text,
    pub(super) schema: Text,
}

/// `[limits]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    pub(super) message_size: Option<Spanned<NumberOrText>>,
    pub(super) messages_per_second: Option<Spanned<i64>>,
    pub(super) connection_duration: Option<Text>,
    pub(super) latency: Option<Table<Latency>>,
    pub(super) compression_ratio: Option<Spanned<f64>>,
    pub(super) close_codes: Option<Spanned<Vec<Spanned<i64>>>>,
}

/// `latency` of `[limits]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Latency {
    pub(super) p50: Option<Text>,
    pub(super) p95: Option<Text>,
    pub(super) p99: Option<Text>,
    pub(super) max: Option<Text>,
}

/// A whole number, or a string, as it is written.
#[derive(Debug)]
pub(super) struct NumberOrText(pub(super) String);

impl<'de> Deserialize<'de> for NumberOrText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl Visitor<'_> for Written {
            type Value = NumberOrText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number or a string")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<NumberOrText, E> {
                Ok(NumberOrText(number.to_string()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<NumberOrText, E> {
                Ok(NumberOrText(text.to_owned()))
            }
        }

        deserializer.deserialize_any(Written)
    }
}

/// A table, and no array of its values, which serde takes for a struct too.
#[derive(Debug)]
pub(super) struct Table<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Only<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Only<T> {
            type Value = Table<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Table<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Table)
            }
        }

        deserializer.deserialize_any(Only(PhantomData))
    }
}

/// A string that is short for a table.
#[derive(Debug)]
pub(super) enum TextOr<T> {
    Text(String),
    Table(T),
}

// serde's own enums without a tag lose where the values of a table stand.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for TextOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = TextOr<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a table")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<TextOr<T>, E> {
                Ok(TextOr::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TextOr<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(TextOr::Table)
            }
        }

        deserializer.deserialize_any(Either(PhantomData))
    }
}

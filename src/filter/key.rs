//! What values are ordered by, whatever field they come from.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::decimal::Decimal;
use super::program::JsonValue;
use super::subject::Value;
use crate::types::json_string::unescaped;

/// What can be compared with one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Numbers, as they are written in JSON.
    Number,
    /// Text and bytes.
    Text,
    /// `true`, `false`, `null`, objects and arrays, as they are written: equal or
    /// not.
    Other,
}

impl Class {
    pub(super) const COUNT: usize = 3;

    /// How two values of this class compare.
    pub(super) fn compare(self, one: &[u8], two: &[u8]) -> Ordering {
        match self {
            Self::Number => Decimal::new(one).cmp(&Decimal::new(two)),
            Self::Text | Self::Other => one.cmp(two),
        }
    }
}

/// A value as it is compared.
#[derive(Clone, Debug)]
pub(super) struct Key<'a> {
    pub(super) class: Class,
    pub(super) bytes: Cow<'a, [u8]>,
}

impl Key<'_> {
    /// Bytes that equal values share, and they alone.
    pub(super) fn canonical(&self) -> Vec<u8> {
        let mut canonical = vec![self.class as u8];
        match Decimal::new(&self.bytes).filter(|_| self.class == Class::Number) {
            Some(number) => number.write_canonical(&mut canonical),
            None => canonical.extend_from_slice(&self.bytes),
        }
        canonical
    }
}

impl<'a> From<Value<'a>> for Key<'a> {
    fn from(value: Value<'a>) -> Self {
        let (class, bytes) = match value {
            Value::Number(number) => (Class::Number, number.to_string().into_bytes().into()),
            Value::Bytes(bytes) => (Class::Text, bytes.into()),
            Value::Json(json) if json.first() == Some(&b'"') => (Class::Text, unescaped(json)),
            Value::Json(json) if Decimal::new(json).is_some() => (Class::Number, json.into()),
            Value::Json(json) => (Class::Other, json.into()),
        };
        Self { class, bytes }
    }
}

impl From<JsonValue> for Key<'_> {
    fn from(value: JsonValue) -> Self {
        let (class, bytes) = match value {
            JsonValue::Null => (Class::Other, b"null".into()),
            JsonValue::True => (Class::Other, b"true".into()),
            JsonValue::False => (Class::Other, b"false".into()),
            JsonValue::Number(number) => (Class::Number, number.into()),
            JsonValue::Text(text) => (Class::Text, text.into()),
        };
        Self { class, bytes }
    }
}

impl From<Vec<u8>> for Key<'_> {
    fn from(text: Vec<u8>) -> Self {
        Self { class: Class::Text, bytes: text.into() }
    }
}

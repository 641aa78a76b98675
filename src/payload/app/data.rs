//! A message, as decoders see it.

use super::Malformed;
use super::value::Value;
use crate::types::{Body, Message, Opcode, Side};

/// A whole text or binary message.
pub(super) struct Data<'a> {
    /// Who sent it.
    pub(super) from: Side,
    /// It is a text message.
    pub(super) is_text: bool,
    /// All of its bytes.
    pub(super) payload: &'a [u8],
    /// The same, as what they are.
    pub(super) body: Body<'a>,
}

impl<'a> Data<'a> {
    pub(super) fn new(message: &Message<'a>) -> Self {
        let &Message { from, opcode, payload, body, .. } = message;
        Self { from, is_text: opcode == Opcode::Text, payload, body }
    }

    /// Its JSON, if it is that.
    pub(super) fn json(&self) -> Option<Value<'a>> {
        match self.body {
            Body::Json(json) => Some(Value::new(json.text())),
            Body::Text(_) | Body::Binary(_) => None,
        }
    }

    /// Its text, if it is UTF-8.
    pub(super) fn text(&self) -> Option<&'a str> {
        match self.body {
            Body::Json(json) => Some(json.text()),
            Body::Text(text) => Some(text),
            Body::Binary(_) => None,
        }
    }

    /// Its JSON, which the protocol demands.
    pub(super) fn needs_json(&self) -> Result<Value<'a>, Malformed> {
        self.json().ok_or_else(|| {
            let is_deep = self.text().is_some_and(|text| Value::new(text).is_json());
            Malformed::new(if is_deep {
                "It is JSON of more levels than are read."
            } else {
                "It is not JSON."
            })
        })
    }

    /// Its text, which the protocol demands.
    pub(super) fn needs_text(&self) -> Result<&'a str, Malformed> {
        self.text().ok_or_else(|| Malformed::new("It is not text."))
    }
}

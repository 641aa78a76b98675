//! Writing JSON objects and arrays, member by member.

use super::value::Value;
use crate::payload::classify;
use crate::payload::literal::{write_base64, write_number, write_string};
use crate::types::Body;

/// The members of an object that is being written. Names are written as they are
/// given; two of the same name both stand.
pub(super) struct Facts<'o> {
    out: &'o mut Vec<u8>,
    is_empty: bool,
}

/// The elements of an array that is being written.
pub(super) struct List<'o> {
    out: &'o mut Vec<u8>,
    is_empty: bool,
}

impl<'o> Facts<'o> {
    /// Writes at the end of `out`, which has members of the object already unless
    /// `is_empty`.
    pub(super) fn new(out: &'o mut Vec<u8>, is_empty: bool) -> Self {
        Self { out, is_empty }
    }

    pub(super) fn text(&mut self, name: &str, text: &str) -> &mut Self {
        self.name(name);
        write_string(self.out, text);
        self
    }

    pub(super) fn number(&mut self, name: &str, number: impl itoa::Integer) -> &mut Self {
        self.name(name);
        write_number(self.out, number);
        self
    }

    pub(super) fn boolean(&mut self, name: &str, value: bool) -> &mut Self {
        self.name(name);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        self
    }

    /// JSON, as it was sent.
    pub(super) fn json(&mut self, name: &str, value: Value<'_>) -> &mut Self {
        self.name(name);
        self.out.extend_from_slice(value.text().as_bytes());
        self
    }

    /// The same, if it is there.
    pub(super) fn json_if(&mut self, name: &str, value: Option<Value<'_>>) -> &mut Self {
        if let Some(value) = value {
            self.json(name, value);
        }
        self
    }

    /// Bytes as `json`, `text` or `base64`, as what they are.
    pub(super) fn payload(&mut self, bytes: &[u8]) -> &mut Self {
        match classify(bytes, true) {
            Body::Json(json) => self.json("json", Value::new(json.text())),
            Body::Text(text) => self.text("text", text),
            Body::Binary(bytes) => self.base64("base64", bytes),
        }
    }

    /// Bytes of a stream as `text` or, where they are not UTF-8, `base64`. That some
    /// of it happens to be JSON means nothing.
    pub(super) fn stream(&mut self, bytes: &[u8]) -> &mut Self {
        match str::from_utf8(bytes) {
            Ok(text) => self.text("text", text),
            Err(_) => self.base64("base64", bytes),
        }
    }

    pub(super) fn base64(&mut self, name: &str, bytes: &[u8]) -> &mut Self {
        self.name(name);
        write_base64(self.out, bytes);
        self
    }

    pub(super) fn object(&mut self, name: &str, write: impl FnOnce(&mut Facts<'_>)) -> &mut Self {
        self.name(name);
        write_object(self.out, write);
        self
    }

    pub(super) fn array(&mut self, name: &str, write: impl FnOnce(&mut List<'_>)) -> &mut Self {
        self.name(name);
        write_array(self.out, write);
        self
    }

    /// Members that were written before, without the braces around them.
    pub(super) fn members(&mut self, members: &[u8]) {
        if !members.is_empty() {
            separate(self.out, &mut self.is_empty);
            self.out.extend_from_slice(members);
        }
    }

    fn name(&mut self, name: &str) {
        separate(self.out, &mut self.is_empty);
        write_string(self.out, name);
        self.out.push(b':');
    }
}

impl List<'_> {
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        separate(self.out, &mut self.is_empty);
        write_string(self.out, text);
        self
    }

    pub(super) fn number(&mut self, number: impl itoa::Integer) -> &mut Self {
        separate(self.out, &mut self.is_empty);
        write_number(self.out, number);
        self
    }

    pub(super) fn json(&mut self, value: Value<'_>) -> &mut Self {
        separate(self.out, &mut self.is_empty);
        self.out.extend_from_slice(value.text().as_bytes());
        self
    }

    pub(super) fn object(&mut self, write: impl FnOnce(&mut Facts<'_>)) -> &mut Self {
        separate(self.out, &mut self.is_empty);
        write_object(self.out, write);
        self
    }

    pub(super) fn array(&mut self, write: impl FnOnce(&mut List<'_>)) -> &mut Self {
        separate(self.out, &mut self.is_empty);
        write_array(self.out, write);
        self
    }
}

fn separate(out: &mut Vec<u8>, is_empty: &mut bool) {
    if !std::mem::take(is_empty) {
        out.push(b',');
    }
}

pub(super) fn write_object(out: &mut Vec<u8>, write: impl FnOnce(&mut Facts<'_>)) {
    out.push(b'{');
    write(&mut Facts::new(out, true));
    out.push(b'}');
}

pub(super) fn write_array(out: &mut Vec<u8>, write: impl FnOnce(&mut List<'_>)) {
    out.push(b'[');
    write(&mut List { out, is_empty: true });
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_elements() {
        let mut out = Vec::new();
        write_object(&mut out, |facts| {
            facts.text("a\n", "\"\u{1b}é").number("n", -1).boolean("b", true);
            facts.payload(b"[1]").payload(b"x").payload(b"\xff\x00");
            facts.stream(b"1").stream(b"\xff");
            facts.json_if("none", None).json_if("some", Some(Value::new("1e400")));
            facts.object("o", |facts| {
                facts.array("empty", |_| {});
            });
            facts.array("l", |list| {
                list.text("x").number(7).json(Value::new("{}")).object(|facts| {
                    facts.number("y", 0);
                });
            });
        });
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"a\\n\":\"\\\"\\u001bé\",\"n\":-1,\"b\":true,\"json\":[1],\"text\":\"x\",\
             \"base64\":\"/wA=\",\"text\":\"1\",\"base64\":\"/w==\",\"some\":1e400,\"o\":{\"empty\":[]},\"l\":[\"x\",7,{},{\"y\":0}]}"
        );
    }
}

//! What of a message is compared.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::digest::{Digest, Digester, digest};
use super::pairing::cut;
use super::rules::{Ignored, Rules};
use super::text::{self, Line};
use super::tree::{Node, Read};
use crate::types::{AcceptStatus, App, Body, Handshake, HttpVersion, Message, Opcode};

/// A part of what is compared: the payload, or something that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    /// The name of the field, as in filters where they have it.
    pub(super) field: &'static str,
    pub(super) form: Form,
    pub(super) bytes: Cow<'a, [u8]>,
}

/// How a part is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// By its structure.
    Json,
    /// Line by line.
    Text,
    /// Byte by byte.
    Bytes,
    /// The same, unless something in the parts before it is ignored, which may stand
    /// in these bytes, too.
    Encoded,
}

impl<'a> Part<'a> {
    fn new(field: &'static str, form: Form, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { field, form, bytes: bytes.into() }
    }

    fn into_owned(self) -> Part<'static> {
        Part { field: self.field, form: self.form, bytes: Cow::Owned(self.bytes.into_owned()) }
    }
}

/// The parts of a message, to be kept.
pub(super) fn kept(parts: Vec<Part<'_>>) -> Box<[Part<'static>]> {
    parts.into_iter().map(Part::into_owned).collect()
}

/// What is known of a message beside its payload.
const CAPTURE: &str = "ws";
/// The parameters that the client asked with.
pub(super) const QUERY: &str = "http.request.uri.query";
const PAYLOAD: &str = "websocket.payload";
const PAYLOAD_TEXT: &str = "websocket.payload.text";

/// The parts of a message: of a text its JSON and what stands around that; of a binary
/// message what it was found to hold, or what the protocol inside says.
pub(super) fn of_message<'a>(message: &Message<'a>) -> Vec<Part<'a>> {
    let mut parts = capture(message);
    if message.opcode == Opcode::Close {
        let (json, read) = close(message);
        parts.push(Part::new("websocket.payload.close", Form::Json, json));
        if message.payload.len() > read {
            parts.push(Part::new(PAYLOAD, Form::Bytes, message.payload));
        }
    } else if message.opcode == Opcode::Text {
        body(["json", PAYLOAD_TEXT, PAYLOAD], message.body, &mut parts);
    } else if let Some(app) = message.app {
        of_app(app, message, &mut parts);
    } else if let Some(inside) = message.inside.and_then(|inside| inside.layers.last()?.content) {
        body(["inside.json", "inside.text", "inside.base64"], inside.body, &mut parts);
    } else {
        body(["json", PAYLOAD, PAYLOAD], message.body, &mut parts);
    }
    parts
}

/// Whether there is more of a message than is known.
pub(super) fn is_partial(message: &Message<'_>) -> bool {
    !message.complete || message.truncated || message.not_inflated.is_some()
}

/// What is missing of a message.
fn capture(message: &Message<'_>) -> Vec<Part<'static>> {
    if !is_partial(message) {
        return Vec::new();
    }
    let json = serde_json::json!({
        "complete": message.complete,
        "truncated": message.truncated,
        "length": message.length,
    });
    vec![Part::new(CAPTURE, Form::Json, json.to_string().into_bytes())]
}

/// What a Close says, and how many bytes of it say that: a broken one has others.
fn close(message: &Message<'_>) -> (Vec<u8>, usize) {
    let mut json = serde_json::Map::new();
    let mut read = 0;
    if let Some(code) = message.close.and_then(|close| close.code) {
        json.insert("status_code".into(), code.into());
        read += size_of_val(&code);
    }
    if let Some(reason) = message.close.and_then(|close| close.reason) {
        json.insert("reason".into(), reason.into());
        read += reason.len();
    }
    (serde_json::Value::from(json).to_string().into_bytes(), read)
}

fn of_app<'a>(app: &App<'a>, message: &Message<'a>, parts: &mut Vec<Part<'a>>) {
    parts.push(Part::new("app", Form::Json, app.json.bytes()));
    if let Some(own) = app.body {
        body(["app.json", "app.text", "app.base64"], own, parts);
    }
    parts.push(Part::new(PAYLOAD, Form::Encoded, message.payload));
}

/// The parts of a body, whose fields are called so as JSON, text and bytes.
fn body<'a>(fields: [&'static str; 3], body: Body<'a>, parts: &mut Vec<Part<'a>>) {
    let [json, text, bytes] = fields;
    match body {
        Body::Json(own) => parts.push(Part::new(json, Form::Json, own.bytes())),
        Body::Text(own) => split(own, json, text, parts),
        Body::Binary(own) => parts.push(Part::new(bytes, Form::Bytes, own)),
    }
}

/// Times that JSON is looked for in a text where there is none.
const MOST_ATTEMPTS: usize = 8;

/// Parts of one message; beyond it the rest of a text is one. Each takes some hundred
/// bytes, though what stands in it be two.
const MOST_PARTS: usize = 1 << 14;

/// Splits a text into objects and arrays, and what stands around them: `42["x",1]`,
/// several in a row with separators, or headers before a body.
fn split<'a>(whole: &'a str, json: &'static str, text: &'static str, parts: &mut Vec<Part<'a>>) {
    let mut start = 0;
    let mut at = 0;
    let mut attempts = 0;
    while attempts < MOST_ATTEMPTS
        && parts.len() < MOST_PARTS
        && let Some(found) = memchr::memchr2(b'{', b'[', after(whole, at))
    {
        at += found;
        let rest = whole.get(at..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        if let Some(Ok(_)) = values.next() {
            let end = at + values.byte_offset();
            if start < at {
                let before = whole.get(start..at).unwrap_or_default();
                parts.push(Part::new(text, Form::Text, before.as_bytes()));
            }
            let value = whole.get(at..end).unwrap_or_default();
            parts.push(Part::new(json, Form::Json, value.as_bytes()));
            (start, at) = (end, end);
        } else {
            attempts += 1;
            at += 1;
        }
    }
    if start < whole.len() || start == 0 {
        parts.push(Part::new(text, Form::Text, after(whole, start)));
    }
}

fn after(text: &str, at: usize) -> &[u8] {
    text.as_bytes().get(at..).unwrap_or_default()
}

/// The parameters of a target as members of an object.
fn query(target: &str) -> Vec<u8> {
    let (_, parameters) = cut(target);
    let members: Vec<String> = parameters
        .map(|(name, value)| {
            let [name, value] = [name, value].map(|text| serde_json::Value::from(text).to_string());
            format!("{name}:{value}")
        })
        .collect();
    format!("{{{}}}", members.join(",")).into_bytes()
}

/// What of a handshake is compared: the query, of which connections may be paired though
/// it differs, what the server answered, and whether that proves
/// that it read the request. A consent over HTTP/2, where there is nothing to prove,
/// is the same as one over HTTP/1.1.
pub(super) fn of_handshake(handshake: &Handshake) -> Vec<Part<'static>> {
    let mut json = serde_json::Map::new();
    if let Some(status) = handshake.status {
        let is_consent = handshake.http == HttpVersion::Http2 && !handshake.is_refused();
        let status = if is_consent { 101 } else { status };
        json.insert("response".into(), serde_json::json!({ "code": status }));
    }
    if let Some(subprotocol) = &handshake.subprotocol {
        json.insert("sec_websocket_protocol".into(), subprotocol.as_str().into());
    }
    let extensions = handshake.extensions.iter().map(|extension| {
        let params = extension.params.iter().map(|(name, value)| match value {
            Some(value) => format!("; {name}={value}"),
            None => format!("; {name}"),
        });
        format!("{}{}", extension.name, params.collect::<String>())
    });
    let extensions: Vec<String> = extensions.collect();
    if !extensions.is_empty() {
        json.insert("sec_websocket_extensions".into(), extensions.into());
    }
    let json = serde_json::Value::from(json).to_string().into_bytes();
    let mut parts = vec![Part::new("http", Form::Json, json)];
    if let Some(target) = &handshake.target {
        parts.push(Part::new(QUERY, Form::Json, query(target)));
    }
    if let Some(status) = handshake.accept_status.filter(|status| *status != AcceptStatus::Valid) {
        parts.push(Part::new("ws.accept", Form::Json, format!("\"{status}\"").into_bytes()));
    }
    parts
}

/// Parts, read so that they can be compared.
pub(super) struct Trees<'a> {
    pub(super) trees: Vec<Tree<'a>>,
    pub(super) has_ids: bool,
}

/// A part, read.
pub(super) struct Tree<'a> {
    pub(super) field: &'static str,
    pub(super) body: TreeBody<'a>,
    /// A message is the same one, changed, though it has this only once.
    pub(super) is_beside: bool,
    /// It encodes what the trees before it tell.
    pub(super) is_encoded: bool,
}

pub(super) enum TreeBody<'a> {
    Json(Node<'a>),
    Lines(Vec<Line<'a>>),
    Bytes(&'a [u8]),
}

impl<'a> Trees<'a> {
    /// Reads parts.
    pub(super) fn new(parts: &'a [Part<'a>], rules: &Rules) -> Self {
        let mut trees = Self { trees: Vec::new(), has_ids: false };
        let mut has_ignored = false;
        for part in parts {
            let place = rules.field(part.field);
            if let Some(ignored) = place.ignored {
                has_ignored |= ignored == Ignored::Asked;
                continue;
            }
            let json = (part.form == Form::Json).then(|| Read::new(&part.bytes, &place, rules));
            let body = match (json.flatten(), part.form) {
                (Some(read), _) => {
                    has_ignored |= read.has_ignored;
                    trees.has_ids |= read.root.has_ids;
                    TreeBody::Json(read.root)
                }
                (None, Form::Encoded) if has_ignored => continue,
                (None, Form::Bytes | Form::Encoded) => TreeBody::Bytes(&part.bytes),
                (None, Form::Json | Form::Text) => match text::lines(&part.bytes, rules) {
                    Some(lines) => {
                        trees.has_ids |= lines.iter().any(|line| line.has_ids);
                        TreeBody::Lines(lines)
                    }
                    None => TreeBody::Bytes(&part.bytes),
                },
            };
            let is_beside = part.form == Form::Encoded || part.field == CAPTURE;
            let is_encoded = part.form == Form::Encoded;
            trees.trees.push(Tree { field: part.field, body, is_beside, is_encoded });
        }
        trees
    }

    /// Equal for messages that are equal but for what varies.
    pub(super) fn digest(&self) -> Digest {
        let mut digester = Digester::of("parts");
        for tree in &self.trees {
            digester.part(tree.field.as_bytes());
            digester.digest(tree.digest());
        }
        digester.end()
    }

    /// Equal for messages that consist of the same fields.
    pub(super) fn class(&self) -> Digest {
        let mut digester = Digester::of("class");
        let payload = self.trees.iter().filter(|tree| !tree.is_beside);
        payload.for_each(|tree| digester.part(tree.field.as_bytes()));
        digester.end()
    }
}

impl Tree<'_> {
    fn digest(&self) -> Digest {
        match &self.body {
            TreeBody::Json(node) => node.digest,
            TreeBody::Lines(lines) => {
                let mut digester = Digester::of("lines");
                lines.iter().for_each(|line| digester.digest(line.digest));
                digester.end()
            }
            TreeBody::Bytes(bytes) => digest("bytes", bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Close, JsonText, Side};

    fn fields(text: &str) -> Vec<(&'static str, String)> {
        let message = Message::new(Side::Client, Opcode::Text, Body::Text(text));
        of_message(&message)
            .into_iter()
            .map(|part| (part.field, String::from_utf8(part.bytes.into_owned()).unwrap()))
            .collect()
    }

    #[test]
    fn json_is_found_in_text() {
        let text = |text: &str| (PAYLOAD_TEXT, text.to_owned());
        let json = |text: &str| ("json", text.to_owned());
        assert_eq!(fields("42[\"x\",1]"), [text("42"), json("[\"x\",1]")]);
        assert_eq!(
            fields("{}\u{1e}{\"a\":1}\u{1e}"),
            [json("{}"), text("\u{1e}"), json("{\"a\":1}"), text("\u{1e}")]
        );
        assert_eq!(fields("[info] {\"a\":1}"), [text("[info] "), json("{\"a\":1}")]);
        assert_eq!(fields("hello"), [text("hello")]);
        assert_eq!(fields(""), [text("")]);
        assert_eq!(fields("{[{[{[{[{["), [text("{[{[{[{[{[")]);
        assert_eq!(fields("x{\"a\":"), [text("x{\"a\":")]);
    }

    #[test]
    fn looking_for_json_is_linear() {
        let text = "[".repeat(1 << 20);
        assert_eq!(fields(&text).len(), 1);
    }

    #[test]
    fn many_small_values_are_few_parts() {
        let text = "{}".repeat(1 << 20);
        let fields = fields(&format!("x{text}"));
        assert_eq!(fields.len(), MOST_PARTS + 1);
        let size: usize = fields.iter().map(|(_, text)| text.len()).sum();
        assert_eq!(size, text.len() + 1);
    }

    #[test]
    fn encoded_bytes_count_where_nothing_is_ignored() {
        let rules = Rules::new(Vec::new(), true);
        let of = |json: &'static str, payload: &'static [u8]| {
            let parts = [
                Part::new("app", Form::Json, json.as_bytes()),
                Part::new(PAYLOAD, Form::Encoded, payload),
            ];
            Trees::new(&parts, &rules).digest()
        };
        assert_ne!(of(r#"{"a":1}"#, b"x"), of(r#"{"a":1}"#, b"y"));
        assert_eq!(of(r#"{"ts":1795748362}"#, b"x"), of(r#"{"ts":1795748399}"#, b"y"));
        // What is told of the capture stands in no bytes.
        assert_ne!(of(r#"{"latency":1}"#, b"x"), of(r#"{"latency":2}"#, b"y"));
        assert_eq!(of(r#"{"latency":1}"#, b"x"), of(r#"{"latency":2}"#, b"x"));
    }

    #[test]
    fn a_close_is_its_code_and_its_reason() {
        let json = JsonText::new("1");
        let message = Message::new(Side::Client, Opcode::Close, Body::Json(json));
        let parts = of_message(&Message { payload: b"", ..message });
        assert_eq!(parts.len(), 1);
        assert_eq!(&*parts[0].bytes, b"{}");
        // A reason that is no UTF-8 is not read.
        let close = Some(Close { code: Some(1000), code_name: None, reason: None });
        let parts = of_message(&Message { payload: b"\x03\xe8\xff", close, ..message });
        assert_eq!(parts.len(), 2);
        assert_eq!(&*parts[1].bytes, b"\x03\xe8\xff");
    }
}

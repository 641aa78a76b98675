//! NDJSON: the events themselves, as docs/events.md says.

use std::collections::HashMap;
use std::time::Duration;

use super::compact::compact;
use super::json_string::{long_string, string};
use super::spool::{PIECE, Spool};
use super::time::{Clock, Zone};
use super::write::{base64, decimal, digits, display, hex};
use super::{PayloadForm, View};
use crate::types::{
    Body, Close, Connection, Counts, End, Event, Extension, Frame, Gap, Handshake, Header,
    InsideContent, InsideLayer, JsonText, Kind, Message, Opcode, Side, Violation,
};

/// One JSON object a line: `--format json`.
///
/// Every line parses alone, has the fields that docs/events.schema.json
/// allows, and holds no character that could steer a terminal.
#[derive(Debug)]
pub struct Json {
    payload: PayloadForm,
    clock: Clock,
    known: Vec<Rendered>,
}

/// What is the same in every event of a connection.
#[derive(Debug, Default)]
struct Rendered {
    connection: Option<Connection>,
    json: Vec<u8>,
}

/// Connections whose common fields are kept. Their number only decides how
/// often these are rendered anew.
const KNOWN: u64 = 64;

impl Json {
    /// A view that shows payloads as `payload` says.
    pub fn new(payload: PayloadForm) -> Self {
        let known = (0..KNOWN).map(|_| Rendered::default()).collect();
        Self { payload, clock: Clock::new(&Zone::Utc), known }
    }
}

impl View for Json {
    fn event(&mut self, event: &Event<'_>, out: &mut Spool) {
        // Texts of a known length become a few stores: here and below each is
        // appended where it is chosen.
        match event.kind {
            Kind::Handshake(_) => out.extend_from_slice(br#"{"event":"handshake","packet":"#),
            Kind::Message(_) => out.extend_from_slice(br#"{"event":"message","packet":"#),
            Kind::Frame(_) => out.extend_from_slice(br#"{"event":"frame","packet":"#),
            Kind::Violation(_) => out.extend_from_slice(br#"{"event":"violation","packet":"#),
            Kind::Gap(_) => out.extend_from_slice(br#"{"event":"gap","packet":"#),
            Kind::End(_) => out.extend_from_slice(br#"{"event":"end","packet":"#),
        }
        self.common(out, event);
        match &event.kind {
            Kind::Handshake(handshake) => write_handshake(out, handshake),
            Kind::Message(message) => self.message(out, message),
            Kind::Frame(frame) => write_frame(out, frame),
            Kind::Violation(violation) => write_violation(out, violation),
            Kind::Gap(gap) => write_gap(out, gap),
            Kind::End(end) => write_end(out, end),
        }
        out.extend_from_slice(b"}\n");
    }

    fn fork(&self) -> Option<Box<dyn View>> {
        Some(Box::new(Self::new(self.payload)))
    }
}

impl Json {
    fn common(&mut self, out: &mut Vec<u8>, event: &Event<'_>) {
        decimal(out, event.origin.packet);
        if let Some(time) = event.origin.time {
            out.extend_from_slice(br#","time":""#);
            self.clock.rfc3339(out, time);
            out.push(b'"');
        }
        self.connection(out, event.connection);
        optional_text(out, "file", event.source.file.as_deref());
        optional_text(out, "interface", event.source.interface.as_deref());
    }

    fn connection(&mut self, out: &mut Vec<u8>, connection: &Connection) {
        let Some(known) = self.known.get_mut((connection.stream % KNOWN) as usize) else {
            return write_connection(out, connection);
        };
        if known.connection.as_ref() != Some(connection) {
            known.connection = Some(connection.clone());
            known.json.clear();
            write_connection(&mut known.json, connection);
        }
        out.extend_from_slice(&known.json);
    }

    fn message(&mut self, out: &mut Spool, message: &Message<'_>) {
        side(out, message.from);
        opcode(out, message.opcode);
        if let Some(length) = message.length {
            out.extend_from_slice(br#","length":"#);
            decimal(out, length);
        }
        out.extend_from_slice(br#","wire_length":"#);
        decimal(out, message.wire_length);
        if message.frames == 1 {
            out.extend_from_slice(br#","frames":1"#);
        } else {
            number(out, "frames", message.frames);
        }
        match (message.masked, message.compressed) {
            (false, false) => out.extend_from_slice(br#","masked":false,"compressed":false"#),
            (false, true) => out.extend_from_slice(br#","masked":false,"compressed":true"#),
            (true, false) => out.extend_from_slice(br#","masked":true,"compressed":false"#),
            (true, true) => out.extend_from_slice(br#","masked":true,"compressed":true"#),
        }
        if let Some(time) = message.first_time {
            key(out, "first_time");
            out.push(b'"');
            self.clock.rfc3339(out, time);
            out.push(b'"');
        }
        if message.complete {
            out.extend_from_slice(br#","complete":true"#);
        } else {
            out.extend_from_slice(br#","complete":false"#);
        }
        optional_number(out, "missing", message.missing);
        if message.truncated {
            boolean(out, "truncated", true);
        }
        if let Some(reason) = message.not_inflated {
            key(out, "not_inflated");
            quoted(out, reason);
        }
        if let Some(sha256) = message.sha256 {
            key(out, "sha256");
            out.push(b'"');
            hex(out, &sha256);
            out.push(b'"');
        }
        if message.opcode == Opcode::Close {
            self.close(out, message);
        } else {
            self.payload(out, message.payload, message.body);
        }
        if let Some(inside) = message.inside {
            self.inside(out, inside.layers);
        }
        if let Some(app) = message.app {
            out.extend_from_slice(br#","app":"#);
            json(out, app.json);
        }
    }

    fn payload(&self, out: &mut Spool, bytes: &[u8], body: Body<'_>) {
        match (self.payload, body) {
            (PayloadForm::None, _) => {}
            (PayloadForm::Base64, _) => base64_field(out, bytes),
            (PayloadForm::Auto, Body::Json(text)) => {
                out.extend_from_slice(br#","json":"#);
                json(out, text);
            }
            (PayloadForm::Auto, Body::Text(text)) => {
                out.extend_from_slice(br#","text":"#);
                long_string(out, text);
            }
            (PayloadForm::Auto, Body::Binary(bytes)) => base64_field(out, bytes),
        }
    }

    /// Layers, each within the one before; there are few.
    fn inside(&self, out: &mut Spool, layers: &[InsideLayer<'_>]) {
        let Some((layer, deeper)) = layers.split_first() else {
            return;
        };
        key(out, "inside");
        out.extend_from_slice(br#"{"format":"#);
        string(out, layer.format);
        optional_text(out, "media_type", layer.media_type);
        if let Some(content) = layer.content {
            self.content(out, content);
        }
        self.inside(out, deeper);
        out.push(b'}');
    }

    fn content(&self, out: &mut Spool, content: InsideContent<'_>) {
        let InsideContent { length, body, truncated } = content;
        optional_number(out, "length", length);
        match (self.payload, length, body) {
            // What was read as JSON has no bytes of its own.
            (PayloadForm::Auto | PayloadForm::Base64, None, Body::Json(text)) => {
                out.extend_from_slice(br#","json":"#);
                json(out, text);
            }
            _ => self.payload(out, body.bytes(), body),
        }
        if truncated {
            boolean(out, "truncated", true);
        }
    }

    fn close(&self, out: &mut Spool, message: &Message<'_>) {
        let close = message.close.unwrap_or(Close { code: None, code_name: None, reason: None });
        optional_number(out, "code", close.code.map(u64::from));
        optional_text(out, "code_name", close.code_name);
        optional_text(out, "reason", close.reason);
        let shown = match self.payload {
            PayloadForm::Auto => !says_all(&close, message.payload),
            PayloadForm::Base64 => true,
            PayloadForm::None => false,
        };
        if shown {
            base64_field(out, message.payload);
        }
    }
}

/// Whether the fields of a close frame tell everything that its payload holds.
pub(super) fn says_all(close: &Close<'_>, payload: &[u8]) -> bool {
    match (close.code, close.reason) {
        (_, Some(_)) => true,
        (Some(_), None) => payload.len() <= size_of::<u16>(),
        (None, None) => payload.is_empty(),
    }
}

fn write_connection(out: &mut Vec<u8>, connection: &Connection) {
    number(out, "stream", connection.stream);
    key(out, "connection");
    quoted(out, connection);
    key(out, "client");
    quoted(out, connection.client);
    key(out, "server");
    quoted(out, connection.server);
    optional_number(out, "h2_stream", connection.h2_stream.map(u64::from));
    if connection.inferred {
        boolean(out, "inferred", true);
    }
}

fn write_handshake(out: &mut Vec<u8>, handshake: &Handshake) {
    key(out, "http");
    quoted(out, handshake.http);
    optional_text(out, "method", handshake.method.as_deref());
    optional_text(out, "target", handshake.target.as_deref());
    optional_text(out, "host", handshake.host.as_deref());
    optional_text(out, "origin", handshake.origin.as_deref());
    headers(out, "request_headers", handshake.request_headers.as_deref());
    headers(out, "response_headers", handshake.response_headers.as_deref());
    optional_number(out, "status", handshake.status.map(u64::from));
    optional_text(out, "reason", handshake.reason.as_deref());
    optional_text(out, "key", handshake.key.as_deref());
    optional_text(out, "accept", handshake.accept.as_deref());
    optional_text(out, "accept_expected", handshake.accept_expected.as_deref());
    if let Some(status) = handshake.accept_status {
        key(out, "accept_status");
        quoted(out, status);
    }
    if !handshake.subprotocols.is_empty() {
        key(out, "subprotocols");
        array(out, &handshake.subprotocols, |out, subprotocol| {
            string(out, subprotocol);
        });
    }
    optional_text(out, "subprotocol", handshake.subprotocol.as_deref());
    if !handshake.extensions_offered.is_empty() {
        key(out, "extensions_offered");
        array(out, &handshake.extensions_offered, write_extension);
    }
    if !handshake.extensions.is_empty() {
        key(out, "extensions");
        array(out, &handshake.extensions, write_extension);
    }
    optional_text(out, "tls", handshake.tls.as_deref());
}

fn headers(out: &mut Vec<u8>, name: &str, headers: Option<&[Header]>) {
    let Some(headers) = headers else {
        return;
    };
    key(out, name);
    array(out, headers, |out, header| {
        out.push(b'[');
        string(out, &header.name);
        out.push(b',');
        string(out, &header.value);
        out.push(b']');
    });
}

fn write_extension(out: &mut Vec<u8>, extension: &Extension) {
    out.extend_from_slice(br#"{"name":"#);
    string(out, &extension.name);
    out.extend_from_slice(br#","params":{"#);
    // Of a parameter sent twice the last value stands, as readers of JSON would
    // have it, and the object stays one that all of them take.
    let names = extension.params.iter().enumerate().map(|(index, (name, _))| (name, index));
    let last: HashMap<&String, usize> = names.collect();
    let mut first = true;
    for (index, (name, value)) in extension.params.iter().enumerate() {
        if last.get(name) != Some(&index) {
            continue;
        }
        if !first {
            out.push(b',');
        }
        first = false;
        string(out, name);
        out.push(b':');
        match value {
            Some(value) => string(out, value),
            None => out.extend_from_slice(b"true"),
        }
    }
    out.extend_from_slice(b"}}");
}

fn write_frame(out: &mut Vec<u8>, frame: &Frame) {
    side(out, frame.from);
    boolean(out, "fin", frame.fin);
    number(out, "rsv", frame.rsv.into());
    opcode(out, frame.opcode);
    boolean(out, "masked", frame.masking_key.is_some());
    if let Some(masking_key) = frame.masking_key {
        key(out, "masking_key");
        out.push(b'"');
        hex(out, &masking_key);
        out.push(b'"');
    }
    number(out, "length", frame.length);
    number(out, "offset", frame.offset);
}

fn write_violation(out: &mut Vec<u8>, violation: &Violation<'_>) {
    if let Some(from) = violation.from {
        side(out, from);
    }
    text_field(out, "rule", violation.rule.name());
    key(out, "severity");
    quoted(out, violation.rule.severity());
    text_field(out, "reference", violation.rule.reference());
    text_field(out, "detail", violation.detail);
}

fn write_gap(out: &mut Vec<u8>, gap: &Gap) {
    side(out, gap.from);
    optional_number(out, "bytes", gap.bytes);
    key(out, "next_frame");
    quoted(out, gap.next_frame);
    if gap.undecoded > 0 {
        number(out, "undecoded", gap.undecoded);
    }
}

fn write_end(out: &mut Vec<u8>, end: &End) {
    key(out, "state");
    quoted(out, end.state);
    out.extend_from_slice(br#","counts":{"client":"#);
    write_counts(out, &end.client);
    out.extend_from_slice(br#","server":"#);
    write_counts(out, &end.server);
    out.push(b'}');
    if let Some(duration) = end.duration {
        seconds(out, "duration", duration);
    }
}

/// Seconds with nine decimals.
pub(super) fn seconds(out: &mut Vec<u8>, name: &str, duration: Duration) {
    key(out, name);
    decimal(out, duration.as_secs());
    out.push(b'.');
    out.extend_from_slice(&digits::<9>(duration.subsec_nanos()));
}

fn write_counts(out: &mut Vec<u8>, counts: &Counts) {
    out.extend_from_slice(br#"{"messages":"#);
    decimal(out, counts.messages);
    number(out, "bytes", counts.bytes);
    number(out, "frames", counts.frames);
    number(out, "pings", counts.pings);
    out.push(b'}');
}

fn side(out: &mut Vec<u8>, from: Side) {
    match from {
        Side::Client => out.extend_from_slice(br#","from":"client""#),
        Side::Server => out.extend_from_slice(br#","from":"server""#),
    }
}

fn opcode(out: &mut Vec<u8>, opcode: Opcode) {
    match opcode {
        Opcode::Text => out.extend_from_slice(br#","opcode":"text""#),
        Opcode::Binary => out.extend_from_slice(br#","opcode":"binary""#),
        Opcode::Ping => out.extend_from_slice(br#","opcode":"ping""#),
        Opcode::Pong => out.extend_from_slice(br#","opcode":"pong""#),
        Opcode::Close => out.extend_from_slice(br#","opcode":"close""#),
        Opcode::Continuation => out.extend_from_slice(br#","opcode":"continuation""#),
        Opcode::Reserved(_) => {
            key(out, "opcode");
            quoted(out, opcode);
        }
    }
}

/// The name of a field that is not an object's first.
pub(super) fn key(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

pub(super) fn number(out: &mut Vec<u8>, name: &str, value: u64) {
    key(out, name);
    decimal(out, value);
}

pub(super) fn optional_number(out: &mut Vec<u8>, name: &str, value: Option<u64>) {
    if let Some(value) = value {
        number(out, name, value);
    }
}

fn boolean(out: &mut Vec<u8>, name: &str, value: bool) {
    key(out, name);
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

pub(super) fn text_field(out: &mut Vec<u8>, name: &str, value: &str) {
    key(out, name);
    string(out, value);
}

pub(super) fn optional_text(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        text_field(out, name, value);
    }
}

/// Without white space between its tokens.
fn json(out: &mut Spool, text: JsonText<'_>) {
    if text.is_plain {
        out.put(text.bytes);
    } else {
        compact(out, text);
    }
}

fn base64_field(out: &mut Spool, bytes: &[u8]) {
    key(out, "base64");
    out.push(b'"');
    // Only whole triples can be put together again.
    for triples in bytes.chunks(PIECE / 3 * 3) {
        base64(out, triples);
        out.relieve();
    }
    out.push(b'"');
}

/// A string of our own that needs no escaping.
pub(super) fn quoted(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    out.push(b'"');
    display(out, value);
    out.push(b'"');
}

fn array<T>(out: &mut Vec<u8>, items: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples::{
        CLOSE, connection, conversation, event, handshake, hostile_text, json_document, rendered,
    };
    use crate::types::{AcceptStatus, App, AppProtocol, Inside, NextFrame, Rule, Source};
    use insta::assert_snapshot;
    use proptest::prelude::*;
    use serde_json::Value;

    const GAP: Gap =
        Gap { from: Side::Client, bytes: None, next_frame: NextFrame::Known, undecoded: 0 };

    fn schema() -> jsonschema::Validator {
        let schema = include_str!("../../docs/events.schema.json");
        jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
    }

    fn one(kind: Kind<'_>, payload: PayloadForm) -> String {
        rendered(Json::new(payload), &[event(&connection(3), 7, kind)])
    }

    /// The line without what all lines have.
    fn own_fields(kind: Kind<'_>) -> String {
        let line = one(kind, PayloadForm::Auto);
        line.split_once("\"server\":\"127.0.0.1:8888\",").unwrap().1.to_owned()
    }

    #[test]
    fn every_kind_as_the_contract_says() {
        let (connection, handshake) = (connection(3), handshake());
        let lines = rendered(Json::new(PayloadForm::Auto), &conversation(&connection, &handshake));
        assert_snapshot!(lines, @r#"
        {"event":"handshake","packet":4,"time":"2018-12-26T06:54:46.733250400Z","stream":3,"connection":"3","client":"127.0.0.1:51233","server":"127.0.0.1:8888","http":"1.1","method":"GET","target":"/api/kernels/f4d1/channels?session_id=0b1e","host":"localhost:8888","origin":"http://localhost:8888","request_headers":[["Host","localhost:8888"],["Upgrade","websocket"],["Sec-WebSocket-Key","dGhlIHNhbXBsZSBub25jZQ=="]],"response_headers":[["Sec-WebSocket-Accept","s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]],"status":101,"reason":"Switching Protocols","key":"dGhlIHNhbXBsZSBub25jZQ==","accept":"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=","accept_expected":"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=","accept_status":"valid","subprotocols":["v1.kernel.websocket.jupyter.org"],"subprotocol":"v1.kernel.websocket.jupyter.org","extensions":[{"name":"permessage-deflate","params":{"server_no_context_takeover":true,"server_max_window_bits":"12"}}]}
        {"event":"frame","packet":5,"time":"2018-12-26T06:54:46.734250500Z","stream":3,"connection":"3","client":"127.0.0.1:51233","server":"127.0.0.1:8888","from":"client","fin":true,"rsv":4,"opcode":"text","masked":true,"masking_key":"0a1b2cff","length":201,"offset":517}
        {"event":"message","packet":6,"time":"2018-12-26T06:54:46.735250600Z","stream":3,"connection":"3","client":"127.0.0.1:51233","server":"127.0.0.1:8888","from":"client","opcode":"text","length":191,"wire_length":191,"frames":1,"masked":true,"compressed":false,"complete":true,"json":{"header":{"msg_id":"5a7d31fc","msg_type":"execute_request"},"content":{"code":"print('hello, world') # and so on, a line that is long","silent":false,"count":1.50},"buffers":[]}}
        {"event":"message","packet":7,"time":"2018-12-26T06:54:46.736250700Z","stream":3,"connection":"3","client":"127.0.0.1:51233","server":"127.0.0.1:8888","from":"server","opcode":"text","length":76,"wire_length":76,"frames":3,"masked":false,"compressed":false,"first_time":"2018-12-26T06:54:46.729250000Z","complete":true,"text":"Two lines,\nthe second of which is rather long, so that it has to be folded.\n"}
        {"event":"message","packet":8,"time":"2018-12-26T06:54:46.737250800Z","stream":3,"connection":"3","client":"127.0.0.1:51233","server":"127.0.0.1:8888","from":"server","opcode":"text","length":17,"wire_length":9,"frames":1,"masked":false,"compressed":true,"complete":true,"text":"compressible text"}
        {"event":"message","packet":9,"time":"2018-12-26T06:54:46.738250900Z","stream":3,"connection":"3","client":"127.0.0.1:51233","server":"127.0.0.1:8888","from":"server","opcode":"ping","length":0,"wire_length":0,"frames":1,"masked":false,"compressed":false,"complete":true,"text":""}
        {"event":"gap","packet":10,"time":"2018-12-26T06:54:46.739251000Z","stream":3,"connection":"3","client":"127.0.0.1:51233","server":"127.0.0.1:8888","from":"client","bytes":1460,"next_frame":"inferred","undecoded":318}
        {"event":"gap","packet":11,"time":"2018-12-26T06:54:46.740251100Z","stream":3,"connection":"3","client":"127.0.0.1:51233","server":"127.0.0.1:8888","from":"server","next_frame":"lost"}
        {"event":"message","packet":12,"time":"2018-12-26T06:54:46.741251200Z","stream":3,"connection":"3","client":"127.0.0.1:51233","server":"127.0.0.1:8888","from":"client","opcode":"binary","length":2048,"wire_length":2048,"frames":1,"masked":false,"compressed":false,"complete":false,"missing":1460,"truncated":true,"base64":"AAEC/2JpbmFyeSBieXRlcywgbW9yZSB0aGFuIGEgcm93Gw=="}
        {"event":"violation","packet":13,"time":"2018-12-26T06:54:46.742251300Z","stream":3,"connection":"3","client":"127.0.0.1:51233","server":"127.0.0.1:8888","from":"client","rule":"reserved-bits","severity":"error","reference":"RFC 6455 §5.2","detail":"RSV1 is set on a text frame, but no extension was negotiated."}
        {"event":"message","packet":14,"time":"2018-12-26T06:54:46.743251400Z","stream":3,"connection":"3","client":"127.0.0.1:51233","server":"127.0.0.1:8888","from":"server","opcode":"close","length":5,"wire_length":5,"frames":1,"masked":false,"compressed":false,"complete":true,"code":1000,"code_name":"Normal Closure","reason":"bye"}
        {"event":"end","packet":15,"time":"2018-12-26T06:54:46.744251500Z","stream":3,"connection":"3","client":"127.0.0.1:51233","server":"127.0.0.1:8888","state":"closed","counts":{"client":{"messages":2,"bytes":2249,"frames":2,"pings":0},"server":{"messages":4,"bytes":100,"frames":6,"pings":1}},"duration":1.234567890}
        "#);
        let schema = schema();
        for line in lines.lines() {
            schema.validate(&serde_json::from_str(line).unwrap()).unwrap();
        }
    }

    #[test]
    fn what_is_inside() {
        let opened = |body, truncated| Some(InsideContent { length: Some(7), body, truncated });
        let layer = |format| InsideLayer { format, media_type: None, content: None };
        let packed = Body::Binary(b"\x81\x01\xff");
        let layers = [
            InsideLayer { content: opened(packed, true), ..layer("gzip") },
            InsideLayer { content: opened(Body::Text("a\n"), false), ..layer("zstd") },
            InsideLayer { media_type: Some("image/png"), ..layer("png") },
        ];
        let json = Body::Json(JsonText::new("[1, 2]"));
        let content = Some(InsideContent { length: None, body: json, truncated: false });
        let read = [InsideLayer { content, ..layer("cbor") }];
        let message = |layers| Message {
            inside: Some(Inside { layers }),
            ..Message::new(Side::Client, Opcode::Binary, Body::Binary(b"\xff"))
        };
        for (layers, payload, expected) in [
            (
                &layers[..],
                PayloadForm::Auto,
                r#""base64":"/w==","inside":{"format":"gzip","length":7,"base64":"gQH/","truncated":true,"inside":{"format":"zstd","length":7,"text":"a\n","inside":{"format":"png","media_type":"image/png"}}}}"#,
            ),
            (
                &layers[1..],
                PayloadForm::Base64,
                r#""base64":"/w==","inside":{"format":"zstd","length":7,"base64":"YQo=","inside":{"format":"png","media_type":"image/png"}}}"#,
            ),
            (
                &layers[..1],
                PayloadForm::None,
                r#""complete":true,"inside":{"format":"gzip","length":7,"truncated":true}}"#,
            ),
            (
                &read,
                PayloadForm::Base64,
                r#""base64":"/w==","inside":{"format":"cbor","json":[1,2]}}"#,
            ),
            (&read, PayloadForm::None, r#""complete":true,"inside":{"format":"cbor"}}"#),
        ] {
            let line = one(Kind::Message(message(layers)), payload);
            assert!(line.trim_end().ends_with(expected), "{line}");
            let mut line: Value = serde_json::from_str(&line).unwrap();
            schema().validate(&line).unwrap();
            line["inside"]["unheard_of"] = Value::from(1);
            assert!(!schema().is_valid(&line));
        }
    }

    #[test]
    fn common_fields_in_order() {
        let connection = Connection { h2_stream: Some(5), inferred: true, ..connection(3) };
        let source = Source { file: Some("a\n.pcap".into()), interface: Some("lo".into()) };
        let mut event = event(&connection, 9, Kind::Gap(GAP));
        event.source = &source;
        event.origin.time = None;
        let line = rendered(Json::new(PayloadForm::Auto), &[event]);
        assert_snapshot!(line, @r#"{"event":"gap","packet":9,"stream":3,"connection":"3.5","client":"127.0.0.1:51233","server":"127.0.0.1:8888","h2_stream":5,"inferred":true,"file":"a\n.pcap","interface":"lo","from":"client","next_frame":"known"}"#);
        schema().validate(&serde_json::from_str(&line).unwrap()).unwrap();
    }

    #[test]
    fn connections_that_share_a_slot_are_not_confused() {
        let connections: Vec<_> = [3, 3 + KNOWN, 3].into_iter().map(connection).collect();
        let gap = Kind::Gap(GAP);
        let events: Vec<_> =
            connections.iter().map(|connection| event(connection, 1, gap)).collect();
        let lines = rendered(Json::new(PayloadForm::Auto), &events);
        let streams: Vec<_> = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["stream"].as_u64().unwrap())
            .collect();
        assert_eq!(streams, [3, 3 + KNOWN, 3]);
    }

    #[test]
    fn a_handshake_without_its_halves() {
        assert_snapshot!(own_fields(Kind::Handshake(&Handshake::default())), @r#"
        "http":"1.1"}
        "#);
        let refused = Handshake {
            status: Some(403),
            response_headers: Some(Vec::new()),
            ..Handshake::default()
        };
        assert_snapshot!(own_fields(Kind::Handshake(&refused)), @r#"
        "http":"1.1","response_headers":[],"status":403}
        "#);
    }

    #[test]
    fn a_parameter_sent_twice_stands_once() {
        let mut extension = Extension { name: "x".into(), params: Vec::new() };
        for value in [None, Some("1"), Some("2")] {
            extension.params.push(("a".into(), value.map(str::to_owned)));
            extension.params.push(("b".into(), None));
        }
        let mut out = Vec::new();
        write_extension(&mut out, &extension);
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"name":"x","params":{"a":"2","b":true}}"#);
    }

    #[test]
    fn a_json_payload_keeps_its_tokens_on_one_line() {
        let json = "{ \"n\": 1e400,\n\t\"n\": 0.10, \"s\": \"a b\u{202e}\" }";
        let message = Message::new(Side::Client, Opcode::Text, Body::Json(JsonText::new(json)));
        assert!(
            one(Kind::Message(message), PayloadForm::Auto)
                .ends_with("\"json\":{\"n\":1e400,\"n\":0.10,\"s\":\"a b\\u202e\"}}\n")
        );
    }

    #[test]
    fn payload_forms() {
        let json = Message::new(Side::Client, Opcode::Text, Body::Json(JsonText::new("{}")));
        let empty = Message::new(Side::Client, Opcode::Text, Body::Text(""));
        for (message, form, end) in [
            (json, PayloadForm::Auto, r#""complete":true,"json":{}}"#),
            (json, PayloadForm::Base64, r#""complete":true,"base64":"e30="}"#),
            (json, PayloadForm::None, r#""complete":true}"#),
            (empty, PayloadForm::Auto, r#""complete":true,"text":""}"#),
            (empty, PayloadForm::Base64, r#""complete":true,"base64":""}"#),
            (
                CLOSE,
                PayloadForm::Auto,
                r#""code":1000,"code_name":"Normal Closure","reason":"bye"}"#,
            ),
            (CLOSE, PayloadForm::Base64, r#""reason":"bye","base64":"A+hieWU="}"#),
            (CLOSE, PayloadForm::None, r#""reason":"bye"}"#),
        ] {
            let line = one(Kind::Message(message), form);
            assert!(line.ends_with(&format!("{end}\n")), "{line}");
        }
    }

    #[test]
    fn what_the_protocol_inside_says_stands_last() {
        let app = Some(App::only(AppProtocol::SocketIo));
        let message = Message {
            app: app.as_ref(),
            ..Message::new(Side::Client, Opcode::Text, Body::Text("2"))
        };
        for (form, end) in [
            (PayloadForm::Auto, r#""text":"2","app":{"protocol":"socket.io"}}"#),
            (PayloadForm::Base64, r#""base64":"Mg==","app":{"protocol":"socket.io"}}"#),
            (PayloadForm::None, r#""complete":true,"app":{"protocol":"socket.io"}}"#),
        ] {
            let line = one(Kind::Message(message), form);
            assert!(line.ends_with(&format!("{end}\n")), "{line}");
        }
        // White space that the object may have does not get into the line.
        let json = JsonText::new("{\"protocol\":\n\"mqtt\" }");
        let app = Some(App::new(AppProtocol::Mqtt, json));
        let line = one(Kind::Message(Message { app: app.as_ref(), ..message }), PayloadForm::None);
        assert!(line.ends_with("\"app\":{\"protocol\":\"mqtt\"}}\n"), "{line}");
    }

    #[test]
    fn the_schema_has_every_protocol() {
        let schema = schema();
        for &protocol in AppProtocol::ALL {
            let app = Some(App::only(protocol));
            let message = Message::new(Side::Server, Opcode::Binary, Body::Binary(b"\xff"));
            let line =
                one(Kind::Message(Message { app: app.as_ref(), ..message }), PayloadForm::Auto);
            let mut event: Value = serde_json::from_str(&line).unwrap();
            schema.validate(&event).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert_eq!(event["app"]["protocol"], protocol.name());
            event["app"]["protocol"] = "unheard-of".into();
            assert!(!schema.is_valid(&event));
        }
    }

    #[test]
    fn a_close_frame_in_bad_order_shows_its_bytes() {
        let no_reason = Some(Close { code: Some(1000), code_name: None, reason: None });
        let nothing = Some(Close { code: None, code_name: None, reason: None });
        for (close, payload, end) in [
            (nothing, &b""[..], r#""complete":true}"#),
            (nothing, b"\x03", r#""complete":true,"base64":"Aw=="}"#),
            (None, b"\x03", r#""complete":true,"base64":"Aw=="}"#),
            (no_reason, b"\x03\xe8", r#""code":1000}"#),
            (no_reason, b"\x03\xe8\xff", r#""code":1000,"base64":"A+j/"}"#),
        ] {
            let message = Message { close, payload, body: Body::Binary(payload), ..CLOSE };
            let line = one(Kind::Message(message), PayloadForm::Auto);
            assert!(line.ends_with(&format!("{end}\n")), "{line}");
        }
    }

    #[test]
    fn the_schema_is_strict() {
        let schema = schema();
        let connection = connection(3);
        let handshake = handshake();
        let lines = rendered(Json::new(PayloadForm::Auto), &conversation(&connection, &handshake));
        for line in lines.lines() {
            let good: Value = serde_json::from_str(line).unwrap();
            for (name, value) in good.as_object().unwrap() {
                for bad in [Value::Null, Value::from(-1), Value::from("\u{1}")] {
                    if name == "json" || (value.is_string() && bad.is_string()) {
                        continue;
                    }
                    let mut broken = good.clone();
                    broken[name] = bad;
                    assert!(!schema.is_valid(&broken), "{name} of {line}");
                }
            }
            let mut more = good.clone();
            more["unheard_of"] = Value::from(1);
            assert!(!schema.is_valid(&more));
        }
    }

    #[test]
    fn the_documented_examples_are_valid() {
        let schema = schema();
        let documentation = include_str!("../../docs/events.md");
        let mut kinds = Vec::new();
        for line in documentation.lines().filter(|line| line.starts_with("{\"event\"")) {
            let example: Value = serde_json::from_str(line).unwrap();
            schema.validate(&example).unwrap_or_else(|error| panic!("{error}: {line}"));
            kinds.push(example["event"].as_str().unwrap().to_owned());
        }
        for kind in ["handshake", "message", "frame", "violation", "gap", "end"] {
            assert!(kinds.iter().any(|documented| documented == kind), "{kind}");
        }
    }

    proptest! {
        #[test]
        fn every_line_is_valid_and_harmless(
            texts in prop::collection::vec(hostile_text(), 8),
            (document, _) in json_document(),
            bytes in prop::collection::vec(any::<u8>(), 0..80),
            code in any::<Option<u16>>(),
        ) {
            let text = |index: usize| texts[index].clone();
            let source = Source { file: Some(text(0)), interface: Some(text(1)) };
            let header = Header { name: text(2), value: text(3) };
            let handshake = Handshake {
                method: Some(text(1)),
                target: Some(text(2)),
                host: Some(text(3)),
                origin: Some(text(4)),
                request_headers: Some(vec![header.clone(), header]),
                reason: Some(text(5)),
                status: code.map(|code| code % 1000),
                key: Some(text(6)),
                accept: Some(text(7)),
                accept_status: Some(AcceptStatus::Mismatch),
                subprotocols: vec![text(0), text(1)],
                subprotocol: Some(text(2)),
                extensions: vec![Extension {
                    name: text(3),
                    params: vec![(text(4), Some(text(5))), (text(6), None)],
                }],
                ..Handshake::default()
            };
            let reason = texts[0].as_str();
            let close = Close { code, code_name: None, reason: code.map(|_| reason) };
            let violation = Violation { from: None, rule: Rule::InvalidUtf8, detail: &(text(1) + ".") };
            let connection = connection(3);
            let schema = schema();
            for form in [PayloadForm::Auto, PayloadForm::Base64, PayloadForm::None] {
                let mut events: Vec<_> = [
                    Kind::Handshake(&handshake),
                    Kind::Message(Message::new(Side::Client, Opcode::Text, Body::Text(reason))),
                    Kind::Message(Message::new(Side::Server, Opcode::Binary, Body::Json(JsonText::new(&document)))),
                    Kind::Message(Message::new(Side::Server, Opcode::Pong, Body::Binary(&bytes))),
                    Kind::Message(Message { close: Some(close), payload: &bytes, ..CLOSE }),
                    Kind::Violation(violation),
                ]
                .into_iter()
                .map(|kind| event(&connection, 1, kind))
                .collect();
                for event in &mut events {
                    event.source = &source;
                }
                let lines = rendered(Json::new(form), &events);
                prop_assert_eq!(lines.lines().count(), events.len());
                prop_assert!(lines.chars().all(|c| c == '\n' || !super::super::json_string::is_escaped(c)));
                for line in lines.split_terminator('\n') {
                    prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok(), "{}", line);
                    // `Value` takes no number beyond the range of a double.
                    if let Ok(value) = serde_json::from_str::<Value>(line) {
                        prop_assert!(schema.is_valid(&value), "{}", line);
                    }
                }
            }
        }
    }
}

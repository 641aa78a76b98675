//! SignalR for ASP.NET Core (dotnet/aspnetcore, HubProtocol.md).

use super::data::Data;
use super::requests::Then;
use super::sides::Sides;
use super::story::Telling;
use super::value::Value;
use super::{Decoder, Malformed};
use crate::payload::formats::msgpack;
use crate::types::Side;

/// What ends a record of JSON.
const SEPARATOR: u8 = 0x1e;

/// What each record is, by its type from 1 on.
const KINDS: [&str; 9] = [
    "Invocation",
    "StreamItem",
    "Completion",
    "StreamInvocation",
    "CancelInvocation",
    "Ping",
    "Close",
    "Ack",
    "Sequence",
];

/// Records, several of which may come in a message.
#[derive(Default)]
pub(super) struct SignalR {
    /// They are MessagePack; without a handshake it is JSON, as only that shows
    /// itself.
    is_packed: bool,
    /// Whether this side has said its part of the handshake, or something else.
    has_begun: Sides<bool>,
}

/// What a record says; what it does not have is `None`.
#[derive(Default)]
struct Record<'a> {
    /// Its type.
    number: u64,
    target: Option<Value<'a>>,
    invocation_id: Option<Value<'a>>,
    arguments: Option<Value<'a>>,
    item: Option<Value<'a>>,
    result: Option<Value<'a>>,
    error: Option<Value<'a>>,
    stream_ids: Option<Value<'a>>,
    headers: Option<Value<'a>>,
    allow_reconnect: Option<Value<'a>>,
    sequence_id: Option<Value<'a>>,
}

/// Whether a message is of this protocol: it is JSON ended by the separator, and
/// begins as a client must, or has a type.
pub(super) fn is_shown_by(data: &Data<'_>) -> bool {
    if data.payload.last() != Some(&SEPARATOR) {
        return false;
    }
    let first = split_record(data.payload).map_or(data.payload, |(first, _)| first);
    let members =
        Value::of_bytes(first).and_then(|json| json.members(["protocol", "version", "type"]));
    let [protocol, version, kind] = members.unwrap_or_default();
    let is_handshake = data.from == Side::Client
        && protocol.is_some_and(Value::is_string)
        && version.is_some_and(|version| version.number().is_some());
    is_handshake || kind.and_then(Value::number).and_then(kind_of).is_some()
}

impl Decoder for SignalR {
    fn read(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        let mut rest = data.payload;
        let has_begun = std::mem::replace(self.has_begun.of(data.from), true);
        if !has_begun
            && let Some((first, after)) = split_record(rest)
            && let Some(handshake) = handshake(first)
        {
            rest = after;
            self.handshake(handshake, data.from, telling);
        }
        match self.is_packed {
            true => packed_records(rest, telling),
            false => records(rest, telling),
        }
    }
}

impl SignalR {
    /// The client chooses the form, and the server agrees or tells why not. Both
    /// do it in JSON ("Overview").
    fn handshake(&mut self, handshake: Value<'_>, from: Side, telling: &mut Telling<'_>) {
        let [protocol, version, error] =
            handshake.members(["protocol", "version", "error"]).unwrap_or_default();
        telling.packet("handshake");
        telling.facts().json_if("format", protocol);
        telling.facts().json_if("version", version).json_if("error", error);
        let said = protocol.or(error).map(Value::plain);
        telling.say(&said.unwrap_or_default());
        if from == Side::Client {
            self.is_packed = protocol.is_some_and(|protocol| protocol.plain() == "messagepack");
        }
    }
}

/// A record that is part of the handshake: one without a type.
fn handshake(record: &[u8]) -> Option<Value<'_>> {
    let json = Value::of_bytes(record)?;
    let [kind] = json.members(["type"])?;
    kind.is_none().then_some(json)
}

/// Records of JSON ("JSON Encoding").
fn records(mut rest: &[u8], telling: &mut Telling<'_>) -> Result<(), Malformed> {
    let mut result = Ok(());
    while let Some((record, after)) = split_record(rest) {
        result = result.and(Record::from_json(record).and_then(|record| record.tell(telling)));
        rest = after;
    }
    match rest {
        [] => result,
        _ => result.and(Err(Malformed::new("The last record has no end."))),
    }
}

fn split_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(SEPARATOR, bytes)?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

/// Records of MessagePack, each with its length before it ("MessagePack Encoding").
fn packed_records(mut rest: &[u8], telling: &mut Telling<'_>) -> Result<(), Malformed> {
    let mut result = Ok(());
    while !rest.is_empty() {
        let Some((record, after)) = split_packed(rest) else {
            return result.and(Err(Malformed::new("The last record has no end.")));
        };
        result = result.and(packed_record(record, telling));
        rest = after;
    }
    result
}

fn packed_record(record: &[u8], telling: &mut Telling<'_>) -> Result<(), Malformed> {
    let json = msgpack::to_json(record).map_err(|error| Malformed::new(error.to_string()))?;
    Record::from_array(Value::new(&json))?.tell(telling)
}

/// A record and what follows it. Its length has seven bits in each byte, the lowest
/// first, and goes on where the highest bit is set; it has at most five bytes.
fn split_packed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    const LONGEST: usize = 5;
    let end = bytes.iter().take(LONGEST).position(|byte| byte & 0x80 == 0)?;
    let (digits, rest) = bytes.split_at_checked(end + 1)?;
    let length = digits.iter().rev().fold(0, |length, digit| length << 7 | u64::from(digit & 0x7f));
    rest.split_at_checked(usize::try_from(length).ok()?)
}

fn kind_of(number: u64) -> Option<&'static str> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    KINDS.get(index).copied()
}

impl<'a> Record<'a> {
    fn from_json(record: &'a [u8]) -> Result<Self, Malformed> {
        let json =
            Value::of_bytes(record).ok_or_else(|| Malformed::new("A record is not JSON."))?;
        let members = json.members([
            "type",
            "target",
            "invocationId",
            "arguments",
            "item",
            "result",
            "error",
            "streamIds",
            "headers",
            "allowReconnect",
            "sequenceId",
        ]);
        let [
            kind,
            target,
            invocation_id,
            arguments,
            item,
            result,
            error,
            stream_ids,
            headers,
            allow_reconnect,
            sequence_id,
        ] = members.ok_or_else(|| Malformed::new("A record is not an object."))?;
        let number = kind.and_then(Value::number);
        Ok(Self {
            number: number.ok_or_else(|| Malformed::new("A record has no type."))?,
            target,
            invocation_id: invocation_id.filter(|id| !id.is_null()),
            arguments,
            item,
            result,
            error: error.filter(|error| !error.is_null()),
            stream_ids,
            headers,
            allow_reconnect,
            sequence_id,
        })
    }

    /// From the array that a record of MessagePack is.
    fn from_array(array: Value<'a>) -> Result<Self, Malformed> {
        let elements = array.elements::<6>();
        let (elements, _) = elements.ok_or_else(|| Malformed::new("A record is not an array."))?;
        // What a record does not have is nil or empty.
        let is_there = |value: &Value<'_>| !matches!(value.text(), "null" | "{}" | "[]");
        let [kind, first, second, third, fourth, fifth] = elements;
        let number = kind.and_then(Value::number);
        let number = number.ok_or_else(|| Malformed::new("A record has no type."))?;
        let record = Self {
            number,
            headers: first.filter(is_there),
            invocation_id: second.filter(is_there),
            ..Self::default()
        };
        Ok(match number {
            1 | 4 => Self {
                target: third,
                arguments: fourth,
                stream_ids: fifth.filter(is_there),
                ..record
            },
            2 => Self { item: third, ..record },
            3 => match third.and_then(Value::number) {
                Some(1) => Self { error: fourth, ..record },
                Some(3) => Self { result: fourth, ..record },
                _ => record,
            },
            7 => Self {
                number,
                error: first.filter(is_there),
                allow_reconnect: second,
                ..Self::default()
            },
            8 | 9 => Self { number, sequence_id: first, ..Self::default() },
            _ => record,
        })
    }

    fn tell(&self, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        let Some(kind) = kind_of(self.number) else {
            return Err(Malformed(format!("A record has the unknown type {}.", self.number)));
        };
        telling.packet(kind);
        self.tell_facts(telling);
        let target = self.target.map(Value::plain).unwrap_or_default();
        telling.say(&target).say(&self.error.map(Value::plain).unwrap_or_default());
        if let Some(arguments) = self.arguments.filter(|arguments| arguments.text() != "[]") {
            telling.say(" ").say(arguments.text());
        }
        let carried = self.arguments.or(self.item).or(self.result);
        telling.body(carried.map(Value::text).unwrap_or_default().as_bytes());
        if kind == "Ping" {
            telling.heartbeat();
        }
        if let Some(id) = self.invocation_id.map(Value::plain) {
            match kind {
                "Invocation" | "StreamInvocation" => telling.asks(id.as_bytes(), &target),
                "StreamItem" => telling.answers(id.as_bytes(), Then::Wait),
                "Completion" => telling.answers(id.as_bytes(), Then::Done),
                _ => telling,
            };
        }
        Ok(())
    }

    fn tell_facts(&self, telling: &mut Telling<'_>) {
        let mut facts = telling.facts();
        for (name, value) in [
            ("target", self.target),
            ("invocationId", self.invocation_id),
            ("arguments", self.arguments),
            ("item", self.item),
            ("result", self.result),
            ("error", self.error),
            ("streamIds", self.stream_ids),
            ("headers", self.headers),
            ("allowReconnect", self.allow_reconnect),
            ("sequenceId", self.sequence_id),
        ] {
            facts.json_if(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Talk;
    use super::*;
    use Side::{Client, Server};

    /// What is said beside the protocol.
    fn signalr(told: &str) -> String {
        told.replace(r#""protocol":"signalr","#, "")
    }

    /// A connection that has shaken hands.
    fn begun(format: &str) -> Talk {
        let mut talk = Talk::unknown();
        let text = format!("{{\"protocol\":\"{format}\",\"version\":1}}\u{1e}");
        assert_eq!(
            talk.text(Client, &text),
            format!(
                r#"{{"protocol":"signalr","type":"handshake","format":"{format}","version":1}}"#
            )
        );
        assert_eq!(talk.summary(), format);
        assert_eq!(signalr(&talk.text(Server, "{}\u{1e}")), r#"{"type":"handshake"}"#);
        talk
    }

    #[test]
    fn the_examples_of_the_specification() {
        let mut talk = begun("json");
        for (from, text, told, said) in [
            (
                Client,
                r#"{"type":1,"invocationId":"123","target":"Send","arguments":[42,"Test"]}"#,
                r#"{"type":"Invocation","target":"Send","invocationId":"123","arguments":[42,"Test"]}"#,
                r#"Send [42,"Test"]"#,
            ),
            (
                Server,
                r#"{"type":3,"invocationId":"123","result":null}"#,
                r#"{"type":"Completion","invocationId":"123","result":null,"reply_to":3,"reply_to_type":"Send","latency":0.001000000}"#,
                "",
            ),
            (
                Client,
                r#"{"type":4,"invocationId":"124","target":"Stream","arguments":[],"streamIds":["1"]}"#,
                r#"{"type":"StreamInvocation","target":"Stream","invocationId":"124","arguments":[],"streamIds":["1"]}"#,
                "Stream",
            ),
            (
                Server,
                r#"{"type":2,"invocationId":"124","item":42}"#,
                r#"{"type":"StreamItem","invocationId":"124","item":42,"reply_to":5,"reply_to_type":"Stream","latency":0.001000000}"#,
                "",
            ),
            (
                Client,
                r#"{"type":5,"invocationId":"124"}"#,
                r#"{"type":"CancelInvocation","invocationId":"124"}"#,
                "",
            ),
            (
                Server,
                r#"{"type":3,"invocationId":"124","error":"It didn't work!"}"#,
                r#"{"type":"Completion","invocationId":"124","error":"It didn't work!","reply_to":5,"reply_to_type":"Stream","latency":0.003000000}"#,
                "It didn't work!",
            ),
            (Server, r#"{"type":6}"#, r#"{"type":"Ping","heartbeat":true}"#, ""),
            (Client, r#"{"type":8,"sequenceId":7}"#, r#"{"type":"Ack","sequenceId":7}"#, ""),
            (
                Server,
                r#"{"type":7,"error":"Bye","allowReconnect":true}"#,
                r#"{"type":"Close","error":"Bye","allowReconnect":true}"#,
                "Bye",
            ),
        ] {
            assert_eq!(signalr(&talk.text(from, &format!("{text}\u{1e}"))), told, "{text}");
            assert_eq!(talk.summary(), said, "{text}");
        }
    }

    /// A record of MessagePack, written in hexadecimal, with its length before it.
    fn packed(hex: &str) -> Vec<u8> {
        let digits: String = hex.split_whitespace().collect();
        let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        let record: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
        [&[u8::try_from(record.len()).unwrap()], record.as_slice()].concat()
    }

    #[test]
    fn the_examples_of_message_pack() {
        let mut talk = begun("messagepack");
        for (from, hex, told, said) in [
            (
                Client,
                "96 01 80 a3 78 79 7a a6 6d 65 74 68 6f 64 91 2a 90",
                r#"{"type":"Invocation","target":"method","invocationId":"xyz","arguments":[42]}"#,
                "method [42]",
            ),
            (
                Client,
                "96 01 80 c0 a6 6d 65 74 68 6f 64 91 2a 90",
                r#"{"type":"Invocation","target":"method","arguments":[42]}"#,
                "method [42]",
            ),
            (
                Server,
                "94 02 80 a3 78 79 7a 2a",
                r#"{"type":"StreamItem","invocationId":"xyz","item":42,"reply_to":3,"reply_to_type":"method","latency":0.002000000}"#,
                "",
            ),
            (
                Server,
                "95 03 80 a3 78 79 7a 01 a5 45 72 72 6f 72",
                r#"{"type":"Completion","invocationId":"xyz","error":"Error","reply_to":3,"reply_to_type":"method","latency":0.003000000}"#,
                "Error",
            ),
            (
                Server,
                "94 03 80 a3 78 79 7a 02",
                r#"{"type":"Completion","invocationId":"xyz"}"#,
                "",
            ),
            (
                Server,
                "95 03 80 a3 78 79 7a 03 2a",
                r#"{"type":"Completion","invocationId":"xyz","result":42}"#,
                "",
            ),
            (
                Client,
                "96 04 81 a1 78 a1 79 a3 78 79 7a a6 6d 65 74 68 6f 64 91 2a 91 a1 31",
                r#"{"type":"StreamInvocation","target":"method","invocationId":"xyz","arguments":[42],"streamIds":["1"],"headers":{"x":"y"}}"#,
                "method [42]",
            ),
            (
                Client,
                "93 05 80 a3 78 79 7a",
                r#"{"type":"CancelInvocation","invocationId":"xyz"}"#,
                "",
            ),
            (Server, "91 06", r#"{"type":"Ping","heartbeat":true}"#, ""),
            (
                Server,
                "93 07 a3 78 79 7a c3",
                r#"{"type":"Close","error":"xyz","allowReconnect":true}"#,
                "xyz",
            ),
            (Server, "92 07 c0", r#"{"type":"Close"}"#, ""),
            (Server, "92 08 cd 02 9a", r#"{"type":"Ack","sequenceId":666}"#, ""),
            (Server, "92 09 01", r#"{"type":"Sequence","sequenceId":1}"#, ""),
        ] {
            assert_eq!(signalr(&talk.binary(from, &packed(hex))), told, "{hex}");
            assert_eq!(talk.summary(), said, "{hex}");
        }
    }

    #[test]
    fn lengths_of_records() {
        let mut talk = begun("messagepack");
        let two = [packed("91 06"), packed("92 08 01")].concat();
        let both = r#"{"type":"Ping","parts":[{"type":"Ping","heartbeat":true},{"type":"Ack","sequenceId":1}]}"#;
        let first = r#"{"type":"Ping","heartbeat":true,"malformed":"The last record has no end."}"#;
        let none = r#"{"malformed":"The last record has no end."}"#;
        for end in 1..=two.len() {
            let expected = match end {
                3 => r#"{"type":"Ping","heartbeat":true}"#,
                _ if end == two.len() => both,
                ..3 => none,
                _ => first,
            };
            assert_eq!(signalr(&talk.binary(Server, &two[..end])), expected, "{end}");
        }
        // 0x80 0x01 is 128; lengths have no more than five bytes.
        let long = [&[0x80, 0x01, 0x92, 0x08, 0xd9, 124][..], &[b'x'; 124]].concat();
        assert!(talk.binary(Server, &long).contains("xxx"));
        assert_eq!(
            signalr(&talk.binary(Server, &[0x82, 0x80, 0x80, 0x80, 0x00, 0x91, 6])),
            r#"{"type":"Ping","heartbeat":true}"#
        );
        assert_eq!(
            signalr(&talk.binary(Server, &[0x82, 0x80, 0x80, 0x80, 0x80, 0x00, 0x91, 6])),
            none
        );
        assert_eq!(signalr(&talk.binary(Server, &[0xff; 10])), none);
    }

    #[test]
    fn what_is_no_record_of_message_pack() {
        let mut talk = begun("messagepack");
        for (hex, why) in [
            ("80", "A record is not an array."),
            ("90", "A record has no type."),
            ("91 0a", "A record has the unknown type 10."),
            ("91", "It ends within a value that began at byte 1."),
            ("", "It ends within a value that began at byte 0."),
        ] {
            let expected = format!(r#"{{"malformed":"{why}"}}"#);
            assert_eq!(signalr(&talk.binary(Client, &packed(hex))), expected, "{hex}");
        }
    }

    #[test]
    fn several_records_in_a_message() {
        let mut talk = begun("json");
        assert_eq!(
            signalr(&talk.text(
                Server,
                "{\"type\":6}\u{1e}{\"type\":1,\"target\":\"a\",\"arguments\":[]}\u{1e}"
            )),
            r#"{"type":"Ping","parts":[{"type":"Ping","heartbeat":true},{"type":"Invocation","target":"a","arguments":[]}]}"#
        );
        assert_eq!(talk.summary(), " | a");
    }

    #[test]
    fn a_handshake_that_is_refused() {
        let mut talk = Talk::unknown();
        // A record of the client may follow at once.
        assert_eq!(
            signalr(
                &talk.text(Client, "{\"protocol\":\"json\",\"version\":9}\u{1e}{\"type\":6}\u{1e}")
            ),
            r#"{"type":"handshake","parts":[{"type":"handshake","format":"json","version":9},{"type":"Ping","heartbeat":true}]}"#
        );
        assert_eq!(
            signalr(&talk.text(Server, "{\"error\":\"No such version.\"}\u{1e}")),
            r#"{"type":"handshake","error":"No such version."}"#
        );
        assert_eq!(talk.summary(), "No such version.");
    }

    #[test]
    fn handshakes_and_records_show_it() {
        for (from, text, shows) in [
            (Client, "{\"protocol\":\"json\",\"version\":1}\u{1e}", true),
            (Server, "{\"protocol\":\"json\",\"version\":1}\u{1e}", false),
            (Client, "{\"protocol\":\"json\",\"version\":1}", false),
            (Client, "{\"protocol\":\"json\"}\u{1e}", false),
            (Server, "{\"type\":6}\u{1e}", true),
            (Server, "{\"type\":10}\u{1e}", false),
            (Server, "{\"type\":0}\u{1e}", false),
            (Server, "{\"type\":\"6\"}\u{1e}", false),
            (Server, "{\"type\":6}\u{1e}{", false),
            (Server, "{}\u{1e}", false),
            (Server, "\u{1e}{\"type\":6}", false),
        ] {
            let told = Talk::unknown().text(from, text);
            assert_eq!(told.contains(r#""protocol":"signalr""#), shows, "{text}");
            assert_eq!(told.is_empty(), !shows, "{text}");
        }
    }

    #[test]
    fn what_is_no_record() {
        let mut talk = begun("json");
        for (text, why) in [
            ("{\"type\":6", "The last record has no end."),
            ("{\u{1e}", "A record is not JSON."),
            ("\u{1e}", "A record is not JSON."),
            ("[]\u{1e}", "A record is not an object."),
            ("{}\u{1e}", "A record has no type."),
            ("{\"type\":10}\u{1e}", "A record has the unknown type 10."),
            ("{\"type\":0}\u{1e}", "A record has the unknown type 0."),
        ] {
            let expected = format!(r#"{{"malformed":"{why}"}}"#);
            assert_eq!(signalr(&talk.text(Client, text)), expected, "{text}");
        }
        assert_eq!(
            signalr(&talk.text(Client, "x\u{1e}{\"type\":6}\u{1e}y")),
            r#"{"type":"Ping","heartbeat":true,"malformed":"A record is not JSON."}"#
        );
    }
}

//! SignalR for ASP.NET Core (dotnet/aspnetcore, HubProtocol.md).

use super::data::Data;
use super::requests::Then;
use super::sides::Sides;
use super::story::Telling;
use super::value::Value;
use super::{Decoder, Malformed};
use crate::payload::classify;
use crate::types::{Body, Side};

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
    let Some((first, _)) = split_record(data.payload) else {
        return false;
    };
    let ends = data.payload.last() == Some(&SEPARATOR);
    let members = as_json(first).and_then(|json| json.members(["protocol", "version", "type"]));
    let [protocol, version, kind] = members.unwrap_or_default();
    let is_handshake = data.from == Side::Client
        && protocol.is_some_and(Value::is_string)
        && version.is_some_and(|version| version.number().is_some());
    ends && (is_handshake || kind.and_then(Value::number).and_then(kind_of).is_some())
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
            true => Err(Malformed::new("MessagePack is not read.")),
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
    let json = as_json(record)?;
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

fn as_json(bytes: &[u8]) -> Option<Value<'_>> {
    match classify(bytes, true) {
        Body::Json(json) => Some(Value::new(json.text())),
        Body::Text(_) | Body::Binary(_) => None,
    }
}

fn kind_of(number: u64) -> Option<&'static str> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    KINDS.get(index).copied()
}

impl<'a> Record<'a> {
    fn from_json(record: &'a [u8]) -> Result<Self, Malformed> {
        let json = as_json(record).ok_or_else(|| Malformed::new("A record is not JSON."))?;
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

    fn tell(&self, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        let Some(kind) = kind_of(self.number) else {
            return Err(Malformed(format!("A record has the unknown type {}.", self.number)));
        };
        telling.packet(kind);
        self.tell_facts(telling);
        let target = self.target.map(Value::plain).unwrap_or_default();
        telling.say(&target).say(&self.error.map(Value::plain).unwrap_or_default());
        telling.body_if(self.arguments.or(self.item).or(self.result));
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
    use crate::types::AppProtocol;
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
                "Send",
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

//! Socket.IO, revisions 4 and 5 of its protocol (socketio/socket.io-protocol), as
//! messages of Engine.IO carry it.

use super::Malformed;
use super::data::Data;
use super::requests::Then;
use super::sides::Sides;
use super::socket_io_msgpack::{self, Packet};
use super::story::Telling;
use super::value::Value;
use crate::payload::literal::write_base64;
use crate::types::Side;

/// Attachments of more than this are not joined with their event.
const MOST_ATTACHMENTS: usize = 1024;

/// Bytes of an event and its attachments that are kept until the last is there;
/// with more they are not joined.
const MOST_BYTES: usize = 16 << 20;

/// No longer object is taken for the placeholder of an attachment.
const LONGEST_PLACEHOLDER: usize = 64;

/// Packets, some of which come in several messages.
pub(super) struct SocketIo {
    /// Revision 4, which goes with revision 3 of Engine.IO.
    is_4: bool,
    waiting: Sides<Waiting>,
}

/// What a side's next binary message belongs to.
#[derive(Default)]
enum Waiting {
    #[default]
    Nothing,
    /// It may be anything, as something is missing.
    Lost,
    Event(Box<Event>),
}

/// An event or acknowledgement that waits for its attachments.
struct Event {
    key: Option<String>,
    namespace: String,
    name: Option<String>,
    id: Option<u64>,
    /// Its arguments, with placeholders.
    arguments: String,
    /// How many attachments it has.
    count: usize,
    /// Those that are there, one after the other.
    bytes: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
    /// How many have come, kept or not.
    arrived: usize,
    is_given_up: bool,
}

/// What a packet is ("Packet types").
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Connect,
    Disconnect,
    Event,
    Ack,
    ConnectError,
    BinaryEvent,
    BinaryAck,
}

/// A packet without its data ("Packet encoding").
struct Head<'a> {
    kind: Kind,
    attachments: usize,
    namespace: &'a str,
    query: Option<&'a str>,
    id: Option<u64>,
}

/// Whether a text message of Engine.IO is a packet of this protocol, which nothing
/// else has said so far: it opens a namespace, or has an event with its name. With
/// `begins` it is the one in which a connection must open one.
pub(super) fn is_shown_by(text: &str, begins: bool) -> bool {
    let Ok((head, rest)) = Head::split(text) else {
        return false;
    };
    let data = Value::of_bytes(rest.as_bytes());
    match head.kind {
        Kind::Connect if rest.is_empty() => begins || head.namespace != "/",
        Kind::Connect => data.is_some_and(Value::is_object),
        Kind::Event => {
            let name = data.and_then(Value::elements::<1>).and_then(|([name], _)| name);
            name.is_some_and(Value::is_string)
        }
        _ => false,
    }
}

/// Whether a message shows alone, of a connection of which nothing else is known, that
/// it is a packet of this protocol in a message of Engine.IO: an event with its name,
/// or the acknowledgement of one.
pub(super) fn is_shown_alone_by(data: &Data<'_>) -> bool {
    let text = data.text().filter(|_| data.is_text);
    let packet = text.and_then(|text| text.strip_prefix('4'));
    let Some((head, rest)) = packet.and_then(|packet| Head::split(packet).ok()) else {
        return false;
    };
    let Some(([first], _)) = Value::of_bytes(rest.as_bytes()).and_then(Value::elements::<1>) else {
        return false;
    };
    match head.kind {
        Kind::Event => first.is_some_and(Value::is_string),
        Kind::BinaryEvent => head.attachments > 0 && first.is_some_and(Value::is_string),
        Kind::Ack => head.id.is_some(),
        Kind::BinaryAck => head.attachments > 0 && head.id.is_some(),
        Kind::Connect | Kind::Disconnect | Kind::ConnectError => false,
    }
}

/// Whether a binary message of Engine.IO is a packet of this protocol.
pub(super) fn is_shown_by_binary(bytes: &[u8]) -> bool {
    let json = socket_io_msgpack::to_json(bytes);
    let packet = json.as_deref().and_then(Packet::of);
    packet.is_some_and(|packet| Kind::of(packet.kind).is_some())
}

impl SocketIo {
    pub(super) fn new(is_4: bool) -> Self {
        Self { is_4, waiting: Sides::default() }
    }

    /// Reads a packet, or the first part of one that has attachments.
    pub(super) fn text(
        &mut self,
        text: &str,
        from: Side,
        telling: &mut Telling<'_>,
    ) -> Result<(), Malformed> {
        let waiting = std::mem::take(self.waiting.of(from));
        let result = self.packet(text, from, telling);
        match waiting {
            Waiting::Event(_) if result.is_ok() => {
                Err(Malformed::new("Attachments of the packet before are not there."))
            }
            _ => result,
        }
    }

    fn packet(
        &mut self,
        text: &str,
        from: Side,
        telling: &mut Telling<'_>,
    ) -> Result<(), Malformed> {
        let (head, rest) = Head::split(text)?;
        self.tell_head(&head, telling);
        let data = Value::of_bytes(rest.as_bytes());
        if data.is_none() && !rest.is_empty() {
            return Err(Malformed::new("Its data is not JSON."));
        }
        self.tell_data(&head, data, from, telling)
    }

    fn tell_head(&self, head: &Head<'_>, telling: &mut Telling<'_>) {
        telling.packet(head.kind.name(self.is_4));
        tell_namespace(head.namespace, telling);
        if let Some(query) = head.query {
            telling.facts().text("query", query);
        }
    }

    fn tell_data(
        &mut self,
        head: &Head<'_>,
        data: Option<Value<'_>>,
        from: Side,
        telling: &mut Telling<'_>,
    ) -> Result<(), Malformed> {
        match head.kind {
            Kind::Connect | Kind::Disconnect | Kind::ConnectError => {
                about_namespace(data, telling);
                Ok(())
            }
            Kind::Event | Kind::Ack | Kind::BinaryEvent | Kind::BinaryAck => {
                let event = Event::new(head, data)?;
                event.tell(head.kind, telling);
                self.wait(event, from)
            }
        }
    }

    /// An event with attachments is kept until they are there.
    fn wait(&mut self, mut event: Event, from: Side) -> Result<(), Malformed> {
        if event.count == 0 {
            return Ok(());
        }
        let result = event.bound();
        *self.waiting.of(from) = Waiting::Event(Box::new(event));
        result
    }

    /// Reads an attachment, if an event waits for one, and else a packet of the parser
    /// that has all of it in MessagePack.
    pub(super) fn binary(
        &mut self,
        bytes: &[u8],
        from: Side,
        telling: &mut Telling<'_>,
    ) -> Result<(), Malformed> {
        if !matches!(self.waiting.of(from), Waiting::Event(_)) {
            let json = socket_io_msgpack::to_json(bytes);
            let packet = json.as_deref().and_then(Packet::of);
            if let Some((head, data)) = packet.as_ref().and_then(Head::of) {
                self.tell_head(&head, telling);
                return self.tell_data(&head, data, from, telling);
            }
        }
        self.attachment(bytes, from, telling)
    }

    /// Reads an attachment; the last completes its event.
    fn attachment(
        &mut self,
        bytes: &[u8],
        from: Side,
        telling: &mut Telling<'_>,
    ) -> Result<(), Malformed> {
        let waiting = self.waiting.of(from);
        let event = match waiting {
            Waiting::Nothing => {
                let why = "It belongs to no event, and is no packet in MessagePack.";
                return Err(Malformed::new(why));
            }
            Waiting::Lost => {
                telling.packet("attachment");
                return Ok(());
            }
            Waiting::Event(event) => event,
        };
        telling.packet("attachment");
        event.say_progress(telling);
        event.arrived += 1;
        if event.arrived < event.count {
            telling.facts().number("num", event.arrived - 1);
            return event.keep(bytes);
        }
        event.complete(bytes, telling);
        *waiting = Waiting::Nothing;
        Ok(())
    }

    /// Something that this side sent is not there.
    pub(super) fn gap(&mut self, side: Side) {
        *self.waiting.of(side) = Waiting::Lost;
    }

    /// Bytes that it keeps on the heap.
    pub(super) fn cost(&self) -> usize {
        self.waiting.both().map(Waiting::cost).iter().sum()
    }
}

impl Waiting {
    fn cost(&self) -> usize {
        match self {
            Self::Nothing | Self::Lost => 0,
            Self::Event(event) => size_of::<Event>() + event.cost(),
        }
    }
}

/// All have the namespace `/`.
fn tell_namespace(namespace: &str, telling: &mut Telling<'_>) {
    if namespace != "/" {
        telling.channel(namespace);
    }
    telling.facts().text("namespace", namespace);
}

/// CONNECT, DISCONNECT and CONNECT_ERROR.
fn about_namespace(data: Option<Value<'_>>, telling: &mut Telling<'_>) {
    let [sid, message] = data.and_then(|data| data.members(["sid", "message"])).unwrap_or_default();
    telling.facts().json_if("sid", sid).json_if("data", data);
    if let Some(message) = message.or(data.filter(|data| data.is_string())) {
        telling.say(&message.plain());
    }
    telling.body(data.map(Value::text).unwrap_or_default().as_bytes());
}

impl Event {
    fn new(head: &Head<'_>, data: Option<Value<'_>>) -> Result<Self, Malformed> {
        let is_event = matches!(head.kind, Kind::Event | Kind::BinaryEvent);
        let (mut name, mut arguments) = (None, String::from("["));
        data.and_then(|data| {
            data.each_element(|element| {
                if is_event && name.is_none() {
                    name = Some(element.plain().into_owned());
                    return;
                }
                if arguments.len() > 1 {
                    arguments.push(',');
                }
                arguments.push_str(element.text());
            })
        })
        .ok_or_else(|| Malformed::new("Its data is not an array."))?;
        arguments.push(']');
        if is_event && name.is_none() {
            return Err(Malformed::new("It has no event name."));
        }
        Ok(Self {
            key: head.id.map(|id| format!("{id},{}", head.namespace)),
            namespace: head.namespace.to_owned(),
            name,
            id: head.id,
            arguments,
            count: head.attachments,
            bytes: Vec::new(),
            ends: Vec::new(),
            arrived: 0,
            is_given_up: false,
        })
    }

    /// Tells of it, with its arguments if they are complete.
    fn tell(&self, kind: Kind, telling: &mut Telling<'_>) {
        self.tell_name(telling);
        if self.count == 0 {
            telling.facts().json("data", Value::new(&self.arguments));
        }
        if matches!(kind, Kind::BinaryEvent | Kind::BinaryAck) {
            telling.facts().number("attachments", self.count);
        }
        if let Some(name) = &self.name {
            let arguments =
                self.arguments.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            let arguments = arguments.filter(|arguments| !arguments.is_empty());
            telling.say(name).say(if arguments.is_some() { " " } else { "" });
            telling.say(arguments.unwrap_or_default());
        }
        telling.body(self.arguments.as_bytes());
        if let Some(key) = &self.key {
            match &self.name {
                Some(name) => telling.asks(key.as_bytes(), name),
                None => telling.answers(key.as_bytes(), self.then()),
            };
        }
    }

    fn tell_name(&self, telling: &mut Telling<'_>) {
        let mut facts = telling.facts();
        if let Some(name) = &self.name {
            facts.text("event", name);
        }
        if let Some(id) = self.id {
            facts.number("id", id);
        }
    }

    /// Whether the last attachment will answer too.
    fn then(&self) -> Then {
        if self.count > 0 { Then::Wait } else { Then::Done }
    }

    fn say_progress(&self, telling: &mut Telling<'_>) {
        if let Some(name) = &self.name {
            telling.say(name).say(" ");
        }
        telling.say(&format!("{} of {}", self.arrived + 1, self.count));
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        if self.is_given_up {
            return Ok(());
        }
        self.bytes.extend_from_slice(bytes);
        self.ends.push(self.bytes.len());
        self.bound()
    }

    /// Gives up what is too much to wait for.
    fn bound(&mut self) -> Result<(), Malformed> {
        let why = if self.count > MOST_ATTACHMENTS {
            format!("It has more than {MOST_ATTACHMENTS} attachments; they are not joined.")
        } else if self.length() > MOST_BYTES {
            format!(
                "It has more than {MOST_BYTES} bytes before the last attachment; they are not joined."
            )
        } else {
            return Ok(());
        };
        self.is_given_up = true;
        self.arguments = String::new();
        self.bytes = Vec::new();
        self.ends = Vec::new();
        Err(Malformed(why))
    }

    /// Tells all of it, now that the last attachment is there.
    fn complete(&self, last: &[u8], telling: &mut Telling<'_>) {
        tell_namespace(&self.namespace, telling);
        self.tell_name(telling);
        if !self.is_given_up {
            let joined = self.joined(last);
            if let Ok(joined) = str::from_utf8(&joined) {
                telling.facts().json("data", Value::new(joined));
                telling.body(joined.as_bytes());
            }
        }
        telling.facts().number("num", self.arrived - 1);
        if let (Some(key), None) = (&self.key, &self.name) {
            telling.answers(key.as_bytes(), Then::Done);
        }
    }

    /// Its arguments with the attachments in them, each where it is asked for first.
    fn joined(&self, last: &[u8]) -> Vec<u8> {
        let mut starts = 0;
        let kept = self.ends.iter().map(|end| {
            let attachment = self.bytes.get(starts..*end);
            starts = *end;
            attachment
        });
        let mut attachments: Vec<Option<&[u8]>> = kept.chain([Some(last)]).collect();
        let (mut out, mut rest) = (Vec::new(), self.arguments.as_str());
        while let Some(start) = next_object(rest) {
            let (before, from_here) = rest.split_at(start);
            out.extend_from_slice(before.as_bytes());
            let placeholder = placeholder(from_here)
                .and_then(|(number, length)| Some((attachments.get_mut(number)?.take()?, length)));
            let taken = match placeholder {
                Some((attachment, length)) => {
                    out.extend_from_slice(br#"{"base64":"#);
                    write_base64(&mut out, attachment);
                    out.push(b'}');
                    length
                }
                None => {
                    out.push(b'{');
                    1
                }
            };
            rest = from_here.get(taken..).unwrap_or_default();
        }
        out.extend_from_slice(rest.as_bytes());
        out
    }

    /// Bytes that wait for the last attachment.
    fn length(&self) -> usize {
        self.texts().map(String::len).sum::<usize>() + self.bytes.len()
    }

    /// Bytes of memory that they take, which is up to twice as much.
    fn cost(&self) -> usize {
        let ends = size_of::<usize>() * self.ends.capacity();
        self.texts().map(String::capacity).sum::<usize>() + self.bytes.capacity() + ends
    }

    fn texts(&self) -> impl Iterator<Item = &String> {
        [&self.namespace, &self.arguments].into_iter().chain(&self.name).chain(&self.key)
    }
}

/// Where the next object begins in valid JSON, or what is left of it after one
/// began.
fn next_object(json: &str) -> Option<usize> {
    let bytes = json.as_bytes();
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'{', b'"', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'{') {
            return Some(at);
        }
        at += 1;
        // To the end of the string.
        loop {
            at += memchr::memchr2(b'\\', b'"', bytes.get(at..)?)?;
            let is_end = bytes.get(at) == Some(&b'"');
            at += if is_end { 1 } else { 2 };
            if is_end {
                break;
            }
        }
    }
}

/// The attachment that an object stands for, and the object's length, if it does.
fn placeholder(json: &str) -> Option<(usize, usize)> {
    let near = json.as_bytes().get(..LONGEST_PLACEHOLDER).unwrap_or(json.as_bytes());
    let length = memchr::memchr(b'}', near)? + 1;
    let [is_one, number] = Value::new(json.get(..length)?).members(["_placeholder", "num"])?;
    is_one?.boolean().filter(|is_one| *is_one)?;
    Some((usize::try_from(number?.number()?).ok()?, length))
}

impl Kind {
    fn of(number: u64) -> Option<Self> {
        Some(match number {
            0 => Self::Connect,
            1 => Self::Disconnect,
            2 => Self::Event,
            3 => Self::Ack,
            4 => Self::ConnectError,
            5 => Self::BinaryEvent,
            6 => Self::BinaryAck,
            _ => return None,
        })
    }

    fn name(self, is_4: bool) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Disconnect => "DISCONNECT",
            Self::Event => "EVENT",
            Self::Ack => "ACK",
            Self::ConnectError if is_4 => "ERROR",
            Self::ConnectError => "CONNECT_ERROR",
            Self::BinaryEvent => "BINARY_EVENT",
            Self::BinaryAck => "BINARY_ACK",
        }
    }
}

impl<'a> Head<'a> {
    /// What stands before the data, and the data.
    fn split(text: &'a str) -> Result<(Self, &'a str), Malformed> {
        let digit = text.chars().next().and_then(|digit| digit.to_digit(10));
        let kind = digit.and_then(|digit| Kind::of(digit.into()));
        let kind =
            kind.ok_or_else(|| Malformed::new("It begins with no packet type of Socket.IO."))?;
        let rest = text.get(1..).unwrap_or_default();
        let (attachments, rest) = match kind {
            Kind::BinaryEvent | Kind::BinaryAck => split_attachments(rest)?,
            _ => (0, rest),
        };
        let (address, rest) = match rest.starts_with('/') {
            true => rest.split_once(',').unwrap_or((rest, "")),
            false => ("/", rest),
        };
        let (namespace, query) = split_query(address);
        let (id, rest) = split_id(rest)?;
        Ok((Self { kind, attachments, namespace, query, id }, rest))
    }

    /// What is told of a packet in MessagePack, after which no attachments come, and
    /// its data.
    fn of(packet: &'a Packet<'a>) -> Option<(Self, Option<Value<'a>>)> {
        let kind = Kind::of(packet.kind)?;
        let (namespace, query) = split_query(&packet.namespace);
        Some((Self { kind, attachments: 0, namespace, query, id: packet.id }, packet.data))
    }
}

/// Revision 4 may have a query behind the namespace.
fn split_query(address: &str) -> (&str, Option<&str>) {
    match address.split_once('?') {
        Some((namespace, query)) => (namespace, Some(query)),
        None => (address, None),
    }
}

fn split_attachments(text: &str) -> Result<(usize, &str), Malformed> {
    let (digits, rest) = split_digits(text);
    let count = digits.parse().ok().zip(rest.strip_prefix('-'));
    count.ok_or_else(|| Malformed::new("It does not tell the number of its attachments."))
}

fn split_id(text: &str) -> Result<(Option<u64>, &str), Malformed> {
    let (digits, rest) = split_digits(text);
    if digits.is_empty() {
        return Ok((None, rest));
    }
    let id = digits.parse();
    Ok((Some(id.map_err(|_| Malformed::new("Its acknowledgement id is too large."))?), rest))
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::super::carried::Dialect;
    use super::super::tests::Talk;
    use super::*;
    use crate::types::AppProtocol;
    use Side::{Client, Server};

    fn talk() -> Talk {
        Talk::new(AppProtocol::SocketIo)
    }

    /// What is said beside the protocol.
    fn socket(told: &str) -> String {
        told.replace(r#""protocol":"socket.io","#, "")
    }

    #[test]
    fn the_examples_of_the_specification() {
        let mut talk = talk();
        for (from, text, told, said) in [
            (Client, "40", r#"{"type":"CONNECT","namespace":"/"}"#, ""),
            (
                Server,
                r#"40{"sid":"oSO0OpakMV_3jnilAAAA"}"#,
                r#"{"type":"CONNECT","namespace":"/","sid":"oSO0OpakMV_3jnilAAAA","data":{"sid":"oSO0OpakMV_3jnilAAAA"}}"#,
                "",
            ),
            (
                Server,
                r#"44{"message":"Not authorized"}"#,
                r#"{"type":"CONNECT_ERROR","namespace":"/","data":{"message":"Not authorized"}}"#,
                "Not authorized",
            ),
            (
                Client,
                r#"42["foo"]"#,
                r#"{"type":"EVENT","namespace":"/","event":"foo","data":[]}"#,
                "foo",
            ),
            (
                Server,
                r#"42/admin,["bar", 1.50 , {"a":[]}]"#,
                r#"{"type":"EVENT","namespace":"/admin","event":"bar","data":[1.50,{"a":[]}]}"#,
                r#"bar 1.50,{"a":[]}"#,
            ),
            (Client, "41/admin,", r#"{"type":"DISCONNECT","namespace":"/admin"}"#, ""),
            (
                Client,
                r#"40/admin,{"token":"123"}"#,
                r#"{"type":"CONNECT","namespace":"/admin","data":{"token":"123"}}"#,
                "",
            ),
            (Server, "2", r#"{"type":"ping","heartbeat":true}"#, ""),
        ] {
            assert_eq!(socket(&talk.text(from, text)), told, "{text}");
            assert_eq!(talk.summary(), said, "{text}");
            let channel = if told.contains("/admin") { "/admin" } else { "" };
            assert_eq!(talk.channel(), channel, "{text}");
        }
    }

    #[test]
    fn packets_that_show_themselves() {
        for text in [
            r#"42["news",{"a":1}]"#,
            r#"42/admin,7["project:delete",123]"#,
            r#"451-["a",{"_placeholder":true,"num":0}]"#,
            r#"461-/admin,7[{"_placeholder":true,"num":0}]"#,
            "430[]",
            r#"43/admin,12["ok"]"#,
        ] {
            assert!(Talk::unknown().text(Server, text).contains(r#""socket.io""#), "{text}");
        }
        for other in [
            "4",
            "40",
            "42",
            "42[]",
            "42[1]",
            "42[\"a\"",
            "42[\"a\"] b",
            "42 is the answer",
            "42{\"a\":1}",
            "43[]",
            "43",
            "450-[\"a\"]",
            "451-[1]",
            "45[\"a\"]",
            "46-[\"a\"]",
            "461-[\"a\"]",
            "2[\"a\"]",
            "72[\"a\"]",
            "[\"a\"]",
        ] {
            assert_eq!(Talk::unknown().text(Server, other), "", "{other}");
        }
        let binary = Talk::unknown().binary(Server, b"42[\"a\"]");
        assert_eq!(binary, "");
    }

    #[test]
    fn an_acknowledgement_answers_its_event() {
        let mut talk = talk();
        assert_eq!(
            socket(&talk.text(Client, r#"42/admin,12["project:delete",123]"#)),
            r#"{"type":"EVENT","namespace":"/admin","event":"project:delete","id":12,"data":[123]}"#
        );
        // Ids are counted in each namespace and by each side.
        for (side, text) in [(Server, "4312[]"), (Client, "43/admin,12[]")] {
            assert!(!talk.text(side, text).contains("reply_to"), "{text}");
        }
        talk.gap(Client);
        assert_eq!(
            socket(&talk.text(Server, "43/admin,12[\"ok\"]")),
            r#"{"type":"ACK","namespace":"/admin","id":12,"data":["ok"],"reply_to":1,"reply_to_type":"project:delete","latency":0.003000000}"#
        );
        assert_eq!(talk.body(), Some("[\"ok\"]"));
        assert!(!talk.text(Server, "43/admin,12[]").contains("reply_to"));
    }

    #[test]
    fn attachments_are_put_where_they_belong() {
        let mut talk = talk();
        let text = r#"452-7["baz",{"_placeholder":true,"num":1},"{\"_placeholder\":true,\"num\":0}",{"x":{ "num": 0, "_placeholder": true }}]"#;
        assert_eq!(
            socket(&talk.text(Client, text)),
            r#"{"type":"BINARY_EVENT","namespace":"/","event":"baz","id":7,"attachments":2}"#
        );
        talk.text(Server, "2");
        assert_eq!(socket(&talk.binary(Client, &[1, 2])), r#"{"type":"attachment","num":0}"#);
        assert_eq!(talk.summary(), "baz 1 of 2");
        talk.text(Client, "3");
        let data =
            r#"[{"base64":"Aw=="},"{\"_placeholder\":true,\"num\":0}",{"x":{"base64":"AQI="}}]"#;
        assert_eq!(
            socket(&talk.binary(Client, &[3])),
            format!(
                r#"{{"type":"attachment","namespace":"/","event":"baz","id":7,"data":{data},"num":1}}"#
            )
        );
        assert_eq!(talk.body(), Some(data));
        let told = socket(&talk.text(Server, r#"461-7[{"_placeholder":true,"num":0}]"#));
        assert!(told.contains(r#""attachments":1,"reply_to":1,"reply_to_type":"baz""#), "{told}");
        assert_eq!(
            socket(&talk.binary(Server, b"")),
            r#"{"type":"attachment","namespace":"/","id":7,"data":[{"base64":""}],"num":0,"reply_to":1,"reply_to_type":"baz","latency":0.006000000}"#
        );
        assert_eq!(
            socket(&talk.text(Server, r#"450-["a"]"#)),
            r#"{"type":"BINARY_EVENT","namespace":"/","event":"a","data":[],"attachments":0}"#
        );
    }

    #[test]
    fn what_only_looks_like_a_placeholder_stays() {
        let mut talk = talk();
        let stays = r#"{"_placeholder":false,"num":0},{"_placeholder":true,"num":1},{"_placeholder":true},{"_placeholder":true,"num":-1},"a\\\"{","#;
        let text = format!(
            r#"451-["a",{stays}{{"_placeholder":true,"num":0}},{{"_placeholder":true,"num":0}}]"#
        );
        talk.text(Client, &text);
        let told = talk.binary(Client, b"\0");
        let data = format!(r#"[{stays}{{"base64":"AA=="}},{{"_placeholder":true,"num":0}}]"#);
        assert_eq!(talk.body(), Some(data.as_str()), "{told}");
    }

    #[test]
    fn attachments_that_miss_their_event() {
        let mut talk = talk();
        assert_eq!(
            socket(&talk.binary(Client, b"\0")),
            r#"{"malformed":"It belongs to no event, and is no packet in MessagePack."}"#
        );
        let event = r#"451-["a",{"_placeholder":true,"num":0}]"#;
        talk.text(Client, event);
        talk.gap(Client);
        assert_eq!(socket(&talk.binary(Client, b"\0")), r#"{"type":"attachment"}"#);
        // The other side's are its own.
        talk.text(Client, event);
        talk.gap(Server);
        assert!(talk.binary(Client, b"\0").contains("data"));
        talk.text(Client, event);
        assert_eq!(
            socket(&talk.text(Client, "42[\"b\"]")),
            r#"{"type":"EVENT","namespace":"/","event":"b","data":[],"malformed":"Attachments of the packet before are not there."}"#
        );
    }

    #[test]
    fn attachments_that_are_waited_for_are_bounded() {
        let mut talk = talk();
        assert!(talk.text(Client, r#"451025-["a"]"#).contains("more than 1024 attachments"));
        assert_eq!(socket(&talk.binary(Client, b"\0")), r#"{"type":"attachment","num":0}"#);
        talk.text(Client, r#"455-["a"]"#);
        let half = vec![0; MOST_BYTES / 2];
        assert!(!talk.binary(Client, &half).contains("malformed"));
        assert!(talk.cost() > MOST_BYTES / 2);
        let cost = talk.cost();
        assert!(!talk.binary(Client, b"x").contains("malformed"));
        assert!(talk.cost() >= 2 * (MOST_BYTES / 2), "{} after {cost}", talk.cost());
        let told = talk.binary(Client, &half);
        assert!(told.contains("It has more than 16777216 bytes before the last"), "{told}");
        assert!(talk.cost() < 10_000);
        assert!(!talk.binary(Client, &half).contains("malformed"));
        assert_eq!(
            socket(&talk.binary(Client, &half)),
            r#"{"type":"attachment","namespace":"/","event":"a","num":4}"#
        );
    }

    #[test]
    fn revision_4() {
        let mut talk = Talk::in_dialect(AppProtocol::SocketIo, Dialect::EngineIo3);
        assert_eq!(
            socket(&talk.text(Client, "40/admin?token=1234&uid=a,")),
            r#"{"type":"CONNECT","namespace":"/admin","query":"token=1234&uid=a"}"#
        );
        assert_eq!(
            socket(&talk.text(Server, r#"44/admin,"Invalid namespace""#)),
            r#"{"type":"ERROR","namespace":"/admin","data":"Invalid namespace"}"#
        );
        assert_eq!(talk.summary(), "Invalid namespace");
        talk.text(Client, r#"451-["a",{"_placeholder":true,"num":0}]"#);
        assert!(talk.binary(Client, &[4, 1]).contains(r#""data":[{"base64":"AQ=="}]"#));
    }

    #[test]
    fn what_is_no_packet() {
        let mut talk = talk();
        for (text, told) in [
            ("4", r#"{"malformed":"It begins with no packet type of Socket.IO."}"#),
            ("47", r#"{"malformed":"It begins with no packet type of Socket.IO."}"#),
            ("45[]", r#"{"malformed":"It does not tell the number of its attachments."}"#),
            ("451[]", r#"{"malformed":"It does not tell the number of its attachments."}"#),
            (
                "4299999999999999999999[\"a\"]",
                r#"{"malformed":"Its acknowledgement id is too large."}"#,
            ),
            ("42[\"a\"", r#"{"type":"EVENT","namespace":"/","malformed":"Its data is not JSON."}"#),
            (
                "42/é,{}",
                r#"{"type":"EVENT","namespace":"/é","malformed":"Its data is not an array."}"#,
            ),
            ("42", r#"{"type":"EVENT","namespace":"/","malformed":"Its data is not an array."}"#),
            ("42[]", r#"{"type":"EVENT","namespace":"/","malformed":"It has no event name."}"#),
        ] {
            assert_eq!(socket(&talk.text(Client, text)), told, "{text}");
        }
    }
}

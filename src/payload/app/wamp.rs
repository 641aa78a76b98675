//! WAMP, the Web Application Messaging Protocol, version 2 (the specification at
//! wamp-proto.org).

use std::borrow::Cow;

use super::carried::Dialect;
use super::data::Data;
use super::requests::Then;
use super::story::Telling;
use super::value::Value;
use super::{Decoder, Malformed};
use crate::payload::formats::{FormatError, cbor, msgpack};
use crate::types::Side;

/// Messages in JSON, MessagePack or CBOR, alone or batched. Which of them it is shows
/// in each WebSocket message.
pub(super) struct Wamp {
    /// Its serialization is one that is read here.
    is_read: bool,
    /// Who has said GOODBYE and not yet been answered.
    leaving: Option<Side>,
}

/// Elements of the longest message, ERROR.
const MOST_ELEMENTS: usize = 7;

/// What ends each message of a batch in JSON: the record separator, as the
/// specification has it, or what Autobahn sends. Neither can stand in JSON.
const SEPARATORS: [char; 2] = ['\u{1e}', '\u{18}'];

/// A message: its code, its name, and what its elements are behind the code. Those
/// named in `FACTS` are told.
type Form = (u64, &'static str, &'static [&'static str]);

/// "Message Definitions" and "Message Codes and Direction".
const FORMS: &[Form] = &[
    (HELLO, "HELLO", &["realm", "details"]),
    (WELCOME, "WELCOME", &["session", "details"]),
    (ABORT, "ABORT", &["details", "reason", "arguments", "arguments_kw"]),
    (4, "CHALLENGE", &["authmethod", "extra"]),
    (5, "AUTHENTICATE", &["signature", "extra"]),
    (GOODBYE, "GOODBYE", &["details", "reason"]),
    (ERROR, "ERROR", &["request_type", "request", "details", "error", "arguments", "arguments_kw"]),
    (16, "PUBLISH", &["request", "options", "topic", "arguments", "arguments_kw"]),
    (17, "PUBLISHED", &["request", "publication"]),
    (32, "SUBSCRIBE", &["request", "options", "topic"]),
    (33, "SUBSCRIBED", &["request", "subscription"]),
    (34, "UNSUBSCRIBE", &["request", "subscription"]),
    (35, "UNSUBSCRIBED", &["request", "details"]),
    (36, "EVENT", &["subscription", "publication", "details", "arguments", "arguments_kw"]),
    (48, "CALL", &["request", "options", "procedure", "arguments", "arguments_kw"]),
    (49, "CANCEL", &["request", "options"]),
    (50, "RESULT", &["request", "details", "arguments", "arguments_kw"]),
    (64, "REGISTER", &["request", "options", "procedure"]),
    (65, "REGISTERED", &["request", "registration"]),
    (66, "UNREGISTER", &["request", "registration"]),
    (67, "UNREGISTERED", &["request", "details"]),
    (68, "INVOCATION", &["request", "registration", "details", "arguments", "arguments_kw"]),
    (69, "INTERRUPT", &["request", "options"]),
    (70, "YIELD", &["request", "options", "arguments", "arguments_kw"]),
];

const HELLO: u64 = 1;
const WELCOME: u64 = 2;
const ABORT: u64 = 3;
const GOODBYE: u64 = 6;
const ERROR: u64 = 8;

/// Messages that ask, and what answers them.
const ANSWERS: &[(u64, &[u64])] = &[
    (HELLO, &[WELCOME, ABORT]),
    (16, &[17]),
    (32, &[33]),
    (34, &[35]),
    (48, &[50]),
    (64, &[65]),
    (66, &[67]),
    (68, &[70]),
];

/// Elements that are told beside the message.
const FACTS: &[&str] = &[
    "realm",
    "session",
    "request",
    "topic",
    "procedure",
    "subscription",
    "registration",
    "publication",
    "error",
    "reason",
];

/// Elements that say in few words what a message is about, if they are there.
const GIST: &[&str] =
    &["realm", "session", "topic", "procedure", "error", "reason", "authmethod", "subscription"];

/// What clients may be ("Client and Router Roles").
const ROLES: [&str; 4] = ["publisher", "subscriber", "caller", "callee"];

/// Elements without which a message may still be whole.
const OPTIONAL: &[&str] = &["arguments", "arguments_kw", "details"];

/// Whether a message is a HELLO, which names roles that only WAMP has.
pub(super) fn is_shown_by(data: &Data<'_>) -> bool {
    let is_hello = |json: Value<'_>| {
        let Some(([Some(code), Some(realm), Some(details)], 3)) = json.elements::<3>() else {
            return false;
        };
        let roles = details.members(["roles"]).and_then(|[roles]| roles);
        let (mut count, mut known) = (0, 0);
        roles.and_then(|roles| {
            roles.each_member(|name, _| {
                count += 1;
                known += usize::from(ROLES.contains(&name));
            })
        });
        code.number() == Some(HELLO) && realm.is_string() && count > 0 && known == count
    };
    match (data.json(), data.payload) {
        (Some(json), _) => data.is_text && is_hello(json),
        (None, [0x93, 0x01, ..]) => {
            msgpack::to_json(data.payload).is_ok_and(|json| is_hello(Value::new(&json)))
        }
        (None, [0x83, 0x01, ..]) => {
            cbor::to_json(data.payload).is_ok_and(|json| is_hello(Value::new(&json)))
        }
        (None, _) => false,
    }
}

impl Decoder for Wamp {
    fn read(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        if !self.is_read {
            return Err(Malformed::new("Its serialization is not read."));
        }
        if let Some(json) = data.json() {
            return self.message(json, data.from, false, telling);
        }
        if data.is_text {
            let messages = data.needs_text()?.split(SEPARATORS);
            for message in messages.map(str::trim_ascii).filter(|message| !message.is_empty()) {
                // Only of what is JSON as a whole may parts be told as JSON.
                let json = Value::of_bytes(message.as_bytes());
                let json = json.ok_or_else(|| Malformed::new("A message is not JSON."))?;
                self.message(json, data.from, true, telling)?;
            }
            return Ok(());
        }
        // So begins no message, but the length of any that is not longer than 2 GiB.
        if data.payload.first().is_some_and(|first| *first < 0x80) {
            return self.batch(data, telling);
        }
        self.binary(data.payload, data.from, telling)
    }

    fn goes_on(&self) -> bool {
        self.is_read
    }

    fn gap(&mut self, _: Side) {
        self.leaving = None;
    }
}

impl Wamp {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { is_read: dialect != Dialect::OtherSerialization, leaving: None }
    }

    /// Messages behind their lengths, of 32 bits.
    fn batch(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        let mut rest = data.payload;
        while !rest.is_empty() {
            let cut = || Malformed::new("The last message of the batch is cut.");
            let (length, behind) = rest.split_first_chunk().ok_or_else(cut)?;
            let length = usize::try_from(u32::from_be_bytes(*length)).ok();
            let split = length.and_then(|length| behind.split_at_checked(length));
            let (message, behind) = split.ok_or_else(cut)?;
            self.binary(message, data.from, telling)?;
            rest = behind;
        }
        Ok(())
    }

    fn binary(
        &mut self,
        bytes: &[u8],
        from: Side,
        telling: &mut Telling<'_>,
    ) -> Result<(), Malformed> {
        let json = binary_to_json(bytes)?
            .map_err(|error| Malformed::new(format!("A message cannot be read. {error}")))?;
        self.message(Value::new(&json), from, true, telling)
    }

    /// Reads a message. `is_part` says that it is not the JSON that the WebSocket message
    /// is as a whole.
    fn message(
        &mut self,
        json: Value<'_>,
        from: Side,
        is_part: bool,
        telling: &mut Telling<'_>,
    ) -> Result<(), Malformed> {
        let not_array = || Malformed::new("A message is not an array.");
        let (elements, count) = json.elements::<MOST_ELEMENTS>().ok_or_else(not_array)?;
        let [code, elements @ ..] = elements;
        let code = code.and_then(Value::number);
        let code = code.ok_or_else(|| Malformed::new("A message begins with no code."))?;
        let form = FORMS.iter().find(|(known, ..)| *known == code);
        let Some(&(_, name, names)) = form else {
            return Err(Malformed::new(format!("There is no message with code {code}.")));
        };
        let message = Message { code, name, names, elements };
        message.tell(json, is_part, telling);
        self.pair(&message, from, telling);
        let needed = names.iter().filter(|name| !OPTIONAL.contains(name)).count();
        let has = names
            .iter()
            .zip(elements)
            .filter(|(name, element)| element.is_some() && !OPTIONAL.contains(name))
            .count();
        if has < needed || count > 1 + names.len() {
            return Err(Malformed::new(format!("{name} has {count} elements.")));
        }
        Ok(())
    }

    fn pair(&mut self, message: &Message<'_>, from: Side, telling: &mut Telling<'_>) {
        let key = |code: u64| message.key(code);
        match message.code {
            // Either side may leave, and the other says so too.
            GOODBYE if self.leaving.take() == Some(from.opposite()) => {
                telling.answers(&key(GOODBYE), Then::Done);
            }
            GOODBYE => {
                self.leaving = Some(from);
                telling.asks(&key(GOODBYE), message.name);
            }
            ERROR => {
                if let Some(asked) = message.element("request_type").and_then(Value::number) {
                    telling.answers(&key(asked), Then::Done);
                }
            }
            code => {
                if code == HELLO {
                    self.leaving = None;
                }
                for (asked, answers) in ANSWERS {
                    if *asked == code {
                        telling.asks(&key(code), &message.kind());
                    } else if answers.contains(&code) {
                        telling.answers(&key(*asked), message.then());
                    }
                }
            }
        }
    }
}

/// The JSON of a message in MessagePack or CBOR. As no message has more than
/// [`MOST_ELEMENTS`], their arrays begin with bytes that differ.
fn binary_to_json(bytes: &[u8]) -> Result<Result<String, FormatError>, Malformed> {
    match bytes.first() {
        Some(0x90..=0x97 | 0xdc | 0xdd) => Ok(msgpack::to_json(bytes)),
        Some(0x80..=0x8f | 0x98..=0x9f) => Ok(cbor::to_json(bytes)),
        _ => Err(Malformed::new("A message is neither MessagePack nor CBOR.")),
    }
}

struct Message<'a> {
    code: u64,
    name: &'static str,
    /// What `elements` are.
    names: &'static [&'static str],
    elements: [Option<Value<'a>>; MOST_ELEMENTS - 1],
}

impl<'a> Message<'a> {
    fn tell(&self, json: Value<'_>, is_part: bool, telling: &mut Telling<'_>) {
        telling.packet(self.name);
        let mut facts = telling.facts();
        for (name, element) in self.named().filter(|(name, _)| FACTS.contains(name)) {
            facts.json(name, element);
        }
        if is_part {
            facts.json("message", json);
        }
        self.say(telling);
        if let Some(body) = self.body() {
            telling.body(body.as_bytes());
        }
    }

    /// What it is about, and its arguments.
    fn say(&self, telling: &mut Telling<'_>) {
        let gist = self.named().find(|(name, _)| GIST.contains(name));
        let gist = gist.map(|(_, gist)| gist.plain());
        let list = self.filled("arguments");
        let inner = |list: &'a str| list.strip_prefix('[').and_then(|list| list.strip_suffix(']'));
        let list = list.map(|list| inner(list).unwrap_or(list).trim_ascii());
        let words = [gist.as_deref(), list, self.filled("arguments_kw")];
        for (number, word) in words.into_iter().flatten().enumerate() {
            telling.say(if number > 0 { " " } else { "" }).say(word);
        }
    }

    /// What it carries: arguments, or what else it tells at length.
    fn body(&self) -> Option<Cow<'a, str>> {
        let shown = |name| self.filled(name);
        match (shown("arguments"), shown("arguments_kw")) {
            (Some(list), Some(named)) => Some(format!("[{list},{named}]").into()),
            (Some(one), None) | (None, Some(one)) => Some(one.into()),
            (None, None) => {
                ["details", "extra", "options"].into_iter().find_map(shown).map(Cow::Borrowed)
            }
        }
    }

    /// Tells its request apart from those of other kinds. What opens or closes a
    /// session has none.
    fn key(&self, code: u64) -> Vec<u8> {
        let request = self.element("request").map(Value::text).unwrap_or_default();
        format!("{code} {request}").into_bytes()
    }

    /// What kind of request it is.
    fn kind(&self) -> Cow<'a, str> {
        self.element("procedure")
            .filter(|_| self.name == "CALL")
            .map_or(Cow::Borrowed(self.name), Value::plain)
    }

    /// Progressive results are followed by others ("Progressive Call Results").
    fn then(&self) -> Then {
        let options = self.element("details").or_else(|| self.element("options"));
        let progress = options.and_then(|options| options.members(["progress"]));
        match progress.and_then(|[progress]| progress).and_then(Value::boolean) {
            Some(true) => Then::Wait,
            _ => Then::Done,
        }
    }

    /// An element as it was sent, unless there is nothing in it.
    fn filled(&self, name: &str) -> Option<&'a str> {
        self.element(name).map(Value::text).filter(|text| is_not_empty(text))
    }

    fn element(&self, name: &str) -> Option<Value<'a>> {
        self.named().find(|(named, _)| *named == name).map(|(_, element)| element)
    }

    fn named(&self) -> impl Iterator<Item = (&'static str, Value<'a>)> {
        let present = |(name, element): (&&'static str, Option<Value<'a>>)| Some((*name, element?));
        self.names.iter().zip(self.elements).filter_map(present)
    }
}

fn is_not_empty(text: &str) -> bool {
    let inner = text.trim_matches(['[', ']', '{', '}', ' ', '\t', '\r', '\n']);
    !inner.is_empty() && text != "null"
}

#[cfg(test)]
mod tests {
    use super::super::tests::Talk;
    use super::*;
    use crate::types::AppProtocol;
    use Side::{Client, Server};

    fn talk() -> Talk {
        Talk::new(AppProtocol::Wamp)
    }

    #[test]
    fn a_session_and_a_call() {
        let mut talk = talk();
        assert_eq!(
            talk.text(Client, r#"[1, "somerealm", {"roles": {"caller": {}}}]"#),
            r#"{"protocol":"wamp","type":"HELLO","realm":"somerealm"}"#
        );
        assert_eq!(
            (talk.summary(), talk.body()),
            ("somerealm", Some(r#"{"roles": {"caller": {}}}"#))
        );
        assert_eq!(
            talk.text(Server, r#"[2, 9129137332, {"roles": {"dealer": {}}}]"#),
            r#"{"protocol":"wamp","type":"WELCOME","session":9129137332,"reply_to":1,"reply_to_type":"HELLO","latency":0.001000000}"#
        );
        assert_eq!(
            talk.text(Client, r#"[48, 7814135, {}, "com.myapp.add2", [23, 7]]"#),
            r#"{"protocol":"wamp","type":"CALL","request":7814135,"procedure":"com.myapp.add2"}"#
        );
        assert_eq!((talk.summary(), talk.body()), ("com.myapp.add2 23, 7", Some("[23, 7]")));
        assert_eq!(
            talk.text(Server, r#"[50, 7814135, {}, [30]]"#),
            r#"{"protocol":"wamp","type":"RESULT","request":7814135,"reply_to":3,"reply_to_type":"com.myapp.add2","latency":0.001000000}"#
        );
        assert_eq!((talk.summary(), talk.body()), ("30", Some("[30]")));
    }

    #[test]
    fn arguments_are_said_in_short() {
        let mut talk = talk();
        for (text, said) in [
            (r#"[48,1,{},"greet",["Zoë"]]"#, r#"greet "Zoë""#),
            (r#"[48,1,{},"greet",[],{"name":"Zoë"}]"#, r#"greet {"name":"Zoë"}"#),
            (r#"[48,1,{},"greet",[1,[2]],{"a":1}]"#, r#"greet 1,[2] {"a":1}"#),
            (r#"[48,1,{},"greet"]"#, "greet"),
            (r#"[16,1,{},"news",[1]]"#, "news 1"),
            ("[36,77,5,{},[ 1 ]]", "77 1"),
            (r#"[50,1,{},[],{"sum":3}]"#, r#"{"sum":3}"#),
            ("[50,1,{}]", ""),
            ("[68,1,2,{},[23,7]]", "23,7"),
            (r#"[70,1,{},["a"]]"#, r#""a""#),
            (r#"[70,1,{},"packed"]"#, r#""packed""#),
            (r#"[8,48,1,{},"com.error",["why"]]"#, r#"com.error "why""#),
        ] {
            talk.text(Client, text);
            assert_eq!(talk.summary(), said, "{text}");
        }
    }

    #[test]
    fn other_serializations_are_told_of_once() {
        let mut talk = Talk::in_dialect(AppProtocol::Wamp, Dialect::OtherSerialization);
        assert_eq!(
            talk.binary(Client, b"\x10\0\0\0"),
            r#"{"protocol":"wamp","malformed":"Its serialization is not read."}"#
        );
        assert_eq!(talk.binary(Server, b"\x93\x32\x01\x80"), "");
    }

    #[test]
    fn progressive_results_all_answer() {
        let mut talk = talk();
        talk.text(Client, r#"[48, 1, {"receive_progress": true}, "com.count"]"#);
        for _ in 0..2 {
            let told = talk.text(Server, r#"[50, 1, {"progress": true}, [1]]"#);
            assert!(told.contains(r#""reply_to":1"#), "{told}");
        }
        assert!(talk.text(Server, "[50, 1, {}]").contains(r#""reply_to":1"#));
        assert!(!talk.text(Server, "[50, 1, {}]").contains("reply_to"));
    }

    #[test]
    fn what_answers_what() {
        for (asks, by, answers) in [
            (r#"[1,"r",{}]"#, Client, r#"[3,{},"wamp.error.no_such_realm"]"#),
            (r#"[16,5,{},"t",[1]]"#, Client, "[17,5,4429313566]"),
            (r#"[32,5,{},"t"]"#, Client, "[33,5,5512315355]"),
            ("[34,5,5512315355]", Client, "[35,5]"),
            (r#"[64,5,{},"p"]"#, Client, "[65,5,2103333224]"),
            ("[66,5,2103333224]", Client, "[67,5]"),
            ("[68,5,2103333224,{}]", Server, "[70,5,{}]"),
            ("[68,5,2103333224,{}]", Server, r#"[8,68,5,{},"com.error"]"#),
            (r#"[48,5,{},"p"]"#, Client, r#"[8,48,5,{},"com.error",["why"],{"a":1}]"#),
            (
                r#"[6,{},"wamp.close.close_realm"]"#,
                Server,
                r#"[6,{},"wamp.close.goodbye_and_out"]"#,
            ),
        ] {
            let mut talk = talk();
            let asked = talk.text(by, asks);
            assert!(!asked.contains("reply_to") && !asked.contains("malformed"), "{asked}");
            let told = talk.text(by.opposite(), answers);
            assert!(told.contains(r#""reply_to":1"#) && !told.contains("malformed"), "{told}");
        }
    }

    #[test]
    fn a_request_is_not_answered_by_what_answers_others() {
        let mut talk = talk();
        talk.text(Client, r#"[48,5,{},"p"]"#);
        for other in ["[50,6,{}]", "[17,5,1]", r#"[8,16,5,{},"e"]"#] {
            assert!(!talk.text(Server, other).contains("reply_to"), "{other}");
        }
    }

    #[test]
    fn each_session_has_its_goodbyes() {
        let mut talk = talk();
        let goodbye = r#"[6,{},"wamp.close.normal"]"#;
        assert!(!talk.text(Client, goodbye).contains("reply_to"));
        assert!(talk.text(Server, goodbye).contains(r#""reply_to":1"#));
        talk.text(Client, r#"[1,"r",{}]"#);
        assert!(!talk.text(Client, goodbye).contains("reply_to"));
        assert!(talk.text(Server, goodbye).contains(r#""reply_to":4"#));
    }

    #[test]
    fn message_pack_and_cbor() {
        let mut talk = talk();
        // [48, 1, {}, "p", [2]]
        let expected = |request: u32| {
            format!(
                r#"{{"protocol":"wamp","type":"CALL","request":{request},"procedure":"p","message":[48,{request},{{}},"p",[2]]}}"#
            )
        };
        assert_eq!(talk.binary(Client, b"\x95\x30\x01\x80\xa1p\x91\x02"), expected(1));
        assert_eq!((talk.summary(), talk.body()), ("p 2", Some("[2]")));
        assert_eq!(talk.binary(Client, b"\xdc\x00\x05\x30\x02\x80\xa1p\x91\x02"), expected(2));
        assert_eq!(talk.binary(Client, b"\x85\x18\x30\x03\xa0\x61p\x81\x02"), expected(3));
        assert_eq!(talk.binary(Client, b"\x9f\x18\x30\x04\xa0\x61p\x9f\x02\xff\xff"), expected(4));
        assert!(talk.binary(Server, b"\x93\x32\x01\x80").contains(r#""reply_to":1"#));
    }

    #[test]
    fn batches() {
        let mut talk = talk();
        let expected = r#"{"protocol":"wamp","type":"UNSUBSCRIBED","parts":[{"type":"UNSUBSCRIBED","request":1,"message":[35,1]},{"type":"UNREGISTERED","request":2,"message":[67,2]}]}"#;
        for separator in SEPARATORS {
            let batch = format!("[35,1]{separator}[67,2]{separator}");
            assert_eq!(talk.text(Server, &batch), expected);
            assert_eq!(
                talk.text(Server, &format!("[35,1]{separator}")),
                r#"{"protocol":"wamp","type":"UNSUBSCRIBED","request":1,"message":[35,1]}"#
            );
        }
        let in_msgpack = b"\x00\x00\x00\x03\x92\x23\x01\x00\x00\x00\x03\x92\x43\x02";
        assert_eq!(talk.binary(Server, in_msgpack), expected);
        assert_eq!(
            talk.binary(
                Server,
                b"\x00\x00\x00\x04\x82\x18\x23\x01\x00\x00\x00\x04\x82\x18\x43\x02"
            ),
            expected
        );
        for end in 1..in_msgpack.len() {
            let told = talk.binary(Server, &in_msgpack[..end]);
            assert_eq!(told.contains("The last message of the batch is cut."), end != 7, "{end}");
            assert_eq!(told.contains("UNSUBSCRIBED"), end >= 7, "{end}");
        }
    }

    #[test]
    fn what_is_no_message() {
        let mut talk = talk();
        for (text, said) in [
            ("{}", "A message is not an array."),
            ("[]", "A message begins with no code."),
            (r#"["1"]"#, "A message begins with no code."),
            ("[7,1]", "There is no message with code 7."),
            ("[48,1", "A message is not JSON."),
            ("[1,\"r\",{}] 2\u{18}", "A message is not JSON."),
            (&format!("[1,{}{},{{}}]", "[".repeat(128), "]".repeat(128)), "A message is not JSON."),
            ("[48,1]", "CALL has 2 elements."),
            ("[35,1,{},2]", "UNSUBSCRIBED has 4 elements."),
        ] {
            let told = talk.text(Client, text);
            assert!(told.contains(&format!(r#""malformed":"{said}""#)), "{told}");
        }
        for bytes in [&b"\xc1"[..], b"\x93\x30", b"\x83\x18", b"\xff\xff"] {
            assert!(talk.binary(Client, bytes).contains("malformed"), "{bytes:?}");
        }
    }

    #[test]
    fn a_hello_shows_it() {
        let hello = r#"[1,"r",{"roles":{"caller":{}}}]"#;
        assert!(Talk::unknown().text(Client, hello).contains("HELLO"));
        let packed = b"\x93\x01\xa1r\x81\xa5roles\x81\xa6caller\x80";
        assert!(Talk::unknown().binary(Client, packed).contains("HELLO"));
        let in_cbor = b"\x83\x01\x61r\xa1\x65roles\xa1\x66caller\xa0";
        assert!(Talk::unknown().binary(Client, in_cbor).contains("HELLO"));
        for other in [
            "[1]",
            r#"[1,"r",{}]"#,
            r#"[2,"r",{"roles":{"caller":{}}}]"#,
            r#"[1,"r",{"roles":{"caller":{},"admin":{}}}]"#,
            r#"[1,"r",{"roles":{}}]"#,
            r#"[1,"r",{"roles":["caller"]}]"#,
            r#"[1,"r",{"roles":{"caller":{}}},1]"#,
        ] {
            assert_eq!(Talk::unknown().text(Client, other), "", "{other}");
        }
    }
}

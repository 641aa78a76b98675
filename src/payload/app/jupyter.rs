//! Kernels of Jupyter (jupyter_client, "Messaging in Jupyter"; Jupyter Server,
//! "WebSocket kernel wire protocols").

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::data::Data;
use super::jupyter_parts::{Parts, is_v1};
use super::jupyter_summary::say;
use super::requests::Then;
use super::story::Telling;
use super::value::Value;
use super::{Decoder, Malformed};
use crate::types::Side;

/// Messages to and from a kernel, as text, or binary in one of two forms, which
/// tell themselves apart. Of those that a kernel sends, most name the request that
/// they belong to as their parent; there may be any number of them.
pub(super) struct Jupyter;

/// Whether a message is of this protocol: nothing else has a header like it beside
/// another one of its parent.
pub(super) fn is_shown_by(data: &Data<'_>) -> bool {
    let is_header = |header: Value<'_>| {
        let members = header.members(["msg_id", "msg_type", "session"]);
        members.is_some_and(|members| {
            members.iter().all(|member| member.is_some_and(Value::is_string))
        })
    };
    KernelMessage::read(data).is_ok_and(|message| {
        is_header(message.header)
            && message.parent_header.is_some_and(Value::is_object)
            && message.content.is_some_and(Value::is_object)
    })
}

impl Decoder for Jupyter {
    fn read(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        let message = KernelMessage::read(data)?;
        let [msg_id, msg_type] = message
            .header
            .first_members(["msg_id", "msg_type"])
            .ok_or_else(|| Malformed::new("Its header is not an object."))?;
        let msg_type = msg_type
            .and_then(Value::string)
            .ok_or_else(|| Malformed::new("Its header has no msg_type."))?;
        let parent_msg_id = message
            .parent_header
            .and_then(|header| header.first_members(["msg_id"]))
            .and_then(|[id]| id);
        telling.packet(&msg_type);
        message.facts(&msg_type, msg_id, parent_msg_id, telling);
        if let Some(parent) = parent_msg_id {
            telling.answers(parent.plain().as_bytes(), Then::Wait);
        }
        if let Some(msg_id) = msg_id.filter(|_| is_request(&msg_type, data.from)) {
            telling.asks(msg_id.plain().as_bytes(), &msg_type);
        }
        if let Some(content) = message.content.filter(|_| telling.has_words()) {
            say(telling, &msg_type, content);
        }
        telling.body_if(message.content);
        Ok(())
    }
}

/// A kernel opens and uses comms, too, but nobody names that as a parent.
fn is_request(msg_type: &str, from: Side) -> bool {
    msg_type.ends_with("_request")
        || from == Side::Client && matches!(msg_type, "comm_open" | "comm_msg")
}

/// The name of a member that every message has.
static HEADER: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("\"header\""));

/// A message, in whichever form.
struct KernelMessage<'a> {
    channel: Option<Cow<'a, str>>,
    header: Value<'a>,
    parent_header: Option<Value<'a>>,
    metadata: Option<Value<'a>>,
    content: Option<Value<'a>>,
    /// Of a binary message, its parts, and which is the first buffer.
    parts: Option<(Parts<'a>, usize)>,
}

impl<'a> KernelMessage<'a> {
    fn read(data: &Data<'a>) -> Result<Self, Malformed> {
        if data.is_text {
            Self::of_json(data.needs_json()?)
        } else if is_v1(data.payload) {
            Self::of_v1(Parts::of_v1(data.payload)?)
        } else {
            let parts = Parts::of_default(data.payload)?;
            let message = Self::of_json(json(&parts, 0)?)?;
            Ok(Self { parts: Some((parts, 1)), ..message })
        }
    }

    fn of_json(json: Value<'a>) -> Result<Self, Malformed> {
        // Seen at a glance, where a server sends much else.
        let has_header = || HEADER.find(json.text().as_bytes()).is_some();
        if json.is_object() && !has_header() {
            return Err(Malformed::new("It has no header."));
        }
        let [channel, header, parent_header, metadata, content] = json
            .first_members(["channel", "header", "parent_header", "metadata", "content"])
            .ok_or_else(|| Malformed::new("It is not an object."))?;
        let header = header.ok_or_else(|| Malformed::new("It has no header."))?;
        let channel = channel.and_then(Value::string);
        Ok(Self { channel, header, parent_header, metadata, content, parts: None })
    }

    fn of_v1(parts: Parts<'a>) -> Result<Self, Malformed> {
        let channel = parts.part(0).ok_or_else(|| Malformed::new("It has no channel."))?;
        let channel =
            str::from_utf8(channel).map_err(|_| Malformed::new("Its channel is not UTF-8."))?;
        Ok(Self {
            channel: Some(Cow::Borrowed(channel)),
            header: json(&parts, 1)?,
            parent_header: Some(json(&parts, 2)?),
            metadata: Some(json(&parts, 3)?),
            content: Some(json(&parts, 4)?),
            parts: Some((parts, 5)),
        })
    }

    fn facts(
        &self,
        msg_type: &str,
        msg_id: Option<Value<'_>>,
        parent_msg_id: Option<Value<'_>>,
        telling: &mut Telling<'_>,
    ) {
        if let Some(channel) = &self.channel {
            telling.channel(channel).facts().text("channel", channel);
        }
        let mut facts = telling.facts();
        facts.text("msg_type", msg_type).json_if("msg_id", msg_id);
        facts.json_if("parent_msg_id", parent_msg_id);
        let Some((parts, first_buffer)) = &self.parts else {
            return;
        };
        facts.json("header", self.header).json_if("parent_header", self.parent_header);
        facts.json_if("metadata", self.metadata).json_if("content", self.content);
        facts.array("buffers", |list| {
            for length in parts.lengths().skip(*first_buffer) {
                list.number(length);
            }
        });
    }
}

/// A part that has to be JSON.
fn json<'a>(parts: &Parts<'a>, number: usize) -> Result<Value<'a>, Malformed> {
    let part =
        parts.part(number).ok_or_else(|| Malformed::new(format!("It has only {number} parts.")))?;
    Value::of_bytes(part).ok_or_else(|| Malformed::new(format!("Its part {number} is not JSON.")))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::jupyter_parts::tests::{in_default, in_v1};
    use super::super::tests::Talk;
    use super::*;
    use crate::types::AppProtocol;

    /// What is said for people of a message of this type.
    pub(in super::super) fn summary(msg_type: &str, content: &str) -> String {
        let mut talk = Talk::new(AppProtocol::Jupyter);
        let text = text(&header(msg_type, "1"), "{}", content);
        assert!(talk.text(Side::Server, &text).contains(msg_type));
        assert_eq!(talk.body(), Some(content));
        talk.summary().to_owned()
    }

    fn header(msg_type: &str, id: &str) -> String {
        format!(r#"{{"msg_id":"{id}","msg_type":"{msg_type}","session":"s","version":"5.4"}}"#)
    }

    fn text(header: &str, parent_header: &str, content: &str) -> String {
        format!(
            r#"{{"header":{header},"msg_id":"x","msg_type":"x","parent_header":{parent_header},"metadata":{{}},"content":{content},"buffers":[],"channel":"shell"}}"#
        )
    }

    const CODE: &str = r#"{"code":"6 * 7"}"#;

    #[test]
    fn a_request_and_what_it_brings_about() {
        let mut talk = Talk::new(AppProtocol::Jupyter);
        let request = header("execute_request", "a_1");
        assert_eq!(
            talk.text(Side::Client, &text(&request, "{}", CODE)),
            r#"{"protocol":"jupyter","type":"execute_request","channel":"shell","msg_type":"execute_request","msg_id":"a_1"}"#
        );
        assert_eq!((talk.channel(), talk.summary(), talk.body()), ("shell", "6 * 7", Some(CODE)));
        for (time, (msg_type, content)) in [
            ("status", r#"{"execution_state":"busy"}"#),
            ("execute_reply", r#"{"status":"ok"}"#),
            ("status", r#"{"execution_state":"idle"}"#),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(
                talk.text(Side::Server, &text(&header(msg_type, "k"), &request, content)),
                format!(
                    r#"{{"protocol":"jupyter","type":"{msg_type}","channel":"shell","msg_type":"{msg_type}","msg_id":"k","parent_msg_id":"a_1","reply_to":1,"reply_to_type":"execute_request","latency":0.00{}000000}}"#,
                    time + 1
                )
            );
        }
    }

    #[test]
    fn a_kernel_asks_too() {
        let mut talk = Talk::new(AppProtocol::Jupyter);
        let request = header("input_request", "k");
        talk.text(Side::Server, &text(&request, "{}", r#"{"prompt":"? "}"#));
        let reply = text(&header("input_reply", "a"), &request, r#"{"value":"x"}"#);
        let told = talk.text(Side::Client, &reply);
        assert!(told.contains(r#""reply_to":1,"reply_to_type":"input_request""#), "{told}");
    }

    #[test]
    fn comms_are_answered_by_kernels_only() {
        for (from, is_answered) in [(Side::Client, true), (Side::Server, false)] {
            let mut talk = Talk::new(AppProtocol::Jupyter);
            let comm = header("comm_msg", "a");
            talk.text(from, &text(&comm, "{}", r#"{"comm_id":"c","data":{}}"#));
            let status = text(&header("status", "k"), &comm, "{}");
            assert_eq!(talk.text(from.opposite(), &status).contains("reply_to"), is_answered);
        }
    }

    #[test]
    fn the_default_binary_form() {
        let mut talk = Talk::new(AppProtocol::Jupyter);
        let message = text(&header("comm_msg", "a"), "{}", r#"{ "comm_id": "c" }"#);
        let payload = in_default(&[message.as_bytes(), b"\x00\x01", b""]);
        assert_eq!(
            talk.binary(Side::Client, &payload),
            r#"{"protocol":"jupyter","type":"comm_msg","channel":"shell","msg_type":"comm_msg","msg_id":"a","header":{"msg_id":"a","msg_type":"comm_msg","session":"s","version":"5.4"},"parent_header":{},"metadata":{},"content":{ "comm_id": "c" },"buffers":[2,0]}"#
        );
        assert_eq!((talk.channel(), talk.summary()), ("shell", "c"));
    }

    fn v1(header: &str, content: &str) -> Vec<u8> {
        let parts = ["iopub", header, "{}", "{}", content, "buffer"];
        in_v1(&parts.map(str::as_bytes))
    }

    #[test]
    fn version_1() {
        let mut talk = Talk::new(AppProtocol::Jupyter);
        let payload = v1(&header("status", "a"), r#"{"execution_state":"idle"}"#);
        assert_eq!(
            talk.binary(Side::Server, &payload),
            r#"{"protocol":"jupyter","type":"status","channel":"iopub","msg_type":"status","msg_id":"a","header":{"msg_id":"a","msg_type":"status","session":"s","version":"5.4"},"parent_header":{},"metadata":{},"content":{"execution_state":"idle"},"buffers":[6]}"#
        );
        assert_eq!((talk.channel(), talk.summary()), ("iopub", "idle"));
        assert_eq!(talk.body(), Some(r#"{"execution_state":"idle"}"#));
    }

    #[test]
    fn cut_at_every_byte() {
        let mut talk = Talk::new(AppProtocol::Jupyter);
        let payload = v1(&header("status", "a"), "{}");
        for end in 0..payload.len() {
            assert!(talk.binary(Side::Server, &payload[..end]).contains("malformed"), "{end}");
        }
        let message = text(&header("comm_msg", "a"), "{}", "{}");
        let payload = in_default(&[message.as_bytes()]);
        for end in 0..payload.len() {
            assert!(talk.binary(Side::Client, &payload[..end]).contains("malformed"), "{end}");
        }
    }

    #[test]
    fn what_cannot_be_read() {
        let mut talk = Talk::new(AppProtocol::Jupyter);
        for (message, sentence) in [
            ("x", "It is not JSON."),
            ("[]", "It is not an object."),
            ("{}", "It has no header."),
            (r#"{"header":[]}"#, "Its header is not an object."),
            (r#"{"header":{"msg_type":7}}"#, "Its header has no msg_type."),
        ] {
            let told = format!(r#"{{"protocol":"jupyter","malformed":"{sentence}"}}"#);
            assert_eq!(talk.text(Side::Client, message), told);
        }
        for (payload, sentence) in [
            (in_default(&[]), "It has only 0 parts."),
            (in_default(&[b"{", b"{}"]), "Its part 0 is not JSON."),
            (in_v1(&[b"\xff"]), "Its channel is not UTF-8."),
            (in_v1(&[b"shell", b"{}", b"{}"]), "It has only 3 parts."),
            (in_v1(&[b"shell", b"{}", b"{}", b"{}", b"x"]), "Its part 4 is not JSON."),
        ] {
            let told = format!(r#"{{"protocol":"jupyter","malformed":"{sentence}"}}"#);
            assert_eq!(talk.binary(Side::Client, &payload), told);
        }
    }

    #[test]
    fn it_shows_itself() {
        let header = header("status", "a");
        let text = text(&header, "{}", "{}");
        assert!(Talk::unknown().text(Side::Server, &text).contains("jupyter"));
        for payload in [in_default(&[text.as_bytes(), b"x"]), v1(&header, "{}")] {
            assert!(Talk::unknown().binary(Side::Server, &payload).contains("jupyter"));
        }
        for other in [
            r#"{"header":{"msg_id":"a","msg_type":"b","session":"s"},"content":{}}"#,
            r#"{"header":{"msg_id":"a","msg_type":"b"},"parent_header":{},"content":{}}"#,
            r#"{"header":{},"parent_header":{},"metadata":{},"content":{}}"#,
        ] {
            assert_eq!(Talk::unknown().text(Side::Server, other), "");
        }
        assert_eq!(Talk::unknown().binary(Side::Server, &in_v1(&[b"a", b"{}"])), "");
    }
}

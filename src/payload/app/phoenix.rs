//! Channels of Phoenix (Phoenix, "Writing a Channels Client", and
//! `lib/phoenix/socket/serializers`).

use std::borrow::Cow;

use super::data::Data;
use super::phoenix_binary::{Message, Payload};
use super::requests::Then;
use super::story::Telling;
use super::value::Value;
use super::{Decoder, Malformed};
use crate::types::Side;

/// Arrays in version 2 of the serializer, objects in version 1; what channels send
/// as bytes is binary in version 2.
pub(super) struct Phoenix;

const REPLY: &str = "phx_reply";

/// Events of the protocol itself.
const OWN_EVENTS: [&str; 5] = ["phx_join", "phx_leave", REPLY, "phx_error", "phx_close"];

/// Whether a message is of this protocol: its event is one that the protocol itself
/// has.
pub(super) fn is_shown_by(data: &Data<'_>) -> bool {
    let message = data.json().filter(|_| data.is_text).and_then(|json| of_json(json).ok());
    message.is_some_and(|message| OWN_EVENTS.contains(&&*message.event))
}

impl Decoder for Phoenix {
    fn read(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        let message = match data.is_text {
            true => of_json(data.needs_json()?)?,
            false => Message::of_binary(data.payload, data.from)?,
        };
        tell(&message, data.from, telling);
        Ok(())
    }
}

fn of_json(json: Value<'_>) -> Result<Message<'_>, Malformed> {
    let [join_ref, reference, topic, event, payload] = match json.elements() {
        Some((elements, 5)) => elements,
        Some(_) => return Err(Malformed::new("It is an array of other than 5 elements.")),
        None => json
            .members(["join_ref", "ref", "topic", "event", "payload"])
            .ok_or_else(|| Malformed::new("It is neither an array nor an object."))?,
    };
    let (Some(topic), Some(event)) = (topic.and_then(Value::string), event.and_then(Value::string))
    else {
        return Err(Malformed::new("Its topic and its event are not both strings."));
    };
    let [join_ref, reference] =
        [join_ref, reference].map(|value| value.filter(|value| !value.is_null()).map(Value::plain));
    Ok(Message {
        join_ref,
        reference,
        status: None,
        topic,
        event,
        payload: payload.map(Payload::Json),
    })
}

fn tell(message: &Message<'_>, from: Side, telling: &mut Telling<'_>) {
    let Message { join_ref, reference, topic, event, .. } = message;
    telling.packet(event).channel(topic);
    telling.facts().text("topic", topic).text("event", event);
    for (name, value) in [("ref", reference), ("join_ref", join_ref)] {
        if let Some(value) = value {
            telling.facts().text(name, value);
        }
    }
    let (status, payload) = status_and_payload(message);
    if let Some(status) = &status {
        telling.facts().text("status", status);
        telling.say(status);
    }
    if topic == "phoenix" && (event == "heartbeat" || event == REPLY) {
        telling.heartbeat();
    }
    if let Some(reference) = reference {
        match from {
            Side::Client => telling.asks(reference.as_bytes(), event),
            // What else has one names the join that it belongs to.
            Side::Server if event == REPLY => telling.answers(reference.as_bytes(), Then::Done),
            Side::Server => telling,
        };
    }
    match payload {
        Some(Payload::Json(json)) => {
            if json.text() != "{}" {
                telling.say(if status.is_some() { " " } else { "" }).say(json.text());
            }
            telling.body(json.text().as_bytes());
        }
        Some(Payload::Bytes(bytes)) => {
            telling.facts().payload(bytes);
            let separator = if status.is_some() { " " } else { "" };
            telling.say(&format!("{separator}{} bytes", bytes.len())).body(bytes);
        }
        None => {}
    }
}

/// How what was asked for went, and what comes of it. In JSON both are in the
/// payload.
fn status_and_payload<'a>(message: &Message<'a>) -> (Option<Cow<'a, str>>, Option<Payload<'a>>) {
    if message.event != REPLY || message.status.is_some() {
        return (message.status.clone(), message.payload);
    }
    let Some(Payload::Json(payload)) = message.payload else {
        return (None, message.payload);
    };
    let [status, response] = payload.members(["status", "response"]).unwrap_or_default();
    (status.and_then(Value::string), response.map(Payload::Json))
}

#[cfg(test)]
mod tests {
    use super::super::phoenix_binary::tests::{broadcast, client_push, reply, server_push};
    use super::super::tests::Talk;
    use crate::types::{AppProtocol, Side};

    fn strip(told: &str) -> String {
        told.strip_prefix(r#"{"protocol":"phoenix","#)
            .unwrap()
            .strip_suffix('}')
            .unwrap()
            .to_owned()
    }

    #[test]
    fn version_2() {
        let mut talk = Talk::new(AppProtocol::Phoenix);
        let join = r#"["3","4","room:lobby","phx_join",{"token":"x"}]"#;
        assert_eq!(
            strip(&talk.text(Side::Client, join)),
            r#""type":"phx_join","topic":"room:lobby","event":"phx_join","ref":"4","join_ref":"3""#
        );
        assert_eq!((talk.channel(), talk.summary()), ("room:lobby", r#"{"token":"x"}"#));
        let reply = r#"["3","4","room:lobby","phx_reply",{"status":"ok","response":{"id":1}}]"#;
        assert_eq!(
            strip(&talk.text(Side::Server, reply)),
            r#""type":"phx_reply","topic":"room:lobby","event":"phx_reply","ref":"4","join_ref":"3","status":"ok","reply_to":1,"reply_to_type":"phx_join","latency":0.001000000"#
        );
        assert_eq!((talk.summary(), talk.body()), (r#"ok {"id":1}"#, Some(r#"{"id":1}"#)));
        let news = r#"["3",null,"room:lobby","news",{}]"#;
        assert_eq!(
            strip(&talk.text(Side::Server, news)),
            r#""type":"news","topic":"room:lobby","event":"news","join_ref":"3""#
        );
        assert_eq!((talk.summary(), talk.body()), ("", Some("{}")));
    }

    #[test]
    fn version_1() {
        let mut talk = Talk::new(AppProtocol::Phoenix);
        let join = r#"{"topic":"a:b","event":"phx_join","payload":{},"ref":"1"}"#;
        assert_eq!(
            strip(&talk.text(Side::Client, join)),
            r#""type":"phx_join","topic":"a:b","event":"phx_join","ref":"1""#
        );
        let reply = r#"{"topic":"a:b","ref":"1","payload":{"status":"error","response":{"reason":"no"}},"event":"phx_reply"}"#;
        let told = talk.text(Side::Server, reply);
        assert!(
            told.contains(r#""status":"error","reply_to":1,"reply_to_type":"phx_join""#),
            "{told}"
        );
        assert_eq!(talk.summary(), r#"error {"reason":"no"}"#);
    }

    #[test]
    fn heartbeats_and_their_replies() {
        let mut talk = Talk::new(AppProtocol::Phoenix);
        for (from, message) in [
            (Side::Client, r#"[null,"7","phoenix","heartbeat",{}]"#),
            (Side::Server, r#"[null,"7","phoenix","phx_reply",{"status":"ok","response":{}}]"#),
        ] {
            let told = talk.text(from, message);
            assert!(told.contains(r#""heartbeat":true"#), "{told}");
        }
    }

    #[test]
    fn only_replies_answer() {
        let mut talk = Talk::new(AppProtocol::Phoenix);
        talk.text(Side::Client, r#"["1","1","room","phx_join",{}]"#);
        let mut from_server =
            |event: &str| talk.text(Side::Server, &format!(r#"["1","1","room","{event}",{{}}]"#));
        assert!(!from_server("phx_error").contains("reply_to"));
        assert!(from_server("phx_reply").contains(r#""reply_to":1"#));
    }

    #[test]
    fn what_else_has_the_topic_of_heartbeats_is_none() {
        let mut talk = Talk::new(AppProtocol::Phoenix);
        let told = talk.text(Side::Client, r#"[null,"1","phoenix","news",{"a":1}]"#);
        assert!(!told.contains("heartbeat"), "{told}");
    }

    #[test]
    fn binary_messages() {
        let mut talk = Talk::new(AppProtocol::Phoenix);
        assert_eq!(
            strip(&talk.binary(Side::Client, &client_push("1", "2", "t", "up", b"\x00\xff"))),
            r#""type":"up","topic":"t","event":"up","ref":"2","join_ref":"1","base64":"AP8=""#
        );
        assert_eq!(talk.summary(), "2 bytes");
        assert_eq!(
            strip(&talk.binary(Side::Server, &reply("1", "2", "t", "ok", b"[1]"))),
            r#""type":"phx_reply","topic":"t","event":"phx_reply","ref":"2","join_ref":"1","status":"ok","json":[1],"reply_to":1,"reply_to_type":"up","latency":0.001000000"#
        );
        assert_eq!((talk.summary(), talk.body()), ("ok 3 bytes", Some("[1]")));
        assert_eq!(
            strip(&talk.binary(Side::Server, &server_push("1", "t", "down", b"x"))),
            r#""type":"down","topic":"t","event":"down","join_ref":"1","text":"x""#
        );
        assert_eq!(
            strip(&talk.binary(Side::Server, &broadcast("t", "all", b""))),
            r#""type":"all","topic":"t","event":"all","text":"""#
        );
    }

    #[test]
    fn what_cannot_be_read() {
        let mut talk = Talk::new(AppProtocol::Phoenix);
        for (message, sentence) in [
            ("x", "It is not JSON."),
            ("7", "It is neither an array nor an object."),
            ("[1,2,3,4]", "It is an array of other than 5 elements."),
            ("[1,2,3,4,5]", "Its topic and its event are not both strings."),
            ("{}", "Its topic and its event are not both strings."),
        ] {
            assert_eq!(
                strip(&talk.text(Side::Client, message)),
                format!(r#""malformed":"{sentence}""#)
            );
        }
    }

    #[test]
    fn it_shows_itself() {
        for shows in [
            r#"["1","1","realtime:x","phx_join",{}]"#,
            r#"{"topic":"realtime:x","event":"phx_reply","payload":{},"ref":"1"}"#,
        ] {
            assert!(Talk::unknown().text(Side::Client, shows).contains("phoenix"), "{shows}");
        }
        for other in [
            r#"["1","1","x","join",{}]"#,
            r#"{"event":"phx_reply"}"#,
            r#"["phx_join","phx_join","x","y",{}]"#,
        ] {
            assert_eq!(Talk::unknown().text(Side::Client, other), "", "{other}");
        }
    }
}

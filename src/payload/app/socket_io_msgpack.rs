//! Packets of Socket.IO whole in MessagePack, as its other parser has them
//! (socketio/socket.io-msgpack-parser).

use std::borrow::Cow;

use super::value::Value;
use crate::payload::formats::msgpack;

/// Heads of maps with two to fifteen members: no packet has fewer, and none so many
/// that writers would use a longer head.
const HEADS: std::ops::RangeInclusive<u8> = 0x82..=0x8f;

/// All that packets may have. `options` is what the library's senders note for
/// themselves.
const MEMBERS: [&str; 6] = ["type", "nsp", "id", "data", "attachments", "options"];

/// How JavaScript's writer says that there is nothing: an extension of type 0.
const UNDEFINED: &str = r#"{"ext":0,"base64":"AA=="}"#;

/// A packet, which has its arguments and what is binary of them in itself.
pub(super) struct Packet<'a> {
    /// The number of the packet type.
    pub(super) kind: u64,
    pub(super) namespace: Cow<'a, str>,
    pub(super) id: Option<u64>,
    pub(super) data: Option<Value<'a>>,
}

/// The JSON of a binary message, if that may be a packet.
pub(super) fn to_json(bytes: &[u8]) -> Option<String> {
    let is_map = bytes.first().is_some_and(|head| HEADS.contains(head));
    is_map.then(|| msgpack::to_json(bytes).ok()).flatten()
}

impl<'a> Packet<'a> {
    /// The packet that this is: a map with a type and a namespace, and nothing that
    /// packets do not have.
    pub(super) fn of(json: &'a str) -> Option<Self> {
        let json = Value::new(json);
        let mut has_others = false;
        json.each_member(|name, _| has_others |= !MEMBERS.contains(&name))?;
        let [kind, namespace, id, data] = json.members(["type", "nsp", "id", "data"])?;
        let id = id.filter(is_something).map(|id| id.number().ok_or(())).transpose().ok()?;
        Some(Self {
            kind: kind?.number()?,
            namespace: namespace?.string()?,
            id,
            data: data.filter(is_something),
        })
        .filter(|packet| !has_others && packet.namespace.starts_with('/'))
    }
}

fn is_something(value: &Value<'_>) -> bool {
    !value.is_null() && value.text() != UNDEFINED
}

#[cfg(test)]
mod tests {
    use super::super::tests::Talk;
    use crate::types::AppProtocol;
    use crate::types::Side::{Client, Server};

    /// A packet as the parser writes it: a map of these members.
    fn packet(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0x80 + members.len() as u8];
        for (name, value) in members {
            bytes.push(0xa0 + name.len() as u8);
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(value);
        }
        bytes
    }

    fn talk() -> Talk {
        Talk::new(AppProtocol::SocketIo)
    }

    /// What is said beside the protocol.
    fn socket(told: &str) -> String {
        told.replace(r#""protocol":"socket.io","#, "")
    }

    #[test]
    fn packets_of_every_type() {
        let mut talk = talk();
        for (members, told, said) in [
            (
                &[("type", &b"\x00"[..]), ("data", b"\x81\xa5token\xa1t"), ("nsp", b"\xa1/")][..],
                r#"{"type":"CONNECT","namespace":"/","data":{"token":"t"}}"#,
                "",
            ),
            (
                &[("type", b"\x00"), ("data", b"\xd4\x00\x00"), ("nsp", b"\xa6/admin")],
                r#"{"type":"CONNECT","namespace":"/admin"}"#,
                "",
            ),
            (
                &[("type", b"\x01"), ("nsp", b"\xa6/admin")],
                r#"{"type":"DISCONNECT","namespace":"/admin"}"#,
                "",
            ),
            (
                &[
                    ("type", b"\x02"),
                    ("data", b"\x92\xa5greet\xa4Zo\xc3\xab"),
                    ("options", b"\x81\xa8compress\xc3"),
                    ("nsp", b"\xa1/"),
                ],
                r#"{"type":"EVENT","namespace":"/","event":"greet","data":["Zoë"]}"#,
                r#"greet "Zoë""#,
            ),
            (
                &[("type", b"\x04"), ("data", b"\x81\xa7message\xa2No"), ("nsp", b"\xa1/")],
                r#"{"type":"CONNECT_ERROR","namespace":"/","data":{"message":"No"}}"#,
                "No",
            ),
            (
                &[
                    ("type", b"\x05"),
                    ("attachments", b"\x01"),
                    ("data", b"\x92\xa1b\xc4\x02\x00\xff"),
                    ("nsp", b"\xa1/"),
                ],
                r#"{"type":"BINARY_EVENT","namespace":"/","event":"b","data":[{"base64":"AP8="}],"attachments":0}"#,
                r#"b {"base64":"AP8="}"#,
            ),
        ] {
            assert_eq!(socket(&talk.binary(Client, &packet(members))), told);
            assert_eq!(talk.summary(), said, "{told}");
            let channel = if told.contains("/admin") { "/admin" } else { "" };
            assert_eq!(talk.channel(), channel, "{told}");
        }
        assert_eq!(socket(&talk.text(Server, "2")), r#"{"type":"ping","heartbeat":true}"#);
    }

    #[test]
    fn an_acknowledgement_answers_its_event() {
        let mut talk = talk();
        let event =
            [("type", &b"\x02"[..]), ("data", b"\x91\xa3add"), ("nsp", b"\xa1/"), ("id", b"\x07")];
        assert_eq!(
            socket(&talk.binary(Client, &packet(&event))),
            r#"{"type":"EVENT","namespace":"/","event":"add","id":7,"data":[]}"#
        );
        let ack =
            [("type", &b"\x03"[..]), ("data", b"\x91\x03"), ("nsp", b"\xa1/"), ("id", b"\x07")];
        assert_eq!(
            socket(&talk.binary(Server, &packet(&ack))),
            r#"{"type":"ACK","namespace":"/","id":7,"data":[3],"reply_to":1,"reply_to_type":"add","latency":0.001000000}"#
        );
        assert_eq!(talk.body(), Some("[3]"));
    }

    #[test]
    fn packets_are_read_after_something_is_missing() {
        let mut talk = talk();
        talk.gap(Client);
        let event = [("type", &b"\x02"[..]), ("data", b"\x91\xa1a"), ("nsp", b"\xa1/")];
        assert!(talk.binary(Client, &packet(&event)).contains(r#""event":"a""#));
    }

    #[test]
    fn what_an_event_waits_for_is_its_attachment() {
        let mut talk = talk();
        talk.text(Client, r#"451-["a",{"_placeholder":true,"num":0}]"#);
        let event = [("type", &b"\x02"[..]), ("data", b"\x91\xa1a"), ("nsp", b"\xa1/")];
        assert!(talk.binary(Client, &packet(&event)).contains(r#""type":"attachment""#));
    }

    #[test]
    fn packets_show_that_it_is_socket_io() {
        let connect = packet(&[("type", b"\x00"), ("nsp", b"\xa1/")]);
        let mut talk = Talk::new(AppProtocol::EngineIo);
        assert!(talk.binary(Client, b"\x00\xff").contains(r#""protocol":"engine.io""#));
        assert_eq!(
            talk.binary(Client, &connect),
            r#"{"protocol":"socket.io","type":"CONNECT","namespace":"/"}"#
        );
        assert!(talk.text(Server, "2").contains("socket.io"));
    }

    #[test]
    fn what_is_no_packet() {
        let mut talk = talk();
        let expected =
            r#"{"malformed":"It belongs to no event, and is no packet in MessagePack."}"#;
        for members in [
            &[("type", &b"\x02"[..]), ("data", b"\x91\xa1a")][..],
            &[("data", b"\x91\xa1a"), ("nsp", b"\xa1/")],
            &[("type", b"\xa12"), ("nsp", b"\xa1/")],
            &[("type", b"\x07"), ("nsp", b"\xa1/")],
            &[("type", b"\x02"), ("nsp", b"\xa5admin")],
            &[("type", b"\x02"), ("nsp", b"\xa1/"), ("id", b"\xa17")],
            &[("type", b"\x02"), ("nsp", b"\xa1/"), ("user", b"\x01")],
        ] {
            assert_eq!(socket(&talk.binary(Client, &packet(members))), expected, "{members:?}");
        }
        let whole = packet(&[("type", b"\x02"), ("data", b"\x91\xa1a"), ("nsp", b"\xa1/")]);
        for end in 0..whole.len() {
            assert_eq!(socket(&talk.binary(Client, &whole[..end])), expected, "{end}");
        }
        for (data, why) in [
            (&b"\xa1a"[..], "Its data is not an array."),
            (b"\xc0", "Its data is not an array."),
            (b"\x90", "It has no event name."),
        ] {
            let event = packet(&[("type", b"\x02"), ("data", data), ("nsp", b"\xa1/")]);
            assert_eq!(
                socket(&talk.binary(Client, &event)),
                format!(r#"{{"type":"EVENT","namespace":"/","malformed":"{why}"}}"#)
            );
        }
    }
}

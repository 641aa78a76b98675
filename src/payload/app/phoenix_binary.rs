//! Messages of Phoenix channels as bytes (`V2.JSONSerializer`, and `serializer.js`
//! of its client).
//!
//! ```text
//!                  0  lengths, a byte each              what they are of, and the payload
//! client's push    0  join_ref ref topic event          join_ref ref topic event payload
//! server's push    0  join_ref topic event              join_ref topic event payload
//! reply            1  join_ref ref topic status         join_ref ref topic status payload
//! broadcast        2  topic event                       topic event payload
//! ```

use std::borrow::Cow;

use super::Malformed;
use super::value::Value;
use crate::types::Side;

/// A message, in whichever form.
pub(super) struct Message<'a> {
    pub(super) join_ref: Option<Cow<'a, str>>,
    pub(super) reference: Option<Cow<'a, str>>,
    pub(super) topic: Cow<'a, str>,
    pub(super) event: Cow<'a, str>,
    /// Of replies, where it is not in the payload.
    pub(super) status: Option<Cow<'a, str>>,
    pub(super) payload: Option<Payload<'a>>,
}

#[derive(Clone, Copy)]
pub(super) enum Payload<'a> {
    Json(Value<'a>),
    Bytes(&'a [u8]),
}

impl<'a> Message<'a> {
    /// Reads one that this side sent.
    pub(super) fn of_binary(bytes: &'a [u8], from: Side) -> Result<Self, Malformed> {
        let (kind, rest) = bytes.split_first().ok_or_else(ends_early)?;
        let none = Cow::Borrowed("");
        let ([join_ref, reference, topic, event], payload) = match (kind, from) {
            (0, Side::Client) | (1, _) => texts(rest)?,
            (0, Side::Server) => {
                let ([join_ref, topic, event], payload) = texts(rest)?;
                ([join_ref, none, topic, event], payload)
            }
            (2, _) => {
                let ([topic, event], payload) = texts(rest)?;
                ([none.clone(), none, topic, event], payload)
            }
            _ => return Err(Malformed::new(format!("Its first byte, {kind}, is of no kind."))),
        };
        let some = |text: Cow<'a, str>| Some(text).filter(|text| !text.is_empty());
        let (event, status) = match kind {
            1 => (Cow::Borrowed("phx_reply"), Some(event)),
            _ => (event, None),
        };
        let payload = Some(Payload::Bytes(payload));
        Ok(Self {
            join_ref: some(join_ref),
            reference: some(reference),
            topic,
            event,
            status,
            payload,
        })
    }
}

/// So many texts, whose lengths come first, and what is behind them.
fn texts<const N: usize>(bytes: &[u8]) -> Result<([Cow<'_, str>; N], &[u8]), Malformed> {
    let (lengths, mut rest) = bytes.split_first_chunk::<N>().ok_or_else(ends_early)?;
    let mut texts = [const { Cow::Borrowed("") }; N];
    for (text, length) in texts.iter_mut().zip(lengths) {
        let (bytes, behind) = rest.split_at_checked(usize::from(*length)).ok_or_else(ends_early)?;
        *text = String::from_utf8_lossy(bytes);
        rest = behind;
    }
    Ok((texts, rest))
}

fn ends_early() -> Malformed {
    Malformed::new("It ends before its payload.")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn message(kind: u8, texts: &[&str], payload: &[u8]) -> Vec<u8> {
        let mut message = vec![kind];
        message.extend(texts.iter().map(|text| text.len() as u8));
        message.extend(texts.concat().bytes());
        message.extend(payload);
        message
    }

    pub(in super::super) fn client_push(
        join_ref: &str,
        reference: &str,
        topic: &str,
        event: &str,
        payload: &[u8],
    ) -> Vec<u8> {
        message(0, &[join_ref, reference, topic, event], payload)
    }

    pub(in super::super) fn server_push(
        join_ref: &str,
        topic: &str,
        event: &str,
        payload: &[u8],
    ) -> Vec<u8> {
        message(0, &[join_ref, topic, event], payload)
    }

    pub(in super::super) fn reply(
        join_ref: &str,
        reference: &str,
        topic: &str,
        status: &str,
        payload: &[u8],
    ) -> Vec<u8> {
        message(1, &[join_ref, reference, topic, status], payload)
    }

    pub(in super::super) fn broadcast(topic: &str, event: &str, payload: &[u8]) -> Vec<u8> {
        message(2, &[topic, event], payload)
    }

    #[test]
    fn cut_at_every_byte() {
        let payload = b"payload";
        for (from, message) in [
            (Side::Client, client_push("1", "23", "room:é", "news", payload)),
            (Side::Server, server_push("1", "room", "news", payload)),
            (Side::Server, reply("1", "23", "room", "ok", payload)),
            (Side::Server, broadcast("room", "news", payload)),
        ] {
            for end in 0..message.len() {
                let is_read = Message::of_binary(&message[..end], from).is_ok();
                assert_eq!(is_read, end >= message.len() - payload.len(), "{end}");
            }
        }
    }

    #[test]
    fn what_is_not_utf_8_and_what_is_no_kind() {
        let read = Message::of_binary(b"\x02\x01\x01\xffe", Side::Server).ok().unwrap();
        assert_eq!((&*read.topic, &*read.event), ("\u{fffd}", "e"));
        let error = Message::of_binary(&[3, 0, 0, 0, 0], Side::Client).err().unwrap();
        assert_eq!(error.0, "Its first byte, 3, is of no kind.");
    }
}

//! Channels of Kubernetes for `exec` and `attach` (k8s.io/apimachinery,
//! `pkg/util/remotecommand`, and k8s.io/apiserver, `pkg/util/wsstream`).

use std::borrow::Cow;

use super::base64_text::from_base64;
use super::data::Data;
use super::story::Telling;
use super::terminal::{bytes, json_object};
use super::{Decoder, Malformed};

/// The streams of a process in a container, each a channel of its own. What it
/// prints stays as it is, escape sequences included.
pub(super) struct Kubernetes;

impl Decoder for Kubernetes {
    fn read(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        let Sent { channel, payload } = Sent::read(data)?;
        let kind = kind(channel);
        telling.packet(kind).facts().number("channel", channel);
        match kind {
            "error" => error(&payload, telling),
            "resize" => resize(&payload, telling),
            "close" => close(&payload, telling)?,
            _ => bytes(&payload, telling),
        }
        Ok(())
    }
}

/// What was sent to a channel.
pub(super) struct Sent<'a> {
    pub(super) channel: u8,
    pub(super) payload: Cow<'a, [u8]>,
}

impl<'a> Sent<'a> {
    /// The first byte is the channel's number. In the protocols with base64, which
    /// have text only, it is a digit; other text is below those.
    pub(super) fn read(data: &Data<'a>) -> Result<Self, Malformed> {
        let (first, rest) =
            data.payload.split_first().ok_or_else(|| Malformed::new("It is empty."))?;
        if !data.is_text || *first < b'0' {
            return Ok(Self { channel: *first, payload: Cow::Borrowed(rest) });
        }
        let text = str::from_utf8(rest).map_err(|_| Malformed::new("It is not base64."))?;
        Ok(Self { channel: first - b'0', payload: Cow::Owned(from_base64(text)?) })
    }
}

fn kind(channel: u8) -> &'static str {
    match channel {
        0 => "stdin",
        1 => "stdout",
        2 => "stderr",
        3 => "error",
        4 => "resize",
        // Version 5.
        255 => "close",
        _ => "unknown",
    }
}

/// How it ended: a Status, as of version 4, or text.
fn error(payload: &[u8], telling: &mut Telling<'_>) {
    telling.facts().payload(payload);
    let text = String::from_utf8_lossy(payload);
    match json_object(&text).and_then(|json| json.members(["status", "message"])) {
        Some([Some(status), message]) => {
            telling.say(&status.plain());
            if let Some(message) = message {
                telling.say(": ").say(&message.plain());
            }
        }
        _ => {
            telling.say(&text);
        }
    }
    telling.body(payload);
}

fn resize(payload: &[u8], telling: &mut Telling<'_>) {
    telling.facts().payload(payload);
    let text = String::from_utf8_lossy(payload);
    let members = json_object(&text).and_then(|json| json.members(["Width", "Height"]));
    if let Some([Some(width), Some(height)]) = members {
        telling.say(width.text()).say("×").say(height.text());
    }
    telling.body(payload);
}

fn close(payload: &[u8], telling: &mut Telling<'_>) -> Result<(), Malformed> {
    let &[channel] = payload else {
        return Err(Malformed::new("It does not name one channel to close."));
    };
    telling.facts().number("closes", channel);
    telling.say(kind(channel));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::Talk;
    use crate::types::{AppProtocol, Opcode, Side};

    fn told(opcode: Opcode, message: &[u8]) -> (String, String) {
        let mut talk = Talk::new(AppProtocol::Kubernetes);
        let told = talk.message(Side::Server, opcode, message);
        let facts = told.strip_prefix(r#"{"protocol":"kubernetes","#).unwrap();
        (facts.strip_suffix('}').unwrap().to_owned(), talk.summary().to_owned())
    }

    #[test]
    fn each_channel() {
        let failure = br#"{"metadata":{},"status":"Failure","message":"exit code 2"}"#;
        for (message, facts, summary) in [
            (&b"\x00ls\n"[..], r#""type":"stdin","channel":0,"text":"ls\n""#, "ls\n"),
            (
                b"\x01\x1b[1m42",
                r#""type":"stdout","channel":1,"text":"\u001b[1m42""#,
                "\u{1b}[1m42",
            ),
            (b"\x0142", r#""type":"stdout","channel":1,"text":"42""#, "42"),
            (b"\x01", r#""type":"stdout","channel":1,"text":"""#, ""),
            (b"\x02\xff", r#""type":"stderr","channel":2,"base64":"/w==""#, "\u{fffd}"),
            (
                b"\x03{\"status\":\"Success\"}",
                r#""type":"error","channel":3,"json":{"status":"Success"}"#,
                "Success",
            ),
            (
                b"\x03no such file",
                r#""type":"error","channel":3,"text":"no such file""#,
                "no such file",
            ),
            (
                b"\x04{\"Width\":80,\"Height\":24}",
                r#""type":"resize","channel":4,"json":{"Width":80,"Height":24}"#,
                "80×24",
            ),
            (b"\xff\x00", r#""type":"close","channel":255,"closes":0"#, "stdin"),
            (b"\x07x", r#""type":"unknown","channel":7,"text":"x""#, "x"),
        ] {
            assert_eq!(told(Opcode::Binary, message), (facts.to_owned(), summary.to_owned()));
        }
        let (_, summary) = told(Opcode::Binary, &[b"\x03", &failure[..]].concat());
        assert_eq!(summary, "Failure: exit code 2");
    }

    #[test]
    fn as_base64_and_as_other_text() {
        for (message, facts) in [
            ("0bHMK", r#""type":"stdin","channel":0,"text":"ls\n""#),
            ("1/w==", r#""type":"stdout","channel":1,"base64":"/w==""#),
            ("0", r#""type":"stdin","channel":0,"text":"""#),
            ("\0ls\n", r#""type":"stdin","channel":0,"text":"ls\n""#),
        ] {
            assert_eq!(told(Opcode::Text, message.as_bytes()).0, facts);
        }
    }

    #[test]
    fn what_cannot_be_read() {
        for (opcode, message, facts) in [
            (Opcode::Binary, &b""[..], r#""malformed":"It is empty.""#),
            (
                Opcode::Text,
                b"1!",
                r#""malformed":"Its base64 is broken: Invalid symbol 33, offset 0.""#,
            ),
            (Opcode::Text, b"1\xff", r#""malformed":"It is not base64.""#),
            (
                Opcode::Binary,
                b"\xff",
                r#""type":"close","channel":255,"malformed":"It does not name one channel to close.""#,
            ),
        ] {
            assert_eq!(told(opcode, message).0, facts);
        }
    }
}

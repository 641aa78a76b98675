//! GoTTY (`webtty/message_types.go` and `webtty/webtty.go` of GoTTY 2).

use std::borrow::Cow;

use super::base64_text::from_base64;
use super::data::Data;
use super::requests::Then;
use super::story::Telling;
use super::terminal::{bytes, init, resize, split_command};
use super::value::Value;
use super::{Decoder, Malformed};
use crate::types::Side;

/// Text, of which the first character tells what it is. What the terminal prints
/// stays as it is, escape sequences included.
#[derive(Default)]
pub(super) struct Gotty {
    /// The client said that it sends input as base64.
    is_input_base64: bool,
}

impl Decoder for Gotty {
    fn read(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        let text = data.needs_text()?;
        match data.from {
            Side::Client if text.starts_with('{') => init(data.needs_json()?, telling),
            Side::Client => self.client(text, telling),
            Side::Server => server(text, telling),
        }
    }

    /// Pings have nothing that tells them apart.
    fn repeats_keys(&self) -> bool {
        true
    }
}

impl Gotty {
    fn client(&mut self, text: &str, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        let (command, rest) = split_command(text)?;
        match command {
            "1" => {
                telling.packet("input").facts().text("command", command);
                let input = if self.is_input_base64 {
                    Cow::Owned(from_base64(rest)?)
                } else {
                    Cow::Borrowed(rest.as_bytes())
                };
                bytes(&input, telling);
            }
            "2" => {
                telling.packet("ping").asks(b"", "ping");
                heartbeat(command, rest, telling);
            }
            "3" => {
                telling.packet("resize").facts().text("command", command);
                resize(rest, telling)?;
            }
            "4" => {
                telling.packet("encoding").facts().text("command", command).text("text", rest);
                telling.say(rest);
                self.is_input_base64 = rest == "base64";
            }
            _ => unknown(command, telling),
        }
        Ok(())
    }
}

fn server(text: &str, telling: &mut Telling<'_>) -> Result<(), Malformed> {
    let (command, rest) = split_command(text)?;
    match command {
        "1" => {
            telling.packet("output").facts().text("command", command);
            bytes(&from_base64(rest)?, telling);
        }
        "2" => {
            telling.packet("pong").answers(b"", Then::Done);
            heartbeat(command, rest, telling);
        }
        "3" => {
            telling.packet("window_title").facts().text("command", command).text("text", rest);
            telling.say(rest);
        }
        "4" => {
            telling.packet("preferences").facts().text("command", command);
            telling.facts().payload(rest.as_bytes());
            telling.say(rest).body(rest.as_bytes());
        }
        "5" => number("reconnect", "seconds", command, rest, telling)?,
        "6" => number("buffer_size", "bytes", command, rest, telling)?,
        _ => unknown(command, telling),
    }
    Ok(())
}

/// A ping or pong, which has nothing behind its command.
fn heartbeat(command: &str, rest: &str, telling: &mut Telling<'_>) {
    telling.facts().text("command", command);
    if rest.is_empty() {
        telling.heartbeat();
    }
}

fn number(
    kind: &str,
    name: &str,
    command: &str,
    rest: &str,
    telling: &mut Telling<'_>,
) -> Result<(), Malformed> {
    telling.packet(kind).facts().text("command", command);
    let number = Value::new(rest)
        .number()
        .ok_or_else(|| Malformed::new("What follows the command is not a whole number."))?;
    telling.facts().number(name, number);
    telling.say(&format!("{number} {name}"));
    Ok(())
}

fn unknown(command: &str, telling: &mut Telling<'_>) {
    telling.packet("unknown").facts().text("command", command);
}

#[cfg(test)]
mod tests {
    use super::super::tests::Talk;
    use crate::types::{AppProtocol, Side};

    fn told(talk: &mut Talk, from: Side, message: &str) -> String {
        let told = talk.text(from, message);
        told.strip_prefix(r#"{"protocol":"gotty","#).unwrap().strip_suffix('}').unwrap().to_owned()
    }

    #[test]
    fn what_clients_send() {
        let mut talk = Talk::new(AppProtocol::Gotty);
        for (message, facts, summary) in [
            (
                r#"{"Arguments":"?arg=x","AuthToken":"me:secret"}"#,
                r#""type":"init","command":"{","json":{"Arguments":"?arg=x"}"#,
                r#"Arguments: ?arg=x"#,
            ),
            ("1ls\r", r#""type":"input","command":"1","text":"ls\r""#, "ls\r"),
            ("1", r#""type":"input","command":"1","text":"""#, ""),
            (
                r#"3{"columns":80,"rows":24}"#,
                r#""type":"resize","command":"3","columns":80,"rows":24,"json":{"columns":80,"rows":24}"#,
                "80×24",
            ),
            ("4base64", r#""type":"encoding","command":"4","text":"base64""#, "base64"),
            ("1bHMK", r#""type":"input","command":"1","text":"ls\n""#, "ls\n"),
            ("4null", r#""type":"encoding","command":"4","text":"null""#, "null"),
            ("1bHMK", r#""type":"input","command":"1","text":"bHMK""#, "bHMK"),
            ("0x", r#""type":"unknown","command":"0""#, ""),
            ("é", r#""type":"unknown","command":"é""#, ""),
        ] {
            assert_eq!(told(&mut talk, Side::Client, message), facts);
            assert_eq!(talk.summary(), summary);
        }
    }

    #[test]
    fn what_servers_send() {
        let mut talk = Talk::new(AppProtocol::Gotty);
        for (message, facts, summary) in [
            (
                "1G1sxbUdyw7zDn2UNCg==",
                r#""type":"output","command":"1","text":"\u001b[1mGrüße\r\n""#,
                "\u{1b}[1mGrüße\r\n",
            ),
            // Cut within a code point.
            ("1w7w=", r#""type":"output","command":"1","text":"ü""#, "ü"),
            ("1w7zD", r#""type":"output","command":"1","base64":"w7zD""#, "ü\u{fffd}"),
            (
                "3bash@host",
                r#""type":"window_title","command":"3","text":"bash@host""#,
                "bash@host",
            ),
            (r#"4{"a":1}"#, r#""type":"preferences","command":"4","json":{"a":1}"#, r#"{"a":1}"#),
            ("510", r#""type":"reconnect","command":"5","seconds":10"#, "10 seconds"),
            ("61024", r#""type":"buffer_size","command":"6","bytes":1024"#, "1024 bytes"),
            ("9", r#""type":"unknown","command":"9""#, ""),
        ] {
            assert_eq!(told(&mut talk, Side::Server, message), facts);
            assert_eq!(talk.summary(), summary);
        }
    }

    #[test]
    fn pings_are_answered() {
        let mut talk = Talk::new(AppProtocol::Gotty);
        assert_eq!(
            told(&mut talk, Side::Client, "2"),
            r#""type":"ping","command":"2","heartbeat":true"#
        );
        assert_eq!(
            told(&mut talk, Side::Server, "2"),
            r#""type":"pong","command":"2","heartbeat":true,"reply_to":1,"reply_to_type":"ping","latency":0.001000000"#
        );
        talk.text(Side::Client, "2");
        talk.gap(Side::Client);
        assert!(!told(&mut talk, Side::Server, "2").contains("reply_to"));
    }

    #[test]
    fn a_ping_that_says_something_is_no_heartbeat() {
        let mut talk = Talk::new(AppProtocol::Gotty);
        assert_eq!(told(&mut talk, Side::Client, "2ls"), r#""type":"ping","command":"2""#);
    }

    #[test]
    fn what_cannot_be_read() {
        let mut talk = Talk::new(AppProtocol::Gotty);
        for (from, message, facts) in [
            (Side::Client, "", r#""malformed":"It is empty.""#),
            (Side::Client, "{x", r#""malformed":"It is not JSON.""#),
            (
                Side::Client,
                "3{",
                r#""type":"resize","command":"3","malformed":"What follows the command is not a JSON object.""#,
            ),
            (
                Side::Server,
                "1!",
                r#""type":"output","command":"1","malformed":"Its base64 is broken: Invalid symbol 33, offset 0.""#,
            ),
            (
                Side::Server,
                "5x",
                r#""type":"reconnect","command":"5","malformed":"What follows the command is not a whole number.""#,
            ),
        ] {
            assert_eq!(told(&mut talk, from, message), facts);
        }
        assert!(talk.binary(Side::Server, b"\xff").contains("It is not text."));
    }
}

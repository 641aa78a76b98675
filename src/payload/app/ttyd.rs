//! ttyd (`src/server.h` and `src/protocol.c`).

use super::data::Data;
use super::requests::Then;
use super::story::Telling;
use super::terminal::{bytes, init, json_object, resize};
use super::value::Value;
use super::{Decoder, Malformed};
use crate::types::Side;

/// Binary or text, of which the first character tells what it is. The numbering
/// changed with version 1.5; what follows tells which it is:
///
/// ```text
///                  0       1             2                 3           4
/// client until 1.4 input   ping          resize {}
///        since 1.5 input   resize {}     pause             resume
/// server until 1.4 output  pong          window_title      preferences reconnect
///        since 1.5 output  window_title  preferences {}    reconnect
/// ```
///
/// What the terminal prints stays as it is, escape sequences included.
pub(super) struct Ttyd;

impl Decoder for Ttyd {
    fn read(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        let (command, rest) =
            data.payload.split_first().ok_or_else(|| Malformed::new("It is empty."))?;
        let kind = match (data.from, command) {
            (Side::Client, b'{') => return init(data.needs_json()?, telling),
            (Side::Client, _) => client(*command, rest),
            (Side::Server, _) => server(*command, rest),
        };
        telling.packet(kind).facts().text("command", &char::from(*command).to_string());
        tell(kind, rest, telling)
    }

    /// Pings have nothing that tells them apart.
    fn repeats_keys(&self) -> bool {
        true
    }
}

fn client(command: u8, rest: &[u8]) -> &'static str {
    match (command, rest) {
        (b'0', _) => "input",
        (b'1', []) => "ping",
        (b'1', _) | (b'2', [_, ..]) => "resize",
        (b'2', []) => "pause",
        (b'3', _) => "resume",
        _ => "unknown",
    }
}

fn server(command: u8, rest: &[u8]) -> &'static str {
    match (command, rest) {
        (b'0', _) => "output",
        (b'1', []) => "pong",
        (b'1', _) => "window_title",
        (b'2' | b'3', [b'{', ..]) => "preferences",
        (b'2', _) => "window_title",
        (b'3' | b'4', _) => "reconnect",
        _ => "unknown",
    }
}

fn tell(kind: &str, rest: &[u8], telling: &mut Telling<'_>) -> Result<(), Malformed> {
    match kind {
        "input" | "output" | "window_title" => bytes(rest, telling),
        "ping" => {
            telling.heartbeat().asks(b"", "ping");
        }
        "pong" => {
            telling.heartbeat().answers(b"", Then::Done);
        }
        "resize" => resize(text(rest)?, telling)?,
        "preferences" => {
            let json = json_object(text(rest)?)
                .ok_or_else(|| Malformed::new("What follows the command is not a JSON object."))?;
            telling.facts().json("json", json);
            telling.say(json.text()).body(json.text().as_bytes());
        }
        "reconnect" => {
            let seconds = Value::new(text(rest)?)
                .number()
                .ok_or_else(|| Malformed::new("What follows the command is not a whole number."))?;
            telling.facts().number("seconds", seconds);
            telling.say(&format!("{seconds} seconds"));
        }
        _ => {}
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    str::from_utf8(bytes).map_err(|_| Malformed::new("What follows the command is not UTF-8."))
}

#[cfg(test)]
mod tests {
    use super::super::tests::Talk;
    use crate::types::{AppProtocol, Side};

    fn told(talk: &mut Talk, from: Side, message: &[u8]) -> String {
        let told = talk.binary(from, message);
        told.strip_prefix(r#"{"protocol":"ttyd","#).unwrap().strip_suffix('}').unwrap().to_owned()
    }

    #[test]
    fn what_clients_send() {
        let mut talk = Talk::new(AppProtocol::Ttyd);
        for (message, facts, summary) in [
            (
                r#"{"AuthToken":"bWU6c2VjcmV0","columns":80,"rows":24}"#,
                r#""type":"init","command":"{","json":{"columns":80,"rows":24}"#,
                "columns: 80, rows: 24",
            ),
            ("0ls\r", r#""type":"input","command":"0","text":"ls\r""#, "ls\r"),
            (
                r#"1{"columns":80,"rows":24}"#,
                r#""type":"resize","command":"1","columns":80,"rows":24,"json":{"columns":80,"rows":24}"#,
                "80×24",
            ),
            (
                r#"2{"columns":9,"rows":4}"#,
                r#""type":"resize","command":"2","columns":9,"rows":4,"json":{"columns":9,"rows":4}"#,
                "9×4",
            ),
            ("2", r#""type":"pause","command":"2""#, ""),
            ("3", r#""type":"resume","command":"3""#, ""),
            ("7x", r#""type":"unknown","command":"7""#, ""),
        ] {
            assert_eq!(told(&mut talk, Side::Client, message.as_bytes()), facts);
            assert_eq!(talk.summary(), summary);
        }
        assert_eq!(
            talk.text(Side::Client, "0x"),
            r#"{"protocol":"ttyd","type":"input","command":"0","text":"x"}"#
        );
    }

    #[test]
    fn what_servers_send() {
        let mut talk = Talk::new(AppProtocol::Ttyd);
        for (message, facts, summary) in [
            (
                &b"0\x1b[1mhi\r\n"[..],
                r#""type":"output","command":"0","text":"\u001b[1mhi\r\n""#,
                "\u{1b}[1mhi\r\n",
            ),
            (b"0\xc3", r#""type":"output","command":"0","base64":"ww==""#, "\u{fffd}"),
            (b"042", r#""type":"output","command":"0","text":"42""#, "42"),
            (
                b"1bash (host)",
                r#""type":"window_title","command":"1","text":"bash (host)""#,
                "bash (host)",
            ),
            (
                b"2bash (host)",
                r#""type":"window_title","command":"2","text":"bash (host)""#,
                "bash (host)",
            ),
            (b"2{\"a\": 1}", r#""type":"preferences","command":"2","json":{"a": 1}"#, "{\"a\": 1}"),
            (b"3{}", r#""type":"preferences","command":"3","json":{}"#, "{}"),
            (b"310", r#""type":"reconnect","command":"3","seconds":10"#, "10 seconds"),
            (b"410", r#""type":"reconnect","command":"4","seconds":10"#, "10 seconds"),
            (b"\xff", r#""type":"unknown","command":"ÿ""#, ""),
        ] {
            assert_eq!(told(&mut talk, Side::Server, message), facts);
            assert_eq!(talk.summary(), summary);
        }
    }

    #[test]
    fn pings_are_answered() {
        let mut talk = Talk::new(AppProtocol::Ttyd);
        assert_eq!(
            told(&mut talk, Side::Client, b"1"),
            r#""type":"ping","command":"1","heartbeat":true"#
        );
        assert_eq!(
            told(&mut talk, Side::Server, b"1"),
            r#""type":"pong","command":"1","heartbeat":true,"reply_to":1,"reply_to_type":"ping","latency":0.001000000"#
        );
    }

    #[test]
    fn what_cannot_be_read() {
        let mut talk = Talk::new(AppProtocol::Ttyd);
        for (from, message, facts) in [
            (Side::Client, &b""[..], r#""malformed":"It is empty.""#),
            (Side::Client, b"{x", r#""malformed":"It is not JSON.""#),
            (
                Side::Client,
                b"1[]",
                r#""type":"resize","command":"1","malformed":"What follows the command is not a JSON object.""#,
            ),
            (
                Side::Client,
                b"1\xff",
                r#""type":"resize","command":"1","malformed":"What follows the command is not UTF-8.""#,
            ),
            (
                Side::Server,
                b"2{",
                r#""type":"preferences","command":"2","malformed":"What follows the command is not a JSON object.""#,
            ),
            (
                Side::Server,
                b"3",
                r#""type":"reconnect","command":"3","malformed":"What follows the command is not a whole number.""#,
            ),
        ] {
            assert_eq!(told(&mut talk, from, message), facts);
        }
    }
}

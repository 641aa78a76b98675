//! Terminals of Jupyter (terminado, `terminado/websocket.py`).

use super::data::Data;
use super::story::Telling;
use super::value::Value;
use super::{Decoder, Malformed};

/// Arrays that begin with the name of what they are. What the terminal prints stays
/// as it is, escape sequences included.
pub(super) struct Terminado;

impl Decoder for Terminado {
    fn read(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        let ([name, first, second], count) =
            data.needs_json()?.elements().ok_or_else(|| Malformed::new("It is not an array."))?;
        let name = name
            .and_then(Value::string)
            .ok_or_else(|| Malformed::new("Its first element is not a string."))?;
        telling.packet(&name);
        match &*name {
            "stdin" | "stdout" => {
                let text = first
                    .and_then(Value::string)
                    .ok_or_else(|| Malformed::new("Its second element is not a string."))?;
                telling.facts().text("text", &text);
                telling.say(&text).body(text.as_bytes());
            }
            "set_size" => {
                telling.facts().json_if("rows", first).json_if("cols", second);
                if let (Some(rows), Some(columns)) = (first, second) {
                    telling.say(columns.text()).say("×").say(rows.text());
                }
            }
            // An object without members, and a number that is always 1.
            "setup" | "disconnect" => {}
            _ if count > 1 => {
                telling.say(&first.map(Value::plain).unwrap_or_default());
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Talk;
    use crate::types::{AppProtocol, Side};

    #[test]
    fn a_session() {
        let mut talk = Talk::new(AppProtocol::Terminado);
        for (from, message, facts, summary) in [
            (Side::Server, r#"["setup", {}]"#, r#""type":"setup""#, ""),
            (
                Side::Client,
                r#"["set_size", 24, 80, 480, 640.5]"#,
                r#""type":"set_size","rows":24,"cols":80"#,
                "80×24",
            ),
            (Side::Client, r#"["stdin", "ls\r"]"#, r#""type":"stdin","text":"ls\r""#, "ls\r"),
            (
                Side::Server,
                r#"["stdout", "\u001b[1mGr\u00fc\u00dfe\r\n"]"#,
                r#""type":"stdout","text":"\u001b[1mGrüße\r\n""#,
                "\u{1b}[1mGrüße\r\n",
            ),
            (Side::Server, r#"["disconnect", 1]"#, r#""type":"disconnect""#, ""),
            (Side::Client, r#"["switch", "2"]"#, r#""type":"switch""#, "2"),
        ] {
            let told = format!(r#"{{"protocol":"terminado",{facts}}}"#);
            assert_eq!(talk.text(from, message), told);
            assert_eq!(talk.summary(), summary);
        }
        talk.text(Side::Server, r#"["stdout", "a\n"]"#);
        assert_eq!(talk.body(), Some("a\n"));
    }

    #[test]
    fn what_cannot_be_read() {
        let mut talk = Talk::new(AppProtocol::Terminado);
        for (message, told) in [
            ("stdout", r#""malformed":"It is not JSON.""#),
            ("{}", r#""malformed":"It is not an array.""#),
            ("[]", r#""malformed":"Its first element is not a string.""#),
            ("[1]", r#""malformed":"Its first element is not a string.""#),
            (r#"["stdin"]"#, r#""type":"stdin","malformed":"Its second element is not a string.""#),
            (r#"["set_size"]"#, r#""type":"set_size""#),
            (r#"["x"]"#, r#""type":"x""#),
        ] {
            assert_eq!(
                talk.text(Side::Client, message),
                format!(r#"{{"protocol":"terminado",{told}}}"#)
            );
        }
    }
}

//! SockJS (the specification is sockjs-protocol, 0.3.3), as its transport
//! `websocket` carries it.

use super::data::Data;
use super::story::Telling;
use super::value::Value;
use super::{Decoder, Malformed};
use crate::types::Side;

/// Frames of the server, which begin with a letter ("Framing accepted by the
/// client"), and the client's messages, which are JSON.
pub(super) struct SockJs;

/// Whether a message can be of this protocol, with which many a plain one agrees.
pub(super) fn may_be(data: &Data<'_>) -> bool {
    let is_of_strings = |json: Value<'_>| {
        let mut all = true;
        json.each_element(|element| all &= element.is_string()).is_some_and(|()| all)
    };
    let may_be = |json: Value<'_>| json.is_string() || is_of_strings(json);
    match data.from {
        Side::Client => data.json().is_some_and(may_be),
        Side::Server => data.text().is_some_and(|frame| match frame.as_bytes() {
            b"o" | b"h" => true,
            [b'a' | b'm' | b'c', rest @ ..] => Value::of_bytes(rest).is_some(),
            _ => false,
        }),
    }
}

/// Whether a message is a frame with messages of a server: nothing else has the letter
/// before an array of strings.
pub(super) fn is_shown_by(data: &Data<'_>) -> bool {
    let text = data.text().filter(|_| data.is_text && data.from == Side::Server);
    let array = text.and_then(|text| text.strip_prefix('a'));
    let Some(array) = array.and_then(|rest| Value::of_bytes(rest.as_bytes())) else {
        return false;
    };
    let (mut count, mut strings) = (0_usize, 0);
    let array = array.each_element(|element| {
        count += 1;
        strings += usize::from(element.is_string());
    });
    array.is_some() && count > 0 && strings == count
}

impl Decoder for SockJs {
    fn read(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        match data.from {
            Side::Client => client(data.needs_json()?, telling),
            Side::Server => server(data.needs_text()?, telling),
        }
    }
}

/// An array of strings, or a single one.
fn client(json: Value<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
    if json.is_string() {
        message(json, telling);
        return Ok(());
    }
    array(json, telling)
}

fn server(frame: &str, telling: &mut Telling<'_>) -> Result<(), Malformed> {
    let letter = frame.chars().next().unwrap_or_default();
    let rest = frame.get(letter.len_utf8()..).unwrap_or_default();
    let payload = || {
        Value::of_bytes(rest.as_bytes())
            .ok_or_else(|| Malformed::new("What follows the letter is not JSON."))
    };
    match letter {
        'o' | 'h' if !rest.is_empty() => {
            return Err(Malformed::new("Something follows the letter."));
        }
        'o' => {
            telling.packet("open").body(b"");
        }
        'h' => {
            telling.packet("heartbeat").heartbeat();
        }
        'a' => array(payload()?, telling)?,
        'm' => message(payload()?, telling),
        'c' => close(payload()?, telling)?,
        _ => return Err(Malformed::new("It begins with none of the letters of SockJS.")),
    }
    Ok(())
}

fn array(json: Value<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
    let found = json.elements::<1>();
    let ([first], count) = found.ok_or_else(|| Malformed::new("It is not an array."))?;
    telling.packet("array");
    telling.facts().json("messages", json);
    // One alone reads better without the array around it.
    match first {
        Some(only) if count == 1 => telling.body(only.plain().as_bytes()),
        _ => telling.body(json.text().as_bytes()),
    };
    Ok(())
}

fn message(json: Value<'_>, telling: &mut Telling<'_>) {
    telling.packet("message");
    telling.facts().array("messages", |list| {
        list.json(json);
    });
    telling.body(json.plain().as_bytes());
}

fn close(json: Value<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
    let found = json.elements::<2>();
    let ([code, reason], _) = found.ok_or_else(|| Malformed::new("It is not an array."))?;
    telling.packet("close");
    telling.facts().json_if("code", code).json_if("reason", reason);
    let words = [code, reason].into_iter().flatten().map(Value::plain);
    telling.say(&words.collect::<Vec<_>>().join(" "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::Talk;
    use crate::types::Side::{self, Client, Server};
    use crate::types::{AppProtocol, Handshake};

    /// What is said beside the protocol, for people, and as body.
    fn said(from: Side, text: &str) -> (String, String, Option<String>) {
        let mut talk = Talk::new(AppProtocol::SockJs);
        let told = talk.text(from, text).replace(r#""protocol":"sockjs","#, "");
        (told, talk.summary().to_owned(), talk.body().map(str::to_owned))
    }

    #[test]
    fn frames_of_the_specification() {
        for (from, text, told, summary, body) in [
            (Server, "o", r#"{"type":"open"}"#, "", Some("")),
            (Server, "h", r#"{"type":"heartbeat","heartbeat":true}"#, "", None),
            (
                Server,
                r#"a["message"]"#,
                r#"{"type":"array","messages":["message"]}"#,
                "",
                Some("message"),
            ),
            (
                Server,
                r#"a["{\"x\":1}","b"]"#,
                r#"{"type":"array","messages":["{\"x\":1}","b"]}"#,
                "",
                Some(r#"["{\"x\":1}","b"]"#),
            ),
            (Server, "a[]", r#"{"type":"array","messages":[]}"#, "", Some("[]")),
            (
                Server,
                r#"m"mes\"sage""#,
                r#"{"type":"message","messages":["mes\"sage"]}"#,
                "",
                Some("mes\"sage"),
            ),
            (
                Server,
                r#"c[3000,"Go away!"]"#,
                r#"{"type":"close","code":3000,"reason":"Go away!"}"#,
                "3000 Go away!",
                None,
            ),
            (
                Client,
                r#"["{\"a\":[1]}"]"#,
                r#"{"type":"array","messages":["{\"a\":[1]}"]}"#,
                "",
                Some(r#"{"a":[1]}"#),
            ),
            (Client, r#""alone""#, r#"{"type":"message","messages":["alone"]}"#, "", Some("alone")),
        ] {
            let (found, for_people, carried) = said(from, text);
            assert_eq!(found, told, "{text}");
            assert_eq!((for_people.as_str(), carried.as_deref()), (summary, body), "{text}");
        }
    }

    #[test]
    fn what_its_first_message_may_be() {
        for (from, text, is_it) in [
            (Server, "o", true),
            (Server, r#"a["x"]"#, true),
            (Server, r#"c[3000,"Go away!"]"#, true),
            (Client, r#"["x"]"#, true),
            (Client, r#""x""#, true),
            (Server, "hello", false),
            (Server, "a", false),
            (Server, r#"{"type":"hello"}"#, false),
            (Client, "[1]", false),
            (Client, r#"{"type":"hello"}"#, false),
        ] {
            let handshake = Handshake {
                target: Some("/rooms/123/chat/websocket".into()),
                status: Some(101),
                ..Handshake::default()
            };
            let told = Talk::after(&handshake).text(from, text);
            assert_eq!(told.contains("sockjs"), is_it, "{text}");
            assert_eq!(told.is_empty(), !is_it, "{text}");
        }
    }

    #[test]
    fn a_frame_with_messages_shows_it() {
        for text in [r#"a["one"]"#, r#"a["{\"x\":1}","two"]"#] {
            assert!(Talk::unknown().text(Server, text).contains(r#""sockjs""#), "{text}");
            assert_eq!(Talk::unknown().text(Client, text), "", "{text}");
        }
        for other in [
            "o",
            "h",
            "a",
            "a[]",
            "a[1]",
            r#"a["a",1]"#,
            r#"a["a""#,
            r#"a["a"] b"#,
            r#"["a"]"#,
            "a{}",
        ] {
            assert_eq!(Talk::unknown().text(Server, other), "", "{other}");
        }
    }

    #[test]
    fn what_is_no_frame() {
        let letter = "It begins with none of the letters of SockJS.";
        let json = "What follows the letter is not JSON.";
        for (from, text, why) in [
            (Server, "", letter),
            (Server, "x[]", letter),
            (Server, "é", letter),
            (Server, "[\"a\"]", letter),
            (Server, "o[]", "Something follows the letter."),
            (Server, "h\"a\"", "Something follows the letter."),
            (Server, "a", json),
            (Server, "a[", json),
            (Server, "c3000", "It is not an array."),
            (Server, "a{}", "It is not an array."),
            (Client, "a[\"a\"]", "It is not JSON."),
            (Client, "", "It is not JSON."),
            (Client, "{}", "It is not an array."),
        ] {
            let expected = format!(r#"{{"malformed":"{why}"}}"#);
            assert_eq!(said(from, text).0, expected, "{text}");
        }
    }
}

//! What protocols of terminals in web pages have in common: GoTTY's, and ttyd's,
//! which was made after it.

use super::Malformed;
use super::story::Telling;
use super::value::Value;

/// The member of the first message with which a client shows that it may connect.
const AUTH_TOKEN: &str = "AuthToken";

/// The leading character, which tells what it is, and what follows.
pub(super) fn split_command(text: &str) -> Result<(&str, &str), Malformed> {
    let length = text.chars().next().map_or(0, char::len_utf8);
    text.split_at_checked(length)
        .filter(|(command, _)| !command.is_empty())
        .ok_or_else(|| Malformed::new("It is empty."))
}

/// What a client says first. Its token is left out, being a secret and of no
/// interest.
pub(super) fn init(json: Value<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
    telling.packet("init").facts().text("command", "{").object("json", |facts| {
        let _ = json.each_member(|name, value| {
            if name != AUTH_TOKEN {
                facts.json(name, value);
            }
        });
    });
    let mut separator = "";
    json.each_member(|name, value| {
        if name != AUTH_TOKEN {
            telling.say(separator).say(name).say(": ").say(&value.plain());
            separator = ", ";
        }
    })
    .ok_or_else(|| Malformed::new("It is not an object."))
}

/// The size that the terminal is to have: an object.
pub(super) fn resize(text: &str, telling: &mut Telling<'_>) -> Result<(), Malformed> {
    let (json, [columns, rows]) = json_object(text)
        .and_then(|json| Some((json, json.members(["columns", "rows"])?)))
        .ok_or_else(|| Malformed::new("What follows the command is not a JSON object."))?;
    telling.facts().json_if("columns", columns).json_if("rows", rows).json("json", json);
    if let (Some(columns), Some(rows)) = (columns, rows) {
        telling.say(columns.text()).say("×").say(rows.text());
    }
    Ok(())
}

/// What is typed and printed. It may be cut within a code point.
pub(super) fn bytes(bytes: &[u8], telling: &mut Telling<'_>) {
    telling.facts().stream(bytes);
    telling.say(&String::from_utf8_lossy(bytes)).body(bytes);
}

/// It as JSON, if it is an object.
pub(super) fn json_object(text: &str) -> Option<Value<'_>> {
    Value::of_bytes(text.as_bytes()).filter(|json| json.is_object())
}

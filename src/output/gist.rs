//! What a message says, in a few words.

use super::escape::one_line;
use crate::types::text::head;
use crate::types::{Body, Message};

/// Bytes of a message that are shown.
const LONGEST: usize = 120;

/// Bytes of a binary message that are shown, three characters each.
const LONGEST_BINARY: usize = 16;

/// Packets of the protocol inside that are told.
const MOST_PACKETS: usize = 3;

/// What a message says on one line that steers no terminal: the summaries of the
/// protocol inside where that is known, or else its beginning.
pub(crate) fn gist(message: &Message<'_>) -> String {
    let mut words = Vec::new();
    if let Some(app) = message.app {
        for packet in app.packets().take(MOST_PACKETS) {
            let parts = [packet.channel, packet.kind, packet.summary];
            words.extend(parts.into_iter().filter(|part| !part.is_empty()));
        }
    }
    if !words.is_empty() {
        return shown(&words.join(" "));
    }
    if let Some(close) = message.close {
        let code = close.code.map(|code| code.to_string());
        let parts = [code.as_deref(), close.code_name, close.reason];
        return shown(&parts.into_iter().flatten().collect::<Vec<_>>().join(" "));
    }
    match message.body {
        Body::Json(json) => shown(json.text()),
        Body::Text(text) => shown(text),
        Body::Binary(bytes) => {
            let shown = bytes.get(..LONGEST_BINARY).unwrap_or(bytes);
            let digits: Vec<String> = shown.iter().map(|byte| format!("{byte:02x}")).collect();
            let sign = if shown.len() < bytes.len() { "…" } else { "" };
            digits.join(" ") + sign
        }
    }
}

/// The beginning of a text, its white space as one space each.
fn shown(text: &str) -> String {
    let beginning = head(text, 4 * LONGEST);
    let line = beginning.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = one_line(&line);
    let cut = head(&line, LONGEST);
    let is_all = cut.len() == line.len() && beginning.len() == text.len();
    if is_all { cut.to_owned() } else { format!("{cut}…") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::output::samples::{CLOSE, hostile_text, is_harmless};
    use crate::types::{JsonText, Opcode, Side};

    fn of(body: Body<'_>) -> String {
        gist(&Message::new(Side::Client, Opcode::Text, body))
    }

    #[test]
    fn a_message_in_a_few_words() {
        assert_eq!(of(Body::Json(JsonText::new("{ \"a\":\n 1}"))), r#"{ "a": 1}"#);
        assert_eq!(of(Body::Text("said\x1b[2J \r\n twice")), r"said\x1b[2J twice");
        assert_eq!(of(Body::Text("")), "");
        assert_eq!(of(Body::Binary(&[0, 255, 16])), "00 ff 10");
        assert_eq!(gist(&CLOSE), "1000 Normal Closure bye");
        let long = of(Body::Binary(&[7; 99]));
        assert!(long.ends_with(" 07…") && long.len() < 60, "{long}");
        let long = of(Body::Text(&"é".repeat(99)));
        assert_eq!(long, format!("{}…", "é".repeat(60)));
    }

    proptest! {
        #[test]
        fn harmless_and_short(text in hostile_text()) {
            let gist = of(Body::Text(&text));
            prop_assert!(is_harmless(&gist) && !gist.contains('\n'), "{:?}", gist);
            prop_assert!(gist.len() <= LONGEST + '…'.len_utf8());
        }
    }
}

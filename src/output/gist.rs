//! What a message says, in a few words.

use super::escape::one_line;
use crate::types::text::head;
use crate::types::{Body, Message};

/// Bytes of a message that are shown.
const LONGEST: usize = 120;

/// What a message says on one line that steers no terminal: the summaries of the
/// protocol inside where that is known, or else its beginning.
pub(crate) fn gist(message: &Message<'_>) -> String {
    let mut words = Vec::new();
    if let Some(app) = message.app {
        for packet in app.packets().take(3) {
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
            let bytes: Vec<String> =
                bytes.iter().take(LONGEST / 8).map(|byte| format!("{byte:02x}")).collect();
            shown(&bytes.join(" "))
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

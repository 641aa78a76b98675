//! Writing JSON's literals.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(super) fn write_number(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// `text` as a JSON string.
pub(super) fn write_string(out: &mut Vec<u8>, text: &str) {
    let is_escaped = |byte: &u8| *byte < b' ' || matches!(byte, b'"' | b'\\');
    if !text.as_bytes().iter().any(is_escaped) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    // A string and a vector cannot fail.
    let _ = serde_json::to_writer(out, text);
}

/// `bytes` in base64 (RFC 4648 §4) as a JSON string.
pub(super) fn write_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    let start = out.len();
    let length = base64::encoded_len(bytes.len(), true).unwrap_or(0);
    out.resize(start + length, 0);
    if let Some(room) = out.get_mut(start..) {
        // There is room for all of it.
        let _ = STANDARD.encode_slice(bytes, room);
    }
    out.push(b'"');
}

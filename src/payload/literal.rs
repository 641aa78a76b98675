//! Writing JSON's literals.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(super) fn write_number(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// `text` as a JSON string.
pub(super) fn write_string(out: &mut Vec<u8>, text: &str) {
    if !has_escapes(text.as_bytes()) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    // A string and a vector cannot fail.
    let _ = serde_json::to_writer(out, text);
}

/// Whether JSON has to escape any of these bytes, eight of which are looked at
/// together.
fn has_escapes(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const TOPS: u64 = u64::from_ne_bytes([0x80; 8]);
    let is_in = |word: u64| {
        // A bit is borrowed from the top of a byte that is less.
        let below = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word;
        let quotes = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslashes = below(word ^ (ONES * u64::from(b'\\')), 1);
        (below(word, b' ') | quotes | backslashes) & TOPS != 0
    };
    let (words, rest) = bytes.as_chunks();
    let mut last = [b' '; 8];
    for (byte, place) in rest.iter().zip(&mut last) {
        *place = *byte;
    }
    words.iter().chain([&last]).any(|word| is_in(u64::from_ne_bytes(*word)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_as_serde_json_writes_it() {
        for length in 0..20 {
            for place in 0..=length {
                for letter in
                    ['a', '"', '\\', '\0', '\x1f', ' ', '!', '#', '\x7f', '\u{80}', 'é', '\u{a2}']
                {
                    let mut text = "x".repeat(length);
                    text.insert(place, letter);
                    let mut out = Vec::new();
                    write_string(&mut out, &text);
                    let expected = serde_json::to_string(&text).unwrap();
                    assert_eq!(String::from_utf8(out).unwrap(), expected);
                    assert_eq!(has_escapes(text.as_bytes()), expected.len() != text.len() + 2);
                }
            }
        }
    }
}

//! What strings of JSON say.

use std::borrow::Cow;

/// What a string says, given with its quotes. A surrogate without its other half
/// stands for itself in three bytes, which no text in UTF-8 has.
pub(crate) fn unescaped(string: &[u8]) -> Cow<'_, [u8]> {
    let inside = string.get(1..string.len().saturating_sub(1)).unwrap_or_default();
    let Some(first) = memchr::memchr(b'\\', inside) else {
        return Cow::Borrowed(inside);
    };
    let mut text = Vec::with_capacity(inside.len());
    let mut rest = inside;
    let mut plain = first;
    loop {
        let (before, escape) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        text.extend_from_slice(before);
        let Some(after) = escape.get(1..) else {
            return Cow::Owned(text);
        };
        rest = unescape(after, &mut text);
        plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
    }
}

/// Adds what the escape stands for whose backslash lies before `after`; what
/// follows it.
fn unescape<'a>(after: &'a [u8], text: &mut Vec<u8>) -> &'a [u8] {
    let Some((letter, rest)) = after.split_first() else {
        return after;
    };
    let byte = match letter {
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => {
            let (unit, rest) = unit(rest);
            return unescape_unit(unit, rest, text);
        }
        other => *other,
    };
    text.push(byte);
    rest
}

/// Four hexadecimal digits, and what follows them.
fn unit(text: &[u8]) -> (u32, &[u8]) {
    let (digits, rest) = text.split_at_checked(4).unwrap_or((text, &[]));
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0);
    (digits.iter().fold(0, |unit, byte| unit << 4 | digit(byte)), rest)
}

fn unescape_unit<'a>(first: u32, rest: &'a [u8], text: &mut Vec<u8>) -> &'a [u8] {
    if let Some(letter) = char::from_u32(first) {
        text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        return rest;
    }
    if (0xd800..0xdc00).contains(&first)
        && let Some(second) = rest.strip_prefix(b"\\u")
    {
        let (second, after) = unit(second);
        if (0xdc00..0xe000).contains(&second) {
            let letter = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            let letter = char::from_u32(letter).unwrap_or(char::REPLACEMENT_CHARACTER);
            text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            return after;
        }
    }
    let part = |shift: u32, bits: u32| (first >> shift & bits) as u8;
    text.extend_from_slice(&[0xe0 | part(12, 0xf), 0x80 | part(6, 0x3f), 0x80 | part(0, 0x3f)]);
    rest
}

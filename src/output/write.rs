//! Numbers and bytes written at the end of a buffer, without an allocation.

use std::fmt;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Writes `value` in decimal.
#[inline]
pub(super) fn decimal(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// The last `N` digits of `value`.
#[inline]
pub(super) fn digits<const N: usize>(mut value: u32) -> [u8; N] {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit += (value % 10) as u8;
        value /= 10;
    }
    digits
}

/// Writes `bytes` as two lower-case hex digits each.
pub(super) fn hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 0xf)]);
    }
}

/// Writes `bytes` in base64 (RFC 4648 §4).
pub(super) fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    let length = base64::encoded_len(bytes.len(), true).unwrap_or(0);
    out.resize(start + length, b'=');
    // The slice has the length that the encoder asked for, so it fits.
    let written =
        STANDARD.encode_slice(bytes, out.get_mut(start..).unwrap_or_default()).unwrap_or(0);
    out.truncate(start + written);
}

/// Writes what `value` shows.
pub(super) fn display(out: &mut Vec<u8>, value: impl fmt::Display) {
    // Writing to a vector cannot fail.
    let _ = write!(out, "{value}");
}

/// `value` in decimal with commas between thousands: `1,234,567`.
pub(crate) fn grouped(value: u64) -> String {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value);
    if digits.len() <= 3 {
        return digits.to_owned();
    }
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 byte`, `1,234 bytes`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn decimals() {
        for value in [0, 1, 9, 10, 99, 100, 1_234_567, u64::MAX] {
            assert_eq!(written(|out| decimal(out, value)), value.to_string());
        }
        assert_eq!(digits::<9>(7), *b"000000007");
        assert_eq!(digits::<3>(1_234), *b"234");
    }

    #[test]
    fn thousands() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(counted(1, "byte"), "1 byte");
        assert_eq!(counted(0, "byte"), "0 bytes");
    }

    #[test]
    fn bytes() {
        assert_eq!(written(|out| hex(out, &[0x00, 0x9f, 0xff])), "009fff");
        assert_eq!(written(|out| base64(out, b"")), "");
        assert_eq!(written(|out| base64(out, b"a")), "YQ==");
        assert_eq!(written(|out| base64(out, b"abc")), "YWJj");
        assert_eq!(written(|out| base64(out, &[0xfb, 0xff])), "+/8=");
    }
}

//! TLS, as far as it is recognised: so that a capture without readable
//! WebSocket traffic can say why.

/// Content types of records: change_cipher_spec to application_data
/// (RFC 8446 §5.1).
const CONTENT_TYPES: std::ops::RangeInclusive<u8> = 20..=23;

/// The longest record: 2^14 bytes and what encryption adds (RFC 5246 §6.2.3).
const MAX_RECORD: u16 = (1 << 14) + 2048;

/// Whether `bytes` begin with a TLS record of version 1.0 to 1.3 or SSL 3.0.
///
/// ```
/// use wsdump::tls::is_record;
/// assert!(is_record(&[22, 3, 1, 2, 0, 1]));
/// assert!(!is_record(b"GET / HTTP/1.1"));
/// ```
pub fn is_record(bytes: &[u8]) -> bool {
    let &[content_type, 3, minor, high, low, ..] = bytes else {
        return false;
    };
    let length = u16::from_be_bytes([high, low]);
    CONTENT_TYPES.contains(&content_type) && minor <= 4 && (1..=MAX_RECORD).contains(&length)
}

//! `Sec-WebSocket-Key` and `Sec-WebSocket-Accept` (RFC 6455 §4.2.2).

use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use base64::{Engine, alphabet};
use sha1::{Digest, Sha1};

use crate::types::AcceptStatus;

/// What the server appends to the key before hashing.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Bytes that a key encodes (RFC 6455 §4.1).
const KEY_BYTES: usize = 16;

/// The `Sec-WebSocket-Accept` that proves that the server read `key`.
///
/// ```
/// use wsdump::websocket::expected_accept;
/// assert_eq!(
///     expected_accept("dGhlIHNhbXBsZSBub25jZQ=="),
///     "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
/// );
/// ```
pub fn expected_accept(key: &str) -> String {
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    STANDARD.encode(digest)
}

/// Judges the `Sec-WebSocket-Accept` of a response, byte for byte.
pub fn judge_accept(key: Option<&str>, accept: Option<&str>) -> AcceptStatus {
    match (key.filter(|key| is_valid_key(key)), accept) {
        (None, _) => AcceptStatus::InvalidKey,
        (Some(_), None) => AcceptStatus::Missing,
        (Some(key), Some(accept)) if accept == expected_accept(key) => AcceptStatus::Valid,
        (Some(_), Some(_)) => AcceptStatus::Mismatch,
    }
}

/// 16 bytes in base64, with padding: 24 characters. The four bits that the last
/// of them has too many may be anything.
pub(super) fn is_valid_key(key: &str) -> bool {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    let mut bytes = [0; KEY_BYTES + 2];
    matches!(LENIENT.decode_slice(key, &mut bytes), Ok(KEY_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_pairs() {
        for (key, accept) in [
            ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            ("gk6AiBD48FKZC2RUFMH/ow==", "e5/mWaJy8r13Fsq0la9Rql8R27k="),
            ("xqBt3ImNzJbYqRINxEFlkg==", "K7DJLdLooIwIG/MOpvWFB3y3FE8="),
        ] {
            assert_eq!(judge_accept(Some(key), Some(accept)), AcceptStatus::Valid);
        }
    }

    #[test]
    fn one_other_byte_is_a_mismatch() {
        let key = Some("xqBt3ImNzJbYqRINxEFlkg==");
        for accept in ["K7D JLdLooIwIG/MOpvWFB3y3FE8=", "k7DJLdLooIwIG/MOpvWFB3y3FE8=", ""] {
            assert_eq!(judge_accept(key, Some(accept)), AcceptStatus::Mismatch, "{accept}");
        }
        assert_eq!(judge_accept(key, None), AcceptStatus::Missing);
    }

    #[test]
    fn a_key_is_sixteen_bytes() {
        for key in [
            "",
            "dGhlIHNhbXBsZSBub25jZQ",
            "c2hvcnQ=",
            "AAAAAAAAAAAAAAAAAAAAAAAA",
            "not base64 at all, sir!!",
        ] {
            assert_eq!(judge_accept(Some(key), Some("x")), AcceptStatus::InvalidKey, "{key}");
        }
        assert_eq!(judge_accept(None, Some("x")), AcceptStatus::InvalidKey);
        let sloppy = "dGhlIHNhbXBsZSBub25jZR==";
        assert_eq!(judge_accept(Some(sloppy), Some("x")), AcceptStatus::Mismatch);
    }
}

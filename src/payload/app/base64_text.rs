//! Bytes that protocols send as text.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::Malformed;

/// Senders differ in whether they pad.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What `text` stands for (RFC 4648 §4).
pub(super) fn from_base64(text: &str) -> Result<Vec<u8>, Malformed> {
    LENIENT.decode(text).map_err(|error| Malformed::new(format!("Its base64 is broken: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_padding_and_without() {
        for text in ["/wA=", "/wA"] {
            assert_eq!(from_base64(text), Ok(vec![0xff, 0]), "{text}");
        }
        assert_eq!(from_base64(""), Ok(vec![]));
        for other in ["/wA\n", "_wA=", "/", "=", "/wA=/wA="] {
            assert!(from_base64(other).is_err(), "{other}");
        }
    }
}

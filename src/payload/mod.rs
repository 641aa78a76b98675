//! What a payload is: JSON, other text, or bytes, and of which protocol.

mod app;
mod formats;
mod inside;
mod json;
mod literal;

use crate::types::Body;
pub use app::{Apps, Story};
pub use inside::Insides;
use json::as_json;

/// What `payload` can be shown as. `whole` tells that it is all of the
/// message: a part is never taken for JSON, and may end inside a code point,
/// which is then left out.
///
/// ```
/// use wsdump::payload::classify;
/// use wsdump::types::Body;
/// assert!(matches!(classify(b"[1]", true), Body::Json(json) if json.text() == "[1]"));
/// assert_eq!(classify(b"[1]", false), Body::Text("[1]"));
/// assert_eq!(classify(b"caf\xc3", false), Body::Text("caf"));
/// assert_eq!(classify(b"caf\xc3", true), Body::Binary(b"caf\xc3"));
/// ```
pub fn classify(payload: &[u8], whole: bool) -> Body<'_> {
    if whole && let Some(json) = as_json(payload) {
        return Body::Json(json);
    }
    match simdutf8::compat::from_utf8(payload) {
        Ok(text) => Body::Text(text),
        Err(error) if !whole && error.error_len().is_none() => payload
            .get(..error.valid_up_to())
            .and_then(|text| str::from_utf8(text).ok())
            .map_or(Body::Binary(payload), Body::Text),
        Err(_) => Body::Binary(payload),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_in_a_code_point_is_no_reason_to_show_bytes() {
        let text = "añ€😀";
        for end in 0..text.len() {
            let Body::Text(shown) = classify(&text.as_bytes()[..end], false) else {
                panic!("cut at {end}");
            };
            assert!(text.starts_with(shown) && end - shown.len() < 4);
        }
        assert_eq!(classify(b"a\xffb", false), Body::Binary(b"a\xffb"));
    }
}

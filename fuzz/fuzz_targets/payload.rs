//! Any bytes as a payload.
//!
//! It is JSON exactly when serde_json says so and it lies at most 128 levels
//! deep, text exactly when it is other UTF-8; the part of a message is shown
//! up to a code point that was cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use wsdump::payload::classify;
use wsdump::types::{Body, JsonText};

fuzz_target!(|payload: &[u8]| {
    let expected = match std::str::from_utf8(payload) {
        Err(_) => Body::Binary(payload),
        Ok(text) if serde_json::from_str::<IgnoredAny>(text).is_ok() && depth(text) <= 128 => {
            Body::Json(JsonText::new(text))
        }
        Ok(text) => Body::Text(text),
    };
    let found = match classify(payload, true) {
        Body::Json(json) => Body::Json(JsonText::new(json.text)),
        other => other,
    };
    assert_eq!(found, expected);

    match classify(payload, false) {
        Body::Json(_) => panic!("a part is never taken for JSON"),
        Body::Binary(bytes) => {
            assert_eq!(bytes, payload);
            let error = std::str::from_utf8(payload).expect_err("not UTF-8");
            assert!(error.error_len().is_some(), "only cut");
        }
        Body::Text(text) => {
            assert!(payload.starts_with(text.as_bytes()) && payload.len() - text.len() < 4);
            assert!(payload.len() == text.len() || std::str::from_utf8(payload).is_err());
        }
    }
});

/// Levels of arrays and objects in valid JSON.
fn depth(json: &str) -> usize {
    let (mut level, mut deepest) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for c in json.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => {
                level += 1;
                deepest = deepest.max(level);
            }
            ']' | '}' if !quoted => level -= 1,
            _ => {}
        }
    }
    deepest
}

//! Close frames (RFC 6455 §5.5.1, §7.4).

use crate::types::{Close, Rule};

/// Reads the payload of a close frame: nothing, or a status code and a reason
/// in UTF-8. What is not of that form is left out.
pub fn parse_close(payload: &[u8]) -> Close<'_> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return Close { code: None, code_name: None, reason: None };
    };
    let code = u16::from_be_bytes(*code);
    Close {
        code: Some(code),
        code_name: close_code_name(code),
        reason: std::str::from_utf8(reason).ok(),
    }
}

/// What a close frame's payload breaks, and how.
pub(super) fn judge_close(payload: &[u8]) -> Option<(Rule, String)> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        let detail = || "A Close frame has 1 byte, half a status code.".to_owned();
        return (!payload.is_empty()).then(|| (Rule::ClosePayloadLength, detail()));
    };
    let code = u16::from_be_bytes(*code);
    if !may_be_sent(code) {
        return Some((Rule::CloseCode, format!("A Close frame has status code {code}.")));
    }
    let error = std::str::from_utf8(reason).err()?;
    let detail = format!(
        "The reason of a Close frame, {} bytes, is not UTF-8 at byte {}.",
        reason.len(),
        error.valid_up_to()
    );
    Some((Rule::CloseReasonUtf8, detail))
}

/// Whether a status code may be on the wire (RFC 6455 §7.4 and the IANA
/// WebSocket Close Code Number Registry).
const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// The name of a status code (RFC 6455 §7.4.1 and the IANA WebSocket Close
/// Code Number Registry).
pub const fn close_code_name(code: u16) -> Option<&'static str> {
    Some(match code {
        1000 => "Normal Closure",
        1001 => "Going Away",
        1002 => "Protocol Error",
        1003 => "Unsupported Data",
        1004 => "Reserved",
        1005 => "No Status Rcvd",
        1006 => "Abnormal Closure",
        1007 => "Invalid Frame Payload Data",
        1008 => "Policy Violation",
        1009 => "Message Too Big",
        1010 => "Mandatory Ext.",
        1011 => "Internal Error",
        1012 => "Service Restart",
        1013 => "Try Again Later",
        1014 => "Bad Gateway",
        1015 => "TLS Handshake",
        3000 => "Unauthorized",
        3003 => "Forbidden",
        3008 => "Timeout",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_reason() {
        let close = parse_close(b"\x03\xe8bye");
        assert_eq!((close.code, close.reason), (Some(1000), Some("bye")));
        assert_eq!(close.code_name, Some("Normal Closure"));
    }

    #[test]
    fn codes_that_may_be_sent() {
        for code in [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999] {
            assert_eq!(judge_close(&u16::to_be_bytes(code)), None, "{code}");
        }
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
            let (rule, detail) = judge_close(&u16::to_be_bytes(code)).unwrap();
            assert_eq!(rule, Rule::CloseCode);
            assert!(detail.contains(&code.to_string()));
        }
    }

    #[test]
    fn payloads_that_may_be() {
        assert_eq!(judge_close(b""), None);
        assert_eq!(
            judge_close("\u{3}\u{0}x".as_bytes()).map(|(rule, _)| rule),
            Some(Rule::CloseCode)
        );
        assert_eq!(judge_close(b"\x03").map(|(rule, _)| rule), Some(Rule::ClosePayloadLength));
        assert_eq!(judge_close(b"\x03\xe8caf\xc3\xa9"), None);
        let cut = judge_close(b"\x03\xe8caf\xc3").map(|(rule, _)| rule);
        assert_eq!(cut, Some(Rule::CloseReasonUtf8));
    }

    #[test]
    fn nothing_one_byte_and_no_utf8() {
        assert_eq!(parse_close(b"").code, None);
        assert_eq!(parse_close(b"\x03").code, None);
        let close = parse_close(b"\x0b\xb9\xff");
        assert_eq!((close.code, close.reason, close.code_name), (Some(3001), None, None));
    }
}

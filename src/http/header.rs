//! Header fields and the lists in them (RFC 9110 §5.5, §5.6).

use crate::types::{Extension, Header};

/// The value of the first header of that name, whatever its case.
pub(super) fn value<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    values(headers, name).next()
}

/// The values of all headers of that name.
pub(super) fn values<'a>(headers: &'a [Header], name: &str) -> impl Iterator<Item = &'a str> {
    headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name))
        .map(|header| header.value.as_str())
}

/// The elements of a comma-separated list over all headers of that name.
pub(super) fn list<'a>(headers: &'a [Header], name: &str) -> impl Iterator<Item = &'a str> {
    values(headers, name).flat_map(|value| split(value, ','))
}

/// Whether such a list has `token`, whatever its case.
pub(super) fn has_token(headers: &[Header], name: &str, token: &str) -> bool {
    list(headers, name).any(|element| element.eq_ignore_ascii_case(token))
}

/// `Sec-WebSocket-Extensions`, parsed (RFC 6455 §9.1).
pub(super) fn extensions(headers: &[Header]) -> Vec<Extension> {
    list(headers, "Sec-WebSocket-Extensions").map(extension).collect()
}

fn extension(element: &str) -> Extension {
    let mut parts = split(element, ';');
    let name = parts.next().unwrap_or_default().to_owned();
    let params = parts
        .map(|param| match param.split_once('=') {
            None => (param.to_owned(), None),
            Some((name, value)) => (name.trim().to_owned(), Some(unquote(value.trim()))),
        })
        .collect();
    Extension { name, params }
}

/// The non-empty parts between `separator`s that are not inside quotes,
/// without white space around them.
fn split(value: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    value
        .split(move |character| {
            if escaped {
                escaped = false;
                return false;
            }
            match character {
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ => {}
            }
            character == separator && !quoted
        })
        .map(|part| part.trim_matches([' ', '\t']))
        .filter(|part| !part.is_empty())
}

/// The text of a quoted string (RFC 9110 §5.6.4), or the token itself.
fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else {
        return value.to_owned();
    };
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, value: &str) -> Header {
        Header { name: name.into(), value: value.into() }
    }

    #[test]
    fn lists_span_headers_and_respect_quotes() {
        let headers = [
            header(
                "sec-websocket-extensions",
                "permessage-deflate; client_max_window_bits, x; y=\"a,\\\"b;\"",
            ),
            header("Host", "example"),
            header(
                "Sec-WebSocket-Extensions",
                ", permessage-deflate; server_max_window_bits=\"10\"",
            ),
        ];
        let found = extensions(&headers);
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].params, [("client_max_window_bits".into(), None)]);
        assert_eq!(found[1].params, [("y".into(), Some("a,\"b;".into()))]);
        assert_eq!(found[2].params, [("server_max_window_bits".into(), Some("10".into()))]);
    }

    #[test]
    fn tokens_ignore_case() {
        let headers = [header("Connection", "keep-alive, Upgrade")];
        assert!(has_token(&headers, "connection", "upgrade"));
        assert!(!has_token(&headers, "connection", "keep"));
    }
}

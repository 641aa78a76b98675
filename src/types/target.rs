//! What a client asks for, without what differs from one run to the next.

/// The path of a URL or of a request target, without query and fragment, and with `*`
/// for each segment that is an id: a UUID, eight or more hexadecimal digits, or a
/// decimal number. Two runs of the same program mostly have the same.
///
/// ```
/// # use wsdump::types::stable_path;
/// assert_eq!(stable_path("ws://127.0.0.1:8080/rooms/42/chat?token=x"), "/rooms/*/chat");
/// ```
pub fn stable_path(target: &str) -> String {
    without_ids(path(target))
}

/// The same of a JSON Pointer (RFC 6901): `*` for each index of an array, and for each
/// key that is an id.
///
/// ```
/// # use wsdump::types::stable_pointer;
/// assert_eq!(stable_pointer("/orders/3/id"), "/orders/*/id");
/// ```
pub fn stable_pointer(pointer: &str) -> String {
    without_ids(pointer)
}

/// A path of segments behind slashes, with `*` for each that is an id.
fn without_ids(path: &str) -> String {
    let mut stable = String::with_capacity(path.len());
    for (number, segment) in path.split('/').enumerate() {
        if number > 0 {
            stable.push('/');
        }
        stable.push_str(if is_id(segment) { "*" } else { segment });
    }
    stable
}

/// Hexadecimal digits that make an id: fewer are often a word.
const SHORTEST_HEX: usize = 8;

/// Groups of hexadecimal digits in a UUID, with hyphens between them (RFC 9562 §4).
const UUID: [usize; 5] = [8, 4, 4, 4, 12];

/// The path (RFC 3986 §3.3): of a URL without its scheme and authority, which the
/// ports of tests are in.
fn path(target: &str) -> &str {
    let (target, _) = target.split_once(['?', '#']).unwrap_or((target, ""));
    match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => match rest.find('/') {
            Some(slash) => rest.get(slash..).unwrap_or_default(),
            None => "/",
        },
        _ => target,
    }
}

fn is_id(segment: &str) -> bool {
    let is_number = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    is_number || is_hex(segment) && segment.len() >= SHORTEST_HEX || is_uuid(segment)
}

fn is_uuid(segment: &str) -> bool {
    let groups = segment.split('-').map(|group| if is_hex(group) { group.len() } else { 0 });
    groups.eq(UUID)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_left_out() {
        for (target, stable) in [
            ("/rooms/42/chat", "/rooms/*/chat"),
            ("/1", "/*"),
            (
                "/api/kernels/3f0d4d9a-7e52-4b1c-9a52-1e6c9f3b2d10/channels",
                "/api/kernels/*/channels",
            ),
            ("/api/kernels/3F0D4D9A-7E52-4B1C-9A52-1E6C9F3B2D10", "/api/kernels/*"),
            ("/devtools/page/5DC5A7B0E1F24C12B94A4E7C5B0E6D2A", "/devtools/page/*"),
            ("/t/0badcafe", "/t/*"),
        ] {
            assert_eq!(stable_path(target), stable, "{target}");
        }
    }

    #[test]
    fn all_else_stays() {
        for target in [
            "/",
            "",
            "*",
            "/chat/",
            "//chat//x",
            "/v1/feed",
            "/cafe/face",
            "/3f0d4d9-a7e52-4b1c-9a52-1e6c9f3b2d10",
            "/3f0d4d9a-7e52-4b1c-9a52",
            "/3f0d4d9a-7e52-4b1c-9a52-1e6c9f3b2d10-1234",
            "/order-42",
            "/%34%32",
            "/Käse/€",
        ] {
            assert_eq!(stable_path(target), target);
        }
    }

    #[test]
    fn only_the_path_counts() {
        for (target, stable) in [
            ("ws://127.0.0.1:41234/chat", "/chat"),
            ("wss://[::1]:41234/rooms/7?token=/9/", "/rooms/*"),
            ("ws://example.org", "/"),
            ("ws://example.org?x", "/"),
            ("/chat?next=ws://example.org/other", "/chat"),
            ("/chat#part", "/chat"),
            ("/proxy/ws://host/chat", "/proxy/ws://host/chat"),
            ("?x", ""),
            ("://", "/"),
        ] {
            assert_eq!(stable_path(target), stable, "{target}");
        }
    }

    #[test]
    fn a_pointer_is_no_url() {
        for (pointer, stable) in [
            ("", ""),
            ("/0/a~1b/12", "/*/a~1b/*"),
            ("/a?b/x://y/1#2", "/a?b/x://y/1#2"),
            ("/a?b/x://y/1", "/a?b/x://y/*"),
        ] {
            assert_eq!(stable_pointer(pointer), stable, "{pointer}");
        }
    }

    #[test]
    fn what_is_stable_stays_so() {
        for target in ["/rooms/42/chat?x#y", "http://x/1//2", "a://b", "/proxy/ws://1/2"] {
            let stable = stable_path(target);
            assert_eq!(stable_path(&stable), stable);
        }
    }
}

//! Heads of requests and responses (RFC 9112 §2 to §5).

use httparse::{EMPTY_HEADER, ParserConfig, Status};

use super::header;
use crate::types::{Header, HttpVersion};

/// What the first bytes of a direction, or of a segment, say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// A request or response head begins here.
    Certain,
    /// Too few bytes to tell.
    Unsure,
    /// Something else.
    NotForUs,
}

/// Longest method that is recognised; the longest registered has 17 letters.
const MAX_METHOD: usize = 24;

/// What every response begins with, and what every request line ends with.
const VERSION: &[u8] = b"HTTP/1.";

/// Bytes of a status line up to the end of the code.
const STATUS_LINE: usize = "HTTP/1.1 101".len();

/// Tells whether an HTTP/1 head begins with `bytes`.
///
/// ```
/// use wsdump::http::{Probe, probe};
/// assert_eq!(probe(b"GET /chat HTTP/1.1\r\n"), Probe::Certain);
/// assert_eq!(probe(b"HT"), Probe::Unsure);
/// assert_eq!(probe(b"\x16\x03\x01"), Probe::NotForUs);
/// ```
pub fn probe(bytes: &[u8]) -> Probe {
    let bytes = skip_empty_lines(bytes);
    match probe_status_line(bytes) {
        Probe::NotForUs => {}
        likely => return likely,
    }
    let method = bytes
        .iter()
        .take(MAX_METHOD + 1)
        .take_while(|byte| byte.is_ascii_uppercase() || **byte == b'-')
        .count();
    match bytes.get(method) {
        _ if method > MAX_METHOD => Probe::NotForUs,
        None => Probe::Unsure,
        Some(b' ') if method >= 3 => probe_target(bytes.get(method + 1..).unwrap_or_default()),
        Some(_) => Probe::NotForUs,
    }
}

/// A status line is `HTTP/1.1 101`, and a reason.
fn probe_status_line(bytes: &[u8]) -> Probe {
    let is_possible = bytes.iter().zip(0..STATUS_LINE).all(|(&byte, at)| match VERSION.get(at) {
        Some(&expected) => byte == expected,
        None if at == VERSION.len() + 1 => byte == b' ',
        None => byte.is_ascii_digit(),
    });
    match is_possible {
        true if bytes.len() >= STATUS_LINE => Probe::Certain,
        true => Probe::Unsure,
        false => Probe::NotForUs,
    }
}

/// Empty lines before a request are to be ignored (RFC 9112 §2.2).
fn skip_empty_lines(bytes: &[u8]) -> &[u8] {
    let count = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    bytes.get(count..).unwrap_or_default()
}

/// A request target is a path, a URL, `host:port` or `*`: printable, and the
/// line ends with the version.
fn probe_target(bytes: &[u8]) -> Probe {
    let line = memchr::memchr(b'\n', bytes).and_then(|end| bytes.get(..end));
    let first = line.unwrap_or(bytes);
    if first.iter().any(|&byte| byte < 0x20 && byte != b'\r') {
        return Probe::NotForUs;
    }
    match line {
        None => Probe::Unsure,
        Some(line) if memchr::memmem::find(line, VERSION).is_some() => Probe::Certain,
        Some(_) => Probe::NotForUs,
    }
}

/// Collects the bytes of one head.
#[derive(Default)]
pub(super) struct HeadBuffer {
    bytes: Vec<u8>,
}

/// What [`HeadBuffer::push`] found.
pub(super) enum Progress {
    /// All bytes are taken and the head goes on.
    Incomplete,
    /// The head ends after so many of the bytes given.
    Complete(usize),
    /// It is longer than the limit.
    TooLong,
}

impl HeadBuffer {
    /// Takes bytes up to the empty line that ends the head.
    pub(super) fn push(&mut self, bytes: &[u8], limit: usize) -> Progress {
        let skipped =
            if self.bytes.is_empty() { bytes.len() - skip_empty_lines(bytes).len() } else { 0 };
        let bytes = bytes.get(skipped..).unwrap_or_default();
        let before = self.bytes.len();
        let room = limit.saturating_sub(before).saturating_add(1).min(bytes.len());
        self.bytes.extend_from_slice(bytes.get(..room).unwrap_or_default());
        // The line end may have begun in the bytes before.
        let from = before.saturating_sub(3);
        match end_of_head(self.bytes.get(from..).unwrap_or_default()) {
            Some(end) => {
                self.bytes.truncate(from + end);
                Progress::Complete(skipped + from + end - before)
            }
            None if self.bytes.len() > limit => Progress::TooLong,
            None => Progress::Incomplete,
        }
    }

    /// Tells whether the head so far, with `bytes`, can be one. Its first line
    /// decides; what follows is not looked at again.
    pub(super) fn probe(&self, bytes: &[u8]) -> Probe {
        if self.bytes.is_empty() {
            return probe(bytes);
        }
        let first_line_known = memchr::memchr(b'\n', &self.bytes).is_some();
        let worth_a_look = self.bytes.len() <= MAX_METHOD || memchr::memchr(b'\n', bytes).is_some();
        if first_line_known || !worth_a_look {
            return Probe::Unsure;
        }
        probe(&[&self.bytes, bytes].concat())
    }

    /// Whether the head so far, with `bytes`, is that of a response.
    pub(super) fn is_response(&self, bytes: &[u8]) -> bool {
        let bytes = if self.bytes.is_empty() { skip_empty_lines(bytes) } else { bytes };
        let start: Vec<u8> = self.bytes.iter().chain(bytes).take(STATUS_LINE).copied().collect();
        probe_status_line(&start) == Probe::Certain
    }

    /// The head so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(4096);
    }
}

/// The index after the empty line, with or without carriage returns.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', bytes).find_map(|at| match (bytes.get(at + 1), bytes.get(at + 2)) {
        (Some(b'\n'), _) => Some(at + 2),
        (Some(b'\r'), Some(b'\n')) => Some(at + 3),
        _ => None,
    })
}

/// A request head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) version: HttpVersion,
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<Header>,
}

/// A response head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Response {
    pub(super) version: HttpVersion,
    pub(super) status: u16,
    pub(super) reason: String,
    pub(super) headers: Vec<Header>,
}

impl Request {
    /// Reads a whole head; `None` when it is not one.
    pub(super) fn parse(head: &[u8]) -> Option<Self> {
        let mut headers = header_space(head);
        let mut request = httparse::Request::new(&mut headers);
        let status = lenient().parse_request(&mut request, head);
        let Ok(Status::Complete(_)) = status else {
            return None;
        };
        Some(Self {
            version: version(request.version?),
            method: request.method?.to_owned(),
            target: request.path?.to_owned(),
            headers: owned(request.headers),
        })
    }

    /// Whether it asks for WebSocket: with `Upgrade`, or, when a proxy took
    /// that away, with a key.
    pub(super) fn asks_for_websocket(&self) -> bool {
        header::has_token(&self.headers, "Upgrade", "websocket")
            || header::value(&self.headers, "Sec-WebSocket-Key").is_some()
    }
}

impl Response {
    /// Reads a whole head; `None` when it is not one.
    pub(super) fn parse(head: &[u8]) -> Option<Self> {
        let mut headers = header_space(head);
        let mut response = httparse::Response::new(&mut headers);
        let status = lenient().parse_response(&mut response, head);
        let Ok(Status::Complete(_)) = status else {
            return None;
        };
        Some(Self {
            version: version(response.version?),
            status: response.code?,
            reason: reason(head),
            headers: owned(response.headers),
        })
    }
}

/// Hand-written servers and clients take liberties that lose no meaning.
fn lenient() -> ParserConfig {
    let mut config = ParserConfig::default();
    config
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_multiple_spaces_in_request_line_delimiters(true)
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .ignore_invalid_headers_in_responses(true)
        .ignore_invalid_headers_in_requests(true);
    config
}

/// Room for as many headers as there are lines; the limit on heads bounds it.
fn header_space(head: &[u8]) -> Vec<httparse::Header<'_>> {
    vec![EMPTY_HEADER; memchr::memchr_iter(b'\n', head).count()]
}

fn version(minor: u8) -> HttpVersion {
    if minor == 0 { HttpVersion::Http10 } else { HttpVersion::Http11 }
}

/// The reason phrase as sent; the parser drops one that is not ASCII.
fn reason(head: &[u8]) -> String {
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let mut words = line.splitn(3, |&byte| byte == b' ');
    text(words.nth(2).unwrap_or_default().trim_ascii())
}

fn owned(headers: &[httparse::Header<'_>]) -> Vec<Header> {
    headers
        .iter()
        .map(|header| Header {
            name: header.name.to_owned(),
            value: text(header.value.trim_ascii()),
        })
        .collect()
}

/// UTF-8, or else Latin-1, which HTTP once was.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_of_any_segmentation() {
        let head = b"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n";
        let whole = [head.as_slice(), b"\x81\x00"].concat();
        for split in 0..head.len() {
            let mut buffer = HeadBuffer::default();
            let (first, second) = whole.split_at(split);
            assert!(matches!(buffer.push(first, 1024), Progress::Incomplete), "{split}");
            let Progress::Complete(used) = buffer.push(second, 1024) else {
                panic!("not complete when split at {split}");
            };
            assert_eq!(split + used, head.len());
            assert_eq!(Request::parse(buffer.bytes()).unwrap().target, "/");
        }
    }

    #[test]
    fn a_head_without_carriage_returns() {
        let mut buffer = HeadBuffer::default();
        let bytes = b"HTTP/1.1 101 Web Socket Protocol Handshake\nUpgrade:websocket\n\n\x81";
        assert!(
            matches!(buffer.push(bytes, 1024), Progress::Complete(count) if count == bytes.len() - 1)
        );
        let response = Response::parse(buffer.bytes()).unwrap();
        assert_eq!(response.reason, "Web Socket Protocol Handshake");
        assert!(header::has_token(&response.headers, "upgrade", "websocket"));
    }

    #[test]
    fn a_head_over_the_limit_is_told_and_not_kept() {
        let mut buffer = HeadBuffer::default();
        assert!(matches!(buffer.push(b"GET / HTTP/1.1\r\n", 20), Progress::Incomplete));
        assert!(matches!(buffer.push(&[b'a'; 100_000], 20), Progress::TooLong));
        assert!(buffer.bytes().len() <= 21);
    }

    #[test]
    fn reasons_and_values_outside_of_ascii_survive() {
        let response =
            Response::parse(b"HTTP/1.1 403 Acc\xe8s refus\xe9\r\nX: \xc3\xa9\r\n\r\n").unwrap();
        assert_eq!(response.reason, "Accès refusé");
        assert_eq!(response.headers[0].value, "é");
        assert_eq!(Response::parse(b"HTTP/1.1 101\r\n\r\n").unwrap().reason, "");
    }

    #[test]
    fn other_protocols_are_told_apart() {
        for certain in [
            "GET / HTTP/1.1\r\n",
            "HTTP/1.1 200",
            "\r\nPOST /x HTTP/1.0\n",
            "M-SEARCH * HTTP/1.1\r\n",
        ] {
            assert_eq!(probe(certain.as_bytes()), Probe::Certain, "{certain:?}");
        }
        for unsure in ["", "G", "GET /long/path", "HTTP/", "HTTP/1.1 20", "\r\n"] {
            assert_eq!(probe(unsure.as_bytes()), Probe::Unsure, "{unsure:?}");
        }
        for other in [
            "SSH-2.0-OpenSSH",
            "\x16\x03\x01",
            "GET key\r\n",
            "EHLO mail\r\n",
            "a",
            "G ",
            "PRI\x00",
        ] {
            assert_eq!(probe(other.as_bytes()), Probe::NotForUs, "{other:?}");
        }
    }
}

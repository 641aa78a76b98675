//! Heads of requests and responses (RFC 9112 §2 to §5).

use httparse::{EMPTY_HEADER, Status};

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

/// Whether a response begins with `bytes`, for certain.
pub(super) fn is_status_line(bytes: &[u8]) -> bool {
    probe_status_line(bytes) == Probe::Certain
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

/// A request line ends with the version.
fn probe_target(bytes: &[u8]) -> Probe {
    let line = memchr::memchr(b'\n', bytes).and_then(|end| bytes.get(..end));
    match line {
        None => Probe::Unsure,
        Some(line) if memchr::memmem::rfind(line, VERSION).is_some() => Probe::Certain,
        Some(_) => Probe::NotForUs,
    }
}

/// Collects the bytes of one head.
#[derive(Default)]
pub(super) struct HeadBuffer {
    bytes: Vec<u8>,
    /// The first line has ended, and is that of a head.
    is_certain: bool,
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
    pub(super) fn probe(&mut self, bytes: &[u8]) -> Probe {
        let likely = if self.is_certain {
            Probe::Certain
        } else if self.bytes.is_empty() {
            probe(bytes)
        } else if self.bytes.len() <= MAX_METHOD || memchr::memchr(b'\n', bytes).is_some() {
            probe(&[&self.bytes, bytes].concat())
        } else {
            Probe::Unsure
        };
        self.is_certain = likely == Probe::Certain;
        likely
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

    /// Bytes of memory that it takes.
    pub(super) fn cost(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) fn clear(&mut self) {
        self.is_certain = false;
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
        Self::parse_strictly(head).or_else(|| Self::parse_leniently(head))
    }

    fn parse_strictly(head: &[u8]) -> Option<Self> {
        let mut headers = header_space(head);
        let mut request = httparse::Request::new(&mut headers);
        let Ok(Status::Complete(_)) = request.parse(head) else {
            return None;
        };
        Some(Self {
            version: version(request.version?),
            method: request.method?.to_owned(),
            target: request.path?.to_owned(),
            headers: owned(request.headers),
        })
    }

    /// The target is what stands between the method and the version, whatever
    /// it contains.
    fn parse_leniently(head: &[u8]) -> Option<Self> {
        let (line, rest) = split_line(head);
        let method = memchr::memchr(b' ', line)?;
        let end = memchr::memmem::rfind(line, VERSION)?;
        if line.starts_with(VERSION) {
            return None; // a response whose reason names the version
        }
        Some(Self {
            version: lenient_version(line.get(end..)?)?,
            method: text(line.get(..method)?),
            target: text(line.get(method..end)?.trim_ascii()),
            headers: lenient_headers(rest),
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
        Self::parse_strictly(head).or_else(|| Self::parse_leniently(head))
    }

    fn parse_strictly(head: &[u8]) -> Option<Self> {
        let mut headers = header_space(head);
        let mut response = httparse::Response::new(&mut headers);
        let Ok(Status::Complete(_)) = response.parse(head) else {
            return None;
        };
        Some(Self {
            version: version(response.version?),
            status: response.code?,
            reason: reason(head),
            headers: owned(response.headers),
        })
    }

    fn parse_leniently(head: &[u8]) -> Option<Self> {
        let (line, rest) = split_line(head);
        let code = line.get(VERSION.len() + 1..)?.trim_ascii_start().get(..3)?;
        Some(Self {
            version: lenient_version(line)?,
            status: std::str::from_utf8(code).ok()?.parse().ok()?,
            reason: reason(head),
            headers: lenient_headers(rest),
        })
    }
}

/// Hand-written servers and clients, and attackers, send headers that no
/// parser of requests should accept. An observer tells them as they are.
fn lenient_headers(mut lines: &[u8]) -> Vec<Header> {
    let mut headers: Vec<Header> = Vec::new();
    while !lines.is_empty() {
        let (line, rest) = split_line(lines);
        lines = rest;
        let folded = line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        match (headers.last_mut(), memchr::memchr(b':', line)) {
            // A folded line goes on with the value before (RFC 9112 §5.2).
            (Some(header), _) if folded => {
                header.value.push(' ');
                header.value.push_str(&text(line.trim_ascii()));
            }
            (_, Some(colon)) => headers.push(Header {
                name: text(line.get(..colon).unwrap_or_default().trim_ascii()),
                value: text(line.get(colon + 1..).unwrap_or_default().trim_ascii()),
            }),
            (_, None) if line.is_empty() => {}
            (_, None) => headers.push(Header { name: text(line), value: String::new() }),
        }
    }
    headers
}

/// The first line without its end, and what follows.
fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
    let line = bytes.get(..end).unwrap_or_default();
    let rest = bytes.get(end + 1..).unwrap_or_default();
    (line.strip_suffix(b"\r").unwrap_or(line), rest)
}

fn lenient_version(version: &[u8]) -> Option<HttpVersion> {
    match version.strip_prefix(VERSION)?.first()? {
        b'0' => Some(HttpVersion::Http10),
        minor => minor.is_ascii_digit().then_some(HttpVersion::Http11),
    }
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
    fn what_a_strict_parser_refuses_is_told_as_it_is() {
        let request =
            Request::parse(b"GET /a b\x01\xff HTTP/1.1\r\nX Y: z\r\nX: a\x1b[31m\r\n folded\r\nno colon\r\nHost : h\r\n\r\n")
                .unwrap();
        assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/a b\u{1}\u{ff}"));
        let headers: Vec<(&str, &str)> = request
            .headers
            .iter()
            .map(|header| (header.name.as_str(), header.value.as_str()))
            .collect();
        assert_eq!(
            headers,
            [("X Y", "z"), ("X", "a\u{1b}[31m folded"), ("no colon", ""), ("Host", "h")]
        );
        let response =
            Response::parse(b"HTTP/1.1 101 \x07\r\nUpgrade : websocket\r\n\r\n").unwrap();
        assert_eq!((response.status, response.reason.as_str()), (101, "\u{7}"));
        assert_eq!(response.headers[0].name, "Upgrade");
        assert_eq!(Request::parse(b"HTTP/1.1 505 No HTTP/1.1\r\n\r\n"), None);
        assert_eq!(Request::parse(b"GET / FTP\r\n\r\n"), None);
        assert_eq!(Response::parse(b"HTTP/1.1 abc\r\n\r\n"), None);
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

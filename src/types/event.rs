//! What wsdump finds. Every output is a view of these.
//!
//! docs/events.md describes the same in the form that `--format json` writes.

use std::fmt;
use std::time::Duration;

use super::{App, Endpoint, Inside, Origin, Rule, Source, Timestamp};

/// Takes events as they become known.
///
/// An event lives for one call: what is to outlast it must be rendered or
/// copied at once.
pub trait Sink {
    /// Takes one event.
    fn event(&mut self, event: &Event<'_>);
}

impl<F: FnMut(&Event<'_>)> Sink for F {
    fn event(&mut self, event: &Event<'_>) {
        self(event);
    }
}

/// One thing found, and where.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The packet that carried the last byte needed to know it.
    pub origin: Origin,
    /// File and interface of that packet.
    pub source: &'a Source,
    /// The WebSocket connection.
    pub connection: &'a Connection,
    /// Nothing was told before of what a handshake began, or of what goes on
    /// without one. So it is with every handshake, though there may be several
    /// on one TCP connection, and with what is told first where none was seen;
    /// also where frames follow a handshake that was refused.
    ///
    /// A view is given this one if it is given any: conversations are selected
    /// as a whole, and a run that ends early leaves out what comes last.
    pub is_first: bool,
    /// What was found.
    pub kind: Kind<'a>,
}

/// A WebSocket connection, or one that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Number of the TCP conversation, from 0 in order of first packet.
    pub stream: u64,
    /// Stream identifier inside HTTP/2.
    pub h2_stream: Option<u32>,
    /// Who asked for the upgrade.
    pub client: Endpoint,
    /// Who was asked.
    pub server: Endpoint,
    /// Recognised without having seen the handshake.
    pub inferred: bool,
}

/// The connection's name: `3`, and `3.5` inside HTTP/2.
impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.h2_stream {
            None => write!(f, "{}", self.stream),
            Some(h2_stream) => write!(f, "{}.{h2_stream}", self.stream),
        }
    }
}

/// The kinds of events.
#[derive(Clone, Copy, Debug)]
pub enum Kind<'a> {
    /// An upgrade was accepted, refused or left without an answer.
    Handshake(&'a Handshake),
    /// A message ended, or all of it that the capture has.
    Message(Message<'a>),
    /// The header of a frame. Told only when asked for.
    Frame(Frame),
    /// A rule was broken.
    Violation(Violation<'a>),
    /// Bytes are missing from the capture.
    Gap(Gap),
    /// A connection ended.
    End(End),
}

/// One side of a WebSocket connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Who asked for the upgrade.
    Client,
    /// Who was asked.
    Server,
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
    }
}

/// The opening handshake (RFC 6455 §4), as far as the capture has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handshake {
    /// Version of HTTP: the request's, or else the response's.
    pub http: HttpVersion,
    /// The response's; `None` when it is not in the capture.
    pub response_http: Option<HttpVersion>,
    /// Request method; absent when the request is not in the capture.
    pub method: Option<String>,
    /// Request target.
    pub target: Option<String>,
    /// `Host` of the request.
    pub host: Option<String>,
    /// `Origin` of the request.
    pub origin: Option<String>,
    /// Headers of the request in wire order; `None` when it is not in the
    /// capture.
    pub request_headers: Option<Vec<Header>>,
    /// Headers of the response in wire order; `None` when it is not in the
    /// capture.
    pub response_headers: Option<Vec<Header>>,
    /// Status code of the response.
    pub status: Option<u16>,
    /// Reason phrase of the response.
    pub reason: Option<String>,
    /// `Sec-WebSocket-Key`.
    pub key: Option<String>,
    /// `Sec-WebSocket-Accept`.
    pub accept: Option<String>,
    /// The value that proves the key (RFC 6455 §4.2.2); absent when there is
    /// no key or the upgrade was refused.
    pub accept_expected: Option<String>,
    /// The verdict on `accept`; absent when there is nothing to judge.
    pub accept_status: Option<AcceptStatus>,
    /// Subprotocols that the client offered.
    pub subprotocols: Vec<String>,
    /// The one that the server chose.
    pub subprotocol: Option<String>,
    /// Extensions that the client offered.
    pub extensions_offered: Vec<Extension>,
    /// Extensions that the server chose.
    pub extensions: Vec<Extension>,
    /// Version of TLS, when the connection was decrypted: `1.3`.
    pub tls: Option<String>,
}

impl Handshake {
    /// Whether the server answered with anything but its consent: the status is
    /// not 101 (RFC 6455 §4.2.2), or inside HTTP/2 not 2xx (RFC 8441 §5).
    pub fn is_refused(&self) -> bool {
        self.status.is_some_and(|status| match self.http {
            HttpVersion::Http2 => !(200..300).contains(&status),
            HttpVersion::Http10 | HttpVersion::Http11 => status != 101,
        })
    }
}

/// An HTTP header. Bytes that are not UTF-8 are read as Latin-1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Name as sent.
    pub name: String,
    /// Value without surrounding white space.
    pub value: String,
}

/// Versions of HTTP that carry WebSocket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HttpVersion {
    /// HTTP/1.0, which the RFC does not allow but which is met.
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
    /// HTTP/2 (RFC 8441).
    Http2,
}

impl fmt::Display for HttpVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http10 => "1.0",
            Self::Http11 => "1.1",
            Self::Http2 => "2",
        })
    }
}

/// Whether the server's `Sec-WebSocket-Accept` proves that it read the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AcceptStatus {
    /// It is the value that the key demands, byte for byte.
    Valid,
    /// It is another value.
    Mismatch,
    /// The response has none.
    Missing,
    /// The request's key is missing, or not 16 bytes in base64.
    InvalidKey,
}

impl fmt::Display for AcceptStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Valid => "valid",
            Self::Mismatch => "mismatch",
            Self::Missing => "missing",
            Self::InvalidKey => "invalid-key",
        })
    }
}

/// An extension and its parameters (RFC 6455 §9.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Token, such as `permessage-deflate`.
    pub name: String,
    /// Parameters in wire order; a value is absent where only the name was
    /// sent. Quotes are removed.
    pub params: Vec<(String, Option<String>)>,
}

/// A message, or a control frame, which is a message of its own.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Who sent it.
    pub from: Side,
    /// What it is; never [`Opcode::Continuation`].
    pub opcode: Opcode,
    /// Payload bytes after unmasking and inflating; `None` when it cannot be
    /// known.
    pub length: Option<u64>,
    /// Payload bytes on the wire.
    pub wire_length: u64,
    /// Frames that it came in.
    pub frames: u64,
    /// Whether its first frame was masked.
    pub masked: bool,
    /// The masking key of its first frame.
    pub masking_key: Option<[u8; 4]>,
    /// The three reserved bits of its first frame, RSV1 the highest: 0 to 7.
    pub rsv: u8,
    /// Whether the last of its frames is the final fragment.
    pub fin: bool,
    /// Whether it was compressed.
    pub compressed: bool,
    /// When its first byte was captured, if in an earlier packet.
    pub first_time: Option<Timestamp>,
    /// All of its bytes are in the capture.
    pub complete: bool,
    /// How many payload bytes are not, when known.
    pub missing: Option<u64>,
    /// It was longer than [`super::Limits::message`], or given up for
    /// [`super::Limits::memory`].
    pub truncated: bool,
    /// Why it was not inflated to its end, though nothing of it is missing.
    pub not_inflated: Option<NotInflated>,
    /// SHA-256 of the whole payload. Told only when asked for, of messages that
    /// are complete.
    pub sha256: Option<[u8; 32]>,
    /// The payload, unmasked and inflated, as far as it is certain and kept.
    pub payload: &'a [u8],
    /// What the payload is.
    pub body: Body<'a>,
    /// What a close frame says.
    pub close: Option<Close<'a>>,
    /// What the protocol inside says, when it is known.
    pub app: Option<&'a App<'a>>,
    /// What a binary message holds, when that is known.
    pub inside: Option<Inside<'a>>,
}

impl<'a> Message<'a> {
    /// A message of one frame, as RFC 6455 §5.1 wants it masked, and not
    /// compressed; all of it is in the capture.
    ///
    /// ```
    /// use wsdump::types::{Body, Message, Opcode, Side};
    /// let message = Message::new(Side::Client, Opcode::Text, Body::Text("hello"));
    /// assert!(message.complete && message.masked);
    /// assert_eq!((message.payload, message.length), (&b"hello"[..], Some(5)));
    /// ```
    pub const fn new(from: Side, opcode: Opcode, body: Body<'a>) -> Self {
        let payload = body.bytes();
        let length = payload.len() as u64;
        Self {
            from,
            opcode,
            length: Some(length),
            wire_length: length,
            frames: 1,
            masked: matches!(from, Side::Client),
            masking_key: None,
            rsv: 0,
            fin: true,
            compressed: false,
            first_time: None,
            complete: true,
            missing: None,
            truncated: false,
            not_inflated: None,
            sha256: None,
            payload,
            body,
            close: None,
            app: None,
            inside: None,
        }
    }
}

/// Why a compressed message was not inflated to its end (RFC 7692 §7.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotInflated {
    /// It refers to earlier messages that are not there.
    ContextLost,
    /// It is not DEFLATE.
    Corrupt,
    /// It grew beyond [`super::Limits::inflated`].
    Limit,
}

impl fmt::Display for NotInflated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ContextLost => "context lost",
            Self::Corrupt => "corrupt",
            Self::Limit => "limit",
        })
    }
}

/// A payload as what it can be shown as. It spans the whole
/// [`Message::payload`], but for a code point that a hole or a limit cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// JSON.
    Json(JsonText<'a>),
    /// Other valid UTF-8.
    Text(&'a str),
    /// Anything else.
    Binary(&'a [u8]),
}

impl<'a> Body<'a> {
    /// All of it, as it was sent.
    pub const fn bytes(&self) -> &'a [u8] {
        match self {
            Self::Json(json) => json.bytes(),
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

/// Valid JSON of at most 128 levels, as sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonText<'a> {
    /// UTF-8.
    pub(crate) bytes: &'a [u8],
    pub(crate) is_plain: bool,
}

impl<'a> JsonText<'a> {
    /// JSON of which nothing more is known.
    pub const fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), is_plain: false }
    }

    /// All of it, as it stands.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// All of it, which costs a look at each byte.
    pub fn text(&self) -> &'a str {
        simdutf8::basic::from_utf8(self.bytes).unwrap_or_default()
    }

    /// Whether it is known to be shown as it is: it has no white space between
    /// its tokens, and no DEL, U+0080 to U+009F, U+061C, or U+2000 to U+207F.
    /// Among those are all characters of JSON that could steer a terminal or
    /// reorder text, and others that are told from them only by a closer look.
    pub const fn is_plain(&self) -> bool {
        self.is_plain
    }
}

/// The payload of a close frame (RFC 6455 §5.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Close<'a> {
    /// Status code; `None` when the frame has none.
    pub code: Option<u16>,
    /// The code's name (RFC 6455 §7.4.1 and the IANA registry), when it has
    /// one: `Normal Closure`.
    pub code_name: Option<&'static str>,
    /// The reason, when it is UTF-8; `None` also when there is no code.
    pub reason: Option<&'a str>,
}

/// Opcode of a frame (RFC 6455 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Opcode {
    /// 0x0: continues a fragmented message.
    Continuation,
    /// 0x1
    Text,
    /// 0x2
    Binary,
    /// 0x3 to 0x7 (data) and 0xB to 0xF (control).
    Reserved(u8),
    /// 0x8
    Close,
    /// 0x9
    Ping,
    /// 0xA
    Pong,
}

impl Opcode {
    /// The opcode in the lower four bits of `nibble`.
    pub const fn from_nibble(nibble: u8) -> Self {
        match nibble & 0x0f {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            reserved => Self::Reserved(reserved),
        }
    }

    /// The four bits that it has on the wire.
    pub const fn nibble(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
            Self::Reserved(nibble) => nibble & 0x0f,
        }
    }

    /// Whether it is a control opcode, reserved ones included: the top bit of
    /// the four is set.
    pub const fn is_control(self) -> bool {
        match self {
            Self::Continuation | Self::Text | Self::Binary => false,
            Self::Close | Self::Ping | Self::Pong => true,
            Self::Reserved(nibble) => nibble & 0x8 != 0,
        }
    }
}

/// `text`, `ping`, `reserved-11` and so on.
impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Continuation => f.write_str("continuation"),
            Self::Text => f.write_str("text"),
            Self::Binary => f.write_str("binary"),
            Self::Reserved(nibble) => write!(f, "reserved-{nibble}"),
            Self::Close => f.write_str("close"),
            Self::Ping => f.write_str("ping"),
            Self::Pong => f.write_str("pong"),
        }
    }
}

/// The header of a frame (RFC 6455 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Who sent it.
    pub from: Side,
    /// Final fragment of a message.
    pub fin: bool,
    /// The three reserved bits, RSV1 the highest: 0 to 7.
    pub rsv: u8,
    /// What it is.
    pub opcode: Opcode,
    /// The masking key, when it is masked.
    pub masking_key: Option<[u8; 4]>,
    /// Payload bytes on the wire.
    pub length: u64,
    /// Offset of the frame's first byte in its direction of the TCP stream,
    /// from 0 after the SYN, or after what the capture has first.
    pub offset: u64,
}

/// A rule was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation<'a> {
    /// The side at fault, when it is one.
    pub from: Option<Side>,
    /// The rule.
    pub rule: Rule,
    /// One sentence with the values seen.
    pub detail: &'a str,
}

/// Bytes are missing from the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Who sent them.
    pub from: Side,
    /// How many; `None` when unknown.
    pub bytes: Option<u64>,
    /// How the first frame after them was found.
    pub next_frame: NextFrame,
    /// Bytes after them that are in the capture and of no known frame.
    pub undecoded: u64,
}

/// How a frame was found after missing bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NextFrame {
    /// The header of the frame before says where it begins.
    Known,
    /// It was recognised by its bytes.
    Inferred,
    /// It was not, before the next gap or the end.
    Lost,
}

impl fmt::Display for NextFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known => "known",
            Self::Inferred => "inferred",
            Self::Lost => "lost",
        })
    }
}

/// A connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// How.
    pub state: EndState,
    /// What the client sent.
    pub client: Counts,
    /// What the server sent.
    pub server: Counts,
    /// From the packet that completed the request (or else the response) to the
    /// last packet; `None` where the capture
    /// has no times.
    pub duration: Option<Duration>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndState {
    /// A Close frame each way, then FIN or RST.
    Closed,
    /// FIN or RST without both Close frames.
    TcpClosed,
    /// A limit was reached.
    Evicted,
    /// The capture ended first.
    Open,
}

impl fmt::Display for EndState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed",
            Self::TcpClosed => "tcp-closed",
            Self::Evicted => "evicted",
            Self::Open => "open",
        })
    }
}

/// What one side sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Message events, control frames and incomplete messages included.
    pub messages: u64,
    /// Payload bytes of those messages that are in the capture: after
    /// inflating where that is known, otherwise on the wire.
    pub bytes: u64,
    /// Frames.
    pub frames: u64,
    /// Pings.
    pub pings: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_opcode_survives_its_nibble() {
        for nibble in 0..16 {
            let opcode = Opcode::from_nibble(nibble);
            assert_eq!(opcode.is_control(), nibble >= 8, "{opcode}");
            assert_eq!(opcode.nibble(), nibble);
        }
        assert_eq!(Opcode::from_nibble(0xb).to_string(), "reserved-11");
    }
}

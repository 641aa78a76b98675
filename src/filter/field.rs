//! Every field that a filter can ask for.

use std::fmt;

use super::needs::Needs;
use crate::types::{AppProtocol, Rule};

/// A field: what `wsdump fields` lists.
///
/// Those that Wireshark has have its names and types. On a message of several
/// frames, the fields of a single frame are those of its first.
#[derive(Debug)]
pub struct Field {
    /// As it is written in expressions.
    pub name: &'static str,
    /// What its values are.
    pub kind: FieldKind,
    /// What it tells, in a few words.
    pub about: &'static str,
    /// A use of it.
    pub example: &'static str,
    pub(super) source: Source,
}

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Has no value: it is there or not.
    Label,
    /// True or false.
    Boolean,
    /// A number from 0 that takes so many bits.
    Unsigned(u32),
    /// The same, and names for some of them.
    Named(u32, &'static [(&'static str, u64)]),
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A moment.
    Time,
    /// Seconds, which may have a fraction.
    Seconds,
    /// Text.
    Text,
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// Bytes.
    Bytes,
    /// A value of JSON of any type.
    Json,
}

impl fmt::Display for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label => f.write_str("label"),
            Self::Boolean => f.write_str("boolean"),
            Self::Unsigned(bits) | Self::Named(bits, _) => write!(f, "number, {bits} bits"),
            Self::Ipv4 => f.write_str("IPv4 address"),
            Self::Ipv6 => f.write_str("IPv6 address"),
            Self::Time => f.write_str("time"),
            Self::Seconds => f.write_str("seconds"),
            Self::Text => f.write_str("text"),
            Self::Choice(_) => f.write_str("text, a choice"),
            Self::Bytes => f.write_str("bytes"),
            Self::Json => f.write_str("JSON"),
        }
    }
}

/// Where a field's values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Frame,
    Ip(Version),
    Tcp,
    Http,
    WebSocket,
    Number,
    Time,
    InterfaceName,
    File,
    Address(Version, Role),
    Host(Version, Role),
    Port(Role),
    Stream,
    TcpLength,
    Request(Request),
    Response(Response),
    /// Headers of this name in the request and in the response.
    Header(&'static str),
    Accept,
    Fin,
    Rsv,
    Pmc,
    Opcode,
    Mask,
    PayloadLength,
    MaskingKey,
    Payload,
    PayloadText,
    PayloadOf(PayloadKind),
    CloseCode,
    CloseReason,
    ReassembledLength,
    Event,
    From,
    Complete,
    Compressed,
    Truncated,
    Length,
    WireLength,
    Frames,
    Missing,
    Connection,
    Inferred,
    Rule,
    Severity,
    State,
    AppProtocol,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V4,
    V6,
}

/// Whose address or port it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Any,
    Sender,
    Receiver,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Method,
    Target,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Response {
    Status,
    Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PayloadKind {
    Continuation,
    Ping,
    Pong,
    Close,
    Unknown,
}

impl Source {
    /// What has to be known for its values.
    pub(super) const fn needs(self) -> Needs {
        match self {
            Self::Ip(_) | Self::Tcp | Self::Frame | Self::Stream => Needs::CONVERSATION,
            Self::Address(_, role) | Self::Host(_, role) | Self::Port(role) => match role {
                Role::Any => Needs::CONVERSATION,
                Role::Sender | Role::Receiver => Needs::FLOW,
            },
            Self::Http | Self::Request(_) | Self::Response(_) | Self::Header(_) | Self::Accept => {
                Needs::HANDSHAKE
            }
            _ => Needs::EVENT,
        }
    }
}

/// Opcodes by the names that events and Wireshark give them.
const OPCODES: &[(&str, u64)] = &[
    ("continuation", 0),
    ("text", 1),
    ("binary", 2),
    ("close", 8),
    ("connection close", 8),
    ("ping", 9),
    ("pong", 10),
];

/// The names of all of these.
macro_rules! names {
    ($all:expr) => {{
        let mut names = [""; $all.len()];
        let mut index = 0;
        while index < names.len() {
            names[index] = $all[index].name();
            index += 1;
        }
        names
    }};
}

const RULES: [&str; Rule::ALL.len()] = names!(Rule::ALL);
const PROTOCOLS: [&str; AppProtocol::ALL.len()] = names!(AppProtocol::ALL);

macro_rules! fields {
    ($($name:literal, $kind:expr, $source:expr, $about:literal, $example:literal;)+) => {
        &[$(Field { name: $name, kind: $kind, source: $source, about: $about, example: $example }),+]
    };
}

use FieldKind::{Boolean, Bytes, Choice, Ipv4, Ipv6, Label, Named, Seconds, Text, Time, Unsigned};

/// Every field but those inside JSON, which are without number.
pub const FIELDS: &[Field] = fields! {
    "frame", Label, Source::Frame, "every event", "frame";
    "frame.number", Unsigned(64), Source::Number, "number of the packet, from 1", "frame.number in {1..100}";
    "frame.time", Time, Source::Time, "capture time, local where no zone is given", r#"frame.time >= "2026-11-21 07:25:14""#;
    "frame.time_epoch", Seconds, Source::Time, "capture time since 1970 in UTC", "frame.time_epoch < 1545807286.75";
    "frame.interface_name", Text, Source::InterfaceName, "interface, where there are several", r#"frame.interface_name == "lo""#;

    "ip", Label, Source::Ip(Version::V4), "a connection over IPv4", "!ip";
    "ip.addr", Ipv4, Source::Address(Version::V4, Role::Any), "address of either side", "ip.addr == 10.0.0.0/8";
    "ip.src", Ipv4, Source::Address(Version::V4, Role::Sender), "address of the sender", "ip.src == 192.0.2.1";
    "ip.dst", Ipv4, Source::Address(Version::V4, Role::Receiver), "address of the receiver", "ip.dst != 192.0.2.1";
    "ip.host", Text, Source::Host(Version::V4, Role::Any), "the same as text", r#"ip.host matches "^10[.]""#;
    "ip.src_host", Text, Source::Host(Version::V4, Role::Sender), "the sender's", r#"ip.src_host == "192.0.2.1""#;
    "ip.dst_host", Text, Source::Host(Version::V4, Role::Receiver), "the receiver's", r#"ip.dst_host contains "192""#;
    "ipv6", Label, Source::Ip(Version::V6), "a connection over IPv6", "ipv6";
    "ipv6.addr", Ipv6, Source::Address(Version::V6, Role::Any), "address of either side", "ipv6.addr == 2001:db8::/32";
    "ipv6.src", Ipv6, Source::Address(Version::V6, Role::Sender), "address of the sender", "ipv6.src == ::1";
    "ipv6.dst", Ipv6, Source::Address(Version::V6, Role::Receiver), "address of the receiver", "ipv6.dst == ::1";
    "ipv6.host", Text, Source::Host(Version::V6, Role::Any), "the same as text", r#"ipv6.host contains "db8""#;
    "ipv6.src_host", Text, Source::Host(Version::V6, Role::Sender), "the sender's", r#"ipv6.src_host == "::1""#;
    "ipv6.dst_host", Text, Source::Host(Version::V6, Role::Receiver), "the receiver's", r#"ipv6.dst_host == "::1""#;

    "tcp", Label, Source::Tcp, "every event", "tcp";
    "tcp.port", Unsigned(16), Source::Port(Role::Any), "port of either side", "tcp.port in {80, 8000..8999}";
    "tcp.srcport", Unsigned(16), Source::Port(Role::Sender), "port of the sender", "tcp.srcport == 443";
    "tcp.dstport", Unsigned(16), Source::Port(Role::Receiver), "port of the receiver", "tcp.dstport < 1024";
    "tcp.stream", Unsigned(64), Source::Stream, "number of the TCP conversation, from 0", "tcp.stream == 3";
    "tcp.len", Unsigned(32), Source::TcpLength, "bytes of TCP payload in the packet", "tcp.len > 1400";

    "http", Label, Source::Http, "a connection whose handshake was seen", "!http";
    "http.host", Text, Source::Header("host"), "header Host of the handshake", r#"http.host == "example.com""#;
    "http.request.uri", Text, Source::Request(Request::Target), "target of the request", r#"http.request.uri contains "/chat""#;
    "http.request.method", Text, Source::Request(Request::Method), "method of the request", "http.request.method == GET";
    "http.response.code", Unsigned(16), Source::Response(Response::Status), "status of the response", "http.response.code != 101";
    "http.response.phrase", Text, Source::Response(Response::Reason), "reason phrase of the response", r#"http.response.phrase contains "Protocol""#;
    "http.upgrade", Text, Source::Header("upgrade"), "header Upgrade, of request and response", "http.upgrade == websocket";
    "http.connection", Text, Source::Header("connection"), "header Connection, of request and response", r#"http.connection contains "keep-alive""#;
    "http.user_agent", Text, Source::Header("user-agent"), "header User-Agent", r#"http.user_agent matches "python|node""#;
    "http.server", Text, Source::Header("server"), "header Server", "http.server contains nginx";
    "http.cookie", Text, Source::Header("cookie"), "header Cookie", r#"http.cookie contains "session=""#;
    "http.authorization", Text, Source::Header("authorization"), "header Authorization", "http.authorization";
    "http.x_forwarded_for", Text, Source::Header("x-forwarded-for"), "header X-Forwarded-For", r#"http.x_forwarded_for contains "203.0.113.7""#;
    "http.origin", Text, Source::Header("origin"), "header Origin", r#"http.origin != "https://example.com""#;
    "http.sec_websocket_key", Text, Source::Header("sec-websocket-key"), "header Sec-WebSocket-Key", r#"http.sec_websocket_key == "dGhlIHNhbXBsZSBub25jZQ==""#;
    "http.sec_websocket_accept", Text, Source::Header("sec-websocket-accept"), "header Sec-WebSocket-Accept", "!http.sec_websocket_accept";
    "http.sec_websocket_protocol", Text, Source::Header("sec-websocket-protocol"), "header Sec-WebSocket-Protocol, of request and response", "http.sec_websocket_protocol == mqtt";
    "http.sec_websocket_extensions", Text, Source::Header("sec-websocket-extensions"), "header Sec-WebSocket-Extensions, of request and response", "http.sec_websocket_extensions contains deflate";
    "http.sec_websocket_version", Text, Source::Header("sec-websocket-version"), "header Sec-WebSocket-Version", "http.sec_websocket_version == 13";

    "websocket", Label, Source::WebSocket, "messages, and frames with --frames", "websocket && ip.src == 127.0.0.1";
    "websocket.fin", Boolean, Source::Fin, "final frame of its message", "websocket.fin == 0";
    "websocket.rsv", Unsigned(3), Source::Rsv, "reserved bits, RSV1 the highest", "websocket.rsv == 4";
    "websocket.pmc", Boolean, Source::Pmc, "compressed (RSV1)", "websocket.pmc == 1";
    "websocket.opcode", Named(4, OPCODES), Source::Opcode, "opcode, by number or by name", "websocket.opcode == ping";
    "websocket.mask", Boolean, Source::Mask, "masked", "websocket.mask == false";
    "websocket.payload_length", Unsigned(64), Source::PayloadLength, "bytes of payload on the wire", "websocket.payload_length >= 65536";
    "websocket.masking_key", Bytes, Source::MaskingKey, "masking key", "websocket.masking_key == 37:fa:21:3d";
    "websocket.payload", Bytes, Source::Payload, "payload of any message, unmasked and inflated", "websocket.payload[0:2] == 7b:22";
    "websocket.payload.text", Text, Source::PayloadText, "payload of a text message", r#"websocket.payload.text matches "error|fail""#;
    "websocket.payload.continue", Bytes, Source::PayloadOf(PayloadKind::Continuation), "payload of frames whose message's beginning is missing", "websocket.payload.continue";
    "websocket.payload.ping", Bytes, Source::PayloadOf(PayloadKind::Ping), "payload of a ping", r#"websocket.payload.ping contains "beat""#;
    "websocket.payload.pong", Bytes, Source::PayloadOf(PayloadKind::Pong), "payload of a pong", "len(websocket.payload.pong) > 0";
    "websocket.payload.unknown", Bytes, Source::PayloadOf(PayloadKind::Unknown), "payload of reserved opcodes", "websocket.payload.unknown";
    "websocket.payload.close", Label, Source::PayloadOf(PayloadKind::Close), "payload of a close frame", "websocket.payload.close";
    "websocket.payload.close.status_code", Unsigned(16), Source::CloseCode, "status code of a close frame", "websocket.payload.close.status_code != 1000";
    "websocket.payload.close.reason", Text, Source::CloseReason, "reason of a close frame", r#"websocket.payload.close.reason contains "timeout""#;
    "websocket.reassembled.length", Unsigned(64), Source::ReassembledLength, "bytes of a message of several frames", "websocket.reassembled.length > 1000000";

    "ws.event", Choice(&["handshake", "message", "frame", "violation", "gap", "end"]), Source::Event, "kind of event", "ws.event == handshake";
    "ws.from", Choice(&["client", "server"]), Source::From, "who sent it, or is at fault", "ws.from == client";
    "ws.accept", Choice(&["valid", "mismatch", "missing", "invalid-key"]), Source::Accept, "verdict on Sec-WebSocket-Accept", "ws.accept != valid";
    "ws.complete", Boolean, Source::Complete, "all of the message is in the capture", "ws.complete == false";
    "ws.compressed", Boolean, Source::Compressed, "the message was compressed", "ws.compressed == true";
    "ws.truncated", Boolean, Source::Truncated, "the message is longer than is kept", "ws.truncated == true";
    "ws.length", Unsigned(64), Source::Length, "bytes of the payload, inflated", "ws.length > 1000000";
    "ws.wire_length", Unsigned(64), Source::WireLength, "bytes of the payload on the wire", "ws.wire_length < 126";
    "ws.frames", Unsigned(64), Source::Frames, "frames of the message", "ws.frames > 1";
    "ws.missing", Unsigned(64), Source::Missing, "bytes of the message, or of the gap, that are missing", "ws.missing > 0";
    "ws.connection", Text, Source::Connection, "name of the connection, as in events", "ws.connection == 3";
    "ws.inferred", Boolean, Source::Inferred, "the handshake was not seen", "ws.inferred == true";
    "ws.rule", Choice(&RULES), Source::Rule, "rule that was broken", "ws.rule == unmasked-client-frame";
    "ws.severity", Choice(&["note", "warning", "error"]), Source::Severity, "how bad that is", "ws.severity == error";
    "ws.state", Choice(&["closed", "tcp-closed", "evicted", "open"]), Source::State, "how the connection ended", "ws.state != closed";
    "ws.file", Text, Source::File, "file that it came from, where there are several", r#"ws.file contains "monday""#;

    "app.protocol", Choice(&PROTOCOLS), Source::AppProtocol, "protocol inside the messages", "app.protocol == jupyter";
};

/// The field of that name.
pub(super) fn field(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}

/// The name of a field that is most like `name`, if any is; else of one that ends
/// with it, as `tcp.port` ends with `port`.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let names = || FIELDS.iter().map(|field| field.name);
    let ends_so = |field: &&str| field.strip_suffix(name).is_some_and(|front| front.ends_with('.'));
    nearest_of(name, names()).or_else(|| names().find(ends_so))
}

/// The one of `names` that is most like `name`, if any is.
pub(crate) fn nearest_of<'a>(
    name: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    /// No field's name is longer.
    const LONGEST: usize = 64;
    if name.len() > LONGEST {
        return None;
    }
    let lower = name.to_lowercase();
    let distance = |other: &'a str| (strsim::damerau_levenshtein(&lower, other), other);
    let (distance, nearest) =
        names.into_iter().map(distance).min_by_key(|(distance, _)| *distance)?;
    // A third of it may be wrong.
    (distance <= (name.len() / 3).max(1)).then_some(nearest)
}

//! The rules that traffic can break.

use std::fmt;

/// How bad a violation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Invites trouble, or is a matter of reading the RFC.
    Warning,
    /// The RFC forbids it.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $variant:ident, $name:literal, $severity:ident, $reference:literal;)+) => {
        /// A rule of TCP, HTTP or WebSocket that a passive observer can judge.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Rule { $($(#[doc = $doc])+ $variant,)+ }

        impl Rule {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The stable name, in kebab case.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// How bad it is to break it.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }

            /// What it is to break it, in a sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii()),+ }
            }

            /// Where it stands.
            pub const fn reference(self) -> &'static str {
                match self { $(Self::$variant => $reference),+ }
            }
        }
    };
}

rules! {
    /// A retransmission carries other bytes than the first copy, of which the
    /// last 32 KiB or less are remembered.
    OverlapConflict, "tcp-overlap-conflict", Warning, "RFC 9293 §3.4";

    /// The method of the request is not GET, or over HTTP/2 not CONNECT.
    RequestMethod, "request-method", Error, "RFC 6455 §4.1";
    /// The request is of an HTTP before 1.1.
    RequestHttpVersion, "request-http-version", Error, "RFC 6455 §4.1";
    /// The request target is neither a path nor an HTTP URI, or has a fragment.
    RequestTarget, "request-target", Error, "RFC 6455 §4.1";
    /// The request has no `Host`, an empty one or several.
    RequestHost, "request-host", Error, "RFC 6455 §4.1";
    /// The request has no `Upgrade` with `websocket`.
    RequestUpgrade, "request-upgrade", Error, "RFC 6455 §4.1";
    /// The request has no `Connection` with `Upgrade`.
    RequestConnection, "request-connection", Error, "RFC 6455 §4.1";
    /// The key is missing, or not 16 bytes in base64.
    RequestKey, "request-key", Error, "RFC 6455 §4.1";
    /// `Sec-WebSocket-Version` is missing, or not 13.
    RequestWebSocketVersion, "request-websocket-version", Error, "RFC 6455 §4.1";
    /// The request asks for another version than 13, which the server did not
    /// accept.
    RequestOtherVersion, "request-other-version", Warning, "RFC 6455 §4.4";
    /// An offered subprotocol is empty, not a token or offered twice.
    RequestSubprotocols, "request-subprotocols", Error, "RFC 6455 §4.1";
    /// A header of the handshake that may come once came more often.
    DuplicateHeader, "duplicate-header", Error, "RFC 6455 §11.3";
    /// `Sec-WebSocket-Extensions` is not of the form that the RFC gives it.
    ExtensionSyntax, "extension-syntax", Error, "RFC 6455 §9.1";
    /// An offer of permessage-deflate has a parameter or value that it may not
    /// have.
    DeflateOffer, "deflate-offer", Error, "RFC 7692 §7.1";
    /// The client sent frames before it had the response.
    DataBeforeResponse, "data-before-response", Warning, "RFC 6455 §4.1";

    /// The server switched protocols in an HTTP before 1.1, which has no 101.
    ResponseHttpVersion, "response-http-version", Error, "RFC 9110 §15.2";
    /// The `Upgrade` of the response is missing, or not `websocket`.
    ResponseUpgrade, "response-upgrade", Error, "RFC 6455 §4.2.2";
    /// The response has no `Connection` with `Upgrade`.
    ResponseConnection, "response-connection", Error, "RFC 6455 §4.2.2";
    /// The response has no `Sec-WebSocket-Accept`.
    AcceptMissing, "accept-missing", Error, "RFC 6455 §4.2.2";
    /// `Sec-WebSocket-Accept` does not prove that the server read the key.
    AcceptMismatch, "accept-mismatch", Error, "RFC 6455 §4.2.2";
    /// The server chose a subprotocol that the client did not offer.
    SubprotocolNotOffered, "subprotocol-not-offered", Error, "RFC 6455 §4.2.2";
    /// The server chose none of the subprotocols that the client offered.
    SubprotocolNotChosen, "subprotocol-not-chosen", Warning, "RFC 6455 §4.2.2";
    /// The server chose an extension that the client did not offer.
    ExtensionNotOffered, "extension-not-offered", Error, "RFC 6455 §4.2.2";
    /// What the server says to permessage-deflate answers no offer.
    DeflateResponse, "deflate-response", Error, "RFC 7692 §7.1";
    /// The response that switches protocols has `Content-Length` or
    /// `Transfer-Encoding`.
    ResponseContent, "response-content", Warning, "RFC 9110 §8.6";
    /// A header of the handshake stands where the RFC gives it no meaning.
    MisplacedHeader, "misplaced-header", Note, "RFC 6455 §11.3";
    /// The server refused a version, as it seems, without saying which it takes.
    RefusedWithoutVersion, "refused-without-version", Warning, "RFC 6455 §4.4";

    /// The client sent a frame that is not masked.
    UnmaskedClientFrame, "unmasked-client-frame", Error, "RFC 6455 §5.1";
    /// The server sent a frame that is masked.
    MaskedServerFrame, "masked-server-frame", Error, "RFC 6455 §5.1";
    /// The client used a masking key twice in a row.
    MaskingKeyRepeated, "masking-key-repeated", Warning, "RFC 6455 §5.3";
    /// A reserved bit is set that no negotiated extension gives a meaning.
    ReservedBits, "reserved-bits", Error, "RFC 6455 §5.2";
    /// A frame's opcode is one that the RFC reserves.
    ReservedOpcode, "reserved-opcode", Error, "RFC 6455 §5.2";
    /// A frame's length takes more bytes than it needs.
    LengthNotMinimal, "length-not-minimal", Error, "RFC 6455 §5.2";
    /// A 64-bit frame length has its top bit set.
    FrameLengthOverflow, "frame-length-overflow", Error, "RFC 6455 §5.2";
    /// A control frame is longer than 125 bytes.
    ControlFrameTooLong, "control-frame-too-long", Error, "RFC 6455 §5.5";
    /// A control frame lacks FIN.
    FragmentedControlFrame, "fragmented-control-frame", Error, "RFC 6455 §5.5";

    /// A continuation frame with no message to continue.
    UnexpectedContinuation, "unexpected-continuation", Error, "RFC 6455 §5.4";
    /// A message begins before the fragmented one before it has ended.
    InterleavedMessage, "interleaved-message", Error, "RFC 6455 §5.4";
    /// A text message is not UTF-8.
    InvalidUtf8, "invalid-utf8", Error, "RFC 6455 §8.1";

    /// A Close frame has a payload of one byte.
    ClosePayloadLength, "close-payload-length", Error, "RFC 6455 §5.5.1";
    /// A Close frame's status code may not be sent.
    CloseCode, "close-code", Error, "RFC 6455 §7.4";
    /// A Close frame's reason is not UTF-8.
    CloseReasonUtf8, "close-reason-utf8", Error, "RFC 6455 §5.5.1";
    /// A data frame after the sender's Close frame.
    DataAfterClose, "data-after-close", Error, "RFC 6455 §5.5.1";
    /// A ping or pong after the sender's Close frame.
    ControlAfterClose, "control-after-close", Warning, "RFC 6455 §5.5.1";
    /// A second Close frame from the same side.
    SecondClose, "second-close", Warning, "RFC 6455 §5.5.1";
    /// A Close frame was not answered before TCP ended.
    CloseNotAnswered, "close-not-answered", Warning, "RFC 6455 §5.5.1";
    /// A ping was not answered, though messages followed it.
    PingNotAnswered, "ping-not-answered", Warning, "RFC 6455 §5.5.2";

    /// RSV1 on a control frame.
    CompressedControlFrame, "compressed-control-frame", Error, "RFC 7692 §6.1";
    /// RSV1 on a continuation frame.
    CompressedContinuation, "compressed-continuation", Error, "RFC 7692 §6.1";
    /// A compressed message is not DEFLATE.
    CorruptDeflate, "corrupt-deflate", Error, "RFC 7692 §7.2.2";
    /// A compressed message still has the four bytes at its end that are to be
    /// removed.
    DeflateTail, "deflate-tail", Warning, "RFC 7692 §7.2.1";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_kebab_case() {
        for (index, rule) in Rule::ALL.iter().enumerate() {
            let name = rule.name();
            assert!(name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')));
            assert!(Rule::ALL[..index].iter().all(|other| other.name() != name));
        }
    }
}

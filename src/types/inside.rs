//! What a binary message was found to hold, whatever the protocol.

use super::Body;

/// What a binary message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inside<'a> {
    /// What the message is, then what was found in that, and so on. Never empty.
    pub layers: &'a [InsideLayer<'a>],
}

/// A format that bytes are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InsideLayer<'a> {
    /// Its name: `gzip`, `zlib`, `zstd`; `msgpack`, `cbor`; or of a type that its
    /// signature shows, `png` and the like.
    pub format: &'static str,
    /// The media type of what a signature shows.
    pub media_type: Option<&'static str>,
    /// What came out of it; `None` of what only a signature shows.
    pub content: Option<InsideContent<'a>>,
}

/// What bytes were opened to, or read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InsideContent<'a> {
    /// Its bytes, as far as they were kept; `None` of a format that was read as JSON.
    pub length: Option<u64>,
    /// What it is.
    pub body: Body<'a>,
    /// It is longer than [`super::Limits::opened`], or in thousands of pieces, and ends
    /// there.
    pub truncated: bool,
}

/// A format that bytes cannot be told to be in, but can be read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryFormat {
    /// MessagePack.
    MessagePack,
    /// CBOR (RFC 8949).
    Cbor,
}

impl BinaryFormat {
    /// Its name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MessagePack => "msgpack",
            Self::Cbor => "cbor",
        }
    }
}

//! The WebSocket protocol (RFC 6455).
//!
//! A [`Decoder`] takes the bytes that one side sends after the handshake and
//! finds frames and messages:
//!
//! ```text
//!             2–14 bytes                    `length` bytes
//!  ┌─► Header ──────────► Payload ────────────────────────────┐
//!  │      │  ▲                                                │
//!  │      │  └────────────────────────────────────────────────┘
//!  │      │ a length that cannot be, or a gap across a header
//!  │      └────────────► Lost
//! ```

mod accept;
mod candidate;
mod chain;
mod close;
mod decoder;
mod deflate;
mod frame;
mod handshake;
mod header;
mod inflater;
mod judge;
mod mask;
mod message;
mod recogniser;
mod search;
#[cfg(test)]
mod search_tests;
mod utf8;
mod window;
mod workspace;

pub use accept::{expected_accept, judge_accept};
pub use candidate::looks_like_frames;
pub use chain::Evidence;
pub use close::{close_code_name, parse_close};
pub use decoder::{Cause, Compression, Decoder, Extensions, Hole, Receiver};
pub use deflate::Deflate;
pub use frame::{FrameHeader, HeaderError};
pub use handshake::{Finding, judge_handshake};
pub use mask::unmask;
pub use message::Assembled;
pub use recogniser::{Recogniser, Verdict};
pub use search::{Expected, Found, Search};
pub use workspace::Workspace;

//! The WebSocket protocol (RFC 6455), its compression (RFC 7692), and the rules
//! of both.
//!
//! A [`Decoder`] takes the bytes that one side sends after the handshake and
//! finds frames and messages:
//!
//! ```text
//!             2–14 bytes                    `length` bytes
//!  ┌─► Header ──────────► Payload ────────────────────────────┐
//!  │    ▲  │  ▲                                               │
//!  │    │  │  └───────────────────────────────────────────────┘
//!  │    │  │ a length that cannot be, or a gap across a header
//!  │    │  └────────────► Lost ───┐
//!  │    └─────────────────────────┘ a chain of frames is found
//!  └─ after the handshake, or what a [`Recogniser`] found without one
//! ```
//!
//! Beside it stand the judges: of the handshake ([`judge_handshake`]), of frame
//! headers and of Close frames. They tell what is broken and change nothing.

mod accept;
mod buffers;
mod candidate;
mod chain;
mod close;
mod decoder;
#[cfg(test)]
mod decoder_tests;
mod deflate;
mod frame;
mod handshake;
mod header;
mod hole;
mod inflater;
mod judge;
mod mask;
mod message;
mod partial_header;
mod pool;
mod recogniser;
mod search;
#[cfg(test)]
mod search_tests;
mod utf8;
mod window;
mod workbench;
mod workspace;

pub use accept::{expected_accept, judge_accept};
pub use candidate::looks_like_frames;
pub use chain::Evidence;
pub use close::{close_code_name, parse_close};
pub use decoder::{Compression, Decoder, Extensions, Receiver};
pub use deflate::Deflate;
pub use frame::{FrameHeader, HeaderError};
pub use handshake::{Finding, judge_handshake};
pub use hole::{Cause, Hole};
pub use mask::unmask;
pub use message::Assembled;
pub use recogniser::{Recogniser, Verdict};
pub use search::{Expected, Found, Search};
pub use workspace::Workspace;

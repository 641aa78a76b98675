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
mod close;
mod decoder;
mod frame;
mod inflater;
mod mask;
mod window;

pub use accept::{expected_accept, judge_accept};
pub use close::{close_code_name, parse_close};
pub use decoder::{Assembled, Decoder, Extensions, Receiver};
pub use frame::{FrameHeader, HeaderError};
pub use mask::unmask;

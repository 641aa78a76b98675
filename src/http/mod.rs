//! HTTP/1.1 up to the Upgrade (RFC 9110 §7.8, RFC 9112, RFC 6455 §4).
//!
//! An [`Exchange`] reads both directions of a conversation: requests and
//! responses, their bodies skipped, until a request to upgrade to WebSocket is
//! answered. Each direction goes through
//!
//! ```text
//!            head complete              body skipped
//!   ┌─► Start ───────────► Body ─────────────────────────┐
//!   │     │ ▲                                            │
//!   │     │ └──────── first bytes of a head ── Lost ◄────┼── gap, not HTTP
//!   └─────┼──────────────────────────────────────────────┘
//!         │ Upgrade or CONNECT asked for
//!         └─────────────────► Held ── answered ──► WebSocket, tunnel or Start
//! ```
//!
//! A response waits until its request is there, and what follows a request to
//! upgrade waits for the response; the acknowledgment numbers of TCP tell what
//! can still come.

mod body;
mod exchange;
mod head;
mod header;
mod requests;

pub use exchange::{Answer, Exchange, Outcome, Step};
pub use head::{Probe, probe};

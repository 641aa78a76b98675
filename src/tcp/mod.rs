//! TCP: conversations, and the bytes of each direction in order.
//!
//! [`Table`] tells which conversation a segment belongs to. A [`Stream`] puts
//! the two directions of one conversation in order and hands their bytes to a
//! [`Receiver`]:
//!
//! ```text
//!                  in order, nothing buffered: borrowed, not copied
//!            ┌────────────────────────────────────────────────────┐
//! segment ───┤ before `next`: compared with what was delivered    ├──► data
//!            │ after a hole:  kept until the hole is filled,      ├──► gap
//!            └──────────────  given up, or a limit is reached ────┘──► conflict
//! ```
//!
//! A hole is given up when the peer has acknowledged its bytes, so that the
//! sender will not send them again, and a grace has passed, since captures
//! put packets out of order. The grace is counted in packets of the
//! conversation and in capture time, never by a clock.

mod assembler;
mod clock;
mod grace;
mod history;
mod mark;
mod seen;
mod stream;
mod table;

#[cfg(test)]
mod tests;

pub use history::History;
pub use seen::Syn;
pub use stream::{Shared, Status, Stream};
pub use table::{Entry, Found, Table};

use crate::types::{Direction, Missing, Origin, Run};

/// Takes what a [`Stream`] finds.
pub trait Receiver {
    /// Whether a direction whose SYN was not seen may be read from `bytes` on.
    /// Otherwise it waits a grace for what may come before.
    fn is_beginning(&self, bytes: &[u8]) -> bool;

    /// A direction begins at `position`. Comes once, before all else of it.
    fn begin(&mut self, direction: Direction, position: u64, beginning: Beginning);

    /// The next bytes of a direction.
    fn data(&mut self, direction: Direction, run: Run<'_>);

    /// Bytes that lie next in a direction are missing.
    fn gap(&mut self, direction: Direction, missing: Missing);

    /// A segment carried other bytes than came first, which stay.
    fn conflict(&mut self, direction: Direction, conflict: Conflict);
}

/// How the first byte of a direction was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// It follows the SYN.
    Syn,
    /// The receiver recognised it.
    Recognised,
    /// It is the first that the capture has.
    Middle,
}

/// Bytes that were sent twice, and differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Position of the first byte that differs.
    pub position: u64,
    /// From it to the last that differs, in bytes.
    pub bytes: u64,
    /// The packet that carried the second copy.
    pub origin: Origin,
}

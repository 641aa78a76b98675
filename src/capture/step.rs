//! What a capture gives.

use super::{Error, Secrets};
use crate::types::{Packet, Source, Timestamp};

/// What a capture has next.
#[derive(Debug)]
pub enum Step<'a> {
    /// A packet, numbered from 1 in the order in which they are given, and the
    /// sources known so far, its own among them.
    Packet(Packet<'a>, &'a [Source]),
    /// Secrets that decrypt packets that follow. Nobody has to keep them.
    Secrets(&'a Secrets),
    /// The next call opens or reads an input and may block: the moment to
    /// flush. Between a packet and the next touch of an input this step is
    /// always given.
    Starved,
    /// An input, or the rest of it, cannot be read; go on for the others.
    Problem(Error),
    /// There is nothing more to give at the moment, and every packet up to this
    /// time was given. Live captures say so, some twenty times a second unless
    /// they are behind; and so does the only input of a capture where it is no
    /// file at rest, and its packets come within seconds of being captured.
    Idle(Timestamp),
    /// There is nothing more, or the capture was stopped. Every later step says
    /// the same.
    End,
}

/// Packets that a live capture lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    /// Dropped by the kernel, as its buffer was full.
    pub kernel: u64,
    /// Dropped by the interface or its driver.
    pub interface: u64,
}

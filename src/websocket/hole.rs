//! Where a direction cannot be read on, and the search for where it can.

use super::decoder::Receiver;
use super::search::Search;
use super::workspace::Workspace;
use crate::types::{Missing, NextFrame, Origin};

/// Where a direction cannot be read on without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Why.
    pub cause: Cause,
    /// The packet that made it known.
    pub origin: Origin,
    /// How the first frame after it was found.
    pub next_frame: NextFrame,
    /// Bytes after it that are in the capture and of no known frame.
    pub undecoded: u64,
}

/// Why a direction cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Bytes are missing.
    Missing(Missing),
    /// A frame is longer than the limit, or than can be.
    FrameLength,
    /// What was taken for frames is none.
    NoFrame,
    /// Bytes that no header follows from: those before the first frame that was
    /// found, or a header that the end cut off.
    Rest,
}

/// The next frame is searched for.
pub(super) struct Lost {
    pub(super) search: Search,
    /// What is told when it is found, or not.
    pub(super) cause: Cause,
    pub(super) origin: Option<Origin>,
    /// Bytes that came after the hole and are not in the search.
    pub(super) undecoded: u64,
}

impl Lost {
    pub(super) fn new(workspace: &Workspace) -> Self {
        Self {
            search: Search::new(workspace.search),
            cause: Cause::Rest,
            origin: None,
            undecoded: 0,
        }
    }

    /// Tells what became of it, when the first `rest` bytes of the search are of
    /// no frame.
    pub(super) fn tell(&self, next_frame: NextFrame, rest: u64, receiver: &mut impl Receiver) {
        let undecoded = self.undecoded + self.search.dropped() + rest;
        let origin = self.origin.or_else(|| self.search.last_origin());
        let Some(origin) = origin.filter(|_| self.cause != Cause::Rest || undecoded > 0) else {
            return;
        };
        receiver.hole(&Hole { cause: self.cause, origin, next_frame, undecoded });
    }
}

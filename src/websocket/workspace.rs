//! What all decoders share.

use super::inflater::Workbench;
use crate::types::Limits;

/// Buffers of messages that wait for their next use.
const MOST_SPARES: usize = 16;

/// The largest of them: what is larger is given back.
const SPARE_CAPACITY: usize = 64 << 10;

/// Room to work, inflaters and bounds for the [`Decoder`](super::Decoder)s of
/// all connections.
pub struct Workspace {
    /// Payload bytes kept of a message.
    pub(super) message: usize,
    /// Bytes that a message may inflate to.
    pub(super) inflated: u64,
    /// Payload bytes of a frame.
    pub(super) frame: u64,
    /// Bytes kept while the next frame is searched for.
    pub(super) search: usize,
    /// Payloads are hashed.
    pub(super) hashes: bool,
    /// For unmasking; its content does not matter.
    pub(super) scratch: Vec<u8>,
    pub(super) workbench: Workbench,
    spares: Vec<Vec<u8>>,
}

impl Workspace {
    /// One with the bounds of `limits`. `hashes` asks for the SHA-256 of each
    /// message.
    pub fn new(limits: &Limits, hashes: bool) -> Self {
        Self {
            message: limits.message,
            inflated: limits.inflated,
            frame: limits.frame,
            search: limits.search,
            hashes,
            scratch: Vec::new(),
            workbench: Workbench::default(),
            spares: Vec::new(),
        }
    }

    /// Bytes of one direction that are kept while the next frame is searched
    /// for.
    pub fn search(&self) -> usize {
        self.search
    }

    /// A buffer for a message.
    pub(super) fn take_buffer(&mut self) -> Vec<u8> {
        self.spares.pop().unwrap_or_default()
    }

    /// Gives one back.
    pub(super) fn give_buffer(&mut self, buffer: Vec<u8>) {
        let is_useful = (1..=SPARE_CAPACITY).contains(&buffer.capacity());
        if is_useful && self.spares.len() < MOST_SPARES {
            self.spares.push(buffer);
        }
    }
}

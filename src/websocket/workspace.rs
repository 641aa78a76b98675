//! What all decoders share.

use super::buffers::Buffers;
use super::message::Partial;
use super::partial_header::PartialHeader;
use super::pool::Pool;
use super::workbench::Workbench;
use crate::types::Limits;

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
    pub(super) buffers: Buffers,
    pub(super) headers: Pool<PartialHeader>,
    pub(super) partials: Pool<Partial>,
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
            buffers: Buffers::default(),
            headers: Pool::default(),
            partials: Pool::default(),
        }
    }

    /// Bytes of one direction that are kept while the next frame is searched
    /// for.
    pub fn search(&self) -> usize {
        self.search
    }

    /// Gives back what a message was made in.
    pub(super) fn give_partial(&mut self, mut partial: Box<Partial>) {
        self.buffers.give(partial.take_buffer());
        self.partials.give(partial);
    }
}

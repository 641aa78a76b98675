//! A capture, as far as it is compared.

use super::content::Part;
use super::digest::Digest;
use crate::filter::Marks;
use crate::output::ConnectionName;
use crate::types::{Opcode, Side};

/// The connections of a capture, in order, and what was said there.
#[derive(Debug, Default)]
pub struct Recording {
    pub(super) talks: Vec<Talk>,
    /// Messages of which nothing but a digest is kept.
    pub(super) unkept: u64,
    /// Messages beyond those that are compared.
    pub(super) uncompared: u64,
}

impl Recording {
    /// Whether there is no connection.
    pub fn is_empty(&self) -> bool {
        self.talks.is_empty()
    }
}

/// A connection, or a handshake that was refused.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) name: ConnectionName,
    /// What the client asked for; `None` when the capture does not have it.
    pub(super) target: Option<Box<str>>,
    /// The same as it is shown.
    pub(super) url: Option<Box<str>>,
    pub(super) handshake: Option<Said>,
    pub(super) messages: Vec<Said>,
    /// What its handshake decides of a filter.
    pub(super) marks: Option<Marks>,
    /// Something of it is compared.
    pub(super) is_selected: bool,
}

/// A message, or a handshake.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) what: What,
    pub(super) packet: u64,
    /// Of all that is compared.
    pub(super) digest: Digest,
    /// Of which fields it has.
    pub(super) class: Digest,
    /// There are ids in it that may differ.
    pub(super) has_ids: bool,
    /// There is more of it, which is not known.
    pub(super) is_partial: bool,
    /// What it says, in a few words that are fit for a terminal; empty where there was
    /// no room.
    pub(super) head: Box<str>,
    /// What is compared; `None` where there was no room.
    pub(super) parts: Option<Box<[Part<'static>]>>,
}

/// What was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Handshake,
    Message(Side, Opcode),
}

impl Said {
    /// Who said it.
    pub(super) fn from(&self) -> Option<Side> {
        match self.what {
            What::Handshake => None,
            What::Message(from, _) => Some(from),
        }
    }
}

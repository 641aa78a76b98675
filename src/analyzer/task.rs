//! What a conversation's shard has to do.

use std::hash::BuildHasher;

use foldhash::quality::FixedState;

use super::SHARDS;
use crate::tcp::Syn;
use crate::types::{Conversation, Direction, Segment, Timestamp};

/// One thing for a shard to do.
///
/// The tasks of one shard must be done in their order; what those of several
/// shards tell, put together in their order, is what one thread would tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Task<'a> {
    /// Its place among all tasks: ascending, and no two have the same.
    pub order: u64,
    /// Whose it is: below [`SHARDS`].
    pub shard: usize,
    /// The conversation's place in the shard.
    pub slot: usize,
    /// What is to be done.
    pub work: Work<'a>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work<'a> {
    /// The first bytes of a conversation are about to come.
    Open(Opening),
    /// A segment has come.
    Segment(Segment<'a>, Direction),
    /// The conversation is forgotten.
    Leave(Leaving),
    /// No more packets will come: tell what waits.
    Finish,
    /// After all have told that: the conversation is still open.
    End,
    /// It is so late, for all conversations of the shard.
    Advance(Timestamp),
    /// Give back what was not needed lately, for all of them. They are counted
    /// from 1.
    Checkpoint(u64),
}

/// What is known of a conversation before its first bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    /// Its two ends.
    pub conversation: Conversation,
    /// Its number.
    pub stream: u64,
    /// Its SYNs, in the order of [`Direction::BOTH`].
    pub syns: [Option<Syn>; 2],
}

/// Why a conversation is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// It was silent for too long.
    Expired,
    /// Another one has taken its ports.
    Replaced,
    /// There were too many.
    Evicted,
}

impl Task<'_> {
    /// The bytes that it comes with.
    pub(crate) fn payload(&self) -> &[u8] {
        match &self.work {
            Work::Segment(segment, _) => segment.payload,
            _ => &[],
        }
    }

    /// The same task with its bytes in another place.
    #[must_use]
    pub(crate) fn with_payload<'b>(&self, payload: &'b [u8]) -> Task<'b> {
        let work = match self.work {
            Work::Open(opening) => Work::Open(opening),
            Work::Segment(segment, direction) => {
                Work::Segment(segment.with_payload(payload), direction)
            }
            Work::Leave(leaving) => Work::Leave(leaving),
            Work::Finish => Work::Finish,
            Work::End => Work::End,
            Work::Advance(time) => Work::Advance(time),
            Work::Checkpoint(number) => Work::Checkpoint(number),
        };
        let Self { order, shard, slot, .. } = *self;
        Task { order, shard, slot, work }
    }
}

/// The shard of a conversation: the same in every run, so that what the shards
/// have to share does not depend on anything else.
pub(super) fn shard_of(conversation: &Conversation) -> usize {
    (FixedState::with_seed(0).hash_one(conversation) >> 32) as usize % SHARDS
}

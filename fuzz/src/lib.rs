//! What several fuzz targets share.

mod conversation;
mod pieces;
mod views;

pub use conversation::{Conversation, datagram};
pub use pieces::{Piece, Pieces};
pub use views::{Outputs, check};

use wsdump::types::{Origin, SourceId, Timestamp};

/// The origin of packet `number`, `milliseconds` after the epoch.
pub fn origin(number: u64, milliseconds: u64) -> Origin {
    let nanoseconds = i64::try_from(milliseconds * 1_000_000).unwrap_or(i64::MAX);
    let time = Some(Timestamp::from_nanoseconds(nanoseconds));
    Origin { packet: number, time, source: SourceId(0) }
}

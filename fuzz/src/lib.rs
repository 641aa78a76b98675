//! What several fuzz targets share.

mod conversation;
mod decoding;
mod pieces;
mod session;
mod views;

pub use conversation::{Conversation, datagram};
pub use decoding::{Log, Message, Reading, Told, before_lost, judge_complete};
pub use pieces::{Piece, Pieces};
pub use session::{Manner, Random, Sent, SentFrame, Session, compressed};
pub use views::{Outputs, check};

use wsdump::types::{Origin, SourceId, Timestamp};

/// The origin of packet `number`, `milliseconds` after the epoch.
pub fn origin(number: u64, milliseconds: u64) -> Origin {
    let nanoseconds = i64::try_from(milliseconds * 1_000_000).unwrap_or(i64::MAX);
    let time = Some(Timestamp::from_nanoseconds(nanoseconds));
    Origin { packet: number, time, source: SourceId(0), tcp_length: 0 }
}

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

/// What handshakes have that make each protocol inside certain, in each of its
/// forms: a request's target, or a subprotocol.
pub const APP_TARGETS: &[&str] = &[
    "/api/kernels/f4d1/channels",
    "v1.kernel.websocket.jupyter.org",
    "/terminals/websocket/1",
    "webtty",
    "tty",
    "/engine.io/?EIO=4&transport=websocket",
    "/engine.io/?EIO=3&transport=websocket",
    "/socket.io/?EIO=4&transport=websocket",
    "/socket.io/?EIO=3&transport=websocket",
    "/echo/042/x5k2vq0a/websocket",
    "graphql-transport-ws",
    "graphql-ws",
    "/devtools/page/3279E3C4",
    "wamp.2.json",
    "wamp.2.msgpack",
    "wamp.2.cbor",
    "wamp.2.json.batched",
    "wamp.2.msgpack.batched",
    "wamp.2.cbor.batched",
    "v10.stomp",
    "v12.stomp",
    "mqtt",
    "/live/websocket?vsn=1.0.0",
    "/live/websocket?vsn=2.0.0",
    "v4.channel.k8s.io",
    "v5.channel.k8s.io",
    "base64.channel.k8s.io",
    "ocpp1.6",
    "ocpp2.1",
];

/// The origin of packet `number`, `milliseconds` after the epoch.
pub fn origin(number: u64, milliseconds: u64) -> Origin {
    let nanoseconds = i64::try_from(milliseconds * 1_000_000).unwrap_or(i64::MAX);
    let time = Some(Timestamp::from_nanoseconds(nanoseconds));
    Origin { packet: number, time, source: SourceId(0), tcp_length: 0 }
}

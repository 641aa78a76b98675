//! The small types that rooms take and give.
//!
//! Every room may use this one, and this one uses no other. Nothing here does
//! I/O or looks at a clock.

mod address;
mod app;
pub(crate) mod ascii;
pub(crate) mod distribution;
mod event;
mod inside;
pub(crate) mod json_block;
pub(crate) mod json_skip;
pub(crate) mod json_string;
mod limits;
mod packet;
mod rule;
mod run;
mod segment;
mod seq;
mod target;
pub(crate) mod text;
mod time;
pub(crate) mod units;

pub use address::{Conversation, Direction, Endpoint, Flow};
pub(crate) use app::AppPlaces;
pub use app::{App, AppPacket, AppProtocol, AppReply};
pub use event::{
    AcceptStatus, Body, Close, Connection, Counts, End, EndState, Event, Extension, Frame, Gap,
    Handshake, Header, HttpVersion, JsonText, Kind, Message, NextFrame, NotInflated, Opcode, Side,
    Sink, Violation,
};
pub use inside::{BinaryFormat, Inside, InsideContent, InsideLayer};
pub use limits::Limits;
pub use packet::{LinkType, Origin, Packet, Source, SourceId};
pub use rule::{Rule, Severity};
pub use run::{Missing, Run};
pub use segment::{Segment, TcpFlags};
pub use seq::Seq;
pub use target::{stable_path, stable_pointer};
pub use time::Timestamp;

//! TCP segments as `net` gives them.

use super::{Flow, Origin, Seq};

/// One TCP segment, its payload borrowed from the packet.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// The packet that carried it (of a defragmented datagram: the last).
    pub origin: Origin,
    /// Sender and receiver.
    pub flow: Flow,
    /// Sequence number of the first byte of payload, or of the SYN.
    pub seq: Seq,
    /// Acknowledgment number, when the ACK flag is set.
    pub ack: Option<Seq>,
    /// Control bits.
    pub flags: TcpFlags,
    /// Receive window as on the wire, not scaled.
    pub window: u16,
    /// Shift count of the window scale option (RFC 7323 §2.2), which only
    /// segments with SYN carry.
    pub window_scale: Option<u8>,
    /// The captured bytes of payload, link-layer padding excluded.
    pub payload: &'a [u8],
    /// Bytes of payload after those captured that the snap length cut off.
    pub cut: u32,
}

impl Segment<'_> {
    /// The same segment with its payload in another place.
    #[must_use]
    pub fn with_payload<'a>(&self, payload: &'a [u8]) -> Segment<'a> {
        let Self { origin, flow, seq, ack, flags, window, window_scale, cut, .. } = *self;
        Segment { origin, flow, seq, ack, flags, window, window_scale, payload, cut }
    }
}

/// The control bits of a TCP header (RFC 9293 §3.1), as its 14th byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronize sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Push function.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgment field is significant.
    pub const ACK: Self = Self(0x10);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl std::ops::BitOr for TcpFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

//! What a format makes of the bytes at hand.

use std::ops::Range;

use crate::types::{LinkType, Timestamp};

use super::Damage;

/// Bytes of a packet that are read at the most, whatever a file says.
///
/// libpcap's own limit is 256 KiB; only link types that no network has (USB,
/// D-Bus) go beyond this one.
pub(super) const MAX_PACKET: u32 = 16 << 20;

/// The next step through a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// A packet, in a record of `length` bytes.
    Packet { record: Record, length: u64 },
    /// Bytes without a packet; they need not be at hand.
    Pass { length: u64 },
    /// Secrets, and where they lie in the bytes that were parsed; `None` where
    /// they cannot be given.
    Secrets { kind: u32, data: Option<Range<usize>>, length: u64 },
    /// What a file says of its making: so many more packets were lost.
    Lost { packets: u64, length: u64 },
    /// The item that begins here cannot be told before `needed` bytes of it
    /// are at hand: always more than there are.
    Incomplete { needed: usize },
    /// A packet in a record of `length` bytes that cannot be given.
    Skipped { damage: Damage, length: u64 },
    /// Neither this nor what follows can be read.
    Damaged(Damage),
}

/// A packet in the bytes that were parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// When it was captured.
    pub(super) time: Option<Timestamp>,
    /// What it begins with.
    pub(super) link_type: LinkType,
    /// Bytes on the wire, without frame check sequence.
    pub(super) original_length: u32,
    /// Which of the file's named interfaces it came from; 0 for none.
    pub(super) interface: u32,
    /// Where it lies in the bytes that were parsed.
    pub(super) data: Range<usize>,
}

/// Captured and original length of a packet without its frame check sequence
/// of `fcs` bytes, of which the snap length may have left all, some or none.
pub(super) fn without_fcs(captured: u32, original: u32, fcs: u32) -> (u32, u32) {
    // Some writers count more bytes captured than there were.
    let original = original.max(captured).saturating_sub(fcs);
    (captured.min(original), original)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_captured_bytes_of_the_fcs_are_taken_off() {
        assert_eq!(without_fcs(64, 64, 4), (60, 60));
        assert_eq!(without_fcs(62, 64, 4), (60, 60));
        assert_eq!(without_fcs(40, 64, 4), (40, 60));
        assert_eq!(without_fcs(2, 2, 4), (0, 0));
        assert_eq!(without_fcs(64, 60, 0), (64, 64));
    }
}

//! What tells the conversations on the same ports from one another.

use crate::types::{Segment, Seq, TcpFlags};

/// How far after its SYN a segment may lie that was captured before it.
pub(super) const NEAR: i32 = 1 << 16;

/// What was seen of one direction.
///
/// Kept for every conversation there is, so it is packed: `known` says which
/// of the numbers hold.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen {
    syn: u32,
    first_seq: u32,
    first_ack: u32,
    /// Sequence number after its last segment, RSTs left aside.
    end: u32,
    window_scale: Option<u8>,
    known: u8,
}

/// What a SYN said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syn {
    /// Its sequence number.
    pub seq: Seq,
    /// Shift count of its window scale option; the largest where only the
    /// answer to the SYN was seen.
    pub window_scale: Option<u8>,
    /// It was not seen itself, only the SYN-ACK that answers it.
    pub is_inferred: bool,
}

impl Seen {
    const SYN: u8 = 1;
    const SYN_IS_INFERRED: u8 = 1 << 1;
    const FIRST_SEQ: u8 = 1 << 2;
    const FIRST_ACK: u8 = 1 << 3;
    const END: u8 = 1 << 4;
    /// It ended with a FIN.
    pub(super) const FIN: u8 = 1 << 5;
    /// It ended with a RST.
    pub(super) const RESET: u8 = 1 << 6;

    pub(super) fn has(&self, known: u8) -> bool {
        self.known & known != 0
    }

    pub(super) fn syn(&self) -> Option<Syn> {
        self.has(Self::SYN).then_some(Syn {
            seq: Seq(self.syn),
            window_scale: self.window_scale,
            is_inferred: self.has(Self::SYN_IS_INFERRED),
        })
    }

    /// Sequence number of the first segment without SYN.
    pub(super) fn first_seq(&self) -> Option<Seq> {
        self.has(Self::FIRST_SEQ).then_some(Seq(self.first_seq))
    }

    /// What the first segment without SYN that acknowledged anything did.
    pub(super) fn first_ack(&self) -> Option<Seq> {
        self.has(Self::FIRST_ACK).then_some(Seq(self.first_ack))
    }

    pub(super) fn set_syn(&mut self, syn: Syn) {
        self.syn = syn.seq.0;
        self.window_scale = syn.window_scale;
        self.set(Self::SYN, true);
        self.set(Self::SYN_IS_INFERRED, syn.is_inferred);
    }

    /// Takes note of a segment without SYN.
    pub(super) fn see_first(&mut self, segment: &Segment<'_>) {
        if !self.has(Self::FIRST_SEQ) {
            self.first_seq = segment.seq.0;
            self.set(Self::FIRST_SEQ, true);
        }
        if !self.has(Self::FIRST_ACK)
            && let Some(ack) = segment.ack
        {
            self.first_ack = ack.0;
            self.set(Self::FIRST_ACK, true);
        }
    }

    /// Takes note of where a segment ends.
    pub(super) fn see_end(&mut self, segment: &Segment<'_>) {
        let known = self.has(Self::END).then_some(Seq(self.end));
        let is_near = known
            .is_none_or(|end| segment.seq.distance_from(end).unsigned_abs() <= NEAR.unsigned_abs());
        if segment.flags.contains(TcpFlags::RST) {
            self.set(Self::RESET, self.has(Self::RESET) || is_near);
            return;
        }
        let is_fin = segment.flags.contains(TcpFlags::FIN);
        let length = (segment.payload.len() as u32).wrapping_add(segment.cut);
        let end = segment.seq.plus(length.wrapping_add(u32::from(is_fin)));
        let goes_on = known.is_none_or(|known| end.distance_from(known) > 0);
        let was_fin = self.has(Self::FIN);
        self.set(Self::FIN, if is_fin { was_fin || is_near } else { was_fin && !goes_on });
        self.set(Self::RESET, false);
        self.end = end.0;
        self.set(Self::END, true);
    }

    fn set(&mut self, known: u8, holds: bool) {
        self.known = if holds { self.known | known } else { self.known & !known };
    }
}

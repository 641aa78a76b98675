//! The two directions of one TCP conversation.

use super::assembler::{Assembler, Data, Middle};
use super::grace::Moment;
use super::{Beginning, History, Receiver, Syn};
use crate::types::{Direction, Limits, Origin, Segment, Seq, TcpFlags, Timestamp};

/// The largest shift of the window scale option (RFC 7323 §2.3), assumed when
/// the SYN was not seen: a window taken too large loses nothing.
pub(super) const MAX_WINDOW_SCALE: u8 = 14;

/// What all streams share: bounds and memory.
pub struct Shared<'a> {
    /// The bounds.
    pub limits: &'a Limits,
    /// What was delivered lately, to compare retransmissions with.
    pub history: &'a mut History,
    /// Bytes of out-of-order data that all streams keep.
    pub buffered: &'a mut usize,
    /// How many of them there may be; beyond it the stream that is at work
    /// gives up its holes.
    pub allowed: usize,
    /// Holes given up because a limit was reached.
    pub overflows: &'a mut u64,
}

/// Whether a conversation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It does.
    Open,
    /// Both sides sent FIN, or one sent RST, and everything before is told.
    Ended,
}

/// Puts one TCP conversation in order (RFC 9293).
///
/// Call [`Stream::segment`] for each segment, until it answers
/// [`Status::Ended`]; call [`Stream::finish`] when no more will come, and
/// [`Stream::advance`] when it is known that time passes without any.
#[derive(Default)]
pub struct Stream {
    forward: Half,
    backward: Half,
    packets: u64,
    reset: Option<Box<Reset>>,
}

#[derive(Default)]
struct Half {
    assembler: Assembler,
    syn_seen: bool,
    window_scale: Option<u8>,
}

/// An accepted RST that waits for the bytes before it.
struct Reset {
    direction: Direction,
    position: u64,
    /// What its sender had of the other direction.
    ack: Option<u64>,
    /// Everything before it was there when it came.
    was_reached: bool,
    since: Moment,
}

impl Stream {
    /// Takes note of a SYN that was seen before this stream was begun.
    pub fn syn(
        &mut self,
        direction: Direction,
        syn: Syn,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        let half = self.half(direction);
        half.syn_seen = true;
        half.window_scale = syn.window_scale;
        if !syn.is_inferred {
            half.assembler.see();
        }
        let position = half.assembler.position(syn.seq.plus(1));
        half.assembler.begin(direction, position, Beginning::Syn, shared, receiver);
    }

    /// Takes one segment.
    pub fn segment(
        &mut self,
        segment: &Segment<'_>,
        direction: Direction,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) -> Status {
        self.packets += 1;
        let now = Moment { packets: self.packets, time: segment.origin.time };
        let syn = segment.flags.contains(TcpFlags::SYN);
        if syn {
            let half = self.half(direction);
            half.syn_seen = true;
            half.window_scale = segment.window_scale;
        }
        let ack =
            segment.ack.map(|ack| self.acknowledge(ack, segment, direction, shared, receiver));
        // The SYN's own number comes before its first byte.
        let first = if syn { segment.seq.plus(1) } else { segment.seq };
        let assembler = &mut self.half(direction).assembler;
        assembler.see();
        let position = assembler.position(first);
        let end = position + segment.payload.len() as u64 + u64::from(segment.cut);
        if segment.flags.contains(TcpFlags::RST) {
            // What a RST carries is a comment on it (RFC 9293 §3.5.2).
            self.note_reset(direction, position, ack, now);
        } else {
            if syn {
                assembler.begin(direction, position, Beginning::Syn, shared, receiver);
            }
            if segment.flags.contains(TcpFlags::FIN) {
                assembler.finish_at(end, ack);
            }
            let assembler = &mut self.half(direction).assembler;
            if !segment.payload.is_empty() {
                let data = Data {
                    position,
                    bytes: segment.payload,
                    origin: segment.origin,
                    ack,
                    arrived: now,
                };
                assembler.push(direction, data, shared, receiver);
            }
        }
        self.settle(now, segment.origin, shared, receiver)
    }

    /// Takes note that it is `time` and no segment has come since `latest`.
    pub fn advance(
        &mut self,
        time: Timestamp,
        latest: Origin,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) -> Status {
        let now = Moment { packets: self.packets, time: Some(time) };
        self.settle(now, latest, shared, receiver)
    }

    fn settle(
        &mut self,
        now: Moment,
        latest: Origin,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) -> Status {
        let waiting = [&self.forward, &self.backward].map(|half| half.assembler.is_waiting());
        if waiting.contains(&true) {
            self.settle_waiting(waiting, now, latest, shared, receiver);
        }
        self.status(now, shared)
    }

    /// Settles what waits in the directions that do.
    fn settle_waiting(
        &mut self,
        waiting: [bool; 2],
        now: Moment,
        latest: Origin,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        for (direction, is_waiting) in Direction::BOTH.into_iter().zip(waiting) {
            if is_waiting {
                self.half(direction).assembler.settle_acknowledgments(now, shared);
            }
        }
        self.settle_beginnings(now, shared, receiver);
        for (direction, is_waiting) in Direction::BOTH.into_iter().zip(waiting) {
            if is_waiting {
                let assembler = &mut self.half(direction).assembler;
                assembler.settle(direction, now, latest, shared, receiver);
            }
        }
    }

    /// Begins directions whose beginning was not seen, both together and in the
    /// order of capture, so that an answer does not overtake.
    fn settle_beginnings(
        &mut self,
        now: Moment,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        let middles =
            Direction::BOTH.map(|direction| self.half(direction).assembler.middle(now, shared));
        let is_due = middles.iter().any(|middle| matches!(middle, Middle::At(_)));
        if !is_due || middles.contains(&Middle::Later) {
            return;
        }
        for (direction, middle) in Direction::BOTH.into_iter().zip(middles) {
            self.half(direction).assembler.begin_in_the_middle(direction, middle, receiver);
        }
        while let Some(direction) = self.earliest(Assembler::ready_packet) {
            self.half(direction).assembler.drain_one(direction, shared, receiver);
        }
    }

    /// The direction of the earliest of two packets.
    fn earliest(&mut self, packet: impl Fn(&Assembler) -> Option<u64>) -> Option<Direction> {
        Direction::BOTH
            .into_iter()
            .filter_map(|direction| Some((packet(&self.half(direction).assembler)?, direction)))
            .min_by_key(|&(packet, _)| packet)
            .map(|(_, direction)| direction)
    }

    /// Delivers what is left, holes given up, as no more segments will come.
    /// `latest` is the last packet of the conversation.
    pub fn finish(
        &mut self,
        latest: Origin,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        // In the order of capture, so that an answer does not overtake.
        while let Some(direction) = self.earliest(Assembler::next_packet) {
            self.half(direction).assembler.flush(direction, shared, receiver);
        }
        for direction in Direction::BOTH {
            self.half(direction).assembler.end(direction, latest, shared, receiver);
        }
    }

    /// Gives back what is kept, when the rest of the conversation does not
    /// matter.
    pub fn release(&mut self, shared: &mut Shared<'_>) {
        for direction in Direction::BOTH {
            self.half(direction).assembler.drop_chunks(shared);
        }
    }

    /// Whether a FIN was reached, or a RST seen: the conversation did not go
    /// on past the capture.
    pub fn is_closing(&self) -> bool {
        self.reset.is_some()
            || self.forward.assembler.is_closing()
            || self.backward.assembler.is_closing()
    }

    /// Up to where a side had the other direction when it ended its own with a
    /// FIN, if it did and was not broken off.
    pub fn fin_ack(&self, direction: Direction) -> Option<u64> {
        let half = match direction {
            Direction::Forward => &self.forward,
            Direction::Backward => &self.backward,
        };
        half.assembler.fin_ack().filter(|_| self.reset.is_none())
    }

    /// Whether it has anything allocated.
    #[cfg(test)]
    pub(super) fn is_on_heap(&self) -> bool {
        let halves = [&self.forward, &self.backward];
        self.reset.is_some() || halves.iter().any(|half| half.assembler.is_on_heap())
    }

    /// Whether it keeps bytes, or notes of those that it waits for.
    #[cfg(test)]
    pub(super) fn keeps_anything(&self) -> bool {
        let halves = [&self.forward, &self.backward];
        halves.iter().any(|half| half.assembler.keeps_anything())
    }

    /// What an acknowledgment number says of the other direction; its
    /// position there.
    fn acknowledge(
        &mut self,
        ack: Seq,
        segment: &Segment<'_>,
        direction: Direction,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) -> u64 {
        let syn = segment.flags.contains(TcpFlags::SYN);
        let window = u64::from(segment.window) << self.window_scale(direction, syn);
        let opposite = direction.opposite();
        let peer = &mut self.half(opposite).assembler;
        let position = peer.position(ack);
        // The one in a RST proves nothing.
        if !segment.flags.contains(TcpFlags::RST) {
            peer.acknowledge(position, window);
        }
        if syn {
            // A SYN-ACK answers the SYN, even when that is not in the capture.
            peer.begin(opposite, position, Beginning::Syn, shared, receiver);
        }
        position
    }

    /// The shift of the windows that `direction` offers. The window in a SYN
    /// is never scaled, and both sides must have offered to scale.
    fn window_scale(&mut self, direction: Direction, syn: bool) -> u8 {
        let peer = self.half(direction.opposite());
        let (peer_syn, peer_scale) = (peer.syn_seen, peer.window_scale);
        let half = self.half(direction);
        match (half.syn_seen, half.window_scale) {
            _ if syn => 0,
            (false, _) => MAX_WINDOW_SCALE,
            (true, None) => 0,
            (true, Some(_)) if peer_syn && peer_scale.is_none() => 0,
            (true, Some(shift)) => shift.min(MAX_WINDOW_SCALE),
        }
    }

    fn note_reset(&mut self, direction: Direction, position: u64, ack: Option<u64>, now: Moment) {
        let assembler = &mut self.half(direction).assembler;
        if let Some(position) = assembler.reset_position(position)
            && self.reset.is_none()
        {
            let assembler = &mut self.half(direction).assembler;
            let was_reached = assembler.next().is_none_or(|next| next >= position);
            // Nothing more will be sent: what is missing now is lost.
            assembler.acknowledge(position, 0);
            let reset = Reset { direction, position, ack, was_reached, since: now };
            self.reset = Some(Box::new(reset));
        }
    }

    fn status(&mut self, now: Moment, shared: &Shared<'_>) -> Status {
        let finished =
            self.forward.assembler.is_finished() && self.backward.assembler.is_finished();
        if self.is_reset(now, shared) || finished { Status::Ended } else { Status::Open }
    }

    /// Whether a RST was accepted and everything before it is told.
    fn is_reset(&mut self, now: Moment, shared: &Shared<'_>) -> bool {
        let Some(reset) = &self.reset else {
            return false;
        };
        let (sender, peer) = match reset.direction {
            Direction::Forward => (&self.forward.assembler, &self.backward.assembler),
            Direction::Backward => (&self.backward.assembler, &self.forward.assembler),
        };
        // Bytes past it show that it was not the sender's, unless they were
        // there before it.
        if !reset.was_reached && sender.next() > Some(reset.position) {
            self.reset = None;
            return false;
        }
        let sent = sender.next().is_none_or(|next| next >= reset.position);
        // Without an acknowledgment it answers a segment (RFC 9293 §3.10.7.1)
        // that may be captured after it.
        sent && match reset.ack {
            Some(ack) => peer.next().is_none_or(|next| next >= ack),
            None => reset.since.has_passed(now, shared.limits, 1),
        }
    }

    fn half(&mut self, direction: Direction) -> &mut Half {
        match direction {
            Direction::Forward => &mut self.forward,
            Direction::Backward => &mut self.backward,
        }
    }
}

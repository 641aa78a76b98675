//! One direction of a stream, put in order.

use std::collections::BTreeMap;

use super::grace::Moment;
use super::history::{Differing, Trace};
use super::{Beginning, Conflict, Receiver, Shared};
use crate::types::{Direction, Missing, Origin, Run, Seq};

/// Position of the first sequence number seen. High enough that nothing a
/// sequence number can say lies before zero.
const ANCHOR: u64 = 1 << 40;

/// What keeping a chunk costs beside its bytes: its entry in the tree and the
/// allocation. Counted so that tiny segments cannot outgrow the limit.
const CHUNK_OVERHEAD: usize = 224;

/// What the first chunk costs in addition: a node of the tree, which has room
/// for eleven.
const NODE_OVERHEAD: usize = 1280;

/// How far beyond the known windows an acknowledgment is not believed at once.
/// Less is what a lossy capture may have missed.
const FAR: u64 = 16 << 20;

/// How many times the grace is waited when no acknowledgment of the peer is in
/// the capture: a retransmission takes longer than reordering.
const UNACKNOWLEDGED: u32 = 16;

/// Puts the segments of one direction in order.
///
/// ```text
///            next                    acked            edge
///              ▼                       ▼                ▼
/// ─ delivered ─┬─ hole ─┬─ chunk ─┬─ hole ─┬─ chunk ─┬──────► positions
/// ```
#[derive(Default)]
pub(super) struct Assembler {
    /// A sequence number and its position, the newest known for certain.
    reference: Option<(Seq, u64)>,
    /// Whether `next` holds: the first byte is known.
    begun: bool,
    /// Position of the next byte to deliver.
    next: u64,
    /// Whether any segment of it was seen.
    is_visible: bool,
    /// What arrived beyond a hole, by position; never overlapping.
    chunks: BTreeMap<u64, Chunk>,
    /// What the chunks cost.
    buffered: usize,
    /// The latest packet of what was delivered.
    latest: Option<Origin>,
    /// What was delivered lately.
    trace: Trace,
    /// Position up to which the peer has acknowledged.
    acked: Option<u64>,
    /// `acked` at least one grace ago, and the same in the making.
    settled: Option<u64>,
    settling: Option<(u64, Moment)>,
    /// Since when `next` has not moved although acknowledged bytes lie ahead.
    stuck: Option<(u64, Moment)>,
    /// Position after the last byte that the peer's windows allowed so far.
    edge: Option<u64>,
    /// Position of the FIN.
    fin: Option<u64>,
    /// The last acknowledgment that was not believed.
    suspect: Option<u64>,
}

/// Where a direction may begin whose beginning was not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Middle {
    /// It has begun, or nothing of it is there.
    None,
    /// Earlier bytes may still come.
    Later,
    /// At this position.
    At(u64),
}

struct Chunk {
    bytes: Vec<u8>,
    origin: Origin,
    ack: Option<u64>,
    arrived: Moment,
}

impl Chunk {
    fn cost(&self) -> usize {
        self.bytes.len() + CHUNK_OVERHEAD
    }
}

/// What a segment brings for its own direction.
#[derive(Clone, Copy)]
pub(super) struct Data<'a> {
    pub(super) position: u64,
    pub(super) bytes: &'a [u8],
    pub(super) origin: Origin,
    pub(super) ack: Option<u64>,
    pub(super) arrived: Moment,
}

impl<'a> Data<'a> {
    fn end(&self) -> u64 {
        self.position + self.bytes.len() as u64
    }

    /// The part from `start` up to `end`, both within the data.
    fn part(&self, start: u64, end: u64) -> Self {
        let range = (start - self.position) as usize..(end - self.position) as usize;
        Self { position: start, bytes: self.bytes.get(range).unwrap_or_default(), ..*self }
    }
}

impl Assembler {
    /// The position of a sequence number, taken as the nearest to what was
    /// seen before.
    pub(super) fn position(&mut self, seq: Seq) -> u64 {
        let (reference, position) = *self.reference.get_or_insert((seq, ANCHOR));
        position.saturating_add_signed(seq.distance_from(reference).into())
    }

    /// Position of the next byte to deliver, once the first is known.
    pub(super) fn next(&self) -> Option<u64> {
        self.begun.then_some(self.next)
    }

    /// Whether all bytes before `position` were delivered or given up.
    pub(super) fn has_reached(&self, position: u64) -> bool {
        self.begun && self.next >= position
    }

    /// Whether the sender's FIN was seen.
    pub(super) fn is_closing(&self) -> bool {
        self.fin().is_some()
    }

    /// Whether the sender's FIN was reached.
    pub(super) fn is_finished(&self) -> bool {
        self.fin().is_some_and(|fin| self.has_reached(fin))
    }

    /// Notes that a segment of it was seen.
    pub(super) fn see(&mut self) {
        self.is_visible = true;
    }

    /// Notes that the peer has everything up to `position` and allows
    /// `window` bytes more. What lies far beyond every window is believed only
    /// when a second segment says so too: anybody can forge one.
    pub(super) fn acknowledge(&mut self, position: u64, window: u64) {
        if self.edge.is_some_and(|edge| position > edge.saturating_add(FAR)) {
            let confirmed = self
                .suspect
                .is_some_and(|suspect| (suspect..=suspect.saturating_add(FAR)).contains(&position));
            self.suspect = Some(position);
            if !confirmed {
                return;
            }
        }
        self.acked = Some(self.acked.map_or(position, |acked| acked.max(position)));
        let edge = position.saturating_add(window);
        self.edge = Some(self.edge.map_or(edge, |known| known.max(edge)));
    }

    /// Notes a FIN. One that lies behind what was delivered is not the
    /// sender's, and of several the first in the stream is.
    pub(super) fn finish_at(&mut self, position: u64) {
        if !self.begun || self.next <= position {
            let known = self.fin().unwrap_or(u64::MAX);
            self.fin = Some(known.min(position));
        }
    }

    /// The position of the FIN, once a window allows it or the peer has
    /// acknowledged it.
    fn fin(&self) -> Option<u64> {
        self.fin.filter(|&fin| self.was_allowed(fin))
    }

    /// Whether a RST at `position` may be the sender's (RFC 9293 §3.10.7.4):
    /// between what the peer has acknowledged and the edge of its window.
    /// Where it ends the direction, if so.
    pub(super) fn reset_position(&self, position: u64) -> Option<u64> {
        if !self.begun {
            return Some(position);
        }
        let lowest = self.acked.map_or(self.next, |acked| acked.min(self.next));
        // The FIN has a sequence number of its own but no byte.
        let highest = self.edge.map(|edge| edge.max(self.next).saturating_add(1));
        (lowest <= position && highest.is_none_or(|highest| position <= highest))
            .then(|| self.fin().map_or(position, |fin| fin.min(position)))
    }

    /// The direction begins at `position`, unless it has already.
    pub(super) fn begin(
        &mut self,
        direction: Direction,
        position: u64,
        beginning: Beginning,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        if !self.begun {
            self.open(direction, position, beginning, receiver);
            self.drain(direction, shared, receiver);
        }
    }

    fn open(
        &mut self,
        direction: Direction,
        position: u64,
        beginning: Beginning,
        receiver: &mut impl Receiver,
    ) {
        self.begun = true;
        self.advance_to(position);
        receiver.begin(direction, position, beginning);
    }

    /// Takes the payload of a segment.
    pub(super) fn push(
        &mut self,
        direction: Direction,
        data: Data<'_>,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        if !self.begun && receiver.is_beginning(data.bytes) {
            self.begin(direction, data.position, Beginning::Recognised, shared, receiver);
        }
        // Bytes in order that go past a FIN show that it was not the sender's.
        if self.has_reached(data.position) && self.fin.is_some_and(|fin| data.end() > fin) {
            self.fin = None;
        }
        // Nothing comes after the FIN.
        let data = self
            .fin
            .map_or(data, |fin| data.part(data.position, data.end().min(fin).max(data.position)));
        let data = if self.begun { self.trim(direction, data, shared, receiver) } else { data };
        if data.bytes.is_empty() {
            return;
        }
        let in_order = self.begun && data.position == self.next;
        let unobstructed =
            self.chunks.first_key_value().is_none_or(|(&start, _)| data.end() <= start);
        if in_order && unobstructed {
            self.deliver(direction, data, shared, receiver);
        } else {
            self.keep(direction, data, shared, receiver);
        }
        self.drain(direction, shared, receiver);
    }

    /// Whether time changes anything for it.
    pub(super) fn is_waiting(&self) -> bool {
        !self.chunks.is_empty() || self.acked.is_some_and(|acked| !self.has_reached(acked))
    }

    /// Gives up the holes whose time has come.
    pub(super) fn settle(
        &mut self,
        direction: Direction,
        now: Moment,
        latest: Origin,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        self.settle_holes(direction, now, shared, receiver);
        self.settle_tail(direction, now, latest, shared, receiver);
        self.settle_limits(direction, shared, receiver);
    }

    /// The packet of the first chunk, when there is one that [`Self::flush`]
    /// would deliver.
    pub(super) fn next_packet(&self) -> Option<u64> {
        let (&start, chunk) = self.chunks.first_key_value()?;
        // What touches delivered bytes needs no window to be believed.
        let is_next = self.begun && start <= self.next;
        (is_next || self.is_plausible(start)).then_some(chunk.origin.packet)
    }

    /// Gives up the hole before the first chunk, whatever its age, and delivers
    /// that chunk.
    pub(super) fn flush(
        &mut self,
        direction: Direction,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        let Some((&start, _)) = self.chunks.first_key_value() else {
            return;
        };
        if self.begun {
            self.skip_to(direction, start, None, receiver);
        } else {
            self.open(direction, start, Beginning::Middle, receiver);
        }
        self.drain_one(direction, shared, receiver);
    }

    /// Ends the direction: what is left is implausible, what was acknowledged
    /// is missing.
    pub(super) fn end(
        &mut self,
        direction: Direction,
        latest: Origin,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        self.drop_chunks(shared);
        // An acknowledged FIN is one sequence number more than there are bytes.
        let end = self.fin().or(self.acked);
        if let Some(end) = end
            && self.begun
        {
            self.skip_to(direction, end, Some(latest), receiver);
        }
    }

    /// Forgets what is kept.
    pub(super) fn drop_chunks(&mut self, shared: &mut Shared<'_>) {
        *shared.buffered = shared.buffered.saturating_sub(self.buffered);
        self.buffered = 0;
        self.chunks.clear();
    }

    /// Bytes below `settled` were acknowledged at least one grace ago.
    pub(super) fn settle_acknowledgments(&mut self, now: Moment, shared: &Shared<'_>) {
        let Some(acked) = self.acked else {
            return;
        };
        match self.settling {
            Some((_, since)) if !since.has_passed(now, shared.limits, 1) => {}
            settling => {
                self.settled = settling.map(|(position, _)| position);
                self.settling = Some((acked, now));
            }
        }
    }

    /// Where a direction whose beginning is not recognised begins: with the
    /// first byte there is, once the grace for an earlier one has passed.
    pub(super) fn middle(&self, now: Moment, shared: &Shared<'_>) -> Middle {
        if self.begun {
            return Middle::None;
        }
        match self.chunks.first_key_value() {
            Some((&start, chunk)) if chunk.arrived.has_passed(now, shared.limits, 1) => {
                Middle::At(start)
            }
            Some(_) => Middle::Later,
            None => self.settled.map_or(Middle::None, Middle::At),
        }
    }

    /// Begins there. Nothing is delivered yet.
    pub(super) fn begin_in_the_middle(
        &mut self,
        direction: Direction,
        middle: Middle,
        receiver: &mut impl Receiver,
    ) {
        if let Middle::At(position) = middle {
            self.open(direction, position, Beginning::Middle, receiver);
        }
    }

    /// The packet of the first chunk, when it is next.
    pub(super) fn ready_packet(&self) -> Option<u64> {
        let (&start, chunk) = self.chunks.first_key_value()?;
        (self.begun && start <= self.next).then_some(chunk.origin.packet)
    }

    fn settle_holes(
        &mut self,
        direction: Direction,
        now: Moment,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        while self.begun
            && let Some((&start, chunk)) = self.chunks.first_key_value()
        {
            let lost = match (self.acked, self.settled) {
                (None, _) => chunk.arrived.has_passed(now, shared.limits, UNACKNOWLEDGED),
                (_, None) => false,
                (_, Some(settled)) => {
                    settled >= start && chunk.arrived.has_passed(now, shared.limits, 1)
                }
            };
            if !lost {
                return;
            }
            self.flush(direction, shared, receiver);
            self.drain(direction, shared, receiver);
        }
    }

    /// Acknowledged bytes that nothing follows are lost when nothing moved for
    /// a grace. That `next` moves shows that the acknowledgment was not of
    /// this stream.
    fn settle_tail(
        &mut self,
        direction: Direction,
        now: Moment,
        latest: Origin,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        let settled =
            self.settled.map(|settled| self.fin().map_or(settled, |fin| settled.min(fin)));
        let Some(settled) = settled.filter(|&settled| self.begun && settled > self.next) else {
            self.stuck = None;
            return;
        };
        if !self.chunks.is_empty() {
            return;
        }
        match self.stuck {
            Some((next, since)) if next == self.next => {
                if since.has_passed(now, shared.limits, 1) {
                    self.skip_to(direction, settled, Some(latest), receiver);
                }
            }
            _ => self.stuck = Some((self.next, now)),
        }
    }

    fn settle_limits(
        &mut self,
        direction: Direction,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        while self.buffered > shared.limits.reorder || *shared.buffered > shared.allowed {
            let Some((&start, _)) = self.chunks.first_key_value() else {
                return;
            };
            *shared.overflows += 1;
            if self.is_plausible(start) {
                self.flush(direction, shared, receiver);
                self.drain(direction, shared, receiver);
            } else {
                self.drop_chunks(shared);
            }
        }
    }

    /// Whether the sender may have sent the byte at `position`.
    fn is_plausible(&self, position: u64) -> bool {
        self.was_allowed(position) && self.fin().is_none_or(|fin| position < fin)
    }

    /// Whether the peer has acknowledged `position` or its window reached it.
    fn was_allowed(&self, position: u64) -> bool {
        self.edge.is_none_or(|edge| position <= edge)
            || self.acked.is_some_and(|acked| position <= acked)
    }

    /// Compares what was delivered already and leaves the rest.
    fn trim<'a>(
        &mut self,
        direction: Direction,
        data: Data<'a>,
        shared: &Shared<'_>,
        receiver: &mut impl Receiver,
    ) -> Data<'a> {
        if data.position >= self.next {
            return data;
        }
        let old = data.part(data.position, data.end().min(self.next));
        // The one byte of a keep-alive (RFC 9293 §3.8.4) may be anything.
        let keep_alive = data.bytes.len() == 1 && data.end() == self.next;
        if !keep_alive {
            let range = shared.history.compare(self.trace, old.position, old.bytes);
            tell_conflict(direction, range, data.origin, receiver);
        }
        data.part(old.end(), data.end())
    }

    /// Keeps the parts of `data` that are not there yet and compares the rest.
    fn keep(
        &mut self,
        direction: Direction,
        data: Data<'_>,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        let mut differing = Differing::default();
        let mut missing = Vec::new();
        let mut position = data.position;
        let first = self
            .chunks
            .range(..=data.position)
            .next_back()
            .map_or(data.position, |(&start, _)| start);
        for (&start, chunk) in self.chunks.range(first..data.end()) {
            differing.compare(start, &chunk.bytes, data.position, data.bytes);
            if start > position {
                missing.push((position, start));
            }
            position = position.max(start + chunk.bytes.len() as u64);
        }
        if position < data.end() {
            missing.push((position, data.end()));
        }
        for (start, end) in missing {
            let part = data.part(start, end);
            let chunk = Chunk {
                bytes: part.bytes.to_vec(),
                origin: part.origin,
                ack: part.ack,
                arrived: part.arrived,
            };
            let node = if self.chunks.is_empty() { NODE_OVERHEAD } else { 0 };
            self.buffered += chunk.cost() + node;
            *shared.buffered += chunk.cost() + node;
            self.chunks.insert(start, chunk);
        }
        tell_conflict(direction, differing.range(), data.origin, receiver);
    }

    /// Delivers the chunks that have become next.
    fn drain(
        &mut self,
        direction: Direction,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        while self.drain_one(direction, shared, receiver) {}
    }

    /// Delivers the first chunk if it has become next; whether it has.
    pub(super) fn drain_one(
        &mut self,
        direction: Direction,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) -> bool {
        if self.ready_packet().is_none() {
            return false;
        }
        let Some((start, chunk)) = self.chunks.pop_first() else {
            return false;
        };
        let node = if self.chunks.is_empty() { NODE_OVERHEAD } else { 0 };
        self.buffered = self.buffered.saturating_sub(chunk.cost() + node);
        *shared.buffered = shared.buffered.saturating_sub(chunk.cost() + node);
        let data = Data {
            position: start,
            bytes: &chunk.bytes,
            origin: chunk.origin,
            ack: chunk.ack,
            arrived: chunk.arrived,
        };
        if data.end() > self.next {
            let rest = data.part(self.next, data.end());
            self.deliver(direction, rest, shared, receiver);
        }
        true
    }

    fn deliver(
        &mut self,
        direction: Direction,
        data: Data<'_>,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        let origin =
            self.latest.filter(|latest| latest.packet > data.origin.packet).unwrap_or(data.origin);
        self.latest = Some(origin);
        self.advance_to(data.end());
        shared.history.push(&mut self.trace, data.position, data.bytes);
        receiver.data(
            direction,
            Run { bytes: data.bytes, position: data.position, origin, ack: data.ack },
        );
    }

    /// Gives up the bytes before `position`. The packet to blame is that of
    /// the chunk there, or else `latest`.
    fn skip_to(
        &mut self,
        direction: Direction,
        position: u64,
        latest: Option<Origin>,
        receiver: &mut impl Receiver,
    ) {
        let chunk = self.chunks.get(&position).map(|chunk| chunk.origin);
        let missing = position.saturating_sub(self.next);
        if missing == 0 {
            return;
        }
        let start = self.next;
        self.advance_to(position);
        if let Some(origin) = chunk.or(latest) {
            // One number acknowledged at the end is a FIN that was not captured.
            let is_fin = missing == 1 && chunk.is_none();
            let is_visible = self.is_visible && !is_fin;
            receiver
                .gap(direction, Missing { position: start, bytes: missing, origin, is_visible });
        }
    }

    fn advance_to(&mut self, position: u64) {
        if let Some((seq, reference)) = self.reference {
            // Truncation is what sequence numbers do.
            let seq = Seq(seq.0.wrapping_add(position.wrapping_sub(reference) as u32));
            self.reference = Some((seq, position));
        }
        self.next = position;
    }
}

fn tell_conflict(
    direction: Direction,
    range: Option<(u64, u64)>,
    origin: Origin,
    receiver: &mut impl Receiver,
) {
    if let Some((first, last)) = range {
        let bytes = last - first + 1;
        receiver.conflict(direction, Conflict { position: first, bytes, origin });
    }
}

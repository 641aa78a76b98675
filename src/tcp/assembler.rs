//! One direction of a stream, put in order.

use std::collections::BTreeMap;

use super::grace::Moment;
use super::history::{Differing, Trace};
use super::mark::Mark;
use super::{Beginning, Conflict, Receiver, Shared};
use crate::types::{Direction, Missing, Origin, Run, Seq};

/// What the first position has in the bits above the sequence number. High
/// enough that nothing a sequence number can say lies before zero.
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
///
/// The lower 32 bits of a position are its sequence number.
#[derive(Default)]
pub(super) struct Assembler {
    /// Position of the next byte to deliver; before the first is known, any that
    /// was seen, and zero before that.
    next: u64,
    /// Whether the first byte is known.
    begun: bool,
    /// Whether any segment of it was seen.
    is_visible: bool,
    /// What was delivered lately.
    trace: Trace,
    /// Position up to which the peer has acknowledged.
    acked: Mark,
    /// Position after the last byte that the peer's windows allowed so far.
    edge: Mark,
    /// Absent in most directions until their FIN.
    claims: Option<Box<Claims>>,
    /// Present only where bytes are waited for: most streams never do.
    waiting: Option<Box<Waiting>>,
}

/// What segments say of a direction that is not believed at once.
#[derive(Default)]
struct Claims {
    /// `acked` at least one grace ago, and the same in the making. Of interest
    /// where it runs ahead of what was delivered.
    settled: Mark,
    settling: Mark,
    settling_since: Moment,
    /// The last acknowledgment that was too far.
    suspect: Mark,
    /// Position of the FIN.
    fin: Mark,
    /// What it acknowledged when it was first seen.
    fin_ack: Mark,
}

/// What is kept while bytes are waited for.
#[derive(Default)]
struct Waiting {
    /// What arrived beyond a hole, by position; never overlapping.
    chunks: BTreeMap<u64, Chunk>,
    /// What the chunks cost.
    buffered: usize,
    /// The latest packet of what was delivered meanwhile. Without chunks, what
    /// is delivered is always in the latest packet itself.
    latest: Option<Origin>,
    /// Since when `next` has not moved although acknowledged bytes lie ahead.
    stuck: Option<(u64, Moment)>,
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

impl Waiting {
    /// Whether nothing of it matters any more, now that `next` is delivered up to.
    fn is_over(&self, next: u64) -> bool {
        self.chunks.is_empty() && self.stuck.is_none_or(|(position, _)| position != next)
    }

    /// Notes that bytes of a packet are delivered; the packet with which they
    /// became known.
    fn deliver(&mut self, origin: Origin) -> Origin {
        let latest = self.latest.filter(|latest| latest.packet > origin.packet).unwrap_or(origin);
        self.latest = Some(latest);
        latest
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
        if self.next == 0 {
            self.next = ANCHOR | u64::from(seq.0);
        }
        // Truncation is what sequence numbers do.
        let distance = seq.distance_from(Seq(self.next as u32));
        self.next.saturating_add_signed(distance.into())
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
        if self.edge.get().is_some_and(|edge| position > edge.saturating_add(FAR)) {
            let suspect = &mut self.claims().suspect;
            let confirmed = suspect
                .get()
                .is_some_and(|suspect| (suspect..=suspect.saturating_add(FAR)).contains(&position));
            *suspect = Mark::at(position);
            if !confirmed {
                return;
            }
        }
        self.acked.raise(position);
        self.edge.raise(position.saturating_add(window));
    }

    /// Notes a FIN, and what it acknowledges. One that lies behind what was
    /// delivered is not the sender's, and of several the first in the stream is.
    pub(super) fn finish_at(&mut self, position: u64, ack: Option<u64>) {
        let is_behind = self.begun && position < self.next;
        if is_behind || self.fin().is_some_and(|known| known < position) {
            return;
        }
        let claims = self.claims();
        if claims.fin.get() != Some(position) {
            claims.fin = Mark::at(position);
            claims.fin_ack = Mark::NONE;
        }
        if let (None, Some(ack)) = (claims.fin_ack.get(), ack) {
            claims.fin_ack = Mark::at(ack);
        }
    }

    /// The position of the FIN, once a window allows it or the peer has
    /// acknowledged it.
    fn fin(&self) -> Option<u64> {
        self.claimed_fin().filter(|&fin| self.was_allowed(fin))
    }

    /// The position of the FIN, be it the sender's or not.
    fn claimed_fin(&self) -> Option<u64> {
        self.claims.as_ref().and_then(|claims| claims.fin.get())
    }

    /// What the FIN acknowledged when it was first seen, once it was reached.
    pub(super) fn fin_ack(&self) -> Option<u64> {
        let claims = self.claims.as_ref().filter(|_| self.is_finished());
        claims.and_then(|claims| claims.fin_ack.get())
    }

    fn claims(&mut self) -> &mut Claims {
        self.claims.get_or_insert_default()
    }

    /// Whether a RST at `position` may be the sender's (RFC 9293 §3.10.7.4):
    /// between what the peer has acknowledged and the edge of its window.
    /// Where it ends the direction, if so.
    pub(super) fn reset_position(&self, position: u64) -> Option<u64> {
        if !self.begun {
            return Some(position);
        }
        let lowest = self.acked.get().map_or(self.next, |acked| acked.min(self.next));
        // The FIN has a sequence number of its own but no byte.
        let highest = self.edge.get().map(|edge| edge.max(self.next).saturating_add(1));
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
        self.next = position;
        receiver.begin(direction, position, beginning);
    }

    /// Takes the payload of a segment.
    pub(super) fn push(
        &mut self,
        direction: Direction,
        mut data: Data<'_>,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        if !self.begun && receiver.is_beginning(data.bytes) {
            self.begin(direction, data.position, Beginning::Recognised, shared, receiver);
        }
        // Bytes in order that go past a FIN show that it was not the sender's.
        if self.has_reached(data.position)
            && let Some(claims) = &mut self.claims
            && claims.fin.get().is_some_and(|fin| data.end() > fin)
        {
            claims.fin = Mark::NONE;
            claims.fin_ack = Mark::NONE;
        }
        // Nothing comes after the FIN.
        if let Some(fin) = self.claimed_fin() {
            data = data.part(data.position, data.end().min(fin).max(data.position));
        }
        if self.begun && data.position < self.next {
            data = self.trim(direction, &data, shared, receiver);
        }
        if data.bytes.is_empty() {
            return;
        }
        let in_order = self.begun && data.position == self.next;
        let unobstructed = self.first_chunk().is_none_or(|(start, _)| data.end() <= start);
        if in_order && unobstructed {
            self.deliver(direction, &data, shared, receiver);
        } else {
            self.keep(direction, &data, shared, receiver);
        }
        self.drain(direction, shared, receiver);
    }

    /// Whether time changes anything for it.
    pub(super) fn is_waiting(&self) -> bool {
        self.first_chunk().is_some()
            || self.acked.get().is_some_and(|acked| !self.has_reached(acked))
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
        self.tidy();
    }

    /// The packet of the first chunk, when there is one that [`Self::flush`]
    /// would deliver.
    pub(super) fn next_packet(&self) -> Option<u64> {
        let (start, chunk) = self.first_chunk()?;
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
        let Some((start, _)) = self.first_chunk() else {
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
        let end = self.fin().or(self.acked.get());
        if let Some(end) = end
            && self.begun
        {
            self.skip_to(direction, end, Some(latest), receiver);
        }
    }

    /// Forgets what is kept.
    pub(super) fn drop_chunks(&mut self, shared: &mut Shared<'_>) {
        if let Some(waiting) = &mut self.waiting {
            *shared.buffered = shared.buffered.saturating_sub(waiting.buffered);
            waiting.buffered = 0;
            waiting.chunks.clear();
        }
        self.tidy();
    }

    /// Bytes below `settled` were acknowledged at least one grace ago.
    pub(super) fn settle_acknowledgments(&mut self, now: Moment, shared: &Shared<'_>) {
        let acked = self.acked;
        let claims = self.claims();
        let is_settling = claims.settling.get().is_some();
        if is_settling && !claims.settling_since.has_passed(now, shared.limits, 1) {
            return;
        }
        claims.settled = claims.settling;
        claims.settling = acked;
        claims.settling_since = now;
    }

    /// Position up to which the peer had acknowledged at least one grace ago.
    fn settled(&self) -> Option<u64> {
        self.claims.as_ref().and_then(|claims| claims.settled.get())
    }

    /// Where a direction whose beginning is not recognised begins: with the
    /// first byte there is, once the grace for an earlier one has passed.
    pub(super) fn middle(&self, now: Moment, shared: &Shared<'_>) -> Middle {
        if self.begun {
            return Middle::None;
        }
        match self.first_chunk() {
            Some((start, chunk)) if chunk.arrived.has_passed(now, shared.limits, 1) => {
                Middle::At(start)
            }
            Some(_) => Middle::Later,
            None => self.settled().map_or(Middle::None, Middle::At),
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
        let (start, chunk) = self.first_chunk()?;
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
            && let Some((start, chunk)) = self.first_chunk()
        {
            let lost = match (self.acked.get(), self.settled()) {
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
            self.settled().map(|settled| self.fin().map_or(settled, |fin| settled.min(fin)));
        let Some(settled) = settled.filter(|&settled| self.begun && settled > self.next) else {
            if let Some(waiting) = &mut self.waiting {
                waiting.stuck = None;
            }
            return;
        };
        if self.first_chunk().is_some() {
            return;
        }
        match self.waiting.as_ref().and_then(|waiting| waiting.stuck) {
            Some((next, since)) if next == self.next => {
                if since.has_passed(now, shared.limits, 1) {
                    self.skip_to(direction, settled, Some(latest), receiver);
                }
            }
            _ => self.waiting.get_or_insert_default().stuck = Some((self.next, now)),
        }
    }

    fn settle_limits(
        &mut self,
        direction: Direction,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        while self.buffered() > shared.limits.reorder || *shared.buffered > shared.allowed {
            let Some((start, _)) = self.first_chunk() else {
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
        self.edge.get().is_none_or(|edge| position <= edge)
            || self.acked.get().is_some_and(|acked| position <= acked)
    }

    /// Compares what was delivered already and leaves the rest.
    fn trim<'a>(
        &mut self,
        direction: Direction,
        data: &Data<'a>,
        shared: &Shared<'_>,
        receiver: &mut impl Receiver,
    ) -> Data<'a> {
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
        data: &Data<'_>,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        let mut differing = Differing::default();
        let mut missing = Vec::new();
        let mut position = data.position;
        let waiting = self.waiting.get_or_insert_default();
        let first = waiting
            .chunks
            .range(..=data.position)
            .next_back()
            .map_or(data.position, |(&start, _)| start);
        for (&start, chunk) in waiting.chunks.range(first..data.end()) {
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
            let node = if waiting.chunks.is_empty() { NODE_OVERHEAD } else { 0 };
            waiting.buffered += chunk.cost() + node;
            *shared.buffered += chunk.cost() + node;
            waiting.chunks.insert(start, chunk);
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
        if self.waiting.is_some() {
            while self.drain_one(direction, shared, receiver) {}
            self.tidy();
        }
    }

    /// Frees what nothing is waited for with.
    fn tidy(&mut self) {
        if self.waiting.as_ref().is_some_and(|waiting| waiting.is_over(self.next)) {
            self.waiting = None;
        }
    }

    /// Whether it has anything allocated.
    #[cfg(test)]
    pub(super) fn is_on_heap(&self) -> bool {
        self.claims.is_some() || self.keeps_anything()
    }

    /// Whether it keeps bytes, or notes of those that it waits for.
    #[cfg(test)]
    pub(super) fn keeps_anything(&self) -> bool {
        self.waiting.is_some()
    }

    fn first_chunk(&self) -> Option<(u64, &Chunk)> {
        let (&start, chunk) = self.waiting.as_ref()?.chunks.first_key_value()?;
        Some((start, chunk))
    }

    /// What the chunks cost.
    fn buffered(&self) -> usize {
        self.waiting.as_ref().map_or(0, |waiting| waiting.buffered)
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
        let Some(waiting) = &mut self.waiting else {
            return false;
        };
        let Some((start, chunk)) = waiting.chunks.pop_first() else {
            return false;
        };
        let node = if waiting.chunks.is_empty() { NODE_OVERHEAD } else { 0 };
        waiting.buffered = waiting.buffered.saturating_sub(chunk.cost() + node);
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
            self.deliver(direction, &rest, shared, receiver);
        }
        true
    }

    fn deliver(
        &mut self,
        direction: Direction,
        data: &Data<'_>,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        let origin = match &mut self.waiting {
            Some(waiting) => waiting.deliver(data.origin),
            None => data.origin,
        };
        self.next = data.end();
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
        let chunk = self.waiting.as_ref().and_then(|waiting| waiting.chunks.get(&position));
        let chunk = chunk.map(|chunk| chunk.origin);
        let missing = position.saturating_sub(self.next);
        if missing == 0 {
            return;
        }
        let start = self.next;
        self.next = position;
        if let Some(origin) = chunk.or(latest) {
            // One number acknowledged at the end is a FIN that was not captured.
            let is_fin = missing == 1 && chunk.is_none();
            let is_visible = self.is_visible && !is_fin;
            receiver
                .gap(direction, Missing { position: start, bytes: missing, origin, is_visible });
        }
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

//! The layers of one conversation.

use std::collections::VecDeque;

use super::connection::{Place, WebSocket};
use super::context::Context;
use crate::http::{Answer, Exchange, Outcome, Probe, Step, probe};
use crate::tcp::{self, Beginning, Conflict, Status, Stream, Syn};
use crate::tls;
use crate::types::{Direction, EndState, Missing, Origin, Run, Segment, Timestamp};
use crate::websocket::{Found, Recogniser, Verdict, looks_like_frames};

/// What is known of a conversation in the table.
pub(super) enum State {
    /// Its first bytes are about to come, after these SYNs.
    New([Option<Syn>; 2]),
    /// It is looked into.
    Live(Box<Live>),
    /// It is something else, unless an HTTP head begins, or, where its
    /// beginning was not seen, what looks like frames.
    Watching { may_be_websocket: bool },
    /// It is over; what still comes are stragglers.
    Ended,
}

/// Whether a conversation is still of interest.
pub(super) enum Fate {
    GoesOn,
    Forgotten { may_be_websocket: bool },
    Ended,
}

impl Fate {
    /// What the conversation becomes, unless it goes on.
    pub(super) fn next_state(self) -> Option<State> {
        match self {
            Self::GoesOn => None,
            Self::Forgotten { may_be_websocket } => Some(State::Watching { may_be_websocket }),
            Self::Ended => Some(State::Ended),
        }
    }
}

/// A conversation that is looked into.
pub(super) struct Live {
    tcp: Stream,
    layers: Layers,
    /// Its latest packet.
    latest: Origin,
    /// Bytes that its layers keep, as they were last counted.
    kept: usize,
}

/// What lies on top of TCP.
#[derive(Default)]
struct Layers {
    layer: Layer,
    /// Nothing but the layer is needed once that is WebSocket.
    ascent: Option<Box<Ascent>>,
}

/// What is kept on the way to WebSocket.
#[derive(Default)]
struct Ascent {
    forward: Half,
    backward: Half,
    /// What happened before the handshake was known.
    early: Vec<(Direction, Early)>,
    is_tls: bool,
    /// What is not understood as HTTP and may be WebSocket.
    unknown: Unknown,
}

/// Whether bytes that are not HTTP may be WebSocket, in mid-stream.
#[derive(Default)]
enum Unknown {
    /// Nothing came yet.
    #[default]
    Untried,
    /// More must tell.
    Tried(Box<Recogniser>),
    /// They are not.
    GivenUp,
}

enum Layer {
    Http(Box<Exchange>),
    WebSocket(Box<WebSocket>),
    /// WebSocket of which the filter shows nothing.
    Unwanted,
    Nothing,
}

impl Default for Layer {
    fn default() -> Self {
        Self::Http(Box::default())
    }
}

/// One direction on its way up.
#[derive(Default)]
struct Half {
    /// Position of its first byte, once it has begun.
    begin: Option<u64>,
    /// Position up to which bytes came or were given up.
    reached: u64,
    /// What waits for the other direction.
    held: VecDeque<Held>,
    held_bytes: usize,
    any_data: bool,
}

enum Held {
    Data { bytes: Vec<u8>, position: u64, origin: Origin, ack: Option<u64> },
    Gap(Missing),
}

/// What is told of a connection once its handshake is known.
enum Early {
    Conflict(Conflict),
    Gap(Missing),
}

/// What keeping a piece of what waits costs beside its bytes.
const HELD_OVERHEAD: usize = 112;

/// How much of that is remembered.
const MAX_EARLY: usize = 8;

impl Live {
    /// A conversation whose first bytes come now, after these SYNs.
    pub(super) fn new(
        origin: Origin,
        syns: impl IntoIterator<Item = (Direction, Option<Syn>)>,
        shared: &mut tcp::Shared<'_>,
        context: &mut Context<'_>,
    ) -> Self {
        let (tcp, layers) = (Stream::default(), Layers::default());
        let mut live = Self { tcp, layers, latest: origin, kept: 0 };
        let mut receiver = Receiver { layers: &mut live.layers, context };
        for (direction, syn) in syns {
            if let Some(syn) = syn {
                live.tcp.syn(direction, syn, shared, &mut receiver);
            }
        }
        live
    }

    /// Takes a segment.
    pub(super) fn segment(
        &mut self,
        segment: &Segment<'_>,
        direction: Direction,
        shared: &mut tcp::Shared<'_>,
        context: &mut Context<'_>,
    ) -> Fate {
        self.latest = segment.origin;
        let mut receiver = Receiver { layers: &mut self.layers, context };
        let status = self.tcp.segment(segment, direction, shared, &mut receiver);
        self.fate(status, shared, context)
    }

    /// Takes note that it is `time` and no segment came.
    pub(super) fn advance(
        &mut self,
        time: Timestamp,
        shared: &mut tcp::Shared<'_>,
        context: &mut Context<'_>,
    ) -> Fate {
        let mut receiver = Receiver { layers: &mut self.layers, context };
        let status = self.tcp.advance(time, self.latest, shared, &mut receiver);
        self.fate(status, shared, context)
    }

    fn fate(
        &mut self,
        status: Status,
        shared: &mut tcp::Shared<'_>,
        context: &mut Context<'_>,
    ) -> Fate {
        if status == Status::Ended {
            self.finish(shared, context);
            self.end(EndState::TcpClosed, context);
            return Fate::Ended;
        }
        if matches!(self.layers.layer, Layer::Unwanted) {
            self.tcp.release(shared);
            self.layers = Layers { layer: Layer::Nothing, ..Layers::default() };
            self.count_kept(context);
            return Fate::Ended;
        }
        if self.layers.is_of_no_interest() {
            self.tcp.release(shared);
            let is_http = matches!(self.layers.layer, Layer::Http(_));
            let may_be_websocket = is_http && !self.layers.ascent().is_tls;
            self.layers.layer = Layer::Nothing;
            self.count_kept(context);
            return Fate::Forgotten { may_be_websocket };
        }
        self.count_kept(context);
        Fate::GoesOn
    }

    /// Gives up what its layers keep.
    pub(super) fn shed(&mut self, context: &mut Context<'_>) {
        if self.kept > 0 {
            context.report.statistics.shed += 1;
            self.layers.shed(context);
            self.count_kept(context);
        }
    }

    /// Its latest packet.
    pub(super) fn latest_packet(&self) -> u64 {
        self.latest.packet
    }

    /// Whether there is anything that it could give up.
    pub(super) fn keeps_anything(&self) -> bool {
        self.kept > 0
    }

    fn count_kept(&mut self, context: &mut Context<'_>) {
        self.layers.settle();
        let kept = self.layers.cost();
        *context.memory = (*context.memory - self.kept.min(*context.memory)).saturating_add(kept);
        self.kept = kept;
    }

    /// Whether it was seen closing.
    pub(super) fn is_closing(&self) -> bool {
        self.tcp.is_closing()
    }

    /// Tells everything that waits, as no more segments will come.
    pub(super) fn finish(&mut self, shared: &mut tcp::Shared<'_>, context: &mut Context<'_>) {
        let mut receiver = Receiver { layers: &mut self.layers, context };
        self.tcp.finish(self.latest, shared, &mut receiver);
        receiver.give_up_waiting();
        receiver.recognise(true);
        self.layers.finish(context);
        self.layers.settle();
    }

    /// Tells the end, after [`Live::finish`].
    pub(super) fn end(&mut self, state: EndState, context: &mut Context<'_>) {
        if let Layer::WebSocket(connection) = &mut self.layers.layer {
            connection.end(state, |direction| self.tcp.fin_ack(direction), self.latest, context);
        }
        self.layers = Layers { layer: Layer::Nothing, ..Layers::default() };
        self.count_kept(context);
    }
}

impl Layers {
    /// Bytes of memory that they keep.
    fn cost(&self) -> usize {
        let layer = match &self.layer {
            Layer::Http(exchange) => exchange.cost(),
            Layer::WebSocket(connection) => connection.cost(),
            Layer::Unwanted | Layer::Nothing => 0,
        };
        let Some(ascent) = &self.ascent else {
            return layer;
        };
        let unknown = match &ascent.unknown {
            Unknown::Tried(recogniser) => recogniser.memory(),
            Unknown::Untried | Unknown::GivenUp => 0,
        };
        layer + unknown + ascent.held_bytes()
    }

    /// Gives up what is kept.
    fn shed(&mut self, context: &mut Context<'_>) {
        if self.ascent.as_ref().is_some_and(|ascent| ascent.held_bytes() > 0) {
            Receiver { layers: self, context }.give_up_waiting();
        }
        if let Some(ascent) = &mut self.ascent
            && matches!(ascent.unknown, Unknown::Tried(_))
        {
            ascent.unknown = Unknown::GivenUp;
        }
        match &mut self.layer {
            Layer::Http(exchange) => exchange.give_up(),
            Layer::WebSocket(connection) => connection.shed(context.workspace),
            Layer::Unwanted | Layer::Nothing => {}
        }
    }

    fn is_of_no_interest(&self) -> bool {
        match &self.layer {
            Layer::Nothing => true,
            Layer::Unwanted => false,
            Layer::Http(exchange) => {
                let is_given_up = |ascent: &Ascent| {
                    ascent.is_idle() && matches!(ascent.unknown, Unknown::GivenUp)
                };
                exchange.is_lost() && self.ascent.as_deref().is_some_and(is_given_up)
            }
            Layer::WebSocket(_) => false,
        }
    }

    fn finish(&mut self, context: &mut Context<'_>) {
        match &mut self.layer {
            Layer::Http(exchange) => {
                while let Some(answer) = exchange.unanswered() {
                    WebSocket::tell_handshake(answer, context);
                }
            }
            Layer::WebSocket(connection) => connection.finish(context),
            Layer::Unwanted | Layer::Nothing => {}
        }
    }

    fn ascent(&mut self) -> &mut Ascent {
        self.ascent.get_or_insert_default()
    }

    fn half(&mut self, direction: Direction) -> &mut Half {
        self.ascent().half(direction)
    }

    /// Takes out what waits longest in a direction. At the end all connections are
    /// asked, of which hardly any has an ascent.
    fn take_held(&mut self, direction: Direction) -> Option<Held> {
        self.ascent.as_mut()?.half(direction).held.pop_front()
    }

    /// Keeps no more than is needed.
    fn settle(&mut self) {
        if matches!(self.layer, Layer::WebSocket(_))
            && self.ascent.as_ref().is_some_and(|a| a.is_idle())
        {
            self.ascent = None;
        }
    }
}

impl Ascent {
    fn remember(&mut self, direction: Direction, early: Early) {
        if self.early.len() >= MAX_EARLY {
            self.early.remove(0);
        }
        self.early.push((direction, early));
    }

    fn held_bytes(&self) -> usize {
        self.forward.held_bytes + self.backward.held_bytes
    }

    /// Whether nothing waits.
    fn is_idle(&self) -> bool {
        self.forward.held.is_empty() && self.backward.held.is_empty()
    }

    fn half(&mut self, direction: Direction) -> &mut Half {
        match direction {
            Direction::Forward => &mut self.forward,
            Direction::Backward => &mut self.backward,
        }
    }
}

/// Takes what TCP finds up through the layers.
struct Receiver<'a, 'b> {
    layers: &'a mut Layers,
    context: &'a mut Context<'b>,
}

impl tcp::Receiver for Receiver<'_, '_> {
    fn is_beginning(&self, bytes: &[u8]) -> bool {
        // In mid-stream half a line proves nothing.
        matches!(self.layers.layer, Layer::Http(_)) && probe(bytes) == Probe::Certain
    }

    fn begin(&mut self, direction: Direction, position: u64, beginning: Beginning) {
        let known = beginning != Beginning::Middle;
        let half = self.layers.half(direction);
        half.begin = Some(position);
        half.reached = position;
        match &mut self.layers.layer {
            Layer::Http(exchange) => {
                let is_first = beginning == Beginning::Syn;
                exchange.begin(direction, position, !known, is_first);
            }
            Layer::WebSocket(connection) => connection.begin(direction, position, self.context),
            Layer::Unwanted | Layer::Nothing => {}
        }
        self.release(direction.opposite());
    }

    fn data(&mut self, direction: Direction, run: Run<'_>) {
        if let (Layer::WebSocket(connection), None) = (&mut self.layers.layer, &self.layers.ascent)
        {
            return connection.receive(direction, &run, self.context);
        }
        let half = self.layers.half(direction);
        half.reached = run.position + run.bytes.len() as u64;
        let first = !std::mem::replace(&mut half.any_data, true);
        let waits = !half.held.is_empty();
        let ascent = self.layers.ascent();
        if first && !ascent.is_tls && tls::is_record(run.bytes) {
            ascent.is_tls = true;
            self.context.report.statistics.tls += 1;
        }
        let rest = if waits { Some(run) } else { self.offer(direction, run) };
        if let Some(rest) = rest {
            self.hold(direction, rest);
        }
        self.release(direction.opposite());
    }

    fn gap(&mut self, direction: Direction, missing: Missing) {
        let half = self.layers.half(direction);
        half.reached = missing.position + missing.bytes;
        if half.held.is_empty() {
            self.miss(direction, missing);
        } else {
            half.held.push_back(Held::Gap(missing));
        }
        self.release(direction.opposite());
    }

    fn conflict(&mut self, direction: Direction, conflict: Conflict) {
        match &mut self.layers.layer {
            Layer::WebSocket(connection) => {
                connection.conflict(direction, conflict, self.context);
            }
            Layer::Http(_) => self.layers.ascent().remember(direction, Early::Conflict(conflict)),
            Layer::Unwanted | Layer::Nothing => {}
        }
    }
}

impl Receiver<'_, '_> {
    /// Offers bytes to the layer. What it cannot take yet comes back.
    fn offer<'r>(&mut self, direction: Direction, mut run: Run<'r>) -> Option<Run<'r>> {
        while !run.bytes.is_empty() {
            self.believe(&run);
            match &mut self.layers.layer {
                Layer::Http(exchange) => {
                    let limit = self.context.report.options.limits.head;
                    let heads = exchange.heads();
                    let step = exchange.receive(direction, &run, limit);
                    self.context.report.statistics.long_heads += exchange.take_long_heads();
                    let is_understood = exchange.heads() > heads;
                    let is_unknown = exchange.is_lost_in(direction);
                    if is_understood {
                        self.layers.ascent().unknown = Unknown::Untried;
                    }
                    match step {
                        Step::Consumed(count) if is_unknown && count > 0 => {
                            let bytes = run.bytes.get(..count).unwrap_or_default();
                            self.try_unknown(direction, &Run { bytes, ..run });
                            run = run.skip(count);
                        }
                        Step::Consumed(count) => run = run.skip(count),
                        Step::Wait => return Some(run),
                        Step::Outcome(count, outcome) => {
                            run = run.skip(count);
                            self.come_to(outcome);
                        }
                    }
                }
                Layer::WebSocket(connection) => {
                    connection.receive(direction, &run, self.context);
                    return None;
                }
                Layer::Unwanted | Layer::Nothing => return None,
            }
        }
        None
    }

    /// Where the user knows that it is WebSocket, bytes that are not HTTP are.
    fn believe(&mut self, run: &Run<'_>) {
        let Context { report, .. } = &*self.context;
        let Some(websocket) = &report.options.websocket else {
            return;
        };
        let Layer::Http(exchange) = &mut self.layers.layer else {
            return;
        };
        let is_http = exchange.is_reading() || probe(run.bytes) != Probe::NotForUs;
        if let Some(client) = websocket(&report.conversation).filter(|_| !is_http) {
            let recogniser = match std::mem::take(&mut self.layers.ascent().unknown) {
                Unknown::Tried(recogniser) => *recogniser,
                Unknown::Untried | Unknown::GivenUp => {
                    let limits = &report.options.limits;
                    Recogniser::new(limits.search, limits.frame)
                }
            };
            self.infer(client, recogniser, [None, None], true);
        }
    }

    /// What is not HTTP may be WebSocket whose handshake was not seen.
    fn try_unknown(&mut self, direction: Direction, run: &Run<'_>) {
        let is_given_up = matches!(self.layers.ascent().unknown, Unknown::GivenUp);
        if is_given_up && !self.layers.ascent().is_tls && looks_like_frames(run.bytes) {
            self.layers.ascent().unknown = Unknown::Untried;
        }
        if matches!(self.layers.ascent().unknown, Unknown::Untried) {
            let limits = &self.context.report.options.limits;
            let recogniser = Recogniser::new(limits.search, limits.frame);
            self.layers.ascent().unknown = match self.layers.ascent().is_tls {
                true => Unknown::GivenUp,
                false => Unknown::Tried(Box::new(recogniser)),
            };
        }
        if let Unknown::Tried(recogniser) = &mut self.layers.ascent().unknown {
            recogniser.push(direction, run);
            self.recognise(false);
        }
    }

    /// Goes on with WebSocket if it is by now known to be.
    fn recognise(&mut self, is_end: bool) {
        let Some(Ascent { unknown: Unknown::Tried(recogniser), .. }) =
            self.layers.ascent.as_deref_mut()
        else {
            return;
        };
        match recogniser.judge(is_end) {
            Verdict::Unsure => {}
            Verdict::NotForUs => self.layers.ascent().unknown = Unknown::GivenUp,
            Verdict::WebSocket { client, forward, backward } => {
                let unknown = std::mem::take(&mut self.layers.ascent().unknown);
                let Unknown::Tried(recogniser) = unknown else {
                    return;
                };
                self.infer(client, *recogniser, [forward, backward], false);
            }
        }
    }

    /// Goes on with a connection without a handshake.
    fn infer(
        &mut self,
        client: Direction,
        recogniser: Recogniser,
        found: [Option<Found>; 2],
        is_believed: bool,
    ) {
        let Ascent { forward, backward, .. } = self.layers.ascent();
        let begins = [forward.begin, backward.begin];
        let begins = begins.map(Option::unwrap_or_default);
        let (mut connection, held) =
            WebSocket::infer(client, recogniser, found, begins, self.context);
        if is_believed {
            connection.believe();
        }
        self.tell_early(&mut connection);
        connection.read(&held, self.context);
        self.go_on(connection);
    }

    fn come_to(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Upgraded(answer) => self.upgrade(answer),
            Outcome::Refused(answer) => {
                WebSocket::tell_handshake(answer, self.context);
            }
            Outcome::Other => self.layers.layer = Layer::Nothing,
        }
    }

    fn upgrade(&mut self, answer: Answer) {
        let mut searches = [None, None];
        if let Unknown::Tried(recogniser) = std::mem::take(&mut self.layers.ascent().unknown) {
            let (forward, backward) = recogniser.into_searches();
            searches = [Some(forward), Some(backward)];
        }
        let mut connection = WebSocket::begin_with(answer, self.context, |direction| {
            let half = self.layers.half(direction);
            let [forward, backward] = &mut searches;
            Place {
                begin: half.begin,
                reached: half.reached,
                is_idle: half.held.is_empty(),
                search: match direction {
                    Direction::Forward => forward.take(),
                    Direction::Backward => backward.take(),
                },
            }
        });
        self.tell_early(&mut connection);
        self.go_on(connection);
    }

    /// What follows is that connection's.
    fn go_on(&mut self, connection: WebSocket) {
        self.layers.layer = match connection.is_wanted() {
            true => Layer::WebSocket(Box::new(connection)),
            false => Layer::Unwanted,
        };
    }

    /// Tells what happened before there was a connection.
    fn tell_early(&mut self, connection: &mut WebSocket) {
        for (direction, early) in std::mem::take(&mut self.layers.ascent().early) {
            match early {
                Early::Conflict(conflict) => connection.conflict(direction, conflict, self.context),
                Early::Gap(missing) => connection.missed_before(direction, missing, self.context),
            }
        }
    }

    fn miss(&mut self, direction: Direction, missing: Missing) {
        match &mut self.layers.layer {
            Layer::Http(exchange) => {
                let matters = exchange.miss(direction, missing.position, missing.bytes);
                if let Unknown::Tried(recogniser) = &mut self.layers.ascent().unknown {
                    recogniser.miss(direction);
                }
                if matters && missing.is_visible {
                    self.layers.ascent().remember(direction, Early::Gap(missing));
                }
            }
            Layer::WebSocket(connection) => connection.miss(direction, missing, self.context),
            Layer::Unwanted | Layer::Nothing => {}
        }
    }

    /// Keeps bytes that wait for the other direction.
    fn hold(&mut self, direction: Direction, run: Run<'_>) {
        let limit = self.context.report.options.limits.pending;
        let half = self.layers.half(direction);
        half.held_bytes += run.bytes.len() + HELD_OVERHEAD;
        half.held.push_back(Held::Data {
            bytes: run.bytes.to_vec(),
            position: run.position,
            origin: run.origin,
            ack: run.ack,
        });
        if half.held_bytes > limit {
            self.context.report.statistics.pending_overflows += 1;
            self.give_up_waiting();
        }
    }

    /// Nothing is worth waiting for any longer.
    fn give_up_waiting(&mut self) {
        if let Layer::Http(exchange) = &mut self.layers.layer {
            exchange.end();
        }
        for direction in [Direction::Forward, Direction::Backward, Direction::Forward] {
            self.release(direction);
        }
    }

    /// Offers again what waits in a direction, as the other has moved; and
    /// then what waits there, as this one has.
    fn release(&mut self, direction: Direction) {
        let mut direction = direction;
        while self.release_one(direction) {
            direction = direction.opposite();
        }
    }

    /// Whether anything of what waits could be taken.
    fn release_one(&mut self, direction: Direction) -> bool {
        let mut moved = false;
        while let Some(held) = self.layers.take_held(direction) {
            match held {
                Held::Gap(missing) => self.miss(direction, missing),
                Held::Data { bytes, position, origin, ack } => {
                    let run = Run { bytes: &bytes, position, origin, ack };
                    let rest = self.offer(direction, run).map(|rest| rest.bytes.len());
                    let half = self.layers.half(direction);
                    let left = rest.unwrap_or(0);
                    let taken = bytes.len() - left;
                    let overhead = if left == 0 { HELD_OVERHEAD } else { 0 };
                    half.held_bytes = half.held_bytes.saturating_sub(taken + overhead);
                    moved |= taken > 0;
                    if left > 0 {
                        let position = position + taken as u64;
                        let mut bytes = bytes;
                        bytes.drain(..taken);
                        half.held.push_front(Held::Data { bytes, position, origin, ack });
                        return moved;
                    }
                }
            }
            moved = true;
        }
        moved
    }
}

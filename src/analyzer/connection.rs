//! One WebSocket connection: its handshake, its messages, its end.

use std::num::NonZeroU64;
use std::time::Duration;

use super::context::{Account, Context};
use super::half::{Half, Position};
use super::teller::Teller;
use crate::http::{Answer, Probe, probe};
use crate::payload::Apps;
use crate::tcp::Conflict;
use crate::types::{
    Direction, End, EndState, Handshake, Kind, Missing, Origin, Rule, Run, Side, Timestamp,
    Violation,
};
use crate::websocket::{
    Compression, Decoder, Deflate, Extensions, Found, Recogniser, Search, Workspace,
    expected_accept, judge_accept, judge_handshake,
};

/// A connection that was upgraded, or that looks like it.
pub(super) struct WebSocket {
    /// It was recognised without having seen the handshake.
    is_inferred: bool,
    /// What its messages carry.
    apps: Apps,
    account: Account,
    client: Direction,
    client_half: Half,
    server_half: Half,
    client_decoder: Decoder,
    server_decoder: Decoder,
    began: Option<Timestamp>,
    /// Something before the response is missing: it may answer another request.
    may_answer_another: bool,
    /// Position after the response, while the client has sent nothing.
    response_end: Position,
}

/// Bytes of directions that were searched, and where frames begin in them.
pub(super) struct Searched(Vec<(Direction, Search, usize)>);

/// What the extensions do to the frames of each side.
#[derive(Clone, Copy)]
struct ByExtensions {
    client: Extensions,
    server: Extensions,
}

/// How far a direction has come when a connection begins.
pub(super) struct Place {
    /// Position of its first byte, once it has begun.
    pub(super) begin: Option<u64>,
    /// Position up to which bytes came or were given up.
    pub(super) reached: u64,
    /// Nothing of it waits.
    pub(super) is_idle: bool,
    /// Bytes before that were not understood.
    pub(super) search: Option<Search>,
}

impl WebSocket {
    /// Tells the handshake and begins the connection.
    pub(super) fn begin_with(
        answer: Answer,
        context: &mut Context<'_>,
        mut place: impl FnMut(Direction) -> Place,
    ) -> Self {
        let extensions = ByExtensions::new(&answer.handshake);
        let apps = Apps::new(&answer.handshake);
        let client = answer.client;
        let began = answer.asked.unwrap_or(answer.origin).time;
        let asked = answer.asked.is_some() && !answer.is_missing;
        let answered = answer.handshake.status.is_some();
        let Answer { first_frame, response_end, has_holes, .. } = answer;
        let account = Self::tell_handshake(answer, context);
        context.report.statistics.connections += 1;
        let workspace = &mut *context.workspace;
        let mut side = |side, known: bool, expected: Option<u64>| {
            let direction = if side == Side::Client { client } else { client.opposite() };
            let Place { begin, reached, is_idle, search } = place(direction);
            // Without its half of the handshake, frames begin where the other
            // side's says, if nothing is missing there.
            let begins_here = known || begin.is_some() && is_idle && expected == Some(reached);
            let extensions = extensions.of(side);
            let decoder = if begins_here {
                Decoder::new(side, extensions, workspace)
            } else {
                let search = search.unwrap_or_else(|| Search::new(workspace.search()));
                Decoder::lost(side, extensions, search, workspace)
            };
            let begin = begin.or(expected).unwrap_or(0);
            (Half { begin, ..Half::default() }, decoder)
        };
        let (client_half, client_decoder) = side(Side::Client, asked, first_frame);
        let (server_half, server_decoder) = side(Side::Server, answered, None);
        Self {
            is_inferred: false,
            apps,
            account,
            client,
            client_half,
            server_half,
            client_decoder,
            server_decoder,
            began,
            may_answer_another: has_holes,
            response_end: response_end.filter(|_| asked).and_then(NonZeroU64::new),
        }
    }

    /// Begins a connection that was recognised by its bytes. `found` and
    /// `begins` are of [`Direction::BOTH`]: where frames begin, and where the
    /// direction did. What was held of it is for [`WebSocket::read`].
    pub(super) fn infer(
        client: Direction,
        recogniser: Recogniser,
        found: [Option<Found>; 2],
        begins: [u64; 2],
        context: &mut Context<'_>,
    ) -> (Self, Searched) {
        let extensions = ByExtensions::unknown();
        let (forward, backward) = recogniser.into_searches();
        let (mut held, mut skipped) = (Vec::new(), Vec::new());
        let mut begin = |direction: Direction, search: Search, found: Option<Found>| {
            let side = if direction == client { Side::Client } else { Side::Server };
            let extensions = extensions.of(side);
            let Some(found) = found else {
                return Decoder::lost(side, extensions, search, context.workspace);
            };
            let undecoded = search.dropped() + found.offset as u64;
            context.report.statistics.undecoded_bytes += undecoded;
            if undecoded > 0 {
                skipped.push(direction);
            }
            held.push((direction, search, found.offset));
            Decoder::found(side, extensions, context.workspace)
        };
        let [forward_found, backward_found] = found;
        let forward = begin(Direction::Forward, forward, forward_found);
        let backward = begin(Direction::Backward, backward, backward_found);
        let half = |begin, skipped| Half { begin, has_hole: skipped, ..Half::default() };
        let [forward_begin, backward_begin] = begins;
        let forward_half = half(forward_begin, skipped.contains(&Direction::Forward));
        let backward_half = half(backward_begin, skipped.contains(&Direction::Backward));
        let (client_half, server_half, client_decoder, server_decoder) = match client {
            Direction::Forward => (forward_half, backward_half, forward, backward),
            Direction::Backward => (backward_half, forward_half, backward, forward),
        };
        context.report.statistics.connections += 1;
        let account = context.report.account(&context.report.connection(client, true), None);
        let connection = Self {
            is_inferred: true,
            apps: Apps::default(),
            account,
            client,
            client_half,
            server_half,
            client_decoder,
            server_decoder,
            began: None,
            may_answer_another: false,
            response_end: None,
        };
        (connection, Searched(held))
    }

    /// Reads what was held of a connection until it was recognised.
    pub(super) fn read(&mut self, held: &Searched, context: &mut Context<'_>) {
        // In the order of capture, so that an answer does not overtake.
        let mut runs: Vec<(Direction, Run<'_>)> = held
            .0
            .iter()
            .flat_map(|(direction, search, offset)| {
                search.runs_from(*offset).map(|run| (*direction, run))
            })
            .collect();
        runs.sort_by_key(|(_, run)| run.origin.packet);
        self.began = runs.first().and_then(|(_, run)| run.origin.time);
        for (direction, run) in runs {
            self.receive(direction, &run, context);
        }
    }

    /// The user knows that it is WebSocket: frames need less to show
    /// themselves.
    pub(super) fn believe(&mut self) {
        self.client_decoder.believe();
        self.server_decoder.believe();
    }

    /// Tells a handshake, whatever came of it, and what it breaks.
    pub(super) fn tell_handshake(answer: Answer, context: &mut Context<'_>) -> Account {
        let mut handshake = answer.handshake;
        let upgraded = handshake.status.is_none_or(|status| status == 101);
        if upgraded {
            handshake.accept_expected = handshake.key.as_deref().map(expected_accept);
        }
        // Without both halves there is nothing to judge.
        if handshake.status == Some(101) && handshake.request_headers.is_some() {
            let status = judge_accept(handshake.key.as_deref(), handshake.accept.as_deref());
            handshake.accept_status = Some(status);
        }
        let connection = context.report.connection(answer.client, false);
        context.report.statistics.handshakes += 1;
        let mut account = context.report.account(&connection, Some(&handshake));
        let kind = Kind::Handshake(&handshake);
        context.report.tell(&connection, &mut account, answer.origin, kind);
        for finding in judge_handshake(&handshake) {
            let violation =
                Violation { from: Some(finding.side), rule: finding.rule, detail: &finding.detail };
            let kind = Kind::Violation(violation);
            context.report.tell(&connection, &mut account, answer.origin, kind);
        }
        account
    }

    /// A direction begins that was not seen before.
    pub(super) fn begin(&mut self, direction: Direction, position: u64, context: &Context<'_>) {
        let side = self.side(direction);
        let (half, decoder) = match side {
            Side::Client => (&mut self.client_half, &mut self.client_decoder),
            Side::Server => (&mut self.server_half, &mut self.server_decoder),
        };
        let expected = std::mem::replace(&mut half.begin, position);
        if expected == position {
            *decoder = Decoder::new(side, decoder.extensions(), context.workspace);
        }
    }

    pub(super) fn receive(
        &mut self,
        direction: Direction,
        run: &Run<'_>,
        context: &mut Context<'_>,
    ) {
        let side = self.side(direction);
        if let Some(ack) = run.ack {
            self.half(side.opposite()).acknowledged(ack);
            let half = self.half(side);
            half.has = half.has.max(NonZeroU64::new(ack));
        }
        if side == Side::Client {
            self.judge_beginning(run, context);
            self.judge_first_frame(run, context);
        }
        self.with(direction, context, |decoder, workspace, teller| {
            decoder.receive(run, workspace, teller);
        });
    }

    pub(super) fn miss(
        &mut self,
        direction: Direction,
        missing: Missing,
        context: &mut Context<'_>,
    ) {
        self.with(direction, context, |decoder, workspace, teller| {
            decoder.miss(&missing, workspace, teller);
        });
    }

    /// Takes note of bytes that were missing before the handshake was known.
    pub(super) fn missed_before(
        &mut self,
        direction: Direction,
        missing: Missing,
        context: &mut Context<'_>,
    ) {
        self.with(direction, context, |decoder, _, teller| {
            decoder.missed_before(&missing, teller);
        });
    }

    pub(super) fn conflict(
        &mut self,
        direction: Direction,
        conflict: Conflict,
        context: &mut Context<'_>,
    ) {
        let side = self.side(direction);
        let detail = format!(
            "A retransmission differs from what came first within {} bytes at offset {}; the first copy is shown.",
            conflict.bytes,
            conflict.position.saturating_sub(self.half(side).begin),
        );
        self.violation(side, Rule::OverlapConflict, &detail, conflict.origin, context);
    }

    /// Tells the messages that are not complete, as no more bytes will come.
    pub(super) fn finish(&mut self, context: &mut Context<'_>) {
        for direction in [self.client, self.client.opposite()] {
            self.with(direction, context, |decoder, workspace, teller| {
                decoder.finish(workspace, teller);
            });
        }
    }

    /// Tells the end, and what was owed until then. `fin_ack` tells up to where a
    /// side had the other's bytes when it ended its own with a FIN.
    pub(super) fn end(
        &mut self,
        state: EndState,
        fin_ack: impl Fn(Direction) -> Option<u64>,
        latest: Origin,
        context: &mut Context<'_>,
    ) {
        let closed = [self.client_half.close, self.server_half.close];
        let state = match (state, closed) {
            (EndState::TcpClosed, [Some(_), Some(_)]) => EndState::Closed,
            (state, _) => state,
        };
        if matches!(state, EndState::Closed | EndState::TcpClosed) {
            self.judge_end(&fin_ack, latest, context);
        }
        let duration: Option<Duration> =
            self.began.and_then(|began| latest.time.map(|time| time.since(began)));
        let end = End {
            state,
            client: self.client_half.counts,
            server: self.server_half.counts,
            duration,
        };
        let connection = context.report.connection(self.client, self.is_inferred);
        context.report.tell(&connection, &mut self.account, latest, Kind::End(end));
    }

    /// Whether the filter may show anything of it.
    pub(super) fn is_wanted(&self) -> bool {
        self.account.is_wanted
    }

    /// Bytes of memory that it keeps.
    pub(super) fn cost(&self) -> usize {
        self.client_decoder.cost() + self.server_decoder.cost() + self.apps.cost()
    }

    /// Gives up what it keeps.
    pub(super) fn shed(&mut self, workspace: &mut Workspace) {
        self.client_decoder.shed(workspace);
        self.server_decoder.shed(workspace);
        self.apps.shed();
    }

    /// Where responses are missing, what follows the request that seems to be
    /// answered may be another one, and the frames come after it.
    fn judge_beginning(&mut self, run: &Run<'_>, context: &mut Context<'_>) {
        let may_follow = self.may_answer_another && self.client_half.counts.frames == 0;
        if may_follow && !self.client_decoder.is_lost() && probe(run.bytes) == Probe::Certain {
            let search = Search::new(context.workspace.search());
            let extensions = self.client_decoder.extensions();
            self.client_decoder =
                Decoder::lost(Side::Client, extensions, search, context.workspace);
            self.response_end = None;
        }
    }

    /// The client has to wait for the response (RFC 6455 §4.1). What it had of
    /// the server's bytes when it first sent something tells whether it did.
    fn judge_first_frame(&mut self, run: &Run<'_>, context: &mut Context<'_>) {
        let Some((response_end, ack)) = self.response_end.take().zip(run.ack) else {
            return;
        };
        if ack < response_end.get() {
            let detail = format!(
                "The client sent frames while {} bytes of the response were still to come.",
                response_end.get() - ack
            );
            self.violation(Side::Client, Rule::DataBeforeResponse, &detail, run.origin, context);
        }
    }

    /// What a side owed the other when TCP ended.
    fn judge_end(
        &mut self,
        fin_ack: &impl Fn(Direction) -> Option<u64>,
        latest: Origin,
        context: &mut Context<'_>,
    ) {
        for side in [Side::Client, Side::Server] {
            let (half, peer) = match side {
                Side::Client => (&self.client_half, &self.server_half),
                Side::Server => (&self.server_half, &self.client_half),
            };
            let Some(ack) = fin_ack(self.direction(side)).filter(|_| !half.has_hole) else {
                continue; // what is owed may not be in the capture
            };
            let unanswered = peer.close.filter(|_| half.close.is_none());
            if unanswered.is_some_and(|close| ack >= close.get()) {
                let detail = format!(
                    "The {side} ended the connection without an answer to the {}'s Close frame.",
                    side.opposite()
                );
                self.violation(side, Rule::CloseNotAnswered, &detail, latest, context);
            } else if let Some(messages) = peer.unanswered_ping() {
                let detail = format!(
                    "The {side} sent {messages} messages after a ping of the {}, and no pong.",
                    side.opposite()
                );
                self.violation(side, Rule::PingNotAnswered, &detail, latest, context);
            }
        }
    }

    fn violation(
        &mut self,
        side: Side,
        rule: Rule,
        detail: &str,
        origin: Origin,
        context: &mut Context<'_>,
    ) {
        let violation = Violation { from: Some(side), rule, detail };
        let connection = context.report.connection(self.client, self.is_inferred);
        let kind = Kind::Violation(violation);
        context.report.tell(&connection, &mut self.account, origin, kind);
    }

    /// Lets a direction's decoder work.
    fn with<'c>(
        &mut self,
        direction: Direction,
        context: &mut Context<'c>,
        work: impl FnOnce(&mut Decoder, &mut Workspace, &mut Teller<'_, 'c>),
    ) {
        let side = self.side(direction);
        let (decoder, half, peer) = match side {
            Side::Client => {
                (&mut self.client_decoder, &mut self.client_half, &mut self.server_half)
            }
            Side::Server => {
                (&mut self.server_decoder, &mut self.server_half, &mut self.client_half)
            }
        };
        let Context { report, workspace, story, insides, .. } = context;
        let connection = report.connection(self.client, self.is_inferred);
        let Self { apps, account, .. } = self;
        let connection = &connection;
        let mut teller =
            Teller { connection, apps, story, insides, account, side, half, peer, report };
        work(decoder, workspace, &mut teller);
    }

    fn half(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Client => &mut self.client_half,
            Side::Server => &mut self.server_half,
        }
    }

    fn side(&self, direction: Direction) -> Side {
        if direction == self.client { Side::Client } else { Side::Server }
    }

    fn direction(&self, side: Side) -> Direction {
        match side {
            Side::Client => self.client,
            Side::Server => self.client.opposite(),
        }
    }
}

impl ByExtensions {
    /// Without the response, what was offered may be in use.
    fn new(handshake: &Handshake) -> Self {
        let deflate = Deflate::negotiated(&handshake.extensions);
        let is_known = handshake.status.is_some();
        let others = handshake.extensions.len() > usize::from(deflate.is_some());
        let of = |side| Extensions {
            compression: match deflate {
                Some(deflate) => Some(Compression { keeps_context: deflate.keeps_context(side) }),
                None if is_known => None,
                None => Some(Compression { keeps_context: true }),
            },
            reserved_bits: if others { 0b111 } else { 0 },
            is_known,
        };
        Self { client: of(Side::Client), server: of(Side::Server) }
    }

    /// Without any handshake, messages may be compressed.
    fn unknown() -> Self {
        Self::new(&Handshake::default())
    }

    fn of(&self, side: Side) -> Extensions {
        match side {
            Side::Client => self.client,
            Side::Server => self.server,
        }
    }
}

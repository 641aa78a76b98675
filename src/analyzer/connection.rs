//! One WebSocket connection: its handshake, its messages, its end.

use std::time::Duration;

use super::Context;
use crate::http::Answer;
use crate::payload::classify;
use crate::tcp::Conflict;
use crate::types::{
    Body, Close, Connection, Counts, Direction, End, EndState, Frame, Gap, Handshake, Kind,
    Message, Missing, NextFrame, Opcode, Origin, Rule, Run, Side, Timestamp, Violation,
};
use crate::websocket::{
    Assembled, Decoder, Extensions, FrameHeader, Receiver, expected_accept, judge_accept,
    parse_close,
};

/// The compression of RFC 7692.
const DEFLATE: &str = "permessage-deflate";

/// A connection that was upgraded.
pub(super) struct WebSocket {
    connection: Connection,
    client: Direction,
    client_half: Half,
    server_half: Half,
    began: Option<Timestamp>,
}

/// What one side sends.
struct Half {
    decoder: Decoder,
    extensions: Extensions,
    limit: usize,
    /// Position of the direction's first byte.
    begin: u64,
    /// Where frames begin, when the direction was not seen up to there.
    expected: Option<u64>,
    counts: Counts,
    close_sent: bool,
}

impl WebSocket {
    /// Tells the handshake and begins the connection. `place` says where a
    /// direction began, how far it has come and whether nothing of it waits.
    pub(super) fn begin_with(
        answer: Answer,
        context: &mut Context<'_>,
        mut place: impl FnMut(Direction) -> (Option<u64>, u64, bool),
    ) -> Self {
        let extensions = extensions(&answer.handshake);
        let client = answer.client;
        let began = answer.asked.unwrap_or(answer.origin).time;
        let asked = answer.asked.is_some() && !answer.is_missing;
        let answered = answer.handshake.status.is_some();
        let first_frame = answer.first_frame;
        let connection = Self::tell_handshake(answer, context);
        context.statistics.connections += 1;
        let limit = context.options.limits.message;
        let mut half = |direction, known: bool, expected: Option<u64>| {
            let (begin, reached, idle) = place(direction);
            // Without its half of the handshake, frames begin where the other
            // side's says, if nothing is missing there.
            let begins_here = known || begin.is_some() && idle && expected == Some(reached);
            Half {
                decoder: if begins_here {
                    Decoder::new(extensions, limit)
                } else {
                    Decoder::lost()
                },
                extensions,
                limit,
                begin: begin.unwrap_or(0),
                expected: if begin.is_none() { expected } else { None },
                counts: Counts::default(),
                close_sent: false,
            }
        };
        Self {
            client_half: half(client, asked, first_frame),
            server_half: half(client.opposite(), answered, None),
            connection,
            client,
            began,
        }
    }

    /// Tells a handshake, whatever came of it.
    pub(super) fn tell_handshake(answer: Answer, context: &mut Context<'_>) -> Connection {
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
        let connection = Connection {
            stream: context.stream,
            h2_stream: None,
            client: context.conversation.sender(answer.client),
            server: context.conversation.sender(answer.client.opposite()),
            inferred: false,
        };
        context.statistics.handshakes += 1;
        context.tell(&connection, answer.origin, Kind::Handshake(&handshake));
        connection
    }

    /// A direction begins that was not seen before.
    pub(super) fn begin(&mut self, direction: Direction, position: u64) {
        let half = self.half(direction).1;
        half.begin = position;
        if half.expected == Some(position) {
            half.decoder = Decoder::new(half.extensions, half.limit);
        }
    }

    pub(super) fn receive(
        &mut self,
        direction: Direction,
        run: Run<'_>,
        context: &mut Context<'_>,
    ) {
        let mut scratch = std::mem::take(context.scratch);
        self.with(direction, context, |decoder, teller| decoder.receive(run, &mut scratch, teller));
        *context.scratch = scratch;
    }

    pub(super) fn miss(
        &mut self,
        direction: Direction,
        missing: Missing,
        context: &mut Context<'_>,
    ) {
        if missing.is_visible {
            self.tell_gap(direction, missing, context);
        }
        self.with(direction, context, |decoder, teller| decoder.miss(missing.bytes, teller));
    }

    /// Tells a gap that the decoder has nothing to do with.
    pub(super) fn tell_gap(
        &mut self,
        direction: Direction,
        missing: Missing,
        context: &mut Context<'_>,
    ) {
        context.statistics.gaps += 1;
        context.statistics.missing_bytes += missing.bytes;
        let gap = Gap {
            from: self.side(direction),
            bytes: Some(missing.bytes),
            next_frame: NextFrame::Known,
            undecoded: 0,
        };
        context.tell(&self.connection, missing.origin, Kind::Gap(gap));
    }

    pub(super) fn conflict(
        &mut self,
        direction: Direction,
        conflict: Conflict,
        context: &mut Context<'_>,
    ) {
        let (side, half) = self.half(direction);
        let detail = format!(
            "A retransmission differs from what came first within {} bytes at offset {}; the first copy is shown.",
            conflict.bytes,
            conflict.position.saturating_sub(half.begin),
        );
        let violation =
            Violation { from: Some(side), rule: Rule::OverlapConflict, detail: &detail };
        context.tell(&self.connection, conflict.origin, Kind::Violation(violation));
    }

    /// Tells the messages that are not complete, as no more bytes will come.
    pub(super) fn finish(&mut self, context: &mut Context<'_>) {
        for direction in [self.client, self.client.opposite()] {
            self.with(direction, context, |decoder, teller| decoder.finish(teller));
        }
    }

    /// Tells the end.
    pub(super) fn end(&mut self, state: EndState, latest: Origin, context: &mut Context<'_>) {
        let both_closed = self.client_half.close_sent && self.server_half.close_sent;
        let state = match state {
            EndState::TcpClosed if both_closed => EndState::Closed,
            state => state,
        };
        let duration: Option<Duration> =
            self.began.and_then(|began| latest.time.map(|time| time.since(began)));
        let end = End {
            state,
            client: self.client_half.counts,
            server: self.server_half.counts,
            duration,
        };
        context.tell(&self.connection, latest, Kind::End(end));
    }

    /// Lets a direction's decoder work.
    fn with<'c>(
        &mut self,
        direction: Direction,
        context: &mut Context<'c>,
        work: impl FnOnce(&mut Decoder, &mut Teller<'_, 'c>),
    ) {
        let side = self.side(direction);
        let half = match side {
            Side::Client => &mut self.client_half,
            Side::Server => &mut self.server_half,
        };
        let mut teller = Teller {
            connection: &self.connection,
            side,
            begin: half.begin,
            counts: &mut half.counts,
            close_sent: &mut half.close_sent,
            context,
        };
        work(&mut half.decoder, &mut teller);
    }

    fn half(&mut self, direction: Direction) -> (Side, &mut Half) {
        match self.side(direction) {
            Side::Client => (Side::Client, &mut self.client_half),
            Side::Server => (Side::Server, &mut self.server_half),
        }
    }

    fn side(&self, direction: Direction) -> Side {
        if direction == self.client { Side::Client } else { Side::Server }
    }
}

/// What the chosen extensions do to frames. Without the response, what was
/// offered may be in use.
fn extensions(handshake: &Handshake) -> Extensions {
    if handshake.status.is_none() {
        return Extensions { deflate: true, reserved_bits: 0 };
    }
    let deflate = handshake.extensions.iter().any(|extension| extension.name == DEFLATE);
    let others = handshake.extensions.iter().any(|extension| extension.name != DEFLATE);
    Extensions { deflate, reserved_bits: if others { 0b111 } else { 0 } }
}

/// Makes events of what a decoder finds.
struct Teller<'a, 'c> {
    connection: &'a Connection,
    side: Side,
    begin: u64,
    counts: &'a mut Counts,
    close_sent: &'a mut bool,
    context: &'a mut Context<'c>,
}

impl Receiver for Teller<'_, '_> {
    fn frame(&mut self, header: &FrameHeader, position: u64, origin: Origin) {
        self.counts.frames += 1;
        if self.context.options.frames {
            let frame = Frame {
                from: self.side,
                fin: header.fin,
                rsv: header.rsv,
                opcode: header.opcode,
                masking_key: header.masking_key,
                length: header.length,
                offset: position.saturating_sub(self.begin),
            };
            self.context.tell(self.connection, origin, Kind::Frame(frame));
        }
    }

    fn message(&mut self, message: &Assembled<'_>) {
        self.count(message);
        let whole = message.complete && !message.truncated;
        let body = if message.compressed {
            Body::Binary(message.payload)
        } else {
            classify(message.payload, whole)
        };
        let text = message.opcode == Opcode::Text && whole && !message.compressed;
        if let (true, Body::Binary(bytes)) = (text, body) {
            let at = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
            let detail =
                format!("A text message of {} bytes is not UTF-8 at byte {at}.", bytes.len());
            self.violation(Rule::InvalidUtf8, &detail, message.origin);
        }
        let close: Option<Close<'_>> =
            (message.opcode == Opcode::Close).then(|| parse_close(message.payload));
        let event = Message {
            from: self.side,
            opcode: message.opcode,
            length: message.length,
            wire_length: message.wire_length,
            frames: message.frames,
            masked: message.masked,
            compressed: message.compressed,
            first_time: message.first.time.filter(|_| message.first.packet < message.origin.packet),
            complete: message.complete,
            missing: message.missing,
            truncated: message.truncated,
            not_inflated: None,
            sha256: None,
            payload: message.payload,
            body,
            close,
        };
        self.context.tell(self.connection, message.origin, Kind::Message(event));
    }

    fn violation(&mut self, rule: Rule, detail: &str, origin: Origin) {
        let violation = Violation { from: Some(self.side), rule, detail };
        self.context.tell(self.connection, origin, Kind::Violation(violation));
    }

    fn undecoded(&mut self, bytes: u64) {
        self.context.statistics.undecoded_bytes += bytes;
    }
}

impl Teller<'_, '_> {
    fn count(&mut self, message: &Assembled<'_>) {
        self.context.statistics.messages += 1;
        self.context.statistics.truncated += u64::from(message.truncated);
        self.counts.messages += 1;
        self.counts.bytes += message.received;
        self.counts.pings += u64::from(message.opcode == Opcode::Ping);
        *self.close_sent |= message.opcode == Opcode::Close;
    }
}

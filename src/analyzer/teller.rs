//! Events of what a decoder finds.

use super::context::{Account, Report};
use super::half::Half;
use crate::payload::{Apps, Insides, Story, classify};
use crate::types::{
    Body, Close, Connection, Frame, Gap, Inside, Kind, Message, NotInflated, Opcode, Origin, Rule,
    Side, Violation,
};
use crate::websocket::{Assembled, Cause, FrameHeader, Hole, Receiver, parse_close};

/// Makes events of what the decoder of one side finds.
pub(super) struct Teller<'a, 'c> {
    pub(super) connection: &'a Connection,
    /// What the messages of both sides carry.
    pub(super) apps: &'a mut Apps,
    /// Room for that.
    pub(super) story: &'a mut Story,
    /// Room for what binary messages hold.
    pub(super) insides: &'a mut Insides,
    pub(super) account: &'a mut Account,
    pub(super) side: Side,
    pub(super) half: &'a mut Half,
    pub(super) peer: &'a mut Half,
    pub(super) report: &'a mut Report<'c>,
}

impl Receiver for Teller<'_, '_> {
    fn frame(&mut self, header: &FrameHeader, position: u64, origin: Origin) {
        self.half.counts.frames += 1;
        self.half.frame_end =
            position.saturating_add(header.header_length as u64).saturating_add(header.length);
        if self.report.options.frames {
            let frame = Frame {
                from: self.side,
                fin: header.fin,
                rsv: header.rsv,
                opcode: header.opcode,
                masking_key: header.masking_key,
                length: header.length,
                offset: position.saturating_sub(self.half.begin),
            };
            self.tell(origin, Kind::Frame(frame));
        }
    }

    fn message(&mut self, message: &Assembled<'_>) {
        self.count(message);
        let whole = message.complete && !message.truncated;
        let body = classify(message.payload, whole);
        self.judge_text(message, body);
        let close: Option<Close<'_>> =
            (message.opcode == Opcode::Close).then(|| parse_close(message.payload));
        let mut event = Message {
            from: self.side,
            opcode: message.opcode,
            length: message.length,
            wire_length: message.wire_length,
            frames: message.frames,
            masked: message.masked,
            masking_key: message.masking_key,
            rsv: message.rsv,
            fin: message.fin,
            compressed: message.compressed,
            first_time: message.first.time.filter(|_| message.first.packet < message.origin.packet),
            complete: message.complete,
            missing: message.missing,
            truncated: message.truncated,
            not_inflated: message.not_inflated,
            sha256: message.sha256,
            payload: message.payload,
            body,
            close,
            app: None,
            inside: None,
        };
        let app = self.apps.read(&event, message.origin, self.story);
        event.app = app.as_ref();
        let layers = self.insides.look(&event);
        event.inside = (!layers.is_empty()).then_some(Inside { layers: &layers });
        self.report.tell(self.connection, self.account, message.origin, Kind::Message(event));
        self.report.statistics.forgotten_requests += self.story.take_forgotten();
    }

    fn violation(&mut self, rule: Rule, detail: &str, origin: Origin) {
        let violation = Violation { from: Some(self.side), rule, detail };
        self.tell(origin, Kind::Violation(violation));
    }

    fn hole(&mut self, hole: &Hole) {
        self.report.statistics.undecoded_bytes += hole.undecoded;
        // What is waited for may be in it.
        self.peer.forget_ping();
        self.apps.gap(self.side);
        self.half.has_hole = true;
        let bytes = match hole.cause {
            Cause::Missing(missing) if missing.is_visible => Some(missing.bytes),
            Cause::FrameLength => {
                self.report.statistics.long_frames += 1;
                None
            }
            Cause::NoFrame => None,
            Cause::Missing(_) | Cause::Rest => return,
        };
        self.report.statistics.gaps += 1;
        self.report.statistics.missing_bytes += bytes.unwrap_or(0);
        let Hole { next_frame, undecoded, origin, .. } = *hole;
        let gap = Gap { from: self.side, bytes, next_frame, undecoded };
        self.tell(origin, Kind::Gap(gap));
    }
}

impl Teller<'_, '_> {
    fn tell(&mut self, origin: Origin, kind: Kind<'_>) {
        self.report.tell(self.connection, self.account, origin, kind);
    }

    fn count(&mut self, message: &Assembled<'_>) {
        self.report.statistics.messages += 1;
        self.report.statistics.truncated += u64::from(message.truncated);
        let is_too_large = message.not_inflated == Some(NotInflated::Limit);
        self.report.statistics.inflated_too_large += u64::from(is_too_large);
        let counts = &mut self.half.counts;
        counts.messages += 1;
        counts.bytes += match message.length {
            Some(length) if message.compressed => length,
            _ => message.received,
        };
        counts.pings += u64::from(message.opcode == Opcode::Ping);
        self.half.sent(message.opcode);
        self.peer.received(message.opcode, self.half.has);
    }

    /// Text is UTF-8, also as far as it goes (RFC 6455 §8.1).
    fn judge_text(&mut self, message: &Assembled<'_>, body: Body<'_>) {
        let is_text = message.opcode == Opcode::Text && !message.has_reserved_bits;
        // What is no DEFLATE says so itself.
        if !is_text || message.not_inflated == Some(NotInflated::Corrupt) {
            return;
        }
        let at = match body {
            Body::Binary(bytes) => std::str::from_utf8(bytes).err().map(|e| e.valid_up_to() as u64),
            Body::Json(_) | Body::Text(_) => message.invalid_utf8,
        };
        let Some(at) = at else {
            return;
        };
        let length = message.length.map_or_else(
            || format!("of which {} bytes are known", message.payload.len()),
            |length| format!("of {length} bytes"),
        );
        let detail = format!("A text message {length} is not UTF-8 at byte {at}.");
        self.violation(Rule::InvalidUtf8, &detail, message.origin);
    }
}

//! What is told by the events themselves: violations, and what is missing.

mod headless;

use std::collections::HashSet;

use headless::Headless;

use super::connections::Opened;
use super::finding::Finding;
use super::findings::Findings;
use super::incomplete::Incomplete;
use super::judge::{Judge, Seen};
use super::rule::{CaptureRule, CheckRule};
use crate::filter::Look;
use crate::types::{
    AppProtocol, End, EndState, Gap, Handshake, Kind, Message, NotInflated, Rule, Side, Timestamp,
    Violation,
};

/// Judges what the events themselves say.
#[derive(Debug, Default)]
pub(super) struct CaptureJudge {
    incomplete: Incomplete,
    headless: Headless,
    /// The connection of the event at hand begins with it.
    is_new: bool,
    /// The connections and sides whose messages refer to earlier ones that are not
    /// there, as was told.
    lost: HashSet<(u64, Side)>,
    /// The connection and the side whose message was just said to be no DEFLATE.
    corrupt: Option<(u64, Side)>,
}

impl Judge for CaptureJudge {
    fn opened(&mut self, connection: &Opened, _look: Look<'_>) {
        self.is_new = true;
        self.incomplete.opened(connection);
    }

    fn event(&mut self, seen: &Seen<'_>, findings: &mut Findings) {
        match &seen.event.kind {
            Kind::Violation(violation) if self.headless.joins(violation, seen) => {}
            _ => self.headless.settle(Some(seen), findings),
        }
        self.incomplete.event(seen, findings);
        let is_new = std::mem::take(&mut self.is_new);
        if is_new && seen.event.connection.inferred {
            findings.add(inferred(seen), Some(seen));
        }
        let found = |rule, detail: String| {
            findings.add(Finding::of_event(CheckRule::Capture(rule), seen, detail), Some(seen));
        };
        match &seen.event.kind {
            Kind::Handshake(handshake) => of_handshake(handshake, found),
            Kind::Message(message) => self.message(message, seen.connection.id, found),
            Kind::Violation(violation) => self.violation(violation, seen, findings),
            Kind::Gap(gap) => of_gap(gap, found),
            Kind::End(end) => of_end(end, found),
            Kind::Frame(_) => {}
        }
    }

    fn ended(&mut self, connection: &Opened, findings: &mut Findings) {
        self.headless.settle(None, findings);
        self.incomplete.ended(connection);
        for side in [Side::Client, Side::Server] {
            self.lost.remove(&(connection.id, side));
        }
    }

    fn finish(&mut self, _last: Option<Timestamp>, findings: &mut Findings) {
        self.headless.settle(None, findings);
    }
}

impl CaptureJudge {
    fn violation(&mut self, violation: &Violation<'_>, seen: &Seen<'_>, findings: &mut Findings) {
        if violation.rule == Rule::CorruptDeflate {
            self.corrupt = violation.from.map(|from| (seen.connection.id, from));
        }
        let rule = CheckRule::Protocol(violation.rule);
        let held = findings.hold(Finding::of_event(rule, seen, violation.detail), seen);
        self.headless.hold(violation, held, seen);
    }

    fn message(
        &mut self,
        message: &Message<'_>,
        connection: u64,
        mut found: impl FnMut(CaptureRule, String),
    ) {
        if message.compressed && message.not_inflated.is_none() && message.complete {
            self.lost.remove(&(connection, message.from));
        }
        let is_told = self.corrupt.take() == Some((connection, message.from));
        if let Some(why) = message.not_inflated
            && !(why == NotInflated::Corrupt && is_told)
            && self.is_news(message, connection)
        {
            found(CaptureRule::NotInflated, not_inflated(message, why));
        }
        if message.truncated {
            found(CaptureRule::TruncatedMessage, truncated(message));
        }
        // Of a part nobody can say whether the whole can be read.
        if message.complete
            && !message.truncated
            && let Some(app) = message.app
            && let Some(malformed) = app.malformed
        {
            let protocol = app.protocol.map_or("websocket", AppProtocol::name);
            found(CaptureRule::MalformedApp, format!("{protocol}: {malformed}"));
        }
    }

    /// Whether it is told that a message is not inflated. That earlier ones are not
    /// there may go on for as long as the connection does, and is told once.
    fn is_news(&mut self, message: &Message<'_>, connection: u64) -> bool {
        message.not_inflated != Some(NotInflated::ContextLost)
            || self.lost.insert((connection, message.from))
    }
}

/// That a connection has no handshake is nobody's fault.
fn inferred(seen: &Seen<'_>) -> Finding {
    let rule = CheckRule::Capture(CaptureRule::MissingHandshake);
    let detail =
        "The handshake is not in the capture: the connection was recognised by its frames.";
    Finding { from: None, head: None, ..Finding::of_event(rule, seen, detail) }
}

fn of_handshake(handshake: &Handshake, mut found: impl FnMut(CaptureRule, String)) {
    let missing = match (&handshake.request_headers, &handshake.response_headers) {
        (Some(_), Some(_)) => None,
        (None, _) => Some("request"),
        (_, None) => Some("response"),
    };
    if let Some(half) = missing {
        found(CaptureRule::MissingHandshake, format!("The {half} is not in the capture."));
    }
    if let (true, Some(status)) = (handshake.is_refused(), handshake.status) {
        let reason = handshake.reason.as_deref().filter(|reason| !reason.is_empty());
        let reason = reason.map(|reason| format!(" {reason}")).unwrap_or_default();
        found(CaptureRule::RefusedHandshake, format!("The server answered {status}{reason}."));
    }
}

fn not_inflated(message: &Message<'_>, why: NotInflated) -> String {
    let why = match why {
        NotInflated::ContextLost => {
            "refers to earlier messages that are not there, as others after it may"
        }
        NotInflated::Corrupt => "is not DEFLATE",
        NotInflated::Limit => "grows beyond the limit (--limit inflated)",
    };
    let Message { opcode, wire_length, .. } = message;
    format!("A compressed {opcode} message of {wire_length} bytes {why}.")
}

fn truncated(message: &Message<'_>) -> String {
    let (opcode, kept) = (message.opcode, message.payload.len());
    let length = message.length.unwrap_or(message.wire_length);
    format!(
        "Of a {opcode} message of {length} bytes {kept} were kept (--limit message, --limit memory)."
    )
}

/// A gap may be both: bytes that are missing, and others after them that nobody can
/// read.
fn of_gap(gap: &Gap, mut found: impl FnMut(CaptureRule, String)) {
    let Gap { from, bytes, undecoded, .. } = *gap;
    if let Some(bytes) = bytes {
        let are = if bytes == 1 { "byte is" } else { "bytes are" };
        let detail = format!("{bytes} {are} missing that the {from} sent.");
        found(CaptureRule::LostPackets, detail);
    }
    match (undecoded, bytes) {
        (0, Some(_)) => {}
        (0, None) => {
            let detail = format!("What the {from} sent is no frame, or one that is too long.");
            found(CaptureRule::Undecodable, detail);
        }
        (undecoded, _) => {
            let are = if undecoded == 1 { "byte is" } else { "bytes are" };
            let detail = format!("{undecoded} {are} of no known frame that the {from} sent.");
            found(CaptureRule::Undecodable, detail);
        }
    }
}

fn of_end(end: &End, mut found: impl FnMut(CaptureRule, String)) {
    if end.state == EndState::Open {
        let detail = "The capture ends before the connection does.".to_owned();
        found(CaptureRule::OpenConnection, detail);
    }
}

#[cfg(test)]
mod tests;

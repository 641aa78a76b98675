//! Messages that break off though nothing of them is missing from the capture.
//!
//! That one is not complete is told before it is known why: where bytes are missing,
//! the gap is told when the next frame is found.

use std::collections::HashMap;

use super::connections::Opened;
use super::finding::Finding;
use super::findings::{Findings, Held};
use super::judge::Seen;
use super::rule::{CaptureRule, CheckRule};
use crate::types::{EndState, Event, Kind, Message, Rule, Side};

/// Messages of one side that wait for the reason why they are not complete: a ping
/// within a message, and that message. More come only from a sender that is not sane;
/// they are taken for broken off at once.
const MOST_HELD: usize = 8;

/// What is known of messages that are not complete, by connection.
#[derive(Debug, Default)]
pub(super) struct Incomplete {
    /// Only of connections where something is missing, or not complete.
    connections: HashMap<u64, [Half; 2]>,
}

/// One side of a connection.
#[derive(Debug, Default)]
struct Half {
    /// What is not complete by now has a reason that is told already.
    is_explained: bool,
    held: Vec<Held>,
}

impl Incomplete {
    /// A connection begins. What its first messages began with may have been sent
    /// before the capture.
    pub(super) fn opened(&mut self, connection: &Opened) {
        if connection.connection.inferred {
            let explained = || Half { is_explained: true, held: Vec::new() };
            self.connections.insert(connection.id, [explained(), explained()]);
        }
    }

    /// Takes note of an event, and tells what is certain by it.
    pub(super) fn event(&mut self, seen: &Seen<'_>, findings: &mut Findings) {
        let id = seen.connection.id;
        match &seen.event.kind {
            Kind::Gap(gap) => self.half(id, gap.from).explain(),
            Kind::Violation(violation) => {
                if let (Some(from), true) = (violation.from, breaks_off(violation.rule)) {
                    self.half(id, from).explain();
                }
            }
            Kind::Message(message) if breaks(message) => {
                self.half(id, message.from).take(message, seen, findings);
            }
            Kind::Message(message) => {
                if let Some(halves) = self.connections.get_mut(&id) {
                    half(halves, message.from).go_on(message, findings);
                }
            }
            Kind::End(_) | Kind::Handshake(_) | Kind::Frame(_) => {}
        }
        self.end(seen.event, id, findings);
    }

    /// Nothing more comes of a connection.
    pub(super) fn ended(&mut self, connection: &Opened) {
        self.connections.remove(&connection.id);
    }

    /// What is held at the end of TCP breaks off. What the capture ended before, or
    /// a limit, may have gone on.
    fn end(&mut self, event: &Event<'_>, id: u64, findings: &mut Findings) {
        if let Kind::End(end) = event.kind
            && matches!(end.state, EndState::Closed | EndState::TcpClosed)
            && let Some(halves) = self.connections.get_mut(&id)
        {
            halves.iter_mut().for_each(|half| half.tell(findings));
        }
    }

    fn half(&mut self, id: u64, from: Side) -> &mut Half {
        half(self.connections.entry(id).or_default(), from)
    }
}

fn half(halves: &mut [Half; 2], from: Side) -> &mut Half {
    let [client, server] = halves;
    match from {
        Side::Client => client,
        Side::Server => server,
    }
}

/// Whether bytes of it are not there. One that cannot be inflated is not complete
/// either.
fn breaks(message: &Message<'_>) -> bool {
    !message.complete && message.not_inflated.is_none()
}

/// Violations that say themselves that a message lacks its beginning or its end.
fn breaks_off(rule: Rule) -> bool {
    matches!(rule, Rule::InterleavedMessage | Rule::UnexpectedContinuation)
}

impl Half {
    fn explain(&mut self) {
        self.is_explained = true;
        self.held.clear();
    }

    fn take(&mut self, message: &Message<'_>, seen: &Seen<'_>, findings: &mut Findings) {
        if !self.is_explained {
            let rule = CheckRule::Capture(CaptureRule::IncompleteMessage);
            let finding = Finding::of_event(rule, seen, detail(message));
            if self.held.len() >= MOST_HELD {
                self.tell(findings);
            }
            self.held.push(findings.hold(finding, seen));
        }
        // A ping may stand within a message that the same gap hit.
        self.is_explained &= message.opcode.is_control();
    }

    fn go_on(&mut self, message: &Message<'_>, findings: &mut Findings) {
        self.tell(findings);
        self.is_explained &= message.opcode.is_control();
    }

    fn tell(&mut self, findings: &mut Findings) {
        self.held.drain(..).for_each(|held| findings.add_held(held));
    }
}

fn detail(message: &Message<'_>) -> String {
    let (opcode, length) = (message.opcode, message.wire_length);
    match message.missing {
        Some(missing) => format!(
            "A {opcode} message of {length} bytes breaks off {missing} bytes before its end."
        ),
        None => {
            format!("A {opcode} message breaks off after {length} bytes, before its last frame.")
        }
    }
}

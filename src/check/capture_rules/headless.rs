//! Violations, which are told before the message that they are about: its head is shown
//! with them.

use crate::check::findings::{Findings, Held};
use crate::check::judge::Seen;
use crate::output::gist;
use crate::types::{Kind, Message, Rule, Side, Violation};

/// Violations of one packet that wait for what is told next.
#[derive(Debug, Default)]
pub(super) struct Headless {
    held: Vec<(Rule, Held)>,
    /// The connection, the packet and the side that they are all of.
    place: Option<Place>,
}

type Place = (u64, u64, Option<Side>);

impl Headless {
    /// Takes a violation, which is found as soon as anything else is told.
    pub(super) fn hold(&mut self, violation: &Violation<'_>, held: Held, seen: &Seen<'_>) {
        self.place = Some(place(seen, violation.from));
        self.held.push((violation.rule, held));
    }

    /// Whether a violation joins those that wait.
    pub(super) fn joins(&self, violation: &Violation<'_>, seen: &Seen<'_>) -> bool {
        self.place == Some(place(seen, violation.from))
    }

    /// Finds those that wait, as `seen` is told next; `None` where nothing more is.
    pub(super) fn settle(&mut self, seen: Option<&Seen<'_>>, findings: &mut Findings) {
        let place_before = self.place.take();
        if self.held.is_empty() {
            return;
        }
        let message = seen.and_then(|seen| match &seen.event.kind {
            Kind::Message(message) => Some((message, place(seen, Some(message.from)))),
            _ => None,
        });
        let message = message.filter(|(_, place)| Some(*place) == place_before);
        for (rule, mut held) in self.held.drain(..) {
            if let Some((message, _)) = message.filter(|(message, _)| is_broken_by(rule, message)) {
                held.finding.head = Some(gist(message));
            }
            findings.add_held(held);
        }
    }
}

fn place(seen: &Seen<'_>, from: Option<Side>) -> Place {
    (seen.connection.id, seen.event.origin.packet, from)
}

/// Whether a message of this kind breaks a rule, or a frame of it does. Between the frames
/// of a message come control frames, which those rules of data are not about.
fn is_broken_by(rule: Rule, message: &Message<'_>) -> bool {
    match rule {
        Rule::UnmaskedClientFrame
        | Rule::MaskedServerFrame
        | Rule::MaskingKeyRepeated
        | Rule::ReservedBits
        | Rule::ReservedOpcode
        | Rule::LengthNotMinimal
        | Rule::UnexpectedContinuation
        | Rule::InterleavedMessage
        | Rule::InvalidUtf8
        | Rule::DataAfterClose
        | Rule::CompressedContinuation
        | Rule::CorruptDeflate
        | Rule::DeflateTail => !message.opcode.is_control(),
        Rule::ControlFrameTooLong
        | Rule::FragmentedControlFrame
        | Rule::CompressedControlFrame
        | Rule::ClosePayloadLength
        | Rule::CloseCode
        | Rule::CloseReasonUtf8
        | Rule::ControlAfterClose
        | Rule::SecondClose => message.opcode.is_control(),
        _ => false,
    }
}

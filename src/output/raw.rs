//! What one side of a connection sent: `wsdump follow --raw`.

use super::View;
use super::connection_name::ConnectionName;
use super::others::Others;
use super::spool::Spool;
use super::write::{counted, grouped};
use crate::types::{Event, Kind, Message, NotInflated, Side};

/// The payloads of one side's data messages, unmasked and inflated, one after
/// the other, and nothing else.
#[derive(Debug)]
pub struct Raw {
    name: ConnectionName,
    from: Side,
    is_there: bool,
    is_empty: bool,
    others: Others,
    incomplete: u64,
    missing: u64,
    /// Messages that their sender broke off, or of which is not known how much is missing.
    unknown: u64,
    truncated: u64,
    not_inflated: [u64; 3],
    gaps: u64,
    lost: u64,
}

impl Raw {
    /// What `from` sent on the connection of that name.
    pub fn new(name: ConnectionName, from: Side) -> Self {
        Self {
            name,
            from,
            is_there: false,
            is_empty: true,
            others: Others::default(),
            incomplete: 0,
            missing: 0,
            unknown: 0,
            truncated: 0,
            not_inflated: [0; 3],
            gaps: 0,
            lost: 0,
        }
    }

    /// Why there is nothing: a sentence about the connections that there are.
    /// `None` where the connection is among them.
    pub fn absence(&self) -> Option<String> {
        (!self.is_there).then(|| self.others.tell(self.name))
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// What is not as it was sent: a sentence for each way.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.incomplete > 0 {
            let mut ways = Vec::new();
            if self.missing > 0 {
                ways.push(format!("{} missing from the capture", counted(self.missing, "byte")));
            }
            if self.unknown > 0 {
                let unknown = grouped(self.unknown);
                ways.push(format!("{unknown} broken off, or with an unknown number missing"));
            }
            let ways = ways.join("; ");
            notes.push(format!("{} incomplete: {ways}", counted(self.incomplete, "message")));
        }
        if self.truncated > 0 {
            notes.push(format!(
                "{} longer than is kept, written in part (--limit message)",
                counted(self.truncated, "message"),
            ));
        }
        let reasons = [
            "as they refer to messages that are not in the capture",
            "as they are not DEFLATE",
            "as they are larger than is inflated (--limit inflated)",
        ];
        for (count, reason) in self.not_inflated.iter().zip(reasons) {
            if *count > 0 {
                notes.push(format!(
                    "{} not inflated to the end, {reason}",
                    counted(*count, "message")
                ));
            }
        }
        if self.gaps > 0 {
            notes.push(format!(
                "{} in what the {} sent: {} lost, whole messages maybe among them",
                counted(self.gaps, "gap"),
                self.from,
                if self.lost > 0 { grouped(self.lost) + " bytes" } else { "bytes".to_owned() },
            ));
        }
        notes
    }

    fn message(&mut self, message: &Message<'_>) {
        match message.not_inflated {
            Some(NotInflated::ContextLost) => self.not_inflated[0] += 1,
            Some(NotInflated::Corrupt) => self.not_inflated[1] += 1,
            Some(NotInflated::Limit) => self.not_inflated[2] += 1,
            None if !message.complete => {
                self.incomplete += 1;
                self.missing = self.missing.saturating_add(message.missing.unwrap_or(0));
                self.unknown += u64::from(message.missing.is_none());
            }
            None => {}
        }
        self.truncated += u64::from(message.truncated);
    }
}

impl View for Raw {
    fn event(&mut self, event: &Event<'_>, out: &mut Spool) {
        if ConnectionName::from(event.connection) != self.name {
            return self.others.event(event);
        }
        self.is_there = true;
        match &event.kind {
            Kind::Message(message) if message.from == self.from && !message.opcode.is_control() => {
                self.message(message);
                self.is_empty &= message.payload.is_empty();
                out.put(message.payload);
            }
            Kind::Gap(gap) if gap.from == self.from => {
                self.gaps += 1;
                self.lost = self.lost.saturating_add(gap.bytes.unwrap_or(0));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples::{connection, conversation, event, handshake};
    use crate::types::{Body, Opcode};

    const NAME: ConnectionName = ConnectionName { stream: 3, h2_stream: None };

    fn raw(from: Side) -> (Vec<u8>, Raw) {
        let (connection, other) = (connection(3), connection(4));
        let handshake = handshake();
        let mut events = conversation(&other, &handshake);
        events.extend(conversation(&connection, &handshake));
        for reason in [NotInflated::ContextLost, NotInflated::Corrupt, NotInflated::Limit] {
            let part = Message::new(Side::Client, Opcode::Binary, Body::Binary(b"part"));
            let message = Message { complete: false, not_inflated: Some(reason), ..part };
            events.push(event(&connection, 40, Kind::Message(message)));
        }
        let begun = Message::new(Side::Client, Opcode::Text, Body::Text("begun"));
        let begun = Message { complete: false, length: None, ..begun };
        events.push(event(&connection, 41, Kind::Message(begun)));
        let mut view = Raw::new(NAME, from);
        let mut out = Spool::default();
        for event in &events {
            view.show(event, &mut out);
        }
        view.finish(&mut out);
        (out.into_bytes(), view)
    }

    #[test]
    fn payloads_of_one_side_and_nothing_else() {
        let (bytes, view) = raw(Side::Server);
        assert_eq!(
            bytes,
            b"Two lines,\nthe second of which is rather long, so that it has to be folded.\ncompressible text"
        );
        assert_eq!(view.absence(), None);
        assert!(!view.is_empty());
        assert_eq!(
            view.notes(),
            ["1 gap in what the server sent: bytes lost, whole messages maybe among them"]
        );
    }

    #[test]
    fn what_is_not_as_it_was_sent_is_told() {
        let (bytes, view) = raw(Side::Client);
        assert!(bytes.ends_with(b"more than a row\x1bpartpartpartbegun"));
        assert_eq!(
            view.notes(),
            [
                "2 messages incomplete: 1,460 bytes missing from the capture; 1 broken off, or with an unknown number missing",
                "1 message longer than is kept, written in part (--limit message)",
                "1 message not inflated to the end, as they refer to messages that are not in the capture",
                "1 message not inflated to the end, as they are not DEFLATE",
                "1 message not inflated to the end, as they are larger than is inflated (--limit inflated)",
                "1 gap in what the client sent: 1,460 bytes lost, whole messages maybe among them",
            ]
        );
    }

    #[test]
    fn a_connection_that_is_not_there() {
        let view = Raw::new(NAME, Side::Client);
        assert_eq!(view.absence().unwrap(), "there is no connection 3, nor any other");
        assert!(view.is_empty());
    }
}

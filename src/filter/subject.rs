//! What a filter is asked about, and the values of fields there.

use std::net::{IpAddr, Ipv4Addr};

use super::Scratch;
use super::field::{PayloadKind, Request, Response, Role, Source, Version};
use super::json::Found;
use super::language::syntax::Root;
use super::needs::Needs;
use super::program::AllPaths;
use crate::types::{
    AppProtocol, Body, Connection, Conversation, Direction, Endpoint, Event, Handshake, Header,
    Kind, Message, Opcode, Side, Timestamp,
};

/// A value of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    /// A number, an address, a time: what is ordered like numbers.
    Number(u128),
    /// Text or bytes.
    Bytes(&'a [u8]),
    /// JSON as it stands in a payload.
    Json(&'a [u8]),
}

/// Takes values one by one, as long as it answers that it wants more.
pub(super) type Take<'t> = &'t mut dyn FnMut(Value<'_>) -> bool;

/// What a filter is asked about: a conversation, and as much more as is known.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    /// What is known.
    pub(super) known: Needs,
    /// The two ends, the client first if that is known.
    pub(super) ends: [Endpoint; 2],
    /// Who of them sent it; `None` where it is of both.
    pub(super) sender: Option<Side>,
    pub(super) stream: u64,
    /// What the handshake decided, by slot.
    pub(super) marks: Option<&'a [u64]>,
    pub(super) handshake: Option<&'a Handshake>,
    pub(super) event: Option<&'a Event<'a>>,
    /// What was found in the event.
    pub(super) found: Option<&'a Scratch>,
}

impl<'a> Subject<'a> {
    /// A conversation, if one end sends, or both do.
    pub(super) fn conversation(
        conversation: &Conversation,
        stream: u64,
        sender: Option<Side>,
    ) -> Self {
        Self {
            known: Needs::FLOW,
            ends: Direction::BOTH.map(|direction| conversation.sender(direction)),
            sender,
            stream,
            marks: None,
            handshake: None,
            event: None,
            found: None,
        }
    }

    /// A connection whose handshake decided `marks`, if one end sends, or both do.
    pub(super) fn connection(
        connection: &Connection,
        marks: &'a [u64],
        sender: Option<Side>,
    ) -> Self {
        Self {
            known: Needs::FLOW,
            ends: [connection.client, connection.server],
            sender,
            stream: connection.stream,
            marks: Some(marks),
            handshake: None,
            event: None,
            found: None,
        }
    }

    /// Nothing but a handshake, or that there is none.
    pub(super) fn handshake(handshake: Option<&'a Handshake>) -> Self {
        let nobody = Endpoint { address: Ipv4Addr::UNSPECIFIED.into(), port: 0 };
        Self {
            known: Needs::HANDSHAKE,
            ends: [nobody; 2],
            sender: None,
            stream: 0,
            marks: None,
            handshake,
            event: None,
            found: None,
        }
    }

    /// An event of a connection whose handshake decided `marks`.
    pub(super) fn event(event: &'a Event<'a>, marks: &'a [u64], found: &'a Scratch) -> Self {
        let connection = event.connection;
        Self {
            known: Needs::FLOW | Needs::EVENT,
            ends: [connection.client, connection.server],
            sender: sender(&event.kind),
            stream: connection.stream,
            marks: Some(marks),
            handshake: None,
            event: Some(event),
            found: Some(found),
        }
    }

    /// Whether it is an event.
    pub(super) fn is_event(&self) -> bool {
        self.event.is_some()
    }

    /// Takes note that a field has more values than another is compared with.
    pub(super) fn note_beyond(&self) {
        if let Some(found) = self.found {
            found.json.note_beyond();
        }
    }

    /// The values at a path of the JSON, or of what the protocol inside says.
    pub(super) fn each_at(&self, paths: &AllPaths, root: Root, path: usize, take: Take<'_>) {
        if let Some((found, text)) = self.text(root) {
            found.each(paths.of(root), path, text, take);
        }
    }

    /// Whether a value there is equal to a literal of its path.
    pub(super) fn has_literal(&self, paths: &AllPaths, root: Root, literal: usize) -> bool {
        let text = self.text(root);
        text.is_some_and(|(found, text)| found.is_equal(paths.of(root), literal, text))
    }

    /// Each literal that a value there is equal to.
    pub(super) fn each_literal(&self, paths: &AllPaths, root: Root, take: &mut dyn FnMut(usize)) {
        if let Some((found, text)) = self.text(root) {
            found.each_equal(paths.of(root), text, take);
        }
    }

    /// The message's JSON, or what the protocol inside says, and what was found there.
    fn text(&self, root: Root) -> Option<(&'a Found, &'a [u8])> {
        let Some(Event { kind: Kind::Message(message), .. }) = self.event else {
            return None;
        };
        let found = self.found?;
        match (root, message.body) {
            (Root::Json, Body::Json(json)) => Some((&found.json, json.bytes())),
            (Root::Json, _) => None,
            (Root::App, _) => Some((&found.app, message.app?.json.bytes())),
        }
    }

    /// The values of a field.
    pub(super) fn each(&self, source: Source, take: Take<'_>) {
        match source {
            Source::Frame | Source::Tcp => {
                take(Value::Bytes(&[]));
            }
            Source::Ip(version) => {
                if self.ends.iter().any(|end| number(end.address, version).is_some()) {
                    take(Value::Bytes(&[]));
                }
            }
            Source::Address(version, role) => {
                let numbers = self.ends_of(role).map(|end| number(end.address, version));
                let _ = numbers.flatten().all(|number| take(Value::Number(number)));
            }
            Source::Host(version, role) => {
                let ends = self.ends_of(role);
                for end in ends.filter(|end| number(end.address, version).is_some()) {
                    if !take(Value::Bytes(end.address.to_string().as_bytes())) {
                        return;
                    }
                }
            }
            Source::Port(role) => {
                let _ = self.ends_of(role).all(|end| take(Value::Number(end.port.into())));
            }
            Source::Stream => {
                take(Value::Number(self.stream.into()));
            }
            Source::Http
            | Source::Request(_)
            | Source::Response(_)
            | Source::Header(_)
            | Source::Accept => {
                if let Some(handshake) = self.handshake {
                    each_of_handshake(handshake, source, take);
                }
            }
            _ => {
                if let Some(event) = self.event {
                    each_of_event(event, source, take);
                }
            }
        }
    }

    /// The ends in a role; both where it is not known who sends.
    fn ends_of(&self, role: Role) -> impl Iterator<Item = Endpoint> {
        let [client, server] = self.ends;
        let (first, second) = match (role, self.sender) {
            (Role::Any, _) | (_, None) => (client, Some(server)),
            (Role::Sender, Some(Side::Client)) | (Role::Receiver, Some(Side::Server)) => {
                (client, None)
            }
            (Role::Sender, Some(Side::Server)) | (Role::Receiver, Some(Side::Client)) => {
                (server, None)
            }
        };
        std::iter::once(first).chain(second)
    }
}

/// Who sent what an event tells, if it was one side.
fn sender(kind: &Kind<'_>) -> Option<Side> {
    match kind {
        Kind::Message(message) => Some(message.from),
        Kind::Frame(frame) => Some(frame.from),
        Kind::Gap(gap) => Some(gap.from),
        Kind::Violation(violation) => violation.from,
        Kind::Handshake(_) | Kind::End(_) => None,
    }
}

/// An address as a number, if it is of that version.
pub(super) fn number(address: IpAddr, version: Version) -> Option<u128> {
    match (address, version) {
        (IpAddr::V4(address), Version::V4) => Some(u32::from(address).into()),
        (IpAddr::V6(address), Version::V6) => Some(address.into()),
        _ => None,
    }
}

/// A time as a number that is ordered like it.
pub(super) fn time_number(time: Timestamp) -> u128 {
    (i128::from(time.nanoseconds()) - i128::from(i64::MIN)).unsigned_abs()
}

fn each_of_handshake(handshake: &Handshake, source: Source, take: Take<'_>) {
    let text = |text: Option<&str>, take: Take<'_>| {
        if let Some(text) = text {
            take(Value::Bytes(text.as_bytes()));
        }
    };
    match source {
        Source::Http => {
            take(Value::Bytes(&[]));
        }
        Source::Request(Request::Method) => text(handshake.method.as_deref(), take),
        Source::Request(Request::Target) => text(handshake.target.as_deref(), take),
        Source::Response(Response::Status) => {
            if let Some(status) = handshake.status {
                take(Value::Number(status.into()));
            }
        }
        Source::Response(Response::Reason) => text(handshake.reason.as_deref(), take),
        Source::Accept => {
            if let Some(status) = handshake.accept_status {
                take(Value::Bytes(status.to_string().as_bytes()));
            }
        }
        Source::Header(name) => {
            let headers = [&handshake.request_headers, &handshake.response_headers];
            let headers = headers.into_iter().flatten().flatten();
            let values =
                headers.filter(|Header { name: other, .. }| other.eq_ignore_ascii_case(name));
            let _ =
                values.map(|header| header.value.as_bytes()).all(|value| take(Value::Bytes(value)));
        }
        _ => {}
    }
}

fn each_of_event(event: &Event<'_>, source: Source, take: Take<'_>) {
    match source {
        Source::Number => give(Some(event.origin.packet), take),
        Source::TcpLength => give(Some(event.origin.tcp_length), take),
        Source::Time => {
            if let Some(time) = event.origin.time {
                take(Value::Number(time_number(time)));
            }
        }
        Source::InterfaceName => give_text(event.source.interface.as_deref(), take),
        Source::File => give_text(event.source.file.as_deref(), take),
        Source::Connection => give_text(Some(&event.connection.to_string()), take),
        Source::Inferred => give(Some(event.connection.inferred), take),
        Source::Event => give_text(Some(name(&event.kind)), take),
        Source::From => {
            let from = sender(&event.kind).map(|side| match side {
                Side::Client => "client",
                Side::Server => "server",
            });
            give_text(from, take);
        }
        _ => match &event.kind {
            Kind::Message(message) => each_of_message(message, source, take),
            Kind::Frame(frame) => match source {
                Source::WebSocket => give_label(true, take),
                Source::Fin => give(Some(frame.fin), take),
                Source::Rsv => give(Some(frame.rsv), take),
                Source::Pmc => give(Some(frame.rsv & 4 != 0), take),
                Source::Opcode => give(Some(frame.opcode.nibble()), take),
                Source::Mask => give(Some(frame.masking_key.is_some()), take),
                Source::PayloadLength => give(Some(frame.length), take),
                Source::MaskingKey => {
                    give_bytes(frame.masking_key.as_ref().map(|key| &key[..]), take);
                }
                _ => {}
            },
            Kind::Violation(violation) => match source {
                Source::Rule => give_text(Some(violation.rule.name()), take),
                Source::Severity => give_text(Some(&violation.rule.severity().to_string()), take),
                _ => {}
            },
            Kind::Gap(gap) if source == Source::Missing => give(gap.bytes, take),
            Kind::End(end) if source == Source::State => {
                give_text(Some(&end.state.to_string()), take);
            }
            Kind::Handshake(_) | Kind::Gap(_) | Kind::End(_) => {}
        },
    }
}

/// The name of a kind of event.
fn name(kind: &Kind<'_>) -> &'static str {
    match kind {
        Kind::Handshake(_) => "handshake",
        Kind::Message(_) => "message",
        Kind::Frame(_) => "frame",
        Kind::Violation(_) => "violation",
        Kind::Gap(_) => "gap",
        Kind::End(_) => "end",
    }
}

fn each_of_message(message: &Message<'_>, source: Source, take: Take<'_>) {
    let payload = Some(message.payload).filter(|payload| !payload.is_empty());
    let is_continued = message.frames > 1;
    match source {
        Source::WebSocket => give_label(true, take),
        Source::Fin => {
            // Of several frames only the last can be the final one.
            if (!is_continued || take(Value::Number(0))) && message.fin {
                give(Some(true), take);
            } else if !is_continued {
                give(Some(false), take);
            }
        }
        Source::Rsv => give(Some(message.rsv), take),
        Source::Pmc => give(Some(message.compressed), take),
        Source::Opcode => {
            let goes_on = take(Value::Number(message.opcode.nibble().into()));
            if goes_on && is_continued && message.opcode != Opcode::Continuation {
                give(Some(Opcode::Continuation.nibble()), take);
            }
        }
        Source::Mask => give(Some(message.masked), take),
        Source::PayloadLength | Source::WireLength => give(Some(message.wire_length), take),
        Source::MaskingKey => give_bytes(message.masking_key.as_ref().map(|key| &key[..]), take),
        Source::Payload => give_bytes(payload, take),
        Source::PayloadText => give_bytes(payload.filter(|_| message.opcode == Opcode::Text), take),
        Source::PayloadOf(kind) => {
            give_bytes(payload.filter(|_| Some(kind) == kind_of(message.opcode)), take);
        }
        Source::CloseCode => give(message.close.and_then(|close| close.code), take),
        Source::CloseReason => {
            let reason = message.close.and_then(|close| close.reason);
            give_text(reason.filter(|reason| !reason.is_empty()), take);
        }
        Source::ReassembledLength => give(message.length.filter(|_| is_continued), take),
        Source::Complete => give(Some(message.complete), take),
        Source::Compressed => give(Some(message.compressed), take),
        Source::Truncated => give(Some(message.truncated), take),
        Source::Length => give(message.length, take),
        Source::Frames => give(Some(message.frames), take),
        Source::Missing => give(message.missing, take),
        Source::AppProtocol => {
            give_text(message.app.and_then(|app| app.protocol).map(AppProtocol::name), take);
        }
        _ => {}
    }
}

/// Which of the fields of payloads has that of this opcode; text has its own.
fn kind_of(opcode: Opcode) -> Option<PayloadKind> {
    Some(match opcode {
        Opcode::Continuation => PayloadKind::Continuation,
        Opcode::Ping => PayloadKind::Ping,
        Opcode::Pong => PayloadKind::Pong,
        Opcode::Close => PayloadKind::Close,
        Opcode::Reserved(_) => PayloadKind::Unknown,
        Opcode::Text | Opcode::Binary => return None,
    })
}

fn give(number: Option<impl Into<u128>>, take: Take<'_>) {
    if let Some(number) = number {
        take(Value::Number(number.into()));
    }
}

fn give_label(is_there: bool, take: Take<'_>) {
    give_bytes(is_there.then_some(&[]), take);
}

fn give_text(text: Option<&str>, take: Take<'_>) {
    give_bytes(text.map(str::as_bytes), take);
}

fn give_bytes(bytes: Option<&[u8]>, take: Take<'_>) {
    if let Some(bytes) = bytes {
        take(Value::Bytes(bytes));
    }
}

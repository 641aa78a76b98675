//! Types of messages, and the filters that select them.

use std::collections::BTreeSet;

use super::members::{Member, members};
use super::quoted::string;
use crate::types::{App, AppProtocol, Body, Message, Opcode, Side};

/// Members of JSON whose text is commonly the type of a message, the likeliest first.
pub(super) const KEYS: [&str; 14] = [
    "type",
    "event",
    "op",
    "method",
    "kind",
    "action",
    "cmd",
    "command",
    "msg_type",
    "messageType",
    "message_type",
    "name",
    "channel",
    "topic",
];

/// What protocols inside say of a message beside its type, of which each has one at the
/// most.
const DETAILS: [&str; 5] = ["method", "action", "event", "target", "procedure"];

/// `type`, and [`DETAILS`].
const FACTS: [&str; 6] = {
    let [a, b, c, d, e] = DETAILS;
    ["type", a, b, c, d, e]
};

/// A type of messages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MessageType {
    /// Who sends them.
    pub(super) from: Sender,
    /// What they are.
    pub(super) what: What,
}

/// A side, in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sender {
    Client,
    Server,
}

/// What tells a type of messages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// Messages of a protocol inside: by its type, and where there is one by a detail,
    /// the member's name and its text.
    App { protocol: &'static str, kind: String, detail: Option<(&'static str, String)> },
    /// JSON of no protocol: by the text of a member, or all of it.
    Json(Option<(&'static str, String)>),
    /// Other text of no protocol.
    Text,
    /// Other bytes of no protocol.
    Binary,
}

/// What a message is.
#[derive(Debug, Default)]
pub(super) struct Types {
    /// All types that it is of.
    pub(super) types: Vec<MessageType>,
    /// Members of which it has several, so that none tells its type.
    pub(super) repeated: Vec<&'static str>,
}

/// Protocols inside that messages speak: several, where one connection after the other
/// has another.
#[derive(Debug, Default)]
pub(super) struct Protocols(BTreeSet<&'static str>);

impl Protocols {
    /// Takes note of what the protocol inside says of a message.
    pub(super) fn add(&mut self, app: &App<'_>) {
        if let Some(protocol) = app.protocol {
            self.0.insert(protocol.name());
        }
    }
}

impl Sender {
    pub(super) const BOTH: [Self; 2] = [Self::Client, Self::Server];

    /// The word for it, in filters too.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }

    pub(super) const fn opposite(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

impl From<Side> for Sender {
    fn from(side: Side) -> Self {
        match side {
            Side::Client => Self::Client,
            Side::Server => Self::Server,
        }
    }
}

impl MessageType {
    /// What it is called among people, as it was sent.
    pub(super) fn name(&self) -> String {
        match &self.what {
            What::App { kind, detail: Some((_, detail)), .. } => format!("{kind} {detail}"),
            What::App { kind, .. } => kind.clone(),
            What::Json(Some((_, value))) => value.clone(),
            What::Json(None) => "JSON".to_owned(),
            What::Text => "text".to_owned(),
            What::Binary => "binary".to_owned(),
        }
    }

    /// The filter that selects it among the messages of its connections, of which this
    /// side's speak `protocols`.
    pub(super) fn filter(&self, protocols: &Protocols) -> String {
        let from = self.from.name();
        let no_app = if protocols.0.is_empty() { "" } else { " && !app" };
        match &self.what {
            What::App { protocol, kind, detail } => {
                let protocol = match protocols.0.len() {
                    ..2 => String::new(),
                    _ => format!(" && app.protocol == {protocol}"),
                };
                let detail = match detail {
                    None => String::new(),
                    Some((name, detail)) => format!(" && app.{name} == {}", string(detail)),
                };
                format!("ws.from == {from}{protocol} && app.type == {}{detail}", string(kind))
            }
            What::Json(Some((key, value))) => {
                format!("ws.from == {from} && json.{key} == {}{no_app}", string(value))
            }
            What::Json(None) => format!("ws.from == {from} && json{no_app}"),
            What::Text => format!("ws.from == {from} && websocket.opcode == text && !json{no_app}"),
            What::Binary => {
                format!("ws.from == {from} && websocket.opcode == binary && !json{no_app}")
            }
        }
    }
}

/// What a message is: of no type where it is a control frame, or a part of what the
/// protocol inside says in several.
pub(super) fn types(message: &Message<'_>) -> Types {
    let from = message.from.into();
    let mut found = Types::default();
    if message.opcode.is_control() {
        return found;
    }
    let mut add = |what| found.types.push(MessageType { from, what });
    if let Some(app) = message.app {
        if let Some(protocol) = app.protocol {
            app_types(protocol, app.json.bytes(), add);
        }
        return found;
    }
    match message.body {
        Body::Json(json) => {
            add(What::Json(None));
            for (key, member) in KEYS.into_iter().zip(members(json.bytes(), &KEYS)) {
                match member {
                    Member::Other => {}
                    Member::Short(value) => add(What::Json(Some((key, value)))),
                    Member::Repeated => found.repeated.push(key),
                }
            }
        }
        _ if message.opcode == Opcode::Text => add(What::Text),
        _ if message.opcode == Opcode::Binary => add(What::Binary),
        _ => {}
    }
    found
}

/// The type in the protocol's own word, and that with what else is said of it.
fn app_types(protocol: AppProtocol, json: &[u8], mut add: impl FnMut(What)) {
    let [Member::Short(kind), details @ ..] = members(json, &FACTS) else {
        return;
    };
    let protocol = protocol.name();
    for (name, detail) in DETAILS.into_iter().zip(details) {
        if let Member::Short(detail) = detail
            && detail != kind
        {
            add(What::App { protocol, kind: kind.clone(), detail: Some((name, detail)) });
            break;
        }
    }
    add(What::App { protocol, kind, detail: None });
}

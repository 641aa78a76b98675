//! Recordings made by hand, for tests.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::{Collector, Comparison, Recording, ReportOptions, Rules, compare, write};
use crate::output::{Spool, View};
use crate::types::{
    Body, Close, Connection, Endpoint, Event, Handshake, JsonText, Kind, Message, Opcode, Origin,
    Side, Source, SourceId,
};

/// What somebody said: JSON where it is some, or else text.
pub(super) type Line<'a> = (Side, &'a str);

pub(super) fn rules() -> Arc<Rules> {
    Arc::new(Rules::new(Vec::new(), true))
}

pub(super) fn ignoring(paths: &[&str]) -> Arc<Rules> {
    let paths = paths.iter().map(|path| path.parse().expect("a path"));
    Arc::new(Rules::new(paths.collect(), true))
}

/// A capture that is made as the test goes.
pub(super) struct Maker {
    collector: Collector,
    packet: u64,
}

const ROOM: usize = 1 << 20;

impl Maker {
    pub(super) fn new(rules: &Arc<Rules>) -> Self {
        Self::with_room(rules, ROOM)
    }

    pub(super) fn with_room(rules: &Arc<Rules>, room: usize) -> Self {
        Self { collector: Collector::new(Arc::clone(rules), room), packet: 0 }
    }

    pub(super) fn event(&mut self, stream: u64, is_first: bool, kind: Kind<'_>) {
        self.packet += 1;
        let endpoint = |port| Endpoint { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port };
        let connection = Connection {
            stream,
            h2_stream: None,
            client: endpoint(50_000),
            server: endpoint(80),
            inferred: false,
        };
        let source = Source { file: None, interface: None };
        let origin = Origin { packet: self.packet, time: None, source: SourceId(0), tcp_length: 0 };
        let event = Event { origin, source: &source, connection: &connection, is_first, kind };
        self.collector.show(&event, &mut Spool::default());
    }

    /// A connection to this target.
    pub(super) fn opened(mut self, stream: u64, target: &str) -> Self {
        let handshake = Handshake {
            target: Some(target.to_owned()),
            host: Some("localhost".to_owned()),
            status: Some(101),
            ..Handshake::default()
        };
        self.event(stream, true, Kind::Handshake(&handshake));
        self
    }

    pub(super) fn handshake(mut self, stream: u64, handshake: &Handshake) -> Self {
        self.event(stream, true, Kind::Handshake(handshake));
        self
    }

    pub(super) fn said(mut self, stream: u64, lines: &[Line<'_>]) -> Self {
        for (from, text) in lines {
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
            let body = if is_json { Body::Json(JsonText::new(text)) } else { Body::Text(text) };
            let message = Message::new(*from, Opcode::Text, body);
            self.event(stream, false, Kind::Message(message));
        }
        self
    }

    /// A text of which the end is missing.
    pub(super) fn cut(mut self, stream: u64, text: &str) -> Self {
        let message = Message {
            complete: false,
            length: None,
            ..Message::new(Side::Server, Opcode::Text, Body::Text(text))
        };
        self.event(stream, false, Kind::Message(message));
        self
    }

    pub(super) fn bytes(mut self, stream: u64, bytes: &[u8]) -> Self {
        let message = Message::new(Side::Server, Opcode::Binary, Body::Binary(bytes));
        self.event(stream, false, Kind::Message(message));
        self
    }

    pub(super) fn closed(mut self, stream: u64, code: u16, reason: &str) -> Self {
        let message = Message {
            close: Some(Close { code: Some(code), code_name: None, reason: Some(reason) }),
            ..Message::new(Side::Server, Opcode::Close, Body::Binary(b""))
        };
        self.event(stream, false, Kind::Message(message));
        self
    }

    pub(super) fn made(self) -> Recording {
        self.collector.recording()
    }
}

/// One connection on which these lines were said.
pub(super) fn talk(lines: &[Line<'_>], rules: &Arc<Rules>) -> Recording {
    Maker::new(rules).opened(0, "/").said(0, lines).made()
}

pub(super) fn compared(old: &[Line<'_>], new: &[Line<'_>]) -> Comparison {
    let rules = rules();
    compare(&talk(old, &rules), &talk(new, &rules), &rules, usize::MAX)
}

/// What is told of two captures, without the first line and what says their names.
pub(super) fn told(old: &Recording, new: &Recording, rules: &Rules) -> String {
    let comparison = compare(old, new, rules, usize::MAX);
    let names = ["old".to_owned(), "new".to_owned()];
    let mut out = Spool::default();
    write(&comparison, rules, &ReportOptions { names, color: false, quiet: false }, &mut out);
    let text = String::from_utf8(out.into_bytes()).expect("UTF-8");
    let lines = text.lines().skip(1).filter(|line| !matches!(*line, "--- old" | "+++ new"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The same of one connection each.
pub(super) fn told_of(old: &[Line<'_>], new: &[Line<'_>]) -> String {
    let rules = rules();
    told(&talk(old, &rules), &talk(new, &rules), &rules)
}

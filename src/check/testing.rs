//! Traffic built by hand, for tests.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::checker::{CheckOptions, Checker};
use super::connections::Opened;
use super::expectations::Expectations;
use super::finding::{ExpectationName, Finding};
use super::findings::Findings;
use super::judge::{Judge, Seen};
use crate::filter::{FilterSet, Look};
use crate::output::{Spool, View as _};
use crate::types::{
    App, AppPlaces, AppProtocol, Body, Close, Connection, Counts, End, EndState, Endpoint, Event,
    Gap, Handshake, JsonText, Kind, Message, NextFrame, Opcode, Origin, Side, Source, SourceId,
    Timestamp,
};

/// 2018-12-26T06:54:46.729250Z
pub(super) const START: i64 = 1_545_807_286_729_250_000;

/// Events one after another, each in a packet of its own.
#[derive(Clone)]
pub(super) struct Traffic {
    told: Vec<Told>,
    now: Option<Timestamp>,
}

#[derive(Clone)]
struct Told {
    stream: u64,
    time: Option<Timestamp>,
    what: What,
}

#[derive(Clone)]
enum What {
    Handshake(Box<Handshake>),
    Message(Sent),
    Gap(Side),
    End(EndState, Option<Duration>),
}

/// A message that is sent.
#[derive(Clone)]
pub(super) struct Sent {
    pub(super) from: Side,
    pub(super) opcode: Opcode,
    pub(super) payload: Vec<u8>,
    /// Bytes on the wire, when it is compressed.
    pub(super) compressed: Option<u64>,
    /// The code of a close frame.
    pub(super) code: Option<u16>,
    /// All of it is there.
    pub(super) complete: bool,
    /// It is an answer that took so long.
    pub(super) latency: Option<Option<Duration>>,
    /// It only keeps the connection alive.
    pub(super) is_heartbeat: bool,
}

impl Sent {
    /// A text message.
    pub(super) fn text(from: Side, payload: &str) -> Self {
        Self {
            from,
            opcode: Opcode::Text,
            payload: payload.into(),
            compressed: None,
            code: None,
            complete: true,
            latency: None,
            is_heartbeat: false,
        }
    }
}

impl Traffic {
    /// Nothing yet, at [`START`].
    pub(super) fn new() -> Self {
        Self { told: Vec::new(), now: Some(Timestamp::from_nanoseconds(START)) }
    }

    /// What follows comes so many milliseconds after [`START`].
    pub(super) fn at(self, milliseconds: i64) -> Self {
        self.at_nanoseconds(START + milliseconds * 1_000_000)
    }

    /// The same in nanoseconds since 1970.
    pub(super) fn at_nanoseconds(mut self, nanoseconds: i64) -> Self {
        self.now = Some(Timestamp::from_nanoseconds(nanoseconds));
        self
    }

    /// What follows has no times.
    pub(super) fn without_times(mut self) -> Self {
        self.now = None;
        self
    }

    /// A handshake on `stream` for `ws://example.com/` and `target`.
    pub(super) fn open(self, stream: u64, target: &str) -> Self {
        self.handshake(stream, target, 101)
    }

    /// A handshake that is refused.
    pub(super) fn refuse(self, stream: u64) -> Self {
        self.handshake(stream, "/", 403)
    }

    fn handshake(self, stream: u64, target: &str, status: u16) -> Self {
        let handshake = Handshake {
            method: Some("GET".into()),
            target: Some(target.into()),
            host: Some("example.com".into()),
            request_headers: Some(Vec::new()),
            response_headers: Some(Vec::new()),
            status: Some(status),
            ..Handshake::default()
        };
        self.and(stream, What::Handshake(handshake.into()))
    }

    /// A text message of the client.
    pub(super) fn client(self, stream: u64, payload: &str) -> Self {
        self.send(stream, Sent::text(Side::Client, payload))
    }

    /// A text message of the server.
    pub(super) fn server(self, stream: u64, payload: &str) -> Self {
        self.send(stream, Sent::text(Side::Server, payload))
    }

    /// Any message.
    pub(super) fn send(self, stream: u64, sent: Sent) -> Self {
        self.and(stream, What::Message(sent))
    }

    /// Bytes of a side are missing.
    pub(super) fn gap(self, stream: u64, from: Side) -> Self {
        self.and(stream, What::Gap(from))
    }

    /// The end of a connection.
    pub(super) fn end(self, stream: u64, state: EndState) -> Self {
        let begin = self.told.iter().find(|told| told.stream == stream).and_then(|told| told.time);
        let duration = begin.zip(self.now).map(|(begin, now)| now.since(begin));
        self.and(stream, What::End(state, duration))
    }

    fn and(mut self, stream: u64, what: What) -> Self {
        self.told.push(Told { stream, time: self.now, what });
        self
    }

    /// What a judge that may use these filters finds of an expectation.
    pub(super) fn judged(&self, filters: FilterSet, judge: impl Judge + 'static) -> Vec<Finding> {
        let mut expectations = Expectations::default();
        expectations.judges.push(Box::new(judge));
        let findings = 10_000;
        let options = CheckOptions { filters, expectations, findings, ..CheckOptions::default() };
        let mut checker = Checker::new(options);
        for (told, packet) in self.told.iter().zip(1..) {
            told.show(packet, &mut checker);
        }
        let found = checker.verdict(Vec::new(), Vec::new()).findings;
        found.into_iter().filter(|finding| finding.expectation.is_some()).collect()
    }

    /// What `asked` says of a judge that was shown this, before the capture ends.
    pub(super) fn kept<J: Judge + 'static>(
        &self,
        filters: FilterSet,
        judge: J,
        asked: impl Fn(&J) -> usize,
    ) -> usize {
        let judge = Arc::new(Mutex::new(judge));
        let mut expectations = Expectations::default();
        expectations.judges.push(Box::new(Shared(Arc::clone(&judge))));
        let options = CheckOptions { filters, expectations, ..CheckOptions::default() };
        let mut checker = Checker::new(options);
        for (told, packet) in self.told.iter().zip(1..) {
            told.show(packet, &mut checker);
        }
        let judge = judge.lock().unwrap();
        asked(&judge)
    }
}

/// A judge that can be looked into.
struct Shared<J>(Arc<Mutex<J>>);

impl<J: Judge> Judge for Shared<J> {
    fn opened(&mut self, connection: &Opened, look: Look<'_>) {
        self.0.lock().unwrap().opened(connection, look);
    }

    fn event(&mut self, seen: &Seen<'_>, findings: &mut Findings) {
        self.0.lock().unwrap().event(seen, findings);
    }

    fn ended(&mut self, connection: &Opened, findings: &mut Findings) {
        self.0.lock().unwrap().ended(connection, findings);
    }
}

impl Told {
    fn show(&self, packet: u64, checker: &mut Checker) {
        let endpoint = |port| Endpoint { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port };
        let connection = Connection {
            stream: self.stream,
            h2_stream: None,
            client: endpoint(50_000 + self.stream as u16),
            server: endpoint(80),
            inferred: false,
        };
        let show = |kind: Kind<'_>, checker: &mut Checker| {
            let event = Event {
                origin: Origin { packet, time: self.time, source: SourceId(0), tcp_length: 0 },
                source: &Source { file: None, interface: None },
                connection: &connection,
                is_first: matches!(kind, Kind::Handshake(_)),
                kind,
            };
            checker.event(&event, &mut Spool::default());
        };
        match &self.what {
            What::Handshake(handshake) => show(Kind::Handshake(handshake), checker),
            What::Message(sent) => sent.with(|message| show(Kind::Message(message), checker)),
            What::Gap(from) => {
                let next_frame = NextFrame::Known;
                let gap = Gap { from: *from, bytes: Some(100), next_frame, undecoded: 0 };
                show(Kind::Gap(gap), checker);
            }
            What::End(state, duration) => {
                let (client, server) = (Counts::default(), Counts::default());
                let end = End { state: *state, client, server, duration: *duration };
                show(Kind::End(end), checker);
            }
        }
    }
}

impl Sent {
    fn with(&self, take: impl FnOnce(Message<'_>)) {
        let text = std::str::from_utf8(&self.payload);
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(&self.payload).is_ok();
        let body = match text {
            Ok(text) if is_json && self.complete => Body::Json(JsonText::new(text)),
            Ok(text) if self.opcode == Opcode::Text => Body::Text(text),
            _ => Body::Binary(&self.payload),
        };
        let places = AppPlaces {
            is_heartbeat: self.is_heartbeat,
            reply: self.latency.map(|latency| (1, latency)),
            ..AppPlaces::default()
        };
        let packets = [places];
        let app = App { packets: &packets, ..App::only(AppProtocol::JsonRpc) };
        let message = Message::new(self.from, self.opcode, body);
        take(Message {
            app: (self.is_heartbeat || self.latency.is_some()).then_some(&app),
            complete: self.complete,
            compressed: self.compressed.is_some(),
            wire_length: self.compressed.unwrap_or(message.wire_length),
            close: (self.opcode == Opcode::Close).then_some(Close {
                code: self.code,
                code_name: None,
                reason: None,
            }),
            ..message
        });
    }
}

/// Some expectation's name.
pub(super) fn expectation() -> ExpectationName {
    let (name, file) = ("an expectation".into(), "wsdump-check.toml".into());
    ExpectationName { number: 0, name, file, line: 1, column: 1 }
}

/// The details of findings, each after its packet.
pub(super) fn details(findings: &[Finding]) -> Vec<String> {
    let detail = |finding: &Finding| match finding.packet {
        Some(packet) => format!("{packet}: {}", finding.detail),
        None => finding.detail.clone(),
    };
    findings.iter().map(detail).collect()
}

/// Each with the time since the first instead of the time since the one before.
pub(super) fn timed<T>(passed: Vec<(T, i64)>) -> Vec<(T, i64)> {
    let mut now = 0;
    let timed = passed.into_iter().map(|(what, passed)| {
        now += passed;
        (what, now)
    });
    timed.collect()
}

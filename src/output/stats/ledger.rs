//! Keeps count of events.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Finding, Found};
use super::group::{By, Group, GroupKey};
use super::name::shortened;
use super::open::Open;
use super::rows::Rows;
use super::traffic::{Traffic, Ways, bytes};
use crate::types::distribution::Distribution;
use crate::types::{Body, Event, Kind, Message, Opcode};

/// More groups, and so connections, than anybody reads.
const MOST_GROUPS: usize = 10_000;

/// More types of messages.
const MOST_TYPES: usize = 2_000;

/// More groups whose sizes are told apart. One takes up to 150 KiB.
const MOST_SIZES: usize = 500;

/// More types of requests and answers. One takes up to 100 KiB.
const MOST_LATENCIES: usize = 500;

/// More findings.
const MOST_FINDINGS: usize = 2_000;

/// Connections that are kept in mind until they end. Of refused handshakes no
/// end is told: where there are very many, the earliest of them count as ended,
/// and where that is not enough the earliest connections.
const MOST_OPEN: usize = 100_000;

/// Everything that was counted.
#[derive(Debug)]
pub(super) struct Ledger {
    by: Option<By>,
    open: BTreeMap<Stream, Place>,
    /// Those of `open` that were refused.
    refused: BTreeSet<Stream>,
    pub(super) groups: Rows<GroupKey, Group>,
    pub(super) types: Rows<(Scope, TypeKey), Ways<Traffic>>,
    pub(super) sizes: Rows<Scope, Ways<Distribution>>,
    pub(super) latencies: Rows<(Scope, LatencyKey), Latencies>,
    pub(super) findings: Rows<(Scope, (u8, &'static str)), Found>,
    /// All groups together.
    pub(super) total: Group,
    /// The sizes of all groups together.
    pub(super) all_sizes: Ways<Distribution>,
}

/// The group that numbers are told for; `None` where they are told for all.
pub(super) type Scope = Option<GroupKey>;

/// The stream of a connection, and inside HTTP/2 its stream there.
type Stream = (u64, Option<u32>);

/// A connection of which there may be more to come, and its group.
#[derive(Debug)]
struct Place {
    open: Open,
    key: GroupKey,
}

/// A type of messages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TypeKey {
    /// The protocol inside; none for messages of no protocol.
    pub(super) protocol: Option<&'static str>,
    /// The type in the protocol's own word; without a protocol, what the
    /// message is.
    pub(super) kind: String,
}

/// A type of requests, and one of their answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LatencyKey {
    pub(super) protocol: Option<&'static str>,
    pub(super) request: String,
    pub(super) answer: String,
}

/// Answers, and how long they took.
#[derive(Debug, Default)]
pub(super) struct Latencies {
    /// Answers, those included of which the capture has no times.
    pub(super) count: u64,
    /// Nanoseconds.
    pub(super) times: Distribution,
}

impl Ledger {
    /// An empty one.
    pub(super) fn new(by: Option<By>) -> Self {
        Self {
            by,
            open: BTreeMap::new(),
            refused: BTreeSet::new(),
            groups: Rows::new(MOST_GROUPS),
            types: Rows::new(MOST_TYPES),
            sizes: Rows::new(MOST_SIZES),
            latencies: Rows::new(MOST_LATENCIES),
            findings: Rows::new(MOST_FINDINGS),
            total: Group::default(),
            all_sizes: Ways::default(),
        }
    }

    /// Counts one event.
    pub(super) fn event(&mut self, event: &Event<'_>) {
        self.place(event);
        match &event.kind {
            Kind::Handshake(handshake) => {
                if handshake.is_refused() {
                    self.found(event, Finding::Refused);
                }
            }
            Kind::Message(message) => self.message(event, message),
            Kind::Violation(violation) => {
                self.found(event, Finding::Violation(violation.rule));
            }
            Kind::Gap(gap) => {
                let found = self.found(event, Finding::Gap);
                found.bytes(gap.bytes.unwrap_or(0), gap.undecoded);
            }
            Kind::Frame(_) => {}
            Kind::End(end) => {
                if let Some(mut place) = self.take(stream(event)) {
                    place.open.end(end);
                    self.settle(place);
                }
            }
        }
    }

    /// Counts the connections of which no end was told.
    pub(super) fn finish(&mut self) {
        while let Some((_, place)) = self.open.pop_first() {
            self.settle(place);
        }
    }

    /// Finds the connection of an event a place, if it has none.
    fn place(&mut self, event: &Event<'_>) {
        let stream = stream(event);
        let by = self.by.unwrap_or(By::Connection);
        let mut number = 0;
        if event.is_first
            && let Some(place) = self.take(stream)
        {
            number = place.open.number + 1;
            self.settle(place);
        }
        if let Some(place) = self.open.get_mut(&stream) {
            place.open.touch(event.origin.time);
            return;
        }
        // Before the connection comes in, lest it is the one that has to go.
        self.make_room();
        let open = Open::new(event, number);
        if open.is_refused {
            self.refused.insert(stream);
        }
        let key = open.key(by);
        self.open.insert(stream, Place { open, key });
    }

    /// Counts a connection as ended, where there are too many.
    fn make_room(&mut self) {
        if self.open.len() < MOST_OPEN {
            return;
        }
        let earliest = self.refused.first().or_else(|| self.open.keys().next());
        if let Some(place) = earliest.copied().and_then(|stream| self.take(stream)) {
            self.settle(place);
        }
    }

    fn take(&mut self, stream: Stream) -> Option<Place> {
        self.refused.remove(&stream);
        self.open.remove(&stream)
    }

    /// Counts a connection as a whole.
    fn settle(&mut self, place: Place) {
        let Place { open, key } = place;
        self.total.settle(&open);
        let group = self.groups.of(key.clone());
        group.settle(&open);
        if matches!(key, GroupKey::Connection(..)) {
            match &mut group.only {
                Some(only) if open.is_continued => only.go_on(open),
                only => *only = Some(Box::new(open)),
            }
        }
    }

    fn message(&mut self, event: &Event<'_>, message: &Message<'_>) {
        let by = self.by.unwrap_or(By::Connection);
        if let Some(place) = self.open.get_mut(&stream(event)) {
            let known = place.open.protocol;
            place.open.message(message);
            if known != place.open.protocol {
                place.key = place.open.key(by);
            }
        }
        let bytes = bytes(message);
        if let Some(key) = self.key(event) {
            for group in [&mut self.total, self.groups.of(key)] {
                group.traffic.of(message.from).add(1, bytes);
                group.compression.of(message.from).message(message);
            }
        }
        if let Some(length) = message.length.filter(|_| !message.opcode.is_control()) {
            self.all_sizes.of(message.from).add(length);
            if let Some(scope) = self.scope(event) {
                self.sizes.of(Some(scope)).of(message.from).add(length);
            }
        }
        self.types(event, message, bytes);
        self.latencies(event, message);
        self.flaws(event, message);
    }

    /// Counts the packets of the protocol inside, or else the message as such.
    /// A message's bytes are counted with its first packet.
    fn types(&mut self, event: &Event<'_>, message: &Message<'_>, mut bytes: u64) {
        let scope = self.scope(event);
        let mut add = |protocol, kind: &str| {
            let key = TypeKey { protocol, kind: shortened(kind) };
            self.types.of((scope.clone(), key)).of(message.from).add(1, bytes);
            bytes = 0;
        };
        let Some((app, protocol)) = message.app.and_then(|app| Some((app, app.protocol?))) else {
            return add(None, &plain_kind(message));
        };
        if app.packets().len() == 0 {
            add(Some(protocol.name()), "");
        }
        for packet in app.packets() {
            add(Some(protocol.name()), packet.kind);
        }
    }

    /// Counts the answers in a message.
    fn latencies(&mut self, event: &Event<'_>, message: &Message<'_>) {
        let Some(app) = message.app else {
            return;
        };
        for packet in app.packets() {
            let Some(reply) = packet.reply else {
                continue;
            };
            let is_pong = app.protocol.is_none() && message.opcode == Opcode::Pong;
            let (request, answer) =
                if is_pong { ("ping", "pong") } else { (reply.kind, packet.kind) };
            let key = LatencyKey {
                protocol: app.protocol.map(|protocol| protocol.name()),
                request: shortened(request),
                answer: shortened(answer),
            };
            let latencies = self.latencies.of((self.scope(event), key));
            latencies.count += 1;
            if let Some(latency) = reply.latency {
                latencies.times.add(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
            }
        }
    }

    /// Counts what is wrong with a message, or missing of it.
    fn flaws(&mut self, event: &Event<'_>, message: &Message<'_>) {
        if !message.complete && message.not_inflated.is_none() {
            self.found(event, Finding::Incomplete);
        }
        if message.truncated {
            self.found(event, Finding::Truncated);
        }
        if let Some(reason) = message.not_inflated {
            self.found(event, Finding::NotInflated(reason));
        }
        if message.app.is_some_and(|app| app.malformed.is_some()) {
            self.found(event, Finding::Malformed);
        }
    }

    fn found(&mut self, event: &Event<'_>, finding: Finding) -> &mut Found {
        let key = (self.scope(event), finding.rank());
        let found = self.findings.of(key);
        found.add(event, finding);
        found
    }

    /// The group of an event's connection.
    fn key(&self, event: &Event<'_>) -> Option<GroupKey> {
        self.open.get(&stream(event)).map(|place| place.key.clone())
    }

    /// The same where numbers are told for groups.
    fn scope(&self, event: &Event<'_>) -> Scope {
        self.by.and_then(|_| self.key(event))
    }
}

fn stream(event: &Event<'_>) -> Stream {
    (event.connection.stream, event.connection.h2_stream)
}

/// What a message of no protocol is.
fn plain_kind(message: &Message<'_>) -> String {
    match (message.opcode, message.body) {
        (Opcode::Text | Opcode::Binary, Body::Json(_)) => "json".to_owned(),
        (opcode, _) => opcode.to_string(),
    }
}

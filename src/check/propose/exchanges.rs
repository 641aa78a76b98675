//! Requests and what answers them: messages of both sides that share a value.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::group::TypeId;
use super::message_type::Sender;
use crate::types::Timestamp;

/// Where messages have the name of the exchange that they belong to, the likeliest
/// first.
pub(super) const PATHS: [&str; 24] = [
    "app.id",
    "app.msg_id",
    "app.parent_msg_id",
    "app.invocationId",
    "app.request",
    "app.ref",
    "json.id",
    "json.msg_id",
    "json.message_id",
    "json.messageId",
    "json.request_id",
    "json.requestId",
    "json.req_id",
    "json.correlation_id",
    "json.correlationId",
    "json.reply_to",
    "json.replyTo",
    "json.in_reply_to",
    "json.ref",
    "json.seq",
    "json.nonce",
    "json.transaction",
    "json.header.msg_id",
    "json.parent_header.msg_id",
];

/// Paths that name another message than their own.
const OF_ANOTHER: [&str; 10] = [
    "app.parent_msg_id",
    "json.request_id",
    "json.requestId",
    "json.req_id",
    "json.correlation_id",
    "json.correlationId",
    "json.reply_to",
    "json.replyTo",
    "json.in_reply_to",
    "json.parent_header.msg_id",
];

/// Bytes of a value that is compared.
const LONGEST: usize = 128;

/// Messages of one connection that are kept in mind; beyond it the earliest is
/// forgotten.
const MOST_WAITING: usize = 256;

/// Messages of one connection and side with the same value that are kept in mind.
const MOST_ALIKE: usize = 8;

/// Pairs of types and paths of a group of connections that are counted.
const MOST_PAIRS: usize = 4096;

/// Messages of a type that are answered by ones of another type of the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Exchange {
    pub(super) request: TypeId,
    pub(super) response: TypeId,
    /// Where both have the same value: numbers in [`PATHS`].
    pub(super) request_path: usize,
    pub(super) response_path: usize,
}

/// How many requests were answered, and how late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) count: u64,
    /// Nanoseconds at the most; `None` where the capture has no times.
    pub(super) slowest: Option<u64>,
}

/// What answered what, on all connections of a group.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    pub(super) counted: BTreeMap<Exchange, Answered>,
}

/// A message that may be a request, a response, or both.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    pub(super) from: Sender,
    pub(super) types: &'a [TypeId],
    /// What it has at which of [`PATHS`].
    pub(super) values: Vec<(usize, Vec<u8>)>,
    pub(super) packet: u64,
    pub(super) time: Option<Timestamp>,
    /// The packets of the requests that it answers, where the protocol inside tells.
    pub(super) answers: Option<Vec<u64>>,
}

/// The messages of a connection that may still be answered.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    requests: VecDeque<Request>,
    /// The number of the first of `requests`.
    first: u64,
    /// The numbers of those with a value, by who sent them.
    by_value: BTreeMap<(Sender, Vec<u8>), Vec<u64>>,
}

#[derive(Debug)]
struct Request {
    from: Sender,
    types: Vec<TypeId>,
    values: Vec<(usize, Vec<u8>)>,
    packet: u64,
    time: Option<Timestamp>,
    answered: BTreeSet<Exchange>,
}

impl Waiting {
    /// Takes note of a message: of what it answers, and that it may be answered.
    pub(super) fn message(&mut self, mut candidate: Candidate<'_>, exchanges: &mut Exchanges) {
        candidate.values.retain(|(_, value)| value.len() <= LONGEST);
        if candidate.values.is_empty() {
            return;
        }
        for (path, value) in &candidate.values {
            self.answer(&candidate, *path, value, exchanges);
        }
        self.wait(candidate);
    }

    /// Each of its types answers the first request of each type that has none such.
    fn answer(
        &mut self,
        response: &Candidate<'_>,
        response_path: usize,
        value: &[u8],
        exchanges: &mut Exchanges,
    ) {
        let key = (response.from.opposite(), value.to_vec());
        let mut served = BTreeSet::new();
        for number in self.by_value.get(&key).into_iter().flatten() {
            let index = usize::try_from(number - self.first).unwrap_or(usize::MAX);
            let Some(request) = self.requests.get_mut(index) else {
                continue;
            };
            let is_known = response.answers.as_ref();
            if is_known.is_some_and(|packets| !packets.contains(&request.packet)) {
                continue;
            }
            let paths = request.values.iter().filter(|(_, known)| known == value);
            let paths = paths.map(|(path, _)| *path).filter(|path| may_pair(*path, response_path));
            let exchange = |request_path| {
                let types = request.types.iter().map(move |request| (*request, request_path));
                types.flat_map(|(request, request_path)| {
                    response.types.iter().map(move |response| Exchange {
                        request,
                        response: *response,
                        request_path,
                        response_path,
                    })
                })
            };
            for exchange in paths.flat_map(exchange) {
                if !request.answered.contains(&exchange) && served.insert(exchange) {
                    request.answered.insert(exchange);
                    exchanges.add(exchange, latency(request.time, response.time));
                }
            }
        }
    }

    fn wait(&mut self, candidate: Candidate<'_>) {
        let Candidate { from, types, values, packet, time, .. } = candidate;
        let number = self.first + self.requests.len() as u64;
        for (_, value) in &values {
            let alike = self.by_value.entry((from, value.clone())).or_default();
            if alike.len() < MOST_ALIKE && alike.last() != Some(&number) {
                alike.push(number);
            }
        }
        let types = types.to_vec();
        let answered = BTreeSet::new();
        self.requests.push_back(Request { from, types, values, packet, time, answered });
        if self.requests.len() > MOST_WAITING {
            self.forget();
        }
    }

    /// Forgets the earliest.
    fn forget(&mut self) {
        let Some(request) = self.requests.pop_front() else {
            return;
        };
        for (_, value) in request.values {
            let key = (request.from, value);
            if let Some(alike) = self.by_value.get_mut(&key) {
                alike.retain(|number| *number != self.first);
                if alike.is_empty() {
                    self.by_value.remove(&key);
                }
            }
        }
        self.first += 1;
    }
}

impl Exchanges {
    fn add(&mut self, exchange: Exchange, latency: Option<u64>) {
        if self.counted.len() >= MOST_PAIRS && !self.counted.contains_key(&exchange) {
            return;
        }
        let answered = self.counted.entry(exchange).or_default();
        answered.count += 1;
        answered.slowest = answered.slowest.max(latency);
    }
}

/// Whether values at these paths name the same exchange, if they are equal.
fn may_pair(request: usize, response: usize) -> bool {
    let is_of_another = |path: usize| PATHS.get(path).is_some_and(|path| OF_ANOTHER.contains(path));
    let root = |path: usize| PATHS.get(path).and_then(|path| path.split('.').next());
    request == response
        || is_of_another(response) && !is_of_another(request) && root(request) == root(response)
}

fn latency(request: Option<Timestamp>, response: Option<Timestamp>) -> Option<u64> {
    u64::try_from(response?.since(request?).as_nanos()).ok()
}

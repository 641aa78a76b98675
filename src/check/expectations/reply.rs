//! `[[reply]]`: requests that have to be answered.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::no_times::{NoTimes, between};
use crate::check::connections::Opened;
use crate::check::finding::{ExpectationName, Finding, Mark};
use crate::check::findings::{Findings, Held};
use crate::check::judge::{Judge, Seen};
use crate::check::rule::{CaptureRule, CheckRule, ExpectationRule};
use crate::filter::{FilterId, ValueId};
use crate::types::{EndState, Kind, Side, Timestamp};

/// Requests and the responses that answer them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    /// What selects requests. A message that answers one is none itself.
    pub(super) request: FilterId,
    /// What selects responses, of the other side.
    pub(super) response: FilterId,
    /// What a request and its response have in common; without it a response
    /// answers the oldest request that waits.
    pub(super) key: Option<ExchangeKey>,
    /// The most time between them; a time that is equal is in time. `None` for
    /// until the connection ends.
    pub(super) within: Option<Duration>,
}

/// Where a request and its response have the same value.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExchangeKey {
    /// The request's.
    pub(super) request: ValueId,
    /// The response's.
    pub(super) response: ValueId,
}

const RULE: CheckRule = CheckRule::Expectation(ExpectationRule::Reply);

/// Judges requests by their responses.
#[derive(Debug)]
pub(super) struct ReplyJudge {
    name: ExpectationName,
    exchange: Exchange,
    most_requests: usize,
    /// Connections in which a request waits, or too many did.
    open: HashMap<u64, Waiting>,
    is_used: bool,
    no_times: NoTimes,
}

impl ReplyJudge {
    /// A judge of these requests. Of one connection at the most `most_requests`,
    /// [`Limits::requests`](crate::types::Limits::requests), wait at once.
    pub(super) fn new(name: ExpectationName, exchange: Exchange, most_requests: usize) -> Self {
        let (open, no_times) = (HashMap::new(), NoTimes::default());
        Self { name, exchange, most_requests, open, is_used: false, no_times }
    }

    /// Takes a message that is a request, a response, or neither.
    fn message(&mut self, from: Side, seen: &Seen<'_>, findings: &mut Findings) {
        if !self.answers(from, seen, findings) && seen.look.selects(self.exchange.request) {
            self.asks(from, seen, findings);
        }
    }

    /// Whether a message answers a request, which is then judged.
    fn answers(&mut self, from: Side, seen: &Seen<'_>, findings: &mut Findings) -> bool {
        let Some(waiting) = self.open.get_mut(&seen.connection.id) else {
            return false;
        };
        if waiting.requests.is_empty() || !seen.look.selects(self.exchange.response) {
            return false;
        }
        let key = key(self.exchange.key.map(|key| key.response), seen);
        let Some(request) = key.and_then(|key| waiting.take(&(from.opposite(), key))) else {
            return false;
        };
        // Most connections wait for nothing most of the time, and take no room then.
        if waiting.requests.is_empty() && !waiting.is_beyond {
            self.open.remove(&seen.connection.id);
        }
        if let Some(within) = self.exchange.within {
            self.in_time(&request, within, seen, findings);
        }
        true
    }

    /// Judges how long the response at hand took.
    fn in_time(
        &mut self,
        request: &Mark,
        within: Duration,
        seen: &Seen<'_>,
        findings: &mut Findings,
    ) {
        let Some(took) = between(request.time, seen.event.origin.time) else {
            return self.no_times.tell(ExpectationRule::Reply, &self.name, seen, findings);
        };
        if took > within {
            let packet = request.packet;
            let detail = format!(
                "the response came {took:?} after the request in packet {packet}, later than {within:?}"
            );
            let finding = Finding::of_event(RULE, seen, detail);
            findings.add(finding.expected(&self.name), Some(seen));
        }
    }

    /// Takes a request.
    fn asks(&mut self, from: Side, seen: &Seen<'_>, findings: &mut Findings) {
        self.is_used = true;
        let Some(key) = key(self.exchange.key.map(|key| key.request), seen) else {
            let detail = "the request has no key, so that no response can be told to be its own";
            let finding = Finding::of_event(RULE, seen, detail);
            return findings.add(finding.expected(&self.name), Some(seen));
        };
        let waiting = self.open.entry(seen.connection.id).or_default();
        let is_allowed = findings.allows(RULE, seen);
        waiting.add(Request { key: (from, key), mark: Mark::of(seen), is_allowed });
        if waiting.requests.len() <= self.most_requests {
            return;
        }
        waiting.forget_oldest();
        if !std::mem::replace(&mut waiting.is_beyond, true) {
            let rule = CheckRule::Capture(CaptureRule::LimitReached);
            let most = self.most_requests;
            let detail =
                format!("more than {most} requests wait at once, and the oldest are not judged");
            let finding = Finding::of_event(rule, seen, detail);
            findings.add(finding.expected(&self.name), Some(seen));
        }
    }
}

impl Judge for ReplyJudge {
    fn event(&mut self, seen: &Seen<'_>, findings: &mut Findings) {
        match &seen.event.kind {
            Kind::Message(message) => self.message(message.from, seen, findings),
            Kind::Gap(gap) => {
                if let Some(waiting) = self.open.get_mut(&seen.connection.id) {
                    *waiting.gaps.of(gap.from) = waiting.next;
                }
            }
            Kind::End(end) => {
                if let Some(waiting) = self.open.get_mut(&seen.connection.id) {
                    waiting.end = Some((end.state, seen.event.origin.time));
                }
            }
            Kind::Handshake(_) | Kind::Frame(_) | Kind::Violation(_) => {}
        }
    }

    fn ended(&mut self, connection: &Opened, findings: &mut Findings) {
        let Some(mut waiting) = self.open.remove(&connection.id) else {
            return;
        };
        while let Some((number, request)) = waiting.requests.pop_first() {
            let detail = waiting.unanswered(number, &request);
            let finding = Finding::of_connection(RULE, connection, detail);
            let finding = finding.at(&request.mark).expected(&self.name);
            findings.add_held(Held { finding, is_allowed: request.is_allowed });
        }
    }

    fn finish(&mut self, _last: Option<Timestamp>, findings: &mut Findings) {
        if !self.is_used {
            let rule = CheckRule::Expectation(ExpectationRule::UnusedExpectation);
            let detail = "there is no request";
            findings.add(Finding::of_capture(rule, detail).expected(&self.name), None);
        }
    }
}

/// The requests of a connection that wait for their responses.
#[derive(Debug, Default)]
struct Waiting {
    /// By number, in their order.
    requests: BTreeMap<u64, Request>,
    /// The numbers of those with equal keys, in their order.
    by_key: HashMap<Key, VecDeque<u64>>,
    /// The number of the next one.
    next: u64,
    /// There were more than are kept.
    is_beyond: bool,
    /// The next number when bytes were missing last, of each side.
    gaps: Gaps,
    /// How the connection ended, and when.
    end: Option<(EndState, Option<Timestamp>)>,
}

/// Who asked, and what the response has in common with it.
type Key = (Side, Vec<u8>);

#[derive(Debug)]
struct Request {
    key: Key,
    mark: Mark,
    /// It may stay without a response.
    is_allowed: bool,
}

#[derive(Debug, Default)]
struct Gaps {
    client: u64,
    server: u64,
}

impl Gaps {
    fn of(&mut self, side: Side) -> &mut u64 {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

impl Waiting {
    fn add(&mut self, request: Request) {
        self.by_key.entry(request.key.clone()).or_default().push_back(self.next);
        self.requests.insert(self.next, request);
        self.next += 1;
    }

    /// The oldest request of that key, which waits no longer.
    fn take(&mut self, key: &Key) -> Option<Mark> {
        let numbers = self.by_key.get_mut(key)?;
        let number = numbers.pop_front()?;
        if numbers.is_empty() {
            self.by_key.remove(key);
        }
        self.requests.remove(&number).map(|request| request.mark)
    }

    /// Forgets the oldest request, which is the oldest of its key too.
    fn forget_oldest(&mut self) {
        let oldest = self.requests.first_key_value().map(|(_, request)| request.key.clone());
        if let Some(key) = oldest {
            self.take(&key);
        }
    }

    /// What is told of a request of that number, in a sentence without a full stop.
    fn unanswered(&mut self, number: u64, request: &Request) -> String {
        let (end, time) = match self.end {
            Some((EndState::Open, time)) => ("the capture", time),
            Some((_, time)) => ("the connection", time),
            None => ("the connection", None),
        };
        let after = match between(request.mark.time, time) {
            Some(waited) => format!(", {waited:?} after it"),
            None => String::new(),
        };
        let (from, _) = request.key;
        let gap = match *self.gaps.of(from.opposite()) > number {
            true => "; bytes of the other side are missing from the capture",
            false => "",
        };
        format!("no response came until {end} ended{after}{gap}")
    }
}

/// Bytes of a key that are kept as they are; of a longer one its SHA-256.
const LONGEST_KEY: usize = 64;

/// The key of the message at hand; the same for all where none is asked for, and
/// `None` where it has none.
fn key(value: Option<ValueId>, seen: &Seen<'_>) -> Option<Vec<u8>> {
    let Some(value) = value else {
        return Some(Vec::new());
    };
    let key = seen.look.key(value)?;
    Some(match key.len() {
        ..=LONGEST_KEY => key,
        // Keys begin with their class, which is a small number.
        _ => [&[u8::MAX], Sha256::digest(&key).as_slice()].concat(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::check::testing::{Sent, Traffic, details, expectation, timed};
    use crate::filter::FilterSet;
    use crate::types::Opcode;

    /// What is found of requests that have a `q`, and of responses that have an `r`,
    /// the same as it.
    fn found(traffic: &Traffic, within: Option<u64>) -> Vec<Finding> {
        judged(traffic, within, 1024)
    }

    fn judged(traffic: &Traffic, within: Option<u64>, most_requests: usize) -> Vec<Finding> {
        let mut filters = FilterSet::default();
        let request = filters.value("json.q").unwrap();
        let response = filters.value("json.r").unwrap();
        let exchange = Exchange {
            request: filters.filter("json.q || json.ask").unwrap(),
            response: filters.filter("json.r").unwrap(),
            key: Some(ExchangeKey { request, response }),
            within: within.map(Duration::from_millis),
        };
        traffic.judged(filters, ReplyJudge::new(expectation(), exchange, most_requests))
    }

    fn opened() -> Traffic {
        Traffic::new().open(0, "/")
    }

    #[test]
    fn each_request_is_answered() {
        let traffic = opened()
            .client(0, r#"{"q":1}"#)
            .client(0, r#"{"q":"1"}"#)
            .server(0, r#"{"r":"1"}"#)
            .server(0, r#"{"r":1.0}"#)
            .end(0, EndState::Closed);
        assert!(found(&traffic, None).is_empty());
        let traffic = opened()
            .client(0, r#"{"q":1}"#)
            .server(0, r#"{"r":2}"#)
            .at(1_500)
            .end(0, EndState::Closed);
        let wrong = found(&traffic, None);
        assert_eq!(
            details(&wrong),
            ["2: no response came until the connection ended, 1.5s after it"]
        );
        assert_eq!(wrong[0].head.as_deref(), Some(r#"{"q":1}"#));
        assert_eq!(wrong[0].rule.name(), "reply");
    }

    #[test]
    fn what_takes_just_as_long_is_in_time() {
        let answered = |time| {
            opened()
                .client(0, r#"{"q":1}"#)
                .at(time)
                .server(0, r#"{"r":1}"#)
                .end(0, EndState::Closed)
        };
        assert!(found(&answered(2_000), Some(2_000)).is_empty());
        assert_eq!(
            details(&found(&answered(2_001), Some(2_000))),
            ["3: the response came 2.001s after the request in packet 2, later than 2s"]
        );
        // The clock was set back.
        assert!(found(&answered(-5_000), Some(2_000)).is_empty());
    }

    #[test]
    fn the_response_comes_from_the_other_side_and_later() {
        let traffic = opened()
            .server(0, r#"{"r":1}"#)
            .client(0, r#"{"q":1}"#)
            .client(0, r#"{"r":1}"#)
            .end(0, EndState::Closed);
        assert_eq!(found(&traffic, None)[0].packet, Some(3));
    }

    #[test]
    fn both_sides_may_ask_with_the_same_keys() {
        let traffic = opened()
            .client(0, r#"{"q":1}"#)
            .server(0, r#"{"q":1}"#)
            .client(0, r#"{"r":1}"#)
            .end(0, EndState::Closed);
        let wrong = found(&traffic, None);
        assert_eq!((wrong.len(), wrong[0].packet, wrong[0].from), (1, Some(2), Some(Side::Client)));
    }

    #[test]
    fn of_equal_keys_the_oldest_is_answered() {
        let traffic = opened()
            .client(0, r#"{"q":1}"#)
            .at(10)
            .client(0, r#"{"q":1}"#)
            .at(20)
            .server(0, r#"{"r":1}"#)
            .at(30)
            .end(0, EndState::Open);
        assert_eq!(
            details(&found(&traffic, Some(15))),
            [
                "4: the response came 20ms after the request in packet 2, later than 15ms",
                "3: no response came until the capture ended, 20ms after it"
            ]
        );
    }

    #[test]
    fn a_message_that_answers_asks_nothing() {
        let traffic = opened()
            .client(0, r#"{"q":1}"#)
            .server(0, r#"{"r":1,"q":7}"#)
            .server(0, r#"{"r":1,"q":8}"#)
            .end(0, EndState::Closed);
        let wrong = found(&traffic, None);
        assert_eq!((wrong.len(), wrong[0].packet), (1, Some(4)));
    }

    #[test]
    fn a_request_without_a_key_is_found() {
        let traffic = opened().client(0, r#"{"ask":1}"#).end(0, EndState::Closed);
        let told = "2: the request has no key, so that no response can be told to be its own";
        assert_eq!(details(&found(&traffic, None)), [told]);
    }

    #[test]
    fn connections_have_their_own_requests() {
        let traffic = Traffic::new()
            .open(0, "/")
            .open(1, "/")
            .client(0, r#"{"q":1}"#)
            .server(1, r#"{"r":1}"#)
            .refuse(2)
            .end(1, EndState::Closed);
        // Of the first no end is told.
        assert_eq!(
            details(&found(&traffic, None)),
            ["3: no response came until the connection ended"]
        );
    }

    #[test]
    fn a_gap_is_told_of_requests_before_it() {
        let traffic = opened()
            .client(0, r#"{"q":1}"#)
            .gap(0, Side::Server)
            .client(0, r#"{"q":2}"#)
            .gap(0, Side::Client)
            .end(0, EndState::Closed);
        assert_eq!(
            details(&found(&traffic, None)),
            [
                concat!(
                    "2: no response came until the connection ended, 0ns after it; ",
                    "bytes of the other side are missing from the capture"
                ),
                "4: no response came until the connection ended, 0ns after it"
            ]
        );
    }

    #[test]
    fn without_times_nothing_is_known_to_be_in_time() {
        let traffic = Traffic::new()
            .without_times()
            .open(0, "/")
            .client(0, r#"{"q":1}"#)
            .server(0, r#"{"r":1}"#)
            .client(0, r#"{"q":2}"#)
            .end(0, EndState::Closed);
        let no_response = "4: no response came until the connection ended";
        assert_eq!(details(&found(&traffic, None)), [no_response]);
        assert_eq!(
            details(&found(&traffic, Some(1))),
            ["3: the capture has no time here, so that nobody knows how long it took", no_response]
        );
    }

    #[test]
    fn requests_that_wait_are_bounded() {
        let mut traffic = opened();
        for number in 0..10 {
            traffic = traffic.client(0, &format!(r#"{{"q":{}}}"#, number % 7));
        }
        let wrong = judged(&traffic.end(0, EndState::Closed), None, 3);
        let told: Vec<_> = wrong.iter().map(|found| (found.rule.name(), found.packet)).collect();
        assert_eq!(
            told,
            [
                ("limit-reached", Some(5)),
                ("reply", Some(9)),
                ("reply", Some(10)),
                ("reply", Some(11))
            ]
        );
        assert_eq!(
            wrong[0].detail,
            "more than 3 requests wait at once, and the oldest are not judged"
        );
    }

    #[test]
    fn what_waits_for_nothing_takes_no_room() {
        let mut filters = FilterSet::default();
        let field = filters.value("json.id").unwrap();
        let exchange = Exchange {
            request: filters.filter("ws.from == client").unwrap(),
            response: filters.filter("ws.from == server").unwrap(),
            key: Some(ExchangeKey { request: field, response: field }),
            within: None,
        };
        let traffic = opened().client(0, r#"{"id":1}"#).server(0, r#"{"id":1}"#);
        let traffic = traffic.open(1, "/").client(1, r#"{"id":1}"#);
        let judge = ReplyJudge::new(expectation(), exchange, 1024);
        let open = traffic.kept(filters, judge, |judge| judge.open.len());
        assert_eq!(open, 1);
    }

    #[test]
    fn long_keys_are_told_apart() {
        let key = |last: char| format!("{}{last}", "k".repeat(100_000));
        let traffic = opened()
            .client(0, &format!(r#"{{"q":"{}"}}"#, key('a')))
            .server(0, &format!(r#"{{"r":"{}"}}"#, key('b')))
            .end(0, EndState::Closed);
        assert_eq!(found(&traffic, None).len(), 1);
        let traffic = opened()
            .client(0, &format!(r#"{{"q":"{}"}}"#, key('a')))
            .server(0, &format!(r#"{{"r":"{}"}}"#, key('a')));
        assert!(found(&traffic, None).is_empty());
    }

    #[test]
    fn without_a_key_the_oldest_request_is_answered() {
        let mut filters = FilterSet::default();
        let exchange = Exchange {
            request: filters.filter("websocket.opcode == 9").unwrap(),
            response: filters.filter("websocket.opcode == 10").unwrap(),
            key: None,
            within: None,
        };
        let text = |from| Sent::text(from, "");
        let traffic = opened()
            .send(0, Sent { opcode: Opcode::Ping, ..text(Side::Client) })
            .send(0, Sent { opcode: Opcode::Ping, ..text(Side::Client) })
            .send(0, Sent { opcode: Opcode::Pong, ..text(Side::Server) });
        let wrong = traffic.judged(filters, ReplyJudge::new(expectation(), exchange, 1024));
        assert_eq!((wrong.len(), wrong[0].packet), (1, Some(3)));
    }

    #[test]
    fn no_request_at_all_is_told() {
        let unused = found(&opened().server(0, r#"{"r":1}"#).end(0, EndState::Closed), None);
        assert_eq!(unused[0].rule.name(), "unused-expectation");
        assert_eq!(details(&unused), ["there is no request"]);
    }

    /// A message: the client sent it, what it asks and what it answers.
    type Said = (bool, Option<u8>, Option<u8>);

    /// The packets with findings, as whoever goes back over all earlier messages
    /// finds them.
    fn naive(messages: &[(Said, i64)], within: u64) -> Vec<u64> {
        let mut waits: Vec<bool> = Vec::new();
        let mut late = Vec::new();
        for (index, ((is_client, asks, answers), time)) in messages.iter().enumerate() {
            let asked = answers.and_then(|answer| {
                (0..index).find(|earlier| {
                    let ((other, asked, _), _) = messages[*earlier];
                    waits[*earlier] && other != *is_client && asked == Some(answer)
                })
            });
            waits.push(asks.is_some() && asked.is_none());
            if let Some(asked) = asked {
                waits[asked] = false;
                if (time - messages[asked].1).max(0) as u64 > within {
                    late.push(index as u64 + 2);
                }
            }
        }
        let unanswered = waits.iter().zip(2..).filter(|(waits, _)| **waits);
        late.extend(unanswered.map(|(_, packet)| packet));
        late
    }

    proptest! {
        #[test]
        fn it_finds_what_going_back_over_all_finds(
            messages in prop::collection::vec(
                (
                    (any::<bool>(), prop::option::of(0..3_u8), prop::option::of(0..3_u8)),
                    -2..5_i64,
                ),
                1..20,
            ),
            within in 0..8_u64,
        ) {
            let messages: Vec<(Said, i64)> = timed(messages);
            let mut traffic = opened();
            for ((is_client, asks, answers), time) in &messages {
                let asks = asks.map(|key| format!(r#""q":{key}"#));
                let answers = answers.map(|key| format!(r#""r":{key}"#));
                let members: Vec<String> = asks.into_iter().chain(answers).collect();
                let side = if *is_client { Side::Client } else { Side::Server };
                let payload = format!("{{{}}}", members.join(","));
                traffic = traffic.at(*time).send(0, Sent::text(side, &payload));
            }
            let found = found(&traffic.end(0, EndState::Closed), Some(within));
            let replies = found.iter().filter(|finding| finding.rule == RULE);
            let packets: Vec<u64> = replies.filter_map(|finding| finding.packet).collect();
            prop_assert_eq!(packets, naive(&messages, within));
        }
    }
}

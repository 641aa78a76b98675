//! `[limits]`: how much there may be.

mod latencies;
mod limit;
mod rate;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::Duration;

use super::no_times::NoTimes;
use crate::check::connections::Opened;
use crate::check::finding::{ExpectationName, Finding};
use crate::check::findings::Findings;
use crate::check::judge::{Judge, Seen};
use crate::check::rule::{CheckRule, ExpectationRule};
use crate::output::grouped;
use crate::types::{End, EndState, Kind, Message, Opcode, Timestamp};

pub(super) use latencies::LatencyLimits;
pub(super) use limit::Limit;

use latencies::Latencies;
use rate::Rate;

/// Bounds on the traffic; what is equal to one is within it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TrafficLimits {
    /// Payload bytes of one message, after inflating.
    pub(super) message_size: Option<u64>,
    /// Data messages of one connection, of both sides, in any second.
    pub(super) messages_per_second: Option<NonZeroU32>,
    /// From the start of a connection to its end.
    pub(super) connection_duration: Option<Duration>,
    /// How long answers of the protocols inside may take.
    pub(super) latency: LatencyLimits,
    /// Bytes on the wire for each byte of a connection's compressed messages after
    /// inflating: more than 0.
    pub(super) compression_ratio: Option<f64>,
    /// Status codes that Close frames may have; one without a code counts as 1005.
    pub(super) close_codes: Option<Vec<u16>>,
}

const RULE: CheckRule = CheckRule::Expectation(ExpectationRule::Limits);

/// What a Close frame without a code counts as (RFC 6455 §7.1.5).
const NO_STATUS_RECEIVED: u16 = 1005;

/// Judges traffic by limits.
#[derive(Debug)]
pub(super) struct LimitsJudge {
    told: Teller,
    limits: TrafficLimits,
    open: HashMap<u64, Open>,
    latencies: Latencies,
    judged: Judged,
}

/// What there was to be judged.
#[derive(Debug, Default)]
struct Judged {
    messages: bool,
    connections: bool,
    answers: bool,
    compressed: bool,
    closes: bool,
}

impl LimitsJudge {
    /// A judge by these limits, each of which is an expectation of its own.
    pub(super) fn new(names: Vec<(Limit, ExpectationName)>, limits: TrafficLimits) -> Self {
        let latencies = Latencies::new(&limits.latency);
        let named = |(limit, name)| Named { limit, name, no_times: NoTimes::default() };
        let told = Teller(names.into_iter().map(named).collect());
        Self { told, limits, open: HashMap::new(), latencies, judged: Judged::default() }
    }

    fn message(&mut self, message: &Message<'_>, seen: &Seen<'_>, findings: &mut Findings) {
        self.judged.messages = true;
        self.size(message, seen, findings);
        self.latency(message, seen, findings);
        if message.opcode == Opcode::Close {
            self.close_code(message, seen, findings);
        } else if !message.opcode.is_control() {
            self.rate(seen, findings);
            self.compression(message, seen);
        }
    }

    fn size(&mut self, message: &Message<'_>, seen: &Seen<'_>, findings: &mut Findings) {
        let Some(most) = self.limits.message_size else {
            return;
        };
        let size = size(message);
        if size > most {
            let (size, most) = (grouped(size), grouped(most));
            let detail = format!("the message has {size} bytes, more than {most}");
            self.told.found(Limit::MessageSize, detail, seen, findings);
        }
    }

    /// Counts the answers in a message.
    fn latency(&mut self, message: &Message<'_>, seen: &Seen<'_>, findings: &mut Findings) {
        let Some(app) = message.app.filter(|app| app.protocol.is_some()) else {
            return;
        };
        if self.limits.latency == LatencyLimits::default() {
            return;
        }
        for reply in app.packets().filter_map(|packet| packet.reply) {
            self.judged.answers = true;
            let Some(latency) = reply.latency else {
                let limits = &self.limits.latency;
                let set = limits.all().into_iter().filter(|(_, most)| most.is_some());
                set.for_each(|(limit, _)| self.told.no_times(limit, seen, findings));
                continue;
            };
            self.latencies.add(latency);
            if let Some(most) = self.limits.latency.max.filter(|most| latency > *most) {
                let packet = reply.to;
                let detail = format!(
                    "the answer came {latency:?} after the request in packet {packet}, \
                     later than {most:?}"
                );
                self.told.found(Limit::LatencyMax, detail, seen, findings);
            }
        }
    }

    fn close_code(&mut self, message: &Message<'_>, seen: &Seen<'_>, findings: &mut Findings) {
        let Some(codes) = &self.limits.close_codes else {
            return;
        };
        let code = message.close.and_then(|close| close.code);
        // What is missing of a frame may be its code.
        if code.is_none() && !message.complete {
            return;
        }
        self.judged.closes = true;
        if codes.contains(&code.unwrap_or(NO_STATUS_RECEIVED)) {
            return;
        }
        let allowed = match codes.as_slice() {
            [] => "none is allowed".to_owned(),
            [only] => format!("allowed is {only}"),
            several => {
                let several: Vec<String> = several.iter().map(u16::to_string).collect();
                format!("allowed are {}", several.join(", "))
            }
        };
        let detail = match code {
            Some(code) => format!("the Close frame's code is {code}, {allowed}"),
            None => format!("the Close frame has no code (1005), {allowed}"),
        };
        self.told.found(Limit::CloseCodes, detail, seen, findings);
    }

    fn rate(&mut self, seen: &Seen<'_>, findings: &mut Findings) {
        let Some(most) = self.limits.messages_per_second else {
            return;
        };
        let Some(time) = seen.event.origin.time else {
            return self.told.no_times(Limit::MessagesPerSecond, seen, findings);
        };
        let rate = &mut self.open.entry(seen.connection.id).or_default().rate;
        if rate.exceeds(time, most) {
            let most = grouped(most.get().into());
            let detail = format!("more messages than {most} came within a second");
            self.told.found(Limit::MessagesPerSecond, detail, seen, findings);
        }
    }

    fn compression(&mut self, message: &Message<'_>, seen: &Seen<'_>) {
        if self.limits.compression_ratio.is_none() || !message.compressed || !message.complete {
            return;
        }
        if let Some(length) = message.length.filter(|_| message.not_inflated.is_none()) {
            let open = self.open.entry(seen.connection.id).or_default();
            open.wire += u128::from(message.wire_length);
            open.inflated += u128::from(length);
        }
    }

    fn end(&mut self, end: &End, seen: &Seen<'_>, findings: &mut Findings) {
        self.judged.connections = true;
        let Some(most) = self.limits.connection_duration else {
            return;
        };
        let Some(duration) = end.duration else {
            return self.told.no_times(Limit::ConnectionDuration, seen, findings);
        };
        if duration > most {
            let took = match end.state {
                EndState::Open => "is open when the capture ends, after",
                EndState::Closed | EndState::TcpClosed | EndState::Evicted => "took",
            };
            let detail = format!("the connection {took} {duration:?}, more than {most:?}");
            self.told.found(Limit::ConnectionDuration, detail, seen, findings);
        }
    }

    /// The limits that there was nothing for.
    fn unused(&self) -> Vec<Limit> {
        let Self { limits, judged, .. } = self;
        let latencies = limits.latency.all();
        let latencies = latencies.map(|(limit, most)| (limit, most.is_some(), judged.answers));
        let others = [
            (Limit::MessageSize, limits.message_size.is_some(), judged.messages),
            (Limit::MessagesPerSecond, limits.messages_per_second.is_some(), judged.messages),
            (Limit::ConnectionDuration, limits.connection_duration.is_some(), judged.connections),
            (Limit::CompressionRatio, limits.compression_ratio.is_some(), judged.compressed),
            (Limit::CloseCodes, limits.close_codes.is_some(), judged.closes),
        ];
        let all = others.into_iter().chain(latencies);
        all.filter_map(|(limit, is_set, is_used)| (is_set && !is_used).then_some(limit)).collect()
    }
}

impl Judge for LimitsJudge {
    fn event(&mut self, seen: &Seen<'_>, findings: &mut Findings) {
        match &seen.event.kind {
            Kind::Message(message) => self.message(message, seen, findings),
            Kind::End(end) => self.end(end, seen, findings),
            Kind::Handshake(_) | Kind::Frame(_) | Kind::Violation(_) | Kind::Gap(_) => {}
        }
    }

    fn ended(&mut self, connection: &Opened, findings: &mut Findings) {
        let Some(open) = self.open.remove(&connection.id) else {
            return;
        };
        let Some(most) = self.limits.compression_ratio.filter(|_| open.inflated > 0) else {
            return;
        };
        self.judged.compressed = true;
        let ratio = open.wire as f64 / open.inflated as f64;
        if ratio > most {
            let detail = format!(
                "compressed messages took {} bytes on the wire for {}, which is {ratio:.3} of \
                 them and more than {most}",
                open.wire, open.inflated
            );
            let finding = Finding::of_connection(RULE, connection, detail);
            let finding = self.told.expected(Limit::CompressionRatio, finding);
            findings.add_of_connection(finding, connection);
        }
    }

    fn finish(&mut self, _last: Option<Timestamp>, findings: &mut Findings) {
        let mut found = |rule, limit, detail| {
            let finding = Finding::of_capture(rule, detail);
            findings.add(self.told.expected(limit, finding), None);
        };
        for (limit, detail) in self.latencies.exceeded() {
            found(RULE, limit, detail);
        }
        for limit in self.unused() {
            let rule = CheckRule::Expectation(ExpectationRule::UnusedExpectation);
            found(rule, limit, format!("there was nothing to judge by {}", limit.name()));
        }
    }
}

/// Tells what was found, by the names that the limits have.
#[derive(Debug)]
struct Teller(Vec<Named>);

/// A limit that the file has.
#[derive(Debug)]
struct Named {
    limit: Limit,
    name: ExpectationName,
    no_times: NoTimes,
}

impl Teller {
    fn found(&self, limit: Limit, detail: String, seen: &Seen<'_>, findings: &mut Findings) {
        let finding = self.expected(limit, Finding::of_event(RULE, seen, detail));
        findings.add(finding, Some(seen));
    }

    /// The finding, as one of a limit that was exceeded.
    fn expected(&self, limit: Limit, finding: Finding) -> Finding {
        match self.0.iter().find(|named| named.limit == limit) {
            Some(named) => finding.expected(&named.name),
            None => finding,
        }
    }

    fn no_times(&mut self, limit: Limit, seen: &Seen<'_>, findings: &mut Findings) {
        if let Some(named) = self.0.iter_mut().find(|named| named.limit == limit) {
            named.no_times.tell(ExpectationRule::Limits, &named.name, seen, findings);
        }
    }
}

/// Payload bytes of a message; of one of which that is not known, those that are.
fn size(message: &Message<'_>) -> u64 {
    let wire = if message.compressed { 0 } else { message.wire_length };
    message.length.unwrap_or_else(|| wire.max(message.payload.len() as u64))
}

/// A connection of which there may be more to come.
#[derive(Debug, Default)]
struct Open {
    rate: Rate,
    /// Bytes of compressed messages on the wire.
    wire: u128,
    /// The same after inflating.
    inflated: u128,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::check::testing::{Sent, Traffic, details, expectation};
    use crate::filter::FilterSet;
    use crate::types::Side;

    fn found(traffic: &Traffic, limits: TrafficLimits) -> Vec<String> {
        details(&judged(traffic, limits))
    }

    fn judged(traffic: &Traffic, limits: TrafficLimits) -> Vec<Finding> {
        let names = Limit::ALL.map(|limit| (limit, expectation()));
        traffic.judged(FilterSet::default(), LimitsJudge::new(names.into(), limits))
    }

    fn opened() -> Traffic {
        Traffic::new().open(0, "/")
    }

    fn text(payload: &str) -> Sent {
        Sent::text(Side::Client, payload)
    }

    fn none() -> TrafficLimits {
        TrafficLimits::default()
    }

    #[test]
    fn messages_have_a_size() {
        let limits = TrafficLimits { message_size: Some(2_000), ..none() };
        let of = |bytes| opened().client(0, &"x".repeat(bytes));
        assert!(found(&of(2_000), limits.clone()).is_empty());
        let told = ["2: the message has 2,001 bytes, more than 2,000"];
        assert_eq!(found(&of(2_001), limits.clone()), told);
        // It is the inflated size that counts.
        let compressed = Sent { compressed: Some(9), ..text(&"x".repeat(2_001)) };
        assert_eq!(found(&opened().send(0, compressed), limits.clone()), told);
        assert_eq!(found(&opened(), limits), ["there was nothing to judge by message_size"]);
    }

    fn at(times: &[i64]) -> Traffic {
        times.iter().fold(opened(), |traffic, time| traffic.at(*time).client(0, "x"))
    }

    fn per_second(most: u32) -> TrafficLimits {
        TrafficLimits { messages_per_second: NonZeroU32::new(most), ..none() }
    }

    #[test]
    fn messages_per_second_are_counted_in_any_second() {
        assert!(found(&at(&[0, 500, 1_000, 1_500, 2_000]), per_second(2)).is_empty());
        let told = "more messages than 2 came within a second";
        assert_eq!(found(&at(&[0, 500, 999]), per_second(2)), [format!("4: {told}")]);
        // Once for each time that it comes to that.
        let times = [0, 1, 2, 3, 4, 5, 2_000, 4_000, 4_001, 4_002];
        assert_eq!(
            found(&at(&times), per_second(2)),
            [format!("4: {told}"), format!("11: {told}")]
        );
        assert_eq!(found(&at(&[0, 999]), per_second(1)).len(), 1);
        assert!(found(&at(&[0, 1_000]), per_second(1)).is_empty());
    }

    #[test]
    fn control_frames_and_other_connections_do_not_count() {
        let ping = Sent { opcode: Opcode::Ping, ..text("") };
        let traffic = opened().open(1, "/").client(0, "x").send(0, ping).client(1, "x");
        assert!(found(&traffic, per_second(1)).is_empty());
        let both = traffic.server(0, "x");
        assert_eq!(found(&both, per_second(1)), ["6: more messages than 1 came within a second"]);
    }

    #[test]
    fn a_clock_that_is_set_back_is_no_rate() {
        // By an hour, and then as slowly as before.
        let back = [0, 600, 1_200, -3_600_000, -3_599_400, -3_598_800];
        assert!(found(&at(&back), per_second(2)).is_empty());
        // By a little: those are within a second.
        assert_eq!(found(&at(&[0, 600, 500]), per_second(2)).len(), 1);
    }

    #[test]
    fn connections_have_a_duration() {
        let most = Some(Duration::from_secs(30));
        let limits = TrafficLimits { connection_duration: most, ..none() };
        let of = |milliseconds, state| opened().at(milliseconds).end(0, state);
        assert!(found(&of(30_000, EndState::Closed), limits.clone()).is_empty());
        assert_eq!(
            found(&of(30_001, EndState::Closed), limits.clone()),
            ["2: the connection took 30.001s, more than 30s"]
        );
        assert_eq!(
            found(&of(31_000, EndState::Open), limits.clone()),
            ["2: the connection is open when the capture ends, after 31s, more than 30s"]
        );
        assert_eq!(
            found(&opened().without_times().end(0, EndState::Closed), limits),
            ["2: the capture has no time here, so that nobody knows how long it took"]
        );
    }

    /// Answers that took so many milliseconds.
    fn answers(latencies: impl IntoIterator<Item = u64>) -> Traffic {
        latencies.into_iter().fold(opened(), |traffic, milliseconds| {
            let latency = Some(Some(Duration::from_millis(milliseconds)));
            traffic.send(0, Sent { latency, ..text("x") })
        })
    }

    fn latency(
        p50: Option<u64>,
        p95: Option<u64>,
        p99: Option<u64>,
        max: Option<u64>,
    ) -> TrafficLimits {
        let [p50, p95, p99, max] = [p50, p95, p99, max].map(|most| most.map(Duration::from_millis));
        TrafficLimits { latency: LatencyLimits { p50, p95, p99, max }, ..none() }
    }

    #[test]
    fn answers_are_in_time() {
        let hundred = || answers(1..=100);
        assert!(found(&hundred(), latency(Some(50), Some(95), Some(99), Some(100))).is_empty());
        assert_eq!(
            found(&hundred(), latency(Some(49), Some(94), Some(98), None)),
            [
                "51 of 100 answers took longer than 49ms; 50 % took up to about 50.1ms",
                "6 of 100 answers took longer than 94ms; 95 % took up to about 94.9ms",
                "2 of 100 answers took longer than 98ms; 99 % took up to about 99.1ms",
            ]
        );
        assert_eq!(
            found(&hundred(), latency(None, None, None, Some(99))),
            ["101: the answer came 100ms after the request in packet 1, later than 99ms"]
        );
        assert_eq!(
            found(&opened().client(0, "x"), latency(Some(1), None, None, None)),
            ["there was nothing to judge by latency.p50"]
        );
        let unknown = opened().send(0, Sent { latency: Some(None), ..text("x") });
        assert_eq!(
            found(&unknown, latency(None, None, None, Some(1))),
            ["2: the capture has no time here, so that nobody knows how long it took"]
        );
    }

    #[test]
    fn connections_are_compressed_well() {
        let limits = TrafficLimits { compression_ratio: Some(0.5), ..none() };
        let of = |wire| {
            let compressed = Sent { compressed: Some(wire), ..text(&"x".repeat(100)) };
            let small = Sent { compressed: Some(1), ..text("") };
            opened().send(0, compressed).send(0, small).client(0, "hello").end(0, EndState::Closed)
        };
        assert!(found(&of(49), limits.clone()).is_empty());
        assert_eq!(
            found(&of(50), limits.clone()),
            [concat!(
                "compressed messages took 51 bytes on the wire for 100, ",
                "which is 0.510 of them and more than 0.5"
            )]
        );
        let empty = Sent { compressed: Some(1), ..text("") };
        let unused = ["there was nothing to judge by compression_ratio"];
        assert_eq!(found(&opened().send(0, empty).end(0, EndState::Closed), limits), unused);
    }

    #[test]
    fn close_codes_are_allowed() {
        let limits = TrafficLimits { close_codes: Some(vec![1000, 1005]), ..none() };
        let close = |code| Sent { opcode: Opcode::Close, code, ..text("") };
        let of = |code| opened().send(0, close(code));
        assert!(found(&of(Some(1000)), limits.clone()).is_empty());
        assert!(found(&of(None), limits.clone()).is_empty());
        assert_eq!(
            found(&of(Some(1011)), limits.clone()),
            ["2: the Close frame's code is 1011, allowed are 1000, 1005"]
        );
        let no_status = TrafficLimits { close_codes: Some(vec![1000]), ..none() };
        assert_eq!(
            found(&of(None), no_status.clone()),
            ["2: the Close frame has no code (1005), allowed is 1000"]
        );
        let nothing = TrafficLimits { close_codes: Some(vec![]), ..none() };
        assert_eq!(
            found(&of(Some(1000)), nothing),
            ["2: the Close frame's code is 1000, none is allowed"]
        );
        let cut = Sent { complete: false, ..close(None) };
        assert_eq!(
            found(&opened().send(0, cut), no_status),
            ["there was nothing to judge by close_codes"]
        );
    }

    #[test]
    fn a_refused_handshake_is_no_connection() {
        let most = Some(Duration::ZERO);
        let limits = TrafficLimits { connection_duration: most, ..none() };
        let unused = judged(&Traffic::new().refuse(0), limits);
        assert_eq!(details(&unused), ["there was nothing to judge by connection_duration"]);
        assert_eq!(unused[0].rule.name(), "unused-expectation");
        assert!(judged(&Traffic::new(), none()).is_empty());
    }

    proptest! {
        #[test]
        fn a_rate_is_what_every_second_has(
            passed in prop::collection::vec(0..600_i64, 0..40),
            most in 1..5_u32,
        ) {
            let mut now = 0;
            let times: Vec<i64> = passed
                .into_iter()
                .map(|passed| {
                    now += passed;
                    now
                })
                .collect();
            let is_over = |time: &i64| {
                times.iter().filter(|other| (*time..*time + 1_000).contains(*other)).count()
                    > most as usize
            };
            let told = found(&at(&times), per_second(most));
            prop_assert_eq!(
                told.iter().any(|told| told.contains("within a second")),
                times.iter().any(is_over)
            );
        }

        #[test]
        fn percentiles_are_judged_exactly(
            mut values in prop::collection::vec(1..400_u64, 1..60),
            most in 1..400_u64,
        ) {
            let told = found(&answers(values.iter().copied()), latency(None, Some(most), None, None));
            values.sort_unstable();
            let rank = (values.len() * 95).div_ceil(100);
            prop_assert_eq!(!told.is_empty(), values[rank - 1] > most);
        }
    }
}

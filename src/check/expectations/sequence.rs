//! `[[sequence]]`: steps that follow one another.
//!
//! Of each number of steps is kept when it was reached last, so that a false start
//! hides no later one that goes well:
//!
//! ```text
//! steps a, b within 1 s       a ······ a ── b      the second a counts
//! reached 1                   0 s      5 s
//! ```

use std::collections::HashMap;
use std::time::Duration;

use super::no_times::{NoTimes, between};
use crate::check::connections::Opened;
use crate::check::finding::{ExpectationName, Finding, Mark};
use crate::check::findings::Findings;
use crate::check::judge::{Judge, Seen};
use crate::check::rule::{CheckRule, ExpectationRule};
use crate::filter::{FilterId, Look};
use crate::types::{Event, Kind, Timestamp};

/// What every connection has to show, step by step.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    /// In their order; at least one.
    pub(super) steps: Vec<Step>,
    /// No other data message may come between the first step and the last.
    pub(super) is_strict: bool,
    /// Only connections of which this may select something; `None` for all.
    pub(super) connections: Option<FilterId>,
}

impl Sequence {
    /// Whether something is to be noted of an event though no step came before it.
    fn is_begun_by(&self, seen: &Seen<'_>) -> bool {
        let is_first = |step: &Step| seen.look.selects(step.filter);
        matches!(seen.event.kind, Kind::Gap(_)) || self.steps.first().is_some_and(is_first)
    }
}

/// One step of a sequence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// What selects it.
    pub(super) filter: FilterId,
    /// The most time since the step before, and of the first one since the
    /// connection's start; a time that is equal is in time.
    pub(super) within: Option<Duration>,
}

/// Judges a sequence: every connection that was not refused has to show it once.
#[derive(Debug)]
pub(super) struct SequenceJudge {
    name: ExpectationName,
    sequence: Sequence,
    /// Connections that have not shown it yet, and how far those have come in which
    /// the first step came, or bytes are missing.
    open: HashMap<u64, Option<Box<Progress>>>,
    is_used: bool,
    no_times: NoTimes,
}

impl SequenceJudge {
    /// A judge of this sequence.
    pub(super) fn new(name: ExpectationName, sequence: Sequence) -> Self {
        let no_times = NoTimes::default();
        Self { name, sequence, open: HashMap::new(), is_used: false, no_times }
    }
}

impl Judge for SequenceJudge {
    fn opened(&mut self, connection: &Opened, look: Look<'_>) {
        let filter = self.sequence.connections;
        if filter.is_none_or(|filter| look.may_select_of_connection(filter)) {
            self.is_used = true;
            self.open.insert(connection.id, None);
        }
    }

    fn event(&mut self, seen: &Seen<'_>, findings: &mut Findings) {
        let id = seen.connection.id;
        let Some(progress) = self.open.get_mut(&id) else {
            return;
        };
        if progress.is_none() && !self.sequence.is_begun_by(seen) {
            return;
        }
        let start = seen.connection.start;
        let progress = progress.get_or_insert_with(|| Progress::new(start, &self.sequence).into());
        let came = progress.take(seen, &self.sequence);
        if came.lacks_times {
            self.no_times.tell(ExpectationRule::Sequence, &self.name, seen, findings);
        }
        if came.is_whole {
            self.open.remove(&id);
        }
    }

    fn ended(&mut self, connection: &Opened, findings: &mut Findings) {
        let Some(progress) = self.open.remove(&connection.id) else {
            return;
        };
        let begun = || Progress::new(connection.start, &self.sequence).into();
        let progress = progress.unwrap_or_else(begun);
        let rule = CheckRule::Expectation(ExpectationRule::Sequence);
        let detail = progress.told(&self.sequence);
        let finding = Finding::of_connection(rule, connection, detail).expected(&self.name);
        let finding = match &progress.mark {
            Some(mark) => finding.at(mark),
            None => finding,
        };
        findings.add_of_connection(finding, connection);
    }

    fn finish(&mut self, _last: Option<Timestamp>, findings: &mut Findings) {
        if !self.is_used {
            let rule = CheckRule::Expectation(ExpectationRule::UnusedExpectation);
            let detail = "there is no connection that could have to show the sequence";
            findings.add(Finding::of_capture(rule, detail).expected(&self.name), None);
        }
    }
}

/// How far a connection has come.
#[derive(Debug)]
struct Progress {
    /// The connection's start, then for each step but the last when it was reached
    /// at the latest after those before it; `None` where it was not.
    reached: Vec<Option<Reached>>,
    /// How many steps were reached at the most.
    furthest: usize,
    /// The event that reached the last of them.
    mark: Option<Mark>,
    /// Why the next one did not count, when it came to that.
    hindrance: Option<Hindrance>,
    /// Bytes are missing.
    has_gap: bool,
}

/// When a step was reached; `None` where the capture has no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reached(Option<Timestamp>);

impl Reached {
    /// The one that leaves the next step more time.
    fn later(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(one), Some(two)) => Self(Some(one.max(two))),
            _ => Self(None),
        }
    }
}

/// Why a step did not count.
#[derive(Clone, Copy, Debug)]
enum Hindrance {
    /// It came too late: in this time, which was more than that.
    Late(Duration, Duration),
    /// The message in this packet came between.
    Between(u64),
}

/// What an event did.
#[derive(Clone, Copy, Debug, Default)]
struct Came {
    /// The last step was reached.
    is_whole: bool,
    /// Nobody knows whether a step was in time.
    lacks_times: bool,
}

impl Progress {
    fn new(start: Option<Timestamp>, sequence: &Sequence) -> Self {
        let mut reached = vec![None; sequence.steps.len()];
        if let Some(first) = reached.first_mut() {
            *first = Some(Reached(start));
        }
        Self { reached, furthest: 0, mark: None, hindrance: None, has_gap: false }
    }

    /// Takes an event, which is at the most one step.
    fn take(&mut self, seen: &Seen<'_>, sequence: &Sequence) -> Came {
        self.has_gap |= matches!(seen.event.kind, Kind::Gap(_));
        let is_between = sequence.is_strict && is_data(seen.event);
        let packet = seen.event.origin.packet;
        let mut came = Came::default();
        // From the last: what this event reaches is no ground for the next step.
        for (number, step) in sequence.steps.iter().enumerate().rev() {
            let before = self.reached.get(number).copied().flatten();
            let is_step = before.is_some_and(|before| {
                seen.look.selects(step.filter)
                    && self.is_in_time(number, before, step, seen, &mut came)
            });
            if is_step {
                self.note(number + 1, seen);
            }
            let Some(reached) = self.reached.get_mut(number + 1) else {
                came.is_whole = is_step;
                if is_step {
                    return came;
                }
                continue;
            };
            let now = is_step.then_some(Reached(seen.event.origin.time));
            if is_between {
                if reached.is_some() && self.furthest == number + 1 {
                    self.hindrance.get_or_insert(Hindrance::Between(packet));
                }
                *reached = now;
            } else if let Some(now) = now {
                *reached = Some(reached.map_or(now, |reached| reached.later(now)));
            }
        }
        came
    }

    /// Whether the step of that number, from 0, is in time after the one before.
    fn is_in_time(
        &mut self,
        number: usize,
        before: Reached,
        step: &Step,
        seen: &Seen<'_>,
        came: &mut Came,
    ) -> bool {
        let Some(within) = step.within else {
            return true;
        };
        let Some(took) = between(before.0, seen.event.origin.time) else {
            came.lacks_times = true;
            return true;
        };
        if took > within && number == self.furthest {
            self.hindrance.get_or_insert(Hindrance::Late(took, within));
        }
        took <= within
    }

    /// Takes note of an event that reached so many steps.
    fn note(&mut self, count: usize, seen: &Seen<'_>) {
        if count > self.furthest {
            self.furthest = count;
            self.mark = Some(Mark::of(seen));
            self.hindrance = None;
        }
    }

    /// What did not come, in a sentence without a full stop.
    fn told(&self, sequence: &Sequence) -> String {
        let last = self.furthest;
        let step = format!("step {} of {}", last + 1, sequence.steps.len());
        let before = match last {
            0 => "the connection's start".to_owned(),
            _ => format!("step {last}"),
        };
        let told = match self.hindrance {
            None if last == 0 => format!("{step} did not come"),
            None => format!("{step} did not come after {before}"),
            Some(Hindrance::Late(took, within)) => {
                format!("{step} came {took:?} after {before}, later than {within:?}")
            }
            Some(Hindrance::Between(packet)) => {
                format!(
                    "{step} did not come right after {before}, but the message in packet {packet}"
                )
            }
        };
        match self.has_gap {
            true => format!("{told}; bytes of the connection are missing from the capture"),
            false => told,
        }
    }
}

/// Whether an event is a data message that does more than keep the connection alive.
fn is_data(event: &Event<'_>) -> bool {
    match &event.kind {
        Kind::Message(message) => {
            !message.opcode.is_control() && !message.app.is_some_and(|app| app.is_heartbeat())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::check::testing::{Sent, Traffic, details, expectation, timed};
    use crate::filter::FilterSet;
    use crate::types::{EndState, Opcode, Side};

    /// What is found of steps, each a filter and milliseconds within which it has to
    /// come, or 0.
    fn found(traffic: &Traffic, steps: &[(&str, u64)], is_strict: bool) -> Vec<Finding> {
        judged(traffic, steps, is_strict, None)
    }

    fn judged(
        traffic: &Traffic,
        steps: &[(&str, u64)],
        is_strict: bool,
        connections: Option<&str>,
    ) -> Vec<Finding> {
        let mut filters = FilterSet::default();
        let step = |&(filter, milliseconds): &(&str, u64)| Step {
            filter: filters.filter(filter).unwrap(),
            within: (milliseconds > 0).then(|| Duration::from_millis(milliseconds)),
        };
        let steps = steps.iter().map(step).collect();
        let connections = connections.map(|filter| filters.filter(filter).unwrap());
        let sequence = Sequence { steps, is_strict, connections };
        traffic.judged(filters, SequenceJudge::new(expectation(), sequence))
    }

    const A: &str = r#"json.t == "a""#;
    const B: &str = r#"json.t == "b""#;
    const C: &str = r#"json.t == "c""#;

    /// A connection whose client sends these messages, so many milliseconds after its
    /// start.
    fn sent(messages: &[(&str, i64)]) -> Traffic {
        let opened = Traffic::new().open(0, "/");
        let traffic = messages.iter().fold(opened, |traffic, (t, milliseconds)| {
            traffic.at(*milliseconds).client(0, &format!(r#"{{"t":"{t}"}}"#))
        });
        traffic.end(0, EndState::Closed)
    }

    #[test]
    fn steps_come_one_after_another() {
        let steps = [(A, 0), (B, 0), (C, 0)];
        assert!(found(&sent(&[("a", 1), ("b", 2), ("c", 3)]), &steps, false).is_empty());
        assert!(found(&sent(&[("a", 1), ("x", 2), ("b", 3), ("c", 4)]), &steps, false).is_empty());
        let wrong = found(&sent(&[("b", 1), ("a", 2), ("c", 3)]), &steps, false);
        assert_eq!(details(&wrong), ["3: step 2 of 3 did not come after step 1"]);
        assert_eq!(wrong[0].head.as_deref(), Some(r#"{"t":"a"}"#));
        assert_eq!(wrong[0].from, Some(Side::Client));
        let wrong = found(&sent(&[("x", 1)]), &steps, false);
        assert_eq!(details(&wrong), ["step 1 of 3 did not come"]);
        assert_eq!(wrong[0].connection.as_ref().unwrap().connection.stream, 0);
    }

    #[test]
    fn one_event_is_one_step() {
        let steps = [(A, 0), (A, 0)];
        assert!(found(&sent(&[("a", 1), ("a", 2)]), &steps, false).is_empty());
        let wrong = found(&sent(&[("a", 1)]), &steps, false);
        assert_eq!(details(&wrong), ["2: step 2 of 2 did not come after step 1"]);
    }

    #[test]
    fn any_event_can_be_a_step() {
        let steps = [(r#"ws.event == "handshake""#, 0), (A, 1), (r#"ws.event == "end""#, 0)];
        assert!(found(&sent(&[("a", 1)]), &steps, false).is_empty());
    }

    #[test]
    fn what_takes_just_as_long_is_in_time() {
        let steps = [(A, 100), (B, 1_000)];
        assert!(found(&sent(&[("a", 100), ("b", 1_100)]), &steps, false).is_empty());
        assert_eq!(
            details(&found(&sent(&[("a", 100), ("b", 1_101)]), &steps, false)),
            ["2: step 2 of 2 came 1.001s after step 1, later than 1s"]
        );
        assert_eq!(
            details(&found(&sent(&[("a", 101), ("b", 102)]), &steps, false)),
            ["step 1 of 2 came 101ms after the connection's start, later than 100ms"]
        );
    }

    #[test]
    fn a_false_start_hides_no_good_one() {
        let steps = [(A, 0), (B, 100), (C, 100)];
        let messages = [("a", 0), ("b", 50), ("a", 1_000), ("b", 1_100), ("c", 1_200)];
        assert!(found(&sent(&messages), &steps, false).is_empty());
        // The last `b` is the one in time for `c`, and the first the one for `a`.
        let messages = [("a", 0), ("b", 100), ("b", 150), ("c", 250)];
        assert_eq!(
            details(&found(&sent(&messages), &steps, false)),
            ["3: step 3 of 3 came 150ms after step 2, later than 100ms"]
        );
    }

    #[test]
    fn strict_allows_nothing_between_but_what_keeps_alive() {
        let steps = [(A, 0), (B, 0)];
        let between = |sent: Sent| {
            Traffic::new()
                .open(0, "/")
                .client(0, r#"{"t":"a"}"#)
                .send(0, sent)
                .server(0, r#"{"t":"b"}"#)
                .end(0, EndState::Closed)
        };
        let text = Sent::text(Side::Server, "hello");
        let ping = Sent { opcode: Opcode::Ping, ..text.clone() };
        let heartbeat = Sent { is_heartbeat: true, ..text.clone() };
        assert!(found(&between(ping), &steps, true).is_empty());
        assert!(found(&between(heartbeat), &steps, true).is_empty());
        assert!(found(&between(text.clone()), &steps, false).is_empty());
        assert_eq!(
            details(&found(&between(text), &steps, true)),
            [concat!(
                "2: step 2 of 2 did not come right after step 1, ",
                "but the message in packet 3"
            )]
        );
        let again = [("a", 1), ("a", 2), ("b", 3)];
        assert!(found(&sent(&again), &steps, true).is_empty());
    }

    #[test]
    fn every_connection_has_to_show_it() {
        let traffic = Traffic::new()
            .open(0, "/x")
            .open(1, "/x")
            .open(2, "/y")
            .refuse(3)
            .client(0, r#"{"t":"a"}"#)
            .end(0, EndState::TcpClosed)
            .end(1, EndState::Open);
        let wrong = found(&traffic, &[(A, 0)], false);
        let streams = |found: &[Finding]| -> Vec<u64> {
            found
                .iter()
                .map(|finding| finding.connection.as_ref().unwrap().connection.stream)
                .collect()
        };
        // Of the third no end is told.
        assert_eq!(streams(&wrong), [1, 2]);
        let wrong = judged(&traffic, &[(A, 0)], false, Some(r#"http.request.uri == "/x""#));
        assert_eq!(streams(&wrong), [1]);
        let unused = judged(&traffic, &[(A, 0)], false, Some(r#"http.request.uri == "/z""#));
        assert_eq!(unused[0].rule.name(), "unused-expectation");
        assert_eq!(found(&Traffic::new().refuse(0), &[(A, 0)], false), unused);
    }

    #[test]
    fn what_has_not_begun_takes_little_room() {
        let mut filters = FilterSet::default();
        let step = |text| Step { filter: filters.filter(text).unwrap(), within: None };
        let steps = [A, B].map(step).into();
        let sequence = Sequence { steps, is_strict: false, connections: None };
        let traffic = Traffic::new()
            .open(0, "/")
            .open(1, "/")
            .client(0, r#"{"t":"a"}"#)
            .client(1, r#"{"t":"b"}"#);
        let judge = SequenceJudge::new(expectation(), sequence);
        let begun = |judge: &SequenceJudge| judge.open.values().flatten().count();
        assert_eq!(traffic.kept(filters, judge, begun), 1);
    }

    #[test]
    fn a_gap_is_told() {
        let traffic = Traffic::new().open(0, "/").gap(0, Side::Client).end(0, EndState::Closed);
        assert_eq!(
            details(&found(&traffic, &[(A, 0)], false)),
            ["step 1 of 1 did not come; bytes of the connection are missing from the capture"]
        );
    }

    #[test]
    fn without_times_nothing_is_known_to_be_in_time() {
        let traffic = sent(&[]).without_times();
        let traffic = traffic.open(1, "/").client(1, r#"{"t":"a"}"#).client(1, r#"{"t":"b"}"#);
        assert_eq!(
            details(&judged(&traffic, &[(A, 9), (B, 9)], false, Some("tcp.stream == 1"))),
            ["4: the capture has no time here, so that nobody knows how long it took"]
        );
        assert!(judged(&traffic, &[(A, 0), (B, 0)], false, Some("tcp.stream == 1")).is_empty());
    }

    #[test]
    fn midnight_is_no_boundary_and_time_may_step_back() {
        // 2018-12-27T00:00:00Z
        let midnight = 1_545_868_800_000_000_000;
        let traffic = Traffic::new()
            .at_nanoseconds(midnight - 1)
            .open(0, "/")
            .client(0, r#"{"t":"a"}"#)
            .at_nanoseconds(midnight + 999_999)
            .client(0, r#"{"t":"b"}"#)
            .at_nanoseconds(midnight - 1_000_000_000)
            .client(0, r#"{"t":"c"}"#)
            .end(0, EndState::Closed);
        assert!(found(&traffic, &[(A, 1), (B, 1), (C, 1)], false).is_empty());
    }

    /// Whether the rest of a sequence can be found in `events` from `from` on, when
    /// the step before came at `before`: tried in every way there is.
    fn exists(events: &[(usize, i64)], from: usize, before: i64, steps: &[(usize, u64)]) -> bool {
        let Some(((label, within), rest)) = steps.split_first() else {
            return true;
        };
        (from..events.len()).any(|index| {
            let (sent, time) = events[index];
            sent == *label
                && (*within == 0 || (time - before).max(0) as u64 <= *within)
                && exists(events, index + 1, time, rest)
        })
    }

    /// What is found of messages and steps, each the number of a letter and a time.
    fn found_of(events: &[(usize, i64)], steps: &[(usize, u64)], is_strict: bool) -> Vec<Finding> {
        let messages: Vec<(&str, i64)> =
            events.iter().map(|(letter, time)| (["a", "b", "c"][*letter], *time)).collect();
        let steps: Vec<(&str, u64)> =
            steps.iter().map(|(letter, within)| ([A, B, C][*letter], *within)).collect();
        found(&sent(&messages), &steps, is_strict)
    }

    proptest! {
        #[test]
        fn it_finds_what_trying_everything_finds(
            events in prop::collection::vec((0..3_usize, -2..6_i64), 0..9),
            steps in prop::collection::vec((0..3_usize, 0..6_u64), 1..5),
        ) {
            let events = timed(events);
            let is_found = found_of(&events, &steps, false).is_empty();
            prop_assert_eq!(is_found, exists(&events, 0, 0, &steps));
        }

        #[test]
        fn strict_finds_what_stands_side_by_side(
            events in prop::collection::vec((0..3_usize, 0..3_i64), 0..9),
            steps in prop::collection::vec((0..3_usize, 0..3_u64), 1..4),
        ) {
            let events = timed(events);
            let stands = events.windows(steps.len()).any(|window| {
                let mut before = 0;
                window.iter().zip(&steps).all(|((sent, time), (label, within))| {
                    let passed = (time - before) as u64;
                    before = *time;
                    sent == label && (*within == 0 || passed <= *within)
                })
            });
            prop_assert_eq!(found_of(&events, &steps, true).is_empty(), stands);
        }
    }
}

//! `[[expect]]`: how often something has to come.

use std::collections::HashMap;
use std::time::Duration;

use super::count::Count;
use super::no_times::{NoTimes, between};
use crate::check::connections::Opened;
use crate::check::finding::{ExpectationName, Finding};
use crate::check::findings::Findings;
use crate::check::judge::{Judge, Seen};
use crate::check::rule::{CheckRule, ExpectationRule};
use crate::filter::{FilterId, Look};
use crate::types::Timestamp;

/// In what something is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The whole capture.
    Capture,
    /// Each connection by itself.
    Connection,
}

impl Scope {
    /// How a sentence about it goes on.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Capture => "",
            Self::Connection => " in this connection",
        }
    }
}

/// What is counted, and how often it has to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    /// What selects it.
    pub(super) filter: FilterId,
    /// How often it has to come.
    pub(super) count: Count,
    /// Where it is counted.
    pub(super) scope: Scope,
}

/// Counts in the capture, or in each connection.
#[derive(Debug)]
pub(super) struct ExpectJudge {
    name: ExpectationName,
    counted: Counted,
    /// Only what comes so soon after its connection's start is counted; a time that
    /// is equal is in time.
    within: Option<Duration>,
    capture: Tally,
    /// Those that are not as expected yet, or may still be otherwise.
    connections: HashMap<u64, Tally>,
    has_judged: bool,
    no_times: NoTimes,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    count: u64,
    /// That there are too many was told.
    is_told: bool,
}

impl ExpectJudge {
    /// A judge of what is counted, `within` a time of its connection's start.
    pub(super) fn new(name: ExpectationName, counted: Counted, within: Option<Duration>) -> Self {
        Self {
            name,
            counted,
            within,
            capture: Tally::default(),
            connections: HashMap::new(),
            has_judged: counted.scope == Scope::Capture,
            no_times: NoTimes::default(),
        }
    }

    fn detail(&self, count: u64) -> String {
        let within = self.within.map(|within| format!(" within {within:?} of the start"));
        let (scope, expected) = (self.counted.scope.words(), self.counted.count);
        detail(count, &format!("{scope}{}", within.unwrap_or_default()), expected)
    }

    /// Whether an event comes soon enough.
    fn is_in_time(&mut self, seen: &Seen<'_>, findings: &mut Findings) -> bool {
        let Some(within) = self.within else { return true };
        match between(seen.connection.start, seen.event.origin.time) {
            Some(since) => since <= within,
            None => {
                self.no_times.tell(ExpectationRule::Expect, &self.name, seen, findings);
                false
            }
        }
    }
}

impl Judge for ExpectJudge {
    fn opened(&mut self, connection: &Opened, look: Look<'_>) {
        let Counted { filter, scope, .. } = self.counted;
        if scope == Scope::Connection && look.may_select_of_connection(filter) {
            self.has_judged = true;
            self.connections.insert(connection.id, Tally::default());
        }
    }

    fn event(&mut self, seen: &Seen<'_>, findings: &mut Findings) {
        if !seen.look.selects(self.counted.filter) || !self.is_in_time(seen, findings) {
            return;
        }
        let tally = match self.counted.scope {
            Scope::Capture => Some(&mut self.capture),
            Scope::Connection => self.connections.get_mut(&seen.connection.id),
        };
        let Some(tally) = tally else { return };
        tally.count += 1;
        let count = tally.count;
        if self.counted.count.is_settled(count) {
            self.connections.remove(&seen.connection.id);
            return;
        }
        if self.counted.count.is_exceeded_by(count) && !std::mem::replace(&mut tally.is_told, true)
        {
            let finding = Finding::of_event(RULE, seen, self.detail(count));
            findings.add(finding.expected(&self.name), Some(seen));
        }
    }

    fn ended(&mut self, connection: &Opened, findings: &mut Findings) {
        let Some(tally) = self.connections.remove(&connection.id) else { return };
        if self.counted.count.lacks(tally.count) {
            let finding = Finding::of_connection(RULE, connection, self.detail(tally.count));
            findings.add_of_connection(finding.expected(&self.name), connection);
        }
    }

    fn finish(&mut self, _last: Option<Timestamp>, findings: &mut Findings) {
        let count = self.capture.count;
        if self.counted.scope == Scope::Capture && self.counted.count.lacks(count) {
            let finding = Finding::of_capture(RULE, self.detail(count));
            findings.add(finding.expected(&self.name), None);
        }
        if !self.has_judged {
            let unused = CheckRule::Expectation(ExpectationRule::UnusedExpectation);
            let finding = Finding::of_capture(unused, "no connection could have what is counted");
            findings.add(finding.expected(&self.name), None);
        }
    }
}

pub(super) const RULE: CheckRule = CheckRule::Expectation(ExpectationRule::Expect);

/// How many came, and how many were expected.
pub(super) fn detail(count: u64, place: &str, expected: Count) -> String {
    let events = if count == 1 { "event" } else { "events" };
    format!("{count} {events} came{place}, expected {expected}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::testing::{Traffic, details, expectation};
    use crate::filter::FilterSet;
    use crate::types::EndState;

    const EVENT: &str = "{\"t\":1}";

    /// What is found where `json.t == 1` is counted.
    fn found(traffic: &Traffic, scope: Scope, count: &str, within: Option<u64>) -> Vec<String> {
        let mut filters = FilterSet::default();
        let filter = filters.filter("json.t == 1").unwrap();
        let counted = Counted { filter, count: Count::parse(count).unwrap(), scope };
        let within = within.map(Duration::from_millis);
        details(&traffic.judged(filters, ExpectJudge::new(expectation(), counted, within)))
    }

    /// Two connections at once, of which the first has two events and the second one.
    fn two() -> Traffic {
        Traffic::new()
            .open(0, "/a")
            .open(1, "/b")
            .at(5)
            .client(0, EVENT)
            .server(1, EVENT)
            .client(1, "{\"t\":2}")
            .at(10)
            .server(0, EVENT)
            .end(0, EndState::Closed)
    }

    #[test]
    fn in_the_capture() {
        for count in ["3", "> 2", "..3"] {
            assert!(found(&two(), Scope::Capture, count, None).is_empty(), "{count}");
        }
        let many = ["4: 2 events came, expected exactly 1"];
        assert_eq!(found(&two(), Scope::Capture, "1", None), many);
        let few = ["3 events came, expected at least 4"];
        assert_eq!(found(&two(), Scope::Capture, ">= 4", None), few);
        let none = ["0 events came, expected at least 1"];
        assert_eq!(found(&Traffic::new(), Scope::Capture, ">= 1", None), none);
    }

    #[test]
    fn in_each_connection() {
        assert!(found(&two(), Scope::Connection, "1..2", None).is_empty());
        let few = ["1 event came in this connection, expected at least 2"];
        assert_eq!(found(&two(), Scope::Connection, ">= 2", None), few);
        let many = ["6: 2 events came in this connection, expected at most 1"];
        assert_eq!(found(&two(), Scope::Connection, "<= 1", None), many);
        // One that comes after another on the same stream has a count of its own.
        let again = two().open(0, "/a").client(0, EVENT).end(0, EndState::Closed);
        let few = [
            "1 event came in this connection, expected exactly 2",
            "1 event came in this connection, expected exactly 2",
        ];
        assert_eq!(found(&again, Scope::Connection, "2", None), few);
    }

    #[test]
    fn what_is_as_expected_takes_no_room() {
        let kept = |count| {
            let mut filters = FilterSet::default();
            let filter = filters.filter("json.t == 1").unwrap();
            let count = Count::parse(count).unwrap();
            let counted = Counted { filter, count, scope: Scope::Connection };
            let judge = ExpectJudge::new(expectation(), counted, None);
            let traffic = Traffic::new().open(0, "/").client(0, EVENT).open(1, "/");
            traffic.kept(filters, judge, |judge| judge.connections.len())
        };
        assert_eq!(kept(">= 1"), 1);
        assert_eq!((kept("1"), kept(">= 2")), (2, 2));
    }

    #[test]
    fn a_refused_handshake_is_no_connection() {
        let traffic = Traffic::new().refuse(0);
        let unused = ["no connection could have what is counted"];
        assert_eq!(found(&traffic, Scope::Connection, ">= 1", None), unused);
    }

    #[test]
    fn within_a_time_of_the_start() {
        assert!(found(&two(), Scope::Capture, "3", Some(10)).is_empty());
        assert!(found(&two(), Scope::Capture, "2", Some(9)).is_empty());
        assert!(found(&two(), Scope::Connection, "1", Some(5)).is_empty());
        let few = ["0 events came within 4ms of the start, expected at least 1"];
        assert_eq!(found(&two(), Scope::Capture, ">= 1", Some(4)), few);
    }

    #[test]
    fn without_times_nothing_is_in_time() {
        let traffic = Traffic::new().without_times().open(0, "/").client(0, EVENT);
        let wrong = found(&traffic, Scope::Capture, ">= 1", Some(5));
        assert_eq!(wrong.len(), 2);
        assert!(wrong[0].starts_with("2: the capture has no time here"), "{wrong:?}");
        assert!(found(&traffic, Scope::Capture, ">= 1", None).is_empty());
    }
}

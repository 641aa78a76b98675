//! `[[expect]]` with `after`: how often something has to come soon after another.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::expect::{Counted, RULE, Scope, detail};
use super::no_times::NoTimes;
use crate::check::connections::Opened;
use crate::check::finding::{ExpectationName, Finding};
use crate::check::findings::{Findings, Held};
use crate::check::judge::{Judge, Seen};
use crate::check::rule::{CaptureRule, CheckRule, ExpectationRule};
use crate::filter::FilterId;
use crate::types::Timestamp;

/// What opens a window, and for how long; an event at its very end is within it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trigger {
    /// What selects the events that open one.
    pub(super) filter: FilterId,
    /// How long it stays open.
    pub(super) within: Duration,
}

/// Counts in windows, in the same connection or in the whole capture.
///
/// Nothing is done about an event that neither opens a window nor is counted: that a
/// window has ended in between shows with the next such event, or at the end.
#[derive(Debug)]
pub(super) struct AfterJudge {
    name: ExpectationName,
    counted: Counted,
    trigger: Trigger,
    /// Windows that are open at once, of one connection, or of the capture.
    most_windows: usize,
    /// By connection; of the capture there is one, at 0.
    windows: HashMap<u64, Windows>,
    has_judged: bool,
    no_times: NoTimes,
}

#[derive(Debug)]
struct Windows {
    /// The latest time seen.
    now: Timestamp,
    /// What was counted since the first one opened.
    count: u64,
    /// Those that are neither settled nor over, the oldest first.
    open: VecDeque<Window>,
    /// That there were too many windows was told.
    is_told: bool,
}

impl Windows {
    fn new(now: Timestamp) -> Self {
        Self { now, count: 0, open: VecDeque::new(), is_told: false }
    }
}

#[derive(Debug)]
struct Window {
    since: Timestamp,
    /// What was counted before.
    before: u64,
    /// What will be found at the event that opened it, but for the detail.
    held: Box<Held>,
}

impl AfterJudge {
    /// A judge of what comes after `trigger`. At the most `most_windows`,
    /// [`Limits::requests`](crate::types::Limits::requests), of a connection (or of
    /// the capture) are open at once.
    pub(super) fn new(
        name: ExpectationName,
        counted: Counted,
        trigger: Trigger,
        most_windows: usize,
    ) -> Self {
        Self {
            name,
            counted,
            trigger,
            most_windows,
            windows: HashMap::new(),
            has_judged: false,
            no_times: NoTimes::default(),
        }
    }

    fn detail(&self, count: u64, what: &str) -> String {
        let place =
            format!("{} within {:?} after {what}", self.counted.scope.words(), self.trigger.within);
        detail(count, &place, self.counted.count)
    }

    /// The windows that are over are closed.
    fn advance(&self, windows: &mut Windows, findings: &mut Findings) {
        let now = windows.now;
        let is_over = |window: &Window| now.since(window.since) > self.trigger.within;
        while windows.open.front().is_some_and(is_over)
            && let Some(window) = windows.open.pop_front()
        {
            self.close(window, windows.count, findings);
        }
    }

    /// A window has ended when so much was counted.
    fn close(&self, window: Window, count: u64, findings: &mut Findings) {
        let count = count - window.before;
        if self.counted.count.lacks(count) {
            let Held { finding, is_allowed } = *window.held;
            let finding = Finding { detail: self.detail(count, "this"), ..finding };
            findings.add_held(Held { finding: finding.expected(&self.name), is_allowed });
        }
    }

    /// One more is counted. The oldest window has the most.
    fn count(&self, windows: &mut Windows, seen: &Seen<'_>, findings: &mut Findings) {
        let expected = self.counted.count;
        windows.count += 1;
        let count = windows.count;
        let is_exceeded = |window: &Window| expected.is_exceeded_by(count - window.before);
        while windows.open.front().is_some_and(is_exceeded)
            && let Some(window) = windows.open.pop_front()
        {
            let opener = format!("packet {}", window.held.finding.packet.unwrap_or_default());
            let detail = self.detail(count - window.before, &opener);
            let finding = Finding::of_event(RULE, seen, detail);
            findings.add(finding.expected(&self.name), Some(seen));
        }
        let is_settled = |window: &Window| expected.is_settled(count - window.before);
        while windows.open.front().is_some_and(is_settled) {
            windows.open.pop_front();
        }
    }

    fn open(&self, windows: &mut Windows, seen: &Seen<'_>, findings: &mut Findings) {
        if windows.open.len() >= self.most_windows {
            windows.open.pop_front();
            if !std::mem::replace(&mut windows.is_told, true) {
                let rule = CheckRule::Capture(CaptureRule::LimitReached);
                let detail = format!(
                    "more than {} events wait for what is expected after them; the oldest are forgotten",
                    self.most_windows
                );
                let finding = Finding::of_event(rule, seen, detail);
                findings.add(finding.expected(&self.name), Some(seen));
            }
        }
        windows.open.push_back(Window {
            since: windows.now,
            before: windows.count,
            held: findings.hold(Finding::of_event(RULE, seen, String::new()), seen).into(),
        });
    }

    fn end(&self, mut windows: Windows, findings: &mut Findings) {
        while let Some(window) = windows.open.pop_front() {
            self.close(window, windows.count, findings);
        }
    }
}

impl Judge for AfterJudge {
    fn event(&mut self, seen: &Seen<'_>, findings: &mut Findings) {
        let is_counted = seen.look.selects(self.counted.filter);
        let is_opened = seen.look.selects(self.trigger.filter);
        if !is_counted && !is_opened {
            return;
        }
        let key = match self.counted.scope {
            Scope::Capture => 0,
            // Of a refused handshake nothing more comes.
            Scope::Connection if seen.connection.is_refused => return,
            Scope::Connection => seen.connection.id,
        };
        let Some(time) = seen.event.origin.time else {
            self.no_times.tell(ExpectationRule::Expect, &self.name, seen, findings);
            return;
        };
        let mut windows = match self.windows.remove(&key) {
            Some(windows) => windows,
            None if is_opened => Windows::new(time),
            None => return,
        };
        // Clocks are set back, and packets of several captures are not quite in order.
        windows.now = windows.now.max(time);
        self.advance(&mut windows, findings);
        if is_counted {
            self.count(&mut windows, seen, findings);
        }
        if is_opened {
            self.has_judged = true;
            self.open(&mut windows, seen, findings);
        }
        // Most connections have no window open most of the time, and take no room then.
        if !windows.open.is_empty() || windows.is_told {
            self.windows.insert(key, windows);
        }
    }

    fn ended(&mut self, connection: &Opened, findings: &mut Findings) {
        if self.counted.scope == Scope::Connection
            && let Some(windows) = self.windows.remove(&connection.id)
        {
            self.end(windows, findings);
        }
    }

    fn finish(&mut self, _last: Option<Timestamp>, findings: &mut Findings) {
        // Those of connections have ended with them.
        if let Some(windows) = self.windows.remove(&0) {
            self.end(windows, findings);
        }
        if !self.has_judged {
            let unused = CheckRule::Expectation(ExpectationRule::UnusedExpectation);
            let finding = Finding::of_capture(unused, "nothing came that `after` selects");
            findings.add(finding.expected(&self.name), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::check::expectations::count::Count;
    use crate::check::testing::{Traffic, details, expectation};
    use crate::filter::FilterSet;
    use crate::types::EndState;

    /// What is found where after each `{"t":1}`, within 10 ms, `{"t":2}` is counted.
    fn found(traffic: &Traffic, scope: Scope, count: &str, most_windows: usize) -> Vec<String> {
        let mut filters = FilterSet::default();
        let filter = filters.filter("json.t == 2").unwrap();
        let counted = Counted { filter, count: Count::parse(count).unwrap(), scope };
        let filter = filters.filter("json.t == 1").unwrap();
        let trigger = Trigger { filter, within: Duration::from_millis(10) };
        let judge = AfterJudge::new(expectation(), counted, trigger, most_windows);
        details(&traffic.judged(filters, judge))
    }

    /// A connection in which each `t` comes so many milliseconds after its start.
    fn sent(messages: &[(u8, i64)]) -> Traffic {
        let opened = Traffic::new().open(0, "/");
        messages.iter().fold(opened, |traffic, (t, milliseconds)| {
            traffic.at(*milliseconds).client(0, &format!("{{\"t\":{t}}}"))
        })
    }

    const SCOPES: [Scope; 2] = [Scope::Capture, Scope::Connection];

    #[test]
    fn a_window_ends_with_its_time() {
        for scope in SCOPES {
            let words = scope.words();
            assert!(found(&sent(&[(1, 0), (2, 10)]), scope, ">= 1", 9).is_empty());
            let late = found(&sent(&[(1, 0), (2, 11)]), scope, ">= 1", 9);
            let few =
                format!("2: 0 events came{words} within 10ms after this, expected at least 1");
            assert_eq!(late, [few.as_str()]);
            // What came before does not count; nor does the end of the capture wait.
            assert_eq!(found(&sent(&[(2, 0), (1, 0)]), scope, ">= 1", 9).len(), 1);
        }
    }

    #[test]
    fn each_window_has_its_own_count() {
        let traffic = sent(&[(1, 0), (2, 1), (1, 2), (2, 3), (2, 11)]);
        assert!(found(&traffic, Scope::Capture, "2", 9).is_empty());
        let many = found(&traffic, Scope::Capture, "1", 9);
        assert_eq!(
            many,
            [
                "5: 2 events came within 10ms after packet 2, expected exactly 1",
                "6: 2 events came within 10ms after packet 4, expected exactly 1",
            ]
        );
        let few = found(&traffic, Scope::Capture, ">= 3", 9);
        assert_eq!(
            few,
            [
                "2: 2 events came within 10ms after this, expected at least 3",
                "4: 2 events came within 10ms after this, expected at least 3",
            ]
        );
    }

    #[test]
    fn in_the_same_connection_or_in_any() {
        let traffic = Traffic::new()
            .open(0, "/")
            .open(1, "/")
            .client(0, "{\"t\":1}")
            .client(1, "{\"t\":2}")
            .end(0, EndState::Closed);
        assert!(found(&traffic, Scope::Capture, "1", 9).is_empty());
        let few = "3: 0 events came in this connection within 10ms after this, expected exactly 1";
        assert_eq!(found(&traffic, Scope::Connection, "1", 9), [few]);
        // In the capture a window outlives its connection.
        let after = Traffic::new()
            .open(0, "/")
            .client(0, "{\"t\":1}")
            .end(0, EndState::Closed)
            .open(1, "/")
            .client(1, "{\"t\":2}");
        assert!(found(&after, Scope::Capture, "1", 9).is_empty());
    }

    #[test]
    fn windows_are_bounded_and_told_once() {
        let traffic = sent(&[(1, 0), (1, 1), (1, 2), (1, 3), (2, 4), (2, 4)]);
        let many = found(&traffic, Scope::Connection, "1", 2);
        assert_eq!(many.len(), 3, "{many:?}");
        assert!(many[0].starts_with("4: more than 2 events wait"), "{many:?}");
        assert!(many[1].contains("after packet 4"), "{many:?}");
        // Those that are settled take no room.
        let settled = sent(&[(1, 0), (2, 0), (1, 1), (2, 1), (1, 2), (2, 2)]);
        assert!(found(&settled, Scope::Connection, ">= 1", 1).is_empty());
    }

    #[test]
    fn what_has_no_window_open_takes_no_room() {
        let mut filters = FilterSet::default();
        let filter = filters.filter("json.t == 2").unwrap();
        let counted = Counted { filter, count: Count::SOME, scope: Scope::Connection };
        let filter = filters.filter("json.t == 1").unwrap();
        let trigger = Trigger { filter, within: Duration::from_millis(10) };
        let judge = AfterJudge::new(expectation(), counted, trigger, 9);
        let traffic = sent(&[(1, 0), (2, 1)]).open(1, "/").client(1, "{\"t\":1}");
        assert_eq!(traffic.kept(filters, judge, |judge| judge.windows.len()), 1);
    }

    #[test]
    fn what_opens_no_window_is_told_and_so_are_missing_times() {
        let unused = ["nothing came that `after` selects"];
        assert_eq!(found(&sent(&[(2, 0)]), Scope::Capture, ">= 1", 9), unused);
        let traffic = Traffic::new().without_times().open(0, "/").client(0, "{\"t\":1}");
        let wrong = found(&traffic, Scope::Capture, ">= 1", 9);
        assert!(wrong[0].starts_with("2: the capture has no time here"), "{wrong:?}");
    }

    /// The same, by going through all messages for each window.
    fn expected(messages: &[(u8, i64)], least: usize, most: usize) -> usize {
        let opens = messages.iter().enumerate().filter(|(_, (t, _))| *t == 1);
        let counts = opens.map(|(index, (_, since))| {
            let after = messages[index + 1..].iter();
            after.filter(|(t, time)| *t == 2 && time - since <= 10).count()
        });
        counts.filter(|count| !(least..=most).contains(count)).count()
    }

    proptest! {
        #[test]
        fn each_window_is_judged_once(
            steps in prop::collection::vec((1..4_u8, 0..6_i64), 1..40),
            least in 0..3_usize,
            more in 0..3_usize,
        ) {
            let mut time = 0;
            let messages: Vec<(u8, i64)> = steps
                .into_iter()
                .map(|(t, later)| {
                    time += later;
                    (t, time)
                })
                .collect();
            prop_assume!(messages.iter().any(|(t, _)| *t == 1));
            let most = least + more;
            let count = format!("{least}..{most}");
            for scope in SCOPES {
                let found = found(&sent(&messages), scope, &count, 100);
                prop_assert_eq!(found.len(), expected(&messages, least, most), "{:?}", found);
            }
        }
    }
}

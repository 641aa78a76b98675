//! For people.
//!
//! ```text
//! ✗ accept-mismatch  #0  ws://localhost:8888/chat  packet 5  06:54:46.729250  server
//!     The response has Sec-WebSocket-Accept "…"; the key demands "…".
//!     RFC 6455 §4.2.2
//!
//! wsdump check --explain accept-mismatch tells more
//!
//! failed: 1 error; 1 connection, 4 messages
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::HumanOptions;
use super::harmless::harmless;
use super::reference;
use crate::check::finding::{Finding, Place};
use crate::check::rule::CheckRule;
use crate::check::verdict::{Expectation, Verdict};
use crate::output::style::{self, BOLD, DIM, GOOD, PLAIN};
use crate::output::{Page, Spool, Stamps, TimeForm, grouped};
use crate::types::Severity;

/// Findings of one rule, or of one expectation, that are shown.
const MOST: u64 = 20;

/// Columns before what tells more of a finding, and of the continuation of a line.
const INDENT: usize = 4;

pub(super) fn render(verdict: &Verdict, options: &HumanOptions) -> Vec<u8> {
    let mut out = Spool::default();
    let mut human = Human {
        options,
        stamps: Stamps::new(TimeForm::TimeOfDay, &options.zone),
        by_rule: BTreeMap::new(),
        by_expectation: BTreeMap::new(),
        out: &mut out,
    };
    human.findings(verdict);
    if !options.quiet {
        human.hints(verdict);
        human.summary(verdict);
    }
    out.into_bytes()
}

struct Human<'o> {
    options: &'o HumanOptions,
    stamps: Stamps,
    /// How many are shown of each rule, and of each expectation by its number.
    by_rule: BTreeMap<&'static str, u64>,
    by_expectation: BTreeMap<usize, u64>,
    out: &'o mut Spool,
}

impl Human<'_> {
    fn findings(&mut self, verdict: &Verdict) {
        for finding in verdict.shown() {
            if self.is_among_first(finding) {
                self.finding(finding);
            }
        }
        self.more(verdict);
    }

    /// Whether there were few of its rule, or its expectation, before it.
    fn is_among_first(&mut self, finding: &Finding) -> bool {
        let by_rule = self.by_rule.entry(finding.rule.name()).or_default();
        let expectation = finding.expectation.as_ref();
        let by_expectation = expectation
            .map(|expectation| self.by_expectation.entry(expectation.number).or_default());
        let before = by_expectation.as_deref().unwrap_or(by_rule);
        let is_first = *before < MOST;
        if is_first {
            *by_rule += 1;
            by_expectation.into_iter().for_each(|count| *count += 1);
        }
        is_first
    }

    fn finding(&mut self, finding: &Finding) {
        self.title(finding);
        let width = self.options.width;
        let detail = fitted(&finding.detail, width);
        self.below(|page| {
            page.put(PLAIN, &detail);
        });
        if let Some(path) = finding.path.as_deref().filter(|path| !path.is_empty()) {
            let path = format!("at {}", fitted(path, width));
            self.below(|page| {
                page.put(PLAIN, &path);
            });
        }
        if let Some(head) = finding.head.as_deref().filter(|head| !head.is_empty()) {
            let (head, color) = (fitted(head, width), style::side(finding.from));
            self.below(|page| {
                page.put(color, "│ ");
                page.put(PLAIN, &head);
            });
        }
        if let Some(reference) = reference::of(finding) {
            self.below(|page| {
                page.put(DIM, &reference);
            });
        }
    }

    /// The line that a finding begins with.
    fn title(&mut self, finding: &Finding) {
        let (sign, color) = style::severity(finding.severity);
        let time = finding.time.map(|time| self.stamps.text(Some(time)));
        let mut page = Page::new(self.out, self.options.width, self.options.color);
        page.begin(0, INDENT);
        page.put(color, sign);
        page.put(PLAIN, " ");
        let name = finding.expectation.as_ref().map(|expectation| &*expectation.name);
        match name {
            Some(name) if says_rule(name, finding.rule.name()) => {
                page.put(color, &harmless(name));
            }
            Some(name) => {
                page.put(color, finding.rule.name());
                page.part();
                page.put(BOLD, &harmless(name));
            }
            None => {
                page.put(color, finding.rule.name());
            }
        }
        if let Some(place) = &finding.connection {
            put_place(&mut page, place, self.options.width);
        }
        if let Some(packet) = finding.packet {
            page.part();
            page.put(PLAIN, &format!("packet {packet}"));
        }
        if let Some(time) = time {
            page.part();
            page.put(DIM, &time);
        }
        if let Some(from) = finding.from {
            page.part();
            page.put(style::side(Some(from)), &from.to_string());
        }
        page.end();
    }

    /// How many there are of each rule and expectation that are not shown.
    fn more(&mut self, verdict: &Verdict) {
        let mut more: Vec<(String, u64)> = Vec::new();
        for (rule, counts) in &verdict.counts {
            // Expectations have names of their own.
            if !matches!(CheckRule::named(rule), Some(CheckRule::Expectation(_))) {
                let shown = self.by_rule.get(rule).copied().unwrap_or(0);
                more.push(((*rule).to_owned(), counts.shown().saturating_sub(shown)));
            }
        }
        for Expectation { name, rule, findings } in &verdict.expectations {
            let shown = self.by_expectation.get(&name.number).copied().unwrap_or(0);
            let name = match &*name.name {
                name if says_rule(name, rule.name()) => harmless(name),
                name => format!("{} {}", rule.name(), harmless(name)),
            };
            more.push((name, findings.shown().saturating_sub(shown)));
        }
        more.retain(|(_, count)| *count > 0);
        for (name, count) in &more {
            self.line(0, |page| {
                page.put(BOLD, &format!("… and {} more {name}", grouped(*count)));
            });
        }
        if !more.is_empty() {
            self.below(|page| {
                page.put(DIM, "--report json has all that are kept");
            });
        }
    }

    /// How more is told of each rule.
    fn hints(&mut self, verdict: &Verdict) {
        let rules: BTreeSet<&str> = verdict.shown().map(|finding| finding.rule.name()).collect();
        if rules.is_empty() {
            return;
        }
        let hint = match (rules.len(), rules.first()) {
            (1, Some(rule)) => format!("wsdump check --explain {rule} tells more"),
            _ => {
                let rules: Vec<&str> = rules.into_iter().collect();
                format!("wsdump check --explain RULE tells more: {}", rules.join(", "))
            }
        };
        self.out.push(b'\n');
        self.line(0, |page| {
            page.put(DIM, &hint);
        });
        self.out.push(b'\n');
    }

    fn summary(&mut self, verdict: &Verdict) {
        let (word, color) = if verdict.has_failed() {
            ("failed", style::severity(Severity::Error).1)
        } else {
            ("passed", GOOD)
        };
        let rest = summary(verdict);
        self.line(0, |page| {
            page.put(color, word);
            page.put(PLAIN, &format!(": {rest}"));
        });
    }

    /// A line below a finding's title.
    fn below(&mut self, put: impl FnOnce(&mut Page<'_>)) {
        self.line(INDENT, put);
    }

    fn line(&mut self, indent: usize, put: impl FnOnce(&mut Page<'_>)) {
        let mut page = Page::new(self.out, self.options.width, self.options.color);
        page.begin(indent, INDENT);
        page.break_between_words();
        put(&mut page);
        page.end();
    }
}

fn put_place(page: &mut Page<'_>, place: &Place, width: Option<usize>) {
    page.part();
    page.put(style::connection(&place.connection), &format!("#{}", place.connection));
    page.part();
    match &place.url {
        Some(url) => page.put(PLAIN, &fitted(url, width)),
        None => page.put(PLAIN, &place.connection.server.to_string()),
    };
    if let Some(file) = &place.file {
        page.part();
        page.put(DIM, &harmless(file));
    }
}

/// Whether an expectation's name begins with its rule's, as those do that the file
/// does not name: `forbid 2`, `limits message_size`. Once is enough.
fn says_rule(name: &str, rule: &str) -> bool {
    name.strip_prefix(rule).is_some_and(|rest| rest.starts_with(' '))
}

/// Text from the wire, in a form for a log; where lines have a width, no more of it
/// than fills some of them, so that nobody has to scroll past a URL or a header.
fn fitted(text: &str, width: Option<usize>) -> String {
    const MOST_LINES: usize = 4;
    let mut text = harmless(text);
    let most = width.map_or(usize::MAX, |width| width.saturating_mul(MOST_LINES));
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// What was found, and in how much.
fn summary(verdict: &Verdict) -> String {
    let severities = verdict.severities;
    let totals = verdict.totals();
    let found = [
        (severities.errors, "error"),
        (severities.warnings, "warning"),
        (severities.notes, "note"),
    ];
    let mut told: Vec<String> = found
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, of)| plural(*count, of))
        .collect();
    for (count, what) in
        [(totals.allowed, "allowed"), (totals.known, "known"), (verdict.gone, "gone")]
    {
        if count > 0 {
            told.push(format!("{} {what}", grouped(count)));
        }
    }
    let judged = format!(
        "{} and {} judged by {}",
        plural(verdict.connections, "connection"),
        plural(verdict.messages, "message"),
        plural(rules(), "rule"),
    );
    let mut parts = Vec::new();
    if !told.is_empty() {
        parts.push(told.join(", "));
    }
    parts.push(judged + &expectations(&verdict.expectations));
    parts.join("; ")
}

fn expectations(expectations: &[Expectation]) -> String {
    let met = expectations.iter().filter(|expectation| expectation.is_met()).count();
    match expectations.len() {
        0 => String::new(),
        all => format!(", {met} of {} met", plural(all as u64, "expectation")),
    }
}

/// Rules that every capture is judged by.
fn rules() -> u64 {
    CheckRule::all().filter(|rule| !matches!(rule, CheckRule::Expectation(_))).count() as u64
}

fn plural(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

//! Tells what differs, as a diff of code does.

use anstyle::{AnsiColor, Style};

use super::compare::{Alone, Comparison, Counts, Difference, Hunk, Line, Pair};
use super::fields::{Field, Fields};
use super::recording::What;
use super::rules::Rules;
use crate::output::{Spool, escaped, grouped};

/// How differences are told.
#[derive(Clone, Debug)]
pub struct ReportOptions {
    /// Names of the old capture and of the new one.
    pub names: [String; 2],
    /// With colours.
    pub color: bool,
    /// Without what is ignored, and how much was compared.
    pub quiet: bool,
}

const HEADER: Style = Style::new().bold();
const CONNECTION: Style = AnsiColor::Cyan.on_default();
const OLD: Style = AnsiColor::Red.on_default();
const NEW: Style = AnsiColor::Green.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();
const CONTEXT: Style = Style::new().dimmed();
const PLAIN: Style = Style::new();

/// Writes what differs at the end of `out`.
pub fn write(comparison: &Comparison, rules: &Rules, options: &ReportOptions, out: &mut Spool) {
    let mut page = Page { out, color: options.color };
    if !options.quiet {
        page.line(CONTEXT, &ignoring(rules));
    }
    let told = comparison.pairs.len() + comparison.missing.len() + comparison.added.len();
    if told > 0 {
        let [old, new] = &options.names;
        page.line(HEADER, &format!("--- {}", escaped(old)));
        page.line(HEADER, &format!("+++ {}", escaped(new)));
    }
    for pair in &comparison.pairs {
        page.pair(pair);
    }
    for (sign, style, alone) in [('-', OLD, &comparison.missing), ('+', NEW, &comparison.added)] {
        for alone in alone {
            page.alone(sign, style, alone);
        }
    }
    for line in unsaid(comparison) {
        page.line(PLAIN, &line);
    }
    if options.quiet {
        return;
    }
    for line in notes(comparison) {
        page.line(PLAIN, &line);
    }
    page.line(PLAIN, &summary(comparison));
}

/// What is not compared, and how it would be.
fn ignoring(rules: &Rules) -> String {
    let own: Vec<String> = rules.ignored().map(|path| escaped(&path.to_string())).collect();
    let mut ignored = if rules.has_defaults() {
        "ignoring ids that are renamed, times, durations and heartbeats \
         (--no-default-ignores compares them, too)"
            .to_owned()
    } else {
        "ignoring pings and pongs".to_owned()
    };
    if !own.is_empty() {
        ignored.push_str("; and ");
        ignored.push_str(&own.join(", "));
    }
    ignored
}

/// What there may be or is beside what was told.
fn unsaid(comparison: &Comparison) -> Vec<String> {
    let Counts { untold, uncompared, .. } = comparison.counts;
    let mut notes = Vec::new();
    if untold > 0 {
        let untold = counted(untold, "more difference");
        notes.push(format!("{untold} not shown (--limit findings=N shows more)"));
    }
    if uncompared > 0 {
        let uncompared = counted(uncompared, "message");
        notes.push(format!("{uncompared} not compared (--limit compared=SIZE compares more)"));
    }
    notes
}

/// How it was compared.
fn notes(comparison: &Comparison) -> Vec<String> {
    let unkept = comparison.counts.unkept;
    let mut notes = Vec::new();
    for (is_empty, which) in comparison.is_empty.into_iter().zip(["first", "second"]) {
        if is_empty {
            notes.push(format!("the {which} capture has no WebSocket connection to compare"));
        }
    }
    if unkept > 0 {
        let unkept = counted(unkept, "message");
        notes.push(format!(
            "{unkept} compared as a whole, ids there not followed (--limit compared=SIZE keeps more)"
        ));
    }
    notes
}

/// How much was compared, and how much differs.
fn summary(comparison: &Comparison) -> String {
    let counts = comparison.counts();
    let connections = counted(counts.connections, "connection");
    if !comparison.has_differences() {
        let messages = counted(counts.messages, "message");
        let partial = match counts.partial {
            0 => String::new(),
            1 => ", 1 of them only as far as it is known".to_owned(),
            partial => format!(", {} of them only as far as they are known", grouped(partial)),
        };
        return format!("no difference: {connections} and {messages} compared{partial}");
    }
    let mut parts = Vec::new();
    let mut differences = 0;
    for (count, what) in [
        (counts.changed, "changed"),
        (counts.moved, "moved"),
        (counts.missing, "missing"),
        (counts.added, "added"),
    ] {
        if count > 0 {
            parts.push(format!("{} {what}", grouped(count)));
        }
        differences += count;
    }
    for (count, what) in
        [(counts.connections_missing, "missing"), (counts.connections_added, "added")]
    {
        if count > 0 {
            parts.push(format!("{} {what}", counted(count, "connection")));
        }
        differences += count;
    }
    let differences = counted(differences, "difference");
    format!("{connections} compared, {differences}: {}", parts.join(", "))
}

fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(count))
}

struct Page<'o> {
    out: &'o mut Spool,
    color: bool,
}

impl Page<'_> {
    /// Writes a line that is fit for a terminal.
    fn line(&mut self, style: Style, text: &str) {
        if self.color && style != PLAIN {
            let line = format!("{style}{text}{style:#}\n");
            self.out.extend_from_slice(line.as_bytes());
        } else {
            self.out.extend_from_slice(text.as_bytes());
            self.out.push(b'\n');
        }
        self.out.relieve();
    }

    fn pair(&mut self, pair: &Pair) {
        let url = pair.url.as_deref().unwrap_or("handshake not in the capture");
        self.line(CONNECTION, &format!("@@ #{} ↔ #{} {url} @@", pair.old, pair.new));
        for hunk in &pair.hunks {
            self.hunk(hunk);
        }
    }

    fn alone(&mut self, sign: char, style: Style, alone: &Alone) {
        let url = alone.url.as_deref().unwrap_or("handshake not in the capture");
        let messages = counted(alone.messages as u64, "message");
        self.line(CONNECTION, &format!("@@ #{} {url} @@", alone.name));
        let answer = alone.answer.as_deref().filter(|answer| !answer.is_empty());
        let answer = answer.map_or_else(String::new, |answer| format!("{answer}, "));
        self.line(style, &format!("{sign} connection, {answer}{messages}"));
    }

    fn hunk(&mut self, hunk: &Hunk) {
        if let Some(context) = &hunk.context {
            self.line(CONTEXT, &format!("  {}", told(context)));
        }
        let (sign, style, word) = match hunk.difference {
            Difference::Changed => ('!', CHANGED, ""),
            Difference::Moved => ('~', CHANGED, "moved: "),
            Difference::Missing => ('-', OLD, ""),
            Difference::Added => ('+', NEW, ""),
        };
        self.line(style, &format!("{sign} {word}{}", told(&hunk.line)));
        self.fields(&hunk.fields);
        if hunk.is_unkept {
            self.line(PLAIN, "    what differs was not kept (--limit compared=SIZE keeps more)");
        }
    }

    fn fields(&mut self, fields: &Fields) {
        for field in &fields.fields {
            let Field { path, line, old, new, is_wrong_id } = field;
            let path = escaped(path);
            let place = match line {
                Some(line) => format!("{path}, line {line}"),
                None => path,
            };
            let why = if *is_wrong_id { " (stands for another id elsewhere)" } else { "" };
            if let Some(old) = old {
                self.line(OLD, &format!("-   {place}: {old}"));
            }
            if let Some(new) = new {
                self.line(NEW, &format!("+   {place}: {new}{why}"));
            }
        }
        if fields.more > 0 {
            let more = counted(fields.more as u64, "more field");
            self.line(PLAIN, &format!("    {more} differ"));
        }
    }
}

/// A message in one line.
fn told(line: &Line) -> String {
    let what = match line.what {
        What::Handshake => "handshake".to_owned(),
        What::Message(from, opcode) => format!("{from} {opcode}"),
    };
    let packets = match line.packets {
        (Some(old), Some(new)) => format!("packets {old} ↔ {new}"),
        (Some(packet), None) | (None, Some(packet)) => format!("packet {packet}"),
        (None, None) => String::new(),
    };
    let head = &line.head;
    if head.is_empty() {
        format!("{what}, {packets}")
    } else {
        format!("{what}, {packets}: {head}")
    }
}

//! Writes the expectations file.

use std::collections::BTreeSet;

use super::exchanges::{Answered, Exchange, PATHS};
use super::group::{Counted, Group, TypeId};
use super::ledger::Ledger;
use super::message_type::Sender;
use super::place::Place;
use super::quoted::{basic, toml};
use super::round;
use super::traffic::{Latencies, Traffic};
use crate::output::escaped;
use crate::types::text::head;

/// Types of a group that are expected.
const MOST_EXPECTED: usize = 40;

/// Steps of a sequence.
const MOST_STEPS: usize = 12;

/// Fewer than these are no sequence.
const FEWEST_STEPS: usize = 2;

/// Exchanges of a group.
const MOST_EXCHANGES: usize = 20;

/// Messages of a type on one connection of which the number is expected: of more it
/// is mostly chance.
const MOST_COUNTED: u64 = 20;

/// Bytes of a name of somebody else's in a name or a comment.
const LONGEST_NAME: usize = 80;

/// The expectations file that a capture proposes; nothing where it has no connection.
pub(super) fn document(ledger: &Ledger, files: &[String]) -> String {
    if ledger.connections == 0 {
        return String::new();
    }
    let mut document = Document { text: String::new(), names: BTreeSet::new() };
    document.head(ledger, files);
    for (place, group) in &ledger.groups {
        document.group(ledger, place, group);
    }
    document.forbidden(&ledger.traffic);
    document.limits(&ledger.traffic);
    document.text
}

struct Document {
    text: String,
    /// Names that were given, so that each is given once.
    names: BTreeSet<String>,
}

/// A group as it is told.
struct Told<'a> {
    group: &'a Group,
    /// As it is called.
    name: String,
    /// The filter that selects its connections.
    connections: String,
}

impl Told<'_> {
    fn counted(&self, id: TypeId) -> Option<&Counted> {
        self.group.types.get(id.0)
    }

    /// The filter that selects a type among the messages of its group.
    fn within(&self, id: TypeId) -> String {
        self.counted(id).map(|counted| self.group.filter(&counted.message_type)).unwrap_or_default()
    }

    /// The filter that selects a type among all messages.
    fn filter(&self, id: TypeId) -> String {
        format!("{} && {}", self.connections, self.within(id))
    }

    fn type_name(&self, id: TypeId) -> String {
        self.counted(id).map(|counted| counted.message_type.name()).unwrap_or_default()
    }
}

impl Document {
    fn head(&mut self, ledger: &Ledger, files: &[String]) {
        let names: Vec<String> = files.iter().map(|file| shown(file)).collect();
        self.comment(&format!("What wsdump saw in {}: a start, to be edited.", names.join(", ")));
        self.comment(
            "Each [[...]] stands for itself: keep what has to hold, delete what was chance.",
        );
        self.comment("    wsdump check --expect THIS-FILE CAPTURE");
        if ledger.others > 0 {
            self.line("");
            self.comment(&format!(
                "Nothing is said of {}: there are too many paths, or theirs are no plain ones.",
                many(ledger.others, "other connection")
            ));
        }
    }

    fn group(&mut self, ledger: &Ledger, place: &Place, group: &Group) {
        let is_like_another =
            ledger.groups.keys().any(|other| other != place && other.is_like(place));
        let told = Told {
            group,
            name: shown(place.name()),
            connections: place.filter(group.only.as_deref(), is_like_another),
        };
        self.line("");
        self.comment(&format!("---- {}: {}", told.name, many(group.connections, "connection")));
        let types = group.told();
        if group.has_more() || types.len() > MOST_EXPECTED {
            self.comment("There are more types of messages than are told here.");
        }
        for id in types.iter().take(MOST_EXPECTED) {
            self.expect(&told, *id);
        }
        self.sequence(&told, &types);
        for (exchange, answered) in group.exchanges(&types).iter().take(MOST_EXCHANGES) {
            self.reply(&told, exchange, answered);
        }
        self.close_codes(ledger, &told);
    }

    fn expect(&mut self, told: &Told<'_>, id: TypeId) {
        let Some(counted) = told.counted(id) else {
            return;
        };
        let from = counted.message_type.from.name();
        self.table("expect");
        self.name(&format!("{}: {from} sends {}", told.name, shown(&told.type_name(id))));
        self.line(&format!("where = {}", toml(&told.filter(id))));
        let Counted { messages, connections, least, most, is_heartbeat, .. } = *counted;
        let is_everywhere = connections == told.group.connections;
        let range = if least == most { least.to_string() } else { format!("{least}..{most}") };
        if is_everywhere && most <= MOST_COUNTED && !is_heartbeat {
            let count = if least == most { range } else { basic(&range) };
            self.line(&format!("count = {count}"));
        } else {
            let seen = match (is_everywhere, told.group.connections) {
                (true, 1) => many(messages, "message"),
                (true, _) => format!("{} on each connection", range.replace("..", " to ")),
                (false, all) => {
                    format!("{} on {connections} of {all} connections", many(messages, "message"))
                }
            };
            self.line(&format!("count = \">= 1\"  # seen: {seen}"));
        }
        if is_everywhere {
            self.line("per = \"connection\"");
        }
    }

    fn sequence(&mut self, told: &Told<'_>, types: &[TypeId]) {
        let mut steps = told.group.sequence(types);
        if steps.len() < FEWEST_STEPS {
            return;
        }
        let is_cut = steps.len() > MOST_STEPS;
        steps.truncate(MOST_STEPS);
        self.table("sequence");
        self.name(&format!("{}: the first of each type, in order", told.name));
        if is_cut {
            self.comment(&format!("The first {MOST_STEPS} types alone."));
        }
        self.line(&format!("where = {}", toml(&told.connections)));
        self.line("steps = [");
        for id in steps {
            self.line(&format!("    {},", toml(&told.within(id))));
        }
        self.line("]");
    }

    fn reply(&mut self, told: &Told<'_>, exchange: &Exchange, answered: &Answered) {
        let Exchange { request, response, request_path, response_path } = *exchange;
        let path = |path: usize| PATHS.get(path).copied().unwrap_or_default();
        let side = told.counted(request).map(|counted| counted.message_type.from);
        let side = side.unwrap_or(Sender::Client).name();
        self.table("reply");
        self.name(&format!(
            "{}: {side}'s {} is answered by {}",
            told.name,
            shown(&told.type_name(request)),
            shown(&told.type_name(response))
        ));
        self.line(&format!("request = {}", toml(&told.filter(request))));
        self.line(&format!("response = {}", toml(&told.filter(response))));
        let (request, response) = (path(request_path), path(response_path));
        if request == response {
            self.line(&format!("key = \"{request}\""));
        } else {
            self.line(&format!("key = {{ request = \"{request}\", response = \"{response}\" }}"));
        }
        let Some(slowest) = answered.slowest else {
            return;
        };
        if let Some(time) = round::time(slowest) {
            let time = round::written(time.max(round::SHORTEST));
            self.line(&format!(
                "within = \"{time}\"  # the slowest took {}",
                milliseconds(slowest)
            ));
        }
    }

    /// Of a group that has others than all have together.
    fn close_codes(&mut self, ledger: &Ledger, told: &Told<'_>) {
        let codes = &told.group.codes;
        if *codes == ledger.traffic.codes {
            return;
        }
        let Some(sent) = codes.sent() else {
            return;
        };
        let field = "websocket.payload.close.status_code";
        let other = if sent.is_empty() {
            field.to_owned()
        } else {
            format!("any {field} not in {{{sent}}}")
        };
        self.table("forbid");
        self.name(&format!("{}: another close code", told.name));
        self.line(&format!("where = {}", toml(&format!("{} && {other}", told.connections))));
    }

    fn forbidden(&mut self, traffic: &Traffic) {
        self.line("");
        self.comment("---- What never occurred, on any connection");
        if !traffic.has_incomplete {
            self.table("forbid");
            self.name("a message breaks off");
            self.line("where = 'ws.complete == false'");
        }
        if traffic.has_app && !traffic.has_malformed {
            self.table("forbid");
            self.name("a message that its protocol cannot read");
            self.line("where = 'app.malformed'");
        }
    }

    fn limits(&mut self, traffic: &Traffic) {
        self.line("");
        self.comment("---- All connections together, with headroom");
        self.line("");
        self.line("[limits]");
        self.line(&format!(
            "message_size = \"{}\"  # the largest had {}",
            round::size(traffic.largest),
            many(traffic.largest, "byte")
        ));
        let busiest = traffic.busiest;
        if let Some(rate) = round::rate(busiest).filter(|_| busiest > 0) {
            self.line(&format!(
                "messages_per_second = {rate}  # the busiest second had about {busiest}"
            ));
        }
        self.latency(traffic);
        match traffic.codes.all() {
            Some(codes) if !traffic.codes.is_empty() => {
                self.line(&format!("close_codes = [{codes}]"));
            }
            Some(_) => self.comment("close_codes = [1000]  # there was no Close frame"),
            None => self.comment("close_codes = [1000]  # there were too many to list"),
        }
        if let Some(longest) = traffic.longest {
            let nanoseconds = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
            let time = round::time(nanoseconds).map_or("", round::written);
            self.comment(&format!(
                "connection_duration = \"{time}\"  # the longest took {}",
                milliseconds(nanoseconds)
            ));
        }
    }

    fn latency(&mut self, traffic: &Traffic) {
        let percentile = |latencies: &Latencies, percent| latencies.percentile(percent);
        let mut told = Vec::new();
        for (name, percent) in [("p50", 50), ("p95", 95), ("p99", 99), ("max", 100)] {
            // Whether pongs count or not.
            let some = percentile(&traffic.latencies, percent);
            let time = some.max(percentile(&traffic.all_latencies, percent));
            if let (Some(_), Some(time)) = (some, time) {
                let least = if name == "max" { round::SHORTEST } else { 0 };
                told.push(format!("{name} = \"{}\"", round::written(time.max(least))));
            }
        }
        if !told.is_empty() {
            self.line(&format!("latency = {{ {} }}", told.join(", ")));
        }
    }

    fn table(&mut self, kind: &str) {
        self.line("");
        self.line(&format!("[[{kind}]]"));
    }

    /// A name, unless another has it already.
    fn name(&mut self, name: &str) {
        if self.names.insert(name.to_owned()) {
            self.line(&format!("name = {}", basic(name)));
        }
    }

    /// A comment of one line: what of it is somebody else's was made fit for that.
    fn comment(&mut self, text: &str) {
        self.line(&format!("# {text}"));
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}

/// A name of somebody else's, so that it is short and on one line.
fn shown(name: &str) -> String {
    let beginning = head(name, LONGEST_NAME);
    let rest = if beginning.len() < name.len() { "…" } else { "" };
    escaped(&format!("{beginning}{rest}"))
}

fn many(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// Nanoseconds, as people read them.
fn milliseconds(nanoseconds: u64) -> String {
    format!("{}.{:03} ms", nanoseconds / 1_000_000, nanoseconds / 1_000 % 1_000)
}

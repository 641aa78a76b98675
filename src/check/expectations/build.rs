//! From what a file says to what judges.

use std::collections::HashSet;
use std::io;
use std::num::NonZeroU32;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;

use super::after::{AfterJudge, Trigger};
use super::count::Count;
use super::error::{ExpectationError, TIMES};
use super::expect::{Counted, ExpectJudge, Scope};
use super::file::{self, File, NumberOrText, Text, TextOr};
use super::forbid::ForbidJudge;
use super::limits::{LatencyLimits, Limit, LimitsJudge, TrafficLimits};
use super::lines::Lines;
use super::reply::{Exchange, ExchangeKey, ReplyJudge};
use super::schema::{self, Schema};
use super::sequence::{Sequence, SequenceJudge, Step};
use super::written::written;
use crate::check::finding::ExpectationName;
use crate::check::findings::Counts;
use crate::check::judge::Judge;
use crate::check::rule::ExpectationRule;
use crate::check::verdict::Expectation;
use crate::filter::{FilterError, FilterId, FilterSet, ValueId};
use crate::types::units::{parse_size, parse_time};

type Result<T> = std::result::Result<T, ExpectationError>;

/// Makes judges of what a file says.
pub(super) struct Builder<'a> {
    /// The file.
    pub(super) text: &'a str,
    pub(super) filters: &'a mut FilterSet,
    /// Reads the files that it names.
    pub(super) read: &'a dyn Fn(&Path) -> io::Result<String>,
    /// Requests of one connection that wait at once.
    pub(super) most_requests: usize,
    /// What the files before it expect.
    pub(super) before: &'a [Expectation],
}

/// What came of a file.
#[derive(Default)]
pub(super) struct Built {
    pub(super) judges: Vec<Box<dyn Judge>>,
    pub(super) schemas: Vec<Schema>,
    pub(super) list: Vec<Expectation>,
}

/// What of a file is one expectation: a table, of `[limits]` each key.
#[derive(Clone, Copy)]
enum Table<'a> {
    Expect(&'a file::Expect),
    Forbid(&'a file::Forbid),
    Sequence(&'a file::Sequence),
    Reply(&'a file::Reply),
    Schema(&'a file::Schema),
    Limit(Limit),
}

impl Table<'_> {
    fn rule(&self) -> ExpectationRule {
        match self {
            Self::Expect(_) => ExpectationRule::Expect,
            Self::Forbid(_) => ExpectationRule::Forbid,
            Self::Sequence(_) => ExpectationRule::Sequence,
            Self::Reply(_) => ExpectationRule::Reply,
            Self::Schema(_) => ExpectationRule::Schema,
            Self::Limit(_) => ExpectationRule::Limits,
        }
    }

    fn name(&self) -> Option<&Text> {
        match self {
            Self::Expect(table) => table.name.as_ref(),
            Self::Forbid(table) => table.name.as_ref(),
            Self::Sequence(table) => table.name.as_ref(),
            Self::Reply(table) => table.name.as_ref(),
            Self::Schema(table) => table.name.as_ref(),
            Self::Limit(_) => None,
        }
    }
}

/// A table, its number among those of its kind, from 1, and where it begins.
struct Entry<'a> {
    table: Table<'a>,
    number: usize,
    start: usize,
}

impl Entry<'_> {
    fn name(&self) -> String {
        match (self.table.name(), self.table) {
            (Some(name), _) => name.get_ref().clone(),
            (None, Table::Limit(limit)) => {
                format!("{} {}", self.table.rule().name(), limit.name())
            }
            (None, _) => format!("{} {}", self.table.rule().name(), self.number),
        }
    }
}

impl Builder<'_> {
    /// Makes judges of a file that is called `file_name`.
    pub(super) fn build(mut self, file: &File, file_name: &str) -> Result<Built> {
        let entries = entries(file, self.text);
        let limits = file.limits.as_ref().map(|table| limits(&table.get_ref().0));
        check_names(&entries)?;
        let limits = limits.transpose()?;
        let mut named = Vec::new();
        let file: Arc<str> = file_name.into();
        let expected = |expectation: &Expectation| Arc::clone(&expectation.name.name);
        let mut taken: HashSet<Arc<str>> = self.before.iter().map(expected).collect();
        let mut lines = Lines::new(self.text);
        let mut built = Built::default();
        for (index, entry) in entries.iter().enumerate() {
            let (line, column) = lines.place(entry.start);
            let name = ExpectationName {
                number: self.before.len() + index,
                name: own(entry.name(), &mut taken, file_name),
                file: Arc::clone(&file),
                line,
                column,
            };
            let rule = entry.table.rule();
            built.list.push(Expectation { name: name.clone(), rule, findings: Counts::default() });
            match entry.table {
                Table::Expect(table) => built.judges.push(self.expect(name, table)?),
                Table::Forbid(table) => {
                    let filter = self.filter(&table.r#where)?;
                    let text = table.r#where.get_ref();
                    built.judges.push(Box::new(ForbidJudge::new(name, filter, text)));
                }
                Table::Sequence(table) => built.judges.push(self.sequence(name, table)?),
                Table::Reply(table) => built.judges.push(self.reply(name, table)?),
                Table::Schema(table) => built.schemas.push(self.schema(name, table)?),
                Table::Limit(limit) => named.push((limit, name)),
            }
        }
        if let Some(limits) = limits.filter(|_| !named.is_empty()) {
            built.judges.push(Box::new(LimitsJudge::new(named, limits)));
        }
        Ok(built)
    }

    fn expect(&mut self, name: ExpectationName, table: &file::Expect) -> Result<Box<dyn Judge>> {
        let filter = self.filter(&table.r#where)?;
        let count = table.count.as_ref().map_or(Ok(Count::SOME), count)?;
        let scope = table.per.as_ref().map_or(Ok(Scope::Capture), scope)?;
        let counted = Counted { filter, count, scope };
        let within = table.within.as_ref().map(time).transpose()?;
        let Some(after) = &table.after else {
            return Ok(Box::new(ExpectJudge::new(name, counted, within)));
        };
        let filter = self.filter(after)?;
        let Some(within) = within else {
            return Err(ExpectationError::new(after.span(), "after stands without within")
                .label("how long after this?")
                .help("add a time: within = \"2s\""));
        };
        let trigger = Trigger { filter, within };
        Ok(Box::new(AfterJudge::new(name, counted, trigger, self.most_requests)))
    }

    fn sequence(
        &mut self,
        name: ExpectationName,
        table: &file::Sequence,
    ) -> Result<Box<dyn Judge>> {
        let connections = table.r#where.as_ref().map(|filter| self.filter(filter)).transpose()?;
        let steps = table.steps.get_ref();
        if steps.is_empty() {
            return Err(ExpectationError::new(table.steps.span(), "a sequence without steps")
                .label("expected at least one filter"));
        }
        let steps = steps.iter().map(|step| self.step(step)).collect::<Result<Vec<Step>>>()?;
        let sequence = Sequence { steps, is_strict: table.strict, connections };
        Ok(Box::new(SequenceJudge::new(name, sequence)))
    }

    fn step(&mut self, step: &Spanned<TextOr<file::Step>>) -> Result<Step> {
        match step.get_ref() {
            TextOr::Text(filter) => {
                Ok(Step { filter: self.filter_at(filter, step.span())?, within: None })
            }
            TextOr::Table(table) => Ok(Step {
                filter: self.filter(&table.r#where)?,
                within: table.within.as_ref().map(time).transpose()?,
            }),
        }
    }

    fn reply(&mut self, name: ExpectationName, table: &file::Reply) -> Result<Box<dyn Judge>> {
        let exchange = Exchange {
            request: self.filter(&table.request)?,
            response: self.filter(&table.response)?,
            key: table.key.as_ref().map(|key| self.key(key)).transpose()?,
            within: table.within.as_ref().map(time).transpose()?,
        };
        Ok(Box::new(ReplyJudge::new(name, exchange, self.most_requests)))
    }

    fn key(&mut self, key: &Spanned<TextOr<file::Key>>) -> Result<ExchangeKey> {
        match key.get_ref() {
            TextOr::Text(field) => {
                let value = self.value_at(field, key.span())?;
                Ok(ExchangeKey { request: value, response: value })
            }
            TextOr::Table(file::Key { request, response }) => Ok(ExchangeKey {
                request: self.value_at(request.get_ref(), request.span())?,
                response: self.value_at(response.get_ref(), response.span())?,
            }),
        }
    }

    fn schema(&mut self, name: ExpectationName, table: &file::Schema) -> Result<Schema> {
        let selected = self.filter(&table.r#where)?;
        let path = Path::new(table.schema.get_ref());
        let validator = schema::load(path, self.read).map_err(|error| {
            ExpectationError::new(table.schema.span(), one_line(&error.to_string()))
        })?;
        Ok(Schema { name, selected, validator })
    }

    fn filter(&mut self, text: &Text) -> Result<FilterId> {
        self.filter_at(text.get_ref(), text.span())
    }

    fn filter_at(&mut self, value: &str, string: Range<usize>) -> Result<FilterId> {
        self.filters.filter(value).map_err(|error| self.of_filter(error, value, string))
    }

    fn value_at(&mut self, value: &str, string: Range<usize>) -> Result<ValueId> {
        self.filters.value(value).map_err(|error| {
            let error = self.of_filter(error, value, string);
            match path_meant(value) {
                Some(meant) => error.help(format!("in JSON: {meant}")),
                None => error,
            }
        })
    }

    /// The fault of a filter, where it stands in the file.
    fn of_filter(&self, error: FilterError, value: &str, string: Range<usize>) -> ExpectationError {
        let span = written(self.text, string, value, error.span.clone());
        ExpectationError::of_filter(error, span)
    }
}

/// The field that is meant by a way into JSON as other tools write it (`$.id`, `/id`,
/// `id`), or with a slip of the pen (`json..id`).
fn path_meant(written: &str) -> Option<String> {
    let is_foreign = written.starts_with(['$', '/', '.']) || written.contains("..");
    if !is_foreign && written.contains('.') {
        return None;
    }
    let mut keys: Vec<&str> =
        written.split(['$', '/', '.']).filter(|key| !key.is_empty()).collect();
    if keys.first() == Some(&"json") {
        keys.remove(0);
    }
    let is_key =
        |key: &str| key.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    let is_path = !keys.is_empty() && keys.iter().all(|key| is_key(key));
    is_path.then(|| format!("json.{}", keys.join(".")))
}

/// All tables of a file, in its order.
fn entries<'a>(file: &'a File, text: &str) -> Vec<Entry<'a>> {
    let File { expect, forbid, sequence, reply, schema, limits } = file;
    let mut entries = Vec::new();
    add(&mut entries, expect, Table::Expect);
    add(&mut entries, forbid, Table::Forbid);
    add(&mut entries, sequence, Table::Sequence);
    add(&mut entries, reply, Table::Reply);
    add(&mut entries, schema, Table::Schema);
    let keys = limits.iter().flat_map(|table| keys(&table.get_ref().0));
    entries.extend(keys.map(|(limit, value)| Entry {
        table: Table::Limit(limit),
        number: 1,
        start: key_start(text, limit.key(), value),
    }));
    entries.sort_by_key(|entry| entry.start);
    entries
}

fn add<'a, T: 'a>(
    entries: &mut Vec<Entry<'a>>,
    tables: impl IntoIterator<Item = &'a Spanned<file::Table<T>>>,
    table: fn(&'a T) -> Table<'a>,
) {
    entries.extend(tables.into_iter().zip(1..).map(|(spanned, number)| Entry {
        table: table(&spanned.get_ref().0),
        number,
        start: spanned.span().start,
    }));
}

/// The limits that a table has, and where their values begin.
fn keys(table: &file::Limits) -> Vec<(Limit, usize)> {
    fn start<T>(value: Option<&Spanned<T>>) -> Option<usize> {
        value.map(|value| value.span().start)
    }
    let latency = table.latency.as_ref().map(|table| &table.0);
    let of_latency = |time: fn(&file::Latency) -> &Option<Text>| {
        start(latency.and_then(|table| time(table).as_ref()))
    };
    let starts = [
        (Limit::MessageSize, start(table.message_size.as_ref())),
        (Limit::MessagesPerSecond, start(table.messages_per_second.as_ref())),
        (Limit::ConnectionDuration, start(table.connection_duration.as_ref())),
        (Limit::LatencyP50, of_latency(|table| &table.p50)),
        (Limit::LatencyP95, of_latency(|table| &table.p95)),
        (Limit::LatencyP99, of_latency(|table| &table.p99)),
        (Limit::LatencyMax, of_latency(|table| &table.max)),
        (Limit::CompressionRatio, start(table.compression_ratio.as_ref())),
        (Limit::CloseCodes, start(table.close_codes.as_ref())),
    ];
    starts.into_iter().filter_map(|(limit, start)| Some((limit, start?))).collect()
}

/// Where the key of the value at `value` begins; the value itself where the key is
/// not written as it is called.
fn key_start(text: &str, key: &str, value: usize) -> usize {
    let before = text.get(..value).map(str::trim_end);
    let before = before.and_then(|text| text.strip_suffix('='));
    let before = before.map(|text| text.trim_end().trim_end_matches(['"', '\'']));
    before.and_then(|text| text.strip_suffix(key)).map_or(value, str::len)
}

/// A name that no other expectation has: what those of earlier files have is followed by
/// the file's. A baseline and readers of JUnit know an expectation by its name alone.
fn own(mut name: String, taken: &mut HashSet<Arc<str>>, file_name: &str) -> Arc<str> {
    let file = Path::new(file_name).file_name().unwrap_or_default().to_string_lossy();
    while taken.contains(name.as_str()) {
        name = format!("{name} ({file})");
    }
    let name: Arc<str> = name.into();
    taken.insert(Arc::clone(&name));
    name
}

/// Each expectation of a file has a name of its own.
fn check_names(entries: &[Entry<'_>]) -> Result<()> {
    let unnamed = entries.iter().filter(|entry| entry.table.name().is_none());
    let mut names: HashSet<String> = unnamed.map(Entry::name).collect();
    for name in entries.iter().filter_map(|entry| entry.table.name()) {
        let error = |message| ExpectationError::new(name.span(), message);
        if name.get_ref().trim().is_empty() {
            return Err(error("an empty name").help("leave it out, or say what is expected"));
        }
        if !names.insert(name.get_ref().clone()) {
            return Err(error("another expectation has this name"));
        }
    }
    Ok(())
}

fn count(count: &Spanned<NumberOrText>) -> Result<Count> {
    Count::parse(&count.get_ref().0).map_err(|error| {
        ExpectationError::new(count.span(), error.to_string()).label("expected a count").help(
            "counts are 3, \">= 1\", \"> 0\", \"<= 5\", \"< 5\", \"1..5\", \"1..\" and \"..5\"",
        )
    })
}

fn scope(per: &Text) -> Result<Scope> {
    match per.get_ref().as_str() {
        "capture" => Ok(Scope::Capture),
        "connection" => Ok(Scope::Connection),
        _ => Err(ExpectationError::new(per.span(), "nothing is counted per this")
            .label("expected \"connection\" or \"capture\"")),
    }
}

fn time(time: &Text) -> Result<Duration> {
    parse_time(time.get_ref()).ok_or_else(|| {
        ExpectationError::new(time.span(), "this is no time").label("expected a time").help(TIMES)
    })
}

fn limits(table: &file::Limits) -> Result<TrafficLimits> {
    let latency = table.latency.as_ref().map(|table| latency(&table.0)).transpose()?;
    let codes =
        |codes: &Spanned<Vec<Spanned<i64>>>| codes.get_ref().iter().map(close_code).collect();
    Ok(TrafficLimits {
        message_size: table.message_size.as_ref().map(size).transpose()?,
        messages_per_second: table.messages_per_second.as_ref().map(rate).transpose()?,
        connection_duration: table.connection_duration.as_ref().map(time).transpose()?,
        latency: latency.unwrap_or_default(),
        compression_ratio: table.compression_ratio.as_ref().map(ratio).transpose()?,
        close_codes: table.close_codes.as_ref().map(codes).transpose()?,
    })
}

fn latency(table: &file::Latency) -> Result<LatencyLimits> {
    let file::Latency { p50, p95, p99, max } = table;
    let limit = |limit: &Option<Text>| limit.as_ref().map(time).transpose();
    Ok(LatencyLimits { p50: limit(p50)?, p95: limit(p95)?, p99: limit(p99)?, max: limit(max)? })
}

fn size(size: &Spanned<NumberOrText>) -> Result<u64> {
    parse_size(&size.get_ref().0).ok_or_else(|| {
        ExpectationError::new(size.span(), "this is no size")
            .label("expected bytes")
            .help("sizes are 65536, \"64KiB\", \"1MB\"")
    })
}

fn rate(rate: &Spanned<i64>) -> Result<NonZeroU32> {
    u32::try_from(*rate.get_ref()).ok().and_then(NonZeroU32::new).ok_or_else(|| {
        ExpectationError::new(rate.span(), "no number of messages")
            .label(format!("expected 1 to {}", u32::MAX))
    })
}

fn ratio(ratio: &Spanned<f64>) -> Result<f64> {
    let value = *ratio.get_ref();
    if value > 0.0 && value.is_finite() {
        return Ok(value);
    }
    Err(ExpectationError::new(ratio.span(), "no compression ratio")
        .label("expected more than 0: bytes on the wire for each byte after inflating"))
}

/// RFC 6455, Section 7.4: codes below 1000 are not used, nor are there any of more
/// than four digits.
fn close_code(code: &Spanned<i64>) -> Result<u16> {
    let number = u16::try_from(*code.get_ref()).ok().filter(|code| (1000..5000).contains(code));
    number.ok_or_else(|| {
        ExpectationError::new(code.span(), "no close code")
            .label("expected 1000 to 4999; a Close frame without a code has 1005")
    })
}

fn one_line(text: &str) -> String {
    text.lines().collect::<Vec<&str>>().join(" ")
}

//! The numbers as tables for people.

use std::time::Duration;

use super::finding::Found;
use super::grid::{Column, Grid, NOTHING, cell, write_items};
use super::group::{By, CloseKey, Group, GroupKey};
use super::histogram;
use super::ledger::{Ledger, Scope};
use super::open::Open;
use super::traffic::{Compression, Traffic, Ways};
use crate::output::escape::one_line;
use crate::output::spool::Spool;
use crate::output::style::BOLD;
use crate::output::time::span;
use crate::output::wrap::Page;
use crate::output::write::{counted, grouped};
use crate::types::distribution::Distribution;

/// Writes everything that was counted.
pub(super) fn write(
    ledger: &Ledger,
    by: Option<By>,
    color: bool,
    width: Option<usize>,
    out: &mut Spool,
) {
    if ledger.groups.is_empty() {
        return;
    }
    let tables = Tables { ledger, by };
    let heading = |out: &mut Spool, text: &str| {
        let mut page = Page::new(out, width, color);
        page.begin(0, 4);
        page.put(BOLD, text);
        page.end();
    };
    heading(out, tables.title());
    tables.groups().write(width, out);
    out.push(b'\n');
    write_items(width, out, &tables.totals());
    for (title, grid) in [
        ("Messages by type", tables.types()),
        ("Sizes of messages in bytes, without control frames", tables.sizes()),
    ] {
        if !grid.rows.is_empty() {
            out.push(b'\n');
            heading(out, title);
            grid.write(width, out);
        }
    }
    if ledger.all_sizes.client.count() + ledger.all_sizes.server.count() > 0 {
        out.push(b'\n');
        histogram::write(&ledger.all_sizes, width, out);
    }
    for (title, grid) in [
        ("Latencies, from the request to the answer", tables.latencies()),
        ("Errors, violations and what is missing", tables.findings()),
    ] {
        if !grid.rows.is_empty() {
            out.push(b'\n');
            heading(out, title);
            grid.write(width, out);
        }
    }
}

struct Tables<'a> {
    ledger: &'a Ledger,
    by: Option<By>,
}

/// What stands in a row for all that have none of their own.
const OTHERS: &str = "the others";

impl Tables<'_> {
    fn title(&self) -> &'static str {
        match self.by {
            None | Some(By::Connection) => "Connections",
            Some(By::Host) => "Connections by host",
            Some(By::Url) => "Connections by URL",
            Some(By::Protocol) => "Connections by protocol",
        }
    }

    fn groups(&self) -> Grid {
        match self.by {
            None | Some(By::Connection) => self.connections(),
            Some(by) => self.named_groups(by),
        }
    }

    fn connections(&self) -> Grid {
        let mut columns = vec![
            Column::text(0, "#"),
            Column::text(1, "Client"),
            Column::text(1, "Server"),
            Column::elastic(2, "URL"),
            Column::elastic(2, "Protocol"),
            Column::elastic(2, "Close"),
            Column::text(3, "Status"),
            Column::text(3, "Accept"),
        ];
        columns.extend(traffic_columns(4));
        columns.extend([Column::number(6, "Compressed to"), Column::number(6, "Duration")]);
        let groups = self.ledger.groups.iter().filter_map(|(_, group)| {
            let open = group.only.as_deref()?;
            let mut row = vec![
                open.connection.to_string(),
                open.connection.client.to_string(),
                open.connection.server.to_string(),
                cell(open.url.as_deref()),
                cell(protocol(open)),
                close_of(open),
                cell(open.status.map(|status| status.to_string()).as_deref()),
                cell(open.accept.map(|accept| accept.to_string()).as_deref()),
            ];
            row.extend(traffic_cells(&group.traffic));
            row.extend([ratio(group), duration(open.duration())]);
            Some(row)
        });
        let mut rows: Vec<Vec<String>> = groups.collect();
        if let Some(group) = self.ledger.groups.others() {
            let mut row = vec![OTHERS.to_owned(), counted(group.connections, "connection")];
            row.extend(std::iter::repeat_n(NOTHING.to_owned(), 6));
            row.extend(traffic_cells(&group.traffic));
            row.extend([ratio(group), duration(group.longest)]);
            rows.push(row);
        }
        Grid { columns, rows }
    }

    fn named_groups(&self, by: By) -> Grid {
        let mut columns = vec![
            Column::elastic(0, scope_title(by)),
            Column::elastic(0, "Closes"),
            Column::number(1, "Connections"),
            Column::number(1, "refused"),
            Column::elastic(2, "Accept"),
        ];
        columns.extend(traffic_columns(4));
        columns.extend([Column::number(6, "Compressed to"), Column::number(6, "Longest")]);
        let mut groups: Vec<(&GroupKey, &Group)> = self.ledger.groups.iter().collect();
        let messages =
            |group: &Group| group.traffic.client.messages + group.traffic.server.messages;
        // Stable: those of as many messages stay in order of their names.
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(messages(group)));
        let named = groups.into_iter().map(|(key, group)| (name(key), group));
        let others = self.ledger.groups.others().map(|group| (OTHERS.to_owned(), group));
        let rows = named.chain(others).map(|(name, group)| {
            let accepts =
                group.accepts.iter().map(|(name, count)| format!("{} {name}", grouped(*count)));
            let mut row = vec![
                name,
                closes(group),
                grouped(group.connections),
                grouped(group.refused),
                cell(Some(&accepts.collect::<Vec<_>>().join(", "))),
            ];
            row.extend(traffic_cells(&group.traffic));
            row.extend([ratio(group), duration(group.longest)]);
            row
        });
        let rows = rows.collect();
        Grid { columns, rows }
    }

    fn totals(&self) -> Vec<String> {
        let total = &self.ledger.total;
        let traffic = |traffic: Traffic| {
            format!("{}, {}", counted(traffic.messages, "message"), counted(traffic.bytes, "byte"))
        };
        let mut items = vec![counted(total.connections, "connection")];
        if total.refused > 0 {
            items.push(format!("{} refused", grouped(total.refused)));
        }
        items.push(format!("client → {}", traffic(total.traffic.client)));
        items.push(format!("← server {}", traffic(total.traffic.server)));
        if let Some(thousandths) = compression(total).thousandths() {
            items.push(format!("compressed to {}", percent(thousandths)));
        }
        items
    }

    fn types(&self) -> Grid {
        let mut columns = self.scope_columns();
        columns.extend([Column::text(1, "Protocol"), Column::elastic(1, "Type")]);
        columns.extend(traffic_columns(2));
        let mut types: Vec<_> = self.ledger.types.iter().collect();
        types.sort_by(|((scope, key), ways), ((other_scope, other_key), other_ways)| {
            let messages = |ways: &Ways<Traffic>| ways.client.messages + ways.server.messages;
            let is_plain = |protocol: Option<&str>| protocol.is_none();
            scope
                .cmp(other_scope)
                .then(is_plain(key.protocol).cmp(&is_plain(other_key.protocol)))
                .then(key.protocol.cmp(&other_key.protocol))
                .then(messages(other_ways).cmp(&messages(ways)))
        });
        let rows = types.into_iter().map(|((scope, key), traffic)| {
            let mut row = self.scope_cells(scope);
            row.extend([self.protocol_cell(key.protocol), cell(Some(&key.kind))]);
            row.extend(traffic_cells(traffic));
            row
        });
        let others = self.ledger.types.others().map(|traffic| {
            let mut row = self.others_cells();
            row.extend([NOTHING.to_owned(), OTHERS.to_owned()]);
            row.extend(traffic_cells(traffic));
            row
        });
        Grid { columns, rows: rows.chain(others).collect() }
    }

    fn sizes(&self) -> Grid {
        let mut columns = self.scope_columns();
        columns.push(Column::text(1, "From"));
        columns.extend(distribution_columns());
        let scoped =
            self.ledger.sizes.iter().map(|(scope, sizes)| (self.scope_cells(scope), sizes));
        let others = self.ledger.sizes.others().map(|sizes| (self.others_cells(), sizes));
        let all = self.by.is_none().then_some((Vec::new(), &self.ledger.all_sizes));
        let rows = scoped.chain(others).chain(all).flat_map(|(scope, sizes)| {
            [("client", &sizes.client), ("server", &sizes.server)]
                .into_iter()
                .filter(|(_, sizes)| sizes.count() > 0)
                .map(move |(side, sizes)| {
                    let mut row = scope.clone();
                    row.extend([side.to_owned(), grouped(sizes.count())]);
                    row.extend(
                        five(sizes).map(|size| size.map_or_else(|| NOTHING.to_owned(), grouped)),
                    );
                    row
                })
        });
        let rows = rows.collect();
        Grid { columns, rows }
    }

    fn latencies(&self) -> Grid {
        let mut columns = self.scope_columns();
        columns.extend([
            Column::text(1, "Protocol"),
            Column::elastic(1, "Request"),
            Column::elastic(1, "Answer"),
        ]);
        columns.extend(distribution_columns());
        let rows = self.ledger.latencies.iter().map(|((scope, key), latencies)| {
            let mut row = self.scope_cells(scope);
            row.extend([
                self.protocol_cell(key.protocol),
                cell(Some(&key.request)),
                cell(Some(&key.answer)),
            ]);
            (row, latencies)
        });
        let others = self.ledger.latencies.others().map(|latencies| {
            let mut row = self.others_cells();
            row.extend([NOTHING.to_owned(), OTHERS.to_owned(), NOTHING.to_owned()]);
            (row, latencies)
        });
        let rows = rows.chain(others).map(|(mut row, latencies)| {
            row.push(grouped(latencies.count));
            row.extend(five(&latencies.times).map(|time| duration(time.map(Duration::from_nanos))));
            row
        });
        let rows = rows.collect();
        Grid { columns, rows }
    }

    fn findings(&self) -> Grid {
        let mut columns = self.scope_columns();
        columns.extend([
            Column::text(1, "Severity"),
            Column::elastic(2, "What"),
            Column::elastic(2, "Reference"),
            Column::number(3, "Count"),
            Column::below(4, "Bytes", "missing"),
            Column::below(4, "Bytes", "undecoded"),
            Column::below(5, "First", "packet"),
            Column::below(5, "First", "#"),
        ]);
        let found = self.ledger.findings.iter();
        let rows = found.map(|((scope, _), found)| {
            let finding = found.finding;
            let severity = finding.and_then(|finding| finding.severity());
            let mut row = self.scope_cells(scope);
            row.extend([
                cell(severity.map(|severity| severity.to_string()).as_deref()),
                cell(finding.map(|finding| finding.text()).as_deref()),
                cell(finding.and_then(|finding| finding.reference())),
            ]);
            row.extend(found_cells(found));
            row
        });
        let others = self.ledger.findings.others().map(|found| {
            let mut row = self.others_cells();
            row.extend([NOTHING.to_owned(), OTHERS.to_owned(), NOTHING.to_owned()]);
            row.extend(found_cells(found));
            row
        });
        Grid { columns, rows: rows.chain(others).collect() }
    }

    /// The column that says what numbers are told for, where that is not all.
    fn scope_columns(&self) -> Vec<Column> {
        let column = |by| match by {
            By::Connection => Column::text(0, scope_title(by)),
            _ => Column::elastic(0, scope_title(by)),
        };
        self.by.map(column).into_iter().collect()
    }

    fn scope_cells(&self, scope: &Scope) -> Vec<String> {
        self.by
            .map(|_| scope.as_ref().map_or_else(|| NOTHING.to_owned(), name))
            .into_iter()
            .collect()
    }

    /// Not told twice where numbers are told for protocols.
    fn protocol_cell(&self, protocol: Option<&str>) -> String {
        cell(protocol.filter(|_| self.by != Some(By::Protocol)))
    }

    fn others_cells(&self) -> Vec<String> {
        self.by.map(|_| OTHERS.to_owned()).into_iter().collect()
    }
}

fn scope_title(by: By) -> &'static str {
    match by {
        By::Host => "Host",
        By::Url => "URL",
        By::Protocol => "Protocol",
        By::Connection => "#",
    }
}

/// What a group is called.
fn name(key: &GroupKey) -> String {
    match key {
        GroupKey::Named(None) => "none".to_owned(),
        GroupKey::Named(Some(name)) => cell(Some(name)),
        GroupKey::Connection(stream, None, _) => stream.to_string(),
        GroupKey::Connection(stream, Some(h2_stream), _) => format!("{stream}.{h2_stream}"),
    }
}

/// Four columns, in two stacks.
fn traffic_columns(stack: u8) -> [Column; 4] {
    [
        Column::below(stack, "client →", "messages"),
        Column::below(stack, "client →", "bytes"),
        Column::below(stack + 1, "← server", "messages"),
        Column::below(stack + 1, "← server", "bytes"),
    ]
}

fn traffic_cells(ways: &Ways<Traffic>) -> [String; 4] {
    [ways.client.messages, ways.client.bytes, ways.server.messages, ways.server.bytes].map(grouped)
}

fn distribution_columns() -> [Column; 6] {
    [
        Column::number(2, "Count"),
        Column::number(3, "min"),
        Column::number(4, "median"),
        Column::number(5, "90 %"),
        Column::number(6, "99 %"),
        Column::number(7, "max"),
    ]
}

/// The least, the median, what 90 % and 99 % do not exceed, and the greatest.
fn five(distribution: &Distribution) -> [Option<u64>; 5] {
    [
        distribution.min(),
        distribution.percentile(50),
        distribution.percentile(90),
        distribution.percentile(99),
        distribution.max(),
    ]
}

fn found_cells(found: &Found) -> [String; 5] {
    let bytes = |bytes| if bytes == 0 { NOTHING.to_owned() } else { grouped(bytes) };
    [
        grouped(found.count),
        bytes(found.missing_bytes),
        bytes(found.undecoded_bytes),
        grouped(found.packet()),
        found.connection(),
    ]
}

/// The protocol inside, or else the subprotocol.
fn protocol(open: &Open) -> Option<&str> {
    open.protocol.map(|protocol| protocol.name()).or(open.subprotocol.as_deref())
}

/// Who closed a connection first and how, or else how it ended.
fn close_of(open: &Open) -> String {
    match (&open.close, open.state) {
        (Some(close), _) => close_text(close),
        (None, _) if open.is_refused => "refused".to_owned(),
        (None, state) => cell(state.map(|state| state.to_string()).as_deref()),
    }
}

fn close_text(close: &CloseKey) -> String {
    let mut words = Vec::new();
    words.extend(close.by().map(|side| side.to_string()));
    words.extend(close.code.map(|code| code.to_string()));
    words.extend(close.code_name.map(str::to_owned));
    if close.code.is_none() && close.by_server.is_some() {
        words.push("no code".to_owned());
    }
    if words.is_empty() { "no Close".to_owned() } else { words.join(" ") }
}

fn closes(group: &Group) -> String {
    let told = group.closes.iter().map(|(close, count)| {
        let text = close.as_ref().map_or_else(|| OTHERS.to_owned(), close_text);
        format!("{} {}", grouped(*count), one_line(&text))
    });
    let told = told.collect::<Vec<_>>().join(", ");
    if told.is_empty() { NOTHING.to_owned() } else { told }
}

fn compression(group: &Group) -> Compression {
    group.compression.client.plus(group.compression.server)
}

fn ratio(group: &Group) -> String {
    compression(group).thousandths().map_or_else(|| NOTHING.to_owned(), percent)
}

/// Thousandths as per cent.
fn percent(thousandths: u64) -> String {
    format!("{}.{} %", grouped(thousandths / 10), thousandths % 10)
}

fn duration(duration: Option<Duration>) -> String {
    duration.map_or_else(|| NOTHING.to_owned(), span)
}

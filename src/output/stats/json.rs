//! The numbers as one JSON document, as docs/stats.md says.

use std::time::Duration;

use super::finding::{Finding, Found};
use super::group::{By, CloseKey, Group, GroupKey};
use super::ledger::{Latencies, LatencyKey, Ledger, Scope, TypeKey};
use super::open::Open;
use super::traffic::{Compression, Traffic, Ways};
use crate::output::json::{
    key, number, optional_number, optional_text, quoted, seconds, text_field,
};
use crate::output::json_string::string;
use crate::output::spool::Spool;
use crate::output::write::{decimal, digits};
use crate::types::distribution::Distribution;

/// Writes everything that was counted, a row a line.
pub(super) fn write(ledger: &Ledger, by: Option<By>, out: &mut Spool) {
    out.push(b'{');
    if let Some(by) = by {
        out.extend_from_slice(b"\"by\":");
        quoted(out, by.name());
        out.extend_from_slice(b",\n");
    }
    out.extend_from_slice(b"\"total\":{");
    write_group(out, &ledger.total);
    out.push(b'}');
    let others = |out: &mut Spool| out.extend_from_slice(b"\"others\":true");
    let groups = ledger.groups.iter().map(|(key, group)| (Some(key), group));
    table(
        out,
        "groups",
        groups.chain(ledger.groups.others().map(|group| (None, group))),
        |out, (key, group)| match (key, group.only.as_deref()) {
            (None, _) => {
                others(out);
                out.push(b',');
                write_group(out, group);
            }
            (Some(_), Some(open)) => write_connection(out, open, group),
            (Some(key), None) => {
                group_name(out, key);
                out.push(b',');
                write_group(out, group);
            }
        },
    );
    let types = ledger.types.iter().map(|(key, ways)| (Some(key), ways));
    table(
        out,
        "types",
        types.chain(ledger.types.others().map(|ways| (None, ways))),
        |out, (key, ways)| {
            match key {
                None => others(out),
                Some((scope, key)) => write_type(out, scope, key),
            }
            ways_of_traffic(out, ways);
        },
    );
    let all = by.is_none().then_some((Some(&None), &ledger.all_sizes));
    let scoped = ledger.sizes.iter().map(|(scope, sizes)| (Some(scope), sizes));
    let rest = ledger.sizes.others().map(|sizes| (None, sizes));
    table(out, "sizes", scoped.chain(rest).chain(all), |out, (scope, sizes)| {
        match scope {
            None => {
                others(out);
                out.push(b',');
            }
            Some(scope) => {
                if write_scope(out, scope) {
                    out.push(b',');
                }
            }
        }
        out.extend_from_slice(b"\"from_client\":");
        write_sizes(out, &sizes.client);
        key(out, "from_server");
        write_sizes(out, &sizes.server);
    });
    let latencies = ledger.latencies.iter().map(|(key, latencies)| (Some(key), latencies));
    let rest = ledger.latencies.others().map(|latencies| (None, latencies));
    table(out, "latencies", latencies.chain(rest), |out, (key, latencies)| {
        match key {
            None => others(out),
            Some((scope, key)) => write_latency_key(out, scope, key),
        }
        write_latencies(out, latencies);
    });
    let findings = ledger.findings.iter().map(|((scope, _), found)| (Some(scope), found));
    let rest = ledger.findings.others().map(|found| (None, found));
    table(out, "findings", findings.chain(rest), |out, (scope, found)| {
        match scope {
            None => others(out),
            Some(scope) => write_finding(out, scope, found),
        }
        write_found(out, found);
    });
    out.extend_from_slice(b"}\n");
}

/// An array of objects, one a line, as a member that is not the first.
fn table<T>(
    out: &mut Spool,
    name: &str,
    rows: impl Iterator<Item = T>,
    write: impl Fn(&mut Spool, T),
) {
    out.extend_from_slice(b",\n\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":[");
    for (index, row) in rows.enumerate() {
        out.extend_from_slice(if index > 0 { b",\n{" } else { b"\n{" });
        write(out, row);
        out.push(b'}');
    }
    out.push(b']');
}

/// The first member of a group's object.
fn group_name(out: &mut Spool, key: &GroupKey) {
    out.extend_from_slice(b"\"group\":");
    match key {
        GroupKey::Named(Some(name)) => string(out, name),
        GroupKey::Named(None) => out.extend_from_slice(b"null"),
        GroupKey::Connection(stream, None, _) => quoted(out, stream),
        GroupKey::Connection(stream, Some(h2_stream), _) => {
            quoted(out, format_args!("{stream}.{h2_stream}"));
        }
    }
}

/// What a row is told for, if that is not all; tells whether it was written.
fn write_scope(out: &mut Spool, scope: &Scope) -> bool {
    if let Some(key) = scope {
        group_name(out, key);
    }
    scope.is_some()
}

fn write_connection(out: &mut Spool, open: &Open, group: &Group) {
    out.extend_from_slice(b"\"group\":");
    quoted(out, &open.connection);
    number(out, "stream", open.connection.stream);
    optional_number(out, "h2_stream", open.connection.h2_stream.map(u64::from));
    key(out, "client");
    quoted(out, open.connection.client);
    key(out, "server");
    quoted(out, open.connection.server);
    optional_text(out, "url", open.url.as_deref());
    optional_text(out, "subprotocol", open.subprotocol.as_deref());
    optional_text(out, "protocol", open.protocol.map(|protocol| protocol.name()));
    optional_number(out, "status", open.status.map(u64::from));
    if let Some(accept) = open.accept {
        key(out, "accept_status");
        quoted(out, accept);
    }
    if let Some(state) = open.state {
        key(out, "state");
        quoted(out, state);
    }
    if let Some(close) = &open.close {
        key(out, "close");
        out.push(b'{');
        write_close(out, close);
        out.push(b'}');
    }
    optional_seconds(out, "duration", open.duration());
    ways_of_traffic(out, &group.traffic);
    write_compression(out, group);
}

fn write_group(out: &mut Spool, group: &Group) {
    out.extend_from_slice(b"\"connections\":");
    decimal(out, group.connections);
    number(out, "refused", group.refused);
    key(out, "accept_status");
    out.push(b'{');
    for (index, (name, count)) in group.accepts.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        string(out, name);
        out.push(b':');
        decimal(out, *count);
    }
    out.push(b'}');
    key(out, "closes");
    out.push(b'[');
    for (index, (close, count)) in group.closes.iter().enumerate() {
        out.extend_from_slice(if index > 0 { b",{" } else { b"{" });
        out.extend_from_slice(b"\"count\":");
        decimal(out, *count);
        match close {
            None => out.extend_from_slice(b",\"others\":true"),
            Some(close) if close.by_server.is_some() => {
                out.push(b',');
                write_close(out, close);
            }
            Some(_) => {}
        }
        out.push(b'}');
    }
    out.push(b']');
    optional_seconds(out, "longest", group.longest);
    ways_of_traffic(out, &group.traffic);
    write_compression(out, group);
}

/// Members of the first Close frame's object.
fn write_close(out: &mut Spool, close: &CloseKey) {
    out.extend_from_slice(b"\"from\":");
    quoted(out, if close.by_server == Some(true) { "server" } else { "client" });
    optional_number(out, "code", close.code.map(u64::from));
    optional_text(out, "code_name", close.code_name);
}

fn ways_of_traffic(out: &mut Spool, ways: &Ways<Traffic>) {
    for (name, traffic) in [("from_client", &ways.client), ("from_server", &ways.server)] {
        key(out, name);
        out.extend_from_slice(b"{\"messages\":");
        decimal(out, traffic.messages);
        number(out, "bytes", traffic.bytes);
        out.push(b'}');
    }
}

/// Of both sides together, and of each.
fn write_compression(out: &mut Spool, group: &Group) {
    let Ways { client, server } = group.compression;
    let both = client.plus(server);
    let Some(thousandths) = both.thousandths() else {
        return;
    };
    key(out, "compression");
    out.extend_from_slice(b"{\"ratio\":");
    decimal(out, thousandths / 1_000);
    out.push(b'.');
    // Below a thousand, so that three digits tell it.
    out.extend_from_slice(&digits::<3>((thousandths % 1_000) as u32));
    for (name, side) in [("from_client", client), ("from_server", server)] {
        write_side_compression(out, name, side);
    }
    out.push(b'}');
}

fn write_side_compression(out: &mut Spool, name: &str, side: Compression) {
    key(out, name);
    out.extend_from_slice(b"{\"messages\":");
    decimal(out, side.messages);
    number(out, "wire_bytes", side.wire_bytes);
    number(out, "bytes", side.bytes);
    out.push(b'}');
}

fn write_type(out: &mut Spool, scope: &Scope, key: &TypeKey) {
    if write_scope(out, scope) {
        out.push(b',');
    }
    out.extend_from_slice(b"\"type\":");
    string(out, &key.kind);
    optional_text(out, "protocol", key.protocol);
}

fn write_sizes(out: &mut Spool, sizes: &Distribution) {
    out.extend_from_slice(b"{\"count\":");
    decimal(out, sizes.count());
    for (name, value) in percentiles(sizes) {
        optional_number(out, name, value);
    }
    key(out, "histogram");
    out.push(b'[');
    for (index, ((from, to), count)) in sizes.octaves().into_iter().enumerate() {
        out.extend_from_slice(if index > 0 { b",{\"from\":" } else { b"{\"from\":" });
        decimal(out, from);
        number(out, "to", to);
        number(out, "count", count);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
}

fn percentiles(distribution: &Distribution) -> [(&'static str, Option<u64>); 5] {
    [
        ("min", distribution.min()),
        ("median", distribution.percentile(50)),
        ("p90", distribution.percentile(90)),
        ("p99", distribution.percentile(99)),
        ("max", distribution.max()),
    ]
}

fn write_latency_key(out: &mut Spool, scope: &Scope, key: &LatencyKey) {
    if write_scope(out, scope) {
        out.push(b',');
    }
    out.extend_from_slice(b"\"request\":");
    string(out, &key.request);
    text_field(out, "answer", &key.answer);
    optional_text(out, "protocol", key.protocol);
}

fn write_latencies(out: &mut Spool, latencies: &Latencies) {
    number(out, "count", latencies.count);
    for (name, nanoseconds) in percentiles(&latencies.times) {
        optional_seconds(out, name, nanoseconds.map(Duration::from_nanos));
    }
}

fn write_finding(out: &mut Spool, scope: &Scope, found: &Found) {
    if write_scope(out, scope) {
        out.push(b',');
    }
    out.extend_from_slice(b"\"finding\":");
    let Some(finding) = found.finding else {
        return out.extend_from_slice(b"null");
    };
    quoted(out, finding.name());
    if let Finding::Violation(rule) = finding {
        text_field(out, "rule", rule.name());
        key(out, "severity");
        quoted(out, rule.severity());
        text_field(out, "reference", rule.reference());
    }
    if let Finding::NotInflated(reason) = finding {
        key(out, "reason");
        quoted(out, reason);
    }
}

fn write_found(out: &mut Spool, found: &Found) {
    number(out, "count", found.count);
    if found.missing_bytes > 0 {
        number(out, "missing_bytes", found.missing_bytes);
    }
    if found.undecoded_bytes > 0 {
        number(out, "undecoded_bytes", found.undecoded_bytes);
    }
    number(out, "first_packet", found.packet());
    text_field(out, "first_connection", &found.connection());
}

fn optional_seconds(out: &mut Spool, name: &str, duration: Option<Duration>) {
    if let Some(duration) = duration {
        seconds(out, name, duration);
    }
}

//! `--limit NAME=VALUE`.

use std::io::{self, Write};
use std::str::FromStr;
use std::time::Duration;

use anyhow::Result;

use super::SUCCESS;
use crate::types::Limits;
use crate::types::units::{parse_size, parse_time};

/// What `--limit` takes.
#[derive(Clone, Debug)]
pub(super) enum LimitArgument {
    /// `help`
    Help,
    /// `NAME=VALUE`
    Change(Limit),
}

impl FromStr for LimitArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "help" { Ok(Self::Help) } else { text.parse().map(Self::Change) }
    }
}

/// Prints the limits.
pub(super) fn print() -> Result<u8> {
    io::stdout().write_all(list().as_bytes())?;
    Ok(SUCCESS)
}

/// One limit, changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    field: Field,
    value: Value,
}

#[derive(Clone, Copy, Debug)]
enum Value {
    Number(u64),
    Time(Duration),
}

/// Where a limit stands, and what it is measured in.
#[derive(Clone, Copy, Debug)]
enum Field {
    Bytes(fn(&mut Limits) -> &mut usize),
    Count(fn(&mut Limits) -> &mut usize),
    Packets(fn(&mut Limits) -> &mut u64),
    LongBytes(fn(&mut Limits) -> &mut u64),
    Time(fn(&mut Limits) -> &mut Duration),
}

/// Name, place and what it bounds, for every field of [`Limits`].
const LIMITS: &[(&str, Field, &str)] = &[
    (
        "conversations",
        Field::Count(|limits| &mut limits.conversations),
        "TCP conversations remembered at once",
    ),
    (
        "closed-time",
        Field::Time(|limits| &mut limits.closed_time),
        "silence until a conversation that is over is forgotten",
    ),
    (
        "idle-time",
        Field::Time(|limits| &mut limits.idle_time),
        "silence until any conversation is evicted",
    ),
    (
        "reorder",
        Field::Bytes(|limits| &mut limits.reorder),
        "out-of-order data kept for one direction",
    ),
    (
        "reorder-total",
        Field::Bytes(|limits| &mut limits.reorder_total),
        "out-of-order data kept altogether",
    ),
    (
        "grace-packets",
        Field::Packets(|limits| &mut limits.grace_packets),
        "packets until acknowledged bytes count as lost",
    ),
    (
        "grace-time",
        Field::Time(|limits| &mut limits.grace_time),
        "capture time until acknowledged bytes count as lost",
    ),
    ("head", Field::Bytes(|limits| &mut limits.head), "one HTTP request or response head"),
    (
        "pending",
        Field::Bytes(|limits| &mut limits.pending),
        "kept while the other half of a handshake is missing",
    ),
    ("message", Field::Bytes(|limits| &mut limits.message), "kept of one message's payload"),
    (
        "inflated",
        Field::LongBytes(|limits| &mut limits.inflated),
        "what one message may grow to when inflated",
    ),
    (
        "opened",
        Field::Bytes(|limits| &mut limits.opened),
        "what gzip, zlib or zstd inside one message is opened to",
    ),
    ("frame", Field::LongBytes(|limits| &mut limits.frame), "payload of one frame"),
    (
        "memory",
        Field::Bytes(|limits| &mut limits.memory),
        "payloads, inflate windows and queues altogether",
    ),
    (
        "search",
        Field::Bytes(|limits| &mut limits.search),
        "kept of one direction while its next frame is searched for",
    ),
    (
        "requests",
        Field::Count(|limits| &mut limits.requests),
        "requests of one connection that wait for answers",
    ),
    (
        "datagrams",
        Field::Count(|limits| &mut limits.datagrams),
        "fragmented IP datagrams collected at once",
    ),
    ("fragments", Field::Bytes(|limits| &mut limits.fragments), "IP fragments kept altogether"),
    (
        "fragment-time",
        Field::Time(|limits| &mut limits.fragment_time),
        "capture time until a datagram is given up",
    ),
    (
        "held-time",
        Field::Time(|limits| &mut limits.held_time),
        "for which -w lets a packet not decided upon keep others waiting",
    ),
    (
        "held-packets",
        Field::Count(|limits| &mut limits.held_packets),
        "packets that wait so to be written",
    ),
    ("held", Field::Bytes(|limits| &mut limits.held), "packets that wait so, in bytes"),
    (
        "set-aside",
        Field::Bytes(|limits| &mut limits.set_aside),
        "packets that -w keeps for longer until they are decided upon",
    ),
    (
        "findings",
        Field::Count(|limits| &mut limits.findings),
        "findings of a check that are told, the others counted",
    ),
    (
        "compared",
        Field::Bytes(|limits| &mut limits.compared),
        "kept of the messages that `diff` compares",
    ),
];

impl Limit {
    /// Changes the limit.
    pub(super) fn apply(&self, limits: &mut Limits) {
        match (self.field, self.value) {
            (Field::Bytes(field) | Field::Count(field), Value::Number(number)) => {
                *field(limits) = usize::try_from(number).unwrap_or(usize::MAX);
            }
            (Field::Packets(field) | Field::LongBytes(field), Value::Number(number)) => {
                *field(limits) = number;
            }
            (Field::Time(field), Value::Time(time)) => *field(limits) = time,
            // Parsing keeps place and value together.
            (Field::Time(_), Value::Number(_)) | (_, Value::Time(_)) => {}
        }
    }
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or_else(known)?;
        let &(name, field, _) =
            LIMITS.iter().find(|(known, ..)| *known == name).ok_or_else(known)?;
        let value = match field {
            Field::Bytes(_) | Field::LongBytes(_) => parse_size(value).map(Value::Number),
            Field::Count(_) | Field::Packets(_) => value.parse().ok().map(Value::Number),
            Field::Time(_) => parse_time(value).map(Value::Time),
        };
        let example = match field {
            Field::Bytes(_) | Field::LongBytes(_) => "a size such as 65536, 64KiB or 16MiB",
            Field::Count(_) | Field::Packets(_) => "a number",
            Field::Time(_) => "a time such as 100ms, 2s or 24h",
        };
        let value = value.ok_or_else(|| format!("{name} takes {example}"))?;
        Ok(Self { field, value })
    }
}

/// The names, for who misspelled one.
fn known() -> String {
    let names: Vec<&str> = LIMITS.iter().map(|(name, ..)| *name).collect();
    format!("NAME=VALUE, where NAME is one of {}", names.join(", "))
}

/// The limits, what they bound, and their defaults.
fn list() -> String {
    let mut defaults = Limits::default();
    let mut text = String::new();
    for (name, field, what) in LIMITS {
        let default = match field {
            Field::Bytes(field) => show_size(*field(&mut defaults) as u64),
            Field::LongBytes(field) => show_size(*field(&mut defaults)),
            Field::Count(field) => field(&mut defaults).to_string(),
            Field::Packets(field) => field(&mut defaults).to_string(),
            Field::Time(field) => show_time(*field(&mut defaults)),
        };
        text += &format!("{:24} {what}\n", format!("{name}={default}"));
    }
    text
}

fn show_size(bytes: u64) -> String {
    match bytes {
        large if large >= 1 << 30 => format!("{}GiB", large >> 30),
        medium if medium >= 1 << 20 => format!("{}MiB", medium >> 20),
        small => format!("{}KiB", small >> 10),
    }
}

fn show_time(time: Duration) -> String {
    match time.as_millis() {
        ms if ms.is_multiple_of(3_600_000) => format!("{}h", ms / 3_600_000),
        ms if ms.is_multiple_of(1_000) => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_can_be_changed() {
        let mut limits = Limits::default();
        for (changed, (name, field, _)) in LIMITS.iter().enumerate() {
            let value = match field {
                Field::Bytes(_) | Field::LongBytes(_) => "7KiB",
                Field::Count(_) | Field::Packets(_) => "7",
                Field::Time(_) => "7s",
            };
            let before = limits.clone();
            format!("{name}={value}").parse::<Limit>().unwrap().apply(&mut limits);
            assert_ne!(limits, before, "{name}, after {changed} others");
        }
        // As many as the struct has: a field that is added here fails to build.
        let Limits {
            conversations: _,
            closed_time: _,
            idle_time: _,
            reorder: _,
            reorder_total: _,
            grace_packets: _,
            grace_time: _,
            head: _,
            pending: _,
            message: _,
            inflated: _,
            opened: _,
            frame: _,
            memory: _,
            search: _,
            datagrams: _,
            fragments: _,
            fragment_time: _,
            held_time: _,
            held_packets: _,
            held: _,
            set_aside: _,
            requests: _,
            findings: _,
            compared: _,
        } = Limits::default();
        assert_eq!(LIMITS.len(), 25);
    }

    #[test]
    fn defaults_are_shown_as_they_are_typed() {
        for line in list().lines() {
            let limit = line.split_whitespace().next().unwrap();
            let mut limits = Limits::default();
            limit.parse::<Limit>().unwrap().apply(&mut limits);
            assert_eq!(limits, Limits::default(), "{limit}");
        }
    }

    #[test]
    fn what_is_no_limit_is_refused() {
        for wrong in ["nothing", "nothing=1", "head=many", "grace-time=1x", "head=2s"] {
            assert!(wrong.parse::<Limit>().is_err(), "{wrong}");
        }
    }
}

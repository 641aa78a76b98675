//! `--limit NAME=VALUE`.

use std::io::{self, Write};
use std::str::FromStr;
use std::time::Duration;

use anyhow::Result;

use super::SUCCESS;
use crate::types::Limits;

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
#[derive(Clone, Debug)]
pub(super) struct Limit {
    name: &'static str,
    value: Value,
}

#[derive(Clone, Copy, Debug)]
enum Value {
    Number(u64),
    Time(Duration),
}

/// What a limit is measured in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Bytes,
    Count,
    Time,
}

/// Name, unit and what it bounds, for every field of [`Limits`].
const LIMITS: &[(&str, Unit, &str)] = &[
    ("conversations", Unit::Count, "TCP conversations remembered at once"),
    ("reorder", Unit::Bytes, "out-of-order data kept for one direction"),
    ("reorder-total", Unit::Bytes, "out-of-order data kept altogether"),
    ("grace-packets", Unit::Count, "packets until acknowledged bytes count as lost"),
    ("grace-time", Unit::Time, "capture time until acknowledged bytes count as lost"),
    ("head", Unit::Bytes, "one HTTP request or response head"),
    ("pending", Unit::Bytes, "kept while the other half of a handshake is missing"),
    ("message", Unit::Bytes, "kept of one message's payload"),
    ("datagrams", Unit::Count, "fragmented IP datagrams collected at once"),
    ("fragments", Unit::Bytes, "IP fragments kept altogether"),
    ("fragment-time", Unit::Time, "capture time until a datagram is given up"),
];

impl Limit {
    /// Changes the limit.
    pub(super) fn apply(&self, limits: &mut Limits) {
        let size = match self.value {
            Value::Number(number) => usize::try_from(number).unwrap_or(usize::MAX),
            Value::Time(_) => 0,
        };
        match (self.name, self.value) {
            ("conversations", _) => limits.conversations = size,
            ("reorder", _) => limits.reorder = size,
            ("reorder-total", _) => limits.reorder_total = size,
            ("grace-packets", Value::Number(number)) => limits.grace_packets = number,
            ("grace-time", Value::Time(time)) => limits.grace_time = time,
            ("head", _) => limits.head = size,
            ("pending", _) => limits.pending = size,
            ("message", _) => limits.message = size,
            ("datagrams", _) => limits.datagrams = size,
            ("fragments", _) => limits.fragments = size,
            ("fragment-time", Value::Time(time)) => limits.fragment_time = time,
            _ => {}
        }
    }
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or_else(known)?;
        let &(name, unit, _) =
            LIMITS.iter().find(|(known, ..)| *known == name).ok_or_else(known)?;
        let value = match unit {
            Unit::Bytes => parse_size(value).map(Value::Number),
            Unit::Count => value.parse().ok().map(Value::Number),
            Unit::Time => parse_time(value).map(Value::Time),
        };
        let example = match unit {
            Unit::Bytes => "a size such as 65536, 64KiB or 16MiB",
            Unit::Count => "a number",
            Unit::Time => "a time such as 100ms or 2s",
        };
        let value = value.ok_or_else(|| format!("{name} takes {example}"))?;
        Ok(Self { name, value })
    }
}

/// The names, for who misspelled one.
fn known() -> String {
    let names: Vec<&str> = LIMITS.iter().map(|(name, ..)| *name).collect();
    format!("NAME=VALUE, where NAME is one of {}", names.join(", "))
}

/// The limits, what they bound, and their defaults.
fn list() -> String {
    let defaults = Limits::default();
    let mut text = String::new();
    for (name, unit, what) in LIMITS {
        let default = default(&defaults, name);
        let default = match unit {
            Unit::Bytes if default >= 1 << 20 => format!("{}MiB", default >> 20),
            Unit::Bytes => format!("{}KiB", default >> 10),
            Unit::Count => default.to_string(),
            Unit::Time => format!("{default}ms"),
        };
        text += &format!("{:24} {what}\n", format!("{name}={default}"));
    }
    text
}

/// A default: bytes, a number, or milliseconds.
fn default(limits: &Limits, name: &str) -> u128 {
    let size = match name {
        "conversations" => limits.conversations,
        "reorder" => limits.reorder,
        "reorder-total" => limits.reorder_total,
        "head" => limits.head,
        "pending" => limits.pending,
        "message" => limits.message,
        "datagrams" => limits.datagrams,
        "fragments" => limits.fragments,
        "grace-packets" => return limits.grace_packets.into(),
        "grace-time" => return limits.grace_time.as_millis(),
        "fragment-time" => return limits.fragment_time.as_millis(),
        _ => 0,
    };
    size as u128
}

fn parse_size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match text.get(digits.len()..)?.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

fn parse_time(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let number = digits.parse::<u64>().ok()?;
    match text.get(digits.len()..)? {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_can_be_changed() {
        for (name, unit, _) in LIMITS {
            let value = match unit {
                Unit::Bytes => "7KiB",
                Unit::Count => "7",
                Unit::Time => "7s",
            };
            let mut limits = Limits::default();
            format!("{name}={value}").parse::<Limit>().unwrap().apply(&mut limits);
            assert_ne!(limits, Limits::default(), "{name}");
            assert_ne!(default(&limits, name), default(&Limits::default(), name), "{name}");
        }
        // As many as the struct has: a field that is added here fails to build.
        let Limits {
            conversations: _,
            reorder: _,
            reorder_total: _,
            grace_packets: _,
            grace_time: _,
            head: _,
            pending: _,
            message: _,
            datagrams: _,
            fragments: _,
            fragment_time: _,
        } = Limits::default();
        assert_eq!(LIMITS.len(), 11);
    }

    #[test]
    fn sizes_and_times() {
        assert_eq!(parse_size("64KiB"), Some(65536));
        assert_eq!(parse_size("1mb"), Some(1_000_000));
        assert_eq!(parse_size("1x"), None);
        assert_eq!(parse_time("100ms"), Some(Duration::from_millis(100)));
        assert_eq!(parse_time("100"), None);
        for wrong in ["nothing", "nothing=1", "head=many", "grace-time=1"] {
            assert!(wrong.parse::<Limit>().is_err(), "{wrong}");
        }
    }
}

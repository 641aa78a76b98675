//! What values mean where they stand: by the kind of the field.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use ipnet::IpNet;
use jiff::civil::DateTime;
use jiff::fmt::strtime;

use super::decimal::Decimal;
use super::field::{FieldKind, nearest, nearest_of};
use super::language::FilterError;
use super::language::syntax::{Literal, Spanned};
use super::program::JsonValue;
use super::subject::time_number;
use crate::types::Timestamp;

type Result<T> = std::result::Result<T, FilterError>;

/// The numbers that a value stands for: one, or all of a network. `name` is that
/// of the field.
pub(super) fn numbers(
    kind: FieldKind,
    name: &str,
    literal: &Spanned<Literal>,
) -> Result<(u128, u128)> {
    let error = |message: String| FilterError::new(literal.span.clone(), message);
    match kind {
        FieldKind::Boolean => boolean(name, literal).map(|value| (value.into(), value.into())),
        FieldKind::Unsigned(bits) => unsigned(bits, name, literal).map(|value| (value, value)),
        FieldKind::Named(bits, names) => {
            let text = text(&literal.node).to_ascii_lowercase();
            match names.iter().find(|(name, _)| *name == text) {
                Some(&(_, value)) => Ok((value.into(), value.into())),
                None => {
                    unsigned(bits, name, literal).map(|value| (value, value)).map_err(|error| {
                        match nearest_of(&text, names.iter().map(|(name, _)| *name)) {
                            Some(nearest) => error.help(format!("did you mean {nearest}?")),
                            None => error,
                        }
                    })
                }
            }
        }
        FieldKind::Ipv4 => network(name, literal).and_then(|network| match network {
            IpNet::V4(network) => {
                Ok((u32::from(network.network()).into(), u32::from(network.broadcast()).into()))
            }
            IpNet::V6(_) => Err(error(format!("{name} is an IPv4 address, this is IPv6"))
                .help(format!("did you mean {}?", name.replacen("ip.", "ipv6.", 1)))),
        }),
        FieldKind::Ipv6 => network(name, literal).and_then(|network| match network {
            IpNet::V6(network) => Ok((network.network().into(), network.broadcast().into())),
            IpNet::V4(_) => Err(error(format!("{name} is an IPv6 address, this is IPv4"))
                .help(format!("did you mean {}?", name.replacen("ipv6.", "ip.", 1)))),
        }),
        FieldKind::Seconds => {
            let time = seconds(&text(&literal.node)).ok_or_else(|| {
                error(format!("{name} is compared with seconds"))
                    .label("expected a number such as 1545807286.729")
            })?;
            Ok((time_number(time), time_number(time)))
        }
        FieldKind::Time => {
            let time = moment(&text(&literal.node)).ok_or_else(|| {
                error(format!("{name} is compared with a time"))
                    .label("expected one such as \"2026-11-21 07:25:14\", 2026-11-21T07:25:14.5Z or 2026-11-21")
            })?;
            Ok((time_number(time), time_number(time)))
        }
        FieldKind::Label
        | FieldKind::Text
        | FieldKind::Choice(_)
        | FieldKind::Bytes
        | FieldKind::Json => Err(error(format!("{name} is no number"))),
    }
}

/// The text or bytes that a value stands for.
pub(super) fn bytes(kind: FieldKind, name: &str, literal: &Spanned<Literal>) -> Result<Vec<u8>> {
    match (kind, &literal.node) {
        (FieldKind::Bytes, Literal::Word(word)) => hexadecimal(word).ok_or_else(|| {
            FilterError::new(literal.span.clone(), format!("{name} is compared with bytes"))
                .label("expected bytes in hexadecimal such as 7b:22, or text in quotes")
        }),
        (FieldKind::Choice(choices), _) => {
            let text = text(&literal.node);
            if choices.contains(&text.as_str()) {
                return Ok(text.into_bytes());
            }
            let message = format!("{name} is never {text:?}");
            let error = FilterError::new(literal.span.clone(), message);
            let part = || choices.iter().copied().find(|choice| choice.contains(&text));
            Err(match nearest_of(&text, choices.iter().copied()).or_else(part) {
                Some(nearest) => error.help(format!("did you mean {nearest}?")),
                None => error.label(format!("expected {}", one_of(choices))),
            })
        }
        (_, literal) => Ok(raw(literal).to_vec()),
    }
}

/// Says that it is one of these; of very many, the first.
pub(super) fn one_of(choices: &[&str]) -> String {
    const MOST: usize = 12;
    let first = choices.get(..MOST).unwrap_or(choices).join(", ");
    let more = if choices.len() > MOST { ", and so on" } else { "" };
    format!("one of {first}{more}")
}

/// The value of JSON that a value stands for.
pub(super) fn json(literal: &Literal) -> JsonValue {
    let Literal::Word(word) = literal else {
        return JsonValue::Text(raw(literal).to_vec());
    };
    match word.to_ascii_lowercase().as_str() {
        "null" => return JsonValue::Null,
        "true" => return JsonValue::True,
        "false" => return JsonValue::False,
        _ => {}
    }
    let positive = word.strip_prefix('+').unwrap_or(word);
    if Decimal::new(positive.as_bytes()).is_some() {
        return JsonValue::Number(positive.as_bytes().to_vec());
    }
    let (sign, size) = positive.strip_prefix('-').map_or(("", positive), |size| ("-", size));
    match whole(size) {
        Some(Ok(number)) => JsonValue::Number(format!("{sign}{number}").into_bytes()),
        _ => JsonValue::Text(word.as_bytes().to_vec()),
    }
}

/// The bytes of a value as it is written.
pub(super) fn raw(literal: &Literal) -> &[u8] {
    match literal {
        Literal::Word(text) | Literal::Raw(text) => text.as_bytes(),
        Literal::Text(bytes) => bytes,
        Literal::Character(byte) => std::slice::from_ref(byte),
    }
}

/// A value as text, whatever quotes it has.
fn text(literal: &Literal) -> String {
    String::from_utf8_lossy(raw(literal)).into_owned()
}

fn boolean(name: &str, literal: &Spanned<Literal>) -> Result<bool> {
    let text = text(&literal.node).to_ascii_lowercase();
    match (text.as_str(), whole(&text)) {
        ("true", _) => Ok(true),
        ("false", _) => Ok(false),
        // As in Wireshark.
        (_, Some(Ok(number))) => Ok(number != 0),
        _ => Err(FilterError::new(literal.span.clone(), format!("{name} is true or false"))
            .label("expected true, false, 1 or 0")),
    }
}

fn unsigned(bits: u32, name: &str, literal: &Spanned<Literal>) -> Result<u128> {
    let error = |message: String| FilterError::new(literal.span.clone(), message);
    let largest = u64::MAX >> (u64::BITS - bits);
    let number = match &literal.node {
        Literal::Character(byte) => Some(Ok(u128::from(*byte))),
        Literal::Word(word) => whole(word),
        Literal::Text(_) | Literal::Raw(_) => {
            let error = error(format!("{name} is a number"));
            let text = text(&literal.node);
            return Err(match whole(&text) {
                Some(_) => error.label("expected a number without quotes"),
                None => error.label("expected a number"),
            });
        }
    };
    let range = format!("expected a number from 0 to {largest}");
    match number {
        Some(Ok(number)) if number <= u128::from(largest) => Ok(number),
        Some(_) => Err(error(format!("{name} never has this value")).label(range)),
        None => {
            let word = text(&literal.node);
            let is_negative = word.strip_prefix('-').is_some_and(|word| whole(word).is_some());
            let error = match is_negative {
                true => error(format!("{name} is never negative")),
                false => error(format!(
                    "{name} is a number, {word} is neither that nor a field with values"
                )),
            };
            let is_octal = word.starts_with('0') && word.bytes().all(|byte| byte.is_ascii_digit());
            Err(match nearest(&word).filter(|_| word.contains('.')) {
                _ if is_octal => error.label(range).help("a 0 in front makes it octal"),
                Some(nearest) => error.help(format!("did you mean {nearest}?")),
                None => error.label(range),
            })
        }
    }
}

/// A whole number as C writes it: decimal, `0x` hexadecimal, `0` octal, and `0b`
/// binary. `None` when it is none, an error when it is too large.
fn whole(text: &str) -> Option<std::result::Result<u128, ()>> {
    let lower = text.to_ascii_lowercase();
    let (digits, radix) = match lower.as_bytes() {
        [b'0', b'x', ..] => (lower.get(2..)?, 16),
        [b'0', b'b', ..] => (lower.get(2..)?, 2),
        [b'0', _, ..] => (lower.get(1..)?, 8),
        _ => (lower.as_str(), 10),
    };
    let is_number = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    is_number.then(|| u128::from_str_radix(digits, radix).map_err(|_| ()))
}

fn network(name: &str, literal: &Spanned<Literal>) -> Result<IpNet> {
    let text = text(&literal.node);
    let network = match text.split_once('/') {
        Some(_) => text.parse().ok(),
        None => text.parse().ok().map(|address: IpAddr| IpNet::from(address)),
    };
    network.ok_or_else(|| {
        let error =
            FilterError::new(literal.span.clone(), format!("{name} is compared with an address"));
        match text.as_str() {
            "localhost" => error.label("names are not looked up").help(format!(
                "did you mean {}?",
                if name.starts_with("ipv6") {
                    Ipv6Addr::LOCALHOST.to_string()
                } else {
                    Ipv4Addr::LOCALHOST.to_string()
                }
            )),
            _ if name.starts_with("ipv6") => {
                error.label("expected an address or a network, such as ::1 or 2001:db8::/32")
            }
            _ => error.label("expected an address or a network, such as 192.0.2.1 or 10.0.0.0/8"),
        }
    })
}

/// Seconds with up to nine digits behind the point.
fn seconds(text: &str) -> Option<Timestamp> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 9 || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let fraction: i64 = format!("{fraction:0<9}").parse().ok()?;
    let whole: i64 = whole.parse().ok()?;
    let nanoseconds = whole.checked_mul(1_000_000_000)?.checked_add(fraction)?;
    Some(Timestamp::from_nanoseconds(sign * nanoseconds))
}

/// A date, or a date and a time of day, in a zone or in that of the system.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let text = text
        .strip_suffix("UTC")
        .map_or_else(|| text.to_owned(), |text| format!("{}Z", text.trim()));
    let instant = text.parse::<jiff::Timestamp>().ok();
    let nanoseconds = match instant {
        Some(instant) => instant.as_nanosecond(),
        None => {
            let civil = text.parse::<DateTime>().ok().or_else(|| {
                // As tshark prints it.
                strtime::parse("%b %d, %Y %H:%M:%S%.f", &text).ok()?.to_datetime().ok()
            })?;
            let zoned = civil.to_zoned(jiff::tz::TimeZone::system()).ok()?;
            zoned.timestamp().as_nanosecond()
        }
    };
    i64::try_from(nanoseconds).ok().map(Timestamp::from_nanoseconds)
}

/// Bytes as hexadecimal numbers, with or without `:`, `-` or `.` between them.
fn hexadecimal(word: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pair = |part: &[u8]| match part {
        [one] => digit(*one),
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    if word.contains([':', '-', '.']) {
        let parts = word.split([':', '-', '.']);
        return parts.map(|part| pair(part.as_bytes())).collect();
    }
    let bytes = word.as_bytes();
    match bytes {
        [_] => Some(vec![pair(bytes)?]),
        _ if bytes.len().is_multiple_of(2) => bytes.chunks(2).map(pair).collect(),
        _ => None,
    }
}

/// Where two literals stand together.
pub(super) fn both(first: &Range<usize>, last: &Range<usize>) -> Range<usize> {
    first.start..last.end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: FieldKind, text: &str) -> Option<(u128, u128)> {
        let node = Literal::Word(text.to_owned());
        numbers(kind, "field", &Spanned { node, span: 0..text.len() }).ok()
    }

    #[test]
    fn whole_numbers_are_written_as_in_c() {
        let read = |text| read(FieldKind::Unsigned(16), text).map(|(first, _)| first);
        for (text, number) in [
            ("80", 80),
            ("0x50", 80),
            ("0X5f", 95),
            ("0120", 80),
            ("0b101", 5),
            ("0", 0),
            ("65535", 65535),
        ] {
            assert_eq!(read(text), Some(number), "{text}");
        }
        for text in [
            "65536",
            "-1",
            "08",
            "0x",
            "0b2",
            "1.0",
            "x",
            "99999999999999999999999999999999999999999",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_may_be_networks() {
        assert_eq!(read(FieldKind::Ipv4, "10.1.2.3/8"), Some((0x0a00_0000, 0x0aff_ffff)));
        assert_eq!(read(FieldKind::Ipv6, "::1"), Some((1, 1)));
        assert_eq!(read(FieldKind::Ipv4, "::1"), None);
        assert_eq!(read(FieldKind::Ipv4, "10.0.0.0/33"), None);
    }

    #[test]
    fn times() {
        let seconds = |text: &str| seconds(text).map(Timestamp::nanoseconds);
        assert_eq!(seconds("1.5"), Some(1_500_000_000));
        assert_eq!(seconds("-0.000000001"), Some(-1));
        assert_eq!(seconds("1."), Some(1_000_000_000));
        assert_eq!(seconds("1.0000000001"), None);
        assert_eq!(seconds("99999999999999"), None);
        let moment = |text: &str| moment(text).map(Timestamp::nanoseconds);
        for text in
            ["1970-01-01T00:00:01.5Z", "1970-01-01 01:00:01.5+01:00", "1970-01-01 00:00:01.5 UTC"]
        {
            assert_eq!(moment(text), Some(1_500_000_000), "{text}");
        }
        assert!(moment("2026-11-21").is_some() && moment("2026-11-21 07:25").is_some());
        assert!(moment("Nov 21, 2026 07:25:14.873990000").is_some());
        assert_eq!(moment("yesterday"), None);
        assert_eq!(moment("9999-01-01"), None);
    }

    #[test]
    fn words_are_values_of_json() {
        let json = |text: &str| json(&Literal::Word(text.to_owned()));
        let number = |text: &str| JsonValue::Number(text.into());
        for (text, value) in [
            ("5", "5"),
            ("+5", "5"),
            ("-5.50", "-5.50"),
            ("1e400", "1e400"),
            (".5", ".5"),
            ("0x11", "17"),
            ("-0x11", "-17"),
            ("0b101", "5"),
            ("010", "010"),
        ] {
            assert_eq!(json(text), number(value), "{text}");
        }
        assert_eq!(
            [json("null"), json("NULL"), json("True")],
            [JsonValue::Null, JsonValue::Null, JsonValue::True]
        );
        for text in ["5a", "-", "+", "1_000", "x", "-0xg"] {
            assert_eq!(json(text), JsonValue::Text(text.into()), "{text}");
        }
    }

    #[test]
    fn bytes_are_hexadecimal() {
        assert_eq!(hexadecimal("7b:22"), Some(vec![0x7b, 0x22]));
        assert_eq!(hexadecimal("7B-2-ff"), Some(vec![0x7b, 2, 0xff]));
        assert_eq!(hexadecimal("7b22"), Some(vec![0x7b, 0x22]));
        assert_eq!(hexadecimal("7"), Some(vec![7]));
        for text in ["7b2", "7b::22", "g0", "7b2:22", "é"] {
            assert_eq!(hexadecimal(text), None, "{text}");
        }
    }
}

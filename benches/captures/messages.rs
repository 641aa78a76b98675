//! What messages say.

use std::fmt::Write;

use super::random::Random;

const WORDS: &[&str] = &[
    "the",
    "a",
    "of",
    "and",
    "to",
    "in",
    "is",
    "valve",
    "pump",
    "turbine",
    "pressure",
    "reading",
    "sensor",
    "alarm",
    "shift",
    "operator",
    "line",
    "tank",
    "level",
    "above",
    "below",
    "normal",
    "since",
    "restart",
    "planned",
    "checked",
    "by",
    "at",
    "noon",
    "again",
    "replaced",
    "spare",
    "ordered",
    "waiting",
    "for",
    "delivery",
    "temperature",
    "stable",
    "rising",
    "slowly",
];

/// Escapes, other scripts, and characters of two to four bytes.
const RARE: &[&str] = &[
    "Überdruck",
    "température élevée",
    "圧力は正常です",
    "давление",
    "✓ geprüft",
    "🚨 alarm",
    "said \\\"stop\\\"",
    "first line\\nsecond line",
    "C:\\\\logs\\\\today",
    "tab\\tbed",
    "\\u00b0C",
];

const KINDS: &[&str] = &["reading", "notice", "alarm", "state", "comment", "presence"];
const PLACES: &[&str] = &["hall-1", "hall-2", "outdoor", "roof", "basement", "gate"];
const PAIRS: &[&str] = &["EURCHF", "EURUSD", "USDJPY", "GBPUSD", "XAUUSD", "BTCEUR"];

/// Milliseconds since 1970 from which on messages are dated.
const BEGIN: u64 = 1_700_000_000_000;

/// A JSON object of about `size` bytes.
pub(crate) fn json(random: &mut Random, size: usize) -> String {
    let mut text = String::with_capacity(size + 128);
    let (id, when) = (random.number(), BEGIN + random.below(1 << 30) as u64);
    let (kind, place) = (random.pick(KINDS), random.pick(PLACES));
    let unit = random.below(500);
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        r#"{{"kind":"{kind}","id":"{id:016x}","at":{when},"source":{{"place":"{place}","unit":{unit},"ok":{}}},"note":""#,
        !random.one_in(9),
    );
    let is_numeric = random.one_in(3);
    let note = if is_numeric { text.len() + size / 8 } else { size.saturating_sub(40) };
    prose(random, note, &mut text);
    text.push('"');
    if is_numeric {
        text.push_str(r#","values":["#);
        while text.len() + 20 < size {
            let (whole, part) = (random.below(2_000), random.below(100_000));
            let _ = write!(text, "{}{whole}.{part:05},", if whole < 300 { "-" } else { "" });
        }
        text.push_str("0]");
    }
    if random.one_in(2) {
        text.push_str(r#", "reply": null, "tags": [ "a", "b" ]"#);
    }
    text.push('}');
    text
}

/// Words until `text` is as long as `end`.
fn prose(random: &mut Random, end: usize, text: &mut String) {
    loop {
        let words = if random.one_in(40) { RARE } else { WORDS };
        text.push_str(random.pick(words));
        if text.len() >= end {
            return;
        }
        text.push(' ');
    }
}

/// A price, in about 70 bytes of JSON.
pub(crate) fn tick(random: &mut Random) -> String {
    let (pair, price, spread) = (random.pick(PAIRS), random.below(190_000), random.below(30));
    let (volume, when) = (random.below(5_000), BEGIN + random.below(1 << 30) as u64);
    let decimal = |price: usize| format!("{}.{:05}", price / 100_000, price % 100_000);
    let (bid, ask) = (decimal(price), decimal(price + spread));
    if random.one_in(4) {
        format!(r#"["{pair}",{bid},{ask},{volume},{when},[{spread},{}],"quote"]"#, price % 977)
    } else {
        format!(r#"{{"i":"{pair}","b":{bid},"a":{ask},"v":{volume},"t":{when}}}"#)
    }
}

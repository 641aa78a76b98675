//! Values that differ from run to run though nothing has changed, recognised by what
//! they look like and by the key under which they stand.

/// What a value is that varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Varying {
    /// A UUID (RFC 9562 §4), but the two that stand for none.
    Uuid,
    /// Hex, base64 or the like under a key that sounds like an id.
    Token,
    /// A moment from 2000 to 2099 with its date (RFC 3339), or a date under a key that
    /// sounds like a time. Others mostly mean never, or for ever.
    Time,
    /// A moment as HTTP writes it (RFC 9110 §5.6.7).
    HttpTime,
    /// Time since 1970 under a key that sounds like a time, in this unit.
    Epoch(Unit),
    /// What MQTT tells packets by that wait for their answer (§2.2.1); each side has its
    /// own, and uses them again, so that none stands for one and the same.
    PacketId,
    /// A time since 1970 in digits of base 64, in a query.
    Yeast,
    /// A number, or one with a unit, under a key that sounds like a duration.
    Duration,
}

/// Units of times since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

impl Varying {
    /// Whether it names something, so that it has to stand for the same thing
    /// everywhere.
    pub(super) const fn is_id(self) -> bool {
        matches!(self, Self::Uuid | Self::Token)
    }

    /// A name for digests: what shares it is not told apart.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Token => "token",
            Self::Time => "time",
            Self::HttpTime => "http time",
            Self::Yeast => "yeast",
            Self::PacketId => "packet id",
            Self::Epoch(Unit::Seconds) => "s",
            Self::Epoch(Unit::Milliseconds) => "ms",
            Self::Epoch(Unit::Microseconds) => "us",
            Self::Epoch(Unit::Nanoseconds) => "ns",
            Self::Duration => "duration",
        }
    }

    /// What a text is, wherever it stands.
    pub(super) fn of_text(text: &[u8]) -> Option<Self> {
        if is_uuid(text) {
            Some(Self::Uuid)
        } else if is_date_time(text) {
            Some(Self::Time)
        } else if is_http_time(text) {
            Some(Self::HttpTime)
        } else {
            None
        }
    }

    /// What a text is that stands under this key.
    pub(super) fn of_text_under(key: &[u8], text: &[u8]) -> Option<Self> {
        if text.is_empty() || text.len() > LONGEST {
            return None;
        }
        Self::of_text(text).or_else(|| match Sound::of(key)? {
            Sound::Id => is_token(text).then_some(Self::Token),
            Sound::Time if is_date(text) => Some(Self::Time),
            Sound::Time => Unit::of(text).map(Self::Epoch),
            Sound::Duration => is_duration(text).then_some(Self::Duration),
        })
    }

    /// Where what is random begins of an id with a name before it: `mqttjs_da13c8ab`.
    pub(super) fn suffix_under(key: &[u8], text: &[u8]) -> Option<usize> {
        if text.len() > LONGEST || Sound::of(key) != Some(Sound::Id) {
            return None;
        }
        let is_between = |byte: &u8| matches!(byte, b'_' | b'-' | b'.' | b':' | b'/' | b'#');
        let at = text.iter().rposition(is_between)? + 1;
        let suffix = text.get(at..)?;
        (at > 1 && is_random(suffix)).then_some(at)
    }

    /// What the value of a parameter of a query is: as under a key, and what keeps caches
    /// from answering, a time in decimal or as engine.io writes it.
    pub(super) fn of_parameter(name: &[u8], value: &[u8]) -> Option<Self> {
        if !matches!(name, b"t" | b"_") {
            return Self::of_text_under(name, value);
        }
        let of_time = || Self::of_text_under(b"time", value);
        of_time().or_else(|| is_yeast(value).then_some(Self::Yeast))
    }

    /// What a number of JSON is that stands under this key.
    pub(super) fn of_number_under(key: &[u8], number: &[u8]) -> Option<Self> {
        if key == b"packet_id" {
            return Some(Self::PacketId);
        }
        match Sound::of(key)? {
            Sound::Id => None,
            Sound::Time => Unit::of(number).map(Self::Epoch),
            // A sign tells that there was none.
            Sound::Duration => (!number.starts_with(b"-")).then_some(Self::Duration),
        }
    }
}

/// Longer texts are no ids or times. Tokens with claims in them (RFC 7519) have some
/// thousand characters.
const LONGEST: usize = 16 << 10;

/// Characters that a token has at least.
const SHORTEST_TOKEN: usize = 16;

impl Unit {
    /// The unit of a time since 1970 in decimal, by which it lies between 2000 and 2100.
    fn of(number: &[u8]) -> Option<Self> {
        let whole = number.split(|byte| *byte == b'.').next()?;
        let is_decimal = number.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
        if !is_decimal || whole.len() > 19 {
            return None;
        }
        let value: u64 = str::from_utf8(whole).ok()?.parse().ok()?;
        let units = [Self::Seconds, Self::Milliseconds, Self::Microseconds, Self::Nanoseconds];
        let mut scale = 1;
        for unit in units {
            if (YEAR_2000 * scale..YEAR_2100 * scale).contains(&value) {
                return Some(unit);
            }
            scale *= 1_000;
        }
        None
    }
}

/// Seconds from 1970.
const YEAR_2000: u64 = 946_684_800;
const YEAR_2100: u64 = 4_102_444_800;

/// What a key sounds like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sound {
    Id,
    Time,
    Duration,
}

const IDS: &[&str] = &[
    "id",
    "uid",
    "sid",
    "uuid",
    "guid",
    "token",
    "session",
    "nonce",
    "key",
    "signature",
    "sig",
    "hash",
    "digest",
    "etag",
    "cursor",
    "jti",
    "sessionid",
    "msgid",
    "messageid",
    "requestid",
    "userid",
    "clientid",
    "traceid",
    "connectionid",
    "correlationid",
];
const TIMES: &[&str] = &[
    "time",
    "timestamp",
    "ts",
    "date",
    "datetime",
    "at",
    "created",
    "updated",
    "modified",
    "expires",
    "expiry",
    "expiration",
    "exp",
    "iat",
    "nbf",
    "started",
    "finished",
    "ended",
    "since",
    "until",
    "now",
];
const DURATIONS: &[&str] = &[
    "elapsed", "duration", "latency", "took", "waited", "spent", "lasted", "uptime", "rtt",
    "runtime",
];
const UNITS: &[&str] = &[
    "ms",
    "us",
    "ns",
    "s",
    "sec",
    "secs",
    "seconds",
    "millis",
    "milliseconds",
    "micros",
    "microseconds",
    "nanos",
    "nanoseconds",
];

/// Longer keys sound like nothing.
const LONGEST_KEY: usize = 128;

impl Sound {
    fn of(key: &[u8]) -> Option<Self> {
        let words = words(key);
        let mut words =
            words.iter().map(String::as_str).rev().skip_while(|word| UNITS.contains(word));
        let last = words.next()?;
        // `ids` are several of `id`.
        let singular = last.strip_suffix('s').unwrap_or(last);
        let is_in = |list: &[&str]| list.contains(&last) || list.contains(&singular);
        let mut is_time_of_run =
            || matches!(last, "time" | "times") && words.next().is_some_and(is_of_a_run);
        if is_in(DURATIONS) || is_time_of_run() {
            Some(Self::Duration)
        } else if is_in(TIMES) {
            Some(Self::Time)
        } else if is_in(IDS) {
            Some(Self::Id)
        } else {
            None
        }
    }
}

/// Whether a time of this is a duration: `response_time`.
fn is_of_a_run(word: &str) -> bool {
    matches!(word, "response" | "execution" | "processing" | "run" | "query" | "wall")
}

/// The words of a key in small letters: of `createdAt` and `created_at` the same.
fn words(key: &[u8]) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for byte in key.iter().take(LONGEST_KEY) {
        let is_large = byte.is_ascii_uppercase();
        if !byte.is_ascii_alphanumeric() || is_large && was_small {
            words.push(String::new());
        }
        if byte.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(byte.to_ascii_lowercase().into());
        }
        was_small = !is_large;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// `f81d4fae-7dec-11d0-a765-00a0c91e6bf6`
fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
        && !is_none(text)
}

/// The nil UUID or the max UUID (RFC 9562 §5.9, §5.10), which name nothing: what has one
/// of them, and another in the next run, has changed.
fn is_none(uuid: &[u8]) -> bool {
    let is_all = |digits: [u8; 2]| uuid.iter().all(|byte| *byte == b'-' || digits.contains(byte));
    is_all([b'0', b'0']) || is_all([b'f', b'F'])
}

/// Hex, base64 (RFC 4648 §4 and §5) or the like, from which words are told by having no
/// digit, and capitals only where one begins.
fn is_token(text: &[u8]) -> bool {
    let is_web_token = text.starts_with(b"eyJ");
    let is_of_it = |byte: &u8| match byte {
        b'+' | b'/' | b'-' | b'_' | b'=' => true,
        b'.' => is_web_token,
        byte => byte.is_ascii_alphanumeric(),
    };
    let has = |test: fn(&u8) -> bool| text.iter().any(test);
    text.len() >= SHORTEST_TOKEN
        && text.iter().all(is_of_it)
        && (has(u8::is_ascii_digit)
            || has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && !is_words(text))
}

/// Eight digits of hex or more, or six of base 36 in which digits and letters take turns
/// at least twice, as in `x7f3k2`, but not in `abc123`.
fn is_random(text: &[u8]) -> bool {
    let has_digit = text.iter().any(u8::is_ascii_digit);
    let is_hex = text.len() >= 8 && text.iter().all(u8::is_ascii_hexdigit);
    let is_small = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
    let next = text.iter().skip(1);
    let turns =
        text.iter().zip(next).filter(|(one, two)| one.is_ascii_digit() != two.is_ascii_digit());
    has_digit && is_hex || text.len() >= 6 && text.iter().all(is_small) && turns.count() >= 2
}

/// `OrderStatusChanged`: every capital has small letters behind it. In sixteen letters
/// at random that is as good as never so.
fn is_words(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(capital) = rest.iter().position(u8::is_ascii_uppercase) {
        let after = rest.get(capital + 1..).unwrap_or_default();
        if !after.first_chunk::<2>().is_some_and(|two| two.iter().all(u8::is_ascii_lowercase)) {
            return false;
        }
        rest = after;
    }
    true
}

/// Whether `text` begins as `pattern` says, in which `0` stands for any digit; what
/// follows.
fn after<'a>(text: &'a [u8], pattern: &[u8]) -> Option<&'a [u8]> {
    let (beginning, rest) = text.split_at_checked(pattern.len())?;
    let fits = beginning.iter().zip(pattern).all(|(byte, expected)| match expected {
        b'0' => byte.is_ascii_digit(),
        expected => byte == expected,
    });
    fits.then_some(rest)
}

/// `2026-11-27`
fn is_date(text: &[u8]) -> bool {
    in_century(text, b"00-00-00").is_some_and(<[u8]>::is_empty)
}

/// Whether `text` begins with a year from 2000 to 2099, of which the pattern has the end.
fn in_century<'a>(text: &'a [u8], pattern: &[u8]) -> Option<&'a [u8]> {
    after(text.strip_prefix(b"20")?, pattern)
}

/// `2026-11-27T02:59:22.560751Z`; the zone may be missing.
fn is_date_time(text: &[u8]) -> bool {
    const ZONES: [&[u8]; 4] = [b"+00:00", b"-00:00", b"+0000", b"-0000"];
    let rest = in_century(text, b"00-00-00T00:00:00")
        .or_else(|| in_century(text, b"00-00-00t00:00:00"))
        .or_else(|| in_century(text, b"00-00-00 00:00:00"));
    let Some(rest) = rest else {
        return false;
    };
    // ISO 8601 has a comma, too, which logs of Python have taken up.
    let zone = match rest.strip_prefix(b".").or_else(|| rest.strip_prefix(b",")) {
        None => rest,
        Some(fraction) => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            match fraction.get(digits..) {
                Some(zone) if (1..=12).contains(&digits) => zone,
                _ => return false,
            }
        }
    };
    matches!(zone, b"" | b"Z" | b"z" | b" UTC")
        || ZONES.iter().any(|pattern| after(zone, pattern).is_some_and(<[u8]>::is_empty))
}

/// `Fri, 27 Nov 2026 02:59:22 GMT`
fn is_http_time(text: &[u8]) -> bool {
    let Some((day, rest)) = text.split_at_checked(3) else {
        return false;
    };
    let Some((month, rest)) = after(rest, b", 00 ").and_then(|rest| rest.split_at_checked(3))
    else {
        return false;
    };
    [day, month].into_iter().flatten().all(u8::is_ascii_alphabetic)
        && rest
            .strip_prefix(b" ")
            .and_then(|rest| in_century(rest, b"00 00:00:00 GMT"))
            .is_some_and(<[u8]>::is_empty)
}

/// `PqXz1ab`, and `PqXz1ab.0` where another was made in the same millisecond: from 1980
/// to 2109 of seven digits.
fn is_yeast(text: &[u8]) -> bool {
    let (digits, rest) = text.split_at_checked(7).unwrap_or((text, b""));
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    digits.len() == 7
        && digits.iter().all(is_digit)
        && match rest {
            [] => true,
            [b'.', count @ ..] => !count.is_empty() && count.iter().all(is_digit),
            _ => false,
        }
}

/// `12.5ms`, and without a unit.
fn is_duration(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let unit = text.get(digits..).unwrap_or_default().trim_ascii();
    digits > 0 && matches!(unit, b"" | b"ns" | b"us" | b"\xc2\xb5s" | b"ms" | b"s" | b"m" | b"h")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(key: &str, text: &str) -> Option<Varying> {
        Varying::of_text_under(key.as_bytes(), text.as_bytes())
    }

    fn number(key: &str, number: &str) -> Option<Varying> {
        Varying::of_number_under(key.as_bytes(), number.as_bytes())
    }

    #[test]
    fn ids_are_known_by_their_shape_or_their_key() {
        assert_eq!(text("order", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"), Some(Varying::Uuid));
        for key in ["id", "msg_id", "msgId", "sessionId", "ids", "token", "nonce", "hash", "sid"] {
            assert_eq!(text(key, "LxgJVzEC3_Twb9m8AAAA"), Some(Varying::Token), "{key}");
        }
        for token in ["aGVsbG8sIHRoZXJlIQ", "LxgJVzECwTwbAAAA", "ABCDEFGHijklmnop"] {
            assert_eq!(text("id", token), Some(Varying::Token), "{token}");
        }
        assert_eq!(text("id", "a11de5eab03b4a339c67b5d96296d3ce"), Some(Varying::Token));
        assert_eq!(text("token", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."), Some(Varying::Token));
        for (key, value) in [
            ("id", "order-17"),
            ("id", "a-plain-long-name"),
            ("id", "a text of several 1 words"),
            ("key", "OrderStatusChanged"),
            ("id", "orderStatusChanged-Event"),
            ("order", "00000000-0000-0000-0000-000000000000"),
            ("order", "ffffffff-ffff-ffff-FFFF-FFFFFFFFFFFF"),
            ("city", "LxgJVzEC3_Twb9m8AAAA"),
            ("valid", "LxgJVzEC3_Twb9m8AAAA"),
            ("id", ""),
            ("order", "f81d4fae-7dec-11d0-a765-00a0c91e6bfg"),
            ("order", "f81d4fae-7dec-11d0-a765-00a0c91e6bf"),
        ] {
            assert_eq!(text(key, value), None, "{key}: {value}");
        }
        assert_eq!(number("id", "1234567890123456789"), None);
    }

    #[test]
    fn times_are_known_by_their_shape_or_their_key() {
        for time in [
            "2026-11-27T02:59:22Z",
            "2026-11-27T02:59:22.560751Z",
            "2026-11-27t02:59:22.5+00:00",
            "2026-11-27 02:59:22",
            "2026-11-27 02:59:22,560",
            "2026-11-27T02:59:22.560-0500",
        ] {
            assert_eq!(text("said", time), Some(Varying::Time), "{time}");
        }
        assert_eq!(text("said", "Fri, 27 Nov 2026 02:59:22 GMT"), Some(Varying::HttpTime));
        assert_eq!(text("said", "2026-11-27"), None);
        assert_eq!(text("date", "2026-11-27"), Some(Varying::Time));
        for key in ["time", "timestamp", "ts", "created_at", "createdAt", "expires", "time_ms"] {
            let seconds = Some(Varying::Epoch(Unit::Seconds));
            assert_eq!(number(key, "1795748362"), seconds, "{key}");
            assert_eq!(number(key, "1795748362.25"), seconds, "{key}");
            assert_eq!(text(key, "1795748362"), seconds, "{key}");
        }
        assert_eq!(number("ts", "1795748362560"), Some(Varying::Epoch(Unit::Milliseconds)));
        assert_eq!(number("ts", "1795748362560751"), Some(Varying::Epoch(Unit::Microseconds)));
        assert_eq!(number("ts", "1795748362560751000"), Some(Varying::Epoch(Unit::Nanoseconds)));
        for (key, value) in [
            ("ts", "17"),
            ("ts", "-1795748362"),
            ("ts", "1e12"),
            ("ts", "99999999999999999999"),
            ("price", "1795748362"),
            ("status", "1795748362"),
        ] {
            assert_eq!(number(key, value), None, "{key}: {value}");
        }
        for wrong in [
            "2026-11-27T02:59",
            "2026-11-27T02:59:22.",
            "2026-11-27T02:59:22ZZ",
            "20261127T025922Z",
            // Never, and for ever.
            "0001-01-01T00:00:00Z",
            "1970-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "Thu, 01 Jan 1970 00:00:00 GMT",
        ] {
            assert_eq!(text("said", wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ids_end_in_what_is_random() {
        let of = |key: &str, text: &str| Varying::suffix_under(key.as_bytes(), text.as_bytes());
        for (text, at) in [("mqttjs_da13c8ab", 7), ("paho-x7f3k2", 5), ("a:b:0123abcd9", 4)] {
            assert_eq!(of("client_id", text), Some(at), "{text}");
            assert_eq!(of("name", text), None, "{text}");
        }
        for text in
            ["order-17", "order-abc123", "order-kitchen", "_da13c8ab", "mqttjs_", "da13c8ab"]
        {
            assert_eq!(of("id", text), None, "{text}");
        }
    }

    #[test]
    fn parameters_against_caches_are_times() {
        let of = |name: &str, value: &str| Varying::of_parameter(name.as_bytes(), value.as_bytes());
        for value in ["1795748362560", "1795748362"] {
            assert!(of("t", value).is_some() && of("_", value).is_some(), "{value}");
        }
        for value in ["PqXz1ab", "PqXz1ab.0", "a-_xyzq"] {
            assert_eq!(of("t", value), Some(Varying::Yeast), "{value}");
        }
        assert_eq!(of("sid", "LxgJVzEC3_Twb9m8AAAA"), Some(Varying::Token));
        for (name, value) in
            [("t", "short"), ("t", "PqXz1ab."), ("t", "PqXz1abcd"), ("EIO", "4"), ("x", "PqXz1ab")]
        {
            assert_eq!(of(name, value), None, "{name}={value}");
        }
    }

    #[test]
    fn durations_are_known_by_their_key() {
        for key in ["elapsed", "duration", "latency_ms", "took", "responseTime", "elapsedSeconds"] {
            assert_eq!(number(key, "0.25"), Some(Varying::Duration), "{key}");
            assert_eq!(text(key, "12.5ms"), Some(Varying::Duration), "{key}");
            assert_eq!(text(key, "long"), None, "{key}");
        }
        assert_eq!(number("responseTimes", "0.25"), Some(Varying::Duration));
        assert_eq!(number("time", "0.25"), None);
        assert_eq!(number("latency", "-1"), None);
    }

    #[test]
    fn cut_or_hostile_values_are_none() {
        for whole in ["2026-11-27T02:59:22.560751Z", "Fri, 27 Nov 2026 02:59:22 GMT"] {
            for end in 0..whole.len() {
                let cut = &whole[..end];
                // A time without its zone, or with a shorter fraction, is one still.
                let is_time = cut.len() >= 19 && !cut.ends_with('.') && whole.starts_with('2');
                assert_eq!(Varying::of_text(cut.as_bytes()).is_some(), is_time, "{cut}");
            }
        }
        assert_eq!(text("id", &"a1".repeat(LONGEST)), None);
        assert_eq!(Sound::of(&[0xff; 4096]), None);
        assert_eq!(Sound::of(b""), None);
        assert_eq!(Sound::of(b"ms"), None);
    }
}

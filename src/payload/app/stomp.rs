//! STOMP 1.0, 1.1 and 1.2 (the specifications at stomp.github.io).

use std::borrow::Cow;
use std::ops::Range;

use foldhash::fast::RandomState;
use hashlink::LinkedHashMap;

use super::data::Data;
use super::requests::Then;
use super::sides::Sides;
use super::story::Telling;
use super::{Decoder, Malformed};
use crate::types::Side;

/// Bytes of a frame that are kept from messages before the one that ends it.
const MOST_KEPT: usize = 16 << 20;

/// Of a frame with more headers than this the others are left out.
const MOST_HEADERS: usize = 1000;

/// The commands, and which headers tell most of their frames, beside the destination.
const COMMANDS: [(&str, &[&str]); 15] = [
    ("CONNECT", &["host"]),
    ("STOMP", &["host"]),
    ("CONNECTED", &["version", "server"]),
    ("SEND", &[]),
    ("SUBSCRIBE", &["id"]),
    ("UNSUBSCRIBE", &["id"]),
    ("ACK", &["id", "message-id"]),
    ("NACK", &["id", "message-id"]),
    ("BEGIN", &["transaction"]),
    ("COMMIT", &["transaction"]),
    ("ABORT", &["transaction"]),
    ("DISCONNECT", &["receipt"]),
    ("MESSAGE", &[]),
    ("RECEIPT", &["receipt-id"]),
    ("ERROR", &["message"]),
];

/// Frames, which need not begin and end with messages.
#[derive(Default)]
pub(super) struct Stomp {
    version: Version,
    /// The server may have answered CONNECT.
    may_be_connected: bool,
    begun: Sides<Begun>,
}

/// A frame of one side that is not complete.
#[derive(Default)]
struct Begun {
    bytes: Vec<u8>,
    ends: Ends,
    /// Its beginning is missing, or it was given up.
    is_lost: bool,
}

/// What headers may escape.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Version {
    /// Nothing.
    V1_0,
    /// Line feed, colon and backslash.
    V1_1,
    /// Carriage return too. All that was sent before it is told may be read so.
    #[default]
    V1_2,
}

/// Where the parts of a frame end, as far as that is known. What was looked at is
/// not looked at again when there is more.
#[derive(Clone, Debug, Default)]
struct Ends {
    /// No end is before this.
    looked: usize,
    /// Where the last line of the head ends, and the body begins.
    body: Option<(usize, usize)>,
    /// How long it is, if the frame tells.
    length: Option<usize>,
}

/// Where a complete frame's parts are.
struct Places {
    head: Range<usize>,
    body: Range<usize>,
}

/// The first of each name (STOMP 1.2, "Repeated Header Entries").
type Headers<'a> = LinkedHashMap<Cow<'a, str>, Cow<'a, str>, RandomState>;

/// Whether a message is of this protocol: it is a frame, from a command to the NUL.
pub(super) fn is_shown_by(data: &Data<'_>) -> bool {
    let Ok(Some(places)) = Ends::default().find(data.payload) else {
        return false;
    };
    let head = data.payload.get(places.head).and_then(|head| str::from_utf8(head).ok());
    let after = data.payload.get(places.body.end + 1..).unwrap_or_default();
    head.is_some_and(|head| head.lines().skip(1).all(|line| line.contains(':')))
        && (after.iter().all(is_end_of_line) || begins_with_command(after))
}

impl Decoder for Stomp {
    fn read(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        let begun = self.begun.of(data.from);
        if begun.is_lost && !begins_with_command(data.payload) {
            return Ok(());
        }
        let Begun { mut bytes, mut ends, .. } = std::mem::take(begun);
        if bytes.is_empty() {
            let (taken, result) = self.frames(data.payload, &mut ends, data.from, telling);
            bytes.extend_from_slice(data.payload.get(taken..).unwrap_or_default());
            result.and(self.keep(bytes, ends, data.from))
        } else {
            bytes.extend_from_slice(data.payload);
            let (taken, result) = self.frames(&bytes, &mut ends, data.from, telling);
            bytes.drain(..taken.min(bytes.len()));
            result.and(self.keep(bytes, ends, data.from))
        }
    }

    fn gap(&mut self, side: Side) {
        self.may_be_connected |= side == Side::Server;
        *self.begun.of(side) = Begun { is_lost: true, ..Begun::default() };
    }

    fn cost(&self) -> usize {
        size_of::<Self>()
            + self.begun.both().map(|begun| begun.bytes.capacity()).iter().sum::<usize>()
    }

    fn shed(&mut self) {
        for side in [Side::Client, Side::Server] {
            if !self.begun.of(side).bytes.is_empty() {
                self.gap(side);
            }
        }
    }
}

impl Stomp {
    /// Keeps what has begun until there is more.
    fn keep(&mut self, mut bytes: Vec<u8>, ends: Ends, side: Side) -> Result<(), Malformed> {
        if bytes.len().max(ends.length.unwrap_or(0)) > MOST_KEPT && !bytes.is_empty() {
            self.gap(side);
            let why = format!("A frame over several messages has more than {MOST_KEPT} bytes.");
            return Err(Malformed(why));
        }
        // Only so much room as is filled is kept, all of which `shed` gives up.
        bytes.shrink_to(2 * bytes.len());
        *self.begun.of(side) = Begun { bytes, ends, is_lost: false };
        Ok(())
    }

    /// Tells the frames that are complete. Returns where the first that is not
    /// begins. `ends` is what is known of the one at the beginning of `bytes`, and
    /// then of that.
    fn frames(
        &mut self,
        bytes: &[u8],
        ends: &mut Ends,
        from: Side,
        telling: &mut Telling<'_>,
    ) -> (usize, Result<(), Malformed>) {
        if !ends.has_begun() && bytes.iter().all(is_end_of_line) {
            telling.packet("heartbeat").heartbeat();
            return (bytes.len(), Ok(()));
        }
        let (mut start, mut result) = (0, Ok(()));
        loop {
            let rest = bytes.get(start..).unwrap_or_default();
            if !ends.has_begun() {
                let other = rest.iter().position(|byte| !is_end_of_line(byte));
                let Some(other) = other else {
                    return (bytes.len(), result);
                };
                start += other;
            }
            let rest = bytes.get(start..).unwrap_or_default();
            match ends.find(rest) {
                Ok(Some(places)) => {
                    start += places.body.end + 1;
                    result = result.and(self.frame(rest, &places, from, telling));
                    *ends = Ends::default();
                }
                Ok(None) => return (start, result),
                Err(malformed) => {
                    *ends = Ends::default();
                    return (bytes.len(), result.and(Err(malformed)));
                }
            }
        }
    }

    fn frame(
        &mut self,
        bytes: &[u8],
        places: &Places,
        from: Side,
        telling: &mut Telling<'_>,
    ) -> Result<(), Malformed> {
        let head = bytes.get(places.head.clone()).and_then(|head| str::from_utf8(head).ok());
        let head = head.ok_or_else(|| Malformed::new("The head of a frame is not UTF-8."))?;
        let body = bytes.get(places.body.clone()).unwrap_or_default();
        let mut lines = head.lines();
        let command = lines.next().unwrap_or_default();
        // Those that agree on a version do not escape (STOMP 1.2, "Value Encoding").
        let version = match command {
            "CONNECT" | "STOMP" | "CONNECTED" => Version::V1_0,
            _ => self.version,
        };
        let (headers, result) = headers(lines, version);
        telling.packet(command);
        tell_headers(command, &headers, telling);
        if !body.is_empty() {
            telling.facts().payload(body);
        }
        telling.body(body);
        self.pair(command, &headers, from, telling);
        result
    }

    fn pair(
        &mut self,
        command: &str,
        headers: &Headers<'_>,
        from: Side,
        telling: &mut Telling<'_>,
    ) {
        let receipt = |name| Some(format!("receipt {}", headers.get(name)?));
        let key = match (from, command) {
            (Side::Client, "CONNECT" | "STOMP") => {
                self.may_be_connected = false;
                Some("connect".to_owned())
            }
            (Side::Client, _) => receipt("receipt"),
            (Side::Server, "CONNECTED") => {
                self.version = Version::of(headers.get("version").map(|version| &**version));
                self.may_be_connected = true;
                Some("connect".to_owned())
            }
            (Side::Server, "RECEIPT") => receipt("receipt-id"),
            (Side::Server, "ERROR") => receipt("receipt-id")
                .or_else(|| (!self.may_be_connected).then(|| "connect".to_owned())),
            (Side::Server, _) => None,
        };
        match (key, from) {
            (Some(key), Side::Client) => telling.asks(key.as_bytes(), command),
            (Some(key), Side::Server) => telling.answers(key.as_bytes(), Then::Done),
            (None, _) => telling,
        };
    }
}

fn tell_headers(command: &str, headers: &Headers<'_>, telling: &mut Telling<'_>) {
    if let Some(destination) = headers.get("destination") {
        telling.channel(destination).facts().text("destination", destination);
    }
    telling.facts().object("headers", |facts| {
        for (name, value) in headers {
            facts.text(name, value);
        }
    });
    let names = COMMANDS.iter().find(|(name, _)| *name == command).map(|(_, names)| *names);
    let mut said = names.unwrap_or_default().iter().filter_map(|name| headers.get(*name));
    if let Some(first) = said.next() {
        telling.say(first);
    }
    if command == "CONNECTED"
        && let Some(server) = said.next()
    {
        telling.say(" ").say(server);
    }
}

/// Reads the lines of headers, and tells what is wrong with the first that is
/// malformed.
fn headers<'a>(
    lines: impl Iterator<Item = &'a str>,
    version: Version,
) -> (Headers<'a>, Result<(), Malformed>) {
    let (mut headers, mut result) = (Headers::default(), Ok(()));
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            result = result.and(Err(Malformed::new("A header has no colon.")));
            continue;
        };
        if headers.len() >= MOST_HEADERS {
            let why = format!("A frame has more than {MOST_HEADERS} headers.");
            return (headers, result.and(Err(Malformed(why))));
        }
        let (name, value) = (unescaped(name, version), unescaped(value, version));
        if name.is_none() || value.is_none() {
            let why = "A header escapes what this version does not escape.";
            result = result.and(Err(Malformed::new(why)));
        }
        if let (Some(name), Some(value)) = (name, value)
            && !headers.contains_key(&name)
        {
            headers.insert(name, value);
        }
    }
    (headers, result)
}

/// What a header says ("Value Encoding"), if it may be written so.
fn unescaped(text: &str, version: Version) -> Option<Cow<'_, str>> {
    if version == Version::V1_0 || !text.contains('\\') {
        return Some(Cow::Borrowed(text));
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' => match letters.next()? {
                'n' => '\n',
                'c' => ':',
                '\\' => '\\',
                'r' if version == Version::V1_2 => '\r',
                _ => return None,
            },
            other => other,
        });
    }
    Some(Cow::Owned(plain))
}

impl Version {
    /// That which the server tells; 1.0 does not.
    fn of(told: Option<&str>) -> Self {
        match told {
            None | Some("1.0") => Self::V1_0,
            Some("1.1") => Self::V1_1,
            Some(_) => Self::V1_2,
        }
    }
}

impl Ends {
    fn has_begun(&self) -> bool {
        self.looked > 0
    }

    /// Where the parts of the frame that begins `bytes` are, if all of it is there.
    fn find(&mut self, bytes: &[u8]) -> Result<Option<Places>, Malformed> {
        if !self.has_begun() && !may_begin(bytes) {
            return Err(Malformed::new("It begins with no command of STOMP."));
        }
        let Some((head, body)) = self.find_body(bytes)? else {
            return Ok(None);
        };
        let Some(end) = self.find_end(body, bytes)? else {
            return Ok(None);
        };
        Ok(Some(Places { head: 0..head, body: body..end }))
    }

    /// An empty line ends the head.
    fn find_body(&mut self, bytes: &[u8]) -> Result<Option<(usize, usize)>, Malformed> {
        while self.body.is_none() {
            let rest = bytes.get(self.looked..).unwrap_or_default();
            let Some(found) = memchr::memchr2(b'\n', 0, rest) else {
                self.looked = bytes.len();
                return Ok(None);
            };
            self.looked += found;
            match bytes.get(self.looked..).unwrap_or_default() {
                [0, ..] => return Err(Malformed::new("The head of a frame has no end.")),
                [_, b'\n', ..] => self.begin_body(self.looked + 2, bytes)?,
                [_, b'\r', b'\n', ..] => self.begin_body(self.looked + 3, bytes)?,
                [_] | [_, b'\r'] => return Ok(None),
                _ => self.looked += 1,
            }
        }
        Ok(self.body)
    }

    fn begin_body(&mut self, body: usize, bytes: &[u8]) -> Result<(), Malformed> {
        let head = bytes.get(..body).unwrap_or_default();
        if !begins_with_command(head) {
            return Err(Malformed::new("It begins with no command of STOMP."));
        }
        self.length = content_length(head)?;
        self.body = Some((self.looked + 1, body));
        self.looked = body;
        Ok(())
    }

    /// A NUL ends the body. It may have others if its length is told.
    fn find_end(&mut self, body: usize, bytes: &[u8]) -> Result<Option<usize>, Malformed> {
        let Some(length) = self.length else {
            let found = memchr::memchr(0, bytes.get(self.looked..).unwrap_or_default());
            let end = found.map(|found| self.looked + found);
            self.looked = bytes.len();
            return Ok(end);
        };
        let end = body.saturating_add(length);
        match bytes.get(end) {
            Some(0) => Ok(Some(end)),
            Some(_) => Err(Malformed::new("A body is longer than its content-length.")),
            None => Ok(None),
        }
    }
}

fn content_length(head: &[u8]) -> Result<Option<usize>, Malformed> {
    let mut lines = head.split(|byte| *byte == b'\n');
    let value = lines.find_map(|line| line.strip_prefix(b"content-length:"));
    let Some(value) = value else {
        return Ok(None);
    };
    let length = str::from_utf8(value.trim_ascii()).ok().and_then(|text| text.parse().ok());
    length.map(Some).ok_or_else(|| Malformed::new("A content-length is not a number."))
}

/// Whether what is here may go on as a command.
fn may_begin(bytes: &[u8]) -> bool {
    let line = first_line(bytes);
    let has_end = line.len() < bytes.len();
    let line = line.trim_ascii_end();
    COMMANDS.iter().any(|(command, _)| match has_end {
        true => command.as_bytes() == line,
        false => command.as_bytes().starts_with(line),
    })
}

fn begins_with_command(bytes: &[u8]) -> bool {
    let start = bytes.iter().position(|byte| !is_end_of_line(byte)).unwrap_or(bytes.len());
    let rest = bytes.get(start..).unwrap_or_default();
    let line = first_line(rest);
    line.len() < rest.len() && may_begin(rest)
}

/// As far as commands may reach.
fn first_line(bytes: &[u8]) -> &[u8] {
    const LONGEST: usize = "UNSUBSCRIBE\r\n".len();
    let near = bytes.get(..LONGEST).unwrap_or(bytes);
    near.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

fn is_end_of_line(byte: &u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::super::tests::Talk;
    use super::*;
    use crate::types::AppProtocol;
    use Side::{Client, Server};

    fn talk() -> Talk {
        Talk::new(AppProtocol::Stomp)
    }

    /// What is said beside the protocol.
    fn stomp(told: &str) -> String {
        told.replace(r#""protocol":"stomp","#, "").replace(r#"{"protocol":"stomp"}"#, "{}")
    }

    fn malformed(why: &str) -> String {
        format!(r#"{{"malformed":"{why}"}}"#)
    }

    #[test]
    fn the_examples_of_the_specification() {
        let mut talk = talk();
        for (from, text, told, said) in [
            (
                Client,
                "CONNECT\naccept-version:1.2\nhost:stomp.github.org\n\n\0",
                r#"{"type":"CONNECT","headers":{"accept-version":"1.2","host":"stomp.github.org"}}"#,
                "stomp.github.org",
            ),
            (
                Server,
                "CONNECTED\nversion:1.2\nserver:Apache/1.3.9\n\n\0\n",
                r#"{"type":"CONNECTED","headers":{"version":"1.2","server":"Apache/1.3.9"},"reply_to":1,"reply_to_type":"CONNECT","latency":0.001000000}"#,
                "1.2 Apache/1.3.9",
            ),
            (
                Client,
                "SEND\ndestination:/queue/a\ncontent-type:text/plain\nreceipt:r-1\n\nhello queue a\n\0",
                r#"{"type":"SEND","destination":"/queue/a","headers":{"destination":"/queue/a","content-type":"text/plain","receipt":"r-1"},"text":"hello queue a\n"}"#,
                "",
            ),
            (
                Server,
                "MESSAGE\r\nsubscription:0\r\nmessage-id:007\r\ndestination:/queue/a\r\nreceipt:r-1\r\n\r\n[1]\0\r\n",
                r#"{"type":"MESSAGE","destination":"/queue/a","headers":{"subscription":"0","message-id":"007","destination":"/queue/a","receipt":"r-1"},"json":[1]}"#,
                "",
            ),
            (
                Server,
                "RECEIPT\nreceipt-id:r-1\n\n\0",
                r#"{"type":"RECEIPT","headers":{"receipt-id":"r-1"},"reply_to":3,"reply_to_type":"SEND","latency":0.002000000}"#,
                "r-1",
            ),
            (
                Client,
                "ACK\nid:12345\ntransaction:tx1\n\n\0",
                r#"{"type":"ACK","headers":{"id":"12345","transaction":"tx1"}}"#,
                "12345",
            ),
            (
                Client,
                "DISCONNECT\nreceipt:77\n\n\0",
                r#"{"type":"DISCONNECT","headers":{"receipt":"77"}}"#,
                "77",
            ),
            (
                Server,
                "ERROR\nreceipt-id:77\nmessage:malformed frame\n\n\0",
                r#"{"type":"ERROR","headers":{"receipt-id":"77","message":"malformed frame"},"reply_to":7,"reply_to_type":"DISCONNECT","latency":0.001000000}"#,
                "malformed frame",
            ),
            (Server, "\n", r#"{"type":"heartbeat","heartbeat":true}"#, ""),
            (Client, "\r\n", r#"{"type":"heartbeat","heartbeat":true}"#, ""),
        ] {
            assert_eq!(stomp(&talk.text(from, text)), told, "{text}");
            assert_eq!(talk.summary(), said, "{text}");
            let channel = if text.contains("/queue/a") { "/queue/a" } else { "" };
            assert_eq!(talk.channel(), channel, "{text}");
        }
    }

    #[test]
    fn a_connection_that_is_refused() {
        let mut talk = talk();
        talk.text(Client, "STOMP\n\n\0");
        let told = talk.text(Server, "ERROR\nmessage:no\n\nwhy\0");
        assert!(told.contains(r#""text":"why","reply_to":1,"reply_to_type":"STOMP""#), "{told}");
        assert_eq!(talk.body(), Some("why"));
    }

    #[test]
    fn escapes_by_version() {
        let header = |version: &str, value: &str| {
            let mut talk = talk();
            let connected = format!("CONNECTED\n{version}x:a\\nb\n\n\0");
            assert!(talk.text(Server, &connected).contains(r#""x":"a\\nb""#));
            stomp(&talk.text(Client, &format!("SEND\n{value}\n\n\0")))
        };
        let told = |value: &str| format!(r#"{{"type":"SEND","headers":{{"x":"{value}"}}}}"#);
        let wrong = |headers: &str| {
            let why = "A header escapes what this version does not escape.";
            format!(r#"{{"type":"SEND","headers":{{{headers}}},"malformed":"{why}"}}"#)
        };
        for (version, value, expected) in [
            ("version:1.2\n", r"x:a\c\n\\\r:b", told(r"a:\n\\\r:b")),
            ("version:1.1\n", r"x:a\c\n\\:b", told(r"a:\n\\:b")),
            ("version:1.0\n", r"x:a\c\n", told(r"a\\c\\n")),
            ("", r"x:a\c\n", told(r"a\\c\\n")),
            ("version:1.1\n", r"x:a\r", wrong("")),
            ("version:1.2\n", "x:a\\t\ny:b", wrong(r#""y":"b""#)),
            ("version:1.2\n", "x:a\\", wrong("")),
        ] {
            assert_eq!(header(version, value), expected, "{version} {value}");
        }
    }

    #[test]
    fn of_repeated_headers_the_first_counts() {
        assert_eq!(
            stomp(&talk().text(Client, "SEND\nfoo:World\nfoo:Hello\na:\n\n\0")),
            r#"{"type":"SEND","headers":{"foo":"World","a":""}}"#
        );
    }

    #[test]
    fn a_body_may_have_nul_where_its_length_is_told() {
        let mut talk = talk();
        let frame = b"SEND\ncontent-length:5\n\n\0\0\xff\0\n\0SEND\n\n{}\0\n";
        assert_eq!(
            stomp(&talk.binary(Client, frame)),
            r#"{"type":"SEND","parts":[{"type":"SEND","headers":{"content-length":"5"},"base64":"AAD/AAo="},{"type":"SEND","headers":{},"json":{}}]}"#
        );
    }

    #[test]
    fn a_frame_over_several_messages() {
        let whole = b"\nSEND\r\nreceipt:1\ncontent-length:3\n\r\na\0\xff\0\n";
        let expected = stomp(&talk().binary(Client, whole));
        assert!(expected.contains(r#""base64":"YQD/""#), "{expected}");
        for end in 2..whole.len() - 1 {
            let mut talk = talk();
            let (first, second) = whole.split_at(end);
            assert_eq!(stomp(&talk.binary(Client, first)), "{}", "{end}");
            assert!(talk.text(Server, "\n").contains("heartbeat"));
            assert_eq!(stomp(&talk.binary(Client, second)), expected, "{end}");
        }
        let mut talk = talk();
        let mut told: Vec<String> = Vec::new();
        for byte in b"SEND\na:b\n\nbody\0".iter().chain(b"SEND\n\n\0") {
            told.push(stomp(&talk.binary(Client, &[*byte])));
        }
        told.retain(|told| told != "{}");
        assert_eq!(
            told,
            [
                r#"{"type":"SEND","headers":{"a":"b"},"text":"body"}"#,
                r#"{"type":"SEND","headers":{}}"#
            ]
        );
    }

    #[test]
    fn a_frame_and_a_part_of_the_next() {
        let mut talk = talk();
        let first = talk.text(Server, "MESSAGE\n\n1\0\nMESSAGE\ncontent-");
        assert_eq!(stomp(&first), r#"{"type":"MESSAGE","headers":{},"json":1}"#);
        assert_eq!(
            stomp(&talk.text(Server, "length:1\n\n2\0")),
            r#"{"type":"MESSAGE","headers":{"content-length":"1"},"json":2}"#
        );
    }

    #[test]
    fn after_a_gap_the_next_frame_counts() {
        let mut talk = talk();
        for before in [None, Some("SEND\n\nlost")] {
            if let Some(before) = before {
                talk.text(Client, before);
            }
            talk.gap(Client);
            assert_eq!(stomp(&talk.text(Client, "of a body\0")), "{}");
            assert_eq!(stomp(&talk.text(Client, "SEND\n\n\0")), r#"{"type":"SEND","headers":{}}"#);
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let why = malformed("A frame over several messages has more than 16777216 bytes.");
        let mut talk = talk();
        assert_eq!(stomp(&talk.text(Client, "SEND\ncontent-length:16777217\n\n")), why);
        assert_eq!(stomp(&talk.text(Client, "rest")), "{}");
        assert!(talk.text(Client, "SEND\n\n\0").contains("SEND"));
        talk.text(Client, "SEND\n\n");
        let half = "x".repeat(MOST_KEPT / 2);
        assert_eq!(stomp(&talk.text(Client, &half)), "{}");
        assert!(talk.cost() > half.len());
        assert_eq!(stomp(&talk.text(Client, &half)), why);
        assert!(talk.cost() < 10_000);
        talk.text(Client, "SEND\n\n\0");
        talk.text(Client, &format!("SEND\n\n{half}"));
        talk.text(Client, "\0");
        assert!(talk.cost() < 10_000, "of a frame that is told nothing is kept");
        // What is not kept may be as long as messages are.
        let long = format!("SEND\n\n{half}{half}\0");
        assert!(!talk.text(Client, &long).contains("malformed"));
    }

    #[test]
    fn after_a_gap_an_error_may_be_about_anything() {
        let mut talk = talk();
        talk.text(Client, "CONNECT\nhost:a\n\n\0");
        talk.gap(Server);
        assert!(!talk.text(Server, "ERROR\nmessage:no\n\n\0").contains("reply_to"));
    }

    #[test]
    fn headers_are_bounded() {
        let many: String = (0..1001).map(|number| format!("{number}:\n")).collect();
        let told = talk().text(Client, &format!("SEND\n{many}\n\0"));
        assert!(told.contains(r#""999":"""#) && !told.contains(r#""1000":"""#));
        assert!(told.contains("A frame has more than 1000 headers."));
    }

    #[test]
    fn what_is_no_frame() {
        let mut talk = talk();
        let command = "It begins with no command of STOMP.";
        for (text, why) in [
            ("hello", command),
            ("send\n\n\0", command),
            ("SENDER\n\n\0", command),
            ("SEND \0", command),
            ("\0", command),
            ("SEND\na:b\0", "The head of a frame has no end."),
            ("SEND\n\0\n\n\0", "The head of a frame has no end."),
            ("SEND\ncontent-length:x\n\n\0", "A content-length is not a number."),
            ("SEND\ncontent-length:-1\n\n\0", "A content-length is not a number."),
            ("SEND\ncontent-length:1\n\nab\0", "A body is longer than its content-length."),
        ] {
            assert_eq!(stomp(&talk.text(Client, text)), malformed(why), "{text}");
        }
        assert_eq!(
            stomp(&talk.text(Client, "SEND\nabc\nd:e\n\n\0")),
            r#"{"type":"SEND","headers":{"d":"e"},"malformed":"A header has no colon."}"#
        );
        assert_eq!(
            stomp(&talk.binary(Client, b"SEND\na:\xff\n\n\0")),
            malformed("The head of a frame is not UTF-8.")
        );
        // A length that no message can have.
        let text = "SEND\ncontent-length:18446744073709551615\n\n\0";
        assert!(talk.text(Client, text).contains("more than 16777216 bytes"));
    }

    #[test]
    fn frames_show_it() {
        for (text, shows) in [
            ("CONNECT\nhost:a\n\n\0", true),
            ("SEND\r\na:b\r\n\r\nbody\0\n", true),
            ("MESSAGE\n\n\0MESSAGE\n\n\0", true),
            ("SEND\na\n\n\0", false),
            ("SEND\na:b\n\nbody", false),
            ("SEND\na:b\n\n\0more", false),
            ("SEND", false),
            ("\n", false),
            ("", false),
        ] {
            let told = Talk::unknown().text(Client, text);
            assert_eq!(told.contains(r#""protocol":"stomp""#), shows, "{text}");
            assert_eq!(told.is_empty(), !shows, "{text}");
        }
    }
}

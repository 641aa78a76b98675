//! What a decoder tells of a message, and how that becomes an [`App`].

use std::ops::Range;
use std::time::Duration;

use super::Malformed;
use super::data::Data;
use super::facts::{Facts, List, write_array, write_object};
use super::requests::{Requests, Then};
use super::value::Value;
use crate::payload::classify;
use crate::types::text::head;
use crate::types::{App, AppPlaces, AppProtocol, Body, JsonText, Limits, Origin, Side};

/// Of a message with more packets than this the others are only counted.
const MOST_PACKETS: usize = 256;

/// Of what is said of a packet for people no more is kept.
const LONGEST_SUMMARY: usize = 1024;

/// Longer room is given back with the next message.
const MOST_ROOM: usize = 256 << 10;

/// Room in which it is put together what is told of a message. It is used again
/// for the next one.
pub struct Story {
    /// What only people need is told, too.
    has_words: bool,
    /// Requests that a connection may wait for.
    most_requests: usize,
    forgotten: u64,
    /// The members of all packets, one after the other.
    members: Vec<u8>,
    packets: Vec<AppPlaces>,
    /// Where the members of each packet are.
    places: Vec<Range<usize>>,
    /// Where those of the last one are that are nothing but its facts.
    facts: Range<usize>,
    /// Packets that are only counted.
    more: u64,
    /// Some of those do more than keep the connection alive.
    has_others: bool,
    words: String,
    body: Vec<u8>,
    has_body: bool,
    malformed: Option<String>,
    json: Vec<u8>,
    /// [`JsonText::is_plain()`] of that.
    is_plain: bool,
}

impl Story {
    /// Room with the bounds of `limits`.
    pub fn new(limits: &Limits) -> Self {
        Self {
            has_words: true,
            most_requests: limits.requests,
            forgotten: 0,
            members: Vec::new(),
            packets: Vec::new(),
            places: Vec::new(),
            facts: 0..0,
            more: 0,
            has_others: false,
            words: String::new(),
            body: Vec::new(),
            has_body: false,
            malformed: None,
            json: Vec::new(),
            is_plain: false,
        }
    }

    /// The same, which tells what only people need, or does not: summaries and
    /// readable bodies.
    #[must_use]
    pub fn with_words(self, has_words: bool) -> Self {
        Self { has_words, ..self }
    }

    /// Requests that were forgotten before they were answered, since this was asked
    /// last.
    pub fn take_forgotten(&mut self) -> u64 {
        std::mem::take(&mut self.forgotten)
    }

    pub(super) fn most_requests(&self) -> usize {
        self.most_requests
    }

    pub(super) fn forgot(&mut self, requests: u64) {
        self.forgotten += requests;
    }

    /// Tells nothing but that a request was answered.
    pub(super) fn reply(&mut self, (to, latency): (u64, Option<Duration>)) {
        self.clear();
        self.packets.push(AppPlaces { reply: Some((to, latency)), ..AppPlaces::default() });
        write_reply(&mut Facts::new(&mut self.members, true), to, "", latency);
        self.places.push(0..self.members.len());
        self.write(None);
        self.is_plain = true;
    }

    /// What was told.
    pub(super) fn app(&self, protocol: Option<AppProtocol>) -> App<'_> {
        App {
            protocol,
            json: JsonText { bytes: &self.json, is_plain: self.is_plain },
            body: self.body(),
            malformed: self.malformed.as_deref(),
            has_other_packets: self.has_others,
            packets: &self.packets,
            words: &self.words,
        }
    }

    fn body(&self) -> Option<Body<'_>> {
        self.has_body.then(|| classify(&self.body, true))
    }

    /// Where people would see no more than bytes, they are shown what was read of
    /// them instead.
    fn make_readable(&mut self, data: &Data<'_>) {
        match self.places.as_slice() {
            _ if !self.has_words => {}
            _ if self.malformed.is_some() => self.has_body = false,
            [] => {}
            [_] if self.has_body || data.is_text => {}
            [_] => {
                let facts = self.members.get(self.facts.clone()).unwrap_or_default();
                if !facts.is_empty() {
                    write_object(&mut self.body, |object| object.members(facts));
                }
                self.has_body = true;
            }
            _ if matches!(data.body, Body::Json(_)) => self.has_body = false,
            several => {
                self.body.clear();
                write_array(&mut self.body, |list| write_parts(list, several, &self.members));
                self.has_body = true;
            }
        }
    }

    fn clear(&mut self) {
        for room in [&mut self.members, &mut self.body, &mut self.json] {
            room.clear();
            room.shrink_to(MOST_ROOM);
        }
        self.words.clear();
        self.words.shrink_to(MOST_ROOM);
        self.is_plain = false;
        self.packets.clear();
        self.places.clear();
        self.more = 0;
        self.has_others = false;
        self.has_body = false;
        self.malformed = None;
    }

    /// Puts the object together.
    fn write(&mut self, protocol: Option<AppProtocol>) {
        let only = protocol.map(|protocol| App::only(protocol).json.bytes());
        let begun = only.and_then(|only| only.strip_suffix(b"}")).unwrap_or(b"{");
        self.json.extend_from_slice(begun);
        let mut facts = Facts::new(&mut self.json, protocol.is_none());
        match self.places.as_slice() {
            [] => {}
            [only] => facts.members(self.members.get(only.clone()).unwrap_or_default()),
            several => {
                let kind =
                    self.packets.first().and_then(|first| self.words.get(first.kind.clone()));
                if let Some(kind) = kind.filter(|kind| !kind.is_empty()) {
                    facts.text("type", kind);
                }
                if !self.has_others && self.packets.iter().all(|packet| packet.is_heartbeat) {
                    facts.boolean("heartbeat", true);
                }
                facts.array("parts", |list| write_parts(list, several, &self.members));
            }
        }
        if self.more > 0 {
            facts.number("more_parts", self.more);
        }
        if let Some(malformed) = &self.malformed {
            facts.text("malformed", malformed);
        }
        self.json.push(b'}');
    }
}

/// What a decoder tells of one message.
pub(super) struct Telling<'t> {
    protocol: AppProtocol,
    from: Side,
    origin: Origin,
    requests: &'t mut Requests,
    story: &'t mut Story,
    /// The packet that is being told.
    now: Option<Now>,
}

#[derive(Default)]
struct Now {
    places: AppPlaces,
    /// Where its members begin.
    start: usize,
    /// Where those begin that are its facts.
    facts: usize,
}

impl<'t> Telling<'t> {
    pub(super) fn new(
        protocol: AppProtocol,
        from: Side,
        origin: Origin,
        requests: &'t mut Requests,
        story: &'t mut Story,
    ) -> Self {
        story.clear();
        Self { protocol, from, origin, requests, story, now: None }
    }

    /// The protocol turned out to be another one.
    pub(super) fn is(&mut self, protocol: AppProtocol) {
        self.protocol = protocol;
    }

    /// Begins to tell of a packet; what is told from here on is about it. `kind` is
    /// what it is, in the protocol's own word.
    pub(super) fn packet(&mut self, kind: &str) -> &mut Self {
        self.close_packet();
        let kind = self.word(kind);
        let summary = self.story.words.len()..self.story.words.len();
        let places = AppPlaces { kind: kind.clone(), summary, ..AppPlaces::default() };
        let start = self.story.members.len();
        if let Some(kind) = self.story.words.get(kind) {
            Facts::new(&mut self.story.members, true).text("type", kind);
        }
        self.now = Some(Now { places, start, facts: self.story.members.len() });
        self
    }

    /// Where it belongs: a channel, topic or namespace.
    pub(super) fn channel(&mut self, name: &str) -> &mut Self {
        if let Some(now) = &mut self.now {
            now.places.channel = insert(&mut self.story.words, &mut now.places.summary, name);
        }
        self
    }

    /// Its facts.
    pub(super) fn facts(&mut self) -> Facts<'_> {
        let start = self.now.as_ref().map_or(0, |now| now.start);
        let is_empty = self.story.members.len() == start;
        Facts::new(&mut self.story.members, is_empty)
    }

    /// Whether summaries and bodies are wanted.
    pub(super) fn has_words(&self) -> bool {
        self.story.has_words
    }

    /// Goes on with the one line about it for people. Long texts are cut.
    pub(super) fn say(&mut self, text: &str) -> &mut Self {
        let Some(now) = self.now.as_mut().filter(|_| self.story.has_words) else {
            return self;
        };
        let words = &mut self.story.words;
        let room = LONGEST_SUMMARY.saturating_sub(words.len() - now.places.summary.start);
        if room == 0 {
            return self;
        }
        words.push_str(head(text, room));
        if text.len() > room {
            words.push('…');
        }
        now.places.summary.end = words.len();
        self
    }

    /// The same for a text of several lines, which become one.
    pub(super) fn say_lines(&mut self, text: &str) -> &mut Self {
        let mut lines = text.trim_end_matches(['\r', '\n']).lines();
        self.say(lines.next().unwrap_or_default());
        for line in lines {
            self.say(" ⏎ ").say(line);
        }
        self
    }

    /// It only keeps the connection alive.
    pub(super) fn heartbeat(&mut self) -> &mut Self {
        if let Some(now) = &mut self.now {
            now.places.is_heartbeat = true;
        }
        self
    }

    /// It is a request, of this kind, that will be answered with this key.
    pub(super) fn asks(&mut self, key: &[u8], kind: &str) -> &mut Self {
        let most = self.story.most_requests;
        self.story.forgotten += self.requests.ask(self.from, self.origin, key, kind, most);
        self
    }

    /// It answers the request of the other side that has this key.
    pub(super) fn answers(&mut self, key: &[u8], then: Then) -> &mut Self {
        let Some(now) = &mut self.now else {
            return self;
        };
        let (words, places) = (&mut self.story.words, &mut now.places);
        self.requests.answer(self.from, self.origin, key, then, |reply| {
            places.reply = Some((reply.to, reply.latency));
            places.reply_kind = insert(words, &mut places.summary, reply.kind);
        });
        self
    }

    /// What kind of request it answers; empty where that is not known.
    pub(super) fn reply_kind(&self) -> &str {
        let place = self.now.as_ref().map(|now| now.places.reply_kind.clone());
        place.and_then(|place| self.story.words.get(place)).unwrap_or_default()
    }

    /// What it carries, for people, where the message's own payload shows it less
    /// well.
    pub(super) fn body(&mut self, bytes: &[u8]) -> &mut Self {
        if !self.story.has_words {
            return self;
        }
        self.story.body.clear();
        self.story.body.extend_from_slice(bytes);
        self.story.has_body = true;
        self
    }

    /// The same, if it is there.
    pub(super) fn body_if(&mut self, value: Option<Value<'_>>) -> &mut Self {
        if let Some(value) = value {
            self.body(value.text().as_bytes());
        }
        self
    }

    /// Ends what is told. Returns the protocol that it was.
    pub(super) fn finish(mut self, data: &Data<'_>, malformed: Option<Malformed>) -> AppProtocol {
        self.close_packet();
        self.story.malformed = malformed.map(|malformed| malformed.0);
        self.story.make_readable(data);
        self.story.write(Some(self.protocol));
        let takes_plain = matches!(data.body, Body::Json(json) if json.is_plain());
        self.story.is_plain = takes_plain && is_plain(&self.story.json);
        self.protocol
    }

    fn word(&mut self, text: &str) -> Range<usize> {
        let start = self.story.words.len();
        self.story.words.push_str(text);
        start..self.story.words.len()
    }

    fn close_packet(&mut self) {
        let Some(Now { places, start, facts }) = self.now.take() else {
            return;
        };
        if self.story.packets.len() >= MOST_PACKETS {
            self.story.more += 1;
            self.story.has_others |= !places.is_heartbeat;
            self.story.members.truncate(start);
            self.story.words.truncate(places.kind.start);
            return;
        }
        let Story { members, words, facts: only_facts, .. } = &mut *self.story;
        // The comma before them is none of theirs.
        *only_facts = (facts + 1).min(members.len())..members.len();
        let is_empty = members.len() == start;
        let mut facts = Facts::new(members, is_empty);
        if places.is_heartbeat {
            facts.boolean("heartbeat", true);
        }
        if let Some((to, latency)) = places.reply {
            let kind = words.get(places.reply_kind.clone()).unwrap_or_default();
            write_reply(&mut facts, to, kind, latency);
        }
        self.story.places.push(start..self.story.members.len());
        self.story.packets.push(places);
    }
}

/// Puts a text before the summary, which stays in one piece at the end, as what is
/// said next goes on there.
fn insert(words: &mut String, summary: &mut Range<usize>, text: &str) -> Range<usize> {
    let start = summary.start;
    words.insert_str(start, text);
    *summary = start + text.len()..summary.end + text.len();
    start..start + text.len()
}

/// Whether JSON that was put together of plain JSON is plain, seen from afar.
fn is_plain(json: &[u8]) -> bool {
    json.is_ascii() && memchr::memchr(0x7f, json).is_none()
}

fn write_parts(list: &mut List<'_>, places: &[Range<usize>], members: &[u8]) {
    for place in places {
        let members = members.get(place.clone()).unwrap_or_default();
        list.object(|facts| facts.members(members));
    }
}

fn write_reply(facts: &mut Facts<'_>, to: u64, kind: &str, latency: Option<Duration>) {
    facts.number("reply_to", to);
    if !kind.is_empty() {
        facts.text("reply_to_type", kind);
    }
    if let Some(latency) = latency {
        let seconds = format!("{}.{:09}", latency.as_secs(), latency.subsec_nanos());
        facts.json("latency", Value::new(&seconds));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Message, Opcode, SourceId};

    #[test]
    fn the_room_for_a_long_message_is_given_back() {
        let mut story = Story::new(&Limits::default());
        let mut requests = Requests::default();
        let origin = Origin { packet: 1, time: None, source: SourceId(0), tcp_length: 0 };
        let mut tell = |text: &str| {
            let protocol = AppProtocol::Phoenix;
            let mut telling =
                Telling::new(protocol, Side::Client, origin, &mut requests, &mut story);
            telling.packet(text).channel(text).body(text.as_bytes());
            let message = Message::new(Side::Client, Opcode::Text, Body::Text(text));
            telling.finish(&Data::new(&message), None);
            let Story { members, words, body, json, .. } = &story;
            [members.capacity(), words.capacity(), body.capacity(), json.capacity()]
        };
        let long = "x".repeat(1 << 20);
        assert!(tell(&long).iter().all(|room| *room > MOST_ROOM));
        assert!(tell("x").iter().all(|room| *room <= MOST_ROOM));
    }
}

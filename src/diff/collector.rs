//! Takes events, and keeps what is compared.

use std::collections::HashMap;
use std::sync::Arc;

use super::content::{self, Part, Trees};
use super::digest::{Digester, digest};
use super::recording::{Recording, Said, Talk, What};
use super::rules::Rules;
use crate::filter::{FilterId, FilterSet, Scratch};
use crate::output::{ConnectionName, Spool, View, escaped, gist, url};
use crate::types::text::head;
use crate::types::{Event, Handshake, Kind, Message, Opcode};

/// Keeps what is compared of a capture. It shows nothing: [`Collector::recording`] has
/// what was kept.
pub struct Collector {
    rules: Arc<Rules>,
    recording: Recording,
    /// Where the connections of streams are that may go on.
    open: HashMap<(u64, Option<u32>), usize>,
    /// Bytes that may still be kept.
    room: usize,
    /// Messages that may still be compared.
    messages: usize,
    filter: Option<(FilterSet, FilterId)>,
    scratch: Scratch,
}

/// A message for which there is no room takes a hundred bytes or so, though it may be of
/// two on the wire: so many of them are compared, too, as make up three times the room.
/// That their number is bounded, and not their bytes, leaves recordings of the same
/// session the same where their ids are of different lengths.
const BYTES_A_MESSAGE: usize = 32;

/// Bytes of a target that are kept, and of a URL that are shown.
const LONGEST_TARGET: usize = 2048;

/// A target; of a long one the beginning, and a digest, so that no other is taken for
/// the same.
fn target_to_keep(target: &str) -> Box<str> {
    let beginning = head(target, LONGEST_TARGET);
    if beginning.len() == target.len() {
        return target.into();
    }
    format!("{beginning}…{:032x}", digest("target", target.as_bytes())).into()
}

impl Collector {
    /// Keeps at the most `room` bytes of what messages say, and a digest of each, as
    /// long as there are no more of them than one for `BYTES_A_MESSAGE` of the room.
    pub fn new(rules: Arc<Rules>, room: usize) -> Self {
        Self {
            rules,
            recording: Recording::default(),
            open: HashMap::new(),
            room,
            messages: room / BYTES_A_MESSAGE,
            filter: None,
            scratch: Scratch::default(),
        }
    }

    /// Keeps only what this filter selects; what a connection asked for is known
    /// nevertheless. A connection of which it selects nothing that is compared is none.
    /// Given no such filter, it keeps nothing.
    #[must_use]
    pub fn selecting(self, filters: FilterSet, filter: FilterId) -> Self {
        Self { filter: Some((filters, filter)), ..self }
    }

    /// All that was kept.
    pub fn recording(self) -> Recording {
        let mut recording = self.recording;
        recording.talks.retain(|talk| talk.is_selected);
        recording
    }

    /// Whether an event of a connection is to be compared.
    fn selects(&self, talk: usize, event: &Event<'_>) -> bool {
        let marks = self.recording.talks.get(talk).and_then(|talk| talk.marks.as_ref());
        match (&self.filter, marks) {
            (Some((filters, filter)), Some(marks)) => {
                filters.look(event, marks, &self.scratch).selects(*filter)
            }
            _ => true,
        }
    }

    /// The connection of an event.
    fn talk(&mut self, event: &Event<'_>) -> usize {
        let key = (event.connection.stream, event.connection.h2_stream);
        let known = self.open.get(&key).copied();
        if let Some(known) = known.filter(|_| !event.is_first) {
            return known;
        }
        let handshake = match event.kind {
            Kind::Handshake(handshake) => Some(handshake),
            _ => None,
        };
        let target = handshake.and_then(|handshake| handshake.target.as_deref());
        let url = handshake.and_then(|handshake| url(handshake, event.connection));
        let marks = self.filter.as_ref().map(|(filters, _)| filters.remember(handshake));
        let talks = &mut self.recording.talks;
        talks.push(Talk {
            name: ConnectionName::from(event.connection),
            target: target.map(target_to_keep),
            url: url.map(|url| escaped(head(&url, LONGEST_TARGET)).into()),
            handshake: None,
            messages: Vec::new(),
            marks,
            // Where nothing else is told of a connection, it is one still.
            is_selected: self.filter.is_none(),
        });
        self.open.insert(key, talks.len() - 1);
        talks.len() - 1
    }

    fn handshake(&mut self, talk: usize, packet: u64, handshake: &Handshake) {
        let status = handshake.status.map_or("no response".to_owned(), |status| status.to_string());
        let words = [Some(status.as_str()), handshake.reason.as_deref()];
        let words: Vec<&str> = words.into_iter().flatten().collect();
        let head = escaped(head(&words.join(" "), LONGEST_TARGET));
        let said = self.said(What::Handshake, packet, content::of_handshake(handshake), head);
        if let Some(talk) = self.recording.talks.get_mut(talk) {
            talk.handshake = Some(said);
            talk.is_selected = true;
        }
    }

    fn message(&mut self, talk: usize, packet: u64, message: &Message<'_>) {
        let is_heartbeat = message.app.is_some_and(|app| app.is_heartbeat());
        if matches!(message.opcode, Opcode::Ping | Opcode::Pong)
            || is_heartbeat && self.rules.has_defaults()
        {
            return;
        }
        let Some(left) = self.messages.checked_sub(1) else {
            self.recording.uncompared += 1;
            return;
        };
        self.messages = left;
        let what = What::Message(message.from, message.opcode);
        let said = self.said(what, packet, content::of_message(message), gist(message));
        let said = Said { is_partial: content::is_partial(message), ..said };
        if let Some(talk) = self.recording.talks.get_mut(talk) {
            talk.messages.push(said);
            talk.is_selected = true;
        }
    }

    fn said(&mut self, what: What, packet: u64, parts: Vec<Part<'_>>, head: String) -> Said {
        let trees = Trees::new(&parts, &self.rules);
        let of_what = |kind| {
            let mut digester = Digester::of(kind);
            if let What::Message(from, opcode) = what {
                digester.part(&[from as u8, opcode.nibble()]);
            }
            digester
        };
        let mut digester = of_what("said");
        digester.digest(trees.digest());
        let mut class = of_what("class");
        class.digest(trees.class());
        let has_ids = trees.has_ids;
        let size: usize = parts.iter().map(|part| part.bytes.len() + size_of::<Part<'_>>()).sum();
        let left = self.room.checked_sub(size + head.len());
        let (head, parts) = match left {
            Some(left) => {
                self.room = left;
                (head.into(), Some(content::kept(parts)))
            }
            None => {
                self.recording.unkept += 1;
                (Box::default(), None)
            }
        };
        let (digest, class) = (digester.end(), class.end());
        Said { what, packet, digest, class, has_ids, is_partial: false, head, parts }
    }
}

impl View for Collector {
    fn event(&mut self, event: &Event<'_>, _out: &mut Spool) {
        let packet = event.origin.packet;
        let talk = self.talk(event);
        let is_selected = self.selects(talk, event);
        match event.kind {
            Kind::Handshake(handshake) if is_selected => self.handshake(talk, packet, handshake),
            Kind::Message(message) if is_selected => self.message(talk, packet, &message),
            Kind::End(_) => {
                self.open.remove(&(event.connection.stream, event.connection.h2_stream));
            }
            _ => {}
        }
    }
}

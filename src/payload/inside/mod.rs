//! What binary messages hold, whatever the protocol.
//!
//! ```text
//! bytes ──► signature ─────────► named, and that is all
//!       ├─► inflate │ zstandard ► opened ──► bytes, again
//!       └─► formats, if asked for ► JSON
//! ```
//!
//! What is compressed is taken for that only if it opens to its end, or to the bound,
//! and its checksums are right. Of a message without a signature nothing is kept and
//! nothing allocated.

mod inflate;
mod signature;
mod zstandard;

use super::classify;
use super::formats::{cbor, msgpack};
use crate::types::{BinaryFormat, Body, InsideContent, InsideLayer, Limits, Message, Opcode};
use signature::{Signature, signature};

/// Compressed formats that are opened inside one another.
const MOST_OPENED: usize = 3;

/// Longer room is given back after the message.
const MOST_ROOM: usize = 256 << 10;

/// Looks into binary messages. It is used again for the next one.
pub struct Insides {
    /// Bytes that one format may open to.
    most: usize,
    /// What to read messages as that show nothing.
    decode: Vec<BinaryFormat>,
    /// What was opened, from outside to inside.
    opened: [Vec<u8>; MOST_OPENED],
    /// What was read as JSON.
    json: String,
}

/// What a compressed format opened to.
struct Opened {
    format: &'static str,
    /// It was not opened to its end.
    is_cut: bool,
}

impl Insides {
    /// With the bounds of `limits`; what shows nothing is read as the first format of
    /// `decode` that fits.
    pub fn new(limits: &Limits, decode: Vec<BinaryFormat>) -> Self {
        Self { most: limits.opened, decode, opened: Default::default(), json: String::new() }
    }

    /// What a message holds, from outside to inside; nothing if that is not known.
    pub fn look(&mut self, message: &Message<'_>) -> Vec<InsideLayer<'_>> {
        let is_whole = message.complete && !message.truncated && message.not_inflated.is_none();
        if message.opcode != Opcode::Binary || !is_whole || matches!(message.body, Body::Json(_)) {
            return Vec::new();
        }
        self.give_back();
        let is_claimed = message.app.is_some_and(|app| app.protocol.is_some());
        self.layers(message.payload, is_claimed)
    }

    fn layers(&mut self, payload: &[u8], is_claimed: bool) -> Vec<InsideLayer<'_>> {
        let found = self.open_all(payload);
        let count = found.iter().flatten().count();
        let innermost = self.opened.get(..count).and_then(<[_]>::last);
        let bytes = innermost.map_or(payload, Vec::as_slice);
        let known = signature(bytes);
        // What is cut is never all of a value.
        let is_cut = found.iter().flatten().last().is_some_and(|opened| opened.is_cut);
        let mut formats = self.decode.iter().filter(|_| known.is_none() && !is_claimed && !is_cut);
        let read = formats.find_map(|format| Some((format.name(), read(*format, bytes)?)));
        let opened = found.iter().flatten().zip(&self.opened);
        let mut layers: Vec<InsideLayer<'_>> =
            opened.map(|(opened, bytes)| opened.layer(bytes)).collect();
        layers.extend(known.map(Signature::layer));
        if let Some((format, json)) = read {
            self.json = json;
            let body = classify(self.json.as_bytes(), true);
            let content = InsideContent { length: None, body, truncated: false };
            layers.push(InsideLayer { format, media_type: None, content: Some(content) });
        }
        layers
    }

    /// Opens what is compressed, what that opens to, and so on.
    fn open_all(&mut self, payload: &[u8]) -> [Option<Opened>; MOST_OPENED] {
        let mut found: [Option<Opened>; MOST_OPENED] = Default::default();
        for (count, place) in found.iter_mut().enumerate() {
            let (outer, inner) = self.opened.split_at_mut(count);
            let bytes = outer.last().map_or(payload, Vec::as_slice);
            *place = inner.first_mut().and_then(|room| open(bytes, room, self.most));
            if place.is_none() {
                break;
            }
        }
        found
    }

    fn give_back(&mut self) {
        for room in &mut self.opened {
            room.clear();
            if room.capacity() > MOST_ROOM {
                *room = Vec::new();
            }
        }
        self.json = String::new();
    }
}

impl Opened {
    /// It, with the bytes that it opened to.
    fn layer<'a>(&self, bytes: &'a [u8]) -> InsideLayer<'a> {
        let content = InsideContent {
            length: Some(bytes.len() as u64),
            body: classify(bytes, !self.is_cut),
            truncated: self.is_cut,
        };
        InsideLayer { format: self.format, media_type: None, content: Some(content) }
    }
}

impl Signature {
    fn layer(self) -> InsideLayer<'static> {
        InsideLayer { format: self.format, media_type: Some(self.media_type), content: None }
    }
}

/// Opens `bytes` into `room`, if they begin like a compressed format and are one.
fn open(bytes: &[u8], room: &mut Vec<u8>, most: usize) -> Option<Opened> {
    type Open = fn(&[u8], &mut Vec<u8>, usize) -> Option<bool>;
    let (format, open): (_, Open) = match bytes {
        [0x1f, 0x8b, 8, ..] => ("gzip", inflate::gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("zstd", zstandard::zstandard),
        [first, second, ..] if inflate::begins_zlib(*first, *second) => ("zlib", inflate::zlib),
        _ => return None,
    };
    let is_cut = open(bytes, room, most)?;
    Some(Opened { format, is_cut })
}

/// JSON of bytes in this format; `None` also of what is JSON itself.
fn read(format: BinaryFormat, bytes: &[u8]) -> Option<String> {
    if matches!(classify(bytes, true), Body::Json(_)) {
        return None;
    }
    match format {
        BinaryFormat::MessagePack => msgpack::to_json(bytes).ok(),
        BinaryFormat::Cbor => cbor::to_json(bytes).ok(),
    }
}

/// Adds what was opened, as far as there is room. Whether there was for all of it.
fn keep(opened: &[u8], room: &mut Vec<u8>, most: usize) -> bool {
    let (kept, beyond) =
        opened.split_at_checked(most.saturating_sub(room.len())).unwrap_or((opened, &[]));
    room.extend_from_slice(kept);
    beyond.is_empty()
}

#[cfg(test)]
mod tests;

//! A frame that may begin at some byte: its header must be one that a sender
//! would write, and what is there of its payload must agree with it.

use super::frame::{FrameHeader, HeaderError, MAX_CONTROL};
use super::mask::unmask;
use crate::types::Opcode;

/// Payload bytes of a text frame that are looked at.
const SAMPLE: usize = 64;

/// The most bits that the text of a masked frame counts. Inside other masked
/// text, a key that is off by less than 32 in each of its bytes, as one of 2^12
/// is, unmasks it to something printable.
const MAX_TEXT: i32 = 12;

/// The most bits that the text of an unmasked frame counts: unlike text that
/// appears by unmasking, it may lie inside anything.
const MAX_BARE_TEXT: i32 = 10;

/// What a payload counts, in bits, that has the brackets of a JSON text at its
/// two ends.
pub(super) const JSON_BITS: i32 = 12;

/// Which frames are taken for possible.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub(super) masked: bool,
    /// Reserved bits that the first frame of a data message may have.
    pub(super) reserved_bits: u8,
    /// Payload bytes.
    pub(super) max_frame: u64,
}

/// What lies at some byte.
pub(super) enum Place {
    /// No frame.
    Unlikely,
    /// What may be the beginning of a header; the rest is not there yet.
    Cut,
    /// A frame, perhaps.
    Frame(Candidate),
}

/// What looks like a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) header: FrameHeader,
    /// What the payload says for it, in bits; at most [`SAMPLE`] bytes are
    /// asked. Below 0 it speaks against it.
    pub(super) content: i32,
    /// The payload has a bracket at either end.
    pub(super) is_json: bool,
}

impl Candidate {
    /// Bytes of the whole frame.
    pub(super) fn size(&self) -> u64 {
        self.header.length.saturating_add(self.header.header_length as u64)
    }
}

/// What `bytes` begins with.
pub(super) fn look(bytes: &[u8], kind: Kind) -> Place {
    let Some(&first) = bytes.first() else {
        return Place::Cut;
    };
    if !is_first_byte(first, kind.reserved_bits) {
        return Place::Unlikely;
    }
    match FrameHeader::parse(bytes) {
        Ok(header) => judge(header, bytes, kind).map_or(Place::Unlikely, Place::Frame),
        Err(HeaderError::LengthOverflow(_)) => Place::Unlikely,
        Err(HeaderError::Incomplete) if is_cut(bytes, kind) => Place::Cut,
        Err(HeaderError::Incomplete) => Place::Unlikely,
    }
}

/// Whether a frame may begin with `bytes`, compressed or not.
pub(super) fn may_begin(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|&first| is_first_byte(first, FrameHeader::RSV1))
}

fn is_first_byte(first: u8, reserved_bits: u8) -> bool {
    let (fin, rsv) = (first & 0x80 != 0, first >> 4 & 0x7);
    match Opcode::from_nibble(first) {
        Opcode::Text | Opcode::Binary => rsv & !reserved_bits == 0,
        Opcode::Continuation => rsv == 0,
        Opcode::Close | Opcode::Ping | Opcode::Pong => fin && rsv == 0,
        Opcode::Reserved(_) => false,
    }
}

/// Whether a header that is not there in full may go on as a frame's.
fn is_cut(bytes: &[u8], kind: Kind) -> bool {
    let &[first, second, ..] = bytes else {
        return true;
    };
    let is_control = Opcode::from_nibble(first).is_control();
    (second & 0x80 != 0) == kind.masked && (!is_control || u64::from(second & 0x7f) <= MAX_CONTROL)
}

fn judge(header: FrameHeader, bytes: &[u8], kind: Kind) -> Option<Candidate> {
    let key_length = if header.masking_key.is_some() { 4 } else { 0 };
    let length = header.length;
    let is_shortest = match header.header_length - key_length {
        2 => true,
        4 => length > 125,
        _ => length > 0xffff,
    };
    let is_control = header.opcode.is_control();
    // A fragment of nothing is legal, but runs of zeros are full of them.
    let is_void = length == 0 && !header.fin;
    if header.masking_key.is_some() != kind.masked
        || !is_shortest
        || length > if is_control { MAX_CONTROL } else { kind.max_frame }
        || is_void
    {
        return None;
    }
    let payload = bytes.get(header.header_length..).unwrap_or_default();
    let held = usize::try_from(length).map_or(payload.len(), |length| length.min(payload.len()));
    let payload = Payload {
        held: payload.get(..held).unwrap_or_default(),
        key: header.masking_key.unwrap_or_default(),
        is_whole: held as u64 == length,
    };
    let (content, is_json) = match header.opcode {
        Opcode::Text if header.rsv & FrameHeader::RSV1 == 0 => payload.text(header.fin)?,
        Opcode::Close => (payload.close()?, false),
        _ => (0, false),
    };
    Some(Candidate { header, content, is_json })
}

/// Whether a masking key tells nothing about what it masks.
pub(super) fn is_poor_key(key: [u8; 4]) -> bool {
    key.iter().all(|&byte| byte == key[0])
}

struct Payload<'a> {
    /// The bytes that are there, masked.
    held: &'a [u8],
    key: [u8; 4],
    is_whole: bool,
}

impl Payload<'_> {
    /// What text counts, and whether it has brackets; `None` when it is not
    /// UTF-8.
    fn text(&self, is_last: bool) -> Option<(i32, bool)> {
        let mut sample = [0; SAMPLE];
        let count = self.held.len().min(SAMPLE);
        let sample = sample.get_mut(..count)?;
        sample.copy_from_slice(self.held.get(..count)?);
        unmask(sample, self.key, 0);
        let text = match std::str::from_utf8(sample) {
            Ok(text) => text,
            Err(error) => {
                let goes_on = !is_last || !self.is_whole || count < self.held.len();
                if error.error_len().is_some() || !goes_on {
                    return None;
                }
                std::str::from_utf8(sample.get(..error.valid_up_to())?).ok()?
            }
        };
        let mut content = text_bits(text).min(MAX_TEXT);
        if is_poor_key(self.key) {
            // Inside other text, only what is not of 7 bits can be taken for a
            // header; then text tells nothing.
            content = if text.is_ascii() { content.min(MAX_BARE_TEXT) } else { content.min(0) };
        }
        let is_json = is_last && self.is_whole && self.has_brackets();
        let is_begun = !self.is_whole && matches!(self.byte(0), Some(b'{' | b'['));
        let json = if is_json {
            JSON_BITS
        } else if is_begun {
            3
        } else {
            0
        };
        Some((content + json, is_json))
    }

    /// `{…}` or `[…]`, perhaps after a number (Socket.IO) and before a record
    /// separator (SignalR).
    fn has_brackets(&self) -> bool {
        let begin = (0..8).find(|&index| self.byte(index).is_none_or(|b| !b.is_ascii_digit()));
        let end = |back: usize| self.held.len().checked_sub(back).and_then(|at| self.byte(at));
        let last = match end(1) {
            Some(b'\n' | 0x1e) => end(2),
            last => last,
        };
        match begin.and_then(|index| self.byte(index)) {
            Some(b'{') => last == Some(b'}'),
            Some(b'[') => last == Some(b']'),
            _ => false,
        }
    }

    /// What a Close frame counts (RFC 6455 §7.4).
    fn close(&self) -> Option<i32> {
        match (self.byte(0), self.byte(1)) {
            (None, _) => Some(0),
            (Some(_), None) if self.is_whole => None,
            (Some(_), None) => Some(0),
            (Some(high), Some(low)) => match u16::from_be_bytes([high, low]) {
                1000..=1003 | 1007..=1014 => Some(10),
                3000..=4999 => Some(4),
                _ => None,
            },
        }
    }

    fn byte(&self, index: usize) -> Option<u8> {
        let key = self.key.get(index % 4)?;
        Some(self.held.get(index)? ^ key)
    }
}

/// How much rarer such text is among random bytes.
fn text_bits(text: &str) -> i32 {
    let eighths: i32 = text
        .chars()
        .map(|character| match character {
            '\t' | '\n' | '\r' | ' '..='~' => 11,
            '\x1b' => 0,
            '\0'..='\x7f' => -48,
            '\u{80}'..='\u{7ff}' => 41,
            '\u{800}'..='\u{ffff}' => 64,
            _ => 94,
        })
        .sum();
    (eighths / 8).max(-20)
}

/// Whether one segment consists of frames from its first byte to exactly its
/// last, or begins with a text frame that goes on beyond it. It costs little,
/// and is meant for conversations that were given up: it is true of most
/// segments with small messages and of hardly any others.
pub fn looks_like_frames(segment: &[u8]) -> bool {
    let masked = segment.get(1).is_some_and(|second| second & 0x80 != 0);
    let kind = Kind { masked, reserved_bits: FrameHeader::RSV1, max_frame: 1 << 32 };
    let mut rest = segment;
    let mut content = 0;
    // So begins whatever has its length before it in two bytes.
    if segment.first() == Some(&0) {
        return false;
    }
    while let Place::Frame(candidate) = look(rest, kind) {
        content += candidate.content;
        let size = usize::try_from(candidate.size()).unwrap_or(usize::MAX);
        match rest.get(size..) {
            Some([]) => return content >= 0,
            Some(next) => rest = next,
            None => return content >= MAX_BARE_TEXT,
        }
    }
    false
}

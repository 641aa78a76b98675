//! A message in the making.

use sha2::{Digest, Sha256};

use super::buffers::Buffers;
use super::frame::FrameHeader;
use super::utf8::Utf8;
use crate::types::{NotInflated, Opcode, Origin};

/// What is kept of a message whose memory is needed elsewhere.
const HEAD: usize = 4 << 10;

/// A message put together. The fields are those of
/// [`Message`](crate::types::Message).
#[derive(Clone, Copy, Debug)]
pub struct Assembled<'a> {
    /// What it is. [`Opcode::Continuation`] when its beginning is not there.
    pub opcode: Opcode,
    /// Payload bytes, as far as the headers of all its frames are known.
    pub length: Option<u64>,
    /// Payload bytes of the frames seen.
    pub wire_length: u64,
    /// How many of them are there.
    pub received: u64,
    /// Frames seen.
    pub frames: u64,
    /// Whether its first frame was masked.
    pub masked: bool,
    /// The masking key of its first frame.
    pub masking_key: Option<[u8; 4]>,
    /// The reserved bits of its first frame.
    pub rsv: u8,
    /// Whether the last of its frames is the final one.
    pub fin: bool,
    /// Whether it is compressed.
    pub compressed: bool,
    /// The packet in which it began.
    pub first: Origin,
    /// The packet in which it ended.
    pub origin: Origin,
    /// All of it is there.
    pub complete: bool,
    /// How many bytes are not, if it is known.
    pub missing: Option<u64>,
    /// More bytes are there than were kept.
    pub truncated: bool,
    /// Why it was not inflated to its end.
    pub not_inflated: Option<NotInflated>,
    /// Where the first byte lies that is not UTF-8, in text that was not kept
    /// whole.
    pub invalid_utf8: Option<u64>,
    /// Its first frame has reserved bits set that permessage-deflate does not
    /// explain: what its payload means is not known.
    pub has_reserved_bits: bool,
    /// SHA-256 of the payload, when asked for and all of it is there.
    pub sha256: Option<[u8; 32]>,
    /// The unmasked and inflated bytes before the first hole, as far as they
    /// were kept.
    pub payload: &'a [u8],
}

impl Assembled<'_> {
    /// A message whose only frame is all there, still without its payload.
    pub(super) fn whole(header: &FrameHeader, first: Origin, origin: Origin) -> Self {
        Self {
            opcode: header.opcode,
            length: Some(header.length),
            wire_length: header.length,
            received: header.length,
            frames: 1,
            masked: header.masking_key.is_some(),
            masking_key: header.masking_key,
            rsv: header.rsv,
            fin: header.fin,
            compressed: false,
            first,
            origin,
            // Of a message whose beginning is not there, nothing is certain.
            complete: header.opcode != Opcode::Continuation,
            missing: None,
            truncated: false,
            not_inflated: None,
            invalid_utf8: None,
            has_reserved_bits: header.rsv != 0,
            sha256: None,
            payload: &[],
        }
    }
}

/// A message of which more is to come.
pub(super) struct Partial {
    pub(super) opcode: Opcode,
    pub(super) wire_length: u64,
    pub(super) received: u64,
    pub(super) frames: u64,
    masking_key: Option<[u8; 4]>,
    rsv: u8,
    fin: bool,
    pub(super) compressed: bool,
    pub(super) first: Origin,
    pub(super) last: Origin,
    /// Bytes on the wire that are not there.
    pub(super) missing: u64,
    /// Its first frames are not in the capture.
    pub(super) is_headless: bool,
    has_reserved_bits: bool,
    truncated: bool,
    kept: Vec<u8>,
    /// Judges text of which not all is kept.
    utf8: Option<Utf8>,
    sha256: Option<Sha256>,
}

/// What inflating a message came to.
#[derive(Clone, Copy)]
pub(super) struct Outcome {
    pub(super) length: Option<u64>,
    pub(super) not_inflated: Option<NotInflated>,
}

impl Partial {
    /// The message that a frame begins.
    pub(super) fn new(header: &FrameHeader, compressed: bool, first: Origin, hashes: bool) -> Self {
        let rsv1 = if compressed { FrameHeader::RSV1 } else { 0 };
        Self {
            opcode: header.opcode,
            wire_length: header.length,
            received: 0,
            frames: 1,
            masking_key: header.masking_key,
            rsv: header.rsv,
            fin: header.fin,
            compressed,
            first,
            last: first,
            missing: 0,
            is_headless: false,
            has_reserved_bits: header.rsv & !rsv1 != 0,
            truncated: false,
            kept: Vec::new(),
            utf8: None,
            sha256: hashes.then(Sha256::new),
        }
    }

    /// Takes note of its next frame.
    pub(super) fn go_on(&mut self, header: &FrameHeader, origin: Origin) {
        self.frames += 1;
        self.wire_length = self.wire_length.saturating_add(header.length);
        self.fin = header.fin;
        self.last = origin;
    }

    /// Takes unmasked and inflated bytes that come before the first hole, and
    /// keeps what is within `limit`.
    pub(super) fn add(&mut self, bytes: &[u8], limit: usize, buffers: &mut Buffers) {
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
        let is_judged = self.utf8.is_some();
        if let Some(utf8) = &mut self.utf8 {
            utf8.push(bytes);
        }
        let limit = if self.truncated { self.kept.len() } else { limit };
        let room = limit.saturating_sub(self.kept.len());
        let (within, beyond) = bytes.split_at(room.min(bytes.len()));
        buffers.reserve(&mut self.kept, within.len(), limit);
        self.kept.extend_from_slice(within);
        if !beyond.is_empty() {
            self.judge_from_here();
            self.truncated = true;
            if let Some(utf8) = self.utf8.as_mut().filter(|_| !is_judged) {
                utf8.push(beyond);
            }
        }
    }

    /// Not all of the text will be there at the end.
    fn judge_from_here(&mut self) {
        if self.opcode == Opcode::Text && self.utf8.is_none() && !self.truncated {
            let mut utf8 = Utf8::default();
            utf8.push(&self.kept);
            self.utf8 = Some(utf8);
        }
    }

    /// Gives up memory: all but the beginning of a long message, and that, too,
    /// when asked again.
    pub(super) fn shed(&mut self, buffers: &mut Buffers) {
        if self.kept.is_empty() {
            return buffers.give(self.take_buffer());
        }
        self.judge_from_here();
        self.truncated = true;
        let kept = if self.kept.len() > HEAD { HEAD } else { 0 };
        let mut head = Vec::new();
        buffers.reserve(&mut head, kept, HEAD);
        head.extend_from_slice(self.kept.get(..kept).unwrap_or_default());
        buffers.give(std::mem::replace(&mut self.kept, head));
    }

    /// Bytes of memory that it takes.
    pub(super) fn cost(&self) -> usize {
        self.kept.capacity()
    }

    /// The message as it is, with `remaining` bytes of it still to come; `None`
    /// when the headers that would tell are not there.
    pub(super) fn assembled(
        &self,
        remaining: Option<u64>,
        inflated: Option<Outcome>,
    ) -> Assembled<'_> {
        let missing = remaining.map(|remaining| self.missing.saturating_add(remaining));
        let not_inflated = inflated.and_then(|inflated| inflated.not_inflated);
        let length = match inflated {
            Some(inflated) => inflated.length,
            None => remaining.filter(|_| !self.is_headless).map(|_| self.wire_length),
        };
        // Of a message whose beginning is not there, nothing is certain.
        let complete =
            missing == Some(0) && not_inflated.is_none() && self.opcode != Opcode::Continuation;
        Assembled {
            opcode: self.opcode,
            length,
            wire_length: self.wire_length,
            received: self.received,
            frames: self.frames,
            masked: self.masking_key.is_some(),
            masking_key: self.masking_key,
            rsv: self.rsv,
            fin: self.fin,
            compressed: self.compressed,
            first: self.first,
            origin: self.last,
            complete,
            missing: missing.filter(|&missing| missing > 0),
            truncated: self.truncated,
            not_inflated,
            has_reserved_bits: self.has_reserved_bits,
            invalid_utf8: self.utf8.as_ref().and_then(|utf8| match complete {
                true => utf8.invalid_at(),
                false => utf8.invalid_so_far(),
            }),
            sha256: self.sha256.clone().filter(|_| complete).map(|hash| hash.finalize().into()),
            payload: &self.kept,
        }
    }

    /// The buffer, to be used again.
    pub(super) fn take_buffer(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::SourceId;

    #[test]
    fn text_beyond_the_limit_is_judged_once() {
        let origin = Origin { packet: 1, time: None, source: SourceId(0), tcp_length: 0 };
        let header = FrameHeader::parse(b"\x81\x0c").unwrap();
        let judged = |text: &[u8], size| {
            let mut partial = Partial::new(&header, false, origin, false);
            for piece in text.chunks(size) {
                partial.add(piece, 3, &mut Buffers::default());
            }
            let message = partial.assembled(Some(0), None);
            assert!(message.truncated);
            message.invalid_utf8
        };
        for size in 1..=12 {
            assert_eq!(judged("aäöüéß€".as_bytes(), size), None, "by {size}");
            assert_eq!(judged(b"abcdefgh\xff123", size), Some(8), "by {size}");
        }
    }
}

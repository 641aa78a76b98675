//! What the frames of one side may be (RFC 6455 §5, RFC 7692 §6).

use super::Extensions;
use super::frame::{FrameHeader, MAX_CONTROL};
use crate::types::{Opcode, Rule, Side};

/// A rule that was broken, and a sentence with the values seen.
pub(super) type Broken = (Rule, String);

/// Judges the frame headers of one side, in their order.
pub(super) struct Judge {
    side: Side,
    extensions: Extensions,
    /// Whether its last frame was masked.
    masked: Option<bool>,
    /// The masking key of the last frame that had a payload.
    masking_key: Option<[u8; 4]>,
    /// What is told once for all frames.
    masking_told: bool,
    key_told: bool,
    /// Its Close frame was seen.
    closed: bool,
}

/// The message that a frame finds in the making.
#[derive(Clone, Copy)]
pub(super) struct Unfinished {
    pub(super) opcode: Opcode,
    pub(super) frames: u64,
}

impl Judge {
    pub(super) fn new(side: Side, extensions: Extensions) -> Self {
        Self {
            side,
            extensions,
            masked: None,
            masking_key: None,
            masking_told: false,
            key_told: false,
            closed: false,
        }
    }

    /// Whose frames they are.
    pub(super) fn side(&self) -> Side {
        self.side
    }

    /// What the extensions do to them.
    pub(super) fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Judges the next frame. `may_continue` says that the beginning of a
    /// message may be missing from the capture.
    pub(super) fn frame(
        &mut self,
        header: &FrameHeader,
        unfinished: Option<Unfinished>,
        may_continue: bool,
    ) -> Vec<Broken> {
        let mut broken = Vec::new();
        if self.is_ordinary(header, unfinished) {
            self.masking_key = header.masking_key.or(self.masking_key);
            return broken;
        }
        self.masking(header, &mut broken);
        self.reserved_bits(header, &mut broken);
        length(header, &mut broken);
        match header.opcode {
            Opcode::Reserved(nibble) => {
                let detail = format!("A frame of {} bytes has opcode {nibble:#x}.", header.length);
                broken.push((Rule::ReservedOpcode, detail));
            }
            Opcode::Close | Opcode::Ping | Opcode::Pong => control(header, &mut broken),
            Opcode::Continuation | Opcode::Text | Opcode::Binary => {
                sequence(header, unfinished, may_continue, &mut broken);
            }
        }
        self.after_close(header, &mut broken);
        broken
    }

    /// Whether its last frame was masked, if there was one.
    pub(super) fn is_masked(&self) -> Option<bool> {
        self.masked
    }

    /// Whether a frame begins a compressed message: only the first of a data
    /// message can say so (RFC 7692 §6.1).
    pub(super) fn is_compressed(&self, header: &FrameHeader) -> bool {
        self.extensions.compression.is_some()
            && header.rsv & FrameHeader::RSV1 != 0
            && matches!(header.opcode, Opcode::Text | Opcode::Binary)
    }

    /// Whether it is a frame as most are, of which nothing is to be noted but
    /// its key.
    fn is_ordinary(&self, header: &FrameHeader, unfinished: Option<Unfinished>) -> bool {
        let is_masked = header.masking_key.is_some();
        let (used, needed) = length_bytes(header);
        matches!(header.opcode, Opcode::Text | Opcode::Binary)
            && header.rsv == 0
            && !self.closed
            && unfinished.is_none()
            && self.masked == Some(is_masked)
            && is_masked == (self.side == Side::Client)
            && (header.masking_key.is_none() || self.masking_key != header.masking_key)
            && header.length > 0
            && used == needed
    }

    fn masking(&mut self, header: &FrameHeader, broken: &mut Vec<Broken>) {
        self.masked = Some(header.masking_key.is_some());
        let (rule, state) = match (self.side, header.masking_key) {
            (Side::Client, None) => (Rule::UnmaskedClientFrame, "is not masked"),
            (Side::Server, Some(_)) => (Rule::MaskedServerFrame, "is masked"),
            (Side::Client, Some(key)) => {
                if header.length > 0 {
                    self.masking_key(key, header, broken);
                }
                return;
            }
            (Side::Server, None) => return,
        };
        if !std::mem::replace(&mut self.masking_told, true) {
            let detail = format!("A {} frame of the {} {state}.", header.opcode, self.side);
            broken.push((rule, detail));
        }
    }

    fn masking_key(&mut self, key: [u8; 4], header: &FrameHeader, broken: &mut Vec<Broken>) {
        let is_repeated = self.masking_key.replace(key) == Some(key);
        if is_repeated && !std::mem::replace(&mut self.key_told, true) {
            let detail = format!(
                "A {} frame has the masking key of the frame before it, {:08x}.",
                header.opcode,
                u32::from_be_bytes(key)
            );
            broken.push((Rule::MaskingKeyRepeated, detail));
        }
    }

    fn reserved_bits(&self, header: &FrameHeader, broken: &mut Vec<Broken>) {
        if !self.extensions.is_known {
            return;
        }
        let mut unexplained = header.rsv & !self.extensions.reserved_bits;
        if self.extensions.compression.is_some() && unexplained & FrameHeader::RSV1 != 0 {
            unexplained &= !FrameHeader::RSV1;
            let rule = match header.opcode {
                Opcode::Text | Opcode::Binary => None,
                // That the opcode is reserved says all there is to say.
                Opcode::Reserved(_) => None,
                Opcode::Continuation => Some(Rule::CompressedContinuation),
                Opcode::Close | Opcode::Ping | Opcode::Pong => Some(Rule::CompressedControlFrame),
            };
            if let Some(rule) = rule {
                broken.push((rule, format!("A {} frame has RSV1 set.", header.opcode)));
            }
        }
        if unexplained != 0 {
            let detail = format!(
                "A {} frame has reserved bits {:03b}, of which no extension explains {unexplained:03b}.",
                header.opcode, header.rsv
            );
            broken.push((Rule::ReservedBits, detail));
        }
    }

    fn after_close(&mut self, header: &FrameHeader, broken: &mut Vec<Broken>) {
        let is_close = header.opcode == Opcode::Close;
        if !self.closed {
            self.closed = is_close;
            return;
        }
        let rule = match header.opcode {
            Opcode::Close => Rule::SecondClose,
            opcode if opcode.is_control() => Rule::ControlAfterClose,
            _ => Rule::DataAfterClose,
        };
        let detail = format!(
            "A {} frame of {} bytes follows the {}'s Close frame.",
            header.opcode, header.length, self.side
        );
        broken.push((rule, detail));
    }
}

/// Bytes that the length takes, and those that it needs, beside the first.
fn length_bytes(header: &FrameHeader) -> (usize, usize) {
    let key = if header.masking_key.is_some() { 4 } else { 0 };
    let used = header.header_length.saturating_sub(2 + key);
    let needed = match header.length {
        0..=125 => 0,
        126..=0xffff => 2,
        _ => 8,
    };
    (used, needed)
}

/// A length takes as few bytes as it can (RFC 6455 §5.2).
fn length(header: &FrameHeader, broken: &mut Vec<Broken>) {
    let (used, needed) = length_bytes(header);
    if used > needed {
        let needed = if needed == 0 { "none".to_owned() } else { needed.to_string() };
        let detail = format!(
            "A {} frame takes {used} more bytes for its length of {}, which needs {needed}.",
            header.opcode, header.length
        );
        broken.push((Rule::LengthNotMinimal, detail));
    }
}

fn control(header: &FrameHeader, broken: &mut Vec<Broken>) {
    if header.length > MAX_CONTROL {
        let detail = format!("A {} frame has {} bytes.", header.opcode, header.length);
        broken.push((Rule::ControlFrameTooLong, detail));
    }
    if !header.fin {
        let detail = format!("A {} frame lacks FIN.", header.opcode);
        broken.push((Rule::FragmentedControlFrame, detail));
    }
}

/// Fragments of one message, then of the next (RFC 6455 §5.4).
fn sequence(
    header: &FrameHeader,
    unfinished: Option<Unfinished>,
    may_continue: bool,
    broken: &mut Vec<Broken>,
) {
    let is_continuation = header.opcode == Opcode::Continuation;
    match unfinished {
        None if is_continuation && !may_continue => {
            let detail =
                format!("A continuation frame of {} bytes follows no fragment.", header.length);
            broken.push((Rule::UnexpectedContinuation, detail));
        }
        // Without its beginning a message is nothing that another could break
        // into.
        Some(Unfinished { opcode, frames })
            if !is_continuation && opcode != Opcode::Continuation =>
        {
            let detail = format!(
                "A {} message begins before the {opcode} message of {frames} frames so far has ended.",
                header.opcode,
            );
            broken.push((Rule::InterleavedMessage, detail));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::websocket::Compression;

    const NONE: Extensions = Extensions::NONE;
    const DEFLATE: Extensions =
        Extensions { compression: Some(Compression { keeps_context: true }), ..NONE };

    /// What a server's frames with these headers break, one after the other.
    fn broken(extensions: Extensions, headers: &[&[u8]]) -> Vec<&'static str> {
        judged(Side::Server, extensions, headers)
    }

    fn judged(side: Side, extensions: Extensions, headers: &[&[u8]]) -> Vec<&'static str> {
        let mut judge = Judge::new(side, extensions);
        let mut unfinished: Option<Unfinished> = None;
        let mut names = Vec::new();
        for bytes in headers {
            let header = FrameHeader::parse(bytes).unwrap();
            let broken = judge.frame(&header, unfinished, false);
            names.extend(broken.iter().map(|(rule, _)| rule.name()));
            unfinished = match (header.opcode, unfinished) {
                (opcode, unfinished) if opcode.is_control() => unfinished,
                _ if header.fin => None,
                (Opcode::Continuation, Some(unfinished)) => Some(unfinished),
                (opcode, _) => Some(Unfinished { opcode, frames: 1 }),
            };
        }
        names
    }

    #[test]
    fn masking_is_the_clients() {
        let (masked, bare) = (b"\x81\x81\x01\x02\x03\x04".as_slice(), b"\x81\x01".as_slice());
        // Told once, however many there are.
        assert_eq!(judged(Side::Client, NONE, &[bare, bare]), ["unmasked-client-frame"]);
        assert_eq!(judged(Side::Server, NONE, &[masked, masked]), ["masked-server-frame"]);
        assert!(judged(Side::Client, NONE, &[masked]).is_empty());
        assert!(judged(Side::Server, NONE, &[bare]).is_empty());
    }

    #[test]
    fn each_masking_key_is_new() {
        let frame = b"\x81\x81\x01\x02\x03\x04".as_slice();
        let other = b"\x81\x81\x01\x02\x03\x05".as_slice();
        let empty = b"\x81\x80\x01\x02\x03\x04".as_slice();
        let repeated = "masking-key-repeated";
        assert_eq!(judged(Side::Client, NONE, &[frame, frame, frame]), [repeated]);
        assert!(judged(Side::Client, NONE, &[frame, other, frame]).is_empty());
        // There is nothing to mask.
        assert!(judged(Side::Client, NONE, &[empty, empty, frame]).is_empty());
    }

    #[test]
    fn reserved_bits_need_an_extension() {
        let other = Extensions { reserved_bits: 0b111, ..NONE };
        let unknown = Extensions { is_known: false, ..NONE };
        for first in [0xc1, 0xa1, 0x91, 0xf2] {
            assert_eq!(broken(NONE, &[&[first, 1]]), ["reserved-bits"], "{first:#x}");
            assert!(broken(other, &[&[first, 1]]).is_empty(), "{first:#x}");
            assert!(broken(unknown, &[&[first, 1]]).is_empty(), "{first:#x}");
        }
        assert!(broken(DEFLATE, &[b"\xc1\x01"]).is_empty());
        assert_eq!(broken(DEFLATE, &[b"\xe1\x01"]), ["reserved-bits"]);
    }

    #[test]
    fn only_the_first_frame_of_a_data_message_says_that_it_is_compressed() {
        assert_eq!(broken(DEFLATE, &[b"\xc9\x00"]), ["compressed-control-frame"]);
        assert_eq!(broken(DEFLATE, &[b"\x41\x01", b"\xc0\x01"]), ["compressed-continuation"]);
        assert!(broken(DEFLATE, &[b"\x41\x01", b"\x89\x00", b"\x80\x01"]).is_empty());
        assert_eq!(broken(DEFLATE, &[b"\xc3\x00"]), ["reserved-opcode"]);
        // Without the extension it is a reserved bit like the others.
        assert_eq!(broken(NONE, &[b"\xc9\x00"]), ["reserved-bits"]);
    }

    #[test]
    fn opcodes_that_are_reserved() {
        for opcode in [0x83, 0x84, 0x85, 0x86, 0x87, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f] {
            assert_eq!(broken(NONE, &[&[opcode, 0]]), ["reserved-opcode"], "{opcode:#x}");
        }
        for opcode in [0x81, 0x82, 0x88, 0x89, 0x8a] {
            assert!(broken(NONE, &[&[opcode, 0]]).is_empty(), "{opcode:#x}");
        }
    }

    #[test]
    fn lengths_take_as_few_bytes_as_they_can() {
        for long in [
            b"\x82\x7e\x00\x7d".as_slice(),
            b"\x82\x7f\0\0\0\0\0\0\x00\x7d",
            b"\x82\x7f\0\0\0\0\0\0\xff\xff",
        ] {
            assert_eq!(broken(NONE, &[long]), ["length-not-minimal"], "{long:x?}");
        }
        for shortest in
            [b"\x82\x7d".as_slice(), b"\x82\x7e\x00\x7e", b"\x82\x7f\0\0\0\0\0\x01\x00\x00"]
        {
            assert!(broken(NONE, &[shortest]).is_empty(), "{shortest:x?}");
        }
    }

    #[test]
    fn control_frames_are_short_and_whole() {
        assert_eq!(broken(NONE, &[b"\x89\x7e\x00\x7e"]), ["control-frame-too-long"]);
        assert_eq!(broken(NONE, &[b"\x09\x00"]), ["fragmented-control-frame"]);
        assert!(broken(NONE, &[b"\x89\x7d", b"\x8a\x00"]).is_empty());
    }

    #[test]
    fn fragments_come_in_turn() {
        assert_eq!(broken(NONE, &[b"\x80\x01"]), ["unexpected-continuation"]);
        assert_eq!(broken(NONE, &[b"\x01\x01", b"\x81\x01"]), ["interleaved-message"]);
        let pings_between = [b"\x01\x01", b"\x89\x00", b"\x00\x01", b"\x8a\x00", b"\x80\x00"];
        assert!(broken(NONE, &pings_between.map(|header| header.as_slice())).is_empty());
        // Where the capture may lack the beginning, nothing is wrong.
        let header = FrameHeader::parse(b"\x80\x01").unwrap();
        assert!(Judge::new(Side::Server, NONE).frame(&header, None, true).is_empty());
    }

    #[test]
    fn a_close_frame_is_the_last() {
        let close = b"\x88\x00".as_slice();
        assert_eq!(broken(NONE, &[close, b"\x81\x01"]), ["data-after-close"]);
        assert_eq!(broken(NONE, &[close, b"\x8a\x00"]), ["control-after-close"]);
        assert_eq!(broken(NONE, &[close, close]), ["second-close"]);
        assert!(broken(NONE, &[b"\x81\x01", b"\x8a\x00", close]).is_empty());
    }
}

//! Frames and messages of one direction (RFC 6455 §5.4 to §5.6).

use super::frame::{FrameHeader, HeaderError, MAX_HEADER};
use super::mask::unmask;
use crate::types::{Opcode, Origin, Rule, Run};

/// The longest payload of a control frame (RFC 6455 §5.5).
const MAX_CONTROL: u64 = 125;

/// Capacity that an idle direction keeps for its next message.
const SPARE_CAPACITY: usize = 16 << 10;

/// Takes what a [`Decoder`] finds.
pub trait Receiver {
    /// The header of a frame, which begins at `position`.
    fn frame(&mut self, header: &FrameHeader, position: u64, origin: Origin);

    /// A message, or a control frame.
    fn message(&mut self, message: &Assembled<'_>);

    /// A rule was broken.
    fn violation(&mut self, rule: Rule, detail: &str, origin: Origin);

    /// So many bytes are of no known frame.
    fn undecoded(&mut self, bytes: u64);
}

/// A message put together. The fields are those of
/// [`Message`](crate::types::Message).
#[derive(Clone, Copy, Debug)]
pub struct Assembled<'a> {
    /// What it is.
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
    /// The unmasked bytes before the first hole, as far as they were kept.
    pub payload: &'a [u8],
}

/// What the negotiated extensions do to frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// permessage-deflate is in use, or may be: RSV1 tells that a message is
    /// compressed (RFC 7692 §6).
    pub deflate: bool,
    /// Reserved bits that other extensions may use, as in
    /// [`FrameHeader::rsv`].
    pub reserved_bits: u8,
}

/// Finds the frames and messages in the bytes of one direction.
///
/// Call [`Decoder::receive`] with bytes in order, [`Decoder::miss`] where some
/// are missing, and [`Decoder::finish`] at the end.
pub struct Decoder {
    extensions: Extensions,
    /// Payload bytes kept of a message.
    limit: usize,
    state: State,
    /// The data message in the making.
    message: Option<Partial>,
    /// The control frame in the making, which may lie between its fragments.
    control: Option<Partial>,
    /// A buffer to use again.
    spare: Vec<u8>,
}

enum State {
    Header(PartialHeader),
    Payload(Payload),
    /// Where the next frame begins is not known.
    Lost,
}

/// The bytes of a header that was split between segments.
#[derive(Clone, Copy, Default)]
struct PartialHeader {
    bytes: [u8; MAX_HEADER],
    filled: usize,
    /// Position and packet of its first byte.
    start: Option<(u64, Origin)>,
}

#[derive(Clone, Copy)]
struct Payload {
    header: FrameHeader,
    target: Target,
    remaining: u64,
}

/// What a frame's payload belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Message,
    Control,
    /// Nothing: the frame has no meaning.
    Nothing,
}

struct Partial {
    opcode: Opcode,
    wire_length: u64,
    received: u64,
    frames: u64,
    masked: bool,
    compressed: bool,
    first: Origin,
    last: Origin,
    missing: u64,
    truncated: bool,
    kept: Vec<u8>,
}

impl Decoder {
    /// A decoder for what follows the handshake, which keeps up to `limit`
    /// bytes of a message.
    pub fn new(extensions: Extensions, limit: usize) -> Self {
        Self {
            extensions,
            limit,
            state: State::Header(PartialHeader::default()),
            message: None,
            control: None,
            spare: Vec::new(),
        }
    }

    /// A decoder for a direction of which no frame boundary is known.
    pub fn lost() -> Self {
        Self { state: State::Lost, ..Self::new(Extensions::default(), 0) }
    }

    /// Whether the place of the next frame is not known.
    pub fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost)
    }

    /// Takes the next bytes. `scratch` is for unmasking; its content does not
    /// matter.
    pub fn receive(
        &mut self,
        mut run: Run<'_>,
        scratch: &mut Vec<u8>,
        receiver: &mut impl Receiver,
    ) {
        while !run.bytes.is_empty() {
            let consumed = match &mut self.state {
                State::Header(partial) if partial.filled == 0 => {
                    match FrameHeader::parse(run.bytes) {
                        Ok(header) => {
                            let start = (run.position, run.origin);
                            let rest = run.skip(header.header_length);
                            header.header_length
                                + self.frame(header, start, rest, scratch, receiver)
                        }
                        Err(error) => self.incomplete_header(error, &run, receiver),
                    }
                }
                State::Header(partial) => {
                    let before = partial.filled;
                    let count = partial.fill(run.bytes);
                    let start = partial.start.unwrap_or((run.position, run.origin));
                    match partial.parse() {
                        Ok(header) => {
                            let count = header.header_length - before;
                            count + self.frame(header, start, run.skip(count), scratch, receiver)
                        }
                        Err(HeaderError::Incomplete) => count,
                        Err(error) => self.incomplete_header(error, &run, receiver),
                    }
                }
                State::Payload(payload) => {
                    let payload = *payload;
                    self.payload(payload, &run, receiver)
                }
                State::Lost => {
                    receiver.undecoded(run.bytes.len() as u64);
                    run.bytes.len()
                }
            };
            run = run.skip(consumed);
        }
    }

    /// Passes over `bytes` that are missing.
    pub fn miss(&mut self, bytes: u64, receiver: &mut impl Receiver) {
        if let State::Payload(payload) = &mut self.state {
            let inside = bytes.min(payload.remaining);
            payload.remaining -= inside;
            let payload = *payload;
            if let Some(partial) = self.partial(payload.target) {
                partial.missing += inside;
            }
            if payload.remaining == 0 {
                self.end_of_frame(payload, receiver);
            }
            if inside == bytes {
                return;
            }
        }
        self.state = State::Lost;
        self.abandon(None, receiver);
    }

    /// Tells what is left, as no more bytes will come.
    pub fn finish(&mut self, receiver: &mut impl Receiver) {
        let state = std::mem::replace(&mut self.state, State::Lost);
        let mut remaining = None;
        match state {
            State::Payload(payload) if payload.target == Target::Control => {
                let control = self.control.take();
                self.emit_incomplete(control, Some(payload.remaining), receiver);
            }
            State::Payload(payload) if payload.target == Target::Message && payload.header.fin => {
                remaining = Some(payload.remaining);
            }
            State::Header(partial) if partial.filled > 0 => {
                receiver.undecoded(partial.filled as u64);
            }
            State::Header(_) | State::Payload(_) | State::Lost => {}
        }
        self.abandon(remaining, receiver);
    }

    /// A header is there; `rest` follows it. Returns how much of that was the
    /// frame's.
    fn frame(
        &mut self,
        header: FrameHeader,
        (position, first): (u64, Origin),
        rest: Run<'_>,
        scratch: &mut Vec<u8>,
        receiver: &mut impl Receiver,
    ) -> usize {
        receiver.frame(&header, position, rest.origin);
        self.judge_reserved_bits(&header, rest.origin, receiver);
        let target = self.target(&header, rest.origin, receiver);
        let whole = usize::try_from(header.length).ok().and_then(|length| rest.bytes.get(..length));
        if let Some(payload) = whole
            && self.is_message_alone(&header, target)
        {
            let kept = payload.get(..payload.len().min(self.limit)).unwrap_or(payload);
            let partial = self.start(&header, first);
            let payload_shown = match header.masking_key {
                None => kept,
                Some(key) => {
                    scratch.clear();
                    scratch.extend_from_slice(kept);
                    unmask(scratch, key, 0);
                    scratch
                }
            };
            receiver.message(&Assembled {
                origin: rest.origin,
                received: header.length,
                truncated: kept.len() < payload.len(),
                ..partial.assembled(payload_shown, Some(0))
            });
            self.state = State::Header(PartialHeader::default());
            return payload.len();
        }
        match target {
            Target::Message => match &mut self.message {
                Some(message) => {
                    message.frames += 1;
                    message.wire_length = message.wire_length.saturating_add(header.length);
                    message.last = rest.origin;
                }
                None => {
                    let kept = std::mem::take(&mut self.spare);
                    self.message = Some(Partial { kept, ..self.start(&header, first) });
                }
            },
            Target::Control => self.control = Some(self.start(&header, first)),
            Target::Nothing => {}
        }
        let payload = Payload { header, target, remaining: header.length };
        self.state = State::Payload(payload);
        if header.length == 0 {
            if let Some(partial) = self.partial(target) {
                partial.last = rest.origin;
            }
            self.end_of_frame(payload, receiver);
        }
        0
    }

    /// Whether a frame whose payload is all there needs no buffer.
    fn is_message_alone(&self, header: &FrameHeader, target: Target) -> bool {
        match target {
            Target::Message => header.fin && self.message.is_none(),
            Target::Control => true,
            Target::Nothing => false,
        }
    }

    /// What a frame belongs to (RFC 6455 §5.4).
    fn target(
        &mut self,
        header: &FrameHeader,
        origin: Origin,
        receiver: &mut impl Receiver,
    ) -> Target {
        match header.opcode {
            Opcode::Reserved(nibble) => {
                let detail = format!("A frame of {} bytes has opcode {nibble:#x}.", header.length);
                receiver.violation(Rule::ReservedOpcode, &detail, origin);
                Target::Nothing
            }
            Opcode::Close | Opcode::Ping | Opcode::Pong => {
                self.judge_control(header, origin, receiver);
                Target::Control
            }
            Opcode::Continuation if self.message.is_none() => {
                let detail =
                    format!("A continuation frame of {} bytes follows no fragment.", header.length);
                receiver.violation(Rule::UnexpectedContinuation, &detail, origin);
                Target::Nothing
            }
            Opcode::Continuation => Target::Message,
            Opcode::Text | Opcode::Binary => {
                if let Some(message) = &self.message {
                    let detail = format!(
                        "A {} message begins before the {} message of {} frames so far has ended.",
                        header.opcode, message.opcode, message.frames
                    );
                    receiver.violation(Rule::InterleavedMessage, &detail, origin);
                    self.abandon(None, receiver);
                }
                Target::Message
            }
        }
    }

    fn judge_control(&self, header: &FrameHeader, origin: Origin, receiver: &mut impl Receiver) {
        if header.length > MAX_CONTROL {
            let detail = format!("A {} frame has {} bytes.", header.opcode, header.length);
            receiver.violation(Rule::ControlFrameTooLong, &detail, origin);
        }
        if !header.fin {
            let detail = format!("A {} frame lacks FIN.", header.opcode);
            receiver.violation(Rule::FragmentedControlFrame, &detail, origin);
        }
    }

    fn judge_reserved_bits(
        &self,
        header: &FrameHeader,
        origin: Origin,
        receiver: &mut impl Receiver,
    ) {
        let compressed = if self.is_compressed(header) { FrameHeader::RSV1 } else { 0 };
        let unexplained = header.rsv & !compressed & !self.extensions.reserved_bits;
        if unexplained != 0 {
            let detail = format!(
                "A {} frame has reserved bits {:03b}, of which no extension explains {unexplained:03b}.",
                header.opcode, header.rsv
            );
            receiver.violation(Rule::ReservedBits, &detail, origin);
        }
    }

    /// Only the first frame of a data message can say so (RFC 7692 §6.1).
    fn is_compressed(&self, header: &FrameHeader) -> bool {
        self.extensions.deflate
            && header.rsv & FrameHeader::RSV1 != 0
            && matches!(header.opcode, Opcode::Text | Opcode::Binary)
    }

    fn start(&self, header: &FrameHeader, first: Origin) -> Partial {
        Partial {
            opcode: header.opcode,
            wire_length: header.length,
            received: 0,
            frames: 1,
            masked: header.masking_key.is_some(),
            compressed: self.is_compressed(header),
            first,
            last: first,
            missing: 0,
            truncated: false,
            kept: Vec::new(),
        }
    }

    /// Takes bytes of a payload; how many.
    fn payload(
        &mut self,
        mut payload: Payload,
        run: &Run<'_>,
        receiver: &mut impl Receiver,
    ) -> usize {
        let count = usize::try_from(payload.remaining)
            .map_or(run.bytes.len(), |remaining| remaining.min(run.bytes.len()));
        let limit = self.limit;
        if let Some(partial) = self.partial(payload.target) {
            let phase = payload.header.length - payload.remaining;
            let bytes = run.bytes.get(..count).unwrap_or(run.bytes);
            partial.keep(bytes, payload.header.masking_key, phase, limit);
            partial.last = run.origin;
        }
        payload.remaining -= count as u64;
        self.state = State::Payload(payload);
        if payload.remaining == 0 {
            self.end_of_frame(payload, receiver);
        }
        count
    }

    fn end_of_frame(&mut self, payload: Payload, receiver: &mut impl Receiver) {
        self.state = State::Header(PartialHeader::default());
        match payload.target {
            Target::Control => {
                let control = self.control.take();
                self.emit_incomplete(control, Some(0), receiver);
            }
            Target::Message if payload.header.fin => {
                let message = self.message.take();
                self.emit_incomplete(message, Some(0), receiver);
            }
            Target::Message | Target::Nothing => {}
        }
    }

    fn incomplete_header(
        &mut self,
        error: HeaderError,
        run: &Run<'_>,
        receiver: &mut impl Receiver,
    ) -> usize {
        match error {
            HeaderError::Incomplete => {
                let mut partial = PartialHeader {
                    start: Some((run.position, run.origin)),
                    ..PartialHeader::default()
                };
                partial.fill(run.bytes);
                self.state = State::Header(partial);
            }
            HeaderError::LengthOverflow(length) => {
                let detail = format!("A frame claims {length} bytes.");
                receiver.violation(Rule::FrameLengthOverflow, &detail, run.origin);
                receiver.undecoded(run.bytes.len() as u64);
                self.state = State::Lost;
                self.abandon(None, receiver);
            }
        }
        run.bytes.len()
    }

    /// Tells the message in the making, of which no more will come.
    fn abandon(&mut self, remaining: Option<u64>, receiver: &mut impl Receiver) {
        let message = self.message.take();
        self.emit_incomplete(message, remaining, receiver);
    }

    /// Tells a message of which `remaining` bytes have not come; `None` when
    /// the headers that would tell are not there.
    fn emit_incomplete(
        &mut self,
        partial: Option<Partial>,
        remaining: Option<u64>,
        receiver: &mut impl Receiver,
    ) {
        let Some(mut partial) = partial else {
            return;
        };
        receiver.message(&partial.assembled(&partial.kept, remaining));
        partial.kept.clear();
        if partial.kept.capacity() <= SPARE_CAPACITY {
            self.spare = partial.kept;
        }
    }

    fn partial(&mut self, target: Target) -> Option<&mut Partial> {
        match target {
            Target::Message => self.message.as_mut(),
            Target::Control => self.control.as_mut(),
            Target::Nothing => None,
        }
    }
}

impl Partial {
    /// Keeps unmasked what comes before the first hole and within `limit`.
    fn keep(&mut self, bytes: &[u8], masking_key: Option<[u8; 4]>, phase: u64, limit: usize) {
        self.received += bytes.len() as u64;
        if self.missing > 0 {
            return;
        }
        let room = limit.saturating_sub(self.kept.len());
        self.truncated |= bytes.len() > room;
        let start = self.kept.len();
        self.kept.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        if let Some(key) = masking_key
            && let Some(added) = self.kept.get_mut(start..)
        {
            unmask(added, key, phase);
        }
    }

    fn assembled<'a>(&self, payload: &'a [u8], remaining: Option<u64>) -> Assembled<'a> {
        let missing = remaining.map(|remaining| self.missing.saturating_add(remaining));
        Assembled {
            opcode: self.opcode,
            length: (remaining.is_some() && !self.compressed).then_some(self.wire_length),
            wire_length: self.wire_length,
            received: self.received,
            frames: self.frames,
            masked: self.masked,
            compressed: self.compressed,
            first: self.first,
            origin: self.last,
            complete: missing == Some(0),
            missing: missing.filter(|&missing| missing > 0),
            truncated: self.truncated,
            payload,
        }
    }
}

impl PartialHeader {
    /// Takes as many bytes as a header can have; how many.
    fn fill(&mut self, bytes: &[u8]) -> usize {
        let space = self.bytes.get_mut(self.filled..).unwrap_or_default();
        let count = space.len().min(bytes.len());
        for (to, from) in space.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.filled += count;
        count
    }

    fn parse(&self) -> Result<FrameHeader, HeaderError> {
        FrameHeader::parse(self.bytes.get(..self.filled).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::SourceId;

    /// What a decoder told, in words.
    #[derive(Default)]
    struct Log(Vec<String>);

    impl Receiver for Log {
        fn frame(&mut self, _: &FrameHeader, _: u64, _: Origin) {}

        fn message(&mut self, message: &Assembled<'_>) {
            let text = String::from_utf8_lossy(message.payload);
            let mut line = format!("{} {text:?}", message.opcode);
            if message.frames > 1 {
                line += &format!(" in {}", message.frames);
            }
            if !message.complete {
                line += &format!(" of {:?}, missing {:?}", message.length, message.missing);
            }
            if message.truncated {
                line += &format!(" truncated from {:?}", message.length);
            }
            if message.compressed {
                line += " compressed";
            }
            self.0.push(line);
        }

        fn violation(&mut self, rule: Rule, detail: &str, _: Origin) {
            self.0.push(format!("{}: {detail}", rule.name()));
        }

        fn undecoded(&mut self, bytes: u64) {
            self.0.push(format!("{bytes} bytes undecoded"));
        }
    }

    fn run(bytes: &[u8], position: u64) -> Run<'_> {
        let origin = Origin { packet: 1, time: None, source: SourceId(0) };
        Run { bytes, position, origin, ack: None }
    }

    /// Decodes pieces; `None` among them is a hole of so many bytes.
    fn decode_pieces(
        extensions: Extensions,
        limit: usize,
        pieces: &[Result<&[u8], u64>],
    ) -> Vec<String> {
        let mut decoder = Decoder::new(extensions, limit);
        let mut log = Log::default();
        let mut position = 0;
        for piece in pieces {
            match piece {
                Ok(bytes) => {
                    decoder.receive(run(bytes, position), &mut Vec::new(), &mut log);
                    position += bytes.len() as u64;
                }
                Err(missing) => {
                    decoder.miss(*missing, &mut log);
                    position += missing;
                }
            }
        }
        decoder.finish(&mut log);
        log.0
    }

    fn decode(bytes: &[u8]) -> Vec<String> {
        decode_pieces(Extensions::default(), 1000, &[Ok(bytes)])
    }

    /// A frame; `key` masks it.
    fn frame(first: u8, payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
        let mut bytes = vec![first];
        let mask = if key.is_some() { 0x80 } else { 0 };
        match payload.len() {
            short @ 0..=125 => bytes.push(mask | short as u8),
            medium @ 126..=0xffff => {
                bytes.push(mask | 126);
                bytes.extend((medium as u16).to_be_bytes());
            }
            long => {
                bytes.push(mask | 127);
                bytes.extend((long as u64).to_be_bytes());
            }
        }
        bytes.extend(key.unwrap_or_default().iter().take(if key.is_some() { 4 } else { 0 }));
        let start = bytes.len();
        bytes.extend(payload);
        unmask(&mut bytes[start..], key.unwrap_or_default(), 0);
        bytes
    }

    #[test]
    fn the_examples_of_rfc_6455_section_5_7() {
        assert_eq!(decode(b"\x81\x05Hello"), ["text \"Hello\""]);
        assert_eq!(decode(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), ["text \"Hello\""]);
        assert_eq!(decode(b"\x01\x03Hel\x80\x02lo"), ["text \"Hello\" in 2"]);
        assert_eq!(decode(b"\x89\x05Hello"), ["ping \"Hello\""]);
        assert_eq!(decode(b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), ["pong \"Hello\""]);
    }

    #[test]
    fn split_at_every_byte() {
        let key = Some([0xa1, 0xb2, 0xc3, 0xd4]);
        let stream = [
            frame(0x01, b"one, ", key),
            frame(0x89, b"ping", key),
            frame(0x00, &[b'x'; 130], None),
            frame(0x80, b"", key),
            frame(0x82, b"\x00\xff", None),
            frame(0x81, b"", None),
            frame(0x88, b"\x03\xe8", key),
        ]
        .concat();
        let whole = decode(&stream);
        assert_eq!(whole.len(), 5);
        assert_eq!(whole[0], "ping \"ping\"");
        for split in 1..stream.len() {
            let (first, second) = stream.split_at(split);
            let pieces = [Ok(first), Ok(second)];
            assert_eq!(
                decode_pieces(Extensions::default(), 1000, &pieces),
                whole,
                "split at {split}"
            );
        }
        let bytes: Vec<Result<&[u8], u64>> = stream.chunks(1).map(Ok).collect();
        assert_eq!(decode_pieces(Extensions::default(), 1000, &bytes), whole);
    }

    #[test]
    fn a_hole_in_a_payload_costs_one_message() {
        let key = Some([9, 8, 7, 6]);
        let first = frame(0x81, b"hello world", key);
        let second = frame(0x81, b"next", key);
        let lost = 4;
        let pieces = [Ok(&first[..9]), Err(lost), Ok(&first[13..]), Ok(&second)];
        assert_eq!(
            decode_pieces(Extensions::default(), 1000, &pieces),
            ["text \"hel\" of Some(11), missing Some(4)", "text \"next\""]
        );
        // The hole ends with the frame: the next one is still found.
        let pieces = [Ok(&first[..9]), Err(first.len() as u64 - 9), Ok(&second)];
        assert_eq!(
            decode_pieces(Extensions::default(), 1000, &pieces),
            ["text \"hel\" of Some(11), missing Some(8)", "text \"next\""]
        );
    }

    #[test]
    fn a_hole_across_a_header_loses_the_place() {
        let first = frame(0x81, b"hello", None);
        let pieces = [Ok(&first[..4]), Err(10), Ok(b"\x81\x01x".as_slice())];
        assert_eq!(
            decode_pieces(Extensions::default(), 1000, &pieces),
            ["text \"he\" of Some(5), missing Some(3)", "3 bytes undecoded"]
        );
    }

    #[test]
    fn what_the_end_cuts_off_is_told() {
        assert_eq!(decode(b"\x81\x05He"), ["text \"He\" of Some(5), missing Some(3)"]);
        assert_eq!(decode(b"\x01\x05He"), ["text \"He\" of None, missing None"]);
        assert_eq!(decode(b"\x81"), ["1 bytes undecoded"]);
        assert_eq!(decode(b"\x01\x02He"), ["text \"He\" of None, missing None"]);
        assert_eq!(
            decode(b"\x01\x02He\x89\x04p"),
            ["ping \"p\" of Some(4), missing Some(3)", "text \"He\" of None, missing None"]
        );
    }

    #[test]
    fn a_long_message_is_counted_to_its_end() {
        let bytes =
            [frame(0x01, b"abcdef", None), frame(0x80, b"ghi", None), frame(0x81, b"abcdef", None)]
                .concat();
        let expected =
            ["text \"abcd\" in 2 truncated from Some(9)", "text \"abcd\" truncated from Some(6)"];
        assert_eq!(decode_pieces(Extensions::default(), 4, &[Ok(&bytes)]), expected);
    }

    #[test]
    fn reserved_opcodes_are_passed_over() {
        let bytes =
            [frame(0x83, b"?", None), frame(0x8b, b"?", None), frame(0x81, b"x", None)].concat();
        let log = decode(&bytes);
        assert!(log[0].starts_with("reserved-opcode") && log[1].starts_with("reserved-opcode"));
        assert_eq!(log[2], "text \"x\"");
        assert_eq!(log.len(), 3);
    }

    #[test]
    fn fragments_out_of_turn_are_told() {
        let log = decode(&[frame(0x80, b"?", None), frame(0x81, b"x", None)].concat());
        assert!(log[0].starts_with("unexpected-continuation"));
        assert_eq!(log[1], "text \"x\"");
        let log = decode(&[frame(0x01, b"a", None), frame(0x81, b"b", None)].concat());
        assert!(log[0].starts_with("interleaved-message"));
        assert_eq!(log[1..], ["text \"a\" of None, missing None", "text \"b\""]);
        // Control frames between fragments are legal (RFC 6455 §5.4).
        let log = decode(
            &[frame(0x01, b"a", None), frame(0x89, b"", None), frame(0x80, b"b", None)].concat(),
        );
        assert_eq!(log, ["ping \"\"", "text \"ab\" in 2"]);
    }

    #[test]
    fn control_frames_are_short_and_whole() {
        let log = decode(&frame(0x89, &[b'x'; 126], None));
        assert!(log[0].starts_with("control-frame-too-long"));
        assert!(log[1].starts_with("ping"));
        assert_eq!(decode(&frame(0x89, &[b'x'; 125], None)).len(), 1);
        let log = decode(&frame(0x09, b"x", None));
        assert!(log[0].starts_with("fragmented-control-frame"));
        assert_eq!(log[1], "ping \"x\"");
    }

    #[test]
    fn reserved_bits_need_an_extension() {
        let compressed = frame(0xc1, b"x", None);
        assert!(decode(&compressed)[0].starts_with("reserved-bits"));
        let deflate = Extensions { deflate: true, reserved_bits: 0 };
        assert_eq!(decode_pieces(deflate, 10, &[Ok(&compressed)]), ["text \"x\" compressed"]);
        // RSV1 on a control frame means nothing to permessage-deflate.
        assert!(
            decode_pieces(deflate, 10, &[Ok(&frame(0xc9, b"", None))])[0]
                .starts_with("reserved-bits")
        );
        let other = Extensions { deflate: false, reserved_bits: 7 };
        assert_eq!(decode_pieces(other, 10, &[Ok(&compressed)]), ["text \"x\""]);
    }

    #[test]
    fn an_impossible_length_is_told_once() {
        let log = decode(b"\x82\x7f\xff\0\0\0\0\0\0\0 and what follows");
        assert!(log[0].starts_with("frame-length-overflow"));
        assert_eq!(log[1..], ["27 bytes undecoded"]);
    }
}

//! Frames and messages of one direction (RFC 6455 §5.4 to §5.6).

use sha2::{Digest, Sha256};

use super::close::judge_close;
use super::frame::{FrameHeader, HeaderError, MAX_CONTROL};
use super::hole::{Cause, Hole, Lost};
use super::inflater::{Inflated, Inflater};
use super::judge::{Judge, Unfinished};
use super::mask::unmask;
use super::message::{Assembled, Outcome, Partial};
use super::partial_header::PartialHeader;
use super::search::{Expected, Found, Search};
use super::workspace::Workspace;
use crate::types::{Missing, NextFrame, NotInflated, Opcode, Origin, Rule, Run, Side};

/// Frames that were found by their bytes, and those after them, which must look
/// as expected; after so many there is no doubt.
const GUIDED: u8 = 16;

/// Bytes unmasked at a time, so that they stay in the cache.
const BLOCK: usize = 16 << 10;

/// Takes what a [`Decoder`] finds.
pub trait Receiver {
    /// The header of a frame, which begins at `position`.
    fn frame(&mut self, header: &FrameHeader, position: u64, origin: Origin);

    /// A message, or a control frame.
    fn message(&mut self, message: &Assembled<'_>);

    /// A rule was broken.
    fn violation(&mut self, rule: Rule, detail: &str, origin: Origin);

    /// Bytes are missing, or the place of the next frame was lost.
    fn hole(&mut self, hole: &Hole);
}

/// What the negotiated extensions do to frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extensions {
    /// permessage-deflate is in use, or may be: RSV1 tells that a message is
    /// compressed (RFC 7692 §6).
    pub compression: Option<Compression>,
    /// Reserved bits that other extensions may use, as in
    /// [`FrameHeader::rsv`].
    pub reserved_bits: u8,
    /// The negotiation was seen: what it does not allow is forbidden.
    pub is_known: bool,
}

impl Extensions {
    /// None was negotiated.
    pub const NONE: Self = Self { compression: None, reserved_bits: 0, is_known: true };
}

/// How one side compresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    /// A message may refer to earlier ones (RFC 7692 §7.1.1).
    pub keeps_context: bool,
}

/// Finds the frames and messages in the bytes of one direction.
///
/// Call [`Decoder::receive`] with bytes in order, [`Decoder::miss`] where some
/// are missing, and [`Decoder::finish`] at the end.
pub struct Decoder {
    // Most connections are idle, and there may be very many of them: what is
    // only there at times lies in boxes.
    state: State,
    /// The data message in the making.
    message: Option<Box<Partial>>,
    /// The control frame in the making, which may lie between its fragments.
    control: Option<Box<Partial>>,
    inflater: Option<Box<Inflater>>,
    judge: Judge,
    /// The beginning of a message may be missing from the capture.
    may_continue: bool,
    /// Its frames were found by their bytes: for so many more, what cannot be a
    /// frame shows that they are none.
    guided: u8,
    /// It is known to be WebSocket, whatever its bytes look like.
    is_believed: bool,
    /// All its data messages so far were text.
    is_text_only: bool,
    has_data: bool,
}

enum State {
    /// A header is to begin.
    Header,
    /// A header has begun.
    PartialHeader(Box<PartialHeader>),
    Payload(Payload),
    /// Where the next frame begins is not known.
    Lost(Box<Lost>),
}

/// The payload of a frame, as far as it has not come.
#[derive(Clone, Copy)]
struct Payload {
    remaining: u64,
    masking_key: Option<[u8; 4]>,
    /// Bytes that have come, modulo 4: where in the key the next one is.
    phase: u8,
    fin: bool,
    target: Target,
}

/// What a frame's payload belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Message,
    /// A message of its own.
    Control,
}

impl Decoder {
    /// A decoder for what `side` sends after the handshake.
    pub fn new(side: Side, extensions: Extensions, workspace: &Workspace) -> Self {
        let inflater = extensions
            .compression
            .map(|compression| Inflater::new(compression.keeps_context, workspace.inflated));
        Self {
            state: State::Header,
            message: None,
            control: None,
            inflater: inflater.map(Box::new),
            judge: Judge::new(side, extensions),
            may_continue: false,
            guided: 0,
            is_believed: false,
            is_text_only: false,
            has_data: false,
        }
    }

    /// A decoder for a direction of which no frame boundary is known and
    /// `search` has the first bytes.
    pub fn lost(
        side: Side,
        extensions: Extensions,
        search: Search,
        workspace: &mut Workspace,
    ) -> Self {
        let mut decoder = Self::new(side, extensions, workspace);
        decoder.lose_context(workspace);
        decoder.state = State::Lost(Box::new(Lost { search, ..Lost::new(workspace) }));
        decoder
    }

    /// A decoder for frames that were found by their bytes.
    pub fn found(side: Side, extensions: Extensions, workspace: &mut Workspace) -> Self {
        let mut decoder = Self::new(side, extensions, workspace);
        decoder.lose_context(workspace);
        decoder.guided = GUIDED;
        decoder
    }

    /// Takes the direction for WebSocket, whatever its bytes look like.
    pub fn believe(&mut self) {
        self.is_believed = true;
    }

    /// What the extensions do to its frames.
    pub fn extensions(&self) -> Extensions {
        *self.judge.extensions()
    }

    /// Whether the place of the next frame is not known.
    pub fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost(_))
    }

    /// Takes the next bytes.
    pub fn receive(
        &mut self,
        run: &Run<'_>,
        workspace: &mut Workspace,
        receiver: &mut impl Receiver,
    ) {
        self.take(run, workspace, receiver);
        self.recover(false, workspace, receiver);
    }

    /// Passes over bytes that are missing.
    pub fn miss(
        &mut self,
        missing: &Missing,
        workspace: &mut Workspace,
        receiver: &mut impl Receiver,
    ) {
        self.recover(true, workspace, receiver);
        if let State::Payload(payload) = self.state
            && missing.bytes <= payload.remaining
        {
            receiver.hole(&Hole {
                cause: Cause::Missing(*missing),
                origin: missing.origin,
                next_frame: NextFrame::Known,
                undecoded: 0,
            });
            self.pass(payload, missing.bytes, workspace, receiver);
            return;
        }
        if let State::Payload(payload) = self.state {
            self.pass(payload, payload.remaining, workspace, receiver);
        }
        self.lose_place(Cause::Missing(*missing), missing.origin, workspace, receiver);
    }

    /// Takes note of bytes that are missing before all that it was given, or is
    /// searching.
    pub fn missed_before(&mut self, missing: &Missing, receiver: &mut impl Receiver) {
        let hole = |missing: Missing, next_frame| Hole {
            cause: Cause::Missing(missing),
            origin: missing.origin,
            next_frame,
            undecoded: 0,
        };
        let State::Lost(lost) = &mut self.state else {
            let is_known = self.guided == 0;
            let next_frame = if is_known { NextFrame::Known } else { NextFrame::Inferred };
            return receiver.hole(&hole(*missing, next_frame));
        };
        let earlier = std::mem::replace(&mut lost.cause, Cause::Missing(*missing));
        if let Cause::Missing(earlier) = earlier {
            receiver.hole(&hole(earlier, NextFrame::Lost));
        }
        lost.origin = Some(missing.origin);
    }

    /// Goes on at a frame that begins at `found` in the search.
    fn go_on_at(&mut self, found: &Found, workspace: &mut Workspace, receiver: &mut impl Receiver) {
        if let State::Lost(_) = &self.state
            && let State::Lost(lost) = std::mem::replace(&mut self.state, State::Header)
        {
            lost.tell(NextFrame::Inferred, found.offset as u64, receiver);
            self.guided = GUIDED;
            for run in lost.search.runs_from(found.offset) {
                self.take(&run, workspace, receiver);
            }
        }
    }

    /// Tells what is left, as no more bytes will come.
    pub fn finish(&mut self, workspace: &mut Workspace, receiver: &mut impl Receiver) {
        self.recover(true, workspace, receiver);
        let mut remaining = None;
        match std::mem::replace(&mut self.state, State::Header) {
            State::Payload(payload) if payload.target == Target::Control => {
                let control = self.control.take();
                self.emit(control, Some(payload.remaining), workspace, receiver);
            }
            State::Payload(payload) if payload.fin => remaining = Some(payload.remaining),
            State::PartialHeader(partial) => {
                let (_, origin) = partial.start;
                receiver.hole(&Hole {
                    cause: Cause::Rest,
                    origin,
                    next_frame: NextFrame::Lost,
                    undecoded: partial.len() as u64,
                });
                workspace.headers.give(partial);
            }
            State::Header | State::Payload(_) | State::Lost(_) => {}
        }
        let message = self.message.take();
        self.emit(message, remaining, workspace, receiver);
    }

    /// Bytes of memory that it keeps.
    pub fn cost(&self) -> usize {
        let partial = |partial: &Option<Box<Partial>>| partial.as_ref().map_or(0, |p| p.cost());
        let search = match &self.state {
            State::Lost(lost) => lost.search.memory(),
            State::Header | State::PartialHeader(_) | State::Payload(_) => 0,
        };
        let inflater = self.inflater.as_ref().map_or(0, |inflater| inflater.cost());
        partial(&self.message) + partial(&self.control) + search + inflater
    }

    /// Gives up what it keeps: messages are told in part, and the context of
    /// compression is lost.
    pub fn shed(&mut self, workspace: &mut Workspace) {
        if let Some(message) = &mut self.message {
            message.shed(&mut workspace.buffers);
        }
        if let Some(inflater) = &mut self.inflater {
            inflater.give_up_context(&mut workspace.workbench);
        }
        if let State::Lost(lost) = &mut self.state {
            let search = std::mem::replace(&mut lost.search, Search::new(workspace.search));
            lost.undecoded += search.len() as u64 + search.dropped();
        }
    }

    /// Looks for the next frame where its place is not known. At the end of
    /// what is searched, one that is not found is told as lost.
    fn recover(&mut self, is_end: bool, workspace: &mut Workspace, receiver: &mut impl Receiver) {
        loop {
            let expected = self.expected(workspace);
            let State::Lost(lost) = &mut self.state else {
                return;
            };
            let Some(found) = lost.search.find(expected, is_end) else {
                break;
            };
            let rest = lost.search.len() - found.offset;
            self.go_on_at(&found, workspace, receiver);
            if matches!(&self.state, State::Lost(again) if again.search.len() >= rest) {
                break; // refused as soon as found: it would be found again
            }
        }
        if let State::Lost(lost) = &mut self.state
            && is_end
        {
            let rest = lost.search.len() as u64;
            lost.tell(NextFrame::Lost, rest, receiver);
            **lost = Lost::new(workspace);
        }
    }

    fn judge_overflow(&self, length: u64, origin: Origin, receiver: &mut impl Receiver) {
        if self.guided == 0 {
            let detail = format!("A frame claims {length} bytes.");
            receiver.violation(Rule::FrameLengthOverflow, &detail, origin);
        }
    }

    /// Whether a header is to be followed.
    fn accepts(&self, header: &FrameHeader, workspace: &Workspace) -> bool {
        let is_short = header.opcode.is_control() || header.length <= workspace.frame;
        is_short && (self.guided == 0 || self.expects(header))
    }

    /// Whether a header is one that this side would send.
    fn expects(&self, header: &FrameHeader) -> bool {
        let is_data = matches!(header.opcode, Opcode::Text | Opcode::Binary);
        let allowed = self.reserved_bits() & if is_data { 0b111 } else { 0b011 };
        self.judge.is_masked().is_none_or(|masked| masked == header.masking_key.is_some())
            && header.rsv & !allowed == 0
            && !matches!(header.opcode, Opcode::Reserved(_))
            && (!header.opcode.is_control() || header.fin && header.length <= MAX_CONTROL)
    }

    /// Those that frames may have set.
    fn reserved_bits(&self) -> u8 {
        let rsv1 =
            if self.judge.extensions().compression.is_some() { FrameHeader::RSV1 } else { 0 };
        rsv1 | self.judge.extensions().reserved_bits
    }

    /// What the frames of this side look like.
    fn expected(&self, workspace: &Workspace) -> Expected {
        Expected {
            masked: Some(self.judge.is_masked().unwrap_or(self.judge.side() == Side::Client)),
            reserved_bits: self.reserved_bits(),
            max_frame: workspace.frame,
            may_nest: !self.is_text_only,
            is_believed: self.is_believed,
        }
    }

    fn take(&mut self, run: &Run<'_>, workspace: &mut Workspace, receiver: &mut impl Receiver) {
        if run.bytes.is_empty() {
            return;
        }
        let mut consumed = self.step(run, workspace, receiver);
        // Most runs are one frame or less, for which nothing is copied.
        if consumed < run.bytes.len() {
            let mut rest = *run;
            while consumed < rest.bytes.len() {
                rest.pass(consumed);
                consumed = self.step(&rest, workspace, receiver);
            }
        }
    }

    /// Takes bytes of the run up to where something else comes; how many.
    fn step(
        &mut self,
        run: &Run<'_>,
        workspace: &mut Workspace,
        receiver: &mut impl Receiver,
    ) -> usize {
        match &mut self.state {
            State::Header => match FrameHeader::parse(run.bytes) {
                Err(HeaderError::Incomplete) => {
                    let partial = workspace.headers.put(PartialHeader::new(run));
                    self.state = State::PartialHeader(partial);
                    run.bytes.len()
                }
                parsed => {
                    let start = (run.position, run.origin);
                    self.header(parsed, start, 0, run, workspace, receiver)
                }
            },
            State::PartialHeader(partial) => {
                let (start, before) = (partial.start, partial.len());
                match partial.take(run) {
                    Err(HeaderError::Incomplete) => run.bytes.len(),
                    parsed => self.header(parsed, start, before, run, workspace, receiver),
                }
            }
            State::Payload(payload) => {
                let payload = *payload;
                self.payload(payload, run, workspace, receiver)
            }
            State::Lost(lost) => {
                lost.origin.get_or_insert(run.origin);
                lost.search.push(run);
                run.bytes.len()
            }
        }
    }

    /// A header ends in `run`, and `before` bytes of it came before that.
    /// Returns how much of the run was the frame's.
    fn header(
        &mut self,
        parsed: Result<FrameHeader, HeaderError>,
        start: (u64, Origin),
        before: usize,
        run: &Run<'_>,
        workspace: &mut Workspace,
        receiver: &mut impl Receiver,
    ) -> usize {
        let length = match parsed {
            Ok(header) if self.accepts(&header, workspace) => {
                let count = header.header_length - before;
                let rest = run.bytes.get(count..).unwrap_or_default();
                return count + self.frame(&header, start, rest, run.origin, workspace, receiver);
            }
            Ok(header) => header.length,
            Err(HeaderError::LengthOverflow(length)) => {
                self.judge_overflow(length, run.origin, receiver);
                length
            }
            Err(HeaderError::Incomplete) => 0,
        };
        let cause = match length > workspace.frame {
            true => Cause::FrameLength,
            false => Cause::NoFrame,
        };
        self.lose_place(cause, run.origin, workspace, receiver);
        0
    }

    /// A header is there, completed by the packet `origin`; `rest` follows it.
    /// Returns how much of that was the frame's.
    fn frame(
        &mut self,
        header: &FrameHeader,
        (position, first): (u64, Origin),
        rest: &[u8],
        origin: Origin,
        workspace: &mut Workspace,
        receiver: &mut impl Receiver,
    ) -> usize {
        if let State::PartialHeader(partial) = std::mem::replace(&mut self.state, State::Header) {
            workspace.headers.give(partial);
        }
        self.guided = self.guided.saturating_sub(1);
        receiver.frame(header, position, origin);
        let continues = self.may_continue && header.opcode == Opcode::Continuation;
        self.judge(header, origin, workspace, receiver);
        let target = match header.opcode {
            Opcode::Continuation | Opcode::Text | Opcode::Binary => Target::Message,
            Opcode::Close | Opcode::Ping | Opcode::Pong | Opcode::Reserved(_) => Target::Control,
        };
        let is_compressed = self.judge.is_compressed(header);
        let is_alone = target == Target::Control || header.fin && self.message.is_none();
        let whole = usize::try_from(header.length).ok().and_then(|length| rest.get(..length));
        if let Some(payload) = whole
            && is_alone
            && !is_compressed
            && !continues
            && payload.len() <= workspace.message
        {
            let message = Assembled::whole(header, first, origin);
            tell_whole(message, payload, header.masking_key, workspace, receiver);
            return payload.len();
        }
        match (target, &mut self.message) {
            (Target::Message, Some(message)) => message.go_on(header, origin),
            (Target::Message, none) => {
                let mut partial = Partial::new(header, is_compressed, first, workspace.hashes);
                partial.is_headless = continues;
                *none = Some(workspace.partials.put(partial));
                if let Some(inflater) = self.inflater.as_mut().filter(|_| is_compressed) {
                    inflater.begin(&mut workspace.workbench);
                }
            }
            (Target::Control, _) => {
                let partial = Partial::new(header, false, first, workspace.hashes);
                self.control = Some(workspace.partials.put(partial));
            }
        }
        if let Some(partial) = self.partial(target) {
            partial.last = origin;
        }
        let FrameHeader { length: remaining, masking_key, fin, .. } = *header;
        let payload = Payload { remaining, masking_key, phase: 0, fin, target };
        self.state = State::Payload(payload);
        if remaining == 0 {
            self.end_of_frame(payload, workspace, receiver);
        }
        0
    }

    /// Tells what a frame breaks, and the message that it breaks off.
    fn judge(
        &mut self,
        header: &FrameHeader,
        origin: Origin,
        workspace: &mut Workspace,
        receiver: &mut impl Receiver,
    ) {
        let unfinished = self
            .message
            .as_ref()
            .map(|message| Unfinished { opcode: message.opcode, frames: message.frames });
        for (rule, detail) in self.judge.frame(header, unfinished, self.may_continue) {
            receiver.violation(rule, &detail, origin);
        }
        match header.opcode {
            Opcode::Text | Opcode::Binary => {
                let message = self.message.take();
                self.emit(message, None, workspace, receiver);
                self.may_continue = false;
                let is_text = header.opcode == Opcode::Text;
                self.is_text_only = is_text && (self.is_text_only || !self.has_data);
                self.has_data = true;
            }
            Opcode::Continuation => self.may_continue &= !header.fin,
            Opcode::Close | Opcode::Ping | Opcode::Pong | Opcode::Reserved(_) => {}
        }
    }

    /// Takes bytes of a payload; how many.
    fn payload(
        &mut self,
        mut payload: Payload,
        run: &Run<'_>,
        workspace: &mut Workspace,
        receiver: &mut impl Receiver,
    ) -> usize {
        let count = usize::try_from(payload.remaining)
            .map_or(run.bytes.len(), |remaining| remaining.min(run.bytes.len()));
        let bytes = run.bytes.get(..count).unwrap_or(run.bytes);
        self.add(&payload, bytes, workspace);
        if let Some(partial) = self.partial(payload.target) {
            partial.last = run.origin;
        }
        payload.advance(count as u64);
        self.state = State::Payload(payload);
        if payload.remaining == 0 {
            self.end_of_frame(payload, workspace, receiver);
        }
        count
    }

    /// Adds bytes of a frame to its message.
    fn add(&mut self, payload: &Payload, bytes: &[u8], workspace: &mut Workspace) {
        let partial = match payload.target {
            Target::Message => self.message.as_deref_mut(),
            Target::Control => self.control.as_deref_mut(),
        };
        let Some(partial) = partial else {
            return;
        };
        partial.received += bytes.len() as u64;
        if partial.missing > 0 || partial.is_headless {
            return;
        }
        let limit = workspace.message;
        let mut inflater = self.inflater.as_deref_mut().filter(|_| partial.compressed);
        let Workspace { scratch, workbench, buffers, .. } = workspace;
        let mut phase = u64::from(payload.phase);
        for block in bytes.chunks(BLOCK) {
            let block: &[u8] = match payload.masking_key {
                None => block,
                Some(key) => {
                    scratch.clear();
                    scratch.extend_from_slice(block);
                    unmask(scratch, key, phase);
                    phase += block.len() as u64;
                    &*scratch
                }
            };
            match &mut inflater {
                None => partial.add(block, limit, buffers),
                Some(inflater) => {
                    inflater
                        .push(block, workbench, &mut |bytes| partial.add(bytes, limit, buffers));
                }
            }
        }
    }

    fn end_of_frame(
        &mut self,
        payload: Payload,
        workspace: &mut Workspace,
        receiver: &mut impl Receiver,
    ) {
        self.state = State::Header;
        match payload.target {
            Target::Control => {
                let control = self.control.take();
                self.emit(control, Some(0), workspace, receiver);
            }
            Target::Message if payload.fin => {
                let message = self.message.take();
                self.emit(message, Some(0), workspace, receiver);
            }
            Target::Message => {}
        }
    }

    /// Passes over bytes of a frame that are missing.
    fn pass(
        &mut self,
        mut payload: Payload,
        bytes: u64,
        workspace: &mut Workspace,
        receiver: &mut impl Receiver,
    ) {
        payload.advance(bytes);
        self.state = State::Payload(payload);
        if let Some(partial) = self.partial(payload.target) {
            partial.missing += bytes;
        }
        if payload.remaining == 0 {
            self.end_of_frame(payload, workspace, receiver);
        }
    }

    /// The next frame may begin anywhere.
    fn lose_place(
        &mut self,
        cause: Cause,
        origin: Origin,
        workspace: &mut Workspace,
        receiver: &mut impl Receiver,
    ) {
        let undecoded = match &self.state {
            State::PartialHeader(partial) => partial.len() as u64,
            State::Header | State::Payload(_) | State::Lost(_) => 0,
        };
        let lost = Lost { cause, origin: Some(origin), undecoded, ..Lost::new(workspace) };
        self.state = State::Lost(Box::new(lost));
        let message = self.message.take();
        self.emit(message, None, workspace, receiver);
        self.lose_context(workspace);
    }

    /// Messages are not in the capture that later ones may refer to, or go on.
    fn lose_context(&mut self, workspace: &mut Workspace) {
        self.may_continue = true;
        if let Some(inflater) = &mut self.inflater {
            inflater.lose_context(&mut workspace.workbench);
        }
    }

    /// Tells a message of which `remaining` bytes have not come; `None` when
    /// the headers that would tell are not there.
    fn emit(
        &mut self,
        partial: Option<Box<Partial>>,
        remaining: Option<u64>,
        workspace: &mut Workspace,
        receiver: &mut impl Receiver,
    ) {
        let Some(partial) = partial else {
            return;
        };
        let is_whole = remaining == Some(0) && partial.missing == 0;
        let outcome = match self.inflater.as_mut().filter(|_| partial.compressed) {
            None => None,
            Some(inflater) if is_whole => {
                let inflated = inflater.finish(&mut workspace.workbench);
                self.judge_inflated(&inflated, &partial, receiver);
                Some(Outcome { length: inflated.length, not_inflated: inflated.failure })
            }
            Some(inflater) => {
                inflater.lose_context(&mut workspace.workbench);
                Some(Outcome { length: None, not_inflated: None })
            }
        };
        tell(&partial.assembled(remaining, outcome), receiver);
        workspace.give_partial(partial);
    }

    /// Without a negotiation nobody knows what RSV1 means.
    fn judge_inflated(&self, inflated: &Inflated, partial: &Partial, receiver: &mut impl Receiver) {
        if !self.judge.extensions().is_known {
            return;
        }
        let message = || format!("A {} message of {} bytes", partial.opcode, partial.wire_length);
        if inflated.failure == Some(NotInflated::Corrupt) {
            let detail = format!("{} is marked as compressed and is not DEFLATE.", message());
            receiver.violation(Rule::CorruptDeflate, &detail, partial.last);
        }
        if inflated.has_tail {
            let detail = format!("{} ends in 00 00 ff ff, which is to be removed.", message());
            receiver.violation(Rule::DeflateTail, &detail, partial.last);
        }
    }

    fn partial(&mut self, target: Target) -> Option<&mut Partial> {
        match target {
            Target::Message => self.message.as_deref_mut(),
            Target::Control => self.control.as_deref_mut(),
        }
    }
}

/// Tells a message whose only frame is all there.
fn tell_whole(
    message: Assembled<'_>,
    payload: &[u8],
    masking_key: Option<[u8; 4]>,
    workspace: &mut Workspace,
    receiver: &mut impl Receiver,
) {
    let shown = match masking_key {
        None => payload,
        Some(key) => {
            workspace.scratch.clear();
            workspace.scratch.extend_from_slice(payload);
            unmask(&mut workspace.scratch, key, 0);
            &workspace.scratch
        }
    };
    let hashes = workspace.hashes && message.complete;
    let sha256 = hashes.then(|| Sha256::digest(shown).into());
    tell(&Assembled { payload: shown, sha256, ..message }, receiver);
}

/// Tells a message after what its payload breaks.
fn tell(message: &Assembled<'_>, receiver: &mut impl Receiver) {
    if message.opcode == Opcode::Close
        && message.complete
        && !message.truncated
        && !message.has_reserved_bits
        && let Some((rule, detail)) = judge_close(message.payload)
    {
        receiver.violation(rule, &detail, message.origin);
    }
    receiver.message(message);
}

impl Payload {
    /// Passes over bytes.
    fn advance(&mut self, bytes: u64) {
        self.remaining -= bytes;
        self.phase = (u64::from(self.phase) + bytes % 4) as u8 % 4;
    }
}

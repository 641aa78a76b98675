//! What decoders tell, kept to be compared.

use wsdump::types::{Missing, NextFrame, Opcode, Origin, Rule, Run};
use wsdump::websocket::{Assembled, Cause, Decoder, FrameHeader, Hole, Receiver, Workspace};

use crate::origin;

/// What a [`Decoder`] told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A frame, and where it begins.
    Frame(u64, FrameHeader),
    Message(Message),
    Violation(Rule, String),
    Hole(Hole),
}

/// An [`Assembled`] of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub opcode: Opcode,
    pub length: Option<u64>,
    pub wire_length: u64,
    pub received: u64,
    pub frames: u64,
    pub compressed: bool,
    pub complete: bool,
    pub missing: Option<u64>,
    pub truncated: bool,
    pub not_inflated: bool,
    pub invalid_utf8: Option<u64>,
    pub sha256: Option<[u8; 32]>,
    pub payload: Vec<u8>,
}

impl Message {
    /// Whether it may be `sent`, which was decoded from all bytes, as far as
    /// it was kept.
    pub fn is(&self, sent: &Self) -> bool {
        let is_as_kept = match self.truncated {
            true => sent.payload.starts_with(&self.payload),
            false => sent.payload == self.payload && !sent.truncated,
        };
        let counts = |message: &Self| {
            (message.opcode, message.length, message.wire_length, message.received, message.frames)
        };
        is_as_kept
            && sent.complete
            && counts(self) == counts(sent)
            && self.compressed == sent.compressed
            && self.sha256 == sent.sha256
    }
}

/// Keeps what is told.
#[derive(Default)]
pub struct Log {
    pub told: Vec<Told>,
}

impl Receiver for Log {
    fn frame(&mut self, header: &FrameHeader, position: u64, _: Origin) {
        self.told.push(Told::Frame(position, *header));
    }

    fn message(&mut self, message: &Assembled<'_>) {
        let told = Message {
            opcode: message.opcode,
            length: message.length,
            wire_length: message.wire_length,
            received: message.received,
            frames: message.frames,
            compressed: message.compressed,
            complete: message.complete,
            missing: message.missing,
            truncated: message.truncated,
            not_inflated: message.not_inflated.is_some(),
            invalid_utf8: message.invalid_utf8,
            sha256: message.sha256,
            payload: message.payload.to_vec(),
        };
        if told.complete {
            assert!(!told.not_inflated && told.missing.is_none());
            assert_eq!(told.received, told.wire_length);
            let kept = told.payload.len() as u64;
            match told.truncated {
                true => assert!(told.length.is_some_and(|length| length >= kept)),
                false => assert_eq!(told.length, Some(kept)),
            }
        }
        self.told.push(Told::Message(told));
    }

    fn violation(&mut self, rule: Rule, detail: &str, _: Origin) {
        self.told.push(Told::Violation(rule, detail.to_owned()));
    }

    fn hole(&mut self, hole: &Hole) {
        self.told.push(Told::Hole(*hole));
    }
}

/// A decoder, the position that it has come to and what it told.
pub struct Reading {
    pub decoder: Decoder,
    position: u64,
    log: Log,
}

impl Reading {
    pub fn new(decoder: Decoder) -> Self {
        Self { decoder, position: 0, log: Log::default() }
    }

    /// Bytes that are there.
    pub fn receive(&mut self, bytes: &[u8], workspace: &mut Workspace) {
        if !bytes.is_empty() {
            let run = Run { bytes, position: self.position, origin: origin(1, 1), ack: None };
            self.position += bytes.len() as u64;
            self.decoder.receive(&run, workspace, &mut self.log);
        }
    }

    /// Bytes that are not.
    pub fn miss(&mut self, bytes: u64, workspace: &mut Workspace) {
        if bytes > 0 {
            let position = self.position;
            let missing = Missing { position, bytes, origin: origin(1, 1), is_visible: true };
            self.position += bytes;
            self.decoder.miss(&missing, workspace, &mut self.log);
        }
    }

    /// All that was told, after the end.
    pub fn finish(mut self, workspace: &mut Workspace) -> Vec<Told> {
        self.decoder.finish(workspace, &mut self.log);
        self.log.told
    }
}

/// What was told before the place of the next frame was lost. From there on it
/// is searched for, and where runs begin is a part of what is searched.
pub fn before_lost(told: &[Told]) -> &[Told] {
    let is_lost = |told: &Told| matches!(told, Told::Hole(hole) if hole.next_frame != NextFrame::Known && hole.cause != Cause::Rest);
    told.split(is_lost).next().unwrap_or_default()
}

/// Judges what was told of bytes of which some were lost.
///
/// `begins` says whether a frame begins at a position, for certain. Where
/// somebody puts whole frames into a payload, one of them may be taken for
/// the next after a hole. What is read from there on was sent, but as a
/// payload, and is not judged; nor are compressed messages after it that may
/// refer to it.
///
/// # Panics
/// When a message is told to be complete whose frames all begin where frames
/// do and that is not the next of `sent`.
pub fn judge_complete<'a>(
    told: &[Told],
    begins: impl Fn(u64) -> bool,
    sent: impl IntoIterator<Item = &'a Message>,
) {
    let mut sent = sent.into_iter();
    let (mut data_is_true, mut control_is_true, mut context_is_true) = (true, true, true);
    for told in told {
        match told {
            Told::Frame(position, header) => {
                let is_true = begins(*position);
                match header.opcode {
                    Opcode::Continuation => data_is_true &= is_true,
                    opcode if is_data(opcode) => data_is_true = is_true,
                    _ => control_is_true = is_true,
                }
                if !is_true && !header.opcode.is_control() {
                    context_is_true = false;
                }
            }
            Told::Hole(hole) if hole.next_frame != NextFrame::Known => context_is_true = true,
            Told::Message(message) if message.complete => {
                let is_true = if is_data(message.opcode) { data_is_true } else { control_is_true };
                if is_true && (context_is_true || !message.compressed) {
                    assert!(sent.any(|sent| message.is(sent)), "was not sent: {message:?}");
                }
            }
            _ => {}
        }
    }
}

fn is_data(opcode: Opcode) -> bool {
    matches!(opcode, Opcode::Text | Opcode::Binary)
}

//! Messages that the target itself compresses, masks, cuts into fragments and
//! loses bytes of, through a decoder.
//!
//! Without loss all of them come, byte for byte and in order. A message that is
//! told to be complete is one that was sent. What was not touched comes, as
//! long as only payloads have holes: compressed messages until the first
//! compressed one that has a hole, if they refer to one another. Where payloads
//! are text, the next frame after a hole is one, or is not found.

#![no_main]

use arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use wsdump::types::{Limits, NextFrame, Side};
use wsdump::websocket::{Compression, Decoder, Extensions, Workspace};
use wsdump_fuzz::{Manner, Message, Reading, Sent, Session, Told, judge_complete};

fuzz_target!(|input: &[u8]| {
    // Input that is used up makes no session.
    let _ = run(&mut Unstructured::new(input));
});

fn run(input: &mut Unstructured<'_>) -> Result<()> {
    let manner = Manner {
        side: if input.arbitrary()? { Side::Client } else { Side::Server },
        keeps_context: *input.choose(&[None, Some(true), Some(false)])?,
        is_plain: input.arbitrary()?,
    };
    let losses = Losses::new(input)?;
    let session = Session::new(manner, input)?;

    let told = losses.segments_only().decoded(&session);
    let all: Vec<&Message> = messages(&told).collect();
    assert_eq!(all.len(), session.messages.len(), "another number of messages");
    for (told, sent) in all.iter().zip(&session.messages) {
        assert!(told.complete && is(told, sent), "without loss: {sent:?} is told as {told:?}");
    }

    let told = losses.decoded(&session);
    let begins = |position: u64| session.begins(position as usize);
    judge_complete(&told, begins, all.iter().copied());
    judge_untouched(&told, &session, &losses);
    if manner.is_plain && manner.side == Side::Server && manner.keeps_context.is_none() {
        judge_found(&told, begins);
    }
    Ok(())
}

fn messages(told: &[Told]) -> impl Iterator<Item = &Message> {
    told.iter().filter_map(|told| match told {
        Told::Message(message) => Some(message),
        _ => None,
    })
}

fn is(told: &Message, sent: &Sent) -> bool {
    told.opcode == sent.opcode
        && told.payload == sent.payload
        && told.compressed == sent.is_compressed
        && told.frames == sent.frames.len() as u64
}

/// Holes in payloads touch nothing else.
fn judge_untouched(told: &[Told], session: &Session, losses: &Losses) {
    let lost = losses.lost(session.bytes.len());
    let touches = |begin, end| lost.iter().any(|&(from, to)| from < end && begin < to && from < to);
    if session.frames.iter().any(|frame| touches(frame.begin, frame.payload)) {
        return;
    }
    let mut context_is_lost = false;
    let mut told = messages(told);
    for sent in &session.messages {
        let is_touched = sent.frames.iter().any(|&index| {
            let frame = session.frames[index];
            touches(frame.payload, frame.end)
        });
        if is_touched {
            context_is_lost |= sent.is_compressed && session.manner.keeps_context == Some(true);
        } else if !(context_is_lost && sent.is_compressed) {
            let found = told.any(|told| told.complete && is(told, sent));
            assert!(found, "was not touched, and is not told: {sent:?}");
        }
    }
}

/// Printable text has no byte that a frame begins with.
fn judge_found(told: &[Told], begins: impl Fn(u64) -> bool) {
    let mut is_guess = false;
    for told in told {
        match told {
            Told::Hole(hole) => is_guess = hole.next_frame == NextFrame::Inferred,
            Told::Frame(position, _) if std::mem::take(&mut is_guess) => {
                assert!(begins(*position), "no frame begins at {position}");
            }
            _ => {}
        }
    }
}

/// How the bytes are cut into segments, and which of them are lost.
struct Losses {
    /// By turns, over and over: bytes of a segment.
    lengths: Vec<u16>,
    /// The segments that are lost, as differences.
    lost: Vec<u8>,
}

impl Losses {
    fn new(input: &mut Unstructured<'_>) -> Result<Self> {
        let lengths = (0..input.int_in_range(1..=6)?)
            .map(|_| input.int_in_range(1..=1_500))
            .collect::<Result<_>>()?;
        let count = input.int_in_range(0..=12)?;
        let lost = (0..count).map(|_| input.arbitrary()).collect::<Result<_>>()?;
        Ok(Self { lengths, lost })
    }

    fn segments_only(&self) -> Self {
        Self { lengths: self.lengths.clone(), lost: Vec::new() }
    }

    /// Where segments begin and end, and whether they are lost.
    fn segments(&self, length: usize) -> Vec<(usize, usize, bool)> {
        let mut segments = Vec::new();
        let mut begin = 0;
        for &size in self.lengths.iter().cycle() {
            if begin >= length {
                break;
            }
            let end = (begin + usize::from(size)).min(length);
            segments.push((begin, end, false));
            begin = end;
        }
        let mut at = 0;
        for &difference in &self.lost {
            at += usize::from(difference);
            if let Some((.., is_lost)) = segments.get_mut(at) {
                *is_lost = true;
            }
        }
        segments
    }

    fn lost(&self, length: usize) -> Vec<(usize, usize)> {
        let segments = self.segments(length).into_iter().filter(|&(.., is_lost)| is_lost);
        segments.map(|(begin, end, _)| (begin, end)).collect()
    }

    fn decoded(&self, session: &Session) -> Vec<Told> {
        let compression =
            session.manner.keeps_context.map(|keeps_context| Compression { keeps_context });
        let extensions = Extensions { compression, ..Extensions::NONE };
        let mut workspace = Workspace::new(&Limits::default(), true);
        let mut reading = Reading::new(Decoder::new(session.manner.side, extensions, &workspace));
        let mut hole = 0;
        for (begin, end, is_lost) in self.segments(session.bytes.len()) {
            if is_lost {
                hole += (end - begin) as u64;
                continue;
            }
            reading.miss(std::mem::take(&mut hole), &mut workspace);
            reading.receive(&session.bytes[begin..end], &mut workspace);
        }
        reading.miss(hole, &mut workspace);
        reading.finish(&mut workspace)
    }
}

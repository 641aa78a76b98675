//! Bytes of two directions that may be frames, in mid-stream.
//!
//! Any bytes: what is found lies within what is held, memory is bounded, and
//! there is a verdict in the end. Frames with text, from any byte on and with
//! holes: what is found is where a frame begins, and the sides are not
//! confused.

#![no_main]

use arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use wsdump::types::{Direction, Run, Side};
use wsdump::websocket::{Expected, Found, Recogniser, Search, Verdict, looks_like_frames};
use wsdump_fuzz::{Manner, Pieces, Session, origin};

fuzz_target!(|input: &[u8]| {
    match input {
        [settings, rest @ ..] if settings & 1 == 0 => any(*settings, rest),
        [_, rest @ ..] => {
            // Input that is used up makes no session.
            let _ = frames(&mut Unstructured::new(rest));
        }
        [] => {}
    }
});

/// What the bytes held take beside themselves: a segment each, and growth.
fn most_memory(limit: usize) -> usize {
    4 * limit + 4_096
}

fn any(settings: u8, pieces: &[u8]) {
    let limit = [256 << 10, 2_000, 200, 0][usize::from(settings >> 1 & 3)];
    let max_frame = [16 << 30, 1_000][usize::from(settings >> 3 & 1)];
    let masked = [None, Some(false), Some(true), None][usize::from(settings >> 4 & 3)];
    let may_nest = settings >> 6 & 1 == 0;
    let reserved_bits = if settings >> 7 == 0 { 4 } else { 0 };
    let expected = Expected { masked, reserved_bits, max_frame, may_nest, is_believed: false };

    let mut recogniser = Recogniser::new(limit, max_frame);
    let mut searches = [Search::new(limit), Search::new(limit)];
    let mut positions = [0, 0];
    let mut has_verdict = false;
    for piece in Pieces(pieces) {
        looks_like_frames(piece.bytes);
        let index = usize::from(piece.is_backward());
        let direction = Direction::BOTH[index];
        let position = positions[index];
        positions[index] += piece.bytes.len() as u64;
        if piece.is_lost() {
            recogniser.miss(direction);
            searches[index].clear();
        } else if !piece.bytes.is_empty() {
            let run = Run { bytes: piece.bytes, position, origin: origin(1, 1), ack: None };
            recogniser.push(direction, &run);
            searches[index].push(&run);
        }
        let is_end = piece.is_marked();
        if let Some(found) = searches[index].find(expected, is_end) {
            check_found(&searches[index], &found, positions[index]);
        }
        assert!(searches[index].memory() <= most_memory(limit));
        assert!(recogniser.memory() <= 2 * most_memory(limit));
        has_verdict = judge(&mut recogniser, false, positions);
        if has_verdict {
            break;
        }
    }
    assert!(has_verdict || judge(&mut recogniser, true, positions), "unsure to the end");
}

/// Whether there is a verdict.
fn judge(recogniser: &mut Recogniser, is_end: bool, positions: [u64; 2]) -> bool {
    match recogniser.judge(is_end) {
        Verdict::Unsure => false,
        Verdict::NotForUs => true,
        Verdict::WebSocket { forward, backward, .. } => {
            let all = [forward, backward].into_iter().zip(Direction::BOTH).zip(positions);
            for ((found, direction), position) in all {
                if let Some(found) = found {
                    check_found(recogniser.search(direction), &found, position);
                }
            }
            true
        }
    }
}

/// What is held from there on ends where the bytes do.
fn check_found(search: &Search, found: &Found, end: u64) {
    assert!(found.offset < search.len());
    let runs: Vec<Run<'_>> = search.runs_from(found.offset).collect();
    let length: usize = runs.iter().map(|run| run.bytes.len()).sum();
    assert_eq!(length, search.len() - found.offset);
    let mut position = end - length as u64;
    for run in runs {
        assert_eq!(run.position, position);
        position += run.bytes.len() as u64;
    }
}

/// A direction of a connection from some byte on.
struct Half {
    session: Session,
    at: usize,
    lengths: Vec<u16>,
    turn: usize,
}

impl Half {
    fn new(side: Side, input: &mut Unstructured<'_>) -> Result<Self> {
        let lengths = (0..input.int_in_range(1..=6)?)
            .map(|_| input.int_in_range(1..=1_500))
            .collect::<Result<_>>()?;
        let at: u8 = input.arbitrary()?;
        let size = input.int_in_range(0..=input.len())?;
        let mut own = Unstructured::new(input.bytes(size)?);
        let manner = Manner { side, keeps_context: None, is_plain: true };
        let session = Session::new(manner, &mut own)?;
        Ok(Self { at: usize::from(at).min(session.bytes.len()), session, lengths, turn: 0 })
    }

    /// The next segment, as one of whole frames or of a length of its own.
    fn segment(&mut self, whole: bool) -> Option<Run<'_>> {
        let length = usize::from(self.lengths[self.turn % self.lengths.len()]);
        self.turn += 1;
        let all = &self.session.bytes;
        let mut end = (self.at + length).min(all.len());
        if whole {
            let frame = self.session.frames.iter().find(|frame| frame.end > self.at);
            end = frame.map_or(end, |frame| frame.end);
        }
        let (begin, bytes) = (self.at, all.get(self.at..end).filter(|bytes| !bytes.is_empty())?);
        self.at = end;
        Some(Run { bytes, position: begin as u64, origin: origin(1, 1), ack: None })
    }

    fn check(&self, search: &Search, found: &Found) {
        let run = search.runs_from(found.offset).next().expect("is held");
        let is_masked = self.session.manner.side == Side::Client;
        assert!(
            self.session.begins(run.position as usize) && found.masked == is_masked,
            "no frame of the {} begins at {}: {found:?}",
            self.session.manner.side,
            run.position,
        );
    }
}

fn frames(input: &mut Unstructured<'_>) -> Result<()> {
    let whole: bool = input.arbitrary()?;
    let may_nest: bool = input.arbitrary()?;
    let steps: Vec<u8> =
        (0..input.int_in_range(0..=60)?).map(|_| input.arbitrary()).collect::<Result<_>>()?;
    let mut client = Half::new(Side::Client, input)?;
    let mut server = Half::new(Side::Server, input)?;
    let mut recogniser = Recogniser::new(256 << 10, 16 << 30);
    let mut searches = [Search::new(256 << 10), Search::new(256 << 10)];
    let expected = |masked| Expected {
        masked: Some(masked),
        reserved_bits: 4,
        max_frame: 16 << 30,
        may_nest,
        is_believed: false,
    };
    for step in steps {
        let index = usize::from(step & 1);
        let direction = Direction::BOTH[index];
        let half = if index == 0 { &mut client } else { &mut server };
        let is_lost = step & 0x1e == 0x1e;
        let Some(run) = half.segment(whole) else {
            continue;
        };
        if is_lost {
            recogniser.miss(direction);
            searches[index].clear();
            continue;
        }
        recogniser.push(direction, &run);
        searches[index].push(&run);
        let is_end = step & 0xe0 == 0xe0;
        if let Some(found) = searches[index].find(expected(index == 0), is_end) {
            half.check(&searches[index], &found);
        }
        if let Verdict::WebSocket { client: found_client, forward, backward } =
            recogniser.judge(is_end)
        {
            assert_eq!(found_client, Direction::Forward, "the sides are confused");
            for (half, found, direction) in
                [(&client, forward, Direction::Forward), (&server, backward, Direction::Backward)]
            {
                if let Some(found) = found {
                    half.check(recogniser.search(direction), &found);
                }
            }
            return Ok(());
        }
    }
    Ok(())
}

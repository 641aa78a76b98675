//! Frames of one direction, in pieces.
//!
//! However the bytes are split, they give the same frames, messages and
//! violations. A message that is told to be complete although some pieces were
//! lost is one that was sent.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wsdump::types::{Origin, Rule, Run};
use wsdump::websocket::{Assembled, Decoder, Extensions, FrameHeader, Receiver};
use wsdump_fuzz::{Pieces, origin};

fuzz_target!(|input: &[u8]| {
    let &[settings, limit, ref pieces @ ..] = input else {
        return;
    };
    let extensions = Extensions { deflate: settings & 1 != 0, reserved_bits: settings >> 1 & 3 };
    let limit = if limit == 255 { usize::MAX } else { usize::from(limit) };
    let decoder = || Decoder::new(extensions, limit);

    let captured = merged(pieces, true);
    let as_split = Pieces(pieces).map(|piece| (piece.bytes, piece.is_lost()));
    let told = decoded(decoder(), as_split);
    let at_once = decoded(decoder(), captured.iter().map(|(bytes, lost)| (&bytes[..], *lost)));
    assert_eq!(told, at_once, "split as given, and not split");
    let single = captured.iter().flat_map(|(bytes, lost)| {
        let size = if *lost { bytes.len().max(1) } else { 1 };
        bytes.chunks(size).map(|bytes| (bytes, *lost))
    });
    assert_eq!(told, decoded(decoder(), single), "split as given, and at every byte");

    let all = merged(pieces, false);
    let sent = decoded(decoder(), all.iter().map(|(bytes, _)| (&bytes[..], false)));
    let mut sent = sent.iter();
    for said in told.iter().filter(|said| said.ends_with(COMPLETE)) {
        assert!(sent.any(|sent| sent == said), "was not sent: {said}");
    }
});

/// Pieces that follow one another and are lost, or not, are one.
fn merged(pieces: &[u8], with_losses: bool) -> Vec<(Vec<u8>, bool)> {
    let mut merged: Vec<(Vec<u8>, bool)> = Vec::new();
    for piece in Pieces(pieces) {
        let lost = with_losses && piece.is_lost();
        match merged.last_mut() {
            Some((bytes, before)) if *before == lost => bytes.extend(piece.bytes),
            _ => merged.push((piece.bytes.to_vec(), lost)),
        }
    }
    merged
}

/// How a complete message ends when it is told.
const COMPLETE: &str = "complete";

fn decoded<'a>(
    mut decoder: Decoder,
    pieces: impl Iterator<Item = (&'a [u8], bool)>,
) -> Vec<String> {
    let mut log = Log::default();
    let mut scratch = vec![1, 2, 3];
    let mut position = 0;
    for (bytes, lost) in pieces.filter(|(bytes, _)| !bytes.is_empty()) {
        if lost {
            decoder.miss(bytes.len() as u64, &mut log);
        } else {
            let run = Run { bytes, position, origin: origin(1, 1), ack: None };
            decoder.receive(run, &mut scratch, &mut log);
        }
        position += bytes.len() as u64;
    }
    decoder.finish(&mut log);
    log.told
}

#[derive(Default)]
struct Log {
    told: Vec<String>,
}

impl Receiver for Log {
    fn frame(&mut self, header: &FrameHeader, position: u64, _: Origin) {
        self.told.push(format!("{position}: {header:?}"));
    }

    fn message(&mut self, message: &Assembled<'_>) {
        let end = if message.complete { COMPLETE } else { "" };
        assert!(!message.complete || message.length.is_some() || message.compressed);
        self.told.push(format!("{message:?} {end}"));
    }

    fn violation(&mut self, rule: Rule, detail: &str, _: Origin) {
        self.told.push(format!("{rule:?} {detail}"));
    }

    /// Comes in as many pieces as the bytes do.
    fn undecoded(&mut self, _: u64) {}
}

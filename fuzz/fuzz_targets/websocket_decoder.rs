//! Frames of two sides, in pieces, through decoders that share a workspace.
//!
//! However the bytes are split, they give the same frames, messages and
//! violations, and another decoder that works between changes nothing. A
//! message that is told to be complete although some pieces were lost, or
//! memory was given up, is one that was sent. What is kept stays within bounds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wsdump::types::{Limits, Side};
use wsdump::websocket::{Compression, Decoder, Extensions, Workspace};
use wsdump_fuzz::{Message, Piece, Pieces, Reading, Told, before_lost, judge_complete};

fuzz_target!(|input: &[u8]| {
    let &[settings, bounds, ref pieces @ ..] = input else {
        return;
    };
    let settings = Settings { settings, bounds };
    let of = |backward| -> Vec<Part> {
        merged(Pieces(pieces).filter(|piece| piece.is_backward() == backward))
    };
    for (parts, side) in [(of(false), settings.side()), (of(true), settings.side().opposite())] {
        let told = settings.decoded(side, parts.iter().cloned());
        let single = settings.decoded(side, parts.iter().flat_map(Part::bytewise));
        let odd = settings.decoded(side, parts.iter().flat_map(Part::in_three));
        assert_eq!(before_lost(&told), before_lost(&single), "not split, and at every byte");
        assert_eq!(before_lost(&told), before_lost(&odd), "not split, and in three");

        let all: Vec<u8> = parts.iter().flat_map(|part| part.bytes.clone()).collect();
        let all = [Part { bytes: all, ..Part::default() }];
        let sent = settings.decoded(side, all.into_iter());
        let sent = before_lost(&sent);
        let begins = |position: u64| {
            sent.iter().any(|told| matches!(told, Told::Frame(begin, _) if *begin == position))
        };
        for told in [&told, &single, &odd] {
            judge_complete(told, begins, sent.iter().filter_map(message));
        }
    }
    settings.both(pieces);
});

fn message(told: &Told) -> Option<&Message> {
    match told {
        Told::Message(message) => Some(message),
        _ => None,
    }
}

#[derive(Clone, Copy)]
struct Settings {
    settings: u8,
    bounds: u8,
}

impl Settings {
    fn side(self) -> Side {
        if self.settings & 1 == 0 { Side::Client } else { Side::Server }
    }

    fn extensions(self) -> Extensions {
        let compression = Compression { keeps_context: self.settings & 4 == 0 };
        Extensions {
            compression: (self.settings & 2 != 0).then_some(compression),
            reserved_bits: self.settings >> 4 & 7,
            is_known: self.settings & 8 == 0,
        }
    }

    fn limits(self) -> Limits {
        let [message, inflated, frame, search] = [0, 2, 4, 6].map(|at| self.bounds >> at & 3);
        Limits {
            message: [64 << 20, 10_000, 100, 3][usize::from(message)],
            inflated: [1 << 20, 10_000, 100, 3][usize::from(inflated)],
            frame: [16 << 30, 10_000, 100, 3][usize::from(frame)],
            search: [256 << 10, 3_000, 300, 0][usize::from(search)],
            ..Limits::default()
        }
    }

    fn workspace(self) -> Workspace {
        Workspace::new(&self.limits(), self.settings & 0x80 != 0)
    }

    /// What is told of one side.
    fn decoded(self, side: Side, parts: impl Iterator<Item = Part>) -> Vec<Told> {
        let mut workspace = self.workspace();
        let mut reading = Reading::new(Decoder::new(side, self.extensions(), &workspace));
        for part in parts {
            part.give(&mut reading, &mut workspace);
            self.check_cost(&reading.decoder);
        }
        reading.finish(&mut workspace)
    }

    fn check_cost(self, decoder: &Decoder) {
        // Inflaters, windows, a control frame, a buffer that was used before.
        const FIXED: usize = 400 << 10;
        let limits = self.limits();
        let most = FIXED + 2 * limits.message.max(4 << 10) + 4 * limits.search;
        assert!(decoder.cost() <= most, "keeps {} bytes", decoder.cost());
    }

    /// Two decoders by turns on one workspace, and each alone.
    fn both(self, pieces: &[u8]) {
        let sides = [self.side(), self.side().opposite()];
        let mut workspace = self.workspace();
        let [mut one, mut two] =
            sides.map(|side| Reading::new(Decoder::new(side, self.extensions(), &workspace)));
        for piece in Pieces(pieces) {
            let reading = if piece.is_backward() { &mut two } else { &mut one };
            Part::from(piece).give(reading, &mut workspace);
        }
        let together = [one.finish(&mut workspace), two.finish(&mut workspace)];
        let alone = [(sides[0], false), (sides[1], true)].map(|(side, backward)| {
            let pieces = Pieces(pieces).filter(|piece| piece.is_backward() == backward);
            self.decoded(side, pieces.map(Part::from))
        });
        assert_eq!(together, alone, "by turns, and alone");
    }
}

/// Some bytes of one side, that were lost or not.
#[derive(Clone, Default)]
struct Part {
    bytes: Vec<u8>,
    is_lost: bool,
    /// Memory is given up before.
    sheds: bool,
}

impl From<Piece<'_>> for Part {
    fn from(piece: Piece<'_>) -> Self {
        Self { bytes: piece.bytes.to_vec(), is_lost: piece.is_lost(), sheds: piece.is_marked() }
    }
}

impl Part {
    fn give(&self, reading: &mut Reading, workspace: &mut Workspace) {
        if self.sheds {
            reading.decoder.shed(workspace);
        }
        match self.is_lost {
            true => reading.miss(self.bytes.len() as u64, workspace),
            false => reading.receive(&self.bytes, workspace),
        }
    }

    fn bytewise(&self) -> Vec<Self> {
        self.split(1)
    }

    fn in_three(&self) -> Vec<Self> {
        self.split(self.bytes.len() / 3 + 1)
    }

    /// What is lost is one hole, whatever its size.
    fn split(&self, size: usize) -> Vec<Self> {
        if self.is_lost || self.bytes.is_empty() {
            return vec![self.clone()];
        }
        let pieces = self.bytes.chunks(size).enumerate();
        pieces
            .map(|(index, bytes)| Self {
                bytes: bytes.to_vec(),
                sheds: self.sheds && index == 0,
                ..*self
            })
            .collect()
    }
}

/// Pieces that follow one another and are lost, or not, are one, unless memory
/// is given up between them.
fn merged<'a>(pieces: impl Iterator<Item = Piece<'a>>) -> Vec<Part> {
    let mut merged: Vec<Part> = Vec::new();
    for piece in pieces {
        let part = Part::from(piece);
        match merged.last_mut() {
            Some(last) if last.is_lost == part.is_lost && !part.sheds => {
                last.bytes.extend(part.bytes);
            }
            _ => merged.push(part),
        }
    }
    merged
}

//! Any bytes as a capture file, compressed or not.
//!
//! They give the same packets and the same errors whether the reader returns
//! them at once or a few at a time.

#![no_main]

use std::io::{self, ErrorKind, Read};

use libfuzzer_sys::fuzz_target;
use wsdump::capture::{Capture, Step};

fuzz_target!(|file: &[u8]| {
    let whole = told(Capture::from_reader("x", io::Cursor::new(file.to_vec())));
    let chunked = told(Capture::from_reader("x", Chunks::new(file)));
    // Where too much comes out of little, only the beginnings are compared.
    for (whole, chunked) in whole.iter().zip(&chunked) {
        assert_eq!(whole, chunked);
    }
    let (long, short) =
        if whole.len() > chunked.len() { (&whole, chunked) } else { (&chunked, whole) };
    assert!(long.len() == short.len() || short.last().is_none_or(|last| last != END));
});

/// What stands at the end of all that a capture tells.
const END: &str = "end";

/// How many packets, and how many reads, are enough.
const MAX_PACKETS: usize = 2_000;
const MAX_READS: usize = 5_000;

fn told(mut capture: Capture) -> Vec<String> {
    let mut told = Vec::new();
    let mut reads = 0;
    while told.len() < MAX_PACKETS && reads < MAX_READS {
        match capture.next() {
            Step::Packet(packet, sources) => {
                assert!(packet.data.len() <= packet.original_length as usize);
                let source = sources.get(packet.origin.source.0 as usize).expect("a known source");
                told.push(format!("{packet:?} {source:?}"));
            }
            Step::Idle(_) => panic!("a file is never idle"),
            Step::Secrets(secrets) => told.push(format!("{secrets:?}")),
            Step::Starved => reads += 1,
            Step::Problem(error) => told.push(error.to_string()),
            Step::End => {
                assert!(matches!(capture.next(), Step::End), "the end is not the end");
                told.push(END.into());
                break;
            }
        }
    }
    told
}

/// Gives few bytes at a time, and is interrupted now and then.
struct Chunks {
    bytes: io::Cursor<Vec<u8>>,
    turn: usize,
}

impl Chunks {
    fn new(bytes: &[u8]) -> Self {
        Self { bytes: io::Cursor::new(bytes.to_vec()), turn: 0 }
    }
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        const SIZES: [usize; 7] = [1, 3, 0, 13, 2, 64, 7];
        let size = SIZES[self.turn % SIZES.len()];
        self.turn += 1;
        if size == 0 {
            return Err(ErrorKind::Interrupted.into());
        }
        let room = buffer.len().min(size);
        self.bytes.read(&mut buffer[..room])
    }
}

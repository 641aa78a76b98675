//! The LZ4 frame format: frames, legacy frames and skippable frames in a row.

use std::io::{self, BufRead, Read};

use lz4_flex::frame::{Error, FrameDecoder};

use super::{Compressed, Compression, Failure};

/// First byte of the magic of a legacy frame, and of skippable ones.
const LEGACY: u8 = 0x02;
const SKIPPABLE: std::ops::RangeInclusive<u8> = 0x50..=0x5f;

/// Gives every frame a decoder of its own, which reads exactly that frame, and
/// watches whether the input ends before the frame does: the library takes
/// the one for the other.
pub(in crate::capture) struct Decoder {
    state: State,
}

enum State {
    Between(Watched),
    Inside { frame: Box<FrameDecoder<Watched>>, is_legacy: bool },
    Over,
}

impl Decoder {
    pub(super) fn new(input: Compressed) -> Self {
        Self { state: State::Between(Watched { input, ended: false }) }
    }

    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, Failure> {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Between(input) => self.state = next_frame(input)?,
                State::Inside { mut frame, is_legacy } => {
                    let given = frame.read(out).map_err(failure)?;
                    if given > 0 {
                        self.state = State::Inside { frame, is_legacy };
                        return Ok(given);
                    }
                    let input = frame.into_inner();
                    // Only a legacy frame has no other end than that of the input.
                    if input.ended && !is_legacy {
                        return Err(Failure::Cut(Compression::Lz4));
                    }
                    self.state = State::Between(input);
                }
                State::Over => return Ok(0),
            }
        }
    }
}

fn next_frame(mut input: Watched) -> Result<State, Failure> {
    match input.input.fill_buf()?.first() {
        None => Ok(State::Over),
        Some(first) if SKIPPABLE.contains(first) => {
            skip_frame(&mut input.input)?;
            Ok(State::Between(input))
        }
        Some(&first) => {
            let frame = Box::new(FrameDecoder::new(input));
            Ok(State::Inside { frame, is_legacy: first == LEGACY })
        }
    }
}

fn skip_frame(input: &mut Compressed) -> Result<(), Failure> {
    let mut head = [0; 8];
    input.read_exact(&mut head).map_err(failure)?;
    let [_, _, _, _, a, b, c, d] = head;
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    let skipped = io::copy(&mut input.take(length), &mut io::sink())?;
    if skipped < length { Err(Failure::Cut(Compression::Lz4)) } else { Ok(()) }
}

fn failure(error: io::Error) -> Failure {
    let of_library = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match of_library {
        Some(cause) => Failure::Broken(Compression::Lz4, cause.to_string()),
        None if error.kind() == io::ErrorKind::UnexpectedEof => Failure::Cut(Compression::Lz4),
        None => Failure::Io(error),
    }
}

/// An input that remembers its end.
struct Watched {
    input: Compressed,
    ended: bool,
}

impl Read for Watched {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(out)?;
        self.ended |= count == 0 && !out.is_empty();
        Ok(count)
    }
}

//! zstd (RFC 8878): frames and skippable frames in a row.

use std::io::BufRead;

use zstd::stream::raw::{self, Operation};

use super::{Compressed, Compression, Failure, at_hand};

/// Bytes that begin every frame: the magic and one more.
const FRAME_START: usize = 5;
const BLOCK_HEADER: usize = 3;

/// Feeds the library block by block: what a call has decoded is lost when that
/// same call finds damage.
pub(in crate::capture) struct Decoder {
    input: Compressed,
    frames: raw::Decoder<'static>,
    /// Bytes that the library would like next; 0 between frames.
    wanted: usize,
    /// The last output filled all the room there was.
    has_output: bool,
}

impl Decoder {
    pub(super) fn new(input: Compressed) -> Result<Self, Failure> {
        Ok(Self { input, frames: raw::Decoder::new()?, wanted: 0, has_output: false })
    }

    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, Failure> {
        loop {
            let offer = self.offer();
            let input = at_hand(&mut self.input, self.has_output)?;
            if input.is_empty() && !self.has_output {
                let inside = self.wanted > 0;
                return if inside { Err(Failure::Cut(Compression::Zstd)) } else { Ok(0) };
            }
            let offered = input.get(..offer).unwrap_or(input);
            let status = self
                .frames
                .run_on_buffers(offered, out)
                .map_err(|error| Failure::Broken(Compression::Zstd, error.to_string()))?;
            self.input.consume(status.bytes_read);
            self.wanted = status.remaining;
            self.has_output = status.bytes_written == out.len();
            if status.bytes_written > 0 {
                return Ok(status.bytes_written);
            }
        }
    }

    /// What is wanted next is a block and the header of the one after it. That
    /// header is kept back: it may be the damage.
    fn offer(&self) -> usize {
        match self.wanted {
            0 => FRAME_START,
            wanted if wanted > BLOCK_HEADER => wanted - BLOCK_HEADER,
            wanted => wanted,
        }
    }
}

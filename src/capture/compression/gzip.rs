//! gzip (RFC 1952): one member or several in a row.

use std::io::BufRead;

use flate2::{Decompress, FlushDecompress, Status};

use super::{Compressed, Compression, Failure, at_hand};

/// The window of every deflate stream fits in this.
const WINDOW_BITS: u8 = 15;

/// Drives the inflater itself, since flate2's own reader throws away what came
/// out of the block of input in which damage was found.
pub(in crate::capture) struct Decoder {
    input: Compressed,
    inflate: Decompress,
    /// Inside a member.
    inside: bool,
    /// A member has ended: zeros may follow, to fill a block of tape.
    padded: bool,
    /// The last output filled all the room there was.
    has_output: bool,
    /// Found after giving what stood before it.
    failure: Option<Failure>,
}

impl Decoder {
    pub(super) fn new(input: Compressed) -> Self {
        let inflate = Decompress::new_gzip(WINDOW_BITS);
        Self { input, inflate, inside: false, padded: false, has_output: false, failure: None }
    }

    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, Failure> {
        loop {
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            let input = at_hand(&mut self.input, self.has_output)?;
            if input.is_empty() && !self.has_output {
                return if self.inside { Err(Failure::Cut(Compression::Gzip)) } else { Ok(0) };
            }
            let padding = input.iter().take_while(|&&byte| self.padded && byte == 0).count();
            if padding > 0 {
                self.input.consume(padding);
                continue;
            }
            let offered = input.len();
            let (taken, given) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(input, out, FlushDecompress::None);
            let taken = (self.inflate.total_in() - taken) as usize;
            let given = (self.inflate.total_out() - given) as usize;
            self.input.consume(taken);
            (self.inside, self.padded) = (true, false);
            self.has_output = given == out.len();
            match status {
                Ok(Status::StreamEnd) => {
                    self.inflate = Decompress::new_gzip(WINDOW_BITS);
                    (self.inside, self.padded, self.has_output) = (false, true, false);
                }
                Ok(_) if offered > 0 && taken == 0 && given == 0 => {
                    self.failure = Some(broken());
                }
                Ok(_) => {}
                Err(_) => self.failure = Some(broken()),
            }
            if given > 0 {
                return Ok(given);
            }
        }
    }
}

/// The library's own words depend on how the bytes arrived.
fn broken() -> Failure {
    Failure::Broken(Compression::Gzip, "a header, code or checksum in it is wrong".into())
}

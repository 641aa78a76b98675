//! Compressed captures.
//!
//! Each decoder gives what the bytes read so far decide, without waiting for a
//! full buffer, so that a compressed pipe is followed as it arrives; and it
//! gives everything that stands before damage.

mod gzip;
mod lz4;
mod zstd;

use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read};

/// Bytes of compressed data that are read at once: as much as the longest zstd
/// block with its header.
const INPUT_BLOCK: usize = (128 << 10) + 3;

/// Where the bytes of an input come from.
pub(super) type Raw = Box<dyn Read + Send>;

/// How an input is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// The LZ4 frame format.
    Lz4,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
        })
    }
}

/// What the first bytes of an input say about its compression.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Compressed so.
    Compressed(Compression),
    /// This many bytes mean nothing, and what comes after them decides: a
    /// skippable frame, which zstd and LZ4 share (RFC 8878 §3.1.2).
    Skippable(u64),
    /// Compressed by a program whose format is not read.
    Unknown(&'static str),
    /// Not compressed.
    Plain,
}

/// The number of first bytes that [`tell`] looks at.
pub(super) const TELLING_BYTES: usize = 8;

/// Tells the compression from an input's first bytes.
pub(super) fn tell(first: &[u8]) -> Told {
    match *first {
        [0x1f, 0x8b, 8, ..] => Told::Compressed(Compression::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Told::Compressed(Compression::Zstd),
        [0x04, 0x22, 0x4d, 0x18, ..] | [0x02, 0x21, 0x4c, 0x18, ..] => {
            Told::Compressed(Compression::Lz4)
        }
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d] => {
            Told::Skippable(TELLING_BYTES as u64 + u64::from(u32::from_le_bytes([a, b, c, d])))
        }
        [b'B', b'Z', b'h', ..] => Told::Unknown("bzip2"),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Told::Unknown("xz"),
        [b'P', b'K', 3, 4, ..] => Told::Unknown("zip"),
        _ => Told::Plain,
    }
}

/// The bytes of an input, decompressed.
pub(super) enum Stream {
    Plain(Uninterrupted),
    Gzip(gzip::Decoder),
    Zstd(zstd::Decoder),
    Lz4(lz4::Decoder),
}

/// Why a stream ends before its end.
#[derive(Debug)]
pub(super) enum Failure {
    /// The system says so.
    Io(io::Error),
    /// The compressed data ends inside.
    Cut(Compression),
    /// The compressed data cannot be decoded.
    Broken(Compression, String),
}

impl Stream {
    /// A stream not known to be compressed.
    pub(super) fn plain(raw: Raw) -> Self {
        Self::Plain(Uninterrupted(raw))
    }

    /// Decompresses this stream, the first bytes of which have been read.
    pub(super) fn decompress(
        self,
        compression: Compression,
        first: Vec<u8>,
    ) -> Result<Self, Failure> {
        let Self::Plain(raw) = self else {
            return Ok(self);
        };
        let input: Compressed =
            BufReader::with_capacity(INPUT_BLOCK, Cursor::new(first).chain(raw));
        Ok(match compression {
            Compression::Gzip => Self::Gzip(gzip::Decoder::new(input)),
            Compression::Zstd => Self::Zstd(zstd::Decoder::new(input)?),
            Compression::Lz4 => Self::Lz4(lz4::Decoder::new(input)),
        })
    }

    /// How it is compressed.
    pub(super) fn compression(&self) -> Option<Compression> {
        match self {
            Self::Plain(_) => None,
            Self::Gzip(_) => Some(Compression::Gzip),
            Self::Zstd(_) => Some(Compression::Zstd),
            Self::Lz4(_) => Some(Compression::Lz4),
        }
    }

    /// Reads what is there into `out`, which is not empty; 0 at the end.
    ///
    /// Blocks only until some bytes are known, and after a failure does not
    /// promise anything.
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, Failure> {
        match self {
            Self::Plain(raw) => Ok(raw.read(out)?),
            Self::Gzip(decoder) => decoder.read(out),
            Self::Zstd(decoder) => decoder.read(out),
            Self::Lz4(decoder) => decoder.read(out),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// What a decoder reads from. Filling its buffer is one read of the input.
type Compressed = BufReader<io::Chain<Cursor<Vec<u8>>, Uninterrupted>>;

/// The bytes that a decoder may take now. While it still has output that did
/// not fit before, waiting for more input would keep that output back.
fn at_hand(input: &mut Compressed, has_output: bool) -> io::Result<&[u8]> {
    if has_output {
        Ok(input.buffer())
    } else {
        input.fill_buf()
    }
}

/// Reads again when a signal interrupts.
pub(super) struct Uninterrupted(Raw);

impl Read for Uninterrupted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(out) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

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

use super::nothing_yet::{NothingYet, Patient};

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
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, ..] => {
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
        let raw = match compression {
            // Its library forgets what it has read of a block when no more comes.
            Compression::Lz4 => Uninterrupted(Box::new(Patient(raw.0))),
            Compression::Gzip | Compression::Zstd => raw,
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
    /// promise anything but after [`Failure::is_nothing_yet`].
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, Failure> {
        match self {
            Self::Plain(raw) => Ok(raw.read(out)?),
            Self::Gzip(decoder) => decoder.read(out),
            Self::Zstd(decoder) => decoder.read(out),
            Self::Lz4(decoder) => decoder.read(out),
        }
    }
}

impl Failure {
    /// Whether reading can go on, when more has come.
    pub(super) fn is_nothing_yet(&self) -> bool {
        matches!(self, Self::Io(error) if NothingYet::is(error))
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
    if has_output { Ok(input.buffer()) } else { input.fill_buf() }
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::testing::{Builder, Chunks, Seen};
    use super::super::{Capture, ErrorKind, Step};

    /// A file whose compressed forms consist of many blocks: 1000 packets.
    fn large() -> Vec<u8> {
        let mut file = Builder::usual_pcap();
        let mut noise = 1_u32;
        for number in 0..1000 {
            let packet: Vec<u8> = (0..1000)
                .map(|_| {
                    noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (noise >> 28) as u8
                })
                .collect();
            file = file.record(number, 0, &packet);
        }
        file.bytes
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 1).unwrap()
    }

    fn lz4(bytes: &[u8]) -> Vec<u8> {
        let info = lz4_flex::frame::FrameInfo::new()
            .block_size(lz4_flex::frame::BlockSize::Max64KB)
            .block_mode(lz4_flex::frame::BlockMode::Linked)
            .content_checksum(true);
        let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    type Compress = fn(&[u8]) -> Vec<u8>;
    const ALL: [Compress; 3] = [gzip, zstd, lz4];

    #[test]
    fn large_files_come_out_whole() {
        let file = large();
        let plain = Seen::of_bytes(&file).all_well();
        for compress in ALL {
            assert_eq!(Seen::of_bytes(&compress(&file)).all_well(), plain);
        }
    }

    #[test]
    fn zeros_after_a_gzip_member_are_padding() {
        let file = large();
        let padded = [gzip(&file), vec![0; 100_000], gzip(b""), vec![0; 1]].concat();
        assert_eq!(Seen::of_bytes(&padded).all_well(), Seen::of_bytes(&file).all_well());
        let garbage = [gzip(&file), b"garbage".to_vec()].concat();
        assert_eq!(Seen::of_bytes(&garbage).problems.len(), 1);
    }

    #[test]
    fn several_frames_in_a_row_are_one_file() {
        let file = large();
        let (first, second) = file.split_at(file.len() / 3);
        let plain = Seen::of_bytes(&file).all_well();
        for compress in ALL {
            let empty = compress(b"");
            let joined = [empty.as_slice(), &compress(first), &empty, &compress(second)].concat();
            assert_eq!(Seen::of_bytes(&joined).all_well(), plain);
        }
    }

    #[test]
    fn lz4_frames_may_have_different_block_sizes() {
        let file = large();
        let (first, second) = file.split_at(file.len() / 3);
        let with = |bytes: &[u8], size| {
            let info = lz4_flex::frame::FrameInfo::new().block_size(size);
            let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let joined = [
            with(first, lz4_flex::frame::BlockSize::Max4MB),
            with(second, lz4_flex::frame::BlockSize::Max64KB),
        ];
        assert_eq!(Seen::of_bytes(&joined.concat()).all_well().len(), 1000);
    }

    #[test]
    fn legacy_lz4_frames_end_with_the_file() {
        let block = lz4_flex::block::compress(&large());
        let length = (block.len() as u32).to_le_bytes();
        let file = [&[0x02, 0x21, 0x4c, 0x18], &length[..], &block].concat();
        assert_eq!(Seen::of_bytes(&file).all_well().len(), 1000);
        let seen = Seen::of_bytes(&file[..file.len() - 1]);
        assert!(matches!(seen.problem(), ErrorKind::CompressionCut { .. }));
    }

    #[test]
    fn skippable_frames_are_passed() {
        let skippable = [&[0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0][..], b"hello"].concat();
        let file = large();
        for compress in [zstd, lz4] {
            let frame = compress(&file);
            let around = [&skippable, &skippable, &frame, &skippable[..]].concat();
            assert_eq!(Seen::of_bytes(&around).all_well().len(), 1000);
            assert_eq!(Seen::of_reader(Chunks::new(&around, &[3])).all_well().len(), 1000);
            let seen = Seen::of_bytes(&around[..around.len() - 2]);
            assert_eq!(seen.packets.len(), 1000);
            assert!(matches!(seen.problem(), ErrorKind::CompressionCut { .. }));
        }
        assert!(Seen::of_bytes(&skippable).sentence().contains("too short"));
    }

    #[test]
    fn a_cut_stream_gives_what_it_can() {
        let file = large();
        for compress in ALL {
            let whole = compress(&file);
            let mut least = 0;
            for tenth in 1..10 {
                let seen = Seen::of_bytes(&whole[..whole.len() * tenth / 10]);
                assert!(seen.packets.len() >= least);
                assert!(seen.packets.len() + 300 > tenth * 100, "{tenth}: {}", seen.packets.len());
                least = seen.packets.len();
                match seen.problem() {
                    ErrorKind::CompressionCut { had, .. } => {
                        assert!(least == 0 || *had >= 24 + 1016 * least as u64);
                    }
                    other => panic!("{other:?}"),
                }
            }
            // zstd and LZ4 give a block only when it is whole.
            let seen = Seen::of_bytes(&whole[..whole.len() - 1]);
            assert!(seen.packets.len() >= 850, "{}", seen.packets.len());
            assert!(matches!(seen.problem(), ErrorKind::CompressionCut { .. }));
        }
    }

    #[test]
    fn every_cut_of_a_small_stream_is_told() {
        let file = Builder::usual_pcap().record(1, 2, b"abc").record(3, 4, b"def").bytes;
        for compress in ALL {
            let whole = compress(&file);
            for cut in 8..whole.len() {
                let seen = Seen::of_bytes(&whole[..cut]);
                let problem = seen.problem();
                assert!(matches!(problem, ErrorKind::CompressionCut { .. }), "{cut}: {problem}");
            }
        }
    }

    #[test]
    fn broken_streams_give_what_stands_before_the_damage() {
        let file = large();
        for compress in ALL {
            let mut whole = compress(&file);
            let middle = whole.len() / 2;
            whole[middle..middle + 200].fill(0xff);
            let seen = Seen::of_bytes(&whole);
            assert!(seen.packets.len() >= 300, "{}", seen.packets.len());
            assert!(!seen.problems.is_empty());
        }
    }

    #[test]
    fn a_small_broken_gzip_gives_what_stands_before_the_damage() {
        let file = large();
        let mut small = gzip(&file[..24 + 50 * 1016]);
        let middle = small.len() / 2;
        small[middle..middle + 50].fill(0xff);
        let seen = Seen::of_bytes(&small);
        assert!(seen.packets.len() >= 10, "{}", seen.packets.len());
        assert!(!seen.problems.is_empty());
    }

    #[test]
    fn garbage_behind_the_data_is_told() {
        for compress in ALL {
            let file = [compress(&large()), b"garbage garbage".to_vec()].concat();
            let seen = Seen::of_bytes(&file);
            assert_eq!(seen.packets.len(), 1000);
            assert!(matches!(seen.problem(), ErrorKind::CompressionBroken { .. }));
        }
    }

    #[test]
    fn a_flushed_pipe_is_followed_without_waiting() {
        let file = Builder::usual_pcap().record(1, 2, b"first").bytes;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut zstd = zstd::Encoder::new(Vec::new(), 1).unwrap();
        let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
        gzip.write_all(&file).unwrap();
        zstd.write_all(&file).unwrap();
        lz4.write_all(&file).unwrap();
        gzip.flush().unwrap();
        zstd.flush().unwrap();
        lz4.flush().unwrap();
        let (zstd, lz4) = (zstd.get_ref().clone(), lz4.get_ref().clone());
        for so_far in [gzip.get_ref().clone(), zstd, lz4] {
            let (reader, mut writer) = std::io::pipe().unwrap();
            writer.write_all(&so_far).unwrap();
            let mut capture = Capture::from_reader("pipe", reader);
            // The writer stays: a reader that wants more than there is hangs.
            loop {
                match capture.next() {
                    Step::Packet(packet, _) => {
                        assert_eq!(packet.data, b"first");
                        break;
                    }
                    Step::Starved => {}
                    other => panic!("{other:?}"),
                }
            }
            drop(writer);
        }
    }
}

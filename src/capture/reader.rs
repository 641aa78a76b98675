//! One input, from its first byte to its last record.
//!
//! ```text
//!  Start ──┬──► Pcap ────┐
//!    ▲│    └──► Pcapng ──┴──► Over
//!    └┘ decompressed
//! ```

use super::ErrorKind;
use super::buffer::Buffer;
use super::compression::{Raw, Stream, TELLING_BYTES, Told, tell};
use super::pcap_file::{self, Pcap};
use super::pcapng_file::{self, Pcapng};
use super::record::{Parsed, Record};
use super::secrets::SecretsRead;

/// Reads records from one input.
///
/// [`poll`](Self::poll) does no I/O; when it has no whole record left it says
/// so, and [`fill`](Self::fill) reads once.
pub(super) struct Reader {
    buffer: Buffer,
    stage: Stage,
    /// Bytes that must be at hand before polling can lead to anything.
    needed: usize,
    /// Bytes of the record that was given last.
    given: u64,
    /// Packets that could not be given.
    skipped: u64,
    /// Secrets before the record that was given last.
    pub(super) secrets: SecretsRead,
    /// Packets that were lost when it was captured, as it says, and were not taken
    /// note of yet.
    pub(super) lost: u64,
}

enum Stage {
    Start,
    Pcap(Pcap),
    Pcapng(Box<Pcapng>),
    Over,
}

/// What an input has next.
#[derive(Debug)]
pub(super) enum Polled<R> {
    /// A record. Its data can be had until the next poll.
    Record(R),
    /// No whole record is at hand: fill, then poll again.
    Starved,
    /// Something cannot be read. Poll again for the rest, if there is any.
    Problem(ErrorKind),
    /// Nothing comes any more.
    End,
}

impl Reader {
    pub(super) fn new(raw: Raw) -> Self {
        Self {
            buffer: Buffer::new(Stream::plain(raw)),
            stage: Stage::Start,
            needed: 1,
            given: 0,
            skipped: 0,
            secrets: SecretsRead::default(),
            lost: 0,
        }
    }

    /// Takes the next record from the bytes at hand.
    pub(super) fn poll(&mut self) -> Polled<Record> {
        self.buffer.pass(std::mem::take(&mut self.given));
        loop {
            let bytes = self.buffer.bytes();
            let parsed = match &mut self.stage {
                Stage::Start => match self.start() {
                    Ok(parsed) => parsed,
                    Err(kind) => return self.give_up(kind),
                },
                Stage::Pcap(pcap) => pcap.parse(bytes),
                Stage::Pcapng(pcapng) => pcapng.parse(bytes),
                Stage::Over => return self.close(),
            };
            match parsed {
                Parsed::Packet { record, length } => {
                    self.given = length;
                    return Polled::Record(record);
                }
                Parsed::Pass { length } => self.buffer.pass(length),
                Parsed::Secrets { kind, data, length } => {
                    let bytes = self.buffer.bytes();
                    self.secrets.add(kind, data.and_then(|range| bytes.get(range)));
                    self.buffer.pass(length);
                }
                Parsed::Lost { packets, length } => {
                    self.lost = self.lost.saturating_add(packets);
                    self.buffer.pass(length);
                }
                Parsed::Incomplete { needed } if self.buffer.has_ended() => {
                    return self.end(needed);
                }
                Parsed::Incomplete { needed } => {
                    self.needed = needed;
                    return Polled::Starved;
                }
                Parsed::Skipped { damage, length } => {
                    let place = self.buffer.place(self.buffer.offset());
                    self.buffer.pass(length);
                    self.skipped += 1;
                    if self.skipped == 1 {
                        return Polled::Problem(ErrorKind::Skipped { place, damage });
                    }
                }
                Parsed::Damaged(damage) => {
                    let place = self.buffer.place(self.record_offset());
                    return self.give_up(ErrorKind::Damaged { place, damage });
                }
            }
        }
    }

    /// Reads once. May block. Whether that led any further.
    pub(super) fn fill(&mut self) -> bool {
        self.buffer.fill(self.needed)
    }

    /// The packet of the record that was polled last.
    pub(super) fn data(&self, record: &Record) -> &[u8] {
        self.buffer.bytes().get(record.data.clone()).unwrap_or_default()
    }

    /// The name behind [`Record::interface`].
    pub(super) fn interface_name(&self, number: u32) -> Option<&str> {
        match &self.stage {
            Stage::Pcapng(pcapng) => pcapng.interface_name(number),
            _ => None,
        }
    }

    /// Finds out what the input is.
    fn start(&mut self) -> Result<Parsed, ErrorKind> {
        let bytes = self.buffer.bytes();
        let passed = |length: usize| Ok(Parsed::Pass { length: length as u64 });
        if bytes.len() < TELLING_BYTES && !self.buffer.has_ended() {
            return Ok(Parsed::Incomplete { needed: TELLING_BYTES });
        }
        let is_compressed = self.buffer.place(0).compression.is_some();
        match tell(bytes) {
            Told::Compressed(compression) if !is_compressed => {
                self.buffer.decompress(compression);
                return passed(0);
            }
            Told::Skippable(length) if !is_compressed => return Ok(Parsed::Pass { length }),
            Told::Unknown(program) => return Err(ErrorKind::UnknownCompression { program }),
            _ => {}
        }
        match bytes.first_chunk() {
            None => Ok(Parsed::Incomplete { needed: pcap_file::FILE_HEADER }),
            Some(&magic) if Pcapng::recognises(magic) => {
                if bytes.len() < pcapng_file::SHORTEST_SECTION_HEADER {
                    return Ok(Parsed::Incomplete { needed: pcapng_file::SHORTEST_SECTION_HEADER });
                }
                self.stage = Stage::Pcapng(Box::new(Pcapng::new()));
                passed(0)
            }
            Some(&magic) if Pcap::recognises(magic) => match Pcap::open(bytes) {
                None => Ok(Parsed::Incomplete { needed: pcap_file::FILE_HEADER }),
                Some(pcap) => {
                    self.stage = Stage::Pcap(pcap);
                    passed(pcap_file::FILE_HEADER)
                }
            },
            Some(_) => {
                let first = bytes.get(..TELLING_BYTES).unwrap_or(bytes).to_vec();
                Err(ErrorKind::NotACapture { first })
            }
        }
    }

    /// There are no more bytes, and `needed` would be for a record.
    fn end(&mut self, needed: usize) -> Polled<Record> {
        if let Some(kind) = self.buffer.take_failure() {
            return self.give_up(kind);
        }
        let offset = self.record_offset();
        let had = self.buffer.received().saturating_sub(offset);
        let behind = self.buffer.offset() - offset;
        let needed = behind + needed as u64;
        let is_start = matches!(self.stage, Stage::Start);
        match (is_start, self.buffer.received(), had) {
            (true, 0, _) => self.give_up(ErrorKind::Empty),
            (true, had, _) => self.give_up(ErrorKind::TooShort { needed, had }),
            (false, _, 0) => {
                self.stage = Stage::Over;
                self.close()
            }
            (false, ..) => {
                let place = self.buffer.place(offset);
                self.give_up(ErrorKind::Cut { place, needed, had })
            }
        }
    }

    fn give_up(&mut self, kind: ErrorKind) -> Polled<Record> {
        self.stage = Stage::Over;
        Polled::Problem(kind)
    }

    fn close(&mut self) -> Polled<Record> {
        match std::mem::take(&mut self.skipped).saturating_sub(1) {
            0 => Polled::End,
            count => Polled::Problem(ErrorKind::MoreSkipped { count }),
        }
    }

    /// Where the record begins that the bytes at hand belong to.
    fn record_offset(&self) -> u64 {
        match &self.stage {
            Stage::Pcapng(pcapng) => self.buffer.offset() - pcapng.behind(),
            _ => self.buffer.offset(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use proptest::prelude::*;

    use super::super::testing::{Big, Builder, Chunks, Little, Seen};
    use super::*;

    fn pcap() -> Builder {
        let file = Builder::usual_pcap().record(1, 2, b"one").record(3, 4, b"");
        file.record(5, 6, &[7; 300]).cut_record(8, 9, b"cut", 1000)
    }

    fn pcapng() -> Builder {
        Builder::pcapng(Little)
            .interface(1, 100, &[(2, b"lo"), (9, &[9])])
            .enhanced_with(0, 1, b"abc", 3, &[(1, b"a comment")])
            .block(5, &[3; 50])
            .interface(101, 0, &[(14, &[1, 0, 0, 0, 0, 0, 0, 0]), (13, &[4])])
            .obsolete(1, 4, b"old block")
            .section(Big)
            .interface(113, 0, &[])
            .simple(b"simple", 6)
            .enhanced(0, 9, &[1; 200])
    }

    /// `file` as each of the compressions has it.
    fn compressed(file: &[u8]) -> [Vec<u8>; 3] {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(file).unwrap();
        let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
        lz4.write_all(file).unwrap();
        [gzip.finish().unwrap(), zstd::encode_all(file, 3).unwrap(), lz4.finish().unwrap()]
    }

    fn forms() -> Vec<Vec<u8>> {
        let plain = [pcap().bytes, pcapng().bytes];
        let compressed = plain.clone().into_iter().flat_map(|file| compressed(&file));
        plain.clone().into_iter().chain(compressed).collect()
    }

    #[test]
    fn how_the_bytes_arrive_makes_no_difference() {
        for file in forms() {
            let whole = Seen::of_bytes(&file).all_well();
            for sizes in [&[1][..], &[2, 3], &[7, 1, 100], &[64]] {
                let seen = Seen::of_reader(Chunks::new(&file, sizes)).all_well();
                assert_eq!(seen, whole, "{sizes:?}");
            }
        }
    }

    #[test]
    fn a_packet_is_given_as_soon_as_its_last_byte_is_there() {
        // Each read is one record: each must be given before the next read.
        let sizes = [24, 16 + 3, 16, 16 + 300, 16 + 3, 1];
        let mut reader = Reader::new(Box::new(Chunks::new(&pcap().bytes, &sizes)));
        let mut between = Vec::new();
        let mut count = 0;
        loop {
            match reader.poll() {
                Polled::Record(_) => count += 1,
                Polled::Starved => {
                    between.push(std::mem::take(&mut count));
                    reader.fill();
                }
                Polled::Problem(kind) => panic!("{kind}"),
                Polled::End => break,
            }
        }
        assert_eq!(between, [0, 0, 1, 1, 1, 1]);
    }

    #[test]
    fn one_starved_step_for_each_read() {
        struct Counting(Chunks, std::sync::Arc<std::sync::atomic::AtomicUsize>);
        impl io::Read for Counting {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                let result = self.0.read(out);
                // The interrupted ones are repeated at once.
                self.1.fetch_add(usize::from(result.is_ok()), std::sync::atomic::Ordering::Relaxed);
                result
            }
        }
        let reads = std::sync::Arc::default();
        let chunks = Chunks::new(&pcapng().bytes, &[10]);
        let seen = Seen::of_reader(Counting(chunks, std::sync::Arc::clone(&reads)));
        assert_eq!(seen.starved, reads.load(std::sync::atomic::Ordering::Relaxed));
        seen.all_well();
    }

    #[test]
    fn what_is_no_capture_is_told_by_its_first_bytes() {
        let sentence = |bytes: &[u8]| Seen::of_bytes(bytes).sentence();
        assert!(sentence(b"").contains("is empty"));
        assert!(sentence(b"GET").contains("too short to be a capture: 3 bytes"));
        assert!(
            sentence(b"GET / HTTP/1.1\r\n").contains("(it begins with 47 45 54 20 2f 20 48 54)")
        );
        assert!(sentence(b"\xfd7zXZ\0\0\0.......").contains("compressed with xz"));
        assert!(sentence(b"BZh91AY&SY......").contains("compressed with bzip2"));
        for file in compressed(b"{\"event\":\"message\"}") {
            assert!(sentence(&file).contains("7b 22 65"));
        }
        for file in compressed(b"") {
            assert!(sentence(&file).contains("is empty"));
        }
        for file in compressed(&compressed(&pcap().bytes)[0]) {
            assert!(sentence(&file).contains("1f 8b"));
        }
    }

    #[test]
    fn an_error_of_the_system_comes_after_all_packets_before_it() {
        let broken = io::Read::chain(io::Cursor::new(pcap().bytes), Failing);
        let seen = Seen::of_reader(broken);
        assert_eq!(seen.problems_after, [4]);
        let place = pcap().bytes.len();
        assert_eq!(seen.sentence(), format!("cannot be read at byte {place}: no disk"));
    }

    struct Failing;
    impl io::Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("no disk"))
        }
    }

    #[test]
    fn a_stated_length_costs_no_memory() {
        let file = Builder::pcap(Little, 0xa1b2_c3d4, u32::MAX, 1).u32(0).u32(0).u32(16 << 20);
        let mut reader = Reader::new(Box::new(io::Cursor::new(file.u32(0).bytes)));
        while let Polled::Starved = reader.poll() {
            reader.fill();
        }
        assert!(reader.buffer.capacity() <= 512 << 10);
    }

    #[test]
    fn the_buffer_does_not_grow_with_the_file() {
        let mut file = Builder::usual_pcapng();
        for number in 0..3000 {
            file = file.enhanced(0, number, &vec![number as u8; 100 + number as usize % 1400]);
        }
        file = file.block(99, &vec![0; 2 << 20]);
        let mut reader = Reader::new(Box::new(io::Cursor::new(file.bytes)));
        let mut count = 0_usize;
        loop {
            match reader.poll() {
                Polled::Record(record) => {
                    assert_eq!(reader.data(&record), vec![count as u8; 100 + count % 1400]);
                    count += 1;
                }
                Polled::Starved => assert!(reader.fill()),
                Polled::Problem(kind) => panic!("{kind}"),
                Polled::End => break,
            }
        }
        assert_eq!(count, 3000);
        assert_eq!(reader.buffer.capacity(), 256 << 10);
    }

    proptest! {
        #[test]
        fn any_sizes_of_reads_give_the_same(
            form in 0_usize..8,
            sizes in prop::collection::vec(1_usize..50, 1..20),
        ) {
            let file = &forms()[form];
            let seen = Seen::of_reader(Chunks::new(file, &sizes)).all_well();
            prop_assert_eq!(seen, Seen::of_bytes(file).all_well());
        }

        #[test]
        fn mutations_end_without_panic(
            form in 0_usize..8,
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            cut in any::<prop::sample::Index>(),
            size in 1_usize..2000,
        ) {
            let mut file = forms().swap_remove(form);
            for (index, byte) in changes {
                let index = index.index(file.len());
                file[index] = byte;
            }
            file.truncate(cut.index(file.len() + 1));
            let in_chunks = Seen::of_reader(Chunks::new(&file, &[size]));
            let at_once = Seen::of_bytes(&file);
            prop_assert_eq!(in_chunks.packets, at_once.packets);
            let sentences = |seen: &[super::super::Error]| {
                seen.iter().map(ToString::to_string).collect::<Vec<_>>()
            };
            prop_assert_eq!(sentences(&in_chunks.problems), sentences(&at_once.problems));
        }

        #[test]
        fn noise_ends_without_panic(
            magic in prop::sample::select(vec![
                &b"\xd4\xc3\xb2\xa1"[..], b"\x0a\x0d\x0d\x0a", b"\x1f\x8b\x08\x00",
                b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18", b"\x50\x2a\x4d\x18",
            ]),
            noise in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            Seen::of_bytes(&[magic, &noise].concat());
        }
    }
}

//! A file that holds whole blocks, whatever happens to it.

use std::io::{self, Write};

/// Where blocks are written.
pub(super) trait Store: Write {
    /// Takes away what was there before the first block.
    fn empty(&mut self) -> io::Result<()>;

    /// Takes back all but the first bytes, as no more can be written. The
    /// store is not written to again.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

/// Bytes that are collected before they are written.
const BUFFER: usize = 256 << 10;

/// Blocks on their way into a store.
///
/// Nothing is written but whole blocks; where the store takes only a part of
/// them, it is cut back to the last that is whole.
pub(super) struct WholeBlocks<S> {
    store: S,
    buffer: Vec<u8>,
    /// Where the packets in the buffer end.
    ends: Vec<usize>,
    /// Bytes that were written, and the packets in them.
    bytes: u64,
    packets: u64,
}

impl<S: Store> WholeBlocks<S> {
    /// An empty store.
    pub(super) fn new(store: S) -> Self {
        Self { store, buffer: Vec::new(), ends: Vec::new(), bytes: 0, packets: 0 }
    }

    /// Empties the store before anything is written.
    pub(super) fn empty(&mut self) -> io::Result<()> {
        self.store.empty()
    }

    /// Bytes of all blocks so far.
    pub(super) fn size(&self) -> u64 {
        self.bytes + self.buffer.len() as u64
    }

    /// Packets in the store.
    pub(super) fn stored_packets(&self) -> u64 {
        self.packets
    }

    /// Packets in the store and on their way to it.
    pub(super) fn packets(&self) -> u64 {
        self.packets + self.ends.len() as u64
    }

    /// Adds blocks without a packet.
    pub(super) fn add(&mut self, make: impl FnOnce(&mut Vec<u8>)) {
        make(&mut self.buffer);
    }

    /// Adds the blocks of one packet, as readers have use for them only together:
    /// if the size of all blocks `fits` then. Whether it does.
    pub(super) fn add_packet_if(
        &mut self,
        fits: impl FnOnce(u64) -> bool,
        make: impl FnOnce(&mut Vec<u8>),
    ) -> io::Result<bool> {
        let start = self.buffer.len();
        make(&mut self.buffer);
        if !fits(self.size()) {
            self.buffer.truncate(start);
            return Ok(false);
        }
        self.ends.push(self.buffer.len());
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok(true)
    }

    /// Writes what was added.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let mut taken = 0;
        let result = loop {
            match self.store.write(self.buffer.get(taken..).unwrap_or_default()) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => taken += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
            if taken >= self.buffer.len() {
                break self.store.flush();
            }
        };
        if result.is_err() {
            self.cut_back(taken);
        } else {
            self.packets += self.ends.len() as u64;
            self.bytes += self.buffer.len() as u64;
        }
        self.buffer.clear();
        self.ends.clear();
        result
    }

    /// Leaves the packets that are whole in the first bytes of the buffer.
    fn cut_back(&mut self, taken: usize) {
        let whole = self.ends.iter().take_while(|&&end| end <= taken);
        self.packets += whole.clone().count() as u64;
        self.bytes += whole.last().map_or(0, |&end| end as u64);
        // There is nothing that could be done about that, too.
        let _ = self.store.cut(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Secrets;
    use super::super::pcapng_writer::PcapngWriter;
    use super::super::testing::Seen;
    use super::*;
    use crate::types::{LinkType, Origin, Packet, Source, SourceId, Timestamp};

    /// A store that has room for so many bytes, and takes few at a time.
    struct Small {
        bytes: Vec<u8>,
        room: usize,
    }

    impl Write for Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(7).min(self.room - self.bytes.len());
            if count == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.bytes.extend(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Store for Small {
        fn empty(&mut self) -> io::Result<()> {
            Ok(())
        }

        fn cut(&mut self, length: u64) -> io::Result<()> {
            self.bytes.truncate(length as usize);
            Ok(())
        }
    }

    /// Three packets of 3, 10 and 5 bytes after a head of 4, the last two
    /// written together.
    fn fill(room: usize) -> (io::Result<()>, WholeBlocks<Small>) {
        let mut blocks = WholeBlocks::new(Small { bytes: Vec::new(), room });
        let mut fill = || {
            blocks.add(|out| out.extend(b"head"));
            blocks.flush()?;
            blocks.add_packet_if(|_| true, |out| out.extend([1; 3]))?;
            blocks.flush()?;
            blocks.add_packet_if(|_| true, |out| out.extend([2; 10]))?;
            blocks.add_packet_if(|_| true, |out| out.extend([3; 5]))?;
            blocks.flush()
        };
        (fill(), blocks)
    }

    /// Packets with and without times, of two interfaces, after secrets.
    fn write_packets(blocks: &mut WholeBlocks<Small>) -> io::Result<()> {
        let mut encoder = PcapngWriter::new("wsdump".into(), 0, None);
        let source = Source { file: None, interface: Some("lo".into()) };
        blocks.add(|out| encoder.section(out));
        blocks.flush()?;
        let secrets = Secrets { kind: 1, data: b"secrets".to_vec() };
        blocks.add(|out| PcapngWriter::secrets(out, &secrets));
        for number in 0..6_u8 {
            let time = (number % 3 > 0).then(|| Timestamp::from_nanoseconds(number.into()));
            let packet = Packet {
                origin: Origin {
                    packet: 1,
                    time,
                    source: SourceId((number % 2).into()),
                    tcp_length: 0,
                },
                link_type: LinkType::ETHERNET,
                data: &vec![number; number.into()],
                original_length: number.into(),
            };
            blocks.add_packet_if(|_| true, |out| encoder.packet(out, &packet, &source))?;
            if number % 2 == 1 {
                blocks.flush()?;
            }
        }
        blocks.flush()
    }

    #[test]
    fn what_does_not_fit_leaves_nothing() {
        let (_, mut blocks) = fill(usize::MAX);
        let added = blocks.add_packet_if(|size| size < 24, |out| out.extend([4; 2]));
        assert!(!added.unwrap());
        let added = blocks.add_packet_if(|size| size == 24, |out| out.extend([5; 2]));
        assert!(added.unwrap());
        blocks.flush().unwrap();
        assert_eq!((blocks.packets(), blocks.size()), (4, 24));
        assert_eq!(blocks.store.bytes[17..], [3, 3, 3, 3, 3, 5, 5]);
    }

    #[test]
    fn what_is_left_can_be_read() {
        let mut blocks = WholeBlocks::new(Small { bytes: Vec::new(), room: usize::MAX });
        write_packets(&mut blocks).unwrap();
        let all = blocks.store.bytes;
        let packets = Seen::of_bytes(&all).all_well();
        assert_eq!(packets.len(), 6);
        for room in 0..all.len() {
            let mut blocks = WholeBlocks::new(Small { bytes: Vec::new(), room });
            write_packets(&mut blocks).unwrap_err();
            let left = blocks.store.bytes.as_slice();
            if left.is_empty() {
                // The file is removed.
                assert!(room < 60, "{room}");
                continue;
            }
            let seen = Seen::of_bytes(left).all_well();
            assert_eq!(seen.len() as u64, blocks.stored_packets(), "{room}");
            let same = seen.iter().zip(&packets).all(|(seen, packet)| seen.data == packet.data);
            assert!(same, "{room}");
        }
    }

    #[test]
    fn what_is_left_is_whole() {
        for room in 0..22 {
            let (result, blocks) = fill(room);
            let whole = [0, 4, 7, 17, 22].into_iter().rfind(|&end| end <= room).unwrap();
            assert_eq!(result.unwrap_err().kind(), io::ErrorKind::StorageFull, "{room}");
            assert_eq!(blocks.store.bytes.len(), whole, "{room}");
            let packets = [7, 17].into_iter().filter(|&end| end <= room).count() as u64;
            assert_eq!((blocks.stored_packets(), blocks.size()), (packets, whole as u64), "{room}");
        }
        let (result, blocks) = fill(22);
        result.unwrap();
        assert_eq!((blocks.packets(), blocks.stored_packets(), blocks.size()), (3, 3, 22));
    }
}

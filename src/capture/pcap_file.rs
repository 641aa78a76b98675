//! The pcap format (draft-ietf-opsawg-pcap).

use crate::types::{LinkType, Timestamp};

use super::Damage;
use super::bytes::ByteOrder;
use super::record::{MAX_PACKET, Parsed, Record, without_fcs};

/// Bytes of the file header.
pub(super) const FILE_HEADER: usize = 24;

const RECORD_HEADER: usize = 16;
/// Kuznetzov's records go on with interface, protocol and packet type.
const MODIFIED_RECORD_HEADER: usize = 24;

/// Captured length up to which libpcap believes a record, whatever snap length
/// the file states.
const BELIEVED_LENGTH: u32 = 256 << 10;

/// Kind, second half of the record header, unit of the fraction in nanoseconds.
const MAGICS: [(u32, usize, u32); 3] = [
    (0xa1b2_c3d4, RECORD_HEADER, 1000),
    (0xa1b2_3c4d, RECORD_HEADER, 1),
    (0xa1b2_cd34, MODIFIED_RECORD_HEADER, 1000),
];

/// A pcap file, behind its header.
///
/// ```text
/// ┌─────────┬──────────┬──────────┬──────────┐
/// │ seconds │ fraction │ captured │ original │ data …   a record
/// └─────────┴──────────┴──────────┴──────────┘
/// ```
#[derive(Debug)]
pub(super) struct Pcap {
    order: ByteOrder,
    record_header: usize,
    /// Nanoseconds in one unit of a record's fraction of a second.
    unit: u32,
    link_type: LinkType,
    /// Bytes of frame check sequence at the end of each packet.
    fcs: u32,
    /// The longest captured length that is believed.
    longest: u32,
    /// Written in a version that had the two lengths in the other order.
    old: bool,
}

impl Pcap {
    /// Whether a file that begins so is a pcap file.
    pub(super) fn recognises(magic: [u8; 4]) -> bool {
        MAGICS.iter().any(|&(number, ..)| ByteOrder::of(magic, number).is_some())
    }

    /// Reads the file header; `None` when `bytes` does not hold one.
    ///
    /// Versions other than 2.4 are read alike: the magic is what tells layouts
    /// apart, and the wild has every number in the version fields.
    pub(super) fn open(bytes: &[u8]) -> Option<Self> {
        let header: &[u8; FILE_HEADER] = bytes.first_chunk()?;
        let magic = *header.first_chunk()?;
        let (order, record_header, unit) = MAGICS.iter().find_map(|&(number, length, unit)| {
            ByteOrder::of(magic, number).map(|order| (order, length, unit))
        })?;
        let (major, minor) = (order.u16(header, 4)?, order.u16(header, 6)?);
        let (snap_length, network) = (order.u32(header, 16)?, order.u32(header, 20)?);
        Some(Self {
            order,
            record_header,
            unit,
            link_type: LinkType(network as u16),
            fcs: fcs_length(network),
            longest: snap_length.clamp(BELIEVED_LENGTH, MAX_PACKET),
            old: (major, minor) <= (2, 3),
        })
    }

    /// What stands at the start of `bytes`, a record boundary.
    pub(super) fn parse(&self, bytes: &[u8]) -> Parsed {
        let Some([seconds, fraction, captured, original]) = self.header(bytes) else {
            return Parsed::Incomplete { needed: self.record_header };
        };
        // Up to version 2.3 the original length came first.
        let (captured, original) = if self.old && captured > original {
            (original, captured)
        } else {
            (captured, original)
        };
        if captured > self.longest {
            return Parsed::Damaged(Damage::RecordLength { captured, limit: self.longest });
        }
        let length = self.record_header + captured as usize;
        if bytes.len() < length {
            return Parsed::Incomplete { needed: length };
        }
        let (kept, original_length) = without_fcs(captured, original, self.fcs);
        let record = Record {
            time: self.time(seconds, fraction),
            link_type: self.link_type,
            original_length,
            interface: 0,
            data: self.record_header..self.record_header + kept as usize,
        };
        Parsed::Packet { record, length: length as u64 }
    }

    fn header(&self, bytes: &[u8]) -> Option<[u32; 4]> {
        let header = bytes.get(..self.record_header)?;
        let field = |offset| self.order.u32(header, offset);
        Some([field(0)?, field(4)?, field(8)?, field(12)?])
    }

    /// Fractions of a second and more are seen in the wild, and added.
    fn time(&self, seconds: u32, fraction: u32) -> Option<Timestamp> {
        let nanoseconds = i64::from(fraction) * i64::from(self.unit);
        let whole = i64::from(seconds) * 1_000_000_000;
        Some(Timestamp::from_nanoseconds(whole.checked_add(nanoseconds)?))
    }
}

/// Bytes of frame check sequence that the header's network field declares:
/// bit 26 says that it does, and the top 4 bits count 16-bit words.
fn fcs_length(network: u32) -> u32 {
    const PRESENT: u32 = 1 << 26;
    if network & PRESENT == 0 { 0 } else { (network >> 28) * 2 }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Big, Builder, Little, Seen};
    use super::super::{ErrorKind, Place};
    use super::*;

    #[test]
    fn both_units_in_both_byte_orders() {
        for order in [Little, Big] {
            for (magic, time) in [(0xa1b2_c3d4, 7_000_042_000), (0xa1b2_3c4d, 7_000_000_042)] {
                let file = Builder::pcap(order, magic, 65535, 101).record(7, 42, b"abc");
                let packets = file.read().all_well();
                assert_eq!(packets.len(), 1);
                assert_eq!(packets[0].nanoseconds, Some(time));
                assert_eq!(packets[0].link_type, 101);
                assert_eq!(packets[0].data, b"abc");
                assert_eq!(packets[0].original_length, 3);
                assert_eq!((&packets[0].file, &packets[0].interface), (&None, &None));
            }
        }
    }

    #[test]
    fn modified_records_have_eight_more_bytes() {
        let file = Builder::pcap(Little, 0xa1b2_cd34, 65535, 1);
        let file = file.u32(1).u32(2).u32(3).u32(9).u32(0).u32(0).raw(b"abc");
        let packets = file.read().all_well();
        assert_eq!(packets[0].data, b"abc");
        assert_eq!(packets[0].original_length, 9);
    }

    #[test]
    fn a_declared_fcs_is_taken_off() {
        let network = (2 << 28) | (1 << 26) | 1;
        let file = Builder::pcap(Little, 0xa1b2_c3d4, 65535, network)
            .record(0, 0, b"packetFCS!")
            .cut_record(0, 0, b"pack", 10);
        let packets = file.read().all_well();
        assert_eq!(packets[0].link_type, 1);
        assert_eq!(packets[0].data, b"packet");
        assert_eq!(packets[0].original_length, 6);
        assert_eq!(packets[1].data, b"pack");
        assert_eq!(packets[1].original_length, 6);
    }

    #[test]
    fn upper_bits_without_the_flag_mean_nothing() {
        let file = Builder::pcap(Little, 0xa1b2_c3d4, 65535, (2 << 28) | 113).record(0, 0, b"abcd");
        let packets = file.read().all_well();
        assert_eq!((packets[0].link_type, packets[0].data.len()), (113, 4));
    }

    #[test]
    fn sloppy_writers_are_understood() {
        let file = Builder::usual_pcap()
            // More captured than there was, and more than a second of microseconds.
            .cut_record(1, 2_500_000, b"abcdef", 4)
            // Longer than the snap length, which some writers leave at 0.
            .record(2, 0, &[7; 70_000]);
        let packets = file.read().all_well();
        assert_eq!(packets[0].nanoseconds, Some(3_500_000_000));
        assert_eq!((packets[0].data.len(), packets[0].original_length), (6, 6));
        assert_eq!(packets[1].data.len(), 70_000);
    }

    #[test]
    fn old_versions_have_the_lengths_swapped() {
        let mut file = Builder::usual_pcap();
        file.bytes[6] = 2;
        let file = file.u32(0).u32(0).u32(100).u32(3).raw(b"abc").record(0, 0, b"de");
        let packets = file.read().all_well();
        assert_eq!((packets[0].data.as_slice(), packets[0].original_length), (&b"abc"[..], 100));
        assert_eq!(packets[1].data, b"de");
    }

    #[test]
    fn an_absurd_length_ends_the_file() {
        let file = Builder::usual_pcap().record(0, 0, b"abc").u32(0).u32(0).u32(300_000).u32(1);
        let seen = file.raw(&[0; 400_000]).read();
        assert_eq!(seen.data(), [b"abc"]);
        let place = Place { offset: 24 + 19, compression: None };
        let limit = 256 << 10;
        match seen.problem() {
            ErrorKind::Damaged { place: at, damage } => {
                assert_eq!(*at, place);
                assert_eq!(*damage, Damage::RecordLength { captured: 300_000, limit });
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_stated_snap_length_raises_the_limit_up_to_a_cap() {
        let large = vec![9; 1 << 20];
        let file = Builder::pcap(Little, 0xa1b2_c3d4, 1 << 20, 1).record(0, 0, &large);
        assert_eq!(file.record(0, 0, b"next").read().all_well()[1].data, b"next");

        let file = Builder::pcap(Little, 0xa1b2_c3d4, u32::MAX, 1).u32(0).u32(0).u32(u32::MAX);
        let seen = file.u32(0).read();
        assert!(seen.sentence().contains("16777216 is the most"), "{}", seen.sentence());
    }

    #[test]
    fn every_cut_gives_all_whole_records_and_says_where_it_is() {
        let mut file = Builder::usual_pcap();
        let mut ends = vec![file.bytes.len()];
        for length in [0, 1, 40, 3] {
            file = file.record(1, 2, &vec![5; length]);
            ends.push(file.bytes.len());
        }
        for cut in 0..=file.bytes.len() {
            let seen = Seen::of_bytes(&file.bytes[..cut]);
            let whole = ends.iter().filter(|&&end| end <= cut).count();
            assert_eq!(seen.packets.len(), whole.saturating_sub(1), "{cut}");
            if ends.contains(&cut) {
                seen.all_well();
                continue;
            }
            assert_eq!(seen.problems_after, [whole.saturating_sub(1)]);
            match (seen.problem(), cut) {
                (ErrorKind::Empty, 0) | (ErrorKind::TooShort { needed: 24, .. }, 1..24) => {}
                (&ErrorKind::Cut { place, needed, had }, 25..) => {
                    let begin = ends[whole - 1];
                    assert_eq!(place.offset, begin as u64);
                    assert_eq!(had, (cut - begin) as u64);
                    let length = (ends[whole] - begin) as u64;
                    assert_eq!(needed, if had < 16 { 16 } else { length });
                }
                (other, _) => panic!("{cut}: {other:?}"),
            }
        }
    }
}

//! Packets as pcapng blocks (draft-ietf-opsawg-pcapng), without I/O.
//!
//! ```text
//!  SHB  DSB…  IDB(0)  EPB(0)  EPB(0)  IDB(1)  EPB(1)  EPB(0) …  ISB(0)
//! ```
//!
//! An interface is described where its first packet stands, once for each source
//! and link type. Packets without a time have blocks of their own, which belong to
//! the first interface of a section: where theirs is another one, a new section
//! begins.

use std::collections::HashMap;

use crate::types::{LinkType, Packet, Source, SourceId, Timestamp};

use super::{Drops, Secrets};

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;

const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
const MAJOR_VERSION: u16 = 1;
const MINOR_VERSION: u16 = 0;

/// Codes of the options that are written.
mod option {
    pub(super) const END: u16 = 0;
    pub(super) const SHB_USERAPPL: u16 = 4;
    pub(super) const IF_NAME: u16 = 2;
    pub(super) const IF_DESCRIPTION: u16 = 3;
    pub(super) const IF_TSRESOL: u16 = 9;
    pub(super) const IF_TSOFFSET: u16 = 14;
    pub(super) const ISB_IFDROP: u16 = 5;
    pub(super) const ISB_OSDROP: u16 = 7;
}

/// `if_tsresol` of nanoseconds.
const NANOSECONDS: u8 = 9;

/// Ticks cannot be negative: interfaces with packets from before 1970 count
/// seconds from here, which is as far back as [`Timestamp`] goes.
const EARLIEST_SECOND: i64 = i64::MIN / 1_000_000_000 - 1;

/// Interfaces of one section; readers take no more.
const MAX_INTERFACES: u32 = 1 << 16;

/// The longest text that an option is given.
const MAX_TEXT: usize = 4096;

/// Makes blocks of packets.
pub(super) struct PcapngWriter {
    application: String,
    /// The most bytes that were captured of a packet; 0 where that is not known.
    snap_length: u32,
    /// The name of interfaces whose sources do not tell it.
    name: Option<String>,
    /// Interfaces of the section, by their numbers.
    interfaces: HashMap<Interface, u32>,
    /// The first of them.
    first: Option<Interface>,
}

/// What an interface description block says.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Interface {
    source: SourceId,
    link_type: LinkType,
    snap_length: u32,
    /// Its clock begins with [`EARLIEST_SECOND`].
    is_early: bool,
}

impl PcapngWriter {
    /// A writer that names `application` in its sections.
    pub(super) fn new(application: String, snap_length: u32, name: Option<String>) -> Self {
        Self { application, snap_length, name, interfaces: HashMap::new(), first: None }
    }

    /// Begins a section, and so a file.
    pub(super) fn section(&mut self, out: &mut Vec<u8>) {
        self.interfaces.clear();
        self.first = None;
        block(out, SECTION_HEADER, |out| {
            out.extend(BYTE_ORDER_MAGIC.to_le_bytes());
            out.extend(MAJOR_VERSION.to_le_bytes());
            out.extend(MINOR_VERSION.to_le_bytes());
            // Its length is not known.
            out.extend(u64::MAX.to_le_bytes());
            put_option(out, option::SHB_USERAPPL, text(&self.application));
            put_option(out, option::END, &[]);
        });
    }

    /// Adds secrets, for the packets that follow.
    pub(super) fn secrets(out: &mut Vec<u8>, secrets: &Secrets) {
        block(out, DECRYPTION_SECRETS, |out| {
            out.extend(secrets.kind.to_le_bytes());
            out.extend(length(&secrets.data).to_le_bytes());
            out.extend(&secrets.data);
        });
    }

    /// Adds a packet from `source`, and before it what it needs.
    pub(super) fn packet(&mut self, out: &mut Vec<u8>, packet: &Packet<'_>, source: &Source) {
        match packet.origin.time {
            Some(time) => self.enhanced_packet(out, packet, time, source),
            None => self.simple_packet(out, packet, source),
        }
    }

    /// Adds that packets were lost until `time`, which is said of the first interface
    /// of the section. Where none is described there is no place to say it.
    pub(super) fn drops(&self, out: &mut Vec<u8>, drops: Drops, time: Timestamp) {
        let Some(first) = self.first else {
            return;
        };
        block(out, INTERFACE_STATISTICS, |out| {
            let ticks = first.ticks(time);
            out.extend(0_u32.to_le_bytes());
            out.extend(((ticks >> 32) as u32).to_le_bytes());
            out.extend((ticks as u32).to_le_bytes());
            put_option(out, option::ISB_IFDROP, &drops.interface.to_le_bytes());
            put_option(out, option::ISB_OSDROP, &drops.kernel.to_le_bytes());
            put_option(out, option::END, &[]);
        });
    }

    fn enhanced_packet(
        &mut self,
        out: &mut Vec<u8>,
        packet: &Packet<'_>,
        time: Timestamp,
        source: &Source,
    ) {
        let interface = Interface {
            source: packet.origin.source,
            link_type: packet.link_type,
            snap_length: self.snap_length,
            is_early: time.nanoseconds() < 0,
        };
        let number = self.number(out, interface, source);
        let captured = length(packet.data);
        block(out, ENHANCED_PACKET, |out| {
            let ticks = interface.ticks(time);
            out.extend(number.to_le_bytes());
            out.extend(((ticks >> 32) as u32).to_le_bytes());
            out.extend((ticks as u32).to_le_bytes());
            out.extend(captured.to_le_bytes());
            out.extend(packet.original_length.max(captured).to_le_bytes());
            out.extend(packet.data);
        });
    }

    /// A block without a time tells how much was captured by nothing but the
    /// interface's snap length. That cannot say that it was nothing at all.
    fn simple_packet(&mut self, out: &mut Vec<u8>, packet: &Packet<'_>, source: &Source) {
        let captured = length(packet.data);
        let original = if captured == 0 { 0 } else { packet.original_length.max(captured) };
        let is_cut = captured < original;
        let interface = Interface {
            source: packet.origin.source,
            link_type: packet.link_type,
            snap_length: if is_cut { captured } else { 0 },
            is_early: false,
        };
        if self.first != Some(interface) {
            if self.first.is_some() {
                self.section(out);
            }
            self.number(out, interface, source);
        }
        block(out, SIMPLE_PACKET, |out| {
            out.extend(original.to_le_bytes());
            out.extend(packet.data);
        });
    }

    /// The number of an interface in its section, after describing it if need
    /// be.
    fn number(&mut self, out: &mut Vec<u8>, interface: Interface, source: &Source) -> u32 {
        if let Some(&known) = self.interfaces.get(&interface) {
            return known;
        }
        if self.interfaces.len() >= MAX_INTERFACES as usize {
            self.section(out);
        }
        let number = self.interfaces.len() as u32;
        self.interfaces.insert(interface, number);
        self.first.get_or_insert(interface);
        interface.describe(out, source, self.name.as_deref());
        number
    }
}

impl Interface {
    fn describe(self, out: &mut Vec<u8>, source: &Source, name: Option<&str>) {
        block(out, INTERFACE_DESCRIPTION, |out| {
            out.extend(self.link_type.0.to_le_bytes());
            out.extend([0; 2]);
            out.extend(self.snap_length.to_le_bytes());
            if let Some(name) = source.interface.as_deref().or(name) {
                put_option(out, option::IF_NAME, text(name));
            }
            if let Some(file) = &source.file {
                put_option(out, option::IF_DESCRIPTION, text(file));
            }
            put_option(out, option::IF_TSRESOL, &[NANOSECONDS]);
            if self.is_early {
                put_option(out, option::IF_TSOFFSET, &EARLIEST_SECOND.to_le_bytes());
            }
            put_option(out, option::END, &[]);
        });
    }

    /// The time in nanoseconds since its clock's begin. Every time fits.
    fn ticks(self, time: Timestamp) -> u64 {
        let begin = if self.is_early { i128::from(EARLIEST_SECOND) * 1_000_000_000 } else { 0 };
        u64::try_from(i128::from(time.nanoseconds()) - begin).unwrap_or(0)
    }
}

/// Adds a block: `body` adds what stands between its lengths, which is padded.
fn block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend(kind.to_le_bytes());
    out.extend([0; 4]);
    body(out);
    pad(out, start);
    let length = ((out.len() - start + 4) as u32).to_le_bytes();
    out.extend(length);
    if let Some(place) = out.get_mut(start + 4..start + 8) {
        place.copy_from_slice(&length);
    }
}

/// Fills up to a multiple of 4 bytes since `start`.
fn pad(out: &mut Vec<u8>, start: usize) {
    let length = (out.len() - start).next_multiple_of(4);
    out.resize(start + length, 0);
}

fn put_option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    let start = out.len();
    out.extend(code.to_le_bytes());
    out.extend((value.len() as u16).to_le_bytes());
    out.extend(value);
    pad(out, start);
}

/// The text as far as an option takes it.
fn text(text: &str) -> &[u8] {
    let end = (0..=MAX_TEXT.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    text.get(..end.unwrap_or(0)).unwrap_or_default().as_bytes()
}

/// The length of a packet or of secrets: no reader gives as much as 4 GiB.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::testing::{Seen, SeenPacket};
    use super::*;
    use crate::types::Origin;

    /// Sources of which some have names.
    fn sources() -> Vec<Source> {
        let interfaces = [Some("eth0"), None, Some("lo"), None];
        interfaces.map(|name| Source { file: None, interface: name.map(str::to_owned) }).into()
    }

    fn packet(time: Option<i64>, source: u32, link_type: u16, data: &[u8], cut: u32) -> Packet<'_> {
        let time = time.map(Timestamp::from_nanoseconds);
        Packet {
            origin: Origin { packet: 1, time, source: SourceId(source), tcp_length: 0 },
            link_type: LinkType(link_type),
            data,
            original_length: data.len() as u32 + cut,
        }
    }

    fn written(packets: &[Packet<'_>]) -> Vec<u8> {
        let (mut writer, mut out) = (PcapngWriter::new("wsdump test".into(), 0, None), Vec::new());
        writer.section(&mut out);
        for packet in packets {
            writer.packet(&mut out, packet, &sources()[packet.origin.source.0 as usize]);
        }
        out
    }

    /// What reading them gives, names apart.
    fn expected(packets: &[Packet<'_>]) -> Vec<SeenPacket> {
        let expect = |packet: &Packet<'_>| SeenPacket {
            nanoseconds: packet.origin.time.map(Timestamp::nanoseconds),
            link_type: packet.link_type.0,
            data: packet.data.to_vec(),
            // Nothing but its time and its source would be left of it.
            original_length: match (packet.origin.time, packet.data.len()) {
                (None, 0) => 0,
                _ => packet.original_length,
            },
            file: None,
            interface: None,
        };
        packets.iter().map(expect).collect()
    }

    fn read(bytes: &[u8]) -> Vec<SeenPacket> {
        let mut packets = Seen::of_bytes(bytes).all_well();
        packets.iter_mut().for_each(|packet| packet.interface = None);
        packets
    }

    #[test]
    fn an_empty_section_is_a_capture() {
        assert_eq!(read(&written(&[])), []);
    }

    #[test]
    fn times_reach_as_far_as_timestamps_do() {
        let times = [i64::MIN + 1, -1_000_000_001, -1, 0, 1, 1_700_000_000_123_456_789, i64::MAX];
        let packets = times.map(|time| packet(Some(time), 0, 1, b"data", 3));
        assert_eq!(read(&written(&packets)), expected(&packets));
    }

    #[test]
    fn interfaces_keep_their_names_and_their_link_types() {
        let packets = [
            packet(Some(1), 0, 1, b"a", 0),
            packet(Some(2), 2, 101, b"b", 0),
            packet(Some(3), 0, 1, b"c", 0),
            packet(Some(4), 1, 1, b"d", 0),
        ];
        let seen = Seen::of_bytes(&written(&packets)).all_well();
        let names: Vec<_> = seen.iter().map(|packet| packet.interface.as_deref()).collect();
        // The first is described alone, where no name is needed.
        assert_eq!(names, [None, Some("lo"), Some("eth0"), Some("2")]);
        let links: Vec<_> = seen.iter().map(|packet| packet.link_type).collect();
        assert_eq!(links, [1, 101, 1, 1]);
    }

    #[test]
    fn no_time_is_invented() {
        let packets = [
            packet(None, 0, 1, b"first", 0),
            packet(Some(5), 1, 1, b"timed", 0),
            packet(None, 0, 1, b"no new section", 0),
            packet(None, 1, 101, b"another one's", 0),
            packet(None, 1, 101, b"cut", 100),
            packet(None, 1, 101, b"CUT", 4000),
            packet(Some(6), 0, 1, b"timed", 7),
            packet(None, 1, 1, b"", 9),
        ];
        let bytes = written(&packets);
        assert_eq!(read(&bytes), expected(&packets));
        let magic = BYTE_ORDER_MAGIC.to_le_bytes();
        let sections = bytes.windows(4).filter(|window| *window == magic).count();
        assert_eq!(sections, 4);
    }

    #[test]
    fn secrets_come_before_the_packets_that_follow() {
        let (mut writer, mut out) = (PcapngWriter::new("wsdump test".into(), 0, None), Vec::new());
        let secrets = |text: &str| Secrets { kind: 0x544c_534b, data: text.as_bytes().to_vec() };
        writer.section(&mut out);
        PcapngWriter::secrets(&mut out, &secrets("CLIENT_RANDOM 1"));
        writer.packet(&mut out, &packet(Some(1), 0, 1, b"a", 0), &sources()[0]);
        PcapngWriter::secrets(&mut out, &secrets("SERVER"));
        writer.packet(&mut out, &packet(Some(2), 0, 1, b"b", 0), &sources()[0]);
        let seen = Seen::of_bytes(&out);
        assert_eq!(seen.secrets, [(secrets("CLIENT_RANDOM 1"), 0), (secrets("SERVER"), 1)]);
        assert_eq!(seen.all_well().len(), 2);
    }

    #[test]
    fn what_was_lost_is_told_at_the_end() {
        let (mut writer, mut out) = (PcapngWriter::new("wsdump test".into(), 0, None), Vec::new());
        writer.section(&mut out);
        let (drops, time) = (Drops { kernel: 3, interface: 4 }, Timestamp::from_nanoseconds(9));
        writer.drops(&mut out, drops, time);
        assert_eq!(Seen::of_bytes(&out).lost, 0, "there is no interface");
        writer.packet(&mut out, &packet(Some(1), 0, 1, b"a", 0), &sources()[0]);
        writer.drops(&mut out, drops, time);
        let seen = Seen::of_bytes(&out);
        assert_eq!(seen.lost, 7);
        assert_eq!(seen.all_well().len(), 1);
    }

    #[test]
    fn more_interfaces_than_a_section_has_begin_another() {
        let (mut writer, mut out) = (PcapngWriter::new(String::new(), 0, None), Vec::new());
        writer.section(&mut out);
        for source in 0..=MAX_INTERFACES {
            writer.packet(&mut out, &packet(Some(1), source, 1, b"a", 0), &sources()[1]);
        }
        assert_eq!(Seen::of_bytes(&out).all_well().len(), MAX_INTERFACES as usize + 1);
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(
            records in vec(
                (prop::option::of(any::<i64>()), 0_u32..4, 0_u16..3, vec(any::<u8>(), 0..40), 0_u32..9),
                0..30,
            ),
        ) {
            let packets: Vec<_> = records
                .iter()
                .map(|(time, source, link_type, data, cut)| {
                    packet(*time, *source, *link_type, data, *cut)
                })
                .collect();
            prop_assert_eq!(read(&written(&packets)), expected(&packets));
        }
    }
}

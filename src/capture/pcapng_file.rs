//! The pcapng format (draft-ietf-opsawg-pcapng).

use std::collections::HashMap;

use crate::types::LinkType;

use super::Damage;
use super::bytes::ByteOrder;
use super::clock::Clock;
use super::record::{MAX_PACKET, Parsed, Record, without_fcs};
use super::secrets::MAX_SECRETS;

/// Bytes of the shortest section header block.
pub(super) const SHORTEST_SECTION_HEADER: usize = 28;

/// Type of the section header block: the same in both byte orders.
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
/// The obsolete packet block, which differs from the enhanced one in its first
/// four bytes: a 16-bit interface, then a 16-bit count of drops.
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;

const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;

/// Type and length before a block's body, and the length again behind it.
const BLOCK_HEAD: usize = 8;
const BLOCK_TRAILER: usize = 4;
const SHORTEST_BLOCK: usize = BLOCK_HEAD + BLOCK_TRAILER;

/// `if_tsresol` where an interface states none.
const MICROSECONDS: u8 = 6;

/// Fixed fields of a packet block, before the packet.
const PACKET_FIELDS: usize = 20;
const SIMPLE_PACKET_FIELDS: usize = 4;
const INTERFACE_FIELDS: usize = 8;
const SECTION_FIELDS: usize = 16;
const SECRETS_FIELDS: usize = 8;
const STATISTICS_FIELDS: usize = 12;

/// The longest block that is read whole: a packet with its options.
const LONGEST_BLOCK: u32 = MAX_PACKET + (64 << 10);

// So are all secrets that are kept.
const _: () = assert!(MAX_SECRETS <= MAX_PACKET as usize);

/// Interfaces of one section; the obsolete packet block cannot name more.
const MAX_INTERFACES: usize = 1 << 16;
/// Bytes kept of an interface's name.
const MAX_NAME: usize = 256;
/// Different interface names told apart in one file.
const MAX_NAMES: usize = 4096;

/// A pcapng file, from its first byte.
///
/// ```text
/// ┌──────┬────────┬────────┬────────┐
/// │ type │ length │ body … │ length │   a block
/// └──────┴────────┴────────┴────────┘
/// ```
#[derive(Debug)]
pub(super) struct Pcapng {
    /// Byte order of the section.
    order: ByteOrder,
    /// Interfaces of the section.
    interfaces: Vec<Interface>,
    names: Names,
    /// Stated length of the block whose body was passed without being read:
    /// its trailer comes next.
    passed: Option<u32>,
}

impl Pcapng {
    /// Whether a file that begins so is a pcapng file.
    pub(super) fn recognises(magic: [u8; 4]) -> bool {
        u32::from_be_bytes(magic) == SECTION_HEADER
    }

    /// A file of which nothing has been read.
    pub(super) fn new() -> Self {
        Self {
            order: ByteOrder::Little,
            interfaces: Vec::new(),
            names: Names::default(),
            passed: None,
        }
    }

    /// The name behind [`Record::interface`].
    pub(super) fn interface_name(&self, number: u32) -> Option<&str> {
        self.names.name(number)
    }

    /// Bytes of the current block that lie before those to be parsed.
    pub(super) fn behind(&self) -> u64 {
        self.passed.map_or(0, |length| u64::from(length) - BLOCK_TRAILER as u64)
    }

    /// What stands at the start of `bytes`: a block boundary, or the trailer of
    /// a block that was passed.
    pub(super) fn parse(&mut self, bytes: &[u8]) -> Parsed {
        match self.passed {
            Some(stated) => self.trailer(stated, bytes),
            None => self.block(bytes),
        }
        .unwrap_or_else(Parsed::Damaged)
    }

    fn trailer(&mut self, stated: u32, bytes: &[u8]) -> Result<Parsed, Damage> {
        let Some(repeated) = self.order.u32(bytes, 0) else {
            return Ok(Parsed::Incomplete { needed: BLOCK_TRAILER });
        };
        if repeated != stated {
            return Err(Damage::BlockTrailer { stated, repeated });
        }
        self.passed = None;
        Ok(Parsed::Pass { length: BLOCK_TRAILER as u64 })
    }

    fn block(&mut self, bytes: &[u8]) -> Result<Parsed, Damage> {
        let Some(head) = bytes.first_chunk::<SHORTEST_BLOCK>() else {
            return Ok(Parsed::Incomplete { needed: SHORTEST_BLOCK });
        };
        let [a, b, c, d, .., w, x, y, z] = *head;
        if Self::recognises([a, b, c, d]) {
            // Its length can only be read in the order that the new section has.
            self.order = ByteOrder::of([w, x, y, z], BYTE_ORDER_MAGIC)
                .ok_or(Damage::ByteOrder { found: [w, x, y, z] })?;
        }
        let (kind, stated) = (self.field(head, 0)?, self.field(head, 4)?);
        if (stated as usize) < SHORTEST_BLOCK || !stated.is_multiple_of(4) {
            return Err(Damage::BlockLength { stated });
        }
        let is_packet = matches!(kind, PACKET | SIMPLE_PACKET | ENHANCED_PACKET);
        let is_needed = matches!(kind, SECTION_HEADER | INTERFACE_DESCRIPTION);
        if kind == DECRYPTION_SECRETS {
            return self.secrets(stated, bytes);
        }
        if kind == INTERFACE_STATISTICS && stated <= LONGEST_BLOCK {
            return self.statistics(stated, bytes);
        }
        if !is_packet && !is_needed {
            self.passed = Some(stated);
            return Ok(Parsed::Pass { length: self.behind() });
        }
        if stated > LONGEST_BLOCK {
            let damage = Damage::BlockTooLong { stated, limit: LONGEST_BLOCK };
            if is_needed {
                return Err(damage);
            }
            self.passed = Some(stated);
            return Ok(Parsed::Skipped { damage, length: self.behind() });
        }
        self.whole_block(kind, stated, bytes)
    }

    /// A block of secrets. Whatever is wrong inside it, it can be passed.
    fn secrets(&mut self, stated: u32, bytes: &[u8]) -> Result<Parsed, Damage> {
        if stated > LONGEST_BLOCK {
            self.passed = Some(stated);
            return Ok(Parsed::Secrets { kind: 0, data: None, length: self.behind() });
        }
        let Some(body) = self.body(stated, bytes)? else {
            return Ok(Parsed::Incomplete { needed: stated as usize });
        };
        let (kind, size) = (self.field(body, 0), self.field(body, 4));
        let end =
            size.as_ref().map_or(usize::MAX, |&size| SECRETS_FIELDS.saturating_add(size as usize));
        let start = BLOCK_HEAD + SECRETS_FIELDS;
        let data = (end <= body.len()).then_some(start..BLOCK_HEAD + end);
        Ok(Parsed::Secrets { kind: kind.unwrap_or(0), data, length: u64::from(stated) })
    }

    /// A block of statistics, of which those of an interface go on counting. Whatever
    /// is wrong inside it, it can be passed.
    fn statistics(&mut self, stated: u32, bytes: &[u8]) -> Result<Parsed, Damage> {
        let Some(body) = self.body(stated, bytes)? else {
            return Ok(Parsed::Incomplete { needed: stated as usize });
        };
        let options = Options::new(self.order, body.get(STATISTICS_FIELDS..).unwrap_or_default());
        let lost = options
            .filter(|(code, _)| matches!(*code, option::ISB_IFDROP | option::ISB_OSDROP))
            .filter_map(|(_, value)| self.order.i64(value, 0))
            // What a number's top bit says is no count.
            .filter_map(|count| u64::try_from(count).ok())
            .fold(0, u64::saturating_add);
        let number = self.field(body, 0).unwrap_or(u32::MAX);
        let before = self.interfaces.get_mut(number as usize).map(|interface| &mut interface.lost);
        let packets = before.map_or(0, |before| {
            let more = lost.saturating_sub(*before);
            *before = lost.max(*before);
            more
        });
        Ok(Parsed::Lost { packets, length: stated.into() })
    }

    /// What stands between head and trailer of the block that `bytes` begin with;
    /// `None` where not all of it is at hand.
    fn body<'b>(&self, stated: u32, bytes: &'b [u8]) -> Result<Option<&'b [u8]>, Damage> {
        let Some(block) = bytes.get(..stated as usize) else {
            return Ok(None);
        };
        let end = block.len() - BLOCK_TRAILER;
        let repeated = self.field(block, end)?;
        if repeated != stated {
            return Err(Damage::BlockTrailer { stated, repeated });
        }
        Ok(block.get(BLOCK_HEAD..end))
    }

    fn whole_block(&mut self, kind: u32, stated: u32, bytes: &[u8]) -> Result<Parsed, Damage> {
        let Some(body) = self.body(stated, bytes)? else {
            return Ok(Parsed::Incomplete { needed: stated as usize });
        };
        let length = u64::from(stated);
        let packet = match kind {
            SECTION_HEADER => {
                self.section_header(body)?;
                return Ok(Parsed::Pass { length });
            }
            INTERFACE_DESCRIPTION => {
                self.interface_description(body)?;
                return Ok(Parsed::Pass { length });
            }
            SIMPLE_PACKET => self.simple_packet(body),
            PACKET => self.short_field(body, 0).and_then(|number| self.packet(number.into(), body)),
            _ => self.field(body, 0).and_then(|number| self.packet(number, body)),
        };
        Ok(match packet {
            Ok(record) => Parsed::Packet { record, length },
            Err(damage) => Parsed::Skipped { damage, length },
        })
    }

    fn section_header(&mut self, body: &[u8]) -> Result<(), Damage> {
        require(body, SECTION_FIELDS)?;
        let (major, minor) = (self.short_field(body, 4)?, self.short_field(body, 6)?);
        if major != 1 {
            return Err(Damage::Version { major, minor });
        }
        self.interfaces.clear();
        Ok(())
    }

    fn interface_description(&mut self, body: &[u8]) -> Result<(), Damage> {
        require(body, INTERFACE_FIELDS)?;
        let number = self.interfaces.len();
        if number >= MAX_INTERFACES {
            return Err(Damage::TooManyInterfaces { limit: MAX_INTERFACES });
        }
        let mut interface = Interface {
            link_type: LinkType(self.short_field(body, 0)?),
            snap_length: self.field(body, 4)?,
            clock: Clock::new(MICROSECONDS, 0),
            fcs: 0,
            name: 0,
            lost: 0,
        };
        let (mut resolution, mut offset, mut name) = (MICROSECONDS, 0, None);
        let options = body.get(INTERFACE_FIELDS..).unwrap_or_default();
        for (code, value) in Options::new(self.order, options) {
            match (code, value) {
                (option::IF_NAME, _) => name = Some(value),
                (option::IF_TSRESOL, &[exponent, ..]) => resolution = exponent,
                (option::IF_FCSLEN, &[length, ..]) => interface.fcs = fcs_bytes(length),
                (option::IF_TSOFFSET, _) => offset = self.order.i64(value, 0).unwrap_or(0),
                _ => {}
            }
        }
        interface.clock = Clock::new(resolution, offset);
        interface.name = self.names.number(match name {
            Some(name) if !name.is_empty() => {
                String::from_utf8_lossy(name.get(..MAX_NAME).unwrap_or(name)).into_owned()
            }
            _ => number.to_string(),
        });
        self.interfaces.push(interface);
        Ok(())
    }

    /// An enhanced or an obsolete packet block, of the interface `number`.
    fn packet(&self, number: u32, body: &[u8]) -> Result<Record, Damage> {
        let interface = self.interface(number)?;
        let ticks = u64::from(self.field(body, 4)?) << 32 | u64::from(self.field(body, 8)?);
        let (captured, original) = (self.field(body, 12)?, self.field(body, 16)?);
        let end = PACKET_FIELDS.saturating_add(captured as usize);
        require(body, end)?;
        let options = body.get(end.next_multiple_of(4)..).unwrap_or_default();
        let fcs = self.packet_fcs(options).unwrap_or(interface.fcs);
        let (kept, original_length) = without_fcs(captured, original, fcs);
        let start = BLOCK_HEAD + PACKET_FIELDS;
        Ok(Record {
            time: interface.clock.time(ticks),
            link_type: interface.link_type,
            original_length,
            interface: self.named(interface),
            data: start..start + kept as usize,
        })
    }

    /// A simple packet block: of the first interface, without a time, its
    /// captured length given by the snap length.
    fn simple_packet(&self, body: &[u8]) -> Result<Record, Damage> {
        let interface = self.interface(0)?;
        let original = self.field(body, 0)?;
        let captured = match interface.snap_length {
            0 => original,
            limit => original.min(limit),
        };
        require(body, SIMPLE_PACKET_FIELDS.saturating_add(captured as usize))?;
        let (kept, original_length) = without_fcs(captured, original, interface.fcs);
        let start = BLOCK_HEAD + SIMPLE_PACKET_FIELDS;
        Ok(Record {
            time: None,
            link_type: interface.link_type,
            original_length,
            interface: self.named(interface),
            data: start..start + kept as usize,
        })
    }

    fn interface(&self, number: u32) -> Result<&Interface, Damage> {
        self.interfaces
            .get(number as usize)
            .ok_or(Damage::UnknownInterface { interface: number, described: self.interfaces.len() })
    }

    /// An interface has to be named only where there are several to tell apart.
    fn named(&self, interface: &Interface) -> u32 {
        if self.interfaces.len() > 1 { interface.name } else { 0 }
    }

    /// Bytes of frame check sequence that the packet's own flags tell, in bits
    /// 5 to 8; zero there means that they do not.
    fn packet_fcs(&self, options: &[u8]) -> Option<u32> {
        let mut options = Options::new(self.order, options);
        let (_, flags) = options.find(|&(code, _)| code == option::EPB_FLAGS)?;
        Some((self.order.u32(flags, 0)? >> 5) & 0xf).filter(|&length| length > 0)
    }

    fn field(&self, bytes: &[u8], offset: usize) -> Result<u32, Damage> {
        self.order.u32(bytes, offset).ok_or_else(|| too_short(bytes, offset + 4))
    }

    fn short_field(&self, bytes: &[u8], offset: usize) -> Result<u16, Damage> {
        self.order.u16(bytes, offset).ok_or_else(|| too_short(bytes, offset + 2))
    }
}

/// What an interface description block says.
#[derive(Debug)]
struct Interface {
    link_type: LinkType,
    /// The most bytes captured of a packet; 0 for no limit.
    snap_length: u32,
    clock: Clock,
    /// Bytes of frame check sequence at the end of each packet.
    fcs: u32,
    /// Its number in [`Names`].
    name: u32,
    /// Packets lost so far.
    lost: u64,
}

/// The interface names of a file, numbered from 1 over all of its sections.
///
/// Number 0 stands for the interface that needs no name. So do the names that
/// come after the first [`MAX_NAMES`].
#[derive(Debug, Default)]
struct Names {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Names {
    fn number(&mut self, name: String) -> u32 {
        if let Some(&number) = self.numbers.get(&name) {
            return number;
        }
        if self.names.len() >= MAX_NAMES {
            return 0;
        }
        self.names.push(name.clone());
        let number = self.names.len() as u32;
        self.numbers.insert(name, number);
        number
    }

    fn name(&self, number: u32) -> Option<&str> {
        let index = (number as usize).checked_sub(1)?;
        self.names.get(index).map(String::as_str)
    }
}

/// Codes of the options that are read.
mod option {
    pub(super) const END: u16 = 0;
    pub(super) const IF_NAME: u16 = 2;
    pub(super) const IF_TSRESOL: u16 = 9;
    pub(super) const IF_FCSLEN: u16 = 13;
    pub(super) const IF_TSOFFSET: u16 = 14;
    /// Packets that the interface dropped, and the system.
    pub(super) const ISB_IFDROP: u16 = 5;
    pub(super) const ISB_OSDROP: u16 = 7;
    /// `pack_flags` of the obsolete packet block is the same.
    pub(super) const EPB_FLAGS: u16 = 2;
}

/// Code and value of each option, up to the first that is not whole: options
/// only add to a block, so damage there is no reason to lose the block.
struct Options<'a> {
    order: ByteOrder,
    rest: &'a [u8],
}

impl<'a> Options<'a> {
    fn new(order: ByteOrder, rest: &'a [u8]) -> Self {
        Self { order, rest }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        const HEAD: usize = 4;
        let code = self.order.u16(self.rest, 0).filter(|&code| code != option::END)?;
        let length = usize::from(self.order.u16(self.rest, 2)?);
        let value = self.rest.get(HEAD..HEAD + length)?;
        self.rest = self.rest.get(HEAD + length.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    }
}

/// The draft counts `if_fcslen` in bits, and its example and most writers in
/// bytes. No frame check sequence is as short as 8 bits or as long as 8 bytes.
fn fcs_bytes(length: u8) -> u32 {
    u32::from(if length > 8 { length / 8 } else { length })
}

fn require(body: &[u8], needed: usize) -> Result<(), Damage> {
    if body.len() < needed { Err(too_short(body, needed)) } else { Ok(()) }
}

fn too_short(body: &[u8], needed: usize) -> Damage {
    Damage::BlockTooShort { needed: needed as u64, had: body.len() as u64 }
}

#[cfg(test)]
mod tests {
    use super::super::ErrorKind;
    use super::super::testing::{Big, Builder, Little, Seen};
    use super::*;

    fn interfaces(seen: &Seen) -> Vec<Option<&str>> {
        seen.packets.iter().map(|packet| packet.interface.as_deref()).collect()
    }

    fn damage(seen: &Seen) -> (u64, Damage) {
        match seen.problem() {
            ErrorKind::Damaged { place, damage } | ErrorKind::Skipped { place, damage } => {
                (place.offset, damage.clone())
            }
            other => panic!("{other:?}"),
        }
    }

    /// A block of statistics of the interface `number`.
    fn statistics(order: ByteOrder, number: u32, options: &[(u16, u64)]) -> Vec<u8> {
        let file = Builder::new(order).u32(number).u32(0).u32(7);
        let option = |file: Builder, &(code, count): &(u16, u64)| file.u16(code).u16(8).u64(count);
        options.iter().fold(file, option).u32(0).bytes
    }

    #[test]
    fn packets_that_were_lost_are_counted_once() {
        for order in [Little, Big] {
            let (dropped, received) = (option::ISB_IFDROP, 4);
            let file = Builder::pcapng(order)
                .interface(1, 0, &[])
                .interface(1, 0, &[])
                .enhanced(0, 1, b"a")
                .block(5, &statistics(order, 0, &[(dropped, 2), (received, 100)]))
                .block(5, &statistics(order, 1, &[(dropped, 5), (option::ISB_OSDROP, 1)]))
                // They go on counting.
                .block(5, &statistics(order, 0, &[(dropped, 3)]))
                .block(5, &statistics(order, 0, &[(dropped, 1)]))
                .block(5, &statistics(order, 7, &[(dropped, 50)]))
                .block(5, &statistics(order, 1, &[(dropped, u64::MAX)]))
                .block(5, b"short")
                .enhanced(0, 2, b"b")
                .section(order)
                .interface(1, 0, &[])
                .block(5, &statistics(order, 0, &[(dropped, 10)]));
            let seen = file.read();
            assert_eq!(seen.lost, 19);
            assert_eq!(seen.all_well().len(), 2);
        }
    }

    #[test]
    fn all_packet_blocks_in_both_byte_orders() {
        for order in [Little, Big] {
            let file = Builder::pcapng(order)
                .interface(101, 4, &[])
                .enhanced_with(0, 1_000_002, b"abc", 60, &[])
                .obsolete(0, 3 << 32, b"defgh")
                .simple(b"ijkl", 9)
                .simple(b"mn", 2);
            let packets = file.read().all_well();
            let times: Vec<_> = packets.iter().map(|packet| packet.nanoseconds).collect();
            assert_eq!(times, [Some(1_000_002_000), Some((3 << 32) * 1000), None, None]);
            let data: Vec<_> = packets.iter().map(|packet| packet.data.as_slice()).collect();
            assert_eq!(data, [&b"abc"[..], b"defgh", b"ijkl", b"mn"]);
            let lengths: Vec<_> = packets.iter().map(|packet| packet.original_length).collect();
            assert_eq!(lengths, [60, 5, 9, 2]);
            assert!(packets.iter().all(|packet| packet.link_type == 101));
        }
    }

    #[test]
    fn each_interface_has_its_own_link_type_clock_and_name() {
        let seen = Builder::pcapng(Big)
            .interface(1, 0, &[(2, b"eth0"), (9, &[9])])
            .interface(113, 0, &[(9, &[0x80 | 1]), (14, &100_i64.to_be_bytes())])
            .interface(276, 0, &[(2, b"lo")])
            .enhanced(2, 5, b"c")
            .enhanced(1, 3, b"b")
            .enhanced(0, 5, b"a")
            .read();
        let times: Vec<_> = seen.packets.iter().map(|packet| packet.nanoseconds).collect();
        assert_eq!(times, [Some(5000), Some(101_500_000_000), Some(5)]);
        let links: Vec<_> = seen.packets.iter().map(|packet| packet.link_type).collect();
        assert_eq!(links, [276, 113, 1]);
        assert_eq!(interfaces(&seen), [Some("lo"), Some("1"), Some("eth0")]);
        seen.all_well();
    }

    #[test]
    fn sections_begin_anew_in_their_own_byte_order() {
        let seen = Builder::pcapng(Little)
            .interface(1, 0, &[(2, b"lo")])
            .interface(1, 0, &[(2, b"eth0")])
            .enhanced(0, 1, b"a")
            .section(Big)
            .interface(101, 0, &[(2, b"lo")])
            .enhanced(0, 2, b"b")
            .interface(1, 0, &[(2, b"wlan0")])
            .enhanced(0, 3, b"c")
            .section(Little)
            .read();
        assert_eq!(seen.data(), [b"a", b"b", b"c"]);
        assert_eq!(interfaces(&seen), [Some("lo"), None, Some("lo")]);
        assert_eq!(seen.packets[1].link_type, 101);
        seen.all_well();
    }

    #[test]
    fn an_interface_keeps_its_source() {
        use super::super::{Capture, Step};
        let file = Builder::usual_pcapng().interface(1, 0, &[]);
        let file = file.enhanced(0, 0, b"a").enhanced(1, 0, b"b").enhanced(0, 0, b"c");
        let mut capture = Capture::from_reader("test", std::io::Cursor::new(file.bytes));
        let mut ids = Vec::new();
        loop {
            match capture.next() {
                Step::Packet(packet, _) => ids.push(packet.origin.source.0),
                Step::End => break,
                _ => {}
            }
        }
        assert_eq!(ids, [0, 1, 0]);
        assert_eq!(capture.sources().len(), 2);
    }

    #[test]
    fn blocks_of_other_types_are_passed() {
        let large = vec![1; 3 << 20];
        let file = Builder::usual_pcapng()
            .block(4, b"names")
            .block(0x0bad, b"")
            .enhanced(0, 1, b"a")
            .block(0x8000_0001, &large)
            .enhanced(0, 2, b"b");
        assert_eq!(file.read().all_well().len(), 2);
    }

    #[test]
    fn the_fcs_is_taken_off_by_interface_or_by_packet() {
        let flags = |length: u32| (length << 5).to_le_bytes();
        let in_bytes = Builder::pcapng(Little).interface(1, 0, &[(13, &[4])]);
        let seen = in_bytes
            .enhanced(0, 0, b"dataFCS!")
            .enhanced_with(0, 0, b"dataFC", 6, &[(1, b"comment"), (2, &flags(2))])
            .enhanced_with(0, 0, b"dataFCS!", 8, &[(2, &flags(0))])
            .simple(b"dataFCS!", 8)
            .section(Little)
            .interface(1, 0, &[(13, &[32])])
            .enhanced_with(0, 0, b"dat", 8, &[])
            .enhanced(0, 0, b"dataFCS!")
            .read();
        assert_eq!(seen.data(), [&b"data"[..], b"data", b"data", b"data", b"dat", b"data"]);
        assert!(seen.packets.iter().all(|packet| packet.original_length == 4));
    }

    #[test]
    fn a_packet_of_an_unknown_interface_is_skipped_and_told_once() {
        let file = Builder::usual_pcapng().enhanced(0, 0, b"a");
        let offset = file.bytes.len() as u64;
        let one = file.enhanced(3, 0, b"b").enhanced(0, 0, b"c");
        let seen = one.read();
        assert_eq!(seen.data(), [b"a", b"c"]);
        assert_eq!(
            damage(&seen),
            (offset, Damage::UnknownInterface { interface: 3, described: 1 })
        );

        let seen = one.obsolete(9, 0, b"d").simple(b"e", 1).enhanced(1, 0, b"f").read();
        assert_eq!(seen.data(), [b"a", b"c", b"e"]);
        assert_eq!(seen.problems_after, [1, 3]);
        assert!(matches!(seen.problems[1].kind, ErrorKind::MoreSkipped { count: 2 }));
    }

    #[test]
    fn a_packet_longer_than_its_block_is_skipped() {
        let mut file = Builder::usual_pcapng();
        let begin = file.bytes.len();
        file = file.enhanced(0, 0, b"abcd");
        file.bytes[begin + 20] = 5;
        let seen = file.enhanced(0, 0, b"next").read();
        assert_eq!(seen.data(), [b"next"]);
        assert_eq!(damage(&seen), (begin as u64, Damage::BlockTooShort { needed: 25, had: 24 }));

        let seen = Builder::usual_pcapng().simple(b"abcd", 5).enhanced(0, 0, b"next").read();
        assert_eq!(seen.data(), [b"next"]);
        assert_eq!(damage(&seen).1, Damage::BlockTooShort { needed: 9, had: 8 });
    }

    #[test]
    fn a_packet_beyond_every_limit_is_skipped_without_being_kept() {
        let large = vec![0; LONGEST_BLOCK as usize];
        let seen = Builder::usual_pcapng().enhanced(0, 0, &large).enhanced(0, 0, b"next").read();
        assert_eq!(seen.data(), [b"next"]);
        assert!(matches!(damage(&seen).1, Damage::BlockTooLong { .. }));
    }

    #[test]
    fn damage_to_the_chain_of_blocks_ends_the_file() {
        let good = || Builder::usual_pcapng().enhanced(0, 0, b"a");
        let offset = good().bytes.len() as u64;
        let cases = [
            (good().u32(6).u32(34).raw(&[0; 40]), Damage::BlockLength { stated: 34 }),
            (good().u32(9).u32(8).raw(&[0; 40]), Damage::BlockLength { stated: 8 }),
            (good().raw(&[0; 40]), Damage::BlockLength { stated: 0 }),
            (
                good().u32(6).u32(32).raw(&[0; 20]).u32(36),
                Damage::BlockTrailer { stated: 32, repeated: 36 },
            ),
            (
                good().u32(9).u32(32).raw(&[0; 20]).u32(36),
                Damage::BlockTrailer { stated: 32, repeated: 36 },
            ),
            (good().block(0x0a0d_0d0a, b"????...."), Damage::ByteOrder { found: *b"????" }),
            (good().block(1, b"abcd"), Damage::BlockTooShort { needed: 8, had: 4 }),
            (
                good().u32(1).u32(1 << 30).raw(&[0; 100]),
                Damage::BlockTooLong { stated: 1 << 30, limit: LONGEST_BLOCK },
            ),
        ];
        for (file, expected) in cases {
            let seen = file.enhanced(0, 0, b"lost").read();
            assert_eq!(seen.data(), [b"a"], "{expected:?}");
            assert_eq!(damage(&seen), (offset, expected));
        }
    }

    #[test]
    fn a_later_version_is_refused() {
        let mut file = Builder::usual_pcapng();
        file.bytes[12] = 2;
        assert_eq!(damage(&file.read()), (0, Damage::Version { major: 2, minor: 0 }));
    }

    #[test]
    fn broken_options_do_not_lose_the_block() {
        let body = [1_u8, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0, 2, 0, 200, 0];
        let file = Builder::pcapng(Little).block(1, &body).enhanced(0, 7, b"a");
        assert_eq!(file.read().all_well()[0].nanoseconds, Some(7));
    }

    #[test]
    fn too_many_interfaces_end_the_file() {
        let mut file = Builder::pcapng(Little);
        for _ in 0..=MAX_INTERFACES {
            file = file.interface(1, 0, &[]);
        }
        assert_eq!(damage(&file.read()).1, Damage::TooManyInterfaces { limit: MAX_INTERFACES });
    }

    #[test]
    fn names_beyond_the_limit_are_not_told_apart() {
        let mut names = Names::default();
        let numbers: Vec<_> = (0..=MAX_NAMES).map(|name| names.number(name.to_string())).collect();
        assert_eq!(numbers.last(), Some(&0));
        assert_eq!(names.name(names.numbers["17"]), Some("17"));
        assert_eq!(names.name(0), None);
    }

    #[test]
    fn every_cut_gives_all_whole_blocks_and_says_where_it_is() {
        let mut file = Builder::pcapng(Big);
        let mut ends = vec![file.bytes.len()];
        file = file.interface(1, 0, &[(2, b"lo")]);
        ends.push(file.bytes.len());
        file = file.enhanced(0, 1, b"abcde");
        ends.push(file.bytes.len());
        file = file.block(77, &[0; 30]);
        ends.push(file.bytes.len());
        file = file.simple(b"abcde", 5);
        ends.push(file.bytes.len());
        let packets_by = [0, 0, 1, 1, 2];
        for cut in 0..=file.bytes.len() {
            let seen = Seen::of_bytes(&file.bytes[..cut]);
            let whole = ends.iter().filter(|&&end| end <= cut).count();
            let expected = if whole == 0 { 0 } else { packets_by[whole - 1] };
            assert_eq!(seen.packets.len(), expected, "{cut}");
            if ends.contains(&cut) {
                seen.all_well();
                continue;
            }
            match (seen.problem(), cut) {
                (ErrorKind::Empty, 0) | (ErrorKind::TooShort { .. }, 1..28) => {}
                (&ErrorKind::Cut { place, needed, had }, 29..) => {
                    let begin = ends[whole - 1];
                    assert_eq!(place.offset, begin as u64);
                    assert_eq!(had, (cut - begin) as u64);
                    let length = (ends[whole] - begin) as u64;
                    assert_eq!(needed, if had < 12 { 12 } else { length });
                }
                (other, _) => panic!("{cut}: {other:?}"),
            }
        }
    }
}

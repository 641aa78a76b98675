//! Packets for tests, layer by layer, from the inside out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::{IpNumber, Ipv4Header, Ipv6Header, TcpHeader, TcpOptionElement};

use crate::types::{
    Endpoint, Flow, LinkType, Origin, Packet, Segment, Seq, SourceId, TcpFlags, Timestamp,
};

pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;

const SOURCE_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const DESTINATION_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const SOURCE_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const DESTINATION_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);

/// The versions of IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ip {
    V4,
    V6,
}

impl Ip {
    pub(super) const BOTH: [Self; 2] = [Self::V4, Self::V6];

    pub(super) fn ether_type(self) -> u16 {
        match self {
            Self::V4 => 0x0800,
            Self::V6 => 0x86dd,
        }
    }

    pub(super) fn header_length(self) -> usize {
        match self {
            Self::V4 => 20,
            Self::V6 => 40,
        }
    }

    /// A datagram of this version.
    pub(super) fn datagram(self, protocol: u8, payload: &[u8]) -> Vec<u8> {
        match self {
            Self::V4 => ipv4(protocol, payload),
            Self::V6 => ipv6(protocol, payload),
        }
    }

    /// One fragment of a datagram, `start..end` of its payload.
    pub(super) fn fragment(
        self,
        protocol: u8,
        identification: u16,
        payload: &[u8],
        start: usize,
        end: usize,
    ) -> Vec<u8> {
        let piece = &payload[start..end];
        let more = end < payload.len();
        let offset = u16::try_from(start / 8).unwrap();
        match self {
            Self::V4 => {
                let mut datagram = ipv4(protocol, piece);
                datagram[4..6].copy_from_slice(&identification.to_be_bytes());
                datagram[6..8].copy_from_slice(&(u16::from(more) << 13 | offset).to_be_bytes());
                datagram
            }
            Self::V6 => ipv6(
                44,
                &[
                    &[protocol, 0][..],
                    &(offset << 3 | u16::from(more)).to_be_bytes(),
                    &u32::from(identification).to_be_bytes(),
                    piece,
                ]
                .concat(),
            ),
        }
    }

    /// The segment that [`tcp`] makes in a datagram of this version, in packet
    /// `number`.
    pub(super) fn segment(self, number: u64, payload: &[u8]) -> Segment<'_> {
        let (source, destination) = match self {
            Self::V4 => (IpAddr::V4(SOURCE_V4), IpAddr::V4(DESTINATION_V4)),
            Self::V6 => (IpAddr::V6(SOURCE_V6), IpAddr::V6(DESTINATION_V6)),
        };
        Segment {
            origin: Origin { tcp_length: payload.len() as u32, ..origin(number) },
            flow: Flow {
                source: Endpoint { address: source, port: 51234 },
                destination: Endpoint { address: destination, port: 80 },
            },
            seq: Seq(1000),
            ack: Some(Seq(2000)),
            flags: TcpFlags::ACK | TcpFlags::PSH,
            window: 4096,
            window_scale: None,
            payload,
            cut: 0,
        }
    }
}

/// A TCP header with a timestamp option, and `payload`.
pub(super) fn tcp(payload: &[u8]) -> Vec<u8> {
    let mut header = TcpHeader::new(51234, 80, 1000, 4096);
    header.ack = true;
    header.psh = true;
    header.acknowledgment_number = 2000;
    header
        .set_options(&[
            TcpOptionElement::Noop,
            TcpOptionElement::Noop,
            TcpOptionElement::Timestamp(1, 2),
        ])
        .unwrap();
    [&header.to_bytes(), payload].concat()
}

/// An IPv4 header, and `payload`. Checksums are not computed: nobody looks.
pub(super) fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    let protocol = IpNumber(protocol);
    let (source, destination) = (SOURCE_V4.octets(), DESTINATION_V4.octets());
    let header = Ipv4Header::new(length, 64, protocol, source, destination).unwrap();
    [&header.to_bytes(), payload].concat()
}

/// An IPv6 header, and `payload`.
pub(super) fn ipv6(next_header: u8, payload: &[u8]) -> Vec<u8> {
    let header = Ipv6Header {
        payload_length: u16::try_from(payload.len()).unwrap(),
        next_header: IpNumber(next_header),
        hop_limit: 64,
        source: SOURCE_V6.octets(),
        destination: DESTINATION_V6.octets(),
        ..Ipv6Header::default()
    };
    [&header.to_bytes(), payload].concat()
}

/// An Ethernet header, and `payload`.
pub(super) fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    [&[2; 12][..], &ether_type.to_be_bytes(), payload].concat()
}

/// What stands between an Ethernet type for VLANs and `payload`.
pub(super) fn vlan(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    [&[0x60, 42][..], &ether_type.to_be_bytes(), payload].concat()
}

/// A packet, numbered 1, none of it cut.
pub(super) fn packet(link_type: LinkType, data: &[u8]) -> Packet<'_> {
    let original_length = u32::try_from(data.len()).unwrap();
    Packet { origin: origin(1), link_type, data, original_length }
}

/// The origin of packet `number`, one millisecond after the one before it.
pub(super) fn origin(number: u64) -> Origin {
    let nanoseconds = i64::try_from(number * 1_000_000).unwrap();
    let time = Some(Timestamp::from_nanoseconds(nanoseconds));
    Origin { packet: number, time, source: SourceId(0), tcp_length: 0 }
}

/// Fields of a segment that tests compare; `Segment` itself is not `Eq`.
pub(super) fn same(a: &Segment<'_>, b: &Segment<'_>) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

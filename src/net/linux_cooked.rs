//! Linux cooked captures: `LINKTYPE_LINUX_SLL` and `LINKTYPE_LINUX_SLL2`, what
//! `-i any` gives (tcpdump.org's descriptions of both).

use etherparse::EtherType;

use super::bytes::Bytes;
use super::ether_type;
use super::layers::Next;
use super::no_segment::{Layer, NoSegment};

/// Packet type, device type, address length, address (8 bytes), protocol.
pub(super) fn decode_v1(bytes: Bytes<'_>) -> Result<(Next, Bytes<'_>), NoSegment> {
    let (&[_, _, d0, d1, .., p0, p1], rest) = bytes.header::<16>(Layer::LinuxCooked)?;
    Ok((next(u16::from_be_bytes([d0, d1]), u16::from_be_bytes([p0, p1]))?, rest))
}

/// Protocol, reserved, interface index (4 bytes), device type, packet type,
/// address length, address (8 bytes).
pub(super) fn decode_v2(bytes: Bytes<'_>) -> Result<(Next, Bytes<'_>), NoSegment> {
    let (&[p0, p1, _, _, _, _, _, _, d0, d1, ..], rest) = bytes.header::<20>(Layer::LinuxCooked)?;
    Ok((next(u16::from_be_bytes([d0, d1]), u16::from_be_bytes([p0, p1]))?, rest))
}

/// What the protocol field says. For most devices, loopback (772) included, it
/// is an Ethernet type or one of Linux's own small numbers.
fn next(device_type: u16, protocol: u16) -> Result<Next, NoSegment> {
    // Devices for which it is something else: a netlink family, or nothing.
    const FRAME_RELAY: u16 = 770;
    const RADIOTAP: u16 = 803;
    const NETLINK: u16 = 824;
    // Linux's number for frames with an LLC header.
    const LLC: u16 = 4;

    match (device_type, EtherType(protocol)) {
        (FRAME_RELAY | RADIOTAP | NETLINK, _) => Err(NoSegment::NotIp),
        (_, EtherType(LLC)) => Ok(Next::Llc),
        (_, other) if other < ether_type::FIRST => Err(NoSegment::NotIp),
        (_, ether_type) => Ok(Next::EtherType(ether_type)),
    }
}

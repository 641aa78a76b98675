//! Ethernet types, wherever they stand: in Ethernet, VLAN tags, SNAP and Linux
//! cooked captures.

use etherparse::{EtherType, ether_type};

use super::layers::Next;
use super::no_segment::NoSegment;

const PPPOE_SESSION: EtherType = EtherType(0x8864);

/// Values below are no type but the length of an LLC frame (IEEE 802.3 §3.2.6).
pub(super) const FIRST: EtherType = EtherType(0x0600);

/// What follows the type.
pub(super) fn next(ether_type: EtherType) -> Result<Next, NoSegment> {
    match ether_type {
        ether_type::IPV4 => Ok(Next::Ipv4),
        ether_type::IPV6 => Ok(Next::Ipv6),
        ether_type::VLAN_TAGGED_FRAME
        | ether_type::PROVIDER_BRIDGING
        | ether_type::VLAN_DOUBLE_TAGGED_FRAME => Ok(Next::Vlan),
        PPPOE_SESSION => Ok(Next::Pppoe),
        length if length < FIRST => Ok(Next::Llc),
        _ => Err(NoSegment::NotIp),
    }
}

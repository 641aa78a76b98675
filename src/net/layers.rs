//! From layer to layer.

use std::net::IpAddr;

use etherparse::{EtherType, IpNumber, ip_number};

use crate::types::LinkType;

use super::bytes::Bytes;
use super::fragments::Fragment;
use super::no_segment::{Fault, Layer, NoSegment};
use super::{
    ether_type, ethernet, ip_auth, ipv4, ipv6, linux_cooked, llc, loopback, pppoe, tcp, vlan,
};

/// Layers that one packet may have, each VLAN tag and extension header counted.
/// Real packets have less than ten.
const MAX_LAYERS: usize = 32;

/// What some bytes of a packet are the start of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    /// A packet as captured.
    Link(LinkType),
    /// What an Ethernet type says.
    EtherType(EtherType),
    /// A VLAN tag, its tag protocol identifier left out.
    Vlan,
    /// An LLC header.
    Llc,
    /// A PPPoE header.
    Pppoe,
    /// IPv4 or IPv6, as its first bits say.
    Ip,
    /// An IPv4 header.
    Ipv4,
    /// An IPv6 header.
    Ipv6,
    /// What an IP protocol number, or IPv6's next header, says.
    Protocol(IpNumber, Addresses),
    /// A part of such a thing.
    Fragment(Fragment),
}

/// Sender and receiver of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Addresses {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
}

/// Where a walk through the layers ends well.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// A TCP header and its payload.
    Tcp(Addresses, Bytes<'a>),
    /// A part of a datagram that may carry TCP.
    Fragment(Fragment, Bytes<'a>),
}

/// Goes through the layers up to TCP, or up to a fragment.
pub(super) fn walk<'a>(first: Next, bytes: Bytes<'a>) -> Result<Found<'a>, NoSegment> {
    let (mut next, mut bytes) = (first, bytes);
    for _ in 0..MAX_LAYERS {
        (next, bytes) = match next {
            Next::Link(link_type) => link(link_type, bytes)?,
            Next::EtherType(ether_type) => (ether_type::next(ether_type)?, bytes),
            Next::Vlan => vlan::decode(bytes)?,
            Next::Llc => llc::decode(bytes)?,
            Next::Pppoe => pppoe::decode(bytes)?,
            Next::Ip => (ip_version(bytes)?, bytes),
            Next::Ipv4 => ipv4::decode(bytes)?,
            Next::Ipv6 => ipv6::decode(bytes)?,
            Next::Protocol(tcp::PROTOCOL, addresses) => return Ok(Found::Tcp(addresses, bytes)),
            Next::Protocol(ip_auth::PROTOCOL, addresses) => ip_auth::decode(addresses, bytes)?,
            Next::Protocol(number, addresses) if addresses.destination.is_ipv6() => {
                ipv6::extension(number, addresses, bytes)?
            }
            Next::Protocol(..) => return Err(NoSegment::NotTcp),
            Next::Fragment(fragment) if may_lead_to_tcp(fragment.protocol) => {
                return Ok(Found::Fragment(fragment, bytes));
            }
            Next::Fragment(_) => return Err(NoSegment::NotTcp),
        };
    }
    Err(bytes.malformed(Layer::Ip, Fault::TooDeep))
}

/// The registry of link types, as far as it is known here.
fn link(link_type: LinkType, bytes: Bytes<'_>) -> Result<(Next, Bytes<'_>), NoSegment> {
    // Values that BSDs use for raw IP in their own machines' terms and that are
    // found in files although the registry keeps them out.
    const DLT_RAW: LinkType = LinkType(12);
    const DLT_RAW_OPENBSD: LinkType = LinkType(14);

    match link_type {
        LinkType::ETHERNET => ethernet::decode(bytes),
        LinkType::LINUX_SLL => linux_cooked::decode_v1(bytes),
        LinkType::LINUX_SLL2 => linux_cooked::decode_v2(bytes),
        LinkType::NULL | LinkType::LOOP => loopback::decode(bytes),
        LinkType::RAW | DLT_RAW | DLT_RAW_OPENBSD => Ok((Next::Ip, bytes)),
        LinkType::IPV4 => Ok((Next::Ipv4, bytes)),
        LinkType::IPV6 => Ok((Next::Ipv6, bytes)),
        other => Err(NoSegment::UnknownLinkType(other)),
    }
}

fn ip_version(bytes: Bytes<'_>) -> Result<Next, NoSegment> {
    let (&[first], _) = bytes.header(Layer::Ip)?;
    match first >> 4 {
        4 => Ok(Next::Ipv4),
        6 => Ok(Next::Ipv6),
        version => Err(bytes.malformed(Layer::Ip, Fault::Version(version))),
    }
}

/// Whether a datagram's payload that begins with `protocol` can have TCP in it,
/// so that its fragments are worth keeping.
fn may_lead_to_tcp(protocol: IpNumber) -> bool {
    matches!(
        protocol,
        tcp::PROTOCOL | ip_auth::PROTOCOL | ip_number::IPV6_ROUTE | ip_number::IPV6_DEST_OPTIONS
    )
}

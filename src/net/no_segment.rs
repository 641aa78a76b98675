//! Why a packet gave no TCP segment.

use std::fmt;

use thiserror::Error;

use crate::types::LinkType;

/// Why a packet gave no TCP segment.
///
/// Offsets are in bytes from the start of the packet or, where a fragmented
/// datagram was put together, from the start of its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoSegment {
    /// Packets of this link type cannot be read.
    #[error("{0} is not known")]
    UnknownLinkType(LinkType),
    /// Another protocol than IP: ARP, LLDP, spanning tree…
    #[error("not IP")]
    NotIp,
    /// Another protocol than TCP inside IP: UDP, ICMP, a tunnel…
    #[error("not TCP")]
    NotTcp,
    /// A fragment of an IP datagram that is not complete, kept for later, or a
    /// copy of one that was seen before.
    #[error("a fragment of an IP datagram that is not complete")]
    Fragment,
    /// A fragment that contradicts others of its datagram, or that comes after
    /// such a one and is lost with it (RFC 8200 §4.5, RFC 5722).
    #[error("a fragment of an IP datagram whose fragments contradict one another")]
    FragmentContradicts,
    /// A header ends beyond the captured bytes, or a fragment does, but not
    /// beyond those that were on the wire.
    #[error("{layer} is cut at byte {offset}: it needs {needed} bytes, {had} are captured")]
    CutBySnapLength {
        /// What is cut.
        layer: Layer,
        /// Where it begins.
        offset: u32,
        /// Bytes that it needs.
        needed: u32,
        /// Bytes that were captured.
        had: u32,
    },
    /// The bytes break the rules of a layer.
    #[error("{layer} at byte {offset} is malformed: {fault}")]
    Malformed {
        /// The layer.
        layer: Layer,
        /// Where it begins.
        offset: u32,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// The layers that can be cut or malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// Ethernet (IEEE 802.3).
    Ethernet,
    /// A VLAN tag (IEEE 802.1Q §9).
    Vlan,
    /// Logical link control (IEEE 802.2), and SNAP.
    Llc,
    /// PPPoE session (RFC 2516).
    Pppoe,
    /// Linux cooked capture, version 1 or 2.
    LinuxCooked,
    /// BSD loopback.
    Loopback,
    /// IP of a version that could not be told.
    Ip,
    /// IPv4 (RFC 791).
    Ipv4,
    /// IPv6 (RFC 8200).
    Ipv6,
    /// An IPv6 extension header (RFC 8200 §4).
    Ipv6Extension,
    /// IP authentication header (RFC 4302).
    IpAuth,
    /// The payload of an IP fragment (RFC 791 §3.2, RFC 8200 §4.5).
    Fragment,
    /// TCP (RFC 9293).
    Tcp,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ethernet => "Ethernet header",
            Self::Vlan => "VLAN tag",
            Self::Llc => "LLC header",
            Self::Pppoe => "PPPoE header",
            Self::LinuxCooked => "Linux cooked header",
            Self::Loopback => "loopback header",
            Self::Ip => "IP header",
            Self::Ipv4 => "IPv4 header",
            Self::Ipv6 => "IPv6 header",
            Self::Ipv6Extension => "IPv6 extension header",
            Self::IpAuth => "IP authentication header",
            Self::Fragment => "IP fragment",
            Self::Tcp => "TCP header",
        })
    }
}

/// What is wrong with a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// The packet ended before the header did.
    #[error("it needs {needed} bytes, the packet has {had}")]
    Short {
        /// Bytes that it needs.
        needed: u32,
        /// Bytes that there were on the wire.
        had: u32,
    },
    /// A version of IP that does not belong here.
    #[error("IP version {0}")]
    Version(u8),
    /// The header's own length, in bytes, is below the smallest possible.
    #[error("header length {0}")]
    HeaderLength(u8),
    /// IPv4's total length, in bytes, is below the header's.
    #[error("total length {0}")]
    TotalLength(u16),
    /// A fragment that is empty, or not the last one and not a multiple of 8
    /// bytes.
    #[error("fragment of {0} bytes")]
    FragmentLength(u32),
    /// A fragment that ends beyond the 65,535th byte.
    #[error("fragment up to byte {0}")]
    FragmentEnd(u32),
    /// A fragment within a datagram put together from fragments.
    #[error("fragment within fragments")]
    Nested,
    /// More layers within one another than anybody has use for.
    #[error("too many layers")]
    TooDeep,
}

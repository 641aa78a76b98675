//! Packets as `capture` gives them.

use std::fmt;

use super::Timestamp;

/// One captured packet, borrowed from the reader's buffer.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Where and when it was captured.
    pub origin: Origin,
    /// What the first byte of `data` is the start of.
    pub link_type: LinkType,
    /// The captured bytes, without a frame check sequence that the capture
    /// file declares.
    pub data: &'a [u8],
    /// Bytes that the packet had on the wire, under the same condition; more
    /// than `data` holds when the snap length cut it.
    pub original_length: u32,
}

/// Which packet something came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Number of the packet in the whole capture, from 1.
    pub packet: u64,
    /// Capture time; `None` where the capture has none (pcapng simple packets).
    pub time: Option<Timestamp>,
    /// File and interface that it came from.
    pub source: SourceId,
    /// Bytes of TCP payload in it, once they are known; before, 0.
    pub tcp_length: u32,
}

/// Index of a [`Source`], in the order in which `capture` met them, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SourceId(pub u32);

/// A file, and an interface in it, that packets come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file's name as the user gave it (`-` for stdin); present only when
    /// the capture consists of several files.
    pub file: Option<String>,
    /// The interface's name, or its number where it has none; present only
    /// when its section of the file describes several.
    pub interface: Option<String>,
}

/// A link-layer header type, a `LINKTYPE_` value of the tcpdump.org registry.
///
/// The upper bits of a pcap header's field (FCS length) are not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// `LINKTYPE_NULL`: BSD loopback, address family in the byte order of the
    /// machine that captured.
    pub const NULL: Self = Self(0);
    /// `LINKTYPE_ETHERNET`.
    pub const ETHERNET: Self = Self(1);
    /// `LINKTYPE_RAW`: an IPv4 or IPv6 packet.
    pub const RAW: Self = Self(101);
    /// `LINKTYPE_LOOP`: OpenBSD loopback, address family in network order.
    pub const LOOP: Self = Self(108);
    /// `LINKTYPE_LINUX_SLL`: Linux cooked capture, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// `LINKTYPE_IPV4`.
    pub const IPV4: Self = Self(228);
    /// `LINKTYPE_IPV6`.
    pub const IPV6: Self = Self(229);
    /// `LINKTYPE_LINUX_SLL2`: Linux cooked capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "link type {}", self.0)
    }
}

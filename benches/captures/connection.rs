//! TCP connections, and the upgrade to WebSocket.

use std::io::{Error, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::{IpHeaders, IpNumber, Ipv4Header, Ipv6Header, PacketBuilder, VlanId};

use super::capture::Capture;

/// Payload bytes of a TCP segment, as with segmentation offload.
const SEGMENT: usize = 32 << 10;

/// Segments after which the other side acknowledges.
const ACKNOWLEDGED: usize = 8;

/// The same on Ethernet, where nothing is offloaded.
const ETHERNET_SEGMENT: usize = 1460;
const ETHERNET_ACKNOWLEDGED: usize = 2;

const REQUEST: &str = "GET /measured HTTP/1.1\r\nHost: server.example\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

const COMPRESSED: &str = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

const REFUSAL: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

impl Side {
    pub(crate) fn opposite(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// A TCP connection.
pub(crate) struct Connection {
    /// Address and port of client and server.
    ends: [(IpAddr, u16); 2],
    vlan: Option<VlanId>,
    /// The next sequence number of each.
    next: [u32; 2],
    /// Payload bytes of a segment.
    segment: usize,
    /// Segments after which the other side acknowledges.
    acknowledged: usize,
    /// Segments that were sent.
    segments: usize,
}

impl Connection {
    /// Opens the WebSocket connection of that number, with permessage-deflate
    /// and with segments as with segmentation offload.
    pub(crate) fn open(capture: &mut Capture, number: u32) -> Result<Self> {
        let mut connection =
            Self { segment: SEGMENT, acknowledged: ACKNOWLEDGED, ..Self::on_ethernet(number, 80) };
        connection.dial(capture)?;
        connection.upgrade(capture, true)?;
        Ok(connection)
    }

    /// The connection of that number to a port, not opened yet.
    pub(crate) fn on_ethernet(number: u32, port: u16) -> Self {
        let [_, high, middle, low] = number.to_be_bytes();
        let client = Ipv4Addr::new(10, 1 + high, middle, low);
        Self {
            ends: [(client.into(), 50_000), (Ipv4Addr::new(10, 0, 0, 1).into(), port)],
            vlan: None,
            next: [1_000, 0xffff_f000],
            segment: ETHERNET_SEGMENT,
            acknowledged: ETHERNET_ACKNOWLEDGED,
            segments: 0,
        }
    }

    /// The same over IPv6.
    pub(crate) fn over_ipv6(mut self) -> Self {
        for (address, _) in &mut self.ends {
            if let IpAddr::V4(v4) = *address {
                let [_, a, b, c] = v4.octets().map(u16::from);
                *address = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, a, b, c).into();
            }
        }
        self
    }

    /// The same with a VLAN tag.
    pub(crate) fn in_vlan(mut self, id: VlanId) -> Self {
        self.vlan = Some(id);
        self
    }

    /// Opens the connection, or opens it anew.
    pub(crate) fn dial(&mut self, capture: &mut Capture) -> Result<()> {
        const ANEW: u32 = 1_000_000;
        self.next = self.next.map(|next| next.wrapping_add(ANEW));
        for (side, flags) in [(0, SYN), (1, SYN | ACK), (0, ACK)] {
            self.segment(capture, side, flags, 0, &[])?;
        }
        Ok(())
    }

    /// The opening handshake of WebSocket.
    pub(crate) fn upgrade(&mut self, capture: &mut Capture, is_compressed: bool) -> Result<()> {
        let extensions = if is_compressed { COMPRESSED } else { "" };
        for (from, head) in [(Side::Client, REQUEST), (Side::Server, RESPONSE)] {
            self.send(capture, from, format!("{head}{extensions}\r\n").as_bytes())?;
        }
        Ok(())
    }

    /// An opening handshake that the server refuses.
    pub(crate) fn be_refused(&mut self, capture: &mut Capture) -> Result<()> {
        self.send(capture, Side::Client, format!("{REQUEST}\r\n").as_bytes())?;
        self.send(capture, Side::Server, REFUSAL.as_bytes())
    }

    /// Sends bytes in segments.
    pub(crate) fn send(&mut self, capture: &mut Capture, from: Side, bytes: &[u8]) -> Result<()> {
        for payload in bytes.chunks(self.segment) {
            self.send_segment(capture, from, 0, payload)?;
        }
        Ok(())
    }

    /// Payload bytes that a segment has room for.
    pub(crate) fn room(&self) -> usize {
        self.segment
    }

    /// Sends one segment, whose first `repeated` bytes were sent before.
    pub(crate) fn send_segment(
        &mut self,
        capture: &mut Capture,
        from: Side,
        repeated: u32,
        payload: &[u8],
    ) -> Result<()> {
        let side = from as usize;
        self.segment(capture, side, ACK | PSH, repeated, payload)?;
        self.segments += 1;
        if self.segments.is_multiple_of(self.acknowledged) {
            self.segment(capture, 1 - side, ACK, 0, &[])?;
        }
        Ok(())
    }

    /// Both sides end it, `first` before the other.
    pub(crate) fn close(&mut self, capture: &mut Capture, first: Side) -> Result<()> {
        let side = first as usize;
        self.segment(capture, side, FIN | ACK, 0, &[])?;
        self.segment(capture, 1 - side, FIN | ACK, 0, &[])?;
        self.segment(capture, side, ACK, 0, &[])
    }

    /// One side breaks it off.
    pub(crate) fn reset(&mut self, capture: &mut Capture, from: Side) -> Result<()> {
        self.segment(capture, from as usize, RST | ACK, 0, &[])
    }

    fn segment(
        &mut self,
        capture: &mut Capture,
        side: usize,
        flags: u8,
        repeated: u32,
        payload: &[u8],
    ) -> Result<()> {
        let [(source, source_port), (target, target_port)] = [self.ends[side], self.ends[1 - side]];
        let ip = ip_header(source, target)?;
        let ethernet = PacketBuilder::ethernet2([2; 6], [4; 6]);
        let builder = match self.vlan {
            Some(id) => ethernet.single_vlan(id).ip(ip),
            None => ethernet.ip(ip),
        };
        let seq = self.next[side].wrapping_sub(repeated);
        let mut builder = builder.tcp(source_port, target_port, seq, 0xffff);
        if flags & SYN != 0 {
            builder = builder.syn();
        }
        if flags & ACK != 0 {
            builder = builder.ack(self.next[1 - side]);
        }
        if flags & PSH != 0 {
            builder = builder.psh();
        }
        if flags & FIN != 0 {
            builder = builder.fin();
        }
        if flags & RST != 0 {
            builder = builder.rst();
        }
        let mut packet = Vec::with_capacity(builder.size(payload.len()));
        builder.write(&mut packet, payload).map_err(Error::other)?;
        let advance = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        self.next[side] = seq.wrapping_add(advance);
        capture.packet(&packet)
    }
}

fn ip_header(source: IpAddr, target: IpAddr) -> Result<IpHeaders> {
    const HOPS: u8 = 64;
    Ok(match (source, target) {
        (IpAddr::V6(source), IpAddr::V6(target)) => {
            let header = Ipv6Header {
                hop_limit: HOPS,
                source: source.octets(),
                destination: target.octets(),
                ..Ipv6Header::default()
            };
            IpHeaders::Ipv6(header, Default::default())
        }
        (IpAddr::V4(source), IpAddr::V4(target)) => {
            let (source, target) = (source.octets(), target.octets());
            let header = Ipv4Header::new(0, HOPS, IpNumber::TCP, source, target);
            IpHeaders::Ipv4(header.map_err(Error::other)?, Default::default())
        }
        _ => return Err(Error::other("the ends differ in their version of IP")),
    })
}

const SYN: u8 = 1;
const ACK: u8 = 2;
const PSH: u8 = 4;
const FIN: u8 = 8;
const RST: u8 = 16;

//! The room's front door.

use crate::types::{Limits, Packet, Segment};

use super::bytes::Bytes;
use super::counters::Counters;
use super::fragments::Fragments;
use super::layers::{self, Found, Next};
use super::no_segment::{Fault, Layer, NoSegment};
use super::{tcp, usual};

/// Finds the TCP segments in packets.
///
/// It remembers nothing but the fragments of datagrams that are not yet
/// complete, and counts.
///
/// ```
/// use wsdump::net::{Decoder, NoSegment};
/// use wsdump::types::{Limits, LinkType, Origin, Packet, SourceId};
///
/// let mut decoder = Decoder::new(&Limits::default());
/// let packet = Packet {
///     origin: Origin { packet: 1, time: None, source: SourceId(0), tcp_length: 0 },
///     link_type: LinkType(147),
///     data: b"whatever this may be",
///     original_length: 20,
/// };
/// assert_eq!(
///     decoder.decode(&packet).unwrap_err(),
///     NoSegment::UnknownLinkType(LinkType(147))
/// );
/// assert_eq!(decoder.counters().unknown_link_types[&147], 1);
/// ```
#[derive(Debug)]
pub struct Decoder {
    fragments: Fragments,
    counters: Counters,
    datagram: Option<u64>,
}

impl Decoder {
    /// A decoder that keeps no more fragments than [`Limits::datagrams`],
    /// [`Limits::fragments`] and [`Limits::fragment_time`] allow.
    pub fn new(limits: &Limits) -> Self {
        Self { fragments: Fragments::new(limits), counters: Counters::default(), datagram: None }
    }

    /// The TCP segment that the packet carries or completes, or why there is
    /// none.
    ///
    /// The payload is borrowed from the packet or, when the packet completed a
    /// fragmented datagram, from the decoder.
    pub fn decode<'a>(&'a mut self, packet: &Packet<'a>) -> Result<Segment<'a>, NoSegment> {
        let Self { fragments, counters, datagram } = self;
        *datagram = None;
        let result = decode(packet, fragments, datagram);
        counters.count(result.as_ref());
        result
    }

    /// The datagram of which the last packet was a fragment that could be taken,
    /// by a number that no other datagram has.
    pub fn datagram(&self) -> Option<u64> {
        self.datagram
    }

    /// Packets so far.
    pub fn packets(&self) -> u64 {
        self.counters.packets
    }

    /// What has become of all packets so far. For summaries: it goes over all
    /// datagrams that are being collected.
    pub fn counters(&self) -> Counters {
        Counters { datagrams: self.fragments.counters(), ..self.counters.clone() }
    }

    /// Datagrams being collected, and the bytes that they hold.
    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, usize) {
        self.fragments.held()
    }
}

fn decode<'a>(
    packet: &Packet<'a>,
    fragments: &'a mut Fragments,
    datagram: &mut Option<u64>,
) -> Result<Segment<'a>, NoSegment> {
    if let Some(segment) = usual::segment(packet) {
        return Ok(segment);
    }
    let origin = packet.origin;
    let bytes = Bytes::new(packet.data, packet.original_length);
    let (fragment, bytes) = match layers::walk(Next::Link(packet.link_type), bytes)? {
        Found::Tcp(addresses, bytes) => return tcp::segment(origin, addresses, bytes),
        Found::Fragment(fragment, bytes) => (fragment, bytes),
    };

    let (protocol, payload) = fragments.add(fragment, bytes, origin.time, datagram)?;
    let next = Next::Protocol(protocol, fragment.addresses);
    match layers::walk(next, Bytes::whole(payload))? {
        Found::Tcp(addresses, bytes) => tcp::segment(origin, addresses, bytes),
        // A datagram is cut into fragments once; more is an attempt to make us
        // work.
        Found::Fragment(_, bytes) => Err(bytes.malformed(Layer::Fragment, Fault::Nested)),
    }
}

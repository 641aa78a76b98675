//! What has become of the packets.

use std::collections::BTreeMap;

use crate::types::Segment;

use super::no_segment::NoSegment;

/// What has become of the packets, for summaries. Every packet is counted in
/// `packets` and in exactly one of the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// All packets.
    pub packets: u64,
    /// Those that gave a TCP segment.
    pub segments: u64,
    /// Those of an unknown link type, by its `LINKTYPE_` value.
    pub unknown_link_types: BTreeMap<u16, u64>,
    /// Those without IP.
    pub not_ip: u64,
    /// Those with IP but without TCP.
    pub not_tcp: u64,
    /// Fragments of TCP's datagrams that did not complete one.
    pub fragments: u64,
    /// Those whose headers the snap length cut. A payload that it cut counts
    /// as a segment.
    pub cut: u64,
    /// Those that break the rules of a layer.
    pub malformed: u64,
    /// What has become of fragmented datagrams: datagrams, not packets.
    pub datagrams: DatagramCounters,
}

/// What has become of fragmented datagrams that may carry TCP, each counted once
/// and from its first whole fragment on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DatagramCounters {
    /// Complete.
    pub complete: u64,
    /// Still waiting for fragments.
    pub waiting: u64,
    /// Given up after [`Limits::fragment_time`].
    ///
    /// [`Limits::fragment_time`]: crate::types::Limits::fragment_time
    pub timed_out: u64,
    /// Given up since [`Limits::datagrams`] or [`Limits::fragments`] was
    /// reached.
    ///
    /// [`Limits::datagrams`]: crate::types::Limits::datagrams
    /// [`Limits::fragments`]: crate::types::Limits::fragments
    pub evicted: u64,
    /// Given up since their fragments contradict one another, as only IPv6
    /// demands (RFC 5722).
    pub contradictory: u64,
}

impl DatagramCounters {
    /// Datagrams that were not put together.
    pub const fn incomplete(&self) -> u64 {
        self.waiting + self.timed_out + self.evicted + self.contradictory
    }
}

impl Counters {
    /// Counts one packet.
    pub(super) fn count(&mut self, result: Result<&Segment<'_>, &NoSegment>) {
        self.packets += 1;
        let counter = match result {
            Ok(_) => &mut self.segments,
            Err(NoSegment::UnknownLinkType(link_type)) => {
                self.unknown_link_types.entry(link_type.0).or_default()
            }
            Err(NoSegment::NotIp) => &mut self.not_ip,
            Err(NoSegment::NotTcp) => &mut self.not_tcp,
            Err(NoSegment::Fragment | NoSegment::FragmentContradicts) => &mut self.fragments,
            Err(NoSegment::CutBySnapLength { .. }) => &mut self.cut,
            Err(NoSegment::Malformed { .. }) => &mut self.malformed,
        };
        *counter += 1;
    }
}

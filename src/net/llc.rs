//! Logical link control (IEEE 802.2) and, for IP in it, SNAP (RFC 1042).

use etherparse::EtherType;

use super::bytes::Bytes;
use super::layers::Next;
use super::no_segment::{Layer, NoSegment};

/// Destination and source service access points that announce SNAP, and the
/// control field of an unnumbered frame.
const SNAP: [u8; 3] = [0xaa, 0xaa, 0x03];

/// The organization whose protocol numbers are Ethernet types.
const ETHERNET: [u8; 3] = [0, 0, 0];

/// Spanning tree and the like end here; SNAP has an Ethernet type.
pub(super) fn decode(bytes: Bytes<'_>) -> Result<(Next, Bytes<'_>), NoSegment> {
    let (llc, rest) = bytes.header(Layer::Llc)?;
    if *llc != SNAP {
        return Err(NoSegment::NotIp);
    }
    let (&[organization @ .., high, low], rest) = rest.header::<5>(Layer::Llc)?;
    if organization != ETHERNET {
        return Err(NoSegment::NotIp);
    }
    Ok((Next::EtherType(EtherType(u16::from_be_bytes([high, low]))), rest))
}

//! Ethernet (IEEE 802.3 §3.1.1).

use etherparse::EtherType;

use super::bytes::Bytes;
use super::layers::Next;
use super::no_segment::{Layer, NoSegment};

/// Destination, source and type. Padding at the end of the frame is told apart
/// by IP's own length.
pub(super) fn decode(bytes: Bytes<'_>) -> Result<(Next, Bytes<'_>), NoSegment> {
    let (&[.., high, low], rest) = bytes.header::<14>(Layer::Ethernet)?;
    Ok((Next::EtherType(EtherType(u16::from_be_bytes([high, low]))), rest))
}

//! VLAN tags: 802.1Q, 802.1ad (QinQ) and the older 0x9100 (IEEE 802.1Q §9.3).
//! They stack; each is a layer of its own.

use etherparse::EtherType;

use super::bytes::Bytes;
use super::layers::Next;
use super::no_segment::{Layer, NoSegment};

/// Priority and VLAN identifier, then the type of what is tagged.
pub(super) fn decode(bytes: Bytes<'_>) -> Result<(Next, Bytes<'_>), NoSegment> {
    let (&[_, _, high, low], rest) = bytes.header(Layer::Vlan)?;
    Ok((Next::EtherType(EtherType(u16::from_be_bytes([high, low]))), rest))
}

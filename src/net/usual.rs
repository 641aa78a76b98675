//! The usual packet: Ethernet, IP without options or fragments, TCP.
//!
//! Nearly all packets are like this, and are read here without a step from
//! layer to layer. `layers` would find the same in them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::ether_type;

use super::bytes::Bytes;
use super::layers::Addresses;
use super::tcp;
use crate::types::{LinkType, Packet, Segment};

/// Bytes of the headers.
const ETHERNET: usize = 14;
const IPV4: usize = 20;
const IPV6: usize = 40;

/// TCP's protocol number, as a pattern.
const TCP: u8 = tcp::PROTOCOL.0;

/// The segment in a packet of the usual kind; `None` in all others, and where
/// anything is wrong.
pub(super) fn segment<'a>(packet: &Packet<'a>) -> Option<Segment<'a>> {
    if packet.link_type != LinkType::ETHERNET {
        return None;
    }
    let &[.., high, low] = packet.data.first_chunk::<ETHERNET>()?;
    let datagram = Bytes::new(packet.data, packet.original_length).after(ETHERNET);
    let (addresses, bytes) = match etherparse::EtherType(u16::from_be_bytes([high, low])) {
        ether_type::IPV4 => ipv4(datagram)?,
        ether_type::IPV6 => ipv6(datagram)?,
        _ => return None,
    };
    tcp::segment(packet.origin, addresses, bytes).ok()
}

fn ipv4(bytes: Bytes<'_>) -> Option<(Addresses, Bytes<'_>)> {
    let header = bytes.captured().first_chunk::<IPV4>()?;
    let &[0x45, _, high, low, _, _, flags, offset, _, TCP, _, _, ref addresses @ ..] = header
    else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    // Neither more fragments nor an offset; "don't fragment" is usual.
    if flags & 0x3f != 0 || offset != 0 || length < IPV4 {
        return None;
    }
    let &[a, b, c, d, e, f, g, h] = addresses;
    let addresses = Addresses {
        source: IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
        destination: IpAddr::V4(Ipv4Addr::new(e, f, g, h)),
    };
    Some((addresses, bytes.of_length(length).after(IPV4)))
}

fn ipv6(bytes: Bytes<'_>) -> Option<(Addresses, Bytes<'_>)> {
    let header = bytes.captured().first_chunk::<IPV6>()?;
    let &[0x60..=0x6f, _, _, _, high, low, TCP, _, ref addresses @ ..] = header else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length == 0 {
        return None;
    }
    let (source, destination) = addresses.split_first_chunk::<16>()?;
    let addresses = Addresses {
        source: IpAddr::V6(Ipv6Addr::from(*source)),
        destination: IpAddr::V6(Ipv6Addr::from(*destination.first_chunk::<16>()?)),
    };
    Some((addresses, bytes.after(IPV6).of_length(length)))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::super::layers::{self, Found, Next};
    use super::super::packets::{Ip, ethernet, origin, tcp};
    use super::*;

    /// What is found layer by layer.
    fn walked<'a>(packet: &Packet<'a>) -> Option<Segment<'a>> {
        let bytes = Bytes::new(packet.data, packet.original_length);
        match layers::walk(Next::Link(packet.link_type), bytes).ok()? {
            Found::Tcp(addresses, bytes) => tcp::segment(packet.origin, addresses, bytes).ok(),
            Found::Fragment(..) => None,
        }
    }

    proptest! {
        #[test]
        fn the_layers_say_the_same(
            is_v6 in any::<bool>(),
            payload in vec(any::<u8>(), 0..40),
            changes in vec((0..80_usize, any::<u8>()), 0..4),
            cut in prop::option::of(any::<Index>()),
            padding in 0..10_usize,
            original_length in 0..200_u32,
        ) {
            let ip = if is_v6 { Ip::V6 } else { Ip::V4 };
            let datagram = ip.datagram(TCP, &tcp(&payload));
            let mut data = [ethernet(ip.ether_type(), &datagram), vec![0; padding]].concat();
            for (at, byte) in &changes {
                if let Some(place) = data.get_mut(*at) {
                    *place = *byte;
                }
            }
            let length = cut.map_or(data.len(), |cut| cut.index(data.len()));
            let packet = Packet {
                origin: origin(1),
                link_type: LinkType::ETHERNET,
                data: &data[..length],
                original_length,
            };
            let found = segment(&packet);
            if changes.is_empty() && cut.is_none() {
                prop_assert!(found.is_some());
            }
            if let Some(found) = found {
                prop_assert_eq!(format!("{found:?}"), format!("{:?}", walked(&packet).unwrap()));
            }
        }
    }
}

//! IPv6 and its extension headers (RFC 8200).

use std::net::IpAddr;

use etherparse::err::ipv6::{HeaderError, HeaderSliceError};
use etherparse::{
    IpNumber, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, Ipv6RawExtHeaderSlice, ip_number,
};

use super::bytes::Bytes;
use super::fragments::Fragment;
use super::layers::{Addresses, Next};
use super::no_segment::{Fault, Layer, NoSegment};

/// Splits the fixed header from what it carries.
pub(super) fn decode(bytes: Bytes<'_>) -> Result<(Next, Bytes<'_>), NoSegment> {
    let header = Ipv6HeaderSlice::from_slice(bytes.captured()).map_err(|error| match error {
        HeaderSliceError::Len(error) => bytes.too_short(Layer::Ipv6, error.required_len),
        HeaderSliceError::Content(HeaderError::UnexpectedVersion { version_number }) => {
            bytes.malformed(Layer::Ipv6, Fault::Version(version_number))
        }
    })?;

    let payload = bytes.after(header.slice().len());
    let payload = match usize::from(header.payload_length()) {
        // A jumbogram (RFC 2675), or a packet that the network card is still to
        // cut into segments: there is nothing but what was captured to go by.
        0 => payload,
        length => payload.of_length(length),
    };
    let addresses = Addresses {
        source: IpAddr::V6(header.source_addr()),
        destination: IpAddr::V6(header.destination_addr()),
    };
    Ok((Next::Protocol(header.next_header(), addresses), payload))
}

/// Splits one extension header (RFC 8200 §4) from what follows it. Their order
/// is not judged.
pub(super) fn extension(
    number: IpNumber,
    addresses: Addresses,
    bytes: Bytes<'_>,
) -> Result<(Next, Bytes<'_>), NoSegment> {
    match number {
        ip_number::IPV6_HOP_BY_HOP | ip_number::IPV6_ROUTE | ip_number::IPV6_DEST_OPTIONS => {
            let header = Ipv6RawExtHeaderSlice::from_slice(bytes.captured())
                .map_err(|error| bytes.too_short(Layer::Ipv6Extension, error.required_len))?;
            let next = Next::Protocol(header.next_header(), addresses);
            Ok((next, bytes.after(header.slice().len())))
        }
        ip_number::IPV6_FRAG => {
            let header = Ipv6FragmentHeaderSlice::from_slice(bytes.captured())
                .map_err(|error| bytes.too_short(Layer::Ipv6Extension, error.required_len))?;
            Ok((fragment(&header, addresses), bytes.after(header.slice().len())))
        }
        _ => Err(NoSegment::NotTcp),
    }
}

/// An atomic fragment (RFC 6946) is a whole datagram, and never mixed with
/// others of the same identification.
fn fragment(header: &Ipv6FragmentHeaderSlice<'_>, addresses: Addresses) -> Next {
    if !header.is_fragmenting_payload() {
        return Next::Protocol(header.next_header(), addresses);
    }
    Next::Fragment(Fragment {
        addresses,
        protocol: header.next_header(),
        identification: header.identification(),
        offset: header.fragment_offset().byte_offset(),
        more: header.more_fragments(),
    })
}

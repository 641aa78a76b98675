//! IPv4 (RFC 791).

use std::net::IpAddr;

use etherparse::Ipv4HeaderSlice;
use etherparse::err::ipv4::{HeaderError, HeaderSliceError};

use super::bytes::Bytes;
use super::fragments::Fragment;
use super::layers::{Addresses, Next};
use super::no_segment::{Fault, Layer, NoSegment};

/// Splits the header, options included, from what it carries.
pub(super) fn decode(bytes: Bytes<'_>) -> Result<(Next, Bytes<'_>), NoSegment> {
    let header = Ipv4HeaderSlice::from_slice(bytes.captured()).map_err(|error| match error {
        HeaderSliceError::Len(error) => bytes.too_short(Layer::Ipv4, error.required_len),
        HeaderSliceError::Content(HeaderError::UnexpectedVersion { version_number }) => {
            bytes.malformed(Layer::Ipv4, Fault::Version(version_number))
        }
        HeaderSliceError::Content(HeaderError::HeaderLengthSmallerThanHeader { ihl }) => {
            bytes.malformed(Layer::Ipv4, Fault::HeaderLength(ihl * 4))
        }
    })?;

    let header_length = header.slice().len();
    let datagram = match usize::from(header.total_len()) {
        // The kernel hands large packets to the network card, which is to cut
        // them into segments (TSO), with no length at all.
        0 => bytes,
        length if length < header_length => {
            return Err(bytes.malformed(Layer::Ipv4, Fault::TotalLength(header.total_len())));
        }
        length => bytes.of_length(length),
    };

    let addresses = Addresses {
        source: IpAddr::V4(header.source_addr()),
        destination: IpAddr::V4(header.destination_addr()),
    };
    let next = if header.is_fragmenting_payload() {
        Next::Fragment(Fragment {
            addresses,
            protocol: header.protocol(),
            identification: header.identification().into(),
            offset: header.fragments_offset().byte_offset(),
            more: header.more_fragments(),
        })
    } else {
        Next::Protocol(header.protocol(), addresses)
    };
    Ok((next, datagram.after(header_length)))
}

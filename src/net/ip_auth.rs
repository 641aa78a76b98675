//! IP authentication header (RFC 4302), in IPv4 and IPv6. What it protects is
//! not encrypted.

use etherparse::err::ip_auth::{HeaderError, HeaderSliceError};
use etherparse::{IpAuthHeaderSlice, IpNumber};

use super::bytes::Bytes;
use super::layers::{Addresses, Next};
use super::no_segment::{Fault, Layer, NoSegment};

/// Its protocol number.
pub(super) const PROTOCOL: IpNumber = IpNumber::AUTHENTICATION_HEADER;

/// Splits it from what follows.
pub(super) fn decode(
    addresses: Addresses,
    bytes: Bytes<'_>,
) -> Result<(Next, Bytes<'_>), NoSegment> {
    let header = IpAuthHeaderSlice::from_slice(bytes.captured()).map_err(|error| match error {
        HeaderSliceError::Len(error) => bytes.too_short(Layer::IpAuth, error.required_len),
        // The field counts words of four bytes and leaves out two of them.
        HeaderSliceError::Content(HeaderError::ZeroPayloadLen) => {
            bytes.malformed(Layer::IpAuth, Fault::HeaderLength(8))
        }
    })?;
    let next = Next::Protocol(header.next_header(), addresses);
    Ok((next, bytes.after(header.slice().len())))
}

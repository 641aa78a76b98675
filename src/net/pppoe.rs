//! PPPoE, session stage (RFC 2516 §4).

use super::bytes::Bytes;
use super::layers::Next;
use super::no_segment::{Layer, NoSegment};

/// Version 1, type 1.
const VERSION_TYPE: u8 = 0x11;
/// Code of session data.
const SESSION: u8 = 0;
/// PPP protocol numbers (RFC 1332 §4, RFC 5072 §3).
const PPP_IPV4: [u8; 2] = [0x00, 0x21];
const PPP_IPV6: [u8; 2] = [0x00, 0x57];

/// Version, code, session, length; then PPP's protocol. The length is left to
/// IP's.
pub(super) fn decode(bytes: Bytes<'_>) -> Result<(Next, Bytes<'_>), NoSegment> {
    let (&[version_type, code, _, _, _, _, protocol @ ..], rest) =
        bytes.header::<8>(Layer::Pppoe)?;
    match (version_type, code, protocol) {
        (VERSION_TYPE, SESSION, PPP_IPV4) => Ok((Next::Ipv4, rest)),
        (VERSION_TYPE, SESSION, PPP_IPV6) => Ok((Next::Ipv6, rest)),
        _ => Err(NoSegment::NotIp),
    }
}

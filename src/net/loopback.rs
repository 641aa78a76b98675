//! BSD loopback: `LINKTYPE_NULL` and `LINKTYPE_LOOP`.

use super::bytes::Bytes;
use super::layers::Next;
use super::no_segment::{Layer, NoSegment};

/// An address family in four bytes: for `NULL` in the byte order of the machine
/// that captured, whichever that was, for `LOOP` in network order. Families are
/// small, so that either order is told by where the zeros are.
pub(super) fn decode(bytes: Bytes<'_>) -> Result<(Next, Bytes<'_>), NoSegment> {
    let (family, rest) = bytes.header(Layer::Loopback)?;
    let (&[family, 0, 0, 0] | &[0, 0, 0, family]) = family else {
        return Err(NoSegment::NotIp);
    };
    match family {
        // AF_INET is 2 everywhere.
        2 => Ok((Next::Ipv4, rest)),
        // AF_INET6 on Linux; NetBSD and OpenBSD; FreeBSD; macOS.
        10 | 24 | 28 | 30 => Ok((Next::Ipv6, rest)),
        _ => Err(NoSegment::NotIp),
    }
}

//! TCP headers (RFC 9293 §3.1).

use etherparse::err::tcp::{HeaderError, HeaderSliceError};
use etherparse::{IpNumber, TcpHeaderSlice};

use crate::types::{Endpoint, Flow, Origin, Segment, Seq, TcpFlags};

use super::bytes::Bytes;
use super::layers::Addresses;
use super::no_segment::{Fault, Layer, NoSegment};

/// Its protocol number.
pub(super) const PROTOCOL: IpNumber = IpNumber::TCP;

/// The segment that begins with `bytes`.
pub(super) fn segment<'a>(
    origin: Origin,
    addresses: Addresses,
    bytes: Bytes<'a>,
) -> Result<Segment<'a>, NoSegment> {
    let header = TcpHeaderSlice::from_slice(bytes.captured()).map_err(|error| match error {
        HeaderSliceError::Len(error) => bytes.too_short(Layer::Tcp, error.required_len),
        HeaderSliceError::Content(HeaderError::DataOffsetTooSmall { data_offset }) => {
            bytes.malformed(Layer::Tcp, Fault::HeaderLength(data_offset * 4))
        }
    })?;

    let payload = bytes.after(header.slice().len());
    let flags = TcpFlags(header.slice().get(13).copied().unwrap_or_default());
    let length = payload.captured().len() + payload.cut() as usize;
    Ok(Segment {
        origin: Origin { tcp_length: u32::try_from(length).unwrap_or(u32::MAX), ..origin },
        flow: Flow {
            source: Endpoint { address: addresses.source, port: header.source_port() },
            destination: Endpoint {
                address: addresses.destination,
                port: header.destination_port(),
            },
        },
        seq: Seq(header.sequence_number()),
        ack: header.ack().then(|| Seq(header.acknowledgment_number())),
        flags,
        window: header.window_size(),
        window_scale: if header.syn() { window_scale(header.options()) } else { None },
        payload: payload.captured(),
        cut: payload.cut(),
    })
}

/// The shift count of the window scale option, at most 14 (RFC 7323 §2.3).
///
/// Options that cannot be read end the search and harm nothing else: what they
/// say is not needed to follow the payload.
fn window_scale(mut options: &[u8]) -> Option<u8> {
    const END: u8 = 0;
    const NO_OPERATION: u8 = 1;
    const WINDOW_SCALE: u8 = 3;
    const LARGEST: u8 = 14;

    loop {
        options = match *options {
            [] | [END, ..] => return None,
            [NO_OPERATION, ref rest @ ..] => rest,
            [WINDOW_SCALE, 3, shift, ..] => return Some(shift.min(LARGEST)),
            [_, length @ (2..), ..] => options.get(usize::from(length)..)?,
            _ => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_scale_is_found_behind_any_options() {
        assert_eq!(window_scale(&[3, 3, 7]), Some(7));
        assert_eq!(window_scale(&[1, 1, 3, 3, 0]), Some(0));
        assert_eq!(window_scale(&[2, 4, 5, 180, 34, 2, 99, 5, 0, 0, 0, 3, 3, 14]), Some(14));
        assert_eq!(window_scale(&[3, 3, 255]), Some(14));
    }

    #[test]
    fn broken_options_have_no_window_scale() {
        let broken: [&[u8]; 8] = [
            &[],
            &[0, 3, 3, 7],
            &[3],
            &[3, 3],
            &[3, 4, 7, 7],
            &[2, 0, 3, 3, 7],
            &[2, 1, 3, 3, 7],
            &[2, 200, 3, 3, 7],
        ];
        for options in broken {
            assert_eq!(window_scale(options), None, "{options:?}");
        }
    }
}

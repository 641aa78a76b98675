//! Frame headers (RFC 6455 §5.2).
//!
//! ```text
//!  0               1               2               3
//!  0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7
//! ┌─┬─────┬───────┬─┬─────────────┬───────────────────────────────┐
//! │F│ RSV │opcode │M│ length 0–125│ 126: length in 2 bytes        │
//! │I│1 2 3│       │ │             │ 127: length in 8 bytes        │
//! │N│     │       │ │             │ then, if M, the key in 4      │
//! └─┴─────┴───────┴─┴─────────────┴───────────────────────────────┘
//! ```

use crate::types::Opcode;

/// The longest header: two bytes, a 64-bit length and a masking key.
pub(super) const MAX_HEADER: usize = 14;

/// The longest payload of a control frame (RFC 6455 §5.5).
pub(super) const MAX_CONTROL: u64 = 125;

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Final fragment of a message.
    pub fin: bool,
    /// RSV1, RSV2 and RSV3: 4, 2 and 1.
    pub rsv: u8,
    /// What the frame is.
    pub opcode: Opcode,
    /// Masking key, if it is masked.
    pub masking_key: Option<[u8; 4]>,
    /// Payload bytes.
    pub length: u64,
    /// Bytes of the header itself: 2 to 14.
    pub header_length: usize,
}

/// Why there is no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// It goes on beyond the bytes given.
    Incomplete,
    /// Its 64-bit length has the top bit set, which leaves no telling where
    /// the next frame begins.
    LengthOverflow(u64),
}

impl FrameHeader {
    /// RSV1, which permessage-deflate gives its meaning (RFC 7692 §6).
    pub const RSV1: u8 = 4;

    /// Reads the header that `bytes` begins with.
    ///
    /// # Errors
    /// When it is incomplete, or its length impossible.
    pub fn parse(bytes: &[u8]) -> Result<Self, HeaderError> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Err(HeaderError::Incomplete);
        };
        let (length, rest) = match second & 0x7f {
            126 => take(rest).map(|(bytes, rest)| (u16::from_be_bytes(*bytes).into(), rest))?,
            127 => take(rest).map(|(bytes, rest)| (u64::from_be_bytes(*bytes), rest))?,
            short => (short.into(), rest),
        };
        let (masking_key, rest) = match second & 0x80 {
            0 => (None, rest),
            _ => take(rest).map(|(key, rest)| (Some(*key), rest))?,
        };
        if length >> 63 != 0 {
            return Err(HeaderError::LengthOverflow(length));
        }
        Ok(Self {
            fin: first & 0x80 != 0,
            rsv: first >> 4 & 0x7,
            opcode: Opcode::from_nibble(first),
            masking_key,
            length,
            header_length: bytes.len() - rest.len(),
        })
    }
}

fn take<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), HeaderError> {
    bytes.split_first_chunk().ok_or(HeaderError::Incomplete)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_6455_section_5_7() {
        let hello = FrameHeader::parse(b"\x81\x05Hello").unwrap();
        assert_eq!((hello.fin, hello.opcode, hello.length), (true, Opcode::Text, 5));
        assert_eq!(hello.masking_key, None);
        let masked = FrameHeader::parse(b"\x81\x85\x37\xfa\x21\x3d\x7f").unwrap();
        assert_eq!(masked.masking_key, Some([0x37, 0xfa, 0x21, 0x3d]));
        assert_eq!((masked.length, masked.header_length), (5, 6));
        let fragment = FrameHeader::parse(b"\x01\x03Hel").unwrap();
        assert!(!fragment.fin);
        let binary = FrameHeader::parse(b"\x82\x7e\x01\x00").unwrap();
        assert_eq!((binary.length, binary.header_length), (256, 4));
        let large = FrameHeader::parse(b"\x82\x7f\0\0\0\0\0\x01\0\0").unwrap();
        assert_eq!((large.length, large.header_length), (65536, 10));
    }

    #[test]
    fn every_cut_is_incomplete() {
        let longest = b"\x82\xff\0\0\0\0\0\x01\0\0\x01\x02\x03\x04";
        assert_eq!(longest.len(), MAX_HEADER);
        for end in 0..MAX_HEADER {
            assert_eq!(FrameHeader::parse(&longest[..end]), Err(HeaderError::Incomplete));
        }
        assert_eq!(FrameHeader::parse(longest).unwrap().header_length, MAX_HEADER);
    }

    #[test]
    fn the_top_bit_of_a_length_is_refused() {
        let bytes = b"\x82\x7f\x80\0\0\0\0\0\0\0";
        assert_eq!(FrameHeader::parse(bytes), Err(HeaderError::LengthOverflow(1 << 63)));
    }

    #[test]
    fn reserved_bits_and_opcodes_are_kept() {
        let header = FrameHeader::parse(b"\xf3\x00").unwrap();
        assert_eq!((header.rsv, header.opcode), (7, Opcode::Reserved(3)));
        assert_eq!(FrameHeader::parse(b"\xc1\x00").unwrap().rsv, FrameHeader::RSV1);
    }
}

//! Reading the fields of packets (MQTT 5.0 §1.5).

/// What is left of a packet, or of a part of it. Its methods give `None` where it ends
/// first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    /// §1.5.2
    pub(super) fn two_bytes(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// §1.5.3
    pub(super) fn four_bytes(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Seven bits in each byte, the lowest first, at most four bytes (§1.5.5). `None`
    /// also where a fifth would follow.
    pub(super) fn variable(&mut self) -> Option<u32> {
        let mut value = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// Text or bytes behind a length of two bytes (§1.5.4, §1.5.6).
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.two_bytes()?;
        self.take(length.into())
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MQTT 5.0 §1.5.5, Table 1-1.
    #[test]
    fn variable_byte_integers() {
        for (bytes, value) in [
            (&b"\x00"[..], 0),
            (b"\x7f", 127),
            (b"\x80\x01", 128),
            (b"\xff\x7f", 16_383),
            (b"\x80\x80\x01", 16_384),
            (b"\xff\xff\x7f", 2_097_151),
            (b"\x80\x80\x80\x01", 2_097_152),
            (b"\xff\xff\xff\x7f", 268_435_455),
        ] {
            assert_eq!(Reader(bytes).variable(), Some(value), "{bytes:?}");
            assert_eq!(Reader(&bytes[..bytes.len() - 1]).variable(), None, "{bytes:?}");
        }
        assert_eq!(Reader(b"\xff\xff\xff\xff\x01").variable(), None);
    }

    #[test]
    fn fields_one_after_the_other() {
        let mut reader = Reader(b"\x01\x02\x03\x00\x00\x00\x04\x00\x02hi\x00\x05");
        assert_eq!((reader.byte(), reader.two_bytes()), (Some(1), Some(0x203)));
        assert_eq!((reader.four_bytes(), reader.string()), (Some(4), Some(&b"hi"[..])));
        assert_eq!(reader.string(), None);
        assert!(reader.is_empty());
    }
}

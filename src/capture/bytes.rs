//! Integers in either byte order.

/// How a file writes integers of several bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl ByteOrder {
    /// The order in which `bytes` are `magic`, if either is.
    pub(super) fn of(bytes: [u8; 4], magic: u32) -> Option<Self> {
        [Self::Little, Self::Big].into_iter().find(|order| order.decode(bytes) == magic)
    }

    /// The 16 bits at `offset`; `None` when they are not all there.
    pub(super) fn u16(self, bytes: &[u8], offset: usize) -> Option<u16> {
        let field = *bytes.get(offset..)?.first_chunk()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(field),
            Self::Big => u16::from_be_bytes(field),
        })
    }

    /// The 32 bits at `offset`; `None` when they are not all there.
    pub(super) fn u32(self, bytes: &[u8], offset: usize) -> Option<u32> {
        Some(self.decode(*bytes.get(offset..)?.first_chunk()?))
    }

    /// The 64 bits at `offset`; `None` when they are not all there.
    pub(super) fn i64(self, bytes: &[u8], offset: usize) -> Option<i64> {
        let field = *bytes.get(offset..)?.first_chunk()?;
        Some(match self {
            Self::Little => i64::from_le_bytes(field),
            Self::Big => i64::from_be_bytes(field),
        })
    }

    fn decode(self, field: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(field),
            Self::Big => u32::from_be_bytes(field),
        }
    }
}

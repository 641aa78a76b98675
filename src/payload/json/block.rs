//! Some bytes of text, compared together.

use fearless_simd::{Simd, mask8x64, prelude::*, u8x16, u8x64};

use crate::types::json_block::BLOCK;

/// Bytes of a register that every processor has.
const PART: usize = 16;

/// 64 bytes, less the first `before`, which belong to what came earlier. It stays
/// in registers.
#[derive(Clone, Copy)]
pub(super) struct Block<S: Simd> {
    simd: S,
    bytes: u8x64<S>,
    before: usize,
}

impl<S: Simd> Block<S> {
    /// All of `bytes`.
    #[inline(always)]
    pub(super) fn new(simd: S, bytes: &[u8; BLOCK]) -> Self {
        Self { simd, bytes: u8x64::simd_from(simd, *bytes), before: 0 }
    }

    /// `rest`, which `text` ends with, and spaces.
    #[inline(always)]
    pub(super) fn last(simd: S, text: &[u8], rest: &[u8]) -> Self {
        match text.last_chunk() {
            Some(bytes) => Self { before: BLOCK - rest.len(), ..Self::new(simd, bytes) },
            None => Self::padded(simd, rest),
        }
    }

    /// `text`, which is less than a block, and spaces. Not put together in
    /// memory: to load what was just stored in pieces takes long.
    #[inline(always)]
    fn padded(simd: S, text: &[u8]) -> Self {
        let mut parts = [u8x16::splat(simd, b' '); BLOCK / PART];
        let (whole, rest) = text.as_chunks();
        let mut places = parts.iter_mut();
        for (bytes, part) in whole.iter().zip(places.by_ref()) {
            *part = u8x16::simd_from(simd, *bytes);
        }
        if let Some(part) = places.next() {
            let spaces = u128::from_le_bytes([b' '; PART]);
            let bits = u8::BITS * rest.len() as u32;
            let last = match text.last_chunk() {
                Some(bytes) => u128::from_le_bytes(*bytes).checked_shr(u128::BITS - bits),
                None => Some(rest.iter().rev().fold(0, |all, byte| all << 8 | u128::from(*byte))),
            };
            let bytes = last.unwrap_or(0) | spaces.checked_shl(bits).unwrap_or(0);
            *part = u8x16::simd_from(simd, bytes.to_le_bytes());
        }
        let [a, b, c, d] = parts;
        Self { simd, bytes: a.combine(b).combine(c.combine(d)), before: 0 }
    }

    /// A bit for each byte that `marks` marks, the first lowest.
    #[inline(always)]
    fn bits(&self, marks: mask8x64<S>) -> u64 {
        marks.to_bitmask() >> self.before
    }

    #[inline(always)]
    fn marks(&self, byte: u8) -> mask8x64<S> {
        self.bytes.simd_eq(byte)
    }

    /// Which bytes are this one.
    #[inline(always)]
    pub(super) fn equal(&self, byte: u8) -> u64 {
        self.bits(self.marks(byte))
    }

    /// Which bytes are not in that range.
    #[inline(always)]
    pub(super) fn outside(&self, first: u8, last: u8) -> u64 {
        // Those below wrap around, so that one comparison does.
        self.bits((self.bytes - first).simd_gt(last - first))
    }

    /// Which bytes are structural characters (RFC 8259 §2), in strings too.
    #[inline(always)]
    pub(super) fn structural(&self) -> u64 {
        let brackets = self.bytes | u8x64::splat(self.simd, b' ');
        let brackets = brackets.simd_eq(b'{') | brackets.simd_eq(b'}');
        self.bits(self.marks(b',') | self.marks(b':') | brackets)
    }
}

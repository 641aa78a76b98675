//! JSON looked at 64 bytes at a time: what each of them is, a bit for each, the
//! first in the lowest.
//!
//! The processor does not have to guess where a token ends before it can look
//! at the next, which costs more than all else.

/// Bytes that are looked at together.
pub(crate) const BLOCK: usize = u64::BITS as usize;

/// What characters begin with that JSON need not escape and that could steer a
/// terminal, and others that are told from them only by a closer look.
pub(crate) const SUSPICIOUS: [u8; 4] = [0x7f, 0xc2, 0xd8, 0xe2];

/// Where in the JSON a block begins.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    is_in_string: bool,
    is_after_backslash: bool,
}

/// What of a block belongs to strings.
#[derive(Clone, Copy)]
pub(crate) struct Strings {
    /// Set from each opening quote to before the closing one.
    pub(crate) inside: u64,
    /// The quotes that open and close them.
    pub(crate) quotes: u64,
    /// What follows a backslash that is none such itself.
    pub(crate) escaped: u64,
}

impl Place {
    /// Whether the block begins in a string, with what stands for itself or
    /// begins an escape.
    #[inline]
    pub(crate) fn is_in_string(self) -> bool {
        self.is_in_string && !self.is_after_backslash
    }

    /// Whether nothing is left open.
    pub(crate) fn is_outside(self) -> bool {
        !self.is_in_string
    }

    /// Goes on by `count` bytes, at most a block, which has these quotes and
    /// backslashes.
    #[inline]
    pub(crate) fn pass(&mut self, quotes: u64, backslashes: u64, count: usize) -> Strings {
        let passed = ones_below(count);
        let escaped = self.escaped(backslashes & passed, count);
        let quotes = quotes & passed & !escaped;
        let inside = parity(quotes) ^ if self.is_in_string { u64::MAX } else { 0 };
        if let Some(last) = count.checked_sub(1) {
            self.is_in_string = inside >> last & 1 == 1;
        }
        Strings { inside, quotes, escaped }
    }

    #[inline]
    fn escaped(&mut self, backslashes: u64, count: usize) -> u64 {
        if backslashes == 0 && !self.is_after_backslash {
            return 0;
        }
        let mut escaped = u128::from(self.is_after_backslash);
        let mut rest = u128::from(backslashes) & !escaped;
        while rest != 0 {
            let next = 2 << rest.trailing_zeros();
            escaped |= next;
            rest &= !(next | next >> 1);
        }
        self.is_after_backslash = escaped >> count & 1 == 1;
        escaped as u64
    }
}

/// The places that are set, the lowest first.
#[inline]
pub(crate) fn places(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        if bits == 0 {
            return None;
        }
        let place = bits.trailing_zeros() as usize;
        bits &= bits - 1;
        Some(place)
    })
}

/// The lowest `count` bits, at most 64.
#[inline]
pub(crate) fn ones_below(count: usize) -> u64 {
    u64::MAX.checked_shr((BLOCK - count) as u32).unwrap_or(0)
}

/// Each bit tells whether an odd number is set up to it.
#[inline]
fn parity(mut bits: u64) -> u64 {
    for distance in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << distance;
    }
    bits
}

/// What this processor can do, and less.
#[cfg(test)]
pub(crate) fn levels() -> impl Iterator<Item = fearless_simd::Level> {
    use fearless_simd::{Level, Simd};
    let best = Level::new();
    #[cfg(target_arch = "x86_64")]
    let others = [
        best.as_avx2().map(Simd::level),
        best.as_sse4_2().map(Simd::level),
        best.as_sse2().map(Simd::level),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let others = [Some(Level::baseline())];
    [best].into_iter().chain(others.into_iter().flatten())
}

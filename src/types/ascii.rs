//! Runs of ASCII characters, looked for sixteen bytes at a time: text is
//! mostly made of them, and every payload that is text is looked through.

use fearless_simd::{Level, Simd, dispatch, mask8x16, prelude::*, u8x16};

/// Bytes that are looked at together.
const BLOCK: usize = 16;

/// How many printable ASCII characters `bytes` begin with.
#[inline]
pub(crate) fn printable(bytes: &[u8]) -> usize {
    dispatch!(Level::baseline(), simd => run(simd, bytes, 0, unprintable))
}

/// How many printable ASCII characters stand at `at` that stand for themselves
/// in a JSON string: all but quotes and backslashes.
#[inline]
pub(crate) fn unquoted(bytes: &[u8], at: usize) -> usize {
    dispatch!(Level::baseline(), simd => run(simd, bytes, at, |block| {
        unprintable(block) | block.simd_eq(b'"') | block.simd_eq(b'\\')
    }))
}

/// How many digits stand at `at`.
#[inline]
pub(crate) fn digits(bytes: &[u8], at: usize) -> usize {
    dispatch!(Level::baseline(), simd => run(simd, bytes, at, |block| outside(block, b'0', b'9')))
}

/// How many bytes from `at` on are not marked by `stops`.
///
/// Most runs are short, which is why nothing more than every processor has is
/// used: to find out what else this one has would take as long.
#[inline(always)]
fn run<S: Simd>(
    simd: S,
    bytes: &[u8],
    at: usize,
    stops: impl Fn(u8x16<S>) -> mask8x16<S>,
) -> usize {
    let whole = bytes.get(at..).unwrap_or_default();
    let load = |block: &[u8; BLOCK]| u8x16::simd_from(simd, *block);
    let mut rest = whole;
    let mut is_short = true;
    while let Some((block, after)) = rest.split_first_chunk() {
        let marks = stops(load(block)).to_bitmask();
        if marks != 0 {
            return whole.len() - rest.len() + marks.trailing_zeros() as usize;
        }
        rest = after;
        if is_short {
            is_short = false;
            rest = long_run(simd, rest, &stops);
        }
    }
    let marks = match bytes.last_chunk() {
        // Those before were looked at, or are not asked for.
        Some(block) => stops(load(block)).to_bitmask() >> (BLOCK - rest.len()),
        None => stops(load(&padded(rest))).to_bitmask(),
    };
    whole.len() - rest.len() + rest.len().min(marks.trailing_zeros() as usize)
}

/// What is left after as many times four blocks as belong to the run.
#[inline(always)]
fn long_run<S: Simd>(simd: S, mut rest: &[u8], stops: impl Fn(u8x16<S>) -> mask8x16<S>) -> &[u8] {
    while let Some((blocks, after)) = rest.split_first_chunk::<{ 4 * BLOCK }>() {
        let (blocks, _) = blocks.as_chunks::<BLOCK>();
        let mut marks = mask8x16::splat(simd, false);
        for block in blocks {
            marks |= stops(u8x16::simd_from(simd, *block));
        }
        if marks.any_true() {
            break;
        }
        rest = after;
    }
    rest
}

/// Less than a block.
fn padded(bytes: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    for (to, from) in block.iter_mut().zip(bytes) {
        *to = *from;
    }
    block
}

/// Marks control characters, DEL and what is not ASCII.
#[inline(always)]
fn unprintable<S: Simd>(block: u8x16<S>) -> mask8x16<S> {
    outside(block, b' ', b'~')
}

/// Marks bytes that are not in that range.
#[inline(always)]
fn outside<S: Simd>(block: u8x16<S>, first: u8, last: u8) -> mask8x16<S> {
    // Those below wrap around, so that one comparison does.
    (block - first).simd_gt(last - first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let run = prop::collection::vec(b' '..=b'~', 0..60);
        let digits = prop::collection::vec(b'0'..=b'9', 0..60);
        let other = prop::collection::vec(any::<u8>(), 0..6);
        (run, digits, other).prop_map(|parts| [parts.0, parts.1, parts.2].concat())
    }

    proptest! {
        #[test]
        fn runs_end_where_they_do_byte_by_byte(bytes in bytes(), from in 0_usize..120) {
            let rest = bytes.get(from..).unwrap_or_default();
            let count = |belongs: fn(&u8) -> bool| rest.iter().copied().take_while(belongs).count();
            prop_assert_eq!(printable(rest), count(|byte| matches!(byte, b' '..=b'~')));
            let is_unquoted: fn(&u8) -> bool =
                |byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
            prop_assert_eq!(unquoted(&bytes, from), count(is_unquoted));
            prop_assert_eq!(digits(&bytes, from), count(u8::is_ascii_digit));
        }
    }

    #[test]
    fn every_byte_at_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..50 {
                let mut bytes = [b'7'; 50];
                bytes[place] = byte;
                let end = |belongs: bool| if belongs { 50 } else { place };
                let is_printable = matches!(byte, b' '..=b'~');
                assert_eq!(printable(&bytes), end(is_printable));
                assert_eq!(unquoted(&bytes, 0), end(is_printable && byte != b'"' && byte != b'\\'));
                assert_eq!(digits(&bytes, 0), end(byte.is_ascii_digit()));
            }
        }
    }
}

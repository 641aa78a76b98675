//! Runs of ASCII characters, looked for sixteen bytes at a time: text is
//! mostly made of them, and every payload that is text is looked through.

use wide::u8x16;

/// Bytes that are looked at together.
const BLOCK: usize = 16;

/// How many printable ASCII characters `bytes` begin with.
#[inline]
pub(crate) fn printable(bytes: &[u8]) -> usize {
    run(bytes, 0, unprintable)
}

/// How many printable ASCII characters stand at `at` that stand for themselves
/// in a JSON string: all but quotes and backslashes.
#[inline]
pub(crate) fn unquoted(bytes: &[u8], at: usize) -> usize {
    run(bytes, at, |block| unprintable(block) | equal(block, b'"') | equal(block, b'\\'))
}

/// Bytes of the rest of a JSON string, its quote included, where they are a
/// block at most and otherwise [`unquoted`].
#[inline]
pub(crate) fn short_string(bytes: &[u8], at: usize) -> Option<usize> {
    let (block, before) = block(bytes, at)?;
    let quotes = equal(block, b'"');
    let stops = unprintable(block) | quotes | equal(block, b'\\');
    let stops = stops.to_bitmask() >> before;
    let first = stops & stops.wrapping_neg();
    // Not by a look at the byte: where the string ends is known sooner.
    (first & quotes.to_bitmask() >> before != 0).then_some(first.trailing_zeros() as usize + 1)
}

/// How many digits stand at `at`.
#[inline]
pub(crate) fn digits(bytes: &[u8], at: usize) -> usize {
    run(bytes, at, |block| outside(block, b'0', b'9'))
}

/// How many bytes from `at` on are not marked by `stops`.
#[inline]
fn run(bytes: &[u8], at: usize, stops: impl Fn(u8x16) -> u8x16) -> usize {
    let whole = bytes.get(at..).unwrap_or_default();
    let mut rest = whole;
    let mut is_short = true;
    while let Some((block, after)) = rest.split_first_chunk::<BLOCK>() {
        let marks = stops(u8x16::new(*block)).to_bitmask();
        if marks != 0 {
            return whole.len() - rest.len() + marks.trailing_zeros() as usize;
        }
        rest = after;
        if is_short {
            is_short = false;
            rest = long_run(rest, &stops);
        }
    }
    let marks = match bytes.last_chunk::<BLOCK>() {
        // Those before were looked at, or are not asked for.
        Some(block) => stops(u8x16::new(*block)).to_bitmask() >> (BLOCK - rest.len()),
        None => stops(padded(rest)).to_bitmask(),
    };
    whole.len() - rest.len() + rest.len().min(marks.trailing_zeros() as usize)
}

/// What is left after as many times four blocks as belong to the run.
#[inline]
fn long_run(mut rest: &[u8], stops: impl Fn(u8x16) -> u8x16) -> &[u8] {
    while let Some((blocks, after)) = rest.split_first_chunk::<{ 4 * BLOCK }>() {
        let (blocks, _) = blocks.as_chunks::<BLOCK>();
        let marks = blocks.iter().fold(u8x16::ZERO, |all, block| all | stops(u8x16::new(*block)));
        if marks.any() {
            break;
        }
        rest = after;
    }
    rest
}

/// A block and how many of its bytes are before `at`.
#[inline]
fn block(bytes: &[u8], at: usize) -> Option<(u8x16, usize)> {
    if let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        return Some((u8x16::new(*block), 0));
    }
    let block = bytes.last_chunk()?;
    Some((u8x16::new(*block), (at + BLOCK).checked_sub(bytes.len())?.min(BLOCK)))
}

/// Less than a block.
fn padded(bytes: &[u8]) -> u8x16 {
    let mut block = [0; BLOCK];
    for (to, from) in block.iter_mut().zip(bytes) {
        *to = *from;
    }
    u8x16::new(block)
}

/// Marks control characters, DEL and what is not ASCII.
#[inline]
fn unprintable(block: u8x16) -> u8x16 {
    outside(block, b' ', b'~')
}

/// Marks bytes that are not in that range.
#[inline]
fn outside(block: u8x16, first: u8, last: u8) -> u8x16 {
    // Those below wrap around, so that one comparison does.
    let places = block - u8x16::splat(first);
    places.max(u8x16::splat(last - first + 1)).simd_eq(places)
}

#[inline]
fn equal(block: u8x16, byte: u8) -> u8x16 {
    block.simd_eq(u8x16::splat(byte))
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
            let unquoted = count(is_unquoted);
            if let Some(length) = short_string(&bytes, from) {
                prop_assert_eq!((length, rest[unquoted]), (unquoted + 1, b'"'));
            } else if bytes.len() >= BLOCK {
                prop_assert!(unquoted >= BLOCK || rest.get(unquoted) != Some(&b'"'));
            }
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

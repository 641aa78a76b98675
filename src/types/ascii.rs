//! Runs of ASCII characters, looked for eight bytes and more at a time: text
//! is mostly made of them, and every payload that is text is looked through.

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = 0x80 * ONES;

/// How many printable ASCII characters `bytes` begin with.
#[inline]
pub(crate) fn printable(bytes: &[u8]) -> usize {
    run(bytes, unprintable, |byte| matches!(byte, b' '..=b'~'))
}

/// How many printable ASCII characters `bytes` begin with that stand for
/// themselves in a JSON string: all but quotes and backslashes.
#[inline]
pub(crate) fn unquoted(bytes: &[u8]) -> usize {
    run(bytes, quoted, |byte| matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\'))
}

/// How many digits `bytes` begin with.
#[inline]
pub(crate) fn digits(bytes: &[u8]) -> usize {
    let others = |word: u64| {
        // Digits become 0 to 9, of which none grows beyond 0x7f.
        let values = word ^ (u64::from(b'0') * ONES);
        (values | values.wrapping_add((0x80 - 10) * ONES)) & TOPS
    };
    run(bytes, others, |byte| byte.is_ascii_digit())
}

/// How many bytes `bytes` begin with that belong to the run. `stops` sets the
/// top bit of bytes of a word that do not; it may be wrong about those after
/// the first. Zero bytes do not.
#[inline]
fn run(bytes: &[u8], stops: impl Fn(u64) -> u64, belongs: impl Fn(u8) -> bool) -> usize {
    let mut rest = bytes;
    let mut is_short = true;
    while let Some((word, after)) = rest.split_first_chunk() {
        let found = stops(u64::from_le_bytes(*word));
        if found != 0 {
            return bytes.len() - rest.len() + before_first(found);
        }
        rest = after;
        if is_short {
            is_short = false;
            while let Some((block, after)) = rest.split_first_chunk::<32>()
                && block.iter().fold(true, |all, byte| all & belongs(*byte))
            {
                rest = after;
            }
        }
    }
    // Fewer than eight bytes, and zeros, which end the run.
    let word = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    bytes.len() - rest.len() + before_first(stops(word))
}

/// Bytes of a word.
pub(crate) const WORD: usize = size_of::<u64>();

/// How many bytes of a word stand before the first that is marked.
#[inline]
pub(crate) const fn before_first(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

/// Marks, by the top bit of each, the bytes of a word that [`unquoted`] ends
/// at; it may be wrong about those after the first, as all marks here.
#[inline]
pub(crate) const fn quoted(word: u64) -> u64 {
    unprintable(word) | equal(word, b'"') | equal(word, b'\\')
}

/// Marks control characters, spaces and quotes.
#[inline]
pub(crate) const fn white_or_quote(word: u64) -> u64 {
    word.wrapping_sub(0x21 * ONES) & !word & TOPS | equal(word, b'"')
}

/// Marks control characters, DEL and what is not ASCII.
#[inline]
const fn unprintable(word: u64) -> u64 {
    let below_space = word.wrapping_sub(0x20 * ONES) & !word;
    (below_space | word | word.wrapping_add(ONES)) & TOPS
}

/// Marks bytes that are `byte`.
#[inline]
const fn equal(word: u64, byte: u8) -> u64 {
    let difference = word ^ (byte as u64 * ONES);
    difference.wrapping_sub(ONES) & !difference & TOPS
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
            let bytes = bytes.get(from..).unwrap_or(&bytes);
            let count = |belongs: fn(&u8) -> bool| bytes.iter().copied().take_while(belongs).count();
            prop_assert_eq!(printable(bytes), count(|byte| matches!(byte, b' '..=b'~')));
            let is_unquoted: fn(&u8) -> bool =
                |byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
            prop_assert_eq!(unquoted(bytes), count(is_unquoted));
            prop_assert_eq!(digits(bytes), count(u8::is_ascii_digit));
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
                assert_eq!(unquoted(&bytes), end(is_printable && byte != b'"' && byte != b'\\'));
                assert_eq!(digits(&bytes), end(byte.is_ascii_digit()));
            }
        }
    }
}

//! The parts of binary messages of Jupyter (Jupyter Server, "WebSocket kernel wire
//! protocols").
//!
//! ```text
//!          count │ offset … offset │ part … part
//! default  u32, big-endian           JSON message, buffers…
//! v1       u64, little-endian        channel, header, parent header, metadata,
//!                                    content, buffers…
//! ```
//!
//! Offsets count from the start of the message. In v1 there is one more of them,
//! the message's length.

use super::Malformed;

/// A message with more offsets than this is not read. Widgets send a few buffers.
const MOST_OFFSETS: u64 = 65_536;

/// A message that was taken apart.
pub(super) struct Parts<'a> {
    payload: &'a [u8],
    /// Where they begin, in order, and where the last one ends; all in the payload.
    bounds: Vec<usize>,
}

/// Whether a binary message is in the form of v1. The default form has an offset
/// where this one has the upper half of a count that cannot be so high.
pub(super) fn is_v1(payload: &[u8]) -> bool {
    payload.get(4..8).is_some_and(|upper| upper == [0; 4])
}

impl<'a> Parts<'a> {
    /// Those of a message in the default form.
    pub(super) fn of_default(payload: &'a [u8]) -> Result<Self, Malformed> {
        let number = |bytes| u32::from_be_bytes(bytes).into();
        let mut bounds = offsets(payload, number)?;
        bounds.push(payload.len());
        Ok(Self { payload, bounds })
    }

    /// Those of a message in the form of v1.
    pub(super) fn of_v1(payload: &'a [u8]) -> Result<Self, Malformed> {
        let bounds = offsets(payload, u64::from_le_bytes)?;
        if bounds.last() != Some(&payload.len()) {
            return Err(Malformed::new("Its last offset is not its length."));
        }
        Ok(Self { payload, bounds })
    }

    /// One of them.
    pub(super) fn part(&self, number: usize) -> Option<&'a [u8]> {
        let bounds = self.bounds.get(number..)?;
        let [start, end, ..] = *bounds else {
            return None;
        };
        self.payload.get(start..end)
    }

    /// How long each one is, in bytes.
    pub(super) fn lengths(&self) -> impl Iterator<Item = usize> {
        self.bounds.windows(2).map(|bounds| match bounds {
            [start, end] => end.saturating_sub(*start),
            _ => 0,
        })
    }
}

/// The offsets at the start of a message, which lie behind each other, behind
/// themselves, and in the message.
fn offsets<const WIDTH: usize>(
    payload: &[u8],
    number: impl Fn([u8; WIDTH]) -> u64,
) -> Result<Vec<usize>, Malformed> {
    let (words, _) = payload.as_chunks::<WIDTH>();
    let (count, words) = words.split_first().ok_or_else(ends_early)?;
    let count = number(*count);
    if count > MOST_OFFSETS {
        return Err(Malformed::new(format!("It has {count} offsets, over {MOST_OFFSETS}.")));
    }
    let words = usize::try_from(count).ok().and_then(|count| words.get(..count));
    let words = words.ok_or_else(ends_early)?;
    let mut before = WIDTH * (1 + words.len());
    let mut offsets = Vec::with_capacity(words.len() + 1);
    for word in words {
        let offset = usize::try_from(number(*word)).ok().filter(|offset| *offset <= payload.len());
        let offset = offset.ok_or_else(|| Malformed::new("An offset lies behind its end."))?;
        if offset < before {
            return Err(Malformed::new("An offset lies before what it has to follow."));
        }
        before = offset;
        offsets.push(offset);
    }
    Ok(offsets)
}

fn ends_early() -> Malformed {
    Malformed::new("It ends within its offsets.")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A message in the default form.
    pub(in super::super) fn in_default(parts: &[&[u8]]) -> Vec<u8> {
        let mut message = (parts.len() as u32).to_be_bytes().to_vec();
        let mut offset = 4 * (1 + parts.len());
        for part in parts {
            message.extend((offset as u32).to_be_bytes());
            offset += part.len();
        }
        message.extend(parts.concat());
        message
    }

    /// A message in the form of v1.
    pub(in super::super) fn in_v1(parts: &[&[u8]]) -> Vec<u8> {
        let mut message = (parts.len() as u64 + 1).to_le_bytes().to_vec();
        let mut offset = 8 * (2 + parts.len());
        message.extend((offset as u64).to_le_bytes());
        for part in parts {
            offset += part.len();
            message.extend((offset as u64).to_le_bytes());
        }
        message.extend(parts.concat());
        message
    }

    const PARTS: [&[u8]; 4] = [b"{\"a\":1}", b"", b"\x00\xff", b"{}"];

    #[test]
    fn both_forms() {
        let (default, v1) = (in_default(&PARTS), in_v1(&PARTS));
        for parts in [Parts::of_default(&default), Parts::of_v1(&v1)] {
            let parts = parts.ok().unwrap();
            for (number, part) in PARTS.iter().enumerate() {
                assert_eq!(parts.part(number), Some(*part));
            }
            assert_eq!(parts.part(PARTS.len()), None);
            assert_eq!(parts.lengths().collect::<Vec<_>>(), [7, 0, 2, 2]);
        }
        assert!(is_v1(&v1) && !is_v1(&default));
    }

    #[test]
    fn cut_at_every_byte() {
        let (default, v1) = (in_default(&PARTS), in_v1(&PARTS));
        // In the default form nothing tells the length of the last part.
        for end in 0..default.len() - PARTS[3].len() {
            assert!(Parts::of_default(&default[..end]).is_err(), "{end}");
        }
        for end in 0..v1.len() {
            assert!(Parts::of_v1(&v1[..end]).is_err(), "{end}");
        }
    }

    fn refusal(result: Result<Parts<'_>, Malformed>) -> String {
        result.err().unwrap().0
    }

    #[test]
    fn hostile_offsets() {
        let default = |words: &[u32]| -> Vec<u8> {
            words.iter().flat_map(|word| word.to_be_bytes()).collect()
        };
        let v1 = |words: &[u64]| -> Vec<u8> {
            words.iter().flat_map(|word| word.to_le_bytes()).collect()
        };
        for (words, sentence) in [
            (&[u32::MAX, 8][..], "It has 4294967295 offsets, over 65536."),
            (&[65_536, 8], "It ends within its offsets."),
            (&[1, 9], "An offset lies behind its end."),
            (&[1, u32::MAX], "An offset lies behind its end."),
            (&[1, 0], "An offset lies before what it has to follow."),
            (&[1, 4, 0], "An offset lies before what it has to follow."),
            (&[2, 16, 12, 0], "An offset lies before what it has to follow."),
        ] {
            assert_eq!(refusal(Parts::of_default(&default(words))), sentence, "{words:?}");
        }
        for (words, sentence) in [
            (&[u64::MAX, 16][..], "It has 18446744073709551615 offsets, over 65536."),
            (&[0], "Its last offset is not its length."),
            (&[1, u64::MAX], "An offset lies behind its end."),
            (&[2, 24, 24, 0], "Its last offset is not its length."),
            (&[2, 32, 24, 0], "An offset lies before what it has to follow."),
        ] {
            assert_eq!(refusal(Parts::of_v1(&v1(words))), sentence, "{words:?}");
        }
        assert!(Parts::of_default(&[0; 4]).is_ok_and(|parts| parts.part(0).is_none()));
    }

    #[test]
    fn as_many_parts_as_allowed_and_one_more() {
        let many = vec![&b""[..]; 65_536];
        assert!(Parts::of_default(&in_default(&many)).is_ok());
        assert!(Parts::of_v1(&in_v1(&many[1..])).is_ok());
        assert!(Parts::of_v1(&in_v1(&many)).is_err());
    }
}

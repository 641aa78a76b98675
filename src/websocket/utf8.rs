//! UTF-8 of a text message in pieces (RFC 6455 §8.1).

/// The longest encoding of a code point.
const MAX_ENCODED: usize = 4;

/// Judges text that is too long to be kept whole. A piece may end inside a code
/// point.
#[derive(Default)]
pub(super) struct Utf8 {
    /// Bytes judged.
    position: u64,
    /// The beginning of a code point that is not there in full.
    partial: [u8; MAX_ENCODED],
    partial_length: usize,
    /// Where the first byte lies that cannot be.
    invalid_at: Option<u64>,
}

impl Utf8 {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while self.partial_length > 0 && self.invalid_at.is_none() {
            let Some((&next, rest)) = bytes.split_first() else {
                return;
            };
            bytes = rest;
            if let Some(place) = self.partial.get_mut(self.partial_length) {
                *place = next;
                self.partial_length += 1;
            }
            let partial = self.partial;
            let encoded = partial.get(..self.partial_length).unwrap_or_default();
            self.partial_length = 0;
            self.judge(encoded);
        }
        if self.invalid_at.is_none() {
            self.judge(bytes);
        }
    }

    fn judge(&mut self, bytes: &[u8]) {
        let Err(error) = std::str::from_utf8(bytes) else {
            self.position += bytes.len() as u64;
            return;
        };
        self.position += error.valid_up_to() as u64;
        let rest = bytes.get(error.valid_up_to()..).unwrap_or_default();
        match (error.error_len(), self.partial.get_mut(..rest.len())) {
            (None, Some(place)) => {
                place.copy_from_slice(rest);
                self.partial_length = rest.len();
            }
            _ => self.invalid_at = Some(self.position),
        }
    }

    /// Where the first byte lies that cannot be, whatever comes.
    pub(super) fn invalid_so_far(&self) -> Option<u64> {
        self.invalid_at
    }

    /// Where the first byte lies that is not UTF-8, as no more will come.
    pub(super) fn invalid_at(&self) -> Option<u64> {
        self.invalid_at.or((self.partial_length > 0).then_some(self.position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_standard_library_judges_the_whole() {
        let texts: [&[u8]; 9] = [
            b"",
            b"plain",
            "añ€😀ñ".as_bytes(),
            b"a\xff",
            b"\xed\xa0\x80",
            b"caf\xc3",
            b"\xf0\x9f\x98",
            b"\xf0\x9f\x98a",
            b"\xe2\x82\xac\x80z",
        ];
        for text in texts {
            let expected = std::str::from_utf8(text).err().map(|error| error.valid_up_to() as u64);
            for piece in 1..=text.len().max(1) {
                let mut utf8 = Utf8::default();
                text.chunks(piece).for_each(|chunk| utf8.push(chunk));
                assert_eq!(utf8.invalid_at(), expected, "{text:x?} by {piece}");
            }
        }
    }
}

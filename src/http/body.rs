//! Skipping bodies (RFC 9112 §6).

/// How the end of a body is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// So many bytes are left.
    Length(u64),
    /// Chunked transfer coding (RFC 9112 §7.1).
    Chunked(Chunked),
    /// The body ends with the connection.
    UntilClose,
}

/// Where in the chunked coding the next byte lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Chunked {
    /// In the line with the size, so far this many.
    Size(u64),
    /// In the rest of that line: an extension, white space.
    SizeRest(u64),
    /// In the data, so many bytes left.
    Data(u64),
    /// In the line end after the data.
    DataEnd,
    /// In the trailer, so many bytes into the line.
    Trailer(u64),
}

/// The coding is broken: no telling where the body ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken;

impl Body {
    /// A chunked body at its beginning.
    pub(super) fn chunked() -> Self {
        Self::Chunked(Chunked::Size(0))
    }

    /// Skips as much of `bytes` as belongs to the body. Returns how many that
    /// are and whether the body ended.
    pub(super) fn skip(&mut self, bytes: &[u8]) -> Result<(usize, bool), Broken> {
        match self {
            Self::Length(left) => {
                let count = take(left, bytes.len());
                Ok((count, *left == 0))
            }
            Self::Chunked(chunked) => chunked.skip(bytes),
            Self::UntilClose => Ok((bytes.len(), false)),
        }
    }

    /// Passes over bytes that are missing. `false` when the place is lost.
    pub(super) fn miss(&mut self, missing: u64) -> bool {
        match self {
            Self::Length(left) | Self::Chunked(Chunked::Data(left)) if missing < *left => {
                *left -= missing;
                true
            }
            Self::UntilClose => true,
            Self::Length(_) | Self::Chunked(_) => false,
        }
    }
}

impl Chunked {
    fn skip(&mut self, bytes: &[u8]) -> Result<(usize, bool), Broken> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match self {
                Self::Size(size) => match (char::from(byte).to_digit(16), byte) {
                    (Some(digit), _) => {
                        *size = size
                            .checked_mul(16)
                            .and_then(|size| size.checked_add(digit.into()))
                            .ok_or(Broken)?;
                    }
                    (None, b'\n') => *self = Self::after_size(*size),
                    (None, b';' | b' ' | b'\t' | b'\r') => *self = Self::SizeRest(*size),
                    _ => return Err(Broken),
                },
                Self::SizeRest(size) => {
                    if byte == b'\n' {
                        *self = Self::after_size(*size);
                    }
                }
                Self::Data(left) => {
                    at += take(left, bytes.len() - at);
                    if *left == 0 {
                        *self = Self::DataEnd;
                    }
                    continue;
                }
                Self::DataEnd => match byte {
                    b'\r' => {}
                    b'\n' => *self = Self::Size(0),
                    _ => return Err(Broken),
                },
                Self::Trailer(length) => match byte {
                    b'\n' if *length == 0 => return Ok((at + 1, true)),
                    b'\n' => *length = 0,
                    b'\r' => {}
                    _ => *length += 1,
                },
            }
            at += 1;
        }
        Ok((at, false))
    }

    fn after_size(size: u64) -> Self {
        if size == 0 { Self::Trailer(0) } else { Self::Data(size) }
    }
}

/// Takes up to `available` from `left`; how many.
fn take(left: &mut u64, available: usize) -> usize {
    let count = usize::try_from(*left).map_or(available, |left| left.min(available));
    *left -= count as u64;
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNKED: &[u8] = b"4;name=value\r\nWiki\r\nA \r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";

    #[test]
    fn chunked_split_at_every_byte() {
        for split in 0..=CHUNKED.len() {
            let mut body = Body::chunked();
            let (first, second) = CHUNKED.split_at(split);
            let (count, done) = body.skip(first).unwrap();
            assert_eq!((count, done), (first.len(), split == CHUNKED.len()));
            if !done {
                let next = [second, b"HTTP/1.1"].concat();
                assert_eq!(body.skip(&next), Ok((second.len(), true)), "split at {split}");
            }
        }
    }

    #[test]
    fn broken_chunks_are_told() {
        assert_eq!(Body::chunked().skip(b"xyz\r\n"), Err(Broken));
        assert_eq!(Body::chunked().skip(b"ffffffffffffffff1\r\n"), Err(Broken));
        assert_eq!(Body::chunked().skip(b"1\r\nab\r\n"), Err(Broken));
    }

    #[test]
    fn a_gap_inside_counted_bytes_keeps_the_place() {
        let mut body = Body::Length(100);
        assert_eq!(body.skip(b"0123456789"), Ok((10, false)));
        assert!(body.miss(80));
        assert_eq!(body.skip(b"0123456789next"), Ok((10, true)));
        assert!(!Body::Length(10).miss(10));
        assert!(!Body::chunked().miss(1));
    }
}

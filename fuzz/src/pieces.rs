//! Bytes of two directions, piece by piece, as fuzz input.

/// A piece of what was sent.
///
/// ```text
/// ┌──────┬────────┬─────────┐
/// │ tag  │ length │ bytes … │
/// └──────┴────────┴─────────┘
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Bits that the target gives a meaning.
    tag: u8,
    /// What was sent; may be empty.
    pub bytes: &'a [u8],
}

impl<'a> Piece<'a> {
    const BACKWARD: u8 = 1;
    const LOST: u8 = 2;
    const MARKED: u8 = 4;

    /// Sent from the second to the first side.
    pub fn is_backward(&self) -> bool {
        self.tag & Self::BACKWARD != 0
    }

    /// Sent, but not captured.
    pub fn is_lost(&self) -> bool {
        self.tag & Self::LOST != 0
    }

    /// A bit for the target.
    pub fn is_marked(&self) -> bool {
        self.tag & Self::MARKED != 0
    }

    /// The piece as fuzz input; bytes beyond the 255th go into pieces of their
    /// own.
    pub fn write(backward: bool, bytes: &[u8], out: &mut Vec<u8>) {
        for bytes in bytes.chunks(255) {
            out.extend([u8::from(backward) * Self::BACKWARD, bytes.len() as u8]);
            out.extend(bytes);
        }
    }

    /// The part before the `at`th byte and the part from it on.
    pub fn split_at(&self, at: usize) -> [Piece<'a>; 2] {
        let (before, after) = self.bytes.split_at(at.min(self.bytes.len()));
        [Self { bytes: before, ..*self }, Self { bytes: after, ..*self }]
    }
}

/// The pieces of some fuzz input. The last may be shorter than it says.
#[derive(Clone, Copy, Debug)]
pub struct Pieces<'a>(pub &'a [u8]);

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let &[tag, length, ref rest @ ..] = self.0 else {
            return None;
        };
        let (bytes, rest) = rest.split_at(rest.len().min(length.into()));
        self.0 = rest;
        Some(Piece { tag, bytes })
    }
}

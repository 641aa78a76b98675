//! One IP datagram on its way to being complete.

use std::collections::BTreeMap;

/// Bytes that one piece costs beside its own: its place in the tree and the
/// allocator's share.
const PIECE: usize = 96;

/// The payload of a datagram as far as its fragments have come.
///
/// ```text
///   0        8               24       32                48
///   ├────────┼───────────────┼────────┼────────────────┤ end
///   │ piece  │     piece     │  hole  │     piece      │
/// ```
///
/// Pieces never overlap. Each hole that a fragment fills becomes a piece, so
/// that a datagram costs what was captured of it, and the work for a fragment
/// grows with its own length only.
#[derive(Debug, Default)]
pub(super) struct Datagram {
    pieces: BTreeMap<usize, Box<[u8]>>,
    /// Bytes in all pieces.
    filled: usize,
    /// Where the payload ends, known from its last fragment.
    end: Option<usize>,
}

impl Datagram {
    /// No bytes are missing.
    pub(super) fn is_complete(&self) -> bool {
        self.end == Some(self.filled)
    }

    /// Bytes of memory held.
    pub(super) fn size(&self) -> usize {
        self.filled + self.pieces.len() * PIECE
    }

    /// Whether the fragment says the same as those before it: the same bytes
    /// where they overlap, the same end.
    pub(super) fn agrees(&self, start: usize, bytes: &[u8], last: bool) -> bool {
        let shared_bytes_agree = |(piece_start, piece): (usize, &[u8])| {
            let ours = piece.iter().skip(start.saturating_sub(piece_start));
            let theirs = bytes.iter().skip(piece_start.saturating_sub(start));
            ours.zip(theirs).all(|(ours, theirs)| ours == theirs)
        };
        self.end_agrees(start + bytes.len(), last)
            && self.overlaps(start, bytes.len()).all(shared_bytes_agree)
    }

    /// Whether a fragment that ends at `end`, and is the last one or not, can
    /// be of the datagram.
    pub(super) fn end_agrees(&self, end: usize, last: bool) -> bool {
        match self.end {
            Some(known) if last => end == known,
            Some(known) => end <= known,
            None if last => end >= self.reach(),
            None => true,
        }
    }

    /// Takes what is new in a fragment. Bytes that are there already stay.
    pub(super) fn fill(&mut self, start: usize, bytes: &[u8], last: bool) {
        let end = start + bytes.len();
        if last {
            self.end = Some(end);
        }
        let mut at = start;
        while at < end {
            if let Some((piece_start, piece)) = self.pieces.range(..=at).next_back()
                && piece_start + piece.len() > at
            {
                at = piece_start + piece.len();
                continue;
            }
            let hole_end = self.pieces.range(at..end).next().map_or(end, |(&start, _)| start);
            let piece = bytes.get(at - start..hole_end - start).unwrap_or_default();
            self.pieces.insert(at, piece.into());
            self.filled += piece.len();
            at = hole_end;
        }
    }

    /// Replaces what `payload` holds with the pieces, in order.
    pub(super) fn write_to(&self, payload: &mut Vec<u8>) {
        payload.clear();
        for piece in self.pieces.values() {
            payload.extend_from_slice(piece);
        }
    }

    /// Where the last piece ends.
    fn reach(&self) -> usize {
        self.pieces.last_key_value().map_or(0, |(start, piece)| start + piece.len())
    }

    /// The pieces that share bytes with `start..start + length`, in order.
    fn overlaps(&self, start: usize, length: usize) -> impl Iterator<Item = (usize, &[u8])> {
        let before = self.pieces.range(..start).next_back();
        before
            .into_iter()
            .filter(move |(piece_start, piece)| *piece_start + piece.len() > start)
            .chain(self.pieces.range(start..start + length))
            .map(|(&start, piece)| (start, &**piece))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(datagram: &Datagram) -> Vec<u8> {
        let mut payload = vec![99];
        datagram.write_to(&mut payload);
        payload
    }

    #[test]
    fn what_came_first_stays() {
        let mut datagram = Datagram::default();
        datagram.fill(8, &[1; 8], false);
        datagram.fill(24, &[2; 8], false);
        datagram.fill(0, &[3; 40], true);
        assert!(datagram.is_complete());
        let expected = [[3; 8], [1; 8], [3; 8], [2; 8], [3; 8]].concat();
        assert_eq!(payload(&datagram), expected);
        assert_eq!(datagram.size(), 40 + 5 * PIECE);
    }

    #[test]
    fn agreement_is_about_shared_bytes_and_the_end() {
        let mut datagram = Datagram::default();
        datagram.fill(8, &[1; 16], false);
        assert!(datagram.agrees(0, &[9; 8], false));
        assert!(datagram.agrees(0, &[[9; 8], [1; 8]].concat(), false));
        assert!(datagram.agrees(16, &[[1; 8], [9; 8]].concat(), false));
        assert!(datagram.agrees(16, &[1; 8], true));
        assert!(!datagram.agrees(0, &[9; 16], false));
        assert!(!datagram.agrees(16, &[9; 8], false));
        assert!(!datagram.agrees(8, &[1; 8], true), "bytes after the end");
        datagram.fill(24, &[2; 8], true);
        assert!(!datagram.agrees(32, &[3; 8], false));
        assert!(!datagram.agrees(32, &[3; 8], true));
        assert!(datagram.agrees(24, &[2; 8], true));
        assert!(!datagram.is_complete(), "the first piece is missing");
    }
}

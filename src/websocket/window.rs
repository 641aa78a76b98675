//! What a compressed message may refer back to (RFC 7692 §7.1.1, RFC 1951 §2).

/// The farthest that DEFLATE can refer back, in bytes.
pub(super) const LENGTH: usize = 1 << 15;

/// The last 32 KiB that one direction inflated to, or as much as there was.
#[derive(Default)]
pub(super) struct Window {
    /// A ring once it is full.
    bytes: Vec<u8>,
    /// Index of the oldest byte, once it is full.
    start: usize,
}

impl Window {
    /// Adds what follows.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        let bytes = bytes.get(bytes.len().saturating_sub(LENGTH)..).unwrap_or_default();
        let (growth, rest) = bytes.split_at(bytes.len().min(LENGTH - self.bytes.len()));
        self.bytes.extend_from_slice(growth);
        let (end, beginning) = rest.split_at(rest.len().min(LENGTH - self.start));
        self.overwrite(self.start, end);
        self.overwrite(0, beginning);
        self.start = (self.start + rest.len()) % LENGTH;
    }

    fn overwrite(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.bytes.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    /// What it holds, oldest first, in two parts.
    pub(super) fn parts(&self) -> [&[u8]; 2] {
        let (beginning, end) = self.bytes.split_at(self.start.min(self.bytes.len()));
        [end, beginning]
    }

    /// Whether it holds as much as any message may refer back to.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= LENGTH
    }

    /// Forgets everything and gives the memory back.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether it holds the same as another that grew with it.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }

    /// A second one with the same content.
    pub(super) fn duplicate(&self) -> Self {
        Self { bytes: self.bytes.clone(), start: self.start }
    }

    /// Bytes of memory that it takes.
    pub(super) fn cost(&self) -> usize {
        self.bytes.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bytes_whatever_their_pieces() {
        let all: Vec<u8> = (0..200_000_u32).map(|at| (at * 7 / 5) as u8).collect();
        for piece in [1, 100, 1_000, LENGTH - 1, LENGTH, LENGTH + 1, 150_000] {
            let mut window = Window::default();
            let mut end = 0;
            for chunk in all.chunks(piece) {
                window.extend(chunk);
                end += chunk.len();
                if end % 3 == 0 || piece > 1 {
                    let held = window.parts().concat();
                    assert_eq!(held, all[end.saturating_sub(LENGTH)..end], "pieces of {piece}");
                }
                if end > 3 * LENGTH && piece < 100 {
                    break;
                }
            }
        }
    }
}

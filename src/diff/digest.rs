//! Digests that stand for what is compared.

use sha2::{Digest as _, Sha256};

/// The first half of a SHA-256: nobody finds two things that share it.
pub(super) type Digest = u128;

/// Makes one digest of several parts. None can be taken for another that is cut
/// differently.
#[derive(Default)]
pub(super) struct Digester(Sha256);

impl Digester {
    /// A digest of this kind of thing.
    pub(super) fn of(kind: &str) -> Self {
        let mut digester = Self::default();
        digester.part(kind.as_bytes());
        digester
    }

    /// Adds a part.
    pub(super) fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    /// Adds a digest.
    pub(super) fn digest(&mut self, digest: Digest) {
        self.0.update(digest.to_be_bytes());
    }

    /// The digest of all parts.
    pub(super) fn end(self) -> Digest {
        self.0.finalize().iter().take(16).fold(0, |digest, byte| digest << 8 | Digest::from(*byte))
    }
}

/// The digest of one part.
pub(super) fn digest(kind: &str, bytes: &[u8]) -> Digest {
    let mut digester = Digester::of(kind);
    digester.part(bytes);
    digester.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        let of = |parts: &[&str]| {
            let mut digester = Digester::default();
            parts.iter().for_each(|part| digester.part(part.as_bytes()));
            digester.end()
        };
        assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["ab"]), of(&["ab", ""]));
    }
}

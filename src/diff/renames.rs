//! Ids that stand for one another.

use std::collections::HashMap;

use super::digest::{Digest, digest};

/// Which ids of the one capture stand for which of the other, on a pair of
/// connections.
#[derive(Default)]
pub(super) struct Renames {
    forward: HashMap<Digest, Digest>,
    backward: HashMap<Digest, Digest>,
}

/// Ids that are remembered of a pair of connections; any later one may stand for any.
const MOST: usize = 1 << 16;

impl Renames {
    /// Whether `new` may stand where `old` stood: for the first time it may, and from
    /// then on neither may stand for any other.
    pub(super) fn agree(&mut self, old: &[u8], new: &[u8]) -> bool {
        let (old, new) = (digest("id", old), digest("id", new));
        match (self.forward.get(&old), self.backward.get(&new)) {
            (None, None) => {
                if self.forward.len() < MOST {
                    self.forward.insert(old, new);
                    self.backward.insert(new, old);
                }
                true
            }
            (known, _) => known == Some(&new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stands_for_one_and_the_same() {
        let mut renames = Renames::default();
        assert!(renames.agree(b"a", b"x"));
        assert!(renames.agree(b"a", b"x"));
        assert!(!renames.agree(b"a", b"y"));
        assert!(!renames.agree(b"b", b"x"));
        assert!(renames.agree(b"b", b"y"));
        assert!(renames.agree(b"c", b"c"));
        assert!(!renames.agree(b"c", b"d"));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut renames = Renames::default();
        for id in 0..MOST + 10 {
            assert!(renames.agree(&id.to_be_bytes(), &id.to_le_bytes()));
        }
        assert_eq!(renames.forward.len(), MOST);
        assert!(!renames.agree(&1_usize.to_be_bytes(), b"other"));
    }
}

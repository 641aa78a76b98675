//! What came before what on every connection.

use super::group::{MOST_TYPES, TypeId};

/// Which types came on every connection, and which of them came first.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// For each type those that came before it on every connection that has it.
    before: Vec<Option<Set>>,
    /// Those that came on every connection; `None` before the first.
    always: Option<Set>,
}

impl Order {
    /// Takes note of a connection: of its types, in the order in which the first of
    /// each came.
    pub(super) fn add(&mut self, order: &[TypeId]) {
        let mut seen = Set::default();
        for id in order {
            if self.before.len() <= id.0 {
                self.before.resize(id.0 + 1, None);
            }
            if let Some(before) = self.before.get_mut(id.0) {
                *before = Some(before.map_or(seen, |before| before.and(seen)));
            }
            seen.put(*id);
        }
        self.always = Some(self.always.map_or(seen, |always| always.and(seen)));
    }

    /// Those of these types that came on every connection, in an order that holds on
    /// all of them; what has none is left out.
    pub(super) fn chain(&self, wanted: impl Iterator<Item = TypeId>) -> Vec<TypeId> {
        let always = self.always.unwrap_or_default();
        let wanted: Vec<TypeId> = wanted.filter(|id| always.has(*id)).collect();
        let before = |id: TypeId| self.before.get(id.0).copied().flatten().unwrap_or_default();
        // What comes before another has fewer before it.
        let mut ranked: Vec<(usize, TypeId)> = wanted
            .iter()
            .map(|id| (wanted.iter().filter(|other| before(*id).has(**other)).count(), *id))
            .collect();
        ranked.sort_unstable();
        let mut chain: Vec<TypeId> = Vec::new();
        for (_, id) in ranked {
            if chain.iter().all(|earlier| before(id).has(*earlier)) {
                chain.push(id);
            }
        }
        chain
    }
}

/// A set of types.
#[derive(Clone, Copy, Debug, Default)]
struct Set([u64; MOST_TYPES / 64]);

impl Set {
    fn put(&mut self, id: TypeId) {
        if let Some(word) = self.0.get_mut(id.0 / 64) {
            *word |= 1 << (id.0 % 64);
        }
    }

    fn has(&self, id: TypeId) -> bool {
        self.0.get(id.0 / 64).is_some_and(|word| word & 1 << (id.0 % 64) != 0)
    }

    fn and(mut self, other: Self) -> Self {
        for (one, two) in self.0.iter_mut().zip(other.0) {
            *one &= two;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(connections: &[&[usize]]) -> Vec<usize> {
        let mut order = Order::default();
        for connection in connections {
            order.add(&connection.iter().copied().map(TypeId).collect::<Vec<_>>());
        }
        order.chain((0..MOST_TYPES).map(TypeId)).into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn what_is_the_same_everywhere_is_kept() {
        assert!(chain(&[]).is_empty());
        assert_eq!(chain(&[&[3, 100, 2, 511]]), [3, 100, 2, 511]);
        assert_eq!(chain(&[&[1, 2, 3, 4], &[1, 3, 4, 5]]), [1, 3, 4]);
        assert_eq!(chain(&[&[1, 2, 3, 4], &[1, 3, 2, 4]]), [1, 2, 4]);
        assert_eq!(chain(&[&[1, 2], &[2, 1]]), [1]);
        assert!(chain(&[&[1, 2], &[]]).is_empty());
    }
}

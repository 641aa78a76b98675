//! Rows of a table that has a bound.

use std::collections::BTreeMap;

/// A value for each key, as long as there are not too many; the other keys
/// have one together.
#[derive(Debug)]
pub(super) struct Rows<K, V> {
    rows: BTreeMap<K, V>,
    most: usize,
    others: Option<V>,
}

impl<K: Ord, V: Default> Rows<K, V> {
    /// Room for `most` rows.
    pub(super) fn new(most: usize) -> Self {
        Self { rows: BTreeMap::new(), most, others: None }
    }

    /// The value for `key`, or that of all keys that have none of their own.
    pub(super) fn of(&mut self, key: K) -> &mut V {
        if self.rows.len() >= self.most && !self.rows.contains_key(&key) {
            return self.others.get_or_insert_with(V::default);
        }
        self.rows.entry(key).or_default()
    }

    /// Those with a key of their own, in order of the keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.rows.iter()
    }

    /// That of the others, if there are any.
    pub(super) fn others(&self) -> Option<&V> {
        self.others.as_ref()
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_counted_together() {
        let mut rows: Rows<&str, u64> = Rows::new(2);
        assert!(rows.is_empty());
        for key in ["b", "a", "c", "b", "d"] {
            *rows.of(key) += 1;
        }
        assert_eq!(rows.iter().collect::<Vec<_>>(), [(&"a", &1), (&"b", &2)]);
        assert_eq!(rows.others(), Some(&2));
    }
}

//! Sets of numbers: what numbers, addresses and times are compared with.

/// A set of numbers, as ranges that are in order and do not touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ranges(Vec<(u128, u128)>);

impl Ranges {
    /// All numbers that lie in any of these ranges, both ends included.
    pub(super) fn new(ranges: impl IntoIterator<Item = (u128, u128)>) -> Self {
        let mut all: Vec<_> = ranges.into_iter().filter(|(first, last)| first <= last).collect();
        all.sort_unstable();
        let mut joined: Vec<(u128, u128)> = Vec::with_capacity(all.len());
        for (first, last) in all {
            match joined.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => joined.push((first, last)),
            }
        }
        Self(joined)
    }

    /// Whether `number` is one of them.
    pub(super) fn contains(&self, number: u128) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= number);
        after.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, last)| number <= *last)
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (u128, u128)> {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_joined() {
        let ranges = Ranges::new([(5, 9), (1, 3), (4, 4), (20, 10), (12, 12), (8, 10)]);
        assert_eq!(ranges.iter().collect::<Vec<_>>(), [(1, 10), (12, 12)]);
        let inside = (0..15).filter(|&number| ranges.contains(number)).collect::<Vec<_>>();
        assert_eq!(inside, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12]);
        assert!(!Ranges::new([]).contains(0));
        let ends = Ranges::new([(0, 0), (u128::MAX, u128::MAX)]);
        assert!(ends.contains(0) && ends.contains(u128::MAX) && !ends.contains(1));
    }
}

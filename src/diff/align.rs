//! Which elements of two sequences are the same.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::digest::Digest;

/// Elements of two sequences, together, for which the longest common subsequence is
/// found; Myers' algorithm takes at the most the square of that.
const SHORT: usize = 1024;

/// The same of what a message consists of. There may be hundreds of thousands of elements
/// in half a megabyte, and each of them takes that many steps.
const SHORT_WITHIN: usize = 128;

/// How often what lies between elements that occur once is searched for others that
/// do.
const MOST_ROUNDS: usize = 8;

/// Pairs of equal messages, rising in both sequences. Swapped sequences give swapped
/// pairs.
///
/// What both begin and end with is paired first. Of long sequences then those that
/// occur once in both are paired, as many as are in the same order (as in patience
/// diff), and what lies between is aligned by itself; where nothing occurs once, the
/// first occurrence is taken for the first, and so on. So the work is near-linear.
#[cfg(test)]
pub(super) fn align(old: &[Digest], new: &[Digest]) -> Vec<(usize, usize)> {
    aligned(old, new, SHORT, new < old)
}

/// The same of elements of a message.
pub(super) fn align_within(old: &[Digest], new: &[Digest]) -> Vec<(usize, usize)> {
    aligned(old, new, SHORT_WITHIN, new < old)
}

/// The same for whole sequences, beginning with the new sequence or with the old one. Where
/// several parts are as long, that decides which is found; so what was swapped in two
/// sequences in the same way is paired in the same way.
pub(super) fn align_from(old: &[Digest], new: &[Digest], is_swapped: bool) -> Vec<(usize, usize)> {
    aligned(old, new, SHORT, is_swapped)
}

fn aligned(old: &[Digest], new: &[Digest], short: usize, is_swapped: bool) -> Vec<(usize, usize)> {
    if is_swapped {
        let swapped = aligned(new, old, short, false);
        return swapped.into_iter().map(|(new, old)| (old, new)).collect();
    }
    let mut aligner = Aligner { old, new, short, pairs: Vec::new() };
    let mut regions = vec![Region { old: 0..old.len(), new: 0..new.len() }];
    for round in 0..MOST_ROUNDS {
        let last = round + 1 == MOST_ROUNDS;
        regions = regions.into_iter().flat_map(|region| aligner.region(region, last)).collect();
    }
    let mut pairs = aligner.pairs;
    pairs.sort_unstable();
    pairs
}

/// What lies between pairs, in order: of both sequences what has no partner.
pub(super) fn gaps(pairs: &[(usize, usize)], old: usize, new: usize) -> Vec<Region> {
    let mut gaps = Vec::new();
    let mut start = (0, 0);
    for &(old, new) in pairs.iter().chain([&(old, new)]) {
        if start != (old, new) {
            gaps.push(Region { old: start.0..old, new: start.1..new });
        }
        start = (old + 1, new + 1);
    }
    gaps
}

/// A part of each sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) old: Range<usize>,
    pub(super) new: Range<usize>,
}

struct Aligner<'a> {
    old: &'a [Digest],
    new: &'a [Digest],
    /// Of so many elements the longest common subsequence is found.
    short: usize,
    pairs: Vec<(usize, usize)>,
}

impl Aligner<'_> {
    /// Pairs what it can of a region; what is left to be done.
    fn region(&mut self, region: Region, last: bool) -> Vec<Region> {
        let Region { old, new } = self.trimmed(region);
        if old.is_empty() || new.is_empty() {
            return Vec::new();
        }
        if old.len() + new.len() <= self.short {
            self.shortest(old, new);
            return Vec::new();
        }
        let once = if last { Vec::new() } else { self.anchors(&old, &new, true) };
        let is_final = once.is_empty();
        let anchors = if is_final { self.anchors(&old, &new, false) } else { once };
        let rising = longest_rising(&anchors);
        let mut rest = Vec::new();
        let mut start = (old.start, new.start);
        for &(at_old, at_new) in rising.iter().chain([&(old.end, new.end)]) {
            if !is_final {
                rest.push(Region { old: start.0..at_old, new: start.1..at_new });
            }
            start = (at_old + 1, at_new + 1);
        }
        self.pairs.extend(rising);
        rest
    }

    /// Pairs what a region begins and ends with; what lies between.
    fn trimmed(&mut self, region: Region) -> Region {
        let Region { mut old, mut new } = region;
        while !old.is_empty()
            && !new.is_empty()
            && self.old.get(old.start) == self.new.get(new.start)
        {
            self.pairs.push((old.start, new.start));
            old.start += 1;
            new.start += 1;
        }
        while !old.is_empty()
            && !new.is_empty()
            && self.old.get(old.end - 1) == self.new.get(new.end - 1)
        {
            old.end -= 1;
            new.end -= 1;
            self.pairs.push((old.end, new.end));
        }
        Region { old, new }
    }

    fn shortest(&mut self, old: Range<usize>, new: Range<usize>) {
        let start = (old.start, new.start);
        let slice =
            |all: &[Digest], range| all.get::<Range<usize>>(range).unwrap_or_default().to_vec();
        let (old, new) = (slice(self.old, old), slice(self.new, new));
        for operation in capture_diff_slices(Algorithm::Myers, &old, &new) {
            if let DiffOp::Equal { old_index, new_index, len } = operation {
                let pair = |at| (start.0 + old_index + at, start.1 + new_index + at);
                self.pairs.extend((0..len).map(pair));
            }
        }
    }

    /// Pairs of equal elements, by their place in the old sequence: of those that occur
    /// once in both, or of all by the number of the occurrence.
    fn anchors(
        &self,
        old: &Range<usize>,
        new: &Range<usize>,
        only_once: bool,
    ) -> Vec<(usize, usize)> {
        let in_old = occurrences(self.old, old);
        let in_new = occurrences(self.new, new);
        let mut pairs = Vec::new();
        for (element, places) in &in_old {
            let Some(others) = in_new.get(element) else {
                continue;
            };
            if !only_once || (places.len(), others.len()) == (1, 1) {
                pairs.extend(places.iter().copied().zip(others.iter().copied()));
            }
        }
        pairs.sort_unstable();
        pairs
    }
}

fn occurrences(all: &[Digest], range: &Range<usize>) -> HashMap<Digest, Vec<usize>> {
    let mut places: HashMap<Digest, Vec<usize>> = HashMap::new();
    for (at, element) in range.clone().zip(all.get(range.clone()).unwrap_or_default()) {
        match places.entry(*element) {
            Entry::Occupied(mut known) => known.get_mut().push(at),
            Entry::Vacant(vacant) => {
                vacant.insert(vec![at]);
            }
        }
    }
    places
}

/// The longest part of pairs that rises in both, given that they rise in the first.
fn longest_rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each length the pair that ends a part of that length and is least.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (at, (_, second)) in pairs.iter().enumerate() {
        let is_less = |end: &usize| pairs.get(*end).is_some_and(|(_, last)| last < second);
        let length = ends.partition_point(is_less);
        before.push(length.checked_sub(1).and_then(|length| ends.get(length).copied()));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut rising = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(at) = next {
        rising.extend(pairs.get(at));
        next = before.get(at).copied().flatten();
    }
    rising.reverse();
    rising
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Vec<Digest> {
        text.bytes().map(Digest::from).collect()
    }

    #[test]
    fn the_longest_common_part_is_found() {
        assert_eq!(align(&of("abcd"), &of("abcd")), [(0, 0), (1, 1), (2, 2), (3, 3)]);
        assert_eq!(align(&of("abcd"), &of("acd")), [(0, 0), (2, 1), (3, 2)]);
        assert_eq!(align(&of("abcd"), &of("abxcd")), [(0, 0), (1, 1), (2, 3), (3, 4)]);
        assert_eq!(align(&of("abc"), &of("xyz")), []);
        assert_eq!(align(&of(""), &of("xyz")), []);
        assert_eq!(align(&of("aaaa"), &of("aa")).len(), 2);
    }

    #[test]
    fn long_sequences_are_aligned_where_something_occurs_once() {
        let old: Vec<Digest> = (0..20_000).collect();
        let mut new = old.clone();
        new.remove(5_000);
        new.insert(15_000, 1 << 100);
        new.swap(9_000, 9_001);
        assert_eq!(align(&old, &new).len(), old.len() - 2);
    }

    #[test]
    fn what_has_nothing_that_occurs_once_is_aligned_too() {
        let old: Vec<Digest> = (0..60_000).map(|at| at % 7).collect();
        let new: Vec<Digest> = (0..60_000).map(|at| at % 11).collect();
        let pairs = align(&old, &new);
        assert!(pairs.len() > 10_000, "{}", pairs.len());
    }

    #[test]
    fn gaps_are_what_is_left() {
        let pairs = [(1, 0), (2, 1), (5, 2)];
        let gaps = gaps(&pairs, 6, 5);
        let region = |old, new| Region { old, new };
        assert_eq!(gaps, [region(0..1, 0..0), region(3..5, 2..2), region(6..6, 3..5)]);
        assert_eq!(super::gaps(&[], 0, 0), []);
        assert_eq!(super::gaps(&[(0, 0)], 1, 1), []);
    }

    fn sequence() -> impl Strategy<Value = Vec<Digest>> {
        // Longer than what the longest common part is found of.
        prop_oneof![
            proptest::collection::vec(0_u128..5, 0..30),
            proptest::collection::vec(0_u128..2000, 0..1500),
            proptest::collection::vec(0_u128..3, 0..1500),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn pairs_are_equal_and_rise(old in sequence(), new in sequence()) {
            for pairs in [align(&old, &new), align_within(&old, &new)] {
                let is_equal = |(at_old, at_new): &(usize, usize)| old[*at_old] == new[*at_new];
                prop_assert!(pairs.iter().all(is_equal));
            }
            let pairs = align(&old, &new);
            for (one, two) in pairs.iter().zip(pairs.iter().skip(1)) {
                prop_assert!(one.0 < two.0 && one.1 < two.1);
            }
            let swapped: Vec<_> = align(&new, &old).iter().map(|(new, old)| (*old, *new)).collect();
            prop_assert_eq!(pairs, swapped);
            let all: Vec<_> = (0..old.len()).map(|at| (at, at)).collect();
            prop_assert_eq!(align_within(&old, &old), all);
        }
    }
}

//! How values are distributed, in memory that has a bound.

use std::collections::BTreeMap;

/// Values counted in buckets, each at most 1/64 wider than where it begins:
/// what is told of a value by its bucket's middle is at most 1/128 off, and
/// values below 128 are told as they are. There are no more than 3,776 buckets,
/// and only those that are hit take memory. The same values give the same
/// answers in any order.
///
/// It is not a crate's: those that are well kept take all buckets at once, or
/// draw samples at random.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Distribution {
    count: u64,
    min: u64,
    max: u64,
    buckets: BTreeMap<u16, u64>,
}

/// Values below this have a bucket each.
const EXACT: u64 = 128;

/// Buckets from one power of two to the next.
const PER_OCTAVE: u64 = EXACT / 2;

impl Distribution {
    /// Counts one value.
    pub(crate) fn add(&mut self, value: u64) {
        self.min = if self.count == 0 { value } else { self.min.min(value) };
        self.max = self.max.max(value);
        self.count += 1;
        *self.buckets.entry(bucket(value)).or_default() += 1;
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The least; exact. `None` where there are no values.
    pub(crate) fn min(&self) -> Option<u64> {
        (self.count > 0).then_some(self.min)
    }

    /// The greatest; exact. `None` where there are no values.
    pub(crate) fn max(&self) -> Option<u64> {
        (self.count > 0).then_some(self.max)
    }

    /// The least value that `percent` of the values do not exceed, at most 1 %
    /// off (nearest rank). `None` where there are no values.
    pub(crate) fn percentile(&self, percent: u8) -> Option<u64> {
        let rank = (u128::from(self.count) * u128::from(percent)).div_ceil(100).max(1);
        // Of the least and the greatest more is known than their bucket.
        if rank == 1 {
            return self.min();
        }
        if rank >= u128::from(self.count) {
            return self.max();
        }
        let mut seen = 0;
        let (bucket, _) = self.buckets.iter().find(|(_, count)| {
            seen += u128::from(**count);
            seen >= rank
        })?;
        let (first, last) = bounds(*bucket);
        Some((first + (last - first) / 2).clamp(self.min, self.max))
    }

    /// How many values there are from one power of two to the next, as far as
    /// there are any: the least value and the greatest that there could be, and
    /// the count.
    pub(crate) fn octaves(&self) -> BTreeMap<(u64, u64), u64> {
        let mut octaves = BTreeMap::new();
        for (bucket, count) in &self.buckets {
            *octaves.entry(octave(bounds(*bucket).0)).or_default() += count;
        }
        octaves
    }
}

/// The powers of two between which a value lies: `4` and `7` for `5`.
fn octave(value: u64) -> (u64, u64) {
    match value.checked_ilog2() {
        None => (0, 0),
        Some(power) => (1 << power, u64::MAX >> (u64::BITS - 1 - power)),
    }
}

/// The bucket of a value.
fn bucket(value: u64) -> u16 {
    if value < EXACT {
        return value as u16;
    }
    // The value's first seven bits, and how many follow them.
    let rest = u64::from(value.ilog2() - PER_OCTAVE.ilog2());
    (EXACT + (rest - 1) * PER_OCTAVE + (value >> rest) - PER_OCTAVE) as u16
}

/// The least and the greatest value of a bucket.
fn bounds(bucket: u16) -> (u64, u64) {
    let bucket = u64::from(bucket);
    let Some(above) = bucket.checked_sub(EXACT) else {
        return (bucket, bucket);
    };
    let rest = above / PER_OCTAVE + 1;
    let first = (PER_OCTAVE + above % PER_OCTAVE) << rest;
    (first, first | ((1 << rest) - 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn buckets_follow_one_another_without_a_hole() {
        assert_eq!(bucket(u64::MAX), 3_775);
        assert_eq!(bounds(3_775).1, u64::MAX);
        for index in 0..3_775 {
            let (first, last) = bounds(index);
            assert_eq!((bucket(first), bucket(last)), (index, index));
            assert_eq!(bounds(index + 1).0, last + 1);
            assert!(last - first <= first / PER_OCTAVE);
        }
    }

    #[test]
    fn few_values_are_told_as_they_are() {
        let mut some = Distribution::default();
        assert_eq!((some.percentile(50), some.min(), some.max()), (None, None, None));
        for value in [7, 1, 100, 3] {
            some.add(value);
        }
        assert_eq!(
            [0, 25, 50, 75, 90, 100].map(|percent| some.percentile(percent).unwrap()),
            [1, 1, 3, 7, 100, 100]
        );
        assert_eq!((some.count(), some.min(), some.max()), (4, Some(1), Some(100)));
    }

    #[test]
    fn octaves_are_powers_of_two() {
        let mut some = Distribution::default();
        for value in [0, 1, 2, 3, 4, 1_023, 1_024, u64::MAX] {
            some.add(value);
        }
        let octaves: Vec<_> = some.octaves().into_iter().collect();
        assert_eq!(
            octaves,
            [
                ((0, 0), 1),
                ((1, 1), 1),
                ((2, 3), 2),
                ((4, 7), 1),
                ((512, 1_023), 1),
                ((1_024, 2_047), 1),
                ((1 << 63, u64::MAX), 1),
            ]
        );
    }

    proptest! {
        #[test]
        fn percentiles_are_one_percent_off_at_most(
            mut values in prop::collection::vec((any::<u64>(), 0..64_u32).prop_map(|(value, shift)| value >> shift), 1..200),
            percent in 1..=100_u8,
        ) {
            let mut some = Distribution::default();
            for value in &values {
                some.add(*value);
            }
            values.sort_unstable();
            let exact = values[(values.len() * usize::from(percent)).div_ceil(100) - 1];
            let told = some.percentile(percent).unwrap();
            prop_assert!(u128::from(told.abs_diff(exact)) * 100 <= u128::from(exact), "{told} for {exact}");
        }
    }
}

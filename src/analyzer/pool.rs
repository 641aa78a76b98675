//! What the shards share of the limits that hold for all conversations.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::{PERIOD, SHARDS};
use crate::types::Limits;

/// Of a limit this part is the shards' own, in equal shares; the rest is for
/// those that need more.
const OWN_PART: usize = 3;

/// Checkpoints after which nobody comes back to one.
const OLD: u64 = 4;

/// More is asked for in steps, so that it is seldom: as much as a shard's own
/// share, within these bounds.
const STEPS: RangeInclusive<usize> = 4 << 10..=256 << 10;

/// What is bounded for all conversations together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// [`Limits::memory`].
    Memory,
    /// [`Limits::reorder_total`].
    Reorder,
}

/// Where a shard gets more of a [`Resource`] than its own share. `order` is
/// that of the task that it is about.
pub(crate) trait Reserve {
    /// Asks for bytes; whether they are granted. To be answered when all tasks
    /// before `order` are done.
    fn ask(&mut self, resource: Resource, order: u64, bytes: usize) -> bool;

    /// Gives bytes back.
    fn release(&mut self, resource: Resource, order: u64, bytes: usize);

    /// Whether memory was asked for in vain, so that at these checkpoints what
    /// is not in use is to be given up.
    fn is_short(&mut self, checkpoints: RangeInclusive<u64>) -> bool;
}

/// What is left for those that need more, and when somebody asked in vain.
///
/// The answers depend on the tasks alone, however the shards are spread over
/// threads: what was given back counts from that task on.
#[derive(Debug)]
pub(crate) struct Reserves {
    memory: Pool,
    reorder: Pool,
    /// Checkpoints at which room is to be made.
    short: BTreeSet<u64>,
}

#[derive(Debug)]
struct Pool {
    capacity: usize,
    granted: usize,
    /// What was given back, by the order of the task, and does not count yet.
    released: BTreeMap<u64, usize>,
}

impl Reserves {
    /// Those that `limits` leave.
    pub(crate) fn new(limits: &Limits) -> Self {
        let pool = |limit| Pool {
            capacity: limit - own_share(limit) * SHARDS,
            granted: 0,
            released: BTreeMap::new(),
        };
        let (memory, reorder) = (pool(limits.memory), pool(limits.reorder_total));
        Self { memory, reorder, short: BTreeSet::new() }
    }

    fn pool(&mut self, resource: Resource) -> &mut Pool {
        match resource {
            Resource::Memory => &mut self.memory,
            Resource::Reorder => &mut self.reorder,
        }
    }
}

impl Reserve for Reserves {
    fn ask(&mut self, resource: Resource, order: u64, bytes: usize) -> bool {
        let is_granted = self.pool(resource).ask(order, bytes);
        if !is_granted && resource == Resource::Memory {
            // No thread has come so far yet: all tasks done lie within a
            // period.
            self.short.insert(order / PERIOD + 2);
        }
        is_granted
    }

    fn release(&mut self, resource: Resource, order: u64, bytes: usize) {
        *self.pool(resource).released.entry(order).or_default() += bytes;
    }

    fn is_short(&mut self, checkpoints: RangeInclusive<u64>) -> bool {
        // All shards have been at those long ago.
        while self.short.first().is_some_and(|first| first + OLD < *checkpoints.start()) {
            self.short.pop_first();
        }
        self.short.range(checkpoints).next().is_some()
    }
}

impl Pool {
    fn ask(&mut self, order: u64, bytes: usize) -> bool {
        while let Some(entry) = self.released.first_entry().filter(|entry| *entry.key() <= order) {
            self.granted -= entry.remove().min(self.granted);
        }
        let is_granted = self.capacity - self.granted >= bytes;
        if is_granted {
            self.granted += bytes;
        }
        is_granted
    }
}

/// What one shard may have, and has, of a resource.
#[derive(Debug)]
pub(super) struct Budget {
    resource: Resource,
    own: usize,
    granted: usize,
    /// Bytes in use.
    pub(super) used: usize,
    /// The most that was needed since the last checkpoint.
    peak: usize,
    /// More was asked for in vain since then: it is not asked for again, as to
    /// ask can mean to wait for all other shards.
    is_denied: bool,
}

impl Budget {
    pub(super) fn new(resource: Resource, limit: usize) -> Self {
        Self { resource, own: own_share(limit), granted: 0, used: 0, peak: 0, is_denied: false }
    }

    /// Bytes that may be in use.
    pub(super) fn allowed(&self) -> usize {
        self.own + self.granted
    }

    /// Whether `more` bytes are allowed, or can be had.
    #[inline]
    pub(super) fn has_room(&mut self, more: usize, order: u64, reserve: &mut dyn Reserve) -> bool {
        let needed = self.used.saturating_add(more);
        self.peak = self.peak.max(needed);
        needed <= self.allowed() || self.grow(needed - self.allowed(), order, reserve)
    }

    fn grow(&mut self, bytes: usize, order: u64, reserve: &mut dyn Reserve) -> bool {
        let steps = bytes.next_multiple_of(self.step());
        let mut ask = |bytes| {
            let is_granted = !self.is_denied && reserve.ask(self.resource, order, bytes);
            self.granted += if is_granted { bytes } else { 0 };
            is_granted
        };
        let is_granted = ask(steps) || bytes < steps && ask(bytes);
        self.is_denied = !is_granted;
        is_granted
    }

    fn step(&self) -> usize {
        self.own.clamp(*STEPS.start(), *STEPS.end())
    }

    /// What was needed until now is not.
    pub(super) fn forget_peak(&mut self) {
        self.peak = self.used;
    }

    /// Gives back what was not needed since the last checkpoint.
    pub(super) fn checkpoint(&mut self, order: u64, reserve: &mut dyn Reserve) {
        let needed = self.peak.saturating_sub(self.own).next_multiple_of(self.step());
        let spare = self.granted.saturating_sub(needed);
        if spare > 0 {
            reserve.release(self.resource, order, spare);
            self.granted -= spare;
        }
        self.peak = self.used;
        self.is_denied = false;
    }
}

fn own_share(limit: usize) -> usize {
    limit / OWN_PART / SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reserves(memory: usize) -> Reserves {
        Reserves::new(&Limits { memory, ..Limits::default() })
    }

    #[test]
    fn what_is_given_back_counts_from_that_task_on() {
        let mut reserves = reserves(3 * 64 * 1000);
        assert!(reserves.ask(Resource::Memory, 1, 100_000));
        reserves.release(Resource::Memory, 10, 100_000);
        assert!(!reserves.ask(Resource::Memory, 9, 100_000));
        assert!(reserves.ask(Resource::Memory, 10, 100_000));
    }

    #[test]
    fn who_asks_in_vain_makes_the_next_but_one_checkpoint_short() {
        let mut reserves = reserves(3 * 64 * 1000);
        assert!(!reserves.ask(Resource::Memory, 5 * PERIOD + 1, 1 << 20));
        let short: Vec<bool> = (5..10).map(|number| reserves.is_short(number..=number)).collect();
        assert_eq!(short, [false, false, true, false, false]);
    }

    #[test]
    fn all_shards_together_never_have_more_than_the_limit() {
        let limit = 3 * 64 * 100_000;
        let mut reserves = reserves(limit);
        let mut budgets: Vec<Budget> =
            (0..SHARDS).map(|_| Budget::new(Resource::Memory, limit)).collect();
        let mut denied = 0;
        for order in 0..2000 {
            let budget = &mut budgets[order as usize * 7 % 5];
            if budget.has_room(50_000, order, &mut reserves) {
                budget.used += 50_000;
            } else {
                denied += 1;
                budget.used = 0;
            }
            if order % 97 == 0 {
                budget.checkpoint(order, &mut reserves);
            }
            assert!(budgets.iter().map(Budget::allowed).sum::<usize>() <= limit);
        }
        assert!(denied > 0);
    }
}

//! Which worker does which shard.

use std::time::Duration;

use crate::analyzer::SHARDS;

/// What a task costs beside its bytes, as bytes.
const TASK: u64 = 256;

/// Work after which is looked whether it is spread evenly: much beside the
/// batches under way, as who gets a shard may have to wait for those.
const SPELL: u64 = 8 << 20;

/// Of its work a worker may have this part more than another.
const SLACK: u64 = 16;

/// Spreads the shards over the workers, and moves some where the work turns out
/// uneven.
///
/// What the thread that gives out the tasks has to do itself counts too, where
/// it shares a processor with the first worker.
pub(super) struct Roster {
    workers: usize,
    duties: Vec<Duty>,
    /// Work since it was last looked whether it is spread evenly.
    work: u64,
    /// Whether there are fewer processors than threads, this one included.
    shares_processor: bool,
    /// How long this thread has worked, and all workers together: lately, as
    /// the load is.
    time: Duration,
    workers_time: Duration,
}

/// One shard.
struct Duty {
    worker: usize,
    /// Its work: of the last spell, half of that of the one before, and so on.
    load: u64,
}

/// A shard is to go from one worker to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) shard: usize,
    pub(super) from: usize,
    pub(super) to: usize,
}

impl Roster {
    /// For so many workers on so many processors.
    pub(super) fn new(workers: usize, processors: usize) -> Self {
        let workers = workers.max(1);
        let duty = |shard| Duty { worker: shard % workers, load: 0 };
        Self {
            workers,
            duties: (0..SHARDS).map(duty).collect(),
            work: 0,
            shares_processor: processors <= workers,
            time: Duration::ZERO,
            workers_time: Duration::ZERO,
        }
    }

    /// The worker of each shard.
    pub(super) fn workers(&self) -> impl Iterator<Item = usize> {
        self.duties.iter().map(|duty| duty.worker)
    }

    /// Takes note of a task with so many bytes. Whose it is.
    #[inline]
    pub(super) fn assign(&mut self, shard: usize, bytes: usize) -> Option<usize> {
        let duty = self.duties.get_mut(shard)?;
        let work = bytes as u64 + TASK;
        duty.load += work;
        self.work += work;
        Some(duty.worker)
    }

    /// Takes note that this thread has worked for so long.
    pub(super) fn worked(&mut self, time: Duration) {
        self.time += time;
    }

    /// Takes note that a worker has worked for so long.
    pub(super) fn has_worked(&mut self, time: Duration) {
        self.workers_time += time;
    }

    /// What is to move so that the work is spread evenly; nothing as long as
    /// there was little of it.
    pub(super) fn moves(&mut self) -> Vec<Move> {
        if self.work < SPELL {
            return Vec::new();
        }
        let moves = self.even_out();
        self.work = 0;
        self.time /= 2;
        self.workers_time /= 2;
        for duty in &mut self.duties {
            duty.load /= 2;
        }
        moves
    }

    /// Takes from who has most for who has least, as long as that makes a
    /// difference.
    fn even_out(&mut self) -> Vec<Move> {
        let all: u64 = self.duties.iter().map(|duty| duty.load).sum();
        let mut moves: Vec<Move> = Vec::new();
        let mut workers: Vec<(u64, usize)> =
            (0..self.workers).map(|worker| (self.load_of(worker), worker)).collect();
        if let Some((load, _)) = workers.first_mut() {
            *load += self.own_load(all);
        }
        loop {
            workers.sort_unstable();
            let [(least, to), .., (most, from)] = workers.as_mut_slice() else {
                return moves;
            };
            let (from, to, gap, slack) = (*from, *to, *most - *least, *most / SLACK);
            // One that makes the other have as much would go to and fro, and one
            // that is nearly idle would go for nothing.
            let is_movable = |(shard, duty): &(usize, &mut Duty)| {
                duty.worker == from
                    && duty.load > gap.min(all) / (2 * SHARDS as u64)
                    && duty.load + slack < gap
                    && moves.iter().all(|known| known.shard != *shard)
            };
            let movable = self.duties.iter_mut().enumerate().filter(is_movable);
            match movable.min_by_key(|(_, duty)| (2 * duty.load).abs_diff(gap)) {
                Some((shard, duty)) => {
                    duty.worker = to;
                    *most -= duty.load;
                    *least += duty.load;
                    moves.push(Move { shard, from, to });
                }
                // What it has cannot be divided; the others go on without it.
                None => drop(workers.pop()),
            }
        }
    }

    /// What this thread does itself, as a part of `all` that the workers do.
    fn own_load(&self, all: u64) -> u64 {
        if !self.shares_processor || self.workers_time.is_zero() {
            return 0;
        }
        (all as f64 * self.time.div_duration_f64(self.workers_time)) as u64
    }

    fn load_of(&self, worker: usize) -> u64 {
        self.duties.iter().filter(|duty| duty.worker == worker).map(|duty| duty.load).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A spell in which each shard has so much of the work.
    fn spell(roster: &mut Roster, shares: &[(usize, usize)]) -> Vec<Move> {
        let all: usize = shares.iter().map(|(_, share)| share).sum();
        for &(shard, share) in shares {
            roster.assign(shard, (SPELL as usize).div_ceil(all) * share);
        }
        roster.moves()
    }

    #[test]
    fn every_worker_has_a_shard() {
        for workers in 1..=SHARDS {
            let roster = Roster::new(workers, SHARDS);
            assert!((0..workers).all(|worker| roster.workers().any(|other| other == worker)));
        }
    }

    #[test]
    fn even_work_stays_where_it_is() {
        let mut roster = Roster::new(2, 4);
        let shares: Vec<_> = (0..SHARDS).map(|shard| (shard, 20 + shard / 2 % 3)).collect();
        for _ in 0..5 {
            assert_eq!(spell(&mut roster, &shares), []);
        }
        assert_eq!(spell(&mut roster, &[(0, 33), (1, 32)]), []);
    }

    #[test]
    fn who_shares_a_processor_with_this_thread_gets_less() {
        for (processors, expected) in [(3, [32, 32]), (2, [16, 48])] {
            let mut roster = Roster::new(2, processors);
            let shares: Vec<_> = (0..SHARDS).map(|shard| (shard, 1)).collect();
            for _ in 0..4 {
                roster.worked(Duration::from_millis(1));
                roster.has_worked(Duration::from_millis(2));
                spell(&mut roster, &shares);
            }
            // Half as much as both workers do: the first has a quarter of that.
            let count = |number| roster.workers().filter(|worker| *worker == number).count();
            let found = [count(0), count(1)];
            let differs = found.iter().zip(expected).any(|(one, other)| one.abs_diff(other) > 3);
            assert!(!differs, "{processors} processors: {found:?}");
        }
    }

    #[test]
    fn a_worker_may_be_left_with_nothing() {
        let mut roster = Roster::new(2, 1);
        roster.worked(Duration::from_secs(9));
        roster.has_worked(Duration::from_secs(1));
        let shares: Vec<_> = (0..SHARDS).map(|shard| (shard, 1)).collect();
        spell(&mut roster, &shares);
        assert!(roster.workers().all(|worker| worker == 1));
    }

    #[test]
    fn nothing_moves_before_there_was_enough_work() {
        let mut roster = Roster::new(2, 4);
        assert_eq!(roster.assign(0, SPELL as usize / 2), Some(0));
        assert_eq!(roster.assign(2, SPELL as usize / 4), Some(0));
        assert_eq!(roster.moves(), []);
        assert_eq!(roster.assign(SHARDS, 0), None);
    }

    #[test]
    fn who_has_most_gives_to_who_has_least() {
        let mut roster = Roster::new(2, 4);
        let shares = [(0, 30), (1, 10), (2, 20), (3, 10), (4, 10)];
        assert_eq!(spell(&mut roster, &shares), [Move { shard: 2, from: 0, to: 1 }]);
        assert_eq!(spell(&mut roster, &shares), []);
        assert_eq!(roster.workers().take(5).collect::<Vec<_>>(), [0, 1, 1, 1, 0]);
        assert_eq!(roster.assign(2, 0), Some(1));
    }

    #[test]
    fn work_that_cannot_be_divided_stays_while_the_rest_is_spread() {
        let mut roster = Roster::new(3, 4);
        let shares = [(0, 1000), (3, 99), (6, 99), (1, 99), (4, 99), (7, 99), (10, 99)];
        spell(&mut roster, &shares);
        let mut loads = [0; 3];
        for (shard, share) in shares {
            loads[roster.workers().nth(shard).unwrap()] += share;
        }
        loads.sort_unstable();
        assert_eq!(loads, [297, 297, 1000]);
        assert_eq!(spell(&mut roster, &shares), []);
    }

    #[test]
    fn two_of_three_equal_shards_are_not_moved_to_and_fro() {
        let mut roster = Roster::new(2, 4);
        for round in 0..10 {
            let noise = round % 3;
            let shares = [(0, 50 + noise), (1, 51), (2, 51 - noise)];
            assert_eq!(spell(&mut roster, &shares), [], "round {round}");
        }
    }

    #[test]
    fn it_follows_the_work() {
        let mut roster = Roster::new(2, 4);
        spell(&mut roster, &[(0, 1), (1, 1), (2, 1), (3, 1)]);
        for _ in 0..4 {
            spell(&mut roster, &[(0, 1), (2, 1)]);
        }
        let workers: Vec<_> = roster.workers().collect();
        assert_ne!(workers[0], workers[2]);
    }

    #[test]
    fn no_shard_moves_twice_at_once() {
        for workers in [2, 3, 8, SHARDS] {
            let mut roster = Roster::new(workers, SHARDS);
            let mut state = 1_u64;
            for _ in 0..50 {
                let before: Vec<_> = roster.workers().collect();
                let shares: Vec<_> = (0..SHARDS)
                    .map(|shard| {
                        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                        (shard, 1 + (state >> 58) as usize * (state >> 62) as usize)
                    })
                    .collect();
                let mut after = before.clone();
                for Move { shard, from, to } in spell(&mut roster, &shares) {
                    assert_eq!(before[shard], from);
                    after[shard] = to;
                }
                assert_eq!(after, roster.workers().collect::<Vec<_>>());
            }
        }
    }
}

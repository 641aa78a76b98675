//! How long answers took.

use std::time::Duration;

use crate::output::grouped;
use crate::types::distribution::Distribution;

/// How long so many of the answers of a capture may take at the most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::check::expectations) struct LatencyLimits {
    /// Half of them.
    pub(in crate::check::expectations) p50: Option<Duration>,
    /// 95 %.
    pub(in crate::check::expectations) p95: Option<Duration>,
    /// 99 %.
    pub(in crate::check::expectations) p99: Option<Duration>,
    /// All of them.
    pub(in crate::check::expectations) max: Option<Duration>,
}

/// How long answers took. Whether that is too long is known exactly, since those that
/// took longer than a limit are counted; how long it was is told to 1 %.
#[derive(Debug)]
pub(super) struct Latencies {
    /// Nanoseconds.
    times: Distribution,
    percentiles: Vec<Percentile>,
}

#[derive(Debug)]
struct Percentile {
    percent: u8,
    most: Duration,
    /// Answers that took longer.
    longer: u64,
}

impl Latencies {
    /// None yet.
    pub(super) fn new(limits: &LatencyLimits) -> Self {
        let limits = [(50, limits.p50), (95, limits.p95), (99, limits.p99)];
        let percentile = |(percent, most): (u8, Option<Duration>)| {
            Some(Percentile { percent, most: most?, longer: 0 })
        };
        let percentiles = limits.into_iter().filter_map(percentile).collect();
        Self { times: Distribution::default(), percentiles }
    }

    /// Counts one.
    pub(super) fn add(&mut self, latency: Duration) {
        self.times.add(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
        for percentile in &mut self.percentiles {
            percentile.longer += u64::from(latency > percentile.most);
        }
    }

    /// What is told of each percentile that is beyond its limit.
    pub(super) fn exceeded(&self) -> impl Iterator<Item = String> {
        let count = self.times.count();
        self.percentiles.iter().filter(move |percentile| percentile.is_exceeded(count)).map(
            move |Percentile { percent, most, longer }| {
                let time = self.times.percentile(*percent).unwrap_or_default();
                let time = Duration::from_nanos(time).max(*most);
                format!(
                    "{} of {} answers took longer than {most:?}; {percent} % took up to about {time:.1?}",
                    grouped(*longer),
                    grouped(count),
                )
            },
        )
    }
}

impl Percentile {
    /// Whether of so many answers the one that `percent` do not exceed (nearest rank)
    /// took longer.
    fn is_exceeded(&self, count: u64) -> bool {
        let rank = (u128::from(count) * u128::from(self.percent)).div_ceil(100);
        u128::from(count - self.longer) < rank
    }
}

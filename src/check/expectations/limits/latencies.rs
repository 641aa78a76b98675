//! How long answers took.

use std::time::Duration;

use super::Limit;
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

impl LatencyLimits {
    /// Each of them.
    pub(super) fn all(&self) -> [(Limit, Option<Duration>); 4] {
        let Self { p50, p95, p99, max } = *self;
        [
            (Limit::LatencyP50, p50),
            (Limit::LatencyP95, p95),
            (Limit::LatencyP99, p99),
            (Limit::LatencyMax, max),
        ]
    }
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
    limit: Limit,
    percent: u8,
    most: Duration,
    /// Answers that took longer.
    longer: u64,
}

impl Latencies {
    /// None yet.
    pub(super) fn new(limits: &LatencyLimits) -> Self {
        let percentile = |(limit, most): (Limit, Option<Duration>)| {
            let percent = match limit {
                Limit::LatencyP50 => 50,
                Limit::LatencyP95 => 95,
                Limit::LatencyP99 => 99,
                // The longest is judged where it comes, the others are no latencies.
                _ => return None,
            };
            Some(Percentile { limit, percent, most: most?, longer: 0 })
        };
        let percentiles = limits.all().into_iter().filter_map(percentile).collect();
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
    pub(super) fn exceeded(&self) -> impl Iterator<Item = (Limit, String)> {
        let count = self.times.count();
        self.percentiles.iter().filter(move |percentile| percentile.is_exceeded(count)).map(
            move |Percentile { limit, percent, most, longer }| {
                let time = self.times.percentile(*percent).unwrap_or_default();
                let time = Duration::from_nanos(time).max(*most);
                let (longer, count) = (grouped(*longer), grouped(count));
                let detail = format!(
                    "{longer} of {count} answers took longer than {most:?}; {percent} % took up to about {time:.1?}"
                );
                (*limit, detail)
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

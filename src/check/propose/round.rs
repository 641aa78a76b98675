//! Numbers with headroom, rounded up to ones that people would have chosen.

/// Milliseconds, and how they are written.
const TIMES: [(u64, &str); 26] = [
    (10, "10ms"),
    (20, "20ms"),
    (50, "50ms"),
    (100, "100ms"),
    (200, "200ms"),
    (500, "500ms"),
    (1_000, "1s"),
    (2_000, "2s"),
    (5_000, "5s"),
    (10_000, "10s"),
    (20_000, "20s"),
    (30_000, "30s"),
    (60_000, "1m"),
    (120_000, "2m"),
    (300_000, "5m"),
    (600_000, "10m"),
    (1_200_000, "20m"),
    (1_800_000, "30m"),
    (3_600_000, "1h"),
    (7_200_000, "2h"),
    (18_000_000, "5h"),
    (36_000_000, "10h"),
    (86_400_000, "24h"),
    (172_800_000, "48h"),
    (604_800_000, "168h"),
    (1_209_600_000, "336h"),
];

/// How many times there are.
pub(super) const COUNT: usize = TIMES.len();

/// What answers may take, as a multiple of what they took.
const HEADROOM_OF_TIMES: u64 = 3;

/// The number of the least time, among all of them in order, that leaves headroom over
/// so many nanoseconds; `None` where none does.
pub(super) fn time(nanoseconds: u64) -> Option<usize> {
    let wanted = nanoseconds.saturating_mul(HEADROOM_OF_TIMES).div_ceil(1_000_000);
    TIMES.iter().position(|(milliseconds, _)| *milliseconds >= wanted)
}

/// How it is written.
pub(super) fn written(time: usize) -> &'static str {
    TIMES.get(time).map_or("", |(_, written)| written)
}

/// The least that anybody would write for a single answer: machines that run tests are
/// at times slow.
pub(super) const SHORTEST: usize = 3;

/// What may be, as a multiple of what was.
const HEADROOM: u64 = 2;

/// The least rate that is worth a limit.
const LEAST_RATE: u64 = 10;

/// A rate with headroom; `None` where it is beyond what is written.
pub(super) fn rate(seen: u64) -> Option<u32> {
    let wanted = seen.saturating_mul(HEADROOM).max(LEAST_RATE);
    let steps = (1..=9).flat_map(|zeros| [1, 2, 5].map(|digit| digit * 10_u64.pow(zeros)));
    steps.into_iter().find(|rate| *rate >= wanted).and_then(|rate| u32::try_from(rate).ok())
}

/// Bytes with headroom, as they are written: a power of two.
pub(super) fn size(bytes: u64) -> String {
    let wanted = bytes.saturating_mul(HEADROOM).clamp(1 << 10, 1 << 62).next_power_of_two();
    let (shift, unit) = match wanted.ilog2() {
        0..20 => (10, "KiB"),
        20..30 => (20, "MiB"),
        _ => (30, "GiB"),
    };
    format!("{}{unit}", wanted >> shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_headroom() {
        assert!(TIMES.is_sorted());
        let times = [0, 3_333_333, 3_333_334, 900_000_000, 20_000_000_000]
            .map(|nanoseconds| time(nanoseconds).map(written));
        assert_eq!(times, ["10ms", "10ms", "20ms", "5s", "1m"].map(Some));
        assert_eq!(time(u64::MAX), None);
        assert_eq!(written(SHORTEST), "100ms");
        assert_eq!([0, 5, 6, 26, 200_000].map(rate), [10, 10, 20, 100, 500_000].map(Some));
        assert_eq!(rate(1_000_000_000), Some(2_000_000_000));
        assert_eq!(rate(1_000_000_001), None);
        assert_eq!(rate(u64::MAX), None);
        let sizes = [0, 512, 513, 524_288, 600_000_000, u64::MAX].map(size);
        assert_eq!(sizes, ["1KiB", "1KiB", "2KiB", "1MiB", "2GiB", "4294967296GiB"]);
    }
}

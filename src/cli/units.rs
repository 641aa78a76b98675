//! Sizes and times as people type and read them.

use std::time::Duration;

/// Bytes: `65536`, `64KiB`, `16M`; kB, MB and GB are powers of ten.
pub(super) fn parse_size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match text.get(digits.len()..)?.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// A time: `100ms`, `1.5s`, `2m`, `24h`; without a unit, seconds.
pub(super) fn parse_time(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let seconds = match text.get(digits.len()..)? {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    // No sign, no exponent, no "inf".
    if !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    Duration::try_from_secs_f64(digits.parse::<f64>().ok()? * seconds).ok()
}

/// Bytes for reading: `512 B`, `1.5 MiB`, `120 MiB`.
pub(super) fn size(bytes: u64) -> String {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    let Some((shift, unit)) = units.into_iter().find(|(shift, _)| bytes >> shift > 0) else {
        return format!("{bytes} B");
    };
    let whole = bytes >> shift;
    if whole >= 10 {
        return format!("{whole} {unit}");
    }
    let tenth = ((bytes - (whole << shift)) * 10) >> shift;
    format!("{whole}.{tenth} {unit}")
}

/// A time for reading, in seconds: `5 s`, `2 min 5 s`, `3 h 20 min`.
pub(super) fn time(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(parse_size("65536"), Some(65536));
        assert_eq!(parse_size("64KiB"), Some(65536));
        assert_eq!(parse_size("2M"), Some(2 << 20));
        assert_eq!(parse_size("1mb"), Some(1_000_000));
        for wrong in ["", "M", "1x", "-1", "1.5M", "99999999999G"] {
            assert_eq!(parse_size(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_and_times_are_readable() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            ((10 << 20) - 1, "9.9 MiB"),
            (10 << 20, "10 MiB"),
            ((1 << 30) - 1, "1023 MiB"),
            (3 << 29, "1.5 GiB"),
            (u64::MAX, "16777215 TiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (125, "2 min 5 s"),
            (12_059, "3 h 20 min"),
            (100 * 3600, "100 h 0 min"),
        ] {
            assert_eq!(time(seconds), text);
        }
    }

    #[test]
    fn times() {
        assert_eq!(parse_time("100ms"), Some(Duration::from_millis(100)));
        assert_eq!(parse_time("2"), Some(Duration::from_secs(2)));
        assert_eq!(parse_time("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(parse_time("2m"), Some(Duration::from_secs(120)));
        assert_eq!(parse_time("24h"), Some(Duration::from_secs(86_400)));
        for wrong in ["", "s", "1x", "-1s", "inf", "1e3s", "1.2.3", "."] {
            assert_eq!(parse_time(wrong), None, "{wrong}");
        }
    }
}

//! Sizes and times as people read them.

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
}

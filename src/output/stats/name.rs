//! Names that come from the wire, which may be of any length.

/// Bytes of a name that are kept.
const LONGEST: usize = 512;

/// The beginning of a name, and a sign where that is not all of it.
pub(super) fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let beginning = (0..=LONGEST).rev().find_map(|end| name.get(..end));
    format!("{}…", beginning.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_names_are_shortened() {
        let whole = "é".repeat(LONGEST / 2);
        assert_eq!(shortened(&whole), whole);
        assert_eq!(shortened(&format!("a{whole}")), format!("a{}…", "é".repeat(LONGEST / 2 - 1)));
    }
}

//! Parts of texts.

/// The first bytes of `text`, `most` at the most, without a character that they would
/// cut.
pub(crate) fn head(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::head;

    #[test]
    fn no_character_is_cut() {
        let text = "né€😀";
        let heads: Vec<&str> = (0..12).map(|most| head(text, most)).collect();
        assert_eq!(heads, ["", "n", "n", "né", "né", "né", "né€", "né€", "né€", "né€", text, text]);
    }
}

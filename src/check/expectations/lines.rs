//! Lines and columns of places in a text.

/// Tells lines and columns; of places in their order in one pass over the text.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    offset: usize,
    line: usize,
    column: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, offset: 0, line: 1, column: 1 }
    }

    /// The line and the column, in characters, of the byte at `offset`, both from 1.
    pub(super) fn place(&mut self, offset: usize) -> (usize, usize) {
        if offset < self.offset {
            *self = Self::new(self.text);
        }
        for letter in self.text.get(self.offset..offset).unwrap_or_default().chars() {
            (self.line, self.column) =
                if letter == '\n' { (self.line + 1, 1) } else { (self.line, self.column + 1) };
        }
        self.offset = offset;
        (self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_newlines_and_columns_are_characters() {
        let text = "a\r\né€x\n\nz";
        let mut lines = Lines::new(text);
        let places: Vec<_> = text.char_indices().map(|(offset, _)| lines.place(offset)).collect();
        assert_eq!(
            places,
            [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (2, 4), (3, 1), (4, 1)]
        );
        assert_eq!(lines.place(3), (2, 1));
        assert_eq!(lines.place(text.len()), (4, 2));
    }
}

//! Text on one line.

use anstyle::Style;

use crate::output::spool::PIECE;
use crate::output::wrap::Page;
use crate::types::text::head;

/// Writes `text` on the line at hand, without the white space around it: line ends
/// become `\n`, other white space one space. So it never looks like two items of
/// a line. How many bytes were left when the page was full.
pub(super) fn put_gist(page: &mut Page<'_>, style: Style, text: &str) -> usize {
    let mut rest = text.trim();
    while !rest.is_empty() && !page.is_full() {
        let near = head(rest, PIECE);
        let word = near.find(char::is_whitespace).and_then(|end| near.get(..end)).unwrap_or(near);
        let taken = page.put(style, word);
        let after = rest.get(taken..).unwrap_or_default();
        if taken < word.len() {
            return after.len();
        }
        rest = after.trim_start();
        let white = after.get(..after.len() - rest.len()).unwrap_or_default();
        if white.contains('\n') {
            page.put(style, "\n");
        } else if !white.is_empty() {
            page.put(style, " ");
        }
        page.relieve();
    }
    rest.len()
}

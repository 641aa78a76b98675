//! Lines that keep to a width.

use std::ops::Range;

use anstyle::Style;
use unicode_width::UnicodeWidthChar as _;

use super::escape::{Escape, is_hazardous};
use super::spool::{PIECE, Spool, pieces};
use super::style::{DIM, PLAIN};
use super::write;
use crate::types::ascii;

/// Writes lines at the end of a buffer: escapes what comes from the wire,
/// counts columns, and continues a line that would be longer than the width
/// on the next one, indented.
pub(crate) struct Page<'o> {
    out: &'o mut Spool,
    /// Columns of a line; `usize::MAX` where lines may be of any length.
    width: usize,
    color: bool,
    /// Columns of this line that are taken.
    column: usize,
    /// Indentation of the lines that continue this one.
    hang: usize,
    /// Whether lines may also be broken after a space.
    words: bool,
    /// What the text now being written looks like.
    style: Style,
    /// The best place so far to break this line.
    chance: Option<Chance>,
    /// The bytes of `out` that last padded a column.
    padding: Range<usize>,
    /// Rows that may still be written, this one included; `usize::MAX` where
    /// there may be any number.
    rows: usize,
    /// Columns that this row may have.
    edge: usize,
    /// Signs without a column that were written since rows are counted.
    marks: usize,
    /// Nothing more is written.
    full: bool,
    /// Where the last sign ends that something is cut.
    cut: usize,
}

/// What bounded a page before it was bounded otherwise.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    rows: usize,
    edge: usize,
    full: bool,
}

/// Where rows are counted but lines may be of any length, so many columns are
/// taken for a row.
const COLUMNS_OF_A_ROW: usize = 100;

/// Signs that take no column are bounded by their number, where rows are.
const MOST_MARKS: usize = 10_000;

/// A place where a line can be broken.
struct Chance {
    /// The bytes of `out` that a break replaces.
    from: usize,
    to: usize,
    /// Column after them.
    column: usize,
    /// What the text there looks like.
    style: Style,
    /// Take it even if that leaves much of the line empty.
    always: bool,
}

/// Bytes that a break can move to the next line.
const LONGEST_TAIL: usize = 8 * PIECE;

impl<'o> Page<'o> {
    /// Narrower terminals are treated as this wide: there is no good way to
    /// show anything on them.
    pub(super) const NARROWEST: usize = 20;

    /// A page of `width` columns, or one without a bound.
    pub(crate) fn new(out: &'o mut Spool, width: Option<usize>, color: bool) -> Self {
        let width = width.map_or(usize::MAX, |width| width.max(Self::NARROWEST));
        Self {
            out,
            width,
            color,
            column: 0,
            hang: 0,
            words: false,
            style: PLAIN,
            chance: None,
            padding: 0..0,
            rows: usize::MAX,
            edge: width,
            marks: 0,
            full: false,
            cut: 0,
        }
    }

    /// From here, at the beginning of a line, no more than so many rows are
    /// written; `None` lifts that. What is put after them is dropped.
    pub(super) fn limit(&mut self, rows: Option<usize>) {
        self.rows = rows.unwrap_or(usize::MAX);
        self.marks = 0;
        self.full = self.rows == 0;
        self.measure();
    }

    /// Whether there were as many rows as may be: nothing more is written.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// Until [`Page::unfence`] this line ends before column `edge`, and with it
    /// what is put: it is neither broken nor longer.
    pub(super) fn fence(&mut self, edge: usize) -> Bounds {
        let before = Bounds { rows: self.rows, edge: self.edge, full: self.full };
        self.rows = 1;
        self.marks = 0;
        // There is room for the sign that something is cut.
        self.edge = edge.min(self.edge).saturating_sub(1);
        before
    }

    /// Lifts a fence. If that has cut something, a sign says so.
    pub(super) fn unfence(&mut self, before: Bounds) {
        // Once is enough where one fence stands in another.
        let has_room = self.column < before.edge;
        if self.full && !before.full && has_room && self.cut != self.out.len() {
            self.switch_on(DIM);
            self.out.extend_from_slice("…".as_bytes());
            self.switch_off(DIM);
            self.column += 1;
            self.cut = self.out.len();
        }
        Bounds { rows: self.rows, edge: self.edge, full: self.full } = before;
    }

    /// Breaks the line here, where it may be broken, unless so many columns fit.
    pub(super) fn need(&mut self, columns: usize) {
        if self.rows > 1 && self.width != usize::MAX {
            self.make_room(columns.min(self.width - self.hang));
        }
    }

    /// Ends a line that a fence may have cut.
    pub(super) fn end_row(&mut self) {
        self.unfence(Bounds { rows: usize::MAX, edge: self.width, full: false });
        self.end();
    }

    /// Columns that this line still has.
    pub(super) fn room(&self) -> usize {
        self.edge.saturating_sub(self.column)
    }

    /// Finds out how long a row may be.
    fn measure(&mut self) {
        let is_counted = self.width == usize::MAX && self.rows != usize::MAX;
        self.edge =
            if is_counted { self.rows.saturating_mul(COLUMNS_OF_A_ROW) } else { self.width };
    }

    /// Begins a line with `indent` spaces; what does not fit continues behind
    /// `hang` spaces. Neither takes more than half the width, so that there is
    /// always room for text.
    pub(crate) fn begin(&mut self, indent: usize, hang: usize) {
        if self.full {
            return;
        }
        self.hang = hang.min(self.width / 2);
        self.words = false;
        self.chance = None;
        self.column = indent.min(self.width / 2);
        self.spaces(self.column);
    }

    /// From here to the end of the line it may also be broken between words.
    pub(crate) fn break_between_words(&mut self) {
        // Lines of any length are never broken.
        self.words = self.width != usize::MAX;
    }

    /// Ends the line.
    pub(crate) fn end(&mut self) {
        if self.rows == 0 {
            return;
        }
        self.drop_gap();
        if self.padding.end == self.out.len() {
            self.out.truncate(self.padding.start);
        }
        self.padding = 0..0;
        self.cut = 0;
        self.out.push(b'\n');
        if self.rows != usize::MAX {
            let more = if self.width == usize::MAX { self.column / COLUMNS_OF_A_ROW } else { 0 };
            self.rows = self.rows.saturating_sub(1 + more);
            self.full |= self.rows == 0;
            self.measure();
        }
        self.column = 0;
        self.relieve();
    }

    /// Columns taken on this line.
    pub(super) fn column(&self) -> usize {
        self.column
    }

    /// Columns of a line; `None` where it may be of any length.
    pub(super) fn width(&self) -> Option<usize> {
        (self.width != usize::MAX).then_some(self.width)
    }

    /// Writes text, which may come from the wire. How many bytes of it were
    /// written before the page was full.
    pub(crate) fn put(&mut self, style: Style, text: &str) -> usize {
        self.put_escaping(style, text, Escape::plain)
    }

    /// Writes a part of a JSON document: what is escaped is escaped so that it
    /// stays one.
    pub(super) fn put_json(&mut self, style: Style, text: &str) -> usize {
        self.put_escaping(style, text, Escape::json)
    }

    /// Writes a few characters of our own, which are printable ASCII.
    #[inline]
    pub(crate) fn put_own(&mut self, text: &'static str) -> usize {
        self.put_printable(PLAIN, text)
    }

    /// Writes text of which is known that it is printable ASCII.
    #[inline]
    pub(super) fn put_printable(&mut self, style: Style, text: &str) -> usize {
        // As everything is that goes to a file or another program.
        let is_as_sent = self.width == usize::MAX && !self.color && !self.full;
        if is_as_sent && text.len() <= PIECE.min(self.room()) {
            self.out.extend_from_slice(text.as_bytes());
            self.column += text.len();
            text.len()
        } else {
            self.put(style, text)
        }
    }

    /// Parts two items of a line, which is preferably broken here.
    pub(crate) fn part(&mut self) {
        self.part_by(2);
    }

    /// The same with a gap of so many columns.
    pub(crate) fn part_by(&mut self, gap: usize) {
        self.full |= self.rows <= 1 && gap >= self.room();
        if self.full {
            return;
        }
        self.drop_gap();
        let end = self.out.len();
        let from = if self.padding.end == end { self.padding.start } else { end };
        self.spaces(gap);
        self.column += gap;
        self.chance = Some(Chance {
            from,
            to: self.out.len(),
            column: self.column,
            style: PLAIN,
            always: true,
        });
    }

    /// Pads a column with so many spaces, of which nothing is left if the line
    /// breaks or ends after them.
    pub(super) fn pad(&mut self, columns: usize) {
        if columns <= self.room() && !self.full {
            let from = self.out.len();
            self.spaces(columns);
            self.column += columns;
            self.padding = from..self.out.len();
        }
    }

    /// Moves on to the next tab stop, counted from the line's left edge
    /// `left`. Where lines may be of any length nobody minds columns, and the
    /// tab is written as it is.
    pub(super) fn tab(&mut self, left: usize) {
        const STOP: usize = 8;
        if self.width == usize::MAX {
            if self.make_room(1) {
                self.out.push(b'\t');
                self.column += usize::from(self.rows != usize::MAX);
                self.relieve();
            }
            return;
        }
        let gap = STOP - self.column.saturating_sub(left) % STOP;
        for _ in 0..gap {
            if !self.make_room(1) {
                return;
            }
            self.out.push(b' ');
            self.column += 1;
        }
        self.chance_before(0);
        self.relieve();
    }

    /// Writes the characters of base64, which need neither escaping nor a good
    /// place to break.
    pub(super) fn base64(&mut self, bytes: &[u8]) {
        // A chunk of base64 without padding must come from whole triples.
        let triples = match self.width() {
            Some(width) => ((width - self.hang.max(self.column)) / 4).max(1) * 3,
            None => PIECE / 3 * 3,
        };
        for (index, chunk) in bytes.chunks(triples).enumerate() {
            if index > 0 && self.width().is_some() {
                self.break_line();
            }
            write::base64(self.out, chunk);
            self.relieve();
        }
    }

    fn put_escaping(&mut self, style: Style, text: &str, escape: fn(char) -> Escape) -> usize {
        self.full |= self.rows <= 1 && self.room() == 0 && !text.is_empty();
        if self.full {
            return 0;
        }
        self.style = style;
        self.switch_on(style);
        let mut taken = 0;
        if text.len() <= PIECE {
            taken = self.put_piece(text, escape);
        } else {
            for piece in pieces(text) {
                taken += self.put_piece(piece, escape);
                self.relieve();
                if self.full {
                    break;
                }
            }
        }
        self.switch_off(style);
        self.style = PLAIN;
        taken
    }

    /// How many bytes of the piece were written before the page was full.
    fn put_piece(&mut self, piece: &str, escape: fn(char) -> Escape) -> usize {
        let mut rest = piece;
        while !rest.is_empty() {
            let (plain, tail) =
                rest.split_at_checked(ascii::printable(rest.as_bytes())).unwrap_or((rest, ""));
            let taken = self.ascii(plain);
            if self.full {
                return piece.len() - rest.len() + taken;
            }
            let mut chars = tail.chars();
            if let Some(c) = chars.next() {
                if is_hazardous(c) {
                    self.escape(escape(c).as_str());
                } else {
                    self.character(c);
                }
                if self.full {
                    return piece.len() - tail.len();
                }
            }
            rest = chars.as_str();
        }
        piece.len()
    }

    /// Printable ASCII. How much of it was written.
    fn ascii(&mut self, text: &str) -> usize {
        if text.len() > self.room() {
            let is_cut = |c| {
                self.character(c);
                self.full
            };
            return text.chars().position(is_cut).unwrap_or(text.len());
        }
        self.out.extend_from_slice(text.as_bytes());
        self.column += text.len();
        if self.words
            && let Some(space) = text.rfind(' ')
        {
            let after = text.len() - space - 1;
            self.chance_before(after);
        }
        text.len()
    }

    fn character(&mut self, c: char) {
        // A selector that makes a picture of the sign before it may widen it.
        let columns = if c == '\u{fe0f}' { 1 } else { c.width().unwrap_or(1) };
        if columns == 0 && self.rows != usize::MAX {
            self.marks += 1;
            self.full |= self.marks > MOST_MARKS;
        }
        if !self.make_room(columns) {
            return;
        }
        self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        self.column += columns;
        if self.words && c == ' ' {
            self.chance_before(0);
        }
    }

    /// What stands for a hazardous character, shown so that it cannot be taken
    /// for text that was sent.
    fn escape(&mut self, escape: &str) {
        let around = self.style;
        if !self.make_room(escape.len().min(self.width - self.hang)) {
            return;
        }
        self.switch_off(around);
        self.style = around.invert();
        self.switch_on(self.style);
        for c in escape.chars() {
            if self.make_room(1) {
                self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                self.column += 1;
            }
        }
        self.switch_off(self.style);
        self.style = around;
        self.switch_on(around);
    }

    /// Breaks the line, if it must be, so that `columns` more fit. Whether they
    /// do: on the last row nothing is moved to the next.
    fn make_room(&mut self, columns: usize) -> bool {
        // Before what takes no column there may be a gap that is too wide.
        while !self.full && (self.column > self.edge || columns > self.edge - self.column) {
            if self.rows <= 1 || self.width == usize::MAX {
                self.full = true;
                break;
            }
            match self.chance.take() {
                Some(chance) if self.is_worth(&chance) => {
                    self.break_at(&chance);
                }
                _ => {
                    self.break_line();
                    break;
                }
            }
        }
        !self.full
    }

    /// Whether breaking the line there leaves the tail more room than it has,
    /// and not too much of the line empty.
    fn is_worth(&self, chance: &Chance) -> bool {
        let least = if chance.always { 0 } else { (self.width - self.hang) / 2 };
        chance.column > self.hang + least
    }

    /// The line can be broken before its last `tail` columns, which are ASCII.
    fn chance_before(&mut self, tail: usize) {
        let at = self.out.len() - tail;
        self.chance = Some(Chance {
            from: at,
            to: at,
            column: self.column - tail,
            style: self.style,
            always: false,
        });
    }

    /// Takes back the gap between two items when the second is empty.
    fn drop_gap(&mut self) {
        if let Some(chance) = self.chance.take()
            && chance.always
            && chance.to == self.out.len()
        {
            self.out.truncate(chance.from);
            self.column -= chance.to - chance.from;
        }
    }

    fn break_at(&mut self, chance: &Chance) {
        let tail = self.out.split_off(chance.to);
        self.out.truncate(chance.from);
        self.continue_line(chance.style);
        self.out.extend_from_slice(&tail);
        self.column = self.hang + self.column.saturating_sub(chance.column);
    }

    fn break_line(&mut self) {
        self.continue_line(self.style);
        self.chance = None;
        self.column = self.hang;
    }

    fn continue_line(&mut self, style: Style) {
        if self.rows != usize::MAX {
            self.rows -= 1;
        }
        self.switch_off(style);
        self.out.push(b'\n');
        self.spaces(self.hang);
        self.switch_on(style);
    }

    /// Hands over what is rendered if it is much, but for what a break of this
    /// line may still change.
    pub(super) fn relieve(&mut self) {
        if !self.out.is_much() {
            return;
        }
        // Characters that take no column can make a tail of any length.
        self.chance.take_if(|chance| self.out.len() - chance.from > LONGEST_TAIL);
        let settled = self.chance.as_ref().map_or(self.out.len(), |chance| chance.from);
        self.out.hand_over(settled);
        if let Some(chance) = &mut self.chance {
            chance.from -= settled;
            chance.to -= settled;
        }
        self.padding = 0..0;
        self.cut = 0;
    }

    fn spaces(&mut self, count: usize) {
        const SPACES: &[u8] = &[b' '; 64];
        if let Some(spaces) = SPACES.get(..count) {
            self.out.extend_from_slice(spaces);
        } else {
            let end = self.out.len() + count;
            self.out.resize(end, b' ');
        }
    }

    fn switch_on(&mut self, style: Style) {
        if self.color {
            write::display(self.out, style.render());
        }
    }

    fn switch_off(&mut self, style: Style) {
        if self.color {
            write::display(self.out, style.render_reset());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples::{Shared, columns, hostile_text};
    use crate::output::style::{GOOD, PLAIN};
    use insta::assert_snapshot;
    use proptest::prelude::*;

    fn page(width: usize, color: bool, write: impl Fn(&mut Page<'_>)) -> String {
        let written = Shared::default();
        let mut kept = Spool::default();
        let mut handed_over = Spool::handing_over(written.clone(), 1);
        for out in [&mut kept, &mut handed_over] {
            let mut page = Page::new(out, Some(width), color);
            page.begin(0, 4);
            write(&mut page);
            page.end();
        }
        let text = String::from_utf8(kept.into_bytes()).unwrap();
        assert_eq!(written.text(), text);
        text
    }

    #[test]
    fn lines_break_between_items() {
        let text = page(30, false, |page| {
            for item in ["#3", "an item", "an item that is long", "", "x", ""] {
                page.put(PLAIN, item);
                page.part();
            }
        });
        assert_snapshot!(text, @r#"
        #3  an item
            an item that is long  x
        "#);
    }

    #[test]
    fn a_gap_at_the_edge_leaves_no_trace() {
        let text = page(20, false, |page| {
            page.put(PLAIN, "0123456789012345678");
            page.part();
            page.put(PLAIN, "");
        });
        assert_eq!(text, "0123456789012345678\n");
    }

    #[test]
    fn lines_break_between_words_and_long_words_anywhere() {
        let text = page(20, false, |page| {
            page.break_between_words();
            page.put(PLAIN, "some words and averyveryverylongword, more words");
        });
        assert_snapshot!(text, @r#"
        some words and 
            averyveryverylon
            gword, more 
            words
        "#);
    }

    #[test]
    fn color_is_switched_off_at_the_break() {
        let text = page(20, true, |page| {
            page.break_between_words();
            page.put(GOOD, "some green words and \x1b more");
        });
        assert_snapshot!(text.replace('\x1b', "␛"), @r#"
        ␛[32msome green words ␛[0m
            ␛[32mand ␛[0m␛[7m␛[32m\x1b␛[0m␛[32m more␛[0m
        "#);
    }

    #[test]
    fn wide_characters_count_twice() {
        let text = page(20, false, |page| {
            page.put(PLAIN, "日本語日本語日本語日本語🎉");
        });
        assert_snapshot!(text, @r#"
        日本語日本語日本語日
            本語🎉
        "#);
    }

    #[test]
    fn tabs_stop_every_eight_columns() {
        let text = page(40, false, |page| {
            for column in ["a", "12345678", "b"] {
                page.put(PLAIN, column);
                page.tab(0);
            }
            page.put(PLAIN, "c");
        });
        assert_eq!(text, "a       12345678        b       c\n");
    }

    proptest! {
        #[test]
        fn no_line_exceeds_the_width(
            items in prop::collection::vec(hostile_text(), 0..8),
            width in 20_usize..60,
            words: bool,
        ) {
            let text = page(width, false, |page| {
                for item in &items {
                    page.put(PLAIN, item);
                    if words {
                        page.break_between_words();
                    }
                    page.part();
                }
            });
            for line in text.lines() {
                prop_assert!(columns(line) <= width, "{}", line);
            }
        }

        /// Long texts are written in pieces.
        #[test]
        fn pieces_of_a_text_are_as_the_whole(
            pieces in prop::collection::vec(hostile_text(), 0..4),
            words: bool,
        ) {
            let shown = |pieces: &[String]| page(20, false, |page| {
                if words {
                    page.break_between_words();
                }
                pieces.iter().for_each(|piece| {
                    page.put(PLAIN, piece);
                });
            });
            prop_assert_eq!(shown(&pieces), shown(&[pieces.concat()]));
        }
    }
}

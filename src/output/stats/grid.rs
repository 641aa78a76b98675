//! A table that fits a terminal, or is told row by row where none does.

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width,
};
use unicode_width::UnicodeWidthStr as _;

use crate::output::escape::one_line;
use crate::output::spool::Spool;
use crate::output::style::PLAIN;
use crate::output::wrap::Page;

/// Rows of cells below the columns' titles.
pub(super) struct Grid {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<String>>,
}

/// A column. Those of one stack, which are neighbours, share a column where
/// there is little room, one above the other.
#[derive(Clone, Copy)]
pub(super) struct Column {
    title: &'static str,
    /// What several titles have above them.
    above: &'static str,
    stack: u8,
    is_number: bool,
    /// May be broken where there is little room.
    is_elastic: bool,
}

impl Column {
    /// A column of text.
    pub(super) const fn text(stack: u8, title: &'static str) -> Self {
        Self { title, above: "", stack, is_number: false, is_elastic: false }
    }

    /// A column of text of any length.
    pub(super) const fn elastic(stack: u8, title: &'static str) -> Self {
        Self { is_elastic: true, ..Self::text(stack, title) }
    }

    /// A column of numbers.
    pub(super) const fn number(stack: u8, title: &'static str) -> Self {
        Self { is_number: true, ..Self::text(stack, title) }
    }

    /// A column of numbers, below a title that its neighbours have too.
    pub(super) const fn below(stack: u8, above: &'static str, title: &'static str) -> Self {
        Self { above, ..Self::number(stack, title) }
    }

    fn label(&self) -> String {
        if self.above.is_empty() {
            self.title.to_owned()
        } else {
            format!("{} {}", self.above, self.title)
        }
    }
}

/// What stands where there is nothing to tell.
pub(super) const NOTHING: &str = "–";

/// What came from the wire, or a sign that there is nothing. Two spaces are told
/// apart from those between columns, lest what was sent looks like several cells.
pub(super) fn cell(text: Option<&str>) -> String {
    match text {
        None | Some("") => NOTHING.to_owned(),
        Some(text) => one_line(text).replace("  ", " \\x20"),
    }
}

impl Grid {
    /// Writes it, in lines of `width` columns or of any. Columns in which there
    /// is nothing to tell are left out.
    pub(super) fn write(mut self, width: Option<usize>, out: &mut Spool) {
        self.leave_out_empty();
        let fits = |table: &String| {
            width.is_none_or(|width| table.lines().all(|line| line.width() <= width))
        };
        let table = [Layout::Wide, Layout::Narrow]
            .into_iter()
            .map(|layout| self.arranged(layout, width))
            .find(fits);
        match table {
            Some(table) => out.extend_from_slice(table.as_bytes()),
            None => self.list(width, out),
        }
    }

    fn leave_out_empty(&mut self) {
        let is_told = |index: usize| {
            self.rows.iter().any(|row| row.get(index).is_some_and(|cell| cell != NOTHING))
        };
        let told: Vec<bool> = (0..self.columns.len()).map(is_told).collect();
        let mut keep = told.iter();
        self.columns.retain(|_| keep.next() == Some(&true));
        for row in &mut self.rows {
            let mut keep = told.iter();
            row.retain(|_| keep.next() == Some(&true));
        }
    }

    /// The table, with a line feed after every line.
    fn arranged(&self, layout: Layout, width: Option<usize>) -> String {
        let stacks = self.stacks(layout);
        let mut table = Table::new();
        table.set_header(stacks.iter().map(|stack| self.header(stack)));
        for row in &self.rows {
            table.add_row(stacks.iter().map(|stack| {
                let cells = stack.iter().filter_map(|index| row.get(*index));
                cells.map(String::as_str).collect::<Vec<_>>().join("\n")
            }));
        }
        if let (Layout::Narrow, Some(width)) = (layout, width) {
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        }
        let is_stacked = stacks.iter().any(|stack| stack.len() > 1);
        table.load_style(if is_stacked { STYLE.row_separator(RULE) } else { STYLE });
        let last = stacks.len().saturating_sub(1);
        for (index, (column, stack)) in table.column_iter_mut().zip(&stacks).enumerate() {
            let columns = || stack.iter().filter_map(|index| self.columns.get(*index));
            column.set_padding((0, if index == last { 0 } else { 2 }));
            let least = if columns().any(|column| column.is_elastic) {
                let boundary =
                    self.widest(stack).min(NARROWEST) + if index == last { 0 } else { 2 };
                ColumnConstraint::LowerBoundary(Width::Fixed(boundary as u16))
            } else {
                ColumnConstraint::ContentWidth
            };
            column.set_constraint(least);
            if columns().all(|column| column.is_number) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.trim_fmt() + "\n"
    }

    /// Columns of the widest cell of columns that share one.
    fn widest(&self, stack: &[usize]) -> usize {
        let of = |index: &usize| {
            let title = self.columns.get(*index).map_or(0, |column| column.title.width());
            let cells = self.rows.iter().filter_map(|row| row.get(*index));
            cells.map(|cell| cell.width()).max().unwrap_or(0).max(title)
        };
        stack.iter().map(of).max().unwrap_or(0)
    }

    /// The columns that share one, by their places.
    fn stacks(&self, layout: Layout) -> Vec<Vec<usize>> {
        let mut stacks: Vec<Vec<usize>> = Vec::new();
        let mut last = None;
        for (index, column) in self.columns.iter().enumerate() {
            match stacks.last_mut() {
                Some(stack) if matches!(layout, Layout::Narrow) && last == Some(column.stack) => {
                    stack.push(index);
                }
                _ => stacks.push(vec![index]),
            }
            last = Some(column.stack);
        }
        stacks
    }

    /// The titles of columns that share one. What several have above them is told
    /// once.
    fn header(&self, stack: &[usize]) -> String {
        let mut lines = Vec::new();
        for index in stack {
            let Some(column) = self.columns.get(*index) else {
                continue;
            };
            let before = index.checked_sub(1).and_then(|index| self.columns.get(index));
            let is_told = before.is_some_and(|before| before.above == column.above);
            match (column.above.is_empty(), is_told) {
                (false, false) => lines.push(column.above),
                (false, true) if lines.is_empty() => lines.push(""),
                _ => {}
            }
            lines.push(column.title);
        }
        lines.join("\n")
    }

    /// For terminals on which no table fits: the same, item by item.
    fn list(&self, width: Option<usize>, out: &mut Spool) {
        for row in &self.rows {
            let cells = self.columns.iter().zip(row).filter(|(_, cell)| *cell != NOTHING);
            let items: Vec<String> =
                cells.map(|(column, cell)| format!("{} {cell}", column.label())).collect();
            write_items(width, out, &items);
        }
    }
}

/// One line, folded between its items.
pub(super) fn write_items(width: Option<usize>, out: &mut Spool, items: &[String]) {
    let mut page = Page::new(out, width, false);
    page.begin(0, 4);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            page.part();
        }
        page.put(PLAIN, item);
    }
    page.end();
}

/// Narrower columns of broken text cannot be read.
const NARROWEST: usize = 14;

/// How columns stand.
#[derive(Clone, Copy)]
enum Layout {
    /// One line a row.
    Wide,
    /// A line for each column of a stack, and what does not fit is broken.
    Narrow,
}

/// Only lines below the header, and between rows of several lines.
const STYLE: TableStyle = TableStyle::new().header_separator(RULE);
const RULE: LineStyle = LineStyle::none().fill('─');

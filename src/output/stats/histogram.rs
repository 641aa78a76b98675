//! The sizes of messages as bars.

use std::collections::BTreeMap;

use super::grid::write_items;
use super::traffic::Ways;
use crate::output::spool::Spool;
use crate::output::write::grouped;
use crate::types::distribution::Distribution;

/// Columns of the longest bar, where there is room.
const LONGEST_BAR: usize = 32;

/// Shorter bars tell nothing.
const SHORTEST_BAR: usize = 4;

/// One line: sizes from one power of two to the next, and how many messages
/// of each side have them.
struct Line {
    sizes: String,
    client: u64,
    server: u64,
}

/// Writes a line for each range of sizes that there is, with bars as long as fit.
pub(super) fn write(sizes: &Ways<Distribution>, width: Option<usize>, out: &mut Spool) {
    let lines = lines(sizes);
    let columns = Columns::new(&lines, width);
    if width.is_some_and(|width| columns.narrowest() > width) {
        for line in &lines {
            line.items(width, out);
        }
        return;
    }
    columns.write(["bytes", CLIENT, "", SERVER, ""], out);
    let most = lines.iter().map(|line| line.client.max(line.server)).max().unwrap_or(0);
    for line in &lines {
        let [client, server] =
            [line.client, line.server].map(|count| (told(count), drawn(count, most, columns.bar)));
        columns.write([&line.sizes, &client.0, &client.1, &server.0, &server.1], out);
    }
}

const CLIENT: &str = "client →";
const SERVER: &str = "← server";

/// How wide the columns are.
struct Columns {
    sizes: usize,
    number: usize,
    /// Columns of the longest bar; 0 where there is no room for bars.
    bar: usize,
}

impl Columns {
    fn new(lines: &[Line], width: Option<usize>) -> Self {
        let widest = |cell: &dyn Fn(&Line) -> String| {
            lines.iter().map(|line| cell(line).chars().count()).max().unwrap_or(0)
        };
        let sizes = widest(&|line| line.sizes.clone()).max("bytes".len());
        let number = widest(&|line| grouped(line.client.max(line.server)));
        let number = number.max(CLIENT.chars().count());
        let mut columns = Self { sizes, number, bar: 0 };
        // A column before each bar.
        let rest = width.map(|width| width.saturating_sub(columns.narrowest() + 2) / 2);
        let bar = rest.map_or(LONGEST_BAR, |rest| rest.min(LONGEST_BAR));
        columns.bar = if bar < SHORTEST_BAR { 0 } else { bar };
        columns
    }

    /// Columns of a line without bars.
    fn narrowest(&self) -> usize {
        self.sizes + 2 * (self.number + GAP)
    }

    fn write(&self, cells: [&str; 5], out: &mut Spool) {
        let [sizes, client, client_bar, server, server_bar] = cells;
        let Self { sizes: label, number, bar } = *self;
        let text = if bar == 0 {
            format!("{sizes:>label$}  {client:>number$}  {server:>number$}")
        } else {
            format!(
                "{sizes:>label$}  {client:>number$} {client_bar:<bar$}  {server:>number$} {server_bar}"
            )
        };
        out.extend_from_slice(text.trim_end().as_bytes());
        out.push(b'\n');
    }
}

/// Columns between two.
const GAP: usize = 2;

impl Line {
    /// For terminals on which no line fits.
    fn items(&self, width: Option<usize>, out: &mut Spool) {
        let mut items = vec![format!("{} bytes", self.sizes)];
        for (side, count) in [(CLIENT, self.client), (SERVER, self.server)] {
            if count > 0 {
                items.push(format!("{side} {}", grouped(count)));
            }
        }
        write_items(width, out, &items);
    }
}

fn lines(sizes: &Ways<Distribution>) -> Vec<Line> {
    let mut counts: BTreeMap<(u64, u64), (u64, u64)> = BTreeMap::new();
    for (octave, count) in sizes.client.octaves() {
        counts.entry(octave).or_default().0 = count;
    }
    for (octave, count) in sizes.server.octaves() {
        counts.entry(octave).or_default().1 = count;
    }
    let line = |((from, to), (client, server)): ((u64, u64), (u64, u64))| {
        let sizes =
            if from == to { grouped(from) } else { format!("{}–{}", grouped(from), grouped(to)) };
        Line { sizes, client, server }
    };
    counts.into_iter().map(line).collect()
}

/// A count, or nothing for none.
fn told(count: u64) -> String {
    if count == 0 { String::new() } else { grouped(count) }
}

/// A bar of `longest` columns for `most`, to the eighth of a column; never
/// none for a count.
fn drawn(count: u64, most: u64, longest: usize) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = u128::from(count) * (longest as u128 * 8);
    let eighths = eighths.checked_div(u128::from(most)).unwrap_or(0);
    let eighths = usize::try_from(eighths).unwrap_or(0).max(usize::from(count > 0));
    let part = PARTS.get(eighths % 8).copied().unwrap_or_default();
    format!("{}{part}", "█".repeat(eighths / 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_share() {
        assert_eq!(drawn(0, 10, 4), "");
        assert_eq!(drawn(10, 10, 4), "████");
        assert_eq!(drawn(5, 10, 4), "██");
        assert_eq!(drawn(3, 10, 4), "█▏");
        assert_eq!(drawn(1, u64::MAX, 4), "▏");
        assert_eq!(drawn(u64::MAX, u64::MAX, 4), "████");
    }
}

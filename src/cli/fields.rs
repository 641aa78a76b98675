//! `wsdump fields`: what filters can ask for.

use std::io::{self, Write};

use anyhow::{Result, bail};
use comfy_table::{Table, TableStyle};

use super::SUCCESS;
use crate::filter::{FIELDS, Field, FieldKind};

/// What lies inside JSON has no end.
const INSIDE: [[&str; 4]; 2] = [
    [
        "json.KEY…",
        "JSON",
        "into the payload: .key, [0], [*], [\"some key\"]",
        "json.items[*].price > 100",
    ],
    [
        "app.KEY…",
        "JSON",
        "into what the protocol inside says: docs/protocols.md",
        "app.latency > 0.5",
    ],
];

/// Prints a table of the fields that have `part` in their names.
pub(super) fn print(part: &str) -> Result<u8> {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    table.set_header(["Field", "Type", "What it tells", "Example"]);
    let part = part.to_lowercase();
    let known = FIELDS.iter().map(row);
    let rows = known.chain(INSIDE.map(|row| row.map(str::to_owned)));
    for row in rows.filter(|[name, ..]| name.contains(&part)) {
        table.add_row(row);
    }
    if table.is_empty() {
        bail!("no field has {part} in its name; `wsdump fields` lists them all");
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    writeln!(io::stdout(), "{}", table.trim_fmt())?;
    Ok(SUCCESS)
}

fn row(field: &Field) -> [String; 4] {
    let about = match field.kind {
        // Rules have a page of their own.
        FieldKind::Choice(choices) if choices.len() < 8 => {
            format!("{}: {}", field.about, choices.join(", "))
        }
        _ => field.about.to_owned(),
    };
    [field.name.to_owned(), field.kind.to_string(), about, field.example.to_owned()]
}

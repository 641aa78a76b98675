//! `wsdump -D`: the interfaces that could be captured from.

use anyhow::Result;

/// Prints a table of the interfaces.
#[cfg(libpcap)]
pub(super) fn print() -> Result<u8> {
    use std::io::{self, Write};

    use comfy_table::{Table, TableStyle};

    use crate::capture::interfaces;
    use crate::output::escaped;

    let mut table = Table::new();
    table.load_style(TableStyle::new());
    table.set_header(["Interface", "Addresses", "State", "Description"]);
    for interface in interfaces()? {
        table.add_row([
            escaped(&interface.name),
            interface.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            interface.state.to_owned(),
            escaped(&interface.description),
        ]);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    writeln!(io::stdout(), "{}", table.trim_fmt())?;
    Ok(super::SUCCESS)
}

/// Says what to install.
#[cfg(not(libpcap))]
pub(super) fn print() -> Result<u8> {
    Err(super::live::without_libpcap("list interfaces"))
}

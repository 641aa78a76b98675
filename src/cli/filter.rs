//! `--filter`, and showing where the fault is in one.

use anyhow::{Error, Result};

use super::args::Selecting;
use super::fault::Fault;
use crate::filter::{Filter, FilterError};

/// The filter that the arguments ask for.
pub(super) fn filter(selecting: &Selecting) -> Result<Option<Filter>> {
    let parse = |text| Filter::parse(text).map_err(|error| wrong(text, &error));
    text(selecting).map(parse).transpose()
}

/// The filter as it is written. An empty one shows everything, as in Wireshark.
pub(super) fn text(selecting: &Selecting) -> Option<&str> {
    selecting.filter.as_deref().filter(|text| !text.trim().is_empty())
}

/// What is wrong with a filter, as standard error shows it.
pub(super) fn wrong(text: &str, error: &FilterError) -> Error {
    Error::new(fault(text, error).report())
}

/// What is wrong with a filter.
fn fault<'a>(text: &'a str, error: &'a FilterError) -> Fault<'a> {
    let FilterError { message, span, label, help } = error;
    Fault { path: "filter", text, span, message, label, help: help.as_deref() }
}

#[cfg(test)]
mod tests {
    use annotate_snippets::Renderer;

    use super::*;

    fn reported(text: &str) -> String {
        fault(text, &Filter::parse(text).unwrap_err()).shown(Renderer::plain())
    }

    #[test]
    fn a_fault_is_shown_where_it_is() {
        insta::assert_snapshot!(
            [
                "ip.addr == 127.0.0.1 && websocket.opocde == 1",
                "tcp.port == 80 ||",
                "websocket.opcode == 16",
                "ws.from == \"me\x1b[31m\u{202e}\" || x",
                "http.host == \"Käsespätzle\" && websocket.payload.text matches \"(\"",
            ]
            .map(reported)
            .join("\n\n")
        );
    }
}

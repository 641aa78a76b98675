//! `--filter`, and showing where the fault is in one.

use std::io;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anstream::{AutoStream, ColorChoice};
use anyhow::Result;

use super::args::Selecting;
use crate::filter::{Filter, FilterError};

/// The filter that the arguments ask for.
pub(super) fn filter(selecting: &Selecting) -> Result<Option<Filter>> {
    // An empty one shows everything, as in Wireshark.
    let Some(text) = selecting.filter.as_deref().filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    Filter::parse(text).map(Some).map_err(|error| wrong(text, &error))
}

/// What is wrong with a filter, as standard error shows it.
pub(super) fn wrong(text: &str, error: &FilterError) -> anyhow::Error {
    let is_coloured = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
    let renderer = if is_coloured { Renderer::styled() } else { Renderer::plain() };
    anyhow::Error::new(Report(report(text, error, renderer)))
}

/// Lines that are ready to be shown.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Report(pub(super) String);

/// The expression, what is wrong, and a caret below.
fn report(text: &str, error: &FilterError, renderer: Renderer) -> String {
    let text = printable(text);
    let message = printable(&error.message);
    let label = printable(&error.label);
    let annotation = AnnotationKind::Primary.span(error.span.clone()).label(label.as_str());
    let snippet = Snippet::source(text.as_str()).path("filter").annotation(annotation);
    let mut report = vec![Level::ERROR.primary_title(message.as_str()).element(snippet)];
    let help = error.help.as_deref().map(printable);
    if let Some(help) = &help {
        report.push(Group::with_title(Level::HELP.secondary_title(help.as_str())));
    }
    renderer.decor_style(DecorStyle::Ascii).render(&report)
}

/// What could steer a terminal is replaced by as many bytes, so that places
/// stay where they are.
fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|letter| {
            let mut bytes = [0; 4];
            let is_shown =
                crate::output::escaped(letter.encode_utf8(&mut bytes)).chars().eq([letter]);
            let (shown, count) = if is_shown { (letter, 1) } else { (' ', letter.len_utf8()) };
            std::iter::repeat_n(shown, count)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(text: &str) -> String {
        report(text, &Filter::parse(text).unwrap_err(), Renderer::plain())
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

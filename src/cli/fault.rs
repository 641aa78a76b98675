//! Showing where the fault is in a text.

use std::io;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anstream::{AutoStream, ColorChoice};

/// What is wrong with a text, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault<'a> {
    /// What the text is, or the file that has it.
    pub(super) path: &'a str,
    /// The text.
    pub(super) text: &'a str,
    /// The bytes that are at fault.
    pub(super) span: &'a Range<usize>,
    /// What is wrong.
    pub(super) message: &'a str,
    /// What is expected there.
    pub(super) label: &'a str,
    /// What may have been meant.
    pub(super) help: Option<&'a str>,
}

/// Lines that are ready to be shown.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Report(pub(super) String);

impl Fault<'_> {
    /// The fault as standard error shows it.
    pub(super) fn report(&self) -> Report {
        let is_coloured = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
        Report(self.shown(if is_coloured { Renderer::styled() } else { Renderer::plain() }))
    }

    /// The lines at fault, what is wrong, and a caret below.
    pub(super) fn shown(&self, renderer: Renderer) -> String {
        let Lines { text, number, span } = self.lines();
        let [path, message, label] = [self.path, self.message, self.label].map(printable);
        let annotation = AnnotationKind::Primary.span(span).label(label.as_str());
        let snippet = Snippet::source(text.as_str())
            .line_start(number)
            .path(path.as_str())
            .annotation(annotation);
        let mut report = vec![Level::ERROR.primary_title(message.as_str()).element(snippet)];
        let help = self.help.map(printable);
        if let Some(help) = &help {
            report.push(Group::with_title(Level::HELP.secondary_title(help.as_str())));
        }
        renderer.decor_style(DecorStyle::Ascii).render(&report)
    }

    /// The lines that have the bytes at fault.
    fn lines(&self) -> Lines {
        let Range { start, end } = self.span.clone();
        let before = self.text.get(..start).unwrap_or_default();
        let first = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = self.text.get(end..).unwrap_or_default();
        let last = end + rest.find('\n').unwrap_or(rest.len());
        let lines = self.text.get(first..last).unwrap_or_default();
        Lines {
            text: lines.split('\n').map(printable).collect::<Vec<String>>().join("\n"),
            number: 1 + before.matches('\n').count(),
            span: start - first..end - first,
        }
    }
}

/// A part of a text, the number of its first line, and what is at fault in it.
struct Lines {
    text: String,
    number: usize,
    span: Range<usize>,
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

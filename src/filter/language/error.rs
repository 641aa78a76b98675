//! What is wrong with an expression, and where.

use std::ops::Range;

use thiserror::Error;

/// What is wrong with a filter expression.
///
/// ```
/// use wsdump::filter::Filter;
/// let error = Filter::parse("websocket.opocde == 1").unwrap_err();
/// assert_eq!(error.span, 0..16);
/// assert_eq!(error.message, "there is no field websocket.opocde");
/// assert_eq!(error.help.unwrap(), "did you mean websocket.opcode?");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("byte {}: {message}", span.start)]
pub struct FilterError {
    /// What is wrong, in a few words.
    pub message: String,
    /// The bytes of the expression that are at fault; empty at its end when
    /// something is missing there.
    pub span: Range<usize>,
    /// What is expected there.
    pub label: String,
    /// What may have been meant.
    pub help: Option<String>,
}

impl FilterError {
    pub(in crate::filter) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), span, label: String::new(), help: None }
    }

    /// Says what is expected there.
    #[must_use]
    pub(in crate::filter) fn label(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    /// Says what may have been meant.
    #[must_use]
    pub(in crate::filter) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

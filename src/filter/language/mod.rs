//! Expressions as they are written, without what their words mean.
//!
//! ```text
//! text ──► lexer ──► words and signs ──► parser ──► Expression ──► text
//! ```

mod error;
mod lexer;
mod parser;
pub(super) mod syntax;
#[cfg(test)]
pub(super) mod tests;

pub use error::FilterError;
pub(super) use parser::parse;

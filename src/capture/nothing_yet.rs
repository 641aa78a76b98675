//! What a reader answers that has waited for long enough.

use std::io::{self, Read};

use thiserror::Error;

use super::compression::Raw;

/// There is nothing at the moment, and more may come: not a failure, but the
/// occasion to see to other things. It is no `WouldBlock`, which a reader of
/// somebody else's may answer at once, again and again.
#[derive(Debug, Error)]
#[error("nothing has come yet")]
pub(super) struct NothingYet;

impl NothingYet {
    /// As readers say it.
    pub(super) fn error() -> io::Error {
        io::Error::other(Self)
    }

    /// Whether a reader says it.
    pub(super) fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}

/// Waits on for those who cannot go on after an answer without bytes.
pub(super) struct Patient<R = Raw>(pub(super) R);

impl<R: Read> Read for Patient<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(out) {
                Err(error) if NothingYet::is(&error) => {}
                result => return result,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_from_other_errors() {
        assert!(NothingYet::is(&NothingYet::error()));
        assert!(!NothingYet::is(&io::Error::other("nothing has come yet")));
        assert!(!NothingYet::is(&io::ErrorKind::WouldBlock.into()));
    }
}

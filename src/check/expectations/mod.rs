//! What a file says that a capture has to have.
//!
//! ```text
//! TOML ──► file (shapes, and where they stand) ──► build (checked) ──► judges
//!            └────── ExpectationError ────────────────┘
//! ```

mod after;
mod build;
mod count;
mod error;
mod expect;
mod file;
mod forbid;
mod limits;
mod lines;
mod no_times;
mod reply;
mod schema;
mod sequence;
mod written;

use std::io;
use std::path::Path;

pub use error::ExpectationError;

use self::build::{Builder, Built};
use self::schema::{Schema, SchemaJudge};
use super::judge::Judge;
use super::verdict::Expectation;
use crate::filter::FilterSet;
use crate::types::Limits;

/// What is expected of a capture.
///
/// ```
/// use wsdump::check::Expectations;
/// use wsdump::filter::FilterSet;
/// use wsdump::types::Limits;
/// let no_files = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
/// let mut filters = FilterSet::default();
/// let mut expectations = Expectations::new(&Limits::default());
/// let text = "[[forbid]]\nwhere = 'json.type == \"error\"'\n";
/// expectations.add(text, "wsdump-check.toml", &mut filters, &no_files)?;
/// let wrong = "[[forbid]]\nwhen = 'json'\n";
/// let error = expectations.add(wrong, "wrong.toml", &mut filters, &no_files).unwrap_err();
/// assert_eq!(error.message, "there is no when here");
/// assert_eq!(error.span, 11..15);
/// # Ok::<(), wsdump::check::ExpectationError>(())
/// ```
pub struct Expectations {
    pub(super) judges: Vec<Box<dyn Judge>>,
    schemas: Vec<Schema>,
    /// What they judge, in the order of the files.
    list: Vec<Expectation>,
    most_requests: usize,
}

impl Expectations {
    /// None yet. Of `limits` that of [`Limits::requests`] counts: so many requests,
    /// and windows, of one connection wait at once for what is expected after them.
    pub fn new(limits: &Limits) -> Self {
        let most_requests = limits.requests;
        Self { judges: Vec::new(), schemas: Vec::new(), list: Vec::new(), most_requests }
    }

    /// Adds what a TOML file says. Findings call it `file_name`; its filters are added
    /// to `filters`, which have to be those of the check. JSON Schema files that it
    /// names are read by `read`, which takes their paths as they are written.
    ///
    /// # Errors
    /// When it is no TOML, says what there is not, or names a file that cannot be used;
    /// nothing of it is expected then.
    pub fn add(
        &mut self,
        text: &str,
        file_name: &str,
        filters: &mut FilterSet,
        read: &dyn Fn(&Path) -> io::Result<String>,
    ) -> Result<(), ExpectationError> {
        let file = toml::from_str(text).map_err(|error| ExpectationError::of_toml(text, &error))?;
        let (before, most_requests) = (self.list.as_slice(), self.most_requests);
        let builder = Builder { text, filters, read, most_requests, before };
        let Built { judges, schemas, list } = builder.build(&file, file_name)?;
        self.judges.extend(judges);
        self.schemas.extend(schemas);
        self.list.extend(list);
        Ok(())
    }

    /// How many there are.
    pub fn number(&self) -> usize {
        self.list.len()
    }

    /// What judges, and what is judged by it, in the order of the files.
    pub(super) fn into_parts(self) -> (Vec<Box<dyn Judge>>, Vec<Expectation>) {
        let Self { mut judges, schemas, list, .. } = self;
        if !schemas.is_empty() {
            judges.push(Box::new(SchemaJudge::new(schemas)));
        }
        (judges, list)
    }
}

impl Default for Expectations {
    fn default() -> Self {
        Self::new(&Limits::default())
    }
}

#[cfg(test)]
mod tests;

//! What a file says that a capture has to have.

use super::judge::Judge;
use super::verdict::Expectation;

/// What is expected of a capture.
#[derive(Default)]
pub struct Expectations {
    pub(super) judges: Vec<Box<dyn Judge>>,
    /// What `judges` judge, in the order of the file.
    pub(super) list: Vec<Expectation>,
}

//! Boxes that are used again.

/// Boxes that wait for their next use.
const MOST_SPARES: usize = 16;

/// Boxes for what comes and goes with each message or segment, so that nothing
/// is allocated for it in the long run.
pub(super) struct Pool<T>(Vec<Box<T>>);

impl<T> Pool<T> {
    /// A box with `value` in it.
    pub(super) fn put(&mut self, value: T) -> Box<T> {
        match self.0.pop() {
            Some(mut spare) => {
                *spare = value;
                spare
            }
            None => Box::new(value),
        }
    }

    /// Gives a box back, with whatever is in it.
    pub(super) fn give(&mut self, spare: Box<T>) {
        if self.0.len() < MOST_SPARES {
            self.0.push(spare);
        }
    }
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

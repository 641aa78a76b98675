//! A position that need not be known.

use std::num::NonZeroU64;

/// A position in a direction, or none; no larger than the position alone.
/// Position zero, which no direction reaches, counts as none.
#[derive(Clone, Copy, Default)]
pub(super) struct Mark(Option<NonZeroU64>);

impl Mark {
    pub(super) const NONE: Self = Self(None);

    pub(super) fn at(position: u64) -> Self {
        Self(NonZeroU64::new(position))
    }

    pub(super) fn get(self) -> Option<u64> {
        self.0.map(NonZeroU64::get)
    }

    /// Moves it up to `position`, never back.
    pub(super) fn raise(&mut self, position: u64) {
        *self = Self(self.0.max(NonZeroU64::new(position)));
    }
}

//! Events on their way into a view.

use crate::output::{Spool, View};
use crate::types::{Event, Kind, Sink};

/// Renders events until there were enough messages.
pub(super) struct Screen<'a> {
    pub(super) view: &'a mut dyn View,
    pub(super) out: Spool,
    pub(super) messages: u64,
    messages_left: Option<u64>,
}

impl<'a> Screen<'a> {
    pub(super) fn new(view: &'a mut dyn View, out: Spool, messages_left: Option<u64>) -> Self {
        Self { view, out, messages: 0, messages_left }
    }

    pub(super) fn is_full(&self) -> bool {
        self.messages_left == Some(0)
    }
}

impl Sink for Screen<'_> {
    fn event(&mut self, event: &Event<'_>) {
        if self.is_full() {
            return;
        }
        self.view.show(event, &mut self.out);
        self.out.relieve();
        if matches!(event.kind, Kind::Message(_)) {
            self.messages += 1;
            self.messages_left = self.messages_left.map(|left| left - 1);
        }
    }
}

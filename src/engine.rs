//! Runs a capture through the analyzer into a view.

use std::io::{self, Write};

use crate::analyzer::Analyzer;
use crate::capture::{Capture, Error, Step};
use crate::output::View;
use crate::types::{Event, Kind, Sink};

/// Rendered bytes that are worth a write.
const WRITE_SIZE: usize = 256 << 10;

/// One run.
pub struct Engine<'a> {
    /// Where packets come from.
    pub capture: &'a mut Capture,
    /// What finds events in them.
    pub analyzer: &'a mut Analyzer,
    /// What shows the events.
    pub view: &'a mut dyn View,
    /// Where that is written.
    pub output: &'a mut dyn Write,
    /// Stop after so many messages.
    pub messages: Option<u64>,
    /// Told of each input that cannot be read, or not to its end.
    pub problem: &'a mut dyn FnMut(&Error),
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Events shown.
    pub shown: u64,
    /// Inputs that could not be read, or not to their end.
    pub problems: u64,
}

impl Engine<'_> {
    /// Reads to the end of the capture, or until there were enough messages.
    /// Output is written when there is much of it, and before reading could
    /// block.
    ///
    /// # Errors
    /// When the output cannot be written. A reader that has gone away is
    /// [`io::ErrorKind::BrokenPipe`].
    pub fn run(self) -> io::Result<Summary> {
        let mut summary = Summary::default();
        let mut screen = Screen {
            view: self.view,
            rendered: Vec::new(),
            shown: 0,
            messages_left: self.messages,
        };
        loop {
            match self.capture.next() {
                Step::Packet(packet, sources) => {
                    self.analyzer.packet(&packet, sources, &mut screen);
                    if screen.is_full() {
                        break;
                    }
                    if screen.rendered.len() >= WRITE_SIZE {
                        screen.write_to(self.output)?;
                    }
                }
                Step::Starved => {
                    screen.write_to(self.output)?;
                    self.output.flush()?;
                }
                Step::Problem(error) => {
                    // What was readable comes before what was not.
                    screen.write_to(self.output)?;
                    self.output.flush()?;
                    summary.problems += 1;
                    (self.problem)(&error);
                }
                Step::End => {
                    self.analyzer.finish(self.capture.sources(), &mut screen);
                    break;
                }
            }
        }
        screen.view.finish(&mut screen.rendered);
        screen.write_to(self.output)?;
        self.output.flush()?;
        summary.shown = screen.shown;
        Ok(summary)
    }
}

/// Renders events until there were enough messages.
struct Screen<'a> {
    view: &'a mut dyn View,
    rendered: Vec<u8>,
    shown: u64,
    messages_left: Option<u64>,
}

impl Screen<'_> {
    fn is_full(&self) -> bool {
        self.messages_left == Some(0)
    }

    fn write_to(&mut self, output: &mut dyn Write) -> io::Result<()> {
        output.write_all(&self.rendered)?;
        self.rendered.clear();
        Ok(())
    }
}

impl Sink for Screen<'_> {
    fn event(&mut self, event: &Event<'_>) {
        if self.is_full() {
            return;
        }
        self.view.event(event, &mut self.rendered);
        self.shown += 1;
        if let (Kind::Message(_), Some(left)) = (&event.kind, &mut self.messages_left) {
            *left -= 1;
        }
    }
}

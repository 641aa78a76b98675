//! Runs a capture through the analyzer into a view.

mod deadline;

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::analyzer::Analyzer;
use crate::capture::{Capture, Drops, Error, Step};
use crate::output::{Spool, View};
use crate::types::{Event, Kind, Packet, Sink};
use deadline::{Deadline, Timing};

/// How often a live capture that is never idle is seen to: its output written,
/// its progress told.
const TICK: Duration = Duration::from_millis(20);

/// One run.
pub struct Engine<'a> {
    /// Where packets come from.
    pub capture: &'a mut Capture,
    /// What finds events in them.
    pub analyzer: &'a mut Analyzer,
    /// What shows the events.
    pub view: &'a mut dyn View,
    /// Where that is written.
    pub output: Box<dyn Write>,
    /// Which packets are looked into; the others are counted.
    pub wanted: Option<&'a mut dyn FnMut(&Packet<'_>) -> bool>,
    /// Stop after so many messages.
    pub messages: Option<u64>,
    /// Stop after so long: of a live capture by the clock, else by the times of
    /// packets since the earliest.
    pub duration: Option<Duration>,
    /// Told of each input that cannot be read, or not to its end.
    pub problem: &'a mut dyn FnMut(&Error),
    /// Told of a live capture, several times a second.
    pub progress: Option<&'a mut dyn FnMut(Progress)>,
}

/// How far a live capture has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Packets taken.
    pub packets: u64,
    /// Messages shown.
    pub messages: u64,
    /// Packets lost.
    pub drops: Drops,
}

impl Engine<'_> {
    /// Reads to the end of the capture, or until there was enough. Output is
    /// written when there is much of it, and before reading could block. Gives
    /// the number of inputs that could not be read, or not to their end.
    ///
    /// # Errors
    /// When the output cannot be written. A reader that has gone away is
    /// [`io::ErrorKind::BrokenPipe`].
    pub fn run(self) -> io::Result<u64> {
        let Engine {
            capture,
            analyzer,
            view,
            output,
            mut wanted,
            messages,
            duration,
            problem,
            mut progress,
        } = self;
        let mut problems = 0;
        let out = Spool::new(output);
        let mut screen = Screen { view, out, messages: 0, messages_left: messages };
        let mut end = Deadline::new(duration, capture.is_live());
        let mut ticker = Ticker { is_live: capture.is_live(), last: Instant::now() };
        loop {
            match capture.next() {
                Step::Packet(packet, sources) => {
                    let timing = end.judge(packet.origin.time);
                    if timing == Timing::Over {
                        break;
                    }
                    let mut is_wanted = || wanted.as_mut().is_none_or(|wanted| wanted(&packet));
                    if timing == Timing::InTime && is_wanted() {
                        analyzer.packet(&packet, sources, &mut screen);
                    } else {
                        analyzer.pass_over(&packet, sources, &mut screen);
                    }
                    screen.out.check()?;
                }
                Step::Starved => screen.out.flush()?,
                Step::Idle(time) => {
                    analyzer.advance(time, capture.sources(), &mut screen);
                    screen.out.flush()?;
                }
                Step::Problem(error) => {
                    // What was readable comes before what was not.
                    screen.out.flush()?;
                    problems += 1;
                    problem(&error);
                }
                Step::End => {
                    // What came too late tells that the time was over before.
                    if !end.is_past() {
                        analyzer.finish(capture.sources(), &mut screen);
                    }
                    break;
                }
            }
            if screen.is_full() {
                break;
            }
            if ticker.is_due() {
                screen.out.flush()?;
                if end.has_come() {
                    capture.end();
                }
                if let Some(progress) = &mut progress {
                    let (packets, messages) = (analyzer.packets(), screen.messages);
                    let drops = capture.drops().unwrap_or_default();
                    progress(Progress { packets, messages, drops });
                }
            }
        }
        screen.view.finish(&mut screen.out);
        screen.out.flush()?;
        Ok(problems)
    }
}

/// Tells when a live capture is to be seen to.
struct Ticker {
    is_live: bool,
    last: Instant,
}

impl Ticker {
    fn is_due(&mut self) -> bool {
        let is_due = self.is_live && self.last.elapsed() >= TICK;
        if is_due {
            self.last = Instant::now();
        }
        is_due
    }
}

/// Renders events until there were enough messages.
struct Screen<'a> {
    view: &'a mut dyn View,
    out: Spool,
    messages: u64,
    messages_left: Option<u64>,
}

impl Screen<'_> {
    fn is_full(&self) -> bool {
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

//! Runs a capture through the analyzer into a view.

mod batch;
mod crew;
mod deadline;
mod keeper;
mod line;
mod merger;
mod recorder;
mod roster;
mod screen;
mod sharing;
mod worker;

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::analyzer::{Analyzer, SHARDS};
use crate::capture::{Capture, Drops, Error, Step};
use crate::output::{Spool, View};
use crate::types::Packet;

pub use keeper::Dropped;
pub use recorder::Recorder;

use crew::with_crew;
use deadline::{Deadline, Timing};
use line::{Alone, Line};
use screen::Screen;

/// How often an endless capture that is never idle is seen to: its output
/// written, its progress told.
const TICK: Duration = Duration::from_millis(20);

/// How often the progress on files is told.
const FILES_TICK: Duration = Duration::from_millis(250);

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
    /// Threads that decode and render, at the most 64; up to one means
    /// that this one does everything. So it does where there is a limit of
    /// messages, a recorder, or the view cannot be forked.
    pub threads: usize,
    /// What writes packets.
    pub recorder: Option<&'a mut Recorder>,
    /// Stop after so many messages.
    pub messages: Option<u64>,
    /// Stop after so long: of a capture that is endless by the clock, else by the
    /// times of packets since the earliest.
    pub duration: Option<Duration>,
    /// Told of each input that cannot be read, or not to its end.
    pub problem: &'a mut dyn FnMut(&Error),
    /// Told how far the run is, several times a second.
    pub progress: Option<&'a mut dyn FnMut(Progress)>,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read of files, as they lie there; see [`Capture::bytes`].
    pub bytes: u64,
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
    /// [`io::ErrorKind::BrokenPipe`]. When packets cannot be, the error holds a
    /// [`WriteError`](crate::capture::WriteError).
    pub fn run(self) -> io::Result<u64> {
        let Self { capture, analyzer, view, output, threads, messages, recorder, .. } = self;
        let watch = Watch {
            wanted: self.wanted,
            duration: self.duration,
            problem: self.problem,
            progress: self.progress,
        };
        let out = Spool::new(output);
        // What follows the last message must not be looked into, and whose a
        // packet is must be known before the next.
        let is_alone = messages.is_some() || recorder.is_some();
        let views = if is_alone { Vec::new() } else { views(view, threads.min(SHARDS)) };
        if views.len() < 2 {
            let screen = Screen::new(view, out, messages);
            let mut line = Alone { analyzer, screen, recorder };
            let result = watch.run(capture, &mut line);
            // Whatever has ended the run, what there is so far is kept.
            let drops = capture.drops().or_else(|| lost_of_files(capture));
            let kept = line.keep(capture.sources(), drops);
            return result.and_then(|problems| kept.map(|()| problems));
        }
        with_crew(analyzer, views, view, out, |crew| watch.run(capture, crew))
    }
}

/// What files say was lost when they were captured: what is written of them lacks it,
/// too.
fn lost_of_files(capture: &Capture) -> Option<Drops> {
    let kernel = capture.lost();
    (kernel > 0).then_some(Drops { kernel, interface: 0 })
}

/// A view for each thread; none where only one can have all events.
fn views(view: &dyn View, threads: usize) -> Vec<Box<dyn View>> {
    (0..threads).map_while(|_| view.fork()).collect()
}

/// What is to be minded while packets are read.
struct Watch<'a> {
    wanted: Option<&'a mut dyn FnMut(&Packet<'_>) -> bool>,
    duration: Option<Duration>,
    problem: &'a mut dyn FnMut(&Error),
    progress: Option<&'a mut dyn FnMut(Progress)>,
}

impl Watch<'_> {
    fn run(self, capture: &mut Capture, line: &mut impl Line) -> io::Result<u64> {
        let Watch { mut wanted, duration, problem, mut progress } = self;
        let is_endless = capture.is_endless();
        let mut problems = 0;
        let mut has_begun = false;
        let mut end = Deadline::new(duration, is_endless);
        let time = if is_endless { TICK } else { FILES_TICK };
        let mut ticker = Ticker { time, last: Instant::now() };
        loop {
            match capture.next() {
                // Not moved: it would have to wait for what was just stored.
                Step::Packet(ref packet, sources) => {
                    if !has_begun && let Some(time) = packet.origin.time {
                        has_begun = true;
                        line.begin(time);
                    }
                    let timing = end.judge(packet.origin.time);
                    if timing == Timing::Over {
                        break;
                    }
                    let mut is_wanted = || wanted.as_mut().is_none_or(|wanted| wanted(packet));
                    if timing != Timing::InTime {
                        line.pass_over(packet, sources)?;
                    } else if is_wanted() {
                        line.packet(packet, sources)?;
                    } else {
                        line.pass_over(packet, sources)?;
                        line.left_out(packet, sources)?;
                    }
                }
                Step::Starved => {
                    if capture.may_wait() {
                        line.flush()?;
                    }
                    // Not with each packet, which a look at the clock would slow.
                    if let Some(progress) = progress.as_mut().filter(|_| !is_endless)
                        && ticker.is_due()
                    {
                        progress(so_far(capture, line));
                    }
                }
                Step::Secrets(secrets) => line.secrets(secrets),
                Step::Idle(time) => {
                    line.advance(time, capture.sources())?;
                    line.flush()?;
                }
                Step::Problem(error) => {
                    // What was readable comes before what was not.
                    line.flush()?;
                    problems += 1;
                    problem(&error);
                }
                Step::End => {
                    // What came too late tells that the time was over before.
                    if !end.is_past() {
                        line.finish(capture.sources())?;
                    }
                    break;
                }
            }
            if line.is_full() {
                break;
            }
            if is_endless && ticker.is_due() {
                line.flush()?;
                if end.has_come() {
                    capture.end();
                }
                if let Some(progress) = &mut progress {
                    progress(so_far(capture, line));
                }
            }
        }
        line.end()?;
        Ok(problems)
    }
}

fn so_far(capture: &mut Capture, line: &impl Line) -> Progress {
    Progress {
        bytes: capture.bytes(),
        packets: line.packets(),
        messages: line.messages(),
        drops: capture.drops().unwrap_or_default(),
    }
}

/// Tells when a run is to be seen to.
struct Ticker {
    time: Duration,
    last: Instant,
}

impl Ticker {
    fn is_due(&mut self) -> bool {
        let is_due = self.last.elapsed() >= self.time;
        if is_due {
            self.last = Instant::now();
        }
        is_due
    }
}

//! From packets to output, on one thread or on several.

use std::io;

use super::recorder::Recorder;
use super::screen::Screen;
use crate::analyzer::Analyzer;
use crate::capture::{Drops, Secrets};
use crate::types::{Packet, Source, Timestamp};

/// Takes packets and writes what is in them.
pub(super) trait Line {
    /// Takes note of the time of the first packet that has one, before that.
    fn begin(&mut self, time: Timestamp);

    /// Takes a packet.
    fn packet(&mut self, packet: &Packet<'_>, sources: &[Source]) -> io::Result<()>;

    /// Takes a packet that is not to be looked into.
    fn pass_over(&mut self, packet: &Packet<'_>, sources: &[Source]) -> io::Result<()>;

    /// After that, if it is left out by what the user wants to look into, and not
    /// as the run is over.
    fn left_out(&mut self, _: &Packet<'_>, _: &[Source]) -> io::Result<()> {
        Ok(())
    }

    /// Takes secrets that belong to packets that follow.
    fn secrets(&mut self, _: &Secrets) {}

    /// Takes note that it is `time`.
    fn advance(&mut self, time: Timestamp, sources: &[Source]) -> io::Result<()>;

    /// Tells what is left.
    fn finish(&mut self, sources: &[Source]) -> io::Result<()>;

    /// Writes everything that comes of what it was given so far.
    fn flush(&mut self) -> io::Result<()>;

    /// Renders what could not be known before.
    fn end(&mut self) -> io::Result<()>;

    /// Whether there were as many messages as were asked for.
    fn is_full(&self) -> bool;

    /// Packets taken so far.
    fn packets(&self) -> u64;

    /// Messages shown so far.
    fn messages(&self) -> u64;
}

/// Everything on one thread.
pub(super) struct Alone<'a> {
    pub(super) analyzer: &'a mut Analyzer,
    pub(super) screen: Screen<'a>,
    pub(super) recorder: Option<&'a mut Recorder>,
}

impl Line for Alone<'_> {
    fn begin(&mut self, time: Timestamp) {
        self.screen.view.begin(time);
    }

    #[inline]
    fn packet(&mut self, packet: &Packet<'_>, sources: &[Source]) -> io::Result<()> {
        self.analyzer.packet(packet, sources, &mut self.screen);
        if let Some(recorder) = &mut self.recorder {
            recorder.packet(packet, sources, self.analyzer)?;
        }
        self.screen.out.check()
    }

    fn left_out(&mut self, packet: &Packet<'_>, sources: &[Source]) -> io::Result<()> {
        let Self { analyzer, recorder, .. } = self;
        recorder.as_mut().map_or(Ok(()), |recorder| recorder.left_out(packet, sources, analyzer))
    }

    fn secrets(&mut self, secrets: &Secrets) {
        if let Some(recorder) = &mut self.recorder {
            recorder.secrets(secrets);
        }
    }

    fn pass_over(&mut self, packet: &Packet<'_>, sources: &[Source]) -> io::Result<()> {
        self.analyzer.pass_over(packet, sources, &mut self.screen);
        if let Some(recorder) = &mut self.recorder {
            recorder.passed_over(sources, self.analyzer)?;
        }
        self.screen.out.check()
    }

    fn advance(&mut self, time: Timestamp, sources: &[Source]) -> io::Result<()> {
        self.analyzer.advance(time, sources, &mut self.screen);
        if let Some(recorder) = &mut self.recorder {
            recorder.advance(time, sources, self.analyzer)?;
        }
        self.screen.out.check()
    }

    fn finish(&mut self, sources: &[Source]) -> io::Result<()> {
        self.analyzer.finish(sources, &mut self.screen);
        self.screen.out.check()
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Some(recorder) = &mut self.recorder {
            recorder.flush()?;
        }
        self.screen.out.flush()
    }

    fn end(&mut self) -> io::Result<()> {
        self.screen.view.finish(&mut self.screen.out);
        self.screen.out.flush()
    }

    fn is_full(&self) -> bool {
        self.screen.is_full()
    }

    fn packets(&self) -> u64 {
        self.analyzer.packets()
    }

    fn messages(&self) -> u64 {
        self.screen.messages
    }
}

impl Alone<'_> {
    /// Writes what there is, of packets and of output. After an error nothing
    /// more goes where it came from.
    pub(super) fn keep(&mut self, sources: &[Source], drops: Option<Drops>) -> io::Result<()> {
        let Self { analyzer, recorder, screen } = self;
        let kept =
            recorder.as_mut().map_or(Ok(()), |recorder| recorder.finish(sources, analyzer, drops));
        kept.and(screen.out.flush())
    }
}

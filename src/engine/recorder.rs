//! `-w`: writes the packets that are to be kept.

use std::io;

use super::keeper::{Desk, Dropped, Keeper};
use crate::analyzer::{Analyzer, Interest, Known};
use crate::capture::{Drops, PacketWriter, Secrets, WriteError, Written};
use crate::types::{Limits, Packet, Source, Timestamp};

/// Writes packets while they are looked into.
pub struct Recorder {
    writer: PacketWriter,
    /// Chooses those of WebSocket conversations; `None` where all are wanted.
    keeper: Option<Keeper>,
    /// Nothing more can be written.
    has_failed: bool,
}

impl Recorder {
    /// Writes the packets of the conversations that are selected and WebSocket.
    /// As long as that is not known they are held back, within the limits.
    pub fn of_websocket(writer: PacketWriter, limits: &Limits) -> Self {
        Self { writer, keeper: Some(Keeper::new(limits)), has_failed: false }
    }

    /// Writes every packet.
    pub fn of_everything(writer: PacketWriter) -> Self {
        Self { writer, keeper: None, has_failed: false }
    }

    /// What was written.
    pub fn written(&self) -> Written {
        self.writer.written()
    }

    /// What was not, though nobody knew whether it should be.
    pub fn dropped(&self) -> Dropped {
        self.keeper.as_ref().map(Keeper::dropped).unwrap_or_default()
    }

    /// Takes a packet that the analyzer has taken.
    pub(super) fn packet(
        &mut self,
        packet: &Packet<'_>,
        sources: &[Source],
        analyzer: &Analyzer,
    ) -> io::Result<()> {
        self.work(sources, analyzer, |keeper, desk| match keeper {
            Some(keeper) => keeper.packet(packet, analyzer.standing(), desk),
            None => desk.write(packet),
        })
    }

    /// Takes note of what a packet that is not to be written has ended.
    pub(super) fn passed_over(
        &mut self,
        sources: &[Source],
        analyzer: &Analyzer,
    ) -> io::Result<()> {
        self.work(sources, analyzer, |_, _| Ok(()))
    }

    /// Takes a packet that is not looked into.
    pub(super) fn left_out(
        &mut self,
        packet: &Packet<'_>,
        sources: &[Source],
        analyzer: &Analyzer,
    ) -> io::Result<()> {
        self.work(sources, analyzer, |keeper, desk| match keeper {
            Some(_) => Ok(()),
            None => desk.write(packet),
        })
    }

    /// Takes secrets, for the packets that follow.
    pub(super) fn secrets(&mut self, secrets: &Secrets) {
        self.writer.secrets(secrets);
    }

    /// Takes note that it is `time`.
    pub(super) fn advance(
        &mut self,
        time: Timestamp,
        sources: &[Source],
        analyzer: &Analyzer,
    ) -> io::Result<()> {
        self.work(sources, analyzer, |keeper, desk| match keeper {
            Some(keeper) => keeper.advance(time, desk),
            None => Ok(()),
        })
    }

    /// Writes what is decided upon to the file.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.has_failed {
            return Ok(());
        }
        let result = self.writer.flush();
        self.has_failed = result.is_err();
        result.map_err(io::Error::other)
    }

    /// Writes what is to be written of what was held back, and drops the rest; at last
    /// what a live capture lost, so that who reads the file knows.
    pub(super) fn finish(
        &mut self,
        sources: &[Source],
        analyzer: &Analyzer,
        drops: Option<Drops>,
    ) -> io::Result<()> {
        self.work(sources, analyzer, |keeper, desk| match keeper {
            Some(keeper) => keeper.finish(desk),
            None => Ok(()),
        })?;
        if let Some(drops) = drops {
            self.writer.drops(drops);
        }
        self.flush()
    }

    /// Does something, unless it has failed before.
    fn work(
        &mut self,
        sources: &[Source],
        analyzer: &Analyzer,
        work: impl FnOnce(&mut Option<Keeper>, &mut Files<'_>) -> Result<(), WriteError>,
    ) -> io::Result<()> {
        if self.has_failed {
            return Ok(());
        }
        let Self { writer, keeper, .. } = self;
        let mut files = Files { writer, sources, analyzer };
        let mut recognised = analyzer.recognised().iter();
        let told = keeper.as_mut().map_or(Ok(()), |keeper| {
            recognised.try_for_each(|&stream| keeper.recognise(stream, &mut files))
        });
        let result = told.and_then(|()| work(keeper, &mut files));
        self.has_failed = result.is_err();
        result.map_err(io::Error::other)
    }
}

/// Where packets go, and who knows whose they are.
struct Files<'a> {
    writer: &'a mut PacketWriter,
    sources: &'a [Source],
    analyzer: &'a Analyzer,
}

impl Desk for Files<'_> {
    type Error = WriteError;

    fn interest(&self, conversation: &Known) -> Interest {
        self.analyzer.interest(conversation)
    }

    fn write(&mut self, packet: &Packet<'_>) -> Result<(), WriteError> {
        const UNKNOWN: Source = Source { file: None, interface: None };
        let source = self.sources.get(packet.origin.source.0 as usize);
        self.writer.packet(packet, source.unwrap_or(&UNKNOWN))
    }
}

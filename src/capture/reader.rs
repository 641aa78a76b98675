//! One input, from its first byte to its last record.
//!
//! ```text
//!  Start ──┬──► Pcap ────┐
//!    ▲│    └──► Pcapng ──┴──► Over
//!    └┘ decompressed
//! ```

use super::ErrorKind;
use super::buffer::Buffer;
use super::compression::{Raw, Stream, TELLING_BYTES, Told, tell};
use super::pcap::{self, Pcap};
use super::pcapng::{self, Pcapng};
use super::record::{Parsed, Record};

/// Reads records from one input.
///
/// [`poll`](Self::poll) does no I/O; when it has no whole record left it says
/// so, and [`fill`](Self::fill) reads once.
pub(super) struct Reader {
    buffer: Buffer,
    stage: Stage,
    /// Bytes that must be at hand before polling can lead to anything.
    needed: usize,
    /// Bytes of the record that was given last.
    given: u64,
    /// Packets that could not be given.
    skipped: u64,
}

enum Stage {
    Start,
    Pcap(Pcap),
    Pcapng(Box<Pcapng>),
    Over,
}

/// What an input has next.
#[derive(Debug)]
pub(super) enum Polled {
    /// A record. Its data can be had until the next poll.
    Record(Record),
    /// No whole record is at hand: fill, then poll again.
    Starved,
    /// Something cannot be read. Poll again for the rest, if there is any.
    Problem(ErrorKind),
    /// Nothing comes any more.
    End,
}

impl Reader {
    pub(super) fn new(raw: Raw) -> Self {
        Self {
            buffer: Buffer::new(Stream::plain(raw)),
            stage: Stage::Start,
            needed: 1,
            given: 0,
            skipped: 0,
        }
    }

    /// Takes the next record from the bytes at hand.
    pub(super) fn poll(&mut self) -> Polled {
        self.buffer.pass(std::mem::take(&mut self.given));
        loop {
            let bytes = self.buffer.bytes();
            let parsed = match &mut self.stage {
                Stage::Start => match self.start() {
                    Ok(parsed) => parsed,
                    Err(kind) => return self.give_up(kind),
                },
                Stage::Pcap(pcap) => pcap.parse(bytes),
                Stage::Pcapng(pcapng) => pcapng.parse(bytes),
                Stage::Over => return self.close(),
            };
            match parsed {
                Parsed::Packet { record, length } => {
                    self.given = length;
                    return Polled::Record(record);
                }
                Parsed::Pass { length } => self.buffer.pass(length),
                Parsed::Incomplete { needed } if self.buffer.has_ended() => {
                    return self.end(needed);
                }
                Parsed::Incomplete { needed } => {
                    self.needed = needed;
                    return Polled::Starved;
                }
                Parsed::Skipped { damage, length } => {
                    let place = self.buffer.place(self.buffer.offset());
                    self.buffer.pass(length);
                    self.skipped += 1;
                    if self.skipped == 1 {
                        return Polled::Problem(ErrorKind::Skipped { place, damage });
                    }
                }
                Parsed::Damaged(damage) => {
                    let place = self.buffer.place(self.record_offset());
                    return self.give_up(ErrorKind::Damaged { place, damage });
                }
            }
        }
    }

    /// Reads once. May block.
    pub(super) fn fill(&mut self) {
        self.buffer.fill(self.needed);
    }

    /// The packet of the record that was polled last.
    pub(super) fn data(&self, record: &Record) -> &[u8] {
        self.buffer
            .bytes()
            .get(record.data.clone())
            .unwrap_or_default()
    }

    /// The name behind [`Record::interface`].
    pub(super) fn interface_name(&self, number: u32) -> Option<&str> {
        match &self.stage {
            Stage::Pcapng(pcapng) => pcapng.interface_name(number),
            _ => None,
        }
    }

    /// Finds out what the input is.
    fn start(&mut self) -> Result<Parsed, ErrorKind> {
        let bytes = self.buffer.bytes();
        let passed = |length: usize| {
            Ok(Parsed::Pass {
                length: length as u64,
            })
        };
        if bytes.len() < TELLING_BYTES && !self.buffer.has_ended() {
            return Ok(Parsed::Incomplete {
                needed: TELLING_BYTES,
            });
        }
        let is_compressed = self.buffer.place(0).compression.is_some();
        match tell(bytes) {
            Told::Compressed(compression) if !is_compressed => {
                self.buffer.decompress(compression);
                return passed(0);
            }
            Told::Skippable(length) if !is_compressed => return Ok(Parsed::Pass { length }),
            Told::Unknown(program) => return Err(ErrorKind::UnknownCompression { program }),
            _ => {}
        }
        match bytes.first_chunk() {
            None => Ok(Parsed::Incomplete {
                needed: pcap::FILE_HEADER,
            }),
            Some(&magic) if Pcapng::recognises(magic) => {
                if bytes.len() < pcapng::SHORTEST_SECTION_HEADER {
                    return Ok(Parsed::Incomplete {
                        needed: pcapng::SHORTEST_SECTION_HEADER,
                    });
                }
                self.stage = Stage::Pcapng(Box::new(Pcapng::new()));
                passed(0)
            }
            Some(&magic) if Pcap::recognises(magic) => match Pcap::open(bytes) {
                None => Ok(Parsed::Incomplete {
                    needed: pcap::FILE_HEADER,
                }),
                Some(pcap) => {
                    self.stage = Stage::Pcap(pcap);
                    passed(pcap::FILE_HEADER)
                }
            },
            Some(_) => {
                let first = bytes.get(..TELLING_BYTES).unwrap_or(bytes).to_vec();
                Err(ErrorKind::NotACapture { first })
            }
        }
    }

    /// There are no more bytes, and `needed` would be for a record.
    fn end(&mut self, needed: usize) -> Polled {
        if let Some(kind) = self.buffer.take_failure() {
            return self.give_up(kind);
        }
        let offset = self.record_offset();
        let had = self.buffer.received().saturating_sub(offset);
        let behind = self.buffer.offset() - offset;
        let needed = behind + needed as u64;
        let is_start = matches!(self.stage, Stage::Start);
        match (is_start, self.buffer.received(), had) {
            (true, 0, _) => self.give_up(ErrorKind::Empty),
            (true, had, _) => self.give_up(ErrorKind::TooShort { needed, had }),
            (false, _, 0) => {
                self.stage = Stage::Over;
                self.close()
            }
            (false, ..) => {
                let place = self.buffer.place(offset);
                self.give_up(ErrorKind::Cut { place, needed, had })
            }
        }
    }

    fn give_up(&mut self, kind: ErrorKind) -> Polled {
        self.stage = Stage::Over;
        Polled::Problem(kind)
    }

    fn close(&mut self) -> Polled {
        match std::mem::take(&mut self.skipped).saturating_sub(1) {
            0 => Polled::End,
            count => Polled::Problem(ErrorKind::MoreSkipped { count }),
        }
    }

    /// Where the record begins that the bytes at hand belong to.
    fn record_offset(&self) -> u64 {
        match &self.stage {
            Stage::Pcapng(pcapng) => self.buffer.offset() - pcapng.behind(),
            _ => self.buffer.offset(),
        }
    }
}

//! Several inputs as one capture.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io::Read;

use crate::types::{Origin, Packet, Source, SourceId, Timestamp};

use super::input::Opened;
use super::reader::{Polled, Reader};
use super::record::Record;
use super::{Error, ErrorKind, Input};

/// The packets of one input or of several, merged by capture time.
///
/// Each input is read in its own order; of packets with the same time, that of
/// the input that starts first comes first. Inputs start in the order of their
/// first packets' times, then in the order in which they were named, so files
/// of a rotated capture continue one another in whatever order they are named.
/// A packet without a time takes the place of the one before it in its input.
///
/// Of several inputs, each is opened in turn at the beginning and read up to
/// its first packet. Regular files are closed again until that packet's time
/// has come, and for good at their end, so that no more of them are open at
/// once than overlap in time. Anything else (standard input, a FIFO) stays
/// open.
///
/// Memory: about 256 KiB for each open input, more only for a packet that is
/// larger than that (16 MiB at the most); for each compressed one its decoder,
/// which zstd lets have a window of up to 128 MiB.
pub struct Capture {
    inputs: Vec<Part>,
    /// How many inputs have been looked into for their first packet.
    ranked: usize,
    /// Inputs that have not started, the next one first.
    upcoming: VecDeque<usize>,
    /// The next packets of the inputs that have started.
    heads: BinaryHeap<Reverse<Head>>,
    /// The started input whose next packet is not known.
    unknown: Option<usize>,
    /// The input that the next call has to read.
    starved: Option<usize>,
    problems: VecDeque<Error>,
    sources: Vec<Source>,
    totals: Totals,
}

/// What a capture has next.
#[derive(Debug)]
pub enum Step<'a> {
    /// A packet, numbered from 1 in the order in which they are given.
    Packet(Packet<'a>),
    /// The next call opens or reads an input and may block: the moment to
    /// flush. Between a packet and the next touch of an input this step is
    /// always given.
    Starved,
    /// An input, or the rest of it, cannot be read; go on for the others.
    Problem(Error),
    /// There is nothing more. Every later step says the same.
    End,
}

/// What a capture has given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Packets.
    pub packets: u64,
    /// Captured bytes of them.
    pub bytes: u64,
    /// Packets of which the snap length cut something off.
    pub cut: u64,
}

impl Capture {
    /// A capture of these inputs. Nothing is opened yet: an input that cannot
    /// be is told of by [`Step::Problem`].
    pub fn open(inputs: Vec<Input>) -> Self {
        let names_matter = inputs.len() > 1;
        let part = |input: Input| Part {
            title: input.title(),
            file: names_matter.then(|| input.name()),
            input: Some(input),
            ..Part::default()
        };
        Self::new(inputs.into_iter().map(part).collect())
    }

    /// A capture of the bytes that `reader` gives; `name` stands in errors.
    ///
    /// An interrupted read is tried again; any other error ends the capture
    /// with a [`Step::Problem`].
    pub fn from_reader(name: impl Into<String>, reader: impl Read + Send + 'static) -> Self {
        let state = State::Open(Reader::new(Box::new(reader)));
        Self::new(vec![Part {
            title: name.into(),
            state,
            ..Part::default()
        }])
    }

    fn new(inputs: Vec<Part>) -> Self {
        let mut capture = Self {
            inputs,
            ranked: 0,
            upcoming: VecDeque::new(),
            heads: BinaryHeap::new(),
            unknown: None,
            starved: None,
            problems: VecDeque::new(),
            sources: Vec::new(),
            totals: Totals::default(),
        };
        if capture.inputs.len() == 1 {
            // Nothing to compare with: it can be read as it comes.
            capture.ranked = 1;
            capture.upcoming.push_back(0);
        }
        capture
    }

    /// Goes one step on.
    #[expect(
        clippy::should_implement_trait,
        reason = "an Iterator cannot lend its items"
    )]
    pub fn next(&mut self) -> Step<'_> {
        if let Some(part) = self
            .starved
            .take()
            .and_then(|index| self.inputs.get_mut(index))
        {
            part.fill();
        }
        loop {
            if let Some(problem) = self.problems.pop_front() {
                return Step::Problem(problem);
            }
            if self.ranked < self.inputs.len() {
                if self.rank().is_none() {
                    return Step::Starved;
                }
            } else if let Some(index) = self.unknown {
                if self.find_head(index).is_none() {
                    return Step::Starved;
                }
            } else if let Some(index) = self.starting() {
                self.unknown = Some(index);
            } else if let Some(Reverse(head)) = self.heads.pop() {
                return self.give(head.index);
            } else {
                return Step::End;
            }
        }
    }

    /// Files and interfaces that packets came from, indexed by [`SourceId`].
    ///
    /// A source is added before the first packet that names it, and never
    /// changes. Of one file at most 4096 interface names are told apart.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// What has been given so far.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    #[cfg(test)]
    pub(super) fn open_inputs(&self) -> usize {
        self.inputs
            .iter()
            .filter(|part| matches!(part.state, State::Open(_)))
            .count()
    }

    /// Looks for the first packet of the next input not yet looked into, and
    /// after the last of them puts them in order. `None`: starved.
    fn rank(&mut self) -> Option<()> {
        let index = self.ranked;
        let part = self.inputs.get_mut(index)?;
        match part.poll() {
            Polled::Starved => {
                self.starved = Some(index);
                return None;
            }
            Polled::Problem(kind) if part.is_regular => {
                // It comes again if the file has packets and is opened again.
                part.held.push(kind);
                return Some(());
            }
            Polled::Problem(kind) => {
                self.problems.push_back(part.error(kind));
                return Some(());
            }
            Polled::End => {
                let held = std::mem::take(&mut part.held);
                self.problems
                    .extend(held.into_iter().map(|kind| part.error(kind)));
                part.state = State::Over;
            }
            Polled::Record(_) => {
                self.upcoming.push_back(index);
                part.start = part.time;
                if part.is_regular {
                    part.rewind();
                }
            }
        }
        self.ranked += 1;
        if self.ranked == self.inputs.len() {
            let start = |index: &usize| self.inputs.get(*index).map(|part| part.start);
            self.upcoming.make_contiguous().sort_by_key(start);
            for (rank, &index) in self.upcoming.iter().enumerate() {
                if let Some(part) = self.inputs.get_mut(index) {
                    part.rank = rank;
                }
            }
        }
        Some(())
    }

    /// Looks for the next packet of a started input. `None`: starved.
    fn find_head(&mut self, index: usize) -> Option<()> {
        let part = self.inputs.get_mut(index)?;
        match part.poll() {
            Polled::Starved => {
                self.starved = Some(index);
                return None;
            }
            Polled::Problem(kind) => {
                self.problems.push_back(part.error(kind));
                return Some(());
            }
            Polled::Record(_) => {
                self.heads.push(Reverse(Head {
                    time: part.time,
                    rank: part.rank,
                    index,
                }));
            }
            Polled::End => part.state = State::Over,
        }
        self.unknown = None;
        Some(())
    }

    /// The next input, if its time has come. At the very time of a waiting
    /// packet it has not: that packet's input started first.
    fn starting(&mut self) -> Option<usize> {
        let start = self.inputs.get(*self.upcoming.front()?)?.start;
        match self.heads.peek() {
            Some(Reverse(head)) if start >= head.time => None,
            _ => self.upcoming.pop_front(),
        }
    }

    /// Gives the packet that the input has next.
    fn give(&mut self, index: usize) -> Step<'_> {
        self.unknown = Some(index);
        let Some(part) = self.inputs.get_mut(index) else {
            return Step::End;
        };
        let Some(record) = part.next.take() else {
            return Step::End;
        };
        let source = part.source(record.interface, &mut self.sources);
        let data = part.data(&record);
        self.totals.packets += 1;
        self.totals.bytes += data.len() as u64;
        self.totals.cut += u64::from((data.len() as u64) < u64::from(record.original_length));
        Step::Packet(Packet {
            origin: Origin {
                packet: self.totals.packets,
                time: record.time,
                source,
            },
            link_type: record.link_type,
            data,
            original_length: record.original_length,
        })
    }
}

/// The next packet of an input, in the order of the merge: a packet without a
/// time and with none before it in its input comes before all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Head {
    time: Option<Timestamp>,
    /// The input's place in the order of starting.
    rank: usize,
    index: usize,
}

/// One of the inputs.
#[derive(Default)]
struct Part {
    /// Its name in sentences.
    title: String,
    /// Its name in sources; only when there are several inputs.
    file: Option<String>,
    /// How to open it; `None` when that is done already.
    input: Option<Input>,
    state: State,
    /// Whether it can be closed and opened again.
    is_regular: bool,
    /// The record that the reader has polled and that was not given yet.
    next: Option<Record>,
    /// Time of the record polled last, or of the last before it that had one.
    time: Option<Timestamp>,
    /// Time of the first record.
    start: Option<Timestamp>,
    rank: usize,
    /// Problems that stand before the first packet.
    held: Vec<ErrorKind>,
    /// For each of the reader's interface numbers, the source given for it.
    sources: Vec<Option<SourceId>>,
}

#[derive(Default)]
enum State {
    #[default]
    Closed,
    Open(Reader),
    /// Cannot be opened, which is still to be told.
    Refused(ErrorKind),
    Over,
}

impl Part {
    /// The record that comes next, polled once; the same until it is taken.
    fn poll(&mut self) -> Polled {
        if let Some(record) = &self.next {
            return Polled::Record(record.clone());
        }
        match &mut self.state {
            State::Closed => Polled::Starved,
            State::Open(reader) => {
                let polled = reader.poll();
                if let Polled::Record(record) = &polled {
                    self.time = record.time.or(self.time);
                    self.next = Some(record.clone());
                }
                polled
            }
            State::Refused(_) => match std::mem::replace(&mut self.state, State::Over) {
                State::Refused(kind) => Polled::Problem(kind),
                _ => Polled::End,
            },
            State::Over => Polled::End,
        }
    }

    /// Opens it, or reads once. May block.
    fn fill(&mut self) {
        match (&mut self.state, &self.input) {
            (State::Open(reader), _) => reader.fill(),
            (State::Closed, Some(input)) => match input.open() {
                Ok(Opened { raw, regular }) => {
                    self.is_regular = regular;
                    self.state = State::Open(Reader::new(raw));
                }
                Err(kind) => self.state = State::Refused(kind),
            },
            _ => self.state = State::Over,
        }
    }

    /// Closes it, to be read again from its beginning.
    fn rewind(&mut self) {
        self.state = State::Closed;
        (self.next, self.time) = (None, None);
        self.held.clear();
    }

    fn data(&self, record: &Record) -> &[u8] {
        match &self.state {
            State::Open(reader) => reader.data(record),
            _ => &[],
        }
    }

    /// The source of a record's interface, made when it is first asked for.
    fn source(&mut self, interface: u32, sources: &mut Vec<Source>) -> SourceId {
        let slot = interface as usize;
        if let Some(&Some(known)) = self.sources.get(slot) {
            return known;
        }
        let interface = match &self.state {
            State::Open(reader) => reader.interface_name(interface).map(str::to_owned),
            _ => None,
        };
        let id = SourceId(u32::try_from(sources.len()).unwrap_or(u32::MAX));
        sources.push(Source {
            file: self.file.clone(),
            interface,
        });
        if self.sources.len() <= slot {
            self.sources.resize(slot + 1, None);
        }
        if let Some(entry) = self.sources.get_mut(slot) {
            *entry = Some(id);
        }
        id
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error {
            input: self.title.clone(),
            kind,
        }
    }
}

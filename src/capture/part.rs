//! One of the inputs of a capture.

use crate::types::{Source, SourceId, Timestamp};

use super::compression::Raw;
use super::counted::Count;
use super::input::Opened;
use super::reader::{Polled, Reader};
use super::record::Record;
use super::secrets::Secrets;
use super::stop::Stop;
use super::{Error, ErrorKind, Input};

/// An input, open or not, and where the merge stands in it.
#[derive(Default)]
pub(super) struct Part {
    /// Its name in sentences.
    title: String,
    /// Its name in sources; only when there are several inputs.
    file: Option<String>,
    /// How to open it; `None` when that is done already.
    input: Option<Input>,
    state: State,
    /// What was read since it was opened last.
    count: Count,
    /// Its size when it was opened; 0 for what has none.
    size: u64,
    /// Whether it can be closed and opened again.
    pub(super) is_regular: bool,
    /// The record that the reader has polled and that was not given yet.
    pub(super) next: Option<Record>,
    /// Time of the record polled last, or of the last before it that had one.
    pub(super) time: Option<Timestamp>,
    /// Time of the first record.
    pub(super) start: Option<Timestamp>,
    /// Its place in the order of starting.
    pub(super) rank: usize,
    /// Problems that stand before the first packet.
    pub(super) held: Vec<ErrorKind>,
    /// For each of the reader's interface numbers, the source given for it.
    sources: Vec<Option<SourceId>>,
}

#[derive(Default)]
enum State {
    #[default]
    Closed,
    Open(Box<Reader>),
    /// Cannot be opened, which is still to be told.
    Refused(ErrorKind),
    Over,
}

impl Part {
    /// An input to be opened, one of `several` or the only one.
    pub(super) fn new(input: Input, several: bool) -> Self {
        Self {
            title: input.title(),
            file: several.then(|| input.name()),
            input: Some(input),
            ..Self::default()
        }
    }

    /// An input that is open.
    pub(super) fn opened(title: String, raw: Raw) -> Self {
        let mut count = Count::default();
        let reader = Reader::new(count.start(raw));
        Self { title, count, state: State::Open(Box::new(reader)), ..Self::default() }
    }

    /// Bytes read so far; all there are once it is closed for good, as who gives
    /// up in the middle has no more to read either.
    pub(super) fn bytes(&self) -> u64 {
        match self.state {
            State::Open(_) => self.count.bytes(),
            State::Closed | State::Refused(_) => 0,
            State::Over => self.count.bytes().max(self.size),
        }
    }

    /// Whether it has no end.
    pub(super) fn is_followed(&self) -> bool {
        matches!(self.input, Some(Input::Followed(_)))
    }

    /// Bytes that there are to read, where that can be known.
    pub(super) fn size_of_file(&self) -> Option<u64> {
        self.input.as_ref()?.size()
    }

    /// Whether a record comes next, which is then in `next` until it is taken.
    pub(super) fn poll(&mut self) -> Polled<()> {
        if self.next.is_some() {
            return Polled::Record(());
        }
        match &mut self.state {
            State::Closed => Polled::Starved,
            State::Open(reader) => match reader.poll() {
                Polled::Record(record) => {
                    self.time = record.time.or(self.time);
                    self.next = Some(record);
                    Polled::Record(())
                }
                Polled::Starved => Polled::Starved,
                Polled::Problem(kind) => Polled::Problem(kind),
                Polled::End => Polled::End,
            },
            State::Refused(_) => match std::mem::replace(&mut self.state, State::Over) {
                State::Refused(kind) => Polled::Problem(kind),
                _ => Polled::End,
            },
            State::Over => Polled::End,
        }
    }

    /// Opens it, or reads once. May block. Whether that led any further; if it
    /// did not, more may come.
    pub(super) fn fill(&mut self, stop: Option<&Stop>) -> bool {
        match (&mut self.state, &self.input) {
            (State::Open(reader), _) => return reader.fill(),
            (State::Closed, Some(input)) => match input.open(stop) {
                Ok(Opened { raw, size }) => {
                    self.is_regular = size.is_some();
                    self.size = size.unwrap_or(0);
                    self.state = State::Open(Box::new(Reader::new(self.count.start(raw))));
                }
                Err(kind) => self.state = State::Refused(kind),
            },
            _ => self.state = State::Over,
        }
        true
    }

    /// Closes it for good.
    pub(super) fn close(&mut self) {
        self.state = State::Over;
    }

    #[cfg(test)]
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// Closes it, to be read again from its beginning.
    pub(super) fn rewind(&mut self) {
        self.state = State::Closed;
        (self.next, self.time) = (None, None);
        self.held.clear();
    }

    /// Takes out the secrets that stand before the record polled last, and how
    /// many more there were than could be kept.
    pub(super) fn take_secrets(&mut self) -> (Vec<Secrets>, u64) {
        match &mut self.state {
            State::Open(reader) => reader.secrets.take(),
            _ => Default::default(),
        }
    }

    /// Packets that were lost when it was captured, as it says, since it was asked
    /// last.
    pub(super) fn take_lost(&mut self) -> u64 {
        match &mut self.state {
            State::Open(reader) => std::mem::take(&mut reader.lost),
            _ => 0,
        }
    }

    pub(super) fn data(&self, record: &Record) -> &[u8] {
        match &self.state {
            State::Open(reader) => reader.data(record),
            _ => &[],
        }
    }

    /// The source of a record's interface, made when it is first asked for.
    pub(super) fn source(&mut self, interface: u32, sources: &mut Vec<Source>) -> SourceId {
        let slot = interface as usize;
        if let Some(&Some(known)) = self.sources.get(slot) {
            return known;
        }
        let interface = match &self.state {
            State::Open(reader) => reader.interface_name(interface).map(str::to_owned),
            _ => None,
        };
        let id = SourceId(u32::try_from(sources.len()).unwrap_or(u32::MAX));
        sources.push(Source { file: self.file.clone(), interface });
        if self.sources.len() <= slot {
            self.sources.resize(slot + 1, None);
        }
        if let Some(entry) = self.sources.get_mut(slot) {
            *entry = Some(id);
        }
        id
    }

    pub(super) fn error(&self, kind: ErrorKind) -> Error {
        Error { input: self.title.clone(), kind }
    }
}

//! The bytes that were delivered last, to compare retransmissions with.

/// How many delivered segments of one direction are looked back at. It bounds
/// the work that one retransmission can cause.
const LOOK_BACK: usize = 64;

/// Address of the record before, position, length.
const HEADER: usize = 8 + 8 + 4;

/// Copies of what was delivered lately, of many conversations, in one ring of
/// fixed size.
///
/// Whether a retransmission says the same as the first copy can only be told
/// while that copy is there. A ring that they share costs one copy into memory
/// that stays in the cache and nothing per conversation but an address.
pub struct History {
    /// Empty until something is noted, then as large as `capacity`.
    ring: Vec<u8>,
    capacity: usize,
    /// Bytes ever written, which makes addresses unique.
    written: u64,
    /// Where in the ring the next record begins.
    place: usize,
}

/// Where one direction's last record is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trace {
    /// Its address plus one; zero when there is none.
    last: u64,
}

struct Record<'a> {
    before: Trace,
    position: u64,
    bytes: &'a [u8],
}

impl History {
    /// A history of at most `capacity` bytes, bookkeeping included. It takes
    /// them with the first bytes that are noted.
    pub fn new(capacity: usize) -> Self {
        Self { ring: Vec::new(), capacity, written: 0, place: 0 }
    }

    /// Notes that `bytes` were delivered at `position`: of more than the ring
    /// holds, the last.
    pub(super) fn push(&mut self, trace: &mut Trace, position: u64, bytes: &[u8]) {
        let most = self.capacity.saturating_sub(HEADER);
        let passed = bytes.len().saturating_sub(most);
        let (position, bytes) = (position + passed as u64, bytes.get(passed..).unwrap_or_default());
        if bytes.is_empty() {
            return;
        }
        let length = HEADER + bytes.len();
        if self.ring.is_empty() {
            self.ring = vec![0; self.capacity];
        }
        if length > self.capacity - self.place {
            // A record is never split: the rest of the ring is passed over.
            self.written += (self.capacity - self.place) as u64;
            self.place = 0;
        }
        let address = self.written;
        if let Some(place) = self.ring.get_mut(self.place..self.place + length) {
            write(place, &Record { before: *trace, position, bytes });
            trace.last = address + 1;
            self.written += length as u64;
            self.place += length;
        }
    }

    /// The first and the last position at which `bytes`, said to lie at
    /// `position`, differ from what was delivered there, as far as that is
    /// remembered.
    pub(super) fn compare(&self, trace: Trace, position: u64, bytes: &[u8]) -> Option<(u64, u64)> {
        let mut differing = Differing::default();
        let mut next = trace;
        for _ in 0..LOOK_BACK {
            let Some(record) = self.record(next) else {
                break;
            };
            differing.compare(record.position, record.bytes, position, bytes);
            if record.position <= position {
                break;
            }
            next = record.before;
        }
        differing.range()
    }

    fn record(&self, trace: Trace) -> Option<Record<'_>> {
        let address = trace.last.checked_sub(1)?;
        let capacity = self.capacity as u64;
        if self.written - address > capacity {
            return None; // overwritten since
        }
        let record = self.ring.get((address % capacity) as usize..)?;
        let (before, rest) = record.split_first_chunk::<8>()?;
        let (position, rest) = rest.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        Some(Record {
            before: Trace { last: u64::from_le_bytes(*before) },
            position: u64::from_le_bytes(*position),
            bytes: rest.get(..u32::from_le_bytes(*length) as usize)?,
        })
    }
}

/// Writes a record into a place of its length.
fn write(place: &mut [u8], record: &Record<'_>) {
    let Some((before, rest)) = place.split_first_chunk_mut() else {
        return;
    };
    let Some((position, rest)) = rest.split_first_chunk_mut() else {
        return;
    };
    let Some((length, body)) = rest.split_first_chunk_mut() else {
        return;
    };
    *before = record.before.last.to_le_bytes();
    *position = record.position.to_le_bytes();
    *length = (record.bytes.len() as u32).to_le_bytes();
    body.copy_from_slice(record.bytes);
}

/// The range in which two copies of the same bytes differ.
#[derive(Default)]
pub(super) struct Differing {
    range: Option<(u64, u64)>,
}

impl Differing {
    /// Compares where `first` at `first_position` and `second` at
    /// `second_position` overlap.
    pub(super) fn compare(
        &mut self,
        first_position: u64,
        first: &[u8],
        second_position: u64,
        second: &[u8],
    ) {
        let start = first_position.max(second_position);
        let tail = |position: u64, bytes: &'_ [u8]| -> usize {
            usize::try_from(start - position).unwrap_or(usize::MAX).min(bytes.len())
        };
        let first = first.get(tail(first_position, first)..).unwrap_or_default();
        let second = second.get(tail(second_position, second)..).unwrap_or_default();
        let length = first.len().min(second.len());
        if first.get(..length) == second.get(..length) {
            return;
        }
        for (index, _) in
            first.iter().zip(second).enumerate().filter(|(_, (first, second))| first != second)
        {
            let position = start + index as u64;
            let (low, high) = self.range.unwrap_or((position, position));
            self.range = Some((low.min(position), high.max(position)));
        }
    }

    /// First and last position that differ.
    pub(super) fn range(&self) -> Option<(u64, u64)> {
        self.range
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_where_copies_differ() {
        let mut history = History::new(1024);
        let mut trace = Trace::default();
        history.push(&mut trace, 100, b"hello ");
        history.push(&mut trace, 106, b"world");
        assert_eq!(history.compare(trace, 100, b"hello world"), None);
        assert_eq!(history.compare(trace, 104, b"o w"), None);
        assert_eq!(history.compare(trace, 103, b"LO WO"), Some((103, 107)));
        assert_eq!(history.compare(trace, 200, b"later"), None);
    }

    #[test]
    fn forgets_what_was_overwritten() {
        let mut history = History::new(64);
        let mut trace = Trace::default();
        history.push(&mut trace, 0, b"first");
        for position in 1..20 {
            history.push(&mut trace, position * 5, b"other");
        }
        assert_eq!(history.compare(trace, 0, b"FIRST"), None);
        assert_eq!(history.compare(trace, 95, b"OTHER"), Some((95, 99)));
    }

    #[test]
    fn takes_no_memory_until_it_is_used() {
        let mut history = History::new(1024);
        assert_eq!(history.ring.capacity(), 0);
        assert_eq!(history.compare(Trace::default(), 0, b"x"), None);
        history.push(&mut Trace::default(), 0, b"x");
        assert_eq!(history.ring.len(), 1024);
    }

    #[test]
    fn a_ring_may_be_full_to_the_last_byte() {
        let mut history = History::new(2 * (HEADER + 5));
        let mut trace = Trace::default();
        for position in 0..9 {
            history.push(&mut trace, position * 5, b"bytes");
            assert_eq!(
                history.compare(trace, position * 5, b"bytEs"),
                Some((position * 5 + 3, position * 5 + 3))
            );
        }
        assert_eq!(history.compare(trace, 35, b"BYTES"), Some((35, 39)));
    }

    #[test]
    fn directions_do_not_mix() {
        let mut history = History::new(1024);
        let (mut one, mut two) = (Trace::default(), Trace::default());
        history.push(&mut one, 0, b"one");
        history.push(&mut two, 0, b"two");
        assert_eq!(history.compare(one, 0, b"one"), None);
        assert_eq!(history.compare(two, 0, b"two"), None);
    }

    #[test]
    fn of_more_than_the_ring_holds_the_last_is_kept() {
        let mut history = History::new(HEADER + 5);
        let mut trace = Trace::default();
        history.push(&mut trace, 0, b"longer than the ring");
        assert_eq!(history.compare(trace, 0, b"LONGER THAN THE RING"), Some((16, 19)));
        assert_eq!(history.compare(trace, 0, b"LONGER THAN THE"), None);
        let (mut history, mut trace) = (History::new(HEADER), Trace::default());
        history.push(&mut trace, 0, b"no room");
        assert_eq!(history.compare(trace, 0, b"NO ROOM"), None);
    }
}

//! Memory for the payloads of messages in the making.

/// The capacities that buffers have while they are small. Which of them a
/// message gets depends on its own bytes only, so that what it costs does not
/// depend on the messages of other connections.
const CLASSES: [usize; 4] = [1 << 10, 4 << 10, 16 << 10, 64 << 10];

/// Buffers of each class that wait for their next use.
const MOST_SPARES: usize = 8;

/// Buffers by class.
#[derive(Default)]
pub(super) struct Buffers([Vec<Vec<u8>>; CLASSES.len()]);

impl Buffers {
    /// Makes room for `more` bytes. A large buffer grows as a vector does, but
    /// never past `limit` bytes.
    pub(super) fn reserve(&mut self, buffer: &mut Vec<u8>, more: usize, limit: usize) {
        let needed = buffer.len() + more;
        if needed <= buffer.capacity() {
            return;
        }
        if let Some(mut larger) = self.take(needed) {
            larger.extend_from_slice(buffer);
            self.give(std::mem::replace(buffer, larger));
        } else {
            let capacity = needed.max(buffer.capacity() * 2).min(limit.max(needed));
            buffer.reserve_exact(capacity - buffer.len());
        }
    }

    /// An empty buffer for `needed` bytes, unless that is beyond all classes.
    fn take(&mut self, needed: usize) -> Option<Vec<u8>> {
        let (spares, capacity) =
            self.0.iter_mut().zip(CLASSES).find(|(_, capacity)| *capacity >= needed)?;
        Some(spares.pop().unwrap_or_else(|| Vec::with_capacity(capacity)))
    }

    /// Gives a buffer back.
    pub(super) fn give(&mut self, mut buffer: Vec<u8>) {
        let class = self.0.iter_mut().zip(CLASSES).find(|(_, class)| *class == buffer.capacity());
        if let Some((spares, _)) = class.filter(|(spares, _)| spares.len() < MOST_SPARES) {
            buffer.clear();
            spares.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Capacities while a buffer grows by these lengths.
    fn capacities(buffers: &mut Buffers, lengths: &[usize]) -> Vec<usize> {
        let mut buffer = Vec::new();
        let capacities = lengths.iter().map(|&length| {
            buffers.reserve(&mut buffer, length, 1 << 20);
            buffer.resize(buffer.len() + length, 0);
            buffer.capacity()
        });
        let capacities = capacities.collect();
        buffers.give(buffer);
        capacities
    }

    #[test]
    fn capacities_depend_on_what_the_message_brings_only() {
        let lengths = [0, 1, 1023, 1, 10_000, 50_000, 10_000, 100_000, 900_000];
        let expected =
            [0, 1 << 10, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 128 << 10, 256 << 10, 1_071_025];
        let mut buffers = Buffers::default();
        assert_eq!(capacities(&mut buffers, &lengths), expected);
        for others in [1, 4000, 65_536, 65_537, 16_384] {
            capacities(&mut buffers, &[others]);
            assert_eq!(capacities(&mut buffers, &lengths), expected);
        }
    }

    #[test]
    fn few_buffers_wait() {
        let mut buffers = Buffers::default();
        for _ in 0..100 {
            buffers.give(Vec::with_capacity(1 << 10));
            buffers.give(Vec::with_capacity(1 << 20));
            buffers.give(Vec::new());
        }
        assert_eq!(buffers.0.each_ref().map(Vec::len), [MOST_SPARES, 0, 0, 0]);
    }
}

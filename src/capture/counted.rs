//! Counting what is read of an input.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::compression::Raw;

/// How much of an input has been read, as it lies in its file. It is shared with
/// the reader, which a decoder may hide.
#[derive(Default)]
pub(super) struct Count(Arc<AtomicU64>);

impl Count {
    /// Counts from zero what is read from `raw`.
    pub(super) fn start(&mut self, raw: Raw) -> Raw {
        self.0 = Arc::default();
        Box::new(Counted { raw, count: Arc::clone(&self.0) })
    }

    /// Bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct Counted {
    raw: Raw,
    count: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.raw.read(out)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

//! permessage-deflate (RFC 7692).

use flate2::{Compress, Compression, FlushCompress, Status};

/// What one side compresses with.
pub(crate) struct Deflater(Compress);

impl Deflater {
    /// One that compresses as much as it can.
    pub(crate) fn new() -> Self {
        Self(Compress::new(Compression::best(), false))
    }

    /// One that compresses as servers commonly do.
    pub(crate) fn usual() -> Self {
        Self(Compress::new(Compression::default(), false))
    }

    /// The payload of the message that consists of `pieces` (RFC 7692 §7.2.1).
    pub(crate) fn message<'a>(&mut self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        const TAIL: &[u8] = &[0x00, 0x00, 0xff, 0xff];
        let mut payload = Vec::new();
        for piece in pieces {
            self.compress(piece, FlushCompress::None, &mut payload);
        }
        self.compress(&[], FlushCompress::Sync, &mut payload);
        payload.strip_suffix(TAIL).map(<[u8]>::to_vec).unwrap_or(payload)
    }

    fn compress(&mut self, mut piece: &[u8], flush: FlushCompress, payload: &mut Vec<u8>) {
        loop {
            payload.reserve(4096);
            let before = self.0.total_in();
            let status = self.0.compress_vec(piece, payload, flush);
            piece = &piece[(self.0.total_in() - before) as usize..];
            let is_done = piece.is_empty() && payload.len() < payload.capacity();
            if is_done || !matches!(status, Ok(Status::Ok)) {
                return;
            }
        }
    }
}

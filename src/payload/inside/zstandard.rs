//! zstd (RFC 8878).

use zstd::stream::raw::{DParameter, Decoder, Operation};

use super::keep;

/// Bytes that are opened at once.
const PIECE: usize = 16 << 10;

/// The smallest and the largest window, in bits (RFC 8878 §3.1.1.1.2: decoders should
/// take 8 MiB; the library takes 128 MiB).
const SMALLEST_WINDOW: u32 = 23;
const LARGEST_WINDOW: u32 = 27;

/// Opens frames in a row. Whether `most` was reached; `None` if they are none, or if
/// they want more memory than `most` and 8 MiB.
pub(super) fn zstandard(mut bytes: &[u8], room: &mut Vec<u8>, most: usize) -> Option<bool> {
    let mut decoder = Decoder::new().ok()?;
    let window = most.checked_next_power_of_two().map_or(LARGEST_WINDOW, usize::ilog2);
    let window = window.clamp(SMALLEST_WINDOW, LARGEST_WINDOW);
    decoder.set_parameter(DParameter::WindowLogMax(window)).ok()?;
    let mut piece = [0; PIECE];
    loop {
        let status = decoder.run_on_buffers(bytes, &mut piece).ok()?;
        bytes = bytes.get(status.bytes_read..)?;
        if !keep(piece.get(..status.bytes_written)?, room, most) {
            return Some(true);
        }
        let is_at_end = status.remaining == 0;
        if is_at_end && bytes.is_empty() {
            return Some(false);
        }
        if status.bytes_read == 0 && status.bytes_written == 0 {
            return None;
        }
    }
}

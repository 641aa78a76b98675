//! gzip (RFC 1952) and zlib (RFC 1950).

use flate2::{Decompress, FlushDecompress, Status};

use super::keep;

/// The window of every deflate stream fits in this.
const WINDOW_BITS: u8 = 15;

/// Bytes that are inflated at once.
const PIECE: usize = 16 << 10;

/// Of more members of gzip in a row the others are left out. To begin one takes much
/// longer than to read it if it is small; those of BGZF have 64 KiB each.
const MOST_MEMBERS: usize = 4096;

/// Whether bytes that begin so can be zlib: deflate with a window that there is, no
/// preset dictionary, and a header that 31 divides (RFC 1950 §2.2).
pub(super) fn begins_zlib(first: u8, second: u8) -> bool {
    first & 0x0f == 8
        && first >> 4 <= 7
        && second & 0x20 == 0
        && u16::from_be_bytes([first, second]).is_multiple_of(31)
}

/// Opens members in a row. Whether `most` or [`MOST_MEMBERS`] was reached; `None` if
/// they are none.
pub(super) fn gzip(mut bytes: &[u8], room: &mut Vec<u8>, most: usize) -> Option<bool> {
    for _ in 0..MOST_MEMBERS {
        match stream(Decompress::new_gzip(WINDOW_BITS), bytes, room, most)? {
            Some([]) => return Some(false),
            Some(rest) => bytes = rest,
            None => return Some(true),
        }
    }
    Some(true)
}

/// Opens a stream that is all there is.
pub(super) fn zlib(bytes: &[u8], room: &mut Vec<u8>, most: usize) -> Option<bool> {
    match stream(Decompress::new(true), bytes, room, most)? {
        Some([]) => Some(false),
        Some(_) => None,
        None => Some(true),
    }
}

/// Opens one stream. Gives what follows it, or `None` where `most` was reached.
fn stream<'b>(
    mut inflate: Decompress,
    bytes: &'b [u8],
    room: &mut Vec<u8>,
    most: usize,
) -> Option<Option<&'b [u8]>> {
    let mut piece = [0; PIECE];
    loop {
        let (taken, given) = (inflate.total_in(), inflate.total_out());
        let rest = bytes.get(usize::try_from(taken).ok()?..)?;
        let status = inflate.decompress(rest, &mut piece, FlushDecompress::None).ok()?;
        let given = (inflate.total_out() - given) as usize;
        if !keep(piece.get(..given)?, room, most) {
            return Some(None);
        }
        let is_stuck = given == 0 && inflate.total_in() == taken;
        match status {
            Status::StreamEnd => {
                let taken = usize::try_from(inflate.total_in()).ok()?;
                return bytes.get(taken..).map(Some);
            }
            Status::Ok | Status::BufError if is_stuck => return None,
            Status::Ok | Status::BufError => {}
        }
    }
}

//! Past values of JSON that nobody asks for, 64 bytes at a time. Of what is no JSON
//! something is passed, and never nothing.

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};

use super::json_block::{BLOCK, Place};

/// Where what follows white space begins.
#[inline]
pub(crate) fn white(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let length = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    at + length.unwrap_or(rest.len())
}

/// Where the value ends that begins at `start`: always behind it, unless the
/// text ends there.
#[inline]
pub(crate) fn value(text: &[u8], start: usize) -> usize {
    match text.get(start) {
        Some(b'"') => string(text, start + 1),
        Some(b'{' | b'[') => container(text, start),
        Some(_) => scalar(text, start),
        None => text.len(),
    }
}

/// Where the string ends of which the first character would be at `start`.
fn string(text: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        match memchr::memchr2(b'"', b'\\', rest) {
            Some(found) if rest.get(found) == Some(&b'"') => return at + found + 1,
            Some(found) => at += found + 2,
            None => return text.len(),
        }
    }
}

fn scalar(text: &[u8], start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let is_end = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r');
    // What is no JSON has to end, too.
    start + rest.iter().skip(1).position(is_end).map_or(rest.len(), |length| length + 1)
}

fn container(text: &[u8], start: usize) -> usize {
    container_with(Level::new(), text, start)
}

/// The same with what processors of `level` can do.
pub(crate) fn container_with(level: Level, text: &[u8], start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    start + dispatch!(level, simd => closed(simd, rest)).unwrap_or(rest.len())
}

/// Where everything is closed again that `text` opens.
#[inline(always)]
fn closed<S: Simd>(simd: S, text: &[u8]) -> Option<usize> {
    let mut place = Place::default();
    let mut depth = 0;
    let mut start = 0;
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    for block in blocks {
        if let Some(end) = closed_in(simd, block, &mut place, &mut depth) {
            return Some(start + end);
        }
        start += BLOCK;
    }
    let mut last = [b' '; BLOCK];
    for (byte, place) in rest.iter().zip(&mut last) {
        *place = *byte;
    }
    closed_in(simd, &last, &mut place, &mut depth).map(|end| start + end)
}

#[inline(always)]
fn closed_in<S: Simd>(
    simd: S,
    block: &[u8; BLOCK],
    place: &mut Place,
    depth: &mut u32,
) -> Option<usize> {
    let bytes = u8x64::simd_from(simd, *block);
    let quotes = bytes.simd_eq(b'"').to_bitmask();
    let backslashes = bytes.simd_eq(b'\\').to_bitmask();
    let inside = place.pass(quotes, backslashes, BLOCK).inside;
    // Braces and brackets differ in one bit.
    let brackets = bytes | u8x64::splat(simd, b' ');
    let opening = brackets.simd_eq(b'{').to_bitmask() & !inside;
    let mut closing = brackets.simd_eq(b'}').to_bitmask() & !inside;
    if closing.count_ones() >= *depth {
        // It may be here.
        let mut passed = 0;
        while closing != 0 {
            let at = closing.trailing_zeros();
            let opened = (opening & ((1 << at) - 1)).count_ones();
            passed += 1;
            if *depth + opened == passed {
                return Some(at as usize + 1);
            }
            closing &= closing - 1;
        }
        *depth = (*depth + opening.count_ones()).saturating_sub(passed);
    } else {
        *depth = *depth + opening.count_ones() - closing.count_ones();
    }
    None
}

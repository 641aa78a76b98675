//! Several packets of one link type through the decoder.
//!
//! ```text
//! ┌───────────┬────────┬ ─ ─ ┬─────────┬─────────┬──────────┬─────────┐
//! │ link type │ limits │     │ length  │ cut (1) │ time (1) │ bytes … │ …
//! └───────────┴────────┴ ─ ─ ┴─────────┴─────────┴──────────┴─────────┘
//! ```
//!
//! A segment's payload is within what was captured, every packet is counted in
//! one way, and the payload of a packet without fragments is borrowed from it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wsdump::net::Decoder;
use wsdump::types::{Limits, LinkType, Packet};
use wsdump_fuzz::origin;

fuzz_target!(|input: &[u8]| {
    let &[low, high, small, ref rest @ ..] = input else {
        return;
    };
    let limits = if small & 1 == 0 {
        Limits::default()
    } else {
        Limits { datagrams: 3, fragments: 2_000, ..Limits::default() }
    };
    let link_type = LinkType(u16::from_le_bytes([low, high]));
    let mut decoder = Decoder::new(&limits);
    let (mut rest, mut number, mut time) = (rest, 0, 0);
    while let &[low, high, cut, step, ref bytes @ ..] = rest {
        let length = usize::from(u16::from_le_bytes([low, high])).min(bytes.len());
        let (data, after) = bytes.split_at(length);
        rest = after;
        number += 1;
        time += u64::from(step) * 100;
        let original_length = (data.len() + usize::from(cut)) as u32;
        let packet = Packet { origin: origin(number, time), link_type, data, original_length };
        if let Ok(segment) = decoder.decode(&packet) {
            assert_eq!(segment.origin, packet.origin);
            assert!(segment.payload.len() <= usize::from(u16::MAX));
            let borrowed = data.as_ptr_range().contains(&segment.payload.as_ptr());
            // A layer's own length is believed, whatever the packet's is said to be.
            let most = original_length.max(u16::MAX.into()) as usize;
            assert!(segment.payload.len() + segment.cut as usize <= most);
            // A datagram put together has all its bytes.
            assert!(borrowed || segment.payload.is_empty() || segment.cut == 0);
        }
    }
    let counters = decoder.counters();
    let unknown: u64 = counters.unknown_link_types.values().sum();
    let ways = [
        counters.segments,
        unknown,
        counters.not_ip,
        counters.not_tcp,
        counters.fragments,
        counters.cut,
        counters.malformed,
    ];
    assert_eq!((counters.packets, number), (ways.iter().sum(), number));
    assert!(counters.datagrams.waiting <= limits.datagrams as u64);
});

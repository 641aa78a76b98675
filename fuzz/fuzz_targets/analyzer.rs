//! Any bytes as a capture file, through to every form of output.
//!
//! No output has anything that could steer a terminal, JSON is valid, and the
//! same file gives the same output again, with limits that it reaches and with
//! those that it does not, and when time passes and packets are passed over as
//! in a live capture with filters.

#![no_main]

use std::io;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use wsdump::analyzer::{Analyzer, Options};
use wsdump::capture::{Capture, Step};
use wsdump::types::Limits;
use wsdump_fuzz::{Outputs, check};

fuzz_target!(|file: &[u8]| {
    for (limits, is_restless) in [(Limits::default(), false), (small(), false), (small(), true)] {
        let first = shown(file, limits.clone(), is_restless);
        let again = shown(file, limits, is_restless);
        assert_eq!(first, again, "the same file gives another output");
    }
});

/// Limits that a small file reaches.
fn small() -> Limits {
    Limits {
        conversations: 2,
        closed_time: Duration::from_millis(100),
        idle_time: Duration::from_secs(3),
        reorder: 2_000,
        reorder_total: 2_500,
        grace_packets: 3,
        grace_time: Duration::from_millis(1),
        head: 400,
        pending: 100,
        message: 50,
        inflated: 2_000,
        frame: 5_000,
        memory: 3_000,
        search: 500,
        datagrams: 2,
        fragments: 1_000,
        fragment_time: Duration::from_secs(1),
        ..Limits::default()
    }
}

/// Reads that are enough, whatever comes out of a compressed file.
const MAX_READS: usize = 100;

fn shown(file: &[u8], limits: Limits, is_restless: bool) -> Vec<String> {
    let mut capture = Capture::from_reader("x", io::Cursor::new(file.to_vec()));
    let mut analyzer =
        Analyzer::new(Options { limits, frames: true, sha256: is_restless, ..Options::default() });
    let mut outputs = Outputs::new(Some(80));
    let mut reads = 0;
    while reads < MAX_READS {
        match capture.next() {
            Step::Packet(packet, sources) => {
                let turn = if is_restless { packet.origin.packet } else { 1 };
                if turn.is_multiple_of(7) {
                    analyzer.pass_over(&packet, sources, &mut outputs);
                } else {
                    analyzer.packet(&packet, sources, &mut outputs);
                }
                if let Some(time) = packet.origin.time.filter(|_| turn.is_multiple_of(3)) {
                    analyzer.advance(time, sources, &mut outputs);
                }
            }
            Step::Idle(_) => panic!("a file is never idle"),
            Step::Secrets(_) => {}
            Step::Starved => reads += 1,
            Step::Problem(error) => check(&error.to_string()),
            Step::End => break,
        }
    }
    analyzer.finish(capture.sources(), &mut outputs);
    outputs.finish()
}

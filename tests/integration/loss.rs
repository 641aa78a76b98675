//! Every recording, with packets missing, out of order and there twice.

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::Path;

use wsdump::analyzer::{Analyzer, Options};
use wsdump::capture::{Capture, Step};
use wsdump::types::{Event, Kind, LinkType, Opcode, Origin, Packet, Run, SourceId, Timestamp};
use wsdump::websocket::{Expected, Search, unmask};

use crate::command::captures;

/// A packet of its own.
#[derive(Clone)]
struct Recorded {
    time: Option<Timestamp>,
    link_type: LinkType,
    data: Vec<u8>,
    original_length: u32,
}

fn recorded(path: &Path) -> Vec<Recorded> {
    let mut capture = Capture::from_reader("recording", Cursor::new(fs::read(path).unwrap()));
    let mut packets = Vec::new();
    loop {
        match capture.next() {
            Step::Packet(packet, _) => packets.push(Recorded {
                time: packet.origin.time,
                link_type: packet.link_type,
                data: packet.data.to_vec(),
                original_length: packet.original_length,
            }),
            Step::Problem(error) => panic!("{}: {error}", path.display()),
            Step::End => return packets,
            Step::Starved | Step::Secrets(_) | Step::Idle(_) => {}
        }
    }
}

/// Client, server, and who of them sent.
type Sender = (String, String, String);

/// The messages that are told to be complete.
fn complete(packets: &[Recorded]) -> BTreeMap<Sender, Vec<(Opcode, Vec<u8>)>> {
    let mut analyzer = Analyzer::new(Options::default());
    let mut told: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut sink = |event: &Event<'_>| {
        if let Kind::Message(message) = event.kind
            && message.complete
        {
            let connection = event.connection;
            let sender = (connection.client.to_string(), connection.server.to_string());
            let sender = (sender.0, sender.1, message.from.to_string());
            told.entry(sender).or_default().push((message.opcode, message.payload.to_vec()));
        }
    };
    for (index, packet) in packets.iter().enumerate() {
        let packet = Packet {
            origin: Origin {
                packet: index as u64 + 1,
                time: packet.time,
                source: SourceId(0),
                tcp_length: 0,
            },
            link_type: packet.link_type,
            data: &packet.data,
            original_length: packet.original_length,
        };
        analyzer.packet(&packet, &[], &mut sink);
    }
    analyzer.finish(&[], &mut sink);
    told
}

/// Numbers that look random, the same each time (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % end
    }
}

/// Of 100 packets, `lost` are missing, 3 come twice and 5 some places later.
fn damaged(packets: &[Recorded], lost: u64, random: &mut Random) -> Vec<Recorded> {
    let times: Vec<_> = packets.iter().map(|packet| packet.time).collect();
    let mut order: Vec<usize> = (0..packets.len()).collect();
    for at in 0..order.len() {
        if random.below(100) < 5 {
            let to = (at + 1 + random.below(5) as usize).min(order.len() - 1);
            order.swap(at, to);
        }
    }
    let mut damaged = Vec::new();
    for (at, &index) in order.iter().enumerate() {
        // The clock is the capture's own.
        let packet = Recorded { time: times[at], ..packets[index].clone() };
        if random.below(100) < 3 {
            damaged.push(packet.clone());
        }
        if random.below(100) >= lost {
            damaged.push(packet);
        }
    }
    damaged
}

#[test]
fn what_is_complete_without_some_packets_was_sent() {
    for path in captures() {
        let packets = recorded(&path);
        let sent = complete(&packets);
        for seed in 1..=4 {
            let damaged = damaged(&packets, seed * 3, &mut Random(seed));
            for (sender, told) in complete(&damaged) {
                let mut rest = sent.get(&sender).into_iter().flatten();
                for message in told {
                    assert!(
                        rest.any(|sent| *sent == message),
                        "{} with seed {seed}: {sender:?} did not send {message:?}",
                        path.display()
                    );
                }
            }
        }
    }
}

#[test]
fn order_and_repetition_change_no_message() {
    for path in captures() {
        let packets = recorded(&path);
        for seed in 1..=2 {
            let damaged = damaged(&packets, 0, &mut Random(seed));
            let same = complete(&damaged) == complete(&packets);
            assert!(same, "{} with seed {seed}", path.display());
        }
    }
}

/// A masked text frame.
fn masked(text: &str, random: &mut Random) -> Vec<u8> {
    let mut frame = vec![0x81];
    match text.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length => {
            frame.push(0xfe);
            frame.extend((length as u16).to_be_bytes());
        }
    }
    let key = (random.below(1 << 32) as u32).to_be_bytes();
    frame.extend(key);
    let start = frame.len();
    frame.extend(text.as_bytes());
    unmask(&mut frame[start..], key, 0);
    frame
}

fn word(most: u64, random: &mut Random) -> String {
    (0..2 + random.below(most)).map(|_| char::from(b'a' + random.below(26) as u8)).collect()
}

/// Four bytes of masked text, taken for a key, cancel the true one: what comes
/// out then may be text, too.
#[test]
fn inside_masked_text_no_frame_is_found() {
    let origin = Origin { packet: 1, time: None, source: SourceId(0), tcp_length: 0 };
    let expected = Expected {
        masked: Some(true),
        reserved_bits: 0,
        max_frame: 1 << 40,
        may_nest: false,
        is_believed: false,
    };
    let mut random = Random(1);
    let (mut found, mut sought) = (0, 0);
    for _ in 0..600 {
        let (mut bytes, mut begins) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            let members: Vec<String> = (0..20 + random.below(60))
                .map(|_| format!("{{\"k\": \"{}\"}}", word(60, &mut random)))
                .collect();
            begins.push(bytes.len());
            bytes.extend(masked(&format!("[{}]", members.join(", ")), &mut random));
        }
        // From somewhere in the first.
        let from = 15 + random.below(begins[1] as u64 - 15) as usize;
        let mut search = Search::new(256 << 10);
        let mut position = from;
        for bytes in bytes[from..].chunks(300) {
            search.push(&Run { bytes, position: position as u64, origin, ack: None });
            position += bytes.len();
            let is_end = bytes.len() < 300;
            if let Some(place) = search.find(expected, is_end) {
                let at = from + place.offset;
                assert!(begins.contains(&at), "no frame begins at {at}");
                found += 1;
                break;
            }
        }
        sought += 1;
    }
    assert!(found * 100 >= sought * 95, "{found} of {sought}");
}

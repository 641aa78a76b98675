//! Frames and messages of one direction, byte by byte.

use super::mask::unmask;
use super::*;
use crate::types::{Limits, Missing, Origin, Rule, Run, Side, SourceId};

/// What a decoder told, in words.
#[derive(Default)]
struct Log(Vec<String>);

impl Receiver for Log {
    fn frame(&mut self, _: &FrameHeader, _: u64, _: Origin) {}

    fn message(&mut self, message: &Assembled<'_>) {
        let text = String::from_utf8_lossy(message.payload);
        let mut line = format!("{} {text:?}", message.opcode);
        if message.frames > 1 {
            line += &format!(" in {}", message.frames);
        }
        if !message.complete {
            line += &format!(" of {:?}, missing {:?}", message.length, message.missing);
        }
        if message.truncated {
            line += &format!(" truncated from {:?}", message.length);
        }
        if message.compressed {
            line += " compressed";
        }
        if let Some(reason) = message.not_inflated {
            line += &format!(" {reason}");
        }
        self.0.push(line);
    }

    fn violation(&mut self, rule: Rule, detail: &str, _: Origin) {
        self.0.push(format!("{}: {detail}", rule.name()));
    }

    fn hole(&mut self, hole: &Hole) {
        let Hole { cause, next_frame, undecoded, .. } = hole;
        let missing = match cause {
            Cause::Missing(missing) => Some(missing.bytes),
            _ => None,
        };
        self.0.push(format!("hole of {missing:?}, next {next_frame}, {undecoded} undecoded"));
    }
}

fn run(bytes: &[u8], position: u64) -> Run<'_> {
    let origin = Origin { packet: 1, time: None, source: SourceId(0), tcp_length: 0 };
    Run { bytes, position, origin, ack: None }
}

/// Decodes pieces; an error among them is a hole of so many bytes. What is
/// told of masking is left out: it is tested where it is judged.
fn decode_pieces(
    extensions: Extensions,
    limit: usize,
    pieces: &[Result<&[u8], u64>],
) -> Vec<String> {
    let limits = Limits { message: limit, ..Limits::default() };
    let mut workspace = Workspace::new(&limits, false);
    let mut decoder = Decoder::new(Side::Client, extensions, &workspace);
    let mut log = Log::default();
    let mut position = 0;
    for piece in pieces {
        match *piece {
            Ok(bytes) => {
                decoder.receive(&run(bytes, position), &mut workspace, &mut log);
                position += bytes.len() as u64;
            }
            Err(bytes) => {
                let origin = run(b"", 0).origin;
                let missing = Missing { position, bytes, origin, is_visible: true };
                decoder.miss(&missing, &mut workspace, &mut log);
                position += bytes;
            }
        }
    }
    decoder.finish(&mut workspace, &mut log);
    log.0.retain(|line| !line.contains("mask"));
    log.0
}

const DEFLATE: Extensions =
    Extensions { compression: Some(Compression { keeps_context: true }), ..Extensions::NONE };

fn decode(bytes: &[u8]) -> Vec<String> {
    decode_pieces(Extensions::NONE, 1000, &[Ok(bytes)])
}

/// A frame; `key` masks it.
fn frame(first: u8, payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let mut bytes = vec![first];
    let mask = if key.is_some() { 0x80 } else { 0 };
    match payload.len() {
        short @ 0..=125 => bytes.push(mask | short as u8),
        medium @ 126..=0xffff => {
            bytes.push(mask | 126);
            bytes.extend((medium as u16).to_be_bytes());
        }
        long => {
            bytes.push(mask | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(key.unwrap_or_default().iter().take(if key.is_some() { 4 } else { 0 }));
    let start = bytes.len();
    bytes.extend(payload);
    unmask(&mut bytes[start..], key.unwrap_or_default(), 0);
    bytes
}

#[test]
fn the_examples_of_rfc_6455_section_5_7() {
    assert_eq!(decode(b"\x81\x05Hello"), ["text \"Hello\""]);
    assert_eq!(decode(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), ["text \"Hello\""]);
    assert_eq!(decode(b"\x01\x03Hel\x80\x02lo"), ["text \"Hello\" in 2"]);
    assert_eq!(decode(b"\x89\x05Hello"), ["ping \"Hello\""]);
    assert_eq!(decode(b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), ["pong \"Hello\""]);
}

#[test]
fn split_at_every_byte() {
    let key = Some([0xa1, 0xb2, 0xc3, 0xd4]);
    let stream = [
        frame(0x01, b"one, ", key),
        frame(0x89, b"ping", key),
        frame(0x00, &[b'x'; 130], None),
        frame(0x80, b"", key),
        frame(0x82, b"\x00\xff", None),
        frame(0x81, b"", None),
        frame(0x88, b"\x03\xe8", key),
    ]
    .concat();
    let whole = decode(&stream);
    assert_eq!(whole.len(), 5);
    assert_eq!(whole[0], "ping \"ping\"");
    for split in 1..stream.len() {
        let (first, second) = stream.split_at(split);
        let pieces = [Ok(first), Ok(second)];
        assert_eq!(decode_pieces(Extensions::NONE, 1000, &pieces), whole, "split at {split}");
    }
    let bytes: Vec<Result<&[u8], u64>> = stream.chunks(1).map(Ok).collect();
    assert_eq!(decode_pieces(Extensions::NONE, 1000, &bytes), whole);
}

#[test]
fn a_hole_in_a_payload_costs_one_message() {
    let key = Some([9, 8, 7, 6]);
    let first = frame(0x81, b"hello world", key);
    let second = frame(0x81, b"next", key);
    let lost = 4;
    let pieces = [Ok(&first[..9]), Err(lost), Ok(&first[13..]), Ok(&second)];
    assert_eq!(
        decode_pieces(Extensions::NONE, 1000, &pieces),
        [
            "hole of Some(4), next known, 0 undecoded",
            "text \"hel\" of Some(11), missing Some(4)",
            "text \"next\""
        ]
    );
    // The hole ends with the frame: the next one is still found.
    let pieces = [Ok(&first[..9]), Err(first.len() as u64 - 9), Ok(&second)];
    assert_eq!(
        decode_pieces(Extensions::NONE, 1000, &pieces),
        [
            "hole of Some(8), next known, 0 undecoded",
            "text \"hel\" of Some(11), missing Some(8)",
            "text \"next\""
        ]
    );
}

#[test]
fn a_hole_across_a_header_loses_the_place() {
    let first = frame(0x81, b"hello", None);
    let pieces = [Ok(&first[..4]), Err(10), Ok(b"\x81\x01x".as_slice())];
    assert_eq!(
        decode_pieces(Extensions::NONE, 1000, &pieces),
        ["text \"he\" of Some(5), missing Some(3)", "hole of Some(10), next lost, 3 undecoded"]
    );
}

#[test]
fn what_the_end_cuts_off_is_told() {
    assert_eq!(decode(b"\x81\x05He"), ["text \"He\" of Some(5), missing Some(3)"]);
    assert_eq!(decode(b"\x01\x05He"), ["text \"He\" of None, missing None"]);
    assert_eq!(decode(b"\x81"), ["hole of None, next lost, 1 undecoded"]);
    assert_eq!(decode(b"\x01\x02He"), ["text \"He\" of None, missing None"]);
    assert_eq!(
        decode(b"\x01\x02He\x89\x04p"),
        ["ping \"p\" of Some(4), missing Some(3)", "text \"He\" of None, missing None"]
    );
}

#[test]
fn a_long_message_is_counted_to_its_end() {
    let bytes =
        [frame(0x01, b"abcdef", None), frame(0x80, b"ghi", None), frame(0x81, b"abcdef", None)]
            .concat();
    let expected =
        ["text \"abcd\" in 2 truncated from Some(9)", "text \"abcd\" truncated from Some(6)"];
    assert_eq!(decode_pieces(Extensions::NONE, 4, &[Ok(&bytes)]), expected);
}

#[test]
fn reserved_opcodes_are_told_and_shown() {
    let bytes =
        [frame(0x83, b"?", None), frame(0x8b, b"?", None), frame(0x81, b"x", None)].concat();
    let log = decode(&bytes);
    assert!(log[0].starts_with("reserved-opcode") && log[2].starts_with("reserved-opcode"));
    assert_eq!([&log[1], &log[3]], ["reserved-3 \"?\"", "reserved-11 \"?\""]);
    assert_eq!(log[4..], ["text \"x\""]);
}

#[test]
fn fragments_out_of_turn_are_told() {
    let log = decode(&[frame(0x80, b"?", None), frame(0x81, b"x", None)].concat());
    assert!(log[0].starts_with("unexpected-continuation"));
    assert_eq!(log[1..], ["continuation \"?\" of Some(1), missing None", "text \"x\""]);
    let log = decode(&[frame(0x01, b"a", None), frame(0x81, b"b", None)].concat());
    assert!(log[0].starts_with("interleaved-message"));
    assert_eq!(log[1..], ["text \"a\" of None, missing None", "text \"b\""]);
    // Control frames between fragments are legal (RFC 6455 §5.4).
    let log = decode(
        &[frame(0x01, b"a", None), frame(0x89, b"", None), frame(0x80, b"b", None)].concat(),
    );
    assert_eq!(log, ["ping \"\"", "text \"ab\" in 2"]);
}

#[test]
fn control_frames_are_short_and_whole() {
    let log = decode(&frame(0x89, &[b'x'; 126], None));
    assert!(log[0].starts_with("control-frame-too-long"));
    assert!(log[1].starts_with("ping"));
    assert_eq!(decode(&frame(0x89, &[b'x'; 125], None)).len(), 1);
    let log = decode(&frame(0x09, b"x", None));
    assert!(log[0].starts_with("fragmented-control-frame"));
    assert_eq!(log[1], "ping \"x\"");
}

#[test]
fn reserved_bits_need_an_extension() {
    let compressed = frame(0xc1, b"x", None);
    assert!(decode(&compressed)[0].starts_with("reserved-bits"));
    // RSV1 on a control frame means nothing to permessage-deflate.
    assert!(
        decode_pieces(DEFLATE, 10, &[Ok(&frame(0xc9, b"", None))])[0]
            .starts_with("compressed-control-frame")
    );
    let other = Extensions { reserved_bits: 7, ..Extensions::NONE };
    assert_eq!(decode_pieces(other, 10, &[Ok(&compressed)]), ["text \"x\""]);
}

/// "Hello" of RFC 7692 §7.2.3.1, and again with the context of the first.
const HELLO: &[u8] = &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
const HELLO_AGAIN: &[u8] = &[0xf2, 0x00, 0x11, 0x00, 0x00];

#[test]
fn compressed_messages_in_fragments_with_pings_between() {
    let key = Some([5, 6, 7, 8]);
    let stream = [
        frame(0x41, &HELLO[..3], key),
        frame(0x89, b"?", key),
        frame(0x00, b"", key),
        frame(0x80, &HELLO[3..], key),
        frame(0xc1, HELLO_AGAIN, key),
        frame(0x81, b"plain", key),
        frame(0xc1, HELLO_AGAIN, key),
        frame(0xc2, b"", key),
    ]
    .concat();
    let expected = [
        "ping \"?\"",
        "text \"Hello\" in 3 compressed",
        "text \"Hello\" compressed",
        "text \"plain\"",
        "text \"Hello\" compressed",
        "binary \"\" compressed",
    ];
    for size in [1, 2, 3, 7, stream.len()] {
        let pieces: Vec<Result<&[u8], u64>> = stream.chunks(size).map(Ok).collect();
        assert_eq!(decode_pieces(DEFLATE, 1000, &pieces), expected, "by {size}");
    }
}

#[test]
fn a_hole_in_a_compressed_message_costs_the_context() {
    let hello = frame(0xc1, HELLO, None);
    let again = frame(0xc1, HELLO_AGAIN, None);
    let pieces = [Ok(&hello[..5]), Err(4), Ok(&again), Ok(&hello), Ok(&again)];
    assert_eq!(
        decode_pieces(DEFLATE, 1000, &pieces),
        [
            "hole of Some(4), next known, 0 undecoded",
            "text \"He\" of None, missing Some(4) compressed",
            "text \"H\" of Some(5), missing None compressed context lost",
            "text \"Hello\" compressed",
            "text \"Hello\" compressed",
        ]
    );
    let alone = Compression { keeps_context: false };
    let alone = Extensions { compression: Some(alone), ..Extensions::NONE };
    let pieces = [Ok(&hello[..5]), Err(4), Ok(&hello[..])];
    assert_eq!(decode_pieces(alone, 1000, &pieces)[2..], ["text \"Hello\" compressed"]);
}

#[test]
fn the_end_of_a_compressed_message_is_removed() {
    let whole = [HELLO, &[0x00, 0x00, 0xff, 0xff]].concat();
    let log = decode_pieces(DEFLATE, 1000, &[Ok(&frame(0xc1, &whole, None))]);
    assert!(log[0].starts_with("deflate-tail"), "{log:?}");
    assert_eq!(log[1..], ["text \"Hello\" compressed"]);
    // One that is not compressed may end as it likes.
    let log = decode_pieces(DEFLATE, 1000, &[Ok(&frame(0x82, &whole, None))]);
    assert_eq!(log.len(), 1, "{log:?}");
}

#[test]
fn the_largest_length_is_no_overflow() {
    let log = decode(b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff..");
    assert_eq!(log, ["hole of None, next lost, 12 undecoded"]);
}

#[test]
fn what_is_not_deflate_is_told_and_passed() {
    let broken = frame(0xc1, b"\xf2\x48\xff\xff\xff", None);
    let stream = [broken, frame(0x81, b"plain", None), frame(0xc1, HELLO, None)].concat();
    let log = decode_pieces(DEFLATE, 1000, &[Ok(&stream)]);
    assert!(log[0].starts_with("corrupt-deflate"), "{log:?}");
    assert!(log[1].starts_with("text \"H") && log[1].ends_with("compressed corrupt"), "{log:?}");
    assert_eq!(log[2..], ["text \"plain\"", "text \"Hello\" compressed"]);
    // Without a negotiation nobody knows what the bit means.
    let perhaps = Extensions { is_known: false, ..DEFLATE };
    let log = decode_pieces(perhaps, 1000, &[Ok(&stream)]);
    assert!(log[0].ends_with("compressed corrupt"), "{log:?}");
}

#[test]
fn only_complete_messages_have_a_hash() {
    struct Hashes(Vec<bool>);
    impl Receiver for Hashes {
        fn frame(&mut self, _: &FrameHeader, _: u64, _: Origin) {}
        fn message(&mut self, message: &Assembled<'_>) {
            assert_eq!(message.complete, message.sha256.is_some());
            self.0.push(message.complete);
        }
        fn violation(&mut self, _: Rule, _: &str, _: Origin) {}
        fn hole(&mut self, _: &Hole) {}
    }
    // A continuation of nothing, and a message.
    for size in [1, 2, 7] {
        let mut workspace = Workspace::new(&Limits::default(), true);
        let mut decoder = Decoder::new(Side::Server, Extensions::NONE, &workspace);
        let mut hashes = Hashes(Vec::new());
        for (index, bytes) in b"\x80\x01?\x81\x02hi".chunks(size).enumerate() {
            decoder.receive(&run(bytes, (index * size) as u64), &mut workspace, &mut hashes);
        }
        assert_eq!(hashes.0, [false, true]);
    }
}

#[test]
fn an_impossible_length_is_told_once() {
    let log = decode(b"\x82\x7f\xff\0\0\0\0\0\0\0 and what follows");
    assert!(log[0].starts_with("frame-length-overflow"));
    assert_eq!(log[1..], ["hole of None, next lost, 27 undecoded"]);
}

#[test]
fn control_frames_are_no_longer_for_a_limit_on_frames() {
    // What the search finds must be what is followed, or it is found for ever.
    let limits = Limits { frame: 10, ..Limits::default() };
    let mut workspace = Workspace::new(&limits, false);
    let mut decoder = Decoder::new(Side::Server, Extensions::NONE, &workspace);
    let mut log = Log::default();
    let missing = Missing { position: 0, bytes: 9, origin: run(b"", 0).origin, is_visible: true };
    decoder.miss(&missing, &mut workspace, &mut log);
    let mut position = 9;
    for number in 0..6 {
        let ping = frame(0x89, format!("ping {number} {}", "x".repeat(100)).as_bytes(), None);
        decoder.receive(&run(&ping, position), &mut workspace, &mut log);
        position += ping.len() as u64;
    }
    decoder.finish(&mut workspace, &mut log);
    assert!(log.0.iter().filter(|line| line.starts_with("ping")).count() >= 4, "{:?}", log.0);
}

#[test]
fn shedding_keeps_control_frames() {
    let mut workspace = Workspace::new(&Limits::default(), false);
    let mut decoder = Decoder::new(Side::Server, Extensions::NONE, &workspace);
    let mut log = Log::default();
    let close = frame(0x88, b"\x03\xe8goodbye", None);
    let (first, second) = close.split_at(6);
    decoder.receive(&run(first, 0), &mut workspace, &mut log);
    decoder.shed(&mut workspace);
    decoder.receive(&run(second, 6), &mut workspace, &mut log);
    assert!(log.0[0].contains("goodbye"), "{:?}", log.0);
}

#[test]
fn nothing_comes_of_nothing() {
    let whole = frame(0x81, b"hello", None);
    let pieces = [
        Ok(&b""[..]),
        Ok(whole.as_slice()),
        Ok(b""),
        Ok(&whole[..3]),
        Ok(b""),
        Ok(&whole[3..]),
        Ok(b""),
    ];
    let told = decode_pieces(Extensions::NONE, 1000, &pieces);
    let twice = [whole.as_slice(), &whole].concat();
    assert_eq!(told, decode_pieces(Extensions::NONE, 1000, &[Ok(&twice)]));
}

#[test]
fn two_holes_in_a_row_are_told_each() {
    let first = frame(0x81, b"hello", None);
    let pieces = [Ok(&first[..4]), Err(10), Err(20), Ok(b"\x81\x01x".as_slice())];
    assert_eq!(
        decode_pieces(Extensions::NONE, 1000, &pieces)[1..],
        ["hole of Some(10), next lost, 0 undecoded", "hole of Some(20), next lost, 3 undecoded"]
    );
}

#[test]
fn an_idle_direction_takes_little() {
    assert!(size_of::<Decoder>() <= 64, "{}", size_of::<Decoder>());
    let workspace = Workspace::new(&Limits::default(), false);
    assert_eq!(Decoder::new(Side::Client, Extensions::NONE, &workspace).cost(), 0);
}

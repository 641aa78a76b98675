use flate2::{Compress, Compression, FlushCompress};

use super::*;
use crate::types::{App, AppProtocol, Side};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    compressed(Compress::new_gzip(Compression::default(), 15), bytes)
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    compressed(Compress::new(Compression::default(), true), bytes)
}

fn compressed(mut compress: Compress, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 1000);
    compress.compress_vec(bytes, &mut out, FlushCompress::Finish).unwrap();
    assert_eq!(compress.total_in(), bytes.len() as u64);
    out
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(bytes, 3).unwrap()
}

fn insides(most: usize, decode: &[BinaryFormat]) -> Insides {
    Insides::new(&Limits { opened: most, ..Limits::default() }, decode.to_vec())
}

/// A layer in a word or two.
fn told(layer: &InsideLayer<'_>) -> String {
    let InsideLayer { format, media_type, content } = *layer;
    let mut text = format.to_owned();
    if let Some(media_type) = media_type {
        text += &format!(" {media_type}");
    }
    if let Some(content) = content {
        if let Some(length) = content.length {
            text += &format!(" {length}");
        }
        text += &match content.body {
            Body::Json(json) => format!(" json {}", json.text()),
            Body::Text(text) => format!(" text {text}"),
            Body::Binary(bytes) => format!(" bytes {}", bytes.len()),
        };
        text += if content.truncated { " truncated" } else { "" };
    }
    text
}

fn look_with(insides: &mut Insides, payload: &[u8]) -> Vec<String> {
    let message = Message::new(Side::Client, Opcode::Binary, classify(payload, true));
    insides.look(&message).iter().map(told).collect()
}

fn look(payload: &[u8]) -> Vec<String> {
    look_with(&mut insides(1 << 20, &[]), payload)
}

#[test]
fn compressed_payloads_are_opened() {
    for (format, pack) in [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("zlib", zlib), ("zstd", zstd)] {
        assert_eq!(look(&pack(b"[1, 2]")), [format!("{format} 6 json [1, 2]")]);
        assert_eq!(look(&pack("Grüße".as_bytes())), [format!("{format} 7 text Grüße")]);
        assert_eq!(look(&pack(b"\xff\0")), [format!("{format} 2 bytes 2")]);
        assert_eq!(look(&pack(b"")), [format!("{format} 0 text ")]);
        let long = vec![b'x'; 100_000];
        assert_eq!(look(&pack(&long)), [format!("{format} 100000 text {}", "x".repeat(100_000))]);
    }
}

#[test]
fn members_and_frames_in_a_row_are_one() {
    assert_eq!(look(&[gzip(b"one "), gzip(b"two")].concat()), ["gzip 7 text one two"]);
    assert_eq!(look(&[zstd(b"one "), zstd(b"two")].concat()), ["zstd 7 text one two"]);
}

#[test]
fn of_very_many_members_the_others_are_left_out() {
    let one = gzip(b"1");
    assert_eq!(look(&one.repeat(4096)), [format!("gzip 4096 json {}", "1".repeat(4096))]);
    let told = look(&one.repeat(4097));
    assert_eq!(told, [format!("gzip 4096 text {} truncated", "1".repeat(4096))]);
}

#[test]
fn what_is_cut_or_damaged_is_not_taken_for_it() {
    for pack in [gzip as fn(&[u8]) -> Vec<u8>, zlib, zstd] {
        let whole = pack(b"some text, some text");
        for end in 0..whole.len() {
            assert_eq!(look(&whole[..end]), [""; 0], "{end}");
        }
        assert_eq!(look(&[&whole[..], b"more"].concat()), [""; 0]);
    }
    for pack in [gzip as fn(&[u8]) -> Vec<u8>, zlib] {
        let mut whole = pack(b"some text, some text");
        *whole.last_mut().unwrap() ^= 1;
        assert_eq!(look(&whole), [""; 0], "a wrong checksum");
    }
}

#[test]
fn what_is_longer_than_the_bound_is_cut() {
    for (format, pack) in [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("zlib", zlib), ("zstd", zstd)] {
        let packed = pack(&vec![b'0'; 4 << 20]);
        let mut insides = insides(1000, &[]);
        let zeros = "0".repeat(1000);
        // Not taken for JSON, as it is not all of it.
        assert_eq!(
            look_with(&mut insides, &packed),
            [format!("{format} 1000 text {zeros} truncated")]
        );
        assert!(insides.opened.iter().all(|room| room.capacity() < 64 << 10));
        assert_eq!(look_with(&mut insides, &pack(zeros.as_bytes())).len(), 1);
        assert!(!look_with(&mut insides, &pack(zeros.as_bytes()))[0].contains("truncated"));
    }
}

#[test]
fn one_inside_the_other_and_no_more_than_three() {
    let twice = zlib(&gzip(b"in"));
    assert_eq!(
        look(&twice),
        [format!("zlib {} bytes {0}", gzip(b"in").len()), "gzip 2 text in".into()]
    );
    let mut nested = b"in".to_vec();
    for _ in 0..5 {
        nested = gzip(&nested);
    }
    assert_eq!(look(&nested).len(), MOST_OPENED);
    assert_eq!(look(&gzip(b"\x89PNG\r\n\x1a\n\xff"))[1], "png image/png");
}

#[test]
fn what_is_asked_for_is_read() {
    use BinaryFormat::{Cbor, MessagePack};
    let packed = b"\x81\xa1a\x01";
    let in_cbor = b"\xa1\x61a\x01";
    let mut both = insides(1 << 20, &[MessagePack, Cbor]);
    assert_eq!(look(packed), [""; 0]);
    assert_eq!(look_with(&mut both, packed), [r#"msgpack json {"a":1}"#]);
    assert_eq!(look_with(&mut both, in_cbor), [r#"cbor json {"a":1}"#]);
    assert_eq!(look_with(&mut both, &gzip(packed)), ["gzip 4 bytes 4", r#"msgpack json {"a":1}"#]);
    assert_eq!(look_with(&mut both, b"\x89PNG\r\n\x1a\n"), ["png image/png"]);
    assert_eq!(look_with(&mut both, b"7"), [""; 0], "JSON already");
    assert_eq!(look_with(&mut both, b"\xc1\xff"), [""; 0]);
}

#[test]
fn only_whole_binary_messages_that_no_protocol_reads() {
    let payload = gzip(b"xy");
    let message = Message::new(Side::Client, Opcode::Binary, classify(&payload, true));
    let mut insides = insides(1 << 20, &[BinaryFormat::MessagePack]);
    assert_eq!(insides.look(&message).len(), 1);
    for other in [
        Message { opcode: Opcode::Text, ..message },
        Message { opcode: Opcode::Ping, ..message },
        Message { complete: false, ..message },
        Message { truncated: true, ..message },
    ] {
        assert_eq!(insides.look(&other), []);
    }
    // Of what a protocol reads, the signature is told, but it is not read as another.
    let app = App::only(AppProtocol::Mqtt);
    let claimed = Message { app: Some(&app), ..message };
    assert_eq!(insides.look(&claimed).len(), 1);
    let packed = Message::new(Side::Client, Opcode::Binary, Body::Binary(b"\x91\xff"));
    assert_eq!(insides.look(&packed).len(), 1);
    assert_eq!(insides.look(&Message { app: claimed.app, ..packed }), []);
}

#[test]
fn room_is_given_back() {
    let mut insides = insides(4 << 20, &[]);
    look_with(&mut insides, &gzip(&vec![0xff; 2 << 20]));
    look_with(&mut insides, b"\xff");
    assert!(insides.opened.iter().all(|room| room.capacity() <= MOST_ROOM));
}

//! Tests of the search for frames and of the recogniser.

use proptest::prelude::*;

use super::{Expected, Found, Recogniser, Search, Verdict, looks_like_frames, unmask};
use crate::types::{Direction, Origin, Run, SourceId};

const SERVER: Expected = Expected {
    masked: Some(false),
    reserved_bits: 0,
    max_frame: 1 << 24,
    may_nest: false,
    is_believed: false,
};
const CLIENT: Expected = Expected { masked: Some(true), ..SERVER };

fn run(bytes: &[u8], position: u64) -> Run<'_> {
    Run { bytes, position, origin: ORIGIN, ack: None }
}

const ORIGIN: Origin = Origin { packet: 1, time: None, source: SourceId(0), tcp_length: 0 };

fn frame(first: u8, key: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mask = if key.is_some() { 0x80 } else { 0 };
    match payload.len() {
        length @ 0..=125 => bytes.push(mask | length as u8),
        length @ 126..=0xffff => {
            bytes.push(mask | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        length => {
            bytes.push(mask | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(key.unwrap_or_default().iter().take(if key.is_some() { 4 } else { 0 }));
    let begin = bytes.len();
    bytes.extend(payload);
    unmask(&mut bytes[begin..], key.unwrap_or_default(), 0);
    bytes
}

fn text(payload: &str) -> Vec<u8> {
    frame(0x81, None, payload.as_bytes())
}

fn masked(payload: &str, key: u32) -> Vec<u8> {
    frame(0x81, Some(key.wrapping_mul(0x9e37_79b9).to_be_bytes()), payload.as_bytes())
}

fn json(number: usize) -> String {
    format!(r#"{{"type":"tick","number":{number},"price":{}}}"#, number * 37 % 1000)
}

/// Bytes as of a compressed payload.
fn noise(count: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    })
    .take(count)
    .collect()
}

fn find(segments: &[&[u8]], expected: Expected, is_end: bool) -> Option<Found> {
    let mut search = Search::new(1 << 20);
    let mut position = 1000;
    for segment in segments {
        search.push(&run(segment, position));
        position += segment.len() as u64;
    }
    search.find(expected, is_end)
}

fn offset(segments: &[&[u8]], expected: Expected) -> Option<usize> {
    find(segments, expected, true).map(|found| found.offset)
}

#[test]
fn one_segment_is_enough_for_a_message_of_its_own() {
    assert_eq!(offset(&[&text(&json(1))], SERVER), Some(0));
    assert_eq!(offset(&[&masked(&json(1), 7)], CLIENT), Some(0));
    assert_eq!(offset(&[&text("plain words, no more")], SERVER), Some(0));
    assert_eq!(offset(&[&masked("plain words, no more", 7)], CLIENT), Some(0));
}

#[test]
fn the_wrong_side_is_not_found() {
    assert_eq!(offset(&[&text(&json(1)), &text(&json(2))], CLIENT), None);
    assert_eq!(offset(&[&masked(&json(1), 7), &masked(&json(2), 8)], SERVER), None);
}

#[test]
fn little_evidence_waits() {
    assert_eq!(offset(&[&frame(0x8a, None, b"")], SERVER), None);
    assert_eq!(offset(&[&frame(0x82, None, &noise(9, 1))], SERVER), None);
    let binary: Vec<_> = (0..4).map(|seed| frame(0x82, None, &noise(20, seed * 2 + 1))).collect();
    let segments: Vec<&[u8]> = binary.iter().map(Vec::as_slice).collect();
    assert_eq!(offset(&segments, SERVER), Some(22), "the first was the evidence");
}

#[test]
fn the_rest_of_a_payload_is_passed_over() {
    let rest = &text(&json(1))[9..];
    let both = [rest, &text(&json(2)), &text(&json(3))].concat();
    assert_eq!(offset(&[&both, &text(&json(4))], SERVER), Some(rest.len()));
    let noise = noise(1400, 3);
    assert_eq!(offset(&[&noise, &text(&json(2))], SERVER), Some(1400));
    assert_eq!(offset(&[&noise, &masked(&json(2), 5)], CLIENT), Some(1400));
}

#[test]
fn frames_inside_a_payload_are_not_told() {
    let inner = text(&json(1));
    let outer: Vec<_> = (0..4).map(|_| frame(0x82, None, &inner)).collect();
    let segments: Vec<&[u8]> = outer.iter().map(Vec::as_slice).collect();
    for count in 1..=4 {
        let found = offset(&segments[..count], SERVER);
        assert!(found.is_none_or(|found| found % outer[0].len() == 0), "{found:?}");
    }
    // The first outer header is lost.
    let tail = [&outer[0][2..], &outer[1]].concat();
    let expected = Expected { may_nest: true, ..SERVER };
    let found = offset(&[&tail[5..], &outer[2], &outer[3]], expected);
    assert!(found.is_none_or(|found| found >= tail.len() - 5), "{found:?}");
}

#[test]
fn a_false_frame_that_leads_to_a_true_one_is_not_told() {
    let mut rest = noise(60, 9);
    rest[20] = 0x82;
    rest[21] = 38;
    let segment = [&rest[..], &text(&json(1)), &text(&json(2))].concat();
    assert_eq!(offset(&[&segment], SERVER), Some(60));
}

#[test]
fn text_that_is_full_of_header_bytes() {
    let russian = "с сорок с ".repeat(200);
    let bytes = russian.as_bytes();
    for start in 0..60 {
        for end in (start + 10..start + 200).step_by(7) {
            assert_eq!(offset(&[&bytes[start..end]], SERVER), None, "{start}..{end}");
        }
    }
}

#[test]
fn a_whole_history_gives_no_other_offset_however_it_is_split() {
    let mut stream = json(0).into_bytes()[5..].to_vec();
    let mut starts = Vec::new();
    for number in 1..6 {
        starts.push(stream.len());
        stream.extend(text(&json(number)));
    }
    for first in 1..stream.len() {
        let (left, right) = stream.split_at(first);
        let found = offset(&[left, right], SERVER).unwrap();
        assert!(starts.contains(&found), "split at {first}: {found}");
    }
}

#[test]
fn the_runs_come_back_from_any_offset() {
    let mut search = Search::new(1 << 16);
    search.push(&run(b"abc", 10));
    search.push(&run(b"defg", 13));
    for offset in 0..=7 {
        let runs: Vec<_> = search.runs_from(offset).collect();
        let bytes: Vec<u8> = runs.iter().flat_map(|run| run.bytes).copied().collect();
        assert_eq!(bytes, b"abcdefg"[offset..]);
        assert!(runs.first().is_none_or(|run| run.position == 10 + offset as u64));
    }
}

#[test]
fn the_oldest_bytes_give_way() {
    let mut search = Search::new(10_000);
    let noise = noise(900, 5);
    for index in 0..100 {
        search.push(&run(&noise, index * 900));
        assert!(search.len() <= 10_000 && search.memory() <= 40_000);
        assert_eq!(search.find(SERVER, false), None);
    }
    assert_eq!(search.len() as u64 + search.dropped(), 90_000);
    search.push(&run(&vec![0; 50_000], 90_000));
    assert_eq!(search.len() as u64 + search.dropped(), 140_000);
    search.push(&run(&text(&json(1)), 140_000));
    let found = search.find(SERVER, true).unwrap();
    assert_eq!(search.runs_from(found.offset).next().unwrap().position, 140_000);
}

/// Gives segments by turns and tells who was recognised as the client.
fn recognise(forward: &[Vec<u8>], backward: &[Vec<u8>]) -> Option<Direction> {
    let mut recogniser = Recogniser::new(1 << 18, 1 << 24);
    let mut positions = [0, 0];
    for index in 0..forward.len().max(backward.len()) {
        for (half, direction) in [(forward, Direction::Forward), (backward, Direction::Backward)] {
            let Some(segment) = half.get(index) else { continue };
            let position = &mut positions[usize::from(direction == Direction::Forward)];
            recogniser.push(direction, &run(segment, *position));
            *position += segment.len() as u64;
            match recogniser.judge(false) {
                Verdict::WebSocket { client, .. } => return Some(client),
                Verdict::NotForUs => return None,
                Verdict::Unsure => {}
            }
        }
    }
    match recogniser.judge(true) {
        Verdict::WebSocket { client, .. } => Some(client),
        _ => None,
    }
}

#[test]
fn websocket_is_recognised_by_either_side_or_both() {
    let client: Vec<_> = (0..6).map(|number| masked(&json(number), number as u32 + 1)).collect();
    let server: Vec<_> = (0..6).map(|number| text(&json(number))).collect();
    assert_eq!(recognise(&client, &server), Some(Direction::Forward));
    assert_eq!(recognise(&server, &client), Some(Direction::Backward));
    assert_eq!(recognise(&client, &[]), Some(Direction::Forward));
    assert_eq!(recognise(&[], &server), Some(Direction::Forward));
}

#[test]
fn compressed_messages_take_both_sides() {
    let client: Vec<_> = (1..9)
        .map(|seed: u32| {
            let key = seed.wrapping_mul(0x9e37_79b9).to_be_bytes();
            frame(0xc1, Some(key), &noise(20 + seed as usize * 7, u64::from(seed)))
        })
        .collect();
    let server: Vec<_> = (1..9).map(|seed| frame(0xc1, None, &noise(30, seed * 77))).collect();
    assert_eq!(recognise(&client, &server), Some(Direction::Forward));
    assert_eq!(recognise(&[], &server), None);
}

#[test]
fn other_protocols_are_not_recognised() {
    // Context tags of ASN.1, whole in each segment and nested in a sequence.
    let ber: Vec<_> = (0..20)
        .map(|number| {
            let body = [text("abc"), frame(0x82, None, b"0123456789"), text(&json(number))];
            frame(0x30, None, &body.concat())
        })
        .collect();
    assert_eq!(recognise(&ber, &ber), None);
    let subscribe: Vec<_> = (0..20)
        .map(|id| frame(0x82, None, &[&[0, id, 0, 9][..], b"some/topic\0"].concat()))
        .collect();
    let acknowledge: Vec<_> = (0..20).map(|id| vec![0x90, 3, 0, id, 0]).collect();
    assert_eq!(recognise(&subscribe, &acknowledge), None);
    let random: Vec<_> = (1..40).map(|seed| noise(700, seed)).collect();
    assert_eq!(recognise(&random, &random), None);
    let zeros = vec![vec![0; 500]; 20];
    assert_eq!(recognise(&zeros, &zeros), None);
    let greek = vec!["Ёё ЁЁ сс ссс".repeat(50).into_bytes(); 20];
    assert_eq!(recognise(&greek, &greek), None);
}

#[test]
fn single_segments() {
    assert!(looks_like_frames(&text(&json(1))));
    assert!(looks_like_frames(&[masked("2", 3), masked(&json(1), 4)].concat()));
    assert!(looks_like_frames(&text(&json(1).repeat(5))[..100]));
    assert!(!looks_like_frames(b""));
    assert!(!looks_like_frames(b"GET / HTTP/1.1\r\n\r\n"));
    assert!(!looks_like_frames(&[0x16, 0x03, 0x01, 0x02, 0x00]));
    assert!(!looks_like_frames(&noise(1000, 1)));
    assert!(!looks_like_frames(&[0; 100]));
}

#[derive(Clone, Debug)]
struct Message {
    first: u8,
    payload: Vec<u8>,
    key: [u8; 4],
}

fn message() -> impl Strategy<Value = Message> {
    let payload = prop_oneof![
        4 => (0..100_000_usize).prop_map(|number| (0x81, json(number).into_bytes())),
        3 => "\\PC{0,60}".prop_map(|text| (0x81, text.into_bytes())),
        2 => prop::collection::vec(any::<u8>(), 0..400).prop_map(|bytes| (0x82, bytes)),
        1 => Just((0x89, b"ping".to_vec())),
        1 => Just((0x8a, Vec::new())),
    ];
    (payload, any::<[u8; 4]>()).prop_map(|((first, payload), key)| Message { first, payload, key })
}

proptest! {
    /// Wherever it begins and however it is cut, what is found is true.
    #[test]
    fn what_is_found_is_a_frame(
        messages in prop::collection::vec(message(), 1..30),
        is_masked in any::<bool>(),
        begin in any::<prop::sample::Index>(),
        cuts in prop::collection::vec(1..300_usize, 1..40),
        by_message in any::<bool>(),
    ) {
        let mut stream = Vec::new();
        let mut starts = Vec::new();
        for message in &messages {
            starts.push(stream.len());
            let key = is_masked.then_some(message.key);
            stream.extend(frame(message.first, key, &message.payload));
        }
        let begin = begin.index(stream.len());
        let mut search = Search::new(1 << 16);
        let mut at = begin;
        let mut cuts = cuts.iter().cycle();
        while at < stream.len() {
            let next = starts.iter().copied().find(|&start| start > at).unwrap_or(stream.len());
            let cut = at + cuts.next().copied().unwrap_or(1);
            let end = if by_message { next } else { cut.min(stream.len()) };
            search.push(&run(&stream[at..end], at as u64));
            at = end;
            let expected = Expected { masked: Some(is_masked), ..SERVER };
            if let Some(found) = search.find(expected, at == stream.len()) {
                let start = begin + found.offset;
                prop_assert!(starts.contains(&start), "{start} {starts:?} {found:?}");
                break;
            }
        }
    }
}

//! Sessions of which packets are cut, out of order, there twice or missing.

use std::collections::BTreeMap;

use flate2::{Compress, Compression, FlushCompress};
use proptest::sample::Index;
use proptest::test_runner::RngSeed;

use super::*;
use crate::types::{Opcode, Side};

/// What one side says.
#[derive(Clone, Debug)]
struct Saying {
    from_client: bool,
    opcode: Opcode,
    payload: Vec<u8>,
    compressed: bool,
    /// Where its fragments end, within its bytes on the wire.
    cuts: Vec<Index>,
    /// A ping comes after its first fragment.
    pinged: bool,
}

/// How both sides compress.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Deflate {
    No,
    WithContext,
    WithoutContext,
}

/// A message as it was sent or told.
type Said = (Opcode, Vec<u8>);

/// Messages by who said them, in the order in which they ended.
type BySide = BTreeMap<bool, Vec<Said>>;

fn any_deflate() -> impl Strategy<Value = Deflate> {
    prop::sample::select(vec![Deflate::No, Deflate::WithContext, Deflate::WithoutContext])
}

fn any_saying() -> impl Strategy<Value = Saying> {
    let words = "[a-zäß ]{0,60}";
    let json = (any::<u32>(), "[a-z ]{0,40}", prop::collection::vec(any::<i16>(), 0..20)).prop_map(
        |(id, name, list)| format!("{{\"id\":{id},\"name\":\"{name}\",\"list\":{list:?}}}"),
    );
    let text = |text: String| (Opcode::Text, text.into_bytes());
    let payload = prop_oneof![
        words.prop_map(text),
        json.prop_map(text),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| (Opcode::Binary, bytes)),
        (any::<u8>(), 0_usize..3000).prop_map(|(byte, n)| (Opcode::Binary, vec![byte; n])),
    ];
    let cuts = prop_oneof![
        3 => Just(Vec::new()),
        1 => prop::collection::vec(any::<Index>(), 1..4),
    ];
    (any::<bool>(), payload, any::<bool>(), cuts, any::<bool>()).prop_map(
        |(from_client, (opcode, payload), compressed, cuts, pinged)| Saying {
            from_client,
            opcode,
            payload,
            compressed,
            cuts,
            pinged,
        },
    )
}

/// The packets of a session, and what was said in it.
fn session_of(deflate: Deflate, sayings: &[Saying]) -> (Vec<Tcp>, BySide) {
    KEYS.with(|keys| keys.set(0x0102_0304));
    let mut ends = match deflate {
        Deflate::No => Ends::upgraded(),
        Deflate::WithContext => compressing("permessage-deflate"),
        Deflate::WithoutContext => compressing(
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        ),
    };
    let compressor = || Compress::new(Compression::new(6), false);
    let mut compressors = [compressor(), compressor()];
    let mut said = BySide::new();
    for saying in sayings {
        let Saying { from_client, opcode, pinged, .. } = *saying;
        let compressed = saying.compressed && deflate != Deflate::No;
        let mut wire = saying.payload.clone();
        if compressed {
            let compressor = &mut compressors[usize::from(from_client)];
            if deflate == Deflate::WithoutContext {
                compressor.reset();
            }
            wire = compress(compressor, &wire);
        }
        let of_side = said.entry(from_client).or_default();
        let mut ends_at: Vec<usize> =
            saying.cuts.iter().map(|cut| cut.index(wire.len() + 1)).collect();
        ends_at.sort_unstable();
        ends_at.push(wire.len());
        let mut start = 0;
        for (index, &end) in ends_at.iter().enumerate() {
            let first = match (index, opcode) {
                (0, Opcode::Text) => 1,
                (0, _) => 2,
                _ => 0,
            };
            let rsv1 = if compressed && index == 0 { 0x40 } else { 0 };
            let fin = if index + 1 == ends_at.len() { 0x80 } else { 0 };
            ends.frame(from_client, fin | rsv1 | first, &wire[start..end]);
            start = end;
            if index == 0 && fin == 0 && pinged {
                ends.frame(from_client, 0x89, b"still there?");
                of_side.push((Opcode::Ping, b"still there?".to_vec()));
            }
        }
        of_side.push((opcode, saying.payload.clone()));
    }
    ends.close();
    (ends.sent, said)
}

/// Compresses as an endpoint does (RFC 7692 §7.2.1).
fn compress(compressor: &mut Compress, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() * 2 + 100);
    compressor.compress_vec(message, &mut out, FlushCompress::Sync).unwrap();
    assert!(out.len() < out.capacity());
    // Flushed twice, zlib gives nothing.
    out.truncate(out.len().saturating_sub(4));
    out
}

/// The messages that are told to be complete, and how many are not.
fn told_of(packets: &[Tcp]) -> (BySide, usize) {
    let mut analyzer = Analyzer::new(Options::default());
    let (mut told, mut incomplete) = (BySide::new(), 0);
    let mut sink = |event: &Event<'_>| {
        if let Kind::Message(message) = event.kind {
            if message.complete {
                let of_side = told.entry(message.from == Side::Client).or_default();
                of_side.push((message.opcode, message.payload.to_vec()));
            } else {
                incomplete += 1;
            }
        }
    };
    for (index, packet) in packets.iter().enumerate() {
        let data = packet.packet();
        let mut packet = captured(index, &data);
        packet.origin.time = None;
        analyzer.packet(&packet, &[], &mut sink);
    }
    analyzer.finish(&[], &mut sink);
    (told, incomplete)
}

/// What happens to packets on their way.
#[derive(Clone, Debug)]
struct Way {
    /// By turns: the lengths that payloads are cut to.
    cuts: Vec<usize>,
    again: Vec<(Index, usize)>,
    swaps: Vec<(Index, usize)>,
}

fn any_way() -> impl Strategy<Value = Way> {
    let cuts = prop::collection::vec(1_usize..400, 1..20);
    let again = prop::collection::vec((any::<Index>(), 0_usize..12), 0..8);
    let swaps = prop::collection::vec((any::<Index>(), 1_usize..12), 0..40);
    (cuts, again, swaps).prop_map(|(cuts, again, swaps)| Way { cuts, again, swaps })
}

impl Way {
    fn travel(&self, packets: &[Tcp]) -> Vec<Tcp> {
        let mut travelled = Vec::new();
        let mut lengths = self.cuts.iter().cycle();
        for packet in packets {
            let mut start = 0;
            while start < packet.payload.len() || start == 0 {
                let end = (start + lengths.next().unwrap()).min(packet.payload.len());
                let mut piece = packet.clone();
                piece.seq = packet.seq.wrapping_add(start as u32);
                piece.payload = packet.payload[start..end].to_vec();
                travelled.push(piece);
                start = end.max(1);
            }
        }
        for (index, later) in &self.again {
            let at = index.index(travelled.len());
            let again = travelled[at].clone();
            travelled.insert((at + later).min(travelled.len()), again);
        }
        for (index, distance) in &self.swaps {
            let from = index.index(travelled.len());
            let to = (from + distance).min(travelled.len() - 1);
            travelled.swap(from, to);
        }
        travelled
    }
}

/// Whether all that was told was said, in that order.
fn assert_said(told: &BySide, said: &BySide) -> Result<(), TestCaseError> {
    for (from_client, told) in told {
        let mut rest = said.get(from_client).into_iter().flatten();
        for message in told {
            prop_assert!(rest.any(|said| said == message), "was not sent: {message:?}");
        }
    }
    Ok(())
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn without_loss_every_message_is_complete(
        deflate in any_deflate(),
        sayings in prop::collection::vec(any_saying(), 0..25),
        way in any_way(),
    ) {
        let (packets, said) = session_of(deflate, &sayings);
        prop_assert_eq!(told_of(&way.travel(&packets)), (said, 0));
    }

    /// Also when the handshake is among what is missing.
    #[test]
    fn with_loss_no_complete_message_was_not_sent(
        deflate in any_deflate(),
        sayings in prop::collection::vec(any_saying(), 1..25),
        way in any_way(),
        lost in prop::collection::vec(any::<Index>(), 1..12),
        handshake in 0_usize..6,
    ) {
        let (mut packets, said) = session_of(deflate, &sayings);
        packets.drain(..handshake.saturating_sub(1));
        let mut packets = way.travel(&packets);
        for index in lost {
            packets.remove(index.index(packets.len()));
            if packets.is_empty() {
                break;
            }
        }
        assert_said(&told_of(&packets).0, &said)?;
    }
}

/// Numbers that look random, the same each time (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// Small JSON messages of both sides in segments of `gathered` messages each,
/// cut to 1,400 bytes, 3% of them missing, the handshake's too. How many
/// messages were in the capture in full, and how many of those came out.
fn three_percent_lost(seed: u64, gathered: usize) -> (usize, usize) {
    let mut random = Random(seed);
    let mut ends = Ends::upgraded();
    // With the segments that a message lies in.
    let mut said: BTreeMap<bool, Vec<(Said, Vec<usize>)>> = BTreeMap::new();
    for turn in 0..2000 / gathered {
        let from_client = random.below(2) == 0;
        let (mut bytes, mut places) = (Vec::new(), Vec::new());
        for index in 0..gathered {
            let (id, price) = (turn * gathered + index, random.below(100_000));
            let text = format!("{{\"id\":{id},\"name\":\"tin {price}\",\"price\":{price}.5}}");
            let begin = bytes.len();
            bytes.extend(frame(from_client, 0x81, text.as_bytes()));
            places.push(((Opcode::Text, text.into_bytes()), begin, bytes.len()));
        }
        let before = ends.sent.len();
        for segment in bytes.chunks(1400) {
            ends.say(from_client, segment);
        }
        for (message, begin, end) in places {
            let segments = (before + begin / 1400..=before + (end - 1) / 1400).collect();
            said.entry(from_client).or_default().push((message, segments));
        }
    }
    ends.close();
    let lost: Vec<bool> = ends.sent.iter().map(|_| random.below(100) < 3).collect();
    let kept = ends.sent.iter().zip(&lost).filter(|(_, lost)| !**lost);
    let packets: Vec<Tcp> = kept.map(|(packet, _)| packet.clone()).collect();
    let (told, _) = told_of(&packets);

    let (mut untouched, mut found) = (0, 0);
    for (from_client, said) in said {
        let told = told.get(&from_client).cloned().unwrap_or_default();
        let mut rest = said.iter();
        for message in &told {
            assert!(rest.any(|(said, _)| said == message), "was not sent: {message:?}");
        }
        // Each has an id of its own.
        let whole = said.iter().filter(|(_, segments)| segments.iter().all(|&at| !lost[at]));
        for (message, _) in whole {
            untouched += 1;
            found += usize::from(told.contains(message));
        }
    }
    (untouched, found)
}

#[test]
fn nearly_all_messages_around_lost_packets_are_told() {
    for seed in 1..=6 {
        for gathered in [1, 3, 100] {
            let (untouched, found) = three_percent_lost(seed, gathered);
            assert!(
                found * 100 >= untouched * 97,
                "seed {seed}, {gathered} at a time: {found} of {untouched}"
            );
        }
    }
}

/// What is told of texts and violations.
fn texts_and_faults(packets: &[Tcp]) -> Vec<String> {
    tell(packets)
        .into_iter()
        .filter(|line| line.contains("server text") || line.contains("violation"))
        .collect()
}

#[test]
fn what_touches_delivered_bytes_needs_no_window() {
    // Only the server's direction, without the acknowledgments that would tell
    // how far its window reaches.
    let mut ends = Ends::upgraded();
    for piece in frame(SERVER, 0x82, &[5; 5000]).chunks(1000) {
        ends.say(SERVER, piece);
    }
    let lost = ends.sent.len() - 3;
    for number in 0..200 {
        let text = format!("{{\"number\":{number},\"pad\":\"{}\"}}", "x".repeat(1000));
        ends.frame(SERVER, 0x81, text.as_bytes());
    }
    ends.sent.remove(lost);
    assert_eq!(texts_and_faults(&ends.sent).len(), 200);
}

#[test]
fn no_frame_begins_inside_a_code_point() {
    // The second byte of "с" and the space after it read like the header of 32
    // bytes of text.
    let inner = "{\"id\":12345,\"name\":\"abcdefghij\"}";
    assert_eq!(inner.len(), 0x20);
    let before = "2024-01-01 12:00:00 INFO gateway worker=17 host=example.org ".repeat(30);
    let mut ends = Ends::upgraded();
    ends.frame(SERVER, 0x81, "{\"msg\":\"начало\"}".as_bytes());
    let whole = frame(SERVER, 0x81, format!("{before} Входящий запрос {inner}").as_bytes());
    let (lost, rest) = whole.split_at(900);
    ends.say(SERVER, lost);
    let lost = ends.sent.len() - 1;
    ends.say(SERVER, rest);
    ends.frame(CLIENT, 0x81, b"{}");
    ends.close();
    ends.sent.remove(lost);
    let told = texts_and_faults(&ends.sent);
    assert!(told.iter().all(|line| !line.contains("12345")), "{told:?}");
}

#[test]
fn frames_before_a_close_frame_are_found_whatever_follows_it() {
    for late in [None, Some(frame(SERVER, 0x8a, b"late")), Some(b"no frame".to_vec())] {
        let mut ends = Ends::upgraded();
        ends.frame(SERVER, 0x81, b"{\"first\":1}");
        let lost = ends.sent.len();
        ends.frame(SERVER, 0x81, b"{\"lost\":1,\"longer\":[1,2,3,4,5,6]}");
        let mut rest: Vec<u8> = (0..5)
            .flat_map(|id| frame(SERVER, 0x81, format!("{{\"id\":{id},\"x\":\"abc\"}}").as_bytes()))
            .collect();
        rest.extend(frame(SERVER, 0x88, b"\x03\xe8"));
        rest.extend(late.unwrap_or_default());
        ends.say(SERVER, &rest);
        ends.sent.remove(lost);
        let told = tell(&ends.sent);
        assert_eq!(told.iter().filter(|line| line.contains("server text json")).count(), 6);
        assert!(told.iter().any(|line| line.contains("server close")), "{told:?}");
    }
}

#[test]
fn of_a_message_whose_beginning_is_lost_nothing_is_shown() {
    let mut ends = compressing("permessage-deflate");
    ends.frame(SERVER, 0x81, b"{\"number\":1,\"x\":\"abcdefgh\"}");
    ends.frame(SERVER, 0x41, &HELLO[..3]);
    let lost = ends.sent.len() - 1;
    for number in 0..6 {
        ends.frame(SERVER, 0x89, format!("ping {number} with some text").as_bytes());
    }
    ends.frame(SERVER, 0x80, &HELLO[3..]);
    ends.frame(SERVER, 0x81, b"{\"number\":2,\"x\":\"abcdefgh\"}");
    ends.sent.remove(lost);
    let told = tell(&ends.sent);
    let rest: Vec<&str> =
        without_packets(&told).into_iter().filter(|line| line.contains("continuation")).collect();
    assert_eq!(rest, ["#0 server continuation \"\" missing None"], "{told:?}");
}

#[test]
fn a_reset_that_was_captured_before_what_it_answers() {
    let mut ends = Ends::upgraded();
    ends.frame(SERVER, 0x88, b"\x03\xe8");
    ends.send(SERVER, FIN | ACK, b"");
    ends.frame(CLIENT, 0x88, b"\x03\xe8");
    ends.send(SERVER, RST, b"");
    let last = ends.sent.len() - 1;
    ends.sent.swap(last - 1, last);
    let told = tell(&ends.sent);
    assert!(told.iter().any(|line| line.contains("client close")), "{told:?}");
    assert!(told.last().unwrap().contains("end closed 1+1"), "{told:?}");
}

#[test]
fn a_response_to_a_lost_request_may_have_no_body() {
    // To HEAD, it has the length of a body that does not come.
    let mut ends = Ends::connected();
    ends.say(CLIENT, b"HEAD /page HTTP/1.1\r\nHost: example\r\n\r\n");
    let lost = ends.sent.len() - 1;
    ends.say(SERVER, b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
    ends.say(CLIENT, request().as_bytes());
    ends.say(SERVER, response().as_bytes());
    ends.frame(CLIENT, 0x81, b"one");
    ends.frame(SERVER, 0x81, b"two");
    ends.sent.remove(lost);
    let told = tell(&ends.sent);
    assert!(told.iter().any(|line| line.contains("handshake /chat 101 valid")), "{told:?}");
    assert!(told.iter().any(|line| line.contains("server text \"two\"")), "{told:?}");
}

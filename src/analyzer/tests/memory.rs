//! What is kept for all conversations together.

use super::*;

/// Conversations between other ports, each in the same state.
fn many(count: u16, begin: impl Fn(u16) -> Ends) -> Vec<Ends> {
    (0..count).map(|number| Ends { port: 50000 + number, ..begin(number) }).collect()
}

/// Packets of all of them in turn, in this order of ports.
fn packets(all: &[Ends]) -> Vec<Tcp> {
    all.iter()
        .flat_map(|ends| ends.sent.iter().map(|packet| Tcp { port: ends.port, ..packet.clone() }))
        .collect()
}

/// What there is in the end of each message of 60,008 bytes: how much was kept,
/// and whether that is not all.
fn kept_of(analyzer: &mut Analyzer, sent: &[Tcp]) -> Vec<(usize, bool)> {
    let mut kept = Vec::new();
    feed(analyzer, sent, &mut |event: &Event<'_>| {
        if let Kind::Message(message) = event.kind
            && message.length == Some(60_008)
        {
            kept.push((message.payload.len(), message.truncated));
        }
    });
    kept
}

fn begun_message(_: u16) -> Ends {
    let mut ends = Ends::upgraded();
    ends.frame(SERVER, 0x01, &[b'x'; 60_000]);
    ends
}

/// The packets with which all of them end such a message.
fn end_of_message(all: &mut [Ends]) -> Vec<Tcp> {
    let mut sent = Vec::new();
    for ends in all {
        let begun = ends.sent.len();
        ends.frame(SERVER, 0x80, b" the end");
        sent.extend(ends.sent[begun..].iter().map(|p| Tcp { port: ends.port, ..p.clone() }));
    }
    sent
}

#[test]
fn what_is_too_much_gives_way() {
    let mut all = many(10, begun_message);
    let mut sent = packets(&all);
    sent.extend(end_of_message(&mut all));
    let limits = Limits { memory: 400_000, ..Limits::default() };
    let mut analyzer = Analyzer::new(Options { limits, ..Options::default() });
    let kept = kept_of(&mut analyzer, &sent);
    let whole = kept.iter().filter(|(length, _)| *length == 60_008).count();
    assert_eq!(kept.len(), 10);
    assert!((3..=6).contains(&whole), "{kept:?}");
    assert!(kept.iter().all(|(length, truncated)| *truncated == (*length < 60_008)), "{kept:?}");
    assert!(analyzer.statistics().shed >= 10 - whole as u64);
    assert_eq!(analyzer.memory(), 0);
}

#[test]
fn where_there_is_too_little_the_silent_give_way_to_others() {
    let mut all = many(20, begun_message);
    let mut sent = packets(&all[..19]);
    // Somebody is busy until the next but one checkpoint.
    let mut busy = Ends { port: 40_000, ..Ends::upgraded() };
    for _ in 0..3 * PERIOD {
        busy.frame(SERVER, 0x01, b"busy");
    }
    sent.extend(packets(&[busy]));
    sent.extend(packets(&all[19..]));
    all.rotate_right(1);
    sent.extend(end_of_message(&mut all));
    let limits = Limits { memory: 400_000, ..Limits::default() };
    let mut analyzer = Analyzer::new(Options { limits, ..Options::default() });
    let kept = kept_of(&mut analyzer, &sent);
    assert_eq!(kept.len(), 20);
    assert_eq!(kept[0], (60_008, false), "{kept:?}");
    assert!(kept[1..].iter().all(|(_, truncated)| *truncated), "{kept:?}");
    assert_eq!(analyzer.memory(), 0);
}

#[test]
fn so_do_windows_of_compression() {
    let compressed = |_| {
        let mut ends = compressing("permessage-deflate");
        ends.frame(CLIENT, 0xc1, HELLO);
        ends
    };
    let mut all = many(10, compressed);
    let mut sent = packets(&all);
    for ends in &mut all {
        let begun = ends.sent.len();
        ends.frame(CLIENT, 0xc1, HELLO_AGAIN);
        sent.extend(ends.sent[begun..].iter().map(|p| Tcp { port: ends.port, ..p.clone() }));
    }
    let said = |memory| {
        let limits = Limits { memory, ..Limits::default() };
        tell_with(Options { limits, ..Options::default() }, &sent)
    };
    let lost = |lines: &[String]| {
        lines.iter().filter(|line| line.contains("missing None compressed Some(5)")).count()
    };
    let all_kept = said(1 << 20);
    assert_eq!(lost(&all_kept), 0, "{all_kept:?}");
    let few_kept = said(30);
    assert!(lost(&few_kept) >= 5, "{few_kept:?}");
}

#[test]
fn heads_and_what_waits_are_counted() {
    let waiting = |number: u16| {
        let mut ends = Ends::connected();
        if number.is_multiple_of(2) {
            ends.say(CLIENT, b"GET /chat HTTP/1.1\r\nX: ");
            ends.say(CLIENT, &[b'x'; 20_000]);
        } else {
            ends.say(CLIENT, request().as_bytes());
            ends.frame(CLIENT, 0x82, &[1; 20_000]);
        }
        ends
    };
    let all = many(20, waiting);
    let limits = Limits { memory: 100_000, ..Limits::default() };
    let mut analyzer = Analyzer::new(Options { limits, ..Options::default() });
    for (index, packet) in packets(&all).iter().enumerate() {
        let data = packet.packet();
        analyzer.packet(&captured(index, &data), &[], &mut |_: &Event<'_>| {});
        assert!(analyzer.memory() <= 100_000);
    }
    assert!(analyzer.statistics().shed > 0);
    analyzer.finish(&[], &mut |_: &Event<'_>| {});
    assert_eq!(analyzer.memory(), 0);
}

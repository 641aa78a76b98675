//! Connections whose handshake is not in the capture.

use super::*;

fn is_inferred(packets: &[Tcp], options: Options) -> Vec<(bool, String)> {
    let mut analyzer = Analyzer::new(options);
    let mut told = Vec::new();
    feed(&mut analyzer, packets, &mut |event: &Event<'_>| {
        told.push((event.connection.inferred, line(event)));
    });
    told
}

#[test]
fn text_of_both_sides_is_recognised() {
    let mut ends = Ends::upgraded();
    for number in 0..5 {
        ends.frame(CLIENT, 0x81, format!("{{\"ask\": {number}}}").as_bytes());
        ends.frame(SERVER, 0x81, format!("{{\"answer\": {number}}}").as_bytes());
    }
    ends.frame(CLIENT, 0x88, b"\x03\xe8");
    ends.frame(SERVER, 0x88, b"\x03\xe8");
    ends.close();
    let told = is_inferred(&ends.sent[5..], Options::default());
    assert!(told.iter().all(|(inferred, _)| *inferred));
    let lines: Vec<&str> = told.iter().map(|(_, line)| line.split_once(' ').unwrap().1).collect();
    let messages: Vec<String> = (0..5)
        .flat_map(|number| {
            [
                format!("#0 client text json {{\"ask\": {number}}}"),
                format!("#0 server text json {{\"answer\": {number}}}"),
            ]
        })
        .collect();
    assert_eq!(lines[..10], messages);
    assert_eq!(
        lines[10..],
        ["#0 client close [03, e8]", "#0 server close [03, e8]", "#0 end closed 6+6"]
    );
}

#[test]
fn one_direction_is_enough_when_it_is_masked_or_json() {
    for side in [CLIENT, SERVER] {
        let mut ends = Ends::upgraded();
        for number in 0..6 {
            ends.frame(side, 0x81, format!("{{\"number\": {number}}}").as_bytes());
        }
        let told = tell(&ends.sent[5..]);
        assert_eq!(told.len(), 7, "{told:?}");
        assert!(told[0].ends_with("text json {\"number\": 0}"));
    }
}

#[test]
fn binary_of_the_server_alone_needs_to_be_believed() {
    let mut ends = Ends::upgraded();
    for number in 0..6_u8 {
        ends.frame(SERVER, 0x82, &[number.wrapping_mul(37); 20]);
    }
    let packets = &ends.sent[5..];
    assert_eq!(tell(packets), Vec::<String>::new());
    let websocket: Clients = Box::new(|conversation| {
        let is_server = |direction: &Direction| conversation.sender(*direction).port == 80;
        Direction::BOTH.into_iter().find(is_server).map(Direction::opposite)
    });
    let told = is_inferred(packets, Options { websocket: Some(websocket), ..Options::default() });
    assert_eq!(told.len(), 7, "{told:?}");
    assert!(told.iter().all(|(inferred, _)| *inferred));
    assert!(told[0].1.contains("#0 server binary"), "{told:?}");
}

#[test]
fn compressed_messages_are_inflated_as_far_as_is_certain() {
    let mut ends = compressing("permessage-deflate");
    ends.frame(CLIENT, 0xc1, HELLO);
    for number in 0..8 {
        ends.frame(CLIENT, 0x81, format!("{{\"plain\": {number}}}").as_bytes());
    }
    let known = ends.sent.len();
    ends.frame(CLIENT, 0xc1, HELLO_AGAIN);
    ends.frame(CLIENT, 0xc1, HELLO);
    ends.frame(CLIENT, 0xc1, HELLO_AGAIN);
    let told = tell(&ends.sent[6..]);
    let compressed: Vec<&str> =
        without_packets(&told).into_iter().filter(|line| line.contains("compressed")).collect();
    assert_eq!(known, 14);
    assert_eq!(
        compressed,
        [
            "#0 client text \"H\" missing None compressed Some(5)",
            "#0 client text \"Hello\" compressed Some(5)",
            "#0 client text \"Hello\" compressed Some(5)",
        ]
    );
}

#[test]
fn what_begins_with_something_else_is_not_looked_into() {
    // A conversation from its SYN on that is not HTTP has had no handshake,
    // whatever comes in it.
    let mut ends = Ends::connected();
    ends.say(SERVER, b"SSH-2.0-x\r\n");
    for number in 0..20 {
        ends.frame(CLIENT, 0x81, format!("{{\"ask\": {number}}}").as_bytes());
        ends.frame(SERVER, 0x81, format!("{{\"answer\": {number}}}").as_bytes());
    }
    assert_eq!(tell(&ends.sent), Vec::<String>::new());
}

#[test]
fn it_is_found_after_what_looked_like_noise() {
    let mut ends = Ends::upgraded();
    ends.say(SERVER, b"\x82\x7f\0\0\0\0\0\x0f\x42\x40"); // 1,000,000 bytes
    for at in 0..1000_u32 {
        let noise: Vec<u8> = (0..1000).map(|i| ((i * 7 + at * 13) % 251) as u8 | 0x10).collect();
        ends.say(SERVER, &noise);
    }
    for number in 0..6 {
        ends.frame(SERVER, 0x81, format!("{{\"number\": {number}}}").as_bytes());
    }
    // The header of the large message and its handshake are not there.
    let told = tell(&ends.sent[6..]);
    let texts = told.iter().filter(|line| line.contains("text json")).count();
    assert!(texts >= 5, "{told:?}");
}

#[test]
fn a_handshake_that_was_lost_after_the_syn() {
    let mut ends = Ends::upgraded();
    for number in 0..5 {
        ends.frame(CLIENT, 0x81, format!("{{\"ask\": {number}}}").as_bytes());
        ends.frame(SERVER, 0x81, format!("{{\"answer\": {number}}}").as_bytes());
    }
    ends.close();
    let mut lost = ends.sent.clone();
    lost.drain(3..5);
    let told = is_inferred(&lost, Options::default());
    assert!(told.iter().all(|(inferred, _)| *inferred));
    let messages = told.iter().filter(|(_, line)| line.contains("json")).count();
    assert_eq!(messages, 10, "{told:?}");
}

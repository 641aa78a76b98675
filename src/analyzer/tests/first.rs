//! Which event is the first of its connection.

use super::*;

const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";

/// What is told, with a star where it is the first of its connection.
fn told(options: Options, packets: &[Tcp]) -> Vec<String> {
    let mut analyzer = Analyzer::new(options);
    let mut told = Vec::new();
    feed(&mut analyzer, packets, &mut |event: &Event<'_>| {
        let sign = if event.is_first { "*" } else { " " };
        let line = line(event);
        told.push(format!("{sign} {}", line.split_once(" #0 ").unwrap().1));
    });
    told
}

/// The port 80 has WebSocket.
fn believing() -> Options {
    let websocket: Clients = Box::new(|conversation| {
        let is_server = |direction: &Direction| conversation.sender(*direction).port == 80;
        Direction::BOTH.into_iter().find(is_server).map(Direction::opposite)
    });
    Options { websocket: Some(websocket), ..Options::default() }
}

fn talk(ends: &mut Ends, messages: usize) {
    for number in 0..messages {
        ends.frame(CLIENT, 0x81, format!("{{\"ask\":{number}}}").as_bytes());
        ends.frame(SERVER, 0x81, format!("{{\"answer\":{number}}}").as_bytes());
    }
}

#[test]
fn a_handshake_is() {
    let mut ends = Ends::upgraded();
    talk(&mut ends, 1);
    ends.close();
    let expected = [
        "* handshake /chat 101 valid 127.0.0.1:50000",
        "  client text json {\"ask\":0}",
        "  server text json {\"answer\":0}",
        "  end tcp-closed 1+1",
    ];
    assert_eq!(told(Options::default(), &ends.sent), expected);
}

#[test]
fn every_handshake_is_but_not_what_it_breaks() {
    let mut ends = Ends::connected();
    let without_version = request().replace("Sec-WebSocket-Version: 13\r\n", "");
    ends.say(CLIENT, without_version.as_bytes());
    ends.say(SERVER, FORBIDDEN.as_bytes());
    ends.say(CLIENT, without_version.as_bytes());
    ends.say(SERVER, response().as_bytes());
    ends.close();
    let expected = [
        "* handshake /chat 403 - 127.0.0.1:50000",
        "  violation request-websocket-version",
        "* handshake /chat 101 valid 127.0.0.1:50000",
        "  violation request-websocket-version",
        "  end tcp-closed 0+0",
    ];
    assert_eq!(told(Options::default(), &ends.sent), expected);
}

#[test]
fn a_request_without_an_answer_is() {
    let mut ends = Ends::connected();
    ends.say(CLIENT, request().as_bytes());
    let expected = ["* handshake /chat - - 127.0.0.1:50000"];
    assert_eq!(told(Options::default(), &ends.sent), expected);
}

/// Whatever was told of the request that was refused.
#[test]
fn frames_after_a_refusal_are() {
    let mut ends = Ends::connected();
    ends.say(CLIENT, request().as_bytes());
    ends.say(SERVER, FORBIDDEN.as_bytes());
    talk(&mut ends, 3);
    ends.close();
    let told = told(Options::default(), &ends.sent);
    assert_eq!(
        told[..3],
        [
            "* handshake /chat 403 - 127.0.0.1:50000",
            "* client text json {\"ask\":0}",
            "  server text json {\"answer\":0}",
        ]
    );
    assert!(told.iter().skip(2).all(|line| line.starts_with(' ')), "{told:?}");
}

#[test]
fn without_a_handshake_anything_is() {
    let mut ends = Ends::upgraded();
    talk(&mut ends, 4);
    let packets = &ends.sent[5..];
    assert_eq!(told(Options::default(), packets)[0], "* client text json {\"ask\":0}");
    let frames = Options { frames: true, ..Options::default() };
    assert_eq!(
        told(frames, packets)[..2],
        ["* client frame text at 0", "  client text json {\"ask\":0}"]
    );

    // A segment that comes again with other bytes, before there are enough.
    let mut again = packets[0].clone();
    *again.payload.last_mut().unwrap() ^= 1;
    let packets = [&packets[..1], &[again], &packets[1..]].concat();
    assert_eq!(
        told(Options::default(), &packets)[..2],
        ["* violation tcp-overlap-conflict", "  client text json {\"ask\":0}"]
    );

    // Nothing but its end.
    let mut ends = Ends::upgraded();
    ends.say(CLIENT, b"\x81");
    assert_eq!(told(believing(), &ends.sent[5..]), ["* end open 0+0"]);
}

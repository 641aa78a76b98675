//! Whose packets are, packet by packet.

use super::*;

/// An analyzer, and what it was given.
struct Fed {
    analyzer: Analyzer,
    packets: u64,
}

impl Fed {
    fn new(options: Options) -> Self {
        Self { analyzer: Analyzer::new(options), packets: 0 }
    }

    fn take(&mut self, data: &[u8]) -> Standing {
        self.packets += 1;
        let time = Some(Timestamp::from_nanoseconds(self.packets as i64 * 1_000_000));
        let packet = Packet {
            origin: Origin { packet: self.packets, time, source: SourceId(0), tcp_length: 0 },
            link_type: LinkType::RAW,
            data,
            original_length: data.len() as u32,
        };
        self.analyzer.packet(&packet, &[], &mut |_: &Event<'_>| {});
        self.analyzer.standing()
    }

    /// The conversation of a segment, and what it is known to be after it.
    fn feed(&mut self, tcp: &Tcp) -> (Known, Interest) {
        let Part::Conversation(known) = self.take(&tcp.packet()).part else {
            panic!("no conversation");
        };
        (known, self.analyzer.interest(&known))
    }

    /// A letter for each segment: undecided, WebSocket or other.
    fn letters(&mut self, packets: &[Tcp]) -> String {
        let letter = |tcp| match self.feed(tcp).1 {
            Interest::Undecided => 'u',
            Interest::WebSocket => 'W',
            Interest::Other => '-',
        };
        packets.iter().map(letter).collect()
    }
}

fn letters(packets: &[Tcp]) -> String {
    Fed::new(Options::default()).letters(packets)
}

#[test]
fn a_connection_is_websocket_from_its_handshake_to_its_last_packet() {
    let mut ends = Ends::upgraded();
    ends.frame(CLIENT, 0x81, b"hello");
    ends.close();
    ends.send(SERVER, ACK, b"");
    assert_eq!(letters(&ends.sent), "uuuuWWWWWW");
}

#[test]
fn a_handshake_that_is_refused_is_of_interest() {
    let mut ends = Ends::connected();
    ends.say(CLIENT, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    ends.say(SERVER, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    ends.say(CLIENT, request().as_bytes());
    ends.say(SERVER, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    ends.say(CLIENT, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    ends.close();
    assert_eq!(letters(&ends.sent), "uuuuuuWWWWW");
}

#[test]
fn what_is_recognised_in_mid_stream_is_of_interest() {
    let mut ends = Ends::new();
    // What came before may still come.
    for _ in 0..200 {
        ends.frame(CLIENT, 0x81, br#"{"a longer text of JSON": 12345678}"#);
        ends.frame(SERVER, 0x81, br#"{"a longer text of JSON": 12345678}"#);
    }
    let letters = letters(&ends.sent);
    assert!(letters.starts_with('u') && letters.ends_with("WW"), "{letters}");
    assert!(!letters.contains('-'), "{letters}");
}

#[test]
fn something_else_is_of_no_interest_until_a_head_begins() {
    let mut ends = Ends::connected();
    ends.say(SERVER, b"SSH-2.0-server\r\n");
    ends.say(CLIENT, b"SSH-2.0-client\r\n");
    ends.say(SERVER, &[7; 100]);
    ends.say(CLIENT, &[7; 100]);
    ends.say(CLIENT, request().as_bytes());
    ends.say(SERVER, response().as_bytes());
    let letters = letters(&ends.sent);
    assert_eq!(&letters[..3], "uuu");
    assert_eq!(&letters[6..], "-uW");
}

#[test]
fn what_is_not_selected_is_of_no_interest() {
    let options = Options { select: Some(Box::new(|_| false)), ..Options::default() };
    assert_eq!(Fed::new(options).letters(&Ends::upgraded().sent), "-----");
}

#[test]
fn what_was_not_to_be_looked_into_is_nobodys() {
    let mut fed = Fed::new(Options::default());
    fed.feed(&Ends::connected().sent[0]);
    let data = Ends::connected().sent[1].packet();
    let packet = Packet {
        origin: Origin { packet: 2, time: None, source: SourceId(0), tcp_length: 0 },
        link_type: LinkType::RAW,
        data: &data,
        original_length: data.len() as u32,
    };
    fed.analyzer.pass_over(&packet, &[], &mut |_: &Event<'_>| {});
    assert_eq!(fed.analyzer.standing(), Standing::default());
}

#[test]
fn only_the_end_tells_of_a_request_without_an_answer() {
    let mut ends = Ends::connected();
    ends.say(CLIENT, request().as_bytes());
    let mut fed = Fed::new(Options::default());
    let known = ends.sent.iter().map(|tcp| fed.feed(tcp)).last().unwrap().0;
    assert_eq!(fed.analyzer.interest(&known), Interest::Undecided);
    fed.analyzer.finish(&[], &mut |_: &Event<'_>| {});
    assert_eq!(fed.analyzer.interest(&known), Interest::WebSocket);
}

#[test]
fn a_port_used_again_is_another_conversation() {
    let mut fed = Fed::new(Options::default());
    let first = Ends::upgraded().sent;
    let first: Vec<_> = first.iter().map(|tcp| fed.feed(tcp)).collect();
    let mut second = Ends::new();
    (second.client_seq, second.server_seq) = (500_000_000, 700_000_000);
    second.send(CLIENT, SYN, b"");
    second.send(SERVER, SYN | ACK, b"");
    second.send(CLIENT, ACK, b"");
    second.say(CLIENT, b"something else\n\0");
    let second: Vec<_> = second.sent.iter().map(|tcp| fed.feed(tcp)).collect();
    assert!(first.iter().all(|(known, _)| known.stream == 0));
    assert!(second.iter().all(|(known, _)| known.stream == 1));
    assert_eq!(second[0].1, Interest::Undecided);
    // Its place has gone to the other, or is still there and knows what it was.
    let (known, _) = first[first.len() - 1];
    assert_ne!(fed.analyzer.interest(&known), Interest::Undecided);
}

#[test]
fn fragments_are_of_their_datagram() {
    let mut fed = Fed::new(Options::default());
    let whole = Ends::connected().sent[0].packet();
    let fragment = |from: usize, to: usize, is_last: bool| {
        let mut bytes = whole[..20].to_vec();
        bytes.extend(&whole[20 + from..20 + to]);
        let length = bytes.len() as u16;
        bytes[2..4].copy_from_slice(&length.to_be_bytes());
        let place = (from / 8) as u16 | if is_last { 0 } else { 0x2000 };
        bytes[6..8].copy_from_slice(&place.to_be_bytes());
        bytes
    };
    let first = fed.take(&fragment(0, 16, false));
    assert_eq!(first.part, Part::Datagram);
    assert!(first.datagram.is_some());
    let second = fed.take(&fragment(16, 20, true));
    assert!(matches!(second.part, Part::Conversation(_)));
    assert_eq!(second.datagram, first.datagram);
    // A copy of one, after that.
    assert_eq!(fed.take(&fragment(0, 16, false)), first);
    // What contradicts a datagram's end is refused, and decides nothing on it.
    let other = |mut bytes: Vec<u8>| {
        bytes[5] ^= 1;
        bytes
    };
    let first = fed.take(&other(fragment(8, 20, true)));
    assert_eq!(first.part, Part::Datagram);
    assert_eq!(fed.take(&other(fragment(0, 16, true))), Standing::default());
    let last = fed.take(&other(fragment(0, 8, false)));
    assert!(matches!(last.part, Part::Conversation(_)));
    assert_eq!(last.datagram, first.datagram);
    // A datagram that cannot be TCP, and one that could have been: what has an
    // authentication header.
    let of = |protocol: u8, mut bytes: Vec<u8>| {
        bytes[9] = protocol;
        bytes
    };
    assert_eq!(fed.take(&of(17, fragment(0, 16, false))), Standing::default());
    let first = fed.take(&of(51, fragment(0, 16, false)));
    assert_eq!(first.part, Part::Datagram);
    let second = fed.take(&of(51, fragment(16, 20, true)));
    assert_eq!(second, Standing { part: Part::Nothing, ..first });
    assert_eq!(fed.take(&of(17, whole.clone())), Standing::default());
}

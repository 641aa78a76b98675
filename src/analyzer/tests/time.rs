//! What the passing of time does.

use super::*;

const MILLISECOND: i64 = 1_000_000;
const SECOND: i64 = 1000 * MILLISECOND;
const HOUR: i64 = 3600 * SECOND;

/// An analyzer, fed packet by packet at times in nanoseconds.
struct Fed {
    analyzer: Analyzer,
    packets: u64,
    lines: Vec<String>,
}

impl Fed {
    fn new() -> Self {
        Self { analyzer: Analyzer::new(Options::default()), packets: 0, lines: Vec::new() }
    }

    fn feed(&mut self, time: i64, tcp: &Tcp, is_wanted: bool) {
        self.packets += 1;
        let data = tcp.packet();
        let time = Some(Timestamp::from_nanoseconds(time));
        let packet = Packet {
            origin: Origin { packet: self.packets, time, source: SourceId(0), tcp_length: 0 },
            link_type: LinkType::RAW,
            data: &data,
            original_length: data.len() as u32,
        };
        let mut sink = |event: &Event<'_>| self.lines.push(line(event));
        if is_wanted {
            self.analyzer.packet(&packet, &[], &mut sink);
        } else {
            self.analyzer.pass_over(&packet, &[], &mut sink);
        }
    }

    fn all(&mut self, time: i64, packets: &[Tcp]) {
        packets.iter().for_each(|packet| self.feed(time, packet, true));
    }

    fn advance(&mut self, time: i64) {
        let mut sink = |event: &Event<'_>| self.lines.push(line(event));
        self.analyzer.advance(Timestamp::from_nanoseconds(time), &[], &mut sink);
    }

    /// Enough of another conversation, which is never silent for long, for the
    /// time to be believed.
    fn noise(&mut self, time: i64) {
        let mut noise = Ends::new();
        noise.port = 9;
        noise.send(CLIENT, ACK, b"");
        for _ in 0..128 {
            self.feed(time, &noise.sent[0], true);
        }
    }

    fn remembered(&self) -> usize {
        self.analyzer.dispatcher.remembered()
    }

    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }
}

/// A message of which the middle is lost, though acknowledged.
fn with_a_hole() -> Ends {
    let mut ends = Ends::upgraded();
    let bytes = frame(CLIENT, 0x82, &[7; 60]);
    for piece in bytes.chunks(22) {
        ends.say(CLIENT, piece);
    }
    ends.send(SERVER, ACK, b"");
    let middle = ends.sent.len() - 3;
    ends.sent.remove(middle);
    ends
}

#[test]
fn what_waits_for_lost_bytes_is_told_though_nothing_follows() {
    let mut fed = Fed::new();
    fed.all(0, &with_a_hole().sent);
    assert_eq!(fed.take().len(), 1, "the handshake");
    fed.advance(SECOND);
    assert_eq!(fed.take(), [""; 0], "the bytes may still come");
    (3..10).for_each(|half_seconds| fed.advance(half_seconds * SECOND / 2));
    let told = fed.take();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0], "7 #0 client gap Some(22)");
    assert!(told[1].starts_with("7 #0 client binary "), "{told:?}");
    assert!(told[1].ends_with(" missing Some(22)"), "{told:?}");
}

#[test]
fn a_reset_after_lost_bytes_ends_it_though_nothing_follows() {
    let mut ends = with_a_hole();
    ends.send(SERVER, RST | ACK, b"");
    let mut fed = Fed::new();
    fed.all(0, &ends.sent);
    fed.take();
    (0..10).for_each(|seconds| fed.advance(seconds * SECOND));
    let told = fed.take();
    assert_eq!(told.last().unwrap(), "9 #0 end tcp-closed 1+0", "{told:?}");
}

#[test]
fn a_closed_conversation_is_forgotten_after_four_minutes() {
    let mut ends = Ends::upgraded();
    ends.close();
    let straggler = ends.sent.last().unwrap().clone();
    let mut fed = Fed::new();
    fed.all(0, &ends.sent);
    assert_eq!(fed.remembered(), 1);
    fed.noise(239 * SECOND);
    fed.feed(239 * SECOND, &straggler, true);
    assert_eq!((fed.remembered(), fed.analyzer.statistics().conversations), (2, 2));
    fed.noise(480 * SECOND);
    assert_eq!(fed.remembered(), 1, "the noise goes on");
    assert_eq!(fed.analyzer.statistics().expired, 0, "it had ended before");
}

/// A conversation that is not looked into, then four minutes of silence:
/// whether it is forgotten.
fn is_forgotten(say: impl FnOnce(&mut Ends)) -> bool {
    let mut ends = Ends::connected();
    ends.say(SERVER, b"SSH-2.0-OpenSSH_9.6\r\n");
    ends.say(CLIENT, b"SSH-2.0-OpenSSH_9.6\r\n");
    say(&mut ends);
    let mut fed = Fed::new();
    fed.all(0, &ends.sent);
    fed.noise(300 * SECOND);
    fed.remembered() == 1
}

#[test]
fn only_an_end_that_fits_is_one() {
    let far = |ends: &mut Ends, flags: u8| {
        ends.send(CLIENT, flags, b"");
        let last = ends.sent.last_mut().unwrap();
        last.seq = last.seq.wrapping_add(1 << 30);
    };
    assert!(!is_forgotten(|_| {}));
    assert!(is_forgotten(|ends| ends.send(CLIENT, RST, b"")));
    assert!(!is_forgotten(|ends| far(ends, RST)));
    assert!(is_forgotten(Ends::close));
    assert!(!is_forgotten(|ends| ends.send(CLIENT, FIN | ACK, b"")));
    assert!(!is_forgotten(|ends| {
        ends.send(SERVER, FIN | ACK, b"");
        far(ends, FIN | ACK);
    }));
    assert!(!is_forgotten(|ends| {
        ends.send(CLIENT, RST, b"");
        ends.say(CLIENT, b"and yet it moves");
    }));
    assert!(!is_forgotten(|ends| {
        ends.send(SERVER, FIN | ACK, b"");
        ends.send(CLIENT, FIN | ACK, b"");
        ends.say(CLIENT, b"and yet it moves");
    }));
}

#[test]
fn so_is_one_that_never_came_about() {
    let mut ends = Ends::new();
    ends.send(CLIENT, SYN, b"");
    let mut fed = Fed::new();
    fed.all(0, &ends.sent);
    fed.noise(HOUR);
    assert_eq!(fed.remembered(), 1);
    // And one that is open, though nothing was said yet, is not.
    fed.all(HOUR, &Ends::connected().sent);
    fed.noise(2 * HOUR);
    assert_eq!(fed.remembered(), 2);
}

#[test]
fn an_idle_connection_is_evicted_after_a_day() {
    let mut fed = Fed::new();
    let mut ends = Ends::upgraded();
    fed.all(0, &ends.sent);
    fed.noise(23 * HOUR);
    ends.sent.clear();
    ends.frame(CLIENT, 0x81, b"still here");
    fed.all(23 * HOUR, &ends.sent);
    assert_eq!(fed.take().last().unwrap(), "134 #0 client text \"still here\"");
    fed.noise(46 * HOUR);
    assert_eq!(fed.take(), [""; 0]);
    fed.noise(48 * HOUR);
    assert_eq!(fed.take(), ["134 #0 end evicted 1+0"]);
    assert_eq!(fed.analyzer.statistics().expired, 1);
}

#[test]
fn time_that_is_told_counts_as_well() {
    let mut fed = Fed::new();
    fed.all(0, &Ends::upgraded().sent);
    fed.take();
    fed.advance(23 * HOUR);
    assert_eq!((fed.take(), fed.remembered()), (Vec::new(), 1));
    fed.advance(25 * HOUR);
    assert_eq!((fed.take(), fed.remembered()), (vec!["5 #0 end evicted 0+0".to_owned()], 0));
}

#[test]
fn time_that_is_told_may_step_back() {
    let mut fed = Fed::new();
    fed.all(HOUR, &Ends::upgraded().sent);
    fed.advance(2 * HOUR);
    fed.advance(HOUR);
    let mut ends = Ends::new();
    ends.port = 9;
    ends.send(CLIENT, SYN, b"");
    fed.all(HOUR, &ends.sent);
    fed.advance(HOUR + 300 * SECOND);
    assert_eq!(fed.remembered(), 1, "the SYN that nobody answered is forgotten");
}

#[test]
fn one_wrong_time_makes_nothing_old() {
    let mut fed = Fed::new();
    let mut ends = Ends::upgraded();
    for number in 0..500 {
        ends.frame(CLIENT, 0x81, number.to_string().as_bytes());
    }
    for (index, packet) in ends.sent.iter().enumerate() {
        let time = if index % 50 == 7 { i64::MAX - 7 } else { index as i64 * MILLISECOND };
        fed.feed(time, packet, true);
    }
    assert_eq!(fed.lines.len(), 501, "{:?}", fed.lines);
    assert_eq!(fed.analyzer.statistics().expired, 0);
}

#[test]
fn many_short_connections_leave_nothing_behind() {
    let mut fed = Fed::new();
    let mut most = 0;
    for number in 0..20_000 {
        let mut ends = Ends::connected();
        ends.close();
        ends.sent.iter_mut().for_each(|packet| packet.port = 1000 + (number % 60_000) as u16);
        // Ten in a second.
        fed.all(number * SECOND / 10, &ends.sent);
        most = most.max(fed.remembered());
    }
    assert!(most < 2600, "{most}");
}

#[test]
fn packets_that_are_passed_over_keep_the_numbers() {
    let mut other = Ends::upgraded();
    other.sent.iter_mut().for_each(|packet| packet.port = 60_000);
    let mut ends = Ends::upgraded();
    ends.frame(SERVER, 0x81, b"hello");
    let mut fed = Fed::new();
    other.sent.iter().for_each(|packet| fed.feed(0, packet, false));
    fed.all(0, &ends.sent);
    assert_eq!(
        fed.take(),
        ["10 #1 handshake /chat 101 valid 127.0.0.1:50000", "11 #1 server text \"hello\""]
    );
    assert_eq!(fed.analyzer.statistics().passed_over, 5);
}

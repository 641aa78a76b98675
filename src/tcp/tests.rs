//! The rules of reassembly, on segments made by hand.

use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;
use crate::types::{Endpoint, Flow, Limits, Segment, Seq, SourceId, TcpFlags, Timestamp};

const ACK: TcpFlags = TcpFlags::ACK;

/// A segment that owns its payload.
#[derive(Clone, Debug)]
struct Sent {
    from: Direction,
    seq: u32,
    ack: Option<u32>,
    flags: TcpFlags,
    window: u16,
    payload: Vec<u8>,
    cut: u32,
}

fn sent(from: Direction, seq: u32, payload: &[u8]) -> Sent {
    Sent { from, seq, ack: Some(0), flags: ACK, window: 65535, payload: payload.to_vec(), cut: 0 }
}

impl Sent {
    fn flags(self, flags: TcpFlags) -> Self {
        let ack = if flags.contains(ACK) { self.ack } else { None };
        Self { flags, ack, ..self }
    }

    fn ack(self, ack: u32) -> Self {
        Self { ack: Some(ack), flags: self.flags | ACK, ..self }
    }
}

/// What a stream told: the bytes of each direction, `gap` where bytes are
/// missing, conflicts.
#[derive(Default, Debug, PartialEq, Eq)]
struct Told {
    forward: Vec<u8>,
    backward: Vec<u8>,
    gaps: Vec<u64>,
    conflicts: Vec<(u64, u64)>,
    beginnings: Vec<Beginning>,
    packets: Vec<u64>,
    begin: u64,
    next: [u64; 2],
}

impl Told {
    /// Everything is told in order, and nothing passed over in silence.
    fn go_on(&mut self, direction: Direction, position: u64, bytes: u64) {
        let [forward, backward] = &mut self.next;
        let next = if direction == Direction::Forward { forward } else { backward };
        assert_eq!(*next, position);
        *next += bytes;
    }
}

impl Receiver for Told {
    fn is_beginning(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(b"GET ")
    }

    fn begin(&mut self, direction: Direction, position: u64, beginning: Beginning) {
        self.beginnings.push(beginning);
        self.next[usize::from(direction == Direction::Backward)] = position;
        if direction == Direction::Forward {
            self.begin = position;
        }
    }

    fn data(&mut self, direction: Direction, run: Run<'_>) {
        assert!(!run.bytes.is_empty());
        self.go_on(direction, run.position, run.bytes.len() as u64);
        self.packets.push(run.origin.packet);
        match direction {
            Direction::Forward => self.forward.extend(run.bytes),
            Direction::Backward => self.backward.extend(run.bytes),
        }
    }

    fn gap(&mut self, direction: Direction, missing: Missing) {
        self.go_on(direction, missing.position, missing.bytes);
        if missing.is_visible {
            self.gaps.push(missing.bytes);
        }
    }

    fn conflict(&mut self, _: Direction, conflict: Conflict) {
        self.conflicts.push((conflict.position.wrapping_sub(self.begin), conflict.bytes));
    }
}

/// Feeds a stream, one packet a millisecond.
struct Feed {
    stream: Stream,
    told: Told,
    limits: Limits,
    history: History,
    buffered: usize,
    overflows: u64,
    packet: u64,
    status: Status,
}

impl Feed {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        Self {
            stream: Stream::default(),
            told: Told::default(),
            limits,
            history: History::new(1 << 16),
            buffered: 0,
            overflows: 0,
            packet: 0,
            status: Status::Open,
        }
    }

    /// Begun by a SYN of sequence number `initial` each way.
    fn begun(initial: u32) -> Self {
        let mut feed = Self::new();
        feed.send(&sent(Direction::Forward, initial, b"").flags(TcpFlags::SYN));
        let answer = sent(Direction::Backward, 0, b"").flags(TcpFlags::SYN | ACK);
        feed.send(&answer.ack(initial.wrapping_add(1)));
        feed
    }

    fn send(&mut self, sent: &Sent) {
        self.packet += 1;
        let end = |port| Endpoint { address: Ipv4Addr::LOCALHOST.into(), port };
        let (low, high) = (end(80), end(50000));
        let (source, destination) = match sent.from {
            Direction::Forward => (low, high),
            Direction::Backward => (high, low),
        };
        let segment = Segment {
            origin: self.origin(),
            flow: Flow { source, destination },
            seq: Seq(sent.seq),
            ack: sent.ack.map(Seq),
            flags: sent.flags,
            window: sent.window,
            window_scale: None,
            payload: &sent.payload,
            cut: sent.cut,
        };
        let mut shared = Shared {
            limits: &self.limits,
            history: &mut self.history,
            buffered: &mut self.buffered,
            allowed: self.limits.reorder_total,
            overflows: &mut self.overflows,
        };
        self.status = self.stream.segment(&segment, sent.from, &mut shared, &mut self.told);
    }

    /// Packets that carry nothing, to let time pass.
    fn wait(&mut self, packets: u64, ack: u32) {
        for _ in 0..packets {
            self.send(&sent(Direction::Backward, 1, b"").ack(ack));
        }
    }

    fn origin(&self) -> Origin {
        let time = Timestamp::from_nanoseconds(self.packet as i64 * 1_000_000);
        Origin { packet: self.packet, time: Some(time), source: SourceId(0), tcp_length: 0 }
    }

    fn finish(mut self) -> Told {
        let origin = self.origin();
        let mut shared = Shared {
            limits: &self.limits,
            history: &mut self.history,
            buffered: &mut self.buffered,
            allowed: self.limits.reorder_total,
            overflows: &mut self.overflows,
        };
        self.stream.finish(origin, &mut shared, &mut self.told);
        assert_eq!(self.buffered, 0);
        self.told
    }
}

fn forward(seq: u32, payload: &[u8]) -> Sent {
    sent(Direction::Forward, seq, payload)
}

#[test]
fn a_stream_takes_little_memory() {
    assert!(size_of::<Stream>() <= 144, "{} bytes", size_of::<Stream>());
}

#[test]
fn what_comes_in_order_allocates_nothing() {
    let mut feed = Feed::begun(0);
    for index in 0..500 {
        feed.send(&forward(1 + index * 4, b"data"));
        feed.send(&sent(Direction::Backward, 1, b"").ack(5 + index * 4));
        assert!(!feed.stream.is_on_heap());
    }
}

#[test]
fn only_what_is_beyond_a_hole_is_kept() {
    let mut feed = Feed::begun(0);
    for index in 0..500 {
        let data = forward(1 + index * 4, b"data");
        let ack = sent(Direction::Backward, 1, b"").ack(5 + index * 4);
        // Some acknowledgments are captured before what they acknowledge.
        for sent in if index % 3 == 0 { [ack, data] } else { [data, ack] } {
            feed.send(&sent);
            assert!(!feed.stream.keeps_anything());
        }
    }
    feed.send(&forward(3001, b"later"));
    assert!(feed.stream.keeps_anything());
    feed.send(&forward(2001, &[b'x'; 1000]));
    assert!(!feed.stream.keeps_anything());
    assert_eq!(feed.finish().forward.len(), 3005);
}

#[test]
fn out_of_order_and_twice() {
    let mut feed = Feed::begun(0);
    for (seq, payload) in [(1, "one "), (9, "three"), (1, "one "), (5, "two "), (9, "three")] {
        feed.send(&forward(seq, payload.as_bytes()));
    }
    assert_eq!(feed.told.forward, b"one two three");
    // What waited became known with the packet that filled the hole.
    assert_eq!(feed.told.packets, [3, 6, 6]);
    let told = feed.finish();
    assert_eq!((told.gaps.len(), told.conflicts.len()), (0, 0));
}

#[test]
fn sequence_numbers_wrap() {
    let mut feed = Feed::begun(u32::MAX - 3);
    feed.send(&forward(u32::MAX - 2, b"abc"));
    feed.send(&forward(3, b"ghi"));
    feed.send(&forward(0, b"def"));
    assert_eq!(feed.finish().forward, b"abcdefghi");
}

#[test]
fn what_came_first_stays() {
    let mut feed = Feed::begun(0);
    feed.send(&forward(1, b"first"));
    feed.send(&forward(3, b"RST, more"));
    feed.send(&forward(20, b"later"));
    feed.send(&forward(18, b"__LATER__"));
    feed.send(&forward(12, b"filled"));
    let told = feed.finish();
    assert_eq!(told.forward, b"first, morefilled__later__");
    assert_eq!(told.conflicts, [(2, 3), (19, 5)]);
}

#[test]
fn keep_alives_and_window_probes_are_no_conflict() {
    let mut feed = Feed::begun(0);
    feed.send(&forward(1, b"abc"));
    feed.send(&forward(3, b"\0")); // RFC 9293 §3.8.4
    feed.send(&forward(3, b""));
    feed.send(&forward(4, b"d")); // a probe of a zero window, accepted
    feed.send(&forward(4, b"def"));
    let told = feed.finish();
    assert_eq!(told.forward, b"abcdef");
    assert!(told.conflicts.is_empty());
}

#[test]
fn a_syn_may_carry_data_and_come_late() {
    let mut feed = Feed::new();
    feed.send(&forward(10, b"hello").flags(TcpFlags::SYN));
    assert_eq!(feed.told.forward, b"hello");
    let mut feed = Feed::new();
    feed.send(&forward(11, b"hello"));
    assert_eq!(feed.told.forward, b"");
    feed.send(&forward(10, b"").flags(TcpFlags::SYN));
    assert_eq!(feed.told.forward, b"hello");
    assert_eq!(feed.told.beginnings, [Beginning::Syn]);
}

#[test]
fn an_acknowledged_hole_is_given_up_after_the_grace() {
    let mut feed = Feed::begun(0);
    feed.send(&forward(1, b"one "));
    feed.send(&forward(9, b"three"));
    feed.wait(99, 14);
    assert!(feed.told.gaps.is_empty());
    feed.wait(150, 14);
    assert_eq!(feed.told.gaps, [4]);
    assert_eq!(feed.told.forward, b"one three");
    // The missing bytes come too late to be told in order.
    feed.send(&forward(5, b"two "));
    assert_eq!(feed.finish().forward, b"one three");
}

#[test]
fn a_hole_that_is_not_acknowledged_is_waited_for() {
    let mut feed = Feed::begun(0);
    feed.send(&forward(1, b"one "));
    feed.send(&forward(9, b"three"));
    feed.wait(5000, 5);
    assert!(feed.told.gaps.is_empty());
    feed.send(&forward(5, b"two "));
    assert_eq!(feed.finish().forward, b"one two three");
}

#[test]
fn many_holes_do_not_add_up_their_graces() {
    let mut feed = Feed::begun(0);
    // Every tenth segment of 10 bytes is missing.
    for index in 0..1000_u32 {
        if index % 10 != 5 {
            feed.send(&forward(1 + index * 10, b"0123456789"));
        }
        feed.send(&sent(Direction::Backward, 1, b"").ack(11 + index * 10));
    }
    assert!(feed.told.gaps.len() > 85, "{} gaps", feed.told.gaps.len());
    assert_eq!(feed.finish().gaps, vec![10; 100]);
}

#[test]
fn acknowledged_bytes_at_the_end_are_missing() {
    let mut feed = Feed::begun(0);
    feed.send(&forward(1, b"one "));
    feed.wait(400, 9);
    assert_eq!(feed.told.gaps, [4]);
    feed.send(&forward(9, b"three"));
    assert_eq!(feed.finish().forward, b"one three");
}

#[test]
fn an_acknowledgment_of_another_stream_does_no_harm() {
    let mut feed = Feed::begun(0);
    for index in 0..500 {
        feed.send(&sent(Direction::Backward, 1, b"").ack(1_000_000_000));
        feed.send(&forward(1 + index * 4, b"data"));
    }
    assert!(feed.told.gaps.is_empty());
    assert_eq!(feed.told.forward.len(), 2000);
}

#[test]
fn one_direction_alone() {
    let mut feed = Feed::new();
    let one = |seq, payload: &[u8]| Sent { ack: None, flags: TcpFlags(0), ..forward(seq, payload) };
    feed.send(&one(0, b"").flags(TcpFlags::SYN));
    feed.send(&one(1, b"one "));
    for index in 0..3000 {
        feed.send(&one(9 + index * 4, b"more"));
    }
    assert_eq!(feed.told.gaps, [4]);
    assert_eq!(feed.told.forward.len(), 4 + 3000 * 4);
}

#[test]
fn a_capture_that_begins_in_the_middle() {
    let mut feed = Feed::new();
    feed.send(&forward(1000, b"late"));
    feed.send(&forward(996, b"some"));
    assert_eq!(feed.told.forward, b"");
    feed.wait(100, 1004);
    assert_eq!(feed.told.forward, b"somelate");
    assert_eq!(feed.told.beginnings[0], Beginning::Middle);
    let mut feed = Feed::new();
    feed.send(&forward(1000, b"GET / HTTP/1.1"));
    assert_eq!(feed.told.beginnings, [Beginning::Recognised]);
    assert_eq!(feed.told.forward, b"GET / HTTP/1.1");
}

#[test]
fn both_fins_end_it_once_everything_is_there() {
    let mut feed = Feed::begun(0);
    feed.send(&forward(5, b"late").flags(TcpFlags::FIN | ACK));
    feed.send(&sent(Direction::Backward, 1, b"").flags(TcpFlags::FIN | ACK));
    assert_eq!(feed.status, Status::Open);
    feed.send(&forward(1, b"data"));
    assert_eq!(feed.status, Status::Ended);
    assert_eq!(feed.told.forward, b"datalate");
}

#[test]
fn a_reset_ends_it_when_it_may_be_the_senders() {
    let reset = |seq| forward(seq, b"").flags(TcpFlags::RST);
    let mut feed = Feed::begun(0);
    feed.send(&forward(1, b"data"));
    feed.send(&sent(Direction::Backward, 1, b"").ack(5));
    // Before what is acknowledged, or beyond the window: not the sender's.
    feed.send(&reset(2));
    feed.send(&reset(5_000_000));
    assert_eq!(feed.status, Status::Open);
    feed.send(&reset(5));
    // What it answers may be captured after it.
    assert_eq!(feed.status, Status::Open);
    feed.wait(100, 1000);
    assert_eq!(feed.status, Status::Ended);
}

#[test]
fn a_reset_waits_for_what_came_before_it() {
    let mut feed = Feed::begun(0);
    feed.send(&forward(1, b"data"));
    feed.send(&forward(9, b"").flags(TcpFlags::RST | ACK).ack(1));
    assert_eq!(feed.status, Status::Open);
    feed.send(&forward(5, b"more"));
    assert_eq!(feed.status, Status::Ended);
    assert_eq!(feed.told.forward, b"datamore");
}

#[test]
fn one_forged_segment_changes_nothing() {
    let reset = |seq| forward(seq, b"").flags(TcpFlags::RST);
    let finish = |seq| forward(seq, b"").flags(TcpFlags::FIN | ACK);
    let far_ack = sent(Direction::Backward, 1, b"").ack(1_000_000_000);
    for forged in [reset(8), finish(8), finish(6000), far_ack] {
        let mut feed = Feed::begun(0);
        feed.send(&forward(1, b"data"));
        feed.send(&sent(Direction::Backward, 1, b"").ack(5));
        feed.send(&forged);
        for index in 0..300 {
            feed.send(&forward(5 + index * 30, b"thirty bytes of data, or so..."));
            feed.send(&sent(Direction::Backward, 1, b"").ack(35 + index * 30));
        }
        assert_eq!(feed.status, Status::Open, "{forged:?}");
        let told = feed.finish();
        assert_eq!((told.forward.len(), told.gaps.len()), (4 + 300 * 30, 0), "{forged:?}");
    }
}

#[test]
fn what_a_forged_fin_acknowledges_is_not_believed() {
    let finish = |seq, ack| forward(seq, b"").flags(TcpFlags::FIN | ACK).ack(ack);
    let answered = || {
        let mut feed = Feed::begun(0);
        feed.send(&forward(1, b"data").ack(1));
        feed.send(&sent(Direction::Backward, 1, &[b'x'; 1000]).ack(5));
        feed
    };
    let fin_ack = |feed: &Feed| feed.stream.fin_ack(Direction::Forward).map(|ack| ack as u32);
    let mut feed = answered();
    feed.send(&finish(5, 1001));
    feed.send(&finish(5, 901));
    assert_eq!(fin_ack(&feed), Some(1001), "sent again");
    // Disproved by bytes past it, by its place, and by one before it.
    for forged in [finish(15, 1), finish(2, 1), finish(100, 1)] {
        let mut feed = answered();
        feed.send(&forged);
        feed.send(&forward(5, b"thirty bytes of data, or so...").ack(1001));
        assert_eq!(fin_ack(&feed), None, "{forged:?}");
        feed.send(&finish(35, 1001));
        feed.send(&finish(1000, 1));
        assert_eq!(fin_ack(&feed), Some(1001), "{forged:?}");
    }
}

#[test]
fn what_is_missing_before_a_fin_is_told() {
    let mut feed = Feed::begun(0);
    feed.send(&forward(1, b"data"));
    feed.send(&forward(105, b"").flags(TcpFlags::FIN | ACK));
    assert!(feed.stream.is_closing());
    assert_eq!(feed.finish().gaps, [100]);
    // A FIN that was not captured is acknowledged, and no byte is missing.
    let mut feed = Feed::begun(0);
    feed.send(&forward(1, b"data"));
    feed.wait(300, 6);
    assert!(feed.finish().gaps.is_empty());
}

#[test]
fn what_the_snap_length_cut_is_a_gap() {
    let mut feed = Feed::begun(0);
    feed.send(&Sent { cut: 6, ..forward(1, b"head") });
    feed.send(&forward(11, b"next"));
    feed.wait(300, 15);
    assert_eq!(
        (feed.told.forward.as_slice(), feed.told.gaps.as_slice()),
        (&b"headnext"[..], &[6][..])
    );
}

#[test]
fn a_full_buffer_gives_up_the_first_hole() {
    let mut feed = Feed::begun(0);
    feed.limits.reorder = 10_000;
    for index in 0..200 {
        feed.send(&forward(101 + index * 100, &[b'x'; 100]));
        assert!(feed.buffered <= 10_000 + 400);
    }
    assert_eq!(feed.told.gaps, [100]);
    assert_eq!(feed.overflows, 1);
}

#[test]
fn bytes_beyond_the_fin_are_not_the_senders() {
    let mut feed = Feed::begun(0);
    feed.send(&forward(1, b"good"));
    feed.send(&forward(1000, b"forged"));
    feed.send(&forward(5, b"").flags(TcpFlags::FIN | ACK));
    feed.wait(300, 6);
    let told = feed.finish();
    assert_eq!((told.forward.as_slice(), told.gaps.len()), (&b"good"[..], 0));
}

#[test]
fn bytes_beyond_every_window_are_not_the_senders() {
    let mut feed = Feed::begun(0);
    feed.send(&forward(1, b"good"));
    feed.send(&sent(Direction::Backward, 1, b"").ack(5));
    feed.send(&forward(2_000_000_000, b"forged"));
    assert_eq!(feed.finish().forward, b"good");
}

proptest! {
    /// Any segmentation, reordering within the grace, duplication and overlap
    /// of the same bytes gives the same bytes.
    #[test]
    fn any_way_to_send_the_same(
        data in prop::collection::vec(any::<u8>(), 1..400),
        initial in any::<u32>(),
        cuts in prop::collection::vec((0_usize..400, 1_usize..60), 0..40),
        order in prop::collection::vec(0_usize..30, 0..90),
    ) {
        // Cover everything once, then add overlapping copies.
        let mut pieces: Vec<(usize, usize)> = Vec::new();
        let mut start = 0;
        for &(_, length) in cuts.iter().cycle().take(400) {
            if start < data.len() {
                pieces.push((start, (start + length).min(data.len())));
                start += length;
            }
        }
        if start < data.len() {
            pieces.push((start, data.len()));
        }
        pieces.extend(cuts.iter().filter(|(from, _)| *from < data.len()).map(|&(from, length)| {
            (from, (from + length).min(data.len()))
        }));
        for (index, distance) in order.iter().enumerate() {
            let last = pieces.len() - 1;
            pieces.swap(index.min(last), (index + distance).min(last));
        }
        let mut feed = Feed::begun(initial);
        for (from, to) in pieces {
            let seq = initial.wrapping_add(1).wrapping_add(from as u32);
            feed.send(&forward(seq, &data[from..to]));
        }
        prop_assert_eq!(&feed.told.forward, &data);
        let told = feed.finish();
        prop_assert_eq!((told.gaps.len(), told.conflicts.len()), (0, 0));
    }

    /// Segments of any kind neither panic nor leave anything behind.
    #[test]
    fn anything_at_all(
        segments in prop::collection::vec(
            (any::<bool>(), 0_u32..300, any::<Option<u8>>(), any::<u8>(), any::<u16>(), 0_usize..50, 0_u32..20),
            0..200,
        ),
    ) {
        let mut feed = Feed::with(Limits { reorder: 2000, grace_packets: 8, ..Limits::default() });
        for (from, seq, ack, flags, window, length, cut) in segments {
            let from = if from { Direction::Forward } else { Direction::Backward };
            let sent = Sent {
                from,
                seq: seq.wrapping_sub(100),
                ack: ack.map(u32::from),
                flags: TcpFlags(flags & 0x1f),
                window,
                payload: vec![seq as u8; length],
                cut,
            };
            feed.send(&sent);
            prop_assert!(feed.buffered <= 2 * 2000);
        }
        feed.finish();
    }
}

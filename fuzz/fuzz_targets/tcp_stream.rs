//! A sequence of segments through one stream.
//!
//! What is delivered is contiguous: each direction begins once, and each run
//! and gap begins where the last ended (but for the first of a direction that
//! was only heard of in acknowledgments). What is delivered was sent there, and
//! where all copies say the same no conflict is told. What is kept stays
//! within the limits, and nothing is kept after the end.

#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use wsdump::tcp::{Beginning, Conflict, History, Receiver, Shared, Status, Stream};
use wsdump::types::{
    Direction, Endpoint, Flow, Limits, Missing, Origin, Run, Segment, Seq, TcpFlags,
};
use wsdump_fuzz::origin;

/// See `make-seeds.rs`, which writes such inputs.
#[derive(Arbitrary, Debug)]
struct Input {
    start: [u32; 2],
    reorder: u16,
    small: u8,
    steps: Vec<Step>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Step {
    kind: u8,
    flags: u8,
    /// From the number that is due, in bytes or, if far, in units of 64 KiB.
    seq: i16,
    ack: i16,
    window: u16,
    length: u16,
    cut: u8,
    milliseconds: u8,
}

impl Step {
    const BACKWARD: u8 = 1;
    const LIE: u8 = 2;
    const FAR_SEQ: u8 = 4;
    const FAR_ACK: u8 = 8;
    const SCALE: u8 = 16;

    fn has(self, bit: u8) -> bool {
        self.kind & bit != 0
    }
}

/// More would only be slow.
const MAX_STEPS: usize = 1_000;
const MAX_PAYLOAD: u16 = 2_000;

fuzz_target!(|input: Input| {
    let limits = limits(&input);
    let mut history = History::new(if input.small & 1 == 0 { 1 << 16 } else { 300 });
    let (mut buffered, mut overflows) = (0, 0);
    let mut shared = Shared {
        limits: &limits,
        history: &mut history,
        buffered: &mut buffered,
        allowed: limits.reorder_total,
        overflows: &mut overflows,
    };
    let steps = input.steps.get(..MAX_STEPS).unwrap_or(&input.steps);
    let mut checker =
        Checker { lies: steps.iter().any(|step| step.has(Step::LIE)), ..Checker::default() };
    let mut stream = Stream::default();
    let mut due = input.start;
    let mut time = 0;
    let mut payload = Vec::new();
    for (step, number) in steps.iter().zip(1..) {
        time += u64::from(step.milliseconds);
        checker.packet = number;
        let segment = segment(*step, origin(number, time), &mut due, &mut payload);
        let status = stream.segment(&segment, direction(*step), &mut shared, &mut checker);
        assert!(*shared.buffered <= limits.reorder_total, "{} bytes kept", shared.buffered);
        if status == Status::Ended {
            break;
        }
    }
    stream.finish(origin(checker.packet, time), &mut shared, &mut checker);
    assert_eq!(*shared.buffered, 0);
});

fn limits(input: &Input) -> Limits {
    let reorder = usize::from(input.reorder);
    Limits {
        reorder,
        reorder_total: reorder + usize::from(input.small),
        grace_packets: u64::from(input.small >> 4),
        grace_time: Duration::from_millis(100),
        ..Limits::default()
    }
}

fn direction(step: Step) -> Direction {
    if step.has(Step::BACKWARD) { Direction::Backward } else { Direction::Forward }
}

fn index(direction: Direction) -> usize {
    usize::from(direction == Direction::Backward)
}

fn segment<'a>(
    step: Step,
    origin: Origin,
    due: &mut [u32; 2],
    payload: &'a mut Vec<u8>,
) -> Segment<'a> {
    let from = index(direction(step));
    let seq = from_due(due[from], step.seq, step.has(Step::FAR_SEQ));
    let ack = from_due(due[1 - from], step.ack, step.has(Step::FAR_ACK));
    let flags = TcpFlags(step.flags);
    let syn = u32::from(flags.contains(TcpFlags::SYN));
    let length = u32::from(step.length % MAX_PAYLOAD);
    payload.clear();
    payload.extend(
        (0..length).map(|offset| {
            said(from, seq.wrapping_add(syn).wrapping_add(offset), step.has(Step::LIE))
        }),
    );
    let end = seq
        .wrapping_add(syn)
        .wrapping_add(length)
        .wrapping_add(step.cut.into())
        .wrapping_add(u32::from(flags.contains(TcpFlags::FIN)));
    if !step.has(Step::FAR_SEQ) && end.wrapping_sub(due[from]) < 1 << 31 {
        due[from] = end;
    }
    let end = Endpoint { address: [127, 0, 0, 1].into(), port: 80 };
    Segment {
        origin,
        flow: Flow { source: end, destination: end },
        seq: Seq(seq),
        ack: flags.contains(TcpFlags::ACK).then_some(Seq(ack)),
        flags,
        window: step.window,
        window_scale: step.has(Step::SCALE).then_some(step.kind >> 5),
        payload,
        cut: step.cut.into(),
    }
}

fn from_due(due: u32, offset: i16, far: bool) -> u32 {
    let offset = i32::from(offset) << if far { 16 } else { 0 };
    due.wrapping_add_signed(offset)
}

/// The byte that a side says at a sequence number.
fn said(side: usize, seq: u32, lie: bool) -> u8 {
    let honest = (seq.wrapping_mul(2_654_435_761) >> 24) as u8 ^ side as u8;
    if lie { !honest } else { honest }
}

#[derive(Default)]
struct Checker {
    next: [Option<u64>; 2],
    /// Began in the middle, and nothing came yet.
    only_heard_of: [bool; 2],
    lies: bool,
    packet: u64,
}

impl Checker {
    fn advance(&mut self, direction: Direction, position: u64, bytes: u64) {
        let next = self.next[index(direction)].as_mut().expect("the direction has begun");
        let may_skip = std::mem::take(&mut self.only_heard_of[index(direction)]);
        assert!(*next == position || may_skip && *next < position, "not where the last ended");
        assert!(bytes > 0);
        *next = position + bytes;
    }
}

impl Receiver for Checker {
    fn is_beginning(&self, bytes: &[u8]) -> bool {
        bytes.first().is_some_and(|byte| byte % 8 == 0)
    }

    fn begin(&mut self, direction: Direction, position: u64, beginning: Beginning) {
        self.only_heard_of[index(direction)] = beginning == Beginning::Middle;
        let before = self.next[index(direction)].replace(position);
        assert_eq!(before, None, "begins twice");
    }

    fn data(&mut self, direction: Direction, run: Run<'_>) {
        self.advance(direction, run.position, run.bytes.len() as u64);
        assert!((1..=self.packet).contains(&run.origin.packet));
        let side = index(direction);
        // A position is a sequence number with more bits above.
        let first = run.position as u32;
        for (&byte, offset) in run.bytes.iter().zip(0..) {
            let honest = said(side, first.wrapping_add(offset), false);
            assert!(byte == honest || self.lies && byte == !honest, "not what was sent");
        }
    }

    fn gap(&mut self, direction: Direction, missing: Missing) {
        self.advance(direction, missing.position, missing.bytes);
        assert!((1..=self.packet).contains(&missing.origin.packet));
    }

    fn conflict(&mut self, _: Direction, conflict: Conflict) {
        assert!(self.lies, "a conflict where there was none");
        assert!(conflict.bytes > 0 && conflict.origin.packet == self.packet);
    }
}

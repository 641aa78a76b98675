//! Pieces of two directions through an HTTP exchange.
//!
//! Every call consumes something, waits, or changes what is done with the next
//! bytes; after the end nothing waits. What a handshake breaks is told once, in one
//! sentence of bounded length. (It has values as they were sent: that they steer no
//! terminal is up to the outputs.)

#![no_main]

use std::collections::VecDeque;

use libfuzzer_sys::fuzz_target;
use wsdump::http::{Answer, Exchange, Outcome, Step};
use wsdump::types::{Direction, HttpVersion, Run};
use wsdump::websocket::{Deflate, judge_handshake};
use wsdump_fuzz::{Piece, Pieces, origin};

/// Bytes of a head.
const LIMIT: usize = 1_000;

fuzz_target!(|input: &[u8]| {
    let mut talk = Talk::default();
    for direction in Direction::BOTH {
        talk.exchange.begin(direction, 0, false, true);
    }
    for piece in Pieces(input) {
        let direction = if piece.is_backward() { Direction::Backward } else { Direction::Forward };
        talk.say(direction, piece);
        talk.go_on(direction);
        if talk.over {
            return;
        }
    }
    talk.exchange.end();
    talk.go_on(Direction::Forward);
    assert!(talk.over || talk.halves.iter().all(|half| half.held.is_empty()), "waits for nothing");
    while let Some(answer) = talk.exchange.unanswered() {
        judge(answer);
    }
});

/// What one head may break is bounded, and so are the words.
const MAX_FINDINGS: usize = 60;
const MAX_WORDS: usize = 2_000;

fn judge(answer: Answer) {
    let mut handshake = answer.handshake;
    let findings = judge_handshake(&handshake);
    assert!(findings.len() <= MAX_FINDINGS, "{} findings", findings.len());
    for (index, finding) in findings.iter().enumerate() {
        assert!(finding.detail.ends_with('.') && finding.detail.len() <= MAX_WORDS);
        assert!(!findings[..index].contains(finding), "told twice: {finding:?}");
    }
    Deflate::negotiated(&handshake.extensions);
    // The same heads as of HTTP/2, and with any outcome.
    for status in [None, Some(101), Some(200), Some(426)] {
        handshake.status = status;
        handshake.http = HttpVersion::Http2;
        judge_handshake(&handshake);
        handshake.http = HttpVersion::Http10;
        judge_handshake(&handshake);
    }
}

#[derive(Default)]
struct Talk<'a> {
    exchange: Exchange,
    halves: [Half<'a>; 2],
    packet: u64,
    over: bool,
}

#[derive(Default)]
struct Half<'a> {
    sent: u64,
    held: VecDeque<Sent<'a>>,
}

struct Sent<'a> {
    run: Run<'a>,
    lost: bool,
}

impl<'a> Talk<'a> {
    fn say(&mut self, direction: Direction, piece: Piece<'a>) {
        self.packet += 1;
        let ack = (!piece.is_marked()).then_some(self.half(direction.opposite()).sent);
        let origin = origin(self.packet, self.packet);
        let half = self.half(direction);
        let run = Run { bytes: piece.bytes, position: half.sent, origin, ack };
        half.sent += piece.bytes.len() as u64;
        half.held.push_back(Sent { run, lost: piece.is_lost() });
    }

    /// Offers what waits until neither direction moves.
    fn go_on(&mut self, direction: Direction) {
        let mut direction = direction;
        let mut idle = 0;
        while idle < 2 && !self.over {
            idle = if self.offer(direction) { 0 } else { idle + 1 };
            direction = direction.opposite();
        }
    }

    /// Whether anything of what waits in a direction was taken.
    fn offer(&mut self, direction: Direction) -> bool {
        let mut moved = false;
        let mut idle = 0;
        while let Some(sent) = self.half(direction).held.pop_front() {
            let mut run = sent.run;
            if sent.lost {
                self.exchange.miss(direction, run.position, run.bytes.len() as u64);
                moved = true;
                continue;
            }
            while !run.bytes.is_empty() {
                let step = self.exchange.receive(direction, &run, LIMIT);
                let count = match &step {
                    Step::Consumed(count) | Step::Outcome(count, _) => *count,
                    Step::Wait => {
                        self.half(direction).held.push_front(Sent { run, ..sent });
                        return moved;
                    }
                };
                assert!(count <= run.bytes.len());
                idle = if count == 0 { idle + 1 } else { 0 };
                assert!(idle < 4, "goes on without consuming");
                moved |= count > 0;
                run = run.skip(count);
                match step {
                    Step::Outcome(_, Outcome::Upgraded(answer)) => {
                        assert!(answer.origin.packet <= self.packet);
                        judge(answer);
                        self.over = true;
                        return true;
                    }
                    Step::Outcome(_, Outcome::Other) => {
                        self.over = true;
                        return true;
                    }
                    Step::Outcome(_, Outcome::Refused(answer)) => judge(answer),
                    Step::Consumed(_) | Step::Wait => {}
                }
            }
        }
        moved
    }

    fn half(&mut self, direction: Direction) -> &mut Half<'a> {
        &mut self.halves[usize::from(direction == Direction::Backward)]
    }
}

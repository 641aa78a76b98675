//! What two sides say to one another, as packets through the analyzer.
//!
//! No output has anything that could steer a terminal, JSON is valid, and the
//! same pieces give the same output again. What is told of each side of a
//! connection whose upgrade was seen does not depend on how the pieces were cut
//! into packets, up to where the place of the next frame is lost.
//! (Otherwise it does: HTTP, and frames of which no boundary is known, are found
//! with the help of where packets begin.)

#![no_main]

use libfuzzer_sys::fuzz_target;
use wsdump::analyzer::{Analyzer, Options};
use wsdump::types::{Event, Frame, Kind, Limits, LinkType, Message, Packet, Side, Sink};
use wsdump_fuzz::{Conversation, Outputs, Piece, Pieces, origin};

fuzz_target!(|input: &[u8]| {
    let pieces: Vec<Piece<'_>> = Pieces(input).collect();
    let (written, told) = analyzed(&pieces, Limits::default());
    let (again, _) = analyzed(&pieces, Limits::default());
    assert_eq!(written, again, "the same input gives another output");
    analyzed(&pieces, small());
    // Of several requests to upgrade, those that were answered by something
    // that is no HTTP are told from frames by where packets begin.
    if pieces.iter().any(Piece::is_lost) || requests(&pieces) > 1 {
        return;
    }
    let halves: Vec<Piece<'_>> =
        pieces.iter().flat_map(|piece| piece.split_at(piece.bytes.len() / 2)).collect();
    let (_, told_of_halves) = analyzed(&halves, Limits::default());
    let [(before_one, one), (before_other, other)] = [told, told_of_halves].map(at_upgrade);
    if before_one != before_other {
        return;
    }
    let [is_lost_in_one, is_lost_in_other] =
        [&one, &other].map(|told| told.iter().any(|(_, told)| told.starts_with(GAP)));
    if !is_lost_in_one && !is_lost_in_other {
        assert_eq!(one, other, "cut otherwise, and told otherwise");
    }
    for side in [Side::Client, Side::Server] {
        let [one, other] = [&one, &other].map(|told| before_gap(told, side));
        assert_eq!(one, other, "cut otherwise, and told otherwise of the {side}");
    }
});

/// How many heads of HTTP the client may have sent.
fn requests(pieces: &[Piece<'_>]) -> usize {
    let sent: Vec<u8> =
        pieces.iter().filter(|piece| !piece.is_backward()).flat_map(|p| p.bytes.to_vec()).collect();
    sent.windows(7).filter(|bytes| *bytes == b"HTTP/1.").count()
}

/// What was told of a side while the place of its next frame was known. What
/// a side owes the other at the end depends on that, too, and is left out.
fn before_gap(told: &[Told], side: Side) -> Vec<&str> {
    let of_side = told.iter().filter(|(from, _)| *from == Some(side));
    let lines = of_side.map(|(_, told)| told.as_str());
    let before = lines.take_while(|told| !told.starts_with(GAP));
    before.filter(|told| !told.contains("NotAnswered")).collect()
}

/// What was told up to an upgrade both halves of which are there, and since.
/// After an upgrade to something else it may have been recognised all the same.
fn at_upgrade(mut told: Vec<Told>) -> (Vec<Told>, Vec<Told>) {
    let ended = told.last().is_some_and(|(_, told)| told.starts_with(END));
    let is_inferred = told.iter().any(|(_, told)| told.starts_with(INFERRED));
    let upgrade = told.iter().position(|(_, told)| told.starts_with(UPGRADE));
    let upgrade = upgrade.filter(|_| ended && !is_inferred);
    let mut since = told.split_off(upgrade.map_or(told.len(), |upgrade| upgrade + 1));
    since.sort_by_key(|(side, _)| side.map(|side| side == Side::Server));
    (told, since)
}

/// What was told, and of which side.
type Told = (Option<Side>, String);

const UPGRADE: &str = "upgrade";
const GAP: &str = "Gap";
const END: &str = "end";
const INFERRED: &str = "inferred";

/// Limits that a few packets reach.
fn small() -> Limits {
    Limits {
        conversations: 1,
        reorder: 300,
        reorder_total: 400,
        grace_packets: 2,
        head: 200,
        pending: 50,
        message: 20,
        inflated: 100,
        frame: 300,
        memory: 600,
        search: 200,
        ..Limits::default()
    }
}

fn analyzed(pieces: &[Piece<'_>], limits: Limits) -> (Vec<String>, Vec<Told>) {
    let mut run = Run {
        analyzer: Analyzer::new(Options {
            limits,
            frames: true,
            sha256: true,
            ..Options::default()
        }),
        sink: Both { outputs: Outputs::new(Some(60)), told: Vec::new() },
        packet: 0,
    };
    let mut conversation = Conversation::new(51234);
    run.packets(&conversation.open());
    for piece in pieces {
        if piece.is_lost() {
            conversation.pass(piece.is_backward(), piece.bytes.len());
        } else if !piece.bytes.is_empty() {
            let packet = conversation.say(piece.is_backward(), piece.bytes);
            run.packets(&[packet]);
        }
    }
    run.packets(&conversation.close());
    run.analyzer.finish(&[], &mut run.sink);
    (run.sink.outputs.finish(), run.sink.told)
}

struct Run {
    analyzer: Analyzer,
    sink: Both,
    packet: u64,
}

impl Run {
    fn packets(&mut self, packets: &[Vec<u8>]) {
        for data in packets {
            self.packet += 1;
            let packet = Packet {
                origin: origin(self.packet, self.packet),
                link_type: LinkType::RAW,
                data,
                original_length: data.len() as u32,
            };
            self.analyzer.packet(&packet, &[], &mut self.sink);
        }
    }
}

struct Both {
    outputs: Outputs,
    told: Vec<Told>,
}

impl Sink for Both {
    fn event(&mut self, event: &Event<'_>) {
        self.outputs.event(event);
        if event.connection.inferred {
            self.told.push((None, INFERRED.to_owned()));
        }
        let (side, told) = match &event.kind {
            Kind::Handshake(handshake) => {
                let whole = handshake.method.is_some() && handshake.status == Some(101);
                (None, format!("{}{handshake:?}", if whole { UPGRADE } else { "" }))
            }
            Kind::Message(message) => {
                let Message { opcode, length, complete, payload, not_inflated, .. } = message;
                let told = format!("{opcode} {length:?} {complete} {not_inflated:?} {payload:?}");
                (Some(message.from), told)
            }
            Kind::Frame(frame) => {
                // The offset counts from where HTTP was recognised.
                let frame = Frame { offset: 0, ..*frame };
                (Some(frame.from), format!("{frame:?}"))
            }
            Kind::Violation(violation) => (violation.from, format!("{violation:?}")),
            Kind::Gap(gap) => (Some(gap.from), format!("{gap:?}")),
            Kind::End(end) => {
                (None, format!("{END} {:?} {:?} {:?}", end.state, end.client, end.server))
            }
        };
        self.told.push((side, told));
    }
}

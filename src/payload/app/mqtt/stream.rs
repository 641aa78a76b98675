//! Packets across messages (MQTT 5.0 §6: they need not be aligned).

use super::packet::{Kind, Packet, Version};
use super::reader::Reader;
use crate::payload::app::Malformed;
use crate::types::Side;

/// Bytes that are kept of a packet that comes in several messages. Of a longer one the
/// rest is passed over.
const MOST_KEPT: usize = 1 << 20;

/// The longest fixed header (§2.1).
const LONGEST_HEADER: usize = 5;

/// What one side sends.
#[derive(Default)]
pub(super) struct Stream {
    /// The beginning of a packet of which more is to come.
    kept: Vec<u8>,
    /// Bytes of it behind that, which were passed over.
    passed: usize,
    step: Step,
}

/// Whether it is known where packets begin.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Step {
    #[default]
    In,
    /// Not any more.
    Out { is_told: bool },
}

/// A packet.
pub(super) struct Piece<'p> {
    /// All of it, or its beginning.
    pub(super) bytes: &'p [u8],
    /// Bytes that are not among them.
    pub(super) missing: usize,
}

impl Stream {
    /// Gives every packet that `message` completes to `take`.
    pub(super) fn read(
        &mut self,
        from: Side,
        version: Option<Version>,
        message: &[u8],
        mut take: impl FnMut(Piece<'_>),
    ) -> Result<(), Malformed> {
        if let Step::Out { is_told } = self.step {
            if !are_packets(message, from, version) {
                self.step = Step::Out { is_told: true };
                let sentence =
                    "Where its packets begin is not known, as bytes before it are missing.";
                return if is_told { Ok(()) } else { Err(Malformed::new(sentence)) };
            }
            self.step = Step::In;
        }
        self.packets(message, &mut take).inspect_err(|_| {
            self.lose();
            self.step = Step::Out { is_told: true };
        })
    }

    fn packets(
        &mut self,
        message: &[u8],
        take: &mut impl FnMut(Piece<'_>),
    ) -> Result<(), Malformed> {
        let mut rest = message;
        while !rest.is_empty() {
            if let Some(packet) = self.next(&mut rest)? {
                take(packet);
            } else if self.complete(&mut rest)? {
                let kept = std::mem::take(&mut self.kept);
                take(Piece { bytes: &kept, missing: std::mem::take(&mut self.passed) });
            }
        }
        Ok(())
    }

    /// Bytes are missing, or what follows is no packet.
    pub(super) fn lose(&mut self) {
        *self = Self { step: Step::Out { is_told: false }, ..Self::default() };
    }

    /// Bytes of memory.
    pub(super) fn cost(&self) -> usize {
        self.kept.capacity()
    }

    /// The packet that `rest` begins with, if nothing before it waits and all of it is
    /// there.
    fn next<'p>(&self, rest: &mut &'p [u8]) -> Result<Option<Piece<'p>>, Malformed> {
        if !self.kept.is_empty() {
            return Ok(None);
        }
        let Some(length) = length_of_packet(rest)? else {
            return Ok(None);
        };
        let Some((bytes, behind)) = rest.split_at_checked(length) else {
            return Ok(None);
        };
        *rest = behind;
        Ok(Some(Piece { bytes, missing: 0 }))
    }

    /// Takes from `rest` what belongs to the packet that waits. Whether that was all of
    /// it.
    fn complete(&mut self, rest: &mut &[u8]) -> Result<bool, Malformed> {
        loop {
            let Some(length) = length_of_packet(&self.kept)? else {
                let Some((byte, behind)) = rest.split_first() else {
                    return Ok(false);
                };
                self.kept.push(*byte);
                *rest = behind;
                continue;
            };
            let kept = take(rest, length.min(MOST_KEPT).saturating_sub(self.kept.len()));
            self.kept.extend_from_slice(kept);
            if self.kept.len() == length.min(MOST_KEPT) {
                self.passed += take(rest, length - self.kept.len() - self.passed).len();
            }
            return Ok(self.kept.len() + self.passed == length);
        }
    }
}

/// At most so many of the bytes.
fn take<'p>(rest: &mut &'p [u8], most: usize) -> &'p [u8] {
    let (taken, behind) = rest.split_at_checked(most).unwrap_or((rest, &[]));
    *rest = behind;
    taken
}

/// The bytes that are one packet and nothing else.
pub(super) fn whole_packet(bytes: &[u8]) -> Option<&[u8]> {
    let length = length_of_packet(bytes).ok()??;
    (length == bytes.len()).then_some(bytes)
}

/// The length of the packet that `bytes` begin with, its fixed header included; `None`
/// while too little of that is there.
fn length_of_packet(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    let mut reader = Reader(bytes);
    let Some(first) = reader.byte() else {
        return Ok(None);
    };
    if Kind::new(first >> 4).is_none() {
        return Err(Malformed::new("No packet begins with such a byte. What follows is not read."));
    }
    match reader.variable() {
        Some(remaining) => {
            let header = bytes.len() - reader.0.len();
            Ok(usize::try_from(remaining).ok().map(|remaining| header + remaining))
        }
        None if bytes.len() < LONGEST_HEADER => Ok(None),
        None => Err(Malformed::new(
            "The length of a packet has more than four bytes. What follows is not read.",
        )),
    }
}

/// Whether a message is nothing but packets that this side may send and in which no
/// fault is found.
fn are_packets(message: &[u8], from: Side, version: Option<Version>) -> bool {
    let mut rest = message;
    while let Ok(Some(length)) = length_of_packet(rest) {
        let Some((bytes, behind)) = rest.split_at_checked(length) else {
            return false;
        };
        let packet = Packet::new(bytes, version);
        if packet.problem.is_some() || !may_send(from, packet.kind) {
            return false;
        }
        rest = behind;
    }
    rest.is_empty() && !message.is_empty()
}

/// Table 2-1.
fn may_send(from: Side, kind: Kind) -> bool {
    match kind {
        Kind::Connect | Kind::Subscribe | Kind::Unsubscribe | Kind::Pingreq => from == Side::Client,
        Kind::Connack | Kind::Suback | Kind::Unsuback | Kind::Pingresp => from == Side::Server,
        Kind::Publish
        | Kind::Puback
        | Kind::Pubrec
        | Kind::Pubrel
        | Kind::Pubcomp
        | Kind::Disconnect
        | Kind::Auth => true,
    }
}

//! Inflating the messages of one direction (RFC 7692 §7.2.2).
//!
//! What lies before the first message in the capture, or in a gap, is not
//! known, and later messages may refer to it. Such messages are inflated twice:
//! once as if every unknown byte were 0x00, once as if it were 0xFF. DEFLATE
//! only copies, so that a byte that comes out the same is certain, whatever
//! the unknown ones were, and lengths are exact in any case.

use zlib_rs::{Inflate, InflateFlush, Status};

use super::window::{LENGTH, Window};
use super::workbench::{CHUNK, Parked, Workbench};
use crate::types::NotInflated;

/// What the sender removed from the end of a message (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// A stored block without content, and the first byte of another block. Only
/// where a byte and a block begin does the block end before that byte, with
/// nothing coming out.
const EMPTY_BLOCK: [u8; 6] = [0x00, 0x00, 0x00, 0xff, 0xff, 0x00];

/// What one of zlib's inflaters takes, its window included.
const INFLATER_COST: usize = 48 << 10;

/// Messages of a pause, which becomes twice as long each time, so many times.
const PAUSE: u32 = 128;
const LONGEST_PAUSE: u8 = 12;

/// Unknown bytes before a window, as the first inflater sees them.
static ZEROS: [u8; LENGTH] = [0x00; LENGTH];

/// The same, as the second sees them.
static ONES: [u8; LENGTH] = [0xff; LENGTH];

/// Inflates the messages of one direction, one after the other:
/// [`Inflater::begin`], [`Inflater::push`] with their bytes, and
/// [`Inflater::finish`] or [`Inflater::lose_context`].
pub(super) struct Inflater {
    /// Messages may refer to earlier ones.
    keeps_context: bool,
    /// Bytes that one message may grow to.
    limit: u64,
    /// What was inflated, unknown bytes as 0x00.
    window: Window,
    /// The same with unknown bytes as 0xFF, when there are any.
    other_window: Option<Window>,
    /// Before the window lie bytes that are not known, not the beginning.
    begins_unknown: bool,
    active: Option<Active>,
    /// Where zlib's inflater waits that has the window inside.
    parked: Option<Parked>,
    /// How often the context was given up, and messages before another one is
    /// begun.
    given_up: u8,
    pause: u32,
}

/// A message in the making.
struct Active {
    inflater: Inflate,
    other: Option<Inflate>,
    /// Bytes that have come out.
    length: u64,
    /// All of them are certain.
    is_certain: bool,
    /// A final block has ended.
    is_final: bool,
    /// The last bytes that went in.
    last: [u8; TAIL.len()],
    taken: u64,
    failure: Option<NotInflated>,
}

/// What came of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Inflated {
    /// Bytes that it inflated to; `None` when that is not known.
    pub(super) length: Option<u64>,
    /// Why not all of them were given.
    pub(super) failure: Option<NotInflated>,
    /// The bytes that are to be removed from its end were there.
    pub(super) has_tail: bool,
}

impl Inflater {
    /// An inflater for messages that may grow to `limit` bytes. `keeps_context`
    /// says whether one may refer to those before it.
    pub(super) fn new(keeps_context: bool, limit: u64) -> Self {
        Self {
            keeps_context,
            limit,
            window: Window::default(),
            other_window: None,
            begins_unknown: false,
            active: None,
            parked: None,
            given_up: 0,
            pause: 0,
        }
    }

    /// Begins a message.
    pub(super) fn begin(&mut self, workbench: &mut Workbench) {
        let has_unknown =
            self.begins_unknown && !self.window.is_full() || self.other_window.is_some();
        let parked = self.parked.take().and_then(|parked| workbench.resume(&parked));
        let is_ready = parked.is_some();
        let mut active = Active {
            inflater: parked.unwrap_or_else(|| workbench.take()),
            other: has_unknown.then(|| workbench.take()),
            length: 0,
            is_certain: true,
            is_final: false,
            last: [0; TAIL.len()],
            taken: 0,
            failure: None,
        };
        if !is_ready {
            self.restart(&mut active);
        }
        self.active = Some(active);
    }

    /// Takes bytes of the message and gives those that come out of them to
    /// `sink`, as long as they are certain.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        workbench: &mut Workbench,
        sink: &mut impl FnMut(&[u8]),
    ) {
        let Some(mut active) = self.active.take() else {
            return;
        };
        active.remember(bytes);
        if active.failure.is_none() {
            active.failure = self.inflate(&mut active, bytes, workbench, sink).err();
        }
        self.active = Some(active);
    }

    /// Ends the message.
    pub(super) fn finish(&mut self, workbench: &mut Workbench) -> Inflated {
        let Some(mut active) = self.active.take() else {
            return Inflated {
                length: None,
                failure: Some(NotInflated::ContextLost),
                has_tail: false,
            };
        };
        let has_tail = active.last == TAIL && active.taken >= TAIL.len() as u64 && !active.is_final;
        if active.failure.is_none() {
            active.failure = active.end(has_tail, workbench).err();
        }
        let failure = active.failure;
        let inflated = Inflated {
            length: failure.is_none().then_some(active.length),
            failure: failure.or((!active.is_certain).then_some(NotInflated::ContextLost)),
            has_tail,
        };
        if failure.is_some() || self.pause > 0 {
            self.pause = self.pause.saturating_sub(1);
            active.dissolve(workbench);
            self.lose_context(workbench);
        } else if self.keeps_context && active.other.is_none() && !active.is_final {
            self.parked = Some(workbench.park(active.inflater));
            self.settle();
        } else {
            active.dissolve(workbench);
            self.settle();
        }
        inflated
    }

    /// Bytes are missing: the message in the making, if there is one, cannot
    /// go on, and what later ones may refer to is not known.
    pub(super) fn lose_context(&mut self, workbench: &mut Workbench) {
        if let Some(active) = self.active.take() {
            active.dissolve(workbench);
        }
        if let Some(inflater) = self.parked.take().and_then(|parked| workbench.resume(&parked)) {
            workbench.give(inflater);
        }
        self.window.clear();
        self.other_window = None;
        self.begins_unknown = self.keeps_context;
    }

    /// Gives up the context to save memory, and keeps none of the next messages:
    /// while something in it is not known it takes twice as much, which would be
    /// at the cost of those who still know theirs.
    pub(super) fn give_up_context(&mut self, workbench: &mut Workbench) {
        self.lose_context(workbench);
        if self.keeps_context {
            self.pause = PAUSE << self.given_up.min(LONGEST_PAUSE);
            self.given_up = self.given_up.saturating_add(1);
        }
    }

    /// Bytes of memory that it takes.
    pub(super) fn cost(&self) -> usize {
        let other = self.other_window.as_ref().map_or(0, Window::cost);
        let active = self.active.as_ref().map_or(0, |active| match active.other {
            None => INFLATER_COST,
            Some(_) => 2 * INFLATER_COST,
        });
        self.window.cost() + other + active
    }

    /// What the next message may refer to.
    fn settle(&mut self) {
        if !self.keeps_context {
            self.window.clear();
        }
        // What is not known has been left behind.
        if self.other_window.as_ref().is_some_and(|other| other.is_same(&self.window)) {
            self.other_window = None;
        }
    }

    fn inflate(
        &mut self,
        active: &mut Active,
        mut input: &[u8],
        workbench: &mut Workbench,
        sink: &mut impl FnMut(&[u8]),
    ) -> Result<(), NotInflated> {
        let [output, other_output] = &mut workbench.output;
        output.resize(CHUNK, 0);
        let mut is_full = false;
        while !input.is_empty() || is_full {
            if active.is_final {
                // What follows a final block begins anew, and still may refer
                // to what was before (RFC 7692 §7.2.3.4).
                self.restart(active);
            }
            let step = Step::new(&mut active.inflater, input, output, InflateFlush::NoFlush);
            let produced = output.get(..step.produced).unwrap_or_default();
            let mut certain = produced;
            if let Some(other) = &mut active.other {
                other_output.resize(CHUNK, 0);
                let other_step = Step::new(other, input, other_output, InflateFlush::NoFlush);
                let other_produced = other_output.get(..other_step.produced).unwrap_or_default();
                let same = produced.iter().zip(other_produced).take_while(|(one, two)| one == two);
                certain = produced.get(..same.count()).unwrap_or_default();
                if certain.len() < produced.len() && self.other_window.is_none() {
                    self.other_window = Some(self.window.duplicate());
                }
                if let Some(window) = &mut self.other_window {
                    window.extend(other_produced);
                }
            }
            self.window.extend(produced);
            let room = usize::try_from(self.limit.saturating_sub(active.length));
            active.length += step.produced as u64;
            if active.is_certain {
                // However its bytes come, what is given of it is the same.
                sink(certain.get(..room.unwrap_or(usize::MAX)).unwrap_or(certain));
                active.is_certain = certain.len() == produced.len();
            }
            if active.length > self.limit {
                return Err(NotInflated::Limit);
            }
            if step.failed {
                return Err(NotInflated::Corrupt);
            }
            active.is_final = step.ended;
            is_full = step.produced == CHUNK && !step.ended;
            input = input.get(step.consumed..).unwrap_or_default();
        }
        Ok(())
    }

    /// Sets the inflaters of a message to where a block may begin, with what it
    /// may refer to.
    fn restart(&self, active: &mut Active) {
        let unknown = if self.begins_unknown && !self.window.is_full() { LENGTH } else { 0 };
        let windows = [(&ZEROS, &self.window), (&ONES, self.other())];
        let inflaters = [Some(&mut active.inflater), active.other.as_mut()];
        for ((unknown_bytes, window), inflater) in windows.into_iter().zip(inflaters) {
            let Some(inflater) = inflater else {
                continue;
            };
            inflater.reset(false);
            let before = unknown_bytes.get(..unknown).unwrap_or_default();
            for part in [before].into_iter().chain(window.parts()) {
                if !part.is_empty() {
                    // A raw stream takes any dictionary at any time.
                    let _ = inflater.set_dictionary(part);
                }
            }
        }
        active.is_final = false;
    }

    fn other(&self) -> &Window {
        self.other_window.as_ref().unwrap_or(&self.window)
    }
}

impl Active {
    /// Whether the bytes so far end where a message may end, once those that
    /// the sender removed are back.
    fn end(&mut self, has_tail: bool, workbench: &mut Workbench) -> Result<(), NotInflated> {
        // Nothing at all is how zlib flushes twice, and after a final block
        // nothing need follow.
        if self.taken == 0 || self.is_final {
            return Ok(());
        }
        let [output, _] = &mut workbench.output;
        output.resize(CHUNK, 0);
        if !has_tail {
            let step = Step::new(&mut self.inflater, &TAIL, output, InflateFlush::NoFlush);
            if step.produced > 0 || step.failed || step.ended {
                return Err(NotInflated::Corrupt);
            }
        }
        let step = Step::new(&mut self.inflater, &EMPTY_BLOCK, output, InflateFlush::Block);
        let is_boundary = step.consumed == EMPTY_BLOCK.len() - 1 && step.produced == 0;
        if !is_boundary || step.failed || step.ended {
            return Err(NotInflated::Corrupt);
        }
        Ok(())
    }

    fn remember(&mut self, bytes: &[u8]) {
        self.taken += bytes.len() as u64;
        match bytes.last_chunk() {
            Some(last) => self.last = *last,
            None => {
                self.last.rotate_left(bytes.len());
                for (to, from) in self.last.iter_mut().rev().zip(bytes.iter().rev()) {
                    *to = *from;
                }
            }
        }
    }

    fn dissolve(self, workbench: &mut Workbench) {
        workbench.give(self.inflater);
        if let Some(other) = self.other {
            workbench.give(other);
        }
    }
}

/// What one call of zlib's did.
struct Step {
    consumed: usize,
    produced: usize,
    /// A final block has ended.
    ended: bool,
    /// The bytes are no DEFLATE.
    failed: bool,
}

impl Step {
    fn new(inflater: &mut Inflate, input: &[u8], output: &mut [u8], flush: InflateFlush) -> Self {
        let before = (inflater.total_in(), inflater.total_out());
        let result = inflater.decompress(input, output, flush);
        // Bounded by the slices, so that they fit.
        let consumed = (inflater.total_in() - before.0) as usize;
        let produced = (inflater.total_out() - before.1) as usize;
        let ended = matches!(result, Ok(Status::StreamEnd));
        let stands_still = consumed == 0 && produced == 0 && !ended && !input.is_empty();
        Self { consumed, produced, ended, failed: result.is_err() || stands_still }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compress, Compression, FlushCompress};
    use proptest::prelude::*;

    const LIMIT: u64 = 1 << 30;

    /// Inflates one message; what came out, and what came of it.
    fn message(inflater: &mut Inflater, pieces: &[&[u8]]) -> (Vec<u8>, Inflated) {
        let mut workbench = Workbench::default();
        let mut out = Vec::new();
        let mut sink = |bytes: &[u8]| out.extend_from_slice(bytes);
        inflater.begin(&mut workbench);
        for piece in pieces {
            inflater.push(piece, &mut workbench, &mut sink);
        }
        let inflated = inflater.finish(&mut workbench);
        (out, inflated)
    }

    fn inflate(inflater: &mut Inflater, bytes: &[u8]) -> String {
        let (out, inflated) = message(inflater, &[bytes]);
        assert_eq!(inflated.failure, None, "{bytes:02x?}");
        assert_eq!(inflated.length, Some(out.len() as u64));
        String::from_utf8(out).unwrap()
    }

    /// Compresses as an endpoint does.
    struct Sender(Compress);

    impl Sender {
        fn new() -> Self {
            Self(Compress::new(Compression::new(6), false))
        }

        fn send(&mut self, message: &[u8]) -> Vec<u8> {
            let mut out = Vec::with_capacity(message.len() + 100);
            let begun = self.0.total_in();
            loop {
                let taken = (self.0.total_in() - begun) as usize;
                self.0.compress_vec(&message[taken..], &mut out, FlushCompress::Sync).unwrap();
                if out.len() < out.capacity() {
                    break;
                }
                out.reserve(100);
            }
            // Flushed twice, zlib gives nothing.
            out.truncate(out.len().saturating_sub(TAIL.len()));
            out
        }
    }

    #[test]
    fn the_examples_of_rfc_7692_section_7_2_3() {
        let mut inflater = Inflater::new(true, LIMIT);
        let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(inflate(&mut inflater, &hello), "Hello");
        // With the context of the first.
        assert_eq!(inflate(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), "Hello");
        // Without compression.
        let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
        assert_eq!(inflate(&mut inflater, &stored), "Hello");
        // A final block.
        let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        assert_eq!(inflate(&mut inflater, &last), "Hello");
        // Two blocks.
        let two = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(inflate(&mut inflater, &two), "Hello");
        // Nothing.
        assert_eq!(inflate(&mut inflater, &[0x00]), "");
        assert_eq!(inflate(&mut inflater, &[]), "");
        assert_eq!(inflate(&mut inflater, &hello), "Hello");
    }

    #[test]
    fn blocks_after_a_final_one_refer_to_what_was_before() {
        let mut inflater = Inflater::new(true, LIMIT);
        let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(inflate(&mut inflater, &last), "Hello");
        let both = [&last[..], &[0xf2, 0x00, 0x11, 0x00, 0x00]].concat();
        assert_eq!(inflate(&mut inflater, &both), "HelloHello");
    }

    #[test]
    fn what_was_given_up_takes_no_memory_for_some_messages() {
        let mut inflater = Inflater::new(true, LIMIT);
        let mut sender = Sender::new();
        for pause in [PAUSE, 2 * PAUSE] {
            assert_eq!(inflate(&mut inflater, &sender.send(b"whole")).as_str(), "whole");
            inflater.give_up_context(&mut Workbench::default());
            for number in 0..pause {
                let text = format!("number {number}, all of it new");
                let sent = Sender::new().send(text.as_bytes());
                assert_eq!(inflate(&mut inflater, &sent), text);
                assert_eq!(inflater.cost(), 0);
            }
            // Known from here on.
            sender = Sender::new();
            let all: Vec<u8> = (0..100_000_u64).map(|at| b'0' + (at * at / 7 % 75) as u8).collect();
            inflate(&mut inflater, &sender.send(&all));
            assert!(inflater.cost() > 0);
        }
    }

    #[test]
    fn without_context_each_message_stands_alone() {
        let mut inflater = Inflater::new(false, LIMIT);
        let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(inflate(&mut inflater, &hello), "Hello");
        let (out, inflated) = message(&mut inflater, &[&[0xf2, 0x00, 0x11, 0x00, 0x00]]);
        assert_eq!(
            (out.as_slice(), inflated.failure),
            (b"H".as_slice(), Some(NotInflated::Corrupt))
        );
        assert_eq!(inflate(&mut inflater, &hello), "Hello");
        assert_eq!(inflater.cost(), 0);
    }

    #[test]
    fn what_ends_inside_a_block_is_corrupt() {
        let whole = Sender::new().send(b"a message that is long enough to be cut anywhere");
        for end in 1..whole.len() {
            let mut inflater = Inflater::new(true, LIMIT);
            let (_, inflated) = message(&mut inflater, &[&whole[..end]]);
            assert_eq!(inflated.failure, Some(NotInflated::Corrupt), "cut at {end}");
        }
        for bytes in [b"\x07".as_slice(), b"this is text, not DEFLATE", b"\x00\x05\x00\xfa\xffHel"]
        {
            let mut inflater = Inflater::new(true, LIMIT);
            let (_, inflated) = message(&mut inflater, &[bytes]);
            assert_eq!((inflated.failure, inflated.length), (Some(NotInflated::Corrupt), None));
        }
    }

    #[test]
    fn bytes_that_should_have_been_removed() {
        let mut inflater = Inflater::new(true, LIMIT);
        let whole = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00, 0x00, 0xff, 0xff];
        let (out, inflated) = message(&mut inflater, &[&whole[..8], &whole[8..9], &whole[9..]]);
        assert_eq!((out.as_slice(), inflated.failure), (b"Hello".as_slice(), None));
        assert!(inflated.has_tail);
        // Content that looks the same, and less than that.
        let stored = [0x01, 0x04, 0x00, 0xfb, 0xff, 0x00, 0x00, 0xff, 0xff];
        assert!(!message(&mut inflater, &[&stored]).1.has_tail);
        assert!(!message(&mut inflater, &[&[0x00, 0xff, 0xff]]).1.has_tail);
        let mut inflater = Inflater::new(true, LIMIT);
        assert_eq!(inflate(&mut inflater, &whole[..7]), "Hello");
    }

    #[test]
    fn growth_is_bounded() {
        let bomb = Sender::new().send(&vec![b'a'; 1 << 20]);
        let mut inflater = Inflater::new(true, 100_000);
        let (out, inflated) = message(&mut inflater, &[&bomb]);
        assert_eq!((inflated.failure, inflated.length), (Some(NotInflated::Limit), None));
        assert!(out.len() <= 100_000 + CHUNK);
    }

    #[test]
    fn what_is_given_up_to_the_limit_depends_on_no_pieces() {
        // Beyond the limit it is no DEFLATE.
        let mut wire = Sender::new().send(&[b'x'; 100]);
        wire.extend([0xff; 4]);
        for size in 1..=wire.len() {
            let mut inflater = Inflater::new(true, 10);
            let pieces: Vec<&[u8]> = wire.chunks(size).collect();
            let (out, inflated) = message(&mut inflater, &pieces);
            assert_eq!(inflated.failure, Some(NotInflated::Limit));
            assert_eq!(out, [b'x'; 10], "by {size}");
        }
    }

    #[test]
    fn after_a_loss_only_what_is_certain() {
        let mut sender = Sender::new();
        let lost = sender.send(b"{\"unknown\": \"to those who come late\"}");
        let other = sender.send(b"1, 2, 3, {\"unknown\": \"to those who come late\"} and more");
        let alone = sender.send(b"<<<<>>>>");
        let mut inflater = Inflater::new(true, LIMIT);
        inflater.lose_context(&mut Workbench::default());
        let _ = lost;
        let (out, inflated) = message(&mut inflater, &[&other]);
        assert_eq!(out, b"1, 2, 3, {");
        assert_eq!(inflated.length, Some(55));
        assert_eq!(inflated.failure, Some(NotInflated::ContextLost));
        assert_eq!(inflate(&mut inflater, &alone), "<<<<>>>>");
        let again = sender.send(b"<<<<>>>>");
        assert_eq!(inflate(&mut inflater, &again), "<<<<>>>>");
    }

    #[test]
    fn the_context_comes_back() {
        let mut sender = Sender::new();
        sender.send(&[7; 1000]);
        let mut inflater = Inflater::new(true, LIMIT);
        inflater.lose_context(&mut Workbench::default());
        let mut random = 1_u64;
        for _ in 0..40 {
            let bytes: Vec<u8> = (0..2000)
                .map(|_| {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (random >> 33) as u8
                })
                .collect();
            let (out, _) = message(&mut inflater, &[&sender.send(&bytes)]);
            assert_eq!(out, bytes);
        }
        assert!(inflater.window.is_full() && inflater.other_window.is_none());
    }

    proptest! {
        /// However messages are cut, and whichever of them are lost: what comes
        /// out was sent, in full where it is said to be.
        #[test]
        fn nothing_is_made_up(
            messages in prop::collection::vec(("[a-d ]{0,60}", 1_usize..40), 1..30),
            lost in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
            piece in 1_usize..50,
        ) {
            let mut sender = Sender::new();
            let mut inflater = Inflater::new(true, LIMIT);
            let lost: Vec<usize> = lost.iter().map(|index| index.index(messages.len())).collect();
            for (index, (text, repeat)) in messages.iter().enumerate() {
                let text = text.repeat(*repeat);
                let sent = sender.send(text.as_bytes());
                if lost.contains(&index) {
                    inflater.lose_context(&mut Workbench::default());
                    continue;
                }
                let pieces: Vec<&[u8]> = sent.chunks(piece).collect();
                let (out, inflated) = message(&mut inflater, &pieces);
                prop_assert_eq!(inflated.length, Some(text.len() as u64));
                prop_assert!(text.as_bytes().starts_with(&out));
                prop_assert_eq!(inflated.failure.is_none(), out.len() == text.len());
                if lost.is_empty() {
                    prop_assert_eq!(inflated.failure, None);
                }
            }
        }
    }
}

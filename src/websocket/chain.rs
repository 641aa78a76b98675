//! Chains of frames: each begins where the one before it ends.
//!
//! ```text
//!  bytes held   ░░░░░░░▓▓▓▓▓▓▓▓▓▓▓│▓▓▓▓▓▓▓▓│▓▓▓▓▓▓▓▓▓▓▓▓▓▓  segments
//!  true chain          └────►└────►└──────►└───────►···
//!  by chance       └────────►                merges: the frames before are false
//!  by chance    └──────────────────►         ends in what is no frame: dropped
//! ```
//!
//! Evidence is counted in bits: how many times rarer would chance bring forth
//! what a sender of frames does, as a power of two. If a frame of a chain were
//! false, all before it in the chain would be false too, since a true frame
//! leads to a true one. So the evidence for a frame is the sum of its own and
//! that of the frames that lead to it, and not of those that follow.

use super::candidate::{Candidate, JSON_BITS, Kind, Place, is_poor_key, look};
use super::frame::FrameHeader;
use super::mask::unmask;
use super::utf8::Utf8;
use crate::types::Opcode;

/// The evidence with which a frame is certain.
const CERTAIN: i32 = 22;

/// The same where the user knows that there are frames.
const BELIEVED: i32 = 10;

/// The evidence with which a frame keeps others from being found in it.
const DOUBTFUL: i32 = 4;

/// Bytes of a frame that are compared with the next.
const COMPARED: usize = 32;

/// How many chains are read in full before it is given up.
const MAX_TRIES: usize = 8;

/// What the first byte of a frame counts at the most, in bits. Masked payloads
/// have all bytes alike.
const MAX_RARITY: i32 = 10;
const MAX_RARITY_MASKED: i32 = 7;

/// What [`Evidence`] counts at the most of anything.
const MAX_BITS: i32 = 1 << 20;

/// Bytes of one direction without a hole.
#[derive(Clone, Copy)]
pub(super) struct Held<'a> {
    pub(super) bytes: &'a [u8],
    /// Where segments begin, in order; the first begins at 0.
    pub(super) starts: &'a [usize],
}

/// What is asked.
#[derive(Clone, Copy)]
pub(super) struct Question {
    pub(super) kind: Kind,
    /// Frames may lie inside the payload of others.
    pub(super) may_nest: bool,
    /// There are frames.
    pub(super) is_believed: bool,
}

impl Question {
    /// The evidence with which a frame is certain.
    fn certain(self) -> i32 {
        if self.is_believed { BELIEVED } else { CERTAIN }
    }
}

/// What speaks for a chain of frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// All of it, in bits.
    pub bits: i32,
    /// What the text in it tells, in bits.
    pub content: i32,
    /// Frames that are there in full.
    pub frames: u32,
    /// Of these, text frames that hold JSON.
    pub json: u32,
    /// Of these, frames that fill one segment, or more, exactly.
    pub exact: u32,
    /// Of these, frames that end where a segment does.
    pub landings: u32,
    /// Of these, masked ones whose key is not one byte four times nor the key
    /// of the frame before.
    pub fresh_keys: u32,
}

/// What is found.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    pub(super) offset: usize,
    pub(super) evidence: Evidence,
}

/// What all bytes tell.
pub(super) struct Outcome {
    /// The first frame that is certain, with the chain that it leads.
    pub(super) answer: Option<Answer>,
    /// Some segment begins with what may be a frame.
    pub(super) is_possible: bool,
}

/// A frame of a chain.
struct Link {
    start: usize,
    /// Where the next begins; beyond the bytes held, or at their end, there is
    /// none yet.
    end: usize,
    first: u8,
    opcode: Opcode,
    fin: bool,
    is_cut: bool,
    is_aligned: bool,
    /// It says nothing that the frame after it does not say again.
    is_repeated: bool,
    landing: Landing,
    /// What the header's length and the payload tell.
    bits: i32,
    /// It leads to the end of the bytes if it is inside a message, or between
    /// messages.
    lives: [bool; 2],
    /// Of this and those it leads to.
    following: i32,
    /// Of this and those that lead to it.
    certainty: i32,
    leader: Option<usize>,
}

/// Where a frame ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Landing {
    Beyond,
    Inside,
    /// At the end of a segment.
    Boundary,
    /// At the end of the segment which it began.
    Exact,
}

/// Answers in time proportional to the bytes.
pub(super) fn search(held: Held<'_>, question: Question) -> Outcome {
    Chains::new(held, question).outcome()
}

struct Chains<'a> {
    held: Held<'a>,
    question: Question,
    links: Vec<Link>,
    /// How often each byte occurs.
    counts: [u32; 256],
}

impl<'a> Chains<'a> {
    fn new(held: Held<'a>, question: Question) -> Self {
        let mut chains = Self { held, question, links: Vec::new(), counts: [0; 256] };
        chains.gather();
        chains.keep_alive();
        chains.note_repeated();
        chains
    }

    /// Finds all that may be frames.
    fn gather(&mut self) {
        let mut segments = self.held.starts.iter().copied().peekable();
        let bytes = self.held.bytes;
        for (start, &first) in bytes.iter().enumerate() {
            if let Some(count) = self.counts.get_mut(usize::from(first)) {
                *count += 1;
            }
            let is_aligned = segments.next_if(|&segment| segment <= start) == Some(start);
            let rest = bytes.get(start..).unwrap_or_default();
            match look(rest, self.question.kind) {
                Place::Unlikely => {}
                Place::Cut => self.links.push(Link {
                    start,
                    end: usize::MAX,
                    first,
                    opcode: Opcode::from_nibble(first),
                    fin: first & 0x80 != 0,
                    is_cut: true,
                    is_aligned,
                    is_repeated: false,
                    landing: Landing::Beyond,
                    bits: 0,
                    lives: [false; 2],
                    following: 0,
                    certainty: 0,
                    leader: None,
                }),
                Place::Frame(candidate) => {
                    let next_segment = segments.peek().copied().unwrap_or(bytes.len());
                    let link = self.link(start, is_aligned, next_segment, &candidate);
                    self.links.push(link);
                }
            }
        }
    }

    fn link(
        &self,
        start: usize,
        is_aligned: bool,
        next_segment: usize,
        candidate: &Candidate,
    ) -> Link {
        let header = &candidate.header;
        let end = usize::try_from(candidate.size())
            .ok()
            .and_then(|size| start.checked_add(size))
            .unwrap_or(usize::MAX);
        let length = self.held.bytes.len();
        let landing = if end > length {
            Landing::Beyond
        } else if is_aligned && end == next_segment {
            Landing::Exact
        } else if end == length || self.held.starts.binary_search(&end).is_ok() {
            Landing::Boundary
        } else {
            Landing::Inside
        };
        // Of random lengths one in 2^7 takes the next two bytes, and their
        // value is one of 2^16.
        let (form, exact) = match header.length {
            0..=125 => (0, 7),
            126..=0xffff => (4, 12),
            _ => (8, 12),
        };
        let landing_bits = match landing {
            Landing::Beyond | Landing::Inside => 0,
            Landing::Boundary => log2(length / self.held.starts.len().max(1)).min(exact),
            Landing::Exact => exact,
        };
        Link {
            start,
            end,
            first: self.held.bytes.get(start).copied().unwrap_or_default(),
            opcode: header.opcode,
            fin: header.fin,
            is_cut: false,
            is_aligned,
            is_repeated: false,
            landing,
            bits: 1 + form + landing_bits + candidate.content,
            lives: [false; 2],
            following: 0,
            certainty: 0,
            leader: None,
        }
    }

    /// Drops what leads to what is no frame, or to one that is out of order.
    fn keep_alive(&mut self) {
        let length = self.held.bytes.len();
        for index in (0..self.links.len()).rev() {
            let Some(link) = self.links.get(index) else { continue };
            let (end, needs, then) = (link.end, link.needs(), link.leaves());
            // What follows a Close frame need not be frames.
            let is_last = link.opcode == Opcode::Close;
            let next = self.at(end);
            let lives = [false, true].map(|inside| {
                let leaves = then.unwrap_or(inside);
                needs.is_none_or(|needed| needed == inside)
                    && (end >= length
                        || is_last
                        || next.is_some_and(|next| next.lives[usize::from(leaves)]))
            });
            if let Some(link) = self.links.get_mut(index) {
                link.lives = lives;
            }
        }
        self.links.retain(|link| link.lives != [false; 2]);
    }

    /// Whatever repeats itself with some period, masked or not, is full of
    /// chains of equal frames.
    fn note_repeated(&mut self) {
        for index in 0..self.links.len() {
            let Some(link) = self.links.get(index) else { continue };
            let is_repeated = self.at(link.end).is_some_and(|next| self.is_same(link, next));
            if let Some(link) = self.links.get_mut(index) {
                link.is_repeated = is_repeated;
            }
        }
    }

    /// Whether two frames are equal as far as is looked at, or have the same
    /// masking key.
    fn is_same(&self, one: &Link, other: &Link) -> bool {
        let [bytes, other_bytes] = [one, other].map(|link| {
            let end = link.end.min(self.held.bytes.len()).min(link.start + COMPARED);
            self.held.bytes.get(link.start..end).unwrap_or_default()
        });
        let key = |bytes| FrameHeader::parse(bytes).ok().and_then(|header| header.masking_key);
        let common = bytes.len().min(other_bytes.len());
        bytes.get(..common) == other_bytes.get(..common)
            || key(bytes).is_some() && key(bytes) == key(other_bytes)
    }

    /// The link that begins at a byte.
    fn at(&self, start: usize) -> Option<&Link> {
        self.index_at(start).and_then(|index| self.links.get(index))
    }

    fn index_at(&self, start: usize) -> Option<usize> {
        self.links.binary_search_by_key(&start, |link| link.start).ok()
    }

    fn outcome(mut self) -> Outcome {
        let is_possible = self.links.iter().any(|link| link.is_aligned);
        self.weigh();
        let mut covered = 0;
        let mut tries = 0;
        let mut refused = vec![false; self.links.len()];
        for (index, link) in self.links.iter().enumerate() {
            let is_doubtful = link.start < covered;
            if link.following - self.doubt(link) >= DOUBTFUL {
                covered = covered.max(link.end);
            }
            let is_refused = refused.get(index).copied().unwrap_or_default();
            // Neither its beginning nor its end is confirmed by anything else.
            let is_alone =
                link.leader.is_none() && !link.is_aligned && link.landing == Landing::Beyond;
            if is_refused
                || is_doubtful
                || is_alone
                || link.is_cut
                || link.certainty < self.question.certain()
            {
                continue;
            }
            match self.read(index, &mut refused) {
                Some(evidence) => {
                    let answer = Some(Answer { offset: link.start, evidence });
                    return Outcome { answer, is_possible };
                }
                None if tries == MAX_TRIES => break,
                None => tries += 1,
            }
        }
        Outcome { answer: None, is_possible }
    }

    /// Sums up what speaks for each link.
    fn weigh(&mut self) {
        // Bytes that are not the first of a frame tell how often chance brings
        // one forth that looks like it.
        let mut others = self.counts;
        for link in &self.links {
            if let Some(count) = others.get_mut(usize::from(link.first)) {
                *count = count.saturating_sub(1);
            }
        }
        for index in (0..self.links.len()).rev() {
            let Some(link) = self.links.get(index) else { continue };
            let own = self.own(link, &others);
            let next = self.at(link.end).map_or(0, |next| next.following);
            if let Some(link) = self.links.get_mut(index) {
                link.following = (own + next).clamp(-MAX_BITS, MAX_BITS);
            }
        }
        for index in 0..self.links.len() {
            let Some(link) = self.links.get(index) else { continue };
            let next = self.index_at(link.end);
            let following = next.and_then(|next| self.links.get(next)).map_or(0, |n| n.following);
            let led = if link.leader.is_some() { link.certainty } else { -self.doubt(link) };
            let own = link.following - following;
            // A false frame seldom leads to a true one.
            let arrival = if link.landing == Landing::Inside && following >= 10 { 4 } else { 0 };
            let certainty = (led + own).clamp(-MAX_BITS, MAX_BITS);
            if let Some(link) = self.links.get_mut(index) {
                link.certainty = certainty + arrival;
            }
            let Some(next) = next.and_then(|next| self.links.get_mut(next)) else { continue };
            let alone = -doubt(next, self.held, self.question);
            let best = if next.leader.is_some() { next.certainty } else { alone };
            if certainty > best {
                next.certainty = certainty;
                next.leader = Some(index);
            }
        }
    }

    /// What a link that none leads to must first make up for: the choice among
    /// so many.
    fn doubt(&self, link: &Link) -> i32 {
        doubt(link, self.held, self.question)
    }

    /// The evidence of one link, where its first byte occurs so often
    /// elsewhere.
    fn own(&self, link: &Link, others: &[u32; 256]) -> i32 {
        if link.is_cut {
            return 0;
        }
        let others = others.get(usize::from(link.first)).copied().unwrap_or_default();
        // Nearly all frames are whole messages.
        let per_hundred = match (link.fin, link.opcode) {
            (true, Opcode::Text | Opcode::Binary) => 90,
            _ => 2,
        };
        let expected = (self.held.bytes.len() as u64 + 128) * per_hundred;
        let chance = (u64::from(others) * 2 + 1) * 100;
        let rarity = if expected >= chance {
            log2_u64(expected / chance)
        } else {
            -log2_u64(chance / expected)
        };
        let most = if self.question.kind.masked { MAX_RARITY_MASKED } else { MAX_RARITY };
        let own = rarity.min(most) + link.bits;
        // So begins whatever has its length before it in two bytes.
        let is_middle = link.opcode == Opcode::Continuation && !link.fin;
        if is_middle || link.is_repeated { own.min(0) } else { own }
    }

    /// Reads a chain in full, from the link that begins the evidence for
    /// `index`. `None` when its payloads prove it false, or too little is left
    /// of the evidence; `refused` is then set for those that it holds for.
    fn read(&self, index: usize, refused: &mut [bool]) -> Option<Evidence> {
        let mut path = vec![index];
        while let Some(leader) = path.last().and_then(|&last| self.links.get(last)?.leader) {
            path.push(leader);
        }
        path.reverse();
        let before = path.len();
        while let Some(next) =
            path.last().and_then(|&last| self.index_at(self.links.get(last)?.end))
        {
            path.push(next);
        }

        let mut others = self.counts;
        for link in path.iter().filter_map(|&index| self.links.get(index)) {
            if let Some(count) = others.get_mut(usize::from(link.first)) {
                *count = count.saturating_sub(1);
            }
        }
        let mut reader = Reader::default();
        let root = path.first().and_then(|&root| self.links.get(root))?;
        let mut certainty = -self.doubt(root);
        let mut evidence = Evidence::default();
        for (place, &index) in path.iter().enumerate() {
            if let Some(refused) = refused.get_mut(index) {
                *refused = place + 1 >= before;
            }
            let link = self.links.get(index)?;
            let own = self.own(link, &others);
            let rest = self.held.bytes.get(link.start..)?;
            let Place::Frame(candidate) = look(rest, self.question.kind) else {
                continue;
            };
            let lost = reader.frame(&candidate, rest)?;
            if place < before {
                certainty += own - lost;
            }
            if place + 1 == before {
                if link.landing == Landing::Inside {
                    certainty += if self.at(link.end)?.following >= 10 { 4 } else { 0 };
                }
                if certainty < self.question.certain() {
                    return None;
                }
            }
            evidence.bits = evidence.bits.saturating_add(own - lost).min(MAX_BITS);
            if !matches!(candidate.header.masking_key, Some(key) if is_poor_key(key)) {
                let content = evidence.content.saturating_add(candidate.content - lost);
                evidence.content = content.min(MAX_BITS);
            }
            if link.landing == Landing::Beyond {
                continue;
            }
            evidence.frames += 1;
            evidence.json += u32::from(candidate.is_json && lost == 0);
            let fills = link.is_aligned && link.landing == Landing::Boundary;
            evidence.exact += u32::from(fills || link.landing == Landing::Exact);
            evidence.landings += u32::from(link.landing != Landing::Inside);
            evidence.fresh_keys += u32::from(reader.is_fresh);
        }
        Some(evidence)
    }
}

impl Link {
    /// Whether it can only be inside a message (`true`) or only between
    /// messages (RFC 6455 §5.4).
    fn needs(&self) -> Option<bool> {
        match self.opcode {
            Opcode::Continuation => Some(true),
            opcode if opcode.is_control() => None,
            _ => Some(false),
        }
    }

    /// Whether what follows is inside a message; a control frame changes
    /// nothing.
    fn leaves(&self) -> Option<bool> {
        (!self.opcode.is_control()).then_some(!self.fin)
    }
}

/// Payloads of a chain, read in full.
#[derive(Default)]
struct Reader {
    /// Text in the making.
    utf8: Option<Utf8>,
    scratch: Vec<u8>,
    key: Option<[u8; 4]>,
    is_fresh: bool,
}

impl Reader {
    /// Reads the frame that `bytes` begins with. How many bits its content
    /// must give back; `None` when it cannot be.
    fn frame(&mut self, candidate: &Candidate, bytes: &[u8]) -> Option<i32> {
        let header = &candidate.header;
        let key = header.masking_key;
        self.is_fresh = key.is_some_and(|key| !is_poor_key(key) && self.key != Some(key));
        self.key = key;
        let payload = bytes.get(header.header_length..).unwrap_or_default();
        let whole = usize::try_from(header.length).ok().and_then(|length| payload.get(..length));
        match header.opcode {
            Opcode::Text if header.rsv == 0 => self.utf8 = Some(Utf8::default()),
            Opcode::Text | Opcode::Binary => self.utf8 = None,
            Opcode::Continuation => {}
            _ => return Some(0),
        }
        let Some(utf8) = &mut self.utf8 else {
            return Some(0);
        };
        self.scratch.clear();
        self.scratch.extend_from_slice(whole.unwrap_or(payload));
        unmask(&mut self.scratch, key.unwrap_or_default(), 0);
        utf8.push(&self.scratch);
        let is_end = header.fin && whole.is_some();
        if is_end && utf8.invalid_at().is_some() || utf8.invalid_so_far().is_some() {
            return None;
        }
        if is_end {
            self.utf8 = None;
        }
        let is_false = candidate.is_json && !is_json(&self.scratch);
        Some(if is_false { JSON_BITS } else { 0 })
    }
}

fn is_json(text: &[u8]) -> bool {
    let begin = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = text.get(begin..).unwrap_or_default();
    let text = text.strip_suffix(b"\x1e").unwrap_or(text);
    serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

/// What the choice of a byte to begin with costs, in bits: nothing at the
/// beginning of a segment.
fn doubt(link: &Link, held: Held<'_>, question: Question) -> i32 {
    let is_in_text = !question.kind.masked && !question.may_nest;
    match link.is_aligned {
        // Text ends whole, so that no frame begins inside a code point.
        _ if is_in_text && is_inside_code_point(held.bytes, link.start) => MAX_BITS,
        true => 0,
        false if question.may_nest && !question.kind.masked => MAX_BITS,
        false => log2(held.bytes.len()) + 2,
    }
}

/// Whether the byte at `at` goes on with a code point of UTF-8 that begins
/// before it.
fn is_inside_code_point(bytes: &[u8], at: usize) -> bool {
    (1..=3).any(|back| {
        let Some(start) = at.checked_sub(back) else { return false };
        let width = match bytes.get(start) {
            Some(0xc2..=0xdf) => 2,
            Some(0xe0..=0xef) => 3,
            Some(0xf0..=0xf4) => 4,
            _ => return false,
        };
        back < width
            && bytes
                .get(start..start + width)
                .is_some_and(|encoded| std::str::from_utf8(encoded).is_ok())
    })
}

fn log2(value: usize) -> i32 {
    log2_u64(value as u64)
}

fn log2_u64(value: u64) -> i32 {
    value.checked_ilog2().unwrap_or(0).cast_signed()
}

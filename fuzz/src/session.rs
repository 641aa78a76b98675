//! What one side of a connection sends, made from fuzz input: messages,
//! compressed or not, in fragments with control frames between.

use arbitrary::{Result, Unstructured};
use flate2::{Compress, Compression, FlushCompress};
use wsdump::types::{Opcode, Side};
use wsdump::websocket::unmask;

/// A side, and how it sends.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    pub side: Side,
    /// Whether it compresses, and then whether its messages refer to earlier
    /// ones.
    pub keeps_context: Option<bool>,
    /// All it sends is text of printable ASCII.
    pub is_plain: bool,
}

/// Bytes on the wire, and what they are.
pub struct Session {
    pub manner: Manner,
    pub bytes: Vec<u8>,
    pub frames: Vec<SentFrame>,
    /// In the order in which they end.
    pub messages: Vec<Sent>,
}

/// Where a frame lies.
#[derive(Clone, Copy, Debug)]
pub struct SentFrame {
    pub begin: usize,
    pub payload: usize,
    pub end: usize,
}

/// A message.
#[derive(Debug)]
pub struct Sent {
    pub opcode: Opcode,
    pub payload: Vec<u8>,
    pub is_compressed: bool,
    /// Of its frames, in [`Session::frames`].
    pub frames: Vec<usize>,
}

/// Messages of one session.
const MAX_MESSAGES: usize = 60;

impl Session {
    /// Makes one until the input is used up.
    pub fn new(manner: Manner, input: &mut Unstructured<'_>) -> Result<Self> {
        let mut session =
            Self { manner, bytes: Vec::new(), frames: Vec::new(), messages: Vec::new() };
        let mut random = Random(input.arbitrary::<u16>()?.into());
        let mut deflate = Compress::new(Compression::new(input.int_in_range(0..=9)?), false);
        while !input.is_empty() && session.messages.len() < MAX_MESSAGES {
            session.message(input, &mut random, &mut deflate)?;
        }
        Ok(session)
    }

    /// Whether a frame begins at a byte.
    pub fn begins(&self, at: usize) -> bool {
        self.frames.binary_search_by_key(&at, |frame| frame.begin).is_ok()
    }

    fn message(
        &mut self,
        input: &mut Unstructured<'_>,
        random: &mut Random,
        deflate: &mut Compress,
    ) -> Result<()> {
        let shape: u8 = input.arbitrary()?;
        if shape & 0xf == 0xf {
            return self.control(input, random);
        }
        let is_text = shape & 1 == 0 || self.manner.is_plain;
        let payload = match self.manner.is_plain {
            true => plain(input, random)?,
            false => self.payload(is_text, input, random)?,
        };
        let keeps_context = self.manner.keeps_context.filter(|_| shape & 2 != 0);
        let wire = match keeps_context {
            None => payload.clone(),
            Some(keeps_context) => {
                if !keeps_context {
                    deflate.reset();
                }
                compressed(deflate, &payload)
            }
        };
        let fragments = if shape & 0xc == 0xc { usize::from(shape >> 4) % 5 + 1 } else { 1 };
        let opcode = if is_text { 1 } else { 2 };
        let rsv1 = if keeps_context.is_some() { 0x40 } else { 0 };
        let mut frames = Vec::new();
        let mut rest = &wire[..];
        for index in 0..fragments {
            let is_last = index + 1 == fragments;
            let count = if is_last { rest.len() } else { input.int_in_range(0..=rest.len())? };
            let (now, later) = rest.split_at(count);
            rest = later;
            let first = if index == 0 { opcode | rsv1 } else { 0 };
            frames.push(self.frame(first | if is_last { 0x80 } else { 0 }, now, random));
            if !is_last && input.ratio(1, 4)? {
                self.control(input, random)?;
            }
        }
        let is_compressed = keeps_context.is_some();
        let opcode = Opcode::from_nibble(opcode);
        self.messages.push(Sent { opcode, payload, is_compressed, frames });
        Ok(())
    }

    fn control(&mut self, input: &mut Unstructured<'_>, random: &mut Random) -> Result<()> {
        let opcode = if input.arbitrary()? { 9 } else { 10 };
        let length = input.int_in_range(0..=20)?;
        let payload: Vec<u8> = (0..length).map(|_| random.printable()).collect();
        let frames = vec![self.frame(0x80 | opcode, &payload, random)];
        let opcode = Opcode::from_nibble(opcode);
        self.messages.push(Sent { opcode, payload, is_compressed: false, frames });
        Ok(())
    }

    /// The payload of a message, which may be what others said.
    fn payload(
        &self,
        is_text: bool,
        input: &mut Unstructured<'_>,
        random: &mut Random,
    ) -> Result<Vec<u8>> {
        let kind: u8 = input.arbitrary()?;
        Ok(match kind % 6 {
            0 if !self.messages.is_empty() => {
                input.choose(&self.messages)?.payload.repeat(usize::from(kind) / 100 + 1)
            }
            1 => {
                let length = usize::from(input.arbitrary::<u16>()?) % 20_000;
                vec![b'a' + kind % 26; length]
            }
            2 if !is_text => {
                let length = input.int_in_range(0..=600)?;
                (0..length).map(|_| random.next() as u8).collect()
            }
            // Whatever the fuzzer likes: whole frames, too.
            3 => {
                let length = input.int_in_range(0..=300)?;
                input.bytes(length.min(input.len()))?.to_vec()
            }
            4 => {
                let length = random.next() as usize % 5_000;
                (0..length).map(|_| b"{\"a1, }"[random.next() as usize % 7]).collect()
            }
            _ => plain(input, random)?,
        })
    }

    /// Sends a frame; its index.
    fn frame(&mut self, first: u8, payload: &[u8], random: &mut Random) -> usize {
        let begin = self.bytes.len();
        let masks = self.manner.side == Side::Client;
        let mask = u8::from(masks) << 7;
        self.bytes.push(first);
        match payload.len() {
            length @ 0..=125 => self.bytes.push(mask | length as u8),
            length @ 126..=0xffff => {
                self.bytes.push(mask | 126);
                self.bytes.extend((length as u16).to_be_bytes());
            }
            length => {
                self.bytes.push(mask | 127);
                self.bytes.extend((length as u64).to_be_bytes());
            }
        }
        let key = if masks { random.key() } else { [0; 4] };
        if masks {
            self.bytes.extend(key);
        }
        let start = self.bytes.len();
        self.bytes.extend(payload);
        unmask(&mut self.bytes[start..], key, 0);
        self.frames.push(SentFrame { begin, payload: start, end: self.bytes.len() });
        self.frames.len() - 1
    }
}

/// Printable text, JSON or words.
fn plain(input: &mut Unstructured<'_>, random: &mut Random) -> Result<Vec<u8>> {
    let length = usize::from(input.arbitrary::<u8>()?);
    let words: String = (0..length).map(|_| char::from(random.printable())).collect();
    let words = words.replace(['"', '\\'], " ");
    Ok(match input.arbitrary::<bool>()? {
        true => format!("{{\"id\":{length},\"words\":\"{words}\"}}").into_bytes(),
        false => words.into_bytes(),
    })
}

/// Compresses as an endpoint does (RFC 7692 §7.2.1).
pub fn compressed(deflate: &mut Compress, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 100);
    let begun = deflate.total_in();
    loop {
        let taken = (deflate.total_in() - begun) as usize;
        deflate.compress_vec(&message[taken..], &mut out, FlushCompress::Sync).expect("compresses");
        if out.len() < out.capacity() {
            break;
        }
        out.reserve(1_000);
    }
    // Flushed twice, zlib gives nothing.
    out.truncate(out.len().saturating_sub(4));
    out
}

/// Numbers that look random (SplitMix64), so that no search leads to those
/// that would mislead.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn key(&mut self) -> [u8; 4] {
        (self.next() as u32).to_be_bytes()
    }

    fn printable(&mut self) -> u8 {
        b' ' + (self.next() % 95) as u8
    }
}

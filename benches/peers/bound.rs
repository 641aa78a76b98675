//! The least that the work takes, in a program that trusts the captures: all
//! is Ethernet, IPv4, in order and whole.

use std::collections::HashMap;
use std::fs::File;
use std::hint::black_box;
use std::io::{Error, Read, Result};
use std::path::Path;
use std::process::Command;

use flate2::{Decompress, FlushDecompress};
use foldhash::fast::FixedState;
use memchr::memmem;
use serde::de::IgnoredAny;

/// What this program is told to have it take a bound.
pub(crate) const BOUND: &str = "bound";

/// The headers of packets are gone over.
pub(crate) const HEADERS: &str = "headers";

/// Frames are found, unmasked and inflated, and JSON is checked.
pub(crate) const MESSAGES: &str = "messages";

/// This program, taking a bound.
pub(crate) fn command(name: &str, path: &Path) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([BOUND, name]).arg(path);
    Ok(command)
}

/// The messages that the bound finds, which shows that it does the work.
pub(crate) fn messages(path: &Path) -> Result<u64> {
    let output = command(MESSAGES, path)?.output()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().map_err(Error::other)
}

/// Takes a bound, and prints what was counted.
pub(crate) fn run(name: &str, path: &Path) -> Result<()> {
    if name == HEADERS {
        let mut bytes = 0;
        packets(path, |packet| {
            if let Some((flow, payload)) = black_box(segment(packet)) {
                bytes += flow.0 ^ payload.len() as u64;
            }
        })?;
        println!("{bytes}");
        return Ok(());
    }
    let mut flows: HashMap<(u64, u32), Flow, FixedState> = HashMap::default();
    let mut finder = Finder::default();
    packets(path, |packet| {
        if let Some((flow, payload)) = segment(packet)
            && !payload.is_empty()
        {
            flows.entry(flow).or_default().receive(payload, &mut finder);
        }
    })?;
    println!("{}", finder.messages);
    Ok(())
}

/// Shows the packets of a pcap file.
fn packets(path: &Path, mut each: impl FnMut(&[u8])) -> Result<()> {
    const BLOCK: usize = 512 << 10;
    const FILE_HEADER: usize = 24;
    let mut file = File::open(path)?;
    file.read_exact(&mut [0; FILE_HEADER])?;
    let mut block = vec![0; BLOCK];
    let mut filled = 0;
    loop {
        let read = file.read(&mut block[filled..])?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        let mut rest = &block[..filled];
        while let Some((header, after)) = rest.split_first_chunk::<16>()
            && let [.., a, b, c, d, _, _, _, _] = *header
            && let Some((packet, after)) =
                after.split_at_checked(u32::from_le_bytes([a, b, c, d]) as usize)
        {
            each(packet);
            rest = after;
        }
        let start = filled - rest.len();
        block.copy_within(start..filled, 0);
        filled -= start;
    }
}

/// Addresses and ports of a TCP segment, and its payload.
fn segment(packet: &[u8]) -> Option<((u64, u32), &[u8])> {
    const ETHERNET: usize = 14;
    const IPV4: &[u8] = &[8, 0];
    const TCP: u8 = 6;
    let (ethernet, ip) = packet.split_at_checked(ETHERNET)?;
    let (header, _) = ip.split_first_chunk::<20>()?;
    if ethernet[12..] != *IPV4 || header[9] != TCP {
        return None;
    }
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let tcp = ip.get(usize::from(header[0] & 0xf) * 4..length)?;
    let addresses = header[12..].first_chunk().map(|bytes| u64::from_be_bytes(*bytes))?;
    let ports = tcp.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))?;
    let payload = tcp.get(usize::from(tcp.get(12)? >> 4) * 4..)?;
    Some(((addresses, ports), payload))
}

/// One direction of a connection.
#[derive(Default)]
struct Flow {
    state: State,
    /// The beginning of a frame of which more is to come.
    pending: Vec<u8>,
    /// Bytes that it has as a whole, at the least.
    needed: usize,
    /// The beginning of a message of which more is to come.
    message: Vec<u8>,
    inflater: Option<Decompress>,
}

#[derive(Default, PartialEq)]
enum State {
    #[default]
    Handshake,
    WebSocket,
    Other,
}

impl Flow {
    fn receive(&mut self, payload: &[u8], finder: &mut Finder) {
        match self.state {
            // It is in a segment of its own.
            State::Handshake => {
                let is_upgrade = memmem::find(payload, b"Upgrade: websocket").is_some();
                self.state = if is_upgrade { State::WebSocket } else { State::Other };
            }
            State::WebSocket if self.pending.is_empty() => {
                let used = self.frames(payload, finder);
                self.pending.extend(&payload[used..]);
            }
            State::WebSocket => {
                self.pending.extend(payload);
                if self.pending.len() >= self.needed {
                    let mut pending = std::mem::take(&mut self.pending);
                    let used = self.frames(&pending, finder);
                    pending.drain(..used);
                    self.pending = pending;
                }
            }
            State::Other => {}
        }
    }

    /// Takes the frames that are whole. Gives the number of their bytes.
    fn frames(&mut self, bytes: &[u8], finder: &mut Finder) -> usize {
        let mut used = 0;
        while let Some(rest) = bytes.get(used..)
            && let Some((start, length)) = frame(rest)
        {
            self.needed = start + length;
            let Some(payload) = rest.get(start..self.needed) else {
                return used;
            };
            let key = rest[..start].last_chunk::<4>().filter(|_| rest[1] & 0x80 != 0);
            self.frame(rest[0], key.copied(), payload, finder);
            used += self.needed;
        }
        self.needed = 0;
        used
    }

    fn frame(&mut self, first: u8, key: Option<[u8; 4]>, payload: &[u8], finder: &mut Finder) {
        const FIN: u8 = 0x80;
        const RSV1: u8 = 0x40;
        const CONTROL: u8 = 0x08;
        const BINARY: u8 = 2;
        let start = self.message.len();
        if first & FIN == 0 || start > 0 && first & CONTROL == 0 {
            self.message.extend(payload);
            unmask(&mut self.message[start..], key.unwrap_or_default());
            if first & FIN != 0 {
                finder.take(&self.message);
                self.message.clear();
            }
            return;
        }
        let mut payload = payload;
        if let Some(key) = key {
            finder.unmasked.clear();
            finder.unmasked.extend(payload);
            unmask(&mut finder.unmasked, key);
            payload = &finder.unmasked;
        }
        if first & CONTROL != 0 || first & 0xf == BINARY {
            black_box(payload);
            finder.messages += 1;
        } else if first & RSV1 != 0 {
            let inflater = self.inflater.get_or_insert_with(|| Decompress::new(false));
            let length = inflate(inflater, payload, &mut finder.inflated);
            finder.messages += u64::from(is_json(&finder.inflated[..length]));
        } else {
            finder.messages += u64::from(is_json(payload));
        }
    }
}

/// Where the payload of a frame begins, and its length.
fn frame(bytes: &[u8]) -> Option<(usize, usize)> {
    let second = *bytes.get(1)?;
    let (mut start, length) = match second & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?))),
        127 => (10, u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?) as usize),
        length => (2, usize::from(length)),
    };
    if second & 0x80 != 0 {
        start += 4;
    }
    (bytes.len() >= start).then_some((start, length))
}

/// What all directions share.
struct Finder {
    messages: u64,
    unmasked: Vec<u8>,
    inflated: Box<[u8]>,
}

impl Default for Finder {
    fn default() -> Self {
        const LONGEST: usize = 64 << 10;
        let inflated = vec![0; LONGEST].into_boxed_slice();
        Self { messages: 0, unmasked: Vec::new(), inflated }
    }
}

impl Finder {
    /// Takes a message that came in fragments, where all are text or binary.
    fn take(&mut self, message: &[u8]) {
        black_box(message.first() == Some(&b'{') && is_json(message));
        self.messages += 1;
    }
}

/// Not wsdump's own, which is not to be measured by itself.
fn unmask(payload: &mut [u8], [a, b, c, d]: [u8; 4]) {
    let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    words.iter_mut().for_each(|bytes| *bytes = (u64::from_ne_bytes(*bytes) ^ word).to_ne_bytes());
    rest.iter_mut().zip([a, b, c, d, a, b, c]).for_each(|(byte, mask)| *byte ^= mask);
}

fn is_json(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

/// Inflates a message. Gives its length.
fn inflate(inflater: &mut Decompress, payload: &[u8], inflated: &mut [u8]) -> usize {
    const TAIL: &[u8] = &[0x00, 0x00, 0xff, 0xff];
    let before = inflater.total_out();
    for input in [payload, TAIL] {
        let used = (inflater.total_out() - before) as usize;
        // What is not inflated is no JSON, so that messages are missing.
        let _ = inflater.decompress(input, &mut inflated[used..], FlushDecompress::Sync);
    }
    (inflater.total_out() - before) as usize
}

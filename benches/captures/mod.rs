//! Captures made up for measurements, written as they are made.

use std::fs::File;
use std::io::{BufWriter, Result, Write};
use std::path::Path;

use etherparse::PacketBuilder;
use flate2::{Compress, Compression, FlushCompress, Status};

/// Payload bytes of a TCP segment, as with segmentation offload.
const SEGMENT: usize = 32 << 10;

/// Segments after which the other side acknowledges.
const ACKNOWLEDGED: usize = 8;

const REQUEST: &[u8] = b"GET /measured HTTP/1.1\r\nHost: server.example\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
    Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

/// Who sends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// A pcap file in the making.
pub(crate) struct Capture {
    file: BufWriter<File>,
    /// Microseconds since it began.
    time: u32,
}

impl Capture {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        const MAGIC: u32 = 0xa1b2_c3d4;
        const SNAP_LENGTH: u32 = 256 << 10;
        const ETHERNET: u32 = 1;
        let mut file = BufWriter::new(File::create(path)?);
        for word in [MAGIC, 2 | 4 << 16, 0, 0, SNAP_LENGTH, ETHERNET] {
            file.write_all(&word.to_le_bytes())?;
        }
        Ok(Self { file, time: 0 })
    }

    pub(crate) fn finish(mut self) -> Result<()> {
        self.file.flush()
    }

    fn packet(&mut self, packet: &[u8]) -> Result<()> {
        const BEGIN: u32 = 1_700_000_000;
        const SECOND: u32 = 1_000_000;
        self.time += 10;
        let length = packet.len() as u32;
        for word in [BEGIN + self.time / SECOND, self.time % SECOND, length, length] {
            self.file.write_all(&word.to_le_bytes())?;
        }
        self.file.write_all(packet)
    }
}

/// A connection that has negotiated permessage-deflate.
pub(crate) struct Connection {
    /// Address and port of client and server.
    ends: [([u8; 4], u16); 2],
    /// The next sequence number of each.
    next: [u32; 2],
    /// Segments that the other side has not acknowledged.
    segments: usize,
}

impl Connection {
    /// Opens the connection of that number.
    pub(crate) fn open(capture: &mut Capture, number: u16) -> Result<Self> {
        let client = ([10, 1, (number >> 8) as u8, number as u8], 50_000);
        let ends = [client, ([10, 0, 0, 1], 80)];
        let mut connection = Self { ends, next: [1_000, 0xffff_f000], segments: 0 };
        for (side, flags) in [(0, SYN), (1, SYN | ACK), (0, ACK)] {
            connection.segment(capture, side, flags, &[])?;
        }
        connection.send(capture, Side::Client, REQUEST)?;
        connection.send(capture, Side::Server, RESPONSE)?;
        Ok(connection)
    }

    /// Sends bytes in segments.
    pub(crate) fn send(&mut self, capture: &mut Capture, from: Side, bytes: &[u8]) -> Result<()> {
        let side = from as usize;
        for payload in bytes.chunks(SEGMENT) {
            self.segment(capture, side, ACK | PSH, payload)?;
            self.segments += 1;
            if self.segments.is_multiple_of(ACKNOWLEDGED) {
                self.segment(capture, 1 - side, ACK, &[])?;
            }
        }
        Ok(())
    }

    fn segment(
        &mut self,
        capture: &mut Capture,
        side: usize,
        flags: u8,
        payload: &[u8],
    ) -> Result<()> {
        let [(source, source_port), (target, target_port)] = [self.ends[side], self.ends[1 - side]];
        let mut builder = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(source, target, 64).tcp(
            source_port,
            target_port,
            self.next[side],
            0xffff,
        );
        if flags & SYN != 0 {
            builder = builder.syn();
        }
        if flags & ACK != 0 {
            builder = builder.ack(self.next[1 - side]);
        }
        if flags & PSH != 0 {
            builder = builder.psh();
        }
        let mut packet = Vec::with_capacity(builder.size(payload.len()));
        builder.write(&mut packet, payload).map_err(std::io::Error::other)?;
        let advance = payload.len() as u32 + u32::from(flags & SYN != 0);
        self.next[side] = self.next[side].wrapping_add(advance);
        capture.packet(&packet)
    }
}

const SYN: u8 = 1;
const ACK: u8 = 2;
const PSH: u8 = 4;

/// What a frame says before its payload: the last or only one of a message.
pub(crate) struct Header {
    /// The opcode, and RSV1 where the message is compressed.
    first: u8,
    length: u64,
}

impl Header {
    pub(crate) const TEXT: u8 = 1;
    pub(crate) const BINARY: u8 = 2;
    pub(crate) const RSV1: u8 = 0x40;

    pub(crate) fn new(first: u8, length: usize) -> Self {
        Self { first, length: length as u64 }
    }

    /// The bytes of the header.
    pub(crate) fn bytes(&self, from: Side) -> Vec<u8> {
        const FIN: u8 = 0x80;
        const MASK: u8 = 0x80;
        let mask = if from == Side::Client { MASK } else { 0 };
        let mut bytes = vec![FIN | self.first];
        match self.length {
            0..=125 => bytes.push(mask | self.length as u8),
            126..=0xffff => {
                bytes.push(mask | 126);
                bytes.extend((self.length as u16).to_be_bytes());
            }
            _ => {
                bytes.push(mask | 127);
                bytes.extend(self.length.to_be_bytes());
            }
        }
        if from == Side::Client {
            bytes.extend(MASKING_KEY);
        }
        bytes
    }
}

const MASKING_KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame that is a whole message.
pub(crate) fn frame(first: u8, from: Side, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Header::new(first, payload.len()).bytes(from);
    let key = if from == Side::Client { MASKING_KEY } else { [0; 4] };
    bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// What one side compresses with.
pub(crate) struct Deflater(Compress);

impl Deflater {
    pub(crate) fn new() -> Self {
        Self(Compress::new(Compression::best(), false))
    }

    /// The payload of the message that consists of `pieces` (RFC 7692 §7.2.1).
    pub(crate) fn message<'a>(&mut self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        const TAIL: &[u8] = &[0x00, 0x00, 0xff, 0xff];
        let mut payload = Vec::new();
        for piece in pieces {
            self.compress(piece, FlushCompress::None, &mut payload);
        }
        self.compress(&[], FlushCompress::Sync, &mut payload);
        payload.strip_suffix(TAIL).map(<[u8]>::to_vec).unwrap_or(payload)
    }

    fn compress(&mut self, mut piece: &[u8], flush: FlushCompress, payload: &mut Vec<u8>) {
        loop {
            payload.reserve(4096);
            let before = self.0.total_in();
            let status = self.0.compress_vec(piece, payload, flush);
            piece = &piece[(self.0.total_in() - before) as usize..];
            let is_done = piece.is_empty() && payload.len() < payload.capacity();
            if is_done || !matches!(status, Ok(Status::Ok)) {
                return;
            }
        }
    }
}

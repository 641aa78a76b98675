//! Captures built byte by byte, and what is read from them.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::bytes::ByteOrder;
use super::{Capture, Error, ErrorKind, Secrets, Step};

pub(super) use super::bytes::ByteOrder::{Big, Little};

/// A file in the making.
pub(super) struct Builder {
    order: ByteOrder,
    pub(super) bytes: Vec<u8>,
}

impl Builder {
    pub(super) fn new(order: ByteOrder) -> Self {
        Self { order, bytes: Vec::new() }
    }

    pub(super) fn u16(mut self, value: u16) -> Self {
        self.bytes.extend(match self.order {
            Little => value.to_le_bytes(),
            Big => value.to_be_bytes(),
        });
        self
    }

    pub(super) fn u32(mut self, value: u32) -> Self {
        self.bytes.extend(match self.order {
            Little => value.to_le_bytes(),
            Big => value.to_be_bytes(),
        });
        self
    }

    pub(super) fn u64(mut self, value: u64) -> Self {
        self.bytes.extend(match self.order {
            Little => value.to_le_bytes(),
            Big => value.to_be_bytes(),
        });
        self
    }

    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    fn pad(mut self) -> Self {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }

    // pcap

    /// Header of a pcap file, version 2.4.
    pub(super) fn pcap(order: ByteOrder, magic: u32, snap_length: u32, network: u32) -> Self {
        let header = Self::new(order).u32(magic).u16(2).u16(4).u32(0).u32(0);
        header.u32(snap_length).u32(network)
    }

    /// A usual pcap file: microseconds, Ethernet.
    pub(super) fn usual_pcap() -> Self {
        Self::pcap(Little, 0xa1b2_c3d4, 65535, 1)
    }

    pub(super) fn record(self, seconds: u32, fraction: u32, data: &[u8]) -> Self {
        self.cut_record(seconds, fraction, data, data.len() as u32)
    }

    pub(super) fn cut_record(self, seconds: u32, fraction: u32, data: &[u8], length: u32) -> Self {
        self.u32(seconds).u32(fraction).u32(data.len() as u32).u32(length).raw(data)
    }

    // pcapng

    /// A pcapng file with its first section header.
    pub(super) fn pcapng(order: ByteOrder) -> Self {
        Self::new(order).section(order)
    }

    /// One interface, microseconds, Ethernet.
    pub(super) fn usual_pcapng() -> Self {
        Self::pcapng(Little).interface(1, 0, &[])
    }

    pub(super) fn section(mut self, order: ByteOrder) -> Self {
        self.order = order;
        let body = Self::new(order).u32(0x1a2b_3c4d).u16(1).u16(0).u64(u64::MAX).bytes;
        self.block(0x0a0d_0d0a, &body)
    }

    pub(super) fn block(self, kind: u32, body: &[u8]) -> Self {
        let length = body.len().next_multiple_of(4) as u32 + 12;
        self.u32(kind).u32(length).raw(body).pad().u32(length)
    }

    pub(super) fn interface(self, link: u16, snap_length: u32, options: &[(u16, &[u8])]) -> Self {
        let body = Self::new(self.order).u16(link).u16(0).u32(snap_length).options(options).bytes;
        self.block(1, &body)
    }

    pub(super) fn enhanced(self, interface: u32, ticks: u64, data: &[u8]) -> Self {
        self.enhanced_with(interface, ticks, data, data.len() as u32, &[])
    }

    pub(super) fn enhanced_with(
        self,
        interface: u32,
        ticks: u64,
        data: &[u8],
        original: u32,
        options: &[(u16, &[u8])],
    ) -> Self {
        let fields = Self::new(self.order).u32(interface);
        let body = fields.packet_fields(ticks, data, original).options(options).bytes;
        self.block(6, &body)
    }

    pub(super) fn obsolete(self, interface: u16, ticks: u64, data: &[u8]) -> Self {
        let fields = Self::new(self.order).u16(interface).u16(7);
        let body = fields.packet_fields(ticks, data, data.len() as u32).bytes;
        self.block(2, &body)
    }

    pub(super) fn simple(self, data: &[u8], original: u32) -> Self {
        let body = Self::new(self.order).u32(original).raw(data).bytes;
        self.block(3, &body)
    }

    fn packet_fields(self, ticks: u64, data: &[u8], original: u32) -> Self {
        let times = self.u32((ticks >> 32) as u32).u32(ticks as u32);
        times.u32(data.len() as u32).u32(original).raw(data).pad()
    }

    fn options(self, options: &[(u16, &[u8])]) -> Self {
        if options.is_empty() {
            return self;
        }
        let each = |file: Self, &(code, value): &(u16, &[u8])| {
            file.u16(code).u16(value.len() as u16).raw(value).pad()
        };
        options.iter().fold(self, each).u32(0)
    }

    // reading

    pub(super) fn read(&self) -> Seen {
        Seen::of_bytes(&self.bytes)
    }
}

/// A packet as a test compares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SeenPacket {
    pub(super) nanoseconds: Option<i64>,
    pub(super) link_type: u16,
    pub(super) data: Vec<u8>,
    pub(super) original_length: u32,
    pub(super) file: Option<String>,
    pub(super) interface: Option<String>,
}

/// All that a capture gave.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) packets: Vec<SeenPacket>,
    pub(super) problems: Vec<Error>,
    /// How many packets came before each problem.
    pub(super) problems_after: Vec<usize>,
    /// Secrets, and how many packets came before them.
    pub(super) secrets: Vec<(Secrets, usize)>,
    /// Packets that were lost, as it says.
    pub(super) lost: u64,
    pub(super) starved: usize,
    pub(super) most_open: usize,
}

impl Seen {
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        Self::of_reader(io::Cursor::new(bytes.to_vec()))
    }

    pub(super) fn of_reader(reader: impl Read + Send + 'static) -> Self {
        Self::of(Capture::from_reader("test", reader))
    }

    pub(super) fn of(mut capture: Capture) -> Self {
        let mut seen = Self::default();
        loop {
            let count = seen.packets.len();
            match capture.next() {
                Step::Packet(packet, _) => {
                    assert_eq!(packet.origin.packet, count as u64 + 1);
                    let source_id = packet.origin.source;
                    seen.packets.push(SeenPacket {
                        nanoseconds: packet.origin.time.map(|time| time.nanoseconds()),
                        link_type: packet.link_type.0,
                        data: packet.data.to_vec(),
                        original_length: packet.original_length,
                        file: None,
                        interface: None,
                    });
                    let source = &capture.sources()[source_id.0 as usize];
                    let last = seen.packets.last_mut().unwrap();
                    (last.file, last.interface) = (source.file.clone(), source.interface.clone());
                }
                Step::Secrets(secrets) => seen.secrets.push((secrets.clone(), count)),
                Step::Starved => seen.starved += 1,
                Step::Problem(error) => {
                    seen.problems.push(error);
                    seen.problems_after.push(count);
                }
                Step::Idle(time) => assert_eq!(time.nanoseconds(), 0, "files are never idle"),
                Step::End => break,
            }
            seen.most_open = seen.most_open.max(capture.open_inputs());
        }
        assert!(matches!(capture.next(), Step::End));
        seen.lost = capture.lost();
        seen
    }

    pub(super) fn data(&self) -> Vec<&[u8]> {
        self.packets.iter().map(|packet| packet.data.as_slice()).collect()
    }

    /// The packets, when nothing was wrong.
    pub(super) fn all_well(self) -> Vec<SeenPacket> {
        assert!(self.problems.is_empty(), "{:?}", self.problems);
        self.packets
    }

    /// The one problem there is.
    pub(super) fn problem(&self) -> &ErrorKind {
        assert_eq!(self.problems.len(), 1, "{:?}", self.problems);
        &self.problems[0].kind
    }

    /// The one problem's sentence.
    pub(super) fn sentence(&self) -> String {
        self.problem().to_string()
    }
}

/// Gives at most so many bytes at a read, in turn; interrupted before each.
pub(super) struct Chunks {
    pub(super) bytes: Vec<u8>,
    pub(super) sizes: Vec<usize>,
    turn: usize,
    interrupted: bool,
}

impl Chunks {
    pub(super) fn new(bytes: &[u8], sizes: &[usize]) -> Self {
        Self { bytes: bytes.to_vec(), sizes: sizes.to_vec(), turn: 0, interrupted: false }
    }
}

impl Read for Chunks {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let size = self.sizes[self.turn % self.sizes.len()].min(self.bytes.len()).min(out.len());
        self.turn += 1;
        out[..size].copy_from_slice(&self.bytes[..size]);
        self.bytes.drain(..size);
        Ok(size)
    }
}

/// A folder that goes away with the test.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("wsdump-capture-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

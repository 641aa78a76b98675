//! Reads packets from capture files and from live interfaces, and writes those
//! that are to be kept.
//!
//! ```text
//!  Input ──► Stream ─────────► Buffer ──► Pcap | Pcapng ──► Capture
//!  file,     plain, gzip,      a window   bytes in,         several inputs
//!  stdin     zstd or lz4       of bytes   records out       merged by time
//!            └──────────────── Reader: one input ─────────┘
//!
//!  interface ──► libpcap ───────────────────────► Live
//!
//!  Packet ──► PcapngWriter ──► WholeBlocks ─────► files
//!             └──────────── PacketWriter ───┘
//! ```
//!
//! What an input is, compressed or not, pcap or pcapng, is told by its bytes
//! and never by its name. The two formats are read by state machines that do
//! no I/O: they are shown the bytes at hand and answer with a record, or with
//! how many bytes they need. A packet stays in the buffer that it was read
//! into and is lent from there.
//!
//! The bytes may be damaged or made to do harm. Nothing they say makes the
//! reader panic, loop, or allocate more than it has read; what cannot be read
//! is told with the byte where it stands, and everything before it is given.
//!
//! ```no_run
//! use wsdump::capture::{Capture, Input, Step};
//!
//! let mut capture = Capture::open(vec![Input::File("day.pcapng.gz".into())]);
//! loop {
//!     match capture.next() {
//!         Step::Packet(packet, _) => println!("{} bytes", packet.data.len()),
//!         Step::Starved => { /* flush what was written: the next call may block */ }
//!         Step::Idle(_) | Step::Secrets(_) => {}
//!         Step::Problem(error) => eprintln!("{error}"),
//!         Step::End => break,
//!     }
//! }
//! ```

#[cfg(libpcap)]
mod bpf;
mod buffer;
mod bytes;
mod clock;
mod compression;
mod counted;
mod error;
mod followed;
#[cfg(libpcap)]
mod handle;
mod input;
#[cfg(libpcap)]
mod interfaces;
#[cfg(libpcap)]
mod live;
mod merge;
mod nothing_yet;
mod part;
mod pcap_file;
mod pcapng_file;
mod pcapng_writer;
mod pulse;
mod reader;
mod record;
mod rotation;
mod same_file;
mod secrets;
mod step;
mod stop;
#[cfg(test)]
mod testing;
mod whole_blocks;
mod writer;

use std::io::Read;

#[cfg(libpcap)]
pub use bpf::{CaptureFilter, FilterError};
pub use compression::Compression;
pub use error::{Damage, Error, ErrorKind, Place};
#[cfg(libpcap)]
pub use handle::{LiveError, LiveOptions};
pub use input::Input;
#[cfg(libpcap)]
pub use interfaces::{Interface, interfaces};
pub use rotation::Rotation;
pub use same_file::is_same_file;
pub use secrets::Secrets;
pub use step::{Drops, Step};
pub use stop::Stop;
pub use writer::{PacketWriter, WriteError, WriteOptions, Written};

#[cfg(libpcap)]
use live::Live;
use merge::Merge;

use crate::types::Source;

/// Packets, from files or from live interfaces.
///
/// Several files are merged by capture time. Each is read in its own order; of
/// packets with the same time, that of the file that starts first comes first.
/// Files start in the order of their first packets' times, then in the order in
/// which they were named, so the files of a rotated capture continue one
/// another in whatever order they are named. A packet without a time takes the
/// place of the one before it in its file.
///
/// Of several files, each is opened in turn at the beginning and read up to
/// its first packet. Regular files are closed again until that packet's time
/// has come, and for good at their end, so that no more of them are open at
/// once than overlap in time. Anything else (standard input, a FIFO) stays
/// open.
///
/// Memory: about 256 KiB for each open file, more only for a packet that is
/// larger than that (16 MiB at the most); for each compressed one its decoder,
/// which zstd lets have a window of up to 128 MiB; for each interface the
/// buffer that it was asked to have.
pub struct Capture(Kind);

enum Kind {
    Files(Merge),
    #[cfg(libpcap)]
    Live(Live),
}

impl Capture {
    /// A capture of these inputs. Nothing is opened yet: an input that cannot
    /// be is told of by [`Step::Problem`].
    pub fn open(inputs: Vec<Input>) -> Self {
        Self(Kind::Files(Merge::open(inputs)))
    }

    /// A capture of the bytes that `reader` gives; `name` stands in errors.
    ///
    /// An interrupted read is tried again; any other error ends the capture
    /// with a [`Step::Problem`].
    pub fn from_reader(name: impl Into<String>, reader: impl Read + Send + 'static) -> Self {
        Self(Kind::Files(Merge::from_reader(name, reader)))
    }

    /// A capture of what passes over live interfaces, from now on. It does not
    /// end by itself, but for [`Capture::stopped_by`] and interfaces that
    /// vanish.
    ///
    /// # Errors
    /// When an interface cannot be opened, or the filter is not understood.
    #[cfg(libpcap)]
    pub fn live(options: &LiveOptions) -> Result<Self, LiveError> {
        Live::open(options).map(|live| Self(Kind::Live(live)))
    }

    /// Ends it as [`Capture::end`] does when `stop` is used, even while it waits
    /// for packets, though not while a reader of [`Capture::from_reader`] does.
    #[must_use]
    pub fn stopped_by(mut self, stop: Stop) -> Self {
        match &mut self.0 {
            Kind::Files(merge) => merge.stopped_by(stop),
            #[cfg(libpcap)]
            Kind::Live(live) => live.stopped_by(stop),
        }
        self
    }

    /// Ends a live capture: what the kernel has captured until now is still
    /// given, then comes [`Step::End`]. Of files nothing more is given.
    pub fn end(&mut self) {
        match &mut self.0 {
            Kind::Files(merge) => merge.end(),
            #[cfg(libpcap)]
            Kind::Live(live) => live.end(),
        }
    }

    /// Goes one step on.
    #[expect(clippy::should_implement_trait, reason = "an Iterator cannot lend its items")]
    pub fn next(&mut self) -> Step<'_> {
        match &mut self.0 {
            Kind::Files(merge) => merge.next(),
            #[cfg(libpcap)]
            Kind::Live(live) => live.next(),
        }
    }

    /// Files and interfaces that packets came from, indexed by
    /// [`SourceId`](crate::types::SourceId).
    ///
    /// A source is added before the first packet that names it, and never
    /// changes. Of one file at most 4096 interface names are told apart.
    pub fn sources(&self) -> &[Source] {
        match &self.0 {
            Kind::Files(merge) => merge.sources(),
            #[cfg(libpcap)]
            Kind::Live(live) => live.sources(),
        }
    }

    /// Whether it is of live interfaces.
    pub fn is_live(&self) -> bool {
        match self.0 {
            Kind::Files(_) => false,
            #[cfg(libpcap)]
            Kind::Live(_) => true,
        }
    }

    /// Whether it goes on until it is ended: of live interfaces, or of a file that
    /// is followed.
    pub fn is_endless(&self) -> bool {
        match &self.0 {
            Kind::Files(merge) => merge.is_endless(),
            #[cfg(libpcap)]
            Kind::Live(_) => true,
        }
    }

    /// Whether the next step may have to wait for somebody, as with pipes and
    /// live interfaces.
    pub fn may_wait(&self) -> bool {
        match &self.0 {
            Kind::Files(merge) => merge.may_wait(),
            #[cfg(libpcap)]
            Kind::Live(_) => true,
        }
    }

    /// Bytes read of the files so far, as they lie there: of a compressed one,
    /// compressed bytes. A file that has been closed for good counts as a whole.
    /// 0 of a live capture.
    pub fn bytes(&self) -> u64 {
        match &self.0 {
            Kind::Files(merge) => merge.bytes(),
            #[cfg(libpcap)]
            Kind::Live(_) => 0,
        }
    }

    /// What [`Capture::bytes`] comes to in the end; `None` when there is an
    /// input that is no regular file. It looks at each file.
    pub fn size(&self) -> Option<u64> {
        match &self.0 {
            Kind::Files(merge) => merge.size(),
            #[cfg(libpcap)]
            Kind::Live(_) => None,
        }
    }

    /// Blocks of secrets that were passed over, as one was broken or there were
    /// more than 16 MiB of them at once.
    pub fn secrets_left_out(&self) -> u64 {
        match &self.0 {
            Kind::Files(merge) => merge.secrets_left_out(),
            #[cfg(libpcap)]
            Kind::Live(_) => 0,
        }
    }

    /// Packets that a live capture lost so far; `None` of files.
    pub fn drops(&mut self) -> Option<Drops> {
        match &mut self.0 {
            Kind::Files(_) => None,
            #[cfg(libpcap)]
            Kind::Live(live) => Some(live.drops()),
        }
    }

    /// Packets that were lost when files were captured, as far as these say so and
    /// have been read (pcapng interface statistics). 0 of a live capture.
    pub fn lost(&self) -> u64 {
        match &self.0 {
            Kind::Files(merge) => merge.lost(),
            #[cfg(libpcap)]
            Kind::Live(_) => 0,
        }
    }

    /// What is captured live, each interface with the name of its link type:
    /// `lo (EN10MB)`; empty for files.
    pub fn interfaces(&self) -> Vec<String> {
        match &self.0 {
            Kind::Files(_) => Vec::new(),
            #[cfg(libpcap)]
            Kind::Live(live) => live.interfaces(),
        }
    }

    #[cfg(test)]
    fn open_inputs(&self) -> usize {
        match &self.0 {
            Kind::Files(merge) => merge.open_inputs(),
            #[cfg(libpcap)]
            Kind::Live(_) => 0,
        }
    }
}

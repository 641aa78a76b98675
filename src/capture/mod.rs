//! Reads packets from capture files.
//!
//! ```text
//!  Input ──► Stream ─────────► Buffer ──► Pcap | Pcapng ──► Capture
//!  file,     plain, gzip,      a window   bytes in,         several inputs
//!  stdin     zstd or lz4       of bytes   records out       merged by time
//!            └──────────────── Reader: one input ─────────┘
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
//!         Step::Problem(error) => eprintln!("{error}"),
//!         Step::End => break,
//!     }
//! }
//! ```

mod buffer;
mod bytes;
mod clock;
mod compression;
mod error;
mod input;
#[cfg(libpcap)]
mod interfaces;
mod merge;
mod part;
mod pcap_file;
mod pcapng_file;
mod reader;
mod record;
#[cfg(test)]
mod testing;

pub use compression::Compression;
pub use error::{Damage, Error, ErrorKind, Place};
pub use input::Input;
#[cfg(libpcap)]
pub use interfaces::{Interface, interfaces};
pub use merge::{Capture, Step};

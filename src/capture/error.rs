//! What can be wrong with an input.

use std::fmt;
use std::io;

use thiserror::Error;

use super::Compression;

/// An input, or a part of it, that cannot be read.
///
/// Displayed as `FILE: sentence`. The name comes from the user and is shown
/// as it is: whoever writes it to a terminal escapes it.
#[derive(Debug, Error)]
#[error("{input}: {kind}")]
pub struct Error {
    /// The file's name as the user gave it, or `standard input`.
    pub input: String,
    /// What is wrong.
    pub kind: ErrorKind,
}

/// What is wrong with an input.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// The system does not let this user read the file.
    #[error(
        "no permission to read it: run wsdump as a user who may, or change the file's permissions"
    )]
    Permission,
    /// A folder stands where a file should.
    #[error("is a folder: name the capture files in it")]
    Folder,
    /// A file is to be followed, and this is none.
    #[error("is no regular file: what comes from there is shown as it comes, without following it")]
    NotToBeFollowed,
    /// The system could not open the file.
    #[error("cannot be opened: {0}")]
    Open(#[source] io::Error),
    /// The system could not read on.
    #[error("cannot be read at {place}: {cause}")]
    Read {
        /// How far reading came.
        place: Place,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// The interface vanished, or went down.
    #[error("nothing more can be captured there: {message}")]
    Interface {
        /// What libpcap says.
        message: String,
    },
    /// There is not one byte.
    #[error("is empty: nothing was captured into it")]
    Empty,
    /// There are fewer bytes than a capture's first header has.
    #[error("is too short to be a capture: {had} bytes, where the header alone has {needed}")]
    TooShort {
        /// Bytes that the shortest header has.
        needed: u64,
        /// Bytes that are there.
        had: u64,
    },
    /// Neither pcap nor pcapng.
    #[error(
        "is not a pcap or pcapng capture (it begins with {}): convert it with `editcap -F pcapng` if Wireshark can read it",
        Hex(first)
    )]
    NotACapture {
        /// The first bytes, after decompression; at most 8.
        first: Vec<u8>,
    },
    /// Compressed in a way that wsdump does not read.
    #[error("is compressed with {program}, which wsdump does not read: decompress it first")]
    UnknownCompression {
        /// The program that compresses so.
        program: &'static str,
    },
    /// The input ends inside a record or block.
    #[error(
        "is cut off in the middle of a record, which begins at {place} and needs {needed} bytes, of which {had} are there"
    )]
    Cut {
        /// Where the record begins.
        place: Place,
        /// Bytes that the record has; where its own header is cut, the bytes
        /// of that header.
        needed: u64,
        /// Bytes of it that are there.
        had: u64,
    },
    /// The compressed data ends too early.
    #[error("the {compression} data is cut off: it gave {had} bytes and its end is missing")]
    CompressionCut {
        /// How it is compressed.
        compression: Compression,
        /// Decompressed bytes that could be read.
        had: u64,
    },
    /// The compressed data is broken.
    #[error("the {compression} data is broken after giving {had} bytes: {cause}")]
    CompressionBroken {
        /// How it is compressed.
        compression: Compression,
        /// Decompressed bytes that could be read.
        had: u64,
        /// What the decoder says.
        cause: String,
    },
    /// A record or block that makes all that follows it unreadable.
    #[error("is damaged at {place}: {damage}; nothing from there on can be read")]
    Damaged {
        /// Where the record begins.
        place: Place,
        /// What is wrong with it.
        damage: Damage,
    },
    /// A packet that cannot be given; those after it can. Told for the first
    /// such packet of an input; [`ErrorKind::MoreSkipped`] counts the others.
    #[error("the packet at {place} was skipped: {damage}")]
    Skipped {
        /// Where the packet's block begins.
        place: Place,
        /// What is wrong with it.
        damage: Damage,
    },
    /// How many more packets there were like the one told of before. Comes at
    /// the end of the input.
    #[error("more packets like that one were skipped: {count}")]
    MoreSkipped {
        /// Packets, the first not counted.
        count: u64,
    },
}

/// A position in an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Bytes before it; in a compressed input, decompressed bytes.
    pub offset: u64,
    /// How the input is compressed.
    pub compression: Option<Compression>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}", self.offset)?;
        if self.compression.is_some() {
            f.write_str(" of the decompressed data")?;
        }
        Ok(())
    }
}

/// What is wrong with a record (pcap) or block (pcapng).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Damage {
    /// A pcap record with a length that no packet of the file can have.
    #[error(
        "its record says that {captured} bytes were captured, but {limit} is the most there can be"
    )]
    RecordLength {
        /// Captured length that the record states.
        captured: u32,
        /// The most that is accepted.
        limit: u32,
    },
    /// A block length that is below 12 or not a multiple of 4.
    #[error(
        "its block says that it is {stated} bytes long, but a block has a multiple of 4 and at least 12"
    )]
    BlockLength {
        /// Length that the block states.
        stated: u32,
    },
    /// The length before the block and the one after it are not the same.
    #[error("its block begins with the length {stated} and ends with the length {repeated}")]
    BlockTrailer {
        /// Length at the block's begin.
        stated: u32,
        /// Length at its end.
        repeated: u32,
    },
    /// A block that must be read whole and is larger than the reader's limit.
    #[error("its block is {stated} bytes long, but {limit} is the most that is read")]
    BlockTooLong {
        /// Length that the block states.
        stated: u32,
        /// The most that is accepted.
        limit: u32,
    },
    /// A block too short for what it must or says to hold.
    #[error("its block holds {had} bytes, but needs {needed}")]
    BlockTooShort {
        /// Bytes that the block's body must have.
        needed: u64,
        /// Bytes that it has.
        had: u64,
    },
    /// A section header without the byte-order magic.
    #[error("its section header has {} for the byte-order magic", Hex(found))]
    ByteOrder {
        /// The bytes in its place.
        found: [u8; 4],
    },
    /// A section of a pcapng version that does not exist yet.
    #[error("its section is of pcapng version {major}.{minor}, and wsdump reads version 1")]
    Version {
        /// Major version.
        major: u16,
        /// Minor version.
        minor: u16,
    },
    /// A packet of an interface that the section has not described.
    #[error(
        "it belongs to interface {interface}, but its section has described {described} so far"
    )]
    UnknownInterface {
        /// Number of the interface, from 0.
        interface: u32,
        /// Interfaces that there are.
        described: usize,
    },
    /// A section with more interfaces than the reader remembers.
    #[error("its section describes more than {limit} interfaces")]
    TooManyInterfaces {
        /// The most that are accepted.
        limit: usize,
    },
}

/// Bytes as a hex dump shows them: `0a 0d 0d 0a`.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{byte:02x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_sentence_behind_the_name() {
        let place = Place { offset: 24, compression: Some(Compression::Gzip) };
        let kind = ErrorKind::Cut { place, needed: 76, had: 20 };
        let error = Error { input: "a.pcap.gz".into(), kind };
        assert_eq!(
            error.to_string(),
            "a.pcap.gz: is cut off in the middle of a record, which begins at byte 24 of the \
             decompressed data and needs 76 bytes, of which 20 are there"
        );
    }

    #[test]
    fn first_bytes_are_shown_in_hex() {
        let kind = ErrorKind::NotACapture { first: b"{\"a".to_vec() };
        assert!(kind.to_string().contains("(it begins with 7b 22 61)"));
    }
}

//! Writes packets to pcapng files.
//!
//! ```text
//!  Packet ──► PcapngWriter ──► WholeBlocks ──► file, file, file …
//!             blocks           buffer          Rotation
//! ```

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::types::{Packet, Source};

use super::pcapng_writer::PcapngWriter;
use super::rotation::{Rotation, Span};
use super::same_file::is_same_file;
use super::secrets::MAX_SECRETS;
use super::whole_blocks::{Store, WholeBlocks};
use super::{Drops, Secrets};

/// What a [`PacketWriter`] is to do.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// The file; with a rotation, the name that those of the files are made of.
    pub path: PathBuf,
    /// Files that are being read, or written otherwise: they are not overwritten.
    pub others: Vec<PathBuf>,
    /// When to go on in another file.
    pub rotation: Rotation,
    /// What is written into the file as its author.
    pub application: String,
    /// Bytes that were captured of each packet at the most; 0 when that is not
    /// known.
    pub snap_length: u32,
    /// The name of the interface, where there is only one and sources do not tell
    /// it.
    pub interface: Option<String>,
}

/// Writes packets to a pcapng file, or to one after the other.
///
/// Files of the same names are overwritten. Bytes are collected until
/// [`PacketWriter::flush`] or until there are many, and written in whole blocks.
/// When that fails, the file is cut back to its last whole packet, so that it can
/// still be read.
pub struct PacketWriter {
    options: WriteOptions,
    encoder: PcapngWriter,
    out: WholeBlocks<FileStore>,
    span: Span,
    /// The number of the file at hand, from 1.
    number: u64,
    /// The files that there are, the oldest first.
    files: VecDeque<PathBuf>,
    /// Packets in the files before.
    packets_before: u64,
    /// Every file begins with them.
    secrets: Vec<Secrets>,
    secrets_bytes: usize,
    secrets_left_out: u64,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Packets, in files that were removed again too.
    pub packets: u64,
    /// The first file that is still there, and the last.
    pub files: [PathBuf; 2],
    /// How many files were written.
    pub count: u64,
    /// Blocks of secrets that were not, as there were more than 16 MiB.
    pub secrets_left_out: u64,
}

/// Why packets cannot be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A file could not be created.
    #[error("{}: cannot be created: {cause}", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// The file is needed otherwise.
    #[error(
        "{}: is the file that is read, or that standard output goes to: name another one",
        path.display()
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// What packets hold must not reach a terminal as it is.
    #[error("{}: is a terminal, which packets are nothing for: name a file", path.display())]
    Terminal {
        /// The terminal.
        path: PathBuf,
    },
    /// A file could not be written to its end.
    #[error(
        "{}: cannot be written any further: {cause}; it can be read and holds {packets} packet{}",
        path.display(),
        if *packets == 1 { "" } else { "s" }
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// Packets in it.
        packets: u64,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// An earlier file could not be removed.
    #[error("{}: cannot be removed to keep no more files than asked for: {cause}", path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
}

impl PacketWriter {
    /// Creates the file, or the first one.
    ///
    /// # Errors
    /// When that is not possible, or not even its head can be written.
    pub fn create(options: WriteOptions) -> Result<Self, WriteError> {
        let WriteOptions { application, snap_length, interface, .. } = options.clone();
        let mut encoder = PcapngWriter::new(application, snap_length, interface);
        let path = options.rotation.name(&options.path, 1);
        let out = begin(&path, &options.others, &mut encoder, &[])?;
        Ok(Self {
            options,
            encoder,
            out,
            span: Span::default(),
            number: 1,
            files: [path].into(),
            packets_before: 0,
            secrets: Vec::new(),
            secrets_bytes: 0,
            secrets_left_out: 0,
        })
    }

    /// Writes secrets, for the packets that follow in this file and in those
    /// after it. No more than 16 MiB are kept for that.
    pub fn secrets(&mut self, secrets: &Secrets) {
        let cost = secrets.data.len() + size_of::<Secrets>();
        if self.secrets_bytes + cost > MAX_SECRETS {
            self.secrets_left_out += 1;
            return;
        }
        if self.options.rotation.is_wanted() {
            self.secrets.push(secrets.clone());
        }
        self.secrets_bytes += cost;
        self.out.add(|out| PcapngWriter::secrets(out, secrets));
    }

    /// Writes a packet, which came from `source`.
    ///
    /// # Errors
    /// When a file cannot be written, created or removed. Nothing more must be
    /// written then.
    pub fn packet(&mut self, packet: &Packet<'_>, source: &Source) -> Result<(), WriteError> {
        let (time, rotation, span) = (packet.origin.time, self.options.rotation, self.span);
        let Self { out, encoder, .. } = self;
        let fits = |size| !rotation.is_due(span, size, time);
        let mut added = out.add_packet_if(fits, |out| encoder.packet(out, packet, source));
        if matches!(added, Ok(false)) {
            self.rotate()?;
            // Other blocks than before: in the new file no interface is described.
            let Self { out, encoder, .. } = self;
            added = out.add_packet_if(|_| true, |out| encoder.packet(out, packet, source));
        }
        self.span.add(time);
        added.map(drop).map_err(|cause| self.write_error(cause))
    }

    /// Writes that packets were lost while these were captured.
    pub fn drops(&mut self, drops: Drops) {
        let Self { out, encoder, span, .. } = self;
        // Without packets there is nothing to say it of.
        if let Some(time) = span.latest() {
            out.add(|out| encoder.drops(out, drops, time));
        }
    }

    /// Writes everything that was collected. The system may take its time to
    /// bring it to the disk.
    ///
    /// # Errors
    /// When that is not possible. Nothing more must be written then.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        self.out.flush().map_err(|cause| self.write_error(cause))
    }

    /// What was written.
    pub fn written(&self) -> Written {
        let file = |path: Option<&PathBuf>| path.cloned().unwrap_or_default();
        Written {
            packets: self.packets_before + self.out.packets(),
            files: [file(self.files.front()), file(self.files.back())],
            count: self.number,
            secrets_left_out: self.secrets_left_out,
        }
    }

    fn rotate(&mut self) -> Result<(), WriteError> {
        self.flush()?;
        let path = self.options.rotation.name(&self.options.path, self.number + 1);
        let out = begin(&path, &self.options.others, &mut self.encoder, &self.secrets)?;
        self.packets_before += self.out.packets();
        self.out = out;
        self.number += 1;
        self.span = Span::default();
        self.files.push_back(path);
        self.remove_old()
    }

    fn remove_old(&mut self) -> Result<(), WriteError> {
        // As many names as that are remembered anyway.
        let keep = self.options.rotation.keep.unwrap_or(usize::MAX);
        while self.files.len() > keep
            && let Some(path) = self.files.pop_front()
        {
            match fs::remove_file(&path) {
                Ok(()) => {}
                // Somebody else wanted it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(cause) => return Err(WriteError::Remove { path, cause }),
            }
        }
        Ok(())
    }

    fn write_error(&self, cause: io::Error) -> WriteError {
        let path = self.files.back().cloned().unwrap_or_default();
        WriteError::Write { path, packets: self.out.stored_packets(), cause }
    }
}

/// Creates a file that begins with these secrets.
fn begin(
    path: &Path,
    others: &[PathBuf],
    encoder: &mut PcapngWriter,
    secrets: &[Secrets],
) -> Result<WholeBlocks<FileStore>, WriteError> {
    let create_error = |cause| WriteError::Create { path: path.to_path_buf(), cause };
    let store = FileStore::create(path).map_err(create_error)?;
    if store.file.is_terminal() {
        return Err(WriteError::Terminal { path: path.to_path_buf() });
    }
    if store.is_any_of(others) {
        return Err(WriteError::InUse { path: path.to_path_buf() });
    }
    let mut out = WholeBlocks::new(store);
    out.add(|out| encoder.section(out));
    for secrets in secrets {
        out.add(|out| PcapngWriter::secrets(out, secrets));
    }
    out.empty().and_then(|()| out.flush()).map_err(create_error)?;
    Ok(out)
}

/// A file, or whatever has that name.
struct FileStore {
    file: File,
    path: PathBuf,
    /// It is one that can be cut, and removed.
    is_regular: bool,
    is_device: bool,
}

impl FileStore {
    /// Creates it if there is none, and leaves what is in it.
    fn create(path: &Path) -> io::Result<Self> {
        let file = File::options().write(true).create(true).truncate(false).open(path)?;
        let kind = file.metadata()?.file_type();
        let (is_regular, is_device) = (kind.is_file(), is_device(kind));
        Ok(Self { file, path: path.to_path_buf(), is_regular, is_device })
    }

    /// Whether one of these is another name of it. A device such as `/dev/null`
    /// may be used by many.
    fn is_any_of(&self, others: &[PathBuf]) -> bool {
        !self.is_device && others.iter().any(|other| is_same_file(&self.path, other))
    }
}

#[cfg(unix)]
fn is_device(kind: fs::FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;

    kind.is_char_device()
}

#[cfg(not(unix))]
fn is_device(kind: fs::FileType) -> bool {
    !kind.is_file()
}

impl Write for FileStore {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Store for FileStore {
    fn empty(&mut self) -> io::Result<()> {
        if self.is_regular { self.file.set_len(0) } else { Ok(()) }
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        if !self.is_regular {
            return Ok(());
        }
        self.file.set_len(length)?;
        self.file.seek(SeekFrom::Start(length))?;
        // An empty file is no capture. What a link leads to is somebody else's.
        if length == 0 && fs::symlink_metadata(&self.path)?.is_file() {
            fs::remove_file(&self.path)?;
        }
        Ok(())
    }
}

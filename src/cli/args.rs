//! Arguments: those of the commands, made of groups that they share.

mod check;
mod decoding;
mod diff;
mod follow;
mod inputs;
mod report;
mod selecting;
mod showing;
mod stats;
mod telling;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind;
use clap::{CommandFactory, Error, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::types::units::{parse_size, parse_time};

pub(super) use check::Check;
pub(super) use decoding::Decoding;
pub(super) use diff::Diff;
pub(super) use follow::{Follow, RawSide};
pub(super) use inputs::Inputs;
pub(super) use report::{Report, Target};
pub(super) use selecting::Selecting;
pub(super) use showing::{Payload, Showing};
pub(super) use stats::{Stats, StatsFormat};
pub(super) use telling::Telling;

/// Whether this build can capture live.
#[cfg(libpcap)]
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (live capture: libpcap)");
#[cfg(not(libpcap))]
const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (live capture: none, libpcap was not found when this was built)"
);

const AFTER_HELP: &str = "\
Exit codes: 0 done, stopped by Ctrl-C included; 2 wrong usage, unreadable input,
a broken capture file, or output that cannot be written.

Examples:
  sudo wsdump -i lo --ip 127.0.0.1         what passes over loopback now
  sudo wsdump -i any --port 8080           from every interface, one port
  wsdump traffic.pcapng                    show every connection and message
  wsdump --ip 10.0.0.0/8 --port 8080 *.pcap.gz
  wsdump -Y 'tcp.port == 80 && json.type == error' traffic.pcap
  wsdump -T json traffic.pcap | jq 'select(.event == \"message\") | .json'
  wsdump --compact --no-heartbeats traffic.pcap    one line a message
  wsdump -T table traffic.pcap             connections and their totals
  wsdump stats traffic.pcap                types, sizes, latencies, errors
  wsdump follow 3 traffic.pcap             one connection as a dialogue
  wsdump -w websocket.pcapng day.pcap.gz   keep nothing but WebSocket's packets
  ssh host tcpdump --immediate-mode -U -w - tcp | wsdump -  as it arrives";

/// The options that only live capture has.
const LIVE: &str = "Live capture";

/// The options about the packets that are written.
const WRITE: &str = "Writing packets";

/// Show the WebSocket traffic on live interfaces and in packet captures.
///
/// Captures live (-i) or reads pcap and pcapng files, plain or compressed with
/// gzip, zstd or lz4, reassembles TCP, follows HTTP to the Upgrade, verifies
/// Sec-WebSocket-Accept, and prints every message, unmasked and joined.
#[derive(Debug, Parser)]
#[command(
    name = "wsdump",
    version = VERSION,
    after_help = AFTER_HELP,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,

    #[command(flatten)]
    pub(super) inputs: Inputs,

    /// Go on at the end of the file as long as it grows, as one does that
    /// `tcpdump -w` is writing; Ctrl-C ends it
    #[arg(long, conflicts_with = "interface")]
    pub(super) follow_file: bool,

    /// Capture live from this interface; `any` is all of them. Repeat for
    /// several
    #[arg(
        short,
        long,
        value_name = "IF",
        conflicts_with_all = ["files", "read"],
        value_parser = NonEmptyStringValueParser::new(),
        help_heading = LIVE
    )]
    pub(super) interface: Vec<String>,

    /// Bytes to capture of each packet; 0, the default, is all
    #[arg(
        short,
        long,
        visible_alias = "snapshot-length",
        value_name = "N",
        value_parser = snap_length,
        help_heading = LIVE
    )]
    pub(super) snaplen: Option<u32>,

    /// The kernel's buffer for each interface, such as 64MiB; without a unit in
    /// KiB, as tcpdump takes it. The default is 64MiB
    #[arg(
        short = 'B',
        long,
        value_name = "SIZE",
        value_parser = buffer_size,
        help_heading = LIVE
    )]
    pub(super) buffer_size: Option<u32>,

    /// Do not ask the interface for packets to and from other hosts
    #[arg(
        short = 'p',
        long,
        visible_alias = "no-promiscuous-mode",
        help_heading = LIVE
    )]
    pub(super) no_promiscuous: bool,

    /// Stop being root and be this user once the interfaces are open. Without
    /// it that is who called sudo; `root` stays root
    #[arg(
        long,
        value_name = "NAME|UID",
        value_parser = NonEmptyStringValueParser::new(),
        help_heading = LIVE
    )]
    pub(super) user: Option<String>,

    #[command(flatten)]
    pub(super) selecting: Selecting,

    /// Form of the output
    #[arg(short = 'T', long, value_name = "FORM", default_value = "text")]
    pub(super) format: Format,

    #[command(flatten)]
    pub(super) showing: Showing,

    /// Tell each frame, too
    #[arg(long)]
    pub(super) frames: bool,

    /// Tell the SHA-256 of each message in JSON, also of what is not shown
    #[arg(long)]
    pub(super) sha256: bool,

    /// While printing, write the packets of WebSocket connections to a pcapng file:
    /// those that --ip and --port select, and -Y as far as it goes by a
    /// connection's ends and handshake. It is overwritten. On one thread
    #[arg(short, long, value_name = "FILE", value_parser = packet_file, help_heading = WRITE)]
    pub(super) write: Option<PathBuf>,

    /// Write every packet, whatever it is, selected or not
    #[arg(long, requires = "write", help_heading = WRITE)]
    pub(super) write_all: bool,

    /// Go on in another file before one is larger, such as 100MB: FILE-00001,
    /// FILE-00002 and so on, the number before the extension
    #[arg(
        long,
        value_name = "SIZE",
        requires = "write",
        value_parser = rotation_size,
        help_heading = WRITE
    )]
    pub(super) rotate_size: Option<u64>,

    /// Go on in another file after so long in capture time, such as 1h
    #[arg(
        long,
        value_name = "T",
        requires = "write",
        value_parser = duration,
        help_heading = WRITE
    )]
    pub(super) rotate_time: Option<Duration>,

    /// Keep only the last N files of the run
    #[arg(
        long,
        value_name = "N",
        requires = "write",
        value_parser = clap::value_parser!(u32).range(1..),
        help_heading = WRITE
    )]
    pub(super) keep: Option<u32>,

    /// Stop after N messages
    #[arg(short = 'c', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) count: Option<u64>,

    /// Stop after this time, such as 90s, 10m or 1.5h; in files that are not
    /// followed, of the capture's time
    #[arg(long, value_name = "T", value_parser = duration)]
    pub(super) duration: Option<Duration>,

    #[command(flatten)]
    pub(super) decoding: Decoding,

    #[command(flatten)]
    pub(super) telling: Telling,

    /// Do not look up names, as tcpdump and tshark take it; wsdump never does
    #[arg(short = 'n', hide = true)]
    pub(super) numeric: bool,

    /// Write each line when it is there, as tcpdump takes it; wsdump always does
    #[arg(short = 'l', hide = true)]
    pub(super) line_buffered: bool,

    /// List the interfaces that can be captured from
    #[arg(short = 'D', long, exclusive = true, help_heading = LIVE)]
    pub(super) list_interfaces: bool,
}

impl Arguments {
    /// All inputs, in the order of the command line.
    pub(super) fn inputs(&self) -> impl Iterator<Item = &PathBuf> {
        self.inputs.paths()
    }

    /// Refuses options that cannot work together.
    pub(super) fn check(self) -> Result<Self, Error> {
        let refused = match &self.command {
            None => self.refused().map(|(kind, sentence)| Self::command().error(kind, sentence)),
            Some(command) => command.refused().map(|(name, kind, sentence)| {
                let mut program = Self::command();
                // So that the usage that is told is the command's whole one.
                program.build();
                match program.find_subcommand_mut(name) {
                    Some(command) => command.error(kind, sentence),
                    None => program.error(kind, sentence),
                }
            }),
        };
        match refused {
            None => Ok(self),
            Some(error) => Err(error),
        }
    }

    /// Why the options without a command cannot work, if so.
    fn refused(&self) -> Option<Refusal> {
        let refuse = |sentence| Some((ErrorKind::ArgumentConflict, sentence));
        let table = self.format == Format::Table;
        if table && self.frames {
            return refuse("--frames has nothing to show in a table");
        }
        if table && self.showing.payload != Payload::Auto {
            return refuse("--payload has nothing to show in a table");
        }
        if table && self.showing.leaving_out().is_some() {
            return refuse("--no-control and --no-heartbeats have nothing to leave out of a table");
        }
        if self.format != Format::Text && self.showing.is_for_text() {
            return refuse("--compact, --body and --full are for text: leave out -T");
        }
        if let Some(refusal) = self.showing.refused() {
            return Some(refusal);
        }
        if self.inputs().next().is_none()
            && self.interface.is_empty()
            && !self.list_interfaces
            && !self.decoding.asks_for_limits()
        {
            return Some((
                ErrorKind::MissingRequiredArgument,
                "name a capture file, '-' for standard input, or an interface with -i",
            ));
        }
        let is_live_only =
            self.snaplen.is_some() || self.buffer_size.is_some() || self.no_promiscuous;
        if self.interface.is_empty() && is_live_only {
            return refuse(
                "--snaplen, --buffer-size and --no-promiscuous are for live capture: name an interface with -i",
            );
        }
        if self.interface.is_empty() && self.user.is_some() {
            return refuse("--user is for live capture: name an interface with -i");
        }
        if self.follow_file && self.inputs().count() != 1 {
            return refuse("--follow-file follows one file: name that alone");
        }
        if self.follow_file && self.inputs().any(|path| path == Path::new("-")) {
            return refuse(
                "--follow-file follows a file: what comes from standard input is shown as it comes, without it",
            );
        }
        if self.keep.is_some() && self.rotate_size.is_none() && self.rotate_time.is_none() {
            return refuse("--keep is for several files: add --rotate-size or --rotate-time");
        }
        self.inputs.refused()
    }
}

/// What kind of error it is, and a sentence about it.
type Refusal = (ErrorKind, &'static str);

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Tell connections, types, sizes, latencies and errors in numbers
    Stats(Box<Stats>),
    /// Show one connection as a dialogue, or write what one side sent
    Follow(Box<Follow>),
    /// Judge captures by the protocol's rules and by what is expected, for CI
    Check(Box<Check>),
    /// Compare two captures, message by message
    Diff(Box<Diff>),
    /// List the fields that filters can ask for
    Fields {
        /// Only those with this in their names
        #[arg(default_value = "", hide_default_value = true)]
        part: String,
    },
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

impl Command {
    /// Whether the limits are to be listed: `--limit help`.
    pub(super) fn asks_for_limits(&self) -> bool {
        match self {
            Self::Stats(stats) => stats.decoding.asks_for_limits(),
            Self::Follow(follow) => follow.decoding.asks_for_limits(),
            Self::Check(check) => check.decoding.asks_for_limits(),
            Self::Diff(diff) => diff.decoding.asks_for_limits(),
            Self::Fields { .. } | Self::Completions { .. } | Self::Man => false,
        }
    }

    /// Its name and why its options cannot work, if so.
    fn refused(&self) -> Option<(&'static str, ErrorKind, &'static str)> {
        let (name, refused) = match self {
            Self::Stats(stats) if !stats.decoding.asks_for_limits() => {
                ("stats", stats.inputs.missing())
            }
            Self::Follow(follow) if !follow.decoding.asks_for_limits() => {
                ("follow", follow.inputs.missing().or_else(|| follow.showing.refused()))
            }
            Self::Check(check) if !check.decoding.asks_for_limits() => ("check", check.refused()),
            Self::Diff(diff) if !diff.decoding.asks_for_limits() => ("diff", diff.refused()),
            _ => return None,
        };
        refused.map(|(kind, sentence)| (name, kind, sentence))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// One JSON object a line, for programs
    Json,
    /// Connections and their totals
    Table,
}

/// Endings of names that a file would not keep.
const COMPRESSED: [&str; 5] = ["gz", "zst", "lz4", "xz", "bz2"];

/// A name for a file of packets.
fn packet_file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if text == "-" {
        return Err("standard output is for the results: name a file".into());
    }
    if COMPRESSED.iter().any(|compressed| ending.eq_ignore_ascii_case(compressed)) {
        return Err(format!(
            "packets are written uncompressed: leave out .{ending}, and compress the file afterwards"
        ));
    }
    Ok(path)
}

fn rotation_size(text: &str) -> Result<u64, String> {
    parse_size(text)
        .filter(|&size| size > 0)
        .ok_or_else(|| "a size such as 64KiB, 100MB or 1GiB, or a number of bytes".into())
}

/// The most that libpcap captures of a packet.
pub(super) const MAX_SNAP_LENGTH: u32 = 262_144;

fn snap_length(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => Ok(MAX_SNAP_LENGTH),
        Ok(length) if length <= MAX_SNAP_LENGTH => Ok(length),
        _ => Err(format!("a number of bytes, at most {MAX_SNAP_LENGTH}")),
    }
}

fn buffer_size(text: &str) -> Result<u32, String> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let size = parse_size(text).and_then(|size| size.checked_mul(if is_number { 1024 } else { 1 }));
    size.filter(|&size| size > 0 && i32::try_from(size).is_ok())
        .and_then(|size| u32::try_from(size).ok())
        .ok_or_else(|| "a size such as 64MiB, or a number of KiB; less than 2GiB".into())
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_time(text)
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "a time such as 90s, 10m or 1.5h, or a number of seconds".into())
}

//! Arguments.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, Error, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use ipnet::IpNet;

use super::limits::LimitArgument;
use super::units::{parse_size, parse_time};
use crate::filter::Server;
use crate::types::BinaryFormat;

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
  wsdump -w websocket.pcapng day.pcap.gz   keep nothing but WebSocket's packets
  ssh host tcpdump --immediate-mode -U -w - tcp | wsdump -  as it arrives";

/// The options that only live capture has.
const LIVE: &str = "Live capture";

/// The options that only text has.
const TEXT: &str = "Text";

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

    /// Capture files; `-` is standard input. Several are one capture, merged
    /// by packet time
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,

    /// Read FILE, as tcpdump and tshark say it
    #[arg(short = 'r', long, value_name = "FILE")]
    pub(super) read: Vec<PathBuf>,

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

    /// Look only at packets that match, in libpcap's filter language (`man
    /// pcap-filter`), as tcpdump takes it; on files too
    #[arg(short = 'f', long, value_name = "EXPR")]
    pub(super) capture_filter: Option<String>,

    /// Show only what matches, in Wireshark's display-filter language: `ip.addr
    /// == 10.0.0.0/8 && json.type == "error"`. `wsdump fields` lists the fields
    #[arg(short = 'Y', long, visible_alias = "display-filter", value_name = "EXPR")]
    pub(super) filter: Option<String>,

    /// Show only connections with an end at this address or in this network;
    /// repeat for any of several
    #[arg(long, value_name = "ADDR|CIDR", value_parser = network)]
    pub(super) ip: Vec<IpNet>,

    /// Show only connections with an end at this port; repeat for any of
    /// several
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) port: Vec<u16>,

    /// Take what the server at this port says for WebSocket also where neither a
    /// handshake nor its bytes show it; repeat for several
    #[arg(long, value_name = "HOST:PORT|PORT")]
    pub(super) websocket: Vec<Server>,

    /// Form of the output
    #[arg(short = 'T', long, value_name = "FORM", default_value = "text")]
    pub(super) format: Format,

    /// Time before each event in text: the time of day here or in UTC, or
    /// seconds since 1970, since the first packet of the capture, or since the
    /// event shown before. JSON always has RFC 3339 in UTC, tables no times
    #[arg(long, value_name = "FORM", default_value = "local")]
    pub(super) time: Time,

    /// How payloads are shown: as what they are, in base64 (always whole), or not at
    /// all
    #[arg(long, value_name = "FORM", default_value = "auto")]
    pub(super) payload: Payload,

    /// One line an event, cut where the terminal ends: what it is and what it says,
    /// or else the payload
    #[arg(long, help_heading = TEXT)]
    pub(super) compact: bool,

    /// How payloads are laid out below the lines of their messages; `pretty` without
    /// it
    #[arg(long, value_name = "FORM", help_heading = TEXT)]
    pub(super) body: Option<Body>,

    /// Shorten and cut nothing, however long it is. Without it 40 rows of JSON and of
    /// text are shown, and 8 of bytes
    #[arg(long, help_heading = TEXT)]
    pub(super) full: bool,

    /// Leave out pings and pongs, in JSON too; close frames are told, and what is
    /// left out is counted at the end of its connection
    #[arg(long)]
    pub(super) no_control: bool,

    /// Leave out pings, pongs and what the protocol inside sends for nothing but to
    /// keep the connection alive, in JSON too
    #[arg(long)]
    pub(super) no_heartbeats: bool,

    /// Read binary messages as this where neither a protocol nor a signature
    /// shows what they are, and tell them in JSON; repeat for several, of which
    /// the first counts that fits
    #[arg(long, value_name = "FORMAT")]
    pub(super) decode: Vec<Decode>,

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

    /// Threads that decode and render, 1 to 64; the output is the same with any
    /// number. With -c, -w, --time delta and tables it is always one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(super) threads: u8,

    /// Colour the text
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,

    /// Do not look up names, as tcpdump and tshark take it; wsdump never does
    #[arg(short = 'n', hide = true)]
    pub(super) numeric: bool,

    /// Write each line when it is there, as tcpdump takes it; wsdump always does
    #[arg(short = 'l', hide = true)]
    pub(super) line_buffered: bool,

    /// Say nothing but errors on standard error, nor show there how far it is
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,

    /// Show the headers of handshakes and the numbers of packets, and tell at
    /// the end what was seen; while capturing live, on a terminal, also how far
    /// it is
    #[arg(short, long)]
    pub(super) verbose: bool,

    /// Change a bound on memory; `--limit help` lists them
    #[arg(long, value_name = "NAME=VALUE", action = ArgAction::Append)]
    pub(super) limit: Vec<LimitArgument>,

    /// List the interfaces that can be captured from
    #[arg(short = 'D', long, exclusive = true, help_heading = LIVE)]
    pub(super) list_interfaces: bool,
}

impl Arguments {
    /// All inputs, in the order of the command line.
    pub(super) fn inputs(&self) -> impl Iterator<Item = &PathBuf> {
        self.read.iter().chain(&self.files)
    }

    /// Whether the limits are to be listed: `--limit help`.
    pub(super) fn asks_for_limits(&self) -> bool {
        self.limit.iter().any(|limit| matches!(limit, LimitArgument::Help))
    }

    /// Refuses options that cannot work together.
    pub(super) fn check(self) -> Result<Self, Error> {
        let refuse =
            |sentence: &str| Err(Self::command().error(ErrorKind::ArgumentConflict, sentence));
        let table = self.format == Format::Table;
        if table && self.frames {
            return refuse("--frames has nothing to show in a table");
        }
        if table && self.payload != Payload::Auto {
            return refuse("--payload has nothing to show in a table");
        }
        if table && (self.no_control || self.no_heartbeats) {
            return refuse("--no-control and --no-heartbeats have nothing to leave out of a table");
        }
        if self.format != Format::Text && (self.compact || self.body.is_some() || self.full) {
            return refuse("--compact, --body and --full are for text: leave out -T");
        }
        if self.compact && self.body.is_some() {
            return refuse("--compact has nothing below its lines that --body could lay out");
        }
        if self.body.is_some() && self.payload != Payload::Auto {
            return refuse(
                "--body lays out payloads that are shown as what they are: leave out --payload",
            );
        }
        if self.inputs().next().is_none()
            && self.interface.is_empty()
            && !self.list_interfaces
            && self.command.is_none()
            && !self.asks_for_limits()
        {
            return Err(Self::command().error(
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
        if self.inputs().filter(|path| *path == Path::new("-")).count() > 1 {
            return refuse("standard input can be read only once");
        }
        Ok(self)
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// One JSON object a line, for programs
    Json,
    /// Connections and their totals
    Table,
}

/// Formats that do not show themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Decode {
    /// MessagePack
    Msgpack,
    /// CBOR
    Cbor,
}

impl Decode {
    pub(super) fn format(self) -> BinaryFormat {
        match self {
            Self::Msgpack => BinaryFormat::MessagePack,
            Self::Cbor => BinaryFormat::Cbor,
        }
    }
}

/// Whose aliases are the values of tshark's `-t` that mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Time {
    /// Time of day, with the date where it changes
    #[value(aliases = ["a", "ad"])]
    Local,
    /// The same in UTC
    #[value(aliases = ["u", "ud"])]
    Utc,
    /// Seconds since 1970
    #[value(alias = "e")]
    Epoch,
    /// Seconds since the first packet of the capture
    #[value(alias = "r")]
    Relative,
    /// Seconds since the event shown before
    #[value(alias = "dd")]
    Delta,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Payload {
    /// JSON, text or bytes, as what they are
    Auto,
    /// All in base64
    Base64,
    /// Not at all
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Body {
    /// JSON indented, text with its own lines, bytes as a hex dump
    Pretty,
    /// On one line, folded where the terminal ends
    Compact,
    /// Not at all
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
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

/// An address, or a network in CIDR notation.
fn network(text: &str) -> Result<IpNet, String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpNet>()
        .or_else(|_| bare.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "not an IP address, nor a network such as 10.0.0.0/8 or 2001:db8::/32".into())
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

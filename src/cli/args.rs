//! Arguments.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, Error, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use ipnet::IpNet;

use super::limits::LimitArgument;

/// Whether this build can capture live.
#[cfg(libpcap)]
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (live capture: libpcap)");
#[cfg(not(libpcap))]
const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (live capture: none, libpcap was not found when this was built)"
);

const AFTER_HELP: &str = "\
Exit codes: 0 done; 2 wrong usage, unreadable input or a broken capture file.

Examples:
  wsdump traffic.pcapng                    show every connection and message
  wsdump --ip 10.0.0.0/8 --port 8080 *.pcap.gz
  wsdump -T json traffic.pcap | jq 'select(.event == \"message\") | .json'
  wsdump -T table traffic.pcap             connections and their totals
  ssh host tcpdump -U -w - tcp | wsdump -  as it arrives";

/// Show the WebSocket traffic in packet captures.
///
/// Reads pcap and pcapng files, plain or compressed with gzip, zstd or lz4,
/// reassembles TCP, follows HTTP to the Upgrade, verifies
/// Sec-WebSocket-Accept, and prints every message, unmasked and joined.
#[derive(Debug, Parser)]
#[command(
    name = "wsdump",
    version = VERSION,
    after_help = AFTER_HELP,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,

    /// Capture files; `-` is standard input. Several are one capture, merged
    /// by packet time
    #[arg(
        value_name = "FILE",
        required_unless_present_any = ["read", "list_interfaces", "limit"]
    )]
    pub(super) files: Vec<PathBuf>,

    /// Read FILE, as tcpdump and tshark say it
    #[arg(short = 'r', long, value_name = "FILE")]
    pub(super) read: Vec<PathBuf>,

    /// Show only connections with an end at this address or in this network;
    /// repeat for any of several
    #[arg(long, value_name = "ADDR|CIDR", value_parser = network)]
    pub(super) ip: Vec<IpNet>,

    /// Show only connections with an end at this port; repeat for any of
    /// several
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) port: Vec<u16>,

    /// Form of the output
    #[arg(short = 'T', long, value_name = "FORM", default_value = "text")]
    pub(super) format: Format,

    /// How payloads are shown: as what they are, in base64, or not at all
    #[arg(long, value_name = "FORM", default_value = "auto")]
    pub(super) payload: Payload,

    /// Tell each frame, too
    #[arg(long)]
    pub(super) frames: bool,

    /// Stop after N messages
    #[arg(short = 'c', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) count: Option<u64>,

    /// Colour the text
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,

    /// Do not look up names, as tcpdump and tshark take it; wsdump never does
    #[arg(short = 'n', hide = true)]
    pub(super) numeric: bool,

    /// Say nothing but errors on standard error
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,

    /// Show the headers of handshakes and the numbers of packets, and tell at
    /// the end what was seen
    #[arg(short, long)]
    pub(super) verbose: bool,

    /// Change a bound on memory; `--limit help` lists them
    #[arg(long, value_name = "NAME=VALUE", action = ArgAction::Append)]
    pub(super) limit: Vec<LimitArgument>,

    /// List the interfaces that could be captured from
    #[arg(short = 'D', long, exclusive = true)]
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
        if self.inputs().next().is_none()
            && !self.list_interfaces
            && self.command.is_none()
            && !self.asks_for_limits()
        {
            return Err(Self::command().error(
                ErrorKind::MissingRequiredArgument,
                "name a capture file, or '-' for standard input",
            ));
        }
        if self.inputs().filter(|path| *path == Path::new("-")).count() > 1 {
            return refuse("standard input can be read only once");
        }
        Ok(self)
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
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
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// An address, or a network in CIDR notation.
fn network(text: &str) -> Result<IpNet, String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpNet>()
        .or_else(|_| bare.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "not an IP address, nor a network such as 10.0.0.0/8 or 2001:db8::/32".into())
}

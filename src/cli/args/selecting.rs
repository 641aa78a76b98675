//! What of a capture is looked at.

use std::net::IpAddr;

use clap::Args;
use ipnet::IpNet;

use crate::filter::{Selection, Server};

/// What selects packets, connections and events.
#[derive(Debug, Args)]
pub(in crate::cli) struct Selecting {
    /// Look only at packets that match, in libpcap's filter language (`man
    /// pcap-filter`), as tcpdump takes it; on files too
    #[arg(short = 'f', long, value_name = "EXPR")]
    pub(in crate::cli) capture_filter: Option<String>,

    /// Show only what matches, in Wireshark's display-filter language: `ip.addr
    /// == 10.0.0.0/8 && json.type == "error"`. `wsdump fields` lists the fields
    #[arg(short = 'Y', long, visible_alias = "display-filter", value_name = "EXPR")]
    pub(in crate::cli) filter: Option<String>,

    /// Show only connections with an end at this address or in this network;
    /// repeat for any of several
    #[arg(long, value_name = "ADDR|CIDR", value_parser = network)]
    pub(in crate::cli) ip: Vec<IpNet>,

    /// Show only connections with an end at this port; repeat for any of
    /// several
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(in crate::cli) port: Vec<u16>,

    /// Take what the server at this port says for WebSocket also where neither a
    /// handshake nor its bytes show it; repeat for several
    #[arg(long, value_name = "HOST:PORT|PORT")]
    pub(in crate::cli) websocket: Vec<Server>,
}

impl Selecting {
    /// What `--ip` and `--port` select.
    pub(in crate::cli) fn selection(&self) -> Selection {
        Selection { networks: self.ip.clone(), ports: self.port.clone() }
    }

    /// The options that pass over what there is.
    pub(in crate::cli) fn options(&self) -> Vec<&'static str> {
        let options = [
            ("-f", self.capture_filter.is_some()),
            ("-Y", self.filter.is_some()),
            ("--ip", !self.ip.is_empty()),
            ("--port", !self.port.is_empty()),
        ];
        options.into_iter().filter_map(|(name, is_given)| is_given.then_some(name)).collect()
    }
}

/// An address, or a network in CIDR notation.
fn network(text: &str) -> Result<IpNet, String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpNet>()
        .or_else(|_| bare.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "not an IP address, nor a network such as 10.0.0.0/8 or 2001:db8::/32".into())
}

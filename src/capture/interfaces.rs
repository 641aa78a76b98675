//! The interfaces that can be captured from, as libpcap lists them.

use std::net::IpAddr;

use pcap::{ConnectionStatus, Device};

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// What `-i` takes.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// `up`, `down`, `disconnected`.
    pub state: &'static str,
    /// What the system calls it; may be empty.
    pub description: String,
}

/// The interfaces of this machine.
///
/// # Errors
/// When the system does not tell them.
pub fn interfaces() -> Result<Vec<Interface>, pcap::Error> {
    let devices = Device::list()?;
    Ok(devices
        .into_iter()
        .map(|device| Interface {
            state: match (device.flags.is_up(), &device.flags.connection_status) {
                (false, _) => "down",
                (true, ConnectionStatus::Disconnected) => "disconnected",
                (true, _) => "up",
            },
            name: device.name,
            addresses: device.addresses.into_iter().map(|address| address.addr).collect(),
            description: device.desc.unwrap_or_default(),
        })
        .collect())
}

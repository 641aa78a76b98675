//! Packets in, TCP segments out.
//!
//! ```text
//!             link layers                    IP
//!      ┌──────────────────────┐   ┌────────────────────────┐
//!      │ Ethernet, Linux      │   │ IPv4, IPv6, extension  │     ┌─────┐
//! ───► │ cooked, BSD loopback,│──►│ headers, Authentication│────►│ TCP │───► Segment
//!      │ VLAN tags, LLC, PPPoE│   └──────┬────────────▲────┘     └─────┘
//!      └──────────────────────┘ fragment │            │ datagram
//!                                   ┌────▼────────────┴────┐
//!                                   │      Fragments       │
//!                                   └──────────────────────┘
//! ```
//!
//! Every layer is a file with one function that takes the bytes from its header
//! on and says what comes next and with which bytes; `layers` calls them in a
//! loop. A tunnel is one more such file. `usual` reads the packets that nearly all
//! are at once.
//!
//! What the room promises about hostile packets: no panic, a bounded number of
//! layers, work linear in the captured bytes, and memory within
//! [`Limits::datagrams`] and [`Limits::fragments`].
//!
//! Checksums of IP and TCP are not verified. Hosts leave them to the network
//! card, so that a capture on the sending host has wrong ones in good packets.
//!
//! [`Limits::datagrams`]: crate::types::Limits::datagrams
//! [`Limits::fragments`]: crate::types::Limits::fragments

mod bytes;
mod counters;
mod datagram;
mod decoder;
mod ether_type;
mod ethernet;
mod fragments;
mod ip_auth;
mod ipv4;
mod ipv6;
mod layers;
mod linux_cooked;
mod llc;
mod loopback;
mod no_segment;
mod pppoe;
mod tcp;
mod usual;
mod vlan;

#[cfg(test)]
mod packets;
#[cfg(test)]
mod tests;

pub use counters::{Counters, DatagramCounters};
pub use decoder::Decoder;
pub use no_segment::{Fault, Layer, NoSegment};

//! `-f` on files. On a live capture the kernel applies it.

use anyhow::Result;

use super::args::Selecting;
use crate::types::Packet;

/// Which packets of files are looked into.
#[cfg(libpcap)]
pub(super) struct PacketFilter {
    filter: crate::capture::CaptureFilter,
    has_spoken: bool,
}

#[cfg(libpcap)]
impl PacketFilter {
    /// What the arguments ask for.
    pub(super) fn new(selecting: &Selecting) -> Result<Option<Self>> {
        match &selecting.capture_filter {
            Some(expression) => {
                let filter = crate::capture::CaptureFilter::new(expression)?;
                Ok(Some(Self { filter, has_spoken: false }))
            }
            None => Ok(None),
        }
    }

    /// Whether a packet matches. Lets `say` tell the first time that this cannot
    /// be told.
    pub(super) fn wants(&mut self, packet: &Packet<'_>, say: impl FnOnce(&str)) -> bool {
        self.filter.matches(packet).unwrap_or_else(|error| {
            if !self.has_spoken {
                let number = packet.origin.packet;
                say(&format!("packet {number}, {}: {error}", packet.link_type));
            }
            self.has_spoken = true;
            false
        })
    }

    /// Whether it means nothing for all packets that came.
    pub(super) fn has_failed(&self) -> bool {
        self.has_spoken && !self.filter.fits_any()
    }
}

/// There is none without libpcap.
#[cfg(not(libpcap))]
pub(super) enum PacketFilter {}

#[cfg(not(libpcap))]
impl PacketFilter {
    /// Says what to install, when there should be one.
    pub(super) fn new(selecting: &Selecting) -> Result<Option<Self>> {
        match &selecting.capture_filter {
            Some(_) => Err(super::live::without_libpcap("apply a capture filter")),
            None => Ok(None),
        }
    }

    pub(super) fn wants(&mut self, _: &Packet<'_>, _: impl FnOnce(&str)) -> bool {
        match *self {}
    }

    pub(super) fn has_failed(&self) -> bool {
        match *self {}
    }
}

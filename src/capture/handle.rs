//! Opening an interface through libpcap.

use std::time::Duration;

use pcap::{Active, Linktype, Precision};
use thiserror::Error;

use super::bpf::{FilterError, link_type_of};
use super::interfaces::interfaces;
use super::step::Drops;
use crate::types::{LinkType, Timestamp};

/// How long the kernel collects packets before it hands them over. A packet is
/// seen that much later at the most; at one by one a busy interface would cost
/// much more.
const BLOCK_TIME: Duration = Duration::from_millis(10);

/// After that it has handed over every packet.
pub(super) const SETTLE_TIME: Duration = Duration::from_millis(2 * BLOCK_TIME.as_millis() as u64);

/// The pseudo-interface of all interfaces.
pub(super) const ANY: &str = "any";

/// What to capture live, and how. Without an interface the capture ends at once.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// Names of interfaces, each once; `any` is all of them.
    pub interfaces: Vec<String>,
    /// Bytes captured of each packet. Default 262,144: all.
    pub snap_length: u32,
    /// Bytes of the kernel's buffer for each interface. Default 64 MiB.
    pub buffer_size: u32,
    /// Ask the interfaces for packets to and from other hosts too. Default true.
    pub promiscuous: bool,
    /// What the kernel is to pass, in libpcap's filter language.
    pub filter: Option<String>,
    /// What the kernel may leave out besides: packets that do not match this.
    /// It saves work, and is dropped where it makes no sense.
    pub hint: Option<String>,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            interfaces: Vec::new(),
            snap_length: 262_144,
            buffer_size: 64 << 20,
            promiscuous: true,
            filter: None,
            hint: None,
        }
    }
}

/// Why a live capture cannot begin.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LiveError {
    /// The system does not let this process capture.
    #[error("no permission to capture on {interface}")]
    Permission {
        /// The interface.
        interface: String,
    },
    /// There is no such interface.
    #[error("there is no interface {interface}; there are {}", available.join(", "))]
    Missing {
        /// The interface.
        interface: String,
        /// The names of those that there are.
        available: Vec<String>,
    },
    /// The filter is not understood.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// Anything else that libpcap says.
    #[error("cannot capture on {interface}: {message}")]
    Other {
        /// The interface.
        interface: String,
        /// What libpcap says.
        message: String,
    },
}

/// An interface that is open, a capture handle of libpcap's.
pub(super) struct Handle {
    pub(super) name: String,
    /// Its place among the interfaces.
    pub(super) number: usize,
    pub(super) capture: pcap::Capture<Active>,
    pub(super) link_type: LinkType,
    /// The interface was asked for other hosts' packets, and refuses.
    is_refused_promiscuous: bool,
    pub(super) drops: Drops,
    /// The counters as they stood when they were last asked for; they wrap.
    counters: (u32, u32),
}

impl Handle {
    pub(super) fn open(
        number: usize,
        name: &str,
        options: &LiveOptions,
    ) -> Result<Self, LiveError> {
        let (mut capture, is_refused_promiscuous) =
            activate(name, options).map_err(|error| refused(name, &error))?;
        let other = |error: pcap::Error| LiveError::Other {
            interface: name.into(),
            message: message(&error),
        };
        // The newer header of Linux tells the interface of each packet.
        let newer = Linktype(LinkType::LINUX_SLL2.0.into());
        if name == ANY && capture.list_datalinks().is_ok_and(|types| types.contains(&newer)) {
            capture.set_datalink(newer).map_err(other)?;
        }
        set_filter(&mut capture, options)?;
        let capture = capture.setnonblock().map_err(other)?;
        let link_type = link_type_of(capture.get_datalink());
        let drops = Drops::default();
        Ok(Self {
            name: name.into(),
            number,
            capture,
            link_type,
            is_refused_promiscuous,
            drops,
            counters: (0, 0),
        })
    }

    /// Its name and the name of its link type.
    pub(super) fn title(&self) -> String {
        let link_type = self.capture.get_datalink().get_name();
        let link_type = link_type.unwrap_or_else(|_| self.link_type.to_string());
        let mode = if self.is_refused_promiscuous { ", not promiscuous" } else { "" };
        format!("{} ({link_type}{mode})", self.name)
    }

    /// Brings [`Handle::drops`] up to date.
    pub(super) fn count_drops(&mut self) {
        if let Ok(now) = self.capture.stats() {
            let (kernel, interface) = self.counters;
            self.drops.kernel += u64::from(now.dropped.wrapping_sub(kernel));
            self.drops.interface += u64::from(now.if_dropped.wrapping_sub(interface));
            self.counters = (now.dropped, now.if_dropped);
        }
    }
}

/// Compiles and attaches the filter, together with the hint where that makes
/// sense.
fn set_filter(
    handle: &mut pcap::Capture<Active>,
    options: &LiveOptions,
) -> Result<(), FilterError> {
    let LiveOptions { filter, hint, .. } = options;
    if let Some(filter) = filter {
        // Alone first, so that it cannot close the hint's parenthesis.
        handle.filter(filter, true).map_err(|error| FilterError::new(filter, &error))?;
    }
    if let Some(hint) = hint {
        let both = filter.as_ref().map(|filter| format!("({hint}) and ({filter})"));
        let _ = handle.filter(both.as_ref().unwrap_or(hint), true);
    }
    Ok(())
}

/// An open interface, and whether it refuses to be promiscuous.
fn activate(
    name: &str,
    options: &LiveOptions,
) -> Result<(pcap::Capture<Active>, bool), pcap::Error> {
    let open = |promiscuous: bool| {
        let handle = pcap::Capture::from_device(name)?
            .snaplen(options.snap_length.try_into().unwrap_or(i32::MAX))
            .buffer_size(options.buffer_size.try_into().unwrap_or(i32::MAX))
            .timeout(BLOCK_TIME.as_millis() as i32)
            .promisc(promiscuous);
        // Where it is not known it would be refused, and times be in doubt.
        if NANOSECONDS { handle.precision(Precision::Nano) } else { handle }.open()
    };
    // Of all interfaces together there is no promiscuous mode.
    match open(options.promiscuous && name != ANY) {
        // What libpcap has as a warning is an error to the crate.
        Err(error) if message(&error).to_lowercase().contains("promisc") => {
            Ok((open(false)?, true))
        }
        opened => Ok((opened?, false)),
    }
}

/// Whether libpcap gives times in nanoseconds, not microseconds.
const NANOSECONDS: bool = cfg!(target_os = "linux");

/// The capture time of a packet.
#[allow(clippy::useless_conversion, reason = "seconds have 32 bits on some systems")]
pub(super) fn time(header: &pcap::PacketHeader) -> Option<Timestamp> {
    let fraction = u32::try_from(header.ts.tv_usec).ok()?;
    let nanoseconds = if NANOSECONDS { fraction } else { fraction.checked_mul(1000)? };
    Timestamp::from_parts(i64::from(header.ts.tv_sec), nanoseconds)
}

/// Why an interface cannot be opened. libpcap has one kind of error only.
fn refused(name: &str, error: &pcap::Error) -> LiveError {
    let interface = name.to_owned();
    let message = message(error);
    let lower = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let available: Vec<String> =
        interfaces().unwrap_or_default().into_iter().map(|interface| interface.name).collect();
    // Who may not capture is not told that there is no such interface; and not
    // everything that can be opened is listed, `nflog:5` for one.
    let is_unknown = !name.contains(':') && !available.iter().any(|other| other == name);
    if says(&["no such device"]) || (is_unknown && !available.is_empty()) {
        LiveError::Missing { interface, available }
    } else if says(&["permission", "permitted", "cap_net_raw"]) {
        LiveError::Permission { interface }
    } else {
        LiveError::Other { interface, message }
    }
}

/// Some modules of libpcap do not hide that they do not block.
pub(super) fn is_nothing_yet(error: &pcap::Error) -> bool {
    *error == pcap::Error::TimeoutExpired || message(error).contains("temporarily unavailable")
}

/// What libpcap says, without the crate's own words.
pub(super) fn message(error: &pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(message) => message.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_is_not_there_is_named_with_those_that_are() {
        let options = LiveOptions::default();
        let Err(error) = Handle::open(0, "nowhere7", &options) else { panic!("there is nowhere7") };
        let LiveError::Missing { interface, available } = &error else { panic!("{error}") };
        assert_eq!(interface, "nowhere7");
        assert!(!available.is_empty());
        assert!(error.to_string().starts_with("there is no interface nowhere7; there are "));
    }
}

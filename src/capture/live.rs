//! Live interfaces, through libpcap.

use std::collections::HashMap;
use std::io;
use std::ops::RangeBounds;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use pcap::{Active, Linktype, Precision};
use thiserror::Error;

use super::bpf::{FilterError, link_type_of};
use super::error::{Error, ErrorKind};
use super::interfaces::interfaces;
use super::step::{Drops, Step};
use super::stop::{Stop, now, wait};
use crate::types::{LinkType, Origin, Packet, Source, SourceId, Timestamp};

/// How long the kernel collects packets before it hands them over. A packet is
/// seen that much later at the most; at one by one a busy interface would cost
/// much more.
const BLOCK_TIME: Duration = Duration::from_millis(10);

/// After that it has handed over every packet.
const SETTLE_TIME: Duration = Duration::from_millis(2 * BLOCK_TIME.as_millis() as u64);

/// How long to wait for packets before telling the time instead.
const WAIT_TIME: Duration = Duration::from_millis(50);

/// How long the packets from before the end may take to be given.
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// Packets taken from one interface before the others are asked, too.
const TURN: u32 = 1024;

/// The pseudo-interface of all interfaces.
const ANY: &str = "any";

/// Interfaces told apart by number on [`ANY`].
const MAX_SOURCES: usize = 4096;

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

/// The packets of one interface or of several, as they come.
///
/// ```text
///   ┌──► reading ──► Packet           all dry
///   │        └─ dry: Starved, and the next ──► waiting ──► Idle
///   └──────────────────────────────────────────────┘ packets may be there
/// ```
///
/// When it is to end, what the kernel has from before is still given.
pub(super) struct Live {
    taps: Vec<Tap>,
    sources: Sources,
    stop: Stop,
    /// The tap that is read now, and how many packets it gave in its turn.
    turn: usize,
    given: u32,
    /// How many taps in a row had nothing.
    dry: usize,
    /// The tap that was read last has failed.
    failed: Option<pcap::Error>,
    /// The time of the last packet, and when it was given; before there is one,
    /// only when the capture began.
    latest: (Option<Timestamp>, Instant),
    /// When the time was told last.
    told: Instant,
    ending: Option<Ending>,
    packets: u64,
    /// Losses of taps that have failed.
    lost: Drops,
}

/// A capture that is to end gives what was captured until then.
#[derive(Clone, Copy)]
struct Ending {
    /// Later packets are not given.
    time: Option<Timestamp>,
    begun: Instant,
}

struct Tap {
    name: String,
    number: usize,
    handle: pcap::Capture<Active>,
    link_type: LinkType,
    /// The interface was asked for other hosts' packets, and refuses.
    is_refused_promiscuous: bool,
    drops: Drops,
    /// The counters as they stood when they were last asked for; they wrap.
    counters: (u32, u32),
}

/// The sources given so far.
#[derive(Default)]
struct Sources {
    several: bool,
    sources: Vec<Source>,
    known: HashMap<(usize, u32), SourceId>,
}

impl Live {
    pub(super) fn open(options: &LiveOptions) -> Result<Self, LiveError> {
        let stop = Stop::new().map_err(|error| LiveError::Other {
            interface: options.interfaces.join(", "),
            message: error.to_string(),
        })?;
        let taps = options
            .interfaces
            .iter()
            .enumerate()
            .map(|(number, name)| Tap::open(number, name, options))
            .collect::<Result<Vec<_>, _>>()?;
        let several = taps.len() > 1 || taps.iter().any(|tap| tap.name == ANY);
        Ok(Self {
            taps,
            sources: Sources { several, ..Sources::default() },
            stop,
            turn: 0,
            given: 0,
            dry: 0,
            failed: None,
            latest: (None, Instant::now()),
            told: Instant::now(),
            ending: None,
            packets: 0,
            lost: Drops::default(),
        })
    }

    pub(super) fn stopped_by(&mut self, stop: Stop) {
        self.stop = stop;
    }

    /// Ends it now, as [`Stop::stop`] does.
    pub(super) fn end(&mut self) {
        self.ending.get_or_insert_with(|| Ending { time: now(), begun: Instant::now() });
    }

    pub(super) fn next(&mut self) -> Step<'_> {
        if let Some(error) = self.failed.take() {
            return self.give_up(&error);
        }
        if self.ending.is_none() && self.stop.is_stopped() {
            self.ending = Some(Ending { time: self.stop.time(), begun: Instant::now() });
        }
        if !self.taps.is_empty() && self.dry >= self.taps.len() {
            self.dry = 0;
            match self.wait() {
                Ok(()) => {}
                Err(error) => return self.give_up_all(&error),
            }
            if self.ending.is_some_and(|ending| ending.begun.elapsed() >= SETTLE_TIME) {
                self.leave(..);
            } else if self.told.elapsed() >= WAIT_TIME {
                // That is so although there are packets, when none is given.
                self.told = Instant::now();
                return Step::Idle(self.settled());
            }
        }
        if self.ending.is_some_and(|ending| ending.begun.elapsed() >= DRAIN_TIME) {
            self.leave(..);
        }
        if self.given >= TURN {
            self.next_turn();
        }
        let Some(tap) = self.taps.get_mut(self.turn) else {
            return Step::End;
        };
        match tap.handle.next_packet() {
            Ok(packet) => {
                let header = packet.header;
                let time = time(header);
                if self.ending.is_some_and(|ending| ending.time < time) {
                    self.dry += 1;
                    self.given = TURN;
                    return Step::Starved;
                }
                self.dry = 0;
                self.given += 1;
                self.packets += 1;
                self.latest = (time, Instant::now());
                let source = self.sources.of(tap.number, &tap.name, tap.link_type, packet.data);
                let packet = Packet {
                    origin: Origin { packet: self.packets, time, source },
                    link_type: tap.link_type,
                    data: packet.data,
                    original_length: header.len,
                };
                Step::Packet(packet, &self.sources.sources)
            }
            Err(error) if is_nothing_yet(&error) => {
                self.dry += 1;
                self.given = TURN;
                Step::Starved
            }
            // It is dealt with when nothing is lent any more.
            Err(error) => {
                self.failed = Some(error);
                Step::Starved
            }
        }
    }

    pub(super) fn sources(&self) -> &[Source] {
        &self.sources.sources
    }

    pub(super) fn interfaces(&self) -> Vec<String> {
        let title = |tap: &Tap| {
            let link_type = tap.handle.get_datalink().get_name();
            let link_type = link_type.unwrap_or_else(|_| tap.link_type.to_string());
            let mode = if tap.is_refused_promiscuous { ", not promiscuous" } else { "" };
            format!("{} ({link_type}{mode})", tap.name)
        };
        self.taps.iter().map(title).collect()
    }

    pub(super) fn drops(&mut self) -> Drops {
        let mut sum = self.lost;
        for tap in &mut self.taps {
            tap.count_drops();
            sum.kernel += tap.drops.kernel;
            sum.interface += tap.drops.interface;
        }
        sum
    }

    fn next_turn(&mut self) {
        self.given = 0;
        self.turn = (self.turn + 1) % self.taps.len().max(1);
    }

    /// Waits until there may be packets, not for long.
    fn wait(&self) -> io::Result<()> {
        let files = self.taps.iter().map(|tap| tap.handle.as_fd());
        match self.ending {
            None => self.stop.wait(files, Some(WAIT_TIME)).map(|_| ()),
            Some(ending) => {
                let rest = SETTLE_TIME.saturating_sub(ending.begun.elapsed());
                wait(files, Some(rest)).map(|_| ())
            }
        }
    }

    /// The time up to which every packet was given, now that there are no more:
    /// that of the last one, and what has passed since. The clock of the system
    /// may be set meanwhile.
    fn settled(&self) -> Timestamp {
        let (time, given) = self.latest;
        let passed = i64::try_from(given.elapsed().saturating_sub(SETTLE_TIME).as_nanos());
        let time = time.map_or(0, Timestamp::nanoseconds);
        Timestamp::from_nanoseconds(time.saturating_add(passed.unwrap_or(i64::MAX)))
    }

    /// Leaves the interface that is read now.
    fn give_up(&mut self, error: &pcap::Error) -> Step<'_> {
        if self.turn >= self.taps.len() {
            return Step::End;
        }
        let name = self.leave(self.turn..=self.turn);
        let kind = ErrorKind::Interface { message: message(error) };
        Step::Problem(Error { input: name, kind })
    }

    /// Leaves all interfaces, as they cannot be waited for.
    fn give_up_all(&mut self, error: &io::Error) -> Step<'_> {
        let names = self.leave(..);
        let kind = ErrorKind::Interface { message: error.to_string() };
        Step::Problem(Error { input: names, kind })
    }

    /// Takes leave of some interfaces, but for what they lost; their names.
    fn leave(&mut self, which: impl RangeBounds<usize>) -> String {
        let mut names = Vec::new();
        for mut tap in self.taps.drain(which) {
            tap.count_drops();
            self.lost.kernel += tap.drops.kernel;
            self.lost.interface += tap.drops.interface;
            names.push(tap.name);
        }
        self.given = 0;
        self.turn %= self.taps.len().max(1);
        names.join(", ")
    }
}

impl Tap {
    fn open(number: usize, name: &str, options: &LiveOptions) -> Result<Self, LiveError> {
        let (mut handle, is_refused_promiscuous) =
            activate(name, options).map_err(|error| refused(name, &error))?;
        let other = |error: pcap::Error| LiveError::Other {
            interface: name.into(),
            message: message(&error),
        };
        // The newer header of Linux tells the interface of each packet.
        let newer = Linktype(LinkType::LINUX_SLL2.0.into());
        if name == ANY && handle.list_datalinks().is_ok_and(|types| types.contains(&newer)) {
            handle.set_datalink(newer).map_err(other)?;
        }
        set_filter(&mut handle, options)?;
        let handle = handle.setnonblock().map_err(other)?;
        let link_type = link_type_of(handle.get_datalink());
        let drops = Drops::default();
        Ok(Self {
            name: name.into(),
            number,
            handle,
            link_type,
            is_refused_promiscuous,
            drops,
            counters: (0, 0),
        })
    }

    fn count_drops(&mut self) {
        if let Ok(now) = self.handle.stats() {
            let (kernel, interface) = self.counters;
            self.drops.kernel += u64::from(now.dropped.wrapping_sub(kernel));
            self.drops.interface += u64::from(now.if_dropped.wrapping_sub(interface));
            self.counters = (now.dropped, now.if_dropped);
        }
    }
}

impl Sources {
    fn of(&mut self, tap: usize, name: &str, link_type: LinkType, packet: &[u8]) -> SourceId {
        let index = if name == ANY { interface_index(link_type, packet).unwrap_or(0) } else { 0 };
        if let Some(&known) = self.known.get(&(tap, index)) {
            return known;
        }
        if self.known.len() >= MAX_SOURCES && index > 0 {
            return self.of(tap, name, link_type, &[]);
        }
        let interface = || interface_name(index).unwrap_or_else(|| name.to_owned());
        let id = SourceId(u32::try_from(self.sources.len()).unwrap_or(u32::MAX));
        self.sources.push(Source { file: None, interface: self.several.then(interface) });
        self.known.insert((tap, index), id);
        id
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

#[allow(clippy::useless_conversion, reason = "seconds have 32 bits on some systems")]
fn time(header: &pcap::PacketHeader) -> Option<Timestamp> {
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
fn is_nothing_yet(error: &pcap::Error) -> bool {
    *error == pcap::Error::TimeoutExpired || message(error).contains("temporarily unavailable")
}

/// What libpcap says, without the crate's own words.
pub(super) fn message(error: &pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(message) => message.clone(),
        other => other.to_string(),
    }
}

/// The number of the interface that a packet of [`ANY`] came from
/// (`LINKTYPE_LINUX_SLL2`).
fn interface_index(link_type: LinkType, packet: &[u8]) -> Option<u32> {
    let bytes = packet.get(4..8).filter(|_| link_type == LinkType::LINUX_SLL2)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(target_os = "linux")]
fn interface_name(index: u32) -> Option<String> {
    use rustix::net::{AddressFamily, SocketType, netdevice, socket};

    let socket = socket(AddressFamily::INET, SocketType::DGRAM, None).ok()?;
    netdevice::index_to_name(socket, index).ok().filter(|_| index > 0)
}

#[cfg(not(target_os = "linux"))]
fn interface_name(_: u32) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_is_not_there_is_named_with_those_that_are() {
        let options = LiveOptions { interfaces: vec!["nowhere7".into()], ..Default::default() };
        let Err(error) = Live::open(&options) else { panic!("there is nowhere7") };
        let LiveError::Missing { interface, available } = &error else { panic!("{error}") };
        assert_eq!(interface, "nowhere7");
        assert!(!available.is_empty());
        assert!(error.to_string().starts_with("there is no interface nowhere7; there are "));
    }

    #[test]
    fn the_interface_stands_in_the_newer_cooked_header() {
        let header = [0x08, 0, 0, 0, 0, 0, 0, 3, 0x03, 0x04];
        assert_eq!(interface_index(LinkType::LINUX_SLL2, &header), Some(3));
        assert_eq!(interface_index(LinkType::LINUX_SLL, &header), None);
        assert_eq!(interface_index(LinkType::LINUX_SLL2, &header[..7]), None);
    }
}

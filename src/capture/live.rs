//! Live interfaces, through libpcap.

use std::collections::HashMap;
use std::io;
use std::ops::RangeBounds;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::error::{Error, ErrorKind};
use super::handle::{
    ANY, Handle, LiveError, LiveOptions, SETTLE_TIME, is_nothing_yet, message, time,
};
use super::step::{Drops, Step};
use super::stop::{Stop, now, wait};
use crate::types::{LinkType, Origin, Packet, Source, SourceId, Timestamp};

/// How long to wait for packets before telling the time instead.
const WAIT_TIME: Duration = Duration::from_millis(50);

/// Packets taken from one interface before the others are asked, too.
const TURN: u32 = 1024;

/// Interfaces told apart by number on [`ANY`].
const MAX_SOURCES: usize = 4096;

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
    handles: Vec<Handle>,
    sources: Sources,
    stop: Stop,
    /// The handle that is read now, and how many packets it gave in its turn.
    turn: usize,
    given: u32,
    /// How many handles in a row had nothing.
    dry: usize,
    /// The handle that was read last has failed.
    failed: Option<pcap::Error>,
    /// The time of the last packet, and when it was given; before there is one,
    /// only when the capture began.
    latest: (Option<Timestamp>, Instant),
    /// When the time was told last.
    told: Instant,
    ending: Option<Ending>,
    /// Bytes that the kernel can hold.
    buffers: u64,
    packets: u64,
    /// Losses of interfaces that were left.
    lost: Drops,
}

/// A capture that is to end gives what was captured until then.
#[derive(Clone, Copy)]
struct Ending {
    /// Later packets are not given.
    time: Option<Timestamp>,
    begun: Instant,
    /// Bytes given since then.
    given: u64,
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
        let handles = options
            .interfaces
            .iter()
            .enumerate()
            .map(|(number, name)| Handle::open(number, name, options))
            .collect::<Result<Vec<_>, _>>()?;
        let buffers = u64::from(options.buffer_size) * handles.len() as u64;
        let several = handles.len() > 1 || handles.iter().any(|handle| handle.name == ANY);
        Ok(Self {
            handles,
            sources: Sources { several, ..Sources::default() },
            stop,
            turn: 0,
            given: 0,
            dry: 0,
            failed: None,
            latest: (None, Instant::now()),
            told: Instant::now(),
            ending: None,
            buffers,
            packets: 0,
            lost: Drops::default(),
        })
    }

    pub(super) fn stopped_by(&mut self, stop: Stop) {
        self.stop = stop;
    }

    /// Ends it now, as [`Stop::stop`] does.
    pub(super) fn end(&mut self) {
        self.end_at(now());
    }

    fn end_at(&mut self, time: Option<Timestamp>) {
        self.ending.get_or_insert_with(|| Ending { time, begun: Instant::now(), given: 0 });
    }

    pub(super) fn next(&mut self) -> Step<'_> {
        if let Some(error) = self.failed.take() {
            return self.give_up(&error);
        }
        if self.stop.is_stopped() {
            self.end_at(self.stop.time());
        }
        if !self.handles.is_empty() && self.dry >= self.handles.len() {
            self.dry = 0;
            if let Err(error) = self.wait() {
                return self.give_up_all(&error);
            }
            if self.ending.is_some_and(|ending| ending.begun.elapsed() >= SETTLE_TIME) {
                self.leave(..);
            } else if self.told.elapsed() >= WAIT_TIME {
                // That is so although there are packets, when none is given.
                self.told = Instant::now();
                return Step::Idle(self.settled());
            }
        }
        // The kernel cannot have had more.
        if self.ending.is_some_and(|ending| ending.given > self.buffers) {
            self.leave(..);
        }
        if self.given >= TURN {
            self.next_turn();
        }
        let Some(handle) = self.handles.get_mut(self.turn) else {
            return Step::End;
        };
        match handle.capture.next_packet() {
            Ok(packet) => {
                let header = packet.header;
                let time = time(header);
                if let Some(ending) = &mut self.ending {
                    ending.given += packet.data.len() as u64;
                    if ending.time < time {
                        self.dry += 1;
                        self.given = TURN;
                        return Step::Starved;
                    }
                }
                self.dry = 0;
                self.given += 1;
                self.packets += 1;
                self.latest = (time, Instant::now());
                let source =
                    self.sources.of(handle.number, &handle.name, handle.link_type, packet.data);
                let packet = Packet {
                    origin: Origin { packet: self.packets, time, source, tcp_length: 0 },
                    link_type: handle.link_type,
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
        self.handles.iter().map(Handle::title).collect()
    }

    pub(super) fn drops(&mut self) -> Drops {
        let mut sum = self.lost;
        for handle in &mut self.handles {
            handle.count_drops();
            sum.kernel += handle.drops.kernel;
            sum.interface += handle.drops.interface;
        }
        sum
    }

    fn next_turn(&mut self) {
        self.given = 0;
        self.turn = (self.turn + 1) % self.handles.len().max(1);
    }

    /// Waits until there may be packets, not for long.
    fn wait(&self) -> io::Result<()> {
        let files = self.handles.iter().map(|handle| handle.capture.as_fd());
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
        if self.turn >= self.handles.len() {
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
        for mut handle in self.handles.drain(which) {
            handle.count_drops();
            self.lost.kernel += handle.drops.kernel;
            self.lost.interface += handle.drops.interface;
            names.push(handle.name);
        }
        self.given = 0;
        self.turn %= self.handles.len().max(1);
        names.join(", ")
    }
}

impl Sources {
    fn of(&mut self, number: usize, name: &str, link_type: LinkType, packet: &[u8]) -> SourceId {
        let index = if name == ANY { interface_index(link_type, packet).unwrap_or(0) } else { 0 };
        if let Some(&known) = self.known.get(&(number, index)) {
            return known;
        }
        if self.known.len() >= MAX_SOURCES && index > 0 {
            return self.of(number, name, link_type, &[]);
        }
        let interface = || interface_name(index).unwrap_or_else(|| name.to_owned());
        let id = SourceId(u32::try_from(self.sources.len()).unwrap_or(u32::MAX));
        self.sources.push(Source { file: None, interface: self.several.then(interface) });
        self.known.insert((number, index), id);
        id
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
    fn the_interface_stands_in_the_newer_cooked_header() {
        let header = [0x08, 0, 0, 0, 0, 0, 0, 3, 0x03, 0x04];
        assert_eq!(interface_index(LinkType::LINUX_SLL2, &header), Some(3));
        assert_eq!(interface_index(LinkType::LINUX_SLL, &header), None);
        assert_eq!(interface_index(LinkType::LINUX_SLL2, &header[..7]), None);
    }
}

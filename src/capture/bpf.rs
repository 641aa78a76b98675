//! libpcap's own filter language, for packets that come from files.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use pcap::{BpfProgram, Dead, Linktype};
use thiserror::Error;

use super::handle::message;
use crate::types::{LinkType, Packet};

/// More than any real packet has.
const MAX_LENGTH: usize = 262_144;

/// Link types that an expression is tried with before there are packets.
const COMMON: [LinkType; 4] =
    [LinkType::ETHERNET, LinkType::RAW, LinkType::LINUX_SLL2, LinkType(IEEE802_11_RADIOTAP)];

const IEEE802_11_RADIOTAP: u16 = 127;

/// An expression of libpcap's filter language that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the capture filter `{expression}` is not understood: {message}")]
pub struct FilterError {
    /// The expression.
    pub expression: String,
    /// What libpcap says.
    pub message: String,
}

impl FilterError {
    pub(super) fn new(expression: &str, error: &pcap::Error) -> Self {
        Self { expression: expression.to_owned(), message: message(error) }
    }
}

/// A filter in libpcap's language (`man pcap-filter`), such as `tcp port 80`.
///
/// It is what tcpdump takes. wsdump applies it to the packets of files; on a
/// live capture the kernel does. As there, each packet is judged alone, each
/// fragment of a datagram too.
///
/// A packet that the snap length cut has the length that it had on the wire,
/// which the language can ask for, and zeros where it is cut.
///
/// ```
/// use wsdump::capture::CaptureFilter;
/// let filter = CaptureFilter::new("tcp port 80")?;
/// assert!(CaptureFilter::new("port eighty or").is_err());
/// # Ok::<(), wsdump::capture::FilterError>(())
/// ```
pub struct CaptureFilter {
    expression: String,
    /// Compiled for each link type that has come.
    programs: HashMap<LinkType, Option<BpfProgram>>,
    /// For packets that are cut; zeros but while it is in use.
    whole: Vec<u8>,
}

impl CaptureFilter {
    /// Compiles an expression.
    ///
    /// # Errors
    /// When no link type makes sense of it.
    pub fn new(expression: &str) -> Result<Self, FilterError> {
        let [usual, others @ ..] = COMMON;
        compile(expression, usual).or_else(|error| {
            others.iter().find_map(|&other| compile(expression, other).ok()).ok_or(error)
        })?;
        Ok(Self { expression: expression.to_owned(), programs: HashMap::new(), whole: Vec::new() })
    }

    /// Whether a packet matches.
    ///
    /// # Errors
    /// For the first packet of a link type for which the expression means
    /// nothing. That one and all later ones do not match.
    pub fn matches(&mut self, packet: &Packet<'_>) -> Result<bool, FilterError> {
        let Self { expression, programs, whole } = self;
        let program = match programs.entry(packet.link_type) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => match compile(expression, packet.link_type) {
                Ok(program) => place.insert(Some(program)),
                Err(error) => {
                    place.insert(None);
                    return Err(error);
                }
            },
        };
        let Some(program) = program else {
            return Ok(false);
        };
        // The rest as it is without the header that stands for the protocol.
        let header = if is_bsd_loopback(packet.link_type) { BSD_LOOPBACK_HEADER } else { 0 };
        let data = packet.data.get(header..).unwrap_or_default();
        let length = (packet.original_length as usize).min(MAX_LENGTH).saturating_sub(header);
        if length <= data.len() {
            return Ok(program.filter(data));
        }
        if whole.len() < length {
            whole.resize(length, 0);
        }
        if let Some(place) = whole.get_mut(..data.len()) {
            place.copy_from_slice(data);
        }
        let matches = program.filter(whole.get(..length).unwrap_or_default());
        if let Some(place) = whole.get_mut(..data.len()) {
            place.fill(0);
        }
        Ok(matches)
    }

    /// Whether the expression means something for any link type that has come.
    pub fn fits_any(&self) -> bool {
        self.programs.values().any(Option::is_some)
    }
}

fn compile(expression: &str, link_type: LinkType) -> Result<BpfProgram, FilterError> {
    pcap::Capture::<Dead>::dead(dlt_of(link_type))
        .and_then(|capture| capture.compile(expression, true))
        .map_err(|error| FilterError::new(expression, &error))
}

/// Bytes of the header of BSD's loopback.
const BSD_LOOPBACK_HEADER: usize = 4;

/// Its header holds numbers of the machine that captured, in that one's byte
/// order; libpcap takes them for its own.
fn is_bsd_loopback(link_type: LinkType) -> bool {
    matches!(link_type, LinkType::NULL | LinkType::LOOP)
}

/// Raw IP has a number of its own in libpcap, one of a few link types that do.
const DLT_RAW: i32 = if cfg!(target_os = "openbsd") { 14 } else { 12 };

/// The link type of capture files for libpcap's.
pub(super) fn link_type_of(dlt: Linktype) -> LinkType {
    match dlt.0 {
        DLT_RAW => LinkType::RAW,
        other => LinkType(u16::try_from(other).unwrap_or(u16::MAX)),
    }
}

fn dlt_of(link_type: LinkType) -> Linktype {
    match link_type {
        // Files have the numbers of some systems, too.
        LinkType::RAW | LinkType(12 | 14) => Linktype(DLT_RAW),
        loopback if is_bsd_loopback(loopback) => Linktype(DLT_RAW),
        LinkType(other) => Linktype(other.into()),
    }
}

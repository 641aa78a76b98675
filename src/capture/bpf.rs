//! libpcap's own filter language, for packets that come from files.

use std::borrow::Cow;

use pcap::{BpfProgram, Dead, Linktype};
use thiserror::Error;

use super::live::message;
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
/// live capture the kernel does.
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
    programs: Vec<(LinkType, Option<BpfProgram>)>,
}

impl CaptureFilter {
    /// Compiles an expression.
    ///
    /// # Errors
    /// When no link type makes sense of it.
    pub fn new(expression: &str) -> Result<Self, FilterError> {
        let refusals: Vec<FilterError> =
            COMMON.iter().filter_map(|&link_type| compile(expression, link_type).err()).collect();
        match refusals.into_iter().next() {
            Some(error) if COMMON.iter().all(|&of| compile(expression, of).is_err()) => Err(error),
            _ => Ok(Self { expression: expression.to_owned(), programs: Vec::new() }),
        }
    }

    /// Whether a packet matches.
    ///
    /// # Errors
    /// For the first packet of a link type for which the expression means
    /// nothing. That one and all later ones do not match.
    pub fn matches(&mut self, packet: &Packet<'_>) -> Result<bool, FilterError> {
        let link_type = packet.link_type;
        let known = self.programs.iter().position(|(of, _)| *of == link_type);
        let index = match known {
            Some(index) => index,
            None => {
                let compiled = compile(&self.expression, link_type);
                let (program, error) = match compiled {
                    Ok(program) => (Some(program), None),
                    Err(error) => (None, Some(error)),
                };
                self.programs.push((link_type, program));
                if let Some(error) = error {
                    return Err(error);
                }
                self.programs.len() - 1
            }
        };
        let program = self.programs.get(index).and_then(|(_, program)| program.as_ref());
        Ok(program.is_some_and(|program| program.filter(&whole(packet))))
    }
}

/// The packet with the length that it had on the wire, which the language can
/// ask for; what the snap length cut is zero.
fn whole<'a>(packet: &Packet<'a>) -> Cow<'a, [u8]> {
    let length = (packet.original_length as usize).min(MAX_LENGTH);
    if length <= packet.data.len() {
        return Cow::Borrowed(packet.data);
    }
    let mut data = packet.data.to_vec();
    data.resize(length, 0);
    Cow::Owned(data)
}

fn compile(expression: &str, link_type: LinkType) -> Result<BpfProgram, FilterError> {
    pcap::Capture::<Dead>::dead(dlt_of(link_type))
        .and_then(|capture| capture.compile(expression, true))
        .map_err(|error| FilterError::new(expression, &error))
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
        LinkType::RAW => Linktype(DLT_RAW),
        LinkType(other) => Linktype(other.into()),
    }
}

//! What judges events one by one.

use super::connections::Opened;
use super::findings::Findings;
use crate::filter::Look;
use crate::types::{Event, Timestamp};

/// An event that is judged.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) event: &'a Event<'a>,
    /// Which filters select it.
    pub(super) look: Look<'a>,
    /// Its connection.
    pub(super) connection: &'a Opened,
}

/// One rule, or one expectation.
///
/// It is told of each connection, of each event there, of the connection's end, and
/// at last of the end of the capture. What it keeps of a connection goes with the
/// connection.
pub(super) trait Judge: Send {
    /// A connection begins, which was not refused: before its first event.
    fn opened(&mut self, _connection: &Opened, _look: Look<'_>) {}

    /// An event, of a refused handshake too.
    fn event(&mut self, seen: &Seen<'_>, findings: &mut Findings);

    /// Nothing more comes of a connection that was opened.
    fn ended(&mut self, _connection: &Opened, _findings: &mut Findings) {}

    /// The capture has ended, at the time of its last event, and with it every
    /// connection.
    fn finish(&mut self, _last: Option<Timestamp>, _findings: &mut Findings) {}
}

//! Bounds on what hostile or broken input can make wsdump keep.

use std::time::Duration;

/// Every bound there is. Reaching one is told and never ends the run.
///
/// ```
/// use wsdump::types::Limits;
/// let limits = Limits { head: 16 * 1024, ..Limits::default() };
/// assert_eq!(limits.message, Limits::default().message);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Conversations remembered at once; beyond it the least recently active
    /// one is evicted. Default 200,000.
    pub conversations: usize,
    /// Silence, in capture time, after which a conversation that is over, or
    /// never came about, is forgotten. Default 4 min, as long as TCP may wait
    /// in TIME-WAIT (RFC 9293 §3.4.2).
    pub closed_time: Duration,
    /// Silence, in capture time, after which any conversation is evicted.
    /// Default 24 h: WebSocket connections may say nothing for long.
    pub idle_time: Duration,
    /// Bytes of out-of-order data kept for one direction of a conversation,
    /// bookkeeping included; beyond it the first hole counts as lost.
    /// Default 16 MiB, the largest window that hosts commonly offer.
    pub reorder: usize,
    /// The same for all conversations together. Default 64 MiB.
    pub reorder_total: usize,
    /// Packets of the conversation that may follow before acknowledged bytes
    /// that are not there count as lost. Default 64.
    pub grace_packets: u64,
    /// Capture time that must pass before acknowledged bytes that are not
    /// there count as lost. Default 100 ms. Sixteen times either grace is
    /// enough alone.
    pub grace_time: Duration,
    /// Bytes of one HTTP request or response head. Default 64 KiB.
    pub head: usize,
    /// Bytes of one direction kept while the other side's half of the
    /// handshake is missing. Default 1 MiB.
    pub pending: usize,
    /// Bytes kept of one message's payload; the rest is counted, not shown.
    /// Default 64 MiB.
    pub message: usize,
    /// Bytes that one message may grow to when it is inflated; beyond it the
    /// message is given up. Default 1 GiB.
    pub inflated: u64,
    /// Bytes that gzip, zlib or zstd inside one message is opened to, at each of at
    /// most three levels; the rest is left out. They count as no part of `memory`:
    /// each thread keeps those of one message. Default 16 MiB.
    pub opened: usize,
    /// Payload bytes of one frame; a longer one counts as a place that was
    /// lost. Default 16 GiB.
    pub frame: u64,
    /// Bytes kept altogether of payloads, inflate windows and what waits in
    /// queues; beyond it conversations give up what they keep, the least
    /// recently active first, as far as that is known at once (see
    /// docs/architecture.md). Default 96 MiB.
    pub memory: usize,
    /// Bytes of one direction kept while the next frame in it is searched for;
    /// looking through them takes, for that moment, up to a hundred times as
    /// much. Default 256 KiB.
    pub search: usize,
    /// Requests of the protocol inside, and pings, that wait for their answers on
    /// one connection; beyond it the oldest is forgotten. Default 1,024.
    pub requests: usize,
    /// Datagrams whose IP fragments are being collected at once.
    /// Default 1,024.
    pub datagrams: usize,
    /// Bytes of IP fragments kept for all of them. Default 8 MiB.
    pub fragments: usize,
    /// Capture time after which an incomplete datagram is given up.
    /// Default 30 s.
    pub fragment_time: Duration,
    /// Capture time for which a packet that is to be written, or not, as soon as
    /// its conversation is known to be WebSocket, or not, keeps those after it
    /// waiting; then it is set aside. Default 1 s.
    pub held_time: Duration,
    /// Packets that wait so, or for one before them, in the order of the
    /// capture; beyond it the first is set aside. Default 16,384.
    pub held_packets: usize,
    /// Bytes of them. Default 16 MiB.
    pub held: usize,
    /// Bytes of packets set aside, until it is known whether they are to be
    /// written. Beyond it those of the conversation that began to wait first are
    /// dropped, its oldest first; beyond a sixteenth, those of a conversation
    /// that has so many. Default 32 MiB.
    pub set_aside: usize,
    /// Findings of a check that are told; of what fails, is told, was allowed or was
    /// there before so many each. Others are counted. The same of the fields that
    /// differ between the messages of two captures. Default 10,000.
    pub findings: usize,
    /// Bytes kept of the messages of two captures that are compared; of the others
    /// only whether they differ is known. No more messages than one for 32 of these
    /// bytes are compared at all. Default 256 MiB.
    pub compared: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            conversations: 200_000,
            closed_time: Duration::from_secs(240),
            idle_time: Duration::from_secs(24 * 3600),
            reorder: 16 << 20,
            reorder_total: 64 << 20,
            grace_packets: 64,
            grace_time: Duration::from_millis(100),
            head: 64 << 10,
            pending: 1 << 20,
            message: 64 << 20,
            inflated: 1 << 30,
            opened: 16 << 20,
            frame: 16 << 30,
            memory: 96 << 20,
            search: 256 << 10,
            requests: 1024,
            datagrams: 1024,
            fragments: 8 << 20,
            fragment_time: Duration::from_secs(30),
            held_time: Duration::from_secs(1),
            held_packets: 16_384,
            held: 16 << 20,
            set_aside: 32 << 20,
            findings: 10_000,
            compared: 256 << 20,
        }
    }
}

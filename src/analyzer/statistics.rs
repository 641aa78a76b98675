//! Counting what was seen, for summaries.

use crate::net;

/// What was seen so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// What has become of the packets.
    pub net: net::Counters,
    /// Packets that the snap length cut.
    pub cut_packets: u64,
    /// TCP conversations.
    pub conversations: u64,
    /// Conversations with data whose beginning is not in the capture.
    pub begun_before: u64,
    /// Conversations that `--ip`, `--port` or another filter left out.
    pub unselected: u64,
    /// Conversations that carry TLS.
    pub tls: u64,
    /// Upgrades to WebSocket asked for.
    pub handshakes: u64,
    /// WebSocket connections.
    pub connections: u64,
    /// Handshakes, and connections without one, of which the filter may show
    /// something.
    pub wanted: u64,
    /// Messages.
    pub messages: u64,
    /// Events that were told.
    pub told: u64,
    /// Events that the filter kept back.
    pub filtered: u64,
    /// Messages of which a filter compared only the first values with those of
    /// another field, as they were very many.
    pub half_compared: u64,
    /// Gaps in WebSocket connections.
    pub gaps: u64,
    /// Bytes missing there.
    pub missing_bytes: u64,
    /// Bytes of WebSocket connections that could not be decoded, as a frame
    /// header before them is missing or broken.
    pub undecoded_bytes: u64,
    /// HTTP heads longer than the limit.
    pub long_heads: u64,
    /// Packets that were passed over: [`Analyzer::pass_over`](super::Analyzer::pass_over).
    pub passed_over: u64,
    /// Conversations evicted because there were too many.
    pub evicted: u64,
    /// Conversations evicted because they were silent for too long.
    pub expired: u64,
    /// Holes given up because a limit on buffers was reached.
    pub overflows: u64,
    /// Handshakes given up because too much waited for them.
    pub pending_overflows: u64,
    /// Times that a conversation gave up what it kept, as all together kept too
    /// much.
    pub shed: u64,
    /// Messages given up as they grew too large when inflated.
    pub inflated_too_large: u64,
    /// Frames longer than the limit.
    pub long_frames: u64,
    /// Messages longer than the limit.
    pub truncated: u64,
    /// Requests of protocols inside, and pings, that were forgotten before they
    /// were answered, as too many waited.
    pub forgotten_requests: u64,
}

impl Statistics {
    /// Adds what a shard counted, which is nothing of packets.
    pub(super) fn add(&mut self, other: &Self) {
        let &Self {
            net: _,
            cut_packets,
            conversations,
            begun_before,
            unselected,
            tls,
            handshakes,
            connections,
            wanted,
            messages,
            told,
            filtered,
            half_compared,
            gaps,
            missing_bytes,
            undecoded_bytes,
            long_heads,
            passed_over,
            evicted,
            expired,
            overflows,
            pending_overflows,
            shed,
            inflated_too_large,
            long_frames,
            truncated,
            forgotten_requests,
        } = other;
        self.cut_packets += cut_packets;
        self.conversations += conversations;
        self.begun_before += begun_before;
        self.unselected += unselected;
        self.tls += tls;
        self.handshakes += handshakes;
        self.connections += connections;
        self.wanted += wanted;
        self.messages += messages;
        self.told += told;
        self.filtered += filtered;
        self.half_compared += half_compared;
        self.gaps += gaps;
        self.missing_bytes += missing_bytes;
        self.undecoded_bytes += undecoded_bytes;
        self.long_heads += long_heads;
        self.passed_over += passed_over;
        self.evicted += evicted;
        self.expired += expired;
        self.overflows += overflows;
        self.pending_overflows += pending_overflows;
        self.shed += shed;
        self.inflated_too_large += inflated_too_large;
        self.long_frames += long_frames;
        self.truncated += truncated;
        self.forgotten_requests += forgotten_requests;
    }
}

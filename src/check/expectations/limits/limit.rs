//! The names of limits.

/// A limit, which is an expectation of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check::expectations) enum Limit {
    MessageSize,
    MessagesPerSecond,
    ConnectionDuration,
    LatencyP50,
    LatencyP95,
    LatencyP99,
    LatencyMax,
    CompressionRatio,
    CloseCodes,
}

impl Limit {
    /// All of them.
    #[cfg(test)]
    pub(super) const ALL: [Self; 9] = [
        Self::MessageSize,
        Self::MessagesPerSecond,
        Self::ConnectionDuration,
        Self::LatencyP50,
        Self::LatencyP95,
        Self::LatencyP99,
        Self::LatencyMax,
        Self::CompressionRatio,
        Self::CloseCodes,
    ];

    /// As the file names it, of one within `latency` with that before a dot.
    pub(in crate::check::expectations) const fn name(self) -> &'static str {
        match self {
            Self::MessageSize => "message_size",
            Self::MessagesPerSecond => "messages_per_second",
            Self::ConnectionDuration => "connection_duration",
            Self::LatencyP50 => "latency.p50",
            Self::LatencyP95 => "latency.p95",
            Self::LatencyP99 => "latency.p99",
            Self::LatencyMax => "latency.max",
            Self::CompressionRatio => "compression_ratio",
            Self::CloseCodes => "close_codes",
        }
    }

    /// Its key in the file.
    pub(in crate::check::expectations) fn key(self) -> &'static str {
        let name = self.name();
        name.rsplit_once('.').map_or(name, |(_, key)| key)
    }
}

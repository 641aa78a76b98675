//! What is said at the end: why nothing was found, which limits were reached.

use crate::analyzer::Statistics;
use crate::capture::Drops;
use crate::output::grouped;

/// Whether anything was shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Something,
}

/// One thing that must not go unsaid.
pub(super) struct Note {
    pub(super) about: About,
    /// Without a full stop.
    pub(super) text: String,
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    UnknownLinkType,
    Gaps,
    Undecoded,
    CutPackets,
    /// A bound was reached.
    Limit,
}

/// What must not go unsaid: what is missing or could not be read, and limits
/// that were reached.
pub(super) fn notes(statistics: &Statistics, found: Found, is_live: bool) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut note = |about, text| notes.push(Note { about, text });
    for (link_type, packets) in &statistics.net.unknown_link_types {
        let packets = count(*packets, "packet");
        note(
            About::UnknownLinkType,
            format!(
                "{packets} of link type {link_type} could not be read: wsdump does not know it"
            ),
        );
    }
    if statistics.gaps > 0 {
        let gaps = count(statistics.gaps, "gap");
        let bytes = count_are(statistics.missing_bytes, "byte");
        note(
            About::Gaps,
            format!("{gaps} in WebSocket connections: {bytes} missing from the capture"),
        );
    }
    if statistics.undecoded_bytes > 0 {
        note(
            About::Undecoded,
            format!(
                "{} of WebSocket connections not decoded, as a frame header before them is missing or broken",
                count(statistics.undecoded_bytes, "byte"),
            ),
        );
    }
    // When nothing was found, the last line tells this.
    if statistics.cut_packets > 0 && found == Found::Something {
        let packets = count_are(statistics.cut_packets, "packet");
        let advice = if is_live {
            "leave out --snaplen"
        } else {
            "capture whole packets with `tcpdump -s 0`"
        };
        note(About::CutPackets, format!("{packets} cut by the snap length: {advice}"));
    }
    if statistics.half_compared > 0 {
        note(
            About::Limit,
            format!(
                "{} with more values than the filter compares with one another: the first ones counted",
                count(statistics.half_compared, "message"),
            ),
        );
    }
    let mut reached = |number: u64, what: &str, consequence: &str, limit: &str| {
        if number > 0 {
            let text = format!("{} {consequence} (--limit {limit})", count(number, what));
            note(About::Limit, text);
        }
    };
    reached(statistics.truncated, "message", "longer than is kept, shown in part", "message");
    reached(
        statistics.inflated_too_large,
        "compressed message",
        "given up, as larger than is inflated",
        "inflated",
    );
    reached(statistics.long_frames, "frame", "passed over, as longer than is read", "frame");
    reached(statistics.long_heads, "HTTP head", "given up, as longer than is kept", "head");
    reached(
        statistics.forgotten_requests,
        "request",
        "not waited for any longer, as too many were not answered",
        "requests",
    );
    reached(
        statistics.evicted,
        "TCP conversation",
        "forgotten, as there were too many",
        "conversations",
    );
    reached(
        statistics.expired,
        "TCP conversation",
        "evicted, as silent for longer than is waited",
        "idle-time",
    );
    reached(
        statistics.shed,
        "time",
        "a TCP conversation gave up payload or context, as all kept too much",
        "memory",
    );
    reached(
        statistics.overflows,
        "hole",
        "in TCP streams given up early, as too much followed them",
        "reorder, --limit reorder-total",
    );
    reached(
        statistics.pending_overflows,
        "handshake",
        "given up, as too much waited for the other half",
        "pending",
    );
    reached(
        statistics.net.datagrams.evicted,
        "IP datagram",
        "given up in fragments, as there were too many",
        "datagrams, --limit fragments",
    );
    notes
}

/// One line about the run: when nothing was found, why; with `verbose`, what
/// was seen.
pub(super) fn line(
    statistics: &Statistics,
    found: Found,
    verbose: bool,
    passed_over_by: &str,
) -> Option<String> {
    let seen = seen(statistics, passed_over_by);
    match found {
        Found::Nothing if statistics.filtered > 0 => {
            Some(format!("no WebSocket traffic that matches the filter: {seen}"))
        }
        Found::Nothing => Some(format!("no WebSocket traffic: {seen}")),
        Found::Something if verbose => Some(format!(
            "{}, {}, {}: {}",
            count(statistics.connections, "WebSocket connection"),
            count(statistics.messages, "message"),
            count(statistics.gaps, "gap"),
            seen
        )),
        Found::Something => None,
    }
}

/// What a live capture lost. Whoever reads it must know that nothing is, too.
pub(super) fn dropped(drops: Drops) -> String {
    format!(
        "{} dropped by the kernel, {} by the interface",
        count(drops.kernel, "packet"),
        grouped(drops.interface)
    ) + if drops.kernel > 0 { ": give it a larger buffer with --buffer-size" } else { "" }
}

/// What was lost when files were captured.
pub(super) fn lost(packets: u64) -> String {
    format!("{} lost when the capture was made, as it says", count(packets, "packet"))
}

/// What the capture held, as far as there was any of it.
fn seen(statistics: &Statistics, passed_over_by: &str) -> String {
    let net = &statistics.net;
    let unknown: u64 = net.unknown_link_types.values().sum();
    let mut parts =
        vec![count(net.packets, "packet"), count(statistics.conversations, "TCP conversation")];
    let mut part = |number: u64, text: &dyn Fn(u64) -> String| {
        if number > 0 {
            parts.push(text(number));
        }
    };
    part(statistics.begun_before, &|n| format!("{} of them begun before the capture", grouped(n)));
    part(statistics.tls, &|n| format!("{} of them TLS without keys", grouped(n)));
    part(statistics.unselected, &|n| format!("{} of them filtered away", grouped(n)));
    part(statistics.filtered, &|n| format!("{} filtered away", count(n, "event")));
    part(statistics.passed_over, &|n| {
        format!("{} left out by {passed_over_by}", count(n, "packet"))
    });
    part(statistics.cut_packets, &|n| format!("{} cut by the snap length", count(n, "packet")));
    part(unknown, &|n| format!("{} of unknown link types", grouped(n)));
    part(net.malformed, &|n| format!("{} not decodable", grouped(n)));
    part(net.datagrams.incomplete(), &|n| format!("{} incomplete", count(n, "IP datagram")));
    part(net.not_tcp + net.not_ip, &|n| format!("{} not TCP", grouped(n)));
    parts.join(", ")
}

/// `1 packet is`, `2 packets are`.
fn count_are(number: u64, what: &str) -> String {
    let verb = if number == 1 { "is" } else { "are" };
    format!("{} {verb}", count(number, what))
}

/// `1 packet`, `2 packets`.
pub(super) fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(number))
}

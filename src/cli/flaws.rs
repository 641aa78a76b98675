//! What is wrong with a capture as a whole, as rules of a check.

use super::run::Ended;
use super::summary::{self, About, Found, Note, count};
use crate::analyzer::Statistics;
use crate::check::{CaptureRule, Told};

/// What is wrong with a capture that events do not show: a sentence each. What they
/// `told` is left out.
pub(super) fn flaws(ended: &Ended, told: Told) -> Vec<(CaptureRule, String)> {
    let problems =
        ended.problems.iter().map(|problem| (CaptureRule::BrokenFile, sentence(problem)));
    let lost =
        (ended.lost > 0).then(|| (CaptureRule::LostPackets, sentence(&summary::lost(ended.lost))));
    problems.chain(lost).chain(of_statistics(&ended.statistics, told)).collect()
}

fn of_statistics(statistics: &Statistics, told: Told) -> Vec<(CaptureRule, String)> {
    let mut flaws = Vec::new();
    // It is found only if there is no connection.
    if let Some(why) = summary::line(statistics, Found::Nothing, false, "-f") {
        flaws.push((CaptureRule::NoConnection, sentence(&why)));
    }
    let notes = summary::notes(&untold(statistics, told), Found::Something, false);
    flaws.extend(notes.iter().map(|note| (rule(note), sentence(&note.text))));
    let mut flaw = |rule, number, text: &dyn Fn(u64) -> String| {
        if number > 0 {
            flaws.push((rule, text(number)));
        }
    };
    let net = &statistics.net;
    flaw(CaptureRule::UnreadablePackets, net.malformed, &|number| {
        format!("{} could not be decoded, as a header is broken.", count(number, "packet"))
    });
    // Those that a limit gave up are told as such.
    let datagrams = net.datagrams.incomplete() - net.datagrams.evicted;
    flaw(CaptureRule::UnreadablePackets, datagrams, &|number| {
        format!(
            "{} not complete: fragments are missing, or contradict one another.",
            count(number, "IP datagram")
        )
    });
    flaw(CaptureRule::Undecryptable, statistics.tls, &|number| {
        format!("TLS without keys in {}.", count(number, "TCP conversation"))
    });
    flaws
}

/// What events do not tell one by one.
fn untold(statistics: &Statistics, told: Told) -> Statistics {
    let missing_bytes = statistics.missing_bytes.saturating_sub(told.missing_bytes);
    Statistics {
        // Those in which nothing is missing are told by what could not be decoded there.
        gaps: if missing_bytes > 0 { statistics.gaps.saturating_sub(told.gaps) } else { 0 },
        missing_bytes,
        undecoded_bytes: statistics.undecoded_bytes.saturating_sub(told.undecoded_bytes),
        long_frames: statistics.long_frames.saturating_sub(told.impossible_frames),
        inflated_too_large: statistics.inflated_too_large.saturating_sub(told.inflated_too_large),
        truncated: statistics.truncated.saturating_sub(told.truncated),
        half_compared: statistics.half_compared.saturating_sub(told.half_compared),
        ..statistics.clone()
    }
}

fn rule(note: &Note) -> CaptureRule {
    match note.about {
        About::UnknownLinkType => CaptureRule::UnreadablePackets,
        About::Gaps => CaptureRule::LostPackets,
        About::Undecoded => CaptureRule::Undecodable,
        About::CutPackets => CaptureRule::CutPackets,
        About::Limit => CaptureRule::LimitReached,
    }
}

/// What is said on standard error, as a sentence.
fn sentence(text: &str) -> String {
    let text =
        text.strip_prefix("no ").map_or_else(|| text.to_owned(), |rest| format!("No {rest}"));
    if text.ends_with('.') { text } else { text + "." }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(statistics: &Statistics, told: Told) -> Vec<&'static str> {
        let flaws = of_statistics(statistics, told);
        assert!(flaws.iter().all(|(_, sentence)| sentence.ends_with('.')), "{flaws:?}");
        // Whether there is a connection is for the checker to say.
        let mut rules = flaws.iter().map(|(rule, _)| rule.name());
        assert_eq!(rules.next(), Some("no-connection"));
        rules.collect()
    }

    #[test]
    fn what_was_counted_is_found_by_its_rule() {
        type Count = fn(&mut Statistics);
        let cases: [(Count, &str); 18] = [
            (|counted| counted.undecoded_bytes = 1, "undecodable"),
            (|counted| counted.tls = 1, "undecryptable"),
            (|counted| counted.cut_packets = 1, "cut-packets"),
            (|counted| counted.net.malformed = 1, "unreadable-packets"),
            (|counted| counted.net.unknown_link_types = [(147, 3)].into(), "unreadable-packets"),
            (|counted| counted.net.datagrams.waiting = 1, "unreadable-packets"),
            (|counted| counted.net.datagrams.timed_out = 1, "unreadable-packets"),
            (|counted| counted.net.datagrams.contradictory = 1, "unreadable-packets"),
            (|counted| counted.net.datagrams.evicted = 1, "limit-reached"),
            (|counted| counted.long_heads = 1, "limit-reached"),
            (|counted| counted.long_frames = 1, "limit-reached"),
            (|counted| counted.evicted = 1, "limit-reached"),
            (|counted| counted.expired = 1, "limit-reached"),
            (|counted| counted.overflows = 1, "limit-reached"),
            (|counted| counted.pending_overflows = 1, "limit-reached"),
            (|counted| counted.shed = 1, "limit-reached"),
            (|counted| counted.forgotten_requests = 1, "limit-reached"),
            (|counted| counted.half_compared = 1, "limit-reached"),
        ];
        for (count, rule) in cases {
            let mut statistics = Statistics::default();
            assert!(rules(&statistics, Told::default()).is_empty());
            count(&mut statistics);
            assert_eq!(rules(&statistics, Told::default()), [rule], "{statistics:?}");
        }
    }

    #[test]
    fn what_events_told_is_not_told_again() {
        let statistics = Statistics {
            gaps: 2,
            missing_bytes: 9,
            undecoded_bytes: 5,
            long_frames: 1,
            inflated_too_large: 1,
            truncated: 1,
            half_compared: 1,
            ..Statistics::default()
        };
        let told = Told {
            gaps: 2,
            missing_bytes: 9,
            undecoded_bytes: 5,
            impossible_frames: 1,
            truncated: 1,
            inflated_too_large: 1,
            half_compared: 1,
        };
        assert!(rules(&statistics, told).is_empty());
        let part = Told { undecoded_bytes: 3, impossible_frames: 0, ..told };
        assert_eq!(rules(&statistics, part), ["undecodable", "limit-reached"]);
        let rest = of_statistics(&statistics, part);
        assert!(rest[1].1.starts_with("2 bytes "), "{rest:?}");
        // What a filter left out is in no event.
        let nothing = Told { undecoded_bytes: 5, ..Told::default() };
        let all =
            ["lost-packets", "limit-reached", "limit-reached", "limit-reached", "limit-reached"];
        assert_eq!(rules(&statistics, nothing), all);
        // Of a gap in which nothing is missing is told what could not be decoded.
        let whole = Statistics { gaps: 1, undecoded_bytes: 1, ..Statistics::default() };
        assert_eq!(rules(&whole, Told::default()), ["undecodable"]);
    }

    #[test]
    fn a_sentence_begins_and_ends_as_one() {
        assert_eq!(sentence("no traffic"), "No traffic.");
        assert_eq!(sentence("2 bytes."), "2 bytes.");
        assert_eq!(sentence("nothing.pcap: is empty"), "nothing.pcap: is empty.");
    }
}

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
    let lost = (ended.lost > 0).then(|| {
        let packets = count(ended.lost, "packet");
        (CaptureRule::LostPackets, format!("{packets} lost when the capture was made, as it says."))
    });
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
        format!("TLS without keys in {} (--tls-keylog).", count(number, "TCP conversation"))
    });
    flaws
}

/// What events do not tell one by one.
fn untold(statistics: &Statistics, told: Told) -> Statistics {
    Statistics {
        gaps: 0,
        missing_bytes: 0,
        undecoded_bytes: statistics.undecoded_bytes.saturating_sub(told.undecoded_bytes),
        long_frames: statistics.long_frames.saturating_sub(told.impossible_frames),
        inflated_too_large: 0,
        truncated: 0,
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

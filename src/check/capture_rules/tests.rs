//! Events as the analyzer tells them, and what is found in them.

use std::collections::HashMap;

use super::*;
use crate::check::baseline::Baseline;
use crate::check::checker::{CheckOptions, Checker};
use crate::check::finding::Outcome;
use crate::check::policy::{Allowed, Policy};
use crate::check::verdict::Verdict;
use crate::filter::FilterSet;
use crate::output::{Spool, View};
use crate::types::{
    App, AppProtocol, Body, Connection, Counts, Endpoint, Event, JsonText, NextFrame, Opcode,
    Origin, Source, SourceId, Timestamp,
};

fn connection(inferred: bool) -> Connection {
    let endpoint = |port| Endpoint { address: [127, 0, 0, 1].into(), port };
    let (client, server) = (endpoint(4000), endpoint(80));
    Connection { stream: 0, h2_stream: None, client, server, inferred }
}

/// What these events of one connection come to.
fn verdict(inferred: bool, options: CheckOptions, events: &[Kind<'_>]) -> Verdict {
    let mut checker = Checker::new(CheckOptions { findings: 100, ..options });
    let source = Source { file: None, interface: None };
    for (index, &kind) in events.iter().enumerate() {
        let packet = index as u64 + 1;
        let time = Some(Timestamp::from_nanoseconds(index as i64 * 1_000_000));
        let origin = Origin { packet, time, source: SourceId(0), tcp_length: 0 };
        let connection = &connection(inferred);
        let is_first = index == 0;
        let event = Event { origin, source: &source, connection, is_first, kind };
        checker.event(&event, &mut Spool::default());
    }
    checker.verdict(Vec::new(), Vec::new())
}

/// Rules and packets of what is found after a whole handshake.
fn found(events: &[Kind<'_>]) -> Vec<(&'static str, Option<u64>)> {
    let handshake = accepted();
    let events = [&[Kind::Handshake(&handshake)], events].concat();
    places(&verdict(false, CheckOptions::default(), &events))
}

fn places(verdict: &Verdict) -> Vec<(&'static str, Option<u64>)> {
    verdict.findings.iter().map(|finding| (finding.rule.name(), finding.packet)).collect()
}

fn accepted() -> Handshake {
    Handshake {
        request_headers: Some(Vec::new()),
        response_headers: Some(Vec::new()),
        status: Some(101),
        ..Handshake::default()
    }
}

fn text(from: Side) -> Message<'static> {
    Message::new(from, Opcode::Text, Body::Text("hello"))
}

fn cut(from: Side) -> Kind<'static> {
    Kind::Message(Message { complete: false, missing: Some(3), length: None, ..text(from) })
}

fn whole(from: Side) -> Kind<'static> {
    Kind::Message(text(from))
}

fn ping(from: Side, complete: bool) -> Kind<'static> {
    let ping = Message::new(from, Opcode::Ping, Body::Text(""));
    Kind::Message(Message { complete, ..ping })
}

fn gap(from: Side, bytes: Option<u64>, undecoded: u64) -> Kind<'static> {
    Kind::Gap(Gap { from, bytes, next_frame: NextFrame::Inferred, undecoded })
}

fn end(state: EndState) -> Kind<'static> {
    let counts = Counts::default();
    Kind::End(End { state, client: counts, server: counts, duration: None })
}

const CLIENT: Side = Side::Client;
const SERVER: Side = Side::Server;

#[test]
fn a_message_breaks_off_when_nothing_is_missing() {
    let closed = end(EndState::TcpClosed);
    assert_eq!(found(&[cut(CLIENT), closed]), [("incomplete-message", Some(2))]);
    // One that is sent after it shows so, too: it is not waited for.
    assert_eq!(found(&[cut(CLIENT), whole(CLIENT)]), [("incomplete-message", Some(2))]);
    assert_eq!(found(&[cut(CLIENT), whole(SERVER)]), []);
    // A ping within a message that breaks off.
    let both = [ping(CLIENT, false), cut(CLIENT), closed];
    assert_eq!(found(&both), [("incomplete-message", Some(2)), ("incomplete-message", Some(3))]);
}

#[test]
fn what_a_gap_hit_does_not_break_off() {
    let lost = ("lost-packets", Some(3));
    let hit = gap(CLIENT, Some(7), 0);
    let closed = end(EndState::Closed);
    assert_eq!(found(&[cut(CLIENT), hit, whole(CLIENT), closed]), [lost]);
    assert_eq!(found(&[ping(CLIENT, true), hit, cut(CLIENT), closed]), [lost]);
    let around = [ping(CLIENT, true), hit, ping(CLIENT, false), cut(CLIENT), closed];
    assert_eq!(found(&around), [lost]);
    // Of the other side nothing is missing.
    let other = found(&[cut(SERVER), hit, closed]);
    assert_eq!(other, [lost, ("incomplete-message", Some(2))]);
    // After the gap comes a whole message, and then one that breaks off.
    let later = found(&[cut(CLIENT), hit, whole(CLIENT), cut(CLIENT), closed]);
    assert_eq!(later, [lost, ("incomplete-message", Some(5))]);
}

#[test]
fn what_the_capture_ends_before_does_not_break_off() {
    let open = found(&[cut(CLIENT), end(EndState::Open)]);
    assert_eq!(open, [("open-connection", Some(3))]);
    assert_eq!(found(&[cut(CLIENT), end(EndState::Evicted)]), []);
    assert_eq!(found(&[cut(CLIENT)]), []);
}

#[test]
fn what_a_violation_says_is_not_told_twice() {
    let rule = Rule::InterleavedMessage;
    let violation = Kind::Violation(Violation { from: Some(CLIENT), rule, detail: "It did." });
    let closed = end(EndState::Closed);
    for events in [[cut(CLIENT), violation, closed], [violation, cut(CLIENT), closed]] {
        assert_eq!(found(&events).len(), 1);
    }
    let corrupt = Message {
        complete: false,
        compressed: true,
        not_inflated: Some(NotInflated::Corrupt),
        ..text(SERVER)
    };
    let rule = Rule::CorruptDeflate;
    let violation = Kind::Violation(Violation { from: Some(SERVER), rule, detail: "It is not." });
    let corrupt = Kind::Message(corrupt);
    assert_eq!(found(&[violation, corrupt, closed]), [("corrupt-deflate", Some(2))]);
    assert_eq!(found(&[corrupt, closed]), [("not-inflated", Some(2))]);
}

#[test]
fn many_messages_that_break_off_are_all_told() {
    let mut events = vec![cut(CLIENT); 100];
    events.push(end(EndState::Closed));
    assert_eq!(found(&events[..]).len(), 100);
    // Those that a gap hit are few.
    *events.last_mut().unwrap() = gap(CLIENT, Some(1), 0);
    let kept = found(&events[..]).len();
    assert!((90..100).contains(&kept), "{kept}");
}

#[test]
fn messages_before_a_capture_are_cut_by_its_begin() {
    let events = [cut(CLIENT), cut(SERVER), end(EndState::Closed)];
    let places = places(&verdict(true, CheckOptions::default(), &events));
    assert_eq!(places, [("missing-handshake", Some(1))]);
}

#[test]
fn a_gap_has_what_is_missing_and_what_cannot_be_read() {
    let lost = ("lost-packets", Some(2));
    let undecodable = ("undecodable", Some(2));
    assert_eq!(found(&[gap(CLIENT, Some(1), 0)]), [lost]);
    assert_eq!(found(&[gap(CLIENT, Some(1), 5)]), [lost, undecodable]);
    assert_eq!(found(&[gap(CLIENT, None, 5)]), [undecodable]);
    assert_eq!(found(&[gap(CLIENT, None, 0)]), [undecodable]);
}

#[test]
fn lost_context_is_told_once_for_a_side() {
    let compressed = |from, not_inflated: Option<NotInflated>| {
        let complete = not_inflated.is_none();
        Kind::Message(Message { compressed: true, complete, not_inflated, ..text(from) })
    };
    let lost = Some(NotInflated::ContextLost);
    let told = found(&[
        compressed(CLIENT, lost),
        compressed(CLIENT, lost),
        compressed(SERVER, lost),
        whole(CLIENT),
        compressed(CLIENT, lost),
        compressed(CLIENT, None),
        compressed(CLIENT, lost),
        compressed(CLIENT, Some(NotInflated::Limit)),
        compressed(CLIENT, Some(NotInflated::Limit)),
    ]);
    let packets: Vec<_> = told.iter().map(|(_, packet)| packet.unwrap()).collect();
    assert!(told.iter().all(|(rule, _)| *rule == "not-inflated"));
    assert_eq!(packets, [2, 4, 8, 9, 10]);
}

#[test]
fn a_payload_that_is_not_all_there_is_not_judged() {
    let mut app = App::new(AppProtocol::Mqtt, JsonText::new("{}"));
    app.malformed = Some("It is empty.");
    let message = Message { app: Some(&app), ..text(CLIENT) };
    assert_eq!(found(&[Kind::Message(message)]), [("malformed-app", Some(2))]);
    let truncated = Message { truncated: true, ..message };
    assert_eq!(found(&[Kind::Message(truncated)]), [("truncated-message", Some(2))]);
}

#[test]
fn a_handshake_needs_both_halves() {
    let handshake = |handshake: Handshake| {
        let events = [Kind::Handshake(&handshake), whole(CLIENT)];
        let verdict = verdict(false, CheckOptions::default(), &events);
        let details = verdict.findings.iter().map(|finding| finding.detail.clone());
        (details.collect::<Vec<_>>(), verdict.connections)
    };
    let missing = |half| (vec![format!("The {half} is not in the capture.")], 1);
    assert_eq!(handshake(accepted()), (Vec::new(), 1));
    let half = Handshake { request_headers: None, ..accepted() };
    assert_eq!(handshake(half), missing("request"));
    let half = Handshake { response_headers: None, status: None, ..accepted() };
    assert_eq!(handshake(half), missing("response"));
    let refused = Handshake { status: Some(403), reason: Some("No".into()), ..accepted() };
    let told = handshake(refused).0;
    assert_eq!(told[0], "The server answered 403 No.");
}

#[test]
fn what_shows_no_consent_and_no_message_is_no_connection() {
    let asked = Handshake { response_headers: None, status: None, ..accepted() };
    let refused = Handshake { status: Some(403), ..accepted() };
    for handshake in [asked, refused] {
        let verdict = verdict(false, CheckOptions::default(), &[Kind::Handshake(&handshake)]);
        assert_eq!(verdict.connections, 0);
        assert_eq!(verdict.findings.last().unwrap().rule.name(), "no-connection");
        assert!(verdict.has_failed());
    }
    let options = CheckOptions { allow_empty: true, ..CheckOptions::default() };
    assert!(!verdict(false, options, &[]).has_failed());
}

/// That a message breaks off is known later, and allowed where the message is.
#[test]
fn what_is_held_is_allowed_where_it_was() {
    for (filter, outcome) in
        [("websocket.opcode == 1", Outcome::Allowed), ("ws.event == \"end\"", Outcome::Told)]
    {
        let mut filters = FilterSet::default();
        let allowed = Allowed::Where(vec![filters.filter(filter).unwrap()]);
        let rule = CheckRule::Capture(CaptureRule::IncompleteMessage);
        let policy = Policy { allowed: HashMap::from([(rule, allowed)]), ..Policy::default() };
        let options = CheckOptions { filters, policy, ..CheckOptions::default() };
        let handshake = accepted();
        let events = [Kind::Handshake(&handshake), cut(CLIENT), end(EndState::Closed)];
        let verdict = verdict(false, options, &events);
        let outcomes: Vec<_> = verdict.findings.iter().map(|finding| finding.outcome).collect();
        assert_eq!(outcomes, [outcome], "{filter}");
    }
}

#[test]
fn what_was_there_before_and_is_gone_is_counted() {
    let judged = |baseline: Baseline, events: &[Kind<'_>]| {
        let policy = Policy { baseline: Some(baseline), ..Policy::default() };
        let handshake = accepted();
        let events = [&[Kind::Handshake(&handshake)], events].concat();
        verdict(false, CheckOptions { policy, ..CheckOptions::default() }, &events)
    };
    let lost = gap(CLIENT, Some(7), 0);
    let before = judged(Baseline::noting(), &[lost, lost, lost]);
    assert!(!before.has_failed());
    let noted = Baseline::parse(&before.noted.unwrap().render()).unwrap();
    for (events, gone) in [(&[lost, lost, lost][..], 0), (&[lost], 2), (&[], 3)] {
        let now = judged(noted.clone(), events);
        assert_eq!((now.gone, now.has_failed()), (gone, false));
        assert_eq!(now.noted, None);
    }
    let now = judged(noted, &[lost, lost, lost, lost]);
    assert_eq!((now.gone, now.totals().known, now.totals().fails), (0, 3, 1));
}

/// A filter that looks at a part of a message only may say that all is good.
#[test]
fn values_that_filters_do_not_compare_are_found() {
    let mut filters = FilterSet::default();
    let place = filters.filter("json.a[*] == json.b[*]").unwrap();
    let mut policy = Policy::default();
    policy.allow(CheckRule::Capture(CaptureRule::TruncatedMessage), Allowed::Where(vec![place]));
    let json = format!(r#"{{"a":[1],"b":[{}1]}}"#, "0,".repeat(70_000));
    let message = Message::new(Side::Client, Opcode::Text, Body::Json(JsonText::new(&json)));
    let message = Kind::Message(Message { truncated: true, ..message });
    let options = CheckOptions { filters, policy, ..CheckOptions::default() };
    let handshake = accepted();
    let verdict = verdict(false, options, &[Kind::Handshake(&handshake), message]);
    assert!(places(&verdict).contains(&("limit-reached", Some(2))), "{:?}", verdict.findings);
}

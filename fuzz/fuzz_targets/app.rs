//! Messages of each protocol that a connection may carry, the pings and pongs and
//! the gaps between them.
//!
//! Whatever comes, what is said is an object of valid JSON, in which the types, the
//! answers and the protocol stand that views are told; the same messages say the
//! same again; what is kept is within its bound, and given up when that is asked
//! for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use wsdump::payload::{Apps, Story, classify};
use wsdump::types::{App, Body, Handshake, Limits, Message, Opcode, Side};
use wsdump_fuzz::{APP_TARGETS, origin};

/// Requests that may wait.
const REQUESTS: usize = 16;

/// Bytes that one connection may keep here: both sides' unfinished packets, joined
/// ones, and the requests.
const KEPT: usize = 64 << 20;

fuzz_target!(|input: &[u8]| {
    let Some((which, rest)) = input.split_first() else {
        return;
    };
    let handshake = handshake(usize::from(*which));
    let first = told(&handshake, rest);
    assert_eq!(first, told(&handshake, rest));
});

/// All that is said of the messages.
fn told(handshake: &Handshake, mut rest: &[u8]) -> Vec<String> {
    let limits = Limits { requests: REQUESTS, ..Limits::default() };
    let (mut apps, mut story) = (Apps::new(handshake), Story::new(&limits));
    let (mut packet, mut told) = (0, Vec::new());
    while let [flags, low, high, after @ ..] = rest {
        packet += 1;
        let from = if flags & 1 == 0 { Side::Client } else { Side::Server };
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(after.len());
        let (payload, next) = after.split_at(length);
        rest = next;
        let opcode = match flags >> 1 & 7 {
            0..=2 => Opcode::Text,
            3..=5 => Opcode::Binary,
            6 => Opcode::Ping,
            _ => Opcode::Pong,
        };
        match flags >> 4 {
            0 => apps.gap(from),
            1 => apps.shed(),
            _ => {}
        }
        let mut message = Message::new(from, opcode, classify(payload, true));
        message.complete = flags >> 4 != 2;
        if opcode == Opcode::Text && matches!(message.body, Body::Binary(_)) {
            continue; // as broken text that still is told
        }
        if let Some(app) = apps.read(&message, origin(packet, packet * 7), &mut story) {
            check(&app, packet);
            told.push(app.json.text().to_owned());
        }
        assert!(apps.cost() <= KEPT);
    }
    apps.shed();
    told
}

fn check(app: &App<'_>, packet: u64) {
    let json = app.json.text();
    assert!(serde_json::from_str::<IgnoredAny>(json).is_ok(), "{json}");
    // serde_json builds neither half a surrogate pair nor many levels.
    let Ok(said) = serde_json::from_str::<serde_json::Value>(json) else {
        return;
    };
    assert_eq!(said["protocol"].as_str(), app.protocol.map(|protocol| protocol.name()));
    assert_eq!(said["malformed"].as_str(), app.malformed);
    for told in app.packets() {
        if let Some(reply) = told.reply {
            assert!(reply.to < packet && reply.to > 0);
        }
    }
    let mut packets = app.packets();
    if let (Some(only), None) = (packets.next(), packets.next()) {
        assert_eq!(said["type"].as_str().unwrap_or_default(), only.kind);
        assert_eq!(said["reply_to"].as_u64(), only.reply.map(|reply| reply.to));
        assert_eq!(said["heartbeat"].as_bool().unwrap_or(false), only.is_heartbeat);
    }
    if let Some(Body::Json(json)) = app.body {
        assert!(matches!(classify(json.text().as_bytes(), true), Body::Json(_)));
    }
}

/// A handshake that makes the protocol certain; beyond those, one that tells none,
/// so that the messages have to.
fn handshake(which: usize) -> Handshake {
    let mut handshake = Handshake { status: Some(101), ..Handshake::default() };
    match APP_TARGETS.get(which % (APP_TARGETS.len() + 1)) {
        Some(target) if target.starts_with('/') => handshake.target = Some((*target).into()),
        Some(subprotocol) => handshake.subprotocol = Some((*subprotocol).into()),
        None => {}
    }
    handshake
}

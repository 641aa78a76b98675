//! What is told of a packet.

use super::packet::{Connect, Kind, Packet, Topics};
use super::properties::{Properties, SUBSCRIPTION_IDENTIFIER, USER_PROPERTY, Value};
use super::stream::Piece;
use crate::payload::app::facts::Facts;
use crate::payload::app::story::Telling;

/// Tells a packet. `topic` is the one of a PUBLISH.
pub(super) fn tell(packet: &Packet<'_>, topic: &str, piece: Piece<'_>, telling: &mut Telling<'_>) {
    telling.packet(packet.kind.name());
    facts(packet, topic, piece.missing, &mut telling.facts());
    summary(packet, topic, telling);
    if matches!(packet.kind, Kind::Pingreq | Kind::Pingresp) {
        telling.heartbeat();
    }
    if let Some(payload) = packet.payload.filter(|_| !packet.is_cut) {
        telling.body(payload);
    }
}

fn facts(packet: &Packet<'_>, topic: &str, missing: usize, facts: &mut Facts<'_>) {
    if let Some(connect) = &packet.connect {
        connect_facts(packet, connect, facts);
    }
    if let Some(packet_id) = packet.packet_id {
        facts.number("packet_id", packet_id);
    }
    if packet.topic.is_some() {
        facts.text("topic", topic).number("qos", packet.qos());
        facts.boolean("retain", packet.retain()).boolean("dup", packet.dup());
    }
    if matches!(packet.kind, Kind::Subscribe | Kind::Unsubscribe) {
        topics(packet.topics, packet.is_5(), facts);
    }
    if let Some(reason_code) = packet.reason_code {
        facts.number("reason_code", reason_code);
    }
    if let Some(reason_codes) = packet.reason_codes {
        facts.array("reason_codes", |list| {
            for reason_code in reason_codes {
                list.number(*reason_code);
            }
        });
    }
    if let Some(session_present) = packet.session_present {
        facts.boolean("session_present", session_present);
    }
    properties(packet.properties, facts);
    match packet.payload {
        Some(payload) if packet.is_cut => {
            facts.number("length", payload.len() + missing).boolean("truncated", true);
        }
        Some(payload) => {
            facts.payload(payload);
        }
        None => {}
    }
}

fn connect_facts(packet: &Packet<'_>, connect: &Connect<'_>, facts: &mut Facts<'_>) {
    if let Some(version) = packet.version {
        facts.text("version", version.name());
    }
    text(facts, "client_id", connect.client_id);
    text(facts, "username", connect.username);
    if let Some(keep_alive) = connect.keep_alive {
        facts.number("keep_alive", keep_alive).boolean("clean_start", connect.clean_start());
    }
    if let Some(will) = connect.will {
        facts.object("will", |facts| {
            facts.text("topic", &String::from_utf8_lossy(will.topic));
            facts.number("qos", connect.will_qos()).boolean("retain", connect.will_retain());
            facts.payload(will.payload);
            properties(will.properties, facts);
        });
    }
}

fn text(facts: &mut Facts<'_>, name: &str, text: Option<&[u8]>) {
    if let Some(text) = text {
        facts.text(name, &String::from_utf8_lossy(text));
    }
}

/// Of a packet with more filters than this the others are only counted: an empty one
/// has three bytes, and what is told of it thirty times as many.
const MOST_TOPICS: usize = 1024;

/// Filters with the options of their subscriptions (§3.8.3.1), of which MQTT 3 has only
/// the first.
fn topics(topics: Topics<'_>, is_5: bool, facts: &mut Facts<'_>) {
    facts.array("topics", |list| {
        for (filter, options) in topics.iter().flatten().take(MOST_TOPICS) {
            list.object(|facts| {
                facts.text("filter", &String::from_utf8_lossy(filter));
                let Some(options) = options else {
                    return;
                };
                facts.number("qos", options & 3);
                if is_5 {
                    facts.boolean("no_local", options & 4 != 0);
                    facts.boolean("retain_as_published", options & 8 != 0);
                    facts.number("retain_handling", options >> 4 & 3);
                }
            });
        }
    });
    let more = topics.iter().flatten().skip(MOST_TOPICS).count();
    if more > 0 {
        facts.number("more_topics", more);
    }
}

/// Properties by their names; those that may come several times as arrays, the user's
/// own as pairs, like headers of HTTP.
fn properties(properties: Option<Properties<'_>>, facts: &mut Facts<'_>) {
    let Some(properties) = properties.filter(|properties| !properties.0.is_empty()) else {
        return;
    };
    facts.object("properties", |facts| {
        for property in properties.once() {
            match property.value {
                Value::Number(number) => facts.number(property.name, number),
                Value::Text(text) => facts.text(property.name, &String::from_utf8_lossy(text)),
                Value::Bytes(bytes) => facts.object(property.name, |facts| {
                    facts.payload(bytes);
                }),
                Value::Pair(..) => facts,
            };
        }
        for (id, name) in
            [(SUBSCRIPTION_IDENTIFIER, "subscription_identifier"), (USER_PROPERTY, "user_property")]
        {
            if properties.of(id).next().is_none() {
                continue;
            }
            facts.array(name, |list| {
                for value in properties.of(id) {
                    match value {
                        Value::Number(number) => {
                            list.number(number);
                        }
                        Value::Pair(name, value) => {
                            list.array(|pair| {
                                pair.text(&String::from_utf8_lossy(name));
                                pair.text(&String::from_utf8_lossy(value));
                            });
                        }
                        Value::Text(_) | Value::Bytes(_) => {}
                    }
                }
            });
        }
    });
}

fn summary(packet: &Packet<'_>, topic: &str, telling: &mut Telling<'_>) {
    if let Some(connect) = &packet.connect {
        telling.say(&String::from_utf8_lossy(connect.client_id.unwrap_or_default()));
        if let Some(username) = connect.username {
            telling.say(" as ").say(&String::from_utf8_lossy(username));
        }
    }
    if packet.topic.is_some() {
        telling.say(topic);
        if packet.qos() > 0 {
            telling.say(&format!(" qos {}", packet.qos()));
        }
        for (is_set, word) in [(packet.retain(), " retain"), (packet.dup(), " dup")] {
            if is_set {
                telling.say(word);
            }
        }
        let said = packet.payload.and_then(|payload| str::from_utf8(payload).ok());
        if let Some(said) = said.filter(|said| !said.is_empty()) {
            telling.say(": ").say_lines(said);
        }
    }
    for (index, (filter, _)) in packet.topics.iter().flatten().take(MOST_SAID).enumerate() {
        telling.say(if index > 0 { ", " } else { "" }).say(&String::from_utf8_lossy(filter));
    }
    let codes = packet.reason_code.as_slice().iter().chain(packet.reason_codes.unwrap_or_default());
    let refused = codes.copied().find_map(|code| reason(packet, code));
    telling.say(refused.unwrap_or_default());
}

/// Filters that are said of a packet with many.
const MOST_SAID: usize = 16;

/// What a reason code means that is not a success: those of MQTT 5 (Table 2-6), and the
/// return codes of 3.1.1 (§3.2.2.3, §3.9.3).
fn reason(packet: &Packet<'_>, code: u8) -> Option<&'static str> {
    if packet.kind == Kind::Connack && !packet.is_5() {
        return Some(match code {
            0 => return None,
            1 => "Unacceptable protocol version",
            2 => "Identifier rejected",
            3 => "Server unavailable",
            4 => "Bad user name or password",
            5 => "Not authorized",
            _ => "Refused",
        });
    }
    let found = REASONS.iter().find(|(known, _)| *known == code);
    found.map(|(_, reason)| *reason).or((code >= 0x80).then_some("Refused"))
}

const REASONS: &[(u8, &str)] = &[
    (0x04, "Disconnect with Will Message"),
    (0x10, "No matching subscribers"),
    (0x11, "No subscription existed"),
    (0x18, "Continue authentication"),
    (0x19, "Re-authenticate"),
    (0x80, "Unspecified error"),
    (0x81, "Malformed Packet"),
    (0x82, "Protocol Error"),
    (0x83, "Implementation specific error"),
    (0x84, "Unsupported Protocol Version"),
    (0x85, "Client Identifier not valid"),
    (0x86, "Bad User Name or Password"),
    (0x87, "Not authorized"),
    (0x88, "Server unavailable"),
    (0x89, "Server busy"),
    (0x8a, "Banned"),
    (0x8b, "Server shutting down"),
    (0x8c, "Bad authentication method"),
    (0x8d, "Keep Alive timeout"),
    (0x8e, "Session taken over"),
    (0x8f, "Topic Filter invalid"),
    (0x90, "Topic Name invalid"),
    (0x91, "Packet Identifier in use"),
    (0x92, "Packet Identifier not found"),
    (0x93, "Receive Maximum exceeded"),
    (0x94, "Topic Alias invalid"),
    (0x95, "Packet too large"),
    (0x96, "Message rate too high"),
    (0x97, "Quota exceeded"),
    (0x98, "Administrative action"),
    (0x99, "Payload format invalid"),
    (0x9a, "Retain not supported"),
    (0x9b, "QoS not supported"),
    (0x9c, "Use another server"),
    (0x9d, "Server moved"),
    (0x9e, "Shared Subscriptions not supported"),
    (0x9f, "Connection rate exceeded"),
    (0xa0, "Maximum connect time"),
    (0xa1, "Subscription Identifiers not supported"),
    (0xa2, "Wildcard Subscriptions not supported"),
];

//! MQTT 3.1, 3.1.1 and 5.0 (OASIS standards; 3.1 as IBM and Eurotech published it).
//!
//! ```text
//! messages ──► stream ──► packet (properties) ──► tell
//!              one for a side
//! ```
//!
//! Own code: libraries for clients and brokers refuse a packet as a whole where one
//! field is wrong, and here all fields before it are to be seen.

mod packet;
mod properties;
mod reader;
mod stream;
mod tell;

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::data::Data;
use super::requests::Then;
use super::story::Telling;
use super::{Decoder, Malformed};
use crate::types::Side;
use packet::{Kind, Packet, Version};
use stream::Stream;

/// Bytes of topics that are kept for the aliases of one side; beyond it the others are
/// not known by name.
const MOST_ALIASED: usize = 64 << 10;

/// A network connection (§4.2). Its packets need not end where messages do (§6).
#[derive(Default)]
pub(super) struct Mqtt {
    /// What the client asked for.
    version: Option<Version>,
    client: Half,
    server: Half,
}

/// What one side sends.
#[derive(Default)]
struct Half {
    stream: Stream,
    /// Topics by their aliases (MQTT 5.0 §3.3.2.3.4).
    aliases: HashMap<u16, Box<str>, RandomState>,
    aliased: usize,
}

/// Whether a message is a CONNECT, which names its protocol (§3.1.2.1).
pub(super) fn is_shown_by(data: &Data<'_>) -> bool {
    let is_connect = || {
        let whole = stream::whole_packet(data.payload)?;
        let packet = Packet::new(whole, None);
        let connect = packet.connect.filter(|connect| !connect.protocol.is_empty())?;
        (packet.kind == Kind::Connect && packet.problem.is_none() && packet.version.is_some())
            .then_some(connect)
    };
    !data.is_text && data.from == Side::Client && is_connect().is_some()
}

impl Decoder for Mqtt {
    fn read(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        let Self { version, client, server } = self;
        let half = if data.from == Side::Client { client } else { server };
        let Half { stream, aliases, aliased } = half;
        let mut result = Ok(());
        let is_in_step = stream.read(data.from, *version, data.payload, |piece| {
            let mut packet = Packet::new(piece.bytes, *version);
            packet.is_cut = piece.missing > 0;
            if matches!(packet.kind, Kind::Connect | Kind::Connack) && packet.version.is_some() {
                *version = packet.version;
            }
            learn(&packet, aliases, aliased);
            let topic = topic(&packet, aliases);
            tell::tell(&packet, &topic, piece, telling);
            pair(&packet, telling);
            if let Some(problem) = packet.problem.take().filter(|_| result.is_ok()) {
                result = Err(Malformed::new(problem));
            }
        });
        result.and(is_in_step)
    }

    fn gap(&mut self, side: Side) {
        let half = if side == Side::Client { &mut self.client } else { &mut self.server };
        half.forget();
    }

    fn repeats_keys(&self) -> bool {
        true
    }

    fn cost(&self) -> usize {
        self.client.cost() + self.server.cost()
    }

    fn shed(&mut self) {
        self.client.shed();
        self.server.shed();
    }
}

impl Half {
    fn forget(&mut self) {
        self.stream.lose();
        self.aliases = HashMap::default();
        self.aliased = 0;
    }

    fn cost(&self) -> usize {
        let entry = size_of::<(u16, Box<str>)>() + 1;
        self.stream.cost() + self.aliases.capacity() * entry + self.aliased
    }

    fn shed(&mut self) {
        if self.stream.cost() > 0 {
            self.stream.lose();
        }
        self.aliases = HashMap::default();
        self.aliased = 0;
    }
}

/// A PUBLISH with a topic and an alias gives the topic that alias.
fn learn(
    packet: &Packet<'_>,
    aliases: &mut HashMap<u16, Box<str>, RandomState>,
    aliased: &mut usize,
) {
    let topic = packet.topic.and_then(|topic| str::from_utf8(topic).ok());
    if let (Some(topic), Some(alias)) = (topic.filter(|topic| !topic.is_empty()), packet.alias()) {
        *aliased -= aliases.remove(&alias).map_or(0, |before| before.len());
        if *aliased + topic.len() <= MOST_ALIASED {
            *aliased += topic.len();
            aliases.insert(alias, topic.into());
        }
    }
}

/// The topic of a PUBLISH, by its alias if it has no other name.
fn topic(packet: &Packet<'_>, aliases: &HashMap<u16, Box<str>, RandomState>) -> String {
    let sent = packet.topic.unwrap_or_default();
    let by_alias = packet.alias().filter(|_| sent.is_empty());
    match by_alias.and_then(|alias| aliases.get(&alias)) {
        Some(topic) => topic.to_string(),
        None => String::from_utf8_lossy(sent).into_owned(),
    }
}

/// Which packets wait for an answer, and which answer (§4.3).
fn pair(packet: &Packet<'_>, telling: &mut Telling<'_>) {
    let key = |asked: Kind| {
        let [high, low] = packet.packet_id.unwrap_or_default().to_be_bytes();
        [asked as u8, high, low]
    };
    match packet.kind {
        Kind::Publish if packet.packet_id.is_none() => {}
        Kind::Connect
        | Kind::Publish
        | Kind::Pubrel
        | Kind::Subscribe
        | Kind::Unsubscribe
        | Kind::Pingreq => {
            telling.asks(&key(packet.kind), packet.kind.name());
        }
        _ => {}
    }
    let asked = match packet.kind {
        Kind::Connack => Kind::Connect,
        Kind::Puback | Kind::Pubrec => Kind::Publish,
        Kind::Pubcomp => Kind::Pubrel,
        Kind::Suback => Kind::Subscribe,
        Kind::Unsuback => Kind::Unsubscribe,
        Kind::Pingresp => Kind::Pingreq,
        _ => return,
    };
    telling.answers(&key(asked), Then::Done);
}

#[cfg(test)]
mod tests;

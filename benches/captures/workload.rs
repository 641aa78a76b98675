//! Captures for measurements.

use std::io::Result;
use std::sync::Arc;

use super::capture::Capture;
use super::connection::{Connection, Side};
use super::frame::{Header, frame};
use super::messages;
use super::noise::Noise;
use super::player::Player;
use super::random::Random;
use super::script::Script;

/// Changes where a workload is no longer written as it was.
pub(crate) const VERSION: u32 = 1;

/// WebSocket connections that are open at once.
const CONNECTIONS: u32 = 64;

/// Scripts that these play.
const SCRIPTS: u64 = 16;

/// Bytes of a script, at most.
const SCRIPT: usize = 1 << 20;

/// A kind of traffic. None of its packets are lost or out of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    /// Texts of JSON of about 1 KB.
    Json,
    /// Texts of JSON of about 70 bytes, several in a segment.
    Ticks,
    /// Binary messages of 64 KiB to 1 MiB.
    Bulk,
    /// Texts of JSON of about 2.4 KB, compressed.
    Deflate,
    /// 90 % of the bytes are something else, the rest is as in `Json`.
    MixedNoise,
}

impl Workload {
    pub(crate) const ALL: [Self; 5] =
        [Self::Json, Self::Ticks, Self::Bulk, Self::Deflate, Self::MixedNoise];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ticks => "ticks",
            Self::Bulk => "bulk",
            Self::Deflate => "deflate",
            Self::MixedNoise => "mixed-noise",
        }
    }

    /// Writes about `size` bytes of it. Gives the number of messages, control
    /// frames among them.
    pub(crate) fn write(self, capture: &mut Capture, size: u64) -> Result<u64> {
        let mut random = Random::new(self as u64);
        let mut players = self.players(capture, &mut random, size)?;
        let mut noise = (self == Self::MixedNoise).then(|| Noise::new(&mut random, CONNECTIONS));
        let mut of_players = capture.written();
        while capture.written() < size {
            let before = capture.written();
            match &mut noise {
                Some(noise) if of_players * 10 > before => noise.step(capture, &mut random)?,
                _ => {
                    let index = random.below(players.len());
                    players[index].step(capture, &mut random)?;
                    of_players += capture.written() - before;
                }
            }
        }
        for player in &mut players {
            player.close(capture, &mut random)?;
        }
        Ok(players.iter().map(|player| player.messages).sum())
    }

    /// Its WebSocket connections, opened.
    fn players(self, capture: &mut Capture, random: &mut Random, size: u64) -> Result<Vec<Player>> {
        let each = SCRIPT.min((size / SCRIPTS) as usize);
        let scripts: Vec<Arc<Script>> = (0..SCRIPTS)
            .map(|_| match self {
                Self::Json | Self::MixedNoise => Script::json(random, each),
                Self::Ticks => Script::ticks(random, each),
                Self::Bulk => Script::bulk(random, each),
                Self::Deflate => Script::deflate(random, each),
            })
            .map(Arc::new)
            .collect();
        let scripts = scripts.iter().cycle();
        (0..CONNECTIONS)
            .zip(scripts)
            .map(|(number, script)| {
                let mut connection = Connection::on_ethernet(number, 8_080);
                connection.dial(capture)?;
                connection.upgrade(capture, self == Self::Deflate)?;
                Ok(Player::new(connection, Arc::clone(script)))
            })
            .collect()
    }
}

/// So many connections that are opened, say a message each, and stay open.
/// Gives the number of messages.
pub(crate) fn connections(capture: &mut Capture, count: u32) -> Result<u64> {
    let mut random = Random::new(u64::from(count));
    let mut open = Vec::new();
    for number in 0..count {
        let mut connection = Connection::on_ethernet(number, 8_080);
        connection.dial(capture)?;
        connection.upgrade(capture, false)?;
        open.push(connection);
    }
    for connection in &mut open {
        let text = messages::json(&mut random, 300);
        let frame = frame(Header::TEXT, Side::Client, text.as_bytes());
        connection.send(capture, Side::Client, &frame)?;
    }
    Ok(u64::from(count))
}

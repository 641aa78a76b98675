//! Traffic that is not WebSocket.

use std::fmt::Write;
use std::io::Result;
use std::sync::Arc;

use super::capture::Capture;
use super::connection::{Connection, Side};
use super::messages;
use super::player::Player;
use super::random::Random;
use super::script::Script;

/// Connections that are open at once.
const OPEN: usize = 48;

/// Other connections, UDP and ARP.
pub(super) struct Noise {
    /// Ports, and what is said there.
    scripts: Vec<(u16, Arc<Script>)>,
    players: Vec<Player>,
    /// The number of the next connection.
    next: u32,
}

impl Noise {
    /// Connections are numbered from `first`.
    pub(super) fn new(random: &mut Random, first: u32) -> Self {
        let mut scripts = Vec::new();
        for kind in 0..18 {
            // As many from 32 to 64 KiB as from 1 to 2 MiB.
            let size = 1 << (15 + kind / 3);
            let (port, turns) = match kind % 3 {
                0 => (80, http(random, size)),
                1 => (443, tls(random, size)),
                _ => (5_432, records(random, size)),
            };
            scripts.push((port, Arc::new(Script::other(turns))));
        }
        Self { scripts, players: Vec::new(), next: first }
    }

    /// A few more packets.
    pub(super) fn step(&mut self, capture: &mut Capture, random: &mut Random) -> Result<()> {
        if random.one_in(12) {
            return datagrams(capture, random);
        }
        if self.players.len() < OPEN {
            let (port, script) = &self.scripts[random.below(self.scripts.len())];
            let mut connection = Connection::on_ethernet(self.next, *port);
            self.next += 1;
            connection.dial(capture)?;
            self.players.push(Player::new(connection, Arc::clone(script)));
            return Ok(());
        }
        let index = random.below(self.players.len());
        if self.players[index].step(capture, random)? {
            self.players.swap_remove(index).connection.close(capture, Side::Client)?;
        }
        Ok(())
    }
}

/// Downloads over HTTP/1.1.
fn http(random: &mut Random, size: usize) -> Vec<(Side, Vec<u8>)> {
    let mut turns = Vec::new();
    let mut sent = 0;
    while sent < size {
        let request = format!(
            "GET /files/{:x} HTTP/1.1\r\nHost: files.example\r\nUser-Agent: fetcher/2.1\r\n\
             Accept: */*\r\nCookie: session={:016x}\r\n\r\n",
            random.below(1 << 20),
            random.number(),
        );
        let length = random.between(400, 90_000).min(size);
        let (kind, body) = if random.one_in(2) {
            ("application/json", messages::json(random, length).into_bytes())
        } else {
            ("application/octet-stream", random.bytes(length))
        };
        let mut response = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\n\r\n",
            body.len()
        )
        .into_bytes();
        response.extend(body);
        sent += response.len();
        turns.push((Side::Client, request.into_bytes()));
        turns.push((Side::Server, response));
    }
    turns
}

/// Records of TLS 1.3 (RFC 8446 §5.1); what is in them does not matter.
fn tls(random: &mut Random, size: usize) -> Vec<(Side, Vec<u8>)> {
    const HANDSHAKE: u8 = 22;
    const APPLICATION: u8 = 23;
    let record = |random: &mut Random, kind: u8, first: &[u8], length: usize| {
        let mut bytes = vec![kind, 3, 3];
        bytes.extend((length as u16).to_be_bytes());
        bytes.extend(first);
        bytes.extend(random.bytes(length - first.len()));
        bytes
    };
    const CLIENT_HELLO: &[u8] = &[1, 0, 0, 196, 3, 3];
    const SERVER_HELLO: &[u8] = &[2, 0, 0, 118, 3, 3];
    let mut turns = vec![
        (Side::Client, record(random, HANDSHAKE, CLIENT_HELLO, 200)),
        (Side::Server, record(random, HANDSHAKE, SERVER_HELLO, 122)),
    ];
    let mut sent = 0;
    while sent < size {
        let asked = random.between(60, 900);
        turns.push((Side::Client, record(random, APPLICATION, &[], asked)));
        let mut answer = Vec::new();
        for _ in 0..random.between(1, 12) {
            let length = random.between(100, 16_000).min(size);
            answer.extend(record(random, APPLICATION, &[], length));
        }
        sent += answer.len();
        turns.push((Side::Server, answer));
    }
    turns
}

/// Queries and rows, each with a letter and its length before it, as databases
/// send them.
fn records(random: &mut Random, size: usize) -> Vec<(Side, Vec<u8>)> {
    let mut turns = Vec::new();
    let mut sent = 0;
    while sent < size {
        let mut query = String::from("select * from readings where unit in (");
        for _ in 0..random.between(1, 20) {
            // Writing to a string cannot fail.
            let _ = write!(query, "{},", random.below(500));
        }
        query.push_str("0)\0");
        turns.push((Side::Client, record(b'Q', query.as_bytes())));
        let mut rows = Vec::new();
        for _ in 0..random.between(1, 300) {
            let length = random.between(20, 250);
            rows.extend(record(b'D', &random.bytes(length)));
        }
        sent += rows.len();
        turns.push((Side::Server, rows));
    }
    turns
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend((content.len() as u32 + 4).to_be_bytes());
    bytes.extend(content);
    bytes
}

/// A burst of UDP, or a question of ARP.
fn datagrams(capture: &mut Capture, random: &mut Random) -> Result<()> {
    const HERE: [u8; 4] = [10, 0, 0, 1];
    let host = [10, 0, 1, random.below(250) as u8];
    if random.one_in(6) {
        return capture.arp_request(HERE, host);
    }
    let port = random.between(40_000, 60_000) as u16;
    for _ in 0..random.between(1, 6) {
        let length = random.between(30, 1_250);
        capture.datagram([(host, port), (HERE, 4_433)], &random.bytes(length))?;
    }
    Ok(())
}

//! A small capture in which much goes wrong.

use std::io::Result;
use std::sync::Arc;

use etherparse::VlanId;

use super::capture::Capture;
use super::connection::{Connection, Side};
use super::impairment::Impairment;
use super::player::Player;
use super::random::Random;
use super::script::Script;

/// Connections in all, and those that are open at once.
const CONNECTIONS: u32 = 400;
const OPEN: usize = 40;

/// Writes a few MiB of short connections, compressed or not, over IPv4 and
/// IPv6, with and without a VLAN tag. Packets are lost, doubled, late and sent
/// again with other boundaries. Some connections began before the capture, some
/// are broken off or never end, and some ports are used again. Gives the number
/// of messages that were sent, of which not all can be read.
pub(crate) fn impaired(capture: &mut Capture) -> Result<u64> {
    let mut random = Random::new(u64::from(CONNECTIONS));
    capture.impair(Impairment::new(random.number()));
    let mut messages = 0;
    let mut open: Vec<(u32, Player)> = Vec::new();
    let mut next = 0;
    while next < CONNECTIONS || !open.is_empty() {
        if next < CONNECTIONS && open.len() < OPEN {
            open.push((next, player(capture, &mut random, next)?));
            next += 1;
            continue;
        }
        let index = random.below(open.len());
        let (number, player) = &mut open[index];
        if random.one_in(20) {
            player.segment(capture, 900)?;
        }
        if !player.step(capture, &mut random)? {
            continue;
        }
        if random.one_in(8) {
            // The same ports for another connection.
            player.connection.reset(capture, Side::Client)?;
            let again = script(&mut random, *number);
            player.connection.dial(capture)?;
            player.connection.upgrade(capture, is_compressed(*number))?;
            player.play(again);
            continue;
        }
        match *number % 8 {
            3 => player.connection.reset(capture, Side::Server)?,
            5 => {}
            _ => player.close(capture, &mut random)?,
        }
        messages += player.messages;
        open.swap_remove(index);
    }
    Ok(messages)
}

fn player(capture: &mut Capture, random: &mut Random, number: u32) -> Result<Player> {
    let mut connection = Connection::on_ethernet(number, 8_080);
    if number.is_multiple_of(5) {
        connection = connection.over_ipv6();
    }
    if number.is_multiple_of(7) {
        connection = connection.in_vlan(VlanId::try_new(7).unwrap_or_default());
    }
    let mut open = |capture: &mut Capture| {
        connection.dial(capture)?;
        connection.upgrade(capture, is_compressed(number))
    };
    if number % 6 == 1 {
        capture.unseen(open)?;
    } else {
        open(capture)?;
    }
    Ok(Player::new(connection, script(random, number)))
}

fn is_compressed(number: u32) -> bool {
    number.is_multiple_of(3)
}

fn script(random: &mut Random, number: u32) -> Arc<Script> {
    let size = random.between(2_000, 16_000);
    Arc::new(if is_compressed(number) {
        Script::deflate(random, size / 2)
    } else if number % 4 == 1 {
        Script::ticks(random, size)
    } else {
        Script::json(random, size)
    })
}

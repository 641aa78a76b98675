//! Keeps count of what passes.

use std::collections::BTreeMap;

use super::exchanges::{Candidate, Waiting};
use super::group::{Group, Passed};
use super::place::Place;
use super::rate::Rate;
use super::traffic::{Traffic, close_code};
use crate::types::{Event, Kind, Message};

/// Groups of connections that are told apart.
const MOST_GROUPS: usize = 16;

/// Connections that are open at once, beyond which nobody looks for answers: each may
/// keep 100 KiB.
const MOST_WATCHED: usize = 1000;

/// Everything that was counted.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) groups: BTreeMap<Place, Group>,
    /// Connections of no group.
    pub(super) others: u64,
    pub(super) connections: u64,
    pub(super) traffic: Traffic,
    open: BTreeMap<u64, Open>,
}

/// A connection of which there may be more to come.
#[derive(Debug, Default)]
struct Open {
    place: Option<Place>,
    passed: Passed,
    waiting: Waiting,
    rate: Rate,
}

impl Ledger {
    /// Takes note of a connection by its first event.
    pub(super) fn opened(&mut self, id: u64, event: &Event<'_>) {
        let handshake = match event.kind {
            Kind::Handshake(handshake) => Some(handshake),
            _ => None,
        };
        let target = handshake.and_then(|handshake| handshake.target.as_deref());
        let place = Place::of(handshake).filter(|place| self.has_room(place));
        self.connections += 1;
        match &place {
            None => self.others += 1,
            Some(place) => {
                let group = || Group::new(target.map(str::to_owned));
                let group = self.groups.entry(place.clone()).or_insert_with(group);
                if group.only.as_deref() != target {
                    group.only = None;
                }
            }
        }
        self.open.insert(id, Open { place, ..Open::default() });
    }

    fn has_room(&self, place: &Place) -> bool {
        self.groups.len() < MOST_GROUPS || self.groups.contains_key(place)
    }

    /// Counts a message, which has these values at the paths of exchanges.
    pub(super) fn message(
        &mut self,
        id: u64,
        event: &Event<'_>,
        message: &Message<'_>,
        values: &mut dyn Iterator<Item = (usize, Vec<u8>)>,
    ) {
        self.traffic.message(message);
        let is_watched = self.open.len() <= MOST_WATCHED;
        let Some(open) = self.open.get_mut(&id) else {
            return;
        };
        let group = open.place.as_ref().and_then(|place| self.groups.get_mut(place));
        if message.opcode.is_control() {
            if let Some((group, code)) = group.zip(close_code(message)) {
                group.codes.add(code);
            }
            return;
        }
        let time = event.origin.time;
        if let Some(time) = time {
            open.rate.add(time);
            self.traffic.busiest = self.traffic.busiest.max(open.rate.most);
        }
        let Some(group) = group else {
            return;
        };
        let ids = group.message(message, &mut open.passed);
        if ids.is_empty() || !is_watched {
            return;
        }
        let candidate = Candidate {
            from: message.from.into(),
            types: &ids,
            values: values.collect(),
            packet: event.origin.packet,
            time,
            answers: message
                .app
                .map(|app| app.packets().filter_map(|packet| Some(packet.reply?.to)).collect()),
        };
        open.waiting.message(candidate, &mut group.exchanges);
    }

    /// Counts a connection of which nothing more comes.
    pub(super) fn ended(&mut self, id: u64) {
        let Some(open) = self.open.remove(&id) else {
            return;
        };
        if let Some(group) = open.place.and_then(|place| self.groups.get_mut(&place)) {
            group.settle(&open.passed);
        }
    }
}

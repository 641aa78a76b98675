//! Connections that were asked for at one path, and what passed over them.

use std::collections::{BTreeMap, BTreeSet};

use super::exchanges::{Answered, Exchange, Exchanges};
use super::message_type::{KEYS, MessageType, Protocols, Sender, What, types};
use super::order::Order;
use super::traffic::Codes;
use crate::types::Message;

/// Types of messages of a group that are counted.
pub(super) const MOST_TYPES: usize = 512;

/// Texts that a member of JSON may have, of one side, to be taken for a type: those of
/// more are names or numbers.
const MOST_VALUES: usize = 24;

/// Of so many messages in a hundred a member of JSON must be the type.
const MOSTLY: u64 = 80;

/// A type of messages of a group, by its number there: in the order in which the first
/// of each came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TypeId(pub(super) usize);

/// Connections that have one place.
#[derive(Debug)]
pub(super) struct Group {
    /// The target that all of them asked for; `None` where they differ.
    pub(super) only: Option<String>,
    pub(super) connections: u64,
    /// All types, in order of their numbers.
    pub(super) types: Vec<Counted>,
    ids: BTreeMap<MessageType, TypeId>,
    /// How many texts members of JSON have.
    values: BTreeMap<(Sender, &'static str), usize>,
    /// Members of JSON that tell no type: of too many texts, or there several times.
    unfit: BTreeSet<(Sender, &'static str)>,
    order: Order,
    pub(super) exchanges: Exchanges,
    pub(super) codes: Codes,
    /// What each side speaks.
    protocols: [Protocols; 2],
}

/// A type, and how many messages of it there are.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub(super) message_type: MessageType,
    pub(super) messages: u64,
    /// Connections that have some.
    pub(super) connections: u64,
    /// Messages of a connection that has some, at the least and at the most.
    pub(super) least: u64,
    pub(super) most: u64,
    /// Some of them only keep the connection alive, so that time tells how many.
    pub(super) is_heartbeat: bool,
}

/// What passed over one connection.
#[derive(Debug, Default)]
pub(super) struct Passed {
    counts: BTreeMap<TypeId, u64>,
    /// In the order in which the first of each came.
    order: Vec<TypeId>,
}

impl Group {
    /// One without connections, the first of which asked for `target`.
    pub(super) fn new(target: Option<String>) -> Self {
        Self {
            only: target,
            connections: 0,
            types: Vec::new(),
            ids: BTreeMap::new(),
            values: BTreeMap::new(),
            unfit: BTreeSet::new(),
            order: Order::default(),
            exchanges: Exchanges::default(),
            codes: Codes::default(),
            protocols: Default::default(),
        }
    }

    /// Counts a message of a connection; gives the types that it is of.
    pub(super) fn message(&mut self, message: &Message<'_>, passed: &mut Passed) -> Vec<TypeId> {
        let from: Sender = message.from.into();
        if let Some((app, protocols)) = message.app.zip(self.protocols.get_mut(from as usize)) {
            protocols.add(app);
        }
        let is_heartbeat = message.app.is_some_and(|app| app.is_heartbeat());
        let types = types(message);
        self.unfit.extend(types.repeated.into_iter().map(|key| (from, key)));
        let ids: Vec<TypeId> =
            types.types.into_iter().filter_map(|message_type| self.id(message_type)).collect();
        for id in &ids {
            if let Some(counted) = self.types.get_mut(id.0) {
                counted.messages += 1;
                counted.is_heartbeat |= is_heartbeat;
            }
            let count = passed.counts.entry(*id).or_default();
            if *count == 0 {
                passed.order.push(*id);
            }
            *count += 1;
        }
        ids
    }

    /// The number of a type; `None` where there are too many.
    fn id(&mut self, message_type: MessageType) -> Option<TypeId> {
        if let Some(id) = self.ids.get(&message_type) {
            return Some(*id);
        }
        if let What::Json(Some((key, _))) = message_type.what {
            let key = (message_type.from, key);
            let values = self.values.entry(key).or_default();
            if *values >= MOST_VALUES {
                self.unfit.insert(key);
                return None;
            }
            *values += 1;
        }
        if self.types.len() >= MOST_TYPES {
            return None;
        }
        let id = TypeId(self.types.len());
        self.types.push(Counted::new(message_type.clone()));
        self.ids.insert(message_type, id);
        Some(id)
    }

    /// Counts a connection that has ended.
    pub(super) fn settle(&mut self, passed: &Passed) {
        self.connections += 1;
        for (id, count) in &passed.counts {
            if let Some(counted) = self.types.get_mut(id.0) {
                counted.connections += 1;
                counted.least = counted.least.min(*count);
                counted.most = counted.most.max(*count);
            }
        }
        self.order.add(&passed.order);
    }

    /// Whether there are more types than were counted.
    pub(super) fn has_more(&self) -> bool {
        self.types.len() >= MOST_TYPES
    }

    /// The types that are worth telling, in the order in which the first of each came.
    pub(super) fn told(&self) -> Vec<TypeId> {
        let keys = Sender::BOTH.map(|from| self.key(from));
        let is_told = |id: &TypeId| {
            let Some(counted) = self.types.get(id.0) else {
                return false;
            };
            let MessageType { from, what } = &counted.message_type;
            let key = keys.get(*from as usize).copied().flatten();
            match what {
                What::App { detail: Some(_), .. } | What::Text | What::Binary => true,
                What::App { detail: None, .. } => self.has_without_detail(counted),
                What::Json(None) => key.is_none(),
                What::Json(Some((name, _))) => key == Some(name),
            }
        };
        (0..self.types.len()).map(TypeId).filter(is_told).collect()
    }

    /// Whether a type of a protocol inside has messages of which no detail is told.
    fn has_without_detail(&self, counted: &Counted) -> bool {
        counted.messages > self.with_detail(counted)
    }

    /// How many messages of a type of a protocol inside are of one with a detail, too.
    fn with_detail(&self, counted: &Counted) -> u64 {
        let What::App { protocol, kind, detail: None } = &counted.message_type.what else {
            return 0;
        };
        let from = counted.message_type.from;
        self.types
            .iter()
            .filter(|other| match &other.message_type.what {
                What::App { protocol: other_protocol, kind: other_kind, detail: Some(_) } => {
                    other.message_type.from == from
                        && (other_protocol, other_kind) == (protocol, kind)
                }
                _ => false,
            })
            .map(|other| other.messages)
            .sum()
    }

    /// The member of JSON that tells the type of what a side sends: that of the most
    /// texts among those that most messages have.
    fn key(&self, from: Sender) -> Option<&'static str> {
        let of_key = |key: Option<&str>| {
            let types = self.types.iter().filter(move |counted| {
                counted.message_type.from == from
                    && match &counted.message_type.what {
                        What::Json(Some((name, _))) => Some(*name) == key,
                        What::Json(None) => key.is_none(),
                        _ => false,
                    }
            });
            types.map(|counted| counted.messages).sum::<u64>()
        };
        let all = of_key(None);
        let fits = |key: &&'static str| {
            !self.unfit.contains(&(from, *key))
                && all > 0
                && of_key(Some(key)).saturating_mul(100) >= all.saturating_mul(MOSTLY)
        };
        let texts = |key: &'static str| self.values.get(&(from, key)).copied().unwrap_or_default();
        // Of equals the last is taken, and the likeliest stand first.
        KEYS.into_iter().rev().filter(fits).max_by_key(|key| texts(key))
    }

    /// The order of these types that holds on every connection. No message is of two of
    /// them.
    pub(super) fn sequence(&self, types: &[TypeId]) -> Vec<TypeId> {
        let is_step = |id: &TypeId| {
            let counted = self.types.get(id.0);
            counted.is_some_and(|counted| !counted.is_heartbeat && self.with_detail(counted) == 0)
        };
        self.order.chain(types.iter().copied().filter(is_step))
    }

    /// The exchanges between these types of which every request was answered, each
    /// with its likeliest paths.
    pub(super) fn exchanges(&self, types: &[TypeId]) -> Vec<(Exchange, Answered)> {
        let mut told: Vec<(Exchange, Answered)> = Vec::new();
        for (exchange, answered) in &self.exchanges.counted {
            let is_told = types.contains(&exchange.request) && types.contains(&exchange.response);
            let requests = self.types.get(exchange.request.0).map(|counted| counted.messages);
            let is_another = told.last().is_some_and(|(last, _)| {
                (last.request, last.response) == (exchange.request, exchange.response)
            });
            if is_told && requests == Some(answered.count) && !is_another {
                told.push((*exchange, *answered));
            }
        }
        told
    }

    /// The filter that selects a type among the messages of the group.
    pub(super) fn filter(&self, message_type: &MessageType) -> String {
        let protocols = self.protocols.get(message_type.from as usize);
        protocols.map(|protocols| message_type.filter(protocols)).unwrap_or_default()
    }
}

impl Counted {
    fn new(message_type: MessageType) -> Self {
        Self {
            message_type,
            messages: 0,
            connections: 0,
            least: u64::MAX,
            most: 0,
            is_heartbeat: false,
        }
    }
}

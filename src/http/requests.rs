//! Requests that wait for their responses.

use std::collections::VecDeque;

use super::head::Request;
use crate::types::Origin;

/// Requests that may wait for their responses at once (pipelining). More than
/// any client sends; beyond it the oldest is forgotten.
const MAX_PIPELINED: usize = 256;

/// How many times its size a request takes once it is read.
const REQUEST_OVERHEAD: usize = 4;

/// Requests that have no final response yet, the oldest first.
#[derive(Default)]
pub(super) struct Requests {
    pending: VecDeque<Pending>,
    /// Bytes of memory that they take.
    cost: usize,
}

/// A request that waits.
pub(super) struct Pending {
    pub(super) kind: Asked,
    /// Position after the head.
    pub(super) end: u64,
    pub(super) origin: Origin,
    /// Bytes of memory that it takes.
    cost: usize,
}

/// What of a request matters for what follows it.
pub(super) enum Asked {
    /// To upgrade to WebSocket.
    WebSocket(Box<Request>),
    /// For a tunnel.
    Connect,
    /// For a response without a body.
    Head,
    /// For something else.
    Other,
}

impl Requests {
    pub(super) fn push(&mut self, pending: Pending) {
        if self.pending.len() >= MAX_PIPELINED {
            self.take_first();
        }
        self.cost += pending.cost;
        self.pending.push_back(pending);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Bytes of memory that they take.
    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    pub(super) fn first(&self) -> Option<&Pending> {
        self.pending.front()
    }

    pub(super) fn last(&self) -> Option<&Pending> {
        self.pending.back()
    }

    pub(super) fn take_first(&mut self) -> Option<Pending> {
        let pending = self.pending.pop_front();
        self.without(pending)
    }

    pub(super) fn take_last(&mut self) -> Option<Pending> {
        let pending = self.pending.pop_back();
        self.without(pending)
    }

    /// The oldest that asks for WebSocket.
    pub(super) fn take_websocket(&mut self) -> Option<Pending> {
        let index = self.pending.iter().position(|pending| pending.kind.is_websocket())?;
        let pending = self.pending.remove(index);
        self.without(pending)
    }

    /// Responses before a 101 that are missing leave their requests behind.
    /// After a request that was granted none came, so that of several the last
    /// is meant that the server had.
    pub(super) fn forget_unanswered(&mut self, ack: Option<u64>) {
        let asking = self.pending.iter().rposition(|pending| {
            pending.kind.is_websocket() && ack.is_none_or(|ack| ack >= pending.end)
        });
        for _ in 0..asking.unwrap_or(0) {
            self.take_first();
        }
    }

    fn without(&mut self, pending: Option<Pending>) -> Option<Pending> {
        self.cost -= pending.as_ref().map_or(0, |pending| pending.cost);
        pending
    }
}

impl Pending {
    /// A request whose head has `head` bytes and ends at the position `end`.
    pub(super) fn new(request: Request, head: usize, end: u64, origin: Origin) -> Self {
        let kind = Asked::new(request);
        // Names and values have an allocation each.
        let cost = if kind.is_websocket() { head * REQUEST_OVERHEAD } else { 0 };
        Self { kind, end, origin, cost }
    }
}

impl Asked {
    fn new(request: Request) -> Self {
        match request.method.as_str() {
            _ if request.asks_for_websocket() => Self::WebSocket(Box::new(request)),
            "CONNECT" => Self::Connect,
            "HEAD" => Self::Head,
            _ => Self::Other,
        }
    }

    /// Whether it asks to leave HTTP.
    pub(super) fn is_to_leave(&self) -> bool {
        matches!(self, Self::WebSocket(_) | Self::Connect)
    }

    pub(super) fn is_websocket(&self) -> bool {
        matches!(self, Self::WebSocket(_))
    }
}

//! Requests and responses of one conversation, up to the Upgrade.

use std::collections::VecDeque;

use super::body::Body;
use super::head::{HeadBuffer, Probe, Progress, Request, Response, probe};
use super::header;
use crate::types::{Direction, Handshake, Header, Origin, Run};

/// Requests that may wait for their responses at once (pipelining). More than
/// any client sends; beyond it the oldest is forgotten.
const MAX_PIPELINED: usize = 256;

/// Reads the HTTP of both directions of one conversation.
///
/// [`Exchange::receive`] is called with bytes of one direction until it has
/// consumed them, says that it waits for the other direction, or comes to an
/// [`Outcome`]. What waits is kept by the caller and offered again when the
/// other direction has moved.
#[derive(Default)]
pub struct Exchange {
    forward: Half,
    backward: Half,
    /// Who sends the requests.
    client: Option<Direction>,
    /// Requests that have no final response yet.
    requests: VecDeque<Pending>,
    /// No more segments will come: nothing is worth waiting for.
    ended: bool,
}

/// One direction.
#[derive(Default)]
struct Half {
    phase: Phase,
    head: HeadBuffer,
    /// Position up to which bytes came, or were given up.
    reached: u64,
    /// Where and when the head being read began to be answerable.
    ack: Option<u64>,
}

#[derive(Default)]
enum Phase {
    /// A head is to begin, or has begun.
    #[default]
    Start,
    /// A body is being skipped.
    Body(Body),
    /// The client has asked to leave HTTP.
    Held,
    /// What comes is not understood; a head may begin with a segment.
    Lost,
}

struct Pending {
    request: Request,
    /// Position after the head.
    end: u64,
    origin: Origin,
}

/// What became of some bytes.
#[derive(Debug)]
pub enum Step {
    /// So many are consumed; go on with the rest.
    Consumed(usize),
    /// Nothing can be done before the other direction moves.
    Wait,
    /// So many are consumed, and this is what they, with those before, mean.
    Outcome(usize, Outcome),
}

/// What a conversation turned out to be, or to contain.
#[derive(Debug)]
pub enum Outcome {
    /// From here on both directions carry WebSocket frames.
    Upgraded(Answer),
    /// The server said no. HTTP goes on.
    Refused(Answer),
    /// Another protocol took over, or it never was HTTP.
    Other,
}

/// A handshake and where it was.
#[derive(Debug)]
pub struct Answer {
    /// As far as the capture has it; without a verdict on the Accept.
    pub handshake: Box<Handshake>,
    /// Who asked.
    pub client: Direction,
    /// The packet that completed the request; `None` when it is missing.
    pub asked: Option<Origin>,
    /// The packet that made it known.
    pub origin: Origin,
    /// Position up to which the server had the client's bytes when it
    /// answered: where the client's frames begin.
    pub first_frame: Option<u64>,
}

impl Exchange {
    /// Takes the next bytes of a direction.
    pub fn receive(&mut self, direction: Direction, run: &Run<'_>, limit: usize) -> Step {
        let half = self.half(direction);
        let (step, consumed) = match &mut half.phase {
            Phase::Start => {
                let step = self.head(direction, run, limit);
                let consumed = step.consumed();
                (step, consumed)
            }
            Phase::Body(body) => match body.skip(run.bytes) {
                Ok((count, ended)) => {
                    if ended {
                        half.phase = Phase::Start;
                        self.hold(direction);
                    }
                    (Step::Consumed(count), count)
                }
                Err(_) => (self.lose(direction, run.bytes.len()), run.bytes.len()),
            },
            Phase::Held => {
                let step = self.held(direction, run);
                let consumed = step.consumed();
                (step, consumed)
            }
            Phase::Lost => {
                if probe(run.bytes) == Probe::Certain {
                    half.phase = Phase::Start;
                    (Step::Consumed(0), 0)
                } else {
                    (Step::Consumed(run.bytes.len()), run.bytes.len())
                }
            }
        };
        let half = self.half(direction);
        half.reached = half.reached.max(run.position + consumed as u64);
        step
    }

    /// Bytes up to `position` are missing from a direction.
    pub fn miss(&mut self, direction: Direction, position: u64, bytes: u64) {
        let half = self.half(direction);
        half.reached = half.reached.max(position.saturating_add(bytes));
        let kept = match &mut half.phase {
            Phase::Body(body) => body.miss(bytes),
            Phase::Start | Phase::Held | Phase::Lost => false,
        };
        if !kept {
            half.phase = Phase::Lost;
            half.head.clear();
        }
    }

    /// A direction begins at `position`; in the middle of something, or with
    /// its first byte.
    pub fn begin(&mut self, direction: Direction, position: u64, in_the_middle: bool) {
        let half = self.half(direction);
        half.reached = position;
        if in_the_middle {
            half.phase = Phase::Lost;
        }
    }

    /// No more segments will come: what waits is not to wait any longer.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// A request to upgrade that nothing answered.
    pub fn unanswered(&mut self) -> Option<Answer> {
        let client = self.client?;
        let index = self
            .requests
            .iter()
            .position(|pending| pending.request.asks_for_websocket())?;
        let pending = self.requests.remove(index)?;
        Some(answer(Some(pending), None, client, None))
    }

    /// Whether neither direction is understood, so that nothing is lost by
    /// forgetting them.
    pub fn is_lost(&self) -> bool {
        matches!(self.forward.phase, Phase::Lost)
            && matches!(self.backward.phase, Phase::Lost)
            && self.requests.is_empty()
    }

    fn head(&mut self, direction: Direction, run: &Run<'_>, limit: usize) -> Step {
        let half = self.half(direction);
        if half.head.is_empty() {
            half.ack = run.ack;
        }
        if half.head.probe(run.bytes) == Probe::NotForUs {
            return self.lose(direction, run.bytes.len());
        }
        if self.must_wait(direction, run.bytes) {
            return Step::Wait;
        }
        let consumed = match self.half(direction).head.push(run.bytes, limit) {
            Progress::Incomplete => return Step::Consumed(run.bytes.len()),
            Progress::TooLong => return self.lose(direction, run.bytes.len()),
            Progress::Complete(consumed) => consumed,
        };
        let head = std::mem::take(&mut self.half(direction).head);
        let end = run.position + consumed as u64;
        if let Some(request) = Request::parse(head.bytes()) {
            self.request(direction, request, end, run.origin);
            Step::Consumed(consumed)
        } else if let Some(response) = Response::parse(head.bytes()) {
            match self.response(direction, response, run.origin) {
                Some(outcome) => Step::Outcome(consumed, outcome),
                None => Step::Consumed(consumed),
            }
        } else {
            self.lose(direction, run.bytes.len())
        }
    }

    /// Whether a response begins whose request may still come: the server had
    /// bytes of the client that are not here yet.
    fn must_wait(&mut self, direction: Direction, bytes: &[u8]) -> bool {
        if self.ended || !self.requests.is_empty() {
            return false;
        }
        let half = self.half(direction);
        let ack = half.ack;
        if !half.head.is_response(bytes) {
            return false;
        }
        let client = self.half(direction.opposite());
        let lost = matches!(client.phase, Phase::Lost);
        ack.map_or(!lost, |ack| client.reached < ack)
    }

    fn request(&mut self, direction: Direction, request: Request, end: u64, origin: Origin) {
        self.client = Some(direction);
        let body = request_body(&request.headers);
        if self.requests.len() >= MAX_PIPELINED {
            self.requests.pop_front();
        }
        self.requests.push_back(Pending { request, end, origin });
        match body {
            Some(body) => self.half(direction).phase = Phase::Body(body),
            None => self.hold(direction),
        }
    }

    /// After a whole request: if it asked to leave HTTP, what follows depends
    /// on the answer.
    fn hold(&mut self, direction: Direction) {
        let leaves = self.client == Some(direction)
            && self.requests.back().is_some_and(|pending| {
                pending.request.asks_for_websocket() || pending.request.method == "CONNECT"
            });
        if leaves {
            self.half(direction).phase = Phase::Held;
        }
    }

    fn response(
        &mut self,
        direction: Direction,
        response: Response,
        origin: Origin,
    ) -> Option<Outcome> {
        let client = direction.opposite();
        self.client.get_or_insert(client);
        let ack = self.half(direction).ack;
        // A response sent before the request had arrived answers another,
        // which is not in the capture.
        let answers = self
            .requests
            .front()
            .is_some_and(|pending| ack.is_none_or(|ack| ack >= pending.end));
        if (100..200).contains(&response.status) && response.status != 101 {
            return None; // interim: the final response follows
        }
        if answers && response.status == 101 {
            self.forget_unanswered();
        }
        let pending = if answers { self.requests.pop_front() } else { None };
        let asked = pending.as_ref().is_some_and(|pending| pending.request.asks_for_websocket());
        let names_websocket = header::has_token(&response.headers, "Upgrade", "websocket");
        let names_another =
            header::value(&response.headers, "Upgrade").is_some() && !names_websocket;
        if response.status == 101 {
            return Some(if names_websocket || asked && !names_another {
                let answer = answer(pending, Some(response), client, Some(origin));
                Outcome::Upgraded(Answer { first_frame: ack, ..answer })
            } else if asked {
                // Whatever it switched to, it is not what was asked for.
                self.leave();
                Outcome::Refused(answer(pending, Some(response), client, Some(origin)))
            } else {
                Outcome::Other
            });
        }
        let method = pending.as_ref().map(|pending| pending.request.method.as_str());
        if method == Some("CONNECT") && (200..300).contains(&response.status) {
            self.tunnel();
            return None;
        }
        let body = response_body(&response, method == Some("HEAD"));
        self.half(direction).phase = body.map_or(Phase::Start, Phase::Body);
        if let held @ Half { phase: Phase::Held, .. } = self.half(client) {
            held.phase = Phase::Start;
        }
        asked.then(|| Outcome::Refused(answer(pending, Some(response), client, Some(origin))))
    }

    /// Responses before a 101 that are missing leave their requests behind.
    fn forget_unanswered(&mut self) {
        let asking = self
            .requests
            .iter()
            .position(|pending| pending.request.asks_for_websocket());
        self.requests.drain(..asking.unwrap_or(0));
    }

    /// A proxy let the client through (RFC 9110 §9.3.6): what comes now is a
    /// conversation of its own.
    fn tunnel(&mut self) {
        for direction in Direction::BOTH {
            self.half(direction).phase = Phase::Start;
        }
    }

    fn leave(&mut self) {
        for direction in Direction::BOTH {
            self.half(direction).phase = Phase::Lost;
        }
    }

    /// The client goes on after a request to leave HTTP. Without the answer
    /// nobody knows what with, unless the answer can no longer come.
    fn held(&mut self, direction: Direction, run: &Run<'_>) -> Step {
        let server = self.half(direction.opposite());
        let lost = matches!(server.phase, Phase::Lost)
            && run.ack.is_none_or(|ack| server.reached >= ack);
        if !lost && !self.ended {
            return Step::Wait;
        }
        let asked = self
            .requests
            .back()
            .is_some_and(|pending| pending.request.asks_for_websocket());
        if asked && probe(run.bytes) != Probe::Certain {
            let pending = self.requests.pop_back();
            return Step::Outcome(0, Outcome::Upgraded(answer(pending, None, direction, None)));
        }
        self.half(direction).phase = Phase::Start;
        Step::Consumed(0)
    }

    fn lose(&mut self, direction: Direction, bytes: usize) -> Step {
        let half = self.half(direction);
        half.phase = Phase::Lost;
        half.head.clear();
        let never_http = self.client.is_none();
        if never_http { Step::Outcome(bytes, Outcome::Other) } else { Step::Consumed(bytes) }
    }

    fn half(&mut self, direction: Direction) -> &mut Half {
        match direction {
            Direction::Forward => &mut self.forward,
            Direction::Backward => &mut self.backward,
        }
    }
}

impl Step {
    fn consumed(&self) -> usize {
        match self {
            Self::Consumed(count) | Self::Outcome(count, _) => *count,
            Self::Wait => 0,
        }
    }
}

/// The body of a request (RFC 9112 §6.3).
fn request_body(headers: &[Header]) -> Option<Body> {
    if header::has_token(headers, "Transfer-Encoding", "chunked") {
        return Some(Body::chunked());
    }
    content_length(headers).map(Body::Length)
}

/// The body of a response (RFC 9112 §6.3).
fn response_body(response: &Response, to_head: bool) -> Option<Body> {
    if to_head || matches!(response.status, 204 | 304) {
        return None;
    }
    if header::has_token(&response.headers, "Transfer-Encoding", "chunked") {
        return Some(Body::chunked());
    }
    match header::value(&response.headers, "Content-Length") {
        Some(_) => content_length(&response.headers).map(Body::Length),
        None => Some(Body::UntilClose),
    }
}

/// `Content-Length`, when there is a body at all.
fn content_length(headers: &[Header]) -> Option<u64> {
    let length = header::list(headers, "Content-Length").next()?;
    length.parse().ok().filter(|&length| length > 0)
}

/// Puts together what the two heads say.
fn answer(
    pending: Option<Pending>,
    response: Option<Response>,
    client: Direction,
    origin: Option<Origin>,
) -> Answer {
    let mut handshake = Handshake::default();
    let asked = pending.as_ref().map(|pending| pending.origin);
    if let Some(response) = response {
        let headers = response.headers;
        let chosen = |name: &str| header::value(&headers, name).map(str::to_owned);
        handshake.http = response.version;
        handshake.status = Some(response.status);
        handshake.reason = Some(response.reason).filter(|reason| !reason.is_empty());
        handshake.accept = chosen("Sec-WebSocket-Accept");
        handshake.subprotocol = chosen("Sec-WebSocket-Protocol");
        handshake.extensions = header::extensions(&headers);
        handshake.response_headers = Some(headers);
    }
    if let Some(Pending { request, .. }) = pending {
        let headers = request.headers;
        let sent = |name: &str| header::value(&headers, name).map(str::to_owned);
        handshake.http = request.version;
        handshake.method = Some(request.method);
        handshake.target = Some(request.target);
        handshake.host = sent("Host");
        handshake.origin = sent("Origin");
        handshake.key = sent("Sec-WebSocket-Key");
        handshake.subprotocols = header::list(&headers, "Sec-WebSocket-Protocol")
            .map(str::to_owned)
            .collect();
        handshake.request_headers = Some(headers);
    }
    // The later of the two packets: captures put directions out of order.
    let origin = [asked, origin]
        .into_iter()
        .flatten()
        .max_by_key(|origin| origin.packet)
        .unwrap_or(Origin { packet: 0, time: None, source: Default::default() });
    Answer { handshake: Box::new(handshake), client, asked, origin, first_frame: None }
}

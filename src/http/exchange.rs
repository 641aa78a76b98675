//! Requests and responses of one conversation, up to the Upgrade.

use super::body::Body;
use super::head::{HeadBuffer, Probe, Progress, Request, Response, is_status_line, probe};
use super::header;
use super::requests::{Asked, Pending, Requests};
use crate::types::{Direction, Handshake, Header, Origin, Run};

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
    requests: Requests,
    /// No more segments will come: nothing is worth waiting for.
    ended: bool,
    /// Heads given up because of their length, not yet asked for.
    long_heads: u64,
    /// Heads that were read.
    heads: u64,
    /// Something of either direction is missing, or was not understood.
    has_holes: bool,
}

/// One direction.
#[derive(Default)]
struct Half {
    phase: Phase,
    head: HeadBuffer,
    /// Position up to which bytes came, or were given up.
    reached: u64,
    /// What the sender had of the other direction when it began the head that
    /// is being read.
    ack: Option<u64>,
    /// Its first bytes may be the middle of something.
    in_the_middle: bool,
    /// Bytes after a request to leave HTTP are missing.
    is_missing: bool,
    /// What the body that is being skipped belongs to answers is not known: it
    /// may have none.
    may_have_no_body: bool,
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
    /// Something before it is missing, or was not understood: it may answer
    /// another request.
    pub has_holes: bool,
    /// Position after the response; `None` when that is not in the capture.
    pub response_end: Option<u64>,
    /// Bytes of the client's after its request are missing, so that its next
    /// byte begins no frame for certain.
    pub is_missing: bool,
}

impl Exchange {
    /// Takes the next bytes of a direction.
    pub fn receive(&mut self, direction: Direction, run: &Run<'_>, limit: usize) -> Step {
        let half = self.half(direction);
        if half.may_have_no_body && is_status_line(run.bytes) {
            half.phase = Phase::Start;
            half.may_have_no_body = false;
        }
        let step = match &mut half.phase {
            Phase::Start => self.head(direction, run, limit),
            Phase::Body(body) => match body.skip(run.bytes) {
                Ok((count, ended)) => {
                    if ended {
                        half.phase = Phase::Start;
                        half.may_have_no_body = false;
                        self.hold(direction);
                    }
                    Step::Consumed(count)
                }
                Err(_) => self.lose(direction, run.bytes.len()),
            },
            Phase::Held => self.held(direction, run),
            Phase::Lost if probe(run.bytes) == Probe::Certain => {
                half.phase = Phase::Start;
                Step::Consumed(0)
            }
            Phase::Lost => Step::Consumed(run.bytes.len()),
        };
        let half = self.half(direction);
        half.reached = half.reached.max(run.position + step.consumed() as u64);
        step
    }

    /// So many bytes of a direction are missing from `position` on. Whether more
    /// than a part of some body is lost with them.
    pub fn miss(&mut self, direction: Direction, position: u64, bytes: u64) -> bool {
        self.has_holes = true;
        let half = self.half(direction);
        half.reached = half.reached.max(position.saturating_add(bytes));
        let kept = match &mut half.phase {
            Phase::Body(body) => body.miss(bytes),
            Phase::Held => {
                half.is_missing = true;
                return true;
            }
            Phase::Start | Phase::Lost => false,
        };
        if !kept {
            half.phase = Phase::Lost;
            half.head.clear();
        }
        !kept
    }

    /// A direction begins at `position`; in the middle of something, or with
    /// its first byte. `is_first` tells that nothing came before.
    pub fn begin(
        &mut self,
        direction: Direction,
        position: u64,
        in_the_middle: bool,
        is_first: bool,
    ) {
        self.has_holes |= !is_first;
        let half = self.half(direction);
        half.reached = position;
        half.in_the_middle = in_the_middle;
    }

    /// No more segments will come: what waits is not to wait any longer.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// A request to upgrade that nothing answered.
    pub fn unanswered(&mut self) -> Option<Answer> {
        let client = self.client?;
        let pending = self.requests.take_websocket()?;
        Some(answer(Some(pending), None, client, None))
    }

    /// How many heads were longer than the limit since this was last asked.
    pub fn take_long_heads(&mut self) -> u64 {
        std::mem::take(&mut self.long_heads)
    }

    /// How many heads were read.
    pub fn heads(&self) -> u64 {
        self.heads
    }

    /// Whether a head or a body is being read, or an answer waited for.
    pub fn is_reading(&self) -> bool {
        let is_reading = |half: &Half| match half.phase {
            Phase::Start => !half.head.is_empty(),
            Phase::Body(_) | Phase::Held => true,
            Phase::Lost => false,
        };
        !self.requests.is_empty() || is_reading(&self.forward) || is_reading(&self.backward)
    }

    /// Whether the last bytes of a direction were not understood.
    pub fn is_lost_in(&mut self, direction: Direction) -> bool {
        matches!(self.half(direction).phase, Phase::Lost)
    }

    /// Whether neither direction is understood, so that nothing is lost by
    /// forgetting them.
    pub fn is_lost(&self) -> bool {
        self.forward.is_lost() && self.backward.is_lost() && self.requests.is_empty()
    }

    /// Bytes of memory that it keeps.
    pub fn cost(&self) -> usize {
        self.forward.head.cost() + self.backward.head.cost() + self.requests.cost()
    }

    /// Gives up heads that are not complete, and requests that have no
    /// response.
    pub fn give_up(&mut self) {
        for direction in Direction::BOTH {
            let half = self.half(direction);
            if !half.head.is_empty() {
                half.phase = Phase::Lost;
            }
            half.head = HeadBuffer::default();
        }
        self.requests = Requests::default();
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
            Progress::TooLong => {
                self.long_heads += 1;
                return self.lose(direction, run.bytes.len());
            }
            Progress::Complete(consumed) => consumed,
        };
        let head = std::mem::take(&mut self.half(direction).head);
        let end = run.position + consumed as u64;
        self.half(direction).in_the_middle = false;
        self.heads += 1;
        if let Some(request) = Request::parse(head.bytes()) {
            self.request(direction, request, head.cost(), end, run.origin);
            Step::Consumed(consumed)
        } else if let Some(response) = Response::parse(head.bytes()) {
            match self.response(direction, response, run.origin) {
                Some(Outcome::Upgraded(answer)) => {
                    let has_holes = self.has_holes;
                    let answer = Answer { response_end: Some(end), has_holes, ..answer };
                    Step::Outcome(consumed, Outcome::Upgraded(answer))
                }
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
        ack.map_or(!client.is_lost(), |ack| client.reached < ack)
    }

    fn request(
        &mut self,
        direction: Direction,
        request: Request,
        head: usize,
        end: u64,
        origin: Origin,
    ) {
        self.client = Some(direction);
        let body = request_body(&request.headers);
        self.requests.push(Pending::new(request, head, end, origin));
        match body {
            Some(body) => self.half(direction).phase = Phase::Body(body),
            None => self.hold(direction),
        }
    }

    /// After a whole request: if it asked to leave HTTP, what follows depends
    /// on the answer.
    fn hold(&mut self, direction: Direction) {
        let leaves = self.client == Some(direction) && self.is_leaving();
        if leaves {
            self.half(direction).phase = Phase::Held;
        }
    }

    /// Whether the last request asks to leave HTTP.
    fn is_leaving(&self) -> bool {
        self.requests.last().is_some_and(|pending| pending.kind.is_to_leave())
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
        let answers =
            self.requests.first().is_some_and(|pending| ack.is_none_or(|ack| ack >= pending.end));
        if (100..200).contains(&response.status) && response.status != 101 {
            return None; // interim: the final response follows
        }
        if answers && response.status == 101 {
            self.requests.forget_unanswered(ack);
        }
        let pending = if answers { self.requests.take_first() } else { None };
        let asked = pending.as_ref().is_some_and(|pending| pending.kind.is_websocket());
        let names_websocket = header::has_token(&response.headers, "Upgrade", "websocket");
        let names_another =
            header::value(&response.headers, "Upgrade").is_some() && !names_websocket;
        if response.status == 101 {
            // What asked for something else is not what it answers.
            let pending = pending.filter(|pending| pending.kind.is_websocket());
            return Some(if names_websocket || asked && !names_another {
                let answer = answer(pending, Some(response), client, Some(origin));
                let is_missing = self.half(client).is_missing;
                Outcome::Upgraded(Answer { first_frame: ack, is_missing, ..answer })
            } else if asked {
                // Whatever it switched to, it is not what was asked for.
                self.leave();
                Outcome::Refused(answer(pending, Some(response), client, Some(origin)))
            } else {
                Outcome::Other
            });
        }
        let kind = pending.as_ref().map(|pending| &pending.kind);
        if matches!(kind, Some(Asked::Connect)) && (200..300).contains(&response.status) {
            self.tunnel();
            return None;
        }
        let body = response_body(&response, matches!(kind, Some(Asked::Head)));
        let is_answer = kind.is_some();
        let half = self.half(direction);
        half.may_have_no_body = body.is_some() && !is_answer;
        half.phase = body.map_or(Phase::Start, Phase::Body);
        if !self.is_leaving() {
            self.half(client).stay();
        }
        asked.then(|| Outcome::Refused(answer(pending, Some(response), client, Some(origin))))
    }

    /// A proxy let the client through (RFC 9110 §9.3.6): what comes now is a
    /// conversation of its own.
    fn tunnel(&mut self) {
        for direction in Direction::BOTH {
            let half = self.half(direction);
            half.phase = if half.is_missing { Phase::Lost } else { Phase::Start };
            half.is_missing = false;
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
        let lost =
            matches!(server.phase, Phase::Lost) && run.ack.is_none_or(|ack| server.reached >= ack);
        if !lost && !self.ended {
            return Step::Wait;
        }
        let asked = self.requests.last().is_some_and(|pending| pending.kind.is_websocket());
        if asked && probe(run.bytes) != Probe::Certain {
            let pending = self.requests.take_last();
            let is_missing = self.half(direction).is_missing;
            let answer = Answer { is_missing, ..answer(pending, None, direction, None) };
            return Step::Outcome(0, Outcome::Upgraded(answer));
        }
        self.half(direction).stay();
        Step::Consumed(0)
    }

    fn lose(&mut self, direction: Direction, bytes: usize) -> Step {
        self.has_holes = true;
        let half = self.half(direction);
        half.phase = Phase::Lost;
        half.head.clear();
        let never_http = !half.in_the_middle && self.client.is_none();
        if never_http { Step::Outcome(bytes, Outcome::Other) } else { Step::Consumed(bytes) }
    }

    fn half(&mut self, direction: Direction) -> &mut Half {
        match direction {
            Direction::Forward => &mut self.forward,
            Direction::Backward => &mut self.backward,
        }
    }
}

impl Half {
    /// Goes on with HTTP after a request to leave it.
    fn stay(&mut self) {
        if matches!(self.phase, Phase::Held) {
            self.phase = if self.is_missing { Phase::Lost } else { Phase::Start };
            self.is_missing = false;
        }
    }

    /// Whether its bytes are not understood, or may be the middle of what was
    /// not captured.
    fn is_lost(&self) -> bool {
        match self.phase {
            Phase::Lost => true,
            Phase::Start => self.in_the_middle && self.head.is_empty(),
            Phase::Body(_) | Phase::Held => false,
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
        handshake.response_http = Some(response.version);
        handshake.status = Some(response.status);
        handshake.reason = Some(response.reason).filter(|reason| !reason.is_empty());
        handshake.accept = chosen("Sec-WebSocket-Accept");
        handshake.subprotocol = chosen("Sec-WebSocket-Protocol");
        handshake.extensions = header::extensions(&headers);
        handshake.response_headers = Some(headers);
    }
    if let Some(Pending { kind: Asked::WebSocket(request), .. }) = pending {
        let request = *request;
        let headers = request.headers;
        let sent = |name: &str| header::value(&headers, name).map(str::to_owned);
        handshake.http = request.version;
        handshake.extensions_offered = header::extensions(&headers);
        handshake.method = Some(request.method);
        handshake.target = Some(request.target);
        handshake.host = sent("Host");
        handshake.origin = sent("Origin");
        handshake.key = sent("Sec-WebSocket-Key");
        handshake.subprotocols =
            header::list(&headers, "Sec-WebSocket-Protocol").map(str::to_owned).collect();
        handshake.request_headers = Some(headers);
    }
    // The later of the two packets: captures put directions out of order.
    let origin = [asked, origin]
        .into_iter()
        .flatten()
        .max_by_key(|origin| origin.packet)
        .unwrap_or(Origin { packet: 0, time: None, source: Default::default(), tcp_length: 0 });
    Answer {
        handshake: Box::new(handshake),
        client,
        asked,
        origin,
        first_frame: None,
        has_holes: false,
        response_end: None,
        is_missing: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::SourceId;

    const CLIENT: Direction = Direction::Forward;
    const SERVER: Direction = Direction::Backward;
    const UPGRADE: &str = "GET /chat HTTP/1.1\r\nHost: example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: a, b\r\n\r\n";
    const SWITCHING: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: b\r\n\r\n";

    /// Speaks for both sides and keeps what waits, as the analyzer does.
    #[derive(Default)]
    struct Talk {
        exchange: Exchange,
        sent: [u64; 2],
        held: [Vec<(Vec<u8>, u64, u64)>; 2],
        log: Vec<String>,
        packet: u64,
        upgraded: bool,
    }

    impl Talk {
        /// Sends bytes after having received all that the other side sent.
        fn say(&mut self, direction: Direction, bytes: impl AsRef<[u8]>) {
            let ack = self.sent[index(direction.opposite())];
            self.say_with_ack(direction, bytes.as_ref(), ack);
        }

        fn say_with_ack(&mut self, direction: Direction, bytes: &[u8], ack: u64) {
            let position = self.sent[index(direction)];
            self.sent[index(direction)] += bytes.len() as u64;
            self.held[index(direction)].push((bytes.to_vec(), position, ack));
            self.offer(direction);
            self.offer(direction.opposite());
            self.offer(direction);
        }

        fn offer(&mut self, direction: Direction) {
            while let Some((bytes, position, ack)) = self.held[index(direction)].first().cloned() {
                self.packet += 1;
                let origin =
                    Origin { packet: self.packet, time: None, source: SourceId(0), tcp_length: 0 };
                let mut run = Run { bytes: &bytes, position, origin, ack: Some(ack) };
                while !run.bytes.is_empty() && !self.upgraded {
                    match self.exchange.receive(direction, &run, 4096) {
                        Step::Consumed(count) => run = run.skip(count),
                        Step::Wait => {
                            self.held[index(direction)][0] =
                                (run.bytes.to_vec(), run.position, ack);
                            return;
                        }
                        Step::Outcome(count, outcome) => {
                            run = run.skip(count);
                            self.note(&outcome);
                        }
                    }
                }
                if !run.bytes.is_empty() {
                    let text = String::from_utf8_lossy(run.bytes);
                    self.log.push(format!("{direction:?} {text}"));
                }
                self.held[index(direction)].remove(0);
            }
        }

        fn note(&mut self, outcome: &Outcome) {
            let describe = |answer: &Answer| {
                let handshake = &answer.handshake;
                format!(
                    "{} {} {:?}",
                    handshake.target.as_deref().unwrap_or("?"),
                    handshake.status.unwrap_or(0),
                    answer.client
                )
            };
            self.log.push(match outcome {
                Outcome::Upgraded(answer) => {
                    self.upgraded = true;
                    format!("upgraded {}", describe(answer))
                }
                Outcome::Refused(answer) => format!("refused {}", describe(answer)),
                Outcome::Other => "other".into(),
            });
        }

        fn miss(&mut self, direction: Direction, bytes: u64) {
            let position = self.sent[index(direction)];
            self.sent[index(direction)] += bytes;
            self.exchange.miss(direction, position, bytes);
            self.offer(direction.opposite());
        }

        fn end(mut self) -> Vec<String> {
            self.exchange.end();
            for direction in [CLIENT, SERVER, CLIENT] {
                self.offer(direction);
            }
            while let Some(answer) = self.exchange.unanswered() {
                self.log
                    .push(format!("unanswered {}", answer.handshake.target.unwrap_or_default()));
            }
            self.log
        }
    }

    fn index(direction: Direction) -> usize {
        usize::from(direction == SERVER)
    }

    #[test]
    fn an_upgrade_split_at_every_byte() {
        let client = format!("{UPGRADE}frames of the client");
        let server = format!("{SWITCHING}frames of the server");
        let expected = [
            "upgraded /chat 101 Forward",
            "Backward frames of the server",
            "Forward frames of the client",
        ];
        for split in 0..server.len() {
            let mut talk = Talk::default();
            let (request, early) = client.split_at(split.min(UPGRADE.len()));
            talk.say(CLIENT, request);
            talk.say(CLIENT, &early[..UPGRADE.len() - request.len()]);
            talk.say(CLIENT, &client[UPGRADE.len()..]);
            talk.say(SERVER, &server[..split]);
            talk.say(SERVER, &server[split..]);
            let frames: String =
                talk.log.iter().filter_map(|line| line.strip_prefix("Backward ")).collect();
            assert_eq!(frames, "frames of the server");
            assert_eq!(talk.log[0], expected[0], "split at {split}");
            assert!(talk.log.contains(&expected[2].to_owned()));
        }
    }

    #[test]
    fn what_was_chosen_and_offered() {
        let mut exchange = Exchange::default();
        let origin = Origin { packet: 4, time: None, source: SourceId(0), tcp_length: 0 };
        let run = |text: &'static str, packet| Run {
            bytes: text.as_bytes(),
            position: 0,
            origin: Origin { packet, ..origin },
            ack: None,
        };
        assert!(matches!(exchange.receive(CLIENT, &run(UPGRADE, 4), 4096), Step::Consumed(_)));
        let Step::Outcome(_, Outcome::Upgraded(answer)) =
            exchange.receive(SERVER, &run(SWITCHING, 2), 4096)
        else {
            panic!("not upgraded");
        };
        assert_eq!(answer.handshake.subprotocols, ["a", "b"]);
        assert_eq!(answer.handshake.subprotocol.as_deref(), Some("b"));
        assert_eq!(answer.handshake.host.as_deref(), Some("example"));
        // Captured the wrong way round: the later packet made it known.
        assert_eq!(answer.origin.packet, 4);
    }

    #[test]
    fn ordinary_requests_come_first() {
        let mut talk = Talk::default();
        talk.say(CLIENT, "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello");
        talk.say(SERVER, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
        talk.say(CLIENT, "HEAD /b HTTP/1.1\r\n\r\n");
        talk.say(SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        talk.say(CLIENT, "GET /c HTTP/1.1\r\n\r\n");
        talk.say(SERVER, "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n");
        talk.say(CLIENT, UPGRADE);
        talk.say(SERVER, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nnope");
        talk.say(CLIENT, UPGRADE);
        talk.say(SERVER, SWITCHING);
        assert_eq!(talk.end(), ["refused /chat 401 Forward", "upgraded /chat 101 Forward"]);
    }

    #[test]
    fn pipelined_requests_keep_their_answers() {
        let mut talk = Talk::default();
        talk.say(CLIENT, format!("GET /a HTTP/1.1\r\n\r\nHEAD /b HTTP/1.1\r\n\r\n{UPGRADE}"));
        talk.say(SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        talk.say(SERVER, SWITCHING);
        assert_eq!(talk.end(), ["upgraded /chat 101 Forward"]);
    }

    #[test]
    fn other_upgrades_are_left_alone() {
        let mut talk = Talk::default();
        talk.say(CLIENT, "GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n");
        talk.say(SERVER, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n");
        assert_eq!(talk.log, ["other"]);
    }

    #[test]
    fn a_request_without_an_answer_is_told() {
        let mut talk = Talk::default();
        talk.say(CLIENT, UPGRADE);
        assert_eq!(talk.end(), ["unanswered /chat"]);
        // The answer is missing: frames of the client show that there was one.
        let mut talk = Talk::default();
        talk.say(CLIENT, UPGRADE);
        talk.miss(SERVER, 200);
        talk.say(CLIENT, b"\x81\x80");
        assert_eq!(talk.log[0], "upgraded /chat 0 Forward");
        // Or they do not.
        let mut talk = Talk::default();
        talk.say(CLIENT, UPGRADE);
        talk.miss(SERVER, 200);
        talk.say(CLIENT, UPGRADE);
        talk.say(SERVER, SWITCHING);
        assert_eq!(talk.log[0], "upgraded /chat 101 Forward");
    }

    #[test]
    fn frames_before_the_answer_wait_for_it() {
        let mut talk = Talk::default();
        talk.say(CLIENT, UPGRADE);
        talk.say_with_ack(CLIENT, b"early", 0);
        assert!(talk.log.is_empty());
        talk.say(SERVER, "HTTP/1.1 101\r\nUpgrade:websocket\r\n\r\n");
        assert_eq!(talk.end(), ["upgraded /chat 101 Forward", "Forward early"]);
    }

    #[test]
    fn an_answer_to_an_earlier_request_frees_no_frames() {
        let mut talk = Talk::default();
        talk.say(CLIENT, "GET /a HTTP/1.1\r\n\r\n");
        talk.say(CLIENT, UPGRADE);
        talk.say(SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        talk.say(CLIENT, "early ");
        talk.say(SERVER, SWITCHING);
        talk.say(CLIENT, "late");
        assert_eq!(talk.end(), ["upgraded /chat 101 Forward", "Forward early ", "Forward late"]);
    }

    #[test]
    fn an_answer_waits_for_its_request() {
        let mut talk = Talk::default();
        talk.say_with_ack(SERVER, SWITCHING.as_bytes(), UPGRADE.len() as u64);
        assert!(talk.log.is_empty());
        talk.say(CLIENT, UPGRADE);
        assert_eq!(talk.end(), ["upgraded /chat 101 Forward"]);
    }

    #[test]
    fn an_answer_to_what_was_not_captured_stands_alone() {
        // Nothing of the client is missing: its request came before.
        let mut talk = Talk::default();
        talk.say_with_ack(SERVER, SWITCHING.as_bytes(), 0);
        assert_eq!(talk.log, ["upgraded ? 101 Forward"]);
        // An answer to an earlier request is none to this one.
        let mut talk = Talk::default();
        talk.say(CLIENT, UPGRADE);
        talk.say_with_ack(SERVER, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0);
        talk.say(SERVER, SWITCHING);
        assert_eq!(talk.end(), ["upgraded /chat 101 Forward"]);
    }

    #[test]
    fn through_a_proxy() {
        let mut talk = Talk::default();
        talk.say(CLIENT, "CONNECT example:80 HTTP/1.1\r\nHost: example:80\r\n\r\n");
        talk.say(SERVER, "HTTP/1.1 200 Connection established\r\n\r\n");
        talk.say(CLIENT, UPGRADE);
        talk.say(SERVER, SWITCHING);
        assert_eq!(talk.end(), ["upgraded /chat 101 Forward"]);
    }

    #[test]
    fn a_gap_in_a_body_is_passed_over_and_in_a_head_resynchronised() {
        let mut talk = Talk::default();
        talk.say(CLIENT, "GET /a HTTP/1.1\r\n\r\n");
        talk.say(SERVER, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
        talk.miss(SERVER, 90);
        talk.say(SERVER, "0123456789");
        talk.say(CLIENT, "GET /b HTTP/1.1\r\n");
        talk.miss(CLIENT, 50);
        talk.say(CLIENT, "end of a head\r\n\r\n");
        talk.say(SERVER, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        talk.say(CLIENT, UPGRADE);
        talk.say(SERVER, SWITCHING);
        assert_eq!(talk.end(), ["upgraded /chat 101 Forward"]);
    }

    #[test]
    fn what_is_not_http_is_told_at_once() {
        let mut talk = Talk::default();
        talk.say(CLIENT, b"SSH-2.0-client\r\n");
        assert_eq!(talk.log, ["other"]);
    }

    #[test]
    fn a_head_without_end_is_given_up() {
        let mut talk = Talk::default();
        talk.say(CLIENT, format!("GET / HTTP/1.1\r\n{}", "X: y\r\n".repeat(2000)));
        assert_eq!(talk.log, ["other"]);
        assert!(talk.exchange.forward.head.is_empty());
    }

    #[test]
    fn an_idle_conversation_takes_little() {
        assert!(size_of::<Exchange>() <= 240, "{}", size_of::<Exchange>());
        assert!(size_of::<Pending>() <= 64, "{}", size_of::<Pending>());
    }
}

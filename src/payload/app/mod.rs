//! The protocols that messages carry.
//!
//! ```text
//! handshake ──► carried ─┐
//!                        ├─► Apps ──► a Decoder ──► Telling ──► App
//! messages ───► sniff ───┘   one for a connection     │ ▲
//!                                                     ▼ │
//!                                                  Requests
//! ```
//!
//! [`Apps`] knows which protocol a connection carries, and has its decoder: one
//! file each here, behind [`Decoder`]. A decoder tells the packets that a message
//! completes, each with its facts, and which requests it asks or answers; it can
//! fail, but neither stop anything nor change what was told before.

mod base64_text;
mod carried;
mod cdp;
mod data;
mod engine_io;
mod facts;
mod gotty;
mod graphql;
mod graphql_operation;
mod json_rpc;
mod jupyter;
mod jupyter_parts;
mod jupyter_summary;
mod kubernetes;
mod kubernetes_ports;
mod mqtt;
mod ocpp;
mod phoenix;
mod phoenix_binary;
mod requests;
mod sides;
mod signalr;
mod sniff;
mod socket_io;
mod socket_io_msgpack;
mod sockjs;
mod stomp;
mod story;
mod terminado;
mod terminal;
mod ttyd;
mod value;
mod wamp;

use crate::types::{App, AppProtocol, Handshake, Message, Opcode, Origin, Side};
use carried::{Carried, carried};
use data::Data;
use requests::Requests;
use story::Telling;

pub use story::Story;

/// Reads one protocol, for one connection. What it keeps is bounded.
trait Decoder: Send {
    /// Reads a whole data message, and tells the packets that it completes. What
    /// was told before an error stays.
    fn read(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed>;

    /// Whether later messages are looked at: they are not where nothing of them can be
    /// read.
    fn goes_on(&self) -> bool {
        true
    }

    /// Something that this side sent is not there, or not all of it.
    fn gap(&mut self, _side: Side) {}

    /// Its requests are told apart by numbers that come again, or by nothing: where
    /// some may be missing, those before are not waited for any more.
    fn repeats_keys(&self) -> bool {
        false
    }

    /// Bytes that it keeps on the heap.
    fn cost(&self) -> usize {
        0
    }

    /// Gives up what it keeps, as if that were missing.
    fn shed(&mut self) {}
}

/// Why a message could not be read, in a sentence.
#[derive(Debug, PartialEq, Eq)]
struct Malformed(String);

impl Malformed {
    fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// Messages of a connection that are looked at for a protocol that its handshake
/// does not tell.
const MOST_TRIES: u8 = 16;

/// What the messages of one connection carry.
#[derive(Default)]
pub struct Apps {
    carried: Option<Carried>,
    /// That is only likely until the first message fits it.
    is_doubtful: bool,
    /// Messages in which no protocol was recognised.
    tries: u8,
    reading: Option<Box<Reading>>,
}

/// What takes memory, made when it is needed.
struct Reading {
    decoder: Option<Box<dyn Decoder>>,
    requests: Requests,
}

impl Apps {
    /// Those of a connection with this handshake; of one without, the default is
    /// right.
    pub fn new(handshake: &Handshake) -> Self {
        let carried = carried(handshake);
        // Others have such paths too: `/rooms/123/chat/websocket`.
        let is_doubtful = carried.is_some_and(|one| one.protocol == AppProtocol::SockJs);
        Self { carried, is_doubtful, ..Self::default() }
    }

    /// What the protocol inside says of a message, which ends in the packet of
    /// `origin`. `story` is room to work, of any connection.
    pub fn read<'s>(
        &mut self,
        message: &Message<'_>,
        origin: Origin,
        story: &'s mut Story,
    ) -> Option<App<'s>> {
        match message.opcode {
            Opcode::Text | Opcode::Binary => self.data(message, origin, story),
            Opcode::Ping | Opcode::Pong => self.control(message, origin, story),
            Opcode::Close | Opcode::Continuation | Opcode::Reserved(_) => None,
        }
    }

    /// Something that this side sent is not there.
    pub fn gap(&mut self, side: Side) {
        // Its decoder hears of it even where that is before the first message.
        if let Some(carried) = self.carried {
            self.reading().decoder.get_or_insert_with(|| decoder(carried));
        }
        let Some(reading) = &mut self.reading else {
            return;
        };
        let repeats_keys = reading.decoder.as_ref().is_some_and(|decoder| decoder.repeats_keys());
        reading.requests.forget(side, repeats_keys);
        if let Some(decoder) = &mut reading.decoder {
            decoder.gap(side);
        }
    }

    /// Bytes of memory that it keeps.
    pub fn cost(&self) -> usize {
        self.reading.as_ref().map_or(0, |reading| {
            let decoder = reading.decoder.as_ref().map_or(0, |decoder| decoder.cost());
            size_of::<Reading>() + decoder + reading.requests.cost()
        })
    }

    /// Gives up what it keeps.
    pub fn shed(&mut self) {
        if let Some(reading) = &mut self.reading {
            reading.requests.clear();
            if let Some(decoder) = &mut reading.decoder {
                decoder.shed();
            }
        }
    }

    fn data<'s>(
        &mut self,
        message: &Message<'_>,
        origin: Origin,
        story: &'s mut Story,
    ) -> Option<App<'s>> {
        if !message.complete || message.truncated || message.not_inflated.is_some() {
            self.gap(message.from);
            return self.carried.map(|carried| App::only(carried.protocol));
        }
        let data = Data::new(message);
        if std::mem::take(&mut self.is_doubtful) && !sockjs::may_be(&data) {
            self.carried = None;
            if let Some(reading) = &mut self.reading {
                reading.decoder = None;
            }
        }
        let carried = match self.carried {
            Some(carried) => carried,
            None => self.recognise(&data)?,
        };
        let reading = self.reading();
        let decoder = reading.decoder.get_or_insert_with(|| decoder(carried));
        let mut telling =
            Telling::new(carried.protocol, message.from, origin, &mut reading.requests, story);
        let read = decoder.read(&data, &mut telling);
        let protocol = telling.finish(&data, read.err());
        let goes_on = decoder.goes_on();
        self.carried = Some(Carried { protocol, ..carried });
        if !goes_on {
            self.give_up();
        }
        Some(story.app(Some(protocol)))
    }

    /// What the bytes of a message show beyond doubt.
    fn recognise(&mut self, data: &Data<'_>) -> Option<Carried> {
        if self.tries >= MOST_TRIES {
            return None;
        }
        self.carried = sniff::sniff(data);
        self.tries += u8::from(self.carried.is_none());
        self.carried
    }

    /// Looks at no message any more.
    fn give_up(&mut self) {
        self.carried = None;
        self.tries = MOST_TRIES;
        self.reading().decoder = None;
    }

    /// A pong answers the ping that had the same payload (RFC 6455 §5.5.3).
    fn control<'s>(
        &mut self,
        message: &Message<'_>,
        origin: Origin,
        story: &'s mut Story,
    ) -> Option<App<'s>> {
        if !message.complete {
            return None;
        }
        if message.opcode == Opcode::Ping {
            let most = story.most_requests();
            let forgotten =
                self.reading().requests.ping(message.from, origin, message.payload, most);
            story.forgot(forgotten);
            return None;
        }
        let requests = &mut self.reading.as_mut()?.requests;
        let reply = requests.pong(message.from, origin, message.payload)?;
        story.reply(reply);
        Some(story.app(None))
    }

    fn reading(&mut self) -> &mut Reading {
        self.reading.get_or_insert_with(|| {
            Box::new(Reading { decoder: None, requests: Requests::default() })
        })
    }
}

/// Reads what is carried.
fn decoder(carried: Carried) -> Box<dyn Decoder> {
    use crate::types::AppProtocol as P;
    match carried.protocol {
        P::Jupyter => Box::new(jupyter::Jupyter),
        P::Terminado => Box::new(terminado::Terminado),
        P::Gotty => Box::new(gotty::Gotty::default()),
        P::Ttyd => Box::new(ttyd::Ttyd),
        P::EngineIo | P::SocketIo => {
            Box::new(engine_io::EngineIo::new(carried.protocol, carried.dialect))
        }
        P::SockJs => Box::new(sockjs::SockJs),
        P::GraphqlTransportWs | P::GraphqlWs => Box::new(graphql::Graphql::default()),
        P::JsonRpc => Box::new(json_rpc::JsonRpc),
        P::Phoenix => Box::new(phoenix::Phoenix),
        P::Kubernetes if carried.dialect == carried::Dialect::PortForward => {
            Box::new(kubernetes_ports::KubernetesPorts::default())
        }
        P::Kubernetes => Box::new(kubernetes::Kubernetes),
        P::Ocpp => Box::new(ocpp::Ocpp),
        P::Mqtt => Box::new(mqtt::Mqtt::default()),
        P::Wamp => Box::new(wamp::Wamp::new(carried.dialect)),
        P::Cdp => Box::new(cdp::Cdp::default()),
        P::Stomp => Box::new(stomp::Stomp::default()),
        P::SignalR => Box::new(signalr::SignalR::default()),
    }
}

#[cfg(test)]
mod tests;

//! Protocols carried inside WebSocket messages.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use super::{Body, JsonText};

/// What the protocol inside says of a message.
///
/// A message mostly carries one packet of its protocol; [`App::packets`] tells of
/// each that it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct App<'a> {
    /// The protocol; `None` of a pong, which belongs to WebSocket itself.
    pub protocol: Option<AppProtocol>,
    /// All that is said, the protocol's name included: an object.
    pub json: JsonText<'a>,
    /// What the packets carry, readable, where the message's own payload says it
    /// less well.
    pub body: Option<Body<'a>>,
    /// Why it could not be read, or not to its end: a sentence.
    pub malformed: Option<&'a str>,
    /// Not all packets that it carries are among `packets`, and some of the others do
    /// more than keep the connection alive.
    pub(crate) has_other_packets: bool,
    pub(crate) packets: &'a [AppPlaces],
    /// Where the packets' texts are.
    pub(crate) words: &'a str,
}

/// One packet of the protocol inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppPacket<'a> {
    /// What it is, in the protocol's own word: `app.type`. Empty where nothing
    /// has a word for it.
    pub kind: &'a str,
    /// Where it belongs, in the protocol's own word, which views show before the
    /// kind: a channel, topic or namespace. Empty where there is nothing of that
    /// sort, or the one that all have.
    pub channel: &'a str,
    /// What it says, in few words; as it was sent, hazardous characters included.
    pub summary: &'a str,
    /// It only keeps the connection alive.
    pub is_heartbeat: bool,
    /// The request that it answers.
    pub reply: Option<AppReply<'a>>,
}

/// The request that a packet answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppReply<'a> {
    /// Number of the request's packet in the capture.
    pub to: u64,
    /// What kind of request it was: its method, event or the like.
    pub kind: &'a str,
    /// Time between them; `None` where the capture has no times.
    pub latency: Option<Duration>,
}

/// Where the texts of an [`AppPacket`] are among the words of its message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AppPlaces {
    pub(crate) kind: Range<usize>,
    pub(crate) channel: Range<usize>,
    pub(crate) summary: Range<usize>,
    pub(crate) is_heartbeat: bool,
    pub(crate) reply: Option<(u64, Option<Duration>)>,
    pub(crate) reply_kind: Range<usize>,
}

impl App<'static> {
    /// Nothing is known but the protocol.
    ///
    /// ```
    /// use wsdump::types::{App, AppProtocol};
    /// assert_eq!(App::only(AppProtocol::Mqtt).json.text(), r#"{"protocol":"mqtt"}"#);
    /// ```
    pub const fn only(protocol: AppProtocol) -> Self {
        Self::new(protocol, protocol.json())
    }
}

impl<'a> App<'a> {
    /// This object is all that is known.
    pub const fn new(protocol: AppProtocol, json: JsonText<'a>) -> Self {
        Self {
            protocol: Some(protocol),
            json,
            body: None,
            malformed: None,
            has_other_packets: false,
            packets: &[],
            words: "",
        }
    }

    /// The packets that the message carries, as far as they were read.
    pub fn packets(&self) -> impl ExactSizeIterator<Item = AppPacket<'a>> + use<'a> {
        let words = self.words;
        let text = move |place: &Range<usize>| words.get(place.clone()).unwrap_or_default();
        self.packets.iter().map(move |places| AppPacket {
            kind: text(&places.kind),
            channel: text(&places.channel),
            summary: text(&places.summary),
            is_heartbeat: places.is_heartbeat,
            reply: places.reply.map(|(to, latency)| AppReply {
                to,
                kind: text(&places.reply_kind),
                latency,
            }),
        })
    }

    /// The protocol, where what the message brings of it ends in a later one.
    pub fn unfinished(&self) -> Option<AppProtocol> {
        self.protocol.filter(|_| self.packets.is_empty() && self.malformed.is_none())
    }

    /// Whether all that it carries only keeps the connection alive. Of what could not
    /// be read nobody knows.
    pub fn is_heartbeat(&self) -> bool {
        let is_known = self.malformed.is_none() && !self.has_other_packets;
        is_known
            && !self.packets.is_empty()
            && self.packets.iter().all(|places| places.is_heartbeat)
    }
}

macro_rules! protocols {
    ($($(#[doc = $doc:literal])+ $variant:ident, $name:literal;)+) => {
        /// A protocol carried inside WebSocket messages.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum AppProtocol { $($(#[doc = $doc])+ $variant,)+ }

        impl AppProtocol {
            /// Every protocol.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name in events.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// An object that has nothing but its name.
            const fn json(self) -> JsonText<'static> {
                let text = match self {
                    $(Self::$variant => concat!(r#"{"protocol":""#, $name, r#""}"#)),+
                };
                JsonText { bytes: text.as_bytes(), is_plain: true }
            }
        }
    };
}

protocols! {
    /// Kernels of Jupyter.
    Jupyter, "jupyter";
    /// Terminals of Jupyter.
    Terminado, "terminado";
    /// GoTTY.
    Gotty, "gotty";
    /// ttyd.
    Ttyd, "ttyd";
    /// Engine.IO without Socket.IO.
    EngineIo, "engine.io";
    /// Socket.IO.
    SocketIo, "socket.io";
    /// SockJS.
    SockJs, "sockjs";
    /// GraphQL, the newer protocol.
    GraphqlTransportWs, "graphql-transport-ws";
    /// GraphQL, the older protocol.
    GraphqlWs, "graphql-ws";
    /// JSON-RPC 2.0.
    JsonRpc, "jsonrpc";
    /// The Chrome DevTools Protocol.
    Cdp, "cdp";
    /// WAMP.
    Wamp, "wamp";
    /// STOMP.
    Stomp, "stomp";
    /// MQTT.
    Mqtt, "mqtt";
    /// SignalR.
    SignalR, "signalr";
    /// Channels of Phoenix.
    Phoenix, "phoenix";
    /// Channels of Kubernetes.
    Kubernetes, "kubernetes";
    /// OCPP.
    Ocpp, "ocpp";
}

impl fmt::Display for AppProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

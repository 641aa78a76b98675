//! Protocols carried inside WebSocket messages.

use std::fmt;

use super::JsonText;

/// What the protocol inside says of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct App<'a> {
    /// The protocol.
    pub protocol: AppProtocol,
    /// All that is said, the protocol's name included: an object.
    pub json: JsonText<'a>,
}

impl App<'static> {
    /// Nothing is known but the protocol.
    ///
    /// ```
    /// use wsdump::types::{App, AppProtocol};
    /// assert_eq!(App::only(AppProtocol::Mqtt).json.text(), r#"{"protocol":"mqtt"}"#);
    /// ```
    pub const fn only(protocol: AppProtocol) -> Self {
        Self { protocol, json: protocol.json() }
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

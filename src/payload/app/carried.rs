//! Which protocol messages carry, as far as the handshake makes it certain.

use crate::types::{AppProtocol, Handshake};

/// What the messages of a connection carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Carried {
    /// The protocol.
    pub(super) protocol: AppProtocol,
    /// Which form of it.
    pub(super) dialect: Dialect,
}

/// Forms of protocols that their messages do not tell apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Dialect {
    /// The one there is, or what the messages show.
    #[default]
    Usual,
    /// Channels of Kubernetes that stand for ports, not for streams of a process.
    PortForward,
    /// Revision 3 of the Engine.IO protocol.
    EngineIo3,
    /// WAMP in a serialization that is not read.
    OtherSerialization,
}

impl From<AppProtocol> for Carried {
    fn from(protocol: AppProtocol) -> Self {
        Self { protocol, dialect: Dialect::Usual }
    }
}

/// What the subprotocols of WAMP begin with.
const WAMP: &str = "wamp.2.";

/// What the messages of a connection carry, where its handshake leaves no doubt.
pub(super) fn carried(handshake: &Handshake) -> Option<Carried> {
    let protocol = app_protocol(handshake)?;
    Some(Carried { protocol, dialect: dialect(protocol, handshake) })
}

fn dialect(protocol: AppProtocol, handshake: &Handshake) -> Dialect {
    let (path, query) = path_and_query(handshake.target.as_deref().unwrap_or_default());
    match protocol {
        AppProtocol::Kubernetes if path.ends_with("/portforward") => Dialect::PortForward,
        AppProtocol::EngineIo | AppProtocol::SocketIo
            if query.split('&').any(|one| one == "EIO=3") =>
        {
            Dialect::EngineIo3
        }
        AppProtocol::Wamp if !has_known_serialization(handshake) => Dialect::OtherSerialization,
        _ => Dialect::Usual,
    }
}

/// Whether messages of WAMP are in what can be read.
fn has_known_serialization(handshake: &Handshake) -> bool {
    let subprotocol = handshake.subprotocol.as_deref().unwrap_or_default();
    let name = subprotocol.strip_prefix(WAMP).unwrap_or_default();
    matches!(name.strip_suffix(".batched").unwrap_or(name), "json" | "msgpack" | "cbor")
}

/// A subprotocol that was chosen decides alone; without one the
/// request's target does. What only the messages tell (SignalR, JSON-RPC, an
/// Engine.IO of one's own) is not told here, and nothing of an upgrade that was
/// refused.
fn app_protocol(handshake: &Handshake) -> Option<AppProtocol> {
    if handshake.is_refused() {
        return None;
    }
    if let Some(chosen) = &handshake.subprotocol {
        return of_subprotocol(chosen);
    }
    let protocol = of_target(handshake.target.as_deref()?)?;
    // A response that is not in the capture may have chosen any of them.
    let is_certain = handshake.status.is_some()
        || handshake.subprotocols.iter().all(|one| of_subprotocol(one) == Some(protocol));
    is_certain.then_some(protocol)
}

/// Subprotocols are compared as they are sent (RFC 6455 §4.1). Most are in IANA's
/// registry of WebSocket subprotocol names.
fn of_subprotocol(subprotocol: &str) -> Option<AppProtocol> {
    Some(match subprotocol {
        // Jupyter Server, "WebSocket kernel wire protocols".
        "v1.kernel.websocket.jupyter.org" => AppProtocol::Jupyter,
        // GoTTY, webtty/protocols.go.
        "webtty" => AppProtocol::Gotty,
        // ttyd, src/server.c.
        "tty" => AppProtocol::Ttyd,
        // graphql-ws, PROTOCOL.md.
        "graphql-transport-ws" => AppProtocol::GraphqlTransportWs,
        // subscriptions-transport-ws, PROTOCOL.md.
        "graphql-ws" => AppProtocol::GraphqlWs,
        // MQTT 3.1.1 and 5.0 §6; what clients of MQTT 3.1 offer.
        "mqtt" | "mqttv3.1" => AppProtocol::Mqtt,
        // STOMP 1.0 to 1.2, in IANA's registry.
        "v10.stomp" | "v11.stomp" | "v12.stomp" => AppProtocol::Stomp,
        // Kubernetes, `kubectl exec`, `attach` and `port-forward`:
        // k8s.io/apimachinery, pkg/util/remotecommand.
        "channel.k8s.io"
        | "base64.channel.k8s.io"
        | "v4.channel.k8s.io"
        | "v4.base64.channel.k8s.io"
        | "v5.channel.k8s.io" => AppProtocol::Kubernetes,
        // OCPP-J, in IANA's registry.
        "ocpp1.6" | "ocpp2.0" | "ocpp2.0.1" | "ocpp2.1" => AppProtocol::Ocpp,
        // The WAMP protocol, "WebSocket Transport": the serialization follows.
        _ if subprotocol.strip_prefix(WAMP).is_some_and(|rest| !rest.is_empty()) => {
            AppProtocol::Wamp
        }
        _ => return None,
    })
}

/// Servers may have any path before what is looked at here, as behind a proxy.
fn of_target(target: &str) -> Option<AppProtocol> {
    let (path, query) = path_and_query(target);
    let mut segments = path.rsplit('/');
    let [last, third, second, first] = std::array::from_fn(|_| segments.next().unwrap_or_default());
    let has = |is_it: fn(&str) -> bool| query.split('&').any(is_it);
    match [first, second, third, last] {
        // Jupyter Server, "WebSocket kernel wire protocols".
        ["api", "kernels", id, "channels"] if !id.is_empty() => Some(AppProtocol::Jupyter),
        // terminado, as Jupyter Server mounts it.
        [_, "terminals", "websocket", name] if !name.is_empty() => Some(AppProtocol::Terminado),
        // Chrome DevTools Protocol, "HTTP Endpoints"; workers by older versions.
        [_, "devtools", "page" | "browser" | "worker" | "shared_worker" | "service_worker", id]
            if !id.is_empty() =>
        {
            Some(AppProtocol::Cdp)
        }
        // Engine.IO protocol, "Transports". The path is the one that Socket.IO has
        // unless told otherwise; at others the messages show whether it is Socket.IO.
        _ if has(|one| one.starts_with("EIO=")) && has(|one| one == "transport=websocket") => {
            Some(match [third, last] {
                ["socket.io", ""] | [_, "socket.io"] => AppProtocol::SocketIo,
                _ => AppProtocol::EngineIo,
            })
        }
        // Phoenix, `Phoenix.Socket`: the version of its serializer.
        [_, _, _, "websocket"] if has(|one| one.starts_with("vsn=")) => Some(AppProtocol::Phoenix),
        // SockJS protocol 0.3.3, "Base URLs": a server and a session that the client
        // makes up.
        [_, server, session, "websocket"] if is_three_digits(server) && !session.is_empty() => {
            Some(AppProtocol::SockJs)
        }
        _ => None,
    }
}

/// The parts of a request's target, be it a path or, as to a proxy, a whole URI
/// (RFC 9112 §3.2).
fn path_and_query(target: &str) -> (&str, &str) {
    let from_path = match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => {
            rest.find(['/', '?']).and_then(|at| rest.get(at..)).unwrap_or_default()
        }
        _ => target,
    };
    from_path.split_once('?').unwrap_or((from_path, ""))
}

fn is_three_digits(segment: &str) -> bool {
    segment.len() == 3 && segment.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An upgrade that was accepted.
    fn accepted(target: &str, subprotocol: Option<&str>) -> Handshake {
        Handshake {
            target: Some(target.into()),
            status: Some(101),
            subprotocol: subprotocol.map(str::to_owned),
            ..Handshake::default()
        }
    }

    fn chosen(subprotocol: &str) -> Option<&'static str> {
        app_protocol(&accepted("/", Some(subprotocol))).map(AppProtocol::name)
    }

    fn asked(target: &str) -> Option<&'static str> {
        app_protocol(&accepted(target, None)).map(AppProtocol::name)
    }

    #[test]
    fn subprotocols() {
        for (subprotocol, protocol) in [
            ("v1.kernel.websocket.jupyter.org", "jupyter"),
            ("webtty", "gotty"),
            ("tty", "ttyd"),
            ("graphql-transport-ws", "graphql-transport-ws"),
            ("graphql-ws", "graphql-ws"),
            ("mqtt", "mqtt"),
            ("mqttv3.1", "mqtt"),
            ("v10.stomp", "stomp"),
            ("v11.stomp", "stomp"),
            ("v12.stomp", "stomp"),
            ("wamp.2.json", "wamp"),
            ("wamp.2.msgpack.batched", "wamp"),
            ("channel.k8s.io", "kubernetes"),
            ("base64.channel.k8s.io", "kubernetes"),
            ("v4.channel.k8s.io", "kubernetes"),
            ("v4.base64.channel.k8s.io", "kubernetes"),
            ("v5.channel.k8s.io", "kubernetes"),
            ("ocpp1.6", "ocpp"),
            ("ocpp2.0", "ocpp"),
            ("ocpp2.0.1", "ocpp"),
            ("ocpp2.1", "ocpp"),
        ] {
            assert_eq!(chosen(subprotocol), Some(protocol), "{subprotocol}");
        }
    }

    #[test]
    fn other_subprotocols_are_none_of_them() {
        for subprotocol in [
            "",
            "MQTT",
            " mqtt",
            "mqtt, stomp",
            "mqttv3.2",
            "v13.stomp",
            "wamp.2.",
            "wamp.1.json",
            "v3.channel.k8s.io",
            "ocpp1.5",
            "soap",
        ] {
            assert_eq!(chosen(subprotocol), None, "{subprotocol}");
        }
    }

    #[test]
    fn targets() {
        for (target, protocol) in [
            ("/api/kernels/f4d1/channels?session_id=0b1e", "jupyter"),
            ("/user/name/api/kernels/f4d1/channels", "jupyter"),
            ("/terminals/websocket/1", "terminado"),
            ("/user/name/terminals/websocket/my%20shell?token=1", "terminado"),
            ("/devtools/page/3279E3C4", "cdp"),
            ("/devtools/browser/16eba090-7ad4", "cdp"),
            ("/devtools/service_worker/1?token=x", "cdp"),
            ("/socket.io/?EIO=4&transport=websocket", "socket.io"),
            ("/shop/socket.io/?transport=websocket&sid=a&EIO=3", "socket.io"),
            ("/socket.io?EIO=4&transport=websocket", "socket.io"),
            ("/engine.io/?EIO=4&transport=websocket", "engine.io"),
            ("/socket.io/admin?EIO=4&transport=websocket", "engine.io"),
            ("/live/websocket?_csrf_token=a&vsn=2.0.0", "phoenix"),
            ("/websocket?vsn=1.0.0", "phoenix"),
            ("/echo/042/x5k2vq0a/websocket", "sockjs"),
            ("/042/x5k2vq0a/websocket", "sockjs"),
            ("ws://example.com:81/terminals/websocket/1", "terminado"),
            ("http://example.com/042/x5k2vq0a/websocket?t=1", "sockjs"),
        ] {
            assert_eq!(asked(target), Some(protocol), "{target}");
        }
    }

    #[test]
    fn other_targets_are_none_of_them() {
        for target in [
            "",
            "*",
            "/",
            "/api/kernels//channels",
            "/api/kernels/f4d1/channels/",
            "/api/kernels/f4d1/events",
            "/API/kernels/f4d1/channels",
            "/my-api/kernels/f4d1/channels",
            "/chat?then=/api/kernels/f4d1/channels",
            "/terminals/websocket/",
            "/terminals/websocket/1/2",
            "/devtools/page/",
            "/devtools/inspector/1",
            "/socket.io/",
            "/socket.io/?EIO=4&transport=polling",
            "/socket.io/?transport=websocket",
            "/socket.io/?notEIO=4&transport=websocket",
            "/live/websocket",
            "/live/websocket?version=2.0.0&nvsn=1",
            "/live/websockets?vsn=2.0.0",
            "/42/x5k2vq0a/websocket",
            "/0x2/x5k2vq0a/websocket",
            "/042//websocket",
            "ws://api/kernels/f4d1/channels",
            "ws://terminals/websocket/1",
            "ws://example.com?/terminals/websocket/1",
            "ws://terminals",
        ] {
            assert_eq!(asked(target), None, "{target}");
        }
    }

    #[test]
    fn dialects() {
        let pod = "/api/v1/namespaces/default/pods/web";
        for (target, subprotocol, dialect) in [
            (
                format!("{pod}/portforward?ports=80"),
                Some("v4.channel.k8s.io"),
                Dialect::PortForward,
            ),
            (format!("{pod}/exec?command=ls"), Some("v4.channel.k8s.io"), Dialect::Usual),
            ("/engine.io/?EIO=3&transport=websocket".to_owned(), None, Dialect::EngineIo3),
            ("/engine.io/?EIO=4&transport=websocket".to_owned(), None, Dialect::Usual),
        ] {
            let carried = carried(&accepted(&target, subprotocol));
            assert_eq!(carried.map(|carried| carried.dialect), Some(dialect), "{target}");
        }
    }

    #[test]
    fn serializations_of_wamp() {
        for (subprotocol, dialect) in [
            ("wamp.2.json", Dialect::Usual),
            ("wamp.2.cbor.batched", Dialect::Usual),
            ("wamp.2.flatbuffers", Dialect::OtherSerialization),
            ("wamp.2.ubjson.batched", Dialect::OtherSerialization),
        ] {
            let carried = carried(&accepted("/", Some(subprotocol)));
            assert_eq!(carried.map(|carried| carried.dialect), Some(dialect), "{subprotocol}");
        }
    }

    #[test]
    fn a_subprotocol_that_was_chosen_decides_alone() {
        let target = "/terminals/websocket/1";
        assert_eq!(app_protocol(&accepted(target, Some("mqtt"))), Some(AppProtocol::Mqtt));
        assert_eq!(app_protocol(&accepted(target, Some("unheard-of"))), None);
    }

    #[test]
    fn what_was_only_offered_does_not_count() {
        let mut handshake = accepted("/", None);
        handshake.subprotocols = vec!["mqtt".into()];
        assert_eq!(app_protocol(&handshake), None);
        handshake.status = None;
        assert_eq!(app_protocol(&handshake), None);
        handshake.target = Some("/terminals/websocket/1".into());
        assert_eq!(app_protocol(&handshake), None);
        handshake.status = Some(101);
        assert_eq!(app_protocol(&handshake), Some(AppProtocol::Terminado));
    }

    #[test]
    fn a_lost_response_leaves_what_it_cannot_change() {
        let mut handshake = accepted("/api/kernels/f4d1/channels", None);
        handshake.status = None;
        assert_eq!(app_protocol(&handshake), Some(AppProtocol::Jupyter));
        handshake.subprotocols = vec!["v1.kernel.websocket.jupyter.org".into()];
        assert_eq!(app_protocol(&handshake), Some(AppProtocol::Jupyter));
        handshake.subprotocols.push("v2.kernel.websocket.jupyter.org".into());
        assert_eq!(app_protocol(&handshake), None);
    }

    #[test]
    fn a_lost_request_leaves_what_was_chosen() {
        let handshake = Handshake { target: None, ..accepted("", Some("mqtt")) };
        assert_eq!(app_protocol(&handshake), Some(AppProtocol::Mqtt));
        let handshake = Handshake { target: None, ..accepted("", None) };
        assert_eq!(app_protocol(&handshake), None);
    }

    #[test]
    fn a_refused_upgrade_has_none() {
        let mut handshake = accepted("/terminals/websocket/1", Some("mqtt"));
        for status in [200, 400, 403] {
            handshake.status = Some(status);
            assert_eq!(app_protocol(&handshake), None, "{status}");
            handshake.subprotocol = None;
        }
    }

    proptest! {
        #[test]
        fn any_target_is_taken(target in any::<String>(), odd in "([a-z.]{0,3}|[/?&=:é]|://){0,20}") {
            for target in [target, odd] {
                let (path, query) = path_and_query(&target);
                prop_assert!(target.ends_with(query) && target.contains(path));
                prop_assert_eq!(asked(&target).is_some(), of_target(&target).is_some());
            }
        }
    }
}

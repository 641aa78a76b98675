//! Which protocol messages carry, as far as they show it themselves.

use super::carried::Carried;
use super::data::Data;
use super::{
    cdp, engine_io, graphql, json_rpc, jupyter, mqtt, ocpp, phoenix, signalr, socket_io, sockjs,
    stomp, wamp,
};
use crate::types::AppProtocol;

/// Whether a message is of a protocol.
type Sign = fn(&Data<'_>) -> bool;

/// The sign of each protocol that has one which others do not have.
const SIGNS: &[(Sign, AppProtocol)] = &[
    (json_rpc::is_shown_by, AppProtocol::JsonRpc),
    (cdp::is_shown_by, AppProtocol::Cdp),
    (graphql::is_shown_by, AppProtocol::GraphqlTransportWs),
    (graphql::is_older_shown_by, AppProtocol::GraphqlWs),
    (signalr::is_shown_by, AppProtocol::SignalR),
    (stomp::is_shown_by, AppProtocol::Stomp),
    (jupyter::is_shown_by, AppProtocol::Jupyter),
    (mqtt::is_shown_by, AppProtocol::Mqtt),
    (ocpp::is_shown_by, AppProtocol::Ocpp),
    (phoenix::is_shown_by, AppProtocol::Phoenix),
    (wamp::is_shown_by, AppProtocol::Wamp),
    (socket_io::is_shown_alone_by, AppProtocol::SocketIo),
    (engine_io::is_shown_by, AppProtocol::EngineIo),
    (sockjs::is_shown_by, AppProtocol::SockJs),
];

/// What a message shows beyond doubt.
pub(super) fn sniff(data: &Data<'_>) -> Option<Carried> {
    let (_, protocol) = SIGNS.iter().find(|(is_shown_by, _)| is_shown_by(data))?;
    Some(Carried::from(*protocol))
}

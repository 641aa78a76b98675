//! Which protocol messages carry, as far as they show it themselves.

use super::carried::Carried;
use super::data::Data;
use super::{json_rpc, jupyter, ocpp, phoenix};
use crate::types::AppProtocol;

/// What a message shows beyond doubt: each protocol has a sign that others do not
/// have.
pub(super) fn sniff(data: &Data<'_>) -> Option<Carried> {
    let signs: &[(fn(&Data<'_>) -> bool, AppProtocol)] = &[
        (json_rpc::is_shown_by, AppProtocol::JsonRpc),
        (jupyter::is_shown_by, AppProtocol::Jupyter),
        (phoenix::is_shown_by, AppProtocol::Phoenix),
        (ocpp::is_shown_by, AppProtocol::Ocpp),
    ];
    let (_, protocol) = signs.iter().find(|(is_shown_by, _)| is_shown_by(data))?;
    Some(Carried::from(*protocol))
}

//! OCPP-J, of charging stations (OCPP 1.6-J §4 and OCPP 2.1 part 4, "RPC framework").

use super::data::Data;
use super::requests::Then;
use super::story::Telling;
use super::value::Value;
use super::{Decoder, Malformed};

/// Arrays that begin with the number of what they are, and the id that a call and
/// what answers it have in common. Either side may call.
pub(super) struct Ocpp;

/// The call with which a station only shows that it is there.
const HEARTBEAT: &str = "Heartbeat";

/// Actions of all versions that are about stations alone. Others, as `Reset`, may be
/// those of anything that has numbered calls.
const OWN_ACTIONS: &[&str] = &[
    "BootNotification",
    HEARTBEAT,
    "StatusNotification",
    "Authorize",
    "MeterValues",
    "CancelReservation",
    "ChangeAvailability",
    "ClearChargingProfile",
    "ClearedChargingLimit",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "GetChargingProfiles",
    "GetCompositeSchedule",
    "GetLocalListVersion",
    "NotifyChargingLimit",
    "NotifyEVChargingNeeds",
    "NotifyEVChargingSchedule",
    "RemoteStartTransaction",
    "RemoteStopTransaction",
    "ReportChargingProfiles",
    "RequestStartTransaction",
    "RequestStopTransaction",
    "ReservationStatusUpdate",
    "ReserveNow",
    "SecurityEventNotification",
    "SendLocalList",
    "SetChargingProfile",
    "StartTransaction",
    "StopTransaction",
    "TransactionEvent",
    "UnlockConnector",
];

/// Whether a message is of this protocol: a call of an action that only stations
/// have.
pub(super) fn is_shown_by(data: &Data<'_>) -> bool {
    let Some(([Some(number), Some(id), Some(action), Some(payload)], 4)) =
        data.json().and_then(Value::elements)
    else {
        return false;
    };
    number.text() == "2"
        && id.is_string()
        && payload.is_object()
        && action.string().is_some_and(|action| OWN_ACTIONS.contains(&&*action))
}

impl Decoder for Ocpp {
    fn read(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        let ([number, id, third, fourth, fifth], _) =
            data.needs_json()?.elements().ok_or_else(|| Malformed::new("It is not an array."))?;
        let kind = number
            .and_then(kind)
            .ok_or_else(|| Malformed::new("Its first element is no number of a message type."))?;
        telling.packet(kind).facts().json_if("id", id);
        let key = id.map(Value::plain).unwrap_or_default();
        match kind {
            "CALL" | "SEND" => {
                let action = third.and_then(Value::string).ok_or_else(|| {
                    Malformed::new("Its third element, the action, is not a string.")
                })?;
                telling.facts().text("action", &action);
                if kind == "CALL" {
                    telling.asks(key.as_bytes(), &action);
                }
                if action == HEARTBEAT {
                    telling.heartbeat();
                }
                telling.say(&action);
                say_payload(fourth, telling);
            }
            "CALLRESULT" => {
                telling.answers(key.as_bytes(), Then::Done);
                if telling.reply_kind() == HEARTBEAT {
                    telling.heartbeat();
                }
                say_payload(third, telling);
            }
            _ => {
                telling.facts().json_if("code", third).json_if("description", fourth);
                // The other one is about a result, which is not waited for.
                if kind == "CALLERROR" {
                    telling.answers(key.as_bytes(), Then::Done);
                }
                let [code, description] =
                    [third, fourth].map(|one| one.map(Value::plain).unwrap_or_default());
                telling.say(&code);
                if !description.is_empty() {
                    telling.say(": ").say(&description);
                }
                telling.body_if(fifth);
            }
        }
        Ok(())
    }
}

fn kind(number: Value<'_>) -> Option<&'static str> {
    Some(match number.number()? {
        2 => "CALL",
        3 => "CALLRESULT",
        4 => "CALLERROR",
        5 => "CALLRESULTERROR",
        6 => "SEND",
        _ => return None,
    })
}

fn say_payload(payload: Option<Value<'_>>, telling: &mut Telling<'_>) {
    if let Some(payload) = payload.filter(|payload| payload.text() != "{}") {
        telling.say(" ").say(payload.text());
    }
    telling.body_if(payload);
}

#[cfg(test)]
mod tests {
    use super::super::tests::Talk;
    use crate::types::{AppProtocol, Side};

    fn told(talk: &mut Talk, from: Side, message: &str) -> String {
        let told = talk.text(from, message);
        told.strip_prefix(r#"{"protocol":"ocpp","#).unwrap().strip_suffix('}').unwrap().to_owned()
    }

    /// The examples of OCPP 1.6-J §4.2.
    #[test]
    fn a_call_and_its_result() {
        let mut talk = Talk::new(AppProtocol::Ocpp);
        let call = r#"[2,"19223201","BootNotification",{"chargePointVendor": "VendorX"}]"#;
        assert_eq!(
            told(&mut talk, Side::Client, call),
            r#""type":"CALL","id":"19223201","action":"BootNotification""#
        );
        assert_eq!(talk.summary(), r#"BootNotification {"chargePointVendor": "VendorX"}"#);
        assert_eq!(talk.body(), Some(r#"{"chargePointVendor": "VendorX"}"#));
        let result = r#"[3,"19223201",{"status":"Accepted"}]"#;
        assert_eq!(
            told(&mut talk, Side::Server, result),
            r#""type":"CALLRESULT","id":"19223201","reply_to":1,"reply_to_type":"BootNotification","latency":0.001000000"#
        );
        assert_eq!(talk.body(), Some(r#"{"status":"Accepted"}"#));
        assert!(!told(&mut talk, Side::Server, result).contains("reply_to"), "answered");
    }

    #[test]
    fn servers_call_too_and_errors_answer() {
        let mut talk = Talk::new(AppProtocol::Ocpp);
        told(&mut talk, Side::Server, r#"[2,"a","Reset",{"type":"Soft"}]"#);
        assert!(!told(&mut talk, Side::Server, r#"[3,"a",{}]"#).contains("reply_to"), "its own");
        assert_eq!(
            told(&mut talk, Side::Client, r#"[4,"a","NotSupported","No.",{"b":1}]"#),
            r#""type":"CALLERROR","id":"a","code":"NotSupported","description":"No.","reply_to":1,"reply_to_type":"Reset","latency":0.002000000"#
        );
        assert_eq!((talk.summary(), talk.body()), ("NotSupported: No.", Some(r#"{"b":1}"#)));
    }

    #[test]
    fn what_version_2_1_added() {
        let mut talk = Talk::new(AppProtocol::Ocpp);
        for (message, facts, summary) in [
            (
                r#"[5,"a","FormatViolation","",{}]"#,
                r#""type":"CALLRESULTERROR","id":"a","code":"FormatViolation","description":"""#,
                "FormatViolation",
            ),
            (
                r#"[6,"b","NotifyPeriodicEventStream",{}]"#,
                r#""type":"SEND","id":"b","action":"NotifyPeriodicEventStream""#,
                "NotifyPeriodicEventStream",
            ),
        ] {
            assert_eq!(told(&mut talk, Side::Client, message), facts);
            assert_eq!(talk.summary(), summary);
        }
    }

    #[test]
    fn heartbeats() {
        let mut talk = Talk::new(AppProtocol::Ocpp);
        let call = told(&mut talk, Side::Client, r#"[2,"a","Heartbeat",{}]"#);
        assert!(call.ends_with(r#""heartbeat":true"#), "{call}");
        let result =
            told(&mut talk, Side::Server, r#"[3,"a",{"currentTime":"2026-11-27T18:00:00Z"}]"#);
        assert!(result.contains(r#""heartbeat":true,"reply_to":1"#), "{result}");
        let other = told(&mut talk, Side::Server, r#"[3,"b",{}]"#);
        assert!(!other.contains("heartbeat"), "{other}");
    }

    #[test]
    fn what_cannot_be_read() {
        let mut talk = Talk::new(AppProtocol::Ocpp);
        for (message, facts) in [
            ("x", r#""malformed":"It is not JSON.""#),
            ("{}", r#""malformed":"It is not an array.""#),
            ("[]", r#""malformed":"Its first element is no number of a message type.""#),
            ("[7]", r#""malformed":"Its first element is no number of a message type.""#),
            (r#"["2"]"#, r#""malformed":"Its first element is no number of a message type.""#),
            (
                r#"[2,"a",{}]"#,
                r#""type":"CALL","id":"a","malformed":"Its third element, the action, is not a string.""#,
            ),
            ("[3]", r#""type":"CALLRESULT""#),
            ("[4]", r#""type":"CALLERROR""#),
        ] {
            assert_eq!(told(&mut talk, Side::Client, message), facts);
        }
    }

    #[test]
    fn it_shows_itself() {
        for shows in [
            r#"[2, "1", "BootNotification", {"reason": "PowerUp"}]"#,
            r#"[2,"1","RemoteStartTransaction",{"idTag":"a"}]"#,
            r#"[2,"1","TransactionEvent",{}]"#,
        ] {
            assert!(Talk::unknown().text(Side::Client, shows).contains("ocpp"), "{shows}");
        }
        for other in [
            r#"[2,"1","Boot",{}]"#,
            r#"[2,"1","Reset",{}]"#,
            r#"[2,"1","Heartbeat",[]]"#,
            r#"[2,1,"Heartbeat",{}]"#,
            r#"[3,"1","Heartbeat",{}]"#,
            r#"[2,"1","Heartbeat",{},1]"#,
            r#"[2,"1","Heartbeat"]"#,
        ] {
            assert_eq!(Talk::unknown().text(Side::Client, other), "", "{other}");
        }
    }
}

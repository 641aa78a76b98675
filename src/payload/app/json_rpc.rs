//! JSON-RPC 2.0 (the specification at jsonrpc.org).

use super::data::Data;
use super::requests::Then;
use super::story::Telling;
use super::value::Value;
use super::{Decoder, Malformed};

/// Requests, notifications and responses, alone or in batches (§4 to §6). Either
/// side may ask.
#[derive(Default)]
pub(super) struct JsonRpc;

/// Whether a message is of this protocol: its objects say so, and ask or answer.
pub(super) fn is_shown_by(data: &Data<'_>) -> bool {
    let is_object = |value: Value<'_>| {
        let members = value.members(["jsonrpc", "method", "id", "result", "error"]);
        let Some([Some(version), method, id, result, error]) = members else {
            return false;
        };
        let asks = method.is_some_and(Value::is_string);
        let answers = id.is_some() && (result.is_some() || error.is_some());
        version.text() == "\"2.0\"" && (asks || answers)
    };
    data.json().is_some_and(|json| match json.elements::<1>() {
        Some(([Some(first)], _)) => is_object(first),
        _ => is_object(json),
    })
}

impl Decoder for JsonRpc {
    fn read(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        let json = data.needs_json()?;
        if json.is_object() {
            return object(json, telling);
        }
        let mut result = Ok(());
        json.each_element(|element| {
            if result.is_ok() {
                result = object(element, telling);
            }
        })
        .ok_or_else(|| Malformed::new("It is neither an object nor an array."))?;
        result
    }
}

/// One object, alone or of a batch.
fn object(json: Value<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
    let [method, id, params, result, error] = json
        .members(["method", "id", "params", "result", "error"])
        .ok_or_else(|| Malformed::new("An element of the batch is not an object."))?;
    // Of a response without an error some say so.
    let error = error.filter(|error| !error.is_null());
    let key = id.map(|id| id.text().as_bytes());
    match (method.and_then(Value::string), key, error) {
        (Some(method), key, _) => {
            telling.packet(if key.is_some() { "request" } else { "notification" });
            telling.facts().text("method", &method).json_if("id", id);
            telling.say(&method).body_if(params);
            if let Some(key) = key.filter(|key| is_own(key)) {
                telling.asks(key, &method);
            }
        }
        (None, key, Some(error)) => {
            let [code, message] = error.members(["code", "message"]).unwrap_or_default();
            telling.packet("error");
            telling.facts().json_if("id", id).json_if("code", code).json_if("message", message);
            telling.say(&code.map(Value::plain).unwrap_or_default()).say(" ");
            telling
                .say(&message.map(Value::plain).unwrap_or_default())
                .body(error.text().as_bytes());
            answers(key, telling);
        }
        (None, key, None) if result.is_some() => {
            telling.packet("response");
            telling.facts().json_if("id", id);
            telling.body_if(result);
            answers(key, telling);
        }
        (None, _, None) => {
            return Err(Malformed::new("It has neither a method nor a result nor an error."));
        }
    }
    Ok(())
}

fn answers(key: Option<&[u8]>, telling: &mut Telling<'_>) {
    if let Some(key) = key.filter(|key| is_own(key)) {
        telling.answers(key, Then::Done);
    }
}

/// An error has the id `null` where that of its request could not be read (§5).
fn is_own(key: &[u8]) -> bool {
    key != b"null"
}

#[cfg(test)]
mod tests {
    use super::super::tests::Talk;
    use crate::types::{AppProtocol, Side};

    #[test]
    fn a_request_and_its_answer() {
        let mut talk = Talk::new(AppProtocol::JsonRpc);
        assert_eq!(
            talk.text(Side::Client, r#"{"jsonrpc":"2.0","method":"add","params":[1,2],"id":"a"}"#),
            r#"{"protocol":"jsonrpc","type":"request","method":"add","id":"a"}"#
        );
        assert_eq!(
            talk.text(Side::Server, r#"{"jsonrpc":"2.0","result":3,"id":"a"}"#),
            r#"{"protocol":"jsonrpc","type":"response","id":"a","reply_to":1,"reply_to_type":"add","latency":0.001000000}"#
        );
        assert_eq!(talk.summary(), "");
    }

    #[test]
    fn an_error_that_is_null_is_none() {
        let mut talk = Talk::new(AppProtocol::JsonRpc);
        assert_eq!(
            talk.text(Side::Server, r#"{"jsonrpc":"2.0","result":3,"error":null,"id":1}"#),
            r#"{"protocol":"jsonrpc","type":"response","id":1}"#
        );
    }

    #[test]
    fn the_id_null_is_nobodys() {
        let mut talk = Talk::new(AppProtocol::JsonRpc);
        talk.text(Side::Client, r#"{"jsonrpc":"2.0","method":"log","id":null}"#);
        let error = r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"?"},"id":null}"#;
        assert!(!talk.text(Side::Server, error).contains("reply_to"));
    }

    #[test]
    fn requests_and_answers_show_it() {
        for text in [
            r#"{"jsonrpc":"2.0","method":"a"}"#,
            r#"{"jsonrpc":"2.0","result":null,"id":1}"#,
            r#"{"jsonrpc":"2.0","error":{"code":1,"message":""},"id":null}"#,
            r#"[{"jsonrpc":"2.0","method":"a"}]"#,
        ] {
            assert!(Talk::unknown().text(Side::Server, text).contains("jsonrpc"), "{text}");
        }
        for other in [
            r#"{"jsonrpc":"2.0"}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","result":1}"#,
            r#"{"jsonrpc":"2.0","method":1}"#,
            r#"{"jsonrpc":"1.0","method":"a"}"#,
            r#"{"jsonrpc":2.0,"method":"a"}"#,
            r#"{"method":"a","id":1}"#,
            "[]",
        ] {
            assert_eq!(Talk::unknown().text(Side::Server, other), "", "{other}");
        }
    }

    #[test]
    fn what_is_neither() {
        let mut talk = Talk::new(AppProtocol::JsonRpc);
        assert_eq!(
            talk.text(Side::Client, "[{\"method\":\"a\"},7]"),
            r#"{"protocol":"jsonrpc","type":"notification","method":"a","malformed":"An element of the batch is not an object."}"#
        );
    }
}

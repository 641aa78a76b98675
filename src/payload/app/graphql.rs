//! GraphQL in both its subprotocols: `graphql-transport-ws` (enisdenjo/graphql-ws,
//! PROTOCOL.md) and the older `graphql-ws` (subscriptions-transport-ws, PROTOCOL.md).

use super::data::Data;
use super::graphql_operation::{Operation, is_document, operation};
use super::requests::Then;
use super::story::Telling;
use super::value::Value;
use super::{Decoder, Malformed};
use crate::types::Side;

/// Members that messages have. There is nothing to show of one that has only the
/// first two.
const MEMBERS: [&str; 3] = ["id", "type", "payload"];

/// Operations and their results.
#[derive(Default)]
pub(super) struct Graphql {
    /// Times that something was missing. Pings have no id, so that what follows must
    /// not be taken for the answer to one before.
    gaps: u64,
}

/// Whether a message is of `graphql-transport-ws`: it asks for an operation.
pub(super) fn is_shown_by(data: &Data<'_>) -> bool {
    asks_with("subscribe", data)
}

/// Whether a message is of the older `graphql-ws`.
pub(super) fn is_older_shown_by(data: &Data<'_>) -> bool {
    asks_with("start", data)
}

fn asks_with(word: &str, data: &Data<'_>) -> bool {
    let members = data.json().and_then(|json| json.members(["id", "type", "payload"]));
    let Some([Some(_), Some(kind), Some(payload)]) = members else {
        return false;
    };
    let query = payload.members(["query"]).and_then(|[query]| query?.string());
    kind.string().is_some_and(|kind| kind == word) && query.is_some_and(|query| is_document(&query))
}

impl Decoder for Graphql {
    fn read(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        let json = data.needs_json()?;
        let members = json.members(MEMBERS);
        let [id, kind, payload] = members.ok_or_else(|| Malformed::new("It is not an object."))?;
        let kind = kind.and_then(Value::string);
        let kind = kind.ok_or_else(|| Malformed::new("It has no type."))?;
        telling.packet(&kind);
        telling.facts().json_if("id", id);
        match payload {
            Some(payload) => telling.body(payload.text().as_bytes()),
            None if has_no_others(json) => telling.body(b""),
            None => telling,
        };
        let key = id.map(|id| format!("id {}", id.plain()));
        match (&*kind, key, payload) {
            ("subscribe" | "start", key, Some(payload)) => asks(&kind, key, payload, telling),
            ("next" | "data", Some(key), payload) => {
                results(payload, telling);
                telling.answers(key.as_bytes(), Then::Wait);
            }
            ("error", Some(key), payload) => {
                errors(payload, telling);
                telling.answers(key.as_bytes(), Then::Done);
            }
            ("complete", Some(key), _) => {
                telling.answers(key.as_bytes(), Then::Done);
                let asked = telling.reply_kind().to_owned();
                telling.say(&asked).say(if asked.is_empty() { "" } else { " " });
            }
            ("connection_init" | "connection_ack" | "connection_error", ..) => {
                connects(&kind, payload, telling);
            }
            ("ping" | "pong", ..) => self.heartbeat(&kind, data.from, telling),
            ("ka", ..) => {
                telling.heartbeat();
            }
            _ => {}
        }
        // They have little else to say.
        if let ("complete" | "stop" | "ping" | "pong", Some(id)) = (&*kind, id) {
            telling.say(&id.plain());
        }
        Ok(())
    }

    fn gap(&mut self, _: Side) {
        self.gaps += 1;
    }
}

impl Graphql {
    /// Either side may ping.
    fn heartbeat(&self, kind: &str, from: Side, telling: &mut Telling<'_>) {
        telling.heartbeat();
        let asker = if kind == "ping" { from } else { from.opposite() };
        let key = format!("ping {asker} {}", self.gaps);
        if kind == "ping" {
            telling.asks(key.as_bytes(), kind);
        } else {
            telling.answers(key.as_bytes(), Then::Done);
        }
    }
}

fn has_no_others(json: Value<'_>) -> bool {
    let mut has_others = false;
    json.each_member(|name, _| has_others |= !MEMBERS.contains(&name));
    !has_others
}

/// One connects once, before all else.
fn connects(kind: &str, payload: Option<Value<'_>>, telling: &mut Telling<'_>) {
    if kind == "connection_init" {
        telling.asks(b"connection", kind);
        return;
    }
    if kind == "connection_error"
        && let Some(message) = payload.and_then(message)
    {
        telling.say(&message.plain());
    }
    telling.answers(b"connection", Then::Done);
}

/// An operation, by what its document calls it.
fn asks(kind: &str, key: Option<String>, payload: Value<'_>, telling: &mut Telling<'_>) {
    let [query, name, variables] =
        payload.members(["query", "operationName", "variables"]).unwrap_or_default();
    let query = query.and_then(Value::string).unwrap_or_default();
    let name = name.and_then(Value::string);
    let operation = operation(&query, name.as_deref());
    let head = operation.as_ref().map(Operation::head);
    if let Some(name) = &name {
        telling.facts().text("operationName", name);
    }
    if let Some(head) = &head {
        telling.facts().text("operation", head);
    }
    let has_name = operation.is_some_and(|operation| operation.name.is_some());
    match (&head, &name) {
        (Some(head), _) if has_name => {
            telling.say(head);
        }
        (_, Some(name)) if query.trim().is_empty() => {
            telling.say(name);
        }
        _ if telling.has_words() => say_on_one_line(&query, telling),
        _ => {}
    }
    if let Some(variables) =
        variables.filter(|variables| !matches!(variables.text(), "null" | "{}"))
    {
        telling.say(" ").say(variables.text());
    }
    if let Some(key) = key {
        let asked = head.as_deref().filter(|_| has_name).or(name.as_deref());
        telling.asks(key.as_bytes(), asked.or(head.as_deref()).unwrap_or(kind));
    }
}

/// White space becomes a single space each.
fn say_on_one_line(document: &str, telling: &mut Telling<'_>) {
    for (number, word) in document.split_whitespace().enumerate() {
        telling.say(if number > 0 { " " } else { "" }).say(word);
    }
}

/// A result of execution (GraphQL, "Response Format").
fn results(payload: Option<Value<'_>>, telling: &mut Telling<'_>) {
    if let Some([Some(errors)]) = payload.and_then(|payload| payload.members(["errors"])) {
        self::errors(Some(errors), telling);
    }
}

/// A list of errors, or in the older protocol also one alone.
fn errors(errors: Option<Value<'_>>, telling: &mut Telling<'_>) {
    let list = errors.and_then(Value::elements::<1>);
    let (first, count) = list.map_or((errors, 1), |([first], count)| (first, count));
    telling.facts().number("errors", count);
    if let Some(message) = first.and_then(message) {
        telling.say(&message.plain());
    }
    if count > 1 {
        telling.say(&format!(" and {} more", count - 1));
    }
}

fn message(error: Value<'_>) -> Option<Value<'_>> {
    error.members(["message"]).and_then(|[message]| message)
}

#[cfg(test)]
mod tests {
    use super::super::tests::Talk;
    use super::*;
    use crate::types::AppProtocol;
    use Side::{Client, Server};

    /// What is said beside the protocol.
    fn graphql(told: &str) -> String {
        let told = told.replace(r#""protocol":"graphql-transport-ws","#, "");
        told.replace(r#""protocol":"graphql-ws","#, "")
    }

    #[test]
    fn the_newer_protocol() {
        let mut talk = Talk::new(AppProtocol::GraphqlTransportWs);
        for (from, text, told, said) in [
            (Client, r#"{"type":"connection_init"}"#, r#"{"type":"connection_init"}"#, ""),
            (
                Server,
                r#"{"type":"connection_ack","payload":{"a":1}}"#,
                r#"{"type":"connection_ack","reply_to":1,"reply_to_type":"connection_init","latency":0.001000000}"#,
                "",
            ),
            (
                Client,
                r#"{"id":"a1","type":"subscribe","payload":{"operationName":"Planet","query":"query Planet($n: Int) { planet }","variables":{"n":1}}}"#,
                r#"{"type":"subscribe","id":"a1","operationName":"Planet","operation":"query Planet"}"#,
                r#"query Planet {"n":1}"#,
            ),
            (
                Client,
                r#"{"id":"a2","type":"subscribe","payload":{"query":"\n  {\n    comet {\tid }\n}\n"}}"#,
                r#"{"type":"subscribe","id":"a2","operation":"query"}"#,
                "{ comet { id } }",
            ),
            (
                Server,
                r#"{"id":"a1","type":"next","payload":{"data":{"planet":1}}}"#,
                r#"{"type":"next","id":"a1","reply_to":3,"reply_to_type":"query Planet","latency":0.002000000}"#,
                "",
            ),
            (
                Server,
                r#"{"id":"a1","type":"next","payload":{"data":null,"errors":[{"message":"No."},{}]}}"#,
                r#"{"type":"next","id":"a1","errors":2,"reply_to":3,"reply_to_type":"query Planet","latency":0.003000000}"#,
                "No. and 1 more",
            ),
            (
                Server,
                r#"{"id":"a1","type":"complete"}"#,
                r#"{"type":"complete","id":"a1","reply_to":3,"reply_to_type":"query Planet","latency":0.004000000}"#,
                "query Planet a1",
            ),
            (
                Server,
                r#"{"id":"a2","type":"error","payload":[{"message":"No comet."}]}"#,
                r#"{"type":"error","id":"a2","errors":1,"reply_to":4,"reply_to_type":"query","latency":0.004000000}"#,
                "No comet.",
            ),
            (Server, r#"{"id":"a2","type":"complete"}"#, r#"{"type":"complete","id":"a2"}"#, "a2"),
        ] {
            assert_eq!(graphql(&talk.text(from, text)), told, "{text}");
            assert_eq!(talk.summary(), said, "{text}");
        }
        talk.text(Client, r#"{"type":"ping","payload":{"a":1}}"#);
        assert_eq!(talk.body(), Some(r#"{"a":1}"#));
    }

    #[test]
    fn the_older_protocol() {
        let mut talk = Talk::new(AppProtocol::GraphqlWs);
        for (from, text, told, said) in [
            (Client, r#"{"type":"connection_init"}"#, r#"{"type":"connection_init"}"#, ""),
            (
                Server,
                r#"{"type":"connection_error","payload":{"message":"Who are you?"}}"#,
                r#"{"type":"connection_error","reply_to":1,"reply_to_type":"connection_init","latency":0.001000000}"#,
                "Who are you?",
            ),
            (
                Client,
                r#"{"id":1,"type":"start","payload":{"operationName":null,"query":"subscription { n }"}}"#,
                r#"{"type":"start","id":1,"operation":"subscription"}"#,
                "subscription { n }",
            ),
            (
                Server,
                r#"{"id":1,"type":"data","payload":{"data":{"n":0}}}"#,
                r#"{"type":"data","id":1,"reply_to":3,"reply_to_type":"subscription","latency":0.001000000}"#,
                "",
            ),
            (Client, r#"{"id":1,"type":"stop"}"#, r#"{"type":"stop","id":1}"#, "1"),
            (
                Server,
                r#"{"id":1,"type":"error","payload":{"message":"Gone"}}"#,
                r#"{"type":"error","id":1,"errors":1,"reply_to":3,"reply_to_type":"subscription","latency":0.003000000}"#,
                "Gone",
            ),
            (Server, r#"{"type":"ka"}"#, r#"{"type":"ka","heartbeat":true}"#, ""),
            (
                Client,
                r#"{"type":"connection_terminate","payload":null}"#,
                r#"{"type":"connection_terminate"}"#,
                "",
            ),
        ] {
            assert_eq!(graphql(&talk.text(from, text)), told, "{text}");
            assert_eq!(talk.summary(), said, "{text}");
        }
    }

    #[test]
    fn a_document_that_the_server_knows_by_its_name() {
        let mut talk = Talk::new(AppProtocol::GraphqlTransportWs);
        let text = r#"{"id":"1","type":"subscribe","payload":{"operationName":"Known"}}"#;
        assert_eq!(
            graphql(&talk.text(Client, text)),
            r#"{"type":"subscribe","id":"1","operationName":"Known"}"#
        );
        assert_eq!(talk.summary(), "Known");
        let told = talk.text(Server, r#"{"id":"1","type":"complete"}"#);
        assert!(told.contains(r#""reply_to_type":"Known""#), "{told}");
    }

    #[test]
    fn a_message_with_nothing_but_its_type_has_no_body() {
        let mut talk = Talk::new(AppProtocol::GraphqlTransportWs);
        for (text, said, body) in [
            (r#"{"id":"1","type":"complete"}"#, "1", Some("")),
            (r#"{"type":"complete"}"#, "", Some("")),
            (r#"{"type":"connection_ack"}"#, "", Some("")),
            (r#"{"type":"ping"}"#, "", Some("")),
            (r#"{"id":"p","type":"pong","payload":{"a":1}}"#, "p", Some(r#"{"a":1}"#)),
            (r#"{"id":"1","type":"complete","reason":"done"}"#, "1", None),
        ] {
            talk.text(Server, text);
            assert_eq!((talk.summary(), talk.body()), (said, body), "{text}");
        }
    }

    #[test]
    fn a_pong_answers_the_ping_of_the_other_side() {
        let mut talk = Talk::new(AppProtocol::GraphqlTransportWs);
        let (ping, pong) = (r#"{"type":"ping"}"#, r#"{"type":"pong"}"#);
        talk.text(Client, ping);
        assert_eq!(graphql(&talk.text(Client, pong)), r#"{"type":"pong","heartbeat":true}"#);
        assert!(talk.text(Server, pong).contains(r#""reply_to":1"#));
        talk.text(Server, ping);
        talk.gap(Server);
        assert!(!talk.text(Client, pong).contains("reply_to"), "there may be a later one");
    }

    #[test]
    fn operations_show_which_protocol_it_is() {
        let asks = |word: &str, query: &str| {
            format!(r#"{{"id":"1","type":"{word}","payload":{{"query":"{query}"}}}}"#)
        };
        for (text, shows) in [
            (asks("subscribe", "query Q { a }"), "\"graphql-transport-ws\""),
            (asks("start", "{ a }"), "\"graphql-ws\""),
            (asks("subscribe", "cats and dogs"), ""),
            (asks("subscribe", "query planner"), ""),
            (asks("start", r#"{\"match\":1}"#), ""),
            (asks("search", "{ a }"), ""),
            (asks("start", "").replace("query", "topic"), ""),
            (asks("subscribe", "{ a }").replace("id", "ID"), ""),
        ] {
            let told = Talk::unknown().text(Client, &text);
            assert_eq!(told.is_empty(), shows.is_empty(), "{text}");
            assert!(told.contains(shows), "{text}");
        }
    }

    #[test]
    fn what_is_no_message() {
        let mut talk = Talk::new(AppProtocol::GraphqlTransportWs);
        for (text, why) in [
            ("{", "It is not JSON."),
            ("[]", "It is not an object."),
            ("{}", "It has no type."),
            (r#"{"type":1}"#, "It has no type."),
        ] {
            let expected = format!(r#"{{"malformed":"{why}"}}"#);
            assert_eq!(graphql(&talk.text(Client, text)), expected, "{text}");
        }
        // Without what they should have.
        for text in [r#"{"type":"subscribe"}"#, r#"{"type":"next"}"#, r#"{"type":"error"}"#] {
            assert_eq!(graphql(&talk.text(Server, text)), text);
        }
    }
}

//! The Chrome DevTools Protocol (chromedevtools.github.io/devtools-protocol).

use std::collections::VecDeque;

use super::data::Data;
use super::requests::Then;
use super::story::Telling;
use super::value::Value;
use super::{Decoder, Malformed};

/// Of parameters and results only so many are said.
const MOST_SCALARS: usize = 4;

/// Of each of them no more characters are said.
const LONGEST_SCALAR: usize = 60;

/// Scalars are looked for in objects within objects, but no deeper.
const DEEPEST: usize = 3;

/// Commands of whose sessions the decoder knows so many, the latest.
const MOST_IN_SESSIONS: usize = 64;

/// It knows none whose id and session are longer than this together, in bytes.
const LONGEST_IN_SESSION: usize = 256;

/// The domains of the protocol, those that there were and those of Node.js included.
/// Others name methods in the same way.
const DOMAINS: &[&str] = &[
    "Accessibility",
    "Animation",
    "ApplicationCache",
    "Audits",
    "Autofill",
    "BackgroundService",
    "BluetoothEmulation",
    "Browser",
    "CSS",
    "CacheStorage",
    "Cast",
    "Console",
    "CrashReportContext",
    "DOM",
    "DOMDebugger",
    "DOMSnapshot",
    "DOMStorage",
    "Database",
    "Debugger",
    "DeviceAccess",
    "DeviceOrientation",
    "Emulation",
    "EventBreakpoints",
    "Extensions",
    "FedCm",
    "Fetch",
    "FileSystem",
    "HeadlessExperimental",
    "HeapProfiler",
    "IO",
    "IndexedDB",
    "Input",
    "Inspector",
    "LayerTree",
    "Log",
    "Media",
    "Memory",
    "Network",
    "NodeRuntime",
    "NodeTracing",
    "NodeWorker",
    "Overlay",
    "PWA",
    "Page",
    "Performance",
    "PerformanceTimeline",
    "Preload",
    "Profiler",
    "Runtime",
    "Schema",
    "Security",
    "ServiceWorker",
    "SmartCardEmulation",
    "Storage",
    "SystemInfo",
    "Target",
    "Tethering",
    "Tracing",
    "WebAudio",
    "WebAuthn",
];

/// The error of a command whose session there is not. It is told outside of it.
const NO_SUCH_SESSION: &str = "-32001";

/// Commands of the client, results and events.
#[derive(Default)]
pub(super) struct Cdp {
    /// Id and session of the latest commands that have one.
    in_sessions: VecDeque<(Box<str>, Box<str>)>,
}

/// Whether a message is of this protocol: it names a method as only this one does,
/// and has no member that this one does not have.
pub(super) fn is_shown_by(data: &Data<'_>) -> bool {
    let Some(json) = data.json().filter(|json| json.is_object()) else {
        return false;
    };
    let mut has_others = false;
    let known = ["id", "method", "params", "sessionId"];
    let _ = json.each_member(|name, _| has_others |= !known.contains(&name));
    let [id, method, params, _] = json.members(known).unwrap_or_default();
    let is_command = id.is_some_and(|id| id.number().is_some());
    let is_event = id.is_none() && params.is_some_and(Value::is_object);
    let method = method.and_then(Value::string);
    !has_others && (is_command || is_event) && method.is_some_and(|method| is_method(&method))
}

/// A domain and a name within it, which is not capitalised.
fn is_method(method: &str) -> bool {
    method.split_once('.').is_some_and(|(domain, name)| {
        DOMAINS.contains(&domain)
            && name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

impl Decoder for Cdp {
    fn read(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        let names = ["method", "id", "sessionId", "params", "result", "error"];
        let members = data.needs_json()?.members(names);
        let [method, id, session, params, result, error] =
            members.ok_or_else(|| Malformed::new("It is not an object."))?;
        let error = error.filter(|error| !error.is_null());
        // Each session counts its own.
        let session_id = session.map(Value::plain).unwrap_or_default();
        let key = id.map(|id| match session {
            None if error.is_some_and(is_no_such_session) => self.key_in_session(id),
            _ => key(&session_id, id),
        });
        match (method.and_then(Value::string), key) {
            (Some(method), key) => {
                telling.packet(if key.is_some() { "command" } else { "event" });
                telling.facts().text("method", &method);
                telling.facts().json_if("id", id).json_if("sessionId", session);
                telling.say(&method).body_if(params);
                if let Some(params) = params {
                    say_scalars(params, true, telling);
                }
                if let Some(key) = key {
                    telling.asks(key.as_bytes(), &method);
                }
                if let (Some(id), Some(_)) = (id, session) {
                    self.remember(id, &session_id);
                }
            }
            (None, Some(key)) if result.is_some() || error.is_some() => {
                telling.packet(if error.is_some() { "error" } else { "result" });
                telling.facts().json_if("id", id).json_if("sessionId", session);
                match (result, error) {
                    (_, Some(error)) => self::error(error, telling),
                    (Some(result), None) => say_scalars(result, false, telling),
                    (None, None) => {}
                }
                telling.body_if(error.or(result)).answers(key.as_bytes(), Then::Done);
            }
            // What could not be read as a command is answered without an id.
            (None, None) if error.is_some() => {
                telling.packet("error").body_if(error);
                error.into_iter().for_each(|error| self::error(error, telling));
            }
            _ => return Err(Malformed::new("It has neither a method nor a result nor an error.")),
        }
        Ok(())
    }

    fn cost(&self) -> usize {
        let texts = self.in_sessions.iter().map(|(id, session)| id.len() + session.len());
        let entries = self.in_sessions.capacity() * size_of::<(Box<str>, Box<str>)>();
        size_of::<Self>() + entries + texts.sum::<usize>()
    }

    fn shed(&mut self) {
        self.in_sessions = VecDeque::new();
    }
}

impl Cdp {
    fn remember(&mut self, id: Value<'_>, session_id: &str) {
        if id.text().len() + session_id.len() > LONGEST_IN_SESSION {
            return;
        }
        if self.in_sessions.len() >= MOST_IN_SESSIONS {
            self.in_sessions.pop_front();
        }
        self.in_sessions.push_back((id.text().into(), session_id.into()));
    }

    /// What the latest command of this id in any session is answered with.
    fn key_in_session(&self, id: Value<'_>) -> String {
        let mut commands = self.in_sessions.iter().rev();
        let session_id = commands.find(|(asked, _)| **asked == *id.text());
        key(session_id.map_or("", |(_, session_id)| session_id), id)
    }
}

fn key(session_id: &str, id: Value<'_>) -> String {
    format!("{session_id},{}", id.text())
}

fn is_no_such_session(error: Value<'_>) -> bool {
    let code = error.members(["code"]).and_then(|[code]| code);
    code.is_some_and(|code| code.text() == NO_SUCH_SESSION)
}

fn error(error: Value<'_>, telling: &mut Telling<'_>) {
    let [code, message] = error.members(["code", "message"]).unwrap_or_default();
    telling.facts().json_if("code", code).json_if("message", message);
    let words = [code, message].into_iter().flatten().map(Value::plain);
    telling.say(&words.collect::<Vec<_>>().join(" "));
}

/// Says the first scalars of an object, in few words.
fn say_scalars(object: Value<'_>, follows: bool, telling: &mut Telling<'_>) {
    let mut scalars = Vec::new();
    find_scalars(object, DEEPEST, &mut scalars);
    let scalars = scalars.join(", ");
    if follows && !scalars.is_empty() {
        telling.say(" ");
    }
    telling.say(&scalars);
}

fn find_scalars(object: Value<'_>, deepest: usize, found: &mut Vec<String>) {
    let _ = object.each_member(|name, value| {
        if found.len() >= MOST_SCALARS || value.is_array() {
            return;
        }
        if !value.is_object() {
            found.push(format!("{}: {}", shortened(name), shortened(&value.plain())));
        } else if deepest > 1 {
            find_scalars(value, deepest - 1, found);
        }
    });
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_SCALAR) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Talk;
    use crate::types::AppProtocol;
    use crate::types::Side::{Client, Server};

    /// What is said beside the protocol.
    fn cdp(told: &str) -> String {
        told.replace(r#""protocol":"cdp","#, "")
    }

    #[test]
    fn commands_results_and_events() {
        let mut talk = Talk::new(AppProtocol::Cdp);
        for (from, text, told, said) in [
            (
                Client,
                r#"{"id":1,"method":"Page.enable"}"#,
                r#"{"type":"command","method":"Page.enable","id":1}"#,
                "Page.enable",
            ),
            (
                Client,
                r#"{"id":1,"method":"Page.navigate","params":{"url":"https://example.com/","x":[1],"y":{"z":true}},"sessionId":"5F"}"#,
                r#"{"type":"command","method":"Page.navigate","id":1,"sessionId":"5F"}"#,
                "Page.navigate url: https://example.com/, z: true",
            ),
            (
                Server,
                r#"{"id":1,"result":{}}"#,
                r#"{"type":"result","id":1,"reply_to":1,"reply_to_type":"Page.enable","latency":0.002000000}"#,
                "",
            ),
            (
                Server,
                r#"{"id":1,"result":{"frameId":"A7"},"sessionId":"5F"}"#,
                r#"{"type":"result","id":1,"sessionId":"5F","reply_to":2,"reply_to_type":"Page.navigate","latency":0.002000000}"#,
                "frameId: A7",
            ),
            (
                Server,
                r#"{"method":"Runtime.consoleAPICalled","params":{"type":"log","args":[{}]},"sessionId":"5F"}"#,
                r#"{"type":"event","method":"Runtime.consoleAPICalled","sessionId":"5F"}"#,
                "Runtime.consoleAPICalled type: log",
            ),
            (
                Client,
                r#"{"id":2,"method":"Runtime.evaluate","params":{"expression":"1"}}"#,
                r#"{"type":"command","method":"Runtime.evaluate","id":2}"#,
                "Runtime.evaluate expression: 1",
            ),
            (
                Server,
                r#"{"id":2,"result":{"result":{"type":"number","value":1,"description":"1"}}}"#,
                r#"{"type":"result","id":2,"reply_to":6,"reply_to_type":"Runtime.evaluate","latency":0.001000000}"#,
                "type: number, value: 1, description: 1",
            ),
            (
                Server,
                r#"{"id":9,"error":{"code":-32601,"message":"'X.y' wasn't found"}}"#,
                r#"{"type":"error","id":9,"code":-32601,"message":"'X.y' wasn't found"}"#,
                "-32601 'X.y' wasn't found",
            ),
            (
                Server,
                r#"{"error":{"code":-32700,"message":"JSON: …"}}"#,
                r#"{"type":"error","code":-32700,"message":"JSON: …"}"#,
                "-32700 JSON: …",
            ),
        ] {
            assert_eq!(cdp(&talk.text(from, text)), told, "{text}");
            assert_eq!(talk.summary(), said, "{text}");
        }
        assert_eq!(talk.body(), Some(r#"{"code":-32700,"message":"JSON: …"}"#));
    }

    #[test]
    fn a_session_that_there_is_not() {
        let mut talk = Talk::new(AppProtocol::Cdp);
        for session in ["", r#","sessionId":"A""#, r#","sessionId":"B""#] {
            talk.text(Client, &format!(r#"{{"id":14,"method":"X.y"{session}}}"#));
        }
        let error =
            r#"{"error":{"code":-32001,"message":"Session with given id not found."},"id":14}"#;
        assert!(talk.text(Server, error).contains(r#""reply_to":3"#));
        let other = r#"{"error":{"code":-32000,"message":"no"},"id":14}"#;
        assert!(talk.text(Server, other).contains(r#""reply_to":1"#));
        // What is remembered is bounded.
        let cost = talk.cost();
        for id in 0..1000 {
            let text = format!(r#"{{"id":{id},"method":"X.y","sessionId":"C"}}"#);
            talk.text(Client, &text);
            talk.text(Server, &text.replace(r#""method":"X.y""#, r#""result":1"#));
        }
        assert!(talk.cost() < cost + 10_000);
        assert!(!talk.text(Server, error).contains("reply_to"));
    }

    #[test]
    fn an_error_that_is_null_is_none() {
        let mut talk = Talk::new(AppProtocol::Cdp);
        assert_eq!(
            cdp(&talk.text(Server, r#"{"id":1,"result":{},"error":null}"#)),
            r#"{"type":"result","id":1}"#
        );
    }

    #[test]
    fn few_words() {
        let mut talk = Talk::new(AppProtocol::Cdp);
        let long = "é".repeat(100);
        let deep = r#"{"a":{"b":{"c":1},"d":2}}"#;
        let text = format!(
            r#"{{"method":"A.b","params":{{"x":{deep},"{long}":"{long}","e":1,"f":2,"g":3}}}}"#
        );
        talk.text(Server, &text);
        let short = "é".repeat(60);
        let expected = format!("A.b d: 2, {short}…: {short}…, e: 1, f: 2");
        assert_eq!(talk.summary(), expected);
    }

    #[test]
    fn methods_show_it() {
        for (text, shows) in [
            (r#"{"id":1,"method":"Page.enable"}"#, true),
            (r#"{"id":1,"method":"DOM.getDocument","params":{},"sessionId":"A"}"#, true),
            (r#"{"method":"Network.requestWillBeSent","params":{"requestId":"1"}}"#, true),
            (r#"{"method":"Network.requestWillBeSent"}"#, false),
            (r#"{"id":"1","method":"Page.enable"}"#, false),
            (r#"{"id":1,"method":"session.new","params":{}}"#, false),
            (r#"{"id":1,"method":"Page.Enable"}"#, false),
            (r#"{"id":1,"method":"Page.enable.x"}"#, false),
            (r#"{"id":1,"method":"Page"}"#, false),
            (r#"{"id":1,"method":"Market.subscribe"}"#, false),
            (r#"{"method":"User.loggedIn","params":{"name":"x"}}"#, false),
            (r#"{"id":1,"method":"Page.enable","version":2}"#, false),
            (r#"{"id":1,"result":{}}"#, false),
        ] {
            let told = Talk::unknown().text(Client, text);
            assert_eq!(told.contains(r#""protocol":"cdp""#), shows, "{text}");
            assert_eq!(told.is_empty(), !shows, "{text}");
        }
        let told = Talk::unknown().text(Client, r#"{"jsonrpc":"2.0","id":1,"method":"A.b"}"#);
        assert!(told.contains("jsonrpc"));
    }

    #[test]
    fn what_is_no_message() {
        let mut talk = Talk::new(AppProtocol::Cdp);
        let nothing = "It has neither a method nor a result nor an error.";
        for (text, why) in [
            ("{", "It is not JSON."),
            ("[]", "It is not an object."),
            ("{}", nothing),
            (r#"{"id":1}"#, nothing),
            (r#"{"result":{}}"#, nothing),
            (r#"{"method":7}"#, nothing),
        ] {
            let expected = format!(r#"{{"malformed":"{why}"}}"#);
            assert_eq!(cdp(&talk.text(Server, text)), expected, "{text}");
        }
    }
}

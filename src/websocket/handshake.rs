//! What the two heads of the opening handshake may say (RFC 6455 §4; over
//! HTTP/2 RFC 8441 §5).

use std::collections::HashSet;

use super::accept::{expected_accept, is_valid_key};
use super::deflate;
use super::header::{
    combined, elements, has, has_token, is_token, judge_extensions, shown, values,
};
use crate::types::{Extension, Handshake, Header, HttpVersion, Rule, Severity, Side};

/// The version of the protocol that RFC 6455 describes.
const VERSION: &str = "13";

const KEY: &str = "Sec-WebSocket-Key";
const ACCEPT: &str = "Sec-WebSocket-Accept";
const VERSION_HEADER: &str = "Sec-WebSocket-Version";
const PROTOCOL: &str = "Sec-WebSocket-Protocol";
const EXTENSIONS: &str = "Sec-WebSocket-Extensions";

/// A rule that was broken, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The side at fault.
    pub side: Side,
    /// The rule.
    pub rule: Rule,
    /// One sentence with the values seen.
    pub detail: String,
}

/// Judges a handshake as far as the capture has it: a missing half breaks
/// nothing, and nothing can be said of how the other answers it.
///
/// ```
/// use wsdump::types::{Handshake, Header, Rule};
/// use wsdump::websocket::judge_handshake;
/// let handshake = Handshake {
///     status: Some(101),
///     response_headers: Some(vec![
///         Header { name: "Upgrade".into(), value: "websocket".into() },
///         Header { name: "Connection".into(), value: "Upgrade".into() },
///     ]),
///     ..Handshake::default()
/// };
/// let findings = judge_handshake(&handshake);
/// assert_eq!(findings[0].rule, Rule::AcceptMissing);
/// ```
pub fn judge_handshake(handshake: &Handshake) -> Vec<Finding> {
    let outcome = Outcome::of(handshake);
    let mut judge = Judge { handshake, findings: Vec::new() };
    if let Some(headers) = &handshake.request_headers {
        judge.request(headers, outcome);
    }
    match (&handshake.response_headers, outcome) {
        (Some(headers), Outcome::Accepted) => judge.acceptance(headers),
        (Some(headers), Outcome::Refused) => judge.refusal(headers),
        _ => {}
    }
    judge.findings
}

/// What came of the request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Accepted,
    Refused,
    /// There is no response in the capture.
    Unknown,
}

impl Outcome {
    fn of(handshake: &Handshake) -> Self {
        match (handshake.http, handshake.status) {
            (_, None) => Self::Unknown,
            (HttpVersion::Http2, Some(200..=299)) => Self::Accepted,
            (HttpVersion::Http10 | HttpVersion::Http11, Some(101))
                if !switches_elsewhere(handshake) =>
            {
                Self::Accepted
            }
            _ => Self::Refused,
        }
    }
}

/// Whether a 101 switches to another protocol that the client offers in the
/// same request (RFC 9110 §7.8).
fn switches_elsewhere(handshake: &Handshake) -> bool {
    let upgrade = |headers: &Option<Vec<Header>>| combined(headers.as_ref()?, "Upgrade");
    let (Some(offered), Some(chosen)) =
        (upgrade(&handshake.request_headers), upgrade(&handshake.response_headers))
    else {
        return false;
    };
    let chosen = elements(&chosen).next().unwrap_or_default();
    !chosen.eq_ignore_ascii_case("websocket") && has_token(&offered, chosen)
}

struct Judge<'a> {
    handshake: &'a Handshake,
    findings: Vec<Finding>,
}

/// The request (RFC 6455 §4.1).
impl Judge<'_> {
    fn request(&mut self, headers: &[Header], outcome: Outcome) {
        let is_http2 = self.handshake.http == HttpVersion::Http2;
        self.method(if is_http2 { "CONNECT" } else { "GET" });
        self.target();
        if !is_http2 {
            self.request_version();
            self.host(headers);
            self.request_upgrade(headers);
            self.key(headers);
        }
        self.websocket_version(headers, outcome);
        if let Some(detail) = judge_subprotocols(headers) {
            self.client(Rule::RequestSubprotocols, detail);
        }
        // What cannot be read offers nothing that could be wrong.
        if !self.extension_syntax(Side::Client, headers)
            && let Some(detail) = deflate::judge_offers(&self.handshake.extensions_offered)
        {
            self.client(Rule::DeflateOffer, detail);
        }
        self.duplicates(Side::Client, headers, &[KEY, VERSION_HEADER]);
        self.misplaced(Side::Client, headers, &[ACCEPT]);
    }

    fn method(&mut self, expected: &str) {
        if let Some(method) = self.handshake.method.as_deref().filter(|method| *method != expected)
        {
            let detail = format!("The method of the request is {}, not {expected}.", shown(method));
            self.client(Rule::RequestMethod, detail);
        }
    }

    fn target(&mut self) {
        let Some(target) = self.handshake.target.as_deref() else {
            return;
        };
        let scheme = target.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        let is_http = scheme.is_some_and(|scheme| matches!(scheme.as_str(), "http" | "https"));
        if target.contains('#') {
            let detail = format!("The request target {} has a fragment.", shown(target));
            self.client(Rule::RequestTarget, detail);
        } else if !is_http && !target.starts_with('/') {
            let detail =
                format!("The request target {} is no path and no HTTP URI.", shown(target));
            self.client(Rule::RequestTarget, detail);
        }
    }

    fn request_version(&mut self) {
        if self.handshake.http == HttpVersion::Http10 {
            self.client(Rule::RequestHttpVersion, "The request is of HTTP/1.0.".to_owned());
        }
    }

    fn host(&mut self, headers: &[Header]) {
        let problem = match values(headers, "Host").count() {
            0 => "no Host".to_owned(),
            1 if values(headers, "Host").all(str::is_empty) => "an empty Host".to_owned(),
            1 => return,
            count => format!("{count} Host headers"),
        };
        self.client(Rule::RequestHost, format!("The request has {problem}."));
    }

    fn request_upgrade(&mut self, headers: &[Header]) {
        for (rule, name, token) in [
            (Rule::RequestUpgrade, "Upgrade", "websocket"),
            (Rule::RequestConnection, "Connection", "Upgrade"),
        ] {
            if let Some(problem) = lacks_token(headers, name, token) {
                self.client(rule, format!("The request has {problem}."));
            }
        }
    }

    fn key(&mut self, headers: &[Header]) {
        let problem = match values(headers, KEY).find(|key| !is_valid_key(key)) {
            Some(key) => format!("{KEY} {}, which is not 16 bytes in base64", shown(key)),
            None if !has(headers, KEY) => format!("no {KEY}"),
            None => return,
        };
        self.client(Rule::RequestKey, format!("The request has {problem}."));
    }

    /// Another version that the server refuses is how versions are negotiated
    /// (RFC 6455 §4.4). Without the response nobody knows that it did not.
    fn websocket_version(&mut self, headers: &[Header], outcome: Outcome) {
        let other = values(headers, VERSION_HEADER).find(|version| *version != VERSION);
        let problem = match other {
            Some(version) => format!("{VERSION_HEADER} {}, not {VERSION}", shown(version)),
            None if !has(headers, VERSION_HEADER) => format!("no {VERSION_HEADER}"),
            None => return,
        };
        let is_negotiation = outcome != Outcome::Accepted && other.is_some_and(is_version);
        let rule = match is_negotiation {
            true => Rule::RequestOtherVersion,
            false => Rule::RequestWebSocketVersion,
        };
        self.client(rule, format!("The request has {problem}."));
    }
}

/// The response (RFC 6455 §4.2.2).
impl Judge<'_> {
    /// One that begins a WebSocket connection.
    fn acceptance(&mut self, headers: &[Header]) {
        if self.handshake.http != HttpVersion::Http2 {
            self.response_version();
            self.response_upgrade(headers);
            self.accept();
        }
        self.subprotocol();
        let is_readable = !self.extension_syntax(Side::Server, headers);
        self.extensions(is_readable);
        self.duplicates(Side::Server, headers, &[ACCEPT, PROTOCOL, EXTENSIONS]);
        self.content(headers);
        self.misplaced(Side::Server, headers, &[KEY, VERSION_HEADER]);
    }

    fn response_version(&mut self) {
        let asked = self.handshake.request_headers.is_some().then_some(self.handshake.http);
        let detail = match (self.handshake.response_http, asked) {
            (Some(HttpVersion::Http10), _) => {
                "The response that switches protocols is of HTTP/1.0."
            }
            (_, Some(HttpVersion::Http10)) => {
                "The server switched protocols on a request of HTTP/1.0."
            }
            _ => return,
        };
        self.server(Rule::ResponseHttpVersion, detail.to_owned());
    }

    fn response_upgrade(&mut self, headers: &[Header]) {
        let problem = lacks_token(headers, "Upgrade", "websocket").or_else(|| {
            let upgrade = combined(headers, "Upgrade")?;
            elements(&upgrade)
                .any(|other| !other.is_empty() && !other.eq_ignore_ascii_case("websocket"))
                .then(|| format!("Upgrade {}, not just websocket", shown(&upgrade)))
        });
        if let Some(problem) = problem {
            self.server(Rule::ResponseUpgrade, format!("The response has {problem}."));
        }
        if let Some(problem) = lacks_token(headers, "Connection", "Upgrade") {
            self.server(Rule::ResponseConnection, format!("The response has {problem}."));
        }
    }

    /// The key is hashed as it stands, also when it is not a valid one.
    fn accept(&mut self) {
        let Some(accept) = self.handshake.accept.as_deref() else {
            self.server(Rule::AcceptMissing, format!("The response has no {ACCEPT}."));
            return;
        };
        let expected = self.handshake.key.as_deref().map(expected_accept);
        if let Some(expected) = expected.filter(|expected| expected != accept) {
            let detail = format!(
                "The response has {ACCEPT} {}; the key demands \"{expected}\".",
                shown(accept)
            );
            self.server(Rule::AcceptMismatch, detail);
        }
    }

    /// Subprotocols are compared byte for byte.
    fn subprotocol(&mut self) {
        let offered = &self.handshake.subprotocols;
        let knows_offers = self.handshake.request_headers.is_some();
        match self.handshake.subprotocol.as_deref() {
            Some("") => {
                let detail = format!("The response has an empty {PROTOCOL}.");
                self.server(Rule::SubprotocolNotOffered, detail);
            }
            Some(chosen) if knows_offers && offered.iter().all(|offered| offered != chosen) => {
                let detail = format!(
                    "The server chose subprotocol {}; the client offered {}.",
                    shown(chosen),
                    list(offered)
                );
                self.server(Rule::SubprotocolNotOffered, detail);
            }
            None if !offered.is_empty() => {
                let detail = format!(
                    "The server chose no subprotocol; the client offered {}.",
                    list(offered)
                );
                self.server(Rule::SubprotocolNotChosen, detail);
            }
            _ => {}
        }
    }

    fn extensions(&mut self, is_readable: bool) {
        let Handshake { extensions_offered: offered, extensions: chosen, .. } = self.handshake;
        let offered = self.handshake.request_headers.is_some().then_some(offered.as_slice());
        let not_offered = offered.map(|offered| missing(offered, chosen)).unwrap_or_default();
        if !not_offered.is_empty() {
            let detail = format!(
                "The server chose {}, which the client did not offer.",
                if let [name] = not_offered.as_slice() {
                    format!("extension {}", shown(name))
                } else {
                    format!("extensions {}", list(&not_offered))
                }
            );
            self.server(Rule::ExtensionNotOffered, detail);
        }
        if is_readable
            && !not_offered.contains(&deflate::NAME)
            && let Some(detail) = deflate::judge_choice(offered, chosen)
        {
            self.server(Rule::DeflateResponse, detail);
        }
    }

    fn content(&mut self, headers: &[Header]) {
        for name in ["Content-Length", "Transfer-Encoding"] {
            if let Some(value) = combined(headers, name) {
                let detail = format!("The response has {name} {}.", shown(&value));
                self.server(Rule::ResponseContent, detail);
                return;
            }
        }
    }

    /// One that may be about the version. That it is can never be certain; it is
    /// likely when the server says 400 or 426 to a request that has nothing else
    /// to object to.
    fn refusal(&mut self, headers: &[Header]) {
        let request = self.handshake.request_headers.as_deref().unwrap_or_default();
        let version = values(request, VERSION_HEADER).find(|version| *version != VERSION);
        let (Some(version), Some(status @ (400 | 426))) = (version, self.handshake.status) else {
            return;
        };
        let is_faulty = self.findings.iter().any(|found| found.rule.severity() == Severity::Error);
        let asks_for_another =
            combined(headers, "Upgrade").is_some_and(|upgrade| !has_token(&upgrade, "websocket"));
        if !is_faulty && !asks_for_another && !has(headers, VERSION_HEADER) {
            let detail = format!(
                "The server answered {VERSION_HEADER} {} with {status} and named no version.",
                shown(version)
            );
            self.server(Rule::RefusedWithoutVersion, detail);
        }
    }
}

/// Either head.
impl Judge<'_> {
    /// Whether it is broken.
    fn extension_syntax(&mut self, side: Side, headers: &[Header]) -> bool {
        let problem = values(headers, EXTENSIONS)
            .find_map(|value| Some((value, judge_extensions(value).err()?)));
        let Some((value, problem)) = problem else {
            return false;
        };
        let detail = format!("{EXTENSIONS} {} {problem}.", shown(value));
        self.find(side, Rule::ExtensionSyntax, detail);
        true
    }

    /// Headers that may come once (RFC 6455 §11.3).
    fn duplicates(&mut self, side: Side, headers: &[Header], names: &[&str]) {
        for name in names {
            let count = values(headers, name).count();
            if count > 1 {
                let detail = format!("The {} has {name} {count} times.", head(side));
                self.find(side, Rule::DuplicateHeader, detail);
            }
        }
    }

    /// Headers that only the other side, or only a refusal, has a use for
    /// (RFC 6455 §11.3).
    fn misplaced(&mut self, side: Side, headers: &[Header], names: &[&str]) {
        for name in names {
            if let Some(value) = values(headers, name).next() {
                let detail = format!("The {} has {name} {}.", head(side), shown(value));
                self.find(side, Rule::MisplacedHeader, detail);
            }
        }
    }

    fn client(&mut self, rule: Rule, detail: String) {
        self.find(Side::Client, rule, detail);
    }

    fn server(&mut self, rule: Rule, detail: String) {
        self.find(Side::Server, rule, detail);
    }

    fn find(&mut self, side: Side, rule: Rule, detail: String) {
        self.findings.push(Finding { side, rule, detail });
    }
}

fn head(side: Side) -> &'static str {
    match side {
        Side::Client => "request",
        Side::Server => "response",
    }
}

/// How a list of tokens lacks one, as the object of a sentence.
fn lacks_token(headers: &[Header], name: &str, token: &str) -> Option<String> {
    match combined(headers, name) {
        None => Some(format!("no {name}")),
        Some(value) if has_token(&value, token) => None,
        Some(value) => Some(format!("{name} {} without {token}", shown(&value))),
    }
}

/// What is wrong with the subprotocols offered, as a sentence: they are tokens,
/// and all different (RFC 6455 §4.1).
fn judge_subprotocols(headers: &[Header]) -> Option<String> {
    let mut seen = HashSet::new();
    let problem = values(headers, PROTOCOL).flat_map(elements).find_map(|subprotocol| {
        if subprotocol.is_empty() {
            Some("an empty subprotocol".to_owned())
        } else if !is_token(subprotocol) {
            Some(format!("subprotocol {}, which is not a token", shown(subprotocol)))
        } else if !seen.insert(subprotocol) {
            Some(format!("subprotocol {} twice", shown(subprotocol)))
        } else {
            None
        }
    })?;
    Some(format!("The client offered {problem}."))
}

/// Whether it may be the number of a version (RFC 6455 §4.3).
fn is_version(version: &str) -> bool {
    version.parse::<u8>().is_ok_and(|number| number.to_string() == version)
}

/// The names of the chosen extensions that were not offered. Where there is no
/// name, the grammar is at fault.
fn missing<'a>(offered: &[Extension], chosen: &'a [Extension]) -> Vec<&'a str> {
    let offered: HashSet<&str> = offered.iter().map(|extension| extension.name.as_str()).collect();
    let chosen = chosen.iter().map(|extension| extension.name.as_str());
    chosen.filter(|name| !name.is_empty() && !offered.contains(name)).collect()
}

/// Names as a sentence shows them.
fn list(names: &[impl AsRef<str>]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    shown(&names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::header::extensions;
    use super::*;

    /// The handshake of RFC 6455 §1.2.
    const REQUEST: &str = "GET /chat HTTP/1.1
Host: server.example.com
Upgrade: websocket
Connection: Upgrade
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
Origin: http://example.com
Sec-WebSocket-Protocol: chat, superchat
Sec-WebSocket-Version: 13";
    const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols
Upgrade: websocket
Connection: Upgrade
Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
Sec-WebSocket-Protocol: chat";

    /// Reads two heads, each of which may be empty: not in the capture.
    fn handshake(request: &str, response: &str) -> Handshake {
        let mut handshake = Handshake::default();
        let version = |line: &str| match line {
            _ if line.contains("HTTP/1.0") => HttpVersion::Http10,
            _ if line.contains("HTTP/2") => HttpVersion::Http2,
            _ => HttpVersion::Http11,
        };
        let headers = |head: &str| -> Vec<Header> {
            let header = |line: &str| {
                let (name, value) = line.split_once(':').unwrap();
                Header { name: name.to_owned(), value: value.trim().to_owned() }
            };
            head.lines().skip(1).map(header).collect()
        };
        if let Some(line) = response.lines().next() {
            let headers = headers(response);
            handshake.http = version(line);
            handshake.response_http = Some(handshake.http);
            handshake.status = Some(line.split(' ').nth(1).unwrap().parse().unwrap());
            handshake.accept = values(&headers, ACCEPT).next().map(str::to_owned);
            handshake.subprotocol = values(&headers, PROTOCOL).next().map(str::to_owned);
            handshake.extensions = values(&headers, EXTENSIONS).flat_map(extensions).collect();
            handshake.response_headers = Some(headers);
        }
        if let Some(line) = request.lines().next() {
            let headers = headers(request);
            handshake.http = version(line);
            handshake.method = line.split(' ').next().map(str::to_owned);
            handshake.target = line.split(' ').nth(1).map(str::to_owned);
            handshake.key = values(&headers, KEY).next().map(str::to_owned);
            let subprotocols = values(&headers, PROTOCOL).flat_map(elements);
            handshake.subprotocols =
                subprotocols.filter(|element| !element.is_empty()).map(str::to_owned).collect();
            handshake.extensions_offered =
                values(&headers, EXTENSIONS).flat_map(extensions).collect();
            handshake.request_headers = Some(headers);
        }
        handshake
    }

    fn broken(request: &str, response: &str) -> Vec<(Side, Rule)> {
        let findings = judge_handshake(&handshake(request, response));
        for finding in &findings {
            assert!(finding.detail.ends_with('.') && !finding.detail.contains('\n'));
        }
        findings.into_iter().map(|finding| (finding.side, finding.rule)).collect()
    }

    /// Changes the handshake of the RFC: `from` is replaced where it stands
    /// first, in the request or else in the response.
    fn change(edits: &[(&str, &str)]) -> [String; 2] {
        let mut heads = [REQUEST.to_owned(), RESPONSE.to_owned()];
        for (from, to) in edits {
            let head = heads.iter_mut().find(|head| head.contains(from)).expect(from);
            *head = head.replacen(from, to, 1);
        }
        heads
    }

    #[test]
    fn the_handshake_of_the_rfc_breaks_nothing() {
        for (request, response) in [(REQUEST, RESPONSE), (REQUEST, ""), ("", RESPONSE), ("", "")] {
            assert_eq!(broken(request, response), []);
        }
    }

    const SWITCHING: &str = "Switching Protocols";
    const OFFER: &str = "Sec-WebSocket-Version: 13";

    type Edits = &'static [(&'static str, &'static str)];

    /// For every rule: what breaks it alone, and what comes close.
    #[rustfmt::skip]
    const CASES: &[(Side, Rule, Edits, Edits)] = &[
        (Side::Client, Rule::RequestMethod, &[("GET", "POST")], &[("GET /chat", "GET /POST")]),
        (Side::Client, Rule::RequestTarget, &[("/chat", "ws://server.example.com/chat")], &[("/chat", "HTTP://server.example.com/chat")]),
        (Side::Client, Rule::RequestTarget, &[("/chat", "/chat#top")], &[("/chat", "/chat?a=%23top")]),
        (Side::Client, Rule::RequestTarget, &[("/chat", "chat")], &[("/chat", "//chat")]),
        (Side::Client, Rule::RequestHost, &[("Host: server.example.com\n", "")], &[("Host: server.example.com", "HOST:[::1]:80")]),
        (Side::Client, Rule::RequestHost, &[("Host: server.example.com", "Host:")], &[("Host: server.example.com", "Host: a")]),
        (Side::Client, Rule::RequestHost, &[("Host: server", "Host: a\nHost: server")], &[("Host: server", "X-Host: a\nHost: server")]),
        (Side::Client, Rule::RequestUpgrade, &[("Upgrade: websocket\n", "")], &[("Upgrade: websocket", "upgrade:h2c, WebSocket")]),
        (Side::Client, Rule::RequestUpgrade, &[("Upgrade: websocket", "Upgrade: websocket2")], &[("Upgrade: websocket", "Upgrade: h2c\nUPGRADE:websocket")]),
        (Side::Client, Rule::RequestConnection, &[("Connection: Upgrade\n", "")], &[("Connection: Upgrade", "Connection: keep-alive, Upgrade")]),
        (Side::Client, Rule::RequestConnection, &[("Connection: Upgrade", "Connection: close")], &[("Connection: Upgrade", "connection:upgrade")]),
        (Side::Client, Rule::RequestKey, &[("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n", "")], &[("Sec-WebSocket-Key: ", "sec-websocket-key:")]),
        // Leftover bits in the last character may be anything.
        (Side::Client, Rule::RequestKey, &[("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="), ("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "5mxwMKXNI9akKyJbT9Ot03A9YWg=")], &[("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZR=="), ("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Zgw8jYXtqX5qJr7MJ1Q/MqzeSRI=")]),
        (Side::Client, Rule::RequestWebSocketVersion, &[("\nSec-WebSocket-Version: 13", "")], &[("Sec-WebSocket-Version: ", "sec-websocket-version:")]),
        (Side::Client, Rule::RequestWebSocketVersion, &[("Version: 13", "Version: 8")], &[("Version: 13", "Version:  13 ")]),
        (Side::Client, Rule::RequestWebSocketVersion, &[("Version: 13", "Version: 13, 8")], &[("Version: 13", "Version: 13\nX-Version: 8")]),
        (Side::Client, Rule::RequestSubprotocols, &[("chat, superchat", "chat,, superchat")], &[("chat, superchat", "chat,superchat")]),
        (Side::Client, Rule::RequestSubprotocols, &[("superchat", "super chat")], &[("superchat", "v1.super~chat!")]),
        (Side::Client, Rule::RequestSubprotocols, &[("superchat", "chat")], &[("superchat", "Chat")]),
        (Side::Client, Rule::RequestSubprotocols, &[(OFFER, "Sec-WebSocket-Protocol: chat\nSec-WebSocket-Version: 13")], &[(OFFER, "Sec-WebSocket-Protocol: other\nSec-WebSocket-Version: 13")]),
        (Side::Client, Rule::DuplicateHeader, &[(OFFER, "Sec-WebSocket-Version: 13\nSec-WebSocket-Version: 13")], &[(OFFER, "Sec-WebSocket-Version: 13\nX-Sec-WebSocket-Version: 13")]),
        (Side::Client, Rule::DuplicateHeader, &[("Origin", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\nOrigin")], &[("Origin", "Sec-WebSocket-Extensions: foo\nSec-WebSocket-Extensions: bar; baz=2\nOrigin")]),
        (Side::Server, Rule::DuplicateHeader, &[("Sec-WebSocket-Accept", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\nSec-WebSocket-Accept")], &[("Sec-WebSocket-Accept", "WebSocket-Location: ws://a/chat\nSec-WebSocket-Accept")]),
        (Side::Server, Rule::DuplicateHeader, &[("=\nSec-WebSocket-Protocol: chat", "=\nSec-WebSocket-Protocol: chat\nSec-WebSocket-Protocol: superchat")], &[("=\nSec-WebSocket-Protocol: chat", "=\nsec-websocket-protocol:superchat")]),
        (Side::Server, Rule::DuplicateHeader, &[(OFFER, "Sec-WebSocket-Version: 13\nSec-WebSocket-Extensions: a, b"), (SWITCHING, "OK\nSec-WebSocket-Extensions: a\nSec-WebSocket-Extensions: b")], &[(OFFER, "Sec-WebSocket-Version: 13\nSec-WebSocket-Extensions: a, b"), (SWITCHING, "OK\nSec-WebSocket-Extensions: b, a")]),
        (Side::Client, Rule::ExtensionSyntax, &[("Origin", "Sec-WebSocket-Extensions: foo; bar=\nOrigin")], &[("Origin", "Sec-WebSocket-Extensions: foo;bar=\"baz\"\nOrigin")]),
        (Side::Server, Rule::ExtensionSyntax, &[(SWITCHING, "OK\nSec-WebSocket-Extensions: ;")], &[(SWITCHING, "OK\nX-Sec-WebSocket-Extensions: ;")]),
        (Side::Client, Rule::DeflateOffer, &[("Origin", "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits\nOrigin")], &[("Origin", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\nOrigin")]),
        (Side::Server, Rule::ResponseUpgrade, &[("Protocols\nUpgrade: websocket\n", "Protocols\n")], &[("Switching Protocols\nUpgrade: websocket", "Web Socket Protocol Handshake\nUpgrade:WebSocket")]),
        (Side::Server, Rule::ResponseUpgrade, &[("Protocols\nUpgrade: websocket", "Protocols\nUpgrade: websocket, h2c")], &[("Protocols\nUpgrade: websocket", "Protocols\nUpgrade: websocket,\nUpgrade: websocket")]),
        (Side::Server, Rule::ResponseUpgrade, &[("Protocols\nUpgrade: websocket", "Protocols\nUpgrade: h2c")], &[("Upgrade: websocket", "Upgrade: websocket, h2c"), ("Protocols\nUpgrade: websocket", "Protocols\nUpgrade: h2c")]),
        (Side::Server, Rule::ResponseConnection, &[("Connection: Upgrade\nSec-WebSocket-Accept", "Sec-WebSocket-Accept")], &[("Connection: Upgrade\nSec-WebSocket-Accept", "connection:keep-alive,upgrade\nSec-WebSocket-Accept")]),
        (Side::Server, Rule::AcceptMissing, &[("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n", "")], &[("Sec-WebSocket-Accept: ", "SEC-WEBSOCKET-ACCEPT:")]),
        (Side::Server, Rule::AcceptMismatch, &[("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "S3pPLMBiTxaQ9kYGzzhZRbK+xOo=")], &[("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "  s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\t")]),
        (Side::Server, Rule::SubprotocolNotOffered, &[("=\nSec-WebSocket-Protocol: chat", "=\nSec-WebSocket-Protocol: Chat")], &[("=\nSec-WebSocket-Protocol: chat", "=\nSec-WebSocket-Protocol: superchat")]),
        (Side::Server, Rule::SubprotocolNotOffered, &[("\nSec-WebSocket-Protocol: chat, superchat", "")], &[("\nSec-WebSocket-Protocol: chat, superchat", ""), ("\nSec-WebSocket-Protocol: chat", "")]),
        (Side::Server, Rule::SubprotocolNotOffered, &[("=\nSec-WebSocket-Protocol: chat", "=\nSec-WebSocket-Protocol:")], &[("=\nSec-WebSocket-Protocol: chat", "=\nSec-WebSocket-Protocol:\tchat")]),
        (Side::Server, Rule::SubprotocolNotOffered, &[("=\nSec-WebSocket-Protocol: chat", "=\nSec-WebSocket-Protocol: chat, superchat")], &[("chat, superchat", "superchat, chat")]),
        (Side::Server, Rule::SubprotocolNotChosen, &[("=\nSec-WebSocket-Protocol: chat", "=")], &[("chat, superchat", "chat")]),
        (Side::Server, Rule::ExtensionNotOffered, &[("Origin", "Sec-WebSocket-Extensions: foo\nOrigin"), (SWITCHING, "OK\nSec-WebSocket-Extensions: foo, x-webkit-deflate-frame")], &[("Origin", "Sec-WebSocket-Extensions: x-webkit-deflate-frame, foo\nOrigin"), (SWITCHING, "OK\nSec-WebSocket-Extensions: foo; a=1, x-webkit-deflate-frame")]),
        (Side::Server, Rule::ExtensionNotOffered, &[(SWITCHING, "OK\nSec-WebSocket-Extensions: permessage-deflate; foo")], &[("Origin", "Sec-WebSocket-Extensions: permessage-deflate\nOrigin"), (SWITCHING, "OK\nSec-WebSocket-Extensions: permessage-deflate")]),
        (Side::Server, Rule::DeflateResponse, &[("Origin", "Sec-WebSocket-Extensions: permessage-deflate\nOrigin"), (SWITCHING, "OK\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9")], &[("Origin", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\nOrigin"), (SWITCHING, "OK\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=\"9\"")]),
        (Side::Server, Rule::ResponseContent, &[(SWITCHING, "OK\nContent-Length: 0")], &[(SWITCHING, "OK\nContent-Type: text/plain")]),
        (Side::Server, Rule::ResponseContent, &[(SWITCHING, "OK\nTransfer-Encoding: chunked")], &[(SWITCHING, "OK\nVary: Transfer-Encoding")]),
        (Side::Client, Rule::MisplacedHeader, &[("Origin", "Sec-WebSocket-Accept: a\nOrigin")], &[("Origin", "Accept: a\nOrigin")]),
        (Side::Server, Rule::MisplacedHeader, &[(SWITCHING, "OK\nSec-WebSocket-Version: 13")], &[(SWITCHING, "OK\nOrigin: http://example.com")]),
        (Side::Server, Rule::MisplacedHeader, &[(SWITCHING, "OK\nSec-WebSocket-Key: a")], &[(SWITCHING, "OK\nWebSocket-Origin: a")]),
    ];

    #[test]
    fn every_rule_is_broken_alone_and_not_by_what_comes_close() {
        for (side, rule, breaks, close) in CASES {
            let [request, response] = change(breaks);
            assert_eq!(broken(&request, &response), [(*side, *rule)], "{breaks:?}");
            let [request, response] = change(close);
            assert_eq!(broken(&request, &response), [], "{close:?}");
        }
    }

    #[test]
    fn http_before_1_1_has_no_upgrade() {
        let request = REQUEST.replacen("HTTP/1.1", "HTTP/1.0", 1);
        let response = RESPONSE.replacen("HTTP/1.1", "HTTP/1.0", 1);
        let client = (Side::Client, Rule::RequestHttpVersion);
        let server = (Side::Server, Rule::ResponseHttpVersion);
        assert_eq!(broken(&request, ""), [client]);
        assert_eq!(broken(&request, "HTTP/1.0 404 Not Found"), [client]);
        assert_eq!(broken(&request, RESPONSE), [client, server]);
        assert_eq!(broken(REQUEST, &response), [server]);
        assert_eq!(broken("", &response), [server]);
        assert_eq!(broken("", RESPONSE), []);
    }

    /// All rules of the handshake, but for the one that no head can break.
    #[test]
    fn every_rule_of_the_handshake_has_its_cases() {
        let rules = Rule::ALL
            .iter()
            .skip_while(|rule| **rule != Rule::RequestMethod)
            .take_while(|rule| **rule != Rule::UnmaskedClientFrame)
            .filter(|rule| **rule != Rule::DataBeforeResponse);
        let elsewhere = [
            Rule::RequestHttpVersion,
            Rule::ResponseHttpVersion,
            Rule::RequestOtherVersion,
            Rule::RefusedWithoutVersion,
        ];
        for rule in rules {
            let has_case = CASES.iter().any(|(_, broken, ..)| broken == rule);
            assert!(has_case || elsewhere.contains(rule), "{rule:?}");
        }
    }

    #[test]
    fn details_name_what_was_seen() {
        for (edits, detail) in [
            (
                &[("=\nSec-WebSocket-Protocol: chat", "=\nSec-WebSocket-Protocol: b")][..],
                "The server chose subprotocol \"b\"; the client offered \"chat, superchat\".",
            ),
            (
                &[(SWITCHING, "OK\nSec-WebSocket-Extensions: a, b; c")],
                "The server chose extensions \"a, b\", which the client did not offer.",
            ),
            (
                &[("Upgrade: websocket", "Upgrade: h2c")],
                "The request has Upgrade \"h2c\" without websocket.",
            ),
            (
                &[("Origin", "Sec-WebSocket-Extensions: a;\nOrigin")],
                "Sec-WebSocket-Extensions \"a;\" lacks the name of a parameter at byte 2.",
            ),
            (
                &[("xOo=", "xOo")],
                "The response has Sec-WebSocket-Accept \"s3pPLMBiTxaQ9kYGzzhZRbK+xOo\"; the key demands \"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\".",
            ),
        ] {
            let [request, response] = change(edits);
            let findings = judge_handshake(&handshake(&request, &response));
            assert_eq!(findings[0].detail, detail);
        }
    }

    #[test]
    fn long_values_are_shortened() {
        let [request, response] = change(&[("GET", &"A".repeat(10_000))]);
        let findings = judge_handshake(&handshake(&request, &response));
        assert!(findings[0].detail.chars().count() < 150, "{}", findings[0].detail);
    }

    /// Without the request nothing is known of keys and offers; what no request
    /// allows is still found.
    #[test]
    fn a_response_alone() {
        let response = "HTTP/1.1 101 Web Socket Protocol Handshake
upgrade:WebSocket
connection:Upgrade
Sec-WebSocket-Accept: whatever
Sec-WebSocket-Protocol: chat
Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10, foo";
        assert_eq!(broken("", response), []);
        for (from, to, rule) in [
            ("upgrade:WebSocket\n", "", Rule::ResponseUpgrade),
            ("connection:Upgrade\n", "", Rule::ResponseConnection),
            ("Sec-WebSocket-Accept: whatever\n", "", Rule::AcceptMissing),
            ("client_max_window_bits=10", "client_max_window_bits", Rule::DeflateResponse),
            (", foo", "; foo=", Rule::ExtensionSyntax),
        ] {
            let found = broken("", &response.replacen(from, to, 1));
            assert!(found.contains(&(Side::Server, rule)), "{rule:?}");
        }
    }

    #[test]
    fn a_request_alone() {
        assert_eq!(broken(&REQUEST.replace("Host", "X"), ""), [(Side::Client, Rule::RequestHost)]);
        let other_version = REQUEST.replace("13", "25");
        assert_eq!(broken(&other_version, ""), [(Side::Client, Rule::RequestOtherVersion)]);
    }

    /// A server may say no for any reason and with any headers.
    #[test]
    fn refusals_break_nothing() {
        for refusal in [
            "HTTP/1.1 200 OK\nContent-Length: 5\nSec-WebSocket-Accept: x",
            "HTTP/1.1 302 Found\nLocation: /chat",
            "HTTP/1.1 400 Bad Request\nConnection: close",
            "HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Basic realm=\"chat\"",
            "HTTP/1.1 403 Forbidden\nContent-Length: 0",
            "HTTP/1.1 404 Not Found\nTransfer-Encoding: chunked",
            "HTTP/1.1 426 Upgrade Required\nConnection: close",
            "HTTP/1.1 426 Upgrade Required\nUpgrade: h2c\nConnection: Upgrade",
            "HTTP/1.1 503 Service Unavailable\nSec-WebSocket-Extensions: ;",
        ] {
            assert_eq!(broken(REQUEST, refusal), [], "{refusal}");
        }
        let other_version = REQUEST.replace("13", "25");
        let other = [(Side::Client, Rule::RequestOtherVersion)];
        for refusal in [
            "HTTP/1.1 403 Forbidden",
            "HTTP/1.1 426 Upgrade Required\nUpgrade: TLS/1.0",
            "HTTP/1.1 426 Upgrade Required\nsec-websocket-version: 13\nSec-WebSocket-Version: 8, 7",
        ] {
            assert_eq!(broken(&other_version, refusal), other, "{refusal}");
        }
    }

    #[test]
    fn who_refuses_a_version_says_which_it_takes() {
        let other_version = REQUEST.replace("13", "25");
        let other = (Side::Client, Rule::RequestOtherVersion);
        let without = (Side::Server, Rule::RefusedWithoutVersion);
        for refusal in [
            "HTTP/1.1 426 Upgrade Required\nUpgrade: websocket\nConnection: Upgrade",
            "HTTP/1.1 400 Bad Request",
        ] {
            assert_eq!(broken(&other_version, refusal), [other, without], "{refusal}");
            assert_eq!(broken(REQUEST, refusal), [], "{refusal}");
        }
    }

    /// A refused request still tells what is wrong with it, which is likely why.
    #[test]
    fn requests_that_deserve_to_be_refused() {
        let proxied = "GET /chat HTTP/1.0
Host: upstream
Connection: close
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
Sec-WebSocket-Version: 25";
        let found = [
            Rule::RequestHttpVersion,
            Rule::RequestUpgrade,
            Rule::RequestConnection,
            Rule::RequestOtherVersion,
        ];
        let found = found.map(|rule| (Side::Client, rule));
        assert_eq!(broken(proxied, "HTTP/1.1 400 Bad Request"), found);
        let unreadable = REQUEST.replace("13", "RFC6455");
        let found = [(Side::Client, Rule::RequestWebSocketVersion)];
        assert_eq!(broken(&unreadable, "HTTP/1.1 400 Bad Request"), found);
    }

    const REQUEST_2: &str = "CONNECT /chat HTTP/2
sec-websocket-protocol: chat, superchat
sec-websocket-extensions: permessage-deflate
sec-websocket-version: 13
origin: http://www.example.com";
    const RESPONSE_2: &str = "HTTP/2 200
sec-websocket-protocol: chat";

    /// RFC 8441 §5.1 and what it takes over from RFC 6455.
    #[test]
    fn over_http_2() {
        assert_eq!(broken(REQUEST_2, RESPONSE_2), []);
        assert_eq!(broken(REQUEST_2, ""), []);
        assert_eq!(broken("", RESPONSE_2), []);
        assert_eq!(broken(REQUEST_2, "HTTP/2 501\ncontent-length: 3"), []);
        for (from, to, side, rule) in [
            ("CONNECT", "GET", Side::Client, Rule::RequestMethod),
            ("version: 13", "version: 8", Side::Client, Rule::RequestWebSocketVersion),
            ("superchat", "chat", Side::Client, Rule::RequestSubprotocols),
            (
                "200\n",
                "204\nsec-websocket-extensions: x\n",
                Side::Server,
                Rule::ExtensionNotOffered,
            ),
            (
                "HTTP/2 200\nsec-websocket-protocol: chat",
                "HTTP/2 200\nsec-websocket-protocol: b",
                Side::Server,
                Rule::SubprotocolNotOffered,
            ),
            ("200\n", "200\ncontent-length: 0\n", Side::Server, Rule::ResponseContent),
        ] {
            let change = |head: &str| head.replacen(from, to, 1);
            assert_eq!(broken(&change(REQUEST_2), &change(RESPONSE_2)), [(side, rule)], "{to}");
        }
    }
}

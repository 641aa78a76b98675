//! Engine.IO, revisions 3 and 4 of its protocol (socketio/engine.io-protocol), and
//! Socket.IO over it.

use super::base64_text::from_base64;
use super::carried::Dialect;
use super::data::Data;
use super::requests::Then;
use super::sides::Sides;
use super::socket_io::{self, SocketIo};
use super::story::Telling;
use super::value::Value;
use super::{Decoder, Malformed};
use crate::types::{AppProtocol, Side};

/// What each packet is, by its type ("Packet types").
const KINDS: [&str; 7] = ["open", "close", "ping", "pong", "message", "upgrade", "noop"];

/// Packets, one in each message.
pub(super) struct EngineIo {
    /// Revision 3, in which the client pings, and binary packets tell their type.
    is_3: bool,
    /// Reads what messages carry, once that is known to be Socket.IO.
    socket_io: Option<SocketIo>,
    /// Whether this side may have sent a message before.
    has_spoken: Sides<bool>,
    /// Times that something was missing. A pong tells nothing of its ping, so that
    /// what follows must not be taken for the answer to one before.
    gaps: u64,
}

/// Whether a message is the handshake with which a server opens a connection.
pub(super) fn is_shown_by(data: &Data<'_>) -> bool {
    let text = data.text().filter(|_| data.is_text && data.from == Side::Server);
    let json = text.and_then(|text| Value::of_bytes(text.strip_prefix('0')?.as_bytes()));
    let members = json.and_then(|json| json.members(["sid", "pingInterval", "pingTimeout"]));
    let Some([Some(sid), Some(interval), Some(timeout)]) = members else {
        return false;
    };
    sid.is_string() && interval.number().is_some() && timeout.number().is_some()
}

impl EngineIo {
    pub(super) fn new(protocol: AppProtocol, dialect: Dialect) -> Self {
        let is_3 = dialect == Dialect::EngineIo3;
        let is_socket_io = protocol == AppProtocol::SocketIo;
        Self {
            is_3,
            socket_io: is_socket_io.then(|| SocketIo::new(is_3)),
            has_spoken: Sides::default(),
            gaps: 0,
        }
    }
}

impl Decoder for EngineIo {
    fn read(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        if data.is_text {
            self.text(data.needs_text()?, data.from, telling)
        } else if self.is_3 {
            let (number, rest) = data.payload.split_first().ok_or_else(no_kind)?;
            let kind = KINDS.get(usize::from(*number)).ok_or_else(no_kind)?;
            self.binary(kind, rest, data.from, telling)
        } else {
            self.bytes(data.payload, data.from, telling)
        }
    }

    fn gap(&mut self, side: Side) {
        self.gaps += 1;
        *self.has_spoken.of(side) = true;
        if let Some(socket_io) = &mut self.socket_io {
            socket_io.gap(side);
        }
    }

    fn cost(&self) -> usize {
        size_of::<Self>() + self.socket_io.as_ref().map_or(0, SocketIo::cost)
    }

    fn shed(&mut self) {
        if let Some(socket_io) = &mut self.socket_io {
            socket_io.gap(Side::Client);
            socket_io.gap(Side::Server);
        }
    }
}

impl EngineIo {
    fn text(&mut self, text: &str, from: Side, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        if self.is_3
            && let Some(packet) = text.strip_prefix('b')
        {
            return self.encoded(packet, from, telling);
        }
        let (kind, rest) = split_kind(text)?;
        if kind == "message" {
            return self.message(rest, from, telling);
        }
        // All but the handshake carry nothing.
        telling.packet(kind).body(b"");
        match kind {
            "open" => open(rest, telling),
            "ping" | "pong" => {
                self.heartbeat(kind, rest, telling);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A binary packet in base64, for transports that carry only text (revision 3,
    /// "Encoding").
    fn encoded(
        &mut self,
        packet: &str,
        from: Side,
        telling: &mut Telling<'_>,
    ) -> Result<(), Malformed> {
        let (kind, encoded) = split_kind(packet)?;
        self.binary(kind, &from_base64(encoded)?, from, telling)
    }

    /// A binary packet of revision 3.
    fn binary(
        &mut self,
        kind: &str,
        bytes: &[u8],
        from: Side,
        telling: &mut Telling<'_>,
    ) -> Result<(), Malformed> {
        if kind == "message" {
            return self.bytes(bytes, from, telling);
        }
        telling.packet(kind);
        Ok(())
    }

    /// What a binary message carries.
    fn bytes(
        &mut self,
        bytes: &[u8],
        from: Side,
        telling: &mut Telling<'_>,
    ) -> Result<(), Malformed> {
        *self.has_spoken.of(from) = true;
        if self.socket_io.is_none() && socket_io::is_shown_by_binary(bytes) {
            self.is_socket_io(telling);
        }
        match &mut self.socket_io {
            Some(socket_io) => socket_io.binary(bytes, from, telling),
            None => {
                plain(bytes, telling);
                Ok(())
            }
        }
    }

    /// What a text message carries.
    fn message(
        &mut self,
        text: &str,
        from: Side,
        telling: &mut Telling<'_>,
    ) -> Result<(), Malformed> {
        let is_first = !std::mem::replace(self.has_spoken.of(from), true);
        // A connection begins with CONNECT: from the client, in revision 3 from the
        // server.
        let begins = is_first && from == if self.is_3 { Side::Server } else { Side::Client };
        if self.socket_io.is_none() && socket_io::is_shown_by(text, begins) {
            self.is_socket_io(telling);
        }
        match &mut self.socket_io {
            Some(socket_io) => socket_io.text(text, from, telling),
            None => {
                plain(text.as_bytes(), telling);
                Ok(())
            }
        }
    }

    fn is_socket_io(&mut self, telling: &mut Telling<'_>) {
        self.socket_io = Some(SocketIo::new(self.is_3));
        telling.is(AppProtocol::SocketIo);
    }

    /// Either side may ping, in different revisions; `probe` is said before an
    /// upgrade, and answered like a ping.
    fn heartbeat(&self, kind: &str, text: &str, telling: &mut Telling<'_>) {
        if text.is_empty() {
            telling.heartbeat();
        } else {
            telling.facts().text("text", text);
            telling.say(text);
        }
        let key = format!("{} {text}", self.gaps);
        if kind == "ping" {
            telling.asks(key.as_bytes(), kind);
        } else {
            telling.answers(key.as_bytes(), Then::Done);
        }
    }
}

fn no_kind() -> Malformed {
    Malformed::new("It begins with no packet type of Engine.IO.")
}

/// The type that a text packet begins with, and the rest.
fn split_kind(text: &str) -> Result<(&'static str, &str), Malformed> {
    let kind = KINDS.iter().enumerate().find_map(|(number, kind)| {
        let digit = char::from_digit(number as u32, 10)?;
        Some((*kind, text.strip_prefix(digit)?))
    });
    kind.ok_or_else(no_kind)
}

/// The handshake ("Handshake"): all of its members are of use.
fn open(text: &str, telling: &mut Telling<'_>) -> Result<(), Malformed> {
    let names = ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"];
    let json = Value::of_bytes(text.as_bytes());
    let members = json.ok_or_else(|| Malformed::new("Its handshake is not JSON."))?.members(names);
    let members = members.ok_or_else(|| Malformed::new("Its handshake is not an object."))?;
    let mut facts = telling.facts();
    for (name, value) in names.into_iter().zip(members) {
        facts.json_if(name, value);
    }
    if let [Some(sid), ..] = members {
        telling.say(&sid.plain());
    }
    telling.body(text.as_bytes());
    Ok(())
}

fn plain(bytes: &[u8], telling: &mut Telling<'_>) {
    telling.packet("message");
    telling.facts().payload(bytes);
    telling.body(bytes);
}

#[cfg(test)]
mod tests {
    use super::super::tests::Talk;
    use super::*;
    use Side::{Client, Server};

    fn revision_3(protocol: AppProtocol) -> Talk {
        Talk::in_dialect(protocol, Dialect::EngineIo3)
    }

    /// What is said beside the protocol.
    fn engine(told: &str) -> String {
        told.replace(r#""protocol":"engine.io","#, "")
    }

    #[test]
    fn the_example_of_revision_4() {
        let mut talk = Talk::new(AppProtocol::EngineIo);
        let open = r#"0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
        assert_eq!(
            talk.text(Server, open),
            r#"{"protocol":"engine.io","type":"open","sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
        );
        assert_eq!(talk.summary(), "lv_VI97HAXpY6yYWAAAC");
        assert_eq!(talk.body(), open.get(1..));
        let plain = |payload| format!(r#"{{"type":"message",{payload}}}"#);
        assert_eq!(engine(&talk.text(Client, "4hey")), plain(r#""text":"hey""#));
        assert_eq!(talk.body(), Some("hey"));
        assert_eq!(engine(&talk.text(Client, "4{\"a\":1}")), plain(r#""json":{"a":1}"#));
        assert_eq!(engine(&talk.text(Client, "4")), plain(r#""text":"""#));
        assert_eq!(engine(&talk.binary(Server, &[4, 255])), plain(r#""base64":"BP8=""#));
        assert_eq!(engine(&talk.text(Client, "5")), r#"{"type":"upgrade"}"#);
        assert_eq!(engine(&talk.text(Server, "6")), r#"{"type":"noop"}"#);
        assert_eq!(engine(&talk.text(Client, "1")), r#"{"type":"close"}"#);
    }

    #[test]
    fn its_handshake_shows_it() {
        let open = r#"0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#;
        let mut talk = Talk::unknown();
        assert!(talk.text(Server, open).contains(r#""engine.io","type":"open""#));
        assert!(talk.text(Client, "40").contains(r#""socket.io","type":"CONNECT""#));
        for other in [
            r#"0{"sid":"a","pingInterval":25000}"#,
            r#"0{"sid":1,"pingInterval":25000,"pingTimeout":20000}"#,
            r#"0{"sid":"a","pingInterval":"25000","pingTimeout":20000}"#,
            r#"1{"sid":"a","pingInterval":25000,"pingTimeout":20000}"#,
            r#"{"sid":"a","pingInterval":25000,"pingTimeout":20000}"#,
            r#"0["sid","pingInterval","pingTimeout"]"#,
            "0",
        ] {
            assert_eq!(Talk::unknown().text(Server, other), "", "{other}");
        }
        assert_eq!(Talk::unknown().text(Client, open), "");
    }

    #[test]
    fn servers_ping_in_revision_4() {
        let mut talk = Talk::new(AppProtocol::EngineIo);
        assert_eq!(engine(&talk.text(Server, "2")), r#"{"type":"ping","heartbeat":true}"#);
        assert_eq!(
            engine(&talk.text(Client, "3")),
            r#"{"type":"pong","heartbeat":true,"reply_to":1,"reply_to_type":"ping","latency":0.001000000}"#
        );
        assert_eq!(engine(&talk.text(Client, "3")), r#"{"type":"pong","heartbeat":true}"#);
        assert_eq!(engine(&talk.text(Client, "2probe")), r#"{"type":"ping","text":"probe"}"#);
        assert_eq!(
            engine(&talk.text(Server, "3probe")),
            r#"{"type":"pong","text":"probe","reply_to":4,"reply_to_type":"ping","latency":0.001000000}"#
        );
        assert_eq!(talk.summary(), "probe");
    }

    #[test]
    fn a_pong_after_a_gap_may_answer_another_ping() {
        let mut talk = Talk::new(AppProtocol::EngineIo);
        for side in [Server, Client] {
            talk.text(Server, "2");
            talk.gap(side);
            assert_eq!(engine(&talk.text(Client, "3")), r#"{"type":"pong","heartbeat":true}"#);
        }
        talk.text(Server, "2");
        assert!(talk.text(Client, "3").contains(r#""reply_to":5"#));
    }

    #[test]
    fn clients_ping_and_binary_tells_its_type_in_revision_3() {
        let mut talk = revision_3(AppProtocol::EngineIo);
        talk.text(Client, "2");
        assert!(talk.text(Server, "3").contains(r#""reply_to":1"#));
        let message = r#"{"type":"message","base64":"AP8="}"#;
        assert_eq!(engine(&talk.binary(Client, &[4, 0, 255])), message);
        assert_eq!(engine(&talk.text(Client, "b4AP8=")), message);
        assert_eq!(engine(&talk.text(Client, "b4AP8")), message);
        assert_eq!(engine(&talk.binary(Client, &[6])), r#"{"type":"noop"}"#);
        for (binary, text) in [(&b""[..], "b"), (b"\x07", "b7AA=="), (b"4", "bé")] {
            for told in [talk.binary(Client, binary), talk.text(Client, text)] {
                assert_eq!(
                    engine(&told),
                    r#"{"malformed":"It begins with no packet type of Engine.IO."}"#
                );
            }
        }
        let told = talk.text(Client, "b4A*");
        assert!(told.contains(r#""malformed":"Its base64 is broken: "#), "{told}");
    }

    #[test]
    fn what_is_no_packet() {
        let mut talk = Talk::new(AppProtocol::EngineIo);
        for text in ["", "7", "b4AP8=", "é", "-1", "٣"] {
            assert_eq!(
                engine(&talk.text(Client, text)),
                r#"{"malformed":"It begins with no packet type of Engine.IO."}"#,
                "{text}"
            );
        }
        for (text, why) in [("0", "JSON"), ("0{", "JSON"), ("0[1]", "an object")] {
            let told = talk.text(Server, text);
            let expected =
                format!(r#"{{"type":"open","malformed":"Its handshake is not {why}."}}"#);
            assert_eq!(engine(&told), expected, "{text}");
        }
        let told = talk.message(Client, crate::types::Opcode::Text, b"4\xff");
        assert_eq!(engine(&told), r#"{"malformed":"It is not text."}"#);
    }

    #[test]
    fn messages_show_whether_it_is_socket_io() {
        let is_socket_io = |said: &[(Side, &str)], talk: &mut Talk| {
            let told = said.iter().fold(String::new(), |_, (side, text)| talk.text(*side, text));
            told.contains(r#""protocol":"socket.io""#)
        };
        for (said, shows) in [
            (&[(Client, "40")][..], true),
            (&[(Client, "4hello"), (Client, "40")], false),
            (&[(Server, "40")], false),
            (&[(Client, "4hello"), (Client, "40/news,")], true),
            (&[(Client, "40{\"token\":1}")], true),
            (&[(Server, "42[\"news\",1]")], true),
            (&[(Server, "42/news,7[\"news\",1]")], true),
            (&[(Client, "42[1]")], false),
            (&[(Client, "42")], false),
            (&[(Client, "40.5")], false),
            (&[(Client, "40[]")], false),
        ] {
            let mut talk = Talk::new(AppProtocol::EngineIo);
            assert_eq!(is_socket_io(said, &mut talk), shows, "{said:?}");
            // What it was is not forgotten.
            let later = talk.text(Server, "2");
            assert_eq!(later.contains("socket.io"), shows, "{said:?}");
        }
        let mut talk = revision_3(AppProtocol::EngineIo);
        assert!(is_socket_io(&[(Server, "40")], &mut talk));
        let mut talk = Talk::new(AppProtocol::EngineIo);
        talk.gap(Client);
        assert!(!is_socket_io(&[(Client, "40")], &mut talk));
    }
}

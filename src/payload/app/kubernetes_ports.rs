//! Channels of Kubernetes for `port-forward` (k8s.io/kubelet,
//! `pkg/cri/streaming/portforward`).

use super::data::Data;
use super::kubernetes::Sent;
use super::story::Telling;
use super::terminal::bytes;
use super::{Decoder, Malformed};
use crate::types::Side;

/// Two channels for each port that is forwarded: its data, and what went wrong.
/// The first that the server sends to each is the port's number.
#[derive(Default)]
pub(super) struct KubernetesPorts {
    /// One bit for each channel to which the server sent something.
    begun: [u64; 4],
}

impl Decoder for KubernetesPorts {
    fn read(&mut self, data: &Data<'_>, telling: &mut Telling<'_>) -> Result<(), Malformed> {
        let Sent { channel, payload } = Sent::read(data)?;
        telling.packet(if channel.is_multiple_of(2) { "data" } else { "error" });
        telling.facts().number("channel", channel);
        let is_first = data.from == Side::Server && self.begin(channel);
        match <[u8; 2]>::try_from(&*payload) {
            Ok(port) if is_first => {
                let port = u16::from_le_bytes(port);
                telling.facts().number("port", port);
                telling.say(&format!("port {port}"));
            }
            _ => bytes(&payload, telling),
        }
        Ok(())
    }

    /// What is missing may have been the first.
    fn gap(&mut self, side: Side) {
        if side == Side::Server {
            self.begun = [u64::MAX; 4];
        }
    }
}

impl KubernetesPorts {
    /// Whether it is the first that the server sends to this channel.
    fn begin(&mut self, channel: u8) -> bool {
        let bit = 1 << (channel % 64);
        self.begun.get_mut(usize::from(channel / 64)).is_some_and(|bits| {
            let is_first = *bits & bit == 0;
            *bits |= bit;
            is_first
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::carried::Dialect;
    use super::super::tests::Talk;
    use crate::types::{AppProtocol, Side};

    fn ports() -> Talk {
        Talk::in_dialect(AppProtocol::Kubernetes, Dialect::PortForward)
    }

    #[test]
    fn ports_and_what_is_sent_there() {
        let mut talk = ports();
        for (from, message, facts) in [
            (Side::Client, &b"\x00hi"[..], r#""type":"data","channel":0,"text":"hi""#),
            (Side::Server, b"\x00\x90\x1f", r#""type":"data","channel":0,"port":8080"#),
            (Side::Server, b"\x01\x90\x1f", r#""type":"error","channel":1,"port":8080"#),
            (Side::Server, b"\x00hi", r#""type":"data","channel":0,"text":"hi""#),
            (Side::Server, b"\xfehi", r#""type":"data","channel":254,"port":26984"#),
            (Side::Server, b"\xfehi", r#""type":"data","channel":254,"text":"hi""#),
            (Side::Server, b"\x01lost", r#""type":"error","channel":1,"text":"lost""#),
        ] {
            let told = format!(r#"{{"protocol":"kubernetes",{facts}}}"#);
            assert_eq!(talk.binary(from, message), told);
        }
    }

    #[test]
    fn after_a_gap_nothing_is_taken_for_a_port() {
        for (side, is_port) in [(Side::Client, true), (Side::Server, false)] {
            let mut talk = ports();
            talk.gap(Side::Client);
            talk.binary(Side::Client, b"\x00x");
            talk.gap(side);
            assert_eq!(talk.binary(Side::Server, b"\x00hi").contains("port\":"), is_port);
        }
    }
}

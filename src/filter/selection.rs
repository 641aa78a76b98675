//! `--ip` and `--port`.

use ipnet::IpNet;

use crate::types::{Conversation, Direction};

/// Selects conversations by address and port: `--ip` and `--port`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// One end must lie in any of these; empty selects all.
    pub networks: Vec<IpNet>,
    /// One end must have any of these ports; empty selects all.
    pub ports: Vec<u16>,
}

impl Selection {
    /// Whether `conversation` is selected.
    pub fn matches(&self, conversation: &Conversation) -> bool {
        let ends = Direction::BOTH.map(|direction| conversation.sender(direction));
        let by_network = self.networks.is_empty()
            || ends
                .iter()
                .any(|end| self.networks.iter().any(|network| network.contains(&end.address)));
        let by_port =
            self.ports.is_empty() || ends.iter().any(|end| self.ports.contains(&end.port));
        by_network && by_port
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Endpoint, Flow};

    fn matches(networks: &[&str], ports: &[u16]) -> bool {
        let end = |address: &str, port| Endpoint { address: address.parse().unwrap(), port };
        let (conversation, _) =
            Flow { source: end("192.0.2.7", 51234), destination: end("2001:db8::1", 443) }
                .conversation();
        Selection {
            networks: networks.iter().map(|network| network.parse().unwrap()).collect(),
            ports: ports.to_vec(),
        }
        .matches(&conversation)
    }

    #[test]
    fn any_of_each_kind_and_both_kinds() {
        assert!(matches(&[], &[]));
        assert!(matches(&["10.0.0.0/8", "192.0.2.0/24"], &[]));
        assert!(matches(&["2001:db8::/32"], &[80, 443]));
        assert!(!matches(&["10.0.0.0/8"], &[443]));
        assert!(!matches(&["192.0.2.7/32"], &[80]));
    }
}

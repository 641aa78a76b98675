//! Who speaks with whom.

use std::fmt;
use std::net::IpAddr;

/// One end of a TCP conversation.
///
/// Shown as `192.0.2.1:51234`, and IPv6 as `[2001:db8::1]:443`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// IPv4 or IPv6 address.
    pub address: IpAddr,
    /// TCP port.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            IpAddr::V4(address) => write!(f, "{address}:{}", self.port),
            IpAddr::V6(address) => write!(f, "[{address}]:{}", self.port),
        }
    }
}

/// Sender and receiver of one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// Who sent it.
    pub source: Endpoint,
    /// Who is to receive it.
    pub destination: Endpoint,
}

impl Flow {
    /// The conversation that the segment belongs to, and its direction there.
    pub fn conversation(&self) -> (Conversation, Direction) {
        if self.source <= self.destination {
            (Conversation(self.source, self.destination), Direction::Forward)
        } else {
            (Conversation(self.destination, self.source), Direction::Backward)
        }
    }
}

/// The two ends of a TCP conversation, the lower first, so that both
/// directions have the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conversation(Endpoint, Endpoint);

impl Conversation {
    /// Who sends in `direction`.
    pub fn sender(&self, direction: Direction) -> Endpoint {
        match direction {
            Direction::Forward => self.0,
            Direction::Backward => self.1,
        }
    }
}

/// One of the two directions of a conversation. Which of them is the client's
/// is known only once the handshake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the lower endpoint to the higher.
    Forward,
    /// From the higher endpoint to the lower.
    Backward,
}

impl Direction {
    /// Both directions.
    pub const BOTH: [Self; 2] = [Self::Forward, Self::Backward];

    /// The other direction.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Forward => Self::Backward,
            Self::Backward => Self::Forward,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    #[test]
    fn both_directions_are_one_conversation() {
        let a = Endpoint { address: Ipv4Addr::LOCALHOST.into(), port: 8000 };
        let b = Endpoint { address: Ipv4Addr::LOCALHOST.into(), port: 51234 };
        let (key, there) = Flow { source: a, destination: b }.conversation();
        let (same, back) = Flow { source: b, destination: a }.conversation();
        assert_eq!(key, same);
        assert_eq!(there, back.opposite());
        assert_eq!(key.sender(there), a);
        assert_eq!(key.sender(back), b);
    }

    #[test]
    fn ipv6_endpoints_stand_in_brackets() {
        let endpoint = Endpoint { address: Ipv6Addr::LOCALHOST.into(), port: 443 };
        assert_eq!(endpoint.to_string(), "[::1]:443");
    }
}

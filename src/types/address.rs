//! Who speaks with whom.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr};

/// One end of a TCP conversation.
///
/// Shown as `192.0.2.1:51234`, and IPv6 as `[2001:db8::1]:443`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// IPv4 or IPv6 address.
    pub address: IpAddr,
    /// TCP port.
    pub port: u16,
}

/// IPv4 before IPv6, then by address, then by port; as whole numbers, since it
/// is done for every packet.
impl Ord for Endpoint {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.address, other.address) {
            (IpAddr::V4(one), IpAddr::V4(two)) => {
                number(one, self.port).cmp(&number(two, other.port))
            }
            (IpAddr::V6(one), IpAddr::V6(two)) => {
                (u128::from(one), self.port).cmp(&(u128::from(two), other.port))
            }
            (IpAddr::V4(_), IpAddr::V6(_)) => Ordering::Less,
            (IpAddr::V6(_), IpAddr::V4(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Endpoint {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// In as few steps as possible.
impl Hash for Endpoint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.address {
            IpAddr::V4(address) => state.write_u64(number(address, self.port)),
            IpAddr::V6(address) => {
                state.write_u128(address.into());
                state.write_u16(self.port);
            }
        }
    }
}

/// An address and a port as one number.
fn number(address: Ipv4Addr, port: u16) -> u64 {
    u64::from(u32::from(address)) << 16 | u64::from(port)
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
    use std::net::Ipv6Addr;

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
    fn endpoints_are_ordered_by_address_and_then_by_port() {
        let v4 = |address: [u8; 4], port| Endpoint { address: address.into(), port };
        let v6 = |address: [u16; 8], port| Endpoint { address: address.into(), port };
        let ordered = [
            v4([10, 0, 0, 2], 80),
            v4([10, 0, 0, 2], 443),
            v4([10, 0, 1, 1], 1),
            v4([192, 0, 2, 1], 1),
            v6([0; 8], 1),
            v6([0, 0, 0, 0, 0, 0, 0, 1], 0),
            v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 0),
        ];
        assert!(ordered.is_sorted_by(|low, high| low < high));
        assert!(ordered.is_sorted_by_key(|endpoint| (endpoint.address, endpoint.port)));
    }

    #[test]
    fn ipv6_endpoints_stand_in_brackets() {
        let endpoint = Endpoint { address: Ipv6Addr::LOCALHOST.into(), port: 443 };
        assert_eq!(endpoint.to_string(), "[::1]:443");
    }
}

//! Servers as the user names them: `--websocket`.

use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;

use crate::types::{Conversation, Direction, Endpoint};

/// A server, by port or by address and port.
///
/// ```
/// use wsdump::filter::Server;
/// let server: Server = "[2001:db8::1]:9000".parse()?;
/// assert_eq!(server.port, 9000);
/// assert_eq!("9000".parse::<Server>()?.address, None);
/// # Ok::<(), wsdump::filter::NoServer>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its address; `None` for any.
    pub address: Option<IpAddr>,
    /// Its TCP port.
    pub port: u16,
}

/// What was given is no server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("neither a port nor an address and a port, such as 127.0.0.1:9000 or [::1]:9000")]
pub struct NoServer;

impl Server {
    /// The direction that the client sends in, if one end of `conversation` is
    /// this server.
    pub fn client(&self, conversation: &Conversation) -> Option<Direction> {
        Direction::BOTH
            .into_iter()
            .find(|direction| self.is(&conversation.sender(direction.opposite())))
    }

    fn is(&self, end: &Endpoint) -> bool {
        self.port == end.port && self.address.is_none_or(|address| address == end.address)
    }
}

impl FromStr for Server {
    type Err = NoServer;

    fn from_str(text: &str) -> Result<Self, NoServer> {
        let (address, port) = match text.rsplit_once(':') {
            None => (None, text),
            Some((address, port)) => {
                let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
                let address = match bare {
                    Some(bare) => bare.parse().map(IpAddr::V6),
                    None => address.parse().map(IpAddr::V4),
                };
                (Some(address.map_err(|_| NoServer)?), port)
            }
        };
        let port = port.parse().ok().filter(|&port| port > 0).ok_or(NoServer)?;
        Ok(Self { address, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Flow;

    #[test]
    fn by_port_or_by_address_and_port() {
        let end = |address: &str, port| Endpoint { address: address.parse().unwrap(), port };
        let flow = Flow { source: end("192.0.2.7", 51234), destination: end("2001:db8::1", 443) };
        let (conversation, direction) = flow.conversation();
        let client = |text: &str| text.parse::<Server>().unwrap().client(&conversation);
        assert_eq!(client("443"), Some(direction));
        assert_eq!(client("[2001:db8::1]:443"), Some(direction));
        assert_eq!(client("192.0.2.7:51234"), Some(direction.opposite()));
        assert_eq!(client("192.0.2.7:443"), None);
        assert_eq!(client("80"), None);
    }

    #[test]
    fn what_is_no_server() {
        for text in ["", "0", "x", "65536", "host:80", "2001:db8::1", "1.2.3.4:", "[1.2.3.4]:1"] {
            assert_eq!(text.parse::<Server>(), Err(NoServer), "{text}");
        }
    }
}

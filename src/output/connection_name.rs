//! The name of a connection: `3`, and `3.5` inside HTTP/2.

use std::fmt;
use std::str::FromStr;

use crate::types::Connection;

/// The name of a connection, as events tell it.
///
/// ```
/// use wsdump::output::ConnectionName;
/// assert_eq!("3.5".parse(), Ok(ConnectionName { stream: 3, h2_stream: Some(5) }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionName {
    /// Number of the TCP conversation.
    pub stream: u64,
    /// Stream identifier inside HTTP/2.
    pub h2_stream: Option<u32>,
}

/// A text is no name of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the number of a connection such as 3, or inside HTTP/2 3.5")]
pub struct NoConnectionName;

impl FromStr for ConnectionName {
    type Err = NoConnectionName;

    /// Reads `3` or `3.5`; also `#3`, as the text view shows it.
    fn from_str(text: &str) -> Result<Self, NoConnectionName> {
        let text = text.strip_prefix('#').unwrap_or(text);
        let (stream, h2_stream) = match text.split_once('.') {
            Some((stream, h2_stream)) => (stream, Some(number(h2_stream)?)),
            None => (text, None),
        };
        Ok(Self { stream: number(stream)?, h2_stream })
    }
}

/// Digits and nothing else.
fn number<T: FromStr>(text: &str) -> Result<T, NoConnectionName> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number).ok_or(NoConnectionName)
}

impl From<&Connection> for ConnectionName {
    fn from(connection: &Connection) -> Self {
        Self { stream: connection.stream, h2_stream: connection.h2_stream }
    }
}

impl fmt::Display for ConnectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.h2_stream {
            None => write!(f, "{}", self.stream),
            Some(h2_stream) => write!(f, "{}.{h2_stream}", self.stream),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbers() {
        for name in ["0", "3", "3.5", "18446744073709551615.4294967295"] {
            assert_eq!(name.parse::<ConnectionName>().unwrap().to_string(), name);
            assert_eq!(format!("#{name}").parse(), name.parse::<ConnectionName>());
        }
        for wrong in ["", "#", "x", "-1", "+1", "3.", ".5", "3.5.7", "3.4294967296", " 3"] {
            assert_eq!(wrong.parse::<ConnectionName>(), Err(NoConnectionName), "{wrong}");
        }
    }
}

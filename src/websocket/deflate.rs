//! Negotiating permessage-deflate (RFC 7692 §7.1).
//!
//! What was negotiated is read leniently: it tells how to inflate what follows.
//! What a strict peer makes of it is judged apart. Names are then compared
//! byte for byte, as no RFC says that their case may be ignored.

use super::header::shown;
use crate::types::{Extension, Side};

/// The extension's name.
pub(super) const NAME: &str = "permessage-deflate";

const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";
const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";

/// Base-2 logarithms of the smallest and the largest LZ77 window, in bytes
/// (RFC 7692 §7.1.2).
const MIN_WINDOW_BITS: u8 = 8;
const MAX_WINDOW_BITS: u8 = 15;

/// permessage-deflate as negotiated. `client_…` is about what the client sends,
/// `server_…` about what the server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deflate {
    /// The client compresses every message by itself (RFC 7692 §7.1.1.2).
    pub client_no_context_takeover: bool,
    /// The server compresses every message by itself (RFC 7692 §7.1.1.1).
    pub server_no_context_takeover: bool,
    /// Base-2 logarithm of the client's window, 8 to 15 (RFC 7692 §7.1.2.2).
    pub client_max_window_bits: u8,
    /// Base-2 logarithm of the server's window, 8 to 15 (RFC 7692 §7.1.2.1).
    pub server_max_window_bits: u8,
}

/// Without any parameter.
impl Default for Deflate {
    fn default() -> Self {
        Self {
            client_no_context_takeover: false,
            server_no_context_takeover: false,
            client_max_window_bits: MAX_WINDOW_BITS,
            server_max_window_bits: MAX_WINDOW_BITS,
        }
    }
}

impl Deflate {
    /// Reads the extensions that the server chose; `None` when
    /// permessage-deflate is not among them. What it cannot say counts as not
    /// said, and of a parameter given twice the last one stands.
    ///
    /// ```
    /// use wsdump::types::{Extension, Side};
    /// use wsdump::websocket::Deflate;
    /// let chosen = Extension {
    ///     name: "permessage-deflate".into(),
    ///     params: vec![("server_no_context_takeover".into(), None)],
    /// };
    /// let deflate = Deflate::negotiated(&[chosen]).unwrap();
    /// assert!(!deflate.keeps_context(Side::Server));
    /// assert_eq!(deflate.client_max_window_bits, 15);
    /// ```
    pub fn negotiated(chosen: &[Extension]) -> Option<Self> {
        let extension =
            chosen.iter().find(|extension| extension.name.eq_ignore_ascii_case(NAME))?;
        let mut deflate = Self::default();
        for (name, value) in &extension.params {
            let bits = || {
                value
                    .as_ref()
                    .and_then(|value| value.trim().parse().ok())
                    .filter(|bits| (MIN_WINDOW_BITS..=MAX_WINDOW_BITS).contains(bits))
                    .unwrap_or(MAX_WINDOW_BITS)
            };
            match name.to_ascii_lowercase().as_str() {
                CLIENT_NO_CONTEXT_TAKEOVER => deflate.client_no_context_takeover = true,
                SERVER_NO_CONTEXT_TAKEOVER => deflate.server_no_context_takeover = true,
                CLIENT_MAX_WINDOW_BITS => deflate.client_max_window_bits = bits(),
                SERVER_MAX_WINDOW_BITS => deflate.server_max_window_bits = bits(),
                _ => {}
            }
        }
        Some(deflate)
    }

    /// Whether what a side sends may refer to its earlier messages
    /// (RFC 7692 §7.1.1).
    pub const fn keeps_context(&self, side: Side) -> bool {
        match side {
            Side::Client => !self.client_no_context_takeover,
            Side::Server => !self.server_no_context_takeover,
        }
    }
}

/// What is wrong with the first offer that a server has to decline, as a
/// sentence.
pub(super) fn judge_offers(offered: &[Extension]) -> Option<String> {
    let problem = named(offered).find_map(|offer| Terms::read(offer, Side::Client).err())?;
    Some(format!("The client offered permessage-deflate with {problem}."))
}

/// Why a client has to fail the connection over the server's choice, as a
/// sentence. Without offers, which may be missing from the capture, only the
/// choice itself is judged.
pub(super) fn judge_choice(offered: Option<&[Extension]>, chosen: &[Extension]) -> Option<String> {
    let choice = named(chosen).next()?;
    let count = named(chosen).count();
    if count > 1 {
        return Some(format!("The server chose permessage-deflate {count} times."));
    }
    let terms = match Terms::read(choice, Side::Server) {
        Ok(terms) => terms,
        Err(problem) => {
            return Some(format!("The server chose permessage-deflate with {problem}."));
        }
    };
    let mut problem = None;
    for offer in named(offered?) {
        match Terms::read(offer, Side::Client).and_then(|offer| terms.answer(&offer)) {
            Ok(()) => return None,
            Err(other) => problem = problem.or(Some(other)),
        }
    }
    let count = named(offered?).count();
    let problem = problem?;
    Some(match count {
        1 => format!("The server's permessage-deflate does not answer the offer with {problem}."),
        _ => format!(
            "The server's permessage-deflate answers none of {count} offers, not the first with {problem}."
        ),
    })
}

fn named(extensions: &[Extension]) -> impl Iterator<Item = &Extension> {
    extensions.iter().filter(|extension| extension.name == NAME)
}

/// The parameters that an offer or a response has.
#[derive(Default)]
struct Terms {
    client_no_context_takeover: bool,
    server_no_context_takeover: bool,
    client_max_window_bits: Option<u8>,
    server_max_window_bits: Option<u8>,
}

impl Terms {
    /// Reads what `from` said; an error is what is wrong with it.
    fn read(extension: &Extension, from: Side) -> Result<Self, String> {
        let mut terms = Self::default();
        for (name, value) in &extension.params {
            let value = value.as_deref();
            let is_repeated = match name.as_str() {
                CLIENT_NO_CONTEXT_TAKEOVER => {
                    no_value(name, value)?;
                    std::mem::replace(&mut terms.client_no_context_takeover, true)
                }
                SERVER_NO_CONTEXT_TAKEOVER => {
                    no_value(name, value)?;
                    std::mem::replace(&mut terms.server_no_context_takeover, true)
                }
                // A client may leave the choice to the server.
                CLIENT_MAX_WINDOW_BITS if from == Side::Client && value.is_none() => {
                    terms.client_max_window_bits.replace(MAX_WINDOW_BITS).is_some()
                }
                CLIENT_MAX_WINDOW_BITS => {
                    terms.client_max_window_bits.replace(window_bits(name, value)?).is_some()
                }
                SERVER_MAX_WINDOW_BITS => {
                    terms.server_max_window_bits.replace(window_bits(name, value)?).is_some()
                }
                _ => return Err(format!("the unknown parameter {}", shown(name))),
            };
            if is_repeated {
                return Err(format!("{name} more than once"));
            }
        }
        Ok(terms)
    }

    /// Whether it is a response to `offer`; an error is what of the offer it
    /// does not respect. What the client says of its own window and context is
    /// information that a server may ignore.
    fn answer(&self, offer: &Self) -> Result<(), String> {
        if offer.server_no_context_takeover && !self.server_no_context_takeover {
            return Err(format!("{SERVER_NO_CONTEXT_TAKEOVER}, which it lacks"));
        }
        match (offer.server_max_window_bits, self.server_max_window_bits) {
            (Some(most), None) => {
                return Err(format!("{SERVER_MAX_WINDOW_BITS}={most}, which it lacks"));
            }
            (Some(most), Some(bits)) if bits > most => {
                return Err(format!("{SERVER_MAX_WINDOW_BITS}={most}, as it has {bits}"));
            }
            _ => {}
        }
        if offer.client_max_window_bits.is_none() && self.client_max_window_bits.is_some() {
            return Err(format!("no {CLIENT_MAX_WINDOW_BITS}, which it has"));
        }
        Ok(())
    }
}

fn no_value(name: &str, value: Option<&str>) -> Result<(), String> {
    match value {
        None => Ok(()),
        Some(value) => Err(format!("the value {} for {name}, which takes none", shown(value))),
    }
}

/// 8 to 15 without leading zeros (RFC 7692 §7.1.2).
fn window_bits(name: &str, value: Option<&str>) -> Result<u8, String> {
    let Some(value) = value else {
        return Err(format!("no value for {name}"));
    };
    let is_canonical = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    value
        .parse()
        .ok()
        .filter(|bits| is_canonical && (MIN_WINDOW_BITS..=MAX_WINDOW_BITS).contains(bits))
        .ok_or_else(|| format!("the value {} for {name}, which takes 8 to 15", shown(value)))
}

#[cfg(test)]
mod tests {
    use super::super::header::extensions;
    use super::*;

    #[test]
    fn what_was_negotiated() {
        let deflate = |value: &str| Deflate::negotiated(&extensions(value));
        let default = Deflate::default();
        assert_eq!(deflate(""), None);
        assert_eq!(deflate("x-webkit-deflate-frame; no_context_takeover"), None);
        assert_eq!(deflate("permessage-deflate"), Some(default));
        assert_eq!(
            deflate(
                "x, Permessage-Deflate; server_no_context_takeover; Client_Max_Window_Bits=\"10\""
            ),
            Some(Deflate {
                server_no_context_takeover: true,
                client_max_window_bits: 10,
                ..default
            })
        );
        assert_eq!(
            deflate("permessage-deflate; server_max_window_bits=12; server_max_window_bits=09"),
            Some(Deflate { server_max_window_bits: 9, ..default })
        );
        for unreadable in ["", "=", "=7", "=16", "=x", "=-8", "=999"] {
            let value = format!("permessage-deflate; client_max_window_bits{unreadable}; z=1");
            assert_eq!(deflate(&value), Some(default), "{value}");
        }
    }

    #[test]
    fn each_side_keeps_its_own_context() {
        for side in [Side::Client, Side::Server] {
            let value = format!("permessage-deflate; {side}_no_context_takeover");
            let deflate = Deflate::negotiated(&extensions(&value)).unwrap();
            assert!(!deflate.keeps_context(side));
            assert!(deflate.keeps_context(side.opposite()));
        }
    }

    #[test]
    fn offers_that_may_be_accepted() {
        for offers in [
            "",
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
            "permessage-deflate; server_max_window_bits=10, permessage-deflate",
            "permessage-deflate; client_max_window_bits=8; server_max_window_bits=\"15\"",
            "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
            "x-webkit-deflate-frame; max_window_bits=99",
            "Permessage-Deflate; of_no=matter",
        ] {
            assert_eq!(judge_offers(&extensions(offers)), None, "{offers}");
        }
    }

    #[test]
    fn offers_that_have_to_be_declined() {
        for (params, problem) in [
            ("foo", "the unknown parameter \"foo\""),
            ("Client_Max_Window_Bits", "the unknown parameter \"Client_Max_Window_Bits\""),
            (
                "client_max_window_bits; client_max_window_bits=9",
                "client_max_window_bits more than once",
            ),
            (
                "server_no_context_takeover; server_no_context_takeover",
                "server_no_context_takeover more than once",
            ),
            (
                "client_no_context_takeover=1",
                "the value \"1\" for client_no_context_takeover, which takes none",
            ),
            ("server_max_window_bits", "no value for server_max_window_bits"),
            (
                "server_max_window_bits=7",
                "the value \"7\" for server_max_window_bits, which takes 8 to 15",
            ),
            (
                "client_max_window_bits=16",
                "the value \"16\" for client_max_window_bits, which takes 8 to 15",
            ),
            (
                "client_max_window_bits=08",
                "the value \"08\" for client_max_window_bits, which takes 8 to 15",
            ),
            (
                "client_max_window_bits=+9",
                "the value \"+9\" for client_max_window_bits, which takes 8 to 15",
            ),
        ] {
            let offers = extensions(&format!("permessage-deflate, permessage-deflate; {params}"));
            let detail = format!("The client offered permessage-deflate with {problem}.");
            assert_eq!(judge_offers(&offers), Some(detail));
        }
    }

    #[test]
    fn choices_that_answer_an_offer() {
        for (offer, choice) in [
            ("", ""),
            (
                "",
                "server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8",
            ),
            ("client_no_context_takeover", ""),
            ("server_no_context_takeover", "server_no_context_takeover"),
            ("server_max_window_bits=10", "server_max_window_bits=10"),
            ("server_max_window_bits=10", "server_max_window_bits=9"),
            ("client_max_window_bits", ""),
            ("client_max_window_bits", "client_max_window_bits=\"12\""),
            // The server may ignore what the client says of its own window.
            ("client_max_window_bits=10", "client_max_window_bits=11"),
            ("server_max_window_bits=10, permessage-deflate", ""),
            ("foo, permessage-deflate; server_max_window_bits=9", "server_max_window_bits=9"),
        ] {
            let offers = extensions(&format!("permessage-deflate; {offer}"));
            let choice = extensions(&format!("x; y, permessage-deflate; {choice}"));
            assert_eq!(judge_choice(Some(&offers), &choice), None, "{offers:?} {choice:?}");
            assert_eq!(judge_choice(None, &choice), None, "{choice:?}");
        }
        assert_eq!(judge_choice(Some(&extensions("permessage-deflate; z")), &[]), None);
    }

    #[test]
    fn choices_that_answer_no_offer() {
        for (offers, choice, problem) in [
            (
                "permessage-deflate; server_no_context_takeover",
                "permessage-deflate",
                "does not answer the offer with server_no_context_takeover, which it lacks",
            ),
            (
                "permessage-deflate; server_max_window_bits=10",
                "permessage-deflate",
                "does not answer the offer with server_max_window_bits=10, which it lacks",
            ),
            (
                "permessage-deflate; server_max_window_bits=10",
                "permessage-deflate; server_max_window_bits=11",
                "does not answer the offer with server_max_window_bits=10, as it has 11",
            ),
            (
                "permessage-deflate",
                "permessage-deflate; client_max_window_bits=15",
                "does not answer the offer with no client_max_window_bits, which it has",
            ),
            (
                "permessage-deflate; foo",
                "permessage-deflate",
                "does not answer the offer with the unknown parameter \"foo\"",
            ),
            (
                "permessage-deflate; server_max_window_bits=9, permessage-deflate; foo",
                "permessage-deflate",
                "answers none of 2 offers, not the first with server_max_window_bits=9, which it lacks",
            ),
        ] {
            let (offers, choice) = (extensions(offers), extensions(choice));
            let detail = format!("The server's permessage-deflate {problem}.");
            assert_eq!(judge_choice(Some(&offers), &choice), Some(detail));
            assert_eq!(judge_choice(None, &choice), None, "nothing is known of offers");
        }
    }

    #[test]
    fn choices_that_no_offer_allows() {
        let offers = extensions("permessage-deflate; client_max_window_bits");
        for choice in [
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; foo=1",
            "permessage-deflate; server_no_context_takeover=true",
            "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
            "permessage-deflate, permessage-deflate",
        ] {
            let choice = extensions(choice);
            assert!(judge_choice(Some(&offers), &choice).is_some(), "{choice:?}");
            assert!(judge_choice(None, &choice).is_some(), "{choice:?}");
        }
    }
}

//! What connections are told apart by: the path that they were asked for at.

use super::quoted::{raw, string};
use crate::types::{Handshake, stable_path};

/// Bytes of a path that is told apart from others. Longer ones are made up.
const LONGEST: usize = 256;

/// What connections of a group have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The capture does not have what the client asked for.
    Unknown,
    /// A path with `*` for each segment that is an id.
    Path(String),
}

impl Place {
    /// That of a connection; `None` where no filter of a decent length is known for it.
    pub(super) fn of(handshake: Option<&Handshake>) -> Option<Self> {
        let Some(target) = handshake.and_then(|handshake| handshake.target.as_deref()) else {
            return Some(Self::Unknown);
        };
        let path = target.split(['?', '#']).next().unwrap_or_default();
        // What is no path, or has a segment that looks like one left out.
        let is_plain = path.starts_with('/') && path.split('/').all(|segment| segment != "*");
        (is_plain && path.len() <= LONGEST).then(|| Self::Path(stable_path(path)))
    }

    /// As people call it, as it was sent.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Unknown => "unknown path",
            Self::Path(path) => path,
        }
    }

    /// The filter that selects its connections: all of them asked for `only` that,
    /// if it is known to be so.
    pub(super) fn filter(&self, only: Option<&str>, is_like_another: bool) -> String {
        let path = match self {
            Self::Unknown => return "!http.request.uri".to_owned(),
            Self::Path(path) => path,
        };
        if let Some(only) = only.filter(|only| only == path) {
            return format!("http.request.uri == {}", string(only));
        }
        // Regular expressions do not care for case unless they are told to.
        let case = if is_like_another { "(?-i)" } else { "" };
        let id = if is_like_another { ID_OF_EITHER_CASE } else { ID };
        let segments: Vec<String> = path
            .split('/')
            .map(|segment| if segment == "*" { id.to_owned() } else { regex::escape(segment) })
            .collect();
        format!(
            "http.request.uri matches {}",
            raw(&format!("{case}^{}([?#]|$)", segments.join("/")))
        )
    }

    /// Whether regular expressions that do not care for case could take one for the
    /// other.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.name().to_lowercase() == other.name().to_lowercase()
    }
}

/// What [`stable_path`] takes for an id.
const ID: &str = "([0-9]+|[0-9a-f]{8,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})";
const ID_OF_EITHER_CASE: &str =
    "([0-9]+|[0-9A-Fa-f]{8,}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})";

#[cfg(test)]
mod tests {
    use super::*;

    fn place(target: &str) -> Option<Place> {
        let handshake = Handshake { target: Some(target.to_owned()), ..Handshake::default() };
        Place::of(Some(&handshake))
    }

    #[test]
    fn connections_that_ask_for_the_same_have_one_place() {
        let path = |path: &str| Some(Place::Path(path.to_owned()));
        assert_eq!(place("/rooms/42/chat?x=/1"), path("/rooms/*/chat"));
        assert_eq!(place("/"), path("/"));
        assert_eq!(Place::of(None), Some(Place::Unknown));
        assert_eq!(Place::of(Some(&Handshake::default())), Some(Place::Unknown));
        for target in ["ws://host/chat", "*", "/a/*/b", "", &format!("/{}", "x".repeat(256))] {
            assert_eq!(place(target), None, "{target}");
        }
    }

    #[test]
    fn filters_select_the_targets_of_their_place_alone() {
        let targets = [
            "/a.b",
            "/aXb",
            "/A.B",
            "/a.b?x",
            "/a.b#x",
            "/a.b/",
            "/a.b/7",
            "/a.b/7?y",
            "/a.b/x",
            "/a.b/0badCAFE",
            "/a.b/3f0d4d9a-7e52-4b1c-9a52-1e6c9f3b2d10",
            "/a.b/3f0d4d9a-7e52",
            r#"/"quoted"\"#,
            r#"/"quoted"\?x"#,
            "/'",
            "/^[a]",
            "/^[a]?x",
        ];
        for one in targets {
            let here = place(one).unwrap();
            let is_like_another = targets.iter().any(|other| {
                let other = place(other).unwrap();
                other != here && other.is_like(&here)
            });
            let filter = here.filter(None, is_like_another).replace("http.request.uri", "json");
            let filter: crate::filter::Filter = filter.parse().unwrap();
            for other in targets {
                let is_same = place(other).unwrap() == here;
                assert_eq!(super::super::tests::selects(&filter, other), is_same, "{one} {other}");
            }
        }
        assert_eq!(
            place("/chat").unwrap().filter(Some("/chat"), false),
            r#"http.request.uri == "/chat""#
        );
        assert_eq!(
            place("/chat?a").unwrap().filter(Some("/chat?a"), false),
            r#"http.request.uri matches r"^/chat([?#]|$)""#
        );
    }
}

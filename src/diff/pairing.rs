//! Which connections are compared with one another.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use super::digest::{Digest, Digester};
use super::recording::Talk;
use super::rules::Rules;
use crate::types::{Side, stable_path};

/// Pairs of connections by their places in each capture, in order of the first.
///
/// Those that asked for the same path and query are paired in order; then of the rest
/// those that did but for ids. Of either first those on which the same was said, as
/// clients that connect at the same time overtake one another. Host and port do not
/// matter, as tests run their servers anywhere. Those whose handshake the capture does
/// not have are paired in the same way.
pub(super) fn pair(old: &[Talk], new: &[Talk], rules: &Rules) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let target = |talk: &Talk| talk.target.as_deref().map(|target| relative(target).to_owned());
    by(|talk| (target(talk), said_on(talk)), old, new, &mut pairs);
    by(target, old, new, &mut pairs);
    if rules.has_defaults() {
        let stable = |talk: &Talk| talk.target.as_deref().map(|target| stable(target, rules));
        by(|talk| (stable(talk), said_on(talk)), old, new, &mut pairs);
        by(stable, old, new, &mut pairs);
    }
    let path = |talk: &Talk| talk.target.as_deref().map(|target| path(target, rules));
    by(|talk| (path(talk), said_on(talk)), old, new, &mut pairs);
    by(|talk| (path(talk), messages_of(talk)), old, new, &mut pairs);
    by(path, old, new, &mut pairs);
    pairs.sort_unstable();
    pairs
}

/// Equal for connections on which each side said the same, and which were opened so.
fn said_on(talk: &Talk) -> (Option<Digest>, Digest) {
    (talk.handshake.as_ref().map(|said| said.digest), messages_of(talk))
}

/// Equal for connections on which each side said the same.
fn messages_of(talk: &Talk) -> Digest {
    let mut digester = Digester::of("talk");
    for from in [Side::Client, Side::Server] {
        let mut of_side = Digester::of("side");
        let said = talk.messages.iter().filter(|said| said.from() == Some(from));
        said.for_each(|said| of_side.digest(said.digest));
        digester.digest(of_side.end());
    }
    digester.end()
}

fn by<K: Eq + Hash>(
    key: impl Fn(&Talk) -> K,
    old: &[Talk],
    new: &[Talk],
    pairs: &mut Vec<(usize, usize)>,
) {
    let mut is_paired = vec![false; new.len()];
    let mut waiting: HashMap<K, VecDeque<usize>> = HashMap::new();
    for (_, at) in pairs.iter() {
        if let Some(is_paired) = is_paired.get_mut(*at) {
            *is_paired = true;
        }
    }
    for ((at, talk), _) in new.iter().enumerate().zip(&is_paired).filter(|(_, paired)| !**paired) {
        waiting.entry(key(talk)).or_default().push_back(at);
    }
    let mut known: VecDeque<usize> = pairs.iter().map(|(old, _)| *old).collect();
    for (at, talk) in old.iter().enumerate() {
        if known.front() == Some(&at) {
            known.pop_front();
            continue;
        }
        if let Some(partner) = waiting.get_mut(&key(talk)).and_then(VecDeque::pop_front) {
            pairs.push((at, partner));
        }
    }
    pairs.sort_unstable();
}

/// A target without scheme, host and port.
fn relative(target: &str) -> &str {
    match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => {
            rest.find('/').and_then(|path| rest.get(path..)).unwrap_or("/")
        }
        _ => target,
    }
}

/// A target without its ids, the parameters of its query in order.
fn stable(target: &str, rules: &Rules) -> String {
    let (_, query) = cut(target);
    let mut query: Vec<String> = query
        .map(|(name, value)| match rules.parameter(name.as_bytes(), value.as_bytes()) {
            Some(varying) => format!("{name}={{{}}}", varying.name()),
            None => format!("{name}={value}"),
        })
        .collect();
    query.sort_unstable();
    format!("{}?{}", path(target, rules), query.join("&"))
}

/// The path of a target, without its ids unless they are to be compared.
fn path(target: &str, rules: &Rules) -> String {
    let (path, _) = cut(target);
    if !rules.has_defaults() {
        return path.to_owned();
    }
    let segments = path.split('/');
    let stable = segments.map(|segment| if is_id(segment, rules) { "{}" } else { segment });
    stable.collect::<Vec<_>>().join("/")
}

/// The ids in a target, in order.
pub(super) fn ids<'a>(target: &'a str, rules: &Rules) -> Vec<&'a str> {
    let (path, query) = cut(target);
    let path = path.split('/').filter(|segment| is_id(segment, rules));
    let mut query: Vec<(&str, &str)> = query
        .filter(|(name, value)| {
            rules
                .parameter(name.as_bytes(), value.as_bytes())
                .is_some_and(|varying| varying.is_id())
        })
        .collect();
    // By name alone: which of two ids comes first in the alphabet is an accident.
    query.sort_by_key(|(name, _)| *name);
    path.chain(query.into_iter().map(|(_, value)| value)).collect()
}

/// The path of a target, and the parameters of its query.
pub(super) fn cut(target: &str) -> (&str, impl Iterator<Item = (&str, &str)>) {
    let target = relative(target);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parameters = query.split('&').filter(|parameter| !parameter.is_empty());
    (path, parameters.map(|parameter| parameter.split_once('=').unwrap_or((parameter, ""))))
}

/// Whether a segment of a path is an id, or a token.
fn is_id(segment: &str, rules: &Rules) -> bool {
    stable_path(segment) == "*" || rules.text(b"id", segment.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::ConnectionName;

    fn talks(targets: &[&str]) -> Vec<Talk> {
        let talk = |target: &&str| Talk {
            name: ConnectionName { stream: 0, h2_stream: None },
            target: (!target.is_empty()).then(|| (*target).into()),
            url: None,
            handshake: None,
            messages: Vec::new(),
            marks: None,
            is_selected: true,
        };
        targets.iter().map(talk).collect()
    }

    fn paired(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
        pair(&talks(old), &talks(new), &Rules::new(Vec::new(), true))
    }

    #[test]
    fn the_same_path_and_query_are_paired_in_order() {
        assert_eq!(paired(&["/a", "/b", "/a"], &["/a", "/a", "/b"]), [(0, 0), (1, 2), (2, 1)]);
        assert_eq!(paired(&["/a?x=1"], &["/b?x=1"]), []);
        assert_eq!(paired(&["/a"], &["http://host:8080/a"]), [(0, 0)]);
        assert_eq!(paired(&["", "/a"], &["/a", ""]), [(0, 1), (1, 0)]);
    }

    #[test]
    fn ids_of_one_name_keep_their_order() {
        let rules = Rules::new(Vec::new(), true);
        let target = "/x?id=q6XTvSQXbZy42ya1AAAA&a=HnpqffY9n1Y20me3AAAA&id=LxgJVzEC3_Twb9m8AAAA";
        assert_eq!(ids(target, &rules), ["q6XTvSQXbZy42ya1AAAA", "LxgJVzEC3_Twb9m8AAAA"]);
    }

    #[test]
    fn what_is_left_of_the_same_path_is_paired_whatever_the_query() {
        assert_eq!(paired(&["/a?x=1"], &["/a?x=2"]), [(0, 0)]);
        assert_eq!(paired(&["/a?x=1", "/a?x=2"], &["/a?x=2", "/a?x=3"]), [(0, 1), (1, 0)]);
        assert_eq!(paired(&["/a/17?x=1"], &["/a/18"]), [(0, 0)]);
    }

    #[test]
    fn ids_are_passed_over_where_nothing_is_the_same() {
        assert_eq!(paired(&["/rooms/17/ws"], &["/rooms/18/ws"]), [(0, 0)]);
        assert_eq!(
            paired(&["/rooms/17", "/rooms/18"], &["/rooms/18", "/rooms/19"]),
            [(0, 1), (1, 0)]
        );
        assert_eq!(
            paired(&["/ws?sid=LxgJVzEC3_Twb9m8AAAA&v=1"], &["/ws?v=1&sid=q6XTvSQXbZy42ya1AAAA"]),
            [(0, 0)]
        );
        assert_eq!(paired(&["/rooms/a"], &["/rooms/b"]), []);
        let exact = Rules::new(Vec::new(), false);
        assert_eq!(pair(&talks(&["/rooms/17"]), &talks(&["/rooms/18"]), &exact), []);
    }
}

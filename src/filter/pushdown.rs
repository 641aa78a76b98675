//! What of a selection and a filter the kernel can decide, as libpcap's filter
//! language.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::field::{Role, Source, Version};
use super::program::{Leaf, Node, Operand, Test};
use super::ranges::Ranges;
use super::{Filter, Selection};

/// Packets that may carry TCP although their first headers do not show it, or
/// not its ports: fragments, IPv4 with other protocols inside, IPv6 with
/// extension headers, and whatever is not IP but may lead to it, as VLAN tags
/// and PPPoE do. The kernel takes the outer VLAN tag away before it filters;
/// `vlan` would ask for it and change the meaning of all that follows.
const BEYOND: &str = "ip[6:2] & 0x3fff != 0 \
    or (ip and not (ip proto 6 or ip proto 17 or ip proto 1)) \
    or (ip6 and not (ip6[6] = 6 or ip6[6] = 17 or ip6[6] = 58)) \
    or not (ip or ip6 or arp)";

/// Addresses and ports of which the kernel is told. Beyond that, compiling takes
/// long, and kernels refuse the result.
const MOST_TERMS: usize = 64;

/// A filter for libpcap that passes every packet of a conversation that is
/// selected and of which the filter may select events, and others: what it
/// passes has to be checked. `None` when every packet may matter. A filter that
/// asks for the numbers of packets or conversations has no part in it, since
/// those count what was captured.
///
/// ```
/// use wsdump::filter::{Filter, Selection, bpf};
/// let selection = Selection { ports: vec![80], ..Selection::default() };
/// assert!(bpf(&selection, None).unwrap().starts_with("(tcp and (port 80)) or "));
/// let filter: Filter = "ip.src == 192.0.2.1 && websocket.opcode == 1".parse()?;
/// let both = bpf(&selection, Some(&filter)).unwrap();
/// assert!(both.starts_with("(tcp and (port 80) and (net 192.0.2.1/32)) or "));
/// # Ok::<(), wsdump::filter::FilterError>(())
/// ```
pub fn bpf(selection: &Selection, filter: Option<&Filter>) -> Option<String> {
    let networks = selection.networks.iter().map(|network| format!("net {}", network.trunc()));
    let ports = selection.ports.iter().map(|port| format!("port {port}"));
    let filter = filter.filter(|filter| !filter.checked.has_counts);
    let filter = filter.map_or(Condition::Any, |filter| may_hold(&filter.checked.root, true));
    let all = Condition::Any.and(Condition::any_of(networks.collect()));
    match all.and(Condition::any_of(ports.collect())).and(filter) {
        Condition::Any => None,
        Condition::If { text, .. } => Some(format!("(tcp and {text}) or {BEYOND}")),
    }
}

/// What a packet has to be for its conversation to matter.
enum Condition {
    /// Anything.
    Any,
    If {
        text: String,
        terms: usize,
    },
}

impl Condition {
    /// One of these; anything where there are none, or very many.
    fn any_of(all: Vec<String>) -> Self {
        match all.len() {
            0 => Self::Any,
            terms if terms > MOST_TERMS => Self::Any,
            terms => Self::If { text: format!("({})", all.join(" or ")), terms },
        }
    }

    /// Both; where that would be too long, one of them.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any, one) | (one, Self::Any) => one,
            (Self::If { text, terms }, Self::If { text: other, terms: more }) => {
                match terms + more > MOST_TERMS {
                    true => Self::If { text, terms },
                    false => Self::If { text: format!("{text} and {other}"), terms: terms + more },
                }
            }
        }
    }

    /// Any of the two.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => Self::Any,
            (Self::If { text, terms }, Self::If { text: other, terms: more }) => {
                match terms + more > MOST_TERMS {
                    true => Self::Any,
                    false => {
                        Self::If { text: format!("(({text}) or ({other}))"), terms: terms + more }
                    }
                }
            }
        }
    }

    fn not(self) -> Self {
        match self {
            // Whatever it is not is unknown.
            Self::Any => Self::Any,
            Self::If { text, terms } => Self::If { text: format!("(not {text})"), terms },
        }
    }
}

/// What a packet has to be so that a part of a filter can be true, or false, of
/// anything in its conversation.
fn may_hold(node: &Node, truth: bool) -> Condition {
    match (node, truth) {
        (Node::And(parts), true) | (Node::Or(parts), false) => {
            let conditions = parts.iter().map(|part| may_hold(part, truth));
            conditions.reduce(Condition::and).unwrap_or(Condition::Any)
        }
        (Node::Or(parts), true) | (Node::And(parts), false) => {
            let conditions = parts.iter().map(|part| may_hold(part, truth));
            conditions.reduce(Condition::or).unwrap_or(Condition::Any)
        }
        (Node::Not(negated), truth) => may_hold(negated, !truth),
        (Node::Leaf(leaf), truth) => leaf_may_hold(leaf, truth),
        (Node::Xor(_) | Node::Remembered(..), _) => Condition::Any,
    }
}

/// A packet is of either direction: what one end must be, either may be in it.
fn leaf_may_hold(leaf: &Leaf, truth: bool) -> Condition {
    let (Operand::Field(source), Test::Within(ranges)) = (&leaf.operand, &leaf.test) else {
        return Condition::Any;
    };
    let (role, is_always_there, inside) = match source {
        Source::Address(version, role) => (*role, false, networks(ranges, *version)),
        Source::Port(role) => (*role, true, ports(ranges)),
        _ => return Condition::Any,
    };
    let is_either = role == Role::Any;
    match (truth, leaf.is_for_all, leaf.is_negated) {
        // One end at least is inside.
        (true, _, false) => inside,
        // None is inside.
        (true, true, true) | (false, false, false) if is_either => inside.not(),
        // It is not so that none is inside.
        (false, true, true) if is_either && is_always_there => inside,
        _ => Condition::Any,
    }
}

fn ports(ranges: &Ranges) -> Condition {
    let last_port = u128::from(u16::MAX);
    let term = |(first, last): (u128, u128)| match (first, last.min(last_port)) {
        (first, last) if first == last => format!("port {first}"),
        (first, last) => format!("portrange {first}-{last}"),
    };
    let is_possible = |(first, _): &(u128, u128)| *first <= last_port;
    Condition::any_of(ranges.iter().filter(is_possible).map(term).collect())
}

fn networks(ranges: &Ranges, version: Version) -> Condition {
    let bits = match version {
        Version::V4 => u32::BITS,
        Version::V6 => u128::BITS,
    };
    let mut all = Vec::new();
    for (first, last) in ranges.iter() {
        let highest = u128::MAX >> (u128::BITS - bits);
        for (address, prefix) in blocks(first, last.min(highest), bits) {
            all.push(match version {
                Version::V4 => format!("net {}/{prefix}", Ipv4Addr::from(address as u32)),
                Version::V6 => format!("net {}/{prefix}", Ipv6Addr::from(address)),
            });
            if all.len() > MOST_TERMS {
                return Condition::Any;
            }
        }
    }
    Condition::any_of(all)
}

/// The networks that addresses from `first` to `last` consist of, each with the
/// length of its prefix.
fn blocks(first: u128, last: u128, bits: u32) -> impl Iterator<Item = (u128, u32)> {
    let mut next = Some(first).filter(|first| *first <= last);
    std::iter::from_fn(move || {
        let first = next?;
        // As large as its first address allows, and the last.
        let mut size = first.trailing_zeros().min(bits);
        let end = |size: u32| first | 1_u128.checked_shl(size).map_or(u128::MAX, |size| size - 1);
        while end(size) > last {
            size -= 1;
        }
        next = end(size).checked_add(1).filter(|first| *first <= last);
        Some((first, bits - size))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(networks: &[&str], ports: &[u16], filter: &str) -> Option<String> {
        let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
        let filter = (!filter.is_empty()).then(|| Filter::parse(filter).unwrap());
        let whole = bpf(&Selection { networks, ports: ports.to_vec() }, filter.as_ref())?;
        let pushed = whole.strip_suffix(BEYOND).unwrap().strip_suffix(" or ").unwrap();
        let pushed = pushed.strip_prefix("(tcp and ").unwrap().strip_suffix(")").unwrap();
        Some(pushed.to_owned())
    }

    #[test]
    fn each_kind_of_a_selection_is_one_condition() {
        assert_eq!(pushed(&[], &[], ""), None);
        assert_eq!(pushed(&[], &[80, 443], "").unwrap(), "(port 80 or port 443)");
        // libpcap refuses a network with bits set beyond its prefix.
        assert_eq!(pushed(&["10.1.2.3/8"], &[], "").unwrap(), "(net 10.0.0.0/8)");
        assert_eq!(
            pushed(&["::1/128", "127.0.0.1/32"], &[80], "").unwrap(),
            "(net ::1/128 or net 127.0.0.1/32) and (port 80)",
        );
        let many: Vec<u16> = (1..=65).collect();
        assert_eq!(pushed(&["::1/128"], &many, "").unwrap(), "(net ::1/128)");
    }

    #[test]
    fn what_holds_for_whole_conversations_is_pushed_down() {
        let pushed = |filter| pushed(&[], &[], filter);
        for (filter, condition) in [
            ("ip.addr == 10.0.0.0/8", "(net 10.0.0.0/8)"),
            // Its answers count, too.
            ("ip.src == 10.1.2.3", "(net 10.1.2.3/32)"),
            ("ipv6.dst == ::1", "(net ::1/128)"),
            ("tcp.port in {80, 8000..8999, 81}", "(portrange 80-81 or portrange 8000-8999)"),
            ("tcp.srcport > 1023", "(portrange 1024-65535)"),
            ("all tcp.port >= 65535", "(port 65535)"),
            ("ip.addr != 10.1.2.3", "(not (net 10.1.2.3/32))"),
            ("!(tcp.port == 80)", "(not (port 80))"),
            ("!(tcp.port != 80)", "(port 80)"),
            (
                "ip.addr in {127.0.0.1..127.0.0.4}",
                "(net 127.0.0.1/32 or net 127.0.0.2/31 or net 127.0.0.4/32)",
            ),
            (
                "tcp.port == 80 && websocket.opcode == 1 && ip.addr == 10.1.2.3",
                "(port 80) and (net 10.1.2.3/32)",
            ),
            ("tcp.port == 80 || ip.addr == 10.1.2.3", "(((port 80)) or ((net 10.1.2.3/32)))"),
            ("!(tcp.port == 80 || websocket)", "(not (port 80))"),
            ("!(!(tcp.port == 80) || json.a == 1)", "(port 80)"),
        ] {
            assert_eq!(pushed(filter).as_deref(), Some(condition), "{filter}");
        }
        for filter in [
            "websocket",
            "tcp.port == 80 || websocket",
            "!(ip.src == 10.1.2.3)",
            "ip.src != 10.1.2.3",
            "!(ip.addr != 10.1.2.3)",
            "ip.addr !== 10.1.2.3",
            "tcp.port == 80 ^^ tcp.port == 81",
            "http.host == x",
            "ip.host == \"10.1.2.3\"",
            "ip.addr > 10.1.2.3",
            "tcp.port == 80 && frame.number < 100",
            "tcp.port == 80 && !(tcp.stream == 1)",
            "tcp.port == 80 && len(ws.connection) == 1",
        ] {
            let pushed = pushed(filter);
            // A long list of networks is nothing for the kernel either.
            assert!(pushed.is_none() || filter.contains('>'), "{filter}: {pushed:?}");
        }
    }

    #[test]
    fn addresses_are_taken_apart_into_networks() {
        let all = |first, last| blocks(first, last, 32).collect::<Vec<_>>();
        assert_eq!(all(0, 0xffff_ffff), [(0, 0)]);
        assert_eq!(all(5, 5), [(5, 32)]);
        assert_eq!(all(1, 6), [(1, 32), (2, 31), (4, 31), (6, 32)]);
        assert_eq!(all(6, 1), []);
        assert_eq!(blocks(0, u128::MAX, 128).collect::<Vec<_>>(), [(0, 0)]);
        for (first, last) in [(3, 1000), (7, 8), (1, 0xffff_fffe)] {
            let sum: u128 =
                all(first, last).iter().map(|(_, prefix)| 1_u128 << (32 - prefix)).sum();
            assert_eq!(sum, last - first + 1);
        }
    }
}

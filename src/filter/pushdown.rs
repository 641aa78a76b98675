//! What of a selection the kernel can decide, as libpcap's filter language.

use std::fmt::Display;

use super::Selection;

/// Packets that may carry TCP although their first headers do not show it, or
/// not its ports: fragments, IPv4 with other protocols inside, IPv6 with
/// extension headers, and whatever is not IP but may lead to it, as VLAN tags
/// and PPPoE do. The kernel takes the outer VLAN tag away before it filters;
/// `vlan` would ask for it and change the meaning of all that follows.
const BEYOND: &str = "ip[6:2] & 0x3fff != 0 \
    or (ip and not (ip proto 6 or ip proto 17 or ip proto 1)) \
    or (ip6 and not (ip6[6] = 6 or ip6[6] = 17 or ip6[6] = 58)) \
    or not (ip or ip6 or arp)";

impl Selection {
    /// A filter for libpcap that passes every packet of a conversation that is
    /// selected, and others: what it passes has to be checked. `None` when
    /// everything is selected.
    ///
    /// ```
    /// use wsdump::filter::Selection;
    /// let selection = Selection { ports: vec![80], ..Selection::default() };
    /// assert!(selection.bpf().unwrap().starts_with("(tcp and (port 80)) or "));
    /// ```
    pub fn bpf(&self) -> Option<String> {
        let networks = any("net", self.networks.iter().map(|network| network.trunc()));
        let ports = any("port", &self.ports);
        let selected: Vec<String> = networks.into_iter().chain(ports).collect();
        (!selected.is_empty()).then(|| format!("(tcp and {}) or {BEYOND}", selected.join(" and ")))
    }
}

/// `(port 1 or port 2)`; `None` of nothing.
fn any(what: &str, values: impl IntoIterator<Item = impl Display>) -> Option<String> {
    let all: Vec<String> = values.into_iter().map(|value| format!("{what} {value}")).collect();
    (!all.is_empty()).then(|| format!("({})", all.join(" or ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bpf(networks: &[&str], ports: &[u16]) -> Option<String> {
        let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
        Selection { networks, ports: ports.to_vec() }.bpf()
    }

    #[test]
    fn each_kind_is_one_condition() {
        assert_eq!(bpf(&[], &[]), None);
        let begins = |filter: Option<String>, with: &str| {
            let filter = filter.unwrap();
            assert_eq!(filter.strip_suffix(BEYOND), Some(with));
        };
        begins(bpf(&[], &[80, 443]), "(tcp and (port 80 or port 443)) or ");
        // libpcap refuses a network with bits set beyond its prefix.
        begins(bpf(&["10.1.2.3/8"], &[]), "(tcp and (net 10.0.0.0/8)) or ");
        begins(
            bpf(&["::1/128", "127.0.0.1/32"], &[80]),
            "(tcp and (net ::1/128 or net 127.0.0.1/32) and (port 80)) or ",
        );
    }
}

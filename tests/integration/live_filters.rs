//! Filters on live traffic: several servers at once, of which some are shown.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::Value;

use crate::command::skip;
use crate::live::Watch;
use crate::traffic::{Client, Server};

/// Servers on three addresses, each on a port of its own. `None` where there is
/// no IPv6.
fn servers() -> Option<[Server; 3]> {
    let other = Ipv4Addr::new(127, 0, 0, 2);
    let addresses: [IpAddr; 3] =
        [Ipv4Addr::LOCALHOST.into(), other.into(), Ipv6Addr::LOCALHOST.into()];
    let [one, two, three] = addresses.map(Server::start);
    // Systems differ in whether 127.0.0.2 is theirs, too.
    match (one, two, three) {
        (Some(one), Some(two), Some(three)) => Some([one, two, three]),
        _ => {
            skip("ipv6", "127.0.0.1, 127.0.0.2 and ::1 are not all addresses of this machine");
            None
        }
    }
}

/// A client of each server says which it is, on behalf of a test, and leaves.
fn talk(servers: &[Server; 3], test: &str) {
    let mut clients = servers.each_ref().map(Server::connect);
    for (client, number) in clients.iter_mut().zip(["one", "two", "three"]) {
        client.mutter(format!("-{test} {number}"));
    }
    clients.into_iter().for_each(Client::close);
}

/// What was said on behalf of a test, of lines in JSON: other tests speak at the
/// same time.
fn heard(lines: &[String], test: &str) -> Vec<String> {
    let events = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let begin = format!("-{test} ");
    events
        .filter_map(|event| Some(event["text"].as_str()?.strip_prefix(&begin)?.to_owned()))
        .collect()
}

#[test]
fn each_filter_shows_its_servers() {
    let Some(servers) = servers() else { return };
    let [one, two, three] = servers.each_ref().map(|server| server.address);
    let cases = [
        ("ip.addr == 127.0.0.2".to_owned(), &["two"][..]),
        (format!("ip.dst eq 127.0.0.1 && tcp.dstport == {}", one.port()), &["one"]),
        (format!("tcp.port in {{{}, {}}}", one.port(), three.port()), &["one", "three"]),
        (format!("ipv6.addr == ::1 && tcp.port == {}", three.port()), &["three"]),
        (format!("http.host == \"{two}\" and websocket"), &["two"]),
        (
            format!("!(ip.addr == 127.0.0.2) && tcp.port in {{{}, {}}}", one.port(), two.port()),
            &["one"],
        ),
        (format!("ipv6 && tcp.port != {}", three.port()), &[]),
    ];
    let mut watches = Vec::new();
    for (filter, expected) in &cases {
        let Some(watch) = Watch::start(&["-T", "json", "-Y", filter]) else { return };
        watches.push((filter, watch, *expected));
    }
    talk(&servers, "each");
    for (filter, watch, expected) in watches {
        watch.signal("INT");
        let (lines, said, code) = watch.finish();
        assert_eq!(heard(&lines, "each"), *expected, "{filter}: {said}");
        assert_eq!(code, Some(0), "{filter}");
    }
}

#[test]
fn options_and_filters_have_to_hold_together() {
    let Some(servers) = servers() else { return };
    let port = servers[0].port();
    let filter =
        "ip.addr == 127.0.0.0/8 && (websocket.payload.text contains \"one\" || ws.event == end)";
    let arguments = ["-T", "json", "--port", &port, "--ip", "127.0.0.1", "-Y", filter];
    let Some(watch) = Watch::start(&arguments) else { return };
    talk(&servers, "both");
    watch.signal("INT");
    let (lines, said, _) = watch.finish();
    assert_eq!(heard(&lines, "both"), ["one"], "{said}");
    let events: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["message", "end"], "{lines:?}");
    // The kernel has passed nothing else.
    assert!(said.contains(", 1 TCP conversation"), "{said}");
}

/// What a filter says of whole conversations is left to the kernel.
#[test]
fn the_kernel_leaves_out_what_a_filter_does_not_want() {
    let Some(servers) = servers() else { return };
    let filter = format!("tcp.srcport == {} || tcp.dstport == {0}", servers[1].port());
    let Some(watch) = Watch::start(&["-T", "json", "-Y", &filter]) else { return };
    talk(&servers, "kernel");
    watch.signal("INT");
    let (lines, said, _) = watch.finish();
    assert_eq!(heard(&lines, "kernel"), ["two"], "{said}");
    assert!(said.contains(", 1 TCP conversation"), "{said}");
}

//! Several interfaces at once.

use std::net::Ipv4Addr;

use serde_json::Value;

use crate::command::{capture, run, skip, wsdump};
use crate::live::{Watch, can_capture};
use crate::pushdown::{Cable, frames};
use crate::traffic::Server;

#[track_caller]
fn end_of(watch: &Watch, interface: &str) -> Vec<Value> {
    let mut events = Vec::new();
    while events.last().is_none_or(|event: &Value| event["event"] != "end") {
        events.push(watch.event().1);
        assert_eq!(events.last().unwrap()["interface"], interface, "{events:?}");
    }
    events
}

/// Each event names the one that its packets came from.
#[test]
fn events_name_the_interface_that_they_come_from() {
    const NAME: &str = "handwritten.pcap";
    if !can_capture() {
        return;
    }
    let Some(cable) = Cable::new('i') else {
        return skip("root", "no right to add interfaces");
    };
    let far = cable.far.as_str();
    let path = capture(NAME);
    let recorded = run(["-T", "json", path.to_str().unwrap()]).events();
    let port = recorded[0]["server"].as_str().unwrap().rsplit(':').next().unwrap();
    let server = Server::start(Ipv4Addr::LOCALHOST.into()).unwrap();
    for (other, others_name) in [("lo", "lo"), ("any", "lo")] {
        let ports = ["--port", port, "--port", &server.port()];
        let arguments = [&["-i", far, "-i", other, "-T", "json"], &ports[..]].concat();
        let mut watch = Watch::spawn(&mut wsdump(arguments));
        watch.wait_for(&format!("capturing on {far} (EN10MB), {other} ("));
        let mut near = pcap::Capture::from_device(cable.near.as_str()).unwrap().open().unwrap();
        if other == "lo" {
            for frame in frames(NAME) {
                near.sendpacket(frame).unwrap();
            }
            let events = end_of(&watch, far);
            let texts = |events: &[Value]| -> Vec<Value> {
                events.iter().map(|event| event["text"].clone()).collect()
            };
            assert_eq!(texts(&events), texts(&recorded));
        }
        let mut client = server.connect();
        client.mutter("-hello");
        client.close();
        let events = end_of(&watch, others_name);
        assert_eq!(events[1]["text"], "-hello");
        watch.signal("INT");
        assert_eq!(watch.finish().2, Some(0));
    }
}

//! A run with a filter tells what the filter selects of a run without: conversations that
//! are left out early, and packets that the kernel would keep back, are never missed.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::sample::select;
use wsdump::analyzer::{Analyzer, Options};
use wsdump::capture::{Capture, Input, Step};
use wsdump::filter::{Filter, Marks, Scratch};
use wsdump::output::{Json, PayloadForm, Spool, View};
use wsdump::types::{Event, Flow, Kind, Sink};

use crate::command::capture;

/// Short recordings, unlike one another.
const RECORDINGS: &[&str] = &[
    "aiohttp-heartbeat.pcap",
    "broken-frames.pcap",
    "cut-by-rst.pcapng",
    "graphql.pcap",
    "handwritten.pcap",
    "keep-alive.pcap",
    "mid-stream.pcap",
    "nginx.pcap",
    "other-upgrades.pcapng",
    "refused.pcap",
    "socket-io.pcapng",
    "stomp.pcapng",
    "ws-ipv6.pcapng",
    "wrong-accept.pcap",
];

/// Runs a recording.
fn analyze(recording: &str, filter: Option<Filter>, sink: &mut dyn Sink) {
    let mut capture = Capture::open(vec![Input::File(capture(recording))]);
    let mut sink = |event: &Event<'_>| sink.event(event);
    let mut analyzer = Analyzer::new(Options { filter, frames: true, ..Options::default() });
    loop {
        match capture.next() {
            Step::Packet(packet, sources) => analyzer.packet(&packet, sources, &mut sink),
            Step::Starved | Step::Idle(_) | Step::Secrets(_) => {}
            Step::Problem(error) => panic!("{error}"),
            Step::End => break,
        }
    }
    analyzer.finish(capture.sources(), &mut sink);
}

/// An event as a line.
fn line(event: &Event<'_>) -> String {
    let mut out = Spool::default();
    Json::new(PayloadForm::Auto).event(event, &mut out);
    String::from_utf8(out.into_bytes()).unwrap()
}

/// What a run with the filter tells.
fn filtered(recording: &str, filter: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let filter = Filter::parse(filter).unwrap();
    analyze(recording, Some(filter), &mut |event: &Event<'_>| lines.push(line(event)));
    lines
}

/// What the filter selects of a run without, asked about each event.
fn selected(recording: &str, filter: &Filter) -> Vec<String> {
    let mut lines = Vec::new();
    let mut marks: HashMap<u64, Marks> = HashMap::new();
    let scratch = Scratch::default();
    analyze(recording, None, &mut |event: &Event<'_>| {
        let connection = event.connection;
        if let Kind::Handshake(handshake) = event.kind {
            marks.insert(connection.stream, filter.remember(Some(handshake)));
        }
        let marks = marks.get(&connection.stream);
        if filter.selects(event, marks, &scratch) {
            let flow = Flow { source: connection.client, destination: connection.server };
            let (conversation, _) = flow.conversation();
            assert!(filter.may_select(&conversation, connection.stream), "{filter}: {event:?}");
            let nothing = filter.remember(None);
            assert!(filter.may_select_of(connection, marks.unwrap_or(&nothing)), "{filter}");
            lines.push(line(event));
        }
    });
    lines
}

/// A test of a field, mostly with values that the recordings have.
fn test() -> impl Strategy<Value = String> {
    let text = |options: &'static [&str]| select(options).prop_map(str::to_owned);
    let quantifier = text(&["", "", "", "any ", "all "]);
    let comparison =
        text(&["==", "!=", "===", "!==", ">", "<", ">=", "<=", "eq", "ne", "gt", "le"]);
    let port = prop_oneof![
        select(&[39265, 59132, 44293, 43403, 40801, 40038, 41755, 46105, 34783, 80_u16][..]),
        any::<u16>(),
    ];
    let port = (text(&["tcp.port", "tcp.srcport", "tcp.dstport"]), comparison.clone(), port)
        .prop_map(|(field, comparison, port)| format!("{field} {comparison} {port}"));
    let ports = (text(&["tcp.port", "tcp.srcport", "tcp.dstport"]), any::<u16>(), 0_u16..20_000)
        .prop_map(|(field, first, more)| {
            format!("{field} in {{{first}..{}, 39265, 40801}}", first.saturating_add(more))
        });
    let address = (
        text(&["ip.addr", "ip.src", "ip.dst"]),
        comparison.clone(),
        text(&["127.0.0.1", "127.0.0.0/8", "10.0.0.0/8", "127.0.0.2", "0.0.0.0/0", "127.0.0.1/31"]),
    );
    let ipv6 = (
        text(&["ipv6.addr", "ipv6.src", "ipv6.dst"]),
        comparison.clone(),
        text(&["::1", "::/64", "2001:db8::/32", "::", "fe80::1"]),
    );
    let number = (
        text(&[
            "tcp.stream",
            "frame.number",
            "tcp.len",
            "websocket.payload_length",
            "ws.length",
            "ws.frames",
            "len(websocket.payload.text)",
            "count(json.payload.errors[*].path[*])",
            "count(tcp.port)",
            "json.id",
            "json.payload.data.countdown",
        ]),
        comparison.clone(),
        0_u64..90,
    )
        .prop_map(|(field, comparison, number)| format!("{field} {comparison} {number}"));
    let opcode = (comparison, 0..16)
        .prop_map(|(comparison, opcode)| format!("websocket.opcode {comparison} {opcode}"));
    let joined = |(field, comparison, value): (String, String, String)| {
        format!("{field} {comparison} {value}")
    };
    let of_text = (
        text(&[
            "http.host",
            "http.request.uri",
            "http.user_agent",
            "http.sec_websocket_protocol",
            "http.connection",
            "websocket.payload.text",
            "websocket.payload.close.reason",
            "ip.host",
            "ws.connection",
            "json.type",
            "json.payload.query",
            "string(tcp.port)",
            "lower(http.request.uri)",
            "http.request.uri[1:4]",
            "string(json)",
        ]),
        text(&["contains", "matches", "==", "!=", "!==", ">"]),
        text(&["\"127\"", "\"graphql\"", "\"/\"", "\"e\"", "\"1\"", "\"next\"", "\"ws\""]),
    );
    let pair = (
        text(&["tcp.port", "tcp.srcport", "json.id", "ws.length", "tcp.stream"]),
        text(&["==", "!=", "<", "!==", "==="]),
        text(&["tcp.dstport", "tcp.port", "ws.wire_length", "frame.number", "json.id"]),
    );
    let whole = text(&[
        "websocket",
        "http",
        "ip",
        "ipv6",
        "json",
        "json.id",
        "json.payload.errors[*].message",
        "websocket.payload.close",
        "websocket.mask == 1",
        "websocket.fin == 0",
        "websocket.payload[0:2] == 7b:22",
        "ws.event == handshake",
        "ws.event == end",
        "ws.event == frame",
        "ws.event != message",
        "ws.from == client",
        "ws.accept == valid",
        "ws.accept == mismatch",
        "ws.rule",
        "ws.severity == error",
        "ws.state == closed",
        "ws.inferred == true",
        "ws.complete == false",
        "http.response.code == 101",
        "http.response.code >= 400",
        "http.request.method in {GET, POST}",
        "http.sec_websocket_protocol == http.sec_websocket_protocol",
        "json.type in {next, data, \"ka\"}",
        "frame.time < 2026-11-25",
    ]);
    let compared = prop_oneof![
        3 => port,
        1 => ports,
        2 => address.prop_map(joined),
        1 => ipv6.prop_map(joined),
        2 => number,
        1 => opcode,
        2 => of_text.prop_map(joined),
        1 => pair.prop_map(joined),
    ];
    prop_oneof![
        3 => (quantifier, compared).prop_map(|(quantifier, test)| quantifier + &test),
        1 => whole,
    ]
}

fn filter() -> impl Strategy<Value = String> {
    test().prop_recursive(4, 12, 3, |inner| {
        let parts = prop::collection::vec(inner.clone(), 2..4);
        let sign = select(&[" && ", " || ", " ^^ ", " and ", " or "][..]);
        prop_oneof![
            3 => (parts, sign).prop_map(|(parts, sign)| format!("({})", parts.join(sign))),
            1 => inner.prop_map(|negated| format!("!({negated})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_filtered_run_tells_what_is_selected(filter in filter(), recording in select(RECORDINGS)) {
        let told = filtered(recording, &filter);
        prop_assert_eq!(told, selected(recording, &Filter::parse(&filter).unwrap()));
    }
}

#[cfg(libpcap)]
mod pushed_down {
    use wsdump::capture::CaptureFilter;
    use wsdump::filter::{Selection, bpf};
    use wsdump::net::Decoder;
    use wsdump::tcp::Table;
    use wsdump::types::Limits;

    use super::*;

    /// How many packets of the recording are passed, and how many there are; panics
    /// where one is not that may matter.
    fn passed(recording: &str, text: &str) -> (usize, usize) {
        let filter = Filter::parse(text).unwrap();
        let Some(expression) = bpf(&Selection::default(), Some(&filter)) else {
            return (0, 0);
        };
        let mut kernel = CaptureFilter::new(&expression).unwrap();
        let mut capture = Capture::open(vec![Input::File(capture(recording))]);
        let mut decoder = Decoder::new(&Limits::default());
        let mut table = Table::<()>::new(1_000);
        let (mut passed, mut all) = (0, 0);
        loop {
            match capture.next() {
                Step::Packet(packet, _) => {
                    let is_passed = kernel.matches(&packet).unwrap();
                    passed += usize::from(is_passed);
                    all += 1;
                    let Ok(segment) = decoder.decode(&packet) else { continue };
                    let stream = table.find(&segment).entry.stream;
                    let (conversation, _) = segment.flow.conversation();
                    let may_matter = filter.may_select(&conversation, stream);
                    assert!(is_passed || !may_matter, "{text}: {expression}: {conversation:?}");
                }
                Step::Starved | Step::Idle(_) | Step::Secrets(_) => {}
                Step::Problem(error) => panic!("{error}"),
                Step::End => return (passed, all),
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn no_packet_that_may_matter_is_kept_back(
            filter in filter(),
            recording in select(RECORDINGS),
        ) {
            passed(recording, &filter);
        }
    }

    /// Or it would be of no use.
    #[test]
    fn packets_of_others_are_kept_back() {
        for filter in [
            "tcp.port == 59132",
            "tcp.port == 59132 && json.type == next",
            "!(tcp.port != 59132)",
            "tcp.srcport == 59132 && http.request.uri == \"/graphql\"",
        ] {
            let (passed, all) = passed("graphql.pcap", filter);
            assert!(0 < passed && passed < all, "{filter}: {passed} of {all}");
        }
        assert_eq!(passed("graphql.pcap", "ip.addr == 10.0.0.0/8 && websocket").0, 0);
        assert_eq!(passed("ws-ipv6.pcapng", "ip.addr == 127.0.0.1").0, 0);
    }
}

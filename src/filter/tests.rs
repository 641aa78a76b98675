use std::fmt::Write;
use std::net::IpAddr;

use super::*;
use crate::types::{
    App, AppProtocol, Body, Endpoint, Flow, Header, JsonText, Kind, Message, Opcode, Origin,
    Source, SourceId, Timestamp,
};

fn end(address: &str, port: u16) -> Endpoint {
    Endpoint { address: address.parse::<IpAddr>().unwrap(), port }
}

fn connection() -> Connection {
    Connection {
        stream: 3,
        h2_stream: None,
        client: end("10.0.0.1", 50_000),
        server: end("10.0.0.2", 80),
        inferred: false,
    }
}

fn conversation() -> Conversation {
    let Connection { client, server, .. } = connection();
    Flow { source: client, destination: server }.conversation().0
}

fn handshake(target: &str) -> Handshake {
    let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
    Handshake {
        method: Some("GET".into()),
        target: Some(target.into()),
        request_headers: Some(vec![
            header("Host", "example.com"),
            header("Sec-WebSocket-Protocol", "one, two"),
        ]),
        response_headers: Some(vec![header("sec-websocket-protocol", "two")]),
        status: Some(101),
        ..Handshake::default()
    }
}

fn parse(text: &str) -> Filter {
    Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// Whether a message that the client sent is selected.
fn selects(filter: &Filter, body: Body<'_>, marks: Option<&Marks>) -> bool {
    selects_with(filter, body, marks, &Scratch::default())
}

fn selects_with(filter: &Filter, body: Body<'_>, marks: Option<&Marks>, scratch: &Scratch) -> bool {
    selects_message(filter, Message::new(Side::Client, Opcode::Text, body), marks, scratch)
}

fn selects_message(
    filter: &Filter,
    message: Message<'_>,
    marks: Option<&Marks>,
    scratch: &Scratch,
) -> bool {
    let (connection, source) = (connection(), Source { file: None, interface: None });
    filter.selects(&event(&connection, &source, message), marks, scratch)
}

fn event<'a>(connection: &'a Connection, source: &'a Source, message: Message<'a>) -> Event<'a> {
    Event {
        origin: Origin {
            packet: 9,
            time: Some(Timestamp::from_nanoseconds(1_500_000_000)),
            source: SourceId(0),
            tcp_length: 20,
        },
        source,
        connection,
        is_first: false,
        kind: Kind::Message(message),
    }
}

fn selects_json(filter: &str, json: &str) -> bool {
    selects(&parse(filter), Body::Json(JsonText::new(json)), None)
}

#[test]
fn comparisons_ask_any_or_all_values() {
    for (filter, holds) in [
        // Its ports are 50000 and 80.
        ("tcp.port == 80", true),
        ("tcp.port != 80", false),
        ("tcp.port !== 80", true),
        ("tcp.port === 80", false),
        ("tcp.port != 81", true),
        ("!(tcp.port == 80)", false),
        ("any tcp.port != 80", true),
        ("all tcp.port == 80", false),
        ("all tcp.port > 79", true),
        ("tcp.port > 49999", true),
        ("all tcp.port < 50000", false),
        ("all tcp.port in {80, 50000}", true),
        ("all tcp.port in {80}", false),
        ("tcp.port not in {1..79}", true),
        ("tcp.port not in {80}", false),
        ("count(tcp.port) == 2", true),
        // A pair of fields: any of the one and any of the other.
        ("tcp.port == tcp.srcport", true),
        ("tcp.port != tcp.srcport", false),
        ("tcp.port !== tcp.srcport", true),
        ("tcp.port === tcp.srcport", false),
        ("tcp.srcport === tcp.srcport", true),
        ("tcp.port < tcp.port", true),
        ("all tcp.port <= tcp.srcport", true),
        ("all tcp.port < tcp.srcport", false),
        ("tcp.srcport > tcp.dstport", true),
        ("all tcp.port == tcp.port", false),
    ] {
        assert_eq!(selects_json(filter, "{}"), holds, "{filter}");
    }
}

#[test]
fn examples_of_fields_are_filters() {
    for Field { name, example, .. } in FIELDS {
        let filter = parse(example);
        assert!(filter.to_string().contains(name), "{name}: {filter}");
    }
}

/// `frame` and `websocket` are fields, too, but without a value to compare with.
#[test]
fn names_of_protocols_are_text_on_the_right() {
    assert!(!selects_json("ws.event == frame", "{}"));
    assert!(selects_json("ws.event != frame && json.a == http", r#"{"a":"http"}"#));
    assert!(selects_json("json.a in {http, tcp} && json.a contains tcp", r#"{"a":"tcp"}"#));
}

#[test]
fn what_is_not_there_is_neither_equal_nor_different() {
    for filter in [
        "json.a == 1",
        "json.a != 1",
        "json.a === 1",
        "json.a !== 1",
        "json.a > 1",
        "any json.a != 1",
        "all json.a == 1",
        "json.a contains x",
        "json.a matches x",
        "json.a in {1}",
        "json.a == json.a",
        "json.a != json.b",
        "json.b == json.a",
        "json.b !== json.a",
        "json.b contains json.a",
        "json.a",
        "count(json.a) == 0",
        "len(json.a) == 0",
        "string(json.a) == \"\"",
        "ipv6.addr != ::1",
        "websocket.payload[100] != 00",
        "websocket.masking_key != 00:00:00:00",
        "http.host != \"x\"",
    ] {
        assert!(!selects_json(filter, r#"{"b":"xyz"}"#), "{filter}");
        assert!(selects_json(&format!("!({filter})"), r#"{"b":"xyz"}"#), "!({filter})");
    }
    assert!(selects_json("json.a not in {1}", "{}"), "it says not (… in …)");
}

#[test]
fn values_of_json_are_compared_by_their_type() {
    let json = r#"{"n":[10,2.50,-0],"t":["10","b",""],"o":{"k":null},"w":[true,false,null],
        "big":12345678901234567890123,"e":"\u00e9\n","dup":1,"dup":2}"#;
    for (filter, holds) in [
        ("json.n[0] == 10", true),
        ("json.n[0] == \"10\"", false),
        ("json.t[0] == 10", false),
        ("json.t[0] == \"10\"", true),
        ("json.n[0] > 9", true),
        ("json.t[0] > 9", false),
        ("json.n[1] == 2.5", true),
        ("json.n[1] == 25e-1", true),
        ("json.n[2] == 0", true),
        ("json.n[0] == 0xa", true),
        ("json.big == 12345678901234567890123", true),
        ("json.big == 12345678901234567890124", false),
        ("json.big > 1e22", true),
        ("json.w[0] == true", true),
        ("json.w[0] == \"true\"", false),
        ("json.w[0] == 1", false),
        ("json.w[2] == null", true),
        ("json.o.k == null", true),
        ("json.o == null", false),
        ("json.o", true),
        ("json.o.x", false),
        ("json.e == \"é\\n\"", true),
        ("json.e == \"\\u00e9\\x0a\"", true),
        ("len(json.e) == 3", true),
        ("json.t[2] == \"\"", true),
        ("json.dup == 1 && json.dup == 2", true),
        ("count(json.dup) == 2", true),
        ("json.dup != 2", false),
        ("json.n[*] in {1..3}", true),
        ("json.n[*] in {11..20, 4, x}", false),
        ("json.t[*] in {a..c}", true),
        ("json.w[*] in {null}", true),
        ("json.n[*] == json.t[*]", false),
        ("json.n[0] != json.t[0]", true),
        ("json.t[*] contains json.t[1]", true),
        ("json.o == json.o", true),
        ("json.o < json.o", false),
        ("json.o <= json.o", true),
        ("json.w[*] == json.w[2]", true),
        ("json.n[0] == tcp.srcport", false),
        ("json.n[0] < tcp.srcport", true),
        ("tcp.port > json.n[*]", true),
        ("all tcp.port > json.big", false),
        ("json.n contains \"10\"", false),
        ("string(json.n) contains \"10\"", true),
    ] {
        assert_eq!(selects_json(filter, json), holds, "{filter}");
    }
}

#[test]
fn too_little_is_known_of_a_conversation() {
    for (filter, may_be) in [
        ("tcp.port == 80", true),
        ("tcp.port == 81", false),
        ("tcp.srcport == 80", true),
        ("tcp.srcport == 81", false),
        // A handshake is of both.
        ("tcp.srcport == 80 && tcp.srcport == 50000", true),
        ("tcp.srcport == 80 && tcp.dstport == 81", false),
        ("ip.src == 10.0.0.1 && ip.dst == 10.0.0.2", true),
        ("ipv6", false),
        ("!ipv6", true),
        ("tcp.stream == 3", true),
        ("tcp.stream != 3", false),
        ("tcp.stream == 4 || json.a == 1", true),
        ("tcp.stream == 4 && json.a == 1", false),
        ("tcp.stream == 4 && http.host == x", false),
        ("!(tcp.stream == 3 || json.a == 1)", false),
        ("!(tcp.stream == 4 || json.a == 1)", true),
        ("tcp.stream == 4 ^^ json.a == 1", true),
        ("tcp.stream == 4 ^^ tcp.port == 80", true),
        ("tcp.stream == 3 ^^ tcp.port == 80", false),
        ("http.host == x", true),
        ("websocket", true),
        ("json.a == tcp.port", true),
    ] {
        assert_eq!(parse(filter).may_select(&conversation(), 3), may_be, "{filter}");
    }
}

/// A part that the handshake decides gives the same as any other part that is as
/// true, wherever it stands.
#[test]
fn what_the_handshake_decides_counts_where_it_stands() {
    let shapes = [
        "H",
        "!H",
        "H && E",
        "E && H",
        "H || E",
        "H ^^ E",
        "!(H && E)",
        "!(H ^^ E)",
        "!H && !E",
        "H && (E || H)",
        "(H || E) && !(H && E)",
        "E && (H ^^ E ^^ H)",
        "H && H && E",
        "H || H || E",
        "H ^^ H ^^ E",
        "H ^^ !H ^^ E ^^ H",
        "!(!(H || !E))",
        "E || !(H && (E ^^ H))",
    ];
    for shape in shapes {
        for (h, e) in [(false, false), (false, true), (true, false), (true, true)] {
            let filter =
                shape.replace('H', "http.request.uri == \"/yes\"").replace('E', "(json.a == 1)");
            let as_plain = shape
                .replace('H', if h { "(tcp.port == 80)" } else { "(tcp.port == 81)" })
                .replace('E', "(json.a == 1)");
            let json = if e { r#"{"a":1}"# } else { r#"{"a":2}"# };
            let body = Body::Json(JsonText::new(json));
            let filter = parse(&filter);
            let handshake = handshake(if h { "/yes" } else { "/no" });
            let marks = filter.remember(Some(&handshake));
            let expected = selects(&parse(&as_plain), body, None);
            assert_eq!(selects(&filter, body, Some(&marks)), expected, "{shape}, {h}, {e}");
            if expected {
                assert!(filter.may_select_of(&connection(), &marks), "{shape}, {h}");
                assert!(filter.may_select(&conversation(), 3), "{shape}, {h}");
            }
        }
    }
    let only = parse("http.host == nowhere && json.a == 1");
    assert!(only.may_select(&conversation(), 3));
    assert!(!only.may_select_of(&connection(), &only.remember(Some(&handshake("/")))));
    assert!(!only.may_select_of(&connection(), &only.remember(None)));
}

#[test]
fn more_parts_are_remembered_than_a_word_has_bits() {
    let parts = |target: &str| {
        let part = |number| format!("(http.request.uri == \"/{number}\" && json.a == {number})");
        let filter = parse(&(0..200).map(part).collect::<Vec<_>>().join(" || "));
        let marks = filter.remember(Some(&handshake(target)));
        move |json| selects(&filter, Body::Json(JsonText::new(json)), Some(&marks))
    };
    assert!(parts("/7")("{\"a\":7}") && !parts("/7")("{\"a\":8}"));
    assert!(parts("/199")("{\"a\":199}") && !parts("/200")("{\"a\":200}"));
}

#[test]
fn headers_of_request_and_response_are_values_of_one_field() {
    for (filter, holds) in [
        ("http.sec_websocket_protocol == two", true),
        ("http.sec_websocket_protocol === two", false),
        ("http.sec_websocket_protocol contains two", true),
        ("all http.sec_websocket_protocol contains two", true),
        ("all http.sec_websocket_protocol contains one", false),
        ("count(http.sec_websocket_protocol) == 2", true),
        ("http.host == example.com && http.response.code == 101", true),
        ("http.origin", false),
        ("http.host[0:3] == \"exa\"", true),
        ("http.sec_websocket_protocol contains http.sec_websocket_protocol", true),
        ("upper(http.host) == EXAMPLE.COM", true),
        ("http", true),
    ] {
        let filter = parse(filter);
        let marks = filter.remember(Some(&handshake("/")));
        assert_eq!(selects(&filter, Body::Text("x"), Some(&marks)), holds, "{filter}");
        assert!(!selects(&filter, Body::Text("x"), None), "{filter}");
    }
}

#[test]
fn slices_count_from_both_ends() {
    for (slice, part) in [
        ("[0]", "a"),
        ("[-1]", "f"),
        ("[1:2]", "bc"),
        ("[1-2]", "bc"),
        ("[:3]", "abc"),
        ("[3:]", "def"),
        ("[-2:]", "ef"),
        ("[-3:2]", "de"),
        ("[-3--2]", "de"),
        ("[1--2]", "bcde"),
        ("[0,5,1-2]", "afbc"),
        ("[4:99]", "ef"),
        ("[2:3][1]", "d"),
    ] {
        let filter = parse(&format!("websocket.payload.text{slice} == \"{part}\""));
        assert!(selects(&filter, Body::Text("abcdef"), None), "{filter}");
    }
    for slice in ["[6]", "[-7]", "[9:1]", "[3-1]", "[0,6]"] {
        let filter = parse(&format!("websocket.payload.text{slice}"));
        assert!(!selects(&filter, Body::Text("abcdef"), None), "{filter}");
    }
}

/// Each of these would not end in this life if it took the square of its length.
#[test]
fn nothing_takes_longer_than_it_is_long() {
    const MANY: usize = 30_000;
    let list = |from: usize| {
        let numbers: Vec<_> = (from..from + MANY).map(|number| number.to_string()).collect();
        numbers.join(",")
    };
    let json = format!(r#"{{"a":[{}],"b":[{}],"t":"{}"}}"#, list(0), list(MANY), "ab".repeat(MANY));
    for filter in [
        "json.a[*] == json.b[*]",
        "all json.a[*] == json.a[*]",
        "json.a[*] >= json.b[*]",
        "string(json.a[*]) contains json.t",
        "json.t == json.t && string(json.a[*]) == json.t",
        "json.t matches \"(a|b|ab)*(a|b|ab)*c$\"",
        "json.t matches \"(.*)(.*)(.*)(.*)(.*)c\"",
        "json.t contains \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
    ] {
        assert!(!selects_json(filter, &json), "{filter}");
    }
    assert!(selects_json(&format!("json.b[*] in {{{}}}", list(2 * MANY - 1)), &json));
    assert!(!selects_json(&format!("json.b[*] in {{{}}}", list(2 * MANY)), &json));
    let ranges: Vec<_> =
        (0..MANY).map(|at| format!("{}..{}", at * 2 + 90_000, at * 2 + 90_001)).collect();
    assert!(!selects_json(&format!("json.b[*] in {{{}}}", ranges.join(",")), &json));
    let keys: Vec<_> = (0..MANY).map(|key| format!("json.a{}", MANY - key)).collect();
    assert!(selects_json(&keys.join(" || "), r#"{"a77":1}"#));
    let members: Vec<_> = (0..MANY).map(|key| format!(r#""k":{key}"#)).collect();
    let filter = "json.k contains \"x\" || string(json.k) contains json.k";
    assert!(!selects_json(filter, &format!("{{{}}}", members.join(","))));
}

#[test]
fn regular_expressions_have_a_size() {
    for pattern in [r"\\w{1000}{100}", "(a{100}){100}{100}", "((((x{9}){99}){99}){99})"] {
        let error = Filter::parse(&format!("json.a matches \"{pattern}\"")).unwrap_err();
        assert!(error.message.contains("takes more than 4 MiB"), "{error:?}");
    }
}

/// What is refused, and what is said of it.
#[test]
fn what_is_refused() {
    let mut all = String::new();
    for text in WRONG {
        let error = Filter::parse(text).expect_err(text);
        let at = text.get(error.span.clone()).unwrap();
        writeln!(all, "{text}\n    {} `{at}`: {}", error.span.start, error.message).unwrap();
        if !error.label.is_empty() {
            writeln!(all, "    {}", error.label).unwrap();
        }
        if let Some(help) = &error.help {
            writeln!(all, "    help: {help}").unwrap();
        }
    }
    insta::assert_snapshot!(all);
}

const WRONG: &[&str] = &[
    "websocket.opocde == 1",
    "port == 80",
    "websocket.payload.txt contains \"x\"",
    "jsn.a == 1",
    "http.host = \"x\"",
    "tcp.port == http",
    "tcp.port == eighty",
    "tcp.port == 65536",
    "tcp.port == -1",
    "tcp.port == 80.5",
    "tcp.port == \"80\"",
    "tcp.port == 0x",
    "tcp.port == 08",
    "tcp.port in {80, http}",
    "tcp.port in {90..80}",
    "tcp.port in 80",
    "tcp.port in {}",
    "tcp.port contains 8",
    "tcp.port matches \"^8\"",
    "tcp.port[0] == 1",
    "tcp.port && ",
    "tcp.port == 80 tcp.port == 81",
    "tcp.port == 80 & websocket",
    "(tcp.port == 80",
    "tcp.port == 80)",
    "ip.addr == 10.0.0",
    "ip.addr == 10.0.0.0/33",
    "ip.addr == ::1",
    "ipv6.addr == 127.0.0.1",
    "ip.addr == localhost",
    "ip.addr == \"example.com\"",
    "ip.addr == tcp.port",
    "ip == 10.0.0.1",
    "websocket == 1",
    "frame contains \"x\"",
    "ws.file == app.log",
    "websocket.payload.close.code == 1000",
    "websocket.opcode == pong_",
    "websocket.opcode == 16",
    "websocket.opcode > txt",
    "websocket.fin == maybe",
    "websocket.fin == 2.5",
    "websocket.payload == hello",
    "websocket.payload == 7b:zz",
    "websocket.masking_key == 123",
    "websocket.payload[x] == 1",
    "websocket.payload[1:0] == 00",
    "websocket.payload[2:-1] == 00",
    "websocket.payload[0:2 == 00",
    "lower(tcp.port) == \"x\"",
    "length(json.a) == 1",
    "len(tcp.port) == 2",
    "len(json.a)",
    "len(json.a, json.b) == 1",
    "string(websocket.payload) == \"x\"",
    "upper(websocket) == \"X\"",
    "ws.event == mesage",
    "ws.event > message",
    "ws.from == server1",
    "ws.rule == unmasked",
    "ws.state == gone",
    "app.protocol == jupiter",
    "frame.time > yesterday",
    "frame.time_epoch > \"2026-11-21\"",
    "frame.number == \"9\"",
    "\"x\" == json.a",
    "80 == tcp.port",
    "1",
    "json.",
    "json.a[",
    "json.a[-1] == 1",
    "json.a[0:2] == \"ab\"",
    "json.a[b] == 1",
    "json.a b",
    "json.a == \"x",
    "json.a == 'xy'",
    "json.a == \"\\d\"",
    "json.a matches \"(\"",
    "json.a matches \"[a\"",
    "json.a matches \"a{2,1}\"",
    "json.a matches json.b",
    "json.a in {1..x}",
    "json.a in {9..1}",
    "json.a in {null..true}",
    "json.a contains json.b[*]",
    "json.a == ip.src",
    "http.host == json.a",
    "http.host == tcp.port",
    "any json.a",
    "all (json.a == 1)",
    "not",
    "json.a not 1",
    "json.a == 1 and or json.b == 2",
    "json.a === ",
    "json.a == ü$",
    "json.a == $x",
];

#[test]
fn regular_expressions_are_bounded_together() {
    let one = |letter: char| format!(r#"http.host matches r"\w{{60}}{letter}""#);
    let many: Vec<String> = ('a'..='z').map(one).collect();
    let error = Filter::parse(&many.join(" || ")).unwrap_err();
    assert_eq!(error.message, "all regular expressions together take too much");
    // Many small ones are fine.
    let small: Vec<String> = (0..300).map(|n| format!("http.host matches \"^a{n}[.]\"")).collect();
    assert!(Filter::parse(&small.join(" || ")).is_ok());
}

#[test]
fn values_that_are_too_many_to_compare_are_told() {
    let filter = parse("json.a == json.b[*]");
    for (count, is_selected) in [(60_000, true), (70_000, false)] {
        let json = format!(r#"{{"a":1,"b":[{}1]}}"#, "0,".repeat(count));
        let scratch = Scratch::default();
        let body = Body::Json(JsonText::new(&json));
        assert_eq!(selects_with(&filter, body, None, &scratch), is_selected, "{count}");
        assert_eq!(scratch.is_beyond(), !is_selected, "{count}");
    }
}

#[test]
fn any_and_all_before_not_in_deny_each_value() {
    let json = r#"{"a":[1,2]}"#;
    for (filter, holds) in [
        ("json.a[*] not in {1}", false),
        ("any json.a[*] not in {1}", true),
        ("all json.a[*] not in {1}", false),
        ("all json.a[*] not in {3}", true),
        ("any json.b not in {3}", false),
    ] {
        assert_eq!(selects_json(filter, json), holds, "{filter}");
    }
}

/// Whatever a protocol says is reached by its name.
#[test]
fn paths_lead_into_what_the_protocol_says() {
    let json = JsonText::new(r#"{"protocol":"jupyter","type":"stream","latency":0.25}"#);
    let app = Some(App::new(AppProtocol::Jupyter, json));
    let message =
        Message { app: app.as_ref(), ..Message::new(Side::Server, Opcode::Text, Body::Text("x")) };
    for (filter, holds) in [
        ("app.protocol == jupyter && app.type == stream", true),
        ("app.latency > 0.2 && app.latency < 0.3", true),
        ("app.type in {status, error}", false),
        ("app.reply_to", false),
        ("json.type == stream", false),
    ] {
        assert_eq!(selects_message(&parse(filter), message, None, &Scratch::default()), holds);
    }
}

/// What each of `filters` says of a client's message on a connection that asked for
/// `/orders`, all of them looking at once.
fn selected_by(filters: &[&str], message: Message<'_>) -> Vec<bool> {
    let mut set = FilterSet::default();
    let ids: Vec<FilterId> = filters.iter().map(|text| set.filter(text).unwrap()).collect();
    let marks = set.remember(Some(&handshake("/orders")));
    let scratch = Scratch::default();
    let (connection, source) = (connection(), Source { file: None, interface: None });
    let event = event(&connection, &source, message);
    let look = set.look(&event, &marks, &scratch);
    ids.into_iter().map(|id| look.selects(id)).collect()
}

#[test]
fn filters_of_a_set_say_what_each_says_alone() {
    let body = Body::Json(JsonText::new(r#"{"type":"order","id":7,"items":[{"id":1},{"id":2}]}"#));
    let app = App::new(AppProtocol::Cdp, JsonText::new(r#"{"protocol":"cdp","type":"x","id":7}"#));
    let message = Message { app: Some(&app), ..Message::new(Side::Client, Opcode::Text, body) };
    let filters = [
        "json.type == \"order\"",
        "json.type == \"offer\"",
        "http.request.uri == \"/orders\"",
        "http.request.uri == \"/other\" || json.id > 6",
        "http.request.uri == \"/other\"",
        "http.request.uri == \"/orders\" && json.items[*].id == 2",
        "json.items[1].id == json.id",
        "app.id == json.id",
        "app.type == x && json.type",
        "json.type == \"order\"",
        "!(ws.from == client)",
    ];
    let together = selected_by(&filters, message);
    let alone: Vec<bool> =
        filters.iter().map(|filter| selected_by(&[filter], message) == [true]).collect();
    assert_eq!(together, alone);
    let expected = [true, false, true, true, false, true, false, true, true, true, false];
    assert_eq!(together, expected);
}

/// The key that a field has in a message with this JSON.
fn key(field: &str, json: &str) -> Option<Vec<u8>> {
    let mut set = FilterSet::default();
    let id = set.value(field).unwrap();
    let (marks, scratch) = (set.remember(None), Scratch::default());
    let message = Message::new(Side::Client, Opcode::Text, Body::Json(JsonText::new(json)));
    let (connection, source) = (connection(), Source { file: None, interface: None });
    let event = event(&connection, &source, message);
    set.look(&event, &marks, &scratch).key(id)
}

#[test]
fn keys_are_equal_where_values_are() {
    let of = |json: &str| key("json.id", json).unwrap();
    for (one, two) in [
        (r#"{"id":1}"#, r#"{"x":0,"id": 1.0}"#),
        (r#"{"id":100}"#, r#"{"id":1e2}"#),
        (r#"{"id":-0}"#, r#"{"id":0.0}"#),
        (r#"{"id":"\u0061"}"#, r#"{"id":"a"}"#),
        (r#"{"id":1,"id":2}"#, r#"{"id":1}"#),
    ] {
        assert_eq!(of(one), of(two), "{one} {two}");
    }
    for (one, two) in [
        (r#"{"id":1}"#, r#"{"id":"1"}"#),
        (r#"{"id":1}"#, r#"{"id":-1}"#),
        (r#"{"id":1}"#, r#"{"id":10}"#),
        (r#"{"id":12}"#, r#"{"id":1.2}"#),
        (r#"{"id":null}"#, r#"{"id":"null"}"#),
        (r#"{"id":true}"#, r#"{"id":false}"#),
    ] {
        assert_ne!(of(one), of(two), "{one} {two}");
    }
    assert_eq!(key("json.id", "{}"), None);
    assert_eq!(key("tcp.srcport", "{}"), key("tcp.srcport", "[]"));
}

#[test]
fn a_field_is_no_condition() {
    for text in ["json.id > 3", "json.id && json.x", "!json.id", "len(json.id) > 1"] {
        let error = FilterSet::default().value(text).unwrap_err();
        assert_eq!(error.span, 0..text.len(), "{text}");
    }
    assert!(FilterSet::default().value("").is_err());
    let handshake = FilterSet::default().value("http.request.uri").unwrap_err();
    assert_eq!(handshake.message, "a message has no such value");
    assert_eq!(FilterSet::default().value("ws.opcde").unwrap_err().span, 0..8);
}

#[test]
fn a_set_tells_which_connections_cannot_matter() {
    let mut set = FilterSet::default();
    let here = set.filter("http.request.uri == \"/orders\" && json.id").unwrap();
    let there = set.filter("http.request.uri == \"/other\" && json.id").unwrap();
    let marks = set.remember(Some(&handshake("/orders")));
    assert!(set.may_select_of(here, &connection(), &marks));
    assert!(!set.may_select_of(there, &connection(), &marks));
}

/// A value is looked up among all literals of its path, also where there are too many
/// values to keep.
#[test]
fn literals_are_found_among_very_many_values() {
    let (filler, escaped) = ("0,".repeat(20_000), "\\u0061".repeat(30));
    let json = format!(r#"{{"a":[{filler}"{escaped}",7.0,null,"7"],"b":"{escaped}"}}"#);
    let body = Body::Json(JsonText::new(&json));
    let text = "a".repeat(30);
    let longer = format!("json.b == \"{text}a\"");
    let filters = [
        (format!("json.a[*] == \"{text}\""), true),
        (format!("json.b == \"{text}\""), true),
        (longer, false),
        ("json.a[*] == 7".into(), true),
        ("json.a[*] == 8".into(), false),
        ("json.a[*] == \"7\"".into(), true),
        ("json.a[*] == null".into(), true),
        ("json.a[*] == true".into(), false),
        ("json.a[20002] == null".into(), true),
        ("json.a == 7".into(), false),
        ("json.a[*] > 6".into(), true),
        ("all json.a[*] == 0".into(), false),
        ("json.c == 0".into(), false),
    ];
    let message = Message::new(Side::Client, Opcode::Text, body);
    let texts: Vec<&str> = filters.iter().map(|(filter, _)| filter.as_str()).collect();
    let expected: Vec<bool> = filters.iter().map(|(_, holds)| *holds).collect();
    assert_eq!(selected_by(&texts, message), expected);
    for (filter, holds) in &filters {
        assert_eq!(selects(&parse(filter), body, None), *holds, "{filter}");
    }
}

/// A filter that cannot hold without a literal is looked at where that is, whatever else
/// it wants.
#[test]
fn filters_are_looked_at_where_they_can_hold() {
    let text = r#"{"a":[1,"x",null],"b":"x","c":"x"}"#;
    let filters: Vec<String> = (0..150)
        .map(|number| match number % 5 {
            0 => format!("json.a[*] == {number}"),
            1 => format!("json.a[*] == {} && json.b == x", number % 10),
            2 => format!("json.b == x && json.c == \"{number}\""),
            3 => format!("json.a[*] == {number} || json.b == x"),
            _ => format!("!(json.a[*] == {number}) && json.b == x"),
        })
        .collect();
    let texts: Vec<&str> = filters.iter().map(String::as_str).collect();
    let message = Message::new(Side::Client, Opcode::Text, Body::Json(JsonText::new(text)));
    let expected: Vec<bool> = (0..150)
        .map(|number| match number % 5 {
            0 | 2 => false,
            1 => number % 10 == 1,
            _ => true,
        })
        .collect();
    assert_eq!(selected_by(&texts, message), expected);
    // What is no JSON has no literals.
    let message = Message::new(Side::Client, Opcode::Text, Body::Text("x"));
    assert_eq!(selected_by(&texts, message), vec![false; 150]);
}

//! What protocols inside say: on recordings, and on traffic made by hand of those
//! that there is no recording of.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::command::{capture, run, scratch};
use crate::made::{Capture, Connection, Header, Side, frame};

fn messages(path: &Path) -> Vec<Value> {
    let mut events = run(["-q", "-T", "json", path.to_str().unwrap()]).events();
    events.retain(|event| event["event"] == "message");
    events
}

fn nanoseconds(event: &Value) -> i64 {
    let time: jiff::Timestamp = event["time"].as_str().unwrap().parse().unwrap();
    time.as_nanosecond().try_into().unwrap()
}

/// Of both forms of the protocol. What belongs together is looked up here in what
/// the headers of the messages say.
#[test]
fn whatever_names_a_parent_answers_it() {
    for name in ["jupyter-kernel.pcapng", "jupyter-kernel-v1.pcap"] {
        let mut sent = BTreeMap::new();
        let mut answers = 0;
        for event in messages(&capture(name)) {
            let app = &event["app"];
            if app["protocol"] != "jupyter" {
                continue;
            }
            let parent = app["parent_msg_id"].as_str().unwrap_or_default();
            match sent.get(&(event["from"] == "client", parent.to_owned())) {
                Some((packet, kind, time)) => {
                    let latency = app["latency"].as_f64().unwrap() * 1e9;
                    assert_eq!((&app["reply_to"], &app["reply_to_type"]), (packet, kind));
                    assert_eq!(latency.round() as i64, nanoseconds(&event) - time);
                    answers += 1;
                }
                None => assert!(app.get("reply_to").is_none(), "{event}"),
            }
            let (packet, kind) = (event["packet"].clone(), app["type"].clone());
            let told = (packet, kind, nanoseconds(&event));
            let id = app["msg_id"].as_str().unwrap().to_owned();
            // Under the side that may answer.
            sent.insert((event["from"] == "server", id), told);
        }
        assert!(answers > 20, "{name}: {answers}");
    }
}

/// The kernel was asked for the same in both.
#[test]
fn both_forms_of_kernels_messages_say_the_same() {
    let [text, v1] = ["jupyter-kernel.pcapng", "jupyter-kernel-v1.pcap"].map(|name| {
        let mut said: Vec<String> = Vec::new();
        for event in messages(&capture(name)) {
            let content = [&event["app"]["content"], &event["json"]["content"]];
            let content = content.into_iter().find(|content| content.is_object());
            if let Some(content) = content {
                let (channel, kind) = (&event["app"]["channel"], &event["app"]["type"]);
                let text = content.get("code").or(content.get("text")).or(content.get("ename"));
                said.push(format!("{} {channel} {kind} {text:?}", event["from"]));
            }
        }
        // What comes by different sockets of the kernel may overtake each other.
        said.sort();
        said
    });
    assert_eq!(text, v1);
    let count = |what: &str| text.iter().filter(|line| line.contains(what)).count();
    assert_eq!((count("\"execute_request\""), count("\"execute_reply\"")), (3, 3));
    assert_eq!((count("ZeroDivisionError"), count("Grüße from the kernel")), (2, 3));
}

#[test]
fn a_terminal_of_jupyter() {
    let messages = messages(&capture("jupyter-terminal.pcap"));
    let apps: Vec<&Value> = messages.iter().filter_map(|event| event.get("app")).collect();
    assert_eq!(apps.first().unwrap(), &&json!({"protocol": "terminado", "type": "setup"}));
    let size = json!({"protocol": "terminado", "type": "set_size", "rows": 24, "cols": 80});
    assert!(apps.contains(&&size));
    let printed = apps.iter().filter(|app| app["type"] == "stdout");
    let printed: String = printed.map(|app| app["text"].as_str().unwrap()).collect();
    assert!(
        printed.contains("\u{1b}[1;32mgreen\u{1b}[0m and") && printed.contains("Grüße ✓ 日本語")
    );
    assert_eq!(apps.last().unwrap()["type"], "disconnect");
}

/// What the program says of such a connection, without the protocol's name and
/// latencies; null of a message of which it says nothing.
fn said(
    protocol: &str,
    target: &str,
    subprotocol: Option<&str>,
    talk: &[(Side, u8, &[u8])],
) -> Vec<Value> {
    let name = format!("inside-{protocol}-{}", subprotocol.unwrap_or("none"));
    let path = scratch(&name).join("made.pcap");
    let mut capture = Capture::create(&path).unwrap();
    let mut connection = Connection::on_ethernet(0, 80);
    connection.dial(&mut capture).unwrap();
    let header = subprotocol.map(|chosen| format!("Sec-WebSocket-Protocol: {chosen}\r\n"));
    let header = header.unwrap_or_default();
    for (from, head) in [
        (
            Side::Client,
            format!(
                "GET {target} HTTP/1.1\r\nHost: server.example\r\nUpgrade: websocket\r\n\
                 Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n{header}\
                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            ),
        ),
        (
            Side::Server,
            format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n{header}\
                 Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
            ),
        ),
    ] {
        connection.send(&mut capture, from, head.as_bytes()).unwrap();
    }
    for (from, opcode, payload) in talk {
        connection.send(&mut capture, *from, &frame(*opcode, *from, payload)).unwrap();
    }
    capture.finish().unwrap();
    let apps = messages(&path).into_iter().map(|event| {
        let Some(mut app) = event["app"].as_object().cloned() else {
            return Value::Null;
        };
        assert_eq!(app.remove("protocol").unwrap(), protocol);
        assert_eq!(app.remove("latency").is_some(), app.remove("reply_to").is_some());
        Value::Object(app)
    });
    apps.collect()
}

const CLIENT: Side = Side::Client;
const SERVER: Side = Side::Server;
const TEXT: u8 = Header::TEXT;
const BINARY: u8 = Header::BINARY;

#[test]
fn gotty() {
    let talk = [
        (CLIENT, TEXT, &br#"{"Arguments":"","AuthToken":"secret"}"#[..]),
        (SERVER, TEXT, b"3bash@host"),
        (CLIENT, TEXT, b"1ls\r"),
        (SERVER, TEXT, b"1G1sxbUdyw7zDn2UNCg=="),
        (CLIENT, TEXT, b"2"),
        (SERVER, TEXT, b"2"),
    ];
    let expected = [
        json!({"type": "init", "command": "{", "json": {"Arguments": ""}}),
        json!({"type": "window_title", "command": "3", "text": "bash@host"}),
        json!({"type": "input", "command": "1", "text": "ls\r"}),
        json!({"type": "output", "command": "1", "text": "\u{1b}[1mGrüße\r\n"}),
        json!({"type": "ping", "command": "2", "heartbeat": true}),
        json!({"type": "pong", "command": "2", "heartbeat": true, "reply_to_type": "ping"}),
    ];
    assert_eq!(said("gotty", "/ws", Some("webtty"), &talk), expected);
}

#[test]
fn ttyd() {
    let talk = [
        (CLIENT, BINARY, &br#"{"AuthToken":"","columns":80,"rows":24}"#[..]),
        (SERVER, BINARY, b"1bash (host)"),
        (SERVER, BINARY, b"2{\"fontSize\":13}"),
        (SERVER, BINARY, b"0\x1b[31m$ "),
        (CLIENT, BINARY, b"0exit\r"),
    ];
    let expected = [
        json!({"type": "init", "command": "{", "json": {"columns": 80, "rows": 24}}),
        json!({"type": "window_title", "command": "1", "text": "bash (host)"}),
        json!({"type": "preferences", "command": "2", "json": {"fontSize": 13}}),
        json!({"type": "output", "command": "0", "text": "\u{1b}[31m$ "}),
        json!({"type": "input", "command": "0", "text": "exit\r"}),
    ];
    assert_eq!(said("ttyd", "/ws", Some("tty"), &talk), expected);
}

#[test]
fn kubernetes() {
    let exec = "/api/v1/namespaces/default/pods/web/exec?command=sh";
    let talk = [
        (CLIENT, BINARY, &b"\x04{\"Width\":80,\"Height\":24}"[..]),
        (CLIENT, BINARY, b"\x00ls\n"),
        (SERVER, BINARY, b"\x01a.txt\n"),
        (SERVER, BINARY, b"\x03{\"status\":\"Success\"}"),
        (CLIENT, BINARY, b"\xff\x00"),
    ];
    let expected = [
        json!({"type": "resize", "channel": 4, "json": {"Width": 80, "Height": 24}}),
        json!({"type": "stdin", "channel": 0, "text": "ls\n"}),
        json!({"type": "stdout", "channel": 1, "text": "a.txt\n"}),
        json!({"type": "error", "channel": 3, "json": {"status": "Success"}}),
        json!({"type": "close", "channel": 255, "closes": 0}),
    ];
    assert_eq!(said("kubernetes", exec, Some("v5.channel.k8s.io"), &talk), expected);
    let talk = [(SERVER, TEXT, &b"2bm8K"[..])];
    let expected = [json!({"type": "stderr", "channel": 2, "text": "no\n"})];
    assert_eq!(said("kubernetes", exec, Some("base64.channel.k8s.io"), &talk), expected);
    let talk = [(SERVER, BINARY, &b"\x00\x50\x00"[..]), (CLIENT, BINARY, b"\x00GET /")];
    let expected = [
        json!({"type": "data", "channel": 0, "port": 80}),
        json!({"type": "data", "channel": 0, "text": "GET /"}),
    ];
    let forward = "/api/v1/namespaces/default/pods/web/portforward?ports=80";
    assert_eq!(said("kubernetes", forward, Some("v4.channel.k8s.io"), &talk), expected);
}

#[test]
fn phoenix() {
    let talk = [
        (CLIENT, TEXT, &br#"["1","1","room:1","phx_join",{}]"#[..]),
        (SERVER, TEXT, br#"["1","1","room:1","phx_reply",{"status":"ok","response":{}}]"#),
        (CLIENT, BINARY, b"\x00\x01\x01\x06\x0212room:1up\x00\xff"),
        (SERVER, BINARY, b"\x02\x06\x03room:1allhi"),
        (CLIENT, TEXT, br#"[null,"3","phoenix","heartbeat",{}]"#),
    ];
    let expected = [
        json!({"type": "phx_join", "topic": "room:1", "event": "phx_join", "ref": "1", "join_ref": "1"}),
        json!({"type": "phx_reply", "topic": "room:1", "event": "phx_reply", "ref": "1", "join_ref": "1",
            "status": "ok", "reply_to_type": "phx_join"}),
        json!({"type": "up", "topic": "room:1", "event": "up", "ref": "2", "join_ref": "1", "base64": "AP8="}),
        json!({"type": "all", "topic": "room:1", "event": "all", "text": "hi"}),
        json!({"type": "heartbeat", "topic": "phoenix", "event": "heartbeat", "ref": "3", "heartbeat": true}),
    ];
    assert_eq!(said("phoenix", "/socket/websocket?vsn=2.0.0", None, &talk), expected);
    // Without that in the target, they show it themselves.
    assert_eq!(said("phoenix", "/socket", None, &talk), expected);
}

#[test]
fn ocpp() {
    let talk = [
        (CLIENT, TEXT, &br#"[2,"a","BootNotification",{"reason":"PowerUp"}]"#[..]),
        (SERVER, TEXT, br#"[3,"a",{"status":"Accepted"}]"#),
        (SERVER, TEXT, br#"[2,"b","Reset",{"type":"Immediate"}]"#),
        (CLIENT, TEXT, br#"[4,"b","NotSupported","no",{}]"#),
    ];
    let expected = [
        json!({"type": "CALL", "id": "a", "action": "BootNotification"}),
        json!({"type": "CALLRESULT", "id": "a", "reply_to_type": "BootNotification"}),
        json!({"type": "CALL", "id": "b", "action": "Reset"}),
        json!({"type": "CALLERROR", "id": "b", "code": "NotSupported", "description": "no",
            "reply_to_type": "Reset"}),
    ];
    assert_eq!(said("ocpp", "/station/1", Some("ocpp2.0.1"), &talk), expected);
    assert_eq!(said("ocpp", "/station/1", None, &talk), expected);
}

#[test]
fn socket_io() {
    let talk = [
        (CLIENT, TEXT, &b"40"[..]),
        (SERVER, TEXT, br#"40{"sid":"a"}"#),
        (CLIENT, TEXT, br#"451-/maps,7["draw",{"_placeholder":true,"num":0},1.50]"#),
        (CLIENT, BINARY, b"\x00\xff"),
        (SERVER, TEXT, br#"43/maps,7["drawn"]"#),
        (SERVER, TEXT, b"2"),
        (CLIENT, TEXT, b"3"),
    ];
    let expected = [
        json!({"type": "CONNECT", "namespace": "/"}),
        json!({"type": "CONNECT", "namespace": "/", "sid": "a", "data": {"sid": "a"}}),
        json!({"type": "BINARY_EVENT", "namespace": "/maps", "event": "draw", "id": 7,
            "attachments": 1}),
        json!({"type": "attachment", "namespace": "/maps", "event": "draw", "id": 7, "num": 0,
            "data": [{"base64": "AP8="}, 1.5]}),
        json!({"type": "ACK", "namespace": "/maps", "id": 7, "data": ["drawn"],
            "reply_to_type": "draw"}),
        json!({"type": "ping", "heartbeat": true}),
        json!({"type": "pong", "heartbeat": true, "reply_to_type": "ping"}),
    ];
    let target = "/live/?EIO=4&transport=websocket";
    assert_eq!(said("socket.io", target, None, &talk), expected);
    assert_eq!(said("socket.io", "/socket.io/?transport=websocket&EIO=4", None, &talk), expected);
    let talk = [
        (CLIENT, BINARY, &b"\x82\xa4type\x00\xa3nsp\xa1/"[..]),
        (SERVER, TEXT, b"2"),
        (CLIENT, BINARY, b"\x84\xa4type\x02\xa4data\x92\xa3add\xc4\x01\xff\xa3nsp\xa1/\xa2id\x07"),
        (SERVER, BINARY, b"\x84\xa4type\x03\xa4data\x91\x03\xa3nsp\xa1/\xa2id\x07"),
    ];
    let expected = [
        json!({"type": "CONNECT", "namespace": "/"}),
        json!({"type": "ping", "heartbeat": true}),
        json!({"type": "EVENT", "namespace": "/", "event": "add", "id": 7,
            "data": [{"base64": "/w=="}]}),
        json!({"type": "ACK", "namespace": "/", "id": 7, "data": [3], "reply_to_type": "add"}),
    ];
    assert_eq!(said("socket.io", target, None, &talk), expected);
}

/// Where the handshake does not tell, as in the middle of a connection.
#[test]
fn engine_io_socket_io_and_sockjs_show_themselves() {
    let talk = [
        (SERVER, TEXT, &br#"42/maps,7["moved",{"x":1}]"#[..]),
        (CLIENT, TEXT, br#"43/maps,7["ok"]"#),
        (SERVER, TEXT, b"2"),
    ];
    let expected = [
        json!({"type": "EVENT", "namespace": "/maps", "event": "moved", "id": 7,
            "data": [{"x": 1}]}),
        json!({"type": "ACK", "namespace": "/maps", "id": 7, "data": ["ok"],
            "reply_to_type": "moved"}),
        json!({"type": "ping", "heartbeat": true}),
    ];
    assert_eq!(said("socket.io", "/", Some("own"), &talk), expected);
    let talk = [
        (SERVER, TEXT, &br#"0{"sid":"a","pingInterval":9,"pingTimeout":8}"#[..]),
        (CLIENT, TEXT, b"4hello"),
    ];
    let expected = [
        json!({"type": "open", "sid": "a", "pingInterval": 9, "pingTimeout": 8}),
        json!({"type": "message", "text": "hello"}),
    ];
    assert_eq!(said("engine.io", "/", None, &talk), expected);
    let talk = [(SERVER, TEXT, &br#"a["one"]"#[..]), (CLIENT, TEXT, br#"["two"]"#)];
    let expected = [
        json!({"type": "array", "messages": ["one"]}),
        json!({"type": "array", "messages": ["two"]}),
    ];
    assert_eq!(said("sockjs", "/", Some("own"), &talk), expected);
}

#[test]
fn sockjs() {
    let talk = [
        (SERVER, TEXT, &b"o"[..]),
        (CLIENT, TEXT, br#"["{\"a\":1}"]"#),
        (SERVER, TEXT, br#"a["one","two"]"#),
        (SERVER, TEXT, b"h"),
        (SERVER, TEXT, br#"c[3000,"Go away!"]"#),
    ];
    let expected = [
        json!({"type": "open"}),
        json!({"type": "array", "messages": ["{\"a\":1}"]}),
        json!({"type": "array", "messages": ["one", "two"]}),
        json!({"type": "heartbeat", "heartbeat": true}),
        json!({"type": "close", "code": 3000, "reason": "Go away!"}),
    ];
    assert_eq!(said("sockjs", "/echo/000/abcdefgh/websocket", None, &talk), expected);
    // Other servers may have such paths.
    let talk = [(CLIENT, TEXT, &b"hello"[..]), (SERVER, TEXT, b"hello"), (SERVER, TEXT, b"o")];
    let expected = [const { Value::Null }; 3];
    assert_eq!(said("sockjs", "/echo/000/abcdefgh/websocket", None, &talk), expected);
}

#[test]
fn signalr_shows_itself() {
    let talk = [
        (CLIENT, TEXT, &b"{\"protocol\":\"messagepack\",\"version\":1}\x1e"[..]),
        (SERVER, BINARY, b"{}\x1e"),
        (CLIENT, BINARY, b"\x0e\x96\x01\x80\xa17\xa3add\x93\x01\x02\xc0\x90"),
        (SERVER, BINARY, b"\x07\x95\x03\x80\xa17\x03\x03"),
        (SERVER, BINARY, b"\x02\x91\x06\x03\x92\x08\x09"),
    ];
    let expected = [
        json!({"type": "handshake", "format": "messagepack", "version": 1}),
        json!({"type": "handshake"}),
        json!({"type": "Invocation", "target": "add", "invocationId": "7",
            "arguments": [1, 2, null]}),
        json!({"type": "Completion", "invocationId": "7", "result": 3, "reply_to_type": "add"}),
        json!({"type": "Ping", "parts": [
            {"type": "Ping", "heartbeat": true},
            {"type": "Ack", "sequenceId": 9},
        ]}),
    ];
    assert_eq!(said("signalr", "/hub", None, &talk), expected);
}

#[test]
fn devtools_show_themselves() {
    let talk = [
        (CLIENT, TEXT, &br#"{"id":1,"method":"Page.navigate","params":{"url":"/"}}"#[..]),
        (SERVER, TEXT, br#"{"method":"Page.frameNavigated","params":{},"sessionId":"A"}"#),
        (SERVER, TEXT, br#"{"id":1,"error":{"code":-32000,"message":"no"}}"#),
    ];
    let expected = [
        json!({"type": "command", "method": "Page.navigate", "id": 1}),
        json!({"type": "event", "method": "Page.frameNavigated", "sessionId": "A"}),
        json!({"type": "error", "id": 1, "code": -32000, "message": "no",
            "reply_to_type": "Page.navigate"}),
    ];
    assert_eq!(said("cdp", "/f1b0-9a", None, &talk), expected);
}

#[test]
fn graphql_operations_show_themselves() {
    for (protocol, words) in
        [("graphql-transport-ws", ["subscribe", "next"]), ("graphql-ws", ["start", "data"])]
    {
        let [ask, answer] = words;
        let texts = [
            format!(r#"{{"id":"1","type":"{ask}","payload":{{"query":"query Q {{ a }}"}}}}"#),
            format!(r#"{{"id":"1","type":"{answer}","payload":{{"errors":[{{}},{{}}]}}}}"#),
        ];
        let talk = [(CLIENT, TEXT, texts[0].as_bytes()), (SERVER, TEXT, texts[1].as_bytes())];
        let expected = [
            json!({"type": ask, "id": "1", "operation": "query Q"}),
            json!({"type": answer, "id": "1", "errors": 2, "reply_to_type": "query Q"}),
        ];
        assert_eq!(said(protocol, "/graphql", None, &talk), expected);
        assert_eq!(said(protocol, "/graphql", Some(protocol), &talk), expected);
    }
}

#[test]
fn stomp_over_several_messages() {
    let talk = [
        (CLIENT, TEXT, &b"CONNECT\nhost:a\n\n\0"[..]),
        (SERVER, TEXT, b"CONNECTED\nversion:1.1\n\n\0\n"),
        (CLIENT, TEXT, b"SEND\ndestination:/a\\cb\nreceipt:1\n\n{\"x\""),
        (SERVER, TEXT, b"\n"),
        (CLIENT, TEXT, b":1}\0"),
        (SERVER, TEXT, b"RECEIPT\nreceipt-id:1\n\n\0"),
    ];
    let expected = [
        json!({"type": "CONNECT", "headers": {"host": "a"}}),
        json!({"type": "CONNECTED", "headers": {"version": "1.1"}, "reply_to_type": "CONNECT"}),
        json!({}),
        json!({"type": "heartbeat", "heartbeat": true}),
        json!({"type": "SEND", "destination": "/a:b", "json": {"x": 1},
            "headers": {"destination": "/a:b", "receipt": "1"}}),
        json!({"type": "RECEIPT", "headers": {"receipt-id": "1"}, "reply_to_type": "SEND"}),
    ];
    assert_eq!(said("stomp", "/ws", Some("v11.stomp"), &talk), expected);
    assert_eq!(said("stomp", "/ws", None, &talk), expected);
}

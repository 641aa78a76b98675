//! What is told of two captures.

use proptest::prelude::*;

use super::compare::Difference;
use super::testing::{Line, Maker, compared, ignoring, rules, talk, told, told_of};
use super::{Rules, compare};
use crate::types::Side::{Client, Server};
use crate::types::{AcceptStatus, Extension, Handshake};

const SAME: &str = "no difference: 1 connection and 3 messages compared\n";

#[test]
fn a_changed_field_is_one_hunk() {
    let old = [
        (Client, r#"{"type":"login","user":"zoe"}"#),
        (Server, r#"{"type":"welcome","rooms":["a","b"],"level":3}"#),
        (Client, r#"{"type":"bye"}"#),
    ];
    let mut new = old;
    new[1].1 = r#"{"type":"welcome","rooms":["a","c"],"level":3.0}"#;
    assert_eq!(
        told_of(&old, &new),
        r#"@@ #0 ↔ #0 ws://localhost/ @@
  client text, packets 2 ↔ 2: {"type":"login","user":"zoe"}
! server text, packets 3 ↔ 3: {"type":"welcome","rooms":["a","c"],"level":3.0}
-   json.rooms[1]: "b"
+   json.rooms[1]: "c"
1 connection compared, 1 difference: 1 changed
"#
    );
    assert_eq!(told_of(&old, &old), SAME);
}

#[test]
fn missing_added_and_moved_messages_are_one_hunk_each() {
    let old = [(Client, "one"), (Client, "two"), (Client, "three"), (Server, "ok")];
    let without = [old[0], old[2], old[3]];
    assert_eq!(
        told_of(&old, &without),
        "@@ #0 ↔ #0 ws://localhost/ @@\n\
         \x20 client text, packets 2 ↔ 2: one\n\
         - client text, packet 3: two\n\
         1 connection compared, 1 difference: 1 missing\n"
    );
    assert_eq!(
        told_of(&without, &old),
        "@@ #0 ↔ #0 ws://localhost/ @@\n\
         \x20 client text, packets 2 ↔ 2: one\n\
         + client text, packet 3: two\n\
         1 connection compared, 1 difference: 1 added\n"
    );
    let moved = [old[1], old[2], old[0], old[3]];
    assert_eq!(
        told_of(&old, &moved),
        "@@ #0 ↔ #0 ws://localhost/ @@\n\
         ~ moved: client text, packets 2 ↔ 4: one\n\
         1 connection compared, 1 difference: 1 moved\n"
    );
}

#[test]
fn of_two_exchanges_that_were_swapped_the_same_one_is_moved() {
    for number in 0..20 {
        let texts = ["ask a", "told a", "ask b", "told b"].map(|text| format!("{text}{number}"));
        let [ask, told, ask_b, told_b] = texts.each_ref().map(String::as_str);
        let old = [(Client, ask), (Server, told), (Client, ask_b), (Server, told_b)];
        let new = [old[2], old[3], old[0], old[1]];
        for report in [told_of(&old, &new), told_of(&new, &old)] {
            let moved: Vec<&str> = report
                .lines()
                .filter(|line| line.starts_with('~'))
                .filter_map(|line| line.rsplit(' ').next())
                .collect();
            assert_eq!(moved.len(), 2, "{report}");
            assert_eq!(moved[0], moved[1], "{report}");
        }
    }
}

#[test]
fn messages_of_both_sides_pass_each_other() {
    let old = [(Client, "one"), (Server, "ready"), (Client, "two")];
    let new = [(Server, "ready"), (Client, "one"), (Client, "two")];
    assert_eq!(told_of(&old, &new), SAME);
}

#[test]
fn of_two_messages_the_more_alike_is_the_changed_one() {
    let old =
        [(Client, r#"{"op":"put","key":"a","n":1}"#), (Client, r#"{"op":"put","key":"b","n":2}"#)];
    let new = [(Client, r#"{"op":"put","key":"b","n":3}"#)];
    let comparison = compared(&old, &new);
    let differences: Vec<_> =
        comparison.pairs[0].hunks.iter().map(|hunk| hunk.difference).collect();
    assert_eq!(differences, [Difference::Missing, Difference::Changed]);
    // What has nothing in common is another message.
    let other = [(Client, r#"{"who":"zoe","what":"tea","how":"hot"}"#)];
    let differences: Vec<_> =
        compared(&old[..1], &other).pairs[0].hunks.iter().map(|hunk| hunk.difference).collect();
    assert_eq!(differences, [Difference::Missing, Difference::Added]);
}

#[test]
fn ids_are_renamed_consistently() {
    const ONE: &str = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    const TWO: &str = "00000000-7dec-11d0-a765-00a0c91e6bf6";
    const THREE: &str = "11111111-7dec-11d0-a765-00a0c91e6bf6";
    let session = |created: &str, asked: &str, answered: &str| {
        let made = format!(r#"{{"made":"{created}"}}"#);
        let asks = format!(r#"{{"ask":{{"order":"{asked}"}}}}"#);
        let answer = format!("answer to {answered}");
        let lines = [(Server, &*made), (Client, &*asks), (Server, &*answer)];
        talk(&lines, &rules())
    };
    let rules = rules();
    let old = session(ONE, ONE, ONE);
    assert_eq!(told(&old, &session(TWO, TWO, TWO), &rules), SAME);
    assert_eq!(told(&session(ONE, TWO, ONE), &session(TWO, THREE, TWO), &rules), SAME);
    assert_eq!(
        told(&old, &session(TWO, THREE, TWO), &rules),
        format!(
            "@@ #0 ↔ #0 ws://localhost/ @@\n\
             \x20 server text, packets 2 ↔ 2: {{\"made\":\"{TWO}\"}}\n\
             ! client text, packets 3 ↔ 3: {{\"ask\":{{\"order\":\"{THREE}\"}}}}\n\
             -   json.ask.order: \"{ONE}\"\n\
             +   json.ask.order: \"{THREE}\" (stands for another id elsewhere)\n\
             1 connection compared, 1 difference: 1 changed\n"
        )
    );
    let wrong = told(&old, &session(TWO, TWO, THREE), &rules);
    assert!(wrong.contains("+   websocket.payload.text, line 1: answer to 1111"), "{wrong}");
    // Two that become one are told, too.
    let wrong = told(&session(ONE, TWO, ONE), &session(THREE, THREE, THREE), &rules);
    assert!(wrong.contains("stands for another id"), "{wrong}");
}

#[test]
fn messages_that_are_the_same_tell_what_ids_stand_for() {
    let id = |digit: char| "f81d4fae-7dec-11d0-a765-00a0c91e6bf".to_owned() + &digit.to_string();
    let session = |changed: char, n: u32, asked: char| {
        let guess = format!(r#"{{"op":"put","n":{n},"of":"{}"}}"#, id(changed));
        let same = format!(r#"{{"get":"{}"}}"#, id(asked));
        talk(&[(Client, &guess), (Client, &same), (Client, &same)], &rules())
    };
    let told = told(&session('1', 1, '1'), &session('2', 2, '3'), &rules());
    let told: Vec<&str> = told.lines().filter(|line| line.starts_with(['!', '+'])).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].contains("packets 2 ↔ 2") && told[1].contains("json.n"), "{told:?}");
    assert!(told[2].contains("json.of") && told[2].contains("stands for another"), "{told:?}");
}

#[test]
fn another_query_is_a_changed_handshake() {
    let defaults = rules();
    let of = |target: &str, rules: &std::sync::Arc<Rules>| {
        Maker::new(rules).opened(0, target).said(0, &[(Client, "hello")]).made()
    };
    let told_of = |old: &str, new: &str, rules: &std::sync::Arc<Rules>| {
        told(&of(old, rules), &of(new, rules), rules)
    };
    assert_eq!(
        told_of("/io?EIO=3&v=1&t=PqXz1ab", "/io?EIO=4&v=1&t=PqXz2cd", &defaults),
        "@@ #0 ↔ #0 ws://localhost/io?EIO=4&v=1&t=PqXz2cd @@\n\
         ! handshake, packets 1 ↔ 1: 101\n\
         -   http.request.uri.query.EIO: \"3\"\n\
         +   http.request.uri.query.EIO: \"4\"\n\
         1 connection compared, 1 difference: 1 changed\n"
    );
    let same = "no difference: 1 connection and 1 message compared\n";
    assert_eq!(told_of("/io?t=1795748362560", "/io?t=1795748399999", &defaults), same);
    assert_eq!(told_of("/io?b=1&a=2", "/io?a=2&b=1", &defaults), same);
    let ignoring = ignoring(&["http.request.uri.query.EIO"]);
    assert_eq!(told_of("/io?EIO=3", "/io?EIO=4", &ignoring), same);
    assert_eq!(told_of("/io?EIO=3", "/io", &ignoring), same);
    assert_eq!(ignoring.unmet().count(), 0);
}

#[test]
fn ids_within_longer_values_are_renamed() {
    const ONE: &str = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    const TWO: &str = "00000000-7dec-11d0-a765-00a0c91e6bf6";
    const THREE: &str = "11111111-7dec-11d0-a765-00a0c91e6bf6";
    let defaults = rules();
    for form in ["order {} placed", "urn:uuid:{}", "{{}}", "https://shop/orders/{}?x=1"] {
        let session = |one: &str, two: &str| {
            let of = |id: &str| format!(r#"{{"text":"{}"}}"#, form.replace("{}", id));
            let [one, two] = [of(one), of(two)];
            talk(&[(Server, one.as_str()), (Client, two.as_str())], &defaults)
        };
        let same = "no difference: 1 connection and 2 messages compared\n";
        let old = session(ONE, ONE);
        assert_eq!(told(&old, &session(TWO, TWO), &defaults), same, "{form}");
        let wrong = told(&old, &session(TWO, THREE), &defaults);
        assert!(wrong.contains("stands for another id"), "{wrong}");
    }
    let client = |id: &str| {
        told_of(
            &[(Client, r#"{"client_id":"mqttjs_da13c8ab","packet_id":7}"#)],
            &[(Client, &format!(r#"{{"client_id":"{id}","packet_id":9}}"#))],
        )
    };
    assert!(client("mqttjs_98ab0c11").starts_with("no difference"));
    assert!(client("paho_98ab0c11").contains("-   json.client_id"));
}

#[test]
fn ids_that_were_asked_for_are_renamed_too() {
    let rules = rules();
    let session = |asked: &str, said: &str| {
        let said = format!(r#"{{"sid":"{said}"}}"#);
        Maker::new(&rules).opened(0, &format!("/io?sid={asked}")).said(0, &[(Server, &said)]).made()
    };
    let old = session("LxgJVzEC3_Twb9m8AAAA", "LxgJVzEC3_Twb9m8AAAA");
    let compared = "no difference: 1 connection and 1 message compared\n";
    let new = session("q6XTvSQXbZy42ya1AAAA", "q6XTvSQXbZy42ya1AAAA");
    assert_eq!(told(&old, &new, &rules), compared);
    let new = session("q6XTvSQXbZy42ya1AAAA", "HnpqffY9n1Y20me3AAAA");
    assert!(told(&old, &new, &rules).contains("json.sid"));
}

#[test]
fn what_is_ignored_is_no_difference() {
    let old = [(Client, r#"{"a":{"price":1},"b":[{"price":2}]}"#)];
    let new = [(Client, r#"{"a":{"price":3},"b":[{"price":4},{"price":5}]}"#)];
    let of = |paths: &[&str]| {
        let rules = ignoring(paths);
        told(&talk(&old, &rules), &talk(&new, &rules), &rules)
    };
    assert!(of(&["json.a.price"]).contains("json.b[0].price: 2"));
    assert!(of(&["**.price"]).contains("+   json.b[1]: {\"price\":5}"));
    assert!(of(&["json.a", "json.b"]).starts_with("no difference"));
    assert!(of(&["json"]).starts_with("no difference"));
    let exact = std::sync::Arc::new(Rules::new(Vec::new(), false));
    let old = talk(&[(Client, r#"{"ts":1795748362}"#)], &exact);
    let new = talk(&[(Client, r#"{"ts":1795748363}"#)], &exact);
    assert!(told(&old, &new, &exact).contains("-   json.ts: 1795748362"));
}

#[test]
fn text_and_bytes_are_compared_too() {
    let text = told_of(&[(Client, "a\nb\nc\n")], &[(Client, "a\nx\nc\n")]);
    assert!(text.contains(
        "-   websocket.payload.text, line 2: b\\n\n+   websocket.payload.text, line 2: x\\n\n"
    ));
    let rules = rules();
    let bytes = |bytes: &[u8]| Maker::new(&rules).opened(0, "/").bytes(0, bytes).made();
    let told = told(&bytes(b"\0\x01\xff\xfe"), &bytes(b"\0\x01\x1b"), &rules);
    assert!(told.contains("-   websocket.payload: 4 bytes, at offset 2: ff fe\n"), "{told}");
    assert!(told.contains("+   websocket.payload: 3 bytes, at offset 2: 1b\n"), "{told}");
}

#[test]
fn a_message_that_is_cut_is_not_the_whole_one() {
    let rules = rules();
    let whole = Maker::new(&rules).opened(0, "/").said(0, &[(Server, "hello")]).made();
    let cut = |text| Maker::new(&rules).opened(0, "/").cut(0, text).made();
    for text in ["hello", "hel"] {
        let told = told(&whole, &cut(text), &rules);
        assert!(told.contains("+   ws: {\"complete\":false"), "{told}");
        assert!(told.ends_with("1 changed\n"), "{told}");
    }
    assert_eq!(
        told(&cut("hel"), &cut("hel"), &rules),
        "no difference: 1 connection and 1 message compared, \
         1 of them only as far as it is known\n"
    );
}

#[test]
fn of_long_values_the_place_is_shown_that_differs() {
    let long =
        |middle: &str| format!(r#"{{"text":"{}{middle}{}"}}"#, "a".repeat(500), "é".repeat(500));
    let told = told_of(&[(Client, &long("x"))], &[(Client, &long("y"))]);
    let lines: Vec<&str> = told.lines().filter(|line| line.contains("json.text")).collect();
    assert!(lines[0].contains("aaxéé") && lines[1].contains("aayéé"), "{told}");
    assert!(lines.iter().all(|line| line.len() < 250 && line.ends_with('…')), "{told}");
}

#[test]
fn what_comes_from_the_wire_steers_nothing() {
    let old = [(Client, "{\"a\u{9b}\":\"\u{202e}x\"}"), (Client, "\u{1b}[31m")];
    let new = [(Client, "{\"a\u{9b}\":\"\u{202e}y\"}"), (Client, "\u{1b}[32m")];
    let told = told_of(&old, &new);
    assert!(told.contains("\\u{202e}x") && told.contains("\\x1b[32m"), "{told}");
    assert!(!told.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{told}");
}

#[test]
fn handshakes_and_closes_are_compared() {
    let rules = rules();
    let handshake = |status, subprotocol: Option<&str>, extension: Option<&str>| Handshake {
        target: Some("/".to_owned()),
        status: Some(status),
        subprotocol: subprotocol.map(str::to_owned),
        extensions: extension
            .map(|name| Extension { name: name.to_owned(), params: Vec::new() })
            .into_iter()
            .collect(),
        ..Handshake::default()
    };
    let of = |handshake: &Handshake| Maker::new(&rules).handshake(0, handshake).made();
    let told_of = told(
        &of(&handshake(101, Some("v1"), None)),
        &of(&handshake(403, None, Some("permessage-deflate"))),
        &rules,
    );
    for line in [
        "! handshake, packets 1 ↔ 1: 403",
        "-   http.response.code: 101",
        "+   http.response.code: 403",
        "-   http.sec_websocket_protocol: \"v1\"",
        "+   http.sec_websocket_extensions: [\"permessage-deflate\"]",
    ] {
        assert!(told_of.contains(line), "{line} in\n{told_of}");
    }
    let closed = |code, reason| Maker::new(&rules).opened(0, "/").closed(0, code, reason).made();
    let told = told(&closed(1000, "done"), &closed(1001, "gone"), &rules);
    assert!(told.contains("+   websocket.payload.close.status_code: 1001"), "{told}");
    assert!(told.contains("+   websocket.payload.close.reason: \"gone\""), "{told}");
}

#[test]
fn a_wrong_accept_is_a_difference() {
    let rules = rules();
    let handshake = |status| Handshake {
        target: Some("/".to_owned()),
        status: Some(101),
        accept_status: status,
        ..Handshake::default()
    };
    let of = |status| Maker::new(&rules).handshake(0, &handshake(status)).made();
    let valid = of(Some(AcceptStatus::Valid));
    let told_of = told(&valid, &of(Some(AcceptStatus::Mismatch)), &rules);
    assert!(told_of.contains("+   ws.accept: \"mismatch\"\n"), "{told_of}");
    // HTTP/2 has none.
    assert!(told(&valid, &of(None), &rules).starts_with("no difference"));
    let rules = ignoring(&["ws.accept"]);
    let of = |status| Maker::new(&rules).handshake(0, &handshake(Some(status))).made();
    let (valid, missing) = (of(AcceptStatus::Valid), of(AcceptStatus::Missing));
    assert!(told(&valid, &missing, &rules).starts_with("no difference"));
}

#[test]
fn long_targets_that_end_differently_are_not_the_same() {
    let rules = rules();
    let of = |end: &str| {
        let target = format!("/x?a={}{end}", "b".repeat(4_000));
        Maker::new(&rules).opened(0, &target).made()
    };
    assert!(told(&of("1"), &of("1"), &rules).starts_with("no difference"));
    assert!(told(&of("1"), &of("2"), &rules).ends_with("1 difference: 1 changed\n"));
}

#[test]
fn connections_without_a_pair_are_told() {
    let rules = rules();
    let old = Maker::new(&rules).opened(0, "/a").opened(1, "/b").said(1, &[(Client, "x")]).made();
    let new = Maker::new(&rules).opened(0, "/a").opened(1, "/c").made();
    assert_eq!(
        told(&old, &new, &rules),
        "@@ #1 ws://localhost/b @@\n- connection, 101, 1 message\n\
         @@ #1 ws://localhost/c @@\n+ connection, 101, 0 messages\n\
         1 connection compared, 2 differences: 1 connection missing, 1 connection added\n"
    );
    let nothing = Maker::new(&rules).made();
    assert!(told(&old, &nothing, &rules).contains("the second capture has no WebSocket"));
    assert!(!compare(&old, &nothing, &rules, 9).is_empty());
    assert!(compare(&nothing, &nothing, &rules, 9).is_empty());
}

#[test]
fn connections_that_overtake_one_another_do_not_differ() {
    let rules = rules();
    let of = |one: &str, two: &str| {
        let made = Maker::new(&rules).opened(0, "/ws").opened(1, "/ws");
        made.said(0, &[(Client, one)]).said(1, &[(Client, two)]).made()
    };
    assert_eq!(
        told(&of("alice", "bob"), &of("bob", "alice"), &rules),
        "no difference: 2 connections and 2 messages compared\n"
    );
    // What has no equal is paired in order.
    let told = told(&of("alice", "bob"), &of("bob", "carol"), &rules);
    assert!(told.contains("@@ #0 ↔ #1 ws://localhost/ws @@\n! client"), "{told}");
    assert!(told.ends_with("2 connections compared, 1 difference: 1 changed\n"), "{told}");
}

#[test]
fn a_connection_after_another_on_the_same_stream_is_its_own() {
    let rules = rules();
    let twice = |second: &str| {
        let first = Maker::new(&rules).opened(0, "/").said(0, &[(Client, "x")]);
        first.opened(0, second).said(0, &[(Client, "y")]).made()
    };
    assert_eq!(
        told(&twice("/"), &twice("/"), &rules),
        "no difference: 2 connections and 2 messages compared\n"
    );
    assert!(told(&twice("/"), &twice("/z"), &rules).contains("1 connection missing"));
}

#[test]
fn beyond_the_room_a_digest_decides() {
    let rules = rules();
    let small = |text: &str| {
        let lines = [(Client, "{\"a\":1}"), (Client, text)];
        Maker::with_room(&rules, 400).opened(0, "/").said(0, &lines).made()
    };
    let (one, two) =
        (format!("[{}]", "1,".repeat(300) + "1"), format!("[{}]", "1,".repeat(300) + "2"));
    let told_same = told(&small(&one), &small(&one), &rules);
    assert!(told_same.contains("2 messages compared as a whole"), "{told_same}");
    assert!(told_same.contains("no difference"), "{told_same}");
    let told = told(&small(&one), &small(&two), &rules);
    assert!(told.contains("what differs was not kept"), "{told}");
    assert!(told.ends_with("1 changed\n"), "{told}");
}

#[test]
fn differences_beyond_the_bound_are_counted() {
    let rules = rules();
    let old = talk(&[(Client, "a"), (Server, "b")], &rules);
    let new = talk(&[(Client, "x"), (Server, "y")], &rules);
    let comparison = compare(&old, &new, &rules, 1);
    assert_eq!(comparison.pairs[0].hunks.len(), 1);
    assert_eq!((comparison.counts().changed, comparison.counts().untold), (2, 1));
    assert!(compare(&old, &new, &rules, 0).has_differences());
}

#[test]
fn a_message_with_many_fields_counts_for_as_many_differences() {
    let object = |value: u32| {
        let members: Vec<String> = (0..20).map(|at| format!("\"k{at}\":{value}")).collect();
        format!("{{\"same\":1,{}}}", members.join(","))
    };
    let rules = rules();
    let (old, new) = (object(1), object(2));
    let old = talk(&[(Client, &old), (Client, &old)], &rules);
    let new = talk(&[(Client, &new), (Client, &new)], &rules);
    let comparison = compare(&old, &new, &rules, 20);
    assert_eq!(comparison.pairs[0].hunks.len(), 1);
    assert_eq!((comparison.counts().changed, comparison.counts().untold), (2, 1));
}

#[test]
fn more_messages_than_there_may_be_are_not_compared_silently() {
    let rules = rules();
    let many = |last: &'static str| {
        let mut lines = vec![(Client, ""); 12];
        lines.push((Client, last));
        Maker::with_room(&rules, 400).opened(0, "/").said(0, &lines).made()
    };
    let comparison = compare(&many("x"), &many("y"), &rules, usize::MAX);
    assert_eq!((comparison.counts().messages, comparison.counts().uncompared), (12, 2));
    let told = told(&many("x"), &many("y"), &rules);
    assert!(told.contains("2 messages not compared (--limit compared=SIZE"), "{told}");
}

#[test]
fn long_keys_are_told_in_part() {
    let message = |value: u32| {
        let members: Vec<String> = (0..64).map(|at| format!("\"a{at}\":{value}")).collect();
        format!("{{\"same\":1,\"{}\":{{{}}}}}", "ké".repeat(100_000), members.join(","))
    };
    let told = told_of(&[(Client, &message(1))], &[(Client, &message(2))]);
    assert!(told.contains("…") && told.contains(".a7: 2\n"), "{told}");
    assert!(told.lines().all(|line| line.len() < 300), "{}", told.len());
}

#[test]
fn many_fields_are_counted() {
    let many = |value: u32| {
        let members: Vec<String> = (0..200).map(|at| format!("\"k{at}\":{value}")).collect();
        format!("{{\"same\":1,{}}}", members.join(","))
    };
    let told = told_of(&[(Client, &many(1))], &[(Client, &many(2))]);
    assert!(told.contains("136 more fields differ"), "{told}");
}

/// Long sequences that have little in common, and long arrays.
#[test]
fn hostile_captures_take_near_linear_work() {
    let texts: Vec<String> = (0..4_000_u32).map(|at| (at % 5).to_string()).collect();
    let others: Vec<String> = (0..4_000_u32).map(|at| (at % 7 + 3).to_string()).collect();
    let lines = |texts: &'static [String]| -> Vec<Line<'static>> {
        texts.iter().map(|text| (Client, text.as_str())).collect()
    };
    let (old, new) = (lines(texts.leak()), lines(others.leak()));
    assert!(compared(&old, &new).has_differences());
    let array = |from: u32| {
        format!("[{}0]", (0..50_000).map(|at| format!("{},", at % from)).collect::<String>())
    };
    let (old, new) = (array(1_000), array(999));
    assert!(compared(&[(Client, &old)], &[(Client, &new)]).has_differences());
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        "[a-z\u{1b}é]{0,6}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::btree_map("[a-z.]{1,4}", inner, 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn said() -> impl Strategy<Value = Vec<(bool, String)>> {
    let text = prop_oneof![json().prop_map(|json| json.to_string()), "[a-c]{0,2}"];
    proptest::collection::vec((any::<bool>(), text), 0..12)
}

fn lines(said: &[(bool, String)]) -> Vec<Line<'_>> {
    let side = |is_client| if is_client { Client } else { Server };
    said.iter().map(|(is_client, text)| (side(*is_client), text.as_str())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nothing_differs_from_itself(said in said()) {
        let said = lines(&said);
        prop_assert!(!compared(&said, &said).has_differences());
    }

    #[test]
    fn swapped_captures_swap_what_is_told(old in said(), new in said()) {
        let (old, new) = (lines(&old), lines(&new));
        let one = compared(&old, &new).counts();
        let two = compared(&new, &old).counts();
        prop_assert_eq!(one.changed, two.changed);
        prop_assert_eq!(one.moved, two.moved);
        prop_assert_eq!((one.missing, one.added), (two.added, two.missing));
        prop_assert_eq!(one.messages, two.messages);
    }

    #[test]
    fn every_message_is_told_of_once(old in said(), new in said()) {
        let counts = compared(&lines(&old), &lines(&new)).counts();
        prop_assert_eq!(counts.messages + counts.missing, old.len() as u64);
        prop_assert_eq!(counts.messages + counts.added, new.len() as u64);
    }

    #[test]
    fn one_field_that_changes_is_one_hunk(
        said in said(), json in json(), at: prop::sample::Index, old: i32, by in 1..99,
    ) {
        let message = |number: i64| {
            serde_json::json!({"one": number, "rest": json, "kind": "changed"}).to_string()
        };
        let (one, two) = (message(old.into()), message(i64::from(old) + i64::from(by)));
        let said = lines(&said);
        let at = at.index(said.len() + 1);
        let with = |text| {
            let mut said = said.clone();
            said.insert(at, (Client, text));
            said
        };
        let comparison = compared(&with(&one), &with(&two));
        let hunks: Vec<_> = comparison.pairs.iter().flat_map(|pair| &pair.hunks).collect();
        prop_assert_eq!(hunks.len(), 1);
        let fields = &hunks[0].fields.fields;
        prop_assert_eq!(fields.len(), 1);
        prop_assert_eq!(&fields[0].path, "json.one");
        prop_assert_eq!(fields[0].new.as_deref(), Some(&*(i64::from(old) + i64::from(by)).to_string()));
    }
}

use super::super::tests::Talk;
use super::*;
use crate::types::AppProtocol;
use Side::{Client, Server};

fn talk() -> Talk {
    Talk::new(AppProtocol::Mqtt)
}

/// A packet with this first byte and what follows its length.
fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut left = body.len();
    loop {
        let more = left >> 7 > 0;
        packet.push((left & 0x7f) as u8 | if more { 0x80 } else { 0 });
        left >>= 7;
        if !more {
            break;
        }
    }
    packet.extend_from_slice(body);
    packet
}

/// Text behind its length.
fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes(), text.as_bytes()].concat()
}

fn connect(level: u8, flags: u8, rest: &[&[u8]]) -> Vec<u8> {
    let name = string(if level & 0x7f == 3 { "MQIsdp" } else { "MQTT" });
    packet(0x10, &[&name, &[level, flags, 0, 60][..], &rest.concat()].concat())
}

/// A connection of version 5 with its CONNECT and CONNACK behind it: packets 1 and 2.
fn talk_5() -> Talk {
    let mut talk = talk();
    talk.binary(Client, &connect(5, 2, &[b"\0", &string("c")]));
    talk.binary(Server, b"\x20\x03\0\0\0");
    talk
}

#[test]
fn a_session_of_version_3_1_1() {
    let mut talk = talk();
    let will = [string("gone"), string("{\"at\":1}")].concat();
    let connect = connect(4, 0xee, &[&string("c1"), &will, &string("me"), &string("secret")]);
    assert_eq!(
        talk.binary(Client, &connect),
        r#"{"protocol":"mqtt","type":"CONNECT","version":"3.1.1","client_id":"c1","username":"me","keep_alive":60,"clean_start":true,"will":{"topic":"gone","qos":1,"retain":true,"json":{"at":1}}}"#
    );
    assert_eq!(talk.summary(), "c1 as me");
    assert_eq!(
        talk.binary(Server, b"\x20\x02\x01\x00"),
        r#"{"protocol":"mqtt","type":"CONNACK","reason_code":0,"session_present":true,"reply_to":1,"reply_to_type":"CONNECT","latency":0.001000000}"#
    );
    let subscribe =
        packet(0x82, &[b"\0\x0a", &string("a/b")[..], b"\x01", &string("c/d"), b"\x02"].concat());
    assert_eq!(
        talk.binary(Client, &subscribe),
        r#"{"protocol":"mqtt","type":"SUBSCRIBE","packet_id":10,"topics":[{"filter":"a/b","qos":1},{"filter":"c/d","qos":2}]}"#
    );
    assert_eq!(talk.summary(), "a/b, c/d");
    assert_eq!(
        talk.binary(Server, b"\x90\x04\0\x0a\x01\x80"),
        r#"{"protocol":"mqtt","type":"SUBACK","packet_id":10,"reason_codes":[1,128],"reply_to":3,"reply_to_type":"SUBSCRIBE","latency":0.001000000}"#
    );
    assert_eq!(talk.summary(), "Unspecified error");
    let publish = packet(0x33, &[&string("a/b")[..], b"\0\x01[7]"].concat());
    assert_eq!(
        talk.binary(Client, &publish),
        r#"{"protocol":"mqtt","type":"PUBLISH","packet_id":1,"topic":"a/b","qos":1,"retain":true,"dup":false,"json":[7]}"#
    );
    assert_eq!((talk.summary(), talk.body()), ("a/b qos 1 retain: [7]", Some("[7]")));
    assert_eq!(
        talk.binary(Server, b"\x40\x02\0\x01"),
        r#"{"protocol":"mqtt","type":"PUBACK","packet_id":1,"reply_to":5,"reply_to_type":"PUBLISH","latency":0.001000000}"#
    );
    let unsubscribe = packet(0xa2, &[b"\0\x02", &string("a/b")[..]].concat());
    assert_eq!(
        talk.binary(Client, &unsubscribe),
        r#"{"protocol":"mqtt","type":"UNSUBSCRIBE","packet_id":2,"topics":[{"filter":"a/b"}]}"#
    );
    assert!(talk.binary(Server, b"\xb0\x02\0\x02").contains(r#""packet_id":2,"reply_to":7"#));
    assert_eq!(
        talk.binary(Client, b"\xc0\0"),
        r#"{"protocol":"mqtt","type":"PINGREQ","heartbeat":true}"#
    );
    assert!(talk.binary(Server, b"\xd0\0").contains(r#""heartbeat":true,"reply_to":9"#));
    assert_eq!(talk.binary(Client, b"\xe0\0"), r#"{"protocol":"mqtt","type":"DISCONNECT"}"#);
}

#[test]
fn exactly_once_delivery() {
    let mut talk = talk();
    let told = talk.binary(Client, &packet(0x3c, b"\0\x01t\0\x07\xff"));
    assert!(told.contains(r#""qos":2,"retain":false,"dup":true,"base64":"/w==""#), "{told}");
    assert_eq!(talk.summary(), "t qos 2 dup");
    let told = talk.binary(Server, b"\x50\x02\0\x07");
    assert!(
        told.contains(r#""type":"PUBREC","packet_id":7,"reply_to":1,"reply_to_type":"PUBLISH""#)
    );
    let told = talk.binary(Client, b"\x62\x02\0\x07");
    assert!(told.contains(r#""type":"PUBREL","packet_id":7}"#), "{told}");
    let told = talk.binary(Server, b"\x70\x02\0\x07");
    assert!(
        told.contains(r#""type":"PUBCOMP","packet_id":7,"reply_to":3,"reply_to_type":"PUBREL""#)
    );
}

#[test]
fn version_3_1() {
    let mut talk = talk();
    let told = talk.binary(Client, &connect(3, 0, &[&string("old")]));
    assert!(told.contains(r#""version":"3.1","client_id":"old""#), "{told}");
    // A bridge.
    let told = talk.binary(Client, &connect(0x83, 0, &[&string("b")]));
    assert!(told.contains(r#""version":"3.1","client_id":"b""#), "{told}");
    // A SUBSCRIBE that is sent again.
    let told = talk.binary(Client, &packet(0x8a, &[b"\0\x01", &string("t")[..], b"\0"].concat()));
    assert!(!told.contains("malformed"), "{told}");
}

/// Each property of Table 2-4, with its type.
#[test]
fn every_property() {
    let all: &[&[u8]] = &[
        b"\x01\x01",
        b"\x02\0\0\0\x02",
        b"\x03\0\x01c",
        b"\x08\0\x01r",
        b"\x09\0\x02\xff\0",
        b"\x0b\x80\x01",
        b"\x0b\x05",
        b"\x11\xff\xff\xff\xff",
        b"\x12\0\x01a",
        b"\x13\0\x13",
        b"\x15\0\x01m",
        b"\x16\0\x01d",
        b"\x17\x01",
        b"\x18\0\0\0\x18",
        b"\x19\0",
        b"\x1a\0\x01i",
        b"\x1c\0\x01s",
        b"\x1f\0\x03why",
        b"\x21\0\x21",
        b"\x22\0\x22",
        b"\x23\0\x23",
        b"\x24\x01",
        b"\x25\x01",
        b"\x26\0\x01k\0\x01v",
        b"\x26\0\x01k\0\0",
        b"\x27\0\0\0\x27",
        b"\x28\0",
        b"\x29\x01",
        b"\x2a\x01",
    ];
    let properties = all.concat();
    let (low, high) = (properties.len() as u8 | 0x80, (properties.len() >> 7) as u8);
    let body = [&[0, 0, low, high][..], &properties].concat();
    let told = talk().binary(Server, &packet(0x20, &body));
    assert_eq!(
        told,
        r#"{"protocol":"mqtt","type":"CONNACK","reason_code":0,"session_present":false,"properties":{"payload_format_indicator":1,"message_expiry_interval":2,"content_type":"c","response_topic":"r","correlation_data":{"base64":"/wA="},"session_expiry_interval":4294967295,"assigned_client_identifier":"a","server_keep_alive":19,"authentication_method":"m","authentication_data":{"text":"d"},"request_problem_information":1,"will_delay_interval":24,"request_response_information":0,"response_information":"i","server_reference":"s","reason_string":"why","receive_maximum":33,"topic_alias_maximum":34,"topic_alias":35,"maximum_qos":1,"retain_available":1,"maximum_packet_size":39,"wildcard_subscription_available":0,"subscription_identifier_available":1,"shared_subscription_available":1,"subscription_identifier":[128,5],"user_property":[["k","v"],["k",""]]}}"#
    );
}

#[test]
fn a_session_of_version_5() {
    let mut talk = talk();
    let will = [b"\x05\x18\0\0\0\x09".to_vec(), string("gone"), string("bye")].concat();
    let told = talk.binary(Client, &connect(5, 0x0c, &[b"\x03\x21\0\x0a", &string(""), &will]));
    assert_eq!(
        told,
        r#"{"protocol":"mqtt","type":"CONNECT","version":"5","client_id":"","keep_alive":60,"clean_start":false,"will":{"topic":"gone","qos":1,"retain":false,"text":"bye","properties":{"will_delay_interval":9}},"properties":{"receive_maximum":10}}"#
    );
    let told = talk.binary(Server, b"\x20\x07\0\0\x04\x12\0\x01x");
    assert!(told.contains(r#""properties":{"assigned_client_identifier":"x"}"#), "{told}");
    let told = talk.binary(Client, &packet(0x82, b"\0\x01\x02\x0b\x07\0\x01#\x2d"));
    assert!(
        told.contains(r##""topics":[{"filter":"#","qos":1,"no_local":true,"retain_as_published":true,"retain_handling":2}],"properties":{"subscription_identifier":[7]}"##),
        "{told}"
    );
    let told = talk.binary(Server, b"\x90\x04\0\x01\0\x87");
    assert!(told.contains(r#""reason_codes":[135],"reply_to":3"#), "{told}");
    assert_eq!(talk.summary(), "Not authorized");
    let told = talk.binary(Client, b"\xa2\x06\0\x02\0\0\x01#");
    assert!(told.contains(r##""topics":[{"filter":"#"}]"##), "{told}");
    let told = talk.binary(Server, b"\xb0\x04\0\x02\0\x11");
    assert!(told.contains(r#""reason_codes":[17],"reply_to":5"#), "{told}");
    let told = talk.binary(Client, b"\x40\x03\0\x09\x10");
    assert!(told.contains(r#""packet_id":9,"reason_code":16}"#), "{told}");
    let told = talk.binary(Client, b"\x40\x02\0\x09");
    assert!(told.contains(r#""packet_id":9,"reason_code":0}"#), "{told}");
    let told = talk.binary(Client, b"\xf0\x07\x18\x05\x15\0\x02md");
    assert!(
        told.contains(
            r#""type":"AUTH","reason_code":24,"properties":{"authentication_method":"md"}"#
        ),
        "{told}"
    );
    let told = talk.binary(Server, b"\xe0\x02\x8e\0");
    assert!(told.contains(r#""type":"DISCONNECT","reason_code":142}"#), "{told}");
    assert_eq!(talk.summary(), "Session taken over");
}

#[test]
fn topics_by_their_aliases() {
    let mut talk = talk_5();
    talk.binary(Client, &packet(0x30, b"\0\x03a/b\x03\x23\0\x01x"));
    let by_alias = packet(0x30, b"\0\0\x03\x23\0\x01y");
    let told = talk.binary(Client, &by_alias);
    assert!(told.contains(r#""topic":"a/b""#), "{told}");
    // Each side has its own, which may be another one after a gap.
    assert!(talk.binary(Server, &by_alias).contains(r#""topic":"""#));
    talk.gap(Client);
    assert!(talk.binary(Client, &by_alias).contains(r#""topic":"""#));
}

#[test]
fn aliases_are_bounded() {
    let mut talk = talk_5();
    let topic = "t".repeat(30_000);
    for alias in 1..=4 {
        let body = [&string(&topic)[..], &[3, 0x23, 0, alias][..]].concat();
        talk.binary(Client, &packet(0x30, &body));
    }
    for alias in 1..=4u8 {
        let told = talk.binary(Client, &packet(0x30, &[0, 0, 3, 0x23, 0, alias]));
        assert_eq!(told.contains("tttt"), alias <= 2, "{alias}");
    }
}

#[test]
fn a_server_that_knows_no_version_5() {
    let mut talk = talk();
    talk.binary(Client, &connect(5, 2, &[b"\0", &string("c")]));
    let told = talk.binary(Server, b"\x20\x02\0\x01");
    assert!(told.contains(r#""reason_code":1"#) && !told.contains("malformed"), "{told}");
    assert_eq!(talk.summary(), "Unacceptable protocol version");
}

/// Some clients write each field of a packet by itself.
#[test]
fn packets_across_messages_cut_anywhere() {
    let bytes = [
        packet(0x32, b"\0\x01t\0\x01hello"),
        b"\xc0\0".to_vec(),
        packet(0x30, &[b"\0\x01u".as_slice(), &[b'x'; 200]].concat()),
    ]
    .concat();
    let only = r#"{"protocol":"mqtt"}"#;
    for cut in 1..bytes.len() {
        let mut talk = talk();
        let (first, second) = bytes.split_at(cut);
        let told = [talk.binary(Client, first), talk.binary(Client, second)];
        let said = |told: &str| ["hello", "PINGREQ", "xxx"].map(|one| told.contains(one));
        assert_eq!(said(&told[0]), [cut >= 12, cut >= 14, false], "{cut}: {told:?}");
        assert_eq!(said(&told[1]), [cut < 12, cut < 14, true], "{cut}: {told:?}");
        assert!(!told.concat().contains("malformed"), "{cut}: {told:?}");
    }
    let mut talk = talk();
    let told: Vec<String> = bytes.iter().map(|byte| talk.binary(Client, &[*byte])).collect();
    let spoke: Vec<usize> = (0..told.len()).filter(|at| told[*at] != only).collect();
    assert_eq!(spoke, [11, 13, bytes.len() - 1]);
    assert!(told[11].contains(
        r#""packet_id":1,"topic":"t","qos":1,"retain":false,"dup":false,"text":"hello""#
    ));
}

#[test]
fn several_packets_in_a_message() {
    let mut talk = talk();
    assert_eq!(
        talk.binary(Client, b"\xc0\0\x62\x02\0\x01"),
        r#"{"protocol":"mqtt","type":"PINGREQ","parts":[{"type":"PINGREQ","heartbeat":true},{"type":"PUBREL","packet_id":1}]}"#
    );
}

#[test]
fn of_very_many_topics_the_others_are_counted() {
    for (first, body) in [(0x82, &b"\0\0\0"[..]), (0xa2, b"\0\0")] {
        let mut talk = talk();
        let many = [&b"\0\x01"[..], &body.repeat(100_000)].concat();
        let told = talk.binary(Client, &packet(first, &many));
        assert!(told.contains(r#""more_topics":98976"#), "{}", told.len());
        assert!(told.len() < 100_000);
    }
}

#[test]
fn of_a_long_publish_the_head_is_told() {
    let mut talk = talk();
    let body = [b"\0\x04long".as_slice(), &vec![b'x'; 3 << 20]].concat();
    let bytes = packet(0x30, &body);
    let mut told = Vec::new();
    for part in bytes.chunks(100_000) {
        told.push(talk.binary(Client, part));
        assert!(talk.cost() < 3 << 20, "{}", talk.cost());
    }
    let last = told.pop().unwrap();
    assert!(told.iter().all(|told| told == r#"{"protocol":"mqtt"}"#));
    assert_eq!(
        last,
        r#"{"protocol":"mqtt","type":"PUBLISH","topic":"long","qos":0,"retain":false,"dup":false,"length":3145728,"truncated":true}"#
    );
    assert!(talk.binary(Client, b"\xc0\0").contains("PINGREQ"));
    // In one message there is nothing to keep.
    assert!(talk.binary(Client, &bytes).contains("xxx"));
}

#[test]
fn after_a_gap_it_waits_for_whole_packets() {
    let mut talk = talk();
    let publish = packet(0x30, b"\0\x01tx");
    talk.binary(Client, &publish[..3]);
    talk.gap(Client);
    let told = talk.binary(Client, &publish[3..]);
    assert!(told.contains("Where its packets begin is not known"), "{told}");
    let only = r#"{"protocol":"mqtt"}"#;
    // What cannot be a packet, ends elsewhere, or is the other side's to send.
    for other in [&b"\x00\x00"[..], &publish[..4], b"\xd0\0", b"\x82\x02\0\x01\xc0", b"\xc1\0"] {
        assert_eq!(talk.binary(Client, other), only, "{other:?}");
    }
    assert!(talk.binary(Server, b"\xd0\0").contains("PINGRESP"), "the other side is in step");
    assert!(talk.binary(Client, &[&b"\xc0\0"[..], &publish].concat()).contains("PUBLISH"));
    assert!(talk.binary(Client, &publish).contains("PUBLISH"));
}

#[test]
fn answers_are_not_sought_across_a_gap() {
    let mut talk = talk();
    talk.binary(Client, b"\xc0\0");
    talk.gap(Client);
    assert!(!talk.binary(Server, b"\xd0\0").contains("reply_to"));
}

#[test]
fn what_it_keeps_can_be_given_up() {
    let mut talk = talk();
    let publish = packet(0x30, &[b"\0\x01t".as_slice(), &[b'x'; 5000]].concat());
    talk.binary(Client, &publish[..3000]);
    assert!(talk.cost() >= 3000);
    talk.shed();
    assert!(talk.cost() < 1000);
    assert!(talk.binary(Client, &publish[3000..]).contains("not known"));
    // The other side was in step and is.
    assert!(talk.binary(Server, &publish).contains("PUBLISH"));
}

#[test]
fn what_is_wrong_is_told_and_what_is_right_too() {
    let mut talk = talk();
    talk.binary(Client, &connect(4, 2, &[&string("c")]));
    for (bytes, said) in [
        (&b"\x30\x02\0\x05"[..], "PUBLISH ends before or within its topic name."),
        (b"\x32\x03\0\x01t", "PUBLISH ends before or within its packet identifier."),
        (b"\x36\x05\0\x01t\0\x01", "There is no quality of service 3."),
        (b"\x80\x02\0\x01", "SUBSCRIBE must not have the flags 0x0."),
        (b"\x82\x05\0\x01\0\x01t", "SUBSCRIBE ends within a topic filter or its options."),
        (b"\x40\x01\0", "PUBACK ends before or within its packet identifier."),
        (b"\x40\x04\0\x01\0\0", "PUBACK has 2 bytes too many."),
        (b"\x10\x08\0\x04MQTX\x04\x02", "CONNECT ends before or within its keep alive."),
        (b"\x10\x0c\0\x04MQTX\x04\x02\0\x3c\0\0", "MQTX 4 is no known version."),
        (b"\x10\x0c\0\x04MQTT\x06\x02\0\x3c\0\0", "MQTT 6 is no known version."),
    ] {
        let told = talk.binary(Client, bytes);
        assert!(told.contains(&format!(r#""malformed":"{said}""#)), "{told}");
        // The next packet begins where it should.
        assert!(talk.binary(Client, b"\xc0\0").contains("PINGREQ"), "{said}");
    }
    let told = talk.binary(Client, b"\x36\x05\0\x01t\0\x01");
    assert!(told.contains(r#""packet_id":1,"topic":"t""#), "{told}");
}

#[test]
fn wrong_properties() {
    let mut talk = talk_5();
    for (properties, said) in [
        (&b"\x04\x00"[..], "There is no property 0x04."),
        (b"\x02\x00", "The property message_expiry_interval is cut."),
        (b"\x01\x00\x01\x00", "The property payload_format_indicator comes twice."),
    ] {
        let body = [b"\0\x01t".as_slice(), &[properties.len() as u8], properties, b"x"].concat();
        let told = talk.binary(Client, &packet(0x30, &body));
        assert!(told.contains(said) && told.contains(r#""text":"x""#), "{told}");
    }
    let told = talk.binary(Client, b"\x30\x05\0\x01t\x7fx");
    assert!(told.contains("PUBLISH ends before or within its properties."), "{told}");
}

#[test]
fn what_is_no_packet_ends_the_reading_until_one_is_seen() {
    let mut talk = talk();
    let told = talk.binary(Client, b"\xc0\0\x00\0");
    assert!(told.contains("PINGREQ") && told.contains("No packet begins with such a byte."));
    assert_eq!(talk.binary(Client, b"\x00\x00"), r#"{"protocol":"mqtt"}"#);
    assert!(talk.binary(Client, b"\xc0\0").contains("PINGREQ"));
    for byte in b"\x30\xff\xff\xff" {
        assert_eq!(talk.binary(Client, &[*byte]), r#"{"protocol":"mqtt"}"#);
    }
    assert!(talk.binary(Client, b"\xff").contains("has more than four bytes"));
}

#[test]
fn a_version_that_was_not_seen() {
    let mut talk = talk();
    let told = talk.binary(Client, &packet(0x82, b"\0\x01\0\0\x03a/b\x01"));
    assert!(told.contains(r#""filter":"a/b","qos":1,"no_local""#), "{told}");
    let told = talk.binary(Client, &packet(0x82, b"\0\x01\0\x03a/b\x01"));
    assert!(told.contains(r#""filter":"a/b","qos":1}"#), "{told}");
    talk.binary(Server, b"\x20\x03\0\0\0");
    let told = talk.binary(Client, &packet(0x30, b"\0\x01t\0x"));
    assert!(told.contains(r#""text":"x""#), "{told}");
}

#[test]
fn a_connect_shows_it() {
    for level in [3, 4, 5] {
        let properties: &[u8] = if level == 5 { b"\0" } else { b"" };
        let connect = connect(level, 2, &[properties, &string("c")]);
        assert!(
            Talk::unknown().binary(Client, &connect).contains(r#""protocol":"mqtt""#),
            "{level}"
        );
        assert_eq!(Talk::unknown().binary(Server, &connect), "");
        assert_eq!(Talk::unknown().binary(Client, &connect[..connect.len() - 1]), "");
    }
    for other in [&b"\xc0\0"[..], b"\x30\x04\0\x01tx", b"\x10\x0c\0\x04MQTX\x04\x02\0\x3c\0\0"] {
        assert_eq!(Talk::unknown().binary(Client, other), "");
    }
}

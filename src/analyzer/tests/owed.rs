//! What one side owes the other: waiting for the response, pongs, an answer to
//! a Close frame.

use super::*;

/// The rules that are broken.
fn broken(packets: &[Tcp]) -> Vec<String> {
    tell(packets)
        .iter()
        .filter_map(|line| line.split_once("violation "))
        .map(|(_, rule)| rule.to_owned())
        .collect()
}

#[test]
fn the_client_waits_for_the_response() {
    let with_first_frame = |acknowledged: bool| {
        let mut ends = Ends::connected();
        ends.say(CLIENT, request().as_bytes());
        let sent = ends.sent.len();
        ends.say(SERVER, response().as_bytes());
        ends.frame(CLIENT, 0x81, b"first");
        if !acknowledged {
            // As if it were sent with the request: nothing of the response had come.
            ends.sent[sent + 1].ack = ends.sent[sent - 1].ack;
        }
        ends.frame(CLIENT, 0x81, b"second");
        ends.sent
    };
    assert_eq!(broken(&with_first_frame(false)), ["data-before-response"]);
    assert_eq!(broken(&with_first_frame(true)), Vec::<String>::new());
}

#[test]
fn a_close_frame_is_answered() {
    let closing = |answer: bool, fin: bool| {
        let mut ends = Ends::upgraded();
        ends.frame(CLIENT, 0x88, b"\x03\xe8");
        if answer {
            ends.frame(SERVER, 0x88, b"\x03\xe8");
        }
        if fin {
            ends.send(SERVER, FIN | ACK, b"");
            ends.send(CLIENT, FIN | ACK, b"");
        } else {
            ends.send(SERVER, RST | ACK, b"");
        }
        ends.sent
    };
    assert_eq!(broken(&closing(false, true)), ["close-not-answered"]);
    assert_eq!(broken(&closing(true, true)), Vec::<String>::new());
    // What was broken off could not be answered.
    assert_eq!(broken(&closing(false, false)), Vec::<String>::new());
}

#[test]
fn who_had_not_got_the_close_frame_does_not_answer_it() {
    let mut ends = Ends::upgraded();
    ends.send(SERVER, FIN | ACK, b"");
    let fin = ends.sent.len() - 1;
    ends.frame(CLIENT, 0x88, b"\x03\xe8");
    ends.send(CLIENT, FIN | ACK, b"");
    assert_eq!(broken(&ends.sent), Vec::<String>::new());
    // The FIN acknowledges it: then it had.
    ends.sent[fin].ack = ends.client_seq.wrapping_sub(1);
    ends.sent.swap(fin, fin + 1);
    assert_eq!(broken(&ends.sent), ["close-not-answered"]);
}

#[test]
fn a_ping_is_answered() {
    let asking = |pong: bool, messages: usize| {
        let mut ends = Ends::upgraded();
        ends.frame(SERVER, 0x89, b"there?");
        if pong {
            ends.frame(CLIENT, 0x8a, b"there?");
        }
        for _ in 0..messages {
            ends.frame(CLIENT, 0x81, b"{}");
        }
        ends.close();
        ends.sent
    };
    assert_eq!(broken(&asking(false, 2)), ["ping-not-answered"]);
    assert_eq!(broken(&asking(true, 2)), Vec::<String>::new());
    // It may have come too late to be answered.
    assert_eq!(broken(&asking(false, 0)), Vec::<String>::new());
}

#[test]
fn nothing_is_owed_that_may_be_lost() {
    let mut ends = Ends::upgraded();
    ends.frame(SERVER, 0x89, b"there?");
    ends.frame(CLIENT, 0x8a, b"there?");
    let pong = ends.sent.len() - 1;
    for _ in 0..2 {
        ends.frame(CLIENT, 0x81, b"{\"x\": [1, 2, 3]}");
    }
    ends.close();
    ends.sent.remove(pong);
    let broken = broken(&ends.sent);
    assert!(!broken.contains(&"ping-not-answered".to_owned()), "{broken:?}");
}

#[test]
fn no_pong_is_owed_after_a_close_frame() {
    let mut ends = Ends::upgraded();
    ends.frame(SERVER, 0x89, b"?");
    ends.frame(SERVER, 0x88, b"\x03\xe8");
    // It has both, and sends what it was about to.
    ends.frame(CLIENT, 0x81, b"{}");
    ends.frame(CLIENT, 0x88, b"\x03\xe8");
    ends.close();
    assert_eq!(broken(&ends.sent), Vec::<String>::new());
}

#[test]
fn what_an_extension_makes_of_text_is_not_judged() {
    let mut ends = Ends::connected();
    let header = "\r\nSec-WebSocket-Extensions: x-webkit-deflate-frame\r\n\r\n";
    for (side, head) in [(CLIENT, request()), (SERVER, response())] {
        ends.say(side, head.replacen("\r\n\r\n", header, 1).as_bytes());
    }
    ends.frame(SERVER, 0xc1, HELLO);
    assert_eq!(broken(&ends.sent), Vec::<String>::new());
    // Without one, the bit alone is at fault.
    let mut ends = Ends::upgraded();
    ends.frame(SERVER, 0xc1, HELLO);
    assert_eq!(broken(&ends.sent), ["reserved-bits"]);
}

#[test]
fn close_frames_are_judged_whole() {
    let payload = [b"\x03\xe8".as_slice(), "éééé".as_bytes()].concat();
    for message in [1, 5, 100] {
        let mut ends = Ends::upgraded();
        ends.frame(SERVER, 0x88, &payload);
        ends.frame(CLIENT, 0x88, &payload);
        ends.close();
        let limits = Limits { message, ..Limits::default() };
        let told = tell_with(Options { limits, ..Options::default() }, &ends.sent);
        assert!(told.iter().all(|line| !line.contains("violation")), "{told:?}");
    }
}

#[test]
fn what_was_negotiated_out_of_sight_forbids_nothing() {
    let mut ends = Ends::upgraded();
    for number in 0..30 {
        ends.frame(CLIENT, 0x81, format!("{{\"ask\": {number}}}").as_bytes());
        ends.frame(SERVER, 0x81, format!("{{\"answer\": {number}}}").as_bytes());
    }
    ends.frame(SERVER, 0xa2, b"another extension");
    ends.frame(SERVER, 0xc9, b"ping");
    assert_eq!(broken(&ends.sent[5..]), Vec::<String>::new());
}

#[test]
fn a_pong_that_was_captured_before_its_ping() {
    let mut ends = Ends::upgraded();
    ends.frame(SERVER, 0x89, b"there?");
    ends.frame(CLIENT, 0x8a, b"there?");
    let pong = ends.sent.len() - 1;
    ends.frame(CLIENT, 0x81, b"{}");
    ends.frame(CLIENT, 0x81, b"{}");
    ends.close();
    ends.sent.swap(pong - 1, pong);
    assert_eq!(broken(&ends.sent), Vec::<String>::new());
}

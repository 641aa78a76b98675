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

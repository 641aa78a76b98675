//! What is said of the rules of captures.

use super::Explanation;
use crate::check::rule::CaptureRule;

pub(super) const fn explanation(rule: CaptureRule) -> Explanation {
    match rule {
        CaptureRule::NoConnection => Explanation::new(
            "A recording that went wrong, of the wrong interface or begun too late, would pass every rule, since nothing in it breaks one.",
            "See what the capture has instead: `wsdump -v FILE` counts it. Begin to record before the first client connects, on the interface that the traffic takes (`lo` for one machine), and end after the last. Where a capture may be empty, say --allow-empty.",
        ),
        CaptureRule::BrokenFile => Explanation::new(
            "What comes after the break is not judged, and nobody knows what it was. The exit code is 2 even where this rule is allowed.",
            "Let the program that records end by itself before the file is read: stop tcpdump with SIGTERM (a shell in CI starts what runs in the background with SIGINT ignored), wait for it, and have it write each packet at once (`tcpdump -U`). Look whether the disk was full.",
        )
        .example("tcpdump -i lo --immediate-mode -U -w traffic.pcap & recorder=$!\nrun-the-tests\nkill -TERM $recorder; wait $recorder"),
        CaptureRule::LostPackets => Explanation::new(
            "The receiver had these bytes, since it acknowledged them, and the capture has not: what they said cannot be judged, and messages around them are in pieces.",
            "Give the recording program a larger buffer (`tcpdump -B 65536`), record only what is needed (`tcp port 8080`), write to a fast disk, and do not let the machine drown in other work meanwhile. A capture must have both directions.",
        ),
        CaptureRule::Undecodable => Explanation::new(
            "Bytes that belong to no known frame may have been messages. After a gap wsdump looks for the next frame and passes over what is before it; after a frame header that cannot be, it does the same.",
            "Where bytes are missing before them, mend that (lost-packets). Where none are, the sender wrote what is no frame, which a violation beside this mostly tells; or the connection became another protocol.",
        ),
        CaptureRule::Undecryptable => Explanation::new(
            "What is inside TLS is not judged. It may be WebSocket.",
            "Record where the traffic is plain: behind the proxy that ends TLS, or in a test that runs without it. Conversations that do not matter are left out with --ip, --port or -f, or the rule is allowed.",
        )
        .example("wsdump check --port 8080 traffic.pcap"),
        CaptureRule::CutPackets => Explanation::new(
            "Of each of these packets the end is missing, and with it a part of the messages.",
            "Record whole packets: `tcpdump -s 0`, which is also what it does by itself; look for a -s in the command, or a snap length in the settings of the recording program.",
        ),
        CaptureRule::UnreadablePackets => Explanation::new(
            "Nobody knows what is in them; it may be what the check is for.",
            "Record on an interface of a common kind, such as Ethernet, `lo` or `any`. Fragments that do not come together, and headers that are broken, mostly come from a damaged file or from a network that loses packets.",
        ),
        CaptureRule::LimitReached => Explanation::new(
            "Of hostile or very large input wsdump keeps no more than its limits say; what it gave up is not judged.",
            "Raise the limit that is named, with --limit NAME=VALUE; `wsdump --limit help` tells each and its default. Or record less at once.",
        )
        .example("wsdump check --limit head=256KiB traffic.pcap"),
        CaptureRule::NotInflated => Explanation::new(
            "What the message says is not known, and no rule and no expectation sees it. With context takeover a message refers to those before it, so that one which is lost takes others with it.",
            "Let the capture have the connection from its beginning, and all of its packets. Where the message grows beyond the limit, raise --limit inflated. Or record tests without permessage-deflate, or with server_no_context_takeover and client_no_context_takeover.",
        ),
        CaptureRule::TruncatedMessage => Explanation::new(
            "Expectations saw only the part that was kept.",
            "Raise --limit message, or --limit memory where many large messages come at once.",
        ),
        CaptureRule::IncompleteMessage => Explanation::new(
            "All packets are there, and the message still has no end: a program crashed, gave up, or closed TCP under a message that was on its way. The receiver never has it.",
            "Look at how the sender ends the connection: what was begun is sent to its end, then a Close frame, and TCP is closed after the Close frame of the other side (RFC 6455 §7.1.1).",
        ),
        CaptureRule::MalformedApp => Explanation::new(
            "The other side may not read it either: it may ignore the message, answer with an error or end the connection.",
            "Compare the message with the specification of the protocol that the detail names. Where it is meant to be wrong, as in a test of errors, allow the rule for those messages.",
        )
        .example("wsdump check --allow 'malformed-app:http.request.uri == \"/fuzz\"' traffic.pcap"),
        CaptureRule::MissingHandshake => Explanation::new(
            "Without both halves it is unknown which URL was asked for, and which subprotocol and extensions were agreed on; their rules are not judged.",
            "Begin to record before the client connects, and record both directions. Where a response never came, see why the server does not answer.",
        ),
        CaptureRule::RefusedHandshake => Explanation::new(
            "The client did not get its connection. In a test of refusals that is what is wanted; anywhere else it is the reason why nothing follows.",
            "The status says why: 401 and 403 credentials or the Origin, 404 the path, 426 and 400 the version or a header, 5xx the server or a proxy before it. Where a refusal is a failure, say --deny refused-handshake.",
        )
        .example("wsdump check --deny refused-handshake traffic.pcap"),
        CaptureRule::OpenConnection => Explanation::new(
            "What came after the end of the capture is not judged: whether the last pings were answered, and whether the connection was closed as it should be.",
            "Record until the clients have closed their connections, and a moment longer.",
        ),
    }
}

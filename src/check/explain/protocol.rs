//! What is said of the rules of TCP, HTTP and WebSocket.

use super::Explanation;
use crate::types::Rule;

pub(super) const fn explanation(rule: Rule) -> Explanation {
    match rule {
        Rule::OverlapConflict => Explanation::new(
            "The two copies of the same bytes differ, so that what the receiver read depends on its TCP. A defect in a network device does that, and so does somebody who wants an observer to see other bytes than the receiver.",
            "Find out which device between the two ends rewrites or injects segments: record at both ends and compare. No WebSocket library can cause it.",
        ),
        Rule::RequestMethod => Explanation::new(
            "Servers take a request with another method for an ordinary one, and so do proxies and caches on the way.",
            "Ask with GET over HTTP/1.1, and with CONNECT and `:protocol` over HTTP/2.",
        )
        .example("GET /chat HTTP/1.1\nHost: example.org\nUpgrade: websocket\nConnection: Upgrade"),
        Rule::RequestHttpVersion => Explanation::new(
            "Before HTTP/1.1 there is no Upgrade: the server has to ignore it.",
            "Send HTTP/1.1. Before its version 1.29.7, nginx speaks 1.0 to the server behind it unless it is told `proxy_http_version 1.1`.",
        )
        .example("proxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection \"upgrade\";"),
        Rule::RequestTarget => Explanation::new(
            "A server cannot find what is asked for, and a fragment is nothing that it may be told.",
            "Send the path and the query of the URL, beginning with a slash, and leave out what comes after `#`; a `#` that belongs to the path is written `%23`.",
        ),
        Rule::RequestHost => Explanation::new(
            "The server, or a proxy before it, chooses by the host whom the request is for; with several it may choose another than a check before it did.",
            "Send exactly one Host, with the port where it is not the scheme's own. Look whether a proxy adds a second one.",
        ),
        Rule::RequestUpgrade => Explanation::new(
            "Without it the request asks for no WebSocket, and the server answers it as any other.",
            "Send `Upgrade: websocket`. Where the client did, a proxy took it away, as Upgrade concerns only one hop: tell the proxy to pass it on.",
        ),
        Rule::RequestConnection => Explanation::new(
            "Upgrade counts only where Connection names it; a proxy drops it otherwise.",
            "Send `Connection: Upgrade`, also beside others, as in `keep-alive, Upgrade`. Where a proxy takes it away, set the header anew there.",
        ),
        Rule::RequestKey => Explanation::new(
            "The server proves with the key that it understood the request. One that is no 16 bytes shows that the client is not a WebSocket client, or computes the key wrongly.",
            "Draw 16 random bytes for each connection and send them in base64, which has 24 characters, the last two of them `==`.",
        )
        .example("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
        Rule::RequestWebSocketVersion => Explanation::new(
            "RFC 6455 defines version 13 alone; others were drafts, with other frames.",
            "Send `Sec-WebSocket-Version: 13`, and update a client that sends anything else.",
        ),
        Rule::RequestOtherVersion => Explanation::new(
            "The server does not know the version, and the connection does not come about. It is a warning since a client may ask so, to learn what the server takes.",
            "Ask again with a version that the response names in Sec-WebSocket-Version, which is 13 everywhere.",
        ),
        Rule::RequestSubprotocols => Explanation::new(
            "A server that cannot read the list may refuse the request or choose nothing, and then the two sides disagree on what messages mean.",
            "Offer each subprotocol once, by a name of letters, digits and a few marks such as `.` and `-`, with commas between them and no spaces within.",
        )
        .example("Sec-WebSocket-Protocol: v12.stomp, v11.stomp"),
        Rule::DuplicateHeader => Explanation::new(
            "The two sides, or a proxy between them, may each believe another of the values.",
            "Send the header once. Mostly a proxy or a layer of the program adds one that is there already: let it replace the header.",
        ),
        Rule::ExtensionSyntax => Explanation::new(
            "An offer or answer that cannot be read may end the connection, or be read differently by the two sides, which then disagree on what frames mean.",
            "Write names and parameters as tokens: a comma between extensions, a semicolon before each parameter, and a value that is a token also within quotes.",
        )
        .example("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=12"),
        Rule::DeflateOffer => Explanation::new(
            "The server has to decline such an offer, so that nothing is compressed without anybody noticing.",
            "Offer only server_no_context_takeover, client_no_context_takeover, server_max_window_bits and client_max_window_bits, each once; windows have 8 to 15 bits, without leading zeros.",
        ),
        Rule::DataBeforeResponse => Explanation::new(
            "The server may have refused, or not be one of WebSocket: it then reads the frames as the next HTTP request, which somebody else may have chosen.",
            "Wait for the response and check it before sending the first frame.",
        ),
        Rule::ResponseHttpVersion => Explanation::new(
            "HTTP/1.0 has no 101: what the client and proxies make of it is not defined.",
            "Answer in HTTP/1.1. A proxy that speaks 1.0 to the client has to be set to 1.1.",
        ),
        Rule::ResponseUpgrade => Explanation::new(
            "The client has to fail the connection, since it is not told what it switched to.",
            "Answer with `Upgrade: websocket`. Where the server does, a proxy removes it.",
        ),
        Rule::ResponseConnection => Explanation::new(
            "The client has to fail the connection, as Upgrade means nothing that Connection does not name.",
            "Answer with `Connection: Upgrade`, and let the proxy before the server keep it.",
        ),
        Rule::AcceptMissing => Explanation::new(
            "Nothing shows that the server understood the request as one for WebSocket; strict clients, browsers among them, end the connection.",
            "Answer with Sec-WebSocket-Accept: the base64 of the SHA-1 of the key, as it was sent, followed by 258EAFA5-E914-47DA-95CA-C5AB0DC85B11.",
        ),
        Rule::AcceptMismatch => Explanation::new(
            "The server answered another key than it was sent, or computed wrongly, as does a cache that repeats an old answer; clients that check end the connection.",
            "Take the key as it was sent, base64 and all, append 258EAFA5-E914-47DA-95CA-C5AB0DC85B11, and send the base64 of the SHA-1 of both. Let nothing cache the response.",
        )
        .example("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        Rule::SubprotocolNotOffered => Explanation::new(
            "The client does not speak it, and has to fail the connection.",
            "Choose one of the names that Sec-WebSocket-Protocol of the request has, compared byte for byte, or none.",
        ),
        Rule::SubprotocolNotChosen => Explanation::new(
            "Browsers end such a connection; other clients go on and may take the messages for those of their first choice.",
            "Let the server choose one of those that are offered, or refuse the request; or let the client offer none.",
        ),
        Rule::ExtensionNotOffered => Explanation::new(
            "The client cannot read what the extension does to frames, and has to fail the connection.",
            "Answer only with extensions that the request offers. A proxy that removes the offer has to remove it from the response, too.",
        ),
        Rule::DeflateResponse => Explanation::new(
            "The two sides would compress and inflate differently; the client has to fail the connection.",
            "Answer one of the offers: client_max_window_bits only where the offer has it, windows no larger than offered, each parameter once.",
        ),
        Rule::ResponseContent => Explanation::new(
            "After 101 there is no body. A proxy that believes the header waits for one, or takes frames for it.",
            "Leave out Content-Length and Transfer-Encoding from the response that switches protocols; mostly a framework adds them by itself.",
        ),
        Rule::MisplacedHeader => Explanation::new(
            "It is ignored; but somebody believed that it does something.",
            "Leave it out: Sec-WebSocket-Accept belongs into responses, Sec-WebSocket-Key into requests, and Sec-WebSocket-Version into requests and into refusals.",
        ),
        Rule::RefusedWithoutVersion => Explanation::new(
            "The client cannot know with which version to ask again.",
            "Answer with 426 and `Sec-WebSocket-Version: 13`.",
        )
        .example("HTTP/1.1 426 Upgrade Required\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13"),
        Rule::UnmaskedClientFrame => Explanation::new(
            "Masking keeps somebody who chooses the payload from choosing the bytes on the wire, which proxies could take for HTTP. Servers have to end the connection.",
            "Let the client mask each frame with four random bytes of its own. A client that acts as a server, or a proxy that rewrites frames, is mostly the reason.",
        ),
        Rule::MaskedServerFrame => Explanation::new(
            "The client has to end the connection; libraries do.",
            "Let the server send frames without the mask bit and the key. A library used in its client's role at the server's end is mostly the reason.",
        ),
        Rule::MaskingKeyRepeated => Explanation::new(
            "A key that can be foreseen protects nobody: who knows it can choose the bytes on the wire. Two equal keys in a row happen by chance once in four thousand million frames.",
            "Draw the key anew for each frame, from a source of randomness that is fit for cryptography.",
        ),
        Rule::ReservedBits => Explanation::new(
            "The receiver does not know what the bit means for the payload, and has to fail the connection. RSV1 without permessage-deflate is mostly a compressed message that was not agreed on.",
            "Leave the bits 0 unless an extension was agreed on that defines them; see whether a proxy removed the extension from one of the two headers.",
        ),
        Rule::ReservedOpcode => Explanation::new(
            "No receiver knows what such a frame is; it has to fail the connection.",
            "Use 0 to 2 for data and 8 to 10 for control. Where the program does, it lost its place in the stream and sends parts of a payload as a header.",
        ),
        Rule::LengthNotMinimal => Explanation::new(
            "Strict receivers fail the connection; and whoever reads only the short form can be made to see other frames than the receiver.",
            "Write lengths up to 125 in 7 bits, up to 65535 in 16, and only longer ones in 64.",
        ),
        Rule::FrameLengthOverflow => Explanation::new(
            "No such frame can be; the receiver has lost its place or is attacked, and cannot read on.",
            "Mend how the sender writes the length: unsigned, in network byte order. Mostly a negative number was written as if it had no sign.",
        ),
        Rule::ControlFrameTooLong => Explanation::new(
            "Receivers keep no more than 125 bytes for a control frame, and fail the connection.",
            "Shorten the payload of the ping, or the reason of the Close frame, which has 123 bytes beside the code: bytes of UTF-8, not characters.",
        ),
        Rule::FragmentedControlFrame => Explanation::new(
            "Control frames stand between the fragments of messages and cannot be continued; the receiver has to fail the connection.",
            "Send each ping, pong and Close in one frame with FIN.",
        ),
        Rule::UnexpectedContinuation => Explanation::new(
            "The receiver does not know what the frame continues, and has to fail the connection.",
            "Begin each message with a text or binary frame. Two threads that send at once without a lock are a frequent reason.",
        ),
        Rule::InterleavedMessage => Explanation::new(
            "There is one message at a time in each direction, so that the receiver cannot put the two together.",
            "End a fragmented message, with a continuation frame that has FIN, before the next one begins; only control frames may stand between. Let one thread at a time send.",
        ),
        Rule::InvalidUtf8 => Explanation::new(
            "Receivers have to fail the connection, since text is handed on as text.",
            "Encode text as UTF-8, and send bytes that are none as binary messages. A string that was cut by bytes, or a lone surrogate of UTF-16, is mostly the reason.",
        ),
        Rule::ClosePayloadLength => Explanation::new(
            "A code has two bytes: one byte says nothing, and the receiver fails the connection.",
            "Send an empty Close frame, or the code in two bytes in network byte order, then the reason.",
        ),
        Rule::CloseCode => Explanation::new(
            "The code is one that programs use among themselves, such as 1005 and 1006, or that nobody defined, so that it tells the other side nothing it may rely on.",
            "Send 1000 for a normal end, one of the registered codes, or 3000 to 4999 for reasons of your own. Do not pass on a code that a library reported for a connection that broke.",
        ),
        Rule::CloseReasonUtf8 => Explanation::new(
            "The reason is text and is shown to people; receivers fail the connection over it.",
            "Encode the reason as UTF-8, and where it is cut to 123 bytes, cut between characters.",
        ),
        Rule::DataAfterClose => Explanation::new(
            "The other side discards it, so that a message is lost that its sender believes to be sent.",
            "Send what is to be sent before the Close frame, and refuse to send afterwards; look for threads that do not know yet that the connection closes.",
        ),
        Rule::ControlAfterClose => Explanation::new(
            "It is ignored, and shows that a timer was not stopped that keeps the connection alive.",
            "Stop the pings when the Close frame is sent.",
        ),
        Rule::SecondClose => Explanation::new(
            "The first one counts: the code and the reason of the second reach nobody.",
            "Send one Close frame; an answer to the other side's is none that is added to the own.",
        ),
        Rule::CloseNotAnswered => Explanation::new(
            "Who closed cannot know whether all its messages arrived, and mostly reports code 1006 instead of the one that was sent.",
            "Answer a Close frame with one before TCP is closed, and wait for the answer to the own. A process that exits at once after sending Close is mostly the reason.",
        ),
        Rule::PingNotAnswered => Explanation::new(
            "Who sent the ping takes the connection for dead when no pong comes in time, and ends it.",
            "Answer each ping with a pong that has its payload, as soon as possible; of several that wait the last may be answered alone. A program that reads messages only now and then answers late, too: let the library read all the time.",
        ),
        Rule::CompressedControlFrame => Explanation::new(
            "Control frames are never compressed; the receiver has to fail the connection.",
            "Set RSV1 only on the first frame of a text or binary message.",
        ),
        Rule::CompressedContinuation => Explanation::new(
            "Whether a message is compressed stands in its first frame alone; the receiver has to fail the connection.",
            "Set RSV1 on the first fragment, and leave it 0 on those that continue the message.",
        ),
        Rule::CorruptDeflate => Explanation::new(
            "The receiver cannot read the message, nor those after it that refer to it, and fails the connection.",
            "Send raw DEFLATE without a header of zlib or gzip, and one flush for each message. With context takeover keep the compressor from one message to the next; without it, start anew with each.",
        ),
        Rule::DeflateTail => Explanation::new(
            "Four bytes are sent for nothing with each message. All receivers inflate it alike.",
            "Remove 00 00 ff ff from the end of what the compressor gives, as the receiver appends it.",
        ),
    }
}

"""Record broken-handshakes.pcap: handshakes that break a rule each. What a client breaks,
a library answers, and where that refuses, another connection has a server that does not.
"""

import sys
from pathlib import Path

from breaking_rules import DEFLATE, KEY, masked, recorder
from handwritten_socket import accept_for

PROTOCOL = "Sec-WebSocket-Protocol"
EXTENSIONS = "Sec-WebSocket-Extensions"
VERSION = "Sec-WebSocket-Version"

# Rule and variant, who answers, and what is different in the request.
REQUESTS = [
    ("request-method/post", "websockets", {"first line": lambda line: line.replace("GET", "POST")}),
    ("request-method/put", "ws", {"first line": lambda line: line.replace("GET", "PUT")}),
    ("request-method/accepted", "by hand",
     {"first line": lambda line: line.replace("GET", "OPTIONS")}),
    ("request-target/websocket-uri", "websockets",
     {"first line": lambda line: line.replace("/request", "ws://127.0.0.1/request")}),
    ("request-target/fragment", "by hand",
     {"first line": lambda line: line.replace(" HTTP", "#part HTTP")}),
    ("request-http-version/1.0", "websockets",
     {"first line": lambda line: line.replace("1.1", "1.0")}),
    ("request-host/missing", "websockets", {"Host": None}),
    ("request-upgrade/missing", "by hand", {"Upgrade": None}),
    ("request-connection/missing", "websockets", {"Connection": None}),
    ("request-connection/accepted", "by hand", {"Connection": "keep-alive"}),
    ("request-key/missing", "ws", {"Sec-WebSocket-Key": None}),
    ("request-key/short", "websockets", {"Sec-WebSocket-Key": "c2hvcnQ="}),
    ("request-key/accepted", "by hand",
     {"Sec-WebSocket-Key": "dG9vIGxvbmcsIHRvbyBsb25nLCB0b28gbG9uZw=="}),
    ("request-key/no-base64", "by hand", {"Sec-WebSocket-Key": "this is no base64 at all"}),
    ("request-websocket-version/missing", "by hand", {VERSION: None}),
    ("request-other-version/7", "ws", {VERSION: "7"}),
    ("request-websocket-version/8", "ws", {VERSION: "8"}),
    ("request-subprotocols/twice", "ws", {PROTOCOL: "chat, superchat, chat"}),
    ("request-subprotocols/no-token", "ws", {PROTOCOL: "https://example.com/chat"}),
    ("request-subprotocols/empty", "by hand", {PROTOCOL: ""}),
    ("misplaced-header/accept", "websockets",
     {"Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}),
    ("duplicate-header/key", "websockets", {"Sec-WebSocket-Key": [
        "gtlHrhnTvovDa3pQ4zXhkQ==", "4sSmB5HKxjk9lGgUYUnZUg=="]}),
    ("duplicate-header/version", "by hand", {VERSION: ["13", "13"]}),
    ("extension-syntax/name-missing", "websockets", {EXTENSIONS: "; server_no_context_takeover"}),
    ("extension-syntax/value-missing", "ws",
     {EXTENSIONS: "permessage-deflate; client_max_window_bits="}),
    ("extension-syntax/no-token", "by hand", {EXTENSIONS: "x(example)"}),
    ("deflate-offer/window-of-16-bits", "websockets",
     {EXTENSIONS: "permessage-deflate; server_max_window_bits=16"}),
    ("deflate-offer/window-of-7-bits", "ws",
     {EXTENSIONS: "permessage-deflate; client_max_window_bits=7"}),
    ("deflate-offer/leading-zero", "by hand",
     {EXTENSIONS: "permessage-deflate; client_max_window_bits=09"}),
    ("deflate-offer/value-missing", "by hand",
     {EXTENSIONS: "permessage-deflate; server_max_window_bits"}),
    ("deflate-offer/value-of-a-flag", "websockets",
     {EXTENSIONS: "permessage-deflate; server_no_context_takeover=1"}),
    ("deflate-offer/parameter-twice", "websockets",
     {EXTENSIONS: "permessage-deflate; client_max_window_bits; client_max_window_bits=10"}),
    ("deflate-offer/unknown-parameter", "websockets", {EXTENSIONS: "permessage-deflate; level=9"}),
]

# Rule and variant, what is different in the request, what in the response.
RESPONSES = [
    ("response-http-version/1.0", {}, {"first line": lambda line: line.replace("1.1", "1.0")}),
    ("response-upgrade/missing", {}, {"Upgrade": None}),
    ("response-connection/missing", {}, {"Connection": None}),
    ("response-connection/keep-alive", {}, {"Connection": "keep-alive"}),
    ("subprotocol-not-chosen/of-one", {PROTOCOL: "chat"}, {}),
    ("misplaced-header/key", {}, {"Sec-WebSocket-Key": KEY}),
    ("misplaced-header/version", {}, {VERSION: "13"}),
    ("subprotocol-not-offered/another", {PROTOCOL: "chat"}, {PROTOCOL: "superchat"}),
    ("subprotocol-not-offered/none", {}, {PROTOCOL: "chat"}),
    ("subprotocol-not-offered/upper-case", {PROTOCOL: "chat"}, {PROTOCOL: "Chat"}),
    ("extension-not-offered/deflate", {}, DEFLATE),
    ("extension-not-offered/another", DEFLATE, {EXTENSIONS: "x-example"}),
    ("extension-syntax/response", DEFLATE, {EXTENSIONS: "permessage-deflate; =10"}),
    ("deflate-response/window-of-7-bits", DEFLATE,
     {EXTENSIONS: "permessage-deflate; server_max_window_bits=7"}),
    ("deflate-response/client-window-not-offered", DEFLATE,
     {EXTENSIONS: "permessage-deflate; client_max_window_bits=10"}),
    ("deflate-response/larger-window",
     {EXTENSIONS: "permessage-deflate; server_max_window_bits=10"},
     {EXTENSIONS: "permessage-deflate; server_max_window_bits=12"}),
    ("deflate-response/context-takeover",
     {EXTENSIONS: "permessage-deflate; server_no_context_takeover"}, DEFLATE),
    ("deflate-response/unknown-parameter", DEFLATE, {EXTENSIONS: "permessage-deflate; level=9"}),
    ("deflate-response/parameter-twice", DEFLATE, {EXTENSIONS:
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover"}),
    ("deflate-response/accepted-twice", DEFLATE,
     {EXTENSIONS: "permessage-deflate, permessage-deflate"}),
    ("response-content/length", {}, {"Content-Length": "0"}),
    ("response-content/chunked", {}, {"Transfer-Encoding": "chunked"}),
]


def main(folder):
    with recorder(Path(folder) / "broken-handshakes.pcap") as record:
        for name, answers, request in REQUESTS:
            if answers == "by hand":
                accept = "invalid-key" if name.startswith("request-key") else "valid"
                record.by_hand(name, "client", request=request, accept=accept)
            else:
                record.client_breaks(name, by=answers, request=request, closes="client",
                                     frames=[masked("text", b"Is that all right?")])
        record.client_breaks("data-before-response/with-the-request", closes="client",
                             frames=[masked("text", b"I am sure that you accept")])
        # The library says nothing about the version that it takes.
        record.client_breaks("request-other-version/6", request={VERSION: "6"},
                             also=[("refused-without-version", "server")])
        record.by_hand("request-http-version/accepted", "client",
                       request={"first line": lambda line: line.replace("1.1", "1.0")},
                       also=[("response-http-version", "server")])
        record.by_hand("request-subprotocols/accepted", "client",
                       request={PROTOCOL: "chat, superchat, chat"}, response={PROTOCOL: "chat"})
        for name, request, response in RESPONSES:
            record.by_hand(name, "server", request=request, response=response)
        record.by_hand("accept-missing", "server", response={"Sec-WebSocket-Accept": None},
                       accept="missing")
        record.by_hand("accept-mismatch/of-another-key", "server", accept="mismatch",
                       response={"Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="})
        record.by_hand("accept-mismatch/of-no-key", "server", accept="mismatch",
                       response={"Sec-WebSocket-Accept": accept_for("")})
        record.by_hand("duplicate-header/accept", "server", response={
            "Sec-WebSocket-Accept": [accept_for(KEY)] * 2})
        record.by_hand("duplicate-header/subprotocol", "server", request={PROTOCOL: "a, b"},
                       response={PROTOCOL: ["a", "a"]})


if __name__ == "__main__":
    main(sys.argv[1])

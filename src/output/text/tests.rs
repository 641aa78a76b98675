//! The look of every kind of event.

use super::*;
use crate::output::samples::{
    CLOSE, Said, columns, connection, conversation, event, handshake, hostile_text, is_harmless,
    json_document, protocol_events, protocols, rendered, without_colors,
};
use crate::output::wrap::Page;
use crate::output::{PayloadForm, TimeForm, Zone};
use crate::types::{
    AcceptStatus, App, AppProtocol, Body, Close, Connection, Extension, Handshake, Header,
    HttpVersion, Inside, InsideContent, InsideLayer, JsonText, Message, Opcode, Rule, Side, Source,
    Violation,
};
use insta::assert_snapshot;
use proptest::prelude::*;

fn options(width: Option<usize>, color: bool) -> TextOptions {
    TextOptions { width, color, zone: Zone::Utc, ..TextOptions::default() }
}

fn shown(events: &[Event<'_>], options: TextOptions) -> String {
    rendered(Text::new(options), events)
}

#[test]
fn a_conversation_on_pages_of_several_widths() {
    let (connection, handshake) = (connection(3), handshake());
    let events = conversation(&connection, &handshake);
    assert_snapshot!(shown(&events, options(None, false)), @r#"
    2018-12-26 06:54:46.733250 #3   127.0.0.1:51233 → 127.0.0.1:8888  ws://localhost:8888/api/kernels/f4d1/channels?session_id=0b1e  101 Switching Protocols  ✓ Accept valid  subprotocol v1.kernel.websocket.jupyter.org  extension permessage-deflate; server_no_context_takeover; server_max_window_bits=12
    06:54:46.734250 #3   client → frame   text  201 bytes  fin  rsv 100  mask 0a1b2cff  at 517
    06:54:46.735250 #3   client → text        191 bytes
        {
          "header": {"msg_id": "5a7d31fc", "msg_type": "execute_request"},
          "content": {
            "code": "print('hello, world') # and so on, a line that is long",
            "silent": false,
            "count": 1.50
          },
          "buffers": []
        }
    06:54:46.736250 #3   ← server text         76 bytes  3 frames  took 7.000 ms
        Two lines,
        the second of which is rather long, so that it has to be folded.
    06:54:46.737250 #3   ← server text         17 bytes  compressed to 9 bytes
        compressible text
    06:54:46.738250 #3   ← server ping          0 bytes
    06:54:46.739251 #3   client → gap     1,460 bytes missing from the capture  next frame found by its bytes  318 bytes after it not decoded
    06:54:46.740251 #3   ← server gap     an unknown number of bytes missing from the capture  next frame not found
    06:54:46.741251 #3   client → binary    2,048 bytes  not masked  incomplete: 1,460 bytes missing  truncated: 34 bytes kept
        0000  00 01 02 ff 62 69 6e 61 ┊ 72 79 20 62 79 74 65 73 │ ....binary bytes
        0010  2c 20 6d 6f 72 65 20 74 ┊ 68 61 6e 20 61 20 72 6f │ , more than a ro
        0020  77 1b                                             │ w.
    06:54:46.742251 #3   client → ✗ error  reserved-bits  RFC 6455 §5.2  RSV1 is set on a text frame, but no extension was negotiated.
    06:54:46.743251 #3   ← server close   1000 Normal Closure  "bye"
    06:54:46.744251 #3            end     closed  1.234 s  client → 2 messages, 2,249 bytes  ← server 4 messages, 100 bytes
    "#);
    assert_snapshot!(shown(&events, options(Some(80), false)), @r#"
    2018-12-26 06:54:46.733250 #3   127.0.0.1:51233 → 127.0.0.1:8888
        ws://localhost:8888/api/kernels/f4d1/channels?session_id=0b1e
        101 Switching Protocols  ✓ Accept valid
        subprotocol v1.kernel.websocket.jupyter.org  extension permessage-deflate;
        server_no_context_takeover; server_max_window_bits=12
    06:54:46.734250 #3   client → frame   text  201 bytes  fin  rsv 100
        mask 0a1b2cff  at 517
    06:54:46.735250 #3   client → text        191 bytes
        {
          "header": {"msg_id": "5a7d31fc", "msg_type": "execute_request"},
          "content": {
            "code": "print('hello, world') # and so on, a line that is long",
            "silent": false,
            "count": 1.50
          },
          "buffers": []
        }
    06:54:46.736250 #3   ← server text         76 bytes  3 frames  took 7.000 ms
        Two lines,
        the second of which is rather long, so that it has to be folded.
    06:54:46.737250 #3   ← server text         17 bytes  compressed to 9 bytes
        compressible text
    06:54:46.738250 #3   ← server ping          0 bytes
    06:54:46.739251 #3   client → gap     1,460 bytes missing from the capture
        next frame found by its bytes  318 bytes after it not decoded
    06:54:46.740251 #3   ← server gap
        an unknown number of bytes missing from the capture  next frame not found
    06:54:46.741251 #3   client → binary    2,048 bytes  not masked
        incomplete: 1,460 bytes missing  truncated: 34 bytes kept
        0000  00 01 02 ff 62 69 6e 61 ┊ 72 79 20 62 79 74 65 73 │ ....binary bytes
        0010  2c 20 6d 6f 72 65 20 74 ┊ 68 61 6e 20 61 20 72 6f │ , more than a ro
        0020  77 1b                                             │ w.
    06:54:46.742251 #3   client → ✗ error  reserved-bits  RFC 6455 §5.2  RSV1 is 
        set on a text frame, but no extension was negotiated.
    06:54:46.743251 #3   ← server close   1000 Normal Closure  "bye"
    06:54:46.744251 #3            end     closed  1.234 s
        client → 2 messages, 2,249 bytes  ← server 4 messages, 100 bytes
    "#);
    assert_snapshot!(shown(&events, options(Some(60), false)), @r#"
    2018-12-26 06:54:46.733250 #3   127.0.0.1:51233
        → 127.0.0.1:8888
        ws://localhost:8888/api/kernels/f4d1/channels?session_id
        =0b1e  101 Switching Protocols  ✓ Accept valid
        subprotocol v1.kernel.websocket.jupyter.org
        extension permessage-deflate;
        server_no_context_takeover; server_max_window_bits=12
    06:54:46.734250 #3   client → frame   text  201 bytes  fin
        rsv 100  mask 0a1b2cff  at 517
    06:54:46.735250 #3   client → text        191 bytes
        {
          "header": {
            "msg_id": "5a7d31fc",
            "msg_type": "execute_request"
          },
          "content": {
            "code": "print('hello, world') # and so on, a line 
              that is long",
            "silent": false,
            "count": 1.50
          },
          "buffers": []
        }
    06:54:46.736250 #3   ← server text         76 bytes
        3 frames  took 7.000 ms
        Two lines,
        the second of which is rather long, so that it has to 
        be folded.
    06:54:46.737250 #3   ← server text         17 bytes
        compressed to 9 bytes
        compressible text
    06:54:46.738250 #3   ← server ping          0 bytes
    06:54:46.739251 #3   client → gap
        1,460 bytes missing from the capture
        next frame found by its bytes
        318 bytes after it not decoded
    06:54:46.740251 #3   ← server gap
        an unknown number of bytes missing from the capture
        next frame not found
    06:54:46.741251 #3   client → binary    2,048 bytes
        not masked  incomplete: 1,460 bytes missing
        truncated: 34 bytes kept
        0000  00 01 02 ff 62 69 6e 61 │ ....bina
        0008  72 79 20 62 79 74 65 73 │ ry bytes
        0010  2c 20 6d 6f 72 65 20 74 │ , more t
        0018  68 61 6e 20 61 20 72 6f │ han a ro
        0020  77 1b                   │ w.
    06:54:46.742251 #3   client → ✗ error  reserved-bits
        RFC 6455 §5.2  RSV1 is set on a text frame, but no 
        extension was negotiated.
    06:54:46.743251 #3   ← server close   1000 Normal Closure
        "bye"
    06:54:46.744251 #3            end     closed  1.234 s
        client → 2 messages, 2,249 bytes
        ← server 4 messages, 100 bytes
    "#);
}

#[test]
fn protocols_inside_on_pages_of_several_widths() {
    let (connection, handshake, told) = (connection(3), handshake(), protocols());
    let events = protocol_events(&connection, &handshake, &told);
    assert_snapshot!(shown(&events, options(None, false)), @r#"
    2018-12-26 06:54:46.735250 #3   127.0.0.1:51233 → 127.0.0.1:8888  ws://localhost:8888/api/kernels/f4d1/channels?session_id=0b1e  101 Switching Protocols  ✓ Accept valid  subprotocol v1.kernel.websocket.jupyter.org  extension permessage-deflate; server_no_context_takeover; server_max_window_bits=12
    06:54:46.736250 #3   client → shell   execute_request  for i in range(2):\nprint(i, 'a comment that makes it a long line')  29 bytes
        {"code": "for i in range(2):\n    print(i)", "silent": false}
    06:54:46.737250 #3   ← server iopub   status           busy  ↩ 2.9 ms  12 bytes
        0000  06 00 00 00 20 6e 65 69 ┊ 74 68 65 72             │ .... neither
    06:54:46.738250 #3   ← server iopub   stream           stdout \x1b[1m0\x1b[0m\n1  ↩ 12 ms  13 bytes
        \x1b[1m0\x1b[0m
        1
    06:54:46.739251 #3   ← server iopub   error            NameError: name 'x' is not defined  ↩ 15 ms  13 bytes
        {"ename": "NameError", "evalue": "name 'x' is not defined"}
    06:54:46.740251 #3   client → request          add  54 bytes
        [1, 2]
    06:54:46.741251 #3   ← server response         ↩ add, 250 µs  35 bytes
        3
    06:54:46.742251 #3   ← server a/b     PUBLISH          21  21 bytes  1 of 3
    06:54:46.742251 #3   ← server a/c     PUBLISH          7  2 of 3
    06:54:46.742251 #3   ← server PINGRESP         ↩ PINGREQ, 31 ms  3 of 3
        0000  30 09 00 03 61 2f 62 32 ┊ 31 35 30 07 00 03 61 2f │ 0...a/b2150...a/
        0010  63 37 31 d0 00                                    │ c71..
    06:54:46.743251 #3   ← server engine.io ping             1 byte
        2
    06:54:46.744251 #3   ← server text          9 bytes
    06:54:46.744251 #3   ← server ! malformed  terminado  It is not JSON.
        ["stdout"
    06:54:46.745251 #3   client → ping          4 bytes
        beat
    06:54:46.746251 #3   ← server pong          4 bytes  ↩ 90 µs
        beat
    "#);
    assert_snapshot!(shown(&events, options(Some(80), false)), @r#"
    2018-12-26 06:54:46.735250 #3   127.0.0.1:51233 → 127.0.0.1:8888
        ws://localhost:8888/api/kernels/f4d1/channels?session_id=0b1e
        101 Switching Protocols  ✓ Accept valid
        subprotocol v1.kernel.websocket.jupyter.org  extension permessage-deflate;
        server_no_context_takeover; server_max_window_bits=12
    06:54:46.736250 #3   client → shell   execute_request  for i in range…  29 bytes
        {"code": "for i in range(2):\n    print(i)", "silent": false}
    06:54:46.737250 #3   ← server iopub   status    busy  ↩ 2.9 ms  12 bytes
        0000  06 00 00 00 20 6e 65 69 ┊ 74 68 65 72             │ .... neither
    06:54:46.738250 #3   ← server iopub   stream    stdout \x1b[…  ↩ 12 ms  13 bytes
        \x1b[1m0\x1b[0m
        1
    06:54:46.739251 #3   ← server iopub   error     NameError: n…  ↩ 15 ms  13 bytes
        {"ename": "NameError", "evalue": "name 'x' is not defined"}
    06:54:46.740251 #3   client → request   add  54 bytes
        [1, 2]
    06:54:46.741251 #3   ← server response  ↩ add, 250 µs  35 bytes
        3
    06:54:46.742251 #3   ← server a/b     PUBLISH   21  21 bytes  1 of 3
    06:54:46.742251 #3   ← server a/c     PUBLISH   7  2 of 3
    06:54:46.742251 #3   ← server PINGRESP  ↩ PINGREQ, 31 ms  3 of 3
        0000  30 09 00 03 61 2f 62 32 ┊ 31 35 30 07 00 03 61 2f │ 0...a/b2150...a/
        0010  63 37 31 d0 00                                    │ c71..
    06:54:46.743251 #3   ← server engine.io ping      1 byte
        2
    06:54:46.744251 #3   ← server text          9 bytes
    06:54:46.744251 #3   ← server ! malformed  terminado  It is not JSON.
        ["stdout"
    06:54:46.745251 #3   client → ping          4 bytes
        beat
    06:54:46.746251 #3   ← server pong          4 bytes  ↩ 90 µs
        beat
    "#);
    assert_snapshot!(shown(&events, options(Some(60), false)), @r#"
    2018-12-26 06:54:46.735250 #3   127.0.0.1:51233
        → 127.0.0.1:8888
        ws://localhost:8888/api/kernels/f4d1/channels?session_id
        =0b1e  101 Switching Protocols  ✓ Accept valid
        subprotocol v1.kernel.websocket.jupyter.org
        extension permessage-deflate;
        server_no_context_takeover; server_max_window_bits=12
    06:54:46.736250 #3   client → shell   execute_request
        for i in range(2):\nprint(i, 'a comment that …  29 bytes
        {
          "code": "for i in range(2):\n    print(i)",
          "silent": false
        }
    06:54:46.737250 #3   ← server iopub   status    busy
        ↩ 2.9 ms  12 bytes
        0000  06 00 00 00 20 6e 65 69 │ .... nei
        0008  74 68 65 72             │ ther
    06:54:46.738250 #3   ← server iopub   stream    stdout \x1b…
        ↩ 12 ms  13 bytes
        \x1b[1m0\x1b[0m
        1
    06:54:46.739251 #3   ← server iopub   error     NameError: …
        ↩ 15 ms  13 bytes
        {
          "ename": "NameError",
          "evalue": "name 'x' is not defined"
        }
    06:54:46.740251 #3   client → request   add  54 bytes
        [1, 2]
    06:54:46.741251 #3   ← server response  ↩ add, 250 µs
        35 bytes
        3
    06:54:46.742251 #3   ← server a/b     PUBLISH   21  21 bytes
        1 of 3
    06:54:46.742251 #3   ← server a/c     PUBLISH   7  2 of 3
    06:54:46.742251 #3   ← server PINGRESP  ↩ PINGREQ, 31 ms
        3 of 3
        0000  30 09 00 03 61 2f 62 32 │ 0...a/b2
        0008  31 35 30 07 00 03 61 2f │ 150...a/
        0010  63 37 31 d0 00          │ c71..
    06:54:46.743251 #3   ← server engine.io ping      1 byte
        2
    06:54:46.744251 #3   ← server text          9 bytes
    06:54:46.744251 #3   ← server ! malformed  terminado  It is 
        not JSON.
        ["stdout"
    06:54:46.745251 #3   client → ping          4 bytes
        beat
    06:54:46.746251 #3   ← server pong          4 bytes  ↩ 90 µs
        beat
    "#);
}

fn compact(width: Option<usize>, color: bool) -> TextOptions {
    TextOptions { compact: true, ..options(width, color) }
}

#[test]
fn a_line_for_each_event() {
    let (connection, handshake, told) = (connection(3), handshake(), protocols());
    let mut events = conversation(&connection, &handshake);
    events.extend(protocol_events(&connection, &handshake, &told));
    assert_snapshot!(shown(&events, compact(None, false)), @r#"
    2018-12-26
    06:54:46.733 #3     open    ws://localhost:8888/api/kernels/f4d1/channels?session_id=0b1e  ✓ Accept valid  subprotocol v1.kernel.websocket.jupyter.org  extension permessage-deflate; server_no_context_takeover; server_max_window_bits=12  127.0.0.1:51233 → 127.0.0.1:8888
    06:54:46.734 #3   → frame   text  201 bytes  fin  rsv 100  mask 0a1b2cff  at 517
    06:54:46.735 #3   → text    {"header": {"msg_id": "5a7d31fc", "msg_type": "execute_request"}, "content": {"code": "print('hello, world') # and so on, a line that is long", "silent": false, "count": 1.50}, "buffers": []}
    06:54:46.736 #3   ← text    Two lines,\nthe second of which is rather long, so that it has to be folded.
    06:54:46.737 #3   ← text    compressible text
    06:54:46.738 #3   ← ping
    06:54:46.739 #3   → gap     1,460 bytes missing from the capture  next frame found by its bytes  318 bytes after it not decoded
    06:54:46.740 #3   ← gap     an unknown number of bytes missing from the capture  next frame not found
    06:54:46.741 #3   → binary  2,048 bytes  00 01 02 ff 62 69 6e 61 72 79 20 62 79 74 65 73 …  not masked  incomplete: 1,460 bytes missing  truncated: 34 bytes kept
    06:54:46.742 #3   → ✗ error  reserved-bits  RFC 6455 §5.2  RSV1 is set on a text frame, but no extension was negotiated.
    06:54:46.743 #3   ← close   1000 Normal Closure  "bye"
    06:54:46.744 #3     end     closed  1.234 s  → 2 messages, 2,249 bytes  ← 4 messages, 100 bytes
    06:54:46.735 #3     open    ws://localhost:8888/api/kernels/f4d1/channels?session_id=0b1e  ✓ Accept valid  subprotocol v1.kernel.websocket.jupyter.org  extension permessage-deflate; server_no_context_takeover; server_max_window_bits=12  127.0.0.1:51233 → 127.0.0.1:8888
    06:54:46.736 #3   → shell   execute_request  for i in range(2):\nprint(i, 'a comment that makes it a long line')
    06:54:46.737 #3   ← iopub   status           busy  ↩ 2.9 ms
    06:54:46.738 #3   ← iopub   stream           stdout \x1b[1m0\x1b[0m\n1  ↩ 12 ms
    06:54:46.739 #3   ← iopub   error            NameError: name 'x' is not defined  ↩ 15 ms
    06:54:46.740 #3   → request          add
    06:54:46.741 #3   ← response         3  ↩ add, 250 µs
    06:54:46.742 #3   ← a/b PUBLISH  21  + a/c PUBLISH  7  + PINGRESP  ↩ PINGREQ, 31 ms
    06:54:46.743 #3   ← engine.io ping
    06:54:46.744 #3   ← text    ["stdout"  ! malformed: It is not JSON.
    06:54:46.745 #3   → ping    beat
    06:54:46.746 #3   ← pong    beat  ↩ 90 µs
    "#);
    assert_snapshot!(shown(&events, compact(Some(120), false)), @r#"
    2018-12-26
    06:54:46.733 #3     open    ws://localhost:8888/api/kernels/f4d1/channels?session_id=0b1e  ✓ Accept valid  subprotocol …
    06:54:46.734 #3   → frame   text  201 bytes  fin  rsv 100  mask 0a1b2cff  at 517
    06:54:46.735 #3   → text    {"header": {"msg_id": "5a7d31fc", "msg_type": "execute_request"}, "content": {"code": "pri…
    06:54:46.736 #3   ← text    Two lines,\nthe second of which is rather long, so that it has to be folded.
    06:54:46.737 #3   ← text    compressible text
    06:54:46.738 #3   ← ping
    06:54:46.739 #3   → gap     1,460 bytes missing from the capture  next frame found by its bytes  318 bytes after it not…
    06:54:46.740 #3   ← gap     an unknown number of bytes missing from the capture  next frame not found
    06:54:46.741 #3   → binary  2,048 bytes  00 01 …  not masked  incomplete: 1,460 bytes missing  truncated: 34 bytes kept
    06:54:46.742 #3   → ✗ error  reserved-bits  RFC 6455 §5.2  RSV1 is set on a text frame, but no extension was negotiated…
    06:54:46.743 #3   ← close   1000 Normal Closure  "bye"
    06:54:46.744 #3     end     closed  1.234 s  → 2 messages, 2,249 bytes  ← 4 messages, 100 bytes
    06:54:46.735 #3     open    ws://localhost:8888/api/kernels/f4d1/channels?session_id=0b1e  ✓ Accept valid  subprotocol …
    06:54:46.736 #3   → shell   execute_request  for i in range(2):\nprint(i, 'a comment that makes it a long line')
    06:54:46.737 #3   ← iopub   status           busy  ↩ 2.9 ms
    06:54:46.738 #3   ← iopub   stream           stdout \x1b[1m0\x1b[0m\n1  ↩ 12 ms
    06:54:46.739 #3   ← iopub   error            NameError: name 'x' is not defined  ↩ 15 ms
    06:54:46.740 #3   → request          add
    06:54:46.741 #3   ← response         3  ↩ add, 250 µs
    06:54:46.742 #3   ← a/b PUBLISH  21  + a/c PUBLISH  7  + PINGRESP  ↩ PINGREQ, 31 ms
    06:54:46.743 #3   ← engine.io ping
    06:54:46.744 #3   ← text    ["stdout"  ! malformed: It is not JSON.
    06:54:46.745 #3   → ping    beat
    06:54:46.746 #3   ← pong    beat  ↩ 90 µs
    "#);
    assert_snapshot!(shown(&events, compact(Some(80), false)), @r#"
    2018-12-26
    06:54:46.733 #3     open    ws://localhost:8888/api/kernels/f4…  ✓ Accept valid…
    06:54:46.734 #3   → frame   text  201 bytes  fin  rsv 100  mask 0a1b2cff  at 51…
    06:54:46.735 #3   → text    {"header": {"msg_id": "5a7d31fc", "msg_type": "exe…
    06:54:46.736 #3   ← text    Two lines,\nthe second of which is rather long, so…
    06:54:46.737 #3   ← text    compressible text
    06:54:46.738 #3   ← ping
    06:54:46.739 #3   → gap     1,460 bytes missing from the capture  next frame fo…
    06:54:46.740 #3   ← gap     an unknown number of bytes missing from the capture…
    06:54:46.741 #3   → binary  2,048 b…  not masked  incomplete: 1,460 bytes missi…
    06:54:46.742 #3   → ✗ error  reserved-bits  RFC 6455 §5.2  RSV1 is set on a tex…
    06:54:46.743 #3   ← close   1000 Normal Closure  "bye"
    06:54:46.744 #3     end     closed  1.234 s  → 2 messages, 2,249 bytes  ← 4 mes…
    06:54:46.735 #3     open    ws://localhost:8888/api/kernels/f4…  ✓ Accept valid…
    06:54:46.736 #3   → shell   execute_request  for i in range(2):\nprint(i, 'a c…
    06:54:46.737 #3   ← iopub   status           busy  ↩ 2.9 ms
    06:54:46.738 #3   ← iopub   stream           stdout \x1b[1m0\x1b[0m\n…  ↩ 12 ms
    06:54:46.739 #3   ← iopub   error            NameError: name 'x' is n…  ↩ 15 ms
    06:54:46.740 #3   → request          add
    06:54:46.741 #3   ← response         3  ↩ add, 250 µs
    06:54:46.742 #3   ← a/b PUBLISH  21  + a/c PUBLISH  7  + PI…  ↩ PINGREQ, 31 ms
    06:54:46.743 #3   ← engine.io ping
    06:54:46.744 #3   ← text    ["stdout"  ! malformed: It is not JSON.
    06:54:46.745 #3   → ping    beat
    06:54:46.746 #3   ← pong    beat  ↩ 90 µs
    "#);
    assert_snapshot!(shown(&events, compact(Some(60), false)), @r#"
    2018-12-26
    06:54:46.733 #3     open    ws://localhost:…  ✓ Accept vali…
    06:54:46.734 #3   → frame   text  201 bytes  fin  rsv 100…
    06:54:46.735 #3   → text    {"header": {"msg_id": "5a7d31f…
    06:54:46.736 #3   ← text    Two lines,\nthe second of whic…
    06:54:46.737 #3   ← text    compressible text
    06:54:46.738 #3   ← ping
    06:54:46.739 #3   → gap     1,460 bytes missing from the ca…
    06:54:46.740 #3   ← gap     an unknown number of bytes miss…
    06:54:46.741 #3   → binary  2,048 b…  not masked  incomplet…
    06:54:46.742 #3   → ✗ error  reserved-bits  RFC 6455 §5.2…
    06:54:46.743 #3   ← close   1000 Normal Closure  "bye"
    06:54:46.744 #3     end     closed  1.234 s  → 2 messages, …
    06:54:46.735 #3     open    ws://localhost:…  ✓ Accept vali…
    06:54:46.736 #3   → shell   execute_request  for i in rang…
    06:54:46.737 #3   ← iopub   status           bus…  ↩ 2.9 ms
    06:54:46.738 #3   ← iopub   stream           stdo…  ↩ 12 ms
    06:54:46.739 #3   ← iopub   error            Name…  ↩ 15 ms
    06:54:46.740 #3   → request          add
    06:54:46.741 #3   ← response         3  ↩ add, 250 µs
    06:54:46.742 #3   ← a/b PUBLISH  21  + …  ↩ PINGREQ, 31 ms
    06:54:46.743 #3   ← engine.io ping
    06:54:46.744 #3   ← text    ["stdou…  ! malformed: It is no…
    06:54:46.745 #3   → ping    beat
    06:54:46.746 #3   ← pong    beat  ↩ 90 µs
    "#);
}

fn body_shown(body: Body<'_>, options: TextOptions) -> String {
    let connection = connection(3);
    let opcode = if matches!(body, Body::Binary(_)) { Opcode::Binary } else { Opcode::Text };
    let message = Message::new(Side::Client, opcode, body);
    let text = shown(&[event(&connection, 1, Kind::Message(message))], options);
    text.lines().skip(2).map(|line| format!("{line}\n")).collect()
}

/// What a note says is left, in bytes.
fn left(shown: &str) -> usize {
    let note = shown.lines().last().unwrap();
    assert!(note.ends_with(" (--full shows all)"), "{note}");
    let bytes = note.split(", ").last().unwrap().trim_start_matches([' ', '…']);
    let number: String =
        bytes.split(' ').next().unwrap().chars().filter(char::is_ascii_digit).collect();
    number.parse().unwrap()
}

#[test]
fn long_text_is_shortened_and_its_size_told() {
    let lines: String = (0..1_000).map(|n| format!("line {n}\n")).collect();
    let shortened = body_shown(Body::Text(&lines), options(Some(80), false));
    assert_eq!(shortened.lines().count(), 41);
    assert!(
        shortened.ends_with("    line 39\n    … 960 more lines, 8,580 bytes (--full shows all)\n")
    );
    let whole = TextOptions { full: true, ..options(Some(80), false) };
    assert_eq!(body_shown(Body::Text(&lines), whole).lines().count(), 1_000);
    let fits: String = (0..40).map(|n| format!("line {n}\n")).collect();
    assert_eq!(body_shown(Body::Text(&fits), options(Some(80), false)).lines().count(), 40);

    // In the middle of a line, which is then not counted.
    let words = "some words ".repeat(1_000);
    for width in [None, Some(80), Some(60)] {
        let shortened = body_shown(Body::Text(&words), options(width, false));
        let shown: String = shortened.lines().rev().skip(1).collect();
        let shown = shown.replace(' ', "").len();
        let seen = words.len() - left(&shortened);
        assert_eq!(words[..seen].replace(' ', "").len(), shown, "{width:?} {shortened}");
        let note = shortened.lines().last().unwrap();
        assert!(note.contains("more bytes"), "{note}");
    }
}

#[test]
fn long_json_is_shortened_and_its_size_told() {
    let members: Vec<String> =
        (0..500).map(|n| format!("\"member {n}\":{{\"a\":[true,\"é\"]}}")).collect();
    let documents = [
        format!("{{{}}}", members.join(",")),
        format!("[{}]", vec!["[]"; 5_000].join(",")),
        format!("[[[[{}1]]]]", "1,".repeat(5_000)),
        format!("[\"{}\"]", "words ".repeat(5_000)),
        format!("[\"{}\"]", "\u{202e}".repeat(5_000)),
    ];
    for document in &documents {
        for width in [None, Some(80), Some(60)] {
            let body = Body::Json(JsonText::new(document));
            let shortened = body_shown(body, options(width, false));
            let rows = shortened.lines().count();
            assert!(rows <= 41 && shortened.len() < 40_000, "{shortened}");
            let is_white = |c: char| c.is_whitespace();
            let shown: String =
                shortened.lines().take(rows - 1).collect::<String>().replace(is_white, "");
            let shown = shown.replace("\\u202e", "\u{202e}");
            let seen = &document[..document.len() - left(&shortened)];
            assert_eq!(shown, seen.replace(is_white, ""), "{width:?}");
            let whole = TextOptions { full: true, ..options(width, false) };
            assert!(!body_shown(body, whole).contains("--full"));
        }
    }
}

#[test]
fn signs_without_a_column_are_bounded_too() {
    let text = "e".to_owned() + &"\u{301}".repeat(100_000);
    let shortened = body_shown(Body::Text(&text), options(Some(80), false));
    assert!(shortened.len() < 25_000, "{}", shortened.len());
    assert!(left(&shortened) > 100_000);
    let row = body_shown(Body::Text(&text), compact(Some(80), false));
    assert!(row.len() < 25_000, "{}", row.len());
}

#[test]
fn bodies_on_a_folded_line_and_none() {
    let folded = TextOptions { body: BodyForm::Compact, ..options(Some(60), false) };
    let json = Body::Json(JsonText::new(r#"{"a":[1,{"b":"some words that go on"}],"c":"and on"}"#));
    let bytes: Vec<u8> = (0..40).collect();
    let shown = [json, Body::Text("two\nlines  here\n"), Body::Binary(&bytes)]
        .map(|body| body_shown(body, folded.clone()));
    assert_snapshot!(shown.concat(), @r#"
    {"a": [1, {"b": "some words that go on"}], "c": "and 
    on"}
    two\nlines here
    00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 
    12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f 20 21 22 23 
    24 25 26 27
    "#);
    let none = TextOptions { body: BodyForm::None, ..options(Some(60), false) };
    assert_eq!(body_shown(json, none), "");
}

#[test]
fn what_binary_messages_hold() {
    let connection = connection(3);
    let layer = |format| InsideLayer { format, media_type: None, content: None };
    let opened = |body, truncated| Some(InsideContent { length: Some(7_000), body, truncated });
    let text = [InsideLayer { content: opened(Body::Text("a text\n"), true), ..layer("gzip") }];
    let image = [
        InsideLayer { content: opened(Body::Binary(b"\x89PNG\r\n\x1a\n"), false), ..layer("zstd") },
        InsideLayer { media_type: Some("image/png"), ..layer("png") },
    ];
    let json = Body::Json(JsonText::new("{\"a\":1}"));
    let content = Some(InsideContent { length: None, body: json, truncated: false });
    let read = [InsideLayer { content, ..layer("msgpack") }];
    let events = [&text[..], &image, &read].map(|layers| {
        let message = Message::new(Side::Server, Opcode::Binary, Body::Binary(b"\x81\xa1a\x01"));
        let inside = Some(Inside { layers });
        event(&connection, 1, Kind::Message(Message { inside, ..message }))
    });
    assert_snapshot!(shown(&events, options(Some(80), false)), @r#"
    2018-12-26
    06:54:46.730250 #3   ← server binary        4 bytes  gzip of 7,000 bytes
        opened in part
        a text
    06:54:46.730250 #3   ← server binary        4 bytes  zstd of 7,000 bytes
        image/png
        0000  89 50 4e 47 0d 0a 1a 0a                           │ .PNG....
    06:54:46.730250 #3   ← server binary        4 bytes  msgpack
        {"a": 1}
    "#);
    assert_snapshot!(shown(&events, compact(Some(80), false)), @r#"
    2018-12-26
    06:54:46.730 #3   ← binary  gzip of 7,000 bytes  opened in part  a text
    06:54:46.730 #3   ← binary  zstd of 7,000 bytes  image/png  4 bytes  89 50 4e …
    06:54:46.730 #3   ← binary  msgpack  {"a": 1}
    "#);
}

#[test]
fn a_kind_that_could_pass_for_ours_has_its_protocol_before_it() {
    let connection = connection(3);
    let kinds = ["close  1000", "ping", "✗ error", "reserved-11", "closed", "text-delta"];
    let told = kinds.map(|kind| Said::new(AppProtocol::Jupyter, "", kind, "1000"));
    let events = told.each_ref().map(|said| {
        let message = Message::new(Side::Server, Opcode::Text, Body::Text("x"));
        event(&connection, 1, Kind::Message(Message { app: Some(said.app()), ..message }))
    });
    let none = TextOptions { payload: PayloadForm::None, ..options(None, false) };
    assert_snapshot!(shown(&events, none), @r#"
    2018-12-26
    06:54:46.730250 #3   ← server jupyter close 1000       1000  1 byte
    06:54:46.730250 #3   ← server jupyter ping             1000  1 byte
    06:54:46.730250 #3   ← server jupyter ✗ error          1000  1 byte
    06:54:46.730250 #3   ← server jupyter reserved-11      1000  1 byte
    06:54:46.730250 #3   ← server closed           1000  1 byte
    06:54:46.730250 #3   ← server text-delta       1000  1 byte
    "#);
}

#[test]
fn kinds_and_bytes_have_colors() {
    let (connection, handshake, told) = (connection(3), handshake(), protocols());
    let events = protocol_events(&connection, &handshake, &told);
    for options in [options(Some(80), true), compact(Some(80), true), compact(None, true)] {
        let plain = TextOptions { color: false, ..options.clone() };
        assert_eq!(without_colors(&shown(&events, options)), shown(&events, plain));
    }
    let [one, .., pong] = events.as_slice() else { panic!("there are several") };
    assert_snapshot!(shown(&[*one, events[2], events[4], events[8], *pong], compact(Some(80), true)).replace('\x1b', "␛"), @r#"
    ␛[2m2018-12-26␛[0m
    ␛[2m06:54:46.735␛[0m ␛[38;5;168m#3␛[0m     ␛[1mopen␛[0m    ␛[1mws://localhost:8888/api/kernels/f4␛[0m␛[2m…␛[0m  ␛[32m✓ Accept valid␛[0m␛[2m…␛[0m
    ␛[2m06:54:46.737␛[0m ␛[38;5;168m#3␛[0m   ␛[35m←␛[0m iopub   ␛[1m␛[35mstatus␛[0m           busy  ␛[32m↩ 2.9 ms␛[0m
    ␛[2m06:54:46.739␛[0m ␛[38;5;168m#3␛[0m   ␛[35m←␛[0m iopub   ␛[1m␛[31merror␛[0m            NameError: name 'x' is n␛[2m…␛[0m  ␛[32m↩ 15 ms␛[0m
    ␛[2m06:54:46.743␛[0m ␛[38;5;168m#3␛[0m   ␛[35m←␛[0m ␛[2mengine.io␛[0m ␛[2mping␛[0m
    ␛[2m06:54:46.746␛[0m ␛[38;5;168m#3␛[0m   ␛[35m←␛[0m ␛[2mpong␛[0m    beat  ␛[32m↩ 90 µs␛[0m
    "#);
    let bytes = TextOptions { packets: true, ..options(Some(80), true) };
    assert_snapshot!(shown(&events[2..3], bytes).replace('\x1b', "␛"), @r#"
    ␛[2m2018-12-26␛[0m
    ␛[2m     8 ␛[0m␛[2m06:54:46.737250␛[0m ␛[38;5;168m#3␛[0m   ␛[35m← server␛[0m iopub   ␛[1m␛[35mstatus␛[0m    busy  ␛[32m↩ packet 7, 2.9 ms␛[0m
        ␛[2m12 bytes␛[0m
        ␛[2m0000␛[0m  ␛[35m06 ␛[0m␛[2m00 00 00 ␛[0m␛[32m20 ␛[0m␛[36m6e 65 69 ␛[0m␛[2m┊ ␛[0m␛[36m74 68 65 72 ␛[0m            ␛[2m│ ␛[0m␛[35m.␛[0m␛[2m...␛[0m␛[32m ␛[0m␛[36mneither␛[0m
    "#);
}

#[test]
fn a_connection_without_a_handshake_in_a_line() {
    let other = Connection { inferred: true, ..connection(12) };
    let refused = Handshake {
        status: Some(403),
        reason: Some("Forbidden".into()),
        target: Some("/".into()),
        ..Handshake::default()
    };
    let wrong = Handshake { accept_status: Some(AcceptStatus::Mismatch), ..handshake() };
    let text = Kind::Message(Message::new(Side::Client, Opcode::Text, Body::Text("hi")));
    let mut events = [
        event(&other, 2, text),
        event(&other, 3, Kind::Handshake(&refused)),
        event(&other, 4, Kind::Handshake(&wrong)),
    ];
    events[0].is_first = true;
    assert_snapshot!(shown(&events, compact(Some(100), false)), @r#"
    2018-12-26
    06:54:46.731 #12    open    127.0.0.1:51242 → 127.0.0.1:8888  handshake not in the capture
    06:54:46.731 #12  → text    hi
    06:54:46.732 #12    refused  ws://127.0.0.1:8888/  403 Forbidden  127.0.0.1:51242 → 127.0.0.1:8888
    06:54:46.733 #12    open    ws://localhost:8888/api/kernels/f4d1/channels…  101 Switching Protocols…
    "#);
}

#[test]
fn colors_change_nothing_but_colors() {
    let (connection, handshake) = (connection(3), handshake());
    let events = conversation(&connection, &handshake);
    for width in [None, Some(80), Some(60), Some(1)] {
        let colored = shown(&events, options(width, true));
        assert_eq!(without_colors(&colored), shown(&events, options(width, false)));
    }
    let events = events.get(..3).unwrap();
    assert_snapshot!(shown(events, options(Some(60), true)).replace('\x1b', "␛"), @r#"
    ␛[2m2018-12-26␛[0m ␛[2m06:54:46.733250␛[0m ␛[1m␛[38;5;168m#3␛[0m   ␛[38;5;168m127.0.0.1:51233␛[0m
        ␛[2m→ ␛[0m␛[38;5;168m127.0.0.1:8888␛[0m
        ␛[1mws://localhost:8888/api/kernels/f4d1/channels?session_id␛[0m
        ␛[1m=0b1e␛[0m  101 Switching Protocols  ␛[32m✓ Accept valid␛[0m
        subprotocol v1.kernel.websocket.jupyter.org
        extension permessage-deflate;
        server_no_context_takeover; server_max_window_bits=12
    ␛[2m06:54:46.734250␛[0m ␛[38;5;168m#3␛[0m   ␛[36mclient →␛[0m ␛[2mframe␛[0m   ␛[2mtext␛[0m  ␛[2m201 bytes␛[0m  ␛[2mfin␛[0m
        ␛[2mrsv 100␛[0m  ␛[2mmask 0a1b2cff␛[0m  ␛[2mat 517␛[0m
    ␛[2m06:54:46.735250␛[0m ␛[38;5;168m#3␛[0m   ␛[36mclient →␛[0m ␛[1mtext␛[0m        191 bytes
        {
          ␛[36m"header"␛[0m: {
            ␛[36m"msg_id"␛[0m: ␛[32m"5a7d31fc"␛[0m,
            ␛[36m"msg_type"␛[0m: ␛[32m"execute_request"␛[0m
          },
          ␛[36m"content"␛[0m: {
            ␛[36m"code"␛[0m: ␛[32m"print('hello, world') # and so on, a line ␛[0m
              ␛[32mthat is long"␛[0m,
            ␛[36m"silent"␛[0m: ␛[35mfalse␛[0m,
            ␛[36m"count"␛[0m: ␛[33m1.50␛[0m
          },
          ␛[36m"buffers"␛[0m: []
        }
    "#);
}

#[test]
fn an_accept_that_proves_nothing_is_loud() {
    let connection = connection(0);
    let wrong = Handshake {
        accept: Some("K7D\x1b JLdL".into()),
        accept_status: Some(AcceptStatus::Mismatch),
        ..handshake()
    };
    let missing =
        Handshake { accept: None, accept_status: Some(AcceptStatus::Missing), ..handshake() };
    let key = Handshake { key: None, accept_status: Some(AcceptStatus::InvalidKey), ..handshake() };
    let events =
        [&wrong, &missing, &key].map(|handshake| event(&connection, 1, Kind::Handshake(handshake)));
    assert_snapshot!(shown(&events, options(Some(80), false)), @r#"
    2018-12-26 06:54:46.730250 #0   127.0.0.1:51230 → 127.0.0.1:8888
        ws://localhost:8888/api/kernels/f4d1/channels?session_id=0b1e
        101 Switching Protocols  ✗ Accept mismatch  sent "K7D\x1b JLdL"
        expected "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        subprotocol v1.kernel.websocket.jupyter.org  extension permessage-deflate;
        server_no_context_takeover; server_max_window_bits=12

    2018-12-26 06:54:46.730250 #0   127.0.0.1:51230 → 127.0.0.1:8888
        ws://localhost:8888/api/kernels/f4d1/channels?session_id=0b1e
        101 Switching Protocols  ✗ Accept missing
        expected "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        subprotocol v1.kernel.websocket.jupyter.org  extension permessage-deflate;
        server_no_context_takeover; server_max_window_bits=12

    2018-12-26 06:54:46.730250 #0   127.0.0.1:51230 → 127.0.0.1:8888
        ws://localhost:8888/api/kernels/f4d1/channels?session_id=0b1e
        101 Switching Protocols  ✗ Key invalid  sent none
        subprotocol v1.kernel.websocket.jupyter.org  extension permessage-deflate;
        server_no_context_takeover; server_max_window_bits=12
    "#);
}

#[test]
fn handshakes_that_differ() {
    let connection = Connection { h2_stream: Some(5), ..connection(0) };
    let h2 = Handshake {
        http: HttpVersion::Http2,
        method: Some("CONNECT".into()),
        host: Some("example.com".into()),
        target: Some("/chat".into()),
        status: Some(200),
        subprotocols: vec!["a".into(), "b".into()],
        tls: Some("1.3".into()),
        ..Handshake::default()
    };
    let refused = Handshake {
        status: Some(403),
        reason: Some("No  ✓ Accept valid".into()),
        target: Some("/".into()),
        ..Handshake::default()
    };
    let request_only = Handshake {
        target: Some("ws://proxied.example/x".into()),
        method: Some("POST".into()),
        ..Handshake::default()
    };
    let response_only = Handshake { status: Some(101), ..Handshake::default() };
    let events = [&h2, &refused, &request_only, &response_only]
        .map(|handshake| event(&connection, 1, Kind::Handshake(handshake)));
    assert_snapshot!(shown(&events, options(None, false)), @r#"
    2018-12-26 06:54:46.730250 #0.5 127.0.0.1:51230 → 127.0.0.1:8888  wss://example.com/chat  HTTP/2  200  no subprotocol of a, b  TLS 1.3

    2018-12-26 06:54:46.730250 #0.5 127.0.0.1:51230 → 127.0.0.1:8888  ws://127.0.0.1:8888/  403 No \x20✓ Accept valid

    2018-12-26 06:54:46.730250 #0.5 127.0.0.1:51230 → 127.0.0.1:8888  ws://proxied.example/x  method POST  response not in the capture

    2018-12-26 06:54:46.730250 #0.5 127.0.0.1:51230 → 127.0.0.1:8888  request not in the capture  101
    "#);
}

#[test]
fn headers_when_asked_for() {
    let (connection, handshake) = (connection(0), handshake());
    let events = [event(&connection, 1, Kind::Handshake(&handshake))];
    let options = TextOptions { headers: true, ..options(Some(60), false) };
    assert_snapshot!(shown(&events, options), @r#"
    2018-12-26 06:54:46.730250 #0   127.0.0.1:51230
        → 127.0.0.1:8888
        ws://localhost:8888/api/kernels/f4d1/channels?session_id
        =0b1e  101 Switching Protocols  ✓ Accept valid
        subprotocol v1.kernel.websocket.jupyter.org
        extension permessage-deflate;
        server_no_context_takeover; server_max_window_bits=12
        > Host: localhost:8888
        > Upgrade: websocket
        > Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
        < Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
    "#);
}

#[test]
fn connections_without_a_handshake_are_introduced_once() {
    let (one, mut other) = (connection(1), connection(12));
    other.inferred = true;
    let source = Source { file: Some("b\x1b.pcap".into()), interface: None };
    let text = Kind::Message(Message::new(Side::Client, Opcode::Text, Body::Text("hi")));
    let mut events =
        [(&one, 1), (&other, 2), (&one, 3), (&other, 4)].map(|(c, n)| event(c, n, text));
    events[1].source = &source;
    (events[0].is_first, events[1].is_first) = (true, true);
    assert_snapshot!(shown(&events, options(None, false)), @r#"
    2018-12-26 06:54:46.730250 #1   127.0.0.1:51231 → 127.0.0.1:8888
    06:54:46.730250 #1   client → text          2 bytes
        hi

    2018-12-26 06:54:46.731250 #12  127.0.0.1:51242 → 127.0.0.1:8888  handshake not in the capture  file b\x1b.pcap
    06:54:46.731250 #12  client → text          2 bytes
        hi
    06:54:46.732250 #1   client → text          2 bytes
        hi
    06:54:46.733250 #12  client → text          2 bytes
        hi
    "#);
}

#[test]
fn frames_after_a_refusal_are_introduced() {
    let refused = connection(1);
    let inferred = Connection { inferred: true, ..refused.clone() };
    let forbidden =
        Handshake { status: Some(403), target: Some("/".into()), ..Handshake::default() };
    let detail = "The request has no version.";
    let violation =
        Violation { from: Some(Side::Client), rule: Rule::RequestWebSocketVersion, detail };
    let text = Kind::Message(Message::new(Side::Client, Opcode::Text, Body::Text("hi")));
    let mut events = [
        event(&refused, 1, Kind::Handshake(&forbidden)),
        event(&refused, 1, Kind::Violation(violation)),
        event(&inferred, 2, text),
        event(&inferred, 3, text),
    ];
    events[2].is_first = true;
    assert_snapshot!(shown(&events, options(None, false)), @r#"
    2018-12-26 06:54:46.730250 #1   127.0.0.1:51231 → 127.0.0.1:8888  ws://127.0.0.1:8888/  403
    06:54:46.730250 #1   client → ✗ error  request-websocket-version  RFC 6455 §4.1  The request has no version.

    2018-12-26 06:54:46.731250 #1   127.0.0.1:51231 → 127.0.0.1:8888  handshake not in the capture
    06:54:46.731250 #1   client → text          2 bytes
        hi
    06:54:46.732250 #1   client → text          2 bytes
        hi
    "#);
}

#[test]
fn a_new_date_is_told() {
    let connection = connection(1);
    let ping = Kind::Message(Message::new(Side::Client, Opcode::Ping, Body::Text("")));
    let mut events = [1, 2, 3].map(|packet| event(&connection, packet, ping));
    let day = 86_400_000_000_000;
    events[1].origin.time =
        events[1].origin.time.map(|t| Timestamp::from_nanoseconds(t.nanoseconds() + day));
    events[2].origin.time = None;
    events[0].is_first = true;
    assert_snapshot!(shown(&events, options(None, false)), @r#"
    2018-12-26 06:54:46.730250 #1   127.0.0.1:51231 → 127.0.0.1:8888
    06:54:46.730250 #1   client → ping          0 bytes
    2018-12-27
    06:54:46.731250 #1   client → ping          0 bytes
    --:--:--.------ #1   client → ping          0 bytes
    "#);
}

/// Dates and the wrong time of the fourth included.
fn timed(time: TimeForm, began: i64) -> String {
    let connection = connection(1);
    let ping = Kind::Message(Message::new(Side::Client, Opcode::Ping, Body::Text("")));
    let mut events = [1, 2, 3, 4, 5].map(|packet| event(&connection, packet, ping));
    let first = events[0].origin.time.unwrap().nanoseconds();
    let after = [Some(0), Some(86_400_000_000_000), None, Some(-10_000), Some(1_999)];
    for (event, after) in events.iter_mut().zip(after) {
        event.origin.time = after.map(|after| Timestamp::from_nanoseconds(first + after));
    }
    events[0].is_first = true;
    let mut view = Text::new(TextOptions { time, ..options(None, false) });
    view.begin(Timestamp::from_nanoseconds(first + began));
    rendered(view, &events)
}

#[test]
fn seconds_since_1970() {
    assert_snapshot!(timed(TimeForm::Epoch, 0), @r"
    1545807286.730250 #1   127.0.0.1:51231 → 127.0.0.1:8888
    1545807286.730250 #1   client → ping          0 bytes
    1545893686.730250 #1   client → ping          0 bytes
             -.------ #1   client → ping          0 bytes
    1545807286.730240 #1   client → ping          0 bytes
    1545807286.730252 #1   client → ping          0 bytes
    ");
}

#[test]
fn seconds_since_the_first_packet() {
    assert_snapshot!(timed(TimeForm::Relative, -1_500_000_000), @r"
        1.500000 #1   127.0.0.1:51231 → 127.0.0.1:8888
        1.500000 #1   client → ping          0 bytes
    86401.500000 #1   client → ping          0 bytes
        -.------ #1   client → ping          0 bytes
        1.499990 #1   client → ping          0 bytes
        1.500001 #1   client → ping          0 bytes
    ");
}

#[test]
fn seconds_since_the_event_before() {
    assert_snapshot!(timed(TimeForm::Delta, -1_500_000_000), @r"
        0.000000 #1   127.0.0.1:51231 → 127.0.0.1:8888
        0.000000 #1   client → ping          0 bytes
    86400.000000 #1   client → ping          0 bytes
        -.------ #1   client → ping          0 bytes
    -86400.000010 #1   client → ping          0 bytes
        0.000011 #1   client → ping          0 bytes
    ");
}

#[test]
fn close_frames() {
    let connection = connection(1);
    let close = |close, payload| {
        Kind::Message(Message {
            close,
            payload,
            body: Body::Binary(payload),
            length: Some(payload.len() as u64),
            ..CLOSE
        })
    };
    let said = |code, reason| Some(Close { code, code_name: None, reason });
    let mut events = [
        Kind::Message(CLOSE),
        close(said(None, None), b""),
        close(said(None, None), b"\x03"),
        close(said(Some(3000), Some("")), b"\x0b\xb8"),
        close(said(Some(3000), None), b"\x0b\xb8\xff"),
        close(said(Some(3000), Some("a\n\u{202e}b")), b"\x0b\xb8a\n\xe2\x80\xaeb"),
    ]
    .map(|kind| event(&connection, 1, kind));
    events[0].is_first = true;
    assert_snapshot!(shown(&events, options(None, false)), @r#"
    2018-12-26 06:54:46.730250 #1   127.0.0.1:51231 → 127.0.0.1:8888
    06:54:46.730250 #1   ← server close   1000 Normal Closure  "bye"
    06:54:46.730250 #1   ← server close         0 bytes
    06:54:46.730250 #1   ← server close         1 byte
        0000  03                                                │ .
    06:54:46.730250 #1   ← server close   3000
    06:54:46.730250 #1   ← server close   3000
        0000  0b b8 ff                                          │ ...
    06:54:46.730250 #1   ← server close   3000  "a\n\u{202e}b"
    "#);
}

#[test]
fn what_was_sent_cannot_pass_for_what_is_said() {
    let connection = connection(1);
    let text = "a\tb\r\n06:54:46.734250 #1   ← server close   1000\x1b[2K\u{202e}\u{feff}\n\n";
    let mut events = [event(
        &connection,
        1,
        Kind::Message(Message::new(Side::Client, Opcode::Text, Body::Text(text))),
    )];
    events[0].is_first = true;
    assert_snapshot!(shown(&events, options(Some(60), false)), @r#"
    2018-12-26 06:54:46.730250 #1   127.0.0.1:51231
        → 127.0.0.1:8888
    06:54:46.730250 #1   client → text         61 bytes
        a       b\r
        06:54:46.734250 #1   ← server close   
        1000\x1b[2K\u{202e}\u{feff}
    "#);
    assert!(shown(&events, options(None, false)).contains("    a\tb\\r\n"));
}

#[test]
fn what_was_sent_is_one_item_of_a_sentence() {
    let connection = connection(1);
    let detail = "The client offered subprotocol \"a  ✓ Accept valid\".";
    let violation = Violation { from: None, rule: Rule::RequestSubprotocols, detail };
    let app = App { malformed: Some(detail), ..App::only(AppProtocol::Stomp) };
    let message = Message::new(Side::Client, Opcode::Text, Body::Text("x"));
    let message = Message { app: Some(&app), ..message };
    let events = [Kind::Violation(violation), Kind::Message(message)]
        .map(|kind| event(&connection, 1, kind));
    for compact in [false, true] {
        let shown = shown(&events, TextOptions { compact, ..options(None, false) });
        assert_eq!(shown.matches(r#""a \x20✓ Accept valid"."#).count(), 2, "{shown}");
    }
}

#[test]
fn payload_forms() {
    let connection = connection(1);
    let body = "a text of some length that base64 makes longer still";
    let events = [event(
        &connection,
        1,
        Kind::Message(Message::new(Side::Client, Opcode::Text, Body::Text(body))),
    )];
    for (payload, lines) in
        [(PayloadForm::None, 0), (PayloadForm::Auto, 1), (PayloadForm::Base64, 2)]
    {
        let options = TextOptions { payload, ..options(Some(60), false) };
        let shown = shown(&events, options);
        let below = shown.lines().skip_while(|line| !line.contains(" text ")).count() - 1;
        assert_eq!(below, lines, "{shown}");
    }
}

proptest! {
    #[test]
    fn harmless_and_within_the_width(
        texts in prop::collection::vec(hostile_text(), 4),
        (document, _) in json_document(),
        bytes in prop::collection::vec(any::<u8>(), 0..80),
        width in prop::option::of(0_usize..120),
    ) {
        let source = Source { file: Some(texts[0].clone()), interface: Some(texts[1].clone()) };
        let handshake = Handshake {
            method: Some(texts[0].clone()),
            target: Some(texts[1].clone()),
            host: Some(texts[2].clone()),
            reason: Some(texts[3].clone()),
            status: Some(101),
            accept: Some(texts[0].clone()),
            accept_status: Some(AcceptStatus::Mismatch),
            subprotocol: Some(texts[1].clone()),
            extensions: vec![Extension { name: texts[2].clone(), params: vec![(texts[3].clone(), Some(texts[0].clone()))] }],
            request_headers: Some(vec![Header { name: texts[0].clone(), value: texts[1].clone() }]),
            tls: Some(texts[2].clone()),
            ..Handshake::default()
        };
        let json = serde_json::to_string(&texts).unwrap();
        let close = Close { code: Some(1000), code_name: None, reason: Some(&texts[0]) };
        let violation = Violation { from: None, rule: Rule::InvalidUtf8, detail: &texts[1] };
        let connection = connection(3);
        let mut events: Vec<_> = [
            Kind::Handshake(&handshake),
            Kind::Message(Message::new(Side::Client, Opcode::Text, Body::Text(&texts[2]))),
            Kind::Message(Message::new(Side::Client, Opcode::Text, Body::Json(JsonText::new(&json)))),
            Kind::Message(Message::new(Side::Server, Opcode::Binary, Body::Json(JsonText::new(&document)))),
            Kind::Message(Message::new(Side::Server, Opcode::Reserved(11), Body::Binary(&bytes))),
            Kind::Message(Message { close: Some(close), payload: &bytes, ..CLOSE }),
            Kind::Violation(violation),
        ]
        .into_iter()
        .map(|kind| event(&connection, 1, kind))
        .collect();
        for event in &mut events {
            event.source = &source;
            event.is_first = true;
        }
        let said = Said::new(AppProtocol::Jupyter, &texts[0], &texts[1], &texts[2])
            .and("", &texts[3], &texts[0])
            .answers(5, &texts[2], 1_000);
        let app = App { malformed: Some(&texts[3]), ..*said.app() };
        let told = Message { app: Some(&app), ..Message::new(Side::Server, Opcode::Text, Body::Text(&texts[1])) };
        events.push(event(&connection, 9, Kind::Message(told)));
        let forms = [
            (PayloadForm::Auto, BodyForm::Pretty, false),
            (PayloadForm::Auto, BodyForm::Compact, false),
            (PayloadForm::Auto, BodyForm::Pretty, true),
            (PayloadForm::Base64, BodyForm::Pretty, false),
            (PayloadForm::Base64, BodyForm::Pretty, true),
        ];
        for ((payload, body, compact), full) in forms.into_iter().zip([false, true].into_iter().cycle()) {
            let options = TextOptions { payload, body, compact, full, headers: true, ..options(width, false) };
            if compact && !full {
                prop_assert!(shown(&events, options.clone()).lines().count() <= 2 * events.len() + 1);
            }
            let plain = shown(&events, options.clone());
            // Where the width is not bounded, tabs in texts stay.
            let judged = if width.is_none() { plain.replace('\t', "") } else { plain.clone() };
            prop_assert!(is_harmless(&judged), "{:?}", plain);
            if let Some(width) = width {
                for line in plain.lines() {
                    prop_assert!(columns(line) <= width.max(Page::NARROWEST), "{}", line);
                }
            }
            let colored = shown(&events, TextOptions { color: true, ..options });
            prop_assert_eq!(without_colors(&colored).replace('\t', ""), plain.replace('\t', ""));
        }
    }
}

//! What people see, reviewed.

use crate::command::run;

macro_rules! snapshot {
    ($name:ident, $($argument:expr),+) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), run([$($argument),+]).clean());
        }
    };
}

snapshot!(handwritten_text, "captures/handwritten.pcap");
snapshot!(handwritten_frames, "--frames", "--payload", "none", "captures/handwritten.pcap");
snapshot!(wrong_accept_text, "captures/wrong-accept.pcap");
snapshot!(wrong_accept_json, "-T", "json", "captures/wrong-accept.pcap");
snapshot!(jupyter_kernel_text, "captures/jupyter-kernel.pcapng");
snapshot!(jupyter_kernel_v1_text, "captures/jupyter-kernel-v1.pcap");
snapshot!(jupyter_terminal_text, "captures/jupyter-terminal.pcap");
snapshot!(tornado_chat_no_payload, "--payload", "none", "captures/tornado-chat.pcapng");
snapshot!(tornado_chat_table, "-T", "table", "captures/tornado-chat.pcapng");
snapshot!(websocketd_text, "captures/websocketd.pcap");
snapshot!(chromium_text, "captures/chromium-ws.pcapng");
snapshot!(chromium_json, "-T", "json", "captures/chromium-ws.pcapng");
snapshot!(refused_text, "captures/refused.pcap");
snapshot!(cut_by_rst_text, "captures/cut-by-rst.pcapng");
snapshot!(socket_io_text, "captures/socket-io.pcapng");
snapshot!(nginx_json, "-T", "json", "--payload", "none", "captures/nginx.pcap");
snapshot!(mid_stream_text, "captures/mid-stream.pcap");
snapshot!(handwritten_deflate_text, "captures/handwritten-deflate.pcap");
snapshot!(broken_handshakes_text, "--payload", "none", "captures/broken-handshakes.pcap");

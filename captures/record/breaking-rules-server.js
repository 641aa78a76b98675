// The server of `ws` that clients of `broken-handshakes` and `broken-frames` break rules
// with: it answers each message with the same. Argument: port.
"use strict";

const { WebSocketServer } = require("ws");

const server = new WebSocketServer({
  host: "127.0.0.1", port: Number(process.argv[2]), perMessageDeflate: true,
});
server.on("connection", socket => {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  // It has been answered with a Close frame.
  socket.on("error", () => {});
});

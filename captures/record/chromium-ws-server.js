// A page and a WebSocket on one port, served by `ws`, with a line of JSON on
// standard output for each message. Arguments: port and page file.
"use strict";

const { createHash } = require("node:crypto");
const { readFileSync } = require("node:fs");
const http = require("node:http");
const { WebSocketServer } = require("ws");

const [port, pageFile] = process.argv.slice(2);
const page = readFileSync(pageFile);

const server = http.createServer((request, response) => {
  // Without keep-alive the page's connection ends, and the capture has its end.
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", Connection: "close" });
  response.end(page);
});

const sockets = new WebSocketServer({
  server,
  perMessageDeflate: false,
  handleProtocols: offered => (offered.has("news.v1") ? "news.v1" : false),
});

sockets.on("connection", (socket, request) => {
  const { remoteAddress, remotePort, localAddress, localPort } = request.socket;
  const client = `${remoteAddress}:${remotePort}`;
  tell({
    client, server: `${localAddress}:${localPort}`,
    path: request.url, subprotocol: socket.protocol,
  });

  const note = (from, opcode, data, more = {}) => {
    const bytes = Buffer.from(data);
    tell({
      client, from, logged: from === "server" ? "sent" : "received", by: "server",
      opcode, length: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"), ...more,
    });
  };
  const send = data => {
    note("server", typeof data === "string" ? "text" : "binary", data);
    socket.send(data);
  };

  socket.on("message", (data, isBinary) => {
    note("client", isBinary ? "binary" : "text", data);
    if (isBinary) {
      send(Buffer.from(data).reverse());
    } else if (data.toString() === "last") {
      send("that was all");
    } else {
      send(`${data.length} bytes of text`);
    }
  });
  socket.on("pong", data => note("client", "pong", data));
  socket.on("close", (code, reason) => {
    const payload = Buffer.concat([Buffer.from([code >> 8, code & 255]), reason]);
    note("client", "close", payload, { code, reason: reason.toString() });
  });

  send(JSON.stringify({ welcome: "from ws", topics: ["weather", "sport"] }));
  note("server", "ping", "are you there?");
  socket.ping("are you there?");
  // Without a payload, as most servers ping.
  note("server", "ping", "");
  socket.ping();
});

function tell(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

server.listen(Number(port), "127.0.0.1");

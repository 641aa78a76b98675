// A page and a WebSocket on one port, served by `ws`, with a line of JSON on
// standard output for each message. Arguments: port and page file.
"use strict";

const { readFileSync } = require("node:fs");
const http = require("node:http");
const { WebSocketServer } = require("ws");
const { logServer } = require("./message-log.js");

const [port, pageFile] = process.argv.slice(2);
const page = readFileSync(pageFile);

const server = http.createServer((request, response) => {
  // Without keep-alive the page's connection ends, and the capture has its end.
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", Connection: "close" });
  response.end(page);
});

const sockets = logServer(new WebSocketServer({
  server,
  perMessageDeflate: false,
  handleProtocols: offered => (offered.has("news.v1") ? "news.v1" : false),
}));

sockets.on("connection", socket => {
  socket.on("message", (data, isBinary) => {
    if (isBinary) {
      socket.send(Buffer.from(data).reverse());
    } else if (data.toString() === "last") {
      socket.send("that was all");
    } else {
      socket.send(`${data.length} bytes of text`);
    }
  });
  socket.send(JSON.stringify({ welcome: "from ws", topics: ["weather", "sport"] }));
  socket.ping("are you there?");
  // Without a payload, as most servers ping.
  socket.ping();
});

server.listen(Number(port), "127.0.0.1");

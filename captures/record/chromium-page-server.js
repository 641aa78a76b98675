// A page and a WebSocket on one port, served by `ws`, with a line of JSON on
// standard output for each message. Arguments: port, page file and which conversation
// the page will have with it.
"use strict";

const { once } = require("node:events");
const { readFileSync } = require("node:fs");
const http = require("node:http");
const { WebSocketServer } = require("ws");
const { logServer } = require("./message-log.js");

const [port, pageFile, conversation] = process.argv.slice(2);
const page = readFileSync(pageFile);

const server = http.createServer((request, response) => {
  // Without keep-alive the page's connection ends, and the capture has its end.
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", Connection: "close" });
  response.end(page);
});

const CONVERSATIONS = { updates, prices };

const sockets = logServer(new WebSocketServer({
  server,
  perMessageDeflate: conversation === "prices" && { threshold: 0 },
  handleProtocols: offered => (offered.has("news.v1") ? "news.v1" : false),
}));
sockets.on("connection", CONVERSATIONS[conversation]);

function updates(socket) {
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
}

// Prices that the page acknowledges, one after the other, then all of them in fragments.
async function prices(socket) {
  const told = [];
  for (let number = 0; number < 30; number += 1) {
    const price = { name: ["tin", "zinc", "lead"][number % 3], number, price: 100 + number / 8 };
    told.push(price);
    socket.send(JSON.stringify({ type: "price", currency: "€", ...price }));
    if (number % 10 === 0) {
      socket.ping(`after ${number}`);
    }
    await once(socket, "message");
  }
  const list = JSON.stringify({ type: "list", told });
  const middle = Math.ceil(list.length / 2);
  await socket.sendInFragments([list.slice(0, middle), list.slice(middle), ""], async () => {
    socket.ping("between");
    await once(socket, "pong");
  });
  const [blob] = await once(socket, "message");
  socket.send(Buffer.concat([blob, blob]));
  const [text] = await once(socket, "message");
  socket.send(text.toString());
  socket.send("");
  socket.send("that was all");
}

server.listen(Number(port), "127.0.0.1");

// A server that measures what it is sent, and two clients at once, with `ws` over
// IPv6. Argument: port.
"use strict";

const { once } = require("node:events");
const ws = require("ws");
const { loggedClient, logServer } = require("./message-log.js");

const WebSocket = loggedClient(ws.WebSocket);
const port = Number(process.argv[2]);

async function main() {
  const server = logServer(new ws.WebSocketServer({ host: "::1", port }));
  server.on("connection", measure);
  await once(server, "listening");
  await Promise.all([short(), long()]);
  server.close();
}

function measure(socket) {
  socket.send(JSON.stringify({ send: "anything", limit: null }));
  socket.on("message", (data, isBinary) => {
    socket.send(JSON.stringify({ bytes: data.length, characters: data.toString().length }));
    if (isBinary) {
      socket.send(data.subarray(0, 130));
    }
    socket.ping(`after ${data.length}`);
  });
}

async function short() {
  const socket = await connected("/measure?of=short");
  for (const message of ["Grüße über IPv6", "", Buffer.from([0, 255])]) {
    socket.send(message);
    await once(socket, "ping");
  }
  socket.ping();
  await once(socket, "pong");
  socket.close(1000, "measured");
  await once(socket, "close");
}

// With lengths of 7, 16 and 64 bits.
async function long() {
  const socket = await connected("/measure?of=long");
  for (const length of [125, 5000, 66000]) {
    socket.send(Buffer.alloc(length, "loopback ::1 "));
    await once(socket, "ping");
  }
  // A Close frame without a code.
  socket.close();
  await once(socket, "close");
}

async function connected(path) {
  const socket = new WebSocket(`ws://[::1]:${port}${path}`);
  await once(socket, "message");
  return socket;
}

main();

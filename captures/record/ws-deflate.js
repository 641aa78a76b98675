// A server and a client with `ws`, which compress in every way that they can agree on:
// a path for each. Argument: port.
"use strict";

const { once } = require("node:events");
const http = require("node:http");
const ws = require("ws");
const { loggedClient, logServer } = require("./message-log.js");

const WebSocket = loggedClient(ws.WebSocket);
const port = Number(process.argv[2]);

// What the server asks for; the client offers all that it can.
const SERVERS = {
  "/takeover": {},
  "/server-no-context-takeover": { serverNoContextTakeover: true },
  "/client-no-context-takeover": { clientNoContextTakeover: true },
  "/no-context-takeover": { serverNoContextTakeover: true, clientNoContextTakeover: true },
  "/windows-of-9-bits": { serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
  "/server-window-of-10-bits": { serverMaxWindowBits: 10 },
  "/fragments": {},
  // Here `ws` compresses only what is long enough.
  "/threshold": { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 100 },
};

async function main() {
  const server = http.createServer();
  const sockets = Object.fromEntries(Object.entries(SERVERS).map(([path, options]) =>
    [path, webSocketServer(options)]));
  server.on("upgrade", (request, tcp, head) => {
    const chosen = sockets[request.url];
    chosen.handleUpgrade(request, tcp, head, socket => chosen.emit("connection", socket));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");

  for (const path of Object.keys(SERVERS)) {
    await (path === "/fragments" ? fragments(path) : conversation(path));
  }
  server.close();
}

function webSocketServer(options) {
  const perMessageDeflate = { threshold: 0, ...options };
  const server = logServer(new ws.WebSocketServer({ noServer: true, perMessageDeflate }));
  server.on("connection", answer);
  return server;
}

// Sensors: each reading comes back with an average, which is much like the last answer.
function answer(socket) {
  let sum = 0;
  let count = 0;
  let fragments = Promise.resolve();
  socket.on("message", (data, isBinary) => {
    const text = data.toString();
    if (isBinary) {
      socket.send(Buffer.from(data).reverse());
    } else if (text === "in fragments") {
      fragments = sendInFragments(socket, report(20));
    } else if (text.startsWith("{")) {
      const { sensor, celsius } = JSON.parse(text);
      sum += celsius;
      count += 1;
      socket.send(JSON.stringify({ sensor, average: sum / count, count, unit: "°C" }));
    } else {
      // Not before the last fragment of the server's own.
      fragments.then(() => socket.send(text));
    }
  });
}

async function conversation(path) {
  const socket = await connected(path);
  async function ask(message, options) {
    socket.send(message, options);
    await once(socket, "message");
  }
  for (let number = 0; number < 8; number += 1) {
    const celsius = 60 + number / 4;
    await ask(JSON.stringify({ sensor: "boiler/1", celsius, time: 1000 + number }));
  }
  await ask("");
  await ask("");
  await ask(Buffer.alloc(0));
  await ask("🌡️ Wärme, 温度, тепло 🔥🔥🔥 Wärme, 温度, тепло");
  await ask(Buffer.from(Array.from({ length: 600 }, (_, index) => (index * index) & 255)));
  // Not compressed, in between.
  await ask("as it is, as it is, as it is", { compress: false });
  await ask("as it is, as it is, as it is");
  if (path === "/takeover") {
    await ask(report(2200));
    await ask(report(20));
  }
  socket.ping("warm?");
  await once(socket, "pong");
  socket.close(1000, "measured, measured, measured");
  await once(socket, "close");
}

// Both send at once, and wait for a pong after each fragment: pings and pongs of both
// are between the fragments of either.
async function fragments(path) {
  const socket = await connected(path);
  for (let round = 0; round < 3; round += 1) {
    const answers = received(socket, 2);
    socket.send("in fragments");
    await sendInFragments(socket, report(20));
    await answers;
  }
  const answer = received(socket, 1);
  const numbers = Buffer.from(Array.from({ length: 500 }, (_, index) => index % 50));
  await sendInFragments(socket, numbers);
  await answer;
  socket.close(1000);
  await once(socket, "close");
}

async function sendInFragments(socket, message) {
  const length = Math.ceil(message.length / 4);
  const parts = Array.from({ length: 4 }, (_, index) =>
    message.slice(index * length, (index + 1) * length));
  await socket.sendInFragments([...parts, message.slice(0, 0)], async () => {
    socket.ping("between");
    await once(socket, "pong");
  });
}

function report(count) {
  const readings = Array.from({ length: count }, (_, index) => ({
    sensor: `boiler/${index % 7}`, celsius: 60 + (index * 37 % 100) / 4, ok: true, "é": "温度",
  }));
  return JSON.stringify(readings);
}

function received(socket, count) {
  return new Promise(resolve => socket.on("message", () => (count -= 1) || resolve()));
}

async function connected(path) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, {
    perMessageDeflate: { threshold: SERVERS[path].threshold ?? 0 },
  });
  await once(socket, "open");
  return socket;
}

main();

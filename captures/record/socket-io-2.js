// Socket.IO 2, which is on Engine.IO's protocol 3, at both ends, without long polling.
// Argument: port.
"use strict";

const { once } = require("node:events");
const http = require("node:http");
const { createRequire } = require("node:module");
const { setTimeout: sleep } = require("node:timers/promises");
const Server = require("socket.io-2");
const { Manager } = require("socket.io-client-2");
const parser = createRequire(require.resolve("socket.io-client-2"))("socket.io-parser");
const { logClient, logServer } = require("./message-log.js");
const { logEngine, loggedParser } = require("./socket-io-log.js");

const port = Number(process.argv[2]);
const PHOTO = Buffer.from(Array.from({ length: 40 }, (_, index) => (index * 37) % 256));

async function main() {
  const httpServer = http.createServer();
  const io = new Server(httpServer, { pingInterval: 200, pingTimeout: 2000, serveClient: false });
  serve(io);
  httpServer.listen(port, "127.0.0.1");
  await once(httpServer, "listening");
  logServer(io.engine.ws);
  await table();
  await thrownOut();
  io.close();
}

function serve(io) {
  io.on("connection", socket => {
    socket.emit("welcome", "Gasthaus zum Löwen", { tables: 12 });
    socket.on("order", async (dish, answer) => {
      await sleep(12);
      answer(dish === "Knödel" ? null : `no ${dish} today`, { minutes: 20 });
    });
    socket.on("photo", ({ of, photo }, answer) => {
      answer({ of, small: photo.slice(0, 4) });
      socket.emit("again", of, [photo.slice(4, 8), { and: photo.slice(8, 12) }]);
      socket.emit("satisfied?", satisfied => socket.emit("thanks", satisfied));
    });
    socket.on("break a plate", () => socket.disconnect(true));
  });
  io.of("/kitchen").on("connection", socket => {
    socket.emit("orders", Number(socket.handshake.query.table ?? 0), []);
    socket.on("ready", answer => answer());
    socket.on("leave", () => socket.disconnect());
  });
  io.of("/cellar").use((socket, next) => next(new Error("the cellar is locked")));
}

async function table() {
  const manager = connected();
  const socket = manager.socket("/");
  await happened(socket, "welcome");
  // Two at once.
  await Promise.all([asked(socket, "order", "Knödel"), asked(socket, "order", "sushi")]);
  socket.on("satisfied?", answer => setTimeout(() => answer("sehr", Buffer.from([255])), 8));
  const thanks = happened(socket, "thanks");
  await asked(socket, "photo", { of: "soup", photo: PHOTO });
  await thanks;

  const kitchen = manager.socket("/kitchen", { query: { table: 4 } });
  await happened(kitchen, "orders");
  await asked(kitchen, "ready");
  const left = happened(kitchen, "disconnect");
  kitchen.emit("leave");
  await left;
  const cellar = manager.socket("/cellar");
  await happened(cellar, "error");
  cellar.close();
  await happened(manager.engine, "pong");
  const closed = happened(manager, "close");
  socket.close();
  await closed;
}

async function thrownOut() {
  const manager = connected();
  const socket = manager.socket("/");
  await happened(socket, "connect");
  socket.emit("break a plate");
  await happened(manager, "close");
}

// The engine and its WebSocket are there at once.
function connected() {
  let webSocket;
  const manager = new Manager(`http://127.0.0.1:${port}`, {
    transports: ["websocket"], reconnection: false,
    parser: loggedParser(parser, () => webSocket),
  });
  webSocket = manager.engine.transport.ws;
  logClient(webSocket);
  logEngine(manager.engine, () => webSocket);
  return manager;
}

function asked(socket, ...what) {
  return new Promise(resolve => socket.emit(...what, resolve));
}

function happened(emitter, event) {
  return new Promise(resolve => emitter.once(event, resolve));
}

main();

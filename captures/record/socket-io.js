// Socket.IO as server and clients: one begins with long polling and upgrades to
// WebSocket, as Socket.IO does, one uses nothing but WebSocket. Argument: port.
"use strict";

const { once } = require("node:events");
const http = require("node:http");
const { NodeWebSocket, NodeXHR } = require("engine.io-client");
const { Server } = require("socket.io");
const { Manager } = require("socket.io-client");
const { logClient, logServer } = require("./message-log.js");

const url = `http://127.0.0.1:${process.argv[2]}`;
const PICTURE = Buffer.from(Array.from({ length: 600 }, (_, index) => (index * 7) % 256));

class LoggedTransport extends NodeWebSocket {
  createSocket(...parameters) {
    const socket = super.createSocket(...parameters);
    logClient(socket);
    return socket;
  }
}

async function main() {
  const httpServer = http.createServer();
  const io = new Server(httpServer, { pingInterval: 250, serveClient: false });
  serve(io);
  httpServer.listen(Number(process.argv[2]), "127.0.0.1");
  await once(httpServer, "listening");
  // Listening made it anew.
  logServer(io.engine.ws);
  await beginWithPolling();
  await onlyWebSocket();
  io.close();
}

function serve(io) {
  io.on("connection", socket => {
    socket.on("greet", (name, answer) => answer(`hello ${name}`));
    socket.on("picture", async ({ name, data }, answer) => {
      answer({ name, bytes: data.length });
      const reply = await socket.emitWithAck("negative", {
        name, data: data.map(byte => 255 - byte), thumbnail: data.subarray(0, 4),
      });
      socket.emit("done", reply);
    });
  });
  // Whoever has no token is refused by a message: the WebSocket stays.
  io.of("/news").use((socket, next) =>
    next(socket.handshake.auth.topic ? undefined : new Error("which topic?")));
  io.of("/news").on("connection", socket => {
    for (const headline of ["Kühe gezählt", "日食は来週", "🐈 found"]) {
      socket.emit("headline", socket.handshake.auth.topic, headline);
    }
  });
}

async function beginWithPolling() {
  const manager = new Manager(url, { transports: [NodeXHR, LoggedTransport] });
  const socket = manager.socket("/");
  await happened(manager, "open");
  await Promise.all([happened(manager.engine, "upgrade"), socket.emitWithAck("greet", "Zoë")]);
  socket.on("negative", (picture, answer) => answer({ seen: picture.data.length }));
  const done = happened(socket, "done");
  await socket.emitWithAck("picture", { name: "stripes", data: PICTURE });
  await done;

  const news = manager.socket("/news", { auth: { topic: "local" } });
  await happened(news, "headline", 3);
  news.disconnect();
  await happened(manager, "ping");
  socket.disconnect();
}

async function onlyWebSocket() {
  const manager = new Manager(url, { transports: [LoggedTransport], reconnection: false });
  const refused = manager.socket("/news");
  await happened(refused, "connect_error");
  const socket = manager.socket("/");
  await socket.emitWithAck("greet", "x".repeat(300));
  const closed = happened(manager, "close");
  manager.engine.close();
  await closed;
}

function happened(emitter, event, times = 1) {
  return new Promise(resolve => emitter.on(event, () => --times === 0 && resolve()));
}

main();

// Socket.IO at both ends, without long polling: attachments, several in one event and in
// acknowledgements, and refusals. Argument: port.
"use strict";

const { once } = require("node:events");
const http = require("node:http");
const { createRequire } = require("node:module");
const { setTimeout: sleep } = require("node:timers/promises");
const { NodeWebSocket } = require("engine.io-client");
const { Server } = require("socket.io");
const { Manager } = require("socket.io-client");
const parser = createRequire(require.resolve("socket.io-client"))("socket.io-parser");
const { logClient, logServer } = require("./message-log.js");
const { logEngine, loggedParser } = require("./socket-io-log.js");

const port = Number(process.argv[2]);
const SKETCH = Buffer.from(Array.from({ length: 30 }, (_, index) => 255 - index * 5));

async function main() {
  const httpServer = http.createServer();
  const io = new Server(httpServer, { pingInterval: 200, serveClient: false });
  serve(io);
  httpServer.listen(port, "127.0.0.1");
  await once(httpServer, "listening");
  // Listening made it anew.
  logServer(io.engine.ws);
  await draw();
  await refused();
  io.close();
}

function serve(io) {
  io.on("connection", socket => {
    socket.on("mix", async (colours, answer) => {
      await sleep(12);
      answer(colours.length ? null : "nothing to mix", { mixed: colours.join("-") });
    });
    socket.on("sketch", async ({ title, layers }, answer) => {
      answer({ title, first: layers[0].pixels.subarray(0, 3) }, layers[1].pixels.subarray(0, 2));
      socket.emit("sketches", layers.map(({ pixels }) => pixels), "✏️ 2");
      const [signed] = await socket.timeout(2000).emitWithAck("sign", title, Buffer.from("sign"));
      socket.volatile.emit("signed", signed);
      socket.emit("");
      socket.send("that was all", null, 7.5, false);
    });
    socket.on("silence", () => {});
  });
  io.of("/gallery").use((socket, next) => {
    const error = new Error("the gallery is for members");
    error.data = { code: 403, member: socket.handshake.auth.member ?? null };
    next(socket.handshake.auth.member === "Zoë" ? undefined : error);
  });
  io.of("/gallery").on("connection", socket => {
    socket.on("close", () => socket.disconnect());
    socket.emit("visitors", 1);
  });
}

async function draw() {
  const manager = connected();
  const socket = manager.socket("/", { auth: { token: "brush-1", since: 2026 } });
  await happened(socket, "connect");
  await Promise.all([socket.emitWithAck("mix", ["blue", "yellow"]), socket.emitWithAck("mix", [])]);
  socket.on("sign", async (title, seal, answer) => {
    await sleep(8);
    answer([`${title} by Zoë`, { seal }]);
  });
  const over = happened(socket, "message");
  await socket.emitWithAck("sketch", {
    title: "Küste", layers: [{ pixels: SKETCH }, { pixels: Buffer.alloc(0) }], at: null,
  });
  await over;
  // Nobody answers.
  await socket.timeout(20).emitWithAck("silence").catch(() => {});

  const gallery = manager.socket("/gallery", { auth: { member: "Zoë" } });
  await happened(gallery, "visitors");
  const left = happened(gallery, "disconnect");
  gallery.emit("close");
  await left;
  await happened(manager, "ping");
  const closed = happened(manager, "close");
  socket.disconnect();
  await closed;
}

async function refused() {
  const manager = connected();
  // It closes by itself when there is no namespace left.
  const closed = happened(manager, "close");
  for (const namespace of ["/gallery", "/nowhere"]) {
    manager.socket(namespace, { auth: { member: "?" } });
  }
  await closed;
}

function connected() {
  let webSocket;
  class LoggedTransport extends NodeWebSocket {
    createSocket(...parameters) {
      webSocket = super.createSocket(...parameters);
      logClient(webSocket);
      return webSocket;
    }
  }
  const manager = new Manager(`http://127.0.0.1:${port}`, {
    transports: [LoggedTransport], reconnection: false,
    parser: loggedParser({ ...parser, types: parser.PacketType }, () => webSocket),
  });
  logEngine(manager.engine, () => webSocket);
  return manager;
}

function happened(emitter, event) {
  return new Promise(resolve => emitter.once(event, resolve));
}

main();

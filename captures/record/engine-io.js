// Engine.IO alone at both ends: one client begins with long polling and upgrades, one uses
// nothing but WebSocket. Argument: port.
"use strict";

const { once } = require("node:events");
const http = require("node:http");
const { attach } = require("engine.io");
const { NodeWebSocket, NodeXHR, Socket } = require("engine.io-client");
const { logClient, logServer } = require("./message-log.js");
const { logEngine } = require("./socket-io-log.js");

const port = Number(process.argv[2]);

async function main() {
  const httpServer = http.createServer();
  const engine = attach(httpServer, { pingInterval: 150, pingTimeout: 5000 });
  engine.on("connection", serve);
  httpServer.listen(port, "127.0.0.1");
  await once(httpServer, "listening");
  // Listening made it anew.
  logServer(engine.ws);
  await converse([]);
  await converse([NodeXHR]);
  engine.close();
  httpServer.close();
}

function serve(socket) {
  socket.send("Moin! 🐟");
  socket.on("message", data => {
    if (data === "bye") {
      socket.close();
    } else {
      setTimeout(() => socket.send(data), 10);
    }
  });
}

async function converse(first) {
  let webSocket;
  class LoggedTransport extends NodeWebSocket {
    createSocket(...parameters) {
      webSocket = super.createSocket(...parameters);
      logClient(webSocket);
      return webSocket;
    }
  }
  const socket = new Socket(`http://127.0.0.1:${port}`, {
    transports: [...first, LoggedTransport],
  });
  socket.binaryType = "nodebuffer";
  if (first.length) {
    // What comes before belongs to long polling; nobody tells of the probe.
    await happened(socket, "upgrade");
  }
  logEngine(socket, () => webSocket, { messages: true });
  if (!first.length) {
    await happened(socket, "message");
  }
  for (const what of ["fish", JSON.stringify({ tide: ["low", "high"] }), "2probe", "",
    Buffer.from([4, 0, 255]), Buffer.alloc(0)]) {
    const answered = happened(socket, "message");
    socket.send(what);
    await answered;
  }
  await happened(socket, "ping");
  const closed = happened(socket, "close");
  socket.send("bye");
  await closed;
}

function happened(emitter, event) {
  return new Promise(resolve => emitter.once(event, resolve));
}

main();

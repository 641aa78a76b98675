// Node's own WebSocket, which is undici's, talks to a server with `ws`.
// Argument: port.
"use strict";

const diagnostics = require("node:diagnostics_channel");
const { once } = require("node:events");
const { WebSocketServer } = require("ws");
const { addressOf, logServer, tellClose, tellMessage } = require("./message-log.js");

const port = Number(process.argv[2]);

async function main() {
  const server = logServer(new WebSocketServer({
    host: "127.0.0.1", port,
    handleProtocols: offered => (offered.has("notes.v2") ? "notes.v2" : false),
  }));
  server.on("connection", takeNotes);
  await once(server, "listening");
  await write();
  await read();
  server.close();
}

function takeNotes(socket, request) {
  if (request.url === "/notes/today") {
    socket.send(JSON.stringify({ notes: ["milk", "ink", "日記"] }));
    socket.close(1001, "closed for today");
    return;
  }
  socket.ping("still writing?");
  socket.on("message", (data, isBinary) => {
    socket.send(isBinary ? Buffer.from(data).reverse() : `noted: ${data}`);
  });
}

async function write() {
  const client = connect("/notes?new", ["notes.v1", "notes.v2"]);
  await once(client.socket, "open");
  const written = [
    "a note ✍️", "", Uint8Array.from({ length: 126 }, (_, index) => index).buffer,
    new Blob(["from a ", "Blob"]), JSON.stringify({ text: "é".repeat(400) }),
  ];
  for (const note of written) {
    await client.send(note);
    await once(client.socket, "message");
  }
  await client.close(3000, "nothing more");
}

// Here the server closes.
async function read() {
  const { socket } = connect("/notes/today");
  await once(socket, "close");
}

function connect(path, protocols) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols);
  socket.binaryType = "arraybuffer";
  let client;
  // A WebSocket does not tell its port; undici does, of one connection after another.
  const noteClient = ({ address: { address, port } }) => {
    client = addressOf(address, port);
  };
  diagnostics.subscribe("undici:websocket:open", noteClient);
  socket.addEventListener("message", ({ data }) =>
    tellMessage("client", client, "received", opcodeOf(data), data));
  socket.addEventListener("close", ({ code, reason }) => {
    tellClose("client", client, "received", code, reason);
    diagnostics.unsubscribe("undici:websocket:open", noteClient);
  });
  return {
    socket,
    async send(data) {
      const payload = data instanceof Blob ? await data.arrayBuffer() : data;
      tellMessage("client", client, "sent", opcodeOf(data), payload);
      socket.send(data);
    },
    async close(code, reason) {
      tellClose("client", client, "sent", code, reason);
      socket.close(code, reason);
      await once(socket, "close");
    },
  };
}

function opcodeOf(data) {
  return typeof data === "string" ? "text" : "binary";
}

main();
